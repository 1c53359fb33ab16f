"""What the measurements share."""

import argparse
import subprocess
import sys
from pathlib import Path

RECOVER = Path(__file__).resolve().parent.parent / ".build" / "release" / "recover"


def run(command):
    """The output of a command; ends the program with the command's own words when it fails."""
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))} ended with {done.returncode}:\n"
                 f"{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return done.stdout


def measurement_options(datasets):
    """What every measurement is told, and which of its own data sets it is to use: those that were asked for, or all."""
    options = argparse.ArgumentParser()
    options.add_argument("--url", required=True)
    options.add_argument("--scratch", required=True)
    options.add_argument("--megabytes", type=float, default=300)
    options.add_argument("--runs", type=int, default=5)
    options.add_argument("--dataset", action="append", choices=["bank", "shop", "wide", "objects", "tables", "large", "small", "mixed"])
    chosen = options.parse_args()
    return chosen, [name for name in datasets if not chosen.dataset or name in chosen.dataset]
