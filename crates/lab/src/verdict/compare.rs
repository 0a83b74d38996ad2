//! Whether a run is as good as its twin, whether it is getting better, and since when it is.
//!
//! Both get the same requests, so they are compared stretch by stretch: the mean difference over the stretches of the
//! end, with a 99% interval by Student's t.

use std::ops::Range;

use super::estimate::{Estimate, falls, mean, means, slope, stretches};
use super::watch::{Frame, Pair, Point, p99_s};

/// A share of the twin's goodput that nobody misses.
const NEGLIGIBLE: f64 = 0.05;
/// So many times the twin's p99 is not slow yet.
const SLOW: f64 = 2.0;
/// With fewer requests than this at the end nothing can be told.
const FEWEST: u64 = 50;
/// A single stretch holds about so many requests.
const STRETCH: f64 = 200.0;

/// How a run does at the end, from best to worst.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Standing {
    /// Nobody completes enough requests without the trigger either.
    TooFew,
    Level,
    /// As many requests get through, but they take longer.
    Slower,
    Below,
}

/// That of the worst workload.
pub(crate) fn standing(pair: &Pair) -> Standing {
    let end = pair.frame.end..pair.frame.n;
    let standings = (0..pair.run.points.len()).map(|workload| of_workload(&Sides::of(pair, workload, &end)));
    standings.max().unwrap_or(Standing::TooFew)
}

fn of_workload(sides: &Sides<'_>) -> Standing {
    let [got, expected] = sides.figures(completed);
    if completed_in_all(sides.twin) < FEWEST {
        return Standing::TooFew;
    }
    if Estimate::of(&differences(&expected, &got)).low() > NEGLIGIBLE * mean(&expected) {
        return Standing::Below;
    }
    let [takes, takes_twin] = sides.figures(p99_s);
    let is_slow = Estimate::of(&differences(&takes, &takes_twin)).low() > (SLOW - 1.0) * mean(&takes_twin);
    if is_slow { Standing::Slower } else { Standing::Level }
}

/// Whether a workload has lost most of what the twin completes, and what waits piles up: no need to look any longer.
pub(crate) fn collapses(pair: &Pair) -> bool {
    let end = pair.frame.end..pair.frame.n;
    let has_lost_most = |workload| {
        let sides = Sides::of(pair, workload, &end);
        completed_in_all(sides.run) * 2 < completed_in_all(sides.twin)
    };
    let waiting = &pair.run.waiting[late(&pair.frame)];
    (0..pair.run.points.len()).any(has_lost_most) && piles_up(&means(waiting))
}

/// Whether a queue surely grows, and by more than chance makes of one that just stays. Its steps are independent of
/// each other, its lengths are not.
fn piles_up(lengths: &[f64]) -> bool {
    let steps: Vec<f64> = lengths.windows(2).map(|pair| pair[1] - pair[0]).collect();
    let grown = mean(&steps) * steps.len() as f64;
    Estimate::of(&steps).low() > 0.0 && grown > 2.0 * NEGLIGIBLE * mean(lengths)
}

/// Whether less waits, less is missing or less is late than a while ago. A queue may well seem to drain and not do so:
/// it is then watched for longer. The others must surely fall.
pub(crate) fn improves(pair: &Pair) -> bool {
    let window = late(&pair.frame);
    let waiting = means(&pair.run.waiting[window.clone()]);
    let gets_better = |workload| {
        let sides = Sides::of(pair, workload, &window);
        let [got, expected] = sides.figures(completed);
        let [takes, takes_twin] = sides.figures(p99_s);
        falls(&differences(&expected, &got), mean(&expected))
            || falls(&differences(&takes, &takes_twin), mean(&takes))
    };
    drains(&waiting) || (0..pair.run.points.len()).any(gets_better)
}

fn drains(lengths: &[f64]) -> bool {
    let shrunk = slope(lengths).map_or(0.0, |slope| -slope.mean * (lengths.len() - 1) as f64);
    mean(lengths) >= 1.0 && shrunk > NEGLIGIBLE * mean(lengths)
}

/// The last two thirds of the time after the trigger.
fn late(frame: &Frame) -> Range<usize> {
    frame.over + (frame.n - frame.over) / 3..frame.n
}

/// How long what waits will take to drain at the pace of late.
pub(crate) fn drains_in_s(pair: &Pair) -> Option<f64> {
    let window = late(&pair.frame);
    let length_s = window.len() as f64 * pair.frame.width_s as f64;
    let lengths = means(&pair.run.waiting[window]);
    let per_s = slope(&lengths)?.mean * lengths.len() as f64 / length_s;
    let last = lengths.last()?;
    (per_s < 0.0).then(|| last / -per_s)
}

/// The first bucket after which the run was never again worse than its twin; `None` if it never was at all.
pub(crate) fn back_at(pair: &Pair) -> Option<usize> {
    let all = pair.frame.struck..pair.frame.n;
    let workloads = (0..pair.run.points.len()).map(|workload| Sides::of(pair, workload, &all));
    let backs = workloads.filter_map(|sides| back_of_workload(&sides));
    backs.max().map(|bucket| pair.frame.struck + bucket)
}

/// A stretch is worse if it lacks more than a tenth of what the twin completes, and more than chance explains (four
/// standard deviations of a Poisson count); a bucket also if it was twice as slow as the twin ever was.
fn back_of_workload(sides: &Sides<'_>) -> Option<usize> {
    let n = sides.twin.len();
    let per_bucket = completed_in_all(sides.twin) as f64 / n as f64;
    let length = if per_bucket > 0.0 { ((STRETCH / per_bucket).ceil() as usize).clamp(1, n) } else { n };
    let lacks = |stretch: &Range<usize>| {
        let got = completed_in_all(&sides.run[stretch.clone()]) as f64;
        let expected = completed_in_all(&sides.twin[stretch.clone()]) as f64;
        got < (1.0 - 2.0 * NEGLIGIBLE) * expected - 4.0 * expected.sqrt()
    };
    let stretches: Vec<Range<usize>> =
        (0..n).step_by(length).map(|start| start..(start + length).min(n)).collect();
    let lacked = stretches.into_iter().rfind(lacks).map(|stretch| stretch.end);
    let takes_s = |point: &Point| p99_s(std::slice::from_ref(point));
    let slowest = sides.twin.iter().filter_map(takes_s).fold(0.0, f64::max);
    let is_slow = |point: &Point| takes_s(point).is_some_and(|p99_s| p99_s > SLOW * slowest);
    lacked.max(sides.run.iter().rposition(is_slow).map(|bucket| bucket + 1))
}

/// A workload with the trigger and without, over the same buckets.
pub(crate) struct Sides<'a> {
    pub(crate) run: &'a [Point],
    pub(crate) twin: &'a [Point],
}

impl<'a> Sides<'a> {
    pub(crate) fn of(pair: &'a Pair, workload: usize, buckets: &Range<usize>) -> Sides<'a> {
        let part = |points: &'a [Vec<Point>]| &points[workload][buckets.clone()];
        Sides { run: part(&pair.run.points), twin: part(&pair.twin.points) }
    }

    /// A figure of each stretch in which both have it.
    fn figures(&self, figure: fn(&[Point]) -> Option<f64>) -> [Vec<f64>; 2] {
        let both = stretches(self.run.len())
            .filter_map(|range| Some((figure(&self.run[range.clone()])?, figure(&self.twin[range])?)));
        let (run, twin) = both.unzip();
        [run, twin]
    }
}

fn differences(these: &[f64], those: &[f64]) -> Vec<f64> {
    these.iter().zip(those).map(|(this, that)| this - that).collect()
}

pub(crate) fn completed_in_all(points: &[Point]) -> u64 {
    points.iter().map(|point| point.completed).sum()
}

/// A bucket's mean.
fn completed(points: &[Point]) -> Option<f64> {
    Some(completed_in_all(points) as f64 / points.len() as f64)
}

#[cfg(test)]
mod tests {
    use tarsier_random::Stream;

    use super::super::watch::{Seen, nothing};
    use super::*;

    const STRUCK: usize = 20;
    const OVER: usize = 30;
    const N: usize = 90;

    /// A hundred a second, give or take as chance does, that take 50 ms; what the run makes of each second.
    fn pair(run: impl Fn(usize, u64) -> (u64, f64), waiting: impl Fn(usize) -> f64) -> Pair {
        let frame = Frame::new(STRUCK as f64, OVER as f64, N as u64);
        let seen = || Seen::new(frame, [1, 1, 0]);
        let mut pair = Pair { frame, run: seen(), twin: seen(), outcomes: [nothing(), nothing()] };
        let mut stream = Stream::named(3, &["pair"], &[]);
        for second in 0..N {
            let n = 90 + u64::from(stream.below(21));
            let (completed, p99_s) = run(second, n);
            pair.twin.points[0][second] = Point::new(n, 0.05 + 0.02 * stream.unit());
            pair.run.points[0][second] = Point::new(completed, p99_s);
            pair.run.waiting[second] = waiting(second);
        }
        pair
    }

    #[test]
    fn what_is_alike_is_level() {
        let alike = pair(|_, n| (n, 0.06), |_| 1.0);
        assert_eq!((standing(&alike), back_at(&alike)), (Standing::Level, None));
        assert!(!collapses(&alike));
    }

    #[test]
    fn back_is_after_the_last_stretch_that_was_worse() {
        let late = |second, n| if (STRUCK..45).contains(&second) { (0, 0.0) } else { (n, 0.06) };
        let drained = pair(late, |_| 1.0);
        assert_eq!(standing(&drained), Standing::Level);
        let back = back_at(&drained).expect("it was worse");
        assert!((44..=47).contains(&back), "two hundred requests are two seconds, or three: {back}");
        let slow = |second, n| if (STRUCK..41).contains(&second) { (n, 0.5) } else { (n, 0.06) };
        assert_eq!(back_at(&pair(slow, |_| 1.0)), Some(41));
    }

    #[test]
    fn nothing_completed_and_a_growing_queue_collapse() {
        let dead = |second, n| if second >= STRUCK { (0, 0.0) } else { (n, 0.06) };
        let grows = |second: usize| second.saturating_sub(STRUCK) as f64 * 40.0 + (second % 3) as f64;
        let storm = pair(dead, grows);
        assert_eq!(standing(&storm), Standing::Below);
        assert!(collapses(&storm) && !improves(&storm));
        let full = pair(dead, |second| 1_000.0 + (second % 3) as f64);
        assert!(!collapses(&full) && !improves(&full), "a full queue neither grows nor drains");
    }

    #[test]
    fn a_queue_that_drains_improves_and_says_how_long() {
        let dead = |second, n| if second >= STRUCK { (0, 0.0) } else { (n, 0.06) };
        let draining = pair(dead, |second| 2_000.0 - 10.0 * second as f64);
        assert!(improves(&draining));
        // 1,110 are left in the last second, and 10 a second go.
        let drains_in_s = drains_in_s(&draining).expect("it drains");
        assert!((108.0..=114.0).contains(&drains_in_s), "{drains_in_s}");
    }

    #[test]
    fn what_only_takes_longer_is_slower() {
        let late = |second, n| (n, if second >= STRUCK { 0.3 } else { 0.06 });
        assert_eq!(standing(&pair(late, |_| 1.0)), Standing::Slower);
        let a_little = |second, n| (n, if second >= STRUCK { 0.08 } else { 0.06 });
        assert_eq!(standing(&pair(a_little, |_| 1.0)), Standing::Level);
    }

    #[test]
    fn of_a_few_requests_nothing_is_said() {
        let mut few = pair(|_, n| (n, 0.06), |_| 1.0);
        few.twin.points[0].iter_mut().for_each(|point| *point = Point::new(1, 0.05));
        assert_eq!(standing(&few), Standing::TooFew);
    }
}
