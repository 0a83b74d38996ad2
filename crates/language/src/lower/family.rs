//! From the arguments of a family of distributions to a law.

use std::ops::Range;

use tarsier_random::Law;
use tarsier_units::parse;

use super::law::{Boxed, LawResult, LawText};
use super::nearest::{listed, nearest};
use crate::diagnostic::Diagnostic;
use crate::keys::{Family, Parameter, Quantity};

/// More phases than this are as good as constant, and cost time to draw.
const MAX_PHASES: f64 = 1_000.0;
/// What stands for the mean of a law of gaps until it is stretched to the rate.
const ANY_MEAN: f64 = 1e9;

/// An argument: its name, if it has one, and its value.
struct Argument {
    name: Option<Range<usize>>,
    value: Range<usize>,
}

/// `gamma(mean=5ms, cv=0.5)`.
pub(super) fn law(
    reader: &LawText<'_, '_>,
    family: &'static Family,
    arguments: Range<usize>,
    whole: &Range<usize>,
) -> LawResult<Law> {
    let arguments = read_arguments(reader, family, arguments)?;
    let form = chosen_form(reader, family, &arguments)?;
    let values = values(reader, family, form, &arguments)?;
    for (parameter, value) in form.iter().zip(&values) {
        if value.is_none() && !parameter.optional {
            let message = format!("`{}` needs `{}`", family.name, parameter.name);
            return Err(reader.wrong(whole, message).hint_boxed(format!("as in `{}`", family.example)));
        }
    }
    build(family, form, &values).map_err(|why| invalid(reader, family, whole, &why))
}

/// `gamma(cv=2)`: what is a duration is left out, because the rate says it.
pub(super) fn arrivals(
    reader: &LawText<'_, '_>,
    family: &'static Family,
    arguments: Range<usize>,
    whole: &Range<usize>,
) -> LawResult<Law> {
    let example = family.as_arrivals.unwrap_or(family.example);
    let arguments = read_arguments(reader, family, arguments)?;
    let form = chosen_form(reader, family, &arguments)?;
    let given = values(reader, family, form, &arguments)?;
    let mut filled = Vec::new();
    for (parameter, value) in form.iter().zip(given) {
        match (parameter.quantity, value) {
            (Quantity::Duration, Some(_)) => {
                let message =
                    format!("arrivals take no `{}`: the rate says how long gaps are", parameter.name);
                return Err(reader.wrong(whole, message).hint_boxed(format!("as in `{example}`")));
            }
            (Quantity::Duration, None) => filled.push((!parameter.optional).then_some(ANY_MEAN)),
            (Quantity::Number, None) => {
                let message = format!("`{}` needs `{}`", family.name, parameter.name);
                return Err(reader.wrong(whole, message).hint_boxed(format!("as in `{example}`")));
            }
            (Quantity::Number, Some(value)) => filled.push(Some(value)),
        }
    }
    build(family, form, &filled).map_err(|why| invalid(reader, family, whole, &why))
}

fn invalid(reader: &LawText<'_, '_>, family: &Family, whole: &Range<usize>, why: &str) -> Box<Diagnostic> {
    let message = format!("no `{}` has these parameters", family.name);
    reader.wrong(whole, message).label_boxed(why)
}

fn read_arguments(
    reader: &LawText<'_, '_>,
    family: &Family,
    arguments: Range<usize>,
) -> LawResult<Vec<Argument>> {
    if reader.slice(&arguments).trim().is_empty() {
        return Ok(Vec::new());
    }
    reader.split(arguments, b',').into_iter().map(|part| read_argument(reader, family, part)).collect()
}

fn read_argument(reader: &LawText<'_, '_>, family: &Family, part: Range<usize>) -> LawResult<Argument> {
    if part.is_empty() {
        return Err(reader.wrong(&part, "an argument is missing here"));
    }
    let halves = reader.split(part.clone(), b'=');
    match &halves[..] {
        [value] => Ok(Argument { name: None, value: value.clone() }),
        [name, value] => Ok(Argument { name: Some(name.clone()), value: value.clone() }),
        _ => Err(reader.wrong(&part, "too many `=`").hint_boxed(format!("as in `{}`", family.example))),
    }
}

/// Arguments without names are understood where nobody can mistake them.
fn takes_positions(family: &Family) -> bool {
    matches!(family.name, "exp" | "uniform")
}

/// The form that has all the names given.
fn chosen_form(
    reader: &LawText<'_, '_>,
    family: &'static Family,
    arguments: &[Argument],
) -> LawResult<&'static [Parameter]> {
    let mut forms: Vec<&'static [Parameter]> = family.forms.to_vec();
    for argument in arguments {
        let Some(name) = &argument.name else { continue };
        let text = reader.slice(name);
        let fitting: Vec<_> = forms
            .iter()
            .copied()
            .filter(|form| form.iter().any(|parameter| parameter.name == text))
            .collect();
        if fitting.is_empty() {
            return Err(unknown_parameter(reader, family, name));
        }
        forms = fitting;
    }
    // Of several that fit, the one without the durations nobody named: `lognormal(cv=1)`.
    Ok(forms[0])
}

fn unknown_parameter(reader: &LawText<'_, '_>, family: &Family, name: &Range<usize>) -> Box<Diagnostic> {
    let text = reader.slice(name);
    let known = || family.forms.iter().flat_map(|form| form.iter().map(|parameter| parameter.name));
    if known().any(|parameter| parameter == text) {
        let forms: Vec<String> = family.forms.iter().map(|form| written(family, form)).collect();
        let message = format!("`{text}` does not go with the other parameters");
        return reader.wrong(name, message).hint_boxed(format!(
            "either {}",
            listed(forms.iter().map(String::as_str)).replace(" and ", " or ")
        ));
    }
    let diagnostic = reader.wrong(name, format!("`{}` has no parameter `{text}`", family.name));
    match nearest(text, known()) {
        Some(near) => diagnostic.label_boxed(format!("did you mean `{near}`?")),
        None => diagnostic.hint_boxed(format!("as in `{}`", family.example)),
    }
}

/// `lognormal(mean=…, cv=…)`.
pub(crate) fn written(family: &Family, form: &[Parameter]) -> String {
    let parameters: Vec<String> = form.iter().map(|parameter| format!("{}=…", parameter.name)).collect();
    format!("{}({})", family.name, parameters.join(", "))
}

/// The values in the order of the form.
fn values(
    reader: &LawText<'_, '_>,
    family: &Family,
    form: &[Parameter],
    arguments: &[Argument],
) -> LawResult<Vec<Option<f64>>> {
    let mut values = vec![None; form.len()];
    for (position, argument) in arguments.iter().enumerate() {
        let index = match &argument.name {
            Some(name) => form.iter().position(|parameter| parameter.name == reader.slice(name)),
            None if takes_positions(family) => (position < form.len()).then_some(position),
            None => {
                let message = format!("the parameters of `{}` need their names", family.name);
                let diagnostic = reader.wrong(&argument.value, message);
                return Err(diagnostic.hint_boxed(format!("as in `{}`", family.example)));
            }
        };
        let Some(index) = index else {
            let diagnostic =
                reader.wrong(&argument.value, format!("`{}` has no more parameters", family.name));
            return Err(diagnostic.hint_boxed(format!("as in `{}`", family.example)));
        };
        if values[index].is_some() {
            let message = format!("`{}` is given twice", form[index].name);
            return Err(reader.wrong(&argument.value, message));
        }
        values[index] = Some(value(reader, &form[index], &argument.value)?);
    }
    Ok(values)
}

fn value(reader: &LawText<'_, '_>, parameter: &Parameter, range: &Range<usize>) -> LawResult<f64> {
    let text = reader.slice(range);
    let (read, expected) = match parameter.quantity {
        Quantity::Duration => (parse::span(text).map(|span| span.nanos() as f64), "a duration such as `5ms`"),
        Quantity::Number => (parse::number(text), "a number without a unit"),
    };
    read.map_err(|error| reader.wrong_quantity(range, expected, &error))
}

/// The law with these values; what is not optional is there.
fn build(family: &Family, form: &[Parameter], values: &[Option<f64>]) -> Result<Law, String> {
    let get = |name: &str| {
        let index =
            form.iter().position(|parameter| parameter.name == name).expect("a parameter of the form");
        values[index]
    };
    let the = |name: &str| get(name).expect("given, or checked before");
    let constructed = |law: Result<Law, tarsier_random::LawError>| law.map_err(|error| error.to_string());
    match family.name {
        "exp" => Ok(if the("mean") == 0.0 { Law::Constant(0.0) } else { Law::Exp { mean: the("mean") } }),
        "uniform" => uniform(the("low"), the("high")),
        "normal" => Ok(normal(the("mean"), the("sd"))),
        "lognormal" if form[0].name == "median" => {
            constructed(Law::lognormal_median_p99(the("median"), the("p99")))
        }
        "lognormal" => constructed(Law::lognormal_mean_cv(the("mean"), the("cv"))),
        "gamma" => constructed(Law::gamma_mean_cv(the("mean"), the("cv"))),
        "erlang" => erlang(the("k"), the("mean")),
        "hyperexp" => constructed(Law::hyperexp_mean_cv(the("mean"), the("cv"))),
        "weibull" => weibull(the("scale"), the("shape")),
        "pareto" => pareto(the("min"), the("alpha"), get("max")),
        other => unreachable!("`{other}` is in the table of families"),
    }
}

fn uniform(low: f64, high: f64) -> Result<Law, String> {
    if low > high {
        return Err("the first must not be longer than the second".to_owned());
    }
    Ok(if low == high { Law::Constant(low) } else { Law::Uniform { low, high } })
}

fn normal(mean: f64, sd: f64) -> Law {
    if sd == 0.0 { Law::Constant(mean) } else { Law::Normal { mean, sd } }
}

fn erlang(k: f64, mean: f64) -> Result<Law, String> {
    if k.fract() != 0.0 || !(1.0..=MAX_PHASES).contains(&k) {
        return Err(format!("`k` must be a whole number from 1 to {MAX_PHASES}"));
    }
    if mean == 0.0 {
        return Err("`mean` must be more than zero".to_owned());
    }
    Ok(Law::Erlang { k: k as u32, mean })
}

fn weibull(scale: f64, shape: f64) -> Result<Law, String> {
    positive("scale", scale)?;
    positive("shape", shape)?;
    Ok(Law::Weibull { scale, shape })
}

fn pareto(min: f64, alpha: f64, max: Option<f64>) -> Result<Law, String> {
    positive("min", min)?;
    positive("alpha", alpha)?;
    let max = max.unwrap_or(f64::INFINITY);
    if max <= min {
        return Err("`max` must be more than `min`".to_owned());
    }
    Ok(Law::Pareto { min, alpha, max })
}

fn positive(name: &str, value: f64) -> Result<(), String> {
    if value > 0.0 { Ok(()) } else { Err(format!("`{name}` must be more than zero")) }
}
