"""A real Zipkin server that a run sends its spans to, or that is given the file of a run, has all of them and sees the
calls that were simulated.

usage: zipkin.py TARSIER ZIPKIN_SERVER_EXEC_JAR
"""

import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time

from local import calls_of, free_port, get, post, running, until

DAY_MS = 24 * 3600 * 1000


def main(tarsier, jar):
    port = free_port()
    base = f"http://127.0.0.1:{port}"
    with running(["java", "-jar", jar], env={**os.environ, "QUERY_PORT": str(port)}):
        until(lambda: get(f"{base}/health"), "the server does not start")
        check_sent(base, tarsier)
        check_file(base, tarsier)


def check_sent(base, tarsier):
    run = [tarsier, "run", "shop", "--for", "20s", "--json", "--traces", "10%", "--send", f"zipkin={base}"]
    ran = subprocess.run(run, capture_output=True, check=True, text=True)
    accepted = int(re.search(r"(\d+) spans accepted, 0 rejected, 0 dropped", ran.stderr)[1])
    check(base, time.time() * 1000, accepted, json.loads(ran.stdout), "sent")


def check_file(base, tarsier):
    with tempfile.TemporaryDirectory() as out:
        # Ids follow from the seed: these are not those that were sent.
        run = [tarsier, "run", "shop", "--for", "20s", "--seed", "2", "--json", "--traces", "10%", "--out", out, "--write",
               "zipkin"]
        ran = subprocess.run(run, capture_output=True, check=True, text=True)
        text = (pathlib.Path(out) / "traces.zipkin.json").read_text()
    post(f"{base}/api/v2/spans", text)
    spans = json.loads(text)
    # The time of files is always the same, and not now.
    check(base, spans[0]["timestamp"] / 1000 + DAY_MS / 2, len(spans), json.loads(ran.stdout), "in a file")


def check(base, end_ms, n_spans, result, how):
    window = {"endTs": int(end_ms), "lookback": DAY_MS}

    # The server takes spans before it has stored them.
    def stored():
        found = sum(map(len, get(f"{base}/api/v2/traces", limit=100_000, **window)))
        assert found <= n_spans, (found, n_spans)
        return found == n_spans

    until(stored, f"not all of {n_spans} spans are stored")
    seen = {(link["parent"], link["child"]) for link in get(f"{base}/api/v2/dependencies", **window)}
    assert seen == calls_of(result), seen ^ calls_of(result)
    print(f"Zipkin stored all {n_spans} spans {how}, and sees the {len(seen)} links that were simulated")


main(*sys.argv[1:])
