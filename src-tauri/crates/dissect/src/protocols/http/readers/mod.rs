//! What devices and their makers say over HTTP, each in their own way: told of the bodies of requests and answers.
//!
//! To add one: a file here, a line in [`ALL`], and its kind of fact in `KINDS` of `http`.

pub mod hue;
#[cfg(test)]
mod testing;
pub mod upnp;

use super::Request;
use crate::protocols::Out;
use crate::protocols::files::Kept;

static ALL: &[&dyn Reader] = &[&upnp::Description, &hue::Hue];

/// So many bytes of a body's content are kept to be read.
pub const LONGEST: usize = 64 * 1024;

/// Whose body is read.
#[derive(Clone, Copy)]
pub struct Exchange<'a> {
    /// What was asked; empty, if the capture lacks it.
    pub request: &'a Request,
    /// Of the answer; none: the body is the request's own.
    pub status: Option<u16>,
    /// In lower case.
    pub content_type: &'a str,
}

pub trait Reader: Sync {
    /// Whether the body that comes is worth reading, by what the heads say.
    fn wants(&self, exchange: &Exchange) -> bool;

    /// Tells what it says. Its facts get their place from the body.
    fn tell(&self, exchange: &Exchange, body: &Kept, out: &mut Out);
}

/// What is known of a body beforehand, and who wants to read it.
pub struct Wanted {
    by: Vec<&'static dyn Reader>,
    request: Request,
    status: Option<u16>,
    content_type: String,
}

impl Wanted {
    pub fn new(request: &Request, status: Option<u16>, content_type: &str) -> Option<Wanted> {
        let exchange = Exchange { request, status, content_type };
        let by: Vec<&dyn Reader> = ALL.iter().copied().filter(|reader| reader.wants(&exchange)).collect();
        let wanted = |by| Wanted { by, request: request.clone(), status, content_type: content_type.to_owned() };
        (!by.is_empty()).then(|| wanted(by))
    }

    pub fn tell(&self, body: &Kept, out: &mut Out) {
        let exchange = Exchange { request: &self.request, status: self.status, content_type: &self.content_type };
        self.by.iter().for_each(|reader| reader.tell(&exchange, body, out));
    }
}

#[cfg(test)]
mod tests {
    use super::testing::{Asked, told};
    use crate::protocols::testing::Random;

    /// Bodies that devices send, each broken in many ways.
    #[test]
    fn survive_anything() {
        const XML: &str = "<root xmlns='urn:schemas-upnp-org:device-1-0'><device><friendlyName>&lt;é<![CDATA[x]]></friendlyName>\
            <serviceList><service><serviceType>urn:x</serviceType></service></serviceList></device></root>";
        const SET: &str = r#"{"on":{"on":true},"bri":254,"xy":[0.3,0.4],"color":{"xy":{"x":1e9,"y":-0}},"ct":"é"}"#;
        const DONE: &str =
            r#"[{"success":{"/lights/1/state/on":true,"username":"k"}},{"error":{"type":1,"description":"no"}}]"#;
        const CONFIG: &str =
            r#"{"bridgeid":"1","mac":"00:17:88:aa:bb:01","whitelist":{"k":{"name":"a"}},"errors":[{}]}"#;
        let mut random = Random(2);
        let mut facts = 0;
        for n in 0..6_000 {
            let lines = [
                "GET /d.xml",
                "PUT /api/k/lights/1/state",
                "PUT /clip/v2/resource/scene/1",
                "POST /api",
                "GET /api/config",
            ];
            let mut damaged = |text: &str| {
                let mut bytes = text.as_bytes().to_vec();
                (0..n % 4).for_each(|_| random.damage(&mut bytes));
                String::from_utf8_lossy(&bytes).into_owned()
            };
            let (body, answer) = (damaged(SET), damaged([XML, DONE, CONFIG][n / 5 % 3]));
            let asked = Asked {
                line: lines[n % 5],
                headers: "",
                body: &body,
                status: "200 OK",
                content_type: "",
                answer: &answer,
            };
            facts += told(&asked).lines().count();
        }
        assert!(facts > 2_000, "{facts}: few were read");
    }
}
