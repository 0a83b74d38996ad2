//! The simulator: a sealed [`Model`](tarsier_model::Model) and a seed in, an [`Outcome`] out.
//!
//! No files, wall clocks, environment, serde, async or logging here or below.

mod config;
mod outcome;

pub use config::{Pulse, RunConfig, Verdict, Watch};
pub use outcome::{
    CallOutcome, Cause, Outcome, SecondRow, SeriesSubject, ServiceOutcome, Why, WhyPart, WorkloadOutcome,
};
