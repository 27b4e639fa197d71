"""The way into an IMAP account: connecting, encryption, login by password or token, and what is said if one fails."""

import imaplib
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from channels.base import SourceError, SourceRefused, SourceUnavailable
from channels.connection import why_not_reached
from channels.oauth import Tokens, sasl_xoauth2

if TYPE_CHECKING:
    from imapclient import IMAPClient

_LINE_BYTES = 64 << 20  # the UIDs of 6 million messages; imaplib's own limit stops at about 125,000
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


class Broken(SourceUnavailable):
    """The connection broke off, or could not be made, or the server is too busy to log in: worth another try soon."""


class TokenRefused(SourceRefused):
    """The server did not take a token, which may only have ended."""


def connect(account: Account, context: ssl.SSLContext | None) -> "IMAPClient":
    """A new connection, on which nobody has logged in and nothing is encrypted yet where that begins by STARTTLS."""
    from imapclient import IMAPClient

    imaplib._MAXLINE = _LINE_BYTES  # type: ignore[attr-defined]  # a large mailbox's answer to SEARCH is one line
    client = IMAPClient(
        account.host, account.port, ssl=account.tls is True, ssl_context=context, timeout=account.timeout_s
    )
    client.normalise_times = False  # else times lose their zone
    client.folder_encode = False  # names as the server spells them: what LIST says, EXAMINE takes
    # imapclient hands all that passes, letters too, to a logger; that costs a third of a fetch's CPU [measured].
    client._imap.debug = 0
    return client


def log_in(client: "IMAPClient", account: Account, context: ssl.SSLContext | None, secret: str) -> None:
    """Begin encryption if it has not begun, and log in by ``secret``: a token where the account has some, else a
    password.

    Raises:
        SourceRefused: the server does not take it, or could only be told it openly.
        Broken: the server is too busy.
    """
    if account.tls == "starttls":
        if not client.has_capability("STARTTLS"):
            raise SourceRefused(f"{account.host} offers no STARTTLS: set `tls` to true, with the port for TLS.")
        client.starttls(context)
    if account.tokens is None:
        _by_password(client, account, secret)
    else:
        _by_token(client, account, secret)


def _by_password(client: "IMAPClient", account: Account, password: str) -> None:
    from imapclient.exceptions import LoginError

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


def _by_token(client: "IMAPClient", account: Account, token: str) -> None:
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
        raise TokenRefused(
            f"{account.host} refused the token: check `mailbox_user`, and that the application has the right to "
            f"IMAP (IMAP.AccessAsApp) and full access to this mailbox."
        ) from error
    client._cached_capabilities = None  # a server may offer more to whom it knows (RFC 9051, 6.2.2)


def _not_now(account: Account) -> Broken:
    return Broken(f"{account.host} can't log anybody in now: the next run tries again.")


def failure(account: Account, error: Exception) -> SourceError:
    """What the operator should know of a connection that broke off or could not be made."""
    where = f"{account.host} (port {account.port})"
    said = why_not_reached(account.host, account.port, account.timeout_s, error)
    if said is not None:
        return SourceUnavailable(said) if isinstance(error, ssl.SSLCertVerificationError) else Broken(said)
    if isinstance(error, ConnectionRefusedError):
        return Broken(f"{where} refused the connection: check `host` and `port`, and whether it is running.")
    return Broken(f"The connection to {where} broke off: the next run goes on where this one ended.")
