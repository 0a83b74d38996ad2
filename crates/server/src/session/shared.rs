//! What a run shows: written by its thread, read by whoever asks.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use crate::session::Setup;
use crate::session::picture::Picture;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Phase {
    Running,
    Paused,
    Ended,
}

impl Phase {
    pub(crate) fn key(self) -> &'static str {
        match self {
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
    pub(crate) error: Option<String>,
}

pub(crate) struct Shared {
    state: Mutex<State>,
    /// Told whenever there is something new to see.
    changed: watch::Sender<()>,
}

pub(crate) struct State {
    pub(crate) now: Now,
    pub(crate) tick: Arc<Picture>,
    pub(crate) second: Option<Arc<Picture>>,
}

impl Shared {
    pub(crate) fn new(setup: &Setup, n_nodes: usize, n_edges: usize) -> Shared {
        let phase = if setup.paused { Phase::Paused } else { Phase::Running };
        let now = Now { phase, time_s: 0.0, pace: setup.pace, events: 0, error: None };
        let tick = Arc::new(Picture::empty(n_nodes, n_edges));
        Shared { state: Mutex::new(State { now, tick, second: None }), changed: watch::Sender::default() }
    }

    pub(crate) fn now(&self) -> Now {
        self.read().now.clone()
    }

    pub(crate) fn read(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.read());
        self.changed.send_replace(());
    }

    /// Ends when the run is dropped.
    pub(crate) fn watch(&self) -> watch::Receiver<()> {
        self.changed.subscribe()
    }
}
