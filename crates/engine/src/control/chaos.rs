//! Random failures: Chaos Monkey, Gorilla and Kong (Izrailevsky and Tseitlin: The Netflix Simian
//! Army, 2011).
//!
//! Strikes are a Poisson process that runs only in the hours given. Each takes down one of those that
//! it has not taken down already.

use tarsier_model::{Chaos, ChaosScale, RegionId, ZoneId};
use tarsier_random::Stream;

use super::targets::{instance_subject, instances_in};
use crate::plan::Plan;
use crate::timeline::EventSubject;

const DAY_NS: u64 = 86_400 * 1_000_000_000;
const HOUR_NS: f64 = 3_600e9;

/// A run of chaos.
pub(super) struct Unrest {
    chaos: Chaos,
    stream: Stream,
    /// What may be struck: its instances, and whether it is down.
    victims: Vec<Victim>,
    warmup: u64,
}

struct Victim {
    subject: EventSubject,
    instances: Vec<u32>,
    is_down: bool,
}

impl Unrest {
    pub(super) fn new(plan: &Plan, chaos: &Chaos, stream: Stream, warmup: u64) -> Unrest {
        let is_meant = |instance: u32| {
            let service = plan.service_of[instance as usize];
            chaos.services.is_empty() || chaos.services.iter().any(|meant| meant.0 == service)
        };
        let victim = |subject, instances: Vec<u32>| Victim { subject, instances, is_down: false };
        let zone_of = |instance: u32| plan.zone_of[instance as usize];
        let mut victims: Vec<Victim> = match chaos.scale {
            ChaosScale::Instance => {
                let mut instances = instances_in(plan, is_meant);
                // By service and number, whatever the partitions.
                instances.sort_by_key(|it| (plan.service_of[*it as usize], plan.number_of[*it as usize]));
                instances.into_iter().map(|it| victim(instance_subject(plan, it), vec![it])).collect()
            }
            ChaosScale::Zone => (0..plan.n_zones)
                .map(|zone| {
                    let instances = instances_in(plan, |it| zone_of(it) == zone && is_meant(it));
                    victim(EventSubject::Zone(ZoneId(zone)), instances)
                })
                .collect(),
            ChaosScale::Region => (0..plan.n_regions)
                .map(|region| {
                    let is_there = |it: u32| plan.region_of[zone_of(it) as usize] == region;
                    let instances = instances_in(plan, |it| is_there(it) && is_meant(it));
                    victim(EventSubject::Region(RegionId(region)), instances)
                })
                .collect(),
        };
        victims.retain(|victim| !victim.instances.is_empty());
        Unrest { chaos: chaos.clone(), stream, victims, warmup }
    }

    /// When it strikes next; `None` if never.
    pub(super) fn next_strike(&mut self, now: u64) -> Option<u64> {
        if self.chaos.per_second <= 0.0 {
            return None;
        }
        let mut now = now;
        loop {
            let (opens, closes) = self.open_hours(now);
            let gap = self.stream.exp1() / self.chaos.per_second * 1e9;
            let strike = opens as f64 + gap;
            if strike < closes as f64 {
                return Some(strike as u64);
            }
            // The process has no memory: it may as well begin anew when hours open again.
            if closes >= crate::kernel::queue::END_OF_TIME {
                return None;
            }
            now = closes;
        }
    }

    /// The stretch of open hours that holds this time, or the next one: from (not before `now`), to.
    fn open_hours(&self, now: u64) -> (u64, u64) {
        let Some((from, to)) = self.chaos.hours else { return (now, crate::kernel::queue::END_OF_TIME) };
        let [from, to] = [from, to].map(|hour| (hour * HOUR_NS) as u64);
        let length = if from < to { to - from } else { to + DAY_NS - from };
        // Days begin at the end of the warm-up; the stretch of the day before may reach into the first.
        let (now, day) = (now as i64, DAY_NS as i64);
        let start = (self.warmup + from) as i64;
        let opens = start + (now - start).div_euclid(day) * day;
        let closes = opens + length as i64;
        if now < closes {
            (opens.max(now) as u64, closes as u64)
        } else {
            ((opens + day) as u64, (closes + day) as u64)
        }
    }

    /// Strikes one that is up, if any is: which.
    pub(super) fn strike(&mut self) -> Option<usize> {
        let standing = self.victims.iter().filter(|victim| !victim.is_down).count() as u32;
        let nth = self.stream.below(standing) as usize;
        let standing = (0..self.victims.len()).filter(|at| !self.victims[*at].is_down);
        let struck = standing.into_iter().nth(nth)?;
        self.victims[struck].is_down = true;
        Some(struck)
    }

    pub(super) fn restore(&mut self, victim: usize) {
        self.victims[victim].is_down = false;
    }

    pub(super) fn down_ns(&self) -> u64 {
        self.chaos.down.nanos()
    }

    pub(super) fn victim(&self, at: usize) -> (EventSubject, &[u32]) {
        (self.victims[at].subject, &self.victims[at].instances)
    }
}

#[cfg(test)]
mod tests {
    use tarsier_units::Span;

    use super::*;

    fn unrest(per_second: f64, hours: Option<(f64, f64)>) -> Unrest {
        let chaos = Chaos {
            scale: ChaosScale::Instance,
            per_second,
            down: Span::from_secs(60),
            services: Vec::new(),
            hours,
        };
        Unrest {
            chaos,
            stream: Stream::named(1, &["chaos"], &[]),
            victims: Vec::new(),
            warmup: 10 * 1_000_000_000,
        }
    }

    fn strikes(unrest: &mut Unrest, until_days: u64) -> Vec<u64> {
        let mut all = Vec::new();
        let mut now = 0;
        while let Some(next) = unrest.next_strike(now).filter(|next| *next < until_days * DAY_NS) {
            assert!(next > now);
            all.push(next);
            now = next;
        }
        all
    }

    #[test]
    fn strikes_come_at_the_rate_in_the_hours() {
        let n = strikes(&mut unrest(0.01, None), 10).len() as f64;
        assert!((n - 8_640.0).abs() < 4.0 * 8_640_f64.sqrt(), "{n}");
        for (hours, open) in [((9.0, 17.0), 8.0), ((22.0, 2.0), 4.0)] {
            let mut unrest = unrest(0.01, Some(hours));
            let struck = strikes(&mut unrest, 10);
            let expected = 0.01 * open * 3_600.0 * 10.0;
            assert!(
                (struck.len() as f64 - expected).abs() < 4.0 * expected.sqrt(),
                "{hours:?}: {}",
                struck.len()
            );
            for strike in struck {
                let hour = ((strike - unrest.warmup) % DAY_NS) as f64 / HOUR_NS;
                let is_open = if hours.0 < hours.1 {
                    hour >= hours.0 && hour < hours.1
                } else {
                    hour >= hours.0 || hour < hours.1
                };
                assert!(is_open, "{hour} is in {hours:?}");
            }
        }
    }
}
