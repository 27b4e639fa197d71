"""How the accounts stand: what ``intake status`` prints, and the receipts that somebody may want to look at."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from intake.alarms import alarms
from storage import accounts, decisions, receipts, runs
from storage.database import Transaction

WAITING = "waiting"
"""Not an outcome: what is listed and could not be taken in yet, for ``intake status --items``."""


def status(tx: Transaction, channels: Collection[str], now: datetime) -> dict[str, Any]:
    """The object that ``intake status --json`` prints."""
    counted = accounts.accounts(tx, channels)
    last = runs.last_runs(tx)
    found = alarms(tx, channels, now)
    shown = {name: _status(counted[name], last.get(name)) for name in channels}
    return {"channels": shown, "alarms": [alarm.as_json() for alarm in found]}


def _status(counted: accounts.Accounts, last: runs.LastRun | None) -> dict[str, Any]:
    outcomes = ("read", "repeats", "set_aside", "quarantined", "pending", "responses")
    last_run = None
    if last is not None:
        finished = None if last.finished_at is None else last.finished_at.strftime("%Y-%m-%dT%H:%M:%SZ")
        last_run = {"run": last.run, "finished_at": finished, "error": last.error}
    return {**{name: getattr(counted, name) for name in outcomes}, "last_run": last_run}


def items(tx: Transaction, outcome: str) -> list[dict[str, Any]]:
    """The receipts with this outcome, as ``intake status --items`` prints them; of ``waiting``, what has none."""
    if outcome == WAITING:
        return _waiting(tx)
    passed_on = decisions.passed_on(tx) if outcome == "set_aside" else {}
    due = {receipt: decision.due.isoformat() for receipt, decision in passed_on.items() if decision.due}
    return [
        {"receipt": i.receipt, "reference": i.reference, "channel": i.channel, "outcome": i.outcome,
         "reason": i.reason or None, "next": i.next_step or None, "run": i.run, "due": due.get(i.receipt)}
        for i in accounts.items(tx, outcome)
    ]  # fmt: skip


def _waiting(tx: Transaction) -> list[dict[str, Any]]:
    return [
        {"receipt": None, "reference": None, "channel": channel, "outcome": WAITING, "reason": reason, "next": None,
         "run": None, "source": key}
        for channel, key, reason in receipts.all_waiting(tx)
    ]  # fmt: skip
