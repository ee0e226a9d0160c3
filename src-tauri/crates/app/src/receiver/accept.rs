//! Which reports are kept: those that are reports, and prove who sent them.

use std::net::SocketAddr;

use model::Time;
use serde_json::{Value, json};

use super::keys::Keys;
use super::{Maker, Refused};

/// A report that may be kept.
#[derive(Debug)]
pub(super) struct Accepted {
    pub verified: bool,
    /// What it is.
    pub words: String,
}

/// The signature is looked at before the body is.
pub(super) fn accept(
    keys: &Keys,
    accept_unsigned: bool,
    maker: Maker,
    signature: Option<&[u8]>,
    body: &[u8],
) -> Result<Accepted, Refused> {
    let unproven = |why: &str| Err(Refused::Unproven(why.to_owned()));
    let read = || evidence::about_report(body).map_err(Refused::Unreadable);
    match maker {
        Maker::CloudTrax => {
            let signer = signature.and_then(|signature| keys.signer(signature, body));
            match (signature, signer) {
                (None, _) if !accept_unsigned => return unproven("no signature"),
                (Some(_), None) if !accept_unsigned => return unproven("wrong signature"),
                _ => {}
            }
            let about = read()?;
            if about.format != "cloudtrax" {
                return Err(Refused::Unreadable("no CloudTrax report".into()));
            }
            if signer.is_some_and(|signer| signer != about.network) {
                return unproven("signed with the key of another network");
            }
            if signer.is_none() && signature.is_some() && keys.has(&about.network) {
                return unproven("wrong signature");
            }
            Ok(Accepted { verified: signer.is_some(), words: about.words })
        }
        Maker::Meraki => {
            let value: Value = serde_json::from_slice(body).map_err(|why| Refused::Unreadable(why.to_string()))?;
            let secret = value.get("secret").and_then(Value::as_str);
            let verified = secret.is_some_and(|secret| keys.is_meraki(secret));
            if !verified && (!accept_unsigned || keys.has_meraki()) {
                return unproven(if secret.is_some() { "wrong secret" } else { "no secret" });
            }
            let about = read()?;
            if about.format != "meraki" {
                return Err(Refused::Unreadable("no Meraki report".into()));
            }
            Ok(Accepted { verified, words: about.words })
        }
    }
}

/// The line that keeps a report: the body stands in it byte for byte. It is UTF-8, as every JSON text is.
pub(super) fn envelope(received: Time, peer: SocketAddr, verified: bool, body: &str) -> Vec<u8> {
    let line =
        json!({ "received": received.to_string(), "peer": peer.to_string(), "verified": verified, "body": body });
    let mut line = line.to_string().into_bytes();
    line.push(b'\n');
    line
}

#[cfg(test)]
mod tests {
    use super::super::ReceiverKey;
    use super::*;

    #[test]
    fn who_may_come_in() {
        let mut keys = Keys::default();
        for (network, secret) in [("700123", "s3cret"), ("5", "other"), ("meraki", "s3cret")] {
            let secret = Some(secret.to_owned());
            keys.set(&ReceiverKey { network: network.into(), secret, file: None, variable: None }).unwrap();
        }
        let report = r#"{"network_id":700123,"node_mac":"AC:86:74:00:10:20","version":1,"probe_requests":[{"mac":"9c:b6:d0:11:22:33","count":3,"min_signal":-71,"max_signal":-60,"avg_signal":-66,"first_seen":1700000000,"last_seen":1700000012,"associated":true}]}"#;
        let right = "dbee9298562dee4d88a4d10a0c276c8ee3cb423f74a59783033f234580487006";
        let another = report.replace("700123", "5");
        let unknown = report.replace("700123", "6");
        let meraki = r#"{"version":"3.0","secret":"s3cret","type":"WiFi","data":{"networkId":"N","observations":[]}}"#;
        let stranger = meraki.replace("s3cret", "secret");
        let wrong = right.replace('d', "e");
        use Maker::{CloudTrax, Meraki};
        for (unsigned, maker, signature, body, said) in [
            (false, CloudTrax, right, report, "verified"),
            (false, CloudTrax, "", report, "no signature"),
            (false, CloudTrax, &wrong, report, "wrong signature"),
            (false, CloudTrax, right, another.as_str(), "wrong signature"),
            (false, CloudTrax, "", "no JSON", "no signature"),
            (true, CloudTrax, right, report, "verified"),
            (true, CloudTrax, "", report, "unverified"),
            (true, CloudTrax, &wrong, report, "wrong signature"),
            (true, CloudTrax, &wrong, unknown.as_str(), "unverified"),
            (true, CloudTrax, "", meraki, "no CloudTrax report"),
            (
                true,
                CloudTrax,
                "",
                "{\"network_id\":1}",
                "cloudtrax: no node_mac that is an address; meraki: no version",
            ),
            (true, CloudTrax, "", "{\"network_id\":1", "no JSON: neither a comma nor an end at 15"),
            (false, Meraki, "", meraki, "verified"),
            (false, Meraki, "", stranger.as_str(), "wrong secret"),
            (true, Meraki, "", stranger.as_str(), "wrong secret"),
            (false, Meraki, "", "{}", "no secret"),
            (
                false,
                Meraki,
                "",
                "{\"secret\":\"s3cret\"}",
                "cloudtrax: no network_id that is a number; meraki: no version",
            ),
            (false, Meraki, "", "{", "EOF while parsing an object at line 1 column 1"),
        ] {
            let signature = Some(signature.as_bytes()).filter(|signature| !signature.is_empty());
            let answer = match accept(&keys, unsigned, maker, signature, body.as_bytes()) {
                Ok(accepted) => if accepted.verified { "verified" } else { "unverified" }.to_owned(),
                Err(Refused::Unproven(why) | Refused::Unreadable(why) | Refused::Unsafe(why)) => why,
            };
            assert_eq!(answer, said, "{unsigned} {maker:?} {signature:?} {body}");
        }
        let deep = "[".repeat(1_000_000);
        assert!(accept(&keys, true, CloudTrax, None, deep.as_bytes()).is_err());
        assert!(accept(&keys, true, CloudTrax, None, &[0xff; 100]).is_err());
        // Whoever has one network's key can't speak for another.
        let mut keys = Keys::default();
        keys.set(&ReceiverKey { network: "5".into(), secret: Some("s3cret".into()), file: None, variable: None })
            .unwrap();
        let answer = accept(&keys, true, CloudTrax, Some(right.as_bytes()), report.as_bytes()).unwrap_err();
        assert_eq!(answer, Refused::Unproven("signed with the key of another network".into()));
    }
}
