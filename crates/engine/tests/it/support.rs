//! Small models, built in code.

use tarsier_engine::{Outcome, RunConfig, run};
use tarsier_model::{
    Arrivals, Balance, Call, CallPolicy, Demand, Endpoint, EndpointId, Failures, Jitter, Model, Region,
    RegionId, Retry, Scenario, SealedModel, Service, ServiceId, Step, Target, Workload, Zone, ZoneId,
};
use tarsier_random::Law;
use tarsier_units::{IdVec, Span};

/// Milliseconds as nanoseconds.
pub(crate) fn ms(x: f64) -> f64 {
    x * 1e6
}

pub(crate) fn constant(milliseconds: f64) -> Law {
    Law::Constant(ms(milliseconds))
}

pub(crate) fn exp_ms(mean: f64) -> Law {
    Law::Exp { mean: ms(mean) }
}

pub(crate) fn work_ms(mean: f64) -> Step {
    Step::Work(exp_ms(mean))
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

pub(crate) fn with(policy: CallPolicy, to: u32) -> Call {
    Call { policy: Box::new(policy), ..call(to) }
}

/// So many retries at once, whatever the failure.
pub(crate) fn retry(attempts: u32) -> Retry {
    Retry { attempts, on: Failures::ALL, backoff: None, jitter: Jitter::None, budget: None, elsewhere: false }
}

/// A model in one zone without network latency, whose services have one endpoint each:
/// endpoint `n` is that of service `n`.
pub(crate) struct Build {
    pub(crate) model: Model,
}

impl Build {
    pub(crate) fn new() -> Build {
        let region = Region { name: "r".into() };
        let zone = Zone { name: "a".into(), region: RegionId(0) };
        Build {
            model: Model {
                name: "test".into(),
                regions: IdVec::from(vec![region]),
                zones: IdVec::from(vec![zone]),
                ..Model::empty()
            },
        }
    }

    pub(crate) fn service(
        mut self,
        name: &str,
        steps: Vec<Step>,
        change: impl FnOnce(&mut Service),
    ) -> Build {
        let id = self.model.services.len() as u32;
        let mut service =
            Service { instances: vec![ZoneId(0)], endpoints: id..id + 1, ..Service::named(name) };
        change(&mut service);
        self.model.services.push(service);
        self.model.endpoints.push(Endpoint { service: ServiceId(id), name: None, steps });
        self
    }

    pub(crate) fn open(self, name: &str, rate: f64, to: u32) -> Build {
        self.workload(name, to, open(rate), CallPolicy::default())
    }

    pub(crate) fn closed(self, name: &str, users: u64, think: Law, to: u32) -> Build {
        self.workload(name, to, Demand::Closed { users, think, steps: Vec::new() }, CallPolicy::default())
    }

    pub(crate) fn workload(mut self, name: &str, to: u32, demand: Demand, policy: CallPolicy) -> Build {
        let from = self.model.regions.ids().collect();
        let mix = vec![(1.0, EndpointId(to))];
        self.model.workloads.push(Workload { name: name.into(), demand, mix, from, policy });
        self
    }

    pub(crate) fn change(mut self, change: impl FnOnce(&mut Model)) -> Build {
        change(&mut self.model);
        self
    }

    pub(crate) fn seal(self) -> SealedModel {
        self.model.seal().expect("the test's model is sound")
    }

    pub(crate) fn run(self, seconds: u64, seed: u64) -> Outcome {
        let model = self.seal();
        run(&model, &config(seconds, seed), &mut ())
    }

    pub(crate) fn run_from_the_start(self, seconds: u64, seed: u64) -> Outcome {
        let model = self.seal();
        run(&model, &RunConfig { warmup: Span::ZERO, ..config(seconds, seed) }, &mut ())
    }

    pub(crate) fn run_with(self, seconds: u64, seed: u64, scenario: &Scenario) -> Outcome {
        let model = self.seal();
        run(&model, &RunConfig { scenario: Some(scenario), ..config(seconds, seed) }, &mut ())
    }
}

pub(crate) fn open(rate: f64) -> Demand {
    Demand::Open { rate: vec![(Span::ZERO, rate)], arrivals: Arrivals::Poisson, steps: Vec::new() }
}

pub(crate) fn all_of(service: u32) -> Target {
    Target::all(ServiceId(service))
}

/// All the ways to choose an instance.
pub(crate) const BALANCES: [Balance; 8] = [
    Balance::RoundRobin,
    Balance::Random,
    Balance::LeastRequests,
    Balance::PowerOfTwo,
    Balance::Ewma,
    Balance::Hash,
    Balance::ZoneAware,
    Balance::RegionAware,
];

pub(crate) fn balanced(balance: Balance) -> CallPolicy {
    CallPolicy { balance, ..CallPolicy::default() }
}

pub(crate) fn config<'a>(seconds: u64, seed: u64) -> RunConfig<'a> {
    RunConfig {
        seed,
        replication: 0,
        duration: Span::from_secs(seconds),
        warmup: Span::from_secs(seconds / 10),
        scenario: None,
        threads: 1,
        series: false,
    }
}

/// `measured` is within `tolerance` (relative) of `expected`.
#[track_caller]
pub(crate) fn close(what: &str, measured: f64, expected: f64, tolerance: f64) {
    let error = (measured - expected).abs() / expected.abs();
    assert!(error <= tolerance, "{what}: {measured}, expected {expected} ± {}%", tolerance * 100.0);
}

pub(crate) fn mean_ms(recorder: &tarsier_stats::Recorder) -> f64 {
    recorder.summary().mean.expect("something was recorded") / 1e6
}

pub(crate) fn quantile_ms(recorder: &tarsier_stats::Recorder, q: f64) -> f64 {
    recorder.total().quantile(q).expect("something was recorded") / 1e6
}
