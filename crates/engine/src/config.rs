//! How to run a model.

use tarsier_model::Scenario;
use tarsier_stats::Window;
use tarsier_units::Span;

use crate::{SecondRow, Standing, TraceSpan, Traces, VisitEnd};

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
    /// Called before the row of each workload: how long its requests took that were answered in this second, in
    /// nanoseconds; all of them, and of each of its destinations, in the order of its mix.
    fn latencies(&mut self, _second: u64, _workload: usize, _all: &Window, _destinations: &[Window]) {}
    /// Whether [`Watch::visit`] is called; asked once, before the run.
    fn wants_visits(&self) -> bool {
        false
    }
    /// Called for every stay of a request on an instance, now and then, in the order in which those of a partition
    /// ended; warm-up included.
    fn visit(&mut self, _visit: &Visit) {}
    /// Called, now and then, for every instance that a scenario takes away or that is there again, in order.
    fn instance(&mut self, _change: &InstanceChange) {}
    /// Of which requests [`Watch::span`] is called; asked once, before the run.
    fn traces(&self) -> Traces {
        Traces::None
    }
    /// Called for every span of a traced request, now and then, soon after it ended. Their order is the same for every
    /// number of threads; what has not ended when the run does is not told.
    fn span(&mut self, _span: &TraceSpan) {}
    /// Whether a look may let things happen; asked once, before the run.
    fn steers(&self) -> bool {
        false
    }
    /// When to look next, counted from the start of the run, if ever; asked before the run and after each look.
    fn next_look(&mut self) -> Option<Span> {
        None
    }
    /// Called when it was wanted, or a nanosecond after the last look if that is later, with everything at rest. What is
    /// done here happens at this very time, as if the scenario had it.
    fn look(&mut self, _standing: &mut Standing<'_, '_>) -> Verdict {
        Verdict::GoOn
    }
}

/// A stay of a request on an instance. Times are counted from the start of the run.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Visit {
    /// An index into the model's services.
    pub service: usize,
    pub instance: u32,
    pub arrived_ns: u64,
    /// Waiting for a worker, and for a core before the first work.
    pub queue_ns: u64,
    /// What its own `work` and `wait` steps drew, branches of parallel steps aside.
    pub demand_ns: u64,
    pub left_ns: u64,
    pub end: VisitEnd,
}

/// An instance is gone, or there again.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct InstanceChange {
    /// Nanoseconds since the end of the warm-up, before which it is negative.
    pub time_ns: i64,
    /// An index into the model's services.
    pub service: usize,
    pub number: u32,
    pub is_up: bool,
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
