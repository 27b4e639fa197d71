"""The conformance suite on each adapter, with a real source: folders on disk, and an account on a real Dovecot."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from channels.base import Adapter
from channels.folder import IN_MEMORY_BYTES
from tests.conformance import AdapterConformance, Environment, Folder, build, tree_state
from tests.support.dovecot import Mailbox
from tests.support.twilio import START, TwilioServer

pytest_plugins = ["tests.support.fixtures"]


def folder(kind: str, key: str, path: Path, spell: Callable[[int], str], make: Callable[[str], bytes]) -> Folder:
    path.mkdir()
    return Folder(path, kind, {key: path}, spell, make)


def message(text: str) -> bytes:
    return f"From: resident@example.org\r\nSubject: {text}\r\n\r\nKeep it open, {text}.\r\n".encode()


def mail_name(number: int) -> str:
    return ("a.eml", "Archive/b.EML", "mbox", "2011/in.mbox", "2011/note.txt")[number]


def maildir_name(number: int) -> str:
    names = (
        "new/1.M1P1.host",
        "cur/2.M2P1.host:2,S",
        ".Junk/new/3.M3P1.host",
        "Team/cur/4.M4P1.host:2,",
        "cur/5.M5P1.host:2,RS",
    )
    return names[number]


class TestFolderOfMail(AdapterConformance):
    """Files .eml, mboxes and others, in folders."""

    @pytest.fixture
    def source(self, tmp_path: Path) -> Folder:
        return folder("email", "folder", tmp_path / "mail", mail_name, message)


class TestMaildir(AdapterConformance):
    """A Maildir with folders below."""

    @pytest.fixture
    def source(self, tmp_path: Path) -> Folder:
        made = folder("email", "folder", tmp_path / "Maildir", maildir_name, message)
        for maildir in (made.path, made.path / ".Junk", made.path / "Team"):
            for part in ("cur", "new", "tmp"):
                (maildir / part).mkdir(parents=True)
        return made


class TestLetters(AdapterConformance):
    """Scans, one of which is too large to be handed over as bytes."""

    @pytest.fixture
    def source(self, tmp_path: Path) -> Folder:
        def scan(text: str) -> bytes:
            return f"%PDF-1.4 {text}\n".encode() + bytes(IN_MEMORY_BYTES if "1" in text else 256)

        return folder("letters", "folder", tmp_path / "scans", lambda n: f"box {n % 2}/scan{n:03}.pdf", scan)


class TestPhone(AdapterConformance):
    """Call logs, a file a week."""

    @pytest.fixture
    def source(self, tmp_path: Path) -> Folder:
        return folder(
            "phone", "log", tmp_path / "log", lambda n: f"week {9 - n}.csv", lambda t: f"Said\n{t}\n".encode()
        )


@dataclass
class TwilioAccount:
    """Calls of an account, or text messages; item n is the one of minute n."""

    server: TwilioServer
    recordings: bool
    put_in: dict[int, dict[str, Any]] = field(default_factory=dict)

    def adapter(self) -> Adapter:
        section = self.server.section | {"recordings": self.recordings}
        return build("phone", section, Environment(variables=self.server.variables))

    def put(self, number: int) -> bytes:
        self.put_in[number] = self.server.call(START + timedelta(minutes=number), seconds=number)
        return self._document(number)

    def change(self, number: int) -> bytes:
        self.put_in[number]["status"] = "no-answer"
        return self._document(number)

    def remove(self, number: int) -> None:
        self.server.remove(self.put_in[number])

    def state(self) -> object:
        return {kind: json.dumps(self.server.resources(kind)) for kind in ("Calls", "Messages", "Recordings")}

    def _document(self, number: int) -> bytes:
        lists: dict[str, list[object]] = {"legs": [], "recordings": [], "transcriptions": [], "transcripts": []}
        return canonical({"call": self.put_in[number], "recordings_taken": self.recordings} | lists)


class TwilioMessages(TwilioAccount):
    """Text messages: what can change of one is its status."""

    def put(self, number: int) -> bytes:
        self.put_in[number] = self.server.message(f"number {number}", START + timedelta(minutes=number))
        return canonical({"message": self.put_in[number]})

    def change(self, number: int) -> bytes:
        self.put_in[number]["status"] = "read"
        return canonical({"message": self.put_in[number]})


def canonical(document: object) -> bytes:
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


@pytest.fixture
def twilio() -> Iterator[TwilioServer]:
    with TwilioServer() as server:
        yield server


class TestTwilioCalls(AdapterConformance):
    """Calls, with recordings taken."""

    @pytest.fixture
    def source(self, twilio: TwilioServer) -> TwilioAccount:
        return TwilioAccount(twilio, recordings=True)


class TestTwilioMessages(AdapterConformance):
    """Text messages, a page for every two."""

    @pytest.fixture
    def source(self, twilio: TwilioServer) -> TwilioMessages:
        twilio.page_limit = 2
        return TwilioMessages(twilio, recordings=False)


class TestSurvey(AdapterConformance):
    """Exports, of several kinds of file."""

    @pytest.fixture
    def source(self, tmp_path: Path) -> Folder:
        def spell(number: int) -> str:
            return f"export {number}" + (".csv", ".tsv", ".txt", ".xlsx", "")[number]

        return folder("survey", "exports", tmp_path / "exports", spell, lambda text: f"ID\n{text}\n".encode())


@dataclass
class ImapAccount:
    """Messages in three mailboxes of an account; the settings are its section of the config."""

    mailbox: Mailbox
    settings: dict[str, object]
    folders: tuple[str, ...] = ("INBOX", "Anträge & Briefe", 'Anna\'s "letters" (2011)')
    subjects: dict[int, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        # A session does not see a folder that appears on the disk behind its back.
        self.mailbox.doveadm("mailbox", "create", "-u", self.mailbox.user, *self.folders[1:])

    def adapter(self) -> Adapter:
        account = {"host": self.mailbox.host, "user": self.mailbox.user, "password_env": "MAIL_PASSWORD"}
        environment = Environment(variables={"MAIL_PASSWORD": self.mailbox.password})
        return build("email", account | self.settings, environment)

    def put(self, number: int) -> bytes:
        return self._deliver(number, message(f"number {number}"))

    def change(self, number: int) -> bytes:
        self.remove(number)
        return self._deliver(number, message(f"NUMBER {number}"))

    def remove(self, number: int) -> None:
        query = ("mailbox", self._folder(number), "header", "subject", self.subjects.pop(number))
        self.mailbox.doveadm("expunge", "-u", self.mailbox.user, *query)

    def state(self) -> object:
        flags = {name: self.mailbox.flags(name) for name in self.folders}
        messages = [path for path in self.mailbox.maildir.rglob("*") if path.parent.name in ("cur", "new")]
        return flags, {path: tree_state(path) for path in messages}

    def _deliver(self, number: int, content: bytes) -> bytes:
        self.subjects[number] = content.decode().split("Subject: ")[1].split("\r\n")[0]
        date = datetime(2011, 3, 27, 0, 59, tzinfo=UTC) + timedelta(hours=number)
        flags = ("", "S", "F", "", "RS")[number]
        self.mailbox.deliver(content, self._folder(number), flags=flags, internaldate=date)
        return content

    def _folder(self, number: int) -> str:
        return self.folders[number % len(self.folders)]


class TestImap(AdapterConformance):
    """An account, over TLS."""

    @pytest.fixture
    def source(self, dovecot: Mailbox) -> ImapAccount:
        return ImapAccount(dovecot, {"port": dovecot.tls_port, "ca_file": dovecot.ca_file})


class TestImapInSmallBatches(AdapterConformance):
    """The same over STARTTLS, with named mailboxes, and batches of one message or two."""

    @pytest.fixture
    def source(self, dovecot: Mailbox) -> ImapAccount:
        return ImapAccount(
            dovecot,
            {
                "port": dovecot.port,
                "tls": "starttls",
                "ca_file": dovecot.ca_file,
                "batch_messages": 2,
                "batch_mb": 0.0001,
            }
            | {"mailboxes": ["inbox", *ImapAccount.folders[1:]]},
        )
