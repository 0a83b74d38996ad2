//! Outlier ejection: a client stops choosing instances that do worse than the others.
//!
//! Envoy's outlier detection. Failures in a row are seen at once; success rates and shares of failures
//! at the end of each interval, of instances with enough requests, if enough have these. An ejection
//! lasts `base` times the number of ejections so far (less one for each interval without trouble), at
//! most `max`, and ends with an interval. Intervals are counted from the start of the run and worked
//! off when the client does something next, which nobody can tell from doing it on time.

use tarsier_model::Outlier as Rule;

use super::Change;
use crate::timeline::{EventKind, Reason};

#[derive(Clone, Debug)]
pub(crate) struct Outlier {
    /// By the number of the instance.
    hosts: Vec<Host>,
    next_check: u64,
    n_ejected: u32,
}

#[derive(Clone, Copy, Debug, Default)]
struct Host {
    failures_in_a_row: u32,
    /// In this interval.
    requests: u32,
    succeeded: u32,
    ejected_at: Option<u64>,
    times: u32,
}

impl Outlier {
    pub(crate) fn new(rule: &Rule, n_hosts: usize) -> Outlier {
        Outlier { hosts: vec![Host::default(); n_hosts], next_check: rule.interval.nanos(), n_ejected: 0 }
    }

    pub(crate) fn know_more(&mut self, n_hosts: usize) {
        self.hosts.resize(n_hosts, Host::default());
    }

    #[cfg(test)]
    fn has_ejected(&self) -> bool {
        self.n_ejected > 0
    }

    pub(crate) fn is_ejected(&self, host: usize) -> bool {
        self.hosts[host].ejected_at.is_some()
    }

    /// Whoever keeps it starts anew.
    pub(crate) fn restart(&mut self) {
        self.hosts.fill(Host::default());
        self.n_ejected = 0;
    }

    /// An attempt at this host has ended; whether it is ejected for that, and why. The client knows `n_known`.
    pub(crate) fn learn(
        &mut self,
        rule: &Rule,
        n_known: usize,
        host: usize,
        failed: bool,
        now: u64,
    ) -> Option<Change> {
        let it = &mut self.hosts[host];
        it.requests += 1;
        it.succeeded += u32::from(!failed);
        it.failures_in_a_row = if failed { it.failures_in_a_row + 1 } else { 0 };
        let in_a_row = it.failures_in_a_row;
        if rule.consecutive.is_none_or(|most| in_a_row < most) {
            return None;
        }
        self.eject(rule, n_known, host, now, Reason::Consecutive(in_a_row))
    }

    /// Works off the intervals that have ended; whether anything changed, with what is to be told.
    pub(crate) fn check(&mut self, rule: &Rule, n_known: usize, now: u64, mut tell: impl FnMut(Change)) {
        let interval = rule.interval.nanos().max(1);
        while self.next_check <= now {
            let at = self.next_check;
            self.bring_back(rule, at, &mut tell);
            self.judge(rule, n_known, at, &mut tell);
            self.next_check += interval;
            if self.is_calm() {
                // Nothing more happens until the interval that holds the present.
                self.next_check += (now - at) / interval * interval;
                break;
            }
        }
    }

    /// Whether intervals may pass without a look.
    fn is_calm(&self) -> bool {
        self.n_ejected == 0 && self.hosts.iter().all(|host| host.times == 0)
    }

    fn bring_back(&mut self, rule: &Rule, now: u64, tell: &mut impl FnMut(Change)) {
        for (number, host) in self.hosts.iter_mut().enumerate() {
            let Some(since) = host.ejected_at else {
                host.times = host.times.saturating_sub(1);
                continue;
            };
            let lasts = (rule.base.nanos().saturating_mul(host.times.into())).min(rule.max.nanos());
            if since.saturating_add(lasts) <= now {
                host.ejected_at = None;
                host.failures_in_a_row = 0;
                self.n_ejected -= 1;
                tell((EventKind::Returned { number: number as u32 }, Reason::TimeOver));
            }
        }
    }

    /// Ejects by what was seen in the interval, and begins another.
    fn judge(&mut self, rule: &Rule, n_known: usize, now: u64, tell: &mut impl FnMut(Change)) {
        let rate = |host: &Host| f64::from(host.succeeded) / f64::from(host.requests);
        let judged: Vec<(usize, f64)> = (self.hosts.iter().enumerate())
            .filter(|(_, host)| host.requests > 0 && host.requests >= rule.volume)
            .map(|(number, host)| (number, rate(host)))
            .collect();
        if !judged.is_empty() && judged.len() >= rule.hosts as usize {
            let least = rule.deviations.map(|deviations| least_rate(&judged, deviations));
            for (number, rate) in judged {
                let reason = self.why_worse(rule, number, rate, least);
                if let Some(change) = reason.and_then(|reason| self.eject(rule, n_known, number, now, reason))
                {
                    tell(change);
                }
            }
        }
        for host in &mut self.hosts {
            (host.requests, host.succeeded) = (0, 0);
        }
    }

    fn why_worse(&self, rule: &Rule, number: usize, rate: f64, least: Option<f64>) -> Option<Reason> {
        if let Some(least) = least.filter(|least| rate < *least) {
            return Some(Reason::SuccessRate { rate, least });
        }
        let Host { requests, succeeded, .. } = self.hosts[number];
        (rule.failures.is_some_and(|most| 1.0 - rate >= most))
            .then_some(Reason::Failures { failed: requests - succeeded, calls: requests })
    }

    /// Unless too many are ejected already; the first may always be.
    fn eject(
        &mut self,
        rule: &Rule,
        n_known: usize,
        number: usize,
        now: u64,
        reason: Reason,
    ) -> Option<Change> {
        let most = (rule.ejected * n_known as f64 + 1e-9) as u32;
        let host = &mut self.hosts[number];
        if host.ejected_at.is_some() || self.n_ejected >= most.max(1) {
            return None;
        }
        host.ejected_at = Some(now);
        // Beyond `max` the count would only keep it from ever being forgiven.
        if rule.base.nanos().saturating_mul(host.times.into()) < rule.max.nanos() {
            host.times += 1;
        }
        self.n_ejected += 1;
        Some((EventKind::Ejected { number: number as u32 }, reason))
    }
}

/// The mean of the success rates less some of their standard deviations.
fn least_rate(judged: &[(usize, f64)], deviations: f64) -> f64 {
    let n = judged.len() as f64;
    let mean = judged.iter().map(|(_, rate)| rate).sum::<f64>() / n;
    let variance = judged.iter().map(|(_, rate)| (rate - mean) * (rate - mean)).sum::<f64>() / n;
    mean - deviations * variance.sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000_000;

    fn fail(outlier: &mut Outlier, rule: &Rule, host: usize, times: u32, now: u64) {
        (0..times).for_each(|_| {
            outlier.learn(rule, outlier.hosts.len(), host, true, now);
        });
    }

    fn check(outlier: &mut Outlier, rule: &Rule, now: u64) -> Vec<EventKind> {
        let mut told = Vec::new();
        outlier.check(rule, outlier.hosts.len(), now, |(kind, _)| told.push(kind));
        told
    }

    #[test]
    fn five_failures_in_a_row_eject() {
        let rule = Rule::default();
        let mut outlier = Outlier::new(&rule, 10);
        fail(&mut outlier, &rule, 3, 4, 0);
        outlier.learn(&rule, 10, 3, false, 0);
        fail(&mut outlier, &rule, 3, 4, 0);
        assert!(!outlier.has_ejected());
        fail(&mut outlier, &rule, 3, 1, 0);
        assert!(outlier.is_ejected(3));
        // A tenth of ten is one: nobody else is.
        fail(&mut outlier, &rule, 4, 100, 0);
        assert!(!outlier.is_ejected(4));
        assert!(check(&mut outlier, &rule, 30 * SECOND - 1).is_empty());
        assert_eq!(check(&mut outlier, &rule, 30 * SECOND), [EventKind::Returned { number: 3 }]);
    }

    /// The second ejection lasts twice as long; an interval without trouble takes one back.
    #[test]
    fn ejections_grow_and_are_forgiven() {
        let rule = Rule::default();
        let mut outlier = Outlier::new(&rule, 1);
        fail(&mut outlier, &rule, 0, 5, 0);
        check(&mut outlier, &rule, 30 * SECOND);
        fail(&mut outlier, &rule, 0, 5, 31 * SECOND);
        assert!(check(&mut outlier, &rule, 91 * SECOND - 1).is_empty());
        assert_eq!(check(&mut outlier, &rule, 100 * SECOND).len(), 1, "60 s, up to the next interval");
        check(&mut outlier, &rule, 120 * SECOND);
        assert_eq!(outlier.hosts[0].times, 0);
        fail(&mut outlier, &rule, 0, 5, 121 * SECOND);
        assert_eq!(check(&mut outlier, &rule, 160 * SECOND).len(), 1, "30 s again");
        // For ever in trouble: 300 s are the most.
        let mut ejected_at = Vec::new();
        for interval in 16..300 {
            let now = interval * 10 * SECOND;
            check(&mut outlier, &rule, now);
            if !outlier.is_ejected(0) {
                ejected_at.push(interval * 10);
                fail(&mut outlier, &rule, 0, 5, now);
            }
        }
        let lasted: Vec<u64> = ejected_at.windows(2).map(|pair| pair[1] - pair[0]).collect();
        assert_eq!(lasted[..12], [60, 90, 120, 150, 180, 210, 240, 270, 300, 300, 300, 300]);
    }

    /// Nine succeed always, one in half: mean 0.95, deviation 0.15, and 0.5 is below 0.95 - 1.9 × 0.15.
    #[test]
    fn a_success_rate_far_below_the_others_ejects() {
        let see = |volume: u32| {
            let rule = Rule::default();
            let mut outlier = Outlier::new(&rule, 10);
            for host in 0..10 {
                (0..volume).for_each(|n| {
                    outlier.learn(&rule, 10, host, host == 7 && n % 2 == 0, SECOND);
                });
            }
            check(&mut outlier, &rule, 10 * SECOND)
        };
        assert_eq!(see(100), [EventKind::Ejected { number: 7 }]);
        assert_eq!(see(99), []);
        assert!((least_rate(&[(0, 1.0), (1, 0.9)], 1.9) - (0.95 - 1.9 * 0.05)).abs() < 1e-12);
    }

    #[test]
    fn a_share_of_failures_ejects() {
        let rule = Rule {
            consecutive: None,
            deviations: None,
            failures: Some(0.85),
            volume: 50,
            ejected: 1.0,
            ..Rule::default()
        };
        let mut outlier = Outlier::new(&rule, 6);
        for host in 0..6 {
            (0..100).for_each(|n| {
                outlier.learn(&rule, 6, host, n < 84 + host % 2, SECOND);
            });
        }
        let expected = [1, 3, 5].map(|number| EventKind::Ejected { number });
        assert_eq!(check(&mut outlier, &rule, 10 * SECOND), expected);
    }

    /// Looking late is the same as looking on time.
    #[test]
    fn late_checks_tell_the_same() {
        let rule = Rule::default();
        let run = |every: u64| {
            let mut outlier = Outlier::new(&rule, 10);
            fail(&mut outlier, &rule, 2, 5, SECOND);
            let told: Vec<_> =
                (1..=600 / every).flat_map(|n| check(&mut outlier, &rule, n * every * SECOND)).collect();
            (told, outlier.hosts[2].times, outlier.next_check)
        };
        assert_eq!(run(1), run(600));
    }
}
