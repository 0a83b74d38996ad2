//! Where a record is served: what nearly every request does there.
//!
//! Each part of the partition that a step changes is borrowed on its own, so that what was looked up is known
//! until the step ends. What rules, faults or lines make of it, and whatever few models have, is not done here:
//! it needs the whole partition, and [`Next`] says what is left to do.

use std::collections::VecDeque;

use crate::account::Accounts;
use crate::balance::users_hop;
use crate::client::Client;
use crate::guard::Guard;
use crate::instance::{CORE_LINE, DOOR, DRAGS, Instance};
use crate::kernel::EventQueue;
use crate::outcome::Cause;
use crate::partition::{Partition, World};
use crate::plan::{Caller, NONE, Op, Site};
use crate::serve::way_back;
use crate::tally::ServiceTally;
use crate::task::{DETACHED, Outcome, QUEUE_KNOWN, SAMPLED, State, Task, VISITOR, WORKER};
use crate::visits::Visits;

pub(crate) struct Place<'a> {
    pub(crate) now: u64,
    pub(crate) tasks: &'a mut [Task],
    pub(crate) instance: &'a mut Instance,
    pub(crate) tally: &'a mut ServiceTally,
    pub(crate) accounts: &'a mut Accounts,
    pub(crate) visits: &'a mut Option<Box<Visits>>,
    // Not slices: these would be looked up for every step, and few need them.
    clients: &'a Vec<Client>,
    guards: &'a Vec<Guard>,
    first_instance: u32,
    queue: &'a mut EventQueue,
    ready: &'a mut VecDeque<u32>,
}

/// What is left to do for a record.
pub(crate) enum Next<'a> {
    /// It waits for something.
    Nothing,
    /// A step that needs more than its place.
    Step,
    /// It wants a core, and rules say who gets it.
    WantCore,
    /// It has ended: somebody else may be let in before the answer goes out.
    LetIn(Outcome),
    /// An answer of which more must be known.
    Reply(Outcome),
    /// Its caller has the answer at once.
    Answered(&'a Site, Outcome),
}

impl Partition {
    #[inline(always)]
    pub(crate) fn place_of(&mut self, task: u32) -> Place<'_> {
        let tasks = self.tasks.as_mut_slice();
        let instance = &mut self.instances[(tasks[task as usize].instance - self.first_instance) as usize];
        Place {
            now: self.now,
            tasks,
            tally: &mut self.services[instance.service as usize],
            instance,
            accounts: &mut self.accounts,
            visits: &mut self.visits,
            clients: &self.clients,
            first_instance: self.first_instance,
            guards: &self.guards,
            queue: &mut self.queue,
            ready: &mut self.ready,
        }
    }
}

impl Place<'_> {
    /// Goes on with the steps of a record: the two that every request has are part of whatever leads to them.
    #[inline(always)]
    pub(crate) fn proceed<'a>(&mut self, world: World<'a>, task: u32) -> Next<'a> {
        match world.plan.ops[self.tasks[task as usize].pc as usize] {
            Op::Work { law } => self.begin_or_wait(world, law, task),
            Op::Return if self.visits.is_none() => self.end(world, task, Outcome::Ok),
            _ => Next::Step,
        }
    }

    /// A step needs a core.
    #[inline(always)]
    pub(crate) fn begin_or_wait<'a>(&mut self, world: World<'_>, law: u32, task: u32) -> Next<'a> {
        if self.instance.processor != NONE {
            return Next::WantCore;
        }
        if self.instance.cores_free > 0 {
            self.instance.cores_free -= 1;
            self.begin_work(world, law, task, NONE);
            return Next::Nothing;
        }
        let counts = self.is_bounded(task);
        if self.instance.is(CORE_LINE) || (counts && self.is_full(world)) {
            return Next::WantCore;
        }
        self.await_core(task, counts);
        self.instance.for_core.join(self.tasks, task);
        Next::Nothing
    }

    /// Whether the queue's bound counts this wait for a core: the first, if workers are unlimited.
    #[inline(always)]
    pub(crate) fn is_bounded(&self, task: u32) -> bool {
        self.instance.bounds_cores && !self.tasks[task as usize].has(QUEUE_KNOWN)
    }

    #[inline(always)]
    pub(crate) fn is_full(&self, world: World<'_>) -> bool {
        self.instance.waiting >= world.plan.services[self.instance.service as usize].queue
    }

    /// `counts` if the queue's bound counts this wait.
    #[inline(always)]
    pub(crate) fn await_core(&mut self, task: u32, counts: bool) {
        self.instance.waiting += u32::from(counts);
        let record = &mut self.tasks[task as usize];
        record.state = State::AwaitingCore;
        record.queued = record.queued.wrapping_sub(self.now);
        self.tally.waiting.up(self.now);
    }

    /// A core is free, or has its next work; the one before has just ended its own.
    #[inline(always)]
    pub(crate) fn give_core(&mut self, world: World<'_>, next: Option<u32>, before: u32) {
        let Some(next) = next else {
            self.instance.cores_free += 1;
            return;
        };
        self.instance.waiting -= u32::from(self.is_bounded(next));
        let record = &mut self.tasks[next as usize];
        record.queued = record.queued.wrapping_add(self.now);
        self.tally.waiting.down(self.now);
        let Op::Work { law } = world.plan.ops[record.pc as usize] else { unreachable!("a core is for work") };
        self.begin_work(world, law, next, before);
    }

    /// A core was taken for this record, from the one before, if any.
    #[inline(always)]
    fn begin_work(&mut self, world: World<'_>, law: u32, task: u32, before: u32) {
        let (now, service) = (self.now, self.instance.service);
        let mut nanos = world.plan.laws[law as usize].sample_nanos(&mut self.instance.draws.work);
        if self.instance.pace != 1.0 {
            nanos = (nanos as f64 * self.instance.pace + 0.5) as u64;
        }
        if self.instance.is(DRAGS) {
            let plan = &world.plan.services[service as usize];
            let goes =
                |task: u32| matches!(world.plan.ops[self.tasks[task as usize].pc as usize], Op::Return);
            let n_going = u32::from(before != NONE && goes(before));
            nanos = self.guards[self.instance.guard as usize].dragged(plan, nanos, n_going);
        }
        let record = &mut self.tasks[task as usize];
        if !record.has(QUEUE_KNOWN) {
            record.flags |= QUEUE_KNOWN;
            self.tally.queue.record(record.queued);
        }
        self.tally.busy.up(now);
        self.tally.work = self.tally.work.wrapping_add(u128::from(nanos));
        record.state = State::Working;
        if let Some(visits) = self.visits {
            visits.draw(task, nanos);
        }
        if record.has(SAMPLED) {
            self.accounts.note(task, (service, Cause::Core), now);
        }
        self.schedule(task, nanos);
    }

    #[inline(always)]
    fn schedule(&mut self, task: u32, delay: u64) {
        if delay == 0 {
            self.ready.push_back(task);
        } else {
            self.queue.push(self.now + delay, task);
        }
    }

    /// The endpoint has ended.
    #[inline(always)]
    pub(crate) fn end<'a>(&mut self, world: World<'a>, task: u32, outcome: Outcome) -> Next<'a> {
        let record = &mut self.tasks[task as usize];
        if !record.has(QUEUE_KNOWN) {
            record.flags |= QUEUE_KNOWN;
            self.tally.queue.record(record.queued);
        }
        let time = self.now - record.arrived;
        self.tally.present.down(self.now);
        self.tally.residence += u128::from(time);
        if outcome == Outcome::Ok {
            self.tally.completed += 1;
            self.tally.stay.record(time);
        } else {
            self.tally.errors += 1;
        }
        if record.has(WORKER) {
            record.flags &= !WORKER;
            self.instance.workers_free += 1;
            self.tally.workers.down(self.now);
        }
        if !self.instance.for_worker.is_empty() || self.instance.is(DOOR) {
            return Next::LetIn(outcome);
        }
        self.reply(world, task, outcome)
    }

    /// Sends the answer, if nothing keeps it from going home as it mostly does.
    #[inline(always)]
    pub(crate) fn reply<'a>(&mut self, world: World<'a>, task: u32, outcome: Outcome) -> Next<'a> {
        let record = &self.tasks[task as usize];
        if record.has(DETACHED | VISITOR) || !world.view.disturbances.is_empty() {
            return Next::Reply(outcome);
        }
        let client = &self.clients[record.client as usize];
        let site = &world.plan.sites[client.site as usize];
        let stream = &mut self.instance.draws.network;
        let delay = match site.caller {
            Caller::Publisher => return Next::Reply(outcome),
            Caller::Users if world.view.has_changed() || site.goes_farther => return Next::Reply(outcome),
            // Nobody is far from home while everything is where it was at the start.
            Caller::Users => site.content_of(outcome) + users_hop(world, stream),
            Caller::Service => {
                let caller = self.first_instance + client.origin;
                let home = world.plan.zone_of[caller as usize];
                way_back(world, site.content_of(outcome), stream, record.instance, home, caller)
            }
        };
        if delay == 0 && site.answers_at_once() {
            return Next::Answered(site, outcome);
        }
        self.tasks[task as usize].state = State::inbound(outcome);
        self.schedule(task, delay);
        Next::Nothing
    }
}
