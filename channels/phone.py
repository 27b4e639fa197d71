"""The phone line: the log that call handlers keep (one file or a folder of them), or a Twilio account."""

import re
from collections.abc import Mapping, Sequence
from ipaddress import ip_address
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, field_validator, model_validator

from channels.base import Adapter, AdapterKind, AdapterSettings, ConfigPath, Outside
from channels.folder import FolderAdapter
from channels.layout import PlainLayout
from channels.names import table

_OF_LOGS = frozenset({"log", "settle_seconds"})
_NEEDED = ("account_sid_env", "auth_token_env", "numbers")
_TAKEN = (
    "Recordings of calls and their transcripts are taken from the telephone service here, as `recordings = true` says."
)


def _e164(value: str) -> str:
    if not re.fullmatch(r"\+[1-9][0-9]{6,14}", value):  # ITU-T E.164: at most 15 digits
        raise ValueError("should be a number with + and the country's code, without spaces, such as +441603223762")
    return value


class PhoneSettings(AdapterSettings):
    """Either ``log`` (a file, or a folder and all folders below), or a Twilio account: ``account_sid_env`` and
    ``auth_token_env`` name the environment variables that hold its SID and token, ``numbers`` are the consultation's.

    ``recordings``: whether recordings of calls and their transcripts are taken, too. A call whose recording has no
    transcript after ``transcript_wait_hours`` waits for a person to type one. ``window_hours``: how far a listing of
    ``intake watch`` in between goes back; 0: each goes back to the opening. ``timeout_s`` holds for each wait on the
    service. What fails is asked for again ``retry_attempts`` times, first after ``retry_wait_s``, then after twice as
    long each time. ``base_url`` (for tests): scheme and host that take the place of the service's.
    """

    log: ConfigPath | None = None
    settle_seconds: float = Field(default=0, ge=0, le=3600)

    account_sid_env: str | None = Field(default=None, min_length=1)
    auth_token_env: str | None = Field(default=None, min_length=1)
    numbers: tuple[Annotated[str, AfterValidator(_e164)], ...] = ()
    base_url: str | None = None
    recordings: bool = False
    transcript_wait_hours: float = Field(default=24, ge=0, le=720)
    window_hours: int = Field(default=72, ge=0, le=8760)
    timeout_s: float = Field(default=30, gt=0, le=600)
    retry_attempts: int = Field(default=5, ge=0, le=20)
    retry_wait_s: float = Field(default=1, ge=0, le=60)

    @field_validator("base_url")
    @classmethod
    def _host_alone(cls, value: str) -> str:
        parts = urlsplit(value)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.path.strip("/") or "?" in value:
            raise ValueError("should be a scheme and a host, such as http://127.0.0.1:8080")
        if parts.scheme == "http" and not _is_here(parts.hostname):
            raise ValueError("should begin with https:// unless it is this machine: the token goes with each request")
        return value.rstrip("/")

    @model_validator(mode="after")
    def _one_source(self) -> "PhoneSettings":
        given = {key: getattr(self, key) for key in self.model_fields_set}
        if ("log" in given) == bool(given.keys() - _OF_LOGS):
            of_account = min(given.keys() - _OF_LOGS, default="")
            raise ValueError(
                f"{of_account}: should not stand beside log: a channel is a log or a Twilio account" if of_account else
                "log: should be the file or folder of a call log, or else account_sid_env the variable that holds the "
                "SID of a Twilio account; exactly one"
            )  # fmt: skip
        if "log" not in given:
            _check_account(given)
        return self


def _check_account(given: Mapping[str, Any]) -> None:
    for key in _NEEDED:
        if not given.get(key):
            what = "should list the consultation's numbers" if key == "numbers" else "should be given"
            raise ValueError(f"{key}: {what} for a Twilio account")
    if len(set(given["numbers"])) < len(given["numbers"]):
        raise ValueError("numbers: should list each number once")
    if "settle_seconds" in given:
        raise ValueError("settle_seconds: should stand beside log only")


def _is_here(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def build(settings: PhoneSettings, outside: Outside) -> Adapter:
    """The adapter of a call log or of an account. A log's file time stands in until each row gives its own."""
    if settings.log is not None:
        return FolderAdapter(
            settings.log, PlainLayout(table), outside, setting="log", settle_seconds=settings.settle_seconds,
            order="time",
        )  # fmt: skip
    from channels.twilio_account import TwilioAdapter
    from channels.twilio_http import Account

    account = Account(
        account_sid_env=settings.account_sid_env or "", auth_token_env=settings.auth_token_env or "",
        numbers=frozenset(settings.numbers), recordings=settings.recordings, base_url=settings.base_url,
        timeout_s=settings.timeout_s, retry_attempts=settings.retry_attempts, retry_wait_s=settings.retry_wait_s,
    )  # fmt: skip
    return TwilioAdapter(account, outside)


def windowed(settings: PhoneSettings) -> int | None:
    """The hours that a listing in between goes back; None where each lists everything."""
    return settings.window_hours or None if settings.log is None else None


def notices(settings: PhoneSettings) -> Sequence[str]:
    """That recordings are taken is said by every run: it is a decision about people's privacy."""
    return [_TAKEN] if settings.recordings else []


KIND = AdapterKind("phone", PhoneSettings, build, windowed=windowed, notices=notices)
