use expect_test::{Expect, expect};

use super::*;
use crate::protocols::testing::{Random, found, segments, survives, taken, tree};

const NEGOTIATION: &[u8] = b"\xff\xfd\x01\xff\xfd\x1f\xff\xfb\x01\xff\xfb\x03";
const TERMINAL: &[u8] = b"\xff\xfa\x18\x00xterm\xff\xf0";

use Side::{Orig, Resp};

fn check(parts: &[(Side, &[u8])], expect: Expect) {
    expect.assert_eq(&segments(&Telnet, parts));
}

#[test]
fn a_login_line_by_line() {
    check(
        &[
            (Resp, NEGOTIATION),
            (Orig, TERMINAL),
            (Resp, b"\r\nBusyBox v1.19.4 camera\r\n\r\n(none) login: "),
            (Orig, b"root\r\n"),
            (Resp, b"root\r\nPassword: "),
            (Orig, b"xc3511\r\n"),
            (Resp, b"\r\nLogin incorrect\r\n(none) login: "),
            (Orig, b"admin\r\n"),
            (Resp, b"admin\r\nPassword: "),
            (Orig, b"1234\r\x00"),
            (Resp, b"\r\n\r\nWelcome\r\n\x1b[1;32m~ # \x1b[0m"),
            (Orig, b"cat /proc/cpuinfo\r\n"),
        ],
        expect![[r#"
            telnet 'xterm' {"msg_type":"terminal","terminal":"xterm"} {}
            telnet 'BusyBox v1.19.4 camera' {"msg_type":"banner","banner":"BusyBox v1.19.4 camera"} {}
            credentials 'root' {"protocol":"telnet","method":"plain","username":"root"} {"password":"xc3511"}
            telnet 'root' {"msg_type":"login","prompt":"Password:"} {"username":"root","password":"xc3511"}
            telnet 'root' {"msg_type":"login_failure","response":"Login incorrect"} {"username":"root"}
            credentials 'admin' {"protocol":"telnet","method":"plain","username":"admin"} {"password":"1234"}
            telnet 'admin' {"msg_type":"login","prompt":"Password:"} {"username":"admin","password":"1234"}
            telnet 'admin' {"msg_type":"login_success","response":"Welcome"} {"username":"admin"}
            telnet 'cat /proc/cpuinfo' {"msg_type":"input","prompt":"~ #"} {"username":"admin","input":"cat /proc/cpuinfo"}
        "#]],
    );
}

#[test]
fn a_login_letter_by_letter_with_echo() {
    let mut parts: Vec<(Side, &[u8])> = vec![(Resp, b"DVR login: ")];
    for letter in [&b"a"[..], b"x", b"\x7f", b"d", b"\r"] {
        parts.push((Orig, letter));
        parts.push((Resp, if letter == b"\r" { b"\r\n" } else { letter }));
    }
    parts.push((Orig, b"\n"));
    parts.push((Resp, b"Password: "));
    parts.extend([&b"p"[..], b"w", b"\xff\xff", b"\r\n"].map(|letter| (Orig, letter)));
    parts.push((Resp, b"\r\n$ "));
    check(
        &parts,
        expect![[r#"
            credentials 'ad' {"protocol":"telnet","method":"plain","username":"ad"} {"password":"pwÿ"}
            telnet 'ad' {"msg_type":"login","prompt":"Password:"} {"username":"ad","password":"pwÿ"}
            telnet 'ad' {"msg_type":"login_success"} {"username":"ad"}
        "#]],
    );
}

#[test]
fn who_does_not_wait_for_prompts() {
    check(
        &[
            (Resp, b"login: "),
            (Orig, b"root\r\nxc3511\r\nenable\r\n"),
            (Resp, b"root\r\nPassword: \r\nThere were 2 failed login attempts since the last login.\r\n# "),
        ],
        expect![[r#"
            credentials 'root' {"protocol":"telnet","method":"plain","username":"root"} {"password":"xc3511"}
            telnet 'root' {"msg_type":"login"} {"username":"root","password":"xc3511"}
            telnet 'enable' {"msg_type":"input"} {"username":"root","input":"enable"}
            telnet 'root' {"msg_type":"login_success","response":"There were 2 failed login attempts since the last login."} {"username":"root"}
        "#]],
    );
}

#[test]
fn a_user_in_the_environment() {
    check(
        &[(Orig, b"\xff\xfa\x27\x00\x00USER\x01-f root\x03LANG\x01C\xff\xf0")],
        expect![[r#"
        telnet '-f root' {"msg_type":"environment"} {"username":"-f root"}
    "#]],
    );
    check(&[(Orig, b"\xff\xfa\x27\x00\x00TERM\x01vt100\xff\xf0")], expect![[""]]);
}

#[test]
fn prompts() {
    for (line, expect) in [
        ("lamp login:", Wants::User),
        ("Username:", Wants::User),
        ("User:", Wants::User),
        ("Enter Password>", Wants::Password),
        ("root's password:", Wants::Password),
        ("Last login: Tue 12:00:00", Wants::Anything),
        ("~ #", Wants::Anything),
        ("router>", Wants::Anything),
        ("", Wants::Anything),
    ] {
        assert_eq!(wants(line), expect, "{line}");
    }
}

#[test]
fn commands_split_anywhere() {
    let whole: &[u8] = b"\xff\xfd\x01lo\xff\xfa\x18\x01\xff\xf0gin: ";
    for at in 1..whole.len() {
        let (head, tail) = whole.split_at(at);
        let text = segments(
            &Telnet,
            &[(Resp, head), (Resp, tail), (Orig, b"a\r\n"), (Resp, b"\r\npassword:"), (Orig, b"b\r\n")],
        );
        assert_eq!(
            text,
            "credentials 'a' {\"protocol\":\"telnet\",\"method\":\"plain\",\"username\":\"a\"} {\"password\":\"b\"}\n\
             telnet 'a' {\"msg_type\":\"login\",\"prompt\":\"password:\"} {\"username\":\"a\",\"password\":\"b\"}\n",
            "{at}"
        );
    }
}

#[test]
fn a_gap_is_said() {
    let mut session = Session::default();
    let read = |session: &mut Session, side, bytes: &[u8]| {
        let mut out = Out::new(crate::Tree::off());
        let message = crate::protocols::testing::message(&Telnet, Transport::Tcp, side, bytes);
        session.read(&message, &mut out);
        out.facts.last().map(|fact| fact.own.to_json())
    };
    read(&mut session, Resp, b"password: ");
    read(&mut session, Orig, b"se");
    session.gap(Orig);
    let fact = read(&mut session, Orig, b"et\r\n");
    assert_eq!(fact.as_deref(), Some(r#"{"username":"","password":"seet","incomplete":true}"#));
}

#[test]
fn tree_has_the_bytes_of_every_field() {
    let bytes = [NEGOTIATION, b"hello\r\nlogin: ", TERMINAL, b"x\xff\xf1y"].concat();
    expect![[r#"
        telnet =  0..41
          telnet.cmd = Do Echo 0..3
          telnet.cmd = Do Negotiate About Window Size 3..6
          telnet.cmd = Will Echo 6..9
          telnet.cmd = Will Suppress Go Ahead 9..12
          telnet.data = hello\r\n 12..19
          telnet.data = login:  19..26
          telnet.subcmd = Terminal Type xterm 36..37
          telnet.data = x 37..38
          telnet.cmd = No Operation 39..40
          telnet.data = y 40..41
    "#]]
    .assert_eq(&tree(&Telnet, Transport::Tcp, Resp, &bytes));
}

#[test]
fn recognised_by_payload() {
    assert_eq!(found(Transport::Tcp, NEGOTIATION), Some("telnet"));
    assert!(taken(&Telnet, Transport::Tcp, true, b"login: "));
    assert!(!taken(&Telnet, Transport::Tcp, false, b"login: "));
    for other in [&b"\x00\x01\x02"[..], b"GET / HTTP/1.1\r\n", b"SSH-2.0-dropbear\r\n"] {
        assert!(!taken(&Telnet, Transport::Tcp, true, other));
    }
    assert!(!taken(&Telnet, Transport::Udp, true, NEGOTIATION));
    let mut random = Random(23);
    assert!((0..100_000).all(|n| !taken(&Telnet, Transport::Tcp, false, &random.bytes(n % 80))));
}

#[test]
fn survives_anything() {
    let login = b"\r\nBusyBox\r\nlogin: \xff\xfd\x01\x1b[1mroot\r\nPassword: xc\x7f\r\n# ";
    survives(&Telnet, Transport::Tcp, &[NEGOTIATION.to_vec(), TERMINAL.to_vec(), login.to_vec()]);
}
