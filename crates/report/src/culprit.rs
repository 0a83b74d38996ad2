//! What holds the workers that requests wait for.
//!
//! To wait for a worker of a service is to wait until requests in front end, and what these do is known:
//! the accounts say where a request spends its time while it holds a worker there, on that service
//! itself and on all that it calls. So a wait for a worker is handed on, in those proportions, to what
//! the worker is held by; where that is a wait for another worker further down, once more. What is left
//! in the end is work, steps that wait, the network, a core or a connection that is short: the cause of
//! the backpressure, however far below the tier that looks saturated.

use std::collections::{BTreeMap, BTreeSet};

use tarsier_engine::{Cause, Outcome, Why, WhyPart};
use tarsier_model::{Model, ServiceId};
use tarsier_units::Id;

type Place = (Option<ServiceId>, Cause);

/// Times a wait is handed on at most; by then hardly any of it is left, even around a cycle of calls.
const MOST_ROUNDS: usize = 100;
/// A rest below this share of all is not handed on.
const NEGLIGIBLE: f64 = 1e-6;

/// What the workers are held by that a workload's requests wait for; nothing if they do not wait for any.
pub(crate) fn behind_workers(why: &Why, model: &Model, outcome: &Outcome) -> Option<Why> {
    let waits = |part: &&WhyPart| part.cause == Cause::Worker;
    let mut waiting: BTreeMap<Place, [f64; 2]> = BTreeMap::new();
    for part in why.parts.iter().filter(waits) {
        waiting.insert((part.service, part.cause), [part.mean_ns, part.tail_ns]);
    }
    let all: f64 = waiting.values().map(|[mean, tail]| mean + tail).sum();
    if all <= 0.0 {
        return None;
    }
    let holders = Holders::of(model, outcome);
    let mut found: BTreeMap<Place, [f64; 2]> = BTreeMap::new();
    for _ in 0..MOST_ROUNDS {
        let mut handed_on: BTreeMap<Place, [f64; 2]> = BTreeMap::new();
        for (place, amount) in &waiting {
            let held_by = holders.of_worker(*place);
            for (holder, share) in &held_by {
                let to = if holder.1 == Cause::Worker { &mut handed_on } else { &mut found };
                add(to.entry(*holder).or_default(), amount.map(|it| it * share));
            }
            if held_by.is_empty() {
                add(found.entry(*place).or_default(), *amount);
            }
        }
        waiting = handed_on;
        if waiting.values().map(|[mean, tail]| mean + tail).sum::<f64>() < NEGLIGIBLE * all {
            break;
        }
    }
    waiting.into_iter().for_each(|(place, amount)| add(found.entry(place).or_default(), amount));
    let part = |((service, cause), [mean_ns, tail_ns]): (Place, [f64; 2])| WhyPart {
        service,
        cause,
        mean_ns,
        tail_ns,
    };
    let parts = found.into_iter().map(part).collect();
    Some(Why { sampled: why.sampled, sampled_tail: why.sampled_tail, parts })
}

fn add(sum: &mut [f64; 2], more: [f64; 2]) {
    sum[0] += more[0];
    sum[1] += more[1];
}

/// Where requests spend their time, over all workloads, and which services each service calls, also by way of others.
struct Holders {
    spent: BTreeMap<Place, f64>,
    below: Vec<BTreeSet<ServiceId>>,
}

impl Holders {
    fn of(model: &Model, outcome: &Outcome) -> Holders {
        let mut spent: BTreeMap<Place, f64> = BTreeMap::new();
        for workload in &outcome.workloads {
            let ended = (workload.completed + workload.errors) as f64;
            for part in &workload.why.parts {
                *spent.entry((part.service, part.cause)).or_default() += ended * part.mean_ns;
            }
        }
        Holders { spent, below: services_below(model) }
    }

    /// What holds a worker of a service, with shares that sum to one.
    fn of_worker(&self, (service, _): Place) -> Vec<(Place, f64)> {
        let Some(service) = service else { return Vec::new() };
        let below = &self.below[service.index()];
        // What comes before a request has its worker does not hold it.
        let holds = |place: &Place| match *place {
            (Some(other), Cause::Core | Cause::Work | Cause::Wait) if other == service => true,
            (Some(other), _) => other != service && below.contains(&other),
            (None, _) => false,
        };
        let held: Vec<(Place, f64)> =
            self.spent.iter().filter(|(place, _)| holds(place)).map(|(place, it)| (*place, *it)).collect();
        let all: f64 = held.iter().map(|(_, spent)| spent).sum();
        if all <= 0.0 {
            return Vec::new();
        }
        held.into_iter().map(|(place, spent)| (place, spent / all)).collect()
    }
}

fn services_below(model: &Model) -> Vec<BTreeSet<ServiceId>> {
    let mut called: Vec<BTreeSet<ServiceId>> = vec![BTreeSet::new(); model.services.len()];
    for (from, calls) in model.calls_per_visit().entries() {
        let to = calls.iter().map(|(to, _)| model.endpoints[*to].service);
        called[model.endpoints[from].service.index()].extend(to);
    }
    (0..called.len()).map(|service| reachable(&called, service)).collect()
}

fn reachable(called: &[BTreeSet<ServiceId>], from: usize) -> BTreeSet<ServiceId> {
    let mut seen = BTreeSet::new();
    let mut open = vec![from];
    while let Some(service) = open.pop() {
        open.extend(called[service].iter().filter(|next| seen.insert(**next)).map(|next| next.index()));
    }
    seen
}

#[cfg(test)]
mod tests {
    use tarsier_engine::WorkloadOutcome;

    use super::*;
    use crate::text::fixture;

    /// `web` calls `db`; its requests spend this much, with these in the tail.
    fn behind(parts: &[(u32, Cause, f64)]) -> Option<Vec<(u32, Cause, f64)>> {
        let part = |&(service, cause, ns): &(u32, Cause, f64)| WhyPart {
            service: Some(ServiceId(service)),
            cause,
            mean_ns: ns,
            tail_ns: ns,
        };
        let why = Why { sampled: 100, sampled_tail: 1, parts: parts.iter().map(part).collect() };
        let mut outcome = fixture::outcome();
        outcome.workloads = vec![WorkloadOutcome { completed: 10, why: why.clone(), ..Default::default() }];
        let found = behind_workers(&why, &fixture::model(), &outcome)?;
        Some(found.parts.iter().map(|it| (it.service.expect("a service").0, it.cause, it.tail_ns)).collect())
    }

    #[test]
    fn a_wait_for_a_worker_is_what_the_worker_does() {
        let parts = [(0, Cause::Worker, 100.0), (0, Cause::Work, 10.0), (1, Cause::Wait, 30.0)];
        assert_eq!(behind(&parts), Some(vec![(0, Cause::Work, 25.0), (1, Cause::Wait, 75.0)]));
    }

    #[test]
    fn waits_further_down_are_handed_on_too() {
        let parts = [
            (0, Cause::Worker, 100.0),
            (1, Cause::Connection, 20.0),
            (1, Cause::Worker, 60.0),
            (1, Cause::Work, 20.0),
        ];
        // 20 of the first hundred are a connection's, 20 work's; 60 are again a wait, for work alone. So are the
        // other 60 from the start.
        assert_eq!(behind(&parts), Some(vec![(1, Cause::Connection, 20.0), (1, Cause::Work, 140.0)]));
    }

    #[test]
    fn no_waits_for_workers_no_answer() {
        assert_eq!(behind(&[(0, Cause::Core, 100.0), (0, Cause::Work, 10.0)]), None);
    }

    #[test]
    fn shares_are_conserved() {
        let parts = [(0, Cause::Worker, 70.0), (1, Cause::Worker, 30.0), (1, Cause::Network, 1.0)];
        let total: f64 = behind(&parts).expect("there are waits").iter().map(|(.., tail)| tail).sum();
        assert!((total - 100.0).abs() < 1e-9, "{total}");
    }
}
