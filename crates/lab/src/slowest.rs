//! Which requests of a run are the slowest: it is run once to tell, and again to look at them.

use std::collections::{BTreeMap, BTreeSet};

use tarsier_engine::{Pulse, RunConfig, Side, TraceSpan, Traces, Verdict, Watch};
use tarsier_model::{SealedModel, WorkloadId};
use tarsier_units::Span;

use crate::progress::{Member, Phase, Total};
use crate::shelf::Top;
use crate::{Observer, Plan};

/// The traces of the `n` requests of each workload that took longest, however they ended.
pub(crate) fn find(
    model: &SealedModel,
    plan: &Plan<'_>,
    warmup: Span,
    n: usize,
    observer: &dyn Observer,
) -> BTreeSet<u128> {
    let total = Total::new(observer, Phase::Pilot, warmup.as_secs_f64() + plan.duration.as_secs_f64());
    let config = RunConfig {
        seed: plan.seed,
        replication: 0,
        duration: plan.duration,
        warmup,
        scenario: plan.scenario,
        threads: plan.threads,
        series: false,
    };
    let mut scout = Scout { member: Member::new(&total, None), n, slowest: BTreeMap::new() };
    tarsier_engine::run(model, &config, &mut scout);
    scout.slowest.values().flat_map(Top::traces).collect()
}

struct Scout<'t, 's> {
    member: Member<'t, 's>,
    n: usize,
    slowest: BTreeMap<WorkloadId, Top>,
}

impl Watch for Scout<'_, '_> {
    fn pulse(&mut self, pulse: Pulse) -> Verdict {
        self.member.pulse(pulse)
    }

    fn traces(&self) -> Traces {
        Traces::Requests
    }

    fn span(&mut self, span: &TraceSpan) {
        let Side::Users { workload, .. } = span.side else { return };
        let slowest = self.slowest.entry(workload).or_insert_with(|| Top::new(self.n));
        slowest.offer(span.ended_ns - span.began_ns, span.trace);
    }
}
