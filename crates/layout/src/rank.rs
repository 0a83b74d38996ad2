//! Which layer each node belongs to.

use crate::links::{Links, flipped};

pub(crate) struct Ranked {
    /// By node.
    pub layers: Vec<u32>,
    /// Distinct, in order, each from a layer to one further right.
    pub edges: Vec<(u32, u32)>,
}

pub(crate) fn rank(n_nodes: usize, n_sources: usize, edges: &[(u32, u32)]) -> Ranked {
    let is_source = |node: u32| (node as usize) < n_sources;
    let apart = edges.iter().filter(|(a, b)| a != b && !(is_source(*a) && is_source(*b)));
    // Nothing leads to the left end.
    let mut edges: Vec<_> = apart.map(|edge| if is_source(edge.1) { flipped(edge) } else { *edge }).collect();
    edges.sort_unstable();
    edges.dedup();

    let sorted = turn_round_what_closes_cycles(n_nodes, &mut edges);
    let [left, right] =
        [Links::of(n_nodes, edges.iter().map(flipped)), Links::of(n_nodes, edges.iter().copied())];
    let first = u32::from(n_sources > 0);
    let mut layers = vec![0; n_nodes];
    for node in sorted.iter().copied().filter(|node| !is_source(*node)) {
        let after = left.from(node).iter().map(|caller| layers[*caller as usize] + 1).max();
        layers[node as usize] = after.unwrap_or(first);
    }
    // Whoever is tied to the right more than to the left stands as far right as it can: edges become shorter.
    for node in sorted.iter().rev().copied().filter(|node| !is_source(*node)) {
        let callees = right.from(node);
        if callees.len() > left.from(node).len() {
            let before = callees.iter().map(|callee| layers[*callee as usize] - 1).min();
            layers[node as usize] = before.expect("it has some");
        }
    }
    Ranked { layers, edges }
}

/// Goes down from those whom nobody calls, and turns each edge that leads back to where it came from. Nodes are returned
/// so that all edges go from earlier to later ones.
fn turn_round_what_closes_cycles(n_nodes: usize, edges: &mut Vec<(u32, u32)>) -> Vec<u32> {
    #[derive(Clone, Copy, PartialEq)]
    enum Seen {
        Not,
        Open,
        Done,
    }
    let links = Links::of(n_nodes, edges.iter().copied());
    let mut is_called = vec![false; n_nodes];
    edges.iter().for_each(|(_, to)| is_called[*to as usize] = true);
    let (called, roots): (Vec<u32>, Vec<u32>) =
        (0..n_nodes as u32).partition(|node| is_called[*node as usize]);

    let mut seen = vec![Seen::Not; n_nodes];
    let mut done = Vec::with_capacity(n_nodes);
    let mut closing = Vec::new();
    let mut open: Vec<(u32, usize)> = Vec::new();
    for start in roots.into_iter().chain(called) {
        if seen[start as usize] == Seen::Not {
            seen[start as usize] = Seen::Open;
            open.push((start, 0));
        }
        while let Some((node, next)) = open.last_mut() {
            let Some(to) = links.from(*node).get(*next).copied() else {
                seen[*node as usize] = Seen::Done;
                done.push(*node);
                open.pop();
                continue;
            };
            *next += 1;
            match seen[to as usize] {
                Seen::Done => {}
                Seen::Open => closing.push((*node, to)),
                Seen::Not => {
                    seen[to as usize] = Seen::Open;
                    open.push((to, 0));
                }
            }
        }
    }
    closing.sort_unstable();
    edges
        .iter_mut()
        .filter(|edge| closing.binary_search(edge).is_ok())
        .for_each(|edge| *edge = flipped(edge));
    edges.sort_unstable();
    edges.dedup();
    done.reverse();
    done
}
