//! Why a thing is no longer connected, in AWS IoT's words (AWS IoT Developer Guide, "Lifecycle events").

use crate::packet::answer;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leaving {
    /// It said goodbye.
    Client,
    /// Its end of the connection went away.
    Lost,
    /// It kept still for too long.
    KeepAlive,
    /// Another connection with its id took its place.
    Duplicate,
    /// It wanted what it may not.
    Forbidden,
    /// It said what is no MQTT, or what MQTT does not allow.
    ClientError,
    /// We sent it away: its certificate is no longer good, or the bench stops.
    Server,
    /// We could not go on: what it said could not be kept.
    ServerError,
}

impl Leaving {
    pub fn as_str(self) -> &'static str {
        match self {
            Leaving::Client => "CLIENT_INITIATED_DISCONNECT",
            Leaving::Lost => "CONNECTION_LOST",
            Leaving::KeepAlive => "MQTT_KEEP_ALIVE_TIMEOUT",
            Leaving::Duplicate => "DUPLICATE_CLIENTID",
            Leaving::Forbidden => "FORBIDDEN_ACCESS",
            Leaving::ClientError => "CLIENT_ERROR",
            Leaving::Server => "SERVER_INITIATED_DISCONNECT",
            Leaving::ServerError => "SERVER_ERROR",
        }
    }

    /// What a client of MQTT 5 is told; `None`: there is nobody to tell.
    pub fn reason(self) -> Option<u8> {
        match self {
            Leaving::Client | Leaving::Lost => None,
            Leaving::KeepAlive => Some(answer::KEEP_ALIVE),
            Leaving::Duplicate => Some(answer::TAKEN_OVER),
            Leaving::Forbidden => Some(answer::NOT_AUTHORIZED),
            Leaving::ClientError => Some(answer::PROTOCOL_ERROR),
            Leaving::Server => Some(answer::ADMINISTRATIVE),
            Leaving::ServerError => Some(answer::SERVER_UNAVAILABLE),
        }
    }
}
