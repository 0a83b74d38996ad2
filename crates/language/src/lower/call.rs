//! What a caller does about a call: timeouts, retries, balancing, connections, and what comes instead.

use tarsier_model::{
    Backoff, Balance, Bucket, Budget, Call, CallPolicy, Connections, EndpointId, Failures, Jitter, Retry,
    Step,
};

use super::context::Context;
use super::fields::Fields;
use super::scalars::is_none;
use super::steps::steps;
use crate::code::Code;
use crate::diagnostic::Diagnostic;
use crate::keys::{BACKOFF, BALANCES, CALL_OPTIONS, CONNECTIONS, FAILURES, JITTERS, RETRY};
use crate::limits::MAX_COUNT;
use crate::tree::{Kind, Node};

const MAX_ATTEMPTS: u64 = 1_000_000;

/// What a call says itself, over what the defaults say for all calls.
struct Options<'f, 'n> {
    own: &'f Fields<'n>,
    defaults: Option<Fields<'n>>,
}

impl<'n> Options<'_, 'n> {
    fn get(&self, name: &str) -> Option<&'n Node> {
        self.own.get(name).or_else(|| self.defaults.as_ref()?.get(name))
    }
}

fn with_defaults<'f, 'n>(cx: &Context<'n>, own: &'f Fields<'n>) -> Options<'f, 'n> {
    let defaults = cx.call_defaults.and_then(|node| Fields::open(cx, node, &CALL_OPTIONS, node.place));
    // Which of them are read depends on what the call says itself; they are checked once for all.
    if let Some(defaults) = &defaults {
        defaults.abandon();
    }
    Options { own, defaults }
}

/// Reads `defaults: { call: … }` for its mistakes, also if no call follows it.
pub(super) fn check_defaults(cx: &Context<'_>) {
    let Some(node) = cx.call_defaults else { return };
    let Some(own) = Fields::open(cx, node, &CALL_OPTIONS, node.place) else { return };
    let options = Options { own: &own, defaults: None };
    policy(cx, &options);
    sizes(cx, &options);
    optional(cx, &options);
    fallback(cx, &options);
}

/// A `call` step, with all its options.
pub(super) fn waited_for<'n>(cx: &Context<'n>, to: EndpointId, own: &Fields<'n>) -> Call {
    let options = with_defaults(cx, own);
    let optional = optional(cx, &options);
    let fallback = fallback(cx, &options);
    Call { optional, fallback, ..plain(cx, to, &options) }
}

/// A call that cannot fail its caller: to a cache, or one that nobody waits for.
pub(super) fn never_failing<'n>(cx: &Context<'n>, to: EndpointId, own: &Fields<'n>) -> Call {
    plain(cx, to, &with_defaults(cx, own))
}

fn plain(cx: &Context<'_>, to: EndpointId, options: &Options<'_, '_>) -> Call {
    let policy = policy(cx, options);
    let [request_bytes, response_bytes] = sizes(cx, options);
    Call { to, policy: Box::new(policy), optional: false, fallback: None, request_bytes, response_bytes }
}

/// The policy of users; the defaults of calls are not theirs.
pub(super) fn of_users(cx: &Context<'_>, own: &Fields<'_>) -> CallPolicy {
    policy(cx, &Options { own, defaults: None })
}

fn policy(cx: &Context<'_>, options: &Options<'_, '_>) -> CallPolicy {
    let given = |name: &str| options.get(name).filter(|node| !is_none(node));
    CallPolicy {
        timeout: given("timeout").and_then(|node| cx.positive_duration(node)),
        retry: given("retry").and_then(|node| retry(cx, node)),
        balance: options.get("balance").and_then(|node| balance(cx, node)).unwrap_or(Balance::RoundRobin),
        connections: given("connections").and_then(|node| connections(cx, node)),
        ..CallPolicy::default()
    }
}

fn sizes(cx: &Context<'_>, options: &Options<'_, '_>) -> [u64; 2] {
    ["request", "response"]
        .map(|name| options.get(name).and_then(|node| cx.size(node)).map_or(0, |size| size.count))
}

fn optional(cx: &Context<'_>, options: &Options<'_, '_>) -> bool {
    options.get("optional").and_then(|node| cx.flag(node)).unwrap_or(false)
}

/// The calls of a default fallback have no default fallback themselves: that would never end.
fn fallback<'n>(cx: &Context<'n>, options: &Options<'_, 'n>) -> Option<Vec<Step>> {
    if let Some(node) = options.own.get("fallback") {
        return (!is_none(node)).then(|| steps(cx, node));
    }
    let node = options.defaults.as_ref()?.get("fallback").filter(|node| !is_none(node))?;
    if cx.in_default_fallback.get() || !affordable(cx, node) {
        return None;
    }
    cx.in_default_fallback.set(true);
    let steps = steps(cx, node);
    cx.in_default_fallback.set(false);
    Some(steps)
}

/// Every call gets its own copy of the default fallback: a large one for many calls fills the memory.
fn affordable(cx: &Context<'_>, fallback: &Node) -> bool {
    let size = fallback.size() as u64;
    let left = cx.fallbacks_left.get();
    cx.fallbacks_left.set(left.saturating_sub(size));
    if size > left {
        let message = "the default fallback is too long for so many calls";
        let diagnostic = Diagnostic::error(Code::TooManySteps, fallback.place, message);
        cx.report(diagnostic.hint("give it an endpoint of its own and call that"));
    }
    size <= left
}

fn balance(cx: &Context<'_>, node: &Node) -> Option<Balance> {
    Some(match cx.word(node, BALANCES)? {
        "round-robin" => Balance::RoundRobin,
        "random" => Balance::Random,
        "least-requests" => Balance::LeastRequests,
        "p2c" => Balance::PowerOfTwo,
        "ewma" => Balance::Ewma,
        "hash" => Balance::Hash,
        "zone-aware" => Balance::ZoneAware,
        other => unreachable!("`{other}` is in the table of balances"),
    })
}

/// A bare number is the number of attempts.
fn retry(cx: &Context<'_>, node: &Node) -> Option<Retry> {
    let attempts = |node: &Node| cx.count32(node, 0, MAX_ATTEMPTS);
    let plain = Retry {
        attempts: 0,
        on: Failures::ALL,
        backoff: None,
        jitter: Jitter::None,
        budget: None,
        elsewhere: false,
    };
    if node.text().is_some() {
        return Some(Retry { attempts: attempts(node)?, ..plain });
    }
    let fields = Fields::open(cx, node, &RETRY, node.place)?;
    Some(Retry {
        attempts: fields.get("attempts").and_then(attempts).unwrap_or(0),
        on: fields.get("on").map_or(Failures::ALL, |node| failures(cx, node)),
        backoff: fields.get("backoff").filter(|node| !is_none(node)).and_then(|node| backoff(cx, node)),
        jitter: fields.get("jitter").and_then(|node| jitter(cx, node)).unwrap_or(Jitter::None),
        budget: (fields.get("budget").and_then(|node| cx.share(node)))
            .map(|share| Budget::Bucket(Bucket::share(share))),
        elsewhere: fields.get("elsewhere").and_then(|node| cx.flag(node)).unwrap_or(false),
    })
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

/// A bare duration doubles with each retry.
fn backoff(cx: &Context<'_>, node: &Node) -> Option<Backoff> {
    const DOUBLING: f64 = 2.0;
    if node.text().is_some() {
        return Some(Backoff { base: cx.duration(node)?, factor: DOUBLING, max: None });
    }
    let fields = Fields::open(cx, node, &BACKOFF, node.place)?;
    Some(Backoff {
        base: fields.get("base").and_then(|node| cx.duration(node)).unwrap_or_default(),
        factor: fields.get("factor").and_then(|node| cx.factor(node, false)).unwrap_or(DOUBLING),
        max: fields.get("max").filter(|node| !is_none(node)).and_then(|node| cx.duration(node)),
    })
}

fn jitter(cx: &Context<'_>, node: &Node) -> Option<Jitter> {
    Some(match cx.word(node, JITTERS)? {
        "none" => Jitter::None,
        "full" => Jitter::Full,
        "equal" => Jitter::Equal,
        other => unreachable!("`{other}` is in the table of jitters"),
    })
}

fn connections(cx: &Context<'_>, node: &Node) -> Option<Connections> {
    let fields = Fields::open(cx, node, &CONNECTIONS, node.place)?;
    let http = fields.get("http").and_then(|node| cx.count(node, 1, 2)).unwrap_or(1);
    Some(Connections {
        max: fields.get("max").and_then(|node| cx.count32(node, 1, MAX_COUNT)).unwrap_or(1),
        requests_each: (http == 1).then_some(1),
    })
}

/// A list, or a single value in place of a list of one.
pub(super) fn one_or_many(node: &Node) -> &[Node] {
    match &node.kind {
        Kind::List(items) => items,
        _ => std::slice::from_ref(node),
    }
}
