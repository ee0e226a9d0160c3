mod writer;

use std::fs::{self, File};
use std::io::Write;

use serde_json::{Value, json};

use super::kept::Tables;
use super::table::{Said, Table};
use super::*;
use writer::{BUILT, Record, Writer};

fn country(code: &str, name: &str) -> Value {
    json!({
        "continent": { "code": "EU", "names": { "en": "Europe" } },
        "country": { "geoname_id": 2_921_044, "is_in_european_union": true, "iso_code": code, "names": { "de": "…", "en": name } },
    })
}

fn countries(ip_version: u16, record_size: u16) -> Writer {
    let mut six = vec!["192.0.2.0/24", "203.0.113.0/25"];
    six.extend((ip_version == 6).then_some("2001:db8:1::/48"));
    Writer::new("Test-Country", ip_version, record_size)
        .with(&six, &country("DE", "Germany"))
        .with(&["198.51.100.0/24"], &country("NL", "The Netherlands"))
}

fn networks() -> Writer {
    let example = json!({ "autonomous_system_number": 64_500, "autonomous_system_organization": "Example Net" });
    Writer::new("Test-ASN", 6, 24).with(&["192.0.2.0/24", "2001:db8::/32"], &example)
}

fn said(table: &Table, address: &str) -> Said {
    table.said(address.parse().unwrap())
}

#[test]
fn tables_of_all_shapes_say_the_same() {
    for (ip_version, record_size) in [(4, 24), (4, 28), (4, 32), (6, 24), (6, 28), (6, 32)] {
        let table = Table::read(countries(ip_version, record_size).bytes()).unwrap();
        assert_eq!((table.kind.as_str(), table.built), ("Test-Country", model::Time::new(BUILT as i64, 0)));
        for (address, code, name) in [
            ("192.0.2.1", "DE", "Germany"),
            ("203.0.113.127", "DE", "Germany"),
            ("203.0.113.128", "", ""),
            ("198.51.100.255", "NL", "The Netherlands"),
            ("8.8.8.8", "", ""),
            ("2001:db8:1::7", if ip_version == 6 { "DE" } else { "" }, if ip_version == 6 { "Germany" } else { "" }),
            ("2001:db8:2::7", "", ""),
        ] {
            let said = said(&table, address);
            assert_eq!(
                (said.code.as_str(), said.country.as_str()),
                (code, name),
                "{address} {ip_version} {record_size}"
            );
        }
    }
}

#[test]
fn words_of_other_makers_are_understood() {
    for (record, want) in [
        (
            json!({ "country": "Germany", "country_code": "DE", "asn": "AS64500", "as_name": "Example Net" }),
            ("DE", "Germany", "Example Net", Some(64_500)),
        ),
        (json!({ "country": "DE" }), ("DE", "", "", None)),
        (json!({ "country_code": "DE" }), ("DE", "", "", None)),
        (json!({ "country": "DE", "country_name": "Germany" }), ("DE", "Germany", "", None)),
        // Types that nobody would expect are no reason to say nothing of the rest.
        (
            json!({ "country": { "iso_code": 7, "names": { "en": "Ger\nmany" } }, "asn": [1] }),
            ("", "Ger many", "", None),
        ),
        (json!({ "country_code": "<b>", "autonomous_system_number": 7 }), ("", "", "", Some(7))),
    ] {
        let table = Table::read(Writer::new("Flat", 4, 24).with(&["192.0.2.0/24"], &record).bytes()).unwrap();
        let Said { code, country, organisation, as_number } = said(&table, "192.0.2.9");
        assert_eq!((code.as_str(), country.as_str(), organisation.as_str(), as_number), want, "{record}");
    }
    let other = Writer::new("Test-Anonymous", 4, 24).with(&["192.0.2.0/24"], &json!({ "is_tor_exit_node": true }));
    let why = Table::read(other.bytes()).err().unwrap();
    assert!(why.contains("'Test-Anonymous'") && why.contains("neither countries nor organisations"), "{why}");
}

#[test]
fn what_is_cut_off_is_refused_at_every_length() {
    let whole = countries(6, 28).bytes();
    for length in 0..whole.len() {
        let why = Table::read(whole[..length].to_vec()).err().unwrap_or_else(|| panic!("{length} bytes are no table"));
        assert!(!why.contains("failed on it"), "{length}: {why}");
    }
}

#[test]
fn broken_tables_end_in_an_error_or_an_answer() {
    let mut dice = 0x9e37_79b9_7f4a_7c15_u64;
    let mut roll = |below: usize| {
        dice ^= dice << 13;
        dice ^= dice >> 7;
        dice ^= dice << 17;
        (dice % below as u64) as usize
    };
    let whole = [countries(4, 24).bytes(), countries(6, 28).bytes(), networks().bytes()];
    let mut read = [0; 2];
    for round in 0..6_000 {
        let mut bytes = whole[round % whole.len()].clone();
        // Half of them in the data and what is said of it, where a byte means most.
        let from = if round % 2 == 0 { 0 } else { bytes.len() - 300 };
        for _ in 0..=roll(4) {
            let at = from + roll(bytes.len() - from);
            bytes[at] = if roll(2) == 0 { roll(256) as u8 } else { bytes[at] ^ 1 << roll(8) };
        }
        match Table::read(bytes) {
            Ok(table) => {
                read[0] += 1;
                for address in ["192.0.2.1", "203.0.113.1", "8.8.8.8", "2001:db8:1::1", "::ffff:192.0.2.1"] {
                    let said = said(&table, address);
                    assert!(said.code.len() <= 2 && said.country.chars().count() <= 100);
                }
            }
            Err(why) => {
                read[1] += 1;
                assert!(!why.contains("failed on it"), "{why}");
            }
        }
    }
    assert!(read.iter().all(|count| *count > 500), "{read:?}");
}

#[test]
fn trees_and_records_made_to_hold_a_reader_up_do_not() {
    // A tree that leads back to itself, on both sides.
    let mut circle = countries(6, 24);
    circle.nodes[0] = [Record::Node(0); 2];
    // One in which all of the 2^96 ways of IPv6 lead to where IPv4 begins.
    let mut lattice = countries(6, 24);
    lattice.nodes = (0..96).map(|n| [Record::Node(n + 1); 2]).collect();
    lattice.nodes.push([Record::Nothing; 2]);
    // A record that is a map of itself, and one that says it has 16 million entries.
    let shapes: [&[u8]; 3] =
        [&[0xe1, 0x47, b'c', b'o', b'u', b'n', b't', b'r', b'y', 0x20, 0], &[0xff, 0xff, 0xff, 0xff], &[0x20, 0]];
    let records = shapes.map(|shape| {
        let mut table = Writer::new("Test", 4, 24);
        table.data = shape.to_vec();
        table.lead("192.0.2.0/24", Record::Data(0));
        table
    });
    for (n, table) in [circle, lattice].iter().chain(&records).enumerate() {
        let why = Table::read(table.bytes()).err().unwrap_or_else(|| panic!("table {n} was taken"));
        assert!(!why.contains("failed on it"), "{n}: {why}");
    }
}

#[test]
fn addresses_of_a_home_are_never_looked_up() {
    let folder = tempfile::tempdir().unwrap();
    let all = Writer::new("Test-All", 6, 24).with(&["::/1", "8000::/1"], &country("DE", "Germany"));
    let app = App::new(Some(folder.path().join("settings")));
    let file = folder.path().join("all.mmdb");
    fs::write(&file, all.bytes()).unwrap();
    geo_load(&app, GeoLoad { path: file.display().to_string() }).unwrap();
    for (address, known) in [
        ("192.0.2.1", true),
        ("8.8.8.8", true),
        ("2606:4700::1111", true),
        ("::ffff:8.8.8.8", true),
        ("10.0.0.1", false),
        ("172.16.9.9", false),
        ("192.168.86.1", false),
        ("::ffff:192.168.86.1", false),
        ("169.254.1.1", false),
        ("127.0.0.1", false),
        ("100.64.0.1", false),
        ("100.127.255.255", false),
        ("224.0.0.251", false),
        ("255.255.255.255", false),
        ("0.0.0.0", false),
        ("::", false),
        ("::1", false),
        ("fe80::1", false),
        ("fd00::1", false),
        ("ff02::fb", false),
        ("38:8c:50:14:00:25", false),
        ("lamp.example", false),
    ] {
        assert_eq!(place(&app, address).is_some(), known, "{address}");
    }
}

#[test]
fn tables_are_kept_until_they_are_removed() {
    let folder = tempfile::tempdir().unwrap();
    let settings = folder.path().join("settings");
    let write = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        path.display().to_string()
    };
    let tables = Tables::new(Some(&settings));
    let of = |tables: &Tables| -> Vec<String> { tables.state().tables.into_iter().map(|table| table.name).collect() };
    assert!(tables.loaded().place("192.0.2.1".parse().unwrap()).is_none());

    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(&countries(6, 24).bytes()).unwrap();
    assert_eq!(tables.loaded().tells(), (false, false));
    let first = tables.load(&write("old.mmdb.gz", &packed.finish().unwrap())).unwrap();
    assert_eq!(tables.loaded().tells(), (true, false));
    tables.load(&write("networks.mmdb", &networks().bytes())).unwrap();
    assert_eq!(tables.loaded().tells(), (true, true));
    assert_eq!(of(&tables), ["old.mmdb.gz", "networks.mmdb"]);
    // One of the same type takes its place; what was chosen may go away.
    let new = write("new.mmdb", &countries(6, 28).bytes());
    let second = tables.load(&new).unwrap();
    fs::remove_file(new).unwrap();
    assert_eq!(of(&tables), ["networks.mmdb", "new.mmdb"]);
    assert!(!settings.join("geo").join(format!("{}.mmdb", first.sha256)).exists());
    assert_eq!(second.built.as_deref(), Some("2026-11-03T00:00:00.000000000Z"));

    // Known to the next run of the program, too.
    let next = Tables::new(Some(&settings));
    assert_eq!(of(&next), ["networks.mmdb", "new.mmdb"]);
    let place = next.loaded().place("192.0.2.1".parse().unwrap()).unwrap();
    assert_eq!(
        (place.code.as_str(), place.organisation.as_str(), place.as_number),
        ("DE", "Example Net", Some(64_500))
    );
    assert_eq!(place.by, ["networks.mmdb (Test-ASN, 2026-11-03)", "new.mmdb (Test-Country, 2026-11-03)"]);
    let only = next.loaded().place("198.51.100.1".parse().unwrap()).unwrap();
    assert_eq!((only.code.as_str(), only.by.len()), ("NL", 1));

    // A copy that somebody has changed is not asked, and says so.
    let copy = settings.join("geo").join(format!("{}.mmdb", second.sha256));
    fs::write(&copy, countries(4, 24).bytes()).unwrap();
    let changed = Tables::new(Some(&settings));
    assert!(changed.state().tables[1].problem.as_ref().unwrap().contains("hash differs"));
    assert_eq!(changed.loaded().place("198.51.100.1".parse().unwrap()), None);
    assert_eq!(changed.loaded().tells(), (false, true));
    changed.remove(&second.sha256).unwrap();
    assert!(changed.remove(&second.sha256).is_err() && changed.remove("../x").is_err());
    assert_eq!(of(&Tables::new(Some(&settings))), ["networks.mmdb"]);
}

#[test]
fn what_is_no_table_is_refused_and_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let settings = folder.path().join("settings");
    let tables = Tables::new(Some(&settings));
    let text = folder.path().join("notes.mmdb");
    fs::write(&text, "no table").unwrap();
    let large = folder.path().join("large.mmdb");
    File::create(&large).unwrap().set_len(501 << 20).unwrap();
    let missing = folder.path().join("missing.mmdb");
    for (path, says) in [
        (text.as_path(), "metadata"),
        (large.as_path(), "more than 500 MiB"),
        (missing.as_path(), "loading the table"),
        (folder.path(), "it is no file"),
    ] {
        let why = tables.load(path.to_str().unwrap()).unwrap_err();
        assert!(why.message.contains(says), "{}", why.message);
    }
    assert!(tables.state().tables.is_empty());
    assert_eq!(fs::read_dir(settings.join("geo")).unwrap().count(), 0);
    assert!(Tables::new(None).load(text.to_str().unwrap()).is_err());
}

/// What other tests load: two of the three addresses outside the made-up household are in it.
#[test]
fn the_table_of_the_other_tests_is_up_to_date() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../tests/ui/countries.mmdb");
    let record = |code, name, number: u32| {
        let mut record = country(code, name);
        record["autonomous_system_number"] = number.into();
        record["autonomous_system_organization"] = format!("Example Net {number}").into();
        record
    };
    let want = Writer::new("Test-Country-ASN", 6, 24)
        .with(&["203.0.113.0/28"], &record("DE", "Germany", 64_500))
        .with(&["203.0.113.16/29"], &record("NL", "The Netherlands", 64_501))
        .bytes();
    if fs::read(path).unwrap_or_default() != want {
        if std::env::var_os("CI").is_none() {
            fs::write(path, want).unwrap();
        }
        panic!("tests/ui/countries.mmdb was not up to date; outside CI it is now");
    }
}
