//! Trying again: on what, when, and how often at most.

use tarsier_model::{Backoff, Bucket, Budget, Failures, Jitter, Retry};
use tarsier_units::Span;

use super::call::one_or_many;
use super::context::Context;
use super::fields::{Fields, exclude};
use super::scalars::is_none;
use crate::code::Code;
use crate::diagnostic::Diagnostic;
use crate::keys::{BACKOFF, BUDGET, FAILURES, JITTERS, RETRY};
use crate::limits::MAX_COUNT;
use crate::place::Place;
use crate::tree::Node;

const MAX_ATTEMPTS: u64 = 1_000_000;

/// What holds where nothing is said of it.
pub(crate) const PLAIN: Retry = Retry {
    attempts: 0,
    on: Failures::ALL,
    backoff: None,
    jitter: Jitter::None,
    budget: None,
    elsewhere: false,
};

/// A bare number is the number of attempts.
pub(super) fn retry(cx: &Context<'_>, node: &Node) -> Option<Retry> {
    if node.text().is_some() {
        return plain(cx, node);
    }
    let fields = Fields::open(cx, node, &RETRY, node.place)?;
    let budget = fields.get("budget").filter(|node| !is_none(node));
    let retry = Retry {
        on: fields.get("on").map_or(Failures::ALL, |node| failures(cx, node)),
        budget: budget.and_then(|node| self::budget(cx, node)),
        elsewhere: fields.get("elsewhere").and_then(|node| cx.flag(node)).unwrap_or(false),
        ..again(cx, &fields)
    };
    let none = fields.get("attempts").filter(|node| attempts(cx, node) == Some(0));
    if let (Some(budget), Some(none)) = (budget, none) {
        let diagnostic = Diagnostic::error(Code::Contradiction, budget.place, "a budget for no retry");
        cx.report(diagnostic.label("there is nothing to bound").related(none.place, "no more attempts"));
    }
    Some(retry)
}

/// So many more attempts, and nothing else.
pub(super) fn plain(cx: &Context<'_>, node: &Node) -> Option<Retry> {
    Some(Retry { attempts: attempts(cx, node)?, ..PLAIN })
}

/// How often and after how long: what all kinds of trying again have.
pub(super) fn again(cx: &Context<'_>, fields: &Fields<'_>) -> Retry {
    let backoff = fields.get("backoff").filter(|node| !is_none(node));
    let jitter = fields.get("jitter").and_then(|node| Some((node, self::jitter(cx, node)?)));
    if let (Some((node, Jitter::Full | Jitter::Equal | Jitter::Decorrelated | Jitter::Spread(_))), None) =
        (jitter, backoff)
    {
        let message = "there is no backoff for this jitter to change";
        let diagnostic = Diagnostic::warning(Code::NoEffect, node.place, message);
        cx.report(diagnostic.hint("as in `backoff: 50ms` beside it"));
    }
    Retry {
        attempts: fields.get("attempts").and_then(|node| attempts(cx, node)).unwrap_or(0),
        backoff: backoff.and_then(|node| self::backoff(cx, node)),
        jitter: jitter.map_or(Jitter::None, |(_, jitter)| jitter),
        ..PLAIN
    }
}

fn attempts(cx: &Context<'_>, node: &Node) -> Option<u32> {
    cx.count32(node, 0, MAX_ATTEMPTS)
}

fn failures(cx: &Context<'_>, node: &Node) -> Failures {
    let mut failures = Failures::NONE;
    let nodes = one_or_many(node);
    if nodes.is_empty() || nodes.len() > FAILURES.len() {
        let message = format!("expected 1 to {} kinds of failure, found {}", FAILURES.len(), nodes.len());
        cx.report(Diagnostic::error(Code::OutOfRange, node.place, message));
        return Failures::ALL;
    }
    for node in nodes {
        match cx.word(node, FAILURES) {
            Some("timeout") => failures.timeout = true,
            Some("error") => failures.error = true,
            Some("refused") => failures.refused = true,
            Some("unreachable") => failures.unreachable = true,
            Some(other) => unreachable!("`{other}` is in the table of failures"),
            None => {}
        }
    }
    failures
}

/// What a bare duration is short for.
pub(crate) fn doubling(base: Span) -> Backoff {
    Backoff { base, factor: 2.0, max: None }
}

fn backoff(cx: &Context<'_>, node: &Node) -> Option<Backoff> {
    if node.text().is_some() {
        return cx.duration(node).map(doubling);
    }
    let fields = Fields::open(cx, node, &BACKOFF, node.place)?;
    let base = fields.get("base").and_then(|node| cx.duration(node)).unwrap_or_default();
    let max = fields.get("max").filter(|node| !is_none(node));
    let usual = doubling(base);
    let factor = fields.get("factor").and_then(|node| cx.factor(node, false)).unwrap_or(usual.factor);
    let most = max.and_then(|node| cx.duration(node));
    if let (Some(node), Some(most)) = (max, most.filter(|most| *most < base)) {
        cx.contradiction(node.place, format!("at most {most}, but the first retry waits {base}"));
    }
    Some(Backoff { base, factor, max: most })
}

/// A word, or a share to be longer or shorter by.
fn jitter(cx: &Context<'_>, node: &Node) -> Option<Jitter> {
    if node.text().is_some_and(|text| text.starts_with(|c: char| c.is_ascii_digit() || c == '.')) {
        return cx.share(node).map(Jitter::Spread);
    }
    Some(match cx.word(node, JITTERS)? {
        "none" => Jitter::None,
        "full" => Jitter::Full,
        "equal" => Jitter::Equal,
        "decorrelated" => Jitter::Decorrelated,
        other => unreachable!("`{other}` is in the table of jitters"),
    })
}

/// A bare share, a bucket of tokens, or a number of retries in flight.
fn budget(cx: &Context<'_>, node: &Node) -> Option<Budget> {
    if node.text().is_some() {
        return cx.share(node).map(|share| Budget::Bucket(Bucket::share(share)));
    }
    let fields = Fields::open(cx, node, &BUDGET, node.place)?;
    let least = fields.get_entry("least");
    let Some(concurrent) = fields.get_entry("concurrent") else {
        if let Some(least) = least {
            let message = "`least` stands beside `concurrent`: so many retries in flight are always allowed";
            cx.contradiction(least.key.place, message);
        }
        return bucket(cx, &fields).map(Budget::Bucket);
    };
    for key in BUDGET.keys.iter().filter(|key| !matches!(key.name, "concurrent" | "least")) {
        if let Some(entry) = fields.get_entry(key.name) {
            exclude(cx, concurrent, entry, BUDGET.name);
        }
    }
    let least = least.and_then(|entry| cx.count32(&entry.value, 0, MAX_COUNT)).unwrap_or(0);
    let share = cx.share(&concurrent.value)?;
    if share == 0.0 && least == 0 {
        cx.ineffective(node.place, "this budget never allows a retry");
    }
    Some(Budget::Concurrent { share, least })
}

fn bucket(cx: &Context<'_>, fields: &Fields<'_>) -> Option<Bucket> {
    let amount = |name: &str| fields.get(name).and_then(|node| cx.amount(node));
    let per_failure = amount("per-failure");
    let tokens = amount("tokens");
    let plain = Bucket::share(fields.get("share").and_then(|node| cx.share(node)).unwrap_or(0.0));
    // gRPC counts failures, not retries.
    let cost = amount("cost").unwrap_or(if per_failure.is_some() { 0.0 } else { plain.cost });
    let refund = amount("refund").unwrap_or(0.0);
    let bucket = Bucket {
        start: tokens.unwrap_or(plain.start),
        most: amount("most").or(tokens).unwrap_or(plain.most),
        per_second: amount("per-second").unwrap_or(0.0),
        per_success: amount("per-success").unwrap_or(0.0),
        per_failure: per_failure.unwrap_or(0.0),
        cost,
        timeout_cost: amount("timeout-cost").unwrap_or(cost),
        refund,
        timeout_refund: amount("timeout-refund").unwrap_or(refund),
        above: amount("above").unwrap_or(0.0),
        ..plain
    };
    let unread = |name: &str| fields.get(name).is_some_and(|node| cx.sink.has_error_in(node.place));
    if !BUDGET.keys.iter().any(|key| unread(key.name)) {
        check_bucket(cx, &bucket, fields.place());
    }
    Some(bucket)
}

fn check_bucket(cx: &Context<'_>, bucket: &Bucket, place: Place) {
    let Bucket { start, most, cost, above, .. } = *bucket;
    let sources = [start, bucket.per_request, bucket.per_second, bucket.per_success];
    if start > most {
        cx.contradiction(place, format!("the bucket starts with {start} tokens, but holds at most {most}"));
    } else if sources.iter().all(|tokens| *tokens == 0.0) {
        cx.ineffective(place, "nothing brings tokens, so this budget never allows a retry");
    } else if cost > most {
        let message = format!("a retry takes {cost} tokens, and there are never more than {most}");
        cx.ineffective(place, message);
    } else if above >= most {
        let message = format!("retries need more than {above} tokens, and there are never more than {most}");
        cx.ineffective(place, message);
    }
}
