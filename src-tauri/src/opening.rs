//! What the program is started with: a case to open, evidence to read, or both.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::{mem, thread};

use app::App;
use serde_json::json;
use tauri::{AppHandle, Emitter, Manager, RunEvent};

/// Evidence that waits for the page to be there.
#[derive(Default)]
pub(crate) struct Waiting(Mutex<Vec<PathBuf>>);

/// The arguments of the first start: by the time the page asks what is open, the case is.
pub(crate) fn at_start(window: &AppHandle, arguments: Vec<String>, folder: PathBuf) {
    let left = open(window, paths(arguments, &folder));
    window.state::<Waiting>().0.lock().unwrap_or_else(PoisonError::into_inner).extend(left);
}

/// The page is there.
pub(crate) fn page_loaded(window: &AppHandle) {
    let waiting = mem::take(&mut *window.state::<Waiting>().0.lock().unwrap_or_else(PoisonError::into_inner));
    drop_on_page(window, waiting);
}

/// The arguments of a later start, which ends as soon as it has handed them over.
pub(crate) fn in_open_window(window: &AppHandle, arguments: Vec<String>, folder: PathBuf) {
    if let Some(main) = window.get_webview_window("main") {
        let _ = main.unminimize();
        let _ = main.set_focus();
    }
    let (window, given) = (window.clone(), paths(arguments, &folder));
    // Not on this thread: it draws.
    thread::spawn(move || drop_on_page(&window, open(&window, given)));
}

/// macOS hands over what was dropped on the program's icon as an event.
pub(crate) fn from_finder(window: &AppHandle, event: RunEvent) {
    #[cfg(target_os = "macos")]
    if let RunEvent::Opened { urls } = &event {
        let (window, given) = (window.clone(), urls.iter().filter_map(|url| url.to_file_path().ok()).collect());
        thread::spawn(move || drop_on_page(&window, open(&window, given)));
    }
    let _ = (window, event);
}

fn paths(arguments: Vec<String>, folder: &Path) -> Vec<PathBuf> {
    arguments.into_iter().filter(|argument| !argument.starts_with('-')).map(|path| folder.join(path)).collect()
}

/// Opens the case among `given`, if there is one, and reads the rest into the case that is open then. Gives back what
/// could not be read, as no case is open.
fn open(window: &AppHandle, given: Vec<PathBuf>) -> Vec<PathBuf> {
    let app = window.state::<Arc<App>>();
    let (cases, evidence): (Vec<_>, Vec<_>) = given.into_iter().partition(|path| is_case(path));
    if let Some(case) = cases.last()
        && let Err(error) = app.call("case_open", json!({ "dir": case }))
    {
        eprintln!("lintel-desktop: {}", error.message);
    }
    if evidence.is_empty() || app.call("evidence_add", json!({ "paths": evidence })).is_ok() {
        return Vec::new();
    }
    evidence
}

/// Lets the page treat `paths` as if they had been dropped on it: it knows what to ask then.
fn drop_on_page(window: &AppHandle, paths: Vec<PathBuf>) {
    if !paths.is_empty() {
        let _ = window.emit("tauri://drag-drop", json!({ "paths": paths, "position": { "x": 0, "y": 0 } }));
    }
}

fn is_case(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("lintel"))
}
