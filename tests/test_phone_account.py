"""The telephone line from end to end: the whole program on an account of the small Twilio server, whatever it does."""

import json
import re
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

import intake.app
from tests.support.consultation import Consultation, kill_group, start
from tests.support.twilio import CALLER, LINE, START, TwilioServer, wav

pytestmark = pytest.mark.usefixtures("warm_readers")

LISTS = ("Calls", "Messages", "Recordings", "Transcriptions", "Transcripts")
LOG = 'log = "calls"\ncolumns.received_at = ["Date", "Time"]\ncolumns.text = "Said"\n'


@pytest.fixture
def server() -> Iterator[TwilioServer]:
    with TwilioServer() as server:
        yield server


@pytest.fixture
def line(place: Consultation, server: TwilioServer, monkeypatch: pytest.MonkeyPatch) -> Consultation:
    """A consultation whose phone is the account, with recordings taken; waiting is short."""
    keys = server.section | {"recordings": True, "retry_attempts": 2, "timeout_s": 2}
    place.configure(LOG, "".join(f"{key} = {json.dumps(value)}\n" for key, value in keys.items()))
    for name, value in server.variables.items():
        monkeypatch.setenv(name, value)
    return place


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Sets the clock of the program."""
    return lambda moment: monkeypatch.setattr(intake.app, "clock", lambda: moment)


def phone(consultation: Consultation, *, window: bool = False) -> dict[str, Any]:
    """The channel's accounts of one run, as JSON has them."""
    with consultation.app() as app:
        report = app.run(["phone"], window=window).as_json()
    found = json.loads(json.dumps(report))["channels"]["phone"]
    assert isinstance(found, dict)
    return found


def call(server: TwilioServer, *said: str, **values: Any) -> dict[str, Any]:
    """A call with a recording and what was understood of it."""
    made = server.call(**values)
    server.transcript(server.recording(made, seconds=1), *said)
    return made


def test_a_call_from_its_first_ring_to_its_response(line: Consultation, server: TwilioServer, at: Any) -> None:
    """It is received when it is seen, and waits; what comes later belongs to the same receipt, and with the transcript
    it is a response. A call with no message is set aside, a text message is a response."""
    at(START + timedelta(hours=1))
    ringing = server.call(status="in-progress")
    server.call(status="no-answer", seconds=0)
    server.message("Keep Watton open.")
    line.takes("phone", listed=3, received=3, pending=1, set_aside=1, read=1)
    ringing |= {"status": "completed", "duration": "30"}
    recording = server.recording(ringing, seconds=4, status="processing")
    line.takes("phone", listed=3, received=0, pending=1)
    recording["status"] = "completed"
    server.audio[recording["sid"]] = (wav(4), "audio/x-wav")
    transcript = server.transcript(recording, "Please keep the centre open.", status="in-progress")
    line.takes("phone", listed=3, received=0, pending=1)
    transcript["status"] = "completed"
    line.takes("phone", listed=3, received=0, pending=0, set_aside=1, read=2, responses=2)
    texts = {response["text"] for response in line.responses("phone")}
    assert texts == {"Keep Watton open.", "Please keep the centre open."}
    assert {response["phone"] for response in line.responses("phone")} == {CALLER}
    server.forget()
    line.takes("phone", listed=3, received=0)
    assert server.counts == dict.fromkeys(LISTS, 1)
    assert line.failures() == {}


FAULTS: dict[str, dict[str, Any]] = {
    "401": {"path": "Recordings.json", "status": 401},
    "404 on a recording": {"path": r"\.wav", "status": 404},
    "429 for minutes": {"path": "Calls.json", "status": 429, "retry_after": "0"},
    "500 on page 3": {"path": "Calls.json", "status": 500, "page": 2},
    "hang": {"path": "Messages.json", "hang": 5},
    "truncated JSON": {"path": r"Transcripts\?", "truncated": True},
    "a recording cut in the middle": {"path": r"\.wav", "cut": True},
    "wrong content type": {"path": r"\.wav", "media_type": "text/html"},
    "dead page token": {"path": "PageToken", "status": 400},
    "away": {"path": ".", "reset": True},
}


def test_after_each_fault_one_more_run_has_everything_once(line: Consultation, server: TwilioServer) -> None:
    """While the service fails, in every way that it can, the run says so or receives what there is; once it works
    again, one more run has every call with its recording and transcript, `unknown` 0, and nothing twice."""
    line.configure("timeout_s = 2", "timeout_s = 0.3")
    server.page_limit = 2
    for _ in range(4):
        call(server, "There from the first.")
    number = 0
    for number, (name, fault) in enumerate(FAULTS.items(), 5):
        call(server, f"New when it went wrong: {name}.")
        server.transcript("RE" + f"{number:x}" * 32, "Of a call that nobody knows.")
        of_one = fault["path"] == r"\.wav"
        made = server.fault(**{"times": None} | fault)
        account = phone(line)
        assert (account["error"] is None, account["unknown"]) == ((True, 0) if of_one else (False, None)), name
        assert account["received"] == (1 if of_one else 0), name
        assert not [secret for secret in (LINE, CALLER, "CA0", "http") if secret in json.dumps(account)], name
        made.times = 0
        line.takes("phone", listed=number, unknown=0, waiting=0, vanished=0, pending=0, read=number)
    assert line.sql("select count(*) from receipt") == [number]
    for receipt in line.receipts("phone"):
        names = [one["name"][:2] for one in line.trace(receipt["id"])["receipts"][0]["originals"] if one.get("name")]
        assert sorted(names) == ["GT", "RE"]
    texts = sorted(response["text"] for response in line.responses("phone"))
    assert texts == sorted(["There from the first."] * 4 + [f"New when it went wrong: {name}." for name in FAULTS])
    server.forget()
    line.takes("phone", listed=number, received=0)
    assert set(server.counts) == set(LISTS)
    assert line.failures() == {}


def test_a_window_proves_nothing_and_forgets_nothing(
    line: Consultation, server: TwilioServer, at: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run in between says its window, counts what it lists, takes in what is new, and keeps what is older: neither a
    receipt nor what waits is taken for gone. The next whole run is as if there had been no other."""
    call(server, "An old one.")
    at(START + timedelta(days=10))
    line.takes("phone", listed=1, received=1, read=1)
    with line.app() as app, app.database.write() as tx:
        intake.app.job.receipts.set_waiting(tx, 1, START, "phone", [("CA" + "f" * 32, "x", "It waits.")])
    new = call(server, "A new one.", at=START + timedelta(days=9))
    account = phone(line, window=True)
    wanted = {"window": 72, "listed": 1, "unknown": 0, "waiting": 0, "vanished": 0, "received": 1, "read": 2}
    assert {key: account[key] for key in wanted} == wanted
    assert line.sql("select count(*) from waiting") == [1]
    assert line.sql("select listing_digest from run_channel where run_id = 2") == [None]
    assert phone(line, window=True)["received"] == 0
    whole = phone(line)
    assert (whole["window"], whole["listed"], whole["received"], whole["vanished"]) == (None, 2, 0, 1)
    server.remove(new)
    assert phone(line)["listed"] == 1
    assert [receipt["outcome"] for receipt in line.receipts("phone")] == ["read", "read"]
    line.configure("base_url", "window_hours = 0\nbase_url")
    assert phone(line, window=True)["window"] is None
    assert line.failures() == {}


def test_every_run_says_that_recordings_are_taken(line: Consultation, server: TwilioServer) -> None:
    """In the report, in the log and in the JSON, since it is a decision about people's privacy; and nothing of it where
    they are not taken."""
    call(server, "Keep it open.")
    said = "Recordings of calls and their transcripts are taken"
    words = line.command("run", "--channel", "phone")
    assert words.code == 0
    assert said in " ".join(words.out.split())
    assert said in words.err
    report = line.run("phone", "email")["channels"]
    assert [notice.startswith(said) for notice in report["phone"]["notices"]] == [True]
    assert (report["email"]["notices"], report["email"]["window"]) == ((), None)
    line.configure("recordings = true\n", "")
    done = line.command("run", "--json", "--channel", "phone")
    assert done.json["channels"]["phone"]["notices"] == []
    assert said not in done.err


def test_recordings_that_are_not_taken_are_not_asked_for(line: Consultation, server: TwilioServer) -> None:
    """A call then is one with no message, and its recording is asked for once the setting changes."""
    line.configure("recordings = true\n", "")
    call(server, "Keep it open.")
    line.takes("phone", listed=1, received=1, set_aside=1)
    assert server.counts == {"Calls": 1, "Messages": 1}
    line.configure("base_url", "recordings = true\nbase_url")
    line.takes("phone", listed=1, received=0, set_aside=0, read=1)
    assert line.failures() == {}


def test_a_missing_token_is_the_channel_s_error(line: Consultation, server: TwilioServer) -> None:
    """The command ends with 1 and names the variable; the other channels run."""
    line.mail("one.eml")
    done = line.command("run", "--json", TWILIO_TOKEN="")
    found = done.json["channels"]
    assert done.code == 1
    assert "The environment variable TWILIO_TOKEN, which `auth_token_env` names" in found["phone"]["error"]
    assert (found["phone"]["listed"], found["email"]["read"]) == (None, 1)
    assert server.asked == []


def test_the_watch_lists_whole_at_first_and_a_window_in_between(line: Consultation, server: TwilioServer) -> None:
    """The first run asks for everything since a week before the opening, those after it for the last 72 hours."""
    text = line.path.read_text()
    section = text[text.index("[channels.phone]") : text.index("[channels.survey]")]
    line.path.write_text(text[: text.index("[channels.email]")] + section + 'every = "1s"\n')
    watch = start(line.command_line("watch"), line.folder)
    try:
        until = time.monotonic() + 60
        while server.counts["Calls"] < 3 and time.monotonic() < until:
            time.sleep(0.05)
    finally:
        kill_group(watch.pid)
        watch.communicate()
    since = [re.search("StartTime%3E=(....)", path) for path in server.asked if "/Calls" in path]
    assert [found and int(found[1]) for found in since][:3] == [2011, *[datetime.now(UTC).year] * 2]
