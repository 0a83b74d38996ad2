//! The canonical workloads, as models.

use tarsier_model::{
    Arrivals, Balance, Branch, Call, CallPolicy, Demand, Endpoint, EndpointId, Link, Model, Network, Region,
    RegionId, SealedModel, Service, ServiceId, Step, Workload, Zone, ZoneId,
};
use tarsier_random::{Law, num};
use tarsier_units::Span;

const MS: f64 = 1e6;
const US: f64 = 1e3;

fn exp(mean: f64) -> Step {
    Step::Work(Law::Exp { mean })
}

fn one_endpoint(model: &mut Model, name: &str, instances: Vec<ZoneId>, cores: u32, steps: Vec<Step>) {
    let id = model.services.len() as u32;
    model.services.push(Service { instances, cores, endpoints: id..id + 1, ..Service::named(name) });
    model.endpoints.push(Endpoint { service: ServiceId(id), name: None, steps });
}

fn call(to: u32, policy: &CallPolicy) -> Call {
    Call {
        to: EndpointId(to),
        policy: Box::new(policy.clone()),
        optional: false,
        fallback: None,
        request_bytes: 0,
        response_bytes: 0,
    }
}

/// A model without services, of so many regions with one zone each.
fn bare_model(n_zones: u32, network: Network) -> Model {
    Model {
        name: "bench".to_owned(),
        regions: (0..n_zones).map(|n| Region { name: format!("r{n}") }).collect(),
        zones: (0..n_zones).map(|n| Zone { name: "a".to_owned(), region: RegionId(n) }).collect(),
        network,
        ..Model::empty()
    }
}

fn users(model: &mut Model, rate: f64, arrivals: Arrivals, policy: CallPolicy) {
    let rate = vec![(Span::ZERO, rate)];
    model.workloads.push(Workload {
        name: "users".to_owned(),
        demand: Demand::Open { rate, arrivals, steps: Vec::new() },
        mix: vec![(1.0, EndpointId(0))],
        from: model.regions.ids().collect(),
        policy,
    });
}

fn sealed(model: Model) -> SealedModel {
    model.seal().expect("the benchmark's model is sound")
}

/// M/M/1 at 0.8: 800 customers a second, 1 ms each.
pub(crate) fn w1() -> SealedModel {
    let mut model = bare_model(1, Network::none());
    one_endpoint(&mut model, "server", vec![ZoneId(0)], 1, vec![exp(MS)]);
    users(&mut model, 800.0, Arrivals::Poisson, CallPolicy::default());
    sealed(model)
}

/// Lognormal one-way delay of mean 100 us, sigma 0.5.
fn lan() -> Law {
    Law::Lognormal { mu: num::ln(100.0 * US) - 0.125, sigma: 0.5 }
}

/// Six services a zone at 60%, 12,000 requests a second a zone, a bound of 1 s on every call.
/// `far` of the calls from the gateway go to any zone, over 1 ms and more.
pub(crate) fn w2(n_zones: u32, far: f64) -> SealedModel {
    w2_at(12_000.0, n_zones, far)
}

/// W2 with so many requests a second a zone.
pub(crate) fn w2_at(rate: f64, n_zones: u32, far: f64) -> SealedModel {
    let law = |law| Link { latency: Some(law) };
    let network = Network {
        users: law(lan()),
        same_zone: law(lan()),
        cross_region: law(Law::Sum(vec![Law::Constant(MS), lan()])),
        ..Network::none()
    };
    let mut model = bare_model(n_zones, network);
    let zones = || (0..n_zones).map(ZoneId).collect::<Vec<_>>();
    let bound = Some(Span::from_secs(1));
    let near = CallPolicy { timeout: bound, balance: Balance::ZoneAware, ..CallPolicy::default() };
    let anywhere = CallPolicy { timeout: bound, balance: Balance::Random, ..CallPolicy::default() };
    let downstream = |to| {
        if far == 0.0 {
            return vec![Step::Call(call(to, &near))];
        }
        let options = vec![
            (1.0 - far, vec![Step::Call(call(to, &near))]),
            (far, vec![Step::Call(call(to, &anywhere))]),
        ];
        vec![Step::Choose(options)]
    };
    let branch = |to| Branch { times: 1, steps: downstream(to) };
    let mut front = vec![exp(200.0 * US)];
    front.extend(downstream(1));
    front.push(Step::Parallel { branches: vec![branch(2), branch(3)], need: 2 });
    let miss = vec![Step::Call(call(5, &near))];
    let cache = Step::Cache { ask: call(4, &near), hit: 0.9, miss, fill: None };
    one_endpoint(&mut model, "gateway", zones(), 4, front);
    one_endpoint(&mut model, "a", zones(), 4, vec![exp(200.0 * US), cache]);
    one_endpoint(&mut model, "b", zones(), 4, vec![exp(200.0 * US)]);
    one_endpoint(&mut model, "c", zones(), 4, vec![exp(200.0 * US)]);
    one_endpoint(&mut model, "cache", zones(), 1, vec![exp(50.0 * US)]);
    one_endpoint(&mut model, "db", zones(), 2, vec![exp(MS)]);
    users(&mut model, rate * f64::from(n_zones), Arrivals::Poisson, near);
    sealed(model)
}

/// uqSim's two tiers (ISPASS'19): nginx in front of memcached, HTTP/1 connections between them.
pub(crate) fn two_tier() -> SealedModel {
    let wire = || Link { latency: Some(Law::Exp { mean: 30.0 * US }) };
    let network = Network { users: wire(), same_zone: wire(), ..Network::none() };
    let mut model = bare_model(1, network);
    let pool = tarsier_model::Connections { max: 512, requests_each: Some(1) };
    let policy = CallPolicy { connections: Some(pool), ..CallPolicy::default() };
    let front = vec![exp(60.0 * US), Step::Call(call(1, &policy)), exp(20.0 * US)];
    one_endpoint(&mut model, "nginx", vec![ZoneId(0)], 8, front);
    one_endpoint(&mut model, "memcached", vec![ZoneId(0)], 4, vec![exp(20.0 * US)]);
    users(&mut model, 50_000.0, Arrivals::Poisson, CallPolicy::default());
    sealed(model)
}

/// One request asks 1,000 leaves and waits for all.
pub(crate) fn fan_out() -> SealedModel {
    let wire = Link { latency: Some(Law::Exp { mean: 30.0 * US }) };
    let mut model = bare_model(1, Network { same_zone: wire, ..Network::none() });
    let branches = vec![Branch { times: 1_000, steps: vec![Step::Call(call(1, &CallPolicy::default()))] }];
    let fan = Step::Parallel { branches, need: 1_000 };
    one_endpoint(&mut model, "root", vec![ZoneId(0)], 1, vec![fan]);
    one_endpoint(&mut model, "leaf", vec![ZoneId(0); 1_000], 1, vec![exp(MS)]);
    users(&mut model, 300.0, Arrivals::Poisson, CallPolicy::default());
    sealed(model)
}

/// Ten thousand users who all do everything at the same instant, again and again.
pub(crate) fn same_instant() -> SealedModel {
    let mut model = bare_model(1, Network::none());
    one_endpoint(&mut model, "server", vec![ZoneId(0)], 10_000, vec![Step::Work(Law::Constant(MS))]);
    model.workloads.push(Workload {
        name: "users".to_owned(),
        demand: Demand::Closed { users: 10_000, think: Law::Constant(MS), steps: Vec::new() },
        mix: vec![(1.0, EndpointId(0))],
        from: model.regions.ids().collect(),
        policy: CallPolicy::default(),
    });
    sealed(model)
}
