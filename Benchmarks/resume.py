"""A recovery that is killed with SIGKILL in the middle of its load, and resumed, against one that is left alone.

Plain and gzip, at three moments of the load, over as many connections as `recover db` chooses. Both lives count, from
the start of the program to its end. See scripts/bench.
"""

import gzip
import json
import shutil
import statistics
import subprocess
import sys
import time

from restore import Bench
from tools import RECOVER, measurement_options, run

MOMENTS = (0.1, 0.5, 0.9)


class ResumeBench(Bench):
    def command(self, dump, state):
        return [str(RECOVER), "db", "--from", str(dump), "--database", f"{self.url}/live", "--yes", "--json", "--state",
                str(state)]

    def unbroken(self, dump, state):
        """Seconds of a whole run, and of its load step."""
        self.sql("CREATE DATABASE live TEMPLATE template0")
        start = time.monotonic()
        events = [json.loads(line) for line in run(self.command(dump, state)).splitlines()]
        seconds = time.monotonic() - start
        self.clear()
        at = {event["kind"]: event["monotonic-ns"] for event in events if event.get("step") == "load"}
        return seconds, (at["step-succeeded"] - at["step-intended"]) / 1e9

    def broken(self, dump, state, delay):
        """Seconds of both lives of a run that is killed so long after its load began."""
        self.sql("CREATE DATABASE live TEMPLATE template0")
        start = time.monotonic()
        with subprocess.Popen(self.command(dump, state), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL, text=True) as child:
            for line in child.stdout:
                event = json.loads(line)
                if event.get("step") == "load" and event.get("kind") == "step-intended":
                    break
            time.sleep(delay)
            child.kill()
        killed = time.monotonic()
        run([str(RECOVER), "resume", "last", "--state", str(state), "--json"])
        end = time.monotonic()
        if child.returncode != -9:
            sys.exit(f"the run ended with {child.returncode} before it was killed")
        self.clear()
        return end - start, end - killed


def measure(bench, name, dump, runs):
    whole, load = [], []
    broken = {moment: [] for moment in MOMENTS}
    state = bench.scratch / "state-resume"
    for number in range(runs):
        seconds, loading = bench.unbroken(dump, state)
        shutil.rmtree(state)
        whole.append(seconds)
        load.append(loading)
        for moment in MOMENTS:
            broken[moment].append(bench.broken(dump, state, moment * statistics.median(load))[0])
            shutil.rmtree(state)
        print(f"{name} {number + 1}/{runs}: unbroken {whole[-1]:.2f} s, killed and resumed "
              + ", ".join(f"{broken[moment][-1]:.2f} s" for moment in MOMENTS), file=sys.stderr)
    unbroken = statistics.median(whole)
    return name, unbroken, [statistics.median(broken[moment]) / unbroken for moment in MOMENTS]


def main():
    chosen, datasets = measurement_options(["bank", "shop"])
    rows = []
    bench = ResumeBench(chosen.url, chosen.scratch)
    for name in datasets:
        dump = bench.make_dump(name, chosen.megabytes)
        packed = dump.with_suffix(".sql.gz")
        with open(dump, "rb") as source, gzip.open(packed, "wb", compresslevel=6) as target:
            shutil.copyfileobj(source, target, 1 << 20)
        for path in (dump, packed):
            rows.append(measure(bench, path.name, path, chosen.runs))
            path.unlink()
    if not rows:
        return
    print(f"\nkilled in the middle of the load and resumed, both lives against an unbroken run; medians of {chosen.runs} "
          "(goal: 1.2, and an index build)\n")
    print("| dump | unbroken s | " + " | ".join(f"killed at {moment:.0%}" for moment in MOMENTS) + " |")
    print("|---" * (2 + len(MOMENTS)) + "|")
    for name, unbroken, ratios in rows:
        print(f"| {name} | {unbroken:.2f} | " + " | ".join(f"{ratio:.2f}" for ratio in ratios) + " |")


if __name__ == "__main__":
    main()
