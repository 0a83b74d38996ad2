"""Reads what `tarsier export` writes with the real readers, and demands the graph that `tarsier show --json` counts.

GraphML and GEXF by networkx, DOT by Graphviz, Mermaid by its own parser in Node, Cypher by the ANTLR grammar of
Neo4j's Cypher, Spigo's JSON as JSON. Usage: graphs.py TARSIER NODE_FOLDER
(the folder has mermaid.mjs and its node_modules)
"""

import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import networkx
from antlr4 import CommonTokenStream, InputStream
from antlr4.error.ErrorListener import ErrorListener
from antlr4_cypher import CypherLexer, CypherParser

TARSIER, NODE_FOLDER = sys.argv[1], Path(sys.argv[2])

# Every character that means something in some of the formats, as far as names may have it.
ODD = r"""
architecture: "odd '&name\"\\"
services:
  "we\"b'&\\#é;$%":
    instances: 3
    do: [ { work: 1ms }, { call: "d.b{}[]|" }, { publish: q } ]
  "d.b{}[]|":
    kind: store
    instances: 2
    do: [ { work: 1ms } ]
  q:
    kind: queue
    do: [ { work: 1ms } ]
workload:
  "us\"er&s": { rate: 10/s, to: "we\"b'&\\#é;$%" }
"""


def run(*arguments):
    return subprocess.run(arguments, check=True, capture_output=True, text=True).stdout


def export(form, source, *options):
    return run(TARSIER, "export", form, source, *options)


class Strict(ErrorListener):
    def syntaxError(self, recognizer, symbol, line, column, message, error):
        raise SystemExit(f"Cypher, line {line}:{column}: {message}")


def cypher(text):
    """How many nodes and edges the statements make, after the grammar has accepted every one of them."""
    nodes = edges = 0
    for statement in re.split(r";\n", text):
        if not statement.strip():
            continue
        parser = CypherParser(CommonTokenStream(CypherLexer(InputStream(statement + ";"))))
        parser.removeErrorListeners()
        parser.addErrorListener(Strict())
        tree = parser.script()
        rows = statement.count("\n{")
        assert tree.getChildCount() > 0
        nodes += rows if "CREATE (i:Instance)" in statement else 0
        edges += rows if "[:CALLS]" in statement else 0
    return nodes, edges


def same(what, found, expected):
    if found != expected:
        raise SystemExit(f"{what}: {found}, but it should be {expected}")


def services_of(graph):
    return {data["service"] for _, data in graph.nodes(data=True)}


def check(source, folder):
    size = json.loads(run(TARSIER, "show", source, "--json"))
    instances, edges = size["instances"], size["edges"]
    n_services = size["services"]
    text = export("graphml", source)
    assert all(re.fullmatch(r"[\w.:-]+", token) for token in re.findall(r' (?:id|source|target)="([^"]*)"', text))
    graphml = networkx.parse_graphml(text)
    graphml = networkx.relabel_nodes(graphml, dict(graphml.nodes(data="label")))
    same("GraphML", (len(graphml), graphml.number_of_edges()), (instances, edges))
    same("services in GraphML", len(services_of(graphml)), n_services)
    path = folder / "graph.gexf"
    path.write_text(export("gexf", source))
    gexf = networkx.read_gexf(path)
    same("GEXF", (set(gexf.nodes), set(gexf.edges)), (set(graphml.nodes), set(graphml.edges)))
    same("zones", [gexf.nodes[n]["zone"] for n in graphml], [graphml.nodes[n]["zone"] for n in graphml])

    between = {(graphml.nodes[a]["service"], graphml.nodes[b]["service"]) for a, b in graphml.edges}
    dot = json.loads(subprocess.run(["dot", "-Tjson"], input=export("dot", source), check=True,
                                    capture_output=True, text=True).stdout)
    n_users = sum(node["shape"] == "ellipse" for node in dot["objects"] if "shape" in node)
    same("services in DOT", len(dot["objects"]) - n_users, n_services)
    names = {node["label"].split("\\n")[0].split("\n")[0] for node in dot["objects"]}
    assert {name.replace("\\", "") for name in services_of(graphml)} <= {name.replace("\\", "") for name in names}
    (folder / "flow.mmd").write_text(export("mermaid", source))
    mermaid = json.loads(run("node", str(NODE_FOLDER / "mermaid.mjs"), str(folder / "flow.mmd")))
    same("Mermaid", (mermaid["nodes"], mermaid["edges"]), (len(dot["objects"]), len(dot["edges"])))
    assert len(dot["edges"]) >= len(between) + n_users, "DOT has a line for every pair of services that call"

    same("Cypher", cypher(export("cypher", source)), (instances, edges))
    spigo = json.loads(export("spigo", source))["graph"]
    ours = ([entry for entry in spigo if key in entry] for key in ("node", "edge"))
    same("Spigo", tuple(len(entries) for entries in ours), (instances, edges))
    known = {entry["node"] for entry in spigo if "node" in entry}
    same("names in Spigo", len(known), instances)
    assert all(entry["source"] in known and entry["target"] in known for entry in spigo if "edge" in entry)
    print(f"{source}: {instances} instances and {edges} edges, the same for every reader")


def check_lives(folder):
    """A zone of the shop is lost after 30 s for 60 s."""
    path = folder / "lives.gexf"
    path.write_text(export("gexf", "shop", "--scenario", "zone-loss", "--for", "120s"))
    for name, data in networkx.read_gexf(path).nodes(data=True):
        expected = [(0.0, 30.0), (90.0, 120.0)] if data["zone"] == "a" else [(0.0, 120.0)]
        same(f"{name} in {data['zone']}", data["spells"], expected)
    print("shop, zone-loss: every instance is there when it is")


with tempfile.TemporaryDirectory() as temporary:
    folder = Path(temporary)
    odd = folder / "odd.yaml"
    odd.write_text(ODD)
    for source in ["shop", "lamp", "netflixoss", str(odd)]:
        check(source, folder)
    check_lives(folder)
