//! What became of a run after its trigger: beside a twin to which nothing happens, with the same random numbers.
//!
//! Both are watched until they can be told apart or are surely alike, for longer and longer if need be. How it is
//! decided stands in `docs/guide/verdict.md`.

mod compare;
mod estimate;
mod patience;
mod smallest;
mod watch;
mod work;

use std::sync::Mutex;

use tarsier_engine::{Outcome, RunConfig, Stopped, Traces};
use tarsier_model::{Model, Scenario, SealedModel};
use tarsier_report::{Goodput, Verdict, VerdictKind};
use tarsier_units::Span;

use crate::progress::{Listener, Member, Phase, Total};
use crate::replicate::hand_out;
use crate::{Observer, Plan};
use compare::Standing;
pub use patience::Trigger;
use watch::{Frame, Pair, Seen};

/// At least so long both are watched after the trigger, beside what the model itself may wait.
const LEAST_S: f64 = 30.0;
/// What the model itself may wait, so many times.
const PATIENCE: f64 = 1.5;
/// So many times the least is enough to call a lasting loss one, and
const ENOUGH: f64 = 4.0;
/// so many times to give up on what gets better.
const MOST: f64 = 16.0;

/// The verdict on the plan's scenario, which is over before half of [`crate::LONGEST`], after this warm-up; with the smallest trigger that tips it if `smallest`. `None`
/// if the observer has seen enough before it is found.
pub fn verdict(
    model: &SealedModel,
    plan: &Plan<'_>,
    warmup: Span,
    smallest: bool,
    observer: &dyn Observer,
) -> Option<Verdict> {
    let scenario = plan.scenario.expect("a verdict is about a scenario");
    let total = Total::new(observer, Phase::Comparing, 0.0);
    let bench = Bench {
        seed: plan.seed,
        warmup,
        asked: plan.duration,
        threads: plan.threads,
        n_calls: crate::calls(model).len(),
        total: &total,
    };
    let poll = bench.poll(model, scenario, plan.reps)?;
    let mut verdict = poll.verdict(model, scenario);
    if smallest {
        verdict.smallest = Some(smallest::search(&bench, model, scenario, plan.reps)?);
    }
    Some(verdict)
}

/// How runs are made.
struct Bench<'a> {
    seed: u64,
    warmup: Span,
    /// At least so long is watched in all.
    asked: Span,
    threads: usize,
    n_calls: usize,
    total: &'a Total<'a>,
}

impl Bench<'_> {
    /// Judges so many replications; `None` if stopped.
    fn poll(&self, model: &SealedModel, scenario: &Scenario, reps: u64) -> Option<Poll> {
        let workers = reps.min(self.threads as u64).max(1) as usize;
        let poll = Mutex::new(Poll { runs: [0; KINDS.len()], worst: None });
        let must_drain = smallest::Bounds::of(model).safe.is_some_and(|share| share >= 1.0);
        hand_out(reps, workers, &|replication| {
            let judged = self.judge(model, scenario, replication, (self.threads / workers, must_drain));
            if let Some((kind, pair)) = judged {
                poll.lock().expect("no one panics holding it").add(kind, replication, pair);
            }
            !self.total.is_stopped()
        });
        (!self.total.is_stopped()).then(|| poll.into_inner().expect("no one panics holding it"))
    }

    /// Watches for longer and longer, until it is clear how it ends.
    fn judge(
        &self,
        model: &SealedModel,
        scenario: &Scenario,
        replication: u64,
        (threads, must_drain): (usize, bool),
    ) -> Option<(VerdictKind, Pair)> {
        let trigger = Trigger::of(scenario);
        let least_s = LEAST_S + PATIENCE * patience::patience(model).as_secs_f64();
        let most_s = (crate::LONGEST.as_secs_f64() - self.warmup.as_secs_f64() - trigger.over_s()).floor();
        let mut after_s = least_s.max(self.asked.as_secs_f64() - trigger.over_s()).min(most_s);
        loop {
            let seconds = (trigger.over_s() + after_s).ceil() as u64;
            let frame = Frame::new(trigger.begins_s, trigger.over_s(), seconds);
            let pair = self.watch(model, scenario, replication, threads, frame)?;
            let multiple = if after_s < most_s { after_s / least_s } else { f64::INFINITY };
            if let Some(kind) = decide(&pair, trigger, must_drain, multiple) {
                return Some((kind, pair));
            }
            after_s = (after_s * 2.0).min(most_s);
        }
    }

    fn watch(
        &self,
        model: &SealedModel,
        scenario: &Scenario,
        replication: u64,
        threads: usize,
        frame: Frame,
    ) -> Option<Pair> {
        let sides = [Some(scenario), None].map(|scenario| {
            let config = RunConfig {
                seed: self.seed,
                replication,
                duration: Span::from_secs(frame.seconds()),
                warmup: self.warmup,
                scenario,
                threads: threads.max(1),
                series: true,
            };
            let mut seen = Seen::new(frame, [model.workloads.len(), model.services.len(), self.n_calls]);
            let listener = Listener { audience: &mut seen, traces: Traces::None };
            let outcome = tarsier_engine::run(model, &config, &mut Member::new(self.total, Some(listener)));
            (seen, outcome)
        });
        let [(run, outcome), (twin, twin_outcome)] = sides;
        let outcomes = [outcome, twin_outcome];
        let is_asked = |outcome: &Outcome| outcome.stopped_because == Some(Stopped::Asked);
        (!outcomes.iter().any(is_asked)).then_some(Pair { frame, run, twin, outcomes })
    }
}

/// How it ended, or `None` if `multiple` times the least time does not tell yet. Where by arithmetic every queue must
/// drain, only what does not after very long keeps itself going.
fn decide(pair: &Pair, trigger: Trigger, must_drain: bool, multiple: f64) -> Option<VerdictKind> {
    if pair.outcomes.iter().any(|outcome| outcome.stopped_early) {
        return Some(VerdictKind::Unclear);
    }
    let enough = if must_drain { MOST } else { ENOUGH };
    let standing = compare::standing(pair);
    let has_ended = trigger.ends_s.is_some();
    match standing {
        Standing::Level if has_ended && compare::back_at(pair).is_some() => Some(VerdictKind::Recovered),
        Standing::Level => Some(VerdictKind::Holds),
        Standing::TooFew => (multiple >= MOST).then_some(VerdictKind::Unclear),
        Standing::Below if has_ended && !must_drain && compare::collapses(pair) => {
            Some(VerdictKind::Metastable)
        }
        _ if !has_ended && !compare::improves(pair) => Some(VerdictKind::Degraded),
        _ if multiple < enough => None,
        _ if compare::improves(pair) => (multiple >= MOST).then_some(VerdictKind::Recovering),
        Standing::Below if has_ended => Some(VerdictKind::Metastable),
        _ => Some(VerdictKind::Degraded),
    }
}

const KINDS: [VerdictKind; 6] = [
    VerdictKind::Holds,
    VerdictKind::Recovered,
    VerdictKind::Unclear,
    VerdictKind::Recovering,
    VerdictKind::Degraded,
    VerdictKind::Metastable,
];

/// How replications ended, and the first of those that ended worst.
struct Poll {
    /// By kind.
    runs: [u64; KINDS.len()],
    worst: Option<(VerdictKind, u64, Pair)>,
}

impl Poll {
    fn add(&mut self, kind: VerdictKind, replication: u64, pair: Pair) {
        self.runs[kind as usize] += 1;
        let is_worse = |(worst, first, _): &(VerdictKind, u64, Pair)| {
            (kind, std::cmp::Reverse(replication)) > (*worst, std::cmp::Reverse(*first))
        };
        if self.worst.as_ref().is_none_or(is_worse) {
            self.worst = Some((kind, replication, pair));
        }
    }

    fn of(&self, kind: VerdictKind) -> u64 {
        self.runs[kind as usize]
    }

    fn verdict(self, model: &Model, scenario: &Scenario) -> Verdict {
        let (kind, _, pair) = self.worst.as_ref().expect("there is a replication");
        let trigger = Trigger::of(scenario);
        let back_s = |bucket: usize| (bucket as u64 * pair.frame.width_s) as f64 - trigger.over_s();
        let recovered = *kind == VerdictKind::Recovered;
        Verdict {
            kind: *kind,
            runs: KINDS.into_iter().zip(self.runs).filter(|(_, runs)| *runs > 0).collect(),
            trigger_s: (trigger.begins_s, trigger.ends_s),
            watched_s: pair.frame.seconds() as f64,
            recovered_after_s: compare::back_at(pair).filter(|_| recovered).map(|at| back_s(at).max(0.0)),
            drains_in_s: compare::drains_in_s(pair).filter(|_| *kind == VerdictKind::Recovering),
            workloads: goodput(model, pair),
            edges: work::attempts(model, pair),
            services: work::services(model, pair),
            slos: slos(model, pair),
            smallest: None,
        }
    }
}

fn goodput(model: &Model, pair: &Pair) -> Vec<Goodput> {
    let (all, end) = (0..pair.frame.n, pair.frame.end..pair.frame.n);
    let of = |(at, workload): (usize, &tarsier_model::Workload)| {
        let (whole, late) = (compare::Sides::of(pair, at, &all), compare::Sides::of(pair, at, &end));
        let per_s = |points| compare::completed_in_all(points) as f64 / pair.frame.end_s();
        Goodput {
            workload: workload.name.clone(),
            completed_per_s: tarsier_report::Beside { run: per_s(late.run), twin: per_s(late.twin) },
            p99_s: [late.run, late.twin].map(watch::p99_s),
            lost: compare::completed_in_all(whole.twin) as i64 - compare::completed_in_all(whole.run) as i64,
        }
    };
    model.workloads.iter().enumerate().map(of).collect()
}

fn slos(model: &Model, pair: &Pair) -> Vec<[tarsier_report::SloVerdict; 2]> {
    let [run, twin] = pair.outcomes.each_ref().map(|outcome| tarsier_report::verdicts(model, outcome));
    run.into_iter().zip(twin).map(|(run, twin)| [run, twin]).collect()
}
