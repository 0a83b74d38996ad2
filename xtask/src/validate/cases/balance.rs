//! Which of n servers.

use tarsier_model::Balance;

use crate::validate::arch::{Arch, exp, station};
use crate::validate::case::{Case, Expected, percent};
use crate::validate::read::{Run, sojourn_mean, sojourn_mean_of_run};

const MITZENMACHER: &str =
    "Mitzenmacher 1996, Vvedenskaya et al. 1996 (n → ∞); finite n: independent simulation";
const TAKACS: &str = "Takács 1962: E_n/M/1";
const SPLIT: &str = "Kleinrock, Queueing Systems I (1975): a Poisson stream split by chance";
const ERLANG: &str = "Erlang 1917: M/M/10";
const WINSTON: &str = "Winston 1977; Mitzenmacher 1996";

pub(super) fn cases() -> Vec<Case> {
    let two = TWO.into_iter().map(power_of_two);
    let fixed = FIXED.into_iter().map(|(name, balance, source, table)| {
        table.iter().map(move |known| without_state(name, balance, source, *known)).collect::<Vec<_>>()
    });
    two.chain(fixed.flatten()).chain([shared(0.8, 1.204590), shared(0.9, 1.668732), order()]).collect()
}

fn farm(n: u32, rho: f64, balance: Balance) -> Arch {
    station(exp(1.0), rho * 1e3 * f64::from(n)).instances(n as usize).balance(balance)
}

/// Servers, ρ, mean time in the system for mean service 1, tolerance in percent, requests.
const TWO: [(u32, f64, f64, f64, f64); 4] = [
    (10, 0.9, 3.1130, 2.0, 6e6),
    (100, 0.9, 2.6569, 1.5, 8e6),
    (1000, 0.9, 2.6161, 1.5, 1.2e7),
    (100, 0.99, 5.98, 3.0, 3e7),
];

/// Two drawn independently, possibly the same; the one with fewer requests of ours.
fn power_of_two((n, rho, expected, tolerance, requests): (u32, f64, f64, f64, f64)) -> Case {
    let is_p12 = (n, rho) == (100, 0.9);
    let id = if is_p12 { "P12".to_owned() } else { format!("jsq2-{n}-{rho}") };
    let case = Case::new(id, format!("best of two of {n} servers, ρ = {rho}, S = 1 ms"), MITZENMACHER)
        .model(move || farm(n, rho, Balance::PowerOfTwo))
        .seconds(requests / (rho * 1e3 * f64::from(n)))
        .near("mean time in system, ms", expected, percent(tolerance), sojourn_mean);
    if is_p12 { case.quick(0.2) } else { case }
}

/// Servers, ρ, mean time in the system for mean service 1.
type Known = (u32, f64, f64);

const FIXED: [(&str, Balance, &str, &[Known]); 2] = [
    (
        "round-robin",
        Balance::RoundRobin,
        TAKACS,
        &[
            (2, 0.8, 3.843980),
            (10, 0.8, 2.922269),
            (100, 0.8, 2.715660),
            (2, 0.9, 7.588284),
            (10, 0.9, 5.660276),
            (100, 0.9, 5.226811),
        ],
    ),
    ("random", Balance::Random, SPLIT, &[(10, 0.8, 5.0), (10, 0.9, 10.0)]),
];

fn without_state(name: &str, balance: Balance, source: &'static str, (n, rho, expected): Known) -> Case {
    let requests = if rho == 0.9 { 1.6e7 } else { 5e6 };
    Case::new(format!("{name}-{n}-{rho}"), format!("{name} over {n} servers, ρ = {rho}, S = 1 ms"), source)
        .model(move || farm(n, rho, balance))
        .seconds(requests / (rho * 1e3 * f64::from(n)))
        .near("mean time in system, ms", expected, percent(2.0), sojourn_mean)
}

fn shared(rho: f64, expected: f64) -> Case {
    Case::new(format!("shared-{rho}"), format!("one queue for 10 servers, ρ = {rho}, S = 1 ms"), ERLANG)
        .model(move || shared_queue(rho))
        .seconds(6e6 / (rho * 1e4))
        .near("mean time in system, ms", expected, percent(2.0), sojourn_mean)
}

fn shared_queue(rho: f64) -> Arch {
    station(exp(1.0), rho * 1e4).cores(10)
}

/// What must hold in every run of the same arrivals.
fn order() -> Case {
    let policies = [Balance::LeastRequests, Balance::PowerOfTwo, Balance::RoundRobin, Balance::Random];
    let names = ["one queue", "fewest requests", "best of two", "round-robin", "random"];
    let mut case = Case::new("P12-order", "10 servers, ρ = 0.9, S = 1 ms", WINSTON)
        .model(|| shared_queue(0.9))
        .seconds(2e6 / 9e3)
        .quick(0.2);
    for balance in policies {
        case = case.model(move || farm(10, 0.9, balance));
    }
    for (worse, pair) in (1..).zip(names.windows(2)) {
        let what = format!("{} before {}: ratio of mean times in system", pair[0], pair[1]);
        let ratio =
            move |runs: &[Run]| sojourn_mean_of_run(worse - 1)(runs) / sojourn_mean_of_run(worse)(runs);
        case = case.check(&what, Expected::AtMost(1.0), ratio);
    }
    case
}
