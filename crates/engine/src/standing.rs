//! How a run stands at a look, and what whoever looks wants to happen.
//!
//! All partitions are at rest. Nothing is worked out before it is asked for.

use std::sync::MutexGuard;

use tarsier_model::{Happening, Scenario, ServiceId, Trouble, ZoneId};
use tarsier_units::{Id, Span};

use crate::instance::Health;
use crate::ledger::ServiceCounts;
use crate::outcome::Outcome;
use crate::partition::Partition;
use crate::run::Run;
use crate::tally::CallTally;
use crate::task::BRANCH;
use crate::timeline::Event;

/// A run at rest. What is asked of it is as of now, before anything that a scenario does at this very time.
pub struct Standing<'a, 'r> {
    pub(crate) now: u64,
    pub(crate) run: &'a mut Run<'r>,
    pub(crate) partitions: &'a mut Vec<MutexGuard<'r, Partition>>,
}

/// An instance at a look.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct InstanceState {
    pub number: u32,
    pub zone: ZoneId,
    pub health: Health,
    /// It is one too many, and ends what it has.
    pub leaves: bool,
    /// Cores at work.
    pub busy: u64,
    /// Requests that wait for a worker or a core.
    pub waiting: u64,
    /// All requests here, waiting or served.
    pub present: u64,
}

/// How something ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ended {
    Now,
    /// It had not begun, and is not in the scenario any more.
    TakenBack,
}

/// Why something cannot be done now.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Unfit {
    /// The watch did not say that it steers.
    NotSteered,
    /// The warm-up is not over.
    WarmingUp,
    /// The run is over.
    Over,
    /// There is no happening of this number.
    Unknown,
    /// It begins at this very moment, or later.
    NotBegun,
    /// It has ended already.
    Ended,
    /// What it does depends on when it ends: restarts, flushes and leaks run their course.
    RunsItsCourse,
    /// So many instances more are only possible from the start.
    NoRoom,
}

impl Standing<'_, '_> {
    /// Since the start of the run.
    pub fn time(&self) -> Span {
        Span::from_nanos(self.now)
    }

    /// Events so far.
    pub fn events(&self) -> u64 {
        self.partitions.iter().map(|partition| partition.events).sum()
    }

    /// Of each workload since the start of the run, in the order of the model.
    pub fn workloads(&self) -> impl Iterator<Item = CallTally> {
        let n = self.run.model.workloads.len();
        self.partitions[0].calls[..n].iter().map(|book| book.tally)
    }

    /// The same of each of its destinations, in the order of its mix.
    pub fn destinations(&self) -> impl Iterator<Item = CallTally> {
        let plan = &self.run.windows.common().plan;
        let ways: Vec<_> = (0..plan.workloads.len()).flat_map(|workload| plan.ways_of(workload)).collect();
        ways.into_iter().map(|way| self.partitions[0].calls[way].tally)
    }

    /// The same of the calls, in the order of [`Outcome::calls`].
    pub fn calls(&self) -> impl Iterator<Item = CallTally> {
        let (n, common) = (self.run.model.workloads.len(), self.run.windows.common());
        self.partitions[0].calls[n..n + common.plan.calls.len()].iter().map(|book| book.tally)
    }

    /// Of each service since the start of the run, in the order of the model.
    pub fn services(&self) -> impl Iterator<Item = ServiceCounts> {
        self.partitions[0].services.iter().map(|tally| ServiceCounts::at(self.now, tally))
    }

    /// How many instances each service is to have now, in the order of the model.
    pub fn wanted(&self) -> Vec<u32> {
        self.run.windows.common().plan.services.iter().map(|service| service.n_instances).collect()
    }

    /// The instances of a service, by their numbers; also those that go, until they are gone.
    pub fn instances(&self, service: ServiceId) -> Vec<InstanceState> {
        let mut instances: Vec<InstanceState> =
            self.partitions.iter().flat_map(|partition| self.instances_in(partition, service)).collect();
        instances.sort_by_key(|instance| instance.number);
        instances
    }

    fn instances_in(&self, partition: &Partition, service: ServiceId) -> Vec<InstanceState> {
        let common = self.run.windows.common();
        let (world, plan) = (common.world(), &common.plan);
        let mut here = vec![None; partition.instances.len()];
        for (at, instance) in partition.instances.iter().enumerate() {
            let global = partition.first_instance as usize + at;
            let is_there = !self.run.control.is_gone(global as u32);
            here[at] = (instance.service as usize == service.index() && is_there).then(|| InstanceState {
                number: plan.number_of[global],
                zone: ZoneId(plan.zone_of[global]),
                health: instance.health,
                leaves: !plan.is_wanted(global as u32),
                busy: if instance.health == Health::Up { partition.busy_cores(world, at) } else { 0 },
                waiting: 0,
                present: 0,
            });
        }
        for (_, record) in partition.tasks.iter().filter(|(_, record)| record.state.is_served()) {
            if let Some(state) = &mut here[partition.local(record.instance)] {
                state.present += u64::from(!record.has(BRANCH));
                state.waiting += u64::from(record.state.is_in_line());
            }
        }
        here.into_iter().flatten().collect()
    }

    /// What happened so far, but for the first `known` events: these stay the first.
    pub fn timeline(&self, known: usize) -> Vec<Event> {
        let (mut events, _) = self.run.timeline(self.partitions);
        events.drain(..known.min(events.len()));
        events
    }

    /// What the run would have found if it ended now, but for the accounts of the identities.
    pub fn outcome(&mut self) -> Outcome {
        self.run.outcome_so_far(self.now, self.partitions)
    }

    /// From here on is a new page: what [`Self::recent`] covers begins with the last one but one.
    pub fn turn_page(&mut self) {
        self.run.turn_page(self.now, self.partitions);
    }

    /// As [`Self::outcome`], of recent time only and without stores and events; nothing before a page was turned.
    pub fn recent(&mut self) -> Option<Outcome> {
        self.run.recent(self.now, self.partitions)
    }

    /// What the scenario has and what was done, each lasting as long as it did or will: a run with this scenario
    /// is the same to the last event.
    pub fn scenario(&self) -> Option<&Scenario> {
        self.run.scenario.as_deref()
    }

    /// Lets something happen now; its number in the scenario.
    pub fn begin(&mut self, trouble: Trouble, lasts: Option<Span>) -> Result<usize, Unfit> {
        self.is_steerable()?;
        if !self.run.has_room_for(&trouble) {
            return Err(Unfit::NoRoom);
        }
        let at = Span::from_nanos(self.now - self.run.warmup);
        Ok(self.run.begin(Happening { at, lasts, trouble }))
    }

    /// Ends now what began before and lasts, or takes back what was begun last, if that was just now.
    pub fn end(&mut self, number: usize) -> Result<Ended, Unfit> {
        self.is_steerable()?;
        self.run.end_early(number, self.now)
    }

    fn is_steerable(&self) -> Result<(), Unfit> {
        match self.now {
            _ if !self.run.is_steered => Err(Unfit::NotSteered),
            now if now < self.run.warmup => Err(Unfit::WarmingUp),
            now if now >= self.run.end => Err(Unfit::Over),
            _ => Ok(()),
        }
    }
}
