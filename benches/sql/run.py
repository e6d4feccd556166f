"""The predicate of an edited flag as SQL in DuckDB, over the Parquet that the replay was measured with.

Prints one JSON object: seconds from the file, and from a table in memory, each the median of some runs.
DuckDB has no murmur3: its own hash() stands for it, so counts differ by chance, and its cost is that of a cheap hash.
"""

import json
import statistics
import sys
import time

import duckdb

ROUNDS = 5
file = sys.argv[1].replace("'", "''")
tenants = ", ".join(f"'tenant-{number}'" for number in range(250))
# Within eu.
regions = "'eu', 'eu-west', 'eu-north', 'eu-south'"


def query(source):
    bucket = "hash('checkout-v2' || \"targetingKey\") % 100000"
    holds = f"tenant IN ({tenants}) AND region IN ({regions})"
    return f"""
        SELECT CASE WHEN holds AND bucket < 10000 THEN 'on' ELSE 'off' END AS was,
               CASE WHEN holds AND bucket < 25000 THEN 'on' ELSE 'off' END AS becomes,
               count(*) AS rows
        FROM (SELECT {holds} AS holds, {bucket} AS bucket FROM {source})
        GROUP BY was, becomes ORDER BY was, becomes"""


def measured(source):
    times = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        rows = connection.execute(query(source)).fetchall()
        times.append(time.perf_counter() - started)
    return statistics.median(times), rows


connection = duckdb.connect()
connection.execute("SET threads = 2")
from_file, rows = measured(f"read_parquet('{file}')")
started = time.perf_counter()
connection.execute(f"CREATE TABLE people AS SELECT * FROM read_parquet('{file}')")
load = time.perf_counter() - started
in_memory, _ = measured("people")
moved = sum(count for was, becomes, count in rows if was != becomes)
print(json.dumps({"version": duckdb.__version__, "moved": moved, "file": from_file, "load": load, "memory": in_memory}))
