//! A running quantile of a client's own latencies.
//!
//! A histogram with sixteen buckets an octave, read by interpolation; once enough was seen, half of it
//! is forgotten, so that it follows a service that changes.

/// Buckets an octave, as a power of two.
const FINE: u32 = 4;

#[derive(Clone, Debug)]
pub(crate) struct Quantile {
    q: f64,
    counts: Vec<f32>,
    total: f64,
    /// Observations since the value was worked out.
    fresh: u32,
    value: Option<u64>,
}

impl Quantile {
    pub(crate) fn new(q: f64) -> Quantile {
        Quantile { q, counts: Vec::new(), total: 0.0, fresh: 0, value: None }
    }

    /// `None` as long as too little was seen: two observations beyond it are expected of those there are.
    pub(crate) fn value(&self) -> Option<u64> {
        self.value
    }

    pub(crate) fn observe(&mut self, nanos: u64) {
        let at = bucket_of(nanos);
        if at >= self.counts.len() {
            self.counts.resize(at + 1, 0.0);
        }
        self.counts[at] += 1.0;
        self.total += 1.0;
        self.fresh += 1;
        let least = (2.0 / (1.0 - self.q)).max(10.0);
        if self.total >= 100.0 * least {
            self.counts.iter_mut().for_each(|count| *count *= 0.5);
            self.total = self.counts.iter().map(|count| f64::from(*count)).sum();
        }
        if self.total >= least && f64::from(self.fresh) * 64.0 >= self.total {
            self.fresh = 0;
            self.value = Some(self.work_out());
        }
    }

    fn work_out(&self) -> u64 {
        let rank = self.q * self.total;
        let mut below = 0.0;
        for (at, count) in self.counts.iter().enumerate() {
            let count = f64::from(*count);
            if below + count >= rank {
                let [low, high] = [at, at + 1].map(|at| start_of(at) as f64);
                return (low + (high - low) * ((rank - below) / count)) as u64;
            }
            below += count;
        }
        start_of(self.counts.len())
    }
}

/// Small numbers have a bucket each; then every octave has as many.
fn bucket_of(nanos: u64) -> usize {
    if nanos < 1 << FINE {
        return nanos as usize;
    }
    let octave = nanos.ilog2() - FINE;
    (((octave as u64) << FINE) + (nanos >> octave)) as usize
}

fn start_of(at: usize) -> u64 {
    let at = at as u64;
    if at < 2 << FINE {
        return at;
    }
    let octave = (at >> FINE) - 1;
    ((at & ((1 << FINE) - 1)) + (1 << FINE)) << octave
}

#[cfg(test)]
mod tests {
    use super::*;
    use tarsier_random::Stream;

    #[test]
    fn buckets_tile_the_numbers() {
        for at in 0..960 {
            let (start, next) = (start_of(at), start_of(at + 1));
            assert!(start < next, "bucket {at}");
            assert_eq!((bucket_of(start), bucket_of(next - 1)), (at, at));
        }
        assert_eq!(bucket_of(u64::MAX), 975);
    }

    /// Of an exponential law: -ln(1 - q). The mean of many values: a percent is several standard errors.
    #[test]
    fn it_is_the_quantile() {
        for (q, expected) in [(0.9, std::f64::consts::LN_10), (0.95, 2.995_732), (0.99, 4.605_170)] {
            let mut stream = Stream::named(1, &["quantile"], &[]);
            let mut quantile = Quantile::new(q);
            let (mut sum, mut n) = (0.0, 0.0);
            for at in 0..4_000_000 {
                quantile.observe((stream.exp1() * 1e7) as u64);
                if at > 100_000 && at % 100 == 0 {
                    sum += quantile.value().expect("enough was seen") as f64 / 1e7;
                    n += 1.0;
                }
            }
            let mean = sum / n;
            assert!((mean / expected - 1.0).abs() < 0.01, "{q}: {mean}");
        }
    }

    #[test]
    fn it_waits_for_enough_and_then_follows() {
        let mut quantile = Quantile::new(0.95);
        (0..39).for_each(|_| quantile.observe(1_000));
        assert_eq!(quantile.value(), None);
        quantile.observe(1_000);
        assert!(quantile.value().is_some_and(|value| (960..=1_024).contains(&value)));
        (0..20_000).for_each(|_| quantile.observe(1_000_000));
        assert!(quantile.value().is_some_and(|value| value > 900_000));
    }
}
