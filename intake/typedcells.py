"""What a person types in during a call: cells by the schema's columns -> the fields of a response. Pure.

A cell keeps what was typed. What does not fit its column is refused before anything is kept, while the caller can still
be asked; so nothing that was said is lost in a blank.
"""

import re
from collections.abc import Mapping
from dataclasses import replace as replaced
from datetime import UTC, datetime

from msgspec.structs import replace

from intake import fields
from intake.config import Consultation, Question
from intake.errors import Refused
from intake.filled import Filled, Rules
from intake.mapping import MAPPABLE, RowMapping
from intake.responding import make_response
from intake.tables import RowReader
from intake.when import EARLIEST
from intake.whose import was_read_back, whose_words
from storage.receipts import ReceiptView

TYPED_TYPE = "application/vnd.intake.typed+json"
"""The media type of what a person typed in: one JSON object of strings, by the schema's columns."""
TYPED_READER = "typed 1"
_READ_BACK = "read_back"
_OTHER = re.compile(r"other\b[^:]{0,40}:\s*\S", re.IGNORECASE)  # "Other: the toy library"
_NOBODY_S = frozenset({"name"})  # may be said to be none: "anonymous"
_WANTED = {
    "postcode": "should be one UK postcode, such as NR1 1AA",
    "phone": "should be one telephone number, such as 01632 960001, or withheld",
    "email": "should be an email address",
    "respondent_kind": "should be individual or organisation",
    "consent_to_publish": "should be yes, no or anonymous",
    "words": "should be own, verbatim or summary",
    _READ_BACK: "should be yes or no",
    "signatures": "should be a whole number",
    "signatures_claimed": "should be a whole number",
    "language": "should be two small letters, such as pl",
    "places": "each should be a place of this consultation, by its name or code, joined by semicolons",
    "posted_on": "should be a date, such as 2011-03-01",
    "received_at": "should be a date and time, such as 2011-03-01 09:30",
}


def mapping_of_typed(consultation: Consultation) -> RowMapping:
    """Each column of the schema is called by its own name, whatever the channel's tables call it. ``text`` is the
    free-text answers in question order and what else was said."""
    answers = {f"answer.{question.id}": (f"answer.{question.id}",) for question in consultation.questions}
    free = [f"answer.{q.id}" for q in consultation.questions if q.kind == "text" and not q.monitoring]
    columns = {column: (column,) for column in MAPPABLE} | answers | {"text": (*free, "text")}
    return RowMapping(columns=columns, read_back=(_READ_BACK,))


def read_typed(rules: Rules, receipt: ReceiptView, cells: Mapping[str, str]) -> Filled:
    """The fields of what was typed in. All of it is a person's word: that is the method of each piece of evidence."""
    filled = RowReader(rules, mapping_of_typed(rules.consultation)).read(replaced(receipt, place=1), cells)
    filled.evidence = {
        column: [replace(piece, method="person") if piece.method == "row" else piece for piece in pieces]
        for column, pieces in filled.evidence.items()
    }
    filled.values["method"] = "person"
    return filled


def typable(consultation: Consultation) -> list[str]:
    """The names that may stand before the ``=`` of a value."""
    return [*MAPPABLE, _READ_BACK, *(f"answer.{question.id}" for question in consultation.questions)]


def cells_of(rules: Rules, given: Mapping[str, str], now: datetime) -> dict[str, str]:
    """The cells as they are kept: what was typed, without the blank ones; an option as its question spells it; when the
    call was (now, if nobody says) and whose words they are (a summary, if nobody says).

    Raises:
        Refused: a value does not fit its column, or nothing was answered; one sentence says what would fit.
    """
    zone = rules.consultation.timezone
    cells = {}
    for column, typed in given.items():
        cell = typed.strip("\r\n") if column == "text" else typed.strip()
        if cell.strip():
            cells[column] = checked_cell(rules, column, cell, now)
    if not any(column == "text" or column.startswith("answer.") for column in cells):
        raise Refused("Nothing was answered: give the caller's words (text) or the answer to a question (answer.<id>).")
    cells.setdefault("received_at", now.astimezone(zone).isoformat(sep=" ", timespec="seconds"))
    cells.setdefault("words", "summary")
    _check_whole(rules, cells, now)
    return cells


def checked_cell(rules: Rules, column: str, typed: str, now: datetime) -> str:
    """One cell as it is kept.

    Raises:
        Refused: it does not fit its column, or there is no such column.
    """
    if fields.UNSTORABLE.search(typed):
        raise Refused(f"{column}: holds characters that can't be stored (NUL, or bytes that are no UTF-8).")
    question = next((q for q in rules.consultation.questions if column == f"answer.{q.id}"), None)
    if question is not None:
        return typed if question.kind == "text" else _options(question, typed)
    if column not in MAPPABLE and column != _READ_BACK:
        raise Refused(
            f"{column[:60]}: can't be typed in; it should be one of {', '.join(typable(rules.consultation))}."
        )
    if column == "received_at":
        return _call_time(rules, typed, now)
    fits = _read_back_fits(column, typed)
    if fits is None:
        value = read_typed(rules, _unkept(now), {column: typed}).values.get(column)
        fits = bool(value) or value == 0 or column in _NOBODY_S or (column == "phone" and fields.is_withheld(typed))
        if not fits and column in ("email", "phone", "postcode") and rules.is_ours(fields.e164(typed) or typed):
            raise Refused(f"{column}: this is the council's own, so it can't be the caller's.")
    if not fits:
        wanted = f"should be one of {', '.join(rules.consultation.roles)}" if column == "respondent_role" else ""
        raise Refused(f"{column}: {wanted or _WANTED.get(column, 'does not fit')}.")
    return typed


def _read_back_fits(column: str, typed: str) -> bool | None:
    if column == _READ_BACK:
        return was_read_back(typed) is not None
    return bool(whose_words(typed)) if column == "words" else None


def _options(question: Question, typed: str) -> str:
    """The options that were chosen, as the question spells them; an "other" may have words of its own."""
    spelled = {option.casefold(): option for option in question.options}
    has_other = any(option.casefold().startswith("other") for option in question.options)
    chosen = []
    for part in [typed] if typed.casefold() in spelled else typed.split(";"):
        said = part.strip()
        if not said:
            continue
        if said.casefold() not in spelled and not (has_other and _OTHER.match(said)):
            raise Refused(f"answer.{question.id}: should be one of {'; '.join(question.options)}.")
        chosen.append(spelled.get(said.casefold(), said))
    if question.kind == "choice" and len(chosen) > 1:
        raise Refused(f"answer.{question.id}: should be one option alone, of {'; '.join(question.options)}.")
    return ";".join(dict.fromkeys(chosen))


def _call_time(rules: Rules, typed: str, now: datetime) -> str:
    """When the call was: a time alone is of today."""
    zone = rules.consultation.timezone
    when = fields.read_time(typed, zone)
    if when is None:
        typed = f"{now.astimezone(zone).date().isoformat()} {typed}"
        when = fields.read_time(typed, zone)
    if when is None:
        raise Refused(f"received_at: {_WANTED['received_at']}.")
    if when.at > now and not (when.day_only and when.at.astimezone(zone).date() == now.astimezone(zone).date()):
        raise Refused("received_at: this is still to come: correct the date.")
    if when.at < rules.consultation.opens_at - EARLIEST:
        raise Refused(f"received_at: this is more than {EARLIEST.days} days before the opening: correct the date.")
    return typed


def _check_whole(rules: Rules, cells: Mapping[str, str], now: datetime) -> None:
    """Whether all of it together makes a response whose values fit the schema."""
    receipt = _unkept(now)
    filled = read_typed(rules, receipt, cells)
    response = make_response(rules, receipt, 1, filled, TYPED_READER)
    for column, value in filled.values.items():
        if value and "conflict" in response.needs and getattr(response, column) in ("", (), None):
            raise Refused(f"{column}: {_WANTED.get(column, 'does not fit')}.")


def called_at(rules: Rules, cells: Mapping[str, str]) -> datetime | None:
    """When the call was, aware UTC, as the cell says; of a day alone its noon."""
    when = fields.read_time(cells["received_at"], rules.consultation.timezone)
    return None if when is None else when.at


def _unkept(now: datetime) -> ReceiptView:
    """A receipt that is not written yet, for reading what it would hold."""
    return ReceiptView(
        id=0, channel="", kind="row", source_key="", version="", path_named=False, sha256="", media_type=TYPED_TYPE,
        arrived_at=now.astimezone(UTC), arrived_basis="call", facts={}, taken_at=now, run_id=0, delivery_id=None,
        place=1, outcome="pending", reason="", next_step="",
    )  # fmt: skip
