//! Filters on facts, flows and the fixed tables, in the case's terms.

use case::{Expr as Row, Op as On};
use dissect::protocols;
use model::filter::{Expr, Mistake, Name};

use super::check::{Checked, check};
use super::countries::Around;
use super::fields::{End, Known, Means, Told, Version, lookup};
use crate::kinds::kind;

pub(super) fn translate(expr: &Expr, view: &str, around: &Around) -> Result<Row, Mistake> {
    Ok(match expr {
        Expr::And(list) => Row::All(list.iter().map(|one| translate(one, view, around)).collect::<Result<_, _>>()?),
        Expr::Or(list) => Row::Any(list.iter().map(|one| translate(one, view, around)).collect::<Result<_, _>>()?),
        Expr::Not(inner) => translate(inner, view, around)?.not(),
        Expr::Has(name) => {
            let known = lookup(name, view)?;
            leaf(name, &Checked::there(&known), &known, view, around)?
        }
        Expr::Test(test) => {
            let known = lookup(&test.field, view)?;
            let checked = check(test, &known)?;
            let holds = leaf(&test.field, &checked, &known, view, around)?;
            match checked.not {
                true => Row::All(vec![leaf(&test.field, &Checked::there(&known), &known, view, around)?, holds.not()]),
                false => holds,
            }
        }
    })
}

fn leaf(name: &Name, test: &Checked, known: &Known, view: &str, around: &Around) -> Result<Row, Mistake> {
    let fixed = case::VIEWS.iter().any(|fixed| fixed.name == view);
    if let Means::Geo(end, version, said) = known.means
        && (!fixed || view == "flows")
    {
        let hosts = around.hosts(name, version, said, test)?;
        return leaf(name, &hosts, &Known { means: Means::Host(end, version), ..known.clone() }, view, around);
    }
    match (&known.means, view) {
        (Means::Column(column), _) => Ok(test.on(column)),
        (means, "flows") => of_flow(means, test).ok_or_else(|| misplaced(name, view)),
        (_, _) if fixed => Err(misplaced(name, view)),
        (means, _) => of_fact(means, test).ok_or_else(|| misplaced(name, view)),
    }
}

fn misplaced(name: &Name, view: &str) -> Mistake {
    Mistake::new(format!("'{}' can't be asked of {view}", name.text), name.at.clone())
}

fn of_fact(means: &Means, test: &Checked) -> Option<Row> {
    let either = |src: Row, dst: Row, end: End| match end {
        End::Either => Row::Any(vec![src, dst]),
        End::Src => src,
        End::Dst => dst,
    };
    Some(match means {
        Means::Protocol("frame") => Row::is("frame", On::Has, ""),
        Means::Protocol("eth") => Row::Flow(Box::new(Row::is("orig_l2_addr", On::Has, ""))),
        Means::Protocol(name @ ("ip" | "ipv6")) => {
            let all = Checked::any_of(version(name));
            Row::Any(vec![all.on("src"), all.on("dst")])
        }
        Means::Protocol(name @ ("tcp" | "udp" | "icmp" | "icmpv6")) => Row::Flow(Box::new(transport(name))),
        Means::Protocol(name) => facts_of(name),
        Means::Host(end, _) => either(test.on("src"), test.on("dst"), *end),
        Means::Mac(end) => {
            let (orig, resp) = (test.on("orig_l2_addr"), test.on("resp_l2_addr"));
            let by_flow = |dst| Row::End { dst, orig: Box::new(orig.clone()), resp: Box::new(resp.clone()) };
            let (src, dst) =
                (Row::Any(vec![test.on("src"), by_flow(false)]), Row::Any(vec![test.on("dst"), by_flow(true)]));
            either(src, dst, *end)
        }
        Means::Port(proto, end) => {
            let (orig, resp) = (test.on("id.orig_p"), test.on("id.resp_p"));
            let proto = Row::is("proto", On::Is, *proto);
            let with = |port: Row| Box::new(Row::All(vec![proto.clone(), port]));
            match end {
                End::Either => Row::Flow(with(Row::Any(vec![orig, resp]))),
                end => Row::End { dst: *end == End::Dst, orig: with(orig), resp: with(resp) },
            }
        }
        Means::Time => test.on("ts"),
        Means::Index("frame") => test.on("frame"),
        Means::Flow(column) => Row::Flow(Box::new(test.on(column))),
        Means::Fact(told) => of_told(told, test),
        Means::Index(_) | Means::Column(_) | Means::Seen(_) | Means::Geo(..) => return None,
    })
}

pub(super) fn of_flow(means: &Means, test: &Checked) -> Option<Row> {
    let either = |orig: &str, resp: &str, end: End| match end {
        End::Either => Row::Any(vec![test.on(orig), test.on(resp)]),
        End::Src => test.on(orig),
        End::Dst => test.on(resp),
    };
    Some(match means {
        Means::Protocol("frame") => Row::All(Vec::new()),
        Means::Protocol("eth") => Row::is("orig_l2_addr", On::Has, ""),
        Means::Protocol(name @ ("ip" | "ipv6")) => Checked::any_of(version(name)).on("id.orig_h"),
        Means::Protocol(name @ ("tcp" | "udp" | "icmp" | "icmpv6")) => transport(name),
        Means::Protocol(name) if is_protocol(name) => {
            let service = Row::is("service", On::Is, *name);
            match shared(name) {
                // it is spoken inside other protocols, too
                Some((kind, field, value)) => {
                    let inside = Row::Fact(vec![kind.to_owned()], Box::new(Row::is(field, On::Is, value)));
                    Row::Any(vec![service, inside])
                }
                None => service,
            }
        }
        Means::Protocol(name) => Row::Fact(kinds_of(name), Box::new(Row::All(Vec::new()))),
        Means::Host(end, _) => either("id.orig_h", "id.resp_h", *end),
        Means::Mac(end) => either("orig_l2_addr", "resp_l2_addr", *end),
        Means::Port(proto, end) => {
            Row::All(vec![Row::is("proto", On::Is, *proto), either("id.orig_p", "id.resp_p", *end)])
        }
        Means::Time => test.on("ts"),
        Means::Flow(column) => test.on(column),
        Means::Fact(told) => Row::Fact(owned(&told.kinds), Box::new(of_told(told, test))),
        Means::Index(_) | Means::Column(_) | Means::Seen(_) | Means::Geo(..) => return None,
    })
}

pub(super) fn of_told(told: &Told, test: &Checked) -> Row {
    let mut fields: Vec<Row> = told.fields.iter().map(|field| test.on(field)).collect();
    let field = if fields.len() == 1 { fields.swap_remove(0) } else { Row::Any(fields) };
    let mut all = vec![Row::Kinds(owned(&told.kinds)), field];
    for (field, value) in told.only.into_iter().flatten() {
        // What some kinds don't say at all excludes nothing.
        all.push(Row::is(field, On::Has, "").not_or(Row::is(field, On::Is, value)));
    }
    Row::All(all)
}

trait NotOr {
    fn not_or(self, other: Row) -> Row;
}

impl NotOr for Row {
    fn not_or(self, other: Row) -> Row {
        Row::Any(vec![self.not(), other])
    }
}

/// Of flows.
fn transport(name: &str) -> Row {
    let ip = match name {
        "icmp" => "ip",
        "icmpv6" => "ipv6",
        other => return Row::is("proto", On::Is, other),
    };
    Row::All(vec![Row::is("proto", On::Is, "icmp"), Checked::any_of(version(ip)).on("id.orig_h")])
}

fn version(name: &str) -> Version {
    if name == "ip" { Version::Four } else { Version::Six }
}

pub(super) fn is_protocol(name: &str) -> bool {
    protocols::ALL.iter().any(|protocol| protocol.name() == name)
}

/// Protocols that make facts of another's kind, and what is said in theirs alone: kind, field, value.
const SHARED: &[(&str, (&str, &str, &str))] = &[("http2", ("http", "version", "2"))];

fn shared(name: &str) -> Option<(&'static str, &'static str, &'static str)> {
    SHARED.iter().find(|(known, _)| *known == name).map(|(_, theirs)| *theirs)
}

/// The facts that a protocol makes.
pub(super) fn facts_of(name: &str) -> Row {
    match shared(name) {
        Some((kind, field, value)) => Row::All(vec![Row::Kinds(vec![kind.to_owned()]), Row::is(field, On::Is, value)]),
        None => Row::Kinds(kinds_of(name)),
    }
}

/// The kinds of facts that a protocol makes, or the kind of that name.
pub(super) fn kinds_of(name: &str) -> Vec<String> {
    match protocols::ALL.iter().find(|protocol| protocol.name() == name) {
        Some(protocol) => protocol.kinds().iter().map(|kind| kind.name.to_owned()).collect(),
        None => kind(name).into_iter().map(|kind| kind.name.to_owned()).collect(),
    }
}

fn owned(kinds: &[&str]) -> Vec<String> {
    kinds.iter().map(|kind| (*kind).to_owned()).collect()
}
