//! The case folder: made, opened, described.

use std::fs::{File, OpenOptions};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use model::Time;
use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params};
use serde_json::json;

use crate::custody::{Actor, Check, Custody, Entry};
use crate::{Error, Result, schema};

const DATABASE: &str = "case.db";
const FOLDERS: [&str; 3] = ["copies", "captures", "exports"];

/// What an analyst states about a case.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct About {
    pub name: String,
    pub number: String,
    pub examiner: String,
    pub agency: String,
    pub zone: String,
    pub notes: String,
    /// Set when the case is made.
    pub created: Option<Time>,
}

/// How much a case holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    pub evidence: u64,
    pub frames: u64,
    pub facts: u64,
    pub flows: u64,
    pub devices: u64,
    pub issues: u64,
    /// Bytes of top-level evidence.
    pub bytes: u64,
    pub first_ts: Option<i64>,
    pub last_ts: Option<i64>,
}

/// An open case. Readers work beside each other and beside the one writer.
pub struct Case {
    dir: PathBuf,
    writing: Mutex<Connection>,
    idle_readers: Mutex<Vec<Connection>>,
    custody: Custody,
    /// Held while this process may import.
    import_lock: Mutex<Option<File>>,
}

impl Case {
    /// Makes the folder and an empty case in it.
    pub fn create(dir: &Path, about: &About, actor: Actor, now: Time) -> Result<Case> {
        if dir.join(DATABASE).exists() {
            return Err(Error::Refused(format!("making the case {}: there is one already", dir.display())));
        }
        std::fs::create_dir_all(dir).map_err(Error::io(format!("making the case folder {}", dir.display())))?;
        for folder in FOLDERS {
            let path = dir.join(folder);
            std::fs::create_dir_all(&path).map_err(Error::io(format!("making the folder {}", path.display())))?;
        }
        let case = Case::over(dir, schema::create(&dir.join(DATABASE))?, actor);
        case.state(&About { created: Some(now), ..about.clone() })?;
        let params = json!({ "name": about.name, "number": about.number, "examiner": about.examiner });
        case.log(now, &Entry { action: "case.new", objects: vec![], params, outcome: "done".into() })?;
        Ok(case)
    }

    /// Opens a case. What a crash left half written is taken away, unless another Lintel is importing just now.
    pub fn open(dir: &Path, actor: Actor) -> Result<Case> {
        let path = dir.join(DATABASE);
        if !path.is_file() {
            return Err(Error::NotFound(format!("opening {}: there is no case there", dir.display())));
        }
        let case = Case::over(dir, schema::open(&path)?, actor);
        if case.may_import()? {
            case.recover()?;
            case.done_importing();
        }
        Ok(case)
    }

    fn over(dir: &Path, db: Connection, actor: Actor) -> Case {
        Case {
            dir: dir.to_owned(),
            writing: Mutex::new(db),
            idle_readers: Mutex::new(Vec::new()),
            custody: Custody::new(dir, actor),
            import_lock: Mutex::new(None),
        }
    }

    pub fn dir(&self) -> &Path {
        &self.dir
    }

    pub fn custody(&self) -> &Custody {
        &self.custody
    }

    /// Writes a line to the custody log, and its hash where a cut-off log would be missed.
    pub fn log(&self, now: Time, entry: &Entry) -> Result<()> {
        let (seq, hash) = self.custody.append(now, entry)?;
        self.set("custody", &format!("{seq} {hash}"))
    }

    /// Recomputes the custody log's chain, and compares its end with what the database remembers.
    pub fn check_custody(&self) -> Result<Check> {
        let mut check = self.custody.check()?;
        if let Some(remembered) = self.get("custody")? {
            let (lines, hash) = remembered.split_once(' ').unwrap_or_default();
            let lines: u64 = lines.parse().unwrap_or(0);
            if check.lines < lines {
                check.problems.push(format!(
                    "line {} of the custody log and what followed are missing: it had {lines} lines",
                    check.lines + 1
                ));
            } else if check.lines == lines && check.last != hash && check.problems.is_empty() {
                check.problems.push(format!("line {lines} of the custody log is not the one that was written last"));
            }
        }
        Ok(check)
    }

    pub fn about(&self) -> Result<About> {
        let text = |key: &str| Ok::<_, Error>(self.get(key)?.unwrap_or_default());
        Ok(About {
            name: text("name")?,
            number: text("number")?,
            examiner: text("examiner")?,
            agency: text("agency")?,
            zone: text("zone")?,
            notes: text("notes")?,
            created: Time::parse(&text("created")?).ok(),
        })
    }

    /// Changes what is stated; the time of making stays.
    pub fn state(&self, about: &About) -> Result<()> {
        let About { name, number, examiner, agency, zone, notes, created } = about;
        for (key, value) in [
            ("name", name),
            ("number", number),
            ("examiner", examiner),
            ("agency", agency),
            ("zone", zone),
            ("notes", notes),
        ] {
            self.set(key, value)?;
        }
        match created {
            Some(created) => self.set("created", &created.to_string()),
            None => Ok(()),
        }
    }

    pub fn counts(&self) -> Result<Counts> {
        self.read(|db| {
            let mut counts = db.query_row(
                "SELECT coalesce(sum(frames), 0), coalesce(sum(facts), 0), coalesce(sum(flows), 0), coalesce(sum(issues), 0),
                 min(first_ts), max(last_ts) FROM run",
                [],
                |row| {
                    let n = |at| row.get::<_, i64>(at).map(|n| n as u64);
                    Ok(Counts {
                        frames: n(0)?, facts: n(1)?, flows: n(2)?, issues: n(3)?,
                        first_ts: row.get(4)?, last_ts: row.get(5)?, ..Counts::default()
                    })
                },
            )?;
            let n = |sql: &str| db.query_row(sql, [], |row| row.get::<_, i64>(0)).map(|n| n as u64);
            counts.evidence = n("SELECT count(*) FROM evidence WHERE status <> 'duplicate'")?;
            counts.devices = n("SELECT count(*) FROM device")?;
            counts.bytes = n("SELECT coalesce(sum(size), 0) FROM evidence WHERE parent IS NULL")?;
            Ok(counts)
        })
    }

    /// Takes the right to write what is read; false if somebody has it, here or in another process.
    pub fn may_import(&self) -> Result<bool> {
        let mut held = lock(&self.import_lock);
        if held.is_some() {
            return Ok(false);
        }
        let path = self.dir.join("import.lock");
        let file = OpenOptions::new().write(true).create(true).truncate(false).open(&path);
        let file = file.map_err(Error::io(format!("opening {}", path.display())))?;
        let free = file.try_lock().is_ok();
        *held = free.then_some(file);
        Ok(free)
    }

    pub fn done_importing(&self) {
        lock(&self.import_lock).take();
    }

    /// What an import that is under way was asked for, so that a crash can't make it forgotten.
    pub fn remember_import(&self, request: Option<&str>) -> Result<()> {
        self.set("import", request.unwrap_or(""))
    }

    /// What an import that was cut off had been asked for.
    pub fn remembered_import(&self) -> Result<Option<String>> {
        Ok(self.get("import")?.filter(|request| !request.is_empty()))
    }

    pub(crate) fn get(&self, key: &str) -> Result<Option<String>> {
        self.read(|db| {
            Ok(db.query_row("SELECT value FROM case_fact WHERE key = ?", [key], |row| row.get(0)).optional()?)
        })
    }

    pub(crate) fn set(&self, key: &str, value: &str) -> Result<()> {
        self.write(|db| {
            db.execute("INSERT OR REPLACE INTO case_fact VALUES (?, ?)", params![key, value])?;
            Ok(())
        })
    }

    /// The connection that writes, for as long as the guard lives.
    pub(crate) fn writing(&self) -> MutexGuard<'_, Connection> {
        lock(&self.writing)
    }

    /// One transaction.
    pub(crate) fn write<T>(&self, change: impl FnOnce(&Connection) -> Result<T>) -> Result<T> {
        let mut db = self.writing();
        // At once: one that only becomes a writer halfway fails when another process has written since.
        let transaction = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let value = change(&transaction)?;
        transaction.commit()?;
        Ok(value)
    }

    /// A look at one consistent state, beside whatever is being written.
    pub(crate) fn read<T>(&self, look: impl FnOnce(&Connection) -> Result<T>) -> Result<T> {
        self.beside(|db| {
            let _transaction = db.unchecked_transaction()?;
            look(db)
        })
    }

    /// Moves what the write-ahead log holds into the database, as far as nobody reads it, beside whoever is writing.
    pub fn checkpoint(&self) -> Result<()> {
        self.beside(|db| Ok(db.execute_batch("PRAGMA wal_checkpoint(PASSIVE);")?))
    }

    /// Something on a connection of its own.
    fn beside<T>(&self, work: impl FnOnce(&Connection) -> Result<T>) -> Result<T> {
        let idle = lock(&self.idle_readers).pop();
        let db = match idle {
            Some(db) => db,
            None => {
                let db = schema::open(&self.dir.join(DATABASE))?;
                db.pragma_update(None, "cache_size", -8_192)?; // KiB: the system's own cache is behind it
                crate::filter::functions(&db)?;
                db
            }
        };
        let value = work(&db);
        let mut idle = lock(&self.idle_readers);
        if idle.len() < 4 {
            idle.push(db);
        }
        value
    }
}

/// A lock whose holder panicked still guards a consistent connection: transactions roll back by themselves.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
