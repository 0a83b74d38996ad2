//! How a rate changes over time, and when so much of it has passed.

use tarsier_model::ShapeStep;
use tarsier_units::Span;

/// A piecewise linear rate (in events per nanosecond) over absolute simulated time.
#[derive(Clone, Debug)]
pub(crate) struct RateCurve {
    /// Times in nanoseconds, rates there; two points at one time are a jump. Constant outside.
    points: Vec<(f64, f64)>,
}

impl RateCurve {
    /// `rate` in events per second, times counted from the end of the warm-up; `share` of all of it.
    pub(crate) fn new(rate: &[(Span, f64)], steps: &[ShapeStep], share: f64, warmup_ns: u64) -> RateCurve {
        let points = |span: Span| (span.nanos() + warmup_ns) as f64;
        let shape: Vec<(f64, f64)> =
            rate.iter().map(|(at, rate)| (points(*at), rate * share / 1e9)).collect();
        let base = RateCurve { points: shape };
        let factors: Vec<(f64, f64, f64)> = steps
            .iter()
            .map(|step| {
                let start = points(step.at);
                let end = step.lasts.map_or(f64::INFINITY, |lasts| start + lasts.nanos() as f64);
                (start, end, step.factor)
            })
            .collect();
        if factors.is_empty() { base } else { base.with_factors(&factors) }
    }

    fn with_factors(&self, factors: &[(f64, f64, f64)]) -> RateCurve {
        let mut times: Vec<f64> = self.points.iter().map(|(time, _)| *time).collect();
        times.extend(factors.iter().flat_map(|(start, end, _)| [*start, *end]));
        times.retain(|time| time.is_finite());
        times.sort_by(f64::total_cmp);
        times.dedup();
        let factor = |time: f64, after: bool| {
            let holds = |start: f64, end: f64| {
                if after { start <= time && time < end } else { start < time && time <= end }
            };
            factors.iter().filter(|(start, end, _)| holds(*start, *end)).map(|(_, _, f)| f).product::<f64>()
        };
        let points = times
            .into_iter()
            .flat_map(|time| {
                let (before, after) = (self.limit(time, false), self.limit(time, true));
                [(time, before * factor(time, false)), (time, after * factor(time, true))]
            })
            .collect();
        RateCurve { points }
    }

    /// The rate just before or just after a time.
    fn limit(&self, time: f64, after: bool) -> f64 {
        let points = &self.points;
        let next = if after {
            points.partition_point(|(at, _)| *at <= time)
        } else {
            points.partition_point(|(at, _)| *at < time)
        };
        match (next.checked_sub(1).map(|before| points[before]), points.get(next).copied()) {
            (None, Some((_, rate))) | (Some((_, rate)), None) => rate,
            (Some((t0, r0)), Some((t1, r1))) => r0 + (r1 - r0) * (time - t0) / (t1 - t0),
            (None, None) => 0.0,
        }
    }

    /// The rate at a time, in events per nanosecond.
    pub(crate) fn rate(&self, time: u64) -> f64 {
        self.limit(time as f64, true)
    }

    /// The mean gap in nanoseconds, if the rate never changes (and is not zero).
    pub(crate) fn steady_gap(&self) -> Option<f64> {
        match self.points[..] {
            [(_, rate)] if rate > 0.0 => Some(1.0 / rate),
            _ => None,
        }
    }

    /// When the curve bends or jumps next.
    pub(crate) fn next_change(&self, now: u64) -> Option<u64> {
        self.points.iter().map(|(time, _)| *time as u64).find(|time| *time > now)
    }

    /// When `amount` events have passed since `now`; `None` for never.
    #[inline]
    pub(crate) fn after(&self, now: u64, amount: f64) -> Option<u64> {
        if let [(_, rate)] = self.points[..] {
            return (rate > 0.0).then(|| now.saturating_add((amount / rate).round() as u64));
        }
        self.after_in_pieces(now as f64, amount)
    }

    fn after_in_pieces(&self, mut now: f64, mut amount: f64) -> Option<u64> {
        let mut next = self.points.partition_point(|(time, _)| *time <= now);
        loop {
            let rate = match next.checked_sub(1) {
                Some(_) => self.limit(now, true),
                None => self.points[0].1,
            };
            let Some(&(end, end_rate)) = self.points.get(next) else {
                return (rate > 0.0).then(|| (now + amount / rate).round() as u64);
            };
            let length = end - now;
            let end_rate = if next == 0 { rate } else { end_rate };
            let area = (rate + end_rate) / 2.0 * length;
            if area >= amount && length > 0.0 {
                return Some((now + crossing(rate, (end_rate - rate) / length, amount)).round() as u64);
            }
            amount -= area;
            now = end;
            next += 1;
        }
    }

    /// How many events there are between two times.
    pub(crate) fn amount(&self, from: u64, to: u64) -> f64 {
        let (from, to) = (from as f64, to as f64);
        let mut cuts = vec![from];
        cuts.extend(self.points.iter().map(|(time, _)| *time).filter(|time| *time > from && *time < to));
        cuts.push(to);
        cuts.dedup();
        cuts.windows(2)
            .map(|ends| (self.limit(ends[0], true) + self.limit(ends[1], false)) / 2.0 * (ends[1] - ends[0]))
            .sum()
    }
}

/// The `x` at which `rate x + slope x² / 2` reaches `amount`.
fn crossing(rate: f64, slope: f64, amount: f64) -> f64 {
    // The form without cancellation: 2a / (r + sqrt(r² + 2sa)).
    let root = (rate * rate + 2.0 * slope * amount).max(0.0).sqrt();
    2.0 * amount / (rate + root)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn curve(points: &[(u64, f64)], steps: &[ShapeStep]) -> RateCurve {
        let points: Vec<_> = points.iter().map(|(s, rate)| (Span::from_secs(*s), *rate)).collect();
        RateCurve::new(&points, steps, 1.0, 0)
    }

    #[test]
    fn constant_rates_stretch_gaps() {
        assert_eq!(curve(&[(0, 100.0)], &[]).after(5, 1.0), Some(10_000_005));
        assert_eq!(curve(&[(0, 0.0)], &[]).after(5, 1.0), None);
    }

    #[test]
    fn ramps_are_integrated() {
        // From 0 to 10/s in 10 s: t²/2 events after t seconds.
        let ramp = curve(&[(0, 0.0), (10, 10.0)], &[]);
        assert_eq!(ramp.after(0, 2.0), Some(2_000_000_000));
        assert_eq!(ramp.after(2_000_000_000, 48.0), Some(10_000_000_000));
        assert_eq!(ramp.after(10_000_000_000, 10.0), Some(11_000_000_000));
        assert!((ramp.amount(0, 11_000_000_000) - 60.0).abs() < 1e-6);
    }

    #[test]
    fn steps_multiply() {
        let step = ShapeStep { at: Span::from_secs(30), factor: 3.0, lasts: Some(Span::from_secs(10)) };
        let stepped = curve(&[(0, 1.0)], &[step]);
        assert_eq!(stepped.after(0, 30.0), Some(30_000_000_000));
        assert_eq!(stepped.after(0, 60.0), Some(40_000_000_000));
        assert_eq!(stepped.after(0, 61.0), Some(41_000_000_000));
        assert!((stepped.rate(35_000_000_000) - 3e-9).abs() < 1e-18);
    }
}
