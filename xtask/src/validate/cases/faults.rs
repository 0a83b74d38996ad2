//! What is down at random, and what that means for those who need it.

use tarsier_check::examine;

use crate::validate::arch::{Arch, arch, call, call_or, quorum};
use crate::validate::case::{Case, percent, within};
use crate::validate::read::{Run, failed};

const RELIABILITY: &str =
    "alternating renewal processes: up / (up + down); in series a product, in parallel 1 - (1 - a)^n";

/// Short outages, so that there are many: only the ratio to the time between them matters.
const DOWN_MS: u64 = 10;
const PER_SECOND: f64 = 100.0;

pub(super) fn cases() -> Vec<Case> {
    vec![
        case("P17-parallel", "99.99% in front of two of 99%", parallel, 0.999_800_01, 0.5e-8).quick(0.02),
        case("P17-series", "99.99% in front of ten times three of 99.98%", series, 0.993_918, 0.5e-6)
            .quick(0.02),
        case("P17-2-of-3", "two of three of 99%", || of_several(2, 3), 0.999_702, 0.5e-6),
        case("P17-3-of-5", "three of five of 99%", || of_several(3, 5), 0.999_990_1, 0.5e-7),
        case("P17-repair", "1000 h between failures, 10 h to repair", alone, 0.990_099_0, 0.5e-7),
    ]
}

/// `digits` is the rounding of what was published.
fn case(id: &str, what: &str, model: fn() -> Arch, expected: f64, digits: f64) -> Case {
    let computed = move |_: &[Run]| examine(&model().seal()).availabilities[0].share;
    Case::new(id, what, RELIABILITY)
        .model(model)
        .seconds(1e5)
        .near("availability, as `check` computes it", expected, within(digits), computed)
        .near("share of requests that fail (Monte Carlo)", 1.0 - expected, percent(3.0), failed(0))
}

fn parallel() -> Arch {
    arch()
        .service([call_or(1, 2)])
        .availability(0.9999, DOWN_MS)
        .service([])
        .availability(0.99, DOWN_MS)
        .service([])
        .availability(0.99, DOWN_MS)
        .rate(PER_SECOND, 0)
}

fn of_several(need: u32, n: u32) -> Arch {
    let front = arch().service([quorum(need, (1..=n).map(call))]).rate(PER_SECOND, 0);
    (0..n).fold(front, |arch, _| arch.service([]).availability(0.99, DOWN_MS))
}

fn alone() -> Arch {
    arch().service([]).availability(1_000.0 / 1_010.0, DOWN_MS).rate(PER_SECOND, 0)
}

/// Ten calls, each of which makes two more.
fn series() -> Arch {
    let front =
        arch().service(Vec::from_iter((0..10).map(|n| call(1 + 3 * n)))).availability(0.9999, DOWN_MS);
    let branch = |arch: Arch, n: u32| {
        let first = 1 + 3 * n;
        let head = arch.service([call(first + 1), call(first + 2)]).availability(0.9998, DOWN_MS);
        head.service([]).availability(0.9998, DOWN_MS).service([]).availability(0.9998, DOWN_MS)
    };
    (0..10).fold(front, branch).rate(PER_SECOND, 0)
}
