//! What the program is started with: a case to open, evidence to read into it, or both.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;

use app::App;
use serde_json::json;
use tauri::{AppHandle, Manager, RunEvent};
use tauri_plugin_dialog::{DialogExt, MessageDialogKind};

/// The arguments of the first start: by the time the page asks what is open, the case is.
pub(crate) fn at_start(window: &AppHandle, arguments: Vec<String>, folder: &Path) {
    open(window, paths(arguments, folder));
}

/// The arguments of a later start, which ends as soon as it has handed them over.
pub(crate) fn in_open_window(window: &AppHandle, arguments: Vec<String>, folder: &Path) {
    if let Some(main) = window.get_webview_window("main") {
        let _ = main.unminimize();
        let _ = main.set_focus();
    }
    let (window, given) = (window.clone(), paths(arguments, folder));
    thread::spawn(move || open(&window, given)); // not on this thread: it draws
}

/// macOS hands over what is dropped on the program's icon as an event.
pub(crate) fn from_finder(window: &AppHandle, event: RunEvent) {
    #[cfg(target_os = "macos")]
    if let RunEvent::Opened { urls } = &event {
        let (window, given) = (window.clone(), urls.iter().filter_map(|url| url.to_file_path().ok()).collect());
        thread::spawn(move || open(&window, given));
    }
    let _ = (window, event);
}

fn paths(arguments: Vec<String>, folder: &Path) -> Vec<PathBuf> {
    arguments.into_iter().filter(|argument| !argument.starts_with('-')).map(|path| folder.join(path)).collect()
}

/// Opens the case among `given`, if there is one, and reads the rest into the case that is open then.
fn open(window: &AppHandle, given: Vec<PathBuf>) {
    let is_case = |path: &PathBuf| path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("lintel"));
    let (cases, evidence): (Vec<_>, Vec<_>) = given.into_iter().partition(is_case);
    if let Some(case) = cases.last() {
        call(window, "case_open", json!({ "dir": case }));
    }
    if !evidence.is_empty() {
        call(window, "evidence_add", json!({ "paths": evidence }));
    }
}

/// Nobody is there to hear a refusal but the analyst.
fn call(window: &AppHandle, name: &str, request: serde_json::Value) {
    if let Err(refusal) = window.state::<Arc<App>>().call(name, request) {
        eprintln!("lintel-desktop: {refusal}");
        window.dialog().message(refusal.message).title("Lintel").kind(MessageDialogKind::Warning).show(|_| {});
    }
}
