//! Retries of retries: how many attempts a failing service is sent, and below which load nothing can tip.
//!
//! When everything fails, a call with `r` retries is `1 + r` attempts, and along a path these multiply. A service that could
//! serve all the attempts of that moment recovers from any overload, because its queue then shrinks whatever is retried;
//! this is theorem 2 of «Metastable Failures in the Wild» (OSDI '22), load < capacity / (1 + retries), with the
//! amplification of each service's own callers. Where nobody gives up, or whoever does says so, less is done in vain
//! (`outlasting.rs`). Caches are taken as warm, capacity as in the table of the load; breakers, throttles and limits, which
//! help further, are not counted.

use std::collections::BTreeSet;

use tarsier_model::{EndpointId, Model, Order, ServiceId};
use tarsier_units::{IdVec, Span};

use crate::finding::{At, Finding, FindingKind};
use crate::links::{Link, workload_of};
use crate::load::{Calls, Load, ServiceLoad, flow};
use crate::outlasting::{GivingUp, downward};
use crate::text::{counted, number, rate};

/// What a service is asked when all calls fail as often as they are tried.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Storm {
    pub service: ServiceId,
    /// Requests a second as long as nothing fails.
    pub offered_per_s: f64,
    /// Attempts a second when everything does.
    pub failing_per_s: f64,
    /// Requests a second that it can serve.
    pub capacity_per_s: f64,
    /// How many times the work that it is asked for can go on being done once all is well again.
    pub outlasting: f64,
}

impl Storm {
    pub fn amplification(&self) -> f64 {
        self.failing_per_s / self.offered_per_s
    }

    /// Whether less can outlast the cause than all the attempts that are made because of it.
    pub fn abates(&self) -> bool {
        self.outlasting < self.amplification() * 0.99
    }

    /// Below so many requests a second no overload outlasts what triggered it.
    pub fn safe_below_per_s(&self) -> f64 {
        self.capacity_per_s / self.outlasting
    }

    /// The same as a share of what it is asked.
    pub fn safe_share(&self) -> f64 {
        self.safe_below_per_s() / self.offered_per_s
    }

    pub fn can_tip(&self) -> bool {
        self.safe_share() < 1.0
    }
}

/// The services that are asked more when calls fail, in the order of the model.
pub(crate) fn storms(model: &Model, links: &[Link<'_>], load: &Load) -> Vec<Storm> {
    let giving_up = GivingUp::new(model, links);
    let failing = visits(model, links, |link| 1.0 + link.extra_attempts());
    let given_up = visits(model, links, |link| giving_up.attempts(link));
    let storm = |(id, load): (ServiceId, &ServiceLoad)| {
        let service = &model.services[id];
        let sum =
            |of: &IdVec<EndpointId, f64>| service.endpoint_ids().map(|endpoint| of[endpoint]).sum::<f64>();
        let (offered_per_s, failing_per_s) = (load.requests_per_s, sum(&failing));
        let capacity_per_s = offered_per_s / load.heat();
        let grows = offered_per_s > 0.0 && failing_per_s > offered_per_s * (1.0 + 1e-9);
        (grows && capacity_per_s.is_finite()).then(|| Storm {
            service: id,
            offered_per_s,
            failing_per_s,
            capacity_per_s,
            outlasting: giving_up.work_done(service, sum(&given_up) / offered_per_s),
        })
    };
    load.services.entries().filter_map(storm).collect()
}

/// Visits a second of each endpoint when each call is so many attempts.
fn visits(model: &Model, links: &[Link<'_>], attempts: impl Fn(&Link<'_>) -> f64) -> IdVec<EndpointId, f64> {
    let mut arriving: IdVec<EndpointId, f64> = model.endpoints.iter().map(|_| 0.0).collect();
    let mut calls: Calls = model.endpoints.iter().map(|_| Vec::new()).collect();
    for link in links {
        match link.from {
            None => arriving[link.to] += link.calls_per_s * attempts(link),
            Some(from) => calls[from].push((link.to, link.weight * attempts(link))),
        }
    }
    flow(arriving, &calls)
}

/// Services that retries alone could keep down, with nothing there to end it.
pub(crate) fn tipping(model: &Model, links: &[Link<'_>], storms: &[Storm]) -> Vec<Finding> {
    // What cannot keep up even without failures has been told.
    let tipping = storms.iter().filter(|it| it.can_tip() && it.offered_per_s < it.capacity_per_s);
    // Who waits for ever sees nothing fail.
    let persists = |link: &Link<'_>| {
        let sees_failures = link.policy.timeout.is_some() || link.policy.deadline.is_some();
        !sees_failures || (link.policy.breaker.is_none() && link.policy.throttle.is_none())
    };
    let is_pressed = downward(model, links, |link| link.extra_attempts() > 0.0 && persists(link), persists);
    let callers_relent =
        |storm: &&Storm| !model.services[storm.service].endpoint_ids().any(|endpoint| is_pressed[endpoint]);
    tipping
        .filter(|storm| !protects_itself(model, links, storm) && !callers_relent(storm))
        .map(|storm| {
            let outlasting = rate(storm.outlasting * storm.offered_per_s);
            let part = storm.abates().then(|| format!(", of which {outlasting} can outlast the cause"));
            let message = format!(
                "{} can tip and stay down: when its calls fail it is sent {} for the {} it is asked{}, and it can serve {}; \
                 safe below {}",
                model.services[storm.service].name,
                rate(storm.failing_per_s),
                rate(storm.offered_per_s),
                part.unwrap_or_default(),
                rate(storm.capacity_per_s),
                rate(storm.safe_below_per_s()),
            );
            Finding { kind: FindingKind::CanTip, at: At::Service(storm.service), message }
        })
        .collect()
}

/// It does not work on what is too old: it turns requests away, or its queue is shorter than its callers' timeouts.
fn protects_itself(model: &Model, links: &[Link<'_>], storm: &Storm) -> bool {
    let service = &model.services[storm.service];
    let protection = &service.protection;
    let turns_away =
        protection.limit.is_some() || protection.rate_limit.is_some() || protection.shed.is_some();
    let prefers_new = protection.codel.is_some() || protection.order == Order::Lifo;
    let is_short = service.queue.is_some_and(|queue| {
        let calls = links.iter().filter(|link| model.endpoints[link.to].service == storm.service);
        let timeouts = calls.filter_map(|link| link.policy.timeout).map(Span::as_secs_f64);
        let longest_wait_s = f64::from(queue) * service.instances.len() as f64 / storm.capacity_per_s;
        longest_wait_s < timeouts.fold(f64::INFINITY, f64::min)
    });
    turns_away || prefers_new || is_short
}

/// More attempts than this for one request are worth a word.
const MOST_ATTEMPTS: f64 = 10.0;

/// The way on which most attempts are made for one request of users.
struct Ways<'a, 'm> {
    links: &'a [Link<'m>],
    /// Attempts that reach an endpoint, and the link by which they do.
    reached: IdVec<EndpointId, Option<(f64, usize)>>,
    /// Whose own calls were followed.
    is_done: IdVec<EndpointId, bool>,
}

impl<'a, 'm> Ways<'a, 'm> {
    /// From users down; what calls itself is followed once.
    fn new(model: &Model, links: &'a [Link<'m>]) -> Ways<'a, 'm> {
        let reached = model.endpoints.iter().map(|_| None).collect();
        let mut ways = Ways { links, reached, is_done: model.endpoints.iter().map(|_| false).collect() };
        let mut calls: IdVec<EndpointId, Vec<usize>> = model.endpoints.iter().map(|_| Vec::new()).collect();
        for (index, link) in links.iter().enumerate() {
            match link.from {
                Some(from) => calls[from].push(index),
                None => ways.reach(index, 1.0),
            }
        }
        for id in callers_first(links, &calls) {
            ways.is_done[id] = true;
            let Some((attempts, _)) = ways.reached[id] else { continue };
            calls[id].iter().for_each(|index| ways.reach(*index, attempts));
        }
        ways
    }

    fn reach(&mut self, link: usize, attempts: f64) {
        let attempts = attempts * (1.0 + self.links[link].extra_attempts());
        let to = self.links[link].to;
        if !self.is_done[to] && self.reached[to].is_none_or(|(most, _)| attempts > most) {
            self.reached[to] = Some((attempts, link));
        }
    }

    /// Attempts that reach the caller of a link; one of users.
    fn before(&self, link: &Link<'_>) -> f64 {
        link.from.and_then(|from| self.reached[from]).map_or(1.0, |(attempts, _)| attempts)
    }

    /// The links from users down to this one.
    fn way_to(&self, link: usize) -> Vec<usize> {
        let up = |index: &usize| {
            let from = self.links[*index].from?;
            self.reached[from].map(|(_, by)| by)
        };
        let mut way: Vec<usize> = std::iter::successors(Some(link), up).collect();
        way.reverse();
        way
    }
}

/// Depth first from where users enter, turned round.
fn callers_first(links: &[Link<'_>], calls: &IdVec<EndpointId, Vec<usize>>) -> Vec<EndpointId> {
    let mut seen: IdVec<EndpointId, bool> = calls.iter().map(|_| false).collect();
    let mut order = Vec::new();
    for entry in links.iter().filter(|link| link.from.is_none()) {
        let mut path = vec![(entry.to, 0)];
        while let Some((id, next)) = path.last_mut() {
            if *next == 0 && std::mem::replace(&mut seen[*id], true) {
                path.pop();
                continue;
            }
            match calls[*id].get(*next) {
                Some(link) => {
                    *next += 1;
                    let to = links[*link].to;
                    if !seen[to] {
                        path.push((to, 0));
                    }
                }
                None => {
                    order.push(*id);
                    path.pop();
                }
            }
        }
    }
    order.reverse();
    order
}

/// Paths on which one request of users can become more than ten attempts.
pub(crate) fn amplifications(model: &Model, links: &[Link<'_>]) -> Vec<Finding> {
    let ways = Ways::new(model, links);
    let amplifies = |link: &Link<'_>| link.extra_attempts() > 0.0;
    let callers: BTreeSet<EndpointId> =
        links.iter().filter(|link| amplifies(link)).filter_map(|link| link.from).collect();
    let mut found = Vec::new();
    for (index, link) in links.iter().enumerate().filter(|(_, link)| amplifies(link)) {
        let attempts = ways.before(link) * (1.0 + link.extra_attempts());
        // Where it goes on the end of the path says more.
        if attempts <= MOST_ATTEMPTS || callers.contains(&link.to) {
            continue;
        }
        let way = ways.way_to(index);
        let Some(users) = way.first().and_then(|first| workload_of(&links[*first])) else { continue };
        let steps: Vec<String> = way.iter().map(|index| step_of(model, &links[*index])).collect();
        let message = format!(
            "one request of {} can become {} attempts: {} {}",
            model.workloads[users].name,
            number(attempts),
            model.workloads[users].name,
            steps.join(" ")
        );
        found.push(Finding { kind: FindingKind::Amplification, at: link.at, message });
    }
    found
}

/// `-> web (3 each)`.
fn step_of(model: &Model, link: &Link<'_>) -> String {
    let to = model.endpoint_label(link.to);
    match link.extra_attempts() {
        0.0 => format!("-> {to}"),
        more => format!("-> {to} ({} each)", number(1.0 + more)),
    }
}

/// Retries at once and without a budget, below somebody who retries as well.
pub(crate) fn unguarded_retries(model: &Model, links: &[Link<'_>]) -> Vec<Finding> {
    let ways = Ways::new(model, links);
    let mut found = Vec::new();
    for (index, link) in links.iter().enumerate() {
        let Some(retry) = link.policy.retry.as_ref().filter(|retry| retry.attempts > 0) else { continue };
        if retry.backoff.is_some() || retry.budget.is_some() || !link.is_waited_for() {
            continue;
        }
        let way = ways.way_to(index);
        let above = way[..way.len() - 1].iter().map(|index| &links[*index]);
        let Some(above) = above.rev().find(|link| link.extra_attempts() > 0.0) else { continue };
        let message = format!(
            "{}: {} at once and without a budget, below {}, which is tried again as well: add `backoff` and `budget`, or \
             retry in one place only",
            link.label(model),
            counted(retry.attempts as usize, "retry"),
            above.label(model),
        );
        found.push(Finding { kind: FindingKind::UnguardedRetry, at: link.at, message });
    }
    found
}

#[cfg(test)]
mod tests {
    use tarsier_model::{
        Breaker, BreakerWindow, Bucket, Budget, CallPolicy, Deadline, Retry, Step, Throttle, Trip, WorkloadId,
    };
    use tarsier_random::Law;

    use super::*;
    use crate::examination::examine;
    use crate::fixture::{call_step, call_with, messages, model, retries, work_ms};

    fn retried(to: u32, attempts: u32) -> Step {
        call_with(to, CallPolicy { retry: retries(attempts), ..CallPolicy::default() })
    }

    /// A database of so many requests a second, and users who wait for a second and try again so often.
    fn database(load: f64, work: f64, attempts: u32) -> Model {
        let mut model = model(load, &[("db", vec![work_ms(work)])]);
        model.workloads[WorkloadId(0)].policy = CallPolicy {
            timeout: Some(Span::from_secs(1)),
            retry: retries(attempts),
            ..CallPolicy::default()
        };
        model
    }

    #[track_caller]
    fn check_bound(model: &Model, safe_below: f64, can_tip: bool) {
        let storms = examine(model).storms;
        assert!((storms[0].safe_below_per_s() - safe_below).abs() < 1e-9, "{storms:?}");
        assert_eq!(storms[0].can_tip(), can_tip);
    }

    /// 300 queries a second and one retry: stable below 150 (Bronson et al., HotOS '21). M/M/1 of 100/s with three
    /// retries: 25 (theorem 2 of OSDI '22).
    #[test]
    fn the_stable_load_is_capacity_over_attempts() {
        check_bound(&database(280.0, 1000.0 / 300.0, 1), 150.0, true);
        check_bound(&database(140.0, 1000.0 / 300.0, 1), 150.0, false);
        check_bound(&database(20.0, 10.0, 3), 25.0, false);
        check_bound(&database(30.0, 10.0, 3), 25.0, true);
        assert!(examine(&database(280.0, 1000.0 / 300.0, 0)).storms.is_empty(), "nobody retries");
    }

    /// Each of the cures on its own, at 280 of 300 queries a second (as in the lesson on the retry storm).
    #[test]
    fn what_relents_or_turns_away_does_not_stay_down() {
        let tips = |change: &dyn Fn(&mut Model)| {
            let mut model = database(280.0, 1000.0 / 300.0, 1);
            change(&mut model);
            !messages(&model, FindingKind::CanTip).is_empty()
        };
        let queue = |queue| move |model: &mut Model| model.services[ServiceId(0)].queue = Some(queue);
        assert!(tips(&|_| {}));
        assert!(tips(&queue(301)), "who is last waits for longer than a second");
        assert!(!tips(&queue(200)));
        let throttle = Some(Throttle { factor: 2.0, window: Span::from_secs(10) });
        assert!(!tips(&|model| model.workloads[WorkloadId(0)].policy.throttle = throttle));
        assert!(!tips(&|model| model.services[ServiceId(0)].protection.order = Order::Lifo));
    }

    /// Nobody tries again before the end of time; who stops says so, of exponential work; who has a deadline of a second
    /// has no time for another attempt of a second.
    #[test]
    fn what_is_not_done_in_vain_does_not_count() {
        let with = |change: &dyn Fn(&mut CallPolicy)| {
            let mut model = database(280.0, 1000.0 / 300.0, 3);
            change(&mut model.workloads[WorkloadId(0)].policy);
            model
        };
        let deadline = |after| Some(Deadline { after: Span::from_millis(after), propagate: false });
        check_bound(&with(&|policy| policy.timeout = None), 300.0, false);
        check_bound(&with(&|policy| policy.deadline = deadline(1000)), 300.0, false);
        check_bound(&with(&|policy| policy.deadline = deadline(1001)), 150.0, true);
        let mut cancelling = with(&|policy| policy.cancel = true);
        assert!(!examine(&cancelling).storms[0].can_tip());
        cancelling.endpoints[EndpointId(0)].steps = vec![Step::Work(Law::Constant(1e9 / 300.0))];
        check_bound(&cancelling, 75.0, true);
    }

    /// Users who give up and try again in front of a service that calls on another, with a breaker between the two.
    #[test]
    fn a_breaker_on_the_only_way_suffices() {
        let breaker = Breaker {
            trip: Trip { share: Some(0.5), ..Trip::default() },
            window: BreakerWindow::Time(Span::from_secs(10)),
            least: 20,
            open: Span::from_secs(5),
            probes: 1,
        };
        let tips = |timeout, breaker| {
            let call = call_with(1, CallPolicy { timeout, breaker, ..CallPolicy::default() });
            let mut model = model(80.0, &[("web", vec![call]), ("db", vec![work_ms(10.0)])]);
            let timeout = Some(Span::from_secs(1));
            model.workloads[WorkloadId(0)].policy =
                CallPolicy { timeout, retry: retries(3), ..CallPolicy::default() };
            messages(&model, FindingKind::CanTip).len()
        };
        let half_a_second = Some(Span::from_millis(500));
        assert_eq!(tips(half_a_second, None), 1);
        assert_eq!(tips(half_a_second, Some(breaker)), 0);
        assert_eq!(tips(None, Some(breaker)), 1, "it sees nothing fail");
    }

    #[test]
    fn a_budget_bounds_the_storm() {
        let mut model = database(80.0, 10.0, 3);
        let budget = Some(Budget::Bucket(Bucket::share(0.1)));
        model.workloads[WorkloadId(0)].policy.retry =
            Some(Retry { budget, ..retries(3).expect("there are some") });
        check_bound(&model, 100.0 / 1.1, false);
        // Ten more a second for each of the users' sources, of which there is one.
        let bucket = Bucket { per_second: 10.0, ..Bucket::share(0.1) };
        let budget = Some(Budget::Bucket(bucket));
        model.workloads[WorkloadId(0)].policy.retry =
            Some(Retry { budget, ..retries(3).expect("there are some") });
        check_bound(&model, 100.0 / (1.1 + 10.0 / 80.0), false);
        // A fifth of what is in flight: a quarter of the calls.
        let budget = Some(Budget::Concurrent { share: 0.2, least: 3 });
        model.workloads[WorkloadId(0)].policy.retry =
            Some(Retry { budget, ..retries(3).expect("there are some") });
        check_bound(&model, 80.0, false);
        // Three at a time that each last 100 ms are 30 a second.
        model.workloads[WorkloadId(0)].policy.timeout = Some(Span::from_millis(100));
        check_bound(&model, 100.0 / (1.0 + 30.0 / 80.0), true);
    }

    /// Only what calls a service multiplies what it is sent.
    #[test]
    fn attempts_multiply_along_the_path() {
        let steps = [
            ("web", vec![retried(1, 2), call_step(3)]),
            ("api", vec![retried(2, 2)]),
            ("db", vec![work_ms(1.0)]),
            ("log", vec![work_ms(1.0)]),
        ];
        let model = model(10.0, &steps);
        let storms = examine(&model).storms;
        let found: Vec<(u32, f64)> =
            storms.iter().map(|storm| (storm.service.0, storm.amplification())).collect();
        assert_eq!(found, [(2, 9.0)], "api does no work, log is called once");
        assert_eq!(messages(&model, FindingKind::Amplification).len(), 0);
    }

    #[test]
    fn the_path_of_many_attempts_is_named_at_its_end() {
        let steps =
            [("web", vec![retried(1, 2)]), ("api", vec![retried(2, 2), call_step(2)]), ("db", vec![])];
        let mut model = model(10.0, &steps);
        model.workloads[WorkloadId(0)].policy.retry = retries(1);
        let path = "one request of users can become 18 attempts: users -> web (2 each) -> api (3 each) -> db (3 each)";
        assert_eq!(messages(&model, FindingKind::Amplification), [path]);
        let unguarded = messages(&model, FindingKind::UnguardedRetry);
        assert_eq!(unguarded.len(), 2, "{unguarded:?}");
        assert!(
            unguarded[0]
                .starts_with("web -> api: 2 retries at once and without a budget, below users -> web")
        );
        assert!(
            unguarded[1].starts_with("api -> db: 2 retries at once and without a budget, below web -> api")
        );
    }

    /// Attempts of attempts never end where half the requests call again with two retries.
    #[test]
    fn a_cycle_of_retries_is_a_storm_without_end() {
        let timeout = Some(Span::from_secs(1));
        let policy = CallPolicy { timeout, retry: retries(2), ..CallPolicy::default() };
        let again = Step::Maybe { share: 0.5, steps: vec![call_with(0, policy)] };
        let model = model(1.0, &[("a", vec![work_ms(1.0), again])]);
        let storms = examine(&model).storms;
        assert!(storms[0].amplification() > 1e9 && storms[0].can_tip());
    }
}
