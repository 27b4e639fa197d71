"""One connection to an IMAP account, through imapclient: read-only, with timeouts and errors that say what to do.

Mailboxes are opened with EXAMINE and bodies taken with BODY.PEEK[] (RFC 3501, 6.3.2 and 6.4.5): no flag changes. No
text that a sender wrote ever goes into a command.
"""

import imaplib
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from channels.base import SourceError, SourceUnavailable
from channels.connection import password, trusted
from channels.imap_login import Account, TokenRefused, connect, failure, log_in
from channels.mailboxes import Mailbox

if TYPE_CHECKING:
    from imapclient import IMAPClient

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


class NotAnswered(Exception):
    """The server answered a command with NO or BAD, or not with IMAP. The connection can still be used."""


class Session:
    """A connection to ``account``, logged in. If it breaks off, that is a ``Broken`` naming the host."""

    def __init__(self, account: Account, environ: Mapping[str, str]) -> None:
        """Connect and log in.

        Raises:
            SourceUnavailable: unknown host, no connection, no trusted TLS, no answer in time.
            SourceRefused: no password or token, or the server does not take it.
        """
        self.account = account
        self._client: IMAPClient | None = None
        if account.tokens is None:
            self._start(password(account.password_env, environ))
            return
        token = account.tokens.token()
        try:
            self._start(token)
        except TokenRefused:
            # Good by our clock, but the server may see that otherwise, or somebody has ended it: once more, with a new
            # one. On a new connection, since some servers end theirs after a refusal.
            self._start(account.tokens.renewed(token))

    def _start(self, secret: str) -> None:
        account = self.account
        try:
            with self._speaking():
                context = trusted(account.ca_file) if account.tls is not False else None
                self._client = client = connect(account, context)
                log_in(client, account, context, secret)
        except NotAnswered as error:
            raise SourceUnavailable(
                f"{account.host} (port {account.port}) does not speak IMAP as expected: check `port` and `tls`."
            ) from error
        except SourceError:
            self._drop()
            raise

    @property
    def is_open(self) -> bool:
        """Whether the connection is there, as far as is known without asking the server."""
        return self._client is not None

    def close(self) -> None:
        """Log out; may be called twice, and after a failure."""
        client, self._client = self._client, None
        if client is None:
            return
        try:
            client.logout()
        except (OSError, imaplib.IMAP4.error):
            with suppress(OSError):
                client.shutdown()

    def mailboxes(self) -> list[Mailbox]:
        """All mailboxes that the server lists, in its order (LIST, RFC 3501, 6.3.8; attributes: RFC 6154 and 9051).

        Raises:
            NotAnswered: the server does not list them.
        """
        with self._speaking():
            return [_mailbox(*line) for line in self._open().list_folders()]

    def examine(self, raw: bytes) -> tuple[int, int]:
        """Open a mailbox for reading: its UIDVALIDITY (0 if the server gives none) and its number of messages.

        Raises:
            NotAnswered: there is no such mailbox, or it may not be read.
        """
        with self._speaking():
            found = self._open().select_folder(raw, readonly=True)
            return int(found.get(b"UIDVALIDITY", 0)), int(found.get(b"EXISTS", 0))

    def uids(self) -> list[int]:
        """The UIDs of all messages of the open mailbox, ascending, each once.

        Raises:
            NotAnswered: the server does not list them.
        """
        with self._speaking():
            return sorted(set(self._open().search("ALL")))

    def larger(self, uids: Sequence[int], size: int) -> list[int]:
        """The messages between the first and the last of these UIDs that the server holds to be larger than ``size``.

        Raises:
            NotAnswered: the server can't search by size.
        """
        with self._speaking():
            return list(self._open().search(["UID", f"{uids[0]}:{uids[-1]}", "LARGER", str(size)]))

    def empty(self, uids: Sequence[int]) -> list[int]:
        """Those of these messages that the server holds to be empty.

        Raises:
            NotAnswered: the server can't search by size.
        """
        with self._speaking():
            return list(self._open().search(["UID", ",".join(map(str, uids)), "SMALLER", "1"]))

    def sizes(self, uids: Sequence[int]) -> dict[int, int]:
        """RFC822.SIZE in bytes by UID, where the server has the message. An estimate: Exchange reports stored sizes.

        Raises:
            NotAnswered: the server does not say.
        """
        with self._speaking():
            found = self._open().fetch(uids, ["RFC822.SIZE"])
        return {uid: size for uid, item in found.items() if isinstance(size := item.get(b"RFC822.SIZE"), int)}

    def bodies(self, uids: Sequence[int]) -> dict[int, tuple[bytes | None, datetime | None]]:
        """Body and INTERNALDATE (aware UTC, None if it is no date) by UID; a message may be missing.

        Raises:
            NotAnswered: the server refuses the command; possibly for the sake of one of the messages only.
        """
        with self._speaking():
            found = self._open().fetch(uids, ["INTERNALDATE", "BODY.PEEK[]"])
        return {uid: (item.get(b"BODY[]"), _utc(item.get(b"INTERNALDATE"))) for uid, item in found.items()}

    def _open(self) -> "IMAPClient":
        if self._client is None:
            raise SourceUnavailable(f"The connection to {self.account.host} was closed: run again.")
        return self._client

    @contextmanager
    def _speaking(self) -> Iterator[None]:
        try:
            yield
        except (imaplib.IMAP4.abort, OSError) as error:
            self._drop()
            raise failure(self.account, error) from error
        except (imaplib.IMAP4.error, ValueError) as error:
            raise NotAnswered from error

    def _drop(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            with suppress(OSError):
                client.shutdown()


def _mailbox(attributes: Sequence[bytes], delimiter: bytes | None, raw: Any) -> Mailbox:
    # imapclient reads an unquoted name of digits as a number, and one that is NIL as None.
    spelled = raw if isinstance(raw, bytes) else b"NIL" if raw is None else str(raw).encode()
    return Mailbox(
        name_of(spelled),
        spelled,
        (delimiter or b"").decode("latin-1"),
        frozenset(attribute.decode("latin-1").lower() for attribute in attributes),
    )


def name_of(raw: bytes) -> str:
    """A mailbox's name as people read it; as the server spells it if that is no modified UTF-7 (RFC 3501, 5.1.3)."""
    from imapclient.imap_utf7 import decode

    with suppress(ValueError):
        name = str(decode(raw))
        if raw_of(name) == raw and not _CONTROL.search(name):
            return name
    return raw.decode("ascii", "backslashreplace")


def raw_of(name: str) -> bytes:
    """The name in modified UTF-7, as a server spells it."""
    from imapclient.imap_utf7 import encode

    return bytes(encode(name))


def _utc(date: object) -> datetime | None:
    if not isinstance(date, datetime):
        return None
    try:
        # INTERNALDATE always has a zone; Python reads -0000 as none, which RFC 5322 3.3 calls UTC.
        return date.astimezone(UTC) if date.tzinfo else date.replace(tzinfo=UTC)
    except OverflowError:
        return None
