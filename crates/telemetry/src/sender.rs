//! A thread that sends, behind a queue that is never long: who hands over more than is taken waits.

use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread::JoinHandle;

use crate::delivery::{Courier, Fate};

/// Batches that may wait to be sent.
const QUEUED: usize = 4;

/// JSON for one request.
#[derive(Debug)]
pub struct Batch {
    /// Below the collector's address: `/v1/traces`.
    pub path: &'static str,
    pub body: Vec<u8>,
    /// How many spans or points it holds.
    pub items: u64,
}

/// What became of all items: each is in one of the first three.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Delivered {
    pub accepted: u64,
    /// The collector would not have them.
    pub rejected: u64,
    /// Nobody took them.
    pub dropped: u64,
    pub retries: u64,
    /// The last thing that went wrong.
    pub trouble: Option<String>,
}

impl Delivered {
    fn count(&mut self, items: u64, fate: Fate) {
        match fate {
            Fate::Taken { rejected, why } => {
                let rejected = rejected.min(items);
                self.accepted += items - rejected;
                self.rejected += rejected;
                self.trouble = why.or(self.trouble.take());
            }
            Fate::Rejected(why) => {
                self.rejected += items;
                self.trouble = Some(why);
            }
            Fate::GivenUp(why) => {
                self.dropped += items;
                self.trouble = Some(why);
            }
        }
    }
}

pub struct Sender {
    queue: SyncSender<Batch>,
    thread: JoinHandle<Delivered>,
}

impl Sender {
    /// `base` is what paths are below: `http://127.0.0.1:4318`. Once there is a hurry nothing is sent again, and what
    /// follows a batch that was given up is given up, too: nobody is waited for longer than an attempt takes.
    pub fn start(base: &str, is_hurried: fn() -> bool) -> std::io::Result<Sender> {
        let (queue, batches) = sync_channel::<Batch>(QUEUED);
        let mut courier = Courier::new(base, is_hurried);
        let thread = std::thread::Builder::new().name("telemetry".to_owned()).spawn(move || {
            let mut delivered = Delivered::default();
            for batch in batches {
                let fate = courier.deliver(&batch);
                delivered.count(batch.items, fate);
            }
            Delivered { retries: courier.retries, ..delivered }
        })?;
        Ok(Sender { queue, thread })
    }

    /// Waits while as many batches as may are waiting already.
    pub fn send(&self, batch: Batch) {
        self.queue.send(batch).expect("the thread ends after its queue");
    }

    /// Waits until everything is sent or given up.
    pub fn finish(self) -> Delivered {
        drop(self.queue);
        self.thread.join().expect("sending does not panic")
    }
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead, BufReader, Read, Write};
    use std::net::TcpListener;
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    /// Answers one request after the other as it is told, and tells what it was sent.
    fn collector(answers: &'static [&'static str]) -> (String, JoinHandle<Vec<String>>) {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let address = format!("http://{}/", listener.local_addr().expect("it has one"));
        let thread = std::thread::spawn(move || {
            let mut got = Vec::new();
            for answer in answers {
                let (mut stream, _) = listener.accept().expect("somebody comes");
                let mut reader = BufReader::new(stream.try_clone().expect("a second handle"));
                let mut head = String::new();
                while !head.ends_with("\r\n\r\n") {
                    assert!(reader.read_line(&mut head).expect("text") > 0, "{head}");
                }
                let length = head.lines().find_map(|line| {
                    line.to_lowercase().strip_prefix("content-length: ").and_then(|it| it.parse().ok())
                });
                let mut body = vec![0; length.expect("a length")];
                reader.read_exact(&mut body).expect("a body");
                let path = head.split(' ').nth(1).expect("a path").to_owned();
                got.push(format!("{path} {}", String::from_utf8(body).expect("UTF-8")));
                stream.write_all(answer.as_bytes()).expect("it is read");
            }
            got
        });
        (address, thread)
    }

    fn batch(body: &str, items: u64) -> Batch {
        Batch { path: "/v1/traces", body: body.into(), items }
    }

    const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}";
    const BUSY: &str =
        "HTTP/1.1 429 Too Many Requests\r\nRetry-After: 0\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    const LATER: &str = "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 3600\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    const BAD: &str = "HTTP/1.1 400 Bad Request\r\nContent-Length: 9\r\nConnection: close\r\n\r\nnot a hex";
    const PARTLY: &str = "HTTP/1.1 200 OK\r\nContent-Length: 41\r\nConnection: close\r\n\r\n{\"partialSuccess\":{\"rejectedSpans\": \"2\"}}";

    #[test]
    fn every_item_is_accounted_for() {
        let (address, collector) = collector(&[OK, BUSY, BUSY, OK, BAD, PARTLY]);
        let sender = Sender::start(&address, || false).expect("a thread");
        for (body, items) in [("a", 1), ("b", 10), ("c", 100), ("d", 1000)] {
            sender.send(batch(body, items));
        }
        let delivered = sender.finish();
        let trouble = Some("HTTP 400: not a hex".to_owned());
        let expected =
            Delivered { accepted: 1 + 10 + 998, rejected: 100 + 2, dropped: 0, retries: 2, trouble };
        assert_eq!(delivered, expected);
        let got = collector.join().expect("it served");
        let bodies = ["a", "b", "b", "b", "c", "d"].map(|body| format!("/v1/traces {body}"));
        assert_eq!(got, bodies);
    }

    #[test]
    fn a_collector_that_is_down_costs_no_time_in_a_hurry() {
        let taken = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let address = format!("http://{}", taken.local_addr().expect("it has one"));
        drop(taken);
        let sender = Sender::start(&address, || true).expect("a thread");
        sender.send(batch("a", 3));
        sender.send(batch("b", 4));
        let delivered = sender.finish();
        assert_eq!((delivered.accepted, delivered.dropped, delivered.retries), (0, 7, 0));
        assert!(delivered.trouble.is_some_and(|why| why.to_lowercase().contains("refused")));
    }

    /// The collector wants to be left alone for an hour, and somebody presses Ctrl-C the fourth time anyone looks.
    #[test]
    fn a_hurry_that_begins_while_a_collector_is_waited_for_ends_the_wait() {
        static LOOKS: AtomicU32 = AtomicU32::new(0);
        let (address, collector) = collector(&[LATER]);
        let sender =
            Sender::start(&address, || LOOKS.fetch_add(1, Ordering::Relaxed) >= 3).expect("a thread");
        for items in 1..=10 {
            // More than the queue takes: handing over waits no longer, either.
            sender.send(batch("a", items));
        }
        let delivered = sender.finish();
        assert_eq!((delivered.accepted, delivered.dropped, delivered.retries), (0, 55, 0));
        assert_eq!(delivered.trouble.as_deref(), Some("HTTP 503"), "the others were not tried");
        assert_eq!(collector.join().expect("it served").len(), 1);
    }
}
