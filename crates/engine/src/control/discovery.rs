//! Which instances discovery names, and when it hears of changes.
//!
//! Registry: instances send heartbeats, each at its own phase; one that sent none for the time to
//! live is delisted, and listed again with its next (Netflix Eureka). Health checks: each instance is
//! checked at its own phase; so many failures in a row delist it, so many successes list it (AWS load
//! balancers, Envoy, Kubernetes). Who is killed loudly refuses a check at once, who hangs lets it time
//! out. An instance that is down, paused or stalled sends no heartbeats and fails its checks.
//!
//! Nothing happens here while nothing changes: due times are worked out when an instance turns.

use tarsier_model::{Discovery, HealthCheck, SealedModel, Service};
use tarsier_random::Stream;

use crate::plan::Plan;
use crate::timeline::Reason;

/// Times at a distance of `period` from each other.
#[derive(Clone, Copy)]
pub(crate) struct Grid {
    pub(crate) phase: u64,
    pub(crate) period: u64,
}

impl Grid {
    /// With a phase of its own in the period.
    pub(crate) fn drawn(period: u64, stream: &mut Stream) -> Grid {
        let phase = (u128::from(stream.next_u64()) * u128::from(period)) >> 64;
        Grid { phase: phase as u64, period }
    }

    pub(crate) fn first_from(self, time: u64) -> u64 {
        if time <= self.phase {
            return self.phase;
        }
        self.phase + (time - self.phase).div_ceil(self.period) * self.period
    }

    pub(crate) fn last_until(self, time: u64) -> Option<u64> {
        Some(self.phase + time.checked_sub(self.phase)? / self.period * self.period)
    }

    /// How many there are in `from..to`.
    fn count(self, from: u64, to: u64) -> u64 {
        let first = self.first_from(from);
        if first >= to { 0 } else { (to - 1 - first) / self.period + 1 }
    }
}

struct Registry {
    ttl: u64,
    beats: Grid,
}

struct Checks {
    rule: HealthCheck,
    grid: Grid,
}

/// What discovery knows of an instance.
struct Entry {
    registry: Option<Registry>,
    checks: Option<Checks>,
    answers: bool,
    /// How long a check of it takes to fail.
    silence: u64,
    since: u64,
    /// Counts how often it turned; what was due before the last turn is void.
    turn: u32,
    last_beat: u64,
    failed: u64,
    passed: u64,
    beats: bool,
    passes: bool,
}

/// What is due for an instance.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Signal {
    Beat,
    Check,
}

impl Entry {
    fn new(discovery: Option<Discovery>, health: Option<HealthCheck>, mut phases: Stream) -> Entry {
        let registry = match discovery {
            Some(Discovery::Registry { heartbeat, ttl, .. }) => {
                let beats = Grid::drawn(heartbeat.nanos().max(1), &mut phases);
                Some(Registry { ttl: ttl.nanos(), beats })
            }
            _ => None,
        };
        let checks =
            health.map(|rule| Checks { rule, grid: Grid::drawn(rule.every.nanos().max(1), &mut phases) });
        Entry {
            registry,
            checks,
            answers: true,
            silence: 0,
            since: 0,
            turn: 0,
            last_beat: 0,
            failed: 0,
            passed: 0,
            beats: true,
            passes: true,
        }
    }

    /// Nothing is known of it, and nobody answers.
    fn forget(&mut self) {
        (self.answers, self.turn, self.passed) = (false, self.turn + 1, 0);
        (self.beats, self.passes) = (self.registry.is_none(), self.checks.is_none());
    }

    fn is_listed(&self) -> bool {
        self.beats && self.passes
    }

    /// The instance answers from now on, or no longer does (and a check takes `silence` to fail).
    fn turn(&mut self, now: u64, answers: bool, silence: u64) {
        self.settle(now);
        (self.answers, self.since) = (answers, now);
        if !answers {
            self.silence = silence;
        }
        self.turn += 1;
    }

    /// Counts heartbeats and checks since the last turn.
    fn settle(&mut self, now: u64) {
        if let Some(registry) = &self.registry
            && self.answers
            && let Some(beat) = registry.beats.last_until(now)
            && beat >= self.since
        {
            self.last_beat = beat;
        }
        if let Some(checks) = &self.checks {
            let until = if self.answers { now } else { now.saturating_sub(self.silence) };
            let n = checks.grid.count(self.since, until);
            match (self.answers, n) {
                (_, 0) => {}
                (true, n) => (self.failed, self.passed) = (0, self.passed + n),
                (false, n) => (self.failed, self.passed) = (self.failed + n, 0),
            }
        }
    }

    /// When a heartbeat, or the lack of one, changes what is listed.
    fn next_beat(&self, now: u64) -> Option<u64> {
        let registry = self.registry.as_ref()?;
        let expires = self.last_beat + registry.ttl;
        let beat = registry.beats.first_from(now);
        match (self.beats, self.answers) {
            (true, true) => (beat > expires).then_some(expires),
            (true, false) => Some(expires),
            (false, true) => Some(beat),
            (false, false) => None,
        }
    }

    /// When a check changes what is listed.
    fn next_check(&self, now: u64) -> Option<u64> {
        let checks = self.checks.as_ref()?;
        let after = |wanted: u32, had: u64| {
            let missing = u64::from(wanted).saturating_sub(had).max(1);
            checks.grid.first_from(now) + (missing - 1) * checks.grid.period
        };
        match (self.passes, self.answers) {
            (true, false) => Some(after(checks.rule.unhealthy, self.failed) + self.silence),
            (false, true) => Some(after(checks.rule.healthy, self.passed)),
            _ => None,
        }
    }

    fn due(&self, now: u64) -> Vec<Due> {
        let due =
            |signal, time: Option<u64>| time.map(|time| Due { time: time.max(now), signal, turn: self.turn });
        let both = [due(Signal::Beat, self.next_beat(now)), due(Signal::Check, self.next_check(now))];
        both.into_iter().flatten().collect()
    }

    /// What is due is done; why.
    fn take(&mut self, now: u64, signal: Signal) -> Reason {
        match signal {
            Signal::Beat => {
                self.beats = !self.beats;
                if self.beats {
                    self.last_beat = now;
                }
                if self.beats { Reason::Heartbeat } else { Reason::NoHeartbeat }
            }
            Signal::Check => {
                let rule = self.checks.as_ref().expect("checks are due where there are any").rule;
                self.passes = self.answers;
                if self.passes {
                    Reason::ChecksPassed(rule.healthy)
                } else {
                    Reason::ChecksFailed(rule.unhealthy)
                }
            }
        }
    }
}

/// Something will change at a time, unless the instance turns before.
pub(super) struct Due {
    pub(super) time: u64,
    pub(super) signal: Signal,
    pub(super) turn: u32,
}

/// All instances that a registry or health checks watch.
pub(super) struct Directory {
    /// By instance; empty where there are none.
    entries: Vec<Option<Box<Entry>>>,
}

impl Directory {
    pub(super) fn new(model: &SealedModel, plan: &Plan, names: (u64, u64)) -> Directory {
        let any = model.services.iter().any(is_watched);
        let mut directory = Directory { entries: Vec::new() };
        directory.entries.resize_with(if any { plan.service_of.len() } else { 0 }, || None);
        if any {
            plan.instances().for_each(|instance| directory.add(model, plan, instance, names));
        }
        directory
    }

    fn add(&mut self, model: &SealedModel, plan: &Plan, instance: u32, (seed, replication): (u64, u64)) {
        let at = instance as usize;
        let service = &model.services.as_slice()[plan.service_of[at] as usize];
        if is_watched(service) {
            let numbers = [u64::from(plan.number_of[at]), replication];
            let phases = Stream::named(seed, &["instance", &service.name, "discovery"], &numbers);
            self.entries[at] = Some(Box::new(Entry::new(service.discovery, service.health, phases)));
        }
    }

    /// There will be an instance that was not there so far.
    pub(super) fn announce(&mut self, model: &SealedModel, plan: &Plan, instance: u32, names: (u64, u64)) {
        if !self.entries.is_empty() {
            self.add(model, plan, instance, names);
            self.forget(instance);
        }
    }

    /// An instance is gone for good; should it come back, it is a new one.
    pub(super) fn forget(&mut self, instance: u32) {
        if let Some(Some(entry)) = self.entries.get_mut(instance as usize) {
            entry.forget();
        }
    }

    /// Whether an instance is listed, if it is watched.
    pub(super) fn lists(&self, instance: u32) -> Option<bool> {
        Some(self.entries.get(instance as usize)?.as_ref()?.is_listed())
    }

    /// An instance answers from now on, or no longer does (it refuses at once, or keeps silent): what
    /// will be due.
    pub(super) fn turn(&mut self, instance: u32, now: u64, answers: bool, refuses: bool) -> Vec<Due> {
        let Some(Some(entry)) = self.entries.get_mut(instance as usize) else { return Vec::new() };
        if entry.answers == answers {
            return Vec::new();
        }
        let timeout = entry.checks.as_ref().map_or(0, |checks| checks.rule.timeout.nanos());
        entry.turn(now, answers, if refuses { 0 } else { timeout });
        entry.due(now)
    }

    /// What was due happens, if the instance has not turned since. The reason, if what is listed has
    /// changed, and what is due next.
    pub(super) fn signal(
        &mut self,
        instance: u32,
        now: u64,
        signal: Signal,
        turn: u32,
    ) -> Option<(Option<Reason>, Vec<Due>)> {
        let entry = self.entries[instance as usize].as_mut().expect("it is in the directory");
        if entry.turn != turn {
            return None;
        }
        let before = entry.is_listed();
        let reason = entry.take(now, signal);
        let changed = (entry.is_listed() != before).then_some(reason);
        let mut next = entry.due(now);
        // The other signal is on its way already.
        next.retain(|due| due.signal == signal);
        Some((changed, next))
    }
}

fn is_watched(service: &Service) -> bool {
    matches!(service.discovery, Some(Discovery::Registry { .. })) || service.health.is_some()
}

#[cfg(test)]
mod tests {
    use tarsier_units::Span;

    use super::*;

    fn entry(registry: Option<(u64, u64)>, checks: Option<HealthCheck>) -> Entry {
        let secs = Span::from_secs;
        let discovery = registry.map(|(heartbeat, ttl)| Discovery::Registry {
            heartbeat: secs(heartbeat),
            ttl: secs(ttl),
            poll: secs(30),
        });
        let mut entry = Entry::new(discovery, checks, Stream::named(1, &["test"], &[]));
        // At 7, 37, 67, …
        if let Some(registry) = &mut entry.registry {
            registry.beats.phase = 7 * S;
        }
        if let Some(checks) = &mut entry.checks {
            checks.grid.phase = 3 * S;
        }
        entry
    }

    const S: u64 = 1_000_000_000;

    /// When the list changes next, and it does.
    fn step(entry: &mut Entry, now: u64) -> Option<(u64, bool)> {
        let due = entry.due(now).into_iter().min_by_key(|due| due.time)?;
        entry.take(due.time, due.signal);
        Some((due.time / S, entry.is_listed()))
    }

    #[test]
    fn the_dead_are_listed_until_their_time_to_live_is_over() {
        let mut entry = entry(Some((30, 90)), None);
        assert!(entry.due(0).is_empty());
        entry.turn(100 * S, false, 0);
        // The last heartbeat came at 97.
        assert_eq!(step(&mut entry, 100 * S), Some((187, false)));
        assert_eq!(step(&mut entry, 187 * S), None);
        entry.turn(200 * S, true, 0);
        assert_eq!(step(&mut entry, 200 * S), Some((217, true)));
        assert_eq!(step(&mut entry, 217 * S), None);
    }

    #[test]
    fn a_short_death_goes_unnoticed() {
        let mut entry = entry(Some((30, 90)), None);
        entry.turn(100 * S, false, 0);
        entry.turn(150 * S, true, 0);
        assert!(entry.due(150 * S).is_empty());
        // Dead again before the heartbeat of 157: the last one is still that of 97.
        entry.turn(156 * S, false, 0);
        assert_eq!(step(&mut entry, 156 * S), Some((187, false)));
    }

    #[test]
    fn checks_fail_and_pass_in_a_row() {
        let rule =
            HealthCheck { every: Span::from_secs(10), timeout: Span::from_secs(1), unhealthy: 3, healthy: 2 };
        let mut entry = entry(None, Some(rule));
        // Checks at 103, 113, 123 time out.
        entry.turn(100 * S, false, S);
        assert_eq!(step(&mut entry, 100 * S), Some((124, false)));
        // Checks at 133 and 143 succeed.
        entry.turn(130 * S, true, 0);
        assert_eq!(step(&mut entry, 130 * S), Some((143, true)));
        // Two failures, a success, and then three more are needed.
        entry.turn(150 * S, false, 0);
        entry.turn(170 * S, true, 0);
        assert_eq!(entry.failed, 2);
        entry.turn(174 * S, false, 0);
        assert_eq!(step(&mut entry, 174 * S), Some((203, false)));
    }

    #[test]
    fn a_check_that_is_not_answered_yet_may_still_be() {
        let rule =
            HealthCheck { every: Span::from_secs(10), timeout: Span::from_secs(5), unhealthy: 2, healthy: 1 };
        let mut entry = entry(None, Some(rule));
        // That of 103 has failed at 108, that of 113 not by 115.
        entry.turn(100 * S, false, 5 * S);
        entry.turn(115 * S, true, 0);
        assert_eq!(entry.failed, 1);
        // No check since: that of 123 is the second failure in a row.
        entry.turn(120 * S, false, 5 * S);
        assert_eq!(step(&mut entry, 120 * S), Some((128, false)));
    }
}
