use expect_test::expect;

use super::*;
use crate::protocols::testing::{Random, bytes, datagrams, survives, taken, tree};

/// To `a.example`, h3.
const CLIENT: &str = "0100004d 0303 000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f 00 0002 1301 01 00 \
    0022 0000 000e 000c 00 0009 612e6578616d706c65 0010 0005 0003 02 6833 002b 0003 02 0304";
const SERVER: &str = "02000036 0303 202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f 00 1301 00 \
    000e 002b 0002 0304 0033 0004 001d 0000";
const DCID: &str = "8394c8f03e515708";

/// A datagram with one first packet, from the client or the server.
fn initial(from_client: bool, frames: &[Vec<u8>]) -> Vec<u8> {
    let pair = Pair::derive(1, &bytes(DCID)).unwrap();
    let plain = [frames.concat(), vec![0; 40]].concat();
    let ids = if from_client { ["08", DCID, "02 c1c2"] } else { ["02", "c1c2", "04 51525354"] }.concat();
    let len = (plain.len() + 1 + 16) as u16 | 0x4000;
    let header = [bytes("c0 00000001"), bytes(&ids), vec![0], len.to_be_bytes().to_vec()].concat();
    if from_client { pair.client.seal(&header, &plain) } else { pair.server.seal(&header, &plain) }
}

/// Bytes of a hello in a CRYPTO frame.
fn crypto(hello: &[u8], range: Range<usize>) -> Vec<u8> {
    [vec![6, range.start as u8, 0x40, range.len() as u8], hello[range].to_vec()].concat()
}

#[test]
fn both_hellos() {
    let (client, server) = (bytes(CLIENT), bytes(SERVER));
    // the client's over two datagrams and out of order, after one that is lost to all who have no key
    let first = initial(true, &[crypto(&client, 30..50), vec![1], crypto(&client, 0..20)]);
    let second = initial(true, &[crypto(&client, 20..30), crypto(&client, 50..client.len())]);
    let ack = vec![2, 0, 0, 0, 0];
    let answer = initial(false, &[ack, crypto(&server, 0..server.len())]);
    expect![[r#"
        quic 'a.example' {"msg_type":"client_initial","version":"1","server_name":"a.example","client_protocol":"h3"} {"client_initial_dcid":"8394c8f03e515708","client_scid":"c1c2"}
        quic_hello 'a.example' {"msg_type":"client_hello","server_name":"a.example","version":"TLSv13","legacy_version":"TLSv12","versions":["TLSv13"],"alpn":["h3"],"ciphers":"1301","ja3":"9cd3a3df22ead6ac1977bf836d6ea964","ja4":"q13d0103h3_0f2cb44170f4_b9a491fefe05"} {"client_random":"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"}
        quic 'a.example' {"msg_type":"server_initial","version":"1"} {"server_scid":"51525354"}
        quic_hello 'a.example' {"msg_type":"server_hello","version":"TLSv13","legacy_version":"TLSv12","cipher":"TLS_AES_128_GCM_SHA256","ja3s":"f4febc55ea12b31ae17cfb7e614afda8","curve":"x25519","resumed":false} {}
    "#]].assert_eq(&datagrams(&Quic, &[(Side::Orig, &first), (Side::Orig, &second), (Side::Resp, &answer)]));
}

#[test]
fn retry_and_version_negotiation() {
    let retry = bytes("f0 00000001 00 04 01020304 aabb");
    let other = bytes("80 00000000 00 04 01020304 00000001 6b3343cf ff00001d");
    expect![[r#"
        quic '' {"msg_type":"retry","version":"1"} {"server_scid":"01020304"}
        quic '' {"msg_type":"version_negotiation","versions":["1","2","draft-29"]} {"server_scid":"01020304"}
    "#]]
    .assert_eq(&datagrams(&Quic, &[(Side::Resp, &retry), (Side::Resp, &other)]));
}

#[test]
fn tree_has_the_bytes_of_every_field() {
    let client = bytes(CLIENT);
    expect![[r#"
        quic =  0..162
          quic.packet = Initial, version 1 0..162
            quic.header_form = 1 0..1
            quic.long.packet_type = Initial 0..1
            quic.version = 1 1..5
            quic.dcid = 8394c8f03e515708 6..14
            quic.scid = c1c2 15..17
            quic.length = 142 20..162
            quic.frame = CRYPTO 21..106
            quic.frame = PADDING 106..146
            tls.handshake = Client Hello 0..162
              tls.handshake.version = 0x0303 (TLSv12) 29..31
              tls.handshake.random = 000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f 31..63
              tls.handshake.session_id_length = 0 63..64
              tls.handshake.session_id =  64..64
              tls.handshake.ciphersuites = 1 suites 66..68
                tls.handshake.ciphersuite = TLS_AES_128_GCM_SHA256 (0x1301) 66..68
              tls.handshake.comp_methods = 00 69..70
              tls.handshake.extension = server_name (0), 14 bytes 72..90
                tls.handshake.extension.type = 0 72..74
                tls.handshake.extension.len = 14 74..76
                tls.handshake.extensions_server_name = a.example 81..90
              tls.handshake.extension = application_layer_protocol_negotiation (16), 5 bytes 90..99
                tls.handshake.extension.type = 16 90..92
                tls.handshake.extension.len = 5 92..94
                tls.handshake.extensions_alpn_str = h3 97..99
              tls.handshake.extension = supported_versions (43), 3 bytes 99..106
                tls.handshake.extension.type = 43 99..101
                tls.handshake.extension.len = 3 101..103
                tls.handshake.extensions.supported_version = TLSv13 (0x0304) 104..106
              tls.handshake.ja4 = q13d0103h3_0f2cb44170f4_b9a491fefe05 106..106
              tls.handshake.ja3_full = 771,4865,0-16-43,, 106..106
              tls.handshake.ja3 = 9cd3a3df22ead6ac1977bf836d6ea964 106..106
    "#]]
    .assert_eq(&tree(&Quic, Transport::Udp, Side::Orig, &initial(true, &[crypto(&client, 0..client.len())])));
}

#[test]
fn headers_tell_themselves_apart() {
    for (hex, expect) in [
        ("c0 00000001 08 8394c8f03e515708 00 00 4020", "Initial 1"),
        ("d0 6b3343cf 08 8394c8f03e515708 00 00 4020", "Initial 2"),
        ("f0 00000001 00 04 01020304 aabb", "Retry 1"),
        ("80 00000000 00 04 01020304 00000001", "Version Negotiation 00000000"),
        ("e0 ff00001d 04 01020304 00 4020", "Handshake draft-29"),
        ("40 00000001", "no QUIC packet begins here"),
        ("c0 00000001 15", "QUIC connection id of more than 20 bytes"),
        ("c0 00000001 08 8394", "QUIC header cut short"),
    ] {
        let bytes = bytes(hex);
        let said = match Long::read(Cursor::new(&bytes)) {
            Ok(long) => format!("{} {}", long.form.name(), long.version_name()),
            Err(stop) => stop.why.to_owned(),
        };
        assert_eq!(said, expect, "{hex}");
    }
}

#[test]
fn pieces_of_a_hello_in_any_order() {
    let whole: Vec<u8> = [&[1, 0, 0, 6][..], b"abcdef"].concat();
    let mut crypto = Crypto::default();
    for (offset, range) in [(7, 7..10), (0, 0..4), (2, 2..8)] {
        assert_eq!(crypto.hello(), None);
        crypto.add(offset, &whole[range]);
    }
    assert_eq!(crypto.hello(), Some(whole));
}

#[test]
fn recognised_by_payload() {
    let initial = [bytes("c0 00000001 08 8394c8f03e515708 00 00 4020"), vec![0; 32]].concat();
    assert!(taken(&Quic, Transport::Udp, false, &initial));
    assert!(!taken(&Quic, Transport::Tcp, true, &initial));
    let mut random = Random(31);
    assert!((0..100_000).all(|n| !taken(&Quic, Transport::Udp, false, &random.bytes(n % 1200))));
}

#[test]
fn survives_anything() {
    let client = bytes(CLIENT);
    let initial = initial(true, &[crypto(&client, 0..client.len())]);
    let others = ["f0 00000001 00 04 01020304 aabb", "80 00000000 00 04 01020304 00000001"].map(bytes);
    survives(&Quic, Transport::Udp, &[initial, others.concat()]);
}
