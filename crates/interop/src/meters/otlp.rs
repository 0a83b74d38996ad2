//! As OpenTelemetry sends it: the JSON form of `ExportMetricsServiceRequest`, OTLP 1.5.
//!
//! Counters and summaries are cumulative since the start of the counted time. 64-bit numbers are strings, as
//! Protocol Buffers have it in JSON.

use serde_json::{Value, json};

use super::{Labels, Meters, Points};

/// `AGGREGATION_TEMPORALITY_CUMULATIVE`.
const CUMULATIVE: u32 = 2;

impl Meters {
    /// The metrics of this moment, and how many points they are. Times are nanoseconds since 1970.
    pub fn otlp(&self, start_ns: u64, now_ns: u64) -> (String, u64) {
        let times = Times { start: start_ns.to_string(), now: now_ns.to_string() };
        let mut points = 0;
        let mut metrics = Vec::new();
        for family in self.families() {
            let (key, data) = data(&family.points, &times);
            let count = data["dataPoints"].as_array().map_or(0, Vec::len);
            if count > 0 {
                points += count as u64;
                let name = format!("tarsier.{}.{}", family.kind, family.name);
                metrics.push(json!({ "name": name, "description": family.help, key: data }));
            }
        }
        let resource = json!({ "attributes": attributes(&vec![("service.name", "tarsier".to_owned())]) });
        let scope = json!({ "scope": { "name": "tarsier" }, "metrics": metrics });
        let request = json!({ "resourceMetrics": [{ "resource": resource, "scopeMetrics": [scope] }] });
        (request.to_string(), points)
    }
}

struct Times {
    start: String,
    now: String,
}

fn data(points: &Points<'_>, times: &Times) -> (&'static str, Value) {
    let point = |labels: &Labels, key: &str, value: Value| json!({ "attributes": attributes(labels), "startTimeUnixNano": times.start, "timeUnixNano": times.now, key: value });
    match points {
        Points::Counters(points) => {
            let points: Vec<Value> = points
                .iter()
                .map(|(labels, value)| point(labels, "asInt", value.to_string().into()))
                .collect();
            let sum = json!({
                "dataPoints": points, "aggregationTemporality": CUMULATIVE, "isMonotonic": true
            });
            ("sum", sum)
        }
        Points::Gauges(points) => {
            let points: Vec<Value> =
                points.iter().map(|(labels, value)| point(labels, "asDouble", (*value).into())).collect();
            ("gauge", json!({ "dataPoints": points }))
        }
        Points::Summaries(points) => {
            let one = |(share, value): &(f64, f64)| json!({ "quantile": share, "value": value });
            let points: Vec<Value> = points
                .iter()
                .map(|it| {
                    let mut point =
                        point(it.labels, "quantileValues", it.quantiles.iter().map(one).collect());
                    point["count"] = it.count.to_string().into();
                    point["sum"] = it.sum.into();
                    point
                })
                .collect();
            ("summary", json!({ "dataPoints": points }))
        }
    }
}

fn attributes(labels: &Labels) -> Value {
    labels.iter().map(|(key, value)| json!({ "key": key, "value": { "stringValue": value } })).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::meters::fixture::meters;

    #[test]
    fn points_are_cumulative_and_counted() {
        let (text, points) = meters().otlp(5, 2_000_000_005);
        let request: Value = serde_json::from_str(&text).expect("JSON");
        let metrics =
            request["resourceMetrics"][0]["scopeMetrics"][0]["metrics"].as_array().expect("metrics");
        let named = |name: &str| {
            metrics.iter().find(|metric| metric["name"] == name).unwrap_or_else(|| panic!("{name}: {text}"))
        };
        let requests = &named("tarsier.workload.requests")["sum"];
        assert_eq!(
            (&requests["aggregationTemporality"], &requests["isMonotonic"]),
            (&json!(2), &json!(true))
        );
        let attributes = json!([{ "key": "workload", "value": { "stringValue": "us\"ers" } }]);
        let expected = json!({
            "attributes": attributes, "startTimeUnixNano": "5", "timeUnixNano": "2000000005", "asInt": "6"
        });
        assert_eq!(requests["dataPoints"][0], expected);
        assert_eq!(named("tarsier.service.utilization")["gauge"]["dataPoints"][0]["asDouble"], 0.75);
        let latency = &named("tarsier.call.latency_seconds")["summary"]["dataPoints"][0];
        assert_eq!((&latency["count"], &latency["sum"]), (&json!("4"), &json!(1.0)));
        assert_eq!(latency["quantileValues"], json!([{ "quantile": 0.99, "value": 0.5 }]));
        let all = metrics.iter().flat_map(|metric| {
            ["sum", "gauge", "summary"].into_iter().filter_map(|key| metric[key]["dataPoints"].as_array())
        });
        assert_eq!(all.map(Vec::len).sum::<usize>() as u64, points);
    }
}
