//! What protects a caller from those it calls.

use super::{NONE, Object, Shape, key};
use crate::limits::{MAX_BREAKER_CALLS, MAX_COUNT, MAX_HEDGES};

static COUNT: Shape = Shape::Count { least: 1, most: MAX_COUNT };
static COUNT_OR_NONE: Shape = Shape::OneOf(&[&NONE, &COUNT]);
static SHARE_OR_NONE: Shape = Shape::OneOf(&[&NONE, &Shape::Share]);

pub(crate) static DEADLINE_OBJECT: Object = Object {
    name: "a deadline",
    doc: "A bound over all attempts, as in gRPC.",
    keys: &[
        key("after", &Shape::Duration, "when, counted from the first sending").required(),
        key(
            "propagate",
            &Shape::Flag,
            "whether what is left of it travels with the request: it bounds the calls made for it, and work past it is \
             dropped",
        )
        .default("false"),
    ],
    shared: &[],
};

pub(crate) static HEDGE: Object = Object {
    name: "a hedge",
    doc: "Another attempt, to another instance if there is one (Dean and Barroso, «The tail at scale», 2013; gRPC's and \
          Finagle's hedged or backup requests).",
    keys: &[
        key(
            "after",
            &Shape::OneOf(&[&Shape::Duration, &Shape::Quantile]),
            "how long after the attempt before it: a duration, or a quantile of the latency that this client has seen, \
             such as `p95`",
        )
        .required()
        .also(&["delay"]),
        key("budget", &Shape::Share, "hedges are at most this share of requests").default("unlimited"),
        key("most", &Shape::Count { least: 1, most: MAX_HEDGES }, "how many beside the first attempt").default("1").also(&["max", "attempts"]),
    ],
    shared: &[],
};

pub(crate) static BREAKER: Object = Object {
    name: "a breaker",
    doc: "Closed, it counts failures; too many open it, and calls fail at once; after `open` it lets a few probes through, \
          and what becomes of them closes or opens it again (Hystrix, resilience4j). `failures` or `consecutive` is needed.",
    keys: &[
        key(
            "failures",
            &Shape::OneOf(&[&Shape::Share, &COUNT]),
            "opens when this share (`50%`) or this number (`20`) of the calls in the window has failed",
        )
        .also(&["errors", "threshold", "failure-rate"]),
        key("consecutive", &COUNT, "opens after so many failures in a row"),
        key(
            "window",
            &Shape::OneOf(&[&Shape::Duration, &Shape::Count { least: 1, most: MAX_BREAKER_CALLS }]),
            "over which failures are counted: a duration or a number of calls",
        )
        .default("10s"),
        key("least", &COUNT, "`failures` are not judged before so many calls were seen in the window")
            .default("20 for a share, otherwise 1")
            .also(&["minimum", "volume", "min-calls"]),
        key("open", &Shape::Duration, "how long it stays open").default("5s").also(&["sleep", "wait"]),
        key("probes", &COUNT, "how many calls are let through after that").default("1").also(&["half-open"]),
    ],
    shared: &[],
};

pub(crate) static OUTLIER: Object = Object {
    name: "an outlier detection",
    doc: "An instance that does worse than the others is not chosen for a while; its nth time out lasts n times `base` \
          (Envoy). Each caller judges by what it has seen itself.",
    keys: &[
        key("consecutive", &COUNT_OR_NONE, "ejects after so many failures in a row").default("5"),
        key(
            "deviations",
            &Shape::OneOf(&[&NONE, &Shape::Number]),
            "ejects when the share of successes is so many standard deviations below the mean of all instances",
        )
        .default("1.9"),
        key("failures", &SHARE_OR_NONE, "ejects when this share of requests failed in an interval").default("none"),
        key("volume", &COUNT, "an instance with fewer requests in an interval is not judged by shares").default("100"),
        key("hosts", &COUNT, "with fewer instances that have so many, none is judged by shares").default("5"),
        key("interval", &Shape::Duration, "how often shares are judged, and ejections ended").default("10s"),
        key("base", &Shape::Duration, "how long the first ejection lasts").default("30s"),
        key("max", &Shape::Duration, "how long one lasts at most").default("300s, or `base` if that is longer"),
        key("ejected", &Shape::Share, "at most this share of the instances is out at a time, but one may always be")
            .default("10%"),
        key("panic", &Shape::Share, "when fewer than this share is left, all are chosen from").default("50%"),
    ],
    shared: &[],
};

pub(crate) static THROTTLE: Object = Object {
    name: "a throttle",
    doc: "A call fails at once with the chance (requests - factor x accepted) / (requests + 1), counted over the window \
          («Site Reliability Engineering», chapter 21).",
    keys: &[
        key("factor", &Shape::Number, "how many requests for one that is accepted").default("2").also(&["k"]),
        key("window", &Shape::Duration, "over which they are counted").default("2m"),
    ],
    shared: &[],
};

pub(crate) static CONNECT: Object = Object {
    name: "the set-up of a connection",
    doc: "A calling instance opens a connection to an instance when it has none that is free.",
    keys: &[
        key(
            "timeout",
            &Shape::OneOf(&[&NONE, &Shape::Duration]),
            "gives up connecting after this; then nobody was there",
        )
        .default("none"),
        key(
            "cost",
            &Shape::OneOf(&[&Shape::RoundTrips, &Shape::Law]),
            "how long it takes: `1 round trip` (TCP), `2 round trips` (with TLS 1.3), or a distribution",
        )
        .default("1 round trip"),
        key("keep", &Shape::OneOf(&[&NONE, &Shape::Duration]), "closed when it was not used for so long")
            .default("none: it is kept for ever")
            .also(&["idle", "keep-alive"]),
    ],
    shared: &[],
};
