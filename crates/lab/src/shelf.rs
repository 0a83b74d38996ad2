//! Whole traces out of spans as they end: of each workload the slowest, some that failed and some at random.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};

use tarsier_engine::{Side, SpanEnd, TraceSpan};
use tarsier_model::WorkloadId;

/// Of all that it is offered, the `n` with the greatest keys.
pub(crate) struct Top {
    n: usize,
    /// The least of them on top.
    heap: BinaryHeap<Reverse<(u64, u128)>>,
}

impl Top {
    pub(crate) fn new(n: usize) -> Top {
        Top { n, heap: BinaryHeap::new() }
    }

    /// Which trace there is no room for, maybe this one.
    pub(crate) fn offer(&mut self, key: u64, trace: u128) -> Option<u128> {
        self.heap.push(Reverse((key, trace)));
        let is_full = self.heap.len() > self.n;
        is_full.then(|| self.heap.pop().expect("it is not empty").0.1)
    }

    pub(crate) fn traces(&self) -> impl Iterator<Item = u128> {
        self.heap.iter().map(|Reverse((_, trace))| *trace)
    }
}

/// Why a trace is kept.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Pick {
    Slowest,
    /// Any of those that failed, each as likely as the other.
    Failed,
    /// Any of all, each as likely as the other.
    Random,
}

const PICKS: [Pick; 3] = [Pick::Slowest, Pick::Failed, Pick::Random];

/// A request of a user with everything that was done for it. Times are counted from the end of the warm-up.
#[derive(Clone, PartialEq, Debug)]
pub struct Trace {
    pub id: u128,
    pub workload: WorkloadId,
    pub began_ns: u64,
    pub ended_ns: u64,
    pub ok: bool,
    /// As they ended.
    pub spans: Vec<TraceSpan>,
    /// Spans that there was no room for.
    pub missing: u64,
}

/// How much is kept.
#[derive(Clone, Copy, Debug)]
pub struct Room {
    /// Traces of each workload, for each [`Pick`].
    pub traces: usize,
    /// Spans of a trace.
    pub spans_each: usize,
    /// Spans of all requests under way; where there are more, the traces that began first lose theirs.
    pub spans_open: usize,
}

/// So many traces are known not to be whole.
const MOST_SPOILT: usize = 1 << 18;

/// Spans of a request that has not ended.
#[derive(Default)]
struct Open {
    number: u64,
    spans: Vec<TraceSpan>,
    missing: u64,
}

/// Takes spans in and keeps some traces.
pub struct Shelf {
    room: Room,
    open: BTreeMap<u128, Open>,
    /// By number, so that the oldest come first.
    opened: BTreeMap<u64, u128>,
    n_opened: u64,
    n_open_spans: usize,
    tops: BTreeMap<WorkloadId, [Top; 3]>,
    /// With how many picks have it.
    kept: BTreeMap<u128, (Trace, u32)>,
    /// Under way, and without their spans.
    spoilt: BTreeSet<u128>,
}

impl Shelf {
    pub fn new(room: Room) -> Shelf {
        Shelf {
            room,
            open: BTreeMap::new(),
            opened: BTreeMap::new(),
            n_opened: 0,
            n_open_spans: 0,
            tops: BTreeMap::new(),
            kept: BTreeMap::new(),
            spoilt: BTreeSet::new(),
        }
    }

    pub fn take_in(&mut self, span: &TraceSpan) {
        if let Some((trace, _)) = self.kept.get_mut(&span.trace) {
            // What goes on after the user has the answer.
            trace.missing += add(&mut trace.spans, span, self.room.spans_each);
            return;
        }
        if span.parent.is_none() {
            self.close(span);
        } else if !self.spoilt.contains(&span.trace) {
            self.put_by(span);
        }
    }

    /// The traces kept for this, of one workload after the other; the slowest first.
    pub fn traces(&self, pick: Pick) -> Vec<&Trace> {
        let of = |tops: &[Top; 3]| -> Vec<&Trace> {
            let mut traces: Vec<&Trace> = tops[pick as usize].traces().map(|id| &self.kept[&id].0).collect();
            traces.sort_by_key(|trace| (Reverse(trace.ended_ns - trace.began_ns), trace.id));
            traces
        };
        self.tops.values().flat_map(of).collect()
    }

    pub fn get(&self, id: u128) -> Option<&Trace> {
        self.kept.get(&id).map(|(trace, _)| trace)
    }

    fn put_by(&mut self, span: &TraceSpan) {
        let open = self.open.entry(span.trace).or_insert_with(|| {
            self.n_opened += 1;
            self.opened.insert(self.n_opened, span.trace);
            Open { number: self.n_opened, ..Open::default() }
        });
        let missing = add(&mut open.spans, span, self.room.spans_each);
        open.missing += missing;
        self.n_open_spans += 1 - missing as usize;
        while self.n_open_spans > self.room.spans_open {
            let (_, oldest) = self.opened.pop_first().expect("some are open");
            self.n_open_spans -= self.open.remove(&oldest).expect("it is open").spans.len();
            self.spoilt.insert(oldest);
        }
        // Some of them are leftovers of requests that ended long ago.
        if self.spoilt.len() > MOST_SPOILT {
            self.spoilt.pop_first();
        }
    }

    /// The request has ended: the last span that says anything about it.
    fn close(&mut self, root: &TraceSpan) {
        let Side::Users { workload, .. } = root.side else { return };
        let Open { number, mut spans, mut missing } = self.open.remove(&root.trace).unwrap_or_default();
        self.opened.remove(&number);
        self.n_open_spans -= spans.len();
        if self.spoilt.remove(&root.trace) {
            return;
        }
        missing += add(&mut spans, root, self.room.spans_each + 1);
        let (id, began_ns, ended_ns) = (root.trace, root.began_ns, root.ended_ns);
        let ok = root.end == SpanEnd::Ok;
        self.kept.insert(id, (Trace { id, workload, began_ns, ended_ns, ok, spans, missing }, 0));
        let room = self.room.traces;
        let tops = self.tops.entry(workload).or_insert_with(|| PICKS.map(|_| Top::new(room)));
        // The lower half of a trace's number is drawn from the seed, and says nothing of the request.
        let keys = [Some(ended_ns - began_ns), (!ok).then_some(id as u64), Some(id as u64)];
        let mut gone = Vec::new();
        for (top, key) in tops.iter_mut().zip(keys) {
            let Some(key) = key else { continue };
            self.kept.get_mut(&id).expect("it was just put there").1 += 1;
            gone.extend(top.offer(key, id));
        }
        gone.into_iter().for_each(|trace| self.let_go(trace));
    }

    fn let_go(&mut self, trace: u128) {
        let picks = &mut self.kept.get_mut(&trace).expect("what is picked is kept").1;
        *picks -= 1;
        if *picks == 0 {
            self.kept.remove(&trace);
        }
    }
}

/// How many spans there was no room for.
fn add(spans: &mut Vec<TraceSpan>, span: &TraceSpan, most: usize) -> u64 {
    let has_room = spans.len() < most;
    if has_room {
        spans.push(span.clone());
    }
    u64::from(!has_room)
}
