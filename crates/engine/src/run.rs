//! One run: from boundary to boundary, windows in between.

use tarsier_model::SealedModel;
use tarsier_stats::BATCHES;
use tarsier_units::NANOS_PER_SECOND;

use crate::aftermath::{Aftermath, reaches};
use crate::border;
use crate::config::{Pulse, RunConfig, Verdict, Watch};
use crate::consistency::Consistency;
use crate::control::{Control, Stage};
use crate::identities;
use crate::ledger::{Ledger, Seconds};
use crate::outcome::{Outcome, SecondRow, Stopped};
use crate::partition::{Names, Partition};
use crate::plan::Plan;
use crate::span::Traces;
use crate::timeline::Timeline;
use crate::trace::Tracing;
use crate::view::View;
use crate::windows::{Moment, Windows};

/// Runs a model: the same model and configuration give the same outcome, whatever the threads.
pub fn run(model: &SealedModel, config: &RunConfig<'_>, watch: &mut dyn Watch) -> Outcome {
    let warmup = config.warmup.nanos();
    let mut plan = Plan::new(model, warmup, config.duration.nanos());
    let traces = watch.traces();
    if traces != Traces::None {
        plan.look_at_all();
    }
    let names = Names {
        seed: config.seed,
        replication: config.replication,
        services: model.services.iter().map(|service| service.name.as_str()).collect(),
        workloads: model.workloads.iter().map(|workload| workload.name.as_str()).collect(),
    };
    let mut partitions: Vec<Partition> =
        (0..plan.partitions.len() as u32).map(|index| Partition::new(&plan, &names, index)).collect();
    if watch.wants_visits() {
        partitions.iter_mut().for_each(|partition| partition.visits = Some(Box::default()));
    }
    for partition in &mut partitions {
        partition.tracing = Tracing::new(traces.clone(), warmup);
    }
    let mut view = View::new(&plan);
    let control = Control::new(model, &plan, config, &mut view);
    let windows = Windows::new(&plan, view, partitions, config.threads);
    let told = match config.scenario {
        _ if config.series => Seconds::OfAll,
        Some(_) => Seconds::OfWorkloads,
        None => Seconds::None,
    };
    let ledger = Ledger::new(&plan, model.workloads.len(), told);
    let aftermath = Aftermath::new(
        &control.spans(warmup),
        &reaches(model, config.scenario),
        model.workloads.len(),
        config.duration.nanos(),
    );
    let end = warmup + config.duration.nanos();
    assert!(end < crate::kernel::queue::END_OF_TIME, "a run ends before time does");
    let consistency = Consistency::new(&plan);
    let run = Run {
        config,
        plan: &plan,
        windows: &windows,
        control,
        ledger,
        consistency,
        aftermath,
        told,
        warmup,
        end,
    };
    let mut outcome = windows.with_helpers(|| run.go(model, watch));
    outcome.seed = config.seed;
    outcome
}

struct Run<'a> {
    config: &'a RunConfig<'a>,
    plan: &'a Plan,
    windows: &'a Windows<'a>,
    control: Control,
    ledger: Ledger,
    consistency: Consistency,
    aftermath: Aftermath,
    told: Seconds,
    warmup: u64,
    end: u64,
}

impl Run<'_> {
    fn go(mut self, model: &SealedModel, watch: &mut dyn Watch) -> Outcome {
        let mut now = 0;
        let mut reached = 0;
        let mut stopped = false;
        self.at_boundary(0, watch);
        while now < self.end && !stopped {
            let next = self.next_boundary(now);
            let mut pulse = |moment: Moment| {
                reached = moment.simulated;
                moment.spans.iter().for_each(|span| watch.span(span));
                let simulated = tarsier_units::Span::from_nanos(moment.simulated);
                watch.pulse(Pulse { simulated, events: moment.events }) == Verdict::GoOn
            };
            stopped = !self.windows.run_until(next, &mut pulse);
            // Boundaries may be so close that no window is long enough for a look at the watch.
            if !stopped && next < self.end {
                stopped = !pulse(self.windows.moment(next));
            }
            if stopped {
                self.windows.come_to_rest(&mut reached);
                now = reached.min(next);
                self.cut_short(now);
                show(self.warmup, &mut self.windows.at_rest(), watch);
            } else {
                now = next;
                self.at_boundary(now, watch);
            }
        }
        let mut partitions = self.windows.at_rest();
        // Partitions that broke off in the middle of a window stand at different times.
        let broken_off =
            partitions.len() > 1 && partitions.iter().any(|partition| partition.trouble.is_some());
        if !broken_off {
            identities::check(now, self.plan, self.windows, &mut partitions);
        }
        let mut outcome = self.ledger.outcome(now, model, self.plan, &mut partitions);
        outcome.stores = self.consistency.outcomes(model, self.plan, &partitions);
        let (faults, discovery) = self.control.timelines();
        let forbidden = border::told(self.plan, partitions.iter().map(|partition| &**partition));
        let noted = discovery.into_iter().chain(partitions.iter().map(|partition| &partition.timeline));
        let noted = noted.chain([&forbidden]);
        (outcome.timeline, outcome.timeline_dropped) = Timeline::merged(faults, noted, self.warmup);
        if let Some(scenario) = self.config.scenario {
            outcome.faults = self.aftermath.outcomes(model, scenario, &outcome.timeline);
        }
        outcome.stopped_early = stopped;
        outcome.stopped_because =
            stopped.then(|| partitions.iter().find_map(|p| p.trouble).unwrap_or(Stopped::Asked));
        outcome
    }

    /// Where the clock must stop next: a batch or a second ends, the warm-up ends, a scenario acts.
    fn next_boundary(&self, now: u64) -> u64 {
        let mut next = self.end.min(self.control.next_time());
        if !self.plan.stores.is_empty() {
            // Notes are not kept for longer.
            next = next.min((now / NANOS_PER_SECOND + 1) * NANOS_PER_SECOND);
        }
        if now < self.warmup {
            return next.min(self.warmup);
        }
        let counted = now - self.warmup;
        let length = self.end - self.warmup;
        let batch = (0..=BATCHES as u64).map(|n| batch_end(length, n)).find(|end| *end > counted);
        next = next.min(self.warmup + batch.unwrap_or(length));
        if self.told != Seconds::None {
            next = next.min(self.warmup + (counted / NANOS_PER_SECOND + 1) * NANOS_PER_SECOND);
        }
        next
    }

    fn at_boundary(&mut self, now: u64, watch: &mut dyn Watch) {
        let mut partitions = self.windows.at_rest();
        partitions.iter_mut().for_each(|partition| partition.now = now);
        show(self.warmup, &mut partitions, watch);
        self.consistency.take_in(self.plan, &mut partitions);
        if now == self.warmup {
            self.ledger.start(now, &mut partitions[0]);
            self.consistency.start();
        } else if now > self.warmup {
            let counted = now - self.warmup;
            let second_ends =
                self.told != Seconds::None && (counted.is_multiple_of(NANOS_PER_SECOND) || now == self.end);
            let length = self.end - self.warmup;
            let batch_ends = (1..=BATCHES as u64).any(|n| batch_end(length, n) == counted);
            if second_ends || batch_ends {
                let mut seconds =
                    SecondsWatch { watch, told: self.config.series, aftermath: &mut self.aftermath };
                let watch: Option<&mut dyn Watch> = if second_ends { Some(&mut seconds) } else { None };
                self.ledger.collect(now, self.plan, &mut partitions[0], watch);
            }
            if batch_ends {
                self.ledger.close_batch();
                self.consistency.close_batch();
            }
        }
        if now < self.end && self.control.next_time() <= now {
            let mut all: Vec<&mut Partition> =
                partitions.iter_mut().map(|partition| &mut **partition).collect();
            let mut view = self.windows.view.write().expect("no partition runs between windows");
            let stage = &mut Stage { now, plan: self.plan, view: &mut view, partitions: &mut all };
            self.control.act(stage);
        }
        drop(partitions);
        self.windows.refresh();
    }

    /// The run ends here: what was recorded since the last boundary still counts.
    fn cut_short(&mut self, now: u64) {
        let mut partitions = self.windows.at_rest();
        partitions.iter_mut().for_each(|partition| partition.now = now);
        self.consistency.take_in(self.plan, &mut partitions);
        if now > self.warmup {
            self.ledger.collect(now, self.plan, &mut partitions[0], None);
            self.ledger.close_batch();
            self.consistency.close_batch();
        } else {
            // Nothing was counted yet.
            self.ledger.start(now, &mut partitions[0]);
            self.consistency.start();
        }
    }
}

/// Shows seconds to whoever looks on, and to the judge of faults.
struct SecondsWatch<'a> {
    watch: &'a mut dyn Watch,
    told: bool,
    aftermath: &'a mut Aftermath,
}

impl Watch for SecondsWatch<'_> {
    fn second(&mut self, row: &SecondRow) {
        self.aftermath.see(row);
        if self.told {
            self.watch.second(row);
        }
    }
}

/// Shows visits, spans and instances that went or came to whoever wants to see them.
fn show(warmup: u64, partitions: &mut [impl std::ops::DerefMut<Target = Partition>], watch: &mut dyn Watch) {
    for partition in partitions {
        let visits = partition.visits.iter_mut().flat_map(|visits| visits.drain());
        visits.for_each(|visit| watch.visit(&visit));
        partition.tracing.take().iter().for_each(|span| watch.span(span));
        for mut change in partition.changes.drain(..) {
            change.time_ns -= warmup as i64;
            watch.instance(&change);
        }
    }
}

/// When batch `n` of the counted time ends.
fn batch_end(length: u64, n: u64) -> u64 {
    (u128::from(length) * u128::from(n) / BATCHES as u128) as u64
}
