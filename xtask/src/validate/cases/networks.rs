//! Tandems, feedback, Jackson networks, closed networks.

use tarsier_random::Law;

use crate::validate::arch::{Arch, arch, call, choose, constant, exp, maybe, work};
use crate::validate::case::{Case, percent};
use crate::validate::read::{goodput, present, sojourn, sojourn_mean, utilization, visits, wait_mean_at};

const BURKE: &str = "Burke 1956; Reich 1957";
const JACKSON: &str = "Jackson 1957";
const MVA: &str = "Reiser, Lavenberg 1980 (mean value analysis)";
const BUZEN: &str = "Buzen 1973 (convolution)";
const REPAIR: &str = "Palm 1947 (machine repair)";

pub(super) fn cases() -> Vec<Case> {
    let mut cases = vec![tandem(), three_in_a_row(), feedback(), jackson()];
    cases.extend(THINKING.into_iter().map(thinking));
    cases.extend(BUSY.into_iter().map(busy));
    cases.extend(FOUR_SERVERS.into_iter().map(four_servers));
    cases.push(repair());
    cases
}

fn tandem() -> Case {
    Case::new("tandem-2", "M/M/1 → M/M/1, λ = 60/s, μ = 100/s, 80/s", BURKE)
        .model(|| arch().service([work(exp(10.0)), call(1)]).service([work(exp(12.5))]).rate(60.0, 0))
        .seconds(6e6 / 60.0)
        .quick(0.1)
        .near("mean time in system, ms", 75.0, percent(2.0), sojourn_mean)
        .near("mean number present", 4.5, percent(2.0), present)
        .near("time in system p50, ms", 61.39736, percent(3.0), sojourn(0.5))
        .near("time in system p95, ms", 183.8069, percent(3.0), sojourn(0.95))
        .near("time in system p99, ms", 264.7904, percent(3.0), sojourn(0.99))
        .near("time in system p99.9, ms", 380.0326, percent(5.0), sojourn(0.999))
}

fn three_in_a_row() -> Case {
    let model = || {
        let first = arch().service([work(exp(10.0)), call(1)]).service([work(exp(10.0)), call(2)]);
        first.service([work(exp(10.0))]).rate(80.0, 0)
    };
    Case::new("tandem-3", "three M/M/1 in a row, ρ = 0.8, S = 10 ms", BURKE)
        .model(model)
        .seconds(6e6 / 80.0)
        .near("mean time in system, ms", 150.0, percent(2.0), sojourn_mean)
        .near("time in system p50, ms", 133.7030, percent(3.0), sojourn(0.5))
        .near("time in system p95, ms", 314.7897, percent(3.0), sojourn(0.95))
        .near("time in system p99, ms", 420.2973, percent(3.0), sojourn(0.99))
}

/// A service that calls itself, one time in four.
fn feedback() -> Case {
    Case::new("feedback", "M/M/1 with feedback 25%, λ = 60/s, μ = 100/s", JACKSON)
        .model(|| arch().service([work(exp(10.0)), maybe(0.25, [call(0)])]).rate(60.0, 0))
        .seconds(6e6 / 60.0)
        .near("mean time over all visits, ms", 66.66667, percent(2.0), sojourn_mean)
        .near("mean number present", 4.0, percent(2.0), present)
        .near("visits", 1.333333, percent(0.5), visits(0))
        .near("utilisation", 0.8, percent(0.5), utilization(0))
}

/// gateway → 60% catalog, 30% cart, 10% done; catalog → 50% db; cart → db; db → 10% catalog.
fn jackson() -> Case {
    let [gateway, catalog, cart, db] =
        [1e3 / 200.0, 1e3 / 120.0, 1e3 / 60.0, 1e3 / 150.0].map(|mean| work(exp(mean)));
    let model = move || -> Arch {
        let go = choose(vec![(0.6, vec![call(1)]), (0.3, vec![call(2)]), (0.1, Vec::new())]);
        arch()
            .service([gateway.clone(), go])
            .service([catalog.clone(), maybe(0.5, [call(3)])])
            .service([cart.clone(), call(3)])
            .service([db.clone(), maybe(0.1, [call(1)])])
            .rate(100.0, 0)
    };
    Case::new("P7", "Jackson shop, 100/s", JACKSON)
        .model(model)
        .seconds(5e6 / 100.0)
        .quick(0.1)
        .near("mean time in system, ms", 39.62567, percent(2.0), sojourn_mean)
        .near("mean number present", 3.962567, percent(2.0), present)
        .near("utilisation of the gateway", 0.5, percent(0.5), utilization(0))
        .near("utilisation of the catalog", 0.5526316, percent(0.5), utilization(1))
        .near("utilisation of the cart", 0.5, percent(0.5), utilization(2))
        .near("utilisation of the db", 0.4210526, percent(0.5), utilization(3))
        .near("mean wait at the gateway, ms", 5.0, percent(3.0), wait_mean_at(0))
        .near("mean wait at the catalog, ms", 18.62745 - 1e3 / 120.0, percent(3.0), wait_mean_at(1))
        .near("mean wait at the cart, ms", 33.33333 - 1e3 / 60.0, percent(3.0), wait_mean_at(2))
        .near("mean wait at the db, ms", 11.51515 - 1e3 / 150.0, percent(3.0), wait_mean_at(3))
}

/// Users, throughput per second, response time in ms.
type Closed = (u64, f64, f64);

/// `Z` = 1 s; demands of 5, 30 and 27 ms.
const THINKING: [Closed; 6] = [
    (1, 0.9416196, 62.0),
    (10, 9.264585, 79.37918),
    (20, 17.96719, 113.1402),
    (35, 28.28624, 237.3508),
    (50, 32.46715, 540.0181),
    (100, 33.32965, 2000.331),
];

fn thinking(known: Closed) -> Case {
    let stations = || {
        let first = arch().service([work(exp(5.0)), call(1)]).service([work(exp(30.0)), call(2)]);
        first.service([work(exp(27.0))])
    };
    closed("mva", "closed, Z = 1 s, D = 5, 30, 27 ms", MVA, exp(1e3), stations, known)
}

/// No thinking; demands of 40 and 25 ms.
const BUSY: [Closed; 5] = [
    (1, 15.38462, 65.0),
    (2, 20.15504, 99.23077),
    (5, 24.04926, 207.9066),
    (10, 24.91425, 401.3768),
    (20, 24.99922, 800.0248),
];

fn busy(known: Closed) -> Case {
    let stations = || arch().service([work(exp(40.0)), call(1)]).service([work(exp(25.0))]);
    closed("mva-busy", "closed, Z = 0, D = 40, 25 ms", MVA, constant(0.0), stations, known)
}

/// `Z` = 1 s; 80 ms on a station of four servers, 15 ms on one of one.
const FOUR_SERVERS: [Closed; 5] = [
    (10, 9.114698, 97.12903),
    (20, 18.15749, 101.4741),
    (40, 35.34852, 131.5891),
    (60, 47.54325, 262.0089),
    (80, 49.96506, 601.1189),
];

fn four_servers(known: Closed) -> Case {
    let stations = || arch().service([work(exp(80.0)), call(1)]).cores(4).service([work(exp(15.0))]);
    let is_p8 = known.0 == 40 || known.0 == 60;
    let name = if is_p8 { "P8" } else { "buzen" };
    let case =
        closed(name, "closed, Z = 1 s, 80 ms on 4 servers, 15 ms on 1", BUZEN, exp(1e3), stations, known);
    if is_p8 { case.quick(0.1) } else { case }
}

fn closed(
    name: &str,
    what: &str,
    source: &'static str,
    think: Law,
    stations: fn() -> Arch,
    (users, throughput, response): Closed,
) -> Case {
    Case::new(format!("{name}-{users}"), format!("{what}, N = {users}"), source)
        .model(move || stations().users(users, think.clone(), 0))
        .seconds(1e6 / throughput)
        .near("throughput, /s", throughput, percent(1.0), goodput)
        .near("mean response time, ms", response, percent(3.0), sojourn_mean)
}

fn repair() -> Case {
    let station = || arch().service([work(exp(100.0))]);
    closed(
        "repair",
        "machine repair, Z = 1 s, S = 100 ms",
        REPAIR,
        exp(1e3),
        station,
        (10, 7.854177, 273.2079),
    )
}
