//! What the pages of the lessons claim: each lesson is run as its page runs it, and its workloads are compared.

use std::collections::BTreeMap;
use std::fs;
use std::ops::Range;

use serde_json::Value;

use crate::support::{folder, tarsier};

/// What came out of a lesson.
struct Lesson {
    document: Value,
    /// By kind, name and metric: a value for each second that has one.
    series: BTreeMap<[String; 3], BTreeMap<usize, f64>>,
}

/// Runs a lesson; `options` as on its page.
fn lesson(name: &str, options: &[&str]) -> Lesson {
    let folder = folder(&format!("lesson_{name}"));
    let out = folder.to_str().expect("UTF-8");
    let name = format!("lessons/{name}");
    let ran = tarsier(&[&["run", &name, "--json", "--out", out], options].concat());
    assert!(ran.code <= 1, "{name} ended with {}:\n{}", ran.code, ran.stderr);
    assert_eq!(ran.stderr, "", "{name} runs without a warning");
    let series = fs::read_to_string(folder.join("series.csv")).expect("it was asked for");
    Lesson { document: ran.json(), series: by_subject(&series) }
}

fn by_subject(csv: &str) -> BTreeMap<[String; 3], BTreeMap<usize, f64>> {
    let mut series = BTreeMap::<_, BTreeMap<_, _>>::new();
    for line in csv.lines().skip(1) {
        let fields: Vec<&str> = line.split(',').collect();
        let [second, kind, name, metric, value] = fields[..] else { panic!("five fields: {line}") };
        if let Ok(value) = value.parse() {
            let of = [kind, name, metric].map(str::to_owned);
            series.entry(of).or_default().insert(second.parse().expect("a second"), value);
        }
    }
    series
}

impl Lesson {
    fn number(&self, path: &str) -> f64 {
        let found = self.document.pointer(path).and_then(Value::as_f64);
        found.unwrap_or_else(|| panic!("{path} is a number of the result"))
    }

    fn workload(&self, name: &str, figure: &str) -> f64 {
        self.number(&format!("/workloads/{name}/{figure}"))
    }

    fn service(&self, name: &str, figure: &str) -> f64 {
        self.number(&format!("/services/{name}/{figure}"))
    }

    /// Mean over these seconds.
    fn mean(&self, kind: &str, name: &str, metric: &str, seconds: Range<usize>) -> f64 {
        let series = &self.series[&[kind, name, metric].map(str::to_owned)];
        let n_seconds = seconds.len() as f64;
        series.range(seconds).map(|(_, value)| value).sum::<f64>() / n_seconds
    }

    /// Answered in time, per second.
    fn goodput(&self, workload: &str, seconds: Range<usize>) -> f64 {
        self.mean("workload", workload, "completed_per_s", seconds)
    }

    fn attempts(&self, workload: &str, seconds: Range<usize>) -> f64 {
        self.mean("workload", workload, "attempts_per_s", seconds)
    }

    /// The first second from which on requests always queue for a service.
    fn queues_from(&self, service: &str, at_least: f64) -> Option<usize> {
        let lengths = &self.series[&["service", service, "queue_length"].map(str::to_owned)];
        let hot = lengths.iter().rev().take_while(|(_, length)| **length >= at_least);
        hot.last().map(|(second, _)| *second)
    }

    /// What holds the workers that the tail of a workload waits for: the service of most of it.
    fn behind_waits(&self, workload: &str) -> String {
        let path = format!("/workloads/{workload}/why/behind_waits");
        let parts = self.document.pointer(&path).and_then(Value::as_array).expect("it waits for workers");
        let mut shares = BTreeMap::<&str, f64>::new();
        for part in parts {
            let service = part["service"].as_str().expect("workers belong to services");
            *shares.entry(service).or_default() += part["tail_s"].as_f64().expect("seconds");
        }
        let (service, _) = shares.into_iter().max_by(|a, b| a.1.total_cmp(&b.1)).expect("there are some");
        service.to_owned()
    }
}

/// Within so much of what is expected.
#[track_caller]
fn near(measured: f64, expected: f64, share: f64) {
    assert!((measured - expected).abs() <= share * expected, "{measured} is near {expected}");
}

#[track_caller]
fn at_most(measured: f64, bound: f64) {
    assert!(measured <= bound, "{measured} is at most {bound}");
}

#[track_caller]
fn at_least(measured: f64, bound: f64) {
    assert!(measured >= bound, "{measured} is at least {bound}");
}

/// 1 - 0.99^100 of the requests meet a slow server, and 1 - 0.9999^2000; one in twenty may be slow if 95 are enough.
#[test]
fn tail_at_scale() {
    let ran = lesson("tail-at-scale", &["--for", "200s", "--seed", "3"]);
    let slow = |name: &str| (ran.workload(name, "latency_s/mean") - 0.010) / 0.99;
    near(slow("hundred-servers"), 0.634, 0.03);
    near(slow("two-thousand-good-servers"), 0.181, 0.15);
    at_most(ran.workload("enough-of-them", "latency_s/p999"), 0.010);
}

/// R + W > N is never stale; of three zones QUORUM can do without one and ALL cannot.
#[test]
fn consistency() {
    let ran = lesson("consistency", &["--scenario", "zone-lost"]);
    let reads = |store: &str, figure: &str| ran.number(&format!("/stores/{store}/reads/read/{figure}"));
    near(reads("one", "stale_share"), 0.0035, 0.3);
    assert_eq!((reads("quorum", "stale"), reads("all", "stale")), (0.0, 0.0));
    assert_eq!((reads("one", "unavailable"), reads("quorum", "unavailable")), (0.0, 0.0));
    near(reads("all", "unavailable"), 800.0 * 20.0, 0.05);
    near(ran.workload("at-all", "latency_s/mean") / ran.workload("at-quorum", "latency_s/mean"), 1.3, 0.1);
    at_most(ran.workload("at-one", "latency_s/mean"), 0.5 * ran.workload("at-quorum", "latency_s/mean"));
    // Three copies of 200 writes a second: every third was away.
    near(ran.number("/stores/quorum/hints/stored"), 200.0 * 20.0, 0.05);
}

/// The front end looks saturated, the cache is not, and HTTP/2 does away with it.
#[test]
fn backpressure() {
    let ran = lesson("backpressure", &["--scenario", "slow-cache", "--for", "30s"]);
    near(ran.workload("clients", "latency_s/p99"), 0.0115, 0.1);
    at_most(ran.workload("clients-http2", "latency_s/p99"), 0.002);
    at_most(ran.service("memcached", "utilization"), 0.03);
    assert_eq!(ran.behind_waits("clients"), "memcached");
}

/// `C(t) C(t - 10 ms) = 1 - 0.99^0.01` at 26 ms, where C is the share of answers that take longer; and what that costs.
#[test]
fn hedging() {
    let ran = lesson("hedging", &["--for", "500s"]);
    near(ran.workload("no-hedge", "latency_s/p99"), 0.493, 0.2);
    near(ran.workload("after-10ms", "latency_s/p99"), 0.0261, 0.1);
    at_most(ran.workload("after-10ms", "latency_s/p999"), 0.12);
    at_least(ran.workload("no-hedge", "latency_s/p999"), 0.9);
    let hedges = |call: &str| {
        let [attempts, requests] =
            ["attempts", "requests"].map(|it| ran.number(&format!("/calls/{call}/{it}")));
        attempts / requests - 1.0
    };
    near(hedges("client~1hedged -> tablet-hedged"), 0.02, 0.05);
    near(hedges("client~1p95 -> tablet-p95"), 0.05, 0.05);
    near(hedges("client~1budget -> tablet-budget"), 0.01, 0.02);
}

/// Queues begin the later the farther a tier is from the disks; the busiest processors are well, and the
/// explanation is not deceived.
#[test]
fn hotspot() {
    let ran = lesson("hotspot", &["--scenario", "slow-disks", "--for", "200s"]);
    let onsets = ["posts-store", "posts", "timeline", "front"].map(|tier| ran.queues_from(tier, 1.0));
    let times: Vec<usize> = onsets.into_iter().map(|onset| onset.expect("it gets hot")).collect();
    assert!(times[0] >= 20, "not before the disks are slow: {times:?}");
    assert!(times.windows(2).all(|pair| pair[1] >= pair[0] + 3), "one after the other: {times:?}");
    assert_eq!(ran.queues_from("compose", 1.0), None, "its calls end before its workers do");
    let busiest = ran.service("text", "utilization");
    at_least(busiest, 0.5);
    for tier in ["front", "timeline", "posts", "posts-store"] {
        at_most(ran.service(tier, "utilization"), 0.1);
    }
    let before = ran.mean("service", "text", "latency_p99_s", 0..20);
    near(ran.mean("service", "text", "latency_p99_s", 100..200), before, 0.25);
    for workload in ["readers", "writers"] {
        assert_eq!(ran.behind_waits(workload), "disks");
    }
}

/// 560 attempts a second and no goodput for ever; half the load recovers by itself, and so do the cures.
#[test]
fn retry_storm() {
    let ran = lesson("retry-storm", &["--scenario", "outage", "--for", "240s"]);
    let end = || 215..240;
    at_most(ran.goodput("storm", end()), 2.8);
    near(ran.mean("service", "db", "requests_per_s", end()), 560.0, 0.03);
    at_most(ran.goodput("budget-10", end()), 2.8);
    near(ran.goodput("half-load", end()), 140.0, 0.05);
    near(ran.goodput("budget-2", end()), 280.0, 0.05);
    near(ran.goodput("short-queue", end()), 280.0, 0.05);
    near(ran.goodput("cancelling", 35..240), 280.0, 0.03);
    near(ran.goodput("breaker", 45..240), 280.0, 0.03);
    // The queue refuses at once, a budget waits until the backlog has gone.
    near(ran.goodput("short-queue", 31..60), 280.0, 0.1);
    at_most(ran.goodput("budget-2", 30..60), 2.8);
}

/// Brooker's table for a hundred clients: writes for each that counts, and seconds until the last has succeeded.
#[test]
fn backoff() {
    let ran = lesson("backoff", &["--for", "2h"]);
    let table = [
        ("at-once", 24.2, 2.03),
        ("exponential", 18.6, 63.5),
        ("equal-jitter", 8.12, 6.56),
        ("full-jitter", 7.96, 4.87),
        ("decorrelated", 10.0, 4.59),
    ];
    for (workload, writes, seconds) in table {
        let clients = 100.0 * ran.workload(workload, "requests");
        near(ran.service(&format!("row-{workload}"), "arrivals") / clients, writes, 0.03);
        near(ran.workload(workload, "latency_s/mean"), seconds, 0.1);
    }
}

/// The boundary is C / (1 + retries) = 25/s; above it, what matters is how long the trigger lasts.
#[test]
fn metastable() {
    let ran = lesson("metastable", &["--scenario", "outage", "--for", "300s"]);
    let end = || 200..300;
    near(ran.goodput("below-25", end()), 20.0, 0.1);
    at_most(ran.goodput("above-25", end()), 0.3);
    near(ran.attempts("above-25", end()), 120.0, 0.05);
    at_most(ran.goodput("far-above", end()), 0.7);
    near(ran.attempts("far-above", end()), 277.0, 0.05);
    near(ran.goodput("without-retries", end()), 70.0, 0.06);
    near(ran.goodput("with-budget", end()), 80.0, 0.06);
    let hiccup = lesson("metastable", &["--scenario", "hiccup", "--for", "120s"]);
    near(hiccup.goodput("far-above", 60..120), 70.0, 0.06);
}

/// While one instance does not answer nothing is answered, and the other one works for nobody.
#[test]
fn timeouts() {
    let ran = lesson("timeouts", &["--scenario", "broken"]);
    let broken = || 16..40;
    at_most(ran.goodput("users", broken()), 5.0);
    at_least(ran.mean("service", "data", "completed_per_s", broken()), 40.0);
    at_least(ran.service("data", "unused"), 1200.0);
    near(ran.goodput("users-budgeted", broken()), 500.0, 0.05);
    at_most(ran.workload("users-budgeted", "latency_s/p99"), 0.15);
    near(ran.goodput("users", 50..60), 500.0, 0.1);
}

/// A third of the capacity is 800/s of 2,400: at 60% it is spare, at 75% a ninth is too much.
#[test]
fn zone_loss() {
    let ran = lesson("zone-loss", &["--scenario", "zone-lost", "--for", "120s"]);
    let (lost, after) = (|| 30..50, || 70..120);
    near(ran.goodput("with-headroom", lost()), 1440.0, 0.03);
    near(ran.goodput("without-headroom", lost()), 1600.0, 0.03);
    near(ran.goodput("without-headroom", after()), 1800.0, 0.03);
    at_most(ran.goodput("without-and-impatient", after()), 18.0);
}

/// 120/s into 100/s and a second's patience: nothing from 5 s on first come first served, 100/s with the cures.
#[test]
fn goodput_collapse() {
    let ran = lesson("goodput-collapse", &["--scenario", "rush", "--for", "120s"]);
    let rush = || 27..60;
    near(ran.goodput("fifo", 0..20), 90.0, 0.08);
    at_most(ran.goodput("fifo", rush()), 0.0);
    at_most(ran.goodput("fifo", 60..110), 0.0);
    at_least(ran.service("app-fifo", "unused") / ran.service("app-fifo", "completed"), 0.7);
    for cured in ["lifo", "short-queue", "codel", "codel-lifo"] {
        near(ran.goodput(cured, rush()), 100.0, 0.03);
        near(ran.goodput(cured, 70..120), 90.0, 0.05);
    }
}

/// While reports hold all connections nobody orders; the database has nothing to do.
#[test]
fn pool_exhaustion() {
    let ran = lesson("pool-exhaustion", &["--scenario", "reports"]);
    let month_end = || 26..40;
    at_most(ran.goodput("orders", month_end()), 4.0);
    at_most(ran.mean("service", "db", "utilization", month_end()), 0.1);
    assert_eq!(ran.behind_waits("orders"), "db");
    for cured in ["orders-apart", "orders-bulkhead"] {
        near(ran.goodput(cured, month_end()), 400.0, 0.05);
        assert_eq!(ran.workload(cured, "errors"), 0.0);
    }
}

/// 133 requests on an instance tip it over: 480 after two seconds of standstill, 60 after a quarter of one.
#[test]
fn gc_death_spiral() {
    let ran = lesson("gc-death-spiral", &["--scenario", "hiccup", "--for", "120s"]);
    let end = || 60..120;
    at_most(ran.goodput("unlimited", end()), 4.8);
    near(ran.goodput("limited", end()), 480.0, 0.03);
    let blink = lesson("gc-death-spiral", &["--scenario", "blink", "--for", "60s"]);
    near(blink.goodput("unlimited", 25..60), 480.0, 0.05);
}

/// The Universal Scalability Law, exactly: `X(N) = 1000 N / (1 + 0.05 (N - 1) + 0.001 N (N - 1))`.
#[test]
fn lock_contention() {
    let ran = lesson("lock-contention", &["--for", "1s", "--warmup", "100ms"]);
    let throughput = |threads: f64| threads / ran.workload(&format!("threads-{threads}"), "latency_s/mean");
    for (threads, expected) in [(1.0, 1000.0), (8.0, 5689.9), (31.0, 9037.9), (64.0, 7822.0), (128.0, 5422.4)]
    {
        near(throughput(threads), expected, 0.0005);
    }
    at_least(128.0 / ran.workload("threads-128-no-agreement", "latency_s/mean"), 15_000.0);
}

/// In the long run a client sends K times what is accepted.
#[test]
fn throttling() {
    let ran = lesson("throttling", &["--warmup", "300s"]);
    let per_s = |backend: &str| ran.service(backend, "arrivals") / 60.0;
    at_least(per_s("backend"), 2200.0);
    near(per_s("backend-2"), 600.0, 0.03);
    near(per_s("backend-1.1"), 330.0, 0.03);
    for workload in ["unthrottled", "throttled-2", "throttled-1.1"] {
        near(ran.workload(workload, "throughput_per_s"), 300.0, 0.01);
    }
}

/// What M/D/1 with as many places refuses.
#[test]
fn rate_limit() {
    let ran = lesson("rate-limit", &["--for", "1800s"]);
    let refused = |workload: &str| {
        let [errors, completed] = ["errors", "completed"].map(|it| ran.workload(workload, it));
        errors / (errors + completed)
    };
    near(refused("bucket-1"), 0.4444, 0.02);
    near(refused("bucket-5"), 0.0353, 0.1);
    near(refused("bucket-10"), 0.00364, 0.4);
    near(refused("at-the-limit"), 0.0508, 0.15);
    near(refused("above-it"), 0.171, 0.05);
    at_most(refused("try-again"), 0.03);
    at_most(refused("wait-in-line"), 0.0);
}

/// After the cache is warm again the database still answers nobody; bounded, it recovers, and with something
/// to fall back on nobody notices.
#[test]
fn cache_flush() {
    let ran = lesson("cache-flush", &["--scenario", "flush", "--for", "120s"]);
    let end = || 60..120;
    near(ran.goodput("users", end()), 1800.0, 0.02);
    at_most(ran.mean("call", "web -> db", "completed_per_s", end()), 2.0);
    near(ran.goodput("users-bounded", end()), 2000.0, 0.02);
    assert_eq!(ran.workload("users-degraded", "errors"), 0.0);
}

/// Hundreds ask for the page that one should make, and orders fail for it.
#[test]
fn cache_stampede() {
    let ran = lesson("cache-stampede", &["--scenario", "expiry"]);
    let asked = |service: &str| ran.number(&format!("/calls/{service}~1page/attempts"));
    at_least(asked("web~1page -> db") / 5.0, 600.0);
    at_most(asked("web-lease~1page -> db-lease") / 5.0, 20.0);
    at_most(ran.goodput("orders", 22..60), 2.5);
    assert_eq!(ran.workload("orders-lease", "errors"), 0.0);
}

/// Only fewer requests bring the front end back, by hand or by limit.
#[test]
fn pinned() {
    let ran = lesson("pinned", &["--scenario", "switch", "--for", "150s"]);
    for workload in ["users", "users-operated", "users-limited"] {
        at_most(ran.goodput(workload, 30..50), 12.0);
    }
    at_most(ran.goodput("users", 110..150), 12.0);
    at_most(ran.goodput("users-operated", 55..80), 12.0);
    near(ran.goodput("users-operated", 110..150), 1200.0, 0.03);
    near(ran.goodput("users-limited", 70..150), 1200.0, 0.03);
}

/// Users find the other region when the name service has told them, and there is room for them or not.
#[test]
fn region_loss() {
    let ran = lesson("region-loss", &["--scenario", "region-lost", "--for", "180s"]);
    at_most(ran.goodput("americans", 30..35), 0.0);
    let moved = || 95..150;
    near(ran.goodput("americans", moved()), 1200.0, 0.03);
    near(ran.mean("workload", "americans", "latency_mean_s", moved()), 0.095, 0.1);
    near(ran.goodput("europeans", moved()), 1200.0, 0.03);
    let tight = ran.goodput("americans-tight", moved()) + ran.goodput("europeans-tight", moved());
    near(tight, 3000.0, 0.03);
    near(ran.goodput("americans", 165..180), 1200.0, 0.06);
}

/// An instance that fails at once has the fewest requests in flight. Two drawn of ten name it in 1 - 0.9^2 of
/// all cases.
#[test]
fn sinkhole() {
    let ran = lesson("sinkhole", &["--scenario", "broken"]);
    let failed = |workload: &str| ran.mean("workload", workload, "errors_per_s", 10..60) / 600.0;
    at_least(failed("least-requests"), 0.6);
    near(failed("p2c"), 0.19, 0.1);
    near(failed("round-robin"), 0.1, 0.02);
    at_most(failed("with-ejection"), 0.002);
    at_most(failed("with-retry"), 0.0);
}

/// A long bound makes all wait for a machine that is gone, a short one gives up every report.
#[test]
fn connect_timeout() {
    let ran = lesson("connect-timeout", &["--scenario", "gone"]);
    let gone = || 12..50;
    at_most(ran.goodput("one-long-bound", gone()), 140.0);
    assert_eq!(ran.behind_waits("one-long-bound"), "app-1");
    let reports = |what: &str| ran.number(&format!("/calls/web-short~1report -> app-2~1report/{what}"));
    assert_eq!(reports("completed"), 0.0);
    at_least(reports("attempts") / reports("requests"), 2.9);
    near(ran.goodput("two-bounds", gone()), 200.0, 0.05);
    assert_eq!(ran.workload("two-bounds", "errors"), 0.0);
}
