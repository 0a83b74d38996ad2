//! The keys of the language, once: names, meanings, defaults and the shape of their values.
//!
//! The lowering asks these tables which keys there are, and the JSON Schema and the reference are
//! made from them, so that none of the three can say something else than the others.

mod call;
mod distributions;
mod guard;
mod presets;
mod protection;
mod replication;
mod scenario;
mod segmentation;
mod service;
mod steps;
mod top;
mod words;
mod workload;

pub(crate) use call::{BACKOFF, BUDGET, CALL_OPTIONS, CONNECTIONS, LAYERED, Layered, RETRY};
pub(crate) use distributions::{FAMILIES, Family, Parameter, Quantity};
pub(crate) use guard::{CODEL, DISCOVERY, HEALTH, LIMIT, QUEUE, RATE_LIMIT, SHED};
pub(crate) use presets::{CALL_PRESETS, CallPreset};
pub(crate) use protection::{BREAKER, CONNECT, DEADLINE_OBJECT, HEDGE, OUTLIER, THROTTLE};
pub(crate) use replication::{REPLICATION, REPLICATION_DEFAULTS, ReplicationPreset, level_of};
pub(crate) use scenario::{
    CHAOS, CHAOS_RATE, COLD, DELAY, ERROR, FLUSH, FREEZE, HAPPENING, KILL, LEAK, LOAD, LOSE, LOSS, PARTITION,
    PAUSE, PIN, RESTART, SET, SLOW, STALL, STRIKE, TROUBLES,
};
pub(crate) use segmentation::{RULE, SEGMENTATION};
pub(crate) use service::{AVAILABILITY, INSTANCES, PRESETS, Preset, SERVICE, SERVICE_DEFAULTS};
pub(crate) use steps::{BRANCHES, CACHE, CONFLICT_RETRY, OPTION, STEPS};
pub(crate) use top::{DEFAULTS, NETWORK, REGION, TOP};
pub(crate) use words::{
    ASKED, BALANCES, CHAOSES, DISCOVERIES, ERRORS, FAILURES, JITTERS, KINDS, LEVELS, LIMITS, METRICS, ORDERS,
    PRIORITIES, RELATIONS, REPLICATION_PRESETS, SCHEDULINGS,
};
pub(crate) use workload::{SHAPE_STEP, WORKLOAD};

/// All objects but the steps.
pub(crate) static OBJECTS: &[&Object] = &[
    &TOP,
    &REGION,
    &NETWORK,
    &DEFAULTS,
    &SERVICE,
    &INSTANCES,
    &AVAILABILITY,
    &REPLICATION,
    &QUEUE,
    &CODEL,
    &LIMIT,
    &RATE_LIMIT,
    &SHED,
    &DISCOVERY,
    &HEALTH,
    &CALL_OPTIONS,
    &DEADLINE_OBJECT,
    &RETRY,
    &BACKOFF,
    &BUDGET,
    &HEDGE,
    &BREAKER,
    &OUTLIER,
    &THROTTLE,
    &CONNECT,
    &CONNECTIONS,
    &BRANCHES,
    &OPTION,
    &CACHE,
    &CONFLICT_RETRY,
    &WORKLOAD,
    &SHAPE_STEP,
    &HAPPENING,
    &KILL,
    &RESTART,
    &COLD,
    &PAUSE,
    &STALL,
    &SLOW,
    &LEAK,
    &DELAY,
    &LOSS,
    &PARTITION,
    &ERROR,
    &PIN,
    &FREEZE,
    &FLUSH,
    &LOSE,
    &CHAOS,
    &CHAOS_RATE,
    &SEGMENTATION,
    &RULE,
    &LOAD,
    &SET,
];

/// A mapping with known keys.
pub(crate) struct Object {
    /// As messages call it: «a service».
    pub(crate) name: &'static str,
    pub(crate) doc: &'static str,
    pub(crate) keys: &'static [Key],
    /// More keys, shared with other objects.
    pub(crate) shared: &'static [&'static [Key]],
}

pub(crate) struct Key {
    pub(crate) name: &'static str,
    pub(crate) doc: &'static str,
    pub(crate) shape: &'static Shape,
    pub(crate) default: Option<&'static str>,
    pub(crate) status: Status,
    /// Other names people give it; a suggestion, never an alias.
    pub(crate) also: &'static [&'static str],
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Status {
    Built,
    Required,
    /// In the language, but not simulated yet: refused by name.
    Later,
}

/// What a value may be.
pub(crate) enum Shape {
    Text,
    Flag,
    Count {
        least: u64,
        most: u64,
    },
    Number,
    Share,
    Duration,
    Rate,
    Size,
    Bandwidth,
    /// A distribution of durations.
    Law,
    /// A law of gaps without its mean.
    Arrivals,
    Objective,
    /// `p95`.
    Quantile,
    /// `2 round trips`, or a bare number of them.
    RoundTrips,
    /// The name of one of [`CALL_PRESETS`].
    PresetName,
    /// A name that must be declared elsewhere in the file.
    Name(Names),
    Word(&'static [Word]),
    Object(&'static Object),
    List(&'static Shape),
    /// A mapping whose keys the file chooses; how these are called, and their pattern if they have one.
    Map {
        keys: &'static str,
        pattern: Option<&'static str>,
        value: &'static Shape,
    },
    /// A step or a list of steps.
    Steps,
    /// `[0s, 100/s]`.
    Point,
    OneOf(&'static [&'static Shape]),
    /// Left empty.
    Nothing,
    /// Only in later versions; anything.
    Anything,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Names {
    Service,
    Endpoint,
    Zone,
    Region,
    /// A service, a zone, a region, or the users.
    Place,
    Workload,
    /// `web -> users`.
    CallPath,
    /// `edge -> data`, also `a -> b -> c` and `a <-> b`.
    Way,
}

/// One of the words that may stand somewhere.
pub(crate) struct Word {
    pub(crate) name: &'static str,
    pub(crate) doc: &'static str,
}

pub(crate) const fn word(name: &'static str, doc: &'static str) -> Word {
    Word { name, doc }
}

pub(crate) const fn key(name: &'static str, shape: &'static Shape, doc: &'static str) -> Key {
    Key { name, doc, shape, default: None, status: Status::Built, also: &[] }
}

/// A key of the language that is not simulated yet.
pub(crate) const fn later(name: &'static str, doc: &'static str) -> Key {
    Key { name, doc, shape: &Shape::Anything, default: None, status: Status::Later, also: &[] }
}

impl Key {
    pub(crate) const fn default(mut self, default: &'static str) -> Key {
        self.default = Some(default);
        self
    }

    /// Whether a file may use it.
    pub(crate) fn is_built(&self) -> bool {
        self.status != Status::Later
    }

    pub(crate) const fn required(mut self) -> Key {
        self.status = Status::Required;
        self
    }

    pub(crate) const fn also(mut self, also: &'static [&'static str]) -> Key {
        self.also = also;
        self
    }
}

impl Object {
    pub(crate) fn keys(&self) -> impl Iterator<Item = &'static Key> {
        self.keys.iter().chain(self.shared.iter().copied().flatten())
    }

    /// Of a step: the key that says which it is.
    pub(crate) fn verb(&self) -> &'static Key {
        &self.keys[0]
    }

    pub(crate) fn key(&self, name: &str) -> Option<&'static Key> {
        self.keys().find(|key| key.name == name)
    }
}

/// A word or `none`, for what `defaults` may have turned on.
pub(crate) static NONE: Shape = Shape::Word(&[word("none", "nothing of the kind, whatever `defaults` say")]);

/// The word for no limit at all.
pub(crate) static UNLIMITED: Shape = Shape::Word(&[word("unlimited", "no limit, whatever `defaults` say")]);
