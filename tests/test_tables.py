"""Rows of tables -> fields: what is mapped is read as its column wants it, what is not mapped is nowhere."""

import csv
import itertools
import time
from collections.abc import Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from channels import ADAPTERS
from intake import config
from intake.config import Consultation
from intake.filled import Filled, Rules
from intake.mapping import RowMapping
from intake.outcomes import Desk, Ended, add_row
from intake.places import Gazetteer
from intake.tables import RowReader, is_blank, map_headers
from storage.receipts import ReceiptView
from storage.schema import FieldEvidence, Response
from tests.support.consultation import CONFIG, PLACES

pytestmark = pytest.mark.usefixtures("warm_readers")

ARRIVED = datetime(2011, 3, 1, 12, tzinfo=UTC)
MORE = """
[[consultation.questions]]
id = "services"
text = "Which services do you use?"
kind = "choices"
options = ["Stay and play", "Baby clinic", "Antenatal"]

[[consultation.questions]]
id = "improve"
text = "What would be better?"
kind = "text"

[[consultation.questions]]
id = "language"
text = "What is your first language?"
kind = "text"
monitoring = true

[storage]
"""


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> config.Settings:
    folder = tmp_path_factory.mktemp("tables")
    (folder / "places.csv").write_text(PLACES + "C3,Holt,,\nC4,Dereham West,Dereham,\n")
    (folder / "config.toml").write_text(CONFIG.replace('"DATABASE"', '""').replace("\n[storage]\n", MORE))
    return config.load(folder / "config.toml", {name: kind.settings for name, kind in ADAPTERS.items()})


@pytest.fixture(scope="module")
def rules(loaded: config.Settings) -> Rules:
    return Rules(loaded.consultation, Gazetteer.read(loaded.consultation.places))


@pytest.fixture(scope="module")
def consultation(rules: Rules) -> Consultation:
    return rules.consultation


def receipt(**values: Any) -> ReceiptView:
    given_values: dict[str, Any] = {
        "id": 1, "channel": "survey", "kind": "row", "source_key": "1", "version": "1", "path_named": False,
        "sha256": "ab" * 32, "media_type": "application/json", "arrived_at": ARRIVED, "arrived_basis": "file_time",
        "facts": {}, "taken_at": ARRIVED, "run_id": 1, "delivery_id": 1, "place": 7, "outcome": "pending",
        "reason": "", "next_step": "",
    }  # fmt: skip
    return ReceiptView(**{**given_values, **values})


def read(rules: Rules, cells: Mapping[str, str], mapping: RowMapping | None = None, **values: Any) -> Filled:
    return RowReader(rules, mapping or RowMapping()).read(receipt(**values), cells)


def columns(**headers: str | tuple[str, ...]) -> RowMapping:
    """A mapping of columns; ``answer_x`` stands for ``answer.x``."""
    named = {name.replace("answer_", "answer."): given for name, given in headers.items()}
    return RowMapping(columns={name: (given,) if isinstance(given, str) else given for name, given in named.items()})


def assert_places_hold(cells: Mapping[str, str], filled: Filled) -> None:
    """Every piece of evidence names the row and a header whose cell holds what it quotes."""
    for piece in itertools.chain.from_iterable(filled.evidence.values()):
        if piece.place is not None:
            assert piece.place["row"] == 7
            assert piece.quote is not None
            assert piece.quote in cells[piece.place["column"]]


def everything(filled: Filled) -> str:
    """All that is kept of a row, as one text."""
    return repr((filled.values, filled.evidence, filled.answers, filled.monitoring))


# --- which header fills which column ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("header", "column"),
    [
        ("What do you think?", "answer.structure"), (" WHAT DO YOU THINK? ", "answer.structure"),
        ("structure", "answer.structure"),
        ("Answer.Structure", "answer.structure"), ("What is your background?", "answer.background"),
        ("Postcode", "postcode"),
        ("POSTCODE ", "postcode"), ("name", "name"), ("received_at", "received_at"),
        ("Consent_To_Publish", "consent_to_publish"),
    ],
)  # fmt: skip
def test_a_header_maps_by_itself(consultation: Consultation, header: str, column: str) -> None:
    """A question's text or id, or a column's name, in any case and with spaces around, needs no configuration."""
    assert map_headers(consultation, ["ID", header], RowMapping()) == {column: (header,)}


@pytest.mark.parametrize(
    "header",
    ["Post code", "What do you think", "IP address", "status", "needs", "late", "version", "run", "reference",
     "channel", "source",
     "original_sha256", "exclusion_reason", "duplicate_of", "reviewed_by", "confidence", "method", "campaign",
     "answer.nothing", "answers",
     "received_basis", "late_decision", "translation", "pages", "text_cut", ""],
)  # fmt: skip
def test_no_other_header_maps_by_itself(consultation: Consultation, header: str) -> None:
    """What is ours to say (status, exclusion, hashes, who reviewed) can't be said by a table, nor by a near miss."""
    assert map_headers(consultation, [header], RowMapping()) == {}


def test_the_config_s_word_comes_first(consultation: Consultation) -> None:
    """A configured header fills its column and nothing else, whatever other headers are called."""
    headers = ["Postcode", "Your postcode", "Name", "What do you think?", "structure"]
    mapping = columns(postcode="Your postcode", organisation="Name", answer_structure="structure")
    assert map_headers(consultation, headers, mapping) == {
        "postcode": ("Your postcode",), "organisation": ("Name",), "answer.structure": ("structure",),
    }  # fmt: skip


def test_ids_and_times_are_no_columns(consultation: Consultation) -> None:
    """A header that is configured as the id or the time of submission is not mapped a second time."""
    mapping = RowMapping(id_columns=("Name",), submitted_column="received_at")
    assert map_headers(consultation, ["Name", "received_at", "Email"], mapping) == {"email": ("Email",)}


def test_a_configured_header_that_is_missing_is_not_replaced(consultation: Consultation) -> None:
    """Where a configured header is missing, no other that happens to have the column's name steps in."""
    assert map_headers(consultation, ["Postcode", "Name"], columns(postcode="Your postcode")) == {"name": ("Name",)}


def test_of_two_headers_of_one_name_the_first_counts(consultation: Consultation) -> None:
    """Two headers that are the same but for case fill their column once, by the first."""
    assert map_headers(consultation, ["EMAIL", "Email", "email "], RowMapping()) == {"email": ("EMAIL",)}


def test_a_header_fills_one_column_only(consultation: Consultation) -> None:
    """A header that names a question is the question's, even if a column of the schema has the same name."""
    assert map_headers(consultation, ["Language"], RowMapping()) == {"answer.language": ("Language",)}


# --- what is nowhere --------------------------------------------------------------------------------------------------


@settings(deadline=None)
@given(st.dictionaries(st.text(min_size=20), st.text().map("«{}»".format), min_size=1))
def test_an_unmapped_column_is_nowhere(rules: Rules, cells: dict[str, str]) -> None:
    """An IP address, a cookie or whatever else no column is configured for stays in the original and nowhere else."""
    filled = read(rules, {**cells, "IP address": "192.0.2.77", "What do you think?": "Keep it"})
    assert "192.0.2.77" not in everything(filled)
    assert "«" not in everything(filled)
    assert filled.values["text"] == "Keep it"


@pytest.mark.parametrize(
    "header", ["background", "What is your background?", "Language", "What is your first language?"]
)
def test_a_monitoring_answer_is_kept_apart(rules: Rules, header: str) -> None:
    """Who somebody is stands among the monitoring answers alone: in no column, no answer and no evidence."""
    filled = read(rules, {header: "pl", "What do you think?": "Keep it"})
    assert list(filled.monitoring.values()) == ["pl"]
    assert "'pl'" not in repr((filled.values, filled.answers, filled.evidence))


# --- answers ----------------------------------------------------------------------------------------------------------


def test_free_text_answers_are_joined_in_the_order_of_the_questions(rules: Rules) -> None:
    """The text of a survey row is its free-text answers in question order, whatever the order of the columns is."""
    cells = {"improve": " Longer hours.\nPlease! ", "agree": "Yes", "What do you think?": "Keep it."}
    filled = read(rules, cells)
    assert filled.values["text"] == "Keep it.\n\nLonger hours.\nPlease!"
    assert filled.answers == {"structure": "Keep it.", "agree": "Yes", "improve": "Longer hours.\nPlease!"}
    assert [piece.quote for piece in filled.evidence["text"]] == ["Keep it.", " Longer hours.\nPlease! "]
    assert_places_hold(cells, filled)


def test_a_column_for_the_text_comes_before_the_answers(rules: Rules) -> None:
    """Where a column is mapped to the text, that is the text; the answers stay answers."""
    filled = read(rules, {"Said": "In all: keep it.", "improve": "Hours"}, columns(text="Said"))
    assert filled.values["text"] == "In all: keep it."
    assert filled.answers == {"improve": "Hours"}
    blank = read(rules, {"Said": " ", "improve": "Hours"}, columns(text="Said"))
    assert blank.values["text"] == "Hours"


@pytest.mark.parametrize(
    ("cell", "answer"),
    [
        ("Stay and play;Baby clinic", "Baby clinic;Stay and play"),
        ("baby clinic ; STAY AND PLAY;", "Baby clinic;Stay and play"),
        ("Antenatal", "Antenatal"), ("Antenatal;antenatal", "Antenatal"),
        ("Antenatal;something of my own", "Antenatal;something of my own"),
        (";", ""), ("  ", None),
    ],
)  # fmt: skip
def test_several_choices_are_sorted_and_joined(rules: Rules, cell: str, answer: str | None) -> None:
    """Ticks have one form whatever order and case they come in; words of their own stay as they were written."""
    assert read(rules, {"services": cell}).answers.get("services") in (answer, answer or None)


def test_an_answer_in_several_columns_is_whole(rules: Rules) -> None:
    """An answer that is configured to stand under several headers loses none of them, and each has its place."""
    cells = {"A": "One.", "B": "", "C": "Three.", "X": "Antenatal", "Y": "Baby clinic"}
    filled = read(rules, cells, columns(answer_structure=("A", "B", "C"), answer_services=("X", "Y")))
    assert filled.answers == {"structure": "One.\n\nThree.", "services": "Antenatal;Baby clinic"}
    assert filled.values["text"] == "One.\n\nThree."
    assert [piece.place for piece in filled.evidence["answer.structure"]] == [
        {"row": 7, "column": "A"}, {"row": 7, "column": "C"},
    ]  # fmt: skip
    assert_places_hold(cells, filled)


# --- single columns ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("column", "cell", "value"),
    [
        ("postcode", "nr191zw", "NR19 1ZW"), ("postcode", " NR10 3ZX ", "NR10 3ZX"),
        ("postcode", "NR1O 3ZX", "NR10 3ZX"),
        ("postcode", "NR19 1ZW, NR19 1ZW", "NR19 1ZW"), ("phone", "07700 900318", "+447700900318"),
        ("phone", "+44 1632 960001", "+441632960001"),
        ("respondent_role", "PARENT", "parent"), ("respondent_kind", "Organisation", "organisation"),
        ("words", "Verbatim", "verbatim"),
        ("consent_to_publish", "Yes", "yes"), ("consent_to_publish", "no.", "no"),
        ("consent_to_publish", "Yes, anonymously", "anonymous"),
        ("signatures", "214", 214), ("signatures_claimed", "0", 0), ("language", "pl", "pl"),
        ("people", "B Two; A One;", ("B Two", "A One")),
        ("places", "C1;C3", ("C1", "C3")), ("places", "Holt", ("C3",)), ("posted_on", "31/03/2011", date(2011, 3, 31)),
        ("email", "A@example.org", "A@example.org"), ("name", "O'Brien", "O'Brien"),
        ("address", "1 Road\nHolt", "1 Road\nHolt"),
    ],
)  # fmt: skip
def test_a_cell_is_read_as_its_column_wants_it(rules: Rules, column: str, cell: str, value: Any) -> None:
    """Each column has its own form, and its evidence quotes the cell as it is."""
    filled = read(rules, {"H": cell}, columns(**{column: "H"}))
    assert filled.values[column] == value
    assert [(p.quote, p.place) for p in filled.evidence[column]] == [(cell, {"row": 7, "column": "H"})]
    ids: dict[str, Any] = {"reference": "r", "consultation": "c", "channel": "x"}
    assert getattr(Response(**{**ids, column: value}), column) in (value, ("A One", "B Two"))


@pytest.mark.parametrize(
    ("column", "cell"),
    [
        ("postcode", "unknown"), ("postcode", "NR1 2AB or NR3 4AD"), ("postcode", "NR1 2DL"), ("postcode", "nr12dl"),
        ("phone", "Withheld"), ("phone", "960001"), ("phone", "07700 900001 or 07700 900002"),
        ("email", "office@council.example"),
        ("email", "OFFICE@council.example"), ("email", "none"), ("email", "n/a"), ("respondent_role", "king"),
        ("respondent_kind", "person"),
        ("words", "theirs"), ("consent_to_publish", "maybe"), ("consent_to_publish", "yes but not my name"),
        ("signatures", "about 200"), ("signatures", "-1"),
        ("signatures", "1,000"), ("signatures", "٣"), ("signatures", "99999999999"), ("language", "Polish"),
        ("places", "Nowhere"),
        ("places", "Dereham"), ("places", "C1;Nowhere"), ("posted_on", "31/02/2011"), ("posted_on", "last week"),
        ("name", "Anonymous"), ("name", "withheld"),
    ],
)  # fmt: skip
def test_a_value_that_does_not_fit_stays_blank_and_is_offered(rules: Rules, column: str, cell: str) -> None:
    """What is no value of its column, or is the council's own, fills nothing; a person still sees it."""
    cells = {"H": cell}
    filled = read(rules, cells, columns(**{column: "H"}))
    assert column not in filled.values
    assert [piece.quote for piece in filled.evidence[column]] == [cell]
    assert_places_hold(cells, filled)


def test_a_cell_of_several_headers_is_joined(rules: Rules) -> None:
    """An address over three columns is one address, and each filled column is its evidence."""
    cells = {"1": "1 High Street ", "2": "", "3": "Holt"}
    filled = read(rules, cells, columns(address=("1", "2", "3")))
    assert filled.values["address"] == "1 High Street Holt"
    assert [(p.place or {})["column"] for p in filled.evidence["address"]] == ["1", "3"]
    assert_places_hold(cells, filled)


@pytest.mark.parametrize(
    ("cell", "word"),
    [
        ("Own", "own"), ("in their own words", "own"), ("Caller\u2019s own words", "own"),
        ("WORD FOR WORD", "verbatim"),
        ("Verbatim.", "verbatim"), ("dictated", "verbatim"), ("note", "summary"), ("Summarised", "summary"),
        ("Handler\u2019s notes", "summary"), ("pr\u00e9cis", "summary"), ("  in the  caller's own words ", "own"),
        ("theirs", ""), ("yes", ""), ("", ""), ("not verbatim", ""),
    ],
)  # fmt: skip
def test_whose_words_a_log_holds(rules: Rules, cell: str, word: str) -> None:
    """In common spellings, with the cell quoted; what says neither is left to the config's word, or blank."""
    cells = {"Said": "I agree", "Whose": cell}
    mapping = columns(text="Said", words="Whose")
    assert read(rules, cells, mapping).values.get("words", "") == word
    filled = read(rules, cells, mapping.model_copy(update={"words": "verbatim"}))
    assert filled.values["words"] == (word or "verbatim")
    assert [piece.quote for piece in filled.evidence.get("words", [])] == ([cell] if cell.strip() else [])


@pytest.mark.parametrize(
    ("cell", "said"),
    [("Yes", "yes"), ("y", "yes"), ("\u2713", "yes"), ("No", "no"), ("FALSE", "no"), ("?", None), ("", None)],
)
def test_whether_it_was_read_back_is_kept(rules: Rules, cell: str, said: str | None) -> None:
    """As evidence of whose words they are, with its cell quoted; it fills nothing by itself."""
    cells = {"Said": "I agree", "Read back?": cell}
    mapping = columns(text="Said").model_copy(update={"read_back": ("Read back?",), "words": "summary"})
    filled = read(rules, cells, mapping)
    found = [(piece.value, piece.quote, piece.place) for piece in filled.evidence.get("words", [])]
    assert found == ([(f"read back: {said}", cell, {"row": 7, "column": "Read back?"})] if said else [])
    assert filled.values["words"] == "summary"


def test_text_over_several_columns_keeps_its_paragraphs(rules: Rules) -> None:
    """Words under two headers are two paragraphs; each has its place."""
    filled = read(rules, {"A": "One.", "B": "Two."}, columns(text=("A", "B")))
    assert filled.values["text"] == "One.\n\nTwo."
    assert [piece.quote for piece in filled.evidence["text"]] == ["One.", "Two."]


def test_a_role_that_is_one_person_s_says_so(rules: Rules) -> None:
    """A parent is an individual; what the table itself says of the kind comes first; another role says nothing."""
    assert read(rules, {"respondent_role": "Parent"}).values["respondent_kind"] == "individual"
    both = read(rules, {"respondent_role": "Parent", "respondent_kind": "organisation"})
    assert both.values["respondent_kind"] == "organisation"
    assert "respondent_kind" not in read(rules, {"respondent_role": "other"}).values


def test_what_the_table_says_of_the_language_comes_first(rules: Rules) -> None:
    """A language that is given is not overruled by a guess, fills the column first, and asks for a translation."""
    english = "This is a plain English answer of rather more than twelve words, as anyone can see at once."
    filled = read(rules, {"L": "pl", "What do you think?": english}, columns(language="L"))
    assert filled.values["language"] == "pl"
    assert filled.evidence["language"][0].quote == "pl"
    assert "translation" in filled.needs


# --- places -----------------------------------------------------------------------------------------------------------


def test_places_are_found_in_the_free_text(rules: Rules) -> None:
    """A place named in an answer is filled with the cell that names it; an ambiguous one is for a person."""
    cells = {"What do you think?": "I use Holt.", "improve": "Dereham is far, Holt is near.", "Name": "Watton"}
    filled = read(rules, cells)
    assert filled.values["places"] == ("C3",)
    assert [piece.quote for piece in filled.evidence["places"]] == ["Holt", "Holt", "Dereham"]
    assert "place?" in filled.needs
    assert_places_hold(cells, filled)


def test_places_in_their_own_column_are_the_places(rules: Rules) -> None:
    """Where a column gives the places, the text is not searched for others."""
    filled = read(rules, {"places": "C1", "What do you think?": "I use Holt."})
    assert filled.values["places"] == ("C1",)
    assert "place?" not in filled.needs


# --- times ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cells", "utc", "late", "needs"),
    [
        ({"D": "18/04/2011", "T": "23:59:59"}, "2011-04-18T22:59:59", False, set()),
        ({"D": "19/04/2011", "T": "00:00:00"}, "2011-04-18T23:00:00", True, {"late?"}),
        ({"D": "18/04/2011", "T": ""}, "2011-04-18T11:00:00", False, set()),
        ({"D": "19/04/2011", "T": " "}, "2011-04-19T11:00:00", True, {"late?"}),
        ({"D": "27/03/2011", "T": "01:30"}, "2011-03-27T00:30:00", False, {"received-date"}),
        ({"D": "01/02/2011", "T": "9:14 AM"}, "2011-02-01T09:14:00", False, set()),
    ],
)  # fmt: skip
def test_a_row_says_when_it_came(rules: Rules, cells: dict[str, str], utc: str, late: bool, needs: set[str]) -> None:
    """Date and time in two columns are one instant, day first; each cell is shown as it is; late is decided by it."""
    filled = read(rules, cells, columns(received_at=("D", "T")))
    assert filled.values["received_at"] == datetime.fromisoformat(utc).replace(tzinfo=UTC)
    assert (filled.values["received_basis"], filled.values["late"]) == ("call", late)
    assert filled.needs == needs
    assert_places_hold(cells, filled)


@pytest.mark.parametrize(
    "cell", ["", " ", "31/02/2011", "soon", "01/03/0011", "0001-01-01T00:00:00+05:00", "9999-12-31 23:59", "4060"]
)
def test_a_row_of_no_known_time_has_the_file_s_and_asks(rules: Rules, cell: str) -> None:
    """Where a row's own time can't be read, the file's time stands in as what it is, and a person is asked."""
    mapping = RowMapping(submitted_column="When")
    filled = read(rules, {"When": cell}, mapping)
    assert (filled.values["received_at"], filled.values["received_basis"]) == (ARRIVED, "file_time")
    assert filled.needs == {"received-date"}
    late = read(rules, {"When": cell}, mapping, arrived_at=datetime(2012, 1, 1, tzinfo=UTC))
    assert late.values["late"] is None
    assert late.needs == {"received-date"}


def test_the_time_of_submission_counts_as_that(rules: Rules) -> None:
    """A survey row was received when it was submitted, unless another column is configured to say when."""
    mapping = RowMapping(submitted_column="When", columns={"received_at": ("Then",)})
    cells = {"When": "2011-03-02 10:00", "Then": "2011-03-03 10:00"}
    assert read(rules, cells, RowMapping(submitted_column="When")).values["received_basis"] == "submitted"
    assert read(rules, cells, mapping).values["received_at"] == datetime(2011, 3, 3, 10, tzinfo=UTC)


# --- any row ----------------------------------------------------------------------------------------------------------

HEADERS = [
    "What do you think?", "Do you agree?", "What is your background?", "services", "improve", "Language", "postcode",
    "phone", "email", "name", "places", "people", "signatures", "posted_on", "received_at", "text", "respondent_role",
    "consent_to_publish", "address", "words", "IP address",
]  # fmt: skip
cell_texts = st.text(
    st.sampled_from("NR25 6AA;0163 96001.Holt\n=+-@\ufffd") | st.characters(codec="utf-8"), max_size=40
)
CELLS = st.sampled_from(["", " ", "yes", "0001-01-01T00:00:00+05:00", "31/02/2011", "C1", "NR25 6AA", "01632 960001"])


@settings(deadline=None, max_examples=150)
@given(st.dictionaries(st.sampled_from(HEADERS), cell_texts | CELLS))
def test_any_row_ends_in_one_outcome(rules: Rules, loaded: config.Settings, cells: dict[str, str]) -> None:
    """Whatever stands in the cells, nothing raises: a blank row is set aside, any other is a response that fits the
    schema, with evidence that points at its cells and is the same once stored."""
    desk = Desk(rules, loaded.channels["survey"], RowReader(rules, RowMapping()))
    ended = Ended()
    add_row(desk, ended, receipt(), cells)
    if is_blank(cells):
        assert [(s.outcome, s.reason) for s in ended.settled] == [("set_aside", "empty")]
        assert ended.responses == []
        return
    (new,) = ended.responses
    assert ended.settled == []
    assert msgspec.json.decode(msgspec.json.encode(new.evidence), type=FieldEvidence) == new.evidence
    filled = read(rules, cells)
    assert filled == read(rules, cells)
    assert_places_hold(cells, filled)
    for column, value in filled.values.items():
        pieces = filled.evidence.get(column, [])
        if column == "received_at" and pieces and pieces[0].place is None:
            continue
        assert pieces or column in ("method", "confidence", "received_basis", "late"), (column, value)


@settings(deadline=None)
@given(st.dictionaries(st.text(), st.sampled_from(["", " ", "\n", "\t\u00a0"])))
def test_a_row_of_spaces_is_blank(cells: dict[str, str]) -> None:
    """A row holds nothing if there is nothing but white space in it, and something as soon as there is a sign."""
    assert is_blank(cells)
    assert not is_blank({**cells, "a": "."})


def test_nothing_but_the_headers_is_remembered(rules: Rules) -> None:
    """Rows that are read one after the other, under whatever headers, have nothing of each other."""
    reader = RowReader(rules, RowMapping())
    rows = [
        {"name": "A", "postcode": "NR25 6AA"},
        {"name": "", "postcode": ""},
        {"postcode": "", "name": "B"},
        {"text": "C"},
    ]
    together = [reader.read(receipt(), cells) for cells in rows]
    alone = [read(rules, cells) for cells in rows]
    assert together == alone
    assert [filled.values.get("name") for filled in together] == ["A", None, "B", None]


def test_the_sample_s_tables_are_mapped_whole(tmp_path: Path) -> None:
    """Of the sample's two tables every header but ids, times, who wrote it down and the IP address has a column."""
    root = Path(config.__file__).resolve().parent.parent
    sample = config.load(root / "config.toml", {name: kind.settings for name, kind in ADAPTERS.items()})
    for channel, name, unmapped in (
        ("phone", "calls.csv", {"Ref", "Taken by"}),
        ("survey", "survey/export-2011-04-19.csv", {"Response ID", "Submitted", "IP address"}),
    ):
        header = (root / "samples" / name).read_text(encoding="utf-8-sig").splitlines()[0]
        headers = next(csv.reader([header]))
        mapped = map_headers(sample.consultation, headers, sample.channels[channel].mapping)
        assert set(headers) - set(itertools.chain.from_iterable(mapped.values())) == unmapped


# --- what survey tools make of an answer ------------------------------------------------------------------------------


def shaped(rules: Rules, cells: Mapping[str, str], **keys: Any) -> Filled:
    """A row read with these keys of the mapping; ``services`` are its headers for that question."""
    headers = keys.pop("services", tuple(cells))
    return read(rules, cells, RowMapping(columns={"answer.services": headers}, **keys))


ASKED = "Which services do you use?"


@pytest.mark.parametrize(
    ("pattern", "cell", "answer"),
    [
        ("{q} [{o}]", "Stay and play", "Stay and play"), ("{q} - {o}", "1", "Stay and play"),
        ("{q}: {o}", "Yes", "Stay and play"), ("{o}", "x", "Stay and play"), ("{q}\n{o}", "TRUE", "Stay and play"),
        ("Q3. {q} ({o})", "Selected", "Stay and play"), ("Q3_1 | {q} - {o}", "Quoted", "Stay and play"),
        ("{q} / {o}", "✓", "Stay and play"), ("{q} | {o}", "checked", "Stay and play"),
        ("{q} [{o}]", "0", None), ("{q} [{o}]", "No", None), ("{q} [{o}]", "false", None), ("{q} [{o}]", " ", None),
        ("{q} [{o}]", "Not selected", None), ("{q} [{o}]", "Not quoted", None), ("{q} [{o}]", "unchecked", None),
        ("{q} [{o}]", "every week", "Stay and play: every week"),
        ("{q} [{o}]", "Baby clinic", "Stay and play: Baby clinic"),
    ],
)  # fmt: skip
def test_a_column_of_an_option(rules: Rules, pattern: str, cell: str, answer: str | None) -> None:
    """A mark, or the option itself, under a header that names it chooses it; what says no is no answer; anything else
    is kept beside the option."""
    here, other = (pattern.format(q=ASKED, o=option) for option in ("Stay and play", "Baby clinic"))
    filled = shaped(rules, {here: cell, other: ""})
    assert filled.answers.get("services") == answer
    assert_places_hold({here: cell, other: ""}, filled)


def test_each_ticked_column_is_its_evidence(rules: Rules) -> None:
    """An answer over columns points at each that has a share in it, with what that share is."""
    cells = {
        f"{ASKED} [{option}]": mark
        for option, mark in (("Antenatal", "1"), ("Baby clinic", "0"), ("Stay and play", "1"))
    }
    filled = shaped(rules, cells)
    assert filled.answers["services"] == "Antenatal;Stay and play"
    assert [(p.value, p.quote) for p in filled.evidence["answer.services"]] == [
        ("Antenatal", "1"),
        ("Stay and play", "1"),
    ]
    assert_places_hold(cells, filled)


@pytest.mark.parametrize(
    ("cells", "answer"),
    [
        ({"[Antenatal]": "1", "[Other, please say]": "a toy library"}, "Antenatal;Other: a toy library"),
        ({"[Antenatal]": "0", "[Other]": "1", "[Other (please specify)]": "toys; books"}, "Other: toys; books"),
        ({"[Antenatal]": "No", "[Other]": "No", "[Other (please specify)]": ""}, None),
        ({"[Antenatal]": "", "[Other]": "1", "[Other - please describe]": ""}, "Other"),
        ({"[Antenatal]": "", "[Other, please say]": "no"}, "Other: no"),
        ({"[Antenatal]": "", "[Other, please say]": "0"}, None),
        ({"": "Antenatal;Other", "[Other, please say]": "toys"}, "Antenatal;Other: toys"),
        ({"": "Antenatal", "[Other text]": ""}, "Antenatal"),
    ],
)  # fmt: skip
def test_other_is_kept_in_their_own_words(rules: Rules, cells: dict[str, str], answer: str | None) -> None:
    """Words beside "Other" are kept with it, as they wrote them; a bare tick beside its words says nothing more."""
    assert shaped(rules, {f"{ASKED} {label}": cell for label, cell in cells.items()}).answers.get("services") == answer


@pytest.fixture(scope="module")
def comma_rules(loaded: config.Settings) -> Rules:
    """The same consultation, with options that hold what stands between answers."""
    of = loaded.consultation
    options = ("Stay and play", "Money, work and benefits", "Money", "Advice; by phone", "Other, please say")
    asked = tuple(
        question.model_copy(update={"options": options}) if question.id == "services" else question
        for question in of.questions
    )
    changed = of.model_copy(update={"questions": asked})
    return Rules(changed, Gazetteer.read(changed.places))


@pytest.mark.parametrize(
    ("separator", "cell", "answer"),
    [
        (",", "Stay and play,Money, work and benefits", "Money, work and benefits;Stay and play"),
        (", ", "Money, Stay and play", "Money;Stay and play"),
        (",", "money, WORK and benefits", "Money, work and benefits"),
        (";", "Advice; by phone;Stay and play;", "Advice; by phone;Stay and play"), ("|", "Money|Money", "Money"),
        (",", "Money, my own, Stay and play", "Money;Stay and play;my own"), ("\n", "Money\nmine", "Money;mine"),
    ],
)  # fmt: skip
def test_an_option_that_holds_the_separator_is_one_answer(
    comma_rules: Rules, separator: str, cell: str, answer: str
) -> None:
    """Several answers in one cell are parted by what the config says, but never an option in itself."""
    assert shaped(comma_rules, {"S": cell}, answer_separator=separator).answers["services"] == answer


@settings(deadline=None, max_examples=80)
@given(
    st.lists(st.sampled_from(["Stay and play", "Money, work and benefits", "Money", "mine"]), min_size=1, unique=True)
)
def test_any_choice_is_the_same_from_a_cell_and_from_columns(comma_rules: Rules, chosen: list[str]) -> None:
    """What somebody chose does not depend on how the tool writes it: one cell, in any order, or a column an option."""
    options = ("Stay and play", "Money, work and benefits", "Money")
    cell = shaped(comma_rules, {"S": ",".join(chosen)}, answer_separator=",").answers["services"]
    known = [one for one in chosen if one in options]
    columns_ = {f"{ASKED} - {option}": "1" if option in known else "0" for option in options}
    assert cell.split(";") == sorted(chosen)
    assert (shaped(comma_rules, columns_).answers.get("services") or "").split(";") == (sorted(known) or [""])


@pytest.mark.parametrize(
    ("cells", "answer"),
    [
        ({"Rank 1": "Baby clinic", "Rank 2": "Antenatal", "Rank 3": ""}, "1. Baby clinic;2. Antenatal"),
        ({"1st": "Antenatal", "2nd": "mine"}, "1. Antenatal;2. mine"),
        ({"First choice": "", "Second choice": "Antenatal"}, "2. Antenatal"),
        ({"Antenatal": "2", "Baby clinic": "1", "Stay and play": ""}, "1. Baby clinic;2. Antenatal"),
        ({"Antenatal": "1.0", "Baby clinic": "0"}, "1. Antenatal"), ({"Antenatal": "1st"}, "1. Antenatal"),
        ({"": "Baby clinic;Antenatal;"}, "1. Baby clinic;2. Antenatal"),
        ({"Antenatal": "not at all", "Baby clinic": "1"}, "1. Baby clinic;Antenatal: not at all"),
    ],
)  # fmt: skip
def test_a_ranking_is_written_by_rank(rules: Rules, cells: dict[str, str], answer: str) -> None:
    """Columns of ranks, a rank under each option, and one cell in order all become "1. first;2. second"."""
    named = {f"{ASKED} [{label}]" if label else ASKED: cell for label, cell in cells.items()}
    assert shaped(rules, named, ranked=("services",)).answers["services"] == answer


def test_ten_ranks_stay_in_order(rules: Rules) -> None:
    """Rank 10 stands after rank 9."""
    cells = {f"Rank {n}": f"item {n}" for n in range(1, 12)}
    found = shaped(rules, cells, ranked=("services",)).answers["services"].split(";")
    assert found == [f"{n}. item {n}" for n in range(1, 12)]


def test_a_matrix_keeps_each_statement_with_its_answer(rules: Rules) -> None:
    """A column a statement: its answer stands after it, and one without an answer is left out."""
    cells = {
        f"{ASKED} - {said}": cell for said, cell in (("On Mondays", "baby clinic"), ("At night", ""), ("Later", "none"))
    }
    filled = shaped(rules, cells, matrix=("services",))
    assert filled.answers["services"] == "Later: none;On Mondays: Baby clinic"
    assert_places_hold(cells, filled)


@pytest.mark.parametrize(
    "header", ["Do you agree?", "Q2. Do you agree? - Selected Choice", "How far, would you say: agree"]
)
def test_a_question_that_ends_with_an_option_s_word_is_no_column_of_it(rules: Rules, header: str) -> None:
    """ "… agree?" asks for an answer; it is no column of the option "Agree"."""
    filled = read(rules, {header: "no"}, columns(answer_agree=header))
    assert filled.answers["agree"] == "No"


def test_monitoring_in_columns_of_options_is_kept_apart(rules: Rules) -> None:
    """Who somebody is stands among the monitoring answers alone, also with a column an option and other words."""
    headers = tuple(f"What is your background? - {label}" for label in ("This", "That", "Other, please say"))
    cells = {**dict(zip(headers, ("1", "0", "Cornish"), strict=True)), "What do you think?": "Keep it"}
    filled = read(rules, cells, columns(answer_background=headers))
    assert filled.monitoring == {"background": "Other: Cornish;This"}
    assert "Cornish" not in repr((filled.values, filled.answers, filled.evidence))
    assert "What is your background" not in repr(filled.evidence)


# --- what survey tools say of a row -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cells", "needs"),
    [
        ({"Done": "no", "By": "web"}, {"partial?"}), ({"Done": "Yes", "By": "WEB"}, set()),
        ({"Done": "", "By": "web"}, set()), ({"Done": "Yes", "By": "Paper form 7"}, {"paper?"}),
        ({"Done": " NO ", "By": "paper"}, {"partial?", "paper?"}), ({"Done": "nothing", "By": "newspaper"}, set()),
    ],
)  # fmt: skip
def test_marks_become_needs(rules: Rules, cells: dict[str, str], needs: set[str]) -> None:
    """A row that was not sent off, or that staff typed in, counts and says so, with the cell that says it."""
    mapping = RowMapping(partial={"Done": ("No",)}, staff={"By": ("paper*",)}, submitted_column="When")
    row = {**cells, "When": "2011-03-01 10:00", "What do you think?": "Keep it"}
    filled = read(rules, row, mapping)
    assert filled.needs == needs
    assert {piece.value for piece in filled.evidence.get("needs", [])} == needs
    assert_places_hold(row, filled)


def test_a_blank_cell_can_be_a_mark(rules: Rules) -> None:
    """Where a blank cell means that it was not sent off, "" is the mark; a column that is not there is none."""
    mapping = RowMapping(partial={"Sent": ("",)})
    assert "partial?" in read(rules, {"Sent": " ", "structure": "x"}, mapping).needs
    assert "partial?" not in read(rules, {"Sent": "1", "structure": "x"}, mapping).needs
    assert "partial?" not in read(rules, {"structure": "x"}, mapping).needs


def test_a_trial_is_set_aside(rules: Rules, loaded: config.Settings) -> None:
    """A row that the tool marks as a trial is no response, until a person says that it is."""
    mapping = RowMapping(test={"Kind": ("Preview",)})
    desk = Desk(rules, loaded.channels["survey"], RowReader(rules, mapping))
    for kind, screened, outcomes in (("preview", True, ["test"]), ("live", True, []), ("Preview", False, [])):
        ended = Ended()
        add_row(desk, ended, receipt(), {"Kind": kind, "structure": "x"}, screened=screened)
        assert [settled.reason for settled in ended.settled] == outcomes
        assert len(ended.responses) == 1 - len(outcomes)


def test_headers_that_are_known_to_stay_unmapped_map_nothing(consultation: Consultation) -> None:
    """A header among the unmapped ones fills no column, whatever it is called."""
    mapping = RowMapping(unmapped_columns=("Name", "Email"), partial={"Language": ("x",)})
    assert map_headers(consultation, ["Name", "Email", "Language", "Postcode"], mapping) == {"postcode": ("Postcode",)}


@pytest.mark.parametrize(
    ("cell", "keys", "utc"),
    [
        ("03/04/2011 09:14", {}, "2011-04-03T08:14:00"),
        ("03/04/2011 09:14", {"date_order": "month"}, "2011-03-04T09:14:00"),
        ("03/15/2011 9:14:05 PM", {"date_order": "month"}, "2011-03-15T21:14:05"),
        ("3/15/11 9:14 pm", {"date_order": "month"}, "2011-03-15T21:14:00"),
        ("Mar 15, 2011 09:14 PM", {}, "2011-03-15T21:14:00"),
        ("15 March 2011 21:14", {"date_order": "month"}, "2011-03-15T21:14:00"),
        ("2011-04-02 09:05 BST", {}, "2011-04-02T08:05:00"), ("2011-04-02 09:05:00 GMT", {}, "2011-04-02T09:05:00"),
        ("02/04/2011 09:05 UTC", {}, "2011-04-02T09:05:00"), ("2011-04-02T09:05:00+01:00", {}, "2011-04-02T08:05:00"),
        ("02/04/2011 9:05:00 AM -0600", {}, "2011-04-02T15:05:00"),
        ("2011-04-02 09:05 (GMT+01:00)", {}, "2011-04-02T08:05:00"),
        ("2011-04-02 02:05", {"timezone": "America/Denver"}, "2011-04-02T08:05:00"),
        ("2011-04-02 09:05 BST", {"timezone": "America/Denver"}, "2011-04-02T08:05:00"),
        ("2011-03-27 01:30 UTC", {}, "2011-03-27T01:30:00"),
    ],
)  # fmt: skip
def test_times_of_submission_in_other_orders_and_zones(rules: Rules, cell: str, keys: dict[str, Any], utc: str) -> None:
    """The config says the order of a date and the zone; an offset that stands beside a time comes before both."""
    filled = read(rules, {"When": cell}, RowMapping(submitted_column="When", **keys))
    assert filled.values["received_at"] == datetime.fromisoformat(utc).replace(tzinfo=UTC)
    assert filled.needs == set()


@pytest.mark.parametrize(
    ("cell", "keys"),
    [("25/12/2011 10:00", {"date_order": "month"}), ("12/25/2011 10:00", {}), ("2011-04-02 09:05 EST", {}),
     ("2011-04-02 09:05 +99:00", {}), ("02-04-2011-0100", {})],
)  # fmt: skip
def test_a_time_of_another_order_is_not_turned_round(rules: Rules, cell: str, keys: dict[str, Any]) -> None:
    """A date that its order does not allow, and a zone of more meanings than one, are for a person."""
    filled = read(rules, {"When": cell}, RowMapping(submitted_column="When", **keys))
    assert filled.needs == {"received-date"}
    assert filled.values["received_basis"] == "file_time"


def test_a_cell_of_separators_is_read_in_time(rules: Rules) -> None:
    """Two hundred thousand answers in one cell take moments, not minutes."""
    began = time.process_time()
    assert shaped(rules, {"S": "Antenatal;" * 200_000}).answers["services"] == "Antenatal"
    assert time.process_time() - began < 5
