"""A person joins what was scanned, or parted, as several letters, though it is one."""

from intake.batches import Piece, fill_pieces, read_pieces, write_pieces
from intake.errors import Refused
from intake.pagekinds import pages_of
from intake.pagework import (
    Desk,
    by_people,
    check_file,
    check_no_row,
    give_pages,
    mark_joined,
    pieces_of_view,
    record,
    spans_of,
    standing,
)
from intake.reading.parts import Reading
from intake.revise import proposal
from intake.wish import Person, Target, Wish
from storage import receipts, responses
from storage.reference import read_reference
from storage.responses import ResponseView


def join(desk: Desk, target: Target, person: Person, wish: Wish) -> str:
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
            check_file(behind, pages_of(readings[behind.id].parts))
        pieces += pieces_of_view(one, pages_of(readings[one.receipt_id].parts))
    pieces = read_pieces(write_pieces(pieces))
    pages = pages_of(readings[receipt.id].parts)
    others = [
        piece
        for letter in desk.live(receipt.id)
        if letter.id not in (view.id, other.id)
        for piece in pieces_of_view(letter, pages)
        if piece[0] == receipt.id
    ]
    spans = spans_of(pages, [*(piece for piece in pieces if piece[0] == receipt.id), *others])
    filled = fill_pieces(desk.rules, receipt, readings, pieces, spans)
    linked = sorted({number for number, _, _ in pieces} - set(responses.receipts_of(desk.tx, view.id)))
    before = {
        "changed": {str(view.id): standing(desk, view)}, "joined": [other.id], "new": [], "linked": linked,
    }  # fmt: skip
    decision = record(desk, view, person, wish, before)
    give_pages(desk, view, receipt, readings[receipt.id].reader, filled, pieces, decision)
    responses.link_receipts(desk.tx, [(view.id, number) for number in linked])
    mark_joined(desk, other, view.response.reference)
    said = f"{view.response.reference}: the pages of {other.response.reference} are behind its own, and that one no "
    said += "longer counts."
    if by_people(desk.held(other.id)):
        said += f" What people decided about {other.response.reference} does not hold for it."
    return said


def _other(desk: Desk, view: ResponseView, typed: str) -> ResponseView:
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
        check_no_row(desk, one)
        if one.response.status == "excluded" or proposal(desk.held(one.id)) is not None:
            raise Refused(f"{one.response.reference} is excluded, or that is proposed: restore it first.")
    return other
