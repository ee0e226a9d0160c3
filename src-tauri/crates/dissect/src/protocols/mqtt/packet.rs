//! One packet: its fields in the tree, its row in the facts.

use std::ops::Range;

use super::header::{Fixed, Kind};
use super::properties::{self, text};
use super::{Session, content};
use crate::protocols::credentials::Login;
use crate::protocols::cursor::{Cursor, Stop};
use crate::protocols::{Draft, Message, Out, payload};

/// A subscription lists few topics; a hostile one may list thousands.
const MOST_TOPICS: usize = 256;

/// The row of a packet.
struct Row {
    draft: Box<Draft>,
    /// Where the payload is, and its whole length.
    carried: Option<(Range<usize>, usize)>,
}

/// Reads the packet that is the message: one fact, whatever state it is in.
pub fn dissect(session: &mut Session, message: &Message, header: &Fixed, out: &mut Out) {
    let bytes = message.bytes;
    let kind = header.kind;
    let mut row = Row { draft: out.facts.apart("mqtt", 0..bytes.len()), carried: None };
    row.draft.fields.text("msg_type", kind.name());
    row.draft.fields.flag("from_client", session.is_client(message, kind));
    if kind != Kind::Connect && !session.client_id.is_empty() {
        row.draft.fields.text("client", &session.client_id);
    }
    out.tree.open("mqtt", "MQ Telemetry Transport Protocol", 0..bytes.len(), || headline(message, header));
    show_header(header, out);
    let mut cursor = Cursor::starting(bytes, header.len);
    let stop = body(session, message, header, &mut cursor, &mut row, out).err();
    if stop.is_none() && !cursor.is_empty() {
        out.tree.bytes("mqtt.extra", "Bytes behind the packet's end", cursor.remaining(), cursor.rest());
    }
    if stop.is_some_and(|stop| stop.tell(message, out)) {
        row.draft.own.flag("incomplete", true);
    }
    out.tree.close();
    let Row { mut draft, carried } = row;
    if draft.subject.is_empty() {
        draft.subject.push_str(&session.client_id);
    }
    let topic = carried.is_some().then(|| draft.subject.clone());
    out.facts.push(draft);
    if let Some(((range, len), topic)) = carried.zip(topic) {
        session.carry(message, range, len, topic, out);
    }
}

fn headline(message: &Message, header: &Fixed) -> String {
    let mut text = header.kind.name().to_owned();
    if header.kind == Kind::Publish {
        let mut cursor = Cursor::starting(message.bytes, header.len);
        if let Ok(topic) = properties::text(&mut cursor) {
            text = format!("{text} {topic}");
        }
    }
    text
}

fn show_header(header: &Fixed, out: &mut Out) {
    let Fixed { kind, flags, len, remaining } = *header;
    out.tree.coded("mqtt.msgtype", "Message Type", 0..1, kind as u8, || format!("{} ({})", kind as u8, kind.name()));
    if kind == Kind::Publish {
        out.tree.int("mqtt.dupflag", "DUP Flag", 0..1, flags >> 3);
        out.tree.coded("mqtt.qos", "QoS Level", 0..1, flags >> 1 & 3, || qos_name(flags >> 1 & 3));
        out.tree.int("mqtt.retain", "Retain", 0..1, flags & 1);
    }
    out.tree.int("mqtt.len", "Msg Len", 1..len, remaining);
}

fn body(
    session: &mut Session,
    message: &Message,
    header: &Fixed,
    cursor: &mut Cursor,
    row: &mut Row,
    out: &mut Out,
) -> Result<(), Stop> {
    match header.kind {
        Kind::Connect => connect(session, cursor, row, out),
        Kind::ConnAck => connack(session, header, cursor, row, out),
        Kind::Publish => publish(session, message, header, cursor, row, out),
        Kind::Subscribe | Kind::Unsubscribe => subscribe(session, header.kind, cursor, row, out),
        Kind::SubAck | Kind::UnsubAck => suback(session, header.kind, cursor, row, out),
        Kind::PubAck | Kind::PubRec | Kind::PubRel | Kind::PubComp => {
            packet_id(cursor, row, out)?;
            reason(cursor, row, out)
        }
        Kind::Disconnect | Kind::Auth => reason(cursor, row, out),
        Kind::PingReq | Kind::PingResp => Ok(()),
    }
}

fn connect(session: &mut Session, cursor: &mut Cursor, row: &mut Row, out: &mut Out) -> Result<(), Stop> {
    // a new connection on the same flow: nothing of the former holds
    session.aliases.clear();
    session.aliased = 0;
    session.client_id.clear();
    let (fields, tree) = (&mut row.draft.fields, &mut out.tree);
    let start = cursor.at();
    let name = text(cursor)?;
    tree.text("mqtt.protoname", "Protocol Name", cursor.since(start + 2), &name);
    fields.text("proto_name", &name);
    let start = cursor.at();
    // the high bit: a bridge between brokers
    let level = cursor.u8("protocol version cut short")? & 0x7f;
    session.level = level;
    let version = match level {
        3 => "3.1",
        4 => "3.1.1",
        5 => "5.0",
        _ => "unknown",
    };
    tree.coded("mqtt.ver", "Version", cursor.since(start), level, || format!("{level} (MQTT {version})"));
    fields.text("proto_version", version);
    fields.int("proto_level", level.into());
    let start = cursor.at();
    let flags = cursor.u8("connect flags cut short")?;
    tree.open("mqtt.conflags", "Connect Flags", cursor.since(start), || format!("{flags:#04x}"));
    for (name, label, shift, mask) in [
        ("mqtt.conflag.uname", "User Name Flag", 7, 1),
        ("mqtt.conflag.passwd", "Password Flag", 6, 1),
        ("mqtt.conflag.retain", "Will Retain", 5, 1),
        ("mqtt.conflag.qos", "Will QoS", 3, 3),
        ("mqtt.conflag.willflag", "Will Flag", 2, 1),
        ("mqtt.conflag.cleansess", "Clean Session Flag", 1, 1),
    ] {
        tree.int(name, label, start..start + 1, flags >> shift & mask);
    }
    tree.close();
    let start = cursor.at();
    let keep_alive = cursor.u16("keep-alive cut short")?;
    tree.int("mqtt.kalive", "Keep Alive", cursor.since(start), keep_alive);
    fields.int("keep_alive", keep_alive.into());
    fields.flag("clean_session", flags & 2 != 0);
    fields.flag("has_password", flags & 0x40 != 0);
    if level >= 5 {
        properties::read(cursor, tree, Some(fields))?;
    }
    let start = cursor.at();
    let client_id = text(cursor)?;
    tree.text("mqtt.clientid", "Client ID", cursor.since(start + 2), &client_id);
    fields.text("client_id", &client_id);
    session.client_id = client_id.into_owned();
    if flags & 4 != 0 {
        if level >= 5 {
            properties::read(cursor, tree, None)?;
        }
        let start = cursor.at();
        let topic = text(cursor)?;
        tree.text("mqtt.willtopic", "Will Topic", cursor.since(start + 2), &topic);
        fields.text("will_topic", &topic);
        fields.int("will_qos", (flags >> 3 & 3).into());
        fields.flag("will_retain", flags & 0x20 != 0);
        let start = cursor.at();
        let len = cursor.u16("will message cut short")?;
        let will = cursor.take(len.into(), "will message cut short")?;
        if tree.is_on() {
            tree.text("mqtt.willmsg", "Will Message", cursor.since(start + 2), payload::shown(will));
        }
        fields.text("will_payload", &payload::shown(will));
    }
    let mut login = Login { protocol: "mqtt", method: "connect", name: &session.client_id, ..Login::default() };
    let (mut user, mut password) = (Default::default(), Default::default());
    if flags & 0x80 != 0 {
        let start = cursor.at();
        user = text(cursor)?;
        tree.text("mqtt.username", "User Name", cursor.since(start + 2), &user);
        fields.text("username", &user);
    }
    if flags & 0x40 != 0 {
        let start = cursor.at();
        let len = cursor.u16("password cut short")?;
        password = payload::shown(cursor.take(len.into(), "password cut short")?);
        tree.text("mqtt.passwd", "Password", cursor.since(start + 2), "(masked)");
    }
    (login.username, login.password) = (&user, &password);
    if !user.is_empty() || !password.is_empty() {
        login.tell(0..cursor.message().len(), out);
    }
    Ok(())
}

fn connack(
    session: &mut Session,
    header: &Fixed,
    cursor: &mut Cursor,
    row: &mut Row,
    out: &mut Out,
) -> Result<(), Stop> {
    if session.level == 0 {
        // without the CONNECT only the length tells: 5.0 has properties here
        session.level = if header.remaining > 2 { 5 } else { 4 };
    }
    let start = cursor.at();
    let flags = cursor.u8("CONNACK cut short")?;
    out.tree.int("mqtt.conack.flags.sp", "Session Present", cursor.since(start), flags & 1);
    let start = cursor.at();
    let code = cursor.u8("CONNACK cut short")?;
    let status = if session.is_v5() { reason_name(code, header.kind) } else { return_code_name(code) };
    let name = if session.is_v5() { "mqtt.connack.reason_code" } else { "mqtt.conack.val" };
    out.tree.coded(name, "Return Code", cursor.since(start), code, || format!("{code} ({status})"));
    row.draft.fields.text("connect_status", status);
    row.draft.fields.int("return_code", code.into());
    row.draft.fields.flag("session_present", flags & 1 != 0);
    if session.is_v5() && !cursor.is_empty() {
        properties::read(cursor, &mut out.tree, Some(&mut row.draft.fields))?;
    }
    Ok(())
}

fn publish(
    session: &mut Session,
    message: &Message,
    header: &Fixed,
    cursor: &mut Cursor,
    row: &mut Row,
    out: &mut Out,
) -> Result<(), Stop> {
    let qos = header.flags >> 1 & 3;
    row.draft.own.room_for(header.remaining.min(payload::MOST_PAYLOAD));
    row.draft.fields.int("qos", qos.into());
    row.draft.fields.flag("retain", header.flags & 1 != 0);
    row.draft.fields.flag("dup", header.flags & 8 != 0);
    let start = cursor.at();
    let topic = text(cursor)?;
    out.tree.text("mqtt.topic", "Topic", cursor.since(start + 2), &topic);
    row.draft.subject.push_str(&topic);
    if !row.draft.subject.is_empty() {
        let Draft { fields, subject, .. } = &mut *row.draft;
        fields.name("topic", subject);
    }
    if qos > 0 {
        packet_id(cursor, row, out)?;
    }
    if session.is_v5() {
        let said = properties::read(cursor, &mut out.tree, Some(&mut row.draft.fields))?;
        if let Some(alias) = said.topic_alias {
            let topic = session.resolve(message.side, alias, &row.draft.subject, out);
            if let Some(topic) = topic.filter(|_| row.draft.subject.is_empty()) {
                row.draft.fields.name("topic", &topic);
                row.draft.subject = topic;
            }
        }
    }
    let whole = header.len + header.remaining;
    let len = whole.saturating_sub(cursor.at());
    let (range, said_at) = (cursor.remaining(), cursor.remaining());
    let said = cursor.rest();
    if out.tree.is_on() {
        out.tree.text("mqtt.msg", "Message", range, payload::shown(said));
    }
    let kind = content::write(&mut row.draft.own, said, len);
    if !kind.is_empty() {
        row.draft.fields.text("payload_kind", kind);
    }
    let Draft { fields, subject, .. } = &mut *row.draft;
    content::write_shadow(fields, subject);
    let is_text = matches!(kind, "json" | "text" | "") && len <= payload::MOST_PAYLOAD;
    row.carried = (!is_text).then_some((said_at, len));
    Ok(())
}

fn subscribe(session: &mut Session, kind: Kind, cursor: &mut Cursor, row: &mut Row, out: &mut Out) -> Result<(), Stop> {
    packet_id(cursor, row, out)?;
    if session.is_v5() {
        properties::read(cursor, &mut out.tree, Some(&mut row.draft.fields))?;
    }
    let mut topics = Vec::new();
    let mut levels = Vec::new();
    let mut filters = || {
        while !cursor.is_empty() {
            let start = cursor.at();
            let topic = text(cursor)?;
            out.tree.text("mqtt.topic", "Topic", cursor.since(start + 2), &topic);
            if topics.len() < MOST_TOPICS {
                topics.push(topic);
            }
            if kind == Kind::Subscribe {
                let start = cursor.at();
                let options = cursor.u8("requested QoS cut short")?;
                out.tree
                    .coded("mqtt.sub.qos", "Requested QoS", cursor.since(start), options & 3, || qos_name(options & 3));
                if levels.len() < MOST_TOPICS {
                    levels.push(options & 3);
                }
            }
        }
        Ok(())
    };
    let read = filters();
    if let Some(topic) = topics.first() {
        row.draft.subject = topic.clone().into_owned();
        row.draft.fields.texts("topics", topics);
    }
    if !levels.is_empty() {
        row.draft.fields.ints("qos_levels", levels);
    }
    read
}

fn suback(session: &mut Session, kind: Kind, cursor: &mut Cursor, row: &mut Row, out: &mut Out) -> Result<(), Stop> {
    packet_id(cursor, row, out)?;
    if session.is_v5() {
        properties::read(cursor, &mut out.tree, Some(&mut row.draft.fields))?;
    }
    let start = cursor.at();
    let codes = cursor.rest();
    let (name, label) = match (kind, session.is_v5()) {
        (Kind::UnsubAck, _) => ("mqtt.unsuback.reason_code", "Reason Code"),
        (_, true) => ("mqtt.suback.reason_code", "Reason Code"),
        _ => ("mqtt.suback.qos", "Granted QoS"),
    };
    for (n, code) in codes.iter().enumerate() {
        out.tree
            .coded(name, label, start + n..start + n + 1, *code, || format!("{code} ({})", reason_name(*code, kind)));
    }
    if kind == Kind::SubAck && !codes.is_empty() {
        row.draft.fields.ints("granted_qos_levels", codes.iter().copied().take(MOST_TOPICS));
    }
    Ok(())
}

fn packet_id(cursor: &mut Cursor, row: &mut Row, out: &mut Out) -> Result<(), Stop> {
    let start = cursor.at();
    let id = cursor.u16("packet identifier cut short")?;
    out.tree.int("mqtt.msgid", "Message Identifier", cursor.since(start), id);
    row.draft.own.int("packet_id", id.into());
    Ok(())
}

/// The reason code and properties with which 5.0 may end a packet.
fn reason(cursor: &mut Cursor, row: &mut Row, out: &mut Out) -> Result<(), Stop> {
    if cursor.is_empty() {
        return Ok(());
    }
    let start = cursor.at();
    let code = cursor.u8("reason code cut short")?;
    // the same byte has another name after AUTH and DISCONNECT, for all that matters a single one will do
    let name = reason_name(code, Kind::Disconnect);
    out.tree.coded("mqtt.reason_code", "Reason Code", cursor.since(start), code, || format!("{code} ({name})"));
    row.draft.fields.int("reason_code", code.into());
    row.draft.fields.text("reason", name);
    if !cursor.is_empty() {
        properties::read(cursor, &mut out.tree, Some(&mut row.draft.fields))?;
    }
    Ok(())
}

fn qos_name(qos: u8) -> String {
    let name = ["at most once", "at least once", "exactly once", "reserved"][usize::from(qos & 3)];
    format!("{qos} ({name})")
}

/// 3.1.1 section 3.2.2.3, in Zeek's words.
fn return_code_name(code: u8) -> &'static str {
    match code {
        0 => "Connection Accepted",
        1 => "Refused: unacceptable protocol version",
        2 => "Refused: identifier rejected",
        3 => "Refused: server unavailable",
        4 => "Refused: bad user name or password",
        5 => "Refused: not authorized",
        _ => "unknown",
    }
}

/// 5.0 section 2.4.
fn reason_name(code: u8, of: Kind) -> &'static str {
    match (code, of) {
        (0, Kind::ConnAck) => "Connection Accepted",
        (0, Kind::SubAck) => "Granted QoS 0",
        (1, Kind::SubAck) => "Granted QoS 1",
        (2, Kind::SubAck) => "Granted QoS 2",
        (0, _) => "Success",
        (0x04, _) => "Disconnect with Will Message",
        (0x10, _) => "No matching subscribers",
        (0x11, _) => "No subscription existed",
        (0x18, _) => "Continue authentication",
        (0x19, _) => "Re-authenticate",
        (0x80, Kind::SubAck) => "Failure",
        (0x80, _) => "Unspecified error",
        (0x81, _) => "Malformed Packet",
        (0x82, _) => "Protocol Error",
        (0x83, _) => "Implementation specific error",
        (0x84, _) => "Unsupported Protocol Version",
        (0x85, _) => "Client Identifier not valid",
        (0x86, _) => "Bad User Name or Password",
        (0x87, _) => "Not authorized",
        (0x88, _) => "Server unavailable",
        (0x89, _) => "Server busy",
        (0x8a, _) => "Banned",
        (0x8b, _) => "Server shutting down",
        (0x8c, _) => "Bad authentication method",
        (0x8d, _) => "Keep Alive timeout",
        (0x8e, _) => "Session taken over",
        (0x8f, _) => "Topic Filter invalid",
        (0x90, _) => "Topic Name invalid",
        (0x91, _) => "Packet Identifier in use",
        (0x92, _) => "Packet Identifier not found",
        (0x93, _) => "Receive Maximum exceeded",
        (0x94, _) => "Topic Alias invalid",
        (0x95, _) => "Packet too large",
        (0x96, _) => "Message rate too high",
        (0x97, _) => "Quota exceeded",
        (0x98, _) => "Administrative action",
        (0x99, _) => "Payload format invalid",
        (0x9a, _) => "Retain not supported",
        (0x9b, _) => "QoS not supported",
        (0x9c, _) => "Use another server",
        (0x9d, _) => "Server moved",
        (0x9e, _) => "Shared Subscriptions not supported",
        (0x9f, _) => "Connection rate exceeded",
        (0xa0, _) => "Maximum connect time",
        (0xa1, _) => "Subscription Identifiers not supported",
        (0xa2, _) => "Wildcard Subscriptions not supported",
        _ => "unknown",
    }
}
