"""What a reader's process does to itself before it sees the first untrusted byte, and can't undo."""

import ctypes
import os
import resource
import signal
from dataclasses import dataclass

from intake.reading import seccomp

_PR_SET_PDEATHSIG = 1
_PROCESSES = 64  # with the threads that libraries start for each core; a reader starts no process
_DESCRIPTORS = 64  # the originals that queue up, and a few modules being imported
_BYTECODE_BYTES = 16 * 1024 * 1024  # of a library imported for the first time; a reader writes nothing
_UIDS = range(61184, 65520)
"""Users without name or files, taken for the life of a process (systemd's range for its ``DynamicUser``)."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """``memory_mb`` of address space, ``cpu_seconds`` for each step (a page, or an item without pages)."""

    memory_mb: int
    cpu_seconds: int


def confine(bounds: Bounds, *, sandboxed: bool) -> None:
    """Take limits, give up rights and system calls, and die with the parent.

    ``sandboxed`` says that this process is in a sandbox: then it writes no file at all; started as root it becomes a
    user of its own, since the kernel holds root to no number of processes. Outside, that number would be
    that of all processes of this user, so that it can't be bounded here.

    Raises:
        OSError, ValueError: something is refused: this process must open nothing.
    """
    if sandboxed and os.getuid() == 0:
        _become_nobody()
    die_with_parent()
    memory = bounds.memory_mb * 1024 * 1024
    _set(resource.RLIMIT_AS, memory)
    _set(resource.RLIMIT_CORE, 0)
    _set(resource.RLIMIT_FSIZE, 0 if sandboxed else _BYTECODE_BYTES)
    _set(resource.RLIMIT_NOFILE, _DESCRIPTORS)
    if sandboxed:
        _set(resource.RLIMIT_NPROC, _PROCESSES)
    seccomp.give_up()


def allow_step(bounds: Bounds) -> None:
    """Allow so much processor time from now on; more ends the process (SIGXCPU)."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    until = int(used.ru_utime + used.ru_stime) + 1 + bounds.cpu_seconds
    resource.setrlimit(resource.RLIMIT_CPU, (until, resource.RLIM_INFINITY))


def die_with_parent() -> None:
    """Be killed when the parent ends, and by it alone."""
    # A parent that is gone already has closed its end of the socket: the first thing that is read says so. Its process
    # id would say the same, but not from inside a sandbox.
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    for ending in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        # A terminal or systemd sends these to the whole group. The parent decides when to end: a child that died of
        # them would leave its item looking like the cause.
        signal.signal(ending, signal.SIG_IGN)


def _become_nobody() -> None:
    """Another user each time, so that the number of its processes is that of this sandbox's."""
    user = _UIDS[int.from_bytes(os.urandom(4)) % len(_UIDS)]
    os.setgroups([])
    os.setresgid(user, user, user)
    os.setresuid(user, user, user)
    _drop_capabilities()


def _drop_capabilities() -> None:
    """All that is left of them: what a program started from here could inherit (capset(2), version 3)."""
    header, none = (ctypes.c_uint32 * 2)(0x20080522, 0), (ctypes.c_uint32 * 6)()
    if ctypes.CDLL(None, use_errno=True).capset(header, none):
        raise OSError(ctypes.get_errno(), "the capabilities can't be given up")


def can_become_nobody() -> bool:
    """Whether root is the machine's (or a container's) own, with those users to become; not the root of a name space
    that an ordinary user made, who has nobody to become."""
    with open("/proc/self/uid_map", encoding="ascii") as lines:  # noqa: PTH123  # one line a range: first, outside, count
        ranges = [tuple(map(int, line.split())) for line in lines]
    return any(first <= _UIDS[0] and _UIDS[-1] < first + count for first, _, count in ranges)


def _set(kind: int, value: int) -> None:
    hard = resource.getrlimit(kind)[1]
    bound = value if hard == resource.RLIM_INFINITY else min(value, hard)
    resource.setrlimit(kind, (bound, bound))
