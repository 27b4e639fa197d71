"""Which pages are one letter, as a person says: a split or a join, and taking it back.

Undoing gives back exactly the state before: what the machine had made of the pages is kept as a version.
"""

import json
from collections.abc import Sequence
from datetime import datetime

from intake.batches import read_pieces
from intake.errors import Refused
from intake.filled import Rules
from intake.joins import join
from intake.pagework import (
    REDIVIDES,
    Desk,
    mark_joined,
    monitoring_of_pages,
    with_others,
    write_state,
)
from intake.rowjoins import divide_row, is_about_row, row_in, take_row_back
from intake.splits import split
from intake.wish import Office, Person, Target, Wish
from storage import ledger, responses
from storage.database import Transaction
from storage.decisions import DecisionView
from storage.responses import Change, ResponseView


def divided(office: Office, target: Target, person: Person, wish: Wish) -> str:
    """Do a ``split`` or a ``join``; one sentence that says what was done.

    Raises:
        Refused: the rules do not allow it, or it does not fit (the sentence says why).
    """
    at = office.clock()
    with office.database.write() as tx:
        desk = Desk(tx, office.rules, at)
        if is_about_row(desk, target, wish):
            done = divide_row(desk, target, person, wish)
        else:
            done = split(desk, target, person, wish) if wish.action == "split" else join(desk, target, person, wish)
        ledger.number_entries(tx)
    return done


def take_division_back(tx: Transaction, rules: Rules, at: datetime, decision: DecisionView) -> None:
    """Undo a split or a join, whose decision is marked as undone already.

    Raises:
        Refused: something was decided since about a letter that it made.
    """
    desk = Desk(tx, rules, at)
    if (row := row_in(decision)) is not None:
        take_row_back(desk, decision, row)
        return
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
        base = with_others(responses.state_at(tx, view.id, kept["revision"]), responses.base_state(tx, view))
        write_state(desk, view, base, Change(
            response_id=view.id, cause="reading", response=base, pieces=kept["pieces"],
            monitoring=monitoring_of_pages(desk, view, kept["pieces"]),
        ))  # fmt: skip
    for receipt in before["linked"]:
        responses.unlink_receipt(tx, int(decision.response_id or 0), receipt)
    for number in before["joined"]:
        mark_joined(desk, views[number], "")
    restored = [(views[int(number)], kept["pieces"]) for number, kept in before["changed"].items()]
    restored += [(views[number], views[number].pieces) for number in before["joined"]]
    for number in before["new"]:
        mark_joined(desk, views[number], _holder(views[number], restored))


def _holder(view: ResponseView, restored: Sequence[tuple[ResponseView, str]]) -> str:
    """The reference of the letter in which the first page of a response is again; "" pieces are a whole file."""
    receipt, page, _ = read_pieces(view.pieces)[0]
    return next(
        one.response.reference
        for one, pieces in restored
        if not pieces or any(of == receipt and first <= page <= last for of, first, last in read_pieces(pieces))
    )
