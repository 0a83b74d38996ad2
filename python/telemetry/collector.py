"""A real OpenTelemetry collector decodes all spans and points that a run sends it, and all spans of the file of a run.

Of the points it cannot read summaries: the library that it decodes JSON with takes their 64-bit numbers as numbers only,
not as the strings that OTLP demands (github.com/open-telemetry/opentelemetry-rust/issues/2487).

usage: collector.py TARSIER
"""

import json
import pathlib
import re
import subprocess
import sys
import tempfile

import rotel

from local import free_port, post, running, spans_of, until


SECONDS = 20


def main(tarsier):
    agent = pathlib.Path(rotel.__file__).parent / "rotel-agent"
    grpc, http = free_port(), free_port()
    with tempfile.TemporaryFile("w+") as log:
        command = [agent, "start", "--otlp-grpc-endpoint", f"127.0.0.1:{grpc}", "--otlp-http-endpoint",
                   f"127.0.0.1:{http}", "--exporter", "blackhole", "--debug-log", "traces", "--debug-log", "metrics",
                   "--debug-log-verbosity", "detailed"]
        with running(command, stdout=log):
            # The run itself waits for a collector that is starting.
            run = [tarsier, "run", "shop", "--for", f"{SECONDS}s", "--json", "--send", f"otlp=http://127.0.0.1:{http}"]
            ran = subprocess.run(run, capture_output=True, check=True, text=True)
            sent, points = (accepted(what, ran.stderr) for what in ("spans", "points"))
            decodes(log, "Span #", sent)
            numbers = points - SECONDS * n_summaries(json.loads(ran.stdout))
            decodes(log, "NumberDataPoints #", numbers)
            written = post_file(tarsier, f"http://127.0.0.1:{http}/v1/traces")
            decodes(log, "Span #", sent + written)
    print(f"rotel decoded {sent} spans of {sent} sent, and {written} of {written} in a file; {numbers} of {points} points sent,"
          " which are all but the summaries")


def accepted(what, told):
    return int(re.search(rf"(\d+) {what} accepted, 0 rejected, 0 dropped", told)[1])


def n_summaries(result):
    """Each second: the latency of every workload, service and call."""
    return sum(len(result[kind]) for kind in ("workloads", "services", "calls"))


def post_file(tarsier, address):
    with tempfile.TemporaryDirectory() as out:
        run = [tarsier, "run", "shop", "--for", "20s", "--out", out, "--write", "otlp"]
        subprocess.run(run, capture_output=True, check=True)
        lines = (pathlib.Path(out) / "traces.otlp.jsonl").read_text().splitlines()
    for line in lines:
        post(address, line)
    return sum(len(spans_of(json.loads(line))) for line in lines)


def decodes(log, prefix, expected):
    def all_of_them():
        log.seek(0)
        decoded = sum(line.startswith(prefix) for line in log)
        assert decoded <= expected, (decoded, expected)
        return decoded == expected

    until(all_of_them, f"not all of {expected} {prefix} are decoded")


main(sys.argv[1])
