use super::*;
use crate::protocols::testing::{Random, bytes};

/// `name: value`, a line each, and what else is to be said.
fn said(list: &List) -> String {
    let text = |range: &Range<usize>| String::from_utf8_lossy(&list.text[range.clone()]).into_owned();
    let mut lines: Vec<String> =
        list.headers.iter().map(|header| format!("{}: {}", text(&header.name), text(&header.value))).collect();
    if list.unknown > 0 {
        lines.push(format!("{} unknown", list.unknown));
    }
    lines.extend(list.wrong.map(|(at, why)| format!("! {at} {why}")));
    if list.cut {
        lines.push("cut".to_owned());
    }
    lines.join("\n")
}

fn read(decoder: &mut Decoder, hex: &str) -> String {
    said(&decoder.read(&bytes(hex), false))
}

/// RFC 7541 appendix C.2: each with a table of its own.
#[test]
fn single_fields() {
    for (hex, expect) in [
        ("400a637573746f6d2d6b65790d637573746f6d2d686561646572", "custom-key: custom-header"),
        ("040c2f73616d706c652f70617468", ":path: /sample/path"),
        ("100870617373776f726406736563726574", "password: secret"),
        ("82", ":method: GET"),
    ] {
        assert_eq!(read(&mut Decoder::default(), hex), expect);
    }
}

const GET: &str = ":method: GET\n:scheme: http\n:path: /\n:authority: www.example.com";

/// C.3 and C.4: three requests on one connection, without and with Huffman's code.
#[test]
fn requests() {
    for blocks in [
        [
            "828684410f7777772e6578616d706c652e636f6d",
            "828684be58086e6f2d6361636865",
            "828785bf400a637573746f6d2d6b65790c637573746f6d2d76616c7565",
        ],
        [
            "828684418cf1e3c2e5f23a6ba0ab90f4ff",
            "828684be5886a8eb10649cbf",
            "828785bf408825a849e95ba97d7f8925a849e95bb8e8b4bf",
        ],
    ] {
        let mut decoder = Decoder::default();
        let [first, second, third] = blocks.map(|block| read(&mut decoder, block));
        assert_eq!(first, GET);
        assert_eq!(second, format!("{GET}\ncache-control: no-cache"));
        let third_expect = ":method: GET\n:scheme: https\n:path: /index.html\n:authority: www.example.com\n";
        assert_eq!(third, format!("{third_expect}custom-key: custom-value"));
    }
}

/// C.5 and C.6: three responses, with a table of 256 bytes, so that entries are pushed out.
#[test]
fn responses() {
    for blocks in [
        [
            "4803333032580770726976617465611d4d6f6e2c203231204f637420323031332032303a31333a323120474d546e1768747470733a2f2f777777\
             2e6578616d706c652e636f6d",
            "4803333037c1c0bf",
            "88c1611d4d6f6e2c203231204f637420323031332032303a31333a323220474d54c05a04677a69707738666f6f3d4153444a4b48514b425a584f\
             5157454f50495541585157454f49553b206d61782d6167653d333630303b2076657273696f6e3d31",
        ],
        [
            "488264025885aec3771a4b6196d07abe941054d444a8200595040b8166e082a62d1bff6e919d29ad171863c78f0b97c8e9ae82ae43d3",
            "4883640effc1c0bf",
            "88c16196d07abe941054d444a8200595040b8166e084a62d1bffc05a839bd9ab77ad94e7821dd7f2e6c7b335dfdfcd5b3960d5af27087f3672c1\
             ab270fb5291f9587316065c003ed4ee5b1063d5007",
        ],
    ] {
        let mut decoder = Decoder::default();
        decoder.table.resize(256);
        let [first, second, third] = blocks.map(|block| read(&mut decoder, block));
        let answer = |status: u16, second: u8| {
            format!(
                ":status: {status}\ncache-control: private\ndate: Mon, 21 Oct 2013 20:13:{second} GMT\n\
                 location: https://www.example.com"
            )
        };
        assert_eq!(first, answer(302, 21));
        assert_eq!(second, answer(307, 21));
        let cookie = "foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1";
        assert_eq!(third, format!("{}\ncontent-encoding: gzip\nset-cookie: {cookie}", answer(200, 22)));
    }
}

#[test]
fn what_is_wrong_is_told_where_it_stands() {
    for (hex, expect) in [
        ("8280", ":method: GET\n! 1 header field refers to an entry that is not in the table"),
        ("be", "! 0 header field refers to an entry that is not in the table"),
        ("7e0161", "! 0 header name refers to an entry that is not in the table"),
        ("82ff", ":method: GET\n! 1 header block ends inside a field"),
        ("ffffffffffff0f", "! 0 number of more than four bytes in a header block"),
        ("400a6375", "! 0 header block ends inside a field"),
        ("007fffffff7f00", "! 0 header block ends inside a field"),
        ("0081ff00", "! 0 text in a header block is not packed as it should be"),
    ] {
        assert_eq!(read(&mut Decoder::default(), hex), expect, "{hex}");
    }
    assert_eq!(said(&Decoder::default().read(&bytes("82400a6375"), true)), ":method: GET\ncut");
}

/// What was said since is known; what was said before is not, whatever was kept of it.
#[test]
fn nothing_is_made_up_where_blocks_are_missing() {
    let mut decoder = Decoder::default();
    read(&mut decoder, "4001610162");
    decoder.lose();
    assert_eq!(read(&mut decoder, "82be"), ":method: GET\n1 unknown");
    // a field whose name is not known is kept in its place, and is not known itself
    assert_eq!(read(&mut decoder, "4001780179 7f00017a be bf c0"), "x: y\nx: y\n3 unknown");
}

#[test]
fn much_is_neither_kept_nor_copied() {
    let mut decoder = Decoder::default();
    // a field of 4,000 bytes, and then nothing but "the same again"
    let mut block = bytes("4001617fa11e");
    block.extend([b'v'; 4_000]);
    let first = block.len();
    block.resize(60_000, 0xbe);
    let list = decoder.read(&block, false);
    assert_eq!((list.more, list.headers.len(), list.wrong), (true, 16, None));
    assert!(
        list.text.len() <= LONGEST_HEAD && list.headers[0].value.len() == 4_000 && list.fields[1].place.start == first
    );
    // a table that is larger than what we keep: its oldest entries are not known
    let mut block = bytes("3fe1ff3f");
    (0..40).for_each(|_| block.extend([&bytes("4001617fa11e")[..], &[b'v'; 4_000]].concat()));
    block.extend(bytes("e5"));
    let list = decoder.read(&block, false);
    assert_eq!((list.unknown, list.wrong), (1, None));
    assert!(decoder.table.size() <= 64 * 1024);
}

#[test]
fn any_bytes_are_survived() {
    let mut random = Random(11);
    let mut decoder = Decoder::default();
    for n in 0..50_000 {
        let mut block = if n % 2 == 0 { random.bytes(n % 60) } else { bytes("828684418cf1e3c2e5f23a6ba0ab90f4ff") };
        (0..n % 4).for_each(|_| random.damage(&mut block));
        let list = decoder.read(&block, n % 3 == 0);
        assert!(list.fields.iter().all(|field| field.place.start < field.place.end && field.place.end <= block.len()));
        assert!(decoder.table.size() <= 64 * 1024);
        if n % 50 == 0 {
            decoder = Decoder::default();
        }
    }
}
