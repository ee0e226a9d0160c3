//! Who is there, and why who is not has left.

mod lab;

use std::time::{Duration, Instant};

use lab::client::Client;
use lab::mqtt::{BOTH, Connect, V, disconnect, frame, ping};
use lab::{Lab, now, until};

#[tokio::test(flavor = "multi_thread")]
async fn reasons() {
    for version in BOTH {
        let lab = Lab::new();
        let a = lab.light("A");
        assert_eq!(lab.broker.connectivity("A"), None);
        let began = now().0 / 1_000_000;
        let mut client = Client::come(&lab, &a, Connect::new(version, "A")).await;
        let known = lab.broker.connectivity("A").unwrap();
        assert_eq!((known.connected, known.reason), (true, None));
        assert!((began..=now().0 / 1_000_000).contains(&known.at.unwrap()));
        client.say(&disconnect()).await;
        assert_eq!(client.hear().await, None);
        until("it said goodbye", || lab.world.leavings("A") == ["CLIENT_INITIATED_DISCONNECT"]).await;

        Client::come(&lab, &a, Connect::new(version, "A")).await.vanish().await;
        until("it went away", || lab.world.leavings("A").last().is_some_and(|last| last == "CONNECTION_LOST")).await;

        let mut first = Client::come(&lab, &a, Connect::new(version, "A")).await;
        let mut second = Client::come(&lab, &a, Connect::new(version, "A")).await;
        if version == V::V5 {
            assert_eq!(first.hear().await.map(|said| (said.kind, said.body[0])), Some((14, 0x8e)));
        }
        assert_eq!(first.hear().await, None);
        second.publish("A/data", b"here").await;
        assert_eq!(lab.world.leavings("A").last().unwrap(), "DUPLICATE_CLIENTID");
        assert!(lab.broker.connectivity("A").unwrap().connected);
        // The former left before the latter came.
        let said: Vec<bool> = lab.world.connectivity.lock().unwrap().iter().map(|(_, now)| now.connected).collect();
        assert_eq!(said, [true, false, true, false, true, false, true]);

        let world = lab.world.clone();
        lab.broker.stop();
        if version == V::V5 {
            assert_eq!(second.hear().await.map(|said| (said.kind, said.body[0])), Some((14, 0x98)));
        }
        assert_eq!(second.hear().await, None);
        assert_eq!(world.leavings("A").last().unwrap(), "SERVER_INITIATED_DISCONNECT");
        let reasons: Vec<_> = world.events("disconnected").iter().map(|event| event.fields["reason"].clone()).collect();
        assert_eq!(reasons, world.leavings("A"));
    }
}

/// Its power is cut: nothing comes any more, and the connection stays open.
#[tokio::test(flavor = "multi_thread")]
async fn a_light_that_is_cut_off_is_noticed() {
    for version in BOTH {
        let lab = Lab::new();
        let a = lab.light("A");
        let mut client = Client::come(&lab, &a, Connect { keep_alive: 2, ..Connect::new(version, "A") }).await;
        for _ in 0..3 {
            tokio::time::sleep(Duration::from_millis(1900)).await;
            client.say(&ping()).await;
            assert_eq!(client.hear().await.map(|said| said.kind), Some(13));
        }
        // Half a packet is no sign of life.
        client.say(&frame(0x30, &[0; 50])[..20]).await;
        let silent = Instant::now();
        until("it is noticed", || lab.world.leavings("A") == ["MQTT_KEEP_ALIVE_TIMEOUT"]).await;
        let took = silent.elapsed();
        assert!(took > Duration::from_millis(2900) && took < Duration::from_secs(4), "{took:?}");
        if version == V::V5 {
            assert_eq!(client.hear().await.map(|said| said.body[0]), Some(0x8d));
        }
        assert_eq!(client.hear().await, None);
    }
}

/// Whoever opens connections and says nothing does not keep them.
#[tokio::test(flavor = "multi_thread")]
async fn one_who_says_nothing_is_not_waited_for() {
    let lab = Lab::new();
    let a = lab.light("A");
    let mut silent = Client::open(&lab, Some(&a)).await.unwrap();
    let plain = tokio::net::TcpStream::connect(lab.at()).await.unwrap();
    tokio::time::sleep(Duration::from_millis(9500)).await;
    assert_eq!(silent.hear().await, None);
    until("both are on record", || {
        let mut refusals = lab.world.refusals();
        refusals.sort();
        refusals == ["- HANDSHAKE_TIMEOUT -", "A CONNECT_TIMEOUT -"]
    })
    .await;
    drop(plain);
}
