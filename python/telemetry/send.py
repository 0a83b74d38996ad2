"""What a run sends, decoded by OpenTelemetry's own classes: metrics are those of its result, spans hang together.

usage: send.py TARSIER
"""

import base64
import collections
import http.server
import json
import subprocess
import sys
import threading

from google.protobuf import json_format
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

KINDS = {"/v1/metrics": ExportMetricsServiceRequest, "/v1/traces": ExportTraceServiceRequest}
# One in a hundred of 16,000 requests, with some ten spans each.
FEWEST_SPANS = 1_000


class Collector(http.server.BaseHTTPRequestHandler):
    requests = collections.defaultdict(list)

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        # Unknown fields and wrong types are errors.
        Collector.requests[self.path].append(json_format.Parse(body, KINDS[self.path]()))
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_):
        pass


def main(tarsier):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Collector)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"otlp=http://127.0.0.1:{server.server_port}"
    ran = subprocess.run(
        [tarsier, "run", "shop", "--for", "20s", "--json", "--send", address],
        capture_output=True, check=True, text=True,
    )
    server.shutdown()
    check_points(Collector.requests["/v1/metrics"], json.loads(ran.stdout), ran.stderr)
    check_spans(Collector.requests["/v1/traces"], ran.stderr)


def check_points(requests, result, told):
    assert len(requests) == 20, "one each second"
    sent = sum(len(points(metric)) for request in requests for metric in metrics_of(request))
    assert f"{sent} points accepted, 0 rejected, 0 dropped" in told, told
    last = {metric.name: metric for metric in metrics_of(requests[-1])}
    compared = 0
    for kind in ("workload", "service", "call"):
        things = result[kind + "s"]
        for name in ("requests", "completed", "errors", "refused", "attempts", "timeouts"):
            for point in points(last[f"tarsier.{kind}.{name}"]) if f"tarsier.{kind}.{name}" in last else []:
                it = {it.key: it.value.string_value for it in point.attributes}
                thing = things[f"{it['caller']} -> {it['callee']}" if kind == "call" else it[kind]]
                # Arrivals of a service are its requests; not every count is in the document.
                expected = thing.get("arrivals" if (kind, name) == ("service", "requests") else name)
                if expected is not None:
                    assert point.as_int == expected, (kind, name, it, point.as_int, expected)
                    compared += 1
    assert compared > 50, compared
    print(f"{sent} points in {len(requests)} requests; {compared} totals are those of the result")


def check_spans(requests, told):
    spans = {}
    for request in requests:
        for resource in request.resource_spans:
            assert any(it.key == "service.name" and it.value.string_value for it in resource.resource.attributes)
            for scope in resource.scope_spans:
                for span in scope.spans:
                    assert len(id_of(span.trace_id)) == 16 and len(id_of(span.span_id)) == 8
                    assert span.start_time_unix_nano <= span.end_time_unix_nano
                    spans[span.trace_id, span.span_id] = span
    assert len(spans) > FEWEST_SPANS
    assert f"{len(spans)} spans accepted, 0 rejected, 0 dropped" in told, told
    roots = 0
    for (trace, _), span in spans.items():
        if not span.parent_span_id:
            roots += 1
            continue
        parent = spans.get((trace, span.parent_span_id))
        # What is in flight when a run ends has no span.
        if parent is None:
            continue
        if span.kind == Span.SPAN_KIND_SERVER:
            assert parent.kind == Span.SPAN_KIND_CLIENT
            assert parent.start_time_unix_nano <= span.start_time_unix_nano
    assert roots > 100
    print(f"{len(spans)} spans of {roots} requests in {len(requests)} requests, each a part of its trace")


def id_of(read):
    """OTLP writes ids in hexadecimal, where the JSON of Protocol Buffers has base 64."""
    return bytes.fromhex(base64.b64encode(read).decode())


def points(metric):
    return getattr(metric, metric.WhichOneof("data")).data_points


def metrics_of(request):
    return request.resource_metrics[0].scope_metrics[0].metrics


main(sys.argv[1])
