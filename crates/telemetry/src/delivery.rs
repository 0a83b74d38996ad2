//! One batch on its way: sent, sent again where that is right, or given up.
//!
//! What may be sent again follows the OTLP specification (1.5, «OTLP/HTTP Response»): 429, 502, 503 and 504, after as
//! long as `Retry-After` says in seconds (a date is not read), else after a wait that doubles, but never longer than
//! [`LONGEST_WAIT`]; any other failure of the server's is for good. A connection that cannot be made or breaks counts as
//! one that may be tried again.

use std::time::Duration;

use ureq::Agent;
use ureq::http::Uri;
use ureq::http::header::{CONTENT_TYPE, RETRY_AFTER};
use ureq::http::uri::Authority;

use crate::Batch;

/// Attempts at a batch while the collector seems well; one is enough to see that it is still down.
const ATTEMPTS: u32 = 6;
const FIRST_WAIT: Duration = Duration::from_millis(100);
const LONGEST_WAIT: Duration = Duration::from_secs(8);
/// How often whoever waits looks whether there is a hurry.
const LOOKS_UP: Duration = Duration::from_millis(50);
/// How long one attempt may take; a collector that takes longer is as good as down.
const PATIENCE: Duration = Duration::from_secs(10);
/// An answer is read no further.
const MOST_BYTES_OF_ANSWER: u64 = 1 << 20;

/// What became of a batch.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Fate {
    /// Of its items this many were rejected.
    Taken { rejected: u64, why: Option<String> },
    /// None of it was taken, and it would not help to send it again.
    Rejected(String),
    /// Nobody took it.
    GivenUp(String),
}

/// What one attempt came to.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Answer {
    Fate(Fate),
    /// Perhaps later, after as long as the server says.
    Later(String, Option<Duration>),
}

/// Whether paths can be put below this address, and it names a host that understands plain HTTP.
pub fn can_be_sent_to(base: &str) -> bool {
    let Ok(uri) = base.parse::<Uri>() else { return false };
    // What follows the host is a port that there can be.
    let is_host = |it: &Authority| {
        !it.host().is_empty() && (it.as_str().ends_with(it.host()) || it.port_u16().is_some())
    };
    uri.scheme_str() == Some("http") && uri.authority().is_some_and(is_host) && !base.contains(['?', '#'])
}

pub(crate) struct Courier {
    agent: Agent,
    base: String,
    is_hurried: fn() -> bool,
    /// Why the last batch was given up, if it was: the next is tried once, and in a hurry not at all.
    down: Option<String>,
    pub(crate) retries: u64,
}

impl Courier {
    pub(crate) fn new(base: &str, is_hurried: fn() -> bool) -> Self {
        let config = Agent::config_builder().timeout_global(Some(PATIENCE)).http_status_as_error(false);
        let base = base.trim_end_matches('/').to_owned();
        Courier { agent: config.build().into(), base, is_hurried, down: None, retries: 0 }
    }

    pub(crate) fn deliver(&mut self, batch: &Batch) -> Fate {
        if let Some(why) = self.down.clone().filter(|_| (self.is_hurried)()) {
            return Fate::GivenUp(why);
        }
        let fate = self.insist(batch);
        self.down = if let Fate::GivenUp(why) = &fate { Some(why.clone()) } else { None };
        fate
    }

    fn insist(&mut self, batch: &Batch) -> Fate {
        let attempts = if self.down.is_some() { 1 } else { ATTEMPTS };
        let mut usual = FIRST_WAIT;
        let mut attempt = 1;
        loop {
            match self.attempt(batch) {
                Answer::Fate(fate) => return fate,
                Answer::Later(why, after) => {
                    if attempt == attempts || !self.wait(after.unwrap_or(usual).min(LONGEST_WAIT)) {
                        return Fate::GivenUp(why);
                    }
                }
            }
            (attempt, usual) = (attempt + 1, usual * 2);
            self.retries += 1;
        }
    }

    /// Whether there is still no hurry after this long.
    fn wait(&self, mut left: Duration) -> bool {
        while !left.is_zero() && !(self.is_hurried)() {
            let slice = left.min(LOOKS_UP);
            std::thread::sleep(slice);
            left -= slice;
        }
        !(self.is_hurried)()
    }

    fn attempt(&self, batch: &Batch) -> Answer {
        let url = format!("{}{}", self.base, batch.path);
        let sent = self.agent.post(&url).header(CONTENT_TYPE, "application/json").send(&batch.body[..]);
        let mut response = match sent {
            Ok(response) => response,
            Err(error) => return Answer::Later(error.to_string(), None),
        };
        let status = response.status().as_u16();
        let after = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
        let text = response.body_mut().with_config().limit(MOST_BYTES_OF_ANSWER).read_to_string();
        judge(status, after.map(Duration::from_secs), &text.unwrap_or_default())
    }
}

fn judge(status: u16, after: Option<Duration>, text: &str) -> Answer {
    match status {
        200..=299 => {
            let (rejected, why) = partial_success(text);
            Answer::Fate(Fate::Taken { rejected, why })
        }
        429 | 502..=504 => Answer::Later(said(status, text), after),
        _ => Answer::Fate(Fate::Rejected(said(status, text))),
    }
}

/// «400: traceId is not hexadecimal».
fn said(status: u16, text: &str) -> String {
    let line = text.lines().next().unwrap_or("").trim();
    let short: String = line.chars().take(200).collect();
    if short.is_empty() { format!("HTTP {status}") } else { format!("HTTP {status}: {short}") }
}

/// What an OTLP receiver says that it left out.
fn partial_success(text: &str) -> (u64, Option<String>) {
    let answer: serde_json::Value = serde_json::from_str(text).unwrap_or_default();
    let partial = &answer["partialSuccess"];
    // 64-bit numbers are strings in JSON's form of Protocol Buffers; not everybody minds.
    let number = |value: &serde_json::Value| {
        value.as_u64().or_else(|| value.as_str().and_then(|text| text.parse().ok()))
    };
    let rejected = ["rejectedSpans", "rejectedDataPoints"].iter().find_map(|key| number(&partial[*key]));
    let why = partial["errorMessage"].as_str().filter(|why| !why.is_empty()).map(str::to_owned);
    (rejected.unwrap_or(0), why)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_have_a_host_and_a_port_that_there_can_be() {
        for good in ["http://here", "http://here:4318/", "http://[::1]", "http://[::1]:4318/otlp"] {
            assert!(can_be_sent_to(good), "{good}");
        }
        for bad in
            ["", "here", "here:80", "https://here", "http://:80", "http://here:99999", "http://[::1]:x"]
        {
            assert!(!can_be_sent_to(bad), "{bad}");
        }
    }

    #[test]
    fn answers_are_judged_as_the_specification_says() {
        let taken =
            |rejected, why: Option<&str>| Answer::Fate(Fate::Taken { rejected, why: why.map(str::to_owned) });
        assert_eq!(judge(202, None, ""), taken(0, None));
        assert_eq!(judge(200, None, "{\"partialSuccess\":{}}"), taken(0, None));
        let partly = "{\"partialSuccess\":{\"rejectedSpans\":\"3\",\"errorMessage\":\"too old\"}}";
        assert_eq!(judge(200, None, partly), taken(3, Some("too old")));
        let points = "{\"partialSuccess\":{\"rejectedDataPoints\":2}}";
        assert_eq!(judge(200, None, points), taken(2, None));
        for status in [429, 502, 503, 504] {
            let after = Some(Duration::from_secs(2));
            let later = Answer::Later(format!("HTTP {status}: busy"), after);
            assert_eq!(judge(status, after, "busy\nvery"), later);
        }
        for status in [400, 401, 404, 413, 500] {
            assert_eq!(judge(status, None, ""), Answer::Fate(Fate::Rejected(format!("HTTP {status}"))));
        }
    }
}
