//! What any MQTT broker has to do (after the interoperability tests of the Eclipse Paho project), as a thing on the bench sees it: here its topics are
//! its own.

mod lab;

use lab::client::Client;
use lab::mqtt::{BOTH, Connect, V, ack, disconnect, frame, ping, publish, retained, unsubscribe};
use lab::{Lab, until};

/// A lab where things may listen to what they say, as the tests of others need it.
fn lab() -> Lab {
    Lab::with(
        r#"{"name":"light","label":"Probe","command":"{id}/command","publish":["{id}/data","{id}/a","{id}/a/b","{id}/c"],
            "subscribe":["{id}/#"]}"#,
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn basic() {
    for version in BOTH {
        let lab = lab();
        let a = lab.light("A");
        let mut client = Client::come(&lab, &a, Connect::new(version, "A")).await;
        assert_eq!(client.subscribe(&[("A/a", 2), ("A/c", 0)]).await, [2, 0]);
        client.say(&publish(version, "A/a", b"0", 0, 0)).await;
        assert_eq!(client.message().await.qos, 0);
        client.say(&publish(version, "A/c", b"1", 1, 1)).await;
        let mut came = [client.hear().await.unwrap(), client.hear().await.unwrap()];
        came.sort_by_key(|came| came.kind);
        assert_eq!((came[0].message(version).qos, came[1].kind, came[1].id()), (0, 4, 1), "at most what was asked for");

        // Exactly once, both ways; said twice, delivered once.
        client.say(&publish(version, "A/a", b"2", 2, 7)).await;
        assert_eq!(client.hear().await.map(|came| (came.kind, came.id())), Some((5, 7)));
        let mut again = publish(version, "A/a", b"2", 2, 7);
        again[0] |= 8;
        client.say(&again).await;
        assert_eq!(client.hear().await.map(|came| (came.kind, came.id())), Some((5, 7)));
        client.say(&ack(6, 7)).await;
        let mut came = [client.hear().await.unwrap(), client.hear().await.unwrap()];
        came.sort_by_key(|came| came.kind);
        let message = came[0].message(version);
        assert_eq!((message.qos, &message.payload[..], came[1].kind, came[1].id()), (2, &b"2"[..], 7, 7));
        client.say(&ack(5, message.id)).await;
        let pubrel = client.hear().await.unwrap();
        assert_eq!((pubrel.kind, pubrel.flags, pubrel.id()), (6, 2, message.id));
        client.say(&ack(7, message.id)).await;
        client.hears_nothing().await;
        // An acknowledgement for what there never was: the answer is two bytes long in 3.1.1.
        client.say(&ack(6, 99)).await;
        let pubcomp = client.hear().await.unwrap();
        assert_eq!((pubcomp.kind, pubcomp.id()), (7, 99));
        assert!(version == V::V5 || pubcomp.body.len() == 2);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn retained_messages() {
    for version in BOTH {
        let lab = lab();
        let (a, b) = (lab.light("A"), lab.light("B"));
        let mut other = Client::come(&lab, &b, Connect::new(version, "B")).await;
        let mut client = Client::come(&lab, &a, Connect::new(version, "A")).await;
        for topic in ["A/a", "A/a/b", "A/c"] {
            client.say(&retained(version, topic, topic.as_bytes())).await;
            assert_eq!(client.hear().await.map(|came| came.kind), Some(4));
        }
        client.say(&retained(version, "A/c", b"")).await;
        assert_eq!(client.hear().await.map(|came| came.kind), Some(4));
        client.say(&lab::mqtt::subscribe(version, 3, &[("A/#", 1)])).await;
        let mut came = vec![];
        for _ in 0..3 {
            came.push(client.hear().await.unwrap());
        }
        came.sort_by_key(|came| came.kind);
        assert_eq!(came[2].kind, 9);
        let mut messages: Vec<_> = came[..2].iter().map(|came| came.message(version)).collect();
        messages.sort_by(|a, b| a.topic.cmp(&b.topic));
        assert!(messages.iter().all(|message| message.retain && message.topic.as_bytes() == message.payload));
        assert_eq!(messages.iter().map(|message| message.topic.as_str()).collect::<Vec<_>>(), ["A/a", "A/a/b"]);
        // While it is connected, it is a message like any other.
        for message in messages {
            client.say(&ack(4, message.id)).await;
        }
        client.say(&retained(version, "A/a", b"new")).await;
        let mut came = [client.hear().await.unwrap(), client.hear().await.unwrap()];
        came.sort_by_key(|came| came.kind);
        assert!(!came[0].message(version).retain);
        other.hears_nothing().await;
    }
}

/// A session that remains: what comes meanwhile waits, in its order; what was not acknowledged comes again.
#[tokio::test(flavor = "multi_thread")]
async fn offline_and_again() {
    for version in BOTH {
        let lab = lab();
        let a = lab.light("A");
        let (mut client, connack) = Client::connect(&lab, &a, &Connect::lasting(version, "A")).await;
        assert_eq!(connack.unwrap().body[..2], [0, 0], "there is no session yet");
        client.subscribe(&[("A/a/#", 2), ("A/command", 1)]).await;
        client.say(&disconnect()).await;
        assert_eq!(client.hear().await, None);
        until("it has left", || !lab.world.leavings("A").is_empty()).await;
        for (number, qos) in [(1u8, 1), (2, 2), (3, 1)] {
            lab.broker.publish("A/a/b", vec![number], qos, false).unwrap();
        }
        let (mut client, connack) = Client::connect(&lab, &a, &Connect::lasting(version, "A")).await;
        assert_eq!(connack.unwrap().body[..2], [1, 0], "the session is there");
        // It hears, and goes away without having acknowledged.
        let mut heard = vec![];
        for _ in 0..3 {
            heard.push(client.hear().await.unwrap().message(version));
        }
        let said = |heard: &[lab::mqtt::Message]| {
            heard.iter().map(|message| (message.payload[0], message.qos)).collect::<Vec<_>>()
        };
        assert_eq!(said(&heard), [(1, 1), (2, 2), (3, 1)]);
        assert!(heard.iter().all(|message| !message.dup));
        client.vanish().await;
        until("it has vanished", || lab.world.leavings("A").len() == 2).await;
        let (mut client, connack) = Client::connect(&lab, &a, &Connect::lasting(version, "A")).await;
        assert_eq!(connack.unwrap().body[0], 1);
        let mut again = vec![];
        for _ in 0..3 {
            again.push(client.hear().await.unwrap().message(version));
        }
        assert_eq!(said(&again), said(&heard), "in the same order");
        assert!(again.iter().all(|message| message.dup), "{again:?}");
        assert_eq!(
            again.iter().map(|message| message.id).collect::<Vec<_>>(),
            heard.iter().map(|message| message.id).collect::<Vec<_>>()
        );
        for message in &again {
            client.say(&ack(if message.qos == 2 { 5 } else { 4 }, message.id)).await;
        }
        let pubrel = client.hear().await.unwrap();
        assert_eq!(pubrel.kind, 6);
        // Gone before the last step: only that is said again.
        client.vanish().await;
        until("it has vanished", || lab.world.leavings("A").len() == 3).await;
        let (mut client, _) = Client::connect(&lab, &a, &Connect::lasting(version, "A")).await;
        let pubrel_again = client.hear().await.unwrap();
        assert_eq!((pubrel_again.kind, pubrel_again.id()), (6, pubrel.id()));
        client.say(&ack(7, pubrel.id())).await;
        client.hears_nothing().await;
        // A clean start forgets all.
        let (mut client, connack) = Client::connect(&lab, &a, &Connect::new(version, "A")).await;
        assert_eq!(connack.unwrap().body[0], 0);
        lab.broker.publish("A/a/b", b"x".to_vec(), 1, false).unwrap();
        client.hears_nothing().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn wills() {
    for version in BOTH {
        let lab = lab();
        let a = lab.light("A");
        let will = || Connect { will: Some(("A/a", b"gone", true)), ..Connect::new(version, "A") };
        let retained_now = async |lab: &Lab| {
            let mut client = Client::come(lab, &a, Connect::new(version, "A")).await;
            client.say(&lab::mqtt::subscribe(version, 3, &[("A/a", 0)])).await;
            // The answer and the message, in whatever order.
            let first = client.hear().await.unwrap();
            let message = if first.kind == 3 { Some(first) } else { client.hears_soon().await };
            message.map(|message| message.message(version).payload)
        };
        let mut client = Client::come(&lab, &a, will()).await;
        client.say(&disconnect()).await;
        assert_eq!(client.hear().await, None);
        until("it has left", || lab.world.leavings("A").len() == 1).await;
        assert_eq!(retained_now(&lab).await, None, "it said goodbye: no will");
        until("that one has left", || lab.world.leavings("A").len() == 2).await;
        Client::come(&lab, &a, will()).await.vanish().await;
        until("it has vanished", || lab.world.leavings("A").len() == 3).await;
        assert_eq!(retained_now(&lab).await, Some(b"gone".to_vec()));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn overlapping_subscriptions() {
    for version in BOTH {
        let lab = lab();
        let a = lab.light("A");
        let mut client = Client::come(&lab, &a, Connect::new(version, "A")).await;
        client.subscribe(&[("A/#", 2), ("A/+", 1)]).await;
        lab.broker.publish("A/a", b"x".to_vec(), 2, false).unwrap();
        // One message with the best of them, or one for each: both are allowed.
        let first = client.message().await;
        let second = (first.qos != 2).then_some(client.message().await);
        assert!(first.qos == 2 || second.is_some_and(|second| second.qos == 2));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn keeping_alive_and_ids() {
    for version in BOTH {
        let lab = lab();
        let a = lab.light("A");
        let (mut client, connack) =
            Client::connect(&lab, &a, &Connect { keep_alive: 0, ..Connect::new(version, "") }).await;
        let connack = connack.unwrap();
        assert_eq!(connack.body[1], 0);
        if version == V::V5 {
            let said = connack.body[3..].to_vec();
            assert!(said.windows(4).any(|said| said == [0x12, 0, 1, b'A']), "the id that it got: {said:x?}");
            assert!(said.windows(3).any(|said| said == [0x13, 4, 0xb0]), "for how long it may keep still: {said:x?}");
        }
        client.say(&ping()).await;
        assert_eq!(client.hear().await, Some(lab::mqtt::Came { kind: 13, flags: 0, body: vec![] }));
        client.publish("A/data", b"x").await;
        assert!(lab.broker.connectivity("A").unwrap().connected);
    }
    let lab = lab();
    let a = lab.light("A");
    let (_, connack) = Client::connect(&lab, &a, &Connect::lasting(V::V3, "")).await;
    assert_eq!(connack.unwrap().body, [0, 2], "3.1.1 keeps no session for one without an id");
}

#[tokio::test(flavor = "multi_thread")]
async fn unsubscribing() {
    for version in BOTH {
        let lab = lab();
        let a = lab.light("A");
        let mut client = Client::come(&lab, &a, Connect::new(version, "A")).await;
        client.subscribe(&[("A/a", 1), ("A/c", 1)]).await;
        for (filter, code) in [("A/a", 0x00), ("A/x", 0x11)] {
            client.say(&unsubscribe(version, 8, filter)).await;
            let unsuback = client.hear().await.unwrap();
            assert_eq!((unsuback.kind, unsuback.id()), (11, 8));
            match version {
                V::V3 => assert_eq!(unsuback.body.len(), 2),
                V::V5 => assert_eq!(unsuback.body.last(), Some(&code)),
            }
        }
        lab.broker.publish("A/a", b"x".to_vec(), 1, false).unwrap();
        lab.broker.publish("A/c", b"y".to_vec(), 1, false).unwrap();
        assert_eq!(client.message().await.topic, "A/c");
        client.hears_nothing().await;
    }
}

/// A wildcard at the start does not stand for topics of the broker's own.
#[tokio::test(flavor = "multi_thread")]
async fn dollar_topics() {
    let lab = Lab::with(
        r#"{"name":"light","label":"Probe","command":"{id}/command","publish":["{id}/data"],"subscribe":["+/{id}","{id}"]}"#,
    );
    let a = lab.light("A");
    let mut client = Client::come(&lab, &a, Connect::new(V::V3, "A")).await;
    assert_eq!(client.subscribe(&[("+/A", 1)]).await, [1]);
    lab.broker.publish("$own/A", b"x".to_vec(), 1, false).unwrap();
    lab.broker.publish("own/A", b"y".to_vec(), 1, false).unwrap();
    assert_eq!(client.message().await.topic, "own/A");
    client.hears_nothing().await;
}

/// What MQTT 5 has beyond: properties go through as they came, and a message may be too old.
#[tokio::test(flavor = "multi_thread")]
async fn properties() {
    let lab = lab();
    let a = lab.light("A");
    let mut client = Client::come(&lab, &a, Connect::new(V::V5, "A")).await;
    client.subscribe(&[("A/a", 0)]).await;
    let text = lab::mqtt::text;
    let properties = [
        vec![0x01, 1],
        [vec![0x03], text("text/plain")].concat(),
        [vec![0x08], text("A/c")].concat(),
        [vec![0x09], text("7")].concat(),
        [vec![0x26], text("k"), text("v")].concat(),
        [vec![0x26], text("k"), text("w")].concat(),
    ];
    let len = properties.concat().len() as u8;
    client.say(&frame(0x30, &[text("A/a"), vec![len], properties.concat(), b"hi".to_vec()].concat())).await;
    let message = client.message().await;
    assert_eq!(message.payload, b"hi");
    assert_eq!(message.properties.len(), usize::from(len), "{:x?}", message.properties);
    for property in properties {
        assert!(
            message.properties.windows(property.len()).any(|part| part == property),
            "{property:x?} {:x?}",
            message.properties
        );
    }
    // For one who is away: one message that lasts a second, and one that lasts.
    let (mut away, _) = Client::connect(&lab, &a, &Connect::lasting(V::V5, "A")).await;
    away.subscribe(&[("A/a", 1)]).await;
    away.say(&frame(0x32, &[text("A/a"), vec![0, 3, 5, 2, 0, 0, 0, 1], b"short".to_vec()].concat())).await;
    away.say(&publish(V::V5, "A/a", b"long", 1, 4)).await;
    for _ in 0..4 {
        away.hear().await.unwrap();
    }
    away.vanish().await;
    tokio::time::sleep(std::time::Duration::from_millis(1500)).await;
    let (mut client, _) = Client::connect(&lab, &a, &Connect::lasting(V::V5, "A")).await;
    assert_eq!(client.message().await.payload, b"long");
    client.hears_nothing().await;
}
