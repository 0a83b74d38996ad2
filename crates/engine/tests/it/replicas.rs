//! Replicated stores: what levels promise, what they cost, and what becomes of replicas that were away.

use tarsier_engine::{AccessOutcome, Outcome, RunConfig, Standing, StoreOutcome, Verdict, Watch, run};
use tarsier_model::{
    Access, AccessKind, Endpoint, EndpointId, Happening, Level, Link, Network, RegionId, Replication,
    Scenario, Service, ServiceId, Step, Target, Trouble, ZoneId,
};
use tarsier_random::Law;
use tarsier_units::Span;

use crate::sameness::zones;
use crate::support::{Build, close, config, constant, exp_ms, mean_ms};

/// A store of `each` instances in every zone, and what its replicas do.
struct Store {
    regions: u32,
    zones: u32,
    each: u32,
    read: Level,
    write: Level,
    replication: Replication,
    steps: [Vec<Step>; 2],
}

impl Store {
    fn new(read: Level, write: Level) -> Store {
        let replication = Replication {
            factor: 3,
            keys: 20,
            skew: 0.0,
            asks_all: false,
            repair: 0.0,
            hints: None,
            accesses: Vec::new(),
        };
        let steps = [vec![Step::Wait(exp_ms(1.0))], vec![Step::Wait(exp_ms(1.0))]];
        Store { regions: 1, zones: 3, each: 1, read, write, replication, steps }
    }

    /// Endpoint 0 reads, 1 writes; the replicas' follow.
    fn build(self) -> Build {
        let Store { regions, zones: n_zones, each, read, write, mut replication, steps } = self;
        let n_instances = regions * n_zones * each;
        let all_zones = regions * n_zones;
        let mut build = Build::new();
        zones(&mut build.model, regions, n_zones);
        let mut endpoints = Vec::new();
        for (at, (kind, level)) in
            [(AccessKind::Read, read), (AccessKind::Write, write)].into_iter().enumerate()
        {
            let [coordinator, replica] = [at as u32, at as u32 + 2].map(EndpointId);
            let needs = replication.needs(level, regions);
            endpoints.push(replication.coordinate(kind, needs, regions, replica, Span::from_secs(1)));
            replication.accesses.push(Access { kind, level, coordinator, replica });
        }
        endpoints.extend(steps);
        build.change(|model| {
            model.services.push(Service {
                instances: (0..n_instances).map(|n| ZoneId(n % all_zones)).collect(),
                endpoints: 0..4,
                replication: Some(replication),
                ..Service::named("store")
            });
            for (number, steps) in endpoints.into_iter().enumerate() {
                let name = Some(format!("e{number}"));
                model.endpoints.push(Endpoint { service: ServiceId(0), name, steps });
            }
        })
    }

    fn loaded(self, reads: f64, writes: f64) -> Build {
        self.build().open("readers", reads, 0).open("writers", writes, 1)
    }
}

fn lose(trouble: Trouble, at: u64, lasts: u64) -> Scenario {
    let happening = Happening { at: Span::from_secs(at), lasts: Some(Span::from_secs(lasts)), trouble };
    Scenario { name: "lost".into(), happenings: vec![happening] }
}

fn only(outcome: &Outcome) -> (&StoreOutcome, &AccessOutcome, &AccessOutcome) {
    let [store] = &outcome.stores[..] else { panic!("there is one store") };
    let [reads, writes] = &store.accesses[..] else { panic!("it reads and writes") };
    (store, reads, writes)
}

/// R + W > N: the replicas that answer a read and those that acknowledged a write have one in common.
#[test]
fn strict_quorums_never_read_what_is_stale() {
    use Level::{All, Count, LocalQuorum, One, Quorum};
    for (read, write) in
        [(Quorum, Quorum), (One, All), (All, One), (Count(2), Count(2)), (LocalQuorum, LocalQuorum)]
    {
        for (asks_all, lost) in [(false, false), (true, true)] {
            let mut store = Store { each: 2, ..Store::new(read, write) };
            (store.replication.asks_all, store.replication.repair) = (asks_all, 0.5);
            store.replication.hints = lost.then_some(100.0);
            let build = store.loaded(2_000.0, 2_000.0);
            let outcome = match lost {
                true => build.run_with(20, 3, &lose(Trouble::LoseZone(ZoneId(1)), 5, 5)),
                false => build.run(10, 3),
            };
            let (_, reads, _) = only(&outcome);
            assert!(reads.answered > 10_000, "{read:?} {write:?}: {}", reads.answered);
            assert_eq!(reads.stale, 0, "{read:?} after {write:?}");
        }
    }
}

/// And R + W ≤ N may, as is seen when so much happens to so few keys.
#[test]
fn partial_quorums_do() {
    use Level::{One, Quorum};
    for (read, write) in [(One, One), (One, Quorum), (Quorum, One)] {
        let outcome = Store::new(read, write).loaded(2_000.0, 2_000.0).run(10, 3);
        let (_, reads, _) = only(&outcome);
        assert!(reads.stale > 30, "{read:?} after {write:?}: {}", reads.stale);
        assert!(reads.age.count() == reads.stale && mean_ms(&reads.age) < 10.0, "{read:?} after {write:?}");
    }
}

/// One key that is written 200 times a second: PBS's chance that the fits of LinkedIn's SSDs give, 0.256% (independent
/// Monte Carlo, 20 million reads). Some 1,500 reads are stale, several of them of one write.
#[test]
fn a_hot_key_is_stale_as_often_as_pbs_says() {
    let mut store = Store { zones: 1, each: 3, ..Store::new(Level::One, Level::One) };
    (store.replication.asks_all, store.replication.keys) = (true, 1);
    store.steps = [Vec::new(), Vec::new()];
    let mut build = store.loaded(1_000.0, 200.0);
    let body = Law::Pareto { min: 0.235e6, alpha: 10.0, max: f64::INFINITY };
    let leg = Link { latency: Some(Law::Mix(vec![(0.9122, body), (0.0878, exp_ms(1.0 / 1.66))])) };
    build.model.network = Network { same_host: leg.clone(), same_zone: leg, ..Network::none() };
    let outcome = build.run(600, 9);
    let (_, reads, _) = only(&outcome);
    close("share of stale reads", reads.stale as f64 / reads.answered as f64, 0.002_559, 0.2);
    close("their age", mean_ms(&reads.age), 0.5387, 0.2);
}

/// The k-th of n answers, each after an exponential time: 1/n + 1/(n - 1) + … + 1/(n - k + 1) of its mean.
#[test]
fn the_kth_of_n_answers_is_an_order_statistic() {
    for (level, answers) in [(Level::One, 1), (Level::Quorum, 2), (Level::All, 3)] {
        let mut store = Store::new(level, level);
        store.replication.asks_all = true;
        let outcome = store.loaded(1_000.0, 1_000.0).run(60, 4);
        let expected: f64 = (0..answers).map(|before| 1.0 / f64::from(3 - before)).sum();
        for workload in &outcome.workloads {
            close("order statistic", mean_ms(&workload.latency), expected, 0.02);
        }
    }
}

/// Without asking more than it needs, a read waits for the slowest of those it asks.
#[test]
fn who_asks_as_many_as_it_needs_waits_for_all_of_these() {
    let outcome = Store::new(Level::Quorum, Level::Quorum).loaded(1_000.0, 1_000.0).run(60, 4);
    close("reads", mean_ms(&outcome.workloads[0].latency), 1.0 + 0.5, 0.02);
    close("writes", mean_ms(&outcome.workloads[1].latency), 1.0 / 3.0 + 0.5, 0.02);
}

/// Of three zones, with a copy of each key in each, one may go at QUORUM and none at ALL.
#[test]
fn levels_differ_in_what_they_survive() {
    let unavailable = |level, regions, place| {
        let store = Store { regions, each: 2, ..Store::new(level, level) };
        let outcome = store.loaded(1_000.0, 1_000.0).run_with(20, 5, &lose(place, 0, 20));
        let (_, reads, writes) = only(&outcome);
        let share = |access: &AccessOutcome| {
            access.unavailable as f64 / (access.answered + access.unavailable) as f64
        };
        // One that was under way when the place was lost may still be answered.
        [share(reads), share(writes)].map(|share| if share > 0.999 { 1.0 } else { share })
    };
    let zone = || Trouble::LoseZone(ZoneId(0));
    assert_eq!(unavailable(Level::One, 1, zone()), [0.0, 0.0]);
    assert_eq!(unavailable(Level::Quorum, 1, zone()), [0.0, 0.0]);
    assert_eq!(unavailable(Level::All, 1, zone()), [1.0, 1.0]);
    // Of two regions: four of six copies are not left, but two of three are, where there are any.
    let region = || Trouble::LoseRegion(RegionId(0));
    assert_eq!(unavailable(Level::Quorum, 2, region()), [1.0, 1.0]);
    assert_eq!(unavailable(Level::LocalQuorum, 2, region()), [0.0, 0.0]);
    assert_eq!(unavailable(Level::One, 2, region()), [0.0, 0.0]);
}

/// What a replica missed it gets: hints are kept while it is away and replayed when it is back.
#[test]
fn hints_bring_a_replica_up_to_date() {
    let run = |hints| {
        let mut store = Store::new(Level::One, Level::All);
        store.write = Level::Quorum;
        store.replication.hints = hints;
        store.replication.keys = 1_000;
        store.loaded(1_000.0, 100.0).run_with(100, 6, &lose(Trouble::LoseZone(ZoneId(2)), 10, 20))
    };
    let with = run(Some(1_000.0));
    let (store, reads, writes) = only(&with);
    close("a hint for each write while it was away", store.hints_stored as f64, 2_000.0, 0.1);
    assert_eq!(store.hints_stored, store.hints_replayed + store.hints_waiting);
    assert_eq!((store.hints_waiting, store.hints_dropped, writes.unavailable), (0, 0, 0));
    // Until the coordinators look, at most ten seconds, and while two thousand hints are on their way.
    assert!(reads.age.summary().max.is_some_and(|max| max < 42e9), "{:?}", reads.age.summary().max);
    let without = run(None);
    let (_, without, _) = only(&without);
    assert!(without.stale > 2 * reads.stale, "{} and {}", without.stale, reads.stale);
}

/// Who does not answer in time gets a hint as well, and the way back to it is found by trying.
#[test]
fn hints_are_kept_for_who_does_not_answer() {
    let mut store = Store::new(Level::Quorum, Level::Quorum);
    store.replication.hints = Some(1_000.0);
    let target = Target { service: ServiceId(0), zone: Some(ZoneId(2)), count: None, share: None };
    let trouble = Trouble::Kill { target, silent: true };
    let happening = Happening { at: Span::from_secs(10), lasts: Some(Span::from_secs(20)), trouble };
    let scenario = Scenario { name: "silent".into(), happenings: vec![happening] };
    let outcome = store.loaded(0.1, 90.0).run_with(100, 6, &scenario);
    let (store, ..) = only(&outcome);
    // Twenty seconds of the 60 writes a second of the other two, and probes that failed.
    close("hints", store.hints_stored as f64, 20.0 * 60.0, 0.15);
    assert_eq!((store.hints_waiting, store.hints_replayed), (0, store.hints_stored));
}

/// A read that asks all and finds one behind has it written anew.
#[test]
fn reads_repair_what_they_find_behind() {
    let run = |repair| {
        let mut store = Store::new(Level::One, Level::Quorum);
        (store.replication.asks_all, store.replication.repair) = (true, repair);
        // Every second write of a replica is slow.
        store.steps[1] = vec![Step::Wait(Law::Mix(vec![(0.5, constant(0.0)), (0.5, constant(200.0))]))];
        store.loaded(1_000.0, 50.0).run(60, 7)
    };
    let (never, always) = (run(0.0), run(1.0));
    let ((none, before, _), (repaired, after, _)) = (only(&never), only(&always));
    assert_eq!(none.repairs, 0);
    assert!(repaired.repairs > 1_000, "{}", repaired.repairs);
    assert!(after.stale < before.stale, "{} and {}", after.stale, before.stale);
}

/// Looks twenty times a second.
struct Looker(u64);

impl Watch for Looker {
    fn next_look(&mut self) -> Option<Span> {
        Some(Span::from_millis(50 * (self.0 + 1)))
    }

    fn look(&mut self, _: &mut Standing<'_, '_>) -> Verdict {
        self.0 += 1;
        Verdict::GoOn
    }
}

/// One key, a thousand writes a second, and one replica of three that is three seconds behind: who reads there misses
/// more writes than are remembered one by one.
#[test]
fn ages_do_not_depend_on_who_looks() {
    let mut store = Store::new(Level::One, Level::One);
    store.replication.keys = 1;
    store.steps[1] = vec![Step::Work(constant(2.0))];
    let model =
        store.loaded(500.0, 1_000.0).change(|model| model.services[ServiceId(0)].cores = 1_000).seal();
    let target = Target { zone: Some(ZoneId(0)), ..Target::all(ServiceId(0)) };
    let scenario = lose(Trouble::Slow { target, factor: 1_500.0 }, 0, 9);
    let told = |watch: &mut dyn Watch| {
        let outcome = run(&model, &RunConfig { scenario: Some(&scenario), ..config(6, 8) }, watch);
        let (store, reads, _) = only(&outcome);
        let longest = reads.age.summary().max;
        assert!(reads.stale > 100 && longest > Some(2.5e9), "{}, {longest:?}", reads.stale);
        (outcome.fingerprint, format!("{store:?}"))
    };
    assert!(told(&mut ()) == told(&mut Looker(0)));
}

/// A store over regions that are partitions of their own: the same for every number of threads.
#[test]
fn threads_change_nothing() {
    let mut store = Store { regions: 3, each: 20, ..Store::new(Level::LocalQuorum, Level::LocalQuorum) };
    store.replication = Replication { repair: 0.5, hints: Some(500.0), keys: 1_000, ..store.replication };
    store.replication.skew = 0.9;
    let mut build = store.loaded(900.0, 900.0);
    build.model.network = Network {
        cross_region: Link { latency: Some(Law::Sum(vec![constant(10.0), exp_ms(5.0)])) },
        ..Network::cloud()
    };
    let model = build.seal();
    let scenario = lose(Trouble::LoseRegion(RegionId(1)), 1, 2);
    let told = |threads| {
        let config = RunConfig { threads, scenario: Some(&scenario), ..config(14, 8) };
        let outcome = run(&model, &config, &mut ());
        assert!(outcome.partitions > 1, "the model is meant to split");
        let (store, reads, _) = only(&outcome);
        assert!(store.hints_replayed > 0 && reads.stale > 0, "{store:?}");
        format!("{} {store:?}", outcome.fingerprint)
    };
    assert_eq!(told(1), told(2));
}
