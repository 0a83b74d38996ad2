//! The families of distributions and their parameters.

/// A function such as `gamma(mean=5ms, cv=0.5)`.
pub(crate) struct Family {
    pub(crate) name: &'static str,
    /// How it is written, for messages and the reference. Several if there are several ways.
    pub(crate) forms: &'static [&'static [Parameter]],
    pub(crate) example: &'static str,
    pub(crate) doc: &'static str,
    /// As `arrivals` of a workload, without its mean; `None` if it cannot be.
    pub(crate) as_arrivals: Option<&'static str>,
}

pub(crate) struct Parameter {
    pub(crate) name: &'static str,
    pub(crate) quantity: Quantity,
    pub(crate) optional: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Quantity {
    Duration,
    Number,
}

const fn duration(name: &'static str) -> Parameter {
    Parameter { name, quantity: Quantity::Duration, optional: false }
}

const fn number(name: &'static str) -> Parameter {
    Parameter { name, quantity: Quantity::Number, optional: false }
}

const fn or_without(parameter: Parameter) -> Parameter {
    Parameter { optional: true, ..parameter }
}

/// All but `mix` and `empirical`, whose arguments are not parameters.
pub(crate) static FAMILIES: &[Family] = &[
    Family {
        name: "exp",
        forms: &[&[duration("mean")]],
        example: "exp(5ms)",
        doc: "exponential with this mean",
        as_arrivals: Some("exp"),
    },
    Family {
        name: "uniform",
        forms: &[&[duration("low"), duration("high")]],
        example: "uniform(1ms, 3ms)",
        doc: "anything between the two, equally likely",
        as_arrivals: None,
    },
    Family {
        name: "normal",
        forms: &[&[duration("mean"), duration("sd")]],
        example: "normal(mean=5ms, sd=1ms)",
        doc: "normal, cut at 0: what would be negative is 0",
        as_arrivals: None,
    },
    Family {
        name: "lognormal",
        forms: &[&[duration("median"), duration("p99")], &[duration("mean"), number("cv")]],
        example: "lognormal(median=1ms, p99=4ms)",
        doc: "lognormal by its median and 99th percentile, or by its mean and coefficient of variation",
        as_arrivals: Some("lognormal(cv=1.5)"),
    },
    Family {
        name: "gamma",
        forms: &[&[duration("mean"), number("cv")]],
        example: "gamma(mean=5ms, cv=0.5)",
        doc: "gamma by its mean and coefficient of variation",
        as_arrivals: Some("gamma(cv=2)"),
    },
    Family {
        name: "erlang",
        forms: &[&[number("k"), duration("mean")]],
        example: "erlang(k=3, mean=5ms)",
        doc: "the sum of `k` equal exponentials; `mean` is the mean of the sum",
        as_arrivals: Some("erlang(k=3)"),
    },
    Family {
        name: "hyperexp",
        forms: &[&[duration("mean"), number("cv")]],
        example: "hyperexp(mean=5ms, cv=2)",
        doc: "one of two exponentials (balanced means), for a coefficient of variation of 1 or more",
        as_arrivals: Some("hyperexp(cv=2)"),
    },
    Family {
        name: "weibull",
        forms: &[&[duration("scale"), number("shape")]],
        example: "weibull(scale=5ms, shape=0.7)",
        doc: "Weibull; a shape below 1 has a heavier tail than the exponential",
        as_arrivals: Some("weibull(shape=0.7)"),
    },
    Family {
        name: "pareto",
        forms: &[&[duration("min"), number("alpha"), or_without(duration("max"))]],
        example: "pareto(min=1ms, alpha=1.5, max=10s)",
        doc: "Pareto from `min`, with the tail exponent `alpha`; drawn again when above `max`, if given",
        as_arrivals: Some("pareto(alpha=2.5)"),
    },
];
