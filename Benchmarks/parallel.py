"""The load step over two connections against psql and pg_restore, on the same data and server. See scripts/bench.

Every round measures all of them once, each time in another order; the table has medians and their ratios. CPU use is
that of the whole machine during the load step, from /proc/stat (proc(5)).
"""

import json
import shutil
import statistics
import sys
import threading
import time
from pathlib import Path

from restore import Bench, load_seconds_of_run
from sets import SETS
from tools import RECOVER, measurement_options, run

JOBS = 2


class CpuMeter:
    """Samples how busy the machine is, on the clock of the journal (CLOCK_BOOTTIME)."""

    def __init__(self):
        self.samples = []
        self.stopped = threading.Event()
        self.thread = threading.Thread(target=self.sample, daemon=True)

    def sample(self):
        while not self.stopped.wait(0.02):
            with open("/proc/stat", encoding="ascii") as stat:
                fields = [int(field) for field in stat.readline().split()[1:9]]
            # user, nice, system, idle, iowait, irq, softirq, steal
            self.samples.append((time.clock_gettime_ns(time.CLOCK_BOOTTIME), sum(fields), fields[3] + fields[4]))

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.stopped.set()
        self.thread.join()

    def busy(self, start, end):
        """The share of all cores that was busy between two moments."""
        inside = [sample for sample in self.samples if start <= sample[0] <= end]
        (_, all_before, idle_before), (_, all_after, idle_after) = inside[0], inside[-1]
        return 1 - (idle_after - idle_before) / max(1, all_after - all_before)


class ParallelBench(Bench):
    def make_archive(self, dump):
        """The same data as a directory archive."""
        self.sql("CREATE DATABASE source TEMPLATE template0")
        run(["psql", "-Xq", "-v", "ON_ERROR_STOP=1", "-f", str(dump), "-d", f"{self.url}/source"])
        archive = self.scratch / f"{dump.stem}.dir"
        run(["pg_dump", "-Fd", f"-j{JOBS}", "-d", f"{self.url}/source", "-f", str(archive)])
        self.clear()
        return archive

    def timed(self, command):
        """The time of a command that fills a fresh database."""
        self.sql("CREATE DATABASE fresh TEMPLATE template0")
        start = time.monotonic()
        run([*command, "-d", f"{self.url}/fresh"])
        seconds = time.monotonic() - start
        self.clear()
        return seconds

    def ours(self, dump, number):
        """The time of the load step of `recover db --jobs`, and how busy the machine was in it."""
        self.sql("CREATE DATABASE live TEMPLATE template0")
        with CpuMeter() as meter:
            output = run([str(RECOVER), "db", "--from", str(dump), "--database", f"{self.url}/live", "--yes", "--json",
                          "--jobs", str(JOBS), "--state", str(self.scratch / f"parallel-{dump.stem}-{number}")])
        self.clear()
        events = [json.loads(line) for line in output.splitlines()]
        at = {event["kind"]: event["monotonic-ns"] for event in events if event.get("step") == "load"}
        return load_seconds_of_run(events), meter.busy(at["step-intended"], at["step-succeeded"])


def measure(bench, name, megabytes, runs):
    dump = bench.make_dump(name, megabytes)
    archive = bench.make_archive(dump)
    times = {"ours": [], "psql": [], "psql -1": [], "pg_restore": []}
    busy = []

    def ours(number):
        seconds, share = bench.ours(dump, number)
        times["ours"].append(seconds)
        busy.append(share)

    psql = ["psql", "-Xq", "-v", "ON_ERROR_STOP=1", "-f", str(dump)]
    contestants = [
        ours,
        lambda _: times["psql"].append(bench.timed(psql)),
        lambda _: times["psql -1"].append(bench.timed([*psql, "-1"])),
        lambda _: times["pg_restore"].append(bench.timed(["pg_restore", f"-j{JOBS}", str(archive)])),
    ]
    for number in range(runs):
        turn = number % len(contestants)
        for contestant in contestants[turn:] + contestants[:turn]:
            contestant(number)
        last = ", ".join(f"{who} {seconds[-1]:.2f} s" for who, seconds in times.items())
        print(f"{name} {number + 1}/{runs}: {last}", file=sys.stderr)
    row = (name, dump.stat().st_size / 1e6, {who: statistics.median(seconds) for who, seconds in times.items()},
           statistics.median(busy))
    dump.unlink()
    shutil.rmtree(archive)
    return row


def main():
    chosen, datasets = measurement_options(list(SETS))
    if not datasets:
        return
    bench = ParallelBench(chosen.url, chosen.scratch)
    rows = [measure(bench, name, chosen.megabytes, chosen.runs) for name in datasets]
    print(f"\nthe load step with --jobs {JOBS}, medians of {chosen.runs}; a ratio over 1 means that the other takes longer\n")
    print("| data set |    MB | load s | psql -f | psql -1 -f | pg_restore -j2 | CPU use |")
    print("|----------|------:|-------:|--------:|-----------:|---------------:|--------:|")
    for name, size, medians, share in rows:
        ours = medians["ours"]
        print(f"| {name:8} | {size:5.0f} | {ours:6.2f} | {medians['psql'] / ours:7.2f} | {medians['psql -1'] / ours:10.2f} "
              f"| {medians['pg_restore'] / ours:14.2f} | {share:6.0%} |")


if __name__ == "__main__":
    main()
