//! What holds of the picture of any graph, over random ones of many shapes.

use tarsier_layout::{Layout, layout};
use tarsier_random::Stream;

struct Graph {
    n: usize,
    n_sources: usize,
    edges: Vec<(u32, u32)>,
}

impl Graph {
    fn drawn(&self) -> Layout {
        layout(self.n, self.n_sources, &self.edges)
    }
}

/// Some are sparse, some dense, some have cycles, hubs or several parts.
fn graphs() -> impl Iterator<Item = Graph> {
    (0..200).map(|seed| {
        let mut draw = Stream::named(seed, &["graphs"], &[]);
        let n = 1 + draw.below(120);
        let n_sources = draw.below(n.min(4));
        let hub = draw.chance(0.3);
        let with_cycles = draw.chance(0.5);
        let n_edges = draw.below(4 * n);
        let mut edge = || {
            let (a, b) = (draw.below(n), if hub && draw.chance(0.5) { n - 1 } else { draw.below(n) });
            if with_cycles { (a, b) } else { (a.min(b), a.max(b)) }
        };
        let edges = (0..n_edges).map(|_| edge()).collect();
        Graph { n: n as usize, n_sources: n_sources as usize, edges }
    })
}

#[test]
fn no_two_nodes_overlap() {
    for graph in graphs() {
        let spots = graph.drawn().spots;
        for (at, a) in spots.iter().enumerate() {
            for b in &spots[at + 1..] {
                let apart = (a.x - b.x).abs().max((a.y - b.y).abs());
                assert!(apart > 0.999, "{a:?} and {b:?}");
            }
        }
    }
}

#[test]
fn all_nodes_stand_within_the_frame() {
    for graph in graphs() {
        let drawn = graph.drawn();
        for spot in &drawn.spots {
            assert!(
                (0.0..=drawn.width).contains(&spot.x) && (0.0..=drawn.height).contains(&spot.y),
                "{spot:?}"
            );
        }
    }
}

/// Only what is part of a cycle may go left, and something in each cycle must.
#[test]
fn edges_go_right_unless_they_close_a_cycle() {
    for graph in graphs() {
        let spots = graph.drawn().spots;
        let reach = reach(&graph);
        let is_source = |node: u32| (node as usize) < graph.n_sources;
        for (a, b) in graph.edges.iter().copied().filter(|(a, b)| a != b && !is_source(*b)) {
            let [left, right] = [a, b].map(|node| spots[node as usize]);
            if left.x >= right.x {
                assert!(reach[b as usize][a as usize], "{a} -> {b} is in no cycle");
            }
            assert_ne!(left.layer, right.layer);
        }
        assert!((0..graph.n_sources).all(|source| spots[source].x == 0.0));
    }
}

/// From each node, by Warshall's algorithm, which knows nothing of layers.
fn reach(graph: &Graph) -> Vec<Vec<bool>> {
    let mut reach = vec![vec![false; graph.n]; graph.n];
    graph.edges.iter().for_each(|(a, b)| reach[*a as usize][*b as usize] = true);
    for via in 0..graph.n {
        let beyond = reach[via].clone();
        for from in reach.iter_mut().filter(|from| from[via]) {
            from.iter_mut().zip(&beyond).for_each(|(reached, further)| *reached |= further);
        }
    }
    reach
}

#[test]
fn the_same_graph_is_drawn_the_same() {
    for graph in graphs() {
        let drawn = graph.drawn();
        let mut again = Graph { edges: graph.edges.clone(), ..graph };
        again.edges.reverse();
        let twice = again.edges.clone();
        again.edges.extend(twice);
        assert_eq!(
            drawn.spots,
            again.drawn().spots,
            "neither the order of the edges nor their number counts"
        );
    }
}

/// Straight lines between nodes, each pair compared: against nodes of the same layers, shuffled.
#[test]
fn far_fewer_edges_cross_than_in_a_random_order() {
    let (mut drawn, mut shuffled) = (0, 0);
    for graph in graphs().filter(|graph| graph.edges.len() < 200) {
        let spots = graph.drawn().spots;
        let places: Vec<_> = spots.iter().map(|spot| (spot.x, spot.y)).collect();
        drawn += crossings(&graph.edges, &places);
        let mut mixed = places.clone();
        let mut draw = Stream::named(1, &["shuffle"], &[graph.n as u64]);
        for at in (1..graph.n).rev() {
            let same: Vec<usize> = (0..=at).filter(|other| spots[*other].layer == spots[at].layer).collect();
            mixed.swap(at, same[draw.below(same.len() as u32) as usize]);
        }
        shuffled += crossings(&graph.edges, &mixed);
    }
    println!("{drawn} of {shuffled}");
    assert!(drawn * 2 < shuffled, "{drawn} of {shuffled}");
}

fn crossings(edges: &[(u32, u32)], places: &[(f32, f32)]) -> usize {
    let line = |(a, b): (u32, u32)| (places[a as usize], places[b as usize]);
    let pairs =
        edges.iter().enumerate().flat_map(|(at, one)| edges[at + 1..].iter().map(move |two| (*one, *two)));
    let apart = pairs.filter(|((a, b), (c, d))| a != c && a != d && b != c && b != d);
    apart.filter(|(one, two)| cross(line(*one), line(*two))).count()
}

type Line = ((f32, f32), (f32, f32));

fn cross((a, b): Line, (c, d): Line) -> bool {
    let side =
        |p: (f32, f32), q: (f32, f32), r: (f32, f32)| (q.0 - p.0) * (r.1 - p.1) - (q.1 - p.1) * (r.0 - p.0);
    side(a, b, c) * side(a, b, d) < 0.0 && side(c, d, a) * side(c, d, b) < 0.0
}

/// A new service that somebody calls: nearly all others keep their layer, and nearly all pairs their order.
#[test]
fn one_more_leaves_the_others_in_order() {
    let (mut moved, mut nodes) = (0, 0);
    let (mut kept, mut pairs) = (0, 0);
    for (seed, mut graph) in graphs().enumerate().filter(|(_, graph)| graph.n > 10) {
        let before = graph.drawn().spots;
        let mut draw = Stream::named(seed as u64, &["one more"], &[]);
        graph.edges.push((draw.below(graph.n as u32), graph.n as u32));
        graph.n += 1;
        let after = graph.drawn().spots;
        let same = |node: &usize| before[*node].layer == after[*node].layer;
        nodes += before.len();
        moved += (0..before.len()).filter(|node| !same(node)).count();
        for (a, b) in (0..before.len()).flat_map(|a| (a + 1..before.len()).map(move |b| (a, b))) {
            if before[a].layer == before[b].layer && same(&a) && same(&b) {
                pairs += 1;
                kept += usize::from((before[a].y < before[b].y) == (after[a].y < after[b].y));
            }
        }
    }
    println!("{moved} of {nodes}, {kept} of {pairs}");
    assert!(moved * 100 < nodes, "{moved} of {nodes} moved");
    assert!(kept * 100 > pairs * 90, "{kept} of {pairs}");
}
