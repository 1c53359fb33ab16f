"""A recovery against `psql -f`: the load step, and the whole run, on the same dump and server. See scripts/bench.

Each pair is measured right after one another, in alternating order; the table has medians and their ratios.
"""

import json
import statistics
import sys
import time
from pathlib import Path

from sets import fill
from tools import RECOVER, measurement_options, run


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
        fill(self, name, megabytes)
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

    def recover_seconds(self, dump, number, *options):
        """The times of the load step and of the whole `recover db`, which replaces an empty live database."""
        self.sql("CREATE DATABASE live TEMPLATE template0")
        start = time.monotonic()
        output = run([str(RECOVER), "db", "--from", str(dump), "--database", f"{self.url}/live", "--yes", "--json",
                      "--state", str(self.scratch / f"state-{dump.stem}-{number}{''.join(options)}"), *options])
        seconds = time.monotonic() - start
        self.clear()
        return load_seconds_of_run([json.loads(line) for line in output.splitlines()]), seconds


def measure(bench, name, megabytes, runs):
    dump = bench.make_dump(name, megabytes)
    psql, serial, parallel = [], [], []
    contestants = [
        lambda _: psql.append(bench.psql_seconds(dump)),
        lambda number: serial.append(bench.recover_seconds(dump, number, "--jobs", "1")),
        lambda number: parallel.append(bench.recover_seconds(dump, number)),
    ]
    for number in range(runs):
        turn = number % len(contestants)
        for contestant in contestants[turn:] + contestants[:turn]:
            contestant(number)
        print(f"{name} {number + 1}/{runs}: psql {psql[-1]:.2f} s, load and whole run over one connection "
              f"{serial[-1][0]:.2f} and {serial[-1][1]:.2f} s, as it is {parallel[-1][0]:.2f} and {parallel[-1][1]:.2f} s",
              file=sys.stderr)
    size = dump.stat().st_size / 1e6
    dump.unlink()
    parts = [psql, *([times[part] for times in way] for way in (serial, parallel) for part in (0, 1))]
    return name, size, [statistics.median(part) for part in parts]


def main():
    chosen, datasets = measurement_options(["bank", "shop"])
    if not datasets:
        return
    bench = Bench(chosen.url, chosen.scratch)
    rows = [measure(bench, name, chosen.megabytes, chosen.runs) for name in datasets]
    print(f"\nmedians of {chosen.runs}, as ratios to psql -f; over 1 is slower "
          "(goals over one connection: load 1.05, whole run 1.35)\n")
    print("| data set |    MB | psql -f s | load --jobs 1 | whole run --jobs 1 | load | whole run |")
    print("|----------|------:|----------:|--------------:|-------------------:|-----:|----------:|")
    for name, size, (psql, *others) in rows:
        load1, whole1, load, whole = (seconds / psql for seconds in others)
        print(f"| {name:8} | {size:5.0f} | {psql:9.2f} | {load1:13.2f} | {whole1:18.2f} | {load:4.2f} | {whole:9.2f} |")


if __name__ == "__main__":
    main()
