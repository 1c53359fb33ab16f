"""The trees that files.py backs up, by `trees.py NAME DIRECTORY MEGABYTES`: few large files, many small ones, and a part of a real toolchain."""

import random
import shutil
import sys
from pathlib import Path

TOOLCHAIN = Path("/opt/swift/usr")
WORDS = "the tree of a backup has files with words in them that a codec finds again and others that it never saw".split()


def large(target, megabytes):
    """Four files: two of libraries, one of text, one that is random."""
    random.seed(1)
    share = int(megabytes * 1_000_000 / 4)
    libraries = sorted(TOOLCHAIN.rglob("*.so"), key=lambda file: (-file.stat().st_size, file))
    for number in range(2):
        with open(target / f"library-{number}", "wb") as output:
            for file in libraries[number::2]:
                output.write(file.read_bytes()[:share - output.tell()])
                if output.tell() >= share:
                    break
    with open(target / "text.log", "w", encoding="ascii") as output:
        while output.tell() < share:
            output.write("".join(f"{random.random():.6f} {' '.join(random.choices(WORDS, k=12))}\n" for _ in range(1000)))
    with open(target / "random", "wb") as output:
        for _ in range(max(1, share // 1_000_000)):
            output.write(random.randbytes(1_000_000))


def small(target, _):
    """60,000 files of up to 8 kB in 600 directories."""
    random.seed(2)
    page = " ".join(random.choices(WORDS, k=200_000)).encode()
    for number in range(600):
        directory = target / f"{number % 25:02d}" / f"{number:03d}"
        directory.mkdir(parents=True)
        for index in range(100):
            start = random.randrange(len(page) - 8192)
            head = f"{random.getrandbits(256):x}\n".encode()
            (directory / f"file-{index}.txt").write_bytes(head + page[start:start + random.randrange(8000)])


def mixed(target, megabytes):
    """Sources, modules and binaries of the toolchain, in the order of their paths, up to a size."""
    left = megabytes * 1_000_000
    for part in ["include", "share", "lib/swift", "lib/clang", "bin"]:
        for file in sorted((TOOLCHAIN / part).rglob("*")):
            if not file.is_file() or file.is_symlink() or file.stat().st_size > 60_000_000:
                continue
            left -= file.stat().st_size
            if left < 0:
                return
            copy = target / file.relative_to(TOOLCHAIN)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(file, copy)


TREES = {"large": large, "small": small, "mixed": mixed}

if __name__ == "__main__":
    TREES[sys.argv[1]](Path(sys.argv[2]), float(sys.argv[3]))
