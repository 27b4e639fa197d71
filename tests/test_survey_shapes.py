"""Each survey tool's export is mapped by `intake survey map` alone, and becomes the same table: rows in = rows out."""

from pathlib import Path

import pytest

from tests.support import surveys
from tests.support.consultation import Consultation
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
