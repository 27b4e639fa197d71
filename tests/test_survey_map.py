"""`intake survey map`: what it is sure of is mapped, all else is said, valid TOML comes out, and no answer is shown."""

import csv
import io
import time
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from channels import ADAPTERS
from intake import config
from intake.config import Consultation as Settled
from intake.config import Question
from intake.errors import Refused
from intake.shapes import SHAPES, header_rows, recognise
from intake.surveymap import Proposal, Seen, propose
from intake.surveytoml import section
from tests.support import surveys
from tests.support.consultation import Consultation

STRUCTURE = "What do you think of the proposal to run the centres in groups?"
SERVICES = "Which services do you or your family use?"
IMPORTANCE = "How important is each of these to you?"
SECRET = "Secret-4711"


@pytest.fixture(scope="module")
def consultation(tmp_path_factory: pytest.TempPathFactory) -> Settled:
    path = tmp_path_factory.mktemp("map") / "config.toml"
    path.write_text(surveys.CONFIG.replace('"DATABASE"', '""'))
    return config.load(path, {name: kind.settings for name, kind in ADAPTERS.items()}).consultation


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Consultation:
    return Consultation(tmp_path_factory.mktemp("command"), config=surveys.CONFIG)


def proposed(of: Settled, columns: Sequence[str], *rows: Sequence[str]) -> Proposal:
    return propose(of, Seen(columns, rows))


def mapped(of: Settled, columns: Sequence[str], *rows: Sequence[str]) -> dict[str, Any]:
    found: dict[str, Any] = proposed(of, columns, *rows).section["columns"]
    return found


def table(*rows: Sequence[str]) -> str:
    stream = io.StringIO()
    csv.writer(stream).writerows(rows)
    return stream.getvalue()


# --- what is sure, and what is not ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("header", "column"),
    [
        (STRUCTURE, "answer.structure"), (STRUCTURE.upper(), "answer.structure"), ("structure", "answer.structure"),
        (f"Q1. {STRUCTURE}", "answer.structure"), (f"12) {STRUCTURE}", "answer.structure"),
        (f"<p><strong>{STRUCTURE}</strong></p>", "answer.structure"), (f"{STRUCTURE} *", "answer.structure"),
        (STRUCTURE.replace("?", "\u00a0?"), "answer.structure"), (f"{STRUCTURE} - Comments", "answer.structure"),
        ("What do you think about the proposals to run our centers in groups", "answer.structure"),
        ("What do you think of the proposal to run", "answer.structure"),
        ("Your postcode", "postcode"), ("Q8: Post code", "postcode"), ("About you - Postcode", "postcode"),
        ("What is your name?", "name"), ("I am a…", "respondent_role"), ("Paper ref", "entered_from"),
    ],
)  # fmt: skip
def test_what_is_the_same_question_is_mapped(consultation: Settled, header: str, column: str) -> None:
    """A number, mark-up, case, what follows, a few letters or a cut-off end do not hide which question a header is."""
    assert mapped(consultation, ["ID", header]) == {column: header}


@pytest.mark.parametrize(
    "header",
    [
        "What do you think of the proposal to run the libraries in groups?", "What do you think?",
        "How far do you agree with the savings?", "How important is the bus to you?", "Comments", "Q1", "",
        "Respondent size", "Organisation type - Organisation type", "Location - Address", "Size of organisation",
        "Which services would your family miss?", "How would you describe your religion?", "Your date of birth",
    ],
)  # fmt: skip
def test_what_may_be_another_question_is_not_mapped(consultation: Settled, header: str) -> None:
    """One other word of meaning makes it another question: it is listed for a person, and mapped to nothing."""
    found = proposed(consultation, ["ID", header])
    assert found.section["columns"] == {}
    assert [unsure for unsure, _ in found.unsure] == [header]


def test_what_is_one_of_a_few_words_is_confirmed_by_its_cells(consultation: Settled) -> None:
    """A kind or a role by its name alone is none: not where the cells hold other words."""
    columns = ["ID", "Respondent type", "I am a"]
    good = mapped(consultation, columns, ["1", "Individual", "Parent"], ["2", "Organisation", "Mayor"])
    assert good == {"respondent_kind": "Respondent type", "respondent_role": "I am a"}
    assert mapped(consultation, columns, ["1", "Company", "Mayor"], ["2", "Individual", "Vicar"]) == {}


def test_how_sure_is_sure_enough_is_measured() -> None:
    """Of 44 rewordings at least 28 are mapped, and no header, reworded or another's, to a question that it is not."""
    lines = [line.split("\t") for line in (surveys.DATA / "rewordings.tsv").read_text().splitlines()[2:]]
    ids = {asked: f"asked-{n}" for n, asked in enumerate(dict.fromkeys(asked for asked, _ in lines if asked))}
    raw = tomllib.loads(surveys.CONFIG)["consultation"]
    questions = [{"id": name, "text": asked, "kind": "text"} for asked, name in ids.items()]
    of = Settled.model_validate({**raw, "questions": questions}, context={"base": Path("/")})
    right = 0
    for asked, header in lines:
        found = {column: said for column, said in mapped(of, ["ID", header]).items() if column.startswith("answer.")}
        assert found in ({}, {f"answer.{ids.get(asked)}": header})
        right += bool(found) and asked != header
    assert right >= 28


def test_the_nearest_guess_is_said(consultation: Settled) -> None:
    """A header that is not mapped is listed with what it is most like, or with nothing where it is like nothing."""
    found = proposed(consultation, ["ID", "How far do you agree or disagree with the proposal?", "Zzz"])
    assert found.unsure == [("How far do you agree or disagree with the proposal?", "answer.agree"), ("Zzz", "")]


def test_of_two_questions_that_are_alike_neither_is_guessed() -> None:
    """Where a header fits two questions equally well, as one that is cut off may, nothing is mapped."""
    asked = "Do you agree with the proposal to close the library on "
    questions = [{"id": day, "text": f"{asked}{day}?", "kind": "text"} for day in ("Sundays", "Mondays")]
    two = Settled.model_validate(
        {"id": "x", "title": "x", "opens": _day(1), "closes": _day(2), "timezone": "UTC", "reference_prefix": "X",
         "questions": questions}
    )  # fmt: skip
    assert mapped(two, [asked]) == {}
    assert mapped(two, [f"{asked}Saturdays?"]) == {}
    assert mapped(two, [f"{asked}Mondays?", f"{asked}Sundays?"]) == {
        "answer.Sundays": f"{asked}Sundays?", "answer.Mondays": f"{asked}Mondays?",
    }  # fmt: skip


def _day(number: int) -> Any:
    import datetime

    return datetime.date(2011, 1, number)


def test_a_second_column_of_a_question_is_for_a_person(consultation: Settled) -> None:
    """A question of which there are two columns that no option tells apart is not mapped to either."""
    agree = "How far do you agree with the proposal?"
    found = proposed(consultation, ["ID", agree, f"{agree} (2)"], ["1", "Agree", "because"])
    assert "answer.agree" not in found.section["columns"]
    assert 'No column is mapped to the question "agree".' in found.look


def test_a_question_with_one_answer_is_no_matrix(consultation: Settled) -> None:
    """Two columns with the options of such a question are two questions: which of them is meant is for a person."""
    agree = "How far do you agree with the proposal?"
    found = proposed(consultation, ["ID", f"Plan 1 - {agree}", f"Plan 2 - {agree}"], ["1", "Agree", "Disagree"])
    assert "answer.agree" not in found.section["columns"]
    assert "matrix" not in found.section
    assert 'No column is mapped to the question "agree".' in found.look


def test_numbers_instead_of_words_are_not_guessed(consultation: Settled) -> None:
    """An export with codes is said to be one, and what the codes mean is not made up."""
    found = proposed(consultation, ["ID", "agree", "services"], ["1", "2", "1,3"], ["2", "4", ""])
    assert found.section["columns"] == {}
    assert [said for said in found.look if "labels" in said] == [
        '"agree" holds numbers where words are asked for: have the export made again with labels.',
        '"services" holds numbers where words are asked for: have the export made again with labels.',
    ]


def test_what_tells_the_rows_apart_must_do_so(consultation: Settled) -> None:
    """A column that is called an id and is blank or repeated is not taken as one, and it is said."""
    found = proposed(consultation, ["ID", "Ref", STRUCTURE], ["1", "a", "x"], ["1", "b", "y"])
    assert found.section["id_column"] == "Ref"
    assert found.look[0].startswith('"ID" is called like an id')
    none = proposed(consultation, [STRUCTURE], ["x"])
    assert "id_column" not in none.section
    assert none.look[0].startswith("No column tells the rows apart")


@pytest.mark.parametrize(
    ("cells", "order", "said"),
    [
        (["15/03/2011 21:14", "02/04/2011 09:05"], None, False), (["03/15/2011", "04/02/2011"], "month", False),
        (["02/04/2011 09:05", "03/04/2011 09:05"], None, True), (["2011-04-02 09:05", "2011-04-03"], None, False),
        (["02 Apr 2011", "3 April 2011"], None, False), (["04/04/2011", "05/05/2011"], None, False),
    ],
)  # fmt: skip
def test_the_order_of_dates_is_proposed_only_where_a_date_proves_it(
    consultation: Settled, cells: list[str], order: str | None, said: bool
) -> None:
    """Month first needs a day that is no month; where no date tells, day first stands and a person is told."""
    found = proposed(consultation, ["ID", "Date submitted"], *([str(n), cell] for n, cell in enumerate(cells)))
    assert found.section["submitted_column"] == "Date submitted"
    assert found.section.get("date_order") == order
    assert any("day first or month first" in sentence for sentence in found.look) is said


@pytest.mark.parametrize(
    ("cells", "separator"),
    [
        (["Stay and play;Baby clinic;", "Baby clinic"], None), (["Stay and play, Baby clinic", "Baby clinic"], ","),
        (["Stay and play,Help with money, work and benefits"], ","), (["Stay and play\nBaby clinic"], "\n"),
        (["Help with money, work and benefits"], None), (["Stay and play"], None),
    ],
)  # fmt: skip
def test_what_stands_between_answers_is_found_by_the_options(
    consultation: Settled, cells: list[str], separator: str | None
) -> None:
    """The separator is the one that parts cells into options; an option's own comma is none."""
    found = proposed(consultation, ["ID", SERVICES], *([str(n), cell] for n, cell in enumerate(cells)))
    assert found.section["columns"] == {"answer.services": SERVICES}
    assert found.section.get("answer_separator") == separator


def test_marks_of_an_unknown_tool_are_proposed_where_cells_hold_them(consultation: Settled) -> None:
    """A status is a mark where it says so in known words; a column of other words is none."""
    columns = ["ID", "Status", "Source"]
    found = proposed(consultation, columns, ["1", "Partial", "Web"], ["2", "Test", "Paper"])
    assert found.section["partial"] == {"Status": ["Partial"]}
    assert found.section["test"] == {"Status": ["Test"]}
    assert found.section["staff"] == {"Source": ["Paper"]}
    other = proposed(consultation, columns, ["1", "Married", "Cambridge"], ["2", "Single", "Ely"])
    assert not {"partial", "test", "staff"} & set(other.section)
    assert [header for header, _ in other.unsure] == ["Status", "Source"]


def test_a_question_is_not_mapped_twice(consultation: Settled) -> None:
    """Each header stands in one place of the proposal, and in one only."""
    for name, encoding in (("citizen-space", "utf-8-sig"), ("snap", "cp1252"), ("smartsurvey", "utf-8")):
        with (surveys.DATA / f"{name}.csv").open(encoding=encoding, newline="") as stream:
            columns, *cells = csv.reader(stream)
        found = propose(consultation, Seen(columns, cells))
        named = [found.section["id_column"], found.section["submitted_column"]]
        for headers in found.section["columns"].values():
            named += [headers] if isinstance(headers, str) else headers
        marks = {header for mark in ("partial", "test", "staff") for header in found.section.get(mark, {})}
        named += [*(marks - set(named)), *found.section["unmapped_columns"], *(header for header, _ in found.unsure)]
        assert sorted(named) == sorted(columns)
        assert found.unsure == []


# --- telling tools apart ----------------------------------------------------------------------------------------------


def test_tools_are_told_apart() -> None:
    """Each tool is known by its own columns, also under a header of several rows; no sign of one is another's."""
    for shape in SHAPES:
        cells = ["ANON-1ABC-2DEF-3" if sign == "response id" else "x" for sign in shape.signs]
        assert recognise(list(shape.signs), [cells]) is shape
        assert recognise([f"{sign} | Words below" for sign in shape.signs], [cells]) is shape
        for other in SHAPES:
            assert shape is other or not shape.signs <= other.signs
    assert recognise(["Response ID", STRUCTURE], [["1001", "x"]]).name == ""
    assert recognise([], []).name == ""


@pytest.mark.parametrize(
    ("first", "rows", "count"),
    [
        (["StartDate", "Q1"], [["Start Date", "What?"], ['{"ImportId":"startDate"}', "{}"]], 3),
        (["StartDate", "Q1"], [["Start Date", "What?"], ["2011-03-01", "Keep"]], 2),
        (["StartDate", "Q1"], [["2011-03-01", "Keep"]], 1),
        (["Respondent ID", "Collector ID", "What?"], [["", "", "Open-Ended Response"], ["1", "2", "x"]], 2),
        (["Respondent ID", "Collector ID", "What?"], [["1", "2", "x"]], 1),
        (["ID", "What?"], [["", "x"]], 1), (["ID"], [], 1),
    ],
)  # fmt: skip
def test_the_rows_of_a_header_are_counted(first: list[str], rows: list[list[str]], count: int) -> None:
    """Where a tool writes a header of two or three rows, its further rows are known by what they hold."""
    assert header_rows(first, rows) == count


# --- what is printed --------------------------------------------------------------------------------------------------

headers = st.text(min_size=1, max_size=30) | st.sampled_from(
    ['"', "'''", '"""', "\\", "a\nb", "#", "[x]", "=", "\x7f", "\x00", "\u2028", "columns.name", STRUCTURE, SERVICES]
)


@settings(deadline=None, max_examples=150)
@given(st.lists(headers, min_size=1, max_size=8, unique=True), headers, st.text(max_size=20))
def test_any_header_gives_a_section_that_the_config_takes(columns: list[str], name: str, exports: str) -> None:
    """Whatever stands in a header (quotes, line breaks, control characters), the section is TOML that says the same."""
    of = _of()
    rows = [[f"{column}{n}" for column in columns] for n in range(2)]
    made = propose(of, Seen(columns, rows))
    read = tomllib.loads(section(made, name, exports))["channels"][name]
    expected = {key: value for key, value in made.section.items() if key != "columns"}
    assert read == {"adapter": "survey", "exports": exports, **expected, **(
        {"columns": made.section["columns"]} if made.section["columns"] else {}
    )}  # fmt: skip


def _of() -> Settled:
    raw = tomllib.loads(surveys.CONFIG)["consultation"]
    return Settled.model_validate(raw, context={"base": Path("/")})


def test_the_command_prints_a_section_or_an_object(here: Consultation) -> None:
    """The section goes to stdout alone; with --json one object says the same; both exit 0."""
    surveys.put(surveys.SAMPLES[0], here.folder / "survey")
    done = here.command("survey", "map", "survey/citizen-space.csv", "--channel", "web survey")
    assert (done.code, done.err) == (0, "")
    told = here.command("survey", "map", "survey/citizen-space.csv", "--channel", "web survey", "--json").json
    assert told["toml"] == done.out
    assert told["tool"] == "Citizen Space"
    assert tomllib.loads(done.out)["channels"]["web survey"]["exports"] == "survey/citizen-space.csv"
    assert told["section"]["columns"]["postcode"] == "8: What is your postcode? - Postcode"
    assert told["unsure"] == []


def test_no_answer_is_ever_shown(here: Consultation, capfd: pytest.CaptureFixture[str]) -> None:
    """Cells decide what is proposed and are shown nowhere: neither in the section nor in the object nor in a log."""
    row = ["1", *[f"{SECRET}{n}" for n in range(5)], "15/03/2011"]
    columns = ["ID", STRUCTURE, SERVICES, "agree", "Status", "Which is it?", "Date submitted"]
    here.put("survey/secret.csv", table(columns, row))
    with here.app() as app:
        made, text = app.map_survey(here.folder / "survey/secret.csv", "survey")
    out, err = capfd.readouterr()
    assert SECRET not in repr(made) + text + out + err


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("1,jo@example.org,Keep it\n2,al@example.org,Close it\n", "looks like somebody's response"),
        ("2011-03-01 10:00,Jo,NR25 6AA\n", "looks like somebody's response"),
        ('A,B\n1,"open\n', "A quote that opens in line 2 is never closed."), ("", "This file is empty."),
    ],
)  # fmt: skip
def test_what_can_not_be_mapped_is_refused_without_its_cells(here: Consultation, content: str, reason: str) -> None:
    """A file without a header, or one that can't be read, gets one sentence that holds nothing of it."""
    here.put("survey/wrong.csv", content)
    with here.app() as app, pytest.raises(Refused, match=reason) as refused:
        app.map_survey(here.folder / "survey/wrong.csv", "survey")
    assert "example.org" not in str(refused.value)
    assert "NR25" not in str(refused.value)


def test_a_missing_file_is_said(here: Consultation) -> None:
    """A file that is not there is named in one sentence."""
    with here.app() as app, pytest.raises(Refused, match=r"^FILE: nowhere\.csv is no file that can be read\.$"):
        app.map_survey(Path("nowhere.csv"), "survey")


def test_a_question_s_kind_decides_what_its_labels_are(consultation: Settled) -> None:
    """Statements side by side whose cells are all options of one question are its matrix, also without its words."""
    one = proposed(
        consultation, ["ID", "Opening hours", "Distance"], ["1", "Very important", ""], ["2", "", "Not important"]
    )
    assert one.section["matrix"] == ["importance"]
    assert one.section["columns"] == {"answer.importance": ["Opening hours", "Distance"]}
    other = proposed(consultation, ["ID", "Opening hours", "Distance"], ["1", "Very important", ""], ["2", "", "far"])
    assert other.section["columns"] == {}


def test_questions_need_no_options_to_be_told_apart() -> None:
    """A consultation without questions maps what it can and raises nothing."""
    raw = tomllib.loads(surveys.CONFIG)["consultation"]
    none = Settled.model_validate({**raw, "questions": []}, context={"base": Path("/")})
    assert mapped(none, ["ID", "Postcode", STRUCTURE]) == {"postcode": "Postcode"}
    assert Question(id="a", text="b", kind="text").options == ()


def test_titles_and_sheets_are_said_once(here: Consultation) -> None:
    """Where the header begins, and on which sheet, is an option of the command and a key of the section."""
    rows = [["Centres survey"], [], *surveys.generic_rows()]
    surveys.write_xlsx(here.folder / "survey/titles.xlsx", rows)
    with here.app() as app:
        made, text = app.map_survey(here.folder / "survey/titles.xlsx", "survey", "Responses", 3)
    assert (made.section["sheet"], made.section["header_row"]) == ("Responses", 3)
    assert tomllib.loads(text)["channels"]["survey"]["header_row"] == 3
    assert made.section["columns"]["answer.structure"] == STRUCTURE


@pytest.mark.parametrize("header", ["(" * 999, "? " * 499, "(" * 2_000_000, "x | " * 249, "<" * 999])
def test_a_hostile_header_is_read_in_time(consultation: Settled, header: str) -> None:
    """A header of any length and signs is no question, is said in one short line, and takes no more than moments."""
    began = time.process_time()
    found = proposed(consultation, ["ID", header], ["1", "x"])
    assert [name for name, _ in found.unsure] == [header]
    assert len(section(found, "survey", "x")) < 10_000
    assert time.process_time() - began < 10
