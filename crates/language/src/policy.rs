//! What a caller does about a call, as a file would say it in one line.

use tarsier_model::{Backoff, Breaker, BreakerWindow, Bucket, Budget, Failures, Jitter, Retry};
use tarsier_units::{Span, parse};

use crate::happening::in_braces;
use crate::lower::{PLAIN, doubling, percent, usual_breaker};

/// What is not said is none of it.
type Part = (&'static str, Option<String>);

pub fn timeout(timeout: Option<Span>) -> String {
    timeout.map_or_else(none, |timeout| timeout.to_string())
}

pub fn retry(retry: Option<&Retry>) -> String {
    let Some(retry) = retry else { return none() };
    let attempts = retry.attempts.to_string();
    if *retry == (Retry { attempts: retry.attempts, ..PLAIN }) {
        return attempts;
    }
    map([
        ("attempts", Some(attempts)),
        ("on", unless(Failures::ALL, retry.on, failures)),
        ("backoff", retry.backoff.as_ref().map(backoff)),
        ("jitter", unless(Jitter::None, retry.jitter, jitter)),
        ("budget", retry.budget.map(budget)),
        ("elsewhere", unless(false, retry.elsewhere, |it| it.to_string())),
    ])
}

pub fn breaker(breaker: Option<&Breaker>) -> String {
    let Some(breaker) = breaker else { return none() };
    let usual = usual_breaker(breaker.trip);
    let count = |count: u32| count.to_string();
    map([
        ("failures", breaker.trip.share.map(share).or(breaker.trip.count.map(count))),
        ("consecutive", breaker.trip.consecutive.map(count)),
        ("window", unless(usual.window, breaker.window, window)),
        ("least", unless(usual.least, breaker.least, count)),
        ("open", unless(usual.open, breaker.open, |open| open.to_string())),
        ("probes", unless(usual.probes, breaker.probes, count)),
    ])
}

fn none() -> String {
    "none".to_owned()
}

fn map<const N: usize>(parts: [Part; N]) -> String {
    let said = parts.into_iter().filter_map(|(key, value)| Some(format!("{key}: {}", value?)));
    in_braces(&said.collect::<Vec<_>>())
}

fn unless<T: PartialEq>(usual: T, value: T, text: impl Fn(T) -> String) -> Option<String> {
    (value != usual).then(|| text(value))
}

fn failures(on: Failures) -> String {
    let named = [
        ("timeout", on.timeout),
        ("error", on.error),
        ("refused", on.refused),
        ("unreachable", on.unreachable),
    ];
    let names: Vec<&str> = named.into_iter().filter_map(|(name, is_on)| is_on.then_some(name)).collect();
    format!("[{}]", names.join(", "))
}

fn backoff(backoff: &Backoff) -> String {
    let usual = doubling(backoff.base);
    if *backoff == usual {
        return backoff.base.to_string();
    }
    map([
        ("base", Some(backoff.base.to_string())),
        ("factor", unless(usual.factor, backoff.factor, amount)),
        ("max", backoff.max.map(|max| max.to_string())),
    ])
}

fn jitter(jitter: Jitter) -> String {
    match jitter {
        Jitter::None => none(),
        Jitter::Full => "full".to_owned(),
        Jitter::Equal => "equal".to_owned(),
        Jitter::Decorrelated => "decorrelated".to_owned(),
        Jitter::Spread(by) => share(by),
    }
}

fn budget(budget: Budget) -> String {
    match budget {
        Budget::Concurrent { share: part, least } => {
            map([("concurrent", Some(share(part))), ("least", unless(0, least, |least| least.to_string()))])
        }
        Budget::Bucket(bucket) if bucket == Bucket::share(bucket.per_request) => share(bucket.per_request),
        Budget::Bucket(bucket) => self::bucket(&bucket),
    }
}

fn bucket(bucket: &Bucket) -> String {
    let usual = Bucket::share(0.0);
    let tokens = unless(usual.start, bucket.start, amount);
    let most = if tokens.is_some() { bucket.start } else { usual.most };
    let cost = if bucket.per_failure == 0.0 { usual.cost } else { 0.0 };
    map([
        ("share", unless(usual.per_request, bucket.per_request, share)),
        ("per-second", unless(usual.per_second, bucket.per_second, amount)),
        ("per-success", unless(usual.per_success, bucket.per_success, amount)),
        ("per-failure", unless(usual.per_failure, bucket.per_failure, amount)),
        ("tokens", tokens),
        ("most", unless(most, bucket.most, amount)),
        ("cost", unless(cost, bucket.cost, amount)),
        ("timeout-cost", unless(bucket.cost, bucket.timeout_cost, amount)),
        ("refund", unless(usual.refund, bucket.refund, amount)),
        ("timeout-refund", unless(bucket.refund, bucket.timeout_refund, amount)),
        ("above", unless(usual.above, bucket.above, amount)),
    ])
}

fn window(window: BreakerWindow) -> String {
    match window {
        BreakerWindow::Time(span) => span.to_string(),
        BreakerWindow::Calls(calls) => calls.to_string(),
    }
}

fn amount(amount: f64) -> String {
    amount.to_string()
}

/// In percent, if nothing is lost by it.
fn share(share: f64) -> String {
    let percent = percent(share);
    let is_exact = parse::share(&percent).is_ok_and(|read| read.fraction == share);
    if is_exact { percent } else { share.to_string() }
}

#[cfg(test)]
mod tests {
    use tarsier_model::{CallPolicy, PolicyChange, SealedModel, Setting, Step, Trouble};

    use super::*;
    use crate::keys::CALL_PRESETS;

    fn model(options: &str) -> SealedModel {
        let text = format!(
            "services:\n  web: {{ do: [ {{ call: db{options} }} ] }}\n  db: {{ do: [ work: 1ms ] }}\n\
             workload:\n  people: {{ rate: 1/s, to: web }}\n"
        );
        let loaded = crate::load("a", text.as_bytes());
        loaded.model.unwrap_or_else(|| panic!("{text}: {:?}", loaded.diagnostics))
    }

    fn policy(options: &str) -> CallPolicy {
        let model = model(options);
        let endpoint = model.endpoints.iter().next().expect("that of web");
        let Some(Step::Call(call)) = endpoint.steps.first() else { panic!("it calls") };
        (*call.policy).clone()
    }

    /// What is set where just this is said.
    fn read_again(policy: &CallPolicy) -> PolicyChange {
        let [timeout, retry, breaker] = texts(policy);
        let text =
            format!("set: {{ call: web -> db, timeout: {timeout}, retry: {retry}, breaker: {breaker} }}");
        let told = crate::happening(&text, &model(""), &std::collections::BTreeMap::new())
            .unwrap_or_else(|it| panic!("{text}: {it:?}"));
        let Trouble::Set(setting) = told.happening.trouble else { panic!("{text}") };
        let Setting::Calls { policy, .. } = *setting else { panic!("{text}") };
        policy
    }

    fn texts(policy: &CallPolicy) -> [String; 3] {
        [timeout(policy.timeout), retry(policy.retry.as_ref()), breaker(policy.breaker.as_ref())]
    }

    #[track_caller]
    fn is_read_as_the_same(policy: &CallPolicy) {
        let CallPolicy { timeout, retry, breaker, .. } = policy.clone();
        let whole = PolicyChange { timeout: Some(timeout), retry: Some(retry), breaker: Some(breaker) };
        assert_eq!(read_again(policy), whole, "{:?}", texts(policy));
    }

    #[test]
    fn what_is_said_is_said_again() {
        for (key, value) in [
            ("timeout", "50ms"),
            ("timeout", "1.5s"),
            ("timeout", "none"),
            ("retry", "none"),
            ("retry", "0"),
            ("retry", "2"),
            ("retry", "{ attempts: 3, budget: 20% }"),
            ("retry", "{ attempts: 3, budget: 12.3456% }"),
            ("retry", "{ attempts: 3, budget: 0.123456789 }"),
            ("retry", "{ attempts: 1, on: [timeout, unreachable], backoff: 10ms, jitter: full }"),
            ("retry", "{ attempts: 1, on: [error, refused], backoff: 10ms, jitter: equal }"),
            ("retry", "{ attempts: 1, backoff: { base: 1ms, factor: 1.5, max: 1s }, jitter: 20% }"),
            (
                "retry",
                "{ attempts: 1, backoff: { base: 1ms, max: 1s }, jitter: decorrelated, elsewhere: true }",
            ),
            ("retry", "{ attempts: 1, budget: { concurrent: 20%, least: 3 } }"),
            ("retry", "{ attempts: 1, budget: { concurrent: 7% } }"),
            ("retry", "{ attempts: 1, budget: { share: 10%, per-second: 2.5, most: 100 } }"),
            ("retry", "{ attempts: 1, budget: { per-success: 0.1, per-failure: 1, tokens: 10, above: 5 } }"),
            (
                "retry",
                "{ attempts: 1, budget: { share: 1%, tokens: 500, most: 600, cost: 5, timeout-cost: 10, \
                 refund: 5, timeout-refund: 10 } }",
            ),
            ("retry", "{ attempts: 1, budget: { share: 1%, per-failure: 1, cost: 1, timeout-cost: 0 } }"),
            ("breaker", "none"),
            ("breaker", "{ failures: 50% }"),
            ("breaker", "{ failures: 100%, window: 100, least: 50 }"),
            ("breaker", "{ failures: 20, consecutive: 5, window: 1m, least: 20, open: 1s, probes: 3 }"),
        ] {
            let policy = policy(&format!(", {key}: {value}"));
            let written = texts(&policy).into_iter().find(|text| text != "none").unwrap_or_else(none);
            assert_eq!(written, value.replace("1m,", "60s,"));
            is_read_as_the_same(&policy);
        }
    }

    #[test]
    fn presets_are_told_in_full() {
        for preset in CALL_PRESETS {
            is_read_as_the_same(&policy(&format!(", preset: {}", preset.name)));
        }
    }
}
