//! HTTP/2 (RFC 9113): frames of many exchanges on one connection. What a request or a response says is told as HTTP/1's is.

mod block;
mod frame;
mod hpack;
mod session;
mod show;
mod streams;

use model::Kind;

use self::frame::PREFACE;
use self::session::Session;
use super::exchange::Request;
use crate::protocols::{Conversation, Message, Protocol, Side, Transport};

pub struct Http2;

impl Protocol for Http2 {
    fn name(&self) -> &'static str {
        "http2"
    }

    fn ports(&self) -> &'static [(Transport, u16)] {
        &super::PORTS
    }

    /// Its facts are HTTP's.
    fn kinds(&self) -> &'static [Kind] {
        &[]
    }

    fn recognises(&self, message: &Message, _at_home: bool) -> bool {
        message.transport == Transport::Tcp && message.bytes.starts_with(PREFACE)
    }

    fn is_chain(&self) -> bool {
        true
    }

    fn conversation(&self) -> Box<dyn Conversation> {
        Box::new(Session::default())
    }
}

/// What HTTP/1 goes over to (`Upgrade: h2c`): the request, the `depth`th of the connection, is answered as the first stream.
pub fn upgraded(server: Side, request: Option<Request>, depth: i64) -> Box<dyn Conversation> {
    Box::new(Session::upgraded(server, request, depth))
}

/// Whether frames fill these bytes; the last may go on beyond them.
pub fn fill(bytes: &[u8]) -> bool {
    bytes.starts_with(PREFACE) || frame::chain(bytes)
}

#[cfg(test)]
mod tests;
