//! When clients hear that an instance is gone, or back.

use tarsier_engine::{EventKind, EventSubject, Outcome, Reason, SecondRow, SeriesSubject};
use tarsier_model::{
    Call, CallPolicy, Discovery, HealthCheck, Service, ServiceId, Step, Target, Trouble, ZoneId,
};
use tarsier_random::Law;
use tarsier_units::Span;

use crate::support::{Build, all_of, call, close, ms};
use crate::troubles::{scenario, watched};

const RATE: f64 = 1_000.0;

/// Forty instances of `front` call four of `back`, 1,000 times a second, and wait at most 50 ms. At 20 s
/// an instance of `back` suffers.
fn suffer(
    change: impl FnOnce(&mut Service),
    lasts: Option<u64>,
    trouble: impl FnOnce(Target) -> Trouble,
) -> (Outcome, Vec<SecondRow>) {
    let policy = Box::new(CallPolicy { timeout: Some(Span::from_millis(50)), ..CallPolicy::default() });
    let model = Build::new()
        .service("front", vec![Step::Call(Call { policy, ..call(1) })], |s| s.instances = vec![ZoneId(0); 40])
        .service("back", vec![Step::Wait(Law::Constant(ms(1.0)))], |s| {
            s.instances = vec![ZoneId(0); 4];
            change(s);
        })
        .open("w", RATE, 0)
        .seal();
    let one = Target { count: Some(1), ..all_of(1) };
    let (outcome, notes) = watched(&model, 1, &scenario(vec![(20, lasts, trouble(one))]));
    let calls = notes.rows.into_iter().filter(|row| row.subject == SeriesSubject::Call(0)).collect();
    (outcome, calls)
}

fn kill(silent: bool) -> impl FnOnce(Target) -> Trouble {
    move |target| Trouble::Kill { target, silent }
}

/// When the list changed, in seconds.
fn news(outcome: &Outcome, kind: EventKind) -> Vec<(f64, Reason)> {
    let told = outcome.timeline.iter().filter(|event| event.kind == kind);
    told.map(|event| {
        assert!(matches!(event.subject, EventSubject::Instance { service: ServiceId(1), .. }));
        (event.time_ns as f64 / 1e9, event.reason)
    })
    .collect()
}

fn errors(rows: &[SecondRow], from: f64, to: f64) -> u64 {
    let within = |row: &&SecondRow| row.second as f64 >= from && ((row.second + 1) as f64) <= to;
    rows.iter().filter(within).map(|row| row.errors).sum()
}

/// Eureka's scheme: a silent death is a black hole for everybody until the registry gives the instance
/// up, and then for each client until it asks.
#[test]
fn a_registry_forgets_after_the_time_to_live_and_clients_when_they_ask() {
    let secs = Span::from_secs;
    let registry = Discovery::Registry { heartbeat: secs(10), ttl: secs(30), poll: secs(10) };
    for silent in [true, false] {
        let (outcome, rows) = suffer(|s| s.discovery = Some(registry), None, kill(silent));
        let [(delisted, Reason::NoHeartbeat)] = news(&outcome, EventKind::Delisted)[..] else {
            panic!("it is delisted once, for want of heartbeats")
        };
        assert!(
            (40.0..=50.0).contains(&delisted),
            "the last heartbeat was at most ten seconds ago: {delisted}"
        );
        // A quarter of all calls while nobody knows, and never again when everybody does.
        let unaware = errors(&rows, 21.0, delisted.floor()) as f64;
        close("unaware", unaware, RATE / 4.0 * (delisted.floor() - 21.0), 0.02);
        assert_eq!(errors(&rows, (delisted + 10.1).ceil(), 100.0), 0);
        // Clients ask at any time of the ten seconds: the mean of forty uniform times.
        let spreading = errors(&rows, delisted.floor(), (delisted + 10.1).ceil()) as f64 / (RATE / 4.0);
        let spreading = spreading - (delisted - delisted.floor());
        assert!((spreading - 5.0).abs() < 4.0 * 10.0 / (12.0_f64 * 40.0).sqrt(), "{spreading}");
    }
}

#[test]
fn who_comes_back_is_listed_with_its_next_heartbeat() {
    let secs = Span::from_secs;
    let registry = Discovery::Registry { heartbeat: secs(10), ttl: secs(30), poll: secs(10) };
    let (outcome, rows) = suffer(|s| s.discovery = Some(registry), Some(40), kill(true));
    let [(listed, Reason::Heartbeat)] = news(&outcome, EventKind::Listed)[..] else { panic!("listed once") };
    let [(delisted, _)] = news(&outcome, EventKind::Delisted)[..] else { panic!("delisted once") };
    assert!((60.0..=70.0).contains(&listed), "{listed}");
    assert!(((listed - delisted) % 10.0) < 1e-6, "heartbeats keep their time");
    assert_eq!(errors(&rows, 61.0, 100.0), 0);
}

/// Too short a death for the registry: nobody is told, and the black hole is as long as the death.
#[test]
fn a_short_death_goes_unnoticed() {
    let secs = Span::from_secs;
    let registry = Discovery::Registry { heartbeat: secs(10), ttl: secs(30), poll: secs(10) };
    let (outcome, rows) = suffer(|s| s.discovery = Some(registry), Some(15), kill(true));
    assert!(news(&outcome, EventKind::Delisted).is_empty());
    close("errors", errors(&rows, 20.0, 36.0) as f64, RATE / 4.0 * 15.0, 0.02);
}

#[test]
fn what_is_pushed_arrives_after_its_delay() {
    let push = Discovery::Push { delay: Span::from_secs(3) };
    let (outcome, rows) = suffer(|s| s.discovery = Some(push), None, kill(false));
    assert_eq!(news(&outcome, EventKind::Delisted), [(20.0, Reason::Announced)]);
    close("errors", errors(&rows, 20.0, 23.0) as f64, RATE / 4.0 * 3.0, 0.03);
    assert_eq!(errors(&rows, 23.0, 100.0), 0);
}

#[test]
fn names_are_looked_up_when_answers_are_old() {
    let dns = Discovery::Dns { ttl: Span::from_secs(20) };
    let (_, rows) = suffer(|s| s.discovery = Some(dns), None, kill(false));
    assert_eq!(errors(&rows, 40.0, 100.0), 0);
    let spreading = errors(&rows, 20.0, 40.0) as f64 / (RATE / 4.0);
    assert!((spreading - 10.0).abs() < 4.0 * 20.0 / (12.0_f64 * 40.0).sqrt(), "{spreading}");
}

/// Three checks in a row, ten seconds apart, each given up after a second; who hangs is found as well
/// as who died.
#[test]
fn checks_find_who_does_not_answer() {
    let checks =
        HealthCheck { every: Span::from_secs(10), timeout: Span::from_secs(1), unhealthy: 3, healthy: 2 };
    for (trouble, silence) in [(0, 0.0), (1, 1.0), (2, 1.0), (3, 1.0)] {
        let trouble = |target| match trouble {
            0 => Trouble::Kill { target, silent: false },
            1 => Trouble::Kill { target, silent: true },
            2 => Trouble::Pause { target },
            _ => Trouble::Stall { target },
        };
        let (outcome, rows) = suffer(|s| s.health = Some(checks), Some(40), trouble);
        let [(delisted, Reason::ChecksFailed(3))] = news(&outcome, EventKind::Delisted)[..] else {
            panic!("it is delisted once, for its checks")
        };
        let [(listed, Reason::ChecksPassed(2))] = news(&outcome, EventKind::Listed)[..] else {
            panic!("it is listed once, for its checks")
        };
        let first_failed = delisted - silence - 20.0;
        assert!((20.0..=30.0).contains(&first_failed), "{first_failed}");
        let first_passed = listed - 10.0;
        assert!((60.0..=70.0).contains(&first_passed), "{first_passed}");
        assert!((first_passed - first_failed - 40.0).abs() < 1e-6, "checks keep their time");
        // Everybody is told at once.
        assert!(errors(&rows, 20.0, delisted.floor()) > 0);
        assert_eq!(errors(&rows, (delisted + 0.1).ceil(), 100.0), 0);
    }
}

#[test]
fn in_a_freeze_nobody_hears_anything() {
    let (_, rows) = suffer(|_| {}, None, kill(false));
    assert_eq!(errors(&rows, 21.0, 100.0), 0, "without discovery clients know at once");
    let policy = Box::new(CallPolicy::default());
    let model = Build::new()
        .service("front", vec![Step::Call(Call { policy, ..call(1) })], |_| {})
        .service("back", vec![Step::Wait(Law::Constant(ms(1.0)))], |s| s.instances = vec![ZoneId(0); 4])
        .open("w", RATE, 0)
        .seal();
    let one = Target { count: Some(1), ..all_of(1) };
    let happenings = vec![
        (10, Some(40), Trouble::Freeze(ServiceId(1))),
        (20, None, Trouble::Kill { target: one, silent: false }),
    ];
    let (outcome, notes) = watched(&model, 1, &scenario(happenings));
    let rows: Vec<SecondRow> =
        notes.rows.into_iter().filter(|row| row.subject == SeriesSubject::Call(0)).collect();
    assert_eq!(errors(&rows, 0.0, 20.0) + errors(&rows, 50.0, 100.0), 0);
    close("errors", outcome.calls[0].errors as f64, RATE / 4.0 * 30.0, 0.02);
}
