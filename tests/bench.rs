//! The bench as an analyst works with it: lights are registered, come with their certificates, are switched from everywhere, watched, lost and deleted.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

/// A case, and the bench over it as its own program.
struct Bench {
    folder: tempfile::TempDir,
    dir: PathBuf,
    child: Child,
    words: Option<ChildStdin>,
    said: Receiver<Value>,
    /// Where lights come to, and the service with its token.
    port: u16,
    service: String,
    token: String,
}

fn lintel(home: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lintel"));
    command.env("XDG_CONFIG_HOME", home).env("APPDATA", home).env("HOME", home).args(args);
    command
}

/// What a program says, a JSON object a line, as it says it.
fn lines(out: ChildStdout) -> Receiver<Value> {
    let (to, from) = channel();
    std::thread::spawn(move || {
        for line in BufReader::new(out).lines().map_while(Result::ok) {
            let value = serde_json::from_str(&line).unwrap_or_else(|_| panic!("no JSON: {line}"));
            if to.send(value).is_err() {
                return;
            }
        }
    });
    from
}

impl Bench {
    fn new(allow: bool) -> Bench {
        let folder = tempfile::tempdir().unwrap();
        let dir = folder.path().join("home.lintel");
        let made =
            lintel(folder.path(), &["case", "new", &dir.display().to_string(), "--name", "Bench"]).output().unwrap();
        assert!(made.status.success(), "{made:?}");
        let case = dir.display().to_string();
        let mut args =
            vec!["--json", "bench", &case, "--listen", "127.0.0.1:0", "--authority", "warrant 7/26", "--port", "0"];
        if allow {
            args.extend(["--allow", "switching test, warrant 7/26"]);
        }
        let mut command = lintel(folder.path(), &args);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let (words, said) = (child.stdin.take(), lines(child.stdout.take().unwrap()));
        let first = said.recv_timeout(Duration::from_secs(60)).expect("the bench begins");
        let port = first["listen"].as_str().unwrap().rsplit(':').next().unwrap().parse().unwrap();
        let url = first["url"].as_str().unwrap();
        let (service, token) = url.trim_start_matches("http://").split_once("/#token=").unwrap();
        let (service, token) = (service.to_owned(), token.to_owned());
        Bench { folder, dir, child, words, said, port, service, token }
    }

    /// A request with the token; status, header lines and body.
    fn http(&self, line: &str, body: &str) -> (u16, String, Value) {
        let mut stream = TcpStream::connect(&self.service).unwrap();
        let (host, token, length) = (&self.service, &self.token, body.len());
        let head = format!(
            "{line} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {token}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
        );
        stream.write_all(head.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        (status, head.to_lowercase(), if body.is_empty() { Value::Null } else { serde_json::from_str(body).unwrap() })
    }

    fn rest(&self, line: &str) -> (u16, Value) {
        let (status, _, body) = self.http(line, "");
        (status, body)
    }

    /// A command of the page.
    fn call(&self, name: &str, request: Value) -> Value {
        let (status, _, body) = self.http(&format!("POST /api/{name}"), &request.to_string());
        assert_eq!(status, 200, "{name}: {body}");
        body
    }

    /// Writes what a light needs to come, and gives the arguments that say so.
    fn files(&self, made: &Value) -> Vec<String> {
        let id = made["id"].as_str().unwrap();
        let folder = self.folder.path().join(id);
        fs::create_dir_all(&folder).unwrap();
        let ca = self.call("bench_state", json!({}))["ca"]["certificate"].clone();
        let mut args: Vec<String> =
            ["--host", "127.0.0.1", "--port", &self.port.to_string(), "--id", id].map(String::from).into();
        for (name, text) in [("certificate", &made["cert"]), ("key", &made["privateKey"]), ("ca", &ca)] {
            let path = folder.join(name);
            fs::write(&path, text.as_str().unwrap()).unwrap();
            args.extend([format!("--{name}"), path.display().to_string()]);
        }
        args
    }

    /// Waits until `wanted` holds of a thing.
    fn until(&self, id: &str, within: f64, what: &str, wanted: impl Fn(&Value) -> bool) -> Duration {
        let began = Instant::now();
        loop {
            let thing = self.call("thing", json!({ "id": id }));
            if wanted(&thing) {
                return began.elapsed();
            }
            assert!(began.elapsed().as_secs_f64() < within, "{what}: {thing}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    fn say(&mut self, line: &str) -> Value {
        writeln!(self.words.as_mut().unwrap(), "{line}").unwrap();
        self.said.recv_timeout(Duration::from_secs(20)).unwrap_or_else(|_| panic!("nothing to '{line}'"))
    }

    /// Ends it, and gives what it said last.
    fn quit(&mut self) -> Value {
        let ended = self.say("quit");
        assert!(self.child.wait().unwrap().success());
        ended
    }

    /// Rows of a view, once the bench has ended.
    fn show(&self, args: &[&str]) -> Vec<Value> {
        let case = self.dir.display().to_string();
        let args = [&["--json", "show", &case], args].concat();
        let out = lintel(self.folder.path(), &args).output().unwrap();
        assert!(out.status.success(), "{out:?}");
        String::from_utf8(out.stdout).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A simulated light.
struct Light {
    child: Child,
    said: Receiver<Value>,
}

impl Light {
    fn new(args: &[String]) -> Light {
        let program = light();
        let mut command = Command::new(program);
        let mut child =
            command.args(args).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let said = lines(child.stdout.take().unwrap());
        Light { child, said }
    }

    fn hears(&self, wanted: &Value) {
        let until = Instant::now() + Duration::from_secs(20);
        while let Ok(said) = self.said.recv_timeout(until.saturating_duration_since(Instant::now())) {
            if said == *wanted {
                return;
            }
        }
        panic!("the light never said {wanted}");
    }
}

impl Drop for Light {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The program `light`, which lies beside `lintel`; made if only this package was built.
fn light() -> PathBuf {
    let lintel = Path::new(env!("CARGO_BIN_EXE_lintel"));
    let path = lintel.with_file_name(format!("light{}", std::env::consts::EXE_SUFFIX));
    if !path.exists() {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let made = Command::new(cargo).args(["build", "--quiet", "--package", "journeys", "--bin", "light"]).status();
        assert!(made.is_ok_and(|status| status.success()), "the simulated light could not be made");
    }
    path
}

#[test]
fn two_lights_from_their_certificates_to_their_end() {
    let mut bench = Bench::new(true);
    // One by REST, one from the page, which keeps its files.
    let (status, a) = bench.rest("POST /api/light");
    assert_eq!(status, 201, "{a}");
    assert!(a["privateKey"].as_str().unwrap().starts_with("-----BEGIN RSA PRIVATE KEY-----"), "as AWS gives them");
    let id_a = a["id"].as_str().unwrap().to_owned();
    assert_eq!(a["topics"], json!([format!("{id_a}/data"), format!("{id_a}/command")]));
    let store = bench.folder.path().join("certificate_store");
    let b = bench.call("thing_register", json!({ "name": "Desk lamp", "exhibit": "KH-7", "bundle": store }));
    let id_b = b["id"].as_str().unwrap().to_owned();
    let properties: Value = serde_json::from_slice(&fs::read(store.join("properties.json")).unwrap()).unwrap();
    assert_eq!(
        (properties["client_id"].as_str(), properties["mqtt_port"].as_u64()),
        (Some(&id_b[..]), Some(bench.port.into()))
    );
    assert!(store.join("devicePrivateKey.pem").exists() && store.join("amazonRootCA1.pem").exists());

    assert_eq!(bench.rest(&format!("GET /light/{id_a}")), (200, json!({ "id": id_a, "connectivity": null })));
    let mut light_a = Light::new(&bench.files(&a));
    let b = json!({ "id": id_b, "cert": b["certificate"], "privateKey": b["private_key"] });
    let light_b = Light::new(&[bench.files(&b), vec!["--keep-alive".into(), "2".into()]].concat());
    for id in [&id_a, &id_b] {
        bench.until(id, 20.0, "it comes", |thing| thing["connectivity"]["connected"] == true && thing["on"] == false);
    }
    let (_, seen) = bench.rest(&format!("GET /api/light/{id_a}"));
    assert_eq!(seen["connectivity"]["connected"], true);
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_millis() as i64;
    assert!((now - seen["connectivity"]["timestamp"].as_i64().unwrap()).abs() < 60_000, "milliseconds: {seen}");

    // From REST, from the terminal, from the page.
    let sent = bench.rest(&format!("POST /api/light/{id_a}/command/on"));
    assert_eq!(sent, (200, json!({ "id": id_a, "topic": format!("{id_a}/command"), "command": { "power": true } })));
    light_a.hears(&json!({ "power": true }));
    bench.until(&id_a, 5.0, "it says that it is on", |thing| thing["on"] == true);
    assert_eq!(bench.say(&format!("off {id_a}"))["payload"], r#"{"power": false}"#);
    light_a.hears(&json!({ "power": false }));
    let dry = bench.call("thing_command", json!({ "id": id_b, "command": "on", "dry": true }));
    assert_eq!(
        (dry["sent"].as_bool(), dry["payload"].as_str(), dry["qos"].as_u64()),
        (Some(false), Some(r#"{"power": true}"#), Some(1))
    );
    assert_eq!(bench.call("thing_command", json!({ "id": id_b, "command": "on" }))["connected"], true);
    light_b.hears(&json!({ "power": true }));
    // By its shadow, which the light follows and reports to.
    bench.call("shadow_set", json!({ "id": id_b, "document": r#"{"state":{"desired":{"power":false}}}"# }));
    light_b.hears(&json!({ "power": false }));
    bench.until(&id_b, 5.0, "it says that it is off", |thing| thing["on"] == false);
    let shadow = bench.call("shadow_version", json!({ "id": id_b }));
    assert_eq!(shadow["document"]["state"]["reported"]["power"], false, "{shadow}");

    // Its plug is pulled: no goodbye, and an open socket.
    #[cfg(unix)]
    {
        assert!(Command::new("kill").args(["-STOP", &light_b.child.id().to_string()]).status().unwrap().success());
        let took =
            bench.until(&id_b, 10.0, "its silence is noticed", |thing| thing["connectivity"]["connected"] == false);
        assert!(took.as_secs_f64() < 2.0 * 1.5 + 1.0, "noticed after {took:?}");
        let reason = &bench.call("thing", json!({ "id": id_b }))["connectivity"]["reason"];
        assert_eq!(reason, "MQTT_KEEP_ALIVE_TIMEOUT");
    }

    // Deleted: sent away, out of the lists, and never let in again.
    assert_eq!(bench.rest(&format!("DELETE /light/{id_a}")), (204, Value::Null));
    let not_found =
        json!({ "Code": "NotFoundError", "Message": "NotFoundError: The requested light could not be found." });
    assert_eq!(bench.rest(&format!("DELETE /light/{id_a}")), (404, not_found.clone()));
    assert_eq!(bench.rest(&format!("GET /light/{id_a}")), (404, not_found));
    assert_eq!(bench.rest("GET /light").1["lights"].as_array().unwrap().len(), 1);
    // It tries again, is refused, and gives up. (To wait for it would close its standard input, at which it ends well.)
    let began = Instant::now();
    let ended = loop {
        match light_a.child.try_wait().unwrap() {
            Some(status) => break status,
            None => assert!(began.elapsed() < Duration::from_secs(20), "it was not refused"),
        }
        std::thread::sleep(Duration::from_millis(50));
    };
    assert!(!ended.success());
    let again = Light::new(&bench.files(&a));
    assert!(again.said.recv_timeout(Duration::from_secs(20)).unwrap()["error"].is_string());
    let began = Instant::now();
    while !bench.call("thing_deletions", json!({})).as_array().unwrap().is_empty() {
        assert!(began.elapsed() < Duration::from_secs(20), "it never went for good");
        std::thread::sleep(Duration::from_millis(100));
    }
    drop((again, light_b));

    let ended = bench.quit();
    assert_eq!(ended["state"], "done", "{ended}");
    // All of it is evidence: what was sent, what was refused, and why.
    let topic = format!("{id_a}/command");
    let commands = bench.show(&["mqtt", "--where", "msg_type=PUBLISH", "--where", &format!("topic={topic}")]);
    let payloads: Vec<&str> = commands.iter().filter_map(|row| row["payload"].as_str()).collect();
    assert!(payloads.contains(&r#"{"power": true}"#) && payloads.contains(&r#"{"power": false}"#), "{payloads:?}");
    let acts = bench.show(&["bench"]);
    let of = |act: &str| acts.iter().filter(|row| row["act"] == act).collect::<Vec<_>>();
    assert_eq!(of("command").len(), 3);
    assert!(of("command").iter().all(|row| row["reason"] == "switching test, warrant 7/26"), "{acts:?}");
    assert!(of("refused").iter().any(|row| row.to_string().contains("REVOKED")), "{:?}", of("refused"));
    let sealed = bench.show(&["evidence"]);
    assert_eq!((sealed[0]["status"].as_str(), sealed[0]["path"].as_str()), (Some("complete"), ended["path"].as_str()));
    let case = bench.dir.display().to_string();
    assert!(lintel(bench.folder.path(), &["verify", &case]).output().unwrap().status.success());
    let custody = fs::read_to_string(bench.dir.join("custody.log")).unwrap();
    for action in ["bench_allow", "thing_register", "thing_command", "thing_delete", "thing.gone", "bench.seal"] {
        assert!(custody.contains(&format!(r#""action":"{action}""#)), "{action} is in the custody log");
    }
    // No private key is anywhere in the case.
    let key: String = a["privateKey"].as_str().unwrap().lines().nth(3).unwrap().to_owned();
    let held = |path: &Path| fs::read(path).unwrap().windows(key.len()).any(|window| window == key.as_bytes());
    let mut waiting = vec![bench.dir.clone()];
    while let Some(path) = waiting.pop() {
        if path.is_dir() {
            waiting.extend(fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
        } else {
            assert!(!held(&path), "{} holds a private key", path.display());
        }
    }
}

/// The same with a broker that is not ours: Debian's mosquitto, with the rules that we write for it, and we as its operator.
#[test]
fn lights_at_mosquitto_with_our_rules() {
    if !Command::new("mosquitto").arg("-h").output().is_ok_and(|output| !output.stdout.is_empty()) {
        println!("skipped: mosquitto is not installed");
        return;
    }
    let bench = Bench::new(true);
    let made = [bench.rest("POST /light").1, bench.rest("POST /light").1];
    let ids: Vec<String> = made.iter().map(|made| made["id"].as_str().unwrap().to_owned()).collect();
    let folder = bench.folder.path().join("mosquitto");
    bench.call("bench_mosquitto", json!({ "folder": folder }));
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let configuration = fs::read_to_string(folder.join("mosquitto.conf")).unwrap();
    let mut configuration = configuration.replace("listener 8883", &format!("listener {port} 127.0.0.1"));
    if cfg!(unix) {
        configuration.push_str("user root\n"); // started by root, it would become somebody who can't read the keys
    }
    fs::write(folder.join("mosquitto.conf"), configuration).unwrap();
    let mut broker = Command::new("mosquitto");
    let broker = broker.arg("-c").arg(folder.join("mosquitto.conf")).stdout(Stdio::null()).stderr(Stdio::null());
    let mut broker = Light { child: broker.spawn().unwrap(), said: channel().1 };
    let began = Instant::now();
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        assert!(broker.child.try_wait().unwrap().is_none(), "mosquitto ended");
        assert!(began.elapsed() < Duration::from_secs(20), "mosquitto does not listen");
        std::thread::sleep(Duration::from_millis(50));
    }

    let file = |name: &str| folder.join(name).display().to_string();
    let connect = json!({ "host": "127.0.0.1", "port": port, "tls": "own", "ca": file("authority.pem"),
        "certificate": file("operator.pem"), "key": file("operator-key.pem"), "authority": "warrant 7/26" });
    let id = bench.call("broker_connect", connect)["id"].clone();
    let state = || bench.call("brokers", json!({}))[0].clone();
    let until = |what: &str, holds: &dyn Fn() -> bool| {
        let began = Instant::now();
        while !holds() {
            assert!(began.elapsed() < Duration::from_secs(20), "{what}: {}", state());
            std::thread::sleep(Duration::from_millis(50));
        }
    };
    until("we are let in", &|| state()["standing"] == "connected");
    for light in &ids {
        bench.call("broker_subscribe", json!({ "id": id, "filter": format!("{light}/data"), "qos": 1 }));
    }
    let lights: Vec<Light> = made
        .iter()
        .map(|made| {
            let mut args = bench.files(made);
            let at = args.iter().position(|arg| arg == "--port").unwrap();
            args[at + 1] = port.to_string();
            Light::new(&args)
        })
        .collect();
    let last =
        |light: &str| bench.call("broker_topic", json!({ "id": id, "topic": format!("{light}/data") })).to_string();
    let says = |light: &str| {
        let (status, _, body) =
            bench.http("POST /api/broker_topics", &json!({ "id": id, "search": format!("{light}/data") }).to_string());
        status == 200 && body["levels"].as_array().is_some_and(|levels| !levels.is_empty())
    };
    until("both say what they are", &|| ids.iter().all(|light| says(light)));
    let publish = |light: &str, power: bool, act: bool| {
        bench.call(
            "broker_publish",
            json!({ "id": id, "topic": format!("{light}/command"), "text": format!("{{\"power\": {power}}}"), "qos": 1, "act": act, "reason": "switching test" }),
        )
    };
    assert_eq!(publish(&ids[0], true, false)["sent"], false, "a preview");
    assert_eq!(publish(&ids[0], true, true)["sent"], true);
    lights[0].hears(&json!({ "power": true }));
    until("it says that it is on", &|| last(&ids[0]).contains("true"));
    assert!(!last(&ids[1]).contains("true"), "the other was not meant");
    let path = state()["recording"]["path"].as_str().unwrap().to_owned();
    bench.call("broker_disconnect", json!({ "id": id }));
    until("it is sealed", &|| state()["recording"]["sha256"].is_string());
    let commands =
        bench.show(&["mqtt", "--where", &format!("topic={}/command", ids[0]), "--where", "msg_type=PUBLISH"]);
    assert!(commands.iter().any(|row| row["payload"] == r#"{"power": true}"#), "{path}: {commands:?}");
}

/// IoTLite's API, answer by answer.
#[test]
fn lights_by_rest_as_iotlite_has_them() {
    let bench = Bench::new(true);
    let id = bench.rest("POST /light").1["id"].as_str().unwrap().to_owned();
    let second = bench.rest("POST /api/light").1["id"].as_str().unwrap().to_owned();
    let gone = "00000000-0000-4000-8000-000000000000";
    let bad = |text: &str| json!({ "Code": "BadRequestError", "Message": format!("BadRequestError: {text}") });
    let generic = json!({ "Code": "ChaliceViewError", "Message": "ChaliceViewError: A server error has occurred." });
    let token = json!({ "message": "Missing Authentication Token" });
    let light = |id: &str| json!({ "id": id, "connectivity": null });
    let search = |text: &str| {
        bad(&format!("An error occurred (InvalidRequestException) when calling the SearchIndex operation: {text}"))
    };
    let (_, page) = bench.rest("GET /api/light?limit=1");
    let next = page["nextToken"].as_str().unwrap().replace('=', "%3D");
    assert_eq!(page["lights"], json!([light(&id)]));
    for (line, status, body) in [
        ("GET /light".to_owned(), 200, json!({ "lights": [light(&id), light(&second)], "nextToken": null })),
        (
            format!("GET /api/light?limit=1&nextToken={next}"),
            200,
            json!({ "lights": [light(&second)], "nextToken": null }),
        ),
        ("GET /light?limit=".to_owned(), 200, json!({ "lights": [light(&id), light(&second)], "nextToken": null })),
        (
            "GET /light?limit=abc".to_owned(),
            500,
            json!({ "Code": "InternalServerError", "Message": "An internal server error occurred." }),
        ),
        ("GET /light?limit=0".to_owned(), 500, generic),
        ("GET /light?limit=501".to_owned(), 400, search("Max results must be between 1 and 500")),
        ("GET /light?nextToken=x".to_owned(), 400, search("Invalid nextToken")),
        (format!("GET /light/{id}"), 200, light(&id)),
        ("GET /light/*".to_owned(), 400, bad("Invalid light id: *")),
        (
            format!("GET /light/{gone}"),
            404,
            json!({ "Code": "NotFoundError", "Message": "NotFoundError: The requested light could not be found." }),
        ),
        (
            format!("POST /light/{id}/command/on"),
            200,
            json!({ "id": id, "topic": format!("{id}/command"), "command": { "power": true } }),
        ),
        (
            format!("POST /light/{gone}/command/off"),
            200,
            json!({ "id": gone, "topic": format!("{gone}/command"), "command": { "power": false } }),
        ),
        (format!("POST /light/{id}/command/ON"), 400, bad("Unknown command: ON\"")),
        (format!("POST /api/light/{id}/command/dim"), 400, bad("Unknown command: dim\"")),
        (format!("PUT /api/light/{id}"), 403, token.clone()),
        (format!("GET /api/light/{id}/nothing"), 403, token.clone()),
        (
            format!("PUT /light/{id}"),
            405,
            json!({ "Code": "MethodNotAllowedError", "Message": "Unsupported method: PUT" }),
        ),
    ] {
        assert_eq!(bench.rest(&line), (status, body), "{line}");
    }
    assert!(bench.http(&format!("PUT /light/{id}"), "").1.contains("\r\nallow: delete, get"));
    // Without the token nobody is answered.
    let mut stream = TcpStream::connect(&bench.service).unwrap();
    write!(stream, "GET /light HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n", bench.service).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 401"), "{answer}");
}

#[test]
fn without_its_recording_the_bench_ends() {
    let mut bench = Bench::new(true);
    let state = bench.call("bench_state", json!({}));
    assert_eq!(state["running"], true);
    bench.call("job_cancel", json!({ "id": state["recording"]["job"] }));
    let ended = bench.said.recv_timeout(Duration::from_secs(20)).expect("it ends by itself");
    assert_eq!(ended["path"], state["recording"]["path"]);
    assert!(bench.child.wait().unwrap().success());
    assert!(TcpStream::connect(("127.0.0.1", bench.port)).is_err(), "nobody is let in any more");
    assert_eq!(bench.show(&["evidence"])[0]["status"], "complete");
}

#[test]
fn nothing_is_switched_before_a_reason_is_given() {
    let mut bench = Bench::new(false);
    let id = bench.rest("POST /light").1["id"].as_str().unwrap().to_owned();
    let (status, refused) = bench.rest(&format!("POST /light/{id}/command/on"));
    assert_eq!((status, refused["Code"].as_str()), (403, Some("ForbiddenError")), "{refused}");
    // At the terminal it is an error, and the next line is answered.
    writeln!(bench.words.as_mut().unwrap(), "on {id}").unwrap();
    assert_eq!(bench.say("things")["id"].as_str(), Some(&id[..]));
    bench.quit();
    assert!(bench.show(&["bench"]).iter().all(|row| row["act"] != "command"));
}
