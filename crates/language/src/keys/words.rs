//! The words that may stand for something.

use super::{Word, word};

pub(crate) static KINDS: &[Word] = &[
    word("service", "an ordinary service"),
    word("gateway", "the front door: routes requests to services"),
    word("load-balancer", "spreads requests over the instances behind it"),
    word("cache", "answers from memory"),
    word("store", "a database or a disk"),
    word("replicated-store", "a database that keeps several copies"),
    word("queue", "a message broker"),
    word("function", "code that a platform starts on demand"),
    word("external", "somebody else's service, as large as it needs to be"),
    word("edge-dns", "the name service that sends users to a region, as large as it needs to be"),
];

pub(crate) static SCHEDULINGS: &[Word] = &[
    word("fifo", "a core finishes one work before it takes the next, first come first served"),
    word("ps", "processor sharing: the cores are shared evenly by all work on the instance"),
];

pub(crate) static BALANCES: &[Word] = &[
    word("round-robin", "each instance in turn"),
    word("random", "any instance with equal chance"),
    word("least-requests", "the instance with the fewest requests of this caller in flight"),
    word("p2c", "the better of two drawn independently (possibly the same)"),
    word(
        "ewma",
        "of two drawn, the one whose attempts by this caller took less time of late (however they ended), weighed by its \
         requests in flight",
    ),
    word("hash", "always the same instance for the same user"),
    word("zone-aware", "instances of the caller's own zone first, then of its region, each in turn"),
    word("region-aware", "instances of the caller's own region first, each in turn; users always do so"),
];

pub(crate) static JITTERS: &[Word] = &[
    word("none", "exactly the backoff"),
    word("full", "anything between zero and the backoff"),
    word("equal", "half the backoff, and anything up to the other half"),
    word("decorrelated", "anything between the base and three times the last backoff"),
];

pub(crate) static FAILURES: &[Word] = &[
    word("timeout", "the attempt's bound fired"),
    word("error", "the answer was an error"),
    word("refused", "the queue there was full"),
    word("unreachable", "nobody was there"),
];

pub(crate) static METRICS: &[Word] = &[
    word("mean", "mean latency, a duration"),
    word("max", "the longest latency, a duration"),
    word(
        "p50",
        "a quantile of latency, a duration; also `p90`, `p95`, `p99`, `p99.9`, `p99.99`; only nines do without the dot: `p999`",
    ),
    word("errors", "share of requests that end in an error"),
    word("availability", "share of requests that end well"),
    word("throughput", "requests completed, a rate"),
    word("utilization", "busy cores / cores, a share; services only"),
];

pub(crate) static RELATIONS: &[Word] =
    &[word("<", "less"), word("<=", "at most"), word(">", "more"), word(">=", "at least")];

pub(crate) static PRIORITIES: &[Word] = &[
    word("critical", "never shed"),
    word("normal", "shed when there is much too much"),
    word("sheddable", "shed first"),
];

pub(crate) static ORDERS: &[Word] = &[
    word("fifo", "who came first"),
    word("lifo", "who came last: under overload some are still served in time"),
];

pub(crate) static LIMITS: &[Word] = &[
    word("fixed", "it stays `start`"),
    word("aimd", "one more while it is used, times `backoff` after a request that was too slow"),
    word("gradient", "follows the ratio of long-term and present latency (Netflix's Gradient2)"),
    word("vegas", "follows an estimate of how many requests wait (Netflix's Vegas)"),
];

pub(crate) static DISCOVERIES: &[Word] = &[
    word("registry", "instances send heartbeats, callers ask now and then (Eureka)"),
    word("dns", "callers keep an answer for a while"),
    word("push", "callers are told (xDS)"),
];

pub(crate) static ERRORS: &[Word] = &[
    word("error", "an answer that is an error"),
    word("refused", "as from a full queue"),
    word("unreachable", "as if nobody were there"),
];

pub(crate) static CHAOSES: &[Word] = &[
    word("monkey", "instances are lost"),
    word("gorilla", "zones are lost"),
    word("kong", "regions are lost"),
];

pub(crate) static LEVELS: &[Word] = &[
    word("one", "one replica, wherever it is"),
    word("local-one", "one replica in the coordinator's region"),
    word("quorum", "more than half of all replicas, regions together"),
    word("local-quorum", "more than half of the replicas in the coordinator's region"),
    word("all", "every replica in every region"),
];

pub(crate) static ASKED: &[Word] = &[
    word("needed", "as many as the level needs, the nearest first"),
    word("all", "all that may answer for the level; the first answers count"),
];

pub(crate) static REPLICATION_PRESETS: &[Word] = &[
    word(
        "cassandra",
        "reads and writes at `local-one`, reads ask as many replicas as needed (Apache Cassandra 4 and its drivers)",
    ),
    word(
        "riak",
        "reads and writes at `local-quorum`, reads ask all replicas of the region (Riak KV: `n_val`, `r`, `w`; each region a cluster)",
    ),
    word(
        "dynamo",
        "two replicas for reads and for writes, reads ask all (DeCandia et al., «Dynamo», SOSP 2007: N, R, W = 3, 2, 2)",
    ),
];
