//! A run as one HTML file that opens offline: numbers as tables, their course as drawings.

use std::fmt::Write as _;

use axum::extract::{Path, State};
use axum::http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::response::IntoResponse;
use serde_json::Value;
use tarsier_engine::Outcome;
use tarsier_report::number::{amount, duration};
use tarsier_stats::Recorder;
use tarsier_units::Span;

use crate::api::deeds::{command, texts};
use crate::api::drawing::{Line, bars, lines};
use crate::api::looks::{NODE, news};
use crate::api::runs::{find, gone};
use crate::api::{Answer, Shared, blocking};
use crate::session::Session;

/// Nothing is fetched, nothing is run; the file has its own style.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'";
const STYLE: &str = include_str!("report.css");
/// Events told.
const EVENTS: usize = 500;

pub(super) async fn report(State(context): Shared, Path(id): Path<String>) -> Answer {
    let session = find(&context, &id)?;
    let outcome = session.ask(|sight| sight.outcome()).await.ok_or_else(gone)?;
    blocking(move || {
        let headers = [(CONTENT_TYPE, "text/html; charset=utf-8"), (CONTENT_SECURITY_POLICY, POLICY)];
        Ok((headers, html(&session, &outcome)).into_response())
    })
    .await
}

fn html(session: &Session, outcome: &Outcome) -> String {
    let setup = &session.setup;
    let name = escaped(&setup.model.name);
    let mut page = format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" \
         content=\"width=device-width, initial-scale=1\"><title>{name}</title><style>{STYLE}</style></head>\n\
         <body><h1>{name}</h1>\n<p>{}</p>\n<p>{} simulated, seed {}, {} events. Run again with <code>{}</code>.</p>\n",
        escaped(&setup.model.description),
        duration(outcome.simulated_ns as f64 / 1e9),
        setup.seed,
        outcome.events,
        escaped(&command(session)),
    );
    let why = tarsier_report::live_why(&setup.model, Span::from_nanos(outcome.simulated_ns), outcome);
    page.extend([
        objectives(&why),
        workloads(session, outcome),
        course(session),
        histograms(session, outcome),
        causes(&why),
        services(session, outcome),
        happened(session),
        "</body></html>\n".to_owned(),
    ]);
    page
}

fn objectives(why: &Value) -> String {
    let row = |it: &Value| {
        let unit = it["unit"].as_str().unwrap_or_default();
        let value = it["value"].as_f64().map_or("–".to_owned(), |value| in_unit(value, unit));
        let holds = match it["holds"].as_bool() {
            Some(true) => "✓ holds",
            Some(false) => "✕ missed",
            None => "not put to the test",
        };
        vec![holds.to_owned(), it["text"].as_str().unwrap_or_default().to_owned(), value]
    };
    table("Objectives", &["", "objective", "found"], why["slo"].as_array().into_iter().flatten().map(row))
}

fn in_unit(value: f64, unit: &str) -> String {
    match unit {
        "s" => duration(value),
        "share" => format!("{}%", amount(value * 100.0)),
        _ => format!("{}/s", amount(value)),
    }
}

fn workloads(session: &Session, outcome: &Outcome) -> String {
    let named = session.setup.model.workloads.iter().zip(&outcome.workloads);
    let rows = named.map(|(workload, found)| {
        let counts = [found.requests, found.completed, found.errors, found.retries].map(|it| it.to_string());
        [workload.name.clone()].into_iter().chain(counts).chain(latencies(&found.latency)).collect()
    });
    let heads = ["users", "requests", "answered", "failed", "retries", "mean", "p50", "p99", "p99.9", "max"];
    table("Requests", &heads, rows)
}

fn latencies(latency: &Recorder) -> [String; 5] {
    let summary = latency.summary();
    [summary.mean, summary.p50, summary.p99, summary.p999, summary.max]
        .map(|nanos| nanos.map_or("–".to_owned(), |nanos| duration(nanos / 1e9)))
}

fn services(session: &Session, outcome: &Outcome) -> String {
    let named = session.setup.model.services.iter().zip(&outcome.services);
    let rows = named.map(|(service, found)| {
        let counts = [found.instances, found.arrivals, found.errors, found.refused].map(|it| it.to_string());
        let busy = [format!("{:.1}%", found.utilization * 100.0), amount(found.queue_length_mean)];
        let latencies = latencies(&found.latency);
        [service.name.clone()].into_iter().chain(counts).chain(busy).chain(latencies).collect()
    });
    let heads = [
        "service",
        "instances",
        "requests",
        "errors",
        "refused",
        "cores busy",
        "queue",
        "mean",
        "p50",
        "p99",
        "p99.9",
        "max",
    ];
    table("Services", &heads, rows)
}

/// By second.
fn course(session: &Session) -> String {
    let pictures = session.shared.read().history.pictures().to_vec();
    let mut drawn = String::new();
    for (at, workload) in session.setup.model.workloads.iter().enumerate() {
        let line = |name: &'static str, of: &str| {
            let column = NODE.iter().position(|it| *it == of).expect("it is a column");
            let points = pictures.iter().map(|it| [it.time_s, f64::from(it.nodes[at][column])]).collect();
            Line { name, points }
        };
        let name = escaped(&workload.name);
        let rates =
            lines(&[line("answered", "ok"), line("failed", "errors"), line("retries", "retries")], |it| {
                format!("{}/s", amount(it))
            });
        let latencies =
            lines(&[line("p50", "p50_s"), line("p99", "p99_s"), line("p99.9", "p999_s")], duration);
        write!(
            drawn,
            "<figure><figcaption>{name}: requests a second</figcaption>{rates}</figure>\n\
                       <figure><figcaption>{name}: how long they take</figcaption>{latencies}</figure>\n"
        )
        .expect("a string takes it");
    }
    section("Second by second", &drawn)
}

fn histograms(session: &Session, outcome: &Outcome) -> String {
    let named = session.setup.model.workloads.iter().zip(&outcome.workloads);
    let drawn: String = named
        .map(|(workload, found)| {
            let buckets = found.latency.total().iter().map(|it| (it.middle() / 1e9, it.count));
            let name = escaped(&workload.name);
            format!(
                "<figure><figcaption>{name}: response times, log axis</figcaption>{}</figure>\n",
                bars(&buckets.collect::<Vec<_>>())
            )
        })
        .collect();
    section("Histograms", &drawn)
}

fn causes(why: &Value) -> String {
    let text = |value: &Value| value.as_str().unwrap_or("–").to_owned();
    let mut rows: Vec<Vec<String>> = Vec::new();
    for workload in why["workloads"].as_array().into_iter().flatten() {
        let mut parts: Vec<&Value> = workload["parts"].as_array().into_iter().flatten().collect();
        let tail = |part: &Value| part["tail_s"].as_f64().unwrap_or(0.0);
        parts.sort_by(|a, b| tail(b).total_cmp(&tail(a)));
        rows.extend(parts.iter().take(8).map(|part| {
            let times = ["mean_s", "tail_s"].map(|key| duration(part[key].as_f64().unwrap_or(0.0)));
            let names = [text(&workload["name"]), text(&part["service"]), text(&part["cause"])];
            names.into_iter().chain(times).collect()
        }));
    }
    table(
        "What makes the time",
        &["users", "service", "cause", "on average", "in the tail"],
        rows.into_iter(),
    )
}

fn happened(session: &Session) -> String {
    let done: String =
        texts(session).iter().map(|text| format!("<li><code>{}</code></li>\n", escaped(text))).collect();
    let done = if done.is_empty() { done } else { section("What was done", &format!("<ol>{done}</ol>")) };
    let text = |value: &Value| value.as_str().unwrap_or("").to_owned();
    let events = news(session, 0);
    let rows = events.iter().take(EVENTS).map(|event| {
        let at = duration(event["at_s"].as_f64().unwrap_or(0.0));
        vec![at, text(&event["kind"]), text(&event["subject"]), text(&event["text"])]
    });
    let events = table("What happened", &["at", "what", "to whom", "why"], rows);
    done + &events
}

/// Nothing if it is empty. Columns of numbers are set to the right.
fn table(title: &str, heads: &[&str], rows: impl Iterator<Item = Vec<String>>) -> String {
    let rows: Vec<Vec<String>> = rows.collect();
    if rows.is_empty() {
        return String::new();
    }
    let is_number = |text: &String| text.starts_with(|c: char| c.is_ascii_digit() || "-–<".contains(c));
    let class = |at: usize| if rows.iter().all(|row| is_number(&row[at])) { " class=\"n\"" } else { "" };
    let classes: Vec<&str> = (0..heads.len()).map(class).collect();
    let cell = |tag: &str, at: usize, text: &str| format!("<{tag}{}>{}</{tag}>", classes[at], escaped(text));
    let line = |cells: String| format!("<tr>{cells}</tr>\n");
    let head = line(heads.iter().enumerate().map(|(at, text)| cell("th", at, text)).collect());
    let body = rows.iter().map(|row| line((0..row.len()).map(|at| cell("td", at, &row[at])).collect()));
    let body: String = body.collect();
    section(title, &format!("<table><thead>{head}</thead><tbody>{body}</tbody></table>"))
}

fn section(title: &str, inside: &str) -> String {
    format!("<section><h2>{title}</h2>\n{inside}</section>\n")
}

pub(super) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
