//! Queues that hold only so many, and queues whose customers lose patience: birth and death processes.
//!
//! Kleinrock: Queueing Systems, volume 1, 1975, sections 3.5 to 3.8; Palm: Research on telephone traffic
//! carried by full availability groups, Tele 1, 1957 (Erlang-A).

/// M/M/k/K: `servers` of the `places` serve, who finds none goes.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct MmkK {
    pub servers: u32,
    /// For all who are there, in service or waiting.
    pub places: u32,
    pub arrival: f64,
    pub service: f64,
}

impl MmkK {
    /// The share of arrivals turned away.
    pub fn blocked(self) -> f64 {
        *self.shares().last().expect("there is at least an empty state")
    }

    pub fn throughput(self) -> f64 {
        self.arrival * (1.0 - self.blocked())
    }

    pub fn number(self) -> f64 {
        mean(&self.shares(), |n| n)
    }

    pub fn queue(self) -> f64 {
        mean(&self.shares(), |n| (n - f64::from(self.servers)).max(0.0))
    }

    /// Of those let in.
    pub fn sojourn(self) -> f64 {
        self.number() / self.throughput()
    }

    /// Of those let in.
    pub fn wait(self) -> f64 {
        self.queue() / self.throughput()
    }

    fn shares(self) -> Vec<f64> {
        let death = |n| self.service * f64::min(n, self.servers.into());
        birth_and_death(self.places, |_| self.arrival, death)
    }
}

/// M/M/1/K whose work, when it begins, takes `drag` longer for each other customer that is there.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Dragged {
    pub places: u32,
    pub arrival: f64,
    /// Of who is alone.
    pub service: f64,
    pub drag: f64,
}

impl Dragged {
    /// The share of arrivals turned away.
    pub fn blocked(self) -> f64 {
        *self.shares().last().expect("there is at least an empty state")
    }

    pub fn number(self) -> f64 {
        mean(&self.shares(), |n| n)
    }

    /// Of those let in.
    pub fn sojourn(self) -> f64 {
        self.number() / self.arrival / (1.0 - self.blocked())
    }

    /// A state is how many are there, and how many were when the work under way began. Up to a number there
    /// go as many as come down from the next: this gives the work that begins with just so many.
    fn shares(self) -> Vec<f64> {
        let rate = |begun: usize| self.service / (1.0 + self.drag * (begun - 1) as f64);
        let mut shares = vec![1.0];
        // By the number there when the work began, from one.
        let mut level: Vec<f64> = Vec::new();
        for n in 1..=self.places as usize {
            let goes_on = if n < self.places as usize { self.arrival } else { 0.0 };
            for (at, share) in level.iter_mut().enumerate() {
                *share *= self.arrival / (goes_on + rate(at + 1));
            }
            let ends: f64 = level.iter().enumerate().map(|(at, share)| share * rate(at + 1)).sum();
            level.push((self.arrival * shares[n - 1] - ends) / rate(n));
            shares.push(level.iter().sum());
        }
        let sum: f64 = shares.iter().sum();
        shares.iter().map(|share| share / sum).collect()
    }
}

/// M/M/k+M: who waits loses patience at a constant rate and goes.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct ErlangA {
    pub servers: u32,
    pub arrival: f64,
    pub service: f64,
    /// The rate of losing patience.
    pub patience: f64,
}

impl ErlangA {
    /// The share of arrivals that go without service.
    pub fn abandoned(self) -> f64 {
        self.patience * self.queue() / self.arrival
    }

    pub fn queue(self) -> f64 {
        mean(&self.shares(), |n| (n - f64::from(self.servers)).max(0.0))
    }

    pub fn delayed(self) -> f64 {
        self.shares()[self.servers as usize..].iter().sum()
    }

    fn shares(self) -> Vec<f64> {
        let servers = f64::from(self.servers);
        let death = |n: f64| self.service * n.min(servers) + self.patience * (n - servers).max(0.0);
        // So many that one more has no share that counts.
        let places = self.servers + 100 + (20.0 * self.arrival / self.patience.min(self.service)) as u32;
        birth_and_death(places, |_| self.arrival, death)
    }
}

/// The share of time in each of the states `0..=states`: `p_n` is `p_(n-1)` times birth rate over death rate.
fn birth_and_death(states: u32, birth: impl Fn(f64) -> f64, death: impl Fn(f64) -> f64) -> Vec<f64> {
    let mut weights = vec![1.0];
    let mut weight = 1.0;
    for n in 1..=states {
        weight *= birth(f64::from(n) - 1.0) / death(n.into());
        weights.push(weight);
        // Only ratios count; this keeps them in range.
        if weight > 1e200 {
            weights.iter_mut().for_each(|w| *w /= 1e200);
            weight /= 1e200;
        }
    }
    let sum: f64 = weights.iter().sum();
    weights.iter().map(|w| w / sum).collect()
}

fn mean(shares: &[f64], value: impl Fn(f64) -> f64) -> f64 {
    shares.iter().enumerate().map(|(n, share)| share * value(n as f64)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::check;
    use crate::markov::erlang_b;

    #[test]
    fn so_many_places() {
        let rows = [
            (0.8, 1, 5, 0.088_819_50, 1.868_332, 1.139_388, 2.563_065, 1.563_065),
            (0.9, 1, 10, 0.050_813_73, 3.969_441, 3.115_173, 4.646_601, 3.646_601),
            (1.0, 1, 10, 0.090_909_09, 5.0, 4.090_909, 5.5, 4.5),
            (1.2, 1, 10, 0.192_586_5, 6.710_709, 5.741_812, 6.926_138, 5.926_138),
            (2.0, 1, 10, 0.500_244_3, 9.005_374, 8.005_862, 9.009_775, 8.009_775),
            (3.6, 4, 20, 0.016_804_98, 7.769_208, 4.229_706, 2.195_000, 1.195_000),
            (6.0, 4, 20, 0.333_480_6, 18.008_35, 14.009_23, 4.503_082, 3.503_082),
        ];
        for (arrival, servers, places, blocked, number, queue, sojourn, wait) in rows {
            let station = MmkK { servers, places, arrival, service: 1.0 };
            check(station.blocked(), blocked);
            check(station.number(), number);
            check(station.queue(), queue);
            check(station.sojourn(), sojourn);
            check(station.wait(), wait);
        }
    }

    #[test]
    fn without_places_to_wait_it_is_erlang_b() {
        let station = MmkK { servers: 20, places: 20, arrival: 15.0, service: 1.0 };
        check(station.blocked(), erlang_b(20, 15.0));
        assert_eq!(station.queue(), 0.0);
    }

    #[test]
    fn without_drag_it_is_a_bounded_queue() {
        let dragged = Dragged { places: 10, arrival: 0.9, service: 1.0, drag: 0.0 };
        check(dragged.blocked(), 0.050_813_73);
        check(dragged.number(), 3.969_441);
    }

    /// Of three places, by hand: 1 empty, 1 alone; of two there, 0.5 whose work began alone and 1 whose work
    /// began with two and takes twice as long; of three, 0.5 and 2.
    #[test]
    fn drag_by_hand() {
        let dragged = Dragged { places: 3, arrival: 1.0, service: 1.0, drag: 1.0 };
        check(dragged.blocked(), 2.5 / 6.0);
        check(dragged.number(), 11.5 / 6.0);
    }

    #[test]
    fn impatient_customers() {
        let rows = [
            (0.8, 1, 0.2, 0.181_060_3, 0.724_241_0),
            (1.2, 1, 0.2, 0.298_080_8, 1.788_485),
            (1.2, 1, 1.0, 0.417_661_8, 0.501_194_2),
            (3.2, 4, 0.5, 0.094_769_29, 0.606_523_5),
            (6.0, 4, 0.5, 0.352_642_2, 4.231_707),
            (100.0, 100, 0.5, 0.033_030_15, 6.606_031),
            (110.0, 100, 1.0, 0.099_191_56, 10.911_07),
        ];
        for (arrival, servers, patience, abandoned, queue) in rows {
            let station = ErlangA { servers, arrival, service: 1.0, patience };
            check(station.abandoned(), abandoned);
            check(station.queue(), queue);
        }
        check(ErlangA { servers: 1, arrival: 0.8, service: 1.0, patience: 0.2 }.delayed(), 0.655_151_8);
    }
}
