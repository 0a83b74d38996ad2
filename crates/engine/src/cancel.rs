//! Cancelling: the callee learns that nobody waits any more, and stops.
//!
//! As in gRPC («Cancellation», its documentation): word goes to the callee, a way over the network; there
//! the request leaves its line, core, worker and locks to others, and the calls it has made are cancelled
//! too where they say so. A record whose event is still due stays behind as a ghost until then.

use crate::alarm::Bell;
use crate::balance::is_far;
use crate::instance::{CORE_LINE, WORKER_LINE};
use crate::partition::{Body, Message, Partition, World};
use crate::plan::{Caller, Site};
use crate::span::SpanEnd;
use crate::task::{BRANCH, DETACHED, Outcome, QUEUE_KNOWN, SAMPLED, State, VISITOR};

/// The caller's side.
impl Partition {
    /// Nobody waits for an attempt from now on. Its callee goes on, unless it is told.
    pub(crate) fn abandon(&mut self, world: World<'_>, site: &Site, task: u32) {
        if self.keeps_kin {
            self.leave_home(task);
        }
        match self.tasks[task].state {
            State::Remote => {
                if site.cancel {
                    self.recall_from_abroad(world, site, task);
                }
                // An answer from abroad finds another epoch.
                self.free(task);
            }
            // Nothing will come any more.
            State::Lost => self.free(task),
            _ => {
                self.tasks[task].flags |= DETACHED;
                if site.cancel {
                    self.recall(world, site, task);
                }
            }
        }
    }

    fn recall(&mut self, world: World<'_>, site: &Site, task: u32) {
        let state = self.tasks[task].state;
        if (state == State::Outbound || state.is_served())
            && let Some(delay) = self.word_to_callee(world, site, task)
        {
            self.set_alarm(task, self.now + delay, Bell::Cancel);
        }
    }

    fn recall_from_abroad(&mut self, world: World<'_>, site: &Site, task: u32) {
        let Some(delay) = self.word_to_callee(world, site, task) else { return };
        let record = &self.tasks[task];
        // Not before the request itself.
        let time = (self.now + delay).max(record.arrived);
        let body = Body::Cancel { caller: task, caller_epoch: record.epoch };
        let message = Message { time, from: self.index, body, account: None };
        self.send_out(world.plan.partition_of(self.tasks[task].instance), message);
    }

    /// How long word takes to the instance that an attempt went to, if it arrives.
    fn word_to_callee(&mut self, world: World<'_>, site: &Site, task: u32) -> Option<u64> {
        let delay = self.way_of_word(world, site, task);
        if world.view.disturbances.is_empty() {
            return Some(delay);
        }
        let record = &self.tasks[task];
        self.disturbed_request(world, record.client, record.instance, delay)
    }

    /// How long a message without content takes there.
    pub(crate) fn way_of_word(&mut self, world: World<'_>, site: &Site, task: u32) -> u64 {
        let record = &self.tasks[task];
        let (client, instance) = (record.client, record.instance);
        let origin = self.clients[client as usize].origin;
        match site.caller {
            Caller::Users => {
                let home = self.sources[origin as usize].zone;
                let far = is_far(world, site, home, world.plan.zone_of[instance as usize]);
                self.way_from_users(world, origin, instance, far)
            }
            _ => self.way_there(world, origin, instance),
        }
    }

    /// The calls that a record has made and that say so are called off: it does not wait for them any more.
    #[inline(never)]
    pub(crate) fn call_off_calls_of(&mut self, world: World<'_>, task: u32) {
        for child in self.children(task) {
            if !self.tasks[child].has(BRANCH) && self.site_of(world, child).cancel {
                self.call_off(world, child);
            }
        }
    }

    /// A call ends without an answer: its caller is gone.
    fn call_off(&mut self, world: World<'_>, call: u32) {
        let site = self.site_of(world, call);
        self.leave_home(call);
        self.give_in(site, call);
        match self.tasks[call].state {
            // Its event is still due.
            State::BackingOff | State::Rejected => self.tasks[call].flags |= DETACHED,
            State::Racing => {
                self.stop_runners(world, site, self.children(call));
                self.free(call);
            }
            _ => self.withdraw(world, site, call),
        }
    }

    /// An attempt is given up without any fault of its own.
    pub(crate) fn withdraw(&mut self, world: World<'_>, site: &Site, task: u32) {
        self.disarm(site.lane, task);
        if self.tasks[task].has(SAMPLED) {
            self.split_account(world, site, task, SpanEnd::Cancelled);
        }
        if site.has_extra {
            self.forget(site, task);
            if self.tasks[task].state != State::AwaitingConnection {
                self.let_go(world, site, task);
            }
        }
        self.abandon(world, site, task);
    }
}

/// The callee's side.
impl Partition {
    /// Word has come that nobody waits for a request.
    pub(crate) fn cancel(&mut self, world: World<'_>, task: u32) {
        let record = &mut self.tasks[task];
        if record.state == State::Outbound {
            // Word has overtaken it.
            record.state = State::Ghost;
        } else if record.state.is_served() {
            record.flags |= DETACHED;
            self.stop_here(world, task);
        }
    }

    /// Word from abroad is on its way to a request that is here, or soon will be.
    pub(crate) fn cancel_guest(&mut self, from: u32, caller: u32, caller_epoch: u32, time: u64) {
        if let Some(task) = self.guests.get(&(from, caller, caller_epoch)) {
            self.set_alarm(*task, time, Bell::Cancel);
        }
    }

    /// A request or a branch of it ends where it is.
    fn stop_here(&mut self, world: World<'_>, task: u32) {
        // Answers to what it asked for find nobody from now on, and it is in nobody's line: what follows may let
        // others end, its own branches too.
        let record = &mut self.tasks[task];
        record.epoch = record.epoch.wrapping_add(1);
        let remains = self.leave_place(world, task);
        self.release_all(world, task);
        self.call_off_calls_of(world, task);
        while let Some(child) = self.youngest(task) {
            self.leave_home(child);
            if self.tasks[child].has(BRANCH) {
                self.stop_here(world, child);
            }
        }
        if !self.tasks[task].has(BRANCH) {
            self.count_cancelled(world, task);
        }
        if remains == State::Free {
            return self.free(task);
        }
        let record = &mut self.tasks[task];
        record.state = remains;
        // When it stopped working.
        record.arrived = self.now;
    }

    fn count_cancelled(&mut self, world: World<'_>, task: u32) {
        self.leaves_guard(world, task, Outcome::Error);
        if self.tasks[task].has(SAMPLED) {
            self.stay_ends(world, task, SpanEnd::Cancelled);
        }
        let service = self.instance_of(task).service;
        let tally = &mut self.services[service as usize];
        tally.cancelled += 1;
        tally.present.down(self.now);
        tally.residence += u128::from(self.now - self.tasks[task].arrived);
        self.give_worker_back(world, task);
    }

    /// Leaves its line, core or wait to others; what the record is from then on.
    fn leave_place(&mut self, world: World<'_>, task: u32) -> State {
        let at = self.local(self.tasks[task].instance);
        match self.tasks[task].state {
            State::AwaitingWorker => self.leave_its_line(at, task, WORKER_LINE),
            State::AwaitingCore => self.leave_its_line(at, task, CORE_LINE),
            State::AwaitingLock => {
                self.leave_line_of_lock(world, task);
            }
            State::Sharing => self.leave_processor(world, at, task),
            State::Blocked => {}
            State::Working => {
                self.services[self.instances[at].service as usize].busy.down(self.now);
                self.pass_core_on(world, task);
                return State::GhostAtWork;
            }
            _ => return State::Ghost,
        }
        State::Free
    }

    /// Leaves the line for a worker or for a core.
    fn leave_its_line(&mut self, at: usize, task: u32, which: u8) {
        let instance = &mut self.instances[at];
        if instance.is(which) {
            self.leave_ruled_line(at, task);
        } else {
            let line = if which == CORE_LINE { &mut instance.for_core } else { &mut instance.for_worker };
            line.remove(self.tasks.as_mut_slice(), task);
        }
        let instance = &mut self.instances[at];
        let first_wait = !self.tasks[task].has(QUEUE_KNOWN);
        let bounded = which == WORKER_LINE || (instance.bounds_cores && first_wait);
        instance.waiting -= u32::from(bounded);
        self.services[instance.service as usize].waiting.down(self.now);
    }

    /// What a ghost was to do is due: it goes. Work that was not done is taken back.
    #[cold]
    pub(crate) fn ghost_goes(&mut self, task: u32) {
        let record = &self.tasks[task];
        if record.state == State::GhostAtWork {
            let undone = u128::from(self.now - record.arrived);
            let service = self.instance_of(task).service;
            self.services[service as usize].take_back(undone);
        }
        self.free(task);
    }

    /// Visitors can be found by whoever sent them.
    pub(crate) fn guest_arrives(&mut self, task: u32) {
        let record = &self.tasks[task];
        self.guests.insert((record.lane_prev, record.parent, record.parent_epoch), task);
    }

    pub(crate) fn guest_leaves(&mut self, task: u32) {
        let record = &self.tasks[task];
        if record.has(VISITOR) {
            self.guests.remove(&(record.lane_prev, record.parent, record.parent_epoch));
        }
    }
}
