//! Who changes the same thing at the same time, and how long losers wait before they try again.

use tarsier_model::{Backoff, Jitter};
use tarsier_units::Span;

use crate::validate::arch::{Arch, arch, call_backing_off, constant, normal, wait};
use crate::validate::case::{Case, percent};
use crate::validate::read::{sojourn_max, visits};

const BROOKER: &str =
    "Brooker, «Exponential Backoff and Jitter», AWS Architecture Blog (2015), its simulator";

pub(super) fn cases() -> Vec<Case> {
    STRATEGIES
        .iter()
        .flat_map(|strategy| strategy.rows.iter().map(|row| optimistic(strategy, *row)))
        .collect()
}

/// A way to wait, and what the author's own simulator finds (400 runs each).
struct Strategy {
    name: &'static str,
    /// Milliseconds before the first retry; none goes out at once.
    base_ms: Option<u64>,
    jitter: Jitter,
    /// Clients, writes until all have succeeded, milliseconds until then.
    rows: [(u64, f64, f64); 2],
}

/// The simulator counts retries from one, so the first exponential backoff is twice its base of 5 ms.
const STRATEGIES: [Strategy; 5] = [
    Strategy {
        name: "none",
        base_ms: None,
        jitter: Jitter::None,
        rows: [(20, 152.0, 603.0), (100, 2420.9, 2026.0)],
    },
    Strategy {
        name: "exponential",
        base_ms: Some(10),
        jitter: Jitter::None,
        rows: [(20, 150.4, 14430.0), (100, 1856.6, 63503.0)],
    },
    Strategy {
        name: "equal-jitter",
        base_ms: Some(10),
        jitter: Jitter::Equal,
        rows: [(20, 108.1, 1601.0), (100, 812.4, 6559.0)],
    },
    Strategy {
        name: "full-jitter",
        base_ms: Some(10),
        jitter: Jitter::Full,
        rows: [(20, 100.0, 996.0), (100, 795.6, 4865.0)],
    },
    Strategy {
        name: "decorrelated-jitter",
        base_ms: Some(5),
        jitter: Jitter::Decorrelated,
        rows: [(20, 101.0, 826.0), (100, 1003.5, 4586.0)],
    },
];

/// Clients read a row, and write it if nobody has meanwhile; all begin at once, each is done when it has written.
fn optimistic(strategy: &Strategy, (clients, writes, ms): (u64, f64, f64)) -> Case {
    let (base, jitter) = (strategy.base_ms.map(Span::from_millis), strategy.jitter);
    let id = format!("P14-{}-{clients}", strategy.name);
    let what = format!("{clients} clients write one row, {} backoff, messages of N(10, 2) ms", strategy.name);
    let case = Case::new(id, what, BROOKER)
        .model(move || contending(clients, base, jitter))
        // Everybody thinks until second 300, and would again until second 600.
        .replications(100)
        .seconds(100.0 * 500.0)
        .near("writes for each client", writes / clients as f64, percent(2.0), visits(1))
        .near("until the last has succeeded, ms", ms, percent(10.0), sojourn_max);
    if clients == 20 { case.quick(1.0) } else { case }
}

fn contending(clients: u64, base: Option<Span>, jitter: Jitter) -> Arch {
    let backoff = base.map(|base| Backoff { base, factor: 2.0, max: Some(Span::from_secs(2)) });
    // The answer to the reading, and the writing, are on their way between the two looks at the version.
    let message = || wait(normal(10.0, 2.0));
    arch()
        .service([call_backing_off(1, backoff, jitter)])
        .service([])
        .conflict([message(), message()])
        .hops(normal(10.0, 2.0))
        .users(clients, constant(300e3), 0)
}
