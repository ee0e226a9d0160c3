//! The window.
//!
//! Invariant: the only place that knows Tauri, and it knows nothing else: what the page asks for goes to `app` as it is,
//! by one of two commands, and what `app` has to say goes to the page as the event `lintel`. Of `server` it has the door for presence
//! reports alone, which opens when the receiver is started.

#![cfg_attr(not(debug_assertions), windows_subsystem = "windows")] // no console behind the window

mod opening;

use std::sync::Arc;
use std::{env, process, thread};

use app::{App, BytesRequest};
use serde_json::Value;
use tauri::{AppHandle, Builder, Emitter, Manager, State, async_runtime, ipc};

/// Everything that `app` tells the page.
const EVENT: &str = "lintel";

fn main() {
    let app = App::new(None);
    if let Err(error) = server::install_receiver(&app, None) {
        eprintln!("lintel-desktop: receiving presence reports will not be possible: {error}");
    }
    let built = Builder::default()
        // First of all: where another window is open already, nothing else may happen here.
        .plugin(tauri_plugin_single_instance::init(|handle, arguments, folder| {
            opening::in_open_window(handle, arguments.into_iter().skip(1).collect(), folder.as_ref());
        }))
        .plugin(tauri_plugin_dialog::init())
        .plugin(tauri_plugin_window_state::Builder::default().build())
        .manage(app)
        .invoke_handler(tauri::generate_handler![call, bytes])
        .setup(|window| {
            forward_events(window.handle().clone())?;
            opening::at_start(window.handle(), env::args().skip(1).collect(), &env::current_dir()?);
            Ok(())
        })
        .build(tauri::generate_context!());
    match built {
        Ok(window) => window.run(opening::from_finder),
        Err(error) => {
            eprintln!("lintel-desktop: opening the window: {error}");
            process::exit(3);
        }
    }
}

/// A command of `app`'s list, by its name.
#[tauri::command]
async fn call(app: State<'_, Arc<App>>, name: String, request: Value) -> Result<Value, app::Error> {
    let app = Arc::clone(&app);
    blocking(move || app.call(&name, request)).await
}

/// Octets of an item of evidence, as they are.
#[tauri::command]
async fn bytes(app: State<'_, Arc<App>>, request: BytesRequest) -> Result<ipc::Response, app::Error> {
    let app = Arc::clone(&app);
    blocking(move || app.bytes(request)).await.map(ipc::Response::new)
}

/// Commands read disks and databases: they run where they hold nobody up.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, app::Error> + Send + 'static,
) -> Result<T, app::Error> {
    async_runtime::spawn_blocking(work).await.unwrap_or_else(|_| {
        Err(app::Error::new(app::Code::Failed, "running the command: it broke off, which is a fault in this program"))
    })
}

fn forward_events(window: AppHandle) -> std::io::Result<()> {
    let events = window.state::<Arc<App>>().subscribe();
    thread::Builder::new().name("events".into()).spawn(move || {
        for event in events {
            let _ = window.emit(EVENT, event); // the page may be reloading: it asks anew when it is back
        }
    })?;
    Ok(())
}
