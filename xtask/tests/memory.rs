//! What instances, requests and events take stays what docs/performance.md says. A binary of its own: it
//! counts every allocation.

use std::alloc::System;

use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};

#[global_allocator]
static HEAP: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// The same bytes every time: runs are deterministic, and nothing else allocates meanwhile. Large enough that
/// accounts are as many at both sizes, and drop out too.
#[test]
fn instances_requests_and_events_stay_small() {
    let figures = xtask::bench::memory::measure(300, 0.01);
    assert!(figures.instance < 200.0, "{figures:?}");
    assert!(figures.request < 196.0, "{figures:?}");
    assert!(figures.record < 90.0, "{figures:?}");
    assert!(figures.event.iter().all(|bytes| *bytes < 24.0), "{figures:?}");
}
