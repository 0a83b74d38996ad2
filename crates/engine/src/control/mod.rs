//! A scenario, turned into deeds at points in time; what discovery makes of them.
//!
//! Control acts between windows, when all partitions are at rest, so what it does costs nothing while
//! it does nothing.

mod befall;
mod chaos;
mod discovery;
mod effect;
mod fleet;
mod listing;
mod settings;
mod targets;

use std::collections::{BTreeMap, BTreeSet};

use tarsier_model::{Happening, Scenario, SealedModel};

use crate::config::RunConfig;
use crate::instance::Health;
use crate::partition::{Partition, World};
use crate::plan::Plan;
use crate::standing::Unfit;
use crate::tally::Books;
use crate::timeline::{EventKind, Reason, Timeline};
use crate::view::{Disturbance, Flushed, Matching, View};

pub(crate) use discovery::Grid;
use discovery::{Due, Signal};
use effect::{Effect, Fault, faults};
use fleet::Absence;
use listing::Listing;
use settings::Settings;
use targets::{About, Whom, struck_subjects};

/// What holds an instance down, and what stops it: faults may overlap.
#[derive(Clone, Copy, Default)]
struct Marks {
    down: u32,
    silent: u32,
    stalled: u32,
    paused: u32,
}

impl Marks {
    fn health(self) -> Health {
        if self.down > 0 {
            Health::Down
        } else if self.silent > 0 {
            Health::BlackHole
        } else if self.stalled > 0 {
            Health::Stalled
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
            Health::Stalled => &mut self.stalled,
            Health::Paused => &mut self.paused,
            Health::Up => unreachable!("no fault makes an instance healthy"),
        }
    }
}

/// What is done at a time: what ends before what begins.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Deed {
    End(usize),
    /// A victim of chaos comes back.
    Restore(usize, usize),
    /// A leak has grown.
    Grow(usize),
    /// Discovery learns of an instance.
    Learn(u32, Signal, u32),
    /// The last client hears of a change.
    Settle(u32),
    /// Instances of a service that are to go since then may be done; whether some clients had not heard of that when it
    /// was asked last.
    Leave(u32, u64, bool),
    Begin(usize),
    /// Chaos strikes.
    Strike(usize),
}

pub(crate) struct Control {
    faults: Vec<Fault>,
    agenda: BTreeSet<(u64, Deed)>,
    /// By instance; these two are empty without a scenario.
    marks: Vec<Marks>,
    listing: Option<Listing>,
    settings: Settings,
    /// Who is not there any more, or not for long: most are.
    absent: BTreeMap<u32, Absence>,
    /// What streams are named by: seed and replication.
    names: (u64, u64),
    warmup: u64,
    /// Begins and ends of faults.
    timeline: Timeline,
}

/// Everything at rest.
pub(crate) struct Stage<'a, 'b> {
    pub(crate) now: u64,
    pub(crate) model: &'a SealedModel,
    pub(crate) plan: &'a mut Plan,
    pub(crate) view: &'a mut View,
    pub(crate) partitions: &'a mut [&'b mut Partition],
}

impl Control {
    pub(crate) fn new(
        model: &SealedModel,
        plan: &Plan,
        config: &RunConfig<'_>,
        scenario: Option<&Scenario>,
        view: &mut View,
    ) -> Control {
        let names = (config.seed, config.replication);
        let mut control = Control {
            faults: Vec::new(),
            agenda: BTreeSet::new(),
            marks: Vec::new(),
            listing: None,
            settings: Settings::default(),
            absent: BTreeMap::new(),
            names,
            warmup: config.warmup.nanos(),
            timeline: Timeline::default(),
        };
        let Some(scenario) = scenario else { return control };
        control.marks = vec![Marks::default(); plan.service_of.len()];
        control.listing = Some(Listing::new(model, plan, names));
        view.callers = listing::callers(model, names.0, names.1);
        for (number, happening) in scenario.happenings.iter().enumerate() {
            control.add(model, plan, happening, number as u32);
        }
        control
    }

    /// A happening of this number will happen.
    pub(crate) fn add(&mut self, model: &SealedModel, plan: &Plan, happening: &Happening, number: u32) {
        for fault in faults(model, plan, (happening, number), self.names, self.warmup) {
            let number = self.faults.len();
            self.agenda.insert((fault.begins, Deed::Begin(number)));
            self.agenda.extend(fault.ends.map(|ends| (ends, Deed::End(number))));
            self.faults.push(fault);
        }
    }

    /// The last happening that was added does not happen, if it has not begun; whether that is so.
    pub(crate) fn take_back(&mut self, happening: u32, now: u64) -> bool {
        let first = self.faults.partition_point(|fault| fault.happening < happening);
        if self.faults[first].begins < now {
            return false;
        }
        for (number, fault) in self.faults.drain(first..).enumerate() {
            let number = first + number;
            self.agenda.remove(&(fault.begins, Deed::Begin(number)));
            fault.ends.iter().for_each(|ends| {
                self.agenda.remove(&(*ends, Deed::End(number)));
            });
        }
        true
    }

    /// A happening of one fault ends now, before anything else that happens now.
    pub(crate) fn end_early(&mut self, happening: u32, now: u64) -> Result<(), Unfit> {
        let number = self.faults.iter().position(|fault| fault.happening == happening);
        let number = number.ok_or(Unfit::Unknown)?;
        let fault = &mut self.faults[number];
        if fault.begins >= now {
            return Err(Unfit::NotBegun);
        }
        if fault.ends.is_some_and(|ends| ends <= now) {
            return Err(Unfit::Ended);
        }
        if let Some(ends) = fault.ends.replace(now) {
            self.agenda.remove(&(ends, Deed::End(number)));
        }
        self.agenda.insert((now, Deed::End(number)));
        Ok(())
    }

    /// Begin and end of each happening, from the end of the warm-up.
    pub(crate) fn spans(&self) -> Vec<(u64, Option<u64>)> {
        let warmup = self.warmup;
        let mut spans: Vec<(u64, Option<u64>)> = Vec::new();
        for fault in &self.faults {
            let ends = fault.ends.map(|ends| ends - warmup);
            match spans.get_mut(fault.happening as usize) {
                // The parts of a happening follow each other.
                Some(span) => span.1 = ends,
                None => spans.push((fault.begins - warmup, ends)),
            }
        }
        spans
    }

    /// When something happens next.
    pub(crate) fn next_time(&self) -> u64 {
        self.agenda.first().map_or(u64::MAX, |(time, _)| *time)
    }

    /// What happened to the scenario, and what discovery learnt.
    pub(crate) fn timelines(&self) -> (&Timeline, Option<&Timeline>) {
        (&self.timeline, self.listing.as_ref().map(|listing| &listing.timeline))
    }

    /// Lets everything happen that is due.
    pub(crate) fn act(&mut self, stage: &mut Stage<'_, '_>) {
        while self.next_time() <= stage.now {
            let (_, deed) = self.agenda.pop_first().expect("something is due");
            self.perform(deed, stage);
        }
    }

    fn perform(&mut self, deed: Deed, stage: &mut Stage<'_, '_>) {
        match deed {
            Deed::Begin(number) => {
                self.strike_whom_it_means(number, stage.plan);
                self.note_begin(number, stage.now);
                self.change(number, true, stage);
            }
            Deed::End(number) => {
                self.change(number, false, stage);
                self.note_end(number, stage.now);
            }
            Deed::Grow(number) => self.grow(number, stage),
            Deed::Strike(number) => self.strike(number, stage),
            Deed::Leave(service, since, was_news) => self.leave(service, since, was_news, stage),
            Deed::Restore(number, victim) => self.restore(number, victim, stage),
            Deed::Learn(instance, signal, turn) => self.learn(instance, signal, turn, stage),
            Deed::Settle(_) => {
                self.listing.as_ref().expect("there is a scenario").show(stage.now, stage.plan, stage.view);
            }
        }
    }

    /// Who is meant is settled when it begins.
    fn strike_whom_it_means(&mut self, number: usize, plan: &Plan) {
        let absent = &self.absent;
        let is_gone = |instance: u32| absent.get(&instance) == Some(&Absence::Gone);
        let (before, rest) = self.faults.split_at_mut(number);
        let fault = &mut rest[0];
        if let Whom::AsBefore = fault.whom {
            let before = before.last().expect("it is not the first part");
            (fault.struck, fault.subjects) = (before.struck.clone(), before.subjects.clone());
            return;
        }
        fault.struck = fault.whom.strike(plan, is_gone);
        fault.subjects = match &fault.about {
            About::These(subjects) => subjects.clone(),
            About::Struck(service) => struck_subjects(plan, *service, &fault.struck),
        };
        match &mut fault.effect {
            Effect::Unrest(unrest) => unrest.begin(plan, is_gone),
            Effect::Message(Some(Disturbance { matching: Matching::Sites { instances, .. }, .. })) => {
                instances.iter_mut().for_each(|only| only.clone_from(&fault.struck));
            }
            _ => {}
        }
    }

    /// Whether an instance was there and is not any more, or not yet.
    pub(crate) fn is_gone(&self, instance: u32) -> bool {
        self.absent.get(&instance) == Some(&Absence::Gone)
    }

    fn note_begin(&mut self, number: usize, now: u64) {
        let fault = &self.faults[number];
        let kind = EventKind::FaultOn { happening: fault.happening };
        for subject in fault.subjects.iter().filter(|_| fault.is_first) {
            self.timeline.note(now, *subject, kind, Reason::Scenario);
        }
    }

    fn note_end(&mut self, number: usize, now: u64) {
        let fault = &self.faults[number];
        let kind = EventKind::FaultOff { happening: fault.happening };
        for subject in fault.subjects.iter().filter(|_| fault.is_last) {
            self.timeline.note(now, *subject, kind, Reason::Scenario);
        }
    }

    fn change(&mut self, number: usize, begins: bool, stage: &mut Stage<'_, '_>) {
        let now = stage.now;
        let fault = &mut self.faults[number];
        fault.active = begins;
        match &mut fault.effect {
            Effect::Pace { leak: Some(leak), .. } if begins => {
                self.agenda.insert((now + leak.step_ns(), Deed::Grow(number)));
                self.befall_all(number, begins, stage);
            }
            Effect::Health(_) | Effect::Pace { .. } | Effect::Inject { .. } => {
                self.befall_all(number, begins, stage);
            }
            Effect::Message(disturbance) if begins => {
                let disturbance = disturbance.take().expect("a fault begins once");
                stage.view.disturbances.push((number, disturbance));
            }
            Effect::Message(_) => stage.view.disturbances.retain(|(fault, _)| *fault != number),
            Effect::Load { .. } => self.set_loads(stage),
            Effect::Set(set) => {
                let wanted = self.settings.change(number, set, begins, stage);
                if let Some((service, wanted)) =
                    wanted.filter(|(service, _)| !self.is_resized_again(*service, now))
                {
                    self.resize(service, wanted, stage);
                }
            }
            Effect::Flush { service, empty, refill } if begins => {
                let flushed =
                    Flushed { service: *service, fault: number, empty_until: now + *empty, refill: *refill };
                stage.view.flushed.push(flushed);
            }
            Effect::Flush { .. } => stage.view.flushed.retain(|flushed| flushed.fault != number),
            Effect::Pin { service, stream } => {
                let listing = self.listing.as_mut().expect("there is a scenario");
                if begins {
                    listing.pin(stage.plan, number, *service, stream);
                } else {
                    listing.unpin(number, *service);
                }
                listing.show(now, stage.plan, stage.view);
            }
            Effect::Freeze { service } => {
                let service = *service;
                self.listing().freeze(service, begins);
                self.publish(Reason::Announced, stage);
            }
            Effect::Unrest(unrest) => {
                if begins && let Some(strike) = unrest.next_strike(now) {
                    self.agenda.insert((strike, Deed::Strike(number)));
                }
            }
        }
    }

    fn await_signal(&mut self, instance: u32, due: &Due) {
        self.agenda.insert((due.time, Deed::Learn(instance, due.signal, due.turn)));
    }

    fn listing(&mut self) -> &mut Listing {
        self.listing.as_mut().expect("there is a scenario")
    }

    /// Clients may choose from what is listed now.
    fn publish(&mut self, reason: Reason, stage: &mut Stage<'_, '_>) {
        let marks = &self.marks;
        let listing = self.listing.as_mut().expect("there is a scenario");
        let is_up = |instance: u32| marks[instance as usize].down == 0;
        let spreading = listing.publish(stage.now, stage.plan, stage.view, reason, is_up);
        self.agenda.extend(spreading.into_iter().map(|(time, service)| (time, Deed::Settle(service))));
    }

    fn learn(&mut self, instance: u32, signal: Signal, turn: u32, stage: &mut Stage<'_, '_>) {
        let Some((reason, next)) = self.listing().signal(instance, stage.now, signal, turn) else {
            return;
        };
        next.iter().for_each(|due| self.await_signal(instance, due));
        if let Some(reason) = reason {
            self.publish(reason, stage);
        }
    }

    fn grow(&mut self, number: usize, stage: &mut Stage<'_, '_>) {
        let fault = &mut self.faults[number];
        let Effect::Pace { factor, leak: Some(leak) } = &mut fault.effect else {
            unreachable!("only leaks grow")
        };
        if !fault.active {
            return;
        }
        *factor = leak.factor_at(stage.now);
        if stage.now < leak.began + leak.length {
            self.agenda.insert((stage.now + leak.step_ns(), Deed::Grow(number)));
        }
        let struck = fault.struck.clone();
        self.set_paces(&struck, stage);
    }

    fn strike(&mut self, number: usize, stage: &mut Stage<'_, '_>) {
        let fault = &mut self.faults[number];
        let Effect::Unrest(unrest) = &mut fault.effect else { unreachable!("only chaos strikes") };
        if !fault.active {
            return;
        }
        if let Some(next) = unrest.next_strike(stage.now) {
            self.agenda.insert((next, Deed::Strike(number)));
        }
        let Some(victim) = unrest.strike(stage.plan) else { return };
        let (subject, instances) = unrest.victim(victim);
        let instances = instances.to_vec();
        self.agenda.insert((stage.now + unrest.down_ns(), Deed::Restore(number, victim)));
        let kind = EventKind::FaultOn { happening: fault.happening };
        self.timeline.note(stage.now, subject, kind, Reason::Chaos);
        self.mark(&instances, Health::Down, true, stage);
    }

    fn restore(&mut self, number: usize, victim: usize, stage: &mut Stage<'_, '_>) {
        let fault = &mut self.faults[number];
        let Effect::Unrest(unrest) = &mut fault.effect else { unreachable!("only chaos strikes") };
        unrest.restore(victim);
        let (subject, instances) = unrest.victim(victim);
        let (instances, happening) = (instances.to_vec(), fault.happening);
        self.mark(&instances, Health::Down, false, stage);
        self.timeline.note(stage.now, subject, EventKind::FaultOff { happening }, Reason::Chaos);
    }

    fn set_loads(&self, stage: &mut Stage<'_, '_>) {
        let factor_of = |workload: u32| {
            let active = self.faults.iter().filter(|fault| fault.active);
            let factors = active.filter_map(|fault| match &fault.effect {
                Effect::Load { workload: only, factor } if only.is_none_or(|only| only == workload) => {
                    Some(*factor)
                }
                _ => None,
            });
            factors.product::<f64>()
        };
        for partition in stage.partitions.iter_mut() {
            for local in 0..partition.sources.len() {
                let workload = partition.sources[local].workload;
                let world = World { plan: stage.plan, view: stage.view };
                partition.set_load(world, local as u32, factor_of(workload));
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
