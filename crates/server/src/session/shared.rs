//! What a run shows: written by its thread, read by whoever asks.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tarsier_engine::Event;
use tarsier_lab::Shelf;
use tarsier_units::Span;
use tokio::sync::watch;

use crate::limits;
use crate::session::Setup;
use crate::session::heat::Heat;
use crate::session::history::History;
use crate::session::picture::Picture;
use crate::session::topology::Topology;
use crate::session::totals::{Latencies, Totals, View};

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Phase {
    /// Getting to where it branched off.
    Replaying,
    Running,
    Paused,
    Ended,
}

impl Phase {
    pub(crate) fn key(self) -> &'static str {
        match self {
            Phase::Replaying => "replaying",
            Phase::Running => "running",
            Phase::Paused => "paused",
            Phase::Ended => "ended",
        }
    }
}

#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Now {
    pub(crate) phase: Phase,
    pub(crate) time_s: f64,
    pub(crate) pace: f64,
    pub(crate) events: u64,
    /// Why it broke off.
    pub(crate) error: Option<String>,
}

pub(crate) struct Shared {
    state: Mutex<State>,
    /// Apart: spans come many at a time.
    shelf: Mutex<Shelf>,
    /// Told whenever there is something new to see.
    changed: watch::Sender<()>,
    /// The run is to end as soon as it can.
    unwanted: AtomicBool,
}

pub(crate) struct State {
    pub(crate) now: Now,
    pub(crate) view: View,
    pub(crate) history: History,
    /// The last whole seconds, however coarse the history is, and how many there were.
    pub(crate) recent: VecDeque<Arc<Picture>>,
    /// By workload.
    pub(crate) heat: Vec<Heat>,
    pub(crate) events: Vec<Event>,
}

impl Shared {
    pub(super) fn new(setup: &Setup, topology: &Topology) -> Shared {
        let phase = match () {
            () if setup.replay_to > Span::ZERO => Phase::Replaying,
            () if setup.paused => Phase::Paused,
            () => Phase::Running,
        };
        let latencies = Arc::new(Latencies::unknown(topology));
        let start = Arc::new(Totals::start(topology));
        let n_workloads = topology.n_workloads;
        let state = State {
            now: Now { phase, time_s: 0.0, pace: setup.pace, events: 0, error: None },
            view: View { totals: Arc::clone(&start), before: start, latencies },
            history: History::new(limits::HISTORY, topology.n_nodes(), topology.n_edges()),
            recent: VecDeque::new(),
            heat: vec![Heat::new(limits::HEAT / n_workloads.max(1)); n_workloads],
            events: Vec::new(),
        };
        Shared {
            state: Mutex::new(state),
            shelf: Mutex::new(Shelf::new(limits::TRACES)),
            changed: watch::Sender::default(),
            unwanted: AtomicBool::new(false),
        }
    }

    pub(crate) fn now(&self) -> Now {
        self.read().now.clone()
    }

    pub(crate) fn read(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn shelf(&self) -> MutexGuard<'_, Shelf> {
        self.shelf.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Nobody is told of it yet.
    pub(super) fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.read());
    }

    pub(super) fn tell(&self) {
        self.changed.send_replace(());
    }

    pub(crate) fn watch(&self) -> watch::Receiver<()> {
        self.changed.subscribe()
    }

    pub(super) fn give_up(&self) {
        self.unwanted.store(true, Ordering::Relaxed);
        self.tell();
    }

    pub(crate) fn is_unwanted(&self) -> bool {
        self.unwanted.load(Ordering::Relaxed)
    }
}

impl State {
    pub(super) fn push_second(&mut self, second: Picture) {
        let second = Arc::new(second);
        self.recent.push_back(Arc::clone(&second));
        if self.recent.len() > limits::RECENT {
            self.recent.pop_front();
        }
        self.history.push(second);
    }
}
