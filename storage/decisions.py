"""What people decided about responses and receipts. A decision is added, or marked as undone; never changed or
deleted."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, insert, or_, select, update

from storage import ledger
from storage.columns import utc_text
from storage.database import take_numbers
from storage.models import Decision

_decisions = Decision.__table__  # type: ignore[attr-defined]  # SQLModel gives it to table classes only


@dataclass(frozen=True, slots=True, kw_only=True)
class NewDecision:
    """A decision to be written. ``before`` is what a receipt's outcome was (JSON), for undoing a decision on it."""

    receipt_id: int
    response_id: int | None
    action: str
    by: str
    value: str = ""
    reason: str = ""
    version: int = 1
    before: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionView:
    """A decision as it is kept; ``undone_by`` is the number of the ``undo`` that took it back."""

    id: int
    receipt_id: int
    response_id: int | None
    action: str
    value: str
    reason: str
    version: int
    before: str
    by: str
    at: datetime
    undone_by: int | None


def add_decision(tx: Connection, at: datetime, new: NewDecision) -> int:
    """Write a decision and its ledger entry (which names the receipt and the action, never the person); its number."""
    number = take_numbers(tx, "decision", 1)[0]
    salt = ledger.new_salt()
    row: dict[str, Any] = {
        "id": number, "response_id": new.response_id, "receipt_id": new.receipt_id, "action": new.action,
        "value": new.value, "reason": new.reason, "version": new.version, "before": new.before, "by": new.by, "at": at,
    }  # fmt: skip
    tx.execute(insert(_decisions), {**row, "salt": salt})
    entry = {
        "receipt": new.receipt_id, "decision": number, "action": new.action,
        "commitment": ledger.commitment(salt, decision_document(row)),
    }  # fmt: skip
    ledger.append(tx, "decision", at, [entry])
    return number


def decision_document(row: dict[str, Any]) -> dict[str, Any]:
    """What the ledger's commitment to a decision covers."""
    return {**row, "at": utc_text(row["at"])}


def mark_undone(tx: Connection, decision: int, by_decision: int) -> None:
    """A decision no longer holds, because of a later one (an ``undo``)."""
    tx.execute(update(_decisions).where(_decisions.c.id == decision).values(undone_by=by_decision))


def decisions_on(tx: Connection, receipts: Sequence[int], response: int | None) -> list[DecisionView]:
    """All decisions on these receipts or this response, oldest first, undone ones too."""
    concerned = _decisions.c.receipt_id.in_(receipts)
    if response is not None:
        concerned = or_(_decisions.c.response_id == response, concerned & _decisions.c.response_id.is_(None))
    return [_view(row) for row in tx.execute(select(_decisions).where(concerned).order_by(_decisions.c.id))]


def by_response(tx: Connection, responses: Sequence[int]) -> dict[int, list[DecisionView]]:
    """All decisions on these responses, oldest first, undone ones too; those that have none are left out."""
    found: dict[int, list[DecisionView]] = defaultdict(list)
    query = select(_decisions).where(_decisions.c.response_id.in_(responses)).order_by(_decisions.c.id)
    for row in tx.execute(query):
        found[row.response_id].append(_view(row))
    return found


def on_batches(tx: Connection, batches: Sequence[str]) -> list[DecisionView]:
    """All decisions on suggestions (see ``rebuilt``) with these numbers, oldest first, undone ones too."""
    query = select(_decisions).where(_decisions.c.action.in_(("same", "different")), _decisions.c.value.in_(batches))
    return [_view(row) for row in tx.execute(query.order_by(_decisions.c.id))]


def _view(row: Row[Any]) -> DecisionView:
    return DecisionView(**{k: v for k, v in row._mapping.items() if k != "salt"})
