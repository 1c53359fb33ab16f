"""A recovery against `psql -f`: the load step, and the whole run, on the same dump and server. See scripts/bench.

Each pair is measured right after one another, in alternating order; the table has medians and their ratios.
"""

import json
import statistics
import sys
import time
from pathlib import Path

from tools import RECOVER, measurement_options, run

HERE = Path(__file__).resolve().parent

# How much of each data set makes a megabyte (10^6 bytes) of plain dump, measured with PostgreSQL 15.
CUSTOMERS_PER_MEGABYTE = 655
BANK_SCALE_PER_MEGABYTE = 1 / 9.56


def load_seconds_of_run(events):
    """The time of the load step, from its intent to its success, in the events of `recover ... --json`."""
    at = {event["kind"]: event["monotonic-ns"] for event in events if event.get("step") == "load"}
    return (at["step-succeeded"] - at["step-intended"]) / 1e9


class Bench:
    def __init__(self, url, scratch):
        self.url, self.scratch = url, Path(scratch)

    def sql(self, *statements, database="postgres"):
        commands = [word for statement in statements for word in ("-c", statement)]
        return run(["psql", "-XqAt", "-v", "ON_ERROR_STOP=1", "-d", f"{self.url}/{database}", *commands])

    def clear(self):
        """Drops every database but the ones of initdb, and writes out what is dirty, so that all start alike."""
        names = self.sql("SELECT datname FROM pg_database WHERE datname NOT IN ('postgres', 'template0', 'template1')")
        self.sql(*[f'DROP DATABASE "{name}" WITH (FORCE)' for name in names.split()], "CHECKPOINT")

    def make_dump(self, name, megabytes):
        """A plain dump of the data set, of about so many megabytes."""
        self.sql(f"CREATE DATABASE {name}")
        if name == "shop":
            customers = max(100, round(megabytes * CUSTOMERS_PER_MEGABYTE))
            run(["psql", "-Xq", "-v", f"customers={customers}", "-f", str(HERE / "datasets" / "shop.sql"),
                 "-d", f"{self.url}/{name}"])
        else:
            scale = max(1, round(megabytes * BANK_SCALE_PER_MEGABYTE))
            run(["pgbench", "-q", "-i", "--foreign-keys", "-s", str(scale), "-d", f"{self.url}/{name}"])
        dump = self.scratch / f"{name}.sql"
        run(["pg_dump", "-d", f"{self.url}/{name}", "-f", str(dump)])
        self.clear()
        return dump

    def psql_seconds(self, dump):
        """The time of `psql -f` into a fresh database."""
        self.sql("CREATE DATABASE fresh TEMPLATE template0")
        start = time.monotonic()
        run(["psql", "-Xq", "-v", "ON_ERROR_STOP=1", "-f", str(dump), "-d", f"{self.url}/fresh"])
        seconds = time.monotonic() - start
        self.clear()
        return seconds

    def recover_seconds(self, dump, number):
        """The times of the load step and of the whole `recover db`, which replaces an empty live database."""
        self.sql("CREATE DATABASE live TEMPLATE template0")
        start = time.monotonic()
        output = run([str(RECOVER), "db", "--from", str(dump), "--database", f"{self.url}/live", "--yes", "--json",
                      "--state", str(self.scratch / f"state-{dump.stem}-{number}")])
        seconds = time.monotonic() - start
        self.clear()
        return load_seconds_of_run([json.loads(line) for line in output.splitlines()]), seconds


def measure(bench, name, megabytes, runs):
    dump = bench.make_dump(name, megabytes)
    psql, load, whole = [], [], []
    for number in range(runs):
        def ours():
            seconds = bench.recover_seconds(dump, number)
            load.append(seconds[0])
            whole.append(seconds[1])

        pair = [lambda: psql.append(bench.psql_seconds(dump)), ours]
        for part in pair if number % 2 == 0 else reversed(pair):
            part()
        print(f"{name} {number + 1}/{runs}: psql {psql[-1]:.2f} s, load {load[-1]:.2f} s, whole {whole[-1]:.2f} s",
              file=sys.stderr)
    row = (name, dump.stat().st_size / 1e6, *map(statistics.median, (psql, load, whole)))
    dump.unlink()
    return row


def main():
    chosen, datasets = measurement_options(["bank", "shop"])
    if not datasets:
        return
    bench = Bench(chosen.url, chosen.scratch)
    rows = [measure(bench, name, chosen.megabytes, chosen.runs) for name in datasets]
    print(f"\nmedians of {chosen.runs}; a ratio over 1 is slower than psql -f (goals: load 1.05, whole run 1.35)\n")
    print("| data set |    MB | psql -f s | load s | ratio | whole run s | ratio |")
    print("|----------|------:|----------:|-------:|------:|------------:|------:|")
    for name, size, psql, load, whole in rows:
        print(f"| {name:8} | {size:5.0f} | {psql:9.2f} | {load:6.2f} | {load / psql:5.2f} "
              f"| {whole:11.2f} | {whole / psql:5.2f} |")


if __name__ == "__main__":
    main()
