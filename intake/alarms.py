"""What somebody should look at soon, although nothing has failed: a line in ``status`` and in the log of every run.

An alarm names its channel and how many items it is about, never an item: keys and subjects are looked up on purpose.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from storage import acknowledgements, rebuilt, receipts, runs
from storage.columns import utc_text
from storage.database import Transaction

_NAMED = 10
_FOR_A_PERSON: dict[Literal["unsure", "failed"], tuple[str, str]] = {
    "unsure": (
        "may or may not have gone out",
        "Look for it in the mail server's log, then `intake decide RECEIPT acknowledged` if it went out, or "
        "`intake decide RECEIPT acknowledge` to send it again.",
    ),
    "failed": (
        "could not be sent",
        "`intake trace RECEIPT` shows the server's code; then `intake decide RECEIPT acknowledge` to try again, or "
        "`intake decide RECEIPT acknowledged` to leave it.",
    ),
}
WAITS_TOO_LONG = timedelta(hours=1)
_WAITING = (
    "If it stays so: of a file, see what still writes to it (a scanner, a copy that hangs), or put a copy of it under "
    "another name into the folder; of a message, save it by hand (as .eml or .msg) and put that file into the folder "
    "of a channel. `intake status --items waiting` names them."
)


@dataclass(frozen=True, slots=True)
class Alarm:
    """``waiting``: items that are listed and could not be taken in for more than an hour. ``rebuilt``: messages that
    came back in other bytes. ``unsure`` and ``failed``: acknowledgements that a person must settle. ``acknowledging``:
    the last run could not go on sending them. ``what`` and ``next_step`` are sentences without personal data."""

    channel: str
    alarm: Literal["waiting", "rebuilt", "unsure", "failed", "acknowledging"]
    count: int
    since: datetime
    what: str
    next_step: str

    @property
    def sentence(self) -> str:
        """All of it in words."""
        return f"{self.what} {self.next_step}".strip()

    def as_json(self) -> dict[str, Any]:
        """The alarm under the names of ``intake status --json``."""
        since = utc_text(self.since)[:19] + "Z"
        return {"channel": self.channel, "alarm": self.alarm, "count": self.count, "since": since, "what": self.what,
                "next": self.next_step}  # fmt: skip


def alarms(
    tx: Transaction, channels: Collection[str], now: datetime, stopped: Mapping[str, str | None] | None = None
) -> list[Alarm]:
    """The alarms of these channels at this moment.

    ``stopped`` is why acknowledging could not go on, as the run at work says of a channel; else what the last run said.
    """
    if stopped is None:
        stopped = {channel: run.alarm for channel, run in runs.last_runs(tx).items()}
    return [
        *_waiting(tx, channels, now), *_rebuilt(tx, channels), *_stopped(channels, now, stopped),
        *_acknowledgements(tx, channels, now),
    ]  # fmt: skip


def _waiting(tx: Transaction, channels: Collection[str], now: datetime) -> list[Alarm]:
    found = receipts.waiting_since(tx, channels, now - WAITS_TOO_LONG)
    return [
        Alarm(w.channel, "waiting", w.count, w.since,
              f"{_count(w.count, 'item')} listed for more than an hour could not be taken in. {w.reason}", _WAITING)
        for w in found
    ]  # fmt: skip


def _rebuilt(tx: Transaction, channels: Collection[str]) -> list[Alarm]:
    return [
        Alarm(
            batch.channel, "rebuilt", batch.pairs, batch.made_at,
            f"{_count(batch.pairs, 'message')} came back in other bytes, under new keys, and may be counted twice: the "
            f"same Message-ID, date, sender and words as older ones that are no longer listed.",
            f"Compare some (`intake trace {batch.first_receipt}`), then `intake decide {batch.first_receipt} same` for "
            f"all of them, or `different`.",
        )
        for batch in rebuilt.open_batches(tx, channels)
    ]  # fmt: skip


def _stopped(channels: Collection[str], now: datetime, stopped: Mapping[str, str | None]) -> Iterator[Alarm]:
    for channel in channels:
        if said := stopped.get(channel):
            yield Alarm(channel, "acknowledging", 1, now, said, "")


def _acknowledgements(tx: Transaction, channels: Collection[str], now: datetime) -> Iterator[Alarm]:
    for channel in channels:
        found = acknowledgements.of_channel(tx, channel, acknowledgements.FOR_A_PERSON)
        for state, (what, next_step) in _FOR_A_PERSON.items():
            these = [standing for standing in found if standing.state == state]
            if these:
                said = f"{_count(len(these), 'acknowledgement')} {what} ({_receipts(these)})."
                since = min((standing.tried_at for standing in these if standing.tried_at), default=now)
                yield Alarm(channel, state, len(these), since, said, next_step)


def _receipts(found: Sequence[acknowledgements.Standing]) -> str:
    numbers = [str(standing.receipt_id) for standing in found]
    more = f" and {len(numbers) - _NAMED} more" if len(numbers) > _NAMED else ""
    return f"receipt{'' if len(numbers) == 1 else 's'} {', '.join(numbers[:_NAMED])}{more}"


def _count(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"
