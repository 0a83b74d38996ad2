//! Who changes the same thing at the same time, and how long losers wait before they try again.

use tarsier_model::{Backoff, Jitter};
use tarsier_testkit::markov::Mmk;
use tarsier_units::Span;

use crate::validate::arch::{
    Arch, arch, call_backing_off, committed, constant, exp, locked, normal, parallel_times, wait,
};
use crate::validate::case::{Case, percent};
use crate::validate::read::{Run, sojourn, sojourn_max, sojourn_mean, visits};

const BROOKER: &str =
    "Brooker, «Exponential Backoff and Jitter», AWS Architecture Blog (2015), its simulator";
const GUNTHER: &str = "Gunther, Guerrilla Capacity Planning (2007): the Universal Scalability Law";
const ERLANG: &str = "Erlang 1917";

pub(super) fn cases() -> Vec<Case> {
    let strategies =
        STRATEGIES.iter().flat_map(|strategy| strategy.rows.iter().map(|row| optimistic(strategy, *row)));
    strategies.chain(SCALABILITIES.iter().map(scalability)).chain([lock(1), lock(4)]).collect()
}

/// A law of scalability, and how many workers do how much with it.
struct Scalability {
    name: &'static str,
    /// What one worker does a second, what of it none may do beside others, and what it costs to agree.
    gamma: f64,
    alpha: f64,
    beta: f64,
    rows: &'static [(u32, f64)],
}

/// `X(N) = γN / (1 + α(N-1) + βN(N-1))`; the first is that of the SPEC SDM91 benchmark, whose most is 1884 at
/// 96.5.
const SCALABILITIES: [Scalability; 2] = [
    Scalability {
        name: "spec-sdm91",
        gamma: 89.99523,
        alpha: 0.0277285,
        beta: 0.0001044,
        rows: &[(1, 89.99523), (18, 1077.550), (96, 1883.757), (216, 1645.981)],
    },
    Scalability {
        name: "synthetic",
        gamma: 1000.0,
        alpha: 0.05,
        beta: 0.001,
        rows: &[(8, 5689.900), (31, 9037.901), (64, 7822.048), (128, 5422.350)],
    },
];

/// Workers side by side, then one after the other at a lock, then in agreement: each commit of one makes all
/// others who are at it try again, `N(N+1)/2` attempts in all. With constant times this is the law, exactly.
fn scalability(law: &'static Scalability) -> Case {
    let what = format!("γ = {}, α = {}, β = {}", law.gamma, law.alpha, law.beta);
    let unit = 1e3 / law.gamma;
    let agree = 2.0 * law.beta * unit;
    let serial = law.alpha * unit - agree;
    let mut case = Case::new(format!("usl-{}", law.name), what, GUNTHER).story(1.0, 1).quick(1.0);
    for (index, (n, throughput)) in law.rows.iter().enumerate() {
        let model = move || {
            let steps = [
                wait(constant(unit - serial - agree)),
                locked(wait(constant(serial))),
                committed(locked(wait(constant(agree)))),
            ];
            let service = arch().service(steps.map(|step| parallel_times(*n, step)));
            service.lock(1).users(1, constant(0.0), 0)
        };
        let what = format!("throughput of {n}, /s");
        case = case.model(model).near(&what, *throughput, percent(0.01), move |runs: &[Run]| {
            f64::from(*n) / sojourn_mean(&runs[index..]) * 1e3
        });
    }
    case
}

/// Who holds a permit is served, who wants one waits.
fn lock(permits: u32) -> Case {
    let theory = Mmk { servers: permits, arrival: 0.8 * f64::from(permits), service: 1.0 };
    Case::new(
        format!("lock-{permits}"),
        format!("a lock with permits, {permits}, as M/M/{permits}, ρ = 0.8"),
        ERLANG,
    )
    .model(move || arch().service([locked(wait(exp(1.0)))]).lock(permits).rate(theory.arrival * 1e3, 0))
    .seconds(5e6 / (theory.arrival * 1e3))
    .quick(0.1)
    .near("mean time in system, ms", theory.sojourn(), percent(2.0), sojourn_mean)
    .near("p99, ms", theory.sojourn_quantile(0.99), percent(3.0), sojourn(0.99))
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
