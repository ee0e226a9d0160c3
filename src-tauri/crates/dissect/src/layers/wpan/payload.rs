//! What beacons and MAC commands say (IEEE 802.15.4 sections 7.3.1 and 7.5; Zigbee specification section 3.6.7).

use model::Fields;

use super::{Address, eui64};
use crate::bytes::{chunk, u16_le};
use crate::protocols::Out;

/// What a frame says beside its addresses.
#[derive(Default)]
pub(super) struct Said {
    pub command: Option<u8>,
    assigned: Option<u16>,
    status: Option<u8>,
    network: Option<&'static str>,
    extended_pan: Option<u64>,
    permit_join: bool,
}

impl Said {
    /// Joins and leaves are told each time.
    pub fn is_event(&self) -> bool {
        matches!(self.command, Some(1..=3 | 6 | 8))
    }

    pub fn write(&self, dst: Address, fields: &mut Fields) {
        if let Some(command) = self.command {
            fields.text("command", command_word(command));
        }
        if let (Some(assigned), Address::Long(_)) = (self.assigned, dst) {
            fields.shown("joined", dst);
            fields.shown("assigned", format_args!("{assigned:04x}"));
        }
        if let Some(status) = self.status {
            fields.int("status", status.into());
        }
        if let Some(network) = self.network {
            fields.text("network", network);
        }
        if let Some(id) = self.extended_pan {
            fields.shown("extended_pan", format_args!("{id:016x}"));
        }
        if self.permit_join {
            fields.flag("permit_join", true);
        }
    }
}

pub(super) fn command(bytes: &[u8], at: usize, out: &mut Out) -> Said {
    let Some(command) = bytes.get(at).copied() else { return Said::default() };
    let shown = || format!("{command} ({})", command_word(command));
    out.tree.coded("wpan.cmd", "Command", at..at + 1, command, shown);
    let mut said = Said { command: Some(command), ..Said::default() };
    match (command, bytes.get(at + 1..).unwrap_or_default()) {
        (1, [capability, ..]) => {
            for (name, label, bit) in [
                ("wpan.cinfo.device_type", "Full function device", 1),
                ("wpan.cinfo.power_src", "Mains power", 2),
                ("wpan.cinfo.idle_rx", "Hears while idle", 3),
                ("wpan.cinfo.alloc_addr", "Wants a short address", 7),
            ] {
                out.tree.int(name, label, at + 1..at + 2, capability >> bit & 1);
            }
        }
        (2, [low, high, status, ..]) => {
            let assigned = u16::from_le_bytes([*low, *high]);
            (said.assigned, said.status) = (Some(assigned), Some(*status));
            let shown = || format!("0x{assigned:04x}");
            out.tree.coded("wpan.asoc.addr", "Short address", at + 1..at + 3, assigned, shown);
            out.tree.int("wpan.assoc.status", "Status", at + 3..at + 4, *status);
        }
        (3, [reason, ..]) => {
            said.status = Some(*reason);
            out.tree.int("wpan.disassoc.reason", "Reason", at + 1..at + 2, *reason);
        }
        _ => {}
    }
    said
}

/// Superframe, guaranteed time slots, pending addresses; then what the network's own layer has put there.
pub(super) fn beacon(bytes: &[u8], at: usize, out: &mut Out) -> Said {
    let mut said = Said::default();
    let (Some(superframe), Some(slots)) = (u16_le(bytes, at), bytes.get(at + 2)) else { return said };
    said.permit_join = superframe & 0x8000 != 0;
    out.tree.int("wpan.beacon_order", "Beacon interval", at..at + 1, superframe & 15);
    out.tree.int("wpan.bcn_coord", "Coordinator", at + 1..at + 2, superframe >> 14 & 1);
    out.tree.int("wpan.assoc_permit", "Lets devices in", at + 1..at + 2, superframe >> 15);
    let slots = usize::from(slots & 7);
    let waiting_at = at + 3 + if slots > 0 { 1 + slots * 3 } else { 0 };
    let Some(waiting) = bytes.get(waiting_at) else { return said };
    let start = waiting_at + 1 + usize::from(waiting & 7) * 2 + usize::from(waiting >> 4 & 7) * 8;
    match bytes.get(start) {
        Some(0) => zigbee(bytes, start, &mut said, out),
        Some(3) => said.network = Some("thread"),
        _ => {}
    }
    said
}

fn zigbee(bytes: &[u8], at: usize, said: &mut Said, out: &mut Out) {
    let (Some(info), Some(id)) = (u16_le(bytes, at + 1), chunk::<8>(bytes, at + 3).map(u64::from_le_bytes)) else {
        return;
    };
    (said.network, said.extended_pan) = (Some("zigbee"), Some(id));
    let shown = || eui64(id);
    out.tree.open("zbee_beacon", "ZigBee Beacon", at..bytes.len().min(at + 15), shown);
    out.tree.int("zbee_beacon.protocol", "Protocol", at..at + 1, 0);
    out.tree.int("zbee_beacon.profile", "Stack profile", at + 1..at + 2, info & 15);
    out.tree.int("zbee_beacon.version", "Version", at + 1..at + 2, info >> 4 & 15);
    out.tree.int("zbee_beacon.router", "Takes routers", at + 2..at + 3, info >> 10 & 1);
    out.tree.int("zbee_beacon.depth", "Depth", at + 2..at + 3, info >> 11 & 15);
    out.tree.int("zbee_beacon.end_dev", "Takes end devices", at + 2..at + 3, info >> 15);
    out.tree.text("zbee_beacon.ext_panid", "Extended network id", at + 3..at + 11, eui64(id));
    if let Some(update) = bytes.get(at + 14) {
        out.tree.int("zbee_beacon.update_id", "Update", at + 14..at + 15, *update);
    }
    out.tree.close();
}

fn command_word(command: u8) -> &'static str {
    match command {
        1 => "association_request",
        2 => "association_response",
        3 => "disassociation",
        4 => "data_request",
        5 => "pan_conflict",
        6 => "orphan",
        7 => "beacon_request",
        8 => "coordinator_realignment",
        9 => "gts_request",
        _ => "other",
    }
}
