//! What every member must pass, whatever container it is in.

use std::cell::Cell;
use std::collections::HashMap;
use std::io::{self, Read};
use std::panic::{AssertUnwindSafe, catch_unwind};

use model::Issue;

use super::{Entry, Stop};
use crate::name;
use crate::options::Limits;

/// Unpacking more than this many bytes from one is suspect ...
const BOMB_RATIO: u64 = 1000;
/// ... once there are so many.
const BOMB_SIZE: u64 = 64 << 20;

/// What has come out of one top-level file so far, over all depths.
pub(crate) struct Account<'l> {
    limits: &'l Limits,
    /// Size of the file.
    paid: u64,
    produced: Cell<u64>,
    members: Cell<u64>,
}

impl<'l> Account<'l> {
    pub fn new(limits: &'l Limits, paid: u64) -> Account<'l> {
        Account { limits, paid, produced: Cell::new(0), members: Cell::new(0) }
    }
}

/// Takes what comes through a [`Gate`].
pub(crate) trait Take {
    /// A member by its name in this container, which is unique and survives [`name::escape`].
    fn take(&mut self, name: &str, entry: &Entry, content: &mut dyn Read) -> Result<(), Stop>;
    fn issue(&mut self, issue: Issue);
}

/// The one way out of a container.
pub(crate) struct Gate<'g> {
    container: &'static str,
    account: &'g Account<'g>,
    taker: &'g mut dyn Take,
    /// How often each name came so far.
    names: HashMap<String, u32>,
    issues: u64,
}

impl<'g> Gate<'g> {
    pub fn new(container: &'static str, account: &'g Account<'g>, taker: &'g mut dyn Take) -> Gate<'g> {
        Gate { container, account, taker, names: HashMap::new(), issues: 0 }
    }

    /// A regular file.
    pub fn member(&mut self, entry: &Entry, content: &mut dyn Read) -> Result<(), Stop> {
        self.count(entry)?;
        if let Err(why) = name::check(entry.name) {
            self.complain(entry, &format!("{why}; left out"));
            return Ok(());
        }
        let mut unique = name::escape(entry.name);
        let times = self.names.entry(unique.clone()).or_default();
        *times += 1;
        if *times > 1 {
            let nth = *times;
            unique = name::again(&unique, nth);
            self.complain(entry, &format!("number {nth} of this name, read as '{unique}'"));
        }
        let mut guarded = Guarded { content, produced: 0, packed: entry.packed, account: self.account, failed: false };
        self.taker.take(&unique, entry, &mut guarded)
    }

    /// Something that is there and is not read.
    pub fn refuse(&mut self, entry: &Entry, why: &str) -> Result<(), Stop> {
        self.count(entry)?;
        self.complain(entry, &format!("{why}; left out"));
        Ok(())
    }

    /// Something about the container itself.
    pub fn issue(&mut self, why: impl Into<String>, offset: u64) {
        self.issues += 1;
        self.taker.issue(Issue::new(self.container, why, offset));
    }

    /// Whether something was left out or odd.
    pub fn has_issues(&self) -> bool {
        self.issues > 0
    }

    fn count(&mut self, entry: &Entry) -> Result<(), Stop> {
        let members = self.account.members.get() + 1;
        self.account.members.set(members);
        if members > self.account.limits.members {
            let most = self.account.limits.members;
            self.issue(format!("more than {most} members; the rest is left out"), entry.offset);
            return Err(Stop::Enough);
        }
        Ok(())
    }

    fn complain(&mut self, entry: &Entry, why: &str) {
        self.issues += 1;
        let what = format!("{} member '{}'", self.container, name::escape(entry.name));
        self.taker.issue(Issue { skipped: entry.size, ..Issue::new(what, why, entry.offset) });
    }
}

/// A member's bytes, as long as they stay within bounds.
struct Guarded<'g> {
    content: &'g mut dyn Read,
    produced: u64,
    packed: Option<u64>,
    account: &'g Account<'g>,
    /// Decoders may do anything when they are asked again after an error.
    failed: bool,
}

impl Read for Guarded<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.failed {
            return Err(io::Error::other("reading failed before"));
        }
        let read = self.read_within_bounds(into);
        self.failed = read.as_ref().is_err_and(|error| error.kind() != io::ErrorKind::Interrupted);
        read
    }
}

impl Guarded<'_> {
    fn read_within_bounds(&mut self, into: &mut [u8]) -> io::Result<usize> {
        // A decoder of others that panics on hostile bytes must not take the import with it.
        let content = &mut *self.content;
        let read = catch_unwind(AssertUnwindSafe(|| content.read(into)));
        let n = read.unwrap_or_else(|_| Err(io::Error::other("the decoder gave up")))?;
        self.produced += n as u64;
        let total = self.account.produced.get() + n as u64;
        self.account.produced.set(total);
        let Limits { member_bytes, total_bytes, .. } = *self.account.limits;
        let bomb = |bytes: u64, packed: u64| bytes > BOMB_SIZE && bytes / BOMB_RATIO > packed;
        if self.produced > member_bytes {
            return Err(io::Error::other(format!("unpacks to more than {member_bytes} bytes, which is the limit")));
        }
        if total > total_bytes {
            return Err(io::Error::other(format!(
                "the file unpacks to more than {total_bytes} bytes, which is the limit"
            )));
        }
        if self.packed.is_some_and(|packed| bomb(self.produced, packed)) || bomb(total, self.account.paid) {
            return Err(io::Error::other(format!(
                "unpacks to more than {BOMB_RATIO} times its size: a decompression bomb, stopped after {} bytes",
                self.produced
            )));
        }
        Ok(n)
    }
}
