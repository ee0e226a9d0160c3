//! Who dials in, and how that is proven: PAP (RFC 1334) and CHAP (RFC 1994).

use super::Said;
use crate::protocols::Out;

impl<'b> Said<'b> {
    /// False: it ends too early.
    pub(super) fn pap(&mut self, code: u8, body: &'b [u8], at: usize, out: &mut Out) -> bool {
        const NAMES: [[&str; 2]; 3] = [
            ["pap.peer_id.length", "pap.peer_id"],
            ["pap.password.length", "pap.password"],
            ["pap.message.length", "pap.message"],
        ];
        let mut cursor = 0;
        let mut next = |[length_name, name]: [&'static str; 2], label: &'static str| {
            let length = *body.get(cursor)?;
            let range = cursor + 1..cursor + 1 + usize::from(length);
            out.tree.int(length_name, "Length", at + cursor..at + cursor + 1, length);
            let text = body.get(range.clone())?;
            out.tree.text(name, label, at + range.start..at + range.end, String::from_utf8_lossy(text));
            cursor = range.end;
            Some(text)
        };
        let read = match code {
            1 => next(NAMES[0], "Who dials in").and_then(|name| {
                self.username = name;
                next(NAMES[1], "Password").inspect(|word| self.password = word)
            }),
            // RFC 1334 section 2.2.2 asks for the message; not all have it.
            2 | 3 if body.is_empty() => Some(body),
            2 | 3 => next(NAMES[2], "Message").inspect(|text| self.message = text),
            _ => Some(body),
        };
        read.is_some()
    }

    pub(super) fn chap(&mut self, code: u8, body: &'b [u8], at: usize, out: &mut Out) -> bool {
        if matches!(code, 3 | 4) {
            self.message = body;
            if !body.is_empty() {
                out.tree.text("chap.message", "Message", at..at + body.len(), String::from_utf8_lossy(body));
            }
            return true;
        }
        if !matches!(code, 1 | 2) {
            return true;
        }
        let Some((length, rest)) = body.split_first() else { return false };
        let Some((value, name)) = rest.split_at_checked(usize::from(*length)) else { return false };
        let name_at = at + 1 + value.len();
        out.tree.int("chap.value_size", "Length", at..at + 1, *length);
        out.tree.bytes("chap.value", "Value", at + 1..name_at, value);
        if !name.is_empty() {
            out.tree.text("chap.name", "Name", name_at..name_at + name.len(), String::from_utf8_lossy(name));
        }
        self.value = value;
        *(if code == 1 { &mut self.peer } else { &mut self.username }) = name;
        true
    }
}

pub(super) fn pap_word(code: u8) -> &'static str {
    match code {
        1 => "login",
        2 => "login_ok",
        3 => "login_failed",
        _ => "other",
    }
}

pub(super) fn chap_word(code: u8) -> &'static str {
    match code {
        1 => "challenge",
        2 => "response",
        3 => "success",
        4 => "failure",
        _ => "other",
    }
}
