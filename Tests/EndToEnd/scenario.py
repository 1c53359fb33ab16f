"""One scenario: what is done to the stack, how recover has to end, and what must be true afterwards."""

import hashlib
import shutil
import time
from dataclasses import dataclass

from outage import PATIENCE, Outage
from stack import Failure, Untried

ALL = []
TEMPLATE = "recover_e2e_template"
SERVICES = {"reflexion-app", "postgres", "redis", "nginx"}
OWN_DATABASES = {"postgres", "reflexion", TEMPLATE}


@dataclass
class Result:
    name: str
    outcome: str
    status: int
    downtime: float
    reported: float
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
    world.stack.reported = 0.0
    start = time.monotonic()
    status, fault = -1, ""
    with Outage(world.stack.port) as outage:
        world.outage = outage
        try:
            ended = function(world)
            status = ended.status
            if status != exits:
                raise Failure(f"exit {status} where {exits} was expected")
            world.stack.wait_until_healthy()
            world.check_services()
        except Untried as reason:
            return Result(name, f"not tried: {reason}", status, 0.0, 0.0, time.monotonic() - start)
        except Failure as failure:
            fault = f"{failure}\n{world.stack.said[-3000:]}"
    reported = world.stack.reported
    # The report counts from the order to stop until health is proved, which is more than users notice; a request that was
    # under way when it began may have waited for all of its patience.
    if not fault and outage.seconds > reported + PATIENCE:
        fault = f"users noticed {outage.seconds:.2f} s, and the report says {reported:.2f} s\n{world.stack.said[-3000:]}"
    return Result(name, OUTCOMES.get(status, "?"), status, outage.seconds, reported, time.monotonic() - start, fault)


OUTCOMES = {0: "succeeded", 1: "failed before any effect", 2: "usage", 3: "rolled back", 4: "needs an operator",
            5: "refused", 6: "claimed", 7: "not confirmed", 9: "paused"}


class World:
    """The stack with what every scenario begins with."""

    def __init__(self, stack, scratch, megabytes):
        self.stack, self.scratch, self.megabytes = stack, scratch, megabytes
        self.dump = scratch / "backup.sql"
        self.archive = scratch / "backup.tar.gz"
        self.outage = None
        self.is_on_small_volume = False
        self.live = self.live_files = self.backed_up = self.backed_up_files = None
        self.compose_file = stack.directory / "docker-compose.yml"
        self.policy_file = stack.directory / "policies" / "environment.yaml"
        self.policy = self.policy_file.read_text()

    def prepare(self):
        """Rows and files, backups of them, and rows and files that are newer."""
        self.stack.wait_until_healthy()
        # A row of this kind takes 140 bytes of a dump.
        self.stack.sql("INSERT INTO cycles (owner, task, score) SELECT 1 + n % 100, repeat(md5(n::text), 3), n"
                       f" FROM generate_series(1, {self.megabytes * 1_000_000 // 140}) n")
        for _ in range(20):
            self.stack.ask("/cycles", {"task": "worth a backup"})
        self.stack.dump(self.dump)
        self.backed_up = self.stack.fingerprint()
        self.stack.compose("stop", "reflexion-app")
        self.stack.run("tar", "-czf", self.archive, "data", "logs")
        self.backed_up_files = self.files()
        self.stack.compose("start", "reflexion-app")
        self.stack.wait_until_healthy()
        for _ in range(5):
            self.stack.ask("/cycles", {"task": "newer than the backup"})
        self.live, self.live_files = self.stack.fingerprint(), self.files()
        self.stack.compose("stop", "reflexion-app")
        self.stack.run("cp", "-a", "data", self.scratch / "data")
        self.stack.sql(f"CREATE DATABASE {TEMPLATE} TEMPLATE reflexion", "postgres")
        self.stack.compose("start", "reflexion-app")
        self.stack.wait_until_healthy()

    def own_restart(self):
        """Seconds of outage when Compose alone stops and starts the application: what no recovery can be without."""
        with Outage(self.stack.port) as outage:
            self.stack.compose("stop", "reflexion-app")
            self.stack.compose("start", "reflexion-app")
            self.stack.wait_until_healthy()
        return outage.seconds

    # Between two scenarios

    def reset(self):
        """Everything as it was: policy, release, files, rows; no leftovers of runs, a new journal, the stack running."""
        shutil.rmtree(self.stack.state, ignore_errors=True)
        if self.is_on_small_volume:
            self.leave_small_volume()
        self.policy_file.write_text(self.policy)
        is_as_written = self.reset_release()
        if self.live_files != self.files() or self.live != self.stack.fingerprint():
            application = self.stack.container("reflexion-app")
            if application:
                self.stack.run("docker", "stop", application)
            self.reset_files()
            self.stack.sql("DROP DATABASE reflexion WITH (FORCE)", "postgres")
            self.stack.sql(f"CREATE DATABASE reflexion TEMPLATE {TEMPLATE}", "postgres")
            if application:
                self.stack.run("docker", "start", application)
        for kept in self.stack.directory.glob(".*.recover-*"):
            self.stack.run("rm", "-rf", kept)
        for kept in self.stack.databases() - OWN_DATABASES:
            self.stack.sql(f'DROP DATABASE "{kept}" WITH (FORCE)', "postgres")
        # Compose 1.29 takes a second and more to find out that nothing is to be done.
        if not is_as_written or self.stack.running() != SERVICES:
            self.stack.compose("up", "-d")
        self.stack.wait_until_healthy()

    def reset_release(self):
        """The newest release on its branch, as stack-up leaves it; says whether its files were as it has them."""
        is_changed = self.stack.run("git", "status", "--porcelain") != ""
        if is_changed:
            # What a scenario changed may have made the container deaf.
            self.stack.compose("kill", "reflexion-app")
            self.stack.run("git", "reset", "--hard", "--quiet")
        self.stack.run("git", "stash", "clear")
        if self.release() != "v5" or self.stack.run("git", "branch", "--show-current").strip() != "main":
            self.stack.run("git", "checkout", "--quiet", "main")
            self.stack.run("./scripts/build.sh")
            self.stack.run("./scripts/deploy.sh", "deploy")
        return not is_changed

    def reset_files(self):
        self.stack.run("rm", "-rf", "data")
        self.stack.run("cp", "-a", self.scratch / "data", "data")

    # A small volume of the server's, in memory, while its container runs

    SMALL = "/var/lib/postgresql/small"

    def move_to_small_volume(self, free):
        """The live database on a volume with so many megabytes free."""
        size = int(self.stack.sql("SELECT pg_database_size('reflexion')", "postgres")) // 1_000_000 + 1 + free
        mounted = self.stack.in_container(
            "postgres", f"mkdir -p {self.SMALL} && mount -t tmpfs -o size={size}m tmpfs {self.SMALL}", check=False)
        if mounted.status != 0:
            raise Untried("no volume can be mounted here")
        self.stack.in_container("postgres", f"chown postgres:postgres {self.SMALL}")
        self.stack.sql(f"CREATE TABLESPACE small LOCATION '{self.SMALL}'", "postgres")
        self.is_on_small_volume = True
        self.move("small")

    def leave_small_volume(self):
        for kept in self.stack.databases() - OWN_DATABASES:
            self.stack.sql(f'DROP DATABASE "{kept}" WITH (FORCE)', "postgres")
        self.move("pg_default")
        self.stack.sql("DROP TABLESPACE small", "postgres")
        self.stack.in_container("postgres", f"umount {self.SMALL}")
        self.is_on_small_volume = False

    def move(self, tablespace):
        self.stack.compose("stop", "reflexion-app")
        self.stack.sql(f"ALTER DATABASE reflexion SET TABLESPACE {tablespace}", "postgres")
        self.stack.compose("start", "reflexion-app")
        self.stack.wait_until_healthy()

    def wait_for_server(self):
        for _ in range(300):
            if self.stack.run("pg_isready", "-q", "-d", self.stack.server("postgres"), check=False).status == 0:
                return
            time.sleep(0.1)
        raise Failure("PostgreSQL does not come back")

    # What is there

    def files(self):
        """Each path below data/ with its owner, mode and content."""
        found = {}
        for path in sorted((self.stack.directory / "data").rglob("*")):
            status = path.lstat()
            content = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
            found[str(path.relative_to(self.stack.directory))] = (status.st_uid, status.st_gid, status.st_mode, content)
        return found

    def release(self):
        """The release that answers; none when nothing does."""
        try:
            return self.stack.ask("/health")["release"]
        except OSError:
            return None

    # What has to hold

    def check_services(self):
        running = self.stack.running()
        if running != SERVICES:
            raise Failure(f"only {sorted(running)} run")

    def must_be(self, wanted, what):
        if self.stack.fingerprint() != wanted:
            raise Failure(f"the database is not {what}")

    def must_be_live(self):
        """What was there before is there still, and nothing beside it."""
        self.must_be(self.live, "what it was before the run")
        left = self.stack.databases() - OWN_DATABASES
        if any("previous" in name for name in left):
            raise Failure(f"databases are left: {sorted(left)}")

    def must_be_backup(self):
        self.must_be(self.backed_up, "what the backup has")
        if not any("previous" in name for name in self.stack.databases()):
            raise Failure("the database of before was not kept")
