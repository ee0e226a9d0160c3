//! `GET /devices/{id}/average?granularity=&time_window=`, and `sum`, `min`, `max`, `count`: a device's signal as a time series, asked for and
//! answered as by the averaging service of old IoT platforms. A device that isn't known is 404, a wrong question 400, with `{"error": "..."}`.

use std::sync::Arc;

use app::{PresenceAverageRequest, PresenceValue};
use axum::extract::{self, Path, RawQuery};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Router, middleware};
use serde_json::json;

use crate::api::{self, State};
use crate::page;

/// Routes of their own, whole: `/devices` itself is a place in the page.
pub(crate) fn routes(state: Arc<State>) -> Router {
    Router::new()
        .route("/devices/{id}/{value}", get(series))
        .route_layer(middleware::map_response(page::no_store))
        .with_state(state)
}

async fn series(
    extract::State(state): extract::State<Arc<State>>,
    Path((id, value)): Path<(String, String)>,
    RawQuery(query): RawQuery,
) -> Response {
    let value = match value.as_str() {
        "average" => PresenceValue::Average,
        "sum" => PresenceValue::Sum,
        "min" => PresenceValue::Min,
        "max" => PresenceValue::Max,
        "count" => PresenceValue::Count,
        _ => return refusal(StatusCode::NOT_FOUND, "there are average, sum, min, max and count"),
    };
    let mut request = PresenceAverageRequest { device: id, value, ..PresenceAverageRequest::default() };
    for pair in query.unwrap_or_default().split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        match name {
            "granularity" => request.granularity = plain(value),
            "time_window" => request.time_window = plain(value),
            "now" if !value.is_empty() => request.now = Some(plain(value)),
            _ => {} // others had more to ask
        }
    }
    match tokio::task::spawn_blocking(move || state.app.series(request)).await {
        Ok(Ok(answer)) => {
            let body = serde_json::to_string(&answer.buckets).unwrap_or_else(|_| "[]".into());
            ([(header::CONTENT_TYPE, "application/json")], body).into_response()
        }
        Ok(Err(error)) => refusal(api::status(error.code), &error.message),
        Err(_) => refusal(StatusCode::INTERNAL_SERVER_ERROR, "it broke off, which is a fault in this program"),
    }
}

fn refusal(status: StatusCode, sentence: &str) -> Response {
    (status, [(header::CONTENT_TYPE, "application/json")], json!({ "error": sentence }).to_string()).into_response()
}

/// A value of a query without its `%3A` and `+`; what is no such escape stays as it is.
pub(crate) fn plain(value: &str) -> String {
    let mut out = Vec::with_capacity(value.len());
    let mut rest = value.as_bytes();
    while let Some((first, more)) = rest.split_first() {
        let digit = |at: usize| more.get(at).and_then(|b| char::from(*b).to_digit(16));
        match (first, digit(0), digit(1)) {
            (b'%', Some(high), Some(low)) => {
                out.push((high * 16 + low) as u8);
                rest = more.get(2..).unwrap_or_default();
                continue;
            }
            (b'+', ..) => out.push(b' '),
            (other, ..) => out.push(*other),
        }
        rest = more;
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    #[test]
    fn escapes_are_undone() {
        for (value, wanted) in [
            ("12h", "12h"),
            ("2026-03-14T17%3A42%3a09Z", "2026-03-14T17:42:09Z"),
            ("a+b%2Bc", "a b+c"),
            ("%", "%"),
            ("%4", "%4"),
            ("%zz", "%zz"),
            ("", ""),
        ] {
            assert_eq!(super::plain(value), wanted);
        }
    }
}
