//! `POST /api/<command>`: JSON in, JSON out. `POST /api/bytes`: octets out. `GET /api/events`: what happens.

use std::sync::Arc;

use app::{App, BytesRequest, Code, Effect};
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{self, Path};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Router, middleware};
use serde_json::{Value, json};

use crate::events::{self, Events};
use crate::page;

/// No command's request comes near it.
pub(crate) const LARGEST_REQUEST: usize = 1 << 20;

pub(crate) struct State {
    pub(crate) app: Arc<App>,
    pub(crate) events: Events,
    pub(crate) allow_acts: bool,
}

pub(crate) fn routes(state: Arc<State>) -> Router {
    Router::new()
        .route("/events", get(events::stream))
        .route("/bytes", post(bytes))
        .route("/{name}", post(call))
        .fallback(async || Refusal::new(StatusCode::NOT_FOUND, Code::Missing, "finding a command: no such path"))
        .method_not_allowed_fallback(async || {
            let sentence = "calling a command: commands are called with POST";
            Refusal::new(StatusCode::METHOD_NOT_ALLOWED, Code::Invalid, sentence)
        })
        .layer(middleware::map_response(page::no_store))
        .with_state(state)
}

async fn call(
    extract::State(state): extract::State<Arc<State>>,
    Path(name): Path<String>,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Refusal> {
    let Some(command) = app::command(&name) else {
        let sentence = format!("finding a command: none is called {name:?}");
        return Err(Refusal::new(StatusCode::NOT_FOUND, Code::Missing, sentence));
    };
    if command.effect == Effect::Acts && !state.allow_acts {
        let sentence = format!("calling {name}: it touches the outside world, which this service was not started for");
        return Err(Refusal::new(StatusCode::FORBIDDEN, Code::Refused, sentence));
    }
    let request = json_body(body)?;
    let answer = blocking(move || state.app.call(&name, request)).await?;
    Ok(([(header::CONTENT_TYPE, "application/json")], answer.to_string()).into_response())
}

async fn bytes(
    extract::State(state): extract::State<Arc<State>>,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Refusal> {
    let request: BytesRequest = serde_json::from_value(json_body(body)?).map_err(Refusal::unreadable)?;
    let octets = blocking(move || state.app.bytes(request)).await?;
    Ok(([(header::CONTENT_TYPE, "application/octet-stream")], octets).into_response())
}

/// The request in a body; an empty body is a request with nothing in it.
fn json_body(body: Result<Bytes, BytesRejection>) -> Result<Value, Refusal> {
    let body = body.map_err(|rejection| {
        let sentence = format!("reading the request: {}", rejection.body_text().to_lowercase());
        Refusal::new(rejection.status(), Code::Invalid, sentence)
    })?;
    if body.is_empty() { Ok(json!({})) } else { serde_json::from_slice(&body).map_err(Refusal::unreadable) }
}

/// Commands read disks and databases: they run where they hold nobody up.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, app::Error> + Send + 'static,
) -> Result<T, Refusal> {
    match tokio::task::spawn_blocking(work).await {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(error)) => Err(Refusal::new(status(error.code), error.code, error.message)),
        Err(_) => Err(Refusal::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            Code::Failed,
            "running the command: it broke off, which is a fault in this program",
        )),
    }
}

pub(crate) fn status(code: Code) -> StatusCode {
    match code {
        Code::Invalid => StatusCode::BAD_REQUEST,
        Code::Missing => StatusCode::NOT_FOUND,
        Code::Refused => StatusCode::FORBIDDEN,
        Code::NoCase | Code::Busy | Code::Cancelled => StatusCode::CONFLICT,
        Code::Failed => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

/// An answer that says no: a code to act on and a sentence to read.
pub(crate) struct Refusal {
    status: StatusCode,
    code: Code,
    message: String,
}

impl Refusal {
    pub(crate) fn new(status: StatusCode, code: Code, message: impl Into<String>) -> Refusal {
        Refusal { status, code, message: message.into() }
    }

    fn unreadable(error: serde_json::Error) -> Refusal {
        Refusal::new(StatusCode::BAD_REQUEST, Code::Invalid, format!("reading the request as JSON: {error}"))
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let body = json!({ "code": self.code, "message": self.message }).to_string();
        (self.status, [(header::CONTENT_TYPE, "application/json")], body).into_response()
    }
}
