//! The canonical workloads W1 and W2 on other simulators, with our samplers.
//!
//! Prints one line for each: `name workload customers seconds-of-CPU mean`, the mean in milliseconds.
//! Every engine runs the same logic ([`line`], [`zone`]); what differs is who keeps the events.

mod line;
mod on_nexosim;
mod on_simcore;
mod zone;

use std::time::Instant;

/// Nanoseconds that this thread has spent on a processor.
fn cpu_ns() -> Option<u64> {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    stat.split_whitespace().next()?.parse().ok()
}

/// Seconds of CPU time (or, where unknown, of wall time) that `work` takes, and what it gives.
fn timed(work: impl FnOnce() -> f64) -> (f64, f64) {
    let (wall, cpu) = (Instant::now(), cpu_ns());
    let result = work();
    let seconds = match (cpu, cpu_ns()) {
        (Some(before), Some(after)) if after > before => (after - before) as f64 / 1e9,
        _ => wall.elapsed().as_secs_f64(),
    };
    (seconds, result)
}

/// Runs three times, checks the mean against theory and prints the fastest.
fn bench(name: &str, workload: &str, customers: u64, run: impl Fn(u64) -> f64) {
    let (expected, tolerance) = if workload == "w1" { (4.0, 0.1) } else { (1.93, 0.03) };
    let runs = (0..3).map(|_| timed(|| run(customers)));
    let (seconds, mean) = runs.min_by(|a, b| a.0.total_cmp(&b.0)).expect("three runs");
    if (mean / expected - 1.0).abs() > tolerance {
        eprintln!("{name} gives {mean:.4} ms on {workload}, not {expected} ms");
        std::process::exit(1);
    }
    println!("{name} {workload} {customers} {seconds:.4} {mean:.4}");
}

fn main() {
    bench("simcore-0.1.0", "w1", 4_000_000, on_simcore::w1);
    bench("simcore-0.1.0", "w2", 300_000, on_simcore::w2);
    bench("nexosim-1.0.0", "w1", 1_000_000, on_nexosim::w1);
    bench("nexosim-1.0.0", "w2", 100_000, on_nexosim::w2);
}
