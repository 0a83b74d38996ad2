//! Adaptive throttling: a client that is refused too often refuses itself.
//!
//! The rule of the SRE book (Beyer et al., Site Reliability Engineering, 2016, ch. 21): over the last
//! two minutes a client counts what it wanted to send and what was accepted, and rejects the next
//! with probability `max(0, (requests - K * accepts) / (requests + 1))`. Requests are counted when
//! they are made, also those that are rejected here. An answer accepts, be it an error.

use tarsier_model::Throttle as Rule;
use tarsier_random::Stream;

use super::Change;
use super::rolling::{Counts, Rolling};
use crate::timeline::EventKind;

/// From this share rejected on it is worth telling; until none is.
const NOTEWORTHY: f64 = 0.1;

#[derive(Clone, Debug)]
pub(crate) struct Throttle {
    /// Requests, and those of them that were accepted.
    seen: Rolling,
    is_noted: bool,
}

impl Throttle {
    pub(crate) fn new(rule: &Rule) -> Throttle {
        Throttle { seen: Rolling::new(rule.window.nanos()), is_noted: false }
    }

    /// Whether one more may be sent; draws only when that is left to chance.
    pub(crate) fn lets_through(
        &mut self,
        rule: &Rule,
        now: u64,
        stream: &mut Stream,
    ) -> (bool, Option<Change>) {
        let seen = self.seen.sum(now);
        let rejected = rejection(rule.factor, seen);
        self.seen.add(now, Counts { all: 1, some: 0 });
        let lets_through = rejected <= 0.0 || !stream.chance(rejected);
        (lets_through, self.noteworthy(rejected, seen))
    }

    fn noteworthy(&mut self, rejected: f64, seen: Counts) -> Option<Change> {
        let changes = if self.is_noted { rejected <= 0.0 } else { rejected >= NOTEWORTHY };
        self.is_noted ^= changes;
        let kind = if self.is_noted { EventKind::ThrottlingBegan } else { EventKind::ThrottlingEnded };
        let failed = Counts { all: seen.all, some: seen.all.saturating_sub(seen.some) };
        changes.then(|| (kind, failed.reason()))
    }

    pub(crate) fn accepted(&mut self, now: u64) {
        self.seen.add(now, Counts { all: 0, some: 1 });
    }
}

fn rejection(factor: f64, seen: Counts) -> f64 {
    (seen.all as f64 - factor * seen.some as f64) / (seen.all as f64 + 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tarsier_units::Span;

    #[test]
    fn nothing_is_rejected_up_to_the_factor() {
        assert!(rejection(2.0, Counts { all: 200, some: 100 }) <= 0.0);
        assert!((rejection(2.0, Counts { all: 299, some: 100 }) - 0.33).abs() < 1e-12);
        assert!((rejection(2.0, Counts { all: 9, some: 0 }) - 0.9).abs() < 1e-12);
    }

    /// Demand D into capacity C: min(D, K C) is sent, 1 - K C / D rejected here.
    #[test]
    fn sends_a_multiple_of_what_is_accepted() {
        for (factor, expected) in [(2.0, 600.0), (1.1, 330.0)] {
            let rule = Rule { factor, window: Span::from_secs(10) };
            let mut throttle = Throttle::new(&rule);
            let mut stream = Stream::named(1, &["throttle"], &[]);
            let (mut sent, mut room) = (0, 0.0_f64);
            // A thousand a second, of which the backend has room for three hundred.
            for at in 0..400_000_u64 {
                let now = at * 1_000_000;
                room = (room + 0.3).min(10.0);
                if throttle.lets_through(&rule, now, &mut stream).0 {
                    sent += u32::from(at >= 100_000);
                    if room >= 1.0 {
                        room -= 1.0;
                        throttle.accepted(now);
                    }
                }
            }
            let rate = f64::from(sent) / 300.0;
            assert!((rate / expected - 1.0).abs() < 0.02, "K = {factor}: {rate}/s");
        }
    }
}
