//! What instances, requests in flight and pending events take.
//!
//! Live bytes of the heap, as the allocator counts them, at the most that a look at the watch sees.
//! Each figure is the difference between two sizes over the difference in what there is more of, so
//! that what does not grow (histograms, code, the model's own names) drops out by itself. Room that a
//! vector holds in reserve counts; holes between blocks do not: the resident peak has these too.

use stats_alloc::INSTRUMENTED_SYSTEM;
use tarsier_engine::kernel::EventQueue;
use tarsier_engine::{Outcome, Pulse, Verdict, Watch};
use tarsier_random::Stream;

use super::{models, simulate_under};

/// Instances of W2 in a zone.
const INSTANCES_A_ZONE: usize = 6;

#[derive(Clone, Copy, Debug)]
pub struct Figures {
    /// With its share of plan, partition and users' sources.
    pub instance: f64,
    /// A user's request with everything that is under way for it, its pending events among that.
    pub request: f64,
    /// The same by open call, the users' own among them.
    pub record: f64,
    /// In a small queue and in a large one.
    pub event: [f64; 2],
}

/// Bytes allocated and not yet given back.
pub(super) fn live() -> usize {
    let stats = INSTRUMENTED_SYSTEM.stats();
    stats.bytes_allocated - stats.bytes_deallocated
}

/// The most that is live at a look at the watch.
struct Most(usize);

impl Watch for Most {
    fn pulse(&mut self, _: Pulse) -> Verdict {
        self.0 = self.0.max(live());
        Verdict::GoOn
    }
}

/// Bytes that a run of W2 takes beside its model, and how it ended.
fn run(rate: f64, n_zones: u32, seconds: f64) -> (f64, Outcome) {
    let model = models::w2_at(rate, n_zones, 0.0);
    let before = live();
    let mut most = Most(before);
    let outcome = simulate_under(&mut most, &model, seconds, 1);
    ((most.0 - before) as f64, outcome)
}

/// Bytes that requests take in so many zones, how many they are, and their open calls.
fn requests(n_zones: u32, seconds: f64) -> [f64; 3] {
    let (idle, _) = run(1.0, n_zones, seconds);
    let (loaded, outcome) = run(12_000.0, n_zones, seconds);
    let users: u64 = outcome.workloads.iter().map(|workload| workload.in_flight_end).sum();
    let calls: u64 = outcome.calls.iter().map(|call| call.in_flight_end).sum();
    [loaded - idle, users as f64, (users + calls) as f64]
}

/// Bytes of a queue that so many have gone through, a pending event.
fn event(pending: u32) -> f64 {
    let before = live();
    let mut queue = EventQueue::new();
    let mut stream = Stream::named(1, &["pending"], &[]);
    (0..pending).for_each(|n| queue.push((stream.exp1() * 1e9) as u64, n));
    for n in 0..2 * pending {
        let (now, _) = queue.pop_before(u64::MAX).expect("as many as ever");
        queue.push(now + (stream.exp1() * 1e9) as u64, n);
    }
    (live() - before) as f64 / f64::from(pending)
}

/// From W2 in `n_zones` and in twice as many.
pub fn measure(n_zones: u32, seconds: f64) -> Figures {
    let idle = |n_zones| run(1.0, n_zones, seconds).0;
    let instances = n_zones as usize * INSTANCES_A_ZONE;
    let (few, many) = (requests(n_zones, seconds), requests(2 * n_zones, seconds));
    let bytes = many[0] - few[0];
    Figures {
        instance: (idle(2 * n_zones) - idle(n_zones)) / instances as f64,
        request: bytes / (many[1] - few[1]),
        record: bytes / (many[2] - few[2]),
        event: [1_000, 1_000_000].map(event),
    }
}
