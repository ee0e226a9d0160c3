//! What can be said on the command line.

use std::path::PathBuf;

use app::{Code, Error};
use clap::{Parser, Subcommand};
use serde_json::{Value, json};

/// The forensic workstation for the connected home.
#[derive(Debug, Parser)]
#[command(name = "lintel", version, propagate_version = true)]
pub struct Args {
    /// Print one JSON object a line
    #[arg(long, global = true)]
    pub json: bool,
    /// Let commands touch the world outside this machine
    #[arg(long, global = true)]
    pub allow_acts: bool,
    #[command(subcommand)]
    pub command: Do,
}

#[derive(Debug, Subcommand)]
pub enum Do {
    /// Make a case, or describe one
    Case {
        #[command(subcommand)]
        command: CaseCommand,
    },
    /// Say what files are, and why; needs no case
    Detect {
        #[arg(required = true)]
        paths: Vec<PathBuf>,
    },
    /// Read files and folders into a case
    Import {
        case: PathBuf,
        #[arg(required = true)]
        paths: Vec<PathBuf>,
        /// Copy files into the case (verified by hash) rather than refer to them where they are
        #[arg(long)]
        copy: bool,
    },
    /// Record interfaces into a case; Ctrl+C, or a limit, ends it and seals what was recorded
    Capture(Capture),
    /// Receive presence reports of access points into a case; Ctrl+C ends it and seals what was received
    Receive(Receive),
    /// Run the bench: a broker for registered things, whose every packet is recorded; type `on ID`, `off ID`, `things` or `quit`
    Bench(Bench),
    /// Say what this machine can record, and what is in the way
    Doctor,
    /// Finish an import that was cut off
    Resume { case: PathBuf },
    /// List a view of a case: evidence runs issues frames flows devices identities facts presence coverage, or a kind of fact (dns tls http mqtt ...)
    Show(Show),
    /// Hash the evidence again and check the custody log; exit code 1 if anything differs
    Verify { case: PathBuf },
    /// Print the custody log
    Custody {
        case: PathBuf,
        /// Check its chain instead
        #[arg(long)]
        verify: bool,
    },
    /// Write a view, or packets, to the case's exports folder
    Export {
        case: PathBuf,
        /// View to write
        #[arg(long, default_value = "facts")]
        view: String,
        /// csv, json, sqlite (a table for each kind); pcapng: the packets that the filters select (uid=... for those of a flow); files: what the view files
        /// lists, as files, with a list that says what each is. Passwords, keys and tokens are masked in tables
        #[arg(long, default_value = "json")]
        format: String,
        /// Also copy the file to this folder
        #[arg(long)]
        out: Option<PathBuf>,
        #[command(flatten)]
        filters: Filters,
    },
    /// Print what both sides of a flow said
    Follow {
        case: PathBuf,
        /// The flow's name (uid)
        uid: String,
        /// SHA-256 or path of the item, if several hold the flow
        #[arg(long, default_value = "")]
        evidence: String,
    },
    /// Offer the page and the commands on this machine's loopback address
    Serve {
        case: Option<PathBuf>,
        /// Port; 0: any that is free
        #[arg(long, default_value_t = 0)]
        port: u16,
        /// Folder of the built page, instead of the one inside this program
        #[arg(long)]
        ui: Option<PathBuf>,
    },
    /// Call any command: `lintel call CASE rows '{"view":"dns"}'`; `lintel commands` lists them
    Call {
        /// Case folder; - for none
        case: PathBuf,
        name: String,
        #[arg(default_value = "null")]
        request: String,
    },
    /// List all commands for `lintel call`
    Commands,
}

#[derive(Debug, Subcommand)]
pub enum CaseCommand {
    /// Make a case in DIR (a folder ending in .lintel)
    New {
        dir: PathBuf,
        #[command(flatten)]
        about: About,
    },
    /// Describe a case
    Info { case: PathBuf },
}

#[derive(Debug, clap::Args)]
pub struct About {
    #[arg(long)]
    pub name: String,
    #[arg(long, default_value = "")]
    pub number: String,
    #[arg(long, default_value = "")]
    pub examiner: String,
    #[arg(long, default_value = "")]
    pub agency: String,
    /// IANA name of the zone in which times are shown
    #[arg(long, default_value = "")]
    pub zone: String,
    #[arg(long, default_value = "")]
    pub notes: String,
}

impl About {
    pub fn to_json(&self) -> Value {
        let About { name, number, examiner, agency, zone, notes } = self;
        json!({ "name": name, "number": number, "examiner": examiner, "agency": agency, "zone": zone, "notes": notes })
    }
}

#[derive(Debug, clap::Args)]
pub struct Capture {
    pub case: PathBuf,
    /// Interface, or path of a named pipe; - for a capture on standard input (`ssh router tcpdump -U -w - | lintel capture CASE --interface -`)
    #[arg(long, required_unless_present_any = ["replay", "seal"])]
    pub interface: Vec<String>,
    /// Play a capture file instead, at its own pace
    #[arg(long, conflicts_with = "interface")]
    pub replay: Option<PathBuf>,
    /// How many times as fast as it was; 0: as fast as it goes
    #[arg(long, default_value_t = 1.0, allow_negative_numbers = true)]
    pub speed: f64,
    /// Capture filter (BPF, as tcpdump takes it)
    #[arg(long, default_value = "")]
    pub filter: String,
    /// Stop after so many seconds
    #[arg(long)]
    pub seconds: Option<u32>,
    /// Stop after so many packets
    #[arg(long)]
    pub packets: Option<u64>,
    /// Stop after so many bytes
    #[arg(long)]
    pub bytes: Option<u64>,
    /// Bytes of a packet that are kept
    #[arg(long)]
    pub snap: Option<u32>,
    /// Only what is for this machine
    #[arg(long)]
    pub no_promiscuous: bool,
    /// All frames of the air, where the adapter can
    #[arg(long)]
    pub monitor: bool,
    /// The system's buffer, in MiB
    #[arg(long)]
    pub buffer: Option<u32>,
    /// Go on in a new file after so many bytes
    #[arg(long)]
    pub file_bytes: Option<u64>,
    /// Go on in a new file after so many seconds
    #[arg(long)]
    pub file_seconds: Option<u32>,
    /// By whose leave, on what ground: it is written to the custody log
    #[arg(long, default_value = "")]
    pub authority: String,
    /// Seal what an interrupted recording left, by its number
    #[arg(long, conflicts_with_all = ["interface", "replay"])]
    pub seal: Option<i64>,
    /// A note to the sealing
    #[arg(long, default_value = "", requires = "seal")]
    pub note: String,
}

impl Capture {
    /// One request for each interface.
    pub fn requests(&self) -> Vec<Value> {
        let common = json!({
            "filter": self.filter, "seconds": self.seconds, "packets": self.packets, "bytes": self.bytes, "snap": self.snap,
            "promiscuous": !self.no_promiscuous, "monitor": self.monitor, "buffer_mib": self.buffer,
            "file_bytes": self.file_bytes, "file_seconds": self.file_seconds, "authority": self.authority,
        });
        let with = |key: &str, value: Value| {
            let mut request = common.clone();
            request[key] = value;
            request
        };
        match &self.replay {
            Some(path) => vec![with("replay", json!({ "path": path, "speed": self.speed }))],
            None => self.interface.iter().map(|interface| with("interface", json!(interface))).collect(),
        }
    }
}

/// What `lintel bench` is asked for.
#[derive(Debug, clap::Args)]
pub struct Bench {
    pub case: PathBuf,
    /// Address and port where devices come to; else 127.0.0.1:8883
    #[arg(long)]
    pub listen: Option<String>,
    /// A further name or address of this machine, for the broker's certificate; may be given several times
    #[arg(long)]
    pub name: Vec<String>,
    /// By whose leave, on what ground; goes to the custody log
    #[arg(long, default_value = "")]
    pub authority: String,
    /// Allow commands that change the scene, for this reason
    #[arg(long, value_name = "REASON")]
    pub allow: Option<String>,
    /// Also offer the page and IoTLite's REST API on this port of 127.0.0.1; 0: any that is free
    #[arg(long)]
    pub port: Option<u16>,
    /// End after so many seconds
    #[arg(long)]
    pub seconds: Option<u32>,
}

#[derive(Debug, clap::Args)]
pub struct Receive {
    pub case: PathBuf,
    /// Address and port; only this machine can reach 127.0.0.1
    #[arg(long, default_value = "127.0.0.1:8090")]
    pub listen: String,
    /// CloudTrax: the number of a network, and a file that holds its secret; may be repeated. Keys are held in memory as long as this runs:
    /// they go neither into the case nor into a log
    #[arg(long, value_name = "NETWORK=FILE")]
    pub key: Vec<String>,
    /// The same, with an environment variable that holds the secret
    #[arg(long, value_name = "NETWORK=NAME")]
    pub key_variable: Option<String>,
    /// Also keep reports without a signature, as unverified
    #[arg(long)]
    pub accept_unsigned: bool,
    /// Meraki: what its cloud is answered when it asks whether it has come to the right place
    #[arg(long)]
    pub meraki_validator: Option<String>,
    /// Meraki: a file that holds the secret of its reports. Each report bears it in itself, and is kept byte for byte
    #[arg(long, value_name = "FILE")]
    pub meraki_secret_file: Option<PathBuf>,
    /// Receive over TLS: a file (PEM) with the certificate, its issuers after it
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    pub tls_certificate: Option<PathBuf>,
    /// Its private key (PEM)
    #[arg(long, value_name = "FILE", requires = "tls_certificate")]
    pub tls_key: Option<PathBuf>,
    /// By whose leave, on what ground: it is written to the custody log
    #[arg(long, default_value = "")]
    pub authority: String,
}

impl Receive {
    pub fn to_json(&self) -> Value {
        json!({
            "listen": self.listen, "accept_unsigned": self.accept_unsigned, "meraki_validator": self.meraki_validator,
            "tls_certificate": self.tls_certificate, "tls_key": self.tls_key, "authority": self.authority,
        })
    }
}

#[derive(Debug, clap::Args)]
pub struct Show {
    pub case: PathBuf,
    pub view: String,
    #[command(flatten)]
    pub filters: Filters,
    /// At most so many rows
    #[arg(long)]
    pub limit: Option<u64>,
    /// Only how many
    #[arg(long)]
    pub count: bool,
    /// Show passwords, keys and tokens in the clear; REASON and the facts go to the custody log. Raw bytes are never masked
    #[arg(long, value_name = "REASON")]
    pub reveal: Option<String>,
}

#[derive(Debug, clap::Args)]
pub struct Filters {
    /// FIELD=VALUE, FIELD!=VALUE, FIELD~PART, FIELD<VALUE or FIELD>VALUE; all must hold
    #[arg(long = "where", value_name = "FIELD=VALUE")]
    pub conditions: Vec<String>,
    /// From this time on (RFC 3339)
    #[arg(long, value_name = "TIME")]
    pub since: Option<String>,
    /// Before this time (RFC 3339)
    #[arg(long, value_name = "TIME")]
    pub until: Option<String>,
    /// Words that occur in the row's texts
    #[arg(long, default_value = "")]
    pub search: String,
    /// In the words of Wireshark's display filters: 'ip.addr == 10.0.0.0/8 && dns.qry.name contains "cloud"'
    #[arg(long, value_name = "EXPR", default_value = "")]
    pub filter: String,
}

impl Filters {
    /// As the command `rows` takes it.
    pub fn to_json(&self) -> Result<Value, Error> {
        let filters: Vec<Value> = self.conditions.iter().map(|text| condition(text)).collect::<Result<_, _>>()?;
        Ok(json!({ "filters": filters, "search": self.search, "since": self.since, "until": self.until,
            "filter": self.filter }))
    }
}

fn condition(text: &str) -> Result<Value, Error> {
    let at = text.find(['=', '!', '~', '<', '>']);
    let parsed = at.and_then(|at| {
        let (field, rest) = text.split_at(at);
        let op = ["!=", "=", "~", "<", ">"].into_iter().find(|op| rest.starts_with(op))?;
        Some(json!({ "field": field.trim(), "op": op, "value": &rest[op.len()..] }))
    });
    parsed
        .filter(|condition| condition["field"] != "")
        .ok_or_else(|| Error { code: Code::Invalid, message: format!("--where '{text}': not of the form FIELD=VALUE") })
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_sound() {
        Args::command().debug_assert();
    }

    #[test]
    fn conditions() {
        for (text, field, op, value) in [
            ("evidence=ab12", "evidence", "=", "ab12"),
            ("query!=a=b", "query", "!=", "a=b"),
            ("subject~x", "subject", "~", "x"),
            ("id.orig_p>1024", "id.orig_p", ">", "1024"),
            ("host_name=", "host_name", "=", ""),
        ] {
            assert_eq!(condition(text).unwrap(), json!({ "field": field, "op": op, "value": value }));
        }
        assert!(condition("nothing").is_err() && condition("=x").is_err() && condition("a!b").is_err());
    }
}
