"""A real Jaeger that a run sends its spans to, or that is given the OTLP file of a run, has all of them, finds the traces
of each service, and sees the calls that were simulated.

usage: jaeger.py TARSIER JAEGER_ALL_IN_ONE
"""

import json
import pathlib
import re
import subprocess
import sys
import tempfile
import time

from local import free_port, get, graph_is, post, running, spans_of, until

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
    otlp = f"http://127.0.0.1:{ports['collector.otlp.http']}"
    with running([jaeger, *options]):
        until(lambda: get(f"{api}/services"), "the server does not start")
        check_sent(api, otlp, tarsier)
        check_file(api, otlp, tarsier)


def check_sent(api, otlp, tarsier):
    run = [tarsier, "run", "shop", "--for", "20s", "--json", "--traces", "10%", "--send", f"otlp={otlp}"]
    ran = subprocess.run(run, capture_output=True, check=True, text=True)
    # Jaeger takes no metrics: those are rejected, and told.
    accepted = int(re.search(r"(\d+) spans accepted, 0 rejected, 0 dropped", ran.stderr)[1])
    check(api, time.time_ns() // 1000 - DAY_US // 2, accepted, json.loads(ran.stdout), "sent")


def check_file(api, otlp, tarsier):
    with tempfile.TemporaryDirectory() as out:
        # Ids follow from the seed: these are not those that were sent.
        run = [tarsier, "run", "shop", "--for", "20s", "--seed", "2", "--json", "--traces", "10%", "--out", out, "--write",
               "otlp"]
        ran = subprocess.run(run, capture_output=True, check=True, text=True)
        written = []
        for line in (pathlib.Path(out) / "traces.otlp.jsonl").read_text().splitlines():
            post(f"{otlp}/v1/traces", line)
            written += spans_of(json.loads(line))
    start = min(int(span["startTimeUnixNano"]) for span in written) // 1000
    check(api, start, len({span["spanId"] for span in written}), json.loads(ran.stdout), "in a file")


def check(api, start, n_spans, result, how):
    window = {"start": start, "end": start + DAY_US, "limit": 1_000_000}

    simulated = {"shoppers"} | set(result["services"])

    # What was in flight in the end has no root: its spans are found by their own services.
    def stored():
        found = [get(f"{api}/traces", service=service, **window)["data"] for service in simulated]
        spans = {span["spanID"] for traces in found for trace in traces for span in trace["spans"]}
        assert len(spans) <= n_spans, (len(spans), n_spans)
        return len(spans) == n_spans

    until(stored, f"not all of {n_spans} spans are stored")
    services = set(get(f"{api}/services")["data"])
    assert services - {"jaeger-all-in-one"} == simulated, services ^ simulated
    day_ms = DAY_US // 1000
    links = get(f"{api}/dependencies", endTs=start // 1000 + day_ms, lookback=day_ms)["data"]
    seen = {(link["parent"], link["child"]) for link in links}
    graph_is(seen, result)
    print(f"Jaeger stored all {n_spans} spans {how}, and sees the {len(seen)} links that were simulated")


main(*sys.argv[1:])
