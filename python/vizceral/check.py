"""Netflix' own component shows the frames of runs, in a real browser: every view has our services and who calls whom,
what comes in is what users asked for, and it complains of nothing.

usage: check.py TARSIER NODE_FOLDER
(the folder has node_modules with vizceral; `chromium` is on the path)
"""

import functools
import html
import http.server
import json
import re
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

HERE = Path(__file__).parent
# Of virtual time, in which the browser does not wait for anything.
PATIENCE_MS = 3_000_000

# The shape of Netflix' sample: users, two regions, services in them.
SAMPLE = {
    "renderer": "global", "name": "edge", "maxVolume": 100,
    "nodes": [
        {"renderer": "region", "name": "INTERNET", "class": "normal"},
        *({
            "renderer": "region", "name": region, "maxVolume": 100, "class": "normal", "updated": 1477690448572,
            "nodes": [{"name": name, "renderer": "focusedChild", "class": "normal"} for name in ("INTERNET", "proxy")],
            "connections": [{"source": "INTERNET", "target": "proxy", "metrics": {"normal": 50, "danger": 1}}],
        } for region in ("us-east-1", "us-west-2")),
    ],
    "connections": [
        {"source": "INTERNET", "target": region, "metrics": {"normal": 50, "danger": 1}, "notices": []}
        for region in ("us-east-1", "us-west-2")
    ],
}


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


def show(folder, frame, views):
    """What the component says of each view, and what it complains of."""
    (folder / "job.json").write_text(json.dumps({"frame": frame, "views": views}))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=folder))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with tempfile.TemporaryDirectory() as profile:
        page = subprocess.run(
            ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking",
             "--no-first-run", f"--user-data-dir={profile}", f"--virtual-time-budget={PATIENCE_MS}", "--dump-dom",
             f"http://127.0.0.1:{server.server_port}/page.html"],
            capture_output=True, text=True, check=True, timeout=300,
        ).stdout
    server.shutdown()
    left = re.search(r'<pre id="found">(.*?)</pre>', page, re.S)
    assert left, "the component never showed all views"
    return json.loads(html.unescape(left[1]))


def links(connections):
    return {(it["source"], it["target"]) for it in connections}


def total(connections, source):
    return sum(sum(it["metrics"].values()) for it in connections if it["source"] == source)


def expected(frame, view):
    """Names, links and what users send, by the rules of the format."""
    if not view:
        return {it["name"] for it in frame["nodes"]}, links(frame["connections"]), total(frame["connections"], "INTERNET")
    region = next(it for it in frame["nodes"] if it["name"] == view[0])
    if len(view) == 1:
        connections = region["connections"]
        return {it["name"] for it in region["nodes"]}, links(connections), total(connections, "INTERNET")
    touching = [it for it in region["connections"] if view[1] in (it["source"], it["target"])]
    return {view[1]} | {name for link in links(touching) for name in link}, links(touching), None


def views_of(frame):
    """All there are, region by region as one would click: the component goes up and down one level only within a region."""
    regions = [it for it in frame["nodes"] if "nodes" in it]
    # Another region is a node of this one, but not one that can be opened.
    no_services = {"INTERNET"} | {region["name"] for region in regions}
    views = []
    for region in regions:
        services = [it["name"] for it in region["nodes"] if it["name"] not in no_services]
        views += [[], [region["name"]], *([region["name"], name] for name in services)]
    return views


def frames_of(tarsier, source, *options):
    with tempfile.TemporaryDirectory() as out:
        ran = subprocess.run([tarsier, "run", source, "--out", out, "--write", "vizceral", "--traces", "100%", *options],
                             stdout=subprocess.DEVNULL)
        # A missed objective is one.
        assert ran.returncode <= 1
        frames = [json.loads(line) for line in (Path(out) / "vizceral.jsonl").read_text().splitlines()]
        return frames, json.loads((Path(out) / "result.json").read_text())


def check(folder, allowed, tarsier, source, *options):
    frames, result = frames_of(tarsier, source, *options)
    # The one in which the most goes wrong.
    frame = max(frames, key=lambda frame: json.dumps(frame).count('"severity":'))
    views = views_of(frame)
    seen = show(folder, frame, views)
    complaints = set(seen["said"]) - allowed
    assert not complaints, complaints
    assert [it["view"] for it in seen["found"]] == views
    services = set()
    for it in seen["found"]:
        names, calls, volume = expected(frame, it["view"])
        # A service that nobody called in that second stands alone, and is not counted.
        assert set(it["nodes"]) == names and it["total"] == (len(names) if calls else 0), (it, names)
        assert {tuple(link) for link in it["connections"]} == calls, (it, calls)
        if volume is not None:
            assert abs(it["volume"] - volume) < 1e-6 * volume, (it["view"], it["volume"], volume)
        if len(it["view"]) == 2:
            services.add(it["view"][1])
    assert services == set(result["services"]), services ^ set(result["services"])
    # What the last frame's global view says is entering, over all frames, is what the run counted.
    entered = sum(total(frame["connections"], "INTERNET") for frame in frames)
    ended = sum(it["attempts"] for it in result["workloads"].values())
    assert abs(entered - ended) <= 0.02 * ended, (entered, ended)
    print(f"{source}: {len(views)} views of {len(services)} services, {seen['found'][0]['volume']:.0f} requests a second enter")


def main(tarsier, node_folder):
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        for file in (HERE / "page.html", Path(node_folder) / "node_modules/vizceral/dist/vizceral.min.js"):
            (folder / file.name).symlink_to(file.resolve())
        sample = show(folder, SAMPLE, [[], ["us-east-1"], ["us-east-1", "proxy"]])
        assert [len(it["nodes"]) for it in sample["found"]] == [3, 2, 2], sample
        # A view that is zoomed into begins at nothing, which three.js remarks on, whatever is shown.
        allowed = {"warn: THREE.Matrix3: .getInverse() can't invert matrix, determinant is 0"}
        assert set(sample["said"]) <= allowed, sample["said"]
        check(folder, allowed, tarsier, "shop", "--for", "5s")
        check(folder, allowed, tarsier, "riak-two-regions", "--for", "3s", "--warmup", "3s")
        check(folder, allowed, tarsier, "netflixoss", "--scenario", "bad-evening", "--for", "28s")


main(*sys.argv[1:])
