//! The packet that an ICMP error is about, or as much of it as the error quotes (RFC 792, RFC 1812 section 4.3.2.3, RFC 4443).

use std::ops::Range;

use super::{Layers, ip, transport};
use crate::carried;
use crate::protocols::{Out, Side};

/// Shows the packet in `range`. It was told where it passed, or never did: it makes no facts and belongs to no flow. That it ends
/// early is as it should be.
pub(super) fn read(bytes: &[u8], range: Range<usize>, six: bool, layers: &Layers, out: &mut Out) {
    let Some(bytes) = bytes.get(..range.end).filter(|_| !range.is_empty()) else { return };
    out.aside(|out| {
        let mut quoted = Layers { cut: true, depth: layers.depth, ..Layers::default() };
        if quoted.descend() {
            match six {
                true => ip::v6(bytes, range.start, &mut quoted, out),
                false => ip::v4(bytes, range.start, &mut quoted, out),
            }
        }
        inside(bytes, range, quoted, out);
    });
}

/// What the headers were read before.
fn inside(bytes: &[u8], range: Range<usize>, mut quoted: Layers, out: &mut Out) {
    let Some(ip) = quoted.ip else {
        return carried::show(bytes, range, None, out);
    };
    if let Some(fragment) = quoted.fragment.take() {
        if fragment.offset > 0 {
            return carried::show(bytes, fragment.payload, None, out);
        }
        let stated =
            (ip.total as usize).saturating_sub(fragment.payload.start - range.start).max(fragment.payload.len());
        transport::read(ip.proto, bytes, fragment.payload, stated, &mut quoted, out);
    }
    let (Some(ip), Some(header)) = (quoted.ip, quoted.transport) else { return };
    if quoted.shown {
        return;
    }
    // Who opened the connection is not known here: mostly it is the lower port that was called.
    let side = if header.src_port > header.dst_port { Side::Orig } else { Side::Resp };
    let ends = carried::ends(&ip, Some(&header), side).map(|mut ends| {
        ends.cut = header.tcp.is_some() || header.payload.len() < header.payload_len as usize;
        ends
    });
    carried::show(bytes, header.payload, ends, out);
}
