"""`recover files` on the stack: the runbook's `tar -xzf backup.tar.gz -C ./`, whole or not at all."""

from scenario import scenario
from stack import Failure

STEPS = ("inspect", "stop", "holders", "stage", "prove", "swap", "start", "health", "accept", "retire")


def restore(world, *options, archive=None, **more):
    return world.stack.recover("files", "--from", archive or world.archive, "--to", ".", "--yes", *options, **more)


def must_be_backup(world):
    if world.files() != world.backed_up_files:
        raise Failure("data/ is not what the archive has")


def must_be_live(world):
    if world.files() != world.live_files:
        raise Failure("data/ is not what it was before the run")


def archive_of(world, name, change):
    """The backup, unpacked, changed by a function of its directory, and packed again."""
    tree = world.scratch / name
    world.stack.run("rm", "-rf", tree)
    tree.mkdir()
    world.stack.run("tar", "-xzf", world.archive, "-C", tree)
    change(tree)
    packed = world.scratch / f"{name}.tar.gz"
    world.stack.run("tar", "-czf", packed, "-C", tree, "data", "logs")
    return packed


@scenario("files: restored", exits=0)
def restored(world):
    ended = restore(world)
    must_be_backup(world)
    if world.stack.run("git", "status", "--porcelain"):
        raise Failure("what the archive does not name was touched")
    return ended


@scenario("files: restored, and undone", exits=0)
def undone(world):
    restore(world)
    ended = world.stack.recover("undo", "last", "--yes")
    must_be_live(world)
    return ended


@scenario("files: the archive is cut off", exits=5)
def cut_off(world):
    short = world.scratch / "short.tar.gz"
    short.write_bytes(world.archive.read_bytes()[:-100])
    ended = restore(world, archive=short)
    must_be_live(world)
    return ended


@scenario("files: the application is unhealthy on the restored files", exits=3)
def unhealthy(world):
    def close(tree):
        world.stack.run("chown", "-R", "0:0", tree / "data")
        (tree / "data").chmod(0o700)
    ended = restore(world, archive=archive_of(world, "closed", close))
    must_be_live(world)
    return ended


def killed_at(point):
    @scenario(f"files: killed at {point}, and resumed", exits=0)
    def killed(world):
        first = restore(world, crash_at=point)
        if first.status != -9:
            raise Failure(f"was not killed at {point}, but exited with {first.status}")
        ended = world.stack.recover("resume", "last")
        must_be_backup(world)
        return ended


for step in STEPS:
    killed_at(f"before-step-succeeded.{step}")
killed_at("step-intended.swap")
