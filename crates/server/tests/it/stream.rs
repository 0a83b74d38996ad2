//! What browsers are sent: one, two, one that does not read, one that comes back.

use std::net::TcpStream;

use serde_json::{Value, json};
use tungstenite::{Message, WebSocket};

use crate::client::{Frame, frame, lab, next_frame, run_path};

#[test]
fn a_frame_says_what_changed_and_a_second_says_everything() {
    let lab = lab();
    let run = lab.start(&json!({ "name": "pair", "pace": 20 }));
    let mut socket = lab.stream(&run);
    let first = next_frame(&mut socket);
    assert!(first.is_whole && first.nodes == [0, 1, 2] && first.n_edges == 2, "{first:?}");
    let mut last = first;
    let mut seconds = 0;
    while seconds < 20 {
        let next = next_frame(&mut socket);
        assert_eq!(next.number, last.number + 1, "none is lost");
        if next.is_second {
            seconds += 1;
            assert!(next.is_whole && next.time_s.fract() == 0.0 && next.covers_s == 1.0, "{next:?}");
            // `rate` of users: 200 a second, give or take six standard deviations.
            assert!((next.node[0] - 200.0).abs() < 6.0 * 200f32.sqrt(), "{next:?}");
        } else {
            assert!(next.time_s > last.time_s || last.is_second, "{last:?} {next:?}");
        }
        last = next;
    }
}

/// Users of two services, one of which fails whatever it is asked: only the edge to that one has errors.
#[test]
fn an_edge_from_users_says_how_these_requests_fared() {
    let text = "\
architecture: split
services:
  well: { cores: 8, endpoints: { read: [ { work: 1ms } ], list: [ { work: 3ms } ] } }
  ill: { cores: 8, do: [ { work: 1ms } ] }
workload:
  people:
    rate: 200/s
    mix: { well/read: 40%, ill: 50%, well/list: 10% }
    retry: 1
scenarios:
  broken:
    - { at: 0s, error: { service: ill, share: 100% } }
";
    let lab = lab();
    let run = lab.start(&json!({ "text": text, "scenario": "broken", "pace": 0, "for_s": 30 }));
    lab.until(&run, |run| run["state"] == "ended");
    let series = |of: &str| lab.value(&format!("{run}/series?of={of}"));
    let [people, well, ill] = ["people", "people-%3Ewell", "people-%3Eill"].map(series);
    for second in 0..30 {
        let of = |of: &Value, column: &str| of[column][second].as_f64();
        let number = |it: &Value, column: &str| of(it, column).expect("a number");
        for column in ["errors", "retries"] {
            assert_eq!(number(&well, column), 0.0, "{well}");
            assert_eq!(number(&ill, column), number(&people, column), "{ill} {people}");
        }
        // All that is asked is answered at once, and asked once more.
        assert_eq!(number(&ill, "rate"), 2.0 * number(&ill, "errors"), "{ill}");
        assert_eq!((number(&ill, "ok"), of(&ill, "p50_s"), of(&ill, "p99_s")), (0.0, None, None), "{ill}");
        // Everything that was answered was so there: the latencies are the same, of both endpoints together.
        for column in ["ok", "p50_s", "p99_s"] {
            assert_eq!(of(&well, column), of(&people, column), "{well} {people}");
        }
        assert!(number(&well, "p50_s") < 0.002 && number(&well, "p99_s") > 0.0029, "{well}");
    }
}

/// Both see every second, and the same of it.
#[test]
fn two_browsers_see_the_same_run() {
    let lab = lab();
    let run = lab.start(&json!({ "name": "pair", "pace": 20 }));
    let mut browsers = [lab.stream(&run), lab.stream(&run)];
    let seen = [0, 1].map(|at| seconds(&mut browsers[at], 10));
    let [a, b] = seen.map(|frames| frames.into_iter().map(|it| (it.time_s.to_bits(), it.node.clone())));
    let later: Vec<_> = b.collect();
    let common: Vec<_> = a.filter(|(time, _)| later.iter().any(|(other, _)| time == other)).collect();
    assert!(!common.is_empty(), "they look at the same time");
    for (time, node) in common {
        let (_, other) = later.iter().find(|(at, _)| *at == time).expect("it is common");
        // Bits: where there is nothing to say it is not a number.
        let bits = |row: &[f32]| row.iter().map(|it| it.to_bits()).collect::<Vec<_>>();
        assert_eq!(bits(&node), bits(other), "second {}", f64::from_bits(time));
    }
    // What one does the other is told.
    lab.post(&format!("{run}/control"), &json!({ "paused": true })).is(200);
    for browser in &mut browsers {
        told(browser, |it| it["run"]["state"] == "paused");
    }
    lab.post(&format!("{run}/happenings"), &json!({ "kill": { "service": "db" } })).is(201);
    lab.post(&format!("{run}/control"), &json!({ "paused": false })).is(200);
    for browser in &mut browsers {
        told(browser, |it| it["event"]["subject"].as_str().is_some_and(|it| it.contains("db")));
    }
}

fn seconds(socket: &mut WebSocket<TcpStream>, n: usize) -> Vec<Frame> {
    std::iter::repeat_with(|| next_frame(socket)).filter(|it| it.is_second).take(n).collect()
}

/// The first message of a kind.
fn told(socket: &mut WebSocket<TcpStream>, is_it: impl Fn(&Value) -> bool) -> Value {
    loop {
        if let Message::Text(text) = socket.read().expect("it goes on") {
            let value: Value = serde_json::from_str(&text).expect("texts are JSON");
            if is_it(&value) {
                return value;
            }
        }
    }
}

/// A chain of services as long as it takes for its frames to be large.
fn chain(n: usize) -> String {
    let service = |at: usize| match at + 1 {
        next if next < n => format!("  s{at}: {{ do: [ {{ work: 1ms }}, {{ call: s{next} }} ] }}\n"),
        _ => format!("  s{at}: {{ do: [ {{ work: 1ms }} ] }}\n"),
    };
    let services: String = (0..n).map(service).collect();
    format!("architecture: chain\nservices:\n{services}workload:\n  users: {{ rate: 1/s, to: s0 }}\n")
}

/// What a browser does not take is not made: when it reads again it gets what the sockets held, then how things stand.
#[test]
fn a_browser_that_stops_reading_slows_nobody_and_fills_no_memory() {
    const FRAME_MB: f64 = 0.08;
    let lab = lab();
    let run = lab.start(&json!({ "text": chain(1000), "pace": 0, "for_s": 1e6 }));
    let mut sleeper = lab.stream(&run);
    let mut other = lab.stream(&run);
    let begun = next_frame(&mut sleeper).time_s;
    while next_frame(&mut other).time_s < begun + 400.0 {}
    let now = lab.value(&run)["time_s"].as_f64().expect("a number");
    let (mut held, mut last, mut gap_s) = (0, begun, 0.0_f64);
    while last < now {
        let next = next_frame(&mut sleeper);
        gap_s = gap_s.max(next.time_s - last);
        last = next.time_s;
        held += 1;
    }
    assert!(gap_s > 50.0, "{held} frames without a gap");
    assert!(f64::from(held) * FRAME_MB < 30.0, "{held} frames were held back");
}

#[test]
fn a_lost_connection_comes_back_and_catches_up() {
    let lab = lab();
    let run = lab.start(&json!({ "name": "pair", "pace": 50, "done": ["{ at: 20s, for: 1s, slow: { service: db, factor: 2 } }"] }));
    let mut socket = lab.stream(&run);
    let lost_at = seconds(&mut socket, 3).last().expect("three").time_s;
    drop(socket);
    lab.until(&run, |run| run["time_s"].as_f64().expect("a number") > lost_at + 30.0);
    let mut socket = lab.stream(&run);
    let Message::Text(first) = socket.read().expect("it is there") else { panic!("a run comes first") };
    let state: Value = serde_json::from_str(&first).expect("texts are JSON");
    assert_eq!(run_path(&state["run"]), run);
    let whole = next_frame(&mut socket);
    assert!(whole.is_whole && whole.number == 1, "{whole:?}");
    // Every second that was missed, and what happened meanwhile.
    let times = lab.value(&format!("{run}/series?of=users"))["time_s"].as_array().expect("a list").clone();
    let until = whole.time_s.floor() as u64;
    assert_eq!(times[..until as usize], (1..=until).map(|n| json!(n as f64)).collect::<Vec<_>>()[..]);
    let events = lab.value(&format!("{run}/events?after=0"));
    assert!(events.as_array().expect("a list").iter().any(|it| it["at_s"] == 20.0), "{events}");
}

#[test]
fn a_stream_ends_with_its_run() {
    let lab = lab();
    let run = lab.start(&json!({ "name": "pair", "pace": 20 }));
    let mut socket = lab.stream(&run);
    next_frame(&mut socket);
    lab.ask("DELETE", &run, &lab.host(), b"").is(204);
    while let Ok(message) = socket.read() {
        if let Message::Binary(bytes) = &message {
            frame(bytes);
        }
        if message.is_close() {
            return;
        }
    }
    panic!("it was cut off without a good-bye");
}
