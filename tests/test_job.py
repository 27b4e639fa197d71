"""The job as a whole: a run and the next one, leases, both databases, times, the JSON of the contract, its silence."""

import csv
import email
import email.policy
import hashlib
import json
import re
import stat
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine
from sqlalchemy.exc import StatementError
from sqlmodel import SQLModel

import intake.app
from channels.base import Arrival, Listing, Missed
from channels.folder import FolderAdapter
from storage import runs
from storage.database import Database
from storage.schema import Response, columns
from tests.kills import make_consultation, make_sources
from tests.support.consultation import SAMPLES, Consultation, Done, bundle, message, pdf, picture, start, without
from tests.support.dovecot import Mailbox
from tests.support.proxy import Proxy

DAY = datetime(2011, 3, 1, 12, tzinfo=UTC)
AT = "2011-03-01T09:00:00Z"
OF_A_RUN = {"run", "run_channel", "number", "ledger_entry", "alembic_version"}
"""The tables in which a run that receives nothing leaves a trace."""


def contents(consultation: Consultation) -> dict[str, list[Any]]:
    """Every row of every table but those of runs."""
    tables = [name for name in SQLModel.metadata.tables if name not in OF_A_RUN]
    return {name: sorted(map(repr, consultation.sql(f'select * from "{name}"'))) for name in tables}


# --- again ------------------------------------------------------------------------------------------------------------


def second_run_changes_nothing(consultation: Consultation, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Listing] = []
    fetch = FolderAdapter.fetch

    def fetch_and_tell(adapter: FolderAdapter, listings: Sequence[Listing]) -> Iterator[Arrival | Missed]:
        asked.extend(listings)
        return fetch(adapter, listings)

    monkeypatch.setattr(FolderAdapter, "fetch", fetch_and_tell)
    before, table_before = contents(consultation), consultation.export_bytes(".csv", everything=True)
    entries = consultation.sql("select count(*) from ledger_entry")[0]
    report = consultation.run()
    assert report["balanced"] is True
    assert {name: (a["received"], a["unknown"]) for name, a in report["channels"].items()} == dict.fromkeys(
        report["channels"], (0, 0)
    )
    assert asked == []
    assert consultation.export_bytes(".csv", everything=True) == table_before
    assert contents(consultation) == before
    added = consultation.sql("select body from ledger_entry order by id")[entries:]
    assert [json.loads(bytes(body))["type"] for body in added] == ["run"]


def test_a_second_run_changes_nothing(sample: Consultation, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run again, the sample receives nothing, fetches nothing, and leaves no trace but the run's own entry."""
    second_run_changes_nothing(sample, monkeypatch)


def test_a_second_run_changes_nothing_on_postgresql(
    sample_on_postgres: Consultation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same on PostgreSQL."""
    second_run_changes_nothing(sample_on_postgres, monkeypatch)


def test_a_second_run_fetches_no_body_from_a_server(
    place: Consultation, dovecot: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Run again, a mailbox is listed whole, and not one body crosses the network."""
    for number in range(5):
        dovecot.deliver(message(f"Number {number}. " + "Please keep it open. " * 2000), internaldate=DAY)
    monkeypatch.setenv("TEST_PASSWORD", dovecot.password)
    with Proxy(dovecot.host, dovecot.port) as proxy:
        place.read_mail_from(dovecot, proxy.port)
        place.takes("email", listed=5, received=5, responses=5)
        first = proxy.bytes_from_server
        place.takes("email", listed=5, received=0, responses=5)
        assert first > 200_000
        assert proxy.bytes_from_server - first < 5_000


def test_only_the_named_channel_runs(here: Consultation) -> None:
    """``--channel`` runs the named channel alone, and only that appears."""
    here.mail("a.eml")
    here.survey("a.csv", ("R1", AT, "Keep it.", "Yes"))
    report = here.run("survey")
    assert list(report["channels"]) == ["survey"]
    assert [row["channel"] for row in here.responses()] == ["survey"]
    assert here.run("email")["channels"]["email"]["received"] == 1


def test_the_files_of_a_home_are_the_owner_s_alone(tmp_path: Path) -> None:
    """The home, and every file and folder of it, is closed to all but its owner."""
    here = Consultation(tmp_path)
    here.mail("a.eml")
    here.run()
    assert stat.S_IMODE(here.home.stat().st_mode) == 0o700
    assert stat.S_IMODE(here.sqlite.stat().st_mode) == 0o600
    assert stat.S_IMODE((here.home / "originals").stat().st_mode) == 0o700


# --- one lease a channel ----------------------------------------------------------------------------------------------


def test_a_channel_that_another_process_works_on(here: Consultation) -> None:
    """A run that finds a channel's lease taken says so, does nothing there, runs the others, and ends with 1."""
    here.mail("a.eml")
    here.survey("a.csv", ("R1", AT, "Keep it.", "Yes"))
    with here.app() as app, app.database.lease("channel email"):
        done = here.command("run", "--json")
    assert done.code == 1
    report = done.json
    account = report["channels"]["email"]
    assert report["balanced"] is False
    assert account["error"]
    assert account["error"].startswith("Another run")
    assert [account[name] for name in ("listed", "unknown", "waiting", "vanished", "received")] == [None] * 4 + [0]
    assert report["channels"]["survey"]["responses"] == 1
    assert "Traceback" not in done.err
    here.takes("email", listed=1, received=1, responses=1)


def test_two_runs_at_once(tmp_path: Path) -> None:
    """Two runs that start at the same moment on a new home give what one gives: nothing lost, nothing twice."""
    sources = tmp_path / "samples"
    make_sources(sources, small=True)
    alone = make_consultation(tmp_path / "alone", sources)
    alone.run()
    together = make_consultation(tmp_path / "together", sources)
    processes = [start(together.command_line("run"), together.folder) for _ in range(2)]
    assert {process.wait(120) for process in processes} <= {0, 1}
    assert together.run()["balanced"] is True
    assert together.failures() == {}
    lines = [[without(row, "run") for row in one.export()] for one in (alone, together)]
    assert lines[0] == lines[1]


# --- two databases ----------------------------------------------------------------------------------------------------


def differences(engine: Engine) -> list[Any]:
    """What alembic would change to bring the tables of a database to the shape of the models."""
    with engine.connect() as connection:
        # SQLite gives a default of '' back in another spelling, which alembic takes for another default.
        options = {"compare_type": True, "compare_server_default": engine.name != "sqlite"}
        found: list[Any] = compare_metadata(MigrationContext.configure(connection, opts=options), SQLModel.metadata)
        return found


def test_the_migrations_make_the_tables_of_the_models(tmp_path: Path) -> None:
    """The history of migrations ends with exactly the tables that the models say, on SQLite."""
    database = Database(tmp_path)
    database.migrate()
    assert differences(database.engine) == []
    assert database.is_current()
    database.close()


def test_the_migrations_make_the_tables_of_the_models_on_postgresql(tmp_path: Path, postgres_url: str) -> None:
    """The history of migrations ends with exactly the tables that the models say, on PostgreSQL."""
    database = Database(tmp_path, postgres_url)
    assert not database.is_current()
    database.migrate()
    assert differences(database.engine) == []
    assert database.is_current()
    database.close()


@pytest.mark.parametrize("everything", [False, True])
@pytest.mark.parametrize("profile", ["analysis", "full"])
def test_both_databases_give_the_same_export(
    sample_run: Consultation, sample_on_postgres: Consultation, profile: Any, everything: bool
) -> None:
    """The sample in SQLite and in PostgreSQL gives the same export, byte for byte, where the format has no clock."""
    for suffix in (".csv", ".jsonl", ".parquet"):
        one, other = (
            consultation.export_bytes(suffix, everything=everything, profile=profile)  # type: ignore[arg-type]
            for consultation in (sample_run, sample_on_postgres)
        )
        assert one == other, suffix
    assert len(sample_run.export(everything=everything)) > 100


def test_both_databases_give_the_same_trace(sample_run: Consultation, sample_on_postgres: Consultation) -> None:
    """Fields, places, quotes and confidence of every response are the same in both databases."""
    references = [row["reference"] for row in sample_run.export()]
    with sample_run.app() as one, sample_on_postgres.app() as other:
        for reference in references:
            fields, others = (
                {column: [without(piece, "at") for piece in pieces] for column, pieces in found["fields"].items()}
                for found in (one.trace(reference), other.trace(reference))
            )
            assert fields == others


# --- times ------------------------------------------------------------------------------------------------------------


def test_a_naive_time_raises(place: Consultation, monkeypatch: pytest.MonkeyPatch) -> None:
    """A clock without a zone stops the program before anything is written; so does a naive time in storage."""
    place.mail("a.eml")
    with monkeypatch.context() as patch:
        patch.setattr(intake.app, "clock", lambda: datetime(2026, 1, 1))
        with pytest.raises((ValueError, StatementError), match="naive"):
            place.run()
    assert place.sql("select count(*) from run") == [0]
    with place.app() as app:
        with pytest.raises((ValueError, StatementError), match="naive"), app.database.write() as tx:
            runs.start_run(tx, datetime(2026, 1, 1), "none")
        with app.database.read() as tx:
            assert runs.last_runs(tx) == {}
    with pytest.raises(ValueError, match="timezone"):
        Response(reference="r", consultation="c", channel="e", received_at=datetime(2011, 3, 1))


@pytest.mark.parametrize(("received", "late"), [
    ("Mon, 18 Apr 2011 23:59:59 +0100", "false"), ("Tue, 19 Apr 2011 00:00:00 +0100", "true"),
    ("Mon, 18 Apr 2011 22:59:59 +0000", "false"), ("Mon, 18 Apr 2011 23:00:00 +0000", "true"),
    ("Mon, 18 Apr 2011 18:00:00 -0500", "true"), ("Tue, 19 Apr 2011 08:59:59 +1000", "false"),
])  # fmt: skip
def test_a_message_a_second_before_and_after_the_deadline(place: Consultation, received: str, late: str) -> None:
    """A message's topmost Received header decides, to the second, in whatever zone it is written; a late one counts."""
    hops = f"Received: from a by b; {received}\nReceived: from c by a; Mon, 18 Apr 2011 12:00:00 +0100"
    place.mail("a.eml", headers=hops, date="Mon, 18 Apr 2011 12:00:00 +0100")
    place.takes("email", listed=1, read=1, responses=1)
    row = place.response()
    assert (row["late"], row["received_basis"]) == (late, "received_header")
    assert ("late?" in row["needs"].split(";")) is (late == "true")
    assert row["status"] == "new"


def test_a_mailbox_s_internaldate_a_second_before_and_after(
    place: Consultation, dovecot: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a mailbox INTERNALDATE decides, whatever the headers of the message claim."""
    closes = datetime(2011, 4, 18, 23, tzinfo=UTC)
    for second in (-1, 0):
        claims = "Received: from a by b; Tue, 1 Mar 2011 12:00:00 +0000"
        dovecot.deliver(message(f"At {second}.", headers=claims), internaldate=closes + timedelta(seconds=second))
    monkeypatch.setenv("TEST_PASSWORD", dovecot.password)
    place.read_mail_from(dovecot)
    place.takes("email", listed=2, responses=2)
    rows = {row["text"]: row for row in place.responses()}
    assert (rows["At -1."]["late"], rows["At -1."]["received_at"]) == ("false", "2011-04-18T22:59:59Z")
    assert (rows["At 0."]["late"], rows["At 0."]["received_at"]) == ("true", "2011-04-18T23:00:00Z")
    assert "late?" in rows["At 0."]["needs"]


@pytest.mark.parametrize(("submitted", "late", "received_at", "unsure"), [
    ("2011-04-18T23:59:59+01:00", "false", "2011-04-18T22:59:59Z", False),
    ("2011-04-18T23:00:00Z", "true", "2011-04-18T23:00:00Z", False),
    ("2011-04-18 23:59:59", "false", "2011-04-18T22:59:59Z", False),
    ("19/04/2011 00:00", "true", "2011-04-18T23:00:00Z", False),
    ("18/04/2011", "false", "2011-04-18T11:00:00Z", False),
    ("19/04/2011", "true", "2011-04-19T11:00:00Z", False),
    ("04/03/2011 09:15", "false", "2011-03-04T09:15:00Z", False),
    ("2010-10-31 01:30", "false", "2010-10-31T00:30:00Z", True),
])  # fmt: skip
def test_a_row_s_own_time(place: Consultation, submitted: str, late: str, received_at: str, *, unsure: bool) -> None:
    """A row's time is local where it names no zone, day first, 12:00 where it is a day; one that the clock showed twice
    is the earlier and needs a person."""
    place.survey("a.csv", ("R1", submitted, "Keep it.", "Yes"))
    place.takes("survey", listed=1, responses=1)
    row = place.response()
    assert (row["late"], row["received_at"], row["received_basis"]) == (late, received_at, "submitted")
    assert ("received-date" in row["needs"].split(";")) is unsure


def test_a_day_is_late_only_after_the_closing_day(place: Consultation) -> None:
    """Known to the day only, a row of the closing day is in time, also where the consultation closes in the morning."""
    place.configure("closes = 2011-04-18", "closes = 2011-04-18T10:00:00+01:00")
    place.calls(
        "log.csv", ("18/04/2011", "", "In time."), ("18/04/2011", "10:00", "Late."), ("19/04/2011", "", "Later.")
    )
    place.takes("phone", listed=3, responses=3)
    assert {row["text"]: row["late"] for row in place.responses()} == {
        "In time.": "false", "Late.": "true", "Later.": "true"
    }  # fmt: skip


@pytest.mark.parametrize(("scanned", "late", "needs"), [
    ("2011:04:18 23:59:59", "false", False), ("2011:04:19 00:00:00", "", True), ("2011:03:01 10:00:00", "false", False),
])  # fmt: skip
def test_a_scan_after_the_deadline_is_not_late(place: Consultation, scanned: str, late: str, *, needs: bool) -> None:
    """A scan's date is the latest that a letter can have come: it proves in time or nothing, and a person is asked."""
    place.put("letters/scan.tif", scan(scanned))
    place.takes("letters", listed=1, responses=1)
    row = place.response()
    assert (row["late"], row["received_basis"]) == (late, "scan")
    assert ("received-date" in row["needs"].split(";")) is needs
    assert "late?" not in row["needs"].split(";")


def scan(taken: str) -> bytes:
    """A printed page as a TIFF with the time of its scan (DateTime, by the scanner's clock)."""
    import io

    from PIL import Image

    image = Image.open(io.BytesIO(picture("Dear council,\nplease keep the centre open.\nYours, A. Resident")))
    out = io.BytesIO()
    image.save(out, "TIFF", dpi=(150, 150), tiffinfo={306: taken})
    return out.getvalue()


@pytest.mark.parametrize(("folder", "channel"), [("inbox", "email"), ("letters", "letters"), ("survey", "survey")])
@pytest.mark.parametrize(("hours", "late"), [(-1, "false"), (1, "")])
def test_a_file_s_time_proves_in_time_and_never_late(
    place: Consultation, folder: str, channel: str, hours: int, late: str
) -> None:
    """Where nothing else says when it came, the file's time may prove in time; after the deadline a person is asked."""
    at = datetime(2011, 4, 18, 23, tzinfo=UTC) + timedelta(hours=hours)
    match folder:
        case "inbox":
            place.mail("a.eml", date="", at=at)
        case "letters":
            place.put("letters/scan.png", picture("Dear council,\nplease keep the centre open."), at)
        case "survey":
            place.survey("a.csv", ("R1", "", "Keep it.", "Yes"), at=at)
    place.takes(channel, listed=1, responses=1)
    row = place.response()
    assert (row["late"], row["received_basis"]) == (late, "file_time")
    assert "late?" not in row["needs"].split(";")
    if not late:
        assert "received-date" in row["needs"].split(";")


# --- the JSON of the contract -----------------------------------------------------------------------------------------

ACCOUNT = [
    "listed", "unknown", "waiting", "vanished", "received", "read", "repeats", "set_aside", "quarantined", "pending",
    "responses", "error",
]  # fmt: skip
PIECE = ["value", "method", "confidence", "place", "quote", "reader_version", "at", "by"]
RECEIPT = [
    "receipt", "channel", "source", "arrived_at", "arrived_basis", "taken_at", "run", "facts", "original", "originals",
]  # fmt: skip


def test_the_json_of_run(place: Consultation) -> None:
    """``intake run --json`` prints one object with the contract's keys, and nothing else on stdout."""
    place.mail("a.eml")
    done = place.command("run", "--json")
    assert done.code == 0
    report = done.json
    assert list(report) == ["run", "started_at", "finished_at", "balanced", "sandbox", "channels"]
    assert list(report["channels"]) == ["email", "letters", "phone", "survey"]
    for account in report["channels"].values():
        assert set(ACCOUNT) <= set(account)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", report["started_at"])
    assert report["started_at"] <= report["finished_at"]
    with place.app() as app, app.database.read() as tx:
        last = runs.last_runs(tx)["email"]
    assert (last.run, last.error) == (report["run"], None)


def test_the_json_of_status(place: Consultation) -> None:
    """``intake status --json`` touches no source and shows outcomes, responses and the last run of each channel."""
    place.mail("a.eml")
    (before,) = {
        json.dumps(account["last_run"]) for account in place.command("status", "--json").json["channels"].values()
    }
    assert before == "null"
    place.run()
    (place.folder / "inbox/a.eml").unlink()
    (place.folder / "inbox").rmdir()
    done = place.command("status", "--json")
    assert done.code == 0
    account = done.json["channels"]["email"]
    wanted = {"read": 1, "repeats": 0, "set_aside": 0, "quarantined": 0, "pending": 0, "responses": 1}
    assert {name: account[name] for name in wanted} == wanted
    assert set(account["last_run"]) == {"run", "finished_at", "error"}


def test_the_json_of_trace(place: Consultation) -> None:
    """``intake trace --json`` has the contract's keys; every value that has a place quotes what stands tplace."""
    place.mail("a.eml", "Keep Watton open.\n\nA. Resident\nNR16 1AB")
    place.run()
    row = place.response()
    done = place.command("trace", row["reference"], "--json")
    assert done.code == 0
    found = done.json
    assert found["reference"] == row["reference"]
    assert list(found["response"]) == columns(["structure", "agree"])
    assert found["response"] == row
    for pieces in found["fields"].values():
        for piece in pieces:
            assert set(PIECE) <= set(piece)
            assert piece["by"] is None
            assert 0 <= piece["confidence"] <= 1
    (piece,) = found["fields"]["postcode"]
    assert (piece["value"], piece["quote"], set(piece["place"])) == ("NR16 1AB", "NR16 1AB", {"part", "start", "end"})
    assert {"text", "email", "name", "received_at", "places"} <= set(found["fields"])
    (receipt,) = found["receipts"]
    assert set(RECEIPT) <= set(receipt)
    assert {"sha256", "bytes", "media_type", "intact"} <= set(receipt["original"])
    assert receipt["originals"] == [receipt["original"]]
    assert {entry["type"] for entry in found["history"]} >= {"receipt", "response"}


def test_the_json_of_trace_without_a_response(place: Consultation) -> None:
    """The trace of a receipt without response has no reference, and null in every column."""
    place.mail("a.eml", headers="Auto-Submitted: auto-replied")
    place.run()
    found = place.trace(place.item("set_aside")["receipt"])
    assert found["reference"] is None
    assert set(found["response"].values()) == {None}
    assert found["receipts"][0]["original"]["intact"] is True


def test_the_trace_of_a_row(place: Consultation) -> None:
    """A row's values have the row and the header as their place; behind it are its own original and the file's."""
    place.survey("a.csv", ("R0", AT, "x", "No"), ("R1", AT, "Keep it.", "Yes"))
    place.run()
    row = next(row for row in place.responses() if row["source"] == "R1")
    found = place.trace(row["reference"])
    (piece,) = found["fields"]["answer.agree"]
    assert piece["place"] == {"row": 3, "column": "Do you agree?"}
    own, of_file = found["receipts"][0]["originals"]
    assert json.loads(place.original(own["sha256"])) == {
        "ID": "R1", "When": AT, "What do you think?": "Keep it.", "Do you agree?": "Yes"
    }  # fmt: skip
    assert place.original(of_file["sha256"]) == (place.folder / "survey/a.csv").read_bytes()


def test_the_trace_of_a_typed_letter(place: Consultation) -> None:
    """What a letter says has its page and the box around it, in points from the top left of the page."""
    place.put("letters/a.pdf", pdf("Dear council,\nkeep it.", "My postcode is NR16 1AB."))
    place.run()
    (piece,) = place.trace(place.response()["reference"])["fields"]["postcode"]
    assert piece["place"]["page"] == 2
    left, top, right, bottom = piece["place"]["box"]
    assert 72 < left < right < 595
    assert 842 - 780 < top < bottom < 842 - 750


def test_the_trace_of_a_bundle_by_its_receipt(place: Consultation) -> None:
    """A receipt with several responses can't be traced as one: the program says so and names all of them."""
    place.put("inbox/fwd.eml", bundle(message("One."), message("Two.")))
    place.run()
    references = {row["reference"] for row in place.responses()}
    done = place.command("trace", str(place.receipts()[0]["id"]), "--json")
    assert "Traceback" not in done.err
    assert all(reference in done.out + done.err for reference in references)


@pytest.mark.parametrize("typed", ["{}", "{lower}", "{squeezed}", "{confused}"])
def test_a_reference_is_known_as_people_type_it(place: Consultation, typed: str) -> None:
    """A reference is known in any case, without dashes, and with O and I for 0 and 1."""
    for number in range(40):
        place.mail(f"{number}.eml", f"Number {number}.")
    place.run("email")
    with place.app() as app:
        for row in place.responses():
            prefix, _, rest = row["reference"].partition("-")
            forms = {"lower": row["reference"].lower(), "squeezed": row["reference"].replace("-", "").lower(),
                     "confused": f"{prefix}-{rest.replace('0', 'o').replace('1', 'l')}"}  # fmt: skip
            assert app.trace(typed.format(row["reference"], **forms))["reference"] == row["reference"]


def test_every_sample_response_is_traced_to_its_bytes(sample_run: Consultation) -> None:
    """From any response of the sample one reaches bytes whose SHA-256 is the receipt's, and the source's files."""
    files = {hashlib.sha256(path.read_bytes()).hexdigest() for path in SAMPLES.rglob("*") if path.is_file()}
    with sample_run.app() as app:
        for row in sample_run.export():
            found = app.trace(row["reference"])
            for receipt in found["receipts"]:
                for kept in receipt["originals"]:
                    assert hashlib.sha256(app.original(kept["sha256"])).hexdigest() == kept["sha256"]
                    assert kept["intact"] is True
                assert receipt["originals"][-1]["sha256"] in files
            assert row["original_sha256"] == found["receipts"][0]["original"]["sha256"]
            assert found["response"] == row


# --- silence ----------------------------------------------------------------------------------------------------------


PERSONAL_HEADERS = {"Caller", "Telephone", "Postcode", "Your name", "Email", "name", "postcode", "email", "IP address"}


def personal_data_of_the_sample(consultation: Consultation) -> set[str]:
    """Names, addresses, numbers, postcodes, file names and subjects that the sample holds."""
    told = {path.name for path in SAMPLES.rglob("*") if path.is_file()} | {"samples/inbox"}
    personal = ("name", "organisation", "email", "phone", "address", "postcode", "people", "relayed_by", "source")
    for row in consultation.export():
        told |= {value for column in personal for value in row[column].split(";")}
    for path in (SAMPLES / "inbox").glob("*.eml"):
        parsed = email.message_from_bytes(path.read_bytes(), policy=email.policy.compat32)
        told |= {str(parsed["Subject"] or ""), str(parsed["From"] or ""), str(parsed["Message-ID"] or "")}
    for name in ("calls.csv", "survey/export-2011-04-19.csv", "letters-truth/fields.csv"):
        with (SAMPLES / name).open(newline="", encoding="utf-8-sig") as stream:
            for cells in csv.DictReader(stream):
                told |= {
                    str(cells.get(h))
                    for h in ("Caller", "Telephone", "Postcode", "Your name", "Email", "name", "IP address")
                }
    words = {"parent", "carer", "other", "anonymous", "withheld", "none"}
    return {value.strip() for value in told if len(value.strip()) > 4 and value.strip().casefold() not in words}


def test_no_personal_data_in_the_log_or_the_ledger_of_the_sample(sample_run: Consultation, sample_done: Done) -> None:
    """A run of the sample that logs every step shows nobody's name, address, number, postcode, subject or file, and the
    ledger holds none."""
    assert sample_done.code == 0
    told = personal_data_of_the_sample(sample_run)
    assert len(told) > 250
    ledger = b"\n".join(bytes(body) for body in sample_run.sql("select body from ledger_entry")).decode()
    for kept in (sample_done.err, sample_done.out, ledger):
        assert [value for value in told if value in kept] == []
    assert len(sample_done.err.splitlines()) > 2
    assert "Traceback" not in sample_done.err
