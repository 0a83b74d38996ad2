//! What a caller does about a call.

use super::words::{BALANCES, FAILURES, JITTERS};
use super::{Key, NONE, Object, Shape, key, later};
use crate::limits::MAX_COUNT;

static ATTEMPTS: Shape = Shape::Count { least: 0, most: 1_000_000 };
static BALANCE: Shape = Shape::Word(BALANCES);
static FAILURE: Shape = Shape::Word(FAILURES);
static TIMEOUT_SHAPE: Shape = Shape::OneOf(&[&NONE, &Shape::Duration]);
static RETRY_SHAPE: Shape = Shape::OneOf(&[&NONE, &ATTEMPTS, &Shape::Object(&RETRY)]);
static CONNECTIONS_SHAPE: Shape = Shape::OneOf(&[&NONE, &Shape::Object(&CONNECTIONS)]);

/// What stands beside `call`, in `defaults: { call: … }`, and in part elsewhere.
pub(crate) static CALL_OPTIONS: Object = Object {
    name: "the options of a call",
    doc: "What the caller does about a call; they stand beside `call`, or under `defaults: { call: … }` for all calls.",
    keys: CALL_KEYS,
    shared: &[],
};

pub(super) static CALL_KEYS: &[Key] = &[
    TIMEOUT,
    RETRY_KEY,
    BALANCE_KEY,
    CONNECTIONS_KEY,
    key("optional", &Shape::Flag, "whether the caller goes on when the call fails").default("false"),
    key(
        "fallback",
        &Shape::OneOf(&[&NONE, &Shape::Steps]),
        "what runs instead when the call fails after all its attempts; then the caller goes on",
    )
    .default("none"),
    REQUEST,
    RESPONSE,
    later("hedge", "a second attempt when the first has not answered by then"),
    later("breaker", "stops calling for a while after too many failures"),
    later("outlier", "stops choosing instances that fail"),
    later("connect", "the time to open a connection"),
    DEADLINE,
    CANCEL,
    later("preset", "a named set of options"),
];

/// What a call shares with those that do not wait or do not fail.
pub(super) static POLICY_KEYS: &[Key] =
    &[TIMEOUT, RETRY_KEY, BALANCE_KEY, CONNECTIONS_KEY, REQUEST, RESPONSE, DEADLINE, CANCEL];

/// What the users of a workload have of it.
pub(super) static USER_KEYS: &[Key] = &[TIMEOUT, RETRY_KEY, BALANCE_KEY, CONNECTIONS_KEY, DEADLINE, CANCEL];

const TIMEOUT: Key = key(
    "timeout",
    &TIMEOUT_SHAPE,
    "bounds each attempt, from its sending; when it fires, the caller stops waiting and ignores the answer, \
     while the callee works on",
)
.default("none");
const RETRY_KEY: Key =
    key("retry", &RETRY_SHAPE, "more attempts after a failed one; a bare number is `attempts`")
        .default("none")
        .also(&["retries"]);
const BALANCE_KEY: Key = key("balance", &BALANCE, "how an instance is chosen")
    .default("round-robin")
    .also(&["lb", "load-balancing"]);
const CONNECTIONS_KEY: Key = key(
    "connections",
    &CONNECTIONS_SHAPE,
    "a pool of connections from each calling instance; a request waits for a free one",
)
.default("as many as it takes")
.also(&["pool"]);
const REQUEST: Key =
    key("request", &Shape::Size, "size of the request; matters where the network has a `bandwidth`")
        .default("0B");
const RESPONSE: Key =
    key("response", &Shape::Size, "size of the response; matters where the network has a `bandwidth`")
        .default("0B");
const DEADLINE: Key = later("deadline", "bounds all attempts together");
const CANCEL: Key = later("cancel", "whether the callee stops working when the caller gives up");

pub(crate) static RETRY: Object = Object {
    name: "a retry policy",
    doc: "More attempts after a failed one.",
    keys: &[
        key("attempts", &ATTEMPTS, "how many more after the first")
            .required()
            .also(&["max", "times", "count"]),
        key("on", &Shape::OneOf(&[&FAILURE, &Shape::List(&FAILURE)]), "the failures that are tried again")
            .default("all"),
        key(
            "backoff",
            &Shape::OneOf(&[&NONE, &Shape::Duration, &Shape::Object(&BACKOFF)]),
            "how long to wait before a retry; a bare duration doubles with each retry",
        )
        .default("none: the retry goes out at once"),
        key("jitter", &Shape::Word(JITTERS), "what chance does to the backoff").default("none"),
        key("budget", &Shape::Share, "retries are at most this share of requests").default("unlimited"),
        key("elsewhere", &Shape::Flag, "whether a retry goes to another instance, if there is one")
            .default("false"),
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
