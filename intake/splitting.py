"""Deliveries -> items with receipts: the rows of a table, the messages of an mbox, all of a file or none of it.

A delivery's receipts are written in batches and count, all at once, by the last one. What a kill leaves uncounted, the
next run completes: the same bytes give the same items.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import msgspec
import structlog

from intake.config import Consultation
from intake.layouts import for_log, refusal, uses
from intake.mapping import RowMapping
from intake.reading.parts import Table, ToolMissing, Unreadable
from intake.reading.readers import Readers
from intake.reading.sandbox import MessageSplit, ReadJob, SplitBroken, TableSplit
from intake.receive import ChannelRun
from storage import deliveries, layouts, ledger, receipts
from storage.layouts import NewLayout
from storage.receipts import DeliveryView, NewOriginal, NewReceipt, Settled
from storage.schema import Outcome

log = structlog.get_logger()
_BATCH = 500
_ROW_TYPE = "application/json"


@dataclass(frozen=True, slots=True)
class Item:
    """One item of a delivery: its key and version, its own original, its place (row number, or position from 1).

    ``stood_at`` is the last place in the same file at which the same id stood with the same values, 0 if none did.
    """

    source_key: str
    version: str
    content: bytes
    place: int
    cleaned: int = 0
    stood_at: int = 0


def split_deliveries(
    current: ChannelRun, pool: Readers, consultation: Consultation, mapping: RowMapping
) -> ToolMissing | None:
    """Split what is stored and not split yet, oldest first; what could not even be tried stays and is said."""
    with current.database.read() as tx:
        waiting = deliveries.unsplit(tx, current.channel)
    for delivery in waiting:
        missing = split_delivery(current, pool, consultation, mapping, delivery)
        if missing is not None:
            return missing
    return None


def split_delivery(
    current: ChannelRun, pool: Readers, consultation: Consultation, mapping: RowMapping, delivery: DeliveryView
) -> ToolMissing | None:
    """Split one delivery: its items get receipts, or the file itself gets one because it can't be split whole."""
    if delivery.state == "copy" and not mapping.id_columns and _is_repeat(current, delivery):
        return None
    path = current.originals.path(delivery.sha256)
    result = pool.split(ReadJob(delivery.id, path, None, delivery.media_type, mapping.table_options))
    if isinstance(result, ToolMissing):
        return result
    if isinstance(result, Unreadable):
        _refuse(current, delivery, result)
        return None
    layout = None
    if isinstance(result, TableSplit):
        found = _layout(current, consultation, mapping, delivery, result.table)
        if isinstance(found, Unreadable):
            _refuse(current, delivery, found)
            return None
        layout = found
    items = _rows(delivery, mapping, result) if isinstance(result, TableSplit) else _messages(delivery, path, result)
    try:
        _take(current, delivery, items, layout)
    except SplitBroken as broken:
        _refuse(current, delivery, broken.unreadable)
        return None
    if isinstance(result, TableSplit):
        log.info("split", delivery=delivery.id, table=_counted(result.table))
    return None


def _counted(table: Table) -> dict[str, str]:
    """What a table's reader counted (hidden rows, cells that show an error …): numbers, and no word of the file."""
    return {name: said for name, said in table.facts.items() if said.isdecimal() and len(said) < 10}


def _layout(
    current: ChannelRun, consultation: Consultation, mapping: RowMapping, delivery: DeliveryView, table: Table
) -> NewLayout | Unreadable:
    """The header of a table, as it is kept once its rows are taken; or why it is not taken: its columns have changed,
    and neither a person nor the config says that this is right."""
    with current.database.read() as tx:
        known = layouts.known_layouts(tx, current.channel)
        accepted = None if delivery.receipt_id is None else layouts.accepted_as_it_is(tx, delivery.receipt_id)
    refused = refusal(consultation, table.columns, mapping, known)
    if refused is not None and accepted is None:
        return refused
    counted = table.facts.get("rows", "")
    return NewLayout(
        delivery_id=delivery.id, channel=delivery.channel, run_id=current.run, header=table.columns,
        uses=uses(consultation, table.columns, mapping), rows=int(counted) if counted.isdecimal() else 0,
        decision_id=accepted,
    )  # fmt: skip


def _is_repeat(current: ChannelRun, delivery: DeliveryView) -> bool:
    """A byte-identical copy of a file whose items have no ids is one repeat; with ids, its items are known anyway."""
    with current.database.write() as tx:
        first = deliveries.same_bytes(tx, current.channel, delivery.sha256, delivery.id)
        if first is None:
            return False
        at, reason = current.clock(), f"Byte-identical to delivery {first}."
        if delivery.receipt_id is None:
            of_file = _file_receipt(delivery, "repeat", reason, "")
            number = receipts.add_receipts(tx, current.run, at, [of_file])[0]
        else:
            number = delivery.receipt_id
            receipts.settle(tx, current.run, at, [Settled(number, "repeat", reason)])
        deliveries.account_as_one(tx, current.run, at, delivery.id, number, "repeat")
        ledger.number_entries(tx)
    return True


def _refuse(current: ChannelRun, delivery: DeliveryView, why: Unreadable) -> None:
    """No item of it is taken; the file gets one receipt, in quarantine, until a good version is in."""
    at = current.clock()
    with current.database.write() as tx:
        deliveries.drop_uncounted(tx, current.run, at, delivery.id)
        if delivery.receipt_id is None:
            of_file = _file_receipt(delivery, "quarantined", why.reason, why.next_step)
            number = receipts.add_receipts(tx, current.run, at, [of_file])[0]
        else:
            number = delivery.receipt_id
            receipts.settle(tx, current.run, at, [Settled(number, "quarantined", why.reason, why.next_step)])
        deliveries.account_as_one(tx, current.run, at, delivery.id, number, "refused")
        ledger.number_entries(tx)
    log.info("quarantined", receipt=number, reason=for_log(why.reason), next=why.next_step)


def _file_receipt(delivery: DeliveryView, outcome: Outcome, reason: str, next_step: str) -> NewReceipt:
    return NewReceipt(
        channel=delivery.channel, kind="file", source_key=delivery.source_key, version="", sha256=delivery.sha256,
        media_type=delivery.media_type, arrived_at=delivery.arrived_at, arrived_basis=delivery.arrived_basis,
        facts=delivery.facts, path_named=True, delivery_id=delivery.id, outcome=outcome, reason=reason,
        next_step=next_step,
    )  # fmt: skip


def _take(current: ChannelRun, delivery: DeliveryView, items: Iterator[Item], layout: NewLayout | None) -> None:
    """Take all items; ``layout`` is the header of a table, None for messages."""
    count = 0
    while batch := list(islice(items, _BATCH)):
        count += len(batch)
        if layout is not None:
            _record(current, delivery, batch, is_table=True)
            continue
        with current.originals.batch() as originals:
            for item in batch:
                originals.add(item.content)
            originals.commit()
            _record(current, delivery, batch, is_table=False)
    # Nobody else writes rows of this channel now, and what is counted stays outside the short transaction.
    with current.database.read() as tx:
        accounted = layouts.accounted_rows(tx, delivery.id)
    with current.database.write() as tx:
        if layout is not None:
            layouts.add_layout(tx, layout, accounted)
        deliveries.finish_split(tx, current.run, current.clock(), delivery.id, count)
        ledger.number_entries(tx)


def _record(current: ChannelRun, delivery: DeliveryView, batch: Sequence[Item], *, is_table: bool) -> None:
    """One transaction: the receipts of the items not known yet, a sighting for each that is."""
    at = current.clock()
    hashes = {id(item): hashlib.sha256(item.content).hexdigest() for item in batch}
    media_type = _ROW_TYPE if is_table else "message/rfc822"
    with current.database.write() as tx:
        known = receipts.known_items(tx, delivery.channel, [item.source_key for item in batch])
        new: dict[tuple[str, str], Item] = {}
        for item in batch:
            if (item.source_key, item.version) not in known:
                new.setdefault((item.source_key, item.version), item)
        receipts.add_originals(
            tx, at,
            [
                NewOriginal(hashes[id(i)], len(i.content), media_type, i.content if is_table else None)
                for i in new.values()
            ],
        )  # fmt: skip
        made = receipts.add_receipts(
            tx, current.run, at,
            [_item_receipt(delivery, i, hashes[id(i)], media_type, is_table=is_table) for i in new.values()],
        )  # fmt: skip
        known |= dict(zip(new, made, strict=True))
        again = [i for i in batch if new.get((i.source_key, i.version)) is not i]
        seen = [(i.source_key, i.version, known[i.source_key, i.version], i.place) for i in again]
        receipts.see_again(tx, current.run, at, delivery, seen)
        twice = [(i.stood_at, known[i.source_key, i.version]) for i in again if i.stood_at]
        layouts.add_repeated(tx, delivery.id, twice)
        ledger.number_entries(tx)


def _item_receipt(delivery: DeliveryView, item: Item, sha256: str, media_type: str, *, is_table: bool) -> NewReceipt:
    facts = {**delivery.facts, **({"cleaned": str(item.cleaned)} if item.cleaned else {})}
    return NewReceipt(
        channel=delivery.channel, kind="row" if is_table else "item", source_key=item.source_key, version=item.version,
        sha256=sha256, media_type=media_type, arrived_at=delivery.arrived_at, arrived_basis=delivery.arrived_basis,
        facts=facts, container=delivery.source_key, delivery_id=delivery.id, place=item.place,
    )  # fmt: skip


def _rows(delivery: DeliveryView, mapping: RowMapping, split: TableSplit) -> Iterator[Item]:
    """The rows of a table, each with its cells as canonical JSON; keyed by id where the config names one."""
    keys = _Keys(delivery.source_key)
    columns = split.table.columns
    for row in split.rows:
        cells = dict(zip(columns, row.cells, strict=True))
        content = ledger.canonical(cells)
        version = hashlib.sha256(content).hexdigest()
        given = [cells.get(column, "").strip() for column in mapping.id_columns]
        has_id = all(given) and bool(given)
        key, stood_at = keys.of_id(given, version, row.number) if has_id else (keys.of_content(version), 0)
        yield Item(key, version, content, row.number, row.cleaned, stood_at)


def _messages(delivery: DeliveryView, path: Path, split: MessageSplit) -> Iterator[Item]:
    """The messages of an mbox, each with its exact bytes."""
    keys = _Keys(delivery.source_key)
    with path.open("rb") as stream:
        for place, piece in enumerate(split.pieces, start=1):
            stream.seek(piece.start)
            content = stream.read(piece.end - piece.start)
            version = hashlib.sha256(content).hexdigest()
            yield Item(keys.of_content(version), version, content, place)


class _Keys:
    """Source keys of a delivery's items, in file order.

    Without an id: the delivery's path, the hash of the content, and which occurrence of it this is. With one: the id;
    the same id again with other values is another item, ``id#2``. An id's own ``#`` is doubled, so none can be
    confused; of several id columns, ``|`` stands between the ids, and their own one has a backslash before it.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        self._occurrences: dict[str, int] = {}
        self._versions: dict[str, dict[str, int]] = {}

    def of_content(self, version: str) -> str:
        count = self._occurrences[version] = self._occurrences.get(version, 0) + 1
        return f"{self._path}@{version[:32]}" + (f"@{count}" if count > 1 else "")

    def of_id(self, given: Sequence[str], version: str, place: int) -> tuple[str, int]:
        """The key of the row at this place, and the last place before at which the same row stood (0 if it did not)."""
        parts = [part.replace("#", "##") for part in given]
        if len(parts) > 1:
            parts = [part.replace("\\", "\\\\").replace("|", "\\|") for part in parts]
        key = "|".join(parts)
        versions = self._versions.setdefault(key, {})
        stood_at = versions.get(version, 0)
        versions[version] = place
        nth = list(versions).index(version) + 1
        return (f"{key}#{nth}" if nth > 1 else key), stood_at


def row_cells(content: bytes) -> dict[str, str]:
    """The cells of a row's original, by header."""
    return msgspec.json.decode(content, type=dict[str, str])
