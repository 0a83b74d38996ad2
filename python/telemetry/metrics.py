"""Metrics that a run sends, decoded by OpenTelemetry's own classes, are those of its result.

usage: metrics.py TARSIER
"""

import http.server
import json
import subprocess
import sys
import threading

from google.protobuf import json_format
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest


class Collector(http.server.BaseHTTPRequestHandler):
    requests = []

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        assert self.path == "/v1/metrics", self.path
        # Unknown fields and wrong types are errors.
        Collector.requests.append(json_format.Parse(body, ExportMetricsServiceRequest()))
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_):
        pass


def points(metric):
    return getattr(metric, metric.WhichOneof("data")).data_points


def labels(point):
    return {it.key: it.value.string_value for it in point.attributes}


def main(tarsier):
    server = http.server.HTTPServer(("127.0.0.1", 0), Collector)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"otlp=http://127.0.0.1:{server.server_port}"
    ran = subprocess.run(
        [tarsier, "run", "shop", "--for", "20s", "--json", "--send", address],
        capture_output=True, check=True, text=True,
    )
    server.shutdown()
    result = json.loads(ran.stdout)
    assert len(Collector.requests) == 20, "one each second"

    sent = sum(len(points(m)) for r in Collector.requests for m in metrics_of(r))
    assert f"{sent} accepted, 0 rejected, 0 dropped" in ran.stderr, ran.stderr
    last = {metric.name: metric for metric in metrics_of(Collector.requests[-1])}
    compared = 0
    for kind in ("workload", "service", "call"):
        things = result[kind + "s"]
        for name in ("requests", "completed", "errors", "refused", "attempts", "timeouts"):
            for point in points(last[f"tarsier.{kind}.{name}"]) if f"tarsier.{kind}.{name}" in last else []:
                it = labels(point)
                thing = things[f"{it['caller']} -> {it['callee']}" if kind == "call" else it[kind]]
                # Arrivals of a service are its requests; not every count is in the document.
                expected = thing.get("arrivals" if (kind, name) == ("service", "requests") else name)
                if expected is not None:
                    assert point.as_int == expected, (kind, name, it, point.as_int, expected)
                    compared += 1
    assert compared > 50, compared
    print(f"{sent} points in {len(Collector.requests)} requests; {compared} totals are those of the result")


def metrics_of(request):
    return request.resource_metrics[0].scope_metrics[0].metrics


main(sys.argv[1])
