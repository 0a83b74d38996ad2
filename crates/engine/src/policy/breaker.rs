//! Circuit breakers: after too many failures a client stops calling for a while.
//!
//! After Nygard, Release It! (2007). The rules are those of Hystrix (a window of time in ten buckets,
//! at least `least` calls in it, a share of failures; then one probe) and of resilience4j (a window
//! of time or of the last calls; some probes, whose share of failures decides). As in resilience4j,
//! an open breaker turns half-open with the first call after its time, and a call that was not let
//! through counts as nothing. Hystrix looks at its window at most every 500 ms; this one always does.
//!
//! An answer counts only if its attempt was sent in the state the breaker is in: what was sent before
//! it opened says nothing to a probe.

use tarsier_model::{Breaker as Rule, BreakerWindow, Trip};

use super::Change;
use super::rolling::{Counts, Rolling};
use crate::timeline::{EventKind, Reason};

#[derive(Clone, Debug)]
pub(crate) struct Breaker {
    state: State,
    /// Since when it has been in this state.
    since: u64,
    window: Window,
    failures_in_a_row: u32,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum State {
    Closed,
    Open,
    HalfOpen { let_through: u32, seen: Counts },
}

#[derive(Clone, Debug)]
enum Window {
    Time(Rolling),
    Calls(LastCalls),
}

impl Breaker {
    pub(crate) fn new(rule: &Rule) -> Breaker {
        let window = match rule.window {
            BreakerWindow::Time(span) => Window::Time(Rolling::new(span.nanos())),
            BreakerWindow::Calls(n) => Window::Calls(LastCalls::new(n)),
        };
        Breaker { state: State::Closed, since: 0, window, failures_in_a_row: 0 }
    }

    #[cfg(test)]
    fn state(&self) -> State {
        self.state
    }

    /// Whoever keeps it starts anew: closed, and whatever it had under way says nothing.
    pub(crate) fn restart(&mut self, now: u64) {
        self.enter(State::Closed, now);
    }

    /// An open breaker whose time is over turns half-open.
    pub(crate) fn wake(&mut self, rule: &Rule, now: u64) -> Option<Change> {
        if self.state != State::Open || now < self.since.saturating_add(rule.open.nanos()) {
            return None;
        }
        self.enter(State::HalfOpen { let_through: 0, seen: Counts::default() }, now);
        Some((EventKind::BreakerHalfOpen, Reason::TimeOver))
    }

    /// Whether a call may be made now, after it was woken; if so, it is made.
    pub(crate) fn lets_through(&mut self, rule: &Rule) -> bool {
        match &mut self.state {
            State::Closed => true,
            State::Open => false,
            State::HalfOpen { let_through, .. } => {
                let is_probe = *let_through < rule.probes;
                *let_through += u32::from(is_probe);
                is_probe
            }
        }
    }

    /// An attempt sent at `sent` has ended.
    pub(crate) fn learn(&mut self, rule: &Rule, sent: u64, now: u64, failed: bool) -> Option<Change> {
        if sent < self.since {
            return None;
        }
        match &mut self.state {
            State::Open => None,
            State::Closed => {
                self.failures_in_a_row = if failed { self.failures_in_a_row + 1 } else { 0 };
                let seen = self.window.add(now, Counts { all: 1, some: u64::from(failed) });
                let reason = trips(rule, seen, self.failures_in_a_row)?;
                self.enter(State::Open, now);
                Some((EventKind::BreakerOpened, reason))
            }
            State::HalfOpen { seen, .. } => {
                seen.all += 1;
                seen.some += u64::from(failed);
                let seen = *seen;
                (seen.all >= u64::from(rule.probes)).then(|| self.decide(rule, seen, now))
            }
        }
    }

    /// All probes have ended.
    fn decide(&mut self, rule: &Rule, seen: Counts, now: u64) -> Change {
        if still_fails(&rule.trip, seen) {
            self.enter(State::Open, now);
            (EventKind::BreakerOpened, Reason::ProbeFailed)
        } else {
            self.enter(State::Closed, now);
            (EventKind::BreakerClosed, Reason::ProbesSucceeded)
        }
    }

    /// Nobody will learn what becomes of an attempt: if it was a probe, another may go.
    pub(crate) fn forget(&mut self, sent: u64) {
        if let State::HalfOpen { let_through, .. } = &mut self.state
            && sent >= self.since
        {
            *let_through -= 1;
        }
    }

    fn enter(&mut self, state: State, now: u64) {
        self.state = state;
        self.since = now;
        self.failures_in_a_row = 0;
        self.window.clear();
    }
}

/// Why it opens, if it does.
fn trips(rule: &Rule, seen: Counts, in_a_row: u32) -> Option<Reason> {
    let Trip { share, count, consecutive } = rule.trip;
    if consecutive.is_some_and(|most| in_a_row >= most) {
        return Some(Reason::Consecutive(in_a_row));
    }
    // A window of the last calls holds no more than these: resilience4j asks for no more either.
    let least = match rule.window {
        BreakerWindow::Calls(n) => rule.least.min(n),
        BreakerWindow::Time(_) => rule.least,
    };
    let too_many = count.is_some_and(|most| seen.some >= u64::from(most))
        || share.is_some_and(|most| seen.some as f64 >= most * seen.all as f64);
    (seen.all >= u64::from(least) && seen.some > 0 && too_many).then(|| seen.reason())
}

/// Whether what the probes saw opens it again: the share of failures, or any where no share is given.
fn still_fails(trip: &Trip, seen: Counts) -> bool {
    match trip.share {
        Some(most) => seen.some as f64 >= most * seen.all as f64,
        None => seen.some > 0,
    }
}

impl Window {
    fn add(&mut self, now: u64, one: Counts) -> Counts {
        match self {
            Window::Time(rolling) => {
                rolling.add(now, one);
                rolling.sum(now)
            }
            Window::Calls(last) => last.add(one.some > 0),
        }
    }

    fn clear(&mut self) {
        match self {
            Window::Time(rolling) => rolling.clear(),
            Window::Calls(last) => *last = LastCalls::new(last.most),
        }
    }
}

/// Which of the last calls have failed, a bit each.
#[derive(Clone, Debug)]
struct LastCalls {
    most: u32,
    failed: Vec<u64>,
    next: u32,
    seen: Counts,
}

impl LastCalls {
    fn new(most: u32) -> LastCalls {
        LastCalls {
            most: most.max(1),
            failed: vec![0; most.max(1).div_ceil(64) as usize],
            next: 0,
            seen: Counts::default(),
        }
    }

    fn add(&mut self, failed: bool) -> Counts {
        let (word, bit) = ((self.next / 64) as usize, 1 << (self.next % 64));
        self.seen.some -= u64::from(self.failed[word] & bit != 0);
        self.seen.some += u64::from(failed);
        self.seen.all = (self.seen.all + 1).min(self.most.into());
        self.failed[word] = if failed { self.failed[word] | bit } else { self.failed[word] & !bit };
        self.next = (self.next + 1) % self.most;
        self.seen
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tarsier_units::Span;

    const SECOND: u64 = 1_000_000_000;

    /// Hystrix's defaults: 50% of at least 20 calls in 10 s, 5 s open, one probe.
    fn hystrix() -> Rule {
        Rule {
            trip: Trip { share: Some(0.5), ..Trip::default() },
            window: BreakerWindow::Time(Span::from_secs(10)),
            least: 20,
            open: Span::from_secs(5),
            probes: 1,
        }
    }

    /// resilience4j's: 50% of the last 100 calls, 60 s open, ten probes.
    fn resilience4j() -> Rule {
        Rule {
            window: BreakerWindow::Calls(100),
            least: 100,
            open: Span::from_secs(60),
            probes: 10,
            ..hystrix()
        }
    }

    fn lets_through(breaker: &mut Breaker, rule: &Rule, now: u64) -> bool {
        breaker.wake(rule, now);
        breaker.lets_through(rule)
    }

    /// A call that takes no time, if it is let through.
    fn call(breaker: &mut Breaker, rule: &Rule, now: u64, failed: bool) -> bool {
        let made = lets_through(breaker, rule, now);
        if made {
            breaker.learn(rule, now, now, failed);
        }
        made
    }

    fn fail(breaker: &mut Breaker, rule: &Rule, now: u64, times: u32) {
        (0..times).for_each(|_| assert!(call(breaker, rule, now, true), "closed at {now}"));
    }

    #[test]
    fn hystrix_stays_closed_at_19_failures_in_10_s_and_opens_at_the_20th() {
        let rule = hystrix();
        let mut breaker = Breaker::new(&rule);
        fail(&mut breaker, &rule, 0, 19);
        assert_eq!(breaker.state(), State::Closed);
        fail(&mut breaker, &rule, 9 * SECOND, 1);
        assert_eq!(breaker.state(), State::Open);
        // Nineteen, and the twentieth when the first bucket has fallen out.
        let mut breaker = Breaker::new(&rule);
        fail(&mut breaker, &rule, 0, 19);
        fail(&mut breaker, &rule, 10 * SECOND, 1);
        assert_eq!(breaker.state(), State::Closed);
    }

    #[test]
    fn after_five_seconds_one_probe_decides() {
        let rule = hystrix();
        let mut breaker = Breaker::new(&rule);
        fail(&mut breaker, &rule, 0, 20);
        assert!(!lets_through(&mut breaker, &rule, 5 * SECOND - 1));
        assert!(lets_through(&mut breaker, &rule, 5 * SECOND));
        assert!(!lets_through(&mut breaker, &rule, 5 * SECOND + 1), "one probe at a time");
        breaker.learn(&rule, 5 * SECOND, 6 * SECOND, true);
        assert_eq!(breaker.state(), State::Open);
        assert!(!lets_through(&mut breaker, &rule, 11 * SECOND - 1));
        assert!(call(&mut breaker, &rule, 11 * SECOND, false));
        assert_eq!(breaker.state(), State::Closed);
        // It starts anew: what failed before is forgotten.
        fail(&mut breaker, &rule, 11 * SECOND, 19);
        assert_eq!(breaker.state(), State::Closed);
    }

    #[test]
    fn successes_dilute_failures() {
        let rule = hystrix();
        let mut breaker = Breaker::new(&rule);
        (0..11).for_each(|_| assert!(call(&mut breaker, &rule, 0, false)));
        fail(&mut breaker, &rule, 1, 10);
        assert_eq!(breaker.state(), State::Closed, "10 of 21");
        fail(&mut breaker, &rule, 2, 1);
        assert_eq!(breaker.state(), State::Open, "11 of 22");
    }

    #[test]
    fn the_last_calls_count_and_ten_probes_decide_by_share() {
        let rule = resilience4j();
        let mut breaker = Breaker::new(&rule);
        fail(&mut breaker, &rule, 0, 99);
        assert_eq!(breaker.state(), State::Closed);
        fail(&mut breaker, &rule, 0, 1);
        assert_eq!(breaker.state(), State::Open);
        let probe = 60 * SECOND;
        (0..10).for_each(|_| assert!(lets_through(&mut breaker, &rule, probe)));
        assert!(!lets_through(&mut breaker, &rule, probe));
        let told: Vec<_> = (0..10).filter_map(|n| breaker.learn(&rule, probe, probe + 1, n < 5)).collect();
        assert_eq!(told, [(EventKind::BreakerOpened, Reason::ProbeFailed)]);
        assert_eq!(breaker.state(), State::Open, "five of ten");
        let probe = 121 * SECOND;
        (0..10).for_each(|n| assert!(call(&mut breaker, &rule, probe, n < 4)));
        assert_eq!(breaker.state(), State::Closed, "four of ten");
    }

    /// A ring of 70 calls, so that it crosses a word, against a list of all of them.
    #[test]
    fn the_ring_forgets_the_oldest() {
        let mut stream = tarsier_random::Stream::named(1, &["ring"], &[]);
        let (mut ring, mut all) = (LastCalls::new(70), Vec::new());
        for _ in 0..1_000 {
            let failed = stream.chance(0.4);
            all.push(failed);
            let last = &all[all.len().saturating_sub(70)..];
            let expected = last.iter().filter(|failed| **failed).count() as u64;
            assert_eq!(ring.add(failed), Counts { all: last.len() as u64, some: expected });
        }
    }

    #[test]
    fn failures_in_a_row_need_no_volume() {
        let rule = Rule { trip: Trip { consecutive: Some(5), ..Trip::default() }, least: 1_000, ..hystrix() };
        let mut breaker = Breaker::new(&rule);
        fail(&mut breaker, &rule, 0, 4);
        assert!(call(&mut breaker, &rule, 0, false));
        fail(&mut breaker, &rule, 0, 4);
        assert_eq!(breaker.state(), State::Closed);
        fail(&mut breaker, &rule, 0, 1);
        assert_eq!(breaker.state(), State::Open);
    }

    #[test]
    fn what_was_sent_before_says_nothing_to_a_probe() {
        let rule = hystrix();
        let mut breaker = Breaker::new(&rule);
        fail(&mut breaker, &rule, SECOND, 20);
        assert!(lets_through(&mut breaker, &rule, 6 * SECOND));
        breaker.learn(&rule, SECOND - 1, 7 * SECOND, true);
        assert!(matches!(breaker.state(), State::HalfOpen { .. }));
        // The probe is given up by whoever made it: the next call probes.
        breaker.forget(6 * SECOND);
        assert!(call(&mut breaker, &rule, 8 * SECOND, false));
        assert_eq!(breaker.state(), State::Closed);
    }
}
