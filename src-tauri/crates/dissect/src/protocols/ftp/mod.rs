//! FTP (RFC 959, 2389, 2428, 4217): who logs in, and what is fetched and stored. What goes over the data connections is not read.

use std::net::{IpAddr, Ipv4Addr};
use std::ops::Range;

use model::Kind;

use super::credentials::Login;
use super::{Conversation, Message, Out, Protocol, Side, Step, Transport, tls};
use crate::Tree;

pub struct Ftp;

/// A longer line is not waited for.
const LONGEST_LINE: usize = 4 * 1024;
/// Nor is a longer reply of several lines.
const LONGEST_REPLY: usize = 16 * 1024;
/// So much of a text goes into a fact.
const MOST_TEXT: usize = 1024;

static KINDS: [Kind; 1] = [Kind {
    name: "ftp",
    about: "An FTP command or its reply.",
    fields: &[
        ("msg_type", "request or response"),
        ("command", "what is wanted; of a reply: what it answers"),
        ("arg", "of the command: a name, a path, an address"),
        ("reply_code", "how it went: 220, 230, 530, ..."),
        ("reply_msg", "the same in words"),
        ("user", "who is logged in, or tries to be"),
        ("password", "with which"),
        ("file", "the file or directory that a command is about"),
        ("cwd", "the directory that names count from, if the server has said it"),
        ("file_size", "of the file, in bytes, if the server says it"),
        ("data_channel_passive", "the client opens the data connection, not the server"),
        ("data_channel_host", "address that data connections are opened to"),
        ("data_channel_port", "and their port"),
        ("incomplete", "the capture cut the message"),
    ],
}];

/// Everything that RFC 959, 2228, 2389, 2428, 3659 and 7151 name, and what servers add.
const COMMANDS: [&str; 52] = [
    "USER", "PASS", "ACCT", "CWD", "XCWD", "CDUP", "SMNT", "QUIT", "REIN", "PORT", "PASV", "TYPE", "STRU", "MODE",
    "RETR", "STOR", "STOU", "APPE", "ALLO", "REST", "RNFR", "RNTO", "ABOR", "DELE", "RMD", "XRMD", "MKD", "XMKD",
    "PWD", "XPWD", "LIST", "NLST", "SITE", "SYST", "STAT", "HELP", "NOOP", "AUTH", "ADAT", "PROT", "PBSZ", "CCC",
    "FEAT", "OPTS", "LANG", "EPRT", "EPSV", "MDTM", "SIZE", "MLST", "MLSD", "CLNT",
];

/// Commands whose argument is a file or directory.
const ON_FILES: [&str; 17] = [
    "RETR", "STOR", "STOU", "APPE", "RNFR", "RNTO", "DELE", "RMD", "XRMD", "MKD", "XMKD", "CWD", "XCWD", "SIZE",
    "MDTM", "MLST", "MLSD",
];

impl Protocol for Ftp {
    fn name(&self) -> &'static str {
        "ftp"
    }

    fn ports(&self) -> &'static [(Transport, u16)] {
        &[(Transport::Tcp, 21)]
    }

    fn kinds(&self) -> &'static [Kind] {
        &KINDS
    }

    fn recognises(&self, message: &Message, at_home: bool) -> bool {
        if message.transport != Transport::Tcp {
            return false;
        }
        let head = message.bytes.get(..256).unwrap_or(message.bytes);
        if at_home {
            return code(head).is_some() || command(head).is_some();
        }
        // mail servers greet with the same number
        matches!(head, [b'2', b'2', b'0', b' ' | b'-', ..]) && {
            let line = head.split(|byte| *byte == b'\n').next().unwrap_or_default();
            line.windows(3).any(|word| word.eq_ignore_ascii_case(b"ftp"))
        }
    }

    fn conversation(&self) -> Box<dyn Conversation> {
        Box::new(Session::default())
    }
}

/// The number that a reply begins with.
fn code(line: &[u8]) -> Option<u16> {
    let [a @ b'1'..=b'6', b @ b'0'..=b'9', c @ b'0'..=b'9', b' ' | b'-' | b'\r' | b'\n', ..] = line else {
        return None;
    };
    Some([a, b, c].iter().fold(0, |code, digit| code * 10 + u16::from(**digit - b'0')))
}

/// The command that a line begins with.
fn command(line: &[u8]) -> Option<&'static str> {
    let len = line.iter().take(5).position(|byte| matches!(byte, b' ' | b'\r' | b'\n'))?;
    let word = line.get(..len)?;
    COMMANDS.iter().copied().find(|known| known.as_bytes().eq_ignore_ascii_case(word))
}

/// What one message says about the next.
#[derive(Default)]
struct Session {
    /// Who answers: the side that sent the first reply.
    server: Option<Side>,
    user: String,
    password: String,
    cwd: String,
    /// The last command and its argument: a reply answers it.
    asked: (&'static str, String),
    lost: [bool; 2],
    tls: Option<tls::Session>,
}

impl Conversation for Session {
    fn read(&mut self, message: &Message, out: &mut Out) -> Step {
        if let Some(tls) = &mut self.tls {
            return match tls.read(message, out) {
                Step::NotMine => Step::Done,
                step => step,
            };
        }
        let bytes = message.bytes;
        let line = bytes.iter().take(LONGEST_LINE).position(|byte| *byte == b'\n');
        let Some(line) = line.map(|at| at + 1).or(message.cut.then_some(bytes.len())) else {
            return if bytes.len() < LONGEST_LINE { Step::More } else { self.lose(message, out) };
        };
        let first = bytes.get(..line).unwrap_or(bytes);
        // commands to stop a transfer come behind Telnet's signals (RFC 959 section 4.1.3)
        let signals = first.iter().take_while(|byte| **byte >= 0xf0).count();
        let request = first.get(signals..).unwrap_or_default();
        if let Some(code) = code(first) {
            self.server.get_or_insert(message.side);
            let end = if first.get(3) == Some(&b'-') { reply_end(bytes, line) } else { Some(line) };
            return match end {
                Some(end) => self.reply(bytes.get(..end).unwrap_or(bytes), code, !first.ends_with(b"\n"), out),
                None if message.cut => self.reply(bytes, code, true, out),
                None if bytes.len() >= LONGEST_REPLY => {
                    let step = self.reply(bytes, code, false, out);
                    out.malformed(bytes.len(), "FTP reply of more than 16 KiB");
                    step
                }
                None => Step::More,
            };
        }
        match command(request).or_else(|| word(request).map(|_| "")) {
            Some(command) if self.is_client(message) => self.request(first, signals, command, message, out),
            _ if first.trim_ascii().is_empty() => Step::Took(line),
            _ => self.lose(message, out),
        }
    }

    fn gap(&mut self, side: Side) {
        self.lost[side as usize] = true;
    }
}

/// Any short word: a command that no one wrote down.
fn word(line: &[u8]) -> Option<&[u8]> {
    let len = line.iter().take(6).position(|byte| matches!(byte, b' ' | b'\r' | b'\n'))?;
    line.get(..len).filter(|word| word.len() >= 3 && word.iter().all(u8::is_ascii_alphabetic))
}

/// Where a reply of several lines ends: behind the line that begins with the same number and a space.
fn reply_end(bytes: &[u8], mut at: usize) -> Option<usize> {
    let code = bytes.get(..3)?;
    while at < bytes.len().min(LONGEST_REPLY) {
        let line = bytes.get(at..)?;
        let len = line.iter().position(|byte| *byte == b'\n')? + 1;
        at += len;
        if line.starts_with(code) && line.get(3) == Some(&b' ') {
            return Some(at);
        }
    }
    None
}

/// At most [`MOST_TEXT`] bytes as text.
fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes.get(..MOST_TEXT).unwrap_or(bytes)).into_owned()
}

impl Session {
    /// Whether the sender is the client: known from replies, which only servers send, else from ports.
    fn is_client(&self, message: &Message) -> bool {
        match self.server {
            Some(server) => server != message.side,
            None => message.dst.1 == 21 || message.src.1 != 21 && message.side == Side::Orig,
        }
    }

    fn request(&mut self, line: &[u8], from: usize, known: &'static str, message: &Message, out: &mut Out) -> Step {
        self.lost[message.side as usize] = false;
        let len = line.trim_ascii_end().len().max(from);
        let space = line.iter().skip(from).position(|byte| *byte == b' ').map_or(len, |at| from + at).min(len);
        let (name, arg) = (from..space, (space + 1).min(len)..len);
        let written = text(line.get(name.clone()).unwrap_or_default()).to_ascii_uppercase();
        let arg_text = text(line.get(arg.clone()).unwrap_or_default());
        out.tree.open("ftp", "File Transfer Protocol (FTP)", 0..line.len(), || written.clone());
        out.tree.text("ftp.request.command", "Request command", name, &written);
        if !arg.is_empty() {
            out.tree.text("ftp.request.arg", "Request arg", arg.clone(), &arg_text);
        }
        match known {
            "USER" => {
                self.user.clone_from(&arg_text);
                self.password.clear();
            }
            "PASS" => self.password.clone_from(&arg_text),
            _ => {}
        }
        let channel = match known {
            "PORT" => host_port(&arg_text),
            "EPRT" => extended(&arg_text),
            _ => None,
        };
        show_channel(&mut out.tree, arg, channel, known);
        out.tree.close();
        let fact = out.fact("ftp", 0..line.len());
        fact.fields.text("msg_type", "request");
        fact.fields.text("command", &written);
        if known != "PASS" && !arg_text.is_empty() {
            fact.own.text("arg", &arg_text);
        }
        if ON_FILES.contains(&known) && !arg_text.is_empty() {
            fact.fields.text("file", &arg_text);
        }
        if !self.cwd.is_empty() {
            fact.fields.text("cwd", &self.cwd);
        }
        self.credentials(known == "PASS", fact);
        write_channel(channel, false, fact);
        if !line.ends_with(b"\n") {
            fact.own.flag("incomplete", true);
        }
        fact.subject = match known {
            "PASS" => format!("PASS {}", self.user),
            _ => format!("{written} {arg_text}").trim_end().to_owned(),
        };
        if known == "PASS" {
            let (username, password) = (self.user.as_str(), self.password.as_str());
            let login = Login { protocol: "ftp", method: "plain", username, password, ..Login::default() };
            login.tell(0..line.len(), out);
        }
        self.asked = (known, arg_text);
        Step::Took(line.len())
    }

    fn reply(&mut self, bytes: &[u8], code: u16, cut: bool, out: &mut Out) -> Step {
        let len = bytes.trim_ascii_end().len().max(3);
        let said = bytes.get(4..len).unwrap_or_default();
        let message = text(said).replace("\r\n", "\n");
        out.tree.open("ftp", "File Transfer Protocol (FTP)", 0..bytes.len(), || code.to_string());
        out.tree.int("ftp.response.code", "Response code", 0..3, code);
        if !said.is_empty() {
            out.tree.text("ftp.response.arg", "Response arg", 4..len, &message);
        }
        let channel = match code {
            227 => message.find(|c: char| c.is_ascii_digit()).and_then(|at| host_port(message.get(at..)?)),
            229 => message.split_once('(').and_then(|(_, list)| extended(list.split(')').next()?)),
            _ => None,
        };
        show_channel(&mut out.tree, 4.min(len)..len, channel, if code == 229 { "229" } else { "227" });
        out.tree.close();
        let (asked, arg) = std::mem::take(&mut self.asked);
        let fact = out.fact("ftp", 0..bytes.len());
        fact.fields.text("msg_type", "response");
        if !asked.is_empty() {
            fact.fields.text("command", asked);
        }
        fact.fields.int("reply_code", code.into());
        fact.fields.text("reply_msg", &message);
        if ON_FILES.contains(&asked) && !arg.is_empty() {
            fact.fields.text("file", &arg);
        }
        // 257 "/the/path" is the current directory
        if let ("PWD" | "XPWD", Some(path)) = (asked, message.split('"').nth(1).filter(|_| code == 257)) {
            path.clone_into(&mut self.cwd);
        } else if matches!(asked, "CWD" | "XCWD" | "CDUP") && (200..300).contains(&code) {
            // only an absolute path says where one is
            self.cwd = if arg.starts_with('/') { arg.clone() } else { String::new() };
        }
        if !self.cwd.is_empty() {
            fact.fields.text("cwd", &self.cwd);
        }
        self.credentials(matches!(code, 230 | 232 | 530) && asked == "PASS", fact);
        if let Some(size) = file_size(asked, code, &message) {
            fact.own.int("file_size", size);
        }
        write_channel(channel, true, fact);
        if cut {
            fact.own.flag("incomplete", true);
        }
        fact.subject = format!("{code} {}", message.lines().next().unwrap_or_default()).trim_end().to_owned();
        // the answer to another command must still find its own
        if code < 200 {
            self.asked = (asked, arg);
        } else if asked == "AUTH" && code == 234 {
            self.tls = Some(tls::Session::default());
        }
        Step::Took(bytes.len())
    }

    /// Who is logged in; with the password where it is said, and where the server says whether it was right.
    fn credentials(&self, with_password: bool, fact: &mut super::Draft) {
        if !self.user.is_empty() {
            fact.own.text("user", &self.user);
        }
        if with_password {
            fact.own.text("password", &self.password);
        }
    }

    /// No line of FTP begins here.
    fn lose(&mut self, message: &Message, out: &mut Out) -> Step {
        if !std::mem::replace(&mut self.lost[message.side as usize], true) {
            out.tree.open("ftp", "File Transfer Protocol (FTP)", 0..message.bytes.len(), String::new);
            out.malformed(0, "no FTP command or reply begins here; the next is looked for where a segment begins");
            out.tree.close();
        }
        Step::Took(message.bytes.len().max(1))
    }
}

/// `192,0,2,1,195,80`
fn host_port(text: &str) -> Option<(Option<IpAddr>, u16)> {
    let mut numbers = text.split(|c: char| !c.is_ascii_digit()).map(|number| number.parse::<u8>());
    let mut next = || numbers.next()?.ok();
    let host = Ipv4Addr::new(next()?, next()?, next()?, next()?);
    Some((Some(host.into()), u16::from_be_bytes([next()?, next()?])))
}

/// `|1|192.0.2.1|50000|`, and of a server `|||50000|` (RFC 2428); any sign may stand between.
fn extended(text: &str) -> Option<(Option<IpAddr>, u16)> {
    let mut parts = text.split(text.chars().next()?).skip(2);
    let host = parts.next()?;
    let port = parts.next()?.parse().ok()?;
    Some((host.parse().ok(), port))
}

/// `of`: what says where the data connection goes, PORT or 227, EPRT or 229.
fn show_channel(tree: &mut Tree, at: Range<usize>, channel: Option<(Option<IpAddr>, u16)>, of: &str) {
    let Some((host, port)) = channel else { return };
    let (ip, number) = match (of, host) {
        ("PORT", _) => ("ftp.active.cip", "ftp.active.port"),
        ("EPRT", Some(IpAddr::V6(_))) => ("ftp.eprt.ipv6", "ftp.eprt.port"),
        ("EPRT", _) => ("ftp.eprt.ip", "ftp.eprt.port"),
        ("229", _) => ("ftp.epsv.ip", "ftp.epsv.port"),
        _ => ("ftp.passive.ip", "ftp.passive.port"),
    };
    if let Some(host) = host {
        tree.text(ip, "Address of the data connection", at.clone(), host);
    }
    tree.int(number, "Port of the data connection", at, port);
}

fn write_channel(channel: Option<(Option<IpAddr>, u16)>, passive: bool, fact: &mut super::Draft) {
    let Some((host, port)) = channel else { return };
    fact.own.flag("data_channel_passive", passive);
    if let Some(host) = host {
        fact.own.shown("data_channel_host", host);
    }
    fact.own.int("data_channel_port", port.into());
}

/// `213 1234` to SIZE; `150 Opening … (1234 bytes).`
fn file_size(asked: &str, code: u16, message: &str) -> Option<i64> {
    match code {
        213 if asked == "SIZE" => message.trim().parse().ok(),
        125 | 150 => {
            let before = message.split(" bytes").next().filter(|before| before.len() < message.len())?;
            before.rsplit(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests;
