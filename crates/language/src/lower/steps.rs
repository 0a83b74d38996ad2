//! The steps of an endpoint.

use tarsier_model::{Branch, EndpointId, Step};

use super::call::{never_failing, one_or_many, waited_for};
use super::context::Context;
use super::fields::Fields;
use super::law::percent;
use super::locks;
use super::nearest::{listed, nearest};
use crate::code::Code;
use crate::diagnostic::Diagnostic;
use crate::keys::{BRANCHES, CACHE, OPTION, Object, STEPS};
use crate::limits::{MAX_BRANCHES, MAX_REPEATS, MAX_UNROLLED_STEPS};
use crate::place::Place;
use crate::tree::{Entry, Kind, Node};

/// Stands for what could not be found, so that the options of the call are still checked.
const NOWHERE: EndpointId = EndpointId(0);

/// A step, or a list of them.
pub(super) fn steps<'n>(cx: &Context<'n>, node: &'n Node) -> Vec<Step> {
    match &node.kind {
        Kind::Broken => Vec::new(),
        Kind::Null => {
            let message = "expected a step or a list of steps, found nothing";
            let diagnostic = Diagnostic::error(Code::WrongShape, node.place, message);
            cx.report(diagnostic.hint("write `[]` if nothing is to be done"));
            Vec::new()
        }
        _ => one_or_many(node).iter().filter_map(|node| step(cx, node)).collect(),
    }
}

/// The table of a kind of step; its first key is what names it.
fn verb_of(key: &str) -> Option<&'static Object> {
    STEPS.iter().find(|object| object.verb().name == key)
}

fn verbs() -> impl Iterator<Item = &'static str> {
    STEPS.iter().map(Object::verb).filter(|verb| verb.is_built()).map(|verb| verb.name)
}

fn step<'n>(cx: &Context<'n>, node: &'n Node) -> Option<Step> {
    let entries = match &node.kind {
        Kind::Map(entries) => entries,
        Kind::Broken => return None,
        _ => {
            let message = format!("expected a step, found {}", node.what());
            let diagnostic = Diagnostic::error(Code::WrongShape, node.place, message);
            cx.report(diagnostic.hint("a step is a mapping, such as `{ work: exp(1ms) }`"));
            return None;
        }
    };
    let mut verbs = entries.iter().filter_map(|entry| Some((entry, verb_of(&entry.key.text)?)));
    match (verbs.next(), verbs.next()) {
        (Some((entry, object)), None) => lower_step(cx, node, entry, object),
        (Some((first, _)), Some((second, _))) => {
            let message =
                format!("a step does one thing, this one has `{}` and `{}`", first.key.text, second.key.text);
            let diagnostic = Diagnostic::error(Code::Exclusive, second.key.place, message);
            cx.report(diagnostic.related(first.key.place, "the other is here").hint("make two steps of it"));
            None
        }
        (None, _) => {
            cx.report(no_verb(node, entries));
            None
        }
    }
}

fn no_verb(node: &Node, entries: &[Entry]) -> Diagnostic {
    let meant = |entry: &Entry| {
        let key = entry.key.text.as_str();
        let synonym = STEPS.iter().map(|object| &object.keys[0]).find(|known| known.also.contains(&key));
        synonym.map(|known| known.name).or_else(|| nearest(key, verbs()))
    };
    if let Some((entry, meant)) = entries.iter().find_map(|entry| Some((entry, meant(entry)?))) {
        let message = format!("there is no step `{}`", entry.key.text);
        let diagnostic = Diagnostic::error(Code::UnknownKey, entry.key.place, message);
        return diagnostic.label(format!("did you mean `{meant}`?"));
    }
    let place = entries.first().map_or(node.place, |entry| entry.key.place);
    let (code, message) = match entries.first() {
        Some(entry) => (Code::UnknownKey, format!("there is no step `{}`", entry.key.text)),
        None => (Code::MissingKey, "this step says nothing".to_owned()),
    };
    Diagnostic::error(code, place, message).hint(format!("the steps are {}", listed(verbs())))
}

fn lower_step<'n>(
    cx: &Context<'n>,
    node: &'n Node,
    verb: &'n Entry,
    object: &'static Object,
) -> Option<Step> {
    let fields = Fields::open(cx, node, object, verb.key.place)?;
    let Some(value) = fields.get(&verb.key.text) else {
        fields.abandon();
        return None;
    };
    match verb.key.text.as_str() {
        "work" => cx.law(value).map(Step::Work),
        "wait" => cx.law(value).map(Step::Wait),
        "fail" => cx.share(value).map(Step::Fail),
        "call" => {
            let to = cx.endpoint(value);
            cx.places.borrow_mut().add_call(value.place);
            let call = waited_for(cx, to.unwrap_or(NOWHERE), &fields);
            to.map(|_| Step::Call(call))
        }
        "publish" => {
            let to = cx.endpoint(value);
            cx.places.borrow_mut().add_call(value.place);
            let call = never_failing(cx, to.unwrap_or(NOWHERE), &fields);
            if let Some(node) = fields.get("balance").filter(|_| call.policy.balance.is_by_load()) {
                cx.report(blind(node));
            }
            to.map(|_| Step::Publish(call))
        }
        "parallel" => parallel(cx, value, &fields),
        "choose" => choose(cx, value),
        "maybe" => {
            let steps = inner(cx, &fields);
            Some(Step::Maybe { share: cx.share(value)?, steps })
        }
        "repeat" => {
            let steps = inner(cx, &fields);
            Some(Step::Repeat { times: cx.count32(value, 1, MAX_REPEATS)?, steps })
        }
        "cache" => cache(cx, value),
        "lock" => locks::lock(cx, value, &fields),
        "conflict" => locks::conflict(cx, value, &fields),
        other => unreachable!("`{other}` is in the table of steps"),
    }
}

/// Balancing by what answers tell, where there are none.
fn blind(node: &Node) -> Diagnostic {
    let message = "who publishes waits for no answer and knows of no load: this chooses at random";
    let diagnostic = Diagnostic::warning(Code::NoEffect, node.place, message);
    diagnostic.hint("say `random`, or `round-robin` to spread evenly")
}

pub(super) fn inner<'n>(cx: &Context<'n>, fields: &Fields<'n>) -> Vec<Step> {
    fields.get("do").map_or_else(Vec::new, |node| steps(cx, node))
}

fn parallel<'n>(cx: &Context<'n>, node: &'n Node, beside: &Fields<'n>) -> Option<Step> {
    let (branches, need) = match &node.kind {
        Kind::Map(_) if verb_in(node) => (branches(cx, std::slice::from_ref(node)), beside.get("need")),
        Kind::Map(_) if ["times", "do"].iter().any(|key| node.get(key).is_some()) => {
            let fields = Fields::open(cx, node, &BRANCHES, node.place)?;
            let steps = inner(cx, &fields);
            let times = fields.get("times").and_then(|node| cx.count32(node, 1, MAX_BRANCHES));
            let need = fields.get("need").or(beside.get("need"));
            (vec![Branch { times: times?, steps }], need)
        }
        Kind::List(items) => (branches(cx, items), beside.get("need")),
        _ => {
            beside.abandon();
            if node.entries().is_some() || cx.text(node, "a list of branches").is_some() {
                let message = format!("expected a list of branches, found {}", node.what());
                cx.report(Diagnostic::error(Code::WrongShape, node.place, message).hint(BRANCHES_HINT));
            }
            return None;
        }
    };
    let n_branches: u64 = branches.iter().map(|branch| u64::from(branch.times)).sum();
    if n_branches == 0 || n_branches > MAX_BRANCHES {
        beside.abandon();
        cx.report(no_branches(node.place));
        return None;
    }
    let most = u32::try_from(n_branches).expect("there are few branches");
    let need = need.and_then(|node| need_of(cx, node, most)).unwrap_or(most);
    Some(Step::Parallel { branches, need })
}

fn verb_in(node: &Node) -> bool {
    node.entries().is_some_and(|entries| entries.iter().any(|entry| verb_of(&entry.key.text).is_some()))
}

fn branches<'n>(cx: &Context<'n>, items: &'n [Node]) -> Vec<Branch> {
    items.iter().map(|item| Branch { times: 1, steps: steps(cx, item) }).collect()
}

const BRANCHES_HINT: &str =
    "a branch is a step or a list of steps; equal ones are written `{ times: 3, do: [ … ] }`";

fn no_branches(place: Place) -> Diagnostic {
    let message = format!("`parallel` needs a list of 1 to {MAX_BRANCHES} branches");
    Diagnostic::error(Code::OutOfRange, place, message).hint(BRANCHES_HINT)
}

fn need_of(cx: &Context<'_>, node: &Node, n_branches: u32) -> Option<u32> {
    match node.text() {
        Some("any") => Some(1),
        Some("all") => Some(n_branches),
        _ => cx.count32(node, 1, u64::from(n_branches)),
    }
}

fn choose<'n>(cx: &Context<'n>, node: &'n Node) -> Option<Step> {
    let options: Vec<(Option<f64>, Vec<Step>)> = match &node.kind {
        Kind::Map(entries) => {
            entries.iter().map(|entry| (cx.share_key(&entry.key), steps(cx, &entry.value))).collect()
        }
        Kind::List(items) => items.iter().filter_map(|item| option(cx, item)).collect(),
        _ => {
            if cx.text(node, "branches with shares").is_some() {
                cx.report(not_options(node));
            }
            return None;
        }
    };
    // Only if all shares are known can their sum be wrong.
    let options: Vec<(f64, Vec<Step>)> =
        options.into_iter().map(|(share, steps)| Some((share?, steps))).collect::<Option<_>>()?;
    sums_to_whole(cx, options.iter().map(|(share, _)| *share), node.place).then_some(Step::Choose(options))
}

fn option<'n>(cx: &Context<'n>, node: &'n Node) -> Option<(Option<f64>, Vec<Step>)> {
    let fields = Fields::open(cx, node, &OPTION, node.place)?;
    let share = fields.get("share").and_then(|node| cx.share(node));
    Some((share, inner(cx, &fields)))
}

fn not_options(node: &Node) -> Diagnostic {
    let message = "expected branches with shares, found a single value";
    let diagnostic = Diagnostic::error(Code::WrongShape, node.place, message);
    diagnostic.hint("as in `choose: { 70%: [...], 30%: [...] }`")
}

/// Whether shares are parts of a whole; otherwise says what they sum to.
pub(super) fn sums_to_whole(cx: &Context<'_>, shares: impl Iterator<Item = f64>, place: Place) -> bool {
    // An empty sum is minus zero, which nobody wants to read.
    let sum = shares.fold(0.0, |sum, share| sum + share);
    let whole = (sum - 1.0).abs() < 1e-6;
    if !whole {
        let message = format!("the shares sum to {}, not to 100%", percent(sum));
        cx.report(Diagnostic::error(Code::BadSum, place, message));
    }
    whole
}

fn cache<'n>(cx: &Context<'n>, node: &'n Node) -> Option<Step> {
    let fields = Fields::open(cx, node, &CACHE, node.place)?;
    let asked = fields.get("in");
    let to = asked.and_then(|node| cx.endpoint(node));
    let place = asked.map_or(node.place, |node| node.place);
    cx.places.borrow_mut().add_call(place);
    let hit = fields.get("hit").and_then(|node| cx.share(node));
    let miss = fields.get("miss").map_or_else(Vec::new, |node| steps(cx, node));
    let fills = fields.get("fill").and_then(|node| cx.flag(node)).unwrap_or(true);
    let ask = never_failing(cx, to.unwrap_or(NOWHERE), &fields);
    let fill = fills.then(|| {
        cx.places.borrow_mut().add_call(place);
        ask.clone()
    });
    to.and_then(|_| Some(Step::Cache { ask, hit: hit?, miss, fill }))
}

/// How many steps these are with every repetition and branch counted.
fn unrolled(steps: &[Step]) -> u64 {
    steps.iter().fold(0, |sum, step| sum.saturating_add(unrolled_step(step)))
}

fn unrolled_step(step: &Step) -> u64 {
    let inner = match step {
        Step::Work(_) | Step::Wait(_) | Step::Fail(_) | Step::Publish(_) => 0,
        Step::Call(call) => call.fallback.as_deref().map_or(0, unrolled),
        Step::Parallel { branches, .. } => branches.iter().fold(0_u64, |sum, branch| {
            sum.saturating_add(unrolled(&branch.steps).max(1).saturating_mul(u64::from(branch.times)))
        }),
        Step::Choose(options) => {
            options.iter().fold(0_u64, |sum, (_, steps)| sum.saturating_add(unrolled(steps)))
        }
        Step::Maybe { steps, .. } | Step::Lock { steps, .. } | Step::Conflict { steps, .. } => {
            unrolled(steps)
        }
        Step::Repeat { times, steps } => unrolled(steps).max(1).saturating_mul(u64::from(*times)),
        Step::Cache { miss, .. } => unrolled(miss),
    };
    inner.saturating_add(1)
}

/// Refuses an endpoint whose requests would take too many steps.
pub(super) fn check_size(cx: &Context<'_>, steps: &[Step], place: Place) {
    let n_steps = unrolled(steps);
    if n_steps > MAX_UNROLLED_STEPS {
        let message = format!(
            "this endpoint has {n_steps} steps, every repetition counted, more than the {MAX_UNROLLED_STEPS} it may have"
        );
        cx.report(
            Diagnostic::error(Code::TooManySteps, place, message)
                .hint("repeat less, or call an endpoint that does a part"),
        );
    }
}
