"""What every way in has in common: the Adapter protocol, the values that travel, and the errors of a source.

An adapter knows its source (a mailbox, a folder, a telephone service) and nothing else: no database, no consultation,
no reader. It lists what the source shows now, and hands over the bytes of what it is asked for, with what the source
claims about them. It changes nothing at the source, unless its settings say so, and then only in ``after_commit``.
"""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, Literal, Protocol

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, ValidationInfo


@dataclass(frozen=True, slots=True)
class Listing:
    """One item that the source shows now.

    ``source_key`` is stable in its channel (``INBOX/<uidvalidity>/<uid>``, a call's SID, the path below the channel's
    folder). ``version`` changes whenever the content may have changed (a file: size and mtime in ns; IMAP: "").
    ``held`` is filled in by whoever asks for the item, where it is one that grows: the names of the further originals
    that are kept already and need not be fetched again.
    """

    source_key: str
    version: str
    held: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Further:
    """A further original of an item that grows: the recording or the transcript of a call.

    ``name`` is its own in the source (a recording's SID), and the same whenever it is fetched. ``facts`` are claims of
    the source about it.
    """

    name: str
    original: bytes | Path
    media_type: str
    facts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Arrival:
    """The bytes of one listed item, with the source's claims.

    ``original`` is the bytes, or the path of a file that holds them and that others may still change: whoever has
    copied it asks ``changed()`` afterwards, and throws the copy away if it says so. ``arrived_at`` is aware UTC, None
    if unknown, and ``arrived_basis`` one of the words of the schema's ``received_basis``. ``facts`` are further claims
    of the source. ``delivery`` is true for a file that holds many items (an export, a call log, an mbox), which is
    stored first and split afterwards. ``stamp`` is what ``stamp_of`` said of the file at ``original`` when the adapter
    looked; empty where nobody else can change it.

    An item that ``grows`` (a call) keeps its source key and gets new versions: all of them are one receipt, and what
    comes with a later one is a further original of it (its own new bytes, under the name "", and ``further``).
    ``lacks`` is one sentence, without personal data, on what of this version could not be had though it was announced:
    it is asked for again for a week.
    """

    source_key: str
    version: str
    original: bytes | Path
    media_type: str
    arrived_at: datetime | None
    arrived_basis: str
    facts: Mapping[str, str] = field(default_factory=dict)
    delivery: bool = False
    stamp: tuple[int, ...] = ()
    grows: bool = False
    further: tuple[Further, ...] = ()
    lacks: str = ""

    def changed(self) -> bool:
        """Whether the file at ``original`` is no longer the one that is meant here: a copy made of it may be another's.

        Asked after copying. True also where the file has gone; always false for bytes.
        """
        if isinstance(self.original, bytes) or not self.stamp:
            return False
        try:
            return stamp_of(self.original.lstat()) != self.stamp
        except OSError:
            return True


def stamp_of(status: os.stat_result) -> tuple[int, ...]:
    """What differs, as far as a file system can tell, once a file was written to or replaced.

    Size in bytes, mtime and ctime in ns, device and inode. The ctime can't be set back, as copying tools do with mtime.
    """
    return (status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_dev, status.st_ino)


def version_of(status: os.stat_result) -> str:
    """A file's version: size in bytes and mtime in ns, as ``1234+1690000000000000000``."""
    return f"{status.st_size}+{status.st_mtime_ns}"


@dataclass(frozen=True, slots=True)
class Missed:
    """A listed item that can't be handed over now: still being written, or not fetchable. It waits for the next run.

    A value and not an exception, because the run goes on. ``reason`` is one sentence without personal data. Whether
    the item has vanished is decided by the next listing, not here.
    """

    source_key: str
    version: str
    reason: str


class Adapter(Protocol):
    """A configured way in. One conformance suite runs on all of them."""

    def list(self) -> Iterator[Listing]:
        """Yield everything that the source shows now, whole, in a stable order.

        Raises:
            SourceError: the source can't be listed; nothing is known then, so nothing is concluded from it.
        """
        ...

    def fetch(self, listings: Sequence[Listing]) -> Iterator[Arrival | Missed]:
        """Yield exactly one value for each listing, in any order; the source stays as it was.

        Raises:
            SourceError: the source went away; what was yielded before stays valid.
        """
        ...

    def after_commit(self, source_keys: Sequence[str]) -> None:
        """Called once in a run, with every key of this adapter's listing whose item is durable, of earlier runs too.

        The only place where a source may be changed (``after = "move:…"``). What failed here, or never came to it, is
        asked for again by the next run, as long as it is still listed.

        Raises:
            SourceError: the source can't be changed as its settings say; what was received stays received.
        """
        ...

    def close(self) -> None:
        """End connections; may be called twice."""
        ...


class NeverSays(Exception):
    """A source can't say by itself that something is new: it is asked on its schedule alone."""


class Listener(Protocol):
    """Waits until a source says by itself that something is new; ``intake watch`` has one beside the schedule."""

    def wait(self, stopping: Callable[[], bool]) -> bool:
        """True once something is new, or may have come since the last wait; False soon after ``stopping()`` says so.

        Raises:
            NeverSays: this source can't say it, and waiting again is of no use.
            SourceError: the source went away; waiting again connects anew.
        """
        ...

    def close(self) -> None:
        """End the connection; may be called twice."""
        ...


@dataclass(frozen=True, slots=True)
class Outside:
    """What an adapter may touch or know outside its source: the clock (aware UTC), the environment that holds secrets,
    and since when there can be answers (``opens_at``, aware UTC, None if unknown). ``window_hours`` is given where this
    run asks only for what is so new, of a source that can tell (``AdapterKind.windowed``)."""

    clock: Callable[[], datetime]
    environ: Mapping[str, str]
    opens_at: datetime | None = None
    window_hours: int | None = None


@dataclass(frozen=True, slots=True)
class Sending:
    """What became of a message that a mail server was offered.

    ``state`` is sent (the server took it), deferred (it said no for now: 4yz of RFC 5321, 4.2.1), refused (it said no
    for good: 5yz) or unsure (the message was on its way when the connection was lost: the server may have it or not).
    ``code`` is the server's reply, 0 if there was none.
    """

    state: Literal["sent", "deferred", "refused", "unsure"]
    code: int = 0


class Sender(Protocol):
    """The way out for the few messages that the program writes itself."""

    def connect(self) -> None:
        """Be ready to send: connected and logged in.

        Raises:
            SourceError: nothing can be sent now.
        """
        ...

    def send(self, recipient: str, message: bytes) -> Sending:
        """Offer one message (ASCII, lines ended by CR LF) for one recipient.

        Raises:
            SourceError: nothing of it was sent, and nothing can be sent now.
        """
        ...

    def close(self) -> None:
        """End the connection; may be called twice."""
        ...


@dataclass(frozen=True, slots=True)
class Acknowledging:
    """How a channel acknowledges what it received, as its section says. ``sender`` is the way out.

    ``subject`` and ``text`` hold the placeholders {reference} and {title} and no others. The limits count what was
    offered to the server in any 60 s (``per_minute``) and in any 24 h (``per_day``, and to one address
    ``per_address_a_day``). ``since`` is given where messages from before it was switched on are meant too.
    """

    sender: Sender
    from_name: str
    from_address: str
    subject: str
    text: str
    per_minute: int
    per_day: int
    per_address_a_day: int
    since: date | datetime | None = None


class AdapterSettings(BaseModel):
    """The keys of an adapter's own in its ``[channels.NAME]`` section; unknown keys are refused by name."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    def split_of(self, source_key: str) -> str:  # noqa: ARG002  # for those that know other ways
        """How a scanned file of several letters is parted: ``separator``, ``none``, ``blank`` or ``every:N``."""
        return "separator"

    def transcript_wait(self) -> timedelta:
        """How long a call is kept waiting for the transcript of its recording (``transcript_wait_hours``, or a day)."""
        hours = getattr(self, "transcript_wait_hours", None)
        return timedelta(hours=24 if hours is None else hours)


@dataclass(frozen=True, slots=True)
class AdapterKind:
    """One kind of way in: what a module in ``channels/`` defines as ``KIND`` to be found.

    ``name`` is what a section of the config says as ``adapter = "…"``; ``settings`` checks that section's other keys,
    and ``build`` makes an adapter of them. It touches no source yet. ``listen`` makes a listener of a section, or None
    where there is nothing to listen to. ``acknowledging`` says how the channel acknowledges what it receives; None
    where it does not. ``windowed`` gives the hours that a listing in between may be limited to (``intake watch``), None
    where each lists the whole source. ``notices`` are sentences about a section's settings that every run repeats.
    """

    name: str
    settings: type[AdapterSettings]
    build: Callable[[Any, Outside], Adapter]  # Any: its own settings class, which differs from kind to kind
    listen: Callable[[Any, Outside], Listener | None] | None = None
    acknowledging: Callable[[Any, Outside], Acknowledging | None] | None = None
    windowed: Callable[[Any], int | None] | None = None
    notices: Callable[[Any], Sequence[str]] | None = None


def _path_given(value: object) -> object:
    if isinstance(value, str) and (not value.strip() or "\0" in value):
        raise ValueError("should be a path, in quotes")
    return value


def _beside_config(path: Path, info: ValidationInfo) -> Path:
    base = (info.context or {}).get("base")
    return path if base is None else Path(base, path.expanduser())


ConfigPath = Annotated[Path, BeforeValidator(_path_given), AfterValidator(_beside_config)]
"""A path as configured, made absolute against the folder of the config file (validation context ``base``)."""


class SourceError(Exception):
    """A source that can't be used now. The message is one sentence for an operator, without personal data.

    ``advice`` says what to do next.
    """

    advice = "Look at the source and run again."


class SourceUnavailable(SourceError):
    """Not reachable now (missing folder, no connection, cut off): the next run tries again by itself."""

    advice = "The next run tries again by itself; if this goes on, check the folder, host and network."


class SourceRefused(SourceError):
    """The source is there and says no (wrong password, no permission): somebody must act before it can work."""

    advice = "Check the user, the password's environment variable and the permissions, then run again."


class SourceChanged(SourceError):
    """The source is no longer what was configured (another mailbox, another kind of file): ask before going on."""

    advice = "Compare the configuration with the source before running again."
