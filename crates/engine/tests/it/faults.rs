//! What scenarios do.

use tarsier_engine::{Pulse, RunConfig, SecondRow, SeriesSubject, TraceSpan, Traces, Verdict, Watch};
use tarsier_model::{
    Arrivals, CallMatch, CallPolicy, Demand, ErrorKind, Failures, Happening, Jitter, Model, Party, RegionId,
    Retry, Scenario, Service, ServiceId, Step, Target, Trouble, Zone, ZoneId,
};
use tarsier_random::Law;
use tarsier_units::Span;

use crate::support::{Build, all_of, call, close, config, mean_ms, ms, open, with, work_ms};
use crate::troubles::{scenario as happening_at, watched};

fn scenario(at: u64, lasts: Option<u64>, trouble: Trouble) -> Scenario {
    let happening = Happening { at: Span::from_secs(at), lasts: lasts.map(Span::from_secs), trouble };
    Scenario { name: "test".into(), happenings: vec![happening] }
}

#[test]
fn killed_instances_lose_what_they_hold_and_come_back() {
    let build =
        || Build::new().service("s", vec![Step::Wait(Law::Constant(ms(100.0)))], |_| {}).open("w", 100.0, 0);
    let kill = |silent| Trouble::Kill { target: all_of(0), silent };
    let loud = build().run_with(100, 1, &scenario(50, Some(10), kill(false)));
    let users = &loud.workloads[0];
    // About ten were in service, and 1,000 found nobody for ten seconds.
    close("errors", users.errors as f64, 1_010.0, 0.1);
    assert!(users.in_flight_end < 30);
    // Silent: nobody ever hears of them.
    let silent = build().run_with(100, 1, &scenario(50, Some(10), kill(true)));
    let users = &silent.workloads[0];
    assert_eq!(users.errors, 0);
    close("lost", users.in_flight_end as f64, 1_020.0, 0.1);
}

/// One call a second of 60 s of work each, until who makes them dies after 20 s: with its connections it calls off what
/// it has asked for, which was 10 to 30 cores busy until then. Who vanishes without a sign does not.
#[test]
fn who_dies_calls_off_what_it_asked_for() {
    let busy = |silent| {
        let policy = CallPolicy { cancel: true, ..CallPolicy::default() };
        let outcome = Build::new()
            .service("front", vec![Step::Call(with(policy, 1))], |_| {})
            .service("back", vec![Step::Work(Law::Constant(ms(60e3)))], |s| s.cores = 100)
            .open("w", 1.0, 0)
            .run_with(100, 3, &scenario(20, None, Trouble::Kill { target: all_of(0), silent }));
        outcome.services[1].utilization
    };
    assert!((0.02..0.07).contains(&busy(false)), "{}", busy(false));
    assert!(busy(true) > 0.1, "{}", busy(true));
}

#[test]
fn a_pause_holds_everything_and_lets_it_go_on() {
    let outcome = Build::new().service("s", vec![work_ms(1.0)], |_| {}).open("w", 100.0, 0).run_with(
        100,
        2,
        &scenario(50, Some(10), Trouble::Pause { target: all_of(0) }),
    );
    let users = &outcome.workloads[0];
    assert_eq!(users.errors, 0);
    let max = users.latency.summary().max.expect("some completed") / 1e9;
    assert!((9.9..11.0).contains(&max), "the first to wait waits ten seconds: {max}");
    // A tenth of the requests waits five seconds on average.
    close("mean", mean_ms(&users.latency), 550.0, 0.15);
}

#[test]
fn slow_instances_take_longer() {
    let outcome = Build::new()
        .service("s", vec![Step::Work(Law::Constant(ms(10.0)))], |s| s.cores = 100)
        .open("w", 100.0, 0)
        .run_with(100, 3, &scenario(50, None, Trouble::Slow { target: all_of(0), factor: 3.0 }));
    close("mean", mean_ms(&outcome.workloads[0].latency), 20.0, 0.03);
}

#[test]
fn errors_and_delays_strike_their_share() {
    let build = || {
        Build::new()
            .service("front", vec![Step::Call(call(1))], |_| {})
            .service("back", vec![Step::Wait(Law::Constant(ms(1.0)))], |_| {})
            .open("w", 100.0, 0)
    };
    let errors = build().run_with(
        100,
        4,
        &scenario(0, None, Trouble::Error { target: all_of(1), share: 0.3, kind: ErrorKind::Error }),
    );
    let users = &errors.workloads[0];
    close("errors", users.errors as f64 / users.requests as f64, 0.3, 0.05);
    let delay =
        Trouble::Delay { calls: CallMatch::to(all_of(1)), add: Some(Law::Constant(ms(50.0))), factor: 1.0 };
    let delayed = build().run_with(100, 5, &scenario(0, Some(50), delay));
    close("mean", mean_ms(&delayed.workloads[0].latency), 26.0, 0.03);
}

fn second_zone(model: &mut Model) {
    model.zones.push(Zone { name: "b".into(), region: RegionId(0) });
}

/// Users ask `front`, which asks one of the four instances of `back` in turn, and others ask `back` itself.
fn four_of_back(step: Step) -> Build {
    let spread = |s: &mut Service| s.instances = (0..4).map(|n| ZoneId(n % 2)).collect();
    Build::new()
        .change(second_zone)
        .service("front", vec![Step::Call(call(1))], |_| {})
        .service("back", vec![step], spread)
        .open("through front", 100.0, 0)
        .open("directly", 100.0, 1)
}

/// A fault of 1, 2 or all of four instances.
fn narrowed() -> [(Target, f64); 4] {
    let all = all_of(1);
    [
        (Target { count: Some(1), ..all }, 0.25),
        (Target { share: Some(0.3), ..all }, 0.5),
        (Target { zone: Some(ZoneId(1)), ..all }, 0.5),
        (all, 1.0),
    ]
}

#[test]
fn delays_strike_calls_to_their_instances() {
    for (target, share) in narrowed() {
        for from in [None, Some(Party::Service(ServiceId(0)))] {
            let calls = CallMatch::To { target, endpoint: None, from };
            let delay = Trouble::Delay { calls, add: Some(Law::Constant(ms(8.0))), factor: 1.0 };
            let build = four_of_back(Step::Wait(Law::Constant(ms(1.0))));
            let outcome = build.run_with(100, 9, &scenario(0, None, delay));
            let [through_front, directly] = [0, 1].map(|at| mean_ms(&outcome.workloads[at].latency));
            let longer = 1.0 + 8.0 * share;
            close("through front", through_front, longer, 1e-3);
            close("directly", directly, if from.is_some() { 1.0 } else { longer }, 1e-3);
        }
    }
}

#[test]
fn lost_instances_are_those_meant() {
    for (target, share) in narrowed() {
        let build = four_of_back(work_ms(1.0));
        let outcome = build.run_with(100, 10, &scenario(0, None, Trouble::LoseService(target)));
        let errors = outcome.workloads[0].errors;
        assert_eq!(errors > 0, share == 1.0, "who is left takes over: {errors}");
        if share < 1.0 {
            close("utilisation", outcome.services[1].utilization, 0.05 / (1.0 - share), 0.05);
        }
    }
}

/// The first lasts from 20 to 40 s, the second from 30 to 50 s: each ends by itself, whichever began first. What a
/// second of the workload tells is right alone, with both, and alone again.
#[test]
fn what_overlaps_ends_each_by_itself() {
    let delay = |add| Trouble::Delay {
        calls: CallMatch::to(all_of(1)),
        add: Some(Law::Constant(ms(add))),
        factor: 1.0,
    };
    let slow = |factor| Trouble::Slow { target: all_of(1), factor };
    let load = |factor| Trouble::Load { workload: None, factor };
    let latency = |row: &SecondRow| row.latency_mean_s.expect("some complete") * 1e3;
    let rate = |row: &SecondRow| row.completed as f64;
    type Shows = fn(&SecondRow) -> f64;
    let cases: [([Trouble; 2], Shows, [f64; 4]); 3] = [
        ([delay(8.0), delay(40.0)], latency, [9.0, 49.0, 41.0, 1.0]),
        ([slow(3.0), slow(7.0)], latency, [3.0, 21.0, 7.0, 1.0]),
        ([load(2.0), load(3.0)], rate, [40.0, 120.0, 60.0, 20.0]),
    ];
    for (troubles, shows, expected) in cases {
        let regular =
            Demand::Open { rate: vec![(Span::ZERO, 20.0)], arrivals: Arrivals::Regular, steps: Vec::new() };
        let model = Build::new()
            .service("front", vec![Step::Call(call(1))], |_| {})
            .service("back", vec![Step::Work(Law::Constant(ms(1.0)))], |s| s.cores = 10)
            .workload("w", 0, regular, CallPolicy::default())
            .seal();
        let [first, second] = troubles;
        let what = format!("{first:?}, {second:?}");
        let happenings = vec![(20, Some(20), first), (30, Some(20), second)];
        let (_, notes) = watched(&model, 11, &happening_at(happenings));
        for (at, expected) in [25, 35, 45, 55].into_iter().zip(expected) {
            let of_users =
                |row: &&SecondRow| row.second == at && matches!(row.subject, SeriesSubject::Workload(_));
            let row = notes.rows.iter().find(of_users).expect("every second is told");
            close(&what, shows(row), expected, 1e-6);
        }
    }
}

#[test]
fn lost_zones_lose_their_share() {
    let lose = Trouble::LoseZone(ZoneId(0));
    let outcome = Build::new()
        .change(second_zone)
        .service("s", vec![work_ms(1.0)], |s| s.instances = vec![ZoneId(0), ZoneId(1)])
        .open("w", 500.0, 0)
        .run_with(100, 6, &scenario(50, None, lose));
    let users = &outcome.workloads[0];
    assert!(users.errors < 10, "who is left takes over: {}", users.errors);
    // Half of the time with half of the instances: (0.25 + 0.5) / 1.5 of the capacity there was.
    close("utilisation", outcome.services[0].utilization, 0.333, 0.03);
}

#[test]
fn load_can_be_multiplied() {
    let load = Trouble::Load { workload: None, factor: 3.0 };
    let outcome = Build::new()
        .service("s", vec![Step::Wait(Law::Constant(ms(1.0)))], |_| {})
        .open("w", 100.0, 0)
        .run_with(100, 7, &scenario(50, Some(25), load));
    close("requests", outcome.workloads[0].requests as f64, 15_000.0, 0.03);
}

/// Bronson et al., HotOS 2021: a database that answers 300 requests a second, a bound of one second,
/// one retry; it stops for ten seconds.
fn storm(rate: f64, retries: u32) -> (f64, f64) {
    let retry = Retry {
        attempts: retries,
        on: Failures::ALL,
        backoff: None,
        jitter: Jitter::None,
        budget: None,
        elsewhere: false,
    };
    let policy = CallPolicy {
        timeout: Some(Span::from_secs(1)),
        retry: (retries > 0).then_some(retry),
        ..CallPolicy::default()
    };
    let outcome = Build::new()
        .service("db", vec![Step::Work(Law::Constant(ms(1e3 / 300.0)))], |_| {})
        .workload("w", 0, open(rate), policy)
        .run_with(4_000, 8, &scenario(0, Some(10), Trouble::Pause { target: all_of(0) }));
    let users = &outcome.workloads[0];
    (users.completed as f64 / 4_000.0, users.attempts as f64 / 4_000.0)
}

#[test]
fn the_retry_storm_outlives_its_trigger() {
    let (goodput, attempts) = storm(280.0, 1);
    assert!(goodput < 2.8, "{goodput}");
    close("attempts", attempts, 560.0, 0.03);
    let (goodput, _) = storm(140.0, 1);
    assert!(goodput > 130.0, "below half of the capacity it recovers: {goodput}");
    let (goodput, _) = storm(280.0, 0);
    assert!(goodput > 270.0, "without retries it recovers: {goodput}");
}

#[test]
fn time_that_stands_still_ends_the_run() {
    let outcome = Build::new()
        .service("s", vec![Step::Wait(Law::Constant(0.0))], |_| {})
        .closed("w", 3, Law::Constant(0.0), 0)
        .run(10, 9);
    assert_eq!(outcome.stopped_because, Some(tarsier_engine::Stopped::TimeStandsStill));
}

/// Takes every span, and has enough at the third pulse.
#[derive(Default)]
struct Impatient {
    pulses: u32,
    spans: usize,
    most_at_once: usize,
}

impl Watch for Impatient {
    fn traces(&self) -> Traces {
        Traces::Share(1.0)
    }

    fn span(&mut self, _: &TraceSpan) {
        self.spans += 1;
    }

    fn pulse(&mut self, _: Pulse) -> Verdict {
        self.pulses += 1;
        self.most_at_once = self.most_at_once.max(std::mem::take(&mut self.spans));
        if self.pulses == 3 { Verdict::Stop } else { Verdict::GoOn }
    }
}

#[test]
fn who_looks_on_is_asked_while_time_stands_still() {
    let model = Build::new()
        .service("s", vec![Step::Wait(Law::Constant(0.0))], |_| {})
        .closed("w", 3, Law::Constant(0.0), 0)
        .seal();
    let mut watch = Impatient::default();
    let config = RunConfig { warmup: Span::ZERO, ..config(10, 1) };
    let outcome = tarsier_engine::run(&model, &config, &mut watch);
    assert_eq!(outcome.stopped_because, Some(tarsier_engine::Stopped::Asked));
    assert!((1..1 << 20).contains(&watch.most_at_once), "{}", watch.most_at_once);
}
