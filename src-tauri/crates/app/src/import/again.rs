//! Captures are read again when a key log comes after them: what it opens belongs into the case, whichever came first.
//!
//! Reading again is a new run over the same item. When it has ended well, and the item is still what it was, the former run and its
//! facts go; else the new one goes, and everything stays as it was.

use std::collections::HashSet;
use std::sync::Arc;

use case::{Case, Evidence, PageRequest, RunStatus};
use evidence::{Ending, Options};
use serde_json::{Value, json};

use super::reading::{CAPTURES, KEY_LOG, Reading};
use super::{Hub, MOST_SECRETS, Message, Seen, log};
use crate::error::{Code, Result};
use crate::jobs::Tick;
use crate::proof::Source;
use crate::state::now;

/// The kind of facts that names the connection as a key log does.
const HELLO: &str = "tls";
/// Facts asked for at once.
const PAGE: u32 = 3_000;

/// What the case's key logs say.
pub(crate) fn known_secrets(case: &Case) -> Vec<u8> {
    let mut all = Vec::new();
    let items = case.all_evidence().unwrap_or_default();
    for item in items.iter().filter(|item| item.kind == KEY_LOG && is_read(item)) {
        let whole = Source::of(case, item.id).and_then(|mut source| source.read(&[(0, item.size.unwrap_or(0))]));
        // One that is no longer there opened what it could when it was.
        let text = whole.unwrap_or_default().concat();
        if all.len() + text.len() < MOST_SECRETS {
            all.extend(text);
            all.push(b'\n');
        }
    }
    all
}

/// Reads all captures again that the key logs of an import open and that were in the case before; tells how many. Those with which
/// that was cut off once are read again, too.
pub(super) fn with_key_logs(case: &Case, hub: &Arc<Hub>, seen: &Seen, tick: &Tick) -> Result<u64> {
    let (randoms, cut_off) = (randoms(&seen.key_logs), case.cut_off_again()?);
    if randoms.is_empty() && cut_off.is_empty() {
        return Ok(0);
    }
    tick.at("looking for what the key log opens");
    let runs = if randoms.is_empty() { HashSet::new() } else { runs_with(case, &randoms, tick)? };
    let mut items = Vec::new();
    for item in case.all_evidence()?.into_iter().filter(|item| is_read(item) && !seen.items.contains(&item.id)) {
        let is_opened = case.run_of(item.id)?.is_some_and(|run| runs.contains(&run.id));
        if (is_opened || cut_off.contains(&item.id)) && CAPTURES.contains(&item.kind.as_str()) {
            items.push(item);
        }
    }
    if items.is_empty() {
        return Ok(0);
    }
    // Of what is unpacked, nobody knows how much is read from the disk.
    tick.more(items.iter().filter(|item| item.parent.is_none()).filter_map(|item| item.size).sum());
    let secrets = known_secrets(case);
    let mut count = 0;
    for item in items {
        count += u64::from(read(case, hub, &item, &secrets, tick)?);
    }
    Ok(count)
}

fn is_read(item: &Evidence) -> bool {
    matches!(item.status.as_str(), "complete" | "partial")
}

/// The second word of each line: which connection it is about.
fn randoms(key_log: &[u8]) -> HashSet<String> {
    let second = |line: &[u8]| {
        let word = line.trim_ascii().split(|byte| *byte == b' ').nth(1)?;
        (word.len() == 64).then(|| String::from_utf8_lossy(word).to_lowercase())
    };
    key_log.split(|byte| *byte == b'\n').filter_map(second).collect()
}

/// Runs in which a client said hello with one of these.
fn runs_with(case: &Case, randoms: &HashSet<String>, tick: &Tick) -> Result<HashSet<i64>> {
    let mut runs = HashSet::new();
    let is_one = |value: &Value| value.as_str().is_some_and(|random| randoms.contains(random));
    let mut page = PageRequest { limit: PAGE, ..PageRequest::default() };
    loop {
        tick.advance(0)?;
        let (facts, next, _) = case.facts_page(Some(HELLO), &page)?;
        let opened = facts.iter().filter(|fact| fact.fields.get("client_random").is_some_and(is_one));
        runs.extend(opened.map(|fact| fact.run));
        page.after = next;
        if page.after.is_none() {
            return Ok(runs);
        }
    }
}

/// One item. False if it is no longer what it was: then nothing has changed.
fn read(case: &Case, hub: &Arc<Hub>, item: &Evidence, secrets: &[u8], tick: &Tick) -> Result<bool> {
    tick.at(format!("{} again", item.path));
    let run = case.run_begin(item.id, &item.kind, evidence::version_of(&item.kind), now())?;
    let mut reading = Reading::again(hub, run, secrets);
    let options = Options { now: Some(now()), ..Options::default() };
    let read = Source::of(case, item.id)
        .and_then(|source| source.read_again(&item.kind, &mut reading, &options, tick))
        .and_then(|read| Ok(reading.rest().map(|()| read)?));
    // Why the writer writes no more goes before what follows from that.
    hub.sync()?;
    let ending = match &read {
        Ok((ending, sha256)) if item.sha256.as_ref() == Some(sha256) => Ok(ending),
        Ok(_) => Err("its SHA-256 differs from what was read before".to_owned()),
        Err(why) => Err(why.message.clone()),
    };
    let params = json!({ "path": item.path, "why": "a key log came" });
    let objects: Vec<String> = item.sha256.clone().into_iter().collect();
    match ending {
        Ok(ending) => {
            let status = if *ending == Ending::Complete { RunStatus::Done } else { RunStatus::Partial };
            case.run_supersede(item.id, run, status, now())?;
            log(
                case,
                "evidence.read_again",
                objects,
                params,
                if status == RunStatus::Done { "complete" } else { "partial" },
            )?;
            Ok(true)
        }
        Err(why) => {
            let _ = hub.send(Message::Remove(run)); // if it failed, the next tells why
            hub.sync()?;
            log(case, "evidence.read_again", objects, params, &why)?;
            match read {
                Err(why) if why.code == Code::Cancelled => Err(why),
                _ => Ok(false),
            }
        }
    }
}
