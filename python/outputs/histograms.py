"""Reads `histograms.hlog` with the library of HdrHistogram and demands the counts and quantiles of `histograms/*.hgrm`
and of `result.json`. Usage: histograms.py TARSIER
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from hdrh.histogram import HdrHistogram

TARSIER = sys.argv[1]


def last_count(path):
    """The total of a percentile file: the third column of its last row of figures."""
    rows = [line.split() for line in path.read_text().splitlines() if line[:1].isspace() or line[:1].isdigit()]
    return max((int(row[2]) for row in rows if len(row) >= 3 and row[2].isdigit()), default=0)


with tempfile.TemporaryDirectory() as temporary:
    out = Path(temporary)
    subprocess.run([TARSIER, "run", "shop", "--for", "30s", "--out", out, "--write", "hdr"], stdout=subprocess.DEVNULL,
                   check=True)
    result = json.loads((out / "result.json").read_text())
    n_lines = 0
    for line in (out / "histograms.hlog").read_text().splitlines():
        if not line.startswith("Tag="):
            continue
        tag, start, length, most, encoded = line.removeprefix("Tag=").split(",")
        histogram = HdrHistogram.decode(encoded)
        total = histogram.get_total_count()
        assert total == last_count(out / "histograms" / f"{tag}.hgrm"), tag
        assert abs(histogram.get_max_value() / 1e6 - float(most)) <= float(most) * 0.01 + 0.001, tag
        if tag == "workload.shoppers.latency":
            shoppers = result["workloads"]["shoppers"]
            assert total == shoppers["completed"], "every request that was answered"
            for key, percentile in [("p50", 50), ("p90", 90), ("p99", 99), ("p999", 99.9)]:
                ours, theirs = shoppers["latency_s"][key], histogram.get_value_at_percentile(percentile) / 1e9
                assert abs(ours - theirs) <= 0.01 * ours, (key, ours, theirs)
        n_lines += 1
    n_files = len(list((out / "histograms").iterdir()))
    assert n_lines == n_files > 10, (n_lines, n_files)
    print(f"{n_lines} histograms, the same for HdrHistogram")
