//! The load each service is offered: visits times mean work over cores.

use tarsier_model::{Demand, EndpointId, Model, ServiceId, Step, Workload};
use tarsier_random::Law;
use tarsier_units::IdVec;

use crate::edges::{Edge, edges};
use crate::unloaded::latencies_s;

/// What the workloads ask of every service, at their peak.
#[derive(Clone, PartialEq, Debug)]
pub struct Load {
    pub services: IdVec<ServiceId, ServiceLoad>,
    pub limit: Option<Limit>,
}

#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct ServiceLoad {
    /// Requests a second, retries apart.
    pub requests_per_s: f64,
    /// Busy cores over cores; above one when it cannot keep up.
    pub cores: f64,
    /// Busy workers over workers if nothing ever queues; `None` if there is no limit.
    pub workers: Option<f64>,
}

impl ServiceLoad {
    /// Of cores and workers, whichever are scarcer.
    pub fn heat(&self) -> f64 {
        self.cores.max(self.workers.unwrap_or(0.0))
    }
}

/// Which service is the first that cannot keep up as the load grows.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Limit {
    pub service: ServiceId,
    /// At how many times the load there is.
    pub factor: f64,
    /// Whether it is workers it runs out of first, not cores.
    pub by_workers: bool,
}

/// A closed workload is taken to send as fast as it would without any queueing.
pub(crate) fn offered(model: &Model) -> Load {
    let latencies = latencies_s(model);
    let visits = visits_per_s(model, &latencies);
    let services = model.services.ids().map(|id| service_load(model, id, &visits, &latencies)).collect();
    let limit = first_to_saturate(&services);
    Load { services, limit }
}

fn first_to_saturate(services: &IdVec<ServiceId, ServiceLoad>) -> Option<Limit> {
    let (service, load) = services.entries().max_by(|(_, a), (_, b)| a.heat().total_cmp(&b.heat()))?;
    let by_workers = load.workers.is_some_and(|workers| workers > load.cores);
    (load.heat() > 0.0).then(|| Limit { service, factor: 1.0 / load.heat(), by_workers })
}

fn service_load(
    model: &Model,
    id: ServiceId,
    visits: &IdVec<EndpointId, f64>,
    latencies: &IdVec<EndpointId, f64>,
) -> ServiceLoad {
    let service = &model.services[id];
    let instances = service.instances.len() as f64;
    let mut load = ServiceLoad::default();
    let mut held = 0.0;
    // What is never visited does no work, not even an infinite amount.
    for endpoint in service.endpoint_ids().filter(|it| visits[*it] > 0.0) {
        load.requests_per_s += visits[endpoint];
        load.cores += visits[endpoint] * work_s(&model.endpoints[endpoint].steps) / service.speed;
        held += visits[endpoint] * latencies[endpoint];
    }
    load.cores /= instances * f64::from(service.cores);
    load.workers = service.workers.map(|workers| held / (instances * f64::from(workers)));
    load
}

/// Mean core seconds of a visit, at speed 1.
fn work_s(steps: &[Step]) -> f64 {
    let step_s = |step: &Step| match step {
        Step::Work(law) => mean_s(law),
        Step::Wait(_) | Step::Call(_) | Step::Publish(_) | Step::Fail(_) => 0.0,
        Step::Parallel { branches, .. } => {
            branches.iter().map(|branch| f64::from(branch.times) * work_s(&branch.steps)).sum()
        }
        Step::Choose(options) => options.iter().map(|(share, steps)| share * work_s(steps)).sum(),
        Step::Maybe { share, steps } => share * work_s(steps),
        Step::Repeat { times, steps } => f64::from(*times) * work_s(steps),
        Step::Lock { steps, .. } | Step::Conflict { steps, .. } => work_s(steps),
        Step::Cache { hit, miss, .. } => (1.0 - hit) * work_s(miss),
    };
    steps.iter().map(step_s).sum()
}

fn mean_s(law: &Law) -> f64 {
    law.mean().unwrap_or(f64::INFINITY) / 1e9
}

/// Requests a second to each endpoint, of all workloads.
pub(crate) fn visits_per_s(model: &Model, latencies: &IdVec<EndpointId, f64>) -> IdVec<EndpointId, f64> {
    let mut arriving: IdVec<EndpointId, f64> = model.endpoints.iter().map(|_| 0.0).collect();
    for workload in &model.workloads {
        let rate = peak_per_s(workload, latencies);
        workload.mix.iter().for_each(|(share, to)| arriving[*to] += rate * share);
    }
    flow(arriving, &calls(model, Edge::weight))
}

/// How often a visit of each endpoint calls which others.
pub(crate) type Calls = IdVec<EndpointId, Vec<(EndpointId, f64)>>;

pub(crate) fn calls<'m>(model: &'m Model, weight: impl Fn(&Edge<'m>) -> f64) -> Calls {
    let of = |steps: &'m [Step]| edges(steps).iter().map(|edge| (edge.call.to, weight(edge))).collect();
    model.endpoints.iter().map(|endpoint| of(&endpoint.steps)).collect()
}

/// Follows what arrives at each endpoint until nothing is left: the visits of each.
pub(crate) fn flow(mut arriving: IdVec<EndpointId, f64>, calls: &Calls) -> IdVec<EndpointId, f64> {
    let none = || -> IdVec<EndpointId, f64> { calls.iter().map(|_| 0.0).collect() };
    let (mut visits, mut next) = (none(), none());
    let mut here: Vec<EndpointId> = arriving.ids().filter(|id| arriving[*id] > 0.0).collect();
    // A sealed model ends its recursion, if with a chance. Attempts of attempts need not end.
    for _ in 0..calls.len() + 10_000 {
        let mut there = Vec::new();
        for from in here {
            let rate = std::mem::take(&mut arriving[from]);
            visits[from] += rate;
            for (to, weight) in calls[from].iter().filter(|(_, weight)| *weight > 0.0) {
                if next[*to] == 0.0 {
                    there.push(*to);
                }
                next[*to] += rate * weight;
            }
        }
        if !(1e-9..1e30).contains(&there.iter().map(|to| next[*to]).sum::<f64>()) {
            break;
        }
        here = there;
        std::mem::swap(&mut arriving, &mut next);
    }
    visits
}

/// Requests a second of a workload at its busiest.
pub(crate) fn peak_per_s(workload: &Workload, latencies: &IdVec<EndpointId, f64>) -> f64 {
    let (base, steps) = match &workload.demand {
        Demand::Open { steps, .. } => (workload.demand.most_per_s(), steps),
        Demand::Closed { users, think, steps } => {
            let latency: f64 = workload.mix.iter().map(|(share, to)| share * latencies[*to]).sum();
            let cycle = mean_s(think) + latency;
            // Users who take no time at all are as fast as what they visit; that is not known here.
            (if cycle > 0.0 { *users as f64 / cycle } else { 0.0 }, steps)
        }
    };
    base * steps.iter().map(|step| step.factor).fold(1.0, f64::max)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{call, call_step, model, work_ms};

    #[test]
    fn visits_follow_chances_and_repetitions() {
        let miss = vec![call_step(2)];
        let web = vec![
            work_ms(2.0),
            Step::Repeat { times: 3, steps: vec![call_step(1)] },
            Step::Cache { ask: call(1), hit: 0.9, miss, fill: None },
        ];
        let model = model(100.0, &[("web", web), ("cache", vec![work_ms(1.0)]), ("db", vec![work_ms(50.0)])]);
        let load = offered(&model);
        let of = |id| load.services[ServiceId(id)];
        assert!((of(0).cores - 0.2).abs() < 1e-9);
        assert!((of(1).requests_per_s - 400.0).abs() < 1e-9);
        assert!((of(1).cores - 0.4).abs() < 1e-9);
        assert!((of(2).requests_per_s - 10.0).abs() < 1e-9);
        let limit = load.limit.expect("there is work");
        assert_eq!((limit.service, limit.by_workers), (ServiceId(2), false));
        assert!((limit.factor - 2.0).abs() < 1e-9);
    }

    #[test]
    fn recursion_with_a_chance_is_followed_to_its_end() {
        let again = Step::Maybe { share: 0.5, steps: vec![call_step(0)] };
        let load = offered(&model(100.0, &[("a", vec![work_ms(1.0), again])]));
        assert!((load.services[ServiceId(0)].requests_per_s - 200.0).abs() < 1e-6);
    }

    /// A worker is held while its request waits for others.
    #[test]
    fn workers_are_held_across_calls() {
        let mut model = model(
            100.0,
            &[("web", vec![work_ms(1.0), call_step(1)]), ("db", vec![Step::Wait(Law::Constant(39e6))])],
        );
        model.services[ServiceId(0)].workers = Some(2);
        let load = offered(&model);
        assert!((load.services[ServiceId(0)].workers.expect("limited") - 2.0).abs() < 1e-9);
        assert!(load.limit.expect("there is load").by_workers);
    }

    #[test]
    fn closed_workloads_send_as_fast_as_they_could() {
        let mut model = model(0.0, &[("web", vec![work_ms(10.0)])]);
        let think = Law::Constant(90e6);
        model.workloads[tarsier_model::WorkloadId(0)].demand =
            Demand::Closed { users: 5, think, steps: Vec::new() };
        let load = offered(&model);
        assert!((load.services[ServiceId(0)].requests_per_s - 50.0).abs() < 1e-9);
    }
}
