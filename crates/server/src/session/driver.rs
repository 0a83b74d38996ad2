//! The thread of a run: keeps the pace, does what it is told, shows what it sees.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::time::{Duration, Instant};

use tarsier_engine::{
    Pulse, RunConfig, SecondRow, SeriesSubject, Standing, TraceSpan, Traces, Verdict, Watch,
};
use tarsier_model::Model;
use tarsier_stats::Window;
use tarsier_units::{NANOS_PER_SECOND, Span};

use crate::limits;
use crate::session::Setup;
use crate::session::pace::Pace;
use crate::session::shared::{Phase, Shared};
use crate::session::sight::Sight;
use crate::session::stride::Stride;
use crate::session::topology::Topology;
use crate::session::totals::{Count, Latencies, Load, Totals, View};

/// What a run is told to do.
pub(crate) enum Order {
    Pace(f64),
    Pause,
    Resume,
    /// Go on for so long, then pause.
    Step(Span),
    /// Answered at the next look, on the run's thread.
    Ask(Question),
    Stop,
}

pub(crate) type Question = Box<dyn for<'a, 's, 'r> FnOnce(&mut Sight<'a, 's, 'r>) + Send>;

pub(super) fn start(setup: Arc<Setup>, topology: Arc<Topology>, shared: Arc<Shared>) -> Sender<Order> {
    let (sender, orders) = mpsc::channel();
    let thread = std::thread::Builder::new().name("run".to_owned());
    let spawned = thread.spawn({
        let shared = Arc::clone(&shared);
        move || Driver::new(&setup, &topology, &shared, orders).run()
    });
    if let Err(error) = spawned {
        fail(&shared, format!("there is no thread for it: {error}"));
    }
    sender
}

fn fail(shared: &Shared, error: String) {
    shared.change(|state| {
        state.now.phase = Phase::Ended;
        state.now.error = Some(error);
    });
    shared.tell();
}

struct Driver<'a> {
    setup: &'a Setup,
    topology: &'a Topology,
    shared: &'a Shared,
    orders: Receiver<Order>,
    pace: Pace,
    stride: Stride,
    phase: Phase,
    pause_at: Option<Span>,
    next: Span,
    end: Span,
    /// When it was shown last.
    told: Instant,
    /// At the last whole second, and at the one before.
    before: [Arc<Totals>; 2],
    latencies: Latencies,
    stopped: bool,
}

impl<'a> Driver<'a> {
    fn new(setup: &'a Setup, topology: &'a Topology, shared: &'a Shared, orders: Receiver<Order>) -> Self {
        let now = Instant::now();
        Driver {
            setup,
            topology,
            shared,
            orders,
            pace: Pace::new(setup.pace, now, 0.0),
            stride: Stride::new(setup.pace, now),
            phase: shared.now().phase,
            pause_at: None,
            next: Span::ZERO,
            end: setup.duration(),
            told: now,
            before: [(); 2].map(|()| Arc::new(Totals::start(topology))),
            latencies: Latencies::unknown(topology),
            stopped: false,
        }
    }

    fn run(mut self) {
        let scenario = self.setup.scenario();
        let config = RunConfig {
            seed: self.setup.seed,
            replication: 0,
            duration: self.end,
            warmup: Span::ZERO,
            scenario: Some(&scenario),
            threads: 1,
            series: true,
        };
        let outcome = tarsier_engine::run(&self.setup.model, &config, &mut self);
        if let Some(reason) = outcome.stopped_because.filter(|_| !self.stopped) {
            fail(self.shared, tarsier_report::why_stopped(reason).to_owned());
            self.phase = Phase::Ended;
            while !self.stopped {
                let Ok(order) = self.orders.recv() else { return };
                self.obey(order, &mut Sight::Over(&outcome));
            }
        }
    }

    /// Waits until the clock allows to go on, doing what it is told meanwhile.
    fn keep(&mut self, standing: &mut Standing<'_, '_>) {
        let now = standing.time();
        while !self.stopped {
            let wait = match self.phase {
                Phase::Paused | Phase::Ended => Duration::MAX,
                Phase::Running => self.pace.wait(now.as_secs_f64(), Instant::now()),
                Phase::Replaying => Duration::ZERO,
            };
            let order = if wait.is_zero() {
                self.orders.try_recv().ok()
            } else {
                match self.orders.recv_timeout(wait.min(Duration::from_secs(3600))) {
                    Ok(order) => Some(order),
                    Err(RecvTimeoutError::Timeout) => None,
                    Err(RecvTimeoutError::Disconnected) => Some(Order::Stop),
                }
            };
            match order {
                Some(order) => {
                    let phase = self.phase;
                    self.obey(order, &mut Sight::Live(standing));
                    if self.phase != phase {
                        self.show(standing);
                    }
                }
                None if wait.is_zero() => return,
                None => {}
            }
        }
    }

    fn obey(&mut self, order: Order, sight: &mut Sight<'_, '_, '_>) {
        let now = sight.time();
        match order {
            Order::Ask(question) => {
                question(sight);
                return;
            }
            Order::Stop => self.stopped = true,
            Order::Pace(pace) => {
                self.shared.change(|state| state.now.pace = pace);
                self.stride.follow(pace);
            }
            _ if self.phase == Phase::Ended => {}
            Order::Pause => self.phase = Phase::Paused,
            Order::Resume => (self.phase, self.pause_at) = (Phase::Running, None),
            Order::Step(step) => {
                self.pause_at =
                    Some(Span::from_nanos(now.nanos().saturating_add(step.nanos()).min(self.end.nanos())));
                self.phase = Phase::Running;
            }
        }
        if self.phase == Phase::Running && now < self.setup.replay_to {
            // It gets there first.
            (self.phase, self.pause_at) = (Phase::Replaying, None);
        }
        self.pace = Pace::new(self.shared.now().pace, Instant::now(), now.as_secs_f64());
        self.shared.change(|state| state.now.phase = self.phase);
        self.shared.tell();
    }

    /// Where a run stands that gets to its end, to where it was to pause, or to where it branched off.
    fn arrive(&mut self, now: Span) {
        let phase = self.phase;
        if phase == Phase::Replaying && now >= self.setup.replay_to {
            self.phase = if self.setup.paused { Phase::Paused } else { Phase::Running };
        }
        if self.pause_at.is_some_and(|at| now >= at) && self.phase == Phase::Running {
            (self.phase, self.pause_at) = (Phase::Paused, None);
        }
        if now >= self.end {
            self.phase = Phase::Ended;
        }
        if self.phase != phase {
            self.pace = Pace::new(self.shared.now().pace, Instant::now(), now.as_secs_f64());
        }
    }

    /// Shows how things stand, if it is time.
    fn show(&mut self, standing: &mut Standing<'_, '_>) {
        let is_moving = matches!(self.phase, Phase::Running | Phase::Replaying);
        if is_moving && self.told.elapsed() < limits::LOOK * 4 / 5 {
            return;
        }
        self.told = Instant::now();
        let known = self.shared.read().events.len();
        let events = standing.timeline(known);
        let (phase, now) = (self.phase, standing.time());
        let latencies = Arc::new(self.latencies.clone());
        let [last, earlier] = &self.before;
        let before = if last.time_s < now.as_secs_f64() { last } else { earlier };
        let view = View { totals: Arc::new(self.totals(standing)), before: Arc::clone(before), latencies };
        self.shared.change(|state| {
            (state.now.phase, state.now.time_s) = (phase, now.as_secs_f64());
            state.now.events = standing.events();
            state.view = view;
            state.events.extend(events);
        });
        self.shared.tell();
    }

    /// A second is over.
    fn keep_second(&mut self, standing: &Standing<'_, '_>) {
        let totals = Arc::new(self.totals(standing));
        let second = totals.since(&self.before[0], &self.latencies, self.topology);
        self.before.swap(0, 1);
        self.before[0] = totals;
        self.shared.change(|state| state.push_second(second));
    }

    fn totals(&self, standing: &Standing<'_, '_>) -> Totals {
        Totals {
            time_s: standing.time().as_secs_f64(),
            users: standing.workloads().map(Count::from).collect(),
            services: standing.services().zip(standing.wanted()).map(Load::from).collect(),
            edges: (self.topology)
                .edges(standing.destinations().map(Count::from), standing.calls().map(Count::from)),
        }
    }

    fn next_after(&mut self, now: Span) -> Span {
        let second = (now.nanos() / NANOS_PER_SECOND + 1) * NANOS_PER_SECOND;
        let mut next = second.min(self.end.nanos());
        if self.phase == Phase::Replaying {
            let there = self.setup.replay_to.nanos();
            next = if there > now.nanos() { next.min(there) } else { next };
        } else {
            next = next.min(self.stride.next_after(now.nanos()));
        }
        self.pause_at.map_or(Span::from_nanos(next), |at| at.min(Span::from_nanos(next)))
    }
}

impl Watch for Driver<'_> {
    fn steers(&self) -> bool {
        true
    }

    fn next_look(&mut self) -> Option<Span> {
        Some(self.next)
    }

    fn look(&mut self, standing: &mut Standing<'_, '_>) -> Verdict {
        let now = standing.time();
        let is_second = now > Span::ZERO && (now.nanos().is_multiple_of(NANOS_PER_SECOND) || now == self.end);
        self.stride.took(Instant::now());
        self.arrive(now);
        if now.nanos().is_multiple_of(limits::PAGE.nanos()) {
            standing.turn_page();
        }
        if is_second {
            self.keep_second(standing);
        }
        if self.phase != Phase::Running {
            self.show(standing);
        }
        self.keep(standing);
        if self.phase == Phase::Running {
            // What is shown is what the clock has got to.
            self.show(standing);
        }
        self.next = self.next_after(now);
        self.stride.goes_on(Instant::now());
        if self.stopped { Verdict::Stop } else { Verdict::GoOn }
    }

    fn traces(&self) -> Traces {
        Traces::Share((limits::TRACED_PER_S / demand(&self.setup.model)).min(1.0))
    }

    fn span(&mut self, span: &TraceSpan) {
        self.shared.shelf().take_in(span);
    }

    fn pulse(&mut self, _pulse: Pulse) -> Verdict {
        if self.shared.is_unwanted() {
            self.stopped = true;
        }
        if self.stopped { Verdict::Stop } else { Verdict::GoOn }
    }

    fn second(&mut self, row: &SecondRow) {
        let quantiles = [row.latency_p50_s, row.latency_p99_s, row.latency_p999_s];
        let quantiles = quantiles.map(known);
        match row.subject {
            SeriesSubject::Workload(at) => self.latencies.nodes[at] = quantiles,
            SeriesSubject::Service(at) => self.latencies.nodes[self.topology.node_of_service(at)] = quantiles,
            SeriesSubject::Call(at) => {
                let edge = &mut self.latencies.edges[self.topology.edge_of_call(at)];
                // Of several calls between two services the slowest is shown.
                let is_first = self.topology.is_first_call(at);
                *edge =
                    std::array::from_fn(|n| if is_first { quantiles[n] } else { edge[n].max(quantiles[n]) });
            }
        }
    }

    fn latencies(&mut self, _second: u64, workload: usize, all: &Window, destinations: &[Window]) {
        self.shared.change(|state| state.heat[workload].push(all));
        let mut of_edge: BTreeMap<usize, Window> = BTreeMap::new();
        for (edge, window) in self.topology.edges_of_users(workload).iter().zip(destinations) {
            of_edge.entry(*edge).or_default().absorb(window);
        }
        for (edge, window) in of_edge {
            let quantile = |q| known(window.quantile(q).map(|nanos| nanos / 1e9));
            self.latencies.edges[edge] = [0.5, 0.99, 0.999].map(quantile);
        }
    }
}

/// What is not known is not a number.
fn known(seconds: Option<f64>) -> f32 {
    seconds.map_or(f32::NAN, |it| it as f32)
}

/// Requests a second of all users, at most.
fn demand(model: &Model) -> f64 {
    model.workloads.iter().map(|workload| workload.demand.most_per_s()).sum::<f64>().max(1.0)
}
