"""Acknowledgements: at most once, never to a machine, and never at the cost of a run; on a real mail server."""

import re
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

import intake.app
from intake.errors import Refused
from storage import acknowledgements, ledger
from tests.support.consultation import Consultation, bundle, kill_group, message, pdf, start, without
from tests.support.dovecot import Mailbox
from tests.support.proxy import Proxy
from tests.support.smtp import HANG_UP, MailServer
from tests.support.stops import NEVER, Stopped, Stops

NOON = datetime(2011, 3, 2, 12, tzinfo=UTC)


pytestmark = pytest.mark.usefixtures("warm_readers")


class Clock:
    """A clock that stands until it is set."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **by: float) -> None:
        self.now += timedelta(**by)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(intake.app, "clock", made)
    return made


@pytest.fixture
def server() -> Iterator[MailServer]:
    with MailServer() as running:
        yield running


def switch_on(here: Consultation, port: int, more: str = "since = 2011-01-24") -> None:
    """Let the email channel acknowledge, by a mail server on this port."""
    section = f"""[channels.email.acknowledge]
host = "127.0.0.1"
port = {port}
tls = false
timeout_s = 5
from = "The team <team@consultation.example>"
{more}

[channels.letters]"""
    here.configure("[channels.letters]", section)


def states(here: Consultation) -> list[tuple[str, str]]:
    """State and reason of every acknowledgement, by receipt."""
    return [tuple(row) for row in here.sql("select state, reason from acknowledgement order by receipt_id")]


def mail_from(here: Consultation, *names: str, **fields: str) -> None:
    for name in names:
        here.mail(f"{name}.eml", f"Words of {name}.", sender=f"{name.title()} <{name}@example.org>", **fields)


def report(here: Consultation) -> dict[str, Any]:
    account: dict[str, Any] = here.takes("email")
    return account


def owed(here: Consultation) -> dict[str, int]:
    found: dict[str, int] = report(here)["acknowledgements"]
    return found


# --- what is sent -----------------------------------------------------------------------------------------------------


def test_a_respondent_gets_one_plain_acknowledgement(here: Consultation, clock: Clock, server: MailServer) -> None:
    """One message with the reference and no word of the respondent's; run again, nothing more is sent."""
    switch_on(here, server.port)
    here.mail("a.eml", "Keep Watton open, says Ann.", subject="My own subject", headers="Message-ID: <one@example.org>")
    assert owed(here) == {"sent": 1, "waiting": 0, "unsure": 0, "failed": 0}
    assert owed(here) == {"sent": 0, "waiting": 0, "unsure": 0, "failed": 0}
    (taken,) = server.taken
    reference = here.response("email")["reference"]
    assert (taken.sender, taken.recipients) == ("<>", ("resident@example.org",))
    told = taken.message
    assert (told["From"], told["To"]) == ("The team <team@consultation.example>", "resident@example.org")
    assert told["Subject"] == f"We have received your response ({reference})"
    assert told["Auto-Submitted"] == "auto-replied"
    assert told["X-Auto-Response-Suppress"] == "All"
    assert told["X-Consultation-Acknowledgement"] == reference
    assert told["In-Reply-To"] == told["References"] == "<one@example.org>"
    assert re.fullmatch(rf"<{reference.lower()}\.[0-9a-f]{{16}}@consultation\.example>", told["Message-ID"])
    assert told["Date"].datetime == NOON
    assert told.get_content_type() == "text/plain"
    assert not {"Precedence", "Reply-To", "Sender", "Cc", "Bcc"} & set(told.keys())
    text = told.get_content()
    assert reference in text
    assert "A consultation of the tests" in text
    for said in ("Watton", "Ann", "own subject", "A Resident"):
        assert said not in taken.content.decode() + text
    assert here.failures() == {}


def test_it_is_off_unless_the_config_says_so(place: Consultation, clock: Clock) -> None:
    """Without its section nothing is sent, nothing is remembered, and the report says that there is none."""
    mail_from(place, "ann")
    account = report(place)
    assert (account["acknowledgements"], list(account["alarms"])) == (None, [])
    assert place.sql("select count(*) from acknowledging_since") == [0]
    assert states(place) == []


def test_the_words_are_the_council_s(place: Consultation, clock: Clock, server: MailServer) -> None:
    """Subject and text come from the config, with reference and title filled in, in any script."""
    more = (
        'since = 2011-01-24\nsubject = "Diolch – {reference}"\ntext = """Derbyniwyd ŵ {{}} {title}\n.\n{reference}"""'
    )
    switch_on(place, server.port, more)
    place.configure('title = "A consultation of the tests"', 'title = "Ŷ\\r\\nBcc: x@example.org"')
    mail_from(place, "ann")
    place.run("email")
    (taken,) = server.taken
    reference = place.response("email")["reference"]
    assert taken.message["Subject"] == f"Diolch – {reference}"
    assert (
        taken.message.get_content().replace("\r\n", "\n") == f"Derbyniwyd ŵ {{}} Ŷ Bcc: x@example.org\n.\n{reference}\n"
    )
    assert taken.message["Bcc"] is None


def test_a_real_mailbox_is_acknowledged_and_stays_as_it_is(
    place: Consultation, dovecot: Mailbox, server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From an IMAP account to the respondent's address; the mailbox is not touched."""
    monkeypatch.setenv("TEST_PASSWORD", dovecot.password)
    switch_on(place, server.port, "")
    place.read_mail_from(dovecot)
    dovecot.deliver(message("Written weeks ago."), internaldate=NOON)
    place.run("email")
    dovecot.deliver(message("Written now.", sender="Ann <ann@example.org>"))
    assert owed(place)["sent"] == 1
    assert [taken.recipients for taken in server.taken] == [("ann@example.org",)]
    assert dovecot.flags() == {1: (), 2: ()}


def test_the_trace_shows_it(place: Consultation, clock: Clock, server: MailServer) -> None:
    """The intent and what became of it stand in the history, without an address or any other word."""
    switch_on(place, server.port)
    mail_from(place, "ann")
    place.run("email")
    traced = place.trace(place.response("email")["reference"])
    entries = [entry for entry in traced["history"] if entry["type"] == "acknowledgement"]
    assert [(entry["state"], entry["attempt"], entry["run"]) for entry in entries] == [
        ("intended", 1, 1),
        ("sent", 1, 1),
    ]
    assert {name for entry in entries for name in entry} == {
        "type", "at", "receipt", "state", "attempt", "run", "commitment",
    }  # fmt: skip
    told = traced["receipts"][0]["acknowledgement"]
    assert (told["state"], told["why"], told["tried_at"]) == ("sent", None, "2011-03-02T12:00:00Z")
    assert told["message_id"] == server.taken[0].message["Message-ID"]
    ledger = b"".join(bytes(body) for body in place.sql("select body from ledger_entry"))
    assert b"example.org" not in ledger


# --- since when -------------------------------------------------------------------------------------------------------


def test_switched_on_later_it_writes_to_nobody_who_wrote_before(
    here: Consultation, clock: Clock, server: MailServer
) -> None:
    """Only what arrives once it is on is acknowledged: nothing stored already, no old mail that comes in now."""
    mail_from(here, "before")
    here.run("email")
    switch_on(here, server.port, "")
    mail_from(here, "old")
    clock.forward(hours=1)
    assert owed(here)["sent"] == 0
    clock.forward(hours=1)
    mail_from(here, "new", date="Wed, 2 Mar 2011 13:30:00 +0000")
    mail_from(here, "older", date="Wed, 2 Mar 2011 12:30:00 +0000")
    assert owed(here) == {"sent": 1, "waiting": 0, "unsure": 0, "failed": 0}
    assert [taken.recipients for taken in server.taken] == [("new@example.org",)]
    entries = [e for e in here.sql("select body from ledger_entry order by id") if b'"acknowledging"' in bytes(e)]
    assert len(entries) == 1


def test_what_arrives_during_the_first_run_is_acknowledged(
    place: Consultation, clock: Clock, server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first run may read for hours: who writes meanwhile wrote after it was switched on."""
    switch_on(place, server.port, "")
    mail_from(place, "before")
    steps = iter(range(10**6))
    monkeypatch.setattr(intake.app, "clock", lambda: NOON + timedelta(seconds=next(steps)))
    place.run("email")
    mail_from(place, "meanwhile", date="Wed, 2 Mar 2011 12:00:01 +0000")
    place.run("email")
    assert [taken.recipients for taken in server.taken] == [("meanwhile@example.org",)]


def test_off_and_on_again_begins_anew(place: Consultation, clock: Clock, server: MailServer) -> None:
    """What arrived while it was off is not acknowledged when it is on again."""
    off = place.path.read_text()
    switch_on(place, server.port, "")
    on = place.path.read_text()
    place.run("email")
    place.path.write_text(off)
    clock.forward(days=1)
    mail_from(place, "ann", date="Thu, 3 Mar 2011 11:00:00 +0000")
    place.run("email")
    place.path.write_text(on)
    clock.forward(hours=1)
    assert owed(place)["sent"] == 0
    assert place.failures() == {}


def test_since_widens_it_to_those_who_wrote_before(place: Consultation, clock: Clock, server: MailServer) -> None:
    """With ``since``, those who wrote from then on are acknowledged too, though their messages were taken in before."""
    mail_from(place, "ann")
    mail_from(place, "early", date="Mon, 28 Feb 2011 23:59:59 +0000")
    clock.now = datetime(2011, 3, 1, 12, tzinfo=UTC)
    place.run("email")
    switch_on(place, server.port, "since = 2011-03-01")
    assert owed(place)["sent"] == 1
    assert [taken.recipients for taken in server.taken] == [("ann@example.org",)]


# --- never ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("headers", "reason"),
    [
        ("Auto-Submitted: auto-generated", "automatic"), ("Auto-Submitted: auto-notified", "automatic"),
        ("X-Auto-Response-Suppress: OOF, AutoReply", "automatic"), ("Return-Path: <>", "no-return"),
        ("Precedence: bulk", "list"), ("List-Id: <parents.example.org>", "list"),
        ("Reply-To: other@example.net", "reply-to"), ("Return-Path: <bounce@platform.example>", "return-path"),
    ],
)  # fmt: skip
def test_a_sign_of_a_machine_is_never_answered(
    place: Consultation, clock: Clock, server: MailServer, headers: str, reason: str
) -> None:
    """Though it counts as a response: the reason is kept, and nothing is sent, not in a later run either."""
    switch_on(place, server.port)
    place.mail("a.eml", headers=headers)
    for _ in range(2):
        assert owed(place) == {"sent": 0, "waiting": 0, "unsure": 0, "failed": 0}
    assert states(place) == [("skipped", reason)]
    assert len(place.responses("email")) == 1
    assert server.taken == []
    assert place.failures() == {}


@pytest.mark.parametrize(
    ("sender", "reason"),
    [
        ("noreply@example.org", "machine-address"), ("MAILER-DAEMON@example.org", "machine-address"),
        ("Desk <Office@council.example>", "ours"), ("An Officer <officer@council.example>", "ours"),
        ("The team <TEAM@consultation.example>", "ours"), ("Ann <ann@localhost>", "address"),
        ("Ann <änn@example.org>", "address"), ("a@example.org, b@example.org", "several"), ("", "several"),
        ("Ann <@example.org>", "address"),
    ],
)  # fmt: skip
def test_nobody_else_than_a_person_outside_is_written_to(
    place: Consultation, clock: Clock, server: MailServer, sender: str, reason: str
) -> None:
    """Machines' addresses, our own people and contacts, and what is no address that can be written to, get nothing."""
    switch_on(place, server.port)
    place.mail("a.eml", sender=sender)
    assert owed(place)["sent"] == 0
    assert states(place) == [("skipped", reason)]
    assert server.taken == []


def test_only_what_is_read_is_acknowledged(place: Consultation, clock: Clock, server: MailServer) -> None:
    """Nothing for what is set aside, repeated, quarantined or forwarded, and nothing on other channels."""
    switch_on(place, server.port)
    first = place.mail("a.eml", "Once.", sender="Ann <ann@example.org>")
    place.put("inbox/b.eml", first)
    place.mail("c.eml", headers="Auto-Submitted: auto-replied", sender="Cat <cat@example.org>")
    place.put("inbox/d.eml", b"no message at all")
    place.put("inbox/e.eml", bundle(message("One.", sender="i@example.org"), message("Two.", sender="j@example.org")))
    place.put("inbox/f.eml", bundle(message("Three.", sender="k@example.org")))
    place.put("letters/g.pdf", pdf("Keep it."))
    report_ = place.run()
    assert report_["channels"]["letters"]["acknowledgements"] is None
    assert [taken.recipients for taken in server.taken] == [("ann@example.org",)]
    assert sorted(states(place)) == [("sent", ""), ("skipped", "relay"), ("skipped", "relay")]


def test_senders_that_the_channel_reads_otherwise_get_nothing(
    place: Consultation, clock: Clock, server: MailServer
) -> None:
    """A scanner or a voicemail system that sends mail is no respondent."""
    switch_on(place, server.port)
    place.configure(
        'folder = "inbox"', 'folder = "inbox"\nscanners = ["@copier.example"]\nvoicemail = ["voice@exchange.example"]'
    )
    place.mail("a.eml", sender="ground-floor@copier.example")
    place.mail("b.eml", sender="VOICE@exchange.example")
    place.run("email")
    assert states(place) == [("skipped", "ours")] * 2


def test_an_excluded_response_is_not_acknowledged(place: Consultation, clock: Clock, server: MailServer) -> None:
    """What was excluded before there was a chance to answer stays unanswered."""
    switch_on(place, server.port)
    server.answer("mail", "451 later")
    mail_from(place, "ann")
    place.run("email")
    reference = place.response("email")["reference"]
    place.decide(reference, "exclude", reason="test")
    place.decide(reference, "confirm", by="bob")
    server.answer("mail", "")
    clock.forward(hours=1)
    assert owed(place)["sent"] == 0


def test_the_same_message_under_two_receipts_is_acknowledged_once(
    place: Consultation, clock: Clock, server: MailServer
) -> None:
    """A server that rebuilds messages makes new receipts of old ones: the same Message-ID is not answered twice."""
    switch_on(place, server.port)
    mail_from(place, "ann", headers="Message-ID: <one@example.org>")
    place.run("email")
    place.mail("again.eml", "Words of ann.  ", sender="ann@example.org", headers="Message-ID: <one@example.org>")
    place.run("email")
    assert len(server.taken) == 1
    assert states(place) == [("sent", ""), ("skipped", "same-message")]


# --- limits -----------------------------------------------------------------------------------------------------------


def test_no_more_than_so_many_a_minute_and_a_day(here: Consultation, clock: Clock, server: MailServer) -> None:
    """What is beyond the limits waits for a later run; nothing is lost, and nothing is sent twice."""
    switch_on(here, server.port, "since = 2011-01-24\nper_minute = 2\nper_day = 5")
    mail_from(here, "a", "b", "c", "d", "e", "f")
    sent = []
    for _ in range(4):
        sent.append(owed(here)["sent"])
        sent.append(owed(here)["sent"])
        clock.forward(seconds=61)
    assert sent == [2, 0, 2, 0, 1, 0, 0, 0]
    assert owed(here)["waiting"] == 1
    clock.forward(days=1)
    assert owed(here) == {"sent": 1, "waiting": 0, "unsure": 0, "failed": 0}
    assert sorted(taken.recipients[0][0] for taken in server.taken) == list("abcdef")


def test_a_loop_with_one_address_ends(place: Consultation, clock: Clock, server: MailServer) -> None:
    """Somebody's machine that answers every acknowledgement gets a few of them a day, in whatever spelling."""
    switch_on(place, server.port)
    for number in range(6):
        name = "bot@example.org" if number % 2 else "Bot@Example.org"
        place.mail(f"{number}.eml", f"Thank you for message {number}.", sender=name)
        place.run("email")
    assert len(server.taken) == 3
    assert states(place)[3:] == [("skipped", "too-many")] * 3


# --- what the server says ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("stage", ["rcpt", "data", "content"])
def test_no_for_now_is_tried_again_later(place: Consultation, clock: Clock, server: MailServer, stage: Any) -> None:
    """4yz at any stage: nothing was sent, so a later run tries again, after waits that grow."""
    switch_on(place, server.port)
    mail_from(place, "ann")
    server.answer(stage, ["451 greylisted", "452 full"])
    sent = []
    for minutes in (0, 3, 2, 5, 5):
        clock.forward(minutes=minutes)
        sent.append(owed(place)["sent"])
    assert sent == [0, 0, 0, 0, 1]
    assert states(place) == [("sent", "")]
    assert len(server.taken) == 1
    assert place.failures() == {}


def test_no_for_now_for_two_days_is_for_a_person(place: Consultation, clock: Clock, server: MailServer) -> None:
    """It is not tried for ever."""
    switch_on(place, server.port)
    mail_from(place, "ann")
    server.answer("rcpt", "451 greylisted")
    for _ in range(17):
        place.run("email")
        clock.forward(hours=7)
    assert states(place) == [("failed", "451")]
    assert place.sql("select attempts from acknowledgement") == [15]


@pytest.mark.parametrize("stage", ["rcpt", "data", "content"])
def test_no_for_good_is_for_a_person(place: Consultation, clock: Clock, server: MailServer, stage: Any) -> None:
    """5yz at any stage: never tried again by itself; an alarm names the receipt, and the others are sent."""
    switch_on(place, server.port)
    mail_from(place, "ann", "bob")
    server.answer(stage, ["550 no such user"])
    account = report(place)
    assert account["acknowledgements"] == {"sent": 1, "waiting": 0, "unsure": 0, "failed": 1}
    (alarm,) = account["alarms"]
    assert "could not be sent (receipt 1)" in alarm
    clock.forward(days=3)
    assert owed(place)["sent"] == 0
    assert states(place) == [("failed", "550"), ("sent", "")]
    place.decide(1, "acknowledge")
    assert owed(place)["sent"] == 1
    assert states(place) == [("sent", ""), ("sent", "")]
    assert place.failures() == {}


def test_a_server_that_takes_nothing_from_us_stops_the_step(
    place: Consultation, clock: Clock, server: MailServer
) -> None:
    """A refused sender is our own matter: the step stops with an alarm, and no acknowledgement is given up for it."""
    switch_on(place, server.port)
    mail_from(place, "ann", "bob")
    server.answer("mail", "550 5.7.60 not allowed to send as this sender")
    account = report(place)
    assert account["acknowledgements"] == {"sent": 0, "waiting": 2, "unsure": 0, "failed": 0}
    assert "takes no mail from this sender (550): check `from` and `envelope`" in account["alarms"][0]
    server.answer("mail", "")
    clock.forward(minutes=5)
    assert owed(place)["sent"] == 2


def test_a_server_that_is_down_is_an_alarm_and_no_error(here: Consultation, clock: Clock) -> None:
    """The run is balanced and ends with 0; the alarm stands in its report and in ``status`` until a run has sent."""
    with MailServer() as gone:
        port = gone.port
    switch_on(here, port)
    mail_from(here, "ann")
    done = here.run("email")
    account = done["channels"]["email"]
    assert (done["balanced"], account["error"], account["read"]) == (True, None, 1)
    assert account["acknowledgements"] == {"sent": 0, "waiting": 1, "unsure": 0, "failed": 0}
    said = f"Acknowledging stopped: 127.0.0.1 (port {port}) refused the connection"
    assert account["alarms"][0].startswith(said)
    assert states(here) == []
    with here.app() as app:
        assert app.status()["alarms"][0]["what"].startswith(said)
    with MailServer(port=port):
        assert owed(here)["sent"] == 1
    with here.app() as app:
        assert app.status()["alarms"] == []


def test_the_exit_code_and_the_words_of_a_server_that_is_down(place: Consultation) -> None:
    """The command ends with 0, says so in words, and names no respondent."""
    with MailServer() as gone:
        port = gone.port
    switch_on(place, port)
    mail_from(place, "ann")
    done = place.command("run")
    assert done.code == 0
    assert "Acknowledging stopped" in done.out
    assert "0 acknowledged, 1 to be acknowledged later" in done.out
    assert re.search(r"^ALARM: email, since .*Acknowledging stopped", place.command("status").out, re.MULTILINE)
    assert "ann@" not in done.out + done.err


@pytest.mark.parametrize("stage", ["rcpt", "data"])
def test_a_connection_lost_before_the_message_is_no_doubt(
    place: Consultation, clock: Clock, server: MailServer, stage: Any
) -> None:
    """Nothing of the message had left: a later run sends it."""
    switch_on(place, server.port)
    mail_from(place, "ann")
    server.answer(stage, [HANG_UP])
    assert "broke off" in report(place)["alarms"][0]
    assert states(place) == [("deferred", "not-offered")]
    clock.forward(minutes=5)
    assert owed(place)["sent"] == 1
    assert place.failures() == {}


def test_a_connection_lost_after_the_message_is_a_doubt(place: Consultation, clock: Clock, server: MailServer) -> None:
    """The server may have it, as this one has: it is never sent again by itself, and a person is told."""
    switch_on(place, server.port)
    mail_from(place, "ann", "bob")
    server.answer("content", [HANG_UP])
    account = report(place)
    assert account["acknowledgements"] == {"sent": 0, "waiting": 1, "unsure": 1, "failed": 0}
    assert "may or may not have gone out (receipt 1)" in account["alarms"][0]
    clock.forward(days=1)
    assert owed(place) == {"sent": 1, "waiting": 0, "unsure": 1, "failed": 0}
    assert [taken.recipients[0] for taken in server.taken] == ["ann@example.org", "bob@example.org"]
    assert place.failures() == {}


def test_cut_at_any_byte_nothing_is_sent_twice(place: Consultation, clock: Clock, server: MailServer) -> None:
    """Wherever the connection is cut: what the server took is sent or in doubt, and what it did not is not sent."""
    with Proxy(server.host, server.port) as proxy:
        switch_on(place, proxy.port, "since = 2011-01-24\nper_minute = 1000")
        for cut in range(0, 330, 22):
            proxy.cut_after = cut
            before = len(server.taken)
            name = f"n{cut}"
            mail_from(place, name)
            place.run("email")
            clock.forward(seconds=1)
            took = len(server.taken) - before
            (found,) = place.sql(
                "select coalesce(a.state, '-') from receipt r left join acknowledgement a on a.receipt_id = r.id"
                " order by r.id desc limit 1"
            )
            assert took <= 1, f"cut after {cut} bytes"
            assert (found in ("sent", "unsure")) if took else (found in ("-", "deferred", "unsure")), f"{cut}: {found}"
            if found in ("-", "deferred"):
                proxy.cut_after = None
                clock.forward(minutes=10)
                assert owed(place)["sent"] == 1, f"cut after {cut} bytes"
        recipients = [taken.recipients for taken in server.taken]
        assert len(set(recipients)) == len(recipients)
        assert {state for state, _ in states(place)} == {"sent", "unsure"}
    assert place.failures() == {}


def test_a_damaged_original_stops_nothing(place: Consultation, clock: Clock, server: MailServer) -> None:
    """A message whose stored bytes are gone is not acknowledged, and the others are."""
    mail_from(place, "ann", "bob")
    place.run("email")
    sha256 = next(r["original_sha256"] for r in place.responses("email") if r["name"] == "Ann")
    (place.home / "originals" / sha256[:2] / sha256[2:]).unlink()
    switch_on(place, server.port)
    assert owed(place) == {"sent": 1, "waiting": 1, "unsure": 0, "failed": 0}


def test_stopped_before_any_of_its_transactions_nothing_is_sent_twice(
    tmp_path: Path, empty_home: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wherever the program ends: what the server took is sent or in doubt, and what it did not take is sent later."""
    stops = Stops(monkeypatch)
    ended = []
    for stop in range(3, 16):
        here = Consultation(tmp_path / f"stop-{stop}", home=empty_home)
        with MailServer() as server:
            switch_on(here, server.port)
            mail_from(here, "ann", "bob")
            stops.left = stop
            with suppress(Stopped):
                here.run("email")
            stops.left = NEVER
            took = {taken.recipients[0] for taken in server.taken}
            here.run("email")
            recipients = [taken.recipients[0] for taken in server.taken]
            assert len(set(recipients)) == len(recipients), f"stopped before transaction {stop}"
            sure = here.sql("select address from acknowledgement where state = 'sent'")
            doubted = here.sql("select address from acknowledgement where state = 'unsure'")
            assert {*sure, *doubted} == {"ann@example.org", "bob@example.org"}
            assert took <= {*sure, *doubted}
            assert set(sure) <= set(recipients)
            ended.append(len(doubted))
            assert here.failures() == {}
    assert ended[-1] == 0
    assert ended.count(1) == 2


# --- killed, and twice at once ----------------------------------------------------------------------------------------


def test_killed_between_intent_and_answer_it_is_a_doubt_for_a_person(here: Consultation, server: MailServer) -> None:
    """kill -9 while the server has the message and has not answered: never sent again, until a person says so."""
    switch_on(here, server.port)
    here.configure("timeout_s = 5", "timeout_s = 60")
    mail_from(here, "ann")
    server.answer("content", ["hang"])
    process = start(here.command_line("run", "--channel", "email"), here.folder)
    assert server.hanging.wait(30)
    assert [state for state, _ in states(here)] == ["intended"]
    kill_group(process.pid)
    process.wait()
    account = report(here)
    assert account["acknowledgements"] == {"sent": 0, "waiting": 0, "unsure": 1, "failed": 0}
    assert states(here) == [("unsure", "broken-off")]
    with here.app() as app:
        assert "may or may not have gone out (receipt 1)" in app.status()["alarms"][0]["what"]
    assert len(server.taken) == 1
    here.decide(here.response("email")["reference"], "acknowledge")
    assert owed(here)["sent"] == 1
    assert len(server.taken) == 2
    assert here.failures() == {}


def test_a_doubt_that_a_person_settles_is_gone(place: Consultation, clock: Clock, server: MailServer) -> None:
    """It went out, or need not: nothing more is sent, and the alarm is gone."""
    switch_on(place, server.port)
    mail_from(place, "ann", "bob")
    server.answer("content", [HANG_UP, "550 no"])
    place.run("email")
    place.run("email")
    with place.app() as app:
        assert len(app.status()["alarms"]) == 2
    for reference in (row["reference"] for row in place.responses("email")):
        place.decide(reference, "acknowledged")
    clock.forward(days=1)
    assert owed(place) == {"sent": 0, "waiting": 0, "unsure": 0, "failed": 0}
    with place.app() as app:
        assert app.status()["alarms"] == []
    assert len(server.taken) == 1
    assert place.failures() == {}


def test_a_doubt_is_said_even_if_it_was_switched_off_since(
    place: Consultation, clock: Clock, server: MailServer
) -> None:
    """What a killed run left is put before a person, whatever the config says by now."""
    off = place.path.read_text()
    switch_on(place, server.port)
    mail_from(place, "ann")
    server.answer("content", [HANG_UP])
    place.run("email")
    place.tamper("update acknowledgement set state = 'intended'")
    place.path.write_text(off)
    account = report(place)
    assert account["acknowledgements"] is None
    assert "may or may not have gone out (receipt 1)" in account["alarms"][0]


def test_two_runs_at_once_send_one(place: Consultation, server: MailServer) -> None:
    """Runs that start together on one channel send each acknowledgement once."""
    switch_on(place, server.port)
    mail_from(place, "a", "b", "c", "d")
    processes = [start(place.command_line("run", "--channel", "email"), place.folder) for _ in range(2)]
    for process in processes:
        process.wait(60)
    place.run("email")
    assert sorted(taken.recipients[0][0] for taken in server.taken) == list("abcd")
    assert [state for state, _ in states(place)] == ["sent"] * 4


def test_a_run_beside_one_that_hangs_sends_nothing(here: Consultation, server: MailServer) -> None:
    """While one run waits for the server, another neither sends nor calls what is under way a doubt."""
    switch_on(here, server.port)
    here.configure("timeout_s = 5", "timeout_s = 2")
    mail_from(here, "ann", "bob")
    server.answer("content", ["hang"])
    thread = threading.Thread(target=lambda: here.run("email"))
    thread.start()
    assert server.hanging.wait(30)
    beside = here.run("email")
    assert beside["channels"]["email"]["acknowledgements"] is None
    assert [state for state, _ in states(here)] == ["intended"]
    thread.join(30)
    assert states(here) == [("unsure", "cut-off")]


# --- what people decide -----------------------------------------------------------------------------------------------


def refusal(act: Callable[[], object]) -> str:
    with pytest.raises(Refused) as refused:
        act()
    return str(refused.value)


def test_a_person_can_ask_for_one_that_was_held_back(place: Consultation, clock: Clock, server: MailServer) -> None:
    """Who wrote before it was on, or by a platform, is acknowledged when a person asks; a machine never is."""
    mail_from(place, "before")
    place.run("email")
    switch_on(place, server.port, "since = 2011-03-01T11:00:00Z")
    at = {"date": "Tue, 1 Mar 2011 12:00:00 +0000"}
    mail_from(place, "platform", headers="List-Unsubscribe: <https://example.net/x>", **at)
    mail_from(place, "noreply", **at)
    place.run("email")
    by_address = {r["email"]: r["reference"] for r in place.responses("email")}
    for name in ("before", "platform"):
        place.decide(by_address[f"{name}@example.org"], "acknowledge")
    said = refusal(lambda: place.decide(by_address["noreply@example.org"], "acknowledge"))
    assert "is never acknowledged: its sender's address is a machine's" in said
    assert owed(place)["sent"] == 2
    assert sorted(t.recipients[0] for t in server.taken) == ["before@example.org", "platform@example.org"]
    assert place.failures() == {}


def test_what_people_ask_for_is_no_way_around_at_most_once(
    place: Consultation, clock: Clock, server: MailServer
) -> None:
    """What is sent is neither sent again nor settled nor undone; a machine that was not looked at gets nothing."""
    switch_on(place, server.port)
    mail_from(place, "ann")
    place.run("email")
    assert "is sent already" in refusal(lambda: place.decide(1, "acknowledge"))
    assert "no acknowledgement to settle" in refusal(lambda: place.decide(1, "acknowledged"))
    place.mail("b.eml", headers="Auto-Submitted: auto-replied")
    place.mail("c.eml", headers="Return-Path: <>", date="Sat, 1 Jan 2011 10:00:00 +0000")
    place.survey("s.csv", ("R1", "2011-03-01T09:00:00Z", "Keep it.", "Yes"))
    place.run()
    assert "only a message that is read" in refusal(lambda: place.decide(2, "acknowledge"))
    assert "only a message that is read" in refusal(lambda: place.decide(4, "acknowledge"))
    assert "next run" in place.decide(3, "acknowledge")
    assert "is asked already" in refusal(lambda: place.decide(3, "acknowledge"))
    assert "no decision here to undo" in refusal(lambda: place.decide(3, "undo"))
    place.run("email")
    assert states(place)[1:] == [("skipped", "no-return")]
    assert len(server.taken) == 1
    assert place.failures() == {}


def test_it_changes_no_count_and_no_export(place: Consultation, clock: Clock, server: MailServer) -> None:
    """Acknowledging changes nothing of what is counted or handed on."""
    mail_from(place, "ann", "bob")
    place.run("email")
    before = place.export_bytes(".csv", everything=True)
    switch_on(place, server.port)
    account = report(place)
    assert place.export_bytes(".csv", everything=True) == before
    assert without({k: str(v) for k, v in account.items()}, "acknowledgements", "alarms")["read"] == "2"
    assert len(server.taken) == 2


# --- verify -----------------------------------------------------------------------------------------------------------


def test_verify_names_an_acknowledgement_that_was_changed_by_hand(
    here: Consultation, clock: Clock, server: MailServer
) -> None:
    """A row that is not as the ledger last said, or is gone, is named by its receipt."""
    switch_on(here, server.port)
    mail_from(here, "ann")
    here.run("email")
    (message_id,) = here.sql("select message_id from acknowledgement")
    for column, was, changed in (
        ("state", "sent", "unsure"), ("address", "ann@example.org", "eve@example.org"), ("attempts", 1, 2),
        ("message_id", message_id, "<x@example.org>"), ("asked", False, True), ("reference", None, "TST-00000-00000"),
    ):  # fmt: skip
        assert here.failures() == {}
        assert here.tamper(f"update acknowledgement set {column} = :to", to=changed) == 1
        assert here.failures() == {"acknowledgements": ["1"]}, column
        before = here.response("email")["reference"] if was is None else was
        here.tamper(f"update acknowledgement set {column} = :to", to=before)
    here.tamper("delete from acknowledgement")
    assert here.failures() == {"acknowledgements": ["1"]}


def test_verify_names_a_second_message_that_nobody_asked_for(
    place: Consultation, clock: Clock, server: MailServer
) -> None:
    """Even if the row and its entries are in order each by itself: sent is never followed by another intent."""
    switch_on(place, server.port)
    mail_from(place, "ann")
    place.run("email")
    with place.app() as app, app.database.write() as tx:
        (standing,) = acknowledgements.of_channel(tx, "email", ["sent"])
        acknowledgements.write(tx, 1, NOON, [replace(standing, state="deferred")])
        ledger.number_entries(tx)
    clock.forward(minutes=5)
    place.run("email")
    assert len(server.taken) == 2
    assert place.failures() == {"acknowledgements": ["1"]}
