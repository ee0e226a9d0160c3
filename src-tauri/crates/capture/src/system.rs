//! What stands in a file of the machine and the interface that it was made with.

use std::env::consts::{ARCH, OS};
use std::fs;
use std::process::Command;

use pcap::Device;

/// `Debian GNU/Linux 12 (bookworm), Linux 6.1.0, x86_64`, as far as it is known.
pub fn os() -> String {
    let said = |program: &str, arguments: &[&str]| {
        let output = Command::new(program).args(arguments).output().ok()?;
        Some(String::from_utf8_lossy(&output.stdout).trim().to_owned()).filter(|said| !said.is_empty())
    };
    let about = match OS {
        "linux" => {
            let release = fs::read_to_string("/etc/os-release").unwrap_or_default();
            let name =
                release.lines().find_map(|line| line.strip_prefix("PRETTY_NAME=")).map(|name| name.trim_matches('"'));
            let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
            Some(format!("{}Linux {}", name.map(|name| format!("{name}, ")).unwrap_or_default(), kernel.trim()))
        }
        "macos" => said("/usr/bin/sw_vers", &["-productVersion"]).map(|version| format!("macOS {version}")),
        "windows" => said("cmd.exe", &["/d", "/c", "ver"]),
        _ => None,
    };
    format!("{}, {ARCH}", about.unwrap_or_else(|| OS.into()))
}

/// The processor's name.
pub fn hardware() -> String {
    let about = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = about.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    model.map_or_else(|| ARCH.into(), |(_, name)| name.into())
}

/// What an interface is in hardware.
#[derive(Default)]
pub struct Card {
    pub mac: Option<[u8; 6]>,
    /// The name of its driver.
    pub hardware: String,
}

/// Known on Linux alone.
pub fn card(name: &str) -> Card {
    // A name with a slash would be a path elsewhere; no interface has one.
    if !cfg!(target_os = "linux") || name.contains('/') || name.starts_with('.') {
        return Card::default();
    }
    let folder = format!("/sys/class/net/{name}");
    let driver = fs::read_link(format!("{folder}/device/driver")).unwrap_or_default();
    Card {
        mac: fs::read_to_string(format!("{folder}/address")).ok().and_then(|text| mac(text.trim())),
        hardware: driver.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default(),
    }
}

/// What libpcap says of it; on Windows, that is its name for people.
pub fn description(name: &str) -> String {
    let device = Device::list().unwrap_or_default().into_iter().find(|device| device.name == name);
    device.and_then(|device| device.desc).unwrap_or_default()
}

/// `02:00:00:00:00:01`, unless it is none.
fn mac(text: &str) -> Option<[u8; 6]> {
    let bytes: Vec<u8> = text.split(':').map(|byte| u8::from_str_radix(byte, 16)).collect::<Result<_, _>>().ok()?;
    <[u8; 6]>::try_from(bytes).ok().filter(|mac| *mac != [0; 6])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn macs() {
        let cases = [
            ("02:00:00:00:00:01", Some([2, 0, 0, 0, 0, 1])),
            ("00:00:00:00:00:00", None),
            ("80:00:02:08:fe:80:00:00", None),
            ("", None),
            ("02:00:00:00:00:zz", None),
        ];
        for (text, expected) in cases {
            assert_eq!(mac(text), expected, "{text}");
        }
    }

    #[test]
    fn no_way_out_of_the_folder() {
        let card = card("../../../etc");
        assert!(card.mac.is_none() && card.hardware.is_empty());
    }
}
