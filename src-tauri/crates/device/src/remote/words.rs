//! What a broker's codes mean, and what can be done: MQTT 3.1.1 section 3.2.2.3, MQTT 5 section 2.4.

/// (code, its name, what can be done)
type Word = (u8, &'static str, &'static str);

/// CONNACK of MQTT 3.1.1.
const CONNECT_3: &[Word] = &[
    (1, "it does not speak this version of MQTT", "try the other version"),
    (2, "it does not take this client id", "give another client id; AWS IoT wants the thing's own"),
    (3, "it is not available just now", "try again later"),
    (4, "user or password is wrong or malformed", "check both"),
    (5, "this client is not allowed in", "check user, certificate and client id against the broker's rules"),
];

/// Reason codes of MQTT 5.
const REASONS_5: &[Word] = &[
    (0x04, "disconnected, with the will to be published", ""),
    (0x10, "nobody is subscribed to it", ""),
    (0x11, "there was no such subscription", ""),
    (0x80, "an error that it does not name", "look at the broker's own log"),
    (0x81, "malformed packet", "try MQTT 3.1.1; the recording has the packet"),
    (0x82, "protocol error", "try MQTT 3.1.1; the recording has the packet"),
    (0x83, "the broker does not accept it, for reasons of its own", "look at the broker's own log"),
    (0x84, "it does not speak this version of MQTT", "try the other version"),
    (0x85, "it does not take this client id", "give another client id; AWS IoT wants the thing's own"),
    (0x86, "user or password is wrong or malformed", "check both"),
    (0x87, "this client is not allowed to do that", "check user, certificate and client id against the broker's rules"),
    (0x88, "it is not available just now", "try again later"),
    (0x89, "it is busy", "try again later"),
    (0x8a, "this client is banned", "ask whoever runs the broker"),
    (0x8b, "it is shutting down", "try again later"),
    (0x8c, "it does not take this way to prove who one is", "use user and password, or a certificate"),
    (0x8d, "nothing was heard from us within the keep-alive", "check the network; try a longer keep-alive"),
    (0x8e, "another client came with the same client id and took over", "give a client id that no device has"),
    (0x8f, "the topic filter is not valid", "check the filter"),
    (0x90, "the topic name is not valid", "check the topic"),
    (0x91, "the packet identifier is in use", "try again"),
    (0x92, "the packet identifier is not known", ""),
    (0x93, "more came at once than was agreed", "send more slowly"),
    (0x94, "the topic alias is not valid", ""),
    (0x95, "the packet is too large", "send less at once"),
    (0x96, "messages come too fast", "send more slowly"),
    (0x97, "a quota is exceeded", "ask whoever runs the broker"),
    (0x98, "ended by whoever runs the broker", "ask whoever runs the broker"),
    (0x99, "the payload is not of the format that was said", "check the payload"),
    (0x9a, "it keeps no retained messages", "publish without retain"),
    (0x9b, "it does not support this QoS", "use a lower QoS"),
    (0x9c, "another server is to be used for now", "connect to the server that it names"),
    (0x9d, "the server has moved", "connect to the server that it names"),
    (0x9e, "it does not support shared subscriptions", "subscribe without $share"),
    (0x9f, "connections come too fast", "wait before connecting again"),
    (0xa0, "the connection has lasted as long as it may", "connect again"),
    (0xa1, "it does not support subscription identifiers", ""),
    (0xa2, "it does not support wildcard subscriptions", "subscribe to whole topics"),
];

/// Why a broker did not let us in.
pub(super) fn refused(code: u8, is_v5: bool, said: Option<&str>) -> String {
    sentence("the broker refuses the connection", code, if is_v5 { REASONS_5 } else { CONNECT_3 }, said)
}

/// Why something ended or was not done.
pub(super) fn reason(what: &str, code: u8, said: Option<&str>) -> String {
    sentence(what, code, REASONS_5, said)
}

fn sentence(what: &str, code: u8, words: &[Word], said: Option<&str>) -> String {
    let known = words.iter().find(|(own, ..)| *own == code);
    let (name, mend) = known.map_or(("a reason that MQTT has no name for", ""), |(_, name, mend)| (*name, *mend));
    let said = said.filter(|said| !said.is_empty()).map_or(String::new(), |said| format!(" (it says: {said})"));
    let mend = if mend.is_empty() { String::new() } else { format!("; {mend}") };
    format!("{what}: {name}{said} [code 0x{code:02x}]{mend}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_code_has_a_sentence_once() {
        for words in [CONNECT_3, REASONS_5] {
            for (n, (code, name, _)) in words.iter().enumerate() {
                assert!(!name.is_empty());
                assert!(words.iter().skip(n + 1).all(|(other, ..)| other > code), "0x{code:02x}");
            }
        }
        assert_eq!(
            refused(5, false, None),
            "the broker refuses the connection: this client is not allowed in [code 0x05]; check user, certificate and client id against the broker's rules"
        );
        assert_eq!(
            reason("the broker has ended the connection", 0x8e, Some("bye")),
            "the broker has ended the connection: another client came with the same client id and took over (it says: bye) [code 0x8e]; give a client id that no device has"
        );
        assert!(reason("x", 0xfe, None).contains("no name"));
    }
}
