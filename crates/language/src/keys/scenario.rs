//! What may happen during a run.

use super::call::{BREAKER_KEY, RETRY_KEY, TIMEOUT};
use super::words::{CHAOSES, ERRORS};
use super::{Key, NONE, Names, Object, Shape, UNLIMITED, key, later};
use crate::limits::{MAX_COUNT, MAX_INSTANCES};

static SERVICE: Shape = Shape::Name(Names::Service);
static SOME: Shape = Shape::Count { least: 1, most: MAX_INSTANCES };

/// A happening: when, and one of the troubles.
pub(crate) static HAPPENING: Object = Object {
    name: "a happening",
    doc: "Something that happens at a time, and may end again.",
    keys: &[AT.required(), FOR],
    shared: &[TROUBLES],
};

/// One that is done by hand: without `at` it happens now.
pub(crate) static STRIKE: Object = Object { keys: &[AT, FOR], ..HAPPENING };

const AT: Key = key("at", &Shape::Duration, "when, counted from the end of the warm-up");
const FOR: Key = key("for", &Shape::Duration, "how long; then it ends")
    .default("to the end of the run")
    .also(&["until", "duration", "lasts"]);

/// Exactly one of them in a happening.
pub(crate) static TROUBLES: &[Key] = &[
    key("kill", &Shape::Object(&KILL), "instances die: what is there is lost; with `for` they come back"),
    key("restart", &Shape::Object(&RESTART), "instances die and start again, at first slower")
        .also(&["reboot", "crash"]),
    key(
        "pause",
        &Shape::Object(&PAUSE),
        "nothing on these instances makes progress; then it goes on where it stood",
    ),
    key("stall", &Shape::Object(&STALL), "instances accept requests and never answer").also(&["hang", "freeze-up"]),
    key("slow", &Shape::Object(&SLOW), "work takes longer, also what is being worked on; or a link does"),
    key("leak", &Shape::Object(&LEAK), "work takes longer and longer; with `for` it is well again then"),
    key("delay", &Shape::Object(&DELAY), "the network takes longer").also(&["latency"]),
    key("loss", &Shape::Object(&LOSS), "the network loses messages").also(&["packet-loss", "drop"]),
    key(
        "partition",
        &Shape::OneOf(&[&TWO_PLACES, &Shape::Object(&PARTITION)]),
        "two places cannot reach each other: `[us-east-1/a, us-east-1/b]`, or one way with `from` and `to`",
    )
    .also(&["split", "disconnect"]),
    key("error", &Shape::Object(&ERROR), "a share of requests is answered with an error"),
    key("pin", &Shape::Object(&PIN), "every caller of a service sends to one and the same instance"),
    key("freeze", &Shape::Object(&FREEZE), "callers of a service hear nothing new of its instances"),
    key(
        "flush",
        &Shape::Object(&FLUSH),
        "a cache is empty, for as long as `for` says, and then fills up again",
    )
    .also(&["invalidate", "clear"]),
    key(
        "lose",
        &Shape::Object(&LOSE),
        "a zone, a region or a service cannot be reached, and what is there is lost",
    ),
    key(
        "chaos",
        &Shape::OneOf(&[&Shape::Word(CHAOSES), &Shape::Object(&CHAOS)]),
        "instances (`monkey`), zones (`gorilla`) or regions (`kong`) are lost at random, as Netflix's Simian Army does; the bare \
         word strikes once a minute, for 30 s",
    )
    .also(&["monkey", "gorilla", "kong"]),
    key("load", &Shape::Object(&LOAD), "workloads grow or shrink").also(&["spike"]),
    key(
        "set",
        &Shape::Object(&SET),
        "settings of a service, of calls or of users are others; with `for` they are again what they were",
    ),
    later("deploy", "a new version comes out"),
];

const TARGET_SERVICE: Key = key("service", &SERVICE, "the service").required();
const N_INSTANCES: Key = key("instances", &SOME, "only so many of its instances").default("all");
const ZONE: Key =
    key("zone", &Shape::Name(Names::Zone), "only its instances in this zone").default("all zones");
const SHARE: Key =
    key("share", &Shape::Share, "only this share of its instances, rounded up").default("100%");
const CALL: Key = key(
    "call",
    &Shape::Name(Names::CallPath),
    "calls from one service (or endpoint) to another: `web -> users`",
);
const CALLS_TO: Key =
    key("service", &SERVICE, "all calls to this service, also from users; instead of `call`");
const N_CALLED: Key =
    key("instances", &SOME, "only calls to so many instances of the service that is called").default("all");
const IN_ZONE_CALLED: Key =
    key("zone", &Shape::Name(Names::Zone), "only calls to its instances in this zone").default("all zones");
const BETWEEN: Key =
    key("between", &TWO_PLACES, "calls between two places, either way: services, zones, regions or `users`")
        .also(&["link"]);

/// One of the first three, and what is set there.
pub(crate) static SET: Object = Object {
    name: "what is set",
    doc: "While it lasts, the number of instances of a `service` and workers and queue of each, or what is done about a `call` \
          (or by the users of a `workload`), are as said here. A value stands for itself: nothing is taken over from what held \
          before. What is under way keeps its worker and its bound; whether it is tried again is decided by what holds then.",
    keys: &[
        key("service", &SERVICE, "whose capacity is set"),
        key(
            "call",
            &Shape::Name(Names::CallPath),
            "which calls are set: from one service (or endpoint) to another, `web -> users`",
        ),
        key("workload", &Shape::Name(Names::Workload), "whose users' calls are set"),
        key(
            "instances",
            &SOME,
            "how many there are: more stand where fewest do, and are called as soon as discovery names them; of those that are \
             too many (the last ones) discovery hears at once, they end what they have, and are gone after 30s at the latest",
        ),
        key(
            "workers",
            &Shape::OneOf(&[&UNLIMITED, &Shape::Count { least: 1, most: MAX_COUNT }]),
            "requests in service at once on an instance; whoever is in service when there are fewer ends first",
        ),
        key(
            "queue",
            &Shape::OneOf(&[&UNLIMITED, &Shape::Count { least: 0, most: MAX_COUNT }]),
            "how many may wait on an instance; whoever waits when it gets shorter stays",
        ),
        // What is left out stays as it is.
        Key { default: None, ..TIMEOUT },
        Key { default: None, ..RETRY_KEY },
        Key { default: None, ..BREAKER_KEY },
        later("cores", "how many each has"),
        later("limit", "how many an instance takes in"),
        later("hedge", "a second attempt beside the first"),
        later("balance", "which instance is asked"),
    ],
    shared: &[],
};

static TWO_PLACES: Shape = Shape::List(&Shape::Name(Names::Place));

pub(crate) static KILL: Object = Object {
    name: "the target of `kill`",
    doc: "Requests in service and waiting on these instances are lost; their callers see an error.",
    keys: &[
        TARGET_SERVICE,
        key("count", &SOME, "how many of its instances; the same as `instances`").default("all"),
        N_INSTANCES,
        SHARE,
        ZONE,
        key("silent", &Shape::Flag, "whether the callers see nothing instead of an error").default("false"),
    ],
    shared: &[],
};

pub(crate) static RESTART: Object = Object {
    name: "the target of `restart`",
    doc: "Requests in service and waiting on these instances are lost; after `down` they are there again.",
    keys: &[
        TARGET_SERVICE,
        key("down", &Shape::Duration, "how long they are away; the same as the happening's `for`")
            .default("10s"),
        key("cold", &Shape::OneOf(&[&NONE, &Shape::Object(&COLD)]), "how slow they are at first")
            .default("none"),
        N_INSTANCES,
        SHARE,
        ZONE,
    ],
    shared: &[],
};

pub(crate) static COLD: Object = Object {
    name: "a cold start",
    doc: "For a while after its start, an instance takes longer.",
    keys: &[
        key("for", &Shape::Duration, "how long").required(),
        key("factor", &Shape::Number, "how many times as long work takes").required(),
    ],
    shared: &[],
};

pub(crate) static PAUSE: Object = Object {
    name: "the target of `pause`",
    doc: "Nothing on these instances makes progress; arrivals queue.",
    keys: NARROWED,
    shared: &[],
};

pub(crate) static STALL: Object = Object {
    name: "the target of `stall`",
    doc: "These instances go on accepting requests, and answer none: workers and queues fill up. When it is over, what they \
          held is gone without an answer.",
    keys: NARROWED,
    shared: &[],
};

static NARROWED: &[Key] = &[TARGET_SERVICE, N_INSTANCES, SHARE, ZONE];

pub(crate) static SLOW: Object = Object {
    name: "the target of `slow`",
    doc: "Work on these instances takes `factor` times as long; or, with `between`, messages on a link do.",
    keys: &[
        key("service", &SERVICE, "the service"),
        BETWEEN,
        key("factor", &Shape::Number, "how many times as long it takes").required(),
        N_INSTANCES,
        SHARE,
        ZONE,
    ],
    shared: &[],
};

pub(crate) static LEAK: Object = Object {
    name: "the target of `leak`",
    doc: "Work on these instances takes longer and longer, until `factor` times as long after `for` (or an hour).",
    keys: &[
        TARGET_SERVICE,
        key("factor", &Shape::Number, "how many times as long work takes at the end").required(),
        N_INSTANCES,
        SHARE,
        ZONE,
    ],
    shared: &[],
};

pub(crate) static DELAY: Object = Object {
    name: "the target of `delay`",
    doc: "Matching calls take `add` longer on the network, half on the way there, half on the way back; or `factor` times as \
          long as they do there without it.",
    keys: &[
        CALL,
        CALLS_TO,
        BETWEEN,
        key("add", &Shape::Law, "how much longer a call takes"),
        key("factor", &Shape::Number, "how many times as long it is on the network").default("1"),
        N_CALLED,
        key("share", &Shape::Share, "only calls to this share of its instances, rounded up").default("100%"),
        IN_ZONE_CALLED,
    ],
    shared: &[],
};

pub(crate) static LOSS: Object = Object {
    name: "the target of `loss`",
    doc: "Messages of matching calls are lost, and sent again after TCP's timeout.",
    keys: &[
        CALL,
        CALLS_TO,
        BETWEEN,
        key("share", &Shape::Share, "the share of messages").required(),
        N_CALLED,
        IN_ZONE_CALLED,
    ],
    shared: &[],
};

pub(crate) static PARTITION: Object = Object {
    name: "a partition",
    doc: "Messages from one place do not reach the other, and nobody hears of it; what goes the other way does. Users are a \
          place of their own, in no zone and no region.",
    keys: &[
        key("from", &Shape::Name(Names::Place), "a service, a zone, a region or `users`").required(),
        key("to", &Shape::Name(Names::Place), "who does not hear of it").required(),
    ],
    shared: &[],
};

pub(crate) static ERROR: Object = Object {
    name: "the target of `error`",
    doc: "Requests to these instances are answered with an error when they arrive.",
    keys: &[
        TARGET_SERVICE,
        key("share", &Shape::Share, "the share of requests").required(),
        key("kind", &Shape::Word(ERRORS), "what the caller sees").default("error"),
        N_INSTANCES,
        ZONE,
    ],
    shared: &[],
};

pub(crate) static PIN: Object = Object {
    name: "the target of `pin`",
    doc: "A balancer that has lost its mind: all callers choose the same instance, also when it is gone.",
    keys: &[TARGET_SERVICE],
    shared: &[],
};

pub(crate) static FREEZE: Object = Object {
    name: "the target of `freeze`",
    doc: "Discovery is stuck: instances come and go, and no caller hears of it.",
    keys: &[TARGET_SERVICE],
    shared: &[],
};

pub(crate) static FLUSH: Object = Object {
    name: "the target of `flush`",
    doc: "Every `cache` step that asks this service misses at first; then hits come back, until they are as many as the step \
          says.",
    keys: &[
        TARGET_SERVICE,
        key("refill", &Shape::Duration, "how long it takes until all hits are back")
            .default("30s, or 0s after `for`")
            .also(&["warm-up"]),
    ],
    shared: &[],
};

pub(crate) static LOSE: Object = Object {
    name: "what is lost",
    doc: "A zone, a region, or instances of a service.",
    keys: &[
        key(
            "zone",
            &Shape::Name(Names::Zone),
            "everything in this zone, such as `us-east-1/a`; beside `service` only its instances there",
        ),
        key("region", &Shape::Name(Names::Region), "everything in this region"),
        key("service", &SERVICE, "every instance of this service"),
        N_INSTANCES,
        SHARE,
    ],
    shared: &[],
};

pub(crate) static CHAOS: Object = Object {
    name: "chaos",
    doc: "Exactly one of them.",
    keys: &[
        key("monkey", &Shape::Object(&CHAOS_RATE), "instances are lost"),
        key("gorilla", &Shape::Object(&CHAOS_RATE), "zones are lost"),
        key("kong", &Shape::Object(&CHAOS_RATE), "regions are lost"),
    ],
    shared: &[],
};

pub(crate) static CHAOS_RATE: Object = Object {
    name: "how chaos strikes",
    doc: "At random times, one at a time of those that chaos has not taken already; what is lost comes back after `down`.",
    keys: &[
        key("rate", &Shape::Rate, "how often, in all: `6/h`").default("1/m"),
        key("down", &Shape::Duration, "how long each is away").default("30s"),
        key(
            "services",
            &Shape::OneOf(&[&SERVICE, &Shape::List(&SERVICE)]),
            "only instances of these services",
        )
        .default("all")
        .also(&["service"]),
        key(
            "hours",
            &Shape::List(&Shape::Number),
            "only between these hours of each day, such as `[9, 15]`; the run begins at midnight",
        )
        .default("all day"),
    ],
    shared: &[],
};

pub(crate) static LOAD: Object = Object {
    name: "a change of load",
    doc: "The rate, or the number of users, times a factor.",
    keys: &[
        key("factor", &Shape::Number, "how many times as much").required(),
        key("workload", &Shape::Name(Names::Workload), "only this workload").default("all"),
    ],
    shared: &[],
};
