"""The exports of survey tools: one small consultation, the same answers in each tool's shape, and what these become.

The text files are in tests/data/survey (its README says which documentation each follows); workbooks are made here.
"""

import json
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import xlsxwriter

DATA = Path(__file__).parent.parent / "data" / "survey"

CONFIG = """\
[consultation]
id = "centres"
title = "The future of the children's centres"
opens = 2011-01-24
closes = 2011-04-18
timezone = "Europe/London"
reference_prefix = "CEN"
roles = ["parent", "carer", "other"]

[[consultation.questions]]
id = "structure"
text = "What do you think of the proposal to run the centres in groups?"
kind = "text"

[[consultation.questions]]
id = "agree"
text = "How far do you agree with the proposal?"
kind = "choice"
options = ["Strongly agree", "Agree", "Disagree", "Strongly disagree"]

[[consultation.questions]]
id = "services"
text = "Which services do you or your family use?"
kind = "choices"
options = ["Stay and play", "Baby clinic", "Help with money, work and benefits", "Other, please say"]

[[consultation.questions]]
id = "importance"
text = "How important is each of these to you?"
kind = "choices"
options = ["Very important", "Quite important", "Not important"]

[[consultation.questions]]
id = "priorities"
text = "Put these in order of importance"
kind = "choices"
options = ["Open on Saturdays", "A bus to the centre", "More courses"]

[[consultation.questions]]
id = "background"
text = "How would you describe your ethnic background?"
kind = "choice"
options = ["White British", "Other White", "Prefer not to say"]
monitoring = true

[storage]
home = "var"
database = "DATABASE"

[reading]
sandbox = "auto"
processes = 1

[channels.email]
adapter = "email"
folder = "inbox"

"""

SERVICES = ("Stay and play", "Baby clinic", "Help with money, work and benefits")
PRIORITIES = ("Open on Saturdays", "A bus to the centre", "More courses")
_STRUCTURE = "What do you think of the proposal to run the centres in groups?"
_FIRST, _SECOND = "Keep the Watton centre open, please.", "Two centres is one too few.\nPlease listen."


@dataclass(frozen=True, slots=True)
class Sample:
    """An export and what becomes of it: rows in, responses out with needs beside ``expected``, how many trials."""

    name: str
    tool: str
    rows: int
    further: tuple[tuple[str, str], ...] = ()
    """The text and the needs of the responses after the first two."""
    tests: int = 0
    changed: dict[str, dict[str, str]] = field(default_factory=dict)
    """What is other than in ``expected``, by name of the respondent."""


def expected() -> dict[str, dict[str, str]]:
    """The two whole answers, as an export must have them, by name of the respondent."""
    return {
        "Jo Alder": {
            "received_at": "2011-03-15T21:14:05Z", "received_basis": "submitted", "late": "false",
            "respondent_kind": "individual", "respondent_role": "parent", "postcode": "IP25 7ZD", "text": _FIRST,
            "answer.structure": _FIRST, "answer.agree": "Disagree",
            "answer.services": "Help with money, work and benefits;Stay and play",
            "answer.importance": "Distance: Quite important;Opening hours: Very important",
            "answer.priorities": "1. A bus to the centre;2. Open on Saturdays;3. More courses",
            "consent_to_publish": "yes", "needs": "",
        },
        "Sam Birch-Wren": {
            "received_at": "2011-04-02T08:05:00Z", "received_basis": "submitted", "late": "false",
            "respondent_kind": "individual", "respondent_role": "carer", "postcode": "NR19 1ZW", "text": _SECOND,
            "answer.structure": _SECOND, "answer.agree": "Strongly agree",
            "answer.services": "Baby clinic;Other, please say: the toy library",
            "answer.importance": "Distance: Not important;Staff: Very important",
            "answer.priorities": "1. Open on Saturdays;2. A bus to the centre;3. More courses",
            "consent_to_publish": "no", "needs": "",
        },
    }  # fmt: skip


GAVE_UP = ("I gave up at the second.", "partial?")
_MINUTES = {"Jo Alder": {"received_at": "2011-03-15T21:14:00Z"}}
_IN_CELL = {"Sam Birch-Wren": {"answer.services": "Baby clinic;the toy library"}}
_GENERIC = {**_MINUTES, **_IN_CELL}
SAMPLES = (
    Sample("citizen-space.csv", "Citizen Space", 3, (("Typed from a letter.", "paper?"),)),
    Sample("snap.csv", "Snap Surveys", 3, (GAVE_UP,), changed=_MINUTES),
    Sample("smartsurvey.csv", "SmartSurvey", 4, (GAVE_UP,), 1),
    Sample("generic.csv", "", 4, (GAVE_UP,), 1, _GENERIC),
    Sample("generic.tsv", "", 4, (GAVE_UP,), 1, _GENERIC),
    Sample("surveymonkey.csv", "SurveyMonkey", 2),
    Sample("qualtrics.csv", "Qualtrics", 4, (GAVE_UP,), 1),
    Sample("qualtrics.xlsx", "Qualtrics", 4, (GAVE_UP,), 1),
    Sample("forms.xlsx", "Microsoft Forms", 2, changed=_IN_CELL),
    Sample("engagementhq.xlsx", "EngagementHQ", 3, (("Typed from a letter.", "paper?"),), changed=_MINUTES),
    Sample("generic.xlsx", "", 4, (GAVE_UP,), 1, _GENERIC),
    Sample("generic.ods", "", 4, (GAVE_UP,), 1, _GENERIC),
)


def put(sample: Sample, folder: Path) -> Path:
    """Write a sample's export into a folder."""
    target = folder / sample.name
    made = {
        "forms.xlsx": forms, "engagementhq.xlsx": engagement_hq, "qualtrics.xlsx": qualtrics_sheet,
        "generic.xlsx": generic_rows, "generic.ods": generic_rows,
    }.get(sample.name)  # fmt: skip
    if made is None:
        target.write_bytes((DATA / sample.name).read_bytes())
    elif sample.name.endswith(".ods"):
        write_ods(target, made())
    else:
        write_xlsx(target, made())
    return target


def forms() -> list[list[Any]]:
    """Microsoft Forms: each answer of several has a ";" after it, also the last; a rank is a place in that list; the
    statements of a Likert question are headers of their own; times are dates of the workbook."""
    header = ["ID", "Start time", "Completion time", "Email", "Name", "Last modified time", _STRUCTURE]
    header += ["How far do you agree with the proposal?", "Which services do you or your family use?"]
    header += ["Opening hours", "Distance", "Staff", "Put these in order of importance"]
    header += ["How would you describe your ethnic background?", "Your name", "What is your postcode?"]
    header += ["Which of these best describes you?", "May we publish what you say?"]
    first = [
        1, datetime(2011, 3, 15, 21, 2, 40), datetime(2011, 3, 15, 21, 14, 5), "anonymous", "", "", _FIRST, "Disagree",
        "Stay and play;Help with money, work and benefits;", "Very important", "Quite important", "",
        "A bus to the centre;Open on Saturdays;More courses;", "White British", "Jo Alder", "IP25 7ZD", "Parent", "Yes",
    ]  # fmt: skip
    second = [
        2, datetime(2011, 4, 2, 8, 59, 10), datetime(2011, 4, 2, 9, 5), "anonymous", "", "", _SECOND, "Strongly agree",
        "Baby clinic;the toy library;", "", "Not important", "Very important",
        "Open on Saturdays;A bus to the centre;More courses;", "Prefer not to say", "Sam Birch-Wren", "NR19 1ZW",
        "Carer", "No",
    ]  # fmt: skip
    return [header, first, second]


def engagement_hq() -> list[list[Any]]:
    """EngagementHQ: what is known of the account first; a column an option with its words in it."""
    header = ["Contribution ID", "Date Submitted", "Login", "Project Name", "Tool Name", "IP Address", "Source"]
    header += [_STRUCTURE, "How far do you agree with the proposal?"]
    header += [f"Which services do you or your family use? / {option}" for option in SERVICES]
    header += ["Which services do you or your family use? / Other (please specify)"]
    header += [f"How important is each of these to you? / {said}" for said in ("Opening hours", "Distance", "Staff")]
    header += [f"Put these in order of importance / {item}" for item in PRIORITIES]
    header += ["How would you describe your ethnic background?", "What is your name?", "What is your postcode?"]
    header += ["Are you?", "Can we publish your response?"]
    own = ["Centres", "Survey"]
    first = [
        "9001", "Mar 15, 2011 09:14 pm", "jo61", *own, "192.0.2.61", "Web", _FIRST, "Disagree", SERVICES[0], "",
        SERVICES[2], "", "Very important", "Quite important", "", 2, 1, 3, "White British", "Jo Alder", "IP25 7ZD",
        "Parent", "Yes",
    ]  # fmt: skip
    second = [
        "9002", "Apr 02, 2011 09:05 am", "sam62", *own, "192.0.2.62", "Web", _SECOND, "Strongly agree", "", SERVICES[1],
        "", "the toy library", "", "Not important", "Very important", 1, 2, 3, "Prefer not to say", "Sam Birch-Wren",
        "NR19 1ZW", "Carer", "No",
    ]  # fmt: skip
    third = ["9003", "Apr 05, 2011 10:00 am", "officer", *own, "192.0.2.63", "Manual entry", "Typed from a letter."]
    return [header, first, second, [*third, *[""] * (len(header) - len(third))]]


def qualtrics_sheet() -> list[list[Any]]:
    """Qualtrics as a workbook: the CSV's rows without the third of its header, the import ids, and of an account whose
    zone is the consultation's, since nothing in a workbook says which it is."""
    here = {"2011-03-15 15:14:05": "2011-03-15 21:14:05", "2011-04-02 02:05:00": "2011-04-02 09:05:00"}
    rows = [row for row in table_of("qualtrics.csv", ",") if not row[0].startswith('{"ImportId"')]
    return [[here.get(cell, cell) for cell in row] for row in rows]


def generic_rows() -> list[list[Any]]:
    """The rows of the table of no known tool."""
    return table_of("generic.csv", ";")


def table_of(name: str, delimiter: str) -> list[list[Any]]:
    """The cells of a sample."""
    import csv

    with (DATA / name).open(encoding="utf-8", newline="") as stream:
        return [list(row) for row in csv.reader(stream, delimiter=delimiter)]


def write_xlsx(path: Path, rows: Sequence[Sequence[Any]]) -> None:
    """A workbook of one sheet; a ``datetime`` is a date of the workbook, text is text whatever it looks like."""
    book = xlsxwriter.Workbook(path, {"default_date_format": "d/m/yyyy hh:mm:ss", "strings_to_numbers": False})
    sheet = book.add_worksheet("Responses")
    for number, row in enumerate(rows):
        for column, cell in enumerate(row):
            if isinstance(cell, datetime):
                sheet.write_datetime(number, column, cell)
            elif isinstance(cell, int):
                sheet.write_number(number, column, cell)
            elif cell:
                sheet.write_string(number, column, cell)
    book.close()


def write_ods(path: Path, rows: Sequence[Sequence[str]]) -> None:
    """A spreadsheet of OpenDocument (1.2) with one sheet, all of its cells text."""

    def cell(text: str) -> str:
        lines = "".join(f"<text:p>{escape(line)}</text:p>" for line in text.split("\n"))
        return (
            f'<table:table-cell office:value-type="string">{lines}</table:table-cell>'
            if text
            else "<table:table-cell/>"
        )

    body = "".join(f"<table:table-row>{''.join(map(cell, row))}</table:table-row>" for row in rows)
    spaces = " ".join(
        f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"' for name in ("office", "table", "text")
    )
    content = (
        f'<?xml version="1.0" encoding="UTF-8"?><office:document-content {spaces} office:version="1.2"><office:body>'
        f'<office:spreadsheet><table:table table:name="Responses">{body}</table:table></office:spreadsheet>'
        "</office:body></office:document-content>"
    )
    kind = "application/vnd.oasis.opendocument.spreadsheet"
    manifest = (
        '<?xml version="1.0" encoding="UTF-8"?><manifest:manifest '
        'xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0" manifest:version="1.2">'
        f'<manifest:file-entry manifest:full-path="/" manifest:media-type="{kind}"/>'
        '<manifest:file-entry manifest:full-path="content.xml" manifest:media-type="text/xml"/></manifest:manifest>'
    )
    with zipfile.ZipFile(path, "w") as package:
        package.writestr("mimetype", kind, zipfile.ZIP_STORED)
        package.writestr("content.xml", content)
        package.writestr("META-INF/manifest.xml", manifest)


def told(proposed: str) -> dict[str, Any]:
    """What ``intake survey map --json`` printed."""
    found: dict[str, Any] = json.loads(proposed)
    return found
