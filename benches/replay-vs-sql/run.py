"""Replay of one edit over a Parquet file, by `downhaul plan` and as SQL in DuckDB. See README.md."""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time

import duckdb

parser = argparse.ArgumentParser()
parser.add_argument("--rows", type=int, default=10_000_000)
parser.add_argument("--rounds", type=int, default=5)
parser.add_argument("--downhaul", default=os.path.join(os.path.dirname(__file__), "../../target/release/downhaul"))
option = parser.parse_args()

TENANTS = [f"tenant-{number}" for number in range(40)]
EUROPE = ["de", "fr", "es", "it", "pl"]
REGIONS = EUROPE + ["us-east", "us-west", "br", "jp", "in"]


def document(on):
    return {
        "schema": 1, "environment": "bench", "revision": 1,
        "regions": {"europe": {region: {} for region in EUROPE}, "world": {region: {} for region in REGIONS[5:]}},
        "flags": [{
            "key": "checkout", "owner": "bench", "kind": "release", "expires": "2030-01-01",
            "variants": {"on": True, "off": False}, "degraded": {"variant": "off", "meaning": "less"},
            "rules": [{"when": [{"tenant": TENANTS[:2]}, {"region": ["europe"]}],
                       "split": {"slices": [["on", on], ["off", 100_000 - on]]}}],
            "default": "off",
        }],
    }


def timed(run):
    times = []
    for _ in range(option.rounds):
        started = time.perf_counter()
        result = run()
        times.append((time.perf_counter() - started) * 1000)
    times.sort()
    return times[len(times) // 2], times[0], result


with tempfile.TemporaryDirectory() as folder:
    parquet = os.path.join(folder, "population.parquet")
    listed = lambda names: "[" + ", ".join(f"'{name}'" for name in names) + "]"
    sql = duckdb.connect()
    sql.execute("SET threads = 2")
    sql.execute(f"""COPY (SELECT 'user-' || i AS "targetingKey", {listed(TENANTS)}[1 + (hash(i) % 40)::INT] AS tenant,
        {listed(REGIONS)}[1 + (hash(i + 7) % 10)::INT] AS region FROM range({option.rows}) t(i)) TO '{parquet}' (FORMAT parquet)""")
    old, new = os.path.join(folder, "old.json"), os.path.join(folder, "new.json")
    for path, on in ((old, 10_000), (new, 25_000)):
        with open(path, "w") as file:
            json.dump(document(on), file)

    def by_sql():
        return sql.execute(f"""SELECT tenant, region, count(*) FROM '{parquet}'
            WHERE tenant IN ('tenant-0', 'tenant-1') AND list_contains({listed(EUROPE)}, region)
            AND (hash("targetingKey") % 100000) BETWEEN 10000 AND 24999 GROUP BY ALL""").fetchall()

    def by_hash_of_all():
        return sql.execute(f"""SELECT count(*) FILTER (WHERE b < 10000), count(*) FILTER (WHERE b < 25000) FROM
            (SELECT (hash("targetingKey") % 100000) AS b, tenant, region FROM '{parquet}')
            WHERE tenant IN ('tenant-0', 'tenant-1') AND list_contains({listed(EUROPE)}, region)""").fetchall()

    def by_plan():
        ran = subprocess.run([option.downhaul, "plan", old, new, "--population", parquet, "--no-exact", "--format", "json"], capture_output=True, text=True)
        if ran.returncode != 2:
            sys.exit(f"downhaul plan ended with {ran.returncode}: {ran.stderr}")
        return json.loads(ran.stdout)["flags"]["checkout"]["moved"]

    print(f"{option.rows:,} contexts, {os.path.getsize(parquet) / 1e6:.0f} MB of Parquet, {option.rounds} rounds; milliseconds")
    for name, run in (("DuckDB, filter pushed down", by_sql), ("DuckDB, both versions", by_hash_of_all), ("downhaul plan, file to answer", by_plan)):
        median, fastest, result = timed(run)
        print(f"{name:32} median {median:8.0f}  fastest {fastest:8.0f}  ({result if not isinstance(result, list) else len(result)})")
