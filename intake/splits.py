"""A person parts pages that were taken for one letter, or all pages of a file anew."""

import re
from collections.abc import Sequence

from intake.batches import Piece, fill_pieces, write_pieces
from intake.errors import Refused
from intake.filled import Filled, Rules
from intake.pagekinds import look, pages_of
from intake.pagework import (
    Desk,
    by_people,
    carry_received,
    check_file,
    check_no_row,
    give_pages,
    mark_joined,
    pieces_of_view,
    record,
    spans_of,
    standing,
)
from intake.reading.parts import Part
from intake.responding import make_response
from intake.wish import Person, Target, Wish
from storage import responses
from storage.receipts import ReceiptView
from storage.reference import make_reference
from storage.responses import NewResponse, ResponseView

_HOW = "The pages are written --value 1-2,3-4: page numbers of the file, a comma between letters."


def split(desk: Desk, target: Target, person: Person, wish: Wish) -> str:
    receipt = target.receipt
    reading = desk.reading(receipt.id)
    pages = pages_of(reading.parts)
    check_file(receipt, pages)
    live = desk.live(receipt.id)
    chosen = [view for view in live if target.response in (None, view.id)]
    for view in chosen:
        check_no_row(desk, view)
        if any(number != receipt.id for number, _, _ in pieces_of_view(view, pages)) or view.receipt_id != receipt.id:
            raise Refused(f"{view.response.reference} was joined from several files: undo that first.")
    wanted = _wanted(wish.value, pages, [piece for view in chosen for piece in pieces_of_view(view, pages)])
    chosen.sort(key=lambda view: pieces_of_view(view, pages)[0])
    if [pieces_of_view(view, pages) for view in chosen] == [[piece] for piece in wanted]:
        raise Refused("These pages are parted so already.")
    main, owners = chosen[0], _owners(desk.rules, chosen, wanted, pages)
    gone = [view for view in chosen if view not in owners]
    ordinals = iter(range(responses.last_ordinal(desk.tx, receipt.id) + 1, 1_000_000))
    others = [
        piece for view in live if view not in chosen for piece in pieces_of_view(view, pages) if piece[0] == receipt.id
    ]
    spans = spans_of(pages, [*wanted, *others])
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
        "changed": {str(v.id): standing(desk, v) for v in owners if v is not None},
        "joined": [v.id for v in gone],
        "new": numbers,
        "linked": [],
    }
    decision = record(desk, main, person, wish, before)
    for owner, piece, filled in made:
        if owner is not None:
            give_pages(desk, owner, receipt, reading.reader, filled, [piece], decision)
    for view in gone:
        into = _holder(view, pages, wanted, owners, new)
        mark_joined(desk, view, into)
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
        _, first, last = pieces_of_view(view, pages)[0]
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


def _new_response(
    desk: Desk, receipt: ReceiptView, reader: str, ordinal: int, filled: Filled, piece: Piece, main: ResponseView
) -> NewResponse:
    carry_received(desk, filled, receipt, main)
    response = make_response(desk.rules, receipt, ordinal, filled, reader)
    while responses.taken_references(desk.tx, [response.reference]):  # 45 bits may meet
        prefix = response.reference.partition("-")[0]
        following = make_reference(prefix, response.consultation, response.channel, response.reference)
        response = response.model_copy(update={"reference": following})
    return NewResponse(
        receipt_id=receipt.id, ordinal=ordinal, response=response, evidence=filled.evidence,
        monitoring=filled.monitoring, pieces=write_pieces([piece]),
    )  # fmt: skip


def _next_numbers(desk: Desk, receipt: ReceiptView, new: Sequence[NewResponse]) -> list[int]:
    """Write the new responses; their numbers."""
    responses.add_responses(desk.tx, receipt.run_id, desk.at, new)
    found = [responses.number_of(desk.tx, one.response.reference) for one in new]
    return [number for number in found if number is not None]


def _holder(
    view: ResponseView, pages: Sequence[Part], wanted: Sequence[Piece], owners: Sequence[ResponseView | None],
    new: Sequence[NewResponse],
) -> str:  # fmt: skip
    """The reference of the letter in which the first page of a response now is."""
    first = pieces_of_view(view, pages)[0][1]
    made = iter(new)
    names = [owner.response.reference if owner else next(made).response.reference for owner in owners]
    return next(name for name, piece in zip(names, wanted, strict=True) if piece[1] <= first <= piece[2])


def _said_of_split(
    desk: Desk, main: ResponseView, chosen: Sequence[ResponseView], new: Sequence[NewResponse],
    gone: Sequence[ResponseView],
) -> str:  # fmt: skip
    parts = []
    if new:
        parts.append(f"new: {', '.join(one.response.reference for one in new)}")
    if gone:
        parts.append(f"part of another letter now: {', '.join(view.response.reference for view in gone)}")
    said = f"{main.response.reference}: parted; {'; '.join(parts) or 'the pages of its letters are others now'}."
    decided = [view.response.reference for view in chosen if by_people(desk.held(view.id))]
    if decided:
        said += f" What people decided before stays with {', '.join(decided)}: look at it again."
    return f"{said} To take it back: undo of {main.response.reference}."
