"""Rows that were typed from paper: each joins the letter that it names, in whatever order the two come."""

from datetime import UTC, datetime, timedelta

import pytest

from intake.entered import _bare, _tokens
from intake.errors import Refused
from intake.wish import Action
from tests.support.batches import page, scan, sheets
from tests.support.consultation import Consultation, Done, pdf, table

pytestmark = pytest.mark.usefixtures("warm_readers")

AT = "2011-03-05T09:00:00Z"
DAY = datetime(2011, 3, 6, 12, tzinfo=UTC)
HEADER = ("ID", "When", "What do you think?", "Do you agree?", "postcode", "Paper")
WORDS = "Dear council,\nplease keep Watton open. Write to NR9 3AA.\nYours, A. Resident"


@pytest.fixture
def typed(here: Consultation) -> Consultation:
    """A consultation whose survey has a column for the paper that a row was typed from."""
    return with_paper(here)


@pytest.fixture
def one(place: Consultation) -> Consultation:
    """The same on SQLite alone."""
    return with_paper(place)


def with_paper(made: Consultation) -> Consultation:
    made.configure('id_column = "ID"', 'id_column = "ID"\ncolumns.entered_from = "Paper"')
    return made


def row(number: int, paper: str, said: str = "Keep Watton open, please.", choice: str = "Yes") -> tuple[str, ...]:
    return (f"R{number}", AT, said, choice, "IP25 6AA", paper)


def rows(here: Consultation, name: str, *of: tuple[str, ...], day: int = 0) -> None:
    here.put(f"survey/{name}", table(HEADER, of), DAY + timedelta(days=day))


def letter(here: Consultation, name: str = "a.pdf", words: str = WORDS) -> dict[str, str]:
    """A letter that has come in; its row of the export."""
    here.put(f"letters/{name}", pdf(words))
    here.takes("letters", received=1)
    return next(r for r in here.responses("letters") if r["source"] == name)


def is_joined(here: Consultation, before: dict[str, str], *, responses: int = 1) -> dict[str, str]:
    """The letter's response holds the row's words, the scan's image and day; everything adds up. Its row."""
    found = here.responses()
    assert len(found) == responses
    after = next(r for r in found if r["reference"] == before["reference"])
    assert (after["text"], after["answer.structure"]) == ("Keep Watton open, please.",) * 2
    assert (after["answer.agree"], after["postcode"], after["method"]) == ("Yes", "IP25 6AA", "row")
    kept = ("channel", "source", "received_at", "received_basis", "late", "pages", "original_sha256", "paper_ref")
    assert {name: after[name] for name in kept} == {name: before[name] for name in kept}
    assert "paper?" not in after["needs"]
    assert here.failures() == {}
    return after


# --- a row and its letter ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("first", ["letter", "row"])
def test_whichever_comes_first(typed: Consultation, first: str) -> None:
    """A row that names a letter by its receipt is one response with it, whichever of the two comes first."""
    if first == "letter":
        before = letter(typed)
        rows(typed, "a.csv", row(1, "1"))
        counts = typed.takes("survey", received=1, read=1, responses=0)
    else:
        rows(typed, "a.csv", row(1, "2"))
        counts = typed.takes("survey", received=1, read=1, responses=1)
        assert typed.response()["needs"] == "paper?"
        assert typed.failures() == {}
        typed.put("letters/a.pdf", pdf(WORDS))
        typed.takes("letters", received=1, responses=1)
        number = typed.sql("select id from response where channel = 'letters'")[0]
        reference, revision = typed.sql(
            "select r.reference, v.document from response r join response_version v on v.response_id = r.id"
            " where r.id = :number and v.revision = 1",
            number=number,
        )[0]
        assert '"text"' in revision
        before = {**typed.response(), "reference": reference}
    assert counts["rows"] == {"in": 1, "out": 1}
    is_joined(typed, before)
    account = typed.run()["channels"]
    assert (account["survey"]["read"], account["survey"]["responses"], account["letters"]["responses"]) == (1, 0, 1)
    everything = typed.export(everything=True)
    assert len(everything) == 1, "the row's receipt is behind the letter's response"


def test_by_reference_in_any_spelling(one: Consultation) -> None:
    """A reference is known however it is written; a second run changes nothing."""
    before = letter(one)
    spelled = before["reference"].lower().replace("-", " ")
    rows(one, "a.csv", row(1, spelled))
    one.run()
    after = is_joined(one, before)
    versions = one.sql("select count(*) from response_version")
    one.run()
    assert one.export() == [after]
    assert one.sql("select count(*) from response_version") == versions


def test_by_box_batch_and_position(one: Consultation) -> None:
    """The place of the paper, as the separator sheets give it, names a letter of a batch, written out or short."""
    from tests.support.batches import drawn

    first, second = drawn(sheets(one, 2))
    one.put("letters/batch.tif", scan([first, page("Dear council,\nkeep it."), second, page("Dear all,\nclose it.")]))
    one.takes("letters", received=1, responses=2)
    before = {r["paper_ref"]: r for r in one.responses("letters")}
    assert set(before) == {"box B4, batch 17, letter 1", "box B4, batch 17, letter 2"}
    rows(one, "a.csv", row(1, "Box B4 / Batch 17 / Letter 2"), row(2, "b4/17/01", said="Keep it."))
    one.takes("survey", received=2, read=2, responses=0)
    is_joined(one, before["box B4, batch 17, letter 2"], responses=2)
    texts = {r["paper_ref"]: r["text"] for r in one.responses()}
    assert texts["box B4, batch 17, letter 1"] == "Keep it."


def test_trace_shows_both(one: Consultation) -> None:
    """Trace has both receipts, and for each field the row's cell in front and the scan's reading behind it."""
    before = letter(one)
    rows(one, "a.csv", row(1, before["reference"]))
    one.run()
    traced = one.trace(before["reference"])
    assert [r["channel"] for r in traced["receipts"]] == ["letters", "survey"]
    of_row = traced["receipts"][1]["receipt"]
    first, second = traced["fields"]["postcode"][:2]
    assert (first["value"], first["place"]) == ("IP25 6AA", {"row": 2, "column": "postcode", "receipt": of_row})
    assert second["value"] == "NR9 3AA"
    assert {"part", "start"} <= second["place"].keys() or "page" in second["place"]
    assert traced["fields"]["received_at"][0]["method"] != "row"
    assert one.trace(of_row)["reference"] == before["reference"]
    with one.app() as app:
        crop = app.crop(before["reference"], "postcode", one.folder / "crop.png")
    assert crop.page == 1


def test_a_later_export_changes_the_letter(typed: Consultation) -> None:
    """Where a later export changes the row, the letter's response gets the new version; a row that is gone is said."""
    before = letter(typed)
    rows(typed, "a.csv", row(1, before["reference"]), row(2, ""))
    typed.run()
    assert is_joined(typed, before, responses=2)["version"] == "2"
    rows(typed, "b.csv", row(1, before["reference"], said="Close it.", choice="No"), row(2, ""), day=1)
    typed.takes("survey", received=1, responses=1)
    after = next(r for r in typed.responses() if r["channel"] == "letters")
    assert (after["text"], after["answer.agree"], after["version"]) == ("Close it.", "No", "3")
    assert len(typed.trace(after["reference"])["receipts"]) == 3
    assert typed.failures() == {}
    rows(typed, "c.csv", row(2, ""), day=2)
    typed.run()
    assert "gone?" in next(r for r in typed.responses() if r["channel"] == "letters")["needs"]
    rows(typed, "d.csv", row(1, before["reference"]), row(2, ""), day=3)
    typed.run()
    after = is_joined(typed, before, responses=2)
    assert "gone?" not in after["needs"]


def test_where_the_row_says_nothing_the_scan_stands(one: Consultation) -> None:
    """A blank cell takes nothing away from what was read of the scan."""
    before = letter(one)
    rows(one, "a.csv", ("R1", AT, "Keep Watton open, please.", "Yes", "", before["reference"]))
    one.run()
    assert one.response()["postcode"] == before["postcode"] == "NR9 3AA"


def test_monitoring_answers_stay_apart(one: Consultation) -> None:
    """An answer to a monitoring question goes with the row to the letter, and into no export."""
    before = letter(one)
    one.put("survey/a.csv", table((*HEADER, "What is your background?"), [(*row(1, before["reference"]), "This")]))
    one.run()
    is_joined(one, before)
    answers = one.sql("select r.reference, m.answer from monitoring_answer m join response r on r.id = m.response_id"
                      " where r.joined_into = ''")  # fmt: skip
    assert answers == [(before["reference"], "This")]


# --- what is for a person ---------------------------------------------------------------------------------------------


def test_letters_that_are_not_there_yet(one: Consultation) -> None:
    """A row whose letter is not here counts by itself and says so."""
    letter(one)
    papers = ("TST-00000-00000", "box 9, letter 1", "99", "the blue envelope")
    rows(one, "a.csv", *(row(number, paper) for number, paper in enumerate(papers)))
    one.run()
    assert [r["needs"] for r in one.responses("survey")] == ["paper?"] * len(papers)
    assert one.failures() == {}


@pytest.mark.parametrize("runs", ["one run", "one after the other"])
def test_two_rows_that_name_one_letter(one: Consultation, runs: str) -> None:
    """Two rows that name one letter are both for a person, also where one of them was joined before."""
    before = letter(one)
    if runs == "one after the other":
        rows(one, "a.csv", row(1, before["reference"]))
        one.run()
        is_joined(one, before)
    rows(one, "b.csv", row(1, before["reference"]), row(2, before["reference"], said="Close it."), day=1)
    one.run()
    found = {r["source"]: r for r in one.responses()}
    assert (found["R1"]["needs"], found["R2"]["needs"]) == ("duplicate?;paper?",) * 2
    assert found["R1"]["likely_duplicate_of"] == found["R2"]["reference"]
    assert found["a.pdf"]["text"] == before["text"]
    assert found["a.pdf"]["version"] == before["version"]
    assert one.failures() == {}
    # Once one of them is excluded, the other is the only one.
    one.decide(found["R2"]["reference"], "exclude", reason="duplicate", value=found["R1"]["reference"])
    one.decide(found["R2"]["reference"], "confirm", by="bob")
    one.run()
    is_joined(one, before)


def test_a_place_that_two_letters_have(one: Consultation) -> None:
    """A name that matches several letters joins none."""
    for name, words in (("a.pdf", WORDS), ("b.pdf", "Dear council,\nclose it.")):
        made = letter(one, name, words)
        one.decide(made["reference"], "correct", "paper_ref=box 1, letter 1")
    rows(one, "a.csv", row(1, "box 1, letter 1"))
    one.run()
    assert len(one.responses()) == 3
    assert one.responses("survey")[0]["needs"] == "paper?"


DECIDED: list[tuple[Action, str, str | None]] = [
    ("transcribe", "Other words.", "conflict;paper?"),
    ("transcribe", "Keep Watton open,\nplease.", None),
    ("correct", "postcode=NR1 1AA", "conflict;paper?"),
    ("correct", "postcode=IP25 6AA", None),
    ("correct", "name=Ann Bell", None),
    ("accept", "", "conflict;paper?"),
    ("exclude", "", "paper?"),
]
"""What a person said of a letter, and what its row needs then; None: the two are joined."""


def test_letters_that_a_person_decided_about(one: Consultation) -> None:
    """A person's word on a letter that is another than the row's is never overruled; one that fits goes on holding."""
    for number in range(len(DECIDED)):
        one.put(f"letters/{number}.pdf", pdf(f"{WORDS} {number}"))
    one.takes("letters", received=len(DECIDED))
    before = {r["source"]: r for r in one.responses()}
    for number, (action, value, _) in enumerate(DECIDED):
        reference = before[f"{number}.pdf"]["reference"]
        one.decide(reference, action, value, reason="test" if action == "exclude" else "")
    rows(one, "a.csv", *(row(n, before[f"{n}.pdf"]["reference"]) for n in range(len(DECIDED))))
    one.run()
    found = {r["source"]: r for r in one.responses()}
    for number, (action, value, needs) in enumerate(DECIDED):
        of_letter, of_row = found[f"{number}.pdf"], found.get(f"R{number}")
        assert (of_row and of_row["needs"]) == needs, (action, value)
        assert of_letter["answer.agree"] == ("Yes" if needs is None else ""), (action, value)
        if needs is None:
            assert of_letter["reviewed_by"] == "ann"
        else:
            one.decide(of_letter["reference"], "undo")
    assert one.failures() == {}
    one.run()
    assert one.responses("survey") == []
    for number in (0, 2, 5, 6):
        is_joined(one, before[f"{number}.pdf"], responses=len(DECIDED))
    assert not any("conflict" in r["needs"] for r in one.responses())


def test_a_row_that_a_person_decided_about(one: Consultation) -> None:
    """What a person said of a row is not lost by joining it: it waits for a person."""
    rows(one, "a.csv", row(1, "2"))
    one.run()
    one.decide(one.response()["reference"], "correct", "name=Ann Bell")
    letter(one)
    assert {r["channel"]: r["needs"] for r in one.responses()}["survey"] == "paper?"


# --- a person's way back ----------------------------------------------------------------------------------------------


def test_a_person_takes_the_row_from_its_letter(one: Consultation) -> None:
    """``split --value row`` gives the letter back what was read of its scan; no run joins the two again, until that is
    undone."""
    before = letter(one)
    rows(one, "a.csv", row(1, before["reference"]))
    one.run()
    joined = is_joined(one, before)
    said = one.decide(before["reference"], "split", "row", reason="Another letter.")
    assert "is what was read of its scan alone" in said
    for _ in range(2):
        found = {r["channel"]: r for r in one.responses()}
        assert found["letters"] == before
        one.run()
    assert found["survey"]["text"] == "Keep Watton open, please."
    assert {r["channel"]: r["needs"] for r in one.responses()}["survey"] == "paper?"
    fields = one.trace(before["reference"])["fields"]
    assert [piece["value"] for piece in fields["postcode"]] == ["NR9 3AA"]
    assert one.failures() == {}
    assert one.decide(before["reference"], "undo") == "Undone: split by ann."
    assert is_joined(one, before) == joined
    one.run()
    assert one.export() == [joined]


def test_a_person_joins_what_the_machine_did_not(one: Consultation) -> None:
    """``join`` gives a row to the letter that a person found, and undoing it takes it away."""
    before = letter(one)
    rows(one, "a.csv", row(1, "the blue envelope"))
    one.run()
    of_row = one.responses("survey")[0]["reference"]
    one.decide(before["reference"], "join", of_row)
    for _ in range(2):
        is_joined(one, before)
        one.run()
    rows(one, "b.csv", row(1, "the blue envelope", said="Close it."), day=1)
    one.run()
    assert one.response()["text"] == "Close it."
    assert one.decide(before["reference"], "undo") == "Undone: join by ann."
    one.run()
    assert {r["channel"]: r["needs"] for r in one.responses()} == {"letters": before["needs"], "survey": "paper?"}
    assert one.failures() == {}


def test_what_does_not_fit_is_refused(one: Consultation) -> None:
    """A letter that is joined with a row is not parted, joined or set aside as if it were its scan alone."""
    before = letter(one)
    rows(one, "a.csv", row(1, before["reference"]), row(2, ""))
    one.run()
    other = one.responses("survey")[0]["reference"]
    for action, value, said in (
        ("split", "1-1", "split --value row"), ("join", other, "has a row that was typed from it"),
        ("set-aside", "", "exclude it instead"),
    ):  # fmt: skip
        with pytest.raises(Refused, match=said):
            one.decide(before["reference"], action, value, reason="enquiry" if action == "set-aside" else "")
    with pytest.raises(Refused, match="has no row"):
        one.decide(other, "split", "row")
    joined = one.sql("select reference from response where joined_into <> ''")[0]
    with pytest.raises(Refused, match="is part of"):
        one.decide(joined, "correct", "name=Ann")


def test_a_letter_that_is_read_again_keeps_its_row(one: Consultation) -> None:
    """A file that a person adds to the letter is read with it; the next run gives it the row's words again."""
    before = letter(one)
    rows(one, "a.csv", row(1, before["reference"]))
    one.run()
    one.put("more.pdf", pdf("And keep Dereham."))
    one.decide(1, "add", str(one.folder / "more.pdf"))
    one.run()
    assert one.response()["text"] == "Keep Watton open, please."
    assert one.failures() == {}


def test_a_row_joined_by_hand_behind_the_programs_back_is_found(one: Consultation) -> None:
    """Verify names a letter whose row is said to be joined and is not."""
    before = letter(one)
    rows(one, "a.csv", row(1, before["reference"]))
    one.run()
    one.tamper("update entered_row set letter_id = null")
    assert "letters" in one.failures()


# --- places -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("written", ["box 4, batch 2, letter 5", "Box 4 Batch 02 Letter 05", "BOX 4; BATCH 2; LETTER5"])
def test_a_place_in_any_spelling(written: str) -> None:
    assert _tokens(written) == _tokens("box 4, batch 2, letter 5")
    assert _bare(_tokens(written)) == _tokens("4/2/5")


def test_the_command_says_it(one: Consultation) -> None:
    """At the command line the row's receipt is accounted for, and the log names no reference."""
    before = letter(one)
    rows(one, "a.csv", row(1, before["reference"]))
    done: Done = one.command("--verbose", "run", "--json")
    assert done.code == 0
    assert done.json["channels"]["survey"]["responses"] == 0
    assert before["reference"] not in done.err


def test_a_row_that_staff_typed(one: Consultation) -> None:
    """A row that the survey tool marks as typed by staff carries ``paper?`` until it is joined with its letter."""
    one.configure('id_column = "ID"', 'id_column = "ID"\nstaff.Agent = ["Staff"]')
    before = letter(one)
    header = (*HEADER, "Agent")
    mine = [(*row(1, ""), "Staff"), (*row(2, ""), "")]
    one.put("survey/a.csv", table(header, mine), DAY)
    one.run()
    assert {r["source"]: r["needs"] for r in one.responses("survey")} == {"R1": "paper?", "R2": ""}
    mine[0] = (*row(1, before["reference"]), "Staff")
    one.put("survey/b.csv", table(header, mine), DAY + timedelta(days=1))
    one.run()
    is_joined(one, before, responses=2)
    assert [r["needs"] for r in one.responses("survey")] == [""]
