//! Loaded tables, kept beside the settings as copies: what a download folder loses or replaces changes nothing here.

use std::collections::{HashMap, HashSet};
use std::fs::{self, File};
use std::io::{Read, Write};
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use flate2::read::GzDecoder;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::table::Table;
use super::{GeoPlace, GeoState, GeoTable, is_global};
use crate::error::{Code, Error, Result};
use crate::state::lock;

pub(crate) struct Tables {
    /// Where they are kept; none: nowhere.
    folder: Option<PathBuf>,
    /// Opened when they are first asked for.
    open: Mutex<Option<Arc<Set>>>,
}

/// Those that are loaded at some moment.
#[derive(Clone)]
pub(crate) struct Loaded(Arc<Set>);

struct Set {
    tables: Vec<Held>,
    known: Mutex<Places>,
}

/// What was said of addresses: looking one up takes microseconds, and pages and filters ask for the same ones again and again.
#[derive(Default)]
struct Places {
    of: HashMap<IpAddr, Option<Arc<GeoPlace>>>,
    /// Each once: thousands of addresses have one place.
    distinct: HashSet<Arc<GeoPlace>>,
}

/// Addresses that are remembered.
const MOST_KNOWN: usize = 100_000;

struct Held {
    about: GeoTable,
    /// None if it could not be opened.
    table: Option<Table>,
}

/// A line of the list of tables.
#[derive(Clone, Serialize, Deserialize)]
struct Line {
    name: String,
    sha256: String,
}

/// The list, beside the tables, each of which is called by its hash.
const LIST: &str = "tables.json";
/// Countries and organisations come in tables of their own, and of IPv4 and IPv6.
const MOST: usize = 4;
const LARGEST: u64 = 500 << 20;
const LARGEST_LIST: u64 = 64 << 10;

impl Tables {
    /// `settings`: the folder for what is remembered between cases.
    pub fn new(settings: Option<&Path>) -> Tables {
        Tables { folder: settings.map(|settings| settings.join("geo")), open: Mutex::default() }
    }

    pub fn state(&self) -> GeoState {
        GeoState { tables: self.all().tables.iter().map(|held| held.about.clone()).collect() }
    }

    pub fn loaded(&self) -> Loaded {
        Loaded(self.all())
    }

    /// Checks the table, keeps a copy of it, and asks it from now on; in place of an older one of the same type.
    pub fn load(&self, path: &str) -> Result<GeoTable> {
        let failed = |code, why: String| Error::new(code, format!("loading the table {path}: {why}"));
        let folder =
            self.folder.as_ref().ok_or_else(|| failed(Code::Failed, "there is no folder for settings".into()))?;
        let bytes = content(Path::new(path)).map_err(|why| failed(Code::Invalid, why))?;
        let sha256 = model::hex(&Sha256::digest(&bytes));
        let at = file(folder, &sha256);
        // Written before it is read, as reading takes the bytes; what is no table is removed again.
        let new = at.with_extension("new");
        let size = bytes.len() as u64;
        let written = fs::create_dir_all(folder).and_then(|()| whole(&new, &bytes));
        let table = written.map_err(|why| failed(Code::Failed, why.to_string())).and_then(|()| {
            Table::read(bytes).map_err(|why| {
                failed(Code::Invalid, format!("it is no table in MaxMind's format (mmdb) that can be read: {why}"))
            })
        });
        let table = table.inspect_err(|_| drop(fs::remove_file(&new)))?;
        let name = Path::new(path).file_name().unwrap_or_default().to_string_lossy().into_owned();
        let about = told(name, sha256, size, &table);
        let mut open = lock(&self.open);
        let all = open.get_or_insert_with(|| Set::read(Some(folder))).clone();
        let stays = |held: &&Held| held.about.sha256 != about.sha256 && held.about.kind != about.kind;
        let mut list: Vec<Line> = all.tables.iter().filter(stays).map(|held| line(&held.about)).collect();
        if list.len() >= MOST {
            let _ = fs::remove_file(&new);
            return Err(failed(Code::Refused, format!("{MOST} tables are loaded already; remove one first")));
        }
        list.push(line(&about));
        fs::rename(&new, &at)
            .and_then(|()| write_list(folder, &list))
            .map_err(|why| failed(Code::Failed, why.to_string()))?;
        for gone in all.tables.iter().filter(|held| list.iter().all(|line| line.sha256 != held.about.sha256)) {
            let _ = fs::remove_file(file(folder, &gone.about.sha256));
        }
        *open = None; // opened again, as they are kept
        Ok(about)
    }

    pub fn remove(&self, sha256: &str) -> Result<()> {
        let failed = |code, why: String| Error::new(code, format!("removing the table {sha256}: {why}"));
        let mut open = lock(&self.open);
        let all = open.get_or_insert_with(|| Set::read(self.folder.as_deref())).clone();
        let Some(folder) = self.folder.as_ref().filter(|_| all.tables.iter().any(|held| held.about.sha256 == sha256))
        else {
            return Err(failed(Code::Missing, "no such table is loaded".into()));
        };
        let list: Vec<Line> =
            all.tables.iter().filter(|held| held.about.sha256 != sha256).map(|held| line(&held.about)).collect();
        write_list(folder, &list).map_err(|why| failed(Code::Failed, why.to_string()))?;
        *open = None;
        match fs::remove_file(file(folder, sha256)) {
            Err(why) if why.kind() != std::io::ErrorKind::NotFound => Err(failed(Code::Failed, why.to_string())),
            _ => Ok(()),
        }
    }

    fn all(&self) -> Arc<Set> {
        lock(&self.open).get_or_insert_with(|| Set::read(self.folder.as_deref())).clone()
    }
}

impl Loaded {
    /// One of them tells countries; one of them tells who announces networks.
    pub fn tells(&self) -> (bool, bool) {
        let tables = || self.0.tables.iter().filter_map(|held| held.table.as_ref());
        (tables().any(|table| table.countries), tables().any(|table| table.operators))
    }

    /// None for what is no address of the internet, or in no table.
    pub fn place(&self, address: IpAddr) -> Option<Arc<GeoPlace>> {
        let address = address.to_canonical();
        if !is_global(address) {
            return None;
        }
        if let Some(place) = lock(&self.0.known).of.get(&address) {
            return place.clone();
        }
        let place = self.look_up(address).map(Arc::new);
        let mut known = lock(&self.0.known);
        if known.of.len() >= MOST_KNOWN {
            *known = Places::default();
        }
        let place = place.map(|place| match known.distinct.get(&place) {
            Some(same) => same.clone(),
            None => {
                known.distinct.insert(place.clone());
                place
            }
        });
        known.of.insert(address, place.clone());
        place
    }

    fn look_up(&self, address: IpAddr) -> Option<GeoPlace> {
        let mut place = GeoPlace::default();
        for Held { about, table } in &self.0.tables {
            let said = table.as_ref().map(|table| table.said(address)).unwrap_or_default();
            let before = place.clone();
            if place.code.is_empty() && place.country.is_empty() {
                (place.code, place.country) = (said.code, said.country);
            }
            if place.organisation.is_empty() && place.as_number.is_none() {
                (place.organisation, place.as_number) = (said.organisation, said.as_number);
            }
            if place != before {
                place.by.push(named(about));
            }
        }
        (place != GeoPlace::default()).then_some(place)
    }
}

/// A table's name as a source: `countries.mmdb (GeoLite2-Country, 2026-11-03)`.
fn named(about: &GeoTable) -> String {
    let day = about.built.as_ref().and_then(|built| built.get(..10)).unwrap_or("without a date");
    format!("{} ({}, {day})", about.name, about.kind)
}

fn line(about: &GeoTable) -> Line {
    Line { name: about.name.clone(), sha256: about.sha256.clone() }
}

fn told(name: String, sha256: String, size: u64, table: &Table) -> GeoTable {
    let built = table.built.map(|built| built.to_string());
    GeoTable { name, kind: table.kind.clone(), built, size, sha256, problem: None }
}

fn file(folder: &Path, sha256: &str) -> PathBuf {
    folder.join(format!("{sha256}.mmdb"))
}

impl Set {
    fn read(folder: Option<&Path>) -> Arc<Set> {
        Arc::new(Set { tables: folder.map(read_all).unwrap_or_default(), known: Mutex::default() })
    }
}

fn read_all(folder: &Path) -> Vec<Held> {
    let mut text = Vec::new();
    let read = File::open(folder.join(LIST)).and_then(|file| file.take(LARGEST_LIST).read_to_end(&mut text));
    let list: Vec<Line> = read.ok().and_then(|_| serde_json::from_slice(&text).ok()).unwrap_or_default();
    let ours = |line: &Line| line.sha256.len() == 64 && line.sha256.bytes().all(|b| b.is_ascii_hexdigit());
    list.into_iter().filter(ours).take(MOST).map(|line| held(folder, line)).collect()
}

fn held(folder: &Path, line: Line) -> Held {
    let Line { name, sha256 } = line;
    let read = content(&file(folder, &sha256)).and_then(|bytes| {
        let size = bytes.len() as u64;
        if model::hex(&Sha256::digest(&bytes)) != sha256 {
            return Err("it is not the table that was loaded: its hash differs".to_owned());
        }
        Ok((size, Table::read(bytes)?))
    });
    match read {
        Ok((size, table)) => Held { about: told(name, sha256, size, &table), table: Some(table) },
        Err(why) => {
            let about = GeoTable { name, kind: String::new(), built: None, size: 0, sha256, problem: Some(why) };
            Held { about, table: None }
        }
    }
}

/// The bytes of a table, unpacked if need be.
fn content(path: &Path) -> std::result::Result<Vec<u8>, String> {
    let about = fs::metadata(path).map_err(|why| why.to_string())?;
    if !about.is_file() {
        return Err("it is no file".into());
    }
    if about.len() > LARGEST {
        return Err(too_large());
    }
    let file = File::open(path).map_err(|why| why.to_string())?;
    let bytes = capped(file, about.len())?;
    match bytes.starts_with(&[0x1f, 0x8b]) {
        true => capped(GzDecoder::new(bytes.as_slice()), 0),
        false => Ok(bytes),
    }
}

fn capped(from: impl Read, length: u64) -> std::result::Result<Vec<u8>, String> {
    let mut bytes = Vec::with_capacity(length.min(LARGEST) as usize);
    from.take(LARGEST + 1).read_to_end(&mut bytes).map_err(|why| why.to_string())?;
    match bytes.len() as u64 > LARGEST {
        true => Err(too_large()),
        false => Ok(bytes),
    }
}

fn too_large() -> String {
    format!("it has more than {} MiB", LARGEST >> 20)
}

fn write_list(folder: &Path, list: &[Line]) -> std::io::Result<()> {
    let new = folder.join("tables.new");
    whole(&new, serde_json::to_string_pretty(list)?.as_bytes())?;
    fs::rename(new, folder.join(LIST))
}

fn whole(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut file = File::create(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}
