//! Whom callers choose from: without outliers, out of a subset, over connections.

use std::collections::BTreeSet;

use tarsier_engine::{EventKind, Outcome, RunConfig, Visit, Watch, run};
use tarsier_model::{
    Branch, CallPolicy, Connect, ConnectCost, ErrorKind, Happening, Link, Network, Outlier, Scenario,
    Service, Step, Target, Trouble, ZoneId,
};
use tarsier_random::Law;
use tarsier_units::Span;

use crate::support::{Build, all_of, close, config, constant, mean_ms, open, with};

/// Envoy's defaults, but for its statistics.
fn envoy() -> Outlier {
    Outlier { deviations: None, ..Outlier::default() }
}

/// So many instances of a service are in trouble from the start.
fn troubled(service: u32, count: u32, trouble: impl Fn(Target) -> Trouble) -> Scenario {
    let target = Target { count: Some(count), ..all_of(service) };
    let happening = Happening { at: Span::ZERO, lasts: None, trouble: trouble(target) };
    Scenario { name: "trouble".into(), happenings: vec![happening] }
}

fn failing(count: u32) -> Scenario {
    troubled(0, count, |target| Trouble::Error { target, share: 1.0, kind: ErrorKind::Error })
}

fn ten(service: &mut Service) {
    service.instances = vec![ZoneId(0); 10];
}

/// Ten instances of which some fail; users who eject.
fn ejecting(outlier: Outlier, failing_instances: u32, seconds: u64) -> Outcome {
    let policy = CallPolicy { outlier: Some(outlier), ..CallPolicy::default() };
    let model = Build::new()
        .service("s", vec![Step::Wait(constant(1.0))], ten)
        .workload("w", 0, open(100.0), policy)
        .seal();
    let scenario = failing(failing_instances);
    let config = RunConfig { scenario: Some(&scenario), warmup: Span::ZERO, ..config(seconds, 1) };
    run(&model, &config, &mut ())
}

fn count(outcome: &Outcome, is_kind: impl Fn(EventKind) -> bool) -> u64 {
    outcome.timeline.iter().filter(|event| is_kind(event.kind)).count() as u64
}

fn error_share(outcome: &Outcome) -> f64 {
    outcome.workloads[0].errors as f64 / outcome.workloads[0].requests as f64
}

#[test]
fn five_failures_eject_for_longer_and_longer() {
    let outcome = ejecting(envoy(), 1, 300);
    let ejections = count(&outcome, |kind| matches!(kind, EventKind::Ejected { .. }));
    // At 0.5 s for 30 s, at 40 s for 60, at 110 s for 90 s, at 210 s for 120: until the intervals' ends.
    assert_eq!(ejections, 4);
    assert_eq!(count(&outcome, |kind| matches!(kind, EventKind::Returned { .. })), 3);
    assert_eq!(outcome.workloads[0].errors, 5 * ejections);
}

#[test]
fn not_too_many_are_ejected() {
    // One of three: the others go on failing two of nine requests.
    close("a tenth", error_share(&ejecting(envoy(), 3, 1_000)), 2.0 / 9.0, 0.03);
    // Six of ten: with less than half left all are chosen from.
    let outcome = ejecting(Outlier { ejected: 1.0, ..envoy() }, 6, 200);
    assert!(count(&outcome, |kind| kind == EventKind::PanicBegan) > 0);
    assert!(error_share(&outcome) > 0.4, "{}", error_share(&outcome));
    // Unless there is no panic.
    let outcome = ejecting(Outlier { ejected: 1.0, panic: 0.0, ..envoy() }, 6, 200);
    assert!(error_share(&outcome) < 0.01, "{}", error_share(&outcome));
}

#[test]
fn success_rates_are_compared() {
    // One fails half of its requests: 0.5 is below 0.95 less 1.9 deviations of 0.15.
    let outlier = Outlier { consecutive: None, deviations: Some(1.9), volume: 50, ..envoy() };
    let policy = CallPolicy { outlier: Some(outlier), ..CallPolicy::default() };
    let scenario = troubled(0, 1, |target| Trouble::Error { target, share: 0.5, kind: ErrorKind::Error });
    let outcome = Build::new()
        .service("s", vec![Step::Wait(constant(1.0))], ten)
        .workload("w", 0, open(100.0), policy)
        .run_with(200, 2, &scenario);
    assert!(count(&outcome, |kind| matches!(kind, EventKind::Ejected { .. })) >= 2);
    assert!(error_share(&outcome) < 0.02, "{}", error_share(&outcome));
}

/// Which instances of each service were visited.
#[derive(Default)]
struct Visited(BTreeSet<(usize, u32)>);

impl Watch for Visited {
    fn wants_visits(&self) -> bool {
        true
    }

    fn visit(&mut self, visit: &Visit) {
        self.0.insert((visit.service, visit.instance));
    }
}

#[test]
fn a_subset_stays_the_same_but_for_those_that_go() {
    let visited = |seed: u64, scenario: Option<&Scenario>, publishes: bool| {
        let policy = CallPolicy { subset: Some(20), ..CallPolicy::default() };
        let call = with(policy, 1);
        let step = if publishes { Step::Publish(call) } else { Step::Call(call) };
        let model = Build::new()
            .service("front", vec![step], |_| {})
            .service("back", vec![Step::Wait(constant(1.0))], |s| s.instances = vec![ZoneId(0); 100])
            .open("w", 100.0, 0)
            .seal();
        let mut visited = Visited::default();
        run(&model, &RunConfig { scenario, ..config(20, seed) }, &mut visited);
        visited.0.into_iter().filter(|(service, _)| *service == 1).collect::<BTreeSet<_>>()
    };
    let before = visited(1, None, false);
    assert_eq!(before.len(), 20);
    assert_eq!(before, visited(1, None, true));
    assert_ne!(before, visited(2, None, false), "another client, another subset");
    // Half of all are killed: those in the subset are replaced, the others stay.
    let scenario = troubled(1, 50, |target| Trouble::Kill { target, silent: false });
    let after = visited(1, Some(&scenario), false);
    assert!(after.is_superset(&before), "in the warm-up all are there");
    assert!((25..=35).contains(&after.len()), "about ten of twenty were replaced: {}", after.len());
}

/// 2 ms each way, 1 ms of work; a connection that is closed at once when it is not used.
fn connecting(cost: ConnectCost, keep: Option<Span>, rate: f64) -> Outcome {
    let connect = Connect { timeout: None, cost, keep };
    let policy = CallPolicy { connect: Some(connect), ..CallPolicy::default() };
    let network = Network { same_zone: Link { latency: Some(constant(2.0)) }, ..Network::none() };
    Build::new()
        .service("front", vec![Step::Call(with(policy, 1))], |_| {})
        .service("back", vec![Step::Wait(constant(1.0))], |_| {})
        .change(|model| model.network = network)
        .open("w", rate, 0)
        .run(200, 3)
}

#[test]
fn a_connection_costs_round_trips_or_a_time() {
    let each = |cost| mean_ms(&connecting(cost, Some(Span::from_nanos(1)), 1.0).workloads[0].latency);
    close("nothing", each(ConnectCost::RoundTrips(0)), 5.0, 1e-9);
    close("TCP", each(ConnectCost::RoundTrips(1)), 9.0, 1e-9);
    close("TCP and TLS", each(ConnectCost::RoundTrips(3)), 17.0, 1e-9);
    close("a time", each(ConnectCost::Time(constant(10.0))), 15.0, 1e-9);
    close("no shorter than there and back", each(ConnectCost::Time(Law::Constant(0.0))), 9.0, 1e-9);
    // Kept for ever, it was set up in the warm-up.
    close(
        "kept",
        mean_ms(&connecting(ConnectCost::RoundTrips(1), None, 1.0).workloads[0].latency),
        5.0,
        1e-9,
    );
    // Kept for a second: with Poisson arrivals at 1/s, exp(-1) of them come too late. (It is used until the answer.)
    let kept = connecting(ConnectCost::RoundTrips(1), Some(Span::from_secs(1)), 1.0);
    let share = (mean_ms(&kept.workloads[0].latency) - 5.0) / 4.0;
    assert!((0.25..0.48).contains(&share), "{share}");
    let why = &kept.workloads[0].why;
    assert!(why.parts.iter().any(|part| part.cause == tarsier_engine::Cause::Connection));
}

/// Ten requests at once, again and again: the first time each of them sets up a connection, and these are kept.
#[test]
fn requests_at_once_set_up_connections_of_their_own() {
    let mean = |requests_each: Option<u32>| {
        let connect = Connect { timeout: None, cost: ConnectCost::RoundTrips(1), keep: None };
        let policy = CallPolicy {
            connect: Some(connect),
            connections: Some(tarsier_model::Connections { max: 100, requests_each }),
            ..CallPolicy::default()
        };
        let ask = Step::Call(with(policy, 1));
        let fan = Step::Parallel { branches: vec![Branch { times: 10, steps: vec![ask] }], need: 10 };
        let network = Network { same_zone: Link { latency: Some(constant(2.0)) }, ..Network::none() };
        let outcome = Build::new()
            .service("front", vec![fan], |_| {})
            .service("back", vec![Step::Wait(constant(1.0))], |_| {})
            .change(|model| model.network = network)
            .open("w", 1.0, 0)
            .run_from_the_start(100, 7);
        let calls = &outcome.calls[0];
        mean_ms(&calls.latency) * calls.completed as f64 - 5.0 * calls.completed as f64
    };
    // Ten set-ups of 4 ms in all and then never again; with HTTP/2 too, as none is there when the first ten come.
    close("HTTP/1", mean(Some(1)), 40.0, 1e-6);
    close("HTTP/2", mean(None), 40.0, 1e-6);
}

#[test]
fn connections_reach_into_other_partitions() {
    let connect =
        Connect { timeout: None, cost: ConnectCost::RoundTrips(2), keep: Some(Span::from_nanos(1)) };
    let policy = CallPolicy { connect: Some(connect), ..CallPolicy::default() };
    let in_zones = |zones: [u32; 2]| {
        move |service: &mut Service| service.instances = zones.map(|zone| [ZoneId(zone); 80]).concat()
    };
    let mut build = Build::new()
        .service("front", vec![Step::Call(with(policy, 1))], in_zones([0, 1]))
        .service("back", vec![Step::Wait(constant(1.0))], in_zones([1, 1]));
    crate::sameness::zones(&mut build.model, 2, 1);
    build.model.network = Network { cross_region: Link { latency: Some(constant(20.0)) }, ..Network::none() };
    let outcome = build.open("w", 100.0, 0).run(50, 4);
    assert!(outcome.partitions > 1, "the model is meant to split");
    let latency = outcome.calls[0].latency.summary();
    assert_eq!(latency.max, Some(121e6), "three round trips");
    close("for half of them", mean_ms(&outcome.calls[0].latency), 61.0, 0.05);
}

/// An instance that has become a black hole, seen by clients with and without a connection to it.
#[test]
fn the_bounds_of_connecting_and_of_requests_can_be_confused() {
    let run = |connect_ms: u64, keep: Option<Span>| {
        let connect =
            Connect { timeout: Some(Span::from_millis(connect_ms)), cost: ConnectCost::RoundTrips(1), keep };
        let policy = CallPolicy {
            connect: Some(connect),
            timeout: Some(Span::from_millis(1_000)),
            ..CallPolicy::default()
        };
        let call = tarsier_model::Call { optional: true, ..with(policy, 1) };
        let scenario = troubled(1, 1, |target| Trouble::Kill { target, silent: true });
        Build::new()
            .service("front", vec![Step::Call(call)], |_| {})
            .service("back", vec![Step::Wait(constant(1.0))], |_| {})
            .open("w", 10.0, 0)
            .run_with(100, 5, &scenario)
    };
    let at_once = Some(Span::from_nanos(1));
    // A short bound tells soon that nobody is there; it is no timeout of the request.
    let short = run(50, at_once);
    assert_eq!(short.calls[0].timeouts, 0);
    close("short", mean_ms(&short.workloads[0].latency), 50.0, 1e-9);
    // A bound beyond the request's own says nothing.
    let long = run(2_000, at_once);
    assert_eq!(long.calls[0].errors, long.calls[0].timeouts);
    close("long", mean_ms(&long.workloads[0].latency), 1_000.0, 1e-9);
    // Whoever is connected already has to wait for the request's bound, once; then it must connect, too.
    let kept = run(50, None);
    assert!((1..=20).contains(&kept.calls[0].timeouts), "{}", kept.calls[0].timeouts);
    assert!(kept.calls[0].errors > 900);
}

/// The kernel accepts what a paused process does not hear.
#[test]
fn a_paused_instance_accepts_connections() {
    let connect = Connect {
        timeout: Some(Span::from_millis(50)),
        cost: ConnectCost::RoundTrips(1),
        keep: Some(Span::from_nanos(1)),
    };
    let policy =
        CallPolicy { connect: Some(connect), timeout: Some(Span::from_millis(200)), ..CallPolicy::default() };
    let scenario = troubled(1, 1, |target| Trouble::Pause { target });
    let outcome = Build::new()
        .service("front", vec![Step::Call(with(policy, 1))], |_| {})
        .service("back", vec![Step::Wait(constant(1.0))], |_| {})
        .open("w", 10.0, 0)
        .run_with(100, 6, &scenario);
    assert!(outcome.calls[0].timeouts > 900);
    assert_eq!(outcome.calls[0].timeouts, outcome.calls[0].errors);
}
