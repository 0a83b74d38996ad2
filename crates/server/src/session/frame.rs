//! Pictures as bytes: see docs/reference/api.md.

use crate::session::picture::{EdgeRow, NodeRow, Picture};

const MAGIC: u32 = u32::from_le_bytes(*b"TSR1");
const VERSION: u8 = 1;
const EVERY_ROW: u16 = 1;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum FrameKind {
    Tick = 1,
    Second = 2,
}

/// What one browser was sent, so that it is sent only what is new.
#[derive(Default)]
pub(crate) struct Sender {
    number: u32,
    nodes: Vec<NodeRow>,
    edges: Vec<EdgeRow>,
}

impl Sender {
    /// The rows that changed since the last frame of either kind; of a second, all.
    pub(crate) fn frame(&mut self, kind: FrameKind, picture: &Picture) -> Vec<u8> {
        let is_whole = kind == FrameKind::Second || self.nodes.len() != picture.nodes.len();
        let nodes = changed(&self.nodes, &picture.nodes, is_whole);
        let edges = changed(&self.edges, &picture.edges, is_whole);
        self.nodes.clone_from(&picture.nodes);
        self.edges.clone_from(&picture.edges);
        self.number += 1;
        write(kind, self.number, picture, &nodes, &edges)
    }
}

/// A second with every row, for whoever asks for it by itself.
pub(crate) fn second(picture: &Picture) -> Vec<u8> {
    Sender::default().frame(FrameKind::Second, picture)
}

/// Bits are compared: NaN is as NaN was.
fn changed<const N: usize>(old: &[[f32; N]], new: &[[f32; N]], all: bool) -> Vec<u32> {
    let is_new = |at: usize| all || old[at].map(f32::to_bits) != new[at].map(f32::to_bits);
    (0..new.len()).filter(|at| is_new(*at)).map(|at| at as u32).collect()
}

fn write(kind: FrameKind, number: u32, picture: &Picture, nodes: &[u32], edges: &[u32]) -> Vec<u8> {
    let all = nodes.len() == picture.nodes.len() && edges.len() == picture.edges.len();
    let mut bytes = Vec::with_capacity(32 + nodes.len() * 52 + edges.len() * 32);
    bytes.extend(MAGIC.to_le_bytes());
    bytes.extend([VERSION, kind as u8]);
    bytes.extend(if all { EVERY_ROW } else { 0 }.to_le_bytes());
    bytes.extend(picture.time_s.to_le_bytes());
    bytes.extend(picture.covers_s.to_le_bytes());
    bytes.extend(number.to_le_bytes());
    bytes.extend((nodes.len() as u32).to_le_bytes());
    bytes.extend((edges.len() as u32).to_le_bytes());
    columns(&mut bytes, nodes, &picture.nodes);
    columns(&mut bytes, edges, &picture.edges);
    bytes
}

fn columns<const N: usize>(bytes: &mut Vec<u8>, which: &[u32], rows: &[[f32; N]]) {
    bytes.extend(which.iter().flat_map(|at| at.to_le_bytes()));
    let value = |at: &u32, column: usize| rows[*at as usize][column].to_le_bytes();
    bytes.extend((0..N).flat_map(|column| which.iter().flat_map(move |at| value(at, column))));
}
