//! Settings that are fine alone and contradict each other.

use tarsier_model::{CallPolicy, Failures, HedgeDelay};
use tarsier_units::Span;

use super::call::Options;
use super::context::Context;
use super::fields::Fields;
use crate::code::Code;
use crate::diagnostic::Diagnostic;
use crate::place::Place;

impl Context<'_> {
    pub(crate) fn contradiction(&self, place: Place, message: impl Into<String>) {
        self.report(Diagnostic::error(Code::Contradiction, place, message));
    }

    /// A protection that can never do what it is for, or never stops doing it.
    pub(crate) fn ineffective(&self, place: Place, message: impl Into<String>) {
        self.report(Diagnostic::error(Code::Ineffective, place, message));
    }
}

/// What bounds an attempt, a call, and the wait for either.
pub(super) fn of_call(cx: &Context<'_>, options: &Options<'_, '_>, policy: &CallPolicy) {
    hedge_after_bound(cx, options, policy);
    let deadline = policy.deadline.map(|deadline| deadline.after);
    let connecting = policy.connect.as_ref().and_then(|connect| connect.timeout);
    let never_fires =
        |(name, key, span): (_, _, Option<Span>), (other, bound): (_, Option<Span>), what: &str| {
            let (Some(longer), Some(shorter)) = (options.get(name), options.get(other)) else { return };
            // What a preset brings along need not be said again.
            if let (Some(span), Some(bound), true) = (span, bound, options.is_written(name, key))
                && span > bound
            {
                let message = format!("{what} {span} never comes to bear: the {other} of {bound} is shorter");
                let diagnostic = Diagnostic::warning(Code::NoEffect, longer.place, message);
                cx.report(diagnostic.related(shorter.place, "the shorter one"));
            }
        };
    never_fires(("timeout", "", policy.timeout), ("deadline", deadline), "a timeout of");
    never_fires(("connect", "timeout", connecting), ("timeout", policy.timeout), "a connect timeout of");
    never_fires(("connect", "timeout", connecting), ("deadline", deadline), "a connect timeout of");
    let backoff = policy.retry.as_ref().and_then(|retry| retry.backoff.as_ref()).map(|backoff| backoff.base);
    never_fires(("retry", "backoff", backoff), ("deadline", deadline), "a first retry after");
}

/// Trying again on what never happens; said where the call itself says so, since a default is for other calls, too.
pub(super) fn retry_without_bound(cx: &Context<'_>, own: &Fields<'_>, policy: &CallPolicy) {
    const TIMEOUTS: Failures = Failures { timeout: true, ..Failures::NONE };
    let is_unbound = policy.timeout.is_none() && policy.deadline.is_none();
    let on = own.get("retry").and_then(|retry| retry.get("on"));
    let retries = policy.retry.as_ref().is_some_and(|retry| retry.on == TIMEOUTS && retry.attempts > 0);
    if let Some(on) = on.filter(|_| is_unbound && retries) {
        let message = "without a `timeout` none ever fires, so nothing is tried again";
        let diagnostic = Diagnostic::warning(Code::NoEffect, on.value.place, message);
        cx.report(diagnostic.hint("as in `timeout: 100ms` beside `retry`"));
    }
}

/// A second attempt when nobody waits for the first any more.
fn hedge_after_bound(cx: &Context<'_>, options: &Options<'_, '_>, policy: &CallPolicy) {
    let Some(HedgeDelay::Fixed(after)) = policy.hedge.map(|hedge| hedge.after) else { return };
    let bounds = [("timeout", policy.timeout), ("deadline", policy.deadline.map(|deadline| deadline.after))];
    for (name, bound) in bounds {
        let Some(bound) = bound.filter(|bound| after >= *bound) else { continue };
        let (Some(hedge), Some(given)) = (options.get("hedge"), options.get(name)) else { continue };
        let message = format!("the hedge after {after} never goes out: the {name} of {bound} fires before");
        let diagnostic = Diagnostic::error(Code::Contradiction, hedge.place, message);
        cx.report(
            diagnostic.related(given.place, format!("the {name}")).hint("hedge near the 95th percentile"),
        );
    }
}
