//! `lintel-capture list`: the interfaces of this machine.

use std::fs;

use pcap::{Capture, Device, IfFlags, Linktype};
use serde::Serialize;

use crate::event::Failure;
use crate::open::{self, How};
use crate::{libpcap, npcap, print};

#[derive(Serialize)]
struct Interface {
    name: String,
    description: Option<String>,
    addresses: Vec<String>,
    kind: Kind,
    link_types: Vec<LinkType>,
    up: bool,
    running: bool,
    /// Whether monitor mode can be offered.
    monitor: bool,
    opens: bool,
    /// Why it does not open.
    why: Option<String>,
}

#[derive(Serialize)]
struct LinkType {
    dlt: i32,
    name: String,
    description: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    Ethernet,
    Wifi,
    Loopback,
    Bluetooth,
    Usb,
    Virtual,
    Other,
}

/// libpcap lists these, but they are no interfaces: the firewall's queues, of which opening one takes packets out, and the
/// talk of programs on this machine.
const NO_INTERFACES: &[&str] = &["nflog", "nfqueue", "dbus-system", "dbus-session"];

pub fn list() -> Result<(), Failure> {
    npcap::present()?;
    let devices = Device::list().map_err(|error| Failure::failed(libpcap::words(&error)))?;
    for device in devices.into_iter().filter(|device| !NO_INTERFACES.contains(&device.name.as_str())) {
        print(&describe(device))?;
    }
    Ok(())
}

fn describe(device: Device) -> Interface {
    let how = How { snap: 96, promiscuous: false, monitor: false, link_type: None, buffer: 1, nanoseconds: false };
    let (link_types, why) = match open::live(&device.name, &how) {
        Ok(live) => (live.capture.list_datalinks().unwrap_or_else(|_| vec![live.capture.get_datalink()]), None),
        Err(failure) => (Vec::new(), Some(failure.why)),
    };
    let name = device.name;
    Interface {
        kind: kind(&name, device.desc.as_deref().unwrap_or_default(), device.flags.if_flags),
        description: device.desc,
        addresses: device.addresses.iter().map(|address| address.addr.to_string()).collect(),
        link_types: link_types.into_iter().map(link_type).collect(),
        up: device.flags.is_up(),
        running: device.flags.is_running(),
        monitor: Capture::from_device(name.as_str()).is_ok_and(|inactive| libpcap::can_monitor(&inactive)),
        opens: why.is_none(),
        why,
        name,
    }
}

fn link_type(link_type: Linktype) -> LinkType {
    LinkType {
        dlt: link_type.0,
        name: open::link_type_name(link_type),
        description: link_type.get_description().unwrap_or_default(),
    }
}

/// What an interface is: by the system's own word, else by its name.
pub fn kind(name: &str, description: &str, flags: IfFlags) -> Kind {
    if flags.contains(IfFlags::LOOPBACK) {
        return Kind::Loopback;
    }
    let from_name = match () {
        () if cfg!(windows) => by_description(description),
        () if cfg!(target_os = "macos") => by_name_on_macos(name),
        () => by_name_on_linux(name),
    };
    match from_name {
        Some(kind) => kind,
        None if flags.contains(IfFlags::WIRELESS) => Kind::Wifi,
        None => Kind::Ethernet,
    }
}

fn by_name_on_linux(name: &str) -> Option<Kind> {
    if name.starts_with("bluetooth") {
        return Some(Kind::Bluetooth);
    }
    if name.starts_with("usbmon") {
        return Some(Kind::Usb);
    }
    let folder = format!("/sys/class/net/{name}");
    let has = |inner: &str| fs::exists(format!("{folder}/{inner}")).unwrap_or(false);
    // The hardware's type is ARPHRD_...: 1 is Ethernet, 801 to 803 are 802.11.
    let hardware = fs::read_to_string(format!("{folder}/type")).unwrap_or_default();
    match hardware.trim() {
        _ if has("wireless") || has("phy80211") => Some(Kind::Wifi),
        "801" | "802" | "803" => Some(Kind::Wifi),
        "1" if has("device") => None,
        "772" => Some(Kind::Loopback),
        "" if name != "any" => Some(Kind::Other),
        _ => Some(Kind::Virtual),
    }
}

fn by_name_on_macos(name: &str) -> Option<Kind> {
    let stem = name.trim_end_matches(|c: char| c.is_ascii_digit());
    match stem {
        "en" => None,
        "lo" => Some(Kind::Loopback),
        "XHC" => Some(Kind::Usb),
        "awdl" | "llw" => Some(Kind::Wifi),
        "utun" | "bridge" | "gif" | "stf" | "ap" | "anpi" | "vmnet" | "vmenet" | "feth" | "ipsec" | "pktap"
        | "iptap" => Some(Kind::Virtual),
        _ => Some(Kind::Other),
    }
}

fn by_description(description: &str) -> Option<Kind> {
    let words = description.to_lowercase();
    let kinds: &[(&[&str], Kind)] = &[
        (&["loopback"], Kind::Loopback),
        (&["bluetooth"], Kind::Bluetooth),
        (&["usbpcap"], Kind::Usb),
        (
            &[
                "hyper-v",
                "vmware",
                "virtualbox",
                "tap-",
                "wintun",
                "wireguard",
                "wan miniport",
                "wi-fi direct",
                "virtual",
            ],
            Kind::Virtual,
        ),
        (&["wi-fi", "wifi", "wireless", "802.11", "wlan"], Kind::Wifi),
    ];
    kinds.iter().find(|(signs, _)| signs.iter().any(|sign| words.contains(sign))).map(|(_, kind)| *kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_by_description() {
        let cases = [
            ("Adapter for loopback traffic capture", Some(Kind::Loopback)),
            ("Intel(R) Wi-Fi 6E AX211 160MHz", Some(Kind::Wifi)),
            ("Microsoft Wi-Fi Direct Virtual Adapter", Some(Kind::Virtual)),
            ("Bluetooth Device (Personal Area Network)", Some(Kind::Bluetooth)),
            ("Hyper-V Virtual Ethernet Adapter", Some(Kind::Virtual)),
            ("WAN Miniport (IP)", Some(Kind::Virtual)),
            ("Realtek PCIe GbE Family Controller", None),
        ];
        for (description, expected) in cases {
            assert_eq!(by_description(description), expected, "{description}");
        }
    }

    #[test]
    fn kinds_by_name_on_macos() {
        let cases = [
            ("en0", None),
            ("lo0", Some(Kind::Loopback)),
            ("utun3", Some(Kind::Virtual)),
            ("awdl0", Some(Kind::Wifi)),
            ("XHC20", Some(Kind::Usb)),
            ("odd7", Some(Kind::Other)),
        ];
        for (name, expected) in cases {
            assert_eq!(by_name_on_macos(name), expected, "{name}");
        }
    }
}
