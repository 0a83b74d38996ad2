//! Whom a fault strikes: instances, and messages between some ends.

use tarsier_model::{CallMatch, EndpointId, Party, Place, SealedModel, ServiceId, Setting, Target, Trouble};
use tarsier_random::Stream;

use crate::plan::{Plan, Site};
use crate::timeline::EventSubject;
use crate::view::Matching;

/// So many instances of a fault are named one by one, more as their service.
const NAMED: usize = 16;

/// The instances a fault strikes, in their order: drawn from the seed where it strikes only some.
pub(super) fn choose(plan: &Plan, target: &Target, stream: &mut Stream) -> Vec<u32> {
    let mut instances: Vec<u32> = (0..plan.service_of.len() as u32)
        .filter(|instance| plan.service_of[*instance as usize] == target.service.0)
        .filter(|instance| target.zone.is_none_or(|zone| plan.zone_of[*instance as usize] == zone.0))
        .collect();
    // By their numbers, whatever the partitions.
    instances.sort_by_key(|instance| plan.number_of[*instance as usize]);
    let mut wanted = instances.len();
    if let Some(share) = target.share {
        wanted = wanted.min((share * instances.len() as f64 - 1e-9).ceil() as usize);
    }
    if let Some(count) = target.count {
        wanted = wanted.min(count as usize);
    }
    if wanted < instances.len() {
        for at in 0..wanted {
            let other = at + stream.below((instances.len() - at) as u32) as usize;
            instances.swap(at, other);
        }
        instances.truncate(wanted);
    }
    instances.sort_unstable();
    instances
}

pub(super) fn instances_in(plan: &Plan, is_in: impl Fn(u32) -> bool) -> Vec<u32> {
    (0..plan.service_of.len() as u32).filter(|instance| is_in(*instance)).collect()
}

/// Which messages belong to matching calls; `struck` are the instances meant, in order.
pub(super) fn matching(model: &SealedModel, plan: &Plan, calls: &CallMatch, struck: Vec<u32>) -> Matching {
    let (target, endpoint, from) = match calls {
        CallMatch::Link([from, to]) => return Matching::Link { from: *from, to: *to, both: true },
        CallMatch::To { target, endpoint, from } => (target, *endpoint, *from),
    };
    let is_from = |caller: Option<EndpointId>| match from {
        None => true,
        Some(Party::Service(service)) => caller.is_some_and(|it| model.endpoints[it].service == service),
        Some(Party::Endpoint(wanted)) => caller == Some(wanted),
    };
    let matches = |site: &Site| {
        site.service == target.service.0 && endpoint.is_none_or(|only| site.to == only) && is_from(site.from)
    };
    let is_all = struck.len() == model.services[target.service].instances.len();
    let sites = plan.sites.iter().map(matches).collect();
    Matching::Sites { sites, instances: (!is_all).then_some(struck) }
}

/// What a fault is about; the instances it strikes one by one where they are few of many.
pub(super) fn subjects(
    model: &SealedModel,
    plan: &Plan,
    trouble: &Trouble,
    struck: &[u32],
) -> Vec<EventSubject> {
    if let Trouble::Delay { calls, .. } | Trouble::Loss { calls, .. } = trouble
        && let Some([from, to]) = ends(model, calls)
    {
        return vec![EventSubject::Link { from, to }];
    }
    if let Some(target) = trouble.target() {
        let all = model.services[target.service].instances.len();
        if struck.len() < all && struck.len() <= NAMED {
            return struck.iter().map(|instance| instance_subject(plan, *instance)).collect();
        }
        return vec![EventSubject::Service(target.service)];
    }
    vec![match trouble {
        Trouble::Pin(service) | Trouble::Freeze(service) | Trouble::Flush { service, .. } => {
            EventSubject::Service(*service)
        }
        Trouble::LoseZone(zone) => EventSubject::Zone(*zone),
        Trouble::LoseRegion(region) => EventSubject::Region(*region),
        Trouble::Partition { from, to, .. } => EventSubject::Link { from: *from, to: *to },
        Trouble::Load { workload: Some(workload), .. } => EventSubject::Workload(*workload),
        Trouble::Set(setting) => set_subject(model, setting),
        _ => EventSubject::Everything,
    }]
}

fn set_subject(model: &SealedModel, setting: &Setting) -> EventSubject {
    match setting {
        Setting::Service { service, .. } => EventSubject::Service(*service),
        Setting::Calls { from, to, .. } => {
            EventSubject::Link { from: Place::Service(service_of(model, *from)), to: Place::Service(*to) }
        }
        Setting::Users { workload, .. } => EventSubject::Workload(*workload),
    }
}

fn service_of(model: &SealedModel, party: Party) -> ServiceId {
    match party {
        Party::Service(service) => service,
        Party::Endpoint(endpoint) => model.endpoints[endpoint].service,
    }
}

pub(super) fn instance_subject(plan: &Plan, instance: u32) -> EventSubject {
    let at = instance as usize;
    EventSubject::Instance { service: ServiceId(plan.service_of[at]), number: plan.number_of[at] }
}

/// Of calls that go from some place to another, not from everywhere.
fn ends(model: &SealedModel, calls: &CallMatch) -> Option<[Place; 2]> {
    match calls {
        CallMatch::Link(ends) => Some(*ends),
        CallMatch::To { target, from, .. } => {
            let from = service_of(model, (*from)?);
            Some([Place::Service(from), Place::Service(target.service)])
        }
    }
}
