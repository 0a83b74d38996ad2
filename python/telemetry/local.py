"""What the scripts that start real servers have in common."""

import contextlib
import json
import socket
import subprocess
import time
import urllib.parse
import urllib.request

PATIENCE_S = 60


def free_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


@contextlib.contextmanager
def running(command, **options):
    """A server for as long as it is needed."""
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    server = subprocess.Popen(command, **{**quiet, **options})
    try:
        yield server
    finally:
        server.kill()
        server.wait()


def get(address, **query):
    with urllib.request.urlopen(f"{address}?{urllib.parse.urlencode(query)}") as answer:
        return json.load(answer)


def post(address, body):
    request = urllib.request.Request(address, body.encode(), {"Content-Type": "application/json"})
    with urllib.request.urlopen(request) as answer:
        assert answer.status in (200, 202), answer.status


def until(holds, what):
    """Servers need their time to start, and to store what they have taken."""
    end = time.monotonic() + PATIENCE_S
    while True:
        with contextlib.suppress(OSError):
            if found := holds():
                return found
        assert time.monotonic() < end, what
        time.sleep(0.2)


def graph_is(seen, result, spelled=str):
    """What a tracing system found out is who calls whom, users among them; `spelled` is how it writes names."""
    service = lambda label: spelled(label.split("/")[0])
    calls = {tuple(map(service, name.split(" -> "))) for name in result["calls"]}
    users = set(map(spelled, result["workloads"]))
    from_users = {(caller, callee) for caller, callee in seen if caller in users}
    assert seen - from_users == calls, (seen - from_users) ^ calls
    assert {caller for caller, _ in from_users} == users, from_users
    assert {callee for _, callee in from_users} <= set(map(spelled, result["services"])), from_users


def spans_of(document):
    return [span for resource in document["resourceSpans"] for scope in resource["scopeSpans"] for span in scope["spans"]]
