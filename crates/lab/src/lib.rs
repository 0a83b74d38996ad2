//! Many runs of one model: independent replications on all cores, pooled into one outcome, and what can be said of
//! the warm-up.
//!
//! The only place with threads over runs. Nothing that comes out depends on how many there are. No clocks, no
//! files: who asks for a run looks on through an [`Observer`].

mod pool;
mod progress;
mod replicate;
mod verdict;
mod warmup;

use tarsier_engine::{Outcome, RunConfig, SecondRow};
use tarsier_model::{EndpointId, Scenario, SealedModel};
use tarsier_units::Span;

pub use progress::{Observer, Phase, Progress};
pub use verdict::{Trigger, verdict};
pub use warmup::{Finding, WarmupVerdict};

/// Warm-up and counted time together; simulated time ends a little later.
pub const LONGEST: Span = Span::from_secs(800 * 86_400);

/// What to run, and how often.
#[derive(Clone, Debug)]
pub struct Plan<'a> {
    pub seed: u64,
    /// Independent replications; at least one.
    pub reps: u64,
    /// How many threads may work at a time; never changes the findings.
    pub threads: usize,
    /// Simulated time that counts, of each replication.
    pub duration: Span,
    /// With the duration, at most [`LONGEST`].
    pub warmup: Warmup,
    pub scenario: Option<&'a Scenario>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Warmup {
    Given(Span),
    /// As long as a pilot run needs to settle; `otherwise` where that cannot be told.
    Auto {
        otherwise: Span,
    },
}

/// Takes the rows of the time series: those of the first replication, as they come.
pub type SeriesSink<'a> = &'a mut (dyn FnMut(&SecondRow) + Send);

/// What came out.
#[derive(Clone, Debug)]
pub struct Findings {
    /// Of all replications together: counts, events and simulated time are sums, instances and the warm-up are
    /// those of one, shares and lengths are means over time.
    pub outcome: Outcome,
    /// How many replications that is; fewer than planned only when stopped.
    pub reps: u64,
    pub warmup: WarmupVerdict,
}

/// Runs the plan to its end, or until the observer has seen enough.
pub fn run(
    model: &SealedModel,
    plan: &Plan<'_>,
    series: Option<SeriesSink<'_>>,
    observer: &dyn Observer,
) -> Findings {
    assert!(plan.reps > 0 && plan.threads > 0, "something is to be run on something");
    let settled = warmup::settle(model, plan, observer);
    let pool = replicate::run_all(model, plan, settled.span, series, observer);
    let warmup = warmup::judge(model, plan, settled, &pool);
    Findings { reps: pool.reps, outcome: pool.outcome(), warmup }
}

/// From whom to whom the calls of an outcome are, in its order, before there is one.
pub fn calls(model: &SealedModel) -> Vec<(EndpointId, EndpointId)> {
    let config = RunConfig {
        seed: 0,
        replication: 0,
        duration: Span::ZERO,
        warmup: Span::ZERO,
        scenario: None,
        threads: 1,
        series: false,
    };
    // A run of no time at all tells.
    tarsier_engine::run(model, &config, &mut ()).calls.iter().map(|call| (call.from, call.to)).collect()
}
