use serde_json::json;

use super::complete::Candidate;
use super::*;
use crate::state::App;

fn wrong(text: &str, view: &str) -> String {
    let app = App::new(Some("/nowhere".into()));
    for_rows(text, view, &Around::without_case(&app.geo)).map(|_| ()).map_err(|why| why.message).unwrap_err()
}

#[test]
fn mistakes_are_told_with_their_place() {
    for (text, view, says) in [
        ("htpp.host", "facts", "filter: unknown field 'htpp.host' at 1; did you mean 'http.host'?"),
        ("dns or mqqt", "facts", "filter: unknown field or protocol 'mqqt' at 8; did you mean 'mqtt'?"),
        ("xyzzy.nothing.like.it == 1", "facts", "filter: unknown field 'xyzzy.nothing.like.it' at 1"),
        ("ip.addr == 10.0.0", "facts", "filter: '10.0.0' is not an IP address at 12"),
        ("ip.addr == 10.0.0.0/40", "flows", "filter: '10.0.0.0/40' is not a block such as 10.0.0.0/8 at 12"),
        ("ip.addr == fe80::1", "facts", "filter: 'fe80::1' is an IPv6 address: write ipv6 rather than ip at 12"),
        ("ip.addr < 10.0.0.1", "facts", "filter: addresses are compared with ==, != and in, not with < at 1"),
        ("tcp.port == http", "facts", "filter: 'http' is not a number at 13"),
        ("eth.addr == 1", "facts", "filter: '1' is not a MAC address such as 18:b4:30:00:00:07 at 13"),
        ("frame.time > tomorrow", "facts", "filter: 'tomorrow' is not a time such as 2026-03-14T17:42:09Z at 14"),
        ("dns == 1", "facts", "filter: 'dns' is a protocol, and stands alone at 1"),
        ("ip.ttl < 5", "facts", "filter: 'ip.ttl' is read from packets, and can only be asked of frames at 1"),
        ("frame.len > 5", "facts", "filter: 'frame.len' can't be asked of facts at 1"),
        (
            "ip.geoip.src_country_iso == \"DE\"",
            "flows",
            "filter: 'ip.geoip.src_country_iso' is told by a table of countries, and none is loaded at 1; load one in MaxMind's format (geo_load)",
        ),
        (
            "dns && !ipv6.geoip.asnum",
            "facts",
            "filter: 'ipv6.geoip.asnum' is told by a table of organisations, and none is loaded at 9; load one in MaxMind's format (geo_load)",
        ),
        ("ip.geoip.country", "devices", "filter: 'ip.geoip.country' can't be asked of devices at 1"),
        ("ip.geoip.asnum == DE", "flows", "filter: 'DE' is not a number at 19"),
        ("ip.geoip.city", "facts", "filter: unknown field 'ip.geoip.city' at 1; did you mean 'ip.geoip.country'?"),
        ("dns", "devices", "filter: 'dns' can't be asked of devices at 1"),
        ("(dns", "facts", "filter: ')' is missing at 5"),
    ] {
        assert_eq!(wrong(text, view), says, "{text}");
    }
    let says = wrong("http.host matches \"(\"", "facts");
    assert!(says.starts_with("filter: the pattern can't be used (unclosed group) at 19"), "{says}");
    assert!(wrong("http.host matches \"((a{500}){500}){500}\"", "facts").contains("it is too large"));
}

#[test]
fn every_name_can_be_asked_where_it_is_offered() {
    for view in ["facts", "dns", "flows", "frames", "evidence", "devices", "issues"] {
        let names = super::fields::all(view);
        assert!(names.len() > 200, "{view}");
        for known in names {
            let name = model::filter::Name { text: known.name.clone(), at: 0..0 };
            assert!(super::fields::lookup(&name, view).is_ok(), "{view}: {}", known.name);
            assert!(!known.about.trim().is_empty(), "{view}: {} has no explanation", known.name);
        }
    }
}

fn complete(text: &str, view: &str) -> (String, Vec<Candidate>, Option<String>) {
    let (before, after) = text.split_once('|').unwrap();
    let app = App::new(None);
    let request =
        serde_json::from_value(json!({ "text": format!("{before}{after}"), "caret": before.len(), "view": view }));
    let found = filter_complete(&app, request.unwrap()).unwrap();
    let whole = format!("{before}{after}");
    (whole[found.start as usize..found.end as usize].to_owned(), found.candidates, found.problem)
}

#[test]
fn what_could_come_next() {
    for (text, replaces, first, problem) in [
        ("|", "", "arp", false),
        ("dns.q|", "dns.q", "dns.qclass", true),
        ("dns.qry.n|", "dns.qry.n", "dns.qry.name", true),
        ("ip.addr |", "", "==", false),
        ("dns |", "", "&&", false),
        ("dns && ht|", "ht", "http", true),
        ("dns &&|", "", "arp", true),
        ("!(mq|)", "mq", "mqtt", true),
        ("mqtt.msgtype == |", "", "1", true),
        ("ip.addr == 10.0.0.1 |", "", "&&", false),
        ("dns.qry.name con|", "con", "contains", true),
        ("hos|t.name", "host.name", "http.host", true),
    ] {
        let (start, candidates, wrong) = complete(text, "facts");
        assert_eq!(start, replaces, "{text}");
        let names: Vec<&str> = candidates.iter().take(12).map(|one| one.text.as_str()).collect();
        assert!(names.contains(&first), "{text}: {names:?}");
        assert_eq!(wrong.is_some(), problem, "{text}: {wrong:?}");
    }
    let (.., problem) = complete("é == ;|", "facts");
    assert_eq!(problem.as_deref(), Some("';' makes no sense at 7"));
}
