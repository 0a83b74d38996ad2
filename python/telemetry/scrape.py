"""What a run serves is what Prometheus' own parser reads, and its counters only grow.

usage: scrape.py TARSIER
"""

import subprocess
import sys
import urllib.request

from prometheus_client.parser import text_string_to_metric_families


def main(tarsier):
    run = subprocess.Popen(
        [tarsier, "run", "shop", "--for", "1h", "--pace", "20x", "--listen", "127.0.0.1:0"],
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
    )
    try:
        address = next(line for line in run.stderr if "http://" in line).split()[-1]
        before = scrape(address)
        while (after := scrape(address))["tarsier_simulated_seconds_total"] < 3:
            grows(before, after)
            before = after
        grows(before, after)
    finally:
        run.kill()
    print(f"{len(after)} samples a scrape, counters only grow")


def scrape(address):
    with urllib.request.urlopen(address) as answer:
        families = list(text_string_to_metric_families(answer.read().decode()))
    assert {family.type for family in families} <= {"counter", "gauge", "summary"}
    return {key(sample): sample.value for family in families for sample in family.samples}


def key(sample):
    labels = [] if "architecture" in sample.labels else sorted(sample.labels.items())
    return sample.name + "".join(f" {name}={value}" for name, value in labels)


def grows(before, after):
    for name, value in before.items():
        if "_total" in name or "_count" in name or "_sum" in name:
            assert after[name] >= value, (name, value, after[name])


main(sys.argv[1])
