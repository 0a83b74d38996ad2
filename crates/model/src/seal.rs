//! What types cannot say about a model, checked once.

use std::ops::Deref;

use tarsier_units::{Id, IdVec};

use crate::recursion::{Excess, MAX_CALLS_PER_REQUEST, excesses};
use crate::{Access, Demand, EndpointId, Model, Replication, Service, ServiceId, Step, WorkloadId};

/// A model that holds its promises; the only thing the engine runs.
#[derive(Clone, PartialEq, Debug)]
pub struct SealedModel(Model);

impl Deref for SealedModel {
    type Target = Model;
    fn deref(&self) -> &Model {
        &self.0
    }
}

/// A promise not held, and by what.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Flaw {
    pub subject: FlawSubject,
    pub message: String,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FlawSubject {
    Model,
    Service(ServiceId),
    Endpoint(EndpointId),
    Workload(WorkloadId),
}

impl Model {
    /// Checks everything; all flaws at once.
    pub fn seal(self) -> Result<SealedModel, Vec<Flaw>> {
        let mut flaws = Vec::new();
        check_services(&self, &mut flaws);
        check_endpoints(&self, &mut flaws);
        check_workloads(&self, &mut flaws);
        // Visits follow calls, so these must lead somewhere first.
        if flaws.is_empty() {
            check_recursion(&self, &mut flaws);
        }
        if flaws.is_empty() { Ok(SealedModel(self)) } else { Err(flaws) }
    }

    /// How often one visit of each endpoint calls each other endpoint, on average, retries apart.
    pub fn calls_per_visit(&self) -> IdVec<EndpointId, Vec<(EndpointId, f64)>> {
        self.endpoints
            .iter()
            .map(|endpoint| {
                let mut calls = Vec::new();
                count_calls(&endpoint.steps, 1.0, &mut calls);
                merge_equal(calls)
            })
            .collect()
    }
}

fn merge_equal(mut calls: Vec<(EndpointId, f64)>) -> Vec<(EndpointId, f64)> {
    calls.sort_by_key(|(to, _)| *to);
    calls.dedup_by(|later, kept| {
        let same = later.0 == kept.0;
        if same {
            kept.1 += later.1;
        }
        same
    });
    calls
}

fn count_calls(steps: &[Step], weight: f64, calls: &mut Vec<(EndpointId, f64)>) {
    for step in steps {
        match step {
            Step::Work(_) | Step::Wait(_) | Step::Fail(_) => {}
            Step::Call(call) | Step::Publish(call) => calls.push((call.to, weight)),
            Step::Parallel { branches, .. } => {
                for branch in branches {
                    count_calls(&branch.steps, weight * f64::from(branch.times), calls);
                }
            }
            Step::Choose(options) => {
                for (share, steps) in options {
                    count_calls(steps, weight * share, calls);
                }
            }
            Step::Maybe { share, steps } => count_calls(steps, weight * share, calls),
            Step::Repeat { times, steps } => count_calls(steps, weight * f64::from(*times), calls),
            Step::Lock { steps, .. } | Step::Conflict { steps, .. } => count_calls(steps, weight, calls),
            Step::Cache { ask, hit, miss, fill } => {
                calls.push((ask.to, weight));
                count_calls(miss, weight * (1.0 - hit), calls);
                if let Some(fill) = fill {
                    calls.push((fill.to, weight * (1.0 - hit)));
                }
            }
        }
    }
}

fn check_services(model: &Model, flaws: &mut Vec<Flaw>) {
    for (id, service) in model.services.entries() {
        let mut flaw = |message: &str| {
            flaws.push(Flaw { subject: FlawSubject::Service(id), message: message.to_owned() });
        };
        if service.instances.is_empty() {
            flaw("has no instances");
        }
        if service.possible_zones().any(|zone| zone.index() >= model.zones.len()) {
            flaw("stands in a zone that does not exist");
        }
        if service.cores == 0 {
            flaw("has no cores");
        }
        if service.workers == Some(0) {
            flaw("has no workers");
        }
        if service.locks.iter().any(|lock| lock.permits == 0) {
            flaw("has a lock that nobody can take");
        }
        if !(service.speed.is_finite() && service.speed > 0.0) {
            flaw("has a speed that is not above zero");
        }
        if !(service.drag.is_finite() && service.drag >= 0.0) {
            flaw("has a drag below zero");
        }
        if service.endpoints.is_empty() || service.endpoints.end as usize > model.endpoints.len() {
            flaw("has no endpoints");
        }
        if let Some(replication) = &service.replication
            && let Some(wrong) = wrong_replication(model, service, replication)
        {
            flaw(wrong);
        }
    }
}

fn wrong_replication(model: &Model, service: &Service, replication: &Replication) -> Option<&'static str> {
    let Replication { factor, keys, skew, repair, hints, .. } = *replication;
    let too_few = |region| model.instances_in(service, region) < factor as usize;
    let needs = |access| model.needs_of(service, access).expect("it is replicated");
    let is_own = |endpoint: EndpointId| service.endpoints.contains(&endpoint.0);
    let is_strange = |access: &Access| !is_own(access.coordinator) || !is_own(access.replica);
    if factor == 0 || model.regions_of(service).into_iter().any(too_few) {
        Some("has more copies than instances in a region, or none")
    } else if keys == 0 || !(skew.is_finite() && skew >= 0.0) {
        Some("has no keys")
    } else if !(0.0..=1.0).contains(&repair) || hints.is_some_and(|rate| !(rate.is_finite() && rate > 0.0)) {
        Some("repairs or hints at an impossible rate")
    } else if replication.accesses.iter().any(is_strange) {
        Some("coordinates endpoints that are not its own")
    } else if replication
        .accesses
        .iter()
        .map(needs)
        .any(|needs| needs.answers == 0 || needs.answers > needs.of)
    {
        Some("has a level that cannot be reached")
    } else {
        None
    }
}

fn check_endpoints(model: &Model, flaws: &mut Vec<Flaw>) {
    for (id, endpoint) in model.endpoints.entries() {
        if endpoint.calls().iter().any(|call| call.to.index() >= model.endpoints.len()) {
            let message = "calls an endpoint that does not exist".to_owned();
            flaws.push(Flaw { subject: FlawSubject::Endpoint(id), message });
        }
        let locks = model.services[endpoint.service].locks.len();
        let locks_exist = all_steps(&endpoint.steps, &|step| match step {
            Step::Lock { lock, .. } | Step::Conflict { lock, .. } => (*lock as usize) < locks,
            _ => true,
        });
        if !locks_exist {
            let message = "has a step at a lock that its service does not have".to_owned();
            flaws.push(Flaw { subject: FlawSubject::Endpoint(id), message });
        }
        if !all_steps(&endpoint.steps, &step_is_sound) {
            let message =
                "has a step whose shares do not sum to 100% or that needs more branches than it has";
            flaws.push(Flaw { subject: FlawSubject::Endpoint(id), message: message.to_owned() });
        }
    }
}

fn step_is_sound(step: &Step) -> bool {
    let is_share = |share: f64| (0.0..=1.0).contains(&share);
    match step {
        Step::Parallel { branches, need } => {
            let n_branches: u64 = branches.iter().map(|branch| u64::from(branch.times)).sum();
            *need >= 1 && u64::from(*need) <= n_branches
        }
        Step::Choose(options) => sums_to_one(options.iter().map(|(share, _)| *share)),
        Step::Maybe { share, .. } | Step::Fail(share) => is_share(*share),
        Step::Cache { hit, .. } => is_share(*hit),
        Step::Repeat { times, .. } => *times >= 1,
        Step::Work(_) | Step::Wait(_) | Step::Call(_) | Step::Publish(_) => true,
        Step::Lock { .. } | Step::Conflict { .. } => true,
    }
}

fn sums_to_one(shares: impl Iterator<Item = f64>) -> bool {
    let mut sum = 0.0;
    for share in shares {
        if !(0.0..=1.0 + 1e-9).contains(&share) {
            return false;
        }
        sum += share;
    }
    (sum - 1.0).abs() < 1e-6
}

fn check_workloads(model: &Model, flaws: &mut Vec<Flaw>) {
    for (id, workload) in model.workloads.entries() {
        let mut flaw = |message: &str| {
            flaws.push(Flaw { subject: FlawSubject::Workload(id), message: message.to_owned() });
        };
        if !sums_to_one(workload.mix.iter().map(|(share, _)| *share)) {
            flaw("has shares that do not sum to 100%");
        }
        if workload.mix.iter().any(|(_, to)| to.index() >= model.endpoints.len()) {
            flaw("goes to an endpoint that does not exist");
        }
        if workload.from.is_empty() {
            flaw("comes from no region");
        }
        match &workload.demand {
            Demand::Open { rate, .. } => {
                if rate.is_empty() || !rate.is_sorted_by_key(|(at, _)| *at) {
                    flaw("has a rate whose times are not in order");
                }
            }
            Demand::Closed { users, .. } => {
                if *users == 0 {
                    flaw("has no users");
                }
            }
        }
    }
}

/// The calls that one request causes must end, and be not too many.
fn check_recursion(model: &Model, flaws: &mut Vec<Flaw>) {
    for (endpoint, excess) in excesses(&model.calls_per_visit()) {
        let message = match excess {
            Excess::Endless => "calls itself without end".to_owned(),
            Excess::TooMany => format!("causes more than {MAX_CALLS_PER_REQUEST} calls by one request"),
        };
        flaws.push(Flaw { subject: FlawSubject::Endpoint(endpoint), message });
    }
}

fn all_steps(steps: &[Step], holds: &impl Fn(&Step) -> bool) -> bool {
    steps.iter().all(|step| holds(step) && step.inner().into_iter().all(|inner| all_steps(inner, holds)))
}
