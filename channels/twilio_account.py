"""A Twilio account as a source: the calls and text messages to the consultation's numbers, by SID.

The lists hold every resource whole, so that an item is put together from them and nothing more is asked for but new
audio and new transcripts. A call's version is its status and the SIDs of its recordings and transcripts: what comes
later is another version of the same call.
"""

import json
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

from channels.base import Arrival, Further, Listing, Missed, Outside
from channels.twilio_audio import NotToBeHad, Sound, download
from channels.twilio_calls import Call, Seen, by_sid, look
from channels.twilio_http import Account, Forbidden, Patience, Unavailable, canonical, connect
from channels.twilio_lists import PAGE_SIZE, UNKNOWN, NoSuchList, Resource, plain, whole

if TYPE_CHECKING:
    from twilio.rest import Client

CALL = "application/vnd.twilio.call+json"
MESSAGE = "application/vnd.twilio.message+json"
SENTENCES = "application/vnd.twilio.sentences+json"

_BEFORE_OPENING = timedelta(days=7)
_GONE = "The telephone service does not list this any more."
_MOVED_ON = "It has changed at the telephone service since it was listed: the next run takes it in."


class TwilioAdapter:
    """An account. It is asked for the first time by ``list`` (or by ``fetch``, which needs a listing)."""

    def __init__(self, account: Account, outside: Outside, sleep: Callable[[float], None] = time.sleep) -> None:
        self._account = account
        self._outside = outside
        self._patience = Patience(account, outside, sleep)
        self._client: Client | None = None
        self._seen: Seen | None = None
        self._sounds: list[Sound] = []  # of the item that was handed over last

    def list(self) -> Iterator[Listing]:
        """Yield every call and message to the numbers since a week before the consultation opened, by time. In a
        window: since so many hours ago.

        Raises:
            SourceUnavailable: the service can't be reached, or a list can't be had whole.
            SourceRefused: the service does not take the account.
        """
        seen = self._seen = self._look()
        every = [*(found.call for found in seen.calls.values()), *seen.messages.values()]
        for item in sorted(every, key=lambda found: (found.at.timestamp() if found.at else 0.0, found.sid)):
            yield Listing(item.sid, seen.version(item.sid) or "")

    def fetch(self, listings: Sequence[Listing]) -> Iterator[Arrival | Missed]:
        """Yield each item as it was listed, with its new audio and transcripts; what of it can't be had, it lacks.

        Raises:
            SourceUnavailable: nothing was listed before, and the service can't be reached now.
            SourceRefused: the service does not take the account any more.
        """
        for listing in listings:
            if self._seen is None:
                self._seen = self._look()
            version = self._seen.version(listing.source_key)
            if version is None:
                yield Missed(listing.source_key, listing.version, _GONE)
            elif version != listing.version:
                yield Missed(listing.source_key, listing.version, _MOVED_ON)
            elif (call := self._seen.calls.get(listing.source_key)) is not None:
                yield self._call(listing, call)
            else:
                yield _message(listing, self._seen.messages[listing.source_key])
            self._put_down()

    def after_commit(self, source_keys: Sequence[str]) -> None:
        """Nothing: the account stays as it is."""

    def close(self) -> None:
        """End connections, and give the place of audio on the disk back."""
        self._put_down()
        if self._client is not None:
            self._client.http_client.session.close()
            self._client = None

    def _put_down(self) -> None:
        for sound in self._sounds:
            sound.close()
        self._sounds.clear()

    def _connected(self) -> "Client":
        if self._client is None:
            self._client = connect(self._account, self._outside, self._patience)
        return self._client

    def _look(self) -> Seen:
        return look(self._connected(), self._account, self._since())

    def _since(self) -> datetime | None:
        opens, window = self._outside.opens_at, self._outside.window_hours
        since = None if opens is None else opens - _BEFORE_OPENING
        if window is None:
            return since
        recent = self._outside.clock() - timedelta(hours=window)
        return recent if since is None else max(recent, since)

    def _call(self, listing: Listing, call: Call) -> Arrival:
        further, lacks = [], []
        for recording in _new(call.recordings, listing):
            try:
                further.append(self._audio(recording))
            except (NotToBeHad, Forbidden) as error:
                lacks.append(f"a recording {_why(error)}")
        for transcript in _new(call.transcripts, listing):
            try:
                further.append(self._sentences(transcript))
            except (NoSuchList, Forbidden, Unavailable) as error:
                lacks.append(f"a transcript {_why(error)}")
        original = call.document(recordings_taken=self._account.recordings)
        return Arrival(
            listing.source_key, listing.version, original, CALL, call.call.at, "call", grows=True,
            further=tuple(further), lacks=_sentence(lacks),
        )  # fmt: skip

    def _audio(self, recording: Resource) -> Further:
        said = json.loads(recording.raw)
        sound = download(self._connected(), self._account, self._patience, said)
        self._sounds.append(sound)
        facts = {"duration_s": plain(said.get("duration")), "channels": plain(said.get("channels"))}
        known = {name: value for name, value in facts.items() if value != UNKNOWN}
        return Further(recording.sid, sound.original, sound.media_type, known)

    def _sentences(self, transcript: Resource) -> Further:
        pages = self._connected().intelligence.v2.transcripts(transcript.sid).sentences
        sentences = whole(partial(pages.page, page_size=PAGE_SIZE), dict, key=canonical)
        return Further(transcript.sid, canonical({"sentences": sentences}), SENTENCES)


def _message(listing: Listing, message: Resource) -> Arrival:
    original = b'{"message":%s}' % message.raw
    return Arrival(listing.source_key, listing.version, original, MESSAGE, message.at, "message", grows=True)


def _new(found: Iterable[Resource], listing: Listing) -> Iterator[Resource]:
    """Those that are finished and not kept yet, by SID."""
    return (of for of in by_sid(found) if of.status == "completed" and of.sid not in listing.held)


def _why(error: Exception) -> str:
    if isinstance(error, NotToBeHad):
        return str(error)
    if isinstance(error, Forbidden):
        return "may not be fetched by this account (403)"
    if isinstance(error, NoSuchList):
        return f"is announced, and not there ({error.status})"
    said = str(error).removesuffix(".")
    return f"could not be had: {said[:1].lower()}{said[1:]}"


def _sentence(lacks: Sequence[str]) -> str:
    """What an item lacks, as one sentence; "" if nothing."""
    said = "; ".join(dict.fromkeys(lacks))
    return f"{said[:1].upper()}{said[1:]}." if said else ""
