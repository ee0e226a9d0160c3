//! Zigbee's application layer where it is not encrypted or can be opened: APS (Zigbee specification section 2.2.5), device announcements (2.4.3.1.11)
//! and the cluster library's header (ZCL section 2.4).

use std::ops::Range;

use model::{Kind, Party, hex};

use super::nwk::{Network, Security};
use super::{Address, Header, eui64};
use crate::bytes::{chunk, u16_le};
use crate::layers::Layers;
use crate::protocols::{Draft, Out};

pub(in crate::layers) const KIND: Kind = Kind {
    name: "zigbee",
    about: "a Zigbee device's addresses, the first time; and what messages say that are not encrypted or can be opened",
    fields: &[
        (
            "msg_type",
            "device, device_announce, zcl, leave, rejoin_request, rejoin_response, transport_key or aps_command",
        ),
        ("network_address", "16-bit address of the device in its network, hex"),
        ("extended_address", "64-bit address that the device was made with, hex"),
        ("pan", "network (PAN) identifier, hex"),
        ("destination", "receiver's address, hex"),
        ("cluster", "what the message is about, hex"),
        ("cluster_name", "its name, where known: on/off, level, ias zone, touchlink, ..."),
        ("profile", "application profile, hex"),
        ("command", "number of the command"),
        ("to_client", "a message from the device that has the cluster"),
        ("encrypted", "by the application layer: what it says is not known"),
        ("decrypted", "was encrypted; the network's key had been handed out before, sealed with the key that all know"),
        ("network_key", "key that is handed to a device that joins, hex"),
        ("key_number", "the key's number"),
        ("receiver", "64-bit address of the device that gets the key, hex"),
        ("sequence", "the message's own number"),
    ],
};

/// The device behind a network header.
pub(super) fn device(network: &Network, range: Range<usize>, out: &mut Out) {
    let fact = fact(network, "device", range, out);
    fact.once = true;
    if let Some(long) = network.src_long {
        fact.fields.shown("extended_address", Address::Long(long));
    }
    // Whoever it speaks to, it is the same device.
    if let Some((_, to)) = &mut fact.parties {
        *to = Party::None;
    }
}

fn fact<'a>(network: &Network, word: &str, range: Range<usize>, out: &'a mut Out) -> &'a mut Draft {
    let long = network.src_long.map(|long| Address::Long(long).to_string());
    let short = network.src.map(|short| Address::Short(short).to_string());
    let fact = out.fact("zigbee", range);
    fact.fields.text("msg_type", word);
    if let Some(short) = &short {
        fact.fields.text("network_address", short);
    }
    if let Some(pan) = network.pan {
        fact.fields.shown("pan", format_args!("{pan:04x}"));
    }
    if network.decrypted && word != "device" {
        fact.fields.flag("decrypted", true);
    }
    fact.subject = long.or_else(|| short.clone()).unwrap_or_default();
    let sender = short.unwrap_or_else(|| fact.subject.clone());
    fact.parties = Some((Party::Name(sender), Party::Name(network.dst.to_string())));
    fact
}

/// A network command that is not encrypted (section 3.4).
pub(super) fn network_command(bytes: &[u8], at: usize, network: &Network, out: &mut Out) {
    let Some(command) = bytes.get(at).copied() else { return };
    let word = match command {
        4 => "leave",
        6 => "rejoin_request",
        7 => "rejoin_response",
        _ => "",
    };
    out.tree.coded("zbee_nwk.cmd.id", "Command", at..at + 1, command, || format!("0x{command:02x} {word}"));
    if !word.is_empty() {
        let fact = fact(network, word, at..bytes.len(), out);
        fact.fields.shown("destination", network.dst);
    }
}

pub(super) fn read(bytes: &[u8], start: usize, network: &Network, layers: &mut Layers, out: &mut Out) {
    layers.top = "zbee_aps";
    out.tree.open("zbee_aps", "ZigBee Application Support Layer", start.min(bytes.len())..bytes.len(), String::new);
    if frame(bytes, start, network, layers, out).is_none() && !layers.cut {
        out.malformed(start.min(bytes.len()), "ZigBee application header cut short");
    }
    out.tree.close();
}

fn frame(bytes: &[u8], start: usize, network: &Network, layers: &mut Layers, out: &mut Out) -> Option<()> {
    let control = control(bytes, start, out)?;
    let (kind, delivery) = (control & 3, control >> 2 & 3);
    let mut at = start + 1;
    if kind == 1 {
        let number = *bytes.get(at)?;
        out.tree.int("zbee_aps.counter", "Counter", at..at + 1, number);
        at += 1;
        let plain = if control & 0x20 != 0 {
            let security = Security::read(bytes, &mut at, out)?;
            security.open_application(bytes, start, network.src_long)
        } else {
            Some(bytes.to_vec())
        };
        command(plain.as_deref(), start..at, network, out);
        return Some(());
    }
    // An acknowledgement of a command has no addresses.
    if kind == 2 && control & 0x10 != 0 {
        return Some(());
    }
    if delivery == 3 {
        let group = u16_le(bytes, at)?;
        out.tree.coded("zbee_aps.group", "Group", at..at + 2, group, || format!("0x{group:04x}"));
        at += 2;
    } else {
        out.tree.int("zbee_aps.dst", "Destination endpoint", at..at + 1, *bytes.get(at)?);
        at += 1;
    }
    let (cluster, profile) = topic(bytes, &mut at, out)?;
    let [endpoint, counter] = chunk::<2>(bytes, at)?;
    out.tree.int("zbee_aps.src", "Source endpoint", at..at + 1, endpoint);
    out.tree.int("zbee_aps.counter", "Counter", at + 1..at + 2, counter);
    at += 2;
    if control & 0x80 != 0 {
        let fragment = bytes.get(at)? & 3;
        at += 1 + usize::from(fragment != 0) + usize::from(fragment != 0 && kind == 2);
        if fragment == 2 {
            return Some(()); // a later piece of a message
        }
    }
    if kind != 0 || control & 0x20 != 0 {
        return Some(());
    }
    match profile {
        0 => announcement(bytes, at, cluster, network, out),
        _ => library(bytes, at, (cluster, profile), network, layers, out),
    }
    Some(())
}

/// An application layer command after its header; without bytes, one that could not be opened.
fn command(plain: Option<&[u8]>, header: Range<usize>, network: &Network, out: &mut Out) {
    let at = header.end;
    let command = plain.and_then(|plain| plain.get(at).copied());
    let mut handed = None;
    if let (Some(command), Some(plain)) = (command, plain) {
        out.tree.coded("zbee_aps.cmd.id", "Command", at..at + 1, command, || format!("0x{command:02x}"));
        let parts = (plain.get(at + 1).copied(), chunk::<16>(plain, at + 2), plain.get(at + 18).copied());
        // Transport key (section 4.4.9.1): of the network, which opens all that follows.
        if let (5, (Some(kind @ (1 | 5)), Some(key), Some(number))) = (command, parts) {
            out.tree.int("zbee_aps.cmd.key_type", "Kind of key", at + 1..at + 2, kind);
            out.tree.bytes("zbee_aps.cmd.key", "Key", at + 2..at + 18, &key);
            out.learned.zigbee.keep(network.pan, number, key);
            handed = Some((key, number, chunk::<8>(plain, at + 19).map(u64::from_le_bytes)));
        }
    }
    let word = if handed.is_some() { "transport_key" } else { "aps_command" };
    let fact = fact(network, word, header, out);
    fact.fields.shown("destination", network.dst);
    match command {
        Some(command) => fact.fields.int("command", command.into()),
        None => fact.fields.flag("encrypted", true),
    }
    if let Some((key, number, receiver)) = handed {
        fact.fields.text("network_key", &hex(&key));
        fact.fields.int("key_number", number.into());
        if let Some(receiver) = receiver {
            fact.fields.shown("receiver", Address::Long(receiver));
        }
    }
}

/// Messages between networks have next to no header: touchlink (section 13 of the ZCL).
pub(super) fn inter_pan(bytes: &[u8], start: usize, mac: &Header, layers: &mut Layers, out: &mut Out) {
    layers.top = "zbee_aps";
    out.tree.open("zbee_aps", "ZigBee Application Support Layer", start.min(bytes.len())..bytes.len(), String::new);
    let network = Network {
        pan: mac.pan(),
        src: if let Address::Short(short) = mac.src { Some(short) } else { None },
        dst: mac.dst,
        src_long: if let Address::Long(long) = mac.src { Some(long) } else { None },
        decrypted: false,
    };
    let mut read = || {
        let mut at = start + 1;
        if control(bytes, start, out)? >> 2 & 3 == 3 {
            let group = u16_le(bytes, at)?;
            out.tree.coded("zbee_aps.group", "Group", at..at + 2, group, || format!("0x{group:04x}"));
            at += 2;
        }
        let topic = topic(bytes, &mut at, out)?;
        library(bytes, at, topic, &network, layers, out);
        Some(())
    };
    if read().is_none() && !layers.cut {
        out.malformed(start.min(bytes.len()), "ZigBee application header cut short");
    }
    out.tree.close();
}

fn control(bytes: &[u8], at: usize, out: &mut Out) -> Option<u8> {
    let control = *bytes.get(at)?;
    out.tree.int("zbee_aps.type", "Frame type", at..at + 1, control & 3);
    out.tree.int("zbee_aps.delivery", "Delivery", at..at + 1, control >> 2 & 3);
    out.tree.int("zbee_aps.security", "Encrypted", at..at + 1, control >> 5 & 1);
    Some(control)
}

/// Cluster and profile.
fn topic(bytes: &[u8], at: &mut usize, out: &mut Out) -> Option<(u16, u16)> {
    let (cluster, profile) = (u16_le(bytes, *at)?, u16_le(bytes, *at + 2)?);
    let name = if profile == 0 { "zbee_aps.zdp_cluster" } else { "zbee_aps.cluster" };
    let word = || format!("0x{cluster:04x} {}", cluster_name(cluster, profile).unwrap_or(""));
    out.tree.coded(name, "Cluster", *at..*at + 2, cluster, word);
    out.tree.coded("zbee_aps.profile", "Profile", *at + 2..*at + 4, profile, || format!("0x{profile:04x}"));
    *at += 4;
    Some((cluster, profile))
}

/// A device that has joined tells both its addresses.
fn announcement(bytes: &[u8], at: usize, cluster: u16, network: &Network, out: &mut Out) {
    let (0x0013, Some(short), Some(long)) =
        (cluster, u16_le(bytes, at + 1), chunk::<8>(bytes, at + 3).map(u64::from_le_bytes))
    else {
        return;
    };
    out.tree.coded("zbee_zdp.device", "Device", at + 1..at + 3, short, || format!("0x{short:04x}"));
    out.tree.text("zbee_zdp.ext_addr", "Extended address", at + 3..at + 11, eui64(long));
    let network = Network { src: Some(short), src_long: Some(long), ..*network };
    let fact = fact(&network, "device_announce", at..bytes.len(), out);
    fact.fields.shown("extended_address", Address::Long(long));
}

/// A message of the cluster library.
fn library(
    bytes: &[u8],
    at: usize,
    (cluster, profile): (u16, u16),
    network: &Network,
    layers: &mut Layers,
    out: &mut Out,
) {
    let Some(control) = bytes.get(at).copied() else { return };
    let number = at + if control & 4 != 0 { 3 } else { 1 };
    let Some([sequence, command]) = chunk::<2>(bytes, number) else { return };
    layers.top = "zbee_zcl";
    out.tree.open("zbee_zcl", "ZigBee Cluster Library Frame", at..bytes.len(), || {
        cluster_name(cluster, profile).unwrap_or("").to_owned()
    });
    out.tree.int("zbee_zcl.type", "Frame type", at..at + 1, control & 3);
    out.tree.int("zbee_zcl.dir", "To the client", at..at + 1, control >> 3 & 1);
    out.tree.int("zbee_zcl.cmd.tsn", "Sequence number", number..number + 1, sequence);
    let name = if control & 3 == 0 { "zbee_zcl.cmd.id" } else { "zbee_zcl.cs.cmd.id" };
    out.tree.coded(name, "Command", number + 1..number + 2, command, || format!("0x{command:02x}"));
    out.tree.close();
    let fact = fact(network, "zcl", at..bytes.len(), out);
    if let Some(long) = network.src_long {
        fact.fields.shown("extended_address", Address::Long(long));
    }
    fact.fields.shown("destination", network.dst);
    fact.fields.shown("cluster", format_args!("{cluster:04x}"));
    if let Some(name) = cluster_name(cluster, profile) {
        fact.fields.text("cluster_name", name);
    }
    fact.fields.shown("profile", format_args!("{profile:04x}"));
    fact.fields.int("command", command.into());
    if control & 8 != 0 {
        fact.fields.flag("to_client", true);
    }
    fact.own.int("sequence", sequence.into());
}

/// Zigbee Cluster Library, chapter 1; of profile 0 the device profile's own.
fn cluster_name(cluster: u16, profile: u16) -> Option<&'static str> {
    let name = match (profile, cluster) {
        (0, 0x0013) => "device announce",
        (0, 0x0036) => "permit joining",
        (0, _) => "device profile",
        (_, 0x0000) => "basic",
        (_, 0x0001) => "power configuration",
        (_, 0x0003) => "identify",
        (_, 0x0004) => "groups",
        (_, 0x0005) => "scenes",
        (_, 0x0006) => "on/off",
        (_, 0x0008) => "level",
        (_, 0x0019) => "firmware",
        (_, 0x0020) => "poll control",
        (_, 0x0101) => "door lock",
        (_, 0x0102) => "window covering",
        (_, 0x0201) => "thermostat",
        (_, 0x0300) => "colour",
        (_, 0x0400) => "illuminance",
        (_, 0x0402) => "temperature",
        (_, 0x0405) => "humidity",
        (_, 0x0406) => "occupancy",
        (_, 0x0500) => "ias zone",
        (_, 0x0501) => "ias control",
        (_, 0x0502) => "ias warning",
        (_, 0x0702) => "metering",
        (_, 0x0b04) => "electrical measurement",
        (_, 0x1000) => "touchlink",
        _ => return None,
    };
    Some(name)
}
