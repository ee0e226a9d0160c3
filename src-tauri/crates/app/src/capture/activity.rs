//! Traffic on the interfaces before anything is recorded: the capture program counts while somebody looks.

use std::collections::{BTreeMap, VecDeque};
use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde::Serialize;
use ts_rs::TS;

use super::program;
use crate::error::Result;
use crate::state::{App, lock};

/// Traffic of the last minute, by interface.
#[derive(Clone, Debug, Serialize, TS)]
pub struct CaptureActivity {
    pub interfaces: Vec<InterfaceActivity>,
}

/// A value for each second, newest last.
#[derive(Clone, Debug, Serialize, TS)]
pub struct InterfaceActivity {
    pub name: String,
    #[ts(type = "number[]")]
    pub packets: Vec<u64>,
    #[ts(type = "number[]")]
    pub bytes: Vec<u64>,
}

/// Seconds that are remembered.
const MOST: usize = 60;
/// Counting ends when nobody has asked for so long.
const UNASKED: Duration = Duration::from_secs(10);

/// The counting program, while it runs.
#[derive(Default)]
pub(crate) struct Counting(Mutex<Option<Arc<Counted>>>);

struct Counted {
    program: Mutex<Child>,
    asked: Mutex<Instant>,
    seconds: Mutex<BTreeMap<String, VecDeque<(u64, u64)>>>,
}

impl Drop for Counted {
    fn drop(&mut self) {
        let mut program = lock(&self.program);
        let _ = program.kill(); // it may have ended
        let _ = program.wait();
    }
}

pub(crate) fn capture_activity(app: &App, _: crate::Nothing) -> Result<CaptureActivity> {
    let mut counting = lock(&app.counting.0);
    let known = counting.clone().filter(|counted| matches!(lock(&counted.program).try_wait(), Ok(None)));
    let counted = match known {
        Some(counted) => counted,
        None => counting.insert(start(app)?).clone(),
    };
    *lock(&counted.asked) = Instant::now();
    let seconds = lock(&counted.seconds);
    let interfaces = seconds.iter().map(|(name, seconds)| InterfaceActivity {
        name: name.clone(),
        packets: seconds.iter().map(|second| second.0).collect(),
        bytes: seconds.iter().map(|second| second.1).collect(),
    });
    Ok(CaptureActivity { interfaces: interfaces.collect() })
}

fn start(app: &App) -> Result<Arc<Counted>> {
    let mut command = program::command()?;
    command.arg("activity").stdin(Stdio::piped()).stderr(Stdio::null());
    let mut child = program::spawn(command)?;
    let lines = child.stdout.take().map(BufReader::new);
    let counted =
        Arc::new(Counted { program: Mutex::new(child), asked: Mutex::new(Instant::now()), seconds: Mutex::default() });
    let (app, weak) = (app.handle(), Arc::downgrade(&counted));
    let read = move || {
        for line in lines.into_iter().flat_map(BufRead::lines).map_while(std::result::Result::ok) {
            let Some(counted) = weak.upgrade() else { return };
            note(&counted, &line);
            if lock(&counted.asked).elapsed() > UNASKED {
                break;
            }
        }
        // Nobody asks any more: the program ends with what holds it.
        if let Some(app) = app {
            let mut held = lock(&app.counting.0);
            if held.as_ref().is_some_and(|counted| Arc::as_ptr(counted) == weak.as_ptr()) {
                held.take();
            }
        }
    };
    let _ = std::thread::Builder::new().name("capture activity".into()).spawn(read); // without it there is nothing to see
    Ok(counted)
}

fn note(counted: &Counted, line: &str) {
    let Some(said) = program::object(line) else { return };
    let mut seconds = lock(&counted.seconds);
    for interface in said["interfaces"].as_array().into_iter().flatten() {
        let Some(name) = interface["name"].as_str() else { continue };
        let kept = seconds.entry(name.to_owned()).or_default();
        if kept.len() >= MOST {
            kept.pop_front();
        }
        kept.push_back((interface["packets"].as_u64().unwrap_or(0), interface["bytes"].as_u64().unwrap_or(0)));
    }
}
