//! W2: one zone of six services at 60% and their client, as places that send each other messages.
//!
//! A place knows no engine: it asks its [`World`] for the time, the wire and timers. Times in nanoseconds.

use std::collections::VecDeque;

use slab::Slab;
use tarsier_random::{Law, Sampler, Stream, num};

const GATEWAY: usize = 0;
const A: usize = 1;
const B: usize = 2;
const C: usize = 3;
const CACHE: usize = 4;
const DB: usize = 5;
pub(crate) const CLIENT: usize = 6;
pub(crate) const PLACES: usize = 7;

const CORES: [u32; PLACES] = [4, 4, 4, 4, 1, 2, 0];
const WORK_NS: [f64; PLACES] = [200e3, 200e3, 200e3, 200e3, 50e3, 1e6, 1.0];
/// The bound on every call, which none exceeds.
pub(crate) const BOUND_NS: u64 = 1_000_000_000;

/// What an engine does for a place.
pub(crate) trait World {
    /// A handle on the bound of one call.
    type Timer;
    fn now(&self) -> u64;
    fn request(&self, to: usize, call: u32, delay: u64);
    fn reply(&self, to: usize, call: u32, delay: u64);
    /// The work of this job ends here, later.
    fn work(&self, job: u32, delay: u64);
    /// The next request of the client comes later.
    fn arrival(&self, delay: u64);
    /// The bound of a call: it fires at this place unless cancelled.
    fn arm(&self, call: u32) -> Self::Timer;
    fn disarm(&self, timer: Self::Timer);
}

/// A request at a place: whom to answer, and how far it is.
struct Job {
    from: usize,
    call: u32,
    sent: u64,
    step: u8,
    joins: u8,
}

struct Call<T> {
    job: u32,
    timer: T,
}

pub(crate) struct Place<T> {
    here: usize,
    free: u32,
    waiting: VecDeque<u32>,
    jobs: Slab<Job>,
    calls: Slab<Call<T>>,
    work: Sampler,
    wire: Sampler,
    gap: Sampler,
    works: Stream,
    wires: Stream,
    choices: Stream,
    left: u64,
    served: u64,
    total_ns: u64,
}

impl<T> Place<T> {
    /// The place of this number; the client sends so many requests.
    pub(crate) fn new(here: usize, requests: u64) -> Place<T> {
        let stream = |name: &str| Stream::named(1, &[name], &[here as u64]);
        Place {
            here,
            free: CORES[here],
            waiting: VecDeque::new(),
            jobs: Slab::new(),
            calls: Slab::new(),
            work: Sampler::new(&Law::Exp { mean: WORK_NS[here] }),
            wire: Sampler::new(&Law::Lognormal { mu: num::ln(100e3) - 0.125, sigma: 0.5 }),
            gap: Sampler::new(&Law::Exp { mean: 1e9 / 12_000.0 }),
            works: stream("works"),
            wires: stream("wires"),
            choices: stream("choices"),
            left: requests,
            served: 0,
            total_ns: 0,
        }
    }

    /// A request of the client comes.
    pub(crate) fn arrived(&mut self, world: &impl World<Timer = T>) {
        let job = self.jobs.insert(Job { from: CLIENT, call: 0, sent: world.now(), step: 0, joins: 0 });
        self.call(job as u32, GATEWAY, world);
        self.left -= 1;
        if self.left > 0 {
            world.arrival(self.gap.sample_nanos(&mut self.works).max(1));
        }
    }

    /// A request has come over the wire.
    pub(crate) fn requested(&mut self, from: usize, call: u32, world: &impl World<Timer = T>) {
        let job = self.jobs.insert(Job { from, call, sent: 0, step: 0, joins: 0 }) as u32;
        if self.free > 0 {
            self.free -= 1;
            self.start(job, world);
        } else {
            self.waiting.push_back(job);
        }
    }

    /// A worker has finished with this job.
    pub(crate) fn worked(&mut self, job: u32, world: &impl World<Timer = T>) {
        match self.waiting.pop_front() {
            Some(next) => self.start(next, world),
            None => self.free += 1,
        }
        self.go_on(job, world);
    }

    /// The reply to a call of this place has come over the wire.
    pub(crate) fn replied(&mut self, call: u32, world: &impl World<Timer = T>) {
        let call = self.calls.remove(call as usize);
        world.disarm(call.timer);
        let job = &mut self.jobs[call.job as usize];
        job.joins -= 1;
        if job.joins == 0 {
            self.go_on(call.job, world);
        }
    }

    /// The client's mean latency in milliseconds.
    pub(crate) fn mean_latency(&self) -> f64 {
        self.total_ns as f64 / self.served as f64 / 1e6
    }

    fn start(&mut self, job: u32, world: &impl World<Timer = T>) {
        world.work(job, self.work.sample_nanos(&mut self.works).max(1));
    }

    fn call(&mut self, job: u32, to: usize, world: &impl World<Timer = T>) {
        self.jobs[job as usize].joins += 1;
        let entry = self.calls.vacant_entry();
        let call = entry.key() as u32;
        entry.insert(Call { job, timer: world.arm(call) });
        let delay = self.delay();
        world.request(to, call, delay);
    }

    fn delay(&mut self) -> u64 {
        self.wire.sample_nanos(&mut self.wires).max(1)
    }

    fn go_on(&mut self, job: u32, world: &impl World<Timer = T>) {
        let it = &mut self.jobs[job as usize];
        it.step += 1;
        match (self.here, it.step) {
            (CLIENT, _) => {
                self.served += 1;
                self.total_ns += world.now() - it.sent;
                self.jobs.remove(job as usize);
            }
            (GATEWAY, 1) => self.call(job, A, world),
            (GATEWAY, 2) => {
                self.call(job, B, world);
                self.call(job, C, world);
            }
            (A, 1) => self.call(job, CACHE, world),
            (A, 2) if self.choices.chance(0.1) => self.call(job, DB, world),
            _ => {
                let it = self.jobs.remove(job as usize);
                let delay = self.delay();
                world.reply(it.from, it.call, delay);
            }
        }
    }
}
