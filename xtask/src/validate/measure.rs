//! Runs a case and holds what came out against what is expected.
//!
//! Every figure is measured the same way: once in each of a few independent replications; the estimate is the mean
//! over them, its interval Student's. What is known only up to chance gets the larger of the case's tolerance and a
//! few standard errors, and the page says where that mattered.

use tarsier_engine::{RunConfig, SecondRow, Watch};
use tarsier_lab::{Plan, Warmup};
use tarsier_model::SealedModel;
use tarsier_stats::t_quantile;
use tarsier_units::Span;

use super::case::{Case, Check, Expected, Judged};
use super::read::{Run, Second};

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Effort {
    /// The fast subset. Seeds are fixed, but any change of the engine deals them anew and the rows are many: six
    /// standard errors.
    Quick,
    /// Everything, to the tolerances of the table or three standard errors.
    Full,
}

impl Effort {
    pub fn standard_errors(self) -> f64 {
        match self {
            Effort::Quick => 6.0,
            Effort::Full => 3.0,
        }
    }
}

/// One line of the table.
#[derive(Clone, Debug)]
pub struct Row {
    pub id: String,
    pub what: String,
    pub source: &'static str,
    pub expected: Expected,
    pub measured: f64,
    /// Half the width of the 95% interval; `None` where every replication found the same.
    pub half_width: Option<f64>,
    /// What the difference was held against.
    pub allowed: f64,
    pub verdict: Verdict,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verdict {
    Holds,
    /// Not within the tolerance, but within the standard errors: longer runs would tell.
    HoldsByChance,
    Fails,
}

/// All rows of a case, and the requests that were simulated for them.
pub fn measure(case: &Case, effort: Effort, seed: u64) -> (Vec<Row>, u64) {
    let replications: Vec<Vec<Run>> =
        (0..case.replications).map(|replication| replicate(case, effort, seed, replication as u64)).collect();
    let requests = replications.iter().flatten().flat_map(|run| &run.outcome.workloads).map(|it| it.requests);
    let n_requests = requests.sum();
    let rows = case.checks.iter().map(|check| {
        let values: Vec<f64> = replications.iter().map(|runs| (check.read)(runs)).collect();
        judge(case, check, &values, effort)
    });
    (rows.collect(), n_requests)
}

fn replicate(case: &Case, effort: Effort, seed: u64, replication: u64) -> Vec<Run> {
    let share = if effort == Effort::Quick { case.quick.unwrap_or(1.0) } else { 1.0 };
    let seconds = case.seconds / case.replications as f64 * share;
    let run = |model: &super::case::Model| {
        let model = model().seal();
        let config = RunConfig {
            seed,
            replication,
            duration: Span::from_secs_f64(seconds),
            warmup: Span::from_secs_f64(case.warmup * share),
            scenario: model.scenarios.first(),
            threads: 1,
            series: case.is_story(),
        };
        let mut seconds = Seconds(Vec::new());
        let outcome = tarsier_engine::run(&model, &config, &mut seconds);
        Run {
            outcome,
            seconds: seconds.0,
            verdict: case.judged.and_then(|how| verdict(&model, &config, how)),
        }
    };
    case.models.iter().map(run).collect()
}

/// Each replication is judged with a seed of its own.
fn verdict(model: &SealedModel, config: &RunConfig<'_>, how: Judged) -> Option<tarsier_report::Verdict> {
    let plan = Plan {
        seed: config.seed.wrapping_add(config.replication),
        reps: 1,
        threads: 1,
        duration: config.duration,
        warmup: Warmup::Given(config.warmup),
        scenario: config.scenario,
    };
    tarsier_lab::verdict(model, &plan, config.warmup, how == Judged::Smallest, &())
}

struct Seconds(Vec<Second>);

impl Watch for Seconds {
    fn second(&mut self, row: &SecondRow) {
        self.0.extend(Second::of(row));
    }
}

fn judge(case: &Case, check: &Check, values: &[f64], effort: Effort) -> Row {
    let estimate = Estimate::of(values);
    let errors = if case.is_story() { 0.0 } else { effort.standard_errors() };
    let (allowed, verdict) = match check.expected {
        Expected::Near(expected, tolerance) => near(expected, tolerance.around(expected), estimate, errors),
        Expected::Exactly(expected) => all(values, |value| value == expected),
        Expected::AtMost(bound) => all(values, |value| value <= bound),
        Expected::AtLeast(bound) => all(values, |value| value >= bound),
    };
    Row {
        id: case.id.clone(),
        what: format!("{}: {}", case.what, check.what),
        source: case.source,
        expected: check.expected,
        measured: estimate.mean,
        half_width: estimate.half_width,
        allowed,
        verdict,
    }
}

fn near(expected: f64, tolerance: f64, estimate: Estimate, standard_errors: f64) -> (f64, Verdict) {
    let by_chance = standard_errors * estimate.error;
    let off = (estimate.mean - expected).abs();
    let verdict = if off <= tolerance {
        Verdict::Holds
    } else if off <= by_chance {
        Verdict::HoldsByChance
    } else {
        Verdict::Fails
    };
    (if verdict == Verdict::Holds { tolerance } else { tolerance.max(by_chance) }, verdict)
}

fn all(values: &[f64], holds: impl Fn(f64) -> bool) -> (f64, Verdict) {
    (0.0, if values.iter().all(|value| holds(*value)) { Verdict::Holds } else { Verdict::Fails })
}

#[derive(Clone, Copy, Debug)]
struct Estimate {
    mean: f64,
    /// The standard error of the mean.
    error: f64,
    half_width: Option<f64>,
}

impl Estimate {
    fn of(values: &[f64]) -> Estimate {
        let n = values.len() as f64;
        let mean = values.iter().sum::<f64>() / n;
        let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
        if values.len() < 2 || squares == 0.0 {
            return Estimate { mean, error: 0.0, half_width: None };
        }
        let error = (squares / (n - 1.0) / n).sqrt();
        Estimate { mean, error, half_width: Some(t_quantile(n - 1.0, 0.975) * error) }
    }
}

#[cfg(test)]
mod tests {
    use super::super::case::{percent, within};
    use super::*;

    fn verdict(expected: Expected, values: &[f64]) -> Verdict {
        let case = Case::new("id", "what", "source").check("figure", expected, |_| 0.0);
        judge(&case, &case.checks[0], values, Effort::Full).verdict
    }

    #[test]
    fn a_wrong_figure_fails() {
        assert_eq!(verdict(Expected::Near(10.0, percent(2.0)), &[10.3, 10.31, 10.29]), Verdict::Fails);
        assert_eq!(verdict(Expected::Near(10.0, percent(2.0)), &[f64::NAN, 10.0]), Verdict::Fails);
        assert_eq!(verdict(Expected::Exactly(64.0), &[64.0, 63.9]), Verdict::Fails);
        assert_eq!(verdict(Expected::AtMost(1.0), &[0.5, 1.1]), Verdict::Fails);
        assert_eq!(verdict(Expected::AtLeast(1.0), &[f64::NAN]), Verdict::Fails);
    }

    #[test]
    fn a_right_figure_holds() {
        assert_eq!(verdict(Expected::Near(10.0, within(0.2)), &[10.1, 9.8, 10.2]), Verdict::Holds);
        assert_eq!(verdict(Expected::Near(0.0, within(0.0)), &[0.0, 0.0]), Verdict::Holds);
        assert_eq!(verdict(Expected::Exactly(64.0), &[64.0, 64.0]), Verdict::Holds);
    }

    #[test]
    fn chance_is_said() {
        assert_eq!(verdict(Expected::Near(10.0, percent(1.0)), &[9.0, 12.0, 10.5]), Verdict::HoldsByChance);
    }

    /// One of three runs collapsed: no standard error makes that a recovery.
    #[test]
    fn stories_are_granted_nothing() {
        let story =
            Case::new("id", "what", "source").story(60.0, 3).near("figure", 70.0, percent(5.0), |_| 0.0);
        let row = judge(&story, &story.checks[0], &[70.0, 0.0, 70.0], Effort::Full);
        assert_eq!(row.verdict, Verdict::Fails);
    }

    /// Two values one apart: the error of the mean is a half, Student's factor for one degree 12.706.
    #[test]
    fn intervals_are_students() {
        let estimate = Estimate::of(&[1.0, 2.0]);
        assert_eq!((estimate.mean, estimate.error), (1.5, 0.5));
        assert!((estimate.half_width.expect("they differ") - 6.3531).abs() < 1e-4);
    }
}
