"""DuckDB reads `series.parquet`, and finds in it what it reads in `series.csv`.

usage: columns.py TARSIER (built with `--features parquet`)
"""

import pathlib
import subprocess
import sys
import tempfile

import duckdb

COLUMNS = [("time_s", "UBIGINT"), ("kind", "VARCHAR"), ("name", "VARCHAR"), ("metric", "VARCHAR"), ("value", "DOUBLE")]


# So little to do that in some seconds there is nothing to measure.
SELDOM = r"""
services:
  "a\"b": { do: [ { work: exp(1ms) }, { call: "it's" } ] }
  "it's": { do: [ { work: exp(1ms) } ] }
workload:
  seldom: { rate: 0.5/s, to: "a\"b" }
"""


def main(tarsier):
    with tempfile.TemporaryDirectory() as out:
        source = pathlib.Path(out) / "seldom.yaml"
        source.write_text(SELDOM)
        # Long enough for several batches of rows, and a last second that is half a one.
        run = [tarsier, "run", source, "--for", "5000500ms", "--write", "parquet"]
        subprocess.run([*run, "--out", out], stdout=subprocess.DEVNULL, check=True)
        types = ", ".join(f"'{name}': '{kind}'" for name, kind in COLUMNS)
        tables = {
            "parquet": f"read_parquet('{out}/series.parquet')",
            "csv": f"read_csv('{out}/series.csv', header = true, columns = {{{types}}})",
        }
        ask = lambda query: duckdb.sql(query).fetchall()
        described = [row[:2] for row in ask(f"DESCRIBE SELECT * FROM {tables['parquet']}")]
        assert described == COLUMNS, described
        rows = {name: ask(f"SELECT count(*), count(value) FROM {table}")[0] for name, table in tables.items()}
        assert rows["parquet"] == rows["csv"], rows
        for here, there in [("parquet", "csv"), ("csv", "parquet")]:
            only_here = ask(f"SELECT * FROM {tables[here]} EXCEPT ALL SELECT * FROM {tables[there]}")
            assert not only_here, (here, only_here[:5])
        n_rows, n_values = rows["parquet"]
        assert n_rows > 100_000 and 0 < n_values < n_rows
    print(f"DuckDB reads {n_rows} rows, {n_rows - n_values} of them without a value, the same as in series.csv")


main(*sys.argv[1:])
