"""Decisions on a receipt: set it aside or not, read it again, add a file, acknowledge it, say what is the same.

Each keeps what was before, so that undoing it gives that back.
"""

import json
from dataclasses import replace
from pathlib import PurePath

from intake import passing
from intake.added import added_files, value_of
from intake.addressee import OVERRULED, REASONS
from intake.batches import read_pieces
from intake.errors import Refused
from intake.layouts import CHANGED
from intake.reading.callfacts import CALL
from intake.same import decide_alike
from intake.wish import Action, Office, Person, Target, Wish
from storage import acknowledgements, decisions, entered, ledger, receipts, responses
from storage.acknowledgements import Standing, State
from storage.decisions import DecisionView, NewDecision
from storage.rebuilt import Verdict
from storage.receipts import ReceiptView, Settled
from storage.schema import PASSED_ON_REASONS, PERSON_REASONS

ON_RECEIPTS: frozenset[Action] = frozenset({
    "set-aside", "overturn", "retry", "add", "same", "different", "acknowledge", "acknowledged",
})  # fmt: skip
"""The actions that are on a receipt as a whole, whatever became of it."""


def decide_on_receipt(office: Office, target: Target, person: Person, wish: Wish) -> str:
    """Do one of ``ON_RECEIPTS``, or accept a file as it is; one sentence that says what was done.

    Raises:
        Refused: the rules do not allow it, or it does not fit (the sentence says why).
    """
    match wish.action:
        case "same" | "different":
            return _on_alike(office, target, person, wish)
        case "acknowledge" | "acknowledged":
            return _on_acknowledgement(office, target.receipt, person, wish)
        case "add":
            return _add(office, target.receipt, person, wish)
        case "set-aside":
            return _set_aside(office, target, person, wish)
    return _read_again(office, target.receipt, person, wish)


def check_taken_back(decision: DecisionView, receipt: ReceiptView) -> None:
    """Whether a decision on a receipt can be undone.

    Raises:
        Refused: it took a file as it is, and its rows are responses now.
    """
    if decision.action == "accept" and decision.response_id is None and receipt.outcome == "set_aside":
        raise Refused("The rows of this file are taken, and that can't be undone: correct or exclude single responses.")


def _read_again(office: Office, receipt: ReceiptView, person: Person, wish: Wish) -> str:
    """Read a receipt anew: ``retry`` what could not be read, ``overturn`` what was set aside, ``accept`` a file whose
    columns have changed."""
    at = office.clock()
    match wish.action:
        case "accept" if receipt.outcome != "quarantined" or not receipt.reason.startswith(CHANGED):
            raise Refused(f"Receipt {receipt.id}: only a file that waits because its columns have changed is accepted.")
        case "accept":
            office.must_read()
        case "retry" if receipt.outcome not in ("quarantined", "pending"):
            raise Refused(f"Receipt {receipt.id} is {receipt.outcome}: only what is quarantined or pending is retried.")
        case "overturn" if receipt.outcome != "set_aside" or receipt.kind == "file":
            raise Refused(f"Receipt {receipt.id} is {receipt.outcome}: only what is set aside can be overturned.")
    with office.database.write() as tx:
        new = NewDecision(
            receipt_id=receipt.id, response_id=None, action=wish.action, by=person.name, value=wish.value,
            reason=wish.reason, before=_before(receipt),
        )  # fmt: skip
        decisions.add_decision(tx, at, new)
        if wish.action == "overturn" and responses.responses_of(tx, [receipt.id]):
            receipts.settle(tx, None, at, [Settled(receipt.id, "read")])
        ledger.number_entries(tx)
    with office.database.read() as tx:
        still = receipts.by_numbers(tx, [receipt.id])[0]
    if still.outcome != "read":
        office.reread(still, wish.action != "overturn")
    with office.database.read() as tx:
        now = receipts.by_numbers(tx, [receipt.id])[0]
    if wish.action == "accept" and now.outcome == "set_aside":
        return f"Receipt {receipt.id}: the file is taken as it is, with the columns that it has."
    said = f": {now.reason}" if now.reason else ""
    return f"Receipt {receipt.id}: {now.outcome}{said}{'' if said.endswith('.') else '.'}"


def _set_aside(office: Office, target: Target, person: Person, wish: Wish) -> str:
    """Set aside what is no answer; of a person's mail that is passed on: to whom, and by when it must be answered."""
    receipt, at = target.receipt, office.clock()
    reason, to = _word_and_receiver(wish)
    with office.database.read() as tx:
        mine = responses.load(tx, responses.responses_of(tx, [receipt.id]).get(receipt.id, []))
        typed = [view.response.reference for view in mine if entered.row_of_letter(tx, view.id) is not None]
    if receipt.outcome != "read" or len(mine) > 1:
        raise Refused(
            "Only a receipt that is read and has one response is set aside; exclude single responses instead."
        )
    if typed:
        raise Refused(f"{typed[0]} is joined with the row that was typed from it: exclude it instead.")
    if any(read_pieces(view.pieces) for view in mine):
        raise Refused(f"{mine[0].response.reference} is made of pieces of files: exclude it instead.")
    arrived = next((view.response.received_at for view in mine), None) or receipt.arrived_at or at
    due, step = None, ""
    if reason in PASSED_ON_REASONS:
        due = passing.due_day(reason, min(arrived, at), office.rules.consultation.timezone)
        step = passing.next_step(reason, to, due)
    with office.database.write() as tx:
        new = NewDecision(
            receipt_id=receipt.id, response_id=None, action="set-aside", by=person.name, value=to, reason=reason,
            before=_before(receipt), due=due,
        )  # fmt: skip
        decisions.add_decision(tx, at, new)
        receipts.settle(tx, None, at, [Settled(receipt.id, "set_aside", reason, step)])
        ledger.number_entries(tx)
    return f"Receipt {receipt.id}: set aside as {reason}. {step}".rstrip()


def _word_and_receiver(wish: Wish) -> tuple[str, str]:
    """The reason's word, and to whom it is passed on."""
    word = wish.set_aside_word
    if word not in PERSON_REASONS:
        raise Refused(
            f"A person sets aside with --reason and one of: {', '.join(PERSON_REASONS)}; of the first "
            f'{len(PASSED_ON_REASONS)}, --value "to whom" it is passed on.'
        )
    return word, " ".join(wish.value.split()) if word == wish.reason else ""


def _add(office: Office, receipt: ReceiptView, person: Person, wish: Wish) -> str:
    """Add a file to a receipt, as what its message pointed to: kept first, then recorded, then read with the rest."""
    if receipt.kind != "item" or receipt.outcome not in ("read", "quarantined"):
        raise Refused(f"Receipt {receipt.id}: a file is added to a message or file that is read or quarantined.")
    if receipt.media_type == CALL:
        raise Refused(f"Receipt {receipt.id} is a call: type what was said (transcribe) instead of adding a file.")
    with office.database.read() as tx:
        mine = responses.load(tx, responses.responses_of(tx, [receipt.id]).get(receipt.id, []))
        if len(mine) > 1:
            raise Refused(f"Receipt {receipt.id} has several responses, so whose file it is can't be said.")
        if any(read_pieces(view.pieces) for view in mine):
            raise Refused(f"{mine[0].response.reference} is made of pieces of files: nothing can be added to it.")
    office.must_read()
    kept = office.keep(wish.value)
    at = office.clock()
    with office.database.write() as tx:
        earlier = added_files(decisions.decisions_on(tx, [receipt.id], None))
        if kept.sha256 == receipt.sha256 or any(file.holds and file.sha256 == kept.sha256 for file in earlier):
            raise Refused(f"Receipt {receipt.id} has this very file already.")
        receipts.add_originals(tx, at, [kept])
        decisions.add_decision(
            tx, at,
            NewDecision(receipt_id=receipt.id, response_id=None, action="add", by=person.name, reason=wish.reason,
                        value=value_of(kept.sha256, PurePath(wish.value).name), before=_before(receipt)),
        )  # fmt: skip
        ledger.number_entries(tx)
    office.reread(receipt, False)
    return f"Receipt {receipt.id}: the file is kept beside it and read with it."


def _on_alike(office: Office, target: Target, person: Person, wish: Wish) -> str:
    verdict: Verdict = "same" if wish.action == "same" else "different"
    with office.database.write() as tx:
        said = decide_alike(tx, office.clock(), target.receipt.id, verdict, person.name, wish.reason)
        ledger.number_entries(tx)
    office.refollow(target.receipt)
    return said


def _on_acknowledgement(office: Office, receipt: ReceiptView, person: Person, wish: Wish) -> str:
    """``acknowledge``: a run is to send it, this once more. ``acknowledged``: it went out, or need not."""
    at = office.clock()
    with office.database.write() as tx:
        standing = acknowledgements.of_receipt(tx, receipt.id)
        _check_acknowledgement(receipt, standing, wish)
        decisions.add_decision(
            tx, at,
            NewDecision(receipt_id=receipt.id, response_id=None, action=wish.action, by=person.name, value=wish.value,
                        reason=wish.reason),
        )  # fmt: skip
        state: State = "asked" if wish.action == "acknowledge" else "settled"
        before = standing or Standing(receipt_id=receipt.id, channel=receipt.channel, state=state)
        became = replace(before, state=state, reason="", asked=wish.action == "acknowledge", attempts=0)
        acknowledgements.write(tx, None, at, [became])
        ledger.number_entries(tx)
    if wish.action == "acknowledged":
        return f"Receipt {receipt.id}: settled; no acknowledgement is sent."
    return f"Receipt {receipt.id}: the next run of its channel sends an acknowledgement, if that channel has them on."


def _check_acknowledgement(receipt: ReceiptView, standing: Standing | None, wish: Wish) -> None:
    state = standing.state if standing else None
    if wish.action == "acknowledged":
        if state not in ("unsure", "failed", "deferred", "asked"):
            raise Refused(f"Receipt {receipt.id} has no acknowledgement to settle.")
        return
    if receipt.outcome != "read" or receipt.media_type != "message/rfc822":
        raise Refused(f"Receipt {receipt.id} can't be acknowledged: only a message that is read is answered.")
    if standing is not None and state == "skipped" and standing.reason not in OVERRULED:
        raise Refused(f"Receipt {receipt.id} is never acknowledged: {REASONS.get(standing.reason, standing.reason)}.")
    if state not in (None, "unsure", "failed", "skipped"):
        raise Refused(f"The acknowledgement of receipt {receipt.id} is {state} already.")


def _before(receipt: ReceiptView) -> str:
    return json.dumps({"outcome": receipt.outcome, "reason": receipt.reason, "next_step": receipt.next_step})
