//! Every place from which calls are made, those of users among them.

use tarsier_model::{Budget, CallPolicy, EndpointId, Model, WorkloadId};
use tarsier_units::{IdVec, Span};

use crate::edges::{Manner, edges};
use crate::finding::At;
use crate::load::peak_per_s;

pub(crate) struct Link<'m> {
    pub(crate) at: At,
    /// `None` for users.
    pub(crate) from: Option<EndpointId>,
    pub(crate) to: EndpointId,
    pub(crate) policy: &'m CallPolicy,
    pub(crate) manner: Manner,
    /// Calls by one visit of the caller.
    pub(crate) weight: f64,
    pub(crate) calls_per_s: f64,
    /// Who keeps the state of the policy, each its own.
    pub(crate) clients: usize,
}

impl Link<'_> {
    /// Nobody waits for the others, so they have no bounds and are not tried again.
    pub(crate) fn is_waited_for(&self) -> bool {
        !matches!(self.manner, Manner::Publish | Manner::Fill)
    }

    /// More attempts than one for each call when all of them fail, as far as a budget allows.
    pub(crate) fn extra_attempts(&self) -> f64 {
        if !self.is_waited_for() {
            return 0.0;
        }
        let retries = self.policy.retry.as_ref().map_or(0.0, |retry| {
            let most = f64::from(retry.attempts);
            retry.budget.map_or(most, |budget| most.min(self.sustained(budget)))
        });
        let hedges = self.policy.hedge.as_ref().map_or(0.0, |hedge| {
            let most = f64::from(hedge.most);
            hedge.budget.map_or(most, |share| most.min(share))
        });
        retries + hedges
    }

    /// Retries a call that a budget allows for ever while none succeeds: what it saved up is soon spent.
    fn sustained(&self, budget: Budget) -> f64 {
        match budget {
            // In flight are `n = calls + share × n` for as long as an attempt lasts.
            Budget::Concurrent { share, least } => {
                let lasts_s = self.policy.timeout.map_or(f64::INFINITY, Span::as_secs_f64);
                (share / (1.0 - share)).max(self.a_call(f64::from(least) / lasts_s))
            }
            Budget::Bucket(bucket) => {
                let earned = bucket.per_request + self.a_call(bucket.per_second);
                let cost = bucket.cost.min(bucket.timeout_cost);
                if cost > 0.0 { earned / cost } else { f64::INFINITY }
            }
        }
    }

    /// What each client has so often a second, for a call of all clients.
    fn a_call(&self, per_second: f64) -> f64 {
        if self.calls_per_s > 0.0 { per_second * self.clients as f64 / self.calls_per_s } else { 0.0 }
    }

    /// `web/home -> catalog`.
    pub(crate) fn label(&self, model: &Model) -> String {
        format!("{} -> {}", self.caller(model), model.endpoint_label(self.to))
    }

    /// `web/home`, or the name of the workload.
    pub(crate) fn caller(&self, model: &Model) -> String {
        match (self.from, self.at) {
            (Some(from), _) => model.endpoint_label(from),
            (None, At::Destination { workload, .. }) => model.workloads[workload].name.clone(),
            (None, _) => unreachable!("only users call from outside"),
        }
    }
}

/// First those of users, then those of endpoints, in the order of the model.
pub(crate) fn links<'m>(
    model: &'m Model,
    visits: &IdVec<EndpointId, f64>,
    latencies: &IdVec<EndpointId, f64>,
) -> Vec<Link<'m>> {
    let mut links = Vec::new();
    for (id, workload) in model.workloads.entries() {
        let per_s = peak_per_s(workload, latencies);
        links.extend(workload.mix.iter().enumerate().map(|(number, (share, to))| Link {
            at: At::Destination { workload: id, number },
            from: None,
            to: *to,
            policy: &workload.policy,
            manner: Manner::Call,
            weight: *share,
            calls_per_s: per_s * share,
            clients: workload.from.len(),
        }));
    }
    for (from, endpoint) in model.endpoints.entries() {
        links.extend(edges(&endpoint.steps).into_iter().enumerate().map(|(number, edge)| Link {
            at: At::Call { from, number },
            from: Some(from),
            to: edge.call.to,
            policy: &edge.call.policy,
            manner: edge.manner,
            weight: edge.weight(),
            calls_per_s: visits[from] * edge.weight(),
            clients: model.services[endpoint.service].instances.len(),
        }));
    }
    links
}

/// The workload whose users a link is of.
pub(crate) fn workload_of(link: &Link<'_>) -> Option<WorkloadId> {
    match link.at {
        At::Destination { workload, .. } => Some(workload),
        _ => None,
    }
}
