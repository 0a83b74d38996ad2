//! Poisson arrivals, exponential service, one or more servers, room for everybody.
//!
//! Kleinrock: Queueing Systems, volume 1, 1975, chapter 3; Erlang: Solution of some problems in the theory of
//! probabilities of significance in automatic telephone exchanges, 1917.

use crate::invert;

/// M/M/1, first come first served unless said otherwise.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Mm1 {
    /// Customers per unit of time.
    pub arrival: f64,
    /// Customers per unit of time while busy.
    pub service: f64,
}

impl Mm1 {
    pub fn load(self) -> f64 {
        self.arrival / self.service
    }

    /// Customers there on average.
    pub fn number(self) -> f64 {
        self.load() / (1.0 - self.load())
    }

    /// Customers waiting on average.
    pub fn queue(self) -> f64 {
        self.number() * self.load()
    }

    /// The mean time from arrival to departure, also under processor sharing.
    pub fn sojourn(self) -> f64 {
        1.0 / (self.service - self.arrival)
    }

    pub fn wait(self) -> f64 {
        self.load() * self.sojourn()
    }

    /// The sojourn is exponential.
    pub fn sojourn_quantile(self, p: f64) -> f64 {
        -self.sojourn() * libm::log1p(-p)
    }

    /// `W ln(ρ / (1 - p))`, and no wait at all for a share `1 - ρ`.
    pub fn wait_quantile(self, p: f64) -> f64 {
        (self.sojourn() * libm::log(self.load() / (1.0 - p))).max(0.0)
    }

    /// The probability of at least so many customers.
    pub fn at_least(self, n: u32) -> f64 {
        libm::pow(self.load(), f64::from(n))
    }

    /// The variance of the sojourn under processor sharing: `(2 + ρ) / ((2 - ρ)(1 - ρ)²)` in units of
    /// service (Coffman, Muntz & Trotter: Waiting time distributions for processor-sharing systems, JACM
    /// 17(1), 1970).
    pub fn shared_sojourn_variance(self) -> f64 {
        let rho = self.load();
        (2.0 + rho) / ((2.0 - rho) * (1.0 - rho) * (1.0 - rho)) / (self.service * self.service)
    }
}

/// M/M/k, first come first served.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Mmk {
    pub servers: u32,
    pub arrival: f64,
    /// Of each server.
    pub service: f64,
}

impl Mmk {
    /// The probability of having to wait.
    pub fn delayed(self) -> f64 {
        erlang_c(self.servers, self.arrival / self.service)
    }

    pub fn wait(self) -> f64 {
        self.delayed() / self.spare()
    }

    pub fn sojourn(self) -> f64 {
        self.wait() + 1.0 / self.service
    }

    pub fn queue(self) -> f64 {
        self.arrival * self.wait()
    }

    pub fn number(self) -> f64 {
        self.arrival * self.sojourn()
    }

    /// Who waits does so exponentially.
    pub fn wait_quantile(self, p: f64) -> f64 {
        (libm::log(self.delayed() / (1.0 - p)) / self.spare()).max(0.0)
    }

    pub fn sojourn_quantile(self, p: f64) -> f64 {
        invert(p, self.sojourn(), |t| 1.0 - self.sojourn_beyond(t))
    }

    /// `P(T > t)`: service alone, or two exponentials in sequence.
    fn sojourn_beyond(self, t: f64) -> f64 {
        let (mu, theta, delayed) = (self.service, self.spare(), self.delayed());
        let service = libm::exp(-mu * t);
        let both = if (theta - mu).abs() < 1e-9 * mu {
            (1.0 + mu * t) * service
        } else {
            (theta * service - mu * libm::exp(-theta * t)) / (theta - mu)
        };
        (1.0 - delayed) * service + delayed * both
    }

    /// By how much the servers together are faster than the arrivals.
    fn spare(self) -> f64 {
        f64::from(self.servers) * self.service - self.arrival
    }
}

/// The probability that an arrival finds all servers busy and goes, for any law of service: Erlang's B
/// formula.
pub fn erlang_b(servers: u32, offered: f64) -> f64 {
    (1..=servers).fold(1.0, |blocked, k| offered * blocked / (f64::from(k) + offered * blocked))
}

/// The probability that an arrival finds all servers busy and waits: Erlang's C formula.
pub fn erlang_c(servers: u32, offered: f64) -> f64 {
    let (k, blocked) = (f64::from(servers), erlang_b(servers, offered));
    k * blocked / (k - offered * (1.0 - blocked))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::check;

    #[test]
    fn one_server() {
        let rows = [
            (0.5, 1.0, 0.5, 20.0, 10.0, 92.103_40, 78.240_46, 9.765_625e-4),
            (0.7, 2.333_333_3, 1.633_333_3, 33.333_33, 23.333_33, 153.505_7, 141.616_5, 0.028_247_52),
            (0.8, 4.0, 3.2, 50.0, 40.0, 230.258_5, 219.101_3, 0.107_374_2),
            (0.9, 9.0, 8.1, 100.0, 90.0, 460.517_0, 449.981_0, 0.348_678_4),
            (0.95, 19.0, 18.05, 200.0, 190.0, 921.034_0, 910.775_4, 0.598_736_9),
        ];
        for (load, number, queue, sojourn, wait, p99, wait_p99, ten) in rows {
            let station = Mm1 { arrival: load / 10.0, service: 0.1 };
            check(station.number(), number);
            check(station.queue(), queue);
            check(station.sojourn(), sojourn);
            check(station.wait(), wait);
            check(station.sojourn_quantile(0.99), p99);
            check(station.wait_quantile(0.99), wait_p99);
            check(station.at_least(10), ten);
        }
        assert_eq!(Mm1 { arrival: 0.5, service: 1.0 }.wait_quantile(0.4), 0.0);
    }

    #[test]
    fn several_servers() {
        let rows = [
            (2, 1.0, 0.333_333_3, 0.333_333_3, 3.506_558, 0.974_411_6, 5.665_961),
            (2, 1.6, 0.711_111_1, 2.844_444, 10.660_61, 2.040_031, 11.937_37),
            (4, 3.2, 0.596_432_5, 2.385_730, 5.110_476, 1.346_199, 6.893_204),
            (8, 7.2, 0.701_533_0, 6.313_797, 5.313_354, 1.489_355, 7.087_347),
            (16, 14.4, 0.591_343_4, 5.322_091, 2.549_882, 1.078_010, 5.269_835),
            (50, 45.0, 0.363_864_5, 3.274_780, 0.718_839_3, 0.776_469_6, 4.692_234),
            (100, 95.0, 0.506_456_9, 9.622_680, 0.784_970_8, 0.807_915_9, 4.724_387),
        ];
        for (servers, arrival, delayed, queue, wait_p99, p50, p99) in rows {
            let station = Mmk { servers, arrival, service: 1.0 };
            check(station.delayed(), delayed);
            check(station.queue(), queue);
            check(station.wait_quantile(0.99), wait_p99);
            check(station.sojourn_quantile(0.5), p50);
            check(station.sojourn_quantile(0.99), p99);
        }
    }

    #[test]
    fn one_of_several_is_one() {
        let (one, several) =
            (Mm1 { arrival: 0.7, service: 1.0 }, Mmk { servers: 1, arrival: 0.7, service: 1.0 });
        check(several.number(), one.number());
        check(several.sojourn_quantile(0.9), one.sojourn_quantile(0.9));
    }

    #[test]
    fn lines_all_busy() {
        let rows = [
            (1, 0.8, 0.444_444_4),
            (5, 5.0, 0.284_867_8),
            (10, 8.0, 0.121_661_1),
            (20, 15.0, 0.045_593_22),
            (30, 20.0, 0.008_457_498),
            (100, 90.0, 0.026_957_38),
            (100, 100.0, 0.075_700_45),
        ];
        for (servers, offered, blocked) in rows {
            check(erlang_b(servers, offered), blocked);
        }
    }

    #[test]
    fn sharing_varies_more_than_queueing() {
        check(Mm1 { arrival: 0.8, service: 1.0 }.shared_sojourn_variance(), 58.333_33);
    }
}
