//! Histograms, intervals and warm-up detection.
//!
//! A [`Window`] takes one value at a time at next to no cost; at the end of each batch of simulated time
//! a [`Recorder`] absorbs it, and from the batches come the intervals.

mod histogram;
mod interval;
pub mod mser;
mod recorder;
mod student;

pub use histogram::{Bucket, Histogram, LogLinear, Window};
pub use interval::Interval;
pub use recorder::{BATCHES, Intervals, Recorder, Summary, Transient};
pub use student::t_quantile;
