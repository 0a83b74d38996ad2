//! The thread of a run: keeps the pace, does what it is told, shows what it sees.

use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::time::{Duration, Instant};

use tarsier_engine::{Pulse, RunConfig, SecondRow, SeriesSubject, Verdict, Watch};
use tarsier_units::Span;

use crate::session::Setup;
use crate::session::pace::Pace;
use crate::session::picture::Picture;
use crate::session::shared::{Now, Phase, Shared};
use crate::session::topology::Topology;

/// What a run is told to do.
pub(crate) enum Order {
    Pace(f64),
    Pause,
    Resume,
    /// Go on for so many seconds, then pause.
    Step(f64),
    Stop,
}

pub(super) fn start(setup: Arc<Setup>, topology: &Topology, shared: Arc<Shared>) -> Sender<Order> {
    let (sender, orders) = mpsc::channel();
    let mut driver = Driver {
        pace: Pace::new(setup.pace, Instant::now(), 0.0),
        speed: setup.pace,
        paused: setup.paused,
        pause_at_s: f64::INFINITY,
        orders,
        n_workloads: topology.n_workloads,
        of_call: topology.of_call.clone(),
        of_workload: topology.of_workload.clone(),
        n_services: setup.model.services.len(),
        growing: Picture::empty(topology.n_nodes(), topology.n_edges()),
        events: 0,
        stopped: false,
        shared,
    };
    // A run that cannot get a thread says so like one that went wrong.
    let thread = std::thread::Builder::new().name("run".to_owned()).spawn(move || driver.run(&setup));
    drop(thread);
    sender
}

struct Driver {
    pace: Pace,
    speed: f64,
    paused: bool,
    pause_at_s: f64,
    orders: Receiver<Order>,
    shared: Arc<Shared>,
    n_workloads: usize,
    n_services: usize,
    of_call: Vec<usize>,
    of_workload: Vec<Vec<(usize, f64)>>,
    growing: Picture,
    events: u64,
    stopped: bool,
}

impl Driver {
    fn run(&mut self, setup: &Setup) {
        let scenario = setup.scenario.as_deref().and_then(|name| setup.model.scenario_named(name));
        let config = RunConfig {
            seed: setup.seed,
            replication: 0,
            duration: Span::from_secs_f64(setup.for_s),
            warmup: Span::ZERO,
            scenario,
            threads: 1,
            series: true,
        };
        let outcome = tarsier_engine::run(&setup.model, &config, self);
        self.shared.change(|state| {
            state.now.phase = Phase::Ended;
            state.now.time_s = outcome.simulated_ns as f64 / 1e9;
            state.now.events = outcome.events;
        });
    }

    /// Waits until the clock allows a moment, doing what it is told meanwhile.
    fn keep(&mut self, time_s: f64) {
        if time_s >= self.pause_at_s {
            (self.paused, self.pause_at_s) = (true, f64::INFINITY);
        }
        self.tell(time_s);
        while !self.stopped {
            let wait = if self.paused { Duration::MAX } else { self.pace.wait(time_s, Instant::now()) };
            let order = match wait {
                Duration::ZERO => self.orders.try_recv().ok(),
                _ => match self.orders.recv_timeout(wait.min(Duration::from_secs(3600))) {
                    Ok(order) => Some(order),
                    Err(RecvTimeoutError::Timeout) => None,
                    Err(RecvTimeoutError::Disconnected) => Some(Order::Stop),
                },
            };
            match order {
                Some(order) => self.obey(order, time_s),
                None if self.paused => {}
                None if wait.is_zero() => return,
                None => {}
            }
        }
    }

    fn obey(&mut self, order: Order, time_s: f64) {
        match order {
            Order::Pace(speed) => self.speed = speed,
            Order::Pause => self.paused = true,
            Order::Resume => self.paused = false,
            Order::Step(seconds) => (self.paused, self.pause_at_s) = (false, time_s + seconds),
            Order::Stop => self.stopped = true,
        }
        self.pace = Pace::new(self.speed, Instant::now(), time_s);
        self.tell(time_s);
    }

    fn tell(&self, time_s: f64) {
        let phase = if self.paused { Phase::Paused } else { Phase::Running };
        let now = Now { phase, time_s, pace: self.speed, events: self.events, error: None };
        self.shared.change(|state| state.now = now);
    }

    fn see(&mut self, row: &SecondRow) {
        let [p50, p99] = [row.latency_p50_s, row.latency_p99_s].map(|it| it.map_or(f32::NAN, |it| it as f32));
        let count = |count: u64| count as f32;
        let some = |count: Option<u64>| count.map_or(f32::NAN, |it| it as f32);
        let real = |value: Option<f64>| value.map_or(f32::NAN, |it| it as f32);
        let retries = row.attempts.map_or(f32::NAN, |it| it.saturating_sub(row.requests) as f32);
        let node = [
            count(row.requests),
            count(row.completed),
            count(row.errors),
            count(row.refused),
            retries,
            real(row.utilization),
            real(row.queue_length),
            f32::NAN,
            some(row.instances),
            p50,
            p99,
            f32::NAN,
        ];
        let edge = [
            some(row.attempts),
            count(row.completed),
            count(row.errors),
            retries,
            some(row.timeouts),
            p50,
            p99,
        ];
        match row.subject {
            SeriesSubject::Workload(at) => {
                self.growing.nodes[at] = node;
                for (to, share) in &self.of_workload[at] {
                    self.growing.edges[*to] = edge.map(|it| it * *share as f32);
                    self.growing.edges[*to][5..].copy_from_slice(&[p50, p99]);
                }
            }
            SeriesSubject::Service(at) => self.growing.nodes[self.n_workloads + at] = node,
            SeriesSubject::Call(at) => add(&mut self.growing.edges[self.of_call[at]], &edge),
        }
        if self.is_last(row.subject) {
            self.show(row.second);
        }
    }

    fn is_last(&self, subject: SeriesSubject) -> bool {
        match subject {
            SeriesSubject::Workload(_) => false,
            SeriesSubject::Service(at) => self.of_call.is_empty() && at + 1 == self.n_services,
            SeriesSubject::Call(at) => at + 1 == self.of_call.len(),
        }
    }

    fn show(&mut self, second: u64) {
        let empty = Picture::empty(self.growing.nodes.len(), self.growing.edges.len());
        let mut picture = std::mem::replace(&mut self.growing, empty);
        (picture.time_s, picture.covers_s) = ((second + 1) as f64, 1.0);
        let picture = Arc::new(picture);
        self.shared.change(|state| {
            state.tick = Arc::clone(&picture);
            state.second = Some(picture);
        });
        self.keep((second + 1) as f64);
    }
}

/// Several calls between two services are one edge.
fn add(sum: &mut [f32; 7], more: &[f32; 7]) {
    for (sum, more) in sum[..5].iter_mut().zip(&more[..5]) {
        *sum = if sum.is_nan() { *more } else { *sum + more };
    }
    for (most, more) in sum[5..].iter_mut().zip(&more[5..]) {
        *most = most.max(*more);
    }
}

impl Watch for Driver {
    fn pulse(&mut self, pulse: Pulse) -> Verdict {
        self.events = pulse.events;
        if pulse.simulated == Span::ZERO || self.paused {
            self.keep(pulse.simulated.as_secs_f64());
        }
        if self.stopped { Verdict::Stop } else { Verdict::GoOn }
    }

    fn second(&mut self, row: &SecondRow) {
        self.see(row);
    }
}
