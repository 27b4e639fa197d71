"""The child: ``python -m intake.reading.worker --memory-mb N``, its socket to the parent as stdin.

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
from intake.reading.parts import Reading, Unreadable

_MAX_FILE_BYTES = 16 * 1024 * 1024  # the bytecode of a library imported for the first time; a reader writes nothing
_MAX_READ_BYTES = 1024 * 1024 * 1024  # of one item; a single call reads twice as many at most
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
    given = arguments.parse_args()
    _die_with_parent()
    _limit(given.memory_mb)
    with socket.socket(fileno=os.dup(0)) as channel:
        channel.sendall(wire.frame(wire.Ready()))
        nowhere = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1, 2):
            os.dup2(nowhere, stream)
        serve(channel)


def _die_with_parent() -> None:
    # A parent that is gone already has closed its end of the socket: the first thing that is read says so. Its process
    # id would say the same, but not from inside a sandbox.
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
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
            result = _read(request, original, lambda: channel.sendall(tick_frame))
            yield wire.frame(wire.Failed(result) if isinstance(result, Unreadable) else wire.Read(result))
        else:
            yield from map(wire.frame, _split(request, original))
    except MemoryError:
        os._exit(wire.OUT_OF_MEMORY)
    except dispatch.ToolMissingError as error:
        yield wire.frame(wire.Failed(error.missing))
    except Exception:  # noqa: BLE001 - see above
        yield wire.frame(wire.Failed(_BROKEN))


def _read(request: wire.Request, original: int, tick: dispatch.Tick) -> Reading | Unreadable:
    size = os.fstat(original).st_size
    if size > _MAX_READ_BYTES:
        return Unreadable(f"This file is larger than {_MAX_READ_BYTES >> 20} MB.", "Ask for it in smaller pieces.")
    return dispatch.read(os.pread(original, size, 0), request.media_type, request.options, tick)


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
