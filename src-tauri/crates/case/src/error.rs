//! What can go wrong with a case, in sentences.

pub type Result<T> = std::result::Result<T, Error>;

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("{0}")]
    Refused(String),
    #[error("{doing}: {why}")]
    Io { doing: String, why: std::io::Error },
    #[error("case database: {0}")]
    Database(#[from] rusqlite::Error),
    #[error("{0}")]
    NotFound(String),
    /// The request makes no sense.
    #[error("{0}")]
    Invalid(String),
}

impl Error {
    pub(crate) fn io(doing: impl Into<String>) -> impl FnOnce(std::io::Error) -> Error {
        let doing = doing.into();
        move |why| Error::Io { doing, why }
    }
}
