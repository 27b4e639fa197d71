"""``intake watch``: each channel on its own schedule, whatever goes wrong, until it is told to stop."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from intake.watch import Wholes
from tests.support.consultation import Consultation, kill_group, living, message
from tests.support.dovecot import Mailbox
from tests.support.proxy import Proxy

CONFIG_TAIL = """\
[channels.email]
adapter = "email"
every = "1s"
folder = "inbox"

[channels.letters]
adapter = "letters"
every = "1s"
folder = "nowhere"
"""
STOP_SECONDS = 5.0


class Watch:
    """A running watch, with what it says on stderr in a file."""

    def __init__(self, command: list[str], folder: Path) -> None:
        self.log = folder / "watch.log"
        self.out = folder / "watch.out"
        with self.log.open("wb") as log, self.out.open("wb") as out:
            self.process = subprocess.Popen(command, cwd=folder, stdout=out, stderr=log, process_group=0)

    def said(self) -> str:
        return self.log.read_text()

    def wait_for(self, found: Callable[[], bool], seconds: float = 30.0) -> None:
        deadline = time.monotonic() + seconds
        while not found():
            assert time.monotonic() < deadline, self.said()
            assert self.process.poll() is None, self.said()
            time.sleep(0.02)

    def stop(self, number: signal.Signals = signal.SIGTERM) -> float:
        """Tell it to stop; how many seconds it took."""
        start = time.monotonic()
        self.process.send_signal(number)
        self.process.wait(STOP_SECONDS + 10)
        return time.monotonic() - start


@contextmanager
def watching(command: list[str], folder: Path) -> Iterator[Watch]:
    watch = Watch(command, folder)
    try:
        yield watch
    finally:
        kill_group(watch.process.pid)
        watch.process.wait()


def watched(folder: Path, home: Path) -> Consultation:
    """A consultation of a mail folder and of a scan folder that is not there."""
    folder.mkdir(exist_ok=True)
    made = Consultation(folder, home=home)
    text = made.path.read_text()
    made.path.write_text(text[: text.index("[channels.email]")] + CONFIG_TAIL)
    return made


def test_what_comes_later_is_taken_in(tmp_path: Path, empty_home: Path) -> None:
    """A mail that is there at the start and one that comes later are both taken in once, while another channel, whose
    folder is missing, says so again and again; told to stop, the watch ends well, and leaves no process behind."""
    here = watched(tmp_path / "here", empty_home)
    here.mail("first.eml", "The first one.")
    with watching(here.command_line("watch"), here.folder) as watch:
        watch.wait_for(lambda: len(here.receipts()) == 1)
        here.mail("second.eml", "The second one.", sender="Secret Name <secret@example.org>", subject="Secret subject")
        watch.wait_for(lambda: [r["outcome"] for r in here.receipts()] == ["read", "read"])
        watch.wait_for(lambda: watch.said().count('"letters"') >= 4)
        assert watch.stop() < STOP_SECONDS
        assert watch.process.returncode == 0
        assert living(watch.process.pid) == []
    lines = [json.loads(line) for line in watch.said().splitlines()]
    assert {line["channel"] for line in lines if line.get("error")} == {"letters"}
    assert "ecret" not in watch.said()
    assert "eml" not in watch.said()
    assert watch.out.read_bytes() == b""
    assert here.failures() == {}


def test_it_stops_whenever_it_is_told_to(tmp_path: Path, empty_home: Path) -> None:
    """From the moment it says that it watches, a signal to stop is never lost and never ends in a traceback: it ends
    with 0, whether it was told once or again and again."""
    cases = [(0.0, [signal.SIGTERM]), (0.02, [signal.SIGINT]), (0.04, [signal.SIGTERM] * 3)]
    for delay, signals in cases:
        here = watched(tmp_path / str(delay), empty_home)
        with watching(here.command_line("watch"), here.folder) as watch:
            watch.wait_for(lambda said=watch.said: "watching" in said())  # type: ignore[misc]
            time.sleep(delay)
            for number in signals[1:]:
                watch.process.send_signal(number)
                time.sleep(0.01)
            assert watch.stop(signals[0]) < STOP_SECONDS, watch.said()
            assert (watch.process.returncode, "Traceback" in watch.said()) == (0, False), watch.said()
            assert living(watch.process.pid) == []


RUNNER = """
import os, sys, time
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from channels.base import SourceUnavailable
from intake import watch as watching
from intake.log import configure
from intake.watch import watch

watching._PAUSE_S, watching._AGAIN_FIRST_S = 0.05, 0.2

def say(*words):  # one write a line: print's words and line end may come apart when threads speak at once
    os.write(1, (" ".join(words) + "\\n").encode())

class Listener:
    waits = 0  # something is new again and again; then the source fails twice, the second time by a fault of ours

    def wait(self, stopping):
        self.waits += 1
        if self.waits <= 4:
            return True
        if self.waits == 5:
            raise SourceUnavailable("imap.example.org went away.")
        raise ZeroDivisionError("Mrs Secret's words")

    def close(self):
        say("closed")

def channel(name):
    return SimpleNamespace(every=timedelta(hours=1) if name == "news" else timedelta(seconds=1))

class Runner:
    settings = SimpleNamespace(channels={name: channel(name) for name in sys.argv[1:]})

    def clock(self):
        return datetime.now(UTC)

    def listener(self, name):
        return Listener() if name == "news" else None

    def window_hours(self, name):
        return None

    def run(self, names, *, window):
        (name,) = names
        say("start", name)
        if name == "slow":
            time.sleep(1.4)
        if name == "news":
            time.sleep(0.3)
        if name == "broken":
            raise ZeroDivisionError("Mrs Secret's words")
        say("end", name)
        result = SimpleNamespace(received=0, error=None)
        return SimpleNamespace(run=1, balanced=True, channels={name: result})

configure(verbose=False)
watch(Runner())
print("over", flush=True)
"""


def runs(watch: Watch) -> list[str]:
    return watch.out.read_text().splitlines()


@pytest.fixture
def three(tmp_path: Path) -> Iterator[Watch]:
    """A watch over a channel that is quick, one that takes longer than its interval, and one with a fault of ours."""
    command = [sys.executable, "-P", "-c", RUNNER, "quick", "slow", "broken"]
    with watching(command, tmp_path) as watch:
        yield watch


def test_each_channel_has_its_own_time(three: Watch) -> None:
    """A slow channel is never started twice beside itself, and holds up no other; one that fails by a fault of ours is
    said in the log by the kind of the fault alone, and tried again; what is under way ends before the watch does."""
    three.wait_for(lambda: runs(three).count("start slow") == 2)
    three.stop()
    said = runs(three)
    assert three.process.returncode == 0
    slow = [line for line in said if line.endswith("slow")]
    assert slow == ["start slow", "end slow"] * (len(slow) // 2)
    assert said[-1] == "over"
    assert said.count("start quick") >= 3
    assert said.count("start broken") >= 3
    failures = [json.loads(line) for line in three.said().splitlines() if "ZeroDivisionError" in line]
    assert {line["channel"] for line in failures} == {"broken"}
    assert len(failures) == said.count("start broken")
    assert "Secret" not in three.said()


def test_a_run_starts_when_the_source_says_that_something_is_new(tmp_path: Path) -> None:
    """Beside the schedule, which is an hour here: no two runs at once, and none is forgotten that was asked for while
    one was at work. A source that fails is tried again, a fault of ours is said, and both leave the schedule alone."""
    command = [sys.executable, "-P", "-c", RUNNER, "news"]
    with watching(command, tmp_path) as watch:
        watch.wait_for(lambda: "ZeroDivisionError" in watch.said())
        watch.wait_for(lambda: runs(watch).count("end news") >= 3)
        assert watch.stop() < STOP_SECONDS
    said = runs(watch)
    pairs = [line for line in said if line.endswith("news")]
    assert pairs == ["start news", "end news"] * (len(pairs) // 2)
    assert 3 <= len(pairs) // 2 <= 5
    assert said[-2:] == ["closed", "over"] or said[-1] == "over"
    assert "closed" in said
    lines = [json.loads(line) for line in watch.said().splitlines()]
    assert [line["error"] for line in lines if line["event"] == "not listening"] == [
        "imap.example.org went away.",
        "ZeroDivisionError",
    ]
    assert "Secret" not in watch.said()


def listened(here: Consultation, mailbox: Mailbox, every: str) -> None:
    here.read_mail_from(mailbox)
    text = here.path.read_text()
    alone = text[: text.index("[channels.letters]")]
    here.path.write_text(alone.replace("[channels.email]", f'[channels.email]\nevery = "{every}"'))


def test_a_message_is_taken_in_when_the_server_announces_it(
    place: Consultation, dovecot: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a schedule of an hour, a message is received within seconds of its arrival, and the next one too; what is
    said on the way is no personal data; told to stop, the watch ends at once."""
    monkeypatch.setenv("TEST_PASSWORD", dovecot.password)
    listened(place, dovecot, "1h")
    with watching(place.command_line("watch"), place.folder) as watch:
        watch.wait_for(lambda: "watching" in watch.said())
        for number in (1, 2, 3):
            dovecot.append(message("Keep it open.", sender="Secret Name <secret@example.org>", subject=f"{number}"))
            watch.wait_for(lambda number=number: len(place.receipts()) == number)  # type: ignore[misc]
        watch.wait_for(lambda: [r["outcome"] for r in place.receipts()] == ["read"] * 3)
        assert watch.stop() < STOP_SECONDS
        assert watch.process.returncode == 0
        assert living(watch.process.pid) == []
    assert "ecret" not in watch.said()
    assert dovecot.user not in watch.said()
    assert place.failures() == {}


def test_a_server_without_idle_is_polled(
    place: Consultation, dovecot: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is lost and nothing is wrong where the server can't announce: the schedule finds it."""
    monkeypatch.setenv("TEST_PASSWORD", dovecot.password)
    with Proxy(dovecot.host, dovecot.port, rewrite=lambda chunk: chunk.replace(b" IDLE", b" XDLE")) as proxy:
        listened(place, dovecot, "1s")
        place.configure(f"port = {dovecot.port}", f"port = {proxy.port}")
        with watching(place.command_line("--verbose", "watch"), place.folder) as watch:
            watch.wait_for(lambda: "can't say that something is new" in watch.said())
            dovecot.append(message("Keep it open."))
            watch.wait_for(lambda: len(place.receipts()) == 1)
            watch.stop()
    assert "not listening" not in [json.loads(line)["event"] for line in watch.said().splitlines()]


def test_a_kill_leaves_no_process_behind(tmp_path: Path, empty_home: Path) -> None:
    """When the watch is killed, the processes that read for it end with it, and the next run goes on."""
    here = watched(tmp_path / "here", empty_home)
    for n in range(30):
        here.mail(f"{n}.eml", f"Number {n}.")
    with watching(here.command_line("watch"), here.folder) as watch:
        watch.wait_for(lambda: len(living(watch.process.pid)) > 1)
        os.kill(watch.process.pid, signal.SIGKILL)
        watch.process.wait()
        deadline = time.monotonic() + STOP_SECONDS
        while living(watch.process.pid) and time.monotonic() < deadline:
            time.sleep(0.02)
        assert living(watch.process.pid) == []
    here.takes("email", listed=30, read=30, responses=30)
    assert here.failures() == {}


def test_a_config_that_is_wrong_starts_nothing(tmp_path: Path) -> None:
    """A watch over a config that is wrong ends at once with 2 and names the key."""
    here = Consultation(tmp_path)
    here.configure('timezone = "Europe/London"', 'timezone = "Norwich"')
    done = here.command("watch")
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith("intake: consultation.timezone: ")
    assert not here.home.exists()


def test_a_channel_is_listed_whole_once_a_day() -> None:
    """At first, and again before a day (or the window) has passed since the last whole listing that could be made."""
    start = datetime(2011, 3, 1, tzinfo=UTC)
    wholes = Wholes(72, timedelta(minutes=5))
    assert not wholes.may_wait(start)
    wholes.last = start
    assert wholes.may_wait(start + timedelta(minutes=5))
    assert wholes.may_wait(start + timedelta(hours=23, minutes=54))
    assert not wholes.may_wait(start + timedelta(hours=23, minutes=55))
    assert not wholes.may_wait(start + timedelta(days=3))
    assert not Wholes(None, timedelta(minutes=5), start).may_wait(start + timedelta(minutes=5))
    assert not Wholes(72, timedelta(days=2), start).may_wait(start + timedelta(minutes=5))
    assert not Wholes(6, timedelta(minutes=5), start).may_wait(start + timedelta(hours=6))
