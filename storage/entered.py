"""Rows that were typed from paper: what each says about the paper, and which letter it is joined with."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, and_, or_, select, update

from storage.database import insert_new
from storage.models import EnteredRow, Receipt, ResponseRow

_entered = EnteredRow.__table__  # type: ignore[attr-defined]  # SQLModel gives it to table classes only
_receipts = Receipt.__table__  # type: ignore[attr-defined]
_responses = ResponseRow.__table__  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True)
class Unseen:
    """The response of a row whose cells were not looked at yet: the receipt that it shows, and its original."""

    response_id: int
    receipt_id: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Entered:
    """What a row says about the paper that it was typed from, and the letter that it is joined with (None: none).

    ``revision``, ``status``, ``reference`` and ``channel`` are those of the row's own response; ``counts`` is false if
    its receipt was set aside.
    """

    response_id: int
    named: str
    letter_id: int | None
    letter_revision: int | None
    row_revision: int | None
    conflicting: bool
    reference: str
    channel: str
    status: str
    revision: int
    needs: tuple[str, ...]
    likely_duplicate_of: tuple[str, ...]
    counts: bool


@dataclass(frozen=True, slots=True)
class Letter:
    """The response of a letter, or of another item that is no row: where its paper lies, and what it is part of."""

    response_id: int
    reference: str
    paper_ref: str
    joined_into: str
    channel: str


def unseen(tx: Connection, channel: str, headers: Sequence[str], limit: int) -> list[Unseen]:
    """The next responses of a channel's rows that were not looked at in these columns, as they are shown now."""
    looked_at = and_(
        _entered.c.response_id == _responses.c.id, _entered.c.receipt_id == _responses.c.reading_receipt_id,
        _entered.c.headers == json.dumps(list(headers)),
    )  # fmt: skip
    found = tx.execute(
        select(_responses.c.id, _receipts.c.id, _receipts.c.sha256)
        .join(_receipts, _receipts.c.id == _responses.c.reading_receipt_id)
        .outerjoin(_entered, looked_at)
        .where(_responses.c.channel == channel, _receipts.c.kind == "row", _entered.c.response_id.is_(None))
        .order_by(_responses.c.id)
        .limit(limit)
    )
    return [Unseen(*row) for row in found]


def keep_named(tx: Connection, headers: Sequence[str], named: Sequence[tuple[int, int, str]]) -> None:
    """What rows say about their paper: (response, receipt, words)."""
    written = json.dumps(list(headers))
    rows = [
        {"response_id": response, "receipt_id": receipt, "headers": written, "named": words, "conflicting": False}
        for response, receipt, words in named
    ]
    insert_new(tx, _entered, rows)
    for row in rows:
        values = {name: row[name] for name in ("receipt_id", "headers", "named")}
        tx.execute(update(_entered).where(_entered.c.response_id == row["response_id"]).values(**values))


def naming_rows(tx: Connection) -> list[Entered]:
    """The rows that name some paper, or are joined with a letter, by the number of their response."""
    found = tx.execute(
        select(
            _entered.c.response_id, _entered.c.named, _entered.c.letter_id, _entered.c.letter_revision,
            _entered.c.row_revision, _entered.c.conflicting, _responses.c.reference, _responses.c.channel,
            _responses.c.status, _responses.c.revision, _responses.c.needs, _responses.c.likely_duplicate_of,
            (_receipts.c.outcome == "read").label("counts"),
        )
        .join(_responses, _responses.c.id == _entered.c.response_id)
        .join(_receipts, _receipts.c.id == _responses.c.reading_receipt_id)
        .where(or_(_entered.c.named != "", _entered.c.letter_id.is_not(None)))
        .order_by(_entered.c.response_id)
    )  # fmt: skip
    return [
        Entered(**{**row._mapping, "conflicting": bool(row.conflicting), "counts": bool(row.counts)}) for row in found
    ]


def entered_row(tx: Connection, response: int) -> Entered | None:
    """What is kept of one row, None if it names nothing and is joined with nothing."""
    return next((row for row in naming_rows(tx) if row.response_id == response), None)


def row_of_letter(tx: Connection, letter: int) -> int | None:
    """The response of the row that was typed from this letter, None if no row is joined with it."""
    return tx.execute(select(_entered.c.response_id).where(_entered.c.letter_id == letter)).scalar()


def is_row(tx: Connection, response: int) -> bool:
    """Whether a response is that of a table's row."""
    query = select(_receipts.c.kind).join(_responses, _responses.c.receipt_id == _receipts.c.id)
    return tx.execute(query.where(_responses.c.id == response)).scalar() == "row"


def keep_joined(
    tx: Connection, response: int, receipt: int, letter: int | None, letter_revision: int | None, row_revision: int
) -> None:
    """Note with which letter a row is joined (None: with none), and which revisions of the two it is made of."""
    row = {"response_id": response, "receipt_id": receipt, "conflicting": False}
    insert_new(tx, _entered, [row])
    tx.execute(
        update(_entered)
        .where(_entered.c.response_id == response)
        .values(letter_id=letter, letter_revision=letter_revision, row_revision=row_revision)
    )


def keep_conflicting(tx: Connection, response: int, conflicting: bool) -> None:
    """Note whether a row carries ``conflict`` because of what a person said of its letter."""
    tx.execute(update(_entered).where(_entered.c.response_id == response).values(conflicting=conflicting))


def letters_by_reference(tx: Connection, references: Sequence[str]) -> list[Letter]:
    """The letters with these references; also those that are part of another now."""
    return _letters(tx, _responses.c.reference.in_(references))


def letters_by_receipt(tx: Connection, receipts: Sequence[int]) -> dict[int, list[Letter]]:
    """The letters that were read from these receipts, by receipt."""
    found: dict[int, list[Letter]] = {}
    numbers: dict[int, int] = dict(
        tx.execute(select(_responses.c.id, _responses.c.receipt_id).where(_responses.c.receipt_id.in_(receipts))).all()
    )
    for letter in _letters(tx, _responses.c.receipt_id.in_(receipts) & (_responses.c.joined_into == "")):
        found.setdefault(numbers[letter.response_id], []).append(letter)
    return found


def letters_with_paper(tx: Connection) -> list[Letter]:
    """The letters of which it is known where their paper lies."""
    return _letters(tx, (_responses.c.paper_ref != "") & (_responses.c.joined_into == ""))


def _letters(tx: Connection, which: object) -> list[Letter]:
    found = tx.execute(
        select(
            _responses.c.id, _responses.c.reference, _responses.c.paper_ref, _responses.c.joined_into,
            _responses.c.channel,
        )
        .join(_receipts, _receipts.c.id == _responses.c.receipt_id)
        .where(_receipts.c.kind == "item", _receipts.c.outcome == "read", which)  # type: ignore[arg-type]  # a condition
        .order_by(_responses.c.id)
    )  # fmt: skip
    return [Letter(*row) for row in found]
