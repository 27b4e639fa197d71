"""A telephone exchange in memory: calls that grow, as an adapter gives them. What it is asked for is counted."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from unittest.mock import patch

from channels import ADAPTERS
from channels.base import AdapterKind, AdapterSettings, Arrival, Further, Listing, Missed, Outside

CALL = "application/vnd.twilio.call+json"
MESSAGE = "application/vnd.twilio.message+json"
SENTENCES = "application/vnd.twilio.sentences+json"
NINE = datetime(2011, 3, 1, 9, tzinfo=UTC)
SECTION = '\n[channels.exchange]\nadapter = "exchange"\n'


class ExchangeSettings(AdapterSettings):
    """No keys but this one, which the real one has too."""

    transcript_wait_hours: int = 24


def canonical(document: Mapping[str, Any]) -> bytes:
    """JSON with sorted keys and no spaces."""
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def sentences(*said: tuple[float, float, str] | tuple[float, float, str, int], confidence: str = "0.9") -> bytes:
    """The sentences of a transcript: from, to, words and channel (1 if not given)."""
    items = [
        {"sentence_index": n, "start_time": str(s[0]), "end_time": str(s[1]), "transcript": s[2],
         "media_channel": s[3] if len(s) > 3 else 1, "confidence": confidence}
        for n, s in enumerate(said)
    ]  # fmt: skip
    return canonical({"sentences": items})


@dataclass
class Item:
    """A call or text message as it stands now: its document, what comes with it, and what can't be had of it."""

    version: str
    document: dict[str, Any]
    further: dict[str, tuple[bytes, str, dict[str, str]]] = field(default_factory=dict)
    media_type: str = CALL
    lacks: str = ""
    arrived_at: datetime | None = NINE


@dataclass
class Exchange:
    """All calls by SID; ``asked`` are the keys that were fetched, ``sent`` the names of what went with them."""

    items: dict[str, Item] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    sent: list[str] = field(default_factory=list)
    missing: set[str] = field(default_factory=set)

    def list(self) -> Iterator[Listing]:
        for key, item in sorted(self.items.items()):
            yield Listing(key, item.version)

    def fetch(self, listings: Sequence[Listing]) -> Iterator[Arrival | Missed]:
        for listing in listings:
            self.asked.append(listing.source_key)
            item = self.items[listing.source_key]
            if listing.source_key in self.missing:
                yield Missed(listing.source_key, item.version, "It can't be had now.")
                continue
            further = tuple(
                Further(name, content, kind, facts)
                for name, (content, kind, facts) in item.further.items()
                if name not in listing.held
            )
            self.sent += [one.name for one in further]
            yield Arrival(
                listing.source_key, item.version, canonical(item.document), item.media_type, item.arrived_at,
                "call" if item.media_type == CALL else "message", grows=True, further=further, lacks=item.lacks,
            )  # fmt: skip

    def after_commit(self, source_keys: Sequence[str]) -> None:
        """Nothing is changed there."""

    def close(self) -> None:
        """Nothing is open."""

    @contextmanager
    def plugged_in(self) -> Iterator[None]:
        """While this lasts, a channel with the adapter ``exchange`` is this one."""
        build: Callable[[Any, Outside], Exchange] = lambda _settings, _outside: self  # noqa: E731  # one line is enough
        with patch.dict(ADAPTERS, {"exchange": AdapterKind("exchange", ExchangeSettings, build)}):
            yield
