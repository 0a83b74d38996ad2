//! When a trigger acts, and how long after it anything in the model may still wait for no other reason.

use tarsier_model::{
    Backoff, BreakerWindow, CallPolicy, Discovery, Happening, HealthCheck, Model, Retry, Scenario, Service,
    Trouble,
};
use tarsier_units::Span;

/// From the end of the warm-up: when the first happening begins, and when the last ends unless one never does.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Trigger {
    pub begins_s: f64,
    pub ends_s: Option<f64>,
}

impl Trigger {
    pub fn of(scenario: &Scenario) -> Trigger {
        let begins = scenario.happenings.iter().map(|it| it.at).min().unwrap_or(Span::ZERO);
        let ends = scenario.happenings.iter().map(ends).try_fold(begins, |last, end| Some(last.max(end?)));
        Trigger { begins_s: begins.as_secs_f64(), ends_s: ends.map(Span::as_secs_f64) }
    }

    /// When it is over, or has struck if it never is.
    pub fn over_s(&self) -> f64 {
        self.ends_s.unwrap_or(self.begins_s)
    }
}

fn ends(happening: &Happening) -> Option<Span> {
    let lasts = match &happening.trouble {
        Trouble::Restart { down, cold, .. } => Some(sum([*down, cold.map_or(Span::ZERO, |(time, _)| time)])),
        Trouble::Flush { refill, .. } => Some(happening.lasts.map_or(*refill, |lasts| lasts.max(*refill))),
        Trouble::Chaos(chaos) => happening.lasts.map(|lasts| sum([lasts, chaos.down])),
        _ => happening.lasts,
    };
    lasts.map(|lasts| sum([happening.at, lasts]))
}

/// The longest of all the times by which something in the model puts off what it does: only what is still bad after
/// that keeps itself going.
pub(crate) fn patience(model: &Model) -> Span {
    let calls = model.endpoints.iter().flat_map(|endpoint| endpoint.calls());
    let callers = calls.map(|call| &*call.policy).chain(model.workloads.iter().map(|it| &it.policy));
    callers.map(of_caller).chain(model.services.iter().map(of_service)).max().unwrap_or(Span::ZERO)
}

fn of_caller(policy: &CallPolicy) -> Span {
    let zero = Span::ZERO;
    let window = |window| match window {
        BreakerWindow::Time(span) => span,
        BreakerWindow::Calls(_) => zero,
    };
    let waits = [
        tries(policy),
        policy.deadline.map_or(zero, |it| it.after),
        policy.breaker.map_or(zero, |it| sum([it.open, window(it.window)])),
        policy.outlier.map_or(zero, |it| sum([it.max, it.interval])),
        policy.throttle.map_or(zero, |it| it.window),
        policy.connect.as_ref().and_then(|it| it.timeout).unwrap_or(zero),
    ];
    waits.into_iter().max().unwrap_or(zero)
}

/// All attempts in vain, and the pauses between them.
fn tries(policy: &CallPolicy) -> Span {
    let timeout = policy.timeout.unwrap_or(Span::ZERO);
    let retries = policy.retry.as_ref().map_or(0, |retry| retry.attempts);
    let attempts = timeout.nanos().saturating_mul(u64::from(retries) + 1);
    sum([Span::from_nanos(attempts), policy.retry.as_ref().map_or(Span::ZERO, pauses)])
}

fn pauses(retry: &Retry) -> Span {
    let Some(Backoff { base, factor, max }) = &retry.backoff else { return Span::ZERO };
    let most = max.map_or(f64::MAX, Span::as_secs_f64);
    let pause = |n: u32| (base.as_secs_f64() * factor.powi(n as i32)).min(most);
    let seconds: f64 = (0..retry.attempts).map(pause).sum();
    Span::from_secs_f64(seconds.min(LONGEST_S))
}

/// A day: longer than anybody waits.
const LONGEST_S: f64 = 86_400.0;

fn of_service(service: &Service) -> Span {
    let discovery = match service.discovery {
        None => Span::ZERO,
        Some(Discovery::Registry { heartbeat, ttl, poll }) => sum([heartbeat, ttl, poll]),
        Some(Discovery::Dns { ttl }) => ttl,
        Some(Discovery::Push { delay }) => delay,
    };
    let checks = |health: HealthCheck| {
        let rounds = u64::from(health.unhealthy) + u64::from(health.healthy);
        sum([Span::from_nanos(health.every.nanos().saturating_mul(rounds)), health.timeout])
    };
    discovery.max(service.health.map_or(Span::ZERO, checks))
}

fn sum(spans: impl IntoIterator<Item = Span>) -> Span {
    let total = spans.into_iter().fold(0_u64, |sum, span| sum.saturating_add(span.nanos()));
    Span::from_nanos(total)
}

#[cfg(test)]
mod tests {
    use tarsier_model::{Breaker, Failures, Jitter, RegionId, ServiceId, Trip};

    use super::*;

    fn happening(at: u64, lasts: Option<u64>, trouble: Trouble) -> Happening {
        Happening { at: Span::from_secs(at), lasts: lasts.map(Span::from_secs), trouble }
    }

    #[track_caller]
    fn check(happenings: Vec<Happening>, begins_s: f64, ends_s: Option<f64>) {
        let scenario = Scenario { name: "s".into(), happenings };
        assert_eq!(Trigger::of(&scenario), Trigger { begins_s, ends_s });
    }

    #[test]
    fn a_trigger_is_over_when_its_last_happening_is() {
        let lose = || Trouble::LoseRegion(RegionId(0));
        let flush = || Trouble::Flush { service: ServiceId(0), refill: Span::from_secs(60) };
        check(vec![happening(20, Some(10), lose()), happening(25, Some(2), lose())], 20.0, Some(30.0));
        check(vec![happening(20, Some(10), lose()), happening(10, None, lose())], 10.0, None);
        check(vec![happening(5, None, flush())], 5.0, Some(65.0));
        check(Vec::new(), 0.0, Some(0.0));
    }

    #[test]
    fn the_longest_wait_counts() {
        let backoff = Backoff { base: Span::from_secs(1), factor: 2.0, max: Some(Span::from_secs(3)) };
        let retry = Retry {
            attempts: 3,
            on: Failures::ALL,
            backoff: Some(backoff),
            jitter: Jitter::None,
            budget: None,
            elsewhere: false,
        };
        let mut policy =
            CallPolicy { timeout: Some(Span::from_secs(2)), retry: Some(retry), ..CallPolicy::default() };
        assert_eq!(of_caller(&policy), Span::from_secs(4 * 2 + 1 + 2 + 3));
        let (trip, window) = (Trip::default(), BreakerWindow::Time(Span::from_secs(10)));
        policy.breaker = Some(Breaker { trip, window, least: 20, open: Span::from_secs(60), probes: 1 });
        assert_eq!(of_caller(&policy), Span::from_secs(70));
    }
}
