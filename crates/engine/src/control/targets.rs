//! Whom a fault strikes: instances, and messages between some ends.

use tarsier_model::{
    CallMatch, EndpointId, Party, Place, RegionId, SealedModel, ServiceId, Setting, Target, Trouble, ZoneId,
};
use tarsier_random::Stream;
use tarsier_units::Id;

use crate::plan::{Plan, Site};
use crate::timeline::EventSubject;
use crate::view::Matching;

/// So many instances of a fault are named one by one, more as their service.
const NAMED: usize = 16;

/// The instances that a fault strikes.
pub(super) enum Whom {
    Nobody,
    /// The same as the part of the happening before this one.
    AsBefore,
    /// Those there are when it begins, or some of them.
    Drawn(Target, Stream),
    /// All, also who joins them later.
    All(Range),
}

/// What begin and end of a fault are noted of.
pub(super) enum About {
    These(Vec<EventSubject>),
    /// The instances of a service that it strikes.
    Struck(ServiceId),
}

#[derive(Clone, Copy)]
pub(super) enum Range {
    /// Of a service, maybe only in a zone.
    Service(ServiceId, Option<ZoneId>),
    Zone(ZoneId),
    Region(RegionId),
}

impl Range {
    fn contains(self, plan: &Plan, instance: u32) -> bool {
        let (service, zone) = (plan.service_of[instance as usize], plan.zone_of[instance as usize]);
        match self {
            Range::Service(only, within) => service == only.0 && within.is_none_or(|within| zone == within.0),
            Range::Zone(only) => zone == only.0,
            Range::Region(only) => plan.region_of[zone as usize] == only.0,
        }
    }
}

impl Whom {
    pub(super) fn of(trouble: &Trouble, stream: Stream) -> Whom {
        match (trouble, trouble.target()) {
            (Trouble::LoseZone(zone), _) => Whom::All(Range::Zone(*zone)),
            (Trouble::LoseRegion(region), _) => Whom::All(Range::Region(*region)),
            (_, None) => Whom::Nobody,
            // What befalls a process does not befall those that begin later; what befalls a place or a program does.
            (
                Trouble::Slow { .. }
                | Trouble::Error { .. }
                | Trouble::Delay { .. }
                | Trouble::Loss { .. }
                | Trouble::LoseService(_),
                Some(&Target { service, zone, count: None, share: None }),
            ) => Whom::All(Range::Service(service, zone)),
            (_, Some(target)) => Whom::Drawn(*target, stream),
        }
    }

    /// When it begins, in order.
    pub(super) fn strike(&mut self, plan: &Plan, is_gone: impl Fn(u32) -> bool) -> Vec<u32> {
        let there = || plan.instances().filter(|it| !is_gone(*it));
        match self {
            Whom::Nobody | Whom::AsBefore => Vec::new(),
            Whom::Drawn(target, stream) => choose(plan, there().collect(), target, stream),
            Whom::All(range) => there().filter(|it| range.contains(plan, *it)).collect(),
        }
    }

    /// Whether it strikes an instance that joins the others.
    pub(super) fn meets(&self, plan: &Plan, instance: u32) -> bool {
        matches!(self, Whom::All(range) if range.contains(plan, instance))
    }
}

/// Those meant of these, in their order: drawn from the seed where they are only some of those there are to be.
fn choose(plan: &Plan, mut instances: Vec<u32>, target: &Target, stream: &mut Stream) -> Vec<u32> {
    let draws = target.count.is_some() || target.share.is_some();
    let range = Range::Service(target.service, target.zone);
    instances.retain(|it| range.contains(plan, *it) && (!draws || plan.is_wanted(*it)));
    // By their numbers, whatever the partitions.
    instances.sort_unstable_by_key(|it| plan.number_of[*it as usize]);
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

/// Which messages belong to matching calls; the instances meant are filled in when it begins, if not all are.
pub(super) fn matching(model: &SealedModel, plan: &Plan, calls: &CallMatch) -> Matching {
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
    let sites = plan.sites.iter().map(matches).collect();
    Matching::Sites { sites, instances: (*target != Target::all(target.service)).then(Vec::new) }
}

pub(super) fn about(model: &SealedModel, trouble: &Trouble) -> About {
    if let Trouble::Delay { calls, .. } | Trouble::Loss { calls, .. } = trouble
        && let Some([from, to]) = ends(model, calls)
    {
        return About::These(vec![EventSubject::Link { from, to }]);
    }
    if let Some(target) = trouble.target() {
        return About::Struck(target.service);
    }
    About::These(vec![match trouble {
        Trouble::Pin(service) | Trouble::Freeze(service) | Trouble::Flush { service, .. } => {
            EventSubject::Service(*service)
        }
        Trouble::LoseZone(zone) => EventSubject::Zone(*zone),
        Trouble::LoseRegion(region) => EventSubject::Region(*region),
        Trouble::Partition { from, to, .. } => EventSubject::Link { from: *from, to: *to },
        Trouble::Load { workload: Some(workload), .. } => EventSubject::Workload(*workload),
        Trouble::Set(setting) => set_subject(model, setting),
        _ => EventSubject::Everything,
    }])
}

/// The instances that a fault of a service strikes: one by one where they are few of many.
pub(super) fn struck_subjects(plan: &Plan, service: ServiceId, struck: &[u32]) -> Vec<EventSubject> {
    let wanted = || struck.iter().copied().filter(|instance| plan.is_wanted(*instance));
    let n_wanted = wanted().count();
    if n_wanted < plan.services[service.index()].n_instances as usize && n_wanted <= NAMED {
        return wanted().map(|instance| instance_subject(plan, instance)).collect();
    }
    vec![EventSubject::Service(service)]
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
