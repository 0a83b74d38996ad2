"""Gephi imports the GEXF and GraphML of architectures: every instance by its name with what is said of it, every edge, and
when each instance is there; it complains of nothing.

usage: check.py TARSIER GEPHI_TOOLKIT_JAR
"""

import json
import pathlib
import subprocess
import sys
import tempfile

IMPORT = pathlib.Path(__file__).parent / "Import.java"


def main(tarsier, jar):
    # A zone is lost after 30 s for 60 s.
    lives = ["--scenario", "zone-loss", "--for", "120s"]
    for kind, source, *options in [("gexf", "netflixoss"), ("graphml", "netflixoss"), ("gexf", "shop", *lives)]:
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder) / f"graph.{kind}"
            run(tarsier, "export", kind, source, "--out", file, *options)
            told = run("java", "-Djava.awt.headless=true", "-cp", jar, IMPORT, file)
        lines = [line.split("\t") for line in told.splitlines()]
        issues = [line for line in lines if line[0] == "issue"]
        assert not issues, issues
        nodes = {label: dict(part.split("=", 1) for part in parts) for what, label, *parts in lines if what == "node"}
        edges = {tuple(ends) for what, *ends in lines if what == "edge"}
        expected = drawn(run(tarsier, "export", "spigo", source))
        zones = {label: it["zone"] for label, it in nodes.items()}
        assert zones == expected[0], zones.items() ^ expected[0].items()
        assert edges == expected[1], edges ^ expected[1]
        if options:
            check_lives(nodes)
        print(f"Gephi reads {len(nodes)} instances and {len(edges)} edges of {source} as {kind}")


def drawn(text):
    """Zones by instance, and edges, of the same graph in another format: `shop.us-east-1.zoneA.web00` is `web#0`."""
    graph = json.loads(text)["graph"]
    names, numbers = {}, {}
    for entry in graph:
        if "node" in entry:
            _, _, zone, instance = entry["node"].split(".")
            service = instance.rstrip("0123456789")
            names[entry["node"]] = f"{service}#{int(instance.removeprefix(service))}"
            numbers[names[entry["node"]]] = zone.removeprefix("zone").lower()
    return numbers, {(names[entry["source"]], names[entry["target"]]) for entry in graph if "edge" in entry}


def check_lives(nodes):
    for name, it in nodes.items():
        expected = "<[0.0, 30.0]; [90.0, 120.0]>" if it["zone"] == "a" else "<[0.0, 120.0]>"
        assert it["Interval"] == expected, (name, it)


def run(*command):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout


main(*sys.argv[1:])
