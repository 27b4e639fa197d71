"""config.toml -> typed, frozen settings. An error names the key and what would be right.

A channel's section has keys that every channel has (``ChannelSettings``); all others are its adapter's own.
"""

import tomllib
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

from channels.base import AdapterSettings, ConfigPath
from intake.checked import checked, time_zone
from intake.errors import ConfigurationError
from intake.mapping import MAPPING_KEYS, RowMapping, mapping_of
from storage.database import is_url
from storage.schema import Response

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def _interval(value: object) -> timedelta:
    text = str(value)
    number = text[:-1]
    if number.isascii() and number.isdigit() and len(number) < 7 and text[-1:] in _UNITS and int(number) > 0:
        return timedelta(**{_UNITS[text[-1]]: int(number)})
    raise ValueError("should be a number and a unit s, m, h or d, such as 5m")


class _Settings(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)


class Question(_Settings):
    """One question. The answers to a monitoring question are kept apart and never exported."""

    id: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]+$")]
    text: str
    kind: Literal["text", "choice", "choices"]
    options: tuple[str, ...] = ()
    monitoring: bool = False

    @model_validator(mode="after")
    def _choices_have_options(self) -> "Question":
        if self.kind != "text" and not self.options:
            raise ValueError(f"options: a question of kind {self.kind} should list its options")
        return self


class Consultation(_Settings):
    """One public question. ``opens_at`` and ``closes_at`` bound it as aware UTC instants, half-open."""

    id: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]
    title: str
    opens: date | datetime
    closes: date | datetime
    timezone: Annotated[ZoneInfo, BeforeValidator(time_zone)]
    reference_prefix: Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9]{0,9}$")]
    roles: tuple[str, ...] = ()
    places: ConfigPath | None = None
    own_contacts: tuple[str, ...] = ()
    required: tuple[str, ...] = ()
    questions: tuple[Question, ...] = ()

    @field_validator("opens", "closes", mode="before")
    @classmethod
    def _date_or_instant(cls, value: object) -> object:
        if not isinstance(value, date) or (isinstance(value, datetime) and value.tzinfo is None):
            raise ValueError("should be a date such as 2011-04-18, or an instant with offset (without quotes)")
        return value

    @field_validator("required")
    @classmethod
    def _columns(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if unknown := set(value) - set(Response.model_fields):
            raise ValueError(f"{min(unknown)!r} should be a column of the schema, such as postcode")
        return value

    @model_validator(mode="after")
    def _in_order(self) -> "Consultation":
        try:
            in_order = self.opens_at < self.closes_at
        except OverflowError as error:
            raise ValueError("closes: should be a date before 9999") from error
        if not in_order:
            raise ValueError("closes: should be after opens")
        if len({q.id for q in self.questions}) < len(self.questions):
            raise ValueError("questions: each question should have an id of its own")
        return self

    @property
    def opens_at(self) -> datetime:
        """The first instant, UTC."""
        return self._instant(self.opens, timedelta(0))

    @property
    def closes_at(self) -> datetime:
        """The first instant that is too late, UTC: for a date, the midnight that ends it in the consultation's zone."""
        return self._instant(self.closes, timedelta(days=1))

    def noon(self, day: date) -> datetime:
        """The instant that stands for a day of which no time is known: 12:00 in the consultation's zone, UTC."""
        return datetime.combine(day, time(12), self.timezone).astimezone(UTC)

    def instant(self, value: date | datetime) -> datetime:
        """An instant as configured, or the first one of a date in the consultation's zone, UTC."""
        return self._instant(value, timedelta(0))

    def _instant(self, value: date | datetime, shift: timedelta) -> datetime:
        if isinstance(value, datetime):
            return value.astimezone(UTC)
        return datetime.combine(value + shift, time(), self.timezone).astimezone(UTC)

    @property
    def closing_day(self) -> date:
        """The last day in time, in the consultation's zone."""
        return (self.closes_at - timedelta(microseconds=1)).astimezone(self.timezone).date()

    @property
    def exported_questions(self) -> list[str]:
        """The ids of the questions that have a column, in order."""
        return [q.id for q in self.questions if not q.monitoring]


class Storage(_Settings):
    """Where things are kept. ``database`` is "" for SQLite in the home, or a PostgreSQL URL."""

    home: ConfigPath = Field(default=Path("var"), validate_default=True)
    database: Annotated[str, Field(pattern=r"^(postgresql\+psycopg://.*)?$")] = ""

    @field_validator("database")
    @classmethod
    def _is_url(cls, value: str) -> str:
        if value and not is_url(value):
            raise ValueError("should be a URL such as postgresql+psycopg://user@host:5432/name")
        return value


class Reading(_Settings):
    """How untrusted bytes are opened. ``forms`` are the layouts of learned reply forms (``intake form --learn``).
    ``speech_command`` is the program that transcribes recordings, with its arguments, and ``speech_seconds`` how long
    it may take over one."""

    sandbox: Literal["require", "auto"] = "require"
    processes: Annotated[int, Field(ge=1, le=256)] | None = None
    memory_mb: Annotated[int, Field(ge=512)] = 2048
    seconds_per_item: Annotated[int, Field(ge=1)] = 120
    forms: tuple[ConfigPath, ...] = ()
    speech_command: tuple[Annotated[str, Field(min_length=1, pattern=r"^[^\x00]*$")], ...] = ()
    speech_seconds: Annotated[int, Field(ge=1, le=86_400)] = 600


_About = Literal["name", "organisation", "address", "postcode", "email", "phone", "consent_to_publish"]


class FormSettings(_Settings):
    """The reply form: what it asks of the respondent beside the questions, in order."""

    about: tuple[_About, ...] = ("name", "address", "postcode", "consent_to_publish")


_Sender = Annotated[str, Field(pattern=r"^.*@.+$")]
_SENDERS = ("forwarders", "scanners", "voicemail")


class ChannelSettings(_Settings):
    """A configured way in: what all channels have in common, and the adapter's own settings.

    Three lists name senders (an address, or its end) that are never the respondent: ``forwarders`` pass on messages,
    ``scanners`` send letters as PDFs or pictures, ``voicemail`` sends recordings.
    """

    name: str
    adapter: str
    every: Annotated[timedelta, BeforeValidator(_interval)] = timedelta(minutes=5)
    forwarders: tuple[_Sender, ...] = ()
    scanners: tuple[_Sender, ...] = ()
    voicemail: tuple[_Sender, ...] = ()
    mapping: RowMapping = RowMapping()
    source: AdapterSettings


class Settings(_Settings):
    """Everything that config.toml says."""

    consultation: Consultation
    storage: Storage
    reading: Reading
    form: FormSettings = FormSettings()
    channels: dict[str, ChannelSettings]


def load(path: Path, adapters: Mapping[str, type[AdapterSettings]]) -> Settings:
    """Read and check a config file. ``adapters`` gives each adapter's settings model by the adapter's name.

    Raises:
        ConfigurationError: the file is missing, is no TOML, or a key is wrong (named, with what would be right).
    """
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise ConfigurationError(f"The config file {path} can't be read: {error.strerror}.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"The config file {path} is not valid TOML: {error}.") from error
    base = path.resolve().parent
    if unknown := set(raw) - {"consultation", "storage", "reading", "form", "channels"}:
        raise ConfigurationError(f"{min(unknown)}: is no section of the config file.")
    consultation = checked(Consultation, raw.get("consultation", {}), "consultation", base)
    sections = raw.get("channels") or {}
    if not isinstance(sections, dict):
        raise ConfigurationError("channels: should be sections, [channels.NAME].")
    if not sections:
        raise ConfigurationError("channels: at least one [channels.NAME] section should be there.")
    return Settings(
        consultation=consultation,
        storage=checked(Storage, raw.get("storage", {}), "storage", base),
        reading=checked(Reading, raw.get("reading", {}), "reading", base),
        form=checked(FormSettings, raw.get("form", {}), "form", base),
        channels={name: _channel(name, section, adapters, consultation, base) for name, section in sections.items()},
    )


def _channel(
    name: str, section: object, adapters: Mapping[str, type[AdapterSettings]],
    consultation: Consultation, base: Path,
) -> ChannelSettings:  # fmt: skip
    where = f"channels.{name}"
    if not isinstance(section, dict):
        raise ConfigurationError(f"{where}: should be a section, [channels.{name}].")
    adapter = str(section.get("adapter"))
    if adapter not in adapters:
        raise ConfigurationError(f"{where}.adapter: should be one of {', '.join(sorted(adapters))}.")
    common = {k: section[k] for k in ("every", *_SENDERS) if k in section}
    mapping = mapping_of(section, where, [q.id for q in consultation.questions], base)
    taken = {"adapter", "every", *_SENDERS, *MAPPING_KEYS}
    source = checked(adapters[adapter], {k: v for k, v in section.items() if k not in taken}, where, base)
    return checked(
        ChannelSettings, {**common, "name": name, "adapter": adapter, "mapping": mapping, "source": source}, where, base
    )
