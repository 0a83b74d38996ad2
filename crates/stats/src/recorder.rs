//! A run's record of one quantity: a histogram of everything, and enough of each batch of simulated time to
//! tell how far the answers may be off.

use crate::histogram::{Histogram, Window, index_of};
use crate::interval::{Batch, Interval, Spread};
use crate::mser;

/// Into how many batches of equal simulated time a run should be cut.
pub const BATCHES: usize = 64;

/// Without so many values that are as good as independent there is no interval.
const INDEPENDENT_FEWEST: f64 = 30.0;
/// Without so many independent bursts above a high quantile there is no interval for it.
const BURSTS_FEWEST: f64 = 4.0;
/// From so many bursts on, the spread of a run's tail is seen well enough from the tail itself.
const BURSTS_PLENTY: f64 = 16.0;

/// What a run, or several, recorded of one quantity, in nanoseconds.
#[derive(Clone, Debug, Default)]
pub struct Recorder {
    total: Histogram,
    batches: Vec<BatchRecord>,
    /// Whether the batches are independent runs rather than stretches of one.
    replicated: bool,
}

/// Figures in nanoseconds; `None` without values.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Summary {
    pub mean: Option<f64>,
    pub p50: Option<f64>,
    pub p90: Option<f64>,
    pub p95: Option<f64>,
    pub p99: Option<f64>,
    pub p999: Option<f64>,
    pub max: Option<f64>,
    pub ci95: Intervals,
}

/// Intervals that contain the true value 95 times of 100; `None` where the record does not support any.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Intervals {
    pub mean: Option<Interval>,
    pub p50: Option<Interval>,
    pub p99: Option<Interval>,
}

/// A start of the record that looks unlike the rest.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Transient {
    /// How many leading batches; none if the start looks like the rest.
    pub batches: usize,
    /// Of how many.
    pub of: usize,
    /// How much they change the mean, relative to the mean of the rest.
    pub bias: f64,
}

#[derive(Clone, Debug, Default)]
struct BatchRecord {
    count: u64,
    sum: u128,
    coarse: Coarse,
}

impl Recorder {
    /// Takes in what one batch of simulated time recorded.
    pub fn close_batch(&mut self, window: &Window) {
        self.total.absorb(window);
        self.batches.push(BatchRecord {
            count: window.count(),
            sum: window.sum(),
            coarse: Coarse::of(window),
        });
    }

    /// Adds what was recorded elsewhere in the same batches of time.
    pub fn overlay(&mut self, other: &Recorder) {
        self.total.absorb(&other.total);
        self.batches.resize(self.batches.len().max(other.batches.len()), BatchRecord::default());
        for (mine, theirs) in self.batches.iter_mut().zip(&other.batches) {
            mine.absorb(theirs);
        }
    }

    /// Adds another, independent run of the same model: from now on each run is a batch of its own.
    pub fn append(&mut self, run: &Recorder) {
        if !self.replicated {
            self.batches = vec![self.whole()];
            self.replicated = true;
        }
        self.total.absorb(&run.total);
        self.batches.push(run.whole());
    }

    /// All batches as one.
    fn whole(&self) -> BatchRecord {
        let mut whole = BatchRecord::default();
        self.batches.iter().for_each(|batch| whole.absorb(batch));
        whole
    }

    pub fn total(&self) -> &Histogram {
        &self.total
    }

    pub fn count(&self) -> u64 {
        self.total.count()
    }

    pub fn summary(&self) -> Summary {
        Summary {
            mean: self.total.mean(),
            p50: self.total.quantile(0.5),
            p90: self.total.quantile(0.9),
            p95: self.total.quantile(0.95),
            p99: self.total.quantile(0.99),
            p999: self.total.quantile(0.999),
            max: self.total.max().map(|max| max as f64),
            ci95: self.intervals().unwrap_or_default(),
        }
    }

    /// Whether the record begins with a transient: the warm-up was too short. `None` if that cannot be told.
    pub fn transient(&self) -> Option<Transient> {
        if self.replicated || self.batches.iter().any(|batch| batch.count == 0) {
            return None;
        }
        let means: Vec<f64> =
            self.batches.iter().map(|batch| batch.sum as f64 / batch.count as f64).collect();
        let batches = mser::truncation(&means)?;
        let rest = &self.batches[batches..];
        let count: u64 = rest.iter().map(|batch| batch.count).sum();
        let sum: u128 = rest.iter().map(|batch| batch.sum).sum();
        let (rest_mean, mean) = (sum as f64 / count as f64, self.total.mean()?);
        let bias = if rest_mean > 0.0 { mean / rest_mean - 1.0 } else { 0.0 };
        Some(Transient { batches, of: self.batches.len(), bias })
    }

    /// The spread of the mean of whatever is summed over each batch.
    fn spread(&self, sum: impl Fn(&BatchRecord) -> f64) -> Option<Spread> {
        let batches: Vec<Batch> =
            self.batches.iter().map(|batch| Batch { count: batch.count as f64, sum: sum(batch) }).collect();
        if self.replicated { Spread::of_replications(&batches) } else { Spread::of_run(&batches) }
    }

    /// The share of values up to the quantile found is a mean like any other.
    fn share_spread(&self, q: f64) -> Option<Spread> {
        let found = self.total.quantile(q)?;
        let (index, part) = Coarse::cut(&self.total, found);
        self.spread(|batch| batch.coarse.up_to(index, part))
    }

    fn intervals(&self) -> Option<Intervals> {
        let mean = self.spread(|batch| batch.sum as f64)?;
        let median = self.share_spread(0.5)?;
        let tail = self.share_spread(0.99)?;
        let redundancy = (mean.redundancy(self.total.variance()?), median.redundancy(0.25));
        let count = self.total.count() as f64;
        let known = |redundancy: f64| self.replicated || count >= INDEPENDENT_FEWEST * redundancy;
        Some(Intervals {
            mean: known(redundancy.0).then(|| mean.interval()),
            p50: known(redundancy.1).then(|| self.through(0.5, median.half_width())).flatten(),
            p99: self.tail_interval(0.99, tail, redundancy.0.max(redundancy.1)),
        })
    }

    /// Long waits come in bursts, and a run with few of them looks calm besides: its batches agree on a tail
    /// that is too short. How alike neighbours are on average is seen much better, and bounds the error from
    /// below.
    fn tail_interval(&self, q: f64, spread: Spread, redundancy: f64) -> Option<Interval> {
        if self.replicated {
            return self.through(q, spread.half_width());
        }
        let independent = self.total.count() as f64 / redundancy;
        let bursts = (1.0 - q) * independent;
        if bursts < BURSTS_FEWEST {
            return None;
        }
        // With many bursts the batches themselves know better.
        let least = (q * (1.0 - q) / independent).sqrt() * (BURSTS_PLENTY / bursts).sqrt().min(1.0);
        self.through(q, spread.half_width() * (least / spread.error).max(1.0))
    }

    /// The interval of a quantile whose share is known up to `half`, read off the histogram of all values.
    /// The share above is what errs, by a factor: so downward the interval goes further than upward by the
    /// same step, and upward as far as the step or, where nothing is left above, the factor leads.
    fn through(&self, q: f64, half: f64) -> Option<Interval> {
        let above = 1.0 - q;
        let factor = libm::exp(half / above);
        let one = 1.0 / self.total.count() as f64;
        let low = self.total.quantile(1.0 - above * factor)?;
        let further = if above - half >= one { above - half } else { above / factor };
        (further >= one).then_some(())?;
        Some(Interval { low, high: self.total.quantile(1.0 - further)? })
    }
}

impl BatchRecord {
    fn absorb(&mut self, other: &BatchRecord) {
        self.count += other.count;
        self.sum += other.sum;
        self.coarse.absorb(&other.coarse);
    }
}

/// Buckets of a histogram that make one of the coarse ones: 16 of those an octave.
const MERGED: usize = 8;

/// A batch's histogram, eight times as coarse as the one of all values, from its lowest bucket to its
/// highest.
#[derive(Clone, Debug, Default)]
struct Coarse {
    first: usize,
    counts: Box<[u32]>,
}

impl Coarse {
    fn of(window: &Window) -> Coarse {
        let (start, counts) = window.touched_counts();
        if counts.is_empty() {
            return Coarse::default();
        }
        let first = start / MERGED;
        let mut coarse = vec![0u32; (start + counts.len() - 1) / MERGED + 1 - first];
        for (index, &count) in (start..).zip(counts) {
            let counter = &mut coarse[index / MERGED - first];
            *counter = counter.saturating_add(count);
        }
        Coarse { first, counts: coarse.into() }
    }

    fn absorb(&mut self, other: &Coarse) {
        if self.counts.is_empty() {
            return self.clone_from(other);
        }
        if other.counts.is_empty() {
            return;
        }
        let first = self.first.min(other.first);
        let end = (self.first + self.counts.len()).max(other.first + other.counts.len());
        let mut counts = vec![0u32; end - first];
        for part in [&*self, other] {
            for (sum, &count) in counts[part.first - first..].iter_mut().zip(&part.counts) {
                *sum = sum.saturating_add(count);
            }
        }
        *self = Coarse { first, counts: counts.into() };
    }

    /// Where a value lies: in which coarse bucket, and which part of all the values in it do not exceed it.
    fn cut(total: &Histogram, value: f64) -> (usize, f64) {
        let (start, counts) = total.touched_counts();
        let fine = index_of(value as u64);
        let coarse = fine / MERGED;
        let count = |range: std::ops::Range<usize>| -> u64 {
            range.filter_map(|index| counts.get(index.checked_sub(start)?)).sum()
        };
        let (below, all) = (count(coarse * MERGED..fine + 1), count(coarse * MERGED..(coarse + 1) * MERGED));
        (coarse, if all == 0 { 1.0 } else { below as f64 / all as f64 })
    }

    /// About how many values lie in the buckets before `index` and in a `part` of that one.
    fn up_to(&self, index: usize, part: f64) -> f64 {
        let Some(place) = index.checked_sub(self.first) else { return 0.0 };
        let whole: u64 = self.counts.iter().take(place).map(|&count| u64::from(count)).sum();
        whole as f64 + self.counts.get(place).map_or(0.0, |&count| f64::from(count) * part)
    }
}
