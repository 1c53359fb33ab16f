"""`recover deploy` and `recover rollback` on the stack."""

from scenario import scenario
from stack import Failure

STEPS = ("inspect", "checkout", "build", "stop", "deploy", "start", "health", "accept", "record")


def deploy(world, *words, **more):
    return world.stack.recover("deploy", *words, "--no-fetch", "--yes", **more)


def rollback(world, *words, **more):
    return world.stack.recover("rollback", *words, "--yes", **more)


def must_serve(world, release):
    world.stack.wait_until_healthy()
    if world.release() != release:
        raise Failure(f"{world.release()} answers, not {release}")
    head = world.stack.run("git", "describe", "--tags", "--always").strip()
    if head != release:
        raise Failure(f"{head} is checked out, not {release}")


def must_be_untouched(world):
    must_serve(world, "v5")
    branch = world.stack.run("git", "branch", "--show-current").strip()
    if branch != "main":
        raise Failure(f"the branch is {branch or 'none'}, not main")


@scenario("deploy: another release", exits=0)
def deployed(world):
    ended = deploy(world, "--to", "v2-migrated")
    must_serve(world, "v2-migrated")
    return ended


@scenario("deploy: the build is broken", exits=3)
def broken_build(world):
    ended = deploy(world, "--to", "v3-broken-build")
    must_be_untouched(world)
    return ended


@scenario("deploy: the deployment fails", exits=3)
def failing_deployment(world):
    commit = world.stack.run("git", "rev-parse", "v2-migrated").strip()
    world.policy_file.write_text(world.policy.replace(
        "deploy: ./scripts/deploy.sh deploy", f'deploy: "test $RECOVER_RELEASE != {commit} && ./scripts/deploy.sh deploy"'))
    ended = deploy(world, "--to", "v2-migrated")
    must_be_untouched(world)
    return ended


@scenario("deploy: the release is unhealthy", exits=3)
def unhealthy(world):
    ended = deploy(world, "--to", "v4-unhealthy")
    must_be_untouched(world)
    return ended


@scenario("rollback: to the last verified release", exits=0)
def rolled_back(world):
    for release in ("v2-migrated", "v5"):
        first = deploy(world, "--to", release)
        if first.status != 0:
            raise Failure(f"the deployment of {release} exited with {first.status}")
    ended = rollback(world)
    must_serve(world, "v2-migrated")
    return ended


@scenario("rollback: the release is deployed already", exits=0)
def already(world):
    ended = rollback(world, "--to", "v5")
    must_be_untouched(world)
    return ended


@scenario("rollback: there is no such revision", exits=1)
def no_revision(world):
    ended = rollback(world, "--to", "v77")
    must_be_untouched(world)
    return ended


@scenario("rollback: the database was migrated beyond it", exits=1)
def incompatible(world):
    ended = rollback(world, "--to", "v1", "--confirm", "reflexion")
    must_be_untouched(world)
    return ended


@scenario("rollback: the work tree is not clean", exits=1)
def dirty(world):
    changed = world.stack.directory / "Dockerfile"
    changed.write_text(changed.read_text() + "# by hand, in the night\n")
    ended = rollback(world, "--to", "v2-migrated", "--confirm", "reflexion")
    must_be_untouched(world)
    return ended


def killed_at(point, release, exits, after):
    @scenario(f"deploy: {release}, killed at {point}, and resumed", exits=exits)
    def killed(world):
        first = deploy(world, "--to", release, crash_at=point)
        if first.status != -9:
            raise Failure(f"was not killed at {point}, but exited with {first.status}")
        ended = world.stack.recover("resume", "last")
        after(world)
        return ended


for step in STEPS:
    killed_at(f"before-step-succeeded.{step}", "v2-migrated", 0, lambda world: must_serve(world, "v2-migrated"))
killed_at("step-undo-intended.deploy", "v4-unhealthy", 3, must_be_untouched)
