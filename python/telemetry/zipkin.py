"""A real Zipkin server that a run sends its spans to has all of them, and sees the calls that were simulated.

usage: zipkin.py TARSIER ZIPKIN_SERVER_EXEC_JAR
"""

import json
import os
import re
import socket
import subprocess
import sys
import time
import urllib.request

PATIENCE_S = 120


def main(tarsier, jar):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    base = f"http://127.0.0.1:{port}"
    server = subprocess.Popen(
        ["java", "-jar", jar], env={**os.environ, "QUERY_PORT": str(port)},
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )
    try:
        await_health(base)
        ran = subprocess.run(
            [tarsier, "run", "shop", "--for", "20s", "--json", "--traces", "10%", "--send", f"zipkin={base}"],
            capture_output=True, check=True, text=True,
        )
        accepted = int(re.search(r"(\d+) spans accepted, 0 rejected, 0 dropped", ran.stderr)[1])
        check(base, json.loads(ran.stdout), accepted)
    finally:
        server.kill()


def await_health(base):
    end = time.monotonic() + PATIENCE_S
    while True:
        try:
            return get(base, "/health")
        except OSError:
            assert time.monotonic() < end, "the server does not start"
            time.sleep(0.2)


def get(base, path):
    with urllib.request.urlopen(base + path) as answer:
        return json.load(answer)


def check(base, result, accepted):
    # The server takes spans before it has stored them.
    end = time.monotonic() + PATIENCE_S
    while (stored := sum(map(len, get(base, "/api/v2/traces?limit=100000&lookback=3600000")))) != accepted:
        assert stored < accepted and time.monotonic() < end, (stored, accepted)
        time.sleep(0.2)
    stop = int(time.time() * 1000)
    links = get(base, f"/api/v2/dependencies?endTs={stop}&lookback=3600000")
    seen = {(link["parent"], link["child"]) for link in links}
    service = lambda label: label.split("/")[0]
    calls = {tuple(map(service, name.split(" -> "))) for name in result["calls"]}
    users = {("shoppers", "web")}
    assert seen == calls | users, (seen ^ (calls | users))
    print(f"Zipkin stored {stored} spans of {accepted} sent, and sees the {len(seen)} links that were simulated")


main(*sys.argv[1:])
