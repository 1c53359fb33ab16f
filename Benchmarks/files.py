"""Backups and restores of directory trees against tar: the same tree, the same gzip level, right after one another.

Each round does all ways once, in an order that rotates. A ratio is the median of the ratios of the rounds: how many times
as long the other way takes. Everything is done on tmpfs, where no program waits for a disk and syncing costs nothing, and
on the disk of --scratch, where each way is over when its output is synced. What recover restores it also reads back and
proves; of that, the stage alone is shown too. The peak of memory is the largest of one process (ru_maxrss).
See scripts/bench.
"""

import json
import os
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path

from tools import RECOVER, measurement_options, run
import trees
from trees import TREES


def measured(command, **options):
    """Seconds and peak kilobytes of a command, and what it printed."""
    start = time.monotonic()
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, **options)
    output = child.stdout.read()
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))} ended with {child.returncode}")
    return time.monotonic() - start, usage.ru_maxrss, output


class Place:
    """A directory to measure in, on tmpfs or on a disk."""

    def __init__(self, root, name, megabytes):
        self.root = Path(root)
        shutil.rmtree(self.root, ignore_errors=True)
        self.tree = self.root / "tree"
        self.tree.mkdir(parents=True)
        # In a process of its own: what starts with execve(2) takes the peak of memory over from whoever forked it.
        run([sys.executable, "-B", trees.__file__, name, str(self.tree), str(megabytes)])
        self.state = ["--state", str(self.root / "state")]
        self.peak_kilobytes = 0

    def timed(self, command, written):
        seconds, peak, output = measured(command)
        if command[0] == str(RECOVER):
            self.peak_kilobytes = max(self.peak_kilobytes, peak)
            return seconds, output
        # recover syncs its files itself; the others have to be as safe before they count as done.
        start = time.monotonic()
        run(["sync", "-f", str(written)])
        return seconds + time.monotonic() - start, output

    def remove(self, path):
        shutil.rmtree(path) if path.is_dir() else path.unlink()


BACKUPS = {
    "recover": lambda place, out: [str(RECOVER), "backup", "files", "--path", str(place.tree), "--repository", str(out),
                                   "--json", *place.state],
    "tar -czf": lambda place, out: ["tar", "--format=posix", "-czf", str(out), "-C", str(place.tree), "."],
    "tar -I pigz": lambda place, out: ["tar", "--format=posix", "-I", "pigz", "-cf", str(out), "-C", str(place.tree), "."],
    "bsdtar -czf": lambda place, out: ["bsdtar", "--format=pax", "-czf", str(out), "-C", str(place.tree), "."],
}

RESTORES = {
    "recover": lambda place, archive, out: [str(RECOVER), "files", "--from", str(archive), "--to", str(out), "--json",
                                            *place.state],
    "tar -xzf": lambda place, archive, out: ["tar", "-xzf", str(archive), "-C", str(out)],
    "tar -I pigz": lambda place, archive, out: ["tar", "-I", "pigz", "-xf", str(archive), "-C", str(out)],
    "bsdtar -xf": lambda place, archive, out: ["bsdtar", "-xf", str(archive), "-C", str(out)],
}


def rotated(ways, number):
    ways = list(ways)
    return ways[number % len(ways):] + ways[:number % len(ways)]


def backups(place, runs):
    """Times and sizes of each way, round by round."""
    times, sizes = {}, {}
    for number in range(runs):
        for way in rotated(BACKUPS, number):
            out = place.root / "out"
            seconds, output = place.timed(BACKUPS[way](place, out), out)
            times.setdefault(way, []).append(seconds)
            sizes[way] = json.loads(output.splitlines()[0])["archive-file-bytes"] if way == "recover" else out.stat().st_size
            place.remove(out)
        print(f"backup {number + 1}/{runs}: " + ", ".join(f"{way} {times[way][-1]:.2f} s" for way in BACKUPS), file=sys.stderr)
    return times, sizes


def restores(place, archive, runs):
    times = {}
    for number in range(runs):
        for way in rotated(RESTORES, number):
            out = place.root / "restored"
            if way != "recover":
                out.mkdir()
            seconds, output = place.timed(RESTORES[way](place, archive, out), place.root)
            times.setdefault(way, []).append(seconds)
            if way == "recover":
                stage = json.loads(output.splitlines()[0])["extracting-milliseconds"] / 1000
                times.setdefault("stage", []).append(stage)
            place.remove(out)
        print(f"restore {number + 1}/{runs}: " + ", ".join(f"{way} {seconds[-1]:.2f} s" for way, seconds in times.items()),
              file=sys.stderr)
    return times


def ratios(times, ours):
    others = [way for way in times if way not in ("recover", "stage")]
    return [f"{statistics.median(other / own for other, own in zip(times[way], times[ours])):.2f}" for way in others]


def measure(name, root, megabytes, runs, where):
    place = Place(root, name, megabytes)
    times, sizes = backups(place, runs)
    backup = [f"{name}, {where}", f"{statistics.median(times['recover']):.2f}", *ratios(times, "recover"),
              *(f"{sizes['recover'] / sizes[way]:.3f}" for way in list(BACKUPS)[1:3]), f"{place.peak_kilobytes / 1e3:.0f}"]
    rows = []
    for whose in ["tar's", "our own"]:
        place.peak_kilobytes = 0
        archive = place.root / "archive"
        run(list(map(str, BACKUPS["tar -czf" if whose == "tar's" else "recover"](place, archive))))
        path = archive if whose == "tar's" else next(archive.rglob("*.tar.gz"))
        times = restores(place, path, runs)
        place.remove(archive)
        rows.append([f"{name}, {where}", whose, f"{statistics.median(times['recover']):.2f}", *ratios(times, "recover"),
                     f"{statistics.median(times['stage']):.2f}", *ratios(times, "stage"), f"{place.peak_kilobytes / 1e3:.0f}"])
    shutil.rmtree(place.root)
    return backup, rows


def table(title, headings, rows):
    print(f"\n{title}\n")
    print("| " + " | ".join(headings) + " |")
    print("|---" * len(headings) + "|")
    for row in rows:
        print("| " + " | ".join(row) + " |")


def main():
    chosen, names = measurement_options(list(TREES))
    if not names:
        return
    missing = [program for program in ("pigz", "bsdtar") if not shutil.which(program)]
    if missing:
        sys.exit(f"{' and '.join(missing)} are not here; hint: apt-get install pigz libarchive-tools")
    backup_rows, restore_rows = [], []
    for parent, where in [("/dev/shm", "tmpfs"), (chosen.scratch, "disk")]:
        for name in names:
            backup, rows = measure(name, f"{parent}/recover-files-{os.getpid()}", chosen.megabytes, chosen.runs, where)
            backup_rows.append(backup)
            restore_rows += rows
    others = list(BACKUPS)[1:]
    table(f"backups, medians of {chosen.runs} rounds (goals: 1.9 against tar -czf, 1.0 against pigz, size at most 1.02)",
          ["tree", "recover s", *(f"{way} takes" for way in others), "size to tar's", "to pigz's", "peak MB"], backup_rows)
    others = list(RESTORES)[1:]
    table("restores (goals against tar -xzf: 1.3 of tar's archives, 1.0 of small files, 1.8 of our own)",
          ["tree", "archive", "recover s", *(f"{way} takes" for way in others), "stage alone s",
           *(f"{way} takes" for way in others), "peak MB"], restore_rows)


if __name__ == "__main__":
    main()
