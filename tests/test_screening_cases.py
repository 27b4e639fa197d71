"""No machine is counted and no person set aside: messages from the standards, each through the whole of the program."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from channels import ADAPTERS
from intake import config
from intake.filled import Rules
from intake.outcomes import Desk, Ended, add_result
from intake.places import Gazetteer
from intake.reading import mime
from intake.reading.parts import Reading
from intake.tables import RowReader
from storage.receipts import ReceiptView
from tests.screening_cases import CASES, COUNCIL, MACHINES, PEOPLE, PLATFORMS, WORDS, Case, mail
from tests.support.consultation import ROOT, Consultation

ARRIVED = datetime(2011, 3, 1, 10, tzinfo=UTC)
RECEIPT = ReceiptView(
    id=1, channel="email", kind="item", source_key="a.eml", version="1", path_named=True, sha256="0" * 64,
    media_type="message/rfc822", arrived_at=ARRIVED, arrived_basis="internaldate", facts={}, taken_at=ARRIVED,
    run_id=1, delivery_id=None, place=None, outcome="pending", reason="", next_step="",
)  # fmt: skip


@pytest.fixture(scope="module")
def desk() -> Desk:
    """What the email of the sample consultation is settled by."""
    sample = config.load(ROOT / "config.toml", {name: kind.settings for name, kind in ADAPTERS.items()})
    rules = Rules(sample.consultation, Gazetteer.read(sample.consultation.places))
    channel = sample.channels["email"]
    return Desk(rules, channel, RowReader(rules, channel.mapping))


def ended(desk: Desk, raw: bytes, **facts: str) -> tuple[str, str, set[str]]:
    """How a message ends if nothing else came from where it came from: reason ("" if it counts), next step, needs."""
    receipt = replace(RECEIPT, facts=facts)
    reading = mime.read(raw, {})
    assert isinstance(reading, Reading)
    made = Ended()
    add_result(desk, made, receipt, reading)
    aside = [*made.settled, *(doubt.settled for doubt in made.doubted.values())]
    if aside:
        return aside[0].reason, aside[0].next_step, set()
    (response,) = made.responses
    return "", "", set(response.response.needs)


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.who}: {case.name}")
def test_a_case(desk: Desk, case: Case) -> None:
    """A machine's message is set aside by the rule that its standard gives; a person's counts, and has a need to be
    looked at only where it came as bulk mail or was taken for spam."""
    reason, next_step, needs = ended(desk, case.raw)
    assert reason == case.reason
    assert case.rule in next_step
    assert ("genuine?" in needs) is case.genuine


def test_there_are_enough_cases() -> None:
    """At least 150 cases, half of them by people, and 40 sent by services for people who are all different."""
    assert len(CASES) >= 150
    assert len(PEOPLE) + len(PLATFORMS) >= len(CASES) / 2
    senders = {case.raw.decode().rstrip().rpartition("\r\n")[2] for case in PLATFORMS}  # each signs below the words
    assert len({case.raw for case in CASES}) == len({case.name + case.who for case in CASES}) == len(CASES)
    assert len(PLATFORMS) == len(senders) == 40
    assert all(case.reason and case.rule for case in MACHINES)
    assert not any(case.reason for case in [*PEOPLE, *PLATFORMS])


def test_facts_that_can_t_be_stored_are_not_believed(desk: Desk) -> None:
    """A reader's process that was taken over may claim anything: what no database holds quarantines the item."""
    made = Ended()
    reading = Reading(reader="mime 1", parts=[], facts={"message_id": "<a\x00@b>", "from_email": "a@b"})
    add_result(desk, made, RECEIPT, reading)
    assert ([settled.outcome for settled in made.settled], made.mail_keys) == (["quarantined"], [])


@pytest.fixture(scope="module")
def all_of_them(tmp_path_factory: pytest.TempPathFactory) -> Consultation:
    """The sample consultation with every case in its mailbox, after one run."""
    made = Consultation.of_samples(tmp_path_factory.mktemp("cases"))
    for path in (made.folder / "samples/inbox").iterdir():
        path.unlink()
    for number, case in enumerate(CASES):
        made.put(f"samples/inbox/{number:03}.eml", case.raw)
    made.run("email")
    return made


def test_all_of_them_together(all_of_them: Consultation) -> None:
    """All cases in one mailbox and one run: machines are set aside, people count, and the accounts add up."""
    outcomes = {int(r["source_key"][:3]): (r["outcome"], r["reason"]) for r in all_of_them.receipts("email")}
    for number, case in enumerate(CASES):
        wanted = ("set_aside", case.reason) if case.reason else ("read", "")
        assert outcomes[number] == wanted, case.name
    assert Counter(outcome for outcome, _ in outcomes.values()) == {
        "set_aside": len(MACHINES), "read": len(PEOPLE) + len(PLATFORMS),
    }  # fmt: skip
    assert all_of_them.failures() == {}


def test_every_one_is_overturned_in_one_step(all_of_them: Consultation, tmp_path: Path) -> None:
    """Whatever set it aside, one decision of a person makes it a response."""
    made = all_of_them.copy(tmp_path)
    first = {item["reason"]: item["receipt"] for item in made.items("set_aside")}
    assert set(first) == {"bounce", "read-receipt", "auto-reply", "empty", "marketing"}
    for receipt in first.values():
        assert "read" in made.decide(receipt, "overturn")
    assert made.failures() == {}


# --- whatever stands in a header --------------------------------------------------------------------------------------

BULK = [
    "List-Unsubscribe: <https://platform.example/out>", "List-Unsubscribe-Post: List-Unsubscribe=One-Click",
    "List-Id: <campaign.platform.example>", "Precedence: bulk", "Precedence: list",
    "Feedback-ID: 1:2:3:platform", "X-Campaign-Id: 7", "Sender: no-reply@platform.example",
    "Return-Path: <bounce-1@platform.example>", "X-Auto-Response-Suppress: All", "Auto-Submitted: auto-generated",
    "DKIM-Signature: v=1; d=platform.example; b=AbCd", "X-Mailer: Mass Mailer", "Auto-Submitted: no",
]  # fmt: skip
SPAM = [
    "X-Spam-Flag: YES", "X-Spam-Status: Yes, score=15.0", "X-Spam-Level: *************", "X-Spam-Score: 15",
    "X-MS-Exchange-Organization-SCL: 9", "X-Forefront-Antispam-Report: SFV:SPM;SCL:9", "X-Spam: Yes",
    "X-Microsoft-Antispam: BCL:9", "X-Rspamd-Action: reject", "X-Bogosity: Spam",
]  # fmt: skip
PERSONS_WORDS = st.sampled_from(
    [WORDS, "Keep it open.", "Please don't close our centre.", "I disagree with all of it.", "Watton needs its centre.",
     "My answer to question 2 is no.", "Nein danke, wir brauchen das Zentrum für unsere Kinder in der Stadt."]
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(PERSONS_WORDS, st.lists(st.sampled_from(BULK), unique_by=lambda line: line.partition(":")[0]))
def test_bulk_headers_never_set_a_person_aside(desk: Desk, words: str, headers: list[str]) -> None:
    """Whatever headers of bulk mail come together on what a person says, it counts."""
    reason, _, needs = ended(desk, mail("\n".join([*headers, f"To: {COUNCIL}"]), words))
    marked = any(line.startswith(("List-Unsubscribe:", "List-Id", "Precedence", "Feedback")) for line in headers)
    assert (reason, "genuine?" in needs) == ("", marked)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(CASES), st.lists(st.sampled_from(SPAM), min_size=1, unique=True), st.booleans())
def test_a_verdict_of_spam_changes_no_outcome(desk: Desk, case: Case, headers: list[str], junk: bool) -> None:
    """A spam filter's word, in the header or by the mailbox that it chose, changes no outcome."""
    raw = "\r\n".join([*headers, ""]).encode() + case.raw
    facts = {"mailbox": "Junk"} if junk else {}
    assert ended(desk, raw, **facts)[0] == case.reason
