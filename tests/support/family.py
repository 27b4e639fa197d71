"""All the processes that a command starts, in whatever session: a sandbox has one of its own, and is in no group."""

import ctypes
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_SUBREAPER = 36  # PR_SET_CHILD_SUBREAPER


def descendants(of: int) -> list[int]:
    """The processes that a process has started, and that these have; not those that only wait to be collected."""
    parents: dict[int, int] = {}
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, parent = status.read_text(errors="replace").rpartition(")")[2].split()[:2]
        except OSError:
            continue
        if state != "Z":
            parents[int(status.parent.name)] = int(parent)
    found, more = set[int](), {of}
    while more:
        more = {pid for pid, parent in parents.items() if parent in more and pid not in found}
        found |= more
    return sorted(found)


@contextmanager
def orphans() -> Iterator[list[int]]:
    """What is left behind by whatever is started in here: filled at the end. Orphans become our children meanwhile."""
    libc = ctypes.CDLL(None)
    libc.prctl(_SUBREAPER, 1, 0, 0, 0)
    before, left = set(descendants(os.getpid())), list[int]()
    try:
        yield left
    finally:
        left += [pid for pid in descendants(os.getpid()) if pid not in before]
        libc.prctl(_SUBREAPER, 0, 0, 0, 0)


class Peak:
    """The most memory that any process of a command has had, in MB, looked at as long as it is a context."""

    def __init__(self, of: int) -> None:
        self.mb = 0
        self._of = of
        self._ended = threading.Event()
        self._watching = threading.Thread(target=self._watch)

    def __enter__(self) -> "Peak":
        self._watching.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._watching.join()

    def _watch(self) -> None:
        while not self._ended.wait(0.1):
            for pid in (self._of, *descendants(self._of)):
                try:
                    lines = Path(f"/proc/{pid}/status").read_text(errors="replace").splitlines()
                except OSError:
                    continue
                self.mb = max([self.mb, *(int(line.split()[1]) // 1024 for line in lines if line.startswith("VmHWM"))])
