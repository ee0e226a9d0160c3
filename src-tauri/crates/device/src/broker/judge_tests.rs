use super::judge::{Judge, Verdict, enter};
use super::leaving::Leaving;
use crate::kind::{Kind, Kinds};
use crate::packet::answer::{frame, goodbye, refuse_connect};
use crate::packet::{CONNECT, PINGREQ, PUBLISH, SUBSCRIBE, Version};

fn light() -> Kind {
    Kinds::usual().get("light").unwrap().clone()
}

fn text(text: &str) -> Vec<u8> {
    [&(text.len() as u16).to_be_bytes()[..], text.as_bytes()].concat()
}

fn connect(version: Version, id: &str, clean: bool, will: Option<&str>) -> Vec<u8> {
    let level = if version == Version::V5 { 5 } else { 4 };
    let none: &[u8] = if version == Version::V5 { &[0] } else { &[] };
    let flags = u8::from(clean) << 1 | u8::from(will.is_some()) << 2;
    let mut body = [text("MQTT"), vec![level, flags, 0, 0], none.to_vec(), text(id)].concat();
    if let Some(will) = will {
        body.extend([none.to_vec(), text(will), text("gone")].concat());
    }
    frame(CONNECT << 4, &body)
}

#[test]
fn who_may_come_in() {
    for version in [Version::V3, Version::V5] {
        for (id, clean, will, refused) in [
            ("A", false, None, None),
            ("A", true, Some("A/data"), None),
            ("", true, None, None),
            ("B", true, None, Some((0x87, Leaving::Forbidden))),
            ("a", true, None, Some((0x87, Leaving::Forbidden))),
            ("A", true, Some("B/data"), Some((0x87, Leaving::Forbidden))),
            ("A", true, Some("A/command"), Some((0x87, Leaving::Forbidden))),
        ] {
            let packet = connect(version, id, clean, will);
            let entered = enter(&packet, "A", &light()).map(|entry| entry.keep_alive);
            let expected = match refused {
                None => Ok(1200),
                Some((reason, leaving)) => Err((leaving, refuse_connect(version, reason))),
            };
            assert_eq!(
                entered.map_err(|refused| (refused.leaving, refused.farewell)),
                expected,
                "{version:?} {id} {will:?}"
            );
        }
    }
    // Only MQTT 5 can keep a session for one that brings no id: it is told which it got.
    let kept = enter(&connect(Version::V3, "", false, None), "A", &light()).unwrap_err();
    assert_eq!(kept.farewell, [0x20, 2, 0, 2]);
    assert!(enter(&connect(Version::V5, "", false, None), "A", &light()).is_ok());
    let old = frame(CONNECT << 4, &[text("MQIsdp"), vec![3, 2, 0, 60], text("A")].concat());
    assert_eq!(enter(&old, "A", &light()).unwrap_err().farewell, [0x20, 2, 0, 1]);
}

#[test]
fn an_alias_stands_for_what_it_was_given_to() {
    let light = light();
    let mut judge = Judge::new("A", &light, Version::V5);
    let mut publish = |topic: &str, alias: u8| {
        judge.judge(&frame(PUBLISH << 4, &[text(topic), vec![3, 0x23, 0, alias], b"x".to_vec()].concat()))
    };
    let own = |topic: &str| Verdict::Say {
        topic: "A/data".into(),
        payload: 2 + 2 + topic.len() + 4..2 + 2 + topic.len() + 5,
    };
    assert_eq!(publish("A/data", 1), own("A/data"));
    assert_eq!(publish("", 1), own(""));
    let said = |verdict: Verdict| match verdict {
        Verdict::Refuse(refused) => (refused.leaving, refused.farewell, refused.topic),
        other => panic!("{other:?}"),
    };
    let forbidden = (Leaving::Forbidden, goodbye(Version::V5, 0x87), Some("B/data".to_owned()));
    assert_eq!(said(publish("B/data", 2)), forbidden);
    // What was refused gave no alias.
    assert_eq!(said(publish("", 2)), (Leaving::ClientError, goodbye(Version::V5, 0x81), None));
    assert_eq!(said(publish("A/data", 0)), (Leaving::ClientError, goodbye(Version::V5, 0x94), None));
    assert_eq!(said(publish("A/data", 33)), (Leaving::ClientError, goodbye(Version::V5, 0x94), None));
}

#[test]
fn each_filter_is_judged() {
    let light = light();
    let mut judge = Judge::new("A", &light, Version::V3);
    let subscribe = frame(SUBSCRIBE << 4 | 2, &[vec![0, 1], text("A/command"), vec![1], text("#"), vec![0]].concat());
    assert_eq!(judge.judge(&subscribe), Verdict::Part(vec!["#".into()]));
    assert_eq!(judge.judge(&frame(PINGREQ << 4, &[])), Verdict::Pass);
    for packet in [frame(0x20, &[0, 0]), frame(0xd0, &[]), frame(0xf0, &[]), connect(Version::V3, "A", true, None)] {
        let Verdict::Refuse(refused) = judge.judge(&packet) else { panic!("{packet:x?}") };
        assert_eq!((refused.leaving, refused.farewell), (Leaving::ClientError, vec![]), "{packet:x?}");
    }
}
