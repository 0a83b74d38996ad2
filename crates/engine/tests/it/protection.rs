//! What protects callers: budgets, jitter, breakers, throttles.

use tarsier_engine::{EventKind, Outcome};
use tarsier_model::{
    Arrivals, Backoff, Breaker, BreakerWindow, Bucket, Budget, Call, CallPolicy, Demand, Happening, Jitter,
    Retry, Scenario, Step, Throttle, Trip, Trouble, ZoneId,
};
use tarsier_units::Span;

use crate::support::{Build, all_of, close, constant, exp_ms, mean_ms, open, retry, with, work_ms};

fn budgeted(attempts: u32, budget: Budget) -> CallPolicy {
    CallPolicy { retry: Some(Retry { budget: Some(budget), ..retry(attempts) }), ..CallPolicy::default() }
}

/// Hystrix's defaults.
fn hystrix() -> Breaker {
    Breaker {
        trip: Trip { share: Some(0.5), ..Trip::default() },
        window: BreakerWindow::Time(Span::from_secs(10)),
        least: 20,
        open: Span::from_secs(5),
        probes: 1,
    }
}

/// The first service stands still for a while.
fn outage(at_s: u64, lasts_s: u64) -> Scenario {
    let target = all_of(0);
    let happening = Happening {
        at: Span::from_secs(at_s),
        lasts: Some(Span::from_secs(lasts_s)),
        trouble: Trouble::Pause { target },
    };
    Scenario { name: "outage".into(), happenings: vec![happening] }
}

/// Brooker's simulation of retries («Fixing retries with token buckets and circuit breakers», 2022): 100 clients
/// of ten requests a second each, calls that fail with probability `fails`, 60 s.
fn brooker(fails: f64, policy: CallPolicy) -> [f64; 2] {
    let outcome = Build::new()
        .service("clients", vec![Step::Call(with(policy, 1))], |s| s.instances = vec![ZoneId(0); 100])
        .service("service", vec![Step::Fail(fails)], |_| {})
        .open("users", 1_000.0, 0)
        .run_from_the_start(60, 1);
    let calls = &outcome.calls[0];
    let requests = calls.requests as f64;
    [calls.attempts as f64 / requests, calls.completed as f64 / requests]
}

#[test]
fn a_retry_budget_bounds_the_load_as_in_brookers_simulation() {
    let plain = CallPolicy { retry: Some(retry(3)), ..CallPolicy::default() };
    let bucket = Bucket { start: 5.0, most: 5.0, ..Bucket::share(0.1) };
    let bounded = budgeted(3, Budget::Bucket(bucket));
    // Load and success of three retries, and of three retries within a bucket of five tokens and 10%.
    let table = [
        (0.1, [1.1097, 0.99988], [1.0949, 0.98537]),
        (0.3, [1.4186, 0.99172], [1.1067, 0.77505]),
        (0.5, [1.8657, 0.93790], [1.1071, 0.55326]),
        (0.75, [2.7361, 0.68252], [1.1073, 0.27890]),
    ];
    for (fails, unlimited, limited) in table {
        for (policy, expected) in [(&plain, unlimited), (&bounded, limited)] {
            let [load, success] = brooker(fails, policy.clone());
            close("load", load, expected[0], 0.01);
            close("success", success, expected[1], 0.02);
        }
    }
}

/// A budget of a fifth of what is in flight: calls take a second and fail, each once more if it may. With `f` of
/// the calls retried, `f` of `1 + f` in flight are retries: `f = 0.2 (1 + f)`.
#[test]
fn a_concurrent_budget_bounds_retries_in_flight() {
    let policy = budgeted(1, Budget::Concurrent { share: 0.2, least: 3 });
    let hang = vec![Step::Wait(constant(1_000.0)), Step::Fail(1.0)];
    let outcome =
        Build::new().service("slow", hang, |_| {}).workload("w", 0, open(1_000.0), policy).run(100, 2);
    let users = &outcome.workloads[0];
    close("retries a request", users.retries as f64 / users.requests as f64, 0.25, 0.01);
}

#[test]
fn decorrelated_jitter_grows_from_what_it_drew() {
    // Uniform in 10..30 ms, then uniform in 10 ms up to three times that: 20 and 35 ms on average.
    let backoff = Some(Backoff { base: Span::from_millis(10), factor: 2.0, max: None });
    let of = |jitter| {
        let retry = Retry { backoff: backoff.clone(), jitter, ..retry(2) };
        let policy = CallPolicy { retry: Some(retry), ..CallPolicy::default() };
        let call = Call { optional: true, ..with(policy, 1) };
        let outcome = Build::new()
            .service("front", vec![Step::Call(call)], |_| {})
            .service("broken", vec![Step::Fail(1.0)], |_| {})
            .open("w", 100.0, 0)
            .run(1_000, 3);
        mean_ms(&outcome.workloads[0].latency)
    };
    close("decorrelated", of(Jitter::Decorrelated), 55.0, 0.01);
    // 10 and 20 ms, give or take a fifth.
    close("spread", of(Jitter::Spread(0.2)), 30.0, 0.005);
}

fn n_events(outcome: &Outcome, kind: EventKind) -> usize {
    outcome.timeline.iter().filter(|event| event.kind == kind).count()
}

/// Ten failures a second at regular times: the twentieth opens the breaker, then one probe every five seconds.
#[test]
fn an_open_breaker_lets_one_probe_through() {
    let policy = CallPolicy { breaker: Some(hystrix()), ..CallPolicy::default() };
    let rate = vec![(Span::ZERO, 10.0)];
    let demand = Demand::Open { rate, arrivals: Arrivals::Regular, steps: Vec::new() };
    let outcome = Build::new()
        .service("broken", vec![Step::Fail(1.0)], |_| {})
        .workload("w", 0, demand, policy)
        .run_from_the_start(100, 4);
    let users = &outcome.workloads[0];
    // Opens at 2 s; probes at 7, 12, … 97 s.
    assert_eq!((users.attempts, users.rejected), (20 + 19, 999 - 39));
    assert_eq!(users.errors, users.requests);
    assert_eq!(n_events(&outcome, EventKind::BreakerOpened), 20);
    assert_eq!(n_events(&outcome, EventKind::BreakerHalfOpen), 19);
    assert_eq!(outcome.services[0].arrivals, 39, "no message leaves for a call that is rejected");
}

#[test]
fn a_breaker_closes_when_the_trouble_is_over() {
    let policy = CallPolicy {
        breaker: Some(hystrix()),
        timeout: Some(Span::from_millis(100)),
        ..CallPolicy::default()
    };
    let outcome = Build::new()
        .service("s", vec![work_ms(1.0)], |_| {})
        .workload("w", 0, open(100.0), policy)
        .run_with(100, 5, &outage(20, 10));
    let users = &outcome.workloads[0];
    assert_eq!(n_events(&outcome, EventKind::BreakerClosed), 1);
    let last = outcome.timeline.last().expect("events");
    assert_eq!(last.kind, EventKind::BreakerClosed);
    // From the first failures at 20 s to the probe after the outage, at most 5 s late.
    let lost = users.errors as f64 / 100.0;
    assert!((9.5..16.0).contains(&lost), "{lost} s");
}

/// Demand D of 1,000/s into a capacity C of 300/s: with a factor of two, `K C` = 600/s are sent.
#[test]
fn an_adaptive_throttle_sends_a_multiple_of_what_is_accepted() {
    let sent = |factor: f64| {
        let throttle = Throttle { factor, window: Span::from_secs(120) };
        let policy = CallPolicy { throttle: Some(throttle), ..CallPolicy::default() };
        let outcome = Build::new()
            .service("s", vec![Step::Work(constant(1_000.0 / 300.0))], |s| s.queue = Some(30))
            .workload("w", 0, open(1_000.0), policy)
            .run(2_000, 6);
        assert_eq!(n_events(&outcome, EventKind::ThrottlingBegan), 1);
        outcome.workloads[0].attempts as f64 / 2_000.0
    };
    close("K = 2", sent(2.0), 600.0, 0.03);
    close("K = 1.1", sent(1.1), 330.0, 0.03);
}

/// A backend that answers with errors has accepted the requests all the same.
#[test]
fn errors_do_not_throttle() {
    let throttle = Throttle { factor: 2.0, window: Span::from_secs(120) };
    let policy = CallPolicy { throttle: Some(throttle), ..CallPolicy::default() };
    let outcome = Build::new()
        .service("s", vec![Step::Fail(1.0)], |_| {})
        .workload("w", 0, open(100.0), policy)
        .run(100, 6);
    assert_eq!((outcome.workloads[0].rejected, outcome.workloads[0].completed), (0, 0));
    assert!(outcome.workloads[0].errors > 9_000);
}

/// A storm that outlives a ten-second outage (M/M/1, 100/s, bound of 1 s, three retries at once), and what cures it.
#[test]
fn budgets_and_breakers_end_retry_storms() {
    let late_goodput = |policy: CallPolicy| {
        let policy = CallPolicy { timeout: Some(Span::from_secs(1)), ..policy };
        let outcome = Build::new()
            .service("s", vec![Step::Work(exp_ms(10.0))], |_| {})
            .workload("w", 0, open(70.0), policy)
            .run_with(300, 7, &outage(0, 10));
        outcome.workloads[0].completed as f64 / 300.0
    };
    let plain = CallPolicy { retry: Some(retry(3)), ..CallPolicy::default() };
    assert!(late_goodput(plain.clone()) < 1.0, "it never ends");
    let budget = Budget::Bucket(Bucket::share(0.1));
    assert!(late_goodput(budgeted(3, budget)) > 60.0, "a budget ends it");
    let breaker = CallPolicy { breaker: Some(hystrix()), ..plain };
    assert!(late_goodput(breaker) > 60.0, "a breaker ends it");
}

/// A call that its own client rejects is tried again if the policy says so, and then falls back.
#[test]
fn a_rejected_call_is_refused() {
    let retry =
        Retry { backoff: Some(Backoff { base: Span::from_secs(6), factor: 1.0, max: None }), ..retry(1) };
    let policy = CallPolicy { breaker: Some(hystrix()), retry: Some(retry), ..CallPolicy::default() };
    let fallback = Some(vec![Step::Wait(constant(1.0))]);
    let outcome = Build::new()
        .service("front", vec![Step::Call(Call { fallback, ..with(policy, 1) })], |_| {})
        .service("broken", vec![Step::Fail(1.0)], |_| {})
        .open("w", 100.0, 0)
        .run(100, 8);
    let (users, calls) = (&outcome.workloads[0], &outcome.calls[0]);
    assert_eq!(users.errors, 0);
    assert_eq!(calls.refused, 0, "no answer said so");
    assert!(calls.rejected > 190 * calls.requests / 100, "{} of {}", calls.rejected, calls.requests);
    close("latency", mean_ms(&users.latency), 6_001.0, 1e-6);
}
