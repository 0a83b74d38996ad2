//! Spans as the files of tracing systems: Zipkin's JSON (version 2) and OpenTelemetry's (OTLP/JSON, a document a line).
//!
//! Written as they come, by hand: no tree of JSON values is built for a span.

mod labels;
mod otlp;
mod text;
mod zipkin;

use std::io::{self, Write};

use tarsier_engine::{Cause, Side, SpanEnd, TraceSpan};
use tarsier_model::Model;

use labels::Labels;

/// What the start of the counted time is called in files, in nanoseconds since 1970: 2026-01-01, so that the same run
/// gives the same files.
pub const EPOCH_NS: u64 = 1_767_225_600_000_000_000;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TraceFormat {
    Zipkin,
    Otlp,
}

/// Spans as texts, to be sent or written together.
pub struct SpanBatch {
    format: TraceFormat,
    labels: Labels,
    /// What the start of the counted time is called.
    origin_ns: u64,
    texts: Vec<u8>,
    /// Whose span each is, and where its text ends.
    ends: Vec<(Side, usize)>,
}

impl SpanBatch {
    pub fn new(format: TraceFormat, model: &Model, origin_ns: u64) -> SpanBatch {
        let (texts, ends) = (Vec::new(), Vec::new());
        SpanBatch { format, labels: Labels::new(model), origin_ns, texts, ends }
    }

    pub fn add(&mut self, span: &TraceSpan) {
        match self.format {
            TraceFormat::Zipkin => {
                // They are written one after the other as they are.
                self.texts.extend_from_slice(if self.is_empty() { b"" } else { b",\n" });
                zipkin::write(&mut self.texts, &self.labels, self.origin_ns, span);
            }
            TraceFormat::Otlp => otlp::write(&mut self.texts, self.origin_ns, &self.labels, span),
        }
        self.ends.push((span.side, self.texts.len()));
    }

    /// How many spans there are.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// All spans as one document that a collector takes; then there are none.
    pub fn take(&mut self, document: &mut Vec<u8>) {
        match self.format {
            TraceFormat::Zipkin => {
                document.push(b'[');
                document.extend_from_slice(&self.texts);
                document.push(b']');
            }
            TraceFormat::Otlp => otlp::document(document, &self.labels, &self.texts, &self.ends),
        }
        self.clear();
    }

    fn clear(&mut self) {
        self.texts.clear();
        self.ends.clear();
    }
}

/// Spans between two writes to the file.
const SPANS_PER_WRITE: usize = 512;

/// A file of spans; the first error is told in the end.
pub struct TraceWriter<W> {
    out: W,
    batch: SpanBatch,
    buffer: Vec<u8>,
    written: u64,
    result: io::Result<()>,
}

impl<W: Write> TraceWriter<W> {
    pub fn new(out: W, format: TraceFormat, model: &Model) -> TraceWriter<W> {
        let batch = SpanBatch::new(format, model, EPOCH_NS);
        TraceWriter { out, batch, buffer: Vec::new(), written: 0, result: Ok(()) }
    }

    pub fn span(&mut self, span: &TraceSpan) {
        self.batch.add(span);
        if self.batch.len() == SPANS_PER_WRITE {
            self.write();
        }
    }

    /// How many spans there were.
    pub fn finish(mut self) -> io::Result<u64> {
        self.write();
        self.result?;
        if self.batch.format == TraceFormat::Zipkin {
            self.out.write_all(if self.written == 0 { b"[]\n" } else { b"\n]\n" })?;
        }
        self.out.flush()?;
        Ok(self.written)
    }

    fn write(&mut self) {
        if !self.batch.is_empty() && self.result.is_ok() {
            self.result = match self.batch.format {
                TraceFormat::Zipkin => self.write_part_of_list(),
                TraceFormat::Otlp => self.write_line(),
            };
            self.written += self.batch.len() as u64;
        }
        self.batch.clear();
    }

    /// One list over all writes.
    fn write_part_of_list(&mut self) -> io::Result<()> {
        self.out.write_all(if self.written == 0 { b"[\n" } else { b",\n" })?;
        self.out.write_all(&self.batch.texts)
    }

    fn write_line(&mut self) -> io::Result<()> {
        self.buffer.clear();
        otlp::document(&mut self.buffer, &self.batch.labels, &self.batch.texts, &self.batch.ends);
        self.buffer.push(b'\n');
        self.out.write_all(&self.buffer)
    }
}

/// What a request did for a while.
fn name_of(cause: Cause) -> &'static str {
    match cause {
        Cause::Network => "network",
        Cause::Worker => "queue.worker",
        Cause::Core => "queue.core",
        Cause::Lock => "queue.lock",
        Cause::Connection => "queue.connection",
        Cause::Work => "work",
        Cause::Wait => "wait",
        Cause::Timeout => "timeout",
        Cause::Backoff => "backoff",
    }
}

/// Why it is not well.
fn error_of(end: SpanEnd) -> Option<&'static str> {
    match end {
        SpanEnd::Ok => None,
        SpanEnd::Error => Some("error"),
        SpanEnd::Refused => Some("refused"),
        SpanEnd::Unreachable => Some("unreachable"),
        SpanEnd::Timeout => Some("timeout"),
        SpanEnd::Cancelled => Some("cancelled"),
        SpanEnd::Lost => Some("lost"),
    }
}
