//! Every limit of the live lab, in one place.

use std::time::Duration;

use tarsier_lab::Room;
use tarsier_units::Span;

/// Bytes of a request's body: an architecture file as a JSON text.
pub(crate) const BODY: usize = 20 << 20;
/// For a body to arrive.
pub(crate) const BODY_TIME: Duration = Duration::from_secs(20);
/// For the head of a request to arrive, the time before it included.
pub(crate) const HEAD_TIME: Duration = Duration::from_secs(5);
/// Connections that are read from at a time; others wait until they are let in.
pub(crate) const CONNECTIONS: usize = 256;
/// Streams at a time.
pub(crate) const STREAMS: usize = 64;
/// For a browser to take what a stream sends, before it is given up.
pub(crate) const STREAM_TIME: Duration = Duration::from_secs(60);
/// For streams to be closed when the server ends.
pub(crate) const FAREWELL: Duration = Duration::from_secs(1);
/// Runs at a time.
pub(crate) const RUNS: usize = 8;
/// Bytes of the seconds that a run remembers.
pub(crate) const HISTORY: usize = 64 << 20;
/// Bytes of the latencies that a run remembers, second by second.
pub(crate) const HEAT: usize = 8 << 20;
/// Whole seconds that a stream may be behind before it misses one.
pub(crate) const RECENT: usize = 16;
/// Traces that a run keeps.
pub(crate) const TRACES: Room = Room { traces: 50, spans_each: 2_000, spans_open: 200_000 };
/// Requests that are traced, in a simulated second.
pub(crate) const TRACED_PER_S: f64 = 200.0;
/// How often a run is looked at, by the clock.
pub(crate) const LOOK: Duration = Duration::from_millis(100);
/// What is recent: this much of simulated time, up to twice as much.
pub(crate) const PAGE: Span = Span::from_secs(10);
/// Instances told of one service.
pub(crate) const INSTANCES: usize = 2_000;
/// What is done to one run by hand.
pub(crate) const DEEDS: usize = 10_000;
/// Of simulated time in a run: a year.
pub(crate) const LONGEST_S: f64 = 365.0 * 86_400.0;
pub(crate) const SLOWEST_PACE: f64 = 0.1;
pub(crate) const FASTEST_PACE: f64 = 1000.0;
