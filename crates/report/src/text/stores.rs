//! What reads of replicated stores missed, level by level.

use tarsier_engine::{AccessOutcome, StoreOutcome};
use tarsier_model::AccessKind;

use crate::number::{count, dash, nanos, share};
use crate::stores::endpoint_name;
use crate::style::Tone;
use crate::table::{Align, Cell, Table, short_name};
use crate::{Report, ratio};

pub(super) fn section(report: &Report<'_>) -> String {
    let stores = &report.outcome.stores;
    if stores.is_empty() {
        return String::new();
    }
    let mut table = Table::new(vec![
        ("store", Align::Left),
        ("level", Align::Left),
        ("answered", Align::Right),
        ("unavailable", Align::Right),
        ("stale", Align::Right),
        ("age mean", Align::Right),
        ("p99", Align::Right),
        ("max", Align::Right),
    ]);
    for store in stores {
        store.accesses.iter().for_each(|access| table.row(row(report, store, access)));
    }
    let mut text = table.render();
    for store in stores {
        text.push_str(&upkeep(report, store));
    }
    text
}

fn row(report: &Report<'_>, store: &StoreOutcome, access: &AccessOutcome) -> Vec<Cell> {
    let service = &report.model.services[store.service].name;
    let age = access.age.summary();
    let tone = if access.unavailable > 0 { Tone::Bad } else { Tone::Plain };
    vec![
        short_name(&format!("{service}/{}", endpoint_name(report, access))).into(),
        access.level.to_string().into(),
        count(access.answered).into(),
        Cell::toned(count(access.unavailable), tone),
        stale(access),
        nanos(age.mean).into(),
        nanos(age.p99).into(),
        nanos(age.max).into(),
    ]
}

fn stale(access: &AccessOutcome) -> Cell {
    match ratio(access.stale, access.answered).filter(|_| access.kind == AccessKind::Read) {
        None => dash().into(),
        Some(0.0) => Cell::toned("0%", Tone::Good),
        Some(part) => Cell::toned(share(part), Tone::Warm),
    }
}

/// `cass: 120 copies repaired after reads; 3000 hints stored, 2900 replayed, 100 wait`.
fn upkeep(report: &Report<'_>, store: &StoreOutcome) -> String {
    let mut parts = Vec::new();
    if store.repairs > 0 {
        parts.push(format!("{} copies repaired after reads", count(store.repairs)));
    }
    if store.hints_stored + store.hints_replayed + store.hints_waiting > 0 {
        let waiting = count(store.hints_waiting);
        let [stored, replayed] = [store.hints_stored, store.hints_replayed].map(count);
        parts.push(format!("{stored} hints stored, {replayed} replayed, {waiting} wait"));
    }
    if store.hints_dropped > 0 {
        parts.push(format!("{} hints dropped: there were too many", count(store.hints_dropped)));
    }
    if parts.is_empty() {
        return String::new();
    }
    format!("{}: {}\n", report.model.services[store.service].name, parts.join("; "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::fixture;

    #[test]
    fn a_line_for_each_level() {
        let (model, outcome) = (fixture::model(), fixture::eventful());
        let text = section(&fixture::report(&model, &outcome));
        let text = ["0", "1", "2", "31", "32", "33"]
            .iter()
            .fold(text, |text, code| text.replace(&format!("\x1b[{code}m"), ""));
        assert!(
            text.contains("db/    one         200            5  5.00%   2.00 ms  3.00 ms  3.00 ms"),
            "{text}"
        );
        let upkeep = "db: 4 copies repaired after reads; 30 hints stored, 20 replayed, 10 wait";
        assert!(text.contains(upkeep), "{text}");
    }
}
