//! As Prometheus scrapes it: the text exposition format, version 0.0.4.

use std::fmt::Write;

use super::{Family, Labels, Meters, Points};

impl Meters {
    /// Families without a point are left out.
    pub fn prometheus(&self) -> String {
        let mut text = String::new();
        for family in self.families() {
            match &family.points {
                Points::Counters(points) => {
                    let name = format!("{}_total", name(&family));
                    header(&mut text, &name, "counter", family.help, points.len());
                    points.iter().for_each(|(labels, value)| sample(&mut text, &name, &known(labels), value));
                }
                Points::Gauges(points) => {
                    let name = name(&family);
                    header(&mut text, &name, "gauge", family.help, points.len());
                    points.iter().for_each(|(labels, value)| sample(&mut text, &name, &known(labels), value));
                }
                Points::Summaries(points) => {
                    let name = name(&family);
                    header(&mut text, &name, "summary", family.help, points.len());
                    for point in points {
                        let labels = known(point.labels);
                        for (share, value) in &point.quantiles {
                            sample(&mut text, &name, &format!("{labels},quantile=\"{share}\""), value);
                        }
                        sample(&mut text, &format!("{name}_sum"), &labels, &point.sum);
                        sample(&mut text, &format!("{name}_count"), &labels, &point.count);
                    }
                }
            }
        }
        text
    }
}

fn name(family: &Family<'_>) -> String {
    format!("tarsier_{}_{}", family.kind, family.name)
}

fn header(text: &mut String, name: &str, sort: &str, help: &str, points: usize) {
    if points > 0 {
        writeln!(text, "# HELP {name} {help}\n# TYPE {name} {sort}").expect("a string takes it");
    }
}

fn sample(text: &mut String, name: &str, labels: &str, value: &dyn std::fmt::Display) {
    writeln!(text, "{name}{{{labels}}} {value}").expect("a string takes it");
}

/// Backslashes, quotes and line ends are escaped, as the format wants them.
fn known(labels: &Labels) -> String {
    let escaped = |value: &str| value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
    let labels: Vec<String> =
        labels.iter().map(|(key, value)| format!("{key}=\"{}\"", escaped(value))).collect();
    labels.join(",")
}

#[cfg(test)]
mod tests {
    use crate::meters::fixture::meters;

    #[test]
    fn counters_add_up_and_gauges_are_the_latest() {
        let text = meters().prometheus();
        for line in [
            "# TYPE tarsier_simulated_seconds_total counter",
            "tarsier_simulated_seconds_total{architecture=\"pair\"} 2",
            "tarsier_workload_requests_total{workload=\"us\\\"ers\"} 6",
            "tarsier_workload_timeouts_total{workload=\"us\\\"ers\"} 2",
            "# TYPE tarsier_workload_latency_seconds summary",
            "tarsier_workload_latency_seconds_sum{workload=\"us\\\"ers\"} 1",
            "tarsier_workload_latency_seconds_count{workload=\"us\\\"ers\"} 4",
            "tarsier_workload_latency_seconds{workload=\"us\\\"ers\",quantile=\"0.99\"} 0.5",
            "tarsier_service_utilization{service=\"db\"} 0.75",
            "tarsier_service_requests_total{service=\"web\"} 0",
            "tarsier_call_attempts_total{caller=\"web/home\",callee=\"db\"} 8",
        ] {
            assert!(text.lines().any(|it| it == line), "{line}\n{text}");
        }
        assert!(!text.contains("quantile=\"0.5\""), "there was none in the last second");
        assert!(!text.contains("tarsier_service_utilization{service=\"web\"}"), "not known yet");
        assert!(!text.contains("tarsier_service_attempts"), "a service sends no attempts of its own");
    }
}
