//! Who was near, as far as a router's report tells: its stations, their associations, and their coming and going in its log.
//!
//! Devices are named by the pseudonyms of their addresses, as the report has them; a station without one by its id.

use model::{Party, Sighting, Time};

use super::events::Event;

pub fn sighting(device: Party, node: &str, first: Time, last: Time, associated: Option<bool>) -> Sighting {
    Sighting { device, node: node.to_owned(), source: "onhub", first, last, count: None, signal: None, associated }
}

/// Of a line that says that a station came or went by itself. The router's own giving up on one is not hearing it.
pub fn of_event(event: &Event, ts: Time) -> Option<Sighting> {
    let associated = match event.name {
        "sta_connect" | "sta_associated" => true,
        "sta_disconnect" | "sta_disassociated" | "sta_deauthenticated" => false,
        _ => return None,
    };
    if event.reason.is_some_and(|reason| reason.contains("inactivity")) {
        return None;
    }
    Some(sighting(Party::Mac(event.mac?), event.interface.unwrap_or_default(), ts, ts, Some(associated)))
}
