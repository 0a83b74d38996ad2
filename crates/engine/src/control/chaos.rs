//! Random failures: Chaos Monkey, Gorilla and Kong (Izrailevsky and Tseitlin: The Netflix Simian
//! Army, 2011).
//!
//! Strikes are a Poisson process that runs only in the hours given. Each takes down one of those that
//! it has not taken down already.

use tarsier_model::{Chaos, ChaosScale, RegionId, ZoneId};
use tarsier_random::Stream;

use super::targets::instance_subject;
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
    pub(super) fn new(chaos: &Chaos, stream: Stream, warmup: u64) -> Unrest {
        Unrest { chaos: chaos.clone(), stream, victims: Vec::new(), warmup }
    }

    /// Looks at who is there.
    pub(super) fn begin(&mut self, plan: &Plan, is_gone: impl Fn(u32) -> bool) {
        let there = plan.instances().filter(|it| self.means(plan, *it) && !is_gone(*it));
        let mut instances: Vec<u32> = there.collect();
        // By service and number, whatever the partitions; or place by place.
        instances.sort_by_key(|it| {
            let at = *it as usize;
            match self.chaos.scale {
                ChaosScale::Instance => (plan.service_of[at], plan.number_of[at]),
                ChaosScale::Zone => (plan.zone_of[at], *it),
                ChaosScale::Region => (plan.region_of[plan.zone_of[at] as usize], *it),
            }
        });
        let same = |a: &u32, b: &u32| self.falls_with(plan, *a) == self.falls_with(plan, *b);
        let victim = |instances: &[u32]| Victim {
            subject: self.falls_with(plan, instances[0]),
            instances: instances.to_vec(),
            is_down: false,
        };
        self.victims = instances.chunk_by(same).map(victim).collect();
    }

    /// An instance joins those that may be struck; whether it is at once, because its place is.
    pub(super) fn admit(&mut self, plan: &Plan, instance: u32) -> bool {
        if !self.means(plan, instance) {
            return false;
        }
        let subject = self.falls_with(plan, instance);
        let known = match self.chaos.scale {
            // It is another process than the one of this number that went.
            ChaosScale::Instance => None,
            _ => self.victims.iter_mut().find(|victim| victim.subject == subject),
        };
        let Some(place) = known else {
            self.victims.push(Victim { subject, instances: vec![instance], is_down: false });
            return false;
        };
        place.instances.push(instance);
        place.is_down
    }

    /// Instances, in order, are gone for good; which of them it has taken down.
    pub(super) fn forget(&mut self, gone: &[u32]) -> Vec<u32> {
        let mut were_down = Vec::new();
        for victim in &mut self.victims {
            victim.instances.retain(|instance| {
                let goes = gone.binary_search(instance).is_ok();
                were_down.extend((goes && victim.is_down).then_some(*instance));
                !goes
            });
        }
        were_down
    }

    fn means(&self, plan: &Plan, instance: u32) -> bool {
        let service = plan.service_of[instance as usize];
        self.chaos.services.is_empty() || self.chaos.services.iter().any(|meant| meant.0 == service)
    }

    /// What must be struck for an instance to go down.
    fn falls_with(&self, plan: &Plan, instance: u32) -> EventSubject {
        let zone = plan.zone_of[instance as usize];
        match self.chaos.scale {
            ChaosScale::Instance => instance_subject(plan, instance),
            ChaosScale::Zone => EventSubject::Zone(ZoneId(zone)),
            ChaosScale::Region => EventSubject::Region(RegionId(plan.region_of[zone as usize])),
        }
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
    pub(super) fn strike(&mut self, plan: &Plan) -> Option<usize> {
        let is_there = |victim: &Victim| victim.instances.iter().any(|instance| plan.is_wanted(*instance));
        let stands = |at: &usize| !self.victims[*at].is_down && is_there(&self.victims[*at]);
        let standing: Vec<usize> = (0..self.victims.len()).filter(stands).collect();
        let nth = self.stream.below(standing.len() as u32) as usize;
        let struck = *standing.get(nth)?;
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
