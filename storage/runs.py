"""The consultation of this home, and its runs."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, and_, func, insert, select, update

from storage import ledger
from storage.database import insert_new, take_numbers
from storage.models import Consultation, Run, RunChannel

_consultations = Consultation.__table__  # type: ignore[attr-defined]  # SQLModel gives it to table classes only
_runs = Run.__table__  # type: ignore[attr-defined]
_channels = RunChannel.__table__  # type: ignore[attr-defined]


TYPED_IN = "nothing: typed in by a person"
"""How untrusted bytes are opened in a run that only takes in what a person typed: it has looked at no source."""


@dataclass(frozen=True, slots=True)
class LastRun:
    """The last run that had to do with a channel. ``alarm`` is what a person should look at, though nothing failed."""

    run: int
    finished_at: datetime | None
    error: str | None
    alarm: str | None = None


def other_consultation(tx: Connection, consultation: str) -> str | None:
    """The id of another consultation that this home belongs to, if it does."""
    return tx.execute(select(_consultations.c.id).where(_consultations.c.id != consultation)).scalar()


def keep_consultation(tx: Connection, values: Mapping[str, Any]) -> None:
    """Write the consultation, or bring its title and times up to date: id, title, prefix, opens, closes, timezone."""
    insert_new(tx, _consultations, [values])
    tx.execute(update(_consultations).where(_consultations.c.id == values["id"]).values(**values))


def start_run(tx: Connection, at: datetime, sandbox: str) -> int:
    """A new run's number. ``sandbox``: how untrusted bytes are opened in it."""
    number = take_numbers(tx, "run", 1)[0]
    tx.execute(insert(_runs), {"id": number, "started_at": at, "sandbox": sandbox})
    return number


def keep_channel(tx: Connection, run: int, channel: str, values: Mapping[str, Any]) -> None:
    """What this run found in a channel, as far as it got."""
    insert_new(tx, _channels, [{"run_id": run, "channel": channel}])
    tx.execute(update(_channels).where(_channels.c.run_id == run, _channels.c.channel == channel).values(**values))


def finish_run(tx: Connection, run: int, at: datetime, report: Mapping[str, Any]) -> None:
    """Close a run with its accounts, and enter them in the ledger (without the sentences of its errors)."""
    values = {"finished_at": at, "balanced": report["balanced"], "report": json.dumps(report)}
    tx.execute(update(_runs).where(_runs.c.id == run).values(**values))
    channels = {
        name: {k: v for k, v in counts.items() if k not in ("error", "alarms", "notices")}
        | {"failed": counts["error"] is not None}
        for name, counts in report["channels"].items()
    }
    ledger.append(tx, "run", at, [{"run": run, "balanced": report["balanced"], "channels": channels}])


def last_runs(tx: Connection) -> dict[str, LastRun]:
    """The last finished run of each channel that looked at its source."""
    newest = (
        select(_channels.c.channel, func.max(_channels.c.run_id).label("run_id"))
        .join(_runs, _runs.c.id == _channels.c.run_id)
        .where(_runs.c.finished_at.is_not(None), _runs.c.sandbox != TYPED_IN)
        .group_by(_channels.c.channel)
        .subquery()
    )
    found = tx.execute(
        select(_channels.c.channel, _runs.c.id, _runs.c.finished_at, _channels.c.error, _channels.c.alarm)
        .join(newest, and_(newest.c.channel == _channels.c.channel, newest.c.run_id == _channels.c.run_id))
        .join(_runs, _runs.c.id == _channels.c.run_id)
    )
    return {channel: LastRun(*rest) for channel, *rest in found}
