//! The top level, regions and the network.

use super::{
    CALL_OPTIONS, HAPPENING, NONE, Object, SEGMENTATION, SERVICE, SERVICE_DEFAULTS, Shape, WORKLOAD, key,
    later,
};

pub(crate) static TOP: Object = Object {
    name: "an architecture",
    doc: "An architecture, its load, what may happen to it and what it must keep.",
    keys: &[
        key("architecture", &Shape::Text, "its name").default("the name of the file").also(&["name"]),
        key("description", &Shape::Text, "what it is, in a sentence or two").default("none"),
        key(
            "regions",
            &Shape::Map {
                keys: "REGION",
                pattern: None,
                value: &Shape::OneOf(&[&Shape::Object(&REGION), &Shape::Nothing]),
            },
            "where instances can stand",
        )
        .default("one region `us-east-1` with the zones a, b and c"),
        key(
            "network",
            &Shape::OneOf(&[&NONE, &Shape::Object(&NETWORK)]),
            "how long messages take; `none` makes every hop take no time",
        )
        .default("a public cloud"),
        key(
            "defaults",
            &Shape::Object(&DEFAULTS),
            "what holds wherever a service or a call does not say otherwise",
        ),
        key(
            "services",
            &Shape::Map { keys: "SERVICE", pattern: None, value: &Shape::Object(&SERVICE) },
            "the services, by name",
        )
        .required()
        .also(&["service"]),
        key(
            "workload",
            &Shape::Map { keys: "WORKLOAD", pattern: None, value: &Shape::Object(&WORKLOAD) },
            "the sources of requests, by name",
        )
        .also(&["workloads", "load", "traffic", "users"]),
        key(
            "scenarios",
            &Shape::Map {
                keys: "SCENARIO",
                pattern: None,
                value: &Shape::OneOf(&[&Shape::Object(&HAPPENING), &Shape::List(&Shape::Object(&HAPPENING))]),
            },
            "what may happen, by name: lists of happenings",
        )
        .also(&["scenario", "chaos", "faults"]),
        key(
            "slo",
            &Shape::OneOf(&[&Shape::Objective, &Shape::List(&Shape::Objective)]),
            "what must be kept: `NAME METRIC OP VALUE`",
        )
        .also(&["slos", "objectives"]),
        later("platforms", "what services run on: start-up time, price, memory"),
        key(
            "segmentation",
            &Shape::Object(&SEGMENTATION),
            "who may call whom, and what must not fail together",
        )
        .default("everybody may call everybody")
        .also(&["network-policy", "firewall", "security"]),
    ],
    shared: &[],
};

pub(crate) static DEFAULTS: Object = Object {
    name: "the defaults",
    doc: "What holds wherever a service or a call does not say otherwise.",
    keys: &[
        key("call", &Shape::Object(&CALL_OPTIONS), "for every call; not for the users of a workload"),
        key("service", &Shape::Object(&SERVICE_DEFAULTS), "for every service"),
    ],
    shared: &[],
};

pub(crate) static REGION: Object = Object {
    name: "a region",
    doc: "A region and its zones.",
    keys: &[key("zones", &Shape::List(&Shape::Text), "the names of its zones").default("a, b and c")],
    shared: &[],
};

/// Besides these keys it has pairs of regions.
pub(crate) static NETWORK: Object = Object {
    name: "the network",
    doc: "One-way latency by locality, as distributions; and what holds on every hop between services but `same-host`.",
    keys: &[
        key("users", &Shape::Law, "from users to the first service, and back").default("0s"),
        key("same-host", &Shape::Law, "within a host").default("10us + exp(5us)"),
        key("same-zone", &Shape::Law, "within a zone").default("75us + exp(25us)"),
        key("cross-zone", &Shape::Law, "between zones of a region").default("400us + exp(100us)"),
        key("cross-region", &Shape::Law, "between regions").default("34ms + exp(1ms)"),
        key("bandwidth", &Shape::Bandwidth, "how fast a message is put on the wire").default("unlimited"),
        key(
            "loss",
            &Shape::Share,
            "share of messages lost; a lost message is sent again after TCP's timeout",
        )
        .default("0%"),
    ],
    shared: &[],
};
