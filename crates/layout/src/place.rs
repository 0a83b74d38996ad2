//! Coordinates.

use crate::links::Links;
use crate::order::Ordered;
use crate::{Bend, Layout, Spot};

/// What a screen has.
const ASPECT: f64 = 16.0 / 9.0;
/// Layers up to here are one column, whatever the aspect.
const FEW_ROWS: usize = 8;
/// Between layers there is room for the edges.
const LAYER_GAP: f64 = 2.0;
const ROWS_OF_A_SCREEN: usize = 16;
const MOST_OF_A_KNOT: f64 = 0.5;
/// Bends of long edges are seen more than those between two nodes.
const WEIGHT_OF_A_KNOT: f64 = 4.0;
const ROUNDS: usize = 6;

pub(crate) fn place(ordered: &Ordered, layer_of: &[u32], edges: &[(u32, u32)]) -> Layout {
    let Columns { folds, gap } = columns(ordered);
    let heights = heights(ordered, &folds);
    let mut spots: Vec<Spot> = layer_of.iter().map(|layer| Spot { layer: *layer, x: 0.0, y: 0.0 }).collect();
    let top = heights[..ordered.n_nodes].iter().copied().fold(f64::INFINITY, f64::min);
    let mut left = 0.0;
    let mut sides = Vec::new();
    for (layer, n_columns) in ordered.layers.iter().zip(&folds) {
        let nodes = layer.iter().filter(|node| (**node as usize) < ordered.n_nodes);
        for (row, node) in nodes.enumerate() {
            let spot = &mut spots[*node as usize];
            spot.x = (left + (row % n_columns) as f64) as f32;
            spot.y = (heights[*node as usize] - top) as f32;
        }
        let right = left + (*n_columns - 1) as f64;
        sides.push((left as f32, right as f32));
        left = right + gap;
    }
    let most = |value: fn(&Spot) -> f32| spots.iter().map(value).fold(0.0, f32::max);
    let bends =
        edges.iter().map(|edge| bends(ordered, layer_of, &sides, *edge, |knot| (heights[knot] - top) as f32));
    Layout { bends: bends.collect(), width: most(|spot| spot.x), height: most(|spot| spot.y), spots }
}

fn bends(
    ordered: &Ordered,
    layer_of: &[u32],
    sides: &[(f32, f32)],
    (from, to): (u32, u32),
    height: impl Fn(usize) -> f32,
) -> Vec<Bend> {
    let [left, right] = [from, to].map(|node| layer_of[node as usize]);
    let between = |left: u32, to: u32, right: u32| (left + 1..right).zip(ordered.knots(left, to, right));
    if left < right {
        let knots = between(left, to, right);
        knots.map(|(layer, knot)| Bend { x: sides[layer as usize], y: height(knot) }).collect()
    } else {
        let knots = between(right, from, left).map(|(layer, knot)| (sides[layer as usize], height(knot)));
        let mut bends: Vec<Bend> = knots.map(|((left, right), y)| Bend { x: (right, left), y }).collect();
        bends.reverse();
        bends
    }
}

/// Into how many columns each layer is folded, and how far apart layers stand.
struct Columns {
    folds: Vec<usize>,
    gap: f64,
}

/// With so many rows as make the aspect right.
fn columns(ordered: &Ordered) -> Columns {
    let n_nodes = ordered.n_nodes as u32;
    let sizes: Vec<usize> = (ordered.layers.iter())
        .map(|layer| layer.iter().filter(|node| **node < n_nodes).count().max(1))
        .collect();
    let tallest = sizes.iter().copied().max().unwrap_or(1);
    let n_gaps = (sizes.len() - 1) as f64;
    let folded = |rows: usize| sizes.iter().map(|size| size.div_ceil(rows) - 1).sum::<usize>() as f64;
    let width = |rows: usize| folded(rows) + LAYER_GAP * n_gaps;
    // More rows make it narrower and taller: the first that is not too wide.
    let (mut low, mut high) = (FEW_ROWS.min(tallest), tallest);
    while low < high {
        let middle = low.midpoint(high);
        if width(middle) > ASPECT * middle as f64 { low = middle + 1 } else { high = middle }
    }
    // Where there are more layers than fit they stand closer.
    let room = ASPECT * low.max(ROWS_OF_A_SCREEN) as f64 - folded(low);
    let gap = (room / n_gaps.max(1.0)).clamp(1.0, LAYER_GAP);
    Columns { folds: sizes.iter().map(|size| size.div_ceil(low)).collect(), gap }
}

/// Everybody as near to its neighbours as the order lets it.
///
/// In a layer of several columns nodes take turns, so each needs only its part of a row to itself.
fn heights(ordered: &Ordered, columns: &[usize]) -> Vec<f64> {
    let n = ordered.layers.iter().map(Vec::len).sum();
    let sizes = sizes(ordered, columns, n);
    let mut heights = vec![0.0; n];
    let mut settler = Settler::default();
    for layer in &ordered.layers {
        let total: f64 = layer.iter().map(|node| sizes[*node as usize]).sum();
        let mut at = -total / 2.0;
        for node in layer {
            heights[*node as usize] = at + sizes[*node as usize] / 2.0;
            at += sizes[*node as usize];
        }
    }
    for round in 0..ROUNDS {
        let both = [&ordered.left, &ordered.right];
        let n_layers = ordered.layers.len();
        let links = if round + 2 < ROUNDS { &both[round % 2..=round % 2] } else { &both[..] };
        for step in 0..n_layers {
            let at = if round % 2 == 0 { step } else { n_layers - 1 - step };
            settler.settle(&ordered.layers[at], ordered.n_nodes, &sizes, links, &mut heights);
        }
    }
    heights
}

/// The part of a row that each has to itself.
fn sizes(ordered: &Ordered, columns: &[usize], n: usize) -> Vec<f64> {
    let mut sizes = vec![0.0; n];
    let is_node = |node: &u32| (*node as usize) < ordered.n_nodes;
    let rows = |(layer, columns): (&Vec<u32>, &usize)| {
        layer.iter().filter(|node| is_node(node)).count() as f64 / *columns as f64
    };
    let tallest = ordered.layers.iter().zip(columns).map(rows).fold(1.0, f64::max);
    for (layer, columns) in ordered.layers.iter().zip(columns) {
        let n_knots = layer.iter().filter(|node| !is_node(node)).count();
        let room = (tallest - rows((layer, columns))) / n_knots.max(1) as f64;
        for node in layer {
            sizes[*node as usize] =
                if is_node(node) { 1.0 / *columns as f64 } else { room.min(MOST_OF_A_KNOT) };
        }
    }
    sizes
}

/// Neighbours that stand as near as they may, and move together.
struct Block {
    /// Where its first wants to be, on average over all of it.
    wish: f64,
    weight: f64,
    len: usize,
}

#[derive(Default)]
struct Settler {
    blocks: Vec<Block>,
}

impl Settler {
    /// Least squares under the order: blocks that would overlap become one (the pool of adjacent violators).
    fn settle(
        &mut self,
        layer: &[u32],
        n_nodes: usize,
        sizes: &[f64],
        links: &[&Links],
        heights: &mut [f64],
    ) {
        self.blocks.clear();
        let offset = |offset: &mut f64, node: u32| {
            let half = sizes[node as usize] / 2.0;
            let own = *offset + half;
            *offset = own + half;
            own
        };
        let mut end = 0.0;
        for node in layer {
            let own = offset(&mut end, *node);
            let (wish, ties) = wish(*node, links, heights);
            let stiffness = if (*node as usize) < n_nodes { 1.0 } else { WEIGHT_OF_A_KNOT };
            self.push(Block { wish: wish - own, weight: ties * stiffness, len: 1 });
        }
        let mut end = 0.0;
        let mut nodes = layer.iter();
        for block in &self.blocks {
            for node in nodes.by_ref().take(block.len) {
                heights[*node as usize] = block.wish + offset(&mut end, *node);
            }
        }
    }

    fn push(&mut self, mut block: Block) {
        while let Some(above) = self.blocks.pop_if(|above| above.wish >= block.wish) {
            let weight = above.weight + block.weight;
            let wish = (above.wish * above.weight + block.wish * block.weight) / weight;
            block = Block { wish, weight, len: above.len + block.len };
        }
        self.blocks.push(block);
    }
}

/// The middle of the neighbours, and how strongly it draws; who has none stays.
fn wish(node: u32, links: &[&Links], heights: &[f64]) -> (f64, f64) {
    let others = || links.iter().flat_map(|links| links.from(node)).map(|other| heights[*other as usize]);
    match others().count() {
        0 => (heights[node as usize], 0.1),
        n => (others().sum::<f64>() / n as f64, n as f64),
    }
}
