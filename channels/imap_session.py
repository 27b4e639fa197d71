"""One connection to an IMAP account, through imapclient: read-only, with timeouts and errors that say what to do.

Mailboxes are opened with EXAMINE and bodies taken with BODY.PEEK[] (RFC 3501, 6.3.2 and 6.4.5): no flag changes. No
text that a sender wrote ever goes into a command.
"""

import imaplib
import re
import socket
import ssl
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from channels.base import SourceError, SourceRefused, SourceUnavailable
from channels.mailboxes import Mailbox
from channels.oauth import Tokens, sasl_xoauth2

if TYPE_CHECKING:
    from imapclient import IMAPClient

_LINE_BYTES = 64 << 20  # the UIDs of 6 million messages; imaplib's own limit stops at about 125,000
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_TRY_LATER = ("[UNAVAILABLE]", "[INUSE]", "[LIMIT]", "[SERVERBUG]")  # response codes of RFC 5530 that are no refusal


@dataclass(frozen=True, slots=True)
class Account:
    """An IMAP account as configured. ``batch_bytes`` and ``batch_messages`` bound what is in memory at a time.

    ``reconnect_attempts``: how often in a row a connection that broke is made anew; the first time after
    ``reconnect_wait_s``, then after twice as long each time.

    With ``tokens`` the login is XOAUTH2, ``user`` the mailbox that is meant, and there is no password. ``taken_in`` is
    the mailbox that messages are moved to once they are durable, None if they stay where they are.
    """

    host: str
    port: int
    tls: Literal["starttls"] | bool
    ca_file: Path | None
    user: str
    password_env: str
    mailboxes: tuple[str, ...] | None
    timeout_s: float
    batch_bytes: int
    batch_messages: int
    reconnect_attempts: int = 4
    reconnect_wait_s: float = 1
    tokens: Tokens | None = None
    taken_in: str | None = None


class NotAnswered(Exception):
    """The server answered a command with NO or BAD, or not with IMAP. The connection can still be used."""


class Broken(SourceUnavailable):
    """The connection broke off, or could not be made, or the server is too busy to log in: worth another try soon."""


class _TokenRefused(SourceRefused):
    """The server did not take a token, which may only have ended."""


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
            self._start(_password(account, environ))
            return
        token = account.tokens.token()
        try:
            self._start(token)
        except _TokenRefused:
            # Good by our clock, but the server may see that otherwise, or somebody has ended it: once more, with a new
            # one. On a new connection, since some servers end theirs after a refusal.
            self._start(account.tokens.renewed(token))

    def _start(self, secret: str) -> None:
        account = self.account
        try:
            with self._speaking():
                self._connect()
                if account.tokens is None:
                    self._log_in(secret)
                else:
                    self._log_in_by_token(secret)
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
            raise _failure(self.account, error) from error
        except (imaplib.IMAP4.error, ValueError) as error:
            raise NotAnswered from error

    def _drop(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            with suppress(OSError):
                client.shutdown()

    def _connect(self) -> None:
        from imapclient import IMAPClient

        account = self.account
        imaplib._MAXLINE = _LINE_BYTES  # type: ignore[attr-defined]  # a large mailbox's answer to SEARCH is one line
        context = _tls_context(account) if account.tls is not False else None
        self._client = client = IMAPClient(
            account.host, account.port, ssl=account.tls is True, ssl_context=context, timeout=account.timeout_s
        )
        client.normalise_times = False  # else times lose their zone
        client.folder_encode = False  # names as the server spells them: what LIST says, EXAMINE takes
        # imapclient hands all that passes, letters too, to a logger; that costs a third of a fetch's CPU [measured].
        client._imap.debug = 0
        if account.tls == "starttls":
            if not client.has_capability("STARTTLS"):
                raise SourceRefused(f"{account.host} offers no STARTTLS: set `tls` to true, with the port for TLS.")
            client.starttls(context)

    def _log_in(self, password: str) -> None:
        from imapclient.exceptions import LoginError

        account, client = self.account, self._open()
        if account.tls is not True and client.has_capability("LOGINDISABLED"):  # RFC 3501, 6.2.3
            raise SourceRefused(f'{account.host} takes no password without TLS: set `tls` to true or "starttls".')
        try:
            if (account.user + password).isascii():
                # imaplib quotes the password, but not the user.
                client.login('"' + account.user.replace("\\", "\\\\").replace('"', '\\"') + '"', password)
            else:
                client.plain_login(account.user, password)  # LOGIN can't say what is not ASCII (RFC 4616 can)
        except LoginError as error:
            if isinstance(error.__context__, imaplib.IMAP4.abort):
                raise error.__context__ from error  # cut off, which imapclient reports as a refusal
            if any(code in str(error) for code in _TRY_LATER):
                raise _not_now(account) from error
            raise SourceRefused(
                f"{account.host} refused the login: check `user`, and the password in the environment variable "
                f"{account.password_env}."
            ) from error

    def _log_in_by_token(self, token: str) -> None:
        account, client = self.account, self._open()
        if account.tls is False:
            raise SourceRefused('A token is never sent without TLS: set `tls` to true or "starttls".')
        if not client.has_capability("AUTH=XOAUTH2"):
            raise SourceRefused(f'{account.host} offers no XOAUTH2: check `host`, or set `auth` to "password".')
        answers = iter((sasl_xoauth2(account.user, token), ""))  # to a refusal with reasons, "" asks for the end of it
        try:
            client._imap.authenticate("XOAUTH2", lambda _reasons: next(answers, None))
        except imaplib.IMAP4.abort:
            raise
        except imaplib.IMAP4.error as error:
            if any(code in str(error) for code in _TRY_LATER):
                raise _not_now(account) from error
            raise _TokenRefused(
                f"{account.host} refused the token: check `mailbox_user`, and that the application has the right to "
                f"IMAP (IMAP.AccessAsApp) and full access to this mailbox."
            ) from error
        client._cached_capabilities = None  # a server may offer more to whom it knows (RFC 9051, 6.2.2)


def _not_now(account: Account) -> Broken:
    return Broken(f"{account.host} can't log anybody in now: the next run tries again.")


def _password(account: Account, environ: Mapping[str, str]) -> str:
    password = environ.get(account.password_env, "")
    if not password:
        raise SourceRefused(
            f"The environment variable {account.password_env}, which `password_env` names, is not set: "
            f"set it to the password of the account."
        )
    if _CONTROL.search(password):
        raise SourceRefused(
            f"The password in the environment variable {account.password_env} has a line break or another control "
            f"character: set it without."
        )
    return password


def _tls_context(account: Account) -> ssl.SSLContext:
    """Certificates and host names are always checked; ``ca_file`` stands in for the system's authorities."""
    try:
        return ssl.create_default_context(cafile=str(account.ca_file) if account.ca_file else None)
    except OSError as error:  # SSLError is one
        raise SourceRefused("`ca_file` is no file of certificates (PEM) that can be read: correct the path.") from error


def _failure(account: Account, error: Exception) -> SourceError:
    """What the operator should know of a broken connection: the host and the key to look at, never user or password."""
    where = f"{account.host} (port {account.port})"
    if isinstance(error, socket.gaierror):
        return Broken(f"The host {account.host} is not known: check `host` and the name service.")
    if isinstance(error, ConnectionRefusedError):
        return Broken(f"{where} refused the connection: check `host` and `port`, and whether it is running.")
    if isinstance(error, TimeoutError):
        return Broken(f"{where} did not answer within {account.timeout_s:g} s: check the network.")
    if isinstance(error, ssl.SSLCertVerificationError):
        return SourceUnavailable(
            f"The certificate of {where} is not trusted ({error.verify_message}): check `host`, or name its authority "
            f"in `ca_file`."
        )
    if isinstance(error, ssl.SSLError):
        return Broken(f"{where} does not speak TLS as expected: check `port` and `tls`.")
    return Broken(f"The connection to {where} broke off: the next run goes on where this one ended.")


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
