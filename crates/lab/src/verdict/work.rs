//! What the end state costs, beside the twin's: attempts on the way, and work for which nobody waits any more.

use tarsier_engine::CallOutcome;
use tarsier_model::Model;
use tarsier_report::{Attempts, Beside, Work};
use tarsier_units::Id;

use super::watch::{Flow, Pair, Seen, Visits};

/// Users first, then calls in the order of the outcome.
pub(crate) fn attempts(model: &Model, pair: &Pair) -> Vec<Attempts> {
    let users = model.workloads.iter().map(|workload| match workload.mix.as_slice() {
        [(_, to)] => format!("{} -> {}", workload.name, model.endpoint_label(*to)),
        _ => workload.name.clone(),
    });
    let calls = pair
        .calls()
        .iter()
        .map(|call| format!("{} -> {}", model.endpoint_label(call.from), model.endpoint_label(call.to)));
    let flows = |seen: &Seen| [&seen.workloads[..], &seen.calls[..]].concat();
    let both = flows(&pair.run).into_iter().zip(flows(&pair.twin));
    users.chain(calls).zip(both).map(|(label, flows)| beside(label, flows, pair.frame.end_s())).collect()
}

fn beside(label: String, (run, twin): (Flow, Flow), end_s: f64) -> Attempts {
    let both = |figure: &dyn Fn(&Flow) -> f64| Beside { run: figure(&run), twin: figure(&twin) };
    // What ends at the end may have been sent before.
    let share = |part: u64, flow: &Flow| ratio(part as f64, flow.attempts as f64).min(1.0);
    Attempts {
        label,
        per_s: both(&|flow| flow.attempts as f64 / end_s),
        per_request: both(&|flow| ratio(flow.attempts as f64, flow.requests as f64)),
        timeouts: both(&|flow| share(flow.timeouts, flow)),
        refused: both(&|flow| share(flow.refused, flow)),
        rejected: both(&|flow| ratio(flow.rejected as f64, (flow.attempts + flow.rejected) as f64)),
        failed: both(&|flow| {
            let ended = flow.completed + flow.timeouts + flow.refused;
            share(flow.attempts.saturating_sub(ended), flow)
        }),
    }
}

/// In the order of the model.
pub(crate) fn services(model: &Model, pair: &Pair) -> Vec<Work> {
    let calls = links(model, pair.calls());
    let unproductive = [&pair.run, &pair.twin].map(|seen| unproductive(seen, &calls));
    let requests =
        [&pair.run, &pair.twin].map(|seen| seen.workloads.iter().map(|it| it.requests).sum::<u64>());
    let end_s = pair.frame.end_s();
    let of = |(at, service): (usize, &tarsier_model::Service)| {
        let sides = [&pair.run.services[at], &pair.twin.services[at]];
        let both = |figure: &dyn Fn(&Visits, usize) -> f64| Beside {
            run: figure(sides[0], 0),
            twin: figure(sides[1], 1),
        };
        Work {
            service: service.name.clone(),
            per_s: both(&|visits, _| visits.arrivals as f64 / end_s),
            per_request: both(&|visits, side| ratio(visits.arrivals as f64, requests[side] as f64)),
            unproductive: both(&|_, side| unproductive[side][at]),
            utilization: both(&|visits, _| visits.utilization / end_s),
        }
    };
    model.services.iter().enumerate().map(of).collect()
}

/// From which service to which each call of an outcome is.
fn links(model: &Model, calls: &[CallOutcome]) -> Vec<(usize, usize)> {
    let service = |endpoint| model.endpoints[endpoint].service.index();
    calls.iter().map(|call| (service(call.from), service(call.to))).collect()
}

/// The share of each service's work that serves no user. Its own answers may come too late, and so may those of whom
/// it answers: what serves is the product along the way from the users, over all ways by their share.
fn unproductive(seen: &Seen, calls: &[(usize, usize)]) -> Vec<f64> {
    let mut serves = vec![1.0; seen.services.len()];
    for _ in 0..ROUNDS {
        let next = next_round(seen, calls, &serves);
        let change: f64 = next.iter().zip(&serves).map(|(new, old): (&f64, &f64)| (new - old).abs()).sum();
        serves = next;
        if change < 1e-9 {
            break;
        }
    }
    serves.into_iter().map(|share| 1.0 - share).collect()
}

/// As deep as calls go; in a circle what is left after so many rounds is nothing.
const ROUNDS: usize = 200;

fn next_round(seen: &Seen, calls: &[(usize, usize)], serves: &[f64]) -> Vec<f64> {
    let mut from_services = vec![(0.0, 0.0); serves.len()];
    for ((from, to), flow) in calls.iter().zip(&seen.calls) {
        let (asked, serving) = &mut from_services[*to];
        *asked += flow.attempts as f64;
        *serving += flow.attempts as f64 * serves[*from];
    }
    let visits = seen.services.iter().zip(from_services);
    visits
        .map(|(visits, (asked, serving))| {
            let from_users = (visits.arrivals as f64 - asked).max(0.0);
            let on_the_way =
                if asked + from_users > 0.0 { (serving + from_users) / (asked + from_users) } else { 1.0 };
            on_the_way * (1.0 - ratio(visits.unused as f64, visits.answered as f64).min(1.0))
        })
        .collect()
}

fn ratio(part: f64, whole: f64) -> f64 {
    if whole > 0.0 { part / whole } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::super::watch::Frame;
    use super::*;

    /// Users ask 0, that asks 1 as often as 2, and 2 asks 1: of 0's answers half come too late, of 2's all.
    #[test]
    fn what_serves_nobody_is_multiplied_along_the_way() {
        let mut seen = Seen::new(Frame::new(0.0, 0.0, 10), [1, 3, 3]);
        let visits = |arrivals, unused| Visits { arrivals, answered: arrivals, unused, utilization: 0.0 };
        seen.services = vec![visits(100, 50), visits(200, 0), visits(100, 100)];
        seen.calls = vec![Flow { attempts: 100, ..Flow::default() }; 3];
        let shares = unproductive(&seen, &[(0, 1), (0, 2), (2, 1)]);
        assert_eq!(shares, [0.5, 0.75, 1.0]);
    }

    #[test]
    fn nothing_is_in_vain_where_nothing_happens() {
        let seen = Seen::new(Frame::new(0.0, 0.0, 10), [1, 1, 0]);
        assert_eq!(unproductive(&seen, &[]), [0.0]);
    }
}
