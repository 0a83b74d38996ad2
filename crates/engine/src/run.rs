//! One run: from boundary to boundary, windows in between.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::DerefMut;
use std::sync::MutexGuard;

use tarsier_model::{Happening, Scenario, SealedModel, Trouble};
use tarsier_stats::{BATCHES, Window};
use tarsier_units::{NANOS_PER_SECOND, Span};

use crate::aftermath::{Aftermath, Judge, reaches};
use crate::border;
use crate::config::{Pulse, RunConfig, Verdict, Watch};
use crate::consistency::Consistency;
use crate::control::{Control, Stage};
use crate::identities;
use crate::ledger::{Ledger, Seconds};
use crate::outcome::{Outcome, SecondRow, Stopped};
use crate::partition::{Names, Partition};
use crate::plan::{Plan, Room};
use crate::span::Traces;
use crate::standing::{Ended, Standing, Unfit};
use crate::timeline::{Event, Timeline};
use crate::trace::Tracing;
use crate::view::View;
use crate::windows::{Common, Moment, Windows};

/// A run that somebody steers looks at as many requests, to tell why they are slow, as one of this length.
const STEERED_SAMPLE: Span = Span::from_secs(60);

/// So many instances may be added by hand in each partition; each place takes some forty bytes.
pub const ROOM_BY_HAND: u32 = 4_096;

/// Runs a model: the same model and configuration give the same outcome, whatever the threads.
pub fn run(model: &SealedModel, config: &RunConfig<'_>, watch: &mut dyn Watch) -> Outcome {
    let warmup = config.warmup.nanos();
    let is_steered = watch.steers();
    // Who steers asks about what is recent: the sample that tells why is not spread over all that may come.
    let sampled = if is_steered { config.duration.min(STEERED_SAMPLE) } else { config.duration };
    let scenario = scenario(config, is_steered);
    let most = scenario.as_ref().map_or_else(BTreeMap::new, |scenario| scenario.most_instances());
    let room = Room::new(model, &most, if is_steered { ROOM_BY_HAND } else { 0 });
    let mut plan = Plan::new(model, warmup, sampled.nanos(), &room);
    let traces = watch.traces();
    if traces != Traces::None {
        plan.look_at_all();
    }
    let names = Names::new(model, config.seed, config.replication);
    let mut partitions: Vec<Partition> =
        (0..plan.partitions.len() as u32).map(|index| Partition::new(&plan, &names, index)).collect();
    if watch.wants_visits() {
        partitions.iter_mut().for_each(|partition| partition.visits = Some(Box::default()));
    }
    for partition in &mut partitions {
        partition.tracing = Tracing::new(traces.clone(), warmup);
    }
    let mut view = View::new(&plan);
    let control = Control::new(model, &plan, config, scenario.as_deref(), &mut view);
    let told = match scenario {
        _ if config.series => Seconds::OfAll,
        Some(_) => Seconds::OfWorkloads,
        None => Seconds::None,
    };
    let end = warmup + config.duration.nanos();
    assert!(end < crate::kernel::queue::END_OF_TIME, "a run ends before time does");
    let (ledger, consistency) = (Ledger::new(&plan, model.workloads.len(), told), Consistency::new(&plan));
    let windows = Windows::new(plan, view, partitions, config.threads);
    let mut run = Run {
        config,
        model,
        windows: &windows,
        n_given: scenario.as_ref().map_or(0, |scenario| scenario.happenings.len()),
        scenario,
        control,
        ledger,
        consistency,
        judge: Judge::WhenAsked(Vec::new()),
        told,
        warmup,
        end,
        is_steered,
        next_look: u64::MAX,
        batch_closed: 0,
    };
    if !is_steered {
        run.judge = Judge::AsItGoes(run.aftermath());
    }
    windows.with_helpers(|| run.go(watch))
}

/// What happens; of a steered run as far as it is known beforehand.
fn scenario<'a>(config: &RunConfig<'a>, is_steered: bool) -> Option<Cow<'a, Scenario>> {
    match config.scenario {
        Some(scenario) if is_steered => Some(Cow::Owned(scenario.clone())),
        Some(scenario) => Some(Cow::Borrowed(scenario)),
        None => is_steered.then(|| Cow::Owned(Scenario { name: "live".to_owned(), happenings: Vec::new() })),
    }
}

pub(crate) struct Run<'a> {
    config: &'a RunConfig<'a>,
    pub(crate) model: &'a SealedModel,
    pub(crate) windows: &'a Windows,
    pub(crate) scenario: Option<Cow<'a, Scenario>>,
    /// So many happenings were known from the start.
    n_given: usize,
    pub(crate) control: Control,
    ledger: Ledger,
    consistency: Consistency,
    judge: Judge,
    told: Seconds,
    pub(crate) warmup: u64,
    pub(crate) end: u64,
    pub(crate) is_steered: bool,
    /// When the watch wants to look.
    next_look: u64,
    /// When a batch was closed last.
    batch_closed: u64,
}

impl<'a> Run<'a> {
    fn go(mut self, watch: &mut dyn Watch) -> Outcome {
        let mut now = 0;
        let mut reached = 0;
        self.next_look = watch.next_look().map_or(u64::MAX, Span::nanos);
        let mut stopped = self.at_boundary(0, watch) == Verdict::Stop;
        while now < self.end && !stopped {
            let next = self.next_boundary(now);
            let mut pulse = |moment: Moment| {
                reached = moment.simulated;
                moment.spans.iter().for_each(|span| watch.span(span));
                let simulated = Span::from_nanos(moment.simulated);
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
                self.cut_short(now, watch);
            } else {
                now = next;
                stopped = self.at_boundary(now, watch) == Verdict::Stop && now < self.end;
            }
        }
        self.finish(now, stopped)
    }

    /// The accounts are checked, and the outcome is what is in them.
    fn finish(mut self, now: u64, stopped: bool) -> Outcome {
        let mut partitions = self.windows.at_rest();
        // Partitions that broke off in the middle of a window stand at different times.
        let broken_off =
            partitions.len() > 1 && partitions.iter().any(|partition| partition.trouble.is_some());
        if !broken_off {
            identities::check(now, &self.windows.common().plan, self.windows, &mut partitions);
        }
        if stopped {
            self.close(now, &mut partitions);
        }
        let kept = (std::mem::take(&mut self.ledger), std::mem::take(&mut self.consistency));
        let mut outcome = self.outcome(kept, now, &mut partitions);
        outcome.stopped_early = stopped;
        outcome.stopped_because =
            stopped.then(|| partitions.iter().find_map(|p| p.trouble).unwrap_or(Stopped::Asked));
        outcome
    }

    pub(crate) fn turn_page(&mut self, now: u64, partitions: &mut [MutexGuard<'a, Partition>]) {
        if now >= self.warmup {
            self.ledger.collect(now, &self.windows.common().plan, &mut partitions[0], None);
            self.ledger.turn_page(now, &partitions[0]);
        }
    }

    /// As if the last page but one had been the beginning of the counted time, but for stores and events.
    pub(crate) fn recent(
        &mut self,
        now: u64,
        partitions: &mut [MutexGuard<'a, Partition>],
    ) -> Option<Outcome> {
        if now > self.warmup {
            self.ledger.collect(now, &self.windows.common().plan, &mut partitions[0], None);
        }
        let mut outcome = self.ledger.recent(now, &self.windows.common().plan, partitions)?;
        outcome.seed = self.config.seed;
        Some(outcome)
    }

    /// As if the run ended now.
    pub(crate) fn outcome_so_far(
        &mut self,
        now: u64,
        partitions: &mut [MutexGuard<'a, Partition>],
    ) -> Outcome {
        if now > self.warmup {
            self.ledger.collect(now, &self.windows.common().plan, &mut partitions[0], None);
        }
        let before = (self.ledger.clone(), self.consistency.clone());
        self.close(now, partitions);
        let kept = (
            std::mem::replace(&mut self.ledger, before.0),
            std::mem::replace(&mut self.consistency, before.1),
        );
        self.outcome(kept, now, partitions)
    }

    fn outcome(
        &self,
        (ledger, consistency): (Ledger, Consistency),
        now: u64,
        partitions: &mut [impl DerefMut<Target = Partition>],
    ) -> Outcome {
        let plan = &self.windows.common().plan;
        let mut outcome = ledger.outcome(now, plan, partitions);
        outcome.seed = self.config.seed;
        outcome.stores = consistency.outcomes(self.model, plan, partitions);
        (outcome.timeline, outcome.timeline_dropped) = self.timeline(partitions);
        if let Some(scenario) = self.scenario.as_deref() {
            let judge = &self.judge;
            outcome.faults = judge.outcomes(self.model, scenario, &outcome.timeline, || self.aftermath());
        }
        outcome
    }

    /// What was noted until now, in order, and how much was not.
    pub(crate) fn timeline(&self, partitions: &[impl DerefMut<Target = Partition>]) -> (Vec<Event>, u64) {
        let (faults, discovery) = self.control.timelines();
        let forbidden =
            border::told(&self.windows.common().plan, partitions.iter().map(|partition| &**partition));
        let noted = discovery.into_iter().chain(partitions.iter().map(|partition| &partition.timeline));
        Timeline::merged(faults, noted.chain([&forbidden]), self.warmup)
    }

    /// Of what is known to happen; it has seen nothing yet.
    fn aftermath(&self) -> Aftermath {
        let reaches = reaches(self.model, self.scenario.as_deref());
        let n_workloads = self.model.workloads.len();
        Aftermath::new(&self.control.spans(), &reaches, n_workloads, self.config.duration.nanos())
    }

    /// Where the clock must stop next: a batch or a second ends, the warm-up ends, a scenario acts.
    fn next_boundary(&self, now: u64) -> u64 {
        let mut next = self.end.min(self.control.next_time()).min(self.next_look);
        if !self.windows.common().plan.stores.is_empty() {
            // Notes are not kept for longer.
            next = next.min((now / NANOS_PER_SECOND + 1) * NANOS_PER_SECOND);
        }
        if now < self.warmup {
            return next.min(self.warmup);
        }
        let counted = now - self.warmup;
        let length = self.end - self.warmup;
        let batch = self.batch_ends().find(|end| *end > counted);
        next = next.min(self.warmup + batch.unwrap_or(length));
        if self.told != Seconds::None {
            next = next.min(self.warmup + (counted / NANOS_PER_SECOND + 1) * NANOS_PER_SECOND);
        }
        next
    }

    /// When the batches of the counted time end.
    fn batch_ends(&self) -> impl Iterator<Item = u64> {
        let length = u128::from(self.end - self.warmup);
        (0..=BATCHES as u128).map(move |n| (length * n / BATCHES as u128) as u64)
    }

    fn at_boundary(&mut self, now: u64, watch: &mut dyn Watch) -> Verdict {
        let mut partitions = self.windows.at_rest();
        partitions.iter_mut().for_each(|partition| partition.now = now);
        show(self.warmup, &mut partitions, watch);
        self.consistency.take_in(&self.windows.common().plan, &mut partitions);
        if now == self.warmup {
            self.ledger.start(now, &mut partitions[0]);
            self.consistency.start();
        } else if now > self.warmup {
            let counted = now - self.warmup;
            let second_ends =
                self.told != Seconds::None && (counted.is_multiple_of(NANOS_PER_SECOND) || now == self.end);
            let batch_ends = self.batch_ends().any(|end| end == counted);
            if second_ends || batch_ends {
                let mut seconds = SecondsWatch { watch, told: self.config.series, judge: &mut self.judge };
                let watch: Option<&mut dyn Watch> = if second_ends { Some(&mut seconds) } else { None };
                self.ledger.collect(now, &self.windows.common().plan, &mut partitions[0], watch);
            }
            if batch_ends {
                self.ledger.close_batch();
                self.consistency.close_batch();
                self.batch_closed = now;
            }
        }
        let verdict = self.let_look(now, &mut partitions, watch);
        if now < self.end && self.control.next_time() <= now {
            let mut all: Vec<&mut Partition> =
                partitions.iter_mut().map(|partition| &mut **partition).collect();
            let Common { plan, view } = &mut *self.windows.common_mut();
            let stage = &mut Stage { now, model: self.model, plan, view, partitions: &mut all };
            self.control.act(stage);
        }
        drop(partitions);
        self.windows.refresh();
        verdict
    }

    /// Before anything happens that is to happen now.
    fn let_look(
        &mut self,
        now: u64,
        partitions: &mut Vec<MutexGuard<'a, Partition>>,
        watch: &mut dyn Watch,
    ) -> Verdict {
        if now < self.next_look {
            return Verdict::GoOn;
        }
        let verdict = watch.look(&mut Standing { now, run: self, partitions });
        self.next_look = watch.next_look().map_or(u64::MAX, |next| next.nanos().max(now + 1));
        verdict
    }

    /// The run stops in the middle.
    fn cut_short(&mut self, now: u64, watch: &mut dyn Watch) {
        let mut partitions = self.windows.at_rest();
        partitions.iter_mut().for_each(|partition| partition.now = now);
        self.consistency.take_in(&self.windows.common().plan, &mut partitions);
        show(self.warmup, &mut partitions, watch);
    }

    /// What was recorded since the last boundary still counts.
    fn close(&mut self, now: u64, partitions: &mut [MutexGuard<'a, Partition>]) {
        if now <= self.warmup {
            // Nothing was counted yet.
            self.ledger.start(now, &mut partitions[0]);
            self.consistency.start();
        } else if now != self.batch_closed {
            self.ledger.collect(now, &self.windows.common().plan, &mut partitions[0], None);
            self.ledger.close_batch();
            self.consistency.close_batch();
        }
    }

    /// Whether there is room for the instances that somebody wants, beside those of all other happenings.
    pub(crate) fn has_room_for(&self, trouble: &Trouble) -> bool {
        let Some((service, wanted)) = trouble.resizes() else { return true };
        let mut most = self.scenario.as_ref().expect("a steered run has a scenario").most_instances();
        let known = most.entry(service).or_default();
        *known = wanted.max(*known);
        self.windows.common().plan.has(&Room::new(self.model, &most, 0))
    }

    /// Something happens now that no scenario had; its number.
    pub(crate) fn begin(&mut self, happening: Happening) -> usize {
        let happenings =
            &mut self.scenario.as_mut().expect("a steered run has a scenario").to_mut().happenings;
        let number = happenings.len();
        self.control.add(self.model, &self.windows.common().plan, &happening, number as u32);
        happenings.push(happening);
        number
    }

    /// Something ends now that would have lasted longer; or, if it was the last to be begun, and just now, it never was.
    pub(crate) fn end_early(&mut self, number: usize, now: u64) -> Result<Ended, Unfit> {
        let happenings =
            &mut self.scenario.as_mut().expect("a steered run has a scenario").to_mut().happenings;
        let is_last = number >= self.n_given && number + 1 == happenings.len();
        if is_last && self.control.take_back(number as u32, now) {
            happenings.pop();
            return Ok(Ended::TakenBack);
        }
        let happening = happenings.get_mut(number).ok_or(Unfit::Unknown)?;
        if matches!(happening.trouble, Trouble::Restart { .. } | Trouble::Flush { .. } | Trouble::Leak { .. })
        {
            return Err(Unfit::RunsItsCourse);
        }
        self.control.end_early(number as u32, now)?;
        happening.lasts = Some(Span::from_nanos(now - self.warmup - happening.at.nanos()));
        Ok(Ended::Now)
    }
}

/// Shows seconds to whoever looks on, and to the judge of faults.
struct SecondsWatch<'a> {
    watch: &'a mut dyn Watch,
    told: bool,
    judge: &'a mut Judge,
}

impl Watch for SecondsWatch<'_> {
    fn second(&mut self, row: &SecondRow) {
        self.judge.see(row);
        if self.told {
            self.watch.second(row);
        }
    }

    fn latencies(&mut self, second: u64, workload: usize, all: &Window, destinations: &[Window]) {
        if self.told {
            self.watch.latencies(second, workload, all, destinations);
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
