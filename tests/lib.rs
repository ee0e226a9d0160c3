//! Journeys through real files, and rules about the code: see the files beside this one.

pub mod support;
