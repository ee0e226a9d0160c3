use super::answer::{for_outside, frame, with_decisions};
use super::*;

fn text(text: &str) -> Vec<u8> {
    let mut bytes = (text.len() as u16).to_be_bytes().to_vec();
    bytes.extend_from_slice(text.as_bytes());
    bytes
}

/// All packets of a stream that comes in pieces of a size, and how it ends.
fn cut(stream: &[u8], piece: usize) -> (Vec<Vec<u8>>, Option<Malformed>) {
    let (mut cutter, mut packets) = (Cutter::default(), Vec::new());
    for piece in stream.chunks(piece) {
        cutter.room().extend_from_slice(piece);
        loop {
            match cutter.next() {
                Ok(Some(packet)) => packets.push(packet),
                Ok(None) => break,
                Err(malformed) => return (packets, Some(malformed)),
            }
        }
        assert!(cutter.rest().len() <= LARGEST + piece.len());
    }
    (packets, None)
}

#[test]
fn streams_are_cut_wherever_they_are_broken() {
    let long = frame(PUBLISH << 4, &[text("a"), vec![7; 70_000]].concat());
    let packets = [frame(PINGREQ << 4, &[]), frame(PUBLISH << 4, &[text("a/b"), b"hi".to_vec()].concat()), long];
    for piece in [1, 2, 3, 1000, 1 << 20] {
        assert_eq!(cut(&packets.concat(), piece), (packets.to_vec(), None), "{piece}");
    }
    for (stream, at, why) in [
        (&b"\xc0\x00\x00\x00"[..], 0, "packet of type 0"),
        (b"\xc1\x00", 0, "flags that this type of packet does not have"),
        (b"\x36\x00", 0, "flags that this type of packet does not have"),
        (b"\x80\x00", 0, "flags that this type of packet does not have"),
        (b"\x30\xff\xff\xff\xff\x01", 4, "remaining length has more than four bytes"),
        (b"\x30\xff\xff\xff\x7f", 1, TOO_LARGE),
        (b"GET / HTTP/1.1\r\n\r\n", 0, "flags that this type of packet does not have"),
    ] {
        assert_eq!(cut(stream, 1).1, Some(Malformed { at, why }), "{stream:x?}");
    }
}

#[test]
fn connects_are_read_and_passed_on() {
    let v3 = [text("MQTT"), vec![4, 0x36, 0, 60], text("lamp"), text("lamp/data"), text("gone")].concat();
    let v3 = frame(CONNECT << 4, &v3);
    let read = Connect::read(&v3).unwrap();
    assert_eq!((read.version, read.clean, read.keep_alive, read.id), (Version::V3, true, 60, "lamp"));
    assert_eq!(read.will, Some(Will { topic: "lamp/data", qos: 2, retain: true }));
    let inside = read.with(&v3, "lamp", 0xffff);
    assert_eq!(inside, [&v3[..10], &[0xff, 0xff], &v3[12..]].concat());

    let v5 = [text("MQTT"), vec![5, 0xc2, 0, 0, 5, 0x11, 0, 0, 0, 9], text(""), text("user"), text("word")].concat();
    let v5 = frame(CONNECT << 4, &v5);
    let read = Connect::read(&v5).unwrap();
    assert_eq!((read.version, read.id, read.will.as_ref()), (Version::V5, "", None));
    let inside = read.with(&v5, "lamp", 0xffff);
    let again = Connect::read(&inside).unwrap();
    assert_eq!((again.id, again.keep_alive, again.version), ("lamp", 0xffff, Version::V5));

    let connack = frame(CONNACK << 4, &[0, 0, 3, 0x22, 0, 8]);
    let said = with_decisions(&connack, &read, "lamp", 1200);
    assert_eq!(said, frame(CONNACK << 4, b"\x00\x00\x0d\x22\x00\x08\x12\x00\x04lamp\x13\x04\xb0"));
}

#[test]
fn connects_that_are_none() {
    let connect = |body: Vec<u8>| frame(CONNECT << 4, &body);
    let cases = [
        (connect([text("MQIsdp"), vec![3, 2, 0, 60], text("x")].concat()), NoConnect::Version(3)),
        (connect([text("MQTT"), vec![6, 2, 0, 60], text("x")].concat()), NoConnect::Version(6)),
        (connect(text("AMQP")), NoConnect::Malformed(Malformed { at: 8, why: "packet ends too soon" })),
        (
            connect([text("MQTT"), vec![4, 3, 0, 60], text("x")].concat()),
            no(10, "connect flags that contradict themselves"),
        ),
        (
            connect([text("MQTT"), vec![4, 2, 0, 60], text("a\0")].concat()),
            no(12, "text is not UTF-8, or has a null character"),
        ),
        (connect([text("MQTT"), vec![4, 2, 0, 60, 0, 9]].concat()), no(14, "packet ends too soon")),
        (
            connect([text("MQTT"), vec![4, 2, 0, 60], text("x"), vec![1]].concat()),
            no(15, "something follows the packet's end"),
        ),
        (
            connect([text("MQTT"), vec![5, 2, 0, 60, 1, 0x7f], text("x")].concat()),
            no(14, "a property that does not exist"),
        ),
        (
            connect([text("MQTT"), vec![4, 6, 0, 60], text("x"), text("#"), text("")].concat()),
            no(18, "the will's topic is no topic"),
        ),
        (frame(PINGREQ << 4, &[]), no(0, "the first packet is no CONNECT")),
    ];
    for (packet, why) in cases {
        assert_eq!(Connect::read(&packet).unwrap_err(), why, "{packet:x?}");
    }
    fn no(at: usize, why: &'static str) -> NoConnect {
        NoConnect::Malformed(Malformed { at, why })
    }
}

#[test]
fn publishes_and_filters_are_read() {
    let packet = frame(PUBLISH << 4 | 3, &[text("a/b"), vec![0, 7], b"hi".to_vec()].concat());
    let read = Publish::read(&packet, Version::V3).unwrap();
    assert_eq!((read.topic, read.qos, read.retain, read.id), ("a/b", 1, true, Some(7)));
    assert_eq!(&packet[read.payload], b"hi");
    let packet = frame(PUBLISH << 4, &[text(""), vec![3, TOPIC_ALIAS, 0, 9], b"hi".to_vec()].concat());
    let read = Publish::read(&packet, Version::V5).unwrap();
    assert_eq!((read.topic, read.alias, &packet[read.payload]), ("", Some(9), &b"hi"[..]));
    for (body, why) in [
        ([text(""), vec![0]].concat(), "what it is published to is no topic"),
        ([text("a/+"), vec![0]].concat(), "what it is published to is no topic"),
        ([text("a"), vec![2, 0x23, 0]].concat(), "packet ends too soon"),
    ] {
        assert_eq!(Publish::read(&frame(PUBLISH << 4, &body), Version::V5).unwrap_err().why, why);
    }
    let zero = frame(PUBLISH << 4 | 2, &[text("a"), vec![0, 0]].concat());
    assert_eq!(Publish::read(&zero, Version::V3).unwrap_err().why, "packet identifier is 0");

    let packet = frame(SUBSCRIBE << 4 | 2, &[vec![0, 1], text("a/#"), vec![1], text("b"), vec![2]].concat());
    assert_eq!(filters(&packet, Version::V3).unwrap(), ["a/#", "b"]);
    for (body, why) in [
        (vec![0, 1], "a SUBSCRIBE without a filter"),
        ([vec![0, 1], text("a#"), vec![0]].concat(), "what is subscribed to is no filter"),
        ([vec![0, 1], text("a"), vec![3]].concat(), "subscription options that do not exist"),
        ([vec![0, 1], text("a")].concat(), "packet ends too soon"),
    ] {
        assert_eq!(filters(&frame(SUBSCRIBE << 4 | 2, &body), Version::V3).unwrap_err().why, why);
    }
}

#[test]
fn nothing_goes_out_that_nobody_sent() {
    let pair = |key: &str| [vec![USER_PROPERTY], text(key), text("lamp")].concat();
    let with = [text("a"), vec![0, 9], vec![25 + 10], pair("x-mqtt-client-id"), pair("k")].concat();
    let without = [text("a"), vec![0, 9], vec![10], pair("k"), b"hi".to_vec()].concat();
    let with = frame(PUBLISH << 4 | 2, &[with, b"hi".to_vec()].concat());
    let without = frame(PUBLISH << 4 | 2, &without);
    assert_eq!(for_outside(&with, Version::V5), Some(without.clone()));
    assert_eq!(for_outside(&without, Version::V5), None);
    assert_eq!(for_outside(&frame(PUBCOMP << 4, &[0, 7, 0x92]), Version::V3), Some(frame(PUBCOMP << 4, &[0, 7])));
}

/// Random, cut and changed packets: nothing panics, and what is read lies within the packet.
#[test]
fn any_bytes() {
    let mut seed = 0x9e37_79b9_7f4a_7c15u64;
    let mut random = move || {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        seed
    };
    let seeds = [
        frame(
            CONNECT << 4,
            &[
                text("MQTT"),
                vec![5, 0xc6, 0, 60, 3, 0x21, 0, 9],
                text("lamp"),
                vec![0],
                text("a"),
                text("w"),
                text("u"),
                text("p"),
            ]
            .concat(),
        ),
        frame(PUBLISH << 4 | 2, &[text("a/b"), vec![0, 7, 3, TOPIC_ALIAS, 0, 1], b"hello".to_vec()].concat()),
        frame(SUBSCRIBE << 4 | 2, &[vec![0, 1, 0], text("a/#"), vec![1]].concat()),
        frame(CONNACK << 4, &[0, 0, 3, 0x22, 0, 8]),
    ];
    for turn in 0..200_000usize {
        let mut bytes = seeds[turn % seeds.len()].clone();
        for _ in 0..random() % 4 {
            let at = random() as usize % bytes.len();
            bytes[at] = random() as u8;
        }
        if turn % 3 == 0 {
            bytes.truncate(random() as usize % (bytes.len() + 1));
        }
        let (packets, _) = cut(&bytes, 1 + turn % 7);
        for packet in packets.iter().chain([&bytes]) {
            for version in [Version::V3, Version::V5] {
                if let Ok(connect) = Connect::read(packet) {
                    assert!(Connect::read(&connect.with(packet, "lamp", 0xffff)).is_ok(), "{packet:x?}");
                    with_decisions(packet, &connect, "lamp", 1200);
                }
                if let Ok(publish) = Publish::read(packet, version) {
                    assert!(packet.get(publish.payload).is_some());
                }
                let _ = (filters(packet, version), identifier(packet), for_outside(packet, version));
            }
        }
    }
}
