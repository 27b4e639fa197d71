"""Whom to acknowledge, and when: at most once for a receipt, and never at the cost of a run.

The intent is committed before anything is sent. So whatever ends the program in between leaves ``intended`` behind,
which the next run turns into ``unsure``: a person looks, and decides. What the server did not take is tried again (4yz)
or left to a person (5yz). A mail server that is down is an alarm, not an error: what was received is received.

Nobody who wrote before it was switched on is written to: a run that finds it on for the first time remembers when it
started, and only what arrived, and was taken in, from then on is acknowledged. ``since`` in the section, or a person's
``intake decide RECEIPT acknowledge``, widens that.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog

from channels.base import Acknowledging, Sending, SourceError
from intake.addressee import addressee, matches
from intake.outcomes import Desk
from intake.reading.parts import Reading
from intake.reading.readers import Readers
from intake.receive import ChannelRun
from intake.reply import Reply, as_message, filled_in, new_message_id
from intake.settling import read_job
from storage import acknowledgements, ledger, receipts
from storage.acknowledgements import FOR_A_PERSON, Candidate, Standing
from storage.database import Transaction

log = structlog.get_logger()
_PAGE = 50
_FIRST_WAIT = timedelta(minutes=4)
_LONGEST_WAIT = timedelta(hours=6)
_ATTEMPTS = 15  # the waits between them add up to two days: a greylist or a full mailbox has its time


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """What a run did: how many were sent, how many wait for a later run, and how many wait for a person by now.

    ``alarm`` is a sentence where it had to stop.
    """

    sent: int
    waiting: int
    unsure: int
    failed: int
    alarm: str | None

    def as_json(self) -> dict[str, int]:
        """The counts, under the names of ``intake run --json``."""
        return {"sent": self.sent, "waiting": self.waiting, "unsure": self.unsure, "failed": self.failed}


def acknowledge(current: ChannelRun, desk: Desk, pool: Readers, how: Acknowledging | None) -> Acknowledged | None:
    """Send what is due on a channel, within its limits; None where it does not acknowledge. The caller holds its lease.

    Never raises for the mail server's sake.
    """
    since = _begin(current, how)
    if how is None or since is None:
        return None
    clerk = _Clerk(current, desk, how)
    alarm = None
    try:
        for candidate, facts in _candidates(current, desk, pool, how, since):
            if not clerk.deal_with(candidate, facts):
                break
    except SourceError as failure:
        alarm = f"Acknowledging stopped: {failure} {failure.advice}"
        log.warning("acknowledging stopped", channel=current.channel, kind=type(failure).__name__)
    finally:
        how.sender.close()
    return _report(current, desk, how, since, clerk.sent, alarm)


def _begin(current: ChannelRun, how: Acknowledging | None) -> datetime | None:
    """Put aside what a run before could not finish, and remember since when the channel acknowledges."""
    with current.database.read() as tx:
        since = acknowledgements.since(tx, current.channel)
        left = acknowledgements.of_channel(tx, current.channel, ["intended"])
    switched = (since is None) != (how is None)
    if not left and not switched:
        return since
    at = current.clock()
    with current.database.write() as tx:
        if acknowledgements.break_off(tx, current.run, at, current.channel):
            log.warning("acknowledgements may or may not have gone out", channel=current.channel, count=len(left))
        if switched:
            acknowledgements.switch(tx, current.run, at, current.channel, on=how is not None)
        ledger.number_entries(tx)
        return acknowledgements.since(tx, current.channel)


def _from_when(desk: Desk, how: Acknowledging, switched_on: datetime) -> tuple[datetime, datetime]:
    """From when on a message must have arrived, and must have been taken in, to be acknowledged."""
    if how.since is None:
        return switched_on, switched_on
    given = desk.rules.consultation.instant(how.since)
    return given, given


def _candidates(
    current: ChannelRun, desk: Desk, pool: Readers, how: Acknowledging, since: datetime
) -> Iterator[tuple[Candidate, dict[str, str]]]:
    """What may be acknowledged, with its header's facts: read anew from the original, where all reading is done."""
    arrived, taken = _from_when(desk, how, since)
    after = 0
    while True:
        with current.database.read() as tx:
            page = acknowledgements.candidates(tx, current.channel, arrived, taken, after, _PAGE)
        if not page:
            return
        after = page[-1].receipt_id
        due = [candidate for candidate in page if _is_due(candidate.standing, current.clock())]
        facts = _facts(current, pool, [candidate.receipt_id for candidate in due])
        yield from ((c, facts[c.receipt_id]) for c in due if c.receipt_id in facts)


def _is_due(standing: Standing | None, now: datetime) -> bool:
    """Whether it is time: what a server refused for now is tried after 4 minutes, then after twice as long each
    time."""
    if standing is None or standing.state != "deferred" or standing.tried_at is None:
        return True
    wait = min(_FIRST_WAIT * (1 << min(standing.attempts - 1, 10)), _LONGEST_WAIT)
    return now >= standing.tried_at + wait


def _facts(current: ChannelRun, pool: Readers, numbers: Sequence[int]) -> dict[int, dict[str, str]]:
    with current.database.read() as tx:
        views = receipts.by_numbers(tx, numbers) if numbers else []
    roles = {view.id: view.facts.get("mailbox_role", "") for view in views}
    jobs = []
    for view in views:
        if current.originals.intact(view.sha256):  # a damaged one is `verify`'s business
            job = read_job(current, view)
            jobs.append(replace(job, options={**job.options, "header_only": True}))
    return {
        job.key: {**result.facts, "mailbox_role": roles[job.key]}
        for job, result in pool.read(iter(jobs))
        if isinstance(result, Reading)
    }


class _Clerk:
    """Deals with one receipt after the other."""

    def __init__(self, current: ChannelRun, desk: Desk, how: Acknowledging) -> None:
        self._current = current
        self._desk = desk
        self._how = how
        self.sent = 0

    def deal_with(self, candidate: Candidate, facts: Mapping[str, str]) -> bool:
        """Skip it with a reason, or send it; whether to go on with the next one.

        Raises:
            SourceError: it was not sent, and nothing can be sent now.
        """
        before = candidate.standing or Standing(
            receipt_id=candidate.receipt_id, channel=self._current.channel, state="skipped"
        )
        is_relayed = candidate.relayed or len(candidate.references) != 1
        to = "relay" if is_relayed else addressee(facts, self._is_ours, asked=before.asked)
        if isinstance(to, str):
            self._write(replace(before, state="skipped", reason=to))
            return True
        reference = candidate.references[0]
        before = replace(before, reference=reference, address=to.address.lower(), answers=to.message_id)
        return self._send(before, to.address)

    def _send(self, before: Standing, address: str) -> bool:
        sender = self._how.sender
        if not self._has_room():
            return False
        intent = self._intent(before)
        message = self._message(intent, address)
        sender.connect()  # before the intent: a server that is down leaves nothing in doubt
        intent = self._commit(intent)
        if intent.state != "intended":
            return True
        try:
            became = sender.send(address, message)
        except SourceError:
            self._write(replace(intent, state="deferred", reason="not-offered"))
            raise
        self._write(_after(intent, became))
        self.sent += became.state == "sent"
        return became.state != "unsure"

    def _has_room(self) -> bool:
        """Whether the limits leave room for one more now. Nobody else fills it: this run holds the channel's lease."""
        current, how = self._current, self._how
        with current.database.read() as tx:
            return acknowledgements.within_limits(tx, current.clock(), current.channel, how.per_minute, how.per_day)

    def _intent(self, before: Standing) -> Standing:
        message_id = new_message_id(before.reference, self._how.from_address.rpartition("@")[2])
        return replace(
            before, state="intended", reason="", attempts=before.attempts + 1, tried_at=self._current.clock(),
            message_id=message_id,
        )  # fmt: skip

    def _commit(self, intent: Standing) -> Standing:
        """Commit the intent, or that it is skipped, because it would be one too many for its address."""
        current = self._current
        at = current.clock()
        with current.database.write() as tx:
            if reason := self._one_too_many(tx, intent, at):
                intent = replace(
                    intent, state="skipped", reason=reason, attempts=intent.attempts - 1, tried_at=None, message_id=""
                )
            acknowledgements.write(tx, current.run, at, [intent])
            ledger.number_entries(tx)
        return intent

    def _one_too_many(self, tx: Transaction, intent: Standing, at: datetime) -> str:
        if intent.asked:
            return ""
        if intent.answers and acknowledgements.answered(tx, intent.address, intent.answers, intent.receipt_id):
            return "same-message"
        today = acknowledgements.tried(tx, at - timedelta(days=1), address=intent.address)
        return "too-many" if today >= self._how.per_address_a_day else ""

    def _message(self, intent: Standing, address: str) -> bytes:
        how, title = self._how, self._desk.rules.consultation.title
        return as_message(
            Reply(
                from_name=how.from_name,
                from_address=how.from_address,
                to=address,
                subject=filled_in(how.subject, intent.reference, title),
                text=filled_in(how.text, intent.reference, title),
                reference=intent.reference,
                answers=intent.answers,
                message_id=intent.message_id,
                at=self._current.clock(),
            )
        )

    def _is_ours(self, address: str) -> bool:
        """Whether an address is the council's own: a contact, this channel's own, or one of those that it names."""
        channel = self._desk.channel
        named = (*channel.forwarders, *channel.scanners, *channel.voicemail)
        own = address.casefold() == self._how.from_address.casefold()
        return own or self._desk.rules.is_ours(address) or matches(address, named)

    def _write(self, became: Standing) -> None:
        at = self._current.clock()
        with self._current.database.write() as tx:
            acknowledgements.write(tx, self._current.run, at, [became])
            ledger.number_entries(tx)
        tell = log.warning if became.state in FOR_A_PERSON else log.info
        tell("acknowledgement", receipt=became.receipt_id, state=became.state, reason=became.reason)


def _after(intent: Standing, became: Sending) -> Standing:
    """What the server's word makes of an intent."""
    code = str(became.code) if became.code else ""
    match became.state:
        case "sent":
            return replace(intent, state="sent")
        case "deferred" if intent.attempts < _ATTEMPTS:
            return replace(intent, state="deferred", reason=code)
        case "unsure":
            return replace(intent, state="unsure", reason=code or "cut-off")
    return replace(intent, state="failed", reason=code)


def _report(
    current: ChannelRun, desk: Desk, how: Acknowledging, since: datetime, sent: int, alarm: str | None
) -> Acknowledged:
    arrived, taken = _from_when(desk, how, since)
    with current.database.read() as tx:
        standing = Counter(s.state for s in acknowledgements.of_channel(tx, current.channel, FOR_A_PERSON))
        waiting = acknowledgements.count_candidates(tx, current.channel, arrived, taken)
    return Acknowledged(sent, waiting, standing["unsure"], standing["failed"], alarm)
