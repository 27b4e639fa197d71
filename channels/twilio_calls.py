"""What a Twilio account lists, put together: each call with its legs, recordings and transcripts; each text message."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from channels.twilio_http import Account, moment
from channels.twilio_lists import PAGE_SIZE, Resource, resource, whole

if TYPE_CHECKING:
    from twilio.rest import Client

_AROUND = timedelta(hours=1)  # a recording is never older than its call; should the service's clocks differ, still not
_DEEPEST = 10  # legs of legs


@dataclass(slots=True)
class Call:
    """A call with everything that the lists hold about it."""

    call: Resource
    legs: list[Resource] = field(default_factory=list)
    recordings: list[Resource] = field(default_factory=list)
    transcriptions: list[Resource] = field(default_factory=list)
    transcripts: list[Resource] = field(default_factory=list)

    @property
    def version(self) -> str:
        later = (*self.recordings, *self.transcriptions, *self.transcripts)
        return " ".join([self.call.status, *sorted(of.word for of in later)])

    def document(self, *, recordings_taken: bool) -> bytes:
        """All of it as one canonical JSON object, put together from the canonical JSON of each."""
        lists = {
            "legs": self.legs, "recordings": self.recordings, "transcriptions": self.transcriptions,
            "transcripts": self.transcripts,
        }  # fmt: skip
        parts = {name: b"[%s]" % b",".join(of.raw for of in by_sid(found)) for name, found in lists.items()}
        parts["call"] = self.call.raw
        parts["recordings_taken"] = b"true" if recordings_taken else b"false"
        return b"{%s}" % b",".join(b'"%s":%s' % (name.encode(), parts[name]) for name in sorted(parts))


@dataclass(frozen=True, slots=True)
class Seen:
    """What a listing showed: calls and messages by SID."""

    calls: dict[str, Call]
    messages: dict[str, Resource]

    def version(self, sid: str) -> str | None:
        """The version of an item; None if it is not listed."""
        if sid in self.calls:
            return self.calls[sid].version
        return self.messages[sid].status if sid in self.messages else None


def look(client: "Client", account: Account, since: datetime | None) -> Seen:
    """Ask for all lists, the calls first: what is added to a call meanwhile is listed with it or with its next version.

    Raises:
        SourceUnavailable: the service can't be reached, or a list can't be had whole.
        SourceRefused: the service does not take the account.
    """
    calls, legs = _calls(client, account.numbers, since)
    messages: dict[str, Resource] = {}
    for number in sorted(account.numbers):
        ask = partial(client.messages.page, to=number, page_size=PAGE_SIZE, **_after("date_sent_after", since))
        messages |= {of.sid: of for of in whole(ask, lambda item: _message_to(account.numbers, item))}
    seen = Seen({call.sid: Call(call) for call in calls}, messages)
    parents = _add_legs(seen.calls, legs)
    if account.recordings:
        _add_recordings(client, None if since is None else since - _AROUND, seen.calls, parents)
    return seen


def _calls(client: "Client", numbers: Collection[str], since: datetime | None) -> tuple[list[Resource], list[Resource]]:
    """The calls to the numbers, and the child legs of any call: those are made to other numbers."""
    ask = partial(client.calls.page, page_size=PAGE_SIZE, **_after("start_time_after", since))
    found = whole(ask, lambda item: _call_or_leg(numbers, item))
    return [of for of in found if not of.of], [of for of in found if of.of]


def _add_recordings(
    client: "Client", since: datetime | None, calls: Mapping[str, Call], parents: Mapping[str, str]
) -> None:
    """Give each call its recordings and transcripts. Those of other calls are nobody's here."""
    ask = partial(client.recordings.page, page_size=PAGE_SIZE, **_after("date_created_after", since))
    ours = {**calls, **{leg: calls[top] for leg, top in parents.items()}}
    recorded: dict[str, Call] = {}
    for recording in whole(ask, lambda item: _belonging(item, item.get("call_sid"), among=ours)):
        recorded[recording.sid] = call = ours[recording.of]
        call.recordings.append(recording)
    # This list has no filter by date, and is newest first.
    ask = partial(client.transcriptions.page, page_size=PAGE_SIZE)
    older = partial(_all_older, since)
    for written in whole(ask, lambda item: _belonging(item, item.get("recording_sid"), among=recorded), older):
        recorded[written.of].transcriptions.append(written)
    transcripts = client.intelligence.v2.transcripts
    ask = partial(transcripts.page, page_size=PAGE_SIZE, **_after("after_date_created", since))
    anyone = recorded | ours
    for written in whole(ask, lambda item: _belonging(item, _transcribed(item), among=anyone)):
        anyone[written.of].transcripts.append(written)


def _after(name: str, since: datetime | None) -> dict[str, str]:
    """The filter of a list by date. As text: the SDK writes a Z behind whatever time it is given."""
    return {} if since is None else {name: since.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")}


def _call_or_leg(numbers: Collection[str], item: Mapping[str, Any]) -> Resource | None:
    if item.get("direction") == "inbound" and item.get("to") in numbers:
        return resource(item, "", "start_time", "date_created")
    parent = item.get("parent_call_sid")
    return resource(item, parent, "start_time", "date_created") if parent else None


def _add_legs(calls: Mapping[str, Call], legs: Iterable[Resource]) -> dict[str, str]:
    """Give each call the legs below it, also those of a leg; which call each leg is of, by SID."""
    above = {leg.sid: leg.of for leg in legs}
    found: dict[str, str] = {}
    for leg in legs:
        top = leg.of
        for _ in range(_DEEPEST):
            if top in calls or top not in above:
                break
            top = above[top]
        if top in calls:
            calls[top].legs.append(leg)
            found[leg.sid] = top
    return found


def _message_to(numbers: Collection[str], item: Mapping[str, Any]) -> Resource | None:
    ours = item.get("direction") == "inbound" and item.get("to") in numbers
    return resource(item, "", "date_sent", "date_created") if ours else None


def _belonging(item: Mapping[str, Any], of: object, *, among: Mapping[str, Call]) -> Resource | None:
    return resource(item, of, "date_created") if isinstance(of, str) and of in among else None


def _transcribed(item: Mapping[str, Any]) -> object:
    """The SID of the recording that an Intelligence transcript is of, or of the call; None if it names none."""
    channel = item.get("channel")
    media = channel.get("media_properties") if isinstance(channel, dict) else None
    if not isinstance(media, dict):
        return None
    others = media.get("reference_sids")
    return media.get("source_sid") or (others.get("call_sid") if isinstance(others, dict) else None)


def _all_older(since: datetime | None, items: Sequence[Mapping[str, Any]]) -> bool:
    """Whether a page holds nothing that is new enough, so that no later page of a list newest first does."""
    if since is None or not items:
        return False
    return all((at := moment(item.get("date_created"))) is not None and at < since for item in items)


def by_sid(found: Iterable[Resource]) -> list[Resource]:
    return sorted(found, key=attrgetter("sid"))
