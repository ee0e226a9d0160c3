//! Requests as they come over the wire, and what is said to them.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use server::{Options, Page, Running, serve};
use tempfile::TempDir;

const TOKEN: &str = "0123456789abcdef0123456789abcdef";

#[test]
fn a_command_is_called_with_the_token() {
    let service = Service::start();
    assert_eq!(service.status("POST /api/app_info", &[AUTHORIZED], "{}"), 200);
    assert_eq!(service.status("POST /api/app_info", &[AUTHORIZED], ""), 200);
    let (_, head, body) = service.ask("POST /api/app_info", &[AUTHORIZED], "{}");
    assert!(head.contains("cache-control: no-store") && head.contains("content-type: application/json"), "{head}");
    assert!(body.contains("\"version\""), "{body}");
}

#[test]
fn without_the_token_nothing_is_said() {
    let service = Service::start();
    for headers in [
        &[][..],
        &["Authorization: Bearer 0123456789abcdef0123456789abcdee"],
        &["Authorization: Bearer 0123456789abcdef0123456789abcde"],
        &["Authorization: Bearer "],
        &["Authorization: Basic 0123456789abcdef0123456789abcdef"],
        &["Cookie: token=0123456789abcdef0123456789abcdef"],
    ] {
        for line in ["POST /api/app_info", "POST /api/bytes", "GET /api/events", "POST /api/no_such", "GET /api/x/y"] {
            assert_eq!(service.refusal(line, headers, "{}"), (401, "refused".into()), "{line} {headers:?}");
        }
    }
    let line = format!("POST /api/app_info?token={TOKEN}");
    assert_eq!(service.status(&line, &[], "{}"), 401);
}

#[test]
fn another_host_name_is_refused() {
    let service = Service::start();
    let port = service.running.addr.port();
    for host in [
        "evil.example".into(),
        format!("evil.example:{port}"),
        "127.0.0.1:1".into(),
        format!("127.0.0.1.evil:{port}"),
        String::new(),
    ] {
        for line in ["POST /api/app_info", "GET /"] {
            let answer =
                service.exchange(&format!("{line} HTTP/1.1\r\nHost: {host}\r\n{AUTHORIZED}\r\nContent-Length: 0\r\n"));
            assert_eq!(answer.0, 403, "{line} {host:?}");
        }
    }
    assert_eq!(service.exchange(&format!("GET / HTTP/1.0\r\n{AUTHORIZED}\r\n")).0, 403, "no host at all");
    let line =
        format!("POST /api/app_info HTTP/1.1\r\nHost: localhost:{port}\r\n{AUTHORIZED}\r\nContent-Length: 0\r\n");
    assert_eq!(service.exchange(&line).0, 200);
}

#[test]
fn another_origin_is_refused() {
    let service = Service::start();
    let port = service.running.addr.port();
    let own = format!("Origin: http://127.0.0.1:{port}");
    assert_eq!(service.status("POST /api/app_info", &[AUTHORIZED, &own], "{}"), 200);
    for origin in
        ["http://evil.example".into(), "null".into(), format!("https://127.0.0.1:{port}"), "http://127.0.0.1:1".into()]
    {
        let origin = format!("Origin: {origin}");
        assert_eq!(
            service.refusal("POST /api/app_info", &[AUTHORIZED, &origin], "{}"),
            (403, "refused".into()),
            "{origin}"
        );
    }
}

#[test]
fn wrong_requests_are_refused_with_a_code_and_a_sentence() {
    let service = Service::start();
    let large = format!("{:?}", "x".repeat(1 << 20));
    for (line, body, status, code) in [
        ("POST /api/no_such_command", "{}", 404, "missing"),
        ("POST /api/rows/extra", "{}", 404, "missing"),
        ("GET /api/app_info", "", 405, "invalid"),
        ("POST /api/zone_table", "{\"zone\":", 400, "invalid"),
        ("POST /api/zone_table", "not json", 400, "invalid"),
        ("POST /api/zone_table", "{\"zone\": 7}", 400, "invalid"),
        ("POST /api/bytes", "{}", 400, "invalid"),
        ("POST /api/zone_table", &large, 413, "invalid"),
        ("POST /api/views", "{}", 409, "noCase"),
        ("POST /api/bytes", "{\"evidence_id\":1,\"offset\":0,\"length\":1}", 409, "noCase"),
    ] {
        assert_eq!(service.refusal(line, &[AUTHORIZED], body), (status, code.into()), "{line} {body:.40}");
    }
}

#[test]
fn a_devices_time_series_is_asked_for_as_of_old() {
    let service = Service::start();
    let case = service.settings.path().join("a.lintel");
    let new = serde_json::json!({ "dir": case, "name": "A", "number": "", "examiner": "", "agency": "", "zone": "", "notes": "" });
    assert_eq!(service.status("GET /devices/18:b4:30:00:00:07/average", &[], ""), 401);
    assert_eq!(service.status("GET /devices/18:b4:30:00:00:07/average", &[AUTHORIZED], ""), 409);
    let (status, _, body) = service.ask("POST /api/case_new", &[AUTHORIZED], &new.to_string());
    assert_eq!(status, 200, "{body}");
    for (path, wanted, word) in [
        ("18:b4:30:00:00:07/average", 404, "no device '18:b4:30:00:00:07'"),
        ("nobody/average?granularity=hour&time_window=12h", 404, "no device 'nobody'"),
        ("nobody/average?granularity=none", 400, "granularity 'none'"),
        ("nobody/sum?time_window=12%20h", 400, "'12 h' is no time window"),
        ("nobody/median", 404, "average, sum, min, max and count"),
    ] {
        let (status, head, body) = service.ask(&format!("GET /devices/{path}"), &[AUTHORIZED], "");
        let said: serde_json::Value = serde_json::from_str(&body).unwrap_or_else(|_| panic!("{path}: {body:?}"));
        assert_eq!(status, wanted, "{path}: {body}");
        assert!(said["error"].as_str().is_some_and(|sentence| sentence.contains(word)), "{path}: {body}");
        assert!(head.contains("application/json") && head.contains("cache-control: no-store"), "{head}");
    }
}

#[test]
fn the_page_comes_with_a_strict_policy_and_never_from_outside_its_folder() {
    let folder = TempDir::new().expect("a temporary folder");
    std::fs::create_dir(folder.path().join("page")).expect("a folder in it");
    std::fs::write(folder.path().join("page/index.html"), "<title>page</title>").expect("a page");
    std::fs::write(folder.path().join("page/a.js"), "1").expect("a script");
    std::fs::write(folder.path().join("secret.txt"), "secret").expect("a secret");
    let service = Service::with_page(Page::Folder(folder.path().join("page")));

    let (status, head, body) = service.ask("GET /", &[], "");
    assert_eq!((status, body.as_str()), (200, "<title>page</title>"));
    for header in [
        "content-security-policy: default-src 'none';",
        "x-content-type-options: nosniff",
        "referrer-policy: no-referrer",
        "cache-control: no-store",
    ] {
        assert!(head.contains(header), "{header} in {head}");
    }
    assert!(service.ask("GET /a.js", &[], "").1.contains("content-type: text/javascript"));
    assert_eq!(service.ask("GET /devices", &[], "").2, "<title>page</title>", "a place in the page");
    for path in [
        "/none.js",
        "/../secret.txt",
        "/%2e%2e/secret.txt",
        "/..%2fsecret.txt",
        "//secret.txt",
        "/a.js/../../secret.txt",
    ] {
        assert_eq!(service.status(&format!("GET {path}"), &[], ""), 404, "{path}");
    }
    assert_eq!(service.status("POST /", &[], ""), 405);
}

#[test]
fn a_page_that_was_not_built_says_how_to_build_it() {
    let service = Service::with_page(Page::Folder("no-such-folder".into()));
    let (status, _, body) = service.ask("GET /", &[], "");
    assert!(status == 503 && body.contains("npm run build"), "{status} {body}");
}

#[test]
fn events_arrive_as_they_happen() {
    let service = Service::start();
    let mut stream = service.connect();
    let host = service.running.addr;
    write!(stream, "GET /api/events HTTP/1.1\r\nHost: {host}\r\n{AUTHORIZED}\r\n\r\n").expect("the request is sent");
    let mut lines = BufReader::new(stream).lines().map(|line| line.expect("the stream goes on"));
    assert!(lines.any(|line| line == "content-type: text/event-stream"));
    assert!(lines.any(|line| line.is_empty()), "the head ends");

    let case = service.settings.path().join("House.lintel");
    let request = serde_json::json!({ "dir": case, "name": "House" }).to_string();
    assert_eq!(service.status("POST /api/case_new", &[AUTHORIZED], &request), 200);
    let event = lines.find_map(|line| line.strip_prefix("data: ").map(str::to_owned)).expect("an event");
    assert!(event.starts_with(r#"{"event":"changed","topics":["#) && event.contains("\"Case\""), "{event}");
}

#[test]
fn a_made_up_token_is_128_random_bits() {
    let settings = TempDir::new().expect("a temporary folder");
    let start = || serve(app::App::new(Some(settings.path().into())), Options::default()).expect("the service starts");
    let (first, second) = (start(), start());
    assert!(first.token.len() == 32 && first.token.bytes().all(|byte| byte.is_ascii_hexdigit()));
    assert_ne!(first.token, second.token);
    assert_eq!(first.url, format!("http://127.0.0.1:{}/#token={}", first.addr.port(), first.token));
}

#[test]
fn a_port_that_is_taken_is_named() {
    let service = Service::start();
    let port = service.running.addr.port();
    let settings = TempDir::new().expect("a temporary folder");
    let refused = serve(app::App::new(Some(settings.path().into())), Options { port, ..Options::default() });
    let sentence = refused.err().expect("the port is taken").to_string();
    assert!(sentence.starts_with(&format!("listening on 127.0.0.1 port {port}: ")), "{sentence}");
}

const AUTHORIZED: &str = "Authorization: Bearer 0123456789abcdef0123456789abcdef";

struct Service {
    running: Running,
    settings: TempDir,
}

impl Service {
    fn start() -> Service {
        Service::with_page(Page::Embedded)
    }

    fn with_page(page: Page) -> Service {
        let settings = TempDir::new().expect("a temporary folder");
        let app = app::App::new(Some(settings.path().into()));
        let options = Options { page, token: Some(TOKEN.into()), ..Options::default() };
        Service { running: serve(app, options).expect("the service starts"), settings }
    }

    fn status(&self, line: &str, headers: &[&str], body: &str) -> u16 {
        self.ask(line, headers, body).0
    }

    /// Status and code of a refusal, which always has a sentence.
    fn refusal(&self, line: &str, headers: &[&str], body: &str) -> (u16, String) {
        let (status, _, body) = self.ask(line, headers, body);
        let refusal: serde_json::Value = serde_json::from_str(&body).unwrap_or_else(|_| panic!("{line}: {body:?}"));
        assert!(refusal["message"].as_str().is_some_and(|sentence| sentence.len() > 10), "{line}: {body}");
        (status, refusal["code"].as_str().unwrap_or_default().into())
    }

    /// Status, head and body of the answer to a request from this machine's own name.
    fn ask(&self, line: &str, headers: &[&str], body: &str) -> (u16, String, String) {
        let headers: String = headers.iter().map(|header| format!("{header}\r\n")).collect();
        let (host, length) = (self.running.addr, body.len());
        self.exchange(&format!("{line} HTTP/1.1\r\nHost: {host}\r\n{headers}Content-Length: {length}\r\n\r\n{body}"))
    }

    /// Sends what is given, and `Connection: close` behind its first line.
    fn exchange(&self, request: &str) -> (u16, String, String) {
        let (line, rest) = request.split_once("\r\n").expect("a first line");
        let rest = if rest.contains("\r\n\r\n") { rest.to_owned() } else { format!("{rest}\r\n") };
        let mut stream = self.connect();
        // A refused body may be answered before all of it is read, which breaks off the sending.
        let _ = stream.write_all(format!("{line}\r\nConnection: close\r\n{rest}").as_bytes());
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        let answer = String::from_utf8_lossy(&answer).into_owned();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no answer to {line}: {answer:?}"));
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
        (status, head.to_owned(), body.to_owned())
    }

    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.running.addr).expect("the service listens");
        stream.set_read_timeout(Some(Duration::from_secs(30))).expect("a socket takes a time limit");
        stream
    }
}
