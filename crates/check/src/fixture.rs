//! Models made by hand for the tests of this crate.

use tarsier_model::{
    Arrivals, Call, CallPolicy, Demand, Endpoint, EndpointId, Model, Region, RegionId, Service, ServiceId,
    Step, Workload, Zone, ZoneId,
};
use tarsier_random::Law;
use tarsier_units::Span;

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
