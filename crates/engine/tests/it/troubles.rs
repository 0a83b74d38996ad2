//! Faults of the network, of time and of chance, against what they must do exactly.

use std::collections::BTreeSet;

use tarsier_engine::{
    Cause, EventKind, EventSubject, Outcome, RunConfig, SecondRow, SeriesSubject, Visit, Watch, run,
};
use tarsier_model::{
    Arrivals, Call, CallMatch, CallPolicy, Chaos, ChaosScale, Demand, ErrorKind, Failures, Happening, Jitter,
    Link, Model, Place, Region, RegionId, Retry, Scenario, SealedModel, Service, ServiceId, Step, Target,
    Trouble, Zone, ZoneId,
};
use tarsier_random::Law;
use tarsier_units::Span;

use crate::support::{Build, all_of, call, close, config, mean_ms, ms};

const WARMUP_NS: i64 = 10_000_000_000;

pub(crate) fn scenario(happenings: Vec<(u64, Option<u64>, Trouble)>) -> Scenario {
    let happening = |(at, lasts, trouble): (u64, Option<u64>, Trouble)| Happening {
        at: Span::from_secs(at),
        lasts: lasts.map(Span::from_secs),
        trouble,
    };
    Scenario { name: "test".into(), happenings: happenings.into_iter().map(happening).collect() }
}

/// Rows of the series and visits.
#[derive(Default)]
pub(crate) struct Notes {
    pub(crate) rows: Vec<SecondRow>,
    pub(crate) visits: Vec<Visit>,
}

impl Watch for Notes {
    fn second(&mut self, row: &SecondRow) {
        self.rows.push(*row);
    }
    fn wants_visits(&self) -> bool {
        true
    }
    fn visit(&mut self, visit: &Visit) {
        self.visits.push(*visit);
    }
}

/// 100 counted seconds after a warm-up of ten.
pub(crate) fn watched(model: &SealedModel, seed: u64, scenario: &Scenario) -> (Outcome, Notes) {
    watched_for(100, model, seed, scenario)
}

fn watched_for(seconds: u64, model: &SealedModel, seed: u64, scenario: &Scenario) -> (Outcome, Notes) {
    let mut notes = Notes::default();
    let config = RunConfig { scenario: Some(scenario), series: true, ..config(seconds, seed) };
    let outcome = run(model, &config, &mut notes);
    (outcome, notes)
}

fn second_zone(model: &mut Model) {
    model.zones.push(Zone { name: "b".into(), region: RegionId(0) });
}

/// `front` in zone 0 calls `back` in zone 1, 100 times a second, and waits at most 200 ms.
fn two_zones() -> Build {
    let policy = CallPolicy { timeout: Some(Span::from_millis(200)), ..CallPolicy::default() };
    let ask = Step::Call(Call { policy: Box::new(policy), ..call(1) });
    Build::new()
        .change(second_zone)
        .service("front", vec![ask], |_| {})
        .service("back", vec![Step::Wait(Law::Constant(ms(1.0)))], |s| s.instances = vec![ZoneId(1)])
        .open("w", 100.0, 0)
}

fn cut(from: u32, to: u32, both: bool) -> Trouble {
    Trouble::Partition { from: Place::Zone(ZoneId(from)), to: Place::Zone(ZoneId(to)), both }
}

#[test]
fn a_partition_loses_requests_one_way_and_answers_the_other() {
    let whole = two_zones().run_with(100, 1, &scenario(Vec::new()));
    let arrivals = |outcome: &Outcome| outcome.services[1].arrivals;
    for (trouble, requests_arrive) in
        [(cut(0, 1, false), false), (cut(1, 0, false), true), (cut(1, 0, true), false)]
    {
        let outcome = two_zones().run_with(100, 1, &scenario(vec![(50, Some(10), trouble)]));
        let timeouts = outcome.calls[0].timeouts;
        // About a thousand requests find the gap; all of them time out.
        assert!((880..1_120).contains(&timeouts), "{timeouts}");
        assert_eq!(outcome.workloads[0].errors, timeouts);
        let missing = arrivals(&whole) - arrivals(&outcome);
        assert_eq!(missing, if requests_arrive { 0 } else { timeouts });
    }
}

#[test]
fn links_join_places_of_all_kinds() {
    let service = |n| Place::Service(ServiceId(n));
    let region = Place::Region(RegionId(0));
    for (from, to, strikes) in [
        (service(0), service(1), true),
        (service(1), service(1), false),
        (Place::Users, service(1), false),
        (region, region, true),
        (Place::Zone(ZoneId(0)), service(1), true),
        (Place::Zone(ZoneId(1)), service(1), false),
    ] {
        let trouble = Trouble::Partition { from, to, both: true };
        let outcome = two_zones().run_with(100, 1, &scenario(vec![(0, None, trouble)]));
        assert_eq!(outcome.calls[0].timeouts > 0, strikes, "{from:?} {to:?}");
    }
    let users = Trouble::Partition { from: Place::Users, to: service(0), both: false };
    let outcome = two_zones().run_with(100, 1, &scenario(vec![(50, None, users)]));
    let lost = outcome.workloads[0].in_flight_end;
    close("requests that never arrive", lost as f64, 5_000.0, 0.06);
}

#[test]
fn lost_messages_are_sent_again() {
    let loss = Trouble::Loss { calls: CallMatch::to(all_of(1)), share: 0.1 };
    let outcome = Build::new()
        .service("front", vec![Step::Call(call(1))], |_| {})
        .service("back", vec![Step::Wait(Law::Constant(ms(1.0)))], |_| {})
        .open("w", 200.0, 0)
        .run_with(1_000, 2, &scenario(vec![(0, None, loss)]));
    // Each way: 0.1 × 200 ms + 0.01 × 400 ms + … = 20 ms / (1 - 0.2). The mean of 200,000 calls, whose
    // second moment is about 0.2 × (200 ms)²: within 4 standard errors.
    close("mean", mean_ms(&outcome.workloads[0].latency), 51.0, 4.0 * 100.0 / 447.0 / 51.0);
}

#[test]
fn a_slow_link_delays_both_ways() {
    let far = |model: &mut Model| {
        second_zone(model);
        model.network.cross_zone = Link { latency: Some(Law::Constant(ms(10.0))) };
    };
    let add = Some(Law::Constant(ms(8.0)));
    let calls = CallMatch::Link([Place::Zone(ZoneId(0)), Place::Zone(ZoneId(1))]);
    let outcome = Build::new()
        .change(far)
        .service("front", vec![Step::Call(call(1)), Step::Call(call(2))], |_| {})
        .service("there", vec![Step::Wait(Law::Constant(ms(1.0)))], |s| s.instances = vec![ZoneId(1)])
        .service("here", vec![Step::Wait(Law::Constant(ms(1.0)))], |_| {})
        .open("w", 100.0, 0)
        .run_with(100, 3, &scenario(vec![(0, None, Trouble::Delay { calls, add, factor: 3.0 })]));
    // 2 × (3 × 10 ms + 4 ms), and the two waits.
    close("mean", mean_ms(&outcome.workloads[0].latency), 70.0, 1e-3);
}

#[test]
fn failures_are_of_the_kind_asked_for() {
    for (kind, refused) in [(ErrorKind::Error, 0.0), (ErrorKind::Refused, 0.3), (ErrorKind::Unreachable, 0.0)]
    {
        let on = match kind {
            ErrorKind::Error => Failures { error: true, ..Failures::NONE },
            ErrorKind::Refused => Failures { refused: true, ..Failures::NONE },
            ErrorKind::Unreachable => Failures { unreachable: true, ..Failures::NONE },
        };
        let retry =
            Retry { attempts: 1, on, backoff: None, jitter: Jitter::None, budget: None, elsewhere: false };
        let policy = Box::new(CallPolicy { retry: Some(retry), ..CallPolicy::default() });
        let outcome = Build::new()
            .service("front", vec![Step::Call(Call { policy, ..call(1) })], |_| {})
            .service("back", vec![Step::Wait(Law::Constant(ms(1.0)))], |_| {})
            .open("w", 1_000.0, 0)
            .run_with(
                100,
                4,
                &scenario(vec![(0, None, Trouble::Error { target: all_of(1), share: 0.3, kind })]),
            );
        let calls = &outcome.calls[0];
        close("retried", calls.retries as f64 / calls.requests as f64, 0.3, 0.03);
        close("failed", calls.errors as f64 / calls.requests as f64, 0.09, 0.06);
        let share = calls.refused as f64 / calls.attempts as f64;
        assert!((share - refused).abs() < 0.01, "{kind:?}: {share}");
        assert_eq!(outcome.services[1].refused, calls.refused);
    }
}

/// Two of each sort of trouble there is, and each within each other: the second begins during the first and ends after
/// it, or before it. Some seconds after both nothing is left of them.
#[test]
fn what_ends_is_undone_whatever_else_was_on() {
    let ask = CallPolicy { timeout: Some(Span::from_millis(200)), ..CallPolicy::default() };
    let cache = Step::Cache {
        ask: Call { policy: Box::new(ask), ..call(1) },
        hit: 1.0,
        miss: vec![Step::Wait(Law::Constant(ms(1.0)))],
        fill: None,
    };
    let work = || vec![Step::Work(Law::Constant(ms(1.0)))];
    let spread = |s: &mut Service| (s.instances, s.cores) = ((0..4).map(|n| ZoneId(n % 2)).collect(), 10_000);
    let rate = vec![(Span::ZERO, 20.0)];
    let regular = Demand::Open { rate, arrivals: Arrivals::Regular, steps: Vec::new() };
    let model = Build::new()
        .change(second_zone)
        .service("front", vec![cache], spread)
        .service("back", work(), spread)
        .workload("w", 0, regular, CallPolicy::default())
        .seal();
    let sorts = sorts_of_trouble();
    for (first, second) in sorts.iter().flat_map(|first| sorts.iter().map(move |second| (first, second))) {
        for lasts in [3, 10] {
            let happenings = vec![(5, Some(8), first.clone()), (7, Some(lasts), second.clone())];
            let (outcome, notes) = watched_for(30, &model, 12, &scenario(happenings));
            let what = format!("{first:?}, then {second:?} for {lasts} s");
            assert!(notes.rows.iter().any(|row| row.second < 5 && is_usual(row)), "{what}");
            let after: Vec<&SecondRow> = notes.rows.iter().filter(|row| row.second >= 27).collect();
            assert_eq!(after.len(), 3 * 4, "three seconds of a workload, two services and a call");
            let unusual = after.into_iter().find(|row| !is_usual(row));
            assert!(unusual.is_none(), "{what}: {unusual:?}");
            let late = |visit: &&Visit| visit.service == 1 && visit.arrived_ns > 30_000_000_000;
            let instances: BTreeSet<u32> =
                notes.visits.iter().filter(late).map(|visit| visit.instance).collect();
            assert_eq!(instances.len(), 4, "{what}: all are chosen from");
            assert!(outcome.faults.iter().all(|fault| fault.recovered_ns.is_some()), "{what}");
        }
    }
}

/// Twenty requests of 1 ms a second, and four instances.
fn is_usual(row: &SecondRow) -> bool {
    let is_right = |mean: f64| (mean - 1e-3).abs() < 1e-9;
    let there = row.instances.is_none_or(|instances| instances == 4);
    there && row.completed == 20 && row.errors == 0 && row.latency_mean_s.is_some_and(is_right)
}

fn sorts_of_trouble() -> Vec<Trouble> {
    let back = ServiceId(1);
    let some = Target { count: Some(2), ..all_of(1) };
    let to_back = || CallMatch::to(all_of(1));
    let error = |kind| Trouble::Error { target: all_of(1), share: 0.5, kind };
    let chaos = Chaos {
        scale: ChaosScale::Instance,
        per_second: 1.0,
        down: Span::from_secs(3),
        services: vec![back],
        hours: None,
    };
    let down = Span::from_secs(4);
    vec![
        Trouble::Kill { target: some, silent: false },
        Trouble::Kill { target: all_of(1), silent: true },
        Trouble::Pause { target: all_of(1) },
        Trouble::Stall { target: all_of(1) },
        Trouble::Slow { target: all_of(1), factor: 3.0 },
        Trouble::Leak { target: some, factor: 7.0 },
        Trouble::Restart { target: some, down, cold: Some((Span::from_secs(3), 5.0)) },
        Trouble::Delay { calls: to_back(), add: Some(Law::Constant(ms(8.0))), factor: 3.0 },
        Trouble::Loss { calls: to_back(), share: 0.3 },
        cut(0, 1, true),
        error(ErrorKind::Error),
        error(ErrorKind::Refused),
        Trouble::Pin(back),
        Trouble::Freeze(back),
        Trouble::Flush { service: back, refill: Span::from_secs(2) },
        Trouble::Load { workload: None, factor: 3.0 },
        Trouble::LoseZone(ZoneId(1)),
        Trouble::LoseRegion(RegionId(0)),
        Trouble::LoseService(all_of(1)),
        Trouble::Chaos(chaos),
    ]
}

#[test]
fn restarted_instances_come_back_cold() {
    let restart = Trouble::Restart {
        target: all_of(0),
        down: Span::from_secs(10),
        cold: Some((Span::from_secs(20), 5.0)),
    };
    let (outcome, notes) = watched(
        &Build::new()
            .service("s", vec![Step::Work(Law::Constant(ms(10.0)))], |s| s.cores = 100)
            .open("w", 100.0, 0)
            .seal(),
        5,
        &scenario(vec![(30, None, restart)]),
    );
    close("errors", outcome.workloads[0].errors as f64, 1_000.0, 0.15);
    let workload = |row: &&SecondRow| row.subject == SeriesSubject::Workload(0);
    for row in notes.rows.iter().filter(workload) {
        let expected = match row.second {
            30..40 => None,
            40..60 => Some(0.05),
            60 => continue,
            _ => Some(0.01),
        };
        let mean = row.latency_mean_s.filter(|_| row.completed > 1);
        assert_eq!(mean.map(|mean| (mean * 1e6).round()), expected.map(|mean| mean * 1e6), "{row:?}");
    }
    let told: Vec<_> =
        outcome.timeline.iter().map(|event| (event.time_ns / 1_000_000_000, event.kind)).collect();
    let (on, off) = (EventKind::FaultOn { happening: 0 }, EventKind::FaultOff { happening: 0 });
    assert_eq!(told, [(30, on), (60, off)]);
}

/// Workers fill with requests that are never answered; when the stall is over these are gone.
#[test]
fn a_stalled_service_accepts_and_never_answers() {
    let outcome = Build::new()
        .service("s", vec![Step::Wait(Law::Constant(ms(1.0)))], |s| (s.workers, s.queue) = (Some(4), Some(2)))
        .open("w", 100.0, 0)
        .run_with(100, 6, &scenario(vec![(50, Some(10), Trouble::Stall { target: all_of(0) })]));
    let (users, service) = (&outcome.workloads[0], &outcome.services[0]);
    assert_eq!(users.in_flight_end - users.in_flight_start, 6, "four in service and two waiting");
    assert_eq!(users.errors, service.refused);
    close("refused", service.refused as f64, 994.0, 0.13);
}

#[test]
fn a_pinned_service_serves_from_one_instance() {
    let model = Build::new()
        .service("front", vec![Step::Call(call(1))], |s| s.instances = vec![ZoneId(0); 5])
        .service("back", vec![Step::Wait(Law::Constant(ms(1.0)))], |s| s.instances = vec![ZoneId(0); 4])
        .open("w", 200.0, 0)
        .seal();
    let (_, notes) = watched(&model, 7, &scenario(vec![(30, Some(40), Trouble::Pin(ServiceId(1)))]));
    let arrived_in = |from: i64, to: i64| -> BTreeSet<u32> {
        let within = |visit: &&Visit| {
            let at = visit.arrived_ns as i64 - WARMUP_NS;
            visit.service == 1 && at >= from * 1_000_000_000 && at < to * 1_000_000_000
        };
        notes.visits.iter().filter(within).map(|visit| visit.instance).collect()
    };
    assert_eq!(arrived_in(0, 30).len(), 4);
    assert_eq!(arrived_in(30, 70).len(), 1);
    assert_eq!(arrived_in(70, 100).len(), 4);
}

#[test]
fn flushed_caches_fill_up_again() {
    let cache = Step::Cache { ask: call(1), hit: 0.8, miss: vec![Step::Call(call(2))], fill: None };
    let wait = || vec![Step::Wait(Law::Constant(ms(1.0)))];
    let flush = Trouble::Flush { service: ServiceId(1), refill: Span::from_secs(20) };
    let outcome = Build::new()
        .service("front", vec![cache], |_| {})
        .service("cache", wait(), |_| {})
        .service("store", wait(), |_| {})
        .open("w", 1_000.0, 0)
        .run_with(100, 8, &scenario(vec![(30, Some(10), flush)]));
    // A fifth all the time; all for 10 s; half of the hits over 20 s.
    let expected = 1_000.0 * (70.0 * 0.2 + 10.0 + 20.0 * 0.6);
    close("misses", outcome.services[2].arrivals as f64, expected, 0.03);
}

#[test]
fn a_leak_slows_down_bit_by_bit() {
    let leak = Trouble::Leak { target: all_of(0), factor: 3.0 };
    let (_, notes) = watched(
        &Build::new()
            .service("s", vec![Step::Work(Law::Constant(ms(10.0)))], |s| s.cores = 100)
            .open("w", 200.0, 0)
            .seal(),
        9,
        &scenario(vec![(20, Some(50), leak)]),
    );
    for row in notes.rows.iter().filter(|row| row.subject == SeriesSubject::Workload(0)) {
        let expected = match row.second {
            20..70 => 10.0 * (1.0 + 2.0 * (row.second - 20) as f64 / 50.0),
            _ => 10.0,
        };
        let mean = row.latency_mean_s.expect("requests complete") * 1e3;
        // What began in the second before is still as slow as then.
        assert!(
            (mean - expected).abs() < 0.1 || row.second == 70,
            "second {}: {mean}, not {expected}",
            row.second
        );
    }
}

/// By Little's law the mean number down is rate × time down.
#[test]
fn chaos_takes_down_as_many_as_it_should() {
    let of = |scale, rate, down| {
        Trouble::Chaos(Chaos {
            scale,
            per_second: rate,
            down: Span::from_secs(down),
            services: Vec::new(),
            hours: None,
        })
    };
    let regions = |model: &mut Model| {
        model.regions.push(Region { name: "s".into() });
        model.zones.push(Zone { name: "b".into(), region: RegionId(0) });
        model.zones.push(Zone { name: "c".into(), region: RegionId(1) });
        model.zones.push(Zone { name: "d".into(), region: RegionId(1) });
    };
    for (chaos, each) in [
        (of(ChaosScale::Instance, 0.05, 20), 1.0),
        (of(ChaosScale::Zone, 0.001, 100), 5.0),
        (of(ChaosScale::Region, 0.0002, 100), 10.0),
    ] {
        let Trouble::Chaos(Chaos { per_second, down, .. }) = &chaos else { unreachable!() };
        let (rate, down) = (*per_second, down.as_secs_f64());
        let seconds = 200_000;
        let mut notes = Notes::default();
        let model = Build::new()
            .change(regions)
            .service("s", vec![Step::Wait(Law::Constant(ms(1.0)))], |s: &mut Service| {
                s.instances = (0..20).map(|n| ZoneId(n % 4)).collect();
            })
            .open("w", 0.01, 0)
            .seal();
        let scenario = scenario(vec![(0, None, chaos)]);
        let config = RunConfig { scenario: Some(&scenario), series: true, ..config(seconds, 10) };
        let outcome = run(&model, &config, &mut notes);
        let up: u64 = (notes.rows.iter())
            .filter(|row| row.subject == SeriesSubject::Service(0))
            .map(|row| row.instances.expect("services have instances"))
            .sum();
        let mean_down = 20.0 - up as f64 / seconds as f64;
        // The number of strikes is Poisson; each takes `each` down for so long.
        let expected = rate * down * each;
        let error = each * down * (rate / seconds as f64).sqrt();
        assert!((mean_down - expected).abs() < 4.0 * error, "{mean_down} of {expected} ± {error}");
        let strikes = outcome.timeline.iter().filter(|event| matches!(event.kind, EventKind::FaultOn { .. }));
        let strikes = strikes.filter(|event| event.subject != EventSubject::Everything).count() as f64;
        let most_kept = 9_999.0 / 2.0;
        assert!(
            (strikes - (rate * seconds as f64).min(most_kept)).abs() < 4.0 * (rate * seconds as f64).sqrt()
        );
    }
}

/// Workloads that share no service with what is struck, directly or through others, are not asked.
#[test]
fn a_fault_is_felt_by_those_whom_it_can_reach() {
    let service = || vec![Step::Work(Law::Constant(ms(1.0)))];
    let calls = |to| vec![Step::Call(call(to)), Step::Call(call(1))];
    let error = |of| Trouble::Error { target: all_of(of), share: 0.5, kind: ErrorKind::Error };
    let outcome = Build::new()
        .service("struck", service(), |s| s.cores = 4)
        .service("shared", service(), |s| s.cores = 4)
        .service("both", calls(0), |_| {})
        .service("neighbour", calls(1), |_| {})
        .service("apart", service(), |s| s.cores = 4)
        .open("w", 500.0, 2)
        .open("w", 500.0, 3)
        .open("w", 500.0, 4)
        .run_with(60, 3, &scenario(vec![(30, Some(10), error(0)), (30, Some(10), error(4))]));
    let [together, apart] = outcome.faults[..] else { panic!("two faults") };
    let near = |lost: Option<u64>| (lost.expect("it is known") as f64 - 2_500.0).abs() < 4.0 * 50.0;
    assert!(near(together.lost) && near(apart.lost), "{together:?}, {apart:?}");
}

/// Half of 2,000 requests a second fail for ten seconds; then the work of ten seconds of a pause has to be caught up
/// with.
#[test]
fn what_faults_did_is_worked_out() {
    let error = Trouble::Error { target: all_of(0), share: 0.5, kind: ErrorKind::Error };
    let pause = Trouble::Pause { target: all_of(0) };
    let happenings = vec![(30, Some(10), error), (60, Some(10), pause)];
    let build = || {
        Build::new()
            .service("s", vec![Step::Work(Law::Constant(ms(1.0)))], |s| s.cores = 4)
            .open("w", 2_000.0, 0)
    };
    let outcome = build().run_with(100, 11, &scenario(happenings.clone()));
    let seconds = |n: u64| n * 1_000_000_000;
    let [error, pause] = outcome.faults[..] else { panic!("two faults") };
    assert_eq!((error.at_ns, error.until_ns), (seconds(30), Some(seconds(40))));
    assert_eq!((error.detected_ns, error.recovered_ns), (Some(seconds(31)), Some(seconds(40))));
    let lost = error.lost.expect("thirty seconds were before it") as f64;
    assert!((lost - 10_000.0).abs() < 4.0 * 5_000.0_f64.sqrt(), "{lost}");
    // 20,000 wait, and go down by 2,000 a second: ten seconds more.
    assert_eq!((pause.detected_ns, pause.lost), (Some(seconds(61)), Some(0)));
    let recovered = pause.recovered_ns.expect("there is time enough");
    assert!((seconds(80)..=seconds(81)).contains(&recovered), "{recovered}");
    // Looking at seconds changes nothing, nor does showing them.
    let model = build().seal();
    let (shown, _) = watched(&model, 11, &scenario(happenings));
    assert_eq!((shown.fingerprint, &shown.faults), (outcome.fingerprint, &outcome.faults));
}

/// Which requests fail in each second: others in each replication, the same ones whatever else there is.
#[test]
fn what_fails_has_a_stream_of_its_own() {
    let failed = |replication: u64, others: u32| {
        let demand =
            Demand::Open { rate: vec![(Span::ZERO, 20.0)], arrivals: Arrivals::Regular, steps: Vec::new() };
        let build =
            (0..others).fold(Build::new(), |build, n| build.service(&format!("t{n}"), vec![], |_| {}));
        let build = build.service("s", vec![Step::Work(Law::Constant(ms(1.0)))], |s| s.cores = 8).workload(
            "w",
            others,
            demand,
            CallPolicy::default(),
        );
        let error = Trouble::Error { target: all_of(others), share: 0.5, kind: ErrorKind::Error };
        let happens = scenario(vec![(0, None, error)]);
        let mut notes = Notes::default();
        let config = RunConfig { scenario: Some(&happens), replication, series: true, ..config(60, 1) };
        run(&build.seal(), &config, &mut notes);
        let rows = notes.rows.iter().filter(|row| matches!(row.subject, SeriesSubject::Workload(_)));
        rows.map(|row| row.errors).collect::<Vec<_>>()
    };
    assert_ne!(failed(0, 0), failed(1, 0));
    assert_eq!(failed(0, 0), failed(0, 2));
}

/// Ten instances of twenty are struck: which of them differs from replication to replication.
#[test]
fn replications_strike_others() {
    let struck = |replication: u64| {
        let target = Target { count: Some(10), ..all_of(0) };
        let kill = scenario(vec![(1, None, Trouble::Kill { target, silent: false })]);
        let model =
            Build::new().service("s", vec![], |s| s.instances = vec![ZoneId(0); 20]).open("w", 1.0, 0).seal();
        let config = RunConfig { scenario: Some(&kill), replication, ..config(10, 1) };
        let subjects =
            run(&model, &config, &mut ()).timeline.iter().map(|event| event.subject).collect::<Vec<_>>();
        assert_eq!(subjects.len(), 10);
        subjects
    };
    assert_ne!(struck(0), struck(1));
}

/// What was under way when its instance died is told by what it was about: one worked, the others stood in line.
#[test]
fn the_killed_tell_what_they_were_about() {
    let kill = Trouble::Kill { target: all_of(0), silent: false };
    let killed = |steps: Vec<Step>, change: fn(&mut Service)| {
        let outcome = Build::new()
            .service("s", steps, change)
            .service("slow", vec![Step::Wait(Law::Constant(ms(50e3)))], |_| {})
            .open("w", 50.0, 0)
            .run_with(40, 1, &scenario(vec![(20, Some(1), kill.clone())]));
        let parts = &outcome.workloads[0].why_failed.parts;
        let [first, ..] = parts[..] else { panic!("some failed") };
        (
            first.service.map(|service| service.0),
            first.cause,
            parts.iter().map(|part| part.mean_ns).sum::<f64>() > 0.0,
        )
    };
    let long = || Step::Work(Law::Constant(ms(30e3)));
    assert_eq!(killed(vec![long()], |s| s.workers = Some(1)), (Some(0), Cause::Worker, true));
    assert_eq!(killed(vec![long()], |_| {}), (Some(0), Cause::Core, true));
    assert_eq!(killed(vec![long()], |s| s.cores = 10_000), (Some(0), Cause::Work, true));
    assert_eq!(killed(vec![Step::Wait(Law::Constant(ms(30e3)))], |_| {}), (Some(0), Cause::Wait, true));
    assert_eq!(killed(vec![Step::Call(call(1))], |_| {}), (Some(1), Cause::Timeout, true));
}
