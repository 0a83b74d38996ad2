//! Models made by hand for the tests of this crate.

use tarsier_model::{
    Arrivals, Call, CallPolicy, Demand, Endpoint, EndpointId, Kind, Model, Network, Region, RegionId,
    Scheduling, Service, ServiceId, Step, Workload, Zone, ZoneId,
};
use tarsier_random::Law;
use tarsier_units::Span;

pub(crate) fn work_ms(mean: f64) -> Step {
    Step::Work(Law::Exp { mean: mean * 1e6 })
}

pub(crate) fn call(to: u32) -> Call {
    Call {
        to: EndpointId(to),
        policy: CallPolicy::default(),
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
        name: (*name).to_owned(),
        kind: Kind::Service,
        instances: vec![ZoneId(0)],
        cores: 1,
        scheduling: Scheduling::Fifo,
        speed: 1.0,
        workers: None,
        queue: None,
        endpoints: n as u32..n as u32 + 1,
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
        description: String::new(),
        regions: vec![Region { name: "here".to_owned() }].into(),
        zones: vec![Zone { name: "here/a".to_owned(), region: RegionId(0) }].into(),
        network: Network::none(),
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
        scenarios: Vec::new(),
        slos: Vec::new(),
    }
}
