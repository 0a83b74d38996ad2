//! Processor sharing: all work on an instance progresses at once, each at the same rate.
//!
//! With `n` jobs on `c` cores each gets `min(1, c/n)` of a core. Virtual time runs at that rate, so
//! a job ends when virtual time has advanced by its demand, and only the next end needs an event.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::instance::DRAGS;
use crate::outcome::Cause;
use crate::partition::{Partition, World};
use crate::plan::{Op, Plan};
use crate::task::{SAMPLED, State};

pub(crate) struct Processor {
    pub(crate) instance: u32,
    /// (virtual end as bits, in the order of arrival, record). Bits of positive floats sort as they do.
    jobs: BinaryHeap<Reverse<(u64, u64, u32)>>,
    arrivals: u64,
    virtual_ns: f64,
    updated: u64,
    /// When its event is due; others are stale.
    due: u64,
    pub(crate) stopped: bool,
}

impl Processor {
    pub(crate) fn new(instance: u32) -> Processor {
        Processor {
            instance,
            jobs: BinaryHeap::new(),
            arrivals: 0,
            virtual_ns: 0.0,
            updated: 0,
            due: u64::MAX,
            stopped: false,
        }
    }

    fn rate(&self, cores: u32, pace: f64) -> f64 {
        let n = self.jobs.len() as f64;
        if self.stopped { 0.0 } else { (f64::from(cores) / n).min(1.0) / pace }
    }

    /// Brings virtual time up to now.
    pub(crate) fn advance(&mut self, now: u64, cores: u32, pace: f64) {
        if self.jobs.is_empty() {
            // Idle: virtual time starts anew, so that it stays small and exact.
            self.virtual_ns = 0.0;
        } else {
            self.virtual_ns += (now - self.updated) as f64 * self.rate(cores, pace);
        }
        self.updated = now;
    }

    /// Core time still to be done, at the pace given.
    pub(crate) fn remaining(&self, pace: f64) -> f64 {
        self.jobs.iter().map(|Reverse((end, ..))| (f64::from_bits(*end) - self.virtual_ns) * pace).sum()
    }

    pub(crate) fn len(&self) -> usize {
        self.jobs.len()
    }

    /// Takes all jobs away.
    pub(crate) fn clear(&mut self) {
        self.jobs.clear();
        self.due = u64::MAX;
    }

    /// Takes a job away; the virtual time it still needed.
    fn remove(&mut self, task: u32) -> f64 {
        let mut left = 0.0;
        self.jobs.retain(|Reverse((end, _, job))| {
            if *job == task {
                left = f64::from_bits(*end) - self.virtual_ns;
            }
            *job != task
        });
        left
    }

    fn next_due(&self, now: u64, cores: u32, pace: f64) -> u64 {
        let Some(Reverse((end, ..))) = self.jobs.peek() else { return u64::MAX };
        let rate = self.rate(cores, pace);
        if rate == 0.0 {
            return u64::MAX;
        }
        let left = (f64::from_bits(*end) - self.virtual_ns).max(0.0) / rate;
        now + left.ceil() as u64
    }
}

/// Virtual nanoseconds that count as none: rounding, far below what is measured.
const CLOSE_NS: f64 = 1e-3;

impl Partition {
    /// Work begins at once and shares.
    pub(crate) fn share_processor(&mut self, world: World<'_>, task: u32) {
        let Op::Work { law } = world.plan.ops[self.tasks[task].pc as usize] else {
            unreachable!("a processor is for work")
        };
        let at = self.local(self.tasks[task].instance);
        let instance = &mut self.instances[at];
        let demand = world.plan.laws[law as usize].sample_nanos(&mut instance.draws.work);
        let (service, idx) = (instance.service, instance.processor);
        let demand = if instance.is(DRAGS) {
            self.guards[instance.guard as usize].dragged(&world.plan.services[service as usize], demand, 0)
        } else {
            demand
        };
        self.advance_processor(world, idx);
        let processor = &mut self.processors[idx as usize];
        let end = processor.virtual_ns + demand as f64;
        processor.arrivals += 1;
        processor.jobs.push(Reverse((end.to_bits(), processor.arrivals, task)));
        self.know_queue(service, task);
        self.tasks[task].state = State::Sharing;
        if let Some(visits) = &mut self.visits {
            visits.draw(task, demand);
        }
        let pace = self.instances[at].pace;
        let tally = &mut self.services[service as usize];
        tally.work = tally.work.wrapping_add((demand as f64 * pace).round() as u128);
        if self.processors[idx as usize].len() <= world.plan.services[service as usize].cores as usize {
            tally.busy.up(self.now);
        }
        self.plan_processor(world, idx);
    }

    /// A job that nobody waits for leaves, and the work not done is taken back.
    pub(crate) fn leave_processor(&mut self, world: World<'_>, at: usize, task: u32) {
        let idx = self.instances[at].processor;
        self.advance_processor(world, idx);
        let (service, pace) = (self.instances[at].service as usize, self.instances[at].pace);
        let processor = &mut self.processors[idx as usize];
        let left = (processor.remove(task).max(0.0) * pace).round() as u128;
        let tally = &mut self.services[service];
        tally.take_back(left);
        if processor.len() < world.plan.services[service].cores as usize {
            tally.busy.down(self.now);
        }
        self.plan_processor(world, idx);
    }

    pub(crate) fn advance_processor(&mut self, world: World<'_>, idx: u32) {
        let processor = &mut self.processors[idx as usize];
        let instance = &self.instances[processor.instance as usize];
        let cores = world.plan.services[instance.service as usize].cores;
        processor.advance(self.now, cores, instance.pace);
    }

    /// Makes sure there is an event for the next end.
    pub(crate) fn plan_processor(&mut self, world: World<'_>, idx: u32) {
        let processor = &mut self.processors[idx as usize];
        let instance = &self.instances[processor.instance as usize];
        let cores = world.plan.services[instance.service as usize].cores;
        let due = processor.next_due(self.now, cores, instance.pace);
        // An event that comes too early plans again: while jobs only arrive, one event is enough.
        if due < processor.due {
            processor.due = due;
            self.schedule_processor(idx, due);
        }
    }

    pub(crate) fn processor_fires(&mut self, world: World<'_>, idx: u32) {
        if self.processors[idx as usize].due != self.now {
            return;
        }
        self.advance_processor(world, idx);
        self.processors[idx as usize].due = u64::MAX;
        let at = self.processors[idx as usize].instance as usize;
        let service = self.instances[at].service;
        let cores = world.plan.services[service as usize].cores as usize;
        loop {
            let processor = &mut self.processors[idx as usize];
            let virtual_ns = processor.virtual_ns;
            let Some(Reverse((end, _, task))) = processor.jobs.peek().copied() else { break };
            if f64::from_bits(end) > virtual_ns + CLOSE_NS || processor.stopped {
                break;
            }
            processor.jobs.pop();
            if processor.len() < cores {
                self.services[service as usize].busy.down(self.now);
            }
            if self.tasks[task].has(SAMPLED) {
                self.accounts.note(task, (service, Cause::Work), self.now);
            }
            self.tasks[task].pc += 1;
            self.tasks[task].state = State::Granted;
            self.ready.push_back(task);
        }
        self.plan_processor(world, idx);
    }

    /// Core time still to be done on shared processors, by service.
    pub(crate) fn add_work_left_on_processors(&mut self, now: u64, plan: &Plan, left: &mut [f64]) {
        for processor in &mut self.processors {
            let instance = &self.instances[processor.instance as usize];
            processor.advance(now, plan.services[instance.service as usize].cores, instance.pace);
            left[instance.service as usize] += processor.remaining(instance.pace);
        }
    }
}
