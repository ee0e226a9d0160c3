/// Why something about devices did not work.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// What was given makes no sense.
    #[error("{0}")]
    Invalid(String),
    /// The machine, the network or a library would not.
    #[error("{0}")]
    Failed(String),
}

impl Error {
    pub(crate) fn invalid(why: impl Into<String>) -> Error {
        Error::Invalid(why.into())
    }

    /// What was being done, and why it failed.
    pub(crate) fn failed(doing: &str, why: impl std::fmt::Display) -> Error {
        Error::Failed(format!("{doing}: {why}"))
    }
}
