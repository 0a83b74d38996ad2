"""The API is what its OpenAPI document says: Schemathesis asks a running server whatever the document allows, and much
that it does not, with a fixed seed.

usage: api.py TARSIER
"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import urllib.request

HERE = pathlib.Path(__file__).parent
SEED = 1
# Phases, and how many examples of each operation, or sequences.
PARTS = {
    "operations.toml": ("examples,coverage,fuzzing", 8),
    "sequences.toml": ("stateful", 15),
}


def main(tarsier):
    failed = [part for part in PARTS if not tried(tarsier, part)]
    sys.exit(f"failed: {', '.join(failed)}" if failed else 0)


def tried(tarsier, part):
    server = subprocess.Popen(
        [tarsier, "serve", "shop", "--bind", "127.0.0.1:0"], stdout=subprocess.PIPE, text=True
    )
    try:
        url = server.stdout.readline().strip()
        trace = begin(url)
        # What it remembers of one time must not change the next.
        with tempfile.TemporaryDirectory() as folder:
            ended = subprocess.run(command(url, part), cwd=folder, env={**os.environ, "TRACE": trace})
        assert server.poll() is None, f"the server ended with {server.returncode}"
    finally:
        server.terminate()
    code = server.wait(timeout=10)
    assert code == 0, f"the server ended with {code} after SIGTERM"
    return ended.returncode == 0


def begin(url):
    """Run 1, which most requests are about: it has something to show, and does not end by itself. Returns a trace of it."""
    run = ask(f"{url}/api/runs", {"name": "shop", "pace": 0, "paused": True, "for_s": 1e6})
    assert run["id"] == "1", run
    ask(f"{url}/api/runs/1/control", {"step_s": 20})
    while ask(f"{url}/api/runs/1")["state"] != "paused":
        pass
    return ask(f"{url}/api/runs/1/traces")[0]["id"]


def ask(url, body=None):
    data = None if body is None else json.dumps(body).encode()
    with urllib.request.urlopen(urllib.request.Request(url, data)) as answer:
        return json.load(answer)


def command(url, part):
    phases, examples = PARTS[part]
    return [
        pathlib.Path(sys.executable).parent / "schemathesis", "--config-file", HERE / part,
        "run", f"{url}/api/openapi.json", "--phases", phases, "--checks", "all",
        "--seed", str(SEED), "--max-examples", str(examples),
        "--request-timeout", "20", "--continue-on-failure", "--no-color",
    ]


main(sys.argv[1])
