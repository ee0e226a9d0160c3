//! IoTLite's REST API for lights, exactly: routes, codes, bodies, paging and shapes of errors. What changes goes through the list of commands,
//! so that it is logged and refused as from anywhere else.
//!
//! Under `/api` it answers as behind API Gateway (an unknown method is 403), without it as Chalice's local server does (405). Messages are those
//! of Chalice 1.22, with the error's name before them; 1.34 leaves that out. One thing differs: an id that is no UUID is 400, because
//! there it was spliced into a query.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::{session, things};
use crate::error::{Code, Error};
use crate::state::App;

/// A request as it came.
#[derive(Clone, Debug, Default)]
pub struct LightRequest {
    pub method: String,
    /// From `/light` on, or `/api/light`; not decoded.
    pub path: String,
    /// Pairs in order, decoded.
    pub query: Vec<(String, String)>,
    /// Whether commands that touch the world outside may be sent from there.
    pub allow_acts: bool,
}

/// What is answered.
#[derive(Clone, Debug, PartialEq)]
pub struct LightAnswer {
    pub status: u16,
    /// `None`: nothing.
    pub body: Option<Value>,
    /// The header `Allow`.
    pub allow: Option<&'static str>,
}

const KIND: &str = "light";
/// AWS's page of the fleet index, when nobody says how long it shall be, and at most.
const USUAL: u32 = 100;
const MOST: u32 = 500;

impl App {
    /// Answers a request of IoTLite's API.
    pub fn light(&self, request: &LightRequest) -> LightAnswer {
        let (gateway, path) = match request.path.strip_prefix("/api") {
            Some(path) => (true, path),
            None => (false, request.path.as_str()),
        };
        let parts: Vec<&str> = path.split('/').skip(1).collect();
        let allow = match parts.as_slice() {
            ["light"] => "GET, POST",
            ["light", _] => "DELETE, GET",
            ["light", _, "command", _] => "POST",
            _ => return unknown(),
        };
        match (request.method.as_str(), parts.as_slice()) {
            ("GET", ["light"]) => self.list(&request.query),
            ("POST", ["light"]) => self.register(),
            ("GET", ["light", id]) => checked(id).map_or_else(|no| no, |id| self.one(id)),
            ("DELETE", ["light", id]) => checked(id).map_or_else(|no| no, |id| self.delete(id)),
            ("POST", ["light", id, "command", command]) => {
                checked(id).map_or_else(|no| no, |id| self.switch(id, command, request.allow_acts))
            }
            _ if gateway => unknown(),
            (method, _) => LightAnswer {
                allow: Some(allow),
                ..error(405, "MethodNotAllowedError", &format!("Unsupported method: {method}"))
            },
        }
    }

    fn list(&self, query: &[(String, String)]) -> LightAnswer {
        let value = |name: &str| query.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
        let search = |why: &str| {
            bad(&format!("An error occurred (InvalidRequestException) when calling the SearchIndex operation: {why}"))
        };
        let limit = match value("limit").filter(|limit| !limit.is_empty()).map(str::parse::<i64>) {
            None => USUAL,
            Some(Err(_)) => return error(500, "InternalServerError", "An internal server error occurred."),
            Some(Ok(..1)) => return fault(),
            Some(Ok(limit)) => match u32::try_from(limit) {
                Ok(limit @ ..=MOST) => limit,
                _ => return search("Max results must be between 1 and 500"),
            },
        };
        let after = match value("nextToken").filter(|token| !token.is_empty()) {
            None => None,
            Some(token) => match STANDARD.decode(token).ok().and_then(|bytes| String::from_utf8(bytes).ok()) {
                Some(id) if is_uuid(&id) => Some(id),
                _ => return search("Invalid nextToken"),
            },
        };
        let page = self.open_case().and_then(|case| Ok(case.things("", after.as_deref(), limit)?));
        let Ok(page) = page else { return fault() };
        let session = things::of_case(self);
        let lights = page.things.iter().filter(|row| row.kind == KIND);
        let lights: Vec<Value> = lights.map(|row| light(row, session.as_deref())).collect();
        ok(200, json!({ "lights": lights, "nextToken": page.next.map(|id| STANDARD.encode(id)) }))
    }

    fn register(&self) -> LightAnswer {
        match self.call("thing_register", json!({ "kind": KIND, "name": "", "note": "by REST" })) {
            Ok(made) => ok(
                201,
                json!({ "id": made["id"], "cert": made["certificate"], "publicKey": made["public_key"],
                    "privateKey": made["private_key"], "topics": made["topics"] }),
            ),
            Err(why) => view_error(&format!(
                "An error occurred (ServiceUnavailable) when calling the CreateKeysAndCertificate operation: {}",
                why.message
            )),
        }
    }

    fn one(&self, id: &str) -> LightAnswer {
        match self.found(id) {
            Ok(row) => ok(200, light(&row, things::of_case(self).as_deref())),
            Err(why) => failed(&why),
        }
    }

    fn delete(&self, id: &str) -> LightAnswer {
        let gone = self.found(id).and_then(|_| self.call("thing_delete", json!({ "id": id })));
        gone.map_or_else(|why| failed(&why), |_| LightAnswer { status: 204, body: None, allow: None })
    }

    /// Nothing checks whether the light exists or is there, as ever: nobody keeps the command for it.
    fn switch(&self, id: &str, command: &str, allow_acts: bool) -> LightAnswer {
        let dictionary = self.open_case().and_then(|case| super::authority::kinds(&case));
        let Ok(kinds) = dictionary else { return fault() };
        let Some(known) = kinds.get(KIND).and_then(|kind| kind.command(id, command)) else {
            // The quotation mark at its end is theirs.
            return bad(&format!("Unknown command: {command}\""));
        };
        if !allow_acts {
            return forbidden("this service was started without leave to act");
        }
        let sent = match self.found(id) {
            Ok(_) => self.call("thing_command", json!({ "id": id, "command": command })).map(|_| ()),
            Err(_) => session::running(self).and_then(|session| {
                let nobody = case::ThingRow { id: id.to_owned(), kind: KIND.to_owned(), ..case::ThingRow::default() };
                super::commands::send(&session, &nobody, command, None).map(|_| ())
            }),
        };
        match sent {
            Ok(()) => ok(200, json!({ "id": id, "topic": known.topic, "command": known.body })),
            Err(why) if why.code == Code::Refused => forbidden(&why.message),
            Err(_) => fault(),
        }
    }

    fn found(&self, id: &str) -> Result<case::ThingRow, Error> {
        things::found(self, id)
            .and_then(|row| if row.kind == KIND { Ok(row) } else { Err(Error::missing(format!("{id} is no light"))) })
    }
}

fn light(row: &case::ThingRow, session: Option<&session::Session>) -> Value {
    let connectivity = things::connectivity(row, session).map(|now| {
        let mut said = json!({ "connected": now.connected });
        if let Some(at) = now.at {
            said["timestamp"] = json!(at.div_euclid(1_000_000));
        }
        if let Some(reason) = now.reason.filter(|_| !now.connected) {
            said["disconnectReason"] = json!(reason);
        }
        said
    });
    json!({ "id": row.id, "connectivity": connectivity })
}

fn checked(id: &str) -> Result<&str, LightAnswer> {
    if is_uuid(id) { Ok(id) } else { Err(bad(&format!("Invalid light id: {id}"))) }
}

fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(at, b)| match at {
            8 | 13 | 18 | 23 => b == b'-',
            _ => matches!(b, b'0'..=b'9' | b'a'..=b'f'),
        })
}

fn ok(status: u16, body: Value) -> LightAnswer {
    LightAnswer { status, body: Some(body), allow: None }
}

fn error(status: u16, code: &str, message: &str) -> LightAnswer {
    ok(status, json!({ "Code": code, "Message": message }))
}

fn bad(message: &str) -> LightAnswer {
    error(400, "BadRequestError", &format!("BadRequestError: {message}"))
}

fn view_error(message: &str) -> LightAnswer {
    error(500, "ChaliceViewError", &format!("ChaliceViewError: {message}"))
}

fn fault() -> LightAnswer {
    view_error("A server error has occurred.")
}

/// Ours: IoTLite asked nobody for leave.
fn forbidden(why: &str) -> LightAnswer {
    error(403, "ForbiddenError", &format!("ForbiddenError: {why}"))
}

fn failed(why: &Error) -> LightAnswer {
    match why.code {
        Code::Missing => error(404, "NotFoundError", "NotFoundError: The requested light could not be found."),
        _ => fault(),
    }
}

fn unknown() -> LightAnswer {
    ok(403, json!({ "message": "Missing Authentication Token" }))
}
