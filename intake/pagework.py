"""What a split and a join of pages have in common: the kept reading of a file, and a response given other pages.

Nothing is read again: the fields are made from the parts that are kept. What people decided before stays with the
response that keeps its reference.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec

from intake.batches import Piece, fill_pieces, read_pieces, write_pieces
from intake.division import Span
from intake.errors import Refused
from intake.filled import Filled, Rules
from intake.pagekinds import pages_of
from intake.reading.parts import Part, Reading, Word
from intake.responding import make_response
from intake.revise import apply_decisions, holding
from intake.wish import Person, Wish
from storage import decisions, entered, receipts, responses
from storage.database import Transaction
from storage.decisions import DecisionView, NewDecision
from storage.receipts import ReceiptView
from storage.responses import Change, ResponseView
from storage.schema import Response

REDIVIDES = ("split", "join")
_KEPT_NEEDS = frozenset({"follow-up?", "duplicate?", "genuine?"})
"""Needs that do not come from the pages: parting them anew takes none away."""
_NOT_PAGES = "Only a scanned file of pages is split or joined."


@dataclass(frozen=True, slots=True)
class Desk:
    """What a division is worked out with, in one transaction."""

    tx: Transaction
    rules: Rules
    at: datetime

    def reading(self, receipt: int) -> Reading:
        """What was read of a receipt, from what is kept of it."""
        kept = [stored for stored in responses.parts_of(self.tx, receipt) if stored.item == 0]
        said = responses.reading_of(self.tx, receipt)
        parts = [_as_read(stored.document, stored.text, stored.words) for stored in kept]
        reader = said.reader if said else (kept[0].reader if kept else "")
        facts = msgspec.json.decode(said.facts, type=dict[str, str]) if said else {}
        needs = msgspec.json.decode(said.needs, type=list[str]) if said else []
        return Reading(reader=reader, parts=parts, facts=facts, needs=needs)

    def live(self, receipt: int) -> list[ResponseView]:
        """The responses that have parts of a receipt."""
        numbers = responses.responses_of(self.tx, [receipt]).get(receipt, [])
        return responses.load(self.tx, numbers)

    def held(self, response: int) -> list[DecisionView]:
        """The decisions on a response that hold."""
        return holding(decisions.decisions_on(self.tx, [], response))


def _as_read(document: str, text: str, words: bytes | None) -> Part:
    part = msgspec.json.decode(document, type=Part)
    seen = msgspec.msgpack.decode(words, type=list[Word]) if words else []
    return msgspec.structs.replace(part, text=text, words=seen)


def pieces_of_view(view: ResponseView, pages: Sequence[Part]) -> list[Piece]:
    """The pieces of a response; of one that is its whole file, all of its pages."""
    return read_pieces(view.pieces) or [(view.receipt_id, pages[0].number, pages[-1].number)]


def check_file(receipt: ReceiptView, pages: Sequence[Part]) -> None:
    if receipt.outcome != "read" or receipt.kind != "item" or not pages:
        raise Refused(_NOT_PAGES)


def spans_of(pages: Sequence[Part], pieces: Iterable[Piece]) -> list[Span]:
    at = {part.number: n for n, part in enumerate(pages)}
    return sorted((Span(at[first], at[last]) for _, first, last in pieces), key=lambda span: span.first)


def by_people(held: Sequence[DecisionView]) -> list[DecisionView]:
    return [decision for decision in held if decision.action not in REDIVIDES]


def record(desk: Desk, view: ResponseView, person: Person, wish: Wish, before: Mapping[str, Any]) -> int:
    new = NewDecision(
        receipt_id=view.receipt_id, response_id=view.id, action=wish.action, by=person.name, value=wish.value.strip(),
        reason=wish.reason, version=view.response.version, before=json.dumps(before),
    )  # fmt: skip
    return decisions.add_decision(desk.tx, desk.at, new)


def standing(desk: Desk, view: ResponseView) -> dict[str, Any]:
    return {"revision": responses.base_revision(desk.tx, view), "pieces": view.pieces}


def carry_received(desk: Desk, filled: Filled, receipt: ReceiptView, view: ResponseView) -> None:
    """Of a file that was read before facts were kept: when it was received is as its response had it."""
    if responses.reading_of(desk.tx, receipt.id) is not None or filled.values.get("received_basis") == "separator":
        return
    base = responses.base_state(desk.tx, view)
    for column in ("received_at", "received_basis", "late"):
        filled.values[column] = getattr(base, column)
    filled.needs -= {"received-date", "late?"}
    filled.needs |= {"received-date", "late?"} & set(base.needs)


def give_pages(
    desk: Desk, view: ResponseView, receipt: ReceiptView, reader: str, filled: Filled, pieces: Sequence[Piece],
    decision: int,
) -> None:  # fmt: skip
    """Give a response other pages; what people decided about it holds on."""
    carry_received(desk, filled, receipt, view)
    kept = responses.base_state(desk.tx, view)
    base = make_response(desk.rules, receipt, view.ordinal, filled, reader)
    base = with_others(base, kept)
    write_state(desk, view, base, Change(
        response_id=view.id, cause="reading", response=base, evidence=filled.evidence, receipt_id=receipt.id,
        monitoring=filled.monitoring, decision_id=decision, pieces=write_pieces(pieces),
    ))  # fmt: skip


def with_others(base: Response, kept: Response) -> Response:
    """The same state with what other items say of the response."""
    return base.model_copy(
        update={
            "reference": kept.reference, "version": kept.version, "campaign": kept.campaign,
            "likely_duplicate_of": kept.likely_duplicate_of,
            "needs": tuple(sorted({*base.needs, *(_KEPT_NEEDS & set(kept.needs))})),
        }
    )  # fmt: skip


def write_state(desk: Desk, view: ResponseView, base: Response, change: Change) -> None:
    held = by_people(desk.held(view.id))
    if held:
        state = apply_decisions(desk.rules, base, held)
        values = {name: getattr(change, name) for name in Change.__dataclass_fields__}
        change = Change(**values | {"cause": "decision", "response": state, "base": base})
    responses.change_response(desk.tx, None, desk.at, change)


def monitoring_of_pages(desk: Desk, view: ResponseView, pieces: str) -> dict[str, str]:
    """The answers to monitoring questions on these pages: they are in no version of a response, so they are worked out
    anew."""
    readings = {view.receipt_id: desk.reading(view.receipt_id)}
    pages = pages_of(readings[view.receipt_id].parts)
    if not pages:
        return {}
    mine = read_pieces(pieces) or [(view.receipt_id, pages[0].number, pages[-1].number)]
    readings |= {number: desk.reading(number) for number, _, _ in mine if number not in readings}
    receipt = receipts.by_numbers(desk.tx, [view.receipt_id])[0]
    spans = spans_of(pages, [piece for piece in mine if piece[0] == view.receipt_id])
    return dict(fill_pieces(desk.rules, receipt, readings, mine, spans).monitoring)


def check_no_row(desk: Desk, view: ResponseView) -> None:
    """Whether a letter's pages may be given to others: not while a row that was typed from it is joined with it.

    Raises:
        Refused: one is.
    """
    if entered.row_of_letter(desk.tx, view.id) is not None:
        raise Refused(
            f"{view.response.reference} is joined with the row that was typed from it: `intake decide "
            f"{view.response.reference} split --value row` first."
        )


def mark_joined(desk: Desk, view: ResponseView, joined_into: str) -> None:
    """A response is part of another one from now on, or ("") one of its own again."""
    change = Change(response_id=view.id, cause=view.cause, response=view.response, joined_into=joined_into)
    responses.change_response(desk.tx, None, desk.at, change)
