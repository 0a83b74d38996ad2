//! Processor sharing.

use tarsier_random::Law;

use crate::validate::arch::{arch, constant, exp, hyperexp, lognormal, station, work};
use crate::validate::case::{Case, percent};
use crate::validate::read::{sojourn_mean, sojourn_mean_of_workload, sojourn_variance};

const KLEINROCK: &str = "Kleinrock 1967; Sakata, Noguchi, Oizumi 1971";
const COFFMAN: &str = "Coffman, Muntz, Trotter 1970";

/// What the row is about, and the law.
type NamedLaw = (&'static str, fn() -> Law);

pub(super) fn cases() -> Vec<Case> {
    vec![insensitive(), variance(), in_proportion()]
}

/// `W = S / (1 - ρ)`, whatever the law.
fn insensitive() -> Case {
    let laws: [NamedLaw; 4] = [
        ("constant, mean time in system, ms", || constant(1.0)),
        ("exponential, mean time in system, ms", || exp(1.0)),
        ("lognormal cv 2, mean time in system, ms", || lognormal(1.0, 2.0)),
        ("hyperexponential c² = 10, mean time in system, ms", || hyperexp(1.0, 10.0)),
    ];
    let mut case = Case::new("P6", "M/G/1-PS, ρ = 0.8, S = 1 ms", KLEINROCK).seconds(4e6 / 800.0).quick(0.1);
    for (index, (what, law)) in laws.into_iter().enumerate() {
        case = case.model(move || station(law(), 800.0).processor_sharing()).near(
            what,
            5.0,
            percent(3.0),
            move |runs| sojourn_mean(&runs[index..]),
        );
    }
    case
}

/// `Var T = (2 + ρ) / (2 - ρ)(1 - ρ)²`; first come first served, it is `1 / (1 - ρ)²`.
fn variance() -> Case {
    Case::new("ps-variance", "M/M/1, ρ = 0.8, S = 1 ms", COFFMAN)
        .model(|| station(exp(1.0), 800.0).processor_sharing())
        .model(|| station(exp(1.0), 800.0))
        .seconds(1e7 / 800.0)
        .near("processor sharing, variance of time in system, ms²", 58.33333, percent(5.0), sojourn_variance)
        .near("first come first served, the same, ms²", 25.0, percent(5.0), |runs| {
            sojourn_variance(&runs[1..])
        })
}

/// `E[T | x] = x / (1 - ρ)`: everybody is slowed down by the same factor.
fn in_proportion() -> Case {
    let two_sizes = || {
        let short = arch().service([work(constant(0.5))]).processor_sharing().rate(800.0, 0);
        short.endpoint([work(constant(4.0))]).rate(100.0, 1)
    };
    Case::new("ps-proportion", "M/G/1-PS, ρ = 0.8, half the load 0.5 ms each, half 4 ms", KLEINROCK)
        .model(two_sizes)
        .seconds(4e6 / 900.0)
        .near("mean time in system of the short, ms", 2.5, percent(3.0), sojourn_mean_of_workload(0))
        .near("mean time in system of the long, ms", 20.0, percent(3.0), sojourn_mean_of_workload(1))
}
