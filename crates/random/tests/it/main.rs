//! The crate from outside, in one binary. All seeds are fixed: a failure means changed code, never bad luck.

mod golden;
mod laws;
mod samplers;
mod streams;
mod support;
