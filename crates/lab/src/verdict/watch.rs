//! What is kept of a run that is watched beside another: a few figures for each bucket of time, sums over the end.

use crate::Audience;
use tarsier_engine::{CallOutcome, Outcome, SecondRow, SeriesSubject};

/// However long a run is, it is kept in no more buckets than this.
const MOST_BUCKETS: u64 = 4_096;

/// How the time watched is divided, in buckets.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Frame {
    /// Seconds in a bucket.
    pub(crate) width_s: u64,
    /// How many there are.
    pub(crate) n: usize,
    /// The one in which the trigger begins.
    pub(crate) struck: usize,
    /// The first in which it no longer acts; where it never ends, the one after `struck`.
    pub(crate) over: usize,
    /// The first of the last third of the time after that.
    pub(crate) end: usize,
}

impl Frame {
    /// Over at least so many seconds.
    pub(crate) fn new(begins_s: f64, ends_s: f64, seconds: u64) -> Frame {
        let width_s = seconds.div_ceil(MOST_BUCKETS);
        let n = seconds.div_ceil(width_s) as usize;
        let struck = (begins_s / width_s as f64) as usize;
        let over = ((ends_s / width_s as f64).ceil() as usize).max(struck + 1);
        assert!(over + 3 <= n, "something is left after the trigger");
        Frame { width_s, n, struck, over, end: n - (n - over) / 3 }
    }

    pub(crate) fn seconds(&self) -> u64 {
        self.n as u64 * self.width_s
    }

    pub(crate) fn end_s(&self) -> f64 {
        ((self.n - self.end) as u64 * self.width_s) as f64
    }
}

/// A workload in a bucket of time.
#[derive(Clone, Copy, Default, Debug)]
pub(crate) struct Point {
    pub(crate) completed: u64,
    /// Of the seconds in which something was completed.
    p99_sum_s: f64,
    p99_seconds: u32,
}

impl Point {
    #[cfg(test)]
    pub(crate) fn new(completed: u64, p99_s: f64) -> Point {
        Point { completed, p99_sum_s: p99_s, p99_seconds: u32::from(completed > 0) }
    }
}

/// The mean of what the seconds of these buckets had as p99.
pub(crate) fn p99_s(points: &[Point]) -> Option<f64> {
    let sum: f64 = points.iter().map(|point| point.p99_sum_s).sum();
    let seconds: u32 = points.iter().map(|point| point.p99_seconds).sum();
    (seconds > 0).then(|| sum / f64::from(seconds))
}

/// Counts of a workload or a call, at the end.
#[derive(Clone, Copy, Default, Debug)]
pub(crate) struct Flow {
    pub(crate) requests: u64,
    pub(crate) attempts: u64,
    pub(crate) completed: u64,
    pub(crate) timeouts: u64,
    pub(crate) refused: u64,
    pub(crate) rejected: u64,
}

/// Counts of a service, at the end.
#[derive(Clone, Copy, Default, Debug)]
pub(crate) struct Visits {
    pub(crate) arrivals: u64,
    /// Served, well or not.
    pub(crate) answered: u64,
    pub(crate) unused: u64,
    /// The sum over seconds.
    pub(crate) utilization: f64,
}

#[derive(Debug)]
pub(crate) struct Seen {
    frame: Frame,
    /// By workload, by bucket.
    pub(crate) points: Vec<Vec<Point>>,
    /// How many wait in all services together, by bucket.
    pub(crate) waiting: Vec<f64>,
    pub(crate) workloads: Vec<Flow>,
    pub(crate) calls: Vec<Flow>,
    pub(crate) services: Vec<Visits>,
}

impl Seen {
    pub(crate) fn new(frame: Frame, [n_workloads, n_services, n_calls]: [usize; 3]) -> Seen {
        Seen {
            frame,
            points: vec![vec![Point::default(); frame.n]; n_workloads],
            waiting: vec![0.0; frame.n],
            workloads: vec![Flow::default(); n_workloads],
            calls: vec![Flow::default(); n_calls],
            services: vec![Visits::default(); n_services],
        }
    }
}

impl Audience for Seen {
    fn second(&mut self, row: &SecondRow) {
        let bucket = (row.second / self.frame.width_s) as usize;
        let at_end = bucket >= self.frame.end;
        match row.subject {
            SeriesSubject::Workload(at) => {
                self.points[at][bucket].add(row);
                if at_end {
                    self.workloads[at].add(row);
                }
            }
            SeriesSubject::Call(at) if at_end => self.calls[at].add(row),
            SeriesSubject::Call(_) => {}
            SeriesSubject::Service(at) => {
                self.waiting[bucket] += row.queue_length.unwrap_or(0.0) / self.frame.width_s as f64;
                if at_end {
                    self.services[at].add(row);
                }
            }
        }
    }
}

impl Point {
    fn add(&mut self, row: &SecondRow) {
        self.completed += row.completed;
        if let Some(p99_s) = row.latency_p99_s {
            self.p99_sum_s += p99_s;
            self.p99_seconds += 1;
        }
    }
}

impl Flow {
    fn add(&mut self, row: &SecondRow) {
        self.requests += row.requests;
        self.attempts += row.attempts.unwrap_or(0);
        self.completed += row.completed;
        self.timeouts += row.timeouts.unwrap_or(0);
        self.refused += row.refused;
        self.rejected += row.rejected.unwrap_or(0);
    }
}

impl Visits {
    fn add(&mut self, row: &SecondRow) {
        self.arrivals += row.requests;
        self.answered += row.completed + row.errors;
        self.unused += row.unused.unwrap_or(0);
        self.utilization += row.utilization.unwrap_or(0.0);
    }
}

/// The run and its twin, watched for the same time.
#[derive(Debug)]
pub(crate) struct Pair {
    pub(crate) frame: Frame,
    pub(crate) run: Seen,
    pub(crate) twin: Seen,
    /// Of the run, and of the twin.
    pub(crate) outcomes: [Outcome; 2],
}

impl Pair {
    pub(crate) fn calls(&self) -> &[CallOutcome] {
        &self.outcomes[0].calls
    }
}

/// The outcome of a run that was not.
#[cfg(test)]
pub(crate) fn nothing() -> Outcome {
    crate::pool::tests::outcome()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_is_divided_in_thirds_after_the_trigger() {
        let frame = Frame::new(20.0, 30.5, 91);
        assert_eq!((frame.width_s, frame.n, frame.struck, frame.over, frame.end), (1, 91, 20, 31, 71));
        assert_eq!((frame.seconds(), frame.end_s()), (91, 20.0));
    }

    #[test]
    fn long_times_take_no_more_buckets() {
        let frame = Frame::new(3_600.0, 7_200.0, 30 * 86_400);
        assert_eq!(frame.width_s, 633);
        assert!(frame.n <= MOST_BUCKETS as usize && frame.seconds() >= 30 * 86_400);
        assert!(frame.over as u64 * frame.width_s >= 7_200);
    }
}
