//! A run that is followed while it goes.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::support::{PAIR, TARSIER, file, folder, tarsier};

/// How long a scrape is waited for: less than a collector that does not answer.
const PATIENCE: Duration = Duration::from_secs(8);

/// Ends with the test, however that ends.
struct Running {
    child: Child,
    begun: Instant,
    address: String,
}

impl Running {
    fn start(args: &[&str]) -> Running {
        let begun = Instant::now();
        let mut child = Command::new(TARSIER)
            .args(args)
            .args(["--listen", "127.0.0.1:0"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary is there");
        let mut told = BufReader::new(child.stderr.take().expect("it was asked for")).lines();
        let line = told.find_map(|line| line.ok().filter(|line| line.contains("/metrics")));
        let line = line.expect("it tells where it listens");
        let address = line.split("http://").nth(1).and_then(|rest| rest.strip_suffix("/metrics"));
        Running { child, begun, address: address.expect("an address").to_owned() }
    }

    fn metrics(&self) -> String {
        let mut stream = TcpStream::connect(&self.address).expect("it listens");
        stream.set_read_timeout(Some(PATIENCE)).expect("more than no time");
        write!(stream, "GET /metrics HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n", self.address)
            .expect("it reads");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("it answers in UTF-8");
        answer
    }

    fn value(&self, sample: &str) -> f64 {
        let metrics = self.metrics();
        let line = metrics.lines().find_map(|line| line.strip_prefix(sample));
        line.and_then(|rest| rest.trim().parse().ok()).unwrap_or_else(|| panic!("{sample} in\n{metrics}"))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn metrics_grow_with_simulated_time() {
    let path = file("scraped", PAIR);
    let running = Running::start(&["run", &path, "--for", "10000s", "--pace", "50x"]);
    let seconds = || running.value("tarsier_simulated_seconds_total{architecture=\"pair\"}");
    let first = seconds();
    while seconds() < first + 3.0 {}
    let requests = running.value("tarsier_workload_requests_total{workload=\"users\"}");
    let seen = seconds();
    assert!(requests >= 150.0 * 3.0 && requests <= 250.0 * (seen + 1.0), "{requests} in {seen} s at 200/s");
    let most = 50.0 * running.begun.elapsed().as_secs_f64() + 1.0;
    assert!(seen <= most, "it follows the clock: {seen} s, when no more than {most} s could be over");
}

#[test]
fn what_cannot_be_followed_is_refused() {
    let path = file("followed", PAIR);
    tarsier(&["run", &path, "--pace", "1"]).ends_with(2).says("a pace is written like 1x");
    tarsier(&["run", &path, "--pace", "1x", "--reps", "2"]).ends_with(2).says("leave out `--reps`");
    tarsier(&["run", &path, "--send", "otlp=here"]).ends_with(2).says("like otlp=http://");
    tarsier(&["run", &path, "--listen", "nowhere"]).ends_with(2).says("--listen");
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let address = taken.local_addr().expect("it has one").to_string();
    tarsier(&["run", &path, "--listen", &address]).ends_with(2).says("cannot listen on");
}

/// An address where nobody listens.
fn nobody() -> String {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    format!("otlp=http://{}", taken.local_addr().expect("it has one"))
}

/// Connections are made, for the system queues them, but nobody answers: soon the run waits.
#[test]
fn a_collector_that_does_not_answer_holds_up_no_scrape() {
    let path = file("unanswered", PAIR);
    let silent = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let to = format!("otlp=http://{}", silent.local_addr().expect("it has one"));
    let running = Running::start(&["run", &path, "--for", "1000s", "--send", &to]);
    let seconds = || running.value("tarsier_simulated_seconds_total{architecture=\"pair\"}");
    while seconds() < 5.0 {}
    (0..10).for_each(|_| assert!(seconds() >= 5.0));
}

/// A full disk is told, and so is what became of the telemetry.
#[test]
#[cfg(target_os = "linux")]
fn a_file_that_cannot_be_written_to_its_end_loses_nothing_else() {
    let path = file("full", PAIR);
    let out = folder("full.out");
    std::os::unix::fs::symlink("/dev/full", out.join("series.csv")).expect("there is room");
    let out = out.to_str().expect("UTF-8");
    let ran = tarsier(&["run", &path, "--for", "2s", "--out", out, "--write", "otlp", "--send", &nobody()]);
    ran.ends_with(2).says("cannot write").says("series.csv").says("0 points accepted");
    let traces = std::fs::read_to_string(format!("{out}/traces.otlp.jsonl")).expect("it was written");
    assert!(traces.ends_with("}\n"), "to its end: {traces}");
}

#[test]
fn a_collector_that_is_not_there_costs_its_telemetry_and_nothing_else() {
    let path = file("unsent", PAIR);
    let nobody = nobody();
    let options = ["--for", "3s", "--seed", "7", "--json"];
    let alone = tarsier(&[&["run", &path], &options[..]].concat()).ends_with(0);
    let sending = tarsier(&[&["run", &path, "--send", &nobody], &options[..]].concat()).ends_with(0);
    sending.says("0 points accepted, 0 rejected").says("dropped").says("refused");
    assert_eq!(sending.json()["fingerprint"], alone.json()["fingerprint"]);
}
