//! Many at once: the slowest of several, and fork and join.

use crate::markov::Mm1;

/// The mean of the largest of `k` exponentials of mean 1: the harmonic number.
pub fn largest_exponential_mean(k: u32) -> f64 {
    (1..=k).rev().map(|i| 1.0 / f64::from(i)).sum()
}

/// The quantile of the largest of `k` exponentials of mean 1.
pub fn largest_exponential_quantile(k: u32, p: f64) -> f64 {
    // ln(1 - p^(1/k)), without losing what is left of 1.
    -libm::log(-libm::expm1(libm::log(p) / f64::from(k)))
}

/// Of the largest of `k`, this quantile is which quantile of one (Dean & Barroso: The tail at scale, CACM
/// 56(2), 2013).
pub fn leaf_quantile(k: u32, p: f64) -> f64 {
    libm::pow(p, 1.0 / f64::from(k))
}

/// The mean sojourn through two M/M/1 fed by the same arrivals, until both are done: `(12 - ρ) / 8` times
/// that of one (Flatto & Hahn: Two parallel queues created by arrivals with two demands, 1984; Nelson &
/// Tantawi: Approximate analysis of fork/join synchronization in parallel queues, IEEE Trans. Comp. 37(6),
/// 1988).
pub fn fork_join_two(station: Mm1) -> f64 {
    (12.0 - station.load()) / 8.0 * station.sojourn()
}

/// Nelson and Tantawi's approximation for `k >= 2` stations; one to four percent low.
pub fn fork_join_about(k: u32, station: Mm1) -> f64 {
    let ratio = largest_exponential_mean(k) / 1.5;
    (ratio + 4.0 / 11.0 * (1.0 - ratio) * station.load()) * fork_join_two(station)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::{check, check_within};

    #[test]
    fn the_slowest_of_several() {
        let rows = [
            (2, 1.5, 1.227_947, 5.295_808),
            (10, 2.928_968, 2.703_555, 6.903_237),
            (100, 5.187_378, 4.975_147, 9.205_370),
            (1000, 7.485_471, 7.274_615, 11.507_91),
        ];
        for (k, mean, p50, p99) in rows {
            check(largest_exponential_mean(k), mean);
            check(largest_exponential_quantile(k, 0.5), p50);
            check(largest_exponential_quantile(k, 0.99), p99);
        }
        check(leaf_quantile(100, 0.5), 0.993_092_5);
        check(leaf_quantile(100, 0.99), 0.999_899_5);
    }

    #[test]
    fn fork_and_join() {
        let station = |load| Mm1 { arrival: load, service: 1.0 };
        for (load, sojourn) in [(0.3, 2.089_286), (0.5, 2.875), (0.8, 7.0), (0.9, 13.875)] {
            check(fork_join_two(station(load)), sojourn);
            check(fork_join_about(2, station(load)), sojourn);
        }
        for (k, load, sojourn) in [(4, 0.5, 3.7898), (4, 0.8, 8.9303), (10, 0.5, 5.1159), (10, 0.8, 11.729)] {
            check_within(fork_join_about(k, station(load)), sojourn, 1e-4);
        }
    }
}
