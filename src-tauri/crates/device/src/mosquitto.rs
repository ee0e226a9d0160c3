//! The same rules, told to Debian's mosquitto: for when devices are to meet a broker that runs elsewhere.

use std::path::Path;

use crate::Error;
use crate::authority::is_thing_id;
use crate::kind::Kind;
use crate::packet::LARGEST;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MosquittoFiles {
    /// `mosquitto.conf`. Names four files in the folder: `authority.pem`, `broker.pem`, `broker-key.pem` and `acl`.
    pub configuration: String,
    /// `acl`.
    pub acl: String,
}

/// What mosquitto (2.0 or later) needs to let things do what the bench's broker lets them do: each comes with a certificate that names it, and speaks on
/// its own topics alone. Rules there are the same for all kinds given. A certificate for `operator` may do everything.
///
/// Two things are different there: a subscription that is not allowed is acknowledged and stays silent, and nobody serves shadows.
pub fn mosquitto_files(kinds: &[&Kind], folder: &Path, port: u16, operator: &str) -> Result<MosquittoFiles, Error> {
    let path = |name: &str| match folder.join(name).to_str() {
        Some(path) if !path.chars().any(char::is_control) => Ok(path.to_owned()),
        _ => Err(Error::invalid("writing files for mosquitto: the folder's name can't be said in them")),
    };
    if !is_thing_id(operator) {
        return Err(Error::invalid(format!("writing files for mosquitto: '{operator}' is no name for the operator")));
    }
    let configuration = [
        format!("listener {port}"),
        format!("cafile {}", path("authority.pem")?),
        format!("certfile {}", path("broker.pem")?),
        format!("keyfile {}", path("broker-key.pem")?),
        "require_certificate true".into(),
        // Who somebody is stands in the certificate, whatever a CONNECT says.
        "use_identity_as_username true".into(),
        "use_username_as_clientid true".into(),
        "allow_anonymous false".into(),
        format!("acl_file {}", path("acl")?),
        format!("max_packet_size {LARGEST}"),
        "persistence false".into(),
    ];
    let mut acl = vec![format!("user {operator}"), "topic readwrite #".into(), "topic readwrite $aws/#".into()];
    for kind in kinds {
        let patterns = kind.publish.iter().map(|topic| ("write", topic.clone()));
        let patterns = patterns.chain(kind.subscribe.iter().map(|filter| ("read", filter.clone())));
        let shadow = if kind.shadow { SHADOW } else { &[] };
        let patterns = patterns.chain(shadow.iter().map(|(way, topic)| (*way, (*topic).to_owned())));
        for (way, topic) in patterns {
            let line = format!("pattern {way} {}", topic.replace("{id}", "%u"));
            if !acl.contains(&line) {
                acl.push(line);
            }
        }
    }
    let text = |lines: &[String]| lines.iter().flat_map(|line| [line.as_str(), "\n"]).collect();
    Ok(MosquittoFiles { configuration: text(&configuration), acl: text(&acl) })
}

const SHADOW: &[(&str, &str)] = &[
    ("write", "$aws/things/{id}/shadow/get"),
    ("write", "$aws/things/{id}/shadow/update"),
    ("write", "$aws/things/{id}/shadow/delete"),
    ("write", "$aws/things/{id}/shadow/name/+/get"),
    ("write", "$aws/things/{id}/shadow/name/+/update"),
    ("write", "$aws/things/{id}/shadow/name/+/delete"),
    ("read", "$aws/things/{id}/shadow/#"),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kind::Kinds;

    #[test]
    fn rules_are_said_in_mosquittos_words() {
        let kinds = Kinds::usual();
        let light = kinds.get("light").unwrap();
        let files = mosquitto_files(&[light, light], Path::new("/etc/mosquitto"), 8883, "bench").unwrap();
        assert!(files.configuration.starts_with("listener 8883\ncafile /etc/mosquitto/authority.pem\n"));
        let acl: Vec<_> = files.acl.lines().collect();
        assert_eq!(acl[..2], ["user bench", "topic readwrite #"]);
        assert_eq!(
            acl[3..6],
            ["pattern write %u/data", "pattern read %u/command", "pattern write $aws/things/%u/shadow/get"]
        );
        assert_eq!(acl.len(), 12);
        for (folder, operator) in [("a\nallow_anonymous true", "bench"), ("a", "bench\ntopic #"), ("a", "")] {
            assert!(mosquitto_files(&[light], Path::new(folder), 1, operator).is_err());
        }
    }
}
