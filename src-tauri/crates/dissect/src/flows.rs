//! Conversations under way: Zeek's conn.log, kept frame by frame.
#![expect(clippy::vec_box, reason = "flows are large, and lie in boxes from their beginning: they are never copied")]

use std::collections::HashMap;
use std::hash::{BuildHasher, Hash, Hasher};
use std::net::IpAddr;

use model::{Endpoint, Flow, Frame, Mac, Time, Uid};

use crate::layers::{ACK, Exported, FIN, Ip, Layers, RST, SYN, Transport};
use crate::protocols;
use crate::service::Service;
use crate::stream::Stream;

/// A flow without a frame for so long has ended (nanoseconds). TCP connections of things idle for hours between keep-alives.
const UDP_IDLE: i64 = 180 * 1_000_000_000;
const TCP_IDLE: i64 = 3 * 3600 * 1_000_000_000;
/// After both sides closed: late acknowledgements still belong to it.
const TCP_LINGER: i64 = 30 * 1_000_000_000;
/// Frames between looks for flows that have ended.
const SWEEP_EVERY: u64 = 32_768;

#[derive(Default)]
pub(crate) struct Flows {
    active: HashMap<Key, Box<Active>, foldhash::fast::RandomState>,
    serial: u32,
    since_sweep: u64,
}

/// Both ends, the smaller first, so that both directions find the same flow. Whole numbers, as it is compared for each frame.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Key {
    /// Address and port; IPv4 mapped into IPv6 (RFC 4291, section 2.5.5.2).
    low: (u128, u16),
    high: (u128, u16),
    proto: u8,
    vlan: u16,
}

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let [low, high, proto, vlan] = [self.low.1, self.high.1, self.proto.into(), self.vlan].map(u64::from);
        state.write_u128(self.low.0);
        state.write_u128(self.high.0);
        state.write_u64(low | high << 16 | proto << 32 | vlan << 48);
    }
}

pub(crate) struct Active {
    /// Number of the flow in this capture, from 1.
    pub serial: u32,
    pub uid: Uid,
    pub service: Service,
    pub streams: [Stream; 2],
    sides: [SideState; 2],
    /// Its messages were taken out of their packets: on which port they passed says nothing of what carried them.
    exported: bool,
    ip_proto: u8,
    vlan: Option<u16>,
    first: (u64, Option<Time>),
    last: (u64, Option<Time>),
    history: String,
    /// A bit for each letter of it; no two letters share one.
    noted: u64,
}

struct SideState {
    ip: IpAddr,
    port: u16,
    mac: Option<Mac>,
    /// Of the first frame.
    ttl: u8,
    frames: u64,
    wire_bytes: u64,
    ip_bytes: u64,
    bytes: u64,
    flags: u8,
}

impl Flows {
    /// The flow of a frame and the index of its sender's side; begins one if need be. `ended` gets a flow that this frame ends.
    pub fn of(
        &mut self,
        frame: &Frame,
        layers: &Layers,
        ip: &Ip,
        transport: &Transport,
        ended: &mut dyn FnMut(Box<Active>),
    ) -> (&mut Active, usize) {
        let key = key(layers, ip, transport);
        let flags = transport.tcp.map_or(0, |tcp| tcp.flags);
        let begins = flags & (SYN | ACK | RST) == SYN || layers.exported == Some(Exported::Event { begins: true });
        if begins
            && let Some(old) = self.active.get(&key)
            && old.is_reused()
            && let Some(old) = self.active.remove(&key)
        {
            ended(old);
        }
        let serial = &mut self.serial;
        let active = self.active.entry(key).or_insert_with(|| {
            *serial += 1;
            Box::new(Active::begin(*serial, frame, layers, ip, transport, &key))
        });
        let side = usize::from(active.sides[0].ip != ip.src || active.sides[0].port != orig_port(ip, transport));
        active.count(side, frame, layers, ip, transport);
        (active, side)
    }

    /// Takes out the flows that have ended by `now`, in the order in which they began. Looks only now and then.
    pub fn sweep(&mut self, now: Option<Time>) -> Vec<Box<Active>> {
        self.since_sweep += 1;
        if self.since_sweep < SWEEP_EVERY {
            return Vec::new();
        }
        self.since_sweep = 0;
        let Some(now) = now else { return Vec::new() };
        let over: Vec<Key> =
            self.active.iter().filter(|(_, active)| active.is_over(now)).map(|(key, _)| *key).collect();
        in_order(over.iter().filter_map(|key| self.active.remove(key)).collect())
    }

    /// Those that have not ended, in no order.
    pub fn active(&self) -> impl Iterator<Item = &Active> {
        self.active.values().map(AsRef::as_ref)
    }

    pub fn finish(&mut self) -> Vec<Box<Active>> {
        in_order(self.active.drain().map(|(_, active)| active).collect())
    }
}

fn in_order(mut flows: Vec<Box<Active>>) -> Vec<Box<Active>> {
    flows.sort_unstable_by_key(|active| active.serial);
    flows
}

impl Active {
    fn begin(serial: u32, frame: &Frame, layers: &Layers, ip: &Ip, transport: &Transport, key: &Key) -> Active {
        let flags = transport.tcp.map_or(0, |tcp| tcp.flags);
        let (src, dst) = (orig_port(ip, transport), transport_dst(ip, transport));
        let reply = match transport.tcp {
            Some(_) if flags & SYN != 0 => flags & ACK != 0,
            Some(_) => serves(src) && !serves(dst),
            None => matches!(ip.proto, 6 | 17) && serves(src) && !serves(dst) && !is_group(ip.dst),
        };
        let side = |address: IpAddr, port: u16| SideState {
            ip: address,
            port,
            mac: None,
            ttl: 0,
            frames: 0,
            wire_bytes: 0,
            ip_bytes: 0,
            bytes: 0,
            flags: 0,
        };
        let (sender, receiver) = (side(ip.src, src), side(ip.dst, dst));
        let sides = if reply { [receiver, sender] } else { [sender, receiver] };
        Active {
            serial,
            uid: uid(serial, key, frame),
            service: Service::default(),
            streams: Default::default(),
            sides,
            exported: layers.exported.is_some(),
            ip_proto: ip.proto,
            vlan: layers.vlan,
            first: (frame.number, frame.ts),
            last: (frame.number, frame.ts),
            history: if reply { "^".into() } else { String::new() },
            noted: 0,
        }
    }

    fn count(&mut self, side: usize, frame: &Frame, layers: &Layers, ip: &Ip, transport: &Transport) {
        let state = &mut self.sides[side];
        if state.frames == 0 {
            (state.mac, state.ttl) = (layers.src_mac, ip.ttl);
        }
        state.frames += 1;
        state.wire_bytes += u64::from(frame.wire_len);
        state.ip_bytes += u64::from(ip.total);
        state.bytes += u64::from(transport.payload_len);
        self.last = (frame.number, frame.ts.max(self.last.1));
        if self.first.1.is_none() || frame.ts.is_some_and(|ts| Some(ts) < self.first.1) {
            self.first.1 = frame.ts;
        }
        let Some(tcp) = transport.tcp else {
            if transport.payload_len > 0 {
                self.note(side, b'd');
            }
            return;
        };
        self.sides[side].flags |= tcp.flags;
        match tcp.flags & (SYN | FIN | RST | ACK) {
            flags if flags & SYN != 0 => self.note(side, if flags & ACK != 0 { b'h' } else { b's' }),
            flags if flags & RST != 0 => self.note(side, b'r'),
            flags => {
                if transport.payload_len > 0 {
                    self.note(side, b'd');
                } else if flags == ACK {
                    self.note(side, b'a');
                }
                if flags & FIN != 0 {
                    self.note(side, b'f');
                }
            }
        }
    }

    /// Zeek's history: each letter once per direction, upper case for the originator.
    pub fn note(&mut self, side: usize, letter: u8) {
        let letter = if side == 0 { letter.to_ascii_uppercase() } else { letter };
        let bit = 1 << (letter & 63);
        if self.noted & bit == 0 {
            self.noted |= bit;
            self.history.push(letter as char);
        }
    }

    /// A new SYN belongs to a new connection: this one has closed, or has carried data already.
    fn is_reused(&self) -> bool {
        self.ip_proto == 6 && (self.closed() || self.streams.iter().any(|stream| stream.bytes > 0))
    }

    fn closed(&self) -> bool {
        let [orig, resp] = [self.sides[0].flags, self.sides[1].flags];
        (orig | resp) & RST != 0 || orig & resp & FIN != 0
    }

    fn is_over(&self, now: Time) -> bool {
        let Some(last) = self.last.1 else { return false };
        let idle = now.0.saturating_sub(last.0);
        match self.ip_proto {
            6 if self.closed() => idle > TCP_LINGER,
            6 => idle > TCP_IDLE,
            _ => idle > UDP_IDLE,
        }
    }

    pub fn ends(&self, side: usize) -> crate::service::Ends {
        let (src, dst) = (&self.sides[side], &self.sides[1 - side]);
        crate::service::Ends {
            transport: if self.ip_proto == 6 { protocols::Transport::Tcp } else { protocols::Transport::Udp },
            side: if side == 0 { protocols::Side::Orig } else { protocols::Side::Resp },
            src: (src.ip, src.port),
            dst: (dst.ip, dst.port),
            src_mac: src.mac,
            closed: self.streams[side].is_closed(),
        }
    }

    /// (hardware address, IP, TTL of the first frame, frames, bytes) of each side that spoke.
    pub fn speakers(&self) -> impl Iterator<Item = (Mac, IpAddr, u8, u64, u64)> {
        let spoke = self.sides.iter().filter(|side| side.frames > 0);
        spoke.filter_map(|side| Some((side.mac?, side.ip, side.ttl, side.frames, side.wire_bytes)))
    }

    pub fn span(&self) -> ((u64, Option<Time>), (u64, Option<Time>)) {
        (self.first, self.last)
    }

    pub fn to_flow(&self) -> Flow {
        let [orig, resp] = &self.sides;
        let tcp = self.ip_proto == 6;
        let endpoint = |state: &SideState, stream: &Stream| Endpoint {
            ip: state.ip,
            port: state.port,
            mac: state.mac,
            frames: state.frames,
            wire_bytes: state.wire_bytes,
            ip_bytes: state.ip_bytes,
            bytes: if tcp { stream.bytes } else { state.bytes },
        };
        let transport = if tcp { protocols::Transport::Tcp } else { protocols::Transport::Udp };
        Flow {
            uid: self.uid,
            proto: match self.ip_proto {
                6 => "tcp",
                17 => "udp",
                1 | 58 => "icmp",
                _ => "ip",
            },
            ip_proto: self.ip_proto,
            service: self.service.name(),
            odd_port: !self.exported && !self.service.at_home([orig.port, resp.port], transport),
            vlan: self.vlan,
            first_ts: self.first.1,
            last_ts: self.last.1,
            first_frame: self.first.0,
            last_frame: self.last.0,
            orig: endpoint(orig, &self.streams[0]),
            resp: endpoint(resp, &self.streams[1]),
            conn_state: self.conn_state(),
            history: self.history.clone(),
            missed_bytes: self.streams[0].missed + self.streams[1].missed,
        }
    }

    /// Zeek's conn_state (base/protocols/conn/main.zeek).
    fn conn_state(&self) -> &'static str {
        let [orig, resp] = [self.sides[0].flags, self.sides[1].flags];
        let [orig_frames, resp_frames] = [self.sides[0].frames, self.sides[1].frames];
        if self.ip_proto != 6 {
            return match (orig_frames > 0, resp_frames > 0) {
                (true, true) => "SF",
                (true, false) => "S0",
                _ => "OTH",
            };
        }
        let (asked, answered) = (orig & SYN != 0, resp & SYN != 0);
        match (asked, answered) {
            (true, true) if orig & RST != 0 => "RSTO",
            (true, true) if resp & RST != 0 => "RSTR",
            (true, true) if orig & resp & FIN != 0 => "SF",
            (true, true) if orig & FIN != 0 => "S2",
            (true, true) if resp & FIN != 0 => "S3",
            (true, true) => "S1",
            (true, false) if resp & RST != 0 => "REJ",
            (true, false) if orig & RST != 0 => "RSTOS0",
            (true, false) if orig & FIN != 0 => "SH",
            (true, false) => "S0",
            (false, true) if resp & RST != 0 => "RSTRH",
            (false, true) if resp & FIN != 0 => "SHR",
            _ => "OTH",
        }
    }
}

/// For ICMP the type (a reply counts as its request) and code stand in for ports, as in Zeek.
fn orig_port(ip: &Ip, transport: &Transport) -> u16 {
    match (ip.proto, transport.src_port) {
        (1, 0) => 8,
        (58, 129) => 128,
        (_, port) => port,
    }
}

fn transport_dst(ip: &Ip, transport: &Transport) -> u16 {
    if matches!(ip.proto, 1 | 58) { orig_port(ip, transport) } else { transport.dst_port }
}

fn key(layers: &Layers, ip: &Ip, transport: &Transport) -> Key {
    let src = (number(ip.src), orig_port(ip, transport));
    let dst = (number(ip.dst), transport_dst(ip, transport));
    let (low, high) = if src > dst { (dst, src) } else { (src, dst) };
    Key { low, high, proto: ip.proto, vlan: layers.vlan.unwrap_or(u16::MAX) }
}

fn number(ip: IpAddr) -> u128 {
    match ip {
        IpAddr::V4(four) => 0xffff_0000_0000 | u128::from(four.to_bits()),
        IpAddr::V6(six) => six.to_bits(),
    }
}

fn is_group(ip: IpAddr) -> bool {
    ip.is_multicast() || matches!(ip, IpAddr::V4(four) if four.is_broadcast() || four.octets()[3] == 255)
}

/// A port that servers listen on.
fn serves(port: u16) -> bool {
    port < 1024 || protocols::ALL.iter().any(|protocol| protocol.ports().iter().any(|(_, own)| *own == port))
}

/// A name made of what the flow is, so that the same evidence gives the same names on any machine.
fn uid(serial: u32, key: &Key, frame: &Frame) -> Uid {
    let mut hasher = foldhash::quality::FixedState::with_seed(0x11_4e7e1).build_hasher();
    for (address, port) in [key.low, key.high] {
        hasher.write(&address.to_be_bytes());
        hasher.write_u16(port);
    }
    hasher.write_u8(key.proto);
    hasher.write_u16(key.vlan);
    hasher.write_u64(frame.number);
    hasher.write_i64(frame.ts.map_or(0, |ts| ts.0));
    Uid::new((hasher.finish() >> 32) as u32, serial)
}
