//! `cargo xtask differential DIR`: small stations, customer by customer, for `python/differential/compare.py` to run
//! again in other simulators.
//!
//! Both get the same integer arrival times and demands, so no statistics are needed: the waits must be equal.

use std::fmt::Write;
use std::fs;
use std::path::Path;

use tarsier_engine::{RunConfig, Visit, VisitEnd, Watch};
use tarsier_units::Span;

use crate::validate::arch::{Arch, arch, call, constant, exp, lognormal, station, wait, work};

/// Arrivals stop here; then everybody leaves, so that no one is missing from the record.
const ARRIVALS_S: u64 = 20;
const END_S: u64 = 30;

/// A line of stations: how many each serves at once, and for how many it has room.
struct Line {
    name: &'static str,
    model: Arch,
    stations: Vec<(u32, Option<u32>)>,
}

fn lines() -> Vec<Line> {
    let line = |name, model, stations| Line { name, model, stations };
    let workers = arch().service([wait(lognormal(2.0, 1.0))]).workers(2).rate(900.0, 0);
    let tandem =
        arch().service([work(exp(0.9)), call(1)]).service([work(lognormal(0.8, 2.0))]).rate(1000.0, 0);
    vec![
        line("mm1", station(exp(0.9), 1000.0), vec![(1, None)]),
        line("mg3", station(lognormal(2.6, 2.0), 1000.0).cores(3), vec![(3, None)]),
        line("md2", station(constant(1.9), 1000.0).cores(2), vec![(2, None)]),
        line("mm1k", station(exp(1.0), 1200.0).queue(4), vec![(1, Some(5))]),
        line("workers", workers, vec![(2, None)]),
        line("tandem", tandem, vec![(1, None), (1, None)]),
    ]
}

pub fn main(directory: &str) -> Result<(), String> {
    let directory = Path::new(directory);
    let failed = |error: std::io::Error| format!("cannot write to {}: {error}", directory.display());
    fs::create_dir_all(directory).map_err(failed)?;
    let mut index = String::from("line,station,servers,places\n");
    for line in lines() {
        for (station, (servers, places)) in line.stations.iter().enumerate() {
            let places = places.map_or(String::new(), |places| places.to_string());
            let _ = writeln!(index, "{},{station},{servers},{places}", line.name);
        }
        let file = directory.join(format!("{}.csv", line.name));
        fs::write(file, visits(line)).map_err(failed)?;
    }
    fs::write(directory.join("lines.csv"), index).map_err(failed)
}

/// All visits, by station and arrival.
fn visits(line: Line) -> String {
    let model = line.model.until(ARRIVALS_S).seal();
    let config = RunConfig {
        seed: 1,
        replication: 0,
        duration: Span::from_secs(END_S),
        warmup: Span::ZERO,
        scenario: None,
        threads: 1,
        series: false,
    };
    let mut record = Record(Vec::new());
    let outcome = tarsier_engine::run(&model, &config, &mut record);
    assert_eq!(outcome.workloads[0].in_flight_end, 0, "{}: everybody has left", line.name);
    record.0.sort_by_key(|visit| (visit.service, visit.arrived_ns));
    let mut text = String::from("station,arrived_ns,demand_ns,queue_ns,refused\n");
    for visit in &record.0 {
        let Visit { service, arrived_ns, demand_ns, queue_ns, .. } = visit;
        let refused = u8::from(visit.end == VisitEnd::Refused);
        let _ = writeln!(text, "{service},{arrived_ns},{demand_ns},{queue_ns},{refused}");
    }
    text
}

struct Record(Vec<Visit>);

impl Watch for Record {
    fn wants_visits(&self) -> bool {
        true
    }

    fn visit(&mut self, visit: &Visit) {
        self.0.push(*visit);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Lindley's recursion, the shortest of all simulators: `w' = max(0, w + demand - gap)`.
    #[test]
    fn waits_of_one_server_follow_lindley() {
        let line = lines().swap_remove(0);
        let text = visits(line);
        let rows: Vec<Vec<u64>> = text
            .lines()
            .skip(1)
            .map(|row| row.split(',').map(|word| word.parse().expect("a whole number")).collect())
            .collect();
        assert!(rows.len() > 10_000, "there were {} customers", rows.len());
        for pair in rows.windows(2) {
            let free = pair[0][1] + pair[0][3] + pair[0][2];
            assert_eq!(pair[1][3], free.saturating_sub(pair[1][1]), "who arrived at {} ns", pair[1][1]);
        }
    }
}
