//! How many instances, at which rate, on how fast cores: so that they are half busy.

use tarsier_random::num;

use crate::blueprint::Blueprint;
use crate::{MOST_INSTANCES, Order, Refusal};

/// The share of time that a core is busy. Between 40% and 60% queues are short, and the loss of a third is survived.
pub(crate) const BUSY: f64 = 0.5;
/// Instances and a rate that do not fit together are made to by the speed of the cores, so much at most.
const MOST_SPEED: f64 = 100.0;

/// A blueprint with its size.
pub(crate) struct Made {
    pub(crate) blueprint: Blueprint,
    /// Of each service, in all.
    pub(crate) instances: Vec<u64>,
    pub(crate) rate_per_s: f64,
    pub(crate) speed: f64,
}

/// Gives each service instances by its work. Of instances and rate the one that is not asked for follows from the
/// other; where both are, the cores are as fast as it takes.
pub(crate) fn by_work(blueprint: Blueprint, order: &Order, usual: u32) -> Result<Made, Refusal> {
    let demands_s = blueprint.demands_s();
    let least = blueprint.least_instances();
    let instances = match (order.instances, order.rate_per_s) {
        (None, Some(rate)) => for_rate(&blueprint, &demands_s, rate)?,
        (asked, _) => {
            let asked = asked.unwrap_or(usual);
            can_place(asked, &blueprint)?;
            // Whole zones, if it is by zone.
            let units = shared_out(&demands_s, u64::from(asked) / least);
            units.into_iter().map(|n| n * least).collect()
        }
    };
    let busiest = instances.iter().zip(&demands_s).map(|(n, demand)| demand / *n as f64).fold(0.0, f64::max);
    let usual_per_s = BUSY / busiest;
    let rate_per_s = match order.rate_per_s {
        Some(rate) => rate,
        None => readable(usual_per_s),
    };
    let is_sized = order.instances.is_none() || order.rate_per_s.is_none();
    let speed = if is_sized { 1.0 } else { fitting_speed(&instances, rate_per_s, usual_per_s)? };
    Ok(Made { blueprint, instances, rate_per_s, speed })
}

pub(crate) fn fitting_speed(instances: &[u64], rate_per_s: f64, usual_per_s: f64) -> Result<f64, Refusal> {
    let speed = rate_per_s / usual_per_s;
    if (1.0 / MOST_SPEED..=MOST_SPEED).contains(&speed) {
        return Ok(three_digits_up(speed));
    }
    Err(Refusal::Misfit { instances: instances.iter().sum(), rate_per_s, usual_per_s })
}

fn for_rate(blueprint: &Blueprint, demands_s: &[f64], rate: f64) -> Result<Vec<u64>, Refusal> {
    let least = blueprint.least_instances() as f64;
    let needed = |demand: &f64| (rate * demand / BUSY / least).ceil().max(1.0) * least;
    let total = demands_s.iter().map(needed).sum::<f64>();
    if total > f64::from(MOST_INSTANCES) {
        return Err(Refusal::TooManyInstances { needed: total });
    }
    Ok(demands_s.iter().map(|demand| needed(demand) as u64).collect())
}

/// Whether there is an instance for everybody.
pub(crate) fn can_place(asked: u32, blueprint: &Blueprint) -> Result<(), Refusal> {
    if asked > MOST_INSTANCES {
        return Err(Refusal::TooManyInstances { needed: f64::from(asked) });
    }
    let (services, zones) = (blueprint.services.len(), blueprint.least_instances());
    let least = services as u64 * zones;
    if u64::from(asked) < least {
        return Err(Refusal::TooFewInstances { asked, least, services, zones: zones as usize });
    }
    Ok(())
}

/// `total` whole units shared out so that nobody has more to do for a unit than must be, at least one each; `total` is at
/// least as many as there are weights.
pub(crate) fn shared_out(weights: &[f64], total: u64) -> Vec<u64> {
    let units = |level: f64| weights.iter().map(move |weight| (weight / level).ceil().max(1.0));
    let sum: f64 = weights.iter().sum();
    let fits = |level: f64| units(level).sum::<f64>() <= total as f64;
    let level = num::bisect(sum / total as f64 / 2.0, sum.max(f64::MIN_POSITIVE), fits);
    let mut units: Vec<u64> = units(level).map(|units| units as u64).collect();
    // What is left goes to whom it helps most.
    let mut busiest: Vec<usize> = (0..weights.len()).collect();
    let load = |at: usize| weights[at] / units[at] as f64;
    busiest.sort_by(|a, b| load(*b).total_cmp(&load(*a)).then(a.cmp(b)));
    let left = (total - units.iter().sum::<u64>()) as usize;
    busiest.iter().cycle().take(left).for_each(|at| units[*at] += 1);
    units
}

/// Rounded down to three digits.
pub(crate) fn readable(rate: f64) -> f64 {
    // Powers of ten below one are not exact, those above are.
    let digits = (num::ln(rate) / std::f64::consts::LN_10).floor() as i32 - 2;
    let unit = 10_f64.powi(digits.abs());
    if digits < 0 { (rate * unit).floor() / unit } else { (rate / unit).floor() * unit }
}

fn three_digits_up(speed: f64) -> f64 {
    (speed * 1_000.0).ceil() / 1_000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_shared_out_by_weight() {
        assert_eq!(shared_out(&[1.0, 2.0, 3.0], 12), [2, 4, 6]);
        assert_eq!(shared_out(&[1.0, 1.0, 1.0], 5), [2, 2, 1]);
        assert_eq!(shared_out(&[100.0, 1.0, 0.0], 10), [8, 1, 1]);
        assert_eq!(shared_out(&[0.0, 0.0], 3), [2, 1]);
        for total in 3..200 {
            assert_eq!(shared_out(&[0.3, 7.1, 0.0], total).iter().sum::<u64>(), total);
        }
    }

    #[test]
    fn rates_are_rounded_down() {
        assert_eq!(readable(12_345.0), 12_300.0);
        assert_eq!(readable(0.123_456), 0.123);
        assert_eq!(readable(100.0), 100.0);
    }
}
