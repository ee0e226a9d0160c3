//! The receiver of presence reports as access points and scripts know it: posted to, flooded, stopped and killed.

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Output, Stdio};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};

/// The example of the makers' own description, signed with `s3cret`.
const REPORT: &str = r#"{"network_id":700123,"node_mac":"AC:86:74:00:10:20","version":1,"probe_requests":[{"mac":"9c:b6:d0:11:22:33","count":3,"min_signal":-71,"max_signal":-60,"avg_signal":-66,"first_seen":1700000000,"last_seen":1700000012,"associated":true}]}"#;
const SIGNATURE: &str = "dbee9298562dee4d88a4d10a0c276c8ee3cb423f74a59783033f234580487006";
const SECRET: &str = "s3cret-of-hollis-street";

struct Case {
    folder: tempfile::TempDir,
    dir: PathBuf,
}

impl Case {
    fn new() -> Case {
        let folder = tempfile::tempdir().unwrap();
        let dir = folder.path().join("home.lintel");
        fs::write(folder.path().join("example.key"), "s3cret\n").unwrap();
        fs::write(folder.path().join("own.key"), SECRET).unwrap();
        let case = Case { folder, dir };
        assert!(case.run(&["case", "new", "CASE", "--name", "Hollis Street 14"]).status.success());
        case
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_lintel"));
        let home = self.folder.path();
        command.env("XDG_CONFIG_HOME", home).env("APPDATA", home).env("HOME", home);
        command.args(args.iter().map(|arg| if *arg == "CASE" { self.dir.as_os_str() } else { arg.as_ref() }));
        command
    }

    fn run(&self, args: &[&str]) -> Output {
        self.command(args).output().unwrap()
    }

    fn json(&self, args: &[&str]) -> Vec<Value> {
        let output = self.run(&[&["--json"], args].concat());
        assert!(
            output.status.code().is_some_and(|code| code <= 1),
            "{args:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8(output.stdout).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    fn key(&self, network: &str, name: &str) -> String {
        format!("{network}={}", self.folder.path().join(name).display())
    }

    fn receive(&self, more: &[&str]) -> Receiver {
        let (example, own) = (self.key("700123", "example.key"), self.key("14", "own.key"));
        let args = ["--json", "receive", "CASE", "--listen", "127.0.0.1:0", "--key", &example, "--key", &own];
        let mut child = self.command(&[&args, more].concat());
        let mut child = child.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        out.read_line(&mut line).unwrap();
        let Ok(said) = serde_json::from_str::<Value>(&line) else { panic!("{:?}", child.wait_with_output()) };
        let url = said["url"].as_str().unwrap();
        let token = url.split_once("?token=").unwrap().1.to_owned();
        // Somebody has to read it, or it stops talking.
        let mut err = child.stderr.take().unwrap();
        let errors = std::thread::spawn(move || {
            let mut errors = String::new();
            err.read_to_string(&mut errors).unwrap();
            errors
        });
        Receiver { child, out, errors: Some(errors), address: said["listen"].as_str().unwrap().to_owned(), token }
    }

    /// What stands in any file of the case.
    fn holds(&self, text: &str) -> Option<PathBuf> {
        let mut waiting = vec![self.dir.clone()];
        while let Some(path) = waiting.pop() {
            if path.is_dir() {
                waiting.extend(fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
            } else if fs::read(&path).unwrap().windows(text.len()).any(|window| window == text.as_bytes()) {
                return Some(path);
            }
        }
        None
    }
}

/// `lintel receive` under way.
struct Receiver {
    child: Child,
    out: BufReader<ChildStdout>,
    errors: Option<JoinHandle<String>>,
    address: String,
    token: String,
}

impl Receiver {
    fn client(&self) -> Client {
        Client(BufReader::new(TcpStream::connect(&self.address).unwrap()))
    }

    /// Ctrl+C; what it said at the end, and on standard error.
    fn interrupt(mut self) -> (Value, String) {
        assert!(Command::new("kill").args(["-INT", &self.child.id().to_string()]).status().unwrap().success());
        let mut said = String::new();
        self.out.read_to_string(&mut said).unwrap();
        let errors = self.errors.take().unwrap().join().unwrap();
        assert!(self.child.wait().unwrap().success(), "{said} {errors}");
        (serde_json::from_str(&said).unwrap(), errors)
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A connection that is used again.
struct Client(BufReader<TcpStream>);

impl Client {
    fn ask(&mut self, line: &str, headers: &[String], body: &[u8]) -> std::io::Result<(u16, String)> {
        let headers: String = headers.iter().map(|header| format!("{header}\r\n")).collect();
        let length =
            if headers.contains("chunked") { String::new() } else { format!("Content-Length: {}\r\n", body.len()) };
        let head = format!("{line} HTTP/1.1\r\nHost: receiver.example\r\n{headers}{length}\r\n");
        self.0.get_mut().write_all(&[head.as_bytes(), body].concat())?;
        self.answer()
    }

    fn answer(&mut self) -> std::io::Result<(u16, String)> {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if self.0.read_line(&mut head)? == 0 {
                return Err(std::io::ErrorKind::UnexpectedEof.into());
            }
        }
        let status = head.split(' ').nth(1).and_then(|word| word.parse().ok()).unwrap();
        let lower = head.to_lowercase();
        let length = lower.split("content-length: ").nth(1).and_then(|rest| rest.split("\r\n").next());
        let mut body = vec![0; length.map_or(0, |length| length.parse().unwrap())];
        self.0.read_exact(&mut body)?;
        Ok((status, String::from_utf8(body).unwrap()))
    }

    fn post(&mut self, path: &str, signature: Option<&str>, body: &str) -> (u16, String) {
        let headers: Vec<String> = signature.iter().map(|signature| format!("Signature: {signature}")).collect();
        self.ask(&format!("POST {path}"), &headers, body.as_bytes()).unwrap()
    }
}

fn signed(body: &str) -> String {
    let hmac = Hmac::<sha2::Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
    hmac.chain_update(body).finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A report of its own for each number: the client's address says which.
fn report(number: u32) -> String {
    let [a, b, c, d] = number.to_be_bytes();
    let seen = 1_790_000_000 + number;
    format!(
        r#"{{"network_id":14,"node_mac":"AC:86:74:00:10:20","version":1,"probe_requests":[{{"mac":"10:00:{a:02x}:{b:02x}:{c:02x}:{d:02x}","count":1,"min_signal":-70,"max_signal":-60,"avg_signal":-65,"first_seen":{seen},"last_seen":{seen},"associated":false}}]}}"#
    )
}

fn client_of(number: u32) -> String {
    let [a, b, c, d] = number.to_be_bytes();
    format!("10:00:{a:02x}:{b:02x}:{c:02x}:{d:02x}")
}

#[test]
fn reports_come_in_by_their_signature_and_are_sealed() {
    let case = Case::new();
    let receiver = case.receive(&["--meraki-validator", "hollis-validates", "--authority", "order 14"]);
    let mut client = receiver.client();
    assert_eq!(client.post("/receive", Some(SIGNATURE), REPORT), (200, "success!".into()));
    assert_eq!(
        client.post("/recieve", Some(&SIGNATURE.to_uppercase()), REPORT),
        (200, "success!".into()),
        "sent again"
    );
    let own = report(7);
    for (path, signature, body, want) in [
        ("/receive", None, REPORT, 401),
        ("/receive", Some(&SIGNATURE[1..]), REPORT, 401),
        ("/receive", Some(&SIGNATURE.replace('d', "c")[..]), REPORT, 401),
        ("/receive", Some(SIGNATURE), &REPORT.replace("\"count\":3", "\"count\":4")[..], 401),
        ("/receive", Some(&signed(REPORT)[..]), REPORT, 401), // of network 14, about another
        ("/receive", None, "no JSON", 401),
        ("/receive", Some(&signed("no JSON")[..]), "no JSON", 400),
        ("/receive", Some(&signed("{}")[..]), "{}", 400),
        ("/receive", Some(&signed("")[..]), "", 400),
        (
            "/receive",
            Some(&signed(r#"{"network_id":14,"node_mac":5,"probe_requests":[]}"#)[..]),
            r#"{"network_id":14,"node_mac":5,"probe_requests":[]}"#,
            400,
        ),
        ("/receive", Some(&signed(&own)[..]), &own, 200),
        ("/meraki", None, "{}", 401),
        ("/elsewhere", None, "{}", 404),
    ] {
        let (status, said) = client.post(path, signature, body);
        assert_eq!(status, want, "{path} {signature:?} {body}: {said}");
    }
    for (line, want) in [("GET /receive", 405), ("PUT /recieve", 405), ("DELETE /meraki", 405)] {
        assert_eq!(receiver.client().ask(line, &[], b"").unwrap().0, want, "{line}");
    }
    assert_eq!(client.ask("GET /meraki", &[], b"").unwrap(), (200, "hollis-validates".into()));
    // Too large: as it says, and without saying.
    let large = vec![b' '; 10 << 20];
    let mut sender = receiver.client();
    let _ = sender.0.get_mut().write_all(b"POST /receive HTTP/1.1\r\nHost: x\r\nContent-Length: 10485760\r\n\r\n");
    assert_eq!(sender.answer().unwrap().0, 413);
    let chunk = [b"200000\r\n".as_slice(), &large[..0x20_0000], b"\r\n0\r\n\r\n"].concat();
    let chunked = receiver.client().ask("POST /receive", &["Transfer-Encoding: chunked".into()], &chunk);
    assert!(chunked.map_or(true, |(status, _)| status == 413), "it may hang up before all was sent");

    let (ended, errors) = receiver.interrupt();
    assert_eq!(
        (&ended["accepted"], &ended["unverified"], &ended["state"]),
        (&json!(3), &json!(0), &json!("done")),
        "{ended}"
    );
    assert!(
        errors.lines().filter(|line| line.contains(" kept: CloudTrax presence report of network ")).count() == 3,
        "{errors}"
    );
    assert!(errors.contains("refused: wrong signature") && errors.contains("refused: no signature"), "{errors}");
    let sightings = case.json(&["show", "CASE", "sighting"]);
    assert_eq!(sightings.len(), 2, "sent again: told once");
    let first = &sightings[0];
    assert_eq!(
        (&first["device"], &first["verified"], &first["source"]),
        (&json!("9c:b6:d0:11:22:33"), &json!(true), &json!("cloudtrax"))
    );
    // The bytes of the place are those of the probe request, in the envelope.
    let file = case.dir.join(ended["sealed"][0].as_str().unwrap());
    let bytes = fs::read(&file).unwrap();
    let at = first["offset"].as_u64().unwrap() as usize;
    let bytes =
        String::from_utf8_lossy(&bytes[at..at + first["length"].as_u64().unwrap() as usize]).replace("\\\"", "\"");
    assert!(REPORT.contains(&bytes) && bytes.starts_with("{\"mac\""), "{bytes}");
    let evidence = case.json(&["show", "CASE", "evidence"]);
    assert_eq!(
        (evidence.len(), &evidence[0]["kind"], &evidence[0]["status"]),
        (1, &json!("cloudtrax"), &json!("complete"))
    );
    let log = case.json(&["custody", "CASE"]);
    let seal = log.iter().find(|line| line["action"] == "receiver.seal").unwrap();
    assert_eq!(
        (&seal["objects"][0], &seal["params"]["authority"], &seal["outcome"]),
        (&evidence[0]["sha256"], &json!("order 14"), &json!("sealed"))
    );
    assert!(case.run(&["verify", "CASE"]).status.success());
    assert_eq!((case.holds(SECRET), case.holds("s3cret\n")), (None, None), "a key went into the case");
    assert!(!errors.contains(SECRET));
}

#[test]
fn what_was_received_is_shown_to_whoever_has_the_token() {
    let case = Case::new();
    let receiver = case.receive(&["--accept-unsigned"]);
    let mut client = receiver.client();
    let other = REPORT
        .replace("AC:86:74:00:10:20", "AC:86:74:00:10:21")
        .replace("700123", "5")
        .replace("1700000012", "1700000700");
    for (signature, body) in [(Some(SIGNATURE), REPORT), (None, &other)] {
        assert_eq!(client.post("/receive", signature, body).0, 200);
    }
    assert_eq!(client.post("/receive", Some(&"00".repeat(32)), REPORT).0, 401, "its key is known: it was forged");
    let pages = [
        "/",
        "/?limit=1",
        "/filter?mac=9c",
        "/nodes_seen/9cb6d0112233",
        "/last_seen?mac=9cb6d0112233",
        "/last_seen/x",
        "/test",
    ];
    for page in pages {
        assert_eq!(client.ask(&format!("GET {page}"), &[], b"").unwrap().0, 401, "{page}");
        let wrong = format!("Authorization: Bearer {}x", receiver.token);
        assert_eq!(client.ask(&format!("GET {page}"), &[wrong], b"").unwrap().0, 401, "{page}");
    }
    let bearer = format!("Authorization: Bearer {}", receiver.token);
    let mut get = |page: &str| {
        let (status, said) =
            client.ask(&format!("GET {page}"), &[bearer.clone(), "Accept: application/json".into()], b"").unwrap();
        (status, serde_json::from_str::<Value>(&said).unwrap_or(json!(said)))
    };
    // It is read as it comes.
    let began = Instant::now();
    while get("/").1.as_array().is_none_or(|rows| rows.len() < 2) {
        assert!(began.elapsed() < Duration::from_secs(30), "{:?}", get("/"));
        std::thread::sleep(Duration::from_millis(50));
    }
    let nodes = |rows: Value| -> Vec<String> {
        rows.as_array().unwrap().iter().map(|row| row["node_mac"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(get("/?limit=1").1.as_array().unwrap().len(), 1);
    for bad in ["/?limit=0", "/?limit=1001", "/?limit=x", "/filter", "/filter?mac=9c", "/nodes_seen/x", "/last_seen"] {
        assert_eq!(get(bad).0, 400, "{bad}");
    }
    assert_eq!(nodes(get("/filter?mac=9C-B6-D0-11-22-33&node_mac=ac8674001021").1), ["ac:86:74:00:10:21"]);
    assert_eq!(get("/filter?mac=9C-B6-D0-11-22-34").1, json!([]));
    assert_eq!(nodes(get("/nodes_seen/9cb6d0112233").1), ["ac:86:74:00:10:21", "ac:86:74:00:10:20"]);
    let (_, last) = get("/last_seen?mac=9c%3Ab6%3Ad0%3A11%3A22%3A33");
    assert_eq!(
        (&last["node_mac"], &last["verified"], &last["network_id"]),
        (&json!("ac:86:74:00:10:21"), &json!(false), &json!("5"))
    );
    assert_eq!(get("/last_seen/000000000001").0, 404);
    let (status, html) =
        client.ask(&format!("GET /filter?mac=9cb6d0112233&token={}", receiver.token), &[], b"").unwrap();
    assert!(status == 200 && html.contains("<td>2023-11-14 22:13:20 +00:00</td>"), "{html}");
    let (status, html) = client.ask(&format!("GET /test?token={}", receiver.token), &[], b"").unwrap();
    assert!(status == 200 && html.contains("success!") && html.contains("9c:b6:d0:11:22:33"), "{status} {html}");
    let (ended, _) = receiver.interrupt();
    assert_eq!((&ended["accepted"], &ended["unverified"]), (&json!(2), &json!(1)));
    assert_eq!(case.json(&["show", "CASE", "sighting"]).len(), 2, "the trial went nowhere else");
}

#[test]
fn a_flood_is_turned_away_and_what_comes_after_is_taken() {
    let case = Case::new();
    let receiver = case.receive(&[]);
    let mut client = receiver.client();
    let began = Instant::now();
    let statuses: Vec<u16> = (0..3_000).map(|_| client.post("/receive", None, "{}").0).collect();
    let turned = statuses.iter().filter(|status| **status == 429).count();
    assert!(
        turned > 500 && statuses.iter().all(|status| matches!(status, 401 | 429)),
        "{turned} in {:?}",
        began.elapsed()
    );
    std::thread::sleep(Duration::from_millis(1_000));
    assert_eq!(client.post("/receive", Some(SIGNATURE), REPORT).0, 200);
    assert_eq!(receiver.interrupt().0["accepted"], 1);
}

#[test]
fn two_hundred_a_second_are_kept_without_loss() {
    let case = Case::new();
    let receiver = case.receive(&[]);
    let began = Instant::now();
    let threads: Vec<_> = (0..8_u32)
        .map(|thread| {
            let mut client = receiver.client();
            std::thread::spawn(move || {
                let mut slowest = Duration::ZERO;
                for n in 0..150 {
                    let due = Duration::from_millis(u64::from(n) * 40);
                    std::thread::sleep(due.saturating_sub(began.elapsed()));
                    let (asked, body) = (Instant::now(), report(n * 8 + thread));
                    assert_eq!(client.post("/receive", Some(&signed(&body)), &body).0, 200);
                    slowest = slowest.max(asked.elapsed());
                }
                slowest
            })
        })
        .collect();
    let slowest = threads.into_iter().map(|thread| thread.join().unwrap()).max().unwrap();
    println!("1200 reports in {:?}; the slowest took {slowest:?}", began.elapsed());
    assert_eq!(receiver.interrupt().0["accepted"], 1_200);
    assert_eq!(heard(&case), (0..1_200).map(client_of).collect());
}

fn heard(case: &Case) -> BTreeSet<String> {
    let sightings = case.json(&["show", "CASE", "sighting", "--limit", "1000000"]);
    sightings.iter().map(|row| row["device"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_killed_receiver_loses_nothing_that_it_acknowledged() {
    let case = Case::new();
    for round in 0..2 {
        let mut receiver = case.receive(&[]);
        let acknowledged = Arc::new(Mutex::new(BTreeSet::new()));
        let dead = Arc::new(AtomicBool::new(false));
        let threads: Vec<_> = (0..6_u32)
            .map(|thread| {
                let (mut client, acknowledged, dead) = (receiver.client(), acknowledged.clone(), dead.clone());
                std::thread::spawn(move || {
                    for n in 0.. {
                        let number = round * 100_000 + n * 6 + thread;
                        let body = report(number);
                        let headers = [format!("Signature: {}", signed(&body))];
                        match client.ask("POST /receive", &headers, body.as_bytes()) {
                            Ok((200, _)) => drop(acknowledged.lock().unwrap().insert(client_of(number))),
                            Ok((status, _)) => assert_eq!(status, 429),
                            Err(_) => return assert!(dead.load(Relaxed), "it hung up by itself"),
                        }
                    }
                })
            })
            .collect();
        std::thread::sleep(Duration::from_millis(1_200));
        dead.store(true, Relaxed);
        receiver.child.kill().unwrap(); // SIGKILL
        receiver.child.wait().unwrap();
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        let acknowledged = acknowledged.lock().unwrap();
        assert!(acknowledged.len() > 100, "{}", acknowledged.len());
        // The next opening finds them.
        let found = heard(&case);
        let lost: Vec<_> = acknowledged.difference(&found).collect();
        assert!(lost.is_empty(), "{} of {} are lost", lost.len(), acknowledged.len());
        let evidence = case.json(&["show", "CASE", "evidence"]);
        assert_eq!(evidence.len() as u32, round + 1);
        assert!(evidence.iter().all(|item| item["status"] == "complete"), "{evidence:?}");
    }
    let log = case.json(&["custody", "CASE"]);
    let seals =
        log.iter().filter(|line| line["action"] == "receiver.seal" && line["outcome"] == "sealed as interrupted");
    assert_eq!(seals.count(), 2);
    assert!(case.run(&["verify", "CASE"]).status.success());
}

/// Spoken by OpenSSL, with a certificate that OpenSSL made.
#[test]
fn reports_come_over_tls_too() {
    let openssl = |args: &[&str], input: &str| {
        let mut command = Command::new("openssl");
        command.args(args).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().ok()?;
        child.stdin.take()?.write_all(input.as_bytes()).ok()?;
        Some(child.wait_with_output().unwrap())
    };
    let case = Case::new();
    let file = |name: &str| case.folder.path().join(name).display().to_string();
    let (certificate, key) = (file("door.pem"), file("door.key"));
    let make = format!(
        "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=receiver.example -addext subjectAltName=DNS:receiver.example -keyout {key} -out {certificate}"
    );
    let Some(made) = openssl(&make.split(' ').collect::<Vec<_>>(), "") else {
        return eprintln!("not shown: openssl is not on this machine");
    };
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let receiver = case.receive(&["--tls-certificate", &certificate, "--tls-key", &key]);
    // Whoever connects and says nothing does not keep others out.
    let silent = TcpStream::connect(&receiver.address).unwrap();
    let body = report(7);
    let request = format!(
        "POST /receive HTTP/1.1\r\nHost: receiver.example\r\nSignature: {}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        signed(&body),
        body.len()
    );
    let connect = format!(
        "s_client -quiet -verify_return_error -verify_hostname receiver.example -CAfile {certificate} -connect {}",
        receiver.address
    );
    let answer = openssl(&connect.split(' ').collect::<Vec<_>>(), &request).unwrap();
    let answer = String::from_utf8_lossy(&answer.stdout).into_owned();
    assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("success!"), "{answer}");
    drop(silent);
    // In the clear it takes nothing.
    assert!(receiver.client().ask("GET /", &[], b"").is_err());
    let (ended, _) = receiver.interrupt();
    assert_eq!(ended["accepted"], 1);
    assert!(heard(&case).contains(&client_of(7)));
    let devices = case.json(&["show", "CASE", "devices"]);
    assert!(devices.iter().any(|row| row["mac"] == client_of(7)), "{devices:?}");
    // Files that are no certificate and key are told, before anything is opened.
    for (certificate, key, word) in
        [(&key, &key, "no certificate"), (&certificate, &certificate, "door.pem"), (&file("none"), &key, "none")]
    {
        let own = case.key("14", "own.key");
        let output = case.run(&[
            "receive",
            "CASE",
            "--key",
            &own,
            "--listen",
            "127.0.0.1:0",
            "--tls-certificate",
            certificate,
            "--tls-key",
            key,
        ]);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.code() == Some(3) && said.contains(word), "{:?} {said}", output.status);
    }
}

#[test]
fn errors_are_a_sentence_and_a_code() {
    let case = Case::new();
    let key = case.key("700123", "example.key");
    let busy = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = busy.local_addr().unwrap().to_string();
    for (args, want, word) in [
        (&["--listen", "127.0.0.1:0"][..], 3, "no key is known"),
        (&["--key", &key, "--listen", "nowhere"], 2, "'nowhere' is no address"),
        (&["--key", &key, "--listen", &taken], 3, "in use"),
        (&["--key", "700123=/no/such/file"], 3, "/no/such/file"),
        (&["--key", "s3cret"], 2, "NETWORK=FILE"),
        (&["--key", &format!("x{key}")], 2, "neither a network's number"),
    ] {
        let output = case.run(&[&["receive", "CASE"], args].concat());
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.code() == Some(want) && said.contains(word), "{args:?}: {:?} {said}", output.status);
        assert!(!said.contains("panicked"), "{said}");
    }
    assert!(Path::new(&case.dir).join("case.db").is_file() && case.json(&["show", "CASE", "evidence"]).is_empty());
}
