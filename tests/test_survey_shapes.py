"""Each survey tool's export is mapped by `intake survey map` alone, and becomes the same table: rows in = rows out."""

from pathlib import Path

import pytest

from tests.support import surveys
from tests.support.consultation import Consultation, table
from tests.support.surveys import SAMPLES, Sample


@pytest.fixture
def here(tmp_path: Path, empty_survey_home: Path) -> Consultation:
    return Consultation(tmp_path, config=surveys.CONFIG, home=empty_survey_home)


@pytest.fixture(scope="module")
def empty_survey_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The home of this consultation before its first run, to begin with."""
    made = Consultation(tmp_path_factory.mktemp("surveys"), config=surveys.CONFIG)
    with made.app():
        return made.home


def map_and_run(here: Consultation, sample: Sample) -> str:
    """What the command prints is pasted into the config as it is, and one run takes the export in."""
    export = surveys.put(sample, here.folder / "survey")
    with here.app() as app:
        _, pasted = app.map_survey(export, "survey")
    here.path.write_text(here.path.read_text() + pasted)
    responses = sample.rows - sample.tests
    here.takes("survey", listed=sample.rows, read=responses, set_aside=sample.tests, responses=responses, quarantined=0)
    return pasted


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.name)
def test_an_export_is_mapped_by_the_command_alone(here: Consultation, sample: Sample) -> None:
    """The section that is printed, pasted and run gives the expected table, whatever tool the answers come from."""
    pasted = map_and_run(here, sample)
    assert f"export of {sample.tool}." in pasted if sample.tool else "no survey tool" in pasted
    rows = here.responses("survey")
    wanted = surveys.expected()
    for name, changed in sample.changed.items():
        wanted[name] |= changed
    whole = {row["name"]: {column: row[column] for column in wanted[row["name"]]} for row in rows if row["name"]}
    assert whole == wanted
    assert sorted((row["text"], row["needs"]) for row in rows if not row["name"]) == sorted(sample.further)
    if sample.tests:
        assert {item["reason"] for item in here.items("set_aside")} == {"test"}
    assert sorted(here.sql("SELECT answer FROM monitoring_answer")) == ["Prefer not to say", "White British"]
    assert here.failures() == {}
    assert_technical_is_nowhere(here)


def assert_technical_is_nowhere(here: Consultation) -> None:
    """An IP address, a cookie, an account or a link is kept in the original, and in no export and in no trace."""
    exported = here.export(everything=True)
    shown = repr([exported, *(here.trace(row["reference"]) for row in exported if row["reference"])])
    assert not [said for said in ("192.0.2.6", "c-61", "survey.example", "jo61", "America/Denver") if said in shown]


TEXT = "What do you think of the proposal to run the centres in groups?"
EASY = """
[channels.easy]
adapter = "survey"
exports = "calls"
id_column = "Form no"
staff = { Kind = ["paper*"] }
answer_separator = ","
columns."answer.structure" = ["Tell us what you think", "Anything more?"]
columns."answer.agree" = "Is the plan good?"
columns.postcode = "Post code"
"""


def test_a_trial_that_a_person_calls_an_answer_is_one(here: Consultation) -> None:
    """What the tool calls a trial is set aside with its rule, and overturned in one step like anything else."""
    map_and_run(here, next(sample for sample in SAMPLES if sample.name == "smartsurvey.csv"))
    trial = here.item("set_aside")
    assert "marks this row as a trial" in trial["next"]
    here.decide(trial["receipt"], "overturn")
    assert "test test" in [row["text"] for row in here.responses("survey")]
    assert here.takes("survey", listed=4, read=4, set_aside=0, received=0)
    assert here.failures() == {}


def test_what_was_partial_is_whole_once_a_later_export_says_so(here: Consultation) -> None:
    """The same id, sent off in the meantime, is a further version of its response, and is not partial any more."""
    sample = next(sample for sample in SAMPLES if sample.name == "generic.csv")
    pasted = map_and_run(here, sample)
    here.configure('exports = "survey/generic.csv"', 'exports = "survey"')
    assert 'exports = "survey/generic.csv"' in pasted
    later = (surveys.DATA / sample.name).read_text().replace("I gave up at the second.", "Now I am done.")
    here.put("survey/later.csv", later.replace("Partial", "Complete"))
    here.takes("survey", listed=4, read=4, set_aside=1, responses=3)
    (row,) = [row for row in here.responses("survey") if row["text"] == "Now I am done."]
    assert (row["version"], row["needs"]) == ("2", "")


def test_easy_read_and_paper_versions_answer_the_same_questions(here: Consultation) -> None:
    """Another version of the questionnaire is a channel with its own headers: the answers stand in the same columns."""
    map_and_run(here, next(sample for sample in SAMPLES if sample.name == "snap.csv"))
    here.path.write_text(here.path.read_text() + EASY)
    header = ["Form no", "Kind", "Tell us what you think", "Anything more?", "Is the plan good?", "Post code"]
    rows = [["E1", "Web", "Good.", "", "agree", "NR19 1ZW"], ["E2", "Paper, box 4", "Bad.", "No.", "Disagree", ""]]
    here.put("calls/easy.csv", table(header, rows))
    here.takes("easy", listed=2, read=2, responses=2)
    found = {row["text"]: (row["answer.agree"], row["postcode"], row["needs"]) for row in here.responses("easy")}
    assert found["Good."] == ("Agree", "NR19 1ZW", "received-date")
    assert found["Bad.\n\nNo."] == ("Disagree", "", "paper?;received-date")
    assert len(here.responses()) == 5


def test_two_versions_in_one_export_fill_the_same_question(here: Consultation) -> None:
    """Where the tool exports both versions side by side, whichever of a question's columns is filled is its answer."""
    here.path.write_text(here.path.read_text() + EASY.replace('["Tell', f'["{TEXT}", "Tell'))
    header = ["Form no", "Kind", TEXT, "Tell us what you think", "Anything more?", "Is the plan good?", "Post code"]
    rows = [["1", "Web", "Long.", "", "", "Agree", ""], ["2", "Web", "", "Short.", "", "Disagree", ""]]
    here.put("calls/both.csv", table(header, rows))
    here.takes("easy", listed=2, read=2, responses=2)
    assert sorted(row["answer.structure"] for row in here.responses("easy")) == ["Long.", "Short."]
