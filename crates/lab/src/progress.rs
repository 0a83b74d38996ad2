//! How far all replications are together, and whether to go on.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use tarsier_engine::{Pulse, SecondRow, TraceSpan, Traces, Verdict, Watch};
use tarsier_units::Span;

use crate::Audience;

/// Who looks on. Called from any thread, now and then.
pub trait Observer: Sync {
    fn progress(&self, _progress: &Progress) -> Verdict {
        Verdict::GoOn
    }
}

/// Nobody looks on.
impl Observer for () {}

#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Progress {
    pub phase: Phase,
    /// Simulated by all replications together, warm-up included.
    pub simulated_s: f64,
    /// What will have been simulated in the end.
    pub total_s: f64,
    pub events: u64,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Phase {
    /// A first run that finds out how long the warm-up must be.
    Pilot,
    Measuring,
    /// Runs beside their twins; how many it will take is not known.
    Comparing,
}

/// Adds up what the runs of one phase tell.
pub(crate) struct Total<'a> {
    observer: &'a dyn Observer,
    phase: Phase,
    total_s: f64,
    /// Microseconds, lest many replications of a long time overflow.
    simulated_us: AtomicU64,
    events: AtomicU64,
    stopped: AtomicBool,
}

impl<'a> Total<'a> {
    pub(crate) fn new(observer: &'a dyn Observer, phase: Phase, total_s: f64) -> Self {
        let (simulated_us, events) = (AtomicU64::new(0), AtomicU64::new(0));
        Total { observer, phase, total_s, simulated_us, events, stopped: AtomicBool::new(false) }
    }

    pub(crate) fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::Relaxed)
    }

    fn advance(&self, simulated_us: u64, events: u64) -> Verdict {
        let simulated_us = self.simulated_us.fetch_add(simulated_us, Ordering::Relaxed) + simulated_us;
        let events = self.events.fetch_add(events, Ordering::Relaxed) + events;
        let simulated_s = simulated_us as f64 / 1e6;
        let progress = Progress { phase: self.phase, simulated_s, total_s: self.total_s, events };
        if self.observer.progress(&progress) == Verdict::Stop {
            self.stopped.store(true, Ordering::Relaxed);
        }
        if self.is_stopped() { Verdict::Stop } else { Verdict::GoOn }
    }
}

/// Who hears what a run tells, and which requests are traced for it.
pub(crate) struct Listener<'a> {
    pub(crate) audience: &'a mut dyn Audience,
    pub(crate) traces: Traces,
}

/// What one run tells, handed on.
pub(crate) struct Member<'t, 's> {
    total: &'t Total<'t>,
    listener: Option<Listener<'s>>,
    simulated: Span,
    events: u64,
}

impl<'t, 's> Member<'t, 's> {
    pub(crate) fn new(total: &'t Total<'t>, listener: Option<Listener<'s>>) -> Self {
        Member { total, listener, simulated: Span::ZERO, events: 0 }
    }

    pub(crate) fn wants_series(&self) -> bool {
        self.listener.is_some()
    }
}

impl Watch for Member<'_, '_> {
    fn pulse(&mut self, pulse: Pulse) -> Verdict {
        let micros = |span: Span| span.nanos() / 1_000;
        let simulated_us = micros(pulse.simulated).saturating_sub(micros(self.simulated));
        let events = pulse.events.saturating_sub(self.events);
        (self.simulated, self.events) = (pulse.simulated, pulse.events);
        self.total.advance(simulated_us, events)
    }

    fn second(&mut self, row: &SecondRow) {
        if let Some(listener) = &mut self.listener {
            listener.audience.second(row);
        }
    }

    fn traces(&self) -> Traces {
        self.listener.as_ref().map_or(Traces::None, |listener| listener.traces.clone())
    }

    fn span(&mut self, span: &TraceSpan) {
        if let Some(listener) = &mut self.listener {
            listener.audience.span(span);
        }
    }
}
