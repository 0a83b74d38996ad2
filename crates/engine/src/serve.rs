//! The callee's side: take a request in, let it wait, serve it, answer.

use crate::balance::{hop, users_hop};
use crate::instance::{Health, Line};
use crate::outcome::{Cause, VisitEnd};
use crate::partition::{Body, Message, Partition, World};
use crate::plan::{Caller, NONE, Op};
use crate::task::{BRANCH, DETACHED, Outcome, QUEUE_KNOWN, SAMPLED, State, VISITOR, WORKER};

impl Partition {
    /// A request is at the instance's door.
    pub(crate) fn arrive(&mut self, world: World<'_>, task: u32) {
        let at = self.local(self.tasks[task].instance);
        let site = self.site_of(world, task);
        match self.instances[at].health {
            Health::BlackHole => {
                if site.caller == Caller::Publisher {
                    self.calls[site.tally as usize].errors += 1;
                }
                return self.lose(world, task);
            }
            Health::Down => return self.turn_away(world, task, Outcome::Unreachable),
            Health::Up | Health::Paused => {}
        }
        if self.tasks[task].has(SAMPLED) {
            self.note(site, task, Cause::Network);
        }
        let (now, service) = (self.now, site.service);
        let instance = &mut self.instances[at];
        let tally = &mut self.services[service as usize];
        tally.arrivals += 1;
        tally.present.up(now);
        let record = &mut self.tasks[task];
        record.arrived = now;
        record.pc = site.entry;
        if let Some(visits) = &mut self.visits {
            visits.begin(task);
        }
        if site.caller == Caller::Publisher {
            return self.arrive_published(world, task);
        }
        if instance.injects && self.injected(at) {
            return self.ends(world, task, Outcome::Error);
        }
        let instance = &mut self.instances[at];
        if instance.workers_free > 0 && instance.health == Health::Up {
            instance.workers_free -= 1;
            self.services[service as usize].workers.up(now);
            self.tasks[task].flags |= WORKER;
            self.proceed(world, task);
        } else {
            self.wait_for_worker(world, at, task);
        }
    }

    /// Who publishes learns whether the message was taken in, and no more.
    #[inline(never)]
    fn arrive_published(&mut self, world: World<'_>, task: u32) {
        let at = self.local(self.tasks[task].instance);
        let service = self.instances[at].service as usize;
        let instance = &self.instances[at];
        let serves = instance.workers_free > 0 && instance.health == Health::Up;
        let has_room = instance.waiting < world.plan.services[service].queue;
        let fails = instance.injects && self.injected(at);
        if serves || has_room || fails {
            let tally = self.site_of(world, task).tally as usize;
            self.calls[tally].completed += 1;
        }
        if fails {
            return self.ends(world, task, Outcome::Error);
        }
        if serves {
            self.take_worker(at, task);
            self.proceed(world, task);
        } else {
            self.wait_for_worker(world, at, task);
        }
    }

    /// No worker is free: in the queue, if there is room.
    fn wait_for_worker(&mut self, world: World<'_>, at: usize, task: u32) {
        let instance = &mut self.instances[at];
        let service = instance.service;
        if instance.waiting >= world.plan.services[service as usize].queue {
            return self.refuse(world, task);
        }
        instance.waiting += 1;
        let mut line = instance.for_worker;
        self.begin_waiting(&mut line, service, task, State::AwaitingWorker);
        self.instances[at].for_worker = line;
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
            let tally = &mut self.calls[site.tally as usize];
            tally.errors += 1;
            tally.refused += u64::from(outcome == Outcome::Refused);
        }
        self.reply(world, task, outcome);
    }

    /// The queue is full.
    #[inline(never)]
    fn refuse(&mut self, world: World<'_>, task: u32) {
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

    #[inline(always)]
    fn begin_waiting(&mut self, line: &mut Line, service: u32, task: u32, state: State) {
        let record = &mut self.tasks[task];
        record.state = state;
        record.queued = record.queued.wrapping_sub(self.now);
        self.services[service as usize].waiting.up(self.now);
        self.stand_in(line, task);
    }

    #[inline(always)]
    fn end_waiting(&mut self, service: u32, task: u32) {
        let record = &mut self.tasks[task];
        record.queued = record.queued.wrapping_add(self.now);
        self.services[service as usize].waiting.down(self.now);
    }

    /// At the end of a line.
    #[inline]
    pub(crate) fn stand_in(&mut self, line: &mut Line, task: u32) {
        self.tasks[task].next = NONE;
        if line.is_empty() {
            line.head = task
        } else {
            self.tasks[line.tail].next = task
        }
        line.tail = task;
    }

    /// The first of a line leaves it.
    #[inline]
    pub(crate) fn step_forward(&mut self, line: &mut Line) -> Option<u32> {
        if line.is_empty() {
            return None;
        }
        let first = line.head;
        line.head = self.tasks[first].next;
        Some(first)
    }

    /// Gives free workers to those who wait for them.
    pub(crate) fn hand_out_workers(&mut self, at: usize) {
        loop {
            let instance = &mut self.instances[at];
            if instance.workers_free == 0 || instance.health != Health::Up || instance.for_worker.is_empty() {
                return;
            }
            let (service, mut line) = (instance.service, instance.for_worker);
            instance.waiting -= 1;
            let task = self.step_forward(&mut line).expect("the line is not empty");
            self.instances[at].for_worker = line;
            self.end_waiting(service, task);
            self.take_worker(at, task);
            if self.tasks[task].has(SAMPLED) {
                self.accounts.note(task, (service, Cause::Worker), self.now);
            }
            self.tasks[task].state = State::Granted;
            // Not at once: a chain of requests without steps must not become a chain of calls.
            self.ready.push_back(task);
        }
    }

    /// A step needs a core.
    #[inline(always)]
    pub(crate) fn want_core(&mut self, world: World<'_>, task: u32) {
        let at = self.local(self.tasks[task].instance);
        let instance = &mut self.instances[at];
        if instance.processor != NONE {
            return self.share_processor(world, task);
        }
        if instance.cores_free > 0 {
            instance.cores_free -= 1;
            return self.begin_work(world, at, task);
        }
        let service = instance.service;
        if self.is_bounded(world, service, task) {
            let instance = &mut self.instances[at];
            if instance.waiting >= world.plan.services[service as usize].queue {
                return self.refused_inside(world, task);
            }
            instance.waiting += 1;
        }
        let mut line = self.instances[at].for_core;
        self.begin_waiting(&mut line, service, task, State::AwaitingCore);
        self.instances[at].for_core = line;
    }

    /// Whether the queue's bound counts this wait for a core: the first, if workers are unlimited.
    #[inline]
    fn is_bounded(&self, world: World<'_>, service: u32, task: u32) -> bool {
        !self.tasks[task].has(QUEUE_KNOWN) && world.plan.services[service as usize].workers.is_none()
    }

    /// Refused after it had a worker: at its first wait for a core.
    #[inline(never)]
    fn refused_inside(&mut self, world: World<'_>, task: u32) {
        if self.tasks[task].has(BRANCH) {
            return self.fails(world, task, Outcome::Refused);
        }
        self.give_worker_back(task);
        self.count_refusal(world, task);
        self.reply(world, task, Outcome::Refused);
    }

    /// A core was taken for this record.
    #[inline(always)]
    fn begin_work(&mut self, world: World<'_>, at: usize, task: u32) {
        let record = &mut self.tasks[task];
        let instance = &mut self.instances[at];
        let Op::Work { law } = world.plan.ops[record.pc as usize] else { unreachable!("a core is for work") };
        let mut nanos = world.plan.laws[law as usize].sample_nanos(&mut instance.draws.work);
        if instance.pace != 1.0 {
            nanos = (nanos as f64 * instance.pace + 0.5) as u64;
        }
        let tally = &mut self.services[instance.service as usize];
        if record.flags & QUEUE_KNOWN == 0 {
            record.flags |= QUEUE_KNOWN;
            self.records.queues[instance.service as usize].record(record.queued);
        }
        tally.busy.up(self.now);
        tally.work += u128::from(nanos);
        record.state = State::Working;
        if let Some(visits) = &mut self.visits {
            visits.draw(task, nanos);
        }
        if record.has(SAMPLED) {
            let service = instance.service;
            self.accounts.note(task, (service, Cause::Core), self.now);
        }
        self.schedule(task, nanos);
    }

    /// The waiting of a request counts up to its first core.
    #[inline(always)]
    pub(crate) fn know_queue(&mut self, service: u32, task: u32) {
        let record = &mut self.tasks[task];
        if !record.has(QUEUE_KNOWN) {
            record.flags |= QUEUE_KNOWN;
            self.records.queues[service as usize].record(record.queued);
        }
    }

    pub(crate) fn work_ends(&mut self, world: World<'_>, task: u32) {
        let record = &mut self.tasks[task];
        record.pc += 1;
        let at = (record.instance - self.first_instance) as usize;
        let instance = &mut self.instances[at];
        let service = instance.service;
        self.services[service as usize].busy.down(self.now);
        if record.has(SAMPLED) {
            self.accounts.note(task, (service, Cause::Work), self.now);
        }
        if instance.for_core.is_empty() {
            instance.cores_free += 1;
        } else {
            self.hand_core_on(world, at);
        }
        self.proceed(world, task);
    }

    fn hand_core_on(&mut self, world: World<'_>, at: usize) {
        let instance = &mut self.instances[at];
        let service = instance.service as usize;
        let next = instance.for_core.head;
        let record = &mut self.tasks[next];
        instance.for_core.head = record.next;
        // Its first wait counts in the queue's bound, where workers are unlimited.
        if record.flags & QUEUE_KNOWN == 0 && world.plan.services[service].workers.is_none() {
            instance.waiting -= 1;
        }
        record.queued = record.queued.wrapping_add(self.now);
        self.services[service].waiting.down(self.now);
        self.begin_work(world, at, next);
    }

    pub(crate) fn wait_ends(&mut self, world: World<'_>, task: u32) {
        if self.tasks[task].has(SAMPLED) {
            let service = self.instance_of(task).service;
            self.accounts.note(task, (service, Cause::Wait), self.now);
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
        let tally = &mut self.services[instance.service as usize];
        if record.flags & QUEUE_KNOWN == 0 {
            record.flags |= QUEUE_KNOWN;
            self.records.queues[instance.service as usize].record(record.queued);
        }
        let time = now - record.arrived;
        tally.present.down(now);
        tally.residence += u128::from(time);
        if outcome == Outcome::Ok {
            tally.completed += 1;
            self.records.services[instance.service as usize].record(time);
        } else {
            tally.errors += 1;
        }
        if record.flags & WORKER != 0 {
            record.flags &= !WORKER;
            instance.workers_free += 1;
            tally.workers.down(now);
            if !instance.for_worker.is_empty() {
                self.hand_out_workers(at);
            }
        }
        self.reply(world, task, outcome);
    }

    /// Gives a worker back without an end.
    fn give_worker_back(&mut self, task: u32) {
        if !self.tasks[task].has(WORKER) {
            return;
        }
        self.tasks[task].flags &= !WORKER;
        let at = self.local(self.tasks[task].instance);
        let instance = &mut self.instances[at];
        instance.workers_free += 1;
        self.services[instance.service as usize].workers.down(self.now);
        self.hand_out_workers(at);
    }

    /// Sends the answer, if anybody waits for it.
    pub(crate) fn reply(&mut self, world: World<'_>, task: u32, outcome: Outcome) {
        let site = self.site_of(world, task);
        let record = &self.tasks[task];
        if record.has(DETACHED) || site.caller == Caller::Publisher {
            return self.free(task);
        }
        let instance = record.instance;
        let visitor = record.has(VISITOR);
        let home = if visitor { record.lane_next } else { self.zone_of_client(world, record.client) };
        let caller = if visitor || site.caller == Caller::Users {
            NONE
        } else {
            self.first_instance + self.clients[self.tasks[task].client as usize].origin
        };
        let at = self.local(instance);
        let stream = &mut self.instances[at].draws.network;
        let here = world.plan.zone_of[instance as usize];
        let mut delay = site.response_ns;
        if site.caller == Caller::Users {
            delay += users_hop(world, stream);
            if crate::balance::is_far(world, site, home, here) {
                delay += hop(world, stream, here, home, false);
            }
        } else {
            delay += hop(world, stream, here, home, caller == instance);
        }
        if visitor {
            self.answer_abroad(task, outcome, delay);
        } else if delay == 0 && site.caller == Caller::Users && !site.has_extra {
            // Nobody else is let in by it: this does not nest either.
            self.answered(world, task, outcome);
        } else {
            self.tasks[task].state = State::Inbound(outcome);
            self.schedule(task, delay);
        }
    }

    fn answer_abroad(&mut self, task: u32, outcome: Outcome, delay: u64) {
        let record = &self.tasks[task];
        let body = Body::Answer { caller: record.parent, caller_epoch: record.parent_epoch, outcome };
        let to = record.lane_prev;
        let account = self.accounts.take(task);
        self.send_out(to, Message { time: self.now + delay, from: self.index, body, account });
        self.free(task);
    }
}
