//! What is sent to a collector.

use std::sync::Mutex;
use std::time::{SystemTime, UNIX_EPOCH};

use tarsier_engine::TraceSpan;
use tarsier_interop::{Meters, SpanBatch, TraceFormat};
use tarsier_model::SealedModel;
use tarsier_telemetry::{Batch, Delivered, Sender};
use tarsier_units::NANOS_PER_SECOND;

use crate::args::{Collector, RunArgs};
use crate::failure::Failure;
use crate::onlooker::is_interrupted;
use crate::{tell, warn};

/// Spans of a request to the collector at most; some are waited for no longer than a second of simulated time.
const SPANS_OF_BATCH: usize = 512;

pub(super) struct Post {
    collector: Collector,
    spans: Sender,
    batch: SpanBatch,
    /// Zipkin takes none.
    points: Option<Sender>,
    /// What the start of the counted time is called, in nanoseconds since 1970.
    origin_ns: u64,
}

impl Post {
    pub(super) fn open(collector: &Collector, args: &RunArgs, model: &SealedModel) -> Result<Self, Failure> {
        let sender = || {
            Sender::start(&collector.url, is_interrupted)
                .map_err(|error| Failure::new(format!("cannot send to {collector}: {error}")))
        };
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_nanos() as u64);
        let origin_ns = origin_ns(now, args.duration.nanos(), args.pace);
        let takes_points = collector.format == TraceFormat::Otlp;
        Ok(Post {
            collector: collector.clone(),
            spans: sender()?,
            batch: SpanBatch::new(collector.format, model, origin_ns),
            points: takes_points.then(sender).transpose()?,
            origin_ns,
        })
    }

    pub(super) fn span(&mut self, span: &TraceSpan) {
        self.batch.add(span);
        if self.batch.len() >= SPANS_OF_BATCH {
            self.send_spans();
        }
    }

    /// Everything as it was at the end of a second.
    pub(super) fn second(&mut self, meters: &Mutex<Meters>, second: u64) {
        self.send_spans();
        if let Some(points) = &self.points {
            let now_ns = self.origin_ns + (second + 1) * NANOS_PER_SECOND;
            // Sending may take long, and others look at the meters meanwhile.
            let (body, items) = meters.lock().expect("no one panics holding it").otlp(self.origin_ns, now_ns);
            points.send(Batch { path: "/v1/metrics", body: body.into_bytes(), items });
        }
    }

    fn send_spans(&mut self) {
        if self.batch.is_empty() {
            return;
        }
        let path = match self.collector.format {
            TraceFormat::Otlp => "/v1/traces",
            TraceFormat::Zipkin => "/api/v2/spans",
        };
        let items = self.batch.len() as u64;
        let mut body = Vec::new();
        self.batch.take(&mut body);
        self.spans.send(Batch { path, body, items });
    }

    /// Spans that came after the last second go as well; then everything has to arrive.
    pub(super) fn close(mut self) {
        self.send_spans();
        say(&self.collector, "spans", &self.spans.finish());
        if let Some(points) = self.points {
            say(&self.collector, "points", &points.finish());
        }
    }
}

fn say(collector: &Collector, what: &str, delivered: &Delivered) {
    let line = account(collector, what, delivered);
    let is_all_well = delivered.rejected + delivered.dropped == 0;
    if is_all_well { tell(&line) } else { warn(&line) }
}

/// Telemetry of the future is refused by many: the run ends now, or when its pace lets it end.
fn origin_ns(now: u64, duration: u64, pace: Option<f64>) -> u64 {
    let ahead = pace.map_or(1.0, |pace| (1.0 - 1.0 / pace).max(0.0));
    // Spans of a second are told before it is over by the clock.
    now.saturating_sub((duration as f64 * ahead) as u64).saturating_sub(NANOS_PER_SECOND)
}

/// «otlp=http://…: 120 spans accepted, 0 rejected, 3 dropped, 2 retries; connection refused».
fn account(collector: &Collector, what: &str, delivered: &Delivered) -> String {
    let Delivered { accepted, rejected, dropped, retries, trouble } = delivered;
    let counts =
        format!("{accepted} {what} accepted, {rejected} rejected, {dropped} dropped, {retries} retries");
    let trouble = trouble.as_ref().map_or(String::new(), |why| format!("; {why}"));
    format!("sent to {collector}: {counts}{trouble}")
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: u64 = 3_600 * NANOS_PER_SECOND;

    #[test]
    fn nothing_is_told_of_the_future() {
        let now = 1_000 * HOUR;
        let before = |span: u64| now - span - NANOS_PER_SECOND;
        assert_eq!(origin_ns(now, HOUR, None), before(HOUR), "all of it is over");
        assert_eq!(origin_ns(now, HOUR, Some(1.0)), before(0));
        assert_eq!(origin_ns(now, HOUR, Some(4.0)), before(HOUR / 4 * 3), "ends in a quarter of an hour");
        assert_eq!(origin_ns(now, HOUR, Some(0.5)), before(0), "lags behind");
    }
}
