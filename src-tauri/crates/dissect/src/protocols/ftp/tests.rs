use expect_test::{Expect, expect};

use super::*;
use crate::protocols::Side::{Orig, Resp};
use crate::protocols::testing::{Random, found, segments, survives, taken, tree};

fn check(parts: &[(Side, &[u8])], expect: Expect) {
    expect.assert_eq(&segments(&Ftp, parts));
}

#[test]
fn a_session() {
    check(
        &[
            (Resp, b"220-Welcome\r\n220 Camera FTP server ready.\r\n"),
            (Orig, b"USER admin\r\n"),
            (Resp, b"331 Password please\r\n"),
            (Orig, b"PASS s3cret\r\n"),
            (Resp, b"530 Login incorrect.\r\n"),
            (Orig, b"user admin\r\n"),
            (Resp, b"331 Password please\r\n"),
            (Orig, b"PASS 1234\r\n"),
            (Resp, b"230 Logged in\r\n"),
            (Orig, b"PWD\r\n"),
            (Resp, b"257 \"/sd/dcim\" is current\r\n"),
            (Orig, b"SIZE a.jpg\r\n"),
            (Resp, b"213 5120\r\n"),
            (Orig, b"PASV\r\n"),
            (Resp, b"227 Entering Passive Mode (192,0,2,1,195,80).\r\n"),
            (Orig, b"RETR a.jpg\r\n"),
            (Resp, b"150 Opening BINARY mode data connection for a.jpg (5120 bytes).\r\n226 Done\r\n"),
            (Orig, b"QUIT\r\n"),
        ],
        expect![[r#"
            ftp '220 Welcome' {"msg_type":"response","reply_code":220,"reply_msg":"Welcome\n220 Camera FTP server ready."} {}
            ftp 'USER admin' {"msg_type":"request","command":"USER"} {"arg":"admin","user":"admin"}
            ftp '331 Password please' {"msg_type":"response","command":"USER","reply_code":331,"reply_msg":"Password please"} {"user":"admin"}
            ftp 'PASS admin' {"msg_type":"request","command":"PASS"} {"user":"admin","password":"s3cret"}
            credentials 'admin' {"protocol":"ftp","method":"plain","username":"admin"} {"password":"s3cret"}
            ftp '530 Login incorrect.' {"msg_type":"response","command":"PASS","reply_code":530,"reply_msg":"Login incorrect."} {"user":"admin","password":"s3cret"}
            ftp 'USER admin' {"msg_type":"request","command":"USER"} {"arg":"admin","user":"admin"}
            ftp '331 Password please' {"msg_type":"response","command":"USER","reply_code":331,"reply_msg":"Password please"} {"user":"admin"}
            ftp 'PASS admin' {"msg_type":"request","command":"PASS"} {"user":"admin","password":"1234"}
            credentials 'admin' {"protocol":"ftp","method":"plain","username":"admin"} {"password":"1234"}
            ftp '230 Logged in' {"msg_type":"response","command":"PASS","reply_code":230,"reply_msg":"Logged in"} {"user":"admin","password":"1234"}
            ftp 'PWD' {"msg_type":"request","command":"PWD"} {"user":"admin"}
            ftp '257 "/sd/dcim" is current' {"msg_type":"response","command":"PWD","reply_code":257,"reply_msg":"\"/sd/dcim\" is current","cwd":"/sd/dcim"} {"user":"admin"}
            ftp 'SIZE a.jpg' {"msg_type":"request","command":"SIZE","file":"a.jpg","cwd":"/sd/dcim"} {"arg":"a.jpg","user":"admin"}
            ftp '213 5120' {"msg_type":"response","command":"SIZE","reply_code":213,"reply_msg":"5120","file":"a.jpg","cwd":"/sd/dcim"} {"user":"admin","file_size":5120}
            ftp 'PASV' {"msg_type":"request","command":"PASV","cwd":"/sd/dcim"} {"user":"admin"}
            ftp '227 Entering Passive Mode (192,0,2,1,195,80).' {"msg_type":"response","command":"PASV","reply_code":227,"reply_msg":"Entering Passive Mode (192,0,2,1,195,80).","cwd":"/sd/dcim"} {"user":"admin","data_channel_passive":true,"data_channel_host":"192.0.2.1","data_channel_port":50000}
            ftp 'RETR a.jpg' {"msg_type":"request","command":"RETR","file":"a.jpg","cwd":"/sd/dcim"} {"arg":"a.jpg","user":"admin"}
            ftp '150 Opening BINARY mode data connection for a.jpg (5120 bytes).' {"msg_type":"response","command":"RETR","reply_code":150,"reply_msg":"Opening BINARY mode data connection for a.jpg (5120 bytes).","file":"a.jpg","cwd":"/sd/dcim"} {"user":"admin","file_size":5120}
            ftp '226 Done' {"msg_type":"response","command":"RETR","reply_code":226,"reply_msg":"Done","file":"a.jpg","cwd":"/sd/dcim"} {"user":"admin"}
            ftp 'QUIT' {"msg_type":"request","command":"QUIT","cwd":"/sd/dcim"} {"user":"admin"}
        "#]],
    );
}

#[test]
fn data_connections() {
    check(
        &[
            (Orig, b"PORT 192,0,2,7,200,1\r\n"),
            (Orig, b"EPRT |2|2001:db8::7|50001|\r\n"),
            (Orig, b"EPSV\r\n"),
            (Resp, b"229 Entering Extended Passive Mode (|||50002|)\r\n"),
        ],
        expect![[r#"
            ftp 'PORT 192,0,2,7,200,1' {"msg_type":"request","command":"PORT"} {"arg":"192,0,2,7,200,1","data_channel_passive":false,"data_channel_host":"192.0.2.7","data_channel_port":51201}
            ftp 'EPRT |2|2001:db8::7|50001|' {"msg_type":"request","command":"EPRT"} {"arg":"|2|2001:db8::7|50001|","data_channel_passive":false,"data_channel_host":"2001:db8::7","data_channel_port":50001}
            ftp 'EPSV' {"msg_type":"request","command":"EPSV"} {}
            ftp '229 Entering Extended Passive Mode (|||50002|)' {"msg_type":"response","command":"EPSV","reply_code":229,"reply_msg":"Entering Extended Passive Mode (|||50002|)"} {"data_channel_passive":true,"data_channel_port":50002}
        "#]],
    );
    assert_eq!(host_port("192,0,2,7,200"), None);
    assert_eq!(host_port("192,0,2,256,200,1"), None);
    assert_eq!(extended("|1|x"), None);
    assert_eq!(extended(""), None);
}

#[test]
fn the_server_is_who_replies() {
    // the capture began late: the side that seems to have opened the connection is the server
    check(
        &[(Orig, b"220 Camera FTP\r\n"), (Resp, b"USER admin\r\n"), (Orig, b"331 and?\r\n")],
        expect![[r#"
        ftp '220 Camera FTP' {"msg_type":"response","reply_code":220,"reply_msg":"Camera FTP"} {}
        ftp 'USER admin' {"msg_type":"request","command":"USER"} {"arg":"admin","user":"admin"}
        ftp '331 and?' {"msg_type":"response","command":"USER","reply_code":331,"reply_msg":"and?"} {"user":"admin"}
    "#]],
    );
}

#[test]
fn what_follows_starttls_is_tls() {
    check(
        &[(Orig, b"AUTH TLS\r\n"), (Resp, b"234 go\r\n"), (Orig, b"\x15\x03\x01\x00\x02\x02\x28")],
        expect![[r#"
            ftp 'AUTH TLS' {"msg_type":"request","command":"AUTH"} {"arg":"TLS"}
            ftp '234 go' {"msg_type":"response","command":"AUTH","reply_code":234,"reply_msg":"go"} {}
        "#]],
    );
}

#[test]
fn malformed() {
    check(
        &[(Orig, b"\x01\x02\x03\r\n\x04\r\n"), (Orig, b"NOOP\r\n"), (Resp, b"99 x\r\n")],
        expect![[r#"
        ! 0 no FTP command or reply begins here; the next is looked for where a segment begins
        ftp 'NOOP' {"msg_type":"request","command":"NOOP"} {}
        ! 0 no FTP command or reply begins here; the next is looked for where a segment begins
    "#]],
    );
    check(
        &[(Orig, &[b'a'; 5000])],
        expect![[r#"
        ! 0 no FTP command or reply begins here; the next is looked for where a segment begins
    "#]],
    );
    check(
        &[(Orig, b"STOR x"), (Resp, b"220-a\r\nb")],
        expect![[r#"
        ftp 'STOR x' {"msg_type":"request","command":"STOR","file":"x"} {"arg":"x","incomplete":true}
        ftp '220 a' {"msg_type":"response","command":"STOR","reply_code":220,"reply_msg":"a\nb","file":"x"} {"incomplete":true}
    "#]],
    );
}

#[test]
fn tree_has_the_bytes_of_every_field() {
    expect![[r#"
        ftp = PORT 0..22
          ftp.request.command = PORT 0..4
          ftp.request.arg = 192,0,2,7,200,1 5..20
          ftp.active.cip = 192.0.2.7 5..20
          ftp.active.port = 51201 5..20
    "#]]
    .assert_eq(&tree(&Ftp, Transport::Tcp, Orig, b"PORT 192,0,2,7,200,1\r\n"));
    expect![[r#"
        ftp = 227 0..47
          ftp.response.code = 227 0..3
          ftp.response.arg = Entering Passive Mode (192,0,2,1,195,80). 4..45
          ftp.passive.ip = 192.0.2.1 4..45
          ftp.passive.port = 50000 4..45
    "#]]
    .assert_eq(&tree(&Ftp, Transport::Tcp, Resp, b"227 Entering Passive Mode (192,0,2,1,195,80).\r\n"));
    expect![[r#"
        ftp = EPRT 0..28
          ftp.request.command = EPRT 0..4
          ftp.request.arg = |2|2001:db8::7|50001| 5..26
          ftp.eprt.ipv6 = 2001:db8::7 5..26
          ftp.eprt.port = 50001 5..26
    "#]]
    .assert_eq(&tree(&Ftp, Transport::Tcp, Orig, b"EPRT |2|2001:db8::7|50001|\r\n"));
}

#[test]
fn recognised_by_payload() {
    assert_eq!(found(Transport::Tcp, b"220 (vsFTPd 3.0.3)\r\n"), Some("ftp"));
    assert!(!taken(&Ftp, Transport::Tcp, false, b"220 mail.example ESMTP\r\n"));
    assert!(taken(&Ftp, Transport::Tcp, true, b"220 ready\r\n"));
    assert!(taken(&Ftp, Transport::Tcp, true, b"USER a\r\n"));
    assert!(!taken(&Ftp, Transport::Udp, true, b"USER a\r\n"));
    let mut random = Random(21);
    assert!((0..100_000).all(|n| !taken(&Ftp, Transport::Tcp, true, &random.bytes(n % 80))));
}

#[test]
fn survives_anything() {
    let samples: [&[u8]; 3] = [
        b"USER a\r\nPASS b\r\nPORT 1,2,3,4,5,6\r\nEPRT |1|192.0.2.1|5|\r\n\xff\xf4\xff\xf2ABOR\r\n",
        b"220-a\r\n220 b\r\n227 (1,2,3,4,5,6)\r\n229 (|||5|)\r\n150 x (7 bytes)\r\n257 \"/a\"\r\n",
        b"AUTH TLS\r\n234 ok\r\n",
    ];
    survives(&Ftp, Transport::Tcp, &samples.map(<[u8]>::to_vec));
}
