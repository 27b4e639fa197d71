"""Starting and ending the servers that tests run against.

A server that can't be started is an error with the end of its log, never a reason to skip: a test that quietly doesn't
run looks like one that passed.
"""

import grp
import os
import pwd
import shutil
import signal
import stat
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

START_SECONDS = 15.0
_POLL_SECONDS = 0.01
_LOG_TAIL_LINES = 25
# PostgreSQL refuses to run as root, and Dovecot is simplest when all of it runs as one ordinary user. Not "nobody":
# a sandbox may run as that user, with a limit on how many processes it has.
_ACCOUNT_IN_PLACE_OF_ROOT = "daemon"


class ServiceError(RuntimeError):
    """A test server is missing, did not come up, or refused a command."""


@dataclass(frozen=True, slots=True)
class Account:
    """The operating system's user that a server runs as."""

    name: str
    group: str
    uid: int
    gid: int

    @property
    def is_current(self) -> bool:
        return self.uid == os.geteuid()

    def own(self, *paths: Path) -> None:
        """Give the paths to this user. Only root can, and only root needs to."""
        if not self.is_current:
            for path in paths:
                os.chown(path, self.uid, self.gid)

    def popen_arguments(self) -> dict[str, Any]:
        """What ``subprocess`` needs to start a process as this user."""
        if self.is_current:
            return {}
        return {"user": self.uid, "group": self.gid, "extra_groups": []}


def service_account() -> Account:
    """The current user, or an unprivileged one if that is root."""
    try:
        entry = pwd.getpwuid(os.geteuid()) if os.geteuid() else pwd.getpwnam(_ACCOUNT_IN_PLACE_OF_ROOT)
        return Account(entry.pw_name, grp.getgrgid(entry.pw_gid).gr_name, entry.pw_uid, entry.pw_gid)
    except KeyError as error:
        raise ServiceError(f"the test servers need a user and a group that have names: {error}") from error


def prepare_folder(folder: Path, account: Account) -> None:
    """Make the folder, give it to the account, and check that the account can reach it."""
    folder.mkdir(parents=True, exist_ok=True)
    account.own(folder)
    folder.chmod(0o700)
    if account.is_current:
        return
    for parent in folder.resolve().parents:
        if not parent.stat().st_mode & stat.S_IXOTH:
            raise ServiceError(
                f"started by root, the test servers run as {account.name!r}, who can't enter {parent}: "
                "use a folder made by service_folder()"
            )


@contextmanager
def service_folder(name: str) -> Iterator[Path]:
    """A folder for one server, removed afterwards.

    Directly below the system's temporary folder and not in pytest's own: that one is closed to other users, and paths
    of Unix sockets may have only 107 bytes.
    """
    folder = Path(tempfile.mkdtemp(prefix=f"{name}-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def find_program(name: str) -> str:
    """The path of a program; also where an ordinary user's PATH does not lead."""
    found = shutil.which(name, path=os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin")))
    if found is None:
        raise ServiceError(f"the tests need the program {name!r}, which is not installed")
    return found


def run_command(
    command: Sequence[str | Path], account: Account, cwd: Path, env: Mapping[str, str] | None = None
) -> str:
    """Run a command to its end as the account and return its output; if it fails, its complaint is in the error."""
    arguments = [str(part) for part in command]
    try:
        result = subprocess.run(
            arguments,
            check=False,
            cwd=cwd,
            env=env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=60,
            **account.popen_arguments(),
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise ServiceError(f"{' '.join(arguments)}: {error}") from error
    if result.returncode != 0:
        raise ServiceError(f"{' '.join(arguments)} ended with {result.returncode}: {result.stderr or result.stdout}")
    return str(result.stdout)


def log_tail(log: Path) -> str:
    """The end of a log, with its name, for an error message."""
    try:
        lines = log.read_text(errors="replace").splitlines()
    except OSError as error:
        return f"{log} can't be read: {error}"
    return "\n".join((f"the end of {log}:", *(lines[-_LOG_TAIL_LINES:] or ["(it is empty)"])))


class Service:
    """A running server: one process started by us, and those that it starts.

    They form a process group of their own, so that all of them, and nothing else, can be ended together. If the tests
    themselves are killed, a guard ends the server.
    """

    def __init__(
        self, command: Sequence[str | Path], log: Path, account: Account, env: Mapping[str, str] | None = None
    ) -> None:
        self.name = Path(command[0]).name
        self.log = log
        with log.open("ab") as output:
            account.own(log)
            self._process: subprocess.Popen[bytes] = subprocess.Popen(
                [str(part) for part in command],
                cwd=log.parent,
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                process_group=0,
                **account.popen_arguments(),
            )
        self._guard = self._start_guard(account)

    def _start_guard(self, account: Account) -> "subprocess.Popen[bytes]":
        # The pipe's other end is ours alone: it closes when we end, however we end.
        script = 'read -r _; kill -s KILL -- "-$0"'
        guard: subprocess.Popen[bytes] = subprocess.Popen(
            ["/bin/sh", "-c", script, str(self._process.pid)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            process_group=0,
            **account.popen_arguments(),
        )
        return guard

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def is_running(self) -> bool:
        if self._process.returncode is not None:
            return False
        # WNOWAIT: while the ended process is not collected, its number, which is the group's, can't be used again.
        return os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None

    def wait_until(self, ready: Callable[[], bool], timeout_s: float = START_SECONDS) -> None:
        """Return when ``ready()`` is true; if it isn't in time, or the server ends, end it and raise with its log."""
        deadline = time.monotonic() + timeout_s
        problem = f"did not come up within {timeout_s:g} s"
        while time.monotonic() < deadline:
            if not self.is_running:
                problem = "ended instead of starting"
                break
            if ready():
                return
            time.sleep(_POLL_SECONDS)
        self.kill()
        raise ServiceError(f"{self.name} {problem}; {log_tail(self.log)}")

    def interrupt(self, timeout_s: float = 10.0) -> None:
        """Ask the server to end (SIGINT), and kill it if it doesn't in time."""
        if self.is_running:
            self._process.send_signal(signal.SIGINT)
            _wait_while(lambda: self.is_running, timeout_s)
        self.kill()

    def kill(self) -> None:
        """End every process of the server at once, as a power cut would; return when they are gone."""
        self._end_guard()
        if self._process.returncode is not None:
            return
        with suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        self._process.wait()
        _wait_while(lambda: _group_lives(self.pid), timeout_s=1.0)

    def _end_guard(self) -> None:
        self._guard.kill()
        self._guard.wait()
        if self._guard.stdin is not None:
            self._guard.stdin.close()


def _wait_while(condition: Callable[[], bool], timeout_s: float) -> None:
    deadline = time.monotonic() + timeout_s
    while condition() and time.monotonic() < deadline:
        time.sleep(_POLL_SECONDS)


def _group_lives(group: int) -> bool:
    """Whether a process of the group still runs. Those that only wait to be collected, by the system, don't count."""
    for status in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            state, _, process_group = status.read_text(errors="replace").rpartition(")")[2].split()[:3]
            if int(process_group) == group and state != "Z":
                return True
    return False
