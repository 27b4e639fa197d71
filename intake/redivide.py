"""Which pages are one letter, as a person says: split what was taken for one, join what was scanned as several.

Nothing is read again: the fields are made from the parts that are kept. What people decided before stays with the
response that keeps its reference; it is theirs to look at again. Undoing gives back exactly the state before.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec

from intake.batches import Piece, fill_pieces, read_pieces, write_pieces
from intake.division import Span
from intake.errors import Refused
from intake.filled import Filled, Rules
from intake.pagekinds import look, pages_of
from intake.reading.parts import Part, Reading, Word
from intake.responding import make_response
from intake.revise import apply_decisions, holding, proposal
from intake.wish import Office, Person, Target, Wish
from storage import decisions, ledger, receipts, responses
from storage.database import Transaction
from storage.decisions import DecisionView, NewDecision
from storage.receipts import ReceiptView
from storage.reference import make_reference, read_reference
from storage.responses import Change, NewResponse, ResponseView
from storage.schema import Response

REDIVIDES = ("split", "join")
_KEPT_NEEDS = frozenset({"follow-up?", "duplicate?", "genuine?"})
"""Needs that do not come from the pages: parting them anew takes none away."""
_HOW = "The pages are written --value 1-2,3-4: page numbers of the file, a comma between letters."
_NOT_PAGES = "Only a scanned file of pages is split or joined."


def divided(office: Office, target: Target, person: Person, wish: Wish) -> str:
    """Do a ``split`` or a ``join``; one sentence that says what was done.

    Raises:
        Refused: the rules do not allow it, or it does not fit (the sentence says why).
    """
    at = office.clock()
    with office.database.write() as tx:
        desk = _Desk(tx, office.rules, at)
        done = _split(desk, target, person, wish) if wish.action == "split" else _join(desk, target, person, wish)
        ledger.number_entries(tx)
    return done


@dataclass(frozen=True, slots=True)
class _Desk:
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


def _pieces(view: ResponseView, pages: Sequence[Part]) -> list[Piece]:
    """The pieces of a response; of one that is its whole file, all of its pages."""
    return read_pieces(view.pieces) or [(view.receipt_id, pages[0].number, pages[-1].number)]


def _check_file(receipt: ReceiptView, pages: Sequence[Part]) -> None:
    if receipt.outcome != "read" or receipt.kind != "item" or not pages:
        raise Refused(_NOT_PAGES)


# --- split ------------------------------------------------------------------------------------------------------------


def _split(desk: _Desk, target: Target, person: Person, wish: Wish) -> str:
    receipt = target.receipt
    reading = desk.reading(receipt.id)
    pages = pages_of(reading.parts)
    _check_file(receipt, pages)
    live = desk.live(receipt.id)
    chosen = [view for view in live if target.response in (None, view.id)]
    for view in chosen:
        if any(number != receipt.id for number, _, _ in _pieces(view, pages)) or view.receipt_id != receipt.id:
            raise Refused(f"{view.response.reference} was joined from several files: undo that first.")
    wanted = _wanted(wish.value, pages, [piece for view in chosen for piece in _pieces(view, pages)])
    chosen.sort(key=lambda view: _pieces(view, pages)[0])
    if [_pieces(view, pages) for view in chosen] == [[piece] for piece in wanted]:
        raise Refused("These pages are parted so already.")
    main, owners = chosen[0], _owners(desk.rules, chosen, wanted, pages)
    gone = [view for view in chosen if view not in owners]
    ordinals = iter(range(responses.last_ordinal(desk.tx, receipt.id) + 1, 1_000_000))
    others = [piece for view in live if view not in chosen for piece in _pieces(view, pages) if piece[0] == receipt.id]
    spans = _spans(pages, [*wanted, *others])
    made = [
        (owner, piece, fill_pieces(desk.rules, receipt, {receipt.id: reading}, [piece], spans))
        for owner, piece in zip(owners, wanted, strict=True)
    ]
    new = [
        _new_response(desk, receipt, reading.reader, next(ordinals), filled, piece, main)
        for owner, piece, filled in made
        if owner is None
    ]
    numbers = _next_numbers(desk, receipt, new)
    before = {
        "changed": {str(v.id): _before(desk, v) for v in owners if v is not None},
        "joined": [v.id for v in gone],
        "new": numbers,
        "linked": [],
    }
    decision = _decide(desk, main, person, wish, before)
    for owner, piece, filled in made:
        if owner is not None:
            _change(desk, owner, receipt, reading.reader, filled, [piece], decision)
    for view in gone:
        into = _holder(view, pages, wanted, owners, new)
        _mark(desk, view, into)
    return _said_of_split(desk, main, chosen, new, gone)


def _owners(
    rules: Rules, chosen: Sequence[ResponseView], wanted: Sequence[Piece], pages: Sequence[Part]
) -> list[ResponseView | None]:
    """Which response each range keeps on being: the first one always the first; then the one whose words begin in it.

    Raises:
        Refused: there is nothing of a letter in a range.
    """
    words = [part.number for part in pages if look(rules, part).kind == "words"]
    begins: dict[int, ResponseView] = {}
    for view in chosen:
        _, first, last = _pieces(view, pages)[0]
        begins[next((n for n in words if first <= n <= last), first)] = view
    owners: list[ResponseView | None] = []
    for _, first, last in wanted:
        if not any(first <= n <= last for n in words):
            raise Refused("A range holds nothing but separator sheets and blank pages: put them to the letter behind.")
        found = [begins[n] for n in sorted(begins) if first <= n <= last and begins[n] is not chosen[0]]
        owners.append(found[0] if owners and found else None if owners else chosen[0])
    return owners


def _wanted(typed: str, pages: Sequence[Part], pieces: Sequence[Piece]) -> list[Piece]:
    """The ranges that a person typed as pieces: together just the pages that are to be parted, in order."""
    here = {part.page: part.number for part in pages if part.page is not None}
    to_part = [part.page for part in pages if any(first <= part.number <= last for _, first, last in pieces)]
    ranges = []
    for written in typed.replace(" ", "").split(","):
        found = re.fullmatch(r"(\d{1,5})(?:-(\d{1,5}))?", written, re.ASCII)
        if found is None:
            raise Refused(_HOW)
        ranges.append(range(int(found[1]), int(found[2] or found[1]) + 1))
    if any(not pages_ for pages_ in ranges) or [page for each in ranges for page in each] != to_part:
        shown = ", ".join(map(str, to_part)) if len(to_part) < 8 else f"{to_part[0]} to {to_part[-1]}"
        raise Refused(f"The ranges should hold each page of {shown} once and in order. {_HOW}")
    receipt = pieces[0][0]
    return [(receipt, here[each[0]], here[each[-1]]) for each in ranges]


def _spans(pages: Sequence[Part], pieces: Iterable[Piece]) -> list[Span]:
    at = {part.number: n for n, part in enumerate(pages)}
    return sorted((Span(at[first], at[last]) for _, first, last in pieces), key=lambda span: span.first)


def _new_response(
    desk: _Desk, receipt: ReceiptView, reader: str, ordinal: int, filled: Filled, piece: Piece, main: ResponseView
) -> NewResponse:
    _carry_received(desk, filled, receipt, main)
    response = make_response(desk.rules, receipt, ordinal, filled, reader)
    while responses.taken_references(desk.tx, [response.reference]):  # 45 bits may meet
        prefix = response.reference.partition("-")[0]
        following = make_reference(prefix, response.consultation, response.channel, response.reference)
        response = response.model_copy(update={"reference": following})
    return NewResponse(
        receipt_id=receipt.id, ordinal=ordinal, response=response, evidence=filled.evidence,
        monitoring=filled.monitoring, pieces=write_pieces([piece]),
    )  # fmt: skip


def _next_numbers(desk: _Desk, receipt: ReceiptView, new: Sequence[NewResponse]) -> list[int]:
    """Write the new responses; their numbers."""
    responses.add_responses(desk.tx, receipt.run_id, desk.at, new)
    found = [responses.number_of(desk.tx, one.response.reference) for one in new]
    return [number for number in found if number is not None]


def _holder(
    view: ResponseView, pages: Sequence[Part], wanted: Sequence[Piece], owners: Sequence[ResponseView | None],
    new: Sequence[NewResponse],
) -> str:  # fmt: skip
    """The reference of the letter in which the first page of a response now is."""
    first = _pieces(view, pages)[0][1]
    made = iter(new)
    names = [owner.response.reference if owner else next(made).response.reference for owner in owners]
    return next(name for name, piece in zip(names, wanted, strict=True) if piece[1] <= first <= piece[2])


def _said_of_split(
    desk: _Desk, main: ResponseView, chosen: Sequence[ResponseView], new: Sequence[NewResponse],
    gone: Sequence[ResponseView],
) -> str:  # fmt: skip
    parts = []
    if new:
        parts.append(f"new: {', '.join(one.response.reference for one in new)}")
    if gone:
        parts.append(f"part of another letter now: {', '.join(view.response.reference for view in gone)}")
    said = f"{main.response.reference}: parted; {'; '.join(parts) or 'the pages of its letters are others now'}."
    decided = [view.response.reference for view in chosen if _by_people(desk.held(view.id))]
    if decided:
        said += f" What people decided before stays with {', '.join(decided)}: look at it again."
    return f"{said} To take it back: undo of {main.response.reference}."


def _by_people(held: Sequence[DecisionView]) -> list[DecisionView]:
    return [decision for decision in held if decision.action not in REDIVIDES]


# --- join -------------------------------------------------------------------------------------------------------------


def _join(desk: _Desk, target: Target, person: Person, wish: Wish) -> str:
    if target.response is None:
        raise Refused(f"Receipt {target.receipt.id} has no response to join something to.")
    view = responses.load(desk.tx, [target.response])[0]
    other = _other(desk, view, wish.value)
    receipt = receipts.by_numbers(desk.tx, [view.receipt_id])[0]
    readings: dict[int, Reading] = {}
    pieces: list[Piece] = []
    for one in (view, other):
        named = dict.fromkeys([one.receipt_id, *(number for number, _, _ in read_pieces(one.pieces))])
        for behind in receipts.by_numbers(desk.tx, list(named)):
            readings[behind.id] = readings.get(behind.id) or desk.reading(behind.id)
            _check_file(behind, pages_of(readings[behind.id].parts))
        pieces += _pieces(one, pages_of(readings[one.receipt_id].parts))
    pieces = read_pieces(write_pieces(pieces))
    pages = pages_of(readings[receipt.id].parts)
    others = [
        piece
        for letter in desk.live(receipt.id)
        if letter.id not in (view.id, other.id)
        for piece in _pieces(letter, pages)
        if piece[0] == receipt.id
    ]
    spans = _spans(pages, [*(piece for piece in pieces if piece[0] == receipt.id), *others])
    filled = fill_pieces(desk.rules, receipt, readings, pieces, spans)
    linked = sorted({number for number, _, _ in pieces} - set(responses.receipts_of(desk.tx, view.id)))
    before = {
        "changed": {str(view.id): _before(desk, view)}, "joined": [other.id], "new": [], "linked": linked,
    }  # fmt: skip
    decision = _decide(desk, view, person, wish, before)
    _change(desk, view, receipt, readings[receipt.id].reader, filled, pieces, decision)
    responses.link_receipts(desk.tx, [(view.id, number) for number in linked])
    _mark(desk, other, view.response.reference)
    said = f"{view.response.reference}: the pages of {other.response.reference} are behind its own, and that one no "
    said += "longer counts."
    if _by_people(desk.held(other.id)):
        said += f" What people decided about {other.response.reference} does not hold for it."
    return said


def _other(desk: _Desk, view: ResponseView, typed: str) -> ResponseView:
    """The response that is to be joined.

    Raises:
        Refused: there is none of that reference, or it can't be joined.
    """
    reference = read_reference(typed.strip(), desk.rules.consultation.reference_prefix)
    number = None if reference is None else responses.number_of(desk.tx, reference)
    if number is None or number == view.id:
        raise Refused("The other letter is named by its reference: --value REFERENCE.")
    other = responses.load(desk.tx, [number])[0]
    if other.joined_into:
        raise Refused(f"{other.response.reference} is part of {other.joined_into} already.")
    for one in (view, other):
        if one.response.status == "excluded" or proposal(desk.held(one.id)) is not None:
            raise Refused(f"{one.response.reference} is excluded, or that is proposed: restore it first.")
    return other


# --- what both write --------------------------------------------------------------------------------------------------


def _decide(desk: _Desk, view: ResponseView, person: Person, wish: Wish, before: Mapping[str, Any]) -> int:
    new = NewDecision(
        receipt_id=view.receipt_id, response_id=view.id, action=wish.action, by=person.name, value=wish.value.strip(),
        reason=wish.reason, version=view.response.version, before=json.dumps(before),
    )  # fmt: skip
    return decisions.add_decision(desk.tx, desk.at, new)


def _before(desk: _Desk, view: ResponseView) -> dict[str, Any]:
    return {"revision": responses.base_revision(desk.tx, view), "pieces": view.pieces}


def _carry_received(desk: _Desk, filled: Filled, receipt: ReceiptView, view: ResponseView) -> None:
    """Of a file that was read before facts were kept: when it was received is as its response had it."""
    if responses.reading_of(desk.tx, receipt.id) is not None or filled.values.get("received_basis") == "separator":
        return
    base = responses.base_state(desk.tx, view)
    for column in ("received_at", "received_basis", "late"):
        filled.values[column] = getattr(base, column)
    filled.needs -= {"received-date", "late?"}
    filled.needs |= {"received-date", "late?"} & set(base.needs)


def _change(
    desk: _Desk, view: ResponseView, receipt: ReceiptView, reader: str, filled: Filled, pieces: Sequence[Piece],
    decision: int,
) -> None:  # fmt: skip
    """Give a response other pages; what people decided about it holds on."""
    _carry_received(desk, filled, receipt, view)
    kept = responses.base_state(desk.tx, view)
    base = make_response(desk.rules, receipt, view.ordinal, filled, reader)
    base = _with_others(base, kept)
    _write(desk, view, base, Change(
        response_id=view.id, cause="reading", response=base, evidence=filled.evidence, receipt_id=receipt.id,
        monitoring=filled.monitoring, decision_id=decision, pieces=write_pieces(pieces),
    ))  # fmt: skip


def _with_others(base: Response, kept: Response) -> Response:
    """The same state with what other items say of the response."""
    return base.model_copy(
        update={
            "reference": kept.reference, "version": kept.version, "campaign": kept.campaign,
            "likely_duplicate_of": kept.likely_duplicate_of,
            "needs": tuple(sorted({*base.needs, *(_KEPT_NEEDS & set(kept.needs))})),
        }
    )  # fmt: skip


def _write(desk: _Desk, view: ResponseView, base: Response, change: Change) -> None:
    held = _by_people(desk.held(view.id))
    if held:
        state = apply_decisions(desk.rules, base, held)
        values = {name: getattr(change, name) for name in Change.__dataclass_fields__}
        change = Change(**values | {"cause": "decision", "response": state, "base": base})
    responses.change_response(desk.tx, None, desk.at, change)


def _mark(desk: _Desk, view: ResponseView, joined_into: str) -> None:
    """A response is part of another one from now on, or ("") one of its own again."""
    change = Change(response_id=view.id, cause=view.cause, response=view.response, joined_into=joined_into)
    responses.change_response(desk.tx, None, desk.at, change)


# --- taking it back ---------------------------------------------------------------------------------------------------


def take_division_back(tx: Transaction, rules: Rules, at: datetime, decision: DecisionView) -> None:
    """Undo a split or a join, whose decision is marked as undone already.

    Raises:
        Refused: something was decided since about a letter that it made.
    """
    desk = _Desk(tx, rules, at)
    before = json.loads(decision.before)
    numbers = [int(number) for number in before["changed"]] + before["joined"] + before["new"]
    views = {view.id: view for view in responses.load(tx, numbers)}
    for number in [*map(int, before["changed"]), *before["new"]]:
        view = views[number]
        later = [
            d for d in desk.held(number) if d.id > decision.id and (d.action in REDIVIDES or number in before["new"])
        ]
        if view.joined_into or later:
            raise Refused(f"{view.response.reference} was decided on since: undo that first.")
    for number, kept in before["changed"].items():
        view = views[int(number)]
        base = _with_others(responses.state_at(tx, view.id, kept["revision"]), responses.base_state(tx, view))
        _write(desk, view, base, Change(
            response_id=view.id, cause="reading", response=base, pieces=kept["pieces"],
            monitoring=_monitoring(desk, view, kept["pieces"]),
        ))  # fmt: skip
    for receipt in before["linked"]:
        responses.unlink_receipt(tx, int(decision.response_id or 0), receipt)
    for number in before["joined"]:
        _mark(desk, views[number], "")
    reference = views[int(decision.response_id or 0)].response.reference
    for number in before["new"]:
        _mark(desk, views[number], reference)


def _monitoring(desk: _Desk, view: ResponseView, pieces: str) -> dict[str, str]:
    """The answers to monitoring questions on these pages: they are in no version of a response, so they are worked out
    anew."""
    readings = {view.receipt_id: desk.reading(view.receipt_id)}
    pages = pages_of(readings[view.receipt_id].parts)
    mine = read_pieces(pieces) or [(view.receipt_id, pages[0].number, pages[-1].number)]
    readings |= {number: desk.reading(number) for number, _, _ in mine if number not in readings}
    receipt = receipts.by_numbers(desk.tx, [view.receipt_id])[0]
    spans = _spans(pages, [piece for piece in mine if piece[0] == view.receipt_id])
    return dict(fill_pieces(desk.rules, receipt, readings, mine, spans).monitoring)
