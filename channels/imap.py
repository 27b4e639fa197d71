"""An IMAP account as a source: every message of every mailbox, by UID; reading changes nothing at the server.

A message's source key is ``MAILBOX/<uidvalidity>/<uid>`` (RFC 3501, 2.3.1.1: the three name a message for good), so its
version is empty. Every listing asks for all UIDs; no flag, date or Message-ID decides what is new.
"""

import re
from collections.abc import Iterator, Sequence
from datetime import datetime

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
from channels.imap_move import move
from channels.imap_session import Account, NotAnswered, Session, raw_of
from channels.mailboxes import is_left_out, named, roles

_KEY = re.compile(r"(.*)/([0-9]{1,10})/([0-9]{1,10})", re.DOTALL)  # a mailbox's name may have slashes

_GONE = "The server no longer has this message in this mailbox: the next listing shows whether it was moved or deleted."
_RENUMBERED = "The server has numbered this mailbox anew since it was listed: the next run lists it under new numbers."
_CLOSED = "The mailbox can't be opened any more: the next listing shows whether it was renamed or removed."
_WITHHELD = (
    "The server lists this message and does not hand it over: later runs try again; if it stays so, save the message "
    "as a file and put it into the folder of a channel."
)


class ImapAdapter:
    """An account. The connection is made when it is first needed, and anew after it broke."""

    def __init__(self, account: Account, outside: Outside) -> None:
        self._account = account
        self._environ = outside.environ
        self._session: Session | None = None
        self._spelled: dict[str, bytes] = {}  # mailboxes of the last listing, as the server spells them, by name
        self._roles: dict[str, str] = {}  # and those of them that hold junk or deleted mail

    def list(self) -> Iterator[Listing]:
        """Yield every message of every mailbox, by mailbox name and UID.

        Raises:
            SourceUnavailable: no connection, or it broke off.
            SourceRefused: the server does not take the login, or does not open a mailbox.
            SourceChanged: it does not open a mailbox that the config names.
        """
        session = self._connected()
        self._spelled, self._roles = _mailboxes(session)
        for mailbox, raw in sorted(self._spelled.items()):
            uidvalidity, uids = _uids(session, mailbox, raw)
            for uid in uids:
                yield Listing(f"{mailbox}/{uidvalidity}/{uid}", "")

    def fetch(self, listings: Sequence[Listing]) -> Iterator[Arrival | Missed]:
        """Yield each message's bytes as the server has them, or why it does not hand them over; a batch at a time.

        Raises:
            SourceUnavailable: no connection, or it broke off.
            SourceRefused: the server does not take the login.
        """
        session = self._connected()
        asked: dict[tuple[str, int], dict[int, Listing]] = {}
        for listing in listings:
            parts = _KEY.fullmatch(listing.source_key)
            if parts is None:
                yield Missed(listing.source_key, listing.version, _GONE)
            else:
                asked.setdefault((parts[1], int(parts[2])), {})[int(parts[3])] = listing
        for (mailbox, uidvalidity), messages in asked.items():
            reason = _reason_against(session, self._spelled.get(mailbox) or raw_of(mailbox), uidvalidity)
            if reason:
                for listing in messages.values():
                    yield Missed(listing.source_key, listing.version, reason)
                continue
            for batch in _batches(session, sorted(messages)):
                role = self._roles.get(mailbox, "")
                yield from _fetch_batch(session, mailbox, role, [(uid, messages[uid]) for uid in batch])

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
    spelled: dict[str, bytes] = {}
    for mailbox in listed:
        if is_left_out(mailbox, account.taken_in):
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


def _batches(session: Session, uids: Sequence[int]) -> Iterator[list[int]]:
    """UIDs in batches that fit into memory.

    To ask for each size would cost a third of a fetch's CPU [measured], so the server is asked which messages are
    larger than their share of a batch, and for the sizes of those only.
    """
    most, share = session.account.batch_bytes, session.account.batch_bytes // session.account.batch_messages
    sizes = _large(session, uids, share)
    batch: list[int] = []
    total = 0
    for uid in uids:
        size = sizes.get(uid, share)
        if batch and (total + size > most or len(batch) == session.account.batch_messages):
            yield batch
            batch, total = [], 0
        batch.append(uid)
        total += size
    yield batch


def _large(session: Session, uids: Sequence[int], share: int) -> dict[int, int]:
    """The sizes of the messages that are larger than ``share``, in bytes by UID."""
    try:
        large = set(session.larger(uids, share))
    except NotAnswered:
        large = set(uids)
    asked = [uid for uid in uids if uid in large]
    sizes: dict[int, int] = {}
    for start in range(0, len(asked), session.account.batch_messages):
        part = asked[start : start + session.account.batch_messages]
        try:
            sizes |= session.sizes(part)
        except NotAnswered:
            sizes |= dict.fromkeys(part, session.account.batch_bytes)  # each in a batch of its own
    return sizes


def _fetch_batch(
    session: Session, mailbox: str, role: str, batch: Sequence[tuple[int, Listing]]
) -> Iterator[Arrival | Missed]:
    found = _bodies(session, [uid for uid, _ in batch])
    missing = [uid for uid, _ in batch if not found.get(uid, (None, None))[0]]
    still_there = _still_there(session, missing) if missing else {}
    for uid, listing in batch:
        body, arrived_at = found.pop(uid, (None, None))
        if body or (body is not None and still_there.get(uid) == 0):
            yield Arrival(
                source_key=listing.source_key,
                version=listing.version,
                original=body,
                media_type="message/rfc822",
                arrived_at=arrived_at,
                arrived_basis="internaldate",
                facts={"mailbox": mailbox, "uid": str(uid)} | ({"mailbox_role": role} if role else {}),
            )
        else:
            # Dovecot answers with 0 bytes for a message that another session has just expunged.
            yield Missed(listing.source_key, listing.version, _WITHHELD if uid in still_there else _GONE)


def _bodies(session: Session, uids: Sequence[int]) -> dict[int, tuple[bytes | None, datetime | None]]:
    """Bodies and dates by UID. If a server refuses a batch for the sake of one message, only that is left out."""
    try:
        return session.bodies(uids)
    except NotAnswered:
        if len(uids) == 1:
            return {}
    half = len(uids) // 2
    return _bodies(session, uids[:half]) | _bodies(session, uids[half:])


def _still_there(session: Session, uids: Sequence[int]) -> dict[int, int]:
    """The sizes of those messages that the server still has; if it does not say, all of them and some size."""
    try:
        return session.sizes(uids)
    except NotAnswered:
        return dict.fromkeys(uids, 1)


def _reason_against(session: Session, raw: bytes, uidvalidity: int) -> str:
    """Open the mailbox; why its messages can't be fetched by the UIDs of this UIDVALIDITY, "" if they can."""
    try:
        now, _ = session.examine(raw)
    except NotAnswered:
        return _CLOSED
    return "" if now == uidvalidity else _RENUMBERED
