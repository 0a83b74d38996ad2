//! Hedged requests and cancelling.

use tarsier_engine::Outcome;
use tarsier_model::{
    Branch, Call, CallPolicy, Connections, Hedge, HedgeDelay, Network, Service, Step, ZoneId,
};
use tarsier_random::Law;
use tarsier_units::Span;

use crate::support::{
    Build, all_of, close, constant, exp_ms, mean_ms, open, quantile_ms, retry, with, work_ms,
};

fn after(after: HedgeDelay) -> CallPolicy {
    CallPolicy { hedge: Some(Hedge { after, budget: None, most: 1 }), ..CallPolicy::default() }
}

fn fixed(microseconds: u64) -> CallPolicy {
    after(HedgeDelay::Fixed(Span::from_micros(microseconds)))
}

/// Users of a service that takes so long, however many ask it.
fn hedged(policy: CallPolicy, law: Law, seconds: u64) -> Outcome {
    Build::new()
        .service("s", vec![Step::Wait(law)], |_| {})
        .workload("w", 0, open(1_000.0), policy)
        .run(seconds, 1)
}

fn extra(outcome: &Outcome) -> f64 {
    let users = &outcome.workloads[0];
    assert_eq!(users.attempts, users.requests + users.hedges);
    users.hedges as f64 / users.requests as f64
}

/// T = min(X, d + Y) with X and Y exponential: P(X > d) are sent twice, and the mean is 1 - P(X > d) / 2.
#[test]
fn hedging_cuts_the_tail_of_an_exponential() {
    let table = [
        (2_995_732, 0.05, 0.975, 3.800_451),
        (2_302_585, 0.10, 0.95, 3.453_878),
        (0, 1.0, 0.5, std::f64::consts::LN_10),
    ];
    for (delay_ns, twice, mean, p99) in table {
        let outcome = hedged(after(HedgeDelay::Fixed(Span::from_nanos(delay_ns))), exp_ms(1.0), 2_000);
        close("extra load", extra(&outcome), twice, 0.02);
        close("mean", mean_ms(&outcome.workloads[0].latency), mean, 0.005);
        close("p99", quantile_ms(&outcome.workloads[0].latency, 0.99), p99, 0.015);
    }
}

/// One percent of the answers take a hundred times as long.
#[test]
fn hedging_cuts_off_the_second_mode() {
    let law = || Law::Mix(vec![(0.99, exp_ms(10.0)), (0.01, exp_ms(1_000.0))]);
    let plain = hedged(CallPolicy::default(), law(), 2_000);
    close("unhedged p99", quantile_ms(&plain.workloads[0].latency, 0.99), 72.546_95, 0.03);
    let outcome = hedged(fixed(50_000), law(), 2_000);
    close("extra load", extra(&outcome), 0.016_182_86, 0.03);
    let latency = &outcome.workloads[0].latency;
    close("mean", mean_ms(latency), 10.495_48, 0.01);
    close("p99", quantile_ms(latency, 0.99), 53.525_38, 0.02);
    close("p99.9", quantile_ms(latency, 0.999), 73.844_59, 0.04);
}

#[test]
fn the_own_quantile_bounds_the_extra_load() {
    let outcome = hedged(after(HedgeDelay::Quantile(0.95)), exp_ms(1.0), 2_000);
    close("extra load", extra(&outcome), 0.05, 0.04);
    close("p99", quantile_ms(&outcome.workloads[0].latency, 0.99), 3.800_451, 0.02);
}

/// A budget of 2% where 10% would go twice.
#[test]
fn a_budget_bounds_hedges() {
    let mut policy = fixed(2_303);
    policy.hedge = policy.hedge.map(|hedge| Hedge { budget: Some(0.02), ..hedge });
    close("extra load", extra(&hedged(policy, exp_ms(1.0), 1_000)), 0.02, 0.005);
}

/// Three of the four instances never answer within a second: with three hedges each goes to another, and one finds it.
#[test]
fn hedges_go_elsewhere() {
    let mut policy = fixed(10_000);
    policy.hedge = policy.hedge.map(|hedge| Hedge { most: 3, ..hedge });
    let target = tarsier_model::Target { count: Some(3), ..all_of(0) };
    let scenario = tarsier_model::Scenario {
        name: "stall".into(),
        happenings: vec![tarsier_model::Happening {
            at: Span::ZERO,
            lasts: None,
            trouble: tarsier_model::Trouble::Stall { target },
        }],
    };
    let outcome = Build::new()
        .service("s", vec![Step::Wait(constant(1.0))], |s| s.instances = vec![ZoneId(0); 4])
        .workload("w", 0, open(100.0), policy)
        .run_with(100, 2, &scenario);
    let users = &outcome.workloads[0];
    assert_eq!(users.errors, 0);
    let max = users.latency.summary().max.expect("something was recorded");
    assert!(max <= 31.0 * 1e6, "the fourth attempt at the latest: {max}");
    assert!(max > 30.0 * 1e6, "{max}");
}

/// A failure decides nothing while the other runs; when both have failed the call is tried again, hedges and all.
#[test]
fn the_last_failure_decides() {
    let both_fail = |attempts| {
        let policy = CallPolicy { retry: (attempts > 0).then(|| retry(attempts)), ..fixed(10_000) };
        let fallback = Some(vec![Step::Wait(constant(1.0))]);
        let outcome = Build::new()
            .service("front", vec![Step::Call(Call { fallback, ..with(policy, 1) })], |_| {})
            .service("broken", vec![Step::Wait(constant(25.0)), Step::Fail(1.0)], |_| {})
            .open("w", 100.0, 0)
            .run(100, 3);
        assert_eq!(outcome.workloads[0].errors, 0);
        let calls = &outcome.calls[0];
        let each = calls.attempts as f64 / calls.requests as f64;
        (mean_ms(&outcome.workloads[0].latency), each)
    };
    // 0 and 10 ms, the second fails at 35 ms; then the fallback.
    let (latency, attempts) = both_fail(0);
    close("latency", latency, 36.0, 1e-9);
    close("attempts", attempts, 2.0, 0.01);
    // Once more at 35 ms; its hedges are used up.
    let (latency, attempts) = both_fail(1);
    close("latency", latency, 35.0 + 25.0 + 1.0, 1e-9);
    close("attempts", attempts, 3.0, 0.01);
}

/// Four connections, each request holding one: hedges wait for them like everybody else, and nobody is lost.
#[test]
fn hedges_share_the_connections() {
    let pool = Some(Connections { max: 4, requests_each: Some(1) });
    let policy = CallPolicy { connections: pool, cancel: true, ..fixed(1_000) };
    let outcome = Build::new()
        .service("front", vec![Step::Call(with(policy, 1))], |_| {})
        .service("back", vec![Step::Wait(exp_ms(1.0))], |s| s.instances = vec![ZoneId(0); 10])
        .open("w", 2_000.0, 0)
        .run(100, 4);
    let calls = &outcome.calls[0];
    assert_eq!(calls.errors, 0);
    assert!(calls.hedges > 50_000, "{}", calls.hedges);
    assert!(mean_ms(&calls.latency) < 1.5, "{}", mean_ms(&calls.latency));
}

/// The account of a call that a hedge won sums to its latency: the engine asserts it. The delay is told apart.
#[test]
fn accounts_know_what_was_waited_for_in_vain() {
    let law = Law::Mix(vec![(0.5, constant(1.0)), (0.5, constant(1_000.0))]);
    let outcome = hedged(fixed(100_000), law, 200);
    let why = &outcome.workloads[0].why;
    let vain = why.parts.iter().find(|part| part.cause == tarsier_engine::Cause::Timeout).expect("a part");
    // Half of them wait for 100 ms; of these again half are answered by the hedge.
    close("in vain", vain.mean_ns / 1e6, 25.0, 0.05);
}

fn cancelled(outcome: &Outcome, service: usize) -> f64 {
    outcome.services[service].cancelled as f64 / outcome.services[service].arrivals as f64
}

fn bounded(milliseconds: u64, cancel: bool) -> CallPolicy {
    CallPolicy { timeout: Some(Span::from_millis(milliseconds)), cancel, ..CallPolicy::default() }
}

/// M/M/1 whose customers leave when they have been there for τ, at work or not: the work ahead of a newcomer is that
/// of a dam of height τ (Takács 1962), so with λ, μ = 1 and `e = exp(-(1 - λ) τ)` it is idle for
/// `p = 1 / (1 + λ (1 - e) / (1 - λ))` of the time, and `p e` of the customers leave.
#[test]
fn cancelling_frees_what_nobody_waits_for() {
    let tau: f64 = 5.0;
    for lambda in [0.8_f64, 1.2] {
        let e = (-(1.0 - lambda) * tau).exp();
        let idle = 1.0 / (1.0 + lambda * (1.0 - e) / (1.0 - lambda));
        let outcome = |change: fn(&mut Service)| {
            let policy = bounded((tau * 10.0) as u64, true);
            Build::new()
                .service("s", vec![work_ms(10.0)], change)
                .workload("w", 0, open(lambda * 100.0), policy)
                .run(20_000, 5)
        };
        for change in [(|_| {}) as fn(&mut Service), |s| s.workers = Some(1)] {
            let outcome = outcome(change);
            close("left", cancelled(&outcome, 0), idle * e, 0.02);
            close("busy", outcome.services[0].utilization, 1.0 - idle, 0.01);
        }
    }
}

/// Under processor sharing, too: whoever leaves makes room for the others.
#[test]
fn cancelling_leaves_a_shared_processor() {
    let run = |cancel: bool| {
        Build::new()
            .service("s", vec![work_ms(10.0)], |s| s.scheduling = tarsier_model::Scheduling::ProcessorSharing)
            .workload("w", 0, open(150.0), bounded(100, cancel))
            .run(1_000, 6)
    };
    assert!(run(false).workloads[0].completed < 1_000, "an overload without an end");
    let outcome = run(true);
    let goodput = outcome.workloads[0].completed as f64 / 1_000.0;
    assert!(goodput > 60.0, "{goodput}");
    assert_eq!(outcome.workloads[0].timeouts, outcome.workloads[0].errors);
}

/// Three services deep, in other zones and partitions: what a user gives up stops everywhere, and what it had asked
/// for is counted as failed.
#[test]
fn cancelling_goes_down_the_tree() {
    let run = |cancel: bool| {
        let policy = |to| Step::Call(with(CallPolicy { cancel, ..CallPolicy::default() }, to));
        let fan = Step::Parallel {
            branches: vec![
                Branch { times: 2, steps: vec![policy(2)] },
                Branch { times: 1, steps: vec![Step::Work(constant(200.0))] },
            ],
            need: 3,
        };
        let many = |service: &mut Service| {
            service.instances = (0..40).map(|n| ZoneId(n % 2)).collect();
            service.cores = 100;
        };
        let mut build = Build::new()
            .service("front", vec![policy(1)], many)
            .service("middle", vec![fan], many)
            .service("back", vec![Step::Work(constant(200.0))], many);
        crate::sameness::zones(&mut build.model, 2, 1);
        build.model.network =
            Network { cross_region: tarsier_model::Link { latency: Some(constant(5.0)) }, ..Network::none() };
        build.workload("w", 0, open(100.0), bounded(100, cancel)).run(100, 7)
    };
    let (blind, told) = (run(false), run(true));
    assert!(told.partitions > 1, "the model is meant to split");
    let seconds_a_request =
        |outcome: &Outcome, service: usize| outcome.services[service].utilization * 4_000.0 / 100.0;
    close("middle works to the end", seconds_a_request(&blind, 1), 0.2, 0.03);
    close("back works to the end", seconds_a_request(&blind, 2), 0.4, 0.03);
    // Given up at 100 ms; half of the hops take 5 ms, and word takes as long as the request did.
    close("middle works until told", seconds_a_request(&told, 1), 0.1, 0.03);
    close("back works until told", seconds_a_request(&told, 2), 0.2, 0.03);
    assert_eq!(told.services.iter().map(|service| service.completed).sum::<u64>(), 0);
    for calls in &told.calls {
        assert_eq!(calls.requests + calls.in_flight_start, calls.errors + calls.in_flight_end);
    }
}

/// Of three that are asked the first counts; the others are told, if they are to be.
#[test]
fn a_quorum_cancels_who_is_late() {
    let run = |cancel: bool| {
        let ask = Step::Call(with(CallPolicy { cancel, ..CallPolicy::default() }, 1));
        let step = Step::Parallel { branches: vec![Branch { times: 3, steps: vec![ask] }], need: 1 };
        Build::new()
            .service("front", vec![step], |_| {})
            .service("back", vec![Step::Work(exp_ms(30.0))], |s| s.cores = 1_000)
            .open("w", 100.0, 0)
            .run(200, 8)
    };
    let work = |outcome: &Outcome| outcome.services[1].utilization * 1_000.0 / 100.0 * 1e3;
    // The first of three takes a third of the mean; so long all three work.
    let (blind, told) = (run(false), run(true));
    close("latency", mean_ms(&told.workloads[0].latency), 10.0, 0.03);
    close("blind", work(&blind), 90.0, 0.03);
    close("told", work(&told), 30.0, 0.03);
    close("cancelled", cancelled(&told, 1), 2.0 / 3.0, 0.001);
}

/// A hedge costs what the delay leaves of it: with cancelling both stop when one has answered.
#[test]
fn the_loser_of_a_race_stops_if_it_is_told() {
    let work = |cancel: bool| {
        let policy = CallPolicy { cancel, ..fixed(10_000) };
        let outcome = Build::new()
            .service("s", vec![Step::Work(exp_ms(10.0))], |s| s.cores = 1_000)
            .workload("w", 0, open(1_000.0), policy)
            .run(500, 9);
        outcome.services[0].utilization
    };
    // Alone for 10 ms, then both until the first ends: 1 - 1/e, and 1/e of 2 × 1/2.
    close("told", work(true), 0.01, 0.01);
    // The loser runs to its end: 1 + 1/e.
    close("blind", work(false), 0.01 * (1.0 + (-1.0_f64).exp()), 0.01);
}

/// A lock goes to the next when whoever holds it is cancelled.
#[test]
fn cancelling_releases_locks() {
    let locked = Step::Lock { lock: 0, steps: vec![Step::Wait(exp_ms(10.0))] };
    let outcome = Build::new()
        .service("s", vec![locked], |s| {
            s.locks = vec![tarsier_model::Lock { name: "row".into(), permits: 1 }];
        })
        .workload("w", 0, open(120.0), bounded(50, true))
        .run(5_000, 10);
    // A server like any other: λ = 1.2, τ = 5.
    let e = 1.0_f64.exp();
    let idle = 1.0 / (1.0 + 1.2 * (1.0 - e) / -0.2);
    close("left", cancelled(&outcome, 0), idle * e, 0.03);
}
