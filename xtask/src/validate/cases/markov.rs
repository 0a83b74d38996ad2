//! M/M/1 and M/M/k.

use crate::validate::arch::{arch, exp, station, wait as step_wait};
use crate::validate::case::{Case, percent, within};
use crate::validate::read::{queue_length, sojourn, sojourn_mean, utilization, wait, wait_mean, waited};

const KLEINROCK: &str = "Kleinrock, Queueing Systems I (1975), §3.2";
const ERLANG: &str = "Erlang 1917; Kleinrock, Queueing Systems I (1975), §3.5";

pub(super) fn cases() -> Vec<Case> {
    let one = MM1.iter().map(one_server);
    let many = MMK.iter().map(many_servers);
    one.chain(many).chain([workers()]).collect()
}

struct Mm1 {
    rho: f64,
    /// Requests simulated.
    requests: f64,
    queued: f64,
    sojourn: f64,
    wait: f64,
    /// p50, p95, p99, p99.9.
    sojourns: [f64; 4],
    /// p95, p99, p99.9.
    waits: [f64; 3],
}

/// `W = S / (1 - ρ)`; the time in the system is exponential, the wait's quantiles are `W ln(ρ / (1 - p))`.
const MM1: [Mm1; 5] = [
    Mm1 {
        rho: 0.5,
        requests: 3e6,
        queued: 0.5,
        sojourn: 20.0,
        wait: 10.0,
        sojourns: [13.86294, 59.91465, 92.10340, 138.1551],
        waits: [46.05170, 78.24046, 124.2922],
    },
    Mm1 {
        rho: 0.7,
        requests: 5e6,
        queued: 1.633333,
        sojourn: 33.33333,
        wait: 23.33333,
        sojourns: [23.10491, 99.85774, 153.5057, 230.2585],
        waits: [87.96858, 141.6165, 218.3693],
    },
    Mm1 {
        rho: 0.8,
        requests: 1.2e7,
        queued: 3.2,
        sojourn: 50.0,
        wait: 40.0,
        sojourns: [34.65736, 149.7866, 230.2585, 345.3878],
        waits: [138.6294, 219.1013, 334.2306],
    },
    Mm1 {
        rho: 0.9,
        requests: 3e7,
        queued: 8.1,
        sojourn: 100.0,
        wait: 90.0,
        sojourns: [69.31472, 299.5732, 460.5170, 690.7755],
        waits: [289.0372, 449.9810, 680.2395],
    },
    Mm1 {
        rho: 0.95,
        requests: 6e7,
        queued: 18.05,
        sojourn: 200.0,
        wait: 190.0,
        sojourns: [138.6294, 599.1465, 921.0340, 1381.551],
        waits: [588.8878, 910.7754, 1371.292],
    },
];

fn one_server(known: &'static Mm1) -> Case {
    let Mm1 { rho, .. } = *known;
    let rate = 100.0 * rho;
    let id = if rho == 0.8 { "P1".to_owned() } else { format!("mm1-{rho}") };
    // Ten times as many customers for the same precision far out in the tail.
    let tail = percent(if rho < 0.9 { 3.0 } else { 5.0 });
    let case = Case::new(id, format!("M/M/1, ρ = {rho}, S = 10 ms"), KLEINROCK)
        .model(move || station(exp(10.0), rate))
        .seconds(known.requests / rate)
        .near("mean time in system, ms", known.sojourn, percent(2.0), sojourn_mean)
        .near("mean wait, ms", known.wait, percent(2.0), wait_mean)
        .near("mean number waiting", known.queued, percent(2.0), queue_length)
        .near("utilisation", rho, percent(0.5), utilization(0))
        .near("share that waits", rho, within(0.005), waited)
        .near("time in system p50, ms", known.sojourns[0], percent(3.0), sojourn(0.5))
        .near("time in system p95, ms", known.sojourns[1], percent(3.0), sojourn(0.95))
        .near("time in system p99, ms", known.sojourns[2], percent(3.0), sojourn(0.99))
        .near("time in system p99.9, ms", known.sojourns[3], tail, sojourn(0.999))
        .near("wait p95, ms", known.waits[0], percent(3.0), wait(0.95))
        .near("wait p99, ms", known.waits[1], percent(3.0), wait(0.99))
        .near("wait p99.9, ms", known.waits[2], tail, wait(0.999));
    if rho == 0.8 { case.quick(0.1) } else { case }
}

struct Mmk {
    k: u32,
    rate: f64,
    waits: f64,
    queued: f64,
    wait: f64,
    sojourn: f64,
    /// p50, p95, p99, p99.9 of the wait.
    wait_q: [f64; 4],
    /// p50, p95, p99 of the time in the system.
    sojourn_q: [f64; 3],
}

/// Erlang's C for `k` servers of rate 1; the wait's quantiles are `ln(C / (1 - p)) / (k - λ)`.
const MMK: [Mmk; 7] = [
    Mmk {
        k: 2,
        rate: 1.0,
        waits: 0.3333333,
        queued: 0.3333333,
        wait: 0.3333333,
        sojourn: 1.333333,
        wait_q: [0.0, 1.897120, 3.506558, 5.809143],
        sojourn_q: [0.9744116, 3.816460, 5.665961],
    },
    Mmk {
        k: 2,
        rate: 1.6,
        waits: 0.7111111,
        queued: 2.844444,
        wait: 1.777778,
        sojourn: 2.777778,
        wait_q: [0.8805515, 6.637014, 10.66061, 16.41707],
        sojourn_q: [2.040031, 7.910684, 11.93737],
    },
    Mmk {
        k: 4,
        rate: 3.2,
        waits: 0.5964325,
        queued: 2.385730,
        wait: 0.7455406,
        sojourn: 1.745541,
        wait_q: [0.2204474, 3.098679, 5.110476, 7.988708],
        sojourn_q: [1.346199, 4.738019, 6.893204],
    },
    Mmk {
        k: 8,
        rate: 7.2,
        waits: 0.7015330,
        queued: 6.313797,
        wait: 0.8769162,
        sojourn: 1.876916,
        wait_q: [0.4233248, 3.301556, 5.313354, 8.191585],
        sojourn_q: [1.489355, 4.925147, 7.087347],
    },
    Mmk {
        k: 16,
        rate: 14.4,
        waits: 0.5913434,
        queued: 5.322091,
        wait: 0.3695896,
        sojourn: 1.369590,
        wait_q: [0.1048680, 1.543984, 2.549882, 3.988998],
        sojourn_q: [1.078010, 3.623543, 5.269835],
    },
    Mmk {
        k: 50,
        rate: 45.0,
        waits: 0.3638645,
        queued: 3.274780,
        wait: 0.07277289,
        sojourn: 1.072773,
        wait_q: [0.0, 0.3969517, 0.7188393, 1.179356],
        sojourn_q: [0.7764696, 3.082796, 4.692234],
    },
    Mmk {
        k: 100,
        rate: 95.0,
        waits: 0.5064569,
        queued: 9.622680,
        wait: 0.1012914,
        sojourn: 1.101291,
        wait_q: [0.002566207, 0.4630832, 0.7849708, 1.245488],
        sojourn_q: [0.8079159, 3.114949, 4.724387],
    },
];

fn many_servers(known: &'static Mmk) -> Case {
    let &Mmk { k, rate, wait_q, sojourn_q, .. } = known;
    let id = if k == 4 { "P2".to_owned() } else { format!("mmk-{k}-{rate}") };
    // At the same load a queue of many servers comes and goes as slowly, counted in services: it takes more of them.
    let requests = if k < 50 { 8e6 } else { 3e7 };
    let case = Case::new(id, format!("M/M/{k}, λ = {rate}, S = 1 ms"), ERLANG)
        .model(move || station(exp(1.0), rate * 1e3).cores(k))
        .seconds(requests / (rate * 1e3))
        .near("share that waits", known.waits, within(0.01), waited)
        .near("mean number waiting", known.queued, percent(3.0), queue_length)
        .near("mean wait, ms", known.wait, percent(3.0), wait_mean)
        .near("mean time in system, ms", known.sojourn, percent(2.0), sojourn_mean)
        .near("wait p50, ms", wait_q[0], within(0.02), wait(0.5))
        .near("wait p95, ms", wait_q[1], percent(4.0), wait(0.95))
        .near("wait p99, ms", wait_q[2], percent(4.0), wait(0.99))
        .near("wait p99.9, ms", wait_q[3], percent(5.0), wait(0.999))
        .near("time in system p50, ms", sojourn_q[0], percent(2.0), sojourn(0.5))
        .near("time in system p95, ms", sojourn_q[1], percent(3.0), sojourn(0.95))
        .near("time in system p99, ms", sojourn_q[2], percent(3.0), sojourn(0.99));
    if k == 4 { case.quick(0.1) } else { case }
}

/// The same law where workers are what is scarce: a wait without a core, held by a worker.
fn workers() -> Case {
    let model = || arch().service([step_wait(exp(1.0))]).workers(4).rate(3200.0, 0);
    Case::new("mmk-workers", "M/M/4 made of workers, λ = 3.2, S = 1 ms", ERLANG)
        .model(model)
        .seconds(4e6 / 3200.0)
        .quick(0.1)
        .near("share that waits", 0.5964325, within(0.01), waited)
        .near("mean wait, ms", 0.7455406, percent(3.0), wait_mean)
        .near("wait p99, ms", 5.110476, percent(4.0), wait(0.99))
}
