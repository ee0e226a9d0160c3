//! A crowd of devices at the bench, which records all that they say into a case. The crowd stands in `device/examples/crowd.rs`.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

use super::{commit, machine};
use crate::program::{built, output, program, run, words};

pub fn broker(options: &[&str]) -> Result<()> {
    let (mut devices, mut rate, mut seconds, mut kill) = ("1000", "5000", "60", None);
    for pair in options.chunks(2) {
        match pair {
            ["--devices", value] => devices = value,
            ["--rate", value] => rate = value,
            ["--seconds", value] => seconds = value,
            ["--kill-after", value] => kill = Some(value.parse::<u64>().context("reading --kill-after")?),
            _ => bail!("there is no option {}", pair.join(" ")),
        }
    }
    run(&mut words("cargo build --quiet --release --package cli"))?;
    run(&mut words("cargo build --quiet --release --package device --example crowd"))?;
    println!("Machine    {}", machine());
    println!("Commit     {}", commit());
    let folder = crate::target().join("bench");
    let case = folder.join("broker.lintel");
    if case.exists() {
        fs::remove_dir_all(&case)?;
    }
    let lintel = built("release", "lintel");
    run(program(&lintel, ["case", "new"]).arg(&case).args(["--name", "Crowd"]).stdout(Stdio::null()))?;
    let mut bench = program(&lintel, ["--json", "bench"]);
    bench.arg(&case).args(["--listen", "127.0.0.1:0", "--port", "0"]);
    let mut bench = bench.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().context("starting the bench")?;
    let mut said = BufReader::new(bench.stdout.take().context("the bench says nothing")?);
    let mut line = String::new();
    said.read_line(&mut line)?;
    let first: Value = serde_json::from_str(&line).context("reading what the bench says")?;
    let text = |name: &str| first[name].as_str().with_context(|| format!("the bench does not say {name}"));
    let (service, token) = text("url")?.trim_start_matches("http://").split_once("/#token=").context("its address")?;

    let crowd = built("release", "examples/crowd");
    let mut crowd = program(&crowd, [devices, rate, seconds, text("listen")?, service, token]);
    let mut crowd = crowd.stdout(Stdio::piped()).spawn().context("starting the crowd")?;
    let peaks = watch(&mut bench, &mut crowd, kill)?;
    let told = output_of(crowd)?;
    println!("Crowd      {told}");
    if kill.is_none() {
        bench.stdin.take().context("the bench can't be told to end")?.write_all(b"quit\n")?;
    }
    let ended = bench.wait()?;
    ensure!(kill.is_some() || ended.success(), "the bench failed");
    println!("Memory     {peaks} MB, every ten seconds");
    if kill.is_some() {
        // Whoever opens the case seals what was left.
        run(program(&lintel, ["case", "info"]).arg(&case).stdout(Stdio::null()))?;
    }
    let kept = kept(&lintel, &case)?;
    let acknowledged = told["acknowledged"].as_u64().unwrap_or(u64::MAX);
    println!("Kept       {kept} messages of devices in the case, {acknowledged} were acknowledged");
    ensure!(kept >= acknowledged, "acknowledged messages are missing");
    run(program(&lintel, ["verify"]).arg(&case).stdout(Stdio::null()))
}

/// The bench's memory while the crowd talks; ends the bench roughly after so many seconds, if it is to be.
fn watch(bench: &mut Child, crowd: &mut Child, kill: Option<u64>) -> Result<String> {
    let (began, mut peaks) = (Instant::now(), Vec::new());
    while crowd.try_wait()?.is_none() {
        if kill.is_some_and(|after| began.elapsed() > Duration::from_secs(after)) {
            bench.kill()?;
        }
        if began.elapsed() >= Duration::from_secs(10 * peaks.len() as u64) {
            let status = fs::read_to_string(format!("/proc/{}/status", bench.id())).unwrap_or_default();
            let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
            let kib: u64 = resident.and_then(|rest| rest.split_whitespace().next()?.parse().ok()).unwrap_or(0);
            peaks.push((kib / 1024).to_string());
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    Ok(peaks.join(", "))
}

fn output_of(child: Child) -> Result<Value> {
    let out = child.wait_with_output()?;
    ensure!(out.status.success(), "the crowd failed");
    serde_json::from_slice(&out.stdout).context("reading what the crowd says")
}

/// Messages that devices published, of the sealed recording.
fn kept(lintel: &std::path::Path, case: &std::path::Path) -> Result<u64> {
    let mut show = program(lintel, ["--json", "show"]);
    show.arg(case).args([
        "mqtt",
        "--count",
        "--limit",
        "1",
        "--where",
        "msg_type=PUBLISH",
        "--where",
        "from_client=true",
    ]);
    let out = output(&mut show)?;
    let count = out.lines().find_map(|line| serde_json::from_str::<Value>(line).ok()?["count"].as_u64());
    count.with_context(|| format!("counting messages: {out}"))
}
