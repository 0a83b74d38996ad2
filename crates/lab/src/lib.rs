//! Many runs of one model: independent replications on all cores, pooled into one outcome, and what can be said of
//! the warm-up.
//!
//! The only place with threads over runs. Nothing that comes out depends on how many there are. No clocks, no
//! files: who asks for a run looks on through an [`Observer`].

mod pool;
mod progress;
mod replicate;
mod search;
mod shelf;
mod slowest;
mod survey;
mod verdict;
mod warmup;

use tarsier_engine::{Outcome, RunConfig, SecondRow, TraceSpan, Traces};
use tarsier_model::{EndpointId, Scenario, SealedModel};
use tarsier_units::Span;

use progress::Listener;
pub use progress::{Observer, Phase, Progress};
pub use shelf::{Pick, Room, Shelf, Trace};
pub use survey::surveys;
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

/// Who hears what the first replication tells, as it comes.
pub trait Audience: Send {
    fn second(&mut self, _row: &SecondRow) {}
    /// Of which requests [`Audience::span`] is called.
    fn traces(&self) -> Sample {
        Sample::None
    }
    fn span(&mut self, _span: &TraceSpan) {}
}

/// Which requests are traced.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Sample {
    None,
    /// About this share of all.
    Share(f64),
    /// So many of each workload. Which these are, a run before tells.
    Slowest(usize),
}

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
    audience: Option<&mut dyn Audience>,
    observer: &dyn Observer,
) -> Findings {
    assert!(plan.reps > 0 && plan.threads > 0, "something is to be run on something");
    let settled = warmup::settle(model, plan, observer);
    let traces = match audience.as_ref().map_or(Sample::None, |audience| audience.traces()) {
        Sample::None => Traces::None,
        Sample::Share(share) => Traces::Share(share),
        Sample::Slowest(n) => Traces::These(slowest::find(model, plan, settled.span, n, observer)),
    };
    let listener = audience.map(|audience| Listener { audience, traces });
    let pool = replicate::run_all(model, plan, settled.span, listener, observer);
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
