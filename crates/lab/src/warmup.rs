//! How long the warm-up is, and whether it was long enough.
//!
//! A start that looks unlike the rest is found by MSER over the batches of the latency of each workload; with
//! replications over their batches laid on each other. Of 200 runs of M/M/1 at ρ = 0.9, steady from the first counted
//! of 54,000 requests on, it finds 192 steady, four to drift, and is not clear about four. Where a scenario or a shape makes the load change on
//! purpose, drift is what was asked for and nothing is looked for.

use std::fmt;

use tarsier_engine::{Outcome, RunConfig};
use tarsier_model::{Demand, Model, SealedModel};
use tarsier_stats::Recorder;
use tarsier_units::{NANOS_PER_SECOND, Span};

use crate::pool::Pool;
use crate::progress::{Member, Phase, Total};
use crate::{Observer, Plan, Warmup};

/// So many requests leave no batch empty, unless something is wrong with one.
const ENOUGH: u64 = 1_000;

/// A drift that changes the mean by less than this is nothing to speak of.
const NEGLIGIBLE_BIAS: f64 = 0.01;

/// What was found out; its `Display` is a sentence for people, without a full stop.
#[derive(Clone, PartialEq, Debug)]
pub struct WarmupVerdict {
    /// How long the warm-up was.
    pub span: Span,
    /// How a pilot run settled it, if one did.
    pub chosen: Option<String>,
    pub finding: Finding,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Finding {
    /// No drift in the counted time.
    Steady,
    /// The latency of a workload drifts for the first part of the counted time.
    Drifts { workload: String, first: Span, suggested: Span },
    /// The spread of the rest falls up to the middle of the counted time: it may never settle.
    Unclear,
    /// Nothing was looked for, and why.
    NotChecked(&'static str),
}

impl WarmupVerdict {
    /// Whether people should be told before they believe the result.
    pub fn is_warning(&self) -> bool {
        matches!(self.finding, Finding::Drifts { .. })
    }
}

impl fmt::Display for WarmupVerdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(chosen) = &self.chosen {
            write!(f, "{chosen}; ")?;
        }
        match &self.finding {
            Finding::Steady => f.write_str("no drift left in the counted time (MSER)"),
            Finding::Drifts { workload, first, suggested } => write!(
                f,
                "latency of {workload} still drifts for the first {first} of the counted time (MSER): \
                 use --warmup {suggested}"
            ),
            Finding::Unclear => f.write_str(
                "whether latency still drifts is not clear (MSER finds no settled part in the counted time)",
            ),
            Finding::NotChecked(reason) => write!(f, "drift was not looked for: {reason}"),
        }
    }
}

/// The warm-up to use.
pub(crate) struct Settled {
    pub(crate) span: Span,
    pub(crate) chosen: Option<String>,
}

pub(crate) fn settle(model: &SealedModel, plan: &Plan<'_>, observer: &dyn Observer) -> Settled {
    let otherwise = match plan.warmup {
        Warmup::Given(span) => return Settled { span, chosen: None },
        Warmup::Auto { otherwise } => otherwise,
    };
    if let Some(reason) = changes_on_purpose(model, plan) {
        let chosen = Some(format!("{otherwise} of warm-up, because automatic detection is off: {reason}"));
        return Settled { span: otherwise, chosen };
    }
    chosen_from(&pilot(model, plan, observer), model, otherwise)
}

/// A run without warm-up, long enough to see one and short beside the real one.
fn pilot(model: &SealedModel, plan: &Plan<'_>, observer: &dyn Observer) -> Outcome {
    let ten_minutes = Span::from_secs(600);
    let tenth = Span::from_nanos(plan.duration.nanos() / 10);
    let duration = plan.duration.min(ten_minutes.max(tenth));
    let total = Total::new(observer, Phase::Pilot, duration.as_secs_f64());
    let config = RunConfig {
        seed: plan.seed,
        replication: 0,
        duration,
        warmup: Span::ZERO,
        scenario: None,
        threads: plan.threads,
        series: false,
    };
    tarsier_engine::run(model, &config, &mut Member::new(&total, None))
}

fn chosen_from(pilot: &Outcome, model: &Model, otherwise: Span) -> Settled {
    let length = Span::from_nanos(pilot.simulated_ns);
    let transients = pilot.workloads.iter().zip(model.workloads.iter());
    let mut longest = Span::ZERO;
    for (found, workload) in transients.filter(|(found, _)| found.latency.count() > 0) {
        let Some(transient) = found.latency.transient() else {
            let name = &workload.name;
            let chosen = format!(
                "{otherwise} of warm-up, because a pilot run of {length} found no settled part for {name}"
            );
            return Settled { span: otherwise, chosen: Some(chosen) };
        };
        longest = longest.max(part_of(length, transient.batches, transient.of));
    }
    let span = whole_seconds_up(longest);
    Settled { span, chosen: Some(format!("{span} of warm-up, found by MSER in a pilot run of {length}")) }
}

pub(crate) fn judge(model: &Model, plan: &Plan<'_>, settled: Settled, pool: &Pool) -> WarmupVerdict {
    let finding = if pool.is_stopped() {
        Finding::NotChecked("the run was stopped")
    } else if let Some(reason) = changes_on_purpose(model, plan) {
        Finding::NotChecked(reason)
    } else {
        drift(model, plan, settled.span, &pool.latencies)
    };
    WarmupVerdict { span: settled.span, chosen: settled.chosen, finding }
}

/// Why the load is not the same all the time, if it is not.
fn changes_on_purpose(model: &Model, plan: &Plan<'_>) -> Option<&'static str> {
    let has_shape = |demand: &Demand| match demand {
        Demand::Open { rate, steps, .. } => rate.len() > 1 || !steps.is_empty(),
        Demand::Closed { steps, .. } => !steps.is_empty(),
    };
    if plan.scenario.is_some() {
        Some("a scenario is active")
    } else if model.workloads.iter().any(|workload| has_shape(&workload.demand)) {
        Some("a workload has a shape")
    } else {
        None
    }
}

/// The longest drift of any workload.
fn drift(model: &Model, plan: &Plan<'_>, warmup: Span, latencies: &[Recorder]) -> Finding {
    let mut longest: Option<(Span, &str)> = None;
    let mut n_told = 0;
    let mut n_asked = 0;
    for (workload, latency) in model.workloads.iter().zip(latencies) {
        n_asked += usize::from(latency.count() >= ENOUGH);
        let Some(transient) = latency.transient() else { continue };
        n_told += 1;
        let first = part_of(plan.duration, transient.batches, transient.of);
        if transient.batches > 0
            && matters(transient.bias, latency)
            && longest.is_none_or(|(it, _)| it < first)
        {
            longest = Some((first, &workload.name));
        }
    }
    match longest {
        Some((first, workload)) => Finding::Drifts {
            workload: workload.to_owned(),
            first: rounded(first),
            suggested: whole_seconds_up(Span::from_nanos(warmup.nanos() + first.nanos())),
        },
        None if n_told > 0 && n_told >= n_asked => Finding::Steady,
        None if n_asked > 0 => Finding::Unclear,
        None => Finding::NotChecked("there are too few requests to tell"),
    }
}

/// A drift is worth a warning when it shifts the mean by more than the uncertainty that is told anyway: MSER finds one
/// in every third steady run, most of them no longer than a few batches that happen to be high.
fn matters(bias: f64, latency: &Recorder) -> bool {
    let summary = latency.summary();
    let half_width = match (summary.mean, summary.ci95.mean) {
        (Some(mean), Some(interval)) if mean > 0.0 => (interval.high - interval.low) / 2.0 / mean,
        _ => 0.0,
    };
    bias.abs() > NEGLIGIBLE_BIAS.max(half_width)
}

fn part_of(whole: Span, batches: usize, of: usize) -> Span {
    let share = batches as f64 / of.max(1) as f64;
    Span::from_secs_f64(whole.as_secs_f64() * share)
}

/// To a tenth of a second, or to a hundredth of a short time.
fn rounded(span: Span) -> Span {
    let unit = if span.nanos() >= NANOS_PER_SECOND { NANOS_PER_SECOND / 10 } else { NANOS_PER_SECOND / 100 };
    Span::from_nanos(span.nanos().next_multiple_of(unit))
}

fn whole_seconds_up(span: Span) -> Span {
    Span::from_nanos(span.nanos().next_multiple_of(NANOS_PER_SECOND))
}

#[cfg(test)]
mod tests {
    use tarsier_stats::Window;

    use super::*;

    /// A recorder whose batches each hold one hundred times one value, a little spread.
    fn recorder(batches: impl IntoIterator<Item = u64>) -> Recorder {
        let mut recorder = Recorder::default();
        for (n, value) in batches.into_iter().enumerate() {
            let mut window = Window::new();
            (0..100).for_each(|k| window.record(value + (n as u64 * 37 + k * 11) % 100));
            recorder.close_batch(&window);
        }
        recorder
    }

    #[test]
    fn a_slow_start_matters_and_a_steady_run_does_not() {
        let slow_start = recorder((0..64).map(|n| if n < 8 { 50_000 } else { 10_000 }));
        let transient = slow_start.transient().expect("enough batches");
        assert_eq!(transient.batches, 8);
        assert!(matters(transient.bias, &slow_start));
        let steady = recorder([10_000; 64]);
        let bias = steady.transient().map_or(0.0, |transient| transient.bias);
        assert!(!matters(bias, &steady));
    }

    #[test]
    fn verdicts_read_well() {
        let drifts = WarmupVerdict {
            span: Span::from_secs(10),
            chosen: None,
            finding: Finding::Drifts {
                workload: "shoppers".to_owned(),
                first: Span::from_secs(12),
                suggested: Span::from_secs(22),
            },
        };
        assert!(drifts.is_warning());
        assert_eq!(
            drifts.to_string(),
            "latency of shoppers still drifts for the first 12s of the counted time (MSER): use --warmup 22s"
        );
    }

    #[test]
    fn lengths_are_round() {
        assert_eq!(whole_seconds_up(Span::from_millis(11_001)), Span::from_secs(12));
        assert_eq!(whole_seconds_up(Span::ZERO), Span::ZERO);
        assert_eq!(rounded(Span::from_nanos(937_500_000)), Span::from_millis(940));
        assert_eq!(part_of(Span::from_secs(60), 16, 64), Span::from_secs(15));
    }
}
