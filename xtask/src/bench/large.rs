//! `cargo xtask bench large`: 100,000 instances of a generated Netflix, ten simulated seconds at 100,000 requests/s.
//!
//! Each run is a process of its own, so that its peak of memory is its own.

use std::process::Command;
use std::time::Instant;

use tarsier_engine::{RunConfig, run};
use tarsier_generate::{Order, Shape, generate};
use tarsier_model::SealedModel;
use tarsier_units::Span;

use super::{resident_kib, timed};

/// Whether users stay in their zone, which makes each of the four a partition, or not, which makes one of all.
const USERS: [&str; 2] = ["zone-aware", "round-robin"];

pub fn main() {
    for users in USERS {
        for threads in ["1", "2"] {
            let program = std::env::current_exe().expect("it runs");
            let ended = Command::new(program).args(["bench", "large", users, threads]).status();
            assert!(ended.is_ok_and(|status| status.success()), "users {users}, {threads} threads");
        }
    }
}

pub fn one(users: &str, threads: usize) {
    let (load_s, model) = timed(|| model(users));
    let config = RunConfig {
        seed: 1,
        replication: 0,
        duration: Span::from_secs(10),
        warmup: Span::ZERO,
        scenario: None,
        threads,
        series: false,
    };
    let begun = Instant::now();
    let (cpu_s, outcome) = timed(|| run(&model, &config, &mut ()));
    let wall_s = begun.elapsed().as_secs_f64();
    let workload = &outcome.workloads[0];
    println!(
        "100,000 instances, users {users:<11} {} partitions, {threads} threads: read in {load_s:.1} s, {wall_s:.1} s \
         ({cpu_s:.1} s of the first thread), {:.1} M events, {:.2} M events/s, {} requests, p50 {:.0} ms, {} MB",
        outcome.partitions,
        outcome.events as f64 / 1e6,
        outcome.events as f64 / wall_s / 1e6,
        workload.requests,
        workload.latency.summary().p50.unwrap_or(f64::NAN) / 1e6,
        resident_kib() / 1_000,
    );
}

fn model(users: &str) -> SealedModel {
    let order = Order {
        shape: Shape::NetflixOss { regions: 1, zones: 4 },
        services: 40,
        instances: Some(100_000),
        rate_per_s: Some(100_000.0),
        seed: 1,
        command: "cargo xtask bench large".to_owned(),
    };
    let text = generate(&order).expect("it can be made");
    let (head, load) = text.split_once("\nworkload:").expect("it has a load");
    let text = format!("{head}\nworkload:{}", load.replace("zone-aware", users));
    tarsier_language::load("large.yaml", text.as_bytes()).model.expect("it loads")
}
