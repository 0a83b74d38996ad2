//! The same model and seed give the same run, whatever the threads; random models keep their accounts.

use tarsier_engine::{Outcome, RunConfig, run};
use tarsier_model::{
    Backoff, Balance, Branch, Breaker, BreakerWindow, Bucket, Budget, Bulkhead, BulkheadFrom, Call,
    CallMatch, CallPolicy, Chaos, ChaosScale, Codel, Connect, ConnectCost, Connections, Deadline, Discovery,
    Enforce, ErrorKind, Failures, Group, Happening, HealthCheck, Hedge, HedgeDelay, Jitter, Limit, LimitKind,
    Link, Lock, Member, Network, Order, Outlier, Party, Place, Priority, Protection, RateLimit, Region,
    RegionId, Retry, Rule, Scenario, Scheduling, SealedModel, Segmentation, ServiceId, Shed, Step, Target,
    Throttle, Trip, Trouble, Verdict, Zone, ZoneId,
};
use tarsier_random::{Law, Stream};
use tarsier_units::{IdVec, Span};

use crate::support::{BALANCES, Build, call, config, exp_ms, ms, open, work_ms};

/// Everything in an outcome that a person could see, as text.
pub(crate) fn projection(outcome: &Outcome) -> String {
    let workloads: Vec<_> = (outcome.workloads.iter())
        .map(|w| (w.requests, w.completed, w.errors, w.latency.summary(), format!("{:?}", w.why)))
        .collect();
    let services: Vec<_> = (outcome.services.iter())
        .map(|s| {
            (s.arrivals, s.completed, s.refused, s.utilization, s.queue_length_mean, s.latency.summary())
        })
        .collect();
    let calls: Vec<_> =
        outcome.calls.iter().map(|c| (c.requests, c.attempts, c.timeouts, c.errors, c.rejected)).collect();
    let events = &outcome.timeline;
    format!("{} {} {workloads:?} {services:?} {calls:?} {events:?}", outcome.events, outcome.fingerprint)
}

pub(crate) fn zones(model: &mut tarsier_model::Model, n_regions: u32, n_zones: u32) {
    model.regions = (0..n_regions).map(|n| Region { name: format!("r{n}") }).collect();
    model.zones = (0..n_regions * n_zones)
        .map(|n| Zone { name: format!("z{n}"), region: RegionId(n / n_zones) })
        .collect::<IdVec<_, _>>();
}

/// A model of several regions that splits into partitions.
pub(crate) fn wide(n_regions: u32, instances_each: u32) -> SealedModel {
    let everywhere = move |service: &mut tarsier_model::Service| {
        service.instances = (0..n_regions * instances_each).map(|n| ZoneId(n % n_regions)).collect();
        service.cores = 2;
    };
    let near = CallPolicy {
        balance: Balance::ZoneAware,
        timeout: Some(Span::from_millis(50)),
        ..CallPolicy::default()
    };
    let retry = Retry {
        attempts: 1,
        on: Failures::ALL,
        backoff: None,
        jitter: Jitter::None,
        budget: None,
        elsewhere: true,
    };
    let far = CallPolicy { retry: Some(retry), balance: Balance::PowerOfTwo, ..near.clone() };
    let near = Step::Call(Call { policy: Box::new(near), ..call(1) });
    let far = Step::Maybe { share: 0.2, steps: vec![Step::Call(Call { policy: Box::new(far), ..call(2) })] };
    let mut build = Build::new()
        .service("front", vec![work_ms(1.0), near, far], everywhere)
        .service("middle", vec![work_ms(2.0), Step::Publish(call(2))], everywhere)
        .service("back", vec![work_ms(1.0)], everywhere);
    zones(&mut build.model, n_regions, 1);
    build.model.network = Network {
        cross_region: Link { latency: Some(Law::Sum(vec![Law::Constant(ms(1.0)), exp_ms(20.0)])) },
        ..Network::cloud()
    };
    build.open("users", f64::from(n_regions * instances_each) * 500.0, 0).seal()
}

#[test]
fn threads_change_nothing() {
    let model = wide(8, 30);
    let outcomes: Vec<Outcome> =
        (1..=3).map(|threads| run(&model, &RunConfig { threads, ..config(1, 5) }, &mut ())).collect();
    assert!(outcomes[0].partitions > 1, "the model is meant to split");
    assert!(outcomes[0].calls.iter().any(|calls| calls.timeouts > 0), "bounds are meant to fire");
    for outcome in &outcomes[1..] {
        assert_eq!(projection(outcome), projection(&outcomes[0]));
    }
}

/// Two regions far apart are two partitions; the way between two close zones stays as short as it is.
#[test]
fn splitting_regions_leaves_the_zones_alone() {
    let policy = CallPolicy { balance: Balance::ZoneAware, ..CallPolicy::default() };
    let in_zones = |zones: &'static [u32]| {
        move |service: &mut tarsier_model::Service| {
            service.instances = (0..200).map(|n| ZoneId(zones[n % zones.len()])).collect();
        }
    };
    let mut build = Build::new()
        .service("front", vec![Step::Call(Call { policy: Box::new(policy), ..call(1) })], in_zones(&[0, 2]))
        .service("back", vec![Step::Wait(Law::Constant(ms(1.0)))], in_zones(&[1, 3]));
    zones(&mut build.model, 2, 2);
    let constant = |milliseconds| Link { latency: Some(Law::Constant(ms(milliseconds))) };
    build.model.network =
        Network { cross_zone: constant(0.05), cross_region: constant(30.0), ..Network::none() };
    let outcome = build.open("users", 1_000.0, 0).run(10, 1);
    assert_eq!(outcome.partitions, 2, "the model is meant to split");
    crate::support::close(
        "there and back",
        crate::support::mean_ms(&outcome.workloads[0].latency),
        1.1,
        1e-9,
    );
}

#[test]
fn seeds_and_replications_change_everything() {
    let model = wide(1, 10);
    let base = config(1, 5);
    let first = run(&model, &base, &mut ());
    let again = run(&model, &base, &mut ());
    assert_eq!(projection(&first), projection(&again));
    let other_seed = run(&model, &RunConfig { seed: 6, ..base.clone() }, &mut ());
    let other_run = run(&model, &RunConfig { replication: 1, ..base }, &mut ());
    assert_ne!(first.fingerprint, other_seed.fingerprint);
    assert_ne!(first.fingerprint, other_run.fingerprint);
}

/// Adding a service that others do not touch shifts no number of theirs.
#[test]
fn a_new_neighbour_shifts_nothing() {
    let alone = || Build::new().service("s", vec![work_ms(10.0)], |_| {}).open("w", 80.0, 0);
    let one = alone().run(100, 3);
    let two = alone().service("other", vec![work_ms(1.0)], |_| {}).open("v", 50.0, 1).run(100, 3);
    assert_eq!(one.workloads[0].latency.summary(), two.workloads[0].latency.summary());
}

/// Draws whole models from a seed, biased to trouble.
pub(crate) struct Swarm {
    stream: Stream,
    n_services: u32,
}

impl Swarm {
    pub(crate) fn new(seed: u64) -> Swarm {
        Swarm { stream: Stream::named(seed, &["swarm"], &[]), n_services: 0 }
    }

    fn coin(&mut self) -> bool {
        self.stream.chance(0.5)
    }

    fn below(&mut self, n: u32) -> u32 {
        self.stream.below(n)
    }

    fn law(&mut self) -> Law {
        match self.below(4) {
            0 => Law::Constant(0.0),
            1 => Law::Constant(ms(1.0)),
            _ => exp_ms(0.5),
        }
    }

    fn policy(&mut self) -> CallPolicy {
        let retry = self.retry();
        CallPolicy {
            timeout: self.coin().then(|| Span::from_micros(u64::from(1 + self.stream.below(20_000)))),
            retry: self.coin().then_some(retry),
            balance: BALANCES[self.below(8) as usize],
            connections: self
                .coin()
                .then(|| Connections { max: 1 + self.stream.below(4), requests_each: Some(1) }),
            breaker: self.stream.chance(0.3).then(|| self.breaker()),
            throttle: self.stream.chance(0.3).then(|| Throttle {
                factor: 1.0 + self.stream.unit(),
                window: Span::from_millis(u64::from(1 + self.stream.below(500))),
            }),
            deadline: self.stream.chance(0.3).then(|| self.deadline()),
            cancel: self.stream.chance(0.3),
            hedge: self.stream.chance(0.3).then(|| self.hedge()),
            outlier: self.stream.chance(0.3).then(|| self.outlier()),
            connect: self.stream.chance(0.3).then(|| self.connect()),
            subset: self.stream.chance(0.3).then(|| 1 + self.stream.below(10)),
            priority: self.coin().then(|| {
                [Priority::Sheddable, Priority::Normal, Priority::Critical][self.stream.below(3) as usize]
            }),
        }
    }

    fn outlier(&mut self) -> Outlier {
        let milliseconds = |n: u32| Span::from_millis(u64::from(n));
        Outlier {
            consecutive: self.coin().then(|| 1 + self.stream.below(5)),
            deviations: self.coin().then_some(1.0),
            failures: self.coin().then_some(0.3),
            volume: self.below(10),
            hosts: self.below(5),
            interval: milliseconds(1 + self.below(200)),
            base: milliseconds(self.below(300)),
            max: milliseconds(500),
            ejected: self.stream.unit(),
            panic: self.stream.unit(),
        }
    }

    fn connect(&mut self) -> Connect {
        let cost =
            if self.coin() { ConnectCost::RoundTrips(self.below(4)) } else { ConnectCost::Time(self.law()) };
        Connect {
            timeout: self.coin().then(|| Span::from_micros(u64::from(1 + self.stream.below(10_000)))),
            cost,
            keep: self.coin().then(|| Span::from_millis(u64::from(self.stream.below(100)))),
        }
    }

    fn hedge(&mut self) -> Hedge {
        let after = if self.coin() {
            HedgeDelay::Fixed(Span::from_micros(u64::from(self.stream.below(5_000))))
        } else {
            HedgeDelay::Quantile(0.5 + 0.5 * self.stream.unit())
        };
        Hedge { after, budget: self.coin().then_some(0.2), most: 1 + self.below(2) }
    }

    fn deadline(&mut self) -> Deadline {
        let after = Span::from_micros(u64::from(1 + self.stream.below(30_000)));
        Deadline { after, propagate: self.coin() }
    }

    fn retry(&mut self) -> Retry {
        let jitters = [Jitter::None, Jitter::Full, Jitter::Equal, Jitter::Decorrelated, Jitter::Spread(0.2)];
        Retry {
            attempts: self.below(3),
            on: Failures { error: self.coin(), ..Failures::ALL },
            backoff: self.coin().then(|| Backoff { base: Span::from_millis(2), factor: 2.0, max: None }),
            jitter: jitters[self.below(5) as usize],
            budget: self.coin().then(|| self.budget()),
            elsewhere: self.coin(),
        }
    }

    fn budget(&mut self) -> Budget {
        let share = Bucket::share(0.2);
        match self.below(5) {
            0 => Budget::Bucket(share),
            1 => Budget::Bucket(Bucket { per_second: 10.0, ..share }),
            2 => Budget::Bucket(Bucket {
                start: 10.0,
                per_success: 0.1,
                per_failure: 1.0,
                cost: 0.0,
                timeout_cost: 0.0,
                above: 5.0,
                ..share
            }),
            3 => Budget::Bucket(Bucket {
                start: 50.0,
                most: 50.0,
                cost: 5.0,
                refund: 5.0,
                timeout_refund: 5.0,
                ..share
            }),
            _ => Budget::Concurrent { share: 0.2, least: self.below(4) },
        }
    }

    fn breaker(&mut self) -> Breaker {
        let trip = match self.below(3) {
            0 => Trip { share: Some(0.3), ..Trip::default() },
            1 => Trip { count: Some(1 + self.below(20)), ..Trip::default() },
            _ => Trip { consecutive: Some(1 + self.below(5)), ..Trip::default() },
        };
        let window = if self.coin() {
            BreakerWindow::Time(Span::from_millis(200))
        } else {
            BreakerWindow::Calls(1 + self.below(100))
        };
        let open = Span::from_millis(u64::from(1 + self.stream.below(300)));
        Breaker { trip, window, least: self.below(20), open, probes: 1 + self.below(3) }
    }

    fn protection(&mut self) -> Protection {
        let kind = match self.below(4) {
            0 => LimitKind::Fixed,
            1 => LimitKind::Aimd { timeout: Span::from_millis(5), backoff: 0.9 },
            2 => LimitKind::Gradient { tolerance: 1.5, smoothing: 0.2, queue: 4.0, long_window: 100 },
            _ => LimitKind::Vegas { smoothing: 1.0 },
        };
        let window = self.coin().then_some(Span::from_millis(100));
        let limit = Limit { start: 5.0, min: 1.0, max: 50.0, kind, window };
        let codel = Codel { target: Span::from_millis(1), interval: Span::from_millis(10) };
        let from = [
            BulkheadFrom::Others,
            BulkheadFrom::Users,
            BulkheadFrom::Service(ServiceId(self.below(self.n_services))),
        ];
        let bulkheads = from.map(|from| Bulkhead { from, most: 1 + self.below(4) });
        Protection {
            order: if self.coin() { Order::Lifo } else { Order::Fifo },
            codel: self.coin().then_some(codel),
            limit: self.coin().then_some(limit),
            rate_limit: self.stream.chance(0.2).then_some(RateLimit { per_second: 50.0, burst: 5.0 }),
            shed: self.coin().then_some(Shed { sheddable: 0.5, normal: 0.8 }),
            bulkheads: if self.coin() { bulkheads.to_vec() } else { Vec::new() },
        }
    }

    /// A call to a service further down, so that nothing is endless.
    fn call(&mut self, from: u32) -> Option<Call> {
        let below = self.n_services - from - 1;
        if below == 0 {
            return None;
        }
        let to = from + 1 + self.below(below);
        let fallback = if self.coin() { Some(vec![Step::Work(self.law())]) } else { None };
        Some(Call {
            policy: Box::new(self.policy()),
            optional: self.coin(),
            fallback,
            request_bytes: 1_000,
            ..call(to)
        })
    }

    fn steps(&mut self, from: u32, depth: u32) -> Vec<Step> {
        (0..1 + self.below(3)).map(|_| self.step(from, depth)).collect()
    }

    fn step(&mut self, from: u32, depth: u32) -> Step {
        let nested = if depth < 2 { 12 } else { 5 };
        match self.below(nested) {
            0 => Step::Wait(self.law()),
            1 => Step::Fail(0.05),
            2 | 3 => self.call(from).map_or(Step::Work(Law::Constant(0.0)), Step::Call),
            5 => self.call(from).map_or(Step::Fail(0.0), Step::Publish),
            6 => {
                let branches: Vec<Branch> = (0..1 + self.below(3))
                    .map(|_| Branch { times: 1 + self.below(2), steps: self.steps(from, depth + 1) })
                    .collect();
                let n: u32 = branches.iter().map(|branch| branch.times).sum();
                Step::Parallel { branches, need: 1 + self.below(n) }
            }
            7 => Step::Choose(vec![(0.3, self.steps(from, depth + 1)), (0.7, Vec::new())]),
            8 => Step::Repeat { times: 2, steps: self.steps(from, depth + 1) },
            9 => match (self.call(from), self.call(from)) {
                (Some(ask), fill) => Step::Cache { ask, hit: 0.5, miss: self.steps(from, depth + 1), fill },
                _ => Step::Work(self.law()),
            },
            10 => Step::Lock { lock: self.below(2), steps: self.steps(from, depth + 1) },
            11 => {
                let retry = self.coin().then(|| self.retry());
                Step::Conflict { lock: self.below(2), steps: self.steps(from, depth + 1), retry }
            }
            _ => Step::Work(self.law()),
        }
    }

    pub(crate) fn model(&mut self) -> SealedModel {
        self.n_services = 1 + self.below(5);
        let (n_regions, n_zones) = (1 + self.below(3), 1 + self.below(2));
        let mut build = Build::new();
        for service in 0..self.n_services {
            let steps = self.steps(service, 0);
            let most = if self.stream.chance(0.3) { 90 } else { 4 };
            let n_instances = 1 + self.below(most);
            let (cores, workers) = (1 + self.below(2), self.coin().then(|| 1 + self.stream.below(4)));
            let (discovery, health) = (self.discovery(), self.health());
            let (queue, shared) = (self.coin().then(|| self.stream.below(4)), self.stream.chance(0.3));
            let drag = if self.coin() { 0.1 } else { 0.0 };
            let protection = if self.coin() { self.protection() } else { Protection::default() };
            build = build.service(&format!("s{service}"), steps, |it| {
                it.instances = (0..n_instances).map(|n| ZoneId(n % (n_regions * n_zones))).collect();
                it.cores = cores;
                it.protection = protection;
                it.drag = drag;
                it.locks = [1, 3].map(|permits| Lock { name: "l".into(), permits }).to_vec();
                it.workers = workers;
                it.queue = queue;
                (it.discovery, it.health) = (discovery, health);
                it.scheduling = if shared { Scheduling::ProcessorSharing } else { Scheduling::Fifo };
            });
        }
        zones(&mut build.model, n_regions, n_zones);
        if self.coin() {
            build.model.network = Network { loss: 0.01, bandwidth: Some(1e6), ..Network::cloud() };
        }
        let policy = self.policy();
        build = build.workload("open", 0, open(300.0), policy);
        if self.coin() {
            build = build.closed("closed", 20, exp_ms(50.0), 0);
        }
        build.model.segmentation = self.stream.chance(0.2).then(|| self.segmentation(n_regions * n_zones));
        build.seal()
    }

    fn segmentation(&mut self, n_zones: u32) -> Segmentation {
        let members = [
            Member::Users,
            Member::Service(ServiceId(self.below(self.n_services))),
            Member::Zone(ZoneId(self.below(n_zones))),
        ];
        let mut end = || Some(self.stream.below(4)).filter(|group| *group < 3);
        let denied = Rule { from: end(), to: end(), verdict: Verdict::Deny };
        Segmentation {
            groups: members.map(|member| Group { name: String::new(), members: vec![member] }).to_vec(),
            rules: vec![denied],
            enforce: Enforce::Runtime,
            ..Segmentation::default()
        }
    }

    pub(crate) fn scenario(&mut self) -> Scenario {
        let happenings = (0..self.below(5))
            .map(|_| {
                let at = Span::from_millis(u64::from(self.stream.below(1_500)));
                let lasts = self.coin().then(|| Span::from_millis(u64::from(1 + self.stream.below(800))));
                Happening { at, lasts, trouble: self.trouble() }
            })
            .collect();
        Scenario { name: "swarm".into(), happenings }
    }

    fn trouble(&mut self) -> Trouble {
        let service = ServiceId(self.below(self.n_services));
        let count = self.coin().then(|| 1 + self.stream.below(2));
        let target = Target { count, ..Target::all(service) };
        match self.below(19) {
            0 => Trouble::Kill { target, silent: self.coin() },
            1 | 2 => Trouble::Pause { target },
            3 => Trouble::Slow { target, factor: 3.0 },
            4 => {
                let kinds = [ErrorKind::Error, ErrorKind::Refused, ErrorKind::Unreachable];
                Trouble::Error { target, share: 0.5, kind: kinds[self.below(3) as usize] }
            }
            5 => {
                if self.coin() {
                    Trouble::LoseZone(ZoneId(0))
                } else {
                    Trouble::LoseService(target)
                }
            }
            6 => Trouble::Load { workload: None, factor: if self.coin() { 3.0 } else { 0.0 } },
            7 | 8 => {
                let add = self.coin().then(|| exp_ms(5.0));
                Trouble::Delay { calls: self.calls(target), add, factor: 2.0 }
            }
            9 => Trouble::Loss { calls: self.calls(target), share: 0.3 },
            10 => {
                let [from, to] = [self.place(service), self.place(ServiceId(0))];
                Trouble::Partition { from, to, both: self.coin() }
            }
            11 => {
                let cold = self.coin().then(|| (Span::from_millis(200), 3.0));
                Trouble::Restart { target, down: Span::from_millis(300), cold }
            }
            12 | 13 => Trouble::Stall { target },
            14 => Trouble::Pin(service),
            15 => Trouble::Flush { service, refill: Span::from_millis(500) },
            16 => Trouble::Leak { target, factor: 4.0 },
            17 => Trouble::Freeze(service),
            _ => Trouble::Chaos(Chaos {
                scale: [ChaosScale::Instance, ChaosScale::Zone, ChaosScale::Region][self.below(3) as usize],
                per_second: 5.0,
                down: Span::from_millis(200),
                services: if self.coin() { vec![service] } else { Vec::new() },
                hours: None,
            }),
        }
    }

    fn calls(&mut self, target: Target) -> CallMatch {
        let service = target.service;
        match self.below(3) {
            0 => CallMatch::to(target),
            1 => CallMatch::To { target, endpoint: None, from: Some(Party::Service(ServiceId(0))) },
            _ => CallMatch::Link([self.place(service), self.place(service)]),
        }
    }

    fn place(&mut self, service: ServiceId) -> Place {
        [Place::Service(service), Place::Zone(ZoneId(0)), Place::Region(RegionId(0)), Place::Users]
            [self.below(4) as usize]
    }

    fn discovery(&mut self) -> Option<Discovery> {
        let ms = |n| Span::from_millis(n);
        match self.below(5) {
            0 => Some(Discovery::Registry { heartbeat: ms(100), ttl: ms(250), poll: ms(150) }),
            1 => Some(Discovery::Dns { ttl: ms(300) }),
            2 => Some(Discovery::Push { delay: ms(50) }),
            _ => None,
        }
    }

    fn health(&mut self) -> Option<HealthCheck> {
        let (every, timeout) = (Span::from_millis(100), Span::from_millis(30));
        let (unhealthy, healthy) = (1 + self.below(3), 1 + self.below(3));
        self.stream.chance(0.3).then_some(HealthCheck { every, timeout, unhealthy, healthy })
    }
}

/// The identities are asserted at the end of every run: here they are put to the test.
#[test]
fn random_models_keep_their_accounts() {
    for seed in 0..1_000 {
        let mut swarm = Swarm::new(seed);
        let model = swarm.model();
        let scenario = swarm.scenario();
        println!("seed {seed}");
        let config = RunConfig { scenario: Some(&scenario), ..config(2, seed) };
        let one = run(&model, &config, &mut ());
        if one.partitions > 1 || seed % 20 == 0 {
            let two = run(&model, &RunConfig { threads: 2, ..config }, &mut ());
            assert_eq!(projection(&one), projection(&two), "seed {seed}");
        }
    }
}
