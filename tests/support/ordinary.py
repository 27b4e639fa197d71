"""Running a command as an ordinary user, also where the tests are run by root in a folder that is closed to others."""

import os
import stat
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.support.processes import find_program

ROOT = Path(__file__).resolve().parents[2]
UID = 61_000
"""Nobody's number: what counts its processes counts no other's."""


def as_ordinary_user(command: Sequence[str | Path], *own: Path) -> list[str]:
    """The command, to be started as a user without any right; ``own`` are folders that become this user's.

    Unchanged if the tests have no rights either. Started by root, it becomes another user behind a view of the file
    system in which nothing is different, except that the way to this Python and to the project is open.
    """
    words = [str(word) for word in command]
    if os.geteuid() != 0:
        return words
    for folder in own:
        for path in (folder, *folder.rglob("*")):
            os.chown(path, UID, UID, follow_symlinks=False)
    become = ["setpriv", f"--reuid={UID}", f"--regid={UID}", "--clear-groups", "--inh-caps=-all"]
    return [find_program("bwrap"), "--dev-bind", "/", "/", *_opened(), "--", *become, *words]


def _opened() -> Iterator[str]:
    """Each folder that is closed to others, on the way to what is needed, replaced by one that shows only that."""
    needed = dict.fromkeys((ROOT, Path(sys.prefix), Path(sys.base_prefix)))
    closed = dict.fromkeys(door for path in needed for door in reversed(path.parents) if not _is_open(door))
    doors = [door for door in closed if not any(door.is_relative_to(other) for other in closed if other != door)]
    for door in doors:
        yield from ("--perms", "0755", "--tmpfs", str(door))
        behind = [path for path in needed if path.is_relative_to(door)]
        folders = dict.fromkeys(up for path in behind for up in reversed(path.parents) if up != door)
        for folder in folders:
            if folder.is_relative_to(door):
                yield from ("--perms", "0755", "--dir", str(folder))
        for path in behind:
            yield from ("--bind", str(path), str(path))


def _is_open(folder: Path) -> bool:
    return bool(folder.stat().st_mode & stat.S_IXOTH)
