//! Whatever is said to the door: it goes on, and whoever behaves notices nothing.

mod lab;

use std::time::Duration;

use device::authority::Authority;
use device::broker::{Broker, Settings};
use lab::client::Client;
use lab::mqtt::{
    BOTH, Connect, V, ack, disconnect, frame, ping, publish, publish_as, retained, subscribe, text, unsubscribe,
};
use lab::{Lab, now, until};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

/// The same in every run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % sides.max(1) as u64) as usize
    }
}

fn seeds(version: V) -> Vec<Vec<u8>> {
    let none: &[u8] = if version == V::V5 { &[0] } else { &[] };
    let mut seeds = vec![
        publish(version, "A/data", b"hello", 2, 7),
        publish(version, "$aws/things/A/shadow/update", br#"{"state":{"desired":{"a":[1,{"b":null}]}}}"#, 1, 8),
        publish(version, "$aws/things/A/shadow/name/x/get", b"", 1, 9),
        retained(version, "A/data", b"kept"),
        publish_as(version, "A/data", b"again", 0x0a, 7),
        subscribe(version, 3, &[("A/command", 1), ("$aws/things/A/shadow/#", 2), ("#", 0)]),
        unsubscribe(version, 4, "A/command"),
        ack(4, 1),
        ack(5, 1),
        ack(6, 7),
        ack(7, 1),
        ping(),
        disconnect(),
        frame(0x40, &[0, 1, 0x10, 0]),
        frame(0x62, &[0, 7, 0x92, 5, 0x1f, 0, 2, b'a', b'b']),
        frame(0xe0, &[0x04, 5, 0x11, 0, 0, 0, 9]),
        frame(0xf0, &[0x18, 4, 0x15, 0, 1, b'x']),
    ];
    let properties = [vec![3], vec![0x23, 0, 1]].concat();
    if version == V::V5 {
        seeds.push(frame(0x30, &[text("A/data"), properties.clone(), b"x".to_vec()].concat()));
        seeds.push(frame(0x30, &[text(""), properties, b"x".to_vec()].concat()));
        seeds.push(frame(0x82, &[&[0, 3, 2, 0x0b, 7][..], &text("A/command"), &[0x2d]].concat()));
    }
    seeds.push(frame(0xa2, &[&[0, 1][..], none].concat()));
    seeds
}

#[tokio::test(flavor = "multi_thread")]
async fn changed_packets() {
    let lab = Lab::new();
    let (a, b) = (lab.light("A"), lab.light("B"));
    let mut good = Client::come(&lab, &b, Connect { keep_alive: 1200, ..Connect::lasting(V::V5, "B") }).await;
    good.subscribe(&[("B/command", 1)]).await;
    let mut dice = Dice(0x1234_5678_9abc_def1);
    let turns = std::env::var("LINTEL_INPUTS").ok().and_then(|text| text.parse().ok()).unwrap_or(300);
    for turn in 0..turns {
        let version = BOTH[turn % 2];
        let (mut client, connack) = Client::connect(&lab, &a, &Connect::lasting(version, "A")).await;
        assert_eq!(connack.map(|connack| connack.body[1]), Some(0), "turn {turn}");
        let seeds = seeds(version);
        let mut said = Vec::new();
        for _ in 0..1 + dice.roll(6) {
            let mut packet = seeds[dice.roll(seeds.len())].clone();
            for _ in 0..dice.roll(3) {
                // Mostly behind the length, so that it is a packet still.
                let at = if dice.roll(8) == 0 {
                    dice.roll(packet.len())
                } else {
                    (2 + dice.roll(packet.len())).min(packet.len() - 1)
                };
                packet[at] = dice.roll(256) as u8;
            }
            said.extend(packet);
        }
        if dice.roll(6) == 0 {
            said.truncate(dice.roll(said.len()));
        }
        client.say(&said).await;
        match dice.roll(3) {
            0 => client.vanish().await,
            1 => drop(client.hears_now().await),
            _ => drop(client),
        }
    }
    good.publish("B/data", b"still here").await;
    lab.broker.publish("B/command", b"on".to_vec(), 1, false).unwrap();
    assert_eq!(good.message().await.payload, b"on");
    let mut calm = Client::come(&lab, &a, Connect::new(V::V3, "A")).await;
    calm.subscribe(&[("A/command", 1)]).await;
    calm.publish("A/data", b"and so am I").await;
    assert_eq!(lab.world.leavings("B"), [] as [String; 0]);
    let said = lab.world.messages.lock().unwrap();
    assert!(
        said.iter().all(|(thing, topic, _)| topic.contains(&format!("{thing}/"))),
        "everybody on topics of their own"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_tls() {
    let lab = Lab::new();
    let a = lab.light("A");
    let mut dice = Dice(77);
    for turn in 0..100 {
        let mut said: Vec<u8> = (0..dice.roll(400)).map(|_| dice.roll(256) as u8).collect();
        if turn % 2 == 0 {
            said.splice(0..0, [22, 3, 1, 0, 200, 1, 0, 0, 196, 3, 3]);
        }
        let mut stream = TcpStream::connect(lab.at()).await.unwrap();
        let _ = stream.write_all(&said).await;
    }
    until("all are on record", || lab.world.refusals().len() == 100).await;
    Client::come(&lab, &a, Connect::new(V::V3, "A")).await.publish("A/data", b"x").await;
}

/// Large, and no larger.
#[tokio::test(flavor = "multi_thread")]
async fn large_packets() {
    for version in BOTH {
        let lab = Lab::new();
        let a = lab.light("A");
        let mut client = Client::come(&lab, &a, Connect::new(version, "A")).await;
        let most = (256 << 10) - 4 - 8 - 2 - usize::from(version == V::V5);
        client.publish("A/data", &vec![b'x'; most]).await;
        client.say(&publish(version, "A/data", &vec![b'x'; most + 1], 1, 6)).await;
        let last = client.hear().await.map(|said| (said.kind, said.body[0]));
        assert_eq!(last, (version == V::V5).then_some((14, 0x95)));
        until("it is known why", || lab.world.leavings("A") == ["CLIENT_ERROR"]).await;
        assert_eq!(lab.world.messages.lock().unwrap().len(), 1);
    }
}

#[test]
fn an_address_that_is_taken() {
    let lab = Lab::new();
    let authority = Authority::make("Case 8", now()).unwrap();
    let settings = Settings { listen: lab.at(), ..Settings::new(authority) };
    let why = Broker::start(settings, lab.world.clone(), lab.world.clone()).err().unwrap().to_string();
    assert!(why.starts_with(&format!("listening on {}: ", lab.at())), "{why}");
    let before = std::time::Instant::now();
    drop(lab);
    assert!(before.elapsed() < Duration::from_secs(2));
}
