//! What somebody sees who looks at a packet.

use super::*;
use crate::protocols::testing::tree;

#[test]
fn trees() {
    let block = bytes("82 86 84 41 03 687562 0f08 0d 426173696320596d39694f6e42 be c0");
    let sent = [&[1][..], &bytes("80000007 0f"), &block, &[0]].concat();
    let text = tree(&Http2, Transport::Tcp, Side::Orig, &frame(1, 0x2d, 5, &sent));
    expect![[r#"
        http2 = HEADERS, stream 5 0..42
          http2.length = 33 0..3
          http2.type = HEADERS (1) 3..4
          http2.flags = 0x2d 4..5
          http2.flags.priority = 1 4..5
          http2.flags.padded = 1 4..5
          http2.flags.eh = 1 4..5
          http2.flags.end_stream = 1 4..5
          http2.r = 0 5..9
          http2.streamid = 5 5..9
          http2.padding = 1 9..10
          http2.exclusive = 1 10..14
          http2.stream_dependency = 7 10..14
          http2.headers.weight = 15 14..15
          http2.headers.weight_real = 16 14..15
          http2.header = :method: GET 15..16
            http2.header.name = :method 15..16
            http2.header.value = GET 15..16
            http2.headers.method = GET 15..16
            http2.header.repr = Indexed Header Field 15..16
            http2.header.index = 2 15..16
          http2.header = :scheme: http 16..17
            http2.header.name = :scheme 16..17
            http2.header.value = http 16..17
            http2.headers.scheme = http 16..17
            http2.header.repr = Indexed Header Field 16..17
            http2.header.index = 6 16..17
          http2.header = :path: / 17..18
            http2.header.name = :path 17..18
            http2.header.value = / 17..18
            http2.headers.path = / 17..18
            http2.header.repr = Indexed Header Field 17..18
            http2.header.index = 4 17..18
          http2.header = :authority: hub 18..23
            http2.header.name = :authority 18..23
            http2.header.value = hub 18..23
            http2.headers.authority = hub 18..23
            http2.header.repr = Literal Header Field with Incremental Indexing - Indexed Name 18..23
            http2.header.index = 1 18..23
          http2.header = authorization: Basic (masked) 23..39
            http2.header.name = authorization 23..39
            http2.header.value = Basic (masked) 23..39
            http2.headers.authorization = Basic (masked) 23..39
            http2.header.repr = Literal Header Field without Indexing - Indexed Name 23..39
            http2.header.index = 23 23..39
          http2.header = :authority: hub 39..40
            http2.header.name = :authority 39..40
            http2.header.value = hub 39..40
            http2.headers.authority = hub 39..40
            http2.header.repr = Indexed Header Field 39..40
            http2.header.index = 62 39..40
          http2.header = said before, and not known here 40..41
            http2.header.repr = Indexed Header Field 40..41
            http2.header.index = 64 40..41
          _ws.expert = header fields refer to what was said before, which is missing from the capture 0..0
    "#]]
    .assert_eq(&text);
    let each = [
        PREFACE.to_vec(),
        frame(0, 9, 1, b"\x02hello\0\0"),
        frame(2, 0, 3, &bytes("80000001 ff")),
        frame(3, 0, 3, &bytes("00000008")),
        frame(4, 0, 0, &bytes("000100001000 000500004000 00ff00000001")),
        frame(6, 1, 0, &[7; 8]),
        frame(7, 0, 0, &bytes("80000003 0000000b 627965")),
        frame(8, 0, 3, &bytes("00010000")),
        frame(5, 4, 1, &bytes("00000002 82")),
    ];
    let text: String = each.iter().map(|one| tree(&Http2, Transport::Tcp, Side::Orig, one)).collect();
    expect![[r#"
        http2 = Magic 0..24
          http2.magic = PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n 0..24
        http2 = DATA, stream 1 0..17
          http2.length = 8 0..3
          http2.type = DATA (0) 3..4
          http2.flags = 0x09 4..5
          http2.flags.end_stream = 1 4..5
          http2.flags.padded = 1 4..5
          http2.r = 0 5..9
          http2.streamid = 1 5..9
          http2.padding = 2 9..10
          http2.data.data = hello 10..15
        http2 = PRIORITY, stream 3 0..14
          http2.length = 5 0..3
          http2.type = PRIORITY (2) 3..4
          http2.flags = 0x00 4..5
          http2.r = 0 5..9
          http2.streamid = 3 5..9
          http2.exclusive = 1 9..13
          http2.stream_dependency = 1 9..13
          http2.headers.weight = 255 13..14
          http2.headers.weight_real = 256 13..14
        http2 = RST_STREAM, stream 3 0..13
          http2.length = 4 0..3
          http2.type = RST_STREAM (3) 3..4
          http2.flags = 0x00 4..5
          http2.r = 0 5..9
          http2.streamid = 3 5..9
          http2.rst_stream.error = CANCEL (8) 9..13
        http2 = SETTINGS, stream 0 0..27
          http2.length = 18 0..3
          http2.type = SETTINGS (4) 3..4
          http2.flags = 0x00 4..5
          http2.flags.ack.settings = 0 4..5
          http2.r = 0 5..9
          http2.streamid = 0 5..9
          http2.settings = Header table size: 4096 9..15
            http2.settings.id = Header table size (1) 9..11
            http2.settings.header_table_size = 4096 11..15
          http2.settings = Max frame size: 16384 15..21
            http2.settings.id = Max frame size (5) 15..17
            http2.settings.max_frame_size = 16384 17..21
          http2.settings = Unknown Settings: 1 21..27
            http2.settings.id = Unknown Settings (255) 21..23
            http2.settings.unknown = 1 23..27
        http2 = PING, stream 0 0..17
          http2.length = 8 0..3
          http2.type = PING (6) 3..4
          http2.flags = 0x01 4..5
          http2.flags.ack.ping = 1 4..5
          http2.r = 0 5..9
          http2.streamid = 0 5..9
          http2.pong = 0707070707070707 9..17
        http2 = GOAWAY, stream 0 0..20
          http2.length = 11 0..3
          http2.type = GOAWAY (7) 3..4
          http2.flags = 0x00 4..5
          http2.r = 0 5..9
          http2.streamid = 0 5..9
          http2.goaway.last_stream_id = 3 9..13
          http2.goaway.error = ENHANCE_YOUR_CALM (11) 13..17
          http2.goaway.addata = bye 17..20
        http2 = WINDOW_UPDATE, stream 3 0..13
          http2.length = 4 0..3
          http2.type = WINDOW_UPDATE (8) 3..4
          http2.flags = 0x00 4..5
          http2.r = 0 5..9
          http2.streamid = 3 5..9
          http2.window_update.window_size_increment = 65536 9..13
        http2 = PUSH_PROMISE, stream 1 0..14
          http2.length = 5 0..3
          http2.type = PUSH_PROMISE (5) 3..4
          http2.flags = 0x04 4..5
          http2.flags.padded = 0 4..5
          http2.flags.eh = 1 4..5
          http2.r = 0 5..9
          http2.streamid = 1 5..9
          http2.push_promise.promised_stream_id = 2 9..13
          http2.header = :method: GET 13..14
            http2.header.name = :method 13..14
            http2.header.value = GET 13..14
            http2.headers.method = GET 13..14
            http2.header.repr = Indexed Header Field 13..14
            http2.header.index = 2 13..14
    "#]]
    .assert_eq(&text);
}

#[test]
fn a_line_about_a_packet() {
    let [client, server] = interleaved();
    for (side, bytes, expect) in [
        (
            Side::Orig,
            client,
            expect![
                "Magic, SETTINGS[0], HEADERS[1]: GET hub/lights.json?n=1, WINDOW_UPDATE[0], HEADERS[3]: GET hub/b.bin"
            ],
        ),
        (
            Side::Resp,
            server,
            expect![
                "SETTINGS[0], SETTINGS[0], PUSH_PROMISE[1], HEADERS[1]: 103, HEADERS[1]: 200, HEADERS[3]: 200, DATA[1], DATA[3], PING[0], DATA[3], DATA[1], Unknown[1], HEADERS[1], HEADERS[2]: 200, DATA[2], GOAWAY[0]"
            ],
        ),
    ] {
        let mut out = Out { line: Some(String::new()), ..Out::new(Tree::off()) };
        let (mut session, mut at) = (Http2.conversation(), 0);
        while let Step::Took(n) = session.read(&message(&Http2, Transport::Tcp, side, &bytes[at..]), &mut out) {
            at += n;
            if at >= bytes.len() {
                break;
            }
        }
        expect.assert_eq(&out.line.unwrap());
    }
}
