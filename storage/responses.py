"""Responses: every write of one keeps the state before, and has a ledger entry in its own transaction.

There is no other way to change a response. The entry commits to the whole row and to every piece of its evidence.
"""

import hashlib
import json
import zlib
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

import msgspec
from sqlalchemy import Connection, Row, bindparam, delete, func, insert, select, update

from storage import ledger
from storage.columns import utc_text
from storage.database import bytewise, insert_kept, take_numbers
from storage.models import (
    Delivery,
    EvidenceRow,
    MonitoringAnswer,
    PartRow,
    ReadingRow,
    Receipt,
    ResponseReceipt,
    ResponseRow,
    ResponseVersion,
)
from storage.receipts import COUNTS, Settled, settle
from storage.schema import FieldEvidence, Response

_responses = ResponseRow.__table__  # type: ignore[attr-defined]  # SQLModel gives it to table classes only
_links = ResponseReceipt.__table__  # type: ignore[attr-defined]
_versions = ResponseVersion.__table__  # type: ignore[attr-defined]
_evidence = EvidenceRow.__table__  # type: ignore[attr-defined]
_monitoring = MonitoringAnswer.__table__  # type: ignore[attr-defined]
_receipts = Receipt.__table__  # type: ignore[attr-defined]
_parts = PartRow.__table__  # type: ignore[attr-defined]
_readings = ReadingRow.__table__  # type: ignore[attr-defined]
_deliveries = Delivery.__table__  # type: ignore[attr-defined]

_FIELDS = tuple(Response.model_fields)
_OWN = (
    "id", "receipt_id", "ordinal", "item", "reading_receipt_id", "revision", "cause", "written_at", "pieces",
    "joined_into",
)  # fmt: skip
_LATER = ("pieces", "joined_into")
"""Columns that came later, and are left out of a row's document where they are blank: older commitments go on
holding."""
_LEFT_OUT = dict.fromkeys(_LATER, "")
_CONVERTED = {c.name: c.type for c in _responses.c if type(c.type).__module__ == "storage.columns"}
"""The columns that are kept as another type than the model has."""
_SAID = ("receipt_id", "reader", "facts", "needs")
Cause = Literal["reading", "decision"]


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredPart:
    """A part as it is kept. ``document`` is JSON without text and words, ``words`` msgpack (compressed when stored)."""

    receipt_id: int
    item: int
    number: int
    reader: str
    document: str
    text: str
    words: bytes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewResponse:
    """A response to be written for the first time. ``ordinal`` counts the responses of its receipt from 1; ``item`` is
    what of the receipt it was read from: 0 the original itself, n its n-th forwarded message."""

    receipt_id: int
    ordinal: int
    item: int = 0
    response: Response
    evidence: FieldEvidence
    monitoring: Mapping[str, str] = field(default_factory=dict)
    pieces: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseView:
    """A response as it stands, with what is kept beside the schema's fields."""

    id: int
    receipt_id: int
    ordinal: int
    item: int
    reading_receipt_id: int
    revision: int
    cause: Cause
    written_at: datetime
    pieces: str
    joined_into: str
    response: Response


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceView:
    """One evidence document as it is kept; ``by`` is "" for a machine's."""

    id: int
    receipt_id: int | None
    decision_id: int | None
    by: str
    at: datetime
    reader_version: str
    fields: FieldEvidence


def add_responses(tx: Connection, run: int | None, at: datetime, new: Sequence[NewResponse]) -> None:
    """Write new responses with their evidence, link them to their receipts, and settle these as read."""
    if not new:
        return
    numbers = take_numbers(tx, "response", len(new))
    evidence_numbers = take_numbers(tx, "evidence", len(new))
    written = utc_text(at)
    rows, evidence, entries = [], [], []
    for number, evidence_number, item in zip(numbers, evidence_numbers, new, strict=True):
        row = {
            "id": number, "receipt_id": item.receipt_id, "ordinal": item.ordinal, "item": item.item, "revision": 1,
            "cause": "reading", "reading_receipt_id": item.receipt_id, "written_at": at, "pieces": item.pieces,
            "joined_into": "", **_field_values(item.response),
        }  # fmt: skip
        piece = _evidence_row(evidence_number, row, item.evidence, written, receipt=item.receipt_id)
        salt = ledger.new_salt()
        document = row_document(row)
        rows.append({**_LEFT_OUT, **document, "salt": salt})
        evidence.append(piece)
        entries.append(_entry(document, salt, [piece["document"]], item.monitoring, run, settles=item.receipt_id))
    insert_kept(tx, _responses, rows)
    insert_kept(tx, _evidence, evidence)
    insert_kept(tx, _links, [{"response_id": row["id"], "receipt_id": row["receipt_id"]} for row in rows])
    _add_monitoring(tx, {row["id"]: item.monitoring for row, item in zip(rows, new, strict=True)})
    ledger.append(tx, "response", at, entries)
    settle(tx, run, at, [Settled(r, "read") for r in dict.fromkeys(i.receipt_id for i in new)], logged=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A new state for a response.

    ``response`` is what it becomes. ``base`` is what the machine alone would make it: given where that changes too and
    differs from ``response`` because of what people decided. ``evidence`` is added to what is there. ``pieces`` and
    ``joined_into`` stay as they are where they are None; only ``change_response`` changes them.
    """

    response_id: int
    cause: Cause
    response: Response
    base: Response | None = None
    evidence: FieldEvidence | None = None
    receipt_id: int | None = None
    monitoring: Mapping[str, str] | None = None
    decision_id: int | None = None
    by: str = ""
    pieces: str | None = None
    joined_into: str | None = None


def change_response(tx: Connection, run: int | None, at: datetime, change: Change) -> None:
    """Write a new state; the state before is kept as a version.

    Raises:
        sqlalchemy.exc.NoResultFound: there is no such response.
    """
    before = tx.execute(select(_responses).where(_responses.c.id == change.response_id)).one()
    _archive(tx, before)
    revision = before.revision
    row = {name: before._mapping[name] for name in _OWN} | {"written_at": at}
    if change.receipt_id is not None:
        row["reading_receipt_id"] = change.receipt_id
    row |= {name: new for name in _LATER if (new := getattr(change, name)) is not None}
    if change.evidence is not None:
        number = take_numbers(tx, "evidence", 1)[0]
        piece = _evidence_row(number, row, change.evidence, at, receipt=change.receipt_id)
        version = "" if change.by else change.response.reader_version
        piece |= {
            "decision_id": change.decision_id, "by": change.by, "revision": revision + 1, "reader_version": version,
        }  # fmt: skip
        tx.execute(insert(_evidence), piece)
    if change.monitoring is not None:
        tx.execute(delete(_monitoring).where(_monitoring.c.response_id == change.response_id))
        _add_monitoring(tx, {change.response_id: change.monitoring})
    if change.base is not None:
        revision += 1
        _write_state(tx, run, at, {**row, "revision": revision, "cause": "reading"}, change.base, archived=True)
    final = {**row, "revision": revision + 1, "cause": change.cause}
    _write_state(tx, run, at, final, change.response)


def change_responses(tx: Connection, run: int | None, at: datetime, changes: Sequence[Change]) -> None:
    """Write new states of many responses at once, as ``change_response`` does one by one: a tenth of the time.

    Only for changes that bring no evidence and no monitoring answers; each response once.
    """
    numbers = [change.response_id for change in changes]
    if not numbers:
        return
    before = {row.id: row for row in tx.execute(select(_responses).where(_responses.c.id.in_(numbers)))}
    documents: dict[int, list[str]] = defaultdict(list)
    evidence = select(_evidence.c.response_id, _evidence.c.document).where(_evidence.c.response_id.in_(numbers))
    for number, document in tx.execute(evidence.order_by(_evidence.c.id)):
        documents[number].append(document)
    monitoring: dict[int, dict[str, str]] = defaultdict(dict)
    for number, question, answer in tx.execute(select(_monitoring).where(_monitoring.c.response_id.in_(numbers))):
        monitoring[number][question] = answer
    archived, written, entries = [], [], []
    for change in changes:
        number = change.response_id
        archived.append(_version_row(dict(before[number]._mapping)))
        row = {name: before[number]._mapping[name] for name in _OWN} | {"written_at": at}
        states: list[tuple[Cause, Response]] = [(change.cause, change.response)]
        if change.base is not None:
            states.insert(0, ("reading", change.base))
        for left, (cause, state) in enumerate(states, start=1 - len(states)):
            row = {**row, "revision": row["revision"] + 1, "cause": cause, **_field_values(state)}
            salted = {**row, "salt": ledger.new_salt()}
            entries.append(_entry(row_document(row), salted["salt"], documents[number], monitoring[number], run))
            if left:
                archived.append(_version_row(salted))
            else:
                written.append(salted)
    tx.execute(insert(_versions), archived)
    # A row's own number is asked for under another name: as a value of the statement it would be written, too.
    columns: dict[str, Any] = {name: bindparam(f"new_{name}") for name in written[0] if name != "id"}
    tx.execute(
        update(_responses).where(_responses.c.id == bindparam("number")).values(columns),
        [{"number": row["id"]} | {f"new_{name}": row[name] for name in columns} for row in written],
    )
    ledger.append(tx, "response", at, entries)


def _write_state(
    tx: Connection, run: int | None, at: datetime, row: dict[str, Any], state: Response, *, archived: bool = False
) -> None:
    row = row | _field_values(state)
    salt = ledger.new_salt()
    documents = list(tx.execute(_evidence_documents(row["id"])).scalars())
    monitoring = dict(tx.execute(_monitoring_of(row["id"])).all())
    if archived:
        tx.execute(insert(_versions), _version_row({**row, "salt": salt}))
    else:
        tx.execute(update(_responses).where(_responses.c.id == row["id"]).values(**row, salt=salt))
    ledger.append(tx, "response", at, [_entry(row_document(row), salt, documents, monitoring, run)])


def _archive(tx: Connection, before: Row[Any]) -> None:
    tx.execute(insert(_versions), _version_row(dict(before._mapping)))


def _version_row(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "response_id": row["id"], "revision": row["revision"], "cause": row["cause"], "written_at": row["written_at"],
        "salt": row["salt"], "document": ledger.canonical(row_document(row)).decode(),
    }  # fmt: skip


def row_document(row: Mapping[str, Any]) -> dict[str, Any]:
    """A response's row as JSON: the values just as both databases keep them, without the salt."""
    document = {
        name: value for name, value in row.items() if name != "salt" and (value or name not in _LATER)
    }  # fmt: skip
    for name, kind in _CONVERTED.items():
        document[name] = kind.process_bind_param(document[name], None)
    return document


def _entry(
    row: Mapping[str, Any], salt: str, documents: Sequence[str], monitoring: Mapping[str, str], run: int | None,
    settles: int | None = None,
) -> dict[str, Any]:  # fmt: skip
    """The ledger's entry for a state; ``row`` is its ``row_document``."""
    covered = {"row": row, "evidence": [hashlib.sha256(d.encode()).hexdigest() for d in documents]}
    entry: dict[str, Any] = {
        "receipt": row["receipt_id"], "ordinal": row["ordinal"], "revision": row["revision"], "cause": row["cause"],
        "run": run, "commitment": ledger.commitment(salt, covered),
    }  # fmt: skip
    if monitoring:
        entry["monitoring"] = ledger.commitment(salt, dict(monitoring))
    return entry if settles is None else {**entry, "outcome": "read"}


def _evidence_row(
    number: int, row: Mapping[str, Any], evidence: FieldEvidence, at: datetime | str, *, receipt: int | None
) -> dict[str, Any]:
    document = msgspec.json.encode(evidence).decode()
    return {
        "id": number, "response_id": row["id"], "revision": row["revision"], "receipt_id": receipt,
        "decision_id": None, "by": "", "at": at, "reader_version": row.get("reader_version", ""), "document": document,
    }  # fmt: skip


def _field_values(response: Response) -> dict[str, Any]:
    values = {name: getattr(response, name) for name in _FIELDS}
    values["answers"] = ledger.canonical(response.answers).decode()
    return values


def _add_monitoring(tx: Connection, answers: Mapping[int, Mapping[str, str]]) -> None:
    rows = [
        {"response_id": number, "question": question, "answer": answer}
        for number, given in answers.items()
        for question, answer in given.items()
    ]
    insert_kept(tx, _monitoring, rows)


def _evidence_documents(response_id: int) -> Any:
    return select(_evidence.c.document).where(_evidence.c.response_id == response_id).order_by(_evidence.c.id)


def _monitoring_of(response_id: int) -> Any:
    return select(_monitoring.c.question, _monitoring.c.answer).where(_monitoring.c.response_id == response_id)


def monitoring_of(tx: Connection, response_id: int) -> dict[str, str]:
    """The answers of a response to monitoring questions, by question."""
    return dict(tx.execute(_monitoring_of(response_id)).all())


def unlink_receipt(tx: Connection, response: int, receipt: int) -> None:
    """A receipt no longer stands behind a response."""
    tx.execute(delete(_links).where(_links.c.response_id == response, _links.c.receipt_id == receipt))


def link_receipts(tx: Connection, links: Sequence[tuple[int, int]]) -> None:
    """Further receipts stand behind responses: (response, receipt)."""
    if links:
        tx.execute(insert(_links), [{"response_id": response, "receipt_id": receipt} for response, receipt in links])


def responses_of(tx: Connection, receipts: Sequence[int]) -> dict[int, list[int]]:
    """The numbers of the responses behind which these receipts stand, by receipt; not of what is joined into
    another."""
    found: dict[int, list[int]] = {}
    query = (
        select(_links.c.response_id, _links.c.receipt_id)
        .join(_responses, _responses.c.id == _links.c.response_id)
        .where(_links.c.receipt_id.in_(receipts), _responses.c.joined_into == "")
        .order_by(_links.c.response_id)
    )
    for response, receipt in tx.execute(query):
        found.setdefault(receipt, []).append(response)
    return found


def last_ordinal(tx: Connection, receipt: int) -> int:
    """The highest ordinal that a response of this receipt has or had."""
    query = select(func.max(_responses.c.ordinal)).where(_responses.c.receipt_id == receipt)
    return tx.execute(query).scalar() or 0


def receipts_of(tx: Connection, response_id: int) -> list[int]:
    """The numbers of the receipts that stand behind a response."""
    query = select(_links.c.receipt_id).where(_links.c.response_id == response_id).order_by(_links.c.receipt_id)
    return list(tx.execute(query).scalars())


def load(tx: Connection, numbers: Sequence[int]) -> list[ResponseView]:
    """Responses by number, in order of their numbers."""
    query = select(_responses).where(_responses.c.id.in_(numbers)).order_by(_responses.c.id)
    return [view(row) for row in tx.execute(query)]


def number_of(tx: Connection, reference: str) -> int | None:
    """The number of the response with this reference (in its one spelling)."""
    return tx.execute(select(_responses.c.id).where(_responses.c.reference == reference)).scalar()


def taken_references(tx: Connection, references: Sequence[str]) -> set[str]:
    """Which of these references responses already have."""
    return set(tx.execute(select(_responses.c.reference).where(_responses.c.reference.in_(references))).scalars())


def base_state(tx: Connection, view_: ResponseView) -> Response:
    """What the machine alone made of a response, before any person's word."""
    if view_.cause == "reading":
        return view_.response
    return state_at(tx, view_.id, base_revision(tx, view_))


def base_revision(tx: Connection, view_: ResponseView) -> int:
    """The revision that holds ``base_state``."""
    if view_.cause == "reading":
        return view_.revision
    query = select(func.max(_versions.c.revision)).where(
        _versions.c.response_id == view_.id, _versions.c.cause == "reading"
    )
    return int(tx.execute(query).scalar_one())


def state_at(tx: Connection, response_id: int, revision: int) -> Response:
    """An earlier state of a response."""
    query = select(_versions.c.document).where(_versions.c.response_id == response_id, _versions.c.revision == revision)
    kept = json.loads(tx.execute(query).scalar_one())
    values = {name: kept[name] for name in _FIELDS}
    for name in _CONVERTED.keys() & values.keys():
        values[name] = _CONVERTED[name].process_result_value(values[name], None)
    return Response(**values | {"answers": json.loads(values["answers"])})


def evidence_of(tx: Connection, response_id: int) -> list[EvidenceView]:
    """All evidence of a response, oldest first."""
    query = select(_evidence).where(_evidence.c.response_id == response_id).order_by(_evidence.c.id)
    return [
        EvidenceView(
            id=row.id, receipt_id=row.receipt_id, decision_id=row.decision_id, by=row.by, at=row.at,
            reader_version=row.reader_version, fields=msgspec.json.decode(row.document, type=FieldEvidence),
        )
        for row in tx.execute(query)
    ]  # fmt: skip


def exported(tx: Connection, *, with_excluded: bool) -> Iterator[Response]:
    """The counted responses in the order of their references (with the excluded ones if asked)."""
    query = (
        select(_responses)
        .join(_receipts, _receipts.c.id == _responses.c.reading_receipt_id)
        .where(_receipts.c.outcome == "read", _responses.c.joined_into == "")
        .order_by(bytewise(tx, _responses.c.reference))
        .execution_options(yield_per=500)
    )
    if not with_excluded:
        query = query.where(_responses.c.status != "excluded")
    for row in tx.execute(query):
        yield view(row).response


def without_response(tx: Connection) -> Iterator[Row[Any]]:
    """Receipts that have no response, by number: id, channel, outcome, reason, source_key, sha256, arrived_at,
    run_id …"""
    query = (
        select(_receipts)
        .outerjoin(_deliveries, _deliveries.c.id == _receipts.c.delivery_id)
        .where(_receipts.c.outcome != "read", COUNTS)
        .order_by(_receipts.c.id)
        .execution_options(yield_per=500)
    )
    return iter(tx.execute(query))


def add_parts(tx: Connection, parts: Sequence[StoredPart]) -> None:
    """Keep the parts of receipts that were read; those of an earlier reading give way."""
    if not parts:
        return
    receipts = sorted({p.receipt_id for p in parts})
    tx.execute(delete(_parts).where(_parts.c.receipt_id.in_(receipts)))
    rows = [
        {"receipt_id": p.receipt_id, "item": p.item, "number": p.number, "reader": p.reader, "document": p.document,
         "text": p.text, "words": None if p.words is None else zlib.compress(p.words, 1)}
        for p in parts
    ]  # fmt: skip
    tx.execute(insert(_parts), rows)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredReading:
    """What a reading said of a document beside its parts; ``facts`` and ``needs`` are JSON."""

    receipt_id: int
    reader: str
    facts: str
    needs: str


def add_readings(tx: Connection, new: Sequence[StoredReading]) -> None:
    """Keep what was said of documents; what an earlier reading said gives way."""
    if new:
        tx.execute(delete(_readings).where(_readings.c.receipt_id.in_([one.receipt_id for one in new])))
        tx.execute(insert(_readings), [{name: getattr(one, name) for name in _SAID} for one in new])


def reading_of(tx: Connection, receipt_id: int) -> StoredReading | None:
    """What was said of a receipt's document; None of one that was read before this was kept."""
    row = tx.execute(select(_readings).where(_readings.c.receipt_id == receipt_id)).one_or_none()
    return None if row is None else StoredReading(**row._mapping)


def readings_of(tx: Connection, receipts: Sequence[int]) -> list[StoredReading]:
    """What was said of these receipts' documents; nothing of those that were not read."""
    return [
        StoredReading(**row._mapping)
        for row in tx.execute(select(_readings).where(_readings.c.receipt_id.in_(receipts)))
    ]


def parts_of(tx: Connection, receipt_id: int) -> list[StoredPart]:
    """The parts of a receipt, in order."""
    query = select(_parts).where(_parts.c.receipt_id == receipt_id).order_by(_parts.c.item, _parts.c.number)
    return [
        StoredPart(**{**row._mapping, "words": None if row.words is None else zlib.decompress(row.words)})
        for row in tx.execute(query)
    ]


def part(tx: Connection, receipt_id: int, item: int, number: int) -> str | None:
    """The text of one part, None if it is not there."""
    one = (_parts.c.receipt_id == receipt_id, _parts.c.item == item, _parts.c.number == number)
    return tx.execute(select(_parts.c.text).where(*one)).scalar()


def view(row: Row[Any]) -> ResponseView:
    """A row of the table as the plain, validated model."""
    values = row._mapping
    fields = {name: values[name] for name in _FIELDS} | {"answers": json.loads(values["answers"])}
    return ResponseView(**{name: values[name] for name in _OWN}, response=Response.model_construct(**fields))
