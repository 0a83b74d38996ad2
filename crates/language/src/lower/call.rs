//! What a caller does about a call: timeouts, retries, balancing, connections, and what comes instead.

use std::borrow::Cow;

use tarsier_model::{Balance, Call, CallPolicy, Connections, EndpointId, Step};

use super::context::Context;
use super::doubts::Doubt;
use super::fields::Fields;
use super::retry::retry;
use super::scalars::is_none;
use super::steps::steps;
use super::{contradictions, layers, locks, presets, protection};
use crate::code::Code;
use crate::diagnostic::Diagnostic;
use crate::keys::{BALANCES, CALL_OPTIONS, CONNECTIONS};
use crate::limits::{MAX_COUNT, MAX_INSTANCES};
use crate::place::Place;
use crate::tree::{Kind, Node};

/// What a call says itself, over what its preset says, over what the defaults say for all calls.
pub(super) struct Options<'f, 'n> {
    own: &'f Fields<'n>,
    layers: Vec<Layer<'n>>,
    /// Whether a deadline travels where nothing is said of it.
    pub(super) deadlines_travel: bool,
}

struct Layer<'n> {
    fields: Fields<'n>,
    /// Where a preset is named: its own text is in no file.
    named_at: Option<Place>,
}

/// A value, and where to point when something is wrong with it.
#[derive(Clone, Copy)]
pub(super) struct Given<'n> {
    pub(super) node: &'n Node,
    pub(super) place: Place,
    pub(super) from_preset: bool,
}

impl<'n> Given<'n> {
    fn at_its_place(self) -> Cow<'n, Node> {
        if self.from_preset {
            Cow::Owned(layers::moved(self.node, self.place))
        } else {
            Cow::Borrowed(self.node)
        }
    }
}

impl<'f, 'n> Options<'f, 'n> {
    fn new(cx: &Context<'n>, own: &'f Fields<'n>, defaults: Option<&'n Node>) -> Self {
        let mut options = Options { own, layers: Vec::new(), deadlines_travel: false };
        let chosen = own.has("preset").then(|| own.get("preset")).flatten();
        options.add_preset(cx, chosen);
        let defaults = defaults.and_then(|node| Fields::open(cx, node, &CALL_OPTIONS, node.place));
        if let Some(fields) = defaults {
            let default_preset = fields.get("preset");
            options.add(fields, None);
            // A preset of its own, or `none`, stands in place of the default one.
            options.add_preset(cx, default_preset.filter(|_| chosen.is_none()));
        }
        options
    }

    fn add_preset(&mut self, cx: &Context<'n>, named: Option<&'n Node>) {
        let Some(named) = named.filter(|node| !is_none(node)) else { return };
        let Some(preset) = presets::named(cx, named) else { return };
        self.deadlines_travel |= preset.table.deadlines_travel;
        if let Some(fields) = Fields::open(cx, &preset.options, &CALL_OPTIONS, named.place) {
            self.add(fields, Some(named.place));
        }
    }

    fn add(&mut self, fields: Fields<'n>, named_at: Option<Place>) {
        // Which of them are read depends on what the call says itself; they are checked elsewhere.
        fields.abandon();
        self.layers.push(Layer { fields, named_at });
    }

    /// All that is said of an option, the strongest first; nothing if a step of this kind has no such option.
    fn said<'o>(&'o self, name: &'o str) -> impl Iterator<Item = Given<'n>> + 'o {
        let own = self.own.has(name).then(|| self.own.get(name)).flatten();
        let own = own.map(|node| Given { node, place: node.place, from_preset: false });
        let layers = self.layers.iter().filter(|_| self.own.has(name)).filter_map(move |layer| {
            let node = layer.fields.get(name)?;
            let from_preset = layer.named_at.is_some();
            Some(Given { node, place: layer.named_at.unwrap_or(node.place), from_preset })
        });
        own.into_iter().chain(layers)
    }

    /// The strongest that is said of an option.
    pub(super) fn get(&self, name: &str) -> Option<Given<'n>> {
        self.said(name).next()
    }

    /// What holds of an option for this call: what it leaves open may be said below. A preset is a
    /// client as it is, and leaves nothing open.
    fn whole(&self, name: &str) -> Option<Cow<'n, Node>> {
        let mut said = self.said(name);
        let first = said.next()?;
        let mut whole = Cow::Borrowed(first.node);
        let mut is_open = !first.from_preset;
        while let Some(below) = said.next().filter(|_| is_open) {
            let Some(both) = layers::over(name, &whole, &below.at_its_place()) else { break };
            whole = Cow::Owned(both);
            is_open = !below.from_preset;
        }
        Some(whole)
    }

    /// Whether the file itself says this key of an option.
    pub(super) fn is_written(&self, name: &str, key: &str) -> bool {
        let mut written = self.said(name).take_while(|given| !given.from_preset);
        written.any(|given| given.node.text().is_some() || given.node.get(key).is_some())
    }

    /// Unless it says `none`.
    pub(super) fn wanted(&self, name: &str) -> Option<Given<'n>> {
        self.get(name).filter(|given| !is_none(given.node))
    }
}

/// Reads `defaults: { call: … }` for its mistakes, also if no call follows it.
pub(super) fn check_defaults(cx: &Context<'_>) {
    let Some(node) = cx.call_defaults else { return };
    let Some(own) = Fields::open(cx, node, &CALL_OPTIONS, node.place) else { return };
    let options = Options::new(cx, &own, None);
    policy(cx, &options);
    sizes(cx, &options);
    optional(cx, &options);
    fallback(cx, &options);
    // The locks of the default fallback are those of the services that take it over.
    locks::finish(cx);
}

/// A `call` step, with all its options.
pub(super) fn waited_for<'n>(cx: &Context<'n>, to: EndpointId, own: &Fields<'n>) -> Call {
    let options = Options::new(cx, own, cx.call_defaults);
    let optional = optional(cx, &options);
    let fallback = fallback(cx, &options);
    Call { optional, fallback, ..plain(cx, to, &options) }
}

/// A call that cannot fail its caller: to a cache, or one that nobody waits for.
pub(super) fn never_failing<'n>(cx: &Context<'n>, to: EndpointId, own: &Fields<'n>) -> Call {
    plain(cx, to, &Options::new(cx, own, cx.call_defaults))
}

fn plain(cx: &Context<'_>, to: EndpointId, options: &Options<'_, '_>) -> Call {
    let policy = policy(cx, options);
    if options.own.has("retry") {
        contradictions::retry_without_bound(cx, options.own, &policy);
        doubt_elsewhere(cx, to, options.own, &policy);
    }
    let [request_bytes, response_bytes] = sizes(cx, options);
    Call { to, policy: Box::new(policy), optional: false, fallback: None, request_bytes, response_bytes }
}

/// Only where the call itself says it: a default is for calls to many services.
fn doubt_elsewhere(cx: &Context<'_>, to: EndpointId, own: &Fields<'_>, policy: &CallPolicy) {
    let written = own.get("retry").and_then(|retry| retry.get("elsewhere"));
    let is_on = policy.retry.as_ref().is_some_and(|retry| retry.elsewhere && retry.attempts > 0);
    if let Some(written) = written.filter(|_| is_on) {
        cx.doubt(written.key.place, Doubt::OnlyOne { to });
    }
}

/// The policy of users; the defaults of calls are not theirs.
pub(super) fn of_users<'n>(cx: &Context<'n>, own: &Fields<'n>) -> CallPolicy {
    let policy = policy(cx, &Options::new(cx, own, None));
    contradictions::retry_without_bound(cx, own, &policy);
    policy
}

fn policy(cx: &Context<'_>, options: &Options<'_, '_>) -> CallPolicy {
    let given = |name: &str| options.whole(name);
    let wanted = |name: &str| given(name).filter(|node| !is_none(node));
    let policy = CallPolicy {
        timeout: wanted("timeout").and_then(|node| cx.positive_duration(&node)),
        retry: wanted("retry").and_then(|node| retry(cx, &node)),
        balance: given("balance").and_then(|node| balance(cx, &node)).unwrap_or_default(),
        connections: wanted("connections").and_then(|node| connections(cx, &node)),
        deadline: wanted("deadline")
            .and_then(|node| protection::deadline(cx, &node, options.deadlines_travel)),
        cancel: given("cancel").and_then(|node| cx.flag(&node)).unwrap_or(false),
        hedge: wanted("hedge").and_then(|node| protection::hedge(cx, &node)),
        breaker: wanted("breaker").and_then(|node| protection::breaker(cx, &node)),
        outlier: wanted("outlier").and_then(|node| protection::outlier(cx, &node)),
        throttle: wanted("throttle").and_then(|node| protection::throttle(cx, &node)),
        connect: wanted("connect").and_then(|node| protection::connect(cx, &node)),
        subset: wanted("subset").and_then(|node| cx.count32(&node, 1, MAX_INSTANCES)),
        priority: given("priority").and_then(|node| protection::priority(cx, &node)),
    };
    contradictions::of_call(cx, options, &policy);
    policy
}

fn sizes(cx: &Context<'_>, options: &Options<'_, '_>) -> [u64; 2] {
    ["request", "response"]
        .map(|name| options.get(name).and_then(|given| cx.size(given.node)).map_or(0, |size| size.count))
}

fn optional(cx: &Context<'_>, options: &Options<'_, '_>) -> bool {
    options.get("optional").and_then(|given| cx.flag(given.node)).unwrap_or(false)
}

/// The calls of a default fallback have no default fallback themselves: that would never end.
fn fallback<'n>(cx: &Context<'n>, options: &Options<'_, 'n>) -> Option<Vec<Step>> {
    if let Some(node) = options.own.get("fallback") {
        return (!is_none(node)).then(|| steps(cx, node));
    }
    let node = options.wanted("fallback")?.node;
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
        "region-aware" => Balance::RegionAware,
        other => unreachable!("`{other}` is in the table of balances"),
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
pub(crate) fn one_or_many(node: &Node) -> &[Node] {
    match &node.kind {
        Kind::List(items) => items,
        _ => std::slice::from_ref(node),
    }
}
