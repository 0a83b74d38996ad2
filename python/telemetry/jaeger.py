"""A real Jaeger that is given the OTLP file of a run has all its spans, finds the traces of each service, and sees the
calls that were simulated.

usage: jaeger.py TARSIER JAEGER_ALL_IN_ONE
"""

import json
import pathlib
import subprocess
import sys
import tempfile

from local import calls_of, free_port, get, post, running, spans_of, until

# Where it listens; only two of these are used, the others must not meet what else runs here.
PORTS = ["admin.http", "collector.grpc-server", "collector.http-server", "collector.otlp.grpc", "collector.otlp.http",
         "query.grpc-server", "query.http-server", "http-server"]
UDP_PORTS = ["processor.jaeger-binary", "processor.jaeger-compact", "processor.zipkin-compact"]
DAY_US = 24 * 3600 * 1_000_000


def main(tarsier, jaeger):
    ports = {name: free_port() for name in PORTS}
    options = [f"--{name}.host-port=127.0.0.1:{port}" for name, port in ports.items()]
    options += [f"--{name}.server-host-port=127.0.0.1:{free_port()}" for name in UDP_PORTS]
    api = f"http://127.0.0.1:{ports['query.http-server']}/api"
    with running([jaeger, *options]), tempfile.TemporaryDirectory() as out:
        until(lambda: get(f"{api}/services"), "the server does not start")
        run = [tarsier, "run", "shop", "--for", "20s", "--json", "--traces", "10%", "--out", out, "--write", "otlp"]
        ran = subprocess.run(run, capture_output=True, check=True, text=True)
        written = []
        for line in (pathlib.Path(out) / "traces.otlp.jsonl").read_text().splitlines():
            post(f"http://127.0.0.1:{ports['collector.otlp.http']}/v1/traces", line)
            written += spans_of(json.loads(line))
        check(api, written, json.loads(ran.stdout))


def check(api, written, result):
    start = min(int(span["startTimeUnixNano"]) for span in written) // 1000
    window = {"start": start, "end": start + DAY_US, "limit": 1_000_000}

    simulated = {"shoppers"} | set(result["services"])

    # What was in flight in the end has no root: its spans are found by their own services.
    def stored():
        found = [get(f"{api}/traces", service=service, **window)["data"] for service in simulated]
        spans = {span["spanID"] for traces in found for trace in traces for span in trace["spans"]}
        assert len(spans) <= len(written), (len(spans), len(written))
        return spans == {span["spanId"] for span in written}

    until(stored, f"not all of {len(written)} spans are stored")
    services = set(get(f"{api}/services")["data"])
    assert services - {"jaeger-all-in-one"} == simulated, services ^ simulated
    day_ms = DAY_US // 1000
    links = get(f"{api}/dependencies", endTs=start // 1000 + day_ms // 2, lookback=day_ms)["data"]
    seen = {(link["parent"], link["child"]) for link in links}
    assert seen == calls_of(result), seen ^ calls_of(result)
    print(f"Jaeger stored all {len(written)} spans of a file, and sees the {len(seen)} links that were simulated")


main(*sys.argv[1:])
