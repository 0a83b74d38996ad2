//! A run that is followed while it goes.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};

use crate::support::{PAIR, TARSIER, file, tarsier};

/// Ends with the test, however that ends.
struct Running {
    child: Child,
    address: String,
}

impl Running {
    fn start(args: &[&str]) -> Running {
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
        Running { child, address: address.expect("an address").to_owned() }
    }

    fn metrics(&self) -> String {
        let mut stream = TcpStream::connect(&self.address).expect("it listens");
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
    assert!(seen < 10_000.0, "it follows the clock");
}

#[test]
fn what_cannot_be_followed_is_refused() {
    let path = file("followed", PAIR);
    tarsier(&["run", &path, "--pace", "1"]).ends_with(2).says("a pace is written like 1x");
    tarsier(&["run", &path, "--pace", "1x", "--reps", "2"]).ends_with(2).says("leave out `--reps`");
    tarsier(&["run", &path, "--send", "otlp=here"]).ends_with(2).says("like otlp=http://");
    tarsier(&["run", &path, "--listen", "nowhere"]).ends_with(2).says("--listen");
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let address = taken.local_addr().expect("it has one").to_string();
    tarsier(&["run", &path, "--listen", &address]).ends_with(2).says("cannot listen on");
}

#[test]
fn a_collector_that_is_not_there_costs_its_telemetry_and_nothing_else() {
    let path = file("unsent", PAIR);
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let nobody = format!("otlp=http://{}", taken.local_addr().expect("it has one"));
    drop(taken);
    let options = ["--for", "3s", "--seed", "7", "--json"];
    let alone = tarsier(&[&["run", &path], &options[..]].concat()).ends_with(0);
    let sending = tarsier(&[&["run", &path, "--send", &nobody], &options[..]].concat()).ends_with(0);
    sending.says("0 points accepted, 0 rejected").says("dropped").says("refused");
    assert_eq!(sending.json()["fingerprint"], alone.json()["fingerprint"]);
}
