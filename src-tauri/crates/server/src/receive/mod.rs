//! The door for presence reports: a listener of its own, on an address that the analyst gives, open only while the receiver runs.
//!
//! Access points have no token: a report is let in by its signature or secret, which `app` judges. Whoever wants to read what was
//! received needs the token. Everybody is held to a size, a rate, a time, and a number of connections.

mod connections;
mod pages;
mod rate;
mod seen;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use app::{App, Door, Maker, Opened, Receiver, Refused};
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use subtle::ConstantTimeEq;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::sync::watch;

use connections::{Connections, Peer};
use rate::Rate;

/// The largest report.
const LARGEST: usize = 1 << 20;
/// How long a report may take to come.
const PATIENCE: Duration = Duration::from_secs(15);

/// Lets access points in; what was received is shown to whoever has the token.
pub struct Entrance {
    token: String,
}

/// Makes presence reports possible in this program. `token`: what whoever reads has to know; none: 128 random bits.
pub fn install(app: &App, token: Option<String>) -> Result<(), crate::Error> {
    let token = token.map_or_else(crate::random_token, Ok)?;
    app.install(Box::new(Entrance { token }));
    Ok(())
}

impl Door for Entrance {
    fn open(&self, receiver: Arc<Receiver>, listen: SocketAddr) -> Result<Opened, String> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .thread_name("receiver")
            .enable_all()
            .build()
            .map_err(|why| format!("starting threads: {why}"))?;
        let listener = runtime.block_on(TcpListener::bind(listen)).map_err(|why| why.to_string())?;
        let listen = listener.local_addr().map_err(|why| why.to_string())?;
        let hall = Arc::new(Hall { receiver, token: self.token.clone(), rate: Mutex::new(Rate::new(Instant::now())) });
        let (stopping, mut stopped) = watch::channel(false);
        let service = routes(hall).into_make_service_with_connect_info::<Peer>();
        runtime.spawn(async move {
            let until_stopped = async move {
                let _ = stopped.wait_for(|stopping| *stopping).await;
            };
            let _ = axum::serve(Connections::new(listener), service).with_graceful_shutdown(until_stopped).await;
        });
        let url = format!("http://{listen}/?token={}", self.token);
        Ok(Opened { listen, url, guard: Box::new(Running { runtime: Some(runtime), stopping }) })
    }
}

struct Running {
    runtime: Option<Runtime>,
    stopping: watch::Sender<bool>,
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.stopping.send(true);
        if let Some(runtime) = self.runtime.take() {
            // Neither blocks nor panics inside another runtime. What was not acknowledged will be sent again.
            runtime.shutdown_background();
        }
    }
}

/// What all requests share.
struct Hall {
    receiver: Arc<Receiver>,
    token: String,
    rate: Mutex<Rate>,
}

fn routes(hall: Arc<Hall>) -> Router {
    let read = Router::new()
        .route("/", get(pages::all))
        .route("/filter", get(pages::filter))
        .route("/nodes_seen/{mac}", get(pages::nodes_seen))
        .route("/last_seen", get(pages::last_seen))
        .route("/last_seen/{mac}", get(pages::last_seen_of))
        .route("/test", get(pages::test))
        .route_layer(middleware::from_fn_with_state(hall.clone(), token));
    Router::new()
        .route("/receive", post(cloudtrax))
        .route("/recieve", post(cloudtrax)) // as some receivers spell it
        .route("/meraki", get(validator).post(meraki))
        .merge(read)
        .layer(middleware::from_fn_with_state(hall.clone(), measured))
        .with_state(hall)
}

/// Each peer may ask so often. What is refused is no error of ours, and leaves no more than a note.
async fn measured(
    State(hall): State<Arc<Hall>>,
    ConnectInfo(Peer(peer)): ConnectInfo<Peer>,
    request: Request,
    next: Next,
) -> Response {
    let allowed = hall.rate.lock().unwrap_or_else(PoisonError::into_inner).allows(peer.ip(), Instant::now());
    if !allowed {
        hall.receiver.refuse(peer, "too many requests");
        return say(StatusCode::TOO_MANY_REQUESTS, "too many requests");
    }
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, header::HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, header::HeaderValue::from_static("nosniff"));
    headers.insert(header::REFERRER_POLICY, header::HeaderValue::from_static("no-referrer"));
    let policy = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'";
    headers.insert(header::CONTENT_SECURITY_POLICY, header::HeaderValue::from_static(policy));
    response
}

/// `?token=` or `Authorization: Bearer`.
async fn token(State(hall): State<Arc<Hall>>, request: Request, next: Next) -> Response {
    let bearer = request.headers().get(header::AUTHORIZATION);
    let bearer = bearer.and_then(|value| value.as_bytes().strip_prefix(b"Bearer "));
    let query = request.uri().query().unwrap_or_default();
    let asked = query.split('&').find_map(|part| part.strip_prefix("token=")).map(str::as_bytes);
    let knows = bearer.or(asked).is_some_and(|given| given.ct_eq(hall.token.as_bytes()).into());
    if !knows {
        return say(StatusCode::UNAUTHORIZED, "the token is missing or wrong");
    }
    next.run(request).await
}

async fn cloudtrax(
    State(hall): State<Arc<Hall>>,
    ConnectInfo(Peer(peer)): ConnectInfo<Peer>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let signature = headers.get("signature").map(|value| value.as_bytes().to_vec());
    report(hall, peer, Maker::CloudTrax, signature, &headers, body).await
}

async fn meraki(
    State(hall): State<Arc<Hall>>,
    ConnectInfo(Peer(peer)): ConnectInfo<Peer>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    report(hall, peer, Maker::Meraki, None, &headers, body).await
}

/// Meraki's cloud asks whether it has come to the right place.
async fn validator(State(hall): State<Arc<Hall>>) -> Response {
    match hall.receiver.validator() {
        Some(validator) => say(StatusCode::OK, validator),
        None => say(StatusCode::NOT_FOUND, "no validator was given"),
    }
}

async fn report(
    hall: Arc<Hall>,
    peer: SocketAddr,
    maker: Maker,
    signature: Option<Vec<u8>>,
    headers: &HeaderMap,
    body: Body,
) -> Response {
    let refuse = |status: StatusCode, why: &str| {
        hall.receiver.refuse(peer, why);
        say(status, why)
    };
    let announced = headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    if announced.is_some_and(|length| length > LARGEST as u64) {
        return refuse(StatusCode::PAYLOAD_TOO_LARGE, "larger than 1 MiB");
    }
    let body = match tokio::time::timeout(PATIENCE, to_bytes(body, LARGEST)).await {
        Err(_) => return refuse(StatusCode::REQUEST_TIMEOUT, "it took too long to come"),
        // Broken off or too large: whoever broke off hears nothing any more.
        Ok(Err(_)) => return refuse(StatusCode::PAYLOAD_TOO_LARGE, "larger than 1 MiB, or broken off"),
        Ok(Ok(body)) => body,
    };
    let receiver = hall.receiver.clone();
    // It is answered when it is safe on the disk.
    let taken = tokio::task::spawn_blocking(move || receiver.take(maker, peer, signature.as_deref(), &body)).await;
    match taken {
        Ok(Ok(())) => say(StatusCode::OK, "success!"),
        Ok(Err(Refused::Unproven(why))) => say(StatusCode::UNAUTHORIZED, &why),
        Ok(Err(Refused::Unreadable(why))) => say(StatusCode::BAD_REQUEST, &why),
        Ok(Err(Refused::Unsafe(why))) => say(StatusCode::SERVICE_UNAVAILABLE, &why),
        Err(_) => say(StatusCode::INTERNAL_SERVER_ERROR, "taking the report broke off"),
    }
}

fn say(status: StatusCode, text: &str) -> Response {
    (status, [(header::CONTENT_TYPE, "text/plain; charset=utf-8")], text.to_owned()).into_response()
}
