//! The steps of an endpoint. Each kind of step is an object whose first key names it.

use super::call::{ASK_KEYS, CALL_KEYS, PUBLISH_KEYS};
use super::{Key, Names, Object, Shape, key, word};
use crate::limits::{MAX_BRANCHES, MAX_REPEATS};

static TIMES: Shape = Shape::Count { least: 1, most: MAX_BRANCHES };
static NEED: Shape =
    Shape::OneOf(&[&TIMES, &Shape::Word(&[word("any", "after one"), word("all", "after all")])]);
const NEED_KEY: Key = key("need", &NEED, "goes on after so many branches have ended").default("all");

pub(crate) static STEPS: &[Object] = &[
    Object {
        name: "a `work` step",
        doc: "CPU time on a core of this instance.",
        keys: &[key("work", &Shape::Law, "how long a core of this instance is busy").required().also(&["cpu", "compute"])],
        shared: &[],
    },
    Object {
        name: "a `wait` step",
        doc: "Time passing without a core: a disk, a lock, a third party.",
        keys: &[key("wait", &Shape::Law, "how long it takes").required().also(&["sleep", "delay", "io", "latency"])],
        shared: &[],
    },
    Object {
        name: "a `call` step",
        doc: "A remote call, waited for.",
        keys: &[key("call", &Shape::Name(Names::Endpoint), "the service called, or `SERVICE/ENDPOINT`").required()],
        shared: CALL_KEYS,
    },
    Object {
        name: "a `parallel` step",
        doc: "Branches at once; goes on when all have ended. A branch that fails fails the step at once; with `need`, \
              when too few are left.",
        keys: &[
            key(
                "parallel",
                &Shape::OneOf(&[&Shape::List(&Shape::Steps), &Shape::Object(&BRANCHES)]),
                "the branches, each a step or a list of steps; or `{ times: 100, do: [...] }` for equal ones",
            )
            .required(),
            NEED_KEY,
        ],
        shared: &[],
    },
    Object {
        name: "a `choose` step",
        doc: "One branch by chance; the shares sum to 100%.",
        keys: &[
            key(
                "choose",
                &Shape::OneOf(&[
                    &Shape::List(&Shape::Object(&OPTION)),
                    &Shape::Map { keys: "SHARE", pattern: Some(super::super::schema::SHARE), value: &Shape::Steps },
                ]),
                "the branches with their shares; the short form `{ 70%: [...], 30%: [...] }` is for shares that differ",
            )
            .required(),
        ],
        shared: &[],
    },
    Object {
        name: "a `maybe` step",
        doc: "Steps taken with this chance.",
        keys: &[key("maybe", &Shape::Share, "the chance").required(), DO_KEY],
        shared: &[],
    },
    Object {
        name: "a `repeat` step",
        doc: "Steps taken several times, one after the other.",
        keys: &[
            key("repeat", &Shape::Count { least: 1, most: MAX_REPEATS }, "how often").required().also(&["times", "loop"]),
            DO_KEY,
        ],
        shared: &[],
    },
    Object {
        name: "a `cache` step",
        doc: "Asks a cache; on a miss, or when asking fails, runs other steps and then writes back without waiting.",
        keys: &[key("cache", &Shape::Object(&CACHE), "whom to ask, and what to do on a miss").required()],
        shared: &[],
    },
    Object {
        name: "a `publish` step",
        doc: "Sends without waiting for the answer.",
        keys: &[
            key("publish", &Shape::Name(Names::Endpoint), "the service it goes to, or `SERVICE/ENDPOINT`")
                .required()
                .also(&["send", "emit"]),
        ],
        shared: PUBLISH_KEYS,
    },
    Object {
        name: "a `fail` step",
        doc: "The endpoint answers with an error, with this chance.",
        keys: &[key("fail", &Shape::Share, "the chance").required().also(&["error"])],
        shared: &[],
    },
];

const DO_KEY: Key = key("do", &Shape::Steps, "the steps").required();

/// `parallel: { times: 100, do: [...] }`.
pub(crate) static BRANCHES: Object = Object {
    name: "equal branches",
    doc: "Many equal branches at once.",
    keys: &[key("times", &TIMES, "how many").required(), DO_KEY, NEED_KEY],
    shared: &[],
};

/// One of the branches of `choose`.
pub(crate) static OPTION: Object = Object {
    name: "a branch of `choose`",
    doc: "A branch and its share.",
    keys: &[key("share", &Shape::Share, "the chance of this branch").required(), DO_KEY],
    shared: &[],
};

pub(crate) static CACHE: Object = Object {
    name: "a cache",
    doc: "Whom a `cache` step asks, and what it does on a miss.",
    keys: &[
        key("in", &Shape::Name(Names::Endpoint), "the service asked, or `SERVICE/ENDPOINT`").required(),
        key("hit", &Shape::Share, "the share of askings that find what they look for").required(),
        key("miss", &Shape::Steps, "what to do on a miss").default("nothing"),
        key("fill", &Shape::Flag, "whether a miss writes back to the same endpoint, without waiting")
            .default("true"),
    ],
    shared: ASK_KEYS,
};
