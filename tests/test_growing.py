"""Items that grow: a call is received when it is seen, and what comes later is a further original of its receipt."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

import intake.app
from tests.support.consultation import Consultation
from tests.support.exchange import NINE, SECTION, Exchange, Item, canonical

WAV = b"RIFF\x24\x00\x00\x00WAVEfmt "
AUDIO = (WAV, "audio/x-wav", {"duration_s": "4", "channels": "1"})


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
