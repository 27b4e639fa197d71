"""Response bodies from the tests of the telephone service's own SDK: each is taken, or said to be no list in one
sentence; never a traceback, and nothing is lost."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.answers import Answers
from tests.support.consultation import Consultation
from tests.support.twilio import ACCOUNT, CALLER, LINE, TOKEN

VARIABLES = {"TWILIO_SID": ACCOUNT, "TWILIO_TOKEN": TOKEN}
KINDS = {"call": "Calls", "message": "Messages", "recording": "Recordings", "transcription": "Transcriptions"}
BY_KEY = {name.lower(): name for name in KINDS.values()}


@pytest.fixture(scope="module")
def service() -> Iterator[Answers]:
    with Answers() as service:
        yield service


def line(place: Consultation, service: Answers) -> Consultation:
    """The consultation with its phone channel at this service, with recordings."""
    account = (
        f'account_sid_env = "TWILIO_SID"\nauth_token_env = "TWILIO_TOKEN"\nnumbers = ["{LINE}"]\nretry_attempts = 0\n'
        f'base_url = "{service.url}"\nrecordings = true'
    )
    place.configure('log = "calls"\ncolumns.received_at = ["Date", "Time"]\ncolumns.text = "Said"', account)
    return place


def bodies(corpus: Path) -> list[Path]:
    """Every body for calls, messages, recordings and transcriptions."""
    folder = corpus / "twilio" / "rest-fixtures"
    found = [path for kind in KINDS for path in sorted((folder / kind).rglob("*.json"))]
    assert len(found) > 60
    return found


def listed(path: Path, kind: str, *, ours: bool) -> dict[str, Any]:
    """What the lists answer with a body: it is one of them, or one item of the list it belongs to. Where it is to be
    ``ours``, its calls and messages came in on our line, and its recordings and transcriptions belong to such calls."""
    body = json.loads(path.read_bytes())
    # A call's recordings are in the list of recordings: the folder nearest to the file says what the body is.
    name = next((KINDS[folder] for folder in reversed(path.parts[:-1]) if folder in KINDS), KINDS[kind])
    key = next((key for key in body if key in BY_KEY and isinstance(body[key], list)), "")
    items = body[key] if key else [body]
    lists: dict[str, Any] = {BY_KEY.get(key, name): body if key else {name.lower(): items, "next_page_uri": None}}
    if not ours:
        return lists
    for item in items:
        if BY_KEY.get(key, name) in ("Calls", "Messages"):
            item.update({"direction": "inbound", "to": LINE, "from": CALLER})
            item.pop("parent_call_sid", None)
    recordings = items if BY_KEY.get(key, name) == "Recordings" else []
    if BY_KEY.get(key, name) == "Transcriptions":
        recordings = [{"sid": item["recording_sid"], "call_sid": "CA" + "a" * 32, "status": "completed",
                       "duration": "4"} for item in items if item.get("recording_sid")]  # fmt: skip
        lists["Recordings"] = {"recordings": recordings, "next_page_uri": None}
    calls = {
        item["call_sid"]: {"sid": item["call_sid"], "direction": "inbound", "to": LINE, "status": "completed",
                           "start_time": "Tue, 01 Mar 2011 10:00:00 +0000"}
        for item in recordings if item.get("call_sid")
    }  # fmt: skip
    if calls:
        lists["Calls"] = {"calls": list(calls.values()), "next_page_uri": None}
    return lists


@pytest.mark.parametrize("kind", KINDS)
def test_every_body_is_taken(
    kind: str, corpus: Path, service: Answers, tmp_path: Path, empty_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a home of its own, as it is and as if it were ours: nothing is unknown, and all that is listed has a receipt;
    or the channel says in one sentence that this is no list."""
    for name, value in VARIABLES.items():
        monkeypatch.setenv(name, value)
    taken = 0
    for number, path in enumerate(path for path in bodies(corpus) if path.relative_to(corpus).parts[2] == kind):
        for ours in (False, True):
            service.lists = listed(path, kind, ours=ours)
            place = line(Consultation(tmp_path / f"{number}-{ours}", home=empty_home), service)
            report = place.run("phone")
            account = report["channels"]["phone"]
            if account["error"] is not None:
                assert account["error"].startswith("The telephone service gave an answer that is no list."), path
                assert "\n" not in account["error"]
                continue
            assert (account["unknown"], report["balanced"]) == (0, True), path
            assert account["listed"] == account["received"], path
            assert place.failures() == {}, path
            taken += account["received"]
    assert taken > 0


def test_all_bodies_at_once_leave_no_traceback(corpus: Path, service: Answers, place: Consultation) -> None:
    """The command on everything that is an item of a list: exit 0, twice; the second run finds nothing new."""
    lists: dict[str, dict[str, Any]] = {name: {} for name in KINDS.values()}
    for path in bodies(corpus):
        for name, body in listed(path, path.relative_to(corpus).parts[2], ours=True).items():
            for item in body.get(name.lower(), []):
                if item.get("sid"):
                    lists[name].setdefault(item["sid"], item)
    service.lists = {name: {name.lower(): list(items.values()), "next_page_uri": None} for name, items in lists.items()}
    line(place, service)
    first = place.command("run", "--channel", "phone", "--json", **VARIABLES)
    second = place.command("run", "--channel", "phone", "--json", **VARIABLES)
    for done in (first, second):
        assert "Traceback" not in done.err
        assert done.code == 0, done.err
    account, again = first.json["channels"]["phone"], second.json["channels"]["phone"]
    assert (account["unknown"], account["error"], first.json["balanced"]) == (0, None, True)
    assert account["listed"] == account["received"] > 5
    assert (again["received"], again["unknown"]) == (0, 0)
    assert place.failures() == {}
