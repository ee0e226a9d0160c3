//! Who may ask: only a page that came from here, called by this machine's own name, that knows the token.
//!
//! Any web page in any browser on this machine can send requests to a loopback port. A hostile one has a foreign `Origin`;
//! one that made its own name point to 127.0.0.1 (DNS rebinding) has a foreign `Host`; and neither knows the token.

use std::sync::Arc;

use app::Code;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::Response;
use subtle::ConstantTimeEq;

use crate::api::Refusal;

pub(crate) struct Guard {
    hosts: [String; 2],
    token: String,
}

impl Guard {
    pub(crate) fn new(port: u16, token: &str) -> Guard {
        Guard { hosts: [format!("127.0.0.1:{port}"), format!("localhost:{port}")], token: token.into() }
    }

    /// Browsers leave the port out where it is the scheme's own, 80.
    fn is_own(&self, host: &str) -> bool {
        self.hosts.iter().any(|own| own == host || own.strip_suffix(":80") == Some(host))
    }

    fn knows_token(&self, headers: &HeaderMap) -> bool {
        let given = headers.get(header::AUTHORIZATION).and_then(|value| value.as_bytes().strip_prefix(b"Bearer "));
        given.is_some_and(|given| given.ct_eq(self.token.as_bytes()).into())
    }
}

/// For every request: `Host` is ours, and so is `Origin` if there is one.
pub(crate) async fn host_and_origin(
    State(guard): State<Arc<Guard>>,
    request: Request,
    next: Next,
) -> Result<Response, Refusal> {
    let forbidden = |sentence| Err(Refusal::new(StatusCode::FORBIDDEN, Code::Refused, sentence));
    let headers = request.headers();
    let mut hosts = headers.get_all(header::HOST).iter();
    let host = hosts.next().and_then(|host| host.to_str().ok());
    if hosts.next().is_some() || !host.is_some_and(|host| guard.is_own(host)) {
        return forbidden("checking the Host header: this service answers to 127.0.0.1 and localhost alone");
    }
    let foreign = |origin: &HeaderValue| {
        let host = origin.to_str().ok().and_then(|origin| origin.strip_prefix("http://"));
        !host.is_some_and(|host| guard.is_own(host))
    };
    if headers.get_all(header::ORIGIN).iter().any(foreign) {
        return forbidden("checking the Origin header: the request comes from another site");
    }
    Ok(next.run(request).await)
}

/// For the commands: the token stands in `Authorization: Bearer`.
pub(crate) async fn token(State(guard): State<Arc<Guard>>, request: Request, next: Next) -> Result<Response, Refusal> {
    if !guard.knows_token(request.headers()) {
        let sentence = "checking the token: it is missing or wrong";
        return Err(Refusal::new(StatusCode::UNAUTHORIZED, Code::Refused, sentence));
    }
    Ok(next.run(request).await)
}
