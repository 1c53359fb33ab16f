"""The runbook's stack while it is tried: its containers, its database, and recover run on it."""

import json
import os
import re
import subprocess
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


class Failure(Exception):
    """A scenario did not end as it should."""


class Untried(Exception):
    """A scenario needs what this place does not give."""


@dataclass
class Ended:
    """A program that ended: its status and all that it said."""

    status: int
    output: str


TIMES = {"h": 3600, "m": 60, "s": 1, "ms": 0.001}


def reported_downtime(output):
    """Seconds that recover says services were down; 0 where it says nothing."""
    report = re.search(r"services were down for ((?:[\d.]+(?:ms|h|m|s))+)", output)
    parts = re.findall(r"([\d.]+)(ms|h|m|s)", report.group(1)) if report else []
    return sum(float(number) * TIMES[unit] for number, unit in parts)


class Stack:
    def __init__(self, directory, port, state, recover):
        self.directory, self.port, self.state, self.recover_program = directory, port, state, recover
        self.project = f"reflexion{port}"
        self.url = f"http://127.0.0.1:{port}"
        self.said = ""
        # What the reports of this scenario's runs say, summed up.
        self.reported = 0.0
        os.environ["PGPASSFILE"] = str(directory / "secrets" / "pgpass")

    # Programs

    def run(self, *words, check=True, input=None, timeout=300):
        """A program in the application's directory; its output and errors as one text."""
        ended = subprocess.run([str(word) for word in words], cwd=self.directory, text=True, input=input,
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=timeout)
        if check and ended.returncode != 0:
            raise Failure(f"{' '.join(map(str, words))} exited with {ended.returncode}:\n{ended.stdout[-2000:]}")
        return ended.stdout if check else Ended(ended.returncode, ended.stdout)

    def compose(self, *words, check=True):
        return self.run("docker-compose", *words, check=check)

    def recover(self, *words, crash_at=None, timeout=300):
        """recover itself, with the run's journal in this scenario's state directory."""
        environment = dict(os.environ)
        if crash_at:
            environment["RECOVER_CRASH_AT"] = crash_at
        ended = subprocess.run([self.recover_program, *map(str, words), "--state", self.state, "--no-input"],
                               cwd=self.directory, env=environment, text=True, stdin=subprocess.DEVNULL,
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=timeout)
        self.said = ended.stdout
        self.reported += reported_downtime(ended.stdout)
        return Ended(ended.returncode, ended.stdout)

    def started(self, *words):
        """recover, started and left running; its lines can be read while it works."""
        return subprocess.Popen([self.recover_program, *map(str, words), "--state", self.state, "--no-input"],
                                cwd=self.directory, text=True, stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    # The database

    def server(self, database):
        return f"postgres://reflexion@127.0.0.1:{self.port + 2}/{database}"

    def sql(self, statement, database="reflexion"):
        return self.run("psql", "-XAtqw", "--set=ON_ERROR_STOP=1", self.server(database), "-c", statement).strip()

    def dump(self, path, database="reflexion"):
        self.run("pg_dump", "-w", "--file", path, self.server(database))
        return path

    def databases(self):
        return set(self.sql("SELECT datname FROM pg_database WHERE NOT datistemplate", "postgres").split())

    def fingerprint(self):
        """What a user could tell the database by: every table's rows, as one sum of hashes."""
        tables = self.sql("SELECT format('%I.%I', schemaname, tablename) FROM pg_tables"
                          " WHERE schemaname = 'public' ORDER BY 1").split("\n")
        return {table: self.sql(f"SELECT count(*) || ' ' || coalesce(sum(hashtextextended(t::text, 0)), 0) FROM {table} t")
                for table in tables}

    # The application

    def ask(self, path, data=None, timeout=5):
        body = None if data is None else json.dumps(data).encode()
        with urllib.request.urlopen(urllib.request.Request(self.url + path, body), timeout=timeout) as answer:
            return json.load(answer)

    def wait_until_healthy(self, seconds=60):
        deadline = time.monotonic() + seconds
        while True:
            try:
                return self.ask("/health")
            except OSError as error:
                if time.monotonic() > deadline:
                    raise Failure(f"the application is not healthy: {error}") from error
            time.sleep(0.1)

    def running(self):
        """The services that run, by the engine's word: Compose 1.29 needs half a second for any question."""
        return set(self.run("docker", "ps", "--filter", f"label=com.docker.compose.project={self.project}", "--format",
                            '{{.Label "com.docker.compose.service"}}').split())

    def container(self, service):
        return self.run("docker", "ps", "--quiet", "--filter", f"label=com.docker.compose.project={self.project}",
                        "--filter", f"label=com.docker.compose.service={service}").strip()

    def in_container(self, service, line, check=True):
        """A line of shell in the files of a service's container, by us: it may also mount, where we may."""
        process = self.run("docker", "inspect", "--format", "{{.State.Pid}}", self.container(service)).strip()
        return self.run("nsenter", "--target", process, "--mount", "sh", "-c", line, check=check)
