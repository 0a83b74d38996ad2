//! `tarsier export`.

use std::fs::File;
use std::io::{self, BufWriter, Write};

use tarsier_engine::{InstanceChange, RunConfig, Verdict, Watch};
use tarsier_interop::{Graph, GraphFormat, Instance, Lives};
use tarsier_model::Scenario;
use tarsier_units::{NANOS_PER_SECOND, Span};

use crate::args::{self, ExportArgs};
use crate::failure::{Ending, Failure};
use crate::onlooker::{hear_interrupts, is_interrupted};
use crate::run::{can_be_that_long, scenario_named, warn_of_late};
use crate::{input, warn};

pub(crate) fn export(args: &ExportArgs) -> Result<Ending, Failure> {
    let format = format(args.format);
    if args.scenario.is_some() && !format.tells_time() {
        return Err(Failure::with_hint(
            "this format has no place for when instances go and come",
            "leave out `--scenario`, or export gexf or spigo",
        ));
    }
    let opened = input::open(&args.source)?;
    let scenario = args.scenario.as_ref().map(|name| scenario_named(&opened.model, name)).transpose()?;
    let graph = opened.graph(scenario);
    let lives = scenario.map(|scenario| observe(&graph, args, scenario)).transpose()?;
    match &args.out {
        None => {
            let mut out = BufWriter::new(io::stdout().lock());
            let written = write(format, &graph, lives.as_ref(), &mut out);
            written.map_err(|error| Failure::of_stdout(&error))?;
        }
        Some(path) => {
            let file = File::create(path).map_err(|error| Failure::unwritable(path, &error))?;
            let written = write(format, &graph, lives.as_ref(), &mut BufWriter::new(file));
            written.map_err(|error| Failure::unwritable(path, &error))?;
        }
    }
    Ok(Ending::Done)
}

fn format(format: args::Graph) -> GraphFormat {
    match format {
        args::Graph::Dot => GraphFormat::Dot,
        args::Graph::Mermaid => GraphFormat::Mermaid,
        args::Graph::Graphml => GraphFormat::Graphml,
        args::Graph::Gexf => GraphFormat::Gexf,
        args::Graph::Cypher => GraphFormat::Cypher,
        args::Graph::Spigo => GraphFormat::Spigo,
        args::Graph::Svg => GraphFormat::Svg,
    }
}

fn write(
    format: GraphFormat,
    graph: &Graph<'_>,
    lives: Option<&Lives>,
    out: &mut dyn Write,
) -> io::Result<()> {
    tarsier_interop::export(format, graph, lives, out)?;
    out.flush()
}

/// Runs the scenario to see which instances are there when.
fn observe(graph: &Graph<'_>, args: &ExportArgs, scenario: &Scenario) -> Result<Lives, Failure> {
    can_be_that_long(Span::ZERO, args.duration)?;
    warn_of_late(scenario, args.duration);
    let config = RunConfig {
        seed: args.seed,
        replication: 0,
        duration: args.duration,
        warmup: Span::ZERO,
        scenario: Some(scenario),
        threads: std::thread::available_parallelism().map_or(1, usize::from),
        series: false,
    };
    hear_interrupts();
    let is_there = |it: &Instance| (it.number as usize) < graph.model.services[it.service].instances.len();
    let from_the_start = |it: &Instance| is_there(it).then_some((0.0, None)).into_iter().collect();
    let spells = graph.instances.iter().map(from_the_start).collect();
    let mut register = Register { graph, spells };
    let outcome = tarsier_engine::run(graph.model, &config, &mut register);
    if outcome.stopped_early {
        warn("the run was stopped: what came later is not in the file");
    }
    Ok(Lives { spells: register.spells, until: outcome.simulated_ns as f64 / NANOS_PER_SECOND as f64 })
}

/// Keeps when instances are there.
struct Register<'a> {
    graph: &'a Graph<'a>,
    spells: Vec<Vec<(f64, Option<f64>)>>,
}

impl Watch for Register<'_> {
    fn pulse(&mut self, _: tarsier_engine::Pulse) -> Verdict {
        if is_interrupted() { Verdict::Stop } else { Verdict::GoOn }
    }

    fn instance(&mut self, change: &InstanceChange) {
        let service = self.graph.model.services.ids().nth(change.service).expect("a service of the model");
        let at = self.graph.instances_of(service).start + change.number as usize;
        let seconds = change.time_ns as f64 / NANOS_PER_SECOND as f64;
        let spells = &mut self.spells[at];
        match (change.is_up, spells.last_mut()) {
            (false, Some(last)) => last.1 = Some(seconds),
            // Gone for no time at all is not gone.
            (true, Some((_, end))) if *end == Some(seconds) => *end = None,
            (true, _) => spells.push((seconds, None)),
            (false, None) => unreachable!("what goes was there"),
        }
    }
}
