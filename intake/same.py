"""What a person says of messages that look like older ones in new bytes: the same, or not; a whole batch at once.

Nothing is merged: the newer receipts become repeats of the older ones, with all that was read of them kept; taking the
decision back gives each its outcome again.
"""

import json
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

from intake.errors import Refused
from storage import decisions, rebuilt, receipts
from storage.database import Transaction
from storage.decisions import DecisionView, NewDecision
from storage.rebuilt import Pair, Verdict
from storage.receipts import Settled

_UNDO = "Nothing to do; undo it if they are two messages."
_CHUNK = 5_000  # few enough to stand in one query


def decide_alike(tx: Transaction, at: datetime, receipt: int, verdict: Verdict, by: str, reason: str) -> str:
    """Decide on the suggestion in which this receipt stands; one sentence that says what was done.

    All of it in one transaction, however many pairs there are: half a batch must never count.

    Raises:
        Refused: there is no open suggestion with this receipt.
    """
    still_open = [pair.batch for pair in rebuilt.pairs_with(tx, receipt) if pair.verdict is None]
    if not still_open:
        raise Refused(
            f"Receipt {receipt} is in no open suggestion of messages that were rebuilt: `intake status` shows them."
        )
    pairs = rebuilt.pairs_of_batch(tx, still_open[0])
    new = NewDecision(
        receipt_id=pairs[0].receipt, response_id=None, action=verdict, by=by, value=str(still_open[0]), reason=reason,
        before=json.dumps(_outcomes(tx, pairs) if verdict == "same" else []),
    )  # fmt: skip
    decision = decisions.add_decision(tx, at, new)
    rebuilt.decide_batch(tx, still_open[0], decision)
    if verdict == "different":
        return f"{_pairs(pairs)} kept apart: each message counts for itself."
    _settle(tx, at, [Settled(p.receipt, "repeat", _reason(p), _UNDO) for p in pairs])
    return f"{_pairs(pairs)} confirmed: receipts {pairs[0].receipt} to {pairs[-1].receipt} are repeats of older ones."


def _reason(pair: Pair) -> str:
    return f"The same message as receipt {pair.older}, in other bytes: a person confirmed it."


def _pairs(pairs: Sequence[Pair]) -> str:
    return f"{len(pairs)} {'pair' if len(pairs) == 1 else 'pairs'} of rebuilt messages"


def _outcomes(tx: Transaction, pairs: Sequence[Pair]) -> list[dict[str, object]]:
    """The outcomes that the newer receipts have now, each with the receipts that have it."""
    found: dict[tuple[str, str, str], list[int]] = defaultdict(list)
    for start in range(0, len(pairs), _CHUNK):
        for receipt in receipts.by_numbers(tx, [pair.receipt for pair in pairs[start : start + _CHUNK]]):
            found[receipt.outcome, receipt.reason, receipt.next_step].append(receipt.id)
    return [
        {"outcome": outcome, "reason": reason, "next_step": next_step, "receipts": numbers}
        for (outcome, reason, next_step), numbers in found.items()
    ]


def take_back(tx: Transaction, at: datetime, decision: DecisionView) -> None:
    """The suggestion is open again, and the newer receipts have the outcomes that they had before."""
    rebuilt.decide_batch(tx, int(decision.value), None)
    settled = [
        Settled(number, before["outcome"], before["reason"], before["next_step"])
        for before in json.loads(decision.before)
        for number in before["receipts"]
    ]
    _settle(tx, at, sorted(settled, key=lambda s: s.receipt))


def _settle(tx: Transaction, at: datetime, settled: Sequence[Settled]) -> None:
    for start in range(0, len(settled), _CHUNK):
        receipts.settle(tx, None, at, settled[start : start + _CHUNK])


def held_on(tx: Transaction, receipt: int) -> list[DecisionView]:
    """The decisions that hold on suggestions in which this receipt stands."""
    batches = {str(pair.batch) for pair in rebuilt.pairs_with(tx, receipt) if pair.verdict is not None}
    found = decisions.on_batches(tx, sorted(batches)) if batches else []
    return [decision for decision in found if decision.undone_by is None]
