//! Brokers that answer wrongly: each is understood as far as it goes, told in a sentence, and costs nothing.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

use device::remote::{Broker, Standing, Version};

use crate::kept::{Told, settings, until};

/// Answers a CONNECT with these bytes, piece by piece, and then each further piece after something came.
fn answering(pieces: Vec<Vec<u8>>) -> (u16, std::thread::JoinHandle<Vec<u8>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let thread = std::thread::spawn(move || {
        let (mut client, _) = listener.accept().unwrap();
        client.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
        let (mut came, mut buffer) = (Vec::new(), [0; 4096]);
        for piece in pieces {
            let Ok(n @ 1..) = client.read(&mut buffer) else { break };
            came.extend(&buffer[..n]);
            if client.write_all(&piece).is_err() {
                break;
            }
        }
        let _ = client.shutdown(std::net::Shutdown::Write);
        while let Ok(n @ 1..) = client.read(&mut buffer) {
            came.extend(&buffer[..n]);
        }
        came
    });
    (port, thread)
}

const IN: &[u8] = &[0x20, 2, 0, 0];

#[test]
fn answers_to_a_connect() {
    for (answer, version, expect) in [
        (&b""[..], Version::V311, "closes the connection instead of answering"),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", Version::V311, "closes the connection instead of answering"),
        (b"\x15\x03\x03\0\x02\x02\x28", Version::V311, "does not speak MQTT"),
        (b"\x20\x02\0\x01", Version::V311, "does not speak this version of MQTT"),
        (b"\x20\x02\0\x02", Version::V311, "does not take this client id"),
        (b"\x20\x02\0\x03", Version::V311, "not available just now"),
        (b"\x20\x02\0\x04", Version::V311, "user or password is wrong"),
        (b"\x20\x02\0\x05", Version::V311, "not allowed in"),
        (b"\x20\x02\0\x77", Version::V311, "a reason that MQTT has no name for"),
        (b"\x20\x03\0\x87\0", Version::V5, "not allowed to do that"),
        (b"\x20\x0c\0\x87\x09\x1f\0\x06banned", Version::V5, "it says: banned"),
        (b"\x20\x02\xff\0", Version::V311, "no CONNACK"),
        (b"\x20\x03\0\0\x7f", Version::V5, "no CONNACK"),
        (b"\xd0\0", Version::V311, "no CONNACK"),
        (b"\x20\xff\xff\xff\x7f", Version::V311, "more than are taken"),
        (b"\x20\xff\xff\xff\xff\xff", Version::V311, "more than four bytes"),
    ] {
        let (port, thread) = answering(vec![answer.to_vec()]);
        let told = Told::new();
        let mut come = settings(port);
        come.version = version;
        let began = Instant::now();
        let why = Broker::connect(come, told.clone()).err().unwrap_or_else(|| panic!("{expect}: it is let in"));
        assert!(why.contains(expect), "{answer:?}: {why}");
        assert!(began.elapsed() < Duration::from_secs(4), "{expect}");
        let came = thread.join().unwrap();
        assert_eq!(told.packets(port)[0], (true, came), "what came is what was recorded");
        assert_eq!(told.acts().last(), Some(&"disconnected"), "{expect}");
    }
}

#[test]
fn what_a_broker_says_later() {
    let publish = |topic: &[u8]| [&[0x30, topic.len() as u8 + 2, 0, topic.len() as u8][..], topic].concat();
    for (said, version, ended, messages, expect) in [
        (publish(b"t"), Version::V311, Standing::Waiting, 1, "without saying why"),
        (publish(b"+"), Version::V311, Standing::Ended, 0, "malformed packet (type 3"),
        (publish(b"\xff"), Version::V311, Standing::Ended, 0, "malformed packet (type 3"),
        ([publish(b"t"), IN.to_vec()].concat(), Version::V311, Standing::Ended, 1, "a second CONNACK"),
        (vec![0x36, 5, 0, 1, b't', 0, 1], Version::V311, Standing::Ended, 0, "malformed packet (type 3"),
        (vec![0x30, 7, 0, 1, b't', 3, 0x23, 0, 5], Version::V5, Standing::Ended, 0, "malformed packet (type 3"),
        (vec![0xe0, 1, 0x8e], Version::V5, Standing::Ended, 0, "took over"),
        (vec![0xe0, 1, 0x8b], Version::V5, Standing::Waiting, 0, "shutting down"),
        (vec![0xe0, 0], Version::V311, Standing::Ended, 0, "malformed packet (type 14"),
        (vec![0x90, 3, 0xff, 0xff, 1], Version::V311, Standing::Waiting, 0, "without saying why"),
        (vec![0x00, 0x00], Version::V311, Standing::Ended, 0, "does not speak MQTT"),
    ] {
        let accepted = if version == Version::V5 { vec![0x20, 3, 0, 0, 0] } else { IN.to_vec() };
        let (port, thread) = answering(vec![[accepted, said.clone()].concat()]);
        let told = Told::new();
        let mut come = settings(port);
        come.version = version;
        let broker = Broker::connect(come, told.clone()).unwrap();
        until(expect, || matches!(broker.state().standing, Standing::Waiting | Standing::Ended));
        let state = broker.state();
        assert!(state.why.as_ref().is_some_and(|why| why.contains(expect)), "{said:?}: {:?}", state.why);
        assert_eq!((state.standing, state.sums.messages), (ended, messages), "{said:?}");
        drop(broker);
        thread.join().unwrap();
    }
}

/// The answer to a question that was asked, from somebody else's mouth.
#[test]
fn answers_that_nobody_asked_for_and_none_that_were() {
    let (port, thread) = answering(vec![IN.to_vec(), vec![0x90, 3, 0x12, 0x34, 0], vec![]]);
    let broker = Broker::connect(settings(port), Told::new()).unwrap();
    let why = broker.subscribe("home/lamp", 0, false).unwrap_err();
    assert!(why.contains("lost before the broker had answered"), "{why}");
    thread.join().unwrap();
}

#[test]
fn what_can_not_be_kept_is_neither_acknowledged_nor_sent() {
    let qos_1 = [&[0x32, 6, 0, 1][..], b"t", &[0, 9, b'x']].concat();
    let (port, thread) = answering(vec![IN.to_vec(), vec![0x90, 3, 0, 1, 1], qos_1]);
    let told = Told::new();
    let broker = Broker::connect(settings(port), told.clone()).unwrap();
    broker.subscribe("t", 1, false).unwrap();
    told.full.store(true, Relaxed);
    let why = broker.publish("t", b"on", 0, false).unwrap_err();
    assert!(why.contains("lost"), "{why}");
    until("it goes on", || broker.state().standing == Standing::Ended);
    let why = broker.state().why.unwrap();
    assert!(why.contains("the disk is full") && why.contains("not sent"), "{why}");
    let came = thread.join().unwrap();
    // CONNECT and SUBSCRIBE came, and nothing behind them.
    assert!(came.ends_with(&[0x82, 6, 0, 1, 0, 1, b't', 1]), "{came:?}");
}

/// What the library that speaks for us takes badly: no keep-alive, the end of what an earlier session began, QoS 2 that is refused.
#[test]
fn what_is_kept_from_the_library() {
    let connack = [0x20, 6, 0, 0, 3, 0x13, 0, 0];
    let pieces = [&[&connack[..], &[0x62, 2, 0, 9]].concat()[..], b"", &[0x50, 4, 0, 1, 0x87, 0], &[0x40, 2, 0, 2]];
    let (port, thread) = answering(pieces.iter().map(|piece| piece.to_vec()).collect());
    let told = Told::new();
    let mut come = settings(port);
    (come.version, come.keep_alive) = (Version::V5, 0);
    let broker = Broker::connect(come, told.clone()).unwrap();
    until("it is not ended", || told.packets(port).contains(&(true, vec![0x70, 2, 0, 9])));
    std::thread::sleep(Duration::from_millis(200)); // so that the other side reads it by itself
    let why = broker.publish("t", b"on", 2, false).unwrap_err();
    assert!(why.contains("not allowed to do that"), "{why}");
    assert_eq!(broker.publish("t", b"on", 1, false), Ok("taken by the broker with QoS 1".into()));
    broker.disconnect();
    let came = thread.join().unwrap();
    let [publish_2, publish_1] = [[0x34, 0, 1], [0x32, 0, 2]]
        .map(|[first, high, low]| [&[first, 8, 0, 1, b't', high, low, 0][..], b"on"].concat());
    let after = [vec![0x70, 2, 0, 9], publish_2, publish_1].concat();
    let ours: Vec<u8> = told.packets(port).into_iter().filter(|(ours, _)| *ours).flat_map(|(_, bytes)| bytes).collect();
    assert!(came.windows(after.len()).any(|place| place == after), "{came:x?}");
    assert!(ours.starts_with(&came), "what came is what was recorded");
    assert_eq!(came.get(10..12), Some(&[0, 0][..]), "the keep-alive is off");
}
