"""What ``intake verify`` promises: nothing that is kept is changed behind the program's back without being named."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Column, Integer, LargeBinary
from sqlalchemy.types import Boolean

from storage.models import Decision, Delivery, Receipt, ResponseRow
from tests.support.consultation import Consultation, bundle, message, pdf, table
from tests.support.rebuild import rebuilt

pytestmark = pytest.mark.usefixtures("warm_readers")

DAY = datetime(2011, 3, 1, 12, tzinfo=UTC)
AT = "2011-03-01T09:00:00Z"
WITH_BACKGROUND = ("ID", "When", "What do you think?", "Do you agree?", "What is your background?")


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory, empty_home: Path) -> Consultation:
    """A consultation that has one of everything that is kept: rows in versions, a bundle, decisions, what is aside."""
    made = Consultation(tmp_path_factory.mktemp("kept"), home=empty_home)
    made.mail("a.eml", "Keep Watton open.\nI live at NR16 1AB, my phone is 07700 900123.")
    made.put("inbox/a2.eml", (made.folder / "inbox/a.eml").read_bytes())
    made.mail("b.eml", headers="Auto-Submitted: auto-replied")
    made.put("inbox/c.eml", bundle(message("One."), message("Two.")))
    made.mbox("d.mbox", message("Three.", sender="Dan <dan@example.org>"), message("Four."))
    made.put("letters/scan001.pdf", pdf("Dear council,\nkeep Watton open."))
    made.put("letters/broken.pdf", pdf("Cut off.")[:300])
    made.calls("log.csv", ("01/03/2011", "14:00", "I agree"))
    rows = [("R1", AT, "Keep it.", "Yes", "This"), ("R2", AT, "Close it.", "No", "That")]
    made.put("survey/a.csv", table(WITH_BACKGROUND, rows), DAY)
    once = message("Two sentences. Kept as they are.", headers="Message-ID: <1@example.org>")
    made.put("inbox/e.eml", once)
    made.run()
    (made.folder / "inbox/e.eml").unlink()
    made.put("inbox/f.eml", rebuilt(once))
    newer = table(WITH_BACKGROUND, [("R1", AT, "Keep it now.", "Yes", "That")])
    made.put("survey/a.csv", newer, DAY + timedelta(days=1))
    made.run()
    references = {row["source"]: row["reference"] for row in made.responses()}
    made.decide(references["a.eml"], "accept")
    made.decide(references["R1"], "correct", "postcode=NR16 1AB")
    made.decide(references["R2"], "exclude", reason="test")
    made.decide(references["R2"], "confirm", by="bob")
    made.decide(references["scan001.pdf"], "correct", "name=Nobody")
    made.decide(references["scan001.pdf"], "undo")
    made.decide(made.item("set_aside")["receipt"], "overturn")
    made.decide(made.receipts("email")[-1]["id"], "same")
    made.decide(made.response("phone")["reference"], "set-aside", "enquiry")
    return made


@pytest.fixture
def mine(kept: Consultation, tmp_path: Path) -> Consultation:
    """That consultation, to be tampered with."""
    return kept.copy(tmp_path)


@contextmanager
def by_hand(consultation: Consultation) -> Iterator[sqlite3.Connection]:
    """The database as anybody can open it, without the program's rules."""
    with closing(sqlite3.connect(consultation.sqlite)) as connection:
        yield connection
        connection.commit()


def change(consultation: Consultation, statement: str, *values: object) -> None:
    with by_hand(consultation) as connection:
        changed = connection.execute(statement, values).rowcount
    assert changed == 1, f"{statement}: {changed} rows"


def change_all(consultation: Consultation, statement: str, *values: object) -> None:
    with by_hand(consultation) as connection:
        assert connection.execute(statement, values).rowcount > 0


def named(consultation: Consultation) -> set[str]:
    """Everything that ``verify`` names as not holding."""
    return {name for failures in consultation.failures().values() for name in failures}


def other(column: "Column[object]", value: object) -> object:
    """A value that a column could hold, other than the one it holds."""
    if isinstance(column.type, Integer | Boolean):
        return 1 if value is None else 0 if value == 1 and isinstance(column.type, Boolean) else int(str(value)) + 1
    if isinstance(column.type, LargeBinary):
        return b"other bytes"
    if value and set(str(value)) <= set("0123456789abcdef"):
        return ("1" if str(value)[0] == "0" else "0") + str(value)[1:]
    return f"{value or ''}x"


# --- it holds ---------------------------------------------------------------------------------------------------------


def test_a_fresh_sample_run_holds(sample_run: Consultation) -> None:
    """After a run of the sample every check holds, and every check has looked at something."""
    with sample_run.app() as app:
        checks = app.verify()
    assert {check.name: check.failures for check in checks if not check.ok} == {}
    idle = {check.name for check in checks if not check.checked}
    assert idle <= {"decisions", "versions", "rebuilt", "acknowledgements", "letters", "further-originals"}


def test_a_fresh_sample_run_holds_on_postgresql(sample_on_postgres: Consultation) -> None:
    """After a run of the sample on PostgreSQL every check holds."""
    assert sample_on_postgres.failures() == {}


def test_all_that_can_happen_to_an_item_holds(kept: Consultation) -> None:
    """Versions, decisions, an undo, an overturned and a set-aside item: every check holds and looks at something."""
    with kept.app() as app:
        # test_acknowledge.py, test_batches.py and test_growing.py have those
        elsewhere = ("acknowledgements", "letters", "further-originals")
        checks = [check for check in app.verify() if check.name not in elsewhere]
    assert {check.name: (check.failures, check.checked > 0) for check in checks} == {
        check.name: ([], True) for check in checks
    }


def test_the_command_says_what_does_not_hold(mine: Consultation) -> None:
    """``intake verify`` ends with 0 where all holds, else with 1, names the item, and has no traceback."""
    assert mine.command("verify", "--json").code == 0
    reference = mine.responses("email")[0]["reference"]
    change(mine, "update response set text = text || '!' where reference = ?", reference)
    for done in (mine.command("verify", "--json"), mine.command("verify")):
        assert done.code == 1
        assert reference in done.out
        assert "Traceback" not in done.err
    report = mine.command("verify", "--json").json
    assert report["ok"] is False
    assert [c["name"] for c in report["checks"] if reference in c["failures"]] == ["responses"]


@pytest.mark.parametrize("column", ["text", "needs", "late", "received_at", "version", "signatures", "answers"])
def test_a_changed_column_is_named_on_postgresql(emptied_database: str, tmp_path: Path, column: str) -> None:
    """On PostgreSQL, too, a column of a response that is changed by hand is named, and nothing else is."""
    here = Consultation(tmp_path, emptied_database)
    here.survey("a.csv", ("R1", AT, "Keep it.", "Yes"), ("R2", AT, "Close it.", "No"))
    here.run("survey")
    assert here.failures() == {}
    reference = here.responses()[0]["reference"]
    new = {"version": 7, "signatures": 7}.get(column, "x")
    assert here.tamper(f'update response set "{column}" = :v where reference = :r', v=new, r=reference) == 1
    assert named(here) == {reference}


# --- originals --------------------------------------------------------------------------------------------------------


def stored(consultation: Consultation, reference: str) -> Path:
    (row,) = [row for row in consultation.responses() if row["reference"] == reference]
    sha256 = row["original_sha256"]
    return consultation.home / "originals" / sha256[:2] / sha256[2:]


@pytest.mark.parametrize("damage", ["one bit", "shorter", "longer", "gone"])
def test_a_damaged_original_is_named(mine: Consultation, damage: str) -> None:
    """An original of which one bit is other, that is cut, longer or gone, is named by its SHA-256."""
    row = mine.response("letters")
    path = stored(mine, row["reference"])
    content = path.read_bytes()
    path.chmod(0o600)
    match damage:
        case "one bit":
            path.write_bytes(content[:100] + bytes([content[100] ^ 1]) + content[101:])
        case "shorter":
            path.write_bytes(content[:-1])
        case "longer":
            path.write_bytes(content + b"\n")
        case "gone":
            path.unlink()
    assert named(mine) == {row["original_sha256"]}
    (receipt,) = mine.trace(row["reference"])["receipts"]
    assert receipt["original"]["intact"] is False


def test_a_damaged_original_of_a_delivery_is_named(mine: Consultation) -> None:
    """The file of an export, whose rows have originals of their own, is checked too."""
    (sha256,) = mine.sql("select sha256 from delivery where channel = 'phone'")
    path = mine.home / "originals" / sha256[:2] / sha256[2:]
    path.write_bytes(path.read_bytes().replace(b"agree", b"AGREE"))
    assert named(mine) == {sha256}


def test_a_row_s_content_that_was_changed_is_named(mine: Consultation) -> None:
    """A row's cells, which are kept in the database, are named by their SHA-256 if one byte of them is other."""
    row = mine.responses("survey")[0]
    change(mine, "update original set content = cast(replace(content, 'Keep', 'Kept') as blob) where sha256 = ?",
           row["original_sha256"])  # fmt: skip
    assert named(mine) == {row["original_sha256"]}


@pytest.mark.parametrize("column", ["sha256", "size", "content", "erased_at"])
def test_a_changed_column_of_an_original_is_named(mine: Consultation, column: str) -> None:
    """An original's record that is changed by hand, or that is called erased, is named by its SHA-256 or receipt."""
    (sha256, receipt), *_ = mine.sql("select sha256, id from receipt where channel = 'letters' and outcome = 'read'")
    new = {"sha256": "0" * 64, "size": 1, "content": b"other", "erased_at": "2026-01-01T00:00:00.000000Z"}[column]
    change(mine, f"update original set {column} = ? where sha256 = ?", new, sha256)
    assert named(mine) & {sha256, str(receipt)}


def test_a_record_of_an_original_that_is_gone_is_named(mine: Consultation) -> None:
    """An original whose record was deleted makes its receipt be named."""
    (sha256, receipt), *_ = mine.sql("select sha256, id from receipt where channel = 'letters' and outcome = 'read'")
    change(mine, "delete from original where sha256 = ?", sha256)
    assert named(mine) >= {str(receipt)}


# --- runs ---


@pytest.mark.parametrize(
    "statement",
    [
        "run set finished_at = '2011-01-01T00:00:00.000000Z' where id = 2", "run set balanced = 0 where id = 2",
        "run_channel set listed = listed + 1 where run_id = 2 and channel = 'email'",
        "run_channel set received = 7 where run_id = 2 and channel = 'survey'",
        "run_channel set error = 'x' where run_id = 2 and channel = 'phone'",
        "run_channel set channel = 'fax' where run_id = 2 and channel = 'phone'",
    ],
)  # fmt: skip
def test_changed_accounts_of_a_run_are_named(mine: Consultation, statement: str) -> None:
    """What a run counted, and when it ended, can't be made other than the ledger says."""
    change(mine, f"update {statement}")
    assert named(mine) == {"run 2"}


# --- responses --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("column", ResponseRow.__table__.columns, ids=lambda c: c.name)
def test_a_changed_column_of_a_response_is_named(mine: Consultation, column: "Column[object]") -> None:
    """Each single column of a response that is changed by hand makes ``verify`` name the response by its reference."""
    reference = next(row["reference"] for row in mine.responses("survey") if row["source"] == "R1")
    (value,) = mine.sql(f'select "{column.name}" from response where reference = :r', r=reference)
    new = 999_999 if column.name in ("id", "receipt_id") else other(column, value)
    change(mine, f'update response set "{column.name}" = ? where reference = ?', new, reference)
    assert named(mine) & {reference, str(new)}


@pytest.mark.parametrize("table", ["receipt", "delivery", "response", "response_version", "decision"])
@pytest.mark.parametrize("salt", ["no hex", ""])
def test_a_changed_salt_is_named(mine: Consultation, table: str, salt: str) -> None:
    """A salt that is none any more is a failure that is named, and no error of the program."""
    change_all(mine, f"update {table} set salt = ?", salt)
    assert named(mine)


def test_a_text_where_bytes_should_be_is_named(mine: Consultation) -> None:
    """SQLite takes a text in a column of bytes: it is compared, and named, like any other change."""
    change_all(mine, "update original set content = 'x' where content is not null")
    change(mine, "update ledger_entry set body = 'x' where position = 1")
    assert "entry 1" in named(mine)


@pytest.mark.parametrize("statement", ["\"by\" = 'mallory'", "at = '2011-01-01T00:00:00.000000Z'"])
@pytest.mark.parametrize("source", ["R1", "R2", "a.eml"])
def test_evidence_said_to_be_another_s_is_named(mine: Consultation, source: str, statement: str) -> None:
    """Whose word a piece of evidence is, and of when, can't be changed unnoticed, be it a machine's or a person's."""
    (reference,) = mine.sql("select reference from response where source = :s", s=source)
    whose = "response_id = (select id from response where reference = ?)"
    change_all(mine, f"update evidence set {statement} where {whose}", reference)
    assert named(mine) == {reference}


def test_a_link_to_another_response_is_named(mine: Consultation) -> None:
    """A receipt that is made to stand behind another response makes both of them stand out."""
    (reference,) = mine.sql("select reference from response where source = 'R1'")
    whose = "response_id = (select id from response where reference = ?)"
    change_all(mine, f"update response_receipt set response_id = 99999 where {whose}", reference)
    assert reference in named(mine)


@pytest.mark.parametrize("source", ["a.eml", "scan001.pdf", "R2", "b.eml"])
def test_a_changed_response_of_any_kind_is_named(mine: Consultation, source: str) -> None:
    """Whatever it was made of and whatever people did to it: other words in a response are named."""
    (reference,) = mine.sql("select reference from response where source = :s", s=source)
    change(mine, "update response set text = 'I never said so.' where reference = ?", reference)
    assert named(mine) == {reference}


def test_a_deleted_response_is_named(mine: Consultation) -> None:
    """A response that was deleted with everything that belongs to it is named by its receipt's number."""
    (number, receipt), *_ = mine.sql("select id, receipt_id from response where source = 'a.eml'")
    with by_hand(mine) as connection:
        for query in (
            "delete from evidence where response_id = ?", "delete from response_receipt where response_id = ?",
            "delete from response_version where response_id = ?", "delete from decision where response_id = ?",
            "delete from response where id = ?",
        ):  # fmt: skip
            connection.execute(query, (number,))
    assert any(str(receipt) in name.split() for name in named(mine))


@pytest.mark.parametrize("statement", [
    "update evidence set document = replace(document, '1.0', '0.5') where response_id = ? and \"by\" = ''",
    "delete from evidence where response_id = ? and \"by\" = ''",
    "delete from evidence where response_id = ? and \"by\" = 'ann'",
    "update evidence set document = replace(document, 'NR16', 'NR17') where response_id = ? and \"by\" = 'ann'",
])  # fmt: skip
def test_changed_evidence_is_named(mine: Consultation, statement: str) -> None:
    """A document of evidence, a machine's or a person's, that is changed or deleted is named by the reference."""
    (number, reference), *_ = mine.sql("select id, reference from response where source = 'R1'")
    with by_hand(mine) as connection:
        assert connection.execute(statement, (number,)).rowcount >= 1
    assert named(mine) == {reference}


@pytest.mark.parametrize("statement", [
    "update response_version set document = replace(document, 'Keep it.', 'Keep it?')",
    "update response_version set salt = '00' || substr(salt, 3)",
    "update response_version set cause = 'decision'",
    "update response_version set written_at = '2020' || substr(written_at, 5)",
    "delete from response_version",
])  # fmt: skip
def test_a_changed_older_version_is_named(mine: Consultation, statement: str) -> None:
    """An earlier state of a response that is changed or deleted is named by the reference."""
    (number, reference), *_ = mine.sql("select id, reference from response where source = 'R1'")
    change(mine, f"{statement} where response_id = ? and revision = 1", number)
    assert named(mine) == {reference}


@pytest.mark.parametrize("statement", [
    "update monitoring_answer set answer = 'This' where response_id = ?",
    "delete from monitoring_answer where response_id = ?",
    "insert into monitoring_answer select response_id, 'more', 'This' from monitoring_answer where response_id = ?",
])  # fmt: skip
def test_a_changed_monitoring_answer_is_named(mine: Consultation, statement: str) -> None:
    """An answer to a monitoring question that is changed, deleted or added is named by the reference."""
    (number, reference), *_ = mine.sql("select id, reference from response where source = 'R1'")
    change(mine, statement, number)
    assert named(mine) == {reference}


def test_a_changed_part_is_named(mine: Consultation) -> None:
    """The text of a part, in which evidence has its places, is named by the reference if it is other."""
    (receipt, reference), *_ = mine.sql("select receipt_id, reference from response where source = 'a.eml'")
    with by_hand(mine) as connection:
        connection.execute("update part set text = 'x' || text where receipt_id = ?", (receipt,))
    assert named(mine) == {reference}


def test_a_receipt_that_no_longer_stands_behind_its_response_is_named(mine: Consultation) -> None:
    """A link between response and receipt that was cut is named."""
    (number, receipt, reference), *_ = mine.sql("select id, receipt_id, reference from response where source = 'a.eml'")
    change(mine, "delete from response_receipt where response_id = ? and receipt_id = ?", number, receipt)
    assert named(mine) & {reference, str(receipt)}


# --- receipts, deliveries, decisions ----------------------------------------------------------------------------------


@pytest.mark.parametrize("column", Receipt.__table__.columns, ids=lambda c: c.name)
def test_a_changed_column_of_a_receipt_is_named(mine: Consultation, column: "Column[object]") -> None:
    """Each single column of a receipt that is changed by hand makes ``verify`` name the receipt by its number."""
    (receipt,) = [r["id"] for r in mine.receipts("email") if r["source_key"].startswith("d.mbox") and r["place"] == 1]
    (value,) = mine.sql(f'select "{column.name}" from receipt where id = :r', r=receipt)
    new = {"id": 999_999, "outcome": "set_aside"}.get(column.name, other(column, value))
    change(mine, f'update receipt set "{column.name}" = ? where id = ?', new, receipt)
    assert named(mine) & {str(receipt), str(new)}


def test_a_changed_reason_is_named(mine: Consultation) -> None:
    """Why something is not counted, which the export shows, can't be changed by hand without its receipt named."""
    receipt = mine.item("quarantined")["receipt"]
    change(mine, "update receipt set reason = 'enquiry' where id = ?", receipt)
    assert str(receipt) in named(mine)


@pytest.mark.parametrize(("old", "new"), [("read", "repeat"), ("read", "pending"), ("quarantined", "set_aside")])
def test_a_changed_outcome_is_named(mine: Consultation, old: str, new: str) -> None:
    """Whatever outcome a receipt is given by hand, it is named by its number."""
    receipt = mine.items(old)[0]["receipt"]
    change(mine, "update receipt set outcome = ? where id = ?", new, receipt)
    assert str(receipt) in named(mine)


def test_a_deleted_receipt_is_named(mine: Consultation) -> None:
    """A receipt that was deleted, with its sightings and with nothing else depending on it, is named by its number."""
    receipt = mine.item("quarantined")["receipt"]
    with by_hand(mine) as connection:
        connection.execute("delete from sighting where receipt_id = ?", (receipt,))
        connection.execute("delete from receipt where id = ?", (receipt,))
    assert str(receipt) in named(mine)


def test_a_deleted_sighting_is_named(mine: Consultation) -> None:
    """A receipt whose sightings were deleted would be received again: it is named by its number."""
    (receipt,) = [r["id"] for r in mine.receipts("email") if r["source_key"] == "a.eml"]
    change(mine, "delete from sighting where receipt_id = ?", receipt)
    assert named(mine) == {str(receipt)}


@pytest.mark.parametrize("column", ["channel", "source_key", "version", "receipt_id"])
def test_a_changed_sighting_is_named(mine: Consultation, column: str) -> None:
    """A receipt whose item is said to have been listed under another key would be received again: it is named."""
    (receipt,) = [r["id"] for r in mine.receipts("email") if r["source_key"] == "a.eml"]
    change(mine, f"update sighting set {column} = ? where receipt_id = ?", 99999 if "id" in column else "x", receipt)
    assert str(receipt) in named(mine)


@pytest.mark.parametrize("column", Delivery.__table__.columns, ids=lambda c: c.name)
def test_a_changed_column_of_a_delivery_is_named(mine: Consultation, column: "Column[object]") -> None:
    """Each column of a delivery that is changed by hand makes ``verify`` name it, or a receipt of it."""
    (number, sha256), *_ = mine.sql("select id, sha256 from delivery where channel = 'phone'")
    (value,) = mine.sql(f'select "{column.name}" from delivery where id = :n', n=number)
    new = {"id": 999_999, "state": "stored"}.get(column.name, other(column, value))
    change(mine, f'update delivery set "{column.name}" = ? where id = ?', new, number)
    receipts = {str(r) for r in mine.sql("select id from receipt where channel = 'phone'")}
    assert named(mine) & ({sha256, str(new)} | receipts)


def test_a_deleted_delivery_is_named(mine: Consultation) -> None:
    """A delivery that was deleted is named, by its SHA-256 or by a receipt of it."""
    (number, sha256), *_ = mine.sql("select id, sha256 from delivery where channel = 'phone'")
    (receipt,) = mine.sql("select id from receipt where channel = 'phone'")
    change(mine, "delete from delivery where id = ?", number)
    assert any({sha256, str(receipt), str(number)} & set(name.split()) for name in named(mine))


@pytest.mark.parametrize("column", Decision.__table__.columns, ids=lambda c: c.name)
def test_a_changed_column_of_a_decision_is_named(mine: Consultation, column: "Column[object]") -> None:
    """Each column of a decision that is changed by hand makes ``verify`` name what it is about."""
    (number, receipt, response), *_ = mine.sql(
        "select d.id, d.receipt_id, r.reference from decision d join response r on r.id = d.response_id"
        " where d.action = 'confirm'"
    )
    (value,) = mine.sql(f'select "{column.name}" from decision where id = :n', n=number)
    new = 999_999 if column.name in ("id", "receipt_id") else other(column, value)
    change(mine, f'update decision set "{column.name}" = ? where id = ?', new, number)
    assert named(mine) & {str(receipt), response, str(new)}


def test_a_deleted_decision_is_named(mine: Consultation) -> None:
    """A decision that was deleted is missed."""
    (number,) = mine.sql("select id from decision where action = 'confirm'")
    change(mine, "delete from decision where id = ?", number)
    assert any(str(number) in name.split() for name in named(mine))


# --- the ledger -------------------------------------------------------------------------------------------------------


KINDS = ["run", "delivery", "delivery-state", "receipt", "outcome", "response", "decision"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_changed_ledger_entry_is_named(mine: Consultation, kind: str) -> None:
    """A ledger entry of any kind of which the time was changed is named by its position."""
    number, position = entry_of(mine, kind)
    earlier = """replace(body, '"at":"20', '"at":"19')"""
    change(mine, f"update ledger_entry set body = cast({earlier} as blob) where id = ?", number)
    assert f"entry {position}" in named(mine)


@pytest.mark.parametrize("kind", KINDS)
def test_a_deleted_ledger_entry_is_noticed(mine: Consultation, kind: str) -> None:
    """A ledger entry of any kind that was deleted leaves a gap that is named."""
    number, position = entry_of(mine, kind)
    change(mine, "delete from ledger_entry where id = ?", number)
    assert f"entry {position}" in named(mine)


def test_the_last_ledger_entry_deleted_is_noticed(mine: Consultation) -> None:
    """Entries that were cut off at the end of the ledger are noticed too."""
    change(mine, "delete from ledger_entry where id = (select max(id) from ledger_entry)")
    assert named(mine)


def test_the_entry_of_the_last_run_deleted_is_noticed(sample: Consultation) -> None:
    """The ledger ends with the entry of the last run; without it, ``verify`` does not hold."""
    (body,) = sample.sql("select body from ledger_entry order by id desc limit 1")
    assert json.loads(bytes(body))["type"] == "run"
    change(sample, "delete from ledger_entry where id = (select max(id) from ledger_entry)")
    assert named(sample)


@pytest.mark.parametrize("column", ["position", "receipt_id", "leaf", "body"])
def test_a_changed_column_of_a_ledger_entry_is_named(mine: Consultation, column: str) -> None:
    """Each column of a ledger entry that is changed by hand is named by the entry's position."""
    number, position = entry_of(mine, "outcome")
    new = {"position": 999_999, "receipt_id": 999_999}.get(column, b"other")
    change(mine, f"update ledger_entry set {column} = ? where id = ?", new, number)
    assert f"entry {position}" in named(mine)


def test_two_ledger_entries_that_changed_places_are_named(mine: Consultation) -> None:
    """Two entries that were put into each other's place are named, though each is as it was written."""
    with by_hand(mine) as connection:
        connection.execute("update ledger_entry set position = -position where position in (3, 4)")
        connection.execute("update ledger_entry set position = 7 + position where position in (-3, -4)")
    assert {"entry 3", "entry 4"} <= named(mine)


def entry_of(consultation: Consultation, kind: str) -> tuple[int, int]:
    """The first entry of a kind: its number and its position."""
    for number, position, body in consultation.sql("select id, position, body from ledger_entry order by id"):
        if json.loads(bytes(body))["type"] == kind:
            return number, position
    raise AssertionError(f"the ledger has no entry of the kind {kind}")
