//! Independent replications on scoped threads.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use tarsier_engine::{Outcome, RunConfig};
use tarsier_model::SealedModel;
use tarsier_units::Span;

use crate::progress::{Member, Phase, Total};
use crate::{Observer, Plan, SeriesSink};

/// The outcomes in the order of the replications. When stopped, those not begun are missing, and those still
/// warming up too unless there is nothing else.
pub(crate) fn run_all(
    model: &SealedModel,
    plan: &Plan<'_>,
    warmup: Span,
    series: Option<SeriesSink<'_>>,
    observer: &dyn Observer,
) -> Vec<Outcome> {
    let workers = plan.reps.min(plan.threads as u64).max(1) as usize;
    let total_s = (warmup.as_secs_f64() + plan.duration.as_secs_f64()) * plan.reps as f64;
    let total = Total::new(observer, Phase::Measuring, total_s);
    let config = RunConfig {
        seed: plan.seed,
        replication: 0,
        duration: plan.duration,
        warmup,
        scenario: plan.scenario,
        threads: (plan.threads / workers).max(1),
        series: false,
    };
    let run_one = |replication: u64, watch: &mut Member<'_, '_>| {
        let config = RunConfig { replication, series: watch.wants_series(), ..config.clone() };
        tarsier_engine::run(model, &config, watch)
    };
    only_measured(spread(plan.reps, workers, &total, series, &run_one))
}

/// Runs every replication on one of `workers` threads, whichever is free.
fn spread(
    reps: u64,
    workers: usize,
    total: &Total<'_>,
    series: Option<SeriesSink<'_>>,
    run_one: &(dyn Fn(u64, &mut Member<'_, '_>) -> Outcome + Sync),
) -> Vec<Outcome> {
    let next = AtomicU64::new(0);
    let series = Mutex::new(series);
    let work = || {
        let mut done = Vec::new();
        loop {
            let replication = next.fetch_add(1, Ordering::Relaxed);
            // The first is begun in any case: there is always an outcome.
            if replication >= reps || (replication > 0 && total.is_stopped()) {
                return done;
            }
            let sink =
                if replication == 0 { series.lock().expect("no one panics holding it").take() } else { None };
            done.push((replication, run_one(replication, &mut Member::new(total, sink))));
        }
    };
    let mut outcomes = if workers == 1 {
        work()
    } else {
        std::thread::scope(|scope| {
            let threads: Vec<_> = (0..workers).map(|_| scope.spawn(work)).collect();
            threads.into_iter().flat_map(|it| it.join().expect("a run does not panic")).collect()
        })
    };
    outcomes.sort_by_key(|(replication, _)| *replication);
    outcomes.into_iter().map(|(_, outcome)| outcome).collect()
}

fn only_measured(mut outcomes: Vec<Outcome>) -> Vec<Outcome> {
    if outcomes.iter().any(|outcome| outcome.simulated_ns > 0) {
        outcomes.retain(|outcome| outcome.simulated_ns > 0);
    } else {
        outcomes.truncate(1);
    }
    outcomes
}

#[cfg(test)]
mod tests {
    use tarsier_engine::{Pulse, Verdict, Watch};

    use super::*;
    use crate::pool::tests::outcome;
    use crate::progress::Progress;

    /// Stops all runs after so many events.
    struct StopAfter(u64);

    impl Observer for StopAfter {
        fn progress(&self, progress: &Progress) -> Verdict {
            if progress.events >= self.0 { Verdict::Stop } else { Verdict::GoOn }
        }
    }

    /// A run of ten pulses with an event each, whose seed tells which replication it was.
    fn fake(replication: u64, watch: &mut Member<'_, '_>) -> Outcome {
        let mut n_events = 0;
        for n in 1..=10 {
            n_events = n;
            if watch.pulse(Pulse { simulated: Span::from_secs(n), events: n }) == Verdict::Stop {
                break;
            }
        }
        Outcome { seed: replication, events: n_events, ..outcome() }
    }

    #[test]
    fn order_does_not_depend_on_the_number_of_threads() {
        for workers in 1..=4 {
            let total = Total::new(&(), Phase::Measuring, 1.0);
            let outcomes = spread(20, workers, &total, None, &fake);
            let seeds: Vec<u64> = outcomes.iter().map(|outcome| outcome.seed).collect();
            assert_eq!(seeds, Vec::from_iter(0..20), "with {workers} threads");
        }
    }

    #[test]
    fn a_stop_ends_what_runs_and_begins_nothing_new() {
        let observer = StopAfter(25);
        let total = Total::new(&observer, Phase::Measuring, 1.0);
        let outcomes = spread(20, 1, &total, None, &fake);
        let events: Vec<u64> = outcomes.iter().map(|outcome| outcome.events).collect();
        assert_eq!(events, [10, 10, 5]);
    }

    #[test]
    fn runs_that_measured_nothing_are_left_out() {
        let nothing = Outcome { simulated_ns: 0, ..outcome() };
        assert_eq!(only_measured(vec![outcome(), nothing.clone()]).len(), 1);
        assert_eq!(only_measured(vec![nothing.clone(), nothing]).len(), 1);
    }
}
