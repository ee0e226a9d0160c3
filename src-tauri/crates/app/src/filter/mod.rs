//! Filters as analysts write them: what their names mean in each table, and what could be written next.

mod aliases;
mod check;
mod complete;
mod countries;
mod fields;
mod frames;
mod probe;
mod rows;

use model::filter::{Mistake, parse};

pub(crate) use complete::filter_complete;
pub use complete::{Completion, FilterComplete};
pub(crate) use countries::Around;
pub(crate) use frames::{FrameFilter, Known, Looked};

use crate::error::{Error, Result};

/// A filter for the rows of a view, in the case's terms. An empty one: none.
pub(crate) fn for_rows(text: &str, view: &str, around: &Around) -> Result<Option<case::Expr>> {
    match parse(text).map_err(Error::from)? {
        Some(expr) => Ok(Some(rows::translate(&expr, view, around).map_err(Error::from)?)),
        None => Ok(None),
    }
}

impl From<Mistake> for Error {
    fn from(mistake: Mistake) -> Error {
        Error::invalid(format!("filter: {mistake}"))
    }
}

#[cfg(test)]
mod tests;
