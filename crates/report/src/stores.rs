//! What became of replicated stores, as JSON.

use serde_json::{Map, Value, json};
use tarsier_engine::{AccessOutcome, StoreOutcome};
use tarsier_model::AccessKind;

use crate::document::durations;
use crate::{Report, ratio};

pub(crate) fn value(report: &Report<'_>) -> Map<String, Value> {
    let name = |store: &StoreOutcome| report.model.services[store.service].name.clone();
    report.outcome.stores.iter().map(|store| (name(store), store_value(report, store))).collect()
}

fn store_value(report: &Report<'_>, store: &StoreOutcome) -> Value {
    let of = |kind: AccessKind| {
        let these = store.accesses.iter().filter(move |access| access.kind == kind);
        these.map(|access| (endpoint_name(report, access), access))
    };
    let reads: Map<String, Value> =
        of(AccessKind::Read).map(|(name, access)| (name, read_value(access))).collect();
    let writes: Map<String, Value> =
        of(AccessKind::Write).map(|(name, access)| (name, write_value(access))).collect();
    json!({
        "reads": reads,
        "writes": writes,
        "repairs": store.repairs,
        "hints": {
            "stored": store.hints_stored,
            "replayed": store.hints_replayed,
            "dropped": store.hints_dropped,
            "waiting": store.hints_waiting,
        },
    })
}

fn read_value(access: &AccessOutcome) -> Value {
    json!({
        "level": access.level.to_string(),
        "answered": access.answered,
        "unavailable": access.unavailable,
        "stale": access.stale,
        "stale_share": ratio(access.stale, access.answered),
        "age_s": durations(&access.age),
    })
}

fn write_value(access: &AccessOutcome) -> Value {
    json!({
        "level": access.level.to_string(),
        "answered": access.answered,
        "unavailable": access.unavailable,
    })
}

pub(crate) fn endpoint_name(report: &Report<'_>, access: &AccessOutcome) -> String {
    report.model.endpoints[access.endpoint].name.clone().unwrap_or_default()
}
