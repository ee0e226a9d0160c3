//! IoTLite's REST API for lights, at `/light` and `/api/light`. What is answered is `app`'s; here are only method, path and query.

use std::sync::Arc;

use app::LightRequest;
use axum::extract::{self, Request};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use axum::{Router, middleware};

use crate::api::State;
use crate::devices::plain;
use crate::page;

/// Each with its own part of `/api`, before the commands' names.
pub(crate) fn routes(state: Arc<State>) -> Router {
    let mut router = Router::new();
    for path in ["/light", "/light/{*rest}", "/api/light", "/api/light/{*rest}"] {
        router = router.route(path, any(answer));
    }
    router.route_layer(middleware::map_response(page::no_store)).with_state(state)
}

async fn answer(extract::State(state): extract::State<Arc<State>>, request: Request) -> Response {
    let pairs = request.uri().query().unwrap_or_default().split('&').filter(|pair| !pair.is_empty());
    let query =
        pairs.map(|pair| pair.split_once('=').unwrap_or((pair, ""))).map(|(name, value)| (plain(name), plain(value)));
    let request = LightRequest {
        method: request.method().as_str().to_owned(),
        path: request.uri().path().to_owned(),
        query: query.collect(),
        allow_acts: state.allow_acts,
    };
    let Ok(answer) = tokio::task::spawn_blocking(move || state.app.light(&request)).await else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = match answer.body {
        Some(body) => (status, [(header::CONTENT_TYPE, "application/json")], body.to_string()).into_response(),
        None => status.into_response(),
    };
    if let Some(allow) = answer.allow {
        response.headers_mut().insert(header::ALLOW, HeaderValue::from_static(allow));
    }
    response
}
