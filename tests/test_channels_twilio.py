"""A Twilio account as a source: what is listed, in which version, and what is fetched of it; by how many requests."""

import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from channels.base import Arrival, Listing, Missed
from channels.twilio_account import CALL, MESSAGE, SENTENCES
from tests.support.line import NOW, OPENS, Line
from tests.support.twilio import CALLER, LINE, START, TwilioServer, wav


@pytest.fixture
def server() -> Iterator[TwilioServer]:
    with TwilioServer() as server:
        yield server


@pytest.fixture
def line(server: TwilioServer) -> Line:
    return Line(server)


def document(original: bytes | Path) -> dict[str, Any]:
    assert isinstance(original, bytes)
    found = json.loads(original)
    assert isinstance(found, dict)
    return found


def test_calls_and_messages_to_our_numbers_are_listed(server: TwilioServer, line: Line) -> None:
    """By time; none that goes out, to another number, or is a leg of another call."""
    second = server.call(START + timedelta(hours=2))
    first = server.call(START)
    between = server.message(at=START + timedelta(hours=1))
    server.call(to="+441603000000")
    server.call(direction="outbound-api")
    server.leg(first)
    server.message(to="+441603000000")
    server.message(direction="outbound-reply", **{"from": LINE, "to": CALLER})
    assert list(line.listed()) == [first["sid"], between["sid"], second["sid"]]


def test_the_version_tells_what_has_come(server: TwilioServer, line: Line) -> None:
    """Status, then recordings and transcripts by SID, with the status of those that are not completed."""
    call = server.call(status="in-progress")
    assert line.listed() == {call["sid"]: "in-progress"}
    call["status"] = "completed"
    recording = server.recording(call, status="processing")
    assert line.listed() == {call["sid"]: f"completed {recording['sid']}:processing"}
    recording["status"] = "completed"
    written = server.transcription(recording, None, status="failed")
    transcript = server.transcript(recording, status="queued")
    words = sorted([recording["sid"], f"{written['sid']}:failed", f"{transcript['sid']}:queued"])
    assert line.listed() == {call["sid"]: " ".join(["completed", *words])}


def test_a_call_is_all_that_the_lists_hold_of_it(server: TwilioServer, line: Line) -> None:
    """The original is one canonical JSON object: the call, its legs and theirs, recordings and transcripts by SID, with
    every value as the service gave it, also of keys that the SDK does not know."""
    call = server.call(seconds=45, something_new={"é": [1.50, None]})
    leg = server.leg(call)
    below = server.leg(leg)
    recordings = [server.recording(call), server.recording(leg["sid"], seconds=5)]
    written = server.transcription(recordings[0], "Half a pair: \ud83d")
    spoken = [server.transcript(recordings[1], "Keep it open."), server.transcript(call["sid"])]
    [taken] = line.taken().values()
    assert (taken.arrival.media_type, taken.arrival.grows) == (CALL, True)
    assert (taken.arrival.arrived_at, taken.arrival.arrived_basis) == (START, "call")
    original = taken.arrival.original
    assert document(original) == {
        "call": call, "legs": [leg, below], "recordings": recordings, "transcriptions": [written],
        "transcripts": spoken, "recordings_taken": True,
    }  # fmt: skip
    assert isinstance(original, bytes)
    again = json.dumps(document(original), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert again.encode("utf-8", "backslashreplace") == original


def test_a_message_is_its_resource(server: TwilioServer, line: Line) -> None:
    """It arrives when it was sent."""
    message = server.message("Keep it open. 👍", at=START)
    [taken] = line.taken().values()
    assert (taken.arrival.media_type, taken.arrival.grows) == (MESSAGE, True)
    assert (taken.arrival.arrived_at, taken.arrival.arrived_basis) == (START, "message")
    assert document(taken.arrival.original) == {"message": message}


@pytest.mark.parametrize("gone", [None, "", "soon", "Tue, 99 Mar 2011 10:00:00 +0000", 5])
def test_without_a_start_the_day_of_making_counts(server: TwilioServer, line: Line, gone: object) -> None:
    """A call that never started, or whose time can't be read, arrived when it was made; without that, nobody knows."""
    server.call(START, start_time=gone)
    [taken] = line.taken().values()
    assert taken.arrival.arrived_at == START
    server.resources("Calls")[0]["date_created"] = gone
    [taken] = line.taken().values()
    assert taken.arrival.arrived_at is None


def test_audio_and_sentences_come_once(server: TwilioServer, line: Line) -> None:
    """Each completed recording's audio and each completed transcript's sentences are further originals under their
    SIDs; what is kept already is not asked for again: a second run makes the requests of the lists alone."""
    call, quiet = server.call(), server.call()
    recording = server.recording(call, seconds=3, channels=2)
    server.recording(call, status="processing")
    server.transcription(recording)
    transcript = server.transcript(recording, "Keep it open.", {"transcript": "Yes.", "media_channel": 2})
    server.transcript(recording, status="in-progress")
    taken = line.taken()
    assert taken[quiet["sid"]].further == {}
    audio, sentences = taken[call["sid"]].arrival.further
    assert (audio.name, audio.original, audio.media_type) == (recording["sid"], wav(3, 2), "audio/x-wav")
    assert audio.facts == {"duration_s": "3", "channels": "2"}
    assert (sentences.name, sentences.media_type) == (transcript["sid"], SENTENCES)
    assert document(sentences.original) == {"sentences": server.sentences[transcript["sid"]]}
    lists = {"Calls": 1, "Messages": 1, "Recordings": 1, "Transcriptions": 1, "Transcripts": 1}
    assert server.counts == lists | {"audio": 1, "Sentences": 1}
    server.forget()
    held = {call["sid"]: frozenset({recording["sid"], transcript["sid"]})}
    assert line.taken(held)[call["sid"]].further == {}
    assert server.counts == lists


def test_without_recordings_nothing_of_them_is_asked_for(server: TwilioServer) -> None:
    """``recordings = false``: calls and messages alone, and the original says that it was so."""
    recording = server.recording(server.call())
    server.transcript(recording)
    [taken] = Line(server, recordings=False).taken().values()
    assert taken.arrival.version == "completed"
    assert document(taken.arrival.original)["recordings_taken"] is False
    assert document(taken.arrival.original)["recordings"] == []
    assert server.counts == {"Calls": 1, "Messages": 1}


def test_what_belongs_to_no_call_of_ours_is_nobody_s(server: TwilioServer, line: Line) -> None:
    """A recording or transcript of an unknown call, or of none, is no item and is not fetched; the others come."""
    call = server.call()
    other = server.call(to="+441603000000")
    server.transcription(server.recording(other))
    for unknown in ("CA" + "0" * 32, "RE" + "f" * 32):
        server.transcript(unknown, "Nobody's.")
    server.recording("CA" + "f" * 32)
    server.transcript(server.recording(call, call_sid=None), channel=None)
    server.transcript(other["sid"], channel={"media_properties": {"reference_sids": {"call_sid": other["sid"]}}})
    assert line.listed() == {call["sid"]: "completed"}
    assert line.taken()[call["sid"]].further == {}
    mine = server.transcript("", channel={"media_properties": {"reference_sids": {"call_sid": call["sid"]}}})
    assert line.listed() == {call["sid"]: f"completed {mine['sid']}"}


def test_lists_go_back_to_a_week_before_the_opening(server: TwilioServer, line: Line) -> None:
    """In UTC, whatever zone the opening was given in; recordings an hour more. Without an opening: all there is."""
    earlier = server.call(OPENS - timedelta(days=7, seconds=1))
    inside = server.call(OPENS - timedelta(days=7))
    assert list(line.listed()) == [inside["sid"]]
    since = [path.rsplit("%3E=", 1)[-1].partition("&")[0] for path in server.asked if "%3E=" in path]
    assert since == ["2011-01-17T00%3A00%3A00Z"] * 2 + ["2011-01-16T23%3A00%3A00Z"]
    assert any("AfterDateCreated=2011-01-16T23%3A00%3A00Z" in path for path in server.asked)
    line.opens_at = None
    assert list(line.listed()) == [earlier["sid"], inside["sid"]]


def test_a_window_lists_what_is_new(server: TwilioServer, line: Line) -> None:
    """Since so many hours ago, under the same versions as the whole listing; never from before the opening."""
    old, new = server.call(NOW - timedelta(hours=73)), server.call(NOW - timedelta(hours=71))
    for call in (old, new):
        server.transcript(server.recording(call))
    assert line.listed(window_hours=72) == {new["sid"]: line.listed()[new["sid"]]}
    assert line.listed(window_hours=24 * 365) == line.listed()


def test_transcriptions_are_paged_until_they_are_too_old(server: TwilioServer, line: Line) -> None:
    """Their list has no filter by date: the first page with nothing new on it is the last one that is asked for."""
    server.page_limit = 2
    calls = [server.call(OPENS + timedelta(days=day)) for day in (-30, -29, -28, -27, 1, 2)]
    written = [server.transcription(server.recording(call, seconds=1)) for call in calls]
    listed = line.listed()
    assert [version.split()[-1] for version in listed.values()] == [of["sid"] for of in written[4:]]
    assert server.counts["Transcriptions"] == 2


def test_many_pages_are_one_list(server: TwilioServer, line: Line) -> None:
    """Every list, and the sentences of a transcript, go on to their last page."""
    server.page_limit = 2
    calls = [server.call() for _ in range(5)]
    recordings = [server.recording(call, seconds=1) for call in calls]
    said = [f"Sentence {n}." for n in range(5)]
    transcripts = [server.transcript(recording, *said) for recording in recordings]
    messages = [server.message() for _ in range(5)]
    taken = line.taken()
    assert list(taken) == [item["sid"] for item in calls + messages]
    for call, recording, transcript in zip(calls, recordings, transcripts, strict=True):
        further = taken[call["sid"]].further
        assert set(further) == {recording["sid"], transcript["sid"]}
        sentences = json.loads(further[transcript["sid"]])["sentences"]
        assert [sentence["transcript"] for sentence in sentences] == said
    assert server.counts["Sentences"] == 15


def test_sentences_that_look_alike_are_all_kept(server: TwilioServer, line: Line) -> None:
    """Neither SID nor index is needed to tell them apart: a person may say the same twice."""
    call = server.call()
    transcript = server.transcript(server.recording(call), *[{"transcript": "Yes.", "sid": None}] * 3)
    further = line.taken()[call["sid"]].further
    assert len(json.loads(further[transcript["sid"]])["sentences"]) == 3


def test_a_changed_call_waits_for_the_next_listing(server: TwilioServer, line: Line) -> None:
    """What is asked for under another version than was seen last is not handed over."""
    call = server.call()
    adapter = line.adapter()
    [listed] = adapter.list()
    server.recording(call)
    [new] = adapter.list()
    [old_value, new_value] = adapter.fetch([listed, new])
    assert isinstance(old_value, Missed)
    assert isinstance(new_value, Arrival)
    [unlisted] = line.adapter().fetch([Listing("CA" + "f" * 32, "completed")])
    assert isinstance(unlisted, Missed)


def test_a_long_recording_is_not_held_in_memory(server: TwilioServer, line: Line, tmp_path: Path) -> None:
    """It is handed over as a path, which is good until the next item is taken, and leaves nothing on the disk."""
    sound = wav(120, fill=7)
    for call in [server.call() for _ in range(2)]:
        server.recording(call, seconds=120, audio=sound)
    adapter = line.adapter()
    values = adapter.fetch(list(adapter.list()))
    first = next(values)
    assert isinstance(first, Arrival)
    path = first.further[0].original
    assert isinstance(path, Path)
    assert path.read_bytes() == path.read_bytes() == sound
    second = next(values)
    assert isinstance(second, Arrival)
    held = second.further[0].original
    assert isinstance(held, Path)
    adapter.close()
    assert not held.exists()


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    there=st.integers(0, 9), size=st.integers(1, 4), by_offset=st.booleans(),
    added=st.lists(st.integers(0, 3), max_size=8),
)  # fmt: skip
def test_what_is_added_while_paging_loses_nothing(there: int, size: int, by_offset: bool, added: list[int]) -> None:
    """Whatever comes in between two pages, and however the service counts its pages: each item that was there when the
    listing began is listed once."""
    with TwilioServer(page_limit=size, by_offset=by_offset) as server:
        before = {server.call()["sid"] for _ in range(there)}
        left = list(added)

        def add(kind: str, page: int) -> None:
            for _ in range(left.pop(0) if left and page else 0):
                server.call()

        server.before_page = add
        adapter = Line(server, recordings=False).adapter()
        listed = [listing.source_key for listing in adapter.list()]
        adapter.close()
        assert len(set(listed)) == len(listed)
        assert before <= set(listed)


def test_the_program_loads_no_sdk_until_there_is_an_account() -> None:
    """The SDK takes longer to load than all of ours: `intake --help` does not wait for it."""
    look = "import sys, intake.cli; print([name for name in ('twilio', 'requests') if name in sys.modules])"
    done = subprocess.run([sys.executable, "-P", "-c", look], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_times_of_the_service_are_utc(server: TwilioServer, line: Line) -> None:
    """An offset in a time of the service counts."""
    server.call(START, start_time="Tue, 01 Mar 2011 12:00:00 +0200")
    [taken] = line.taken().values()
    assert taken.arrival.arrived_at == datetime(2011, 3, 1, 10, tzinfo=UTC)
