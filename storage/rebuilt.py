"""Messages whose bytes a server has built anew: which receipts look alike, and what people decided about them.

Two receipts whose originals have one identity (see ``intake/reading/identity.py``) and different bytes are a pair once
the older one's keys are all gone. The pairs of a channel that nobody has decided on yet are one batch.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any, Literal

from sqlalchemy import Connection, bindparam, func, insert, select, update

from storage import ledger
from storage.database import insert_new, take_numbers
from storage.models import Decision, Identity, RebuiltBatch, RebuiltPair, Receipt, Sighting

_identities = Identity.__table__  # type: ignore[attr-defined]  # SQLModel gives it to table classes only
_batches = RebuiltBatch.__table__  # type: ignore[attr-defined]
_pairs = RebuiltPair.__table__  # type: ignore[attr-defined]
_receipts = Receipt.__table__  # type: ignore[attr-defined]
_sightings = Sighting.__table__  # type: ignore[attr-defined]
_decisions = Decision.__table__  # type: ignore[attr-defined]
_CHUNK = 5_000
Verdict = Literal["same", "different"]


@dataclass(frozen=True, slots=True)
class Alike:
    """A receipt that shares its identity with others. ``keys`` are those it was listed under, with their versions."""

    receipt: int
    digest: str
    keys: frozenset[tuple[str, str]]
    can_be_same: bool


@dataclass(frozen=True, slots=True)
class Pair:
    """A receipt, the older one that it looks like, their batch, and what a person decided (None: nothing)."""

    receipt: int
    older: int
    batch: int
    verdict: Verdict | None


@dataclass(frozen=True, slots=True)
class Batch:
    """A suggestion: the number of its pairs, its first receipt, when it was made."""

    id: int
    channel: str
    made_at: datetime
    pairs: int
    first_receipt: int


def keep_identities(tx: Connection, found: Collection[tuple[str, str]]) -> None:
    """Note the identities of originals: (SHA-256, digest). A later reading's holds."""
    rows = [{"sha256": sha256, "digest": digest} for sha256, digest in dict(found).items()]
    insert_new(tx, _identities, rows)
    if rows:
        changed = update(_identities).where(
            _identities.c.sha256 == bindparam("of"), _identities.c.digest != bindparam("d")
        )
        tx.execute(changed.values(digest=bindparam("d")), [{"of": r["sha256"], "d": r["digest"]} for r in rows])


def alike(tx: Connection, channel: str) -> list[Alike]:
    """The whole messages of a channel that share their identity with other bytes, by identity and number.

    ``can_be_same`` is false for those that may never be a repeat: what is quarantined, empty, or not settled yet.
    """
    shared = select(_identities.c.digest).group_by(_identities.c.digest).having(func.count() > 1)
    query = (
        select(_receipts.c.id, _identities.c.digest, _receipts.c.outcome, _receipts.c.reason)
        .join(_identities, _identities.c.sha256 == _receipts.c.sha256)
        .where(
            _identities.c.digest.in_(shared), _receipts.c.channel == channel, _receipts.c.kind == "item",
            _receipts.c.delivery_id.is_(None),
        )
        .order_by(_identities.c.digest, _receipts.c.id)
    )  # fmt: skip
    rows = tx.execute(query).all()
    keys = _keys(tx, [row.id for row in rows])
    return [
        Alike(row.id, row.digest, frozenset(keys[row.id]), _can_be_same(row.outcome, row.reason)) for row in rows
    ]  # fmt: skip


def _can_be_same(outcome: str, reason: str) -> bool:
    return outcome in ("read", "repeat") or (outcome == "set_aside" and reason != "empty")


def _keys(tx: Connection, receipts: Sequence[int]) -> dict[int, set[tuple[str, str]]]:
    keys: dict[int, set[tuple[str, str]]] = defaultdict(set)
    for some in _chunks(receipts):
        query = select(_sightings.c.receipt_id, _sightings.c.source_key, _sightings.c.version).where(
            _sightings.c.receipt_id.in_(some), _sightings.c.container == ""
        )
        for receipt, key, version in tx.execute(query):
            keys[receipt].add((key, version))
    return keys


def keys_of_same(tx: Connection, receipts: Sequence[int]) -> dict[int, set[tuple[str, str]]]:
    """Keys of receipts that a person confirmed to be these older ones in new bytes, by the older one."""
    keys: dict[int, set[tuple[str, str]]] = defaultdict(set)
    query = (
        _pair_query()
        .add_columns(_sightings.c.source_key, _sightings.c.version)
        .join(_sightings, _sightings.c.receipt_id == _pairs.c.receipt_id)
        .where(_pairs.c.older_id.in_(receipts), _decisions.c.action == "same", _sightings.c.container == "")
    )
    for row in tx.execute(query):
        keys[row.older_id].add((row.source_key, row.version))
    return keys


def _pair_query() -> Any:
    return (
        select(_pairs.c.receipt_id, _pairs.c.older_id, _pairs.c.batch_id, _decisions.c.action)
        .join(_batches, _batches.c.id == _pairs.c.batch_id)
        .outerjoin(_decisions, _decisions.c.id == _batches.c.decision_id)
    )


def _pairs_where(tx: Connection, condition: Any) -> list[Pair]:
    query = _pair_query().where(condition).order_by(_pairs.c.receipt_id)
    return [Pair(*row) for row in tx.execute(query)]


def pairs_of_channel(tx: Connection, channel: str) -> list[Pair]:
    """All pairs of a channel, decided or not, by the newer receipt's number."""
    return _pairs_where(tx, _batches.c.channel == channel)


def pairs_of_batch(tx: Connection, batch: int) -> list[Pair]:
    """The pairs of one suggestion, by the newer receipt's number."""
    return _pairs_where(tx, _pairs.c.batch_id == batch)


def pairs_with(tx: Connection, receipt: int) -> list[Pair]:
    """The pairs in which a receipt is either one."""
    return _pairs_where(tx, (_pairs.c.receipt_id == receipt) | (_pairs.c.older_id == receipt))


def same_as(tx: Connection, receipt: int) -> int:
    """The oldest receipt that this one is, as people confirmed; itself if there is none."""
    while found := [p.older for p in _pairs_where(tx, _pairs.c.receipt_id == receipt) if p.verdict == "same"]:
        receipt = found[0]
    return receipt


def add_pairs(tx: Connection, run: int, at: datetime, channel: str, found: Sequence[tuple[int, int]]) -> int:
    """Add pairs (receipt, older one) to the channel's open suggestion, or to a new one; its number."""
    batch: int | None = tx.execute(
        select(_batches.c.id).where(_batches.c.channel == channel, _batches.c.decision_id.is_(None))
    ).scalar()
    if batch is None:
        batch = take_numbers(tx, "rebuilt_batch", 1)[0]
        tx.execute(insert(_batches), {"id": batch, "channel": channel, "run_id": run, "made_at": at, "flagged": False})
    tx.execute(update(_batches).where(_batches.c.id == batch).values(flagged=False))
    tx.execute(insert(_pairs), [{"receipt_id": new, "older_id": old, "batch_id": batch} for new, old in found])
    entries = [{"receipt": new, "older": old, "batch": batch, "run": run} for new, old in found]
    ledger.append(tx, "rebuilt", at, entries)
    return batch


def decide_batch(tx: Connection, batch: int, decision: int | None) -> None:
    """Which decision holds on a suggestion from now on; None: it is open again."""
    tx.execute(update(_batches).where(_batches.c.id == batch).values(decision_id=decision, flagged=False))


def unflagged(tx: Connection, channel: str) -> list[int]:
    """The suggestions of a channel whose responses do not say yet what follows from them."""
    query = select(_batches.c.id).where(_batches.c.channel == channel, _batches.c.flagged.is_(False))
    return list(tx.execute(query.order_by(_batches.c.id)).scalars())


def set_flagged(tx: Connection, batch: int) -> None:
    """The responses of this suggestion's pairs say what follows from it."""
    tx.execute(update(_batches).where(_batches.c.id == batch).values(flagged=True))


def open_batches(tx: Connection, channels: Collection[str]) -> list[Batch]:
    """The suggestions that nobody has decided on."""
    query = (
        select(
            _batches.c.id, _batches.c.channel, _batches.c.made_at, func.count(_pairs.c.receipt_id),
            func.min(_pairs.c.receipt_id),
        )
        .join(_pairs, _pairs.c.batch_id == _batches.c.id)
        .where(_batches.c.decision_id.is_(None), _batches.c.channel.in_(channels))
        .group_by(_batches.c.id, _batches.c.channel, _batches.c.made_at)
        .order_by(_batches.c.id)
    )  # fmt: skip
    return [Batch(*row) for row in tx.execute(query)]


def _chunks(numbers: Iterable[int]) -> Iterator[list[int]]:
    """Few enough to stand in one query."""
    rest = iter(numbers)
    while some := list(islice(rest, _CHUNK)):
        yield some
