"""What a person types in during a call: kept whole or not at all, refused while the caller can still be asked, and
traceable like anything else."""

import hashlib
import json
import os
import pty
import re
import subprocess
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import intake.typed
from channels import ADAPTERS
from intake import config
from intake.calling import Dialog, _given
from intake.errors import CommandError, Refused
from intake.filled import Rules
from intake.places import Gazetteer
from intake.typed import Typed
from intake.typedcells import cells_of, checked_cell
from intake.wish import Person
from tests.support.consultation import CONFIG, PLACES, Consultation, without

pytestmark = pytest.mark.usefixtures("warm_readers")

NOW = datetime(2011, 3, 1, 9, 30, tzinfo=UTC)
ANN = Person("ann")
SAID = {
    "text": "Please keep Watton open.\nMy two go there.", "postcode": "nr19 1zw", "phone": "(01632) 960 001",
    "name": "Jo Bloggs", "answer.agree": "yes", "answer.background": "this", "read_back": "yes",
    "received_at": "01/03/2011 09:15",
}  # fmt: skip


@pytest.fixture
def made(tmp_path: Path, empty_home: Path) -> Consultation:
    return Consultation(tmp_path, home=empty_home)


def typed(made: Consultation, channel: str = "", **said: str) -> Typed:
    with made.app() as app:
        return app.typed(channel, ANN, {name.replace("__", "."): value for name, value in said.items()})


@pytest.fixture(scope="module")
def rules(tmp_path_factory: pytest.TempPathFactory) -> Rules:
    folder = tmp_path_factory.mktemp("typed")
    (folder / "places.csv").write_text(PLACES)
    choices = (
        '\n[[consultation.questions]]\nid = "services"\ntext = "Which services?"\nkind = "choices"\n'
        'options = ["Stay, and play", "Baby clinic", "Other, please say"]\n\n[storage]\n'
    )
    (folder / "config.toml").write_text(CONFIG.replace('"DATABASE"', '""').replace("\n[storage]\n", choices))
    loaded = config.load(folder / "config.toml", {name: kind.settings for name, kind in ADAPTERS.items()})
    return Rules(loaded.consultation, Gazetteer.read(loaded.consultation.places))


# --- what is kept -----------------------------------------------------------------------------------------------------


def test_what_is_typed_in_is_traceable_like_any_other(made: Consultation) -> None:
    """From the response to the bytes that were typed: trace, original, verify, export; decided on, and undone."""
    with made.app() as app:
        done = app.typed("", ANN, SAID)
    found = made.trace(done.reference)
    response = found["response"]
    assert (response["channel"], response["received_at"], response["received_basis"], response["late"]) == (
        "phone", "2011-03-01T09:15:00Z", "call", "false",
    )  # fmt: skip
    assert (response["postcode"], response["phone"], response["name"]) == ("NR19 1ZW", "+441632960001", "Jo Bloggs")
    assert (response["text"], response["answer.agree"]) == (SAID["text"], "Yes")
    assert (response["words"], response["method"], response["confidence"]) == ("summary", "person", "1.00")
    for column, pieces in found["fields"].items():
        assert {piece["method"] for piece in pieces} == {"person"}, column
        assert all(piece["place"]["row"] == 1 for piece in pieces)
    assert found["fields"]["postcode"][0]["quote"] == "nr19 1zw"
    assert ("read back: yes", "yes") in [(piece["value"], piece["quote"]) for piece in found["fields"]["words"]]
    (receipt,) = found["receipts"]
    assert receipt["source"].startswith("typed/")
    assert receipt["arrived_basis"] == "call"
    assert receipt["facts"]["typed_by"] == "ann"
    assert receipt["original"]["intact"] is True
    content = made.original(receipt["original"]["sha256"])
    assert hashlib.sha256(content).hexdigest() == receipt["original"]["sha256"]
    assert json.loads(content) == {**SAID, "answer.agree": "Yes", "answer.background": "This", "words": "summary"}
    assert made.failures() == {}
    assert made.sql("select answer from monitoring_answer") == ["This"]
    assert "This" not in json.dumps(made.export())

    before = made.export(everything=True)
    made.decide(done.receipt, "correct", "postcode=NR16 1AB")
    assert made.response()["postcode"] == "NR16 1AB"
    made.decide(done.reference, "accept", by="bob")
    made.decide(done.reference, "undo")
    made.decide(done.reference, "undo")
    assert made.export(everything=True) == before
    assert made.failures() == {}


def test_a_run_afterwards_is_balanced_and_misses_nothing(made: Consultation) -> None:
    """Calls that were typed in are receipts of the channel; no run takes them for gone, or for the source's."""
    made.calls("log.csv", ("01/03/2011", "14:00", "I agree"))
    made.takes("phone", received=1, read=1, responses=1)
    typed(made, text="Keep it.")
    account = made.takes("phone", listed=1, received=0, read=2, responses=2, vanished=0)
    assert account["pending"] == 0
    made.calls("log.csv", ("01/03/2011", "14:00", "I agree"), ("02/03/2011", "14:00", "I do not"))
    made.takes("phone", listed=2, received=1, read=3, responses=3)
    assert {row["text"]: row["needs"] for row in made.responses()} == {
        "I agree": "", "Keep it.": "late?", "I do not": "",
    }  # fmt: skip
    assert made.failures() == {}


def test_the_run_of_a_typed_call_accounts_for_it(made: Consultation) -> None:
    """It is a run of its own: the ledger has its end and what it received, and the channel's last run stays that which
    looked at its source."""
    made.run("phone")
    typed(made, text="Keep it.")
    report = json.loads(made.sql("select report from run order by id")[-1])
    counts = report["channels"]["phone"]
    assert (report["balanced"], counts["received"], counts["read"], counts["unknown"]) == (True, 1, 1, None)
    with made.app() as app:
        assert app.status()["channels"]["phone"]["last_run"]["run"] == 1
    assert made.failures() == {}


def test_it_waits_for_nobody(made: Consultation) -> None:
    """While a run holds the channel, what is typed in is kept at once."""
    with made.app() as app, app.database.lease("channel phone"):
        done = app.typed("", ANN, {"text": "Keep it."})
        assert app.trace(str(done.receipt))["response"]["text"] == "Keep it."
    assert made.failures() == {}


def test_many_at_once_are_each_kept(made: Consultation) -> None:
    """Several people with callers on the line, and runs beside them: every call is kept once, all adds up."""
    made.calls("log.csv", *[("01/03/2011", f"{hour:02}:00", f"Row {hour}") for hour in range(8, 20)])
    errors: list[BaseException] = []

    def person(number: int) -> None:
        try:
            with made.app() as app:
                for each in range(4):
                    app.typed("phone", Person(f"p{number}"), {"text": f"Call {number}.{each}"})
        except BaseException as error:  # noqa: BLE001  # handed to the test
            errors.append(error)

    people = [threading.Thread(target=person, args=(number,)) for number in range(3)]
    for each in people:
        each.start()
    made.run("phone")
    for each in people:
        each.join()
    assert errors == []
    texts = [row["text"] for row in made.responses()]
    assert len(texts) == len(set(texts)) == 12 + 12
    made.takes("phone", listed=12, received=0, read=24)
    assert made.failures() == {}


@pytest.mark.parametrize("step", ["start_run", "finish_run", "keep_channel"])
def test_a_kill_in_between_leaves_nothing(made: Consultation, step: str) -> None:
    """It is there whole or not at all: what fails half-way keeps no receipt, no original and no number."""

    def ends(*_: object) -> None:
        raise KeyboardInterrupt

    with patch.object(intake.typed.runs, step, ends), pytest.raises(KeyboardInterrupt):
        typed(made, text="Keep it.")
    assert made.receipts() == []
    assert made.sql("select count(*) from original") == [0]
    assert typed(made, text="Keep it.").receipt == 1
    assert made.failures() == {}


def test_a_receipt_that_was_left_pending_is_settled_by_the_next_run(made: Consultation) -> None:
    """Whatever left it unsettled, the next run reads what was typed by the same names."""

    def nothing(*_: object) -> None:
        return None

    kept = SimpleNamespace(response=SimpleNamespace(reference=""))
    with (
        patch.object(intake.typed, "write_ended_in", nothing),
        patch.object(intake.typed.responses, "responses_of", lambda *_: {1: []}),
        patch.object(intake.typed.responses, "load", lambda *_: (kept,)),
    ):
        typed(made, text="Keep it.", postcode="NR19 1ZW")
    assert made.item("pending")["receipt"] == 1
    made.takes("phone", received=0, read=1, pending=0, responses=1)
    assert made.response()["postcode"] == "NR19 1ZW"
    assert made.failures() == {}


def test_the_channel_s_own_headers_do_not_matter(made: Consultation) -> None:
    """What is typed is called by the schema's names, though the channel's log maps its headers otherwise."""
    made.configure('columns.text = "Said"', 'columns.text = "name"\ncolumns.name = "text"\nid_column = "postcode"')
    typed(made, text="Keep it.", name="Jo", postcode="NR19 1ZW")
    typed(made, text="Shut it.", name="Al", postcode="NR19 1ZW")
    assert sorted((row["text"], row["name"]) for row in made.responses()) == [("Keep it.", "Jo"), ("Shut it.", "Al")]


def test_read_again_it_says_the_same(made: Consultation) -> None:
    """Set aside and taken back, it is what it was."""
    done = typed(made, text="Keep it.", phone="withheld", words="verbatim")
    before = made.export(everything=True)
    made.decide(done.receipt, "set-aside", reason="complaint", value="the complaints team")
    assert made.export() == []
    made.decide(done.receipt, "overturn")
    assert made.export(everything=True) == before


def test_the_whole_of_what_was_said_is_the_text(made: Consultation) -> None:
    """Answers to open questions and what else was said are the text, in the questions' order; each has its place."""
    done = typed(made, text="And thank you.", answer__structure="It is too far.\nReally.")
    found = made.trace(done.reference)
    assert found["response"]["text"] == "It is too far.\nReally.\n\nAnd thank you."
    assert found["response"]["answer.structure"] == "It is too far.\nReally."
    assert [piece["place"]["column"] for piece in found["fields"]["text"]] == ["answer.structure", "text"]
    assert made.failures() == {}


def test_a_question_called_like_a_column_takes_nothing_from_it(made: Consultation) -> None:
    """A question whose id or text is a column's name is another thing than that column."""
    made.configure('id = "structure"\ntext = "What do you think?"', 'id = "name"\ntext = "postcode"')
    done = typed(made, name="Jo Bloggs", postcode="NR19 1ZW", answer__name="The old one.")
    response = made.trace(done.reference)["response"]
    assert (response["name"], response["postcode"], response["answer.name"]) == (
        "Jo Bloggs",
        "NR19 1ZW",
        "The old one.",
    )


# --- what is refused --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("column", "value", "wanted"),
    [
        ("postcode", "XX1 2AB", "NR1 1AA"), ("postcode", "Norwich", "postcode"),
        ("postcode", "NR1 2DL", "council's own"),
        ("phone", "960001", "01632 960001"), ("email", "none", "email address"),
        ("email", "office@council.example", "council's own"), ("respondent_role", "king", "parent, carer, other"),
        ("answer.agree", "maybe", "Yes; No"), ("answer.agree", "Yes;No", "one option alone"),
        ("answer.nothing", "x", "one of"), ("status", "accepted", "one of"), ("places", "Nowhere", "place"),
        ("received_at", "soon", "date and time"), ("received_at", "2011-03-01 10:00", "still to come"),
        ("received_at", "2010-03-01 10:00", "before the opening"), ("received_at", "31/02/2011", "date and time"),
        ("words", "theirs", "verbatim"), ("read_back", "perhaps", "yes or no"), ("consent_to_publish", "ok", "yes"),
        ("signatures", "many", "whole number"), ("text", "a\x00b", "can't be stored"), ("name", "\ud800", "can't be"),
        ("language", "Polish", "two small letters"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused_in_one_sentence(rules: Rules, column: str, value: str, wanted: str) -> None:
    """Before anything is kept, and the sentence says what would fit."""
    with pytest.raises(Refused, match=re.escape(wanted)) as refused:
        cells_of(rules, {"text": "Keep it.", column: value}, NOW)
    said = str(refused.value)
    assert said.startswith(f"{column}:")
    assert said.endswith(".")
    assert said.count(". ") == 0
    assert "\n" not in said


@pytest.mark.parametrize("given", [{}, {"name": "Jo"}, {"text": " \n "}, {"received_at": "2011-03-01 09:00"}])
def test_nothing_said_is_nothing_to_keep(rules: Rules, given: dict[str, str]) -> None:
    """Without the caller's words or an answer there is no response."""
    with pytest.raises(Refused, match="Nothing was answered"):
        cells_of(rules, given, NOW)


def test_nothing_of_a_refused_call_is_kept(made: Consultation) -> None:
    """One value that does not fit keeps the rest out too: no run, no receipt, no original."""
    with pytest.raises(Refused, match="postcode"):
        typed(made, text="Keep it.", postcode="nowhere")
    assert made.receipts() == []
    assert made.sql("select count(*) from run") == [0]


@pytest.mark.parametrize(
    ("column", "value", "kept"),
    [
        ("answer.services", "baby clinic; stay, and play", "Baby clinic;Stay, and play"),
        ("answer.services", "Stay, and play", "Stay, and play"), ("answer.agree", "NO", "No"),
        ("answer.services", "other: toddlers", "other: toddlers"), ("name", "anonymous", "anonymous"),
        ("phone", "Number withheld", "Number withheld"),
        ("received_at", "9:15", "2011-03-01 9:15"), ("signatures", "0", "0"), ("places", "watton", "watton"),
    ],
)  # fmt: skip
def test_what_fits_is_kept_as_it_was_typed(rules: Rules, column: str, value: str, kept: str) -> None:
    """But for an option, which is spelled as in its question, and a time alone, which gets its day."""
    assert checked_cell(rules, column, value, NOW) == kept


@settings(deadline=None, max_examples=60)
@given(
    st.dictionaries(
        st.sampled_from(["text", "name", "postcode", "phone", "answer.agree", "received_at", "words", "signatures"]),
        st.text(max_size=30),
    )
)
def test_any_typing_is_kept_or_refused(rules: Rules, given_: dict[str, str]) -> None:
    """Whatever is typed ends in cells, or in one sentence."""
    refused = ""
    try:
        cells = cells_of(rules, given_, NOW)
    except Refused as error:
        refused, cells = str(error), given_
    assert "\n" not in refused
    assert len(refused) < 300
    kept = {name for name, cell in cells.items() if cell.strip()}
    assert {name for name, value in given_.items() if value.strip()} <= kept


def test_the_channel_must_be_plain(made: Consultation) -> None:
    """Of several telephone lines one must be named; what there is not is refused, and the choices are said."""
    with made.app() as app:
        with pytest.raises(CommandError, match="email, letters, phone, survey"):
            app.typed("fax", ANN, {"text": "x"})
        assert app.typed("survey", ANN, {"text": "x"}).channel == "survey"
    made.configure("[channels.survey]", '[channels.second]\nadapter = "phone"\nlog = "calls"\n\n[channels.survey]')
    with made.app() as app:
        with pytest.raises(CommandError, match="phone, second"):
            app.typed("", ANN, {"text": "x"})
        assert app.typed("second", ANN, {"text": "x"}).channel == "second"


# --- the command ------------------------------------------------------------------------------------------------------


def test_the_command_takes_values_and_stdin(made: Consultation) -> None:
    """One line keeps it and says the reference; what the command line alone shows to be wrong exits with 2."""
    done = made.command("call", "--value", "text=-", "--value", "postcode=NR19 1ZW", "--json", stdin="Café\n".encode())
    assert done.code == 0, done.err
    assert set(done.json) == {"receipt", "reference", "channel"}
    assert made.trace(done.json["reference"])["response"]["text"] == "Café"
    for wrong in ("text", "colour=red"):
        with pytest.raises(CommandError, match="--value: should be COLUMN=VALUE"):
            _given(consultation_of(made), [wrong])
    with pytest.raises(CommandError, match="given twice"):
        _given(consultation_of(made), ["text=a", "text=b"])
    nobody = made.command("call")
    assert (nobody.code, nobody.err.startswith("intake: --value: should be given")) == (2, True)
    assert len(made.receipts()) == 1


def consultation_of(made: Consultation) -> config.Consultation:
    with made.app() as app:
        return app.consultation


def on_a_terminal(made: Consultation, keys: str) -> tuple[int, str]:
    """The command on a terminal of its own; what it said."""
    mine, theirs = pty.openpty()
    process = subprocess.Popen(
        made.command_line("call"), stdin=theirs, stdout=theirs, stderr=theirs, cwd=made.folder,
        env={**os.environ, "TERM": "dumb"}, start_new_session=True,
    )  # fmt: skip
    os.close(theirs)
    os.write(mine, keys.encode())
    said = b""
    try:
        while piece := os.read(mine, 65_536):
            said += piece
    except OSError:  # the other end is closed
        pass
    os.close(mine)
    return process.wait(60), said.decode().replace("\r\n", "\n")


def test_on_a_terminal_it_asks(made: Consultation) -> None:
    """Field by field, options by their number; Ctrl-D ends the questions, and what was typed is shown and kept."""
    keys = "01/03/2011 09:15\nIt is too far.\nReally.\n\n1\n\n\n\n\n\nnowhere\nNR19 1ZW\n\x04yes\n"
    code, said = on_a_terminal(made, keys)
    assert code == 0, said
    assert "What do you think?" in said
    assert "1  Yes" in said
    assert "postcode: should be" in said
    assert "Keep it?" in said
    assert "Kept: TST-" in said
    row = made.response()
    assert (row["text"], row["answer.agree"]) == ("It is too far.\nReally.", "Yes")
    assert (row["postcode"], row["received_at"]) == ("NR19 1ZW", "2011-03-01T09:15:00Z")


def answers(*lines: str | None) -> Callable[[str], str]:
    """A person who types these lines; None is Ctrl-D, and so is all that follows."""
    left: Iterator[str | None] = iter(lines)

    def ask(_prompt: str) -> str:
        line = next(left, None)
        if line is None:
            raise EOFError
        return line

    return ask


def dialog(rules: Rules, *lines: str | None) -> tuple[Any, list[str]]:
    said: list[str] = []
    asked = Dialog(rules, answers(*lines), said.append, lambda column, value: checked_cell(rules, column, value, NOW))
    return asked.run(), said


def test_what_is_typed_before_ctrl_d_is_not_lost(rules: Rules) -> None:
    """Ctrl-D in the middle of the words: the words so far are shown; without a yes nothing is kept, and it says so."""
    kept, said = dialog(rules, "", "First line", "second line", None, "yes")
    assert kept == {"answer.structure": "First line\nsecond line"}
    assert any("second line" in line for line in said)
    kept, said = dialog(rules, "", "First line", None, None)
    assert kept is None
    assert any("First line" in line for line in said)
    assert said[-1].startswith("NOT kept")
    assert dialog(rules, None) == (None, said_of_nothing(rules))


def said_of_nothing(rules: Rules) -> list[str]:
    return dialog(rules, None)[1]


def test_options_are_chosen_by_number_or_by_word(rules: Rules) -> None:
    """Several by numbers; an option with a comma in it by its words; a wrong number is asked again."""
    for line in ("1 2", "1,2", "stay, and play;baby clinic"):
        kept, _ = dialog(rules, "", "", "3", "1", "2", line, None, "y")
        assert kept == {
            "answer.agree": "Yes",
            "answer.background": "That",
            "answer.services": "Stay, and play;Baby clinic",
        }


def test_the_functions_behind_it_need_no_terminal(made: Consultation) -> None:
    """Values in, a receipt out, for pages as for the command line; who typed it is the person who is given."""
    with made.app() as app:
        done = app.typed("phone", Person("handler@council.example"), {"text": "Keep it."})
        facts = app.trace(str(done.receipt))["receipts"][0]["facts"]
    assert facts["typed_by"] == "handler@council.example"
    assert datetime.fromisoformat(facts["typed_at"]).tzinfo is not None
    assert without(made.response(), "text")["source"].startswith("typed/")


def test_it_is_the_same_on_both_databases(here: Consultation) -> None:
    """Kept, read and verified on SQLite and on PostgreSQL."""
    typed(here, text="Keep it.", postcode="NR19 1ZW")
    assert here.response()["postcode"] == "NR19 1ZW"
    here.takes("phone", received=0, read=1)
    assert here.failures() == {}
