"""One scenario: what is done to the stack, how recover has to end, and what must be true afterwards."""

import shutil
import time
from dataclasses import dataclass

from outage import Outage
from stack import Failure

ALL = []


@dataclass
class Result:
    name: str
    outcome: str
    status: int
    downtime: float
    seconds: float
    fault: str = ""


def scenario(name, exits):
    """Registers a function of the world that runs recover and returns how it ended."""
    def register(function):
        ALL.append((name, exits, function))
        return function
    return register


def perform(name, exits, function, world):
    """Runs one scenario on a stack that is as it was before all of them."""
    world.reset()
    start = time.monotonic()
    status, fault = -1, ""
    with Outage(world.stack.port) as outage:
        try:
            ended = function(world)
            status = ended.status
            if status != exits:
                raise Failure(f"exit {status} where {exits} was expected")
            world.stack.wait_until_healthy()
            world.check_services()
        except Failure as failure:
            fault = f"{failure}\n{world.stack.said[-3000:]}"
    return Result(name, OUTCOMES.get(status, "?"), status, outage.seconds, time.monotonic() - start, fault)


OUTCOMES = {0: "succeeded", 1: "failed before any effect", 2: "usage", 3: "rolled back", 4: "needs an operator",
            5: "refused", 6: "claimed", 7: "not confirmed", 9: "paused"}


class World:
    """The stack with what every scenario begins with."""

    def __init__(self, stack, scratch, megabytes):
        self.stack, self.scratch, self.megabytes = stack, scratch, megabytes
        self.dump = scratch / "backup.sql"
        self.live = self.backed_up = None
        self.compose_file = stack.directory / "docker-compose.yml"
        self.policy_file = stack.directory / "policies" / "environment.yaml"
        self.compose_text, self.policy = self.compose_file.read_text(), self.policy_file.read_text()

    def prepare(self):
        """Rows, a backup of them, and rows that are newer than the backup."""
        self.stack.wait_until_healthy()
        # A row of this kind takes 140 bytes of a dump.
        self.stack.sql("INSERT INTO cycles (owner, task, score) SELECT 1 + n % 100, repeat(md5(n::text), 3), n"
                       f" FROM generate_series(1, {self.megabytes * 1_000_000 // 140}) n")
        self.stack.dump(self.dump)
        self.backed_up = self.stack.fingerprint()
        self.stack.sql("INSERT INTO cycles (owner, task) SELECT 1, 'newer than the backup' FROM generate_series(1, 500)")
        self.live = self.stack.fingerprint()
        self.stack.dump(self.scratch / "live.sql")
        self.copy_live("recover_e2e_template")

    def copy_live(self, name):
        self.stack.compose("stop", "reflexion-app")
        self.stack.sql(f"CREATE DATABASE {name} TEMPLATE reflexion", "postgres")
        self.stack.compose("start", "reflexion-app")

    def own_restart(self):
        """Seconds of outage when Compose alone stops and starts the application: what no recovery can be without."""
        with Outage(self.stack.port) as outage:
            self.stack.compose("stop", "reflexion-app")
            self.stack.compose("start", "reflexion-app")
            self.stack.wait_until_healthy()
        return outage.seconds

    def reset(self):
        """The database as it was, no leftovers of runs, everything running, a new journal."""
        shutil.rmtree(self.stack.state, ignore_errors=True)
        self.policy_file.write_text(self.policy)
        if self.compose_file.read_text() != self.compose_text:
            self.stack.compose("kill", "reflexion-app")
            self.compose_file.write_text(self.compose_text)
        if self.live != self.stack.fingerprint():
            self.stack.compose("stop", "reflexion-app")
            self.stack.sql("DROP DATABASE reflexion WITH (FORCE)", "postgres")
            self.stack.sql("CREATE DATABASE reflexion TEMPLATE recover_e2e_template", "postgres")
        for leftover in self.stack.databases() - {"postgres", "reflexion", "recover_e2e_template"}:
            self.stack.sql(f'DROP DATABASE "{leftover}" WITH (FORCE)', "postgres")
        self.stack.compose("up", "-d")
        self.stack.wait_until_healthy()

    def wait_for_server(self):
        for _ in range(300):
            if self.stack.run("pg_isready", "-q", "-d", self.stack.server("postgres"), check=False).status == 0:
                return
            time.sleep(0.1)
        raise Failure("PostgreSQL does not come back")

    def check_services(self):
        running = self.stack.running()
        if running != {"reflexion-app", "postgres", "redis", "nginx"}:
            raise Failure(f"only {sorted(running)} run")

    def must_be(self, wanted, what):
        if self.stack.fingerprint() != wanted:
            raise Failure(f"the database is not {what}")

    def must_be_live(self):
        """What was there before is there still, and nothing beside it."""
        self.must_be(self.live, "what it was before the run")
        left = self.stack.databases() - {"postgres", "reflexion", "recover_e2e_template"}
        if any("previous" in name for name in left):
            raise Failure(f"databases are left: {sorted(left)}")

    def must_be_backup(self):
        self.must_be(self.backed_up, "what the backup has")
        if not any("previous" in name for name in self.stack.databases()):
            raise Failure("the database of before was not kept")
