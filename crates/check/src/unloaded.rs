//! How long requests take when nobody is in their way: a lower bound of what they will take.

use tarsier_model::{Endpoint, EndpointId, Model, Step};
use tarsier_units::{IdVec, Span};

/// Rounds after which a chain of calls has been followed to its end; cycles end with a chance, and
/// what is left of them by then is nothing.
const MAX_ROUNDS: usize = 1_000;

/// Mean seconds of a visit of each endpoint, without load, network and failures; infinite means are.
pub(crate) fn latencies_s(model: &Model) -> IdVec<EndpointId, f64> {
    let mut latencies: IdVec<EndpointId, f64> = model.endpoints.iter().map(|_| 0.0).collect();
    for _ in 0..MAX_ROUNDS {
        let visit = |endpoint: &Endpoint| {
            let speed = model.services[endpoint.service].speed;
            visit_s(&endpoint.steps, speed, &latencies)
        };
        let next: IdVec<EndpointId, f64> = model.endpoints.iter().map(visit).collect();
        if next == latencies {
            break;
        }
        latencies = next;
    }
    latencies
}

/// The mean of a maximum is at least the maximum of the means, so parallel branches keep this a lower bound. Branches
/// beyond the `need` fastest are not waited for.
fn visit_s(steps: &[Step], speed: f64, latencies: &IdVec<EndpointId, f64>) -> f64 {
    let visit = |steps: &[Step]| visit_s(steps, speed, latencies);
    let seconds = |law: &tarsier_random::Law| law.mean().unwrap_or(f64::INFINITY) / 1e9;
    let step_s = |step: &Step| match step {
        Step::Work(law) => seconds(law) / speed,
        Step::Wait(law) => seconds(law),
        // Longer than its timeout no call is waited for.
        Step::Call(call) => {
            latencies[call.to].min(call.policy.timeout.map_or(f64::INFINITY, Span::as_secs_f64))
        }
        Step::Publish(_) | Step::Fail(_) => 0.0,
        Step::Parallel { branches, need } => {
            let times = branches.iter().map(|branch| (visit(&branch.steps), branch.times));
            slowest_needed(times.collect(), *need)
        }
        Step::Choose(options) => options.iter().map(|(share, steps)| weighted(*share, visit(steps))).sum(),
        Step::Maybe { share, steps } => weighted(*share, visit(steps)),
        Step::Repeat { times, steps } => f64::from(*times) * visit(steps),
        Step::Lock { steps, .. } | Step::Conflict { steps, .. } => visit(steps),
        Step::Cache { ask, hit, miss, .. } => latencies[ask.to] + weighted(1.0 - hit, visit(miss)),
    };
    steps.iter().map(step_s).sum()
}

/// What never happens takes no time, even if it would take for ever.
fn weighted(share: f64, seconds: f64) -> f64 {
    if share > 0.0 { share * seconds } else { 0.0 }
}

/// When the `need`-th of all branches ends if each takes its mean. With fewer than all needed this is no bound (the
/// fastest of many is faster than the mean), so nothing is promised then.
fn slowest_needed(branches: Vec<(f64, u32)>, need: u32) -> f64 {
    let n_branches: u64 = branches.iter().map(|(_, times)| u64::from(*times)).sum();
    if u64::from(need) < n_branches {
        return 0.0;
    }
    branches.into_iter().map(|(seconds, _)| seconds).fold(0.0, f64::max)
}

#[cfg(test)]
mod tests {
    use tarsier_model::{Branch, ServiceId};

    use super::*;
    use crate::fixture::{call_step, model, work_ms};

    #[test]
    fn the_slowest_branch_counts_and_speed_divides() {
        let branches = [1, 2].map(|to| Branch { times: 1, steps: vec![call_step(to)] });
        let web = vec![work_ms(1.0), Step::Parallel { branches: branches.into(), need: 2 }];
        let mut model =
            model(1.0, &[("web", web), ("slow", vec![work_ms(40.0)]), ("fast", vec![work_ms(1.0)])]);
        assert!((latencies_s(&model)[EndpointId(0)] - 0.041).abs() < 1e-12);
        model.services[ServiceId(1)].speed = 2.0;
        assert!((latencies_s(&model)[EndpointId(0)] - 0.021).abs() < 1e-12);
    }

    #[test]
    fn recursion_converges() {
        let again = Step::Maybe { share: 0.5, steps: vec![call_step(0)] };
        let model = model(1.0, &[("a", vec![work_ms(1.0), again])]);
        assert!((latencies_s(&model)[EndpointId(0)] - 0.002).abs() < 1e-9);
    }
}
