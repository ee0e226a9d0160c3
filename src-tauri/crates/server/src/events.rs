//! `GET /api/events`: what the page is told without asking, as server-sent events.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::mpsc::RecvTimeoutError;
use std::time::Duration;
use std::{io, thread};

use app::App;
use axum::extract::State;
use axum::response::sse::{self, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use tokio::sync::{broadcast, watch};

use crate::api;

/// How far a listener may fall behind before it is told to ask for everything again.
const BACKLOG: usize = 256;

/// What a listener is told that has fallen behind: all that it shows may be out of date.
const ALL_CHANGED: &str = r#"{"event":"changed","topics":["Case","Evidence","Facts","Devices","Custody","Jobs"]}"#;

pub(crate) struct Events {
    lines: broadcast::Sender<Arc<str>>,
    stopped: watch::Receiver<bool>,
}

impl Events {
    /// One thread listens to the application for all listeners, until `stopped`.
    pub(crate) fn new(app: &App, stopped: watch::Receiver<bool>) -> io::Result<Events> {
        let (lines, _) = broadcast::channel(BACKLOG);
        let (from, into, until) = (app.subscribe(), lines.clone(), stopped.clone());
        thread::Builder::new().name("events".into()).spawn(move || {
            while !*until.borrow() {
                match from.recv_timeout(Duration::from_millis(500)) {
                    Ok(event) => {
                        if let Ok(line) = serde_json::to_string(&event) {
                            let _ = into.send(line.into()); // nobody listening is no error
                        }
                    }
                    Err(RecvTimeoutError::Timeout) => {}
                    Err(RecvTimeoutError::Disconnected) => return,
                }
            }
        })?;
        Ok(Events { lines, stopped })
    }
}

pub(crate) async fn stream(State(state): State<Arc<api::State>>) -> Response {
    let listener = (state.events.lines.subscribe(), state.events.stopped.clone());
    let lines = stream::unfold(listener, |(mut lines, mut stopped)| async move {
        let line = tokio::select! {
            line = lines.recv() => line,
            // A stream that goes on would hold up the service's end.
            _ = stopped.wait_for(|stopped| *stopped) => return None,
        };
        let line = match line {
            Ok(line) => sse::Event::default().data(&*line),
            Err(broadcast::error::RecvError::Lagged(_)) => sse::Event::default().data(ALL_CHANGED),
            Err(broadcast::error::RecvError::Closed) => return None,
        };
        Some((Ok::<_, Infallible>(line), (lines, stopped)))
    });
    Sse::new(lines).keep_alive(KeepAlive::new().interval(Duration::from_secs(15))).into_response()
}
