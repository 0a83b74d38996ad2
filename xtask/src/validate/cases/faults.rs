//! What is down at random, and what that means for those who need it.

use crate::validate::arch::{Arch, arch, call, call_or};
use crate::validate::case::{Case, percent};
use crate::validate::read::failed;

const RELIABILITY: &str =
    "alternating renewal processes: up / (up + down); in series a product, in parallel 1 - (1 - a)^n";

/// Short outages, so that there are many: only the ratio to the time between them matters.
const DOWN_MS: u64 = 10;
const PER_SECOND: f64 = 100.0;

pub(super) fn cases() -> Vec<Case> {
    vec![
        case("P17-parallel", "99.99% in front of two of 99%", parallel, 1.0 - 0.999_800_01).quick(0.02),
        case("P17-series", "99.99% in front of ten times three of 99.98%", series, 1.0 - 0.993_918)
            .quick(0.02),
    ]
}

fn case(id: &str, what: &str, model: fn() -> Arch, expected: f64) -> Case {
    Case::new(id, format!("Monte Carlo, {what}"), RELIABILITY).model(model).seconds(1e5).near(
        "share of requests that fail",
        expected,
        percent(3.0),
        failed(0),
    )
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
