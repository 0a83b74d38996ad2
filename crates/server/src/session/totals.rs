//! Counts since the start of a run: what happened between two moments is their difference, whoever looked in between.

use std::sync::Arc;

use tarsier_engine::{CallTally, ServiceCounts};

use crate::session::picture::{EDGE, EdgeRow, NODE, NodeRow, Picture};
use crate::session::topology::Topology;

/// Of users or calls.
#[derive(Clone, Copy, PartialEq, Default, Debug)]
pub(crate) struct Count {
    requests: f64,
    attempts: f64,
    ok: f64,
    errors: f64,
    refused: f64,
    retries: f64,
    timeouts: f64,
    in_flight: f64,
}

/// Of a service; times in seconds.
#[derive(Clone, Copy, PartialEq, Default, Debug)]
pub(crate) struct Load {
    arrivals: f64,
    ok: f64,
    errors: f64,
    refused: f64,
    busy_s: f64,
    waiting_s: f64,
    up_s: f64,
    present: f64,
    up: f64,
    /// How many instances there are to be.
    wanted: f64,
}

#[derive(Clone, Default, Debug)]
pub(crate) struct Totals {
    pub(crate) time_s: f64,
    pub(crate) users: Vec<Count>,
    pub(crate) services: Vec<Load>,
    pub(crate) edges: Vec<Count>,
}

/// `p50_s`, `p99_s`, `p999_s` of a second.
pub(crate) type Quantiles = [f32; 3];

/// Of the last whole second.
#[derive(Clone, Debug)]
pub(crate) struct Latencies {
    pub(crate) nodes: Vec<Quantiles>,
    pub(crate) edges: Vec<Quantiles>,
}

impl Latencies {
    pub(crate) fn unknown(topology: &Topology) -> Latencies {
        let unknown = [f32::NAN; 3];
        Latencies { nodes: vec![unknown; topology.n_nodes()], edges: vec![unknown; topology.n_edges()] }
    }
}

impl From<CallTally> for Count {
    fn from(tally: CallTally) -> Count {
        Count {
            requests: tally.requests as f64,
            attempts: tally.attempts as f64,
            ok: tally.completed as f64,
            errors: tally.errors as f64,
            refused: tally.refused as f64,
            retries: tally.retries as f64,
            timeouts: tally.timeouts as f64,
            in_flight: tally.in_flight() as f64,
        }
    }
}

impl From<(ServiceCounts, u32)> for Load {
    fn from((counts, wanted): (ServiceCounts, u32)) -> Load {
        let seconds = |nanos: u128| nanos as f64 / 1e9;
        Load {
            arrivals: counts.arrivals as f64,
            ok: counts.completed as f64,
            // Who died with its instance was not answered.
            errors: (counts.errors + counts.killed) as f64,
            refused: counts.refused as f64,
            busy_s: seconds(counts.busy_ns),
            waiting_s: seconds(counts.waiting_ns),
            up_s: seconds(counts.up_ns),
            present: counts.present as f64,
            up: counts.up as f64,
            wanted: wanted.into(),
        }
    }
}

impl Count {
    /// All that goes from one node to another is one edge.
    pub(crate) fn add(&mut self, other: &Count) {
        self.requests += other.requests;
        self.attempts += other.attempts;
        self.ok += other.ok;
        self.errors += other.errors;
        self.refused += other.refused;
        self.retries += other.retries;
        self.timeouts += other.timeouts;
        self.in_flight += other.in_flight;
    }
}

impl Totals {
    pub(crate) fn start(topology: &Topology) -> Totals {
        Totals {
            time_s: 0.0,
            users: vec![Count::default(); topology.n_workloads],
            services: vec![Load::default(); topology.n_nodes() - topology.n_workloads],
            edges: vec![Count::default(); topology.n_edges()],
        }
    }

    /// What happened since then.
    pub(crate) fn since(&self, then: &Totals, latencies: &Latencies, topology: &Topology) -> Picture {
        let dt = self.time_s - then.time_s;
        let users = self.users.iter().zip(&then.users).map(|(now, then)| users(now, then, dt));
        let services = self.services.iter().zip(&then.services).enumerate();
        let services = services.map(|(at, (now, then))| service(now, then, dt, topology.cores(at)));
        let with_latencies = |(mut row, quantiles): (NodeRow, &Quantiles)| {
            row[NODE - 3..].copy_from_slice(quantiles);
            row
        };
        let edges = self.edges.iter().zip(&then.edges).map(|(now, then)| edge(now, then, dt));
        Picture {
            time_s: self.time_s,
            covers_s: dt as f32,
            nodes: users.chain(services).zip(&latencies.nodes).map(with_latencies).collect(),
            edges: (edges.zip(&latencies.edges))
                .map(|(mut row, quantiles)| {
                    row[EDGE - 2..].copy_from_slice(&quantiles[..2]);
                    row
                })
                .collect(),
        }
    }
}

/// Over no time nothing happens.
fn per_s(now: f64, then: f64, dt: f64) -> f32 {
    if dt > 0.0 { ((now - then) / dt) as f32 } else { 0.0 }
}

fn users(now: &Count, then: &Count, dt: f64) -> NodeRow {
    let mut row = [f32::NAN; NODE];
    row[0] = per_s(now.requests, then.requests, dt);
    row[1] = per_s(now.ok, then.ok, dt);
    row[2] = per_s(now.errors, then.errors, dt);
    row[3] = per_s(now.refused, then.refused, dt);
    row[4] = per_s(now.retries, then.retries, dt);
    row[7] = now.in_flight as f32;
    row
}

fn service(now: &Load, then: &Load, dt: f64, cores: f64) -> NodeRow {
    let up_s = now.up_s - then.up_s;
    let busy = if up_s > 0.0 { (now.busy_s - then.busy_s) / (up_s * cores) } else { 0.0 };
    let mut row = [f32::NAN; NODE];
    row[0] = per_s(now.arrivals, then.arrivals, dt);
    row[1] = per_s(now.ok, then.ok, dt);
    row[2] = per_s(now.errors, then.errors, dt);
    row[3] = per_s(now.refused, then.refused, dt);
    row[5] = busy as f32;
    row[6] = per_s(now.waiting_s, then.waiting_s, dt);
    row[7] = now.present as f32;
    row[8] = now.up as f32;
    row[9] = now.wanted as f32;
    row
}

fn edge(now: &Count, then: &Count, dt: f64) -> EdgeRow {
    let mut row = [f32::NAN; EDGE];
    row[0] = per_s(now.attempts, then.attempts, dt);
    row[1] = per_s(now.ok, then.ok, dt);
    row[2] = per_s(now.errors, then.errors, dt);
    row[3] = per_s(now.retries, then.retries, dt);
    row[4] = per_s(now.timeouts, then.timeouts, dt);
    row
}

/// What a run shows at a look.
#[derive(Clone)]
pub(crate) struct View {
    pub(crate) totals: Arc<Totals>,
    /// At the last whole second before.
    pub(crate) before: Arc<Totals>,
    pub(crate) latencies: Arc<Latencies>,
}
