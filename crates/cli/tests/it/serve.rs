//! `tarsier serve` as it is started, asked and ended.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::{PAIR, TARSIER, file, folder, tarsier};

const PATIENCE: Duration = Duration::from_secs(60);

/// Ends with the test, however that ends.
struct Serving {
    child: Child,
    url: String,
    address: String,
}

impl Serving {
    fn start(args: &[&str]) -> Serving {
        Serving::of(Command::new(TARSIER).arg("serve").args(args))
    }

    fn of(command: &mut Command) -> Serving {
        let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn();
        let mut child = child.expect("the binary is there");
        let mut told = BufReader::new(child.stdout.take().expect("it was asked for")).lines();
        let url = told.next().expect("it says where").expect("in UTF-8");
        let address = url.strip_prefix("http://").expect("an address of the web");
        let address = address.split('/').next().expect("a place").to_owned();
        Serving { child, url, address }
    }

    /// Status and body.
    fn ask(&self, method: &str, path: &str, headers: &str, body: &str) -> (u16, String) {
        let mut stream = TcpStream::connect(&self.address).expect("it listens");
        stream.set_read_timeout(Some(PATIENCE)).expect("more than no time");
        let (address, length) = (&self.address, body.len());
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nContent-Length: {length}\r\n{headers}\r\n{body}"
        )
        .expect("it reads");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("it answers in UTF-8");
        let (head, body) = answer.split_once("\r\n\r\n").expect("an answer has a head");
        let status = head.split(' ').nth(1).and_then(|it| it.parse().ok()).expect("a status");
        (status, body.to_owned())
    }

    #[track_caller]
    fn text(&self, path: &str) -> String {
        let (status, body) = self.ask("GET", path, "", "");
        assert_eq!(status, 200, "{path}: {body}");
        body
    }

    #[track_caller]
    fn value(&self, path: &str) -> Value {
        serde_json::from_str(&self.text(path)).expect("JSON")
    }

    #[track_caller]
    fn post(&self, path: &str, body: &Value) -> Value {
        let (status, answer) = self.ask("POST", path, "", &body.to_string());
        assert!([200, 201].contains(&status), "{path} {body}: {answer}");
        serde_json::from_str(&answer).expect("JSON")
    }

    #[track_caller]
    fn until(&self, run: &str, state: &str) {
        let begun = Instant::now();
        while self.value(run)["state"] != state {
            assert!(begun.elapsed() < PATIENCE, "it is not {state}");
        }
    }

    /// The exit code.
    fn terminated(mut self) -> Option<i32> {
        let kill = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status();
        assert!(kill.expect("there is a kill").success());
        self.child.wait().expect("it ends").code()
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
#[cfg(unix)]
fn it_says_where_it_is_serves_the_page_and_ends_well() {
    let serving = Serving::start(&["shop", "--bind", "127.0.0.1:0"]);
    assert!(serving.url.starts_with("http://127.0.0.1:") && !serving.url.ends_with(":0"), "{}", serving.url);
    let page = serving.text("/");
    assert!(page.contains("<!doctype html>"), "{page}");
    let wanted =
        page.split('"').filter(|it| it.ends_with(".js") || it.ends_with(".css") || it.ends_with(".svg"));
    let wanted: Vec<&str> = wanted.collect();
    assert!(wanted.len() >= 3, "{wanted:?}");
    for name in wanted {
        serving.text(&format!("/{}", name.trim_start_matches(['.', '/'])));
    }
    let listed = serving.value("/api/architectures");
    let chosen: Vec<&Value> =
        listed.as_array().expect("a list").iter().filter(|it| it["chosen"] == true).collect();
    assert!(chosen.len() == 1 && chosen[0]["name"] == "shop", "{chosen:?}");
    // A run that goes on as fast as it can, and a stream that is open, end with it.
    let run = serving.post("/api/runs", &json!({ "name": "shop", "pace": 0, "for_s": 1e7 }));
    let mut stream = TcpStream::connect(&serving.address).expect("it listens");
    write!(
        stream,
        "GET /api/runs/{}/stream HTTP/1.1\r\nHost: {}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        run["id"].as_str().expect("an id"),
        serving.address
    )
    .expect("it reads");
    stream.read_exact(&mut [0; 500]).expect("it is told of the run");
    assert_eq!(serving.terminated(), Some(0));
}

#[test]
fn what_cannot_be_served_is_refused() {
    let serving = Serving::start(&["--bind", "127.0.0.1:0"]);
    let taken = tarsier(&["serve", "--bind", &serving.address]).ends_with(2);
    taken.says("cannot listen on").says("picks a port that is free");
    tarsier(&["serve", "nothing-of-that-name"]).ends_with(2).says("nothing-of-that-name");
    tarsier(&["serve", "--bind", "nowhere"]).ends_with(2).says("--bind");
    tarsier(&["serve", "--token", "short"]).ends_with(2).says("16 to 200 letters");
    tarsier(&["serve", "--ui-dir", "no-such-folder"]).ends_with(2).says("is not a folder");
}

#[test]
fn who_is_not_on_this_machine_needs_a_token() {
    let serving = Serving::start(&["--bind", "0.0.0.0:0"]);
    let (_, token) = serving.url.split_once("/?token=").expect("one is made up");
    assert!(token.len() == 32 && token.bytes().all(|byte| byte.is_ascii_hexdigit()), "{token}");
    assert_eq!(serving.ask("GET", "/api/runs", "", "").0, 401);
    let header = format!("Authorization: Bearer {token}\r\n");
    assert_eq!(serving.ask("GET", "/api/runs", &header, "").0, 200);
    let other = Serving::start(&["--bind", "0.0.0.0:0"]);
    assert_eq!(other.ask("GET", "/api/runs", &header, "").0, 401, "each has its own");
    let own = Serving::start(&["--bind", "127.0.0.1:0", "--token", "my-own-token-of-20-bytes"]);
    assert!(own.url.ends_with("/?token=my-own-token-of-20-bytes"));
    assert_eq!(own.ask("GET", "/", "", "").0, 401);
}

#[test]
#[cfg(target_os = "linux")]
fn it_is_opened_in_the_browser() {
    use std::os::unix::fs::PermissionsExt;
    let bin = folder("opener");
    let (opener, seen) = (bin.join("xdg-open"), bin.join("seen"));
    fs::write(&opener, format!("#!/bin/sh\necho \"$1\" > '{0}.new'\nmv '{0}.new' '{0}'\n", seen.display()))
        .expect("there is room");
    fs::set_permissions(&opener, fs::Permissions::from_mode(0o755)).expect("it is ours");
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").expect("there is one"));
    let serving = Serving::of(
        Command::new(TARSIER).args(["serve", "--bind", "127.0.0.1:0", "--open"]).env("PATH", path),
    );
    let begun = Instant::now();
    while !seen.exists() {
        assert!(begun.elapsed() < PATIENCE, "nothing was opened");
    }
    assert_eq!(fs::read_to_string(&seen).expect("it was written").trim(), serving.url);
}

/// A file beside the one that is served may be referred to, one elsewhere may not.
#[test]
fn files_are_read_beside_the_one_that_is_served_only() {
    let path = file("served-files", PAIR);
    let here = std::path::Path::new(&path).parent().expect("it has a folder");
    fs::write(here.join("times.csv"), "1ms\n2ms\n").expect("there is room");
    fs::write(here.parent().expect("a folder").join("served-secret.csv"), "1ms\n2ms\n")
        .expect("there is room");
    let serving = Serving::start(&[&path, "--bind", "127.0.0.1:0"]);
    let check = |name: &str| {
        let text = PAIR.replace("exp(2ms)", &format!("empirical({name})"));
        serving.post("/api/check", &json!({ "text": text }))["diagnostics"].clone()
    };
    assert_eq!(check("times.csv"), json!([]));
    for climbing in ["../served-secret.csv", "/etc/hostname", "./../served-secret.csv"] {
        assert_eq!(check(climbing)[0]["severity"], "error", "{climbing}");
    }
}

/// What was done by hand in a run that is looked at is, saved and run again, the same to the last bit.
#[test]
fn a_steered_run_is_what_tarsier_run_repeats() {
    let path = file("steered", PAIR);
    let serving = Serving::start(&[&path, "--bind", "127.0.0.1:0"]);
    let wanted = json!({ "name": "architecture.yaml", "pace": 0, "paused": true, "for_s": 12, "seed": 5 });
    let run = serving.post("/api/runs", &wanted);
    let run = format!("/api/runs/{}", run["id"].as_str().expect("an id"));
    let step = |seconds: f64| {
        serving.post(&format!("{run}/control"), &json!({ "step_s": seconds }));
        serving.until(&run, "paused");
    };
    let happenings = [
        json!({ "load": { "factor": 1.5 }, "for": "3s" }),
        json!({ "slow": { "service": "db", "factor": 2 } }),
        json!({ "error": { "service": "db", "share": "20%" }, "for": "2500ms" }),
        json!({ "restart": { "service": "web", "down": "300ms" } }),
        json!({ "pause": { "service": "db" }, "for": "200ms" }),
    ];
    for happening in &happenings {
        step(1.237);
        serving.post(&format!("{run}/happenings"), happening);
    }
    step(0.5);
    assert_eq!(serving.ask("DELETE", &format!("{run}/happenings/1"), "", "").0, 200);
    let part = repeated(&serving, &run, "steered-part");
    let so_far = serving.value(&format!("{run}/result"));
    for key in ["fingerprint", "events", "simulated_s", "seed", "scenario", "timeline"] {
        assert_eq!(part[key], so_far[key], "{key}");
    }
    assert_eq!(
        part["workloads"]["users"]["latency_s"]["p99"],
        so_far["workloads"]["users"]["latency_s"]["p99"]
    );
    serving.post(&format!("{run}/control"), &json!({ "paused": false }));
    serving.until(&run, "ended");
    let (mut again, mut result) =
        (repeated(&serving, &run, "steered-whole"), serving.value(&format!("{run}/result")));
    for it in [&mut again, &mut result] {
        // How long it took, and how the choice of the warm-up is told.
        it["wall_s"].take();
        it["warmup"].take();
    }
    assert_eq!(again, result);
    assert_eq!(again["faults"].as_array().map(Vec::len), Some(happenings.len()));
}

/// Saves the file of a run and does what its command says.
fn repeated(serving: &Serving, run: &str, name: &str) -> Value {
    let saved = file(name, &serving.text(&format!("{run}/file")));
    let command = serving.value(&format!("{run}/scenario"))["command"].clone();
    let words: Vec<&str> = command.as_str().expect("a command").split(' ').collect();
    assert_eq!(words[..3], ["tarsier", "run", "pair.yaml"]);
    let ran = tarsier(&[&["run", &saved, "--json"], &words[3..]].concat());
    assert!([0, 1].contains(&ran.code), "objectives may be missed, but it runs: {}", ran.stderr);
    ran.json()
}
