//! EAPOL (IEEE 802.1X): how a device proves itself to a network - the four-way handshake of WPA (IEEE 802.11 section 12.7), and EAP
//! (RFC 3748) in front of it.

use model::{Kind, Mac, Party, hex};

use super::{Layers, wlan};
use crate::bytes::{chunk, u16_be};
use crate::protocols::Out;

pub(super) const KIND: Kind = Kind {
    name: "eapol",
    about: "one step of a device's login to a network (802.1X, WPA handshake)",
    fields: &[
        ("msg_type", "key, start, logoff, eap_request, eap_response, eap_success, eap_failure, other"),
        ("message", "of a key: 1 to 4 in the handshake, with 4 the device is in; of the group key handshake 1 or 2"),
        ("group_key", "the message renews the group key"),
        ("bssid", "address of the access point"),
        ("station", "address of the device"),
        ("key_info", "key information, hex"),
        ("descriptor", "kind of key descriptor: rsn (WPA2, WPA3), wpa or rc4"),
        ("replay_counter", "counts the access point's messages: the same again is a retry"),
        ("nonce", "random number of the sender, hex"),
        ("mic", "message integrity code, hex"),
        ("pmkid", "name of the pairwise master key, hex: with it a password can be guessed at"),
        ("eap_type", "method of an EAP message: identity, tls, peap, ..."),
        ("identity", "name that the device logs in with"),
    ],
};

const ACK: u16 = 0x0080;
const MIC: u16 = 0x0100;
const PAIRWISE: u16 = 0x0008;
const ENCRYPTED: u16 = 0x1000;

const SHORT: &str = "EAPOL message cut short";

pub(super) fn read(bytes: &[u8], at: usize, layers: &mut Layers, out: &mut Out) {
    layers.top = "eapol";
    let (Some([version, kind]), Some(length)) = (chunk::<2>(bytes, at), u16_be(bytes, at + 2)) else {
        return layers.short(bytes, at, SHORT, out);
    };
    let stated = at + 4 + usize::from(length);
    let end = stated.min(bytes.len());
    let body = &bytes[..end];
    out.tree.open("eapol", "802.1X Authentication", at..end, || kind_word(kind).to_owned());
    out.tree.int("eapol.version", "Version", at..at + 1, version);
    out.tree.coded("eapol.type", "Type", at + 1..at + 2, kind, || format!("{kind} ({})", kind_word(kind)));
    out.tree.int("eapol.len", "Length", at + 2..at + 4, length);
    match kind {
        0 => eap(body, at, layers, out),
        3 => key(body, at, layers, out),
        1 | 2 => {
            let ends = Ends::of(layers, false);
            ends.record(at..end, kind_word(kind), out);
        }
        _ => {}
    }
    if stated > bytes.len() {
        layers.short(bytes, end, SHORT, out);
    }
    out.tree.close();
}

/// Who is the access point, and who wants in.
struct Ends {
    ap: Option<Mac>,
    station: Option<Mac>,
    src: Option<Mac>,
    dst: Option<Mac>,
}

impl Ends {
    /// `by_ap`: the message is of a kind that the access point sends.
    fn of(layers: &Layers, by_ap: bool) -> Ends {
        let (src, dst) = (layers.src_mac, layers.dst_mac);
        let (ap, station) = if by_ap { (src, dst) } else { (dst, src) };
        Ends { ap: layers.bssid.or(ap), station, src, dst }
    }

    fn record<'a>(
        &self,
        range: std::ops::Range<usize>,
        word: &str,
        out: &'a mut Out,
    ) -> &'a mut crate::protocols::Draft {
        let party = |mac: Option<Mac>| mac.map_or(Party::None, Party::Mac);
        let fact = out.fact("eapol", range);
        fact.parties = Some((party(self.src), party(self.dst)));
        fact.subject = self.station.map_or(String::new(), |mac| mac.to_string());
        fact.fields.text("msg_type", word);
        for (name, mac) in [("bssid", self.ap), ("station", self.station)] {
            if let Some(mac) = mac.filter(|mac| !mac.is_group()) {
                fact.fields.shown(name, mac);
            }
        }
        fact
    }
}

/// A key message (IEEE 802.11 section 12.7.2).
fn key(bytes: &[u8], at: usize, layers: &Layers, out: &mut Out) {
    let Some(descriptor) = bytes.get(at + 4).copied() else { return layers.short(bytes, at + 4, SHORT, out) };
    let word = match descriptor {
        1 => "rc4",
        2 => "rsn",
        254 => "wpa",
        _ => "other",
    };
    out.tree.coded("eapol.keydes.type", "Descriptor", at + 4..at + 5, descriptor, || format!("{descriptor} ({word})"));
    let (Some(info), Some(key_len), Some(counter), Some(nonce)) =
        (u16_be(bytes, at + 5), u16_be(bytes, at + 7), chunk::<8>(bytes, at + 9), chunk::<32>(bytes, at + 17))
    else {
        return layers.short(bytes, at + 5, SHORT, out);
    };
    if !matches!(descriptor, 2 | 254) {
        Ends::of(layers, true).record(at..bytes.len(), "key", out).fields.text("descriptor", word);
        return;
    }
    let counter = u64::from_be_bytes(counter);
    let (mic, data_len) = (bytes.get(at + 81..at + 97), u16_be(bytes, at + 97));
    let message = message(info, &nonce, data_len);
    out.tree.int("wlan_rsna_eapol.keydes.msgnr", "Message number", at + 5..at + 7, message);
    out.tree.coded("wlan_rsna_eapol.keydes.key_info", "Key information", at + 5..at + 7, info, || info_words(info));
    out.tree.int("eapol.keydes.key_len", "Key length", at + 7..at + 9, key_len);
    out.tree.coded("eapol.keydes.replay_counter", "Replay counter", at + 9..at + 17, counter, || counter.to_string());
    out.tree.bytes("wlan_rsna_eapol.keydes.nonce", "Nonce", at + 17..at + 49, &nonce);
    if let Some(mic) = mic {
        out.tree.bytes("wlan_rsna_eapol.keydes.mic", "MIC", at + 81..at + 97, mic);
    }
    let mut pmkid = None;
    if let Some(length) = data_len {
        out.tree.int("wlan_rsna_eapol.keydes.data_len", "Key data length", at + 97..at + 99, length);
        let end = (at + 99 + usize::from(length)).min(bytes.len());
        let data = bytes.get(at + 99..end).unwrap_or_default();
        out.tree.bytes("wlan_rsna_eapol.keydes.data", "Key data", at + 99..at + 99 + data.len(), data);
        if info & ENCRYPTED == 0 && !data.is_empty() {
            wlan::show_elements(&bytes[..end], at + 99, out);
        }
        if info & ENCRYPTED == 0 && message == 1 {
            pmkid = find_pmkid(data);
        }
        if let Some((from, pmkid)) = pmkid {
            out.tree.bytes("wlan.rsn.ie.pmkid", "PMKID", at + 99 + from..at + 115 + from, &pmkid);
        }
    }
    let fact = Ends::of(layers, info & ACK != 0).record(at..bytes.len(), "key", out);
    let (fields, own) = (&mut fact.fields, &mut fact.own);
    fields.int("message", message.into());
    if info & PAIRWISE == 0 {
        fields.flag("group_key", true);
    }
    fields.shown("key_info", format_args!("{info:04x}"));
    fields.text("descriptor", word);
    own.int("replay_counter", counter.try_into().unwrap_or(i64::MAX));
    if nonce != [0; 32] {
        own.text("nonce", &hex(&nonce));
    }
    if let Some(mic) = mic.filter(|_| info & MIC != 0) {
        own.text("mic", &hex(mic));
    }
    // A key of zeros means that the access point has no name for its key.
    if let Some((_, pmkid)) = pmkid.filter(|(_, pmkid)| *pmkid != [0; 16]) {
        own.text("pmkid", &hex(&pmkid));
    }
}

/// Which message of its handshake it is. WPA's fourth differs from its second only in that it carries no key data.
fn message(info: u16, nonce: &[u8; 32], data_len: Option<u16>) -> u8 {
    if info & PAIRWISE == 0 {
        return if info & ACK != 0 { 1 } else { 2 };
    }
    match (info & ACK != 0, info & MIC != 0) {
        (true, false) => 1,
        (true, true) => 3,
        (false, _) if data_len == Some(0) || *nonce == [0; 32] => 4,
        _ => 2,
    }
}

fn info_words(info: u16) -> String {
    let words: Vec<&str> = [
        (PAIRWISE, "pairwise"),
        (0x0040, "install"),
        (ACK, "ack"),
        (MIC, "MIC"),
        (0x0200, "secure"),
        (0x0400, "error"),
        (0x0800, "request"),
        (ENCRYPTED, "encrypted data"),
    ]
    .into_iter()
    .filter_map(|(bit, word)| (info & bit != 0).then_some(word))
    .collect();
    format!("0x{info:04x} ({})", words.join(", "))
}

/// The PMKID among the key data elements (IEEE 802.11 table 12-9), and where it stands there.
fn find_pmkid(data: &[u8]) -> Option<(usize, [u8; 16])> {
    let mut at = 0;
    // Each element is at least 2 bytes, so that this ends.
    while let Some([id, length]) = chunk::<2>(data, at) {
        if (id, length) == (0xdd, 20) && chunk::<4>(data, at + 2) == Some([0, 0x0f, 0xac, 4]) {
            return chunk::<16>(data, at + 6).map(|pmkid| (at + 6, pmkid));
        }
        at += 2 + usize::from(length);
    }
    None
}

fn eap(bytes: &[u8], at: usize, layers: &Layers, out: &mut Out) {
    let (Some([code, id]), Some(length)) = (chunk::<2>(bytes, at + 4), u16_be(bytes, at + 6)) else {
        return layers.short(bytes, at + 4, SHORT, out);
    };
    let word = match code {
        1 => "eap_request",
        2 => "eap_response",
        3 => "eap_success",
        4 => "eap_failure",
        _ => "other",
    };
    let end = (at + 4 + usize::from(length)).min(bytes.len()).max(at + 8);
    out.tree.coded("eap.code", "EAP code", at + 4..at + 5, code, || format!("{code} ({})", word.replace('_', " ")));
    out.tree.int("eap.id", "EAP id", at + 5..at + 6, id);
    out.tree.int("eap.len", "EAP length", at + 6..at + 8, length);
    let method = matches!(code, 1 | 2).then(|| bytes.get(at + 8).copied()).flatten();
    let identity = match (code, method) {
        (2, Some(1)) => bytes.get(at + 9..end).filter(|name| !name.is_empty()),
        _ => None,
    };
    if let Some(method) = method {
        let word = || format!("{method} ({})", method_word(method));
        out.tree.coded("eap.type", "EAP type", at + 8..at + 9, method, word);
    }
    if let Some(identity) = identity {
        out.tree.text("eap.identity", "Identity", at + 9..end, String::from_utf8_lossy(identity));
    }
    let fact = Ends::of(layers, code != 2).record(at..end, word, out);
    if let Some(method) = method {
        fact.fields.text("eap_type", method_word(method));
    }
    if let Some(identity) = identity {
        fact.fields.bytes_as_text("identity", identity);
    }
}

/// IANA's EAP method types.
fn method_word(method: u8) -> &'static str {
    match method {
        1 => "identity",
        2 => "notification",
        3 => "nak",
        4 => "md5",
        6 => "gtc",
        13 => "tls",
        17 => "leap",
        18 => "sim",
        21 => "ttls",
        23 => "aka",
        25 => "peap",
        26 => "mschapv2",
        43 => "fast",
        50 => "aka'",
        52 => "pwd",
        254 => "expanded",
        _ => "other",
    }
}

fn kind_word(kind: u8) -> &'static str {
    match kind {
        0 => "eap",
        1 => "start",
        2 => "logoff",
        3 => "key",
        _ => "other",
    }
}
