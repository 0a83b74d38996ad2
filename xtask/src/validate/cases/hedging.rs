//! A second attempt beside one that is late.

use tarsier_random::Law;
use tarsier_units::Span;

use crate::validate::arch::{Arch, arch, call, call_hedged, exp, mix, parallel_times, pareto, uniform, wait};
use crate::validate::case::{Case, percent, within};
use crate::validate::read::{hedges, sojourn, sojourn_mean};

const MINIMUM: &str = "min(X, d + Y): 1 - F(t) (1 - F(t - d)) beyond d";
const BIGTABLE: &str =
    "Dean, Barroso, The Tail at Scale (2013): a law made so that both of its figures come out";

pub(super) fn cases() -> Vec<Case> {
    let alone = HEDGED.into_iter().map(hedged);
    alone.chain([fan_out(None), fan_out(Some(50)), bigtable(None), bigtable(Some(10))]).collect()
}

struct Hedged {
    law: &'static str,
    /// Milliseconds before the second attempt.
    after: f64,
    share: f64,
    mean: f64,
    p99: f64,
    p999: f64,
}

/// Of an exponential service of 100 ms, after its 95th and 90th percentile; and of one that is slow once in a
/// hundred, `mix(99%: exp(10ms), 1%: exp(1s))`.
const HEDGED: [Hedged; 4] = [
    Hedged { law: "exponential", after: 299.5732, share: 0.05, mean: 97.5, p99: 380.0451, p999: 495.1744 },
    Hedged { law: "exponential", after: 230.2585, share: 0.10, mean: 95.0, p99: 345.3878, p999: 460.5170 },
    Hedged { law: "two-fold", after: 50.0, share: 0.01618286, mean: 10.49548, p99: 53.52538, p999: 73.84459 },
    Hedged { law: "two-fold", after: 30.0, share: 0.05899365, mean: 10.09516, p99: 40.22772, p999: 56.76123 },
];

fn law(name: &str) -> Law {
    if name == "exponential" { exp(100.0) } else { two_fold() }
}

fn two_fold() -> Law {
    mix(vec![(0.99, exp(10.0)), (0.01, exp(1000.0))])
}

fn hedged(row: Hedged) -> Case {
    let after = Span::from_secs_f64(row.after / 1e3);
    let case = Case::new(
        format!("hedge-{}-{:.0}", row.law, row.after),
        format!("{} service, hedged after {:.1} ms", row.law, row.after),
        MINIMUM,
    )
    .model(move || arch().service([call_hedged(1, after)]).service([wait(law(row.law))]).rate(1000.0, 0))
    .seconds(2000.0)
    .near("hedges for each request", row.share, percent(2.0), hedges)
    .near("mean, ms", row.mean, percent(1.0), sojourn_mean)
    .near("p99, ms", row.p99, percent(2.0), sojourn(0.99))
    .near("p99.9, ms", row.p999, percent(4.0), sojourn(0.999));
    if row.after == 50.0 { case.quick(0.1) } else { case }
}

fn leaf(to: u32, after_ms: Option<u64>) -> tarsier_model::Step {
    after_ms.map_or_else(|| call(to), |ms| call_hedged(to, Span::from_millis(ms)))
}

fn hundred(law: Law, after_ms: Option<u64>) -> Arch {
    arch().service([parallel_times(100, leaf(1, after_ms))]).service([wait(law)]).rate(100.0, 0)
}

fn words(after_ms: Option<u64>) -> String {
    after_ms.map_or_else(|| "not hedged".to_owned(), |ms| format!("hedged after {ms} ms"))
}

/// The slowest of a hundred services that are slow once in a hundred.
fn fan_out(after_ms: Option<u64>) -> Case {
    let (p50, p99) = if after_ms.is_none() { (369.9767, 4600.199) } else { (56.39012, 112.8571) };
    let what = format!("slowest of 100 that are slow once in a hundred, {}", words(after_ms));
    Case::new(format!("hedge-100-{}", after_ms.unwrap_or(0)), what, MINIMUM)
        .model(move || hundred(two_fold(), after_ms))
        .seconds(1000.0)
        .near("p50, ms", p50, percent(2.0), sojourn(0.5))
        .near("p99, ms", p99, percent(4.0), sojourn(0.99))
}

/// A thousand keys on a hundred servers are a hundred calls; the law in three pieces, in milliseconds.
fn bigtable(after_ms: Option<u64>) -> Case {
    let law = || {
        mix(vec![
            (0.98, uniform(1.0, 10.0)),
            (0.02 - 0.002950978, pareto(10.0, 0.9560903, 74.0)),
            (0.002950978, pareto(74.0, 1.781875, f64::INFINITY)),
        ])
    };
    let what = format!("1,000 keys of a BigTable on 100 servers, {}", words(after_ms));
    let case = Case::new(format!("P11-{}", after_ms.unwrap_or(0)), what, BIGTABLE)
        .model(move || hundred(law(), after_ms))
        .seconds(3000.0)
        .near("p99.9, ms", if after_ms.is_none() { 1800.0 } else { 74.0 }, percent(6.0), sojourn(0.999));
    match after_ms {
        None => case,
        Some(_) => case.near("hedges for each call", 0.02, within(0.001), |runs| hedges(runs) / 100.0),
    }
}
