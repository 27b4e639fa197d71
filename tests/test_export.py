"""The table for analysis: four formats with the same strings, in the contract's order, whole or not at all."""

import csv
import io
import json
import os
import re
import resource
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import openpyxl
import pyarrow.parquet
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from openpyxl.utils.escape import unescape

from intake.errors import ConfigurationError, IntakeError, NotWritten
from intake.export import Profile, Wanted, csv_cell
from storage.schema import Response
from tests.support.consultation import Consultation, table

Rows = list[dict[str, str]]
Reader = Callable[[Path], Rows]
COLUMNS = [
    "reference", "consultation", "channel", "received_at", "received_basis", "late", "respondent_kind",
    "respondent_role", "name", "organisation", "email", "phone", "address", "postcode", "places", "language", "text",
    "answer.structure", "answer.agree", "signatures", "consent_to_publish", "status", "exclusion_reason",
    "duplicate_of", "campaign", "needs", "method", "confidence", "source", "original_sha256", "pages", "run",
    "reader_version", "reviewed_by", "reviewed_at", "posted_on", "late_decision", "words", "translation", "relayed_by",
    "on_behalf_of", "people", "signatures_claimed", "confidentiality_asked", "paper_ref", "version", "text_cut",
    "likely_duplicate_of",
]  # fmt: skip
PERSONAL = ("name", "email", "phone", "address", "people", "relayed_by", "on_behalf_of", "source", "reviewed_by")
SUFFIXES = (".csv", ".xlsx", ".parquet", ".jsonl")
AT = "2011-03-01T09:00:00Z"
NASTY = [
    'say "no", twice: ""', '"', "one\ntwo\n\nthree", "one\r\ntwo", "one\rtwo", "👍🏽 é 中 \u2028 \u0085 end", "=1+1",
    '=HYPERLINK("http://192.0.2.1","x")', "+ a plus", "- keep it", "@all", "\ttab first", "\rCR first", "'quoted'",
    "'=1+1", "''-x", "'", "-5", "+1e3", "-1.5E-3", "+441632960001", "-5\n", "1,5", "a;b,c|d", "NULL", "true", "nan",
    "0044", "1e5", "_x000D_", "back\\slash \\n", " spaces round ", "x" * 40_000, "=" + "y" * 40_000, "👍" * 40_000,
    "<b>&amp;</b>", "\x0b\x1f control", "\ufeffmark", "#REF!", "{=x}", "http://example.org/" + "z" * 3_000,
]  # fmt: skip


def undone(cell: str) -> str:
    """A cell of the CSV as it was: the escape's one ``'`` taken away again."""
    return re.sub(r"\A'(?='*[=+\-@\t\r])", "", cell)


# --- reading back -----------------------------------------------------------------------------------------------------


def by_csv(path: Path) -> Rows:
    with path.open(encoding="utf-8", newline="") as stream:
        return [{k: undone(v) for k, v in row.items()} for row in csv.DictReader(stream, strict=True)]


def by_openpyxl(path: Path) -> Rows:
    """The sheet, each cell with its further pieces behind it; ``_xHHHH_`` is the format's own escape."""
    book = openpyxl.load_workbook(path, read_only=True)
    lines = list(book["responses"].iter_rows(values_only=True))
    names = [str(name) for name in lines[0]]
    kept = [[unescape(str(value)) if value is not None else "" for value in line] for line in lines[1:]]
    rows = [dict(zip(names, [*line, *[""] * (len(names) - len(line))], strict=True)) for line in kept]
    by_reference = {row["reference"]: row for row in rows}
    header, *pieces = book["long_text"].iter_rows(values_only=True)
    assert header == ("reference", "column", "piece", "text")
    numbers: Counter[tuple[object, object]] = Counter()
    for reference, name, piece, text in pieces:
        numbers[reference, name] += 1
        assert piece == numbers[reference, name] + 1, "the pieces of a text stand in their order, the cell's being 1"
        by_reference[str(reference)][str(name)] += unescape(str(text))
    return rows


def by_pyarrow(path: Path) -> Rows:
    rows: Rows = pyarrow.parquet.read_table(path).to_pylist()
    return rows


def by_json(path: Path) -> Rows:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line]


def by_duckdb(path: Path) -> Rows:
    names = list(by_json(path)[0]) if path.suffix == ".jsonl" else []
    typed = "{" + ", ".join(f"'{name}': 'VARCHAR'" for name in names) + "}"
    query = {
        ".csv": "select * from read_csv(?, all_varchar = true, header = true)",
        ".parquet": "select * from read_parquet(?)",
        ".jsonl": f"select * from read_json(?, format = 'newline_delimited', columns = {typed})",
    }[path.suffix]
    with duckdb.connect() as connection:
        found = connection.execute(query, [str(path)])
        columns = [name for name, *_ in found.description or []]
        rows = [dict(zip(columns, [value or "" for value in line], strict=True)) for line in found.fetchall()]
    return [{k: undone(v) for k, v in row.items()} for row in rows] if path.suffix == ".csv" else rows


def differing(rows: Rows, exact: Rows) -> list[tuple[str, str, str]]:
    """The cells that are not as they should be: column, what it should hold, what it holds (shortened)."""
    assert [row["reference"] for row in rows] == [row["reference"] for row in exact]
    pairs = [(name, wanted[name], row[name]) for row, wanted in zip(rows, exact, strict=True) for name in wanted]
    return [(name, wanted[:40], found[:40]) for name, wanted, found in pairs if wanted != found]


READERS: dict[str, tuple[str, Reader]] = {
    "csv": (".csv", by_csv),
    "csv-duckdb": (".csv", by_duckdb),
    "xlsx": (".xlsx", by_openpyxl),
    "parquet": (".parquet", by_pyarrow),
    "parquet-duckdb": (".parquet", by_duckdb),
    "jsonl-duckdb": (".jsonl", by_duckdb),
}


def write(made: Consultation, path: Path, profile: Profile = "full", *, everything: bool = False) -> Path:
    """Export to this path."""
    with made.app() as app:
        count = app.export(path, Wanted(profile, everything))
    assert path.suffix != ".jsonl" or count == len(by_json(path))
    return path


@pytest.fixture(scope="module")
def nasty(tmp_path_factory: pytest.TempPathFactory, empty_home: Path) -> Consultation:
    """A survey with an answer for each nasty string; what a table's reader strips, a person typed in full."""
    made = Consultation(tmp_path_factory.mktemp("nasty"), home=empty_home)
    made.survey("a.csv", *((f"R{n}", AT, value, "Yes") for n, value in enumerate(NASTY)))
    made.takes("survey", received=len(NASTY), read=len(NASTY))
    answers = {row["source"]: row for row in made.export()}
    with made.app() as app:
        from intake.wish import Person, Wish

        for n, value in enumerate(NASTY):
            if answers[f"R{n}"]["answer.structure"] != value:
                reference = answers[f"R{n}"]["reference"]
                app.decide(reference, Person("ann"), Wish("correct", f"answer.structure={value}"))
    return made


# --- the same values --------------------------------------------------------------------------------------------------


def test_nasty_strings_are_exact_in_jsonl(nasty: Consultation, tmp_path: Path) -> None:
    """What the exact format holds is what was written, to the last character."""
    rows = {row["source"]: row for row in by_json(write(nasty, tmp_path / "a.jsonl"))}
    assert [rows[f"R{n}"]["answer.structure"] for n in range(len(NASTY))] == NASTY


def test_a_survey_s_words_arrive_as_they_were_written(place: Consultation) -> None:
    """Quotes, newlines, emoji and formulas in a survey's cell reach the export with nothing changed inside them."""
    place.survey("a.csv", *((f"R{n}", AT, value, "Yes") for n, value in enumerate(NASTY)))
    place.takes("survey", received=len(NASTY), read=len(NASTY))
    rows = {row["source"]: row["answer.structure"] for row in place.export()}
    changed = ("\x0b", "\ufeff", "\r")  # control characters and marks are cleaned, ends of lines may be
    for n, value in enumerate(NASTY):
        if not any(character in value for character in changed):
            assert rows[f"R{n}"] == value.strip()


@pytest.mark.parametrize(("suffix", "read"), READERS.values(), ids=READERS)
def test_nasty_strings_read_back(
    nasty: Consultation, tmp_path: Path, suffix: str, read: Callable[[Path], Rows]
) -> None:
    """Every format, read back by another program, holds what the exact one holds, however nasty the strings are."""
    exact = by_json(write(nasty, tmp_path / "a.jsonl"))
    assert differing(read(write(nasty, tmp_path / f"a{suffix}")), exact) == []


@pytest.mark.parametrize("everything", [False, True], ids=["counted", "all"])
@pytest.mark.parametrize("profile", ["analysis", "full"])
def test_the_sample_reads_back(sample: Consultation, tmp_path: Path, profile: Profile, everything: bool) -> None:
    """The sample's table is the same in every format, whoever reads it, in both profiles and with ``--all``."""
    exact = by_json(write(sample, tmp_path / "a.jsonl", profile, everything=everything))
    assert exact
    for case, (suffix, read) in READERS.items():
        path = write(sample, tmp_path / f"a{suffix}", profile, everything=everything)
        rows = read(path)
        assert rows == exact, f"{case}: {differing(rows, exact)}"


def test_an_empty_consultation_exports_a_header(place: Consultation, tmp_path: Path) -> None:
    """Where nothing has arrived, every format can still be opened, has the columns, and has no row."""
    paths = [write(place, tmp_path / f"a{suffix}") for suffix in SUFFIXES]
    assert paths[0].read_bytes().decode() == ",".join(COLUMNS) + "\r\n"
    assert by_openpyxl(paths[1]) == by_pyarrow(paths[2]) == by_json(paths[3]) == []
    assert pyarrow.parquet.read_schema(paths[2]).names == COLUMNS


def test_xlsx_cells_fit_into_excel(nasty: Consultation, tmp_path: Path) -> None:
    """No cell of the .xlsx is longer than Excel holds, which counts 32,767 UTF-16 units."""
    book = openpyxl.load_workbook(write(nasty, tmp_path / "a.xlsx"), read_only=True)
    cells = [str(v) for sheet in book for line in sheet.iter_rows(values_only=True) for v in line if v is not None]
    assert max(len(cell.encode("utf-16-le")) // 2 for cell in cells) <= 32_767


def test_xlsx_holds_strings_only(nasty: Consultation, tmp_path: Path) -> None:
    """No cell of the .xlsx is a formula, a number, a date or a link."""
    book = openpyxl.load_workbook(write(nasty, tmp_path / "a.xlsx"))
    sheet = book["responses"]
    cells = [cell for line in sheet.iter_rows(min_row=2) for cell in line if cell.value is not None]
    assert {type(cell.value) for cell in cells} == {str}
    assert not any(cell.hyperlink for cell in cells)
    raw = tmp_path / "raw"

    with zipfile.ZipFile(tmp_path / "a.xlsx") as packed:
        packed.extractall(raw)
    assert b"<f>" not in (raw / "xl/worksheets/sheet1.xml").read_bytes()


# --- CSV --------------------------------------------------------------------------------------------------------------


@given(st.text() | st.from_regex(r"\A'*[=+\-@\t\r][0-9a-z.']*", fullmatch=False) | st.sampled_from(NASTY))
@example("'=1+1")
@example("''-x")
@example("'-5")
@example("-5\n")
@example("")
def test_csv_cell_is_undone_exactly(value: str) -> None:
    """The escape of a CSV cell is undone exactly, whatever the value, and leaves no formula to a spreadsheet."""
    cell = csv_cell(value)
    assert undone(cell) == value
    if cell[:1] in ("=", "+", "-", "@", "\t", "\r") and cell:
        float(cell)


@pytest.mark.parametrize("value", ["-5", "+1e3", "-1.5E-3", "+441632960001", "+4", "0", "Keep it.", "", "'quoted'"])
def test_csv_leaves_numbers_and_phones(value: str) -> None:
    """Numbers, telephone numbers and ordinary words stand in the CSV as they are."""
    assert csv_cell(value) == value


@pytest.mark.parametrize("value", ["=1", "+ 1", "-a", "@x", "\tx", "\rx", "-5\n", "+1,000", "--5", "+1e3e3", "-٥", "="])
def test_csv_escapes_formulas(value: str) -> None:
    """What a spreadsheet would take for a formula has a ``'`` before it."""
    assert csv_cell(value) == f"'{value}"


def test_csv_is_plain_utf_8(nasty: Consultation, tmp_path: Path) -> None:
    """The CSV is UTF-8 without a mark, its lines end in CRLF, and quoting is RFC 4180's."""
    content = write(nasty, tmp_path / "a.csv").read_bytes()
    assert content.startswith(b"reference,consultation,")
    assert content.endswith(b"\r\n")
    outside = re.sub(rb'"(?:[^"]|"")*"', b"", content)
    assert outside.count(b"\r") == outside.count(b"\n") == outside.count(b"\r\n") == len(NASTY) + 1
    content.decode("utf-8", "strict")


def test_phones_of_calls_stay_in_the_csv(sample: Consultation, tmp_path: Path) -> None:
    """A telephone number stands in the CSV in E.164 form, without an escape."""
    rows = list(csv.DictReader(io.StringIO(write(sample, tmp_path / "a.csv").read_text(), newline="")))
    phones = {row["phone"] for row in rows} - {""}
    assert len(phones) > 10
    assert all(re.fullmatch(r"\+44[0-9]{9,10}", phone) for phone in phones)


# --- columns and codebook ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("profile", ["analysis", "full"])
def test_columns_in_the_contract_s_order(nasty: Consultation, tmp_path: Path, profile: Profile) -> None:
    """Every format has the contract's columns in its order, with ``outcome`` last where everything is asked for."""
    for everything, wanted in ((False, COLUMNS), (True, [*COLUMNS, "outcome"])):
        paths = [write(nasty, tmp_path / f"a{suffix}", profile, everything=everything) for suffix in SUFFIXES]
        for path, read in zip(paths, (by_csv, by_openpyxl, by_pyarrow, by_json), strict=True):
            assert list(read(path)[0]) == wanted, path


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("everything", [False, True], ids=["counted", "all"])
def test_codebook_beside_it(place: Consultation, tmp_path: Path, suffix: str, everything: bool) -> None:
    """Beside each export is a codebook with a line for each column, in order, that says what it means."""
    write(place, tmp_path / f"a{suffix}", everything=everything)
    with (tmp_path / f"a{suffix}.codebook.csv").open(encoding="utf-8", newline="") as stream:
        lines = list(csv.DictReader(stream))
    assert [line["column"] for line in lines] == [*COLUMNS, *(["outcome"] if everything else [])]
    assert list(lines[0]) == ["column", "meaning", "form", "values"]
    assert all(line["meaning"] and line["form"] for line in lines)
    said = {line["column"]: line for line in lines}
    assert said["answer.structure"]["meaning"] == "What do you think?"
    assert said["answer.agree"]["values"] == "Yes;No"
    assert said["respondent_role"]["values"] == "parent;carer;other"
    for name, field in Response.model_fields.items():
        choices = [word for word in getattr(field.annotation, "__args__", ()) if isinstance(word, str) and word]
        if choices:
            assert set(said[name]["values"].split(";")) <= {*choices, ""}, name


def test_codebook_lists_all_values_that_occur(sample: Consultation, tmp_path: Path) -> None:
    """Where the codebook lists the values of a column, the export holds no other (answers of their own apart)."""
    rows = by_json(write(sample, tmp_path / "a.jsonl", everything=True))
    with (tmp_path / "a.jsonl.codebook.csv").open(encoding="utf-8", newline="") as stream:
        listed = {line["column"]: set(line["values"].split(";")) for line in csv.DictReader(stream) if line["values"]}
    for name in ("late", "respondent_kind", "respondent_role", "consent_to_publish", "status", "needs", "outcome"):
        assert {word for row in rows for word in row[name].split(";")} - {""} <= listed[name], name


# --- who is shown -----------------------------------------------------------------------------------------------------


def test_analysis_blanks_who_it_was(sample: Consultation, tmp_path: Path) -> None:
    """The analysis profile blanks what names a person, cuts the postcode, and changes nothing else."""
    phoned = next(row["reference"] for row in sample.export() if row["channel"] == "phone" and row["postcode"])
    for change in ("address=1 High Street", "people=Ann;Bob", "on_behalf_of=Cat", "relayed_by=Dan"):
        sample.decide(phoned, "correct", change)
    full = by_json(write(sample, tmp_path / "a.jsonl", "full", everything=True))
    short = by_json(write(sample, tmp_path / "b.jsonl", "analysis", everything=True))
    shown = {name for row in full for name in PERSONAL if row[name]}
    assert shown == set(PERSONAL)
    for whole, cut in zip(full, short, strict=True):
        assert cut == {**whole, **dict.fromkeys(PERSONAL, ""), "postcode": whole["postcode"].split(" ")[0]}
    assert {row["postcode"] for row in short} >= {"NR1", "PE37", ""}


def test_analysis_is_the_default(sample: Consultation, tmp_path: Path) -> None:
    """Who asks for no profile gets the one without names, of the counted responses alone."""
    done = sample.command("export", tmp_path / "a.jsonl")
    assert (done.code, done.err) == (0, done.err)
    rows = by_json(tmp_path / "a.jsonl")
    assert rows == by_json(write(sample, tmp_path / "b.jsonl", "analysis"))
    assert not any(row[name] for row in rows for name in PERSONAL)


def test_all_adds_what_does_not_count(sample: Consultation, tmp_path: Path) -> None:
    """``--all`` adds a line for each receipt without a response, blank reference first, and the excluded ones."""
    before = by_json(write(sample, tmp_path / "before.jsonl"))
    gone = before[7]["reference"]
    sample.decide(gone, "exclude", reason="test", by="ann")
    sample.decide(gone, "confirm", by="bob")
    counted = by_json(write(sample, tmp_path / "a.jsonl"))
    rows = by_json(write(sample, tmp_path / "b.jsonl", everything=True))
    assert counted == [row for row in before if row["reference"] != gone]
    references = [row["reference"] for row in rows]
    assert references == sorted(references)
    without = [row for row in rows if not row["reference"]]
    receipts = [r for r in sample.receipts() if r["outcome"] != "read"]
    assert without == rows[: len(receipts)]
    assert sorted((r["channel"], r["outcome"], r["reason"], r["source_key"], r["sha256"]) for r in receipts) == sorted(
        (row["channel"], row["outcome"], row["exclusion_reason"], row["source"], row["original_sha256"])
        for row in without
    )
    with_response = [row for row in rows if row["reference"]]
    assert {row["outcome"] for row in with_response} == {"read"}
    excluded = {row["reference"]: row for row in with_response if row["status"] == "excluded"}
    assert list(excluded) == [gone]
    assert excluded[gone]["exclusion_reason"] == "test"
    assert [
        {k: v for k, v in row.items() if k != "outcome"} for row in with_response if row not in excluded.values()
    ] == counted


def test_a_proposed_exclusion_still_counts(place: Consultation) -> None:
    """A response whose exclusion nobody has confirmed is in the export."""
    place.mail("a.eml")
    place.takes("email", read=1)
    place.decide(place.response()["reference"], "exclude", reason="test")
    assert place.response()["needs"] == "second-person"


def test_monitoring_and_unmapped_columns_are_nowhere(place: Consultation, tmp_path: Path) -> None:
    """Monitoring answers and a table's unmapped columns are in no format, no profile and no codebook."""
    header = ("ID", "When", "What do you think?", "Do you agree?", "What is your background?", "IP address")
    place.put("survey/a.csv", table(header, [("R1", AT, "Keep it.", "Yes", "Background-Secret", "192.0.2.77")]))
    place.takes("survey", read=1)
    for suffix, read in zip(SUFFIXES, (by_csv, by_openpyxl, by_pyarrow, by_json), strict=True):
        path = write(place, tmp_path / f"a{suffix}", everything=True)
        shown = json.dumps(read(path)) + (tmp_path / f"a{suffix}.codebook.csv").read_text()
        assert "Keep it." in shown
        for secret in ("Background-Secret", "192.0.2.77", "IP address", "background"):
            assert secret not in shown, (suffix, secret)
    assert place.sql("select answer from monitoring_answer") == ["Background-Secret"]


def test_monitoring_of_the_sample_is_nowhere(sample: Consultation, tmp_path: Path) -> None:
    """The sample's answers about ethnic background and its IP addresses are in no export."""
    content = write(sample, tmp_path / "a.jsonl", everything=True).read_text()
    content += (tmp_path / "a.jsonl.codebook.csv").read_text()
    (survey,) = (sample.folder / "samples/survey").glob("*.csv")
    given = list(csv.DictReader(io.StringIO(survey.read_text(encoding="utf-8-sig"), newline="")))
    addresses = {row["IP address"] for row in given} - {""}
    assert len(addresses) > 30
    assert not [secret for secret in (*addresses, "Asian or Asian British", "Other White") if secret in content]


# --- files ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def loose_umask() -> Iterator[None]:
    """A umask that would let everybody read."""
    before = os.umask(0)
    yield
    os.umask(before)


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.usefixtures("loose_umask")
def test_files_are_their_owner_s(place: Consultation, tmp_path: Path, suffix: str) -> None:
    """An export and its codebook are readable by their owner only, also where files of other modes stood before."""
    target = tmp_path / f"a{suffix}"
    names = (target.name, f"{target.name}.codebook.csv", f".{target.name}.{os.getpid()}.part")
    for name in names:
        (tmp_path / name).write_text("older")
        (tmp_path / name).chmod(0o666)
    write(place, target)
    assert [(tmp_path / name).stat().st_mode & 0o777 for name in names[:2]] == [0o600, 0o600]


@contextmanager
def no_file_over(size: int) -> Iterator[None]:
    """Every file of this process may grow to this size and no further: writing goes wrong in the middle."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_failed_write_leaves_the_old_file(nasty: Consultation, tmp_path: Path, suffix: str) -> None:
    """A write that fails in the middle is one sentence, leaves no half file, and leaves the old files as they were."""
    target = tmp_path / f"a{suffix}"
    write(nasty, target)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    with nasty.app() as app, pytest.raises(NotWritten) as raised, no_file_over(4_000):
        app.export(target, Wanted("full", True))
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before
    assert str(raised.value).startswith("FILE: ")
    assert "None" not in str(raised.value)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_where_nothing_can_be_written(place: Consultation, tmp_path: Path, suffix: str) -> None:
    """A folder that is not there, and a folder in the file's place, are one sentence that names FILE."""
    (tmp_path / f"a{suffix}").mkdir()
    for target in (tmp_path / f"none/a{suffix}", tmp_path / f"a{suffix}"):
        with place.app() as app, pytest.raises(NotWritten, match=r"^FILE: .*can't be written"):
            app.export(target, Wanted())
    assert not list(tmp_path.glob(".*part"))


@pytest.mark.parametrize("name", ["a.txt", "a", "a.csv.gz"])
def test_an_unknown_suffix_is_refused(place: Consultation, tmp_path: Path, name: str) -> None:
    """A file whose name ends otherwise is refused with what would be right, and nothing is written."""
    with place.app() as app, pytest.raises(ConfigurationError, match=r"\.csv, \.xlsx, \.parquet or \.jsonl"):
        app.export(tmp_path / name, Wanted())
    assert not [path for path in tmp_path.iterdir() if path.is_file() and path.name.startswith((name, f".{name}"))]
    assert issubclass(ConfigurationError, IntakeError)


# --- both databases ---------------------------------------------------------------------------------------------------


def test_both_databases_export_the_same_bytes(
    sample: Consultation, sample_on_postgres: Consultation, tmp_path: Path
) -> None:
    """The sample on SQLite and on PostgreSQL gives the same CSV, byte for byte, counted alone or all."""
    for everything in (False, True):
        made = [
            write(home, tmp_path / f"{n}.csv", everything=everything).read_bytes()
            for n, home in enumerate((sample, sample_on_postgres))
        ]
        assert made[0] == made[1]
