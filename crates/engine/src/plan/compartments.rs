//! Bulkheads: which callers of a service share a compartment of its instances.

use tarsier_model::{Bulkhead, BulkheadFrom, SealedModel, ServiceId};

use super::{NONE, ServicePlan, Site};

/// Numbers the compartments of each service and tells each site its own. Of the callers that are not
/// named each has one.
pub(super) fn divide(model: &SealedModel, services: &mut [ServicePlan], sites: &mut [Site]) {
    let mut owners: Vec<Vec<BulkheadFrom>> = vec![Vec::new(); services.len()];
    for site in sites {
        let at = site.service as usize;
        let caller = site.from.map(|endpoint| model.endpoints[endpoint].service);
        let bulkheads = &model.services.as_slice()[at].protection.bulkheads;
        site.compartment = NONE;
        let Some(bulkhead) = bulkhead_of(bulkheads, caller) else { continue };
        let owner = caller.map_or(BulkheadFrom::Users, BulkheadFrom::Service);
        let known = owners[at].iter().position(|known| *known == owner);
        site.compartment = known.unwrap_or_else(|| {
            owners[at].push(owner);
            services[at].compartments.push(bulkhead.most);
            owners[at].len() - 1
        }) as u32;
    }
}

/// Users are `None`.
fn bulkhead_of(bulkheads: &[Bulkhead], caller: Option<ServiceId>) -> Option<&Bulkhead> {
    let is_named = |bulkhead: &&Bulkhead| match bulkhead.from {
        BulkheadFrom::Service(service) => caller == Some(service),
        BulkheadFrom::Users => caller.is_none(),
        BulkheadFrom::Others => false,
    };
    let others = |bulkhead: &&Bulkhead| bulkhead.from == BulkheadFrom::Others && caller.is_some();
    bulkheads.iter().find(is_named).or_else(|| bulkheads.iter().find(others))
}
