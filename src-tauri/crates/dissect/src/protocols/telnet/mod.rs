//! Telnet (RFC 854): who logs in to a device, and what is typed.
//!
//! What is typed is put together line by line, however many segments it takes; a server's unfinished line is a prompt, and says what the
//! client's next line is. Negotiation is taken out of both (RFC 855).

mod screen;

use std::ops::Range;

use model::Kind;

use self::screen::{ENVIRONMENT, Line, Screen, Seen, TERMINAL_TYPE};
use super::credentials::Login;
use super::{Conversation, Message, Out, Protocol, Side, Step, Transport};

pub struct Telnet;

/// So much of what the server says before the login goes into a fact.
const MOST_BANNER: usize = 1_024;

/// Lines of one connection that become facts.
const MOST_LINES: u32 = 4_096;

static KINDS: [Kind; 1] = [Kind {
    name: "telnet",
    about: "A login over Telnet, whether it succeeded, or a line that was typed.",
    fields: &[
        ("msg_type", "banner, login, login_success, login_failure, input, terminal, environment"),
        ("username", "who logs in"),
        ("password", "as it was typed"),
        ("prompt", "what the server asked before"),
        ("input", "what was typed"),
        ("banner", "what the server says before it asks who is there"),
        ("response", "what the server says to a login"),
        ("terminal", "what terminal the client has"),
        ("incomplete", "bytes are missing from the capture before the end of the line"),
    ],
}];

const WILL: u8 = 0xfb;
const DONT: u8 = 0xfe;
const IAC: u8 = 0xff;

impl Protocol for Telnet {
    fn name(&self) -> &'static str {
        "telnet"
    }

    fn ports(&self) -> &'static [(Transport, u16)] {
        &[(Transport::Tcp, 23), (Transport::Tcp, 2323)]
    }

    fn kinds(&self) -> &'static [Kind] {
        &KINDS
    }

    fn recognises(&self, message: &Message, at_home: bool) -> bool {
        let negotiates = |at: usize| matches!(message.bytes.get(at..at + 3), Some([IAC, WILL..=DONT, option]) if *option <= 0x31 || *option == 0xff);
        let head = message.bytes.get(..64).unwrap_or(message.bytes);
        let text = |byte: &u8| matches!(byte, 0x20..=0x7e | b'\r' | b'\n' | b'\t' | 0x1b | 0x07 | 0x08 | 0);
        // whoever looks for an open port may speak something else
        let other = || head.starts_with(b"SSH-") || head.windows(5).any(|word| word == b"HTTP/");
        message.transport == Transport::Tcp
            && (negotiates(0) && (at_home || negotiates(3))
                || at_home && head.first() != Some(&0) && head.iter().all(text) && !other())
    }

    fn conversation(&self) -> Box<dyn Conversation> {
        Box::new(Session::default())
    }
}

/// What the server's last prompt wants.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Wants {
    User,
    Password,
    #[default]
    Anything,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Stage {
    /// Nobody has been asked for a name.
    #[default]
    Greeting,
    Asked,
    /// A password was sent: what the server says next tells whether it was right.
    Tried,
    /// Someone is in.
    In,
}

#[derive(Default)]
struct Session {
    client: Option<Side>,
    /// What the client types, and what the server says.
    sides: [Screen; 2],
    stage: Stage,
    /// What the server wanted when the line that is being typed was begun.
    wants: Option<(Wants, String)>,
    /// What the client has answered since the server last spoke.
    answered: Wants,
    banner: String,
    username: String,
    response: String,
    lines: u32,
}

impl Conversation for Session {
    fn read(&mut self, message: &Message, out: &mut Out) -> Step {
        let bytes = message.bytes;
        let from_client = is_client(message);
        let other = if message.side == Side::Orig { Side::Resp } else { Side::Orig };
        self.client = Some(if from_client { message.side } else { other });
        out.tree.open("telnet", "Telnet", 0..bytes.len(), String::new);
        let mut at = 0;
        let mut start = 0;
        while at < bytes.len() {
            let screen = &mut self.sides[usize::from(!from_client)];
            let blank = screen.is_blank();
            let (seen, end) = screen.next(bytes, at, &mut out.tree);
            if from_client && blank && !screen.is_blank() && self.wants.is_none() {
                self.wants = Some(self.prompt());
            }
            match seen {
                Seen::Line(line) if from_client => {
                    self.typed(line, start..end, out);
                    start = end;
                }
                Seen::Line(line) => {
                    self.said(&line, start..end, out);
                    start = end;
                }
                Seen::Option(TERMINAL_TYPE, value) if from_client => {
                    let fact = out.fact("telnet", at..end);
                    fact.fields.text("msg_type", "terminal");
                    fact.fields.text("terminal", &value);
                    fact.subject = value;
                }
                Seen::Option(ENVIRONMENT, value) if from_client => {
                    if let Some(user) = user_in(&value) {
                        let fact = out.fact("telnet", at..end);
                        fact.fields.text("msg_type", "environment");
                        fact.own.text("username", user);
                        user.clone_into(&mut fact.subject);
                        user.clone_into(&mut self.username);
                    }
                }
                Seen::Option(..) | Seen::Text => {}
            }
            at = end;
        }
        if !from_client {
            self.answered = Wants::Anything;
            self.prompted(start..bytes.len(), out);
        }
        out.tree.close();
        Step::Took(bytes.len().max(1))
    }

    fn gap(&mut self, side: Side) {
        self.sides[usize::from(self.client != Some(side))].lose();
    }
}

fn is_client(message: &Message) -> bool {
    let home = |port| matches!(port, 23 | 2323);
    match (home(message.src.1), home(message.dst.1)) {
        (true, false) => false,
        (false, true) => true,
        _ => message.side == Side::Orig,
    }
}

impl Session {
    /// What the server's unfinished line asks for.
    fn prompt(&self) -> (Wants, String) {
        let line = self.sides[1].unfinished();
        (wants(line.trim_end()), line.trim().to_owned())
    }

    /// A line from the client.
    fn typed(&mut self, line: Line, bytes: Range<usize>, out: &mut Out) {
        let (wants, prompt) = self.wants.take().unwrap_or_else(|| self.prompt());
        let Line { text, lost } = line;
        // who does not wait for the next prompt still answers it
        let (wants, prompt) = match (wants, self.answered) {
            (Wants::User, Wants::User) => (Wants::Password, String::new()),
            (Wants::User | Wants::Password, Wants::Password) => (Wants::Anything, String::new()),
            _ => (wants, prompt),
        };
        self.answered = wants;
        if wants == Wants::User {
            self.stage = Stage::Asked;
            self.username = text;
            return;
        }
        if wants == Wants::Anything && text.is_empty() || self.lines >= MOST_LINES || bytes.is_empty() {
            return;
        }
        self.lines += 1;
        let login = wants == Wants::Password;
        if login {
            let (username, password) = (self.username.as_str(), text.as_str());
            let login = Login { protocol: "telnet", method: "plain", username, password, ..Login::default() };
            login.tell(bytes.clone(), out);
        }
        let fact = out.fact("telnet", bytes);
        fact.fields.text("msg_type", if login { "login" } else { "input" });
        if !prompt.is_empty() {
            fact.fields.text("prompt", &prompt);
        }
        if login {
            fact.subject.clone_from(&self.username);
            fact.own.text("username", &self.username);
            fact.own.text("password", &text);
            self.stage = Stage::Tried;
            self.response.clear();
        } else {
            if !self.username.is_empty() {
                fact.own.text("username", &self.username);
            }
            fact.own.text("input", &text);
            fact.subject = text;
        }
        if lost {
            fact.own.flag("incomplete", true);
        }
    }

    /// A line from the server.
    fn said(&mut self, line: &Line, bytes: Range<usize>, out: &mut Out) {
        let text = line.text.trim();
        match self.stage {
            Stage::Greeting if self.banner.len() < MOST_BANNER && !text.is_empty() => {
                if !self.banner.is_empty() {
                    self.banner.push('\n');
                }
                self.banner.push_str(text);
            }
            Stage::Tried if !text.is_empty() && wants(text) == Wants::Anything => {
                self.response = text.to_owned();
                if is_refusal(text) {
                    self.ended(false, bytes, out);
                }
            }
            _ => {}
        }
    }

    /// The server has said all for now: its unfinished line is a prompt.
    fn prompted(&mut self, bytes: Range<usize>, out: &mut Out) {
        let line = self.sides[1].unfinished();
        let line = line.trim_end();
        let wants = wants(line);
        let shell = matches!(line.chars().next_back(), Some('$' | '#' | '>' | '%'));
        match (self.stage, wants) {
            (Stage::Greeting, Wants::User | Wants::Password) => {
                self.stage = Stage::Asked;
                if !self.banner.is_empty() && !bytes.is_empty() {
                    let fact = out.fact("telnet", 0..bytes.end);
                    fact.fields.text("msg_type", "banner");
                    fact.fields.text("banner", &self.banner);
                    fact.subject = std::mem::take(&mut self.banner);
                }
            }
            (Stage::Tried, Wants::User | Wants::Password) => self.ended(false, bytes, out),
            (Stage::Tried, Wants::Anything) if shell => self.ended(true, bytes, out),
            _ => {}
        }
    }

    /// A login has succeeded or failed.
    fn ended(&mut self, success: bool, bytes: Range<usize>, out: &mut Out) {
        self.stage = if success { Stage::In } else { Stage::Asked };
        if bytes.is_empty() {
            return;
        }
        let fact = out.fact("telnet", bytes);
        fact.fields.text("msg_type", if success { "login_success" } else { "login_failure" });
        if !self.response.is_empty() {
            fact.fields.text("response", &self.response);
        }
        fact.subject.clone_from(&self.username);
        fact.own.text("username", &self.username);
    }
}

/// What a line without an end asks for: `lamp login: `, `Enter Password>`.
fn wants(line: &str) -> Wants {
    let Some(question) = line.strip_suffix([':', '>', '?']) else { return Wants::Anything };
    let from = question.char_indices().rev().nth(31).map_or(0, |(at, _)| at);
    let question = question.get(from..).unwrap_or_default().to_ascii_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| question.contains(word));
    if has(&["password", "passwd", "passcode", "pass word"]) || question.trim_end().ends_with("pass") {
        Wants::Password
    } else if has(&["login", "username", "user name", "account", "logon", "user id", "userid"])
        || question.trim_end().ends_with("user")
    {
        Wants::User
    } else {
        Wants::Anything
    }
}

/// `Login incorrect` - but not what a greeting tells of former logins.
fn is_refusal(line: &str) -> bool {
    let line = line.to_ascii_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| line.contains(word));
    has(&["incorrect", "failed", "failure", "denied", "invalid", "bad password", "not correct", "wrong"])
        && !has(&["attempt", "since", "last "])
}

/// The user that a client's environment names (RFC 1572: variables begin with 0 or 3, their values with 1).
fn user_in(environment: &str) -> Option<&str> {
    let mut variables = environment.split(['\0', '\x03']);
    variables.find_map(|variable| variable.strip_prefix("USER\x01")).filter(|user| !user.is_empty())
}

#[cfg(test)]
mod tests;
