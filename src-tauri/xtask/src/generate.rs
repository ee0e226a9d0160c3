//! A capture of a made-up home, as large as wanted. The same recipe makes the same bytes.
//!
//! Sixty devices resolve names, keep MQTT connections open for hours, answer CoAP, announce themselves and fetch things
//! over TLS and HTTP; a few segments come twice or in the wrong order. All names and outside addresses are those that
//! are kept for examples (RFC 2606, RFC 5737).

mod messages;
mod phones;
mod wire;

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::net::Ipv4Addr;
use std::path::Path;

use anyhow::{Context, Result, bail};
use messages::{arp, client_hello, coap, dhcp, dns, mdns, mqtt, mqtt_connect, mqtt_publish, mqtt_subscribe};
use messages::{sealed, server_hello};
use wire::{ACK, Connection, End, FIN, Host, PSH, SEGMENT, SYN, Wire};

pub use phones::{Crowd, phones};

/// What to make.
#[derive(Clone, Copy, Debug)]
pub struct Recipe {
    /// Bytes; the last exchange may go a little beyond.
    pub size: u64,
    pub seed: u64,
    pub mix: Mix,
}

/// What most of the bytes are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mix {
    /// Telemetry and names: some 230 bytes a frame, which is the hard case for whoever reads frames.
    Small,
    /// Pictures and updates: most frames are full.
    Bulk,
}

impl std::str::FromStr for Mix {
    type Err = anyhow::Error;

    fn from_str(name: &str) -> Result<Mix> {
        match name {
            "small" => Ok(Mix::Small),
            "bulk" => Ok(Mix::Bulk),
            _ => bail!("a mix is `small` or `bulk`, not {name:?}"),
        }
    }
}

/// Writes the capture to `path`, which is there only once it is whole. Says how many frames it has.
pub fn generate(recipe: Recipe, path: &Path) -> Result<u64> {
    let partial = path.with_extension("partial");
    let write = || -> io::Result<u64> {
        let frames = write(recipe, BufWriter::with_capacity(1 << 20, File::create(&partial)?))?;
        std::fs::rename(&partial, path)?;
        Ok(frames)
    };
    write().with_context(|| format!("writing a capture of {} bytes to {}", recipe.size, path.display()))
}

fn write(recipe: Recipe, out: impl Write) -> io::Result<u64> {
    let start = 1_700_000_000_000_000_000;
    let mut home = Home {
        wire: Wire::new(out, start)?,
        random: Random(recipe.seed),
        mix: recipe.mix,
        devices: (0..DEVICES).map(Device::new).collect(),
    };
    // What is to be done when: of two at the same time, the one that was planned first.
    let mut plan = BinaryHeap::new();
    let mut order = 0_u64;
    for device in 0..DEVICES {
        for &task in tasks(device) {
            let jitter = if task == Task::Lease { 0 } else { home.random.below(20_000) };
            plan.push(Reverse((start + jitter * 1_000_000, order, device, task)));
            order += 1;
        }
    }
    while home.wire.written < recipe.size {
        let Some(Reverse((time, _, device, task))) = plan.pop() else { break };
        home.wire.now = home.wire.now.max(time);
        let wait = home.perform(device, task)?;
        plan.push(Reverse((time + wait * 1_000_000, order, device, task)));
        order += 1;
    }
    let frames = home.wire.frames;
    home.wire.finish()?;
    Ok(frames)
}

const DEVICES: usize = 60;
const ROUTER: Host = Host { mac: [2, 0, 0x5e, 7, 0, 1], ip: Ipv4Addr::new(192, 168, 7, 1) };
const ROOMS: [&str; 8] = ["kitchen", "hall", "bath", "attic", "garage", "garden", "office", "nursery"];
const MAKERS: [&str; 6] = ["lamps", "plugs", "meters", "cams", "locks", "speakers"];

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Task {
    Lease,
    Telemetry,
    Resolve,
    Secure,
    Fetch,
    Observe,
    Announce,
    Ask,
}

/// What a device does, by its place in the house.
fn tasks(device: usize) -> &'static [Task] {
    use Task::*;
    match device % 5 {
        0 | 1 => &[Lease, Telemetry, Ask],
        2 => &[Lease, Observe, Telemetry, Ask],
        3 => &[Lease, Resolve, Secure, Announce, Ask],
        _ => &[Lease, Resolve, Secure, Fetch, Announce, Ask],
    }
}

struct Device {
    host: Host,
    name: String,
    /// Its connection to the broker, once it has one.
    broker: Option<Connection>,
    /// Counts connections, transactions, messages.
    count: u16,
}

impl Device {
    fn new(nth: usize) -> Device {
        let id = nth as u8 + 10;
        Device {
            host: Host { mac: [2, 0, 0x5e, 7, 1, id], ip: Ipv4Addr::new(192, 168, 7, id) },
            name: format!("{}-{}-{id}", MAKERS[nth % MAKERS.len()], ROOMS[nth % ROOMS.len()]),
            broker: None,
            count: 0,
        }
    }

    fn count(&mut self) -> u16 {
        self.count = self.count.wrapping_add(1);
        self.count
    }

    /// A port of the dynamic range (RFC 6335), a new one each time.
    fn port(&mut self) -> u16 {
        49_152 + self.count() % 16_000
    }
}

struct Home<W> {
    wire: Wire<W>,
    random: Random,
    mix: Mix,
    devices: Vec<Device>,
}

impl<W: Write> Home<W> {
    /// Does it, and says in how many milliseconds to do it again.
    fn perform(&mut self, device: usize, task: Task) -> io::Result<u64> {
        match task {
            Task::Lease => self.lease(device)?,
            Task::Telemetry => self.telemetry(device)?,
            Task::Resolve => self.resolve(device).map(|_| ())?,
            Task::Secure => self.secure(device)?,
            Task::Fetch => self.fetch(device)?,
            Task::Observe => self.observe(device)?,
            Task::Announce => self.announce(device)?,
            Task::Ask => self.ask(device)?,
        }
        let (shortest, spread) = match task {
            Task::Lease => (43_200_000, 600_000),
            Task::Telemetry => (700, 1_500),
            Task::Resolve => (3_000, 9_000),
            Task::Secure => (8_000, 20_000),
            Task::Fetch => (20_000, 60_000),
            Task::Observe => (2_000, 3_000),
            Task::Announce => (60_000, 60_000),
            Task::Ask => (30_000, 30_000),
        };
        Ok(shortest + self.random.below(spread))
    }

    fn lease(&mut self, device: usize) -> io::Result<()> {
        let nobody = Host { ip: Ipv4Addr::UNSPECIFIED, ..self.devices[device].host };
        let everybody = Host { mac: [0xff; 6], ip: Ipv4Addr::BROADCAST };
        let transaction = self.random.next() as u32;
        let Device { host, name, .. } = &self.devices[device];
        for kind in [1, 2, 3, 5] {
            let message = dhcp(kind, transaction, host.mac, host.ip, name);
            match kind {
                2 | 5 => self.wire.udp((ROUTER, 67), (*host, 68), &message)?,
                _ => self.wire.udp((nobody, 68), (everybody, 67), &message)?,
            }
        }
        Ok(())
    }

    /// An MQTT message over a connection that stays open; one in four thousand times it is made anew.
    fn telemetry(&mut self, device: usize) -> io::Result<()> {
        let name = self.devices[device].name.clone();
        let kept = self.devices[device].broker.take().filter(|_| self.random.below(4_000) > 0);
        let mut broker = match kept {
            Some(broker) => broker,
            None => {
                let mut broker = self.connect(device, Ipv4Addr::new(198, 51, 100, 20), 1883)?;
                self.exchange(&mut broker, &mqtt_connect(&name, &format!("home7/{name}")), &[0x20, 2, 0, 0])?;
                self.exchange(&mut broker, &mqtt_subscribe(1, &format!("home7/{name}/set")), &mqtt(0x90, &[0, 1, 1]))?;
                broker
            }
        };
        let id = self.devices[device].count();
        match self.random.below(20) {
            0 => {
                self.exchange(&mut broker, &mqtt(0xc0, &[]), &mqtt(0xd0, &[]))?;
            }
            1 => {
                let on = if self.random.below(2) == 0 { "on" } else { "off" };
                let order = format!(r#"{{"state":"{on}","brightness":{}}}"#, self.random.below(255));
                self.say(&mut broker, End::Server, &mqtt_publish(None, &format!("home7/{name}/set"), &order))?;
                self.wire.tcp(&mut broker, End::Client, ACK, b"")?;
            }
            _ => {
                let history: Vec<String> = (0..24).map(|_| self.random.below(3_000).to_string()).collect();
                let state = format!(
                    r#"{{"id":"{name}","seq":{id},"power_w":{}.{},"voltage_v":{},"temperature_c":{}.{},"rssi":-{},"uptime_s":{},"state":"on","fw":"2.4.{}","history":[{}]}}"#,
                    self.random.below(400),
                    self.random.below(10),
                    220 + self.random.below(20),
                    15 + self.random.below(12),
                    self.random.below(10),
                    40 + self.random.below(40),
                    self.wire.now / 1_000_000_000 % 100_000,
                    device % 7,
                    history.join(","),
                );
                let topic = format!("home7/{name}/state");
                self.exchange(&mut broker, &mqtt_publish(Some(id), &topic, &state), &mqtt(0x40, &id.to_be_bytes()))?;
            }
        }
        self.devices[device].broker = Some(broker);
        Ok(())
    }

    /// A name and its addresses; the name is one of a few that the device always asks for, or one of many thousands.
    fn resolve(&mut self, device: usize) -> io::Result<(String, Ipv4Addr)> {
        let maker = MAKERS[device % MAKERS.len()];
        let name = match self.random.below(4) {
            0 => format!("{:06x}.edge.{maker}.example.net", self.random.below(40_000)),
            1 => format!("time{}.example.org", self.random.below(4)),
            _ => format!("api{}.{maker}.example.com", self.random.below(12)),
        };
        let server = Ipv4Addr::new(203, 0, 113, self.random.below(254) as u8 + 1);
        let (host, port, id) = (self.devices[device].host, self.devices[device].port(), self.random.next() as u16);
        for (kind, answers) in [(1, &[server, Ipv4Addr::new(203, 0, 113, 9)][..]), (28, &[])] {
            let id = id ^ kind;
            self.wire.udp((host, port), (ROUTER, 53), &dns(id, 0x0100, &name, kind, &[]))?;
            self.wire.now += 4_000_000;
            self.wire.udp((ROUTER, 53), (host, port), &dns(id, 0x8180, &name, kind, answers))?;
        }
        Ok((name, server))
    }

    fn secure(&mut self, device: usize) -> io::Result<()> {
        let (name, server) = self.resolve(device)?;
        let mut connection = self.connect(device, server, 443)?;
        let hello = client_hello(&name, &mut self.random);
        let mut answer = server_hello(&mut self.random);
        answer.extend(sealed(1_800, &mut self.random));
        self.exchange(&mut connection, &hello, &answer)?;
        let (rounds, most) = match self.mix {
            Mix::Small => (16, 2_000),
            Mix::Bulk => (120, 16_000),
        };
        for _ in 0..=self.random.below(rounds) {
            let (asked, given) = (60 + self.random.below(400) as usize, 60 + self.random.below(most) as usize);
            let request = sealed(asked, &mut self.random);
            let answer = sealed(given, &mut self.random);
            self.exchange(&mut connection, &request, &answer)?;
        }
        self.close(connection)
    }

    fn fetch(&mut self, device: usize) -> io::Result<()> {
        let (name, server) = self.resolve(device)?;
        let mut connection = self.connect(device, server, 80)?;
        let version = self.random.below(50);
        let request = format!(
            "GET /firmware/{}/{version}.json HTTP/1.1\r\nHost: {name}\r\nUser-Agent: {}/2.4\r\nAccept: */*\r\n\r\n",
            MAKERS[device % MAKERS.len()],
            MAKERS[device % MAKERS.len()]
        );
        let length = self.random.below(if self.mix == Mix::Small { 600 } else { 200_000 }) as usize;
        let mut answer = format!(
            "HTTP/1.1 200 OK\r\nServer: example\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n"
        )
        .into_bytes();
        answer.resize(answer.len() + length, b' ');
        self.exchange(&mut connection, request.as_bytes(), &answer)?;
        self.close(connection)
    }

    fn observe(&mut self, device: usize) -> io::Result<()> {
        let (asked, asking) = (self.devices[device].host, self.devices[(device + 1) % DEVICES].host);
        let (id, token) = (self.devices[device].count(), (self.random.next() as u32).to_be_bytes());
        let path = ["sensors", ROOMS[device % ROOMS.len()], "temperature"];
        self.wire.udp((asking, 40_000), (asked, 5683), &coap(0x00, 0x01, id, token, &path, b""))?;
        let reading =
            format!(r#"{{"n":"temperature","u":"Cel","v":{}.{}}}"#, 15 + self.random.below(12), self.random.below(10));
        self.wire.udp((asked, 5683), (asking, 40_000), &coap(0x20, 0x45, id, token, &[], reading.as_bytes()))
    }

    fn announce(&mut self, device: usize) -> io::Result<()> {
        let Device { host, name, .. } = &self.devices[device];
        let everybody = Host { mac: [0; 6], ip: Ipv4Addr::new(224, 0, 0, 251) };
        let service = if device.is_multiple_of(2) { "_hap._tcp.local" } else { "_http._tcp.local" };
        self.wire.udp((*host, 5353), (everybody, 5353), &mdns(service, name, &format!("{name}.local"), host.ip))
    }

    fn ask(&mut self, device: usize) -> io::Result<()> {
        let host = self.devices[device].host;
        let question = arp(1, (host.mac, host.ip), ([0; 6], ROUTER.ip));
        self.wire.ethernet([0xff; 6], host.mac, 0x0806, &question)?;
        self.wire.ethernet(host.mac, ROUTER.mac, 0x0806, &arp(2, (ROUTER.mac, ROUTER.ip), (host.mac, host.ip)))
    }

    /// A connection through the router to an address beyond.
    fn connect(&mut self, device: usize, ip: Ipv4Addr, server_port: u16) -> io::Result<Connection> {
        let next = [self.random.next() as u32, self.random.next() as u32];
        let client_port = self.devices[device].port();
        let (client, server) = (self.devices[device].host, Host { ip, ..ROUTER });
        let mut connection = Connection { client, server, client_port, server_port, next };
        self.wire.tcp(&mut connection, End::Client, SYN, b"")?;
        self.wire.now += 12_000_000;
        self.wire.tcp(&mut connection, End::Server, SYN | ACK, b"")?;
        self.wire.tcp(&mut connection, End::Client, ACK, b"")?;
        Ok(connection)
    }

    /// The client asks, the server answers; each answer acknowledges what it answers.
    fn exchange(&mut self, on: &mut Connection, question: &[u8], answer: &[u8]) -> io::Result<()> {
        self.say(on, End::Client, question)?;
        self.say(on, End::Server, answer)?;
        self.wire.tcp(on, End::Client, ACK, b"")
    }

    /// Sends `bytes` in full segments, every two of them acknowledged but the last. One pair in 250 comes in the wrong
    /// order, one segment in 250 comes twice.
    fn say(&mut self, on: &mut Connection, from: End, bytes: &[u8]) -> io::Result<()> {
        let other = if from == End::Client { End::Server } else { End::Client };
        for (nth, pair) in bytes.chunks(2 * SEGMENT).enumerate() {
            if nth > 0 {
                self.wire.tcp(on, other, ACK, b"")?;
            }
            let mut segments: Vec<_> = pair.chunks(SEGMENT).map(|part| on.segment(from, ACK | PSH, part)).collect();
            if self.random.below(250) == 0 {
                segments.reverse();
            }
            for segment in segments {
                if self.random.below(250) == 0 {
                    self.wire.tcp_segment(on, from, segment.clone())?;
                }
                self.wire.tcp_segment(on, from, segment)?;
            }
            self.wire.now += 2_000_000;
        }
        Ok(())
    }

    fn close(&mut self, mut connection: Connection) -> io::Result<()> {
        self.wire.tcp(&mut connection, End::Client, FIN | ACK, b"")?;
        self.wire.tcp(&mut connection, End::Server, FIN | ACK, b"")?;
        self.wire.tcp(&mut connection, End::Client, ACK, b"")
    }
}

/// SplitMix64: small, and the same everywhere.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    fn bytes(&mut self, count: usize) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(count + 8);
        while bytes.len() < count {
            bytes.extend(self.next().to_le_bytes());
        }
        bytes.truncate(count);
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(recipe: Recipe) -> (u64, Vec<u8>) {
        let mut bytes = Vec::new();
        let frames = write(recipe, &mut bytes).expect("a vector takes it");
        (frames, bytes)
    }

    #[test]
    fn the_same_recipe_makes_the_same_bytes_and_another_seed_others() {
        let recipe = Recipe { size: 300_000, seed: 7, mix: Mix::Small };
        assert_eq!(made(recipe), made(recipe));
        assert_ne!(made(recipe).1, made(Recipe { seed: 8, ..recipe }).1);
    }

    #[test]
    fn frames_are_as_large_as_the_mix_says() {
        let mean = |mix| {
            let (frames, bytes) = made(Recipe { size: 8_000_000, seed: 7, mix });
            bytes.len() as u64 / frames - 16
        };
        let (small, bulk) = (mean(Mix::Small), mean(Mix::Bulk));
        assert!((200..260).contains(&small), "small: {small}");
        assert!((700..1500).contains(&bulk), "bulk: {bulk}");
    }

    #[test]
    fn records_fill_the_file_and_time_never_runs_back() {
        let (frames, bytes) = made(Recipe { size: 300_000, seed: 7, mix: Mix::Bulk });
        let word = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().expect("four bytes"));
        let (mut at, mut count, mut last) = (24, 0, 0);
        while at < bytes.len() {
            let time = u64::from(word(at)) * 1_000_000_000 + u64::from(word(at + 4));
            assert!(time > last && word(at + 8) == word(at + 12), "record at {at}");
            last = time;
            at += 16 + word(at + 8) as usize;
            count += 1;
        }
        assert_eq!((at, count), (bytes.len(), frames));
    }
}
