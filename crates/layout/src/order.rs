//! Who stands above whom: barycentres, swept to and fro, and the order with the fewest crossings.
//!
//! An edge over several layers goes through a knot in each layer between, so that only neighbouring layers see each
//! other. All long edges to one node share their knots: there are fewer of them, and what belongs together stays together.

use crate::links::{Links, flipped};
use crate::rank::Ranked;

const SWEEPS: usize = 8;
const KNOTS_PER_NODE: usize = 16;

/// Nodes, and behind them knots.
pub(crate) struct Ordered {
    pub n_nodes: usize,
    /// Each from top to bottom.
    pub layers: Vec<Vec<u32>>,
    pub left: Links,
    pub right: Links,
    /// Of each node, its knot furthest to the left, if it has some, and where that is.
    first_knots: Vec<(u32, u32)>,
}

pub(crate) fn order(ranked: &Ranked) -> Ordered {
    let Knotted { layer_of, edges, first_knots } = with_knots(ranked);
    let n = layer_of.len();
    let mut ordered = Ordered {
        n_nodes: ranked.layers.len(),
        layers: Vec::new(),
        left: Links::of(n, edges.iter().map(flipped)),
        right: Links::of(n, edges.iter().copied()),
        first_knots,
    };
    ordered.layers = ordered.as_met(&layer_of);
    let mut rows = Rows { height: vec![0.0; n], index: vec![0; n] };
    ordered.layers.iter().for_each(|layer| rows.set(layer));
    let mut best = (ordered.crossings(&rows, &layer_of), ordered.layers.clone());
    for sweep in 0..SWEEPS {
        let n_layers = ordered.layers.len();
        if sweep % 2 == 0 {
            (1..n_layers).for_each(|at| rows.sort(&mut ordered.layers[at], &ordered.left));
        } else {
            (0..n_layers - 1).rev().for_each(|at| rows.sort(&mut ordered.layers[at], &ordered.right));
        }
        let crossings = ordered.crossings(&rows, &layer_of);
        if crossings < best.0 {
            best = (crossings, ordered.layers.clone());
        }
    }
    ordered.layers = best.1;
    ordered
}

/// A graph without long edges.
struct Knotted {
    /// Of nodes and knots.
    layer_of: Vec<u32>,
    edges: Vec<(u32, u32)>,
    first_knots: Vec<(u32, u32)>,
}

/// Too many knots are left out: then long edges stay.
fn with_knots(ranked: &Ranked) -> Knotted {
    let layers = &ranked.layers;
    let mut farthest = layers.clone();
    for (from, to) in &ranked.edges {
        let far = &mut farthest[*to as usize];
        *far = (*far).min(layers[*from as usize] + 1);
    }
    let n_knots: usize = layers.iter().zip(&farthest).map(|(own, far)| (own - far) as usize).sum();
    if n_knots > layers.len() * KNOTS_PER_NODE {
        let first_knots = layers.iter().map(|layer| (0, *layer)).collect();
        return Knotted { layer_of: layers.clone(), edges: ranked.edges.clone(), first_knots };
    }
    let mut layer_of = layers.clone();
    let mut edges = Vec::with_capacity(ranked.edges.len() + n_knots);
    // The others follow up to the node.
    let first_knots: Vec<(u32, u32)> = (0..layers.len())
        .map(|node| {
            let first = layer_of.len() as u32;
            layer_of.extend(farthest[node]..layers[node]);
            let knots = first..layer_of.len() as u32;
            edges.extend(
                knots.clone().map(|knot| (knot, if knot + 1 < knots.end { knot + 1 } else { node as u32 })),
            );
            (first, farthest[node])
        })
        .collect();
    edges.extend(ranked.edges.iter().map(|&(from, to)| {
        let next = layers[from as usize] + 1;
        let (first, farthest) = first_knots[to as usize];
        let knot = first + next - farthest;
        (from, if next < layers[to as usize] { knot } else { to })
    }));
    Knotted { layer_of, edges, first_knots }
}

impl Ordered {
    /// The knots between two nodes that have an edge to the right.
    pub(crate) fn knots(&self, from_layer: u32, to: u32, to_layer: u32) -> std::ops::Range<usize> {
        let (first, farthest) = self.first_knots[to as usize];
        let [start, end] =
            [from_layer + 1, to_layer].map(|layer| (first + layer.saturating_sub(farthest)) as usize);
        // Knots that were left out.
        if farthest == to_layer { 0..0 } else { start..end }
    }

    /// Layers in the order in which one meets their nodes when going down from the left.
    fn as_met(&self, layer_of: &[u32]) -> Vec<Vec<u32>> {
        let n_layers = layer_of.iter().max().map_or(0, |last| *last as usize + 1);
        let mut layers = vec![Vec::new(); n_layers];
        let mut met = vec![false; layer_of.len()];
        let mut starts: Vec<u32> = (0..self.n_nodes as u32).collect();
        starts.sort_by_key(|node| layer_of[*node as usize]);
        let mut open = Vec::new();
        for start in starts {
            open.push(start);
            while let Some(node) = open.pop() {
                if !std::mem::replace(&mut met[node as usize], true) {
                    layers[layer_of[node as usize] as usize].push(node);
                    open.extend(self.right.from(node).iter().rev());
                }
            }
        }
        layers
    }

    /// Pairs of edges between neighbouring layers that cross: inversions, counted with a Fenwick tree.
    fn crossings(&self, rows: &Rows, layer_of: &[u32]) -> u64 {
        let mut crossings = 0;
        let mut ends = Vec::new();
        for (at, pair) in self.layers.windows(2).enumerate() {
            let mut tree = vec![0_u32; pair[1].len() + 1];
            let mut n_before = 0;
            for node in &pair[0] {
                let near =
                    self.right.from(*node).iter().filter(|to| layer_of[**to as usize] as usize == at + 1);
                ends.clear();
                ends.extend(near.map(|to| rows.index[*to as usize]));
                for end in &ends {
                    crossings += u64::from(n_before - sum_below(&tree, *end as usize + 1));
                }
                ends.iter().for_each(|end| add(&mut tree, *end as usize));
                n_before += ends.len() as u32;
            }
        }
        crossings
    }
}

fn add(tree: &mut [u32], at: usize) {
    let mut at = at + 1;
    while at < tree.len() {
        tree[at] += 1;
        at += at & at.wrapping_neg();
    }
}

/// Of the first `n`.
fn sum_below(tree: &[u32], n: usize) -> u32 {
    let (mut at, mut sum) = (n, 0);
    while at > 0 {
        sum += tree[at];
        at &= at - 1;
    }
    sum
}

/// Where everybody stands in its layer.
struct Rows {
    /// From 0 at the top to 1 at the bottom, so that layers of different sizes compare.
    height: Vec<f64>,
    index: Vec<u32>,
}

impl Rows {
    fn set(&mut self, layer: &[u32]) {
        for (index, node) in layer.iter().enumerate() {
            self.index[*node as usize] = index as u32;
            self.height[*node as usize] = (index as f64 + 0.5) / layer.len() as f64;
        }
    }

    /// By the mean of the neighbours, then their median; who has none keeps its place.
    fn sort(&mut self, layer: &mut [u32], links: &Links) {
        let mut heights = Vec::new();
        let mut keyed: Vec<([f64; 2], u32)> = Vec::with_capacity(layer.len());
        for node in layer.iter() {
            heights.clear();
            heights.extend(links.from(*node).iter().map(|other| self.height[*other as usize]));
            let key = if heights.is_empty() {
                [self.height[*node as usize]; 2]
            } else {
                mean_and_median(&mut heights)
            };
            keyed.push((key, *node));
        }
        keyed.sort_by(|(a, _), (b, _)| a[0].total_cmp(&b[0]).then(a[1].total_cmp(&b[1])));
        layer.iter_mut().zip(keyed).for_each(|(place, (_, node))| *place = node);
        self.set(layer);
    }
}

fn mean_and_median(values: &mut [f64]) -> [f64; 2] {
    values.sort_unstable_by(f64::total_cmp);
    let n = values.len();
    [values.iter().sum::<f64>() / n as f64, (values[(n - 1) / 2] + values[n / 2]) / 2.0]
}
