"""Whatever comes in: the run goes on, the item is named with reason and next step, its bytes are kept, all adds up.

Everything bad is put into one consultation, under names that must not be seen in a log, and one run takes it all. What
stops a whole channel, or the whole program, has tests of its own below.
"""

import codecs
import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from intake.app import App
from intake.errors import ConfigurationError, StorageUnusable
from tests.support.consultation import (
    CONFIG,
    SURVEY,
    Consultation,
    Done,
    bundle,
    message,
    pdf,
    picture,
    table,
    without,
)
from tests.support.dovecot import Mailbox
from tests.support.proxy import Proxy

DAY = datetime(2011, 3, 1, 12, tzinfo=UTC)
AT = "2011-03-01T09:00:00Z"
PERSON = "Hermione Blyth"
SECRETS = ("Hermione", "Blyth", "hermione", "blyth", "private matter", "NR16 9ZQ", "07700 900777", "sandpit", "Crooked")
"""Parts of the names, subject, addresses and words of the person whose items all of this is."""
RESIDENT = f"{PERSON} <hermione.blyth@example.org>"


def letter() -> bytes:
    return pdf("Dear council,\nplease keep the sandpit at Crookedhouse Lane.\nHermione Blyth, NR16 9ZQ")


def mail(body: str = "Keep the sandpit.\n07700 900777", **more: str) -> bytes:
    return message(body, sender=RESIDENT, subject="A private matter of mine", **more)


@dataclass(frozen=True, slots=True)
class Bad:
    """A file that can't be taken in as what it should be, and a word of the reason that is given for it."""

    name: str
    path: str
    content: bytes
    reason: str

    @property
    def key(self) -> str:
        return self.path.partition("/")[2]


HEADLESS = table((PERSON, "hermione.blyth@example.org", "Keep the sandpit.", "Yes"), [("x", "y", "z", "No")]).encode()
UNCLOSED = (
    table(SURVEY, [("R1", AT, "a\nb", "Yes"), ("R2", AT, "c", "No")]).encode() + b'R3,x,"sandpit\r\nR4,x,y,No\r\n'
)
BAD = (
    Bad("cut PDF", "letters/Hermione Blyth 1.pdf", letter()[:700], "cut off"),
    Bad("empty scan", "letters/Hermione Blyth 2.pdf", b"", "empty"),
    Bad("another empty scan", "letters/Hermione Blyth 3.pdf", b"", "empty"),
    Bad("words called PDF", "letters/Hermione Blyth 6.pdf", b"Keep the sandpit. Hermione Blyth\n" * 9, "not a PDF"),
    Bad("cut picture", "letters/Hermione Blyth 7.png", picture("sandpit")[:400], ""),
    Bad("unknown kind", "letters/Hermione Blyth 8.xyz", b"sandpit", "does not say what kind"),
    Bad("empty mail", "inbox/Hermione Blyth 1.eml", b"", "empty"),
    Bad("PDF called mail", "inbox/Hermione Blyth 2.eml", letter(), "not an email"),
    Bad("no mbox", "inbox/Hermione Blyth 3.mbox", b"Keep the sandpit.\n", "mbox"),
    Bad("noise called mail", "inbox/Hermione Blyth 4.eml", bytes(range(256)) * 40, "not an email"),
    Bad("unclosed quote", "survey/Hermione Blyth 1.csv", UNCLOSED, "line 5"),
    Bad("missing column", "survey/Hermione Blyth 2.csv", table(("ID", "Comment"), [("R1", "x")]).encode(), '"When"'),
    Bad("other column", "survey/Hermione Blyth 3.csv", table(("Ident", "When", "x"), []).encode(), '"ID"'),
    Bad("no header", "survey/Hermione Blyth 4.csv", HEADLESS, "missing"),
    Bad("spreadsheet called CSV", "survey/Hermione Blyth 5.csv", b"PK\x03\x04 sandpit", "workbook"),
    Bad("too many cells", "survey/Hermione Blyth 6.csv", b"ID,When\r\nR1,x\r\nR2,x,the sandpit\r\n", "Line 3"),
    Bad("unknown encoding", "survey/Hermione Blyth 7.csv", b"ID,When\r\nR1,\x81\x8d\x81\x8d sandpit\r\n", "Line 2"),
    Bad("empty log", "calls/Hermione Blyth 1.csv", b"", "empty"),
    Bad("a log's missing column", "calls/Hermione Blyth 2.csv", b"Date,Time,Sagt\r\n1,2,3\r\n", '"Said"'),
)
MISNAMED = {"Hermione Blyth 4.pdf": picture("sandpit"), "Hermione Blyth 5.jpg": letter() + b"\n"}
"""Letters whose names say the wrong kind: they are read by what they are."""
GOOD_MAIL = {
    "unknown charset": mail("Keep the sandpit. \u00a35", charset="x-unknown"),
    "NUL": mail("Keep the \x00 sandpit."),
    "lone surrogates": message("Keep the sandpit.", sender=RESIDENT).replace(b"the", b"the \xed\xa0\x80"),
    "a false charset": message("Keep.", sender=RESIDENT, charset="us-ascii").replace(b"Keep", b"Keep \xff\xfe \x80"),
    "no end": mail(headers="MIME-Version: 1.0").replace(b"text/plain", b"multipart/mixed; boundary=x; a"),
}


@dataclass(frozen=True, slots=True)
class Taken:
    """The consultation after the run that took in all that is bad, and how that run ended."""

    here: Consultation
    done: Done
    items: list[dict[str, Any]]

    @property
    def report(self) -> dict[str, Any]:
        report: dict[str, Any] = self.done.json
        return report


@pytest.fixture(scope="module")
def taken(tmp_path_factory: pytest.TempPathFactory, empty_home: Path) -> Taken:
    """One run, as a command that logs every step, over all of it and a few good items."""
    here = Consultation(tmp_path_factory.mktemp("bad"), home=empty_home)
    for bad in BAD:
        here.put(bad.path, bad.content, DAY)
    for name, content in GOOD_MAIL.items():
        here.put(f"inbox/Hermione Blyth, {name}.eml", content, DAY)
    here.put("letters/Hermione Blyth 9.pdf", letter(), DAY)
    for name, content in MISNAMED.items():
        here.put(f"letters/{name}", content, DAY)
    here.survey("Hermione Blyth 8.csv", ("R1", AT, "Keep the sandpit.", "Yes"), at=DAY)
    here.calls("Hermione Blyth 3.csv", ("01/03/2011", "14:00", "Keep the sandpit."), at=DAY)
    done = here.command("--verbose", "run", "--json")
    listed = here.command("status", "--items", "quarantined", "--json")
    return Taken(here, done, listed.json["items"])


def test_the_run_goes_on(taken: Taken) -> None:
    """All that is bad in all channels: the run ends well, everything is accounted for, all that is good is read."""
    assert taken.done.code == 0, taken.done.err
    assert taken.report["balanced"] is True
    for name, account in taken.report["channels"].items():
        folder = {"email": "inbox", "phone": "calls"}.get(name, name)
        bad = sum(one.path.startswith(f"{folder}/") for one in BAD)
        good = {"email": len(GOOD_MAIL), "letters": 1 + len(MISNAMED)}.get(name, 1)
        assert account["quarantined"] == bad
        assert (account["read"], account["responses"], account["repeats"]) == (good, good, 0)
        assert account["listed"] == account["received"] == bad + good
    assert taken.here.failures() == {}


@pytest.mark.parametrize("bad", BAD, ids=lambda bad: bad.name)
def test_a_bad_item_is_named_and_kept(taken: Taken, bad: Bad) -> None:
    """It is listed by its receipt's number with reason and next step, without a name, and its exact bytes are there."""
    channel = {"inbox": "email", "calls": "phone"}.get(bad.path.partition("/")[0], bad.path.partition("/")[0])
    (receipt,) = [r for r in taken.here.receipts(channel) if r["source_key"] == bad.key]
    (item,) = [item for item in taken.items if item["receipt"] == receipt["id"]]
    assert (item["channel"], item["outcome"], item["reference"]) == (channel, "quarantined", None)
    assert bad.reason in item["reason"]
    assert item["reason"].endswith(".")
    assert item["next"].endswith(".")
    assert not [secret for secret in SECRETS if secret in item["reason"] + item["next"]]
    assert taken.here.original(receipt["sha256"]) == bad.content
    traced = taken.here.trace(receipt["id"])
    assert traced["reference"] is None
    assert traced["receipts"][0]["original"]["intact"] is True


def test_the_command_gives_out_the_exact_bytes(taken: Taken, tmp_path: Path) -> None:
    """``intake original`` writes the bytes of what could not be read, to stdout or to a file, and nothing else."""
    (receipt,) = [r for r in taken.here.receipts("letters") if r["source_key"] == BAD[0].key]
    out = tmp_path / "bytes.pdf"
    line = taken.here.command_line("original", receipt["sha256"])
    assert subprocess.run(line, capture_output=True, check=True).stdout == BAD[0].content
    subprocess.run([*line, "--out", str(out)], check=True)
    assert out.read_bytes() == BAD[0].content


def test_no_personal_data_on_stderr(taken: Taken) -> None:
    """The log of that run, with every step in it, has numbers and channels: no name, subject, address or word."""
    assert "Traceback" not in taken.done.err
    assert [secret for secret in SECRETS if secret in taken.done.err] == []
    numbers = {json.loads(line).get("receipt") for line in taken.done.err.splitlines() if line.startswith("{")}
    assert {item["receipt"] for item in taken.items} <= numbers


def test_no_personal_data_in_the_ledger(taken: Taken) -> None:
    """The ledger has no name, file name, subject, address or word."""
    bodies = b"\n".join(bytes(body) for body in taken.here.sql("select body from ledger_entry")).decode()
    assert [secret for secret in SECRETS if secret in bodies] == []


def test_the_same_again_changes_nothing(taken: Taken) -> None:
    """A second run over all that is bad receives nothing, tries nothing anew, and changes no outcome."""
    before = taken.here.receipts()
    report = taken.here.run()
    assert {name: account["received"] for name, account in report["channels"].items()} == dict.fromkeys(
        report["channels"], 0
    )
    assert taken.here.receipts() == before


# --- what is bad and still read ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "senders", ["Ann <ann@example.org>, Bob <bob@example.org>", "Us: ann@example.org, b@x.example;"]
)
def test_a_message_of_several_senders(place: Consultation, senders: str) -> None:
    """From may name several (RFC 5322, 3.6.2) or a group (RFC 6854): the first is shown, and a person says who
    responds."""
    place.mail("a.eml", sender=senders)
    place.takes("email", received=1, read=1)
    assert (place.response()["email"], place.response()["needs"]) == ("ann@example.org", "respondent")
    assert place.failures() == {}


def test_an_unknown_charset(here: Consultation) -> None:
    """A message in a charset that nobody knows is read all the same, and its bytes are kept."""
    body = "The fee should stay at \u00a35, naturally."
    sent = message(body, charset="x-unknown").decode().encode("cp1252")
    here.put("inbox/a.eml", sent)
    here.takes("email", listed=1, received=1, read=1, responses=1)
    assert here.response()["text"] == body
    assert here.original(here.response()["original_sha256"]) == sent


def test_nul_and_lone_surrogates_in_a_message(here: Consultation) -> None:
    """What no database takes is replaced one for one in the text; the bytes keep it, and the evidence still holds."""
    sent = message("Before X and Y after.").replace(b"X", b"\x00").replace(b"Y", b"\xed\xa0\x80")
    here.put("inbox/a.eml", sent)
    here.takes("email", listed=1, received=1, read=1, responses=1)
    found = here.response()["text"]
    assert found.startswith("Before \ufffd and ")
    assert found.endswith(" after.")
    assert here.original(here.response()["original_sha256"]) == sent
    assert here.failures() == {}


def test_nul_and_lone_surrogates_in_a_table(here: Consultation) -> None:
    """A cell with NUL or a lone surrogate is a row like any other; the file's bytes keep what was replaced."""
    made = table(SURVEY, [("R1", AT, "Before X and Y after.", "Yes")]).encode()
    made = made.replace(b"X", b"\x00").replace(b"Y", b"\xed\xa0\x80")
    here.put("survey/a.csv", made)
    here.takes("survey", listed=1, received=1, read=1, responses=1)
    assert here.response()["text"] == "Before \ufffd and \ufffd after."
    (sha256,) = here.sql("select sha256 from delivery")
    assert here.original(sha256) == made
    assert here.failures() == {}


def test_nul_and_lone_surrogates_in_headers_and_names(here: Consultation) -> None:
    """A sender, a subject and a file name that no database takes stop nothing."""
    sent = message(sender="R\x00 <r@example.org>", subject="A \x00 subject").replace(b"subject", b"\xed\xa0\x80\xff")
    path = os.fsencode(here.folder / "inbox") + b"/\xff\xfe \n.eml"
    with open(path, "wb") as file:  # noqa: PTH123 (a name that is no text)
        file.write(sent)
    here.takes("email", listed=1, received=1, read=1, responses=1)
    assert here.response()["email"] == "r@example.org"
    assert here.response()["source"] == "%FF%FE %0A.eml"
    here.takes("email", listed=1, received=0, read=1)


TEXT = 'A "quoted" word; and, a\nnewline \u2013 \U0001f6a9 caf\u00e9'
ROWS = [("R1", AT, TEXT, "Yes"), ("R2", AT, "Plain.", "No")]


def with_delimiter(delimiter: str, line_end: str = "\r\n") -> str:
    cells = [SURVEY, *ROWS]
    quoted = [delimiter.join('"' + cell.replace('"', '""') + '"' for cell in row) for row in cells]
    return line_end.join([*quoted, ""])


@pytest.mark.parametrize(("made", "text"), [
    (codecs.BOM_UTF8 + with_delimiter(",").encode(), TEXT),
    (with_delimiter(";").encode(), TEXT),
    (codecs.BOM_UTF8 + with_delimiter(";").encode(), TEXT),
    (with_delimiter("\t", "\n").encode(), TEXT),
    (with_delimiter(",", "\r").encode(), TEXT),
    (with_delimiter(",").encode().rstrip(), TEXT),
    (codecs.BOM_UTF16_LE + with_delimiter(",").encode("utf-16-le"), TEXT),
    (with_delimiter(";").replace("\U0001f6a9", "").encode("cp1252"), TEXT.replace("\U0001f6a9", "")),
], ids=["BOM", "semicolon", "BOM and semicolon", "tab", "CR", "no end of line", "UTF-16", "windows-1252"])  # fmt: skip
def test_a_table_in_another_form(place: Consultation, made: bytes, text: str) -> None:
    """A table with a BOM, another delimiter, line end or encoding is taken whole: rows in, rows out, to the letter."""
    place.put("survey/a.csv", made)
    place.takes("survey", listed=2, received=2, read=2, responses=2)
    rows = {row["source"]: row for row in place.responses()}
    assert {source: row["text"] for source, row in rows.items()} == {"R1": text, "R2": "Plain."}
    assert rows["R1"]["answer.structure"] == text
    assert [receipt["place"] for receipt in place.receipts()] == [2, 3]


def test_quoted_newlines_in_an_export(here: Consultation) -> None:
    """Rows are records and not lines: a cell with newlines counts once, and the next row keeps its place."""
    here.survey("a.csv", ("R1", AT, "One\n\n\ntwo\r\nthree", "Yes"), ("R2", AT, "Four", "No"))
    here.takes("survey", listed=2, received=2, read=2, responses=2)
    texts = {row["source"]: row["text"] for row in here.responses()}
    assert texts == {"R1": "One\n\n\ntwo\r\nthree", "R2": "Four"}


@pytest.mark.parametrize("column", SURVEY[:2])
def test_a_missing_column_that_the_configuration_names(here: Consultation, column: str) -> None:
    """An export without a column that the config names is refused whole, and the reason names the column."""
    here.put("survey/a.csv", table(SURVEY, ROWS).replace(column, "Other", 1))
    here.takes("survey", listed=1, received=1, quarantined=1, read=0, responses=0)
    assert f'"{column}"' in here.item("quarantined")["reason"]


def test_scan001_overwritten_by_another_letter(here: Consultation) -> None:
    """A scanner that begins its numbers anew overwrites a letter: both are kept, with their bytes, and both count."""
    letters = [pdf(f"Letter number {n}, yours A. Resident") for n in (1, 2)]
    for day, content in enumerate(letters):
        here.put("letters/scan001.pdf", content, DAY + timedelta(days=day))
        here.takes("letters", listed=1, received=1, read=day + 1, responses=day + 1)
    assert sorted(here.original(row["original_sha256"]) for row in here.responses()) == sorted(letters)


def test_a_damaged_original_is_not_read(here: Consultation) -> None:
    """An original that was damaged between its receipt and its reading is quarantined, not read as something else."""
    with here.nothing_opened():
        here.mail("a.eml", "I agree.")
        here.mail("b.eml", "I disagree.")
        here.takes("email", listed=2, received=2, pending=2)
        receipt = here.receipts()[0]
        path = here.home / "originals" / receipt["sha256"][:2] / receipt["sha256"][2:]
        path.chmod(0o600)
        path.write_bytes(path.read_bytes().replace(b"I agree", b"I refuse"))
    here.takes("email", listed=2, received=0, read=1, quarantined=1, responses=1)
    assert here.item("quarantined")["receipt"] == receipt["id"]
    assert here.response()["text"] == "I disagree."


# --- what stops a channel ---------------------------------------------------------------------------------------------


def stopped(here: Consultation, channel: str = "email") -> str:
    """The error of a channel that could not run, whose counts are unknown; the others ran."""
    here.survey("a.csv", ("R1", AT, "Keep it.", "Yes"))
    report = here.run()
    account = report["channels"][channel]
    assert report["balanced"] is False
    assert [account[name] for name in ("listed", "unknown", "waiting", "vanished")] == [None] * 4
    others = {name: other for name, other in report["channels"].items() if name != channel}
    assert [other["error"] for other in others.values()] == [None] * 3
    assert others["survey"]["responses"] == 1
    with here.app() as app:
        assert app.status()["channels"][channel]["last_run"]["error"] == account["error"]
    return str(account["error"])


@pytest.mark.parametrize(("channel", "key", "name"), [
    ("email", "folder", "inbox"), ("letters", "folder", "letters"), ("phone", "log", "calls"),
])  # fmt: skip
def test_a_missing_folder(here: Consultation, channel: str, key: str, name: str) -> None:
    """A folder that does not exist is the error of its channel alone, says which key names it, and not where it is."""
    (here.folder / name).rmdir()
    error = stopped(here, channel)
    assert f"`{key}`" in error
    assert str(here.folder) not in error


def test_a_missing_folder_as_a_command(place: Consultation) -> None:
    """It ends the command with 1, in words or as JSON, without a traceback; once it is there again, with 0."""
    place.mail("a.eml")
    shutil.move(place.folder / "inbox", place.folder / "elsewhere")
    for arguments in (("run", "--json"), ("run",)):
        done = place.command(*arguments)
        assert done.code == 1
        assert "`folder`" in done.out
        assert "Traceback" not in done.err
    shutil.move(place.folder / "elsewhere", place.folder / "inbox")
    assert place.command("run").code == 0
    assert place.response()["channel"] == "email"


def test_a_folder_that_is_away_for_a_run_makes_nothing_gone(here: Consultation) -> None:
    """A share that is not mounted for a while says nothing about what was in it: no row is gone, nothing vanished."""
    here.survey("a.csv", ("R1", AT, "Keep it.", "Yes"))
    here.takes("survey", listed=1, received=1)
    before = here.responses()
    shutil.move(here.folder / "survey", here.folder / "away")
    assert here.run("survey")["channels"]["survey"]["error"]
    assert here.responses() == before
    shutil.move(here.folder / "away", here.folder / "survey")
    here.takes("survey", listed=1, received=0, vanished=0, responses=1)
    assert here.responses() == before


def test_a_missing_mailbox(place: Consultation, dovecot: Mailbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """A mailbox that does not exist is the error of its channel, says which key names it, and names nobody."""
    monkeypatch.setenv("TEST_PASSWORD", dovecot.password)
    place.read_mail_from(dovecot)
    place.configure("timeout_s = 20", 'timeout_s = 20\nmailboxes = ["INBOX", "Nowhere"]')
    error = stopped(place)
    assert "`mailboxes`" in error
    assert dovecot.user not in error


def test_a_wrong_password(place: Consultation, dovecot: Mailbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """A wrong password is the error of its channel, says which key holds it, and shows neither it nor the user."""
    monkeypatch.setenv("TEST_PASSWORD", "not-the-secret")
    place.read_mail_from(dovecot)
    error = stopped(place)
    assert "TEST_PASSWORD" in error or "`password_env`" in error
    assert not {dovecot.user, "not-the-secret", dovecot.password} & set(error.split())


def test_a_password_that_is_not_set(place: Consultation, dovecot: Mailbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """An environment variable that is not set is the error of its channel, which names the variable."""
    monkeypatch.delenv("TEST_PASSWORD", raising=False)
    place.read_mail_from(dovecot)
    assert "TEST_PASSWORD" in stopped(place)


def test_a_server_that_is_not_there(place: Consultation, dovecot: Mailbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """A host that refuses the connection is the error of its channel, which names host and port."""
    monkeypatch.setenv("TEST_PASSWORD", dovecot.password)
    with Proxy(dovecot.host, dovecot.port) as proxy:
        port = proxy.port
    place.read_mail_from(dovecot, port)
    assert f"port {port}" in stopped(place)


def test_a_wrong_password_as_a_command(place: Consultation, dovecot: Mailbox) -> None:
    """It ends the command with 1 and says nothing of user and password on stderr, with every step in the log."""
    place.read_mail_from(dovecot)
    done = place.command("--verbose", "run", TEST_PASSWORD="not-the-secret")
    assert done.code == 1
    assert "Traceback" not in done.err
    assert not [secret for secret in (dovecot.user, "not-the-secret") if secret in done.out + done.err]


def test_a_connection_that_drops_in_the_middle(
    tmp_path: Path, empty_home: Path, dovecot: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However often the server drops the connection: what came is kept, no message is lost or doubled, and the run that
    is left in peace completes."""
    monkeypatch.setenv("TEST_PASSWORD", dovecot.password)
    for number in range(40):
        dovecot.deliver(message(f"Number {number}. " + "Please keep it open. " * 500), internaldate=DAY)
    undisturbed, dropped = (Consultation(tmp_path / name, home=empty_home) for name in ("undisturbed", "dropped"))
    undisturbed.read_mail_from(dovecot)
    undisturbed.takes("email", listed=40, received=40, responses=40)
    received = 0
    with Proxy(dovecot.host, dovecot.port) as proxy:
        dropped.read_mail_from(dovecot, proxy.port)
        dropped.configure("timeout_s = 20", "timeout_s = 20\nbatch_messages = 4\nreconnect_attempts = 0")
        for cut_after in (0, 60, 400, 30_000, 120_000, 250_000):
            proxy.cut_after = cut_after
            account = dropped.run("email")["channels"]["email"]
            assert account["error"]
            assert account["listed"] is None
            received += account["received"]
            assert account["read"] == account["responses"] == received
        assert 0 < received < 40
        proxy.cut_after = None
        dropped.takes("email", listed=40, received=40 - received, read=40, repeats=0, responses=40)
    assert [without(row, "run") for row in dropped.export()] == [without(row, "run") for row in undisturbed.export()]


# --- a full disk ------------------------------------------------------------------------------------------------------

FULL_DISK = """\
set -eu
mount -t tmpfs -o size=64m,mode=0700 none "$HOME_OF_TEST"
for left in $ROOM_KB; do
  rm -f "$HOME_OF_TEST/filler"
  room=$(df --output=avail -k "$HOME_OF_TEST" | tail -1)
  head -c $(( (room - left) * 1024 )) /dev/zero > "$HOME_OF_TEST/filler"
  code=0
  "$@" run --json > "$RESULTS/$left.out" 2> "$RESULTS/$left.err" || code=$?
  echo "$code" > "$RESULTS/$left.code"
done
"$@" status > "$RESULTS/status.out" 2> "$RESULTS/status.err" || true
rm "$HOME_OF_TEST/filler"
"$@" run --json > "$RESULTS/last run.out" 2> "$RESULTS/last run.err"
"$@" verify --json > "$RESULTS/last verify.out"
"$@" export "$RESULTS/export.jsonl" --profile full --all
"""


def fill_for_a_full_disk(here: Consultation) -> None:
    for number in range(30):
        body = f"Number {number}. " + "Please keep it open, as it is. " * 2000
        here.put(f"inbox/{number:02}.eml", message(body), DAY)
    here.put("inbox/fwd.eml", bundle(message("One."), message("Two.")), DAY)
    here.survey("a.csv", *((f"R{n}", AT, f"Row {n}. " + "Keep it. " * 50, "Yes") for n in range(600)), at=DAY)


def test_a_full_disk(tmp_path: Path, empty_home: Path) -> None:
    """A disk that is full stops the run with exit code 1 and one sentence, wherever it fills up; with space again, one
    run more gives what an undisturbed one gives."""
    undisturbed = Consultation(tmp_path / "undisturbed", home=empty_home)
    fill_for_a_full_disk(undisturbed)
    undisturbed.run()
    here, results = Consultation(tmp_path / "here"), tmp_path / "results"
    fill_for_a_full_disk(here)
    for folder in (here.home, results):
        folder.mkdir()
    rooms = ("0", "700", "2000", "4000")
    own = [] if os.geteuid() == 0 else ["--map-root-user"]
    given = {"HOME_OF_TEST": str(here.home), "RESULTS": str(results), "ROOM_KB": " ".join(rooms)}
    done = subprocess.run(
        ["unshare", "--mount", *own, "sh", "-c", FULL_DISK, "sh", *here.command_line()],
        env={**os.environ, **given}, capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    for room in rooms:
        code, err = ((results / f"{room}.{kind}").read_text() for kind in ("code", "err"))
        assert code == "1\n", f"with {room} kB: exit {code}"
        (line,) = [line for line in err.splitlines() if line.startswith("intake:")]
        assert "full" in line
        assert "Traceback" not in err
    assert "Traceback" not in (results / "status.err").read_text()
    assert json.loads((results / "last run.out").read_text())["balanced"] is True
    assert json.loads((results / "last verify.out").read_text())["ok"] is True
    rows = [json.loads(line) for line in (results / "export.jsonl").read_text().split("\n") if line]
    assert [without(row, "run") for row in rows] == [without(row, "run") for row in undisturbed.export(everything=True)]


# --- a database that can't be used ------------------------------------------------------------------------------------


def test_a_database_that_is_not_there(tmp_path: Path) -> None:
    """A database server that does not answer stops everything with one sentence, in which no password is."""
    here = Consultation(tmp_path, "postgresql+psycopg://somebody:pa55word@127.0.0.1:9/intake")
    here.mail("a.eml")
    done = here.command("--verbose", "run", "--json")
    assert (done.code, done.out) == (1, "")
    assert [line.startswith("intake: ") for line in done.err.splitlines()] == [True]
    assert "pa55word" not in done.err


def test_a_database_file_that_is_none(place: Consultation) -> None:
    """A database file with other bytes in it stops everything with one sentence, and is left as it is."""
    place.mail("a.eml")
    place.sqlite.write_bytes(b"no database" * 1000)
    with pytest.raises(StorageUnusable, match="database"):
        place.run()
    assert place.sqlite.read_bytes() == b"no database" * 1000


# --- a wrong configuration --------------------------------------------------------------------------------------------


def said_of(folder: Path, config: str | bytes) -> str:
    """What the program says about a config file."""
    folder.mkdir(exist_ok=True)
    path = folder / "config.toml"
    (folder / "places.csv").write_text("code,name,aliases,district\n")
    path.write_bytes(config if isinstance(config, bytes) else config.encode())
    with pytest.raises(ConfigurationError) as raised:
        App(path).__enter__()
    assert raised.value.exit_code == 2
    assert raised.value.advice
    return str(raised.value)


GOOD = CONFIG.replace("DATABASE", "")


@pytest.mark.parametrize(("old", "new", "key", "right"), [
    ('id = "test"\n', "", "consultation.id", "required"),
    ('id = "test"', 'id = "a b"', "consultation.id", ""),
    ("closes = 2011-04-18", 'closes = "soon"', "consultation.closes", "2011-04-18"),
    ("closes = 2011-04-18", "closes = 2011-04-18T12:00:00", "consultation.closes", "offset"),
    ("closes = 2011-04-18", "closes = 2010-04-18", "consultation.closes", "after opens"),
    ("opens = 2011-01-24\n", "", "consultation.opens", "required"),
    ("Europe/London", "Europe/Norwich", "consultation.timezone", "Europe/London"),
    ('reference_prefix = "TST"', 'reference_prefix = "tst-1"', "consultation.reference_prefix", ""),
    ('title = "A consultation of the tests"\n', "", "consultation.title", "required"),
    ('places = "places.csv"', 'places = "nowhere.csv"', "consultation.places", "code,name,aliases,district"),
    ("roles = [", "rules = [", "consultation.rules", "no key"),
    ('kind = "text"', 'kind = "prose"', "consultation.questions", "choice"),
    ('options = ["Yes", "No"]', "", "options", "list"),
    ('id = "agree"', 'id = "structure"', "questions", "id of its own"),
    ('sandbox = "auto"', 'sandbox = "never"', "reading.sandbox", "auto"),
    ("processes = 1", "processes = 0", "reading.processes", ""),
    ('database = ""', 'database = "mysql://x"', "storage.database", "postgresql+psycopg"),
    ('database = ""', 'database = "postgresql+psycopg://u@h:port/db"', "storage.database", ""),
    ("[storage]", "[store]", "store", "section"),
    ('adapter = "email"', 'adapter = "pigeon"', "channels.email.adapter", "email, letters, phone, survey"),
    ('folder = "inbox"', "", "channels.email.folder", "host"),
    ('folder = "inbox"', 'folder = "inbox"\nhost = "h"', "channels.email.folder", "exactly one"),
    ('folder = "inbox"', 'host = "h"', "channels.email.user", "host"),
    ('folder = "inbox"', 'folder = "inbox"\nevery = "often"', "channels.email.every", "5m"),
    ('folder = "inbox"', 'folder = "inbox"\nafter = "Done"', "channels.email.after", 'should be "move:" and a name'),
    ("settle_seconds = 0", "settle_seconds = -1", "channels.letters.settle_seconds", ""),
    ('log = "calls"\n', "", "channels.phone.log", "should be the file or folder of a call log"),
    ('columns.text = "Said"', 'columns.txet = "Said"', "channels.phone.columns.txet", "column"),
    ('columns.text = "Said"', 'columns.status = "Said"', "channels.phone.columns.status", "column"),
    ('id_column = "ID"', 'id_column = "ID"\ncolumns = "Said"', "channels.survey.columns", "schema column"),
    ('id_column = "ID"', 'id_column = "ID"\nid_columns = ["ID"]', "channels.survey.id_columns", "id_column"),
    ('exports = "survey"', 'exports = "survey"\nexport = "x"', "channels.survey.export", "no key"),
])  # fmt: skip
def test_a_wrong_key_is_named_with_what_is_right(tmp_path: Path, old: str, new: str, key: str, right: str) -> None:
    """A wrong, missing or unknown key is named, with a word of what would be right; nothing is started."""
    assert old in GOOD
    said = said_of(tmp_path, GOOD.replace(old, new, 1))
    assert key in said
    assert right in said
    assert not (tmp_path / "var").exists()


@pytest.mark.parametrize(("config", "key"), [
    ("", "consultation"),
    ("consultation = 5", "consultation"),
    ("[consultation", "not valid TOML"),
    (b"\xff\xfe", "not valid TOML"),
    (GOOD.partition("[channels")[0], "channels"),
    ("channels = 5\n" + GOOD.partition("[channels")[0], "channels"),
    ("[[channels]]\n" + GOOD.partition("[channels")[0], "channels"),
    (GOOD.partition("[channels")[0] + "[channels]\nemail = 5\n", "channels.email"),
    (GOOD.partition("[channels")[0] + "[channels.email]\n", "channels.email.adapter"),
])  # fmt: skip
def test_a_config_file_of_another_shape(tmp_path: Path, config: str | bytes, key: str) -> None:
    """Whatever stands in the config file: one sentence that names what is wrong."""
    assert key in said_of(tmp_path, config)


@pytest.mark.parametrize("places", [
    "code,name\nC1,Watton\n", "code,name,aliases,district\nC1,Watton\n", "", "code,name\n", "\xff", "code;name\nC1;W\n",
])  # fmt: skip
def test_a_wrong_file_of_places(place: Consultation, places: str) -> None:
    """A gazetteer without its columns, with a short line or in another encoding is an error of the config."""
    place.put("places.csv", places.encode("latin-1"))
    with pytest.raises(ConfigurationError, match=r"consultation\.places"):
        place.run()


def test_the_home_of_another_consultation(place: Consultation) -> None:
    """A home is one consultation's: another id is refused by name, and nothing is changed."""
    place.mail("a.eml")
    place.run()
    before = place.export()
    place.configure('id = "test"', 'id = "another"')
    with pytest.raises(ConfigurationError, match=r"consultation\.id: should be 'test'"):
        place.run()
    place.configure('id = "another"', 'id = "test"')
    assert place.export() == before


@pytest.mark.parametrize(("arguments", "named"), [
    (("run", "--channel", "pigeons"), "--channel"),
    (("status", "--items", "lost"), "--items"),
    (("export", "table.doc"), ".csv"),
    (("export", "table.csv", "--profile", "all"), "--profile"),
    (("decide", "1", "guess"), "ACTION"),
    (("nonsense",), "nonsense"),
])  # fmt: skip
def test_a_wrong_command_line(place: Consultation, arguments: tuple[str, ...], named: str) -> None:
    """A wrong command line ends with 2, says what would be right, and has no traceback."""
    done = place.command(*arguments)
    assert done.code == 2
    assert named in done.err
    assert "Traceback" not in done.err
    assert done.out == ""


def test_a_wrong_config_as_a_command(place: Consultation) -> None:
    """A wrong key ends the command with 2 and one sentence on stderr."""
    place.configure("closes = 2011-04-18", 'closes = "soon"')
    done = place.command("run", "--json")
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith("intake: consultation.closes: ")
    assert len(done.err.splitlines()) == 1


def test_a_missing_config_file(tmp_path: Path) -> None:
    """A config file that is not there ends the command with 2 and one sentence."""
    line = [sys.executable, "-P", "-m", "intake", "--config", str(tmp_path / "none.toml"), "run"]
    done = subprocess.run(line, capture_output=True, text=True, check=False)
    assert (done.returncode, len(done.stderr.splitlines())) == (2, 1)
