//! `series.csv`: one row a second of counted time for each metric of each thing.

use std::io::{self, Write};

use tarsier_engine::{SecondRow, SeriesSubject};
use tarsier_model::{EndpointId, Model};

use crate::call_label;

/// Writes rows as they come; holds nothing but names.
pub struct SeriesWriter<W> {
    out: W,
    /// Quoted as CSV wants them.
    subjects: Subjects,
    /// The first thing that went wrong; nothing is written after it.
    failed: Option<io::Error>,
}

impl<W: Write> SeriesWriter<W> {
    /// `calls` in the order of the outcome.
    pub fn new(
        mut out: W,
        model: &Model,
        calls: &[(EndpointId, EndpointId)],
        counted_s: f64,
    ) -> io::Result<Self> {
        out.write_all(b"time_s,kind,name,metric,value\n")?;
        Ok(SeriesWriter { out, subjects: Subjects::new(model, calls, counted_s, quoted), failed: None })
    }

    /// Takes the row of one second of one thing. What goes wrong is told by [`Self::finish`]: a
    /// run is not broken off because its series cannot be written.
    pub fn row(&mut self, row: &SecondRow) {
        if self.failed.is_none() {
            self.failed = self.write(row).err();
        }
    }

    pub fn finish(mut self) -> io::Result<()> {
        match self.failed.take() {
            Some(error) => Err(error),
            None => self.out.flush(),
        }
    }

    fn write(&mut self, row: &SecondRow) -> io::Result<()> {
        let (kind, name) = self.subjects.of(row);
        for (metric, value) in self.subjects.metrics(row) {
            write!(self.out, "{},{kind},{name},{metric},", row.second)?;
            match value {
                Some(value) => writeln!(self.out, "{value}")?,
                None => writeln!(self.out)?,
            }
        }
        Ok(())
    }
}

/// What the rows of a run are about.
pub(crate) struct Subjects {
    /// Names by the index a row carries.
    workloads: Vec<String>,
    services: Vec<String>,
    calls: Vec<String>,
    /// Counted time asked for; its last second may be a part of one.
    counted_s: f64,
}

impl Subjects {
    /// With names as they are to be written.
    pub(crate) fn new(
        model: &Model,
        calls: &[(EndpointId, EndpointId)],
        counted_s: f64,
        written: fn(&str) -> String,
    ) -> Subjects {
        Subjects {
            workloads: model.workloads.iter().map(|it| written(&it.name)).collect(),
            services: model.services.iter().map(|it| written(&it.name)).collect(),
            calls: calls.iter().map(|(from, to)| written(&call_label(model, *from, *to))).collect(),
            counted_s,
        }
    }

    /// Its kind and its name.
    pub(crate) fn of(&self, row: &SecondRow) -> (&'static str, &str) {
        match row.subject {
            SeriesSubject::Workload(index) => ("workload", &self.workloads[index]),
            SeriesSubject::Service(index) => ("service", &self.services[index]),
            SeriesSubject::Call(index) => ("call", &self.calls[index]),
        }
    }

    pub(crate) fn metrics(&self, row: &SecondRow) -> Vec<(&'static str, Option<f64>)> {
        metrics(row, self.seconds_in(row.second))
    }

    /// How much of a second is counted: all of it, but for the last.
    fn seconds_in(&self, second: u64) -> f64 {
        let left = self.counted_s - second as f64;
        if left > 0.0 { left.min(1.0) } else { 1.0 }
    }
}

/// What is told of each kind of thing; a value without samples stays empty.
fn metrics(row: &SecondRow, seconds: f64) -> Vec<(&'static str, Option<f64>)> {
    let per_s = |count: u64| Some(count as f64 / seconds);
    let mut metrics = vec![
        ("requests_per_s", per_s(row.requests)),
        ("completed_per_s", per_s(row.completed)),
        ("errors_per_s", per_s(row.errors)),
    ];
    let is_service = matches!(row.subject, SeriesSubject::Service(_));
    if !is_service {
        metrics.push(("attempts_per_s", row.attempts.and_then(per_s)));
    }
    metrics.push(("latency_mean_s", row.latency_mean_s));
    metrics.push(("latency_p50_s", row.latency_p50_s));
    metrics.push(("latency_p99_s", row.latency_p99_s));
    if is_service {
        metrics.push(("utilization", row.utilization));
        metrics.push(("queue_length", row.queue_length));
        metrics.push(("instances", row.instances.map(|n| n as f64)));
    }
    metrics
}

/// RFC 4180: quoted when it must be, quotes doubled.
pub(crate) fn quoted(field: &str) -> String {
    if field.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", field.replace('"', "\"\""))
    } else {
        field.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::fixture;

    fn row(second: u64, subject: SeriesSubject) -> SecondRow {
        SecondRow {
            requests: 3,
            completed: 2,
            errors: 1,
            attempts: Some(4),
            latency_mean_s: Some(0.25),
            latency_p99_s: Some(0.5),
            utilization: Some(0.75),
            queue_length: Some(1.5),
            instances: Some(2),
            ..SecondRow::nothing(second, subject)
        }
    }

    #[test]
    fn each_kind_has_its_metrics() {
        let model = fixture::model();
        let mut csv = Vec::new();
        let calls = [(EndpointId(0), EndpointId(1))];
        let mut writer = SeriesWriter::new(&mut csv, &model, &calls, 1.5).expect("memory takes it");
        writer.row(&row(0, SeriesSubject::Workload(0)));
        writer.row(&row(1, SeriesSubject::Service(1)));
        writer.row(&row(0, SeriesSubject::Call(0)));
        writer.finish().expect("memory takes it");
        let csv = String::from_utf8(csv).expect("UTF-8");
        let expected = "time_s,kind,name,metric,value
0,workload,users,requests_per_s,3
0,workload,users,completed_per_s,2
0,workload,users,errors_per_s,1
0,workload,users,attempts_per_s,4
0,workload,users,latency_mean_s,0.25
0,workload,users,latency_p50_s,
0,workload,users,latency_p99_s,0.5
1,service,db,requests_per_s,6
1,service,db,completed_per_s,4
1,service,db,errors_per_s,2
1,service,db,latency_mean_s,0.25
1,service,db,latency_p50_s,
1,service,db,latency_p99_s,0.5
1,service,db,utilization,0.75
1,service,db,queue_length,1.5
1,service,db,instances,2
0,call,web/home -> db,requests_per_s,3
0,call,web/home -> db,completed_per_s,2
0,call,web/home -> db,errors_per_s,1
0,call,web/home -> db,attempts_per_s,4
0,call,web/home -> db,latency_mean_s,0.25
0,call,web/home -> db,latency_p50_s,
0,call,web/home -> db,latency_p99_s,0.5
";
        assert_eq!(csv, expected);
    }

    #[test]
    fn names_with_commas_and_quotes_are_quoted() {
        assert_eq!(quoted("web"), "web");
        assert_eq!(quoted("a,b"), "\"a,b\"");
        assert_eq!(quoted("say \"hi\""), "\"say \"\"hi\"\"\"");
    }
}
