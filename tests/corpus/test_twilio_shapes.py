"""The telephone service as its OpenAPI documents describe it, served by Prism: the SDK asks for nothing that they do
not allow, and what they show is taken."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from channels.base import Listing, Outside, SourceError
from channels.twilio_account import TwilioAdapter
from channels.twilio_http import Account
from tests.support.consultation import Consultation
from tests.support.line import NOW, OPENS, Taken
from tests.support.prism import Front, twilio_documents
from tests.support.twilio import ACCOUNT, CALLER, LINE, TOKEN

VARIABLES = {"TWILIO_SID": ACCOUNT, "TWILIO_TOKEN": TOKEN}
CALL, RECORDING = "CA" + "a" * 32, "RE" + "a" * 32
TRANSCRIPT, WRITTEN = "GT" + "a" * 32, "TR" + "a" * 32


@pytest.fixture(scope="module")
def front(corpus: Path) -> Iterator[Front]:
    """Both documents, each behind a Prism."""
    with twilio_documents(corpus / "twilio" / "oai-spec") as front:
        yield front


def adapter(front: Front) -> TwilioAdapter:
    """The adapter as the app builds it, with recordings; it does not wait between attempts."""
    account = Account(
        account_sid_env="TWILIO_SID", auth_token_env="TWILIO_TOKEN", numbers=frozenset({LINE}), recordings=True,
        base_url=front.url, timeout_s=20,
    )  # fmt: skip
    return TwilioAdapter(account, Outside(lambda: NOW, VARIABLES, OPENS), lambda _: None)


def ours(path: str, found: Any) -> Any:
    """A list whose items are made to be of our line: the documents' examples are of calls that go out, and belong to
    nothing. Everything else of them stays."""
    for call in found.get("calls", []):
        call.update({"direction": "inbound", "to": LINE, "from": CALLER, "parent_call_sid": None})
    for message in found.get("messages", []):
        message.update({"direction": "inbound", "to": LINE, "from": CALLER})
    for recording in found.get("recordings", []):
        recording["encryption_details"] = None
    for transcript in found.get("transcripts", []):
        transcript.update({"status": "completed", "channel": {"media_properties": {"source_sid": RECORDING}}})
    return found


def check(front: Front) -> None:
    """Nothing was asked that a document does not allow."""
    assert front.asked
    assert [asked for asked in front.asked if asked.status != 200] == []
    assert front.not_in_document() == []


def test_the_examples_of_the_documents_are_listed_to_the_end(front: Front) -> None:
    """The requests are allowed, a second page is asked for as it is named; of other people's calls none is taken."""
    front.begin()
    asking = adapter(front)
    try:
        assert list(asking.list()) == []
    finally:
        asking.close()
    check(front)
    pages = [int(asked.query.get("Page", 0)) for asked in front.asked]
    lists = [asked.path.removesuffix(".json").rpartition("/")[2] for asked in front.asked]
    found = set(zip(lists, pages, strict=True))
    assert {("Calls", 0), ("Calls", 1), ("Messages", 0), ("Messages", 1)} <= found
    assert {("Recordings", 0), ("Transcriptions", 0), ("Transcripts", 0)} <= found


def test_a_call_of_the_documents_is_fetched_with_all_that_belongs_to_it(front: Front) -> None:
    """Its recording with the audio, the transcript with its sentences; the document holds what the service said."""
    front.begin(mend=ours)
    asking = adapter(front)
    try:
        listed = {found.source_key: found for found in asking.list()}
        taken = {value.source_key: Taken.of(value) for value in asking.fetch(list(listed.values()))}
    finally:
        asking.close()
    check(front)
    assert any(asked.path.endswith(f"/Transcripts/{TRANSCRIPT}/Sentences") for asked in front.asked)
    assert set(taken) == set(listed) >= {CALL}
    assert listed[CALL].version == f"completed {TRANSCRIPT} {RECORDING} {WRITTEN}"
    call = taken[CALL]
    assert call.lacks == ""
    assert set(call.further) == {RECORDING, TRANSCRIPT}
    assert call.further[RECORDING].startswith(b"RIFF")
    assert [said["transcript"] for said in json.loads(call.further[TRANSCRIPT])["sentences"]] == ["test test"]
    original = call.arrival.original
    assert isinstance(original, bytes)
    document = json.loads(original)
    assert (document["call"]["sid"], document["recordings_taken"]) == (CALL, True)
    assert [len(document[name]) for name in ("recordings", "transcriptions", "transcripts")] == [1, 1, 1]
    assert {key[:2] for key in taken} == {"CA", "SM", "MM"}


def test_what_is_held_is_not_fetched_again(front: Front) -> None:
    """Of a call whose audio and sentences are kept, neither is asked for."""
    front.begin(mend=ours)
    asking = adapter(front)
    try:
        [listing] = [found for found in asking.list() if found.source_key == CALL]
        held = Listing(listing.source_key, listing.version, frozenset({RECORDING, TRANSCRIPT}))
        [arrival] = asking.fetch([held])
    finally:
        asking.close()
    assert Taken.of(arrival).further == {}
    assert not any(asked.path.endswith("/Sentences") for asked in front.asked)


@pytest.mark.parametrize("turn", range(12))
def test_whatever_the_schemas_allow_is_taken_or_said_in_a_sentence(front: Front, turn: int) -> None:
    """Answers made up from the schemas (nulls, any text, any number): the pages as they are, or as the last of each
    list. Each listed item is handed over, or the list is refused with a sentence."""

    def last(path: str, found: Any) -> Any:
        made = ours(path, found)
        if turn % 3 == 0:
            return made
        name = next(name for name, value in made.items() if isinstance(value, list))
        items: list[dict[str, Any]] = made[name]
        for number, item in enumerate(items):
            item["sid"] = item.get("sid") or f"XX{number:032x}"  # without one nothing of a list is taken
        return made | {"next_page_uri": None, "meta": {"key": name, "next_page_url": None}}

    front.begin(dynamic=True, mend=last)
    asking = adapter(front)
    try:
        listed = list(asking.list())
        given = [value.source_key for value in asking.fetch(listed)]
        outcome = "as listed" if given == [found.source_key for found in listed] else "lost"
    except SourceError as error:
        outcome = "a sentence" if str(error).endswith(".") and error.advice.endswith(".") else "no sentence"
    finally:
        asking.close()
    assert outcome == "as listed" if turn % 3 else outcome in ("as listed", "a sentence")
    assert {asked.status for asked in front.asked} <= {200, 404}  # a made-up page may be of an address that is none
    assert [found for found in front.not_in_document() if "Page" not in found] == []


def test_the_whole_program_takes_what_the_documents_show(front: Front, place: Consultation) -> None:
    """`intake run` on them: every call and message has a receipt, and a second run finds nothing new."""
    front.begin(mend=ours)
    account = (
        f'account_sid_env = "TWILIO_SID"\nauth_token_env = "TWILIO_TOKEN"\nnumbers = ["{LINE}"]\n'
        f'base_url = "{front.url}"\nrecordings = true'
    )
    place.configure('log = "calls"\ncolumns.received_at = ["Date", "Time"]\ncolumns.text = "Said"', account)
    done = place.command("run", "--channel", "phone", "--json", **VARIABLES)
    assert "Traceback" not in done.err
    assert done.code == 0, done.err
    first = done.json["channels"]["phone"]
    assert (first["unknown"], first["error"], done.json["balanced"]) == (0, None, True)
    assert first["listed"] == first["received"] > 1
    check(front)
    second = place.command("run", "--channel", "phone", "--json", **VARIABLES).json["channels"]["phone"]
    assert (second["received"], second["unknown"], second["responses"]) == (0, 0, first["responses"])
    assert place.failures() == {}
