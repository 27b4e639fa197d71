"""Workbooks: every row of a sound one as people saw it, no row of another, and the cell where it goes wrong."""

import datetime
import io
import re
import time
import tracemalloc
import zipfile
from decimal import Decimal
from io import BytesIO

import openpyxl
import pytest
import python_calamine
import xlsxwriter
from hypothesis import given, settings
from hypothesis import strategies as st

from intake.reading import dispatch
from intake.reading.parts import Row, Table, Unreadable
from tests.support.documents import zipped
from tests.support.workbooks import MAIN, inline, ods, ods_row, ods_text, ods_value, xlsx, xlsx_of

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
PLAIN = [["ID", "Said"], ["1", "yes"], ["2", "no"]]
SOUND = (xlsx(PLAIN), ods(PLAIN))


def answer(data: bytes, **options):
    return dispatch.split(BytesIO(data), XLSX, options)


def split(data: bytes, **options) -> tuple[Table, list[Row]]:
    result = answer(data, **options)
    assert isinstance(result, tuple), result
    table, frames = result
    return table, [row for frame in frames for row in frame]


def refusal(data: bytes, **options) -> str:
    result = answer(data, **options)
    assert isinstance(result, Unreadable), result
    assert result.next_step
    return result.reason


def cells(data: bytes, **options) -> list[list[str]]:
    return [row.cells for row in split(data, **options)[1]]


# --- sheets and headers -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("kind", "data"), [("xlsx", xlsx(PLAIN)), ("ods", ods(PLAIN))])
def test_rows_have_the_numbers_that_the_sheet_shows(kind, data):
    table, found = split(data)
    assert table == Table(["ID", "Said"], 2, {"format": kind, "sheet": "1", "rows": "2"})
    assert found == [Row(2, ["1", "yes"]), Row(3, ["2", "no"])]


def test_the_only_sheet_with_content_is_taken_wherever_it_is():
    table, found = split(xlsx(sheets={"Cover": [], "Notes": [["  "]], "Data": PLAIN}))
    assert table.facts["sheet"] == "3"
    assert len(found) == 2


def test_of_two_sheets_the_configured_one_is_taken():
    data = xlsx(sheets={"Old": PLAIN, "New": [*PLAIN, ["3", "perhaps"]]})
    assert len(split(data, sheet="New")[1]) == 3
    assert len(split(data, sheet=" old ")[1]) == 2
    assert refusal(data, sheet="Newest") == (
        'This workbook has no sheet called "Newest", as the configuration names it; it has 2.'
    )


def test_two_sheets_of_which_none_is_meant_refuse_the_workbook_by_number():
    assert refusal(xlsx(sheets={"Jo Smith": PLAIN, "B": [], "C": PLAIN})) == (
        "This workbook has several sheets with content (number 1, 3 from the left), and no configured column says"
        " which is meant."
    )


def test_the_one_sheet_with_the_configured_columns_is_taken_if_no_other_shares_any():
    lookup = [["Code", "Centre"], ["C1", "Holt"]]
    data = xlsx(sheets={"Lists": lookup, "Data": PLAIN}, hidden=["Lists"])
    table, found = split(data, required_columns=["ID", "Said"])
    assert (table.facts["sheet"], table.facts["hidden_sheets"], len(found)) == ("2", "1", 2)
    shares = xlsx(sheets={"Data": PLAIN, "More": [["ID", "Heard"], ["9", "x"]]})
    assert "more than one of them has columns of the answers" in refusal(shares, required_columns=["ID", "Said"])
    both = xlsx(sheets={"Data": PLAIN, "More": PLAIN})
    assert "more than one of them alone has the columns" in refusal(both, required_columns=["Said"])
    assert "none of them alone has the columns" in refusal(data, required_columns=["Postcode"])


def test_a_hidden_sheet_counts_as_any_other():
    data = xlsx(sheets={"Data": PLAIN, "Hidden": PLAIN}, hidden=["Hidden"])
    assert "several sheets" in refusal(data)
    assert split(xlsx(sheets={"Empty": [], "Hidden": PLAIN}, hidden=["Hidden"]))[0].facts["hidden_sheets"] == "1"


@pytest.mark.parametrize("make", [xlsx, ods])
def test_titles_stand_above_the_header_row_that_is_configured(make):
    data = make([["Survey results", "", ""], [], ["As of", "today"], *PLAIN])
    table, found = split(data, header_row=4)
    assert (table.columns, table.first_row) == (["ID", "Said"], 5)
    assert [row.number for row in found] == [5, 6]
    assert refusal(data, header_row=2) == "Row 2 is blank, where header_row says that the header begins."


def test_blank_rows_above_the_header_are_none():
    table, found = split(xlsx([[], [], *PLAIN]))
    assert (table.columns, table.first_row, found[0].number) == (["ID", "Said"], 4, 4)


SURVEYMONKEY = [
    ["Respondent ID", "Which services?", "", "", "Why?", "Start"],
    ["", "Library", "Pool", "Other (please specify)", "Open-Ended Response", ""],
    ["114", "Library", "", "the bus", "It is near", "2011-03-01"],
]
QUALTRICS = [
    ["StartDate", "Q1", "Q1"],
    ["Start Date", "What do you think?", "What do you think?"],
    ['{"ImportId":"startDate","timeZone":"Europe/London"}', '{"ImportId":"QID1"}', '{"ImportId":"QID1_TEXT"}'],
    ["2011-03-01", "keep it", "more"],
]


@pytest.mark.parametrize("make", [xlsx, ods, None])
def test_headers_of_several_rows_are_joined(make):
    def made(grid) -> bytes:
        quoted = ("\n".join(",".join('"' + cell.replace('"', '""') + '"' for cell in row) for row in grid)).encode()
        return make(grid) if make else quoted

    table, found = split(made(SURVEYMONKEY), header_rows=2)
    assert table.columns == [
        "Respondent ID", "Which services? | Library", "Which services? | Pool",
        "Which services? | Other (please specify)", "Why? | Open-Ended Response", "Start",
    ]  # fmt: skip
    assert (table.first_row, found) == (3, [Row(3, SURVEYMONKEY[2])])
    table, found = split(made(QUALTRICS), header_rows=3)
    assert table.columns == ["StartDate | Start Date", "Q1 | What do you think?", "Q1 | What do you think? (2)"]
    assert found == [Row(4, QUALTRICS[3])]


def test_headers_are_unique_and_a_column_with_content_has_a_name():
    assert split(xlsx([["A", "A", "", "B"], ["1", "2", "3", "4", "stray"]]))[0].columns == [
        "A", "A (2)", "Column 3", "B", "Column 5",
    ]  # fmt: skip
    assert split(xlsx([["", "A", "", "B"], ["", "1", "", "2"]]))[0].columns == ["A", "B"]


def test_columns_that_the_configuration_names_must_be_there():
    assert refusal(xlsx(PLAIN), required_columns=["ID", "Date"]) == (
        'The column is missing that the configuration names: "Date". The header has 2 cells.'
    )


def test_where_titles_stand_above_the_header_its_row_is_said():
    result = answer(xlsx([["Results"], [], *PLAIN]), required_columns=["ID", "Said"])
    assert isinstance(result, Unreadable)
    assert result.next_step == "Row 3 has all of them: set header_row = 3 in this channel's section."


def test_a_header_alone_is_a_table_without_rows_and_nothing_is_no_table():
    assert split(xlsx([["A", "B"]]))[1] == []
    assert refusal(xlsx([])) == "This sheet holds no header row."
    assert refusal(ods([])) == "This sheet holds no header row."


def test_a_blank_row_between_others_is_a_row_and_those_at_the_end_are_none():
    assert split(xlsx([["A", "B"], [], ["1", ""], ["", "  "]]))[1] == [Row(2, ["", ""]), Row(3, ["1", ""])]
    far = xlsx_of(inline(["A", "B"], ["1", "2"]) + inline(["3", "4"], first=900_000))
    assert [row.number for row in split(far)[1]] == [2, 900_000]


# --- cells ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("is_1904", [False, True])
def test_dates_and_times_are_iso_text_in_both_date_systems(is_1904):
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True, "date_1904": is_1904}) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["Date", "When", "Midnight", "Time", "Last second", "Hidden time", "Long"])
        day, moment = datetime.date(2011, 3, 1), datetime.datetime(2011, 3, 1, 10, 22)
        for x, (value, shown) in enumerate([
            (day, "dd/mm/yyyy"), (moment, "dd/mm/yyyy hh:mm"),
            (datetime.datetime(2011, 3, 1), "dd/mm/yy hh:mm:ss"), (datetime.time(10, 22), "h:mm AM/PM"),
            (datetime.datetime(2011, 4, 18, 23, 59, 59, 900_000), "yyyy-mm-dd hh:mm:ss"), (moment, "d mmmm yyyy"),
            (datetime.timedelta(hours=30, minutes=5), "[h]:mm"),
        ]):  # fmt: skip
            sheet.write_datetime(1, x, value, book.add_format({"num_format": shown}))
    assert cells(out.getvalue()) == [[
        "2011-03-01", "2011-03-01 10:22:00", "2011-03-01 00:00:00", "10:22:00", "2011-04-18 23:59:59",
        "2011-03-01 10:22:00", "30:05:00",
    ]]  # fmt: skip


def test_dates_and_times_of_open_document_are_the_same():
    row = "".join([
        ods_value("date", {"date-value": "2011-03-01"}, "1 March"),
        ods_value("date", {"date-value": "2011-03-01T10:22:00.5"}), ods_value("time", {"time-value": "PT10H22M00S"}),
        ods_value("boolean", {"boolean-value": "true"}), ods_value("float", {"value": "447700900123456"}, "4.477E+14"),
        ods_value("percentage", {"value": "0.25"}, "25%"),
    ])  # fmt: skip
    header = ods_row(["A", "B", "C", "D", "E", "F"])
    data = ods(tables=f"<table:table>{header}<table:table-row>{row}</table:table-row></table:table>")
    assert cells(data) == [["2011-03-01", "2011-03-01 10:22:00", "10:22:00", "TRUE", "447700900123456", "0.25"]]


def test_numbers_are_written_out_and_texts_stay():
    header = "<row>" + "".join(f'<c t="inlineStr"><is><t>{n}</t></is></c>' for n in "ABCDEFGHIJ") + "</row>"
    numbers = ["3", "3.0", "447700900123456", "12345678901234567", "1E+20", "0.30000000000000004", "-1.5E-7", "-0.0"]
    row = "".join(f"<c><v>{n}</v></c>" for n in numbers) + '<c t="inlineStr"><is><t>0012</t></is></c>'
    data = xlsx_of(f'{header}<row>{row}<c t="b"><v>1</v></c></row>')
    assert cells(data) == [[
        "3", "3", "447700900123456", "12345678901234567", "100000000000000000000", "0.3", "-0.00000015", "0", "0012",
        "TRUE",
    ]]  # fmt: skip


def test_a_number_that_zeros_fill_up_is_what_people_saw():
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True}) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["Phone", "Money"])
        sheet.write_number(1, 0, 1603223762, book.add_format({"num_format": "00000000000"}))
        sheet.write_number(1, 1, 5, book.add_format({"num_format": '"£"#,##0.00'}))
    assert cells(out.getvalue()) == [["01603223762", "5"]]


def test_errors_stand_as_shown_and_are_counted():
    data = xlsx_of(inline(["A", "B"]) + '<row><c t="e"><v>#N/A</v></c><c t="e"><f>1/0</f><v>#DIV/0!</v></c></row>')
    table, [row] = split(data)
    assert row.cells == ["#N/A", "#DIV/0!"]
    assert (table.facts["errors"], table.facts["formulas"]) == ("2", "1")
    error = '<table:table-cell office:value-type="string" calcext:value-type="error"><text:p>#N/A</text:p>'
    tables = f"{ods_row(['A'])}<table:table-row>{error}</table:table-cell></table:table-row>"
    table, [row] = split(ods(tables=f"<table:table>{tables}</table:table>"))
    assert (row.cells, table.facts["errors"]) == (["#N/A"], "1")


def test_of_a_formula_the_stored_value_is_taken():
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True}) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["A", "B"])
        sheet.write_formula(1, 0, "=1+1", None, 2)
        sheet.write_formula(1, 1, '="x"&"y"', None, "xy")
    table, [row] = split(out.getvalue())
    assert (row.cells, table.facts["formulas"]) == (["2", "xy"], "2")
    nothing = '<row><c><v>1</v></c><c t="str"><f>""</f><v></v></c></row>'  # as Excel writes a text of no length
    assert cells(xlsx_of(inline(["A", "B"]) + nothing)) == [["1", ""]]


def test_a_formula_that_was_never_calculated_refuses_the_workbook_and_its_cell_is_said():
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(["A", "B"])
    sheet.append(["1", "=A2&A2"])
    out = io.BytesIO()
    book.save(out)
    sentence = "Cell B2 holds a formula that was never calculated, so that its value is not known."
    assert refusal(out.getvalue()) == sentence
    row = f'<table:table-row>{ods_text("1")}<table:table-cell table:formula="of:=1"/></table:table-row>'
    assert refusal(ods(tables=f"<table:table>{ods_row(['A', 'B'])}{row}</table:table>")) == sentence


def test_hidden_rows_and_columns_are_taken_and_counted():
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True}) as book:
        sheet = book.add_worksheet()
        for y, row in enumerate(PLAIN):
            sheet.write_row(y, 0, row)
        sheet.set_row(1, None, None, {"hidden": True})
        sheet.set_column(1, 1, None, None, {"hidden": True})
    table, found = split(out.getvalue())
    assert [row.cells for row in found] == PLAIN[1:]
    assert (table.facts["hidden_rows"], table.facts["hidden_columns"]) == ("1", "1")
    rows = ods_row(PLAIN[0]) + ods_row(PLAIN[1], 'table:visibility="filter"') + ods_row(PLAIN[2])
    column = '<table:table-column/><table:table-column table:visibility="collapse"/>'
    table, found = split(ods(tables=f"<table:table>{column}{rows}</table:table>"))
    assert [row.cells for row in found] == PLAIN[1:]
    assert (table.facts["hidden_rows"], table.facts["hidden_columns"]) == ("1", "1")


def test_one_caller_s_name_merged_over_several_answers_belongs_to_each():
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True}) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["Caller", "Said", "More"])
        sheet.merge_range(1, 0, 3, 0, "Jo")
        sheet.write_column(1, 1, ["one", "two", "three"])
        sheet.write(4, 0, "Al")
        sheet.merge_range(4, 1, 4, 2, "four")
        sheet.merge_range(5, 0, 7, 0, "Bo")
        sheet.write(5, 1, "five")
    wanted = [["Jo", "one", ""], ["Jo", "two", ""], ["Jo", "three", ""], ["Al", "four", ""], ["Bo", "five", ""]]
    table, found = split(out.getvalue())
    assert [row.cells for row in found] == wanted
    assert table.facts["merges"] == "2"
    over_two = ods_text("Jo", 'table:number-rows-spanned="2"')
    spanned = f"<table:table-row>{over_two}{ods_text('one')}</table:table-row>"
    below = f"<table:table-row><table:covered-table-cell/>{ods_text('two')}</table:table-row>"
    assert cells(ods(tables=f"<table:table>{ods_row(['Caller', 'Said'])}{spanned}{below}</table:table>")) == [
        ["Jo", "one"], ["Jo", "two"],
    ]  # fmt: skip


def test_comments_and_how_a_word_is_pronounced_are_no_part_of_a_cell():
    spoken = '<r><t>Jo</t></r><r><t> S</t></r><rPh sb="0" eb="1"><t>djo</t></rPh>'
    row = f'<row><c t="inlineStr"><is>{spoken}</is></c></row>'
    assert cells(xlsx_of(inline(["A"]) + row)) == [["Jo S"]]
    shared = f'<sst xmlns="{MAIN}"><si>{spoken}</si></sst>'
    data = xlsx_of(f'{inline(["A"])}<row><c t="s"><v>0</v></c></row>', more={"xl/sharedStrings.xml": shared})
    assert cells(data) == [["Jo S"]]
    noted = "<office:annotation><text:p>mine</text:p></office:annotation><text:p>yes <text:s/>no</text:p>"
    row = f'<table:table-row><table:table-cell office:value-type="string">{noted}</table:table-cell></table:table-row>'
    assert cells(ods(tables=f"<table:table>{ods_row(['A'])}{row}</table:table>")) == [["yes  no"]]


def test_a_workbook_may_be_written_in_other_ways_that_mean_the_same():
    """With a prefix at each element, as .NET's library writes it, in UTF-16, and in the strict namespace."""
    sheet = inline(*PLAIN)
    prefixed = re.sub(r"<(/?)(?=\w)", r"<\1x:", f"<worksheet><sheetData>{sheet}</sheetData></worksheet>")
    prefixed = prefixed.replace("<x:worksheet", f'<x:worksheet xmlns:x="{MAIN}"', 1)
    utf_16 = (
        f'<?xml version="1.0" encoding="UTF-16"?><worksheet xmlns="{MAIN}"><sheetData>{sheet}</sheetData></worksheet>'
    )
    strict = (
        f'<worksheet xmlns="http://purl.oclc.org/ooxml/spreadsheetml/main"><sheetData>{sheet}</sheetData></worksheet>'
    )
    for content in (prefixed, utf_16.encode("utf-16"), strict):
        assert cells(xlsx_of("", more={"xl/worksheets/sheet1.xml": content})) == PLAIN[1:]


# --- bad input --------------------------------------------------------------------------------------------------------

BOMB = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>'


def test_a_bomb_of_entities_is_refused():
    for name in ("xl/workbook.xml", "xl/worksheets/sheet1.xml", "xl/sharedStrings.xml", "xl/styles.xml"):
        data = xlsx_of('<row><c t="s" s="0"><v>0</v></c></row>', more={name: f"{BOMB}<x>&b;</x>"})
        assert "brings definitions of its own" in refusal(data)
    assert "brings definitions of its own" in refusal(ods(PLAIN, more={"content.xml": f"{BOMB}<x>&b;</x>"}))


def test_a_bomb_of_zip_is_refused_before_it_takes_memory():
    sheet = inline(["A", "B"]) + f"<!--{' ' * 60_000}-->" * 2_000
    data = xlsx_of(sheet)
    del sheet
    tracemalloc.start()
    assert "expands far beyond its size" in refusal(data)
    assert tracemalloc.get_traced_memory()[1] < 50_000_000
    tracemalloc.stop()


def test_an_extent_that_lies_costs_nothing():
    data = xlsx_of(inline(["A", "B"]) + inline(["1"], first=2), head='<dimension ref="A1:XFD1048576"/>')
    began = time.perf_counter()
    assert cells(data) == [["1", ""]]
    blank = ods_text("", 'table:number-columns-repeated="16384"')
    blanks = f'<table:table-row table:number-rows-repeated="1048574">{blank}</table:table-row>'
    rows = f"{ods_row(['A', 'B'])}{ods_row(['1'])}{blanks}"
    assert cells(ods(tables=f"<table:table>{rows}</table:table>")) == [["1", ""]]
    assert time.perf_counter() - began < 1


def test_more_columns_than_anybody_has_are_refused():
    assert refusal(xlsx([[f"Q{n}" for n in range(10_000)]])) == (
        "Cell BXY1 stands in column 2001; more than 2000 are not taken."
    )
    assert "column 16384" in refusal(xlsx_of(inline(["A"]) + '<row><c r="XFD2"><v>1</v></c></row>'))
    wide = ods_text("x", 'table:number-columns-repeated="10000"')
    assert "more than 2000 are not taken" in refusal(
        ods(tables=f"<table:table><table:table-row>{wide}</table:table-row></table:table>")
    )


def test_the_longest_cell_that_a_workbook_can_hold_is_taken():
    assert cells(xlsx([["A"], ["x" * 32_767]])) == [["x" * 32_767]]
    assert cells(xlsx_of(inline(["A"], ["y" * 200_000]))) == [["y" * 200_000]]


@pytest.mark.parametrize("data", [xlsx(PLAIN), ods(PLAIN)])
def test_a_zip_that_is_cut_or_damaged_is_refused(data):
    for end in (30, len(data) // 2, len(data) - 1):
        assert refusal(data[:end]) == "This workbook is damaged and does not open whole."
    with zipfile.ZipFile(BytesIO(data)) as archive:
        name = "content.xml" if "content.xml" in archive.namelist() else "xl/worksheets/sheet1.xml"
        crc = archive.getinfo(name).CRC.to_bytes(4, "little")
    assert refusal(data.replace(crc, b"\1\2\3\4")) == "This workbook is damaged and does not open whole."


OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 2_000_000


def test_what_can_not_be_read_says_what_to_do():
    locked = OLE + "EncryptedPackage".encode("utf-16-le")
    manifest = {"META-INF/manifest.xml": "<m><manifest:encryption-data/></m>"}
    assert refusal(locked) == refusal(ods(PLAIN, more=manifest)) == "This workbook is protected by a password."
    assert "from before 2007" in refusal(OLE + "Workbook".encode("utf-16-le"))
    assert "binary format" in refusal(zipped({"xl/workbook.bin": b"x"}))
    assert refusal(zipped({"a.csv": "A,B\n"})) == "This file is a zipped file, but no workbook."
    for page in ("<html><table>", "\ufeff<!DOCTYPE html>", "\n<TABLE border=1>", '<?xml version="1.0"?><Workbook>'):
        assert "web page" in refusal(page.encode())
    assert dispatch.split(BytesIO(b""), XLSX, {}) is dispatch.EMPTY


def test_text_under_a_workbook_s_name_is_read_as_what_it_is_and_the_other_way_round():
    assert cells(b"ID\tSaid\n1\tyes\n") == [["1", "yes"]]
    result = dispatch.split(BytesIO(xlsx(PLAIN)), "text/csv", {})
    assert isinstance(result, tuple)
    assert result[0].columns == ["ID", "Said"]


def test_a_workbook_that_contradicts_itself_is_refused():
    twice = '<row r="2"><c r="A2"><v>1</v></c><c r="A2"><v>2</v></c></row>'
    back = inline(["1"], first=5) + inline(["2"], first=4)
    for sheet in (twice, back, '<row><c t="s"><v>7</v></c></row>', '<row><c r="?"><v>7</v></c></row>', "<row>"):
        assert refusal(xlsx_of(inline(["A"]) + sheet)) == "This workbook is damaged and does not open whole."


def test_what_can_not_be_stored_is_replaced_and_counted():
    assert split(xlsx_of(inline(["A"], ["a_x0000_b_xD800__x005F_x000D_"])))[1] == [Row(2, ["a\ufffdb\ufffd_x000D_"], 2)]


# --- the same from all kinds ------------------------------------------------------------------------------------------

words = st.text(
    st.characters(exclude_categories=["Cs", "Cc"]) | st.sampled_from("\n\t \"',;=@+-<>&_x"), max_size=12
).filter(lambda text: text == "" or not text.isspace())


@settings(deadline=None, max_examples=60)
@given(st.lists(st.lists(words, min_size=3, max_size=3), max_size=6))
def test_any_grid_of_texts_is_the_same_from_xlsx_ods_and_csv(grid):
    import csv

    whole = [["First name", "What do you think", "Postcode"], *grid]
    out = io.StringIO(newline="")
    csv.writer(out).writerows(whole)
    wanted = {number: row for number, row in enumerate(grid, start=2) if any(row)}
    for data in (out.getvalue().encode(), xlsx(whole), ods(whole)):
        assert {row.number: row.cells for row in split(data)[1] if any(row.cells)} == wanted


values = st.one_of(
    words, st.integers(-(10**14), 10**14), st.floats(-1e9, 1e9).map(lambda value: float(format(value, ".15g"))),
    st.booleans(), st.dates(datetime.date(1901, 1, 1), datetime.date(2099, 12, 31)),
    st.datetimes(datetime.datetime(1990, 1, 1), datetime.datetime(2099, 1, 1)).map(
        lambda value: value.replace(microsecond=0)
    ),
)  # fmt: skip


def as_shown(value) -> str:
    """A value as another library hands it back, written as we write it."""
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, float):
        text = format(Decimal(format(value, ".15g")), "f")
        text = text.rstrip("0").rstrip(".") if "." in text else text
        return "0" if text == "-0" else text
    return str(value)


@settings(deadline=None, max_examples=60)
@given(st.lists(st.lists(values, min_size=3, max_size=3), min_size=1, max_size=5))
def test_another_library_reads_the_same_values(grid):
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True}) as book:
        formats = {
            datetime.date: book.add_format({"num_format": "dd/mm/yyyy"}),
            datetime.datetime: book.add_format({"num_format": "dd/mm/yyyy hh:mm:ss"}),
        }
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["A", "B", "C"])
        for y, row in enumerate(grid, start=1):
            for x, value in enumerate(row):
                if isinstance(value, str):
                    sheet.write_string(y, x, value)
                else:
                    sheet.write(y, x, value, formats.get(type(value)))
    others = python_calamine.CalamineWorkbook.from_filelike(BytesIO(out.getvalue())).get_sheet_by_index(0)
    theirs = {
        number: [as_shown(value) for value in (*row, "", "")][:3]
        for number, row in enumerate(others.to_python(skip_empty_area=False), start=1)
        if number > 1
    }
    # calamine gives a moment at midnight as a date.
    ours = {row.number: [cell.removesuffix(" 00:00:00") for cell in row.cells] for row in split(out.getvalue())[1]}
    assert {n: row for n, row in ours.items() if any(row)} == {n: row for n, row in theirs.items() if any(row)}


@settings(deadline=None, max_examples=100)
@given(st.data())
def test_no_damage_to_a_workbook_makes_its_reader_raise(data):
    whole = bytearray(data.draw(st.sampled_from(SOUND)))
    for at in data.draw(st.lists(st.integers(0, len(whole) - 1), min_size=1, max_size=5)):
        whole[at] = data.draw(st.integers(0, 255))
    result = answer(bytes(whole))
    if isinstance(result, tuple):
        assert all(len(row.cells) == len(result[0].columns) for frame in result[1] for row in frame)
