use expect_test::{Expect, expect};

use super::*;
use crate::protocols::testing::{Random, bytes, segments, survives, taken, tree};

/// To `api.example-iot.com`.
const CLIENT: &str = "16030100c1010000bd0303000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f00000e2a2a13011303c02bc02f009c00ff01000086\
    0000001800160000136170692e6578616d706c652d696f742e636f6d000b00020100000a000800060a0a001d00170010000b000908687474702f312e31000d00\
    080006040308040401002b00050403040303002d00020101003300260024001d0020000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d\
    1e1f1a1a0000";

/// Of 1.3: the version, a key share.
const SERVER: &str = "160303003a02000036 0303 202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f 00 1301 00 \
    000e 002b 0002 0304 0033 0004 001d 0000";

/// Of 1.2, with a session id, ALPN and what follows in one record: a certificate of 8 bytes, and the end.
const SERVER_12: &str = "1603030049 02000035 0303 202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f 04 aabbccdd c02f 00 \
    0009 0010 0005 0003 02 6832 0b000008 0000000000000000 0e000000";

fn check(records: &[(Side, &str)], expect: Expect) {
    let records: Vec<(Side, Vec<u8>)> = records.iter().map(|(side, hex)| (*side, bytes(hex))).collect();
    let borrowed: Vec<(Side, &[u8])> = records.iter().map(|(side, bytes)| (*side, bytes.as_slice())).collect();
    expect.assert_eq(&segments(&Tls, &borrowed));
}

#[test]
fn both_hellos_of_1_3() {
    check(
        &[(Side::Orig, CLIENT), (Side::Resp, SERVER), (Side::Resp, "140303000101 1703030002beef")],
        expect![[r#"
        tls 'api.example-iot.com' {"msg_type":"client_hello","server_name":"api.example-iot.com","version":"TLSv13","legacy_version":"TLSv12","versions":["TLSv13","TLSv12"],"alpn":["http/1.1"],"ciphers":"2a2a,1301,1303,c02b,c02f,009c,00ff","ja3":"3eee79204337b7daea895e3b99cd7e5f","ja4":"t13d0608h1_5e66a4449cd9_8b8b673a840a"} {"client_random":"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"}
        tls 'api.example-iot.com' {"msg_type":"server_hello","version":"TLSv13","legacy_version":"TLSv12","cipher":"TLS_AES_128_GCM_SHA256","ja3s":"f4febc55ea12b31ae17cfb7e614afda8","curve":"x25519","resumed":false} {}
    "#]],
    );
}

#[test]
fn server_hello_of_1_2_with_what_follows() {
    check(
        &[(Side::Resp, SERVER_12), (Side::Resp, "140303000101 1603030004deadbeef 1503030002beef")],
        expect![[r#"
        tls '' {"msg_type":"server_hello","version":"TLSv12","legacy_version":"TLSv12","cipher":"TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256","ja3s":"896415616b22361262d7a961b6325cfd","next_protocol":"h2","resumed":false} {"session_id":"aabbccdd"}
    "#]],
    );
}

#[test]
fn hello_over_several_records_and_segments() {
    let whole = bytes(CLIENT);
    let expect = segments(&Tls, &[(Side::Orig, &whole)]);
    let body = &whole[5..];
    for at in [1, 3, 4, 5, 50, body.len() - 1] {
        let (head, tail) = body.split_at(at);
        let mut split = Vec::new();
        for part in [head, tail] {
            split.extend([0x16, 3, 1, 0, part.len() as u8]);
            split.extend(part);
        }
        for cut in [1, 5, 7, 60, split.len() - 1] {
            let (first, second) = split.split_at(cut);
            assert_eq!(segments(&Tls, &[(Side::Orig, first), (Side::Orig, second)]), expect, "{at} {cut}");
        }
    }
}

#[test]
fn a_second_hello_after_a_retry() {
    let retry = SERVER.replace(
        "202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f",
        "cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c",
    );
    check(
        &[
            (Side::Orig, CLIENT),
            (Side::Resp, &retry),
            (Side::Resp, "140303000101"),
            (Side::Orig, "140303000101"),
            (Side::Orig, CLIENT),
            (Side::Resp, SERVER),
        ],
        expect![[r#"
            tls 'api.example-iot.com' {"msg_type":"client_hello","server_name":"api.example-iot.com","version":"TLSv13","legacy_version":"TLSv12","versions":["TLSv13","TLSv12"],"alpn":["http/1.1"],"ciphers":"2a2a,1301,1303,c02b,c02f,009c,00ff","ja3":"3eee79204337b7daea895e3b99cd7e5f","ja4":"t13d0608h1_5e66a4449cd9_8b8b673a840a"} {"client_random":"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"}
            tls 'api.example-iot.com' {"msg_type":"server_hello","version":"TLSv13","legacy_version":"TLSv12","cipher":"TLS_AES_128_GCM_SHA256","ja3s":"f4febc55ea12b31ae17cfb7e614afda8","curve":"x25519","resumed":false,"hello_retry":true} {}
            tls 'api.example-iot.com' {"msg_type":"client_hello","server_name":"api.example-iot.com","version":"TLSv13","legacy_version":"TLSv12","versions":["TLSv13","TLSv12"],"alpn":["http/1.1"],"ciphers":"2a2a,1301,1303,c02b,c02f,009c,00ff","ja3":"3eee79204337b7daea895e3b99cd7e5f","ja4":"t13d0608h1_5e66a4449cd9_8b8b673a840a"} {"client_random":"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"}
            tls 'api.example-iot.com' {"msg_type":"server_hello","version":"TLSv13","legacy_version":"TLSv12","cipher":"TLS_AES_128_GCM_SHA256","ja3s":"f4febc55ea12b31ae17cfb7e614afda8","curve":"x25519","resumed":false} {}
        "#]],
    );
}

#[test]
fn malformed_ones_keep_what_was_read() {
    // a server name longer than its extension
    check(
        &[(Side::Orig, &CLIENT.replace("0000001800160000136170", "0000001800160000ff6170"))],
        expect![[r#"
        tls '' {"msg_type":"client_hello","version":"TLSv13","legacy_version":"TLSv12","versions":["TLSv13","TLSv12"],"alpn":["http/1.1"],"ciphers":"2a2a,1301,1303,c02b,c02f,009c,00ff","ja3":"3eee79204337b7daea895e3b99cd7e5f","ja4":"t13d0608h1_5e66a4449cd9_8b8b673a840a"} {"client_random":"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"}
        ! 73 server name cut short
    "#]],
    );
    // after a hello something that is no record
    check(
        &[(Side::Orig, CLIENT), (Side::Orig, "474554202f20")],
        expect![[r#"
        tls 'api.example-iot.com' {"msg_type":"client_hello","server_name":"api.example-iot.com","version":"TLSv13","legacy_version":"TLSv12","versions":["TLSv13","TLSv12"],"alpn":["http/1.1"],"ciphers":"2a2a,1301,1303,c02b,c02f,009c,00ff","ja3":"3eee79204337b7daea895e3b99cd7e5f","ja4":"t13d0608h1_5e66a4449cd9_8b8b673a840a"} {"client_random":"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"}
        ! 0 no TLS record begins here
    "#]],
    );
    // a stream that ends in the hello
    check(
        &[(Side::Orig, &CLIENT[..200])],
        expect![[r#"
            tls '' {"msg_type":"client_hello","version":"TLSv12","legacy_version":"TLSv12","ciphers":"2a2a,1301,1303,c02b,c02f,009c,00ff"} {"client_random":"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f","incomplete":true}
        "#]],
    );
}

#[test]
fn tree_has_the_bytes_of_every_field() {
    expect![[r#"
        tls = Client Hello 0..198
          tls.record = Handshake 0..198
            tls.record.content_type = 22 (Handshake) 0..1
            tls.record.version = 0x0301 (TLSv10) 1..3
            tls.record.length = 193 3..5
          tls.handshake = Client Hello 5..198
            tls.handshake.type = 1 (Client Hello) 5..6
            tls.handshake.length = 189 6..9
            tls.handshake.version = 0x0303 (TLSv12) 9..11
            tls.handshake.random = 000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f 11..43
            tls.handshake.session_id_length = 0 43..44
            tls.handshake.session_id =  44..44
            tls.handshake.ciphersuites = 7 suites 46..60
              tls.handshake.ciphersuite = unknown (0x2a2a) 46..48
              tls.handshake.ciphersuite = TLS_AES_128_GCM_SHA256 (0x1301) 48..50
              tls.handshake.ciphersuite = TLS_CHACHA20_POLY1305_SHA256 (0x1303) 50..52
              tls.handshake.ciphersuite = TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256 (0xc02b) 52..54
              tls.handshake.ciphersuite = TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256 (0xc02f) 54..56
              tls.handshake.ciphersuite = TLS_RSA_WITH_AES_128_GCM_SHA256 (0x009c) 56..58
              tls.handshake.ciphersuite = TLS_EMPTY_RENEGOTIATION_INFO_SCSV (0x00ff) 58..60
            tls.handshake.comp_methods = 00 61..62
            tls.handshake.extension = server_name (0), 24 bytes 64..92
              tls.handshake.extension.type = 0 64..66
              tls.handshake.extension.len = 24 66..68
              tls.handshake.extensions_server_name = api.example-iot.com 73..92
            tls.handshake.extension = ec_point_formats (11), 2 bytes 92..98
              tls.handshake.extension.type = 11 92..94
              tls.handshake.extension.len = 2 94..96
              tls.handshake.extensions_ec_point_format = 0 97..98
            tls.handshake.extension = supported_groups (10), 8 bytes 98..110
              tls.handshake.extension.type = 10 98..100
              tls.handshake.extension.len = 8 100..102
              tls.handshake.extensions_supported_group = unknown (0x0a0a) 104..106
              tls.handshake.extensions_supported_group = x25519 (0x001d) 106..108
              tls.handshake.extensions_supported_group = secp256r1 (0x0017) 108..110
            tls.handshake.extension = application_layer_protocol_negotiation (16), 11 bytes 110..125
              tls.handshake.extension.type = 16 110..112
              tls.handshake.extension.len = 11 112..114
              tls.handshake.extensions_alpn_str = http/1.1 117..125
            tls.handshake.extension = signature_algorithms (13), 8 bytes 125..137
              tls.handshake.extension.type = 13 125..127
              tls.handshake.extension.len = 8 127..129
              tls.handshake.sig_hash_alg = 0x0403 131..133
              tls.handshake.sig_hash_alg = 0x0804 133..135
              tls.handshake.sig_hash_alg = 0x0401 135..137
            tls.handshake.extension = supported_versions (43), 5 bytes 137..146
              tls.handshake.extension.type = 43 137..139
              tls.handshake.extension.len = 5 139..141
              tls.handshake.extensions.supported_version = TLSv13 (0x0304) 142..144
              tls.handshake.extensions.supported_version = TLSv12 (0x0303) 144..146
            tls.handshake.extension = psk_key_exchange_modes (45), 2 bytes 146..152
              tls.handshake.extension.type = 45 146..148
              tls.handshake.extension.len = 2 148..150
              tls.handshake.extension.data = 0101 150..152
            tls.handshake.extension = key_share (51), 38 bytes 152..194
              tls.handshake.extension.type = 51 152..154
              tls.handshake.extension.len = 38 154..156
              tls.handshake.extensions_key_share_group = x25519 158..160
            tls.handshake.extension = GREASE (6682), 0 bytes 194..198
              tls.handshake.extension.type = 6682 194..196
              tls.handshake.extension.len = 0 196..198
            tls.handshake.ja4 = t13d0608h1_5e66a4449cd9_8b8b673a840a 198..198
            tls.handshake.ja3_full = 771,4865-4867-49195-49199-156-255,0-11-10-16-13-43-45-51,29-23,0 198..198
            tls.handshake.ja3 = 3eee79204337b7daea895e3b99cd7e5f 198..198
    "#]]
    .assert_eq(&tree(&Tls, Transport::Tcp, Side::Orig, &bytes(CLIENT)));
    expect![[r#"
        tls = Server Hello 0..63
          tls.record = Handshake 0..63
            tls.record.content_type = 22 (Handshake) 0..1
            tls.record.version = 0x0303 (TLSv12) 1..3
            tls.record.length = 58 3..5
          tls.handshake = Server Hello 5..63
            tls.handshake.type = 2 (Server Hello) 5..6
            tls.handshake.length = 54 6..9
            tls.handshake.version = 0x0303 (TLSv12) 9..11
            tls.handshake.random = 202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f 11..43
            tls.handshake.session_id_length = 0 43..44
            tls.handshake.session_id =  44..44
            tls.handshake.ciphersuite = TLS_AES_128_GCM_SHA256 (0x1301) 44..46
            tls.handshake.comp_method = 0 46..47
            tls.handshake.extension = supported_versions (43), 2 bytes 49..55
              tls.handshake.extension.type = 43 49..51
              tls.handshake.extension.len = 2 51..53
              tls.handshake.extensions.supported_version = TLSv13 (0x0304) 53..55
            tls.handshake.extension = key_share (51), 4 bytes 55..63
              tls.handshake.extension.type = 51 55..57
              tls.handshake.extension.len = 4 57..59
              tls.handshake.extensions_key_share_group = x25519 59..61
            tls.handshake.ja3s_full = 771,4865,43-51 63..63
            tls.handshake.ja3s = f4febc55ea12b31ae17cfb7e614afda8 63..63
    "#]]
    .assert_eq(&tree(&Tls, Transport::Tcp, Side::Resp, &bytes(SERVER)));
}

/// DTLS 1.2 to `lamp`, with a cookie and one cipher suite, TLS_PSK_WITH_AES_128_CCM_8.
const DTLS_CLIENT: &str = "16fefd 0000 000000000001 004d 01000041 0001 000000 000041 fefd \
    000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f 00 04 c00c1e00 0002 c0a8 01 00 \
    0011 0000 0009 0007 00 0004 6c616d70 0017 0000";
const DTLS_SERVER: &str = "16fefd 0000 000000000001 0032 02000026 0001 000000 000026 fefd \
    202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f 00 c0a8 00";
const DTLS_KEY: &str = "16fefd 0000 000000000002 0017 1000000b 0002 000000 00000b 0009 6465766963652d37 37 \
    14fefd 0000 000000000003 0001 01 16fefd 0001 000000000000 0004 deadbeef";

#[test]
fn datagrams_of_a_lamp() {
    use crate::protocols::testing::datagrams;
    let (client, server, key) = (bytes(DTLS_CLIENT), bytes(DTLS_SERVER), bytes(DTLS_KEY));
    let said = datagrams(&dtls::Dtls, &[(Side::Orig, &client), (Side::Resp, &server), (Side::Orig, &key)]);
    expect![[r#"
        tls 'lamp' {"msg_type":"client_hello","server_name":"lamp","version":"DTLSv12","legacy_version":"DTLSv12","ciphers":"c0a8","ja3":"dd76cdf47cf09fdf4843d085ca41c240","ja4":"dd2d010200_7bb309af3d46_1ca028f07214"} {"client_random":"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"}
        tls 'lamp' {"msg_type":"server_hello","version":"DTLSv12","legacy_version":"DTLSv12","cipher":"TLS_PSK_WITH_AES_128_CCM_8","ja3s":"a0eaabfcbc65882d89a9c43ccff7175f","resumed":false} {}
        tls 'lamp' {"msg_type":"client_key_exchange","psk_identity":"device-77"} {}
    "#]].assert_eq(&said);
    // the same in two fragments
    let part = |offset: usize, len: usize| {
        let content =
            [&client[13..19], &[0, 0, offset as u8, 0, 0, len as u8], &client[25 + offset..25 + offset + len]].concat();
        [&client[..11], &(content.len() as u16).to_be_bytes(), &content].concat()
    };
    let parts = [part(0, 30), part(30, 35)];
    let split = datagrams(&dtls::Dtls, &[(Side::Orig, &parts[0]), (Side::Orig, &parts[1])]);
    assert_eq!(split, said.lines().take(1).map(|line| format!("{line}\n")).collect::<String>());
    for datagram in [&client, &server, &key, &parts[0]] {
        assert!(taken(&dtls::Dtls, Transport::Udp, false, datagram));
    }
    let mut random = Random(37);
    assert!((0..50_000).all(|n| !taken(&dtls::Dtls, Transport::Udp, false, &random.bytes(n % 100))));
    survives(&dtls::Dtls, Transport::Udp, &[client, server, key]);
}

#[test]
fn a_client_that_names_its_key() {
    let server = SERVER_12
        .replace("c02f 00", "c0a8 00")
        .replace("0b000008 0000000000000000 0e000000", "0e000000 0e000000 0e000000 0e000000");
    check(
        &[(Side::Orig, CLIENT), (Side::Resp, &server), (Side::Orig, "160303000d 10000009 0007 64657669636537")],
        expect![[r#"
        tls 'api.example-iot.com' {"msg_type":"client_hello","server_name":"api.example-iot.com","version":"TLSv13","legacy_version":"TLSv12","versions":["TLSv13","TLSv12"],"alpn":["http/1.1"],"ciphers":"2a2a,1301,1303,c02b,c02f,009c,00ff","ja3":"3eee79204337b7daea895e3b99cd7e5f","ja4":"t13d0608h1_5e66a4449cd9_8b8b673a840a"} {"client_random":"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"}
        tls 'api.example-iot.com' {"msg_type":"server_hello","version":"TLSv12","legacy_version":"TLSv12","cipher":"TLS_PSK_WITH_AES_128_CCM_8","ja3s":"4cc0e19a67abb8f04129fea9d2979ec7","next_protocol":"h2","resumed":false} {"session_id":"aabbccdd"}
        tls 'api.example-iot.com' {"msg_type":"client_key_exchange","psk_identity":"device7"} {}
    "#]],
    );
}

#[test]
fn recognised_by_payload() {
    for hex in [CLIENT, SERVER, SERVER_12] {
        assert!(taken(&Tls, Transport::Tcp, false, &bytes(hex)), "{hex}");
        assert!(taken(&Tls, Transport::Tcp, false, &bytes(hex)[..11]));
        assert!(!taken(&Tls, Transport::Udp, true, &bytes(hex)));
    }
    assert!(taken(&Tls, Transport::Tcp, true, &bytes("1703030100")));
    assert!(!taken(&Tls, Transport::Tcp, false, &bytes("1703030100")));
    let mut random = Random(13);
    assert!((0..100_000).all(|n| !taken(&Tls, Transport::Tcp, false, &random.bytes(n % 100))));
}

#[test]
fn survives_anything() {
    let server = [SERVER_12, "140303000101 1603030004deadbeef"].concat();
    survives(&Tls, Transport::Tcp, &[bytes(CLIENT), bytes(SERVER), bytes(&server)]);
}
