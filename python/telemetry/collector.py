"""A real OpenTelemetry collector decodes all spans that a run sends it, and all of the file of a run.

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


def main(tarsier):
    agent = pathlib.Path(rotel.__file__).parent / "rotel-agent"
    grpc, http = free_port(), free_port()
    with tempfile.TemporaryFile("w+") as log:
        command = [agent, "start", "--otlp-grpc-endpoint", f"127.0.0.1:{grpc}", "--otlp-http-endpoint",
                   f"127.0.0.1:{http}", "--exporter", "blackhole", "--debug-log", "traces", "--debug-log-verbosity",
                   "detailed"]
        with running(command, stdout=log):
            # The run itself waits for a collector that is starting.
            run = [tarsier, "run", "shop", "--for", "20s", "--send", f"otlp=http://127.0.0.1:{http}"]
            ran = subprocess.run(run, capture_output=True, check=True, text=True)
            sent = int(re.search(r"(\d+) spans accepted, 0 rejected, 0 dropped", ran.stderr)[1])
            decodes(log, sent)
            written = post_file(tarsier, f"http://127.0.0.1:{http}/v1/traces")
            decodes(log, sent + written)
    print(f"rotel decoded {sent} spans of {sent} sent, and {written} of {written} in a file")


def post_file(tarsier, address):
    with tempfile.TemporaryDirectory() as out:
        run = [tarsier, "run", "shop", "--for", "20s", "--out", out, "--write", "otlp"]
        subprocess.run(run, capture_output=True, check=True)
        lines = (pathlib.Path(out) / "traces.otlp.jsonl").read_text().splitlines()
    for line in lines:
        post(address, line)
    return sum(len(spans_of(json.loads(line))) for line in lines)


def decodes(log, expected):
    def all_of_them():
        log.seek(0)
        decoded = sum(line.startswith("Span #") for line in log)
        assert decoded <= expected, (decoded, expected)
        return decoded == expected

    until(all_of_them, f"not all of {expected} spans are decoded")


main(sys.argv[1])
