"""An IMAP account as a source: every message of every mailbox, by UID; reading changes nothing at the server.

A message's source key is ``MAILBOX/<uidvalidity>/<uid>`` (RFC 3501, 2.3.1.1: the three name a message for good), so its
version is empty. Every listing asks for all UIDs; no flag, date or Message-ID decides what is new.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import TypeVar

import stamina

from channels.base import (
    Arrival,
    Listing,
    Missed,
    Outside,
    SourceChanged,
    SourceError,
    SourceRefused,
    SourceUnavailable,
)
from channels.imap_bodies import GONE, batches, fetch_batch
from channels.imap_login import Account, Broken
from channels.imap_move import move
from channels.imap_session import NotAnswered, Session, raw_of
from channels.mailboxes import is_left_out, named, roles, target_among

_LONGEST_WAIT_S = 60
_T = TypeVar("_T")
_KEY = re.compile(r"(.*)/([0-9]{1,10})/([0-9]{1,10})", re.DOTALL)  # a mailbox's name may have slashes

_RENUMBERED = "The server has numbered this mailbox anew since it was listed: the next run lists it under new numbers."
_CLOSED = "The mailbox can't be opened any more: the next listing shows whether it was renamed or removed."


class ImapAdapter:
    """An account. The connection is made when it is first needed, and made anew when it breaks in the middle."""

    def __init__(self, account: Account, outside: Outside) -> None:
        self._account = account
        self._environ = outside.environ
        self._session: Session | None = None
        self._spelled: dict[str, bytes] = {}  # mailboxes of the last listing, as the server spells them, by name
        self._roles: dict[str, str] = {}  # and those of them that hold junk or deleted mail

    def list(self) -> Iterator[Listing]:
        """Yield every message of every mailbox, by mailbox name and UID.

        Raises:
            SourceUnavailable: no connection, or it went on breaking off.
            SourceRefused: the server does not take the login, or does not open a mailbox.
            SourceChanged: it does not open a mailbox that the config names.
        """
        self._connected()
        self._spelled, self._roles = self._persist(_mailboxes)
        for mailbox, raw in sorted(self._spelled.items()):
            uidvalidity, uids = self._persist(partial(_uids, name=mailbox, raw=raw))
            for uid in uids:
                yield Listing(f"{mailbox}/{uidvalidity}/{uid}", "")

    def fetch(self, listings: Sequence[Listing]) -> Iterator[Arrival | Missed]:
        """Yield each message's bytes as the server has them, or why it does not hand them over; a batch at a time.

        Raises:
            SourceUnavailable: no connection, or it went on breaking off.
            SourceRefused: the server does not take the login.
        """
        self._connected()
        asked: dict[tuple[str, int], dict[int, Listing]] = {}
        for listing in listings:
            parts = _KEY.fullmatch(listing.source_key)
            if parts is None:
                yield Missed(listing.source_key, listing.version, GONE)
            else:
                asked.setdefault((parts[1], int(parts[2])), {})[int(parts[3])] = listing
        for (mailbox, uidvalidity), messages in asked.items():
            yield from self._fetch_mailbox(mailbox, uidvalidity, messages)

    def _fetch_mailbox(self, mailbox: str, uidvalidity: int, left: dict[int, Listing]) -> Iterator[Arrival | Missed]:
        """Hand over the messages of one mailbox. Where the connection breaks, another one goes on with what is left;
        attempts count anew once it has handed over something. ``left`` gets empty on the way."""
        broke: Broken | None = None
        before = len(left)

        def stuck() -> bool:
            return len(left) == before

        while left:
            before = len(left)
            try:
                for attempt in self._attempts(stuck):
                    with attempt:
                        if broke is not None:
                            # It broke after it had handed over some: that was the first attempt at the rest, so that
                            # the next connection, too, waits its turn.
                            earlier, broke = broke, None
                            raise earlier
                        yield from self._take(mailbox, uidvalidity, left, attempt.num)
            except Broken as error:
                if stuck():
                    raise
                broke = error

    def _take(
        self, mailbox: str, uidvalidity: int, left: dict[int, Listing], attempt: int
    ) -> Iterator[Arrival | Missed]:
        """Hand over, and take out of ``left``, over one connection. The more attempts, the smaller the batches: what
        breaks after so many bytes gets through with something."""
        session = self._connected()
        reason = _reason_against(session, self._spelled.get(mailbox) or raw_of(mailbox), uidvalidity)
        if reason:
            while left:
                listing = left.pop(next(iter(left)))
                yield Missed(listing.source_key, listing.version, reason)
            return
        most = max(1, self._account.batch_messages >> (attempt - 1))
        role = self._roles.get(mailbox, "")
        for batch in batches(session, sorted(left), most):
            for uid, value in fetch_batch(session, mailbox, role, [(uid, left[uid]) for uid in batch]):
                del left[uid]
                yield value

    def after_commit(self, source_keys: Sequence[str]) -> None:
        """Move these messages to where ``after`` says; without it, nothing: the account stays as it is.

        Raises:
            SourceUnavailable: no connection, or it broke off.
            SourceRefused: the server does not let them be moved.
        """
        if self._account.taken_in is None:
            return
        asked: dict[tuple[str, int], list[int]] = {}
        for parts in filter(None, map(_KEY.fullmatch, source_keys)):
            asked.setdefault((parts[1], int(parts[2])), []).append(int(parts[3]))
        if asked:
            spelled = {mailbox: self._spelled.get(mailbox) or raw_of(mailbox) for mailbox, _ in asked}
            move(self._account, self._environ, spelled, asked)

    def close(self) -> None:
        """Log out, if there is a connection."""
        if self._session is not None:
            self._session.close()
            self._session = None

    def _persist(self, ask: Callable[[Session], _T]) -> _T:
        """What the server answers; asked again over another connection where one breaks."""
        for attempt in self._attempts(lambda: True):
            with attempt:
                return ask(self._connected())
        raise AssertionError("unreachable")

    def _attempts(self, worth_it: Callable[[], bool]) -> Iterable[stamina.Attempt]:
        """Attempts at something, with pauses that grow, as long as it breaks off and ``worth_it`` says so."""
        account = self._account
        return stamina.retry_context(
            on=lambda error: isinstance(error, Broken) and worth_it(), attempts=account.reconnect_attempts + 1,
            timeout=None, wait_initial=account.reconnect_wait_s, wait_max=_LONGEST_WAIT_S,
            wait_jitter=account.reconnect_wait_s / 2,
        )  # fmt: skip

    def _connected(self) -> Session:
        if self._session is None or not self._session.is_open:
            self._session = Session(self._account, self._environ)
        return self._session


def _mailboxes(session: Session) -> tuple[dict[str, bytes], dict[str, str]]:
    """The mailboxes to read, as the server spells them, by name; and the roles of those that have one."""
    account = session.account
    try:
        listed = session.mailboxes()
    except NotAnswered as error:
        if account.mailboxes is None:
            raise SourceUnavailable(f"{account.host} does not list its mailboxes: see the server's log.") from error
        listed = []
    if account.mailboxes is not None:
        return {named(name): raw_of(name) for name in account.mailboxes}, roles(listed)
    target = target_among(listed, account.taken_in) if account.taken_in is not None else None
    spelled: dict[str, bytes] = {}
    for mailbox in listed:
        if is_left_out(mailbox, target.name if target else account.taken_in):
            continue
        if spelled.setdefault(named(mailbox.name), mailbox.raw) != mailbox.raw:
            raise SourceRefused(f"{account.host} lists two mailboxes of one name: name those to read in `mailboxes`.")
    if not spelled:
        raise SourceRefused(f"{account.host} lists no mailbox to read for this user: name it in `mailboxes`.")
    return spelled, roles(listed)


def _uids(session: Session, name: str, raw: bytes) -> tuple[int, list[int]]:
    """A mailbox's UIDVALIDITY and the UIDs of all its messages."""
    host = session.account.host
    for _ in range(2):  # the second time for messages that another session has taken away in between
        try:
            uidvalidity, messages = session.examine(raw)
        except NotAnswered as error:
            raise _not_opened(session.account, name) from error
        if not uidvalidity:
            raise SourceRefused(f"{host} gives no UIDVALIDITY, so its messages can't be told apart: ask its operator.")
        try:
            uids = session.uids()
        except NotAnswered as error:
            raise SourceUnavailable(f"{host} does not list the messages of a mailbox: see the server's log.") from error
        if len(uids) >= messages:
            return uidvalidity, uids
    raise SourceUnavailable(f"{host} announces more messages in a mailbox than it lists: the next run asks again.")


def _not_opened(account: Account, name: str) -> SourceError:
    names = [named(configured) for configured in account.mailboxes or ()]
    if name in names:
        return SourceChanged(
            f"{account.host} does not open the mailbox that stands as number {names.index(name) + 1} in "
            f"`mailboxes`: spell it as the server does, with its folders, or let this user read it."
        )
    return SourceRefused(
        f"{account.host} lists a mailbox that it does not open for this user: name those to read in `mailboxes`."
    )


def _reason_against(session: Session, raw: bytes, uidvalidity: int) -> str:
    """Open the mailbox; why its messages can't be fetched by the UIDs of this UIDVALIDITY, "" if they can."""
    try:
        now, _ = session.examine(raw)
    except NotAnswered:
        return _CLOSED
    return "" if now == uidvalidity else _RENUMBERED
