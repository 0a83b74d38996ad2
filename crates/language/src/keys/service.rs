//! A service, and what its kind fills in.

use tarsier_model::Kind;

use super::guard::{BULKHEADS, DISCOVERY, HEALTH, LIMIT, QUEUE, RATE_LIMIT, SHED};
use super::replication::REPLICATION;
use super::words::{KINDS, SCHEDULINGS};
use super::{Key, NONE, Names, Object, Shape, UNLIMITED, key, later, word};
use crate::limits::{MAX_CORES, MAX_COUNT, MAX_INSTANCES};

pub(crate) static SERVICE: Object = Object {
    name: "a service",
    doc: "A number of equal instances that answer requests.",
    keys: &[
        key("do", &Shape::Steps, "the steps of its only endpoint").also(&["steps"]),
        key(
            "endpoints",
            &Shape::Map { keys: "ENDPOINT", pattern: None, value: &Shape::Steps },
            "the steps of each endpoint, by name; instead of `do`",
        ),
        key(
            "replication",
            &Shape::Object(&REPLICATION),
            "keeps several copies of each key; its `endpoints` are then what a replica does",
        )
        .default("none")
        .also(&["replicated", "consistency", "quorum"]),
    ],
    shared: &[SETTINGS],
};

/// `defaults: { service: … }`.
pub(crate) static SERVICE_DEFAULTS: Object = Object {
    name: "the defaults of services",
    doc: "What holds for every service that does not say otherwise.",
    keys: SETTINGS,
    shared: &[],
};

static SETTINGS: &[Key] = &[
    key("kind", &Shape::Word(KINDS), "what it is: the icon, and the defaults that go with it").default("service").also(&["type"]),
    key(
        "instances",
        &Shape::OneOf(&[&N_INSTANCES, &Shape::Object(&INSTANCES)]),
        "how many, in all; spread evenly over all zones of its `regions`, first zones first",
    )
    .default("1")
    .also(&["replicas", "count", "scale"]),
    key(
        "regions",
        &Shape::OneOf(&[&ALL_REGIONS, &A_REGION, &Shape::List(&A_REGION)]),
        "the regions it stands in: one, or a list",
    )
    .default("all regions")
    .also(&["region"]),
    key("cores", &Shape::Count { least: 1, most: MAX_CORES }, "CPU cores of an instance; `work` needs one")
        .default("1")
        .also(&["cpu", "cpus"]),
    key("scheduling", &Shape::Word(SCHEDULINGS), "who gets a core").default("fifo"),
    key("speed", &Shape::Number, "how fast its cores are; `work` takes 1/speed as long").default("1.0"),
    key(
        "drag",
        &Shape::Share,
        "each other request on the instance makes work that begins take this share longer: garbage collection, \
         thrashing, keeping caches coherent; `tarsier check` leaves it out of its sums",
    )
    .default("0%"),
    key(
        "workers",
        &Shape::OneOf(&[&UNLIMITED, &Shape::Count { least: 1, most: MAX_COUNT }]),
        "requests in service at once on an instance; a request holds its worker from its start to its reply, also \
         while it waits for others",
    )
    .default("unlimited")
    .also(&["threads", "concurrency"]),
    key(
        "queue",
        &Shape::OneOf(&[&UNLIMITED, &Shape::Count { least: 0, most: MAX_COUNT }, &Shape::Object(&QUEUE)]),
        "how many may wait on an instance for a worker or, with unlimited workers, for their first core; one more is \
         refused at once",
    )
    .default("unlimited"),
    key(
        "limit",
        &Shape::OneOf(&[&NONE, &Shape::Count { least: 1, most: MAX_COUNT }, &Shape::Object(&LIMIT)]),
        "requests on an instance at once, in service and waiting; one more is refused at once",
    )
    .default("none")
    .also(&["concurrency-limit", "max-requests"]),
    key(
        "rate-limit",
        &Shape::OneOf(&[&NONE, &Shape::Rate, &Shape::Object(&RATE_LIMIT)]),
        "requests that an instance takes in; more are refused at once",
    )
    .default("none")
    .also(&["throttle", "ratelimit"]),
    key("shed", &Shape::OneOf(&[&NONE, &Shape::Object(&SHED)]), "which requests are refused first, by `priority`")
        .default("none")
        .also(&["shedding", "load-shedding"]),
    key(
        "bulkheads",
        &Shape::OneOf(&[&NONE, &BULKHEADS]),
        "requests on an instance at once, in service and waiting, by the service that calls; `users` are those of the \
         workloads, `others` is for each service that is not named",
    )
    .default("none")
    .also(&["bulkhead"]),
    key("discovery", &Shape::OneOf(&[&NONE, &Shape::Object(&DISCOVERY)]), "how callers learn which instances there are")
        .default("none: they know at once")
        .also(&["registry", "dns"]),
    key("health", &Shape::OneOf(&[&NONE, &Shape::Object(&HEALTH)]), "instances that fail checks are delisted")
        .default("none")
        .also(&["health-check", "healthcheck", "probe"]),
    key(
        "availability",
        &Shape::OneOf(&[&Shape::Share, &Shape::Object(&AVAILABILITY)]),
        "the share of the time that an instance is up, whatever happens to the others; `tarsier check` computes with \
         it, in a run instances fail as its scenario says",
    )
    .default("100%"),
    later("on", "the platform it runs on"),
    later("autoscale", "how instances come and go"),
    later("deploy", "how a new version is brought out"),
    later("version", "the version that runs"),
    later("calls", "where its calls go, by version"),
];

static A_REGION: Shape = Shape::Name(Names::Region);
static ALL_REGIONS: Shape = Shape::Word(&[word("all", "every region, whatever `defaults` say")]);
static N_INSTANCES: Shape = Shape::Count { least: 1, most: MAX_INSTANCES };

pub(crate) static INSTANCES: Object = Object {
    name: "the instances of a service",
    doc: "How many instances stand where.",
    keys: &[
        key("per-zone", &N_INSTANCES, "how many in every zone; beside no other key"),
        key(
            "per-region",
            &N_INSTANCES,
            "how many in every region, spread evenly over its zones; beside no other key",
        ),
        later("min", "the fewest of an autoscaled service"),
        later("max", "the most of an autoscaled service"),
        later("start", "how many of an autoscaled service at the start"),
    ],
    shared: &[],
};

pub(crate) static AVAILABILITY: Object = Object {
    name: "the availability of an instance",
    doc: "How often an instance fails and how long it is then away: it is up for `mtbf / (mtbf + mttr)` of the time.",
    keys: &[
        key("mtbf", &Shape::Duration, "how long it is up between two failures, on average").required(),
        key("mttr", &Shape::Duration, "how long it takes to be up again, on average").required(),
    ],
    shared: &[],
};

/// What a kind fills in where neither the service nor `defaults` says anything.
pub(crate) struct Preset {
    pub(crate) kind: Kind,
    pub(crate) name: &'static str,
    /// `None` leaves the default of all services.
    pub(crate) cores: Option<u32>,
}

/// In the order of the words in [`KINDS`].
pub(crate) static PRESETS: &[Preset] = &[
    preset(Kind::Service),
    preset(Kind::Gateway),
    preset(Kind::LoadBalancer),
    preset(Kind::Cache),
    preset(Kind::Store),
    preset(Kind::ReplicatedStore),
    preset(Kind::Queue),
    preset(Kind::Function),
    Preset { cores: Some(SOMEBODY_ELSES_CORES), ..preset(Kind::External) },
    Preset { cores: Some(SOMEBODY_ELSES_CORES), ..preset(Kind::EdgeDns) },
];

/// So many that nobody waits for one.
const SOMEBODY_ELSES_CORES: u32 = 1_000;

const fn preset(kind: Kind) -> Preset {
    Preset { kind, name: kind.name(), cores: None }
}
