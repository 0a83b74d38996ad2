"""A real Prometheus and a real VictoriaMetrics look at a run while it goes: they have every series that it serves, and
from these the rates that are simulated.

usage: metrics.py TARSIER
"""

import contextlib
import pathlib
import subprocess
import sys
import tempfile
import urllib.request

from local import free_port, get, running, until

# Of the shop, as its file says.
REQUESTS_PER_S = 800
PACE = 2
CONFIG = """
global: {{ scrape_interval: 1s, scrape_timeout: 1s }}
scrape_configs:
  - job_name: tarsier
    static_configs: [ {{ targets: [ '{address}' ] }} ]
"""


def main(tarsier):
    run = [tarsier, "run", "shop", "--for", "1h", "--pace", f"{PACE}x", "--listen", "127.0.0.1:0"]
    with contextlib.ExitStack() as stack:
        folder = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory()))
        going = stack.enter_context(running(run, stderr=subprocess.PIPE, text=True))
        page = next(line for line in going.stderr if "http://" in line).split()[-1]
        config = folder / "scrape.yml"
        config.write_text(CONFIG.format(address=page.split("/")[2]))
        servers = {name: free_port() for name in ("Prometheus", "VictoriaMetrics")}
        stack.enter_context(running([
            "prometheus", f"--config.file={config}", f"--storage.tsdb.path={folder / 'prometheus'}",
            f"--web.listen-address=127.0.0.1:{servers['Prometheus']}"]))
        stack.enter_context(running([
            "victoria-metrics", f"-promscrape.config={config}", f"-storageDataPath={folder / 'victoria'}",
            f"-httpListenAddr=127.0.0.1:{servers['VictoriaMetrics']}", "-search.latencyOffset=0s"]))
        for name, port in servers.items():
            check(name, f"http://127.0.0.1:{port}/api/v1/query", page)


def check(name, api, page):
    query = lambda text: get(api, query=text)["data"]["result"]
    value = lambda text: next((float(it["value"][1]) for it in query(text)), 0.0)
    until(lambda: value("count_over_time(tarsier_simulated_seconds_total[1h])") > 20, f"{name} looks at nothing")
    series = len(query('{__name__=~"tarsier_.*"}'))
    with urllib.request.urlopen(page) as answer:
        served = sum(not line.startswith("#") for line in answer.read().decode().splitlines())
    assert series == served, (name, series, served)
    # Of a Poisson process 15 seconds at this pace differ by 1% on average; clocks of scrapes by one second.
    rate = value("sum(rate(tarsier_workload_requests_total[15s]))")
    assert abs(rate - REQUESTS_PER_S * PACE) < 0.1 * REQUESTS_PER_S * PACE, (name, rate)
    assert value("rate(tarsier_simulated_seconds_total[15s])") > 0.9 * PACE
    p99 = value('max(tarsier_workload_latency_seconds{quantile="0.99"})')
    assert 0.001 < p99 < 1, (name, p99)
    print(f"{name} has all {series} series, and {rate:.0f} requests a second of {REQUESTS_PER_S * PACE} simulated")


main(sys.argv[1])
