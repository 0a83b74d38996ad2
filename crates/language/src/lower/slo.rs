//! What must be kept: `shoppers p99 < 250ms`.

use tarsier_model::{Metric, Model, Relation, Slo, Subject};
use tarsier_units::parse;

use super::call::one_or_many;
use super::context::Context;
use super::names::suggest;
use super::nearest::{listed, nearest};
use super::scalars::bad_quantity;
use crate::code::Code;
use crate::diagnostic::Diagnostic;
use crate::keys::{METRICS, RELATIONS};
use crate::place::Place;
use crate::tree::{Kind, Node};

pub(super) fn lower(cx: &Context<'_>, slos: Option<&Node>, model: &mut Model) {
    let Some(node) = slos else { return };
    if node.kind == Kind::Null {
        cx.text(node, "a list of objectives");
        return;
    }
    for node in one_or_many(node) {
        let Some(text) = cx.text(node, "an objective such as `shoppers p99 < 250ms`") else { continue };
        if let Some(slo) = objective(cx, node, text) {
            model.slos.push(slo);
        }
    }
}

/// A word of an objective, with its place.
#[derive(Clone, Copy)]
struct Part<'t> {
    text: &'t str,
    place: Place,
}

fn objective(cx: &Context<'_>, node: &Node, text: &str) -> Option<Slo> {
    let Some([name, metric, relation, value]) = parts(node, text) else {
        let message = format!("`{text}` is not an objective");
        let diagnostic = Diagnostic::error(Code::BadObjective, node.place, message);
        cx.report(diagnostic.label("expected `NAME METRIC OP VALUE`").hint("as in `shoppers p99 < 250ms`"));
        return None;
    };
    let subject = subject(cx, name);
    let relation = relation_of(cx, relation);
    let metric = metric_of(cx, metric).and_then(|found| fits(cx, found, subject, metric).then_some(found));
    let bound = metric.and_then(|metric| bound(cx, metric, value));
    Some(Slo {
        text: text.to_owned(),
        subject: subject?,
        metric: metric?,
        relation: relation?,
        bound: bound?,
    })
}

/// Name, metric, relation and value; the relation needs no spaces around it.
fn parts<'t>(node: &Node, text: &'t str) -> Option<[Part<'t>; 4]> {
    let start = text.find(['<', '>', '='])?;
    let length = text[start..].find(|c| !matches!(c, '<' | '>' | '=')).unwrap_or(text.len() - start);
    let part = |start: usize, end: usize| {
        let trimmed = text[start..end].trim();
        let from = start + text[start..end].find(trimmed).unwrap_or(0);
        Part { text: trimmed, place: node.part(from, from + trimmed.len()) }
    };
    let gap = text[..start].trim_end().rfind(char::is_whitespace)?;
    let after_gap = gap + text[gap..].chars().next().map_or(1, char::len_utf8);
    let parts =
        [part(0, gap), part(after_gap, start), part(start, start + length), part(start + length, text.len())];
    let well_formed =
        parts.iter().all(|part| !part.text.is_empty()) && !parts[0].text.contains(char::is_whitespace);
    well_formed.then_some(parts)
}

/// A workload, or else a service.
fn subject(cx: &Context<'_>, name: Part<'_>) -> Option<Subject> {
    let workload = cx.names.workload_id(name.text).map(Subject::Workload);
    let found = workload.or_else(|| cx.names.service_id(name.text).map(Subject::Service));
    if found.is_none() && !cx.sink.is_full() {
        let workloads = cx.names.workloads.iter().map(|workload| workload.name.as_str());
        let services = cx.names.services.iter().map(|service| service.name.as_str());
        let names: Vec<&str> = workloads.chain(services).collect();
        let message = format!("there is no workload or service `{}`", name.text);
        let diagnostic = Diagnostic::error(Code::UnknownWorkload, name.place, message);
        cx.report(suggest(diagnostic, name.text, &names, "workloads and services"));
    }
    found
}

fn metric_of(cx: &Context<'_>, part: Part<'_>) -> Option<Metric> {
    let found = match part.text {
        "mean" => Some(Metric::LatencyMean),
        "max" => Some(Metric::LatencyMax),
        "errors" => Some(Metric::ErrorShare),
        "availability" => Some(Metric::Availability),
        "throughput" => Some(Metric::Throughput),
        "utilization" => Some(Metric::Utilization),
        other => quantile(other).map(Metric::LatencyQuantile),
    };
    if found.is_none() {
        let diagnostic =
            Diagnostic::error(Code::BadObjective, part.place, format!("there is no metric `{}`", part.text));
        let known = METRICS.iter().map(|metric| metric.name);
        let synonym = match part.text {
            "p100" => Some("max"),
            "avg" | "average" => Some("mean"),
            "utilisation" => Some("utilization"),
            "median" => Some("p50"),
            other => nearest(other, known.clone()),
        };
        let meant = meant_quantile(part.text);
        cx.report(match (meant, synonym) {
            (Some(meant), _) => diagnostic.label(format!("did you mean `{meant}`?")).hint(QUANTILES),
            (None, Some(near)) => diagnostic.label(format!("did you mean `{near}`?")),
            (None, None) => {
                diagnostic.hint(format!("the metrics are {}; also `p99`, `p99.9` and so on", listed(known)))
            }
        });
    }
    found
}

pub(super) const QUANTILES: &str = "quantiles are `p1` to `p99`, and finer ones have a dot, as in `p99.9`";

/// `p99` and `p99.9`; `p999` is `p99.9`, as in the result.
pub(super) fn quantile(text: &str) -> Option<f64> {
    let digits = text.strip_prefix('p')?;
    let is_whole =
        |part: &str| is_digits(part) && part.len() <= 2 && !(part.len() == 2 && part.starts_with('0'));
    let percent = match digits.split_once('.') {
        Some((whole, rest)) if is_whole(whole) && is_digits(rest) => digits.to_owned(),
        None if is_whole(digits) => digits.to_owned(),
        None if digits.len() > 2 && digits.bytes().all(|byte| byte == b'9') => format!("99.{}", &digits[2..]),
        _ => return None,
    };
    // Dividing the decimal digits, not the rounded percentage, gives exactly 0.999.
    let shifted: f64 = format!("{percent}e-2").parse().ok()?;
    (shifted > 0.0 && shifted < 1.0).then_some(shifted)
}

fn is_digits(part: &str) -> bool {
    !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit())
}

/// The quantile that digits without their dot, or with zeros too many, may stand for: `p995` is `p99.5`, `p05` is `p5`.
pub(super) fn meant_quantile(text: &str) -> Option<String> {
    let digits = text.strip_prefix('p').filter(|digits| is_digits(digits) && *digits != "100")?;
    let mut meant = digits.trim_start_matches('0').to_owned();
    if meant.len() > 2 {
        meant.insert(2, '.');
        meant.truncate(meant.trim_end_matches('0').trim_end_matches('.').len());
    }
    let meant = format!("p{meant}");
    quantile(&meant).map(|_| meant)
}

/// Only services have a utilization.
fn fits(cx: &Context<'_>, metric: Metric, subject: Option<Subject>, part: Part<'_>) -> bool {
    let fits = metric != Metric::Utilization || !matches!(subject, Some(Subject::Workload(_)));
    if !fits {
        let message = "a workload has no utilization";
        cx.report(Diagnostic::error(Code::BadObjective, part.place, message).hint("name a service instead"));
    }
    fits
}

fn relation_of(cx: &Context<'_>, part: Part<'_>) -> Option<Relation> {
    match part.text {
        "<" => Some(Relation::Less),
        "<=" => Some(Relation::LessOrEqual),
        ">" => Some(Relation::Greater),
        ">=" => Some(Relation::GreaterOrEqual),
        other => {
            let message = format!("there is no comparison `{other}`");
            let known = listed(RELATIONS.iter().map(|relation| relation.name));
            cx.report(
                Diagnostic::error(Code::BadObjective, part.place, message)
                    .label(format!("expected one of {known}")),
            );
            None
        }
    }
}

/// In seconds, as a share, or in requests a second, as the metric has it.
fn bound(cx: &Context<'_>, metric: Metric, part: Part<'_>) -> Option<f64> {
    let (read, expected) = match metric {
        Metric::LatencyMean | Metric::LatencyMax | Metric::LatencyQuantile(_) => {
            (parse::span(part.text).map(|span| span.as_secs_f64()), "a duration such as `250ms`")
        }
        Metric::ErrorShare | Metric::Availability | Metric::Utilization => {
            (parse::share(part.text).map(|share| share.fraction), "a share such as `0.1%`")
        }
        Metric::Throughput => (parse::rate(part.text).map(|rate| rate.per_second), "a rate such as `500/s`"),
    };
    let report = |error| cx.report(bad_quantity(part.place, part.text, expected, &error));
    read.map_err(report).ok()
}

#[cfg(test)]
mod tests {
    use super::{meant_quantile, quantile};

    #[test]
    fn quantiles_read_as_people_and_results_write_them() {
        for (text, expected) in [
            ("p50", Some(0.5)),
            ("p99", Some(0.99)),
            ("p999", Some(0.999)),
            ("p99.9", Some(0.999)),
            ("p9999", Some(0.9999)),
            ("p99.99", Some(0.9999)),
            ("p5", Some(0.05)),
            ("p100", None),
            ("p0", None),
            ("p", None),
            ("p99.", None),
            ("p123.4", None),
            ("q99", None),
            ("p9é", None),
            ("p0.1", Some(0.001)),
            ("p101", None),
            ("p950", None),
            ("p995", None),
            ("p05", None),
            ("p05.5", None),
        ] {
            assert_eq!(quantile(text), expected, "{text}");
        }
    }

    #[test]
    fn what_is_no_quantile_is_near_one() {
        let near = [("p101", "p10.1"), ("p1000", "p10"), ("p950", "p95"), ("p995", "p99.5"), ("p05", "p5")];
        for (text, meant) in near {
            assert_eq!(meant_quantile(text).as_deref(), Some(meant), "{text}");
        }
        for text in ["p100", "p0", "p000", "p", "pé", "95", "p1.2.3"] {
            assert_eq!(meant_quantile(text), None, "{text}");
        }
    }
}
