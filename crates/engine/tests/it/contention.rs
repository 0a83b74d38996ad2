//! What not everybody may do at once: locks and optimistic steps.

use tarsier_engine::Cause;
use tarsier_model::{
    Backoff, Branch, Call, CallPolicy, Demand, Failures, Happening, Jitter, Lock, Retry, Scenario, Service,
    Step, Trouble,
};
use tarsier_random::Law;
use tarsier_testkit::markov::{Mm1, Mmk};
use tarsier_units::Span;

use crate::support::{Build, all_of, call, close, exp_ms, mean_ms, ms, open, with, work_ms};

fn constant(milliseconds: f64) -> Law {
    Law::Constant(ms(milliseconds))
}

fn wait(milliseconds: f64) -> Step {
    Step::Wait(constant(milliseconds))
}

fn lock(lock: u32, steps: Vec<Step>) -> Step {
    Step::Lock { lock, steps }
}

fn conflict(steps: Vec<Step>, retry: Option<Retry>) -> Step {
    Step::Conflict { lock: 0, steps, retry }
}

/// Locks with so many permits.
fn locks(permits: &'static [u32]) -> impl FnOnce(&mut Service) {
    |service| {
        service.locks = permits.iter().map(|&permits| Lock { name: "l".into(), permits }).collect();
        service.cores = 10_000;
    }
}

fn at_once(attempts: u32) -> Option<Retry> {
    Some(Retry {
        attempts,
        on: Failures::ALL,
        backoff: None,
        jitter: Jitter::None,
        budget: None,
        elsewhere: false,
    })
}

#[test]
fn a_lock_is_a_server() {
    let outcome = Build::new()
        .service("s", vec![wait(3.0), lock(0, vec![Step::Wait(exp_ms(1.0))])], locks(&[1]))
        .open("w", 700.0, 0)
        .run(2_000, 1);
    let theory = Mm1 { arrival: 0.7, service: 1.0 };
    let users = &outcome.workloads[0];
    close("latency", mean_ms(&users.latency), 3.0 + theory.sojourn(), 0.02);
    let waiting = users.why.parts.iter().find(|part| part.cause == Cause::Lock);
    close("told apart", waiting.expect("a part of the account").mean_ns / 1e6, theory.wait(), 0.1);
}

#[test]
fn permits_are_servers() {
    let outcome = Build::new()
        .service("s", vec![lock(0, vec![work_ms(1.0)])], locks(&[4]))
        .open("w", 3_200.0, 0)
        .run(1_000, 2);
    let theory = Mmk { arrival: 3.2, service: 1.0, servers: 4 };
    close("latency", mean_ms(&outcome.workloads[0].latency), theory.sojourn(), 0.02);
}

/// However the steps inside end, the next one gets in: everybody takes 1 ms, one at a time.
#[test]
fn failures_release_what_they_hold() {
    let slow = CallPolicy { timeout: Some(Span::from_micros(500)), ..CallPolicy::default() };
    let fails_late = vec![wait(0.5), Step::Call(Call { policy: Box::new(slow), ..call(1) })];
    let branch = |steps| Branch { times: 1, steps };
    // The first branch ends the step; the other one, which nobody waits for, still holds its lock for a while.
    let orphans = Step::Parallel {
        branches: vec![
            branch(vec![wait(0.1), Step::Fail(1.0)]),
            branch(vec![lock(1, vec![wait(0.9), Step::Fail(1.0)])]),
        ],
        need: 2,
    };
    let ends: [Vec<Step>; 4] = [
        vec![wait(1.0), Step::Fail(1.0)],
        vec![Step::Wait(constant(0.5)), lock(1, vec![wait(0.5), Step::Fail(1.0)])],
        fails_late,
        vec![orphans],
    ];
    for (case, steps) in ends.into_iter().enumerate() {
        let outcome = Build::new()
            .service("s", vec![lock(0, steps)], locks(&[1, 1]))
            .service("slow", vec![wait(1_000.0)], |service| service.cores = 1_000)
            .workload("w", 0, regular(900.0), CallPolicy::default())
            .run(20, 3);
        let users = &outcome.workloads[0];
        assert_eq!((users.completed, users.in_flight_end <= 1), (0, true), "case {case}: {users:?}");
        assert!(users.errors > 17_000, "case {case}");
    }
}

fn regular(rate: f64) -> Demand {
    match open(rate) {
        Demand::Open { rate, steps, .. } => {
            Demand::Open { rate, arrivals: tarsier_model::Arrivals::Regular, steps }
        }
        closed @ Demand::Closed { .. } => closed,
    }
}

/// Two at a time may try for the only core, and one finds no room there: it gives its permit back.
#[test]
fn who_is_refused_inside_releases() {
    let outcome = Build::new()
        .service("s", vec![lock(0, vec![Step::Work(constant(10.0))])], |service| {
            locks(&[2])(service);
            (service.cores, service.queue) = (1, Some(0));
        })
        .workload("w", 0, regular(350.0), CallPolicy::default())
        .run(10, 8);
    let users = &outcome.workloads[0];
    assert!(users.completed > 850, "{}", users.completed);
    assert_eq!(outcome.services[0].refused, users.errors);
}

/// Half of them would hold the lock for a long time, but nobody waits for that: who is cancelled goes,
/// also from the line.
#[test]
fn who_is_cancelled_releases() {
    let goodput = |cancel: bool| {
        let law = Law::Mix(vec![(0.5, constant(1.0)), (0.5, constant(100.0))]);
        let policy = CallPolicy { timeout: Some(Span::from_millis(5)), cancel, ..CallPolicy::default() };
        let outcome = Build::new()
            .service("front", vec![Step::Call(with(policy, 1))], |_| {})
            .service("s", vec![lock(0, vec![Step::Wait(law)])], locks(&[1]))
            .workload("w", 0, regular(100.0), CallPolicy::default())
            .run(50, 9);
        outcome.workloads[0].completed as f64 / outcome.workloads[0].requests as f64
    };
    let (cancelled, forgotten) = (goodput(true), goodput(false));
    assert!((0.45..0.55).contains(&cancelled), "{cancelled}");
    assert!(forgotten < 0.1, "{forgotten}");
}

/// Who dies with a lock in its hands, or in line for one, takes nothing along.
#[test]
fn a_killed_instance_comes_back_with_free_locks() {
    let target = all_of(0);
    let kill = Happening {
        at: Span::from_secs(5),
        lasts: Some(Span::from_secs(1)),
        trouble: Trouble::Kill { target, silent: false },
    };
    let scenario = Scenario { name: "kill".into(), happenings: vec![kill] };
    let outcome = Build::new()
        .service("s", vec![lock(0, vec![wait(100.0)])], locks(&[2]))
        .open("w", 15.0, 0)
        .run_with(30, 4, &scenario);
    let users = &outcome.workloads[0];
    assert!(users.errors >= 10, "{}", users.errors);
    assert!(users.completed > 15 * 26, "{}", users.completed);
    assert!(users.in_flight_end < 40, "{}", users.in_flight_end);
}

/// Two that overlap: the second finds another version, and says so or runs again.
#[test]
fn only_one_of_two_at_once_commits() {
    let pair = |retry: Option<Retry>| {
        let branch = Branch { times: 2, steps: vec![conflict(vec![wait(1.0)], retry)] };
        Build::new()
            .service("s", vec![Step::Parallel { branches: vec![branch], need: 2 }], locks(&[1]))
            .workload("w", 0, regular(100.0), CallPolicy::default())
            .run(10, 5)
            .workloads
            .remove(0)
    };
    assert_eq!(pair(None).completed, 0);
    assert_eq!(pair(at_once(0)).completed, 0);
    let again = pair(at_once(1));
    assert_eq!(again.errors, 0);
    close("two rounds", mean_ms(&again.latency), 2.0, 1e-9);
    let backoff = Some(Backoff { base: Span::from_millis(3), factor: 2.0, max: None });
    let later = pair(at_once(1).map(|retry| Retry { backoff, ..retry }));
    close("two rounds and a pause", mean_ms(&later.latency), 5.0, 1e-9);
    let pause = later.why.parts.iter().find(|part| part.cause == Cause::Backoff);
    close("told apart", pause.expect("a part of the account").mean_ns / 1e6, 3.0, 1e-9);
}

/// Within a lock nobody meets anybody.
#[test]
fn a_lock_prevents_conflicts() {
    let outcome = Build::new()
        .service("s", vec![lock(0, vec![conflict(vec![wait(1.0)], None)])], locks(&[1]))
        .open("w", 800.0, 0)
        .run(100, 6);
    assert_eq!(outcome.workloads[0].errors, 0);
}

/// The Universal Scalability Law (Gunther: Guerrilla Capacity Planning, 2007), exactly:
/// `X(N) = γN / (1 + α(N-1) + βN(N-1))`, where N workers each do their share side by side, then a
/// serial part one after the other (α), then agree: each commit makes all others who are at it try
/// again, `N(N+1)/2` attempts in all (β).
#[test]
fn locks_and_conflicts_make_the_universal_scalability_law() {
    let (gamma, alpha, beta) = (1_000.0, 0.05, 0.001);
    let unit = 1e3 / gamma;
    let agree = 2.0 * beta * unit;
    let serial = alpha * unit - agree;
    for (n, throughput) in [(8, 5_689.900), (31, 9_037.901), (64, 7_822.048), (128, 5_422.350)] {
        let side_by_side = |steps| Step::Parallel { branches: vec![Branch { times: n, steps }], need: n };
        let steps = vec![
            side_by_side(vec![wait(unit - serial - agree)]),
            side_by_side(vec![lock(0, vec![wait(serial)])]),
            side_by_side(vec![conflict(vec![lock(0, vec![wait(agree)])], at_once(1_000))]),
        ];
        let outcome =
            Build::new().service("s", steps, locks(&[1])).closed("w", 1, constant(0.0), 0).run(1, 7);
        let measured = f64::from(n) / mean_ms(&outcome.workloads[0].latency) * 1e3;
        close(&format!("throughput of {n}"), measured, throughput, 1e-6);
    }
}
