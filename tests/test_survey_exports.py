"""Exports of one survey that overlap: in however many runs they come, the same table, versions and flags."""

import io
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

import pytest
import xlsxwriter

from tests.support.consultation import SURVEY, Consultation, table

pytestmark = pytest.mark.usefixtures("warm_readers")

START = datetime(2011, 3, 1, 12, tzinfo=UTC)
AT = "2011-03-01T09:00:00Z"
Row = Sequence[str]


def row(number: int, said: str, choice: str = "Yes") -> tuple[str, ...]:
    return (f"R{number}", AT, said, choice)


EXPORTS: list[list[Row]] = [
    [row(1, "One."), row(2, "Two."), row(3, "Three."), row(4, "Four."), row(5, "Five.")],
    # Two answers are others, one row is gone, one has come.
    [row(1, "One."), row(2, "Two, and more."), row(3, "Three.", "No"), row(5, "Five."), row(6, "Six.")],
    # One answer is again what it was at first.
    [row(6, "Six."), row(5, "Five."), row(3, "Three."), row(2, "Two, and more."), row(1, "One."), row(7, "Seven.")],
]
TABLE = {
    "R1": ("One.", "Yes", "1", ""),
    "R2": ("Two, and more.", "Yes", "2", ""),
    "R3": ("Three.", "Yes", "2", ""),
    "R4": ("Four.", "Yes", "1", "gone?"),
    "R5": ("Five.", "Yes", "1", ""),
    "R6": ("Six.", "Yes", "1", ""),
    "R7": ("Seven.", "Yes", "1", ""),
}
"""What the three exports come to, by id: text, choice, version, needs."""


def workbook(header: Sequence[str], rows: Sequence[Row]) -> bytes:
    """The same cells as an XLSX, each as text."""
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True})
    sheet = book.add_worksheet()
    for number, cells in enumerate([header, *rows]):
        for column, cell in enumerate(cells):
            sheet.write_string(number, column, cell)
    book.close()
    return out.getvalue()


FORMATS: dict[str, Callable[[Sequence[str], Sequence[Row]], str | bytes]] = {"csv": table, "xlsx": workbook}
"""How a file of each kind is written."""


def put(here: Consultation, number: int, rows: Sequence[Row], kind: str = "csv", name: str = "") -> None:
    made = FORMATS[kind](SURVEY, rows)
    here.put(f"survey/{name or f'export-{number}'}.{kind}", made, START + timedelta(days=number))


def answers(here: Consultation) -> dict[str, tuple[str, str, str, str]]:
    """The table as it stands, by id."""
    rows = {r["source"]: r for r in here.responses("survey")}
    return {key: (r["text"], r["answer.agree"], r["version"], r["needs"]) for key, r in rows.items()}


@pytest.mark.parametrize(("kind", "names"), [("csv", "one name"), ("xlsx", "a name each")])
def test_three_overlapping_exports_one_run_each(here: Consultation, kind: str, names: str) -> None:
    """Overlapping exports double nothing: a changed answer makes a version, a row that is gone stays and is flagged."""
    name = "export" if names == "one name" else ""
    received = {0: 5, 1: 3, 2: 1}
    for number, rows in enumerate(EXPORTS):
        put(here, number, rows, kind, name)
        counts = here.takes("survey", received=received[number], quarantined=0)
        assert counts["rows"] == {"in": len(rows), "out": len(rows)}
        assert here.takes("survey", received=0)["rows"] is None
        assert here.failures() == {}
    assert answers(here) == TABLE
    versions = {r["source"]: len(here.trace(r["reference"])["receipts"]) for r in here.responses("survey")}
    assert versions == {key: int(version) for key, (_, _, version, _) in TABLE.items()}


@pytest.mark.parametrize("kind", FORMATS)
def test_three_overlapping_exports_in_one_run(place: Consultation, kind: str) -> None:
    """The same exports, all first seen in one run, come to the same table."""
    for number, rows in enumerate(EXPORTS):
        put(place, number, rows, kind)
    assert place.takes("survey", received=9, responses=7, listed=7)["rows"] == {"in": 16, "out": 16}
    assert answers(place) == TABLE
    assert place.failures() == {}


def test_three_overlapping_exports_of_which_two_waited(place: Consultation) -> None:
    """The same exports, of which the first two could not be opened when they came, come to the same table."""
    with place.nothing_opened():
        for number, rows in enumerate(EXPORTS[:2]):
            put(place, number, rows, name="export")
            place.run("survey")
    put(place, 2, EXPORTS[2], name="export")
    place.takes("survey", received=9, responses=7)
    assert answers(place) == TABLE
    assert place.failures() == {}


def test_what_people_decided_stays_with_the_row(place: Consultation) -> None:
    """A person's correction holds on through later exports; an acceptance is of the answer that was seen."""
    for number, rows in enumerate(EXPORTS[:2]):
        put(place, number, rows)
        place.takes("survey")
        if number == 0:
            names = {r["source"]: r["reference"] for r in place.responses("survey")}
            place.decide(names["R2"], "correct", "name=Ann Bell")
            place.decide(names["R2"], "accept")
            place.decide(names["R1"], "accept")
    rows = {r["source"]: r for r in place.responses("survey")}
    assert (rows["R2"]["name"], rows["R2"]["text"], rows["R2"]["status"]) == ("Ann Bell", "Two, and more.", "new")
    assert rows["R1"]["status"] == "accepted"


def test_an_id_that_stands_twice_through_three_exports(place: Consultation) -> None:
    """One id twice with other answers: both count and are flagged; later exports make versions of each in its place."""
    double = [row(1, "One."), row(1, "Another."), row(1, "One.")]
    put(place, 0, double)
    assert place.takes("survey", received=2, responses=2)["rows"] == {"in": 3, "out": 3}
    put(place, 1, [*double[:2], row(2, "Two.")])
    place.takes("survey", received=1, responses=3)
    put(place, 2, [row(1, "One."), row(1, "Another one."), row(2, "Two.")])
    place.takes("survey", received=1, responses=3)
    assert answers(place) == {
        "R1": ("One.", "Yes", "1", "duplicate?"),
        "R1#2": ("Another one.", "Yes", "2", "duplicate?"),
        "R2": ("Two.", "Yes", "1", ""),
    }
    assert place.failures() == {}


def test_a_file_with_another_header_makes_no_row_gone_until_it_is_accepted(place: Consultation) -> None:
    """An export that waits changes nothing; accepted, it is as new as when it came: its values win, others are gone."""
    put(place, 0, EXPORTS[0][:2])
    place.takes("survey", received=2)
    header = (*SURVEY, "Age")
    place.put("survey/export-1.csv", table(header, [(*row(1, "Changed."), "40")]), START + timedelta(days=1))
    place.takes("survey", received=1, quarantined=1)
    assert {needs for _, _, _, needs in answers(place).values()} == {""}
    place.decide(place.item("quarantined")["receipt"], "accept")
    assert answers(place) == {"R1": ("Changed.", "Yes", "2", ""), "R2": ("Two.", "Yes", "1", "gone?")}
    assert place.failures() == {}


def test_a_file_that_is_accepted_late_is_as_old_as_it_is(here: Consultation) -> None:
    """Accepted after a newer export came: its own rows are taken, but the newer values stand, and what is gone from the
    newest export is gone."""
    put(here, 0, EXPORTS[0][:2])
    here.takes("survey", received=2)
    header = (*SURVEY, "Age")
    waiting = [(*row(1, "Between."), "40"), (*row(9, "Nine."), "50")]
    here.put("survey/export-1.csv", table(header, waiting), START + timedelta(days=1))
    here.takes("survey", received=1, quarantined=1)
    put(here, 2, [row(1, "Newest."), row(2, "Two.")])
    here.takes("survey", received=1, quarantined=1)
    here.decide(here.item("quarantined")["receipt"], "accept")
    assert answers(here) == {
        "R1": ("Newest.", "Yes", "3", ""),
        "R2": ("Two.", "Yes", "1", ""),
        "R9": ("Nine.", "Yes", "1", "gone?"),
    }
    assert here.failures() == {}
    here.takes("survey", received=0, quarantined=0)
