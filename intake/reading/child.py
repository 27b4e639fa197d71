"""The parent's hold on one reader's process: starts it, hands it originals, takes its answers, ends it."""

import os
import signal
import socket
import subprocess
import sys
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

from intake.reading import wire
from intake.reading.confine import Bounds

COMMAND = (sys.executable, "-P", "-m", "intake.reading.worker")
"""A sandbox to run it in goes before this, and ``--sandboxed`` behind; the socket stays stdin."""
_RECEIVE_BYTES = 1 << 20
_BY_SIGNAL = 128
_ZIP = b"PK\x03\x04"
_GRACE_SECONDS = 0.5
_START_SECONDS = 60.0  # a busy machine is not the item's fault
_TOO_MUCH = "The reader says far more about this file than it can hold."
NONSENSE = "The reader's answer made no sense or was too long."
_STDERR_BYTES = 4096
_PASSED_ON = ("PATH", "TESSDATA_PREFIX", "LD_LIBRARY_PATH")
_KEEP_MEMORY = {"MALLOC_MMAP_THRESHOLD_": str(32 << 20), "MALLOC_TRIM_THRESHOLD_": str(128 << 20)}
"""glibc (mallopt(3)): what a page has let go of is kept for the next one. Each page takes tens of megabytes, many times
over, and to have the kernel give them anew each time is 2 to 3 % of the processor time of a page of 300 dpi."""
_ONE_THREAD = {"OMP_THREAD_LIMIT": "1", "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


@dataclass(frozen=True, slots=True)
class ReadJob:
    """One original to read, split or draw.

    Either ``path`` or ``content`` holds its bytes. ``key`` is the caller's own. ``options`` are the reader's.
    """

    key: int
    path: Path | None
    content: bytes | None
    media_type: str
    options: wire.Options = field(default_factory=dict)

    what: ClassVar[str] = "file"
    """What a sentence about it calls it."""

    def size(self) -> int:
        """Its length in bytes.

        Raises:
            OSError: there is no such file.
        """
        return len(self.content) if self.content is not None else self._path().stat().st_size

    def is_zip(self) -> bool:
        """Whether its first bytes are those of a zip.

        Raises:
            OSError: there is no such file.
        """
        if self.content is not None:
            return self.content.startswith(_ZIP)
        with self._path().open("rb") as file:
            return file.read(len(_ZIP)) == _ZIP

    def open(self) -> int:
        """Return a descriptor of its bytes, at their start; the caller closes it.

        Raises:
            OSError: the file can't be opened, or there is no memory for the content.
        """
        if self.content is None:
            return os.open(self._path(), os.O_RDONLY | os.O_CLOEXEC)
        descriptor = os.memfd_create("original", os.MFD_CLOEXEC)
        view = memoryview(self.content)
        while view:
            view = view[os.write(descriptor, view) :]
        os.lseek(descriptor, 0, os.SEEK_SET)
        return descriptor

    def _path(self) -> Path:
        if self.path is None:
            raise ValueError("a job needs a path or its content")
        return self.path


class Gone(Exception):
    """The child is no longer there, or no longer makes sense; ``why`` is a sentence about it."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class Child:
    """One process.

    ``pending`` are the jobs that it has and has not answered, the one it is at first; ``light`` says that they are
    small ones. ``ready`` says that it has started. ``wear`` grows with what it has read. ``step_deadline`` is that of
    the page it is at (or of the whole job), ``item_deadline`` that of the job. ``room`` is how many bytes more it may
    say before it has said too much.
    """

    def __init__(self, command: Sequence[str], bounds: Bounds, max_frame_bytes: int) -> None:
        """Start it, without waiting until it is up.

        Args:
            command: the program; ``--memory-mb`` and ``--cpu-seconds`` are added.
            bounds: its address space, and its processor time for a step.
            max_frame_bytes: the longest single answer that is accepted.

        Raises:
            OSError: the program is not there, or the machine has no room for a process.
        """
        self.pending: deque[ReadJob] = deque()
        self.ready = False
        self.light = True
        self.wear = 0
        self.step_deadline = self.item_deadline = self.room = float("inf")
        self._frames = wire.Frames(max_frame_bytes)
        self._bounds = bounds
        self._socket, theirs = socket.socketpair()
        with theirs:
            try:
                self._process = subprocess.Popen(
                    [*command, "--memory-mb", str(bounds.memory_mb), "--cpu-seconds", str(bounds.cpu_seconds)],
                    stdin=theirs.fileno(),
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.PIPE,
                    env=_environment(),
                )
            except OSError:
                self._socket.close()
                raise

    def begin(self, now: float, step_seconds: float, item_seconds: float) -> None:
        """Start the clocks of the job that it is at; while it is not up yet, that of its start."""
        self.step_deadline = now + (step_seconds if self.ready else _START_SECONDS)
        self.item_deadline = now + (item_seconds if self.ready else _START_SECONDS)

    @property
    def deadline(self) -> float:
        """When the job that it is at becomes overdue, in the seconds of whoever set the clocks."""
        return min(self.step_deadline, self.item_deadline)

    def extend(self, seconds: float) -> None:
        """Put both deadlines off."""
        self.step_deadline += seconds
        self.item_deadline += seconds

    @property
    def alive(self) -> bool:
        """Whether the process still runs."""
        return self._process.poll() is None

    def fileno(self) -> int:
        """The descriptor to wait on."""
        return self._socket.fileno()

    def send(self, task: wire.Task, job: ReadJob) -> None:
        """Hand it a job.

        Raises:
            OSError: the job's file can't be opened.
            ValueError: the options are too long to be sent.
            Gone: the child has ended.
        """
        message = wire.frame(wire.Request(task, job.media_type, job.options))
        most = wire.MAX_SPLIT_REQUEST_BYTES if task == "split" else wire.MAX_REQUEST_BYTES
        if len(message) > most:
            raise ValueError(f"the options of a job are longer than {most} bytes")
        descriptor = job.open()
        try:
            sent = socket.send_fds(self._socket, [message], [descriptor])
            self._socket.sendall(message[sent:])
        except ConnectionError as error:
            raise Gone(self._obituary(self._at)) from error
        finally:
            os.close(descriptor)
        self.pending.append(job)

    def receive(self) -> Iterator[wire.Answer]:
        """Yield the answers that have arrived in full; call it when ``fileno`` is readable, and take all of them.

        Raises:
            Gone: the child has ended, or what it says is no answer.
        """
        try:
            data = self._socket.recv(_RECEIVE_BYTES)
            if not data:
                raise Gone(self._obituary(self._at))
            self.room -= len(data)
            if self.room < 0:
                raise Gone(_TOO_MUCH)
            yield from map(wire.answer, self._frames.feed(data))
        except ConnectionError as error:
            raise Gone(self._obituary(self._at)) from error
        except wire.BadFrame as error:
            raise Gone(NONSENSE) from error

    def kill(self) -> str:
        """End it, and return what it wrote to stderr before it was up. May be called twice.

        One that has nothing to do is left a moment to end by itself once its socket is closed: of a sandbox that is
        killed, the kernel tells nobody how much processor time was used inside.
        """
        self._socket.close()
        if self.ready and not self.pending:
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(_GRACE_SECONDS)
        self._process.kill()
        self._process.wait()
        stderr = self._process.stderr
        if stderr is None or stderr.closed:
            return ""
        with stderr:
            os.set_blocking(stderr.fileno(), False)
            return (stderr.read(_STDERR_BYTES) or b"").decode("utf-8", "replace").strip()

    @property
    def _at(self) -> str:
        return self.pending[0].what if self.pending else "file"

    def _obituary(self, what: str) -> str:
        try:
            status = self._process.wait(1)
        except subprocess.TimeoutExpired:
            return f"The reader hung up in the middle of this {what}."
        number = -status if status < 0 else status - _BY_SIGNAL  # the sandbox says it as a shell does
        if status == wire.OUT_OF_MEMORY:
            return f"Reading this {what} takes more than the {self._bounds.memory_mb} MB of memory that are allowed."
        if number == signal.SIGXCPU:
            seconds = self._bounds.cpu_seconds
            return f"Reading this {what} takes more than the {seconds} seconds of work that are allowed."
        if number > 0:
            return f"The reader crashed on this {what} (signal {number})."
        return f"The reader ended in the middle of this {what} (status {status})."


def _environment() -> dict[str, str]:
    """What a child needs and no more: it must not see the passwords that its parent has in its environment."""
    package_root = str(Path(__file__).parents[2])
    kept = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    return {**kept, "PYTHONPATH": package_root, "LC_ALL": "C.UTF-8", **_ONE_THREAD, **_KEEP_MEMORY}
