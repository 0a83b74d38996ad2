//! What callers do: bounds, retries, fallbacks, quorums, connections.

use tarsier_engine::{Outcome, Visit};
use tarsier_model::{
    Backoff, Balance, Branch, Bucket, Budget, Call, CallPolicy, Connections, Endpoint, EndpointId, Happening,
    Hedge, HedgeDelay, Link, Model, Network, RegionId, Retry, Scenario, Service, ServiceId, Step, Target,
    Trouble, Zone, ZoneId,
};
use tarsier_random::Law;
use tarsier_units::Span;

use crate::support::{
    Build, all_of, balanced, call, close, constant, exp_ms, mean_ms, open, quantile_ms, retry, with, work_ms,
};
use crate::troubles::{scenario, watched};

fn bounded(milliseconds: u64) -> CallPolicy {
    CallPolicy { timeout: Some(Span::from_millis(milliseconds)), ..CallPolicy::default() }
}

/// As many cores as anybody needs.
fn ample(service: &mut Service) {
    service.cores = 1_000;
}

#[test]
fn a_bound_fires_and_the_callee_goes_on() {
    // The callee takes 30 ms, the bound is 10 ms: every call fails after 10 ms, all work is done.
    let outcome = Build::new()
        .service("front", vec![Step::Call(with(bounded(10), 1))], |_| {})
        .service("slow", vec![Step::Work(constant(30.0))], ample)
        .open("w", 50.0, 0)
        .run(100, 1);
    let (users, calls) = (&outcome.workloads[0], &outcome.calls[0]);
    assert_eq!(users.completed, 0);
    assert_eq!(calls.timeouts, calls.errors);
    assert!(users.errors > 4_000, "{}", users.errors);
    close("the callee's work", outcome.services[1].utilization * 1_000.0, 50.0 * 0.03, 0.05);
}

#[test]
fn answers_that_nobody_waits_for_are_counted() {
    let build = |bound| {
        Build::new()
            .service("front", vec![Step::Call(with(bounded(bound), 1))], |_| {})
            .service("slow", vec![Step::Work(constant(30.0)), Step::Fail(0.5)], ample)
            .open("w", 50.0, 0)
    };
    let slow = &build(10).run(100, 1).services[1];
    assert_eq!(slow.unused, slow.completed + slow.errors, "good or bad, all come too late");
    assert_eq!(build(40).run(100, 1).services[1].unused, 0);
    // The callee in another zone, in a partition of its own: 10 ms there and 10 ms back.
    let apart = |bound| {
        let outcome = build(bound).change(other_zone).run(100, 1);
        assert_eq!(outcome.partitions, 2);
        outcome.services[1].clone()
    };
    for bound in [10, 45] {
        // The answer is under way for 10 ms, and counted when it comes.
        let slow = apart(bound);
        let under_way = slow.unused.abs_diff(slow.completed + slow.errors);
        assert!(under_way <= 10 && slow.unused > 4_000, "{under_way} of {}", slow.unused);
    }
    assert_eq!(apart(60).unused, 0);
}

/// The second service moves to a zone of its own, both grow so large that these are partitions.
fn other_zone(model: &mut Model) {
    let region = RegionId(0);
    model.zones.push(Zone { name: "b".into(), region });
    for service in 0..2 {
        model.services[ServiceId(service)].instances = vec![ZoneId(service); 60];
    }
    let apart = Link { latency: Some(constant(10.0)) };
    model.network = Network { cross_zone: apart.clone(), cross_region: apart, ..Network::none() };
}

#[test]
fn bounds_without_cancelling_lose_goodput_under_load() {
    // M/M/1, mu 100, tau 100 ms: goodput lambda (1 - exp(-(mu - lambda) tau)).
    for (rate, goodput) in [(50.0, 49.663_10), (80.0, 69.173_18), (90.0, 56.890_85)] {
        let outcome = Build::new()
            .service("s", vec![work_ms(10.0)], |_| {})
            .workload("w", 0, open(rate), bounded(100))
            .run(20_000, 2);
        close("goodput", outcome.workloads[0].completed as f64 / 20_000.0, goodput, 0.03);
    }
}

#[test]
fn retries_multiply_over_hops() {
    // Three hops, three retries each, everything fails: 4^3 attempts at the leaf a request.
    let hop = |to| vec![Step::Call(with(CallPolicy { retry: Some(retry(3)), ..CallPolicy::default() }, to))];
    let chain = |fails: f64| {
        Build::new()
            .service("a", hop(1), |_| {})
            .service("b", hop(2), |_| {})
            .service("c", hop(3), |_| {})
            .service("leaf", vec![Step::Fail(fails)], |_| {})
            .open("w", 100.0, 0)
            .run(100, 3)
    };
    let outcome = chain(1.0);
    let requests = outcome.workloads[0].requests;
    assert_eq!(outcome.calls.last().expect("calls").attempts, 64 * requests);
    // At 90%: (1 - q^4)/(1 - q) at each hop, q' = q^4: 9.988.
    let outcome = chain(0.9);
    let attempts = outcome.calls.last().expect("calls").attempts as f64;
    close("amplification", attempts / outcome.workloads[0].requests as f64, 9.988_21, 0.02);
}

#[test]
fn backoff_doubles_and_latency_counts_from_the_first_sending() {
    // 10 + 20 + 40 ms between four attempts that fail at once: an error after 70 ms; then the fallback.
    let backoff = Some(Backoff { base: Span::from_millis(10), factor: 2.0, max: None });
    let policy = CallPolicy { retry: Some(Retry { backoff, ..retry(3) }), ..CallPolicy::default() };
    let fallback = Some(vec![Step::Wait(constant(5.0))]);
    let outcome = Build::new()
        .service("front", vec![Step::Call(Call { fallback, ..with(policy, 1) })], |_| {})
        .service("broken", vec![Step::Fail(1.0)], |_| {})
        .open("w", 10.0, 0)
        .run(100, 4);
    let users = &outcome.workloads[0];
    assert_eq!(users.errors, 0);
    close("latency", mean_ms(&users.latency), 75.0, 1e-9);
}

#[test]
fn budgets_hold_retries_down() {
    let policy = CallPolicy {
        retry: Some(Retry { budget: Some(Budget::Bucket(Bucket::share(0.1))), ..retry(3) }),
        ..CallPolicy::default()
    };
    let outcome = Build::new()
        .service("front", vec![Step::Call(Call { optional: true, ..with(policy, 1) })], |_| {})
        .service("broken", vec![Step::Fail(1.0)], |_| {})
        .open("w", 1_000.0, 0)
        .run(100, 5);
    let calls = &outcome.calls[0];
    close("attempts a request", calls.attempts as f64 / calls.requests as f64, 1.1, 0.001);
    // The call is optional: nobody minds.
    assert_eq!(outcome.workloads[0].errors, 0);
    assert_eq!(calls.errors, calls.requests);
}

/// One of two instances is paused for ever.
fn with_one_of_a_pair(policy: CallPolicy) -> Outcome {
    let target = Target { count: Some(1), ..all_of(1) };
    let happening = Happening { at: Span::ZERO, lasts: None, trouble: Trouble::Pause { target } };
    Build::new()
        .service("front", vec![Step::Call(with(policy, 1))], |_| {})
        .service("pair", vec![Step::Wait(constant(1.0))], |s| s.instances = vec![ZoneId(0); 2])
        .open("w", 100.0, 0)
        .run_with(100, 6, &Scenario { name: "pause".into(), happenings: vec![happening] })
}

/// The only instance near by is a black hole: what goes elsewhere leaves the zone, and spreads over the others.
#[test]
fn elsewhere_is_farther_if_there_is_nobody_near() {
    let everywhere = |service: &mut Service| {
        (service.instances, service.cores) = ((0..3).map(ZoneId).collect(), 1_000);
    };
    let again = Retry { elsewhere: true, ..retry(1) };
    let hedge = Hedge { after: HedgeDelay::Fixed(Span::from_millis(20)), budget: None, most: 1 };
    let near = CallPolicy { balance: Balance::ZoneAware, ..bounded(100) };
    let retries = CallPolicy { retry: Some(again), ..near.clone() };
    let run = |policy: CallPolicy, users: CallPolicy| {
        let silent = Trouble::Kill { target: Target { zone: Some(ZoneId(0)), ..all_of(1) }, silent: true };
        let front = Step::Call(with(policy, 1));
        let mut build = Build::new().service("front", vec![front], everywhere);
        crate::sameness::zones(&mut build.model, 1, 3);
        let back = vec![Step::Work(constant(1.0))];
        let build = build.service("back", back, everywhere).workload("w", 1, open(90.0), users);
        watched(&build.open("v", 90.0, 0).seal(), 1, &scenario(vec![(0, None, silent)]))
    };
    for policy in [retries, CallPolicy { hedge: Some(hedge), ..near }] {
        let (outcome, notes) = run(policy.clone(), policy);
        assert!(outcome.workloads.iter().all(|workload| workload.errors == 0));
        let served = |number| {
            let there = |visit: &&Visit| visit.service == 1 && visit.instance == number;
            notes.visits.iter().filter(there).count() as f64
        };
        close("as many at both", served(1), served(2), 0.05);
    }
}

#[test]
fn elsewhere_finds_the_healthy_instance() {
    let elsewhere = Retry { elsewhere: true, ..retry(1) };
    let outcome = with_one_of_a_pair(CallPolicy { retry: Some(elsewhere), ..bounded(20) });
    let (users, calls) = (&outcome.workloads[0], &outcome.calls[0]);
    assert_eq!(users.errors, 0, "the second attempt always finds the other one");
    // Whoever was sent to the paused one is sent again; a retry also takes its turn in the round.
    let attempts = calls.attempts as f64 / calls.requests as f64;
    assert!((1.4..2.0).contains(&attempts), "{attempts}");
}

/// Half of the calls time out and are retried, well, if the quota allows it. A retry takes 10 tokens and brings as
/// many back, or 5: then every call that succeeds at once pays for a fifth of a retry.
#[test]
fn a_quota_gets_back_what_retries_took() {
    let failed = |timeout_refund: f64| {
        let share = Bucket::share(0.0);
        let bucket = Bucket { start: 500.0, most: 500.0, per_success: 1.0, timeout_cost: 10.0, ..share };
        let budget = Some(Budget::Bucket(Bucket { cost: 5.0, refund: 5.0, timeout_refund, ..bucket }));
        let again = Retry { elsewhere: true, budget, ..retry(1) };
        let policy = CallPolicy { retry: Some(again), balance: Balance::Random, ..bounded(20) };
        let outcome = with_one_of_a_pair(policy);
        outcome.workloads[0].errors as f64 / outcome.workloads[0].requests as f64
    };
    assert_eq!(failed(10.0), 0.0);
    close("failed", failed(5.0), 0.5 * 0.8, 0.06);
}

#[test]
fn a_quorum_goes_on_after_two_of_three() {
    // The second of three independent exponentials: 1/3 + 1/2 of the mean.
    let branch = Branch { times: 3, steps: vec![Step::Wait(exp_ms(6.0))] };
    let quorum = Step::Parallel { branches: vec![branch], need: 2 };
    let outcome = Build::new().service("s", vec![quorum], |_| {}).open("w", 100.0, 0).run(1_000, 7);
    close("quorum", mean_ms(&outcome.workloads[0].latency), 5.0, 0.02);
    // One that fails is spared, two are not.
    let failing = Branch { times: 1, steps: vec![Step::Fail(1.0)] };
    let fine = Branch { times: 2, steps: vec![Step::Wait(constant(1.0))] };
    let spared = Step::Parallel { branches: vec![failing.clone(), fine.clone()], need: 2 };
    let outcome = Build::new().service("s", vec![spared], |_| {}).open("w", 100.0, 0).run(10, 8);
    assert_eq!(outcome.workloads[0].errors, 0);
    let too_few = Step::Parallel { branches: vec![failing, fine], need: 3 };
    let outcome = Build::new().service("s", vec![too_few], |_| {}).open("w", 100.0, 0).run(10, 8);
    assert_eq!(outcome.workloads[0].completed, 0);
}

#[test]
fn a_slow_leaf_in_a_hundred_slows_most_requests() {
    // 1 - 0.99^100 = 0.6339677 of the requests meet at least one slow leaf.
    let leaf = Law::Mix(vec![(0.99, constant(1.0)), (0.01, constant(1_000.0))]);
    let fan =
        Step::Parallel { branches: vec![Branch { times: 100, steps: vec![Step::Call(call(1))] }], need: 100 };
    let outcome = Build::new()
        .service("root", vec![fan], |_| {})
        .service("leaf", vec![Step::Wait(leaf)], |_| {})
        .open("w", 50.0, 0)
        .run(400, 9);
    let slow = 1.0 - (mean_ms(&outcome.workloads[0].latency) - 1_000.0) / (1.0 - 1_000.0);
    close("slow requests", slow, 0.633_967_7, 0.015);
}

#[test]
fn connections_are_a_queue_at_the_caller() {
    // Four connections over HTTP/1 in front of ample servers are four servers: Erlang C at lambda 3.2.
    let pool = Some(Connections { max: 4, requests_each: Some(1) });
    let policy = CallPolicy { connections: pool, ..CallPolicy::default() };
    let outcome = Build::new()
        .service("front", vec![Step::Call(with(policy, 1))], |_| {})
        .service("back", vec![Step::Wait(exp_ms(1.0))], |_| {})
        .open("w", 3_200.0, 0)
        .run(1_000, 10);
    close("wait and service", mean_ms(&outcome.calls[0].latency), 1.745_541, 0.02);
    let why = &outcome.workloads[0].why;
    let connection = why.parts.iter().find(|part| part.cause == tarsier_engine::Cause::Connection);
    close("told apart", connection.expect("a part of the account").mean_ns / 1e6, 0.745_541, 0.06);
}

#[test]
fn a_cache_that_misses_asks_the_store() {
    let miss = vec![Step::Call(call(2))];
    let cache = Step::Cache { ask: call(1), hit: 0.9, miss, fill: Some(call(1)) };
    let outcome = Build::new()
        .service("front", vec![cache], |_| {})
        .service("cache", vec![Step::Wait(constant(1.0))], |_| {})
        .service("store", vec![Step::Wait(constant(20.0))], |_| {})
        .open("w", 1_000.0, 0)
        .run(100, 11);
    close("mean", mean_ms(&outcome.workloads[0].latency), 3.0, 0.02);
    let (asked, misses) = (outcome.workloads[0].requests as f64, outcome.services[2].arrivals as f64);
    close("misses", misses / asked, 0.1, 0.03);
    // Asked by every request, filled after every miss.
    close("cache", outcome.services[1].arrivals as f64, asked + misses, 1e-4);
}

/// 4 MB take a second: there are none of them in a refusal, nor on the way to oneself.
#[test]
fn only_what_goes_over_a_wire_takes_time() {
    let network = Network { bandwidth: Some(4e6), ..Network::none() };
    let large = Call { request_bytes: 4_000_000, response_bytes: 4_000_000, optional: true, ..call(1) };
    let lasts = |build: Build| {
        let outcome = build.change(|model| model.network = network.clone()).open("w", 1.0, 0).run(100, 1);
        mean_ms(&outcome.workloads[0].latency)
    };
    let ask = || Build::new().service("front", vec![Step::Call(large.clone())], |_| {});
    close("both", lasts(ask().service("back", vec![], |_| {})), 2_000.0, 1e-9);
    close("an error back", lasts(ask().service("back", vec![Step::Fail(1.0)], |_| {})), 1_000.0, 1e-9);
    let itself = Build::new().service("s", vec![Step::Call(large.clone())], |s| s.endpoints = 0..2);
    let also = Endpoint { service: ServiceId(0), name: Some("also".into()), steps: vec![] };
    let itself = itself.change(|model| {
        model.endpoints[EndpointId(0)].name = Some("first".into());
        model.endpoints.push(also);
    });
    assert_eq!(lasts(itself), 0.0);
}

/// One of four never answers: it costs its timeout once in `10 s ln(100 ms / 1 ms)`, when what it did is forgotten.
#[test]
fn moving_averages_hear_of_who_says_nothing() {
    let policy = CallPolicy { timeout: Some(Span::from_millis(100)), ..balanced(Balance::Ewma) };
    let target = Target { count: Some(1), ..all_of(1) };
    let silent = (0, None, Trouble::Kill { target, silent: true });
    let outcome = Build::new()
        .service("web", vec![Step::Call(with(policy, 1))], |s| s.cores = 8)
        .service("b", vec![Step::Work(constant(1.0))], |s| {
            (s.instances, s.cores) = (vec![ZoneId(0); 4], 8);
        })
        .open("w", 100.0, 0)
        .run_with(460, 1, &crate::troubles::scenario(vec![silent]));
    assert!((1..=2 * 10).contains(&outcome.workloads[0].errors), "{}", outcome.workloads[0].errors);
}

#[test]
fn the_network_adds_both_ways_and_loss_costs_a_retransmission() {
    let build = |loss: f64| {
        let network = Network {
            users: tarsier_model::Link { latency: Some(constant(3.0)) },
            same_zone: tarsier_model::Link { latency: Some(constant(2.0)) },
            bandwidth: Some(1e6),
            loss,
            ..Network::none()
        };
        let sized = Call { request_bytes: 1_000, response_bytes: 4_000, ..call(1) };
        Build::new()
            .service("front", vec![Step::Call(sized)], |_| {})
            .service("back", vec![Step::Wait(constant(1.0))], |_| {})
            .change(|model| model.network = network)
            .open("w", 100.0, 0)
            .run(100, 12)
    };
    // 3 + 3 users, 2 + 2 zone, 1 + 4 transfer, 1 wait.
    close("no loss", mean_ms(&build(0.0).workloads[0].latency), 16.0, 1e-9);
    let lossy = build(0.1);
    close("median", quantile_ms(&lossy.workloads[0].latency, 0.5), 16.0, 0.005);
    // Two messages, each lost with 10%: 200 ms, then 400 ms, …: sum p^k (2^k - 1) 200 ms (1 - p) … ≈ 25 ms each.
    close("mean", mean_ms(&lossy.workloads[0].latency), 16.0 + 2.0 * 25.0, 0.05);
}

#[test]
fn hash_keeps_users_and_random_spreads_them() {
    let farm = |s: &mut Service| s.instances = vec![ZoneId(0); 4];
    for balance in [tarsier_model::Balance::Hash, tarsier_model::Balance::Ewma] {
        let outcome = Build::new()
            .service("s", vec![work_ms(1.0)], farm)
            .workload("w", 0, open(2_000.0), balanced(balance))
            .run(100, 13);
        let users = &outcome.workloads[0];
        assert_eq!(users.errors, 0);
        assert!(mean_ms(&users.latency) < 2.2, "four half-loaded servers: {}", mean_ms(&users.latency));
    }
}
