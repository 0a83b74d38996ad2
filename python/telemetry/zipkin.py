"""A real Zipkin server that a run sends its spans to, or that is given the file of a run, has all of them and sees the
calls that were simulated.

usage: zipkin.py TARSIER ZIPKIN_SERVER_EXEC_JAR
"""

import contextlib
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time

from local import free_port, get, graph_is, post, running, until

DAY_MS = 24 * 3600 * 1000


def main(tarsier, jar):
    with server(jar) as base:
        check_sent(base, tarsier, "shop", "--for", "20s", "--traces", "10%")
        check_file(base, tarsier)
    # Messages that nobody waits for; failures, retries, hedges.
    with server(jar) as base:
        check_sent(base, tarsier, "riak-two-regions", "--for", "10s", "--warmup", "3s", "--traces", "2%")
    with server(jar) as base:
        check_sent(base, tarsier, "netflixoss", "--scenario", "bad-evening", "--for", "60s", "--traces", "1%")


@contextlib.contextmanager
def server(jar):
    port = free_port()
    base = f"http://127.0.0.1:{port}"
    with running(["java", "-jar", jar], env={**os.environ, "QUERY_PORT": str(port)}):
        until(lambda: get(f"{base}/health"), "the server does not start")
        yield base


def check_sent(base, tarsier, source, *options):
    run = [tarsier, "run", source, "--json", "--send", f"zipkin={base}", *options]
    ran = subprocess.run(run, capture_output=True, text=True)
    # A missed objective is 1.
    assert ran.returncode <= 1, ran.stderr
    accepted = int(re.search(r"(\d+) spans accepted, 0 rejected, 0 dropped", ran.stderr)[1])
    check(base, time.time() * 1000, accepted, json.loads(ran.stdout), f"of {source} sent")


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
    check(base, spans[0]["timestamp"] / 1000 + DAY_MS / 2, len(spans), json.loads(ran.stdout), "of shop in a file")


def check(base, end_ms, n_spans, result, how):
    window = {"endTs": int(end_ms), "lookback": DAY_MS}

    # The server takes spans before it has stored them.
    def stored():
        found = sum(map(len, get(f"{base}/api/v2/traces", limit=100_000, **window)))
        assert found <= n_spans, (found, n_spans)
        return found == n_spans

    until(stored, f"not all of {n_spans} spans are stored")
    seen = {(link["parent"], link["child"]) for link in get(f"{base}/api/v2/dependencies", **window)}
    # Zipkin writes names in small letters.
    graph_is(seen, result, str.lower)
    print(f"Zipkin stored all {n_spans} spans {how}, and sees the {len(seen)} links that were simulated")


main(*sys.argv[1:])
