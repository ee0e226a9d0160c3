//! The page's files, with headers that leave it no way out but the commands.

use std::borrow::Cow;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware;
use axum::response::{Html, IntoResponse, Response};

use crate::Page;

/// `ui/dist` as it was when this was built; empty if it was not there.
static EMBEDDED: &[(&str, &[u8])] = include!(concat!(env!("OUT_DIR"), "/page.rs"));

const NOT_BUILT: &str = include_str!("not_built.html");

/// Scripts, styles, pictures and fonts of its own, and calls to where it came from. Nothing else, nothing inline.
const CONTENT_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; \
     connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const HEADERS: [(HeaderName, &str); 5] = [
    (header::CONTENT_SECURITY_POLICY, CONTENT_POLICY),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::CACHE_CONTROL, "no-store"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
];

pub(crate) fn routes(page: Page) -> Router {
    Router::new().fallback(file).with_state(Arc::new(page)).layer(middleware::map_response(strict))
}

/// Answers are about a case: no cache keeps them, and nothing guesses what they are.
pub(crate) async fn no_store(mut response: Response) -> Response {
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response.headers_mut().insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

async fn strict(mut response: Response) -> Response {
    for (name, value) in HEADERS {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

async fn file(State(page): State<Arc<Page>>, request: Request) -> Response {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return StatusCode::METHOD_NOT_ALLOWED.into_response();
    }
    let asked = request.uri().path().trim_start_matches('/').to_owned();
    // A place inside the page (`/timeline`) is the page itself; a missing file is missing.
    let is_place = Path::new(&asked).extension().is_none();
    let name = if is_place { "index.html".to_owned() } else { asked };
    let read = tokio::task::spawn_blocking({
        let name = name.clone();
        move || read(&page, &name)
    });
    match read.await.ok().flatten() {
        Some(contents) => ([(header::CONTENT_TYPE, media_type(&name))], contents).into_response(),
        None if is_place => (StatusCode::SERVICE_UNAVAILABLE, Html(NOT_BUILT)).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

fn read(page: &Page, name: &str) -> Option<Cow<'static, [u8]>> {
    match page {
        Page::Embedded => EMBEDDED.iter().find(|(own, _)| *own == name).map(|(_, contents)| Cow::Borrowed(*contents)),
        Page::Folder(folder) => std::fs::read(inside(folder, name)?).ok().map(Cow::Owned),
    }
}

/// The path of a page's file; none if it would lead out of the folder.
fn inside(folder: &Path, name: &str) -> Option<PathBuf> {
    let name = Path::new(name);
    name.components().all(|part| matches!(part, Component::Normal(_))).then(|| folder.join(name))
}

fn media_type(name: &str) -> &'static str {
    match name.rsplit('.').next().unwrap_or_default() {
        "html" => "text/html; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "json" | "map" => "application/json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        "woff" => "font/woff",
        "txt" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_leads_out_of_the_folder_is_no_file() {
        let folder = Path::new("/page");
        assert_eq!(inside(folder, "assets/a.js"), Some(PathBuf::from("/page/assets/a.js")));
        for name in ["../secret.txt", "assets/../../secret.txt", "/etc/passwd.txt", "./../a.txt"] {
            assert_eq!(inside(folder, name), None, "{name}");
        }
    }
}
