//! The database's shape. Row ids of facts and flows carry their run: `run << 40 | n`, so that a run's rows lie together,
//! can be taken away in one stroke, and come out the same whatever was imported beside them.

use rusqlite::{Connection, OpenFlags};
use std::path::Path;

use crate::{Error, Result};

/// `LNTL`, so that `file` and others know what this is.
pub(crate) const APPLICATION_ID: i32 = 0x4c4e_544c;

/// Bits of a row id that count within a run.
pub(crate) const RUN_BITS: u32 = 40;

/// How a case is written (`user_version`): its tables, and the bytes of what is packed in them (facts, frames, presence). Raised with
/// every change that another Lintel would misread.
const FORMAT: i32 = 8;

/// How that looks: hashes of the schema, and of what fixed inputs become in it (`schema/written.rs`, which says what to do when they
/// change).
#[cfg(test)]
const WRITTEN: &[(&str, &str)] = &[
    ("schema", "b8a3081556b88214"),
    ("fact_chunk", "fe66142d627475b9"),
    ("fact_columns", "37175187532e0aef"),
    ("kind", "755cfdb382cfc960"),
    ("text", "512cd0d5803b2e8c"),
    ("flow", "b8f4851c3dfd459e"),
    ("frame_chunk", "3bd9d15a49ab9687"),
    ("presence_name", "d95090d108fe524f"),
    ("presence_hour", "31873e82a5089730"),
    ("sighting", "de0371aa345ac484"),
    ("spoken", "085e5adc2a2f08fc"),
    ("tally", "080e0283853356f4"),
    ("issue", "448888ec58f2a6b9"),
    ("capture_interface", "dbd088b0b704d85a"),
];

const TABLES: &str = "
CREATE TABLE case_fact (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;

CREATE TABLE evidence (
  id INTEGER PRIMARY KEY,
  parent INTEGER REFERENCES evidence,      -- the container that it is a member of
  path TEXT NOT NULL,                      -- as given; members: container!/member
  name TEXT NOT NULL,
  kind TEXT NOT NULL,                      -- format, container or 'other'
  reason TEXT NOT NULL,                    -- why it was taken for that
  refusals TEXT NOT NULL,                  -- JSON [[format, why not], ...]
  size INTEGER,
  sha256 TEXT, blake3 TEXT,                -- of all its bytes, lower-case hex
  modified INTEGER, created INTEGER, accessed INTEGER, -- file times, ns since 1970 UTC
  status TEXT NOT NULL,                    -- reading complete partial failed interrupted cancelled duplicate
  note TEXT NOT NULL DEFAULT '',           -- what is missing or went wrong
  stored TEXT NOT NULL DEFAULT 'reference',-- reference | copy
  copy TEXT,                               -- path of the copy in the case folder
  verified TEXT NOT NULL DEFAULT 'unverified', -- unverified match changed missing unreadable
  verified_at INTEGER,
  added INTEGER NOT NULL
) STRICT;
CREATE INDEX evidence_sha256 ON evidence (sha256);

CREATE TABLE run (                         -- one pass of one version of a parser over one item
  id INTEGER PRIMARY KEY,
  evidence INTEGER NOT NULL REFERENCES evidence,
  parser TEXT NOT NULL, version TEXT NOT NULL,
  status TEXT NOT NULL,                    -- running done partial interrupted
  started INTEGER NOT NULL, finished INTEGER,
  frames INTEGER NOT NULL DEFAULT 0, facts INTEGER NOT NULL DEFAULT 0,
  flows INTEGER NOT NULL DEFAULT 0, issues INTEGER NOT NULL DEFAULT 0,
  first_ts INTEGER, last_ts INTEGER
) STRICT;
CREATE INDEX run_evidence ON run (evidence);

CREATE TABLE issue (
  id INTEGER PRIMARY KEY,
  run INTEGER NOT NULL, what TEXT NOT NULL, why TEXT NOT NULL,
  frame INTEGER, offset INTEGER NOT NULL, skipped INTEGER
) STRICT;
CREATE INDEX issue_run ON issue (run);

CREATE TABLE capture_interface (
  run INTEGER NOT NULL, number INTEGER NOT NULL, link_type INTEGER NOT NULL, snap_len INTEGER NOT NULL,
  name TEXT, description TEXT, filter TEXT, os TEXT, ticks_per_second INTEGER NOT NULL, offset INTEGER NOT NULL,
  PRIMARY KEY (run, number)
) STRICT;

CREATE TABLE frame_chunk (                 -- frames by the thousand, as columns of varints (frames.rs)
  run INTEGER NOT NULL, first INTEGER NOT NULL, count INTEGER NOT NULL,
  first_ts INTEGER, last_ts INTEGER, data BLOB NOT NULL,
  PRIMARY KEY (run, first)
) STRICT;

CREATE TABLE text (                        -- each distinct text once; field sets as JSON, with U+0002 for a value that is the subject
  id INTEGER PRIMARY KEY,
  hash INTEGER NOT NULL,                   -- of its bytes (text.rs), so that it is found by what it says; 0: field sets
  value TEXT NOT NULL
) STRICT;
-- Words of texts; of field sets those of the values alone.
CREATE VIRTUAL TABLE text_fts USING fts5 (value, content='', tokenize='unicode61', detail='none', columnsize='0');

CREATE TABLE kind (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;

CREATE TABLE fact_chunk (                  -- facts of one run and kind by the thousand, as columns (facts/chunk.rs)
  id INTEGER PRIMARY KEY,
  run INTEGER NOT NULL, kind INTEGER NOT NULL, count INTEGER NOT NULL,
  first INTEGER NOT NULL, last INTEGER NOT NULL,             -- numbers in the run; a fact's id is run << 40 | number
  first_ts INTEGER NOT NULL, last_ts INTEGER NOT NULL,       -- ns since 1970 UTC; the smallest integer: none stated
  first_frame INTEGER NOT NULL, last_frame INTEGER NOT NULL, -- 0: none
  own_keys INTEGER NOT NULL                                  -- bits of the keys of what is a fact's alone
) STRICT;
CREATE INDEX fact_chunk_run ON fact_chunk (run, first);
CREATE INDEX fact_chunk_kind ON fact_chunk (kind);
CREATE TABLE fact_columns (
  chunk INTEGER PRIMARY KEY REFERENCES fact_chunk, keys BLOB NOT NULL, places BLOB NOT NULL, own BLOB NOT NULL
) STRICT;

CREATE TABLE flow (
  id INTEGER PRIMARY KEY,                  -- run << 40 | number in the run
  uid INTEGER NOT NULL, proto TEXT NOT NULL, ip_proto INTEGER NOT NULL, service TEXT, odd_port INTEGER NOT NULL, vlan INTEGER,
  ts INTEGER NOT NULL, last_ts INTEGER NOT NULL, first_frame INTEGER NOT NULL, last_frame INTEGER NOT NULL,
  orig_h INTEGER NOT NULL, orig_p INTEGER NOT NULL, resp_h INTEGER NOT NULL, resp_p INTEGER NOT NULL, -- hosts: text ids
  orig_mac INTEGER, resp_mac INTEGER,      -- hardware addresses as numbers of 48 bits
  orig_pkts INTEGER NOT NULL, orig_wire_bytes INTEGER NOT NULL, orig_ip_bytes INTEGER NOT NULL, orig_bytes INTEGER NOT NULL,
  resp_pkts INTEGER NOT NULL, resp_wire_bytes INTEGER NOT NULL, resp_ip_bytes INTEGER NOT NULL, resp_bytes INTEGER NOT NULL,
  conn_state TEXT NOT NULL, history TEXT NOT NULL, missed_bytes INTEGER NOT NULL
) STRICT;

CREATE TABLE sighting (                    -- a hardware address that sent frames
  run INTEGER NOT NULL, mac TEXT NOT NULL, ip TEXT, first_ts INTEGER, last_ts INTEGER,
  first_frame INTEGER NOT NULL, frames INTEGER NOT NULL, bytes INTEGER NOT NULL
) STRICT;
CREATE INDEX sighting_mac ON sighting (mac);
CREATE TABLE spoken (                      -- application protocols by hardware address
  run INTEGER NOT NULL, mac TEXT NOT NULL, service TEXT NOT NULL, PRIMARY KEY (run, mac, service)
) STRICT, WITHOUT ROWID;

CREATE TABLE tally (                       -- facts per kind and minute, for histograms and counts
  run INTEGER NOT NULL, kind INTEGER NOT NULL, minute INTEGER NOT NULL, facts INTEGER NOT NULL,
  PRIMARY KEY (run, kind, minute)
) STRICT, WITHOUT ROWID;

CREATE TABLE device (                      -- conclusions, drawn anew after each import
  mac TEXT PRIMARY KEY, name TEXT NOT NULL, vendor TEXT NOT NULL, local INTEGER NOT NULL,
  first_ts INTEGER, last_ts INTEGER, frames INTEGER NOT NULL, bytes INTEGER NOT NULL,
  ips TEXT NOT NULL, names TEXT NOT NULL, protocols TEXT NOT NULL, details TEXT NOT NULL -- JSON
) STRICT;
CREATE TABLE identity (
  mac TEXT NOT NULL, kind TEXT NOT NULL, value TEXT NOT NULL, first_ts INTEGER, last_ts INTEGER, count INTEGER NOT NULL,
  fact INTEGER, evidence INTEGER NOT NULL, frame INTEGER
) STRICT;
CREATE INDEX identity_mac ON identity (mac);
CREATE INDEX identity_value ON identity (kind, value);


CREATE TABLE capture (                     -- what was recorded live
  id INTEGER PRIMARY KEY,
  interface TEXT NOT NULL, filter TEXT NOT NULL, authority TEXT NOT NULL,
  options TEXT NOT NULL,                   -- JSON: as it was asked for
  state TEXT NOT NULL,                     -- recording sealing sealed interrupted failed
  why TEXT NOT NULL,                       -- it ended
  started INTEGER NOT NULL, ended INTEGER, -- ns since 1970 UTC
  packets INTEGER NOT NULL, bytes INTEGER NOT NULL, -- written
  received INTEGER, dropped INTEGER, if_dropped INTEGER -- as the system counted; none: it did not
) STRICT;
CREATE TABLE capture_file (                -- its files, in order
  capture INTEGER NOT NULL REFERENCES capture, number INTEGER NOT NULL,
  path TEXT NOT NULL,                      -- in the case folder
  evidence INTEGER,
  PRIMARY KEY (capture, number)
) STRICT;

CREATE TABLE presence_name (id INTEGER PRIMARY KEY, value TEXT NOT NULL UNIQUE) STRICT; -- devices and observers, each once
CREATE TABLE presence_hour (               -- who was heard, by quarter hours: records of 32 bytes (presence/record.rs)
  hour INTEGER NOT NULL,                   -- since 1970 UTC
  run INTEGER NOT NULL,
  part INTEGER NOT NULL,                   -- from 0: another one where one blob is full
  data BLOB NOT NULL,
  PRIMARY KEY (hour, run, part)
) STRICT;
CREATE INDEX presence_hour_run ON presence_hour (run);

CREATE TABLE same_device (                 -- what the analyst takes for another address of a device
  mac TEXT PRIMARY KEY, device TEXT NOT NULL, why TEXT NOT NULL, at INTEGER NOT NULL
) STRICT;

CREATE TABLE thing (                       -- what is registered on the bench
  id TEXT PRIMARY KEY,                     -- a UUID: its MQTT client id
  kind TEXT NOT NULL, name TEXT NOT NULL, note TEXT NOT NULL, exhibit TEXT NOT NULL,
  created INTEGER NOT NULL,                -- ns since 1970 UTC, as all times here
  certificate TEXT NOT NULL,               -- PEM; its private key is nowhere here
  sha256 TEXT NOT NULL UNIQUE,             -- of the certificate's DER, lower-case hex
  imported INTEGER NOT NULL,               -- 1: it came with a certificate of its own
  status TEXT NOT NULL,                    -- of the certificate: ACTIVE INACTIVE
  deleted INTEGER,                         -- when it was said that it is to go
  connected INTEGER, since INTEGER, reason TEXT -- its last coming or going, as AWS reports it
) STRICT;
CREATE TABLE thing_deletion (              -- things that are to be deleted for good
  thing TEXT PRIMARY KEY, due INTEGER NOT NULL, tries INTEGER NOT NULL DEFAULT 0,
  why TEXT NOT NULL DEFAULT '',            -- why the last try failed
  dead INTEGER NOT NULL DEFAULT 0          -- 1: tried often enough
) STRICT;
CREATE TABLE thing_revoked (               -- certificates of things that are gone
  sha256 TEXT PRIMARY KEY, thing TEXT NOT NULL, at INTEGER NOT NULL
) STRICT;
CREATE TABLE thing_shadow (                -- every version of every shadow; name '': the classic one
  thing TEXT NOT NULL, name TEXT NOT NULL, version INTEGER NOT NULL, at INTEGER NOT NULL,
  document TEXT,                           -- JSON; NULL: deleted with this version
  PRIMARY KEY (thing, name, version)
) STRICT, WITHOUT ROWID;
CREATE TABLE scene (                       -- timed scripts of commands
  name TEXT PRIMARY KEY, steps TEXT NOT NULL, changed INTEGER NOT NULL
) STRICT;
";

/// Made after bulk loading, not during.
pub(crate) const LATE_INDEXES: &[&str] = &[
    "CREATE INDEX IF NOT EXISTS flow_ts ON flow (ts)",
    "CREATE INDEX IF NOT EXISTS text_hash ON text (hash) WHERE hash <> 0",
];

pub(crate) fn create(path: &Path) -> Result<Connection> {
    let db = Connection::open(path)?;
    db.pragma_update(None, "page_size", 16_384)?; // chunks are long
    db.pragma_update(None, "journal_mode", "WAL")?;
    db.execute_batch(&format!(
        "BEGIN; {TABLES} PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {FORMAT}; COMMIT;"
    ))?;
    settle(&db)?;
    Ok(db)
}

pub(crate) fn open(path: &Path) -> Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let db = Connection::open_with_flags(path, flags)?;
    let id: i32 = db
        .pragma_query_value(None, "application_id", |row| row.get(0))
        .map_err(|why| Error::Refused(format!("opening {}: not a case database ({why})", path.display())))?;
    if id != APPLICATION_ID {
        return Err(Error::Refused(format!("opening {}: a database, but not a case", path.display())));
    }
    let format: i32 = db.pragma_query_value(None, "user_version", |row| row.get(0))?;
    if format != FORMAT {
        let way = if format > FORMAT { "update this Lintel, or import" } else { "import" };
        return Err(Error::Refused(format!(
            "opening {}: made by a Lintel with another format ({format}); this one reads {FORMAT}: {way} its evidence anew",
            path.display()
        )));
    }
    settle(&db)?;
    Ok(db)
}

fn settle(db: &Connection) -> Result<()> {
    db.busy_timeout(std::time::Duration::from_secs(20))?;
    db.pragma_update(None, "synchronous", "NORMAL")?;
    db.pragma_update(None, "cache_size", -8_192)?; // KiB: what is written lies together
    db.pragma_update(None, "temp_store", "MEMORY")?;
    db.set_prepared_statement_cache_capacity(64);
    // Evidence reaches the database as text and numbers only; nothing stored in it may act.
    db.pragma_update(None, "trusted_schema", "OFF")?;
    Ok(())
}

/// First and last row id of a run.
pub(crate) fn ids_of(run: i64) -> (i64, i64) {
    (run << RUN_BITS, ((run + 1) << RUN_BITS) - 1)
}

#[cfg(test)]
mod written;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_case_of_another_format_is_refused_and_left_as_it_is() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("case.db");
        create(&path).unwrap();
        open(&path).unwrap();
        for (format, way) in [(FORMAT - 1, "import its evidence anew"), (FORMAT + 1, "update this Lintel, or import")] {
            Connection::open(&path).unwrap().pragma_update(None, "user_version", format).unwrap();
            let before = std::fs::read(&path).unwrap();
            let why = open(&path).unwrap_err().to_string();
            let says = format!("made by a Lintel with another format ({format}); this one reads {FORMAT}: {way}");
            assert!(why.contains(&says), "{why}");
            assert_eq!(std::fs::read(&path).unwrap(), before);
        }
        Connection::open(&path).unwrap().pragma_update(None, "user_version", FORMAT).unwrap();
        open(&path).unwrap();
    }
}
