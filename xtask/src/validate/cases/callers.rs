//! What callers do for themselves and for those they call: throttles, budgets, breakers, deadlines, cancelling.

use tarsier_model::{Breaker, BreakerWindow, Bucket, Budget, CallPolicy, Deadline, Step, Throttle, Trip};
use tarsier_units::Span;

use crate::validate::arch::{Arch, arch, at_once, call_with, constant, exp, station};
use crate::validate::case::{Case, Expected, percent, within};
use crate::validate::read::{
    attempts, cancelled, dropped, late_goodput, rejected, succeeded, utilization, wait_mean,
};

const THROTTLE: &str = "Beyer et al., Site Reliability Engineering (2016), ch. 21: min(D, K C) is sent";
const BROOKER: &str = "Brooker's simulator of retries (2022): 100 clients, 10/s each, 60 s";
const HYSTRIX: &str = "Hystrix: 20 calls in 10 s, 50% of them failed, one probe every 5 s";
const IMPATIENT: &str = "Baccelli, Boyer, Hebuterne, Single-server queues with impatient customers (1984)";
const BOUNDED_WAIT: &str = "Cohen, Single server queue with uniformly bounded virtual waiting time (1968)";
const STORM: &str = "Huang et al., Metastable Failures in the Wild (OSDI 2022): what ends a retry storm";

pub(super) fn cases() -> Vec<Case> {
    let throttles = THROTTLED.into_iter().map(throttled);
    let budgets = RETRIED.into_iter().map(retried);
    let impatient = LEAVING.into_iter().map(leaving);
    let bounded = [(0.8, 5.0), (1.2, 5.0), (1.2, 1.0)].map(stopped);
    throttles.chain(budgets).chain([broken()]).chain(impatient).chain(bounded).chain(storms()).collect()
}

/// Demand, factor, what is sent, and the share of the demand that the client rejects itself, with a capacity of 300.
const THROTTLED: [(f64, f64, f64, f64); 3] =
    [(1000.0, 2.0, 600.0, 0.40), (1000.0, 1.1, 330.0, 0.67), (250.0, 2.0, 250.0, 0.0)];

fn throttled((demand, factor, sent, share): (f64, f64, f64, f64)) -> Case {
    let is_p16 = (demand, factor) == (1000.0, 2.0);
    let id = if is_p16 { "P16-throttle".to_owned() } else { format!("throttle-{demand}-{factor}") };
    let throttle = Throttle { factor, window: Span::from_secs(120) };
    let what = format!("adaptive throttling, D = {demand}/s, C = 300/s, K = {factor}");
    let case = Case::new(id, what, THROTTLE)
        .model(move || {
            station(constant(1e3 / 300.0), demand).queue(30).policy(|policy| policy.throttle = Some(throttle))
        })
        .seconds(20_000.0)
        .near("sent, /s", sent, percent(3.0), attempts)
        .near("share rejected by the client", share, within(0.02), rejected);
    if is_p16 { case.quick(0.2) } else { case }
}

/// Chance of failure; load and success with three retries, and with three retries within 10% and five tokens.
const RETRIED: [(f64, [f64; 2], [f64; 2]); 4] = [
    (0.1, [1.1097, 0.99988], [1.0949, 0.98537]),
    (0.3, [1.4186, 0.99172], [1.1067, 0.77505]),
    (0.5, [1.8657, 0.93790], [1.1071, 0.55326]),
    (0.75, [2.7361, 0.68252], [1.1073, 0.27890]),
];

fn retried((fails, unlimited, limited): (f64, [f64; 2], [f64; 2])) -> Case {
    let bucket = Bucket { start: 5.0, most: 5.0, ..Bucket::share(0.1) };
    let model = move |budget: Option<Budget>| {
        let mut retry = at_once(3);
        retry.budget = budget;
        let policy = CallPolicy { retry: Some(retry), ..CallPolicy::default() };
        let clients = arch().service([call_with(1, policy)]).instances(100);
        clients.service([Step::Fail(fails)]).rate(1_000.0, 0)
    };
    let case =
        Case::new(format!("retries-within-{fails}"), format!("{}% of calls fail", fails * 100.0), BROOKER)
            .model(move || model(None))
            .model(move || model(Some(Budget::Bucket(bucket))));
    // Every run is one of his: it begins with five tokens, and ends before they no longer matter.
    let mut case = case.story(60.0, 20);
    for (run, of, [load, success]) in [(0, "3 retries", unlimited), (1, "3 retries within 10%", limited)] {
        case = case.near(&format!("{of}: attempts a call"), load, percent(1.0), calls_attempted(run)).near(
            &format!("{of}: success"),
            success,
            percent(1.5),
            succeeded(run),
        );
    }
    if fails == 0.5 { case.quick(1.0) } else { case }
}

fn calls_attempted(run: usize) -> impl Fn(&[crate::validate::read::Run]) -> f64 {
    move |runs| {
        let calls = &runs[run].outcome.calls[0];
        calls.attempts as f64 / calls.requests as f64
    }
}

/// Ten a second, all of which fail: the twentieth opens it at 2 s, and then one probe goes out every 5 s.
fn broken() -> Case {
    Case::new("breaker-hystrix", "a breaker with Hystrix's rule, 10 failures/s", HYSTRIX)
        .model(|| arch().service([Step::Fail(1.0)]).rate(10.0, 0).regular().policy(hystrix))
        .story(100.0, 1)
        .quick(1.0)
        .check("calls let through in 100 s: 20 and 19 probes", Expected::Exactly(39.0), |runs| {
            runs[0].outcome.workloads[0].attempts as f64
        })
}

fn hystrix(policy: &mut CallPolicy) {
    policy.breaker = Some(Breaker {
        trip: Trip { share: Some(0.5), ..Trip::default() },
        window: BreakerWindow::Time(Span::from_secs(10)),
        least: 20,
        open: Span::from_secs(5),
        probes: 1,
    });
}

/// Arrivals and patience in services; the share that leaves, the mean wait of the others in services.
const LEAVING: [(f64, f64, f64, f64); 5] = [
    (0.8, 5.0, 0.07698667, 1.497761),
    (1.0, 5.0, 0.1428571, 2.083333),
    (1.2, 5.0, 0.2238554, 2.652592),
    (1.2, 1.0, 0.3863059, 0.2947642),
    (2.0, 5.0, 0.5008437, 4.020282),
];

/// A deadline that travels with the request: who has waited past it is not served any more.
fn leaving((rate, patience, leaves, wait): (f64, f64, f64, f64)) -> Case {
    let after = Span::from_secs_f64(patience * 0.01);
    let case = Case::new(
        format!("deadline-{rate}-{patience}"),
        format!("M/M/1+D, λ = {rate}, τ = {patience}, S = 1: a deadline that propagates"),
        IMPATIENT,
    )
    .model(move || {
        let deadline = Deadline { after, propagate: true };
        station(exp(10.0), rate * 100.0).policy(|policy| policy.deadline = Some(deadline))
    })
    .seconds(4e4)
    .near("share not served", leaves, within(0.003), dropped)
    .near("mean wait of those served, in services", wait, percent(1.5), |runs| wait_mean(runs) / 10.0);
    if rate == 0.8 { case.quick(0.2) } else { case }
}

/// Callers that cancel when they have waited for τ, whether their request is being worked on or not: the work ahead
/// of a newcomer is never more than τ. With `e = exp(-(1 - λ) τ)` the station is idle for
/// `p = 1 / (1 + λ (1 - e) / (1 - λ))` of the time, and `p e` are cancelled.
fn stopped((rate, patience): (f64, f64)) -> Case {
    let e = tarsier_random::num::exp(-(1.0 - rate) * patience);
    let idle = 1.0 / (1.0 + rate * (1.0 - e) / (1.0 - rate));
    let case = Case::new(
        format!("cancel-{rate}-{patience}"),
        format!("M/M/1, λ = {rate}, cancelled after τ = {patience}, S = 1"),
        BOUNDED_WAIT,
    )
    .model(move || {
        station(exp(10.0), rate * 100.0)
            .timeout((patience * 10.0) as u64)
            .policy(|policy| policy.cancel = true)
    })
    .seconds(4e4)
    .near("share cancelled", idle * e, within(0.003), cancelled)
    .near("busy", 1.0 - idle, percent(1.0), utilization(0));
    if rate == 0.8 { case.quick(0.2) } else { case }
}

/// How long a storm is watched, and how much of its end counts.
const STORY_S: f64 = 600.0;
const END_S: usize = 100;

/// The storms that outlive their triggers («Timeouts, retries, overload»), with one thing changed.
fn storms() -> Vec<Case> {
    let wild = || station(exp(10.0), 70.0).timeout(1000).retries(3).pause(20, 10_000);
    let hotos = || station(constant(1e3 / 300.0), 280.0).timeout(1000).retries(1).pause(20, 10_000);
    let recovers = |id: &str, what: &str, rate: f64, model: fn(Arch) -> Arch, storm: fn() -> Arch| {
        Case::new(id, what, STORM).model(move || model(storm())).story(STORY_S, 4).check(
            &format!("goodput at the end, /s: 90% of {rate}"),
            Expected::AtLeast(0.9 * rate),
            late_goodput(END_S),
        )
    };
    let breaker = |arch: Arch| arch.policy(hystrix);
    let cancel = |arch: Arch| arch.policy(|policy| policy.cancel = true);
    let budget = |arch: Arch| arch.budget(0.1);
    let theirs = "M/M/1, 100/s, τ = 1 s, 3 retries, 70/s, 10 s outage";
    let bronsons = "M/D/1, 300/s, τ = 1 s, 1 retries, 280/s, 10 s outage";
    vec![
        recovers("cure-70-budget", &format!("{theirs}, retries within 10%"), 70.0, budget, wild).quick(1.0),
        recovers("cure-70-breaker", &format!("{theirs}, a breaker"), 70.0, breaker, wild).quick(1.0),
        recovers("cure-70-cancel", &format!("{theirs}, cancelling"), 70.0, cancel, wild).quick(1.0),
        recovers("cure-280-breaker", &format!("{bronsons}, a breaker"), 280.0, breaker, hotos),
        recovers("cure-280-cancel", &format!("{bronsons}, cancelling"), 280.0, cancel, hotos),
    ]
}
