//! The practical limit: W1 and W2 as closed loops without statistics, policies or a language.
//!
//! They use the engine's event queue and samplers, so the difference is what the product adds.

use std::collections::VecDeque;

use tarsier_engine::kernel::EventQueue;
use tarsier_random::{Law, Sampler, Stream, num};

/// M/M/1 at 0.8; gives the events processed and the mean wait (a check that it does the work).
pub(crate) fn w1(customers: u64) -> (u64, f64) {
    const ARRIVAL: u32 = 0;
    let mut queue = EventQueue::new();
    let (mut gaps, mut works) = (Stream::named(1, &["gaps"], &[]), Stream::named(1, &["works"], &[]));
    let (gap, work) = (Sampler::new(&Law::Exp { mean: 1.25e6 }), Sampler::new(&Law::Exp { mean: 1e6 }));
    let mut line: VecDeque<u64> = VecDeque::new();
    let (mut waited, mut served, mut events) = (0_u64, 0_u64, 0_u64);
    queue.push(gap.sample_nanos(&mut gaps), ARRIVAL);
    while served < customers {
        let (now, kind) = queue.pop_before(u64::MAX).expect("arrivals never end");
        events += 1;
        if kind == ARRIVAL {
            queue.push(now + gap.sample_nanos(&mut gaps), ARRIVAL);
            line.push_back(now);
            if line.len() == 1 {
                queue.push(now + work.sample_nanos(&mut works), 1);
            }
        } else {
            line.pop_front();
            served += 1;
            if let Some(arrived) = line.front() {
                waited += now - arrived;
                queue.push(now + work.sample_nanos(&mut works), 1);
            }
        }
    }
    (events, waited as f64 / served as f64 / 1e6)
}

const GATEWAY: usize = 0;
const A: usize = 1;
const B: usize = 2;
const C: usize = 3;
const CACHE: usize = 4;
const DB: usize = 5;
const NONE: u32 = u32::MAX;

/// What the event of a record means.
#[derive(Clone, Copy, PartialEq)]
enum At {
    Arriving,
    Working,
    Replying,
}

#[derive(Clone, Copy)]
struct Record {
    parent: u32,
    /// The next free record.
    next: u32,
    lane_prev: u32,
    lane_next: u32,
    sent: u64,
    service: u8,
    step: u8,
    joins: u8,
    at: At,
}

#[derive(Default)]
struct Server {
    free: u32,
    line: VecDeque<u32>,
}

/// W2 in one zone, by hand.
pub(crate) struct W2 {
    queue: EventQueue,
    now: u64,
    records: Vec<Record>,
    free: u32,
    servers: Vec<Server>,
    works: Vec<Sampler>,
    wire: Sampler,
    gap: Sampler,
    streams: [Stream; 4],
    lane_head: u32,
    lane_tail: u32,
    lane_armed: bool,
    pub(crate) events: u64,
    pub(crate) served: u64,
    total_ns: u64,
}

const ARRIVAL: u32 = 1 << 31;
const LANE: u32 = 1 << 30;

impl W2 {
    pub(crate) fn new() -> W2 {
        let cores = [4, 4, 4, 4, 1, 2];
        let exp = |mean: f64| Sampler::new(&Law::Exp { mean });
        W2 {
            queue: EventQueue::new(),
            now: 0,
            records: Vec::new(),
            free: NONE,
            servers: cores.into_iter().map(|free| Server { free, line: VecDeque::new() }).collect(),
            works: [200e3, 200e3, 200e3, 200e3, 50e3, 1e6].into_iter().map(exp).collect(),
            wire: Sampler::new(&Law::Lognormal { mu: num::ln(100e3) - 0.125, sigma: 0.5 }),
            gap: exp(1e9 / 12_000.0),
            streams: ["gaps", "works", "wires", "choices"].map(|name| Stream::named(1, &[name], &[])),
            lane_head: NONE,
            lane_tail: NONE,
            lane_armed: false,
            events: 0,
            served: 0,
            total_ns: 0,
        }
    }

    /// Serves so many requests; gives their mean latency in milliseconds.
    pub(crate) fn run(&mut self, requests: u64) -> f64 {
        self.queue.push(0, ARRIVAL);
        while self.served < requests {
            let (now, payload) = self.queue.pop_before(u64::MAX).expect("arrivals never end");
            self.now = now;
            self.events += 1;
            match payload {
                ARRIVAL => {
                    let gap = self.gap.sample_nanos(&mut self.streams[0]);
                    self.queue.push(now + gap, ARRIVAL);
                    self.call(NONE, GATEWAY);
                }
                LANE => self.lane_fires(),
                record => self.go_on(record),
            }
        }
        self.total_ns as f64 / self.served as f64 / 1e6
    }

    fn call(&mut self, parent: u32, service: usize) {
        let at = if self.free == NONE {
            self.records.push(Record {
                parent,
                next: NONE,
                lane_prev: NONE,
                lane_next: NONE,
                sent: 0,
                service: 0,
                step: 0,
                joins: 0,
                at: At::Arriving,
            });
            self.records.len() as u32 - 1
        } else {
            let at = self.free;
            self.free = self.records[at as usize].next;
            at
        };
        let lane_prev = std::mem::replace(&mut self.lane_tail, at);
        self.records[at as usize] = Record {
            parent,
            next: NONE,
            lane_prev,
            lane_next: NONE,
            sent: self.now,
            service: service as u8,
            step: 0,
            joins: 0,
            at: At::Arriving,
        };
        if lane_prev == NONE {
            self.lane_head = at
        } else {
            self.records[lane_prev as usize].lane_next = at
        }
        if !self.lane_armed {
            self.lane_armed = true;
            self.queue.push(self.now + 1_000_000_000, LANE);
        }
        self.travel(at);
    }

    fn travel(&mut self, record: u32) {
        let delay = self.wire.sample_nanos(&mut self.streams[2]);
        self.queue.push(self.now + delay, record);
    }

    fn go_on(&mut self, record: u32) {
        match self.records[record as usize].at {
            At::Arriving => {
                let service = self.records[record as usize].service as usize;
                if self.servers[service].free > 0 {
                    self.servers[service].free -= 1;
                    self.work(record, service);
                } else {
                    self.servers[service].line.push_back(record);
                }
            }
            At::Working => {
                let service = self.records[record as usize].service as usize;
                match self.servers[service].line.pop_front() {
                    Some(next) => self.work(next, service),
                    None => self.servers[service].free += 1,
                }
                self.next_step(record);
            }
            At::Replying => self.answered(record),
        }
    }

    fn work(&mut self, record: u32, service: usize) {
        self.records[record as usize].at = At::Working;
        let nanos = self.works[service].sample_nanos(&mut self.streams[1]);
        self.queue.push(self.now + nanos, record);
    }

    fn next_step(&mut self, record: u32) {
        let it = &mut self.records[record as usize];
        it.step += 1;
        match (it.service as usize, it.step) {
            (GATEWAY, 1) => self.call(record, A),
            (GATEWAY, 2) => {
                it.joins = 2;
                self.call(record, B);
                self.call(record, C);
            }
            (A, 1) => self.call(record, CACHE),
            (A, 2) if self.streams[3].chance(0.1) => self.call(record, DB),
            _ => {
                self.records[record as usize].at = At::Replying;
                self.travel(record);
            }
        }
    }

    fn answered(&mut self, record: u32) {
        let it = self.records[record as usize];
        if it.lane_prev == NONE {
            self.lane_head = it.lane_next
        } else {
            self.records[it.lane_prev as usize].lane_next = it.lane_next
        }
        if it.lane_next == NONE {
            self.lane_tail = it.lane_prev
        } else {
            self.records[it.lane_next as usize].lane_prev = it.lane_prev
        }
        self.records[record as usize].next = self.free;
        self.free = record;
        if it.parent == NONE {
            self.served += 1;
            self.total_ns += self.now - it.sent;
            return;
        }
        let parent = &mut self.records[it.parent as usize];
        if parent.joins > 1 {
            parent.joins -= 1;
        } else {
            self.next_step(it.parent);
        }
    }

    fn lane_fires(&mut self) {
        assert!(
            self.lane_head == NONE || self.records[self.lane_head as usize].sent + 1_000_000_000 > self.now,
            "no bound fires at 60%"
        );
        self.lane_armed = self.lane_head != NONE;
        if self.lane_armed {
            let due = self.records[self.lane_head as usize].sent + 1_000_000_000;
            self.queue.push(due, LANE);
        }
    }
}
