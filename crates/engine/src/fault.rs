//! What a scenario does to instances: kill, pause, stall, slow, fail a share of their requests.
//!
//! Faults strike between windows, when no partition runs. They are rare, so they may look at every
//! record and every pending event; in return the hot path knows nothing of them.

use tarsier_model::ErrorKind;
use tarsier_random::Stream;

use crate::alarm::Bell;
use crate::client::Client;
use crate::config::InstanceChange;
use crate::instance::{Health, Line};
use crate::outcome::Cause;
use crate::partition::{Partition, World};
use crate::plan::{Caller, NONE, Op};
use crate::task::{BRANCH, DETACHED, Outcome, SAMPLED, State, WORKER};

/// An event that waits until its instance goes on.
pub(crate) struct Held {
    instance: usize,
    task: u32,
    life: u32,
    what: HeldWhat,
}

enum HeldWhat {
    /// Goes on after so many nanoseconds more.
    GoOn { left: u64 },
    /// A bell has rung.
    Ring(Bell),
}

/// A share of the requests to an instance fails on arrival.
pub(crate) struct Injection {
    pub(crate) fault: usize,
    pub(crate) instance: usize,
    pub(crate) share: f64,
    pub(crate) kind: ErrorKind,
    pub(crate) stream: Stream,
}

impl Partition {
    /// Brings these local instances to a new state of health.
    pub(crate) fn set_health(&mut self, world: World<'_>, instances: &[usize], health: Health) {
        match health {
            Health::Down | Health::BlackHole => self.kill(world, instances, health),
            Health::Paused => {
                self.recover(world, instances);
                self.pause(world, instances);
            }
            Health::Stalled => self.stall(world, instances),
            Health::Up => self.recover(world, instances),
        }
    }

    /// Who comes back from the dead may find itself paused at once.
    fn recover(&mut self, world: World<'_>, instances: &[usize]) {
        self.drop_stalled(world, instances);
        instances.iter().for_each(|at| self.bring_up(world, *at));
    }

    /// Nothing makes progress any more, but requests are let in.
    fn stall(&mut self, world: World<'_>, instances: &[usize]) {
        let (paused, others): (Vec<usize>, Vec<usize>) =
            instances.iter().partition(|at| self.instances[**at].health == Health::Paused);
        others.iter().for_each(|at| self.bring_up(world, *at));
        self.pause(world, &others);
        for at in paused.into_iter().chain(others) {
            self.instances[at].health = Health::Stalled;
            self.hand_out_workers(world, at);
        }
    }

    /// What a stalled instance holds is never answered, so it goes when the stall does.
    fn drop_stalled(&mut self, world: World<'_>, instances: &[usize]) {
        let stalled = instances.iter().copied().filter(|at| self.instances[*at].health == Health::Stalled);
        let stalled: Vec<usize> = stalled.collect();
        if !stalled.is_empty() {
            self.kill(world, &stalled, Health::BlackHole);
        }
    }

    fn bring_up(&mut self, world: World<'_>, at: usize) {
        let before = std::mem::replace(&mut self.instances[at].health, Health::Up);
        match before {
            Health::Up => {}
            Health::Paused => self.resume(world, at),
            Health::Stalled => unreachable!("what is stalled was dropped"),
            Health::Down | Health::BlackHole => {
                let service = self.instances[at].service as usize;
                let seats = world.plan.services[service].workers.unwrap_or(0);
                self.services[service].up.up(self.now);
                self.services[service].seats.up_by(self.now, seats.into());
                self.note_change(world, at, true);
            }
        }
    }

    fn note_change(&mut self, world: World<'_>, at: usize, is_up: bool) {
        let number = world.plan.number_of[self.first_instance as usize + at];
        let service = self.instances[at].service as usize;
        self.changes.push(InstanceChange { time_ns: self.now as i64, service, number, is_up });
    }

    fn marks(&self, instances: &[usize]) -> Vec<bool> {
        let mut marks = vec![false; self.instances.len()];
        instances.iter().for_each(|at| marks[*at] = true);
        marks
    }

    /// The local instance that serves a record, if one does.
    fn server_of(&self, task: u32) -> Option<usize> {
        let record = &self.tasks[task];
        record.state.is_served().then(|| self.local(record.instance))
    }

    /// The local instance that made the call of a record, if one did.
    fn caller_of(&self, world: World<'_>, task: u32) -> Option<usize> {
        let record = &self.tasks[task];
        if record.has(BRANCH) || record.has(crate::task::VISITOR) {
            return None;
        }
        let client = self.clients[record.client as usize];
        let by_instance = world.plan.sites[client.site as usize].caller != Caller::Users;
        by_instance.then_some(client.origin as usize)
    }

    fn pause(&mut self, world: World<'_>, instances: &[usize]) {
        let marks = self.marks(instances);
        let mut queue = std::mem::take(&mut self.queue);
        queue.rewrite(|time, payload| {
            let task = Self::task_of_event(payload);
            let Some((task, at)) = task.and_then(|task| Some((task, self.server_of(task)?))) else {
                return Some(time);
            };
            if !marks[at] {
                return Some(time);
            }
            let what = HeldWhat::GoOn { left: time - self.now };
            self.held.push(Held { instance: at, task, life: self.life_of(task), what });
            None
        });
        self.queue = queue;
        for at in instances {
            assert_eq!(self.instances[*at].health, Health::Up, "only what is up can pause");
            self.instances[*at].health = Health::Paused;
            self.n_paused += 1;
            let busy = self.busy_cores(world, *at);
            self.services[self.instances[*at].service as usize].busy.down_by(self.now, busy);
            self.stop_processor(world, *at, true);
        }
    }

    fn resume(&mut self, world: World<'_>, at: usize) {
        self.n_paused -= 1;
        self.stop_processor(world, at, false);
        let busy = self.busy_cores(world, at);
        self.services[self.instances[at].service as usize].busy.up_by(self.now, busy);
        let (mine, others): (Vec<Held>, Vec<Held>) =
            self.held.drain(..).partition(|held| held.instance == at);
        self.held = others;
        for held in mine {
            match held.what {
                HeldWhat::GoOn { left } => self.schedule(held.task, left),
                HeldWhat::Ring(bell) if self.life_of(held.task) == held.life => {
                    self.ring(world, held.task, bell);
                }
                HeldWhat::Ring(_) => {}
            }
        }
        self.hand_out_workers(world, at);
    }

    /// How many cores of an instance have work on them.
    pub(crate) fn busy_cores(&self, world: World<'_>, at: usize) -> u64 {
        let instance = &self.instances[at];
        let cores = world.plan.services[instance.service as usize].cores;
        match instance.processor {
            NONE => u64::from(cores - instance.cores_free),
            processor => (self.processors[processor as usize].len() as u64).min(u64::from(cores)),
        }
    }

    fn stop_processor(&mut self, world: World<'_>, at: usize, stop: bool) {
        let idx = self.instances[at].processor;
        if idx == NONE {
            return;
        }
        self.advance_processor(world, idx);
        self.processors[idx as usize].stopped = stop;
        self.plan_processor(world, idx);
    }

    /// Whether the event of a record must wait because its instance is paused; then it is put away.
    pub(crate) fn hold_back(&mut self, world: World<'_>, task: u32) -> bool {
        let record = &self.tasks[task];
        let owner = match record.state {
            // Messages arrive and queue, whatever the instance does.
            State::Outbound | State::Knocking | State::Thinking => None,
            state if state.answer().is_some() && record.has(DETACHED) => None,
            state if state.answer().is_some() => self.caller_of(world, task),
            State::BackingOff | State::Rejected => self.caller_of(world, task),
            _ => self.server_of(task),
        };
        let held = owner.filter(|at| self.instances[*at].health.stands_still());
        if let Some(instance) = held {
            let what = HeldWhat::GoOn { left: 0 };
            self.held.push(Held { instance, task, life: self.life_of(task), what });
        }
        held.is_some()
    }

    /// The same for a bell that rings.
    pub(crate) fn hold_back_bell(&mut self, world: World<'_>, task: u32, bell: Bell) -> bool {
        let hears = if bell == Bell::Cancel { self.server_of(task) } else { self.caller_of(world, task) };
        let held = hears.filter(|at| self.instances[*at].health.stands_still());
        if let Some(instance) = held {
            let (life, what) = (self.follow(task), HeldWhat::Ring(bell));
            self.held.push(Held { instance, task, life, what });
        }
        held.is_some()
    }

    fn kill(&mut self, world: World<'_>, instances: &[usize], health: Health) {
        let living: Vec<usize> = (instances.iter().copied())
            .filter(|at| !matches!(self.instances[*at].health, Health::Down | Health::BlackHole))
            .collect();
        let marks = self.marks(&living);
        living.iter().for_each(|at| self.stop_work(world, *at));
        let fired = self.drop_events_of(&marks);
        let doomed: Vec<u32> = (self.tasks.iter())
            .filter(|(_, record)| record.state.is_served() && marks[self.local(record.instance)])
            .map(|(task, _)| task)
            .collect();
        living.iter().for_each(|at| self.reset(world, *at, health));
        instances.iter().for_each(|at| self.instances[*at].health = health);
        if self.keeps_kin && health == Health::Down {
            // Their connections break.
            doomed.iter().for_each(|task| self.call_off_calls_of(world, *task));
        }
        // Branches first: their requests answer for them.
        let (branches, requests): (Vec<u32>, Vec<u32>) =
            doomed.into_iter().partition(|task| self.tasks[*task].has(BRANCH));
        branches.into_iter().for_each(|task| self.leave_line_and_free(task));
        requests.into_iter().for_each(|task| self.perish(world, task, health));
        self.drop_waiting_callers(world, &marks);
        for (task, life, bell) in fired {
            if self.life_of(task) == life {
                self.ring(world, task, bell);
            }
        }
    }

    /// No core of an instance works any more.
    fn stop_work(&mut self, world: World<'_>, at: usize) {
        let service = self.instances[at].service as usize;
        if self.instances[at].health.stands_still() {
            self.n_paused -= 1;
        } else {
            let busy = self.busy_cores(world, at);
            self.services[service].busy.down_by(self.now, busy);
        }
        let idx = self.instances[at].processor;
        if idx != NONE {
            self.advance_processor(world, idx);
            let pace = self.instances[at].pace;
            let processor = &mut self.processors[idx as usize];
            let left = processor.remaining(pace).round() as u128;
            processor.clear();
            processor.stopped = false;
            self.services[service].work = self.services[service].work.saturating_sub(left);
        }
    }

    /// Takes pending events of what is served on these instances away, and the work not done back;
    /// gives the bells that had rung there while they were paused.
    fn drop_events_of(&mut self, marks: &[bool]) -> Vec<(u32, u32, Bell)> {
        let mut queue = std::mem::take(&mut self.queue);
        queue.rewrite(|time, payload| {
            let task = Self::task_of_event(payload);
            let Some((task, at)) = task.and_then(|task| Some((task, self.server_of(task)?))) else {
                return Some(time);
            };
            if !marks[at] {
                return Some(time);
            }
            self.take_work_back(at, task, time - self.now);
            None
        });
        self.queue = queue;
        // What went on at this very moment, because a pause is over, goes no further.
        let mut ready = std::mem::take(&mut self.ready);
        ready.retain(|task| !self.server_of(*task).is_some_and(|at| marks[at]));
        self.ready = ready;
        let mut fired = Vec::new();
        for held in std::mem::take(&mut self.held) {
            if !marks[held.instance] {
                self.held.push(held);
                continue;
            }
            match (held.what, self.server_of(held.task)) {
                (HeldWhat::GoOn { left }, Some(at)) => self.take_work_back(at, held.task, left),
                // An answer for a caller that is gone; whoever kept its account still counts it.
                (HeldWhat::GoOn { .. }, None) => self.ready.push_back(held.task),
                (HeldWhat::Ring(bell), _) => fired.push((held.task, held.life, bell)),
            }
        }
        fired
    }

    fn take_work_back(&mut self, at: usize, task: u32, left: u64) {
        if self.tasks[task].state == State::Working {
            self.services[self.instances[at].service as usize].work -= u128::from(left);
        }
    }

    fn reset(&mut self, world: World<'_>, at: usize, health: Health) {
        let service = self.instances[at].service as usize;
        let part = &world.plan.services[service];
        let instance = &mut self.instances[at];
        instance.cores_free = part.cores;
        instance.workers_free = part.seats();
        instance.for_core = Line::EMPTY;
        instance.for_worker = Line::EMPTY;
        instance.waiting = 0;
        instance.health = health;
        self.services[service].up.down(self.now);
        self.services[service].seats.down_by(self.now, part.workers.unwrap_or(0).into());
        self.note_change(world, at, false);
        self.reset_guard(world, at);
        self.forget_clients(world, at);
    }

    /// What the calls of an instance were made with dies with its process.
    fn forget_clients(&mut self, world: World<'_>, at: usize) {
        let instance = &self.instances[at];
        let n_sites = world.plan.services[instance.service as usize].sites.len() as u32;
        for client in instance.clients..instance.clients + n_sites {
            let Client { site, extra, .. } = self.clients[client as usize];
            if extra != NONE {
                self.extras[extra as usize].die(&world.plan.sites[site as usize], self.now);
            }
        }
    }

    fn leave_line(&mut self, task: u32) {
        if self.tasks[task].state.is_in_line() {
            let service = self.instance_of(task).service;
            self.services[service as usize].waiting.down(self.now);
        }
    }

    fn leave_line_and_free(&mut self, task: u32) {
        self.leave_line(task);
        self.free(task);
    }

    /// A request dies with its instance.
    fn perish(&mut self, world: World<'_>, task: u32, health: Health) {
        self.leave_line(task);
        let service = self.instance_of(task).service as usize;
        let now = self.now;
        if self.tasks[task].has(SAMPLED) {
            let part = self.part_when_killed(world, task);
            self.accounts.note(task, part, now);
        }
        let record = &mut self.tasks[task];
        let time = now - record.arrived;
        // Answers to what it asked for find nobody.
        record.epoch = record.epoch.wrapping_add(1);
        let had_worker = record.has(WORKER);
        record.flags &= !WORKER;
        let tally = &mut self.services[service];
        tally.killed += 1;
        tally.present.down(now);
        tally.residence += u128::from(time);
        if had_worker {
            tally.workers.down(now);
        }
        if health == Health::BlackHole {
            self.lose(world, task);
        } else {
            self.reply(world, task, Outcome::Error);
        }
    }

    /// What a request was about when its instance died.
    fn part_when_killed(&self, world: World<'_>, task: u32) -> (u32, Cause) {
        let record = &self.tasks[task];
        let service = world.plan.service_of[record.instance as usize];
        match record.state {
            State::AwaitingWorker | State::Granted => (service, Cause::Worker),
            State::AwaitingCore => (service, Cause::Core),
            State::AwaitingLock => (service, Cause::Lock),
            State::Working | State::Sharing => (service, Cause::Work),
            State::Waiting => (service, Cause::Wait),
            _ => match world.plan.ops[record.pc as usize] {
                Op::Call { site, .. } => (world.plan.sites[site as usize].payer(), Cause::Timeout),
                _ => (service, Cause::Timeout),
            },
        }
    }

    /// Calls that a dead instance had not sent yet never will be. The lines that they stood in are gone.
    fn drop_waiting_callers(&mut self, world: World<'_>, marks: &[bool]) {
        let waiting: Vec<u32> = (self.tasks.iter())
            .filter(|(_, record)| record.state == State::AwaitingConnection)
            .map(|(task, _)| task)
            .filter(|task| self.caller_of(world, *task).is_some_and(|at| marks[at]))
            .collect();
        for task in waiting {
            let site = self.site_of(world, task);
            self.disarm(site.lane, task);
            if self.tasks[task].has(DETACHED) {
                // It was given up before.
            } else if site.hedges {
                let call = self.tasks[task].parent;
                self.runner_fails(world, site, call, Outcome::Unreachable);
            } else {
                self.give_in(site, task);
            }
            self.free(task);
        }
    }

    /// Work takes so much longer from now on than its law says, also what is being worked on.
    pub(crate) fn set_paces(&mut self, world: World<'_>, paces: &[(usize, f64)]) {
        let mut ratios = vec![1.0; self.instances.len()];
        for (at, pace) in paces {
            let idx = self.instances[*at].processor;
            if idx != NONE {
                self.advance_processor(world, idx);
            }
            let before = std::mem::replace(&mut self.instances[*at].pace, *pace);
            ratios[*at] = pace / before;
            if idx != NONE {
                let more = self.processors[idx as usize].remaining(before) * (ratios[*at] - 1.0);
                let tally = &mut self.services[self.instances[*at].service as usize];
                tally.work = (tally.work as f64 + more).max(0.0) as u128;
                self.plan_processor(world, idx);
            }
        }
        let stretch = |at: usize, left: u64| (left as f64 * ratios[at]).round() as u64;
        let mut queue = std::mem::take(&mut self.queue);
        queue.rewrite(|time, payload| {
            let Some(task) = Self::task_of_event(payload) else { return Some(time) };
            match self.server_of(task) {
                Some(at) if ratios[at] != 1.0 && self.tasks[task].state == State::Working => {
                    let left = time - self.now;
                    self.restate_work(at, left, stretch(at, left));
                    Some(self.now + stretch(at, left))
                }
                _ => Some(time),
            }
        });
        self.queue = queue;
        for n in 0..self.held.len() {
            let (at, task) = (self.held[n].instance, self.held[n].task);
            if let HeldWhat::GoOn { left } = &mut self.held[n].what
                && self.tasks[task].state == State::Working
            {
                let before = std::mem::replace(left, stretch(at, *left));
                let after = *left;
                self.restate_work(at, before, after);
            }
        }
    }

    fn restate_work(&mut self, at: usize, before: u64, after: u64) {
        let work = &mut self.services[self.instances[at].service as usize].work;
        *work = *work - u128::from(before) + u128::from(after);
    }

    /// How this arrival fails, if it is one of the share that does.
    pub(crate) fn injected(&mut self, at: usize) -> Option<ErrorKind> {
        let mut fails = None;
        for injection in self.injections.iter_mut().filter(|injection| injection.instance == at) {
            if injection.stream.chance(injection.share) {
                fails = Some(injection.kind);
            }
        }
        fails
    }
}

impl Partition {
    /// Work that waits until its instance goes on: (instance, record, nanoseconds left).
    pub(crate) fn held_work(&self) -> Vec<(usize, u32, u64)> {
        let work = |held: &Held| match held.what {
            HeldWhat::GoOn { left } => Some((held.instance, held.task, left)),
            HeldWhat::Ring(_) => None,
        };
        self.held.iter().filter_map(work).collect()
    }
}
