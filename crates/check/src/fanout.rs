//! The tail of fan-outs: how many requests wait for a leaf that is slow.
//!
//! A leaf is an endpoint that waits for nobody. One visit in a hundred of a leaf is among its slowest 1%; of requests that
//! wait for n leaves, `1 - 0.99^n` meet one of these (Dean and Barroso, «The Tail at Scale», 2013).

use tarsier_model::{EndpointId, Model, WorkloadId};

use crate::chance::{Question, Realm, is_leaf};
use crate::edges::Manner;
use crate::load::{calls, flow};

const SLOWEST: f64 = 0.01;

/// What the users of a workload who send to an endpoint meet.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct FanOut {
    pub workload: WorkloadId,
    pub to: EndpointId,
    /// Visits of leaves that a request causes and waits for, on average.
    pub leaves: f64,
    /// The share of requests that wait for one of the slowest 1% of visits of a leaf.
    pub slow: f64,
}

/// One for each destination of each workload.
pub(crate) fn fan_outs(model: &Model) -> Vec<FanOut> {
    let mut found = Vec::new();
    for (id, workload) in model.workloads.entries() {
        for (_, to) in workload.mix.iter().filter(|(share, _)| *share > 0.0) {
            let swift = Realm::of(model, *to).chance(Question::Swiftness(1.0 - SLOWEST));
            found.push(FanOut { workload: id, to: *to, leaves: leaves(model, *to), slow: 1.0 - swift });
        }
    }
    found
}

fn leaves(model: &Model, root: EndpointId) -> f64 {
    let arriving = model.endpoints.ids().map(|id| f64::from(u8::from(id == root))).collect();
    let waited_for = calls(model, |edge| match edge.manner {
        Manner::Call | Manner::Ask => edge.weight(),
        Manner::Publish | Manner::Fill | Manner::Fallback => 0.0,
    });
    let visits = flow(arriving, &waited_for);
    let of_leaves = visits.entries().filter(|(id, _)| is_leaf(&model.endpoints[*id]));
    of_leaves.map(|(_, visits)| visits).sum()
}

#[cfg(test)]
mod tests {
    use tarsier_model::{Branch, Call, Step};

    use super::*;
    use crate::fixture::{call, call_step, model};

    #[track_caller]
    fn check(steps: Vec<Step>, leaves: f64, slow: f64) {
        let found =
            fan_outs(&model(1.0, &[("web", steps), ("leaf", vec![]), ("middle", vec![call_step(1)])]));
        assert!((found[0].leaves - leaves).abs() < 1e-12, "{found:?}");
        assert!((found[0].slow - slow).abs() < 1e-12, "{found:?}");
    }

    fn parallel(times: u32, need: u32, steps: Vec<Step>) -> Step {
        Step::Parallel { branches: vec![Branch { times, steps }], need }
    }

    /// `1 - 0.99^30 = 0.2602996…`; one in a hundred of a hundred leaves makes 63% (Dean and Barroso 2013).
    #[test]
    fn requests_meet_the_slow_ones_of_their_leaves() {
        check(vec![parallel(30, 30, vec![call_step(1)])], 30.0, 0.260_299_626_611_718_9);
        check(vec![parallel(100, 100, vec![call_step(2)])], 100.0, 0.633_967_658_726_770_9);
        check(vec![Step::Repeat { times: 30, steps: vec![call_step(1)] }], 30.0, 0.260_299_626_611_718_9);
        check(vec![], 1.0, 0.01);
    }

    /// Two of three: slow only if two are, `3 × 0.01² × 0.99 + 0.01³`.
    #[test]
    fn who_needs_fewer_waits_for_fewer() {
        check(vec![parallel(3, 2, vec![call_step(1)])], 3.0, 0.000_298);
        let optional = Step::Call(Call { optional: true, ..call(1) });
        check(vec![optional, Step::Publish(call(1))], 1.0, 0.01);
        let half = Step::Maybe { share: 0.5, steps: vec![call_step(1)] };
        check(vec![half], 0.5, 0.005);
        let cache = Step::Cache { ask: call(1), hit: 0.9, miss: vec![call_step(2)], fill: None };
        check(vec![cache], 1.1, 1.0 - 0.99 * (0.9 + 0.1 * 0.99));
    }
}
