//! What `--verdict` says where it is known which storms outlive their trigger.

use tarsier_report::{Edge, Smallest, Verdict, VerdictKind};

use crate::validate::arch::{Arch, constant, exp, station};
use crate::validate::case::{Case, Expected, percent};
use crate::validate::read::Run;

const BRONSON: &str = "Bronson et al., Metastable Failures in Distributed Systems (HotOS 2021)";
const HUANG: &str = "Huang et al., Metastable Failures in the Wild (OSDI 2022), theorem 2";
const INDEPENDENT: &str = "independent simulation";
const STABLE: &str = "below its capacity, without retries, every queue drains";

pub(super) fn cases() -> Vec<Case> {
    bronson().into_iter().chain(huang()).chain(lengths()).chain(calm()).chain(smallest()).collect()
}

/// A deterministic database of 300/s that stands still for ten seconds.
fn database(rate: f64, retries: u32) -> Arch {
    station(constant(1e3 / 300.0), rate).timeout(1000).retries(retries).pause(20, 10_000)
}

/// M/M/1 of 100/s with users who wait a second.
fn queue(rate: f64, retries: u32, pause_ms: u64) -> Arch {
    station(exp(10.0), rate).timeout(1000).retries(retries).pause(20, pause_ms)
}

fn bronson() -> Vec<Case> {
    let case = |id: &str, rate: f64, retries: u32| {
        let what = format!("M/D/1, 300/s, {rate}/s, τ = 1 s, {retries} retries, 10 s outage");
        Case::new(id, what, BRONSON).model(move || database(rate, retries)).story(60.0, 4).judged()
    };
    let storm = case("P15-verdict-280", 280.0, 1)
        .near("attempts for each request", 2.0, percent(3.0), |runs| verdict(runs).edges[0].per_request.run)
        .check("share of the work in vain", Expected::Exactly(1.0), |runs| {
            verdict(runs).services[0].unproductive.run
        })
        .quick(1.0);
    vec![
        ends(storm, VerdictKind::Metastable),
        ends(case("P15-verdict-160", 160.0, 1), VerdictKind::Metastable),
        ends(case("P15-verdict-140", 140.0, 1).quick(1.0), VerdictKind::Recovered),
        ends(case("P15-verdict-280-0", 280.0, 0).quick(1.0), VerdictKind::Recovered),
    ]
}

fn huang() -> Vec<Case> {
    let case = |id: &str, rate: f64| {
        let what = format!("M/M/1, 100/s, {rate}/s, τ = 1 s, 3 retries, 10 s outage");
        Case::new(id, what, HUANG).model(move || queue(rate, 3, 10_000)).story(60.0, 4).judged()
    };
    let budget = Case::new(
        "verdict-budget-80",
        "M/M/1, 100/s, 80/s, τ = 1 s, 3 retries within 10%, 10 s outage",
        HUANG,
    );
    let budgeted = budget.model(|| queue(80.0, 3, 10_000).budget(0.1)).story(60.0, 4).judged();
    vec![
        ends(case("verdict-20", 20.0).quick(1.0), VerdictKind::Recovered),
        ends(case("verdict-30", 30.0).quick(1.0), VerdictKind::Metastable),
        ends(case("verdict-70", 70.0), VerdictKind::Metastable),
        ends(budgeted, VerdictKind::Recovered),
    ]
}

fn lengths() -> [Case; 2] {
    let case = |id: &str, pause_ms: u64| {
        let what = format!("M/M/1, 100/s, 70/s, τ = 1 s, 3 retries, {} s outage", pause_ms as f64 / 1e3);
        Case::new(id, what, INDEPENDENT).model(move || queue(70.0, 3, pause_ms)).story(60.0, 10).judged()
    };
    let short = case("verdict-0.5s", 500).check("recovers or holds", Expected::Exactly(1.0), |runs| {
        f64::from(u8::from(verdict(runs).kind <= VerdictKind::Recovered))
    });
    [short, ends(case("verdict-2s", 2_000), VerdictKind::Metastable)]
}

/// No false alarm, however slowly it drains.
fn calm() -> Vec<Case> {
    let case = |rate: f64| {
        let what = format!("M/M/1, 100/s, {rate}/s, τ = 1 s, no retries, 10 s outage");
        let case = Case::new(format!("verdict-calm-{rate}"), what, STABLE);
        case.model(move || queue(rate, 0, 10_000)).story(60.0, 20).judged()
    };
    [50.0, 80.0, 90.0].map(|rate| ends(case(rate), VerdictKind::Recovered)).into()
}

fn smallest() -> [Case; 2] {
    let huang =
        Case::new("smallest-70", "M/M/1, 100/s, 70/s, τ = 1 s, 3 retries, up to 10 s of outage", HUANG)
            .model(|| queue(70.0, 3, 10_000))
            .check("shortest outage that tips it, s: at least", Expected::AtLeast(1.0), tips_s)
            .check("shortest outage that tips it, s: at most", Expected::AtMost(2.0), tips_s);
    let bronson = Case::new("smallest-280", "M/D/1, 300/s, 280/s, τ = 1 s, 1 retry, 10 s outage", BRONSON)
        .model(|| database(280.0, 1));
    [(huang, 25.0), (bronson, 150.0)].map(|(case, bound)| {
        case.story(60.0, 2)
            .smallest()
            .near("load below which nothing can, /s", bound, percent(1e-4), |runs| {
                per_s(found(runs).safe, runs)
            })
            .check("load that holds, /s: at least", Expected::AtLeast(bound * (1.0 - 1e-6)), |runs| {
                per_s(found(runs).load.holds, runs)
            })
            .check("load that tips it, /s: at most 20% more", Expected::AtMost(1.2 * bound), |runs| {
                per_s(found(runs).load.tips, runs)
            })
    })
}

/// In every replication.
fn ends(case: Case, kind: VerdictKind) -> Case {
    let what = format!("ends {kind:?}").to_lowercase();
    case.check(&what, Expected::Exactly(1.0), move |runs| f64::from(u8::from(verdict(runs).kind == kind)))
}

fn verdict(runs: &[Run]) -> &Verdict {
    runs[0].verdict.as_ref().expect("the case is judged")
}

fn found(runs: &[Run]) -> &Smallest {
    verdict(runs).smallest.as_ref().expect("the case searches")
}

fn tips_s(runs: &[Run]) -> f64 {
    let Edge { tips, .. } = found(runs).length;
    tips.map_or(f64::NAN, |share| share * found(runs).length_s)
}

fn per_s(share: Option<f64>, runs: &[Run]) -> f64 {
    share.map_or(f64::NAN, |share| share * found(runs).load_per_s)
}
