//! Who may talk to whom.

use super::{Names, Object, Shape, key, word};

static MEMBER: Shape = Shape::Name(Names::Place);
static WAY: Shape = Shape::Name(Names::Way);
static WAYS: Shape = Shape::OneOf(&[&WAY, &Shape::List(&WAY)]);
static SERVICES: Shape = Shape::List(&Shape::Name(Names::Service));

pub(crate) static SEGMENTATION: Object = Object {
    name: "the segmentation",
    doc: "Which calls are allowed, and which services must not fail together.",
    keys: &[
        key(
            "groups",
            &Shape::Map { keys: "GROUP", pattern: None, value: &Shape::OneOf(&[&MEMBER, &Shape::List(&MEMBER)]) },
            "names for several at once: services, zones (all that stands there), regions, `kind store` (all services of a kind), \
             `users`",
        )
        .also(&["tiers", "segments"]),
        key("rules", &Shape::List(&Shape::Object(&RULE)), "who may call whom; the first that matches decides").also(&["policy"]),
        key(
            "default",
            &Shape::Word(&[
                word("allow", "what no rule speaks of is allowed"),
                word("deny", "what no rule speaks of is forbidden"),
            ]),
            "what holds where no rule matches",
        )
        .default("`deny` if a rule allows something, otherwise `allow`"),
        key(
            "enforce",
            &Shape::Word(&[
                word("check", "a forbidden call is a mistake of the file"),
                word("runtime", "a forbidden call is refused when it is made"),
            ]),
            "what becomes of forbidden calls",
        )
        .default("check"),
        key(
            "independent",
            &Shape::OneOf(&[&SERVICES, &Shape::List(&SERVICES)]),
            "services that no single failure may take down together: `[y, z]`, or several such lists",
        ),
    ],
    shared: &[],
};

pub(crate) static RULE: Object = Object {
    name: "a rule of the segmentation",
    doc: "Exactly one of them. Ends are groups or what may stand in one, and `anyone`; `a -> b -> c` is short for `a -> b` and \
          `b -> c`, `a <-> b` for both ways.",
    keys: &[key("allow", &WAYS, "calls that are allowed"), key("deny", &WAYS, "calls that are forbidden")],
    shared: &[],
};
