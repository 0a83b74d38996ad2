//! `tarsier run migration`: from a LAMP stack to three regions, every step beside the one before it.

use std::path::Path;

use clap::Parser;

use crate::args::{Cli, Command, RunArgs, SourceArg};
use crate::failure::{Ending, Failure};
use crate::onlooker::{Onlooker, hear_interrupts};
use crate::run::threads;
use crate::{catalogue, input, print, warn};

const NAME: &str = "migration";

/// Whether all steps are to be run, and not one of them.
pub(crate) fn is_meant(args: &RunArgs) -> bool {
    is_the_story(args) && args.step.is_none()
}

/// A file of that name goes first, as with everything in the catalogue.
fn is_the_story(args: &RunArgs) -> bool {
    args.source.source == NAME && !Path::new(NAME).exists()
}

/// The architecture to run: with `--step` one of the steps.
pub(crate) fn source(args: &RunArgs) -> Result<SourceArg, Failure> {
    let Some(step) = args.step else { return Ok(args.source.clone()) };
    if !is_the_story(args) {
        return Err(Failure::with_hint("only `migration` has steps", "leave out `--step`"));
    }
    let steps = steps();
    let name = steps.get(step as usize).ok_or_else(|| {
        Failure::new(format!("there is no step {step}: the migration has the steps 0 to {}", steps.len() - 1))
    })?;
    Ok(named(name, args))
}

fn named(name: &str, args: &RunArgs) -> SourceArg {
    SourceArg { source: name.to_owned(), ..args.source.clone() }
}

/// Their numbers are their order.
fn steps() -> Vec<&'static str> {
    let names = catalogue::entries().iter().map(|(name, _)| *name);
    names.filter(|name| name.split_once('/').is_some_and(|(folder, _)| folder == NAME)).collect()
}

pub(crate) fn run(args: &RunArgs) -> Result<Ending, Failure> {
    only_what_it_heeds(args)?;
    let models =
        steps().into_iter().map(|name| input::load(&named(name, args))).collect::<Result<Vec<_>, _>>()?;
    hear_interrupts();
    let onlooker = Onlooker::new();
    let surveys = tarsier_lab::surveys(&models, args.seed, threads(args), &onlooker);
    onlooker.finish();
    let Some(surveys) = surveys else {
        warn("interrupted: there is nothing to show yet");
        return Ok(Ending::NothingCompleted);
    };
    let show = if args.json { tarsier_report::surveys_json } else { tarsier_report::surveys_text };
    print(&show(&surveys))?;
    Ok(Ending::Done)
}

/// Its runs have lengths and losses of their own.
fn only_what_it_heeds(args: &RunArgs) -> Result<(), Failure> {
    let Command::Run(plain) = Cli::parse_from(["tarsier", "run", NAME]).command else {
        unreachable!("it is a run")
    };
    if *args == (RunArgs { seed: args.seed, threads: args.threads, json: args.json, ..plain }) {
        return Ok(());
    }
    Err(Failure::with_hint(
        "the steps of the migration are run in ways of their own: only --seed, --threads and --json go with them",
        "name a step for anything else: tarsier run migration --step 3",
    ))
}
