//! What is known of every node and edge at a moment.

/// `rate`, `ok`, `errors`, `refused`, `retries`, `utilization`, `queue`, `in_flight`, `up`, `wanted`, `p50_s`, `p99_s`, `p999_s`.
pub(crate) const NODE: usize = 13;
/// `rate`, `ok`, `errors`, `retries`, `timeouts`, `p50_s`, `p99_s`.
pub(crate) const EDGE: usize = 7;

pub(crate) type NodeRow = [f32; NODE];
pub(crate) type EdgeRow = [f32; EDGE];

/// In the order of the topology. NaN is where there is nothing to say.
#[derive(Clone, Debug, Default)]
pub(crate) struct Picture {
    /// At the end of what it covers.
    pub(crate) time_s: f64,
    pub(crate) covers_s: f32,
    pub(crate) nodes: Vec<NodeRow>,
    pub(crate) edges: Vec<EdgeRow>,
}
