//! An error carries a code to act on and a sentence to read.

use serde::Serialize;
use ts_rs::TS;

pub type Result<T> = std::result::Result<T, Error>;

/// Why a command failed.
#[derive(Clone, Debug, Serialize, TS, thiserror::Error)]
#[error("{message}")]
pub struct Error {
    pub code: Code,
    /// What was being done, to what, and why it failed.
    pub message: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum Code {
    /// The request makes no sense.
    Invalid,
    /// What it names is not there.
    Missing,
    /// It needs an open case.
    NoCase,
    /// Something else is in the way; later may do.
    Busy,
    /// Not allowed.
    Refused,
    Cancelled,
    /// The machine would not: disk, database.
    Failed,
}

impl Error {
    pub fn new(code: Code, message: impl Into<String>) -> Error {
        Error { code, message: message.into() }
    }

    pub(crate) fn invalid(message: impl Into<String>) -> Error {
        Error::new(Code::Invalid, message)
    }

    /// The same, with what was being done in front.
    pub(crate) fn while_doing(self, what: &str) -> Error {
        Error { message: format!("{what}: {}", self.message), ..self }
    }

    pub(crate) fn missing(message: impl Into<String>) -> Error {
        Error::new(Code::Missing, message)
    }
}

impl From<case::Error> for Error {
    fn from(error: case::Error) -> Error {
        let code = match &error {
            case::Error::Refused(_) => Code::Refused,
            case::Error::NotFound(_) => Code::Missing,
            case::Error::Invalid(_) => Code::Invalid,
            case::Error::Io { .. } | case::Error::Database(_) => Code::Failed,
        };
        Error::new(code, error.to_string())
    }
}

impl From<model::Cancelled> for Error {
    fn from(_: model::Cancelled) -> Error {
        Error::new(Code::Cancelled, "cancelled")
    }
}
