//! Where the nodes of a directed graph stand in a picture of it: in layers from left to right, as Sugiyama draws them.
//!
//! Four steps, each nearly linear in nodes and edges: edges that close a cycle are turned round, and each node gets a
//! layer right of all that lead to it ([`rank`]); nodes of a layer are ordered so that few edges cross ([`order`]);
//! tall layers are folded into columns, so that thousands of nodes fit a screen, and all are drawn near those that they
//! are tied to ([`place`]). The same graph gives the same picture, to the last bit.

mod links;
mod order;
mod place;
mod rank;

/// Nodes by their number.
#[derive(Clone, PartialEq, Debug)]
pub struct Layout {
    pub spots: Vec<Spot>,
    /// Of each edge, in the order they were given, what it goes through between its ends: places with room for it in the
    /// layers that it crosses. Edges of very deep graphs go through none.
    pub bends: Vec<Vec<Bend>>,
    /// All nodes stand between 0 and this.
    pub width: f32,
    pub height: f32,
}

/// A layer is crossed at one height.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Bend {
    /// Of the columns of the layer; from right to left of an edge that goes left.
    pub x: (f32, f32),
    pub y: f32,
}

/// In units of a node's pitch: no two nodes are nearer than 1 on both axes.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Spot {
    /// Nodes of one layer may stand in several columns.
    pub layer: u32,
    pub x: f32,
    pub y: f32,
}

/// Edges are pairs of nodes; cycles, loops and repeated edges do no harm. The first `n_sources` nodes stand on the left,
/// alone in their layer.
pub fn layout(n_nodes: usize, n_sources: usize, edges: &[(u32, u32)]) -> Layout {
    assert!(n_sources <= n_nodes, "{n_sources} sources of {n_nodes} nodes");
    assert!(edges.iter().all(|(a, b)| (*a.max(b) as usize) < n_nodes), "an edge to a node that is not there");
    if n_nodes == 0 {
        return Layout { spots: Vec::new(), bends: Vec::new(), width: 0.0, height: 0.0 };
    }
    let ranked = rank::rank(n_nodes, n_sources, edges);
    let ordered = order::order(&ranked);
    place::place(&ordered, &ranked.layers, edges)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spots(n_nodes: usize, n_sources: usize, edges: &[(u32, u32)]) -> Vec<(f32, f32)> {
        layout(n_nodes, n_sources, edges).spots.iter().map(|spot| (spot.x, spot.y)).collect()
    }

    #[test]
    fn a_chain_is_straight() {
        assert_eq!(spots(3, 1, &[(0, 1), (1, 2)]), [(0.0, 0.0), (2.0, 0.0), (4.0, 0.0)]);
    }

    #[test]
    fn callers_stand_in_the_middle_of_their_callees() {
        let edges = [(0, 1), (1, 2), (1, 3), (1, 4)];
        assert_eq!(spots(5, 1, &edges), [(0.0, 1.0), (2.0, 1.0), (4.0, 0.0), (4.0, 1.0), (4.0, 2.0)]);
    }

    /// 2 calls 4 and 3 calls 5: in the order of the numbers nothing crosses; the other way round they are turned.
    #[test]
    fn what_would_cross_is_turned() {
        let edges = [(0, 1), (0, 2), (1, 4), (2, 3)];
        let layout = layout(5, 1, &edges);
        let [_, a, b, of_b, of_a] = layout.spots[..] else { panic!("five nodes") };
        assert_eq!((a.y < b.y, of_a.y < of_b.y), (true, true));
    }

    #[test]
    fn an_edge_that_closes_a_cycle_goes_left() {
        let layers: Vec<u32> =
            layout(4, 1, &[(0, 1), (1, 2), (2, 3), (3, 1)]).spots.iter().map(|spot| spot.layer).collect();
        assert_eq!(layers, [0, 1, 2, 3]);
    }

    #[test]
    fn loops_sources_alone_and_nothing_at_all() {
        assert_eq!(layout(0, 0, &[]).spots, []);
        assert_eq!(spots(1, 0, &[(0, 0)]), [(0.0, 0.0)]);
        let layout = layout(3, 2, &[(0, 1), (1, 0), (2, 0)]);
        assert_eq!(layout.spots.iter().map(|spot| spot.layer).collect::<Vec<_>>(), [0, 0, 1]);
    }

    /// 0 calls 2 past 1: there is room for it beside 1.
    #[test]
    fn long_edges_go_past_what_is_between() {
        let layout = layout(3, 1, &[(0, 1), (1, 2), (0, 2), (2, 0)]);
        let [bend] = layout.bends[2][..] else { panic!("it crosses one layer: {:?}", layout.bends) };
        assert_eq!(bend.x, (layout.spots[1].x, layout.spots[1].x));
        assert!((bend.y - layout.spots[1].y).abs() >= 0.5, "{bend:?} and {:?}", layout.spots[1]);
        assert_eq!(layout.bends[3], [bend], "back the same way");
        assert_eq!(layout.bends[0], []);
    }

    #[test]
    fn a_tall_layer_is_folded() {
        let star: Vec<_> = (1..=1_000).map(|leaf| (0, leaf)).collect();
        let layout = layout(1_001, 1, &star);
        let aspect = layout.width / layout.height;
        assert!((1.2..2.6).contains(&aspect), "{} by {}", layout.width, layout.height);
    }
}
