//! What protects an instance of a service from its callers, and how callers learn of it.

use super::words::{DISCOVERIES, LIMITS, ORDERS};
use super::{NONE, Object, Shape, UNLIMITED, key};
use crate::limits::MAX_COUNT;

static COUNT: Shape = Shape::Count { least: 1, most: MAX_COUNT };

pub(crate) static QUEUE: Object = Object {
    name: "a queue",
    doc: "Requests that wait on an instance for a worker or, with unlimited workers, for their first core. A bare number \
          is `{ max: … }`.",
    keys: &[
        key(
            "max",
            &Shape::OneOf(&[&UNLIMITED, &Shape::Count { least: 0, most: MAX_COUNT }]),
            "how many may wait; one more is refused at once",
        )
        .default("unlimited")
        .also(&["size", "length", "limit"]),
        key(
            "order",
            &Shape::Word(ORDERS),
            "who is next; with `codel` beside it `lifo` holds only while waiting is above the target, and who came \
             first is refused",
        )
        .default("fifo"),
        key(
            "codel",
            &Shape::OneOf(&[&NONE, &Shape::Object(&CODEL)]),
            "refuses from a queue in which waiting stays long",
        )
        .default("none"),
    ],
    shared: &[],
};

pub(crate) static CODEL: Object = Object {
    name: "a controlled delay",
    doc: "Once even the shortest wait of an `interval` was above `target`, requests are refused from the queue, ever faster, \
          until it is not (Nichols and Jacobson, «Controlling queue delay», 2012).",
    keys: &[
        key("target", &Shape::Duration, "the wait that is fine").default("5ms"),
        key("interval", &Shape::Duration, "how long waiting may be above it").default("100ms"),
    ],
    shared: &[],
};

pub(crate) static LIMIT: Object = Object {
    name: "a limit of concurrency",
    doc: "Requests on an instance at once, in service and waiting; one more is refused at once. A bare number is a fixed \
          limit. The others find it by themselves, as Netflix's concurrency-limits do.",
    keys: &[
        key("kind", &Shape::Word(LIMITS), "how it is found").required(),
        key("start", &COUNT, "the limit at the start").default("20").also(&["initial"]),
        key("min", &COUNT, "never lower")
            .default("20 (`vegas`: 1), or `start` if that is less")
            .also(&["least"]),
        key("max", &COUNT, "never higher")
            .default("200 (`vegas`: 1000), or `start` if that is more")
            .also(&["most"]),
        key(
            "window",
            &Shape::OneOf(&[&NONE, &Shape::Duration]),
            "all requests of so long are looked at as one (Netflix's `WindowedLimit`: their mean latency, if they are \
             ten or more, those that end within 100us left out); `none` looks at each",
        )
        .default("1s (`aimd`: `none`)"),
        key("timeout", &Shape::Duration, "`aimd`: a request that takes longer lowers the limit")
            .default("5s"),
        key("backoff", &Shape::Share, "`aimd`: what is left of the limit then").default("90%"),
        key("tolerance", &Shape::Number, "`gradient`: how many times the long-term latency is still fine")
            .default("1.5"),
        key("queue", &Shape::Number, "`gradient`: how many requests may wait").default("4"),
        key("long-window", &COUNT, "`gradient`: over how many windows (or requests) the long-term latency is averaged")
            .default("600"),
        key("smoothing", &Shape::Share, "`gradient` and `vegas`: the weight of the new limit")
            .default("20% (`vegas`: 100%)"),
    ],
    shared: &[],
};

pub(crate) static RATE_LIMIT: Object = Object {
    name: "a rate limit",
    doc: "A bucket of tokens on each instance; a request takes one, and is refused at once when there is none. A bare rate \
          is `{ rate: … }`.",
    keys: &[
        key("rate", &Shape::Rate, "how fast tokens come").required(),
        key("burst", &COUNT, "how many tokens the bucket holds").default("those of one second, at least 1"),
    ],
    shared: &[],
};

pub(crate) static SHED: Object = Object {
    name: "load shedding",
    doc: "From which share of what an instance can hold a class of requests is refused at once; `critical` ones never are. \
          What it can hold is its `limit`, or else its workers (or cores) and its `queue` («Site Reliability Engineering», chapter 21).",
    keys: &[
        key("sheddable", &Shape::Share, "from when requests of `priority: sheddable` are refused")
            .default("50%, or `normal` if that is less"),
        key("normal", &Shape::Share, "from when those of `priority: normal` are refused").default("90%"),
    ],
    shared: &[],
};

/// The value of a bulkhead; its keys are names of services, `users` and `others`.
pub(super) static BULKHEADS: Shape = Shape::Map {
    keys: "SERVICE",
    pattern: Some(PLACE_KEY),
    value: &Shape::Count { least: 1, most: MAX_COUNT },
};

/// `web`, or `service web`.
const PLACE_KEY: &str = r"^[^\s/<>,]+( [^\s/<>,]+)?$";

pub(crate) static DISCOVERY: Object = Object {
    name: "discovery",
    doc: "How callers learn which instances there are. One that is gone is a black hole until they hear of it. Faults of the \
          network do not touch heartbeats, checks and lists.",
    keys: &[
        key("kind", &Shape::Word(DISCOVERIES), "after which system").required(),
        key("heartbeat", &Shape::Duration, "`registry`: how often an instance says that it is there")
            .default("30s"),
        key(
            "ttl",
            &Shape::Duration,
            "`registry`: an instance is delisted when it was silent for so long; `dns`: for how long \
             an answer is kept",
        )
        .default("90s (`dns`: 30s)"),
        key("poll", &Shape::Duration, "`registry`: how often a caller asks").default("30s"),
        key("delay", &Shape::Duration, "`push`: how long a change takes to reach all callers").default("1s"),
    ],
    shared: &[],
};

pub(crate) static HEALTH: Object = Object {
    name: "health checks",
    doc: "Instances are asked whether they are well; those that fail are delisted, as load balancers and Kubernetes do.",
    keys: &[
        key("every", &Shape::Duration, "how often").default("10s").also(&["interval", "period"]),
        key("timeout", &Shape::Duration, "no answer for so long is a failure").default("1s"),
        key("unhealthy", &COUNT, "delisted after so many failures in a row").default("3").also(&["failures"]),
        key("healthy", &COUNT, "listed again after so many answers in a row")
            .default("2")
            .also(&["successes"]),
    ],
    shared: &[],
};
