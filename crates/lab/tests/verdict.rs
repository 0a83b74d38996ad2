//! Storms that outlive their trigger and storms that do not, where it is published which is which.

use tarsier_lab::{Plan, Warmup, verdict};
use tarsier_model::{
    Arrivals, Bucket, Budget, CallPolicy, Deadline, Demand, Endpoint, EndpointId, Failures, Happening,
    Jitter, Model, Region, RegionId, Retry, Scenario, SealedModel, Service, ServiceId, Step, Target, Trouble,
    Workload, Zone, ZoneId,
};
use tarsier_random::Law;
use tarsier_report::{Verdict, VerdictKind};
use tarsier_units::Span;

/// To wait a second and to try again so often.
fn retrying(retries: u32) -> CallPolicy {
    let retry = Retry {
        attempts: retries,
        on: Failures::ALL,
        backoff: None,
        jitter: Jitter::None,
        budget: None,
        elsewhere: false,
    };
    CallPolicy {
        timeout: Some(Span::from_secs(1)),
        retry: (retries > 0).then_some(retry),
        ..CallPolicy::default()
    }
}

/// Users, and one server.
fn station(work: Law, per_second: f64, policy: CallPolicy) -> SealedModel {
    let rate = vec![(Span::ZERO, per_second)];
    let workload = Workload {
        name: "users".into(),
        demand: Demand::Open { rate, arrivals: Arrivals::Poisson, steps: Vec::new() },
        mix: vec![(1.0, EndpointId(0))],
        from: vec![RegionId(0)],
        policy,
    };
    let model = Model {
        name: "station".into(),
        regions: vec![Region { name: "here".into() }].into(),
        zones: vec![Zone { name: "here/a".into(), region: RegionId(0) }].into(),
        services: vec![Service { instances: vec![ZoneId(0)], endpoints: 0..1, ..Service::named("db") }]
            .into(),
        endpoints: vec![Endpoint { service: ServiceId(0), name: None, steps: vec![Step::Work(work)] }].into(),
        workloads: vec![workload].into(),
        ..Model::empty()
    };
    model.seal().expect("the model is sound")
}

/// Bronson et al., Metastable Failures in Distributed Systems (HotOS 2021): 300/s, always as long.
fn database(per_second: f64, retries: u32) -> SealedModel {
    station(Law::Constant(1e9 / 300.0), per_second, retrying(retries))
}

/// Huang et al., Metastable Failures in the Wild (OSDI 2022): 100/s, exponential.
fn queue(per_second: f64, retries: u32) -> SealedModel {
    station(Law::Exp { mean: 1e7 }, per_second, retrying(retries))
}

fn outage(seconds: f64) -> Scenario {
    let target = Target::all(ServiceId(0));
    let lasts = Some(Span::from_secs_f64(seconds));
    let happening = Happening { at: Span::from_secs(20), lasts, trouble: Trouble::Pause { target } };
    Scenario { name: "outage".into(), happenings: vec![happening] }
}

fn judged(model: &SealedModel, scenario: &Scenario, reps: u64, smallest: bool) -> Verdict {
    let plan = Plan {
        seed: 7,
        reps,
        threads: 2,
        duration: Span::from_secs(60),
        warmup: Warmup::Given(Span::from_secs(5)),
        scenario: Some(scenario),
    };
    verdict(model, &plan, Span::from_secs(5), smallest, &()).expect("nobody stops it")
}

/// Three runs, each with its own numbers.
#[track_caller]
fn check(model: &SealedModel, seconds: f64, expected: VerdictKind) -> Verdict {
    let verdict = judged(model, &outage(seconds), 3, false);
    assert_eq!(verdict.runs, [(expected, 3)], "{verdict:#?}");
    verdict
}

#[test]
fn a_retry_keeps_the_storm_going() {
    let verdict = check(&database(280.0, 1), 10.0, VerdictKind::Metastable);
    let users = &verdict.workloads[0];
    assert!(users.completed_per_s.run < 2.8 && users.completed_per_s.twin > 265.0, "{users:?}");
    let edge = &verdict.edges[0];
    assert_eq!(edge.label, "users -> db");
    assert!((edge.per_request.run - 2.0).abs() < 0.05 && edge.per_request.twin == 1.0, "{edge:?}");
    assert!(edge.timeouts.run > 0.99, "{edge:?}");
    let db = &verdict.services[0];
    assert!((db.per_request.run - 2.0).abs() < 0.05, "{db:?}");
    assert_eq!((db.unproductive.run, db.unproductive.twin), (1.0, 0.0));
    check(&database(160.0, 1), 10.0, VerdictKind::Metastable);
}

#[test]
fn below_half_the_capacity_it_drains() {
    let verdict = check(&database(140.0, 1), 10.0, VerdictKind::Recovered);
    // 2,800 attempts came in the outage, and 20/s more are served than come: 140 s, but for the last second that waits.
    let after_s = verdict.recovered_after_s.expect("it recovered");
    assert!((90.0..200.0).contains(&after_s), "{after_s}");
    assert!(verdict.workloads[0].lost > 10_000, "{:?}", verdict.workloads);
}

/// Slow to drain is no storm: 2,800 wait after the outage, and 20/s go.
#[test]
fn without_retries_everything_recovers() {
    let verdict = check(&database(280.0, 0), 10.0, VerdictKind::Recovered);
    assert!(verdict.watched_s > 150.0, "it was watched for longer than asked: {}", verdict.watched_s);
    check(&queue(90.0, 0), 10.0, VerdictKind::Recovered);
    check(&queue(50.0, 0), 10.0, VerdictKind::Recovered);
}

#[test]
fn three_retries_turn_at_a_quarter_of_the_capacity() {
    check(&queue(20.0, 3), 10.0, VerdictKind::Recovered);
    check(&queue(30.0, 3), 10.0, VerdictKind::Metastable);
    let verdict = check(&queue(70.0, 3), 10.0, VerdictKind::Metastable);
    let per_s = verdict.edges[0].per_s.run;
    assert!((250.0..300.0).contains(&per_s), "{per_s}");
}

#[test]
fn a_budget_cures_it() {
    let mut policy = retrying(3);
    policy.retry.as_mut().expect("it tries again").budget = Some(Budget::Bucket(Bucket::share(0.1)));
    check(&station(Law::Exp { mean: 1e7 }, 80.0, policy), 10.0, VerdictKind::Recovered);
}

/// Of exponential work nothing is lost when it is cut off; of constant work all is that was begun too late.
#[test]
fn cancelling_cures_what_is_not_always_as_long() {
    let cancelling = CallPolicy { cancel: true, ..retrying(3) };
    let hundred = 1e9 / 100.0;
    check(&station(Law::Exp { mean: hundred }, 90.0, cancelling.clone()), 10.0, VerdictKind::Recovered);
    check(&station(Law::Constant(hundred), 90.0, cancelling), 10.0, VerdictKind::Metastable);
}

/// Whoever waits for ever does nothing in vain; neither does who has no time for another attempt.
#[test]
fn without_attempts_given_up_there_is_no_storm() {
    let patient = CallPolicy { timeout: None, ..retrying(3) };
    check(&station(Law::Exp { mean: 1e7 }, 80.0, patient), 10.0, VerdictKind::Recovered);
    let second = Deadline { after: Span::from_secs(1), propagate: false };
    let brief = CallPolicy { deadline: Some(second), ..retrying(3) };
    check(&station(Law::Exp { mean: 1e7 }, 80.0, brief), 10.0, VerdictKind::Recovered);
}

#[test]
fn a_short_trigger_does_not_tip_it() {
    let verdict = judged(&queue(70.0, 3), &outage(0.5), 3, false);
    assert!(verdict.kind <= VerdictKind::Recovered, "{verdict:#?}");
    check(&queue(70.0, 3), 2.0, VerdictKind::Metastable);
}

/// Between one second and two, as simulated independently; 25/s and 150/s are C / (1 + retries).
#[test]
fn the_smallest_trigger_and_the_safe_load() {
    let found = judged(&queue(70.0, 3), &outage(10.0), 1, true).smallest.expect("it was asked for");
    let length = |share: Option<f64>| share.expect("found") * found.length_s;
    assert!(length(found.length.holds) >= 0.9 && length(found.length.tips) <= 2.0, "{found:?}");
    assert!(found.strength.is_none(), "of one instance there is no less");
    assert_eq!(found.load.holds, found.safe, "{found:?}");
    assert!((found.safe.expect("a bound") * 70.0 - 25.0).abs() < 1e-6, "{found:?}");
    assert!(found.load.tips.expect("it tips") * 70.0 < 30.0, "{found:?}");

    let found = judged(&database(280.0, 1), &outage(10.0), 1, true).smallest.expect("it was asked for");
    assert!((found.safe.expect("a bound") * 280.0 - 150.0).abs() < 1e-6, "{found:?}");
    assert!(found.load.tips.expect("it tips") * 280.0 < 170.0, "{found:?}");
}

/// Twice as slow is 50/s for 70/s: too slow for ten seconds. A little slower is not.
#[test]
fn the_weakest_trigger() {
    let target = Target::all(ServiceId(0));
    let (lasts, trouble) = (Some(Span::from_secs(10)), Trouble::Slow { target, factor: 5.0 });
    let happening = Happening { at: Span::from_secs(20), lasts, trouble };
    let scenario = Scenario { name: "slow".into(), happenings: vec![happening] };
    let found = judged(&queue(70.0, 3), &scenario, 1, true).smallest.expect("it was asked for");
    let [Trouble::Slow { factor, .. }] = found.weakest.as_slice() else { panic!("{found:?}") };
    assert!((1.43..2.0).contains(factor), "{found:?}");
    let strength = found.strength.expect("a factor can be less");
    assert_eq!(strength.tips.map(|tips| 1.0 + 4.0 * tips), Some(*factor));
}

/// Where nothing tips it, the search goes up: longer, and more load.
#[test]
fn what_holds_is_tried_harder() {
    let found = judged(&queue(20.0, 3), &outage(2.0), 1, true).smallest.expect("it was asked for");
    assert_eq!((found.length.holds, found.length.tips), (Some(16.0), None), "{found:?}");
    let (holds, tips) = (found.load.holds.expect("as it is"), found.load.tips.expect("found"));
    assert!(holds >= 1.0 && (25.0..100.0).contains(&(tips * 20.0)), "{found:?}");
}

#[test]
fn while_a_trigger_lasts_nothing_is_metastable() {
    let slow = |factor| {
        let target = Target::all(ServiceId(0));
        let trouble = Trouble::Slow { target, factor };
        let happening = Happening { at: Span::from_secs(20), lasts: None, trouble };
        Scenario { name: "slow".into(), happenings: vec![happening] }
    };
    let kind = |factor| judged(&queue(40.0, 3), &slow(factor), 1, false).kind;
    assert_eq!(kind(4.0), VerdictKind::Degraded);
    assert_eq!(kind(1.01), VerdictKind::Holds);
}

#[test]
fn threads_change_nothing() {
    let on = |threads| {
        let scenario = outage(1.2);
        let plan = Plan {
            seed: 3,
            reps: 4,
            threads,
            duration: Span::from_secs(60),
            warmup: Warmup::Given(Span::from_secs(5)),
            scenario: Some(&scenario),
        };
        format!("{:?}", verdict(&queue(70.0, 3), &plan, Span::from_secs(5), false, &()))
    };
    assert_eq!(on(1), on(3));
}
