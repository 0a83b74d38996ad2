//! Closed networks: so many customers go round for ever.

/// What a closed network does.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Round {
    /// Rounds per unit of time, of all customers together.
    pub throughput: f64,
    /// A round's time without thinking.
    pub response: f64,
}

/// Exact mean value analysis for single servers, `demands` being each station's work a round (Reiser &
/// Lavenberg: Mean-value analysis of closed multichain queueing networks, JACM 27(2), 1980).
pub fn mva(customers: u32, think: f64, demands: &[f64]) -> Round {
    let mut queues = vec![0.0; demands.len()];
    let mut round = Round { throughput: 0.0, response: 0.0 };
    for n in 1..=customers {
        // Who arrives sees the network as it is with one customer less.
        let times: Vec<f64> =
            demands.iter().zip(&queues).map(|(demand, queue)| demand * (1.0 + queue)).collect();
        let response: f64 = times.iter().sum();
        let throughput = f64::from(n) / (think + response);
        queues = times.iter().map(|time| throughput * time).collect();
        round = Round { throughput, response };
    }
    round
}

/// A station of a closed network.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Station {
    /// Work a round.
    pub demand: f64,
    /// `None` for as many as there are customers.
    pub servers: Option<u32>,
}

/// The same for stations of several servers, by convolution: `X(N) = G(N-1) / G(N)` (Buzen: Computational
/// algorithms for closed queueing networks with exponential servers, CACM 16(9), 1973).
pub fn convolution(customers: u32, think: f64, stations: &[Station]) -> Round {
    let thinking = Station { demand: think, servers: None };
    // The unit of time is free to choose; this one keeps the sums in range.
    let unit = stations.iter().map(|station| station.demand).fold(think, f64::max);
    let mut sums = vec![0.0; customers as usize + 1];
    sums[0] = 1.0;
    for station in stations.iter().chain([&thinking]) {
        let weights = weights(station, customers, unit);
        for n in (0..sums.len()).rev() {
            sums[n] = (0..=n).map(|here| weights[here] * sums[n - here]).sum();
        }
    }
    let throughput = sums[customers as usize - 1] / sums[customers as usize] / unit;
    Round { throughput, response: f64::from(customers) / throughput - think }
}

/// The weight of each number of customers at a station: `D^n / Π min(j, servers)`.
fn weights(station: &Station, customers: u32, unit: f64) -> Vec<f64> {
    let mut weight = 1.0;
    let mut weights = vec![weight];
    for n in 1..=customers {
        let serving = station.servers.map_or(n, |servers| servers.min(n));
        weight *= station.demand / unit / f64::from(serving);
        weights.push(weight);
    }
    weights
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::check;

    #[test]
    fn three_stations_and_thinking() {
        let rows = [
            (1, 0.941_619_6, 62.0),
            (10, 9.264_585, 79.379_18),
            (20, 17.967_19, 113.140_2),
            (35, 28.286_24, 237.350_8),
            (50, 32.467_15, 540.018_1),
            (100, 33.329_65, 2_000.331),
        ];
        for (customers, throughput, response) in rows {
            let demands = [0.005, 0.030, 0.027];
            let round = mva(customers, 1.0, &demands);
            check(round.throughput, throughput);
            check(round.response * 1e3, response);
            let single = demands.map(|demand| Station { demand, servers: Some(1) });
            check(convolution(customers, 1.0, &single).throughput, throughput);
        }
    }

    #[test]
    fn two_stations_without_thinking() {
        let rows = [
            (1, 15.384_62, 65.0),
            (2, 20.155_04, 99.230_77),
            (5, 24.049_26, 207.906_6),
            (10, 24.914_25, 401.376_8),
            (20, 24.999_22, 800.024_8),
        ];
        for (customers, throughput, response) in rows {
            let round = mva(customers, 0.0, &[0.040, 0.025]);
            check(round.throughput, throughput);
            check(round.response * 1e3, response);
        }
    }

    #[test]
    fn four_servers_and_one() {
        let rows = [
            (10, 9.114_698, 97.129_03),
            (20, 18.157_49, 101.474_1),
            (40, 35.348_52, 131.589_1),
            (60, 47.543_25, 262.008_9),
            (80, 49.965_06, 601.118_9),
        ];
        let stations =
            [Station { demand: 0.080, servers: Some(4) }, Station { demand: 0.015, servers: Some(1) }];
        for (customers, throughput, response) in rows {
            let round = convolution(customers, 1.0, &stations);
            check(round.throughput, throughput);
            check(round.response * 1e3, response);
        }
    }

    #[test]
    fn machine_repair() {
        let round = mva(10, 1.0, &[0.1]);
        check(round.throughput, 7.854_177);
        check(round.response, 0.273_207_9);
    }
}
