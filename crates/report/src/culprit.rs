//! What is behind waits for workers and behind attempts given up.
//!
//! To wait for a worker of a service is to wait for the requests in front, and to give an attempt up is
//! to have waited for a service in vain. What these were doing meanwhile is known: how many requests
//! were on each service, how many of them queued, and how many waited for an answer of which other
//! service (time averages, so that requests count that failed or never ended). So such a wait is handed
//! on, in those proportions, to what happened on that service and in its calls, and where that is again
//! a wait for a worker further down, once more. What is left is work, steps that wait, the network, a
//! core or a connection that is short: the cause of the backpressure, however far below the tier that
//! looks saturated.

use std::collections::BTreeMap;

use tarsier_engine::{Cause, Outcome, Why, WhyPart};
use tarsier_model::{Model, ServiceId};
use tarsier_units::Id;

type Place = (Option<ServiceId>, Cause);

/// Times a wait is handed on at most; by then hardly any of it is left, even around a cycle of calls.
const MOST_ROUNDS: usize = 100;
/// A rest below this share of all is not handed on.
const NEGLIGIBLE: f64 = 1e-6;

/// What is handed on: nanoseconds of the mean and of the tail.
type Amount = [f64; 2];

/// Where an amount is on its way.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    /// Spent by requests that hold a worker of the service.
    Held(ServiceId),
    /// Spent by callers of the service, from sending to answer.
    Called(ServiceId),
}

/// What is behind a workload's waits for workers and its attempts given up; nothing if it has none.
pub(crate) fn behind_waits(why: &Why, model: &Model, outcome: &Outcome) -> Option<Why> {
    let mut on_its_way: BTreeMap<Stage, Amount> = BTreeMap::new();
    for part in &why.parts {
        let stage = match (part.service, part.cause) {
            (Some(service), Cause::Worker) => Stage::Held(service),
            (Some(service), Cause::Timeout) => Stage::Called(service),
            _ => continue,
        };
        add(on_its_way.entry(stage).or_default(), [part.mean_ns, part.tail_ns]);
    }
    let all = total(&on_its_way);
    if all <= 0.0 {
        return None;
    }
    let occupation = Occupation::of(model, outcome);
    let mut found: BTreeMap<Place, Amount> = BTreeMap::new();
    for _ in 0..MOST_ROUNDS {
        let mut next = BTreeMap::new();
        for (stage, amount) in on_its_way {
            occupation.hand_on(stage, amount, &mut next, &mut found);
        }
        on_its_way = next;
        if total(&on_its_way) < NEGLIGIBLE * all {
            break;
        }
    }
    for (Stage::Held(service) | Stage::Called(service), amount) in on_its_way {
        add(found.entry((Some(service), Cause::Worker)).or_default(), amount);
    }
    let part = |((service, cause), [mean_ns, tail_ns]): (Place, Amount)| WhyPart {
        service,
        cause,
        mean_ns,
        tail_ns,
    };
    let parts = found.into_iter().map(part).collect();
    Some(Why { sampled: why.sampled, sampled_tail: why.sampled_tail, parts })
}

fn add(sum: &mut Amount, more: Amount) {
    sum[0] += more[0];
    sum[1] += more[1];
}

fn total(amounts: &BTreeMap<Stage, Amount>) -> f64 {
    amounts.values().map(|[mean, tail]| mean + tail).sum()
}

/// Mean numbers of requests: what those on a service are doing.
#[derive(Clone, Default)]
struct Doing {
    waiting_for_worker: f64,
    waiting_for_core: f64,
    /// Waiting for answers, by service.
    calling: BTreeMap<ServiceId, f64>,
    /// Working, or in a step that waits.
    itself: f64,
}

impl Doing {
    fn holding(&self) -> f64 {
        self.waiting_for_core + self.itself + self.calling.values().sum::<f64>()
    }
}

struct Occupation {
    doing: Vec<Doing>,
    /// Of the time of a service's callers, the share during which their request is there.
    present: Vec<f64>,
    /// Time spent by causes, over all workloads: tells apart what the numbers above do not.
    spent: BTreeMap<Place, f64>,
}

impl Occupation {
    fn of(model: &Model, outcome: &Outcome) -> Occupation {
        let mut spent: BTreeMap<Place, f64> = BTreeMap::new();
        for workload in &outcome.workloads {
            for (why, n) in [(&workload.why, workload.completed), (&workload.why_failed, workload.errors)] {
                for part in &why.parts {
                    *spent.entry((part.service, part.cause)).or_default() += n as f64 * part.mean_ns;
                }
            }
        }
        let mut calling: Vec<BTreeMap<ServiceId, f64>> = vec![BTreeMap::new(); model.services.len()];
        let mut called = vec![0.0; model.services.len()];
        for call in outcome.calls.iter().filter(|call| model.endpoints[call.from].waits_for(call.to)) {
            let [from, to] = [call.from, call.to].map(|endpoint| model.endpoints[endpoint].service);
            *calling[from.index()].entry(to).or_default() += call.in_flight_mean;
            called[to.index()] += call.in_flight_mean;
        }
        let mut occupation = Occupation { doing: Vec::new(), present: Vec::new(), spent };
        for (at, calling) in calling.into_iter().enumerate() {
            let found = &outcome.services[at];
            let doing = occupation.doing_of(ServiceId::from_index(at), found, calling);
            occupation.doing.push(doing);
            let share = if called[at] > 0.0 { (found.present_mean / called[at]).min(1.0) } else { 1.0 };
            occupation.present.push(share);
        }
        occupation
    }

    fn doing_of(
        &self,
        service: ServiceId,
        found: &tarsier_engine::ServiceOutcome,
        mut calling: BTreeMap<ServiceId, f64>,
    ) -> Doing {
        let [for_worker, for_core] =
            self.shares(service, [Cause::Worker, Cause::Core]).unwrap_or_else(|| {
                let worker = f64::from(u8::from(found.workers_busy.is_some()));
                [worker, 1.0 - worker]
            });
        let queue = found.queue_length_mean;
        let answered = (found.present_mean - queue).max(0.0);
        // Calls side by side are in flight together: in all they fill no more than the time there is.
        let in_calls: f64 = calling.values().sum();
        if in_calls > answered {
            calling.values_mut().for_each(|share| *share *= answered / in_calls);
        }
        Doing {
            waiting_for_worker: queue * for_worker,
            waiting_for_core: queue * for_core,
            calling,
            itself: (answered - in_calls).max(0.0),
        }
    }

    /// How the accounts divide what these causes make on a service.
    fn shares<const N: usize>(&self, service: ServiceId, causes: [Cause; N]) -> Option<[f64; N]> {
        let spent = causes.map(|cause| self.spent.get(&(Some(service), cause)).copied().unwrap_or(0.0));
        let all: f64 = spent.iter().sum();
        (all > 0.0).then(|| spent.map(|it| it / all))
    }

    fn hand_on(
        &self,
        stage: Stage,
        amount: Amount,
        next: &mut BTreeMap<Stage, Amount>,
        found: &mut BTreeMap<Place, Amount>,
    ) {
        match stage {
            Stage::Held(service) => self.divide(service, 0.0, amount, next, found),
            Stage::Called(service) => {
                let share = self.present[service.index()];
                let doing = &self.doing[service.index()];
                self.divide(service, doing.waiting_for_worker, amount.map(|it| it * share), next, found);
                self.on_the_way(service, amount.map(|it| it * (1.0 - share)), found);
            }
        }
    }

    /// Among what requests do that hold a worker of a service, and so many that wait for one.
    fn divide(
        &self,
        service: ServiceId,
        waiting: f64,
        amount: Amount,
        next: &mut BTreeMap<Stage, Amount>,
        found: &mut BTreeMap<Place, Amount>,
    ) {
        let doing = &self.doing[service.index()];
        let all = doing.holding() + waiting;
        if all <= 0.0 {
            return add(found.entry((Some(service), Cause::Work)).or_default(), amount);
        }
        let part = |number: f64| amount.map(|it| it * number / all);
        add(next.entry(Stage::Held(service)).or_default(), part(waiting));
        add(found.entry((Some(service), Cause::Core)).or_default(), part(doing.waiting_for_core));
        for (to, number) in &doing.calling {
            add(next.entry(Stage::Called(*to)).or_default(), part(*number));
        }
        self.spread(service, [Cause::Work, Cause::Wait], part(doing.itself), found);
    }

    /// What callers of a service spend while their request is not there.
    fn on_the_way(&self, service: ServiceId, amount: Amount, found: &mut BTreeMap<Place, Amount>) {
        self.spread(service, [Cause::Network, Cause::Connection, Cause::Backoff], amount, found);
    }

    /// As the accounts divide it; all to the first cause if they know nothing.
    fn spread<const N: usize>(
        &self,
        service: ServiceId,
        causes: [Cause; N],
        amount: Amount,
        found: &mut BTreeMap<Place, Amount>,
    ) {
        let shares = self.shares(service, causes);
        let first_only = std::array::from_fn(|at| f64::from(u8::from(at == 0)));
        for (cause, share) in causes.into_iter().zip(shares.unwrap_or(first_only)) {
            if share > 0.0 {
                add(found.entry((Some(service), cause)).or_default(), amount.map(|it| it * share));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use tarsier_engine::WorkloadOutcome;

    use super::*;
    use crate::text::fixture;

    /// On `web` are `web_present` requests, of which so many queue and so many call `db`, where `db_present` are.
    fn behind(parts: &[(u32, Cause, f64)], web: [f64; 3], db: [f64; 2]) -> Option<Vec<(u32, Cause, f64)>> {
        let part = |&(service, cause, ns): &(u32, Cause, f64)| WhyPart {
            service: Some(ServiceId(service)),
            cause,
            mean_ns: ns,
            tail_ns: ns,
        };
        let why = Why { sampled: 100, sampled_tail: 1, parts: parts.iter().map(part).collect() };
        let mut outcome = fixture::outcome();
        outcome.workloads = vec![WorkloadOutcome { completed: 10, why: why.clone(), ..Default::default() }];
        let [present, queue, calling] = web;
        outcome.services[0].present_mean = present;
        outcome.services[0].queue_length_mean = queue;
        outcome.calls[0].in_flight_mean = calling;
        outcome.services[1].present_mean = db[0];
        outcome.services[1].queue_length_mean = db[1];
        let found = behind_waits(&why, &fixture::model(), &outcome)?;
        let rounded =
            |it: &WhyPart| (it.service.expect("a service").0, it.cause, (it.tail_ns * 1e6).round() / 1e6);
        Some(found.parts.iter().map(rounded).filter(|(.., ns)| *ns > 0.0).collect())
    }

    #[test]
    fn a_wait_for_a_worker_is_what_the_worker_does() {
        // Of 8 requests that hold a worker 6 call the database, where 4 of them are and work; 2 are on the way.
        let parts = [(0, Cause::Worker, 100.0)];
        let expected = vec![(0, Cause::Work, 25.0), (1, Cause::Network, 25.0), (1, Cause::Work, 50.0)];
        assert_eq!(behind(&parts, [20.0, 12.0, 6.0], [4.0, 0.0]), Some(expected));
    }

    #[test]
    fn waits_further_down_are_handed_on_too() {
        // All who hold a worker are at the database, which has ten requests, nine of them waiting for a worker.
        let parts = [(0, Cause::Worker, 100.0), (1, Cause::Worker, 1e-9), (1, Cause::Wait, 1e-9)];
        assert_eq!(behind(&parts, [20.0, 10.0, 10.0], [10.0, 9.0]), Some(vec![(1, Cause::Wait, 100.0)]));
    }

    #[test]
    fn attempts_given_up_are_what_became_of_them() {
        // More requests are at the database than anybody waits for; they wait for a core.
        let parts = [(1, Cause::Timeout, 100.0), (1, Cause::Core, 1e-9)];
        let expected = vec![(1, Cause::Core, 90.0), (1, Cause::Work, 10.0)];
        assert_eq!(behind(&parts, [5.0, 0.0, 5.0], [100.0, 90.0]), Some(expected));
    }

    #[test]
    fn no_waits_no_answer() {
        assert_eq!(behind(&[(0, Cause::Core, 100.0)], [1.0, 0.0, 0.0], [0.0, 0.0]), None);
    }
}
