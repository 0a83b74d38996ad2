//! Simulated time that follows the clock.

use std::time::{Duration, Instant};

/// Behind by more than this, it is given up to catch up: the machine is slower than the pace.
const LAG: Duration = Duration::from_millis(500);

/// When a simulated moment is due. What is done to a run starts it anew from where it is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pace {
    /// Simulated seconds to one of the clock; 0 is as fast as it goes.
    speed: f64,
    began: Instant,
    /// The simulated time then.
    from_s: f64,
}

impl Pace {
    pub(crate) fn new(speed: f64, began: Instant, from_s: f64) -> Self {
        Pace { speed, began, from_s }
    }

    /// How long to wait until a simulated moment may be shown.
    pub(crate) fn wait(&mut self, time_s: f64, now: Instant) -> Duration {
        if self.speed <= 0.0 {
            return Duration::ZERO;
        }
        let due = self.began + Duration::from_secs_f64(((time_s - self.from_s) / self.speed).max(0.0));
        if now.saturating_duration_since(due) > LAG {
            *self = Pace::new(self.speed, now, time_s);
        }
        due.saturating_duration_since(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_due_by_the_clock_however_long_each_took() {
        let now = Instant::now();
        let after = Duration::from_millis;
        let mut pace = Pace::new(4.0, now, 10.0);
        assert_eq!(pace.wait(11.0, now), after(250));
        assert_eq!(pace.wait(12.0, now + after(300)), after(200));
        assert_eq!(pace.wait(12.0, now + after(600)), after(0));
        assert_eq!(pace.wait(13.0, now + after(700)), after(50), "it is not late enough to give up");
    }

    #[test]
    fn who_cannot_keep_up_is_not_hurried() {
        let now = Instant::now();
        let after = Duration::from_millis;
        let mut pace = Pace::new(1.0, now, 0.0);
        assert_eq!(pace.wait(1.0, now + after(5_000)), after(0));
        assert_eq!(pace.wait(2.0, now + after(5_100)), after(900));
        assert_eq!(Pace::new(0.0, now, 0.0).wait(1e6, now), after(0));
    }
}
