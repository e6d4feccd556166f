"""The predicate of an edited flag as SQL in DuckDB and in DataFusion, over the Parquet that the replay was measured with.

Prints one JSON object for each: seconds from the file, and from a table in memory, each the median of some runs; `core`
is what a run took of all cores, whoever else used them.
Neither has murmur3. DuckDB's own hash() stands for it; DataFusion has no cheap hash, so the digits at the end of the id
are multiplied, which costs less than any. Counts differ by chance.
"""

import json
import statistics
import sys
import time
from importlib.metadata import version

import datafusion
import duckdb

ROUNDS = 5
THREADS = 2
file = sys.argv[1].replace("'", "''")
tenants = ", ".join(f"'tenant-{number}'" for number in range(250))
# Within eu.
regions = "'eu', 'eu-west', 'eu-north', 'eu-south'"


def query(source, bucket):
    holds = f"tenant IN ({tenants}) AND region IN ({regions})"
    return f"""
        SELECT CASE WHEN holds AND bucket < 10000 THEN 'on' ELSE 'off' END AS was,
               CASE WHEN holds AND bucket < 25000 THEN 'on' ELSE 'off' END AS becomes,
               count(*) AS rows
        FROM (SELECT {holds} AS holds, {bucket} AS bucket FROM {source}) AS asked
        GROUP BY 1, 2 ORDER BY 1, 2"""


def measured(run):
    times, working = [], time.process_time()
    for _ in range(ROUNDS):
        started = time.perf_counter()
        rows = run()
        times.append(time.perf_counter() - started)
    moved = sum(count for was, becomes, count in rows if was != becomes)
    return statistics.median(times), (time.process_time() - working) / ROUNDS, moved


def report(name, from_file, load, in_memory):
    (of_file, file_core, moved), (of_memory, memory_core, _) = from_file, in_memory
    core = {"file": file_core, "memory": memory_core}
    figures = {"moved": moved, "file": of_file, "load": load, "memory": of_memory, "core": core}
    print(json.dumps({"engine": name, "version": version(name), **figures}), flush=True)


def with_duckdb():
    bucket = "hash('checkout-v2' || \"targetingKey\") % 100000"
    connection = duckdb.connect()
    connection.execute(f"SET threads = {THREADS}")
    ask = lambda source: measured(lambda: connection.execute(query(source, bucket)).fetchall())
    from_file = ask(f"read_parquet('{file}')")
    started = time.perf_counter()
    connection.execute(f"CREATE TABLE people AS SELECT * FROM read_parquet('{file}')")
    load = time.perf_counter() - started
    report("duckdb", from_file, load, ask("people"))


def with_datafusion():
    bucket = "(CAST(substr(\"targetingKey\", 6) AS BIGINT) * 2654435761) % 100000"
    context = datafusion.SessionContext(datafusion.SessionConfig().with_target_partitions(THREADS))
    context.register_parquet("people", file)

    def ask(source):
        def run():
            batches = context.sql(query(source, bucket)).collect()
            return [tuple(row.values()) for batch in batches for row in batch.to_pylist()]

        return measured(run)

    from_file = ask("people")
    started = time.perf_counter()
    batches = context.sql("SELECT * FROM people").collect_partitioned()
    context.register_record_batches("held", batches)
    load = time.perf_counter() - started
    report("datafusion", from_file, load, ask("held"))


with_duckdb()
with_datafusion()
