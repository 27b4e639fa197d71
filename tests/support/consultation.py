"""A consultation in a folder of its own: a test fills its sources, runs the program on it, and reads what it kept.

The program runs inside the test's process (``intake.app.App``), or as a command of its own where exit code, stdout and
stderr are what matters. Times of files are set only where a test sets them: everything else has its date inside.
"""

import csv
import io
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, Self
from unittest.mock import patch

from PIL import Image, ImageDraw, ImageFont
from reportlab.lib.pagesizes import A4
from reportlab.pdfgen.canvas import Canvas
from sqlalchemy import text

import intake.app
from intake.app import App
from intake.export import Profile, Wanted
from intake.reading import bubblewrap
from intake.wish import Action, Person, Wish
from tests.support.dovecot import Mailbox

ROOT = Path(intake.app.__file__).resolve().parent.parent
SAMPLES = ROOT / "samples"
ACCOUNT = ("read", "repeats", "set_aside", "quarantined", "pending")
"""The outcomes whose sum is the number of receipts."""

CONFIG = """\
[consultation]
id = "test"
title = "A consultation of the tests"
opens = 2011-01-24
closes = 2011-04-18
timezone = "Europe/London"
reference_prefix = "TST"
roles = ["parent", "carer", "other"]
places = "places.csv"
own_contacts = ["office@council.example", "NR1 2DL"]

[[consultation.questions]]
id = "structure"
text = "What do you think?"
kind = "text"

[[consultation.questions]]
id = "agree"
text = "Do you agree?"
kind = "choice"
options = ["Yes", "No"]

[[consultation.questions]]
id = "background"
text = "What is your background?"
kind = "choice"
options = ["This", "That"]
monitoring = true

[storage]
home = "var"
database = "DATABASE"

[reading]
sandbox = "auto"
processes = 1

[channels.email]
adapter = "email"
folder = "inbox"
forwarders = ["@council.example"]

[channels.letters]
adapter = "letters"
folder = "letters"
settle_seconds = 0

[channels.phone]
adapter = "phone"
log = "calls"
columns.received_at = ["Date", "Time"]
columns.text = "Said"

[channels.survey]
adapter = "survey"
exports = "survey"
id_column = "ID"
submitted_column = "When"
"""
PLACES = "code,name,aliases,district\nC1,Watton,,Breckland\nC2,Dereham Central,Dereham,Breckland\n"
SURVEY = ("ID", "When", "What do you think?", "Do you agree?")
CALLS = ("Date", "Time", "Said")


@dataclass(frozen=True, slots=True)
class Done:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


class Consultation:
    """A config file with its sources and its home, all in ``folder``.

    ``database`` is "" for SQLite. ``home`` is one to begin with, which is copied.
    """

    def __init__(self, folder: Path, database: str = "", config: str = CONFIG, home: Path | None = None) -> None:
        self.folder = folder
        self.database = database
        self.path = folder / "config.toml"
        for name in ("inbox", "letters", "calls", "survey"):
            (folder / name).mkdir(parents=True, exist_ok=True)
        (folder / "places.csv").write_text(PLACES)
        if home is not None:
            shutil.copytree(home, self.home)
        self.path.write_text(config.replace('database = "DATABASE"', f'database = "{database}"'))

    @classmethod
    def of_samples(cls, folder: Path, database: str = "") -> Self:
        """The sample consultation, whole, with the home and the database of a test."""
        shutil.copytree(SAMPLES, folder / "samples")
        config = (ROOT / "config.toml").read_text()
        made = cls(folder, database, config)
        made.configure('database = ""', f'database = "{database}"')
        made.configure("settle_seconds = 1 ", "settle_seconds = 0 ")
        return made

    @property
    def home(self) -> Path:
        return self.folder / "var"

    @property
    def sqlite(self) -> Path:
        return self.home / "intake.sqlite3"

    def configure(self, old: str, new: str) -> None:
        """Change a line of the config; it must be there."""
        config = self.path.read_text()
        if old not in config:
            raise ValueError(f"the config has no {old!r}")
        self.path.write_text(config.replace(old, new, 1))

    @contextmanager
    def nothing_opened(self) -> Iterator[None]:
        """While this lasts, a sandbox is required and there is none: all is received, and nothing is read."""
        self.configure('sandbox = "auto"', 'sandbox = "require"')
        with patch.object(bubblewrap, "PROGRAM", "no-bwrap"):
            yield
        self.configure('sandbox = "require"', 'sandbox = "auto"')

    def read_mail_from(self, mailbox: Mailbox, port: int | None = None) -> None:
        """Make the email channel an IMAP account; the password is expected in TEST_PASSWORD. ``port``: of a proxy."""
        account = f'''host = "{mailbox.host}"
port = {port or mailbox.port}
tls = false
timeout_s = 20
reconnect_wait_s = 0
user = "{mailbox.user}"
password_env = "TEST_PASSWORD"'''
        self.configure('folder = "inbox"', account)

    def copy(self, folder: Path) -> "Consultation":
        """The same consultation with all that it has kept, somewhere else; of SQLite only."""
        shutil.copytree(self.folder, folder, dirs_exist_ok=True)
        return Consultation(folder, self.database, self.path.read_text())

    # --- filling the sources

    def put(self, name: str, content: bytes | str, at: datetime | None = None) -> bytes:
        """Write a file below the folder, if asked with a time of its own, and return its bytes."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        made = content.encode() if isinstance(content, str) else content
        path.write_bytes(made)
        if at is not None:
            os.utime(path, (at.timestamp(), at.timestamp()))
        return made

    def mail(self, name: str, body: str = "Keep it open.", at: datetime | None = None, **fields: str) -> bytes:
        """Put a message of this body into the inbox; see ``message``."""
        return self.put(f"inbox/{name}", message(body, **fields), at)

    def mbox(self, name: str, *messages: bytes) -> bytes:
        """Put an mbox of these messages into the inbox."""
        stamp = b"From resident@example.org Tue Mar  1 10:00:00 2011\n"
        content = b"".join(stamp + m.replace(b"\r\n", b"\n").rstrip(b"\n") + b"\n\n" for m in messages)
        return self.put(f"inbox/{name}", content)

    def survey(self, name: str, *rows: Sequence[str], at: datetime | None = None) -> bytes:
        """Put an export of these rows (id, submitted, answer, choice) into the folder of exports."""
        return self.put(f"survey/{name}", table(SURVEY, rows), at)

    def calls(self, name: str, *rows: Sequence[str], at: datetime | None = None) -> bytes:
        """Put a log of these rows (date, time, said) into the folder of logs."""
        return self.put(f"calls/{name}", table(CALLS, rows), at)

    # --- running

    @contextmanager
    def app(self) -> Iterator[App]:
        """The program, opened on this consultation."""
        with App(self.path) as app:
            yield app

    def run(self, *channels: str) -> dict[str, Any]:
        """One run; the object that ``intake run --json`` prints."""
        with self.app() as app:
            return app.run(channels).as_json()

    def takes(self, channel: str, **wanted: int) -> dict[str, Any]:
        """One run of one channel, which must balance, add up, and show these counts; its counts."""
        with self.app() as app:
            before = sum(app.status()["channels"][channel][name] for name in ACCOUNT)
        report = self.run(channel)
        account: dict[str, Any] = report["channels"][channel]
        found = {name: account[name] for name in wanted}
        if found != wanted:
            raise AssertionError(f"{channel}: {found}, wanted {wanted}; all of it: {account}")
        if not report["balanced"] or account["unknown"] != 0 or account["error"] is not None:
            raise AssertionError(f"{channel} does not balance: {account}")
        if before + account["received"] != sum(account[name] for name in ACCOUNT):
            raise AssertionError(f"{channel} does not add up: {before} receipts before, and {account}")
        return account

    def command(self, *arguments: str | Path, stdin: bytes = b"", **environment: str) -> Done:
        """Run the program as a command of its own, as users do."""
        done = subprocess.run(
            self.command_line(*arguments),
            input=stdin,
            capture_output=True,
            cwd=self.folder,
            env={**os.environ, **environment},
            timeout=300,
            check=False,
        )
        return Done(done.returncode, done.stdout.decode(), done.stderr.decode())

    def command_line(self, *arguments: str | Path) -> list[str]:
        """The words of a command on this consultation."""
        return [sys.executable, "-P", "-m", "intake", "--config", str(self.path), *map(str, arguments)]

    # --- deciding

    def decide(self, target: object, action: Action, value: str = "", reason: str = "", by: str = "ann") -> str:
        """What a person decides about a reference or a receipt's number."""
        with self.app() as app:
            return app.decide(str(target), Person(by), Wish(action, value, reason))

    # --- looking at what is kept

    def export(self, *, everything: bool = False, profile: Profile = "full") -> list[dict[str, str]]:
        """The rows of an export, as its exact format (.jsonl) has them."""
        content = self.export_bytes(".jsonl", everything=everything, profile=profile)
        return [json.loads(line) for line in content.decode().split("\n") if line]

    def export_bytes(
        self,
        suffix: Literal[".csv", ".jsonl", ".xlsx", ".parquet"],
        *,
        everything: bool = False,
        profile: Profile = "full",
    ) -> bytes:
        """The bytes of an export."""
        target = self.folder / f"export{suffix}"
        with self.app() as app:
            app.export(target, Wanted(profile, everything))
        return target.read_bytes()

    def responses(self, channel: str = "") -> list[dict[str, str]]:
        """The counted responses, of one channel if it is named."""
        return [row for row in self.export() if channel in ("", row["channel"])]

    def response(self, channel: str = "") -> dict[str, str]:
        """The only response."""
        (row,) = self.responses(channel)
        return row

    def items(self, outcome: str) -> list[dict[str, Any]]:
        with self.app() as app:
            return app.items(outcome)

    def item(self, outcome: str) -> dict[str, Any]:
        """The only receipt of this outcome."""
        (found,) = self.items(outcome)
        return found

    def trace(self, target: object) -> dict[str, Any]:
        with self.app() as app:
            return app.trace(str(target))

    def original(self, sha256: str) -> bytes:
        with self.app() as app:
            return app.original(sha256)

    def failures(self) -> dict[str, list[str]]:
        """What ``verify`` finds not to hold, by check; empty if all holds."""
        with self.app() as app:
            return {check.name: check.failures for check in app.verify() if not check.ok}

    def sql(self, query: str, **values: Any) -> list[Any]:
        """The rows of a query; of a single column, its values."""
        with self.app() as app, app.database.read() as tx:
            found = [tuple(row) for row in tx.execute(text(query), values)]
        return [row[0] for row in found] if found and len(found[0]) == 1 else found

    def tamper(self, statement: str, **values: Any) -> int:
        """Change a row by hand, behind the program's back; how many rows were changed."""
        with self.app() as app, app.database.write() as tx:
            return tx.execute(text(statement), values).rowcount

    def receipts(self, channel: str = "") -> list[dict[str, Any]]:
        """Every receipt that counts, by number."""
        names = "id, channel, kind, source_key, version, sha256, outcome, reason, next_step, place"
        where = "where :channel in ('', channel) order by id"
        return [
            dict(zip(names.split(", "), row, strict=True))
            for row in self.sql(f"select {names} from receipt {where}", channel=channel)
        ]

    def sightings(self, receipt: int) -> list[tuple[str, str, int]]:
        """Where a receipt's item was listed: (path of its delivery or "", key, row or position), sorted."""
        query = "select container, source_key, coalesce(place, 0) from sighting where receipt_id = :receipt"
        return sorted(self.sql(query, receipt=receipt))


# --- making what arrives ----------------------------------------------------------------------------------------------


def message(
    body: str = "Keep it open.",
    *,
    sender: str = "A Resident <resident@example.org>",
    date: str = "Tue, 1 Mar 2011 10:00:00 +0000",
    subject: str = "Centres",
    headers: str = "",
    charset: str = "utf-8",
) -> bytes:
    """A message as it comes in from outside. ``headers`` are whole lines; "" leaves out sender, date or subject."""
    lines = [f"{name}: {value}" for name, value in (("From", sender), ("Date", date), ("Subject", subject)) if value]
    lines += [*headers.splitlines(), f"Content-Type: text/plain; charset={charset}", "Content-Transfer-Encoding: 8bit"]
    return ("\r\n".join(lines) + "\r\n\r\n" + body.replace("\n", "\r\n") + "\r\n").encode()


def bundle(*messages: bytes, sender: str = "An Officer <officer@council.example>") -> bytes:
    """A message that forwards others whole."""
    parts = b"".join(b"--cut\r\nContent-Type: message/rfc822\r\n\r\n" + inner + b"\r\n" for inner in messages)
    head = f"From: {sender}\r\nDate: Wed, 2 Mar 2011 09:00:00 +0000\r\nSubject: Fwd: them\r\nMIME-Version: 1.0\r\n"
    kind = "Content-Type: multipart/mixed; boundary=cut\r\n\r\n--cut\r\nContent-Type: text/plain\r\n\r\nSee below.\r\n"
    return (head + kind).encode() + parts + b"--cut--\r\n"


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A CSV of these cells (RFC 4180)."""
    stream = io.StringIO()
    csv.writer(stream, lineterminator="\r\n").writerows([header, *rows])
    return stream.getvalue()


def pdf(*pages: str, made: str = "20110301100000+00'00'") -> bytes:
    """A typed letter: one page for each text, made at this time (ISO 32000-1, 7.9.4)."""
    out = io.BytesIO()
    canvas = Canvas(out, pagesize=A4, invariant=1)
    for page in pages:
        lines = canvas.beginText(72, 760)
        lines.textLines(page)
        canvas.drawText(lines)
        canvas.showPage()
    canvas.save()
    content = out.getvalue()
    made_up = b"(D:20000101000000+00'00')"
    if made_up not in content:
        raise ValueError("reportlab writes another date than it did")
    return content.replace(made_up, f"(D:{made})".encode())


def picture(words: str, kind: str = "PNG") -> bytes:
    """A scan of a few printed lines."""
    image = Image.new("L", (1240, 600), 255)
    ImageDraw.Draw(image).multiline_text((80, 80), words, fill=0, font=ImageFont.load_default(40), spacing=20)
    out = io.BytesIO()
    image.save(out, kind, dpi=(150, 150))
    return out.getvalue()


def without(row: Mapping[str, str], *columns: str) -> dict[str, str]:
    """A row of an export without these columns."""
    return {name: value for name, value in row.items() if name not in columns}


# --- processes --------------------------------------------------------------------------------------------------------


def start(command: Sequence[str], cwd: Path) -> "subprocess.Popen[bytes]":
    """Start a command in a process group of its own, with its output thrown away."""
    nowhere = subprocess.DEVNULL
    return subprocess.Popen(command, cwd=cwd, process_group=0, stdin=nowhere, stdout=nowhere, stderr=nowhere)


def living(group: int) -> list[int]:
    """The processes of a group that still run; not those that only wait to be collected."""
    found = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _, process_group = status.read_text(errors="replace").rpartition(")")[2].split()[:3]
        except OSError:
            continue
        if int(process_group) == group and state != "Z":
            found.append(int(status.parent.name))
    return found


def kill_group(group: int) -> None:
    """End every process of a group at once."""
    try:
        os.killpg(group, signal.SIGKILL)
    except ProcessLookupError:
        return
