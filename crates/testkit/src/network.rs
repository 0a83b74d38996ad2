//! Open networks of exponential stations.

use crate::invert;
use crate::markov::Mmk;

/// A station of an open network.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Node {
    /// Arrivals from outside, per unit of time.
    pub outside: f64,
    /// Of each server.
    pub service: f64,
    pub servers: u32,
}

/// A network solved.
#[derive(Clone, PartialEq, Debug)]
pub struct Jackson {
    /// Each station as if it were alone, with all that comes to it.
    pub stations: Vec<Mmk>,
    /// Customers in the whole network.
    pub number: f64,
    /// From entering the network to leaving it.
    pub sojourn: f64,
}

/// Solves the traffic equations `λ_j = outside_j + Σ λ_i routing[i][j]`; each station is then as if alone
/// (Jackson: Networks of waiting lines, Oper. Res. 5(4), 1957). What a row of the routing lacks to 1 leaves
/// the network.
pub fn jackson(nodes: &[Node], routing: &[Vec<f64>]) -> Jackson {
    let n = nodes.len();
    let coefficients =
        (0..n).map(|to| (0..n).map(|from| f64::from(from == to) - routing[from][to]).collect());
    let rates = solve(coefficients.collect(), nodes.iter().map(|node| node.outside).collect());
    let stations: Vec<Mmk> = nodes
        .iter()
        .zip(rates)
        .map(|(node, arrival)| Mmk { servers: node.servers, arrival, service: node.service })
        .collect();
    let number = stations.iter().map(|station| station.number()).sum();
    let outside: f64 = nodes.iter().map(|node| node.outside).sum();
    Jackson { stations, number, sojourn: number / outside }
}

/// Gaussian elimination with row exchanges.
fn solve(mut rows: Vec<Vec<f64>>, mut right: Vec<f64>) -> Vec<f64> {
    let n = right.len();
    for pivot in 0..n {
        let best = (pivot..n).max_by(|&a, &b| rows[a][pivot].abs().total_cmp(&rows[b][pivot].abs()));
        let best = best.expect("there is a row left");
        rows.swap(pivot, best);
        right.swap(pivot, best);
        let (above, below) = rows.split_at_mut(pivot + 1);
        for (offset, row) in below.iter_mut().enumerate() {
            let factor = row[pivot] / above[pivot][pivot];
            for (value, subtracted) in row.iter_mut().zip(&above[pivot]) {
                *value -= factor * subtracted;
            }
            right[pivot + 1 + offset] -= factor * right[pivot];
        }
    }
    let mut solution = vec![0.0; n];
    for row in (0..n).rev() {
        let known: f64 = (row + 1..n).map(|column| rows[row][column] * solution[column]).sum();
        solution[row] = (right[row] - known) / rows[row][row];
    }
    solution
}

/// The quantile of a sum of independent exponentials of different rates, as the sojourn through a tandem of
/// M/M/1 is: those of its stations are independent (Reich: Waiting times when queues are in tandem, Ann.
/// Math. Stat. 28, 1957).
pub fn sum_of_exponentials_quantile(rates: &[f64], p: f64) -> f64 {
    let weight = |i: usize| -> f64 {
        let others = rates.iter().enumerate().filter(|&(j, _)| j != i);
        others.map(|(_, rate)| rate / (rate - rates[i])).product()
    };
    let weights: Vec<f64> = (0..rates.len()).map(weight).collect();
    let beyond = |t: f64| weights.iter().zip(rates).map(|(w, rate)| w * libm::exp(-rate * t)).sum::<f64>();
    invert(p, rates.iter().map(|rate| 1.0 / rate).sum(), |t| 1.0 - beyond(t))
}

/// The quantile of a sum of `stages` exponentials of the same rate.
pub fn erlang_quantile(stages: u32, rate: f64, p: f64) -> f64 {
    let beyond = |t: f64| {
        let mut term = libm::exp(-rate * t);
        let mut sum = 0.0;
        for k in 0..stages {
            sum += term;
            term *= rate * t / (f64::from(k) + 1.0);
        }
        sum
    };
    invert(p, f64::from(stages) / rate, |t| 1.0 - beyond(t))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::check;

    #[test]
    fn two_stations_in_tandem() {
        let quantiles = [(0.5, 61.397_36), (0.95, 183.806_9), (0.99, 264.790_4), (0.999, 380.032_6)];
        for (p, sojourn) in quantiles {
            check(1e3 * sum_of_exponentials_quantile(&[40.0, 20.0], p), sojourn);
        }
    }

    #[test]
    fn three_equal_stations() {
        for (p, sojourn) in [(0.5, 133.703_0), (0.95, 314.789_7), (0.99, 420.297_3)] {
            check(erlang_quantile(3, 0.02, p), sojourn);
        }
    }

    /// A quarter of those served come back.
    #[test]
    fn feedback() {
        let node = Node { outside: 60.0, service: 100.0, servers: 1 };
        let network = jackson(&[node], &[vec![0.25]]);
        check(network.stations[0].arrival, 80.0);
        check(network.number, 4.0);
        check(network.sojourn, 0.066_666_67);
    }

    #[test]
    fn a_shop() {
        let node = |outside, service| Node { outside, service, servers: 1 };
        let nodes = [node(100.0, 200.0), node(0.0, 120.0), node(0.0, 60.0), node(0.0, 150.0)];
        let routing = [
            vec![0.0, 0.6, 0.3, 0.0],
            vec![0.0, 0.0, 0.0, 0.5],
            vec![0.0, 0.0, 0.0, 1.0],
            vec![0.0, 0.1, 0.0, 0.0],
        ];
        let network = jackson(&nodes, &routing);
        let rates = [100.0, 66.315_79, 30.0, 63.157_89];
        let sojourns = [0.01, 0.018_627_45, 0.033_333_33, 0.011_515_15];
        for ((station, rate), sojourn) in network.stations.iter().zip(rates).zip(sojourns) {
            check(station.arrival, rate);
            check(station.sojourn(), sojourn);
        }
        check(network.number, 3.962_567);
        check(network.sojourn, 0.039_625_67);
    }
}
