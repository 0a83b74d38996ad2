//! A lab of a test's own, asked over its socket as a browser or a script would.

use std::borrow::Cow;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tarsier_server::{Architecture, Lab, Library, Origin, Settings, Text};
use tungstenite::{Message, WebSocket};

/// For an answer, and for what is waited for: a machine may be busy.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// A web tier, its database, users who are well served.
pub(crate) const PAIR: &str = "\
architecture: pair
description: A web tier and its database <fast>
services:
  web: { instances: 3, cores: 2, do: [ { work: exp(1ms) }, { call: db } ] }
  db: { cores: 2, do: [ { work: exp(2ms) } ] }
workload:
  users: { rate: 200/s, to: web }
slo:
  - users p99 < 1s
scenarios:
  slow:
    - { at: 2s, for: 3s, slow: { service: db, factor: 2 } }
";

pub(crate) struct Served {
    lab: Lab,
}

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

/// A lab with PAIR in its catalogue.
pub(crate) fn lab() -> Served {
    Served::with(|settings| settings)
}

impl Served {
    pub(crate) fn with(change: impl FnOnce(Settings) -> Settings) -> Served {
        let pair = Architecture {
            name: "pair".to_owned(),
            origin: Origin::Catalogue,
            text: Text::Given(Cow::Borrowed(PAIR)),
            is_chosen: false,
        };
        let files = Box::new(|_: &str| Err("there are no files here".to_owned()));
        let settings = change(Settings {
            bind: (Ipv4Addr::LOCALHOST, 0).into(),
            token: None,
            page: None,
            library: Library { architectures: vec![pair], files },
        });
        Served { lab: Lab::serve(settings).expect("a port is free") }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.lab.address()
    }

    pub(crate) fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address()).expect("it listens");
        stream.set_read_timeout(Some(PATIENCE)).expect("more than no time");
        stream
    }

    /// Any request; `headers` are lines that end with CRLF.
    pub(crate) fn ask(&self, method: &str, path: &str, headers: &str, body: &[u8]) -> Answer {
        let mut stream = self.connect();
        let length = body.len();
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nConnection: close\r\nContent-Length: {length}\r\n{headers}\r\n"
        )
        .expect("it reads");
        // What is refused at its head may not be read to its end.
        let _ = stream.write_all(body);
        Answer::read(stream)
    }

    /// The line that a request of ours has.
    pub(crate) fn host(&self) -> String {
        format!("Host: {}\r\n", self.address())
    }

    pub(crate) fn get(&self, path: &str) -> Answer {
        self.ask("GET", path, &self.host(), b"")
    }

    #[track_caller]
    pub(crate) fn value(&self, path: &str) -> Value {
        self.get(path).is(200).json()
    }

    pub(crate) fn post(&self, path: &str, body: &Value) -> Answer {
        self.ask("POST", path, &self.host(), body.to_string().as_bytes())
    }

    /// The path of a new run.
    #[track_caller]
    pub(crate) fn start(&self, body: &Value) -> String {
        run_path(&self.post("/api/runs", body).is(201).json())
    }

    /// A run of PAIR from its beginning to its end, at once.
    #[track_caller]
    pub(crate) fn finished(&self, more: &Value) -> String {
        let mut body = json!({ "name": "pair", "pace": 0, "for_s": 30 });
        body.as_object_mut().expect("it is one").extend(more.as_object().expect("fields").clone());
        let run = self.start(&body);
        self.until(&run, |run| run["state"] == "ended");
        run
    }

    /// Until something holds of a run.
    #[track_caller]
    pub(crate) fn until(&self, run: &str, holds: impl Fn(&Value) -> bool) -> Value {
        let begun = Instant::now();
        loop {
            let now = self.value(run);
            if holds(&now) {
                return now;
            }
            assert!(begun.elapsed() < PATIENCE, "it does not come to that: {now}");
        }
    }

    pub(crate) fn stream(&self, run: &str) -> WebSocket<TcpStream> {
        let url = format!("ws://{}{run}/stream", self.address());
        let (socket, _) = tungstenite::client(url, self.connect()).expect("it is a WebSocket");
        socket
    }
}

pub(crate) fn run_path(run: &Value) -> String {
    format!("/api/runs/{}", run["id"].as_str().expect("a run has an id"))
}

impl Answer {
    pub(crate) fn read(mut stream: TcpStream) -> Answer {
        let mut bytes = Vec::new();
        // Who refuses a body may cut the connection behind the answer.
        let _ = stream.read_to_end(&mut bytes);
        let end = bytes.windows(4).position(|it| it == b"\r\n\r\n").expect("an answer has a head");
        let head = String::from_utf8(bytes[..end].to_vec()).expect("a head is ASCII").to_lowercase();
        let status = head.split(' ').nth(1).and_then(|it| it.parse().ok()).expect("a status");
        Answer { status, head, body: bytes[end + 4..].to_vec() }
    }

    #[track_caller]
    pub(crate) fn is(self, status: u16) -> Answer {
        assert_eq!(self.status, status, "{}\n{}", self.head, self.text());
        self
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    /// A refusal that says so.
    #[track_caller]
    pub(crate) fn says(&self, words: &str) {
        let error = self.json()["error"].as_str().expect("a refusal says why").to_owned();
        assert!(error.contains(words), "{words} in: {error}");
    }
}

/// What docs/reference/api.md says of a frame's head.
#[derive(Debug)]
pub(crate) struct Frame {
    pub(crate) is_second: bool,
    pub(crate) is_whole: bool,
    pub(crate) time_s: f64,
    pub(crate) covers_s: f64,
    pub(crate) number: u32,
    pub(crate) nodes: Vec<u32>,
    /// Column after column.
    pub(crate) node: Vec<f32>,
    pub(crate) n_edges: usize,
}

pub(crate) fn frame(bytes: &[u8]) -> Frame {
    let u32_at = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().expect("four bytes"));
    let f32_at = |at: usize| f32::from_le_bytes(bytes[at..at + 4].try_into().expect("four bytes"));
    assert_eq!((&bytes[..4], bytes[4]), (&b"TSR1"[..], 1));
    let (n_nodes, n_edges) = (u32_at(24) as usize, u32_at(28) as usize);
    assert_eq!(bytes.len(), 32 + 4 * (n_nodes * 14 + n_edges * 8));
    Frame {
        is_second: bytes[5] == 2,
        is_whole: bytes[6] & 1 == 1,
        time_s: f64::from_le_bytes(bytes[8..16].try_into().expect("eight bytes")),
        covers_s: f32_at(16).into(),
        number: u32_at(20),
        nodes: (0..n_nodes).map(|n| u32_at(32 + 4 * n)).collect(),
        node: (0..13 * n_nodes).map(|n| f32_at(32 + 4 * (n_nodes + n))).collect(),
        n_edges,
    }
}

/// The next frame; the texts before it are passed over.
pub(crate) fn next_frame(socket: &mut WebSocket<TcpStream>) -> Frame {
    loop {
        if let Message::Binary(bytes) = socket.read().expect("it goes on") {
            return frame(&bytes);
        }
    }
}
