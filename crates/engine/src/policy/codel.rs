//! Controlled delay: drops the one who has waited longest, now and then and then more often, while waiting stays
//! above a target.
//!
//! Nichols and Jacobson: Controlling Queue Delay, ACM Queue 10(5), 2012; RFC 8289, whose pseudocode this is, asked
//! about one waiting request at a time.

use tarsier_model::Codel;

/// An episode of dropping that begins so many intervals after the last one resumes its pace.
const MEMORY: u64 = 16;

/// Of one waiting line.
#[derive(Clone, Debug, Default)]
pub(crate) struct DelayControl {
    /// When waiting will have been above the target for an interval, if it stays there.
    patient_until: Option<u64>,
    dropping: bool,
    drop_next: u64,
    /// Drops since this episode began, counted on from the last one if that was recent …
    count: u32,
    /// … and what it began with.
    count_at_start: u32,
}

impl DelayControl {
    /// Whether to drop the one who has waited longest, `waited` so far, with so many behind.
    pub(crate) fn drops(&mut self, codel: Codel, now: u64, waited: u64, behind: usize) -> bool {
        let too_slow = self.is_above_for_long(codel, now, waited, behind);
        if !too_slow {
            self.dropping = false;
            return false;
        }
        if self.dropping {
            return self.drops_again(codel, now);
        }
        self.dropping = true;
        let drops = self.count - self.count_at_start;
        let is_recent = now - self.drop_next.min(now) < MEMORY * codel.interval.nanos();
        self.count = if drops > 1 && is_recent { drops } else { 1 };
        self.count_at_start = self.count;
        self.drop_next = self.after(codel, now);
        true
    }

    /// Whether the longest wait is above the target at the moment.
    pub(crate) fn is_above(&self) -> bool {
        self.patient_until.is_some()
    }

    fn is_above_for_long(&mut self, codel: Codel, now: u64, waited: u64, behind: usize) -> bool {
        // The last one is never dropped: that would idle the server.
        if waited < codel.target.nanos() || behind <= 1 {
            self.patient_until = None;
            return false;
        }
        now >= *self.patient_until.get_or_insert(now + codel.interval.nanos())
    }

    fn drops_again(&mut self, codel: Codel, now: u64) -> bool {
        if now < self.drop_next {
            return false;
        }
        self.count += 1;
        self.drop_next = self.after(codel, self.drop_next);
        true
    }

    /// The control law: the nth drop follows the one before after `interval / √n`.
    fn after(&self, codel: Codel, time: u64) -> u64 {
        time + (codel.interval.nanos() as f64 / f64::from(self.count).sqrt()) as u64
    }
}

#[cfg(test)]
mod tests {
    use tarsier_units::Span;

    use super::*;

    const CODEL: Codel = Codel { target: Span::from_millis(5), interval: Span::from_millis(100) };
    const MS: u64 = 1_000_000;

    /// The times, in ms, at which requests that have all waited so long are dropped, asked every ms.
    fn drops_between(control: &mut DelayControl, ms: std::ops::Range<u64>, waited: u64) -> Vec<u64> {
        ms.filter(|ms| control.drops(CODEL, ms * MS, waited, 50)).collect()
    }

    #[test]
    fn an_interval_of_patience_then_drops_at_the_root_of_their_number() {
        let drops = drops_between(&mut DelayControl::default(), 0..500, 5 * MS);
        // 100, + 100, + 100/√2, + 100/√3, …: rounded up to when somebody asks.
        assert_eq!(drops, [100, 200, 271, 329, 379, 424, 464]);
    }

    #[test]
    fn waiting_below_the_target_is_never_punished() {
        assert!(drops_between(&mut DelayControl::default(), 0..10_000, 5 * MS - 1).is_empty());
    }

    #[test]
    fn one_short_wait_restores_patience() {
        let mut control = DelayControl::default();
        assert!(drops_between(&mut control, 0..99, 9 * MS).is_empty());
        assert!(control.is_above());
        assert!(!control.drops(CODEL, 99 * MS, 4 * MS, 50));
        assert!(!control.is_above());
        assert_eq!(drops_between(&mut control, 100..201, 9 * MS), [200]);
    }

    #[test]
    fn the_last_ones_are_served() {
        let mut control = DelayControl::default();
        assert_eq!(drops_between(&mut control, 0..101, 9 * MS), [100]);
        assert!(!control.drops(CODEL, 300 * MS, 9 * MS, 1));
    }

    /// A new episode soon after the last one begins at that one's pace, later ones from the start.
    #[test]
    fn pace_is_remembered_for_a_while() {
        let resumed = |pause: u64| {
            let mut control = DelayControl::default();
            let drops = drops_between(&mut control, 0..500, 9 * MS);
            assert!(!control.drops(CODEL, 500 * MS, 0, 50));
            let start = 500 + pause;
            let again = drops_between(&mut control, start..start + 300, 9 * MS);
            (drops.len(), again[1] - again[0])
        };
        // Seven drops, the first of which set the counter to one: it goes on with 100/√6.
        assert_eq!(resumed(10), (7, 41));
        assert_eq!(resumed(2_000), (7, 100));
    }
}
