"""The one schema: its columns, what it refuses, and how both databases and every export keep its values."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

from storage.columns import IsoDate, Joined, TrueFalse, TwoDecimals, UtcTime, utc_text
from storage.schema import NEEDS, Need, Response, Status, columns, rendered

CONTRACT = [
    "reference", "consultation", "channel", "received_at", "received_basis", "late", "respondent_kind",
    "respondent_role", "name", "organisation", "email", "phone", "address", "postcode", "places", "language", "text",
    "answer.first", "answer.second", "signatures", "consent_to_publish", "status", "exclusion_reason", "duplicate_of",
    "campaign", "needs", "method", "confidence", "source", "original_sha256", "pages", "run", "reader_version",
    "reviewed_by", "reviewed_at", "posted_on", "late_decision", "words", "translation", "relayed_by", "on_behalf_of",
    "people", "signatures_claimed", "confidentiality_asked", "paper_ref", "version", "text_cut",
    "likely_duplicate_of",
]  # fmt: skip
"""The export's columns in their order, which other people's scripts rely on (DESIGN.md, section 4)."""
IDS = {"reference": "NCC-9ZX9J-3HW85", "consultation": "c", "channel": "email"}
QUESTIONS = ["first", "second"]
DIALECTS: tuple[Dialect, ...] = (sqlite.dialect(), postgresql.dialect())  # type: ignore[no-untyped-call]
TEXTS = [
    "reference", "consultation", "channel", "respondent_role", "name", "organisation", "email", "address", "text",
    "exclusion_reason", "duplicate_of", "campaign", "source", "reader_version", "reviewed_by", "translation",
    "relayed_by", "on_behalf_of", "confidentiality_asked", "paper_ref",
]  # fmt: skip
LISTS = ["places", "people", "likely_duplicate_of"]

texts = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=20)
items = st.text(st.characters(codec="utf-8", exclude_characters="\x00;"), max_size=5)
zones = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
instants = st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30), timezones=zones)


def response(**values: Any) -> Response:
    return Response(**{**IDS, **values})


def refusal(**values: Any) -> str:
    """What is said of values that are refused: the column, then the sentence."""
    with pytest.raises(ValidationError) as refused:
        response(**values)
    first = refused.value.errors()[0]
    return f"{first['loc'][0]}: {first['msg']}"


# --- columns ----------------------------------------------------------------------------------------------------------


def test_the_columns_are_those_of_the_contract() -> None:
    """Names and order of the columns are the contract's, with the questions' answers in the config's order."""
    assert columns(QUESTIONS) == CONTRACT
    assert columns([]) == [name for name in CONTRACT if not name.startswith("answer.")]
    assert [n for n in columns(["second", "first"]) if n.startswith("answer.")] == ["answer.second", "answer.first"]


def test_a_column_that_the_schema_does_not_have_is_refused() -> None:
    """A value under an unknown name is an error, never silently dropped."""
    assert refusal(ip_address="192.0.2.1").startswith("ip_address")


def test_a_response_can_not_be_changed_in_place() -> None:
    """A response is a value: a change makes another one."""
    with pytest.raises(ValidationError):
        response().name = "Somebody"


def test_blank_is_what_nobody_said() -> None:
    """A response of which nothing is known is blank in every column but its ids, its status and its version."""
    shown = rendered(response(), QUESTIONS)
    said = {name: value for name, value in shown.items() if value}
    assert said == {**IDS, "status": "new", "version": "1", "text_cut": "0"}


# --- text that both databases hold ------------------------------------------------------------------------------------


@pytest.mark.parametrize("column", [*TEXTS, "phone", "postcode", "language"])
@pytest.mark.parametrize("bad", ["a\x00b", "\ud800", "x\udfff"])
def test_text_that_a_database_refuses_is_refused_first(column: str, bad: str) -> None:
    """NUL and lone surrogates, which one database takes and the other does not, get into no column of text."""
    assert refusal(**{column: bad}).startswith(column)


@pytest.mark.parametrize("bad", ["a\x00b", "\ud800"])
def test_lists_and_answers_hold_storable_text_only(bad: str) -> None:
    """NUL and lone surrogates get into no list and no answer either."""
    for column in LISTS:
        assert refusal(**{column: (bad,)}).startswith(column)
    assert refusal(answers={"first": bad}).startswith("answers")


@settings(deadline=None)
@given(texts)
def test_any_other_text_is_kept_as_it_is(words: str) -> None:
    """Whatever else people write, with quotes, line ends, emoji or spaces around it, is kept to the character."""
    kept = response(text=words, name=words, answers={"first": words})
    shown = rendered(kept, QUESTIONS)
    assert (shown["text"], shown["name"], shown["answer.first"]) == (words, words, words)


# --- lists ------------------------------------------------------------------------------------------------------------


@settings(deadline=None)
@given(st.lists(items))
def test_a_list_is_sorted_and_holds_each_item_once(given_items: list[str]) -> None:
    """However a list is put together, it has one form: sorted, each item once, none blank, joined by semicolons."""
    kept = response(people=tuple(given_items))
    assert kept.people == tuple(sorted({item for item in given_items if item}))
    assert rendered(kept, [])["people"].split(";") == (list(kept.people) or [""])


@pytest.mark.parametrize("column", LISTS)
@pytest.mark.parametrize("bad", ["a;b", ";", "a;"])
def test_a_semicolon_inside_an_item_is_refused(column: str, bad: str) -> None:
    """An item that would fall apart when the list is read back gets into no list."""
    assert "';'" in refusal(**{column: ("fine", bad)})


def test_needs_are_words_of_the_schema() -> None:
    """Every need of the contract can stand in a response, sorted; any other word is refused."""
    assert response(needs=tuple(reversed(NEEDS))).needs == tuple(sorted(get_args(Need)))
    assert refusal(needs=("coffee",)).startswith("needs")


# --- times ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("column", ["received_at", "reviewed_at"])
def test_a_time_without_a_zone_is_refused(column: str) -> None:
    """There is no such thing as a time of which the zone is not known."""
    assert refusal(**{column: datetime(2011, 3, 1, 12)}).startswith(column)


@settings(deadline=None)
@given(instants)
def test_a_time_is_shown_as_the_utc_instant_that_it_is(moment: datetime) -> None:
    """Whatever its offset and its year, a time is shown to the second as YYYY-MM-DDTHH:MM:SSZ, in UTC."""
    shown = rendered(response(received_at=moment), [])["received_at"]
    assert len(shown) == len("2011-03-01T12:00:00Z")
    assert datetime.fromisoformat(shown) == moment.replace(microsecond=0)
    assert shown.endswith("Z")


@settings(deadline=None)
@given(instants, instants)
def test_times_in_the_database_sort_as_they_follow_each_other(one: datetime, other: datetime) -> None:
    """The text that stands for a time in both databases sorts as time goes by."""
    assert (utc_text(one) < utc_text(other)) == (one < other)
    assert (utc_text(one) == utc_text(other)) == (one == other)


@pytest.mark.parametrize("take", [utc_text, lambda naive: UtcTime().process_bind_param(naive, DIALECTS[0])])
def test_a_naive_time_never_reaches_the_database(take: Callable[[datetime], object]) -> None:
    """A time without a zone raises where it would be stored."""
    with pytest.raises(ValueError, match="naive"):
        take(datetime(2011, 3, 1, 12))


# --- columns of the databases -----------------------------------------------------------------------------------------


def stored(kind: TypeDecorator[Any], value: Any) -> set[Any]:
    """What comes back of a value from each of the two databases; all of it must be one value."""
    kept = [(dialect, kind.process_bind_param(value, dialect)) for dialect in DIALECTS]
    assert len({bound for _, bound in kept}) == 1
    return {kind.process_result_value(bound, dialect) for dialect, bound in kept}


@settings(deadline=None)
@given(instants | st.none())
def test_a_time_comes_back_as_it_was(moment: datetime | None) -> None:
    """A time of any year comes back from either database to the microsecond."""
    assert stored(UtcTime(), moment) == {moment}


@settings(deadline=None)
@given(st.dates() | st.none())
def test_a_day_comes_back_as_it_was(day: date | None) -> None:
    """A day of any year comes back from either database."""
    assert stored(IsoDate(), day) == {day}


@settings(deadline=None)
@given(st.lists(items))
def test_a_list_comes_back_as_it_was(given_items: list[str]) -> None:
    """A list that a response holds comes back from either database, item for item."""
    kept = response(places=tuple(given_items)).places
    assert stored(Joined(), kept) == {kept}


@settings(deadline=None)
@given(st.floats(0, 1) | st.none())
def test_a_confidence_comes_back_as_it_was(confidence: float | None) -> None:
    """A confidence that a response holds comes back from either database, and is shown with two decimals."""
    kept = response(confidence=confidence)
    assert stored(TwoDecimals(), kept.confidence) == {kept.confidence}
    shown = rendered(kept, [])["confidence"]
    assert shown == ("" if confidence is None else f"{float(shown):.2f}")


@pytest.mark.parametrize("value", [True, False, None])
def test_true_false_and_unknown_stay_three_things(value: bool | None) -> None:
    """Late, in time and unknown come back from either database as what they were, and are shown as such."""
    assert stored(TrueFalse(), value) == {value}
    assert rendered(response(late=value), [])["late"] == {True: "true", False: "false", None: ""}[value]


# --- single columns ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("good", ["NR1 2DL", "M1 1AE", "SW1A 1AA", "NR19 2ZW", ""])
def test_a_postcode_in_its_one_form_is_taken(good: str) -> None:
    """A postcode is upper case with one space, or blank."""
    assert response(postcode=good).postcode == good


@pytest.mark.parametrize(
    "bad", ["nr1 2dl", "NR12DL", "NR1  2DL", " NR1 2DL", "NR1 2DL\n", "NR1 2D", "NR٣ 2DL", "1NR 2DL"]
)
def test_a_postcode_in_any_other_form_is_refused(bad: str) -> None:
    """Nothing that only looks like a postcode gets into its column, not even with an outer space."""
    assert refusal(postcode=bad).startswith("postcode")


@pytest.mark.parametrize("bad", ["01632 960001", "+44 1632 960001", "441632960001", "+0441632960001", "+44163296000١",
                                 "+4416329600011234", "+44", "+441632960001\n", "withheld"])  # fmt: skip
def test_a_number_that_is_not_in_e164_form_is_refused(bad: str) -> None:
    """A telephone number is a plus sign and up to fifteen digits, or blank."""
    assert refusal(phone=bad).startswith("phone")


@pytest.mark.parametrize(
    ("column", "bad"),
    [
        ("confidence", 1.01), ("confidence", -0.01), ("confidence", float("nan")), ("confidence", float("inf")),
        ("version", 0), ("text_cut", -1), ("signatures", -1), ("signatures_claimed", -1), ("signatures", "many"),
        ("language", "EN"), ("language", "eng"), ("language", "en\n"), ("pages", "1,2"), ("pages", "1-"),
        ("pages", "-1"),
        ("original_sha256", "ab"), ("original_sha256", "A" * 64), ("status", "counted"), ("status", ""),
        ("method", "source"), ("received_basis", "guess"), ("late", "perhaps"), ("respondent_kind", "person"),
        ("consent_to_publish", "maybe"), ("words", "theirs"), ("late_decision", "yes"), ("posted_on", "soon"),
    ],
)  # fmt: skip
def test_a_value_that_does_not_fit_its_column_is_refused(column: str, bad: object) -> None:
    """Each column takes its own words and ranges only."""
    assert refusal(**{column: bad}).startswith(column)


@pytest.mark.parametrize("column", ["signatures", "signatures_claimed", "text_cut"])
def test_a_count_fits_both_databases(column: str) -> None:
    """A count is taken up to what an integer column of PostgreSQL holds, and refused beyond: the two never differ."""
    assert getattr(response(**{column: 2**31 - 1}), column) == 2**31 - 1
    assert refusal(**{column: 2**31}).startswith(column)


def test_the_statuses_are_those_of_the_contract() -> None:
    """A response is new, accepted or excluded."""
    assert get_args(Status) == ("new", "accepted", "excluded")


# --- showing ----------------------------------------------------------------------------------------------------------


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from(["first", "second", "third"]), texts))
def test_only_the_exported_questions_are_shown(answers: dict[str, str]) -> None:
    """An answer to a question that is not exported, a monitoring one say, is in no column."""
    shown = rendered(response(answers=answers), QUESTIONS)
    assert list(shown) == CONTRACT
    assert [shown[f"answer.{name}"] for name in QUESTIONS] == [answers.get(name, "") for name in QUESTIONS]


def test_a_whole_response_is_shown_in_the_contract_s_forms() -> None:
    """Every kind of value has its one form."""
    kept = response(
        received_at=datetime(2011, 4, 18, 23, 59, 59, tzinfo=timezone(timedelta(hours=1))), late=False,
        places=("NCC02", "NCC01"), signatures=214, confidence=0.934, needs=("late?", "duplicate?"), run=3,
        posted_on=date(2011, 4, 1), reviewed_at=datetime(2011, 5, 1, tzinfo=UTC), pages="1-3", version=2,
    )  # fmt: skip
    shown = rendered(kept, [])
    assert {name: value for name, value in shown.items() if value and name not in IDS} == {
        "received_at": "2011-04-18T22:59:59Z", "late": "false", "places": "NCC01;NCC02", "signatures": "214",
        "confidence": "0.93", "needs": "duplicate?;late?", "run": "3", "posted_on": "2011-04-01", "pages": "1-3",
        "reviewed_at": "2011-05-01T00:00:00Z", "version": "2", "text_cut": "0", "status": "new",
    }  # fmt: skip
