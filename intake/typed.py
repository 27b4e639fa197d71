"""A response that a person types in during a call: values by the schema's columns in, a receipt out.

It becomes an original of its own, in a run of its own. The bytes, the receipt and the response are written in one
transaction, so it is there whole or not at all, and it needs no lease: no other process can have met it before, so the
person with the caller on the line never waits for a run that reads on the same channel.
"""

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from intake.config import ChannelSettings
from intake.errors import CommandError, Refused
from intake.outcomes import Desk, Ended, add_row
from intake.receive import ChannelRun
from intake.typedcells import TYPED_TYPE, called_at, cells_of
from intake.wish import Person
from intake.written import write_ended_in
from storage import accounts, ledger, receipts, responses, runs
from storage.database import Database, Transaction
from storage.originals import OriginalStore
from storage.receipts import NewOriginal, NewReceipt


@dataclass(frozen=True, slots=True)
class Typed:
    """What became of it: the receipt's number, the response's reference, and the channel."""

    receipt: int
    reference: str
    channel: str


@dataclass(frozen=True, slots=True)
class Taking:
    """Where what is typed goes: the stores, and the desk of the channel that it is of."""

    database: Database
    originals: OriginalStore
    desk: Desk


def phone_line(channels: Mapping[str, ChannelSettings], named: str) -> str:
    """The channel that is meant: the named one, else the only one whose adapter is ``phone``; raises CommandError."""
    if named:
        if named not in channels:
            raise CommandError(f"--channel: should be one of {', '.join(channels)}.")
        return named
    lines = [name for name, of in channels.items() if of.adapter == "phone"]
    if len(lines) != 1:
        choices = ", ".join(lines or channels)
        why = "there are several telephone lines" if lines else "no channel is a telephone line"
        raise CommandError(f"--channel: should be named, since {why}: one of {choices}.")
    return lines[0]


def take_typed(taking: Taking, person: Person, given: Mapping[str, str], now: datetime) -> Typed:
    """Keep what a person typed in, and make it a response at once. ``given``: column of the schema -> as typed.

    Raises:
        Refused: a value does not fit its column, or nothing was answered; nothing is kept then.
    """
    desk = taking.desk
    cells = cells_of(desk.rules, given, now)
    content = ledger.canonical(cells)
    sha256 = hashlib.sha256(content).hexdigest()
    new = NewReceipt(
        channel=desk.channel.name, kind="row", source_key=_key(now), version="", sha256=sha256,
        media_type=TYPED_TYPE, arrived_at=called_at(desk.rules, cells), arrived_basis="call",
        facts={"typed_by": person.name, "typed_at": now.astimezone(UTC).isoformat(timespec="seconds")}, place=1,
    )  # fmt: skip
    with taking.database.write() as tx:
        run = runs.start_run(tx, now, runs.TYPED_IN)
        current = ChannelRun(desk.channel.name, run, taking.database, taking.originals, lambda: now)
        receipts.add_originals(tx, now, [NewOriginal(sha256, len(content), TYPED_TYPE, content)])
        [number] = receipts.add_receipts(tx, run, now, [new])
        ended = Ended()
        add_row(desk, ended, receipts.by_numbers(tx, [number])[0], cells)
        write_ended_in(tx, current, desk.rules, ended)
        _account(tx, run, desk.channel.name, now)
        (response,) = responses.load(tx, responses.responses_of(tx, [number])[number])
        ledger.number_entries(tx)
    return Typed(number, response.response.reference, desk.channel.name)


def _key(now: datetime) -> str:
    return f"typed/{now.astimezone(UTC).strftime('%Y-%m-%dT%H:%M:%S.%fZ')}-{secrets.token_hex(4)}"


def _account(tx: Transaction, run: int, channel: str, now: datetime) -> None:
    """The accounts of a run that has looked at no source: what it received, and the channel's outcomes so far."""
    counted = accounts.accounts(tx, [channel])[channel]
    if not counted.balance:
        raise Refused("The accounts do not add up: run `intake verify`, and keep the home as it is.")
    received = accounts.received_in(tx, run, channel)
    runs.keep_channel(tx, run, channel, {"received": received})
    nothing = dict.fromkeys(("listed", "unknown", "waiting", "vanished"))
    totals = {
        "read": counted.read, "repeats": counted.repeats, "set_aside": counted.set_aside,
        "quarantined": counted.quarantined, "pending": counted.pending, "responses": counted.responses,
    }  # fmt: skip
    report = {
        "run": run, "started_at": _z(now), "finished_at": _z(now), "balanced": True, "sandbox": runs.TYPED_IN,
        "channels": {channel: {**nothing, "received": received, **totals, "error": None}},
    }  # fmt: skip
    runs.finish_run(tx, run, now, report)


def _z(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
