//! How long the answers of a large case take, asked as the page asks: over the local service, one request after the other.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use super::{commit, machine};
use crate::program::{built, program, run, words};

/// What is asked, how long it may take (milliseconds), and the request.
type Question = (&'static str, u32, &'static str, Value);

/// Asks a case for pages, filters, counts and charts, and tells how long each took.
pub fn query(options: &[&str]) -> Result<()> {
    let (mut case, mut rounds) = (None, 5);
    for pair in options.chunks(2) {
        match pair {
            ["--case", dir] => case = Some(PathBuf::from(dir)),
            ["--rounds", value] => rounds = value.parse().with_context(|| format!("reading --rounds {value:?}"))?,
            _ => bail!("there is no option {}", pair.join(" ")),
        }
    }
    let case = case.unwrap_or_else(|| crate::target().join("bench").join("bench.lintel"));
    if !case.is_dir() {
        bail!(
            "there is no case {}: `cargo xtask bench import --size 5G` leaves one, or name one with --case",
            case.display()
        );
    }
    run(&mut words("cargo build --quiet --release --package cli"))?;
    let mut service = Service::start(&case)?;
    println!("Machine    {}", machine());
    println!("Commit     {}", commit());
    let info = service.ask("case_info", &json!({}))?.1;
    let counts = info.get("counts").unwrap_or(&info);
    println!("Case       {} facts, {} flows, {} frames\n", counts["facts"], counts["flows"], counts["frames"]);
    println!("{:<44}{:>8}{:>10}{:>10}{:>10}", "", "limit ms", "median ms", "worst ms", "rows");
    let facts = counts["facts"].as_u64().unwrap_or(0);
    let flows = counts["flows"].as_u64().unwrap_or(0);
    let mut slow = 0;
    for (name, limit, command, request) in questions(facts, flows) {
        let mut times = Vec::new();
        let mut rows = 0;
        for _ in 0..rounds {
            let (seconds, answer) = service.ask(command, &request)?;
            times.push(seconds * 1000.0);
            rows = answer["rows"].as_array().map_or(0, Vec::len);
        }
        times.sort_by(f64::total_cmp);
        let (median, worst) = (times[times.len() / 2], times[times.len() - 1]);
        let over = median > f64::from(limit);
        slow += u32::from(over);
        println!("{name:<44}{limit:>8}{median:>10.1}{worst:>10.1}{rows:>10}{}", if over { "   over" } else { "" });
    }
    println!("\n{slow} over their limit");
    Ok(())
}

fn questions(facts: u64, flows: u64) -> Vec<Question> {
    let page = |view: &str, more: Value| {
        let mut request = json!({ "view": view, "limit": 100 });
        if let (Some(request), Value::Object(more)) = (request.as_object_mut(), more) {
            request.extend(more);
        }
        request
    };
    let filter = |field: &str, op: &str, value: &str| json!({ "select": { "filters": [{ "field": field, "op": op, "value": value }] } });
    let mut all: Vec<Question> = Vec::new();
    for view in [
        "evidence", "runs", "issues", "devices", "flows", "frames", "facts", "dns", "mqtt", "coap", "tls", "dhcp",
        "arp",
    ] {
        all.push((view, 150, "rows", page(view, json!({}))));
    }
    all.extend([
        ("facts: from the end", 150, "rows", page("facts", json!({ "descending": true }))),
        ("facts: jump to the end", 150, "rows", page("facts", json!({ "skip": facts.saturating_sub(100) }))),
        ("facts: jump to the middle", 150, "rows", page("facts", json!({ "skip": facts / 2 }))),
        ("flows: jump to the end", 150, "rows", page("flows", json!({ "skip": flows.saturating_sub(100) }))),
        ("facts: one sender", 500, "rows", page("facts", filter("src", "=", "192.168.7.20"))),
        ("facts: a sender that there is not", 500, "rows", page("facts", filter("src", "=", "203.0.113.250"))),
        ("facts: subject contains", 500, "rows", page("facts", filter("subject", "~", "kitchen"))),
        ("dns: rcode_name is NXDOMAIN", 500, "rows", page("dns", filter("rcode_name", "=", "NXDOMAIN"))),
        ("mqtt: qos above 1", 500, "rows", page("mqtt", filter("qos", ">", "1"))),
        ("facts: words", 500, "rows", page("facts", json!({ "select": { "search": "attic lamp" } }))),
        ("facts: words that there are not", 500, "rows", page("facts", json!({ "select": { "search": "zzzz" } }))),
        ("flows: service dns", 500, "rows", page("flows", filter("service", "=", "dns"))),
        ("flows: one host", 500, "rows", page("flows", filter("id.orig_h", "=", "192.168.7.20"))),
        ("histogram", 500, "histogram", json!({ "buckets": 120 })),
        ("facets: sender", 500, "facets", json!({ "view": "facts", "field": "src", "limit": 20 })),
        ("views with counts", 150, "views", json!(null)),
    ]);
    all
}

/// `lintel serve` on a case, asked over a connection that stays open.
struct Service {
    child: Child,
    host: String,
    token: String,
    stream: BufReader<TcpStream>,
}

impl Service {
    fn start(case: &std::path::Path) -> Result<Service> {
        let mut command: Command = program(built("release", "lintel"), ["--json", "serve"]);
        let mut child =
            command.arg(case).args(["--port", "0"]).stdout(Stdio::piped()).spawn().context("starting lintel serve")?;
        let mut line = String::new();
        let said = child.stdout.take().context("listening to lintel serve")?;
        BufReader::new(said).read_line(&mut line)?;
        let line: Value = serde_json::from_str(&line).context("reading the service's address")?;
        let url = line["url"].as_str().unwrap_or_default();
        let (host, token) =
            url.trim_start_matches("http://").split_once("/#token=").context("reading the service's address")?;
        let stream = BufReader::new(TcpStream::connect(host)?);
        stream.get_ref().set_nodelay(true)?;
        Ok(Service { child, host: host.to_owned(), token: token.to_owned(), stream })
    }

    /// Seconds until the whole answer is here, and the answer.
    fn ask(&mut self, command: &str, request: &Value) -> Result<(f64, Value)> {
        let body = request.to_string();
        let head = format!(
            "POST /api/{command} HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
            self.host,
            self.token,
            body.len()
        );
        let start = Instant::now();
        self.stream.get_mut().write_all(format!("{head}{body}").as_bytes())?;
        let (mut length, mut status) = (0_usize, String::new());
        loop {
            let mut line = String::new();
            if self.stream.read_line(&mut line)? == 0 {
                bail!("{command}: the service closed the connection");
            }
            if status.is_empty() {
                status = line.clone();
            }
            let line = line.trim().to_ascii_lowercase();
            if let Some(value) = line.strip_prefix("content-length:") {
                length = value.trim().parse()?;
            }
            if line.is_empty() {
                break;
            }
        }
        let mut answer = vec![0; length];
        self.stream.read_exact(&mut answer)?;
        let seconds = start.elapsed().as_secs_f64();
        if !status.contains(" 200 ") {
            bail!("{command}: {} {}", status.trim(), String::from_utf8_lossy(&answer));
        }
        Ok((seconds, serde_json::from_slice(&answer)?))
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
