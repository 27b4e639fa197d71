"""Email: an IMAP account, or a folder of mail files. Which of the two, the section's keys say."""

from typing import Literal

from pydantic import Field, model_validator

from channels.acknowledge import AcknowledgeSettings, make_acknowledging
from channels.base import Acknowledging, Adapter, AdapterKind, AdapterSettings, ConfigPath, NotYet, Outside
from channels.folder import FolderAdapter
from channels.maildir import MailLayout

_PRINTABLE = r"^[^\x00-\x1f\x7f]+$"


class EmailSettings(AdapterSettings):
    """Either ``folder``, or ``host`` with ``user`` and ``password_env`` and what else the account needs.

    ``port`` is 993, or 143 where ``tls`` is "starttls" or false. ``ca_file`` (PEM) vouches for the server instead of
    the system's authorities. ``mailboxes`` absent: all but Sent, Drafts and Outbox. ``timeout_s`` holds for each wait
    on the server. A batch ends at ``batch_messages`` or ``batch_mb`` (MB of 10**6 bytes), whichever comes first.
    ``acknowledge`` is a section of its own, beside either; absent, nobody is written to.
    """

    folder: ConfigPath | None = None
    settle_seconds: float = Field(default=0, ge=0, le=3600)

    host: str | None = Field(default=None, pattern=_PRINTABLE)
    port: int | None = Field(default=None, ge=1, le=65535)
    tls: Literal["starttls"] | bool = True
    ca_file: ConfigPath | None = None
    user: str | None = Field(default=None, pattern=_PRINTABLE)
    password_env: str | None = Field(default=None, min_length=1)
    auth: Literal["password"] = "password"
    mailboxes: tuple[str, ...] | None = Field(default=None, min_length=1)
    timeout_s: float = Field(default=60, gt=0, le=3600)
    batch_mb: float = Field(default=16, gt=0, le=1000)
    batch_messages: int = Field(default=200, ge=1, le=700)  # a command line of at most 8,000 characters (RFC 7162, 4)
    mailbox_user: NotYet = None
    after: NotYet = None

    acknowledge: AcknowledgeSettings | None = None

    @property
    def server_port(self) -> int:
        """The port that is meant: by RFC 8314 and RFC 3501 if none is given."""
        return self.port or (993 if self.tls is True else 143)

    @model_validator(mode="after")
    def _one_source(self) -> "EmailSettings":
        if (self.folder is None) == (self.host is None):
            raise ValueError(
                "folder: should be a folder of mail, or else host the IMAP server of an account; exactly one"
            )
        given = self.model_fields_set
        if self.folder is not None:
            account = given - {"folder", "settle_seconds", "acknowledge"}
            if account:
                raise ValueError(f"{min(account)}: should stand beside host only (an IMAP account), not beside folder")
            return self
        if "settle_seconds" in given:
            raise ValueError("settle_seconds: should stand beside folder only, not beside host (an IMAP account)")
        for key in ("user", "password_env"):
            if getattr(self, key) is None:
                raise ValueError(f"{key}: should be given beside host (an IMAP account)")
        return self

    @model_validator(mode="after")
    def _tokens_are_the_account_s(self) -> "EmailSettings":
        if self.acknowledge is not None and self.acknowledge.auth not in ("password", self.auth):
            raise ValueError('acknowledge.auth: should be "password", or the auth of the account itself')
        return self


def build(settings: EmailSettings, outside: Outside) -> Adapter:
    """The adapter of an account or of a folder of mail."""
    if settings.folder is not None:
        return FolderAdapter(
            settings.folder, MailLayout(), outside, setting="folder", settle_seconds=settings.settle_seconds
        )
    from channels.imap import ImapAdapter
    from channels.imap_session import Account

    account = Account(
        host=settings.host or "",
        port=settings.server_port,
        tls=settings.tls,
        ca_file=settings.ca_file,
        user=settings.user or "",
        password_env=settings.password_env or "",
        mailboxes=settings.mailboxes,
        timeout_s=settings.timeout_s,
        batch_bytes=int(settings.batch_mb * 1_000_000),
        batch_messages=settings.batch_messages,
    )
    return ImapAdapter(account, outside)


def acknowledging(settings: EmailSettings, outside: Outside) -> Acknowledging | None:
    """How this channel acknowledges; None where its section has no ``acknowledge``."""
    if settings.acknowledge is None:
        return None
    tokens = None  # where the account's own tokens (auth = "oauth2") come from belongs here
    return make_acknowledging(settings.acknowledge, outside, tokens)


KIND = AdapterKind("email", EmailSettings, build, acknowledging)
