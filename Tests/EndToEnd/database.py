"""`recover db` on the stack: it succeeds, it fails at every step, it is killed at every step."""

import re
import signal

from scenario import scenario
from stack import Failure

RESTORE = ("--database", "reflexion", "--yes")
STEPS = ("inspect", "prepare", "stop", "fence", "load", "analyze", "prove", "swap", "start", "health", "accept", "retire")


def restore(world, *options, dump=None, **more):
    return world.stack.recover("db", "--from", dump or world.dump, *RESTORE, *options, **more)


@scenario("db: restored", exits=0)
def restored(world):
    ended = restore(world)
    world.must_be_backup()
    return ended


@scenario("db: restored while the application works (--serve all)", exits=0)
def served(world):
    ended = restore(world, "--serve", "all")
    world.must_be_backup()
    return ended


@scenario("db: restored, and undone", exits=0)
def undone(world):
    restore(world)
    ended = world.stack.recover("undo", "last", "--yes")
    world.must_be(world.live, "what it was before the run")
    return ended


@scenario("db: the backup is cut off", exits=5)
def cut_off(world):
    short = world.scratch / "short.sql"
    short.write_bytes(world.dump.read_bytes()[:-5000])
    ended = restore(world, dump=short)
    world.must_be_live()
    return ended


def bad_row_of(world):
    bad = world.scratch / "bad.sql"
    bad.write_text(re.sub(r"(?m)^30000\t\d+\t", "30000\tno number\t", world.dump.read_text(), count=1))
    return bad


@scenario("db: a row of the backup is bad", exits=3)
def bad_row(world):
    ended = restore(world, dump=bad_row_of(world))
    world.must_be_live()
    return ended


@scenario("db: an assertion fails on the restored copy", exits=3)
def assertion(world):
    empty = world.scratch / "empty.sql"
    text = world.dump.read_text()
    text = re.sub(r"(?ms)^(COPY public\.(?:users|cycles) .*?stdin;\n).*?^\\\.$", r"\1\\.", text)
    empty.write_text(text)
    ended = restore(world, dump=empty)
    world.must_be_live()
    return ended


@scenario("db: the application is unhealthy on the restored copy", exits=3)
def unhealthy(world):
    older = world.scratch / "older.sql"
    text = world.dump.read_text()
    older.write_text(re.sub(r"(?m)^2\t(20\d\d-.*)$", r"3\t\1", text, count=1))
    ended = restore(world, dump=older)
    world.must_be_live()
    return ended


@scenario("db: an after-restore hook fails", exits=3)
def hook(world):
    policy = world.policy.replace("    services: [app]\n", "    services: [app]\n    after-restore:\n"
                                  "      - {name: rebuild the cache, shell: exit 7}\n", 1)
    world.policy_file.write_text(policy)
    ended = restore(world)
    world.must_be_live()
    return ended


@scenario("db: the server's volume fills up in mid-load", exits=3)
def volume_full(world):
    # Rows of two bytes in the dump, and of 36 in the table: nobody can foresee from the one what the other takes.
    free = 3 * world.megabytes + 20
    large = world.scratch / "large.sql"
    end = "--\n-- PostgreSQL database dump complete"
    filler = "CREATE TABLE public.filler (a integer);\nCOPY public.filler (a) FROM stdin;\n"
    filler += "1\n" * (free * 1_000_000 // 36) + "\\.\n\n"
    large.write_text(world.dump.read_text().replace(end, filler + end))
    world.move_to_small_volume(free)
    world.outage.forget()
    ended = restore(world, dump=large)
    if "53100" not in ended.output:
        raise Failure("PostgreSQL did not say that its disk is full")
    world.must_be_live()
    return ended


@scenario("db: the container does not stop by itself", exits=0)
def deaf(world):
    # Ignores SIGTERM, and its file gives it more time than the policy does.
    text = world.compose_file.read_text()
    world.compose_file.write_text(text.replace("stop_grace_period: 10s", "stop_grace_period: 300s").replace(
        'user: "1000:1000"', 'user: "1000:1000"\n    command: [sh, -c, "trap \'\' TERM; python3 -B -m src.reflexion"]', 1))
    world.policy_file.write_text(world.policy.replace("stop-timeout: 30s", "stop-timeout: 8s"))
    world.stack.compose("up", "-d", "reflexion-app")
    world.stack.wait_until_healthy()
    world.outage.forget()
    ended = restore(world)
    world.must_be_backup()
    return ended


@scenario("db: PostgreSQL is killed in mid-load, and resumed", exits=0)
def server_killed(world):
    # Long enough to be hit: the load waits in a statement of its own.
    slow = world.scratch / "slow.sql"
    text = world.dump.read_text()
    slow.write_text(text.replace("\nALTER TABLE ONLY ", "\nSELECT pg_catalog.pg_sleep(10);\n\nALTER TABLE ONLY ", 1))
    child = world.stack.started("db", "--from", slow, *RESTORE)
    for line in child.stdout:
        if "load: begins" in line:
            world.stack.compose("kill", "-s", "SIGKILL", "postgres")
            break
    world.stack.said = child.stdout.read()
    # What holds the target is gone with its server: nobody goes on by themselves.
    if child.wait() != 6:
        raise Failure(f"exited with {child.returncode} when its server was killed")
    world.stack.compose("start", "postgres")
    world.wait_for_server()
    ended = world.stack.recover("resume", "last")
    world.must_be_backup()
    return ended


@scenario("db: Ctrl-C in the load, and resumed", exits=0)
def interrupted(world):
    child = world.stack.started("db", "--from", world.dump, *RESTORE)
    for line in child.stdout:
        if "load: begins" in line:
            child.send_signal(signal.SIGINT)
            break
    child.stdout.read()
    child.wait()
    ended = world.stack.recover("resume", "last")
    world.must_be_backup()
    return ended


def killed_at(point):
    @scenario(f"db: killed at {point}, and resumed", exits=0)
    def killed(world):
        first = restore(world, crash_at=point)
        if first.status != -9:
            raise Failure(f"was not killed at {point}, but exited with {first.status}:\n{first.output[-2000:]}")
        ended = world.stack.recover("resume", "last")
        world.must_be_backup()
        return ended


# With its effect there and no record of it, the hardest moment of each step; and where nothing is done yet.
for step in STEPS:
    killed_at(f"before-step-succeeded.{step}")
for point in ("step-intended.stop", "step-intended.swap", "step-intended.start", "load.commit", "swap.before-commit",
              "swap.after-commit"):
    killed_at(point)


@scenario("db: a bad row, killed while it undoes, and resumed", exits=3)
def killed_in_undo(world):
    bad_row_of(world)
    first = restore(world, dump=world.scratch / "bad.sql", crash_at="step-undo-intended.stop")
    if first.status != -9:
        raise Failure(f"was not killed in the undo, but exited with {first.status}")
    ended = world.stack.recover("resume", "last")
    world.must_be_live()
    return ended
