//! Settings that a scenario changes: what is set holds, while it is on, and what was on before it comes back.

use std::collections::BTreeMap;

use tarsier_engine::{Outcome, RunConfig, SecondRow, SeriesSubject, run};
use tarsier_model::{
    Arrivals, Balance, Breaker, BreakerWindow, Bucket, Budget, CallPolicy, Demand, EndpointId, ErrorKind,
    Happening, Party, PolicyChange, Retry, Scenario, SealedModel, ServiceId, Setting, Step, Target, Trip,
    Trouble, WorkloadId, ZoneId,
};
use tarsier_random::Stream;
use tarsier_testkit::markov::Mmk;
use tarsier_units::{Id, Span};

use crate::sameness::{Swarm, projection};
use crate::support::{Build, all_of, close, config, constant, mean_ms, open, retry, with, work_ms};
use crate::troubles::{Notes, scenario};

fn set(setting: Setting) -> Trouble {
    Trouble::Set(Box::new(setting))
}

fn workers(workers: Option<u32>) -> Trouble {
    set(Setting::Service { service: ServiceId(0), instances: None, workers: Some(workers), queue: None })
}

/// What `front` does about its calls of `back`.
fn calls(policy: PolicyChange) -> Trouble {
    let from = Party::Endpoint(EndpointId(0));
    set(Setting::Calls { from, to: ServiceId(1), endpoint: None, policy })
}

fn timeout(milliseconds: u64) -> PolicyChange {
    PolicyChange { timeout: Some(Some(Span::from_millis(milliseconds))), ..PolicyChange::default() }
}

fn retries(retry: Retry) -> PolicyChange {
    PolicyChange { retry: Some(Some(retry)), ..PolicyChange::default() }
}

/// By second, of one subject.
fn seconds(model: &SealedModel, scenario: &Scenario, subject: SeriesSubject) -> (Outcome, Vec<SecondRow>) {
    let mut notes = Notes::default();
    let config = RunConfig { scenario: Some(scenario), series: true, ..config(100, 4) };
    let outcome = run(model, &config, &mut notes);
    let rows = notes.rows.into_iter().filter(|row| row.subject == subject).collect();
    (outcome, rows)
}

fn sum(rows: &[SecondRow], from: usize, to: usize, of: impl Fn(&SecondRow) -> u64) -> u64 {
    rows[from..to].iter().map(of).sum()
}

/// One worker, and then three: M/M/1 becomes M/M/3 and M/M/1 again.
#[test]
fn more_workers_make_another_queue() {
    let station = |n| {
        let one = move |service: &mut tarsier_model::Service| (service.cores, service.workers) = (8, Some(n));
        Build::new().service("s", vec![work_ms(10.0)], one).workload(
            "w",
            0,
            open(80.0),
            CallPolicy::default(),
        )
    };
    let mean = |build: Build, happens: Vec<(u64, Option<u64>, Trouble)>| {
        mean_ms(&build.run_with(4_000, 11, &scenario(happens)).workloads[0].latency)
    };
    let response = |servers| 1_000.0 * Mmk { arrival: 80.0, service: 100.0, servers }.sojourn();
    let [one, three] = [1, 3].map(response);
    close("from the start", mean(station(1), Vec::new()), one, 0.05);
    close("set to three", mean(station(1), vec![(0, None, workers(Some(3)))]), three, 0.02);
    close("set to one", mean(station(3), vec![(0, None, workers(Some(1)))]), one, 0.06);
    let half = mean(station(1), vec![(1_000, Some(2_000), workers(Some(3)))]);
    close("for half of the time", half, (one + three) / 2.0, 0.05);
    let unlimited = station(1).run_with(9, 11, &scenario(vec![(1, Some(1), workers(None))]));
    assert_eq!(unlimited.services[0].workers_busy, None, "of how many, for a second?");
}

/// Who serves when workers are taken away serves on, and nobody is served in his place.
#[test]
fn workers_that_are_taken_away_end_what_they_do() {
    let ten = |service: &mut tarsier_model::Service| service.workers = Some(10);
    let regular =
        Demand::Open { rate: vec![(Span::ZERO, 10.0)], arrivals: Arrivals::Regular, steps: Vec::new() };
    // Ten a second, each for a second: ten are there. With five for ten seconds, half of the requests wait.
    let model = Build::new()
        .service("s", vec![Step::Wait(constant(999.0))], ten)
        .workload("w", 0, regular, CallPolicy::default())
        .seal();
    let five = scenario(vec![(20, Some(10), workers(Some(5)))]);
    let (outcome, rows) = seconds(&model, &five, SeriesSubject::Service(0));
    assert_eq!(sum(&rows, 0, 20, |row| row.completed), 200);
    // Those that were there when it began end; then five a second.
    assert!((9..=10).contains(&sum(&rows, 20, 21, |row| row.completed)));
    let limited = sum(&rows, 21, 30, |row| row.completed);
    assert!((40..=45).contains(&limited), "{limited}");
    assert_eq!(outcome.services[0].errors, 0);
    // Ten workers for 90 seconds, five for ten, all of which work, and at first some that were taken away.
    let busy = outcome.services[0].workers_busy.expect("workers are limited");
    assert!((0.985..=1.01).contains(&busy), "{busy}");
}

#[test]
fn a_shorter_queue_refuses_whom_it_has_no_place_for() {
    let one = |service: &mut tarsier_model::Service| service.workers = Some(1);
    let model = Build::new().service("s", vec![work_ms(20.0)], one).open("w", 100.0, 0).seal();
    let queue = |queue| {
        set(Setting::Service { service: ServiceId(0), instances: None, workers: None, queue: Some(queue) })
    };
    let happens = scenario(vec![(0, None, queue(Some(3))), (50, None, queue(Some(0)))]);
    let (_, rows) = seconds(&model, &happens, SeriesSubject::Service(0));
    // M/M/1/K: the share that is refused, with places for four and then for one.
    let refused = |from, to| {
        sum(&rows, from, to, |row| row.refused) as f64 / sum(&rows, from, to, |row| row.requests) as f64
    };
    let load: f64 = 2.0;
    let share = |k: i32| (1.0 - load) * load.powi(k) / (1.0 - load.powi(k + 1));
    close("three may wait", refused(20, 50), share(4), 0.06);
    close("nobody may wait", refused(50, 100), share(1), 0.06);
}

fn front_and_back(policy: CallPolicy, back_ms: f64) -> SealedModel {
    let regular =
        Demand::Open { rate: vec![(Span::ZERO, 100.0)], arrivals: Arrivals::Regular, steps: Vec::new() };
    Build::new()
        .service("front", vec![Step::Call(with(policy, 1))], |_| {})
        .service("back", vec![Step::Wait(constant(back_ms))], |_| {})
        .workload("w", 0, regular, CallPolicy::default())
        .seal()
}

/// An attempt keeps the bound that it was sent with.
#[test]
fn timeouts_hold_for_what_is_sent_while_they_are_set() {
    for policy in
        [CallPolicy::default(), CallPolicy { timeout: Some(Span::from_millis(900)), ..CallPolicy::default() }]
    {
        let model = front_and_back(policy, 500.0);
        let shorter =
            scenario(vec![(20, Some(10), calls(timeout(300))), (50, Some(10), calls(timeout(700)))]);
        let (outcome, rows) = seconds(&model, &shorter, SeriesSubject::Call(0));
        assert_eq!(outcome.calls[0].timeouts, 1_000, "all that is sent in ten seconds");
        assert_eq!(sum(&rows, 20, 31, |row| row.timeouts.unwrap_or(0)), 1_000);
    }
    let none = PolicyChange { timeout: Some(None), ..PolicyChange::default() };
    let model =
        front_and_back(CallPolicy { timeout: Some(Span::from_millis(300)), ..CallPolicy::default() }, 500.0);
    let (outcome, _) = seconds(&model, &scenario(vec![(20, Some(30), calls(none))]), SeriesSubject::Call(0));
    assert_eq!(outcome.calls[0].completed, 3_000);
}

/// What begins later is on top, whichever ends first.
#[test]
fn settings_lie_on_each_other() {
    let model = front_and_back(CallPolicy::default(), 500.0);
    let happens = scenario(vec![
        (10, Some(40), calls(timeout(300))),
        (20, Some(10), calls(timeout(700))),
        (25, Some(45), { calls(timeout(600)) }),
    ]);
    let (outcome, rows) = seconds(&model, &happens, SeriesSubject::Call(0));
    assert_eq!(outcome.calls[0].timeouts, 1_000);
    assert_eq!(sum(&rows, 10, 21, |row| row.timeouts.unwrap_or(0)), 1_000);
}

fn all_fail(at: u64, lasts: u64) -> (u64, Option<u64>, Trouble) {
    (at, Some(lasts), Trouble::Error { target: all_of(1), share: 1.0, kind: ErrorKind::Error })
}

#[test]
fn retries_are_as_many_as_set() {
    let model = front_and_back(CallPolicy::default(), 1.0);
    let budget = Some(Budget::Bucket(Bucket::share(0.1)));
    let happens = scenario(vec![
        all_fail(0, 90),
        (20, Some(10), calls(retries(retry(2)))),
        (50, Some(10), calls(retries(Retry { budget, ..retry(2) }))),
    ]);
    let (outcome, rows) = seconds(&model, &happens, SeriesSubject::Call(0));
    let attempts = |from, to| sum(&rows, from, to, |row| row.attempts.unwrap_or(0));
    assert_eq!(attempts(20, 30), 3_000);
    assert_eq!(attempts(30, 50), 2_000);
    let within_budget = attempts(50, 60);
    assert!((1_098..=1_100).contains(&within_budget), "a tenth of the requests: {within_budget}");
    assert_eq!(outcome.calls[0].retries, 2_000 + within_budget - 1_000);
}

/// Retries in flight are bounded by a share of what is in flight, also of what was when the budget came.
#[test]
fn a_new_budget_knows_what_is_under_way() {
    let model = front_and_back(
        CallPolicy { timeout: Some(Span::from_millis(900)), ..CallPolicy::default() },
        1_000.0,
    );
    let budget = Some(Budget::Concurrent { share: 0.2, least: 0 });
    let happens = scenario(vec![(20, None, calls(retries(Retry { budget, ..retry(1) })))]);
    let (_, rows) = seconds(&model, &happens, SeriesSubject::Call(0));
    // 90 are in flight when it comes, and with r on a retry 90 + r: r = 0.2 (90 + r), so 22 go at once; when these
    // end after 0.9 s, others come in their place.
    let first = sum(&rows, 20, 21, |row| row.attempts.unwrap_or(0)) - 100;
    assert!((30..=34).contains(&first), "{first} in the first second");
    let each = sum(&rows, 40, 90, |row| row.attempts.unwrap_or(0) - 100) as f64 / 50.0;
    close("retries a second", each, 22.5 / 0.9, 0.08);
}

/// The only instance near by is a black hole: until retries go elsewhere, they all end there.
#[test]
fn retries_go_elsewhere_from_then_on() {
    let everywhere = |service: &mut tarsier_model::Service| {
        (service.instances, service.cores) = ((0..3).map(ZoneId).collect(), 1_000);
    };
    let bound = Some(Span::from_millis(100));
    let near = CallPolicy { timeout: bound, balance: Balance::ZoneAware, ..CallPolicy::default() };
    let front = vec![Step::Call(with(CallPolicy { retry: Some(retry(1)), ..near }, 1))];
    let mut build = Build::new().service("front", front, everywhere);
    crate::sameness::zones(&mut build.model, 1, 3);
    let model = build.service("back", vec![Step::Wait(constant(1.0))], everywhere).open("w", 90.0, 0).seal();
    let target = Target { zone: Some(ZoneId(0)), ..all_of(1) };
    let happens = scenario(vec![
        (0, None, Trouble::Kill { target, silent: true }),
        (50, Some(40), calls(retries(Retry { elsewhere: true, ..retry(1) }))),
    ]);
    let (_, rows) = seconds(&model, &happens, SeriesSubject::Call(0));
    let failed = |from, to| sum(&rows, from, to, |row| row.errors);
    assert!(failed(1, 50) > 1_000, "a third of 90 a second: {}", failed(1, 50));
    assert_eq!(failed(51, 90), 0);
    assert!(failed(91, 100) > 200);
}

#[test]
fn a_breaker_comes_and_goes() {
    let model = front_and_back(CallPolicy::default(), 1.0);
    let breaker = Breaker {
        trip: Trip { share: Some(0.5), ..Trip::default() },
        window: BreakerWindow::Time(Span::from_secs(1)),
        least: 20,
        open: Span::from_secs(1_000),
        probes: 1,
    };
    let on = PolicyChange { breaker: Some(Some(breaker)), ..PolicyChange::default() };
    let happens = scenario(vec![all_fail(10, 50), (20, Some(10), calls(on))]);
    let (_, rows) = seconds(&model, &happens, SeriesSubject::Call(0));
    let rejected = |from, to| sum(&rows, from, to, |row| row.rejected.unwrap_or(0));
    assert_eq!((rejected(0, 20), rejected(20, 30), rejected(30, 100)), (0, 980, 0));
    assert_eq!(sum(&rows, 60, 100, |row| row.completed), 4_000);
}

/// Settings as the model has them.
fn as_it_is(model: &SealedModel) -> Vec<Setting> {
    let mut settings: Vec<Setting> = (model.services.entries())
        .map(|(service, it)| Setting::Service {
            service,
            instances: it.replication.is_none().then_some(it.instances.len() as u32),
            workers: Some(it.workers),
            queue: Some(it.queue),
        })
        .collect();
    let whole = |policy: &CallPolicy| PolicyChange {
        timeout: Some(policy.timeout),
        retry: Some(policy.retry.clone()),
        breaker: Some(policy.breaker),
    };
    let mut by_pair: BTreeMap<(EndpointId, EndpointId), Vec<PolicyChange>> = BTreeMap::new();
    for (id, endpoint) in model.endpoints.entries() {
        for call in endpoint.calls() {
            by_pair.entry((id, call.to)).or_default().push(whole(&call.policy));
        }
    }
    for ((from, to), policies) in by_pair {
        // Two steps that call the same are set together.
        if policies.iter().all(|policy| *policy == policies[0]) {
            let (from, policy) = (Party::Endpoint(from), policies[0].clone());
            settings.push(Setting::Calls {
                from,
                to: model.endpoints[to].service,
                endpoint: Some(to),
                policy,
            });
        }
    }
    settings.extend(
        (model.workloads.entries())
            .map(|(workload, it)| Setting::Users { workload, policy: whole(&it.policy) }),
    );
    settings
}

fn numbers(outcome: &Outcome) -> String {
    projection(&Outcome { timeline: Vec::new(), ..outcome.clone() })
}

#[test]
fn what_is_set_as_it_is_changes_nothing() {
    for seed in 0..100 {
        let model = Swarm::new(seed).model();
        let happening = |setting| Happening {
            at: Span::from_millis(700),
            lasts: Some(Span::from_millis(400)),
            trouble: set(setting),
        };
        let happenings = as_it_is(&model).into_iter().map(happening).collect();
        let scenario = Scenario { name: "as it is".into(), happenings };
        let nothing = Scenario { name: "nothing".into(), happenings: Vec::new() };
        let [with, without] = [&scenario, &nothing]
            .map(|it| run(&model, &RunConfig { scenario: Some(it), ..config(2, seed) }, &mut ()));
        assert_eq!(numbers(&with), numbers(&without), "seed {seed}");
    }
}

/// Set at the very start, it is as if the file said so.
#[test]
fn what_is_set_at_once_might_as_well_stand_in_the_file() {
    let budget = Some(Budget::Bucket(Bucket::share(0.1)));
    let bound = Some(Span::from_millis(4));
    let careful =
        CallPolicy { timeout: bound, retry: Some(Retry { budget, ..retry(2) }), ..CallPolicy::default() };
    let outcome = |policy: CallPolicy, (instances, workers), settings: &[Setting]| {
        let back = move |service: &mut tarsier_model::Service| {
            (service.instances, service.workers) = (vec![ZoneId(0); instances], workers);
        };
        let model = Build::new()
            .service("front", vec![Step::Call(with(policy, 1))], |_| {})
            .service("back", vec![work_ms(2.0)], back)
            .open("w", 300.0, 0)
            .seal();
        let happens = scenario(settings.iter().map(|it| (0, None, set(it.clone()))).collect());
        let config = RunConfig { warmup: Span::ZERO, scenario: Some(&happens), ..config(20, 8) };
        run(&model, &config, &mut ())
    };
    let policy =
        PolicyChange { timeout: Some(bound), retry: Some(careful.retry.clone()), ..PolicyChange::default() };
    let from = Party::Service(ServiceId(0));
    let settings = [
        Setting::Service { service: ServiceId(1), instances: Some(3), workers: Some(Some(1)), queue: None },
        Setting::Calls { from, to: ServiceId(1), endpoint: None, policy },
    ];
    let written = outcome(careful, (3, Some(1)), &[]);
    let set = outcome(CallPolicy::default(), (2, Some(9)), &settings);
    assert!(written.calls[0].timeouts > 500 && written.calls[0].retries > 100);
    assert_eq!(numbers(&set), numbers(&written));
}

/// Any other setting of a model.
fn random_setting(stream: &mut Stream, model: &SealedModel) -> Setting {
    let all = as_it_is(model);
    let mut setting = all[stream.below(all.len() as u32) as usize].clone();
    match &mut setting {
        Setting::Service { instances, workers, queue, .. } => {
            *instances = instances.map(|_| 1 + stream.below(7));
            *workers = Some(stream.chance(0.7).then(|| 1 + stream.below(6)));
            *queue = Some(stream.chance(0.5).then(|| stream.below(5)));
        }
        Setting::Calls { policy, .. } | Setting::Users { policy, .. } => {
            let millis = |n| Span::from_millis(u64::from(n));
            policy.timeout = Some(stream.chance(0.7).then(|| millis(1 + stream.below(20))));
            let share = Budget::Concurrent { share: 0.2, least: 1 };
            let budget = [None, Some(Budget::Bucket(Bucket::share(0.2))), Some(share)];
            let budget = budget[stream.below(3) as usize];
            let some = Retry { budget, elsewhere: stream.chance(0.3), ..retry(stream.below(3)) };
            policy.retry = Some(stream.chance(0.7).then_some(some));
            let breaker = Breaker {
                trip: Trip { consecutive: Some(1 + stream.below(4)), ..Trip::default() },
                window: BreakerWindow::Calls(10),
                least: 1,
                open: millis(1 + stream.below(100)),
                probes: 1,
            };
            policy.breaker = Some(stream.chance(0.5).then_some(breaker));
        }
    }
    setting
}

/// The identities are asserted at the end of every run.
#[test]
fn random_models_are_set_at_random() {
    for seed in 0..300 {
        let mut swarm = Swarm::new(seed);
        let (model, mut scenario) = (swarm.model(), swarm.scenario());
        let stream = &mut Stream::named(seed, &["settings"], &[]);
        for _ in 0..1 + stream.below(6) {
            let at = Span::from_millis(u64::from(stream.below(1_500)));
            let lasts = stream.chance(0.5).then(|| Span::from_millis(u64::from(1 + stream.below(800))));
            let trouble = set(random_setting(stream, &model));
            scenario.happenings.push(Happening { at, lasts, trouble });
        }
        println!("seed {seed}");
        let config = RunConfig { scenario: Some(&scenario), ..config(2, seed) };
        let one = run(&model, &config, &mut ());
        if one.partitions > 1 {
            let two = run(&model, &RunConfig { threads: 2, ..config }, &mut ());
            assert_eq!(projection(&one), projection(&two), "seed {seed}");
        }
    }
}

/// Users are callers too.
#[test]
fn users_are_set_as_well() {
    let model = front_and_back(CallPolicy::default(), 1.0);
    let users = set(Setting::Users { workload: WorkloadId(0), policy: retries(retry(1)) });
    let happens = scenario(vec![all_fail(0, 100), (20, Some(10), users)]);
    let (outcome, _) = seconds(&model, &happens, SeriesSubject::Workload(WorkloadId(0).index()));
    assert_eq!(outcome.workloads[0].retries, 1_000);
}
