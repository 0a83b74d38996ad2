//! Everything that is known of a model without running it.

use tarsier_model::Model;

use crate::availability::{Availability, availabilities};
use crate::crossing::{Crossing, crossings, refused_calls, useless_rules};
use crate::fanout::{FanOut, fan_outs};
use crate::finding::Finding;
use crate::independence::{Resilience, resilience};
use crate::links::links;
use crate::load::{Load, offered, peak_per_s, visits_per_s};
use crate::patience::impatient_timeouts;
use crate::settings::{dependent, hopeless_timeouts, overloads, single_points, small_pools};
use crate::stores::{StoreAccess, local_levels, stale_reads, store_accesses};
use crate::storm::{Storm, amplifications, storms, tipping, unguarded_retries};
use crate::unloaded::latencies_s;

#[derive(Clone, PartialEq, Debug)]
pub struct Examination {
    /// Requests a second of each workload at its peak.
    pub rates: Vec<f64>,
    pub load: Load,
    /// Services that are sent more when calls fail.
    pub storms: Vec<Storm>,
    pub availabilities: Vec<Availability>,
    pub fan_outs: Vec<FanOut>,
    /// What replicated stores are asked for.
    pub stores: Vec<StoreAccess>,
    pub resilience: Resilience,
    pub crossings: Vec<Crossing>,
    /// By kind, then in the order of the model.
    pub findings: Vec<Finding>,
}

impl Examination {
    /// Whether all that should be independent is.
    pub fn is_independent(&self) -> bool {
        self.resilience.independence.iter().all(crate::Independence::holds)
    }
}

pub fn examine(model: &Model) -> Examination {
    let latencies = latencies_s(model);
    let visits = visits_per_s(model, &latencies);
    let links = links(model, &visits, &latencies);
    let load = offered(model);
    let storms = storms(model, &links, &load);
    let resilience = resilience(model);
    let mut findings = [
        overloads(model, &load),
        small_pools(model, &links, &latencies),
        hopeless_timeouts(model, &links, &latencies),
        impatient_timeouts(model, &links, &latencies),
        amplifications(model, &links),
        unguarded_retries(model, &links),
        tipping(model, &links, &storms),
        single_points(model, &resilience),
        dependent(model, &resilience),
        stale_reads(model),
        local_levels(model),
        refused_calls(model, &links),
        useless_rules(model),
    ]
    .concat();
    findings.sort_by_key(|finding| (finding.kind, finding.at));
    Examination {
        rates: model.workloads.iter().map(|workload| peak_per_s(workload, &latencies)).collect(),
        load,
        storms,
        availabilities: availabilities(model),
        fan_outs: fan_outs(model),
        stores: store_accesses(model),
        resilience,
        crossings: crossings(model, &links),
        findings,
    }
}
