//! Nobody gets at what is another's: each attempt is refused, and on record with its reason.

mod lab;

use std::sync::Arc;
use std::time::Duration;

use device::authority::{Authority, Issued, KeyKind};
use device::certificate::read;
use lab::client::{Client, config_of};
use lab::mqtt::{BOTH, Connect, V, disconnect, frame, publish, publish_as, subscribe};
use lab::{Lab, now, until};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::rustls::crypto::ring::sign::any_supported_type;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::sign::{CertifiedKey, SingleCertAndKey};
use tokio_rustls::rustls::version::{TLS12, TLS13};
use tokio_rustls::rustls::{ClientConfig, SupportedProtocolVersion};

#[tokio::test(flavor = "multi_thread")]
async fn topics_of_others() {
    for version in BOTH {
        let lab = Lab::new();
        let (a, b) = (lab.light("A"), lab.light("B"));
        let mut victim = Client::come(&lab, &b, Connect::new(version, "B")).await;
        assert_eq!(victim.subscribe(&[("B/command", 1)]).await, [1]);

        let refused = if version == V::V5 { 0x87 } else { 0x80 };
        let mut attacker = Client::come(&lab, &a, Connect::new(version, "A")).await;
        let filters = [
            ("B/command", 1),
            ("B/data", 0),
            ("#", 1),
            ("$SYS/#", 0),
            ("+/data", 0),
            ("$share/g/A/command", 1),
            ("$aws/things/B/shadow/#", 1),
            ("A/command", 1),
        ];
        let codes = attacker.subscribe(&filters).await;
        assert_eq!(codes[..7], [refused; 7], "{version:?}");
        assert_eq!(codes[7], 1);
        for (qos, topic) in [(0, "B/command"), (1, "B/command"), (2, "B/data"), (1, "$aws/things/B/shadow/update")] {
            let mut attacker = Client::come(&lab, &a, Connect::new(version, "A")).await;
            // With the packet that may pass before it, and none that follows.
            let own = publish(version, "A/data", b"1", 0, 0);
            let more = publish(version, "A/data", b"2", 0, 0);
            attacker.say(&[own, publish(version, topic, b"{\"power\": true}", qos, 3), more].concat()).await;
            let last = attacker.hear().await;
            match version {
                V::V3 => assert_eq!(last, None),
                V::V5 => assert_eq!(last.map(|said| (said.kind, said.body[0])), Some((14, 0x87))),
            }
            if version == V::V5 {
                assert_eq!(attacker.hear().await, None);
            }
            until("it is known why", || lab.world.leavings("A").last().is_some_and(|last| last == "FORBIDDEN_ACCESS"))
                .await;
        }
        victim.hears_nothing().await;
        let refusals = lab.world.refusals();
        let filters = filters[..7].iter().map(|(filter, _)| format!("A FORBIDDEN_ACCESS {filter}"));
        let topics = ["B/command", "B/command", "B/data", "$aws/things/B/shadow/update"];
        let topics = topics.iter().map(|topic| format!("A FORBIDDEN_ACCESS {topic}"));
        assert_eq!(refusals, filters.chain(topics).collect::<Vec<_>>(), "{version:?}");
        let packets = lab.world.packets();
        let refused: Vec<_> = packets.iter().filter(|packet| packet.refused.is_some()).collect();
        assert_eq!(refused.len(), 1 + 4);
        assert!(refused[1].refused.as_ref().unwrap().contains("it may not publish to 'B/command'"));
        assert!(refused[1].bytes.ends_with(b"{\"power\": true}"));
        let said = lab.world.messages.lock().unwrap();
        assert!(
            said.iter().all(|(thing, topic, payload)| thing == "A" && topic == "A/data" && payload == b"1"),
            "{said:?}"
        );
        assert_eq!(said.len(), 4);
        // The first connection of A was taken over by its second, the victim never left.
        assert_eq!(lab.world.leavings("A")[0], "DUPLICATE_CLIENTID");
        assert_eq!(lab.world.leavings("B"), [] as [String; 0]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn names_of_others() {
    for version in BOTH {
        let lab = Lab::new();
        let a = lab.light("A");
        let refused = if version == V::V5 { 0x87 } else { 5 };
        let will = Connect { will: Some(("B/data", b"gone", false)), ..Connect::new(version, "A") };
        let command = Connect { will: Some(("A/command", b"{}", true)), ..Connect::new(version, "A") };
        for connect in [Connect::new(version, "B"), will, command] {
            let (mut client, connack) = Client::connect(&lab, &a, &connect).await;
            assert_eq!(connack.map(|connack| (connack.kind, connack.body[1])), Some((2, refused)));
            assert_eq!(client.hear().await, None);
        }
        let expected = ["A FORBIDDEN_ACCESS -", "A FORBIDDEN_ACCESS B/data", "A FORBIDDEN_ACCESS A/command"];
        assert_eq!(lab.world.refusals(), expected);
        assert!(lab.world.events("connected").is_empty() && lab.world.connectivity.lock().unwrap().is_empty());
        let whys: Vec<_> = lab.world.packets().into_iter().filter_map(|packet| packet.refused).collect();
        assert!(whys[0].contains("its certificate is for 'A', and it calls itself 'B'"), "{whys:?}");
        assert_eq!(whys.len(), 3);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn certificates_that_are_not_good() {
    let lab = Lab::new();
    let second = 1_000_000_000;
    let before = model::Time(now().0 - 100 * second);
    let expired = lab.authority.issue("A", KeyKind::P256, before, Some(model::Time(before.0 + 50 * second))).unwrap();
    let early = lab.authority.issue("A", KeyKind::P256, model::Time(now().0 + 1000 * second), None).unwrap();
    let revoked = lab.authority.issue("A", KeyKind::Rsa2048, before, None).unwrap();
    let unknown = lab.authority.issue("A", KeyKind::P256, before, None).unwrap();
    let foreign = Authority::make("Case 7", before).unwrap().issue("A", KeyKind::P256, before, None).unwrap();
    lab.register("A", &expired, None);
    lab.register("A", &early, None);
    lab.register("A", &revoked, Some("REVOKED"));
    let cases = [
        (Some(&expired), "A CERTIFICATE_EXPIRED -"),
        (Some(&early), "A CERTIFICATE_NOT_YET_VALID -"),
        (Some(&revoked), "A REVOKED -"),
        (Some(&unknown), "- UNKNOWN_CERTIFICATE -"),
        (Some(&foreign), "- FOREIGN_AUTHORITY -"),
        (None, "- NO_CERTIFICATE -"),
    ];
    for (own, expected) in cases {
        let many = lab.world.refusals().len();
        if let Ok(mut client) = Client::open(&lab, own).await {
            client.say(&Connect::new(V::V3, "A").bytes()).await;
            assert_eq!(client.hear().await, None, "{expected}");
        }
        until(expected, || lab.world.refusals().len() > many).await;
        assert_eq!(lab.world.refusals().last().unwrap(), expected);
        let event = lab.world.events("refused").pop().unwrap();
        let print = own.map(|own| model::hex(&own.certificate.sha256));
        assert_eq!(event.fields.get("certificate").and_then(|value| value.as_str()), print.as_deref());
        assert!(event.between.is_some());
    }
    // Known by its print: it may be of whatever authority, and sign for itself.
    let other = Authority::make("A lamp of another maker", before).unwrap();
    let itself = Issued {
        certificate: read(other.certificate_pem()).unwrap(),
        certificate_pem: other.certificate_pem().into(),
        private_key_pem: other.key_pem().into(),
        public_key_pem: String::new(),
    };
    for known in [&foreign, &itself] {
        lab.register("A", known, None);
        Client::come(&lab, known, Connect::new(V::V5, "A")).await;
    }

    let many = lab.world.refusals().len();
    let mut plain = TcpStream::connect(lab.at()).await.unwrap();
    plain.write_all(&Connect::new(V::V3, "A").bytes()).await.unwrap();
    assert!(!matches!(plain.read(&mut [0; 64]).await, Ok(1..)));
    until("no TLS is on record", || lab.world.refusals().len() > many).await;
    assert_eq!(lab.world.refusals().last().unwrap(), "- NO_TLS -");
    assert!(
        lab.world.packets().iter().all(|packet| packet.bytes.len() < 60),
        "nothing of the others was taken for MQTT"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn both_versions_of_tls() {
    let lab = Lab::new();
    for version in [&TLS12, &TLS13] {
        for kind in [KeyKind::Rsa2048, KeyKind::P256] {
            let issued = lab.authority.issue("A", kind, now(), None).unwrap();
            let config = || config_of(&[version], lab.authority.certificate_pem(), Some(&issued));
            let many = lab.world.refusals().len();
            if let Ok(mut client) = Client::open_with(&lab, config()).await {
                assert_eq!(client.hear().await, None);
            }
            until("it is refused", || lab.world.refusals()[many..] == ["- UNKNOWN_CERTIFICATE -"]).await;
            lab.register("A", &issued, None);
            let mut client = Client::open_with(&lab, config()).await.unwrap();
            client.say(&Connect::new(V::V3, "A").bytes()).await;
            assert_eq!(client.hear().await.map(|connack| connack.body), Some(vec![0, 0]), "{version:?} {kind:?}");
            // With the certificate of another, which is no secret, and not the key to it.
            let config = stolen(version, &lab, &lab.light("B"), &issued);
            let many = lab.world.refusals().len();
            if let Ok(mut client) = Client::open_with(&lab, config).await {
                client.say(&Connect::new(V::V3, "B").bytes()).await;
                assert_eq!(client.hear().await, None);
            }
            until("it is refused", || lab.world.refusals()[many..] == ["- HANDSHAKE_FAILED -"]).await;
        }
    }
}

/// TLS of somebody who shows one certificate and signs with the key of another.
fn stolen(version: &'static SupportedProtocolVersion, lab: &Lab, shown: &Issued, own: &Issued) -> Arc<ClientConfig> {
    let chain = vec![CertificateDer::from_pem_slice(shown.certificate_pem.as_bytes()).unwrap()];
    let key = PrivateKeyDer::from_pem_slice(own.private_key_pem.as_bytes()).unwrap();
    let pair = CertifiedKey::new(chain, any_supported_type(&key).unwrap());
    let mut config = (*config_of(&[version], lab.authority.certificate_pem(), None)).clone();
    config.client_auth_cert_resolver = Arc::new(SingleCertAndKey::from(pair));
    Arc::new(config)
}

#[tokio::test(flavor = "multi_thread")]
async fn one_who_is_barred_while_connected_has_to_go() {
    let lab = Lab::new();
    let (a, b) = (lab.light("A"), lab.light("B"));
    let mut a_client = Client::come(&lab, &a, Connect::new(V::V5, "A")).await;
    let mut b_client = Client::come(&lab, &b, Connect::new(V::V3, "B")).await;
    lab.register("A", &a, Some("INACTIVE"));
    lab.broker.recheck();
    assert_eq!(a_client.hear().await.map(|said| (said.kind, said.body[0])), Some((14, 0x98)));
    assert_eq!(a_client.hear().await, None);
    until("A has left", || lab.world.leavings("A") == ["SERVER_INITIATED_DISCONNECT"]).await;
    b_client.publish("B/data", b"still here").await;
    assert!(lab.broker.connectivity("B").unwrap().connected && !lab.broker.connectivity("A").unwrap().connected);
    assert!(
        Client::open(&lab, Some(&a)).await.is_err() || {
            until("A is refused", || lab.world.refusals().contains(&"A INACTIVE -".to_owned())).await;
            true
        }
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_alias_does_not_hide_a_topic() {
    let lab = Lab::new();
    let (a, b) = (lab.light("A"), lab.light("B"));
    let mut victim = Client::come(&lab, &b, Connect::new(V::V5, "B")).await;
    victim.subscribe(&[("B/command", 1)]).await;
    let mut attacker = Client::come(&lab, &a, Connect::new(V::V5, "A")).await;
    let aliased = |topic: &str| frame(0x30, &[&lab::mqtt::text(topic)[..], &[3, 0x23, 0, 1], b"x"].concat());
    attacker.say(&[aliased("A/data"), aliased(""), aliased("B/command")].concat()).await;
    assert_eq!(attacker.hear().await.map(|said| said.body[0]), Some(0x87));
    victim.hears_nothing().await;
    let said = lab.world.messages.lock().unwrap().clone();
    assert_eq!(said.iter().map(|(_, topic, _)| topic.as_str()).collect::<Vec<_>>(), ["A/data", "A/data"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_mqtt() {
    for (said, reason) in [
        (b"GET / HTTP/1.1\r\n\r\n".to_vec(), "A CLIENT_ERROR -"),
        (frame(0xc0, &[]), "A CLIENT_ERROR -"),
        (vec![0x10, 0xff, 0xff, 0xff, 0x7f], "A CLIENT_ERROR -"),
        (vec![0x10, 0xff, 0xff, 0xff, 0xff, 0xff], "A CLIENT_ERROR -"),
    ] {
        let lab = Lab::new();
        let a = lab.light("A");
        let mut client = Client::open(&lab, Some(&a)).await.unwrap();
        client.say(&said).await;
        assert_eq!(client.hear().await, None);
        until(reason, || lab.world.refusals() == [reason]).await;
        assert_eq!(lab.world.packets()[0].bytes, said);
    }
    for version in BOTH {
        for said in [
            vec![0x00, 0x00],
            frame(0x36, b"x"),
            frame(0x82, &[0, 0]),
            subscribe(version, 1, &[("a#", 0)]),
            publish_as(version, "A/+", b"", 0, 0),
            vec![0x30, 0xff, 0xff, 0xff, 0x7f],
            Connect::new(version, "A").bytes(),
        ] {
            let lab = Lab::new();
            let a = lab.light("A");
            let mut client = Client::come(&lab, &a, Connect::new(version, "A")).await;
            client.say(&said).await;
            if version == V::V5 {
                assert_eq!(client.hear().await.map(|said| said.kind), Some(14), "{said:x?}");
            }
            assert_eq!(client.hear().await, None, "{said:x?}");
            until("it is known why", || lab.world.leavings("A") == ["CLIENT_ERROR"]).await;
            assert_eq!(lab.world.refusals().len(), 1, "{said:x?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_is_kept_as_it_was() {
    let lab = Lab::new();
    let a = lab.light("A");
    let mut client = Client::come(&lab, &a, Connect::new(V::V3, "A")).await;
    client.publish("A/data", b"{\"power\": true}").await;
    client.say(&disconnect()).await;
    assert_eq!(client.hear().await, None);
    until("it has left", || lab.world.leavings("A") == ["CLIENT_INITIATED_DISCONNECT"]).await;
    let packets = lab.world.packets();
    let expected = [
        Connect::new(V::V3, "A").bytes(),
        frame(0x20, &[0, 0]),
        publish(V::V3, "A/data", b"{\"power\": true}", 1, 5),
        frame(0x40, &[0, 5]),
        disconnect(),
    ];
    assert_eq!(packets.iter().map(|packet| packet.bytes.clone()).collect::<Vec<_>>(), expected);
    let (device, bench) = (packets[0].from, packets[0].to);
    assert_eq!(bench, lab.at());
    let ways: Vec<_> = packets.iter().map(|packet| (packet.from == device, packet.to == device)).collect();
    assert_eq!(ways, [(true, false), (false, true), (true, false), (false, true), (true, false)]);
    assert!(packets.windows(2).all(|pair| pair[0].at <= pair[1].at));
    let connected = &lab.world.events("connected")[0];
    assert_eq!(connected.between, Some((device, bench)));
    assert_eq!((&connected.fields["protocol"], &connected.fields["keep_alive"]), (&"3.1.1".into(), &60.into()));
}

/// No acknowledgement before it is on the disk, and none at all if it never will be.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_acknowledged_before_it_is_safe() {
    use std::sync::atomic::Ordering::Relaxed;
    for version in BOTH {
        let lab = Lab::new();
        let a = lab.light("A");
        let mut client = Client::come(&lab, &a, Connect::new(version, "A")).await;
        client.publish("A/data", b"1").await;
        let so_far = lab.world.records.lock().unwrap().len() as u64;
        lab.world.held_from.store(so_far + 1, Relaxed);
        client.say(&publish(version, "A/data", b"2", 1, 6)).await;
        client.hears_nothing().await;
        assert_eq!(lab.world.messages.lock().unwrap().len(), 1);
        lab.world.held_from.store(0, Relaxed);
        assert_eq!(client.hear().await.map(|ack| (ack.kind, ack.id())), Some((4, 6)));

        lab.world.held_from.store(u64::MAX, Relaxed);
        client.say(&publish(version, "A/data", b"3", 1, 7)).await;
        let last = client.hear().await;
        assert_eq!(last.map(|said| (said.kind, said.body[0])), (version == V::V5).then_some((14, 0x88)));
        until("it is known why", || lab.world.leavings("A") == ["SERVER_ERROR"]).await;
        assert_eq!(lab.world.messages.lock().unwrap().len(), 2);
        let (_, connack) = Client::connect(&lab, &a, &Connect::new(version, "A")).await;
        assert_eq!(connack.map(|said| said.body[1]), Some(if version == V::V5 { 0x88 } else { 3 }));
    }
    tokio::time::sleep(Duration::from_millis(1)).await;
}
