"""Items that grow: a call is received when it is seen, and what comes later is a further original of its receipt."""

import json
from collections.abc import Iterator
from contextlib import nullcontext
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

import intake.app
from intake.errors import Refused
from storage.further import NewFurther, add_further
from storage.ledger import number_entries
from tests.support.consultation import Consultation, without
from tests.support.exchange import MESSAGE, NINE, SECTION, SENTENCES, Exchange, Item, canonical, sentences
from tests.support.stops import NEVER, Stopped, Stops
from tests.support.twilio import START, TwilioServer

pytestmark = pytest.mark.usefixtures("warm_readers")

WAV = b"RIFF\x24\x00\x00\x00WAVEfmt "
AUDIO = (WAV, "audio/x-wav", {"duration_s": "4", "channels": "1"})
on_sqlite = pytest.mark.parametrize("here", ["sqlite"], indirect=True)
"""For what either database can't do otherwise than the other."""


@pytest.fixture
def exchange(here: Consultation) -> Iterator[Exchange]:
    """An exchange that is the only channel that the tests run."""
    here.path.write_text(here.path.read_text() + SECTION)
    found = Exchange()
    with found.plugged_in():
        yield found


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Sets the clock of the program."""
    return lambda moment: monkeypatch.setattr(intake.app, "clock", lambda: moment)


def originals(here: Consultation, receipt: int = 1) -> list[tuple[str, str]]:
    """Name and media type of a receipt's further originals."""
    return [(o["name"], o["media_type"]) for o in here.trace(receipt)["receipts"][0]["originals"][1:]]


def test_what_comes_later_is_a_further_original_of_one_receipt(here: Consultation, exchange: Exchange) -> None:
    """A known key in a new version is the same receipt: its new bytes and what came with it are kept beside the first,
    can be had by their hash, and stand in the ledger."""
    exchange.items["CA1"] = Item("ringing", {"call": {"sid": "CA1", "status": "ringing"}})
    here.takes("exchange", listed=1, received=1)
    exchange.items["CA1"] = Item("completed RE1", {"call": {"sid": "CA1", "status": "completed"}}, {"RE1": AUDIO})
    here.takes("exchange", listed=1, received=0)
    here.takes("exchange", listed=1, received=0)
    assert exchange.sent == ["RE1"]
    [receipt] = here.trace(1)["receipts"]
    assert receipt["version"] == "ringing"
    assert receipt["original"] == receipt["originals"][0]
    assert [(o.get("name"), o["intact"]) for o in receipt["originals"]] == [(None, True), ("", True), ("RE1", True)]
    assert receipt["originals"][2]["facts"] == AUDIO[2]
    assert here.original(receipt["originals"][2]["sha256"]) == WAV
    kinds = [entry["type"] for entry in here.trace(1)["history"]]
    assert kinds.count("receipt") == 1
    assert kinds.count("further-original") == 2
    assert here.failures() == {}


@on_sqlite
def test_what_is_kept_is_not_asked_for_again(here: Consultation, exchange: Exchange) -> None:
    """A further version fetches only the names that are not kept, and known bytes are not added again."""
    document = {"call": {"sid": "CA1", "status": "completed"}}
    exchange.items["CA1"] = Item("completed RE1", document, {"RE1": AUDIO})
    here.takes("exchange", received=1)
    exchange.items["CA1"] = Item("completed RE1 RE2", document, {"RE1": AUDIO, "RE2": AUDIO})
    here.takes("exchange", received=0)
    assert exchange.sent == ["RE1", "RE2"]
    assert originals(here) == [("RE1", "audio/x-wav"), ("RE2", "audio/x-wav")]
    assert here.sql("select count(*) from original") == [2]
    assert here.failures() == {}


@on_sqlite
def test_two_calls_may_share_a_recording(here: Consultation, exchange: Exchange) -> None:
    """Two recordings of the same bytes are one file and two further originals; neither call is a repeat."""
    for sid in ("CA1", "CA2"):
        exchange.items[sid] = Item("completed RE1", {"call": {"sid": sid}}, {f"RE-{sid}": AUDIO})
    here.takes("exchange", received=2, repeats=0)
    assert originals(here, 1) == [("RE-CA1", "audio/x-wav")]
    assert originals(here, 2) == [("RE-CA2", "audio/x-wav")]
    assert here.failures() == {}


def test_what_is_lacking_is_asked_for_again_for_a_week(here: Consultation, exchange: Exchange, at: Any) -> None:
    """What could not be had whole is asked for on each run for seven days although it is known, and no longer; it
    balances meanwhile."""
    lacking = Item("completed RE1", {"call": {"sid": "CA1"}}, lacks="A recording could not be had.")
    exchange.items["CA1"] = lacking
    at(NINE)
    here.takes("exchange", received=1, unknown=0, waiting=0)
    for days in (1, 7):
        at(NINE + timedelta(days=days))
        here.takes("exchange", received=0, unknown=0, waiting=0)
    assert exchange.asked == ["CA1"] * 3
    exchange.missing = {"CA1"}
    here.takes("exchange", received=0, unknown=0, waiting=0)
    at(NINE + timedelta(days=8))
    here.takes("exchange", received=0, unknown=0, waiting=0)
    assert exchange.asked == ["CA1"] * 4
    assert originals(here) == []


@on_sqlite
def test_what_arrives_whole_is_lacking_no_more(here: Consultation, exchange: Exchange, at: Any) -> None:
    """Once it came, it is not asked for again."""
    exchange.items["CA1"] = Item("completed RE1", {"call": {"sid": "CA1"}}, lacks="A recording could not be had.")
    at(NINE)
    here.takes("exchange", received=1)
    exchange.items["CA1"] = Item("completed RE1", {"call": {"sid": "CA1"}}, {"RE1": AUDIO})
    here.takes("exchange", received=0)
    here.takes("exchange", received=0)
    assert exchange.asked == ["CA1"] * 2
    assert originals(here) == [("RE1", "audio/x-wav")]
    assert here.sql("select count(*) from lacking") == [0]


@pytest.mark.parametrize(
    "damage",
    [
        "update further_original set name = 'RE2'",
        "update further_original set facts = '{}'",
        "delete from further_original",
        "update further_original set sha256 = (select sha256 from receipt)",
    ],
)
def test_verify_names_a_further_original_that_is_not_as_it_was(place: Consultation, damage: str) -> None:
    """A further original that was changed, exchanged or taken away by hand is found, and its receipt named."""
    place.path.write_text(place.path.read_text() + SECTION)
    exchange = Exchange({"CA1": Item("completed RE1", {"call": {"sid": "CA1"}}, {"RE1": AUDIO})})
    with exchange.plugged_in():
        place.run("exchange")
        assert place.failures() == {}
        place.tamper(damage)
        assert place.failures()["further-originals"] == ["1"]


def test_verify_names_further_bytes_that_are_damaged(place: Consultation) -> None:
    """A recording whose file has other bytes than it had is named by its hash."""
    place.path.write_text(place.path.read_text() + SECTION)
    exchange = Exchange({"CA1": Item("completed RE1", {"call": {"sid": "CA1"}}, {"RE1": AUDIO})})
    with exchange.plugged_in():
        place.run("exchange")
        sha256 = place.trace(1)["receipts"][0]["originals"][1]["sha256"]
        path = place.home / "originals" / sha256[:2] / sha256[2:]
        path.chmod(0o600)
        path.write_bytes(WAV[:-1] + b"!")
        assert place.failures()["originals"] == [sha256]
        assert place.trace(1)["receipts"][0]["originals"][1]["intact"] is False


@on_sqlite
def test_the_ledger_says_nothing_of_a_call(here: Consultation, exchange: Exchange) -> None:
    """Neither a number nor a SID stands in the ledger."""
    exchange.items["CA1"] = Item("completed RE1", {"call": {"from": "+441632960001"}}, {"RE1": AUDIO})
    here.takes("exchange", received=1)
    exchange.items["CA1"].version = "completed RE1 TR1"
    exchange.items["CA1"].document = {"call": {"from": "+441632960001", "sid": "CA1"}}
    here.takes("exchange", received=0)
    said = b"".join(bytes(body) for body in here.sql("select body from ledger_entry"))
    assert b"further-original" in said
    assert not any(word in said for word in (b"CA1", b"RE1", b"960001", b"x-wav"))
    assert canonical({"a": 1}) == b'{"a":1}'


# ---- read


def call(status: str = "completed", **values: Any) -> dict[str, Any]:
    """The document of a call, as the adapter writes it."""
    parts = {name: values.pop(name, []) for name in ("legs", "recordings", "transcriptions", "transcripts")}
    taken = values.pop("recordings_taken", True)
    of = {"sid": "CA1", "from": "+447700900123", "to": "+441603223762", "direction": "inbound", "duration": "30",
          "status": status, "start_time": "Tue, 01 Mar 2011 09:00:00 +0000"}  # fmt: skip
    return {"call": of | values, **parts, "recordings_taken": taken}


def recording(sid: str = "RE1", **values: Any) -> dict[str, Any]:
    """The resource of a voicemail."""
    return {"sid": sid, "call_sid": "CA1", "status": "completed", "duration": "4", "channels": 1,
            "source": "RecordVerb", "start_time": "Tue, 01 Mar 2011 09:00:10 +0000"} | values  # fmt: skip


def transcript(sid: str = "GT1", of: str = "RE1", status: str = "completed", **values: Any) -> dict[str, Any]:
    """The resource of an Intelligence transcript."""
    source = {"media_properties": {"source_sid": of}, "participants": []}
    return {"sid": sid, "status": status, "date_created": "2011-03-01T09:05:00Z", "channel": source} | values


def said(*words: tuple[Any, ...]) -> tuple[bytes, str, dict[str, str]]:
    return sentences(*words), SENTENCES, {}


LATER = NINE + timedelta(hours=25)
WORDS = ("Please keep Watton open.", "It is close to NR19 1AB.")
HEARD = said((0.5, 1.5, WORDS[0]), (1.6, 3.5, WORDS[1]))


def grown(exchange: Exchange, version: str, document: dict[str, Any], **further: Any) -> None:
    exchange.items["CA1"] = Item(version, document, further)


def test_a_call_is_received_when_it_is_seen_and_read_when_all_has_come(
    here: Consultation, exchange: Exchange, at: Any
) -> None:
    """Ringing, then recorded, then transcribed: one receipt that waits, then one response with the caller's words,
    their number and when they rang, each with its place."""
    at(NINE)
    grown(exchange, "ringing", call("ringing"))
    here.takes("exchange", received=1, pending=1, responses=0)
    grown(exchange, "completed RE1:processing", call(recordings=[recording(status="processing", duration=None)]))
    here.takes("exchange", received=0, pending=1)
    grown(exchange, "completed RE1", call(recordings=[recording()]), RE1=AUDIO)
    here.takes("exchange", received=0, pending=1)
    assert "waited for until 2011-03-02 09:00" in here.receipts("exchange")[0]["reason"]
    document = call(recordings=[recording()], transcripts=[transcript()])
    grown(exchange, "completed GT1 RE1", document, RE1=AUDIO, GT1=HEARD)
    here.takes("exchange", received=0, read=1, pending=0, responses=1)
    here.takes("exchange", received=0, read=1, pending=0, responses=1)
    traced = here.trace(1)
    response, fields = traced["response"], traced["fields"]
    assert response["text"] == "\n".join(WORDS)
    assert (response["phone"], response["received_at"]) == ("+447700900123", "2011-03-01T09:00:00Z")
    assert (response["received_basis"], response["late"], response["words"]) == ("call", "false", "own")
    assert (response["method"], response["confidence"], response["needs"]) == ("transcript", "0.90", "")
    assert (response["postcode"], response["places"]) == ("NR19 1AB", "C1")
    assert fields["postcode"][0]["place"] == {"from": 1.6, "to": 3.5, "recording": "RE1"}
    assert fields["postcode"][0]["quote"] == "NR19 1AB"
    assert fields["text"][0]["place"] == {"from": 0.5, "to": 3.5, "recording": "RE1"}
    assert fields["phone"][0]["quote"] == "+447700900123"
    assert fields["received_at"][0]["place"]["part"] == 0
    assert traced["receipts"][0]["call"]["state"] == "voicemail"
    assert [o.get("name") for o in traced["receipts"][0]["originals"]] == [None, "", "", "RE1", "", "GT1"]
    assert here.failures() == {}


def test_a_transcript_that_comes_late_is_read_in(here: Consultation, exchange: Exchange, at: Any) -> None:
    """After a day without a transcript the call counts, and a person is to type it; one that comes later still is read
    in, into the same response."""
    at(NINE)
    grown(exchange, "completed RE1", call(recordings=[recording()]), RE1=AUDIO)
    here.takes("exchange", pending=1)
    at(LATER)
    here.takes("exchange", read=1, responses=1)
    [before] = here.export()
    assert (before["text"], before["needs"], before["version"]) == ("", "transcription", "1")
    document = call(recordings=[recording()], transcripts=[transcript()])
    grown(exchange, "completed GT1 RE1", document, RE1=AUDIO, GT1=HEARD)
    here.takes("exchange", read=1, responses=1)
    [after] = here.export()
    assert (after["reference"], after["text"]) == (before["reference"], "\n".join(WORDS))
    assert (after["needs"], after["version"]) == ("", "2")
    revisions = here.sql("select revision from response")
    here.takes("exchange", read=1, responses=1)
    assert here.sql("select revision from response") == revisions
    assert here.failures() == {}


def test_what_a_person_typed_stays(here: Consultation, exchange: Exchange, at: Any) -> None:
    """A transcript that comes after a person typed the words is kept as evidence; theirs stay, accepted as they are."""
    at(LATER)
    grown(exchange, "completed RE1", call(recordings=[recording()]), RE1=AUDIO)
    here.takes("exchange", read=1)
    here.decide(1, "transcribe", "Please keep Watton open, it is near me.")
    here.decide(1, "accept")
    document = call(recordings=[recording()], transcripts=[transcript()])
    grown(exchange, "completed GT1 RE1", document, RE1=AUDIO, GT1=said((0.5, 1.5, WORDS[0])))
    here.takes("exchange", read=1, responses=1)
    traced = here.trace(1)
    assert traced["response"]["text"] == "Please keep Watton open, it is near me."
    assert (traced["response"]["status"], traced["response"]["method"]) == ("accepted", "person")
    assert WORDS[0] in traced["fields"]["text"][-1]["quote"]
    assert traced["fields"]["text"][0]["by"] == "ann"
    assert here.failures() == {}
    here.decide(1, "undo")
    here.decide(1, "undo")
    assert here.trace(1)["response"]["text"] == WORDS[0]
    assert here.failures() == {}


def test_what_was_accepted_without_words_is_new_once_they_come(place: Consultation, at: Any) -> None:
    """An acceptance is of what was seen: words that a machine heard afterwards are looked at again."""
    place.path.write_text(place.path.read_text() + SECTION)
    exchange = Exchange()
    at(LATER)
    with exchange.plugged_in():
        grown(exchange, "completed RE1", call(recordings=[recording()]), RE1=AUDIO)
        place.takes("exchange", read=1)
        place.decide(1, "accept")
        document = call(recordings=[recording()], transcripts=[transcript()])
        grown(exchange, "completed GT1 RE1", document, RE1=AUDIO, GT1=HEARD)
        place.takes("exchange", read=1)
        response = place.trace(1)["response"]
    assert (response["status"], response["version"], response["text"]) == ("new", "2", "\n".join(WORDS))


def test_a_missed_call_becomes_an_answer_when_its_recording_comes(
    here: Consultation, exchange: Exchange, at: Any
) -> None:
    """Set aside by the machine as without a message, then recorded: it waits, and is read; one response."""
    at(NINE)
    grown(exchange, "completed", call())
    here.takes("exchange", set_aside=1, responses=0)
    [receipt] = here.receipts("exchange")
    assert receipt["reason"] == "no-message"
    assert "the number is in `intake trace 1`" in receipt["next_step"]
    assert here.trace(1)["receipts"][0]["call"]["sender"] == "+447700900123"
    grown(exchange, "completed RE1", call(recordings=[recording()]), RE1=AUDIO)
    here.takes("exchange", set_aside=0, pending=1)
    assert here.failures() == {}
    document = call(recordings=[recording()], transcripts=[transcript()])
    grown(exchange, "completed GT1 RE1", document, RE1=AUDIO, GT1=HEARD)
    here.takes("exchange", read=1, pending=0, responses=1)
    assert here.failures() == {}


@on_sqlite
def test_what_a_person_set_aside_stays_so(here: Consultation, exchange: Exchange, at: Any) -> None:
    """A transcript that comes to a call which a person set aside changes nothing, until they take that back."""
    at(LATER)
    grown(exchange, "completed RE1", call(recordings=[recording()]), RE1=AUDIO)
    here.takes("exchange", read=1)
    here.decide(1, "set-aside", reason="other-business")
    document = call(recordings=[recording()], transcripts=[transcript()])
    grown(exchange, "completed GT1 RE1", document, RE1=AUDIO, GT1=HEARD)
    here.takes("exchange", set_aside=1, read=0)
    here.decide(1, "overturn")
    here.takes("exchange", set_aside=0, read=1, responses=1)
    assert here.trace(1)["response"]["text"] == "\n".join(WORDS)
    assert here.failures() == {}


@on_sqlite
def test_overturning_a_missed_call_makes_a_response_that_is_to_be_typed(
    here: Consultation, exchange: Exchange, at: Any
) -> None:
    """A person who knows what was said overturns it and types it; what comes from the service changes only what the
    machine read."""
    at(NINE)
    grown(exchange, "completed", call())
    here.takes("exchange", set_aside=1)
    here.decide(1, "overturn")
    assert here.trace(1)["response"]["needs"] == "transcription"
    here.decide(1, "transcribe", "She rang to say: keep it.")
    grown(exchange, "completed RE1:processing", call(recordings=[recording(status="processing", duration=None)]))
    here.takes("exchange", read=1, pending=0, responses=1)
    assert here.trace(1)["response"]["text"] == "She rang to say: keep it."
    assert here.failures() == {}


def test_undoing_an_overturning_holds(place: Consultation, at: Any) -> None:
    """A missed call that was overturned, and set aside again by undoing that, is no answer until words of it come; a
    file can't be added to it, since its transcripts go on coming."""
    place.path.write_text(place.path.read_text() + SECTION)
    at(NINE)
    exchange = Exchange({"CA1": Item("completed", call())})
    with exchange.plugged_in():
        place.takes("exchange", set_aside=1)
        place.decide(1, "overturn")
        with pytest.raises(Refused, match="is a call"):
            place.decide(1, "add", str(place.path))
        place.decide(1, "undo")
        exchange.items["CA1"] = Item("completed again", call(price="-0.1"))
        place.takes("exchange", set_aside=1, read=0)
        document = call(recordings=[recording()], transcripts=[transcript()])
        grown(exchange, "completed GT1 RE1", document, RE1=AUDIO, GT1=HEARD)
        place.takes("exchange", set_aside=0, read=1, responses=1)
        assert place.export()[0]["text"] == "\n".join(WORDS)
        assert place.failures() == {}


def test_a_redacted_message_keeps_its_words(place: Consultation) -> None:
    """What the service takes away after it was taken in is still what was sent."""
    place.path.write_text(place.path.read_text() + SECTION)
    of = {"sid": "SM1", "from": "+447700900123", "status": "receiving", "body": "Keep it.", "num_media": "0"}
    exchange = Exchange({"SM1": Item("receiving", {"message": of}, media_type=MESSAGE)})
    with exchange.plugged_in():
        place.takes("exchange", read=1)
        exchange.items["SM1"] = Item("received", {"message": of | {"body": ""}}, media_type=MESSAGE)
        place.takes("exchange", read=1, responses=1)
        assert place.export()[0]["text"] == "Keep it."


@on_sqlite
def test_a_recording_that_is_gone_is_quarantined_until_it_comes(
    here: Consultation, exchange: Exchange, at: Any
) -> None:
    """Announced, and not to be had: a person is told; once it comes after all, it is read like any other."""
    at(LATER)
    grown(exchange, "completed RE1", call(recordings=[recording()]))
    exchange.items["CA1"].lacks = "A recording could not be had."
    here.takes("exchange", quarantined=1, responses=0)
    assert "quarantined" in here.decide(1, "retry")
    grown(exchange, "completed RE1", call(recordings=[recording()]), RE1=AUDIO)
    here.takes("exchange", quarantined=0, read=1, responses=1)
    assert here.export()[0]["needs"] == "transcription"
    assert here.failures() == {}


@on_sqlite
def test_what_a_speech_program_heard_is_read_in(here: Consultation, exchange: Exchange, at: Any) -> None:
    """A transcript of our own, added to the receipt beside its recording, is read where the service has none."""
    at(LATER)
    grown(exchange, "completed RE1", call(recordings=[recording()]), RE1=AUDIO)
    here.takes("exchange", read=1)
    vtt = b"WEBVTT\n\n00:00:00.500 --> 00:00:02.000\nPlease keep Dereham open.\n"
    with here.app() as app:
        with app.originals.batch() as batch:
            stored = batch.add(vtt)
            batch.commit()
        with app.database.write() as tx:
            new = NewFurther(
                receipt_id=1, name="speech/RE1", sha256=stored.sha256, size=stored.size, media_type="text/vtt"
            )
            assert add_further(tx, None, LATER, [new]) == 1
            assert add_further(tx, None, LATER, [new]) == 0
            number_entries(tx)
    here.takes("exchange", read=1, responses=1)
    traced = here.trace(1)
    assert traced["response"]["text"] == "Please keep Dereham open."
    assert traced["fields"]["text"][0]["place"] == {"from": 0.5, "to": 2.0, "recording": "RE1"}
    assert here.failures() == {}


@on_sqlite
def test_a_text_message_is_a_response(here: Consultation, exchange: Exchange) -> None:
    """Its words, its sender's number and when it was sent; a blank one is set aside, and a picture is to be fetched."""
    for n, (body, media) in enumerate([("Keep Watton open", "0"), (" ", "0"), ("", "1")]):
        of = {"sid": f"SM{n}", "from": "+447700900123", "to": "+441603223762", "direction": "inbound", "body": body,
              "num_media": media, "status": "received", "date_sent": "Tue, 01 Mar 2011 09:00:00 +0000"}  # fmt: skip
        exchange.items[f"SM{n}"] = Item("received", {"message": of}, media_type=MESSAGE)
    here.takes("exchange", received=3, read=2, set_aside=1)
    first, second = sorted(here.export(), key=lambda row: row["source"])
    assert (first["text"], first["phone"], first["received_basis"]) == ("Keep Watton open", "+447700900123", "message")
    assert (first["received_at"], first["needs"], first["places"]) == ("2011-03-01T09:00:00Z", "", "C1")
    assert (second["text"], second["needs"]) == ("", "attachment")
    assert here.receipts("exchange")[1]["reason"] == "empty"
    assert here.failures() == {}


def test_verify_finds_words_that_nobody_said(place: Consultation, at: Any) -> None:
    """A transcript that was changed by hand no longer holds what is quoted from its recording."""
    place.path.write_text(place.path.read_text() + SECTION)
    at(NINE)
    document = call(recordings=[recording()], transcripts=[transcript()])
    exchange = Exchange({"CA1": Item("completed GT1 RE1", document, {"RE1": AUDIO, "GT1": HEARD})})
    with exchange.plugged_in():
        place.takes("exchange", read=1)
        assert place.failures() == {}
        place.tamper("update part set text = replace(text, 'open', 'shut') where text like '%open%'")
        assert list(place.failures()) == ["evidence"]


def test_a_stop_at_any_moment_doubles_nothing(
    tmp_path: Path, empty_home: Path, monkeypatch: pytest.MonkeyPatch, at: Any
) -> None:
    """Stopped before any of its transactions while calls grow, and run once more: one receipt, one response, each
    further original once."""
    at(NINE)
    stops = Stops(monkeypatch)

    def ran(name: str, stop: int) -> tuple[Consultation, int]:
        """A call that is seen, then recorded, with the second of the two runs stopped; and how many transactions it
        had."""
        here = Consultation(tmp_path / name, home=empty_home)
        here.path.write_text(here.path.read_text() + SECTION)
        stops.left, before = NEVER, {"CA1": Item("completed", call())}
        exchange = Exchange(before | {"CA2": Item("ringing", call("ringing"))})
        with exchange.plugged_in():
            here.run("exchange")
            document = call(recordings=[recording()], transcripts=[transcript()])
            grown(exchange, "completed GT1 RE1", document, RE1=AUDIO, GT1=HEARD)
            exchange.items["CA2"] = Item("completed RE1", call(recordings=[recording()]), lacks="It is not there.")
            stops.left = stop
            with nullcontext() if stop > 1000 else pytest.raises(Stopped):
                here.run("exchange")
            used, stops.left = stop - stops.left, NEVER
            here.takes("exchange", received=0, read=1, quarantined=1, responses=1)
        return here, used

    with Exchange().plugged_in():
        undisturbed, transactions = ran("undisturbed", 10**6)
        wanted = [without(row, "run") for row in undisturbed.export(everything=True)]
        assert 5 < transactions < 50
        for stop in range(transactions):
            here, _ = ran(f"stop-{stop}", stop)
            assert [without(row, "run") for row in here.export(everything=True)] == wanted, stop
            assert originals(here) == originals(undisturbed), stop
            assert here.failures() == {}, stop


# ---- the real adapter


@pytest.fixture
def server(place: Consultation, monkeypatch: pytest.MonkeyPatch) -> Iterator[TwilioServer]:
    """A Twilio account as the channel ``line`` of a consultation, recordings taken in."""
    with TwilioServer() as running:
        section = {"adapter": "phone", **running.section, "recordings": True}
        lines = [f"{name} = {json.dumps(value)}" for name, value in section.items()]
        place.path.write_text(place.path.read_text() + "\n[channels.line]\n" + "\n".join(lines) + "\n")
        for name, value in running.variables.items():
            monkeypatch.setenv(name, value)
        yield running


def test_calls_of_an_account_from_first_ring_to_answer(place: Consultation, server: TwilioServer, at: Any) -> None:
    """Through the real adapter: a voicemail whose transcript comes later, a missed call, an answered one in two
    channels, one whose recording is gone, a text message; then all that was wanting comes. Nothing is doubled."""
    at(START + timedelta(hours=2))
    voicemail = server.call()
    recorded = server.recording(voicemail)
    server.call(status="no-answer")
    answered = server.call()
    server.leg(answered)
    both = server.recording(answered, channels=2, source="DialVerb")
    roles = {"channel_participant": 1, "role": "Customer"}, {"channel_participant": 2, "role": "Agent"}
    channel = {"participants": list(roles), "media_properties": {"source_sid": both["sid"]}}
    said = (
        {"media_channel": 2, "transcript": "What about Dereham?"},
        {"media_channel": 1, "transcript": "Close Watton."},
    )
    server.transcript(both, *said, channel=channel)
    lost = server.recording(server.call())
    sound = server.audio.pop(lost["sid"])
    server.message("Keep it open.")
    counts = place.takes("line", listed=5, received=5, read=2, set_aside=1, quarantined=1, pending=1, responses=2)
    texts = {row["text"]: row for row in place.export()}
    assert set(texts) == {"Keep it open.", "Close Watton."}
    assert texts["Close Watton."]["places"] == "C1"
    server.transcript(recorded, "Please keep it open.", "It is close to us.")
    server.audio[lost["sid"]] = sound
    at(START + timedelta(hours=30))
    counts = place.takes("line", listed=5, received=0, read=4, set_aside=1, quarantined=0, pending=0, responses=4)
    assert counts["unknown"] == 0
    assert "Please keep it open.\nIt is close to us." in {row["text"] for row in place.export()}
    server.forget()
    place.takes("line", received=0, read=4, responses=4)
    assert server.counts["audio"] == server.counts["Sentences"] == 0
    assert place.failures() == {}


def test_no_word_of_a_call_is_logged(place: Consultation, server: TwilioServer) -> None:
    """Neither numbers, SIDs nor words stand in the log or in the JSON of a run."""
    recorded = server.recording(server.call())
    server.transcript(recorded, "Unmistakable words.")
    lost = server.recording(server.call())
    del server.audio[lost["sid"]]
    done = place.command("--verbose", "run", "--json", "--channel", "line")
    assert done.code == 0, done.err
    assert done.json["channels"]["line"]["read"] == 1
    for secret in ("7700", "900123", recorded["sid"], lost["sid"], recorded["call_sid"], "Unmistakable"):
        assert secret not in done.out + done.err, secret
