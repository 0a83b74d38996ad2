//! Requests that wait for the slowest of many.

use tarsier_check::examine;

use crate::validate::arch::{
    Arch, arch, call, constant, exp, lognormal_median, mix, parallel, parallel_times, wait, work,
};
use crate::validate::case::{Case, percent, within};
use crate::validate::read::{Run, slower_than, sojourn, sojourn_mean};

const FLATTO: &str = "Flatto, Hahn 1984; Nelson, Tantawi 1988";
const FORK_DES: &str = "independent simulation ±0.1%; Nelson, Tantawi 1988 is 1 to 4% below";
const ORDER: &str = "order statistics: F(x)^k";
const TAIL: &str = "Dean, Barroso, The Tail at Scale (2013)";

pub(super) fn cases() -> Vec<Case> {
    let forks = FORKS.into_iter().map(fork_join);
    let exponential = EXPONENTIAL.into_iter().map(slowest_exponential);
    let lognormal = LOGNORMAL.into_iter().map(slowest_lognormal);
    forks.chain(exponential).chain(lognormal).chain(SLOW.into_iter().map(some_slow)).collect()
}

/// Branches, ρ, mean time to the join for mean service 1, tolerance in percent.
const FORKS: [(u32, f64, f64, f64); 10] = [
    (2, 0.3, 2.089286, 2.0),
    (2, 0.5, 2.875, 2.0),
    (2, 0.8, 7.0, 2.0),
    (2, 0.9, 13.875, 3.0),
    (4, 0.5, 3.8406, 3.0),
    (4, 0.8, 9.138, 3.0),
    (4, 0.9, 17.95, 3.0),
    (10, 0.5, 5.1777, 3.0),
    (10, 0.8, 12.078, 3.0),
    (10, 0.9, 23.68, 3.0),
];

fn fork_join((k, rho, expected, tolerance): (u32, f64, f64, f64)) -> Case {
    let model = move || -> Arch {
        let front = arch().service([parallel((1..=k).map(call))]);
        (0..k).fold(front, |arch, _| arch.service([work(exp(1.0))])).rate(rho * 1e3, 0)
    };
    let is_p9 = rho == 0.8 && k != 4;
    let id = if is_p9 { format!("P9-{k}") } else { format!("fork-join-{k}-{rho}") };
    let requests = if rho == 0.9 { 8e6 } else { 4e6 } / f64::from(k).sqrt();
    let source = if k == 2 { FLATTO } else { FORK_DES };
    let case = Case::new(id, format!("fork-join of {k} M/M/1, ρ = {rho}, S = 1 ms"), source)
        .model(model)
        .seconds(requests / (rho * 1e3))
        .near("mean time to the join, ms", expected, percent(tolerance), sojourn_mean);
    if is_p9 { case.quick(0.1) } else { case }
}

/// Branches; mean, p50, p99 of the slowest.
const EXPONENTIAL: [(u32, [f64; 3]); 4] = [
    (2, [1.5, 1.227947, 5.295808]),
    (10, [2.928968, 2.703555, 6.903237]),
    (100, [5.187378, 4.975147, 9.205370]),
    (1000, [7.485471, 7.274615, 11.50791]),
];

/// `H_k` on average; quantiles `-ln(1 - p^(1/k))`.
fn slowest_exponential((k, [mean, p50, p99]): (u32, [f64; 3])) -> Case {
    Case::new(format!("max-exp-{k}"), format!("slowest of {k} waits, exponential 1 ms"), ORDER)
        .model(move || arch().service([parallel_times(k, wait(exp(1.0)))]).rate(100.0, 0))
        .seconds(branching_requests(k) / 100.0)
        .near("mean, ms", mean, percent(1.0), sojourn_mean)
        .near("p50, ms", p50, percent(1.0), sojourn(0.5))
        .near("p99, ms", p99, percent(2.0), sojourn(0.99))
}

/// Branches; p50, p95, p99 of the slowest.
const LOGNORMAL: [(u32, [f64; 3]); 3] = [
    (1, [10.0, 51.80252, 102.4047]),
    (10, [44.76168, 130.3809, 219.5270]),
    (100, [117.2869, 266.6649, 411.7209]),
];

fn slowest_lognormal((k, [p50, p95, p99]): (u32, [f64; 3])) -> Case {
    Case::new(
        format!("max-lognormal-{k}"),
        format!("slowest of {k} waits, lognormal median 10 ms, σ = 1"),
        ORDER,
    )
    .model(move || arch().service([parallel_times(k, wait(lognormal_median(10.0, 1.0)))]).rate(100.0, 0))
    .seconds(branching_requests(k) / 100.0)
    .near("p50, ms", p50, percent(1.0), sojourn(0.5))
    .near("p95, ms", p95, percent(2.0), sojourn(0.95))
    .near("p99, ms", p99, percent(3.0), sojourn(0.99))
}

/// Enough for a p99 within a percent or two, and no more than thirty million branches.
fn branching_requests(k: u32) -> f64 {
    (3e7 / f64::from(k)).min(5e5)
}

/// Leaves, the share of slow answers of each, the share of requests that meet one.
const SLOW: [(u32, f64, f64); 5] = [
    (10, 0.01, 0.09561792),
    (30, 0.01, 0.2602996),
    (100, 0.01, 0.6339677),
    (1000, 0.001, 0.6323046),
    (2000, 0.0001, 0.1812774),
];

fn some_slow((n, slow, expected): (u32, f64, f64)) -> Case {
    let model = move || -> Arch {
        let leaf = mix(vec![(1.0 - slow, constant(1.0)), (slow, constant(100.0))]);
        let front = arch().service([parallel_times(n, call(1))]).rate(100.0, 0);
        front.service([wait(leaf)]).instances(n as usize)
    };
    let is_p10 = n == 100;
    let id = match n {
        30 => "P17-tail".to_owned(),
        100 => "P10".to_owned(),
        _ => format!("some-slow-{n}"),
    };
    let case = Case::new(id, format!("fan-out to {n} leaves, {}% of answers slow", slow * 100.0), TAIL)
        .model(model)
        .seconds((2e7 / f64::from(n)).min(2e5) / 100.0)
        .near("share of requests with a slow answer", expected, within(0.01), slower_than(50.0));
    let case = if slow == 0.01 {
        // What `check` says of leaves that are slow once in a hundred times.
        let computed = move |_: &[Run]| examine(&model().seal()).fan_outs[0].slow;
        case.near("the same, as `check` computes it", expected, within(0.5e-7), computed)
    } else {
        case
    };
    if is_p10 { case.quick(0.2) } else { case }
}
