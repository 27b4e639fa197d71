"""The child: ``python -m intake.reading.worker --memory-mb N [--parent PID]``, its socket to the parent as stdin.

It opens untrusted bytes, so it holds nothing worth having and can do little: it has limits of its own from the first
moment on, dies with its parent, and never sees a path, only descriptors. Nothing of a document goes to stderr, which
is closed to it (libraries print there) once it has started.
"""

import argparse
import ctypes
import os
import resource
import signal
import socket
from collections import deque
from collections.abc import Iterator

from intake.reading import dispatch, wire
from intake.reading.parts import Unreadable

_MAX_FILE_BYTES = 16 * 1024 * 1024  # the bytecode of a library imported for the first time; a reader writes nothing
_PR_SET_PDEATHSIG = 1
_RECEIVE_BYTES = 65_536
_FDS_AT_ONCE = 64

_BROKEN = Unreadable(
    "The file is damaged in a way that its reader did not expect.",
    "Open it by hand; if it opens, report the receipt number to whoever looks after this program.",
)


def main() -> None:
    """Serve requests until the parent goes away."""
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--memory-mb", type=int, required=True, help="address space, in MiB")
    arguments.add_argument("--parent", type=int, help="process id of the parent, to notice that it is gone already")
    given = arguments.parse_args()
    _die_with_parent(given.parent)
    _limit(given.memory_mb)
    with socket.socket(fileno=os.dup(0)) as channel:
        channel.sendall(wire.frame(wire.Ready()))
        nowhere = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1, 2):
            os.dup2(nowhere, stream)
        serve(channel)


def _die_with_parent(parent: int | None) -> None:
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if parent is not None and os.getppid() != parent:
        raise SystemExit(0)
    for ending in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        # A terminal or systemd sends these to the whole group. The parent decides when to end: a child that died of
        # them would leave its item looking like the cause.
        signal.signal(ending, signal.SIG_IGN)


def _limit(memory_mb: int) -> None:
    memory = memory_mb * 1024 * 1024
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (_MAX_FILE_BYTES, _MAX_FILE_BYTES))
    os.environ["OMP_THREAD_LIMIT"] = "1"


def serve(channel: socket.socket) -> None:
    """Answer the requests that arrive on the channel, in order, until it is closed at the other end."""
    frames, waiting = wire.Frames(wire.MAX_REQUEST_BYTES), deque[int]()
    while True:
        data, descriptors, _, _ = socket.recv_fds(channel, _RECEIVE_BYTES, _FDS_AT_ONCE)
        if not data:
            return
        waiting.extend(descriptors)
        for body in frames.feed(data):
            original = waiting.popleft()
            for answer in _answers(wire.request(body), original, channel):
                channel.sendall(answer)
            os.close(original)


def _answers(request: wire.Request, original: int, channel: socket.socket) -> Iterator[bytes]:
    """Yield the framed answers. The one broad catch of the package: whatever a reader raises on hostile bytes becomes
    an answer, except that running out of memory ends the process, whose heap can't be trusted to serve the next."""
    tick_frame = wire.frame(wire.Progress())
    try:
        if request.task == "read":
            data = os.pread(original, os.fstat(original).st_size, 0)
            result = dispatch.read(data, request.media_type, request.options, lambda: channel.sendall(tick_frame))
            yield wire.frame(wire.Failed(result) if isinstance(result, Unreadable) else wire.Read(result))
        else:
            yield from map(wire.frame, _split(request, original))
    except MemoryError:
        os._exit(wire.OUT_OF_MEMORY)
    except dispatch.ToolMissingError as error:
        yield wire.frame(wire.Failed(error.missing))
    except Exception:  # noqa: BLE001 - see above
        yield wire.frame(wire.Failed(_BROKEN))


def _split(request: wire.Request, original: int) -> Iterator[wire.Answer]:
    result = dispatch.split(os.fdopen(os.dup(original), "rb", buffering=1 << 20), request.media_type, request.options)
    if isinstance(result, Unreadable):
        yield wire.Failed(result)
        return
    if isinstance(result, tuple):
        table, rows = result
        yield wire.Header(table)
        yield from (wire.Rows(some) for some in rows)
    else:
        yield from (wire.Pieces(some) for some in result)
    yield wire.End()


if __name__ == "__main__":
    main()
