//! What is told on standard error while recording: one JSON object a line.

use std::io::Write;

use serde::Serialize;

use crate::clock;

#[derive(Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event<'a> {
    Started {
        interface: &'a str,
        link_type: &'a str,
        snap_len: u32,
        filter: &'a str,
        nanoseconds: bool,
        promiscuous: bool,
        at: String,
    },
    Status(Counts),
    File {
        path: &'a str,
    },
    Stopped {
        why: Why,
        #[serde(flatten)]
        counts: Counts,
    },
    Error {
        why: &'a str,
        mend: Option<&'a str>,
    },
}

/// How much came, so far.
#[derive(Clone, Debug, Serialize)]
pub struct Counts {
    /// Written.
    pub packets: u64,
    /// Of those packets, as they were captured.
    pub bytes: u64,
    pub received: u64,
    pub dropped: u64,
    pub if_dropped: u64,
    pub at: String,
}

/// What ended a recording.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// A signal, or standard input was closed.
    Asked,
    /// As many seconds, packets or bytes as were wanted.
    Limit,
    /// The file or pipe has no more.
    End,
    /// The interface went away.
    Interface,
    /// Nobody reads the output any more.
    Output,
    Error,
}

impl Why {
    /// For the closing note in the file.
    pub fn words(self) -> &'static str {
        match self {
            Why::Asked => "as asked",
            Why::Limit => "at its limit",
            Why::End => "at the end of its source",
            Why::Interface => "because the interface went away",
            Why::Output => "because the output was closed",
            Why::Error => "because of an error",
        }
    }
}

/// Why nothing, or no more, could be done: a sentence, where there is one a command that mends it, and the exit code.
#[derive(Debug)]
pub struct Failure {
    pub why: String,
    pub mend: Option<String>,
    pub code: u8,
}

impl Failure {
    /// Wrong use: an unknown interface, a bad filter.
    pub fn wrong(why: impl Into<String>) -> Failure {
        Failure { why: why.into(), mend: None, code: 2 }
    }

    /// Permission, disk, device.
    pub fn failed(why: impl Into<String>) -> Failure {
        Failure { why: why.into(), mend: None, code: 3 }
    }

    pub fn tell(&self) {
        tell(&Event::Error { why: &self.why, mend: self.mend.as_deref() });
    }
}

/// Writes a line, whole. A reader that is gone is no reason to stop recording.
pub fn tell(event: &Event) {
    if let Ok(mut line) = serde_json::to_vec(event) {
        line.push(b'\n');
        let _ = std::io::stderr().lock().write_all(&line);
    }
}

impl Counts {
    pub fn now(packets: u64, bytes: u64, [received, dropped, if_dropped]: [u64; 3]) -> Counts {
        Counts { packets, bytes, received, dropped, if_dropped, at: clock::now() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines() {
        let counts = Counts { packets: 2, bytes: 120, received: 3, dropped: 1, if_dropped: 0, at: "T".into() };
        let line = |event| serde_json::to_string(&event).unwrap();
        assert_eq!(
            line(Event::Status(counts.clone())),
            r#"{"event":"status","packets":2,"bytes":120,"received":3,"dropped":1,"if_dropped":0,"at":"T"}"#
        );
        assert_eq!(
            line(Event::Stopped { why: Why::Interface, counts }),
            r#"{"event":"stopped","why":"interface","packets":2,"bytes":120,"received":3,"dropped":1,"if_dropped":0,"at":"T"}"#
        );
        assert_eq!(line(Event::Error { why: "no", mend: None }), r#"{"event":"error","why":"no","mend":null}"#);
    }
}
