//! Which instances clients may choose from: what discovery lists, unless a fault bends it.

use std::collections::BTreeSet;

use tarsier_model::{Discovery, SealedModel};
use tarsier_random::Stream;

use super::discovery::{Directory, Due, Signal};
use super::targets::instance_subject;
use crate::instance::Health;
use crate::plan::Plan;
use crate::timeline::{EventKind, Reason, Timeline};
use crate::view::{Callers, Hears, Late, Targets, View};

pub(super) struct Listing {
    directory: Directory,
    /// By instance: whether it is listed. Lists of frozen services stay as they are.
    listed: Vec<bool>,
    /// Who goes, and has told discovery so.
    leaving: BTreeSet<u32>,
    services: Vec<Service>,
    /// Listed and delisted.
    pub(super) timeline: Timeline,
}

/// How a service is listed.
#[derive(Default)]
struct Service {
    hears: Option<Hears>,
    /// Whether its changes are worth a note: without discovery they are the fault itself.
    is_told: bool,
    frozen: u32,
    /// Which faults send everything to which instance; the last one does.
    pins: Vec<(usize, u32)>,
}

impl Listing {
    pub(super) fn new(model: &SealedModel, plan: &Plan, names: (u64, u64)) -> Listing {
        let service = |service: &tarsier_model::Service| Service {
            hears: hears(service.discovery),
            is_told: service.discovery.is_some() || service.health.is_some(),
            ..Service::default()
        };
        Listing {
            directory: Directory::new(model, plan, names),
            listed: vec![true; plan.service_of.len()],
            leaving: BTreeSet::new(),
            services: model.services.iter().map(service).collect(),
            timeline: Timeline::default(),
        }
    }

    /// There will be an instance that was not there so far.
    pub(super) fn announce(&mut self, model: &SealedModel, plan: &Plan, instance: u32, names: (u64, u64)) {
        self.directory.announce(model, plan, instance, names);
        self.listed[instance as usize] = false;
    }

    /// An instance will go, or stays after all: discovery is told at once.
    pub(super) fn take_leave(&mut self, instance: u32, leaves: bool) {
        if leaves {
            self.leaving.insert(instance);
        } else {
            self.leaving.remove(&instance);
        }
    }

    /// An instance is gone for good; should it come back, it is a new one.
    pub(super) fn forget(&mut self, instance: u32) {
        self.directory.forget(instance);
        self.leaving.remove(&instance);
    }

    /// Whether clients may be sent to an instance of a service.
    pub(super) fn names(&self, service: u32, instance: u32) -> bool {
        let pins = &self.services[service as usize].pins;
        self.listed[instance as usize] || pins.iter().any(|(_, pinned)| *pinned == instance)
    }

    /// An instance's health changes; what will be due.
    pub(super) fn turn(&mut self, instance: u32, now: u64, health: Health) -> Vec<Due> {
        self.directory.turn(instance, now, health == Health::Up, health == Health::Down)
    }

    /// What was due for an instance happens: why the list changes, if it does, and what is due next.
    pub(super) fn signal(
        &mut self,
        instance: u32,
        now: u64,
        signal: Signal,
        turn: u32,
    ) -> Option<(Option<Reason>, Vec<Due>)> {
        self.directory.signal(instance, now, signal, turn)
    }

    pub(super) fn freeze(&mut self, service: u32, begins: bool) {
        let frozen = &mut self.services[service as usize].frozen;
        *frozen = if begins { *frozen + 1 } else { *frozen - 1 };
    }

    /// From now on all clients of a service send to this one of its instances.
    pub(super) fn pin(&mut self, plan: &Plan, fault: usize, service: u32, stream: &mut Stream) {
        let mut all = plan.instances_of(service);
        all.retain(|instance| plan.is_wanted(*instance));
        let listed: Vec<u32> = all.iter().copied().filter(|it| self.listed[*it as usize]).collect();
        let from = if listed.is_empty() { all } else { listed };
        let instance = from[stream.below(from.len() as u32) as usize];
        self.services[service as usize].pins.push((fault, instance));
    }

    pub(super) fn unpin(&mut self, fault: usize, service: u32) {
        self.services[service as usize].pins.retain(|(pinned_by, _)| *pinned_by != fault);
    }

    /// Brings the view up to date: services that clients hear of late, and when the last has heard.
    pub(super) fn publish(
        &mut self,
        now: u64,
        plan: &Plan,
        view: &mut View,
        reason: Reason,
        is_up: impl Fn(u32) -> bool,
    ) -> Vec<(u64, u32)> {
        let before = self.listed.clone();
        let mut changed = vec![false; self.services.len()];
        for id in plan.instances() {
            let instance = id as usize;
            let service = plan.service_of[instance] as usize;
            let answers = self.directory.lists(id).unwrap_or_else(|| is_up(id));
            let listed = answers && !self.leaving.contains(&id);
            if self.services[service].frozen > 0 || listed == self.listed[instance] {
                continue;
            }
            self.listed[instance] = listed;
            changed[service] = true;
            if self.services[service].is_told {
                let kind = if listed { EventKind::Listed } else { EventKind::Delisted };
                let reason = if self.leaving.contains(&id) { Reason::Scenario } else { reason };
                self.timeline.note(now, instance_subject(plan, id), kind, reason);
            }
        }
        if !changed.contains(&true) {
            return Vec::new();
        }
        let mut spreading = Vec::new();
        for service in (0..self.services.len()).filter(|service| changed[*service]) {
            let Some(hears) = self.services[service].hears else { continue };
            let list = |listed: &[bool]| {
                Targets::new(plan, |it| {
                    plan.service_of[it as usize] as usize == service && listed[it as usize]
                })
            };
            let known = view.late.iter().position(|late| late.service as usize == service);
            let known = known.unwrap_or_else(|| {
                view.late.push(Late::new(service as u32, hears, list(&before)));
                view.late.len() - 1
            });
            view.late[known].push(now, list(&self.listed));
            spreading.push((now + hears.longest(), service as u32));
        }
        self.show(now, plan, view);
        spreading
    }

    /// Puts what is known to all into the view.
    pub(super) fn show(&self, now: u64, plan: &Plan, view: &mut View) {
        let pinned =
            |service: u32| self.services[service as usize].pins.last().map(|(_, instance)| *instance);
        view.late.retain(|late| pinned(late.service).is_none() && !late.is_over(now));
        let mut is_late = vec![false; self.services.len()];
        view.late.iter().for_each(|late| is_late[late.service as usize] = true);
        view.change(Targets::new(plan, |instance| {
            let service = plan.service_of[instance as usize];
            match pinned(service) {
                Some(only) => instance == only,
                None => !is_late[service as usize] && self.listed[instance as usize],
            }
        }));
    }
}

fn hears(discovery: Option<Discovery>) -> Option<Hears> {
    let hears = match discovery? {
        Discovery::Registry { poll, .. } => Hears::Asks { period: poll.nanos() },
        Discovery::Dns { ttl } => Hears::Asks { period: ttl.nanos() },
        Discovery::Push { delay } => Hears::Told { delay: delay.nanos() },
    };
    (hears.longest() > 0).then_some(hears)
}

/// What the phases are drawn from at which callers ask; nothing where no service is asked for.
pub(super) fn callers(model: &SealedModel, seed: u64, replication: u64) -> Callers {
    if model.services.iter().all(|service| service.discovery.is_none()) {
        return Callers::default();
    }
    let base = |kind: &str, name: &str| Stream::named(seed, &[kind, name, "asks"], &[replication]).next_u64();
    Callers {
        services: model.services.iter().map(|service| base("instance", &service.name)).collect(),
        workloads: model.workloads.iter().map(|workload| base("users", &workload.name)).collect(),
    }
}
