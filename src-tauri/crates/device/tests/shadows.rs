//! Shadows as devices meet them: over MQTT.

mod lab;

use device::shadow::ShadowRequest;
use lab::Lab;
use lab::client::Client;
use lab::mqtt::{BOTH, Connect, Message};
use serde_json::{Value, json};

fn body(message: &Message) -> Value {
    serde_json::from_slice(&message.payload).unwrap()
}

/// Publishes and collects what is said about it; the acknowledgement comes somewhere among it.
async fn ask(client: &mut Client, topic: &str, payload: &str, answers: usize) -> Vec<(String, Value)> {
    client.say(&lab::mqtt::publish(client.version, topic, payload.as_bytes(), 1, 5)).await;
    let mut said = Vec::new();
    let mut acknowledged = false;
    while !acknowledged || said.len() < answers {
        let came = client.hear().await.expect("an answer");
        if came.kind == 4 {
            acknowledged = true;
            continue;
        }
        let message = came.message(client.version);
        client.say(&lab::mqtt::ack(4, message.id)).await;
        said.push((message.topic.strip_prefix("$aws/things/A/shadow/").unwrap().to_owned(), body(&message)));
    }
    said
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_asks() {
    for version in BOTH {
        let lab = Lab::new();
        let a = lab.light("A");
        let mut client = Client::come(&lab, &a, Connect::new(version, "A")).await;
        let own = |what: &str| format!("$aws/things/A/shadow/{what}");
        let filters = [
            "update/accepted",
            "update/rejected",
            "update/delta",
            "update/documents",
            "get/accepted",
            "get/rejected",
            "delete/accepted",
            "delete/rejected",
            "name/+/update/accepted",
            "name/night/get/rejected",
        ]
        .map(own);
        let wanted: Vec<_> = filters.iter().map(|filter| (filter.as_str(), 1)).collect();
        assert_eq!(client.subscribe(&wanted).await, [1; 10]);

        let said = ask(&mut client, &own("get"), "", 1).await;
        assert_eq!((said[0].0.as_str(), &said[0].1["code"]), ("get/rejected", &json!(404)));
        assert_eq!(said[0].1["message"], "No shadow exists with name: 'A'");
        let desired = r#"{"state":{"desired":{"power":true},"reported":{"power":false}},"clientToken":"t1"}"#;
        let said = ask(&mut client, &own("update"), desired, 3).await;
        let topics: Vec<_> = said.iter().map(|(topic, _)| topic.as_str()).collect();
        assert_eq!(topics, ["update/accepted", "update/delta", "update/documents"]);
        assert_eq!((&said[0].1["version"], &said[0].1["clientToken"]), (&json!(1), &json!("t1")));
        assert_eq!(said[1].1["state"], json!({ "power": true }));
        let said = ask(&mut client, &own("update"), r#"{"state":{"reported":{"power":true}}}"#, 2).await;
        assert_eq!(
            said.iter().map(|(topic, _)| topic.as_str()).collect::<Vec<_>>(),
            ["update/accepted", "update/documents"]
        );
        let said = ask(&mut client, &own("update"), r#"{"state":{},"version":1}"#, 1).await;
        assert_eq!((said[0].0.as_str(), &said[0].1["code"]), ("update/rejected", &json!(409)));
        let said = ask(&mut client, &own("name/night/get"), r#"{"clientToken":"t2"}"#, 1).await;
        assert_eq!(said[0].1["message"], "No shadow exists with name: 'A~night'");
        let said = ask(&mut client, &own("name/night/update"), r#"{"state":{"desired":{"dim":1}}}"#, 1).await;
        assert_eq!((said[0].0.as_str(), &said[0].1["version"]), ("name/night/update/accepted", &json!(1)));

        // What the operator wants comes to the device, and what the device says to the operator.
        let wanted = json!({ "state": { "desired": { "power": false } } }).to_string();
        let answer = lab.broker.shadow("A", "", ShadowRequest::Update(wanted.into()));
        assert_eq!((answer.code, &answer.body["version"]), (200, &json!(3)));
        let mut came = Vec::new();
        for _ in 0..3 {
            came.push(client.message().await);
        }
        assert_eq!(came[1].topic, own("update/delta"));
        assert_eq!(body(&came[1])["state"], json!({ "power": false }));
        let got = lab.broker.shadow("A", "", ShadowRequest::Get).body;
        assert_eq!(got["state"]["reported"], json!({ "power": true }));
        client.message().await; // the operator's asking is answered there as well, as AWS does it
        assert_eq!(lab.broker.shadow("A", "no name", ShadowRequest::Get).code, 400);

        let said = ask(&mut client, &own("delete"), "", 1).await;
        assert_eq!((said[0].0.as_str(), &said[0].1["version"]), ("delete/accepted", &json!(3)));
        assert_eq!(lab.broker.shadow("A", "", ShadowRequest::Get).code, 404);
        let kept: Vec<_> = lab.world.shadows.lock().unwrap()[&("A".to_owned(), String::new())]
            .iter()
            .map(|kept| kept.version)
            .collect();
        assert_eq!(kept, [1, 2, 3, 4]);
        assert_eq!(lab.world.events("shadow").len(), 5);
        client.message().await;
        client.hears_nothing().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_operator_switches_a_light() {
    for version in BOTH {
        let lab = Lab::new();
        let (a, b) = (lab.light("A"), lab.light("B"));
        let mut a_client = Client::come(&lab, &a, Connect::new(version, "A")).await;
        let mut b_client = Client::come(&lab, &b, Connect::new(version, "B")).await;
        a_client.subscribe(&[("A/command", 1)]).await;
        b_client.subscribe(&[("B/command", 1)]).await;
        lab.broker.publish("A/command", br#"{"power": true}"#.to_vec(), 1, false).unwrap();
        let message = a_client.message().await;
        assert_eq!(
            (message.topic.as_str(), &message.payload[..], message.qos),
            ("A/command", &br#"{"power": true}"#[..], 1)
        );
        assert!(message.properties.is_empty(), "nobody sent any: {:x?}", message.properties);
        b_client.hears_nothing().await;
        for (topic, qos) in [("A/+", 1), ("", 0), ("A/command", 3)] {
            assert!(lab.broker.publish(topic, vec![], qos, false).is_err());
        }
        let said = lab.world.messages.lock().unwrap();
        assert_eq!(*said, [("A".to_owned(), "A/command".to_owned(), br#"{"power": true}"#.to_vec())]);
    }
}
