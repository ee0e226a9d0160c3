//! Watched folders: a file that has appeared and stopped growing is added.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use notify::{RecommendedWatcher, RecursiveMode, Watcher};
use serde::Deserialize;
use ts_rs::TS;

use crate::commands::Nothing;
use crate::error::{Code, Error, Result};
use crate::evidence_items::EvidenceAdd;
use crate::state::{App, lock};

/// A folder to watch: files that appear and have stopped growing are added.
#[derive(Clone, Debug, Deserialize, TS)]
pub struct WatchDir {
    pub dir: String,
}

/// What is being watched; dropping a watcher ends its thread.
#[derive(Default)]
pub(crate) struct Watches(HashMap<String, RecommendedWatcher>);

/// A file whose size and time have not changed for so long has stopped growing.
const SETTLED: Duration = Duration::from_secs(2);

pub(crate) fn watch_list(app: &App, _: Nothing) -> Result<Vec<String>> {
    let mut dirs: Vec<String> = lock(&app.watches).0.keys().cloned().collect();
    dirs.sort();
    Ok(dirs)
}

pub(crate) fn watch_start(app: &App, request: WatchDir) -> Result<Vec<String>> {
    let case = app.open_case()?;
    let dir = std::path::absolute(&request.dir).unwrap_or_else(|_| PathBuf::from(&request.dir));
    let failed = |why: String| Error::new(Code::Failed, format!("watching {}: {why}", dir.display()));
    if !dir.is_dir() {
        return Err(Error::missing(format!("watching {}: there is no such folder", dir.display())));
    }
    if case.dir().starts_with(&dir) {
        return Err(Error::new(Code::Refused, format!("watching {}: the case itself lies in it", dir.display())));
    }
    let (sender, receiver) = channel();
    let mut watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
        for path in event.map(|event| event.paths).unwrap_or_default() {
            let _ = sender.send(path);
        }
    })
    .map_err(|why| failed(why.to_string()))?;
    watcher.watch(&dir, RecursiveMode::Recursive).map_err(|why| failed(why.to_string()))?;
    let Some(handle) = app.handle() else { return Err(failed("the program is ending".into())) };
    let watched = dir.clone();
    std::thread::Builder::new()
        .name("watch".into())
        .spawn(move || take_settled(&handle, &watched, &receiver))
        .map_err(|why| failed(why.to_string()))?;
    lock(&app.watches).0.insert(dir.display().to_string(), watcher);
    watch_list(app, Nothing)
}

pub(crate) fn watch_stop(app: &App, request: WatchDir) -> Result<Vec<String>> {
    match lock(&app.watches).0.remove(&request.dir) {
        Some(_) => {}
        None => return Err(Error::missing(format!("{} is not being watched", request.dir))),
    }
    watch_list(app, Nothing)
}

pub(crate) fn stop_all(app: &App) {
    lock(&app.watches).0.clear();
}

/// Ends when the watcher is dropped.
fn take_settled(app: &App, dir: &Path, from: &Receiver<PathBuf>) {
    let mut growing: HashMap<PathBuf, (Option<u64>, Instant)> = HashMap::new();
    loop {
        match from.recv_timeout(Duration::from_millis(500)) {
            Ok(path) if path.is_file() && !path.components().any(in_case) && path.starts_with(dir) => {
                growing.insert(path, (None, Instant::now()));
            }
            Ok(_) | Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
        let mut settled = Vec::new();
        for (path, (size, since)) in &mut growing {
            let now = std::fs::metadata(path).map(|metadata| metadata.len()).ok();
            if now != *size {
                (*size, *since) = (now, Instant::now());
            } else if since.elapsed() >= SETTLED {
                settled.push(path.clone());
            }
        }
        settled.sort();
        for path in &settled {
            growing.remove(path);
        }
        let paths: Vec<String> =
            settled.iter().filter(|path| path.is_file()).map(|path| path.display().to_string()).collect();
        if paths.is_empty() {
            continue;
        }
        let request = serde_json::to_value(EvidenceAdd { paths: paths.clone(), copy: false }).unwrap_or_default();
        let added = app.call("evidence_add", request);
        // An import under way has to end first: what could not be added now is tried again.
        let job = added.ok().and_then(|job| job["id"].as_u64()).and_then(|id| u32::try_from(id).ok());
        let ended = job.and_then(|id| app.wait(id, &mut |_| {}).ok());
        if ended.is_none_or(|job| job.message.contains("another")) {
            growing.extend(paths.into_iter().map(|path| (PathBuf::from(path), (None, Instant::now()))));
        }
    }
}

fn in_case(part: std::path::Component) -> bool {
    Path::new(&part).extension().is_some_and(|extension| extension == "lintel")
}
