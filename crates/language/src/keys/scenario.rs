//! What may happen during a run.

use super::{Key, Names, Object, Shape, key, later};
use crate::limits::MAX_INSTANCES;

static SERVICE: Shape = Shape::Name(Names::Service);
static SOME: Shape = Shape::Count { least: 1, most: MAX_INSTANCES };

/// A happening: when, and one of the troubles.
pub(crate) static HAPPENING: Object = Object {
    name: "a happening",
    doc: "Something that happens at a time, and may end again.",
    keys: &[
        key("at", &Shape::Duration, "when, counted from the end of the warm-up").required(),
        key("for", &Shape::Duration, "how long; then it ends").default("to the end of the run"),
    ],
    shared: TROUBLES,
};

/// Exactly one of them in a happening.
pub(crate) static TROUBLES: &[Key] = &[
    key("kill", &Shape::Object(&KILL), "instances die: what is there is lost; with `for` they come back"),
    key(
        "pause",
        &Shape::Object(&PAUSE),
        "nothing on these instances makes progress; then it goes on where it stood",
    ),
    key("slow", &Shape::Object(&SLOW), "work takes longer, also what is being worked on"),
    key("delay", &Shape::Object(&DELAY), "the network takes longer"),
    key("error", &Shape::Object(&ERROR), "a share of requests is answered with an error"),
    key(
        "lose",
        &Shape::Object(&LOSE),
        "a zone, a region or a service cannot be reached, and what is there is lost",
    ),
    key("load", &Shape::Object(&LOAD), "workloads grow or shrink"),
    later("partition", "parts of the network cannot reach each other"),
    later("restart", "instances start again"),
    later("flush", "a cache loses what it holds"),
    later("deploy", "a new version comes out"),
    later("set", "a setting changes"),
];

const TARGET_SERVICE: Key = key("service", &SERVICE, "the service").required();
const N_INSTANCES: Key = key("instances", &SOME, "only so many of its instances").default("all");
const ZONE: Key =
    key("zone", &Shape::Name(Names::Zone), "only its instances in this zone").default("all zones");
const SHARE: Key =
    key("share", &Shape::Share, "only this share of its instances, rounded up").default("100%");

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

pub(crate) static PAUSE: Object = Object {
    name: "the target of `pause`",
    doc: "Nothing on these instances makes progress; arrivals queue.",
    keys: &[TARGET_SERVICE, N_INSTANCES, SHARE, ZONE],
    shared: &[],
};

pub(crate) static SLOW: Object = Object {
    name: "the target of `slow`",
    doc: "Work on these instances takes `factor` times as long.",
    keys: &[
        TARGET_SERVICE,
        key("factor", &Shape::Number, "how many times as long work takes").required(),
        N_INSTANCES,
        SHARE,
        ZONE,
    ],
    shared: &[],
};

pub(crate) static DELAY: Object = Object {
    name: "the target of `delay`",
    doc: "Matching calls take `add` longer on the network: half on the way there, half on the way back.",
    keys: &[
        key(
            "call",
            &Shape::Name(Names::CallPath),
            "calls from one service (or endpoint) to another: `web -> users`",
        ),
        key("service", &SERVICE, "all calls to this service, also from users; instead of `call`"),
        key("add", &Shape::Law, "how much longer a call takes").required(),
        later("instances", "only so many of its instances"),
        later("share", "only this share of its instances"),
        later("zone", "only its instances in this zone"),
    ],
    shared: &[],
};

pub(crate) static ERROR: Object = Object {
    name: "the target of `error`",
    doc: "Requests to these instances are answered with an error when they arrive.",
    keys: &[
        TARGET_SERVICE,
        key("share", &Shape::Share, "the share of requests").required(),
        N_INSTANCES,
        ZONE,
    ],
    shared: &[],
};

pub(crate) static LOSE: Object = Object {
    name: "what is lost",
    doc: "Exactly one of them.",
    keys: &[
        key("zone", &Shape::Name(Names::Zone), "everything in this zone, such as `us-east-1/a`"),
        key("region", &Shape::Name(Names::Region), "everything in this region"),
        key("service", &SERVICE, "every instance of this service"),
        later("instances", "only so many of its instances"),
        later("share", "only this share of its instances"),
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
