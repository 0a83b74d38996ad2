//! Concurrency limits: how many requests an instance takes at once, learnt from how long they take.
//!
//! The algorithms and their constants are those of Netflix concurrency-limits (0.5): one file each. What they look
//! at is one request, or all those of a window.

use tarsier_model::{Limit, LimitKind};
use tarsier_random::Stream;

use super::aimd::Aimd;
use super::gradient::Gradient;
use super::vegas::Vegas;
use super::window::Window;

/// What became of a request that was let in, or of those of a window.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Sample {
    /// From its arrival to its end; at least one.
    pub(crate) nanos: u64,
    /// How many were there when it arrived, itself included.
    pub(crate) present: u32,
    /// It was refused after all.
    pub(crate) dropped: bool,
}

#[derive(Clone, Debug)]
pub(crate) struct Limiter {
    rule: Rule,
    window: Option<Window>,
}

#[derive(Clone, Debug)]
enum Rule {
    Fixed(u32),
    Aimd(Aimd),
    Gradient(Gradient),
    Vegas(Vegas),
}

impl Limiter {
    pub(crate) fn new(limit: &Limit, stream: &mut Stream) -> Limiter {
        let rule = match limit.kind {
            LimitKind::Fixed => Rule::Fixed(limit.start as u32),
            LimitKind::Aimd { .. } => Rule::Aimd(Aimd::new(limit)),
            LimitKind::Gradient { .. } => Rule::Gradient(Gradient::new(limit)),
            LimitKind::Vegas { .. } => Rule::Vegas(Vegas::new(limit, stream)),
        };
        Limiter { rule, window: limit.window.map(|window| Window::new(window.nanos())) }
    }

    /// How many may be there at once.
    pub(crate) fn limit(&self) -> u32 {
        match &self.rule {
            Rule::Fixed(limit) => *limit,
            Rule::Aimd(aimd) => aimd.limit(),
            Rule::Gradient(gradient) => gradient.limit(),
            Rule::Vegas(vegas) => vegas.limit(),
        }
    }

    /// A request has ended now; gives what the limit was worked out from, if it was.
    pub(crate) fn observe(
        &mut self,
        limit: &Limit,
        sample: Sample,
        now: u64,
        stream: &mut Stream,
    ) -> Option<Sample> {
        let sample = self.window.as_mut().map_or(Some(sample), |window| window.add(sample, now))?;
        match (&mut self.rule, limit.kind) {
            (Rule::Aimd(aimd), LimitKind::Aimd { timeout, backoff }) => {
                aimd.observe(limit, timeout.nanos(), backoff, sample);
            }
            (Rule::Gradient(gradient), LimitKind::Gradient { tolerance, smoothing, queue, .. }) => {
                gradient.observe(limit, tolerance, smoothing, queue, sample);
            }
            (Rule::Vegas(vegas), LimitKind::Vegas { smoothing }) => {
                vegas.observe(limit, smoothing, sample, stream);
            }
            _ => {}
        }
        Some(sample)
    }
}
