//! How long requests took, second by second, on a log axis.

use tarsier_stats::Window;

use crate::session::history::even;

/// Bins to a decade, each 7.5% wider than the one before: two modes a quarter apart are told from each other.
const PER_DECADE: f64 = 32.0;
const FIRST_NS: f64 = 1e4;
/// From 10 µs to 1000 s; what is outside goes into the outermost.
pub(crate) const BINS: usize = 256;

type Column = [u32; BINS];

/// Of one workload, in bounded memory: when it is full, every two seconds become one.
#[derive(Clone)]
pub(crate) struct Heat {
    most: usize,
    stride: u64,
    in_last: u64,
    columns: Vec<Column>,
}

impl Heat {
    pub(crate) fn new(bytes: usize) -> Heat {
        Heat { most: even(bytes / size_of::<Column>()), stride: 1, in_last: 0, columns: Vec::new() }
    }

    pub(crate) fn push(&mut self, latencies: &Window) {
        let mut column = [0; BINS];
        for bucket in latencies.iter() {
            let bin = ((bucket.middle() / FIRST_NS).log10() * PER_DECADE).floor();
            let bin = bin.clamp(0.0, (BINS - 1) as f64) as usize;
            column[bin] = u32::saturating_add(column[bin], u32::try_from(bucket.count).unwrap_or(u32::MAX));
        }
        match self.columns.last_mut() {
            Some(last) if self.in_last < self.stride => {
                *last = sum(last, &column);
                self.in_last += 1;
            }
            _ => {
                if self.columns.len() >= self.most {
                    self.columns = self.columns.chunks(2).map(|pair| sum(&pair[0], &pair[1])).collect();
                    self.stride *= 2;
                }
                self.columns.push(column);
                self.in_last = 1;
            }
        }
    }

    /// How many seconds a column covers; the last one may still be short of it.
    pub(crate) fn covers_s(&self) -> u64 {
        self.stride
    }

    /// The columns that end after a time, and when each ends, in seconds.
    pub(crate) fn after(&self, time_s: f64) -> Vec<(u64, Column)> {
        let last = self.columns.len().saturating_sub(1) as u64;
        let end = |n: u64| n * self.stride + if n < last { self.stride } else { self.in_last };
        (0..)
            .map(end)
            .zip(self.columns.iter().copied())
            .skip_while(|(end, _)| *end as f64 <= time_s)
            .collect()
    }

    /// One more than there are bins.
    pub(crate) fn bounds_s() -> Vec<f64> {
        (0..=BINS).map(|bin| FIRST_NS / 1e9 * 10f64.powf(bin as f64 / PER_DECADE)).collect()
    }
}

fn sum(a: &Column, b: &Column) -> Column {
    std::array::from_fn(|at| a[at].saturating_add(b[at]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_lost_when_columns_are_joined() {
        let mut window = Window::new();
        for value in [1, 15_000, 1_000_000, 2_000_000, 5_000_000_000_000] {
            window.record(value);
        }
        let mut heat = Heat::new(8 * size_of::<Column>());
        for n in 1..=100u64 {
            heat.push(&window);
            let columns = heat.after(0.0);
            let all: u64 = columns.iter().flat_map(|(_, column)| column).map(|it| u64::from(*it)).sum();
            assert_eq!((all, columns.last().map(|(end, _)| *end)), (5 * n, Some(n)));
            assert!(columns.len() <= 8);
        }
        let bounds = Heat::bounds_s();
        let bin = bounds.partition_point(|bound| *bound <= 0.001_000_1) - 1;
        assert!(heat.after(0.0)[0].1[bin] > 0, "a millisecond is where the axis says");
    }

    #[test]
    fn who_knows_the_beginning_gets_the_rest() {
        let mut heat = Heat::new(8 * size_of::<Column>());
        (0..11).for_each(|_| heat.push(&Window::new()));
        let ends = |after| heat.after(after).iter().map(|(end, _)| *end).collect::<Vec<_>>();
        assert_eq!((heat.covers_s(), ends(0.0)), (2, vec![2, 4, 6, 8, 10, 11]));
        assert_eq!((ends(8.0), ends(10.5), ends(11.0)), (vec![10, 11], vec![11], vec![]));
    }
}
