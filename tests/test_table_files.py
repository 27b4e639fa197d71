"""Logs and exports in files of every kind, through the whole program: all rows of a file, or none."""

from tests.support.consultation import Consultation
from tests.support.workbooks import inline, ods, xlsx, xlsx_of

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
