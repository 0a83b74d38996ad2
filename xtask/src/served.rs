//! A served run that somebody looks at and meddles with for minutes: its memory must not grow. See `docs/soak.md`.

use std::fmt::Write as _;
use std::io::{BufRead, BufReader};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tarsier_generate::{Order, Shape, generate};
use tungstenite::{Message, WebSocket};

/// Frames come about ten a second.
const FRAMES_BETWEEN_HAPPENINGS: u64 = 20;
const FRAMES_BETWEEN_LOOKS: u64 = 50;
const FRAMES_BETWEEN_BRANCHES: u64 = 100;
const STEPS: usize = 10;
/// Steps until all that a run may remember is full: then every two seconds of its history become one. The latencies are
/// last, after 8,192 simulated seconds.
const WARM_UP: usize = 6;
/// What is known to be added for ever: seconds, from which faults are judged when it is asked.
const BYTES_A_SECOND: f64 = 40.0;
/// And what each happening leaves: its text, its begin and end in the timeline and the scenario, its case. About 48 KiB
/// were measured, which is more than has been accounted for.
const KIB_A_HAPPENING: f64 = 64.0;
/// What the allocator may keep beyond that.
const SLACK_KIB: f64 = 2_048.0;

/// A section of the page, and whether memory stayed flat.
pub fn measure(tarsier: &Path, lasts: Duration) -> Result<(String, bool), String> {
    let mut lab = Lab::open(tarsier)?;
    let mut steps = Vec::new();
    for n in 1..=STEPS as u32 {
        let greatest = lab.follow(lasts * n / STEPS as u32)?;
        steps.push((lab.time_s, lab.frames, lab.done, greatest));
    }
    let greatest = |steps: &[(f64, u64, u64, u64)]| steps.iter().map(|step| step.3).max().unwrap_or(0);
    let half = WARM_UP + (STEPS - WARM_UP) / 2;
    let (middle, last) = (&steps[half - 1], &steps[STEPS - 1]);
    let known_kib =
        (last.0 - middle.0) * BYTES_A_SECOND / 1024.0 + (last.2 - middle.2) as f64 * KIB_A_HAPPENING;
    let grown_kib = greatest(&steps[half..]) as f64 - greatest(&steps[WARM_UP..half]) as f64;
    let flat = grown_kib <= known_kib + SLACK_KIB;
    let verdict = if flat { "grows by what is known" } else { "**GROWS**" };
    let mut text = format!(
        "\n## `tarsier serve`, {} s by the clock: {verdict}\n\nA run of 300 services goes as fast as it can. A client reads \
         its stream, lets something happen every two seconds, asks\nfor numbers, traces and causes, and branches. The first {WARM_UP} \
         steps fill what a run may remember (`limits.rs` of the\nserver). In the last steps it took {grown_kib:.0} KiB more than in those before. Known to be \
         added are {BYTES_A_SECOND} bytes for each workload and simulated second,\nfrom which faults are judged when it is asked, and up to {KIB_A_HAPPENING} KiB for each \
         happening, of which there are at most 10,000: {known_kib:.0} KiB.\n\n| simulated | frames | happenings | resident memory, at most |\n| --- | --- | --- | --- |\n",
        lasts.as_secs()
    );
    for (time_s, frames, done, kib) in steps {
        writeln!(text, "| {time_s:.0} s | {frames} | {done} | {kib} KiB |").expect("a string takes it");
    }
    Ok((text, flat))
}

/// A server, a run of it, and the stream of that.
struct Lab {
    child: Child,
    url: String,
    run: String,
    /// Services.
    names: Vec<String>,
    stream: WebSocket<TcpStream>,
    began: Instant,
    time_s: f64,
    frames: u64,
    done: u64,
}

impl Drop for Lab {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Lab {
    fn open(tarsier: &Path) -> Result<Lab, String> {
        let mut command = Command::new(tarsier);
        let child = command.args(["serve", "--bind", "127.0.0.1:0"]).stdout(Stdio::piped()).spawn();
        let mut child = child.map_err(|error| format!("{}: {error}", tarsier.display()))?;
        let mut url = String::new();
        let told = BufReader::new(child.stdout.take().ok_or("it has no output")?).read_line(&mut url);
        told.map_err(|error| error.to_string())?;
        let url = url.trim().to_owned();
        let wanted = json!({ "text": architecture(), "pace": 0, "for_s": 3e7 });
        let run = post(&format!("{url}/api/runs"), &wanted)?;
        let run = format!("{url}/api/runs/{}", run["id"].as_str().ok_or("a run without an id")?);
        let topology = get(&format!("{run}/topology"))?;
        let services =
            topology["nodes"].as_array().into_iter().flatten().filter(|it| it["kind"] == "service");
        let names = services.filter_map(|it| it["name"].as_str().map(str::to_owned)).collect();
        let stream =
            TcpStream::connect(url.trim_start_matches("http://")).map_err(|error| error.to_string())?;
        let (stream, _) = tungstenite::client(format!("{}/stream", run.replace("http", "ws")), stream)
            .map_err(|error| error.to_string())?;
        Ok(Lab { child, url, run, names, stream, began: Instant::now(), time_s: 0.0, frames: 0, done: 0 })
    }

    /// Until so much time is over since the beginning. The most memory there was.
    fn follow(&mut self, until: Duration) -> Result<u64, String> {
        let mut greatest = 0;
        while self.began.elapsed() < until {
            if !self.next_frame()? {
                continue;
            }
            if self.frames.is_multiple_of(FRAMES_BETWEEN_HAPPENINGS) {
                self.meddle()?;
            }
            if self.frames.is_multiple_of(FRAMES_BETWEEN_LOOKS) {
                self.look()?;
            }
            if self.frames.is_multiple_of(FRAMES_BETWEEN_BRANCHES) {
                self.branch()?;
            }
            greatest = greatest.max(self.resident_kib()?);
        }
        Ok(greatest)
    }

    /// Whether the message was a tick.
    fn next_frame(&mut self) -> Result<bool, String> {
        let Message::Binary(bytes) = self.stream.read().map_err(|error| error.to_string())? else {
            return Ok(false);
        };
        let time = bytes.get(8..16).and_then(|it| it.try_into().ok()).ok_or("a frame without a time")?;
        self.time_s = f64::from_le_bytes(time);
        let is_tick = bytes[5] == 1;
        self.frames += u64::from(is_tick);
        Ok(is_tick)
    }

    fn meddle(&mut self) -> Result<(), String> {
        let at = self.done as usize * 7 % self.names.len();
        let service = json!({ "service": self.names[at] });
        let happening = match self.done % 3 {
            0 => json!({ "kill": service, "for": "5s" }),
            1 => json!({ "slow": { "service": self.names[at], "factor": 3 }, "for": "20s" }),
            _ => json!({ "load": { "factor": 1.5 }, "for": "10s" }),
        };
        self.done += 1;
        post(&format!("{}/happenings", self.run), &happening).map(drop)
    }

    fn look(&self) -> Result<(), String> {
        let series = format!("series?of={}", self.names[0]);
        ["why", "result", "events", "traces", "flame", &series]
            .into_iter()
            .try_for_each(|what| get(&format!("{}/{what}", self.run)).map(drop))
    }

    /// Another run that gets to the third second in the same way, and is ended at once or somewhere on the way.
    fn branch(&self) -> Result<(), String> {
        let run = post(&format!("{}/branch", self.run), &json!({ "at_s": 3 }))?;
        let run = format!("{}/api/runs/{}", self.url, run["id"].as_str().ok_or("a run without an id")?);
        ureq::delete(run).call().map(drop).map_err(|error| error.to_string())
    }

    /// What Linux says of the server.
    fn resident_kib(&self) -> Result<u64, String> {
        let path = format!("/proc/{}/status", self.child.id());
        let status = std::fs::read_to_string(&path).map_err(|error| format!("{path}: {error}"))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let number = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
        number.ok_or_else(|| format!("{path} does not tell its memory"))
    }
}

fn architecture() -> String {
    let order = Order {
        shape: Shape::Alibaba,
        services: 300,
        instances: None,
        rate_per_s: Some(50.0),
        seed: 1,
        command: "cargo xtask nightly soak".to_owned(),
    };
    generate(&order).expect("it can be made")
}

fn get(url: &str) -> Result<Value, String> {
    let answer = ureq::get(url).call().map_err(|error| format!("{url}: {error}"))?;
    value(url, answer)
}

fn post(url: &str, body: &Value) -> Result<Value, String> {
    let answer = ureq::post(url).send(body.to_string()).map_err(|error| format!("{url}: {error}"))?;
    value(url, answer)
}

fn value(url: &str, mut answer: ureq::http::Response<ureq::Body>) -> Result<Value, String> {
    let text = answer.body_mut().read_to_string().map_err(|error| format!("{url}: {error}"))?;
    serde_json::from_str(&text).map_err(|error| format!("{url}: {error}"))
}
