//! The callee's side: take a request in, let it wait, serve it, answer.

use tarsier_model::ErrorKind;
use tarsier_random::Stream;

use crate::balance::{hop, is_far, users_hop};
use crate::instance::{CORE_LINE, DOOR, EXPIRES, Health, INJECTS, WALL, WORKER_LINE};
use crate::outcome::{Cause, VisitEnd};
use crate::partition::{Body, Message, Partition, World};
use crate::place::Next;
use crate::plan::{Caller, NONE, Op, Picks, Site};
use crate::span::SpanEnd;
use crate::task::{BRANCH, DETACHED, Outcome, QUEUE_KNOWN, SAMPLED, State, VISITOR, WORKER};

impl Partition {
    /// A request is at the instance's door.
    #[inline(always)]
    pub(crate) fn arrive(&mut self, world: World<'_>, site: &Site, task: u32) {
        let mut place = self.place_of(task);
        if matches!(place.instance.health, Health::Down | Health::BlackHole) {
            return self.find_nobody(world, site, task);
        }
        let record = &mut place.tasks[task as usize];
        if record.has(SAMPLED) {
            place.accounts.note_arrival(task, (site.payer(), Cause::Network), place.now);
        }
        place.tally.arrivals += 1;
        place.tally.present.up(place.now);
        record.arrived = place.now;
        record.pc = site.entry;
        if let Some(visits) = place.visits {
            visits.begin(task);
        }
        if place.instance.is(INJECTS | DOOR | WALL) || site.caller == Caller::Publisher {
            return self.arrive_askew(world, site, task);
        }
        if place.instance.workers_free > 0 && place.instance.health == Health::Up {
            place.instance.workers_free -= 1;
            place.tally.workers.up(place.now);
            record.flags |= WORKER;
            let next = place.proceed(world, task);
            self.do_next(world, task, next);
        } else {
            self.wait_for_worker(world, self.local(self.tasks[task].instance), task);
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
            if instance.workers_free <= 0 || !(stalls || instance.health == Health::Up) {
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

    /// A step needs a core, and who gets it is not as simple as in [`Place::begin_or_wait`].
    #[inline(never)]
    fn want_core_by_rules(&mut self, world: World<'_>, task: u32) {
        let mut place = self.place_of(task);
        if place.instance.processor != NONE {
            return self.share_processor(world, task);
        }
        let counts = place.is_bounded(task);
        if counts && place.is_full(world) {
            return self.refused_inside(world, task);
        }
        place.await_core(task, counts);
        let at = self.local(self.tasks[task].instance);
        self.join_line(world, at, task);
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
        let mut place = self.place_of(task);
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
        let next = place.proceed(world, task);
        self.do_next(world, task, next);
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
    #[inline(never)]
    pub(crate) fn ends(&mut self, world: World<'_>, task: u32, outcome: Outcome) {
        if self.visits.is_some() {
            let end = if outcome == Outcome::Ok { VisitEnd::Completed } else { VisitEnd::Error };
            self.visit_ends(world, task, end);
        }
        let next = self.place_of(task).end(world, task, outcome);
        self.do_next(world, task, next);
    }

    /// Goes on where its place could not.
    #[inline(always)]
    pub(crate) fn do_next(&mut self, world: World<'_>, task: u32, next: Next<'_>) {
        match next {
            Next::Nothing => {}
            Next::Step => self.step_on(world, task),
            Next::WantCore => self.want_core_by_rules(world, task),
            Next::LetIn(outcome) => self.let_next_in(world, task, outcome),
            Next::Reply(outcome) => self.reply_by_rules(world, task, outcome),
            // Nobody else is let in by it: this does not nest any deeper.
            Next::Answered(site, outcome) => self.answered(world, site, task, outcome),
        }
    }

    /// Somebody waits for the place of a request that has ended, or a guard must know.
    #[inline(never)]
    fn let_next_in(&mut self, world: World<'_>, task: u32, outcome: Outcome) {
        let at = self.local(self.tasks[task].instance);
        self.hand_out_workers(world, at);
        if self.instances[at].is(DOOR) {
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
    pub(crate) fn reply(&mut self, world: World<'_>, task: u32, outcome: Outcome) {
        let next = self.place_of(task).reply(world, task, outcome);
        self.do_next(world, task, next);
    }

    /// The same where not everything is as it is mostly.
    #[inline(never)]
    fn reply_by_rules(&mut self, world: World<'_>, task: u32, outcome: Outcome) {
        let site = self.site_of(world, task);
        let record = &self.tasks[task];
        let (is_sampled, is_visitor) = (record.has(SAMPLED), record.has(VISITOR));
        if record.has(DETACHED) || site.caller == Caller::Publisher {
            if is_sampled {
                self.stay_ends(world, task, outcome.into());
            }
            if site.caller != Caller::Publisher {
                self.is_in_vain(site.service, outcome);
            }
            return self.free(task);
        }
        let delay = self.way_home(world, site, task, site.content_of(outcome));
        let delay = if world.view.disturbances.is_empty() {
            Some(delay)
        } else {
            self.disturbed_answer(world, task, delay)
        };
        // Its caller will not tell of the stay, or not this partition's.
        if is_sampled && (is_visitor || delay.is_none()) {
            self.stay_ends(world, task, outcome.into());
        }
        match delay {
            None => self.lose(world, task),
            Some(0) if site.answers_at_once() && !is_visitor => self.answered(world, site, task, outcome),
            Some(delay) => self.send_home(task, site, delay, outcome),
        }
    }

    /// How long an answer takes, of which so much time is its content's.
    #[inline(never)]
    pub(crate) fn way_home(&mut self, world: World<'_>, site: &Site, task: u32, content: u64) -> u64 {
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
            Caller::Users => content + way_back_to_users(world, site, stream, instance, home),
            _ => way_back(world, content, stream, instance, home, caller),
        }
    }

    /// An answer is on its way.
    pub(crate) fn send_home(&mut self, task: u32, site: &Site, delay: u64, outcome: Outcome) {
        let record = &mut self.tasks[task];
        if !record.has(VISITOR) {
            record.state = State::inbound(outcome);
            return self.schedule(task, delay);
        }
        let (caller, caller_epoch) = (record.parent, record.parent_epoch);
        let version = if site.picks == Picks::Replica { self.stores.freight_of(task).version } else { 0 };
        let body = Body::Answer { caller, caller_epoch, service: site.service, outcome, version };
        let to = record.lane_prev;
        let account = self.accounts.take(task);
        self.send_out(to, Message { time: self.now + delay, from: self.index, body, account });
        self.free(task);
    }
}

/// How long the answer of an instance to an instance takes.
#[inline(always)]
pub(crate) fn way_back(
    world: World<'_>,
    content: u64,
    stream: &mut Stream,
    instance: u32,
    home: u32,
    caller: u32,
) -> u64 {
    let (here, same_host) = (world.plan.zone_of[instance as usize], caller == instance);
    hop(world, stream, here, home, same_host) + if same_host { 0 } else { content }
}

/// How long an answer without content takes to a user.
#[inline(always)]
fn way_back_to_users(world: World<'_>, site: &Site, stream: &mut Stream, instance: u32, home: u32) -> u64 {
    let mut delay = users_hop(world, stream);
    // Nobody is far from home while everything is where it was at the start and answers.
    if world.view.has_changed() || site.goes_farther {
        let here = world.plan.zone_of[instance as usize];
        if is_far(world, site, home, here) {
            delay += hop(world, stream, here, home, false);
        }
    }
    delay
}
