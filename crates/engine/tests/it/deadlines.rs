//! Deadlines over all attempts, those that travel with requests, and priorities.

use tarsier_engine::Outcome;
use tarsier_model::{Backoff, CallPolicy, Deadline, Retry, Step, ZoneId};
use tarsier_units::Span;

use crate::support::{Build, close, constant, exp_ms, mean_ms, open, retry, with, work_ms};

fn deadline(milliseconds: u64, propagate: bool) -> CallPolicy {
    let deadline = Deadline { after: Span::from_millis(milliseconds), propagate };
    CallPolicy { deadline: Some(deadline), ..CallPolicy::default() }
}

/// Attempts of 30 ms each that fail, with pauses of 20 ms: the third is under way when 100 ms are over.
#[test]
fn a_deadline_bounds_all_attempts_together() {
    let backoff = Some(Backoff { base: Span::from_millis(20), factor: 1.0, max: None });
    let call = |after: u64, timeout: Option<u64>| {
        let policy = CallPolicy {
            retry: Some(Retry { backoff: backoff.clone(), ..retry(5) }),
            timeout: timeout.map(Span::from_millis),
            ..deadline(after, false)
        };
        let call = tarsier_model::Call { optional: true, ..with(policy, 1) };
        let outcome = Build::new()
            .service("front", vec![Step::Call(call)], |_| {})
            .service("slow", vec![Step::Wait(constant(30.0)), Step::Fail(1.0)], |_| {})
            .open("w", 100.0, 0)
            .run(100, 1);
        let calls = &outcome.calls[0];
        let each = |n: u64| n as f64 / calls.requests as f64;
        let latency = mean_ms(&outcome.workloads[0].latency);
        (latency, each(calls.attempts), each(calls.timeouts))
    };
    let check = |(latency, attempts, timeouts): (f64, f64, f64), expected: [f64; 3]| {
        close("latency", latency, expected[0], 1e-9);
        close("attempts", attempts, expected[1], 0.01);
        assert!((timeouts - expected[2]).abs() < 0.01, "timeouts {timeouts}");
    };
    // Sent at 0, 50 and 100 ms; at 120 ms the third is given up.
    check(call(120, None), [120.0, 3.0, 1.0]);
    // In the middle of the second pause: nothing is given up, and nothing sent.
    check(call(90, None), [90.0, 2.0, 0.0]);
    // Its own bound comes first: 0, 10 + 20, 60, 90 ms; the fourth ends with the deadline.
    check(call(95, Some(10)), [95.0, 4.0, 4.0]);
}

/// M/M/1 whose customers leave when they have waited longer than τ: λ = 0.8, τ = 5 services (Baccelli, Boyer and
/// Hebuterne 1984).
const LEAVE: f64 = 0.076_986_67;

fn impatient(policy: CallPolicy, change: impl FnOnce(&mut tarsier_model::Service)) -> Outcome {
    Build::new().service("s", vec![work_ms(10.0)], change).workload("w", 0, open(80.0), policy).run(40_000, 2)
}

fn dropped(outcome: &Outcome) -> f64 {
    outcome.services[0].errors as f64 / outcome.services[0].arrivals as f64
}

#[test]
fn who_has_waited_past_the_deadline_is_not_served() {
    let outcome = impatient(deadline(50, true), |_| {});
    close("waiting for a core", dropped(&outcome), LEAVE, 0.03);
    close("work", outcome.services[0].utilization, 0.8 * (1.0 - LEAVE), 0.01);
    let outcome = impatient(deadline(50, true), |s| s.workers = Some(1));
    close("waiting for a worker", dropped(&outcome), LEAVE, 0.03);
    // Without propagation the server cannot know.
    let outcome = impatient(deadline(50, false), |_| {});
    assert_eq!(dropped(&outcome), 0.0);
    close("all work is done", outcome.services[0].utilization, 0.8, 0.01);
}

/// Users wait 25 ms; the front calls a service of 10 ms three times in a row, the third time in vain.
#[test]
fn what_is_left_travels_with_the_request() {
    let chain = |propagate: bool| {
        let call = |to| Step::Call(with(CallPolicy::default(), to));
        Build::new()
            .service("front", vec![call(1)], |_| {})
            .service("middle", vec![call(2), call(2), call(2), Step::Work(constant(1.0))], |s| s.cores = 100)
            .service("back", vec![Step::Wait(constant(5.0)), Step::Work(constant(5.0))], |s| s.cores = 100)
            .workload("w", 0, open(100.0), deadline(22, propagate))
            .run(100, 3)
    };
    let work = |outcome: &Outcome, service: usize| outcome.services[service].utilization * 100.0;
    let blind = chain(false);
    close("work at the back", work(&blind, 2), 100.0 * 3.0 * 0.005, 0.03);
    close("work in the middle", work(&blind, 1), 100.0 * 0.001, 0.03);
    let told = chain(true);
    assert_eq!(told.workloads[0].completed, 0);
    // At 22 ms the third visit of the back is in its wait; at 25 ms it would have begun to work.
    close("work at the back", work(&told, 2), 100.0 * 2.0 * 0.005, 0.03);
    assert_eq!(work(&told, 1), 0.0, "the middle was told at 22 ms");
    assert_eq!(told.calls[0].timeouts, told.calls[0].requests, "the call inherits the deadline");
}

/// The shorter of the two counts: the caller's own 10 ms or what is left of the users' 1 s, and the other way round.
#[test]
fn a_call_ends_by_the_earlier_deadline() {
    let front = |users: u64, own: u64| {
        let call = tarsier_model::Call { optional: true, ..with(deadline(own, true), 1) };
        let outcome = Build::new()
            .service("front", vec![Step::Call(call)], |_| {})
            .service("back", vec![Step::Work(exp_ms(1e6))], |s| s.instances = vec![ZoneId(0); 1_000])
            .workload("w", 0, open(10.0), deadline(users, true))
            .run(100, 4);
        (outcome.workloads[0].completed > 0, outcome)
    };
    let (completes, outcome) = front(1_000, 10);
    assert!(completes);
    close("its own", mean_ms(&outcome.workloads[0].latency), 10.0, 1e-9);
    let (completes, outcome) = front(10, 1_000);
    assert!(!completes);
    assert_eq!(outcome.calls[0].timeouts, outcome.calls[0].errors);
    assert!(outcome.calls[0].timeouts > 900);
}
