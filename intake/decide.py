"""What people do: correct, accept, exclude, overturn, undo. Pages and command line alike come through here.

A decision never changes what a machine read. A response as it stands is what the machine made of it, with the decisions
that hold applied in their order; so undoing one gives back exactly the state before it.
"""

import json
from collections.abc import Sequence
from datetime import datetime

from intake import normalise
from intake.errors import Refused
from intake.fields import UNSTORABLE
from intake.filled import Rules
from intake.on_receipts import ON_RECEIPTS, check_taken_back, decide_on_receipt
from intake.pagework import REDIVIDES
from intake.redivide import divided, take_division_back
from intake.revise import (
    apply_decisions,
    check_lists,
    column_and_value,
    corrected,
    holding,
    proposal,
    received_by_person,
)
from intake.same import held_on, take_back
from intake.when import EARLIEST
from intake.wish import Office, Person, Target, Wish
from storage import decisions, ledger, receipts, responses
from storage.database import Transaction
from storage.decisions import DecisionView, NewDecision
from storage.receipts import Settled
from storage.reference import read_reference
from storage.responses import Change, ResponseView
from storage.schema import Evidence, FieldEvidence, Response


def decide(office: Office, target: Target, person: Person, wish: Wish) -> str:
    """Do what a person asks for; one sentence that says what was done.

    Raises:
        Refused: the rules do not allow it, or it does not fit (the sentence says why).
    """
    if any(UNSTORABLE.search(typed) for typed in (wish.value, wish.reason, person.name)):
        raise Refused("What was typed holds characters that can't be stored (NUL, or bytes that are no UTF-8).")
    _check_whole(office, target)
    if wish.action == "undo":
        return _undo(office, target, person)
    if wish.action in REDIVIDES:
        return divided(office, target, person, wish)
    if wish.action in ON_RECEIPTS or (wish.action == "accept" and target.receipt.kind == "file"):
        return decide_on_receipt(office, target, person, wish)
    if target.response is not None and target.receipt.outcome != "read":
        raise Refused(f"Receipt {target.receipt.id} is {target.receipt.outcome}, so its response does not count.")
    if target.response is None:
        raise Refused(f"Receipt {target.receipt.id} has no response to {wish.action}.")
    return _on_response(office, target.response, person, wish)


def _check_whole(office: Office, target: Target) -> None:
    """Nothing is decided about what is part of another letter now."""
    if target.response is None:
        return
    with office.database.read() as tx:
        view = responses.load(tx, [target.response])[0]
    if view.joined_into:
        raise Refused(
            f"{view.response.reference} is part of {view.joined_into} now: decide about that one, or undo what joined "
            "them there."
        )


def _on_response(office: Office, number: int, person: Person, wish: Wish) -> str:
    at = office.clock()
    with office.database.write() as tx:
        view = responses.load(tx, [number])[0]
        held = holding(decisions.decisions_on(tx, [], number))
        _check(tx, office.rules, view, held, person, wish)
        _check_received(office.rules, wish, at)
        new = NewDecision(
            receipt_id=view.receipt_id, response_id=number, action=wish.action, by=person.name,
            value=wish.value, reason=wish.reason, version=view.response.version,
        )  # fmt: skip
        decision = decisions.add_decision(tx, at, new)
        base = responses.base_state(tx, view)
        held = holding(decisions.decisions_on(tx, [], number))
        state = apply_decisions(office.rules, base, held)
        evidence = _evidence(office.rules, view.response, state, wish)
        change = Change(
            response_id=number,
            cause="decision",
            response=state,
            evidence=evidence,
            decision_id=decision,
            by=person.name,
        )
        responses.change_response(tx, None, at, change)
        ledger.number_entries(tx)
    return f"{view.response.reference}: {_DONE[wish.action]}."


_DONE = {
    "accept": "accepted", "correct": "corrected", "transcribe": "transcribed", "restore": "restored",
    "exclude": "exclusion proposed; another person must confirm it, and it counts until then",
    "confirm": "excluded",
}  # fmt: skip


def _check(
    tx: Transaction, rules: Rules, view: ResponseView, held: Sequence[DecisionView], person: Person, wish: Wish
) -> None:
    proposed = proposal(held)
    excluded = view.response.status == "excluded"
    match wish.action:
        case "confirm" if proposed is None:
            raise Refused("Nobody has proposed to exclude this response.")
        case "confirm" if proposed is not None and proposed.by == person.name:
            raise Refused("Who proposed an exclusion can't confirm it: another person must.")
        case "exclude" if not wish.reason:
            raise Refused("An exclusion needs a reason: --reason WORD.")
        case "exclude" if excluded or proposed is not None:
            raise Refused("This response is excluded already, or its exclusion is proposed.")
        case "exclude" if wish.reason == "duplicate":
            _check_duplicate(tx, rules, view, wish.value)
        case "restore" if not excluded and proposed is None:
            raise Refused("This response is not excluded.")
        case "accept" if excluded:
            raise Refused("An excluded response can't be accepted: restore it first.")
        case "transcribe" if not wish.value.strip():
            raise Refused("A transcription needs its words: --value TEXT, or --value - to read them from stdin.")
        case "correct":
            column, value = column_and_value(wish.value)
            check_lists(column, value, rules)
            corrected(view.response, column, value, rules)


def _check_received(rules: Rules, wish: Wish, now: datetime) -> None:
    """Whether a person's word on when something was received can be true: the slip of a year decides on "late"."""
    if wish.action != "correct" or column_and_value(wish.value)[0] != "received_at":
        return
    said = received_by_person(column_and_value(wish.value)[1], rules)["received_at"]
    if said > now:
        raise Refused("received_at: this is still to come: correct the date.")
    if said < rules.consultation.opens_at - EARLIEST:
        raise Refused(f"received_at: this is more than {EARLIEST.days} days before the opening: correct the date.")


def _check_duplicate(tx: Transaction, rules: Rules, view: ResponseView, of: str) -> None:
    reference = read_reference(of, rules.consultation.reference_prefix)
    if reference is None or reference == view.response.reference or responses.number_of(tx, reference) is None:
        raise Refused("A duplicate is named by the reference of the other response: --value REFERENCE.")


def _evidence(rules: Rules, before: Response, after: Response, wish: Wish) -> FieldEvidence | None:
    """What a person wrote, as one more piece of evidence."""

    def by_hand(value: str, quote: str | None = None) -> list[Evidence]:
        return [Evidence(value=value, method="person", confidence=1.0, quote=quote)]

    if wish.action == "correct":
        column, value = column_and_value(wish.value)
        return {column: by_hand(value)}
    if wish.action == "transcribe":
        found = normalise.transcribed(rules, wish.value)
        filled = {c: e for c, e in found.evidence.items() if getattr(before, c) != getattr(after, c)}
        derived = {c: [_placeless(piece) for piece in pieces] for c, pieces in filled.items()}
        return {**derived, "text": by_hand(wish.value)}
    return None


def _placeless(piece: Evidence) -> Evidence:
    # The words that a person typed are no part of the original: the quote stands, a place in it would mislead.
    return Evidence(value=piece.value, method="person", confidence=piece.confidence, quote=piece.quote)


def _undo(office: Office, target: Target, person: Person) -> str:
    at = office.clock()
    with office.database.write() as tx:
        behind = [target.receipt.id] if target.response is None else responses.receipts_of(tx, target.response)
        held = holding(decisions.decisions_on(tx, behind, target.response))
        alike = {decision.id: decision for decision in held_on(tx, target.receipt.id)}
        held = sorted((alike | {decision.id: decision for decision in held}).values(), key=lambda d: d.id)
        # What was read again is read, and a message that was sent can't be called back.
        undoable = [d for d in held if d.action not in ("retry", "acknowledge", "acknowledged")]
        if not undoable:
            raise Refused("There is no decision here to undo.")
        last = undoable[-1]
        check_taken_back(last, target.receipt)
        again = last.action == "add" and json.loads(last.before)["outcome"] == "read"
        if again:
            office.must_read()
        undo = NewDecision(
            receipt_id=last.receipt_id, response_id=last.response_id, action="undo", by=person.name, value=str(last.id)
        )
        decisions.mark_undone(tx, last.id, decisions.add_decision(tx, at, undo))
        if last.action in ("same", "different"):
            take_back(tx, at, last)
        elif last.action in REDIVIDES:
            take_division_back(tx, office.rules, at, last)
        elif again:
            pass  # it is read again below, without the file
        elif last.response_id is None:
            before = json.loads(last.before)
            receipts.settle(tx, None, at, [Settled(last.receipt_id, **before)])
        else:
            view = responses.load(tx, [last.response_id])[0]
            rest = [d for d in held if d.id != last.id and d.response_id == last.response_id]
            state = apply_decisions(office.rules, responses.base_state(tx, view), rest)
            change = Change(response_id=view.id, cause="decision" if rest else "reading", response=state)
            responses.change_response(tx, None, at, change)
        ledger.number_entries(tx)
    if last.action in ("same", "different"):
        office.refollow(target.receipt)
    if again:
        office.reread(target.receipt, False)
    return f"Undone: {last.action} by {last.by}."
