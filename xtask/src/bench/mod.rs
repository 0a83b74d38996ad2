//! `cargo xtask bench`: the canonical workloads, without arguments, beside the practical limit.
//!
//! Times are CPU time of this thread where the system tells it, so that neighbours disturb less;
//! what counts is the ratio to the bare prototype in the same run.

mod bare;
pub mod large;
pub mod layout;
pub mod memory;
mod models;
pub mod peers;
mod spans;

use std::time::Instant;

use tarsier_engine::kernel::EventQueue;
use tarsier_engine::{Outcome, RunConfig, Watch, run};
use tarsier_model::SealedModel;
use tarsier_random::Stream;
use tarsier_units::Span;

/// Nanoseconds that this thread has spent on a processor.
fn cpu_ns() -> Option<u64> {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    stat.split_whitespace().next()?.parse().ok()
}

/// Seconds of CPU time (or, where unknown, of wall time) that `work` takes, and what it gives.
fn timed<T>(work: impl FnOnce() -> T) -> (f64, T) {
    let (wall, cpu) = (Instant::now(), cpu_ns());
    let result = work();
    let seconds = match (cpu, cpu_ns()) {
        (Some(before), Some(after)) if after > before => (after - before) as f64 / 1e9,
        _ => wall.elapsed().as_secs_f64(),
    };
    (seconds, result)
}

/// The fastest of several runs: the one that was disturbed least.
fn best<T>(times: usize, mut work: impl FnMut() -> T) -> (f64, T) {
    let runs = (0..times).map(|_| timed(&mut work));
    runs.min_by(|a, b| a.0.total_cmp(&b.0)).expect("at least one run")
}

fn simulate(model: &SealedModel, seconds: f64, threads: usize) -> Outcome {
    simulate_under(&mut (), model, seconds, threads)
}

fn simulate_under(watch: &mut dyn Watch, model: &SealedModel, seconds: f64, threads: usize) -> Outcome {
    let config = RunConfig {
        seed: 1,
        replication: 0,
        duration: Span::from_secs_f64(seconds),
        warmup: Span::from_secs_f64(seconds / 10.0),
        scenario: None,
        threads,
        series: false,
    };
    run(model, &config, watch)
}

struct Row {
    name: &'static str,
    seconds: f64,
    events: u64,
    requests: u64,
    note: String,
}

impl Row {
    fn print(&self) {
        let mega = |n: u64| n as f64 / self.seconds / 1e6;
        println!(
            "{:<34} {:>8.2} M events/s {:>8.3} M requests/s   {:>6.1} ns/event   {}",
            self.name,
            mega(self.events),
            mega(self.requests),
            self.seconds * 1e9 / self.events.max(1) as f64,
            self.note
        );
    }
}

fn product(name: &'static str, model: &SealedModel, seconds: f64, bare: Option<f64>) -> Row {
    // A long run is its own average.
    let times = if model.zones.len() >= 1_000 { 1 } else { 3 };
    let (time, outcome) = best(times, || simulate(model, seconds, 1));
    // The warm-up is simulated too.
    let requests = (outcome.workloads[0].requests as f64 * 1.1) as u64;
    let latency = outcome.workloads[0].latency.summary();
    let share = bare
        .map_or(String::new(), |bare| format!("{:.0}% of bare, ", 100.0 * (requests as f64 / time) / bare));
    let note = format!(
        "{share}mean {:.4} ms, {} partitions",
        latency.mean.unwrap_or(f64::NAN) / 1e6,
        outcome.partitions
    );
    Row { name, seconds: time, events: outcome.events, requests, note }
}

fn w1_bare() -> Row {
    let (seconds, (events, wait)) = best(3, || bare::w1(5_000_000));
    Row { name: "W1 bare", seconds, events, requests: 5_000_000, note: format!("mean wait {wait:.3} ms") }
}

fn w2_bare() -> Row {
    let (seconds, (events, served, mean)) = best(3, || {
        let mut bare = bare::W2::new();
        let mean = bare.run(1_000_000);
        (bare.events, bare.served, mean)
    });
    Row { name: "W2 bare", seconds, events, requests: served, note: format!("mean {mean:.4} ms") }
}

/// PHOLD: a million pending, each event sets off another at an exponential distance.
fn w3() -> Row {
    const PENDING: u32 = 1_000_000;
    const EVENTS: u64 = 10_000_000;
    let mut queue = EventQueue::new();
    let mut stream = Stream::named(1, &["phold"], &[]);
    let mut counters = vec![0_u32; PENDING as usize];
    (0..PENDING).for_each(|n| queue.push((stream.exp1() * 1e9) as u64, n));
    let (seconds, ()) = timed(|| {
        for _ in 0..EVENTS {
            let (now, payload) = queue.pop_before(u64::MAX).expect("as many as ever");
            counters[payload as usize] += 1;
            queue.push(now + (stream.exp1() * 1e9) as u64, stream.below(PENDING));
        }
    });
    let note = format!("{} counted", counters.iter().map(|n| u64::from(*n)).sum::<u64>());
    Row { name: "W3 PHOLD, 1 M pending", seconds, events: EVENTS, requests: 0, note }
}

fn resident_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM:"));
    line.and_then(|line| line.split_whitespace().nth(1)?.parse().ok()).unwrap_or(0)
}

/// What instances and requests in flight take: live bytes of the heap, and for the peak of resident memory a
/// run of 60,000 instances with next to no requests and what a loaded run adds to it, where statistics and the
/// plan count as the instances'.
fn memory() {
    let before = resident_kib();
    simulate(&models::w2_at(1.0, 10_000, 0.0), 0.01, 1);
    let idle = resident_kib();
    let outcome = simulate(&models::w2(10_000, 0.0), 0.02, 1);
    let loaded = resident_kib();
    let in_flight = outcome.workloads[0].in_flight_end;
    println!(
        "resident: {:.0} bytes an instance (60,000; statistics included), {:.0} a request in flight ({in_flight})",
        (idle - before) as f64 * 1024.0 / 60_000.0,
        (loaded - idle) as f64 * 1024.0 / in_flight as f64,
    );
    let figures = memory::measure(5_000, 0.02);
    println!(
        "live:     {:.0} bytes an instance, {:.0} a request in flight or {:.0} an open call, {:.1} a pending event of 1,000 and {:.1} of 1,000,000",
        figures.instance, figures.request, figures.record, figures.event[0], figures.event[1],
    );
}

/// W2 in zones on one and on two threads, by the clock on the wall.
fn speed_up() -> String {
    let model = models::w2(400, 0.1);
    let wall = |threads: usize| {
        let times = (0..7).map(|_| {
            let start = Instant::now();
            let outcome = simulate(&model, 0.05, threads);
            (start.elapsed().as_secs_f64(), outcome.fingerprint)
        });
        times.min_by(|a, b| a.0.total_cmp(&b.0)).expect("seven runs")
    };
    let (one, two) = (wall(1), wall(2));
    assert_eq!(one.1, two.1, "threads change nothing");
    format!(
        "W2, 400 zones, 10% far: {:.0} ms on one thread, {:.0} ms on two: {:.2} x",
        one.0 * 1e3,
        two.0 * 1e3,
        one.0 / two.0
    )
}

pub fn main(only: Option<&str>) {
    let wants = |name: &str| only.is_none_or(|only| only == name);
    let mut w2_rate = None;
    if wants("w1") {
        let bare = w1_bare();
        bare.print();
        product("W1", &models::w1(), 5_000.0, Some(bare.requests as f64 / bare.seconds)).print();
    }
    if wants("w2") || wants("zones") {
        let bare = w2_bare();
        bare.print();
        w2_rate = Some(bare.requests as f64 / bare.seconds);
    }
    if wants("w2") {
        product("W2", &models::w2(1, 0.0), 80.0, w2_rate).print();
    }
    if wants("zones") {
        product("W2, 1,000 zones", &models::w2(1_000, 0.0), 0.5, w2_rate).print();
        product("W2, 10,000 zones", &models::w2(10_000, 0.0), 0.1, w2_rate).print();
    }
    if wants("memory") {
        memory();
    }
    if wants("w3") {
        w3().print();
    }
    if wants("others") {
        product("two tiers of uqSim", &models::two_tier(), 20.0, None).print();
        product("fan-out to 1,000", &models::fan_out(), 10.0, None).print();
        product("10,000 at one instant", &models::same_instant(), 0.5, None).print();
    }
    if wants("spans") {
        spans::main();
    }
    if wants("large") {
        large::main();
    }
    if wants("counts") {
        counts();
    }
    if wants("threads") {
        println!("{}", speed_up());
    }
}

/// One small run, for counting instructions: `size` in thousands of requests.
pub fn one(name: &str, size: u64) {
    let thousands = size as f64;
    let requests = match name {
        "w1-bare" => bare::w1(size * 1_000).0 / 2,
        "w2-bare" => {
            let mut bare = bare::W2::new();
            bare.run(size * 1_000);
            bare.served
        }
        "w1" => simulate(&models::w1(), thousands / 0.8 / 1.1, 1).workloads[0].requests,
        "w2" => simulate(&models::w2(1, 0.0), thousands / 12.0 / 1.1, 1).workloads[0].requests,
        other => panic!("there is no workload {other}"),
    };
    println!("{requests} requests");
}

/// Instructions a request, as callgrind counts them: repeatable whatever else the machine does. Both runs
/// are long enough to carry the same number of accounts, so the difference is what a request costs.
fn counts() {
    println!("instructions a request (callgrind):");
    for name in ["w1-bare", "w1", "w2-bare", "w2"] {
        match (instructions(name, 300), instructions(name, 200)) {
            (Some(more), Some(less)) => println!("  {name:<8} {:>8.0}", (more - less) as f64 / 100_000.0),
            _ => println!("  {name:<8} skipped: no valgrind here"),
        }
    }
}

fn instructions(name: &str, size: u64) -> Option<u64> {
    let output = std::process::Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(std::env::current_exe().ok()?)
        .args(["bench", "one", name, &size.to_string()])
        .output()
        .ok()?;
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    let line = text.lines().find(|line| line.contains("Collected :"))?;
    line.rsplit(' ').next()?.parse().ok()
}
