//! `tarsier run`.

use std::time::Instant;

use tarsier_lab::{Findings, LONGEST, Plan, Trigger, Warmup};
use tarsier_model::{Scenario, SealedModel};
use tarsier_report::{Report, Verdict, VerdictKind};
use tarsier_units::Span;

use crate::args::{Output, RunArgs, WarmupArg};
use crate::audience::Audience;
use crate::catalogue::nearest;
use crate::failure::{Ending, Failure};
use crate::live::Live;
use crate::onlooker::{Onlooker, hear_interrupts};
use crate::out_dir::OutDir;
use crate::{input, migration, print, warn};

/// The warm-up where nothing better can be found out.
const USUAL_WARMUP: Span = Span::from_secs(10);

pub(crate) fn run(args: &RunArgs) -> Result<Ending, Failure> {
    let model = input::load(&migration::source(args)?)?;
    let scenario = args.scenario.as_ref().map(|name| scenario_named(&model, name)).transpose()?;
    let plan = plan(args, scenario)?;
    if let Some(scenario) = scenario.filter(|_| args.verdict) {
        can_be_judged(scenario, args.smallest)?;
    }
    scenario.into_iter().for_each(|scenario| warn_of_late(scenario, plan.duration));
    let live = Live::new(args, &model)?;
    let out = args.out.as_deref().map(OutDir::create).transpose()?;
    let audience = Audience::gather(args, &model, plan.duration, out.as_ref(), live)?;

    hear_interrupts();
    let begun = Instant::now();
    let (findings, audience) = simulate(&model, &plan, audience);
    audience.map_or(Ok(()), |audience| audience.finish(out.as_ref()))?;
    let warmup = findings.warmup.to_string();
    if findings.warmup.is_warning() {
        warn(&warmup);
    }
    let verdict = args.verdict.then(|| judge(&model, &plan, findings.warmup.span, args.smallest)).flatten();
    let report = Report {
        model: &model,
        outcome: &findings.outcome,
        reps: findings.reps,
        scenario,
        warmup: &warmup,
        verdict: verdict.as_ref(),
        wall_s: begun.elapsed().as_secs_f64(),
    };
    if let Some(out) = &out {
        out.write(&report)?;
        if args.write.contains(&Output::Hdr) {
            out.write_hdr(&report)?;
        }
    }
    let text = if args.json { tarsier_report::json(&report) } else { tarsier_report::text(&report) };
    let printed = print(&text);
    let ending = ending(&report);
    match printed {
        // The verdict is the exit code's, whoever stopped reading.
        Err(Failure::OutputClosed) | Ok(()) => Ok(ending),
        Err(failure) => Err(failure),
    }
}

/// How many may work: never more than there are cores.
pub(crate) fn threads(args: &RunArgs) -> usize {
    let available = std::thread::available_parallelism().map_or(1, usize::from);
    args.threads.map_or(available, |asked| available.min(asked as usize))
}

fn plan<'a>(args: &RunArgs, scenario: Option<&'a Scenario>) -> Result<Plan<'a>, Failure> {
    let threads = threads(args);
    let warmup = match args.warmup {
        WarmupArg::Given(span) => Warmup::Given(span),
        WarmupArg::Auto => Warmup::Auto { otherwise: USUAL_WARMUP },
    };
    let (Warmup::Given(before) | Warmup::Auto { otherwise: before }) = warmup;
    can_be_that_long(before, args.duration)?;
    Ok(Plan { seed: args.seed, reps: args.reps, threads, duration: args.duration, warmup, scenario })
}

fn simulate<'m>(
    model: &SealedModel,
    plan: &Plan<'_>,
    mut audience: Option<Audience<'m>>,
) -> (Findings, Option<Audience<'m>>) {
    let onlooker = Onlooker::new();
    let listens = audience.as_mut().map(|audience| audience as &mut dyn tarsier_lab::Audience);
    let findings = tarsier_lab::run(model, plan, listens, &onlooker);
    onlooker.finish();
    (findings, audience)
}

pub(crate) fn can_be_that_long(warmup: Span, counted: Span) -> Result<(), Failure> {
    if warmup.nanos().saturating_add(counted.nanos()) > LONGEST.nanos() {
        return Err(Failure::new("a run is too long: warm-up and counted time are at most 800 days"));
    }
    Ok(())
}

/// What of the scenario begins when the run is over.
pub(crate) fn warn_of_late(scenario: &Scenario, end: Span) {
    let late = scenario.happenings.iter().enumerate().filter(|(_, happening)| happening.at >= end);
    for (before, happening) in late {
        let (nth, at) = (before + 1, happening.at);
        warn(&format!(
            "happening {nth} of the scenario begins at {at}, but the run ends at {end}: give it a longer `--for`"
        ));
    }
}

/// Whether there is a time after the scenario to judge it by.
fn can_be_judged(scenario: &Scenario, smallest: bool) -> Result<(), Failure> {
    let trigger = Trigger::of(scenario);
    let name = &scenario.name;
    if trigger.over_s() > LONGEST.as_secs_f64() / 2.0 {
        return Err(Failure::new(format!("{name} is over too late for a verdict: within 400 days")));
    }
    if smallest && trigger.ends_s.is_none() {
        return Err(Failure::with_hint(
            format!(
                "{name} never ends, so nothing can recover from it and there is no smallest form to search"
            ),
            "give each of its happenings a `for`",
        ));
    }
    Ok(())
}

fn judge(model: &SealedModel, plan: &Plan<'_>, warmup: Span, smallest: bool) -> Option<Verdict> {
    let onlooker = Onlooker::new();
    let verdict = tarsier_lab::verdict(model, plan, warmup, smallest, &onlooker);
    onlooker.finish();
    if verdict.is_none() {
        warn("interrupted: there is no verdict");
    }
    verdict
}

pub(crate) fn scenario_named<'a>(model: &'a SealedModel, name: &str) -> Result<&'a Scenario, Failure> {
    model.scenario_named(name).ok_or_else(|| {
        let names = || model.scenarios.iter().map(|scenario| scenario.name.as_str());
        let hint = match nearest(name, names()) {
            Some(near) => format!("did you mean `{near}`?"),
            None if model.scenarios.is_empty() => format!("`{}` has no scenarios", model.name),
            None => format!("there are: {}", names().collect::<Vec<_>>().join(", ")),
        };
        Failure::with_hint(format!("there is no scenario called `{name}`"), hint)
    })
}

fn ending(report: &Report<'_>) -> Ending {
    let outcome = report.outcome;
    if outcome.workloads.iter().all(|workload| workload.completed == 0) {
        warn("no request was completed");
        Ending::NothingCompleted
    } else if tarsier_report::verdicts(report.model, outcome).iter().any(|verdict| !verdict.holds)
        || report.verdict.is_some_and(|verdict| verdict.kind == VerdictKind::Metastable)
    {
        Ending::Failed
    } else {
        Ending::Done
    }
}
