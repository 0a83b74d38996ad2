//! What can be asked of a run, while it goes and when it is over.

use tarsier_engine::{Ended, InstanceState, Outcome, Standing, Unfit};
use tarsier_model::{ServiceId, Trouble};
use tarsier_units::Span;

/// A run as its thread sees it.
pub(crate) enum Sight<'a, 's, 'r> {
    Live(&'a mut Standing<'s, 'r>),
    /// It broke off, with this.
    Over(&'a Outcome),
}

impl Sight<'_, '_, '_> {
    pub(crate) fn time(&self) -> Span {
        match self {
            Sight::Live(standing) => standing.time(),
            Sight::Over(outcome) => Span::from_nanos(outcome.simulated_ns),
        }
    }

    pub(crate) fn outcome(&mut self) -> Outcome {
        match self {
            Sight::Live(standing) => standing.outcome(),
            Sight::Over(outcome) => Outcome::clone(outcome),
        }
    }

    /// Of the last seconds, once there are so many.
    pub(crate) fn recent(&mut self) -> Outcome {
        match self {
            Sight::Live(standing) => standing.recent().unwrap_or_else(|| standing.outcome()),
            Sight::Over(outcome) => Outcome::clone(outcome),
        }
    }

    pub(crate) fn instances(&self, service: ServiceId) -> Vec<InstanceState> {
        match self {
            Sight::Live(standing) => standing.instances(service),
            Sight::Over(..) => Vec::new(),
        }
    }

    pub(crate) fn begin(&mut self, trouble: Trouble, lasts: Option<Span>) -> Result<usize, Unfit> {
        match self {
            Sight::Live(standing) => standing.begin(trouble, lasts),
            Sight::Over(..) => Err(Unfit::Over),
        }
    }

    pub(crate) fn end(&mut self, number: usize) -> Result<Ended, Unfit> {
        match self {
            Sight::Live(standing) => standing.end(number),
            Sight::Over(..) => Err(Unfit::Over),
        }
    }
}
