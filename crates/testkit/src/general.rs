//! One server where service or arrivals are not exponential.

use crate::invert;

/// Poisson arrivals and any law of service, by its first two moments.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Mg1 {
    pub arrival: f64,
    /// The mean service time.
    pub service: f64,
    /// Squared coefficient of variation of the service time.
    pub cv2: f64,
}

impl Mg1 {
    pub fn load(self) -> f64 {
        self.arrival * self.service
    }

    /// First come first served: `ρ (1 + c²) S / (2 (1 - ρ))` (Pollaczek 1930, Khinchine 1932).
    pub fn wait(self) -> f64 {
        self.load() * (1.0 + self.cv2) * self.service / (2.0 * (1.0 - self.load()))
    }

    /// First come first served.
    pub fn sojourn(self) -> f64 {
        self.wait() + self.service
    }

    /// Under processor sharing the law of service does not matter (Sakata, Noguchi & Oizumi: An analysis of
    /// the M/G/1 queue under round-robin scheduling, Oper. Res. 19(2), 1971).
    pub fn shared_sojourn(self) -> f64 {
        self.shared_sojourn_of(self.service)
    }

    /// Of a request of this size, under processor sharing (Kleinrock: Queueing Systems, volume 2, section
    /// 4.4).
    pub fn shared_sojourn_of(self, size: f64) -> f64 {
        size / (1.0 - self.load())
    }
}

/// M/D/1: where the distribution function of the wait reaches `p`, in units of the service time.
///
/// Erlang's and Crommelin's sum has terms of changing sign that cancel beyond a few tens of services. This
/// is Franx's form of it, whose terms are all positive: A simple solution for the M/D/c waiting time
/// distribution, Oper. Res. Letters 29, 2001. For `k - 1 <= x < k`: `P(W <= x) = e^(-u) Σ_(j<k) Q_(k-1-j)
/// u^j / j!` with `u = λ(k - x)`, where `Q_n` is the probability of at most `n` customers waiting.
pub fn md1_wait_quantile(load: f64, p: f64) -> f64 {
    let mut length = 32;
    loop {
        let waiting = md1_waiting(load, length);
        let longest = length as f64 - 1.0;
        if md1_wait_cdf(load, &waiting, longest) >= p {
            return invert(p, 1.0, |x| md1_wait_cdf(load, &waiting, x.min(longest)));
        }
        length *= 2;
    }
}

fn md1_wait_cdf(load: f64, waiting: &[f64], x: f64) -> f64 {
    let k = x as usize + 1;
    let u = load * (k as f64 - x);
    let mut weight = libm::exp(-u);
    let mut sum = 0.0;
    for j in 0..k {
        sum += weight * waiting[k - 1 - j];
        weight *= u / (j as f64 + 1.0);
    }
    sum
}

/// The probabilities of at most 0, 1, … customers waiting in M/D/1. The states by Ramaswami's recursion, in
/// which nothing is subtracted: A stable recursion for the steady state vector in Markov chains of M/G/1
/// type, 1988.
fn md1_waiting(load: f64, length: usize) -> Vec<f64> {
    let arrivals = poisson_at_least(load, length + 2);
    let mut states = vec![1.0 - load];
    for n in 1..=length {
        let from_others: f64 = (1..n).map(|i| states[i] * arrivals[n + 1 - i]).sum();
        states.push((states[0] * arrivals[n] + from_others) / (1.0 - arrivals[1]));
    }
    let mut sum = states[0];
    states[1..]
        .iter()
        .map(|state| {
            sum += state;
            sum
        })
        .collect()
}

/// The probabilities of at least 0, 1, … arrivals in a unit of time.
fn poisson_at_least(mean: f64, length: usize) -> Vec<f64> {
    let mut term = libm::exp(-mean);
    let mut terms = Vec::new();
    // Far enough for what is left out to be nothing.
    for n in 0..length + 50 {
        terms.push(term);
        term *= mean / (n as f64 + 1.0);
    }
    let mut sum = 0.0;
    let mut at_least: Vec<f64> = terms
        .iter()
        .rev()
        .map(|term| {
            sum += term;
            sum
        })
        .collect();
    at_least.reverse();
    at_least.truncate(length);
    at_least
}

/// M/H2/1: Poisson arrivals, and service of one of two exponentials.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Mh2 {
    pub arrival: f64,
    /// The share of requests of the first kind.
    pub share: f64,
    /// The mean service times of the two kinds.
    pub service: [f64; 2],
}

impl Mh2 {
    /// Two phases with balanced means, by the mean and the squared coefficient of variation of all.
    pub fn balanced(arrival: f64, service: f64, cv2: f64) -> Mh2 {
        let share = (1.0 + ((cv2 - 1.0) / (cv2 + 1.0)).sqrt()) / 2.0;
        Mh2 { arrival, share, service: [service / (2.0 * share), service / (2.0 * (1.0 - share))] }
    }

    /// The transform of Pollaczek and Khinchine is here `(1 - ρ)(s + a)(s + b)` over a quadratic with roots
    /// `-r, -q`, so the wait beyond zero is a mix of two exponentials.
    pub fn wait_quantile(self, p: f64) -> f64 {
        let [a, b] = self.service.map(|mean| 1.0 / mean);
        let (first, second) = (self.share, 1.0 - self.share);
        let load = self.arrival * (first / a + second / b);
        let linear = a + b - self.arrival;
        let constant = a * b - self.arrival * (first * b + second * a);
        let root = (linear * linear - 4.0 * constant).sqrt();
        let rates = [(linear - root) / 2.0, (linear + root) / 2.0];
        let weights = [0, 1].map(|i| {
            let (own, other) = (rates[i], rates[1 - i]);
            (1.0 - load) * (a - own) * (b - own) / (other - own) / own
        });
        let beyond = |t: f64| weights[0] * libm::exp(-rates[0] * t) + weights[1] * libm::exp(-rates[1] * t);
        invert(p, 1.0 / rates[0], |t| 1.0 - beyond(t))
    }
}

/// GI/M/1 with Erlang-n arrivals: what each of `n` single servers sees of a Poisson stream dealt out in
/// turn. The mean sojourn is `1 / (μ(1 - σ))` with `σ` the root of `σ = A*(μ(1 - σ))` (Kleinrock, volume 1,
/// section 6.4).
pub fn round_robin_sojourn(servers: u32, arrival_each: f64, service: f64) -> f64 {
    let n = f64::from(servers);
    let stage = n * arrival_each;
    let next = |sigma: f64| libm::pow(stage / (stage + service * (1.0 - sigma)), n);
    // From zero the iteration climbs to the smallest root, which is the one below 1.
    let mut sigma = 0.0;
    loop {
        let following = next(sigma);
        if following - sigma < 1e-16 {
            return 1.0 / (service * (1.0 - following));
        }
        sigma = following;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::check;
    use crate::markov::Mm1;

    #[test]
    fn waits_by_two_moments() {
        let squares = [0.0, 0.5, 1.0, 1.718_282, 4.0, 8.487_736, 10.0];
        let rows = [
            (0.5, [0.5, 0.75, 1.0, 1.359_141, 2.5, 4.743_868, 5.5]),
            (0.8, [2.0, 3.0, 4.0, 5.436_564, 10.0, 18.975_47, 22.0]),
            (0.9, [4.5, 6.75, 9.0, 12.232_27, 22.5, 42.694_81, 49.5]),
        ];
        for (arrival, waits) in rows {
            for (cv2, wait) in squares.into_iter().zip(waits) {
                check(Mg1 { arrival, service: 1.0, cv2 }.wait(), wait);
            }
        }
    }

    /// One request of a hundred takes a second, the others ten milliseconds.
    #[test]
    fn long_requests_hold_up_the_short_ones() {
        for (arrival, wait) in [(20.0, 0.167_757_5), (30.0, 0.375_893_3)] {
            check(Mg1 { arrival, service: 0.0199, cv2: 24.501_88 }.wait(), wait);
        }
    }

    #[test]
    fn sharing_does_not_care_for_the_law() {
        for cv2 in [0.0, 1.0, 10.0] {
            check(Mg1 { arrival: 0.8, service: 1.0, cv2 }.shared_sojourn(), 5.0);
        }
    }

    #[test]
    fn constant_service() {
        let rows = [
            (0.5, [(0.9, 1.515_745), (0.95, 2.050_638), (0.99, 3.336_256), (0.999, 5.168_385)]),
            (0.8, [(0.5, 1.275_940), (0.9, 5.011_511), (0.99, 10.355_89), (0.999, 15.700_27)]),
            (0.9, [(0.5, 3.013_048), (0.9, 10.782_50), (0.99, 21.898_24), (0.999, 33.013_97)]),
        ];
        for (load, quantiles) in rows {
            for (p, wait) in quantiles {
                check(md1_wait_quantile(load, p), wait);
            }
        }
        assert_eq!(md1_wait_quantile(0.5, 0.4), 0.0);
    }

    /// Far out, the quantiles advance by a constant step per decade: the tail is exponential.
    #[test]
    fn constant_service_at_high_load_is_still_sound() {
        let [a, b, c] = [0.999, 0.9999, 0.99999].map(|p| md1_wait_quantile(0.98, p));
        check((c - b) / (b - a), 1.0);
    }

    #[test]
    fn varying_service() {
        let rows = [
            (0.5, 4.0, [0.0, 8.542_406, 24.108_70, 39.675_10]),
            (0.8, 4.0, [4.808_919, 27.513_05, 60.012_61, 92.512_16]),
            (0.8, 10.0, [9.943_005, 61.677_49, 135.692_9, 209.708_3]),
            (0.9, 4.0, [13.943_63, 56.688_19, 117.841_8, 178.995_5]),
        ];
        for (arrival, cv2, waits) in rows {
            let station = Mh2::balanced(arrival, 1.0, cv2);
            for (p, wait) in [0.5, 0.9, 0.99, 0.999].into_iter().zip(waits) {
                check(station.wait_quantile(p), wait);
            }
        }
    }

    #[test]
    fn dealt_out_in_turn() {
        let rows = [(0.8, [3.843_980, 2.922_269, 2.715_660]), (0.9, [7.588_284, 5.660_276, 5.226_811])];
        for (load, sojourns) in rows {
            for (servers, sojourn) in [2, 10, 100].into_iter().zip(sojourns) {
                check(round_robin_sojourn(servers, load, 1.0), sojourn);
            }
            check(round_robin_sojourn(1, load, 1.0), Mm1 { arrival: load, service: 1.0 }.sojourn());
        }
    }
}
