//! Simulated time that follows the clock.

use std::time::{Duration, Instant};

use crate::onlooker::is_interrupted;

/// Keeps simulated time from running ahead of the clock.
pub(super) struct Pace {
    /// Simulated seconds to one of the clock.
    speed: f64,
    /// When the first second came: it took next to no time, and is over by the clock after one second.
    begun: Option<Instant>,
}

impl Pace {
    pub(super) fn new(speed: f64) -> Self {
        Pace { speed, begun: None }
    }

    /// Waits until a second may be shown, or the run is interrupted.
    pub(super) fn keep(&mut self, second: u64) {
        let due = self.due(second, Instant::now());
        loop {
            let left = due.saturating_duration_since(Instant::now());
            if left.is_zero() || is_interrupted() {
                return;
            }
            // In slices, so that Ctrl-C is heard.
            std::thread::sleep(left.min(Duration::from_millis(100)));
        }
    }

    fn due(&mut self, second: u64, now: Instant) -> Instant {
        *self.begun.get_or_insert(now) + Duration::from_secs_f64((second + 1) as f64 / self.speed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_are_due_by_the_clock_however_long_each_took() {
        let now = Instant::now();
        let later = |millis| now + Duration::from_millis(millis);
        let mut pace = Pace::new(4.0);
        assert_eq!(pace.due(0, now), later(250));
        assert_eq!(pace.due(1, later(300)), later(500));
        assert_eq!(pace.due(5, later(9_999)), later(1_500));
    }
}
