//! How to run a model.

use tarsier_model::Scenario;
use tarsier_units::Span;

use crate::SecondRow;

#[derive(Clone, Debug)]
pub struct RunConfig<'a> {
    pub seed: u64,
    /// Which of several independent replications with this seed; each has streams of its own.
    pub replication: u64,
    /// Simulated time that counts, after the warm-up.
    pub duration: Span,
    pub warmup: Span,
    pub scenario: Option<&'a Scenario>,
    /// Threads that the partitions of one run are spread over; never changes the outcome.
    pub threads: usize,
    /// Whether [`Watch::second`] is called.
    pub series: bool,
}

/// Who looks on while a run goes; looking changes nothing.
pub trait Watch {
    /// Called now and then.
    fn pulse(&mut self, _pulse: Pulse) -> Verdict {
        Verdict::GoOn
    }
    /// Called for every counted second and everything in it, in order, if the run was configured so.
    fn second(&mut self, _row: &SecondRow) {}
}

/// How far a run is.
#[derive(Clone, Copy, Debug)]
pub struct Pulse {
    /// Simulated time so far, warm-up included.
    pub simulated: Span,
    pub events: u64,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verdict {
    GoOn,
    /// End now with what was measured so far.
    Stop,
}

/// Nobody looks on.
impl Watch for () {}
