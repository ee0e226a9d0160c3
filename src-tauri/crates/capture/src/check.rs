//! `lintel-capture check`: whether a filter is one for an interface.

use std::fs;

use pcap::{Capture, Linktype};

use crate::args::Check;
use crate::event::Failure;
use crate::npcap;
use crate::open::{self, How};

/// Asks the interface itself where it opens, since a filter may be about more than bytes there (`inbound`). Elsewhere libpcap
/// takes the filter for the link type alone.
pub fn check(wanted: &Check) -> Result<(), Failure> {
    npcap::present()?;
    let name = &wanted.interface;
    if !open::is_pipe(name) {
        if !open::exists(name) {
            return Err(open::unknown(name));
        }
        let link_type = wanted.link_type;
        let how = How { snap: 96, promiscuous: false, monitor: false, link_type, buffer: 1, nanoseconds: false };
        if let Ok(mut live) = open::live(name, &how) {
            return open::filter(&mut live.capture, &wanted.filter);
        }
    }
    let link_type = wanted.link_type.unwrap_or_else(|| usual_link_type(name));
    let dead = Capture::dead(Linktype(link_type)).map_err(|error| Failure::failed(error.to_string()))?;
    dead.compile(&wanted.filter, true).map(drop).map_err(|error| open::bad_filter(&wanted.filter, &error))
}

/// The link type that libpcap gives an interface by itself.
fn usual_link_type(name: &str) -> i32 {
    const ETHERNET: i32 = 1;
    match name {
        "any" => 276,                              // Linux cooked, version 2
        _ if name.starts_with("usbmon") => 220,    // USB as Linux has it
        _ if name.starts_with("bluetooth") => 201, // Bluetooth HCI
        _ if cfg!(not(target_os = "linux")) && name.starts_with("lo") => 0,
        _ if cfg!(target_os = "macos") && name.starts_with("utun") => 0,
        _ if cfg!(target_os = "linux") && !name.contains('/') => {
            // ARPHRD_... of <linux/if_arp.h>.
            match fs::read_to_string(format!("/sys/class/net/{name}/type")).unwrap_or_default().trim() {
                "801" => 105,                                          // 802.11
                "802" => 119,                                          // with Prism's header
                "803" => 127,                                          // with radiotap's
                "804" => 195,                                          // 802.15.4
                "519" | "768" | "769" | "776" | "778" | "65534" => 12, // raw IP: tunnels
                _ => ETHERNET,
            }
        }
        _ => ETHERNET,
    }
}
