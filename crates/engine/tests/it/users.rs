//! Who sends, when, and from where: in several regions as in one.

use std::collections::BTreeSet;

use tarsier_engine::{Outcome, SecondRow, SeriesSubject};
use tarsier_model::{Arrivals, Balance, Branch, Call, CallPolicy, Demand, Step, Trouble, ZoneId};
use tarsier_random::Law;
use tarsier_units::Span;

use crate::support::{Build, balanced, close, constant, exp_ms, mean_ms, with};
use crate::troubles::{scenario, watched};

/// One instance, users in so many regions.
fn in_regions(n: u32, work: Step) -> Build {
    Build::new()
        .change(|model| crate::sameness::zones(model, n, 1))
        .service("s", vec![work], |s| s.cores = 1_000)
}

fn load(factor: f64) -> Trouble {
    Trouble::Load { workload: None, factor }
}

fn users(row: &&SecondRow) -> bool {
    matches!(row.subject, SeriesSubject::Workload(_))
}

/// 6,000 users who think for a minute: 100 requests a second, and half or none of it at once when half or all go.
#[test]
fn users_leave_at_once_and_come_back() {
    for factor in [0.0, 0.5] {
        let model = in_regions(3, Step::Work(constant(1.0))).closed("w", 6_000, exp_ms(60e3), 0).seal();
        let (_, notes) = watched(&model, 1, &scenario(vec![(10, Some(30), load(factor))]));
        let sent = |seconds: std::ops::Range<u64>| {
            let rows = notes.rows.iter().filter(users).filter(|row| seconds.contains(&row.second));
            rows.map(|row| row.completed as f64).sum::<f64>()
        };
        // What is on its way ends well; four standard deviations of a Poisson count.
        let expected = 3_000.0 * factor;
        assert!((sent(10..40) - expected).abs() <= 4.0 * expected.sqrt() + 3.0, "{}", sent(10..40));
        close("and after", sent(40..100), 6_000.0, 0.06);
    }
}

/// Sixteen users in four regions who ask ten times a second each, and a share of them.
#[test]
fn shares_of_users_are_of_all_of_them() {
    for (factor, expected) in [(0.1, 2), (1.1, 18), (1.125, 18), (1.2, 19)] {
        let model = in_regions(4, Step::Wait(constant(1.0))).closed("w", 16, constant(99.0), 0).seal();
        let (outcome, _) = watched(&model, 1, &scenario(vec![(0, None, load(factor))]));
        // Those who leave wait for an answer just then.
        let users = (outcome.workloads[0].completed + 500) / 1_000;
        assert_eq!(users, expected, "{factor}");
    }
}

/// Forty users in four regions choose among a hundred instances: 100 (1 - 0.99^40) = 33 of these.
#[test]
fn every_user_has_a_key() {
    let ask = Step::Call(with(balanced(Balance::Hash), 1));
    let model = in_regions(4, ask)
        .service("cache", vec![Step::Wait(constant(1.0))], |s| s.instances = vec![ZoneId(0); 100])
        .closed("v", 20, constant(99.0), 0)
        .closed("w", 20, constant(99.0), 0)
        .seal();
    let (_, notes) = watched(&model, 1, &scenario(Vec::new()));
    let asked = notes.visits.iter().filter(|visit| visit.service == 1).map(|visit| visit.instance);
    let n = asked.collect::<BTreeSet<_>>().len();
    assert!((25..=40).contains(&n), "{n}");
}

/// Of two instances a user asks always the same, also where the one who asks is not waited for any more.
#[test]
fn work_in_vain_is_about_the_same_key() {
    let ask = |to: u32| vec![Step::Wait(constant(5.0)), Step::Call(with(balanced(Balance::Hash), to))];
    let quick = Branch { times: 1, steps: vec![Step::Wait(constant(1.0))] };
    let late = Branch { times: 1, steps: ask(1) };
    let raced = vec![Step::Parallel { branches: vec![quick, late], need: 1 }];
    let hasty = CallPolicy { timeout: Some(Span::from_millis(3)), ..CallPolicy::default() };
    let given_up = vec![Step::Call(Call { optional: true, ..with(hasty, 2) })];
    for steps in [raced, given_up] {
        let model = Build::new()
            .service("web", steps, |s| s.cores = 8)
            .service("cache", vec![Step::Wait(constant(1.0))], |s| s.instances = vec![ZoneId(0); 2])
            .service("mid", ask(1), |s| s.cores = 8)
            .closed("w", 1, constant(50.0), 0)
            .seal();
        let (_, notes) = watched(&model, 1, &scenario(Vec::new()));
        let asked: Vec<u32> =
            notes.visits.iter().filter(|visit| visit.service == 1).map(|visit| visit.instance).collect();
        assert!(asked.len() > 1_000, "{}", asked.len());
        assert!(asked.iter().all(|instance| *instance == asked[0]));
    }
}

fn arriving(arrivals: Arrivals, n_regions: u32) -> Outcome {
    let demand = Demand::Open { rate: vec![(Span::ZERO, 30.0)], arrivals, steps: Vec::new() };
    let build = in_regions(n_regions, Step::Work(constant(10.0))).change(|model| {
        model.services.iter_mut().for_each(|service| service.cores = 1);
    });
    let pause = scenario(vec![(30, Some(10), load(0.0)), (50, Some(10), load(0.5))]);
    build.workload("w", 0, demand, CallPolicy::default()).run_with(100, 1, &pause)
}

/// From wherever they come, it is the same clock.
#[test]
fn gaps_are_those_of_all_arrivals() {
    close("nobody waits", mean_ms(&arriving(Arrivals::Regular, 3).workloads[0].latency), 10.0, 1e-9);
    let bursts = Arrivals::Law(Law::Gamma { shape: 0.25, scale: 4.0 });
    let [one, three] = [1, 3].map(|n| arriving(bursts.clone(), n));
    assert_eq!(one.workloads[0].requests, three.workloads[0].requests);
    close("mean", mean_ms(&three.workloads[0].latency), mean_ms(&one.workloads[0].latency), 1e-6);
}
