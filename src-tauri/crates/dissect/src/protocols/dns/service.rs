//! What a device announces of itself by multicast DNS (DNS-SD, RFC 6763).

use std::net::IpAddr;

use model::Fields;

use super::message::{DnsMessage, Name, Record, Section, write_text};
use super::records::{A, AAAA, PTR, SRV, TXT, strings};
use crate::protocols::cursor::Cursor;

/// A message names few services; a hostile one may name thousands.
const MOST_SERVICES: usize = 64;

/// Writes service, instance, host, port, txt and addresses of a response to `fields`.
pub fn summarise(dns: &DnsMessage, fields: &mut Fields) {
    let announced = || dns.records.iter().filter(|record| record.section != Section::Authority).take(1024);
    let mut services: Vec<String> = Vec::new();
    let mut instances: Vec<String> = Vec::new();
    for record in announced() {
        let Some(service) = Service::of(dns, record) else { continue };
        if services.len() < MOST_SERVICES && !services.contains(&service.service) {
            services.push(service.service);
        }
        if let Some(instance) = service.instance
            && instances.len() < MOST_SERVICES
            && !instances.contains(&instance)
        {
            instances.push(instance);
        }
    }
    let target = announced().find(|record| record.rtype == SRV).and_then(|record| srv(dns, record));
    let address = announced().find(|record| matches!(record.rtype, A | AAAA));
    let host = target.as_ref().map(|(host, _)| host.clone()).or_else(|| address.map(|record| record.name.text()));
    let addresses: Vec<IpAddr> = announced().filter_map(|record| ip(dns, record)).take(MOST_SERVICES).collect();
    if let Some(service) = services.first() {
        fields.text("service", service);
    }
    if let Some(instance) = instances.first() {
        fields.text("instance", instance);
    }
    if let Some(host) = host {
        fields.text("host", &host);
    }
    if let Some((_, port)) = target {
        fields.int("port", port.into());
    }
    if let Some(record) = announced().find(|record| record.rtype == TXT) {
        let texts = texts(dns.bytes, record);
        if !texts.is_empty() {
            fields.texts("txt", texts);
        }
    }
    if !addresses.is_empty() {
        fields.texts("addresses", addresses.iter().map(ToString::to_string));
    }
    if services.len() > 1 {
        fields.texts("services", services);
    }
    if instances.len() > 1 {
        fields.texts("instances", instances);
    }
    if announced().any(|record| record.ttl == 0 && record.section == Section::Answer) {
        fields.flag("goodbye", true);
    }
}

/// The strings of a TXT record that are not empty.
pub fn texts(message: &[u8], record: &Record) -> Vec<String> {
    let mut cursor = Cursor::starting(message, record.data.start);
    let Ok(data) = cursor.part(record.data.len(), "text cut short") else { return Vec::new() };
    strings(data)
        .map_while(Result::ok)
        .filter(|string| !string.is_empty())
        .take(MOST_SERVICES)
        .map(|mut string| {
            let mut text = String::new();
            write_text(&mut text, string.rest());
            text
        })
        .collect()
}

/// `_hap._tcp`, and who offers it.
struct Service {
    service: String,
    instance: Option<String>,
}

impl Service {
    fn of(dns: &DnsMessage, record: &Record) -> Option<Service> {
        match record.rtype {
            SRV | TXT => Service::read(&record.name),
            PTR => {
                let mut cursor = Cursor::starting(dns.bytes, record.data.start);
                // in the list of all services the target is a service itself, without an instance
                Service::read(&Name::read(&mut cursor).ok()?)
            }
            _ => None,
        }
    }

    /// Splits `<instance>._service._proto.<domain>`.
    fn read(name: &Name) -> Option<Service> {
        let labels: Vec<&[u8]> = name.labels().take(8).collect();
        let proto = labels
            .iter()
            .position(|label| label.eq_ignore_ascii_case(b"_tcp") || label.eq_ignore_ascii_case(b"_udp"))?;
        let service = labels.get(proto.checked_sub(1)?).filter(|label| label.starts_with(b"_"))?;
        if labels.starts_with(&[b"_services", b"_dns-sd"]) {
            return None;
        }
        let dotted = |labels: &[&[u8]]| {
            let mut text = String::new();
            for (n, label) in labels.iter().enumerate() {
                if n > 0 {
                    text.push('.');
                }
                write_text(&mut text, label);
            }
            text
        };
        let before = labels.get(..proto - 1)?;
        // `_printer._sub._http._tcp` is a subtype, not an instance
        let instance = (!before.is_empty() && before.last() != Some(&b"_sub".as_slice())).then(|| dotted(before));
        Some(Service { service: dotted(&[service, labels[proto]]), instance })
    }
}

fn srv(dns: &DnsMessage, record: &Record) -> Option<(String, u16)> {
    let mut data = Cursor::starting(dns.bytes, record.data.start);
    let port = [data.u16("").ok()?, data.u16("").ok()?, data.u16("").ok()?][2];
    Some((Name::read(&mut data).ok()?.text(), port))
}

fn ip(dns: &DnsMessage, record: &Record) -> Option<IpAddr> {
    let data = dns.bytes.get(record.data.clone())?;
    match record.rtype {
        A => <[u8; 4]>::try_from(data).ok().map(IpAddr::from),
        AAAA => <[u8; 16]>::try_from(data).ok().map(IpAddr::from),
        _ => None,
    }
}
