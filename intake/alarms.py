"""What somebody should look at soon, although nothing has failed: a line in ``status`` and in the log of every run.

An alarm names its channel and how many items it is about, never an item: keys and subjects are looked up on purpose.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from storage import rebuilt, receipts
from storage.columns import utc_text
from storage.database import Transaction

WAITS_TOO_LONG = timedelta(hours=1)
_WAITING = (
    "If it stays so, save each of them by hand (a message as .eml or .msg) and put the file into the folder of a "
    "channel; `intake status --items waiting` names them."
)


@dataclass(frozen=True, slots=True)
class Alarm:
    """``waiting``: items that are listed and could not be taken in for more than an hour. ``rebuilt``: messages that
    came back in other bytes. ``what`` and ``next_step`` are sentences without personal data."""

    channel: str
    alarm: Literal["waiting", "rebuilt"]
    count: int
    since: datetime
    what: str
    next_step: str

    def as_json(self) -> dict[str, Any]:
        """The alarm under the names of ``intake status --json``."""
        since = utc_text(self.since)[:19] + "Z"
        return {"channel": self.channel, "alarm": self.alarm, "count": self.count, "since": since, "what": self.what,
                "next": self.next_step}  # fmt: skip


def alarms(tx: Transaction, channels: Collection[str], now: datetime) -> list[Alarm]:
    """The alarms of these channels at this moment."""
    return [*_waiting(tx, channels, now), *_rebuilt(tx, channels)]


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


def _count(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"
