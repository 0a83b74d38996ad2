//! Concurrency limits: how many requests an instance takes at once, learnt from how long they take.
//!
//! The algorithms and their constants are those of Netflix concurrency-limits (0.5): one file each.

use tarsier_model::{Limit, LimitKind};
use tarsier_random::Stream;

use super::aimd::Aimd;
use super::gradient::Gradient;
use super::vegas::Vegas;

/// What became of a request that was let in.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sample {
    /// From its arrival to its end; at least one.
    pub(crate) nanos: u64,
    /// How many were there when it arrived, itself included.
    pub(crate) present: u32,
    /// It was refused after all.
    pub(crate) dropped: bool,
}

#[derive(Clone, Debug)]
pub(crate) enum Limiter {
    Fixed(u32),
    Aimd(Aimd),
    Gradient(Gradient),
    Vegas(Vegas),
}

impl Limiter {
    pub(crate) fn new(limit: &Limit, stream: &mut Stream) -> Limiter {
        match limit.kind {
            LimitKind::Fixed => Limiter::Fixed(limit.start as u32),
            LimitKind::Aimd { .. } => Limiter::Aimd(Aimd::new(limit)),
            LimitKind::Gradient { .. } => Limiter::Gradient(Gradient::new(limit)),
            LimitKind::Vegas { .. } => Limiter::Vegas(Vegas::new(limit, stream)),
        }
    }

    /// How many may be there at once.
    pub(crate) fn limit(&self) -> u32 {
        match self {
            Limiter::Fixed(limit) => *limit,
            Limiter::Aimd(aimd) => aimd.limit(),
            Limiter::Gradient(gradient) => gradient.limit(),
            Limiter::Vegas(vegas) => vegas.limit(),
        }
    }

    pub(crate) fn observe(&mut self, limit: &Limit, sample: Sample, stream: &mut Stream) {
        match (self, limit.kind) {
            (Limiter::Aimd(aimd), LimitKind::Aimd { timeout, backoff }) => {
                aimd.observe(limit, timeout.nanos(), backoff, sample);
            }
            (Limiter::Gradient(gradient), LimitKind::Gradient { tolerance, smoothing, queue, .. }) => {
                gradient.observe(limit, tolerance, smoothing, queue, sample);
            }
            (Limiter::Vegas(vegas), LimitKind::Vegas { smoothing }) => {
                vegas.observe(limit, smoothing, sample, stream);
            }
            _ => {}
        }
    }
}
