//! More instances, and fewer, while a run goes on.

use tarsier_engine::{EventKind, Outcome, Reason, RunConfig, SeriesSubject, run};
use tarsier_model::{
    Balance, CallPolicy, Chaos, ChaosScale, Connect, ConnectCost, Discovery, ErrorKind, Model, Outlier,
    Region, RegionId, Scenario, SealedModel, Service, ServiceId, Setting, Step, Target, Trouble, Zone,
    ZoneId,
};
use tarsier_testkit::markov::Mmk;
use tarsier_units::Span;

use crate::sameness::projection;
use crate::support::{
    BALANCES, Build, all_of, balanced, close, config, constant, mean_ms, open, with, work_ms,
};
use crate::troubles::{scenario, watched};

pub(crate) fn resize(service: u32, instances: u32) -> Trouble {
    let setting = Setting::Service {
        service: ServiceId(service),
        instances: Some(instances),
        workers: None,
        queue: None,
    };
    Trouble::Set(Box::new(setting))
}

fn second_zone(model: &mut Model) {
    model.zones.push(Zone { name: "b".into(), region: RegionId(0) });
}

/// Instances in turn in both zones.
fn in_both(n: u32) -> Vec<ZoneId> {
    (0..n).map(|number| ZoneId(number % 2)).collect()
}

/// How many instances of the first service were up at the end of each second.
fn up(model: &SealedModel, happens: &Scenario) -> (Outcome, Vec<u64>) {
    let (outcome, notes) = watched(model, 4, happens);
    let rows = notes.rows.iter().filter(|row| row.subject == SeriesSubject::Service(0));
    (outcome, rows.map(|row| row.instances.expect("services have instances")).collect())
}

/// Requests of a service with so many instances, ten a second, each waiting for so long.
fn waiting(instances: u32, milliseconds: f64, change: impl FnOnce(&mut Service)) -> Build {
    let change = move |service: &mut Service| {
        (service.instances, service.homes) = (in_both(instances), in_both(2));
        change(service);
    };
    Build::new().change(second_zone).service("s", vec![Step::Wait(constant(milliseconds))], change).workload(
        "w",
        0,
        open(10.0),
        balanced(Balance::Random),
    )
}

/// Chance splits a Poisson stream: two queues, then four, then two.
#[test]
fn more_instances_share_the_load() {
    let mean = |happens| {
        let two = |service: &mut Service| service.instances = in_both(2);
        let build = Build::new().change(second_zone).service("s", vec![work_ms(10.0)], two);
        let build = build.workload("w", 0, open(160.0), balanced(Balance::Random));
        mean_ms(&build.run_with(4_000, 11, &scenario(happens)).workloads[0].latency)
    };
    let response = |n| 1_000.0 * Mmk { arrival: 160.0 / n, service: 100.0, servers: 1 }.sojourn();
    let [two, four] = [2.0, 4.0].map(response);
    close("as it is", mean(Vec::new()), two, 0.04);
    close("set to four", mean(vec![(0, None, resize(0, 4))]), four, 0.02);
    close("for half of the time", mean(vec![(1_000, Some(2_000), resize(0, 4))]), (two + four) / 2.0, 0.04);
}

/// Set at the very start, it is as if the file said so, to the last event.
#[test]
fn instances_that_join_at_once_might_as_well_stand_in_the_file() {
    let same = |policy: CallPolicy| {
        let what = format!("{policy:?}");
        let outcome = |[front, back]: [u32; 2], happens: &Scenario| {
            let instances = |n| move |s: &mut Service| (s.instances, s.homes) = (in_both(n), in_both(2));
            let model = Build::new()
                .change(second_zone)
                .service("front", vec![Step::Call(with(policy.clone(), 1)), work_ms(1.0)], instances(front))
                .service("back", vec![work_ms(4.0)], instances(back))
                .open("w", 900.0, 0)
                .seal();
            let config = RunConfig { warmup: Span::ZERO, scenario: Some(happens), ..config(10, 8) };
            let outcome = run(&model, &config, &mut ());
            assert!(outcome.calls[0].completed > 5_000);
            projection(&Outcome { timeline: Vec::new(), ..outcome })
        };
        let set = outcome([2, 3], &scenario(vec![(0, None, resize(0, 5)), (0, None, resize(1, 7))]));
        assert_eq!(set, outcome([5, 7], &scenario(Vec::new())), "{what}");
    };
    BALANCES.into_iter().for_each(|balance| same(balanced(balance)));
    same(CallPolicy { subset: Some(4), ..CallPolicy::default() });
    same(CallPolicy {
        outlier: Some(outlier()),
        timeout: Some(Span::from_millis(9)),
        ..CallPolicy::default()
    });
    same(CallPolicy { connect: Some(connect()), ..CallPolicy::default() });
}

/// Nobody who is there when instances go, or comes to them because he has not heard, gets an error.
#[test]
fn who_goes_ends_what_it_has() {
    let dns = Discovery::Dns { ttl: Span::from_secs(7) };
    for discovery in [None, Some(dns)] {
        let model = waiting(4, 3_000.0, |service| service.discovery = discovery).seal();
        let (outcome, up) = up(&model, &scenario(vec![(20, Some(40), resize(0, 1))]));
        assert_eq!((outcome.workloads[0].errors, outcome.services[0].errors), (0, 0));
        let done = if discovery.is_some() { 31 } else { 24 };
        assert!(up[..20].iter().all(|up| *up == 4), "{up:?}");
        assert_eq!(up[20], 4, "they have not ended what they had");
        assert!(up[done..59].iter().all(|up| *up == 1), "{up:?}");
        assert!(up[60..].iter().all(|up| *up == 4), "{up:?}");
        assert_eq!(outcome.services[0].instances, 4);
    }
}

#[test]
fn who_goes_has_thirty_seconds() {
    let model = waiting(4, 60_000.0, |_| {}).seal();
    let (outcome, up) = up(&model, &scenario(vec![(20, None, resize(0, 1))]));
    assert!(up[..49].iter().all(|up| *up == 4) && up[50..].iter().all(|up| *up == 1), "{up:?}");
    // Ten seconds of warm-up and twenty more: 300 requests came, three quarters of them there.
    let lost = outcome.services[0].errors as f64;
    assert!((lost - 225.0).abs() < 4.0 * 225.0_f64.sqrt(), "{lost}");
    assert_eq!(outcome.services[0].instances, 1);
}

#[test]
fn who_comes_back_in_time_never_went() {
    let model = waiting(4, 9_000.0, |_| {}).seal();
    let happens = scenario(vec![(20, Some(5), resize(0, 2)), (30, Some(2), resize(0, 1))]);
    let (outcome, up) = up(&model, &happens);
    assert!(up.iter().all(|up| *up == 4), "{up:?}");
    assert_eq!(outcome.services[0].errors, 0);
}

/// Newcomers are listed with their first heartbeat, who goes at once.
#[test]
fn discovery_is_told() {
    let secs = Span::from_secs;
    let registry = Discovery::Registry { heartbeat: secs(10), ttl: secs(30), poll: secs(5) };
    let model = waiting(2, 10.0, |service| service.discovery = Some(registry)).seal();
    let (outcome, notes) = watched(&model, 4, &scenario(vec![(20, Some(40), resize(0, 12))]));
    let told = |kind, reason| -> Vec<f64> {
        let events = outcome.timeline.iter().filter(|event| (event.kind, event.reason) == (kind, reason));
        events.map(|event| event.time_ns as f64 / 1e9).collect()
    };
    let listed = told(EventKind::Listed, Reason::Heartbeat);
    assert_eq!(listed.len(), 10);
    assert!(listed.iter().all(|time| (20.0..30.0).contains(time)), "{listed:?}");
    // Uniform over the ten seconds.
    let mean = listed.iter().sum::<f64>() / 10.0;
    assert!((mean - 25.0).abs() < 4.0 * 10.0 / (12.0_f64 * 10.0).sqrt(), "{mean}");
    assert_eq!(told(EventKind::Delisted, Reason::Scenario), [60.0; 10]);
    let newcomers = |from: u64, to: u64| {
        let served = notes.visits.iter().filter(|visit| visit.instance >= 2);
        let time = |visit: &tarsier_engine::Visit| visit.arrived_ns / 1_000_000_000 - 10;
        served.filter(|visit| (from..to).contains(&time(visit))).count()
    };
    assert_eq!((newcomers(0, 20), newcomers(65, 100)), (0, 0));
    // Ten of twelve, once all have heard of all: 300 requests in the thirty seconds.
    let share = newcomers(35, 60) as f64 / 250.0;
    assert!((share - 10.0 / 12.0).abs() < 0.15, "{share}");
    assert_eq!(outcome.workloads[0].errors, 0);
}

/// Zone `a` is lost for twenty seconds; in the midst of it there are to be six, three of them there.
#[test]
fn who_joins_a_lost_zone_is_lost() {
    let model = waiting(2, 10.0, |_| {}).seal();
    let happens = vec![(20, Some(20), Trouble::LoseZone(ZoneId(0))), (30, None, resize(0, 6))];
    let (_, up) = up(&model, &scenario(happens));
    for (from, to, there) in [(0, 20, 2), (20, 30, 1), (30, 40, 3), (40, 100, 6)] {
        assert!(up[from..to].iter().all(|up| *up == there), "{from}: {up:?}");
    }
}

/// What befalls a service befalls newcomers; what befell a process does not.
#[test]
fn newcomers_meet_what_lasts() {
    let error = Trouble::Error { target: all_of(0), share: 1.0, kind: ErrorKind::Error };
    let happens = scenario(vec![(20, Some(40), error), (30, None, resize(0, 6))]);
    let (outcome, notes) = watched(&waiting(2, 10.0, |_| {}).seal(), 4, &happens);
    let rows: Vec<_> = notes.rows.iter().filter(|row| row.subject == SeriesSubject::Workload(0)).collect();
    assert!(rows[21..60].iter().all(|row| row.completed == 0));
    assert!(rows[61..].iter().all(|row| row.errors == 0));
    assert!(outcome.workloads[0].completed > 500);
    let kill = Trouble::Kill { target: all_of(0), silent: false };
    let happens = scenario(vec![(20, None, kill), (30, None, resize(0, 6))]);
    let (_, up) = up(&waiting(2, 10.0, |_| {}).seal(), &happens);
    assert!(up[20..30].iter().all(|up| *up == 0) && up[30..].iter().all(|up| *up == 4), "{up:?}");
}

/// Whom a fault strikes is settled when it begins.
#[test]
fn faults_find_those_who_are_there() {
    let half = Target { share: Some(0.5), ..all_of(0) };
    let kill = Trouble::Kill { target: half, silent: false };
    let happens = |first, second| scenario(vec![(20, None, resize(0, first)), (40, None, second)]);
    let (_, grown) = up(&waiting(2, 10.0, |_| {}).seal(), &happens(10, kill.clone()));
    assert!(grown[40..].iter().all(|up| *up == 5), "{grown:?}");
    let (_, shrunk) = up(&waiting(10, 10.0, |_| {}).seal(), &happens(2, kill));
    assert!(shrunk[40..].iter().all(|up| *up == 1), "{shrunk:?}");
}

/// Who comes back is another process: what befell the one before is over with it.
#[test]
fn who_comes_back_is_new() {
    let all = Target { count: Some(4), ..all_of(0) };
    let error = Trouble::Error { target: all, share: 1.0, kind: ErrorKind::Error };
    let there_and_back = |trouble: Trouble| {
        scenario(vec![(20, None, trouble), (30, None, resize(0, 1)), (40, None, resize(0, 4))])
    };
    let kill = Trouble::Kill { target: all_of(0), silent: false };
    let (_, up) = up(&waiting(4, 10.0, |_| {}).seal(), &there_and_back(kill));
    assert!(up[20..40].iter().all(|up| *up == 0) && up[40..].iter().all(|up| *up == 3), "{up:?}");
    let (_, notes) = watched(&waiting(4, 10.0, |_| {}).seal(), 4, &there_and_back(error));
    let rows: Vec<_> = notes.rows.iter().filter(|row| row.subject == SeriesSubject::Workload(0)).collect();
    assert!(rows[21..40].iter().all(|row| row.completed == 0));
    let failed: u64 = rows[41..].iter().map(|row| row.errors).sum();
    let expected = 590.0 / 4.0;
    assert!((failed as f64 - expected).abs() < 4.0 * expected.sqrt(), "{failed}");
}

/// A zone that chaos has taken down is down for whoever joins it, also when chaos is over.
#[test]
fn who_joins_what_chaos_has_taken_down_is_down() {
    let chaos = Chaos {
        scale: ChaosScale::Zone,
        per_second: 2.0,
        down: Span::from_secs(60),
        services: Vec::new(),
        hours: None,
    };
    let happens = scenario(vec![(10, Some(10), Trouble::Chaos(chaos)), (30, None, resize(0, 6))]);
    let (_, up) = up(&waiting(2, 10.0, |_| {}).seal(), &happens);
    assert!(up[20..70].iter().all(|up| *up == 0) && up[80..].iter().all(|up| *up == 6), "{up:?}");
}

/// They are there until they are gone.
#[test]
fn who_goes_may_be_killed() {
    let kill = Trouble::Kill { target: all_of(0), silent: false };
    let happens = scenario(vec![(20, None, resize(0, 1)), (22, None, kill)]);
    let (_, up) = up(&waiting(4, 20_000.0, |_| {}).seal(), &happens);
    assert!(up[..22].iter().all(|up| *up == 4) && up[22..].iter().all(|up| *up == 0), "{up:?}");
}

/// To whom everything is sent does not go while it has its time; nobody else stays for that.
#[test]
fn who_is_pinned_to_does_not_go_at_once() {
    let happens = scenario(vec![(20, Some(40), Trouble::Pin(ServiceId(0))), (25, None, resize(0, 1))]);
    for seed in 0..8 {
        let mut notes = crate::troubles::Notes::default();
        let model = waiting(4, 10.0, |_| {}).seal();
        let config = RunConfig { scenario: Some(&happens), series: true, ..config(100, seed) };
        run(&model, &config, &mut notes);
        let rows = notes.rows.iter().filter(|row| row.subject == SeriesSubject::Service(0));
        let up: Vec<u64> = rows.map(|row| row.instances.expect("services have instances")).collect();
        // One of the four is pinned to: the first, or one that is too many.
        assert!(up[27..54].iter().all(|there| *there == up[30] && *there <= 2), "{up:?}");
        assert!(up[56..].iter().all(|up| *up == 1), "{up:?}");
    }
}

/// Where one setting follows another nothing starts to end at once, and nobody need detect what was meant.
#[test]
fn settings_follow_each_other() {
    let push = Discovery::Push { delay: Span::ZERO };
    let model = waiting(4, 10.0, |service| service.discovery = Some(push)).seal();
    let steps =
        vec![(20, Some(20), resize(0, 1)), (40, Some(20), resize(0, 1)), (60, Some(20), resize(0, 2))];
    let (outcome, up) = up(&model, &scenario(steps));
    for (from, to, there) in [(0, 20, 4), (22, 60, 1), (60, 80, 2), (80, 100, 4)] {
        assert!(up[from..to].iter().all(|up| *up == there), "{from}: {up:?}");
    }
    assert!(outcome.faults.iter().all(|fault| fault.detected_ns.is_none()), "{:?}", outcome.faults);
}

/// Users enter at newcomers around them, as if these had always stood there.
#[test]
fn users_enter_at_newcomers() {
    let same = |balance, regions: [u32; 3], [before, after]: [usize; 2]| {
        let outcome = |instances: usize, happens: &Scenario| {
            let change = |s: &mut Service| {
                s.homes = [0, 1, 2].map(ZoneId).into();
                s.instances = s.homes[..instances].into();
            };
            let zones = |model: &mut Model| {
                model.regions.push(Region { name: "q".into() });
                model.zones =
                    regions.map(|it| Zone { name: it.to_string(), region: RegionId(it) }).to_vec().into();
            };
            let model = Build::new()
                .change(zones)
                .service("s", vec![work_ms(4.0)], change)
                .workload("w", 0, open(300.0), balanced(balance))
                .seal();
            let config = RunConfig { warmup: Span::ZERO, scenario: Some(happens), ..config(10, 8) };
            projection(&Outcome { timeline: Vec::new(), ..run(&model, &config, &mut ()) })
        };
        let set = outcome(before, &scenario(vec![(0, None, resize(0, after as u32))]));
        assert_eq!(set, outcome(after, &scenario(Vec::new())), "{balance:?}");
    };
    same(Balance::RoundRobin, [0, 1, 1], [1, 2]);
    same(Balance::Random, [0, 0, 1], [2, 3]);
    same(Balance::ZoneAware, [0, 0, 0], [2, 3]);
    same(Balance::ZoneAware, [0, 0, 1], [1, 3]);
}

fn outlier() -> Outlier {
    Outlier {
        consecutive: Some(3),
        deviations: None,
        failures: None,
        volume: 100,
        hosts: 5,
        interval: Span::from_secs(1),
        base: Span::from_secs(2),
        max: Span::from_secs(10),
        ejected: 0.5,
        panic: 0.0,
    }
}

fn connect() -> Connect {
    Connect { timeout: None, cost: ConnectCost::RoundTrips(1), keep: Some(Span::from_millis(20)) }
}
