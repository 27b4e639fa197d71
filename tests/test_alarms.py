"""What waits for more than an hour is said in ``status`` and in the log, with the way out and without personal data."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from tests.support.consultation import Consultation, message, pdf
from tests.support.dovecot import Mailbox
from tests.support.imapstream import Liar
from tests.support.proxy import Proxy

KEYS = {"channel", "alarm", "count", "since", "what", "next"}


def since(here: Consultation, ago: timedelta) -> None:
    """Let everything that waits have begun to wait so long ago."""
    at = (datetime.now(UTC) - ago).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    assert here.tamper("update waiting set since = :at", at=at) > 0


def alarms(here: Consultation) -> list[dict[str, object]]:
    with here.app() as app:
        found: list[dict[str, object]] = app.status()["alarms"]
    return found


def test_a_scan_that_changes_for_over_an_hour_is_an_alarm(here: Consultation) -> None:
    """It is counted from when it was first seen to change, however often it has changed since; once taken, or gone, it
    is none; the run is balanced all the same."""
    here.configure('folder = "letters"\nsettle_seconds = 0', 'folder = "letters"\nsettle_seconds = 600')
    here.put("letters/Jane Doe.pdf", pdf("Half of it"))
    here.put("letters/gone.pdf", pdf("To be gone"))
    here.takes("letters", listed=2, waiting=2, received=0)
    assert alarms(here) == []
    since(here, timedelta(minutes=59))
    assert alarms(here) == []
    since(here, timedelta(minutes=61))
    here.put("letters/Jane Doe.pdf", pdf("More of it"))
    (here.folder / "letters/gone.pdf").unlink()
    assert here.run("letters")["balanced"]
    (alarm,) = alarms(here)
    assert set(alarm) == KEYS
    assert (alarm["channel"], alarm["alarm"], alarm["count"]) == ("letters", "waiting", 1)
    assert "The file is still being written" in str(alarm["what"])
    assert "see what still writes to it (a scanner, a copy that hangs)" in str(alarm["next"])
    (item,) = here.items("waiting")
    assert (item["channel"], item["source"], item["receipt"]) == ("letters", "Jane Doe.pdf", None)
    here.configure("settle_seconds = 600", "settle_seconds = 0")
    here.takes("letters", received=1, waiting=0)
    assert alarms(here) == []
    assert here.items("waiting") == []


def test_a_message_that_is_withheld_is_an_alarm_until_it_is_handed_over(
    place: Consultation, dovecot: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is asked for again on every run; the alarm says how to take it in by hand; once handed over it is received."""
    monkeypatch.setenv("TEST_PASSWORD", dovecot.password)
    for number in range(7):
        dovecot.deliver(message(f"Number {number}."))
    with Proxy(dovecot.host, dovecot.port, rewriter=Liar) as proxy:
        place.read_mail_from(dovecot, proxy.port)
        place.takes("email", listed=7, received=4, waiting=3)
        since(place, timedelta(hours=2))
        before = len(proxy.sent)
        place.takes("email", listed=7, received=0, waiting=3)
        assert b"BODY.PEEK[]" in proxy.sent[before:]
        (alarm,) = alarms(place)
        assert alarm["count"] == 3
        assert "put it into the folder of a channel" in str(alarm["what"])
        proxy.rewriter = None
        place.takes("email", listed=7, received=3, waiting=0)
        assert alarms(place) == []


def test_the_commands_say_it_and_end_as_before(place: Consultation) -> None:
    """``status`` has a line and a key, ``run`` a warning in its log; neither names the item; the exit code is 0."""
    place.configure('folder = "letters"\nsettle_seconds = 0', 'folder = "letters"\nsettle_seconds = 600')
    place.put("letters/Jane Doe.pdf", pdf("Half of it"))
    place.run("letters")
    since(place, timedelta(hours=30))
    run = place.command("run", "--json")
    assert run.code == 0
    (warning,) = [line for line in map(json.loads, run.err.splitlines()) if line["event"] == "alarm"]
    told_of = [warning[name] for name in ("level", "channel", "alarm", "count")]
    assert told_of == ["warning", "letters", "waiting", 1]
    told = place.command("status")
    assert told.code == 0
    assert "ALARM: letters, since 20" in told.out
    assert "1 item listed for more than an hour could not be taken in." in told.out
    assert "Jane" not in run.out + run.err + told.out
    assert "Jane Doe.pdf" in place.command("status", "--items", "waiting", COLUMNS="200").out


def test_a_connection_that_is_made_anew_is_said_in_the_log(place: Consultation, dovecot: Mailbox) -> None:
    """A warning for each new attempt, with the host and the pause, and neither user nor password; the run is done."""
    for number in range(40):
        dovecot.deliver(message(f"Number {number}. " + "Please keep it open. " * 100))
    with Proxy(dovecot.host, dovecot.port) as proxy:
        place.read_mail_from(dovecot, proxy.port)
        proxy.cuts = [60_000]
        done = place.command("run", "--channel", "email", "--json", TEST_PASSWORD=dovecot.password)
    assert done.code == 0
    assert done.json["channels"]["email"]["received"] == 40
    (line,) = done.err.splitlines()
    warning = json.loads(line)
    assert (warning["event"], warning["level"], warning["time"], warning["wait_s"]) == ("trying again", "warning", 1, 0)
    assert "broke off" in warning["why"]
    assert dovecot.user not in done.err
    assert dovecot.password not in done.err
