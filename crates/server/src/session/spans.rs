//! One trace as a tree: who caused what, and which part of it the user waited for.

use std::collections::BTreeMap;

use tarsier_engine::TraceSpan;
use tarsier_lab::Trace;

/// The spans of a trace, parents before what they caused, in order of their beginnings.
pub(crate) struct Tree<'a> {
    pub(crate) spans: Vec<&'a TraceSpan>,
    /// By place in `spans`.
    pub(crate) parents: Vec<Option<usize>>,
    children: Vec<Vec<usize>>,
    /// How long the user waited for this span and not for one that it caused, in nanoseconds: they sum up to how long
    /// the request took.
    pub(crate) critical_ns: Vec<u64>,
}

impl<'a> Tree<'a> {
    /// `None` without the span of the request itself.
    pub(crate) fn of(trace: &'a Trace) -> Option<Tree<'a>> {
        let root = trace.spans.iter().find(|span| span.parent.is_none())?;
        let known: BTreeMap<u64, &TraceSpan> = trace.spans.iter().map(|span| (span.id, span)).collect();
        let mut caused: BTreeMap<u64, Vec<&TraceSpan>> = BTreeMap::new();
        for span in trace.spans.iter().filter(|span| span.id != root.id) {
            // Whose cause was not kept belongs to the request.
            let parent = span.parent.filter(|id| known.contains_key(id)).unwrap_or(root.id);
            caused.entry(parent).or_default().push(span);
        }
        let mut tree =
            Tree { spans: Vec::new(), parents: Vec::new(), children: Vec::new(), critical_ns: Vec::new() };
        let mut open = vec![(root, None)];
        while let Some((span, parent)) = open.pop() {
            let at = tree.spans.len();
            tree.spans.push(span);
            tree.parents.push(parent);
            tree.children.push(Vec::new());
            if let Some(parent) = parent {
                tree.children[parent].push(at);
            }
            let mut next = caused.remove(&span.id).unwrap_or_default();
            next.sort_by_key(|span| std::cmp::Reverse((span.began_ns, span.id)));
            open.extend(next.into_iter().map(|span| (span, Some(at))));
        }
        tree.critical_ns = vec![0; tree.spans.len()];
        tree.follow(root.began_ns, root.ended_ns);
        Some(tree)
    }

    /// From the end backwards: a span was waiting for the last of what it caused to end, before that for the last that
    /// had ended when this one began, and so on; in between for itself.
    fn follow(&mut self, began_ns: u64, ended_ns: u64) {
        let mut open = vec![(0, began_ns, ended_ns)];
        while let Some((at, from, to)) = open.pop() {
            let mut children = self.children[at].clone();
            children.sort_by_key(|child| std::cmp::Reverse(self.spans[*child].ended_ns));
            let mut cursor = to;
            for child in children {
                let (began, ended) = (self.spans[child].began_ns.max(from), self.spans[child].ended_ns);
                // What goes on after its parent was answered, nobody waited for.
                if ended <= cursor && began < ended {
                    self.critical_ns[at] += cursor - ended;
                    open.push((child, began, ended));
                    cursor = began;
                }
            }
            self.critical_ns[at] += cursor.saturating_sub(from);
        }
    }
}

#[cfg(test)]
mod tests {
    use tarsier_engine::{Side, SpanEnd, SpanKind};
    use tarsier_model::{EndpointId, ServiceId, WorkloadId, ZoneId};

    use super::*;

    fn span(id: u64, parent: Option<u64>, began_ns: u64, ended_ns: u64) -> TraceSpan {
        let side = match parent {
            None => Side::Users { workload: WorkloadId(0), zone: ZoneId(0) },
            Some(_) => Side::Instance { service: ServiceId(0), number: 0, zone: ZoneId(0) },
        };
        TraceSpan {
            trace: 1,
            id,
            parent,
            kind: if parent.is_none() { SpanKind::Request } else { SpanKind::Server },
            side,
            peer: None,
            endpoint: EndpointId(0),
            attempt: 1,
            hedge: false,
            began_ns,
            ended_ns,
            end: SpanEnd::Ok,
            stretches: Vec::new(),
        }
    }

    fn trace(spans: Vec<TraceSpan>) -> Trace {
        Trace { id: 1, workload: WorkloadId(0), began_ns: 0, ended_ns: 100, ok: true, spans, missing: 0 }
    }

    /// Two at once, then one that causes another; one goes on after the answer.
    #[test]
    fn the_critical_path_sums_up_to_the_whole() {
        let trace = trace(vec![
            span(5, Some(4), 70, 80),
            span(2, Some(1), 10, 40),
            span(3, Some(1), 10, 50),
            span(4, Some(1), 60, 90),
            span(6, Some(1), 85, 200),
            span(1, None, 0, 100),
        ]);
        let tree = Tree::of(&trace).expect("it has a root");
        let found: Vec<_> = tree.spans.iter().zip(&tree.critical_ns).map(|(it, ns)| (it.id, *ns)).collect();
        assert_eq!(found, [(1, 30), (2, 0), (3, 40), (4, 20), (5, 10), (6, 0)]);
        assert_eq!(tree.parents, [None, Some(0), Some(0), Some(0), Some(3), Some(0)]);
        assert_eq!(tree.critical_ns.iter().sum::<u64>(), 100);
    }

    #[test]
    fn what_lost_its_cause_belongs_to_the_request() {
        let orphan = trace(vec![span(3, Some(2), 10, 40), span(1, None, 0, 100)]);
        assert_eq!(Tree::of(&orphan).expect("it has a root").parents, [None, Some(0)]);
        assert!(Tree::of(&trace(vec![span(3, Some(2), 10, 40)])).is_none());
    }
}
