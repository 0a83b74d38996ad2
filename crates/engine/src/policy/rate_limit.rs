//! A rate limit: a bucket that tokens drip into; a request takes one, or is refused.
//!
//! The policer of Turner's leaky bucket (New Directions in Communications, IEEE Communications Magazine 24(10),
//! 1986): in a time `t` never more than `burst + rate × t` pass.

use tarsier_model::RateLimit;

/// Ten drips of a tenth make a token in spite of rounding.
const SLACK: f64 = 1e-9;

#[derive(Clone, Debug)]
pub(crate) struct TokenBucket {
    tokens: f64,
    /// When they were that many.
    as_of: u64,
}

impl TokenBucket {
    /// Full.
    pub(crate) fn new(limit: RateLimit, now: u64) -> TokenBucket {
        TokenBucket { tokens: limit.burst, as_of: now }
    }

    /// Takes a token, if there is one.
    pub(crate) fn admits(&mut self, limit: RateLimit, now: u64) -> bool {
        let dripped = (now - self.as_of) as f64 * (limit.per_second / 1e9);
        self.tokens = (self.tokens + dripped).min(limit.burst);
        self.as_of = now;
        let has_one = self.tokens >= 1.0 - SLACK;
        if has_one {
            self.tokens -= 1.0;
        }
        has_one
    }
}

#[cfg(test)]
mod tests {
    use tarsier_random::Stream;

    use super::*;

    const SECOND: u64 = 1_000_000_000;

    #[test]
    fn a_full_bucket_lets_its_burst_through_at_once() {
        let limit = RateLimit { per_second: 10.0, burst: 20.0 };
        let mut bucket = TokenBucket::new(limit, 0);
        assert_eq!((0..100).filter(|_| bucket.admits(limit, 0)).count(), 20);
        // Then one every tenth of a second, exactly.
        let times = (1..=800).map(|n| n * SECOND / 100);
        assert_eq!(times.filter(|time| bucket.admits(limit, *time)).count(), 80);
    }

    /// Whatever the arrivals, no window lets more through than the burst and what drips in meanwhile.
    #[test]
    fn no_window_lets_more_through() {
        let limit = RateLimit { per_second: 100.0, burst: 5.0 };
        let mut bucket = TokenBucket::new(limit, 0);
        let mut stream = Stream::from_state(1);
        let (mut now, mut passed) = (0, Vec::new());
        for _ in 0..5_000 {
            now += (stream.exp1() * 5e6) as u64;
            if bucket.admits(limit, now) {
                passed.push(now);
            }
        }
        for (first, start) in passed.iter().enumerate() {
            for (last, end) in passed.iter().enumerate().skip(first) {
                let allowed = 5.0 + 100.0 * (end - start) as f64 / 1e9;
                assert!((last - first + 1) as f64 <= allowed + 1e-6, "{start}..{end}");
            }
        }
    }
}
