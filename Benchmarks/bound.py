"""What two cores can gain at all on one giant table: `bank` loaded by hand, by psql alone. See scripts/bench.

Two psql processes copy halves that were cut beforehand, with the settings that a load of ours has; then the key is
built, then the foreign key is checked, which PostgreSQL does on one core. Nothing is read, indexed, recorded or made
resumable beside it: no loader that goes through COPY and ALTER TABLE can be much faster than this.
"""

import statistics
import subprocess
import sys
import time

from parallel import CpuMeter, ParallelBench
from tools import measurement_options, run

PIECE_BYTES = 16 << 20
GIANT = "pgbench_accounts"
SMALL = ("pgbench_branches", "pgbench_tellers")


class Bound(ParallelBench):
    def cut(self, dump):
        """Cuts a plain dump of `bank` into its tables, the rows of small tables, and two halves of the giant's rows."""
        parts = {name: self.scratch / f"bound-{name}.sql" for name in ("tables", "small", 0, 1)}
        files = {name: open(path, "wb") for name, path in parts.items()}
        target, copy, pieces, written = files["tables"], b"", 0, 0
        with open(dump, "rb") as lines:
            for line in lines:
                if line.startswith(b"COPY "):
                    copy, written = line, 0
                    target = files[0 if f".{GIANT} ".encode() in line else "small"]
                elif copy and written > PIECE_BYTES and target is not files["small"]:
                    target.write(b"\\.\n")
                    pieces, written = pieces + 1, len(line)
                    target = files[pieces % 2]
                    target.write(copy)
                elif line == b"\\.\n":
                    target.write(line)
                    target, copy = files["tables"], b""
                    continue
                elif not copy and line.startswith(b"ALTER TABLE ONLY"):
                    break
                written += len(line)
                target.write(line)
        for file in files.values():
            file.close()
        return parts

    def by_hand(self, parts):
        """The times of copying, of the key, of the foreign key, and of everything; and how busy the machine was."""
        self.sql("CREATE DATABASE fresh TEMPLATE template0", "ALTER DATABASE fresh SET synchronous_commit = off",
                 "ALTER DATABASE fresh SET maintenance_work_mem = '256MB'")
        psql = ["psql", "-Xq", "-v", "ON_ERROR_STOP=1", "-d", f"{self.url}/fresh"]
        with CpuMeter() as meter:
            began, clock = time.monotonic(), time.clock_gettime_ns(time.CLOCK_BOOTTIME)
            run([*psql, "-f", str(parts["tables"]), "-f", str(parts["small"]),
                 *(word for table in SMALL for word in ("-c", f"ALTER TABLE public.{table} ADD PRIMARY KEY ({table[8]}id)"))])
            copies = [subprocess.Popen([*psql, "-f", str(parts[half])], stdout=subprocess.DEVNULL) for half in (0, 1)]
            if any([copy.wait() for copy in copies]):
                sys.exit("a copy by hand failed")
            copied = time.monotonic()
            run([*psql, "-c", f"ALTER TABLE {GIANT} ADD PRIMARY KEY (aid)"])
            built = time.monotonic()
            run([*psql, "-c", f"ALTER TABLE {GIANT} ADD FOREIGN KEY (bid) REFERENCES pgbench_branches"])
            ended = time.monotonic()
            share = meter.busy(clock, time.clock_gettime_ns(time.CLOCK_BOOTTIME))
        self.clear()
        return copied - began, built - copied, ended - built, ended - began, share


def main():
    chosen, datasets = measurement_options(["bank"])
    if not datasets:
        return
    bench = Bound(chosen.url, chosen.scratch)
    dump = bench.make_dump("bank", chosen.megabytes)
    parts = bench.cut(dump)
    hands, psql, ours = [], [], []
    for number in range(chosen.runs):
        contestants = [
            lambda: hands.append(bench.by_hand(parts)),
            lambda: psql.append(bench.psql_seconds(dump)),
            lambda: ours.append(bench.ours(dump, f"bound-{number}")[0]),
        ]
        for contestant in contestants[number % 3:] + contestants[:number % 3]:
            contestant()
        print(f"bank by hand {number + 1}/{chosen.runs}: {hands[-1][3]:.2f} s, psql {psql[-1]:.2f} s, "
              f"ours {ours[-1]:.2f} s", file=sys.stderr)
    middle = [statistics.median(column) for column in zip(*hands)]
    print(f"\none giant table by hand, medians of {chosen.runs}: {middle[3]:.2f} s, of which {middle[0]:.2f} s two psql copy, "
          f"{middle[1]:.2f} s the key is built, {middle[2]:.2f} s the foreign key is checked;\n"
          f"`psql -f` takes {statistics.median(psql) / middle[3]:.2f} times as long, the load step of recover "
          f"{statistics.median(ours) / middle[3]:.2f} times; CPU use by hand {middle[4]:.0%}")


if __name__ == "__main__":
    main()
