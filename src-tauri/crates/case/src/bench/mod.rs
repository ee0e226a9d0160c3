//! What the bench keeps in a case: things and their certificates, shadows with every version, scenes, and what is to be deleted.
//!
//! Private keys are nowhere here.

mod deletions;
mod scenes;
mod shadows;
mod things;

pub use deletions::Deletion;
pub use scenes::Scene;
pub use shadows::ShadowRow;
pub use things::{ThingRow, Things};

use crate::{Case, Result};

impl Case {
    /// What the bench remembers under a name: its authority's certificate, kinds of things that were added.
    pub fn bench_get(&self, name: &str) -> Result<Option<String>> {
        Ok(self.get(&format!("bench.{name}"))?.filter(|value| !value.is_empty()))
    }

    pub fn bench_set(&self, name: &str, value: &str) -> Result<()> {
        self.set(&format!("bench.{name}"), value)
    }
}

#[cfg(test)]
mod tests;
