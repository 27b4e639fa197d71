"""The sandbox: what a reader that has been taken over can do (nothing), and what happens where there is no sandbox."""

import ast
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil
import pytest
from PIL import Image

from intake.app import App
from intake.reading import bubblewrap, readers, seccomp
from intake.reading.parts import Reading, ToolMissing, Unreadable
from intake.reading.readers import find_means
from intake.reading.sandbox import Limits, ReaderPool, ReadJob, TableSplit
from tests.hostile import READER
from tests.support.consultation import Consultation, pdf, picture
from tests.support.ordinary import ROOT, as_ordinary_user

LETTER = b"From: a@example.org\r\nSubject: centres\r\n\r\nKeep it open.\r\n"
OVERDUE = "REASON: Reading this file takes longer than the"
TOO_MUCH = "REASON: The reader says far more about this file than it can hold."
NONSENSE = "REASON: The reader's answer made no sense or was too long."


# --- a reader that has been taken over --------------------------------------------------------------------------------


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    """A server on this machine's loopback that a reader must not reach."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0)
        yield server


def tried(listener: socket.socket, user: str, *options: str) -> dict[str, str]:
    """What became of each deed (tests/hostile.py), tried in a folder that looks like a home."""
    with TemporaryDirectory(prefix="hostile-") as name:
        home = Path(name)
        (home / "originals").mkdir()
        (home / "intake.sqlite3").write_bytes(b"personal data")
        command = [sys.executable, "-P", "-m", "tests.hostile", str(home), str(listener.getsockname()[1]), *options]
        if user == "ordinary":
            command = as_ordinary_user(command, home)
        done = subprocess.run(
            command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False,
            env={**os.environ, "PYTHONPATH": str(ROOT), "INTAKE_PASSWORD": "secret"},
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        assert (home / "intake.sqlite3").read_bytes() == b"personal data"
        assert sorted(path.name for path in home.iterdir() if path.suffix != ".txt") == ["intake.sqlite3", "originals"]
    with pytest.raises(BlockingIOError):
        listener.accept()
    found: dict[str, str] = json.loads(done.stdout)
    return found


def sees_that_nothing_was_done(found: dict[str, str]) -> None:
    """Take out what was tried without success; what is left are the items that ended their process."""
    user, groups, no_new_privileges = ast.literal_eval(found.pop("who").replace("set()", "()"))
    assert user != 0
    assert (groups, no_new_privileges) == ((), 1)
    assert found["capabilities"].startswith("(0, ")
    assert set(ast.literal_eval(found.pop("environment"))) <= {
        "LC_ALL", "LD_LIBRARY_PATH", "MALLOC_MMAP_THRESHOLD_", "MALLOC_TRIM_THRESHOLD_", "OMP_NUM_THREADS",
        "OMP_THREAD_LIMIT", "OPENBLAS_NUM_THREADS", "PATH", "PWD", "PYTHONPATH", "TESSDATA_PREFIX",
    }  # fmt: skip
    for name in ("forks", "threads", "more threads"):
        assert int(found.pop(name)) < 64
    assert int(found.pop("descriptors")) < 64
    assert found.pop("rows") == "1 rows"
    assert found.pop("rows without end") == TOO_MUCH
    assert found.pop("rows now and then").startswith(OVERDUE)
    for name, said in list(found.items()):
        if not said.startswith("REASON"):
            assert "denied" in said, name
            assert "DONE" not in said, (name, said)
            assert "timed out" not in said, name
            del found[name]


@pytest.mark.parametrize("user", ["this one", "ordinary"])
def test_a_reader_that_was_taken_over_gets_nowhere(listener, user):
    """DNS, TCP, the password file, the database, its parent, other files, 300 forks, 8 GB, endless loops and output:
    each is denied, or ends that item alone with the reason; started by root (as the tests may be) and by others."""
    found = tried(listener, user)
    assert found["forks"] == "0"
    sees_that_nothing_was_done(found)
    assert found.pop("memory") == "REASON: Reading this file takes more than the 512 MB of memory that are allowed."
    for name in ("loop", "loop in C", "loop with signals blocked", "ticks now and then"):
        assert found.pop(name).startswith(OVERDUE), name
    assert found.pop("ticks for ever").startswith((TOO_MUCH, OVERDUE))
    assert "seconds of work" in found.pop("processor time")
    for name in ("output without end", "an answer without end", "ready for ever"):
        assert found.pop(name) == NONSENSE
    for name, number in (("abort", 6), ("killed", 9), ("segfault", 11)):
        assert found.pop(name) == f"REASON: The reader crashed on this file (signal {number})."
    assert found.pop("exit") == "REASON: The reader ended in the middle of this file (status 3)."
    assert found.pop("hang up") == "REASON: The reader hung up in the middle of this file."
    assert found == {}


@pytest.mark.parametrize("user", ["this one", "ordinary"])
def test_bubblewrap_and_the_limits_hold_without_the_filter_of_system_calls(listener, user):
    """On a machine whose system calls are not known to the filter, the sandbox alone is enough; processes are bounded,
    also as root, to whom the kernel's limit does not apply."""
    found = tried(listener, user, "--without-filter")
    assert 0 < int(found["forks"]) < 64
    sees_that_nothing_was_done(found)
    assert found == {}


# --- the processes ----------------------------------------------------------------------------------------------------


def sandboxed(limits: Limits = Limits(), program: tuple[str, ...] = ("-m", "intake.reading.worker")) -> ReaderPool:  # noqa: B008  # frozen
    command = bubblewrap.wrap((sys.executable, "-P", *program, "--sandboxed"), readable=[READER])
    return ReaderPool(1, limits, time.monotonic, command)


def hostile(limits: Limits = Limits()) -> ReaderPool:  # noqa: B008  # frozen
    return sandboxed(limits, (str(READER),))


def read(pool: ReaderPool, *contents: bytes, kind: str = "text/plain") -> list[object]:
    found = {job.key: result for job, result in pool.read(ReadJob(n, None, c, kind) for n, c in enumerate(contents))}
    return [found[number] for number in range(len(contents))]


def bubblewraps(pool: ReaderPool) -> list[psutil.Process]:
    return [psutil.Process(child._process.pid) for child in pool._children]


def test_ending_signals_to_the_group_end_neither_reader_nor_sandbox():
    """Ctrl-C and systemd reach every process of the group; only the parent decides."""
    with sandboxed() as pool:
        read(pool, LETTER, kind="message/rfc822")
        (outer,) = bubblewraps(pool)
        for process in (outer, *outer.children(recursive=True)):
            for ending in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                process.send_signal(ending)
        time.sleep(0.2)
        assert isinstance(read(pool, LETTER, kind="message/rfc822")[0], Reading)
        assert bubblewraps(pool) == [outer]


def test_a_sandbox_that_is_killed_costs_the_item_it_was_at():
    """The kernel, short of memory, may take any of its processes."""
    with hostile() as pool:
        assert isinstance(read(pool, b"result = 1")[0], Reading)
        (outer,) = bubblewraps(pool)
        inside = outer.children(recursive=True)
        taker = threading.Timer(1.0, outer.kill)
        taker.start()
        (result,) = read(pool, b"import time; time.sleep(50)")
        taker.join()
        assert isinstance(result, Unreadable)
        assert "signal 9" in result.reason
        assert isinstance(read(pool, b"result = 2")[0], Reading)
    _, alive = psutil.wait_procs(inside, timeout=5)
    assert alive == []


def test_a_killed_parent_leaves_no_sandbox_behind():
    program = (
        "import time\nfrom intake.reading.readers import find_means\n"
        "from intake.reading.sandbox import Limits, ReadJob\n"
        "pool = find_means('require').readers(2, Limits())\n"
        f"list(pool.read(ReadJob(n, None, {LETTER!r}, 'message/rfc822') for n in range(20)))\n"
        "print('read', flush=True)\ntime.sleep(60)\n"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, cwd=ROOT, text=True) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == "read\n"
        below = psutil.Process(parent.pid).children(recursive=True)
        assert len(below) == 6  # bubblewrap outside, its first process inside, and the reader: twice
        parent.kill()
    _, alive = psutil.wait_procs(below, timeout=5)
    assert alive == []


def test_a_library_that_is_not_there_is_not_the_item_s_fault():
    with hostile() as pool:
        for error in (b"raise ModuleNotFoundError('lxml')", b"raise PermissionError(13, 'lxml')"):
            (result,) = read(pool, error)
            assert isinstance(result, ToolMissing)
            assert "make setup" in result.advice


def test_the_real_readers_find_all_they_need_inside(tmp_path):
    """Mail, a typed PDF, a scan (Tesseract and its data) and a table are read in the sandbox as they are outside."""
    (tmp_path / "calls.csv").write_text("a,b\n1,2\n")
    words = "Keep it open."
    letters = {"message/rfc822": LETTER, "application/pdf": pdf(words), "image/png": picture(words)}
    with sandboxed() as pool:
        assert isinstance(pool.split(ReadJob(0, tmp_path / "calls.csv", None, "text/csv")), TableSplit)
        for kind, content in letters.items():
            (result,) = read(pool, content, kind=kind)
            assert isinstance(result, Reading), kind
            assert result.parts[-1].text.strip() == words, kind


def test_with_limits_alone_a_reader_still_gives_up_its_system_calls():
    """Outside a sandbox there is the file system, but no network, no other program, and no word to other processes."""
    code = """
import ctypes, os, socket
def attempt(deed, *given):
    try:
        return deed(*given)
    except PermissionError:
        return "denied"
tries = [(os.fork,), (socket.socket,), (os.kill, os.getppid(), 0), (os.execv, "/bin/true", ["x"])]
result = [attempt(*each) for each in tries]
"""
    with ReaderPool(1, Limits(), time.monotonic, (sys.executable, "-P", str(READER))) as pool:
        (result,) = read(pool, code.encode())
    assert isinstance(result, Reading)
    assert result.parts[0].text == str(["denied"] * 4)


# --- the filter of system calls ---------------------------------------------------------------------------------------


def verdict(program: bytes, architecture: int, number: int, *arguments: int) -> int:
    """What the filter says to a call: a small machine for classic BPF (Linux, Documentation/networking/filter.rst)."""
    data = b"".join(value.to_bytes(size, sys.byteorder) for value, size in [(number, 4), (architecture, 4), (0, 8)])
    data += b"".join(value.to_bytes(8, sys.byteorder) for value in (*arguments, *[0] * (6 - len(arguments))))
    steps = list(seccomp._STEP.iter_unpack(program))
    at = held = 0
    while True:
        code, if_true, if_false, value = steps[at]
        at += 1
        if code == 0x06:
            return value
        if code == 0x20:
            held = int.from_bytes(data[value : value + 4], sys.byteorder)
        else:
            holds = {0x15: held == value, 0x35: held >= value, 0x45: bool(held & value)}[code]
            at += if_true if holds else if_false


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
def test_the_filter_denies_what_it_lists_and_nothing_else(machine):
    """Of all numbers, only the listed ones are refused; threads, signals to itself and its own limits are allowed."""
    program = seccomp.program(machine, 4242)
    assert program is not None
    architecture, denied, looked_at = seccomp._MACHINES[machine]
    allowed, refused, absent = 0x7FFF0000, 0x00050001, 0x00050026
    listed = {*denied.values(), *seccomp._SHARED.values()}
    assert len(listed) == len(denied) + len(seccomp._SHARED)
    for number in range(600):
        if number not in looked_at.values():
            assert verdict(program, architecture, number) == (refused if number in listed else allowed), number
    assert verdict(program, architecture, looked_at["clone3"]) == absent
    for name, argument, result in [
        ("clone", 17, refused), ("clone", 0x3D0F00, allowed), ("tgkill", 1, refused), ("tgkill", 4242, allowed),
        ("prlimit64", 1, refused), ("prlimit64", 0, allowed),
    ]:  # fmt: skip
        assert verdict(program, architecture, looked_at[name], argument) == result, name
    assert verdict(program, architecture, looked_at["ioctl"], 3, 0x5401) == allowed
    assert verdict(program, architecture, looked_at["ioctl"], 3, 0x5412) == refused
    for kind, result in ((0x80001, allowed), (0x80002, refused)):  # a pair of streams, of datagrams
        assert verdict(program, architecture, looked_at["socketpair"], 1, kind) == result
    assert verdict(program, architecture, 0x40000001) == refused
    assert verdict(program, architecture ^ 1, 0) == 0x80000000
    assert seccomp.program("riscv64", 1) is None


# --- through the command ----------------------------------------------------------------------------------------------


def test_an_item_that_kills_its_reader_is_quarantined_and_the_others_are_read(place: Consultation):
    """A scan of 80 million points, 80 kB as a file, in 512 MB of memory: it waits for a person, the others are read."""
    place.configure('sandbox = "auto"', 'sandbox = "require"\nmemory_mb = 512')
    out = BytesIO()
    Image.new("L", (9000, 9000), 255).save(out, "PNG")
    place.put("letters/a.pdf", pdf("Keep Watton open."))
    place.put("letters/b.png", out.getvalue())
    place.put("letters/c.pdf", pdf("Keep Dereham open."))
    done = place.command("run", "--json")
    assert done.code == 0, done.err
    report = json.loads(done.out)
    assert report["sandbox"] == "bubblewrap"
    assert (report["channels"]["letters"]["read"], report["channels"]["letters"]["quarantined"]) == (2, 1)
    assert "more than the 512 MB of memory" in place.item("quarantined")["reason"]
    assert place.sql("select sandbox from run") == ["bubblewrap"]


def machine_without(folder: Path, says: str | None) -> str:
    """A PATH without bubblewrap, or with one that can only say why it does not work."""
    programs = folder / "programs"
    programs.mkdir()
    if says is not None:
        (programs / "bwrap").write_text(f"#!/bin/sh\necho '{says}' >&2\nexit 1\n")
        (programs / "bwrap").chmod(0o755)
    return str(programs)


REFUSALS = [
    (None, "bubblewrap is not installed", "apt-get install bubblewrap"),
    ("bwrap: No permissions to create new namespace, likely because the kernel does not allow it",
     "the kernel does not let", "user.max_user_namespaces"),
    ("bwrap: setting up uid map: Permission denied", "the kernel does not let", "kernel.unprivileged_userns_clone"),
    ("bwrap: execvp /srv/.venv/bin/python: Permission denied", "may not read the program", "chmod -R go+rX"),
    ("bwrap: Unknown option --perms", "does not work here", "newer bubblewrap"),
    ("", "ended without a word", "newer bubblewrap"),
]  # fmt: skip


@pytest.mark.parametrize(("says", "why", "advice"), REFUSALS)
def test_why_there_is_no_sandbox_and_what_to_do_about_it_is_said(tmp_path, monkeypatch, says, why, advice):
    monkeypatch.setenv("PATH", machine_without(tmp_path, says))
    for setting, kind in (("auto", readers.LIMITS_ALONE), ("require", readers.NOTHING)):
        means = find_means(setting)
        assert means.kind == kind
        assert why in means.why
        assert advice in means.advice
    monkeypatch.undo()
    assert find_means("auto").kind == find_means("require").kind == readers.SANDBOXED


def test_without_a_sandbox_that_is_required_all_is_received_and_nothing_read(place: Consultation):
    """The command ends with 1 and says what to install; once that is done, the next run reads all of it."""
    place.configure('sandbox = "auto"', 'sandbox = "require"')
    place.mail("a.eml")
    place.survey("a.csv", ("R1", "2011-03-01T09:00:00Z", "Keep it.", "Yes"))
    done = place.command("run", "--json", PATH=machine_without(place.folder, None))
    assert done.code == 1
    assert "because bubblewrap is not installed" in done.err.splitlines()[-1]
    assert "apt-get install bubblewrap" in done.err.splitlines()[-1]
    report = json.loads(done.out)
    assert report["balanced"]
    assert report["sandbox"] == "none: nothing is read"
    assert report["channels"]["email"]["received"] == report["channels"]["email"]["pending"] == 1
    assert (report["channels"]["survey"]["waiting"], report["channels"]["survey"]["received"]) == (1, 0)
    assert place.item("pending")["reason"] == "no sandbox"
    assert "apt-get install bubblewrap" in place.item("pending")["next"]
    later = place.command("run")
    assert later.code == 0
    assert "in a sandbox (bubblewrap)" in later.out
    assert place.items("pending") == []
    assert len(place.responses()) == 2


def test_without_a_sandbox_auto_reads_with_limits_alone_and_says_so(place: Consultation):
    """In the accounts, in the log, in the JSON, and in what is kept of the run."""
    place.mail("a.eml")
    path = machine_without(place.folder, None)
    done = place.command("run", PATH=path)
    assert done.code == 0
    assert "limits alone, outside a sandbox, because bubblewrap is not installed" in done.out
    assert json.loads(done.err.splitlines()[0])["sandbox"] == "limits alone"
    assert json.loads(place.command("run", "--json", PATH=path).out)["sandbox"] == "limits alone"
    assert place.sql("select sandbox from run order by id") == ["limits alone", "limits alone"]
    assert len(place.responses()) == 1


def test_a_person_s_retry_reads_in_the_sandbox_too(place: Consultation, monkeypatch):
    """`decide retry` opens an original as a run does: without a sandbox that is required, not at all."""
    place.put("letters/a.pdf", b"%PDF-1.4 no page")
    place.takes("letters", quarantined=1)
    receipt = place.item("quarantined")
    with place.nothing_opened(), App(place.path) as app:
        assert find_means("require").kind == readers.NOTHING
        monkeypatch.setattr(ReaderPool, "read", lambda *_: pytest.fail("an original was opened"))
        app._reread(_view(app, receipt["receipt"]), True)
    assert place.item("quarantined")["next"] != receipt["next"]


def _view(app: App, number: int):
    from storage import receipts

    with app.database.read() as tx:
        return receipts.by_numbers(tx, [number])[0]
