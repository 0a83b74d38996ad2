//! Spans in OpenTelemetry's JSON (opentelemetry-proto, trace.proto: ids in hexadecimal, 64-bit numbers as strings), a
//! resource for each instance.

use tarsier_engine::{Side, SpanKind, TraceSpan};

use super::labels::Labels;
use super::text::Text;
use super::{error_of, name_of};

pub(super) fn write(out: &mut Vec<u8>, origin_ns: u64, labels: &Labels, span: &TraceSpan) {
    out.text("{\"traceId\":\"");
    out.hex((span.trace >> 64) as u64);
    out.hex(span.trace as u64);
    out.text("\",\"spanId\":\"");
    out.hex(span.id);
    if let Some(parent) = span.parent {
        out.text("\",\"parentSpanId\":\"");
        out.hex(parent);
    }
    out.text("\",\"name\":\"");
    out.text(labels.endpoint(span.endpoint));
    out.text("\",\"kind\":");
    out.number(kind(span.kind));
    out.text(",\"startTimeUnixNano\":\"");
    out.number(origin_ns + span.began_ns);
    out.text("\",\"endTimeUnixNano\":\"");
    out.number(origin_ns + span.ended_ns);
    out.text("\"");
    attributes(out, labels, span);
    events(out, origin_ns, span);
    if let Some(error) = error_of(span.end) {
        out.text(",\"status\":{\"code\":2,\"message\":\"");
        out.text(error);
        out.text("\"}");
    }
    out.text("}");
}

fn kind(kind: SpanKind) -> u64 {
    match kind {
        SpanKind::Request => 1,
        SpanKind::Server => 2,
        SpanKind::Client => 3,
        SpanKind::Producer => 4,
        SpanKind::Consumer => 5,
    }
}

fn attributes(out: &mut Vec<u8>, labels: &Labels, span: &TraceSpan) {
    let mut separator = ",\"attributes\":[";
    let mut key = |out: &mut Vec<u8>, key: &str| {
        out.text(separator);
        out.text("{\"key\":\"");
        out.text(key);
        separator = ",";
    };
    if matches!(span.kind, SpanKind::Client | SpanKind::Producer) {
        key(out, "peer.service\",\"value\":{\"stringValue\":\"");
        out.text(labels.service_of(span.endpoint));
        out.text("\"}}");
    }
    if let Some(peer) = span.peer.filter(|peer| matches!(peer, Side::Instance { .. })) {
        key(out, "network.peer.name\",\"value\":{\"stringValue\":\"");
        labels.instance(out, peer);
        out.text("\"}}");
    }
    if span.attempt > 1 {
        key(out, "tarsier.attempt\",\"value\":{\"intValue\":\"");
        out.number(span.attempt.into());
        out.text("\"}}");
    }
    if span.hedge {
        key(out, "tarsier.hedge\",\"value\":{\"boolValue\":true}}");
    }
    if separator == "," {
        out.text("]");
    }
}

fn events(out: &mut Vec<u8>, origin_ns: u64, span: &TraceSpan) {
    for (n, stretch) in span.stretches.iter().enumerate() {
        out.text(if n == 0 { ",\"events\":[{\"timeUnixNano\":\"" } else { ",{\"timeUnixNano\":\"" });
        out.number(origin_ns + stretch.from_ns);
        out.text("\",\"name\":\"");
        out.text(name_of(stretch.cause));
        out.text("\",\"attributes\":[{\"key\":\"duration_ns\",\"value\":{\"intValue\":\"");
        out.number(stretch.to_ns - stretch.from_ns);
        out.text("\"}}]}");
    }
    if !span.stretches.is_empty() {
        out.text("]");
    }
}

/// The texts of spans, by whose they are.
pub(super) fn document(out: &mut Vec<u8>, labels: &Labels, texts: &[u8], ends: &[(Side, usize)]) {
    let starts = std::iter::once(0).chain(ends.iter().map(|(_, end)| *end));
    let mut spans: Vec<(Side, usize, usize)> =
        starts.zip(ends).map(|(start, (side, end))| (*side, start, *end)).collect();
    spans.sort_unstable();
    out.text("{\"resourceSpans\":[");
    for (n, of_one) in spans.chunk_by(|a, b| a.0 == b.0).enumerate() {
        out.text(if n == 0 { "" } else { "," });
        resource(out, labels, of_one[0].0);
        for (n, (_, start, end)) in of_one.iter().enumerate() {
            out.text(if n == 0 { "" } else { "," });
            out.extend_from_slice(&texts[*start..*end]);
        }
        out.text("]}]}");
    }
    out.text("]}");
}

/// Up to its first span.
fn resource(out: &mut Vec<u8>, labels: &Labels, side: Side) {
    let zone = labels.zone(side);
    let mut attribute = |key: &str, value: &dyn Fn(&mut Vec<u8>)| {
        out.text(key);
        out.text("\",\"value\":{\"stringValue\":\"");
        value(out);
        out.text("\"}}");
    };
    attribute("{\"resource\":{\"attributes\":[{\"key\":\"service.name", &|out| {
        out.text(labels.service(side));
    });
    attribute(",{\"key\":\"service.instance.id", &|out| labels.instance(out, side));
    attribute(",{\"key\":\"cloud.region", &|out| out.text(&zone.region));
    attribute(",{\"key\":\"cloud.availability_zone", &|out| out.text(&zone.name));
    if let Some(address) = labels.address(side) {
        attribute(",{\"key\":\"host.ip", &|out| out.text(&address.to_string()));
    }
    out.text("]},\"scopeSpans\":[{\"scope\":{\"name\":\"tarsier\"},\"spans\":[");
}
