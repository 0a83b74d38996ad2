//! The callee's side: take a request in, let it wait, serve it, answer.

use std::collections::VecDeque;

use tarsier_model::ErrorKind;
use tarsier_random::Stream;

use crate::account::Accounts;
use crate::balance::{hop, is_far, users_hop};
use crate::guard::Guard;
use crate::instance::{CORE_LINE, DOOR, DRAGS, EXPIRES, Health, INJECTS, Instance, WALL, WORKER_LINE};
use crate::kernel::EventQueue;
use crate::outcome::{Cause, VisitEnd};
use crate::partition::{Body, Message, Partition, World};
use crate::plan::{Caller, NONE, Op, Site};
use crate::span::SpanEnd;
use crate::tally::ServiceTally;
use crate::task::{BRANCH, DETACHED, Outcome, QUEUE_KNOWN, SAMPLED, State, Task, VISITOR, WORKER};
use crate::visits::Visits;

impl Partition {
    /// A request is at the instance's door.
    #[inline(always)]
    pub(crate) fn arrive(&mut self, world: World<'_>, site: &Site, task: u32) {
        let now = self.now;
        let record = &mut self.tasks[task];
        let at = (record.instance - self.first_instance) as usize;
        let instance = &mut self.instances[at];
        if matches!(instance.health, Health::Down | Health::BlackHole) {
            return self.find_nobody(world, site, task);
        }
        if record.has(SAMPLED) {
            self.accounts.note_arrival(task, (site.payer(), Cause::Network), now);
        }
        let tally = &mut self.services[site.service as usize];
        tally.arrivals += 1;
        tally.present.up(now);
        record.arrived = now;
        record.pc = site.entry;
        if let Some(visits) = &mut self.visits {
            visits.begin(task);
        }
        if instance.is(INJECTS | DOOR | WALL) || site.caller == Caller::Publisher {
            return self.arrive_askew(world, site, task);
        }
        if instance.workers_free > 0 && instance.health == Health::Up {
            instance.workers_free -= 1;
            tally.workers.up(now);
            record.flags |= WORKER;
            self.proceed(world, task);
        } else {
            self.wait_for_worker(world, at, task);
        }
    }

    /// The instance is gone.
    #[cold]
    fn find_nobody(&mut self, world: World<'_>, site: &Site, task: u32) {
        let at = self.local(self.tasks[task].instance);
        if self.instances[at].health == Health::Down {
            return self.turn_away(world, task, Outcome::Unreachable);
        }
        if site.caller == Caller::Publisher {
            self.calls[site.tally as usize].tally.fails(self.now);
        }
        self.lose(world, task);
    }

    /// A message without an answer, or a request that may be refused or made to fail. Who publishes
    /// learns whether the message was taken in, and no more.
    #[inline(never)]
    fn arrive_askew(&mut self, world: World<'_>, site: &Site, task: u32) {
        let at = self.local(self.tasks[task].instance);
        let is_kept_out = self.instances[at].is(WALL) && self.is_walled_off(world, site, task);
        if is_kept_out || (self.instances[at].is(DOOR) && !self.is_let_in(world, site, at, task)) {
            self.count_refusal(world, task);
            return self.turn_away(world, task, Outcome::Refused);
        }
        let instance = &self.instances[at];
        let service = instance.service as usize;
        let serves = instance.workers_free > 0 && instance.health == Health::Up;
        let stalls = instance.workers_free > 0 && instance.health == Health::Stalled;
        let has_room = instance.waiting < world.plan.services[service].queue;
        let fails = if instance.is(INJECTS) { self.injected(at) } else { None };
        let is_taken_in = fails.map_or(serves || stalls || has_room, |kind| kind == ErrorKind::Error);
        if site.caller == Caller::Publisher && is_taken_in {
            self.calls[site.tally as usize].tally.succeeds(self.now);
        }
        match fails {
            Some(kind) => self.fail_on_arrival(world, site, task, kind),
            None if serves => {
                self.take_worker(at, task);
                self.proceed(world, task);
            }
            None => self.wait_for_worker(world, at, task),
        }
    }

    /// A fault has it that this request fails.
    #[cold]
    fn fail_on_arrival(&mut self, world: World<'_>, site: &Site, task: u32, kind: ErrorKind) {
        match kind {
            ErrorKind::Error => self.ends(world, task, Outcome::Error),
            ErrorKind::Refused => self.refuse(world, task),
            ErrorKind::Unreachable => {
                if site.caller == Caller::Publisher {
                    self.calls[site.tally as usize].tally.fails(self.now);
                }
                self.ends(world, task, Outcome::Unreachable);
            }
        }
    }

    /// No worker is free: in the queue, if there is room.
    fn wait_for_worker(&mut self, world: World<'_>, at: usize, task: u32) {
        let instance = &mut self.instances[at];
        let service = instance.service;
        if instance.health == Health::Stalled && instance.workers_free > 0 {
            self.take_worker(at, task);
            self.tasks[task].state = State::Blocked;
            return;
        }
        if instance.waiting >= world.plan.services[service as usize].queue {
            return self.refuse(world, task);
        }
        instance.waiting += 1;
        if instance.is(WORKER_LINE) {
            self.join_line(world, at, task);
        } else {
            instance.for_worker.join(self.tasks.as_mut_slice(), task);
        }
        let record = &mut self.tasks[task];
        record.state = State::AwaitingWorker;
        record.queued = record.queued.wrapping_sub(self.now);
        self.services[service as usize].waiting.up(self.now);
    }

    #[inline(always)]
    fn take_worker(&mut self, at: usize, task: u32) {
        let instance = &mut self.instances[at];
        instance.workers_free -= 1;
        self.services[instance.service as usize].workers.up(self.now);
        self.tasks[task].flags |= WORKER;
    }

    /// Nobody will ever hear of this request.
    #[inline(never)]
    pub(crate) fn lose(&mut self, world: World<'_>, task: u32) {
        if self.tasks[task].has(SAMPLED) {
            self.stay_ends(world, task, SpanEnd::Lost);
        }
        let record = &self.tasks[task];
        let published = self.site_of(world, task).caller == Caller::Publisher;
        if record.has(DETACHED) || record.has(VISITOR) || published {
            self.free(task);
        } else {
            self.tasks[task].state = State::Lost;
        }
    }

    /// Answers a request that was not let in.
    #[inline(never)]
    pub(crate) fn turn_away(&mut self, world: World<'_>, task: u32, outcome: Outcome) {
        let site = self.site_of(world, task);
        if site.caller == Caller::Publisher {
            let tally = &mut self.calls[site.tally as usize].tally;
            tally.fails(self.now);
            tally.refused += u64::from(outcome == Outcome::Refused);
        }
        self.reply(world, task, outcome);
    }

    /// The queue is full.
    #[inline(never)]
    fn refuse(&mut self, world: World<'_>, task: u32) {
        self.leaves_guard(world, task, Outcome::Refused);
        self.count_refusal(world, task);
        self.turn_away(world, task, Outcome::Refused);
    }

    fn count_refusal(&mut self, world: World<'_>, task: u32) {
        if self.visits.is_some() {
            self.visit_ends(world, task, VisitEnd::Refused);
        }
        let service = self.instance_of(task).service;
        let record = &self.tasks[task];
        let tally = &mut self.services[service as usize];
        tally.refused += 1;
        tally.present.down(self.now);
        tally.residence += u128::from(self.now - record.arrived);
    }

    /// Gives free workers to those who wait for them.
    pub(crate) fn hand_out_workers(&mut self, world: World<'_>, at: usize) {
        loop {
            let instance = &mut self.instances[at];
            let stalls = instance.health == Health::Stalled;
            if instance.workers_free == 0 || !(stalls || instance.health == Health::Up) {
                return;
            }
            let next = if instance.is(WORKER_LINE) {
                self.pick_next(world, at)
            } else {
                instance.for_worker.leave(self.tasks.as_mut_slice())
            };
            let Some(task) = next else { return };
            let instance = &mut self.instances[at];
            instance.waiting -= 1;
            let service = instance.service;
            let record = &mut self.tasks[task];
            record.queued = record.queued.wrapping_add(self.now);
            self.services[service as usize].waiting.down(self.now);
            self.take_worker(at, task);
            if self.tasks[task].has(SAMPLED) {
                self.accounts.note(task, (service, Cause::Worker), self.now);
            }
            if stalls {
                // For ever: nothing will end what has not begun.
                self.tasks[task].state = State::Blocked;
                continue;
            }
            self.tasks[task].state = State::Granted;
            // Not at once: a chain of requests without steps must not become a chain of calls.
            self.ready.push_back(task);
        }
    }

    /// A step needs a core.
    #[inline(always)]
    pub(crate) fn want_core(&mut self, world: World<'_>, task: u32, law: u32) {
        let place = self.place_of(task);
        if place.instance.processor != NONE {
            return self.share_processor(world, task);
        }
        if place.instance.cores_free > 0 {
            place.instance.cores_free -= 1;
            return place.begin_work(world, law, task, NONE);
        }
        if place.is_bounded(task) {
            if place.instance.waiting >= world.plan.services[place.instance.service as usize].queue {
                return self.refused_inside(world, task);
            }
            place.instance.waiting += 1;
        }
        let record = &mut place.tasks[task as usize];
        record.state = State::AwaitingCore;
        record.queued = record.queued.wrapping_sub(place.now);
        place.tally.waiting.up(place.now);
        if place.instance.is(CORE_LINE) {
            let at = self.local(self.tasks[task].instance);
            return self.join_line(world, at, task);
        }
        place.instance.for_core.join(place.tasks, task);
    }

    /// Refused after it was let in, perhaps with a worker: before its first core.
    #[inline(never)]
    pub(crate) fn refused_inside(&mut self, world: World<'_>, task: u32) {
        self.release_all(world, task);
        if self.tasks[task].has(BRANCH) {
            return self.fails(world, task, Outcome::Refused);
        }
        self.leaves_guard(world, task, Outcome::Refused);
        self.give_worker_back(world, task);
        self.count_refusal(world, task);
        self.reply(world, task, Outcome::Refused);
    }

    /// Where a record is served. The borrow of each part is of its own, so that what was looked up is
    /// known until the step ends.
    #[inline(always)]
    fn place_of(&mut self, task: u32) -> Place<'_> {
        let tasks = self.tasks.as_mut_slice();
        let instance = &mut self.instances[(tasks[task as usize].instance - self.first_instance) as usize];
        Place {
            now: self.now,
            tasks,
            tally: &mut self.services[instance.service as usize],
            instance,
            guards: &self.guards,
            accounts: &mut self.accounts,
            visits: &mut self.visits,
            queue: &mut self.queue,
            ready: &mut self.ready,
        }
    }

    /// The waiting of a request counts up to its first core.
    #[inline(always)]
    pub(crate) fn know_queue(&mut self, service: u32, task: u32) {
        let record = &mut self.tasks[task];
        if !record.has(QUEUE_KNOWN) {
            record.flags |= QUEUE_KNOWN;
            self.services[service as usize].queue.record(record.queued);
        }
    }

    #[inline(always)]
    pub(crate) fn work_ends(&mut self, world: World<'_>, task: u32) {
        let place = self.place_of(task);
        let record = &mut place.tasks[task as usize];
        record.pc += 1;
        place.tally.busy.down(place.now);
        if record.has(SAMPLED) {
            place.accounts.note(task, (place.instance.service, Cause::Work), place.now);
        }
        if place.instance.is(CORE_LINE | EXPIRES) {
            return self.work_ends_by_rules(world, task);
        }
        let next = place.instance.for_core.leave(place.tasks);
        place.give_core(world, next, task);
        self.proceed(world, task);
    }

    /// The same where rules say who gets the core.
    #[inline(never)]
    fn work_ends_by_rules(&mut self, world: World<'_>, task: u32) {
        self.pass_core_on(world, task);
        self.step_on(world, task);
    }

    /// Who was working on a core leaves it to the next.
    pub(crate) fn pass_core_on(&mut self, world: World<'_>, task: u32) {
        let next = self.next_for_core(world, self.local(self.tasks[task].instance));
        self.place_of(task).give_core(world, next, task);
    }

    pub(crate) fn wait_ends(&mut self, world: World<'_>, task: u32) {
        if self.tasks[task].has(SAMPLED) {
            // Before running an optimistic step again it waits, too.
            let tries_again = matches!(world.plan.ops[self.tasks[task].pc as usize], Op::Contend(_));
            let cause = if tries_again { Cause::Backoff } else { Cause::Wait };
            let service = self.instance_of(task).service;
            self.accounts.note(task, (service, cause), self.now);
        }
        self.tasks[task].pc += 1;
        self.proceed(world, task);
    }

    /// The endpoint has ended: answer, and let the next one in.
    #[inline(always)]
    pub(crate) fn ends(&mut self, world: World<'_>, task: u32, outcome: Outcome) {
        let now = self.now;
        if self.visits.is_some() {
            let end = if outcome == Outcome::Ok { VisitEnd::Completed } else { VisitEnd::Error };
            self.visit_ends(world, task, end);
        }
        let record = &mut self.tasks[task];
        let at = (record.instance - self.first_instance) as usize;
        let instance = &mut self.instances[at];
        let guarded = instance.is(DOOR);
        let tally = &mut self.services[instance.service as usize];
        if !record.has(QUEUE_KNOWN) {
            record.flags |= QUEUE_KNOWN;
            tally.queue.record(record.queued);
        }
        let time = now - record.arrived;
        tally.present.down(now);
        tally.residence += u128::from(time);
        if outcome == Outcome::Ok {
            tally.completed += 1;
            tally.stay.record(time);
        } else {
            tally.errors += 1;
        }
        if record.has(WORKER) {
            record.flags &= !WORKER;
            instance.workers_free += 1;
            tally.workers.down(now);
            if !instance.for_worker.is_empty() {
                self.hand_out_workers(world, at);
            }
        }
        if guarded {
            self.leaves_guard(world, task, outcome);
        }
        self.reply(world, task, outcome);
    }

    /// Gives a worker back without an end.
    pub(crate) fn give_worker_back(&mut self, world: World<'_>, task: u32) {
        if !self.tasks[task].has(WORKER) {
            return;
        }
        self.tasks[task].flags &= !WORKER;
        let at = self.local(self.tasks[task].instance);
        let instance = &mut self.instances[at];
        instance.workers_free += 1;
        self.services[instance.service as usize].workers.down(self.now);
        self.hand_out_workers(world, at);
    }

    /// Sends the answer, if anybody waits for it.
    #[inline(always)]
    pub(crate) fn reply(&mut self, world: World<'_>, task: u32, outcome: Outcome) {
        let site = self.site_of(world, task);
        let record = &mut self.tasks[task];
        if record.has(DETACHED) || site.caller == Caller::Publisher {
            if record.has(SAMPLED) {
                self.stay_ends(world, task, outcome.into());
            }
            if site.caller != Caller::Publisher {
                self.is_in_vain(site.service, outcome);
            }
            return self.free(task);
        }
        if record.has(VISITOR) {
            return self.answer_abroad(world, site, task, outcome);
        }
        let (client, instance) = (self.clients[record.client as usize], record.instance);
        let stream = &mut self.instances[(instance - self.first_instance) as usize].draws.network;
        let delay = match site.caller {
            Caller::Users => {
                let home = || self.sources[client.origin as usize].zone;
                way_back_to_users(world, site, stream, instance, home)
            }
            _ => {
                let caller = self.first_instance + client.origin;
                let home = world.plan.zone_of[caller as usize];
                way_back(world, site, stream, instance, home, caller)
            }
        };
        let delay = if world.view.disturbances.is_empty() {
            delay
        } else {
            match self.disturbed_answer(world, task, delay) {
                Some(longer) => longer,
                None => return self.lose_answer(world, task, outcome),
            }
        };
        let record = &mut self.tasks[task];
        if delay == 0 && site.caller == Caller::Users && !site.has_extra {
            // Nobody else is let in by it: this does not nest either.
            self.answered(world, site, task, outcome);
        } else {
            record.state = State::Inbound(outcome);
            self.schedule(task, delay);
        }
    }

    #[inline(never)]
    fn answer_abroad(&mut self, world: World<'_>, site: &Site, task: u32, outcome: Outcome) {
        let delay = self.way_home(world, site, task);
        let delay = if world.view.disturbances.is_empty() {
            Some(delay)
        } else {
            self.disturbed_answer(world, task, delay)
        };
        if self.tasks[task].has(SAMPLED) {
            self.stay_ends(world, task, outcome.into());
        }
        match delay {
            None => self.lose(world, task),
            Some(delay) => self.send_home(task, site, delay, outcome),
        }
    }

    #[cold]
    fn lose_answer(&mut self, world: World<'_>, task: u32, outcome: Outcome) {
        if self.tasks[task].has(SAMPLED) {
            self.stay_ends(world, task, outcome.into());
        }
        self.lose(world, task);
    }

    /// How long an answer takes.
    #[inline(never)]
    pub(crate) fn way_home(&mut self, world: World<'_>, site: &Site, task: u32) -> u64 {
        let record = &self.tasks[task];
        let instance = record.instance;
        let (home, caller) = if record.has(VISITOR) {
            (record.lane_next, NONE)
        } else {
            let origin = self.clients[record.client as usize].origin;
            (self.zone_of_client(world, record.client), self.first_instance + origin)
        };
        let at = self.local(instance);
        let stream = &mut self.instances[at].draws.network;
        match site.caller {
            Caller::Users => way_back_to_users(world, site, stream, instance, || home),
            _ => way_back(world, site, stream, instance, home, caller),
        }
    }

    /// An answer is on its way.
    pub(crate) fn send_home(&mut self, task: u32, site: &Site, delay: u64, outcome: Outcome) {
        let record = &mut self.tasks[task];
        if !record.has(VISITOR) {
            record.state = State::Inbound(outcome);
            return self.schedule(task, delay);
        }
        let (caller, caller_epoch) = (record.parent, record.parent_epoch);
        let body = Body::Answer { caller, caller_epoch, service: site.service, outcome };
        let to = record.lane_prev;
        let account = self.accounts.take(task);
        self.send_out(to, Message { time: self.now + delay, from: self.index, body, account });
        self.free(task);
    }
}

/// Where a record is served: its instance and what is counted there.
struct Place<'a> {
    now: u64,
    tasks: &'a mut [Task],
    instance: &'a mut Instance,
    tally: &'a mut ServiceTally,
    guards: &'a [Guard],
    accounts: &'a mut Accounts,
    visits: &'a mut Option<Box<Visits>>,
    queue: &'a mut EventQueue,
    ready: &'a mut VecDeque<u32>,
}

impl Place<'_> {
    /// Whether the queue's bound counts this wait for a core: the first, if workers are unlimited.
    #[inline(always)]
    fn is_bounded(&self, task: u32) -> bool {
        self.instance.bounds_cores && !self.tasks[task as usize].has(QUEUE_KNOWN)
    }

    /// A core is free, or has its next work; the one before has just ended its own.
    #[inline(always)]
    fn give_core(self, world: World<'_>, next: Option<u32>, before: u32) {
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
    fn begin_work(self, world: World<'_>, law: u32, task: u32, before: u32) {
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
        if nanos == 0 {
            self.ready.push_back(task);
        } else {
            self.queue.push(now + nanos, task);
        }
    }
}

/// How long the answer of an instance to an instance takes.
#[inline(always)]
fn way_back(
    world: World<'_>,
    site: &Site,
    stream: &mut Stream,
    instance: u32,
    home: u32,
    caller: u32,
) -> u64 {
    let here = world.plan.zone_of[instance as usize];
    site.response_ns + hop(world, stream, here, home, caller == instance)
}

/// How long the answer to a user takes.
#[inline(always)]
fn way_back_to_users(
    world: World<'_>,
    site: &Site,
    stream: &mut Stream,
    instance: u32,
    home: impl Fn() -> u32,
) -> u64 {
    let mut delay = site.response_ns + users_hop(world, stream);
    // Nobody is far from home while everything is where it was at the start.
    if world.view.has_changed() {
        let (home, here) = (home(), world.plan.zone_of[instance as usize]);
        if is_far(world, site, home, here) {
            delay += hop(world, stream, here, home, false);
        }
    }
    delay
}
