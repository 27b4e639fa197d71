"""The telephone line of the tests: adapters of the small Twilio server that do not really wait between attempts."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from channels.base import Arrival, Listing, Missed, Outside
from channels.twilio_account import TwilioAdapter
from channels.twilio_http import Account
from tests.support.twilio import LINE, TwilioServer

OPENS = datetime(2011, 1, 24, tzinfo=UTC)
NOW = datetime(2011, 3, 2, tzinfo=UTC)


@dataclass
class Line:
    """An account at a server; ``pauses`` are those that its adapters would have made, in seconds."""

    server: TwilioServer
    pauses: list[float] = field(default_factory=list)
    recordings: bool = True
    opens_at: datetime | None = OPENS
    variables: Mapping[str, str] | None = None

    def adapter(self, window_hours: int | None = None, **keys: Any) -> TwilioAdapter:
        """A new adapter, as each run builds one."""
        account: dict[str, Any] = {
            "account_sid_env": "TWILIO_SID", "auth_token_env": "TWILIO_TOKEN", "numbers": frozenset({LINE}),
            "recordings": self.recordings, "base_url": self.server.url, "timeout_s": 5,
        }  # fmt: skip
        variables = self.server.variables if self.variables is None else self.variables
        outside = Outside(lambda: NOW, variables, self.opens_at, window_hours)
        return TwilioAdapter(Account(**(account | keys)), outside, self.pauses.append)

    def listed(self, window_hours: int | None = None, **keys: Any) -> dict[str, str]:
        """Version by source key."""
        adapter = self.adapter(window_hours, **keys)
        try:
            return {listing.source_key: listing.version for listing in adapter.list()}
        finally:
            adapter.close()

    def taken(self, held: Mapping[str, frozenset[str]] | None = None, **keys: Any) -> dict[str, "Taken"]:
        """Everything that is listed, fetched; ``held`` are the names that are kept already, by source key."""
        adapter = self.adapter(**keys)
        held = held or {}
        try:
            asked = [Listing(x.source_key, x.version, held.get(x.source_key, frozenset())) for x in adapter.list()]
            return {value.source_key: Taken.of(value) for value in adapter.fetch(asked)}
        finally:
            adapter.close()


@dataclass(frozen=True)
class Taken:
    """An arrival with its further originals read, as a receiver reads them before it takes the next one."""

    arrival: Arrival
    further: dict[str, bytes]

    @classmethod
    def of(cls, value: Arrival | Missed) -> "Taken":
        """Read what was handed over; a miss is no arrival."""
        assert isinstance(value, Arrival), value
        read = {more.name: _bytes(more.original) for more in value.further}
        return cls(value, read)

    @property
    def lacks(self) -> str:
        """What could not be had."""
        return self.arrival.lacks


def _bytes(original: bytes | Path) -> bytes:
    return original if isinstance(original, bytes) else original.read_bytes()
