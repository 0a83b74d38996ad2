//! A scenario, turned into actions at points in time.

use tarsier_model::{CallMatch, Party, Place, Scenario, SealedModel, Target, Trouble};
use tarsier_random::{Sampler, Stream};

use crate::fault::Injection;
use crate::instance::Health;
use crate::partition::{Partition, World};
use crate::plan::{Caller, Plan, Site};
use crate::tally::Books;
use crate::timeline::{EventKind, EventSubject, Reason, Timeline};
use crate::view::{Targets, View};

/// What a fault does while it lasts.
enum Effect {
    Health { instances: Vec<u32>, to: Health },
    Pace { instances: Vec<u32>, factor: f64 },
    Delay { sites: Vec<u32>, law: Sampler },
    Inject { instances: Vec<u32>, share: f64 },
    Load { workload: Option<u32>, factor: f64 },
}

struct Fault {
    effect: Effect,
    subject: EventSubject,
    active: bool,
}

/// What holds an instance down, and what pauses it: faults may overlap.
#[derive(Clone, Copy, Default)]
struct Marks {
    down: u32,
    silent: u32,
    paused: u32,
}

impl Marks {
    fn health(self) -> Health {
        if self.down > 0 {
            Health::Down
        } else if self.silent > 0 {
            Health::BlackHole
        } else if self.paused > 0 {
            Health::Paused
        } else {
            Health::Up
        }
    }

    fn of(&mut self, health: Health) -> &mut u32 {
        match health {
            Health::Down => &mut self.down,
            Health::BlackHole => &mut self.silent,
            Health::Paused => &mut self.paused,
            Health::Up => unreachable!("no fault makes an instance healthy"),
        }
    }
}

pub(crate) struct Control {
    faults: Vec<Fault>,
    /// When which fault begins or ends, in order.
    agenda: Vec<(u64, usize, bool)>,
    done: usize,
    marks: Vec<Marks>,
    seed: u64,
    /// Begins and ends of faults.
    pub(crate) timeline: Timeline,
}

impl Control {
    pub(crate) fn new(
        model: &SealedModel,
        plan: &Plan,
        scenario: Option<&Scenario>,
        warmup: u64,
        seed: u64,
    ) -> Control {
        let mut control = Control {
            faults: Vec::new(),
            agenda: Vec::new(),
            done: 0,
            marks: if scenario.is_some() {
                vec![Marks::default(); plan.service_of.len()]
            } else {
                Vec::new()
            },
            seed,
            timeline: Timeline::default(),
        };
        for (number, happening) in scenario.iter().flat_map(|scenario| &scenario.happenings).enumerate() {
            let mut stream = Stream::named(seed, &["scenario", "targets"], &[number as u64]);
            let start = warmup + happening.at.nanos();
            control.agenda.push((start, number, true));
            if let Some(lasts) = happening.lasts {
                control.agenda.push((start + lasts.nanos(), number, false));
            }
            let effect = effect(model, plan, &happening.trouble, &mut stream);
            control.faults.push(Fault { effect, subject: subject(model, &happening.trouble), active: false });
        }
        // What ends at a time ends before what begins then.
        control.agenda.sort_by_key(|(time, number, begins)| (*time, *begins, *number));
        control
    }

    /// When something happens next.
    pub(crate) fn next_time(&self) -> u64 {
        self.agenda.get(self.done).map_or(u64::MAX, |(time, ..)| *time)
    }

    /// Lets everything happen that is due.
    pub(crate) fn act(&mut self, now: u64, plan: &Plan, view: &mut View, partitions: &mut [&mut Partition]) {
        while self.next_time() <= now {
            let (_, number, begins) = self.agenda[self.done];
            self.done += 1;
            let fault = &mut self.faults[number];
            fault.active = begins;
            let happening = number as u32;
            let kind =
                if begins { EventKind::FaultOn { happening } } else { EventKind::FaultOff { happening } };
            self.timeline.note(now, fault.subject, kind, Reason::Scenario);
            self.strike(number, begins, plan, view, partitions);
        }
    }

    fn strike(
        &mut self,
        number: usize,
        begins: bool,
        plan: &Plan,
        view: &mut View,
        partitions: &mut [&mut Partition],
    ) {
        match &self.faults[number].effect {
            Effect::Health { instances, to } => {
                let instances = instances.clone();
                let to = *to;
                self.mark(&instances, to, begins, plan, view, partitions);
            }
            Effect::Pace { instances, factor } => {
                let ratio = if begins { *factor } else { 1.0 / factor };
                let world = World { plan, view };
                for_each_partition(partitions, instances, |partition, here| {
                    partition.change_pace(world, here, ratio);
                });
            }
            Effect::Delay { .. } => view.delays = self.delays(plan.sites.len()),
            Effect::Inject { instances, share } => {
                for_each_partition(partitions, instances, |partition, here| {
                    set_injection(partition, here, number, begins.then_some(*share), self.seed);
                });
            }
            Effect::Load { .. } => self.set_loads(plan, view, partitions),
        }
    }

    fn mark(
        &mut self,
        instances: &[u32],
        to: Health,
        begins: bool,
        plan: &Plan,
        view: &mut View,
        partitions: &mut [&mut Partition],
    ) {
        let mut changed: [Vec<u32>; 4] = Default::default();
        for &instance in instances {
            let marks = &mut self.marks[instance as usize];
            let before = marks.health();
            let count = marks.of(to);
            *count = if begins { *count + 1 } else { *count - 1 };
            let after = marks.health();
            if after != before {
                changed[after as usize].push(instance);
            }
        }
        view.change(Targets::new(plan, |instance| self.marks[instance as usize].down == 0));
        let world = World { plan, view };
        for health in [Health::Up, Health::Paused, Health::Down, Health::BlackHole] {
            for_each_partition(partitions, &changed[health as usize], |partition, here| {
                partition.set_health(world, here, health);
            });
        }
    }

    /// The active delays of each site; nothing at all if there are none.
    fn delays(&self, n_sites: usize) -> Vec<Vec<Sampler>> {
        let mut delays = Vec::new();
        for fault in self.faults.iter().filter(|fault| fault.active) {
            let Effect::Delay { sites, law } = &fault.effect else { continue };
            delays.resize_with(n_sites, Vec::new);
            sites.iter().for_each(|site| delays[*site as usize].push(law.clone()));
        }
        delays
    }

    fn set_loads(&self, plan: &Plan, view: &View, partitions: &mut [&mut Partition]) {
        let factor_of = |workload: u32| {
            self.faults
                .iter()
                .filter(|fault| fault.active)
                .filter_map(|fault| match &fault.effect {
                    Effect::Load { workload: only, factor } if only.is_none_or(|only| only == workload) => {
                        Some(*factor)
                    }
                    _ => None,
                })
                .product::<f64>()
        };
        for partition in partitions {
            for local in 0..partition.sources.len() {
                let workload = partition.sources[local].workload;
                partition.set_load(World { plan, view }, local as u32, factor_of(workload));
            }
        }
    }
}

/// Each partition with its local share of some instances, and with the books in its hands.
fn for_each_partition(
    partitions: &mut [&mut Partition],
    instances: &[u32],
    mut act: impl FnMut(&mut Partition, &[usize]),
) {
    let mut books = Books::default();
    partitions[0].swap_books(&mut books);
    for partition in partitions.iter_mut() {
        let first = partition.first_instance;
        let range = first..first + partition.instances.len() as u32;
        let here: Vec<usize> = (instances.iter().filter(|instance| range.contains(instance)))
            .map(|instance| (instance - first) as usize)
            .collect();
        if !here.is_empty() {
            partition.swap_books(&mut books);
            act(partition, &here);
            partition.swap_books(&mut books);
        }
    }
    partitions[0].swap_books(&mut books);
}

fn set_injection(partition: &mut Partition, here: &[usize], fault: usize, share: Option<f64>, seed: u64) {
    for &instance in here {
        match share {
            Some(share) => {
                let number = u64::from(partition.first_instance) + instance as u64;
                let stream = Stream::named(seed, &["scenario", "errors"], &[fault as u64, number]);
                partition.injections.push(Injection { fault, instance, share, stream });
            }
            None => partition.injections.retain(|known| known.fault != fault || known.instance != instance),
        }
        partition.instances[instance].injects =
            partition.injections.iter().any(|injection| injection.instance == instance);
    }
}

fn effect(model: &SealedModel, plan: &Plan, trouble: &Trouble, stream: &mut Stream) -> Effect {
    let all = 0..plan.service_of.len() as u32;
    let down = |instances: Vec<u32>| Effect::Health { instances, to: Health::Down };
    match trouble {
        Trouble::Kill { target, silent } => {
            let to = if *silent { Health::BlackHole } else { Health::Down };
            Effect::Health { instances: choose(plan, target, stream), to }
        }
        Trouble::Pause { target } => {
            Effect::Health { instances: choose(plan, target, stream), to: Health::Paused }
        }
        Trouble::Slow { target, factor } => {
            Effect::Pace { instances: choose(plan, target, stream), factor: *factor }
        }
        Trouble::Error { target, share, .. } => {
            Effect::Inject { instances: choose(plan, target, stream), share: *share }
        }
        Trouble::Delay { calls, add: Some(add), .. } => {
            let sites = 0..plan.sites.len() as u32;
            let sites = sites.filter(|site| is_delayed(model, &plan.sites[*site as usize], calls)).collect();
            Effect::Delay { sites, law: Sampler::new(add) }
        }
        Trouble::LoseZone(zone) => {
            down(all.filter(|instance| plan.zone_of[*instance as usize] == zone.0).collect())
        }
        Trouble::LoseRegion(region) => {
            let region_of = |instance: u32| plan.region_of[plan.zone_of[instance as usize] as usize];
            down(all.filter(|instance| region_of(*instance) == region.0).collect())
        }
        Trouble::LoseService(service) => {
            down(all.filter(|instance| plan.service_of[*instance as usize] == service.0).collect())
        }
        Trouble::Load { workload, factor } => {
            Effect::Load { workload: workload.map(|id| id.0), factor: *factor }
        }
        _ => unreachable!("no file can ask for the others yet"),
    }
}

/// What a fault is about.
fn subject(model: &SealedModel, trouble: &Trouble) -> EventSubject {
    match trouble {
        Trouble::Kill { target, .. }
        | Trouble::Pause { target }
        | Trouble::Slow { target, .. }
        | Trouble::Error { target, .. }
        | Trouble::Restart { target, .. }
        | Trouble::Stall { target }
        | Trouble::Leak { target, .. } => EventSubject::Service(target.service),
        Trouble::Pin(service)
        | Trouble::Freeze(service)
        | Trouble::LoseService(service)
        | Trouble::Flush { service, .. } => EventSubject::Service(*service),
        Trouble::LoseZone(zone) => EventSubject::Zone(*zone),
        Trouble::LoseRegion(region) => EventSubject::Region(*region),
        Trouble::Delay { calls, .. } | Trouble::Loss { calls, .. } => calls_subject(model, calls),
        Trouble::Partition { from, to, .. } => EventSubject::Link { from: *from, to: *to },
        Trouble::Load { workload: Some(workload), .. } => EventSubject::Workload(*workload),
        Trouble::Load { workload: None, .. } | Trouble::Chaos(_) => EventSubject::Everything,
    }
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

/// The instances a fault strikes: drawn from the seed where it strikes only some.
fn choose(plan: &Plan, target: &Target, stream: &mut Stream) -> Vec<u32> {
    let mut instances: Vec<u32> = (0..plan.service_of.len() as u32)
        .filter(|instance| plan.service_of[*instance as usize] == target.service.0)
        .filter(|instance| target.zone.is_none_or(|zone| plan.zone_of[*instance as usize] == zone.0))
        .collect();
    // In the order of their numbers, whatever the partitions.
    instances.sort_by_key(|instance| plan.number_of[*instance as usize]);
    let mut wanted = instances.len();
    if let Some(share) = target.share {
        wanted = wanted.min((share * instances.len() as f64 - 1e-9).ceil() as usize);
    }
    if let Some(count) = target.count {
        wanted = wanted.min(count as usize);
    }
    if wanted == instances.len() {
        return instances;
    }
    for at in 0..wanted {
        let other = at + stream.below((instances.len() - at) as u32) as usize;
        instances.swap(at, other);
    }
    instances.truncate(wanted);
    instances
}

fn is_delayed(model: &SealedModel, site: &Site, calls: &CallMatch) -> bool {
    match calls {
        CallMatch::Link(_) => unreachable!("no file can ask for these yet"),
        CallMatch::To(service) => site.service == service.0,
        CallMatch::Between { from, to } => {
            let is = |party: &Party, endpoint| match party {
                Party::Service(service) => model.endpoints[endpoint].service == *service,
                Party::Endpoint(wanted) => endpoint == *wanted,
            };
            site.caller != Caller::Users
                && site.from.is_some_and(|endpoint| is(from, endpoint))
                && is(to, site.to)
        }
    }
}
