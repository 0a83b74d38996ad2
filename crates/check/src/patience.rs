//! Timeouts beside each other: who gives up before those below have tried all they may.

use tarsier_model::{Branch, Call, CallPolicy, Endpoint, EndpointId, Model, Step};
use tarsier_units::{IdVec, Span};

use crate::finding::{Finding, FindingKind};
use crate::links::Link;
use crate::text::seconds;

/// Levels of calls followed; what has not settled by then calls itself, and nothing is said of it.
const MAX_LEVELS: usize = 64;

/// How long a visit may take when all calls below use up their timeouts and attempts.
#[derive(Clone, Copy, PartialEq, Debug)]
struct Patience<'m> {
    seconds: f64,
    /// The longest that is waited for a single call; `None` if no call below has a bound.
    longest: Option<Bound<'m>>,
}

/// The longest that a caller waits for a call.
#[derive(Clone, Copy, PartialEq, Debug)]
struct Bound<'m> {
    seconds: f64,
    from: EndpointId,
    call: &'m Call,
}

const NOTHING: Patience<'_> = Patience { seconds: 0.0, longest: None };

impl<'m> Patience<'m> {
    fn then(self, next: Patience<'m>) -> Patience<'m> {
        let bound_s = |it: Patience<'_>| it.longest.map(|bound| bound.seconds);
        let longest = if bound_s(next) > bound_s(self) { next.longest } else { self.longest };
        Patience { seconds: self.seconds + next.seconds, longest }
    }

    fn times(self, times: f64) -> Patience<'m> {
        Patience { seconds: self.seconds * times, ..self }
    }

    fn longer(self, other: Patience<'m>) -> Patience<'m> {
        if other.seconds > self.seconds { other } else { self }
    }

    fn plain(seconds: f64) -> Patience<'m> {
        Patience { seconds, longest: None }
    }
}

/// `None` where calls go round and it never settles.
fn patiences<'m>(model: &'m Model) -> IdVec<EndpointId, Option<Patience<'m>>> {
    let mut patiences: IdVec<EndpointId, Patience<'m>> = model.endpoints.iter().map(|_| NOTHING).collect();
    let mut last = patiences.clone();
    for _ in 0..MAX_LEVELS {
        last = patiences;
        let visit = |(from, endpoint): (EndpointId, &'m Endpoint)| {
            let speed = model.services[endpoint.service].speed;
            Below { patiences: &last, from, speed }.steps(&endpoint.steps)
        };
        patiences = model.endpoints.entries().map(visit).collect();
        if patiences == last {
            break;
        }
    }
    patiences.entries().map(|(id, patience)| (last[id] == *patience).then_some(*patience)).collect()
}

struct Below<'a, 'm> {
    patiences: &'a IdVec<EndpointId, Patience<'m>>,
    from: EndpointId,
    speed: f64,
}

impl<'m> Below<'_, 'm> {
    fn steps(&self, steps: &'m [Step]) -> Patience<'m> {
        steps.iter().map(|step| self.step(step)).fold(NOTHING, Patience::then)
    }

    fn step(&self, step: &'m Step) -> Patience<'m> {
        let mean_s = |law: &tarsier_random::Law| law.mean().unwrap_or(f64::INFINITY) / 1e9;
        match step {
            Step::Work(law) => Patience::plain(mean_s(law) / self.speed),
            Step::Wait(law) => Patience::plain(mean_s(law)),
            Step::Publish(_) | Step::Fail(_) => NOTHING,
            Step::Call(call) => {
                let instead = call.fallback.as_deref().map_or(NOTHING, |steps| self.steps(steps));
                self.call(call).then(instead)
            }
            Step::Parallel { branches, .. } => {
                let longest =
                    |longest: Patience<'m>, branch: &'m Branch| longest.longer(self.steps(&branch.steps));
                branches.iter().fold(NOTHING, longest)
            }
            Step::Choose(options) => {
                let likely = options.iter().filter(|(share, _)| *share > 0.0);
                likely.map(|(_, steps)| self.steps(steps)).fold(NOTHING, Patience::longer)
            }
            Step::Maybe { share, .. } if *share == 0.0 => NOTHING,
            Step::Maybe { steps, .. } | Step::Lock { steps, .. } | Step::Conflict { steps, .. } => {
                self.steps(steps)
            }
            Step::Repeat { times, steps } => self.steps(steps).times(f64::from(*times)),
            Step::Cache { ask, miss, .. } => self.call(ask).then(self.steps(miss)),
        }
    }

    fn call(&self, call: &'m Call) -> Patience<'m> {
        let attempts = 1.0 + call.policy.retry.as_ref().map_or(0.0, |retry| f64::from(retry.attempts));
        match bound_s(&call.policy) {
            Some(seconds) => Patience { seconds, longest: Some(Bound { seconds, from: self.from, call }) },
            None => self.patiences[call.to].times(attempts),
        }
    }
}

/// The longest that a caller waits, with all attempts and what lies between them.
fn bound_s(policy: &CallPolicy) -> Option<f64> {
    let attempts = policy.timeout.map(|timeout| {
        let retries = slow_retries(policy);
        timeout.as_secs_f64() * (1.0 + f64::from(retries)) + backoffs_s(policy, retries)
    });
    let deadline = policy.deadline.map(|deadline| deadline.after.as_secs_f64());
    match (attempts, deadline) {
        (Some(attempts), Some(deadline)) => Some(attempts.min(deadline)),
        (one, other) => one.or(other),
    }
}

/// Retries after attempts that may have taken all of their timeout: who is refused, or reaches nobody, knows at once.
fn slow_retries(policy: &CallPolicy) -> u32 {
    let slow = policy.retry.as_ref().filter(|retry| retry.on.timeout || retry.on.error);
    slow.map_or(0, |retry| retry.attempts)
}

/// Without jitter; of a great many the first ones, the rest being as long as the longest.
fn backoffs_s(policy: &CallPolicy, retries: u32) -> f64 {
    const FOLLOWED: u32 = 1_000;
    let Some(backoff) = policy.retry.as_ref().and_then(|retry| retry.backoff.as_ref()) else { return 0.0 };
    let most = backoff.max.map_or(f64::INFINITY, Span::as_secs_f64);
    let mut next = backoff.base.as_secs_f64().min(most);
    let mut sum = 0.0;
    for _ in 0..retries.min(FOLLOWED) {
        sum += next;
        next = (next * backoff.factor).min(most);
    }
    sum + next * f64::from(retries.saturating_sub(FOLLOWED))
}

/// Timeouts that cut off what would be tried below; what is cancelled then, or stops at the deadline, is no loss.
pub(crate) fn impatient_timeouts(
    model: &Model,
    links: &[Link<'_>],
    latencies: &IdVec<EndpointId, f64>,
) -> Vec<Finding> {
    let patiences = patiences(model);
    let mut found = Vec::new();
    for link in links.iter().filter(|link| link.is_waited_for() && !link.policy.cancel) {
        let Some(timeout) = link.policy.timeout else { continue };
        let Some(below) = patiences[link.to] else { continue };
        let Some(longest) = below.longest else { continue };
        let stops_by_itself = link.policy.deadline.is_some_and(|deadline| deadline.propagate);
        let timeout_s = timeout.as_secs_f64();
        if stops_by_itself || timeout_s < latencies[link.to] || timeout_s + 1e-9 >= below.seconds {
            continue;
        }
        let message = format!(
            "{}: the timeout of {timeout} is shorter than the {} that it may take with the timeouts and retries below it \
             ({}); nobody waits for the rest",
            link.label(model),
            seconds(below.seconds),
            longest.label(model),
        );
        found.push(Finding { kind: FindingKind::ImpatientTimeout, at: link.at, message });
    }
    found
}

impl Bound<'_> {
    /// `api -> db alone 3 attempts of 2s`.
    fn label(&self, model: &Model) -> String {
        let path = format!("{} -> {}", model.endpoint_label(self.from), model.endpoint_label(self.call.to));
        match (self.call.policy.timeout, slow_retries(&self.call.policy)) {
            (Some(timeout), more) if more > 0 => format!("{path} alone {} attempts of {timeout}", more + 1),
            _ => format!("{path} alone {}", seconds(self.seconds)),
        }
    }
}

#[cfg(test)]
mod tests {
    use tarsier_model::{Backoff, Deadline, Failures, Retry};

    use super::*;
    use crate::fixture::{call_with, messages, model, retries, work_ms};

    fn bounded(ms: u64, attempts: u32) -> CallPolicy {
        CallPolicy { timeout: Some(Span::from_millis(ms)), retry: retries(attempts), ..CallPolicy::default() }
    }

    /// `web` calls `api` so, that calls `db` so; `api` works 100 ms, `db` 10 ms.
    fn impatient(upper: CallPolicy, lower: CallPolicy) -> Vec<String> {
        let steps = [
            ("web", vec![call_with(1, upper)]),
            ("api", vec![work_ms(100.0), call_with(2, lower)]),
            ("db", vec![work_ms(10.0)]),
        ];
        messages(&model(1.0, &steps), FindingKind::ImpatientTimeout)
    }

    #[test]
    fn timeouts_above_hold_what_is_below() {
        let found = impatient(bounded(2000, 0), bounded(1000, 2));
        let expected = "web -> api: the timeout of 2s is shorter than the 3.1s that it may take with the timeouts and \
                        retries below it (api -> db alone 3 attempts of 1s); nobody waits for the rest";
        assert_eq!(found, [expected]);
        assert!(impatient(bounded(3100, 0), bounded(1000, 2)).is_empty());
        assert!(impatient(bounded(3099, 0), bounded(1000, 2)).len() == 1);
        assert!(impatient(bounded(2000, 0), CallPolicy::default()).is_empty(), "nothing below has a bound");
    }

    /// Backoffs of 100 and 200 ms; a deadline bounds them all.
    #[test]
    fn backoffs_count_and_deadlines_bound() {
        let backoff = Some(Backoff { base: Span::from_millis(100), factor: 2.0, max: None });
        let retry = Some(Retry { backoff, ..retries(2).expect("there are some") });
        let lower = CallPolicy { retry, ..bounded(1000, 2) };
        assert!(impatient(bounded(3399, 0), lower.clone()).len() == 1);
        assert!(impatient(bounded(3400, 0), lower.clone()).is_empty());
        let deadline = Some(Deadline { after: Span::from_millis(500), propagate: false });
        let bounded_by_deadline = CallPolicy { deadline, ..lower };
        assert!(impatient(bounded(600, 0), bounded_by_deadline.clone()).is_empty());
        assert!(impatient(bounded(599, 0), bounded_by_deadline).len() == 1);
    }

    /// Whoever is refused at once has not waited: 20 retries of that are no second.
    #[test]
    fn what_fails_at_once_takes_no_time() {
        let on = Failures { timeout: false, error: false, refused: true, unreachable: true };
        let retry = Some(Retry { on, ..retries(20).expect("there are some") });
        let lower = CallPolicy { retry, ..bounded(1000, 0) };
        assert!(impatient(bounded(1100, 0), lower.clone()).is_empty());
        let found = impatient(bounded(1099, 0), lower);
        assert!(found.len() == 1 && found[0].contains("(api -> db alone 1s)"), "{found:?}");
    }

    #[test]
    fn what_stops_with_its_caller_is_no_loss() {
        let cancels = CallPolicy { cancel: true, ..bounded(2000, 0) };
        assert!(impatient(cancels, bounded(1000, 2)).is_empty());
        let deadline = Some(Deadline { after: Span::from_secs(2), propagate: true });
        assert!(impatient(CallPolicy { deadline, ..bounded(2000, 0) }, bounded(1000, 2)).is_empty());
    }

    /// Users wait 10 s for what calls itself for ever with a chance: nothing is known, and nothing hangs.
    #[test]
    fn cycles_say_nothing() {
        let again = Step::Maybe {
            share: 0.5,
            steps: vec![call_with(0, CallPolicy::default()), call_with(1, bounded(1000, 0))],
        };
        let mut model = model(1.0, &[("a", vec![again]), ("db", vec![])]);
        model.workloads[tarsier_model::WorkloadId(0)].policy = bounded(10_000, 0);
        assert!(messages(&model, FindingKind::ImpatientTimeout).is_empty());
    }
}
