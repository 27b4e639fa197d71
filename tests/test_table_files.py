"""Logs and exports in files of every kind, through the whole program: all rows of a file, or none."""

import csv
import io
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from channels import ADAPTERS
from channels.base import Arrival, Missed, Outside
from tests.support.consultation import Consultation
from tests.support.workbooks import inline, ods, xlsx, xlsx_of

pytestmark = pytest.mark.usefixtures("warm_readers")

HEADER = ["ID", "When", "What do you think?", "Do you agree?"]
ROWS = [["R1", "2011-03-01 10:22:00", "Keep it open", "Yes"], ["R2", "2011-03-02 09:00:00", "Close it", "No"]]


def test_a_row_is_the_same_from_xlsx_ods_csv_tsv_and_txt(place: Consultation) -> None:
    """The same rows in files of five kinds are the same responses: each further file is a sighting."""
    whole = [HEADER, *ROWS]
    place.put("survey/a.xlsx", xlsx(whole))
    place.put("survey/b.ods", ods(whole))
    place.put("survey/c.csv", "\n".join(",".join(row) for row in whole))
    place.put("survey/d.tsv", "\n".join("\t".join(row) for row in whole).encode("utf-16"))
    place.put("survey/e.txt", "sep=;\n" + "\n".join(";".join(row) for row in whole))
    account = place.takes("survey", read=2)
    assert account["listed"] == 2
    received = {row["source"]: row["received_at"] for row in place.responses("survey")}
    assert received == {"R1": "2011-03-01T10:22:00Z", "R2": "2011-03-02T09:00:00Z"}


def test_evidence_names_the_row_that_the_sheet_shows(place: Consultation) -> None:
    """Below two lines of titles, the first answer stands in row 4."""
    place.configure('id_column = "ID"', 'id_column = "ID"\nheader_row = 3')
    place.put("survey/a.xlsx", xlsx([["Results"], [], HEADER, *ROWS]))
    place.takes("survey", read=2)
    reference = next(row["reference"] for row in place.responses("survey") if row["source"] == "R1")
    (evidence,) = place.trace(reference)["fields"]["answer.structure"]
    assert evidence["place"] == {"row": 4, "column": "What do you think?"}


def test_of_a_refused_workbook_nothing_is_taken(place: Consultation) -> None:
    """The file has one receipt, with a reason and a next step; once a good version is in, that one is set aside."""
    bad = xlsx_of(inline(HEADER, *ROWS) + '<row><c t="inlineStr"><is><t>R3</t></is></c><c><f>A1</f></c></row>')
    place.put("survey/a.xlsx", bad)
    place.takes("survey", quarantined=1)
    item = place.item("quarantined")
    assert "Cell B4 holds a formula that was never calculated" in item["reason"]
    assert place.responses("survey") == []
    place.put("survey/a.xlsx", xlsx([HEADER, *ROWS]))
    place.takes("survey", read=2, set_aside=1)


def comma(rows: list[list[str]]) -> bytes:
    out = io.StringIO(newline="")
    csv.writer(out).writerows(rows)
    return out.getvalue().encode()


@pytest.mark.parametrize(("name", "make"), [("a.csv", comma), ("a.xlsx", xlsx), ("a.ods", ods)])
def test_times_that_are_no_times_or_two_are_for_a_person(place: Consultation, name: str, make) -> None:
    """A day that is in no calendar leaves the row's own time blank, an hour that exists twice is the earlier one, and
    days as numbers are read; each of them asks a person for the date."""
    # The clocks went back in London on 31 October 2010 and on 30 October 2011, at 2:00.
    given = {"R1": "31/02/2011", "R2": "2011-10-30 01:30:00", "R3": "40604", "R4": "40604.5", "R5": "01/03/2011 10:22"}
    at = datetime(2011, 3, 5, tzinfo=UTC)
    place.put(f"survey/{name}", make([HEADER, *([key, when, "Keep it", "Yes"] for key, when in given.items())]), at)
    place.takes("survey", read=5)
    found = {r["source"]: (r["received_at"], r["received_basis"], r["needs"]) for r in place.responses("survey")}
    assert found["R1"] == ("2011-03-05T00:00:00Z", "file_time", "received-date")
    assert found["R2"][:2] == ("2011-10-30T00:30:00Z", "submitted")
    assert "received-date" in found["R2"][2]
    assert found["R3"] == ("2011-03-02T12:00:00Z", "submitted", "received-date")
    assert found["R4"] == ("2011-03-02T12:00:00Z", "submitted", "received-date")
    assert found["R5"] == ("2011-03-01T10:22:00Z", "submitted", "")


def test_one_id_twice_in_one_workbook_with_other_answers_is_two_responses_to_look_at(place: Consultation) -> None:
    """Both are kept, the second as id#2, and both are flagged."""
    twice = [HEADER, *ROWS, ["R1", ROWS[0][1], "Shut it at once", "No"]]
    place.put("survey/a.xlsx", xlsx(twice))
    place.takes("survey", read=3)
    found = {row["source"]: row["needs"] for row in place.responses("survey")}
    assert sorted(found) == ["R1", "R1#2", "R2"]
    assert "duplicate?" in found["R1"]
    assert "duplicate?" in found["R1#2"]


def test_a_large_workbook_that_changes_while_it_is_read_is_not_taken(tmp_path: Path) -> None:
    """It is handed over as its path with a stamp of what it was: another file under that path has another stamp."""
    kind = ADAPTERS["survey"]
    path = tmp_path / "a.xlsx"
    path.write_bytes(xlsx([HEADER, *ROWS]) + os.urandom(3 << 20))
    source = kind.build(
        kind.settings.model_validate({"exports": tmp_path}), Outside(clock=lambda: datetime.now(UTC), environ={})
    )
    listings = list(source.list())
    (arrival,) = source.fetch(listings)
    assert isinstance(arrival, Arrival)
    assert arrival.original == path
    assert arrival.stamp
    path.write_bytes(xlsx([HEADER]) + os.urandom(3 << 20))
    (missed,) = source.fetch(listings)
    assert isinstance(missed, Missed)


def test_the_headers_of_a_long_questionnaire_may_be_longer_than_a_page(place: Consultation) -> None:
    """Three hundred columns of a matrix, each named by its whole question, are asked for by name; one that is missing
    is said."""
    headers = [f"How far do you agree with statement {n} about the centre? {'It is long. ' * 12}" for n in range(300)]
    named = ", ".join(f'"{header.strip()}"' for header in headers)
    place.configure('id_column = "ID"', f'id_column = "ID"\nunmapped_columns = []\ncolumns.text = [{named}]')
    place.put("survey/a.xlsx", xlsx([["ID", "When", *headers], ["R1", "2011-03-01 10:22:00", *["Agree"] * 300]]))
    place.takes("survey", read=1)
    place.put("survey/b.xlsx", xlsx([["ID", "When", *headers[:-1]], ["R2", "2011-03-01 10:22:00", *["Agree"] * 299]]))
    place.takes("survey", read=1, quarantined=1)
    assert "statement 299" in place.item("quarantined")["reason"]
