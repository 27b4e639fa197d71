"""A speech program at work: a WAV in, what it prints out, with a limit to all that it can do.

In bubblewrap it has no network, a file system that it can't write (but for /dev/shm, in memory), no other processes and
not the consultation's home. It dies with us, and is killed with all that it started when it overruns. What it writes to
stderr may hold somebody's words, and goes nowhere.
"""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path, PurePath

from intake.reading.bubblewrap import PROGRAM

_FILE = "{file}"
_MEMORY = "/dev/shm"  # noqa: S108  # the sandbox's own, which nobody else sees
_INSIDE = f"{_MEMORY}/recording.wav"
_MOST_BYTES = 4 * 1024 * 1024  # of a transcript: an hour of speech has 60 kB
_LOOK_EVERY_S = 0.05
_PASSED_ON = ("PATH", "HOME", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "OMP_NUM_THREADS", "CUDA_VISIBLE_DEVICES")


class NoProgram(Exception):
    """The program can't be started: it is not there. The message says what to do."""


class Broken(Exception):
    """It ended without a transcript; the message is one sentence, without what it said."""


@dataclass(frozen=True, slots=True)
class Program:
    """A speech program: ``command`` (in it ``{file}`` is the WAV; without, it comes on stdin), ``seconds`` for one
    recording, whether it is put into a sandbox, and the folder that it must not see there."""

    command: tuple[str, ...]
    seconds: int
    sandboxed: bool
    hidden: Path

    def run(self, wav: bytes) -> str:
        """What it prints for a recording.

        Raises:
            NoProgram: it is not there.
            Broken: it failed, took too long, or printed too much or no text.
        """
        found = shutil.which(self.command[0])
        if found is None:
            raise NoProgram(f"Install it where speech_command says ({self.command[0]}), or mend that key.")
        with tempfile.TemporaryFile() as printed, _given(wav, self.command, self.sandboxed) as (stdin, at, fds):
            command = [argument.replace(_FILE, at) for argument in (found, *self.command[1:])]
            wrapped = [*self._apart(fds), *command] if self.sandboxed else command
            self._wait(_started(wrapped, stdin, printed.fileno(), fds), printed.fileno())
            printed.seek(0)
            try:
                return printed.read(_MOST_BYTES).decode()
            except UnicodeDecodeError as error:
                raise Broken("What it printed is no text (UTF-8).") from error

    def _wait(self, process: "subprocess.Popen[bytes]", printed: int) -> None:
        until = time.monotonic() + self.seconds
        try:
            while process.poll() is None:
                if time.monotonic() > until:
                    raise Broken(f"It took longer than the {self.seconds} seconds that it may (speech_seconds).")
                if os.fstat(printed).st_size > _MOST_BYTES:
                    raise Broken(f"It printed more than {_MOST_BYTES >> 20} MB.")
                time.sleep(_LOOK_EVERY_S)
        finally:
            _end(process)
        if process.returncode:
            raise Broken(f"It ended with status {process.returncode}.")
        if os.fstat(printed).st_size >= _MOST_BYTES:
            raise Broken(f"It printed more than {_MOST_BYTES >> 20} MB.")

    def _apart(self, fds: Sequence[int]) -> Iterator[str]:
        """The sandbox around it."""
        yield from (shutil.which(PROGRAM) or PROGRAM, *_around(_has_own_proc()))
        if self.hidden.is_dir():
            yield from ("--tmpfs", str(self.hidden))
        for descriptor in fds:
            yield from ("--ro-bind-data", str(descriptor), _INSIDE)
        yield "--"


def _around(own_proc: bool) -> Iterator[str]:
    yield from ("--ro-bind", "/", "/", "--dev", "/dev", *(("--proc", "/proc") if own_proc else ("--tmpfs", "/proc")))
    yield from ("--unshare-net", "--unshare-ipc", "--unshare-pid", "--unshare-uts", "--unshare-cgroup-try")
    yield from ("--cap-drop", "ALL", "--new-session", "--die-with-parent", "--setenv", "TMPDIR", _MEMORY)


@cache
def _has_own_proc() -> bool:
    """Whether the sandbox can have a /proc of its own; in some containers the kernel refuses it."""
    command = [shutil.which(PROGRAM) or PROGRAM, *_around(True), "--", "/bin/true"]
    return subprocess.run(command, capture_output=True, check=False, env={}, timeout=30).returncode == 0


@contextmanager
def _given(wav: bytes, command: Sequence[str], sandboxed: bool) -> Iterator[tuple[int, str, tuple[int, ...]]]:
    """The WAV, as the program is to get it: (its stdin, the path that stands for ``{file}``, descriptors to pass)."""
    sound = os.memfd_create("recording")  # in memory: a voice leaves nothing on the disk
    nothing = os.open(os.devnull, os.O_RDONLY)
    try:
        with open(sound, "wb", closefd=False) as stream:  # a descriptor
            stream.write(wav)
        os.lseek(sound, 0, os.SEEK_SET)
        if not any(_FILE in argument for argument in command):
            yield sound, "", ()
        elif sandboxed:
            yield nothing, _INSIDE, (sound,)
        else:
            yield nothing, f"/proc/self/fd/{sound}", (sound,)
    finally:
        os.close(nothing)
        os.close(sound)


def _started(command: Sequence[str], stdin: int, stdout: int, fds: Sequence[int]) -> "subprocess.Popen[bytes]":
    environment = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    try:
        return subprocess.Popen(
            command, stdin=stdin, stdout=stdout, stderr=subprocess.DEVNULL, pass_fds=tuple(fds), env=environment,
            cwd="/", start_new_session=True,
        )  # fmt: skip
    except OSError as error:
        raise NoProgram(
            f"Make {PurePath(command[0]).name} a program that can be started ({error.strerror})."
        ) from error


def _end(process: "subprocess.Popen[bytes]") -> None:
    """End it with all that it started in its session."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
