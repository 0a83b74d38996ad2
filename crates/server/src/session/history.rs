//! The seconds of a run, in bounded memory: when it is full, every two become one.

use std::sync::Arc;

use crate::session::picture::{EDGE, EdgeRow, NODE, NodeRow, Picture};

/// What a picture weighs beside its rows.
const OVERHEAD: usize = 128;

pub(crate) struct History {
    most: usize,
    /// How many seconds each of them covers; the last may be growing.
    stride: u64,
    pictures: Vec<Arc<Picture>>,
    /// Seconds in the last.
    in_last: u64,
}

impl History {
    pub(crate) fn new(bytes: usize, n_nodes: usize, n_edges: usize) -> History {
        let each = OVERHEAD + n_nodes * size_of::<NodeRow>() + n_edges * size_of::<EdgeRow>();
        History { most: even(bytes / each), stride: 1, pictures: Vec::new(), in_last: 0 }
    }

    pub(crate) fn push(&mut self, second: Arc<Picture>) {
        match self.pictures.last_mut() {
            Some(last) if self.in_last < self.stride => {
                *last = Arc::new(merged(last, &second));
                self.in_last += 1;
            }
            _ => {
                if self.pictures.len() >= self.most {
                    self.halve();
                }
                self.pictures.push(second);
                self.in_last = 1;
            }
        }
    }

    /// All of them are full, and their number is even.
    fn halve(&mut self) {
        self.pictures = self.pictures.chunks(2).map(|pair| Arc::new(merged(&pair[0], &pair[1]))).collect();
        self.stride *= 2;
    }

    pub(crate) fn pictures(&self) -> &[Arc<Picture>] {
        &self.pictures
    }

    /// The one of a moment, or the last before it.
    pub(crate) fn at(&self, time_s: f64) -> Option<&Arc<Picture>> {
        let after = self.pictures.partition_point(|it| it.time_s < time_s);
        let covers = |it: &&Arc<Picture>| it.time_s - f64::from(it.covers_s) <= time_s;
        let hit = self.pictures.get(after).filter(covers);
        hit.or_else(|| after.checked_sub(1).map(|at| &self.pictures[at]))
    }
}

/// At least two, so that every two can become one.
pub(super) fn even(most: usize) -> usize {
    (most & !1).max(2)
}

/// Counts stay what they were, gauges are the later ones, and of latencies the longer are kept: a tail seen is not lost.
pub(crate) fn merged(first: &Picture, second: &Picture) -> Picture {
    let weight = first.covers_s / (first.covers_s + second.covers_s);
    let mean = |a: f32, b: f32| {
        if a.is_nan() {
            b
        } else if b.is_nan() {
            a
        } else {
            a * weight + b * (1.0 - weight)
        }
    };
    let mut nodes = second.nodes.clone();
    for (row, first) in nodes.iter_mut().zip(&first.nodes) {
        for at in 0..7 {
            row[at] = mean(first[at], row[at]);
        }
        for at in NODE - 3..NODE {
            row[at] = row[at].max(first[at]);
        }
    }
    let mut edges = second.edges.clone();
    for (row, first) in edges.iter_mut().zip(&first.edges) {
        for at in 0..EDGE - 2 {
            row[at] = mean(first[at], row[at]);
        }
        for at in EDGE - 2..EDGE {
            row[at] = row[at].max(first[at]);
        }
    }
    Picture { time_s: second.time_s, covers_s: first.covers_s + second.covers_s, nodes, edges }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn second(n: u64) -> Arc<Picture> {
        let mut node = [f32::NAN; NODE];
        (node[0], node[7], node[10]) = (n as f32, n as f32, if n == 3 { 9.0 } else { 1.0 });
        Arc::new(Picture { time_s: n as f64, covers_s: 1.0, nodes: vec![node], edges: Vec::new() })
    }

    #[test]
    fn counts_survive_halving_and_tails_do() {
        let each = OVERHEAD + size_of::<NodeRow>();
        let mut history = History::new(4 * each, 1, 0);
        for n in 1..=1000 {
            history.push(second(n));
            assert!(history.pictures().len() <= 4);
            let covered: f32 = history.pictures().iter().map(|it| it.covers_s).sum();
            let counted: f64 =
                history.pictures().iter().map(|it| f64::from(it.nodes[0][0]) * f64::from(it.covers_s)).sum();
            let expected = (n * (n + 1) / 2) as f64;
            assert!(
                covered == n as f32 && (counted / expected - 1.0).abs() < 1e-5,
                "{n}: {covered} {counted}"
            );
            assert_eq!(history.pictures().last().map(|it| it.nodes[0][7]), Some(n as f32));
        }
        assert_eq!(history.pictures()[0].nodes[0][10], 9.0);
        assert!(history.pictures()[0].nodes[0][5].is_nan());
    }

    #[test]
    fn a_moment_has_the_picture_that_covers_it() {
        let mut history = History::new(usize::MAX, 1, 0);
        assert!(history.at(3.0).is_none());
        (1..=10).for_each(|n| history.push(second(n)));
        for (at, expected) in [(0.0, 1.0), (2.5, 3.0), (3.0, 3.0), (10.0, 10.0), (99.0, 10.0)] {
            assert_eq!(history.at(at).map(|it| it.time_s), Some(expected), "at {at}");
        }
    }
}
