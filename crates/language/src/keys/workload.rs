//! Who sends requests.

use super::call::USER_KEYS;
use super::{Names, Object, Shape, key};
use crate::limits::MAX_USERS;

static REGION: Shape = Shape::Name(Names::Region);

pub(crate) static WORKLOAD: Object = Object {
    name: "a workload",
    doc: "A source of requests: open with `rate`, or closed with `users`.",
    keys: &[
        key("rate", &Shape::Rate, "requests that arrive, whatever becomes of earlier ones").also(&["rps", "qps"]),
        key(
            "users",
            &Shape::Count { least: 1, most: MAX_USERS },
            "how many users; each thinks, sends, waits for the answer, and thinks again",
        ),
        key("think", &Shape::Law, "how long a user thinks; only with `users`").default("0s"),
        key(
            "arrivals",
            &Shape::Arrivals,
            "the gaps between arrivals: `poisson`, `regular`, or the family of a distribution without its mean, such as \
             `gamma(cv=2)`; only with `rate`",
        )
        .default("poisson"),
        key("to", &Shape::Name(Names::Endpoint), "where the requests go: `SERVICE` or `SERVICE/ENDPOINT`").also(&["target"]),
        key(
            "mix",
            &Shape::Map { keys: "SERVICE[/ENDPOINT]", pattern: None, value: &Shape::Share },
            "where they go, with shares that sum to 100%; instead of `to`",
        ),
        key(
            "shape",
            &Shape::OneOf(&[
                &Shape::Object(&SHAPE_STEP),
                &Shape::List(&Shape::OneOf(&[&Shape::Point, &Shape::Object(&SHAPE_STEP)])),
            ]),
            "how the load changes, in times counted from the end of the warm-up: points `[time, rate]`, linear in \
             between and constant outside, or steps that multiply",
        )
        .default("constant"),
        key("from", &Shape::OneOf(&[&REGION, &Shape::List(&REGION)]), "the regions its users are in, in equal shares")
            .default("all regions"),
    ],
    shared: USER_KEYS,
};

pub(crate) static SHAPE_STEP: Object = Object {
    name: "a step of a shape",
    doc: "For a while, the rate (or the number of users) times a factor.",
    keys: &[
        key("at", &Shape::Duration, "from when").required(),
        key("factor", &Shape::Number, "how many times as much").required(),
        key("for", &Shape::Duration, "for how long").default("to the end of the run"),
    ],
    shared: &[],
};
