"""Recordings that wait for somebody, or something, to write down what is said in them."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, String, literal, or_, select, type_coerce

from storage.models import FurtherOriginal, PartRow, Receipt, ResponseReceipt, ResponseRow

_further = FurtherOriginal.__table__  # type: ignore[attr-defined]  # SQLModel gives it to table classes only
_parts = PartRow.__table__  # type: ignore[attr-defined]
_receipts = Receipt.__table__  # type: ignore[attr-defined]
_links = ResponseReceipt.__table__  # type: ignore[attr-defined]
_responses = ResponseRow.__table__  # type: ignore[attr-defined]
_MESSAGES = ("message/rfc822", "application/vnd.ms-outlook")


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """A recording of a receipt: the original that it is or (a message) that holds it, and where in that: which part of
    which message, as the readers count them. ``name`` is its own within the receipt."""

    receipt_id: int
    name: str
    sha256: str
    media_type: str
    item: int | None = None
    part: int | None = None


def awaiting_words(tx: Connection, channel: str) -> list[Recording]:
    """The recordings of a channel whose receipt waits for a transcript, or whose response needs a transcription: those
    of calls, and those that a message itself brings."""
    waiting = or_(_receipts.c.outcome == "pending", _receipts.c.id.in_(_in_need(channel)))
    kept = select(
        _further.c.receipt_id, _further.c.name, _further.c.sha256, _further.c.media_type
    ).join(_receipts, _receipts.c.id == _further.c.receipt_id)  # fmt: skip
    is_sound = or_(_further.c.media_type.like("audio/%"), _further.c.media_type.like("video/%"))
    calls = tx.execute(
        kept.where(_receipts.c.channel == channel, is_sound, waiting).order_by(_further.c.receipt_id, _further.c.number)
    )
    found = [Recording(**row._mapping) for row in calls]
    mail = (
        select(_parts.c.receipt_id, _parts.c.item, _parts.c.number, _parts.c.document, _receipts.c.sha256,
               _receipts.c.media_type)
        .join(_receipts, _receipts.c.id == _parts.c.receipt_id)
        .where(
            _receipts.c.channel == channel, _receipts.c.media_type.in_(_MESSAGES), _parts.c.item == 0,
            _receipts.c.id.in_(_in_need(channel)), _parts.c.document.like('%"audio/%'),
        )
        .order_by(_parts.c.receipt_id, _parts.c.item, _parts.c.number)
    )  # fmt: skip
    return [*found, *(one for row in tx.execute(mail) if (one := _attached(row)) is not None)]


def _in_need(channel: str) -> Any:
    needs = literal(";") + type_coerce(_responses.c.needs, String) + ";"
    return (
        select(_links.c.receipt_id)
        .join(_responses, _responses.c.id == _links.c.response_id)
        .where(_responses.c.channel == channel, needs.like("%;transcription;%"), _responses.c.joined_into == "")
    )


def _attached(row: Any) -> Recording | None:
    document = json.loads(row.document)
    if document.get("kind") != "attachment" or not str(document.get("media_type", "")).startswith("audio/"):
        return None
    return Recording(
        receipt_id=row.receipt_id, name=f"{row.item}.{row.number}", sha256=row.sha256, media_type=row.media_type,
        item=row.item, part=row.number,
    )  # fmt: skip


def made_by(tx: Connection, receipts: Sequence[int], prefix: str) -> list[tuple[int, str, dict[str, str]]]:
    """The further originals of these receipts whose name begins so: (receipt, name, facts)."""
    found = tx.execute(
        select(_further.c.receipt_id, _further.c.name, _further.c.facts).where(
            _further.c.receipt_id.in_(receipts), _further.c.name.like(f"{prefix}%")
        )
    )
    return [(receipt, name, json.loads(facts)) for receipt, name, facts in found]
