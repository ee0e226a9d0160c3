//! Kismet's log (kismetwireless.net/docs/dev/kismetdb): an SQLite database with a row for each device that its radios heard.
//!
//! A device's row gives when it was heard first and last and how strong at best; not by which radio, nor how often.

use model::{Cancelled, Fact, Kind, Mac, Party, Place, Sighting, Sink, Time};

use super::sqlite::{Database, MAGIC, Row, Table, Value};
use super::telling::{Telling, too_strong};
use crate::format::{Ending, Format, Head, Recognised, begins_with};
use crate::source::Source;

/// A longer one is not read: it would have to be in memory.
const LONGEST: usize = 128 << 20;

/// A database that Kismet made.
pub struct KismetDb;

impl Format for KismetDb {
    fn name(&self) -> &'static str {
        "kismetdb"
    }

    fn version(&self) -> &'static str {
        "1"
    }

    fn kinds(&self) -> &'static [Kind] {
        super::KINDS
    }

    fn recognise(&self, head: &mut Head) -> Result<Recognised, String> {
        let bytes = head.bytes();
        begins_with(bytes, MAGIC, "SQLite")?;
        // Kismet makes these tables first of all, so that their declarations stand in front.
        for declaration in ["CREATE TABLE KISMET", "CREATE TABLE devices", "devmac TEXT", "strongest_signal INT"] {
            if !bytes.windows(declaration.len()).any(|window| window == declaration.as_bytes()) {
                return Err(format!("an SQLite database without '{declaration}' in its beginning"));
            }
        }
        Ok("an SQLite database with Kismet's tables KISMET and devices".to_owned().into())
    }

    fn read(&self, source: &mut Source, sink: &mut dyn Sink) -> Result<Ending, Cancelled> {
        let Some(whole) = source.whole(LONGEST) else {
            return Ok(Ending::Failed("longer than 128 MiB, which is the most of a Kismet log that is read".into()));
        };
        let database = match Database::open(whole) {
            Ok(database) => database,
            Err(why) => return Ok(Ending::Failed(why.into())),
        };
        let mut damages = Vec::new();
        let tables = database.tables(&mut damages);
        let Some(devices) = tables.iter().find(|table| table.name == "devices") else {
            return Ok(Ending::Failed("its schema declares no table devices".into()));
        };
        let mut telling = Telling::new(sink);
        let columns = Columns::of(devices);
        database.table(devices, &mut damages, &mut |row| columns.tell(&row, &mut telling))?;
        for damage in &damages {
            telling.issue("kismetdb", damage.why, damage.offset);
        }
        Ok(telling.ending())
    }
}

/// Which column is which; versions differ.
struct Columns {
    first_time: Option<usize>,
    last_time: Option<usize>,
    devmac: Option<usize>,
    strongest_signal: Option<usize>,
    avg_lat: Option<usize>,
    avg_lon: Option<usize>,
}

impl Columns {
    fn of(devices: &Table) -> Columns {
        Columns {
            first_time: devices.column("first_time"),
            last_time: devices.column("last_time"),
            devmac: devices.column("devmac"),
            strongest_signal: devices.column("strongest_signal"),
            avg_lat: devices.column("avg_lat"),
            avg_lon: devices.column("avg_lon"),
        }
    }

    fn tell(&self, row: &Row, telling: &mut Telling) -> Result<(), Cancelled> {
        let place: Place = row.place.clone();
        let time = |column| match row.get(column) {
            Value::Int(seconds) if seconds > 0 => Time::new(seconds, 0),
            _ => None,
        };
        let (first, last) = (time(self.first_time), time(self.last_time));
        let (Some((first, last)), Value::Text(address)) = (first.or(last).zip(last.or(first)), row.get(self.devmac))
        else {
            telling.issue("kismetdb device", "no time or no address", place.offset);
            return Ok(());
        };
        let address = String::from_utf8_lossy(address.get(..64).unwrap_or(address));
        let device = Mac::parse(&address).map_or_else(|_| Party::Name(address.into_owned()), Party::Mac);
        // 0: nothing known.
        let strongest = match row.get(self.strongest_signal) {
            Value::Int(dbm) if dbm != 0 => i8::try_from(dbm).ok(),
            _ => None,
        };
        let degrees = |column, most: f64| match row.get(column) {
            Value::Real(degrees) if degrees != 0.0 && degrees.abs() <= most => Some(degrees),
            _ => None,
        };
        let location = degrees(self.avg_lat, 90.0).zip(degrees(self.avg_lon, 180.0));
        let sighting = Sighting {
            device,
            node: String::new(),
            source: "kismet",
            first: first.min(last),
            last: first.max(last),
            count: None,
            signal: None, // the strongest alone
            associated: None,
        };
        telling.tell(&sighting, place, |fact: &mut Fact| {
            if let Some(dbm) = strongest {
                fact.own.int("signal_max", dbm.into());
            }
            if let Some((latitude, longitude)) = location {
                fact.own.real("latitude", latitude);
                fact.own.real("longitude", longitude);
            }
            if let Some(doubt) = strongest.and_then(too_strong) {
                fact.own.text("implausible", &doubt);
            }
        })
    }
}
