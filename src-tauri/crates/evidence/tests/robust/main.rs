//! Whatever the bytes are, no format and no container panics, hangs or takes memory without bound.
//!
//! The same inputs in every run; more of them by `LINTEL_INPUTS=5000000`, see [`runs`]. What is found by chance and coverage is
//! `../../fuzz/`.

#[path = "../common/build.rs"]
#[allow(dead_code)] // the other tests use the rest
mod build;
mod containers;
mod formats;
#[path = "../../../dissect/tests/robust/meter.rs"]
mod meter;
#[path = "../../../dissect/tests/robust/mutate.rs"]
mod mutate;
#[path = "../../../dissect/tests/robust/runs.rs"]
mod runs;
mod seeds;
mod sound;
mod walked;
