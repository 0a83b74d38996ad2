//! Timeouts, retries, and storms that outlive what set them off.

use tarsier_model::{Backoff, Jitter, Step};
use tarsier_units::Span;

use crate::validate::arch::{Arch, arch, call_retrying, constant, exp, station};
use crate::validate::case::{Case, Expected, percent, within};
use crate::validate::read::{Run, goodput, late_attempts, late_goodput, visits};

const KLEINROCK: &str = "Kleinrock, Queueing Systems I (1975), §3.2: P(T > τ)";
const SRE: &str =
    "Beyer et al., Site Reliability Engineering (2016), ch. 22; Brooker, Amazon Builders' Library";
const LIFO: &str = "Beyer et al., Site Reliability Engineering (2016), ch. 21";
const BRONSON: &str = "Bronson et al., Metastable Failures in Distributed Systems (HotOS 2021)";
const BROOKER: &str = "Brooker, simulator_example: simple_collapse_sim, 200 runs each";
const HUANG: &str = "Huang et al., Metastable Failures in the Wild (OSDI 2022), theorem 2";

pub(super) fn cases() -> Vec<Case> {
    let timeouts = TIMEOUTS.into_iter().map(given_up);
    let retries = RETRIES.into_iter().map(amplified);
    timeouts
        .chain([first_in_first_out()])
        .chain(retries)
        .chain(storms())
        .chain(boundary())
        .chain(collapses())
        .collect()
}

/// Rate of requests, rate of those answered within 100 ms.
const TIMEOUTS: [(f64, f64); 4] = [(50.0, 49.66310), (80.0, 69.17318), (90.0, 56.89085), (95.0, 37.37959)];

/// The server works on for those who have left: goodput falls with load.
fn given_up((rate, expected): (f64, f64)) -> Case {
    let case = Case::new(
        format!("timeout-{rate}"),
        format!("M/M/1, μ = 100/s, λ = {rate}/s, τ = 100 ms"),
        KLEINROCK,
    )
    .model(move || station(exp(10.0), rate).timeout(100))
    .seconds(if rate > 85.0 { 3e7 } else { 5e6 } / rate)
    .near("goodput, /s", expected, percent(2.0), goodput);
    if rate == 80.0 { case.quick(0.1) } else { case }
}

/// 120/s into 100/s: the wait passes the bound after five seconds, and nobody is answered in time any more.
fn first_in_first_out() -> Case {
    Case::new("fifo-overload", "D/D/1, 120/s into 100/s, τ = 1 s", LIFO)
        .model(|| station(constant(10.0), 120.0).regular().timeout(1000))
        .story(60.0, 1)
        .quick(1.0)
        .check("goodput from 7 s on, /s", Expected::Exactly(0.0), late_goodput(53))
        .check("goodput over all, /s: 5 s of 100/s at most", Expected::AtMost(610.0 / 60.0), goodput)
}

/// Retries, layers, chance of failure, attempts at the last layer for each request.
const RETRIES: [(u32, u32, f64, f64); 13] = [
    (3, 1, 0.1, 1.111),
    (3, 1, 0.5, 1.875),
    (3, 1, 0.9, 3.439),
    (2, 3, 0.5, 2.0),
    (2, 3, 0.9, 9.418503),
    (2, 3, 0.99, 23.76573),
    (2, 3, 1.0, 27.0),
    (3, 3, 0.9, 9.988210),
    (3, 3, 0.99, 47.44035),
    (3, 3, 1.0, 64.0),
    (2, 5, 0.9, 10.0),
    (2, 5, 0.99, 91.30334),
    (2, 5, 1.0, 243.0),
];

/// Each layer tries the next `retries` times more; the last fails.
fn amplified((retries, layers, fails, expected): (u32, u32, f64, f64)) -> Case {
    let model = move || -> Arch {
        let chain = (1..=layers).fold(arch(), |arch, next| arch.service([call_retrying(next, retries)]));
        chain.service([Step::Fail(fails)]).rate(100.0, 0)
    };
    let is_p13 = (retries, layers) == (3, 3) && fails != 0.99;
    let id = if is_p13 { format!("P13-{fails}") } else { format!("retries-{retries}-{layers}-{fails}") };
    let what = format!("{layers} layers, {retries} retries each, {}% of attempts fail", fails * 100.0);
    let expected =
        if fails == 1.0 { Expected::Exactly(expected) } else { Expected::Near(expected, percent(2.0)) };
    let case = Case::new(id, what, SRE)
        .model(model)
        .seconds(if fails == 1.0 { 100.0 } else { 2000.0 })
        .check("attempts at the last layer for each request", expected, visits(layers as usize));
    if is_p13 { case.quick(if fails == 1.0 { 1.0 } else { 0.2 }) } else { case }
}

/// How long a storm is watched, and how much of its end counts.
const STORY_S: f64 = 600.0;
const END_S: usize = 100;

/// A database of 300/s that stands still for ten seconds, with users who wait a second and try once more.
fn outage(rate: f64, retries: u32) -> Arch {
    station(constant(1e3 / 300.0), rate).timeout(1000).retries(retries).pause(20, 10_000)
}

fn storms() -> Vec<Case> {
    let story = |id: &str, what: &str, rate: f64, retries: u32| {
        let what = format!("M/D/1, 300/s, τ = 1 s, {retries} retries, 10 s outage, {what}");
        Case::new(id, what, BRONSON).model(move || outage(rate, retries)).story(STORY_S, 4).quick(1.0)
    };
    vec![
        story("P15-280", "280/s", 280.0, 1)
            .check("goodput at the end, /s: under 1%", Expected::AtMost(2.8), late_goodput(END_S))
            .near("attempts at the end, /s", 560.0, percent(3.0), late_attempts(END_S)),
        story("P15-160", "160/s", 160.0, 1)
            .check("goodput at the end, /s: under 1%", Expected::AtMost(1.6), late_goodput(END_S))
            .near("attempts at the end, /s", 320.0, percent(3.0), late_attempts(END_S)),
        story("P15-140", "140/s", 140.0, 1).near(
            "goodput at the end, /s",
            140.0,
            percent(3.0),
            late_goodput(END_S),
        ),
        story("P15-280-0", "280/s", 280.0, 0).near(
            "goodput at the end, /s",
            280.0,
            percent(3.0),
            late_goodput(END_S),
        ),
    ]
}

/// With three retries the storm needs more than μ / 4 = 25/s to feed on, and a trigger that is long enough.
fn boundary() -> Vec<Case> {
    let model = |rate: f64, pause_ms: u64| {
        move || station(exp(10.0), rate).timeout(1000).retries(3).pause(20, pause_ms)
    };
    let story = |id: &str, rate: f64, pause_ms: u64| {
        let what = format!("M/M/1, 100/s, τ = 1 s, 3 retries, {rate}/s, {} s outage", pause_ms as f64 / 1e3);
        Case::new(id, what, HUANG).model(model(rate, pause_ms)).story(STORY_S, 4)
    };
    let recovers = |case: Case, rate: f64| {
        let what = format!("goodput at the end, /s: 90% of {rate}");
        case.check(&what, Expected::AtLeast(0.9 * rate), late_goodput(END_S))
    };
    let collapses = |case: Case, rate: f64| {
        case.check("goodput at the end, /s: under 1%", Expected::AtMost(rate / 100.0), late_goodput(END_S))
    };
    vec![
        recovers(story("theorem-2-20", 20.0, 10_000), 20.0),
        collapses(story("theorem-2-30", 30.0, 10_000), 30.0).near(
            "attempts at the end for each request",
            4.0,
            percent(3.0),
            |runs: &[Run]| late_attempts(END_S)(runs) / 30.0,
        ),
        collapses(story("theorem-2-70", 70.0, 10_000), 70.0).near(
            "attempts at the end, /s",
            277.0,
            percent(3.0),
            late_attempts(END_S),
        ),
        recovers(story("trigger-0.5s", 70.0, 500), 70.0),
        on_the_edge(),
        collapses(story("trigger-2s", 70.0, 2_000), 70.0),
        recovers(budgeted(), 80.0),
    ]
}

/// A second is just long enough for some runs: an independent simulation of 700 saw 78 collapse, give or take nine.
/// The tolerance is three standard errors of both together.
fn on_the_edge() -> Case {
    let collapsed = |runs: &[Run]| f64::from(u8::from(late_goodput(50)(runs) < 7.0));
    Case::new(
        "trigger-1s",
        "M/M/1, 100/s, τ = 1 s, 3 retries, 70/s, 1 s outage",
        "independent simulation, 700 runs",
    )
    .model(|| station(exp(10.0), 70.0).timeout(1000).retries(3).pause(20, 1_000))
    .story(220.0, 200)
    .near("share of runs that collapse", 78.0 / 700.0, within(0.075), collapsed)
}

/// Retries that may be a tenth of the requests cannot keep a storm going.
fn budgeted() -> Case {
    Case::new("budget-80", "M/M/1, 100/s, τ = 1 s, 3 retries within 10%, 80/s, 10 s outage", HUANG)
        .model(|| station(exp(10.0), 80.0).timeout(1000).retries(3).budget(0.1).pause(20, 10_000))
        .story(STORY_S, 4)
        .quick(1.0)
}

/// A server on which a request takes a second and a hundredth for each that is there when it begins, itself included;
/// users who wait three seconds and try twice more, with 0.1 s of network there and back.
fn brooker() -> Arch {
    station(constant(1010.0), 40.0)
        .cores(1_000_000)
        .drag(0.01 / 1.01)
        .users_hop(exp(100.0))
        .timeout(3000)
        .retries(2)
}

/// Pauses before the retries, up to 20 s and 40 s.
fn patient(arch: Arch) -> Arch {
    arch.backoff(Backoff { base: Span::from_secs(20), factor: 2.0, max: None }, Jitter::Full)
}

/// A spike of five seconds tips most runs, and none if retries wait; a ramp tips all, whether they wait or not.
fn collapses() -> [Case; 4] {
    let spike = || brooker().spike(20, 5, 2.0);
    let ramp = || brooker().ramp(&[(0, 40.0), (25, 80.0), (75, 0.0)]);
    let collapsed = |runs: &[Run]| f64::from(u8::from(late_goodput(10)(runs) < 4.0));
    let case = |id: &str, what: &str| Case::new(id, what, BROOKER);
    [
        case("collapse-spike", "40/s, five seconds of 80/s, retries at once")
            .model(spike)
            .story(80.0, 200)
            // Three standard errors of both together.
            .near("share of runs that collapse", 143.0 / 200.0, within(0.135), collapsed),
        case("collapse-spike-backoff", "40/s, five seconds of 80/s, backoff of 20 s with full jitter")
            .model(move || patient(spike()))
            .story(80.0, 200)
            .near("goodput at the end, /s", 39.9, percent(2.0), late_goodput(10)),
        case("collapse-ramp", "40/s up to 80/s and down to none in 75 s, retries at once")
            .model(ramp)
            .story(50.0, 20)
            .check("goodput from 40 s to 50 s, /s: next to nothing", Expected::AtMost(4.0), late_goodput(10)),
        case(
            "collapse-ramp-backoff",
            "40/s up to 80/s and down to none in 75 s, backoff of 20 s with full jitter",
        )
        .model(move || patient(ramp()))
        .story(50.0, 20)
        .check(
            "goodput from 40 s to 50 s, /s: next to nothing",
            Expected::AtMost(4.0),
            late_goodput(10),
        ),
    ]
}
