//! M/D/1 and M/G/1, first come first served.

use tarsier_random::Law;

use crate::validate::arch::{constant, erlang, exp, hyperexp, lognormal, mix, station};
use crate::validate::case::{Case, percent, within};
use crate::validate::read::{sojourn_mean, wait, wait_mean};

const CROMMELIN: &str = "Crommelin 1932";
const POLLACZEK: &str = "Pollaczek 1930; Khinchine 1932";
const SPECTRAL: &str = "Kleinrock, Queueing Systems I (1975), §5.7: M/H2/1 inverted";

pub(super) fn cases() -> Vec<Case> {
    let md1 = MD1.iter().map(md1);
    let mg1 = LAWS.iter().flat_map(mg1);
    let mh1 = MH1.iter().map(mh1);
    md1.chain([heavy()])
        .chain(mg1)
        .chain(mh1)
        .chain([head_of_line(20.0, 167.7575), head_of_line(30.0, 375.8933)])
        .collect()
}

/// ρ, mean wait, and quantiles of the wait.
type Quantiles = (f64, f64, &'static [(f64, f64)]);

const MD1: [Quantiles; 3] = [
    (0.5, 0.5, &[(0.9, 1.515745), (0.95, 2.050638), (0.99, 3.336256), (0.999, 5.168385)]),
    (0.8, 2.0, &[(0.5, 1.275940), (0.9, 5.011511), (0.95, 6.620325), (0.99, 10.35589), (0.999, 15.70027)]),
    (0.9, 4.5, &[(0.5, 3.013048), (0.9, 10.78250), (0.95, 14.12867), (0.99, 21.89824), (0.999, 33.01397)]),
];

fn md1(&(rho, mean, quantiles): &'static Quantiles) -> Case {
    let case = Case::new(format!("md1-{rho}"), format!("M/D/1, ρ = {rho}, S = 1 ms"), CROMMELIN)
        .model(move || station(constant(1.0), rho * 1e3))
        .seconds(if rho > 0.8 { 1.5e7 } else { 6e6 } / (rho * 1e3))
        .near("mean wait, ms", mean, percent(2.0), wait_mean)
        .near("mean time in system, ms", mean + 1.0, percent(2.0), sojourn_mean);
    with_quantiles(case, quantiles)
}

fn with_quantiles(case: Case, quantiles: &[(f64, f64)]) -> Case {
    quantiles.iter().fold(case, |case, &(q, expected)| {
        let tolerance =
            if expected == 0.0 { within(0.02) } else { percent(if q > 0.99 { 5.0 } else { 4.0 }) };
        case.near(&format!("wait p{}, ms", q * 100.0), expected, tolerance, wait(q))
    })
}

/// The case P5: the two ends of variability.
fn heavy() -> Case {
    Case::new("P5", "M/G/1, ρ = 0.8, S = 1 ms", POLLACZEK)
        .model(|| station(lognormal(1.0, 2.0), 800.0))
        .model(|| station(constant(1.0), 800.0))
        .seconds(2e7 / 800.0)
        .quick(0.05)
        .near("mean wait, lognormal cv 2, ms", 10.0, percent(5.0), wait_mean)
        .near("mean wait, constant, ms", 2.0, percent(2.0), |runs| wait_mean(&runs[1..]))
}

struct Service {
    name: &'static str,
    law: fn() -> Law,
    /// Mean wait at ρ = 0.5, 0.8, 0.9 for mean service 1: `ρ(1 + c²) / 2(1 - ρ)`.
    waits: [f64; 3],
    /// Requests simulated at ρ = 0.5; the variance of the estimate grows with the square of `1 / (1 - ρ)` and more.
    requests: f64,
}

const LAWS: [Service; 6] = [
    Service { name: "Erlang-2", law: || erlang(2, 1.0), waits: [0.75, 3.0, 6.75], requests: 1e6 },
    Service { name: "exponential", law: || exp(1.0), waits: [1.0, 4.0, 9.0], requests: 1e6 },
    Service {
        name: "lognormal σ = 1",
        law: || lognormal(1.0, 1.718282f64.sqrt()),
        waits: [1.359141, 5.436564, 12.23227],
        requests: 2e6,
    },
    Service {
        name: "hyperexponential c² = 4",
        law: || hyperexp(1.0, 4.0),
        waits: [2.5, 10.0, 22.5],
        requests: 2e6,
    },
    Service {
        name: "lognormal σ = 1.5",
        law: || lognormal(1.0, 8.487736f64.sqrt()),
        waits: [4.743868, 18.97547, 42.69481],
        requests: 4e6,
    },
    Service {
        name: "hyperexponential c² = 10",
        law: || hyperexp(1.0, 10.0),
        waits: [5.5, 22.0, 49.5],
        requests: 4e6,
    },
];

fn mg1(service: &'static Service) -> impl Iterator<Item = Case> {
    [0.5, 0.8, 0.9].into_iter().zip([1.0, 3.0, 8.0]).zip(service.waits).map(
        move |((rho, longer), expected)| {
            let id = format!("mg1-{}-{rho}", service.name.replace([' ', '='], ""));
            Case::new(id, format!("M/G/1, {}, ρ = {rho}, S = 1 ms", service.name), POLLACZEK)
                .model(move || station((service.law)(), rho * 1e3))
                .seconds(service.requests * longer / (rho * 1e3))
                .near("mean wait, ms", expected, percent(5.0), wait_mean)
        },
    )
}

/// ρ, c², and quantiles of the wait.
const MH1: [Quantiles2; 4] = [
    (0.5, 4.0, &[(0.5, 0.0), (0.9, 8.542406), (0.95, 13.22826), (0.99, 24.10870), (0.999, 39.67510)]),
    (0.8, 4.0, &[(0.5, 4.808919), (0.9, 27.51305), (0.95, 37.29639), (0.99, 60.01261), (0.999, 92.51216)]),
    (0.8, 10.0, &[(0.5, 9.943005), (0.9, 61.67749), (0.95, 83.95835), (0.99, 135.6929), (0.999, 209.7083)]),
    (0.9, 4.0, &[(0.5, 13.94363), (0.9, 56.68819), (0.95, 75.09727), (0.99, 117.8418), (0.999, 178.9955)]),
];

type Quantiles2 = (f64, f64, &'static [(f64, f64)]);

fn mh1(&(rho, cv2, quantiles): &'static Quantiles2) -> Case {
    let id = format!("mh1-{cv2}-{rho}");
    let case = Case::new(id, format!("M/H2/1, c² = {cv2}, ρ = {rho}, S = 1 ms"), SPECTRAL)
        .model(move || station(hyperexp(1.0, cv2), rho * 1e3))
        .seconds(1.6e7 / (rho * 1e3));
    with_quantiles(case, quantiles)
}

/// One request in a hundred takes a hundred times as long, and everybody behind it pays.
fn head_of_line(rate: f64, expected: f64) -> Case {
    let service = || mix(vec![(0.99, constant(10.0)), (0.01, constant(1000.0))]);
    Case::new(format!("head-of-line-{rate}"), format!("M/G/1, 99% 10 ms, 1% 1 s, λ = {rate}/s"), POLLACZEK)
        .model(move || station(service(), rate))
        .seconds(6e6 / rate)
        .near("mean wait, ms", expected, percent(5.0), wait_mean)
}
