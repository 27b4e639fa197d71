"""A real mail server on loopback (aiosmtpd) that keeps what it takes, and can refuse, hang or hang up at each stage."""

import asyncio
import base64
import email
import email.policy
import ssl
import threading
import warnings
from dataclasses import dataclass, field
from email.message import EmailMessage
from types import TracebackType
from typing import Any, Literal, Self

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from tests.support.certificates import Certificates

Stage = Literal["mail", "rcpt", "data", "content"]
HANG_UP = "hang up"
_THREAD_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Taken:
    """A message that the server took, with its envelope."""

    sender: str
    recipients: tuple[str, ...]
    options: tuple[str, ...]
    content: bytes

    @property
    def message(self) -> EmailMessage:
        return email.message_from_bytes(self.content, policy=email.policy.default)


@dataclass
class _Handler:
    """``replies``: what to say at a stage instead of yes; of a list, one after the other.

    Without slots: aiosmtpd goes through its members, which Python 3.11.2 can't do with them.
    """

    taken: list[Taken] = field(default_factory=list)
    replies: dict[Stage, str | list[str]] = field(default_factory=dict)
    logins: list[tuple[str, str]] = field(default_factory=list)
    hanging: threading.Event = field(default_factory=threading.Event)
    users: dict[str, str] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)

    def reply(self, stage: Stage) -> str:
        said = self.replies.get(stage, "")
        if isinstance(said, list):
            return said.pop(0) if said else ""
        return said

    async def handle_EHLO(  # noqa: N802  # aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        session.host_name = hostname
        return [*responses[:-1], "250-DSN", responses[-1]]

    async def handle_MAIL(self, server: SMTP, session: Session, envelope: Envelope, address: str, options: Any) -> str:  # noqa: N802  # aiosmtpd's name
        said = _hang_up(server, self.reply("mail"))
        if said:
            return said
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 OK"

    async def handle_RCPT(self, server: SMTP, session: Session, envelope: Envelope, address: str, options: Any) -> str:  # noqa: N802  # aiosmtpd's name
        said = _hang_up(server, self.reply("rcpt"))
        if said:
            return said
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802  # aiosmtpd's name
        content = envelope.content
        if not isinstance(content, bytes):
            raise TypeError("the server decodes nothing")
        said = self.reply("content")
        if said[:1] in ("4", "5"):
            return said
        options = tuple(map(str, envelope.rcpt_options))
        self.taken.append(Taken(envelope.mail_from or "", tuple(envelope.rcpt_tos), options, content))
        if said == "hang":
            self.hanging.set()
            await asyncio.sleep(600)
        return _hang_up(server, said) or "250 OK"

    def authenticate(self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any) -> AuthResult:
        if not isinstance(data, LoginPassword):
            return AuthResult(success=False, handled=False)
        user, password = data.login.decode(), data.password.decode()
        self.logins.append((mechanism, user))
        return AuthResult(success=self.users.get(user) == password, handled=False)


def _hang_up(server: SMTP, said: str) -> str:
    if said == HANG_UP and isinstance(server.transport, asyncio.Transport):
        server.transport.abort()
    return "" if said == "hang" else said


class _Server(SMTP):
    """With XOAUTH2, a refusal of the DATA command itself, and, like many servers, DSN."""

    event_handler: _Handler

    async def smtp_RCPT(self, arg: str) -> None:  # noqa: N802  # aiosmtpd's name
        bare, mark, options = arg.partition("> ")  # aiosmtpd itself takes no options here (RFC 3461)
        if self.envelope is not None and options:
            self.envelope.rcpt_options.append(options)
        await super().smtp_RCPT(f"{bare}>" if mark else arg)

    async def smtp_DATA(self, arg: str) -> None:  # noqa: N802  # aiosmtpd's name
        if said := _hang_up(self, self.event_handler.reply("data")):
            await self.push(said)
            return
        await super().smtp_DATA(arg)

    async def auth_XOAUTH2(self, server: SMTP, args: list[str]) -> AuthResult:  # noqa: N802  # aiosmtpd's name
        fields = base64.b64decode(args[1]).decode().split("\x01")
        user, token = fields[0].removeprefix("user="), fields[1].removeprefix("auth=Bearer ")
        self.event_handler.logins.append(("XOAUTH2", user))
        if self.event_handler.tokens.get(user) == token:
            return AuthResult(success=True)
        # RFC 7628 and Google: the reason as a challenge, which the client ends with an empty line.
        await self.challenge_auth(b'{"status":"401"}')
        return AuthResult(success=False, handled=False)


class MailServer:
    """Runs, in a thread of its own, inside a ``with`` block.

    ``tls``: from the first byte, by STARTTLS, or not at all; ``users`` have passwords and ``tokens`` access tokens, and
    if there are any, nobody sends without.
    """

    host = "127.0.0.1"

    def __init__(
        self,
        *,
        tls: Literal["starttls"] | bool = False,
        certificates: Certificates | None = None,
        users: dict[str, str] | None = None,
        tokens: dict[str, str] | None = None,
        offers_login: bool = True,
        port: int = 0,
    ) -> None:
        self._handler = _Handler(users=users or {}, tokens=tokens or {})
        context = None
        if certificates is not None:
            context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            context.load_cert_chain(certificates.certificate, certificates.key)
        must = bool(users or tokens)
        settings: dict[str, Any] = {
            "auth_required": must, "auth_require_tls": not offers_login, "authenticator": self._handler.authenticate,
            "hostname": "mail.test", "require_starttls": tls == "starttls",
        }  # fmt: skip
        if tls == "starttls":
            settings["tls_context"] = context

        self._settings = settings
        self._ssl = context if tls is True else None
        self.port = port
        self._ready = threading.Event()
        self._failure: OSError | None = None
        self._thread = threading.Thread(target=self._run, name="test-mail-server", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        if not self._ready.wait(_THREAD_SECONDS) or self._failure is not None:
            raise RuntimeError("the mail server did not start") from self._failure
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(_THREAD_SECONDS)

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except OSError as error:
            self._failure = error
        finally:
            self._ready.set()

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._stop = asyncio.Event()
        server = await self._loop.create_server(self._connection, self.host, self.port, ssl=self._ssl)
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        await self._stop.wait()
        server.close()

    def _connection(self) -> SMTP:
        with warnings.catch_warnings(action="ignore"):  # aiosmtpd's about passwords without TLS: they are made up
            return _Server(self._handler, **self._settings)

    @property
    def taken(self) -> list[Taken]:
        return self._handler.taken

    @property
    def logins(self) -> list[tuple[str, str]]:
        return self._handler.logins

    @property
    def hanging(self) -> threading.Event:
        """Set once a message has come in whole and the server, asked to hang, says nothing to it."""
        return self._handler.hanging

    def answer(self, stage: Stage, said: str | list[str]) -> None:
        """What to say at this stage from now on: a reply line, ``HANG_UP``, or "hang" (content only); "" for yes."""
        self._handler.replies[stage] = said
