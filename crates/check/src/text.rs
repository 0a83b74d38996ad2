//! Everything that is known without running, as a text.

use tarsier_model::{Demand, Model, ServiceId};
use tarsier_units::Id;

use crate::examination::Examination;
use crate::finding::{At, Finding};
use crate::load::{Load, ServiceLoad};
use crate::storm::Storm;
use crate::{sections, tree};

/// Services shown; a few more rather than a line that says so.
const SHOWN: usize = 20;
const SPARE: usize = 5;
/// Doubts of one kind told.
const TOLD: usize = 10;

/// In which line and column of its file a part of a model stands.
pub type Lines<'a> = &'a dyn Fn(At) -> Option<(usize, usize)>;

/// The call tree, the load of each service, what failures do, and what is doubtful.
pub fn text(model: &Model, found: &Examination, lines: Lines<'_>) -> String {
    let sections = [
        summary(model),
        tree::draw(model, &found.rates),
        services(model, &found.load),
        sections::storms(model, &found.storms),
        sections::promises(model, found),
        sections::stores(model, &found.stores),
        sections::crossings(model, &found.crossings),
        sections::independence(model, &found.resilience),
        doubts(model, found, lines),
    ];
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

pub(crate) fn counted(n: usize, noun: &str) -> String {
    match noun.strip_suffix('y') {
        _ if n == 1 => format!("1 {noun}"),
        Some(stem) => format!("{n} {stem}ies"),
        None => format!("{n} {noun}s"),
    }
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
pub(crate) fn aligned(rows: &[impl AsRef<[String]>]) -> String {
    let n_columns = rows.first().map_or(0, |row| row.as_ref().len());
    let width =
        |column: usize| rows.iter().map(|row| row.as_ref()[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..n_columns).map(width).collect();
    let mut text = String::new();
    for row in rows.iter().map(AsRef::as_ref) {
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
fn doubts(model: &Model, found: &Examination, lines: Lines<'_>) -> String {
    let mut told = Vec::new();
    for same in found.findings.chunk_by(|a, b| a.kind == b.kind) {
        told.extend(same.iter().take(TOLD).map(|finding| doubt(finding, lines)));
        if same.len() > TOLD {
            told.push(format!("! … and {} more of these", same.len() - TOLD));
        }
    }
    told.extend(limit(model, &found.load));
    told.extend(safe_load(model, &found.storms));
    told.iter().map(|line| format!("{line}\n")).collect()
}

fn doubt(finding: &Finding, lines: Lines<'_>) -> String {
    let line = lines(finding.at).map(|(line, _)| format!("  (line {line})")).unwrap_or_default();
    let mark = if finding.kind.is_choice() { "note:" } else { "!" };
    format!("{mark} {}{line}", finding.message)
}

/// At how much of the load what passes also ends.
fn safe_load(model: &Model, storms: &[Storm]) -> Option<String> {
    let first = storms.iter().min_by(|a, b| a.safe_share().total_cmp(&b.safe_share()))?;
    let name = &model.services[first.service].name;
    let reason = if first.abates() {
        "could serve all that outlasts the cause"
    } else {
        "could serve every attempt if all of them failed"
    };
    Some(format!("below {} times this load nothing can tip: {name} {reason}", number(first.safe_share())))
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

pub(crate) fn seconds(value: f64) -> String {
    if value.is_finite() {
        tarsier_units::Span::from_secs_f64(three(value)).to_string()
    } else {
        "infinite".to_owned()
    }
}

/// Three significant digits, no more than it needs.
pub(crate) fn number(value: f64) -> String {
    three(value).to_string()
}

pub(crate) fn three(value: f64) -> f64 {
    format!("{value:.2e}").parse().unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use tarsier_model::Step;

    use super::*;
    use crate::examination::examine;
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

! db cannot keep up: it is asked for 125% of its cores  (line 7)
! web has one instance, and every request of users needs it  (line 7)
! db has one instance, and every request of users needs it  (line 7)
db runs out of cores first, at 0.8 times this load, retries not counted
";
        let model = model(100.0, &[("web", web), ("db", vec![work_ms(12.5)])]);
        assert_eq!(text(&model, &examine(&model), &|_| Some((7, 3))), expected);
    }
}
