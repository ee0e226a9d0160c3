//! NTP (RFC 5905): what time a device believes it is.

use std::net::Ipv4Addr;

use model::{Fields, Kind, Time};

use super::cursor::{Cursor, Stop};
use super::{Conversation, Message, Out, Protocol, Step, Transport};
use crate::Tree;

pub struct Ntp;

static KINDS: [Kind; 1] = [Kind {
    name: "ntp",
    about: "An NTP message: a device asks for the time, or is told.",
    fields: &[
        ("msg_type", "client, server, broadcast, symmetric active or passive, control, private"),
        ("version", "of the protocol"),
        ("mode", "the type's number"),
        ("stratum", "distance from a clock: 1 has one, 16 knows no time, 0 is unsaid or a refusal"),
        ("ref_id", "what the sender follows: a clock's name, an address, or why it refuses"),
        ("leap", "leap second to come, or 3: the clock is not set"),
        ("poll", "time between messages, in seconds"),
        ("precision", "of the clock, in seconds"),
        ("xmt_time", "the sender's clock when it sent this; of many clients a random number instead"),
        ("ref_time", "when the sender's clock was last set"),
        ("org_time", "the client's clock when it asked"),
        ("rec_time", "the server's clock when it was asked"),
        ("root_delay", "round trip to the clock at the root, in seconds"),
        ("root_disp", "greatest error of the time, in seconds"),
        ("incomplete", "the capture cut the message"),
    ],
}];

const LEN: usize = 48;

/// Seconds from 1900 to 1970.
const UNIX: i64 = 2_208_988_800;

impl Protocol for Ntp {
    fn name(&self) -> &'static str {
        "ntp"
    }

    fn ports(&self) -> &'static [(Transport, u16)] {
        &[(Transport::Udp, 123)]
    }

    fn kinds(&self) -> &'static [Kind] {
        &KINDS
    }

    fn recognises(&self, message: &Message, at_home: bool) -> bool {
        let Some([first, stratum, poll, precision]) = message.bytes.first_chunk() else { return false };
        let (version, mode) = (first >> 3 & 7, first & 7);
        if message.transport != Transport::Udp || !(1..=4).contains(&version) {
            return false;
        }
        if at_home {
            return match mode {
                1..=5 => message.bytes.len() >= LEN || message.cut,
                6 => message.bytes.len() >= 12,
                _ => mode == 7 && message.bytes.len() >= 8,
            };
        }
        let small = |at| matches!(message.bytes.get(at), Some(0));
        message.bytes.len() == LEN
            && matches!((version, mode), (3 | 4, 3 | 4))
            && *stratum <= 16
            && *poll <= 17
            && (-32..=0).contains(&precision.cast_signed())
            && small(4)
            && small(8)
    }

    fn conversation(&self) -> Box<dyn Conversation> {
        Box::new(Reader)
    }
}

struct Reader;

impl Conversation for Reader {
    fn read(&mut self, message: &Message, out: &mut Out) -> Step {
        let bytes = message.bytes;
        let Some(first) = bytes.first() else { return Step::Took(1) };
        let (mut fields, mut own) = (Fields::new(), Fields::new());
        let kind = mode_name(first & 7);
        fields.text("msg_type", kind);
        out.tree.open("ntp", "Network Time Protocol", 0..bytes.len(), || kind.to_owned());
        let read = read(bytes, &mut out.tree, &mut fields, &mut own);
        if read.is_err_and(|stop| stop.tell(message, out)) {
            own.flag("incomplete", true);
        }
        out.tree.close();
        let fact = out.fact("ntp", 0..bytes.len());
        fact.subject = kind.to_owned();
        (fact.fields, fact.own) = (fields, own);
        Step::Took(bytes.len())
    }
}

fn read(bytes: &[u8], tree: &mut Tree, fields: &mut Fields, own: &mut Fields) -> Result<(), Stop> {
    let mut cursor = Cursor::new(bytes);
    let why = "NTP message cut short";
    let first = cursor.u8(why)?;
    let (leap, version, mode) = (first >> 6, first >> 3 & 7, first & 7);
    tree.int("ntp.flags.li", "Leap Indicator", 0..1, leap);
    tree.int("ntp.flags.vn", "Version number", 0..1, version);
    tree.coded("ntp.flags.mode", "Mode", 0..1, mode, || format!("{mode} ({})", mode_name(mode)));
    fields.int("version", version.into());
    fields.int("mode", mode.into());
    if leap != 0 {
        fields.int("leap", leap.into());
    }
    if !(1..=5).contains(&mode) {
        tree.bytes("ntp.data", "Data", cursor.remaining(), cursor.rest());
        return Ok(());
    }
    let stratum = cursor.u8(why)?;
    tree.int("ntp.stratum", "Peer Clock Stratum", 1..2, stratum);
    fields.int("stratum", stratum.into());
    let poll = cursor.u8(why)?;
    tree.coded("ntp.ppoll", "Peer Polling Interval", 2..3, poll, || format!("2^{poll} seconds"));
    if poll < 32 {
        fields.int("poll", 1 << poll);
    }
    let precision = cursor.u8(why)?.cast_signed();
    tree.coded("ntp.precision", "Peer Clock Precision", 3..4, precision, || format!("2^{precision} seconds"));
    fields.real("precision", 2_f64.powi(precision.into()));
    for (name, field, label) in
        [("root_delay", "ntp.rootdelay", "Root Delay"), ("root_disp", "ntp.rootdispersion", "Root Dispersion")]
    {
        let start = cursor.at();
        let seconds = f64::from(cursor.u32(why)?) / 65_536.0;
        tree.text(field, label, cursor.since(start), format_args!("{seconds:.6} seconds"));
        own.real(name, seconds);
    }
    let start = cursor.at();
    let id = cursor.u32(why)?;
    let shown = reference(stratum, id);
    tree.text("ntp.refid", "Reference ID", cursor.since(start), &shown);
    if id != 0 {
        fields.text("ref_id", &shown);
    }
    for (name, field, label) in [
        ("ref_time", "ntp.reftime", "Reference Timestamp"),
        ("org_time", "ntp.org", "Origin Timestamp"),
        ("rec_time", "ntp.rec", "Receive Timestamp"),
        ("xmt_time", "ntp.xmt", "Transmit Timestamp"),
    ] {
        let start = cursor.at();
        let stamp = cursor.u64(why)?;
        if let Some(time) = time(stamp) {
            tree.text(field, label, cursor.since(start), time);
            own.shown(name, time);
        }
    }
    if !cursor.is_empty() {
        tree.bytes("ntp.ext", "Extensions and authentication", cursor.remaining(), cursor.rest());
    }
    Ok(())
}

fn mode_name(mode: u8) -> &'static str {
    ["reserved", "symmetric active", "symmetric passive", "client", "server", "broadcast", "control", "private"]
        [usize::from(mode & 7)]
}

/// Four letters near the root, an address (of IPv6 peers a hash that looks like one) further away.
fn reference(stratum: u8, id: u32) -> String {
    let letters = id.to_be_bytes();
    let name: &[u8] = letters.trim_ascii_end();
    let name = name.split(|byte| *byte == 0).next().unwrap_or_default();
    if stratum <= 1 && !name.is_empty() && name.iter().all(u8::is_ascii_graphic) {
        return String::from_utf8_lossy(name).into_owned();
    }
    Ipv4Addr::from(id).to_string()
}

/// Seconds since 1900 and their fraction in 32 bits each; zero: not set. Read as a time from 1900 to 2036: devices whose clock
/// was reset say so by a time near 1900, which is of more interest than the next era.
fn time(stamp: u64) -> Option<Time> {
    if stamp == 0 {
        return None;
    }
    let nanos = ((stamp & 0xffff_ffff) * 1_000_000_000) >> 32;
    Time::new((stamp >> 32).cast_signed() - UNIX, nanos.cast_signed())
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;
    use crate::protocols::Side;
    use crate::protocols::testing::{Random, bytes, datagrams, survives, taken, tree};

    const CLIENT: &str =
        "23 00 06 ec 00000000 00000000 00000000 0000000000000000 0000000000000000 0000000000000000 e8fe6f8080000000";
    const SERVER: &str =
        "24 01 06 e8 00000100 00000200 47505300 e8fe6f0000000000 e8fe6f8080000000 e8fe6f8090000000 e8fe6f80a0000000";

    fn check(hex: &str, expect: Expect) {
        expect.assert_eq(&datagrams(&Ntp, &[(Side::Orig, &bytes(hex))]));
    }

    #[test]
    fn client_and_server() {
        check(
            CLIENT,
            expect![[r#"
            ntp 'client' {"msg_type":"client","version":4,"mode":3,"stratum":0,"poll":64,"precision":0.00000095367431640625} {"root_delay":0,"root_disp":0,"xmt_time":"2023-11-14T22:13:20.500000000Z"}
        "#]],
        );
        check(
            SERVER,
            expect![[r#"
            ntp 'server' {"msg_type":"server","version":4,"mode":4,"stratum":1,"poll":64,"precision":0.00000005960464477539063,"ref_id":"GPS"} {"root_delay":0.00390625,"root_disp":0.0078125,"ref_time":"2023-11-14T22:11:12.000000000Z","org_time":"2023-11-14T22:13:20.500000000Z","rec_time":"2023-11-14T22:13:20.562500000Z","xmt_time":"2023-11-14T22:13:20.625000000Z"}
        "#]],
        );
    }

    #[test]
    fn a_clock_that_was_reset() {
        check(
            &CLIENT.replace("e8fe6f8080000000", "0000003c00000000"),
            expect![[r#"
            ntp 'client' {"msg_type":"client","version":4,"mode":3,"stratum":0,"poll":64,"precision":0.00000095367431640625} {"root_delay":0,"root_disp":0,"xmt_time":"1900-01-01T00:01:00.000000000Z"}
        "#]],
        );
    }

    #[test]
    fn a_refusal_and_a_control_message() {
        check(
            &SERVER.replace("24 01", "e4 00").replace("47505300", "52415445"),
            expect![[r#"
            ntp 'server' {"msg_type":"server","version":4,"mode":4,"leap":3,"stratum":0,"poll":64,"precision":0.00000005960464477539063,"ref_id":"RATE"} {"root_delay":0.00390625,"root_disp":0.0078125,"ref_time":"2023-11-14T22:11:12.000000000Z","org_time":"2023-11-14T22:13:20.500000000Z","rec_time":"2023-11-14T22:13:20.562500000Z","xmt_time":"2023-11-14T22:13:20.625000000Z"}
        "#]],
        );
        check(
            "1602000100000000000000000000",
            expect![[r#"
            ntp 'control' {"msg_type":"control","version":2,"mode":6} {}
        "#]],
        );
    }

    #[test]
    fn malformed() {
        check(
            "2300",
            expect![[r#"
            ntp 'client' {"msg_type":"client","version":4,"mode":3,"stratum":0} {}
            ! 2 NTP message cut short
        "#]],
        );
    }

    #[test]
    fn tree_has_the_bytes_of_every_field() {
        expect![[r#"
            ntp = server 0..48
              ntp.flags.li = 0 0..1
              ntp.flags.vn = 4 0..1
              ntp.flags.mode = 4 (server) 0..1
              ntp.stratum = 1 1..2
              ntp.ppoll = 2^6 seconds 2..3
              ntp.precision = 2^-24 seconds 3..4
              ntp.rootdelay = 0.003906 seconds 4..8
              ntp.rootdispersion = 0.007812 seconds 8..12
              ntp.refid = GPS 12..16
              ntp.reftime = 2023-11-14T22:11:12.000000000Z 16..24
              ntp.org = 2023-11-14T22:13:20.500000000Z 24..32
              ntp.rec = 2023-11-14T22:13:20.562500000Z 32..40
              ntp.xmt = 2023-11-14T22:13:20.625000000Z 40..48
        "#]]
        .assert_eq(&tree(&Ntp, Transport::Udp, Side::Orig, &bytes(SERVER)));
    }

    #[test]
    fn recognised_by_payload() {
        for hex in [CLIENT, SERVER] {
            assert!(taken(&Ntp, Transport::Udp, false, &bytes(hex)));
        }
        let mut random = Random(29);
        assert!((0..100_000).all(|n| !taken(&Ntp, Transport::Udp, false, &random.bytes(40 + n % 16))));
    }

    #[test]
    fn survives_anything() {
        survives(&Ntp, Transport::Udp, &[CLIENT, SERVER].map(bytes));
    }
}
