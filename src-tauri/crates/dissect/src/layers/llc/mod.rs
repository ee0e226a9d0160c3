//! IEEE 802.2 LLC with SNAP, and the spanning tree protocol over it (IEEE 802.1D clause 9, 802.1Q clause 14).

mod words;

use model::{Kind, Mac, Party};

use super::{Layers, Line, link};
use crate::bytes::{chunk, u16_be, u32_be};
use crate::protocols::Out;

pub(super) const STP: Kind = Kind {
    name: "stp",
    about: "a bridge (switch, router, mesh node) of the spanning tree; the first time with each root and kind of message",
    fields: &[
        ("msg_type", "configuration or topology_change"),
        ("version", "stp, rstp or mstp"),
        ("bridge", "address of the bridge that speaks"),
        ("root", "address of the bridge that it takes for the root"),
        ("topology_change", "the bridge says that links have changed"),
        ("cost", "of the path to the root"),
        ("port", "the bridge's port, hex"),
    ],
};

pub(super) fn read(bytes: &[u8], at: usize, layers: &mut Layers, out: &mut Out) {
    layers.top = "llc";
    let Some([dsap, ssap, control]) = chunk::<3>(bytes, at) else {
        return layers.short(bytes, at, "LLC header cut short", out);
    };
    out.tree.open("llc", "Logical-Link Control", at..at + 3, || format!("0x{dsap:02x} 0x{ssap:02x}"));
    out.tree.coded("llc.dsap", "DSAP", at..at + 1, dsap, || format!("0x{dsap:02x}"));
    out.tree.coded("llc.ssap", "SSAP", at + 1..at + 2, ssap, || format!("0x{ssap:02x}"));
    out.tree.close();
    let line = |says| Some(Line { at, says });
    match (dsap, control) {
        (0xaa, 3) => {
            let (Some(oui), Some(kind)) = (chunk::<3>(bytes, at + 3), u16_be(bytes, at + 6)) else { return };
            out.tree.coded("llc.type", "Type", at + 6..at + 8, kind, || format!("0x{kind:04x}"));
            match (oui, kind) {
                // No length here: it would be another LLC header, and so on without end.
                ([0, 0, 0] | [0, 0, 0xf8], 0x0600..) if layers.descend() => {
                    link::ether_type(bytes, at + 8, kind, layers, out);
                }
                ([0, 0, 0x0c], 0x2000) => {
                    (layers.top, layers.line) = ("cdp", Some(Line { at: at + 8, says: words::cdp }));
                }
                _ => layers.line = line(words::sentence),
            }
        }
        (0x42, 3) => stp(bytes, at + 3, layers, out),
        _ => layers.line = line(words::sentence),
    }
}

fn stp(bytes: &[u8], at: usize, layers: &mut Layers, out: &mut Out) {
    layers.top = "stp";
    let (Some(0), Some([version, kind])) = (u16_be(bytes, at), chunk::<2>(bytes, at + 2)) else { return };
    let name = match version {
        0 => "stp",
        2 => "rstp",
        _ => "mstp",
    };
    let word = if kind == 0x80 { "topology_change" } else { "configuration" };
    let end = if kind == 0x80 { at + 4 } else { at + 35 };
    out.tree.open("stp", "Spanning Tree Protocol", at..end.min(bytes.len()), || format!("{name} {word}"));
    out.tree.coded("stp.version", "Version", at + 2..at + 3, version, || format!("{version} ({name})"));
    out.tree.coded("stp.type", "BPDU type", at + 3..at + 4, kind, || format!("0x{kind:02x}"));
    let bridge = |from: usize| Some((u16_be(bytes, from)?, bytes.get(from + 2..).and_then(Mac::read)?));
    let stated = (kind != 0x80)
        .then(|| {
            Some((
                *bytes.get(at + 4)?,
                bridge(at + 5)?,
                u32_be(bytes, at + 13)?,
                bridge(at + 17)?,
                u16_be(bytes, at + 25)?,
            ))
        })
        .flatten();
    if let Some((flags, root, cost, bridge, port)) = stated {
        out.tree.coded("stp.flags", "Flags", at + 4..at + 5, flags, || format!("0x{flags:02x}"));
        out.tree.int("stp.root.prio", "Root priority", at + 5..at + 7, root.0 & 0xf000);
        out.tree.text("stp.root.hw", "Root", at + 7..at + 13, root.1);
        out.tree.int("stp.root.cost", "Path cost", at + 13..at + 17, cost);
        out.tree.int("stp.bridge.prio", "Bridge priority", at + 17..at + 19, bridge.0 & 0xf000);
        out.tree.text("stp.bridge.hw", "Bridge", at + 19..at + 25, bridge.1);
        out.tree.coded("stp.port", "Port", at + 25..at + 27, port, || format!("0x{port:04x}"));
    } else if kind != 0x80 {
        layers.short(bytes, at, "spanning tree message cut short", out);
    }
    out.tree.close();
    let fact = out.fact("stp", at..end.min(bytes.len()));
    fact.once = true;
    let party = |mac: Option<Mac>| mac.map_or(Party::None, Party::Mac);
    fact.parties = Some((party(layers.src_mac), party(layers.dst_mac)));
    fact.fields.text("msg_type", word);
    fact.fields.text("version", name);
    if let Some((flags, root, cost, bridge, port)) = stated {
        fact.subject = bridge.1.to_string();
        fact.fields.shown("bridge", bridge.1);
        fact.fields.shown("root", root.1);
        if flags & 1 != 0 {
            fact.fields.flag("topology_change", true);
        }
        fact.own.int("cost", cost.into());
        fact.own.shown("port", format_args!("{port:04x}"));
    }
}
