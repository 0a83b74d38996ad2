//! Architectures beside each other, as a table and what each buys and costs beside the one before it.

use serde_json::{Value, json};

use crate::number::{amount, dash, duration};
use crate::style::Tone;
use crate::table::{Align, Cell, Table};
use crate::verdict::Edge;

/// What was found out about one architecture under its own load.
#[derive(Clone, PartialEq, Debug)]
pub struct Survey {
    pub name: String,
    pub description: String,
    /// Of open workloads, at their peak.
    pub load_per_s: f64,
    /// Without those that the provider runs: name services and what is external.
    pub instances: u64,
    pub cores: u64,
    pub mean_s: Option<f64>,
    pub p50_s: Option<f64>,
    pub p99_s: Option<f64>,
    /// The share of requests that succeed.
    pub success: Option<f64>,
    /// The busiest service, and how busy its cores are.
    pub busiest: Option<(String, f64)>,
    /// Up to which load all objectives hold, and from which on one does not.
    pub knee_per_s: Edge,
    /// The share that succeeds while a zone is lost, and while a region is.
    pub without_zone: Option<f64>,
    pub without_region: Option<f64>,
}

const LEGEND: &str = "knee: the highest load tried at which all objectives hold; zone, region lost: what is answered meanwhile";

pub fn surveys_text(surveys: &[Survey]) -> String {
    let mut text = table(surveys);
    text.push_str(&Tone::Dim.paint(LEGEND));
    text.push('\n');
    for pair in surveys.windows(2) {
        let [before, after] = pair else { unreachable!("windows are of two") };
        let (buys, costs) = changes(before, after);
        text.push_str(&format!("\n{}  {}\n", Tone::Bold.paint(&after.name), after.description));
        for (title, changes) in [("buys", buys), ("costs", costs)] {
            let changes =
                if changes.is_empty() { "nothing that shows".to_owned() } else { changes.join(", ") };
            text.push_str(&format!("  {}  {changes}\n", Tone::Dim.paint(&format!("{title:<5}"))));
        }
    }
    text
}

fn table(surveys: &[Survey]) -> String {
    let right = ["instances", "cores", "mean", "p50", "p99", "knee", "zone lost", "region lost"];
    let mut columns = vec![("step", Align::Left)];
    columns.extend(right.map(|title| (title, Align::Right)));
    columns.push(("busiest", Align::Left));
    let mut table = Table::new(columns);
    let optional = |value: Option<f64>, show: &dyn Fn(f64) -> String| value.map_or_else(dash, show);
    let success = |value: Option<f64>| Cell::toned(optional(value, &percent), tone(value));
    for it in surveys {
        table.row(vec![
            it.name.clone().into(),
            it.instances.to_string().into(),
            it.cores.to_string().into(),
            optional(it.mean_s, &duration).into(),
            optional(it.p50_s, &duration).into(),
            optional(it.p99_s, &duration).into(),
            optional(it.knee_per_s.holds, &per_s).into(),
            success(it.without_zone),
            success(it.without_region),
            it.busiest
                .as_ref()
                .map_or_else(dash, |(name, busy)| format!("{name} {:.0}%", busy * 100.0))
                .into(),
        ]);
    }
    table.render()
}

fn per_s(rate: f64) -> String {
    format!("{}/s", amount(rate))
}

/// Rounded down: all of it is all.
fn percent(part: f64) -> String {
    format!("{:.1}%", (part * 1_000.0).floor() / 10.0)
}

fn tone(success: Option<f64>) -> Tone {
    match success {
        Some(success) if success < 0.5 => Tone::Bad,
        Some(success) if success < 0.99 => Tone::Warm,
        Some(_) => Tone::Good,
        None => Tone::Plain,
    }
}

/// Changes of latencies and rates by less are none: the knee is known to a tenth.
const LEAST_RATIO: f64 = 1.15;
const LEAST_LATENCY: f64 = 0.03;
/// And of what succeeds, by less than this share of all.
const LEAST_SHARE: f64 = 0.02;

/// What is better and what is worse.
fn changes(before: &Survey, after: &Survey) -> (Vec<String>, Vec<String>) {
    let (mut buys, mut costs) = (Vec::new(), Vec::new());
    let mut tell =
        |is_better: bool, words: String| if is_better { buys.push(words) } else { costs.push(words) };
    if let (Some(a), Some(b)) = (before.knee_per_s.holds, after.knee_per_s.holds)
        && (b / a > LEAST_RATIO || a / b > LEAST_RATIO)
    {
        tell(b > a, format!("{} × the load", amount(b / a)));
    }
    let latencies = [("mean", before.mean_s, after.mean_s), ("p99", before.p99_s, after.p99_s)];
    for (name, a, b) in latencies {
        if let (Some(a), Some(b)) = (a, b)
            && (b - a).abs() > LEAST_LATENCY * a
        {
            let sign = if b < a { "−" } else { "+" };
            tell(b < a, format!("{name} {sign}{}", duration((b - a).abs())));
        }
    }
    let losses = [
        ("a zone", before.without_zone, after.without_zone),
        ("a region", before.without_region, after.without_region),
    ];
    for (what, a, b) in losses {
        if let (Some(a), Some(b)) = (a, b)
            && (b - a).abs() > LEAST_SHARE
        {
            tell(b > a, format!("{} instead of {} answered without {what}", percent(b), percent(a)));
        }
    }
    for (name, a, b) in [("instance", before.instances, after.instances), ("core", before.cores, after.cores)]
    {
        if a != b {
            let more = if b > a { "more" } else { "fewer" };
            let plural = if a.abs_diff(b) == 1 { "" } else { "s" };
            tell(b < a, format!("{} {name}{plural} {more}", a.abs_diff(b)));
        }
    }
    (buys, costs)
}

/// The same as a document.
pub fn surveys_json(surveys: &[Survey]) -> String {
    let steps: Vec<Value> = surveys.iter().map(document).collect();
    format!("{:#}\n", json!({ "steps": steps }))
}

fn document(it: &Survey) -> Value {
    json!({
        "name": it.name,
        "description": it.description,
        "load_per_s": it.load_per_s,
        "instances": it.instances,
        "cores": it.cores,
        "latency_s": { "mean": it.mean_s, "p50": it.p50_s, "p99": it.p99_s },
        "success": it.success,
        "busiest": it.busiest.as_ref().map(|(name, busy)| json!({ "service": name, "utilization": busy })),
        "knee_per_s": { "holds": it.knee_per_s.holds, "tips": it.knee_per_s.tips },
        "success_without": { "zone": it.without_zone, "region": it.without_region },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn survey() -> Survey {
        Survey {
            name: "0-a".to_owned(),
            description: "The first".to_owned(),
            load_per_s: 100.0,
            instances: 4,
            cores: 8,
            mean_s: Some(0.1),
            p50_s: Some(0.09),
            p99_s: Some(0.2),
            success: Some(1.0),
            busiest: Some(("db".to_owned(), 0.456)),
            knee_per_s: Edge { holds: Some(1_000.0), tips: Some(1_050.0) },
            without_zone: Some(0.002),
            without_region: None,
        }
    }

    #[test]
    fn what_is_better_is_bought_and_what_is_worse_is_paid() {
        let after = Survey {
            instances: 5,
            cores: 6,
            mean_s: Some(0.102),
            p99_s: Some(0.15),
            knee_per_s: Edge { holds: Some(500.0), tips: None },
            without_zone: Some(0.9),
            without_region: Some(1.0),
            ..survey()
        };
        let (buys, costs) = changes(&survey(), &after);
        assert_eq!(buys, ["p99 −50.0 ms", "90.0% instead of 0.2% answered without a zone", "2 cores fewer"]);
        assert_eq!(costs, ["0.500 × the load", "1 instance more"]);
        assert_eq!(changes(&survey(), &survey()), (Vec::new(), Vec::new()));
    }

    #[test]
    fn the_document_holds_what_was_found() {
        let document: Value = serde_json::from_str(&surveys_json(&[survey()])).expect("it is JSON");
        let step = &document["steps"][0];
        assert_eq!(step["knee_per_s"], json!({ "holds": 1_000.0, "tips": 1_050.0 }));
        assert_eq!(step["success_without"], json!({ "zone": 0.002, "region": null }));
        assert_eq!(step["busiest"]["service"], "db");
    }
}
