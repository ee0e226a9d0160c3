//! The page and the commands over HTTP on this machine's loopback address.
//!
//! Invariant: the only crate that knows HTTP. It knows no command by name: what can be called, and what may be called
//! from here, stands in `app`'s list. Neither page nor commands are ever bound to an address that another machine can reach; the door for
//! presence reports ([`receive`]) is, when the analyst says so, and leads to no command.

mod api;
mod devices;
mod events;
mod guard;
mod light;
mod page;
mod receive;

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use app::App;
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::sync::watch;

pub use receive::install as install_receiver;

/// How the service is to be offered.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// 0: any that is free.
    pub port: u16,
    pub page: Page,
    /// What a caller has to know; none: 128 random bits, as 32 hexadecimal digits.
    pub token: Option<String>,
    /// Whether commands that touch the world outside this machine may be called.
    pub allow_acts: bool,
}

/// Where the page's files are.
#[derive(Clone, Debug, Default)]
pub enum Page {
    /// In the program itself, as they were when it was built.
    #[default]
    Embedded,
    /// In a folder, read anew for each request.
    Folder(PathBuf),
}

/// A service that is being offered. Dropping it ends it.
pub struct Running {
    /// What to open in a browser; the token stands behind the `#`, which browsers send nowhere.
    pub url: String,
    pub addr: SocketAddr,
    pub token: String,
    runtime: Option<Runtime>,
    stopping: watch::Sender<bool>,
    serving: Option<tokio::task::JoinHandle<io::Result<()>>>,
}

/// Why the service could not be offered.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("listening on 127.0.0.1 port {port}: {source}")]
    Listen { port: u16, source: io::Error },
    #[error("starting the service's threads: {0}")]
    Threads(io::Error),
    #[error("making a token: the system gives no random bytes: {0}")]
    Token(getrandom::Error),
    #[error("offering the service: {0}")]
    Serve(io::Error),
}

/// Offers `app` and the page on 127.0.0.1, on threads of its own, until the result is stopped or dropped.
pub fn serve(app: Arc<App>, options: Options) -> Result<Running, Error> {
    let token = match options.token {
        Some(token) => token,
        None => random_token()?,
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .thread_name("http")
        .enable_all()
        .build()
        .map_err(Error::Threads)?;
    let listen = |source| Error::Listen { port: options.port, source };
    let listener = runtime.block_on(TcpListener::bind((Ipv4Addr::LOCALHOST, options.port))).map_err(listen)?;
    let addr = listener.local_addr().map_err(listen)?;

    let (stopping, stopped) = watch::channel(false);
    let state = Arc::new(api::State {
        events: events::Events::new(&app, stopped.clone()).map_err(Error::Threads)?,
        app,
        allow_acts: options.allow_acts,
    });
    let guard = Arc::new(guard::Guard::new(addr.port(), &token));
    let router = Router::new()
        .nest("/api", api::routes(state.clone()).layer(middleware::from_fn_with_state(guard.clone(), guard::token)))
        .merge(
            devices::routes(state.clone())
                .merge(light::routes(state))
                .route_layer(middleware::from_fn_with_state(guard.clone(), guard::token)),
        )
        .fallback_service(page::routes(options.page))
        .layer(DefaultBodyLimit::max(api::LARGEST_REQUEST))
        .layer(middleware::from_fn_with_state(guard, guard::host_and_origin));

    let mut stop = stopped;
    let serving = runtime.spawn(async move {
        let until_stopped = async move {
            let _ = stop.wait_for(|stopping| *stopping).await;
        };
        axum::serve(listener, router).with_graceful_shutdown(until_stopped).await
    });
    let url = format!("http://{addr}/#token={token}");
    Ok(Running { url, addr, token, runtime: Some(runtime), stopping, serving: Some(serving) })
}

impl Running {
    /// Waits until the user interrupts the program (Ctrl-C, or SIGTERM), then ends the service: no new requests, and at
    /// most five seconds for those that are being answered.
    pub fn wait(mut self) -> Result<(), Error> {
        let (Some(runtime), Some(mut serving)) = (self.runtime.take(), self.serving.take()) else { return Ok(()) };
        let ended = runtime.block_on(async {
            tokio::select! {
                ended = &mut serving => return Some(ended),
                () = interrupted() => {}
            }
            let _ = self.stopping.send(true);
            tokio::time::timeout(Duration::from_secs(5), &mut serving).await.ok()
        });
        runtime.shutdown_background();
        match ended {
            Some(Ok(Err(source))) => Err(Error::Serve(source)),
            _ => Ok(()),
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.stopping.send(true);
        if let Some(runtime) = self.runtime.take() {
            // Not `shutdown_timeout`: a drop must neither block nor panic inside another runtime.
            runtime.shutdown_background();
        }
    }
}

#[cfg(unix)]
async fn interrupted() {
    use tokio::signal::unix::{SignalKind, signal};
    match signal(SignalKind::terminate()) {
        Ok(mut terminate) => tokio::select! {
            _ = tokio::signal::ctrl_c() => {}
            _ = terminate.recv() => {}
        },
        Err(_) => {
            let _ = tokio::signal::ctrl_c().await;
        }
    }
}

#[cfg(not(unix))]
async fn interrupted() {
    let _ = tokio::signal::ctrl_c().await;
}

fn random_token() -> Result<String, Error> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(Error::Token)?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}
