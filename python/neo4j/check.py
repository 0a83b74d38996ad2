"""A real Neo4j runs what `tarsier export cypher` writes, and has the graph that `tarsier show --json` counts; an
architecture that is imported again replaces itself and nothing else.

usage: check.py TARSIER CLASS_PATH_OF_NEO4J
"""

import json
import pathlib
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).parent

# Names with all that means something in Cypher.
ODD = r"""
architecture: "odd '&name\"\\"
services:
  "we\"b'&\\#é;$%`{}": { instances: 3, do: [ { work: 1ms }, { call: "d.b" } ] }
  "d.b": { kind: store, instances: 2, do: [ { work: 1ms } ] }
workload:
  users: { rate: 10/s, to: "we\"b'&\\#é;$%`{}" }
"""


def main(tarsier, class_path):
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary)
        odd = folder / "odd.yaml"
        odd.write_text(ODD)
        sources = ["shop", "netflixoss", str(odd), "netflixoss", "shop"]
        files = []
        for number, source in enumerate(sources):
            files.append(folder / f"{number}.cypher")
            files[-1].write_text(run(tarsier, "export", "cypher", source))
        answer = run("java", "-cp", class_path, HERE / "Load.java", folder / "neo4j", *files)
        held = [tuple(map(int, line.split())) for line in answer.splitlines() if line[:1].isdigit()]
        sizes = {source: size(tarsier, source) for source in sources}
    for number, there in enumerate(held):
        loaded = [sizes[source] for source in set(sources[:number + 1])]
        expected = tuple(sum(column) for column in zip(*loaded))
        assert there == expected, (sources[number], there, expected)
    assert len(held) == len(sources)
    print(f"Neo4j ran {len(files)} files and has {held[-1][0]} instances and {held[-1][1]} edges of {len(sizes)} architectures")


def size(tarsier, source):
    shown = json.loads(run(tarsier, "show", source, "--json"))
    return shown["instances"], shown["edges"], shown["services"]


def run(*command):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


main(*sys.argv[1:])
