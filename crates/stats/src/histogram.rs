//! Counts of whole numbers in buckets whose width grows with the number: any 64-bit value, quantiles within
//! 0.4%.
//!
//! Below 256 every value has a bucket of its own; above, each octave (a doubling) is cut into 128 equal
//! buckets, as in Gil Tene's HdrHistogram. Only the octaves between the smallest and the largest value seen
//! take memory, and clearing or absorbing touches only those. Count, sum, smallest and largest are exact.

use std::fmt;

/// Buckets an octave.
const SUB_BUCKETS: usize = 1 << SUB_BITS;
const SUB_BITS: u32 = 7;

/// For one batch of simulated time, on the hot path: half the memory of a [`Histogram`]. It must be absorbed
/// and cleared before any bucket has counted 2^32.
pub type Window = LogLinear<u32>;

/// For a whole run.
pub type Histogram = LogLinear<u64>;

/// A counter of a bucket.
pub trait Counter: Copy + Default + Into<u64> {
    fn add(&mut self, n: u64);
}

impl Counter for u32 {
    #[inline]
    fn add(&mut self, n: u64) {
        *self = self.wrapping_add(n as u32);
    }
}

impl Counter for u64 {
    #[inline]
    fn add(&mut self, n: u64) {
        *self += n;
    }
}

/// The histogram itself, over either width of counter.
#[derive(Clone)]
pub struct LogLinear<C> {
    /// The index of the first bucket in `counts`, a multiple of the buckets of an octave.
    first: usize,
    counts: Vec<C>,
    count: u64,
    sum: u128,
    min: u64,
    /// From the smallest to the largest, so that one comparison tells whether a value lies between.
    span: u64,
}

/// A bucket that is not empty: `count` values from `low` to `high`, both included.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Bucket {
    pub low: u64,
    pub high: u64,
    pub count: u64,
}

impl<C: Counter> LogLinear<C> {
    pub fn new() -> Self {
        LogLinear { first: 0, counts: Vec::new(), count: 0, sum: 0, min: u64::MAX, span: 0 }
    }

    #[inline(always)]
    pub fn record(&mut self, value: u64) {
        let place = index_of(value).wrapping_sub(self.first);
        match self.counts.get_mut(place) {
            Some(counter) => counter.add(1),
            None => self.record_beyond(value),
        }
        if value.wrapping_sub(self.min) > self.span {
            self.widen(value, value);
        }
        self.count += 1;
        self.sum += u128::from(value);
    }

    /// Values from `low` to `high` are being added.
    #[cold]
    #[inline(never)]
    fn widen(&mut self, low: u64, high: u64) {
        let (low, high) =
            if self.count == 0 { (low, high) } else { (low.min(self.min), high.max(self.largest())) };
        (self.min, self.span) = (low, high - low);
    }

    /// Of values there are.
    fn largest(&self) -> u64 {
        self.min + self.span
    }

    pub fn count(&self) -> u64 {
        self.count
    }

    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    pub fn sum(&self) -> u128 {
        self.sum
    }

    pub fn mean(&self) -> Option<f64> {
        (self.count > 0).then(|| self.sum as f64 / self.count as f64)
    }

    /// From the middles of the buckets, so within half a percent.
    pub fn variance(&self) -> Option<f64> {
        let mean = self.mean()?;
        let squares = self.iter().map(|bucket| {
            let distance = bucket.middle() - mean;
            bucket.count as f64 * distance * distance
        });
        Some(squares.sum::<f64>() / self.count as f64)
    }

    pub fn min(&self) -> Option<u64> {
        (self.count > 0).then_some(self.min)
    }

    pub fn max(&self) -> Option<u64> {
        (self.count > 0).then(|| self.largest())
    }

    /// The value of nearest rank: the smallest that at least the share `q` of all values do not exceed. It
    /// is the middle of its bucket, but never outside what was recorded; `q = 1` is the exact maximum.
    pub fn quantile(&self, q: f64) -> Option<f64> {
        if self.count == 0 {
            return None;
        }
        let rank = ((q * self.count as f64).ceil() as u64).clamp(1, self.count);
        if rank == self.count {
            return Some(self.largest() as f64);
        }
        let mut up_to = 0;
        let bucket = self.iter().find(|bucket| {
            up_to += bucket.count;
            up_to >= rank
        })?;
        Some(bucket.middle().clamp(self.min as f64, self.largest() as f64))
    }

    /// The buckets that are not empty, from the lowest up.
    pub fn iter(&self) -> impl Iterator<Item = Bucket> {
        let (start, end) = self.touched();
        (start..end).filter_map(|index| {
            let count = self.counts[index - self.first].into();
            (count > 0).then(|| bounds_of(index).with(count))
        })
    }

    /// Adds what another has counted.
    pub fn absorb<D: Counter>(&mut self, other: &LogLinear<D>) {
        if other.count == 0 {
            return;
        }
        let (start, theirs) = other.touched_counts();
        let end = start + theirs.len();
        self.reach(start, end);
        let mine = &mut self.counts[start - self.first..end - self.first];
        let mut counted = 0;
        for (counter, &n) in mine.iter_mut().zip(theirs) {
            counter.add(n.into());
            counted += n.into();
        }
        assert!(counted == other.count, "no bucket of a window has counted past its 32 bits");
        self.widen(other.min, other.largest());
        self.count += other.count;
        self.sum += other.sum;
    }

    /// Forgets all values; the memory is kept.
    pub fn clear(&mut self) {
        if self.count == 0 {
            return;
        }
        let (start, end) = self.touched();
        self.counts[start - self.first..end - self.first].fill(C::default());
        (self.count, self.sum, self.min, self.span) = (0, 0, u64::MAX, 0);
    }

    /// The buckets between the smallest and the largest value, as `start..end`.
    fn touched(&self) -> (usize, usize) {
        if self.count == 0 {
            (self.first, self.first)
        } else {
            (index_of(self.min), index_of(self.largest()) + 1)
        }
    }

    /// The counters between the smallest and the largest value, and the index of the first of them.
    pub(crate) fn touched_counts(&self) -> (usize, &[C]) {
        let (start, end) = self.touched();
        (start, &self.counts[start - self.first..end - self.first])
    }

    #[cold]
    fn record_beyond(&mut self, value: u64) {
        let index = index_of(value);
        self.reach(index, index + 1);
        self.counts[index - self.first].add(1);
    }

    /// Makes room for the buckets `start..end`, in whole octaves.
    fn reach(&mut self, start: usize, end: usize) {
        let start = start / SUB_BUCKETS * SUB_BUCKETS;
        let end = end.next_multiple_of(SUB_BUCKETS);
        if self.counts.is_empty() {
            self.first = start;
        }
        if start < self.first {
            let missing = self.first - start;
            self.counts.splice(0..0, std::iter::repeat_n(C::default(), missing));
            self.first = start;
        }
        if end > self.first + self.counts.len() {
            self.counts.resize(end - self.first, C::default());
        }
    }
}

impl<C: Counter> Default for LogLinear<C> {
    fn default() -> Self {
        Self::new()
    }
}

/// The same counts, whatever room was made for them.
impl<C: Counter> PartialEq for LogLinear<C> {
    fn eq(&self, other: &Self) -> bool {
        let exact = |histogram: &Self| (histogram.count, histogram.sum, histogram.min, histogram.span);
        exact(self) == exact(other) && self.iter().eq(other.iter())
    }
}

impl<C: Counter> fmt::Debug for LogLinear<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Histogram")
            .field("count", &self.count)
            .field("sum", &self.sum)
            .field("min", &self.min())
            .field("p50", &self.quantile(0.5))
            .field("p99", &self.quantile(0.99))
            .field("max", &self.max())
            .finish()
    }
}

impl Bucket {
    pub fn middle(&self) -> f64 {
        self.low as f64 + (self.high - self.low) as f64 / 2.0
    }

    fn with(self, count: u64) -> Bucket {
        Bucket { count, ..self }
    }
}

/// Values below 256 are their own index; above, an octave's values keep their leading 8 bits.
#[inline]
pub(crate) fn index_of(value: u64) -> usize {
    let shift = (value | SUB_BUCKETS as u64).ilog2() - SUB_BITS;
    shift as usize * SUB_BUCKETS + (value >> shift) as usize
}

fn bounds_of(index: usize) -> Bucket {
    let shift = (index / SUB_BUCKETS).saturating_sub(1);
    let low = ((index - shift * SUB_BUCKETS) as u64) << shift;
    Bucket { low, high: low + ((1 << shift) - 1), count: 0 }
}
