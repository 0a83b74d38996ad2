//! The result as a person reads it, in ten seconds, from the top: what was run, why it is slow, what the
//! users saw, which services are hot, what was promised.

mod faults;
mod headline;
mod histogram;
mod services;
mod stores;
mod timeline;
mod verdict;
mod why;
mod workloads;

#[cfg(test)]
pub(crate) mod fixture;

use tarsier_engine::Stopped;
use tarsier_model::Metric;

use crate::number::{amount, count, dash, duration, rate, share};
use crate::slo::{SloVerdict, verdicts};
use crate::style::Tone;
use crate::table::{Align, Cell, Table};
use crate::{Report, ratio};

/// Lines are at most about this wide.
const WIDTH: usize = 100;

/// With escape codes for colour; print it through something that strips them where they do not belong.
pub fn text(report: &Report<'_>) -> String {
    let sections = [
        head(report),
        report.verdict.map_or_else(String::new, |verdict| verdict::section(report.model, verdict)),
        headlines(report),
        workloads::section(report),
        services::section(report),
        stores::section(report),
        faults::section(report),
        timeline::section(report),
        why::sections(report),
        histogram::sections(report),
        slos(report),
        foot(report),
    ];
    let present: Vec<String> = sections.into_iter().filter(|section| !section.is_empty()).collect();
    present.join("\n")
}

fn head(report: &Report<'_>) -> String {
    let model = report.model;
    let mut text = Tone::Bold.paint(&model.name);
    let room = WIDTH.saturating_sub(model.name.chars().count() + 3);
    if !model.description.is_empty() {
        text.push_str(" · ");
        text.push_str(&clipped(&model.description, room));
    }
    text.push('\n');
    text.push_str(&Tone::Dim.paint(&conditions(report)));
    text.push('\n');
    if report.outcome.stopped_early {
        let counted = duration(report.counted_s());
        let stopped = format!("! stopped early: the figures are of the {counted} counted until then");
        text.push_str(&Tone::Warm.paint(&stopped));
        text.push('\n');
        if let Some(reason) = report.outcome.stopped_because.filter(|reason| *reason != Stopped::Asked) {
            text.push_str(&Tone::Warm.paint(&format!("! {}", crate::why_stopped(reason))));
            text.push('\n');
        }
    }
    text
}

/// The first line of a description, cut to what fits.
fn clipped(description: &str, room: usize) -> String {
    let line = description.lines().next().unwrap_or_default();
    if line.chars().count() <= room {
        return line.to_owned();
    }
    line.chars().take(room.saturating_sub(1)).chain(['…']).collect()
}

fn conditions(report: &Report<'_>) -> String {
    let each = report.counted_each_s();
    let warmup = duration(report.outcome.warmup_ns as f64 / 1e9);
    let mut text =
        format!("{} counted after a warm-up of {warmup}, seed {}", duration(each), report.outcome.seed);
    if let Some(scenario) = report.scenario {
        text.push_str(&format!(", scenario {}", scenario.name));
    }
    if report.reps > 1 {
        text.push_str(&format!(", {} replications", report.reps));
    }
    text
}

/// What to know first: what fails, and where the time goes.
fn headlines(report: &Report<'_>) -> String {
    workloads::failures(report) + &why::headlines(report)
}

/// What happened has no common time, so it is told of one replication.
fn of_the_first(report: &Report<'_>) -> String {
    if report.reps < 2 {
        return String::new();
    }
    Tone::Dim.paint(&format!("of the first of {} replications", report.reps)) + "\n"
}

fn slos(report: &Report<'_>) -> String {
    let verdicts = verdicts(report.model, report.outcome);
    if verdicts.is_empty() {
        return String::new();
    }
    let mut table =
        Table::new(vec![("objective", Align::Left), ("", Align::Left), ("measured", Align::Right)]);
    for verdict in &verdicts {
        table.row(vec![verdict_cell(verdict), verdict.text.as_str().into(), measured(verdict).into()]);
    }
    table.render()
}

fn verdict_cell(verdict: &SloVerdict) -> Cell {
    match (verdict.holds, verdict.value) {
        (true, _) => Cell::toned("✓ kept", Tone::Good),
        (false, Some(_)) => Cell::toned("✗ missed", Tone::Bad),
        (false, None) => Cell::toned("✗ missed: no samples", Tone::Bad),
    }
}

fn measured(verdict: &SloVerdict) -> String {
    let Some(value) = verdict.value else { return dash() };
    match verdict.metric {
        Metric::LatencyMean | Metric::LatencyMax | Metric::LatencyQuantile(_) => duration(value),
        // 99.99% and 99.9999% are worlds apart, so more digits than elsewhere.
        Metric::Availability => format!("{:.4}%", value * 100.0),
        Metric::ErrorShare | Metric::Utilization => share(value),
        Metric::Throughput => rate(value),
    }
}

fn foot(report: &Report<'_>) -> String {
    let outcome = report.outcome;
    let simulated = report.counted_s() + outcome.warmup_ns as f64 / 1e9 * report.reps as f64;
    let mut speed = format!("{} events in {}", count(outcome.events), duration(report.wall_s));
    if report.wall_s > 0.0 {
        let per_s = amount(outcome.events as f64 / report.wall_s);
        let pace = amount(simulated / report.wall_s);
        speed.push_str(&format!(": {per_s} events/s, {pace} × real time"));
    }
    let warmup = format!("warm-up: {}", report.warmup.replace("; ", ";\n  "));
    let fingerprint = format!("{speed} · fingerprint {:016x}", outcome.fingerprint);
    format!("{}\n{}\n", Tone::Dim.paint(&warmup), Tone::Dim.paint(&fingerprint))
}

/// The share of errors among all that ended, as a cell.
fn error_cell(errors: u64, completed: u64) -> Cell {
    match ratio(errors, errors + completed) {
        None => dash().into(),
        Some(0.0) => "0%".into(),
        Some(failed) => Cell::toned(share(failed), if failed >= 0.01 { Tone::Bad } else { Tone::Warm }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(report: &Report<'_>) -> String {
        let mut text = text(report);
        for code in ["0", "1", "2", "31", "32", "33"] {
            text = text.replace(&format!("\x1b[{code}m"), "");
        }
        assert!(!text.contains('\x1b'), "all escape codes are known");
        text
    }

    #[test]
    fn the_whole_result() {
        let (model, outcome) = (fixture::model(), fixture::outcome());
        let text = plain(&fixture::report(&model, &outcome));
        let tables = text.lines().skip_while(|line| !line.starts_with("workload"));
        assert!(tables.clone().count() > 10, "there are tables:\n{text}");
        assert!(tables.into_iter().all(|line| line.chars().count() <= WIDTH), "narrow enough:\n{text}");
        for part in [
            "Three quarters of the tail of the answered requests of users is waiting for a core of db",
            "✓ kept     users p99 < 250ms",
            "✗ missed   users errors < 0.1%     1.00%",
            "fingerprint 000000000000feed",
        ] {
            assert!(text.contains(part), "{part} in:\n{text}");
        }
    }

    /// Those that failed took five seconds each, all of it attempts given up at a service whose cores were what was short.
    #[test]
    fn what_fails_slowly_is_explained() {
        use tarsier_engine::{Cause, Why, WhyPart};
        let (model, mut outcome) = (fixture::model(), fixture::outcome());
        let given_up = WhyPart {
            service: Some(tarsier_model::ServiceId(1)),
            cause: Cause::Timeout,
            mean_ns: 5e9,
            tail_ns: 5e9,
        };
        let why_failed = Why { sampled: 10, sampled_tail: 1, parts: vec![given_up] };
        let mut told = |errors, mean_ns| {
            let mut why = why_failed.clone();
            why.parts[0].mean_ns = mean_ns;
            outcome.workloads[0].why_failed = why;
            outcome.workloads[0].errors = errors;
            let text = plain(&fixture::report(&model, &outcome));
            text.contains("Nearly all of the time of the failed requests of users is attempts at db that were given up.")
        };
        assert!(told(10, 5e9));
        assert!(!told(10, 1.0), "they failed at once");
        assert!(!told(1, 5e9), "there are hardly any");
    }

    #[test]
    fn only_what_a_workload_leads_to_is_blamed() {
        let (mut model, mut outcome) = (fixture::model(), fixture::outcome());
        let mut other = model.workloads.as_slice()[0].clone();
        other.name = "operators".to_owned();
        other.mix = vec![(1.0, tarsier_model::EndpointId(1))];
        model.workloads.push(other);
        outcome.workloads.push(outcome.workloads[0].clone());
        outcome.services[0].utilization = 0.99;
        let answers = outcome.services[1].completed + outcome.services[1].errors;
        outcome.services[1].unused = answers * 3 / 5;
        let text = plain(&fixture::report(&model, &outcome));
        for sentence in [
            "of the requests of users fail; web is saturated: its cores are 99.0% busy; 60.0% of the answers of db",
            "of the requests of operators fail; db is saturated: its cores are 95.0% busy; \
             60.0% of the answers of db come when nobody waits for them any more.",
        ] {
            assert!(text.contains(sentence), "{sentence} in:\n{text}");
        }
    }

    #[test]
    fn a_stopped_run_says_so() {
        let (model, mut outcome) = (fixture::model(), fixture::outcome());
        outcome.stopped_early = true;
        let text = plain(&fixture::report(&model, &outcome));
        assert!(text.contains("! stopped early: the figures are of the 10.0 s counted until then"), "{text}");
    }

    #[test]
    fn of_many_services_the_hottest_are_shown() {
        let (mut model, mut outcome) = (fixture::model(), fixture::outcome());
        for n in 0..300 {
            let mut service = model.services.as_slice()[0].clone();
            service.name = format!("extra{n}");
            model.services.push(service);
            let mut found = outcome.services[0].clone();
            found.utilization = f64::from(n) / 400.0;
            outcome.services.push(found);
        }
        let text = plain(&fixture::report(&model, &outcome));
        assert!(text.contains("… and 290 more, none busier than 72.0%"), "{text}");
        assert!(text.contains("extra299") && !text.contains("extra200"), "{text}");
    }

    #[test]
    fn nothing_measured_is_still_a_text() {
        let (model, mut outcome) = (fixture::model(), fixture::outcome());
        outcome.simulated_ns = 0;
        outcome.workloads[0] = Default::default();
        outcome.services[0] = Default::default();
        let text = plain(&fixture::report(&model, &outcome));
        assert!(text.contains("✗ missed: no samples"), "{text}");
    }
}
