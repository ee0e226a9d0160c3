//! `lintel-capture activity`: how much goes through each interface, from the system's own counters.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use serde::Serialize;

use crate::event::Failure;
use crate::{clock, print, privileges};

#[derive(Serialize)]
struct Second {
    at: String,
    interfaces: Vec<Interface>,
}

#[derive(Debug, PartialEq, Eq, Serialize)]
struct Interface {
    name: String,
    packets: u64,
    bytes: u64,
}

/// Packets and bytes of each interface since it came up, both ways together.
type Counters = BTreeMap<String, (u64, u64)>;

pub fn activity() -> Result<(), Failure> {
    privileges::give_up(false)?;
    let closed = Arc::new(AtomicBool::new(false));
    let sign = closed.clone();
    thread::spawn(move || {
        let _ = io::copy(&mut io::stdin().lock(), &mut io::sink());
        sign.store(true, Ordering::SeqCst);
    });
    let mut before = counters()?;
    let mut due = Instant::now();
    loop {
        due += Duration::from_secs(1);
        while let Some(left) = due.checked_duration_since(Instant::now()).filter(|left| !left.is_zero()) {
            if closed.load(Ordering::SeqCst) {
                return Ok(());
            }
            thread::sleep(left.min(Duration::from_millis(50)));
        }
        let now = counters()?;
        print(&Second { at: clock::now(), interfaces: between(&before, &now) })?;
        before = now;
    }
}

/// What came in between. Of an interface that has just appeared nothing is known yet, and one may start to count anew.
fn between(before: &Counters, now: &Counters) -> Vec<Interface> {
    let one = |(name, now): (&String, &(u64, u64))| {
        let before = before.get(name).unwrap_or(now);
        let (packets, bytes) = (now.0.saturating_sub(before.0), now.1.saturating_sub(before.1));
        Interface { name: name.clone(), packets, bytes }
    };
    now.iter().map(one).collect()
}

#[cfg(target_os = "linux")]
fn counters() -> Result<Counters, Failure> {
    let table = std::fs::read_to_string("/proc/net/dev")
        .map_err(|error| Failure::failed(format!("reading /proc/net/dev: {error}")))?;
    Ok(from_proc(&table))
}

/// `/proc/net/dev`: two lines of headings, then `name: bytes packets errs drop fifo frame compressed multicast`, sent the same.
#[cfg(any(target_os = "linux", test))]
fn from_proc(table: &str) -> Counters {
    let row = |line: &str| {
        let (name, numbers) = line.rsplit_once(": ").or_else(|| line.rsplit_once(':'))?;
        let numbers: Vec<u64> = numbers.split_whitespace().map_while(|number| number.parse().ok()).collect();
        let at = |index: usize| numbers.get(index).copied();
        Some((name.trim().to_owned(), (at(1)?.saturating_add(at(9)?), at(0)?.saturating_add(at(8)?))))
    };
    table.lines().filter_map(row).collect()
}

#[cfg(target_os = "macos")]
fn counters() -> Result<Counters, Failure> {
    let output = std::process::Command::new("/usr/sbin/netstat").arg("-ibn").output();
    let output = output.map_err(|error| Failure::failed(format!("starting netstat: {error}")))?;
    Ok(from_netstat(&String::from_utf8_lossy(&output.stdout)))
}

/// `netstat -ibn`: `Name Mtu Network [Address] Ipkts Ierrs Ibytes Opkts Oerrs Obytes Coll`, of which the row whose network
/// is `<Link#n>` counts for the interface. A `*` marks one that is down.
#[cfg(any(target_os = "macos", test))]
fn from_netstat(table: &str) -> Counters {
    let row = |line: &str| {
        let words: Vec<&str> = line.split_whitespace().collect();
        if !words.get(2)?.starts_with("<Link#") {
            return None;
        }
        let from_end = |back: usize| words.len().checked_sub(back).and_then(|at| words.get(at)?.parse::<u64>().ok());
        let (packets, bytes) = (from_end(7)?.saturating_add(from_end(4)?), from_end(5)?.saturating_add(from_end(2)?));
        Some((words.first()?.trim_end_matches('*').to_owned(), (packets, bytes)))
    };
    table.lines().filter_map(row).collect()
}

#[cfg(windows)]
fn counters() -> Result<Counters, Failure> {
    windows::counters().map_err(|code| Failure::failed(format!("asking for the interfaces' counters: error {code}")))
}

#[cfg(windows)]
mod windows {
    #![allow(unsafe_code)]

    use std::ptr;
    use std::slice;

    use windows_sys::Win32::NetworkManagement::IpHelper::{FreeMibTable, GetIfTable2};

    use super::Counters;

    /// By the names that Npcap gives to interfaces.
    pub fn counters() -> Result<Counters, u32> {
        let mut table = ptr::null_mut();
        // SAFETY: a table that was given is as long as it says, and is freed once, after its last use.
        unsafe {
            let code = GetIfTable2(&mut table);
            if code != 0 || table.is_null() {
                return Err(code);
            }
            let rows = slice::from_raw_parts((*table).Table.as_ptr(), (*table).NumEntries as usize);
            let counters = rows.iter().map(|row| {
                let id = row.InterfaceGuid;
                let [a, b, rest @ ..] = id.data4;
                let rest: String = rest.iter().map(|byte| format!("{byte:02X}")).collect();
                let name = format!(
                    r"\Device\NPF_{{{:08X}-{:04X}-{:04X}-{a:02X}{b:02X}-{rest}}}",
                    id.data1, id.data2, id.data3
                );
                let packets = [row.InUcastPkts, row.InNUcastPkts, row.OutUcastPkts, row.OutNUcastPkts];
                let packets = packets.into_iter().fold(0_u64, u64::saturating_add);
                (name, (packets, row.InOctets.saturating_add(row.OutOctets)))
            });
            let counters = counters.collect();
            FreeMibTable(table.cast());
            Ok(counters)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn linux() {
        let table = "\
Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
    lo: 1000      10    0    0    0     0          0         0     1000      10    0    0    0     0       0          0
eth0.7:18446744073709551615 3 0 0 0 0 0 0 5 4 0 0 0 0 0 0
 short: 1 2 3
";
        let counters = from_proc(table);
        assert_eq!(counters.len(), 2);
        assert_eq!(counters["lo"], (20, 2_000));
        assert_eq!(counters["eth0.7"], (7, u64::MAX));
    }

    #[test]
    fn macos() {
        let table = "\
Name       Mtu   Network       Address            Ipkts Ierrs     Ibytes    Opkts Oerrs     Obytes  Coll
lo0        16384 <Link#1>                         1000     0     200000     1000     0     200000     0
lo0        16384 127           127.0.0.1          1000     -     200000     1000     -     200000     -
gif0*      1280  <Link#2>                            0     0          0        0     0          0     0
en0        1500  <Link#6>    02:00:00:00:00:01    5000     0    4000000     3000     0     500000     0
";
        let counters = from_netstat(table);
        assert_eq!(counters.len(), 3);
        assert_eq!(counters["lo0"], (2_000, 400_000));
        assert_eq!(counters["gif0"], (0, 0));
        assert_eq!(counters["en0"], (8_000, 4_500_000));
    }

    #[test]
    fn a_second() {
        let before = Counters::from([("a".into(), (10, 100)), ("reset".into(), (9, 9)), ("gone".into(), (1, 1))]);
        let now = Counters::from([("a".into(), (12, 160)), ("reset".into(), (1, 1)), ("new".into(), (5, 5))]);
        let counts: Vec<_> = between(&before, &now).into_iter().map(|it| (it.name, it.packets, it.bytes)).collect();
        assert_eq!(counts, [("a".into(), 2, 60), ("new".into(), 0, 0), ("reset".into(), 0, 0)]);
    }
}
