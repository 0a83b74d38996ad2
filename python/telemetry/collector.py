"""A real OpenTelemetry collector that a run sends its spans to decodes all of them.

usage: collector.py TARSIER
"""

import pathlib
import re
import socket
import subprocess
import sys
import tempfile
import time

import rotel

PATIENCE_S = 60


def main(tarsier):
    agent = pathlib.Path(rotel.__file__).parent / "rotel-agent"
    grpc, http = free_port(), free_port()
    with tempfile.TemporaryFile("w+") as log:
        collector = subprocess.Popen(
            [agent, "start", "--otlp-grpc-endpoint", f"127.0.0.1:{grpc}", "--otlp-http-endpoint",
             f"127.0.0.1:{http}", "--exporter", "blackhole", "--debug-log", "traces",
             "--debug-log-verbosity", "detailed"],
            stdout=log, stderr=subprocess.DEVNULL,
        )
        try:
            # The run itself waits for a collector that is starting.
            ran = subprocess.run(
                [tarsier, "run", "shop", "--for", "20s", "--send", f"otlp=http://127.0.0.1:{http}"],
                capture_output=True, check=True, text=True,
            )
            accepted = int(re.search(r"(\d+) spans accepted, 0 rejected, 0 dropped", ran.stderr)[1])
            end = time.monotonic() + PATIENCE_S
            while (decoded := spans_in(log)) != accepted:
                assert decoded < accepted and time.monotonic() < end, (decoded, accepted)
                time.sleep(0.2)
        finally:
            collector.kill()
    print(f"rotel decoded {decoded} spans of {accepted} sent")


def free_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def spans_in(log):
    log.seek(0)
    return sum(line.startswith("Span #") for line in log)


main(sys.argv[1])
