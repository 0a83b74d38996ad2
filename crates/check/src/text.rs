//! Everything that is known without running, as a text.

use tarsier_model::{Demand, Model, ServiceId};
use tarsier_units::Id;

use crate::load::{Load, ServiceLoad, offered, peak_per_s};
use crate::tree;
use crate::unloaded::{hopeless_timeouts, latencies_s};

/// Services shown; a few more rather than a line that says so.
const SHOWN: usize = 20;
const SPARE: usize = 5;
/// Doubts of one kind told.
const TOLD: usize = 10;

/// The call tree, the load of each service, and what is doubtful.
pub fn text(model: &Model) -> String {
    let latencies = latencies_s(model);
    let rates: Vec<f64> = model.workloads.iter().map(|it| peak_per_s(it, &latencies)).collect();
    let load = offered(model);
    let sections = [summary(model), tree::draw(model, &rates), services(model, &load), doubts(model, &load)];
    let present: Vec<String> = sections.into_iter().filter(|section| !section.is_empty()).collect();
    present.join("\n")
}

fn summary(model: &Model) -> String {
    let instances: usize = model.services.iter().map(|service| service.instances.len()).sum();
    let parts = [
        counted(model.services.len(), "service"),
        counted(instances, "instance"),
        counted(model.workloads.len(), "workload"),
        counted(model.scenarios.len(), "scenario"),
        counted(model.slos.len(), "objective"),
    ];
    format!("{}: {}\n", model.name, parts.join(", "))
}

fn counted(n: usize, noun: &str) -> String {
    if n == 1 { format!("1 {noun}") } else { format!("{n} {noun}s") }
}

/// The busiest first.
fn services(model: &Model, load: &Load) -> String {
    let mut order: Vec<ServiceId> = load.services.ids().collect();
    order.sort_by(|a, b| load.services[*b].heat().total_cmp(&load.services[*a].heat()));
    let shown = if order.len() <= SHOWN + SPARE { order.len() } else { SHOWN };
    let mut rows = vec![
        ["service", "instances", "cores", "requests/s", "cores busy", "workers busy"].map(str::to_owned),
    ];
    rows.extend(order[..shown].iter().map(|id| row(model, *id, &load.services[*id])));
    let mut text = aligned(&rows);
    if shown < order.len() {
        let hottest = percent(load.services[order[shown]].heat());
        text.push_str(&format!("… and {} more, none busier than {hottest}\n", order.len() - shown));
    }
    text
}

fn row(model: &Model, id: ServiceId, load: &ServiceLoad) -> [String; 6] {
    let service = &model.services[id];
    [
        service.name.clone(),
        service.instances.len().to_string(),
        service.cores.to_string(),
        number(load.requests_per_s),
        percent(load.cores),
        load.workers.map_or_else(|| "-".to_owned(), percent),
    ]
}

/// The first column to the left, all others to the right.
fn aligned<const N: usize>(rows: &[[String; N]]) -> String {
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..N).map(width).collect();
    let mut text = String::new();
    for row in rows {
        let mut line = format!("{:<1$}", row[0], widths[0]);
        for (cell, width) in row.iter().zip(&widths).skip(1) {
            line.push_str(&format!("  {cell:>width$}"));
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

/// What will not work as it stands, and how far the load can grow.
fn doubts(model: &Model, load: &Load) -> String {
    let mut lines: Vec<String> =
        load.services.entries().filter_map(|(id, load)| overload(model, id, load)).collect();
    cut(&mut lines);
    let mut timeouts: Vec<String> = hopeless_timeouts(model)
        .iter()
        .map(|it| {
            let (from, to) = (model.endpoint_label(it.from), model.endpoint_label(it.to));
            let (timeout, takes) = (it.timeout, seconds(it.takes_s));
            format!("! {from} -> {to}: the timeout of {timeout} is shorter than its mean time without any load, {takes}")
        })
        .collect();
    cut(&mut timeouts);
    lines.extend(timeouts);
    lines.extend(limit(model, load));
    lines.iter().map(|line| format!("{line}\n")).collect()
}

fn overload(model: &Model, id: ServiceId, load: &ServiceLoad) -> Option<String> {
    let name = &model.services[id].name;
    let demand = |share: f64, of: &str| {
        format!("! {name} cannot keep up: it is asked for {} of its {of}", percent(share))
    };
    if load.cores >= 1.0 {
        return Some(demand(load.cores, "cores"));
    }
    load.workers.filter(|workers| *workers >= 1.0).map(|workers| demand(workers, "workers"))
}

fn cut(lines: &mut Vec<String>) {
    if lines.len() > TOLD {
        let more = lines.len() - TOLD;
        lines.truncate(TOLD);
        lines.push(format!("! … and {more} more of these"));
    }
}

fn limit(model: &Model, load: &Load) -> Option<String> {
    let limit = load.limit?;
    let name = &model.services.as_slice()[limit.service.index()].name;
    let what = if limit.by_workers { "workers" } else { "cores" };
    let is_closed = model.workloads.iter().any(|it| matches!(it.demand, Demand::Closed { .. }));
    let caveat = if is_closed { " (closed workloads taken at their fastest)" } else { "" };
    Some(format!(
        "{name} runs out of {what} first, at {} times this load{caveat}, retries not counted",
        number(limit.factor)
    ))
}

/// `85.2%`.
pub(crate) fn percent(share: f64) -> String {
    format!("{}%", number(share * 100.0))
}

/// `800/s`.
pub(crate) fn rate(per_s: f64) -> String {
    format!("{}/s", number(per_s))
}

fn seconds(value: f64) -> String {
    if value.is_finite() {
        tarsier_units::Span::from_secs_f64(three(value)).to_string()
    } else {
        "infinite".to_owned()
    }
}

/// Three significant digits, no more than it needs.
fn number(value: f64) -> String {
    three(value).to_string()
}

fn three(value: f64) -> f64 {
    format!("{value:.2e}").parse().unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use tarsier_model::Step;

    use super::*;
    use crate::fixture::{call_step, model, work_ms};

    #[test]
    fn the_whole_text() {
        let web: Vec<Step> = vec![work_ms(1.0), call_step(1)];
        let expected = "test: 2 services, 2 instances, 1 workload, 0 scenarios, 0 objectives

users  100/s
└─ web
   └─ db

service  instances  cores  requests/s  cores busy  workers busy
db               1      1         100        125%             -
web              1      1         100         10%             -

! db cannot keep up: it is asked for 125% of its cores
db runs out of cores first, at 0.8 times this load, retries not counted
";
        assert_eq!(text(&model(100.0, &[("web", web), ("db", vec![work_ms(12.5)])])), expected);
    }
}
