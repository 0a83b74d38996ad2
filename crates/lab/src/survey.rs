//! Several architectures beside each other, each under its own load: how fast it answers, the knee, and what is left
//! of it while a zone or a region is lost.

use std::sync::Mutex;

use tarsier_engine::{Outcome, RunConfig, Stopped};
use tarsier_model::{Happening, Kind, Scenario, SealedModel, Trouble};
use tarsier_report::{Edge, Survey};
use tarsier_units::{NANOS_PER_SECOND, Span};

use crate::Observer;
use crate::progress::{Member, Phase, Total};
use crate::replicate::hand_out;
use crate::search::{edge, load_per_s, loaded};

const WARMUP: Span = Span::from_secs(2);
/// Long enough for a p99.
const PLAIN: Span = Span::from_secs(20);
/// How long it stays lost.
const LOST: Span = Span::from_secs(10);
/// A step of the search for the knee.
const LOADED: Span = Span::from_secs(3);

/// A survey of each model, in their order, on so many threads; `None` if the observer has seen enough before.
pub fn surveys(
    models: &[SealedModel],
    seed: u64,
    threads: usize,
    observer: &dyn Observer,
) -> Option<Vec<Survey>> {
    let total = Total::new(observer, Phase::Comparing, 0.0);
    let found = Mutex::new(vec![None; models.len()]);
    // The largest come last and take longest, so they are begun first.
    hand_out(models.len() as u64, threads.clamp(1, models.len().max(1)), &|number| {
        let at = models.len() - 1 - number as usize;
        let survey = survey(&Bench { model: &models[at], seed, total: &total });
        found.lock().expect("no one panics holding it")[at] = survey;
        !total.is_stopped()
    });
    found.into_inner().expect("no one panics holding it").into_iter().collect()
}

/// How runs of one model are made.
struct Bench<'a> {
    model: &'a SealedModel,
    seed: u64,
    total: &'a Total<'a>,
}

impl Bench<'_> {
    /// `None` if stopped.
    fn run(&self, model: &SealedModel, duration: Span, scenario: Option<&Scenario>) -> Option<Outcome> {
        let config = RunConfig {
            seed: self.seed,
            replication: 0,
            duration,
            warmup: WARMUP,
            scenario,
            threads: 1,
            series: false,
        };
        let outcome = tarsier_engine::run(model, &config, &mut Member::new(self.total, None));
        (outcome.stopped_because != Some(Stopped::Asked)).then_some(outcome)
    }
}

fn survey(bench: &Bench<'_>) -> Option<Survey> {
    let model = bench.model;
    let plain = bench.run(model, PLAIN, None)?;
    let mut latency = plain.workloads.first().map(|it| it.latency.clone()).unwrap_or_default();
    plain.workloads.iter().skip(1).for_each(|it| latency.append(&it.latency));
    let latency = latency.summary();
    let seconds = |nanos: Option<f64>| nanos.map(|nanos| nanos / NANOS_PER_SECOND as f64);
    let ours = || model.services.iter().filter(|service| !is_the_providers(service.kind));
    let busiest = plain
        .services
        .iter()
        .zip(model.services.iter())
        .max_by(|(a, _), (b, _)| a.utilization.total_cmp(&b.utilization));
    Some(Survey {
        name: model.name.clone(),
        description: model.description.clone(),
        load_per_s: load_per_s(model),
        instances: ours().map(|service| service.instances.len() as u64).sum(),
        cores: ours().map(|service| service.instances.len() as u64 * u64::from(service.cores)).sum(),
        mean_s: seconds(latency.mean),
        p50_s: seconds(latency.p50),
        p99_s: seconds(latency.p99),
        success: success(&plain),
        busiest: busiest.map(|(outcome, service)| (service.name.clone(), outcome.utilization)),
        knee_per_s: knee(bench)?,
        without_zone: success_without(bench, |it| matches!(it, Trouble::LoseZone(_)))?,
        without_region: success_without(bench, |it| matches!(it, Trouble::LoseRegion(_)))?,
    })
}

/// Nobody rents the instances of these.
fn is_the_providers(kind: Kind) -> bool {
    matches!(kind, Kind::EdgeDns | Kind::External)
}

fn success(outcome: &Outcome) -> Option<f64> {
    let completed: u64 = outcome.workloads.iter().map(|it| it.completed).sum();
    let errors: u64 = outcome.workloads.iter().map(|it| it.errors).sum();
    (completed + errors > 0).then(|| completed as f64 / (completed + errors) as f64)
}

/// The highest load at which every objective holds, below that at which by arithmetic cores or workers run out.
fn knee(bench: &Bench<'_>) -> Option<Edge> {
    let capacity = tarsier_check::examine(bench.model).load.limit.map(|limit| limit.factor);
    let start = Edge { holds: None, tips: capacity };
    let found = edge(start, f64::INFINITY, |share| {
        let outcome = bench.run(&loaded(bench.model, share), LOADED, None)?;
        Some(!tarsier_report::verdicts(bench.model, &outcome).iter().all(|verdict| verdict.holds))
    })?;
    let per_s = |share: Option<f64>| share.map(|share| share * load_per_s(bench.model));
    Some(Edge { holds: per_s(found.holds), tips: per_s(found.tips) })
}

/// The share of requests that succeed while what the first scenario of this kind takes is lost, from the moment on at
/// which it is. The outer `None` if stopped.
fn success_without(bench: &Bench<'_>, is_meant: impl Fn(&Trouble) -> bool) -> Option<Option<f64>> {
    let scenarios = &bench.model.scenarios;
    let meant = |scenario: &&Scenario| scenario.happenings.iter().all(|it| is_meant(&it.trouble));
    let Some(scenario) = scenarios.iter().find(meant) else { return Some(None) };
    let at_once = |it: &Happening| Happening { at: Span::ZERO, lasts: None, ..it.clone() };
    let happenings = scenario.happenings.iter().map(at_once).collect();
    let outcome = bench.run(bench.model, LOST, Some(&Scenario { happenings, ..scenario.clone() }))?;
    Some(success(&outcome))
}
