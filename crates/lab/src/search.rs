//! Searches for the size at which something turns.

use tarsier_model::{Demand, Model, SealedModel};
use tarsier_report::Edge;

/// What tips and what does not are told apart up to this factor.
const FINE: f64 = 1.1;
/// Nothing smaller is tried than this share.
const SMALLEST: f64 = 1.0 / 256.0;

/// Looks for the size at which it turns, downward from what tips, or upward from what holds to `most`. `None` if stopped.
pub(crate) fn edge(start: Edge, most: f64, tips: impl Fn(f64) -> Option<bool>) -> Option<Edge> {
    let mut edge = start;
    loop {
        let size = match (edge.holds, edge.tips) {
            (None, Some(tips)) if tips > SMALLEST => tips / 2.0,
            (Some(holds), None) if holds < most => (holds * 2.0).min(most),
            (Some(holds), Some(tips)) if tips > holds * FINE => (holds * tips).sqrt(),
            _ => return Some(edge),
        };
        let side = if tips(size)? { &mut edge.tips } else { &mut edge.holds };
        *side = Some(size);
    }
}

/// This share of the load, of all workloads alike.
pub(crate) fn loaded(model: &SealedModel, share: f64) -> SealedModel {
    let mut model = Model::clone(model);
    for workload in model.workloads.iter_mut() {
        match &mut workload.demand {
            Demand::Open { rate, .. } => rate.iter_mut().for_each(|(_, rate)| *rate *= share),
            Demand::Closed { users, .. } => *users = ((*users as f64 * share).round() as u64).max(1),
        }
    }
    model.seal().expect("it is sound at any load")
}

/// Of open workloads, at their peak.
pub(crate) fn load_per_s(model: &Model) -> f64 {
    let peak = |demand: &Demand| match demand {
        Demand::Open { .. } => demand.most_per_s(),
        Demand::Closed { .. } => 0.0,
    };
    model.workloads.iter().map(|workload| peak(&workload.demand)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONGEST: f64 = 16.0;

    /// Where it tips is known: which sizes are tried, and what is found.
    #[track_caller]
    fn found(threshold: f64, most: f64) -> Edge {
        let whole = threshold <= 1.0;
        let start = Edge { holds: (!whole).then_some(1.0), tips: whole.then_some(1.0) };
        edge(start, most, |size| Some(size >= threshold)).expect("nobody stops it")
    }

    #[test]
    fn the_edge_is_found_from_both_sides() {
        for threshold in [0.13, 5.0] {
            let found = found(threshold, LONGEST);
            let (holds, tips) = (found.holds.expect("found"), found.tips.expect("found"));
            assert!(holds < threshold && threshold <= tips && tips <= holds * FINE, "{found:?}");
        }
    }

    #[test]
    fn where_there_is_no_edge_one_side_is_missing() {
        assert_eq!(found(100.0, 16.0), Edge { holds: Some(16.0), tips: None });
        assert_eq!(found(0.0, 16.0), Edge { holds: None, tips: Some(SMALLEST) });
        assert_eq!(found(2.0, 0.95), Edge { holds: Some(1.0), tips: None });
        assert_eq!(edge(Edge { holds: None, tips: Some(1.0) }, 1.0, |_| None), None, "stopped");
    }
}
