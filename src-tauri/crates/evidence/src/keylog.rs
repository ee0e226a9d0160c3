//! TLS key logs (the SSLKEYLOGFILE format, RFC 9850) as evidence of their own: they open captures that are read beside them.

use std::path::Path;

use model::{Cancelled, Fact, Fields, Kind, Place, Sink};

use crate::capture;
use crate::format::{Ending, Format, Head, Recognised};
use crate::source::Source;
use crate::walk::each_file;

/// A longer one is not believed: it would have to be in memory.
const LONGEST: usize = 32 << 20;

/// The name of the format.
const NAME: &str = "keylog";

/// Secrets of TLS connections, a line each.
pub struct KeyLog;

impl Format for KeyLog {
    fn name(&self) -> &'static str {
        NAME
    }

    fn version(&self) -> &'static str {
        "1"
    }

    fn kinds(&self) -> &'static [Kind] {
        capture::KINDS
    }

    fn recognise(&self, head: &mut Head) -> Result<Recognised, String> {
        let lines = lines(head.bytes())?;
        Ok(format!("{lines} lines of a TLS key log in its beginning").into())
    }

    fn read(&self, source: &mut Source, sink: &mut dyn Sink) -> Result<Ending, Cancelled> {
        let Some(whole) = source.whole(LONGEST) else {
            return Ok(Ending::Failed("longer than 32 MiB".into()));
        };
        sink.secrets(whole);
        let mut fields = Fields::new();
        fields.text("secrets_type", "TLS key log");
        fields.int("size", i64::try_from(whole.len()).unwrap_or(i64::MAX));
        let fact = Fact::new("capture_secrets", Place::bytes(0, whole.len() as u64));
        sink.fact(Fact { subject: "TLS key log".into(), fields, ..fact })?;
        Ok(Ending::Complete)
    }
}

/// Counts the lines with secrets; Err: why it is no key log.
fn lines(head: &[u8]) -> Result<usize, String> {
    let mut count = 0;
    // the last line may be cut
    let mut lines = head.split_inclusive(|byte| *byte == b'\n').peekable();
    while let Some(line) = lines.next() {
        let cut = lines.peek().is_none() && !line.ends_with(b"\n");
        let line = line.trim_ascii();
        if line.is_empty() || line.starts_with(b"#") {
            continue;
        }
        if !is_secret(line) {
            if cut && count > 0 {
                break;
            }
            return Err("has a line that is no label, random bytes and secret of a TLS key log".into());
        }
        count += 1;
    }
    if count == 0 { Err("has no line of a TLS key log".into()) } else { Ok(count) }
}

/// `CLIENT_RANDOM <64 hex digits> <hex digits>`; older ones `RSA <16> <96>`.
fn is_secret(line: &[u8]) -> bool {
    let mut words = line.split(|byte| *byte == b' ');
    let (Some(label), Some(random), Some(secret), None) = (words.next(), words.next(), words.next(), words.next())
    else {
        return false;
    };
    let is_label = |byte: &u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || *byte == b'_';
    let is_hex = |word: &[u8]| word.iter().all(u8::is_ascii_hexdigit) && word.len().is_multiple_of(2);
    let lengths = matches!((random.len(), secret.len()), (64, 32..=256)) || label == b"RSA" && random.len() == 16;
    !label.is_empty() && label.iter().all(is_label) && lengths && is_hex(random) && is_hex(secret)
}

/// What the key logs among the files under `path` say (not those inside containers), so that it is known before captures are read.
pub fn key_logs(path: &Path) -> Vec<u8> {
    let mut all = Vec::new();
    let _ = each_file(path, &mut |path, found| {
        if found.is_ok_and(|metadata| metadata.len() <= LONGEST as u64)
            && let Some(text) = key_log(path)
            && all.len() + text.len() <= LONGEST
        {
            all.extend(text);
            all.push(b'\n');
        }
        Ok(())
    });
    all
}

fn key_log(path: &Path) -> Option<Vec<u8>> {
    use std::io::Read;
    let mut file = crate::file::open(path).ok()?;
    let mut text = vec![0; 4 << 10];
    let len = file.read(&mut text).ok()?;
    text.truncate(len);
    lines(&text).ok()?;
    file.take(LONGEST as u64).read_to_end(&mut text).ok()?;
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_log_is_known_by_its_lines() {
        let random = "ab".repeat(32);
        let line = format!("CLIENT_RANDOM {random} {}\n", "cd".repeat(48));
        assert_eq!(lines(format!("# comment\n\n{line}{line}").as_bytes()), Ok(2));
        assert_eq!(lines(format!("{line}CLIENT_RAN").as_bytes()), Ok(1));
        for bad in ["", "# comment\n", "CLIENT_RANDOM 12 34\n", "hello world again\n", &format!("{line}hello\n{line}")]
        {
            assert!(lines(bad.as_bytes()).is_err(), "{bad}");
        }
    }
}
