//! What is observed over CoAP is told long after the flow that asked for it has ended.

mod common;

use common::{Capture, field};
use dissect::Engine;

/// Frames between the engine's looks for flows that have ended, at least.
const LONG: usize = 70_000;

#[test]
fn a_notification_after_its_flow_has_ended_says_what_it_is_about() {
    let mut capture = Capture::datagrams(5683);
    capture.datagram(0, b"\x41\x01\0\x01\xaa\x60\x51t").datagram(1, b"\x61\x45\0\x01\xaa\x61\x05\xff1");
    capture.ports = [41_000, 9_999];
    (0..LONG).for_each(|_| {
        capture.datagram(0, &[0]);
    });
    capture.ports = [40_000, 5683];
    capture.datagram(1, b"\x51\x45\x77\x78\xaa\x61\x06\xff2").datagram(0, b"\x70\0\x77\x78");
    let found = capture.read_every(1_000_000_000, &mut Engine::new());
    let said = found.of("coap");
    let uids: Vec<bool> = said.iter().map(|fact| fact.uid == said[0].uid).collect();
    assert_eq!(uids, [true, true, false, false], "another flow by then");
    let about = said[1..].iter().map(|fact| field(fact, "request_uri"));
    assert_eq!(about.collect::<Vec<_>>(), [Some("/t"); 3]);
    assert!(field(said[2], "notification").is_some() && field(said[3], "ends_observing").is_some());
}
