//! What is sent, as SDP describes it (RFC 8866).

use std::ops::Range;

use model::Fields;

use crate::protocols::Out;

/// Media of one session that go into a fact; a camera has two or three.
const MOST_MEDIA: usize = 16;

#[derive(Default)]
pub struct Said {
    name: String,
    tool: String,
    /// `video H264/90000`
    media: Vec<String>,
}

/// Reads a body; `None` if it is no SDP.
pub fn read(bytes: &[u8], body: Range<usize>, out: &mut Out) -> Option<Said> {
    let text = bytes.get(body.clone())?;
    if !text.starts_with(b"v=0") {
        return None;
    }
    let mut said = Said::default();
    let mut at = body.start;
    out.tree.open("sdp", "Session Description Protocol", body, String::new);
    for line in text.split_inclusive(|byte| *byte == b'\n') {
        let trimmed = String::from_utf8_lossy(line.trim_ascii_end());
        let range = at..at + line.trim_ascii_end().len();
        at += line.len();
        let Some((kind, value)) = trimmed.split_once('=') else { continue };
        match kind {
            "s" if !matches!(value, "" | " " | "-") => {
                out.tree.text("sdp.session_name", "Session Name", range, value);
                value.clone_into(&mut said.name);
            }
            "m" => {
                out.tree.text("sdp.media", "Media Description", range, value);
                if said.media.len() < MOST_MEDIA {
                    said.media.push(value.split(' ').next().unwrap_or_default().to_owned());
                }
            }
            "a" => {
                let name = if said.media.is_empty() { "sdp.session_attr" } else { "sdp.media_attr" };
                out.tree.text(name, "Attribute", range, value);
                // a=rtpmap:96 H264/90000
                let coding = value.strip_prefix("rtpmap:").and_then(|map| map.split_once(' '));
                match (coding, value.strip_prefix("tool:"), said.media.last_mut()) {
                    (Some((_, coding)), _, Some(media)) if media.len() < 100 => {
                        media.push(' ');
                        media.push_str(coding);
                    }
                    (_, Some(tool), _) => tool.clone_into(&mut said.tool),
                    _ => {}
                }
            }
            _ => {}
        }
    }
    out.tree.close();
    Some(said)
}

impl Said {
    pub fn write(&self, fields: &mut Fields) {
        if !self.name.is_empty() {
            fields.text("session_name", &self.name);
        }
        fields.texts("media", &self.media);
        if !self.tool.is_empty() {
            fields.text("tool", &self.tool);
        }
    }
}
