"""What people do: correct, accept, exclude, overturn, undo. Pages and command line alike come through here.

A decision never changes what a machine read. A response as it stands is what the machine made of it, with the decisions
that hold applied in their order; so undoing one gives back exactly the state before it.
"""

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import PurePath
from typing import Literal, get_args

from intake import normalise, passing
from intake.added import added_files, value_of
from intake.addressee import OVERRULED, REASONS
from intake.errors import NotThere, Refused
from intake.filled import Rules
from intake.revise import apply_decisions, check_lists, column_and_value, corrected, holding, proposal
from intake.same import decide_alike, held_on, take_back
from storage import acknowledgements, decisions, ledger, receipts, responses
from storage.acknowledgements import Standing, State
from storage.database import Database, Transaction
from storage.decisions import DecisionView, NewDecision
from storage.rebuilt import Verdict
from storage.receipts import NewOriginal, ReceiptView, Settled
from storage.reference import read_reference
from storage.responses import Change, ResponseView
from storage.schema import PASSED_ON_REASONS, PERSON_REASONS, Evidence, FieldEvidence, Response

Action = Literal[
    "accept", "correct", "transcribe", "exclude", "confirm", "restore", "set-aside", "overturn", "retry", "add", "same",
    "different", "acknowledge", "acknowledged", "undo",
]  # fmt: skip
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
ACTIONS: tuple[Action, ...] = get_args(Action)
READS_AGAIN: frozenset[Action] = frozenset({"retry", "overturn", "add"})
"""The actions after which an original is read anew: not while a run reads on the same channel."""


@dataclass(frozen=True, slots=True)
class Person:
    """Who decides: the OS user at the command line, the signed-in user on the pages."""

    name: str


@dataclass(frozen=True, slots=True)
class Wish:
    """What a person asks for: the action, its value and its reason, as typed."""

    action: Action
    value: str = ""
    reason: str = ""

    @property
    def set_aside_word(self) -> str:
        """The word of a setting aside: ``--reason WORD``, or ``--value WORD`` with a reason in one's own words."""
        return self.reason if self.reason in PERSON_REASONS or not self.value else self.value


@dataclass(frozen=True, slots=True)
class Office:
    """What deciding needs: the database, the rules, the clock, and the way to read an original again.

    ``reread`` settles a receipt anew; its second argument says whether the rules of screening apply. ``refollow`` lets
    the responses of a channel say what follows from a decision on messages that were rebuilt. ``keep`` stores a file
    durably as a further original: its path in, its SHA-256, size and media type out.
    """

    database: Database
    rules: Rules
    clock: Callable[[], datetime]
    reread: Callable[[ReceiptView, bool], None]
    refollow: Callable[[ReceiptView], None]
    keep: Callable[[str], NewOriginal]


def decide(office: Office, target: "Target", person: Person, wish: Wish) -> str:
    """Do what a person asks for; one sentence that says what was done.

    Raises:
        Refused: the rules do not allow it, or it does not fit (the sentence says why).
    """
    if any(_UNSTORABLE.search(typed) for typed in (wish.value, wish.reason, person.name)):
        raise Refused("What was typed holds characters that can't be stored (NUL, or bytes that are no UTF-8).")
    if wish.action == "undo":
        return _undo(office, target, person)
    if wish.action in ("same", "different"):
        return _on_alike(office, target, person, wish)
    if wish.action in ("acknowledge", "acknowledged"):
        return _on_acknowledgement(office, target.receipt, person, wish)
    if wish.action == "add":
        return _add(office, target.receipt, person, wish)
    if wish.action in ("set-aside", "overturn", "retry"):
        return _on_receipt(office, target, person, wish)
    if target.response is not None and target.receipt.outcome != "read":
        raise Refused(f"Receipt {target.receipt.id} is {target.receipt.outcome}, so its response does not count.")
    if target.response is None:
        raise Refused(f"Receipt {target.receipt.id} has no response to {wish.action}.")
    return _on_response(office, target.response, person, wish)


# --- what is meant ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Target:
    """A receipt, and the response that is meant (None if the receipt has none): of that, the receipt that it was read
    from last."""

    receipt: ReceiptView
    response: int | None


def find_target(tx: Transaction, prefix: str, typed: str) -> Target:
    """What a reference or a receipt's number names.

    Raises:
        NotThere: there is no such reference or receipt here.
    """
    reference = read_reference(typed, prefix)
    if reference is not None and (number := responses.number_of(tx, reference)) is not None:
        view = responses.load(tx, [number])[0]
        return Target(receipts.by_numbers(tx, [view.reading_receipt_id])[0], number)
    if typed.isascii() and typed.isdigit() and len(typed) < 10 and (found := receipts.by_numbers(tx, [int(typed)])):
        is_read = found[0].outcome == "read"
        mine = responses.responses_of(tx, [found[0].id]).get(found[0].id, []) if is_read else []
        if len(mine) > 1:
            references = ", ".join(view.response.reference for view in responses.load(tx, mine))
            raise Refused(f"Receipt {typed} has {len(mine)} responses: name one of them ({references}).")
        if not mine:
            return Target(found[0], None)
        # Of a row with several versions the one counts that is shown now, whichever receipt was named.
        (view,) = responses.load(tx, mine)
        return Target(receipts.by_numbers(tx, [view.reading_receipt_id])[0], view.id)
    raise NotThere(f"There is no response or receipt {typed!r} here.")


# --- on a response ----------------------------------------------------------------------------------------------------


def _on_response(office: Office, number: int, person: Person, wish: Wish) -> str:
    at = office.clock()
    with office.database.write() as tx:
        view = responses.load(tx, [number])[0]
        held = holding(decisions.decisions_on(tx, [], number))
        _check(tx, office.rules, view, held, person, wish)
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


# --- on a receipt -----------------------------------------------------------------------------------------------------


def _on_receipt(office: Office, target: Target, person: Person, wish: Wish) -> str:
    receipt = target.receipt
    at = office.clock()
    match wish.action:
        case "retry" if receipt.outcome not in ("quarantined", "pending"):
            raise Refused(f"Receipt {receipt.id} is {receipt.outcome}: only what is quarantined or pending is retried.")
        case "overturn" if receipt.outcome != "set_aside" or receipt.kind == "file":
            raise Refused(f"Receipt {receipt.id} is {receipt.outcome}: only what is set aside can be overturned.")
        case "set-aside":
            return _set_aside(office, target, person, wish)
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
        office.reread(still, wish.action == "retry")
    with office.database.read() as tx:
        now = receipts.by_numbers(tx, [receipt.id])[0]
    said = f": {now.reason}" if now.reason else ""
    return f"Receipt {receipt.id}: {now.outcome}{said}{'' if said.endswith('.') else '.'}"


def _before(receipt: ReceiptView) -> str:
    return json.dumps({"outcome": receipt.outcome, "reason": receipt.reason, "next_step": receipt.next_step})


def _set_aside(office: Office, target: Target, person: Person, wish: Wish) -> str:
    """Set aside what is no answer; of a person's mail that is passed on: to whom, and by when it must be answered."""
    receipt, at = target.receipt, office.clock()
    reason, to = _word_and_receiver(wish)
    with office.database.read() as tx:
        mine = responses.load(tx, responses.responses_of(tx, [receipt.id]).get(receipt.id, []))
    if receipt.outcome != "read" or len(mine) > 1:
        raise Refused(
            "Only a receipt that is read and has one response is set aside; exclude single responses instead."
        )
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


def _on_alike(office: Office, target: Target, person: Person, wish: Wish) -> str:
    verdict: Verdict = "same" if wish.action == "same" else "different"
    with office.database.write() as tx:
        said = decide_alike(tx, office.clock(), target.receipt.id, verdict, person.name, wish.reason)
        ledger.number_entries(tx)
    office.refollow(target.receipt)
    return said


# --- on an acknowledgement --------------------------------------------------------------------------------------------


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


def _add(office: Office, receipt: ReceiptView, person: Person, wish: Wish) -> str:
    """Add a file to a receipt, as what its message pointed to: kept first, then recorded, then read with the rest."""
    if receipt.kind != "item" or receipt.outcome not in ("read", "quarantined"):
        raise Refused(f"Receipt {receipt.id}: a file is added to a message or file that is read or quarantined.")
    with office.database.read() as tx:
        if len(responses.responses_of(tx, [receipt.id]).get(receipt.id, [])) > 1:
            raise Refused(f"Receipt {receipt.id} has several responses, so whose file it is can't be said.")
    kept = office.keep(wish.value)
    at = office.clock()
    before = json.dumps({"outcome": receipt.outcome, "reason": receipt.reason, "next_step": receipt.next_step})
    with office.database.write() as tx:
        earlier = added_files(decisions.decisions_on(tx, [receipt.id], None))
        if kept.sha256 == receipt.sha256 or any(file.holds and file.sha256 == kept.sha256 for file in earlier):
            raise Refused(f"Receipt {receipt.id} has this very file already.")
        receipts.add_originals(tx, at, [kept])
        decisions.add_decision(
            tx, at,
            NewDecision(receipt_id=receipt.id, response_id=None, action="add", by=person.name, reason=wish.reason,
                        value=value_of(kept.sha256, PurePath(wish.value).name), before=before),
        )  # fmt: skip
        ledger.number_entries(tx)
    office.reread(receipt, False)
    return f"Receipt {receipt.id}: the file is kept beside it and read with it."


# --- taking back ------------------------------------------------------------------------------------------------------


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
        undo = NewDecision(
            receipt_id=last.receipt_id, response_id=last.response_id, action="undo", by=person.name, value=str(last.id)
        )
        decisions.mark_undone(tx, last.id, decisions.add_decision(tx, at, undo))
        again = last.action == "add" and json.loads(last.before)["outcome"] == "read"
        if last.action in ("same", "different"):
            take_back(tx, at, last)
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
