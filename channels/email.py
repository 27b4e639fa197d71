"""Email: an IMAP account, or a folder of mail files. Which of the two, the section's keys say."""

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field, field_validator, model_validator

from channels.acknowledge import AcknowledgeSettings, make_acknowledging
from channels.base import (
    Acknowledging,
    Adapter,
    AdapterKind,
    AdapterSettings,
    ConfigPath,
    Listener,
    Outside,
)
from channels.folder import FolderAdapter
from channels.mailboxes import named, role_by_name
from channels.maildir import MailLayout
from channels.oauth import AUTHORITY, SCOPE, ApplicationTokens, Registration, Tokens
from channels.targets import MoveTarget

if TYPE_CHECKING:
    from channels.imap_login import Account

_PRINTABLE = r"^[^\x00-\x1f\x7f]+$"
_OF_FOLDERS = frozenset({"folder", "settle_seconds", "after", "acknowledge"})
_OF_TOKENS = (
    "tenant", "client_id", "client_secret_env", "certificate_file", "certificate_password_env", "authority",
    "authority_ca_file", "scope", "mailbox_user",
)  # fmt: skip


class EmailSettings(AdapterSettings):
    """Either ``folder``, or ``host`` with ``user`` and ``password_env`` and what else the account needs.

    ``port`` is 993, or 143 where ``tls`` is "starttls" or false. ``ca_file`` (PEM) vouches for the server instead of
    the system's authorities. ``mailboxes`` absent: all but Sent, Drafts, Outbox and the target of ``after``.
    ``timeout_s`` holds for each wait on the server. A batch ends at ``batch_messages`` or ``batch_mb`` (MB of 10**6
    bytes), whichever comes first. ``after``: the mailbox (or subfolder) that messages are moved to once received. A
    connection that breaks is made anew ``reconnect_attempts`` times in a row, first after ``reconnect_wait_s``, then
    after twice as long each time.

    ``acknowledge`` is a section of its own, beside either source; absent, nobody is written to.

    With ``auth = "oauth2"`` an application of the directory ``tenant`` logs in to the mailbox ``mailbox_user`` (or
    ``user``): ``client_id``, and ``client_secret_env`` or ``certificate_file``; see ``channels.oauth.Registration``.
    """

    folder: ConfigPath | None = None
    settle_seconds: float = Field(default=0, ge=0, le=3600)
    after: MoveTarget | None = None

    host: str | None = Field(default=None, pattern=_PRINTABLE)
    port: int | None = Field(default=None, ge=1, le=65535)
    tls: Literal["starttls"] | bool = True
    ca_file: ConfigPath | None = None
    user: str | None = Field(default=None, pattern=_PRINTABLE)
    password_env: str | None = Field(default=None, min_length=1)
    mailboxes: tuple[str, ...] | None = Field(default=None, min_length=1)
    timeout_s: float = Field(default=60, gt=0, le=3600)
    batch_mb: float = Field(default=16, gt=0, le=1000)
    batch_messages: int = Field(default=200, ge=1, le=700)  # a command line of at most 8,000 characters (RFC 7162, 4)
    reconnect_attempts: int = Field(default=4, ge=0, le=20)
    reconnect_wait_s: float = Field(default=1, ge=0, le=300)

    auth: Literal["password", "oauth2"] = "password"
    mailbox_user: str | None = Field(default=None, pattern=_PRINTABLE)
    tenant: str | None = None
    client_id: str | None = Field(default=None, pattern=_PRINTABLE)
    client_secret_env: str | None = Field(default=None, min_length=1)
    certificate_file: ConfigPath | None = None
    certificate_password_env: str | None = Field(default=None, min_length=1)
    authority: str = AUTHORITY
    authority_ca_file: ConfigPath | None = None
    scope: str = Field(default=SCOPE, pattern=_PRINTABLE)

    acknowledge: AcknowledgeSettings | None = None

    @property
    def server_port(self) -> int:
        """The port that is meant: by RFC 8314 and RFC 3501 if none is given."""
        return self.port or (993 if self.tls is True else 143)

    @property
    def registration(self) -> Registration | None:
        """The application that logs in; None if a user logs in by password."""
        if self.auth != "oauth2":
            return None
        return Registration(
            tenant=self.tenant or "",
            client_id=self.client_id or "",
            client_secret_env=self.client_secret_env,
            certificate_file=self.certificate_file,
            certificate_password_env=self.certificate_password_env,
            authority=self.authority,
            authority_ca_file=self.authority_ca_file,
            scope=self.scope,
            timeout_s=self.timeout_s,
        )

    @field_validator("tenant")
    @classmethod
    def _one_directory(cls, value: str) -> str:
        # Those that are no directory of their own can't give an application a token in its own name.
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9.-]*", value) or value in ("common", "organizations", "consumers"):
            raise ValueError("should be the directory's number, or a domain of it such as example.onmicrosoft.com")
        return value

    @field_validator("authority")
    @classmethod
    def _https(cls, value: str) -> str:
        if not re.fullmatch(r"https://[A-Za-z0-9.\[\]:-]+/?", value):
            raise ValueError(f"should be https:// and a host, such as {AUTHORITY}")
        return value.rstrip("/")

    @model_validator(mode="after")
    def _one_source(self) -> "EmailSettings":
        if (self.folder is None) == (self.host is None):
            raise ValueError(
                "folder: should be a folder of mail, or else host the IMAP server of an account; exactly one"
            )
        given = {key: value for key in self.model_fields_set if (value := getattr(self, key)) is not None}
        wrong = _wrong_in_folder(given) if self.folder is not None else _wrong_in_account(given, self.auth)
        if wrong:
            raise ValueError(wrong)
        return self

    @model_validator(mode="after")
    def _tokens_are_the_account_s(self) -> "EmailSettings":
        if self.acknowledge is not None and self.acknowledge.auth not in ("password", self.auth):
            raise ValueError('acknowledge.auth: should be "password", or the auth of the account itself')
        return self


def _wrong_in_folder(given: Mapping[str, Any]) -> str:
    if any(step in ("", ".", "..") for step in given.get("after", "x").split("/")):
        return 'after: should be "move:" and a subfolder of folder, such as "move:Taken in"'
    if account := given.keys() - _OF_FOLDERS:
        return f"{min(account)}: should stand beside host only (an IMAP account), not beside folder"
    return ""


def _wrong_in_account(given: Mapping[str, Any], auth: str) -> str:
    if "settle_seconds" in given:
        return "settle_seconds: should stand beside folder only, not beside host (an IMAP account)"
    return (_wrong_in_tokens(given) if auth == "oauth2" else _wrong_in_password(given)) or _wrong_in_target(given)


def _wrong_in_password(given: Mapping[str, Any]) -> str:
    for key in _OF_TOKENS:
        if key in given:
            return f'{key}: should stand beside auth = "oauth2" only'
    for key in ("user", "password_env"):
        if key not in given:
            return f"{key}: should be given beside host (an IMAP account)"
    return ""


def _wrong_in_tokens(given: Mapping[str, Any]) -> str:
    beside = 'auth = "oauth2"'
    if given.get("tls", True) is False:
        return f'tls: should be true or "starttls" beside {beside}, since a token is never sent without TLS'
    if "password_env" in given:
        return f"password_env: should not stand beside {beside}: a token takes the place of the password"
    for key in ("tenant", "client_id"):
        if key not in given:
            return f"{key}: should be given beside {beside}"
    if ("client_secret_env" in given) == ("certificate_file" in given):
        return f"client_secret_env: should be given beside {beside}, or else certificate_file; exactly one"
    if "certificate_password_env" in given and "certificate_file" not in given:
        return "certificate_password_env: should stand beside certificate_file only"
    if "mailbox_user" not in given and "user" not in given:
        return f"mailbox_user: should be the address of the mailbox beside {beside}"
    return ""


def _wrong_in_target(given: Mapping[str, Any]) -> str:
    """Where messages are moved to must be no place that they are taken from, and none that servers empty."""
    target = given.get("after")
    if target is None:
        return ""
    if named(target) == "INBOX" or named(target) in {named(name) for name in given.get("mailboxes", ())}:
        return "after: should name a mailbox that is not read: neither INBOX nor one of mailboxes"
    if role_by_name([target]):
        return "after: should not name a mailbox of junk or deleted mail, which servers empty by themselves"
    return ""


def build(settings: EmailSettings, outside: Outside) -> Adapter:
    """The adapter of an account or of a folder of mail."""
    if settings.folder is not None:
        return FolderAdapter(
            settings.folder, MailLayout(settings.after), outside, setting="folder",
            settle_seconds=settings.settle_seconds, taken_in=settings.after,
        )  # fmt: skip
    from channels.imap import ImapAdapter

    return ImapAdapter(_account(settings, outside), outside)


def listen(settings: EmailSettings, outside: Outside) -> Listener | None:
    """What waits for new mail in an account; a folder says nothing by itself."""
    if settings.folder is not None:
        return None
    from channels.imap_idle import ImapListener

    return ImapListener(_account(settings, outside), outside)


def _account(settings: EmailSettings, outside: Outside) -> "Account":
    from channels.imap_login import Account

    return Account(
        host=settings.host or "",
        port=settings.server_port,
        tls=settings.tls,
        ca_file=settings.ca_file,
        user=settings.mailbox_user or settings.user or "",
        password_env=settings.password_env or "",
        mailboxes=settings.mailboxes,
        timeout_s=settings.timeout_s,
        batch_bytes=int(settings.batch_mb * 1_000_000),
        batch_messages=settings.batch_messages,
        reconnect_attempts=settings.reconnect_attempts,
        reconnect_wait_s=settings.reconnect_wait_s,
        tokens=_tokens(settings, outside),
        taken_in=settings.after,
    )


def acknowledging(settings: EmailSettings, outside: Outside) -> Acknowledging | None:
    """How this channel acknowledges; None where its section has no ``acknowledge``."""
    if settings.acknowledge is None:
        return None
    return make_acknowledging(settings.acknowledge, outside, _tokens(settings, outside))


def _tokens(settings: EmailSettings, outside: Outside) -> Tokens | None:
    """The tokens of the application that logs in, over IMAP and SMTP alike; None if a user logs in by password."""
    registration = settings.registration
    return None if registration is None else ApplicationTokens(registration, outside.environ)


KIND = AdapterKind("email", EmailSettings, build, listen=listen, acknowledging=acknowledging)
