//! Filters on frames. The case knows most answers without a look at the bytes: which frames belong to which flow, which complete a
//! fact. Only what it can't know is read in the packet.

use std::collections::HashSet;

use case::{Case, Expr as Row, FrameEntry, NO_TIME, Op as On};
use dissect::{Node, Value};
use model::filter::{Expr, Mistake, Name};
use model::{Mac, Time};

use super::check::{Checked, check};
use super::countries::Around;
use super::fields::{End, Means, lookup};
use super::probe::{Probe, probe};
use super::rows::{facts_of, is_protocol, kinds_of, of_flow, of_told};
use crate::error::Result;
use crate::rows::Row as Shown;

/// Whether a frame is wanted, as far as is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Known {
    Yes,
    No,
    /// Its bytes have to be looked at.
    Maybe,
}

/// What a look at a frame's bytes showed.
#[derive(Default)]
pub(crate) struct Looked<'l> {
    /// If [`FrameFilter::reads_rows`].
    pub row: Option<&'l Shown>,
    /// If [`FrameFilter::reads_fields`].
    pub nodes: &'l [Node],
    /// Sender and receiver on the link.
    pub macs: [Option<Mac>; 2],
}

/// A filter, with all that the case knows about its parts.
pub(crate) struct FrameFilter {
    tree: Tree,
}

enum Tree {
    All(Vec<Tree>),
    Any(Vec<Tree>),
    Not(Box<Tree>),
    Atom(Box<Atom>),
}

struct Atom {
    /// Flows of which every frame is wanted.
    flows: HashSet<(i64, u32)>,
    /// Flows of which some may be.
    some: HashSet<(i64, u32)>,
    /// Frames that are wanted, in order.
    frames: Vec<(i64, u64)>,
    /// Other frames that belong to flows.
    others: Known,
    /// Frames that belong to none.
    loose: Known,
    see: See,
}

/// How the answer is seen.
enum See {
    Nothing,
    /// In the frame index: at once.
    Index(&'static str, Probe),
    /// In the addresses of the link layer.
    Macs(End, Probe),
    /// In a column of the row.
    Column(String, Probe),
    /// In fields of the packet's tree.
    Fields(&'static [&'static str], Probe),
    Field(&'static str, Probe),
    Protocol(String),
    /// In the packet's tree alone, whatever is told of it.
    Layer(&'static str),
}

const HOSTS: [[&[&str]; 3]; 2] = [
    [
        &["ip.src", "ip.dst", "exported_pdu.ipv4_src", "exported_pdu.ipv4_dst"],
        &["ip.src", "exported_pdu.ipv4_src"],
        &["ip.dst", "exported_pdu.ipv4_dst"],
    ],
    [
        &["ipv6.src", "ipv6.dst", "exported_pdu.ipv6_src", "exported_pdu.ipv6_dst"],
        &["ipv6.src", "exported_pdu.ipv6_src"],
        &["ipv6.dst", "exported_pdu.ipv6_dst"],
    ],
];
const PORTS: [&[&str]; 3] = [
    &["tcp.srcport", "tcp.dstport", "udp.srcport", "udp.dstport", "exported_pdu.src_port", "exported_pdu.dst_port"],
    &["tcp.srcport", "udp.srcport", "exported_pdu.src_port"],
    &["tcp.dstport", "udp.dstport", "exported_pdu.dst_port"],
];

impl FrameFilter {
    /// Reads a filter, and asks the case what it knows.
    pub fn load(case: &Case, around: &Around, text: &str) -> Result<Option<FrameFilter>> {
        let Some(expr) = model::filter::parse(text)? else { return Ok(None) };
        check_names(&expr, around)?;
        Ok(Some(FrameFilter { tree: load(case, around, &expr)? }))
    }

    pub fn known(&self, run: i64, entry: &FrameEntry) -> Known {
        self.tree.answer(&|atom| atom.known(run, entry))
    }

    /// After a look at the bytes.
    pub fn holds(&self, run: i64, entry: &FrameEntry, looked: &Looked) -> bool {
        let answer = self.tree.answer(&|atom| match atom.known(run, entry) {
            Known::Maybe if atom.see.holds(looked) => Known::Yes,
            Known::Maybe => Known::No,
            known => known,
        });
        answer == Known::Yes
    }

    /// The packet's line in the list is needed.
    pub fn reads_rows(&self) -> bool {
        self.tree.any(&|atom| matches!(atom.see, See::Column(..) | See::Protocol(_)))
    }

    /// The packet's tree of fields is needed.
    pub fn reads_fields(&self) -> bool {
        self.tree.any(&|atom| matches!(atom.see, See::Fields(..) | See::Field(..) | See::Protocol(_) | See::Layer(_)))
    }
}

impl Tree {
    /// Kleene's three-valued logic.
    fn answer(&self, atom: &dyn Fn(&Atom) -> Known) -> Known {
        let first = |list: &[Tree], wins: Known, else_: Known| {
            let mut answer = else_;
            for one in list {
                match one.answer(atom) {
                    known if known == wins => return wins,
                    Known::Maybe => answer = Known::Maybe,
                    _ => {}
                }
            }
            answer
        };
        match self {
            Tree::All(list) => first(list, Known::No, Known::Yes),
            Tree::Any(list) => first(list, Known::Yes, Known::No),
            Tree::Not(inner) => match inner.answer(atom) {
                Known::Yes => Known::No,
                Known::No => Known::Yes,
                Known::Maybe => Known::Maybe,
            },
            Tree::Atom(one) => atom(one),
        }
    }

    fn any(&self, is: &dyn Fn(&Atom) -> bool) -> bool {
        match self {
            Tree::All(list) | Tree::Any(list) => list.iter().any(|one| one.any(is)),
            Tree::Not(inner) => inner.any(is),
            Tree::Atom(atom) => is(atom),
        }
    }
}

impl Atom {
    fn new(see: See) -> Atom {
        Atom {
            flows: HashSet::new(),
            some: HashSet::new(),
            frames: Vec::new(),
            others: Known::No,
            loose: Known::No,
            see,
        }
    }

    fn known(&self, run: i64, entry: &FrameEntry) -> Known {
        if let See::Index(column, probe) = &self.see {
            return if indexed(column, entry).is_some_and(|value| probe(&value)) { Known::Yes } else { Known::No };
        }
        let flow = (run, entry.flow);
        if self.frames.binary_search(&(run, entry.number)).is_ok() || self.flows.contains(&flow) {
            Known::Yes
        } else if entry.flow == 0 {
            self.loose
        } else if self.some.contains(&flow) {
            Known::Maybe
        } else {
            self.others
        }
    }
}

fn indexed(column: &str, entry: &FrameEntry) -> Option<String> {
    Some(match column {
        "ts" => (entry.ts != NO_TIME).then(|| Time(entry.ts).to_string())?,
        "length" => entry.wire_len.to_string(),
        "cap_len" => entry.cap_len.to_string(),
        "interface" => entry.interface.to_string(),
        "offset" => entry.offset.to_string(),
        _ => entry.number.to_string(),
    })
}

impl See {
    fn holds(&self, looked: &Looked) -> bool {
        let layer =
            |name: &str| looked.nodes.iter().any(|node| node.depth == 0 && node.name == name && node.level.is_none());
        let column = |name: &str| match looked.row?.get(name) {
            Some(serde_json::Value::String(text)) => Some(text.clone()),
            Some(serde_json::Value::Null) | None => None,
            Some(other) => Some(other.to_string()),
        };
        match self {
            See::Nothing | See::Index(..) => false,
            See::Macs(end, probe) => {
                let [src, dst] = looked.macs.map(|mac| mac.is_some_and(|mac| probe(&mac.to_string())));
                (src && *end != End::Dst) || (dst && *end != End::Src)
            }
            See::Column(name, probe) => column(name).is_some_and(|value| probe(&value)),
            See::Fields(names, probe) => {
                looked.nodes.iter().filter(|node| names.contains(&node.name)).any(|node| probe(&value(node)))
            }
            See::Field(name, probe) => {
                looked.nodes.iter().filter(|node| node.name == *name).any(|node| probe(&value(node)))
            }
            See::Protocol(name) => {
                let top = column("protocol").unwrap_or_default();
                top == *name || kinds_of(name).contains(&top) || layer(name)
            }
            See::Layer(name) => layer(name),
        }
    }
}

fn value(node: &Node) -> String {
    match &node.value {
        Value::Int(n) => n.to_string(),
        Value::Text(text) => text.clone(),
        Value::None => node.shown.clone().unwrap_or_default(),
    }
}

/// Names and values make sense for frames.
pub(super) fn check_names(expr: &Expr, around: &Around) -> std::result::Result<(), Mistake> {
    let look_up = |name: &Name| {
        let known = lookup(name, "frames")?;
        match known.means {
            Means::Geo(_, _, said) => around.check(name, said).map(|()| known),
            _ => Ok(known),
        }
    };
    match expr {
        Expr::And(list) | Expr::Or(list) => list.iter().try_for_each(|one| check_names(one, around)),
        Expr::Not(inner) => check_names(inner, around),
        Expr::Has(name) => look_up(name).map(|_| ()),
        Expr::Test(test) => check(test, &look_up(&test.field)?).map(|_| ()),
    }
}

fn load(case: &Case, around: &Around, expr: &Expr) -> Result<Tree> {
    let all = |list: &[Expr]| list.iter().map(|one| load(case, around, one)).collect::<Result<Vec<_>>>();
    Ok(match expr {
        Expr::And(list) => Tree::All(all(list)?),
        Expr::Or(list) => Tree::Any(all(list)?),
        Expr::Not(inner) => Tree::Not(Box::new(load(case, around, inner)?)),
        Expr::Has(name) => atom(case, around, name, &Checked::there(&lookup(name, "frames")?))?,
        Expr::Test(test) => {
            let known = lookup(&test.field, "frames")?;
            let checked = check(test, &known)?;
            let holds = atom(case, around, &test.field, &checked)?;
            match checked.not {
                true => Tree::All(vec![
                    atom(case, around, &test.field, &Checked::there(&known))?,
                    Tree::Not(Box::new(holds)),
                ]),
                false => holds,
            }
        }
    })
}

fn atom(case: &Case, around: &Around, name: &Name, test: &Checked) -> Result<Tree> {
    let known = lookup(name, "frames")?;
    let flows = |row: &Row| Ok::<HashSet<_>, crate::Error>(case.flows_where(row)?.into_iter().collect());
    let by_means = || of_flow(&known.means, test).unwrap_or(Row::Any(Vec::new()));
    let place = |end: &End| *end as usize;
    let atom = match &known.means {
        Means::Protocol("frame") => return Ok(Tree::All(Vec::new())),
        Means::Protocol("eth") => {
            Atom { others: Known::Maybe, loose: Known::Maybe, ..Atom::new(See::Protocol("eth".into())) }
        }
        Means::Protocol(name @ ("ip" | "ipv6" | "tcp" | "udp" | "icmp" | "icmpv6")) => {
            Atom { flows: flows(&by_means())?, loose: Known::Maybe, ..Atom::new(See::Protocol((*name).to_owned())) }
        }
        // Its facts are kept once, its packets belong to flows, and to Wireshark what MLD says is none of it.
        Means::Protocol("igmp") => {
            let some = flows(&Row::is("proto", On::Is, "ip"))?;
            Atom { some, loose: Known::Maybe, ..Atom::new(See::Layer("igmp")) }
        }
        Means::Protocol(name) if is_protocol(name) => {
            let service = Row::is("service", On::Is, *name);
            let datagrams = Row::is("proto", On::Is, "udp");
            Atom {
                // Every datagram is a message; of a connection's segments only those that carry something.
                flows: flows(&Row::All(vec![service.clone(), datagrams.clone()]))?,
                some: flows(&Row::All(vec![service, datagrams.not()]))?,
                frames: case.fact_frames_where(&facts_of(name))?,
                ..Atom::new(See::Protocol((*name).to_owned()))
            }
        }
        Means::Protocol(name) => Atom {
            frames: case.fact_frames_where(&Row::Kinds(kinds_of(name)))?,
            // Facts that repeat themselves are kept once; the packets are all there.
            loose: Known::Maybe,
            ..Atom::new(See::Protocol((*name).to_owned()))
        },
        Means::Host(end, version) => {
            let of = flows(&Row::Any(vec![test.on("id.orig_h"), test.on("id.resp_h")]))?;
            let see = See::Fields(HOSTS[*version as usize][place(end)], probe(test));
            directed(*end, of, Known::Maybe, see)
        }
        Means::Geo(end, version, said) => {
            let hosts = around.hosts(name, *version, *said, test)?;
            let of = flows(&Row::Any(vec![hosts.on("id.orig_h"), hosts.on("id.resp_h")]))?;
            let see = See::Fields(HOSTS[*version as usize][place(end)], around.probe(*said, test));
            directed(*end, of, Known::Maybe, see)
        }
        Means::Port(proto, end) => {
            let ports = Row::Any(vec![test.on("id.orig_p"), test.on("id.resp_p")]);
            let of = flows(&Row::All(vec![Row::is("proto", On::Is, *proto), ports]))?;
            directed(*end, of, Known::No, See::Fields(PORTS[place(end)], probe(test)))
        }
        // An address moves from card to card, by design or by forgery: each packet is asked.
        Means::Mac(end) => {
            Atom { others: Known::Maybe, loose: Known::Maybe, ..Atom::new(See::Macs(*end, probe(test))) }
        }
        Means::Time => Atom::new(See::Index("ts", probe(test))),
        Means::Index(column) => Atom::new(See::Index(column, probe(test))),
        Means::Flow(column) => Atom { flows: flows(&test.on(column))?, ..Atom::new(See::Nothing) },
        Means::Fact(told) => Atom { frames: case.fact_frames_where(&of_told(told, test))?, ..Atom::new(See::Nothing) },
        Means::Seen(name) => {
            Atom { others: Known::Maybe, loose: Known::Maybe, ..Atom::new(See::Field(name, probe(test))) }
        }
        Means::Column(column) => match column.as_str() {
            "frame" | "length" | "cap_len" | "interface" | "offset" | "ts" => {
                let columns = ["frame", "length", "cap_len", "interface", "offset", "ts"];
                let column = columns.into_iter().find(|name| name == column).unwrap_or("frame");
                Atom::new(See::Index(column, probe(test)))
            }
            _ => Atom {
                others: Known::Maybe,
                loose: Known::Maybe,
                ..Atom::new(See::Column(column.clone(), probe(test)))
            },
        },
    };
    Ok(Tree::Atom(Box::new(atom)))
}

/// Frames of flows that one end of is meant: all of them, or those that go that way.
fn directed(end: End, of: HashSet<(i64, u32)>, loose: Known, see: See) -> Atom {
    match end {
        End::Either => Atom { flows: of, loose, ..Atom::new(see) },
        _ => Atom { some: of, loose, ..Atom::new(see) },
    }
}
