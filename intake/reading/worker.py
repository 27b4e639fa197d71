"""The child: ``python -m intake.reading.worker --memory-mb N --cpu-seconds N``, its socket to the parent as stdin.

It opens untrusted bytes, so it holds nothing worth having and can do little: it has confined itself before the first
of them (``confine``), dies with its parent, and never sees a path, only descriptors. Nothing of a document goes to
stderr, which is closed to it (libraries print there) once it has started.
"""

import argparse
import gc
import os
import socket
from collections import deque
from collections.abc import Iterator
from mmap import ACCESS_COPY, MADV_DONTNEED, mmap

from intake.reading import dispatch, wire
from intake.reading.agreed import Document, Tick, ToolMissingError
from intake.reading.confine import Bounds, allow_step, confine
from intake.reading.parts import Picture, Reading, Sound, ToolMissing, Unreadable

_MAX_READ_BYTES = 1024 * 1024 * 1024  # of one item; a single call reads twice as many at most
_RECEIVE_BYTES = 65_536
_FDS_AT_ONCE = 64
_TICK = wire.frame(wire.Progress())

_BROKEN = Unreadable(
    "The file is damaged in a way that its reader did not expect.",
    "Open it by hand; if it opens, report the receipt number to whoever looks after this program.",
)
_INCOMPLETE = ToolMissing(
    "a reader's library", "Install this program anew (make setup), with files that everybody may read."
)


def main() -> None:
    """Serve requests until the parent goes away."""
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--sandboxed", action="store_true", help="this process is inside a sandbox")
    arguments.add_argument("--memory-mb", type=int, required=True, help="address space, in MiB")
    arguments.add_argument("--cpu-seconds", type=int, required=True, help="processor time of a step")
    given = arguments.parse_args()
    bounds = Bounds(given.memory_mb, given.cpu_seconds)
    confine(bounds, sandboxed=given.sandboxed)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM, fileno=os.dup(0)) as channel:
        channel.sendall(wire.frame(wire.Ready()))
        nowhere = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1, 2):
            os.dup2(nowhere, stream)
        serve(channel, bounds)
    os._exit(0)  # nothing is left to be tidied up, and the parent waits


def serve(channel: socket.socket, bounds: Bounds) -> None:
    """Answer the requests that arrive on the channel, in order, until it is closed at the other end."""
    frames, waiting = wire.Frames(wire.MAX_SPLIT_REQUEST_BYTES), deque[int]()
    while True:
        data, descriptors, _, _ = socket.recv_fds(channel, _RECEIVE_BYTES, _FDS_AT_ONCE)
        if not data:
            return
        waiting.extend(descriptors)
        for body in frames.feed(data):
            original = waiting.popleft()
            allow_step(bounds)
            for answer in _answers(wire.request(body), original, channel, bounds):
                channel.sendall(answer)
            os.close(original)


def _answers(request: wire.Request, original: int, channel: socket.socket, bounds: Bounds) -> Iterator[bytes]:
    """Yield the framed answers. The one broad catch of the package: whatever a reader raises on hostile bytes becomes
    an answer, except that running out of memory ends the process, whose heap can't be trusted to serve the next."""

    def tick() -> None:
        channel.sendall(_TICK)
        allow_step(bounds)

    try:
        if request.task == "read":
            result = _read(request, original, tick)
            yield wire.frame(wire.Failed(result) if isinstance(result, Unreadable) else wire.Read(result))
        elif request.task == "draw":
            picture = _draw(request, original)
            yield wire.frame(wire.Failed(picture) if isinstance(picture, Unreadable) else wire.Drawn(picture))
        elif request.task == "listen":
            sound = _listen(request, original)
            yield wire.frame(wire.Failed(sound) if isinstance(sound, Unreadable) else wire.Listened(sound))
        else:
            for answer in _split(request, original):
                yield wire.frame(answer)
                allow_step(bounds)
    except MemoryError:
        os._exit(wire.OUT_OF_MEMORY)
    except ToolMissingError as error:
        yield wire.frame(wire.Failed(error.missing))
    except (ImportError, PermissionError):
        # No reader opens a file, so it is a module of ours or of a library that is not there or may not be read.
        yield wire.frame(wire.Failed(_INCOMPLETE))
    except Exception:  # noqa: BLE001 - see above
        yield wire.frame(wire.Failed(_BROKEN))


def _read(request: wire.Request, original: int, tick: Tick) -> Reading | Unreadable:
    if (refused := _too_large(original)) is not None:
        return refused
    if "pages" in request.options:
        first, end = request.options["pages"]
        document = _kept.document(original, request)
        try:
            return document if isinstance(document, Unreadable) else dispatch.read_pages(document, first, end, tick)
        finally:
            _kept.rest()
    return dispatch.read(_whole(original), request.media_type, request.options, tick)


def _draw(request: wire.Request, original: int) -> Picture | Unreadable:
    refused = _too_large(original)
    return dispatch.draw(_whole(original), request.media_type, request.options) if refused is None else refused


def _listen(request: wire.Request, original: int) -> Sound | Unreadable:
    refused = _too_large(original)
    return dispatch.listen(_whole(original), request.media_type, request.options) if refused is None else refused


def _too_large(original: int) -> Unreadable | None:
    if os.fstat(original).st_size <= _MAX_READ_BYTES:
        return None
    return Unreadable(f"This file is larger than {_MAX_READ_BYTES >> 20} MB.", "Ask for it in smaller pieces.")


def _whole(original: int) -> bytes:
    return os.pread(original, os.fstat(original).st_size, 0)


class _Kept:
    """The document that was opened last: its further pages mostly come to the same process. It is mapped, not copied,
    and known by its file (while that is mapped, no other can have its number)."""

    def __init__(self) -> None:
        self._of: tuple[object, ...] | None = None
        self._document: Document | Unreadable | None = None
        self._data: mmap | None = None

    def document(self, original: int, request: wire.Request) -> Document | Unreadable:
        """The opened document of a request."""
        file = os.fstat(original)
        options = {name: value for name, value in request.options.items() if name != "pages"}
        of = (file.st_dev, file.st_ino, file.st_size, file.st_mtime_ns, request.media_type, options)
        if of != self._of or self._document is None:
            self._of = self._document = self._data = None
            gc.collect()  # what is let go of here may hold hundreds of megabytes
            if file.st_size == 0:
                return dispatch.EMPTY
            self._data = mmap(original, file.st_size, access=ACCESS_COPY)
            self._document = dispatch.open_document(self._data, request.media_type, options)
            self._of = of
        return self._document

    def rest(self) -> None:
        """Leave the file's bytes to the kernel until the next page: nothing is written to them, so they can be read
        again, and a file of a gigabyte need not be in memory whole."""
        if self._data is not None:
            self._data.madvise(MADV_DONTNEED)


_kept = _Kept()


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
