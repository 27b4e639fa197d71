"""A reader that has been taken over tries to get out: ``python -m tests.hostile HOME PORT [--without-filter]``.

Each deed below is Python code that runs inside the sandbox (tests/data/reading/hostile_reader.py). What became of each
is printed as a JSON object: the text that the code left in ``result``, or ``REASON: `` and why its item is unreadable.
Between any two, an honest item must be read, or this ends with an error. It is a command, so that the tests can start
it as another user.
"""

import argparse
import json
import os
import sys
import time
from pathlib import Path

from intake.reading import bubblewrap
from intake.reading.parts import Reading, Unreadable
from intake.reading.sandbox import Limits, ReaderPool, ReadJob, SplitBroken, TableSplit

READER = Path(__file__).parent / "data/reading/hostile_reader.py"
_LIMITS = Limits(memory_mb=512, step_seconds=1.5, item_seconds=2.5, output_mb=1)

_TRY = """
import ctypes, os, resource, signal, socket, stat, threading
libc = ctypes.CDLL(None, use_errno=True)
def attempt(deed, *given):
    try:
        answer = deed(*given)
    except (OSError, ValueError, RuntimeError, MemoryError) as error:
        return "denied: " + type(error).__name__ + " " + str(error)
    return "DONE: " + repr(answer)
def call(function, *given):
    if function(*given) == -1:
        raise OSError(ctypes.get_errno(), "call")
def connect(host, port):
    with socket.socket() as line:
        line.settimeout(1)
        line.connect((host, port))
def is_file(number):
    try:
        return stat.S_ISREG(os.fstat(number).st_mode)
    except OSError:
        return False
def write(path):
    with open(path, "wb") as stream:
        stream.write(b"x")
"""
_MANY = """
def many(make):
    try:
        for number in range(300):
            make()
    except (OSError, RuntimeError):
        pass
    return number
"""
_BIG = "10 * 1024 ** 3"


def escapes(home: Path, port: int, parent: int) -> dict[str, str]:
    """What a reader may not do; the home with its files, the port that listens, and the parent are real ones."""
    files = [str(home), f"{home}/intake.sqlite3", f"{home}/originals", "/etc/passwd", "/etc/shadow", "/home",
             "/var", f"/proc/{parent}/environ", f"/proc/{parent}/mem", "/proc/self/environ", "/proc", "/sys",
             str(Path(__file__)), str(Path.cwd() / "config.toml"), str(Path.cwd() / "storage")]  # fmt: skip
    places = ["/x", "/tmp/x", "/dev/shm/x", "/dev/x", "/usr/lib/x", "/var/tmp/x", f"{home}/x", f"{home}/intake.sqlite3",
              f"{Path(bubblewrap.__file__).parent}/x", f"{bubblewrap.__file__}"]  # fmt: skip
    return {
        "who": "result = os.getuid() and os.getgid(), set(os.getgroups()) - {os.getgid()}, libc.prctl(39, 0, 0, 0, 0)",
        "capabilities": "held = (ctypes.c_uint32 * 6)()\nlibc.capget((ctypes.c_uint32 * 2)(0x20080522, 0), held)\n"
        "result = sum(held), [attempt(os.setuid, 0), attempt(os.setgroups, [0]), attempt(os.chroot, '/')]",
        "dns": "result = attempt(socket.getaddrinfo, 'www.example.org', 443)",
        "tcp to this machine": f"result = attempt(connect, '127.0.0.1', {port})",
        "tcp to the outside": "result = attempt(connect, '192.0.2.1', 80)",
        "udp to the outside": "result = attempt(lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM)"
        ".sendto(b'x', ('192.0.2.1', 53)))",
        "files": f"result = [attempt(os.listdir, p) + attempt(open, p) for p in {files!r}]",
        "environment": "result = sorted(os.environ)",
        "ptrace": f"result = attempt(call, libc.ptrace, 16, {parent}, 0, 0)",
        "kill": f"result = attempt(os.kill, {parent}, 9), attempt(os.kill, {os.getppid()}, 0)",
        "kill all": "result = attempt(os.kill, -1, 9)",
        "write": f"result = [attempt(write, p) + attempt(os.mkdir, p + 'd') for p in {places!r}]",
        "change files": "result = [attempt(os.chmod, p, 0o777) for p in ('/', '/usr/lib', '/dev/null')]",
        "mount": "result = attempt(call, libc.mount, b'none', b'/usr', b'tmpfs', 0, 0)",
        "forks": f"{_MANY}\ndef fork():\n  if os.fork() == 0: signal.pause()\nresult = many(fork)",
        "threads": f"{_MANY}\nresult = many(threading.Thread(target=signal.pause, daemon=True).start)",
        "more threads": f"{_MANY}\nresult = many(lambda: threading.Thread(target=signal.pause, daemon=True).start())",
        "limits": "result = [attempt(resource.setrlimit, kind, (resource.RLIM_INFINITY,) * 2) for kind in "
        "(resource.RLIMIT_AS, resource.RLIMIT_NPROC, resource.RLIMIT_FSIZE, resource.RLIMIT_NOFILE)]",
        "descriptors": f"{_MANY}\nresult = many(lambda: os.dup(1))",
        "memory in C": "libc.malloc.restype = ctypes.c_void_p\n"
        "result = 'DONE' if libc.malloc(ctypes.c_size_t(8 * 1024 ** 3)) else 'denied'",
        "large file": f"result = attempt(lambda: os.ftruncate(os.memfd_create('x'), {_BIG}))",
    }


def endings() -> dict[str, str]:
    """What overruns, or ends its process."""
    return {
        "memory": "held = bytearray(8 * 1024 ** 3)",
        "loop": "while True: pass",
        "loop in C": "import re; re.match(r'(a+)+$', 'a' * 64 + 'b')",
        "loop with signals blocked": "signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))\nwhile True: pass",
        "ticks for ever": "while True: tick()",
        "ready for ever": "from intake.reading import wire\nwhile True: channel.sendall(wire.frame(wire.Ready()))",
        "ticks now and then": "import time\nwhile True: time.sleep(0.1), tick()",
        "processor time": "resource.setrlimit(resource.RLIMIT_CPU, (1, 60))\nsignal.raise_signal(signal.SIGXCPU)",
        "output without end": "while True: channel.sendall(b'\\x00' * 65536)",
        "an answer without end": "channel.sendall(b'\\xff\\xff\\x0f\\x00')\nwhile True: channel.sendall(b'x' * 65536)",
        "abort": "os.abort()",
        "killed": "signal.raise_signal(signal.SIGKILL)",
        "segfault": "ctypes.string_at(0)",
        "exit": "os._exit(3)",
        "hang up": "channel.shutdown(socket.SHUT_RDWR)\nsignal.pause()",
    }


def filtered() -> dict[str, str]:
    """What the filter of system calls alone denies, where it is not the sandbox that does."""
    return {
        "any fork": "result = attempt(os.fork)",
        "any program": "import sys; result = attempt(os.execv, sys.executable, [sys.executable])",
        "any socket": "result = [attempt(socket.socket, kind) for kind in (socket.AF_UNIX, socket.AF_INET6, 16)], "
        "attempt(socket.socketpair, socket.AF_UNIX, socket.SOCK_DGRAM)",
        "a name space": "result = attempt(call, libc.unshare, 0x10000000)",
        "its original": "result = [attempt(os.fchmod, fd, 0) for fd in range(3, 20) if is_file(fd)], "
        "[attempt(os.utime, fd, (0, 0)) for fd in range(3, 20) if is_file(fd)]",
        "memory as files": "result = attempt(os.memfd_create, 'x')",
        "looking into others": "result = attempt(call, libc.process_vm_readv, 1, None, 0, None, 0, 0)",
    }


def _try_all(pool: ReaderPool, todo: dict[str, str], folder: Path) -> dict[str, str]:
    """Each deed, as a file of its own, with an honest item behind it."""
    jobs = []
    for number, deed in enumerate(todo.values()):
        path = folder / f"{number}.txt"
        path.write_text(_TRY + deed)
        jobs.append(ReadJob(2 * number, path, None, "text/plain"))
        jobs.append(ReadJob(2 * number + 1, None, b"result = 'honest'", "text/plain"))
    found: dict[int, str] = {}
    for job, result in pool.read(jobs):
        if isinstance(result, Reading):
            found[job.key] = result.parts[0].text
        elif isinstance(result, Unreadable):
            found[job.key] = f"REASON: {result.reason}"
        else:
            raise SystemExit(f"no reader could be started: {result.advice}")
    if any(text != "honest" for key, text in found.items() if key % 2):
        raise SystemExit("an honest item suffered")
    return {name: found[2 * number] for number, name in enumerate(todo)}


def _split(pool: ReaderPool, rows: str) -> str:
    code = f"import time; result = Table(['a']), {rows}".encode()
    result = pool.split(ReadJob(0, None, code, "text/csv"))
    if not isinstance(result, TableSplit):
        return repr(result)
    try:
        return f"{sum(1 for _ in result.rows)} rows"
    except SplitBroken as broken:
        return f"REASON: {broken.unreadable.reason}"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.hostile")
    parser.add_argument("home", type=Path)
    parser.add_argument("port", type=int)
    parser.add_argument("--without-filter", action="store_true")
    given = parser.parse_args()
    extra = ("--without-filter",) if given.without_filter else ()
    command = bubblewrap.wrap((sys.executable, "-P", str(READER), *extra, "--sandboxed"), readable=[READER])
    todo = escapes(given.home, given.port, os.getpid())
    if not given.without_filter:
        todo |= filtered() | endings()
    with ReaderPool(2, _LIMITS, time.monotonic, command) as pool:
        found = _try_all(pool, todo, given.home)
        found["rows without end"] = _split(pool, "([Row(2 + n, ['x' * 100_000])] for n in range(10 ** 9))")
        found["rows now and then"] = _split(pool, "(time.sleep(0.5) or [Row(2 + n, ['x'])] for n in range(30))")
        found["rows"] = _split(pool, "[[Row(2, ['x'])]]")
    print(json.dumps(found))


if __name__ == "__main__":
    main()
