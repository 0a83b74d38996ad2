//! What every client knows: which instances there are; and what faults do to messages and caches.
//!
//! Where a service does not say how it is discovered, news is instant: an instance that was killed or
//! lost is no longer in the view, one that was killed silently still is. Otherwise there is a list that
//! changes when discovery learns of it, and clients believe the list as of when they last asked or were
//! told. There is no list for each client: while a change spreads, the view keeps the lists before it.
//!
//! The view changes only between windows.

use tarsier_model::Place;
use tarsier_random::{Sampler, Stream};

use crate::control::Grid;
use crate::plan::{NONE, Plan};

/// The instances of each service, by zone.
pub(crate) struct Targets {
    /// Instances in order of (service, zone, number).
    instances: Vec<u32>,
    /// Where the instances of (service, zone) start; one more at the end.
    starts: Vec<u32>,
    n_zones: usize,
    /// Where the zones of each region start; one more at the end. Zones are numbered by region.
    region_starts: Vec<u32>,
}

impl Targets {
    pub(crate) fn new(plan: &Plan, includes: impl Fn(u32) -> bool) -> Targets {
        let n_zones = plan.n_zones as usize;
        let mut instances: Vec<u32> = plan.instances().filter(|instance| includes(*instance)).collect();
        instances.shrink_to_fit();
        let place = |instance: &u32| {
            let at = *instance as usize;
            plan.service_of[at] as usize * n_zones + plan.zone_of[at] as usize
        };
        instances.sort_unstable_by_key(|instance| (place(instance), plan.number_of[*instance as usize]));
        let mut starts = vec![0; plan.services.len() * n_zones + 1];
        instances.iter().for_each(|instance| starts[place(instance) + 1] += 1);
        (1..starts.len()).for_each(|at| starts[at] += starts[at - 1]);
        let mut region_starts = vec![0; plan.n_regions as usize + 1];
        plan.region_of.iter().for_each(|region| region_starts[*region as usize + 1] += 1);
        (1..region_starts.len()).for_each(|at| region_starts[at] += region_starts[at - 1]);
        assert!(plan.region_of.is_sorted(), "zones are numbered by region");
        Targets { instances, starts, n_zones, region_starts }
    }

    #[inline]
    fn between(&self, service: u32, zones: std::ops::Range<usize>) -> &[u32] {
        let first = service as usize * self.n_zones;
        &self.instances[self.starts[first + zones.start] as usize..self.starts[first + zones.end] as usize]
    }

    /// Instances by their places in the list.
    #[inline]
    pub(crate) fn range(&self, start: u32, end: u32) -> &[u32] {
        &self.instances[start as usize..end as usize]
    }

    /// The places of a part of the list.
    pub(crate) fn range_of(&self, part: &[u32]) -> (u32, u32) {
        let start = part.first().map_or(0, |first| {
            let at = self.instances.element_offset(first);
            at.expect("the part is one of this list")
        });
        (start as u32, (start + part.len()) as u32)
    }

    #[inline]
    pub(crate) fn all(&self, service: u32) -> &[u32] {
        self.between(service, 0..self.n_zones)
    }

    #[inline]
    pub(crate) fn in_zone(&self, service: u32, zone: u32) -> &[u32] {
        self.between(service, zone as usize..zone as usize + 1)
    }

    #[inline]
    pub(crate) fn in_region(&self, service: u32, region: u32) -> &[u32] {
        let region = region as usize;
        self.between(service, self.region_starts[region] as usize..self.region_starts[region + 1] as usize)
    }
}

pub(crate) struct View {
    /// What discovery names now; nothing of services that clients hear of late just then.
    pub(crate) now: Targets,
    /// Where there ever were instances, once `now` is not the same.
    home: Option<Box<Targets>>,
    /// Another whenever `now` has changed.
    pub(crate) version: u32,
    /// What faults do to messages, and which do; empty when there is none.
    pub(crate) disturbances: Vec<(usize, Disturbance)>,
    /// What clients of some services still believe.
    pub(crate) late: Vec<Late>,
    /// Caches that are empty, or filling up.
    pub(crate) flushed: Vec<Flushed>,
    pub(crate) callers: Callers,
    /// When the connections to each instance last broke; empty before that happens for the first time.
    breaks: Vec<Option<u64>>,
}

impl View {
    /// Whether the instances are others than at the start, or were.
    #[inline]
    pub(crate) fn has_changed(&self) -> bool {
        self.home.is_some()
    }

    pub(crate) fn new(plan: &Plan) -> View {
        View {
            now: Targets::new(plan, |_| true),
            home: None,
            version: 0,
            disturbances: Vec::new(),
            late: Vec::new(),
            flushed: Vec::new(),
            callers: Callers::default(),
            breaks: Vec::new(),
        }
    }

    pub(crate) fn break_connections(&mut self, instance: u32, now: u64) {
        let at = instance as usize;
        self.breaks.resize(self.breaks.len().max(at + 1), None);
        self.breaks[at] = Some(now);
    }

    /// When the connections to an instance last broke, if they ever did.
    pub(crate) fn break_of(&self, instance: u32) -> Option<u64> {
        self.breaks.get(instance as usize).copied().flatten()
    }

    /// Where there are instances, or ever were: around them users enter.
    pub(crate) fn home(&self) -> &Targets {
        self.home.as_deref().unwrap_or(&self.now)
    }

    /// There are instances that there never were.
    pub(crate) fn extend_home(&mut self, plan: &Plan) {
        self.home = Some(Box::new(Targets::new(plan, |_| true)));
        self.version += 1;
    }

    /// From now on there is this.
    pub(crate) fn change(&mut self, targets: Targets) {
        let before = std::mem::replace(&mut self.now, targets);
        self.home.get_or_insert_with(|| Box::new(before));
        self.version += 1;
    }

    /// A disturbance of messages to some instances is one of messages to these now.
    pub(crate) fn disturb_those(&mut self, fault: usize, struck: &[u32]) {
        for (_, disturbance) in self.disturbances.iter_mut().filter(|(number, _)| *number == fault) {
            if let Matching::Sites { instances: Some(only), .. } = &mut disturbance.matching {
                struck.clone_into(only);
            }
        }
    }

    /// A service that not everybody has the newest list of.
    pub(crate) fn late_of(&self, service: u32) -> Option<&Late> {
        self.late.iter().find(|late| late.service == service)
    }

    /// What is left of the hits of caches that this service keeps.
    #[cold]
    pub(crate) fn warmth(&self, service: u32, now: u64) -> f64 {
        let flushed = self.flushed.iter().filter(|flushed| flushed.service == service);
        flushed.map(|flushed| flushed.warmth(now)).fold(1.0, f64::min)
    }
}

/// A service whose list has changed a short time ago, so that clients may not know yet.
pub(crate) struct Late {
    pub(crate) service: u32,
    pub(crate) hears: Hears,
    /// Its lists, and since when each has been the list.
    versions: Vec<(u64, Targets)>,
}

/// How a list reaches clients.
#[derive(Clone, Copy)]
pub(crate) enum Hears {
    /// Each asks at its own phase.
    Asks { period: u64 },
    /// All are told after a while.
    Told { delay: u64 },
}

impl Hears {
    /// After this time everybody has heard.
    pub(crate) fn longest(self) -> u64 {
        let (Hears::Asks { period: longest } | Hears::Told { delay: longest }) = self;
        longest
    }
}

impl Late {
    pub(crate) fn new(service: u32, hears: Hears, before: Targets) -> Late {
        Late { service, hears, versions: vec![(0, before)] }
    }

    /// The list is this from now on.
    pub(crate) fn push(&mut self, now: u64, targets: Targets) {
        let forgotten = now.saturating_sub(self.hears.longest());
        let known_by_all = self.versions.iter().rposition(|(since, _)| *since <= forgotten).unwrap_or(0);
        self.versions.drain(..known_by_all);
        self.versions.push((now, targets));
    }

    /// Whether everybody knows the newest list.
    pub(crate) fn is_over(&self, now: u64) -> bool {
        self.versions.last().is_some_and(|(since, _)| now >= since + self.hears.longest())
    }

    /// What a caller with this phase (a share of the period, in 64 bits) believes.
    pub(crate) fn believed(&self, phase: u64, now: u64) -> &Targets {
        let as_of = match self.hears {
            Hears::Told { delay } => now.saturating_sub(delay),
            Hears::Asks { period } => {
                let phase = (u128::from(phase) * u128::from(period)) >> 64;
                // Before its first question a client knows what there was at the start.
                Grid { phase: phase as u64, period }.last_until(now).unwrap_or(0)
            }
        };
        let newest = self.versions.iter().rfind(|(since, _)| *since <= as_of);
        &newest.unwrap_or(&self.versions[0]).1
    }
}

/// What the phases of callers are drawn from; empty where nobody asks.
#[derive(Default)]
pub(crate) struct Callers {
    pub(crate) services: Vec<u64>,
    pub(crate) workloads: Vec<u64>,
}

impl Callers {
    /// The phase of one of several, a share of the period in 64 bits.
    pub(crate) fn phase(base: u64, number: u32) -> u64 {
        Stream::named(base, &[], &[u64::from(number)]).next_u64()
    }
}

/// The caches of a service after a flush.
pub(crate) struct Flushed {
    pub(crate) service: u32,
    pub(crate) fault: usize,
    pub(crate) empty_until: u64,
    pub(crate) refill: u64,
}

impl Flushed {
    fn warmth(&self, now: u64) -> f64 {
        if now < self.empty_until {
            return 0.0;
        }
        ((now - self.empty_until) as f64 / self.refill.max(1) as f64).min(1.0)
    }
}

/// What a fault does to messages.
pub(crate) struct Disturbance {
    pub(crate) matching: Matching,
    pub(crate) harm: Harm,
}

pub(crate) enum Harm {
    /// They never arrive.
    Cut,
    /// This share is lost and sent again by the transport.
    Loss(f64),
    /// They take longer: a half of `add` each way.
    Delay { add: Option<Sampler>, factor: f64 },
}

/// Which messages a fault strikes.
pub(crate) enum Matching {
    /// Those of these call sites, there and back; only to and from these instances, in order, if not all.
    Sites { sites: Vec<bool>, instances: Option<Vec<u32>> },
    /// Those sent at one place and received at the other.
    Link { from: Place, to: Place, both: bool },
}

/// A request or an answer on its way.
#[derive(Clone, Copy)]
pub(crate) struct Message {
    pub(crate) site: u32,
    /// The instance called.
    pub(crate) callee: u32,
    pub(crate) from: End,
    pub(crate) to: End,
}

/// Who sends or receives a message.
#[derive(Clone, Copy)]
pub(crate) struct End {
    /// [`NONE`] for users, who stand in no zone.
    pub(crate) service: u32,
    pub(crate) zone: u32,
}

impl End {
    fn is_at(self, plan: &Plan, place: Place) -> bool {
        let is_user = self.service == NONE;
        match place {
            Place::Users => is_user,
            Place::Service(service) => self.service == service.0,
            Place::Zone(zone) => !is_user && self.zone == zone.0,
            Place::Region(region) => !is_user && plan.region_of[self.zone as usize] == region.0,
        }
    }
}

impl Matching {
    pub(crate) fn strikes(&self, plan: &Plan, message: Message) -> bool {
        match self {
            Matching::Sites { sites, instances } => {
                let is_to = |only: &Vec<u32>| only.binary_search(&message.callee).is_ok();
                sites[message.site as usize] && instances.as_ref().is_none_or(is_to)
            }
            Matching::Link { from, to, both } => {
                let leads = |a: End, b: End| a.is_at(plan, *from) && b.is_at(plan, *to);
                let (there, back) = (leads(message.from, message.to), leads(message.to, message.from));
                there || (*both && back)
            }
        }
    }
}
