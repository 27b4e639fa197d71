"""Waiting for an IMAP server to say that something is new: IDLE (RFC 2177), on a session that fetches nothing.

On one connection one mailbox can be waited for: INBOX, or the first of ``mailboxes`` where INBOX is not among them.
What comes into the others is found on the schedule, as is everything that a server fails to announce.
"""

import imaplib
import re
import select
import time
from collections.abc import Callable, Iterator
from typing import Any

from channels.base import NeverSays, Outside, SourceRefused, SourceUnavailable
from channels.imap_login import Account
from channels.imap_session import NotAnswered, Session, raw_of
from channels.mailboxes import named

RENEW_S = 300.0
"""After so many seconds IDLE is begun anew. RFC 2177 wants that within 29 minutes; firewalls forget a quiet connection
earlier, and a dead one is noticed only when it is used."""

LOOK_S = 0.5
"""How often a wait looks whether it should end."""

_COUNT = re.compile(rb"\* ([0-9]+) (EXISTS|EXPUNGE)\b")


class ListeningSession(Session):
    """A connection that has one mailbox open for reading, and waits."""

    _tag: bytes = b""

    def can_idle(self) -> bool:
        """Whether the server can say that something is new; asked after the login, as some offer it only then."""
        with self._speaking():
            return bool(self._open().has_capability("IDLE"))

    def open(self, raw: bytes) -> tuple[int, int, int]:
        """Open a mailbox for reading: its UIDVALIDITY, the UID that comes next (0 if unknown), its number of messages.

        Raises:
            NotAnswered: there is no such mailbox, or it may not be read.
        """
        with self._speaking():
            found = self._open().select_folder(raw, readonly=True)
            return int(found.get(b"UIDVALIDITY", 0)), int(found.get(b"UIDNEXT", 0)), int(found.get(b"EXISTS", 0))

    def begin(self) -> list[bytes]:
        """Begin to wait: what the server says before it does. imapclient would take that for a failure.

        Raises:
            NotAnswered: the server does not take the command.
        """
        lines = []
        with self._speaking():
            imap = self._open()._imap
            self._tag = imap._command("IDLE")
            while (line := imap._get_response()) is not None:  # None: it says "+", and waits
                if imap.tagged_commands[self._tag] is not None:
                    raise NotAnswered
                lines.append(line)
        return lines

    def end(self) -> list[bytes]:
        """End waiting: what the server has said in the meantime. This also shows whether the connection still lives.

        Raises:
            NotAnswered: the server says that it did not wait.
        """
        with self._speaking():
            client = self._open()
            client._imap.send(b"DONE\r\n")
            _, said = client._consume_until_tagged_response(self._tag, "IDLE")
        return [b"* %d %s" % (part[0], part[1]) for part in said if len(part) >= 2 and isinstance(part[0], int)]

    def said(self, timeout_s: float) -> list[bytes] | None:
        """The lines that the server has said, or says within so many seconds.

        None if the socket had something and no line: the connection has ended, or TLS has spoken for itself.
        """
        with self._speaking():
            imap, connection = self._open()._imap, self._open().socket()
            connection.setblocking(False)
            try:
                # What came in one packet with the "+" is read already, and no longer to be seen on the socket.
                if lines := list(_waiting_lines(imap)):
                    return lines
                poller = select.poll()
                poller.register(connection, select.POLLIN)
                if not poller.poll(timeout_s * 1000):
                    return []
                return list(_waiting_lines(imap)) or None
            finally:
                connection.settimeout(self.account.timeout_s)


def _waiting_lines(imap: Any) -> Iterator[bytes]:
    while True:
        try:
            yield imap._get_line()
        except imaplib.IMAP4.abort as error:
            if "EOF" in str(error):  # so a socket without data says, and one that has ended
                return
            raise
        except OSError:
            return


class ImapListener:
    """Waits for new messages in one mailbox of an account. The connection is made when it is first needed."""

    def __init__(self, account: Account, outside: Outside, renew_s: float = RENEW_S) -> None:
        self._account = account
        self._environ = outside.environ
        self._renew_s = renew_s
        names = [named(name) for name in account.mailboxes or ("INBOX",)]
        self._mailbox = raw_of("INBOX" if "INBOX" in names else names[0])
        self._session: ListeningSession | None = None
        self._known: tuple[int, int] | None = None  # UIDVALIDITY and UIDNEXT when the mailbox was last opened
        self._count = 0  # messages in it, as far as the server has said

    def wait(self, stopping: Callable[[], bool]) -> bool:
        """True once the mailbox has new messages, or may have had some while nobody waited; False if it should end.

        Raises:
            NeverSays: the server knows no IDLE.
            SourceUnavailable: no connection, or it broke off.
            SourceRefused: the server does not take the login, or does not open the mailbox.
        """
        session = self._session
        if session is None or not session.is_open:
            session, may_be_new = self._connected()
            if may_be_new:
                return True
        while not stopping():
            if self._round(session, stopping):
                return True
        return False

    def close(self) -> None:
        """Log out, if there is a connection."""
        session, self._session = self._session, None
        if session is not None:
            session.close()

    def _connected(self) -> tuple[ListeningSession, bool]:
        """A connection with the mailbox open, and whether anything may have come since it was last open."""
        host = self._account.host
        self._session = session = ListeningSession(self._account, self._environ)
        if not session.can_idle():
            self.close()
            raise NeverSays
        try:
            uidvalidity, following, self._count = session.open(self._mailbox)
        except NotAnswered as error:
            self.close()
            raise SourceRefused(f"{host} does not open the mailbox whose new messages are waited for.") from error
        known, self._known = self._known, (uidvalidity, following or self._count)
        return session, known != self._known

    def _round(self, session: ListeningSession, stopping: Callable[[], bool]) -> bool:
        """Wait once, until something is new, or it is time to begin anew or to end: whether something is new."""
        deadline = time.monotonic() + self._renew_s
        try:
            news = self._is_news(session.begin())
            while not news and not stopping() and (left := deadline - time.monotonic()) > 0:
                if (lines := session.said(min(left, LOOK_S))) is None:
                    break
                news = self._is_news(lines)
            return self._is_news(session.end()) or news
        except NotAnswered as error:
            self.close()
            raise SourceUnavailable(f"{self._account.host} does not wait for new messages as it offers to.") from error

    def _is_news(self, lines: list[bytes]) -> bool:
        """Whether more messages are there than before; those that go, and flags, are no news."""
        news = False
        for number, what in (found.groups() for found in map(_COUNT.match, lines) if found):
            if what == b"EXPUNGE":
                self._count -= 1
            else:
                news = news or int(number) > self._count
                self._count = int(number)
        return news
