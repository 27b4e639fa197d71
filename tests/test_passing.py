"""A person's mail that is no answer: passed on by a person, to somebody, with a day by which it must be answered."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from intake.errors import Refused
from intake.passing import due_day, is_working_day, working_days
from intake.wish import Action
from storage.schema import PASSED_ON_REASONS
from tests.support.consultation import Consultation, without

pytestmark = pytest.mark.usefixtures("warm_readers")

LONDON = ZoneInfo("Europe/London")


@pytest.mark.parametrize(
    ("reason", "arrived", "due"),
    [
        # 20 working days after Friday 1 April 2011: without Good Friday, Easter Monday, the wedding and May Day
        ("information-request", "2011-04-01T09:00:00Z", "2011-05-05"),
        ("information-request", "2011-03-01T09:00:00Z", "2011-03-30"),  # without Saint Patrick's Day
        ("information-request", "2026-12-01T09:00:00Z", "2026-12-31"),
        ("information-request", "2026-11-02T09:00:00Z", "2026-12-01"),  # without Saint Andrew's Day
        ("subject-access", "2011-03-01T09:00:00Z", "2011-04-01"),
        ("subject-access", "2011-01-31T09:00:00Z", "2011-02-28"),
        ("subject-access", "2012-01-31T09:00:00Z", "2012-02-29"),
        ("subject-access", "2011-03-23T09:00:00Z", "2011-04-26"),  # the 23rd is Saturday, Monday Easter
        ("subject-access", "2010-12-15T09:00:00Z", "2011-01-17"),
        ("complaint", "2011-04-18T09:00:00Z", "2011-05-06"),
        ("enquiry", "2011-03-01T09:00:00Z", "2011-03-15"),
        ("other-business", "2011-03-05T12:00:00Z", "2011-03-18"),
        ("enquiry", "2011-03-31T23:30:00Z", "2011-04-15"),  # it arrived on 1 April, local time
    ],
)  # fmt: skip
def test_by_when_it_must_be_answered(reason: str, arrived: str, due: str) -> None:
    """The terms of the Freedom of Information Act (section 10), of the UK GDPR (article 12) and our own."""
    assert due_day(reason, datetime.fromisoformat(arrived), LONDON) == date.fromisoformat(due)


@pytest.mark.parametrize(
    ("day", "works"),
    [("2011-04-29", False), ("2022-06-03", False), ("2022-09-19", False), ("2023-05-08", False), ("2020-05-08", False),
     ("2020-05-04", True), ("2026-12-28", False), ("2026-04-06", False), ("2026-04-07", True), ("2026-11-28", False)],
)  # fmt: skip
def test_bank_holidays(day: str, works: bool) -> None:
    """England's bank holidays, those that were proclaimed once too."""
    assert is_working_day(date.fromisoformat(day)) is works


@settings(deadline=None)
@given(st.dates(date(2000, 1, 1), date(2099, 1, 1)), st.integers(1, 40))
def test_working_days_follow_each_other(day: date, count: int) -> None:
    """The n-th working day is one, comes after the one before it, and no working day lies between them."""
    found, before = working_days(day, count), working_days(day, count - 1)
    assert is_working_day(found)
    assert found > before
    assert sum(is_working_day(date.fromordinal(n)) for n in range(before.toordinal() + 1, found.toordinal())) == 0


@settings(deadline=None)
@given(st.sampled_from(PASSED_ON_REASONS), st.datetimes(datetime(2000, 1, 1), datetime(2099, 1, 1)))
def test_every_reason_has_a_term(reason: str, arrived: datetime) -> None:
    """Whatever the reason and the day, an answer is due on a working day after it, within six weeks."""
    due = due_day(reason, arrived.replace(tzinfo=UTC), LONDON)
    assert is_working_day(due)
    assert 0 < (due - arrived.date()).days <= 45


@pytest.fixture
def asked(here: Consultation) -> Consultation:
    """A consultation in which somebody asks for information."""
    here.mail("a.eml", "This is a Freedom of Information Act request: what does the Watton centre cost?",
        headers="Received: from a by b; Tue, 1 Mar 2011 10:00:00 +0000")  # fmt: skip
    here.mail("b.eml", "Keep Watton.")
    here.run("email")
    return here


def test_a_request_is_passed_on(asked: Consultation) -> None:
    """The reason, to whom and the day are kept with the decision, shown where people look, and gone once undone."""
    row = next(row for row in asked.responses() if row["source"] == "a.eml")
    before = asked.export(everything=True)
    said = asked.decide(row["reference"], "set-aside", "Information Governance", "information-request")
    assert (
        "set aside as information-request. Pass it on to Information Governance; an answer is due by 2011-03-30" in said
    )
    item = asked.item("set_aside")
    assert (item["reference"], item["reason"], item["due"]) == (row["reference"], "information-request", "2011-03-30")
    assert "Freedom of Information Act 2000, section 10" in item["next"]
    (receipt,) = asked.trace(item["receipt"])["receipts"]
    passed = receipt["passed_on"]
    assert (passed["to"], passed["due"], passed["by"]) == ("Information Governance", "2011-03-30", "ann")
    assert (receipt["reason"], receipt["next"]) == ("information-request", item["next"])
    assert asked.failures() == {}
    for back in ("overturn", "undo"):
        asked.decide(item["receipt"], back)
        if back == "overturn":
            assert asked.trace(row["reference"])["receipts"][0]["passed_on"] is None
            asked.decide(item["receipt"], "undo")
            assert asked.item("set_aside") == item
    assert asked.export(everything=True) == before
    assert asked.items("set_aside") == []
    assert asked.failures() == {}
    assert not [
        word for word in ("Governance", "2011-03-30") if word in str(asked.sql("select body from ledger_entry"))
    ]


@pytest.mark.parametrize(("value", "reason"), [("", ""), ("", "replaced"), ("a desk", ""), ("x", "ENQUIRY")])
def test_only_a_person_s_reasons_pass_on(place: Consultation, value: str, reason: str) -> None:
    """Only a word of the list sets a person's message aside, and the refusal names them."""
    place.mail("a.eml", "When are you open?")
    place.run("email")
    with pytest.raises(Refused, match="--reason and one of: enquiry, information-request"):
        place.decide(place.response()["reference"], "set-aside", value, reason)
    assert place.items("set_aside") == []


def test_the_word_alone_and_a_wrong_clock(place: Consultation) -> None:
    """The reason may stand where it once had to; what claims to come from the future is due from today on."""
    place.mail("a.eml", "When are you open?", date="Tue, 1 Mar 2095 10:00:00 +0000")
    place.run("email")
    place.decide(place.response()["reference"], "set-aside", "enquiry")
    item = place.item("set_aside")
    assert (item["reason"], item["due"] < "2090") == ("enquiry", True)
    assert item["next"].startswith("Pass it on; an answer is due by")


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ("Please treat this as a freedom of information request.", "information-request"),
        ("Under FOI I ask for the costs.", "information-request"),
        ("This is a subject access request.", "subject-access"),
        ("Send me a copy of the data that you hold about me.", "subject-access"),
        ("I want to make a complaint about the meeting.", "complaint"),
        ("Can you tell me when you are open?", "enquiry"),
        ("Keep Watton. I have no complaint.", None),
    ],
)
def test_a_cue_suggests_and_decides_nothing(place: Consultation, words: str, reason: str | None) -> None:
    """Telling words are shown to people as a hint, with their place; the message counts like any other."""
    place.mail("a.eml", words)
    place.takes("email", read=1, set_aside=0, responses=1)
    row = place.response()
    assert (row["exclusion_reason"], row["status"], row["needs"]) == ("", "new", "")
    hints = place.trace(row["reference"])["fields"].get("exclusion_reason", [])
    assert [piece["value"] for piece in hints] == ([reason] if reason else [])
    assert all(piece["quote"] in words for piece in hints)
    assert place.failures() == {}


def test_a_decision_from_before_due_days_still_verifies(place: Consultation) -> None:
    """A decision without a due day is committed to as it always was; one whose day was changed is found out."""
    place.mail("a.eml", "When are you open?")
    place.run("email")
    name = place.response()["reference"]
    place.decide(name, "accept")
    assert place.failures() == {}
    place.decide(name, "set-aside", "", "enquiry")
    receipt = place.item("set_aside")["receipt"]
    assert place.failures() == {}
    place.tamper("update decision set due = '2030-01-01' where action = 'set-aside'")
    assert place.failures() == {"decisions": [str(receipt)]}


def test_export_of_what_was_passed_on(asked: Consultation) -> None:
    """What is passed on stands in the full export with its reason, and says nothing of to whom."""
    row = next(row for row in asked.responses() if row["source"] == "a.eml")
    action: Action = "set-aside"
    asked.decide(row["reference"], action, "Information Governance", "information-request")
    (line,) = [line for line in asked.export(everything=True) if line["outcome"] == "set_aside"]
    assert line["exclusion_reason"] == "information-request"
    assert "Governance" not in str(without(line, "outcome"))
