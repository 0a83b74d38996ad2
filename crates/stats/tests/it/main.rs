//! The crate from outside, in one binary.

mod coverage;
mod histogram;
mod recorder;
