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
        .fallback(async || refuse(StatusCode::NOT_FOUND, "missing", "finding a command: no such path"))
        .method_not_allowed_fallback(async || {
            refuse(StatusCode::METHOD_NOT_ALLOWED, "invalid", "calling a command: commands are called with POST")
        })
        .layer(middleware::map_response(page::no_store))
        .with_state(state)
}

/// An answer that says no: a code to act on and a sentence to read.
pub(crate) fn refuse(status: StatusCode, code: &str, message: &str) -> Response {
    json_response(status, &json!({ "code": code, "message": message }))
}

async fn call(
    extract::State(state): extract::State<Arc<State>>,
    Path(name): Path<String>,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    let Some(command) = app::command(&name) else {
        return refuse(StatusCode::NOT_FOUND, "missing", &format!("finding a command: none is called {name:?}"));
    };
    if command.effect == Effect::Acts && !state.allow_acts {
        let message = format!("calling {name}: it touches the outside world, which this service was not started for");
        return refuse(StatusCode::FORBIDDEN, "refused", &message);
    }
    let request = match json_body(body) {
        Ok(request) => request,
        Err(refusal) => return refusal,
    };
    match blocking(move || state.app.call(&name, request)).await {
        Ok(answer) => json_response(StatusCode::OK, &answer),
        Err(refusal) => refusal,
    }
}

async fn bytes(extract::State(state): extract::State<Arc<State>>, body: Result<Bytes, BytesRejection>) -> Response {
    let request = json_body(body).and_then(|request| {
        serde_json::from_value::<BytesRequest>(request)
            .map_err(|error| refuse(StatusCode::BAD_REQUEST, "invalid", &format!("reading the request: {error}")))
    });
    let request = match request {
        Ok(request) => request,
        Err(refusal) => return refusal,
    };
    match blocking(move || state.app.bytes(request)).await {
        Ok(octets) => ([(header::CONTENT_TYPE, "application/octet-stream")], octets).into_response(),
        Err(refusal) => refusal,
    }
}

/// Commands read disks and databases: they run where they hold nobody up.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, app::Error> + Send + 'static,
) -> Result<T, Response> {
    match tokio::task::spawn_blocking(work).await {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(error)) => {
            Err(json_response(status(error.code), &json!({ "code": error.code, "message": error.message })))
        }
        Err(_) => Err(refuse(StatusCode::INTERNAL_SERVER_ERROR, "failed", "running the command: it broke off")),
    }
}

fn status(code: Code) -> StatusCode {
    match code {
        Code::Invalid => StatusCode::BAD_REQUEST,
        Code::Missing => StatusCode::NOT_FOUND,
        Code::Refused => StatusCode::FORBIDDEN,
        Code::NoCase | Code::Busy | Code::Cancelled => StatusCode::CONFLICT,
        Code::Failed => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

/// The request in a body; an empty body is a request with nothing in it.
fn json_body(body: Result<Bytes, BytesRejection>) -> Result<Value, Response> {
    let body = body.map_err(|rejection| {
        let code = if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE { "invalid" } else { "failed" };
        refuse(rejection.status(), code, &format!("reading the request: {}", rejection.body_text().to_lowercase()))
    })?;
    if body.is_empty() {
        return Ok(json!({}));
    }
    serde_json::from_slice(&body)
        .map_err(|error| refuse(StatusCode::BAD_REQUEST, "invalid", &format!("reading the request as JSON: {error}")))
}

fn json_response(status: StatusCode, value: &Value) -> Response {
    (status, [(header::CONTENT_TYPE, "application/json")], value.to_string()).into_response()
}
