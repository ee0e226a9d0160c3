//! What the case's authority gives, as others read it.

use std::process::Command;

use device::authority::{Authority, KeyKind, is_thing_id};
use device::certificate::{key_matches, read};
use model::Time;

const ID: &str = "3f0c6a51-2c1e-4c0f-9a40-9d6f5d0b7c11";

fn at(text: &str) -> Time {
    Time::parse(text).unwrap()
}

#[test]
fn a_thing_gets_what_aws_would_give() {
    let now = at("2026-11-21T12:00:00Z");
    let authority = Authority::make("Case 7", now).unwrap();
    let authority = Authority::open(authority.certificate_pem(), authority.key_pem()).unwrap();
    let issued = authority.issue(ID, KeyKind::Rsa2048, now, None).unwrap();
    let facts = &issued.certificate;
    assert_eq!(facts.subject, format!("CN={ID}"));
    assert_eq!(facts.issuer, "CN=Case 7");
    assert_eq!((facts.not_before, facts.not_after), (now, at("2049-12-31T23:59:59Z")));
    assert_eq!((facts.public_key.as_str(), facts.serial.len()), ("RSA 2048", 40));
    assert!(issued.private_key_pem.starts_with("-----BEGIN RSA PRIVATE KEY-----\n"));
    assert!(issued.public_key_pem.starts_with("-----BEGIN PUBLIC KEY-----\n"));
    assert_eq!(read(&issued.certificate_pem).unwrap(), *facts);

    let other = authority.issue(ID, KeyKind::P256, now, Some(at("2026-11-21T12:00:10Z"))).unwrap();
    assert_eq!(other.certificate.not_after, at("2026-11-21T12:00:10Z"));
    assert_eq!(other.certificate.public_key, "EC 256");
    assert_ne!(other.certificate.serial, facts.serial);
    for (certificate, key, matches) in [
        (&issued.certificate_pem, &issued.private_key_pem, true),
        (&other.certificate_pem, &other.private_key_pem, true),
        (&issued.certificate_pem, &other.private_key_pem, false),
        (&other.certificate_pem, &issued.private_key_pem, false),
    ] {
        assert_eq!(key_matches(certificate, key), Ok(matches));
    }
    assert!(Authority::open(authority.certificate_pem(), &other.private_key_pem).is_err());
}

#[test]
fn openssl_agrees() {
    if Command::new("openssl").arg("version").output().is_err() {
        println!("skipped: there is no openssl here");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    let now = Time(std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap().as_nanos() as i64);
    let authority = Authority::make("Case 7", now).unwrap();
    let ca = file("ca.pem", authority.certificate_pem());
    let openssl = |arguments: &[&str]| {
        let output = Command::new("openssl").args(arguments).output().unwrap();
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
    };
    for (purpose, issued) in [
        ("sslclient", authority.issue(ID, KeyKind::Rsa2048, now, None).unwrap()),
        ("sslclient", authority.issue(ID, KeyKind::P256, now, None).unwrap()),
        ("sslserver", authority.server(&["bench.lan".into(), "192.0.2.7".into(), "::1".into()], now).unwrap()),
    ] {
        let certificate = file("certificate.pem", &issued.certificate_pem);
        let key = file("key.pem", &issued.private_key_pem);
        let (ca, certificate, key) = (ca.to_str().unwrap(), certificate.to_str().unwrap(), key.to_str().unwrap());
        let verified = openssl(&["verify", "-x509_strict", "-purpose", purpose, "-CAfile", ca, certificate]);
        assert!(verified.trim_end().ends_with(": OK"), "{purpose}: {verified}");
        let public = openssl(&["x509", "-in", certificate, "-noout", "-pubkey"]);
        assert_eq!(public, issued.public_key_pem);
        assert_eq!(openssl(&["pkey", "-in", key, "-pubout"]), issued.public_key_pem);
        let print =
            openssl(&["x509", "-in", certificate, "-noout", "-fingerprint", "-sha256", "-ext", "subjectAltName"]);
        let said = print.split('=').nth(1).unwrap().lines().next().unwrap().replace(':', "").to_lowercase();
        assert_eq!(said, model::hex(&issued.certificate.sha256));
        if purpose == "sslserver" {
            assert!(print.contains("DNS:bench.lan, IP Address:192.0.2.7, IP Address:0:0:0:0:0:0:0:1"), "{print}");
        }
    }
}

#[test]
fn what_makes_no_sense_is_refused() {
    let now = at("2026-11-21T12:00:00Z");
    let authority = Authority::make("Case 7", now).unwrap();
    for id in ["", "a/b", "a+b", "#", "a b", "ä", "{id}", &"x".repeat(129)] {
        assert!(!is_thing_id(id) && authority.issue(id, KeyKind::P256, now, None).is_err(), "{id}");
    }
    assert!(authority.issue("a", KeyKind::P256, now, Some(now)).is_err());
    assert!(authority.server(&[], now).is_err());
    assert!(authority.server(&["ä".into()], now).is_err());
    for text in ["", "no PEM", "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n", &"-".repeat(1 << 20)] {
        assert!(read(text).is_err() && key_matches(text, authority.key_pem()).is_err());
        assert!(key_matches(authority.certificate_pem(), text).is_err());
        assert!(Authority::open(text, authority.key_pem()).is_err());
    }
    // Cut short anywhere, and changed anywhere: an error, or a certificate, and never a panic.
    let whole = authority.certificate_pem();
    for at in (0..whole.len()).step_by(7) {
        let _ = read(&whole[..at]);
        let mut changed = whole.as_bytes().to_vec();
        changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
        let _ = read(std::str::from_utf8(&changed).unwrap());
    }
}
