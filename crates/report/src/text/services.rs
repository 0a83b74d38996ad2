//! Which services are hot.

use tarsier_engine::ServiceOutcome;
use tarsier_model::{Service, Workload};
use tarsier_units::Id;

use super::error_cell;
use crate::number::{amount, count, nanos, share};
use crate::style::{Tone, bar, load_tone};
use crate::table::{Align, Cell, Table, short_name};
use crate::{Report, ratio};

/// So many are shown; a few more rather than a line that says so.
const SHOWN: usize = 12;
const SPARE: usize = 3;
const BAR_WIDTH: usize = 8;

pub(super) fn section(report: &Report<'_>) -> String {
    let named: Vec<(&str, &ServiceOutcome)> = hottest_first(report);
    let n_shown = if named.len() <= SHOWN + SPARE { named.len() } else { SHOWN };
    let (shown, left_out) = named.split_at(n_shown);
    let optional = Optional::of(shown);
    let mut table = Table::new(optional.columns());
    for (name, found) in shown {
        table.row(optional.cells(name, found));
    }
    let mut text = table.render();
    if let Some((_, hottest)) = left_out.first() {
        let line = format!(
            "… and {} more, none busier than {}; all in --json",
            left_out.len(),
            share(heat(hottest))
        );
        text.push_str(&Tone::Dim.paint(&line));
        text.push('\n');
    }
    text
}

fn hottest_first<'a>(report: &Report<'a>) -> Vec<(&'a str, &'a ServiceOutcome)> {
    let names = report.model.services.iter().map(|service| service.name.as_str());
    let mut named: Vec<_> = names.zip(&report.outcome.services).collect();
    // Stable: the order of the file among equals.
    named.sort_by(|(_, a), (_, b)| heat(b).total_cmp(&heat(a)));
    named
}

/// Cores or workers, whichever are scarcer.
fn heat(found: &ServiceOutcome) -> f64 {
    found.utilization.max(found.workers_busy.unwrap_or(0.0))
}

/// What stands out among the services that a workload leads to, if anything does.
pub(super) fn culprits(report: &Report<'_>, workload: &Workload) -> Vec<String> {
    let reached = report.model.reached(workload.mix.iter().map(|(_, to)| *to));
    let concerns = |service: &Service| service.endpoint_ids().any(|endpoint| reached[endpoint.index()]);
    let pairs = report.model.services.iter().zip(&report.outcome.services);
    let concerned: Vec<_> = pairs.filter(|(service, _)| concerns(service)).collect();
    [saturated(&concerned), refusing(&concerned), in_vain(&concerned)].into_iter().flatten().collect()
}

/// «mysql is saturated: its cores are 100% busy»: the hottest, if it is too hot to keep up.
fn saturated(services: &[(&Service, &ServiceOutcome)]) -> Option<String> {
    let hottest = services.iter().max_by(|(_, a), (_, b)| heat(a).total_cmp(&heat(b)));
    let (service, found) = hottest.filter(|(_, found)| heat(found) >= 0.95)?;
    let what = if heat(found) > found.utilization { "workers" } else { "cores" };
    Some(format!("{} is saturated: its {what} are {} busy", service.name, share(heat(found))))
}

/// Fewer refusals are not worth a word.
const MANY_REFUSED: f64 = 0.01;

/// «mysql refuses 12.0% of its requests»: whichever refuses the greatest part.
fn refusing(services: &[(&Service, &ServiceOutcome)]) -> Option<String> {
    let refused = |found: &ServiceOutcome| ratio(found.refused, found.arrivals).unwrap_or(0.0);
    let worst = services.iter().max_by(|(_, a), (_, b)| refused(a).total_cmp(&refused(b)));
    let (service, found) = worst.filter(|(_, found)| refused(found) >= MANY_REFUSED)?;
    Some(format!("{} refuses {} of its requests", service.name, share(refused(found))))
}

/// So many answers that nobody waits for are no accident.
const TOO_MANY_UNUSED: f64 = 0.25;

/// «93.5% of the answers of mysql come when nobody waits for them any more»: whichever works the most in vain.
fn in_vain(services: &[(&Service, &ServiceOutcome)]) -> Option<String> {
    let unused = |found: &ServiceOutcome| ratio(found.unused, found.completed + found.errors).unwrap_or(0.0);
    let worst = services.iter().max_by(|(_, a), (_, b)| unused(a).total_cmp(&unused(b)));
    let (service, found) = worst.filter(|(_, found)| unused(found) >= TOO_MANY_UNUSED)?;
    let part = share(unused(found));
    Some(format!("{part} of the answers of {} come when nobody waits for them any more", service.name))
}

/// Columns that are there only if they say something.
struct Optional {
    workers: bool,
    refused: bool,
    errors: bool,
}

impl Optional {
    fn of(shown: &[(&str, &ServiceOutcome)]) -> Self {
        let any = |says: fn(&ServiceOutcome) -> bool| shown.iter().any(|(_, found)| says(found));
        Optional {
            workers: any(|found| found.workers_busy.is_some()),
            refused: any(|found| found.refused > 0),
            errors: any(|found| found.errors > 0),
        }
    }

    fn columns(&self) -> Vec<(&'static str, Align)> {
        let mut columns = vec![
            ("service", Align::Left),
            ("inst", Align::Right),
            ("cores busy", Align::Left),
            ("", Align::Right),
        ];
        if self.workers {
            columns.push(("workers", Align::Right));
        }
        columns.extend([
            ("queue", Align::Right),
            ("wait p99", Align::Right),
            ("p50", Align::Right),
            ("p99", Align::Right),
        ]);
        if self.refused {
            columns.push(("refused", Align::Right));
        }
        if self.errors {
            columns.push(("errors", Align::Right));
        }
        columns
    }

    fn cells(&self, name: &str, found: &ServiceOutcome) -> Vec<Cell> {
        let tone = load_tone(found.utilization);
        let mut cells = vec![
            short_name(name).into(),
            count(found.instances).into(),
            Cell::toned(bar(found.utilization, BAR_WIDTH), tone),
            Cell::toned(share(found.utilization), tone),
        ];
        if self.workers {
            cells.push(match found.workers_busy {
                Some(busy) => Cell::toned(share(busy), load_tone(busy)),
                None => Cell::dim("any"),
            });
        }
        let latency = found.latency.summary();
        cells.extend([
            amount(found.queue_length_mean).into(),
            nanos(found.queue.summary().p99).into(),
            nanos(latency.p50).into(),
            nanos(latency.p99).into(),
        ]);
        if self.refused {
            let tone = if found.refused > 0 { Tone::Warm } else { Tone::Plain };
            cells.push(Cell::toned(count(found.refused), tone));
        }
        if self.errors {
            cells.push(error_cell(found.errors, found.completed));
        }
        cells
    }
}
