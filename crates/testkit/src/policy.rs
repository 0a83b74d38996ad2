//! What balancing, timeouts and retries do.

use crate::markov::Mm1;

/// The share of servers with at least `n` requests when each request goes to the shortest of `d` queues
/// drawn at random, the servers being very many: `ρ^((d^n - 1)/(d - 1))` (Vvedenskaya, Dobrushin &
/// Karpelevich 1996; Mitzenmacher: The power of two choices in randomized load balancing, IEEE TPDS 12(10),
/// 2001).
pub fn choices_at_least(load: f64, d: u32, n: u32) -> f64 {
    let exponent: f64 = (0..n).map(|i| libm::pow(d.into(), i.into())).sum();
    libm::pow(load, exponent)
}

/// The mean sojourn in units of service under the same policy.
pub fn choices_sojourn(load: f64, d: u32) -> f64 {
    let shares = (1..100_000).map(|n| choices_at_least(load, d, n)).take_while(|&share| share > 1e-18);
    shares.sum::<f64>() / load
}

/// The share of requests to M/M/1 that outlast a timeout, when the server goes on working on what was given
/// up.
pub fn timed_out(station: Mm1, timeout: f64) -> f64 {
    libm::exp(-timeout / station.sojourn())
}

/// How many attempts reach the last service for each request that crosses so many hops, when each hop tries
/// again up to `retries` times after a failure, and the last service fails each attempt with this
/// probability: `Π (1 - q^(r+1)) / (1 - q)`, where `q` becomes `q^(r+1)` from hop to hop.
pub fn amplification(failing: f64, retries: u32, hops: u32) -> f64 {
    let mut q = failing;
    let mut product = 1.0;
    for _ in 0..hops {
        product *= (0..=retries).map(|i| libm::pow(q, i.into())).sum::<f64>();
        q = libm::pow(q, f64::from(retries) + 1.0);
    }
    product
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::check;

    #[test]
    fn the_shortest_of_a_few() {
        let rows = [
            (0.5, [2.0, 1.265_686, 1.125_244, 1.031_250]),
            (0.8, [5.0, 1.947_363, 1.580_886, 1.328_918]),
            (0.9, [10.0, 2.614_057, 2.027_856, 1.632_881]),
            (0.95, [20.0, 3.383_046, 2.535_133, 1.988_772]),
            (0.99, [100.0, 5.431_997, 3.857_847, 2.901_683]),
        ];
        for (load, sojourns) in rows {
            for (d, sojourn) in [1, 2, 3, 5].into_iter().zip(sojourns) {
                check(choices_sojourn(load, d), sojourn);
            }
        }
        check(choices_at_least(0.8, 2, 4), 0.035_184_37);
    }

    /// The more comes, the less is done in time.
    #[test]
    fn goodput_falls_with_load() {
        for (arrival, goodput) in [(50.0, 49.663_10), (80.0, 69.173_18), (90.0, 56.890_85), (95.0, 37.379_59)]
        {
            let station = Mm1 { arrival, service: 100.0 };
            check(arrival * (1.0 - timed_out(station, 0.1)), goodput);
        }
    }

    /// Three retries at three hops make sixty-four attempts of one (Beyer et al.: Site Reliability
    /// Engineering, 2016, ch. 22), two at five make 243 (Brooker: Timeouts, retries, and backoff with
    /// jitter, Amazon Builders' Library).
    #[test]
    fn retries_multiply() {
        let rows = [
            (0.1, 3, 1, 1.111),
            (0.5, 3, 1, 1.875),
            (0.9, 3, 1, 3.439),
            (0.9, 2, 3, 9.418_503),
            (0.99, 2, 3, 23.765_73),
            (1.0, 2, 3, 27.0),
            (0.9, 3, 3, 9.988_210),
            (0.99, 3, 3, 47.440_35),
            (1.0, 3, 3, 64.0),
            (0.99, 2, 5, 91.303_34),
            (1.0, 2, 5, 243.0),
        ];
        for (failing, retries, hops, attempts) in rows {
            check(amplification(failing, retries, hops), attempts);
        }
    }
}
