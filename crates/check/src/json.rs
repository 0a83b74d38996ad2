//! Everything that is known without running, as one JSON document. Its keys may grow in number; none changes.

use serde_json::{Map, Value, json};
use tarsier_model::{Model, ServiceId};

use crate::examination::Examination;
use crate::independence::{Independence, Shared};
use crate::sections::word_of;
use crate::settings::part_name;
use crate::stores::StoreAccess;
use crate::text::Lines;

/// The document, with a line end.
pub fn json(model: &Model, found: &Examination, lines: Lines<'_>) -> String {
    let document = json!({
        "architecture": model.name,
        "tarsier": env!("CARGO_PKG_VERSION"),
        "workloads": workloads(model, found),
        "services": services(model, found),
        "stores": stores(model, found),
        "limit": found.load.limit.map(|limit| json!({
            "service": name(model, limit.service),
            "factor": limit.factor,
            "by": if limit.by_workers { "workers" } else { "cores" },
        })),
        "segmentation": crossings(model, found),
        "independence": found.resilience.independence.iter().map(|it| independence(model, it)).collect::<Vec<_>>(),
        "single_points": single_points(model, found),
        "warnings": warnings(found, lines),
    });
    serde_json::to_string_pretty(&document).expect("a document of strings and numbers") + "\n"
}

fn name(model: &Model, service: ServiceId) -> &str {
    &model.services[service].name
}

fn workloads(model: &Model, found: &Examination) -> Map<String, Value> {
    let named = model.workloads.entries().zip(&found.rates);
    named
        .map(|((id, workload), rate)| {
            let own = found.fan_outs.iter().enumerate().filter(|(_, fan_out)| fan_out.workload == id);
            let requests = own.map(|(at, fan_out)| {
                let available = found.availabilities.get(at);
                let value = json!({
                    "availability": available.map(|it| it.share),
                    "exact": available.map(|it| it.exact),
                    "leaves": fan_out.leaves,
                    "slowest_1_percent_met": fan_out.slow,
                });
                (model.endpoint_label(fan_out.to), value)
            });
            let requests: Map<String, Value> = requests.collect();
            (workload.name.clone(), json!({ "requests_per_s": rate, "requests": requests }))
        })
        .collect()
}

fn services(model: &Model, found: &Examination) -> Map<String, Value> {
    let mut services = Map::new();
    for (id, load) in found.load.services.entries() {
        let service = &model.services[id];
        let mut value = json!({
            "instances": service.instances.len(),
            "cores": service.cores,
            "requests_per_s": load.requests_per_s,
            "cores_busy": load.cores,
            "workers_busy": load.workers,
        });
        if let Some(storm) = found.storms.iter().find(|storm| storm.service == id) {
            value["retries"] = json!({
                "capacity_per_s": storm.capacity_per_s,
                "amplification": storm.amplification(),
                "if_all_fails_per_s": storm.failing_per_s,
                "outlasting": storm.outlasting,
                "safe_below_per_s": storm.safe_below_per_s(),
                "can_tip": storm.can_tip(),
            });
        }
        services.insert(service.name.clone(), value);
    }
    services
}

fn stores(model: &Model, found: &Examination) -> Map<String, Value> {
    let store = |access: &StoreAccess| {
        let value = json!({
            "kind": access.verb(),
            "level": access.level.to_string(),
            "answers": access.needs.answers,
            "of": access.needs.of,
            "availability": access.available,
        });
        (model.endpoint_label(access.endpoint), value)
    };
    found.stores.iter().map(store).collect()
}

fn crossings(model: &Model, found: &Examination) -> Vec<Value> {
    let crossing = |crossing: &crate::Crossing| {
        json!({
            "from": crossing.from.map(|from| name(model, from)),
            "to": name(model, crossing.to),
            "verdict": word_of(crossing),
        })
    };
    found.crossings.iter().map(crossing).collect()
}

fn independence(model: &Model, list: &Independence) -> Value {
    let names = |services: &[ServiceId]| -> Vec<String> {
        services.iter().map(|service| name(model, *service).to_owned()).collect()
    };
    let shared = |shared: &Shared| {
        json!({
            "lost": part_name(model, shared.part),
            "takes_down": shared.ways.iter().map(|way| name(model, way[0])).collect::<Vec<_>>(),
            "ways": shared.ways.iter().map(|way| names(way)).collect::<Vec<_>>(),
        })
    };
    json!({
        "services": names(&list.services),
        "holds": list.holds(),
        "shared": list.shared.iter().map(shared).collect::<Vec<_>>(),
        "never_answer": names(&list.dead),
    })
}

fn single_points(model: &Model, found: &Examination) -> Vec<Value> {
    let points = found.resilience.single_points.iter().map(|point| {
        let workloads = point.workloads.iter().map(|workload| model.workloads[*workload].name.as_str());
        json!({
            "lost": part_name(model, point.part),
            "service": name(model, point.service),
            "workloads": workloads.collect::<Vec<_>>(),
        })
    });
    points.collect()
}

fn warnings(found: &Examination, lines: Lines<'_>) -> Vec<Value> {
    let warning = |finding: &crate::Finding| {
        let place = lines(finding.at);
        json!({
            "kind": finding.kind.name(),
            "message": finding.message,
            "line": place.map(|(line, _)| line),
            "column": place.map(|(_, column)| column),
        })
    };
    found.findings.iter().map(warning).collect()
}
