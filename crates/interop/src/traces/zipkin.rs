//! A span in Zipkin's JSON, version 2 (openzipkin/zipkin-api, zipkin2-api.yaml). Its times are whole microseconds.

use tarsier_engine::{Side, SpanKind, TraceSpan};

use super::labels::Labels;
use super::text::Text;
use super::{error_of, name_of};

pub(super) fn write(out: &mut Vec<u8>, labels: &Labels, origin_ns: u64, span: &TraceSpan) {
    out.text("{\"traceId\":\"");
    out.hex((span.trace >> 64) as u64);
    out.hex(span.trace as u64);
    out.text("\",\"id\":\"");
    out.hex(span.id);
    if let Some(parent) = span.parent {
        out.text("\",\"parentId\":\"");
        out.hex(parent);
    }
    out.text(kind(span.kind));
    out.text(labels.endpoint(span.endpoint));
    let micros = |nanos: u64| (origin_ns + nanos) / 1_000;
    let began = micros(span.began_ns);
    out.text("\",\"timestamp\":");
    out.number(began);
    out.text(",\"duration\":");
    // Nothing is no duration there.
    out.number((micros(span.ended_ns) - began).max(1));
    out.text(",\"localEndpoint\":");
    endpoint(out, labels, span.side);
    if let Some(peer) = span.peer {
        out.text(",\"remoteEndpoint\":");
        endpoint(out, labels, peer);
    } else if span.kind == SpanKind::Client || span.kind == SpanKind::Producer {
        out.text(",\"remoteEndpoint\":{\"serviceName\":\"");
        out.text(labels.service_of(span.endpoint));
        out.text("\"}");
    }
    annotations(out, origin_ns, span);
    tags(out, labels, span);
    out.text("}");
}

/// The text between the ids and the name.
fn kind(kind: SpanKind) -> &'static str {
    match kind {
        SpanKind::Request => "\",\"name\":\"",
        SpanKind::Client => "\",\"kind\":\"CLIENT\",\"name\":\"",
        SpanKind::Server => "\",\"kind\":\"SERVER\",\"name\":\"",
        SpanKind::Producer => "\",\"kind\":\"PRODUCER\",\"name\":\"",
        SpanKind::Consumer => "\",\"kind\":\"CONSUMER\",\"name\":\"",
    }
}

fn endpoint(out: &mut Vec<u8>, labels: &Labels, side: Side) {
    out.text("{\"serviceName\":\"");
    out.text(labels.service(side));
    if let Some(address) = labels.address(side) {
        out.text("\",\"ipv4\":\"");
        let [a, b, c, d] = address.octets();
        out.number(a.into());
        for octet in [b, c, d] {
            out.text(".");
            out.number(octet.into());
        }
        out.text("\",\"port\":8080}");
    } else {
        out.text("\"}");
    }
}

/// `queue.core 1234us`, where it begins.
fn annotations(out: &mut Vec<u8>, origin_ns: u64, span: &TraceSpan) {
    for (n, stretch) in span.stretches.iter().enumerate() {
        out.text(if n == 0 { ",\"annotations\":[{\"timestamp\":" } else { ",{\"timestamp\":" });
        out.number((origin_ns + stretch.from_ns) / 1_000);
        out.text(",\"value\":\"");
        out.text(name_of(stretch.cause));
        out.text(" ");
        out.number((stretch.to_ns - stretch.from_ns) / 1_000);
        out.text("us\"}");
    }
    if !span.stretches.is_empty() {
        out.text("]");
    }
}

fn tags(out: &mut Vec<u8>, labels: &Labels, span: &TraceSpan) {
    out.text(",\"tags\":{\"instance\":\"");
    labels.instance(out, span.side);
    let zone = labels.zone(span.side);
    out.text("\",\"zone\":\"");
    out.text(&zone.name);
    out.text("\",\"region\":\"");
    out.text(&zone.region);
    out.text("\"");
    if span.attempt > 1 {
        out.text(",\"attempt\":\"");
        out.number(span.attempt.into());
        out.text("\"");
    }
    if span.hedge {
        out.text(",\"hedge\":\"true\"");
    }
    if let Some(error) = error_of(span.end) {
        out.text(",\"error\":\"");
        out.text(error);
        out.text("\"");
    }
    out.text("}");
}
