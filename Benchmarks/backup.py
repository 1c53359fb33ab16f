"""A backup against pg_dump: the same database, the same gzip level, the same server, right after one another.

Every round makes one backup by each way, in an order that rotates; the table has medians, ratios of medians, and sizes.
The peak of memory is the largest of `recover` and the programs that it runs (ru_maxrss). See scripts/bench.
"""

import os
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path

from restore import Bench
from sets import SETS, fill
from tools import RECOVER, measurement_options, run

JOBS = 2


def size_of(path):
    if path.is_file():
        return path.stat().st_size
    return sum(file.stat().st_size for file in path.rglob("*") if file.is_file())


class Backups:
    """The ways to make a backup of one database."""

    def __init__(self, bench, name):
        self.bench, self.url = bench, f"{bench.url}/{name}"
        self.target = bench.scratch / "backup"
        self.peak_kilobytes = 0

    def recover(self):
        command = [str(RECOVER), "backup", "db", "--database", self.url, "--repository", str(self.target), "--quiet",
                   "--jobs", str(JOBS), "--state", str(self.bench.scratch / "state-backup")]
        child = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode != 0:
            sys.exit(f"recover backup db exited with {child.returncode}")
        self.peak_kilobytes = max(self.peak_kilobytes, usage.ru_maxrss)

    def plain(self):
        run(["bash", "-o", "pipefail", "-c", f"pg_dump -Fp -d '{self.url}' | gzip -6 > '{self.target}'"])

    def directory(self):
        run(["pg_dump", "-Fd", "-j", str(JOBS), "-Z6", "-d", self.url, "-f", str(self.target)])

    def custom(self):
        run(["pg_dump", "-Fc", "-d", self.url, "-f", str(self.target)])

    WAYS = {"recover": recover, "-Fp \\| gzip": plain, f"-Fd -j{JOBS} -Z6": directory, "-Fc": custom}

    def measure(self, way):
        """Seconds, what is written on disk included, and bytes."""
        start = time.monotonic()
        self.WAYS[way](self)
        # recover syncs its files itself; the others have to be as safe before they count as done.
        run(["sync", "-f", str(self.target)])
        seconds = time.monotonic() - start
        size = size_of(self.target)
        if self.target.is_dir():
            shutil.rmtree(self.target)
        else:
            self.target.unlink()
        return seconds, size


def measure(bench, name, megabytes, runs):
    fill(bench, name, megabytes)
    bench.sql("VACUUM ANALYZE", "CHECKPOINT", database=name)
    backups, times, sizes = Backups(bench, name), {}, {}
    ways = list(Backups.WAYS)
    for number in range(runs):
        for way in ways[number % len(ways):] + ways[:number % len(ways)]:
            seconds, size = backups.measure(way)
            times.setdefault(way, []).append(seconds)
            sizes.setdefault(way, []).append(size)
        print(f"backup of {name} {number + 1}/{runs}: " + ", ".join(f"{way} {times[way][-1]:.2f} s" for way in ways),
              file=sys.stderr)
    bench.clear()
    middle = {way: statistics.median(times[way]) for way in ways}
    bytes_of = {way: statistics.median(sizes[way]) for way in ways}
    cells = [f"{middle['recover']:.2f}", f"{bytes_of['recover'] / 1e6:.1f}", f"{backups.peak_kilobytes / 1e3:.0f}"]
    for way in ways[1:]:
        cells += [f"{middle[way] / middle['recover']:.2f}", f"{bytes_of['recover'] / bytes_of[way]:.3f}"]
    return [name, *cells]


def main():
    chosen, datasets = measurement_options(list(SETS))
    if not datasets:
        return
    bench = Bench(chosen.url, chosen.scratch)
    rows = [measure(bench, name, chosen.megabytes, chosen.runs) for name in datasets]
    others = list(Backups.WAYS)[1:]
    print(f"\nbackups, medians of {chosen.runs} rounds; how many times as long each way of pg_dump takes "
          f"(goals: gzip 1.7, -Fd 1.0), and how large ours is against its (goal: at most 1.03)\n")
    print("| data set | recover s | MB | peak MB | " + " | ".join(f"{way} takes | size" for way in others) + " |")
    print("|---" * (4 + 2 * len(others)) + "|")
    for row in rows:
        print("| " + " | ".join(row) + " |")


if __name__ == "__main__":
    main()
