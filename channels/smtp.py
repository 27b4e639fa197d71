"""One connection to a mail server that takes our replies, over smtplib: it says at each stage what has left.

Until the server has answered DATA with 354, nothing of a message has left. From then on a connection that is lost
leaves it open whether the server has it (RFC 5321, 4.2.5), and only the server's reply to the final dot ends the doubt.
"""

import base64
import re
import smtplib
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from channels.base import Sending, SourceError, SourceRefused, SourceUnavailable
from channels.connection import password, trusted, why_not_reached
from channels.oauth import Tokens, sasl_xoauth2


@dataclass(frozen=True, slots=True)
class Relay:
    """A mail server as configured. ``user`` is "" where nobody logs in; ``envelope`` "" for the null sender <>."""

    host: str
    port: int
    tls: Literal["starttls"] | bool
    ca_file: Path | None
    user: str
    password_env: str
    envelope: str
    timeout_s: float


class SmtpSender:
    """The way out by one server. The connection is made when it is first needed, and anew after it broke."""

    def __init__(self, relay: Relay, environ: Mapping[str, str], tokens: Tokens | None = None) -> None:
        self._relay = relay
        self._environ = environ
        self._tokens = tokens
        self._smtp: smtplib.SMTP | None = None

    def connect(self) -> None:
        """Connect and log in, unless that is done already.

        Raises:
            SourceUnavailable: unknown host, no connection, no trusted TLS, no answer in time.
            SourceRefused: no password, or the server does not take it.
        """
        if self._smtp is None:
            try:
                with self._speaking():
                    self._open()
            except SourceError:
                self._drop()
                raise

    def send(self, recipient: str, message: bytes) -> Sending:
        """Offer a message for one recipient, and say what became of it.

        Raises:
            SourceError: nothing of it was sent: no connection, or the server takes nothing from us at all.
        """
        self.connect()
        smtp = self._smtp
        if smtp is None:
            raise SourceUnavailable(f"The connection to {self._relay.host} was closed: run again.")
        with self._speaking():
            refusal = self._offer(smtp, recipient)
        if refusal is not None:
            return refusal
        try:
            smtp.send(_as_data(message))
            code, _ = smtp.getreply()
        except OSError:  # smtplib's own errors are OSErrors too
            self._drop()
            return Sending("unsure")
        if not 200 <= code < 600:
            self._drop()  # no reply that SMTP knows: nobody can say what the server did
            return Sending("unsure", max(code, 0))
        return self._ended(code)

    def close(self) -> None:
        """Say goodbye, if there is a connection."""
        if self._smtp is not None:
            with suppress(OSError):
                self._smtp.quit()
            self._drop()

    def _offer(self, smtp: smtplib.SMTP, recipient: str) -> Sending | None:
        """Everything before the message itself; None once the server waits for it."""
        code, _ = smtp.mail(self._relay.envelope)
        if code != 250:
            # Said of us and not of the recipient: it would be said of every message.
            self._drop()
            where = f"{self._relay.host} (port {self._relay.port})"
            if code >= 500:
                raise SourceRefused(f"{where} takes no mail from this sender ({code}): check `from` and `envelope`.")
            raise SourceUnavailable(f"{where} takes no mail now ({max(code, 0)}).")
        never = ["NOTIFY=NEVER"] if smtp.has_extn("dsn") else []  # RFC 3834, 3.3
        code, _ = smtp.rcpt(recipient, never)
        if code not in (250, 251):
            return self._ended(code)
        code, _ = smtp.docmd("DATA")
        return None if code == 354 else self._ended(code)

    def _ended(self, code: int) -> Sending:
        """The server's word on one message. After 421 it hangs up; after another refusal the next one starts afresh."""
        if 200 <= code < 300:
            return Sending("sent", code)
        if code == 421 or not 400 <= code < 600:
            self._drop()
        elif self._smtp is not None:
            try:
                self._smtp.rset()
            except OSError:
                self._drop()
        return Sending("refused", code) if 500 <= code < 600 else Sending("deferred", max(code, 0))

    def _open(self) -> None:
        relay = self._relay
        secret = self._password()
        context = trusted(relay.ca_file) if relay.tls is not False else None
        if relay.tls is True and context is not None:
            self._smtp = smtplib.SMTP_SSL(relay.host, relay.port, _own_name(), timeout=relay.timeout_s, context=context)
        else:
            self._smtp = smtplib.SMTP(relay.host, relay.port, _own_name(), timeout=relay.timeout_s)
        self._smtp.ehlo_or_helo_if_needed()
        if relay.tls == "starttls":
            if not self._smtp.has_extn("starttls"):
                raise SourceRefused(f"{relay.host} offers no STARTTLS: set `tls` to true, with the port for TLS.")
            self._smtp.starttls(context=context)
            self._smtp.ehlo_or_helo_if_needed()
        if relay.user:
            self._log_in(self._smtp, secret)

    def _log_in(self, smtp: smtplib.SMTP, secret: str) -> None:
        relay = self._relay
        try:
            if self._tokens is not None:
                _log_in_by_token(smtp, relay.user, self._tokens)
            elif (relay.user + secret).isascii():
                smtp.login(relay.user, secret)
            else:
                _plain(smtp, relay.user, secret)
        except smtplib.SMTPAuthenticationError as error:
            if 400 <= error.smtp_code < 500:
                raise SourceUnavailable(
                    f"{relay.host} can't log anybody in now ({error.smtp_code}): the next run tries again."
                ) from error
            checked = (
                "the rights of the application that the tokens are for"
                if self._tokens is not None
                else f"the password in the environment variable {relay.password_env}"
            )
            raise SourceRefused(f"{relay.host} refused the login: check `user`, and {checked}.") from error
        except smtplib.SMTPServerDisconnected:
            raise
        except smtplib.SMTPException as error:
            raise SourceRefused(
                f"{relay.host} offers no login that this program knows: check `port`, and set `tls` to true or "
                f'"starttls".'
            ) from error

    def _password(self) -> str:
        relay = self._relay
        return password(relay.password_env, self._environ) if relay.user and self._tokens is None else ""

    @contextmanager
    def _speaking(self) -> Iterator[None]:
        try:
            yield
        except SourceError:
            raise
        except OSError as error:
            self._drop()
            raise _failure(self._relay, error) from error

    def _drop(self) -> None:
        smtp, self._smtp = self._smtp, None
        if smtp is not None:
            smtp.close()


def _as_data(message: bytes) -> bytes:
    """The message as DATA wants it: a dot more before each line that begins with one, and the final dot (RFC 5321,
    4.5.2)."""
    return re.sub(rb"(?m)^\.", b"..", message) + (b"" if message.endswith(b"\r\n") else b"\r\n") + b".\r\n"


def _log_in_by_token(smtp: smtplib.SMTP, user: str, tokens: Tokens) -> None:
    """A token that should still be good and is refused is replaced once."""
    token = tokens.token()
    try:
        _xoauth2(smtp, user, token)
    except smtplib.SMTPAuthenticationError as error:
        if error.smtp_code < 500:
            raise
        _xoauth2(smtp, user, tokens.renewed(token))


def _xoauth2(smtp: smtplib.SMTP, user: str, token: str) -> None:
    """SASL XOAUTH2, as Microsoft and Google take it. A refusal comes as a challenge, which an empty line ends."""
    code, answer = smtp.docmd("AUTH", "XOAUTH2 " + base64.b64encode(sasl_xoauth2(user, token).encode()).decode())
    if code == 334:
        code, answer = smtp.docmd("")
    if code != 235:
        raise smtplib.SMTPAuthenticationError(code, answer)


def _plain(smtp: smtplib.SMTP, user: str, secret: str) -> None:
    """SASL PLAIN (RFC 4616), in UTF-8: smtplib's own login knows ASCII only."""
    code, answer = smtp.docmd("AUTH", "PLAIN " + base64.b64encode(f"\0{user}\0{secret}".encode()).decode())
    if code != 235:
        raise smtplib.SMTPAuthenticationError(code, answer)


def _own_name() -> str:
    """What EHLO says: this machine's name where it is a whole one, without asking a name server, which may be slow."""
    name = socket.gethostname()
    return name if "." in name and name.isascii() else "[127.0.0.1]"


def _failure(relay: Relay, error: OSError) -> SourceError:
    """What the operator should know of a connection that broke off or could not be made."""
    where = f"{relay.host} (port {relay.port})"
    if isinstance(error, smtplib.SMTPServerDisconnected) and isinstance(error.__context__, TimeoutError):
        error = error.__context__  # smtplib calls the one the other
    if (said := why_not_reached(relay.host, relay.port, relay.timeout_s, error)) is not None:
        return SourceUnavailable(said)
    match error:
        case ConnectionRefusedError():
            return SourceUnavailable(f"{where} refused the connection: check `host` and `port`.")
        case smtplib.SMTPConnectError() | smtplib.SMTPHeloError() | smtplib.SMTPResponseException():
            return SourceUnavailable(f"{where} takes no connections now ({max(error.smtp_code, 0)}).")
    return SourceUnavailable(f"The connection to {where} broke off.")
