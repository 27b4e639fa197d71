"""The header of a file beside those before it: what has changed stops the file whole, and what settles that."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intake.errors import Refused
from intake.layouts import CHANGED, compare
from tests.support.consultation import CALLS, SURVEY, Consultation, table

pytestmark = pytest.mark.usefixtures("warm_readers")

AT = "2011-03-01T09:00:00Z"
FIRST = ("R1", AT, "Keep it.", "Yes")
SECOND = ("R2", AT, "Close it.", "No")
HEADERS = st.lists(st.text("abcdé", min_size=1, max_size=4), unique=True, max_size=8)


def export(here: Consultation, name: str, header: tuple[str, ...], *rows: tuple[str, ...]) -> None:
    here.put(f"survey/{name}", table(header, rows))


def started(here: Consultation) -> None:
    """A first export with two rows is taken: it sets the layout."""
    here.survey("a.csv", FIRST, SECOND)
    here.takes("survey", listed=2, received=2, read=2, quarantined=0)


def refused(here: Consultation, said: str, **wanted: int) -> int:
    """A run takes nothing of the file that is new, without an error; its one receipt says this. Its number."""
    before = here.responses("survey")
    here.takes("survey", received=1, read=2, quarantined=1, responses=2, **wanted)
    item = here.item("quarantined")
    assert item["reason"] == f"{CHANGED}{said}"
    assert item["next"]
    assert here.responses("survey") == before, "no row is taken, and none is gone"
    assert here.failures() == {}
    return int(item["receipt"])


def test_a_new_column_stops_the_file(place: Consultation) -> None:
    """A column that no export had before stops the file: one receipt, in quarantine, and no row of it is taken."""
    started(place)
    export(place, "b.csv", (*SURVEY, "Age"), ("R3", AT, "New.", "Yes", "40"))
    refused(place, ': "Age" is new.', listed=3)


def test_a_missing_column_stops_the_file(place: Consultation) -> None:
    """A column that is no longer there stops the file."""
    started(place)
    export(place, "b.csv", SURVEY[:3], ("R3", AT, "New."))
    refused(place, ': "Do you agree?" is missing.')


@pytest.mark.parametrize("name", ["Do you agree", "Agreement"], ids=["alike", "in the same position"])
def test_a_renamed_column_stops_the_file(place: Consultation, name: str) -> None:
    """A missing column and a new one are asked about as one that was renamed, if they are alike or in one place."""
    started(place)
    export(place, "b.csv", (*SURVEY[:3], name), ("R3", AT, "New.", "Yes"))
    refused(place, f': "Do you agree?" is now called "{name}"?')


@pytest.mark.parametrize(
    ("header", "lost"),
    [((*SURVEY[:3], "Agreement"), True), (SURVEY[:3], True), ((*SURVEY, "Age"), False)],
    ids=["renamed", "missing", "new"],
)
def test_what_accepting_would_leave_blank_is_said_before(
    place: Consultation, header: tuple[str, ...], lost: bool
) -> None:
    """Accepting a file without a column that filled something can't be undone: the next step names what stays blank."""
    started(place)
    export(place, "b.csv", header, ("R3", AT, "New.", "Yes", "40")[: len(header)])
    place.takes("survey", received=1, quarantined=1)
    said = "takes it as it is, with nothing in answer.agree for good: only do so if that was no longer asked;"
    assert (said in place.item("quarantined")["next"]) == lost


def test_a_first_line_that_is_no_header_is_not_said(place: Consultation) -> None:
    """Where most names are unknown, the first line may be a respondent's row: neither reason nor log says its words."""
    place.configure('id_column = "ID"\nsubmitted_column = "When"\n', "")
    started(place)
    export(place, "b.csv", ("R3", AT, "My own words", "Yes"), SECOND)
    refused(
        place,
        ", and most of their names are unknown: perhaps its first line is no header but somebody's answer, or it is an "
        "export of something else. It has 4 columns.",
    )


def test_the_log_says_no_name(place: Consultation) -> None:
    """The sentence names the columns for a person; the log does not, since a name may be somebody's word."""
    started(place)
    export(place, "b.csv", (*SURVEY, "Anne Bell"), ("R3", AT, "New.", "Yes", "40"))
    done = place.command("run", "--json")
    assert (done.code, done.json["channels"]["survey"]["error"]) == (0, None)
    assert "quarantined" in done.err
    assert f"{CHANGED}." in done.err
    assert "Anne Bell" not in done.err + done.out
    assert "Anne Bell" in place.item("quarantined")["reason"]


def test_known_layouts_take_turns(place: Consultation) -> None:
    """The order of columns does not matter, and two versions of a questionnaire may take turns once both are known."""
    started(place)
    export(place, "b.csv", tuple(reversed(SURVEY)), ("Yes", "New.", AT, "R3"))
    place.takes("survey", received=1, read=3, quarantined=0)
    export(place, "c.csv", (*SURVEY, "Age"), ("R4", AT, "New.", "Yes", "40"))
    place.takes("survey", received=1, read=3, quarantined=1)
    place.decide(place.item("quarantined")["receipt"], "accept")
    place.survey("d.csv", ("R5", AT, "Five.", "Yes"))
    export(place, "e.csv", ("Age", *SURVEY), ("40", "R6", AT, "Six.", "Yes"))
    place.takes("survey", received=2, read=6, quarantined=0)


def test_a_person_accepts_the_file_as_it_is(here: Consultation) -> None:
    """``accept`` takes the file with the columns that it has, is in the ledger, and can't be undone any more."""
    started(here)
    export(here, "b.csv", SURVEY[:3], ("R1", AT, "Keep it."), ("R3", AT, "New."))
    receipt = refused(here, ': "Do you agree?" is missing.')
    with pytest.raises(Refused, match="Only a receipt that is read"):
        here.decide(receipt, "set-aside", reason="test")
    said = here.decide(receipt, "accept", reason="The question was closed.")
    assert said == f"Receipt {receipt}: the file is taken as it is, with the columns that it has."
    rows = {row["text"]: row for row in here.responses("survey")}
    assert set(rows) == {"Keep it.", "Close it.", "New."}
    assert (rows["Keep it."]["version"], rows["Keep it."]["answer.agree"]) == ("2", "")
    assert rows["Close it."]["needs"] == "gone?"
    assert [r["reason"] for r in here.receipts() if r["id"] == receipt] == ["replaced"]
    assert any(entry.get("action") == "accept" for entry in here.trace(receipt)["history"])
    (kept,) = here.sql("select decision_id from layout where decision_id is not null")
    assert here.sql('select "by" from decision where id = :kept', kept=kept) == ["ann"]
    with pytest.raises(Refused, match="that can't be undone"):
        here.decide(receipt, "undo")
    with pytest.raises(Refused, match="only a file that waits"):
        here.decide(receipt, "accept")
    assert here.failures() == {}
    here.takes("survey", received=0, read=4, quarantined=0, set_aside=1)


@pytest.mark.parametrize("order", [(0, 1), (1, 0)], ids=["the older first", "the newer first"])
def test_copies_that_are_both_accepted_count_once(here: Consultation, order: tuple[int, int]) -> None:
    """Two files of the same bytes, both stopped and both accepted: one is taken, the other is its repeat."""
    here.configure('id_column = "ID"', "")
    started(here)
    for name in ("b.csv", "c.csv"):
        export(here, name, (*SURVEY, "Age"), ("R3", AT, "New.", "Yes", "40"))
    here.takes("survey", quarantined=2, responses=2)
    stopped = [row["id"] for row in here.receipts("survey") if row["outcome"] == "quarantined"]
    for which in order:
        here.decide(stopped[which], "accept")
    here.takes("survey", received=0, quarantined=0, repeats=1, responses=3)
    assert here.failures() == {}


def test_only_a_changed_header_is_accepted(place: Consultation) -> None:
    """A file that can't be split for another reason is not taken by accepting it."""
    place.put("survey/a.csv", 'ID,When\r\n"R2')
    place.takes("survey", received=1, quarantined=1)
    with pytest.raises(Refused, match="only a file that waits because its columns have changed"):
        place.decide(place.item("quarantined")["receipt"], "accept")


def test_an_acceptance_that_could_not_split_is_taken_back(place: Consultation) -> None:
    """An acceptance after which the file could not be split is undone like any decision."""
    started(place)
    export(place, "b.csv", (*SURVEY, "Age"), ("R3", AT, "New.", "Yes", "40"))
    receipt = refused(place, ': "Age" is new.')
    place.configure('id_column = "ID"', 'id_column = "Identity"')
    place.decide(receipt, "accept")
    assert "Identity" in place.item("quarantined")["reason"]
    place.configure('id_column = "Identity"', 'id_column = "ID"')
    assert place.decide(receipt, "undo") == "Undone: accept by ann."
    assert place.decide(receipt, "retry").endswith('"Age" is new.')
    assert place.failures() == {}


def test_retry_once_the_config_names_the_new_column(place: Consultation) -> None:
    """``retry`` takes the file once the config says what each new column is; before that it stays where it is."""
    started(place)
    export(place, "b.csv", (*SURVEY, "Home", "Browser"), ("R3", AT, "New.", "Yes", "NR9 3AA", "Fox"))
    receipt = refused(place, ': "Home", "Browser" are new.')
    place.configure('id_column = "ID"', 'id_column = "ID"\ncolumns.postcode = "Home"')
    # From now on each export must have that column, so the one before is taken away.
    assert "quarantined" in place.decide(receipt, "retry")
    place.configure('id_column = "ID"', 'id_column = "ID"\nunmapped_columns = ["Browser"]')
    place.decide(receipt, "retry")
    assert {row["postcode"] for row in place.responses("survey")} == {"", "NR9 3AA"}
    assert place.failures() == {}


def test_retry_once_another_column_fills_what_the_missing_one_did(place: Consultation) -> None:
    """A renamed column is settled by a config in which its new name fills what the old one filled."""
    started(place)
    export(place, "b.csv", (*SURVEY[:3], "In favour?"), ("R3", AT, "New.", "Yes"))
    receipt = refused(place, ': "Do you agree?" is now called "In favour?"?')
    place.configure('id_column = "ID"', 'id_column = "ID"\nunmapped_columns = ["In favour?"]')
    assert "quarantined" in place.decide(receipt, "retry"), "nothing fills what the missing column filled"
    place.configure('unmapped_columns = ["In favour?"]', 'columns."answer.agree" = "In favour?"')
    place.decide(receipt, "retry")
    assert {row["answer.agree"] for row in place.responses("survey")} == {"Yes", "No"}


def test_a_run_passes_what_the_config_said_beforehand(place: Consultation) -> None:
    """Where the config was changed before the file came, nobody needs to decide anything."""
    started(place)
    place.configure('id_column = "ID"', 'id_column = "ID"\nunmapped_columns = ["IP Address"]')
    export(place, "b.csv", (*SURVEY, "IP Address"), ("R3", AT, "New.", "Yes", "192.0.2.1"))
    place.takes("survey", received=1, read=3, quarantined=0)
    assert "192.0.2.1" not in json.dumps(place.export())


def test_a_column_that_filled_nothing_and_is_gone_needs_a_person(place: Consultation) -> None:
    """A column that was in no use, and that nothing replaces, is missed all the same; a renamed one that is named is
    not."""
    place.configure('id_column = "ID"', 'id_column = "ID"\nunmapped_columns = ["Browser", "Browser type"]')
    export(place, "a.csv", (*SURVEY, "Browser"), (*FIRST, "Fox"), (*SECOND, "Fox"))
    place.takes("survey", received=2, read=2)
    export(place, "b.csv", (*SURVEY, "Browser type"), ("R3", AT, "New.", "Yes", "Fox"))
    place.takes("survey", received=1, read=3, quarantined=0)
    place.put("survey/c.csv", table((*SURVEY, "Rater"), [("R4", AT, "New.", "Yes", "Fox")]))
    place.takes("survey", received=1, read=3, quarantined=1)
    place.decide(place.item("quarantined")["receipt"], "accept")
    export(place, "d.csv", SURVEY, ("R5", AT, "New.", "Yes"))
    place.takes("survey", received=1, read=4, quarantined=1)
    assert place.item("quarantined")["reason"] in {f'{CHANGED}: "{n}" is missing.' for n in ("Browser type", "Rater")}


def test_a_call_log_stops_as_well(place: Consultation) -> None:
    """A call-handlers' log with another header waits like an export, and a good file of that path replaces it."""
    row = ("01/03/2011", "14:00", "I agree")
    place.calls("log.csv", row)
    place.takes("phone", received=1, read=1)
    place.put("calls/log.csv", table((*CALLS, "Handler"), [(*row, "Ann"), ("01/03/2011", "15:00", "No", "Ann")]))
    place.takes("phone", received=1, read=1, quarantined=1)
    assert place.response("phone")["needs"] == ""
    place.calls("log.csv", row, ("01/03/2011", "15:00", "No"))
    place.takes("phone", received=1, read=2, quarantined=0, set_aside=1)
    assert place.failures() == {}


# --- the comparison itself --------------------------------------------------------------------------------------------


@given(before=HEADERS, now=HEADERS)
def test_every_difference_is_said_once(before: list[str], now: list[str]) -> None:
    """Whatever two headers are: each column that is in only one of them is new, missing or in one renamed pair."""
    change = compare(before, now)
    old = [*change.missing, *(pair[0] for pair in change.renamed)]
    new = [*change.new, *(pair[1] for pair in change.renamed)]
    assert sorted(old) == sorted(set(before) - set(now))
    assert sorted(new) == sorted(set(now) - set(before))


def test_endless_headers_are_compared_in_no_time() -> None:
    """Two thousand names against two thousand others are not compared one by one."""
    before, now = ([f"{mark} {n}" for n in range(2_000)] for mark in ("Question", "Frage"))
    change = compare(before, now)
    assert len(change.renamed) == 2_000, "each stands where another stood"


# --- rows in = rows out -----------------------------------------------------------------------------------------------


def test_rows_are_told_in_the_accounts(here: Consultation) -> None:
    """The accounts of a run say how many rows its files held and how many are accounted for; null without a file."""
    here.survey("a.csv", FIRST, SECOND, FIRST, FIRST)
    here.calls("log.csv", ("01/03/2011", "14:00", "I agree"), ("", "", ""))
    report = here.run()
    assert report["balanced"]
    rows = {name: account["rows"] for name, account in report["channels"].items()}
    wanted = {"in": 4, "out": 4}
    assert rows == {"email": None, "letters": None, "phone": {"in": 2, "out": 2}, "survey": wanted}
    here.survey("b.csv", FIRST, FIRST, FIRST, ("R1", AT, "Other.", "Yes"), ("R1", AT, "Other.", "Yes"))
    assert here.takes("survey", received=1)["rows"] == {"in": 5, "out": 5}
    assert here.takes("survey", received=0)["rows"] is None
    assert here.failures() == {}


def test_rows_of_files_that_waited_for_a_sandbox(place: Consultation) -> None:
    """Two states of one path that are split in one run are counted each for itself."""
    with place.nothing_opened():
        place.survey("a.csv", FIRST, SECOND)
        place.run("survey")
        place.survey("a.csv", FIRST, SECOND, ("R3", AT, "New.", "Yes"))
        assert place.run("survey")["channels"]["survey"]["rows"] is None
    assert place.takes("survey", received=3)["rows"] == {"in": 5, "out": 5}
    assert place.failures() == {}


def test_the_text_says_the_rows(place: Consultation) -> None:
    """The report for people says how many rows were in how many files."""
    place.survey("a.csv", FIRST, SECOND)
    done = place.command("run", "--channel", "survey")
    assert "survey: rows: 2 in 1 file, 2 accounted for." in done.out


def test_a_row_that_is_lost_is_an_error(place: Consultation, monkeypatch: pytest.MonkeyPatch) -> None:
    """Were a row lost on its way, the run would not balance and would say so; verify names the file."""
    from intake import splitting

    whole = splitting._rows
    monkeypatch.setattr(splitting, "_rows", lambda *given: list(whole(*given))[:-1].__iter__())
    place.survey("a.csv", FIRST, SECOND)
    report = place.run("survey")
    account = report["channels"]["survey"]
    assert not report["balanced"]
    assert account["rows"] == {"in": 2, "out": 1}
    assert account["error"].startswith("Of 2 rows 1 are accounted for")
    assert set(place.failures()) == {"places"}


def test_verify_misses_a_place(place: Consultation) -> None:
    """A sighting that is taken away by hand is missed by its place."""
    place.survey("a.csv", FIRST, SECOND)
    place.survey("b.csv", FIRST, SECOND)
    place.run("survey")
    assert place.failures() == {}
    place.tamper("delete from sighting where container = 'b.csv' and source_key = 'R2'")
    assert list(place.failures()) == ["places"]
