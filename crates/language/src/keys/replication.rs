//! What a store that keeps several copies does.

use tarsier_model::Level;

use super::words::{ASKED, LEVELS, REPLICATION_PRESETS};
use super::{NONE, Object, Shape, key};
use crate::limits::{MAX_COPIES, MAX_KEYS};

static COPIES: Shape = Shape::Count { least: 1, most: MAX_COPIES };
static LEVEL: Shape = Shape::OneOf(&[&Shape::Word(LEVELS), &COPIES]);
static LEVELS_OF: Shape = Shape::OneOf(&[
    &Shape::Word(LEVELS),
    &COPIES,
    &Shape::Map { keys: "ENDPOINT", pattern: None, value: &LEVEL },
]);

pub(crate) static REPLICATION: Object = Object {
    name: "the replication of a store",
    doc: "Every key has copies on several instances. An instance that gets a request coordinates it: it asks the replicas \
          of the request's key and answers when as many have answered as the consistency level needs.",
    keys: &[
        key("preset", &Shape::Word(REPLICATION_PRESETS), "the system whose defaults hold").default("cassandra"),
        key("factor", &COPIES, "copies of a key in each region where the store stands, each in a zone of its own if there are \
             enough zones")
            .default("3")
            .also(&["replication-factor", "n", "n_val", "rf", "copies"]),
        key(
            "read",
            &LEVELS_OF,
            "how many replicas must answer a read: the level of the endpoint `read`, or the levels of endpoints that read by \
             their names",
        )
        .default("that of the preset")
        .also(&["r", "reads", "read-consistency"]),
        key("write", &LEVELS_OF, "the same for writes and the endpoint `write`")
            .default("that of the preset")
            .also(&["w", "writes", "write-consistency"]),
        key("keys", &Shape::Count { least: 1, most: MAX_KEYS }, "how many different keys are asked for").default("10000"),
        key(
            "skew",
            &Shape::Number,
            "the exponent of Zipf's law by which some keys are asked for more than others; 0 is all alike",
        )
        .default("0")
        .also(&["zipf"]),
        key("coordinator", &Shape::Law, "CPU time of the coordinator on a core before it asks").default("none"),
        key("asked", &Shape::Word(ASKED), "which replicas a read is sent to; a write is sent to all").default("that of the preset"),
        key(
            "read-repair",
            &Shape::Share,
            "the chance that a read which got different answers has the newest written to the replicas that had older ones; \
             nobody waits for that",
        )
        .default("100%"),
        key(
            "hints",
            &Shape::OneOf(&[&NONE, &Shape::Rate]),
            "writes that a replica has missed are kept by their coordinator and replayed when it is back, so many a second \
             from each coordinator to each replica",
        )
        .default("1000/s")
        .also(&["hinted-handoff", "handoff"]),
        key("read-timeout", &Shape::Duration, "how long a coordinator waits for a replica's answer to a read").default("5s"),
        key("write-timeout", &Shape::Duration, "the same for a write").default("2s"),
    ],
    shared: &[],
};

/// What a system does where a file says nothing.
pub(crate) struct ReplicationPreset {
    pub(crate) name: &'static str,
    pub(crate) read: Level,
    pub(crate) write: Level,
    pub(crate) asks_all: bool,
}

/// In the order of the words.
pub(crate) static REPLICATION_DEFAULTS: &[ReplicationPreset] = &[
    ReplicationPreset { name: "cassandra", read: Level::LocalOne, write: Level::LocalOne, asks_all: false },
    ReplicationPreset { name: "riak", read: Level::LocalQuorum, write: Level::LocalQuorum, asks_all: true },
    ReplicationPreset { name: "dynamo", read: Level::Count(2), write: Level::Count(2), asks_all: true },
];

/// A level by its word.
pub(crate) fn level_of(word: &str) -> Option<Level> {
    Some(match word {
        "one" => Level::One,
        "local-one" => Level::LocalOne,
        "quorum" => Level::Quorum,
        "local-quorum" => Level::LocalQuorum,
        "all" => Level::All,
        _ => return None,
    })
}
