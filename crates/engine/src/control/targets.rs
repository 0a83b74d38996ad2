//! Whom a fault strikes: instances, and messages between some ends.

use tarsier_model::{CallMatch, Party, Place, SealedModel, ServiceId, Target, Trouble};
use tarsier_random::Stream;

use crate::plan::{Caller, Plan};
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

/// Which messages belong to matching calls.
pub(super) fn matching(model: &SealedModel, plan: &Plan, calls: &CallMatch) -> Matching {
    let sites = |matches: &dyn Fn(&crate::plan::Site) -> bool| {
        Matching::Sites(plan.sites.iter().map(matches).collect())
    };
    match calls {
        CallMatch::Link([from, to]) => Matching::Link { from: *from, to: *to, both: true },
        CallMatch::To(service) => sites(&|site| site.service == service.0),
        CallMatch::Between { from, to } => {
            let is = |party: &Party, endpoint| match party {
                Party::Service(service) => model.endpoints[endpoint].service == *service,
                Party::Endpoint(wanted) => endpoint == *wanted,
            };
            sites(&|site| {
                site.caller != Caller::Users
                    && site.from.is_some_and(|endpoint| is(from, endpoint))
                    && is(to, site.to)
            })
        }
    }
}

/// What a fault is about; the instances it strikes one by one where they are few of many.
pub(super) fn subjects(
    model: &SealedModel,
    plan: &Plan,
    trouble: &Trouble,
    struck: &[u32],
) -> Vec<EventSubject> {
    match trouble {
        Trouble::Kill { target, .. }
        | Trouble::Pause { target }
        | Trouble::Slow { target, .. }
        | Trouble::Error { target, .. }
        | Trouble::Restart { target, .. }
        | Trouble::Stall { target }
        | Trouble::Leak { target, .. } => {
            let all = model.services[target.service].instances.len();
            if struck.len() < all && struck.len() <= NAMED {
                struck.iter().map(|instance| instance_subject(plan, *instance)).collect()
            } else {
                vec![EventSubject::Service(target.service)]
            }
        }
        Trouble::Pin(service)
        | Trouble::Freeze(service)
        | Trouble::LoseService(service)
        | Trouble::Flush { service, .. } => vec![EventSubject::Service(*service)],
        Trouble::LoseZone(zone) => vec![EventSubject::Zone(*zone)],
        Trouble::LoseRegion(region) => vec![EventSubject::Region(*region)],
        Trouble::Delay { calls, .. } | Trouble::Loss { calls, .. } => vec![calls_subject(model, calls)],
        Trouble::Partition { from, to, .. } => vec![EventSubject::Link { from: *from, to: *to }],
        Trouble::Load { workload: Some(workload), .. } => vec![EventSubject::Workload(*workload)],
        Trouble::Load { workload: None, .. } | Trouble::Chaos(_) => vec![EventSubject::Everything],
    }
}

pub(super) fn instance_subject(plan: &Plan, instance: u32) -> EventSubject {
    let at = instance as usize;
    EventSubject::Instance { service: ServiceId(plan.service_of[at]), number: plan.number_of[at] }
}

fn calls_subject(model: &SealedModel, calls: &CallMatch) -> EventSubject {
    let place = |party: &Party| match party {
        Party::Service(service) => Place::Service(*service),
        Party::Endpoint(endpoint) => Place::Service(model.endpoints[*endpoint].service),
    };
    match calls {
        CallMatch::To(service) => EventSubject::Service(*service),
        CallMatch::Link([from, to]) => EventSubject::Link { from: *from, to: *to },
        CallMatch::Between { from, to } => EventSubject::Link { from: place(from), to: place(to) },
    }
}
