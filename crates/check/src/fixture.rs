//! Models made by hand for the tests of this crate.

use tarsier_model::{
    Access, AccessKind, Arrivals, Branch, Call, CallPolicy, Demand, Endpoint, EndpointId, Failures, Jitter,
    Level, Model, Region, RegionId, Replication, Retry, SealedModel, Service, ServiceId, Step, Workload,
    Zone, ZoneId,
};
use tarsier_random::{Law, Stream};
use tarsier_units::Span;

use crate::examination::examine;
use crate::finding::FindingKind;

pub(crate) fn work_ms(mean: f64) -> Step {
    Step::Work(Law::Exp { mean: mean * 1e6 })
}

pub(crate) fn call(to: u32) -> Call {
    Call {
        to: EndpointId(to),
        policy: Box::default(),
        optional: false,
        fallback: None,
        request_bytes: 0,
        response_bytes: 0,
    }
}

pub(crate) fn call_step(to: u32) -> Step {
    Step::Call(call(to))
}

/// One service, with one core and one endpoint, for each list of steps; `users` send `rate` to the first.
pub(crate) fn model(rate: f64, services: &[(&str, Vec<Step>)]) -> Model {
    let service = |(n, (name, _)): (usize, &(&str, Vec<Step>))| Service {
        instances: vec![ZoneId(0)],
        endpoints: n as u32..n as u32 + 1,
        ..Service::named(name)
    };
    let endpoint = |(n, (_, steps)): (usize, &(&str, Vec<Step>))| Endpoint {
        service: ServiceId(n as u32),
        name: None,
        steps: steps.clone(),
    };
    let demand =
        Demand::Open { rate: vec![(Span::ZERO, rate)], arrivals: Arrivals::Poisson, steps: Vec::new() };
    Model {
        name: "test".to_owned(),
        regions: vec![Region { name: "here".to_owned() }].into(),
        zones: vec![Zone { name: "here/a".to_owned(), region: RegionId(0) }].into(),
        services: services.iter().enumerate().map(service).collect(),
        endpoints: services.iter().enumerate().map(endpoint).collect(),
        workloads: vec![Workload {
            name: "users".to_owned(),
            demand,
            mix: vec![(1.0, EndpointId(0))],
            from: vec![RegionId(0)],
            policy: CallPolicy::default(),
        }]
        .into(),
        ..Model::empty()
    }
}

/// Three copies in each of so many regions of three zones, on two instances a zone. Endpoint n coordinates access n, that
/// many further on are its replicas; `users` ask for the first.
pub(crate) fn store(accesses: &[(AccessKind, Level)], n_regions: u32) -> Model {
    let mut replication = Replication {
        factor: 3,
        keys: 1,
        skew: 0.0,
        asks_all: false,
        repair: 1.0,
        hints: None,
        accesses: Vec::new(),
    };
    let n = accesses.len() as u32;
    let mut model = model(1.0, &[("store", Vec::new())]);
    model.endpoints = (0..2 * n)
        .map(|at| Endpoint { service: ServiceId(0), name: Some(format!("e{at}")), steps: Vec::new() })
        .collect();
    for ((kind, level), at) in accesses.iter().copied().zip(0..) {
        let [coordinator, replica] = [at, n + at].map(EndpointId);
        let needs = replication.needs(level, n_regions);
        let steps = replication.coordinate(kind, needs, n_regions, replica, Span::from_secs(1));
        model.endpoints[coordinator].steps = steps;
        replication.accesses.push(Access { kind, level, coordinator, replica });
    }
    model.regions = (0..n_regions).map(|n| Region { name: format!("r{n}") }).collect();
    let zone = |n: u32| Zone { name: format!("z{n}"), region: RegionId(n / 3) };
    model.zones = (0..3 * n_regions).map(zone).collect();
    let service = &mut model.services[ServiceId(0)];
    service.instances = (0..6 * n_regions).map(|n| ZoneId(n % (3 * n_regions))).collect();
    service.endpoints = 0..2 * n;
    service.replication = Some(replication);
    model
}

/// A few small services that need each other in every way there is, in up to two regions of two zones; a workload sends
/// to each endpoint.
pub(crate) fn random_model(stream: &mut Stream) -> SealedModel {
    loop {
        if let Ok(model) = sketch(stream).seal() {
            return model;
        }
    }
}

fn sketch(stream: &mut Stream) -> Model {
    let n_regions = 1 + stream.below(2);
    let n_services = 2 + stream.below(4);
    let region = |n: u32| Region { name: format!("r{n}") };
    let zone = |n: u32| Zone { name: format!("z{n}"), region: RegionId(n / 2) };
    let mut model = Model {
        regions: (0..n_regions).map(region).collect(),
        zones: (0..2 * n_regions).map(zone).collect(),
        ..Model::empty()
    };
    let n_endpoints: Vec<u32> = (0..n_services).map(|_| 1 + stream.below(2)).collect();
    let n_all = n_endpoints.iter().sum();
    for (n, n_own) in (0..n_services).zip(n_endpoints) {
        let first = model.endpoints.len() as u32;
        for _ in 0..n_own {
            let here = model.endpoints.len() as u32;
            let steps = random_steps(stream, here, n_all, 2);
            model.endpoints.push(Endpoint { service: ServiceId(n), name: None, steps });
        }
        model.services.push(Service {
            instances: (0..1 + stream.below(3)).map(|_| ZoneId(stream.below(2 * n_regions))).collect(),
            endpoints: first..first + n_own,
            ..Service::named(&format!("s{n}"))
        });
    }
    let workload = |to: EndpointId| Workload {
        name: format!("to {}", to.0),
        demand: Demand::Open {
            rate: vec![(Span::ZERO, 1000.0)],
            arrivals: Arrivals::Poisson,
            steps: Vec::new(),
        },
        mix: vec![(1.0, to)],
        from: model.regions.ids().collect(),
        policy: CallPolicy::default(),
    };
    model.workloads = model.endpoints.ids().map(workload).collect();
    model
}

fn random_steps(stream: &mut Stream, here: u32, n_all: u32, depth: u32) -> Vec<Step> {
    (0..stream.below(3)).map(|_| random_step(stream, here, n_all, depth)).collect()
}

/// Calls go forward; back only where chance may end the round.
fn random_step(stream: &mut Stream, here: u32, n_all: u32, depth: u32) -> Step {
    let forward = |stream: &mut Stream| call((here + 1 + stream.below(2)).min(n_all - 1));
    let inner = |stream: &mut Stream| random_steps(stream, here, n_all, depth - 1);
    match stream.below(if depth == 0 { 4 } else { 9 }) {
        0 if here + 1 < n_all => Step::Call(forward(stream)),
        1 if here + 1 < n_all => Step::Call(Call { optional: stream.chance(0.5), ..forward(stream) }),
        2 => Step::Maybe { share: 0.3, steps: vec![call_step(stream.below(n_all))] },
        3 => Step::Fail(if stream.chance(0.1) { 1.0 } else { 0.1 }),
        4 if here + 1 < n_all => Step::Call(Call { fallback: Some(inner(stream)), ..forward(stream) }),
        5 => {
            let branches: Vec<Branch> =
                (0..2).map(|_| Branch { times: 1 + stream.below(2), steps: inner(stream) }).collect();
            let most = branches.iter().map(|branch| branch.times).sum();
            Step::Parallel { branches, need: 1 + stream.below(most) }
        }
        6 => Step::Choose(vec![(0.5, inner(stream)), (0.5, inner(stream))]),
        7 if here + 1 < n_all => {
            let hit = if stream.chance(0.2) { 0.0 } else { 0.5 };
            Step::Cache { ask: forward(stream), hit, miss: inner(stream), fill: None }
        }
        _ => Step::Repeat { times: 2, steps: vec![Step::Publish(call(n_all - 1))] },
    }
}

/// A call with a policy.
pub(crate) fn call_with(to: u32, policy: CallPolicy) -> Step {
    Step::Call(Call { policy: Box::new(policy), ..call(to) })
}

/// So many more attempts, at once and on everything.
pub(crate) fn retries(attempts: u32) -> Option<Retry> {
    let retry = Retry {
        attempts,
        on: Failures::ALL,
        backoff: None,
        jitter: Jitter::None,
        budget: None,
        elsewhere: false,
    };
    Some(retry)
}

/// The messages of one kind of finding.
pub(crate) fn messages(model: &Model, kind: FindingKind) -> Vec<String> {
    let found = examine(model).findings.into_iter();
    found.filter(|finding| finding.kind == kind).map(|finding| finding.message).collect()
}
