//! Independent replications on scoped threads.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use tarsier_engine::{Outcome, RunConfig};
use tarsier_model::SealedModel;
use tarsier_units::Span;

use crate::pool::Pool;
use crate::progress::{Listener, Member, Phase, Total};
use crate::{Observer, Plan};

/// The outcomes, pooled in the order of the replications. When stopped, those not begun are missing.
pub(crate) fn run_all(
    model: &SealedModel,
    plan: &Plan<'_>,
    warmup: Span,
    listener: Option<Listener<'_>>,
    observer: &dyn Observer,
) -> Pool {
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
    spread(plan.reps, workers, &total, listener, &run_one)
}

/// Runs every replication on one of `workers` threads, whichever is free.
fn spread(
    reps: u64,
    workers: usize,
    total: &Total<'_>,
    listener: Option<Listener<'_>>,
    run_one: &(dyn Fn(u64, &mut Member<'_, '_>) -> Outcome + Sync),
) -> Pool {
    let listener = Mutex::new(listener);
    let done = Mutex::new(InOrder::default());
    hand_out(reps, workers, &|replication| {
        // The first is begun in any case: there is always an outcome.
        if replication > 0 && total.is_stopped() {
            return false;
        }
        let listener =
            if replication == 0 { listener.lock().expect("no one panics holding it").take() } else { None };
        let outcome = run_one(replication, &mut Member::new(total, listener));
        done.lock().expect("no one panics holding it").add(replication, outcome);
        true
    });
    done.into_inner().expect("no one panics holding it").pool
}

/// Hands the numbers below `n` out to `workers` threads, one at a time, until a job wants no more.
pub(crate) fn hand_out(n: u64, workers: usize, job: &(dyn Fn(u64) -> bool + Sync)) {
    let next = AtomicU64::new(0);
    let work = || {
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= n || !job(number) {
                return;
            }
        }
    };
    if workers == 1 {
        work();
    } else {
        std::thread::scope(|scope| (0..workers).for_each(|_| drop(scope.spawn(work))));
    }
}

/// Pools outcomes in their order, whoever is done first: sums of numbers with a point depend on it.
#[derive(Default)]
struct InOrder {
    pool: Pool,
    next: u64,
    /// Done before others that come first.
    early: BTreeMap<u64, Outcome>,
}

impl InOrder {
    fn add(&mut self, replication: u64, outcome: Outcome) {
        self.early.insert(replication, outcome);
        while let Some(outcome) = self.early.remove(&self.next) {
            self.pool.add(outcome);
            self.next += 1;
        }
    }
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

    /// A run of ten pulses with an event each, whose fingerprint tells which replication it was.
    fn fake(replication: u64, watch: &mut Member<'_, '_>) -> Outcome {
        let mut n_events = 0;
        for n in 1..=10 {
            n_events = n;
            if watch.pulse(Pulse { simulated: Span::from_secs(n), events: n }) == Verdict::Stop {
                break;
            }
        }
        Outcome { fingerprint: replication, events: n_events, ..outcome() }
    }

    #[test]
    fn order_does_not_depend_on_the_number_of_threads() {
        let fingerprint = |workers| {
            let pool = spread(20, workers, &Total::new(&(), Phase::Measuring, 1.0), None, &fake);
            assert_eq!(pool.reps, 20, "with {workers} threads");
            pool.outcome().fingerprint
        };
        let alone = fingerprint(1);
        (2..=4).for_each(|workers| assert_eq!(fingerprint(workers), alone, "with {workers} threads"));
    }

    #[test]
    fn a_stop_ends_what_runs_and_begins_nothing_new() {
        let observer = StopAfter(25);
        let total = Total::new(&observer, Phase::Measuring, 1.0);
        let pool = spread(20, 1, &total, None, &fake);
        assert_eq!((pool.reps, pool.outcome().events), (3, 10 + 10 + 5));
    }

    #[test]
    fn what_is_done_too_early_waits() {
        let mut in_order = InOrder::default();
        let with = |fingerprint| Outcome { fingerprint, ..outcome() };
        in_order.add(1, with(1));
        assert_eq!((in_order.pool.reps, in_order.early.len()), (0, 1));
        in_order.add(0, with(0));
        assert_eq!((in_order.pool.reps, in_order.early.len()), (2, 0));
    }
}
