//! A survey finds what theory knows.

use tarsier_lab::surveys;
use tarsier_model::{
    Arrivals, CallPolicy, Demand, Endpoint, EndpointId, Happening, Metric, Model, Region, RegionId, Relation,
    Scenario, SealedModel, Service, ServiceId, Slo, Step, Subject, Trouble, Workload, WorkloadId, Zone,
    ZoneId,
};
use tarsier_random::Law;
use tarsier_units::Span;

const WORK_S: f64 = 50e-6;

/// A server in each of two zones, users who take them in turn at a tenth of what these can do, and a bound on the mean
/// latency. While a zone is lost the other has it all.
fn pair(bound_s: f64) -> SealedModel {
    let zone = |name: &str| Zone { name: name.into(), region: RegionId(0) };
    let steps = vec![Step::Work(Law::Exp { mean: WORK_S * 1e9 })];
    let demand = Demand::Open {
        rate: vec![(Span::ZERO, 0.1 * 2.0 / WORK_S)],
        arrivals: Arrivals::Poisson,
        steps: Vec::new(),
    };
    let trouble = Trouble::LoseZone(ZoneId(1));
    let happening = Happening { at: Span::from_secs(20), lasts: Some(Span::from_secs(1)), trouble };
    let balance = tarsier_model::Balance::Random;
    let policy = CallPolicy { balance, ..CallPolicy::default() };
    let workload = Workload {
        name: "users".into(),
        demand,
        mix: vec![(1.0, EndpointId(0))],
        from: vec![RegionId(0)],
        policy,
    };
    let slo = Slo {
        text: "users mean".into(),
        subject: Subject::Workload(WorkloadId(0)),
        metric: Metric::LatencyMean,
        relation: Relation::Less,
        bound: bound_s,
    };
    let service =
        Service { instances: vec![ZoneId(0), ZoneId(1)], endpoints: 0..1, ..Service::named("server") };
    let model = Model {
        name: "pair".into(),
        regions: vec![Region { name: "here".into() }].into(),
        zones: vec![zone("here/a"), zone("here/b")].into(),
        services: vec![service].into(),
        endpoints: vec![Endpoint { service: ServiceId(0), name: None, steps }].into(),
        workloads: vec![workload].into(),
        scenarios: vec![Scenario { name: "loss".into(), happenings: vec![happening] }],
        slos: vec![slo],
        ..Model::empty()
    };
    model.seal().expect("the model is sound")
}

/// Random arrivals make two M/M/1 of it: W = 1 / (μ − λ), so the bound is reached at λ = μ − 1 / bound.
#[test]
fn the_knee_is_where_the_mean_reaches_its_bound() {
    let busy_at_the_knee = 0.7;
    let model = pair(WORK_S / (1.0 - busy_at_the_knee));
    let found = &surveys(&[model], 1, 1, &()).expect("nobody stops it")[0];
    let knee_per_s = busy_at_the_knee * 2.0 / WORK_S;
    let (holds, tips) = (found.knee_per_s.holds.expect("found"), found.knee_per_s.tips.expect("found"));
    // 84,000 requests tell their mean to 2%, and that the knee to 1%.
    assert!(holds < 1.03 * knee_per_s && 0.97 * knee_per_s < tips, "{holds} to {tips} for {knee_per_s}");
    assert!(tips / holds <= 1.1, "{holds} to {tips}");
    assert_eq!((found.instances, found.cores), (2, 2));
    let busy = found.busiest.as_ref().expect("there is a service").1;
    assert!((busy - 0.1).abs() < 0.002, "{busy}");
}

/// What is in service when it is lost fails, and nothing after that.
#[test]
fn a_loss_costs_what_was_there() {
    let found = &surveys(&[pair(1.0)], 1, 1, &()).expect("nobody stops it")[0];
    assert_eq!((found.success, found.without_region), (Some(1.0), None));
    let without = found.without_zone.expect("it has such a scenario");
    assert!((0.9999..=1.0).contains(&without), "{without}");
}

#[test]
fn threads_change_nothing() {
    let models = || [0.01, 0.002, 0.0001].map(pair);
    assert_eq!(surveys(&models(), 3, 1, &()), surveys(&models(), 3, 2, &()));
}
