//! Locks and versions: what the requests of an instance share.

use std::collections::BTreeMap;

use tarsier_model::{Lock, Retry, Step};

use super::context::Context;
use super::fields::Fields;
use super::names::{Reference, check_name};
use super::retry::{again, plain};
use super::scalars::is_none;
use super::steps::inner;
use crate::code::Code;
use crate::diagnostic::Diagnostic;
use crate::keys::CONFLICT_RETRY;
use crate::limits::MAX_COUNT;
use crate::place::Place;
use crate::tree::Node;

/// What the steps of one service share, as far as they were read.
#[derive(Default)]
pub(crate) struct Locks {
    known: Vec<Known>,
    ids: BTreeMap<String, u32>,
    /// Inside which of them the present step stands, outermost first.
    held: Vec<u32>,
    /// A lock taken while another is held, and where first.
    pairs: BTreeMap<(u32, u32), Place>,
    /// A lock taken by who holds it already: how often it is held then.
    again: Vec<(u32, u32, Place)>,
}

struct Known {
    name: String,
    place: Place,
    is_version: bool,
    permits: Option<(u32, Place)>,
}

pub(super) fn lock<'n>(cx: &Context<'n>, name: &'n Node, fields: &Fields<'n>) -> Option<Step> {
    let permits = fields.get("permits").and_then(|node| Some((permits(cx, node)?, node.place)));
    let lock = declare(cx, name, false);
    if let (Some(lock), Some((permits, place))) = (lock, permits) {
        agree(cx, lock, permits, place);
    }
    let steps = within(cx, lock, name.place, || inner(cx, fields));
    Some(Step::Lock { lock: lock?, steps })
}

pub(super) fn conflict<'n>(cx: &Context<'n>, name: &'n Node, fields: &Fields<'n>) -> Option<Step> {
    let retry = fields.get("retry").filter(|node| !is_none(node)).and_then(|node| conflict_retry(cx, node));
    let lock = declare(cx, name, true);
    let steps = within(cx, lock, name.place, || inner(cx, fields));
    Some(Step::Conflict { lock: lock?, steps, retry })
}

fn permits(cx: &Context<'_>, node: &Node) -> Option<u32> {
    let permits = cx.count32(node, 0, MAX_COUNT)?;
    if permits == 0 {
        cx.ineffective(node.place, "a lock without permits is never got: all requests wait for ever");
        return None;
    }
    Some(permits)
}

fn conflict_retry(cx: &Context<'_>, node: &Node) -> Option<Retry> {
    if node.text().is_some() {
        return plain(cx, node);
    }
    Some(again(cx, &Fields::open(cx, node, &CONFLICT_RETRY, node.place)?))
}

/// The number of the lock of this name.
fn declare(cx: &Context<'_>, node: &Node, is_version: bool) -> Option<u32> {
    let Reference { text, place } = cx.reference(node, "the name of a lock")?;
    if !check_name(cx, text, place, "a lock") {
        return None;
    }
    let mut locks = cx.locks.borrow_mut();
    let Locks { known, ids, .. } = &mut *locks;
    let id = *ids.entry(text.to_owned()).or_insert_with(|| {
        known.push(Known { name: text.to_owned(), place, is_version, permits: None });
        (known.len() - 1) as u32
    });
    let first = &known[id as usize];
    if first.is_version != is_version {
        let [here, there] = if is_version { ["conflict", "lock"] } else { ["lock", "conflict"] };
        let message = format!("`{text}` is a `{here}` here and a `{there}` elsewhere in this service");
        let diagnostic = Diagnostic::error(Code::Contradiction, place, message);
        cx.report(diagnostic.related(first.place, "elsewhere").hint("give one of them another name"));
        return None;
    }
    Some(id)
}

/// All steps with a lock mean the same one.
fn agree(cx: &Context<'_>, lock: u32, permits: u32, place: Place) {
    let mut locks = cx.locks.borrow_mut();
    let known = &mut locks.known[lock as usize];
    let (first, first_place) = *known.permits.get_or_insert((permits, place));
    if first != permits {
        let message =
            format!("`{}` has {permits} permits here and {first} elsewhere in this service", known.name);
        let diagnostic = Diagnostic::error(Code::Contradiction, place, message);
        cx.report(diagnostic.related(first_place, "elsewhere"));
    }
}

/// Notes what is taken while what is held.
fn within<T>(cx: &Context<'_>, lock: Option<u32>, place: Place, lower: impl FnOnce() -> T) -> T {
    let Some(lock) = lock else { return lower() };
    {
        let mut locks = cx.locks.borrow_mut();
        let times = locks.held.iter().filter(|held| **held == lock).count() as u32;
        if times > 0 {
            locks.again.push((lock, times, place));
        }
        let Locks { held, pairs, .. } = &mut *locks;
        for other in held.iter().filter(|held| **held != lock) {
            pairs.entry((*other, lock)).or_insert(place);
        }
        held.push(lock);
    }
    let lowered = lower();
    cx.locks.borrow_mut().held.pop();
    lowered
}

/// The locks of the service whose steps were all read, with their dangers.
pub(super) fn finish(cx: &Context<'_>) -> Vec<Lock> {
    let locks = cx.locks.take();
    for (lock, times, place) in &locks.again {
        cx.report(taken_again(&locks.known[*lock as usize], *times, *place));
    }
    for (pair, place) in &locks.pairs {
        let other_way = locks.pairs.get(&(pair.1, pair.0)).filter(|_| pair.0 < pair.1);
        let is_lock = |lock: u32| !locks.known[lock as usize].is_version;
        if let Some(other) = other_way.filter(|_| is_lock(pair.0) && is_lock(pair.1)) {
            let [one, next] = [pair.0, pair.1].map(|lock| &locks.known[lock as usize].name);
            let message = format!("`{next}` is taken inside `{one}` here, and the other way round elsewhere");
            let diagnostic = Diagnostic::warning(Code::Deadlock, *place, message);
            cx.report(
                diagnostic
                    .label("two requests can wait for each other")
                    .related(*other, "the other way round"),
            );
        }
    }
    let lock =
        |known: Known| Lock { name: known.name, permits: known.permits.map_or(1, |(permits, _)| permits) };
    locks.known.into_iter().map(lock).collect()
}

fn taken_again(known: &Known, times: u32, place: Place) -> Diagnostic {
    let Known { name, is_version, .. } = known;
    if *is_version {
        let message = format!("a change of `{name}` inside a change of `{name}` is in conflict with it");
        return Diagnostic::error(Code::Ineffective, place, message).label("the outer one never commits");
    }
    let permits = known.permits.map_or(1, |(permits, _)| permits);
    let message = format!("who holds `{name}` waits for it again");
    if permits <= times {
        let diagnostic = Diagnostic::error(Code::Deadlock, place, message);
        return diagnostic.label(format!("nobody gets it a second time: its permits are {permits}"));
    }
    let diagnostic = Diagnostic::warning(Code::Deadlock, place, message);
    diagnostic.label(format!("{permits} requests that hold one of {permits} permits each wait for ever"))
}
