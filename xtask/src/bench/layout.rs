//! `cargo xtask bench layout`: pictures of graphs like those of microservices, of several sizes.
//!
//! Each service is called by some before it, mostly by those shortly before it, a few by very many; one edge in a hundred
//! leads back.

use tarsier_layout::layout;
use tarsier_random::Stream;

use super::best;

const SIZES: [(u32, u32); 4] = [(100, 300), (1_000, 4_000), (2_000, 10_000), (10_000, 40_000)];

pub fn main() {
    for (n_nodes, n_edges) in SIZES {
        let edges = edges(n_nodes, n_edges);
        let (seconds, drawn) = best(5, || layout(n_nodes as usize, 1, &edges));
        let layers = drawn.spots.iter().map(|spot| spot.layer).max().map_or(0, |last| last + 1);
        println!(
            "{n_nodes:>6} nodes {n_edges:>6} edges: {:>7.2} ms, {layers} layers, {:.0} by {:.0}",
            seconds * 1e3,
            drawn.width,
            drawn.height
        );
    }
}

fn edges(n_nodes: u32, n_edges: u32) -> Vec<(u32, u32)> {
    let mut draw = Stream::named(1, &["layout"], &[u64::from(n_nodes)]);
    let mut edges: Vec<(u32, u32)> =
        (1..n_nodes).map(|node| (draw.below(node).min(draw.below(node)), node)).collect();
    while edges.len() < n_edges as usize {
        let to = 1 + draw.below(n_nodes - 1);
        let hub = draw.chance(0.2);
        let to = if hub { n_nodes - 1 - draw.below(1 + n_nodes / 50) } else { to };
        let from = draw.below(to);
        edges.push(if draw.chance(0.01) { (to, from) } else { (from, to) });
    }
    edges
}
