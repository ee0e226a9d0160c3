//! The bench: devices are worked here, and what passes is evidence.

pub(crate) mod recording;
