//! The steps of an endpoint. Each kind of step is an object whose first key names it.

use super::call::{AGAIN_KEYS, ASK_KEYS, ATTEMPTS, CALL_KEYS, PUBLISH_KEYS};
use super::{Key, NONE, Names, Object, Shape, key, word};
use crate::limits::{MAX_BRANCHES, MAX_COUNT, MAX_REPEATS};

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
        doc: "Sends without waiting for the answer. Who publishes knows of no load: a `balance` by load (`least-requests`, `p2c`, \
              `ewma`) chooses at random.",
        keys: &[
            key("publish", &Shape::Name(Names::Endpoint), "the service it goes to, or `SERVICE/ENDPOINT`")
                .required()
                .also(&["send", "emit"]),
        ],
        shared: PUBLISH_KEYS,
    },
    Object {
        name: "a `lock` step",
        doc: "Steps that not everybody may take at once: others wait, first come first served. Each instance has locks of its \
              own, which all endpoints of the service share.",
        keys: &[
            key("lock", &Shape::Text, "the name of the lock").required().also(&["mutex", "semaphore", "critical"]),
            key("permits", &Shape::Count { least: 1, most: MAX_COUNT }, "how many may take them at once")
                .default("1, or what another step with this lock says"),
            DO_KEY,
        ],
        shared: &[],
    },
    Object {
        name: "a `conflict` step",
        doc: "Steps that fail if another request has done the same meanwhile: the version is noted, the steps run, and they count \
              only if nobody has committed since (compare and set). Each instance has versions of its own.",
        keys: &[
            key("conflict", &Shape::Text, "the name of what is changed").required().also(&["cas", "transaction"]),
            key(
                "retry",
                &Shape::OneOf(&[&NONE, &ATTEMPTS, &Shape::Object(&CONFLICT_RETRY)]),
                "runs them again after a conflict; a bare number is `attempts`",
            )
            .default("none: a conflict is an error"),
            DO_KEY,
        ],
        shared: &[],
    },
    Object {
        name: "a `fail` step",
        doc: "The endpoint answers with an error, with this chance.",
        keys: &[key("fail", &Shape::Share, "the chance").required().also(&["error"])],
        shared: &[],
    },
];

const DO_KEY: Key = key("do", &Shape::Steps, "the steps").required();

pub(crate) static CONFLICT_RETRY: Object = Object {
    name: "the retries of a conflict",
    doc: "The steps run again from the start.",
    keys: AGAIN_KEYS,
    shared: &[],
};

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
