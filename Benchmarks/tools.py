"""What the measurements share."""

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
