"""The ledger: canonical bytes, salted commitments, positions without gaps; nothing in it that can be taken back."""

import hashlib
import hmac
import json
import math
import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
import rfc8785
from hypothesis import example, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from storage import ledger
from storage.database import Database
from tests.support.consultation import Consultation

NOW = datetime(2011, 3, 1, 12, tzinfo=UTC)
AWKWARD = (
    "\x00\x01\b\t\n\f\r\x1b\x1f\"\\/<>&'\x7f\x80\x9f\u2028\u2029\ue000\ufeff\ufffd\uffff\U00010000\U0001f469\U0010ffff"
)
"""Control characters, what JSON escapes or may escape, and both sides of the place where UTF-16 sorts otherwise."""

strings = st.text(st.sampled_from(AWKWARD) | st.characters(codec="utf-8"), max_size=8)
whole_numbers = st.integers(-(2**53) + 1, 2**53 - 1)  # what JSON can say exactly (RFC 8785, appendix D)
documents = st.recursive(
    st.none() | st.booleans() | whole_numbers | strings,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(strings, inner, max_size=4),
    max_leaves=12,
)


class RollBack(Exception):
    """A transaction that its writer gives up."""


def entries(database: Database) -> list[tuple[int, int | None, bytes, bytes]]:
    """All entries by number: number, position, body, leaf."""
    with database.read() as tx:
        found = tx.execute(text("select id, position, body, leaf from ledger_entry order by id"))
        return [(number, position, bytes(body), bytes(leaf)) for number, position, body, leaf in found]


def write_entries(database: Database, *times: datetime) -> None:
    """Write an entry of each of these times, in one transaction."""
    with database.write() as tx:
        for n, at in enumerate(times):
            ledger.append(tx, "test", at, [{"n": n}])


# --- canonical bytes --------------------------------------------------------------------------------------------------


@settings(deadline=None)
@given(documents)
@example({"Why? \U0001f469": "1", "Why? \ufffd": "2"})
@example([{"\U0001f469": "\ue000"}, {"a": "\U0001f469"}])
def test_canonical_bytes_are_those_of_the_standard(document: Any) -> None:
    """For whatever an entry may hold, however deep, the bytes are those that RFC 8785 demands."""
    assert ledger.canonical(document) == rfc8785.dumps(document)


@settings(deadline=None)
@given(st.dictionaries(strings, whole_numbers, min_size=2), st.randoms(use_true_random=False))
def test_the_order_in_which_keys_came_does_not_matter(document: dict[str, int], chance: Any) -> None:
    """The same facts give the same bytes in whatever order they were collected."""
    shuffled = list(document.items())
    chance.shuffle(shuffled)
    assert ledger.canonical(dict(shuffled)) == ledger.canonical(document)


def test_what_is_no_unicode_has_no_canonical_form() -> None:
    """A lone surrogate is refused, and not written as something else."""
    for document in ("\ud800", {"\udfff": 1}, ["a", {"b": "\udc80"}]):
        with pytest.raises(ValueError, match=r"surrogate|Unicode"):
            ledger.canonical(document)


# --- commitments ------------------------------------------------------------------------------------------------------


@settings(deadline=None)
@given(documents, st.binary(min_size=16, max_size=16))
def test_a_commitment_can_be_checked_without_our_code(document: Any, salt: bytes) -> None:
    """A commitment is HMAC-SHA256, keyed by the salt, over the document's RFC 8785 bytes."""
    expected = hmac.new(salt, rfc8785.dumps(document), hashlib.sha256).hexdigest()
    assert ledger.commitment(salt.hex(), document) == expected


@settings(deadline=None)
@given(documents, documents)
def test_a_commitment_binds_to_its_document(one: Any, other: Any) -> None:
    """Under one salt two commitments are equal only if the documents are, to the byte."""
    salt = ledger.new_salt()
    same = rfc8785.dumps(one) == rfc8785.dumps(other)
    assert (ledger.commitment(salt, one) == ledger.commitment(salt, other)) == same


def test_equal_documents_do_not_show_that_they_are_equal() -> None:
    """Two people who both answer yes have commitments that have nothing in common."""
    commitments = {ledger.commitment(ledger.new_salt(), {"answer": "yes"}) for _ in range(500)}
    assert len(commitments) == 500


def test_a_salt_can_not_be_guessed() -> None:
    """A salt is 128 bits in hex, and none comes twice."""
    salts = [ledger.new_salt() for _ in range(1_000)]
    assert len(set(salts)) == 1_000
    assert all(len(bytes.fromhex(salt)) == 16 for salt in salts)
    ones = sum(int(salt, 16).bit_count() for salt in salts) / (1_000 * 128)
    assert math.isclose(ones, 0.5, abs_tol=0.01)


# --- the log itself ---------------------------------------------------------------------------------------------------


def test_an_entry_is_its_bytes_and_its_leaf(here: Consultation) -> None:
    """A leaf is SHA-256 over a zero byte and the entry's canonical bytes (RFC 6962), in either database."""
    said: dict[str, Any] = {"receipt": 7, "commitment": "ab" * 32, "run": None, "\U00010000": "\ue000", "é": "naïve\n"}
    with here.app() as app:
        with app.database.write() as tx:
            ledger.append(tx, "test", NOW, [said])
            ledger.number_entries(tx)
        ((_, _, body, leaf),) = entries(app.database)
    expected = {**said, "type": "test", "at": "2011-03-01T12:00:00.000000Z"}
    assert body == rfc8785.dumps(expected)
    assert leaf == hashlib.sha256(b"\x00" + body).digest()


def test_a_naive_time_writes_nothing(here: Consultation) -> None:
    """An entry whose time has no zone is refused, with all that came with it."""
    with here.app() as app:
        with pytest.raises(ValueError, match="naive"):
            write_entries(app.database, NOW, NOW.replace(tzinfo=None))
        assert entries(app.database) == []


def test_the_history_of_receipts_is_theirs_alone(here: Consultation) -> None:
    """A receipt's history holds every entry that speaks of it, in order, and no other's."""
    with here.app() as app:
        with app.database.write() as tx:
            for n, receipt in enumerate((1, 2, 1, 12, None, 1)):
                ledger.append(tx, "test", NOW, [{"n": n, "receipt": receipt}])
            ledger.append(tx, "test", NOW, [])
        with app.database.read() as tx:
            found = [json.loads(body)["n"] for body in ledger.history(tx, [1])]
            both = [json.loads(body)["n"] for body in ledger.history(tx, [2, 12])]
            none = ledger.history(tx, [3])
    assert (found, both, none) == ([0, 2, 5], [1, 3], [])


def in_threads(works: Sequence[Callable[[], None]]) -> None:
    """Do all of these at once; what one of them raises is raised here."""
    failures: list[BaseException] = []

    def guarded(work: Callable[[], None]) -> None:
        try:
            work()
        except BaseException as failure:  # noqa: BLE001 - handed on below
            failures.append(failure)

    threads = [threading.Thread(target=guarded, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]


def test_positions_have_no_gaps_whoever_wrote_at_the_same_time(here: Consultation) -> None:
    """However transactions interleave, roll back or leave the numbering to others, positions run from 0 without a gap,
    and a position that was given once never changes."""
    seen: list[tuple[int, int]] = []

    def writer(database: Database, name: int) -> Callable[[], None]:
        def write() -> None:
            for turn in range(8):
                try:
                    with database.write() as tx:
                        said = [{"by": name, "turn": turn, "n": n} for n in range(turn % 3 + 1)]
                        ledger.append(tx, "test", NOW, said)
                        if turn % 2:
                            ledger.number_entries(tx)
                        if turn in (3, 6):
                            raise RollBack
                except RollBack:
                    continue
                seen.extend((number, position) for number, position, _, _ in entries(database) if position is not None)

        return write

    with here.app() as app:
        in_threads([writer(app.database, name) for name in range(4)])
        with app.database.write() as tx:
            ledger.number_entries(tx)
            ledger.number_entries(tx)
        found = entries(app.database)
    assert [position for _, position, _, _ in found] == list(range(len(found)))
    assert len(found) == 4 * sum(turn % 3 + 1 for turn in range(8) if turn not in (3, 6))
    assert set(seen) <= {(number, position) for number, position, _, _ in found}
