"""The data sets of the measurements; each is made in a database of its own name. See scripts/bench."""

import sys
from pathlib import Path

from tools import run

SCRIPTS = Path(__file__).resolve().parent / "datasets"

# How much of each makes a megabyte (10^6 bytes) of plain dump, measured with PostgreSQL 15.
BANK_SCALE_PER_MEGABYTE = 1 / 9.56
ROWS_PER_MEGABYTE = {"shop": ("customers", 655), "wide": ("rows", 119.4), "objects": ("objects", 5)}

# Whatever the megabytes.
TABLES = 10_000

SETS = {
    "bank": "pgbench, one giant table",
    "shop": "twelve tables with indexes and foreign keys",
    "wide": "wide rows of jsonb and bytea, with GIN indexes",
    "objects": "large objects of 100 kB",
    "tables": f"{TABLES} tables of 20 rows",
}


def fill(bench, name, megabytes):
    """Makes a database with the data set of its name."""
    bench.sql(f"CREATE DATABASE {name} TEMPLATE template0")
    url = f"{bench.url}/{name}"
    if name == "bank":
        scale = max(1, round(megabytes * BANK_SCALE_PER_MEGABYTE))
        run(["pgbench", "-q", "-i", "--foreign-keys", "-s", str(scale), "-d", url])
    elif name == "tables":
        for start in range(0, TABLES, 500):
            bench.sql(*[f"CREATE TABLE t{number} (i int PRIMARY KEY, t text)" for number in range(start, start + 500)],
                      *[f"INSERT INTO t{number} SELECT i, 'row ' || i FROM generate_series(1, 20) AS i"
                        for number in range(start, start + 500)], database=name)
    elif name in ROWS_PER_MEGABYTE:
        variable, each = ROWS_PER_MEGABYTE[name]
        run(["psql", "-Xq", "-v", f"{variable}={max(100, round(megabytes * each))}", "-f", str(SCRIPTS / f"{name}.sql"),
             "-d", url])
    else:
        sys.exit(f"there is no data set {name}")
