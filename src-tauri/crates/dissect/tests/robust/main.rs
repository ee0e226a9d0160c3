//! Whatever the bytes are, nothing here panics, hangs or takes memory without bound, and what is shown lies inside them.
//!
//! The same inputs in every run; more of them by `LINTEL_INPUTS=5000000`, see [`runs`]. What is found by chance and coverage is
//! `../../fuzz/`.

mod frames;
mod look;
mod meter;
mod mutate;
mod packet;
mod protocols;
mod runs;
mod seeds;
mod talk;
mod ways;
