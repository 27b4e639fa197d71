r"""Moving messages that are durable here to another mailbox of their account: a second session, which may write.

Only the messages that are named move, by UID under the UIDVALIDITY they were listed with: by MOVE (RFC 6851), else by
COPY, \Deleted and UID EXPUNGE (RFC 4315). A plain EXPUNGE would remove what others have marked too: it is never sent.
A message that is copied and not yet removed when the connection breaks is copied again by the next run.
"""

import imaplib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress

from channels.base import SourceError, SourceRefused
from channels.imap_login import Account
from channels.imap_session import NotAnswered, Session, raw_of
from channels.mailboxes import named, roles, target_among

_BATCH = 500  # UIDs in one command: a line of at most 8,000 characters (RFC 7162, 4)


class WritingSession(Session):
    """A connection that may change mailboxes. Each command raises NotAnswered if the server does not carry it out."""

    def select(self, raw: bytes) -> tuple[int, bool]:
        """Open a mailbox for writing: its UIDVALIDITY, and whether the server lets it be changed."""
        with self._speaking():
            try:
                found = self._open().select_folder(raw)
            except imaplib.IMAP4.readonly:  # which Python counts among the broken connections
                return 0, False
            return int(found.get(b"UIDVALIDITY", 0)), True

    def create(self, raw: bytes) -> None:
        """Make a mailbox, and have mail programs show it, if the server knows of such a thing."""
        with self._speaking():
            self._open().create_folder(raw)
        with suppress(NotAnswered), self._speaking():
            self._open().subscribe_folder(raw)

    def can_move(self) -> bool:
        """Whether single messages can be taken out of a mailbox without touching others."""
        with self._speaking():
            return any(self._open().has_capability(name) for name in ("MOVE", "UIDPLUS"))

    def move(self, uids: Sequence[int], target: bytes) -> None:
        """Move these messages of the open mailbox; those that are no longer there are passed over."""
        with self._speaking():
            client = self._open()
            if client.has_capability("MOVE"):
                client.move(uids, target)
                return
            client.copy(uids, target)
            client.add_flags(uids, [rb"\Deleted"], silent=True)
            client.uid_expunge(uids)


def move(
    account: Account,
    environ: Mapping[str, str],
    spelled: Mapping[str, bytes],
    asked: Mapping[tuple[str, int], Sequence[int]],
) -> None:
    """Move messages, given as UIDs by mailbox and UIDVALIDITY, to the account's ``taken_in``, which is made if missing.

    A mailbox that has been numbered anew or removed since is left alone: the next run lists it as it is then.
    ``spelled`` gives each mailbox as the server spells it.

    Raises:
        SourceUnavailable: no connection, or it broke off.
        SourceRefused: the server does not let messages be moved.
    """
    session = WritingSession(account, environ)
    try:
        target = _target(session, account)
        for (mailbox, uidvalidity), uids in asked.items():
            _move_from(session, account, spelled[mailbox], uidvalidity, uids, target)
    finally:
        session.close()


def _target(session: WritingSession, account: Account) -> bytes:
    """The mailbox that messages are moved to, as the server spells it."""
    if not session.can_move():
        raise SourceRefused(
            f"{account.host} can't move single messages (it has neither MOVE nor UIDPLUS): leave `after` out."
        )
    name = account.taken_in or ""
    try:
        listed = session.mailboxes()
        found = target_among(listed, name)
        if found is not None and roles(listed).get(named(found.name)):
            raise SourceRefused(
                "`after` names a mailbox of junk or deleted mail, which servers empty by themselves: name another one."
            )
        if found is None:
            session.create(raw_of(name))
        return found.raw if found is not None else raw_of(name)
    except NotAnswered as error:
        raise _not_moved(account) from error


def _move_from(
    session: WritingSession, account: Account, raw: bytes, uidvalidity: int, uids: Sequence[int], target: bytes
) -> None:
    try:
        now, may_write = session.select(raw)
    except NotAnswered:
        return  # renamed or removed since it was listed
    if not may_write:
        raise _not_moved(account)
    if now != uidvalidity:
        return
    try:
        for part in _parts(uids):
            session.move(part, target)
    except NotAnswered as error:
        raise _not_moved(account) from error


def _parts(uids: Sequence[int]) -> Iterator[Sequence[int]]:
    for start in range(0, len(uids), _BATCH):
        yield uids[start : start + _BATCH]


def _not_moved(account: Account) -> SourceError:
    return SourceRefused(
        f"{account.host} does not let received messages be moved: check the mailbox that `after` names, its quota, and "
        f"that this user may write. Nothing is lost: what was received stays received, and the next run moves it."
    )
