"""The one place that wires settings, adapters, storage and clock together."""

import os
import pwd
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from channels import ADAPTERS
from channels.base import Listener, Outside
from channels.clocks import file_system
from channels.names import media_type, table
from intake import config, job, standing
from intake.accounting import RunReport
from intake.crop import Crop, crop
from intake.decide import decide
from intake.errors import CommandError, NotWritten, Refused
from intake.export import Wanted, export
from intake.failures import storage_errors
from intake.filled import Rules
from intake.following import follow_tables
from intake.home import claim, make_home
from intake.learned import forms_option
from intake.learning import Learned
from intake.opening import Opening
from intake.outcomes import Desk
from intake.pictures import Pictures, find_page
from intake.places import Gazetteer
from intake.printed import form_content, learn_form, print_form, print_separators
from intake.rebuilt import follow_rebuilt
from intake.receive import ChannelRun
from intake.rereading import reread
from intake.tables import RowReader
from intake.trace import read_original, trace
from intake.typed import Taking, Typed, phone_line, take_typed
from intake.wish import Office, Person, Wish, find_target, reads_again
from storage import responses
from storage.audit import Check, audit
from storage.database import Database, LeaseHeld
from storage.originals import OriginalStore
from storage.receipts import NewOriginal, ReceiptView

if TYPE_CHECKING:
    from intake.surveymap import Proposal


def clock() -> datetime:
    """Now, aware UTC: the only clock of the program."""
    return datetime.now(UTC)


def actor() -> Person:
    """The OS user who runs the program, by the real user id: an environment variable can't pretend to be another."""
    try:
        return Person(pwd.getpwuid(os.getuid()).pw_name)
    except KeyError:
        return Person(f"uid {os.getuid()}")


def separators(path: Path, received: str, box: str, batch: str, count: int | None) -> bytes:
    """Separator sheets of a consultation as a PDF; its home and database are not touched.

    Raises:
        ConfigurationError: a key of the config is wrong.
        CommandError: what a sheet is to say is wrong.
    """
    consultation = config.load(path, {name: kind.settings for name, kind in ADAPTERS.items()}).consultation
    return print_separators(consultation, received, box, batch, count)


class App:
    """A consultation with its home, opened. A context manager: leaving it ends connections.

    Raises:
        ConfigurationError: a key is wrong, or the home belongs to another consultation.
        StorageFull, StorageUnusable: the home or the database can't be used.
    """

    clock = staticmethod(clock)

    def __init__(self, path: Path) -> None:
        adapters = {name: kind.settings for name, kind in ADAPTERS.items()}
        self._folder = path.resolve().parent
        self.settings = config.load(path, adapters)
        self.consultation = self.settings.consultation
        self.rules = Rules(self.consultation, Gazetteer.read(self.consultation.places))
        self._forms = tuple(forms_option(self.settings))
        home = self.settings.storage.home
        self.database = Database(home, self.settings.storage.database)
        self.originals = OriginalStore(home)
        self.opening = Opening(self.settings.reading, home)
        self.pictures = Pictures(home, self.originals, self.opening.readers)

    def __enter__(self) -> "App":
        with storage_errors():
            make_home(self.settings.storage.home, self.originals, file_system, time.time())
            claim(self.database, self.consultation)
        return self

    def __exit__(self, *_: object) -> None:
        self.pictures.close()
        self.database.close()

    def run(
        self, names: Sequence[str] = (), progress: job.Progress | None = None, *, window: bool = False
    ) -> RunReport:
        """One run of these channels (all of them, if none is named). With ``window`` those that can are asked only for
        what is new (see ``window_hours``).

        Raises:
            CommandError: there is no such channel.
            StorageFull, StorageUnusable: everything stopped; what was not durable did not happen.
        """
        for name in names:
            if name not in self.settings.channels:
                raise CommandError(f"--channel: should be one of {', '.join(self.settings.channels)}.")
        chosen = [name for name in self.settings.channels if not names or name in names]
        means = self.opening.means()
        speech = self.opening.speech(means)
        work = job.Job(self.database, self.originals, clock, means, progress or job.NoProgress(), speech)
        with storage_errors(), self.opening.readers(means) as pool:
            return job.run(work, {name: self._way(name, window=window) for name in chosen}, pool)

    def window_hours(self, name: str) -> int | None:
        """How far back a listing of this channel in between may go; None where each lists the whole source."""
        channel = self.settings.channels[name]
        windowed = ADAPTERS[channel.adapter].windowed
        return None if windowed is None else windowed(channel.source)

    def _desk(self, name: str) -> Desk:
        channel = self.settings.channels[name]
        return Desk(self.rules, channel, RowReader(self.rules, channel.mapping), self._forms)

    def _way(self, name: str, *, window: bool) -> job.Way:
        channel = self.settings.channels[name]
        hours = self.window_hours(name) if window else None
        kind, outside = ADAPTERS[channel.adapter], Outside(clock, os.environ, self.consultation.opens_at, hours)
        acknowledging = None if kind.acknowledging is None else kind.acknowledging(channel.source, outside)
        notices = () if kind.notices is None else tuple(kind.notices(channel.source))
        return job.Way(kind.build(channel.source, outside), self._desk(name), acknowledging, hours, notices)

    def listener(self, name: str) -> Listener | None:
        """What waits until a channel's source says that something is new; None where no source of its kind can."""
        channel = self.settings.channels[name]
        listen = ADAPTERS[channel.adapter].listen
        return None if listen is None else listen(channel.source, Outside(clock, os.environ))

    def status(self) -> dict[str, Any]:
        """The object that ``intake status --json`` prints."""
        with storage_errors(), self.database.read() as tx:
            return standing.status(tx, self.settings.channels, clock())

    def items(self, outcome: str) -> list[dict[str, Any]]:
        """The receipts with this outcome, as ``intake status --items`` prints them; of ``waiting``, what has none."""
        with storage_errors(), self.database.read() as tx:
            return standing.items(tx, outcome)

    def trace(self, typed: str) -> dict[str, Any]:
        """The object that ``intake trace --json`` prints; raises NotThere."""
        questions = self.consultation.exported_questions
        with storage_errors():
            return trace(self.database, self.originals, self.consultation.reference_prefix, questions, typed)

    def crop(self, typed: str, column: str, target: Path) -> Crop:
        """Write the picture (PNG) of the place that a field was read from.

        Raises:
            NotThere, CommandError, NoPicture: there is none (see ``crop``).
            NotWritten: the file can't be written.
        """
        questions = self.consultation.exported_questions
        with storage_errors():
            found = crop(
                self.database,
                self.originals,
                self.pictures,
                self.consultation.reference_prefix,
                questions,
                typed,
                column,
            )
        try:
            target.write_bytes(found.picture.content)
        except OSError as error:
            raise NotWritten(f"--crop: {target} can't be written: {error.strerror}.") from error
        return found

    def page_picture(
        self, typed: str, page: int, part: int | None = None, *, upright: bool = False
    ) -> tuple[bytes, str]:
        """A page (from 1) of a response's or a receipt's original as a light picture, and its media type.

        The picture is the whole page: a word's box in points, times the picture's width by that of the page, is its
        place in it; once ``upright``, ``pictures.upright_box`` says where. ``part`` tells pages of several documents in
        one message apart.

        Raises:
            NotThere: there is no such response or receipt.
            NoPicture: there is no such page, or it can't be drawn; the message says why.
        """
        with storage_errors():
            with self.database.read() as tx:
                target = find_target(tx, self.consultation.reference_prefix, typed)
                item = 0 if target.response is None else responses.load(tx, [target.response])[0].item
                found = find_page(tx, target.receipt, item, page, part, upright=upright)
            return self.pictures.page(found)

    def original(self, sha256: str) -> bytes:
        """The exact bytes of an original; raises NotThere, StorageUnusable."""
        with storage_errors():
            return read_original(self.database, self.originals, sha256)

    def export(self, target: Path, wanted: Wanted) -> int:
        """Write an export and its codebook; how many rows."""
        with storage_errors():
            return export(self.database, self.consultation, target, wanted)

    def form(self) -> bytes:
        """The reply form of the consultation, as a PDF; raises ConfigurationError if it can't be printed or read."""
        return print_form(self.consultation, self.settings.form)

    def learn_form(self, path: Path) -> Learned:
        """The layout of a printed form whose boxes somebody marked.

        Raises:
            Refused: the file can't be read as such a form, or nothing can be opened here.
        """
        content = form_content(path)
        self.opening.must_read()
        with self.opening.readers() as pool:
            return learn_form(self.consultation, pool, content, path.name)

    def map_survey(self, path: Path, channel: str, sheet: str = "", header_row: int = 1) -> "tuple[Proposal, str]":
        """How an export would be mapped, and the section of the config that says so.

        Raises:
            Refused: the file can't be read as a table, or nothing can be opened here.
        """
        # A library that compares texts, which no other command needs.
        from intake import surveymap, surveyread, surveytoml

        self.opening.must_read()
        export = surveyread.Export(path, table(path.name)[0], sheet, header_row)
        with self.opening.readers() as pool:
            proposed = surveymap.propose(self.consultation, surveyread.see_export(pool, export))
        return proposed, surveytoml.section(proposed, channel, self._as_configured(path))

    def _as_configured(self, path: Path) -> str:
        """A path as the config would name it: from its own folder, if the file lies there."""
        folder = self._folder
        full = path.resolve()
        return str(full.relative_to(folder)) if full.is_relative_to(folder) else str(full)

    def verify(self) -> list[Check]:
        """Re-check everything from stored bytes and rows."""
        with storage_errors(), self.database.read() as tx:
            return list(audit(tx, self.settings.storage.home / "originals"))

    def decide(self, typed: str, person: Person, wish: Wish) -> str:
        """Do what a person decided; one sentence that says what was done.

        Raises:
            NotThere: there is no such response or receipt.
            Refused: the rules do not allow it.
        """
        with storage_errors():
            with self.database.read() as tx:
                prefix = self.consultation.reference_prefix
                target = find_target(tx, prefix, typed, several=wish.action == "split")
            office = Office(
                self.database, self.rules, clock, self._reread, self._refollow, self._keep, self.opening.must_read
            )
            if not reads_again(wish, target.receipt):
                return decide(office, target, person, wish)
            # What is read again must not be read by a run at the same time.
            try:
                with self.database.lease(f"channel {target.receipt.channel}"):
                    return decide(office, target, person, wish)
            except LeaseHeld as held:
                channel = target.receipt.channel
                raise Refused(f"A run is working on {channel} now: try again once it has ended.") from held

    def typed(self, channel: str, person: Person, given: Mapping[str, str]) -> Typed:
        """Take in what a person typed during a call: column of the schema -> as typed.

        ``channel`` is "" for the only telephone line there is. Usable while a run works on the same channel.

        Raises:
            CommandError: there is no such channel, or it must be named.
            Refused: a value does not fit its column, or nothing was answered; nothing is kept then.
        """
        with storage_errors():
            taking = Taking(self.database, self.originals, self._desk(self.phone_line(channel)))
            return take_typed(taking, person, given, clock())

    def phone_line(self, channel: str) -> str:
        """The channel that is meant: the named one, else the only telephone line; raises CommandError."""
        return phone_line(self.settings.channels, channel)

    def _keep(self, path: str) -> NewOriginal:
        """Store a file that a person names as an original, durable before anything speaks of it.

        Raises:
            Refused: it can't be read, or is empty.
        """
        file = Path(path)
        try:
            if not file.is_file() or file.stat().st_size == 0:
                raise Refused("--value: should be a file that holds something.")
            with self.originals.batch() as batch:
                stored = batch.add(file)
                batch.commit()
        except PermissionError as error:
            raise Refused("--value: this file can't be read.") from error
        return NewOriginal(stored.sha256, stored.size, media_type(file.name))

    def _reread(self, receipt: ReceiptView, screened: bool) -> None:  # called by position, as a callable
        current = ChannelRun(receipt.channel, receipt.run_id, self.database, self.originals, clock)
        with self.opening.readers() as pool:
            desk = self._desk(receipt.channel)
            reread(current, desk, pool, receipt, screened=screened)
            follow_tables(current, desk)

    def _refollow(self, receipt: ReceiptView) -> None:
        current = ChannelRun(receipt.channel, receipt.run_id, self.database, self.originals, clock)
        follow_rebuilt(current, self.rules)
