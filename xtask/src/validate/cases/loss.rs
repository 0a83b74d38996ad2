//! Erlang's B, M/M/1/K and M/M/k/K.

use tarsier_random::Law;

use crate::validate::arch::{constant, exp, lognormal, station};
use crate::validate::case::{Case, percent, within};
use crate::validate::read::{blocked, goodput, present, queue_length, residence_mean, wait_mean};

const ERLANG_B: &str = "Erlang 1917; insensitivity: Sevast'yanov 1957";
const BOUNDED: &str = "Kleinrock, Queueing Systems I (1975), §3.6";

/// What the row is about, and the law.
type NamedLaw = (&'static str, fn() -> Law);

pub(super) fn cases() -> Vec<Case> {
    ERLANG.into_iter().map(erlang_b).chain([insensitive()]).chain(PLACES.iter().map(places)).collect()
}

/// Servers, offered load, share blocked.
const ERLANG: [(u32, f64, f64); 7] = [
    (1, 0.8, 0.4444444),
    (5, 5.0, 0.2848678),
    (10, 8.0, 0.1216611),
    (20, 15.0, 0.04559322),
    (30, 20.0, 0.008457498),
    (100, 90.0, 0.02695738),
    (100, 100.0, 0.07570045),
];

fn erlang_b((k, load, share): (u32, f64, f64)) -> Case {
    Case::new(format!("erlang-b-{k}-{load}"), format!("M/M/{k}/{k}, a = {load}"), ERLANG_B)
        .model(move || station(exp(1.0), load * 1e3).cores(k).queue(0))
        .seconds(3e6 / (load * 1e3))
        .near("share blocked", share, within(0.001), blocked)
}

/// What is lost depends on the service law by its mean only.
fn insensitive() -> Case {
    let mut case = Case::new("P3", "M/G/10/10, a = 8", ERLANG_B).seconds(2e6 / 8e3).quick(0.2);
    let laws: [NamedLaw; 3] = [
        ("share blocked, exponential", || exp(1.0)),
        ("share blocked, constant", || constant(1.0)),
        ("share blocked, lognormal cv 2", || lognormal(1.0, 2.0)),
    ];
    for (index, (what, law)) in laws.into_iter().enumerate() {
        case = case.model(move || station(law(), 8e3).cores(10).queue(0)).near(
            what,
            0.1216611,
            within(0.003),
            move |runs| blocked(&runs[index..]),
        );
    }
    case
}

struct Places {
    rate: f64,
    k: u32,
    places: u32,
    blocked: f64,
    present: f64,
    queued: f64,
    throughput: f64,
    sojourn: f64,
    wait: f64,
}

const PLACES: [Places; 7] = [
    known([0.8, 1.0, 5.0], 0.08881950, [1.868332, 1.139388, 0.7289444, 2.563065, 1.563065]),
    known([0.9, 1.0, 10.0], 0.05081373, [3.969441, 3.115173, 0.8542676, 4.646601, 3.646601]),
    known([1.0, 1.0, 10.0], 0.09090909, [5.0, 4.090909, 0.9090909, 5.5, 4.5]),
    known([1.2, 1.0, 10.0], 0.1925865, [6.710709, 5.741812, 0.9688962, 6.926138, 5.926138]),
    known([2.0, 1.0, 10.0], 0.5002443, [9.005374, 8.005862, 0.9995115, 9.009775, 8.009775]),
    known([3.6, 4.0, 20.0], 0.01680498, [7.769208, 4.229706, 3.539502, 2.195000, 1.195000]),
    known([6.0, 4.0, 20.0], 0.3334806, [18.00835, 14.00923, 3.999116, 4.503082, 3.503082]),
];

const fn known([rate, k, places]: [f64; 3], blocked: f64, rest: [f64; 5]) -> Places {
    let [present, queued, throughput, sojourn, wait] = rest;
    Places { rate, k: k as u32, places: places as u32, blocked, present, queued, throughput, sojourn, wait }
}

fn places(known: &'static Places) -> Case {
    let &Places { rate, k, places, .. } = known;
    let is_p4 = rate == 1.2;
    let id = if is_p4 { "P4".to_owned() } else { format!("places-{rate}-{k}-{places}") };
    let case = Case::new(id, format!("M/M/{k}/{places}, λ = {rate}, S = 1 ms"), BOUNDED)
        .model(move || station(exp(1.0), rate * 1e3).cores(k).queue(places - k))
        .seconds(4e6 / (rate * 1e3))
        .near("share blocked", known.blocked, within(0.003), blocked)
        .near("mean number present", known.present, percent(2.0), present)
        .near("mean number waiting", known.queued, percent(2.0), queue_length)
        .near("throughput, per ms", known.throughput, percent(1.0), |runs| goodput(runs) / 1e3)
        .near("mean time in system, ms", known.sojourn, percent(2.0), residence_mean)
        .near("mean wait, ms", known.wait, percent(2.0), wait_mean);
    if is_p4 { case.quick(0.1) } else { case }
}
