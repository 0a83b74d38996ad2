//! What a caller does about a call.

use super::protection::{BREAKER, CONNECT, DEADLINE_OBJECT, HEDGE, OUTLIER, THROTTLE};
use super::words::{BALANCES, FAILURES, JITTERS, PRIORITIES};
use super::{Key, NONE, Object, Shape, key};
use crate::limits::{MAX_COUNT, MAX_INSTANCES};

pub(super) static ATTEMPTS: Shape = Shape::Count { least: 0, most: 1_000_000 };
static BALANCE: Shape = Shape::Word(BALANCES);
static FAILURE: Shape = Shape::Word(FAILURES);
static TIMEOUT_SHAPE: Shape = Shape::OneOf(&[&NONE, &Shape::Duration]);
static RETRY_SHAPE: Shape = Shape::OneOf(&[&NONE, &ATTEMPTS, &Shape::Object(&RETRY)]);
static CONNECTIONS_SHAPE: Shape = Shape::OneOf(&[&NONE, &Shape::Object(&CONNECTIONS)]);
static DEADLINE_SHAPE: Shape = Shape::OneOf(&[&NONE, &Shape::Duration, &Shape::Object(&DEADLINE_OBJECT)]);
static HEDGE_SHAPE: Shape =
    Shape::OneOf(&[&NONE, &Shape::Duration, &Shape::Quantile, &Shape::Object(&HEDGE)]);
static BREAKER_SHAPE: Shape = Shape::OneOf(&[&NONE, &Shape::Object(&BREAKER)]);
static OUTLIER_SHAPE: Shape = Shape::OneOf(&[&NONE, &Shape::Object(&OUTLIER)]);
static THROTTLE_SHAPE: Shape = Shape::OneOf(&[&NONE, &Shape::Number, &Shape::Object(&THROTTLE)]);
static CONNECT_SHAPE: Shape = Shape::OneOf(&[&NONE, &Shape::Object(&CONNECT)]);
static PRIORITY_SHAPE: Shape = Shape::Word(PRIORITIES);
static PRESET_SHAPE: Shape = Shape::OneOf(&[&NONE, &Shape::PresetName]);
static SUBSET_SHAPE: Shape = Shape::OneOf(&[&NONE, &Shape::Count { least: 1, most: MAX_INSTANCES }]);

/// What stands beside `call`, in `defaults: { call: … }`, and in part elsewhere.
pub(crate) static CALL_OPTIONS: Object = Object {
    name: "the options of a call",
    doc: "What the caller does about a call; they stand beside `call`, or under `defaults: { call: … }` for all calls.",
    keys: &[],
    shared: CALL_KEYS,
};

pub(super) static CALL_KEYS: &[&[Key]] = &[POLICY, FAILING, SIZES];

/// What a call shares with the asking of a cache, which does not fail.
pub(super) static ASK_KEYS: &[&[Key]] = &[POLICY, SIZES];

/// What makes sense where nobody waits for the answer.
pub(super) static PUBLISH_KEYS: &[&[Key]] = &[&[BALANCE_KEY, SUBSET, PRIORITY], SIZES];

/// What the users of a workload have of it.
pub(super) static USER_KEYS: &[&[Key]] = &[POLICY];

/// How whoever waits for an answer goes about it.
static POLICY: &[Key] = &[
    TIMEOUT,
    DEADLINE,
    CANCEL,
    RETRY_KEY,
    HEDGE_KEY,
    BREAKER_KEY,
    OUTLIER_KEY,
    THROTTLE_KEY,
    BALANCE_KEY,
    SUBSET,
    CONNECTIONS_KEY,
    CONNECT_KEY,
    PRIORITY,
    PRESET,
];

/// What becomes of a caller whose call fails.
static FAILING: &[Key] = &[
    key("optional", &Shape::Flag, "whether the caller goes on when the call fails").default("false"),
    key(
        "fallback",
        &Shape::OneOf(&[&NONE, &Shape::Steps]),
        "what runs instead when the call fails after all its attempts; then the caller goes on",
    )
    .default("none"),
];

static SIZES: &[Key] = &[
    key("request", &Shape::Size, "size of the request; matters where the network has a `bandwidth`")
        .default("0B"),
    key("response", &Shape::Size, "size of the response; matters where the network has a `bandwidth`")
        .default("0B"),
];

/// An option of calls whose keys are taken one by one from the call, its preset and the defaults.
pub(crate) struct Layered {
    pub(crate) key: &'static str,
    pub(crate) object: &'static Object,
    /// What a bare value is short for.
    pub(crate) bare: Option<&'static str>,
}

/// A `budget` is none of them: half of a bucket with half of another would be neither.
pub(crate) static LAYERED: &[Layered] = &[
    Layered { key: "deadline", object: &DEADLINE_OBJECT, bare: Some("after") },
    Layered { key: "retry", object: &RETRY, bare: Some("attempts") },
    Layered { key: "backoff", object: &BACKOFF, bare: Some("base") },
    Layered { key: "hedge", object: &HEDGE, bare: Some("after") },
    Layered { key: "breaker", object: &BREAKER, bare: None },
    Layered { key: "outlier", object: &OUTLIER, bare: None },
    Layered { key: "throttle", object: &THROTTLE, bare: Some("factor") },
    Layered { key: "connections", object: &CONNECTIONS, bare: None },
    Layered { key: "connect", object: &CONNECT, bare: None },
];

pub(super) const TIMEOUT: Key = key(
    "timeout",
    &TIMEOUT_SHAPE,
    "bounds each attempt, from its sending; when it fires, the caller stops waiting and ignores the answer, \
     while the callee works on",
)
.default("none");
const DEADLINE: Key = key(
    "deadline",
    &DEADLINE_SHAPE,
    "bounds all attempts together, from the first sending; a bare duration is `after`",
)
.default("none")
.also(&["total-timeout", "overall-timeout"]);
const CANCEL: Key = key(
    "cancel",
    &Shape::Flag,
    "whether the callee hears that the caller has given up (a bound fired, or another attempt won), and drops the \
     request with all that it waits for",
)
.default("false")
.also(&["cancellation"]);
pub(super) const RETRY_KEY: Key =
    key("retry", &RETRY_SHAPE, "more attempts after a failed one; a bare number is `attempts`")
        .default("none")
        .also(&["retries"]);
const HEDGE_KEY: Key = key(
    "hedge",
    &HEDGE_SHAPE,
    "another attempt beside one that has not answered by then; the first answer counts; a bare duration or quantile \
     is `after`",
)
.default("none")
.also(&["hedging", "backup-requests", "speculative"]);
pub(super) const BREAKER_KEY: Key = key(
    "breaker",
    &BREAKER_SHAPE,
    "stops calling for a while after too many failures; meanwhile calls fail at once",
)
.default("none")
.also(&["circuit-breaker", "circuit"]);
const OUTLIER_KEY: Key =
    key("outlier", &OUTLIER_SHAPE, "stops choosing instances that do worse than others, for a while")
        .default("none")
        .also(&["outlier-detection", "ejection", "failure-accrual"]);
const THROTTLE_KEY: Key = key(
    "throttle",
    &THROTTLE_SHAPE,
    "lets a call fail at once, by chance, when too many were refused of late; a bare number is `factor`",
)
.default("none")
.also(&["adaptive-throttling"]);
const BALANCE_KEY: Key = key("balance", &BALANCE, "how an instance is chosen")
    .default("round-robin")
    .also(&["lb", "load-balancing"]);
const SUBSET: Key = key(
    "subset",
    &SUBSET_SHAPE,
    "each calling instance knows only so many of the instances, chosen so that all are known to equally many",
)
.default("all of them")
.also(&["subsetting", "aperture"]);
const CONNECTIONS_KEY: Key = key(
    "connections",
    &CONNECTIONS_SHAPE,
    "a pool of connections from each calling instance; a request waits for a free one",
)
.default("as many as it takes")
.also(&["pool"]);
const CONNECT_KEY: Key = key(
    "connect",
    &CONNECT_SHAPE,
    "a connection to an instance is set up before its first request, which takes time and may fail",
)
.default("none: connections are there")
.also(&["connection", "connect-timeout", "handshake"]);
const PRIORITY: Key =
    key("priority", &PRIORITY_SHAPE, "how much the request matters; what a service sheds first")
        .default("that of the request which makes the call, or else `normal`")
        .also(&["criticality", "importance"]);
const PRESET: Key =
    key("preset", &PRESET_SHAPE, "what a known client does by default; what is said beside it wins")
        .default("none")
        .also(&["policy", "profile"]);
pub(crate) static RETRY: Object = Object {
    name: "a retry policy",
    doc: "More attempts after a failed one.",
    keys: AGAIN_KEYS,
    shared: &[&[
        key("on", &Shape::OneOf(&[&FAILURE, &Shape::List(&FAILURE)]), "the failures that are tried again")
            .default("all"),
        key(
            "budget",
            &Shape::OneOf(&[&NONE, &Shape::Share, &Shape::Object(&BUDGET)]),
            "bounds the retries of a client; with a bare share they are at most that share of its requests",
        )
        .default("unlimited"),
        key("elsewhere", &Shape::Flag, "whether a retry goes to another instance, if there is one")
            .default("false"),
    ]],
};

/// How often and after how long something is tried again.
pub(super) static AGAIN_KEYS: &[Key] = &[
    key("attempts", &ATTEMPTS, "how many more after the first").required().also(&["max", "times", "count"]),
    key(
        "backoff",
        &Shape::OneOf(&[&NONE, &Shape::Duration, &Shape::Object(&BACKOFF)]),
        "how long to wait before a retry; a bare duration doubles with each retry",
    )
    .default("none: the retry goes out at once"),
    key(
        "jitter",
        &Shape::OneOf(&[&Shape::Word(JITTERS), &Shape::Share]),
        "what chance does to the backoff; a share makes it up to that much longer or shorter",
    )
    .default("none"),
];

static TOKENS: Shape = Shape::Number;

/// One bucket for all systems that count tokens, and Envoy's count of retries in flight.
pub(crate) static BUDGET: Object = Object {
    name: "a retry budget",
    doc: "Either a bucket of tokens, from which a retry takes some and is made only if they are there, or (with \
          `concurrent`) a bound on the retries in flight at once. A bare share is `{ share: … }`.",
    keys: &[
        key("share", &Shape::Share, "tokens that each request brings, retries not counted").default("0"),
        key("per-second", &Shape::Number, "tokens that each second brings").default("0"),
        key("per-success", &TOKENS, "tokens that each answered call brings").default("0"),
        key("per-failure", &TOKENS, "tokens that each failed attempt takes").default("0"),
        key("tokens", &TOKENS, "tokens at the start").default("0"),
        key("most", &TOKENS, "never more tokens than this").default("`tokens`, or else 10").also(&["max"]),
        key("cost", &TOKENS, "tokens that a retry takes").default("1, or 0 beside `per-failure`"),
        key("timeout-cost", &TOKENS, "tokens that a retry after a timeout takes").default("`cost`"),
        key(
            "refund",
            &TOKENS,
            "tokens that a retry which succeeds brings, if that is more than `per-success`",
        )
        .default("0"),
        key("timeout-refund", &TOKENS, "the same for a retry after a timeout").default("`refund`"),
        key("above", &TOKENS, "retries are made only while there are more tokens than this").default("0"),
        key(
            "concurrent",
            &Shape::Share,
            "retries in flight are at most this share of the requests in flight",
        ),
        key(
            "least",
            &Shape::Count { least: 0, most: MAX_COUNT },
            "but so many retries are always allowed; beside `concurrent`",
        )
        .default("0"),
    ],
    shared: &[],
};

pub(crate) static BACKOFF: Object = Object {
    name: "a backoff",
    doc: "Before retry n (from 0) waits `base * factor^n`, at most `max`.",
    keys: &[
        key("base", &Shape::Duration, "before the first retry").required(),
        key("factor", &Shape::Number, "how much longer each time").default("2"),
        key("max", &Shape::Duration, "never longer than this").default("none"),
    ],
    shared: &[],
};

pub(crate) static CONNECTIONS: Object = Object {
    name: "a pool of connections",
    doc: "Connections from each calling instance to the service called.",
    keys: &[
        key("max", &Shape::Count { least: 1, most: MAX_COUNT }, "how many connections").required(),
        key(
            "http",
            &Shape::Word(&[
                super::word("1", "one request at a time on a connection"),
                super::word("2", "any number of requests at a time on a connection"),
            ]),
            "the version of HTTP",
        )
        .default("1"),
    ],
    shared: &[],
};
