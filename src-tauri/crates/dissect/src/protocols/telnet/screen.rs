//! One direction of a connection, without negotiation, as lines (RFC 854, 855, 1091).

use crate::Tree;

/// A line has no more bytes; the rest is left out.
const MOST_LINE: usize = 1_024;
/// Nor has a suboption.
const MOST_OPTION: usize = 256;

const SE: u8 = 0xf0;
const SB: u8 = 0xfa;
const WILL: u8 = 0xfb;
const DONT: u8 = 0xfe;
const IAC: u8 = 0xff;

pub const TERMINAL_TYPE: u8 = 24;
pub const ENVIRONMENT: u8 = 39;

/// Option names (IANA telnet-options), as far as devices use them.
const OPTIONS: [(u8, &str); 15] = [
    (0, "Binary Transmission"),
    (1, "Echo"),
    (3, "Suppress Go Ahead"),
    (5, "Status"),
    (6, "Timing Mark"),
    (24, "Terminal Type"),
    (31, "Negotiate About Window Size"),
    (32, "Terminal Speed"),
    (33, "Remote Flow Control"),
    (34, "Linemode"),
    (35, "X Display Location"),
    (36, "Environment Option"),
    (37, "Authentication Option"),
    (38, "Encryption Option"),
    (39, "New Environment Option"),
];

/// A finished line.
#[derive(Debug, Default)]
pub struct Line {
    pub text: String,
    /// Bytes are missing from it.
    pub lost: bool,
}

/// What came next.
pub enum Seen {
    Line(Line),
    /// A suboption's number and text.
    Option(u8, String),
    /// Part of a line, or a command.
    Text,
}

/// Where a sequence of commands is; it may be split anywhere.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum State {
    #[default]
    Text,
    /// A carriage return: a line feed or zero belongs to it.
    Return,
    Command,
    Verb(u8),
    Option,
    OptionCommand,
    /// An escape sequence of the terminal (ECMA-48): `ESC [ … letter`.
    Escape,
    Sequence,
}

#[derive(Default)]
pub struct Screen {
    state: State,
    /// The line that has not ended yet.
    line: Vec<u8>,
    lost: bool,
    option: Vec<u8>,
}

impl Screen {
    /// Reads from `at` up to the end of a line, of an option, or of the bytes; returns where.
    pub fn next(&mut self, bytes: &[u8], at: usize, tree: &mut Tree) -> (Seen, usize) {
        let mut text = at;
        let mut end = at;
        for byte in bytes.get(at..).unwrap_or_default() {
            let before = self.state;
            let seen = self.byte(*byte, end, tree);
            end += 1;
            if before == State::Text && self.state == State::Command {
                show(bytes, text..end - 1, tree);
            }
            if matches!(before, State::Verb(_) | State::OptionCommand | State::Command) && self.state == State::Text {
                text = end;
            }
            match seen {
                Seen::Text => {}
                Seen::Line(line) => {
                    if self.state == State::Return && matches!(bytes.get(end), Some(b'\n' | 0)) {
                        self.state = State::Text;
                        end += 1;
                    }
                    show(bytes, text..end, tree);
                    return (Seen::Line(line), end);
                }
                option => return (option, end),
            }
        }
        if matches!(self.state, State::Text | State::Escape | State::Sequence | State::Return) {
            show(bytes, text..end, tree);
        }
        (Seen::Text, end)
    }

    fn byte(&mut self, byte: u8, at: usize, tree: &mut Tree) -> Seen {
        match (self.state, byte) {
            (State::Return, b'\n' | 0) => self.state = State::Text, // the line has ended before
            (State::Text | State::Return, IAC) => self.state = State::Command,
            (State::Text | State::Return, b'\r' | b'\n') => {
                self.state = if byte == b'\r' { State::Return } else { State::Text };
                let text = self.unfinished();
                self.line.clear();
                return Seen::Line(Line { text, lost: std::mem::take(&mut self.lost) });
            }
            (State::Text | State::Return, 0x1b) => self.state = State::Escape,
            (State::Text | State::Return, _) => {
                self.state = State::Text;
                self.push(byte);
            }
            (State::Command, IAC) => {
                self.state = State::Text;
                self.push(byte);
            }
            (State::Command, WILL..=DONT) => self.state = State::Verb(byte),
            (State::Command, SB) => {
                self.state = State::Option;
                self.option.clear();
            }
            (State::Command, _) => {
                self.state = State::Text;
                tree.coded("telnet.cmd", "Command", at..at + 1, byte, || command(byte));
            }
            (State::Verb(verb), option) => {
                self.state = State::Text;
                // the rest lies right before, as far as in this segment
                let range = at.saturating_sub(2)..at + 1;
                tree.coded("telnet.cmd", "Command", range, verb, || format!("{} {}", command(verb), name(option)));
            }
            (State::Option, IAC) => self.state = State::OptionCommand,
            (State::Option, _) | (State::OptionCommand, IAC) => {
                self.state = State::Option;
                if self.option.len() < MOST_OPTION {
                    self.option.push(byte);
                }
            }
            (State::OptionCommand, _) => {
                self.state = State::Text;
                return self.suboption(at, byte == SE, tree);
            }
            (State::Escape, b'[') => self.state = State::Sequence,
            (State::Sequence, 0x20..=0x3f) => {}
            (State::Escape | State::Sequence, IAC) => self.state = State::Command,
            (State::Escape | State::Sequence, _) => self.state = State::Text,
        }
        Seen::Text
    }

    fn suboption(&mut self, at: usize, whole: bool, tree: &mut Tree) -> Seen {
        let Some((option, value)) = self.option.split_first().filter(|_| whole) else { return Seen::Text };
        // the first byte says whether the value is sent or asked for (RFC 1091: IS is 0)
        let text = match value.split_first() {
            Some((0, value)) => String::from_utf8_lossy(value).into_owned(),
            _ => String::new(),
        };
        let shown = || format!("{} {}", name(*option), text.escape_debug());
        tree.coded("telnet.subcmd", "Subcommand", at..at + 1, *option, shown);
        if text.is_empty() { Seen::Text } else { Seen::Option(*option, text) }
    }

    fn push(&mut self, byte: u8) {
        match byte {
            0x08 | 0x7f => {
                self.line.pop();
            }
            0x15 => self.line.clear(), // ^U
            _ if self.line.len() >= MOST_LINE => {}
            b'\t' | 0x20.. => self.line.push(byte),
            0x03 | 0x04 => self.line.extend([b'^', byte + b'@']),
            _ => {}
        }
    }

    /// Nothing of a line is there yet.
    pub fn is_blank(&self) -> bool {
        self.line.is_empty()
    }

    /// The line so far: UTF-8, else what devices speak that know nothing of it.
    pub fn unfinished(&self) -> String {
        let latin_1 = || self.line.iter().copied().map(char::from).collect();
        std::str::from_utf8(&self.line).map_or_else(|_| latin_1(), str::to_owned)
    }

    /// Bytes are missing.
    pub fn lose(&mut self) {
        self.state = State::Text;
        self.lost = true;
    }
}

fn show(bytes: &[u8], range: std::ops::Range<usize>, tree: &mut Tree) {
    if tree.is_on() && !range.is_empty() {
        let raw = bytes.get(range.clone()).unwrap_or_default();
        tree.text("telnet.data", "Data", range, String::from_utf8_lossy(raw).escape_debug());
    }
}

fn command(byte: u8) -> String {
    let name = match byte {
        0xef => "End of Record",
        0xf0 => "Suboption End",
        0xf1 => "No Operation",
        0xf2 => "Data Mark",
        0xf3 => "Break",
        0xf4 => "Interrupt Process",
        0xf5 => "Abort Output",
        0xf6 => "Are You There?",
        0xf7 => "Escape Character",
        0xf8 => "Erase Line",
        0xf9 => "Go Ahead",
        0xfa => "Suboption",
        0xfb => "Will",
        0xfc => "Won't",
        0xfd => "Do",
        0xfe => "Don't",
        _ => return format!("0x{byte:02x}"),
    };
    name.to_owned()
}

fn name(option: u8) -> String {
    let known = OPTIONS.iter().find(|(number, _)| *number == option);
    known.map_or_else(|| format!("option {option}"), |(_, name)| (*name).to_owned())
}
