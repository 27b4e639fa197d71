"""What a source shows -> originals and receipts. Receipt comes before reading, and never depends on it.

Bytes become durable first; then one transaction writes receipts, sightings and ledger entries; only then, and not here,
may the adapter touch its source. An item is known by its pair of source key and version; all others are fetched, on
every run. An item that grows is one receipt in all its versions: what comes with a later one is a further original.
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import islice

from channels.base import Adapter, Arrival, Listing, Missed, SourceError
from storage import deliveries, further, ledger, receipts
from storage.database import Database, Transaction
from storage.further import NewFurther
from storage.originals import Batch, OriginalChanged, OriginalStore, Stored
from storage.receipts import Held, NewOriginal, NewReceipt

BATCH_ITEMS = 200
BATCH_BYTES = 32 << 20
_LOOK_UP = 500
ASK_AGAIN = timedelta(days=7)
"""So long is asked for again what a source announced and could not hand over."""


@dataclass(frozen=True, slots=True)
class Listed:
    """What a source shows now: version by source key. Whole, unless the listing was limited to ``window_hours``."""

    versions: dict[str, str]
    window_hours: int | None = None

    def shows(self, key: str, version: str) -> bool:
        """Whether the source shows this key in this version now."""
        return self.versions.get(key) == version

    @property
    def digest(self) -> str:
        """SHA-256 of the sorted keys, each ended by a NUL: kept with the run in place of the listing."""
        keys = sorted(self.versions)
        return hashlib.sha256("".join(f"{key}\0" for key in keys).encode("utf-8", "surrogatepass")).hexdigest()


@dataclass(frozen=True, slots=True)
class Taken:
    """What was handed over, and where the bytes of it are: its own, and those of each further original."""

    arrival: Arrival
    stored: Stored
    further: tuple[Stored, ...] = ()


@dataclass(frozen=True, slots=True)
class ChannelRun:
    """One channel in one run: what its receipts are for, and the stores that take them."""

    channel: str
    run: int
    database: Database
    originals: OriginalStore
    clock: Callable[[], datetime]


def list_source(adapter: Adapter, window_hours: int | None = None) -> Listed:
    """List the whole source, or what is so new, where the adapter was made for that.

    Raises:
        SourceError: it can't be listed.
    """
    return Listed({listing.source_key: listing.version for listing in adapter.list()}, window_hours)


def unknown(database: Database, channel: str, listed: Listed) -> list[Listing]:
    """What is listed without receipt or sighting, in the order of the listing."""
    found: list[Listing] = []
    pairs = iter(listed.versions.items())
    while chunk := list(islice(pairs, _LOOK_UP)):
        with database.read() as tx:
            known = receipts.known_versions(tx, channel, [key for key, _ in chunk])
        found += [Listing(key, version) for key, version in chunk if version not in known.get(key, ())]
    return found


def wanted(current: ChannelRun, listed: Listed) -> list[Listing]:
    """What is to be fetched: all that is unknown; and where the source was listed whole, what is known and of which
    something was lacking. Each says which further originals of it are kept already."""
    new = unknown(current.database, current.channel, listed)
    if listed.window_hours is None:
        with current.database.read() as tx:
            lacking = further.lacking(tx, current.channel, current.clock() - ASK_AGAIN)
        new_keys = {listing.source_key for listing in new}
        new += [Listing(k, v) for k, v in lacking.items() if k not in new_keys and listed.shows(k, v)]
    found: list[Listing] = []
    items = iter(new)
    while chunk := list(islice(items, _LOOK_UP)):
        with current.database.read() as tx:
            held = further.names_held(tx, current.channel, [listing.source_key for listing in chunk])
        found += [replace(item, held=held.get(item.source_key, frozenset())) for item in chunk]
    return found


def receive(current: ChannelRun, adapter: Adapter, listed: Listed, new: Sequence[Listing]) -> Iterator[int]:
    """Take in what is new; yields after each batch how many listings are dealt with so far.

    Raises:
        SourceError: the source went away; what was yielded before is durable.
        OSError: the disk is full; nothing of the current batch has happened.
    """
    done = 0
    values = adapter.fetch(new)
    while True:
        with current.originals.batch() as batch:
            arrived, missed, failure = _take(values, batch)
            batch.commit()
            _record(current, listed, arrived, missed)
        done += len(arrived) + len(missed)
        if failure is not None:
            raise failure
        if not arrived and not missed:
            return
        yield done


def _take(values: Iterator[Arrival | Missed], batch: Batch) -> tuple[list[Taken], list[Missed], Exception | None]:
    """Write the next arrivals into the batch. A source's failure is handed back, so that the batch is kept first."""
    arrived: list[Taken] = []
    missed: list[Missed] = []
    while len(arrived) + len(missed) < BATCH_ITEMS and batch.size < BATCH_BYTES:
        try:
            value = next(values, None)
        except SourceError as error:
            return arrived, missed, error
        if value is None:
            break
        if isinstance(value, Missed):
            missed.append(value)
            continue
        try:
            own = batch.add(value.original, value.changed)
            arrived.append(Taken(value, own, tuple(batch.add(more.original) for more in value.further)))
        except OriginalChanged:
            missed.append(Missed(value.source_key, value.version, "The file changed while it was being copied."))
    return arrived, missed, None


def _record(current: ChannelRun, listed: Listed, arrived: Sequence[Taken], missed: Sequence[Missed]) -> None:
    """One transaction: receipts, sightings and ledger entries of a batch."""
    at = current.clock()
    whole = [(taken.arrival, taken.stored) for taken in arrived if not taken.arrival.grows]
    grown = [taken for taken in arrived if taken.arrival.grows]
    with current.database.write() as tx:
        missed = _unseen(tx, current, missed)
        receipts.add_originals(
            tx, at, [NewOriginal(t.stored.sha256, t.stored.size, t.arrival.media_type) for t in arrived]
        )
        _record_items(tx, current, at, listed, [(a, s) for a, s in whole if not a.delivery])
        _record_deliveries(tx, current, at, listed, [(a, s) for a, s in whole if a.delivery])
        _record_grown(tx, current, at, grown)
        receipts.stop_waiting(tx, current.channel, [taken.arrival.source_key for taken in arrived])
        receipts.set_waiting(
            tx, current.run, at, current.channel, [(m.source_key, m.version, m.reason) for m in missed]
        )
        ledger.number_entries(tx)


def _unseen(tx: Transaction, current: ChannelRun, missed: Sequence[Missed]) -> list[Missed]:
    """What waits to be received: not what is known, and was asked for again because something of it was lacking."""
    known = receipts.known_versions(tx, current.channel, [m.source_key for m in missed]) if missed else {}
    return [m for m in missed if m.version not in known.get(m.source_key, ())]


def _record_grown(tx: Transaction, current: ChannelRun, at: datetime, grown: Sequence[Taken]) -> None:
    """Items that grow: a receipt for a key that is new, further originals of its receipt for one that is known."""
    if not grown:
        return
    known = further.receipts_of_keys(tx, current.channel, [taken.arrival.source_key for taken in grown])
    first: dict[str, Taken] = {}
    for taken in grown:
        if taken.arrival.source_key not in known:
            first.setdefault(taken.arrival.source_key, taken)
    numbers = receipts.add_receipts(
        tx, current.run, at, [_new_receipt(current, t.arrival, t.stored) for t in first.values()]
    )
    known |= dict(zip(first, numbers, strict=True))
    seen = []
    new = []
    for taken in grown:
        of, number = taken.arrival, known[taken.arrival.source_key]
        seen.append((current.channel, "", of.source_key, of.version, number, None, None))
        pieces = [("", taken.stored, of.media_type, {}), *_pieces(taken)]
        new += [
            NewFurther(
                receipt_id=number, name=name, sha256=stored.sha256, size=stored.size, media_type=media_type, facts=facts
            )
            for name, stored, media_type, facts in pieces
        ]
    receipts.add_sightings(tx, current.run, at, seen)
    further.add_further(tx, current.run, at, new)
    further.arrived_whole(tx, current.channel, [t.arrival.source_key for t in grown if not t.arrival.lacks])
    lacking = [(t.arrival.source_key, t.arrival.version, t.arrival.lacks) for t in grown if t.arrival.lacks]
    further.note_lacking(tx, current.run, at, current.channel, lacking)


def _pieces(taken: Taken) -> Iterator[tuple[str, Stored, str, Mapping[str, str]]]:
    for more, stored in zip(taken.arrival.further, taken.further, strict=True):
        yield more.name, stored, more.media_type, more.facts


def _record_items(
    tx: Transaction, current: ChannelRun, at: datetime, listed: Listed, arrived: Sequence[tuple[Arrival, Stored]]
) -> None:
    held = receipts.holders(tx, current.channel, [stored.sha256 for _, stored in arrived])
    seen = []
    new = []
    for arrival, stored in arrived:
        moved = _gone_holder(held.get(stored.sha256, []), listed, arrival)
        if moved is not None:
            seen.append((current.channel, "", arrival.source_key, arrival.version, moved, None, None))
            continue
        new.append(_new_receipt(current, arrival, stored))
    receipts.add_sightings(tx, current.run, at, seen)
    receipts.add_receipts(tx, current.run, at, new)


def _new_receipt(current: ChannelRun, arrival: Arrival, stored: Stored) -> NewReceipt:
    return NewReceipt(
        channel=current.channel, kind="item", source_key=arrival.source_key, version=arrival.version,
        sha256=stored.sha256, media_type=arrival.media_type, arrived_at=arrival.arrived_at,
        arrived_basis=arrival.arrived_basis, facts=arrival.facts, path_named=arrival.arrived_basis == "file_time",
    )  # fmt: skip


def _record_deliveries(
    tx: Transaction, current: ChannelRun, at: datetime, listed: Listed, arrived: Sequence[tuple[Arrival, Stored]]
) -> None:
    held = receipts.holders(tx, current.channel, [stored.sha256 for _, stored in arrived], deliveries=True)
    # Also what this batch brings, and what was moved in it, has its bytes here already when the next file is looked at.
    here = set(held)
    seen = []
    new = []
    for arrival, stored in arrived:
        moved = _gone_holder(held.get(stored.sha256, []), listed, arrival)
        # Under a path that held other bytes in between, earlier bytes are the newest again: a delivery, not a sighting.
        if moved is not None and deliveries.newest_of_path(tx, current.channel, arrival.source_key) <= moved:
            seen.append((current.channel, "", arrival.source_key, arrival.version, None, moved, None))
            continue
        new.append(
            deliveries.NewDelivery(
                channel=current.channel, source_key=arrival.source_key, version=arrival.version, sha256=stored.sha256,
                media_type=arrival.media_type, arrived_at=arrival.arrived_at, arrived_basis=arrival.arrived_basis,
                facts=arrival.facts, state="copy" if stored.sha256 in here and moved is None else "stored",
            )
        )  # fmt: skip
        here.add(stored.sha256)
    receipts.add_sightings(tx, current.run, at, seen)
    deliveries.add_deliveries(tx, current.run, at, new)


def _gone_holder(held: list[Held], listed: Listed, arrival: Arrival) -> int | None:
    """The receipt or delivery of the same bytes that was moved or renamed to this key: one whose keys are all gone.

    Each is found once: from then on the new key is one of its own, and is listed. A window can't show that one is gone.
    """
    if listed.window_hours is not None:
        return None
    gone = [h for h in held if not any(listed.shows(key, version) for key, version in h.pairs)]
    if not gone:
        return None
    same_key = [h for h in gone if any(key == arrival.source_key for key, _ in h.pairs)]
    taken = (same_key or gone)[0]
    held.remove(taken)
    return taken.id
