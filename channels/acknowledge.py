"""The section ``[channels.NAME.acknowledge]``: by which server, in which words, how often. Off where it is absent."""

import re
from datetime import date, datetime
from string import Formatter
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from channels.base import Acknowledging, AdapterSettings, ConfigPath, Outside
from channels.oauth import Tokens
from channels.smtp import Relay, SmtpSender

_PRINTABLE = r"^[^\x00-\x1f\x7f]+$"
_ADDRESS = r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+"  # RFC 5321's Mailbox, unquoted
_MAILBOX = re.compile(rf"(?:(?P<name>[^<>\"\x00-\x1f\x7f]{{1,60}}?)\s*<(?P<inner>{_ADDRESS})>|(?P<bare>{_ADDRESS}))")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")
PLACEHOLDERS = ("reference", "title")

SUBJECT = "We have received your response ({reference})"
TEXT = """\
Thank you. We have received your response to the consultation "{title}".

Its reference is {reference}. Please quote it if you write to us about it.

This message was sent automatically. There is no need to answer it.
"""


def _only_ours(template: str) -> str:
    """A template without any placeholder but ours: what else stands in braces would fail, or show what it must not."""
    try:
        pieces = list(Formatter().parse(template))
    except ValueError as error:
        raise ValueError("should have { and } only around reference and title; a brace itself is {{ or }}") from error
    for _, name, form, conversion in pieces:
        if name is not None and (name not in PLACEHOLDERS or form or conversion):
            raise ValueError("should have no placeholders but {reference} and {title}")
    return template


def _plain(text: str) -> str:
    if _CONTROL.search(text):
        raise ValueError("should have no control characters but line breaks and tabs")
    return text


def _with_reference(text: str) -> str:
    if not any(name == "reference" for _, name, _, _ in Formatter().parse(text)):
        raise ValueError("should tell the {reference}")
    return text


def _mailbox(value: str) -> str:
    if not _MAILBOX.fullmatch(value):
        raise ValueError('should be an address, or a name and an address, such as "The team <team@example.org>"')
    return value


def _date_or_instant(value: object) -> object:
    if not isinstance(value, date) or (isinstance(value, datetime) and value.tzinfo is None):
        raise ValueError("should be a date such as 2011-04-18, or an instant with offset (without quotes)")
    return value


class AcknowledgeSettings(AdapterSettings):
    """The mail server that takes our replies, their words, and the limits.

    ``port`` is 465, or 587 where ``tls`` is "starttls", or 25 where it is false. ``ca_file`` (PEM) vouches for the
    server instead of the system's authorities. ``user`` and ``password_env`` are left out for a relay that knows this
    machine. ``auth`` = "oauth2" logs in as ``user`` with the tokens of the account itself. ``envelope`` is what the
    server is told as the sender: "null" (RFC 3834, 3.3: so nothing answers to it) or, for servers that refuse that,
    "from". ``since``: messages that arrived from then on are meant too, even if this was switched on later.
    """

    host: Annotated[str, Field(pattern=_PRINTABLE)]
    port: int | None = Field(default=None, ge=1, le=65535)
    tls: Literal["starttls"] | bool = True
    ca_file: ConfigPath | None = None
    user: str | None = Field(default=None, pattern=_PRINTABLE)
    password_env: str | None = Field(default=None, min_length=1)
    auth: Literal["password", "oauth2"] = "password"
    timeout_s: float = Field(default=60, gt=0, le=3600)
    sender: Annotated[str, AfterValidator(_mailbox)] = Field(alias="from")
    envelope: Literal["null", "from"] = "null"
    subject: Annotated[
        str, Field(pattern=_PRINTABLE, max_length=200), AfterValidator(_plain), AfterValidator(_only_ours)
    ] = SUBJECT
    text: Annotated[
        str, Field(max_length=10_000), AfterValidator(_plain), AfterValidator(_only_ours),
        AfterValidator(_with_reference),
    ] = TEXT  # fmt: skip
    per_minute: int = Field(default=30, ge=1, le=10_000)
    per_day: int = Field(default=2000, ge=1, le=1_000_000)
    per_address_a_day: int = Field(default=3, ge=1, le=100)
    since: Annotated[date | datetime | None, BeforeValidator(_date_or_instant)] = None

    @model_validator(mode="after")
    def _login_is_whole(self) -> "AcknowledgeSettings":
        if self.auth == "oauth2":
            if self.user is None:
                raise ValueError('user: should be given beside auth = "oauth2"')
            if self.password_env is not None:
                raise ValueError('password_env: should not stand beside auth = "oauth2"')
            if self.tls is False:
                raise ValueError('tls: should be true or "starttls" beside auth = "oauth2"')
        elif (self.user is None) != (self.password_env is None):
            missing = "user" if self.user is None else "password_env"
            raise ValueError(f"{missing}: should be given too; user and password_env stand together, or neither does")
        return self

    @property
    def server_port(self) -> int:
        """The port that is meant: of RFC 8314 (465), RFC 6409 (587) or RFC 5321 (25) if none is given."""
        return self.port or {True: 465, "starttls": 587, False: 25}[self.tls]


def make_acknowledging(settings: AcknowledgeSettings, outside: Outside, tokens: Tokens | None) -> Acknowledging:
    """How a channel acknowledges. It touches no server yet."""
    found = _MAILBOX.fullmatch(settings.sender)
    assert found is not None  # noqa: S101  # checked when the section was read
    address = found["inner"] or found["bare"]
    relay = Relay(
        host=settings.host,
        port=settings.server_port,
        tls=settings.tls,
        ca_file=settings.ca_file,
        user=settings.user or "",
        password_env=settings.password_env or "",
        envelope=address if settings.envelope == "from" else "",
        timeout_s=settings.timeout_s,
    )
    return Acknowledging(
        sender=SmtpSender(relay, outside.environ, tokens),
        from_name=(found["name"] or "").strip(),
        from_address=address,
        subject=settings.subject,
        text=settings.text,
        per_minute=settings.per_minute,
        per_day=settings.per_day,
        per_address_a_day=settings.per_address_a_day,
        since=settings.since,
    )
