//! Counters and time integrals.

use tarsier_stats::Window;

use crate::account::Causes;
use crate::plan::Plan;

/// How many of something there are, and the integral of that over time.
///
/// The integral of a count over `0..now` is `count × now` minus the times of its increases plus
/// those of its decreases, so a change costs one addition. Sums wrap, also those of a thread whose
/// changes were taken over in between; all together do not.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Level {
    pub(crate) count: u64,
    changes: u128,
}

impl Level {
    #[inline]
    pub(crate) fn up(&mut self, now: u64) {
        self.count = self.count.wrapping_add(1);
        self.changes = self.changes.wrapping_sub(u128::from(now));
    }

    #[inline]
    pub(crate) fn down(&mut self, now: u64) {
        self.count = self.count.wrapping_sub(1);
        self.changes = self.changes.wrapping_add(u128::from(now));
    }

    pub(crate) fn up_by(&mut self, now: u64, n: u64) {
        self.count = self.count.wrapping_add(n);
        self.changes = self.changes.wrapping_sub(u128::from(now) * u128::from(n));
    }

    pub(crate) fn down_by(&mut self, now: u64, n: u64) {
        self.count = self.count.wrapping_sub(n);
        self.changes = self.changes.wrapping_add(u128::from(now) * u128::from(n));
    }

    /// Adds the changes that were counted elsewhere.
    fn add(&mut self, other: Level) {
        self.count = self.count.wrapping_add(other.count);
        self.changes = self.changes.wrapping_add(other.changes);
    }

    /// The integral from 0 to `now`, in count × nanoseconds.
    pub(crate) fn integral(&self, now: u64) -> u128 {
        self.changes.wrapping_add(u128::from(self.count) * u128::from(now))
    }
}

#[derive(Default)]
pub(crate) struct ServiceTally {
    pub(crate) arrivals: u64,
    pub(crate) completed: u64,
    pub(crate) errors: u64,
    pub(crate) refused: u64,
    /// Requests that were on an instance when it was killed.
    pub(crate) killed: u64,
    /// Requests that stopped there because nobody waited for them.
    pub(crate) cancelled: u64,
    /// Answers, good or bad, that nobody waited for any more.
    pub(crate) unused: u64,
    pub(crate) present: Level,
    pub(crate) busy: Level,
    pub(crate) workers: Level,
    pub(crate) waiting: Level,
    pub(crate) up: Level,
    /// Workers of instances that are up, where they are limited.
    pub(crate) seats: Level,
    /// Time between arrival and end of all that ended: the other side of `present`.
    pub(crate) residence: u128,
    /// Core time of all work begun, less what was taken back: the other side of `busy`.
    pub(crate) work: u128,
    /// Measured since the last boundary: how long requests waited for their first core, and stayed.
    pub(crate) queue: Window,
    pub(crate) stay: Window,
}

impl ServiceTally {
    /// Work that will not be done after all. It may have begun while another thread counted: sums wrap.
    pub(crate) fn take_back(&mut self, work: u128) {
        self.work = self.work.wrapping_sub(work);
    }

    /// Takes over what was counted elsewhere.
    fn take_over(&mut self, theirs: &mut ServiceTally) {
        take_over(&mut self.queue, &mut theirs.queue);
        take_over(&mut self.stay, &mut theirs.stay);
        let [queue, stay] = [&mut theirs.queue, &mut theirs.stay].map(std::mem::take);
        let other = std::mem::replace(theirs, ServiceTally { queue, stay, ..ServiceTally::default() });
        self.arrivals += other.arrivals;
        self.completed += other.completed;
        self.errors += other.errors;
        self.refused += other.refused;
        self.killed += other.killed;
        self.cancelled += other.cancelled;
        self.unused += other.unused;
        self.present.add(other.present);
        self.busy.add(other.busy);
        self.workers.add(other.workers);
        self.waiting.add(other.waiting);
        self.up.add(other.up);
        self.seats.add(other.seats);
        self.residence += other.residence;
        self.work = self.work.wrapping_add(other.work);
    }
}

/// Windows keep their memory.
fn take_over(mine: &mut Window, theirs: &mut Window) {
    if !theirs.is_empty() {
        mine.absorb(theirs);
        theirs.clear();
    }
}

/// Counters of a workload, of one of its destinations or of the calls between two endpoints, since the start of the run.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct CallTally {
    pub requests: u64,
    pub attempts: u64,
    pub retries: u64,
    pub hedges: u64,
    /// Attempts that were not made, because the client itself rejected them.
    pub rejected: u64,
    pub timeouts: u64,
    pub completed: u64,
    pub errors: u64,
    pub refused: u64,
    /// For the integral of the number in flight, as in [`Level`].
    changes: u128,
}

impl CallTally {
    #[inline]
    pub(crate) fn begins(&mut self, now: u64) {
        self.requests += 1;
        self.changes = self.changes.wrapping_sub(u128::from(now));
    }

    #[inline]
    pub(crate) fn succeeds(&mut self, now: u64) {
        self.completed += 1;
        self.changes = self.changes.wrapping_add(u128::from(now));
    }

    pub(crate) fn fails(&mut self, now: u64) {
        self.errors += 1;
        self.changes = self.changes.wrapping_add(u128::from(now));
    }

    /// The integral of the number in flight from 0 to `now`, in calls × nanoseconds.
    pub(crate) fn integral(&self, now: u64) -> u128 {
        self.changes.wrapping_add(u128::from(self.in_flight()) * u128::from(now))
    }

    /// Adds what was counted elsewhere.
    fn add(&mut self, other: &CallTally) {
        self.requests += other.requests;
        self.attempts += other.attempts;
        self.retries += other.retries;
        self.hedges += other.hedges;
        self.rejected += other.rejected;
        self.timeouts += other.timeouts;
        self.completed += other.completed;
        self.errors += other.errors;
        self.refused += other.refused;
        self.changes = self.changes.wrapping_add(other.changes);
    }

    pub(crate) fn since(self, before: CallTally) -> CallTally {
        CallTally {
            requests: self.requests - before.requests,
            attempts: self.attempts - before.attempts,
            retries: self.retries - before.retries,
            hedges: self.hedges - before.hedges,
            rejected: self.rejected - before.rejected,
            timeouts: self.timeouts - before.timeouts,
            completed: self.completed - before.completed,
            errors: self.errors - before.errors,
            refused: self.refused - before.refused,
            changes: self.changes.wrapping_sub(before.changes),
        }
    }

    /// Requests that have not ended.
    pub fn in_flight(&self) -> u64 {
        self.requests - self.completed - self.errors
    }
}

/// What is counted of a workload, of one of its ways or of the calls between two endpoints, and measured since the last boundary.
#[derive(Default)]
pub(crate) struct CallBook {
    pub(crate) tally: CallTally,
    pub(crate) latency: Window,
}

impl CallBook {
    fn take_over(&mut self, other: &mut CallBook) {
        self.tally.add(&std::mem::take(&mut other.tally));
        take_over(&mut self.latency, &mut other.latency);
    }
}

/// Everything that is counted.
///
/// It belongs to the thread that runs partitions, not to these: so it stays in the thread's cache and
/// takes memory once, however many partitions there are. Sums do not depend on who counted.
#[derive(Default)]
pub(crate) struct Books {
    pub(crate) services: Vec<ServiceTally>,
    /// Of the workloads, then of the calls, then of the ways of workloads that go several.
    pub(crate) calls: Vec<CallBook>,
    /// Where the time of sampled requests went, by workload; kept for the whole run.
    pub(crate) causes: Vec<Causes>,
}

impl Books {
    pub(crate) fn new(plan: &Plan) -> Books {
        fn several<T: Default>(n: usize) -> Vec<T> {
            (0..n).map(|_| T::default()).collect()
        }
        let n_workloads = plan.workloads.len();
        Books {
            services: several(plan.services.len()),
            calls: several(n_workloads + plan.calls.len() + plan.n_ways as usize),
            causes: several(n_workloads),
        }
    }

    /// Those of the start.
    pub(crate) fn with_all_up(plan: &Plan) -> Books {
        let mut books = Books::new(plan);
        for (tally, service) in books.services.iter_mut().zip(&plan.services) {
            tally.up.up_by(0, service.n_instances.into());
            tally.seats.up_by(0, u64::from(service.n_instances) * u64::from(service.workers.unwrap_or(0)));
        }
        books
    }

    /// Takes over everything that the other holds.
    pub(crate) fn take_over(&mut self, other: &mut Books) {
        let services = self.services.iter_mut().zip(&mut other.services);
        services.for_each(|(mine, theirs)| mine.take_over(theirs));
        let calls = self.calls.iter_mut().zip(&mut other.calls);
        calls.for_each(|(mine, theirs)| mine.take_over(theirs));
        let causes = self.causes.iter_mut().zip(&mut other.causes);
        causes.for_each(|(mine, theirs)| mine.take_over(theirs));
    }

    /// Requests of a workload that goes several ways are counted on these: together they are its own.
    pub(crate) fn sum_up(&mut self, plan: &Plan) {
        for at in (0..plan.workloads.len()).filter(|at| plan.workloads[*at].mix.len() > 1) {
            let ways = plan.ways_of(at);
            let (own, others) = self.calls.split_at_mut(ways.start);
            own[at].tally = CallTally::default();
            own[at].latency.clear();
            for way in &others[..ways.len()] {
                own[at].tally.add(&way.tally);
                own[at].latency.absorb(&way.latency);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Level;

    #[test]
    fn levels_integrate() {
        let mut level = Level::default();
        level.up(10);
        level.up(20);
        level.down(50);
        assert_eq!(level.integral(100), 10 + 60 + 50);
        level.up_by(100, 3);
        level.down_by(110, 4);
        assert_eq!(level.count, 0);
        assert_eq!(level.integral(1_000), 120 + 40);
    }
}
