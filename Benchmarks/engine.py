"""What the engine costs a step: 50 steps that do nothing, on the real journal and disk (EngineBench).

Beside it, what a whole `shell` step costs that only runs `true`, and the appends and fdatasync calls of such a run,
counted with strace: one an append. See scripts/bench.
"""

import argparse
import json
import re
import statistics
import subprocess
import time
from pathlib import Path

from tools import RECOVER, run

ENGINE_BENCH = RECOVER.with_name("EngineBench")

STEPS = 50
RUNS = 5


def write_policy(folder, count):
    """A policy directory with one procedure of so many steps: `true` without a shell."""
    folder.mkdir(parents=True)
    steps = "".join(f"  - {{id: s{number}, uses: shell, with: {{run: [\"true\"]}}}}\n" for number in range(count))
    (folder / "idle.yaml").write_text(f"procedure: idle\nsteps:\n{steps}")
    (folder / "environment.yaml").write_text("version: 1\nenvironment: development\n")
    return folder


def run_command(policy, state):
    return [str(RECOVER), "run", "idle", "--policy", str(policy), "--state", str(state), "--yes", "--json"]


def seconds_of(action):
    start = time.monotonic()
    action()
    return time.monotonic() - start


def median_seconds(action):
    return statistics.median(seconds_of(lambda: action(number)) for number in range(RUNS))


def syncs_and_appends(scratch, policy):
    trace = scratch / "strace"
    command = run_command(policy, scratch / "state-strace")
    output = run(["strace", "-f", "-qq", "-e", "trace=fdatasync,fsync", "-o", str(trace), *command])
    appends = sum("sequence" in json.loads(line) for line in output.splitlines())
    return len(re.findall(r"fdatasync\(", trace.read_text())), appends


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--scratch", required=True)
    scratch = Path(options.parse_args().scratch)
    one, many = write_policy(scratch / "policy-one", 1), write_policy(scratch / "policy-many", 1 + STEPS)
    short = median_seconds(lambda number: run(run_command(one, scratch / f"state-one-{number}")))
    long = median_seconds(lambda number: run(run_command(many, scratch / f"state-many-{number}")))
    child = median_seconds(lambda _: [subprocess.run(["true"], check=True) for _ in range(STEPS)]) / STEPS
    step = (long - short) / STEPS
    engine = float(run([str(ENGINE_BENCH), str(scratch / "state-engine"), str(STEPS), str(RUNS)]).split()[0])
    syncs, appends = syncs_and_appends(scratch, many)
    print(f"\nthe engine: {engine:.2f} ms a step that does nothing, fdatasync included (goal: 2 ms)")
    print(f"a shell step that runs `true`: {step * 1e3:.2f} ms; starting `true` alone: {child * 1e3:.2f} ms")
    print(f"a run of {1 + STEPS} steps: {appends} appends, {syncs} fdatasync")


if __name__ == "__main__":
    main()
