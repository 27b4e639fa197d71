"""What people do to responses and receipts: the person's word wins, every step can be taken back, nothing is lost."""

import json
import random
import shutil
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw
from sqlalchemy import text

from intake.app import App
from intake.errors import IntakeError, NotThere, Refused
from intake.export import Wanted
from intake.wish import ACTIONS, Action, Person, Wish
from tests.support.consultation import ACCOUNT, SURVEY, Consultation, pdf, table, without

pytestmark = pytest.mark.usefixtures("warm_readers")

DAY = datetime(2011, 3, 1, 12, tzinfo=UTC)
AT = "2011-03-01T09:00:00Z"
WORDS = "Samphire Lodge, Hunstanton, PE36 5TT\n\nLeave them be until the summer is over, then ask again."
Row = dict[str, str]


def state(made: Consultation, target: object) -> tuple[list[Row], dict[str, Any], list[str], dict[str, Any]]:
    """All that an undo must give back: the whole export, a response as it is traced, outcomes and accounts."""
    with made.app() as app:
        return state_in(app, made.folder, target)


def state_in(app: App, folder: Path, target: object) -> tuple[list[Row], dict[str, Any], list[str], dict[str, Any]]:
    """The same of a program that is open already; the export is written into ``folder``."""
    app.export(folder / "state.jsonl", Wanted("full", everything=True))
    rows = [json.loads(line) for line in (folder / "state.jsonl").read_text().split("\n") if line]
    found = app.trace(str(target))
    with app.database.read() as tx:
        query = "select id, outcome, reason, next_step from receipt order by id"
        receipts = [str(tuple(row)) for row in tx.execute(text(query))]
    traced = {name: found[name] for name in ("reference", "response", "fields")}
    return rows, traced, receipts, app.status()["channels"]


def adds_up(made: Consultation, channel: str) -> dict[str, Any]:
    """The accounts of a channel, which must hold each of its receipts once."""
    with made.app() as app:
        account: dict[str, Any] = app.status()["channels"][channel]
    assert sum(account[name] for name in ACCOUNT) == len(made.receipts(channel))
    return account


def damage(made: Consultation, sha256: str) -> Callable[[], None]:
    """Change a stored original by one byte; what puts it right again."""
    path = made.home / "originals" / sha256[:2] / sha256[2:]
    content = path.read_bytes()
    path.chmod(0o600)
    path.write_bytes(content[:-3] + b"!" + content[-2:])

    def mend() -> None:
        path.write_bytes(content)

    return mend


@pytest.fixture(scope="module")
def made_once(tmp_path_factory: pytest.TempPathFactory, empty_home: Path) -> Consultation:
    """A call, a message, a petitioner's survey row and an automatic reply, read once for the whole module."""
    made = Consultation(tmp_path_factory.mktemp("decided"), home=empty_home)
    made.mail("a.eml", "Keep Watton open.\nI live at NR16 1AB.")
    made.mail("b.eml", "Close it.", sender="Bob <bob@example.org>", date="Mon, 18 Apr 2011 23:30:00 +0000")
    made.mail("auto.eml", "I am away until Monday.", headers="Auto-Submitted: auto-replied")
    made.calls("log.csv", ("01/03/2011", "14:00", "I agree"))
    made.survey("a.csv", ("R1", AT, "Keep it.", "Yes"), at=DAY)
    made.run()
    assert made.failures() == {}
    return made


@pytest.fixture
def mine(made_once: Consultation, tmp_path: Path) -> Consultation:
    """That consultation, to do with as a test likes."""
    return made_once.copy(tmp_path)


def reference(made: Consultation, source: str) -> str:
    return next(row["reference"] for row in made.export() if row["source"] == source)


def row_of(made: Consultation, name: str) -> Row:
    return next(row for row in made.export(everything=True) if row["reference"] == name)


# --- accept -----------------------------------------------------------------------------------------------------------


def test_accept(mine: Consultation) -> None:
    """Accepting confirms the reading, says who and when, changes nothing else, and is undone exactly."""
    name = reference(mine, "a.eml")
    before = state(mine, name)
    mine.decide(name, "accept")
    row = row_of(mine, name)
    assert (row["status"], row["reviewed_by"]) == ("accepted", "ann")
    assert datetime.fromisoformat(row["reviewed_at"]).tzinfo is not None
    own = ("status", "reviewed_by", "reviewed_at")
    assert without(row, *own) == without(next(r for r in before[0] if r["reference"] == name), *own)
    assert mine.failures() == {}
    mine.decide(name, "undo", by="bob")
    assert state(mine, name) == before
    assert mine.failures() == {}


def test_accept_again_and_undo_gives_the_first(mine: Consultation) -> None:
    """Of two who accepted, undoing the second gives back the first one's name and time."""
    name = reference(mine, "a.eml")
    mine.decide(name, "accept", by="ann")
    first = row_of(mine, name)
    mine.decide(name, "accept", by="bob")
    assert row_of(mine, name)["reviewed_by"] == "bob"
    mine.decide(name, "undo")
    assert row_of(mine, name) == first


# --- correct ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "column", "shown"),
    [
        ("name=Ann Other", "name", "Ann Other"),
        ("name=", "name", ""),
        ("postcode=NR16 1ZZ", "postcode", "NR16 1ZZ"),
        ("phone=+441632960001", "phone", "+441632960001"),
        ("text=a=b\r\n=c 👍", "text", "a=b\r\n=c 👍"),
        ("places=C2;C1", "places", "C1;C2"),
        ("people=Zoe; Ann ;;Zoe", "people", "Ann;Zoe"),
        ("respondent_role=carer", "respondent_role", "carer"),
        ("respondent_kind=organisation", "respondent_kind", "organisation"),
        ("signatures=214", "signatures", "214"),
        ("posted_on=2011-04-17", "posted_on", "2011-04-17"),
        ("answer.structure=Typed", "answer.structure", "Typed"),
        ("late_decision=admitted", "late_decision", "admitted"),
    ],
)
def test_correct(mine: Consultation, typed: str, column: str, shown: str) -> None:
    """A correction is the value that counts, with its person as evidence; undoing it gives back all as it was."""
    name = reference(mine, "a.eml")
    before = state(mine, name)
    mine.decide(name, "correct", typed)
    row = row_of(mine, name)
    assert (row[column], row["reviewed_by"], row["status"]) == (shown, "ann", "new")
    piece, *older = mine.trace(name)["fields"][column]
    assert (piece["by"], piece["method"], piece["place"]) == ("ann", "person", None)
    assert older == before[1]["fields"].get(column, []), "the older evidence stays"
    assert mine.failures() == {}
    mine.decide(name, "undo")
    assert state(mine, name) == before


@pytest.mark.parametrize(
    "typed",
    [
        "postcode=nr16", "phone=01632 960001", "language=english", "respondent_kind=dog", "signatures=-1",
        "signatures=many", "signatures=99999999999999999999", "posted_on=yesterday", "received_at=soon",
        "received_at=0001-01-01T00:00:00+05:00", "respondent_role=king", "places=ZZZ", "places=C1;ZZZ",
        "answer.background=This", "answer.nosuch=x", "late_decision=perhaps", "consent_to_publish=maybe",
        "nosuch=x", "reference=TST-1", "status=excluded", "late=false", "needs=", "campaign=x", "run=2",
        "original_sha256=", "reviewed_by=bob", "exclusion_reason=test", "duplicate_of=x", "version=9", "source=x",
        "method=ocr", "confidence=1", "text_cut=0", "no equals", "", "=x",
    ],
)  # fmt: skip
def test_correct_refuses_what_does_not_fit(mine: Consultation, typed: str) -> None:
    """A value that does not fit, and a column no person may set, are refused in one sentence and leave no trace."""
    name = reference(mine, "a.eml")
    before = state(mine, name), mine.sql("select count(*) from ledger_entry")
    with pytest.raises(Refused, match=r"\A[^\n]+\.\Z"):
        mine.decide(name, "correct", typed)
    assert (state(mine, name), mine.sql("select count(*) from ledger_entry")) == before


def test_correct_received_at_changes_late(mine: Consultation) -> None:
    """Whether a response is late follows the time that a person puts right, and so does the need to decide on it."""
    name = reference(mine, "b.eml")
    assert (row_of(mine, name)["late"], row_of(mine, name)["needs"]) == ("true", "late?")
    before = state(mine, name)
    for typed, at, late in (
        ("2011-04-18 23:59:59", "2011-04-18T22:59:59Z", False),
        ("2011-04-19 00:00", "2011-04-18T23:00:00Z", True),
        ("2011-03-01 09:30", "2011-03-01T09:30:00Z", False),
    ):
        mine.decide(name, "correct", f"received_at={typed}")
        row = row_of(mine, name)
        assert (row["received_at"], row["received_basis"]) == (at, "person")
        assert (row["late"], "late?" in row["needs"]) == (("true", True) if late else ("false", False))
    assert mine.failures() == {}
    for _ in range(3):
        mine.decide(name, "undo")
    assert state(mine, name) == before


# --- transcribe -------------------------------------------------------------------------------------------------------


def scrawled() -> bytes:
    """A page of joined-up loops, as a hard hand writes them: nothing that an engine can be sure of."""
    page, pen = Image.new("L", (1240, 1754), 255), random.Random(10)
    draw = ImageDraw.Draw(page)
    for row in range(12):
        for start in range(150, 1050, 130):
            steps = range(start, start + pen.randint(60, 110), 4)
            draw.line([(x, 200 + row * 90 + pen.randint(-16, 16)) for x in steps], fill=60, width=3)
    out = BytesIO()
    page.save(out, "PNG", dpi=(150, 150))
    return out.getvalue()


def test_transcribe_a_handwritten_letter(mine: Consultation) -> None:
    """A letter too hard to read becomes the words that a person typed, with the postcode in them; undone exactly."""
    mine.put("letters/scrawled.png", scrawled())
    mine.takes("letters", received=1)
    name = reference(mine, "scrawled.png")
    before = state(mine, name)
    assert (before[1]["response"]["text"], before[1]["response"]["needs"]) == ("", "received-date;transcription")
    mine.decide(name, "transcribe", WORDS)
    row = row_of(mine, name)
    assert (row["text"], row["postcode"], row["language"]) == (WORDS, "PE36 5TT", "en")
    assert (row["needs"], row["method"], row["confidence"]) == ("received-date", "person", "1.00")
    assert row["reviewed_by"] == "ann"
    fields = mine.trace(name)["fields"]
    assert (fields["text"][0]["by"], fields["text"][0]["value"]) == ("ann", WORDS)
    assert [piece for piece in fields["text"] if piece["method"] == "ocr"] == before[1]["fields"].get("text", [])
    assert (fields["postcode"][0]["by"], fields["postcode"][0]["quote"]) == ("ann", "PE36 5TT")
    assert mine.failures() == {}
    mine.decide(name, "undo")
    assert state(mine, name) == before
    assert mine.failures() == {}


def test_transcribe_leaves_what_is_known(mine: Consultation) -> None:
    """What a transcription names fills only what was blank, and the council's own contacts fill nothing."""
    name, called = reference(mine, "a.eml"), mine.response("phone")["reference"]
    mine.decide(name, "transcribe", "I moved from PE36 5TT.")
    assert (row_of(mine, name)["text"], row_of(mine, name)["postcode"]) == ("I moved from PE36 5TT.", "NR16 1AB")
    mine.decide(called, "transcribe", "To office@council.example, NR1 2DL: no.")
    assert row_of(mine, called)["postcode"] == ""


def test_transcribe_keeps_words_exactly(mine: Consultation) -> None:
    """Spaces, tabs, ends of lines and emoji of a transcription are the text just as they were typed."""
    name, typed = reference(mine, "a.eml"), "\t=1+1 \r\n\n  'x' 👍\u2028 "
    mine.decide(name, "transcribe", typed)
    assert row_of(mine, name)["text"] == typed


def test_transcribe_another_language(mine: Consultation) -> None:
    """A transcription that is not in English still needs a translation."""
    called = mine.response("phone")["reference"]
    polish = "Dzień dobry, bardzo proszę nie zamykać tego ośrodka, bo moje dzieci chodzą tam codziennie po szkole."
    mine.decide(called, "transcribe", polish)
    row = row_of(mine, called)
    assert (row["text"], row["language"]) == (polish, "pl")
    assert "translation" in row["needs"].split(";")


@pytest.mark.parametrize("typed", ["", " \n\t"])
def test_transcribe_needs_words(mine: Consultation, typed: str) -> None:
    """A transcription without words is refused."""
    with pytest.raises(Refused, match="needs its words"):
        mine.decide(reference(mine, "a.eml"), "transcribe", typed)


# --- exclude, confirm, restore ----------------------------------------------------------------------------------------


def test_exclude_by_two_people_and_restore(mine: Consultation) -> None:
    """An exclusion counts only when another person confirms it; restoring and each undo give back what was."""
    name = reference(mine, "a.eml")
    fresh = state(mine, name)
    mine.decide(name, "exclude", reason="test", by="ann")
    proposed = state(mine, name)
    assert (row_of(mine, name)["status"], row_of(mine, name)["needs"]) == ("new", "second-person")
    assert name in {row["reference"] for row in mine.export()}
    with pytest.raises(Refused, match="another person must"):
        mine.decide(name, "confirm", by="ann")
    assert state(mine, name) == proposed
    mine.decide(name, "confirm", by="bob")
    excluded = state(mine, name)
    row = row_of(mine, name)
    assert (row["status"], row["exclusion_reason"], row["needs"], row["outcome"]) == ("excluded", "test", "", "read")
    assert name not in {row["reference"] for row in mine.export()}
    assert adds_up(mine, "email") == fresh[3]["email"], "an excluded response is still a response"
    mine.decide(name, "restore", by="ann")
    assert state(mine, name) == fresh
    for expected in (excluded, proposed, fresh):
        mine.decide(name, "undo", by="cat")
        assert state(mine, name) == expected
    assert mine.failures() == {}
    with pytest.raises(Refused, match="no decision here to undo"):
        mine.decide(name, "undo")


def test_restore_takes_back_a_proposal(mine: Consultation) -> None:
    """A proposal to exclude is taken back by restoring, and nobody can confirm it after that."""
    name = reference(mine, "a.eml")
    fresh = state(mine, name)
    mine.decide(name, "exclude", reason="test")
    mine.decide(name, "restore", by="bob")
    assert state(mine, name) == fresh
    with pytest.raises(Refused, match="Nobody has proposed"):
        mine.decide(name, "confirm", by="bob")


def test_restore_gives_back_what_was_accepted(mine: Consultation) -> None:
    """A response that was accepted before its exclusion is accepted again when it is restored."""
    name = reference(mine, "a.eml")
    mine.decide(name, "accept")
    accepted = row_of(mine, name)
    mine.decide(name, "exclude", reason="test")
    mine.decide(name, "confirm", by="bob")
    mine.decide(name, "restore")
    assert row_of(mine, name) == accepted


def test_exclude_a_duplicate(mine: Consultation) -> None:
    """A duplicate names the response it is one of, which must be another one that is there."""
    name, other = reference(mine, "a.eml"), reference(mine, "b.eml")
    for typed in ("", "nonsense", name, "TST-00000-00000"):
        with pytest.raises(Refused, match="named by the reference"):
            mine.decide(name, "exclude", typed, reason="duplicate")
    mine.decide(name, "exclude", other, reason="duplicate")
    mine.decide(name, "confirm", by="bob")
    assert (row_of(mine, name)["exclusion_reason"], row_of(mine, name)["duplicate_of"]) == ("duplicate", other)


@pytest.mark.parametrize(
    ("action", "sentence"),
    [
        ("confirm", "Nobody has proposed"),
        ("exclude", "needs a reason"),
        ("restore", "not excluded"),
        ("overturn", "only what is set aside"),
        ("retry", "only what is quarantined or pending"),
        ("undo", "no decision here"),
        ("set-aside", "one of: enquiry"),
    ],
)
def test_what_does_not_fit_is_refused(mine: Consultation, action: Action, sentence: str) -> None:
    """An action that the state does not allow is refused, says why, and changes nothing."""
    name = reference(mine, "a.eml")
    before = state(mine, name)
    with pytest.raises(Refused, match=sentence):
        mine.decide(name, action)
    assert state(mine, name) == before


def test_an_excluded_one_is_not_accepted_or_excluded(mine: Consultation) -> None:
    """What is excluded can't be accepted or excluded again before it is restored."""
    name = reference(mine, "a.eml")
    mine.decide(name, "exclude", reason="test")
    with pytest.raises(Refused, match="excluded already, or its exclusion is proposed"):
        mine.decide(name, "exclude", reason="test", by="bob")
    mine.decide(name, "confirm", by="bob")
    for action in ("accept", "exclude"):
        with pytest.raises(Refused):
            mine.decide(name, action, reason="test", by="cat")


# --- receipts ---------------------------------------------------------------------------------------------------------


def test_set_aside_and_overturn(mine: Consultation) -> None:
    """An enquiry set aside by a person no longer counts, and counts again once that is overturned or undone."""
    called = mine.response("phone")
    before = state(mine, called["reference"])
    mine.decide(called["reference"], "set-aside", "the contact centre", "enquiry")
    assert mine.responses("phone") == []
    account = adds_up(mine, "phone")
    assert (account["read"], account["set_aside"], account["responses"]) == (0, 1, 0)
    (line,) = [row for row in mine.export(everything=True) if row["channel"] == "phone"]
    assert (line["reference"], line["outcome"], line["exclusion_reason"]) == ("", "set_aside", "enquiry")
    aside = state(mine, called["reference"])
    mine.decide(called["reference"], "overturn", by="bob")
    assert state(mine, called["reference"]) == before
    mine.decide(called["reference"], "undo")
    assert state(mine, called["reference"]) == aside
    mine.decide(called["reference"], "undo")
    assert state(mine, called["reference"]) == before
    assert mine.failures() == {}


def test_overturn_an_automatic_reply(mine: Consultation) -> None:
    """An automatic reply that is an answer becomes a response and counts; undone, the accounts are as before."""
    receipt = mine.item("set_aside")["receipt"]
    before = state(mine, receipt)
    mine.decide(receipt, "overturn")
    row = next(row for row in mine.responses("email") if row["source"] == "auto.eml")
    assert (row["text"], row["status"], row["email"]) == ("I am away until Monday.", "new", "resident@example.org")
    account = adds_up(mine, "email")
    assert (account["read"], account["set_aside"], account["responses"]) == (3, 0, 3)
    assert mine.items("set_aside") == []
    assert mine.run("email")["balanced"]
    assert mine.failures() == {}
    mine.decide(row["reference"], "undo")
    after = state(mine, receipt)
    assert without(after[3]["email"], "last_run") == without(before[3]["email"], "last_run")
    assert (after[0], after[2]) == (before[0], before[2])
    assert mine.failures() == {}
    mine.decide(receipt, "overturn")
    assert row_of(mine, row["reference"]) == {**row, "outcome": "read"}


@pytest.mark.parametrize("kind", ["a message", "a row"])
def test_overturn_what_is_empty(place: Consultation, kind: str) -> None:
    """What was set aside as empty becomes a response, too, if a person says that it is one."""
    if kind == "a message":
        place.mail("a.eml", "", subject="")
    else:
        place.survey("a.csv", ("R1", AT, "Keep it.", "Yes"), ("", "", "", ""))
    place.run()
    receipt = place.item("set_aside")["receipt"]
    counted = len(place.responses())
    place.decide(receipt, "overturn")
    assert place.items("set_aside") == []
    assert len(place.responses()) == counted + 1
    adds_up(place, place.receipts()[0]["channel"])
    assert place.failures() == {}


def test_retry_a_damaged_original(place: Consultation) -> None:
    """A message damaged at rest is quarantined, stays so as long as it is, and is read once it is restored."""
    with place.nothing_opened():
        place.mail("a.eml", "I agree.")
        place.takes("email", received=1, pending=1)
        mend = damage(place, place.receipts()[0]["sha256"])
    place.takes("email", received=0, quarantined=1)
    receipt = place.item("quarantined")
    assert "quarantined" in place.decide(receipt["receipt"], "retry")
    assert place.item("quarantined") == receipt
    mend()
    assert "read" in place.decide(receipt["receipt"], "retry")
    assert place.response()["text"] == "I agree."
    assert adds_up(place, "email")["quarantined"] == 0
    assert place.failures() == {}
    with pytest.raises(Refused):
        place.decide(receipt["receipt"], "undo")


def test_retry_a_table_after_the_config_is_mended(place: Consultation) -> None:
    """A table refused for a column that the config names wrongly is split once the config is right, by a retry."""
    place.put(
        "survey/a.csv", table(("Nr", *SURVEY[1:]), [("R1", AT, "Keep it.", "Yes"), ("R2", AT, "Close it.", "No")])
    )
    place.takes("survey", received=1, quarantined=1, responses=0)
    receipt = place.item("quarantined")["receipt"]
    assert "quarantined" in place.decide(receipt, "retry"), "it is still refused"
    assert place.item("quarantined")["receipt"] == receipt
    place.configure('id_column = "ID"', 'id_column = "Nr"')
    place.decide(receipt, "retry")
    assert sorted(row["source"] for row in place.responses("survey")) == ["R1", "R2"]
    account = adds_up(place, "survey")
    assert (account["read"], account["quarantined"], account["pending"], account["responses"]) == (2, 0, 0, 2)
    assert place.takes("survey", received=0, read=2, quarantined=0)["unknown"] == 0
    assert place.failures() == {}


def test_retry_what_is_still_broken(place: Consultation) -> None:
    """A letter that is cut off stays quarantined with its reason, however often it is retried."""
    place.put("letters/a.pdf", pdf("Keep it.")[:300])
    place.takes("letters", received=1, quarantined=1)
    before = place.item("quarantined")
    for _ in range(2):
        assert before["reason"] in place.decide(before["receipt"], "retry")
    assert place.item("quarantined") == before
    adds_up(place, "letters")
    assert place.failures() == {}


def test_retry_of_two_identical_ones_counts_once(place: Consultation) -> None:
    """Two byte-identical messages that were damaged at rest are one response and a repeat once they are restored."""
    with place.nothing_opened():
        place.mail("a.eml", "I agree.")
        place.mail("b.eml", "I agree.")
        place.takes("email", received=2, pending=2)
        mend = damage(place, place.receipts()[0]["sha256"])
    place.takes("email", received=0, quarantined=2)
    mend()
    for receipt in place.receipts():
        place.decide(receipt["id"], "retry")
    assert [receipt["outcome"] for receipt in place.receipts()] == ["read", "repeat"]
    assert len(place.responses()) == 1
    assert place.failures() == {}


def test_retry_of_a_table_leaves_nothing_for_the_next_run(place: Consultation) -> None:
    """A table that is split by a retry is newest at once: words, ``gone?`` and ``duplicate?`` are up to date."""
    place.survey("a.csv", ("R1", AT, "Keep it.", "Yes"), ("R2", AT, "Close it.", "No"), at=DAY)
    place.takes("survey", received=2, responses=2)
    rows = [("R1", AT, "Keep it now.", "Yes", "x"), ("R1", AT, "Or later.", "Yes", "x")]
    place.put("survey/b.csv", table((*SURVEY, "New"), rows), DAY + timedelta(days=1))
    place.configure('id_column = "ID"', 'id_column = "ID"\ncolumns.name = "Name"')
    place.takes("survey", received=1, quarantined=1)
    place.configure('columns.name = "Name"', 'unmapped_columns = ["New"]')
    place.decide(place.item("quarantined")["receipt"], "retry")
    after = place.export(everything=True)
    place.takes("survey", received=0, responses=3)
    assert place.export(everything=True) == after
    shown = {row["source"]: (row["text"], row["needs"]) for row in place.responses()}
    assert shown["R1"] == ("Keep it now.", "duplicate?")
    assert shown["R2"] == ("Close it.", "gone?")


@pytest.mark.parametrize("back", ["overturn", "undo"])
def test_set_aside_of_a_row_with_a_newer_version(mine: Consultation, back: Action) -> None:
    """A row that came in two versions is set aside as one, does not count then, and comes back as it was."""
    mine.survey("a.csv", ("R1", AT, "Keep it now.", "No"), at=DAY + timedelta(days=1))
    mine.takes("survey", received=1, read=2, responses=1)
    name = reference(mine, "R1")
    before = state(mine, name)
    mine.decide(name, "set-aside", "enquiry")
    assert mine.responses("survey") == []
    assert adds_up(mine, "survey")["responses"] == 0
    assert name not in {row["reference"] for row in mine.export(everything=True)}
    assert mine.failures() == {}
    mine.decide(name, back)
    assert state(mine, name)[0] == before[0]
    assert mine.failures() == {}


def test_a_newer_version_of_a_row_that_is_set_aside(mine: Consultation) -> None:
    """A row that was set aside and then changed at its source counts with its newest words, which nobody has judged; as
    it was at first again, it stays aside."""
    name = reference(mine, "R1")
    mine.decide(name, "set-aside", "enquiry")
    mine.survey("a.csv", ("R1", AT, "Keep it now.", "No"), at=DAY + timedelta(days=1))
    mine.takes("survey", received=1, read=1, set_aside=1, responses=1)
    assert mine.response("survey")["text"] == "Keep it now."
    assert [row["outcome"] for row in mine.export(everything=True) if row["channel"] == "survey"] == [
        "set_aside", "read",
    ]  # fmt: skip
    assert mine.failures() == {}
    mine.survey("a.csv", ("R1", AT, "Keep it.", "Yes"), at=DAY + timedelta(days=2))
    mine.takes("survey", received=0, read=1, set_aside=1, responses=0)
    assert mine.failures() == {}


def test_set_aside_says_its_word_as_a_reason(mine: Consultation) -> None:
    """``set-aside --reason WORD``, with the words of machines too: a person may see what no rule saw."""
    called = mine.response("phone")["reference"]
    for word, following in (("complaint", "Pass it on; an answer is due by"), ("marketing", "")):
        mine.decide(called, "set-aside", reason=word)
        aside = [item for item in mine.items("set_aside") if item["channel"] == "phone"]
        assert [item["reason"] for item in aside] == [word]
        assert (aside[0]["next"] or "").startswith(following)
        assert bool(aside[0]["next"]) == bool(following)
        mine.decide(aside[0]["receipt"], "undo")
    with pytest.raises(Refused, match="--reason and one of"):
        mine.decide(called, "set-aside", reason="replaced")


@pytest.mark.parametrize("action", ["retry", "overturn"])
def test_nothing_is_read_again_while_a_run_reads(mine: Consultation, action: Action) -> None:
    """While a run holds the channel, reading again is refused in a sentence, and nothing is decided."""
    receipt = mine.item("set_aside")["receipt"]
    before = state(mine, receipt)
    with mine.app() as app, app.database.lease("channel email"), pytest.raises(Refused, match="A run is working"):
        mine.decide(receipt, action)
    assert state(mine, receipt) == before


def test_undoing_an_overturn_gives_back_the_trace(mine: Consultation) -> None:
    """Once an overturn is undone, the receipt has no response again, and nothing is decided about the one it had."""
    receipt = mine.item("set_aside")["receipt"]
    before = state(mine, receipt)
    mine.decide(receipt, "overturn")
    name = next(row["reference"] for row in mine.responses("email") if row["source"] == "auto.eml")
    mine.decide(receipt, "undo")
    assert state(mine, receipt) == before
    for action, value in (("accept", ""), ("correct", "name=Ann"), ("transcribe", "Words.")):
        with pytest.raises((Refused, NotThere)):
            mine.decide(name, action, value)
    assert state(mine, receipt) == before


# --- taking back ------------------------------------------------------------------------------------------------------

WISHES = st.one_of(
    st.sampled_from([Wish("accept"), Wish("confirm"), Wish("restore"), Wish("overturn"), Wish("undo")]),
    st.sampled_from(
        ["name=Ann", "name=", "postcode=NR16 1ZZ", "places=C2", "people=A;B", "received_at=2011-04-19 00:00",
         "received_at=2011-03-01 10:00", "late_decision=admitted", "answer.agree=No", "text=", "signatures=3"]
    ).map(lambda typed: Wish("correct", typed)),
    st.sampled_from(["Words.", WORDS, "Watton, NR16 1ZZ, 07700 900123."]).map(lambda typed: Wish("transcribe", typed)),
    st.sampled_from(["test", "abuse"]).map(lambda word: Wish("exclude", reason=word)),
    st.sampled_from(["enquiry", "complaint"]).map(lambda word: Wish("set-aside", "a desk", word)),
)  # fmt: skip
STEPS = st.lists(st.tuples(st.integers(0, 2), st.sampled_from(["ann", "bob"]), WISHES), min_size=1, max_size=7)


def _undo_all(app: App, names: list[str]) -> None:
    for name in names:
        for _ in range(20):
            try:
                app.decide(name, Person("cat"), Wish("undo"))
            except Refused:
                break
        else:
            raise AssertionError(f"{name} can be undone for ever")


@settings(max_examples=12, deadline=None)
@given(steps=STEPS)
def test_undoing_everything_gives_the_first_export(made_once: Consultation, steps: list[tuple[int, str, Wish]]) -> None:
    """Whatever people decide in whatever order, undoing it all gives back the first export, and everything verifies."""
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(made_once.folder, folder, dirs_exist_ok=True)
        made = Consultation(Path(folder), config=made_once.path.read_text())
        names = [reference(made, "a.eml"), reference(made, "b.eml"), made.response("phone")["reference"]]
        with made.app() as app:
            before = [state_in(app, made.folder, name) for name in names]
            for which, by, wish in steps:
                try:
                    app.decide(names[which], Person(by), wish)
                except Refused:
                    continue
            assert [check.failures for check in app.verify() if not check.ok] == []
            _undo_all(app, names)
            assert [check.failures for check in app.verify() if not check.ok] == []
            assert [state_in(app, made.folder, name) for name in names] == before


# --- a row that changes at its source ---------------------------------------------------------------------------------


def test_a_person_s_word_wins_over_a_newer_row(mine: Consultation) -> None:
    """A newer version of a row that a person corrected shows the person's word; its own values are kept as evidence."""
    name = reference(mine, "R1")
    mine.decide(name, "accept")
    mine.decide(name, "correct", "answer.structure=What I meant.")
    mine.survey("a.csv", ("R1", AT, "Keep it now.", "No"), at=DAY + timedelta(days=1))
    mine.takes("survey", received=1, read=2, responses=1)
    row = row_of(mine, name)
    assert (row["answer.structure"], row["answer.agree"], row["version"]) == ("What I meant.", "No", "2")
    assert row["status"] == "new", "nobody has accepted the second version"
    shown = [piece["value"] for piece in mine.trace(name)["fields"]["answer.structure"]]
    assert shown == ["What I meant.", "Keep it now.", "Keep it."]
    assert mine.failures() == {}
    mine.decide(name, "undo")
    row = row_of(mine, name)
    assert (row["answer.structure"], row["text"], row["version"]) == ("Keep it now.", "Keep it now.", "2")
    assert mine.failures() == {}


def test_a_correction_holds_after_the_list_of_roles_changed(mine: Consultation) -> None:
    """A role that was right when a person chose it stands in the way of nothing after the config's list has changed."""
    name = reference(mine, "R1")
    mine.decide(name, "correct", "respondent_role=carer")
    mine.configure('"carer", ', "")
    mine.survey("a.csv", ("R1", AT, "Keep it now.", "No"), at=DAY + timedelta(days=1))
    mine.takes("survey", received=1, read=2, responses=1)
    assert row_of(mine, name)["respondent_role"] == "carer"
    mine.decide(name, "accept")
    mine.decide(name, "undo")
    mine.decide(name, "undo")
    assert row_of(mine, name)["respondent_role"] == ""


# --- what is typed, and what is told ----------------------------------------------------------------------------------


@pytest.mark.parametrize("character", [chr(0), chr(0xD800), chr(0xDCE9)], ids=["NUL", "high", "byte"])
def test_what_can_t_be_stored_is_refused(mine: Consultation, character: str) -> None:
    """NUL and lone surrogates in a value, a reason or a name are refused before anything is written."""
    name = reference(mine, "a.eml")
    before = state(mine, name), mine.sql("select count(*) from ledger_entry")
    with mine.app() as app:
        for action in ACTIONS:
            bad = f"name=a{character}"
            for wish, by in ((Wish(action, bad), "ann"), (Wish(action, "", bad), "ann"), (Wish(action), character)):
                with pytest.raises(Refused, match="can't be stored"):
                    app.decide(name, Person(by), wish)
    with pytest.raises(NotThere):
        mine.decide(f"TST{character}", "accept")
    assert (state(mine, name), mine.sql("select count(*) from ledger_entry")) == before


@pytest.mark.parametrize("typed", ["", "0", "99", "-1", "²", "١", "99999999999999999999", "TST-00000-00000", "a.eml"])
def test_what_is_not_there(mine: Consultation, typed: str) -> None:
    """A reference or number that is not there is said to be none."""
    with pytest.raises(NotThere, match="no response or receipt"):
        mine.decide(typed, "accept")


def test_a_reference_in_another_spelling(mine: Consultation) -> None:
    """A reference is found without its dashes, in any case, and by its receipt's number."""
    name = reference(mine, "a.eml")
    receipt = next(r["id"] for r in mine.receipts("email") if r["source_key"] == "a.eml")
    for typed in (name.lower().replace("-", ""), f" {name} ", str(receipt)):
        assert mine.decide(typed, "accept").startswith(name)
        mine.decide(name, "undo")


def test_the_ledger_tells_nobody_s_name_or_words(mine: Consultation) -> None:
    """The ledger holds no actor, no value and no reason of any decision, whatever is decided."""
    name, aside = reference(mine, "a.eml"), mine.item("set_aside")["receipt"]
    who = ("zebedee-one", "zebedee-two")
    mine.decide(name, "correct", "name=Secret-Person", by=who[0])
    mine.decide(name, "transcribe", "Secret-Words", by=who[0])
    mine.decide(name, "accept", by=who[0])
    mine.decide(name, "exclude", reason="secret-reason", by=who[0])
    mine.decide(name, "confirm", by=who[1])
    mine.decide(name, "restore", by=who[0])
    mine.decide(name, "undo", by=who[1])
    mine.decide(aside, "overturn", by=who[0])
    mine.decide(mine.response("phone")["reference"], "set-aside", "secret-desk", "complaint", by=who[1])
    bodies = "\n".join(map(str, mine.sql("select body from ledger_entry")))
    assert '"action":"confirm"' in bodies
    assert not [word for word in ("zebedee", "ecret", "complaint") if word in bodies]
    assert mine.failures() == {}
    assert issubclass(Refused, IntakeError)
