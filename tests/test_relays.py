"""Whose words a message holds: what officers forward, scanners send and voicemail brings; .msg files as messages."""

from datetime import UTC, datetime
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intake.errors import Refused
from intake.reading.forwards import find_inlined, unquoted, unquoted_places
from intake.reading.shares import find_attached, find_share
from tests.support import outlook
from tests.support.consultation import Consultation, bundle, message, pdf
from tests.support.documents import docx, form
from tests.test_attachments import WORD, mail

pytestmark = pytest.mark.usefixtures("warm_readers")

OFFICER = "An Officer <officer@council.example>"
GMAIL = """Two for you.

---------- Forwarded message ---------
From: Ann Resident <ann@example.org>
Date: Tue, 1 Mar 2011 at 10:00
Subject: Centres
To: <officer@council.example>


Keep Watton open.

---------- Forwarded message ---------
From: Bob <bob@example.org>
Date: Wed, 2 Mar 2011 at 11:30
Subject: Mine
To: <officer@council.example>

Close it.
"""
OUTLOOK = """For the consultation.

From: Cat <cat@example.org>
Sent: Tuesday, March 1, 2011 4:05 PM
To: An Officer
Subject: RE: Your letter

I answer as you asked.

From: An Officer [mailto:officer@council.example]
Sent: 28 February 2011 10:00
To: Cat
Subject: Your letter

Please tell us what you think.
"""
REPLIED = """See below.

-----Original Message-----
From: Dan [mailto:dan@example.org]
Sent: 01 March 2011 10:05
To: Eve
Subject: RE: RE: centres

I agree with Eve.

-----Original Message-----
From: Eve [mailto:eve@example.org]
Sent: 28 February 2011 10:05
To: Dan
Subject: RE: centres

I want it open.
"""
APPLE = """Begin forwarded message:

> From: Fay <fay@example.org>
> Subject: My view
> Date: 1 March 2011 10:00:00 GMT
> To: officer@council.example
>
> I want it open.
"""
GERMAN = """Zur Kenntnis

-----Ursprüngliche Nachricht-----
Von: Fritz Müller <fritz@example.org>
Gesendet: Dienstag, 1. März 2011 10:00
An: Amt
Betreff: Zentrum

Bitte das Zentrum offen lassen.
"""
FRENCH = """________________________________
De : Gaëlle <gaelle@example.org>
Envoyé : mardi 1 mars 2011 10:00
À : Mairie
Objet : Centre

Gardez-le ouvert.
"""
POLISH = """Od: Hanna <hanna@example.org>
Wysłano: wtorek, 1 marca 2011 10:00
Do: Urząd
Temat: Centrum

Zostawcie je otwarte.
"""


def texts(place: Consultation) -> dict[str, str]:
    return {row["email"]: row["text"] for row in place.responses()}


def test_messages_forwarded_in_the_text_are_responses_of_their_own(place: Consultation) -> None:
    """Of each way of forwarding: the inner sender responds, ours relays, what ours wrote around it is nobody's text."""
    for name, body in {"gmail": GMAIL, "outlook": OUTLOOK, "replied": REPLIED, "apple": APPLE, "german": GERMAN,
                       "french": FRENCH, "polish": POLISH}.items():  # fmt: skip
        place.mail(f"{name}.eml", body, sender=OFFICER, date="Thu, 3 Mar 2011 09:00:00 +0000")
    place.takes("email", received=7, read=7, responses=8)
    found = texts(place)
    assert found.pop("dan@example.org").startswith("I agree with Eve.")
    assert found.pop("cat@example.org").startswith("I answer as you asked.")
    assert found == {
        "ann@example.org": "Keep Watton open.",
        "bob@example.org": "Close it.",
        "fay@example.org": "I want it open.",
        "fritz@example.org": "Bitte das Zentrum offen lassen.",
        "gaelle@example.org": "Gardez-le ouvert.",
        "hanna@example.org": "Zostawcie je otwarte.",
    }
    assert {row["relayed_by"] for row in place.responses()} == {OFFICER}
    assert {row["received_at"] for row in place.responses()} == {"2011-03-03T09:00:00Z"}
    assert place.failures() == {}


@pytest.mark.parametrize(
    ("body", "at"),
    [
        (GMAIL[: GMAIL.rindex("---------- ")], "2011-03-01T10:00:00Z"),
        (GERMAN, "2011-03-01T10:00:00Z"),
        (FRENCH, "2011-03-01T10:00:00Z"),
        (POLISH, "2011-03-01T10:00:00Z"),
        (OUTLOOK, "2011-03-01T16:05:00Z"),
    ],
)
def test_when_it_was_sent_is_offered_and_every_place_is_true(place: Consultation, body: str, at: str) -> None:
    """The inner date is a suggestion with its place; every place names the characters of the outer message's text."""
    place.mail("a.eml", body, sender=OFFICER)
    place.takes("email", received=1, responses=1)
    fields = place.trace(place.response()["reference"])["fields"]
    assert at in [piece["value"] for piece in fields["received_at"]]
    placed = [piece for pieces in fields.values() for piece in pieces if piece["place"]]
    assert len(placed) >= 3
    for piece in placed:
        assert body[piece["place"]["start"] : piece["place"]["end"]].split() == piece["quote"].split()
        assert piece["place"]["part"] == 1


def test_what_anybody_else_forwards_is_one_response(place: Consultation) -> None:
    place.mail("a.eml", GMAIL, sender="A Resident <resident@example.org>")
    place.takes("email", received=1, responses=1)
    assert (place.response()["email"], place.response()["relayed_by"]) == ("resident@example.org", "")


def test_a_file_beside_one_forwarded_message_is_its_sender_s(place: Consultation) -> None:
    body = GERMAN.replace("Bitte das Zentrum offen lassen.", "Siehe Anlage.")
    content = mail((WORD, "a.docx", docx("Bitte das Zentrum offen lassen.")), body=body).replace(
        b"Jo Resident <jo@example.org>", OFFICER.encode()
    ).replace(b"text/plain", b"text/plain; charset=utf-8")  # fmt: skip
    place.put("inbox/a.eml", content)
    place.takes("email", received=1, responses=1)
    assert place.response()["text"] == "Siehe Anlage.\n\nBitte das Zentrum offen lassen."
    assert place.response()["email"] == "fritz@example.org"


@given(st.text(alphabet="From:ToSentSubject <a@b.c>\n->*_", max_size=300))
def test_what_is_found_inside_a_text_stands_in_it_in_order(text):
    found = find_inlined(text)
    assert all(m.head_start <= m.start <= m.end <= len(text) for m in found)
    assert all(a.end <= b.head_start for a, b in pairwise(found))


# --- scanners and voicemail ------------------------------------------------------------------------------------------


@pytest.fixture
def office(place: Consultation) -> Consultation:
    """A consultation whose copier and telephone system send mail."""
    place.configure(
        'forwarders = ["@council.example"]',
        'forwarders = ["@council.example"]\nscanners = ["scanner@council.example"]\n'
        'voicemail = ["voicemail@phones.example"]',
    )
    return place


def test_each_file_of_a_scanner_is_a_letter_and_the_scanner_is_nobody(office: Consultation) -> None:
    """The letter had come before it was scanned: the message's time is the latest possible, and never proves late."""
    content = mail(
        ("application/pdf", "1.pdf", pdf("Dear council, keep Watton open.", "Yours, Ann")),
        ("application/pdf", "2.pdf", pdf("Close it. Bob")),
        ("application/pdf", "3.pdf", b"%PDF-1.4 cut"),
        body="This E-mail was sent from RNP0026 (MP C4503). Please do not reply.",
    )
    machine = b"Auto-Submitted: auto-replied\r\nFrom: Copier <scanner@council.example>"
    content = content.replace(b"From: Jo Resident <jo@example.org>", machine)
    office.put("inbox/a.eml", content.replace(b"1 Mar 2011", b"1 Jun 2011"))
    office.takes("email", received=1, read=1, responses=3)
    rows = sorted(office.responses(), key=lambda row: row["text"], reverse=True)
    assert [row["text"] for row in rows] == ["Dear council, keep Watton open.\n\nYours, Ann", "Close it. Bob", ""]
    assert [row["pages"] for row in rows] == ["1-2", "1", ""]
    assert {(row["name"], row["email"], row["relayed_by"]) for row in rows} == {("", "", "")}
    assert {(row["received_at"], row["received_basis"], row["late"]) for row in rows} == {
        ("2011-06-01T10:00:00Z", "scan", "")
    }
    assert rows[0]["needs"] == "received-date"
    assert rows[2]["needs"].split(";") == ["attachment", "received-date"]
    assert office.failures() == {}


SPOKEN = (
    "You received a voice mail from 01632 960 001.\nDuration: 0:12\nTranscript: Please keep Watton open.\nThank you."
)
SILENT = (
    "You have received a new voice message.\nCaller: 01632 960 002\nDuration: 0:12\nTo listen, open the attachment.\n"
)


def test_a_voicemail_is_its_transcript_and_its_caller(office: Consultation) -> None:
    """The telephone system is never the respondent; without a transcript a person listens."""
    for name, body in (("spoken", SPOKEN), ("silent", SILENT)):
        content = mail(("audio/mpeg", "a.mp3", b"ID3" + b"x" * 500), body=body)
        office.put(
            f"inbox/{name}.eml", content.replace(b"Jo Resident <jo@example.org>", b"VM <voicemail@phones.example>")
        )
    office.takes("email", received=2, read=2, responses=2)
    silent, spoken = sorted(office.responses(), key=lambda row: row["text"])
    assert (spoken["text"], spoken["method"]) == ("Please keep Watton open.\nThank you.", "transcript")
    assert (spoken["phone"], spoken["email"], spoken["name"]) == ("+441632960001", "", "")
    assert "transcription" not in spoken["needs"]
    assert (silent["text"], silent["phone"]) == ("", "+441632960002")
    assert "transcription" in silent["needs"].split(";")
    assert office.failures() == {}


@given(st.text("> \n\tab", max_size=40))
def test_each_character_without_quote_signs_knows_its_place(text: str) -> None:
    plain, places = unquoted_places(text)
    assert plain == unquoted(text)
    assert "".join(text[place] for place in places[:-1]) == plain
    assert all(a < b for a, b in pairwise(places))
    assert places[-1] == len(text)


def test_a_file_added_to_a_scanner_s_mail_is_of_its_letter(office: Consultation) -> None:
    """A damaged scan gets its good copy, and a scanner's mail without one its letter: the response stays one, and the
    file can be taken back."""
    scanned = {"damaged": mail(("application/pdf", "1.pdf", b"%PDF-1.4 cut"), body="1 page"), "none": mail(body="Scan")}
    for name, content in scanned.items():
        office.put(f"inbox/{name}.eml", content.replace(b"jo@example.org", b"scanner@council.example"))
    office.takes("email", received=2, read=2, responses=2)
    before = {row["source"]: row for row in office.responses()}
    assert {(row["name"], row["email"]) for row in before.values()} == {("", "")}
    assert {name: row["needs"] for name, row in before.items()} == {"damaged.eml": "attachment", "none.eml": "fetch"}
    office.put("good.pdf", pdf("Keep Watton open."))
    office.put("cut.pdf", b"%PDF-1.4 cut")
    for row in before.values():
        office.decide(row["reference"], "add", str(office.folder / "cut.pdf"))
        assert "attachment" in next(r["needs"] for r in office.responses() if r["reference"] == row["reference"])
        office.decide(row["reference"], "undo")
        office.decide(row["reference"], "add", str(office.folder / "good.pdf"))
    assert [(row["text"], row["needs"]) for row in office.responses()] == [("Keep Watton open.", "")] * 2
    assert office.failures() == {}
    for row in before.values():
        office.decide(row["reference"], "undo")
    assert {row["source"]: row for row in office.responses()} == before
    assert office.failures() == {}


def test_a_transcript_added_to_a_voicemail_is_its_words(office: Consultation) -> None:
    content = mail(("audio/mpeg", "a.mp3", b"ID3" + b"x" * 500), body=SILENT)
    office.put("inbox/a.eml", content.replace(b"jo@example.org", b"voicemail@phones.example"))
    office.takes("email", received=1, read=1, responses=1)
    before = office.response()
    office.put("heard.txt", b"Keep Watton open.")
    office.decide(1, "add", str(office.folder / "heard.txt"))
    row = office.response()
    assert (row["text"], row["places"], row["phone"]) == ("Keep Watton open.", "C1", "+441632960002")
    assert "transcription" not in row["needs"].split(";")
    office.decide(1, "undo")
    assert office.response() == before
    assert office.failures() == {}


# --- Outlook's own files ---------------------------------------------------------------------------------------------


def test_an_outlook_message_is_a_message(place: Consultation) -> None:
    """Its sender, date, words and files are read as those of any message; it is screened like one."""
    files = [outlook.attached("a.docx", docx("And the bus."))]
    place.put("inbox/a.msg", outlook.simple("Keep it open.", files=files).bytes())
    header = "Auto-Submitted: auto-replied\r\nFrom: M <m@example.org>\r\nDate: Tue, 1 Mar 2011 10:00:00 +0000\r\n"
    place.put("inbox/b.msg", outlook.simple("I am away.", more={0x007D: header}).bytes())
    place.put("inbox/c.msg", outlook.simple("Cut off.").bytes()[:700])
    place.takes("email", received=3, read=1, set_aside=1, quarantined=1, responses=1)
    row = place.response()
    assert row["text"] == "Keep it open.\n\nAnd the bus."
    assert (row["email"], row["name"], row["received_at"], row["received_basis"]) == (
        "resident@example.org", "A Resident", "2011-03-01T10:00:00Z", "date_header",
    )  # fmt: skip
    assert row["reader_version"].startswith("outlook 1, mime")
    assert place.item("set_aside")["reason"] == "auto-reply"
    assert place.failures() == {}


def test_messages_inside_an_outlook_message_are_responses_if_one_of_ours_forwards_them(place: Consultation) -> None:
    inner = [outlook.inside(outlook.simple(f"I am {n}.", sender=f"{n}@example.org", name=n)) for n in ("ann", "bob")]
    made = outlook.simple("See these.", sender="officer@council.example", name="An Officer", files=inner)
    place.put("inbox/a.msg", made.bytes())
    place.takes("email", received=1, read=1, responses=2)
    assert texts(place) == {"ann@example.org": "I am ann.", "bob@example.org": "I am bob."}
    assert {row["relayed_by"] for row in place.responses()} == {OFFICER}


def test_an_outlook_message_without_text_is_read_from_its_html_or_its_rtf(place: Consultation) -> None:
    rtf = b"{\\rtf1\\ansi\\fromhtml1 {\\*\\htmltag64 <p>}Keep it {\\*\\htmltag84 <b>}open\\htmlrtf x\\htmlrtf0 .\\par}"
    packed = len(rtf).to_bytes(4, "little")
    stored = (len(rtf) + 12).to_bytes(4, "little") + packed + b"MELA" + b"\0" * 4 + rtf
    place.put("inbox/a.msg", outlook.simple("", sender="a@x.org", more={0x1013: "<p>Hello, café</p>".encode()}).bytes())
    place.put("inbox/b.msg", outlook.simple("", sender="b@x.org", more={0x1009: stored}).bytes())
    place.takes("email", received=2, read=2)
    assert texts(place) == {"a@x.org": "Hello, café", "b@x.org": "Keep it open."}


# --- what is somewhere else ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "Please find attached our response.", "See attached.", "I attach my letter", "I've attached the form",
        "Our views are attached.", "Attached is my letter", "We are attaching a petition", "Please see the attachment",
        "Hello,\nattached\n", "My response is attached to this email",
    ],
)  # fmt: skip
def test_words_that_say_that_something_is_attached(text):
    assert find_attached(text)


@pytest.mark.parametrize(
    "text",
    [
        "I am very attached to our centre", "The nursery is attached to the school", "We attach great importance to it",
        "Attachment theory matters", "secure attachment between mother and baby", "The attached nursery is closing",
        "children become attached", "the conditions attached to the grant", "no strings attached",
        "Our form is attached to the school's notice board", "She has attachment issues",
    ],
)  # fmt: skip
def test_words_that_do_not(text):
    assert not find_attached(text)


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        ("https://we.tl/t-abc", True),
        ("https://council.sharepoint.com/:w:/s/x", True),
        ("https://eur01.safelinks.protection.outlook.com/?url=https%3A%2F%2Fwe.tl%2Ft-x&data=1", True),
        ("https://urldefense.com/v3/__https://www.dropbox.com/s/abc/x.pdf__;!!", True),
        ("https://protect-eu.mimecast.com/s/abc?domain=bbc.co.uk", False),
        ("https://www.norfolk.gov.uk/centres", False),
        ("I met her at https://example.org/we.tl/", False),
    ],
)
def test_links_to_shares_and_portals(text, is_one):
    assert bool(find_share(text)) is is_one


def test_what_is_elsewhere_needs_fetching_and_what_is_quoted_or_there_does_not(place: Consultation) -> None:
    place.mail("link.eml", "My response is at https://we.tl/t-abc", sender="link@x.org")
    place.mail("missing.eml", "Please find attached my response.", sender="missing@x.org")
    place.put("inbox/there.eml", mail((WORD, "a.docx", docx()), body="Please find attached my response."))
    place.mail("fond.eml", "We are very attached to our centre.", sender="fond@x.org")
    html = '<p>My response is <a href="https://we.tl/t-abc">here</a>.</p>'
    place.put("inbox/html.eml", message(html, sender="html@x.org").replace(b"text/plain", b"text/html"))
    place.takes("email", received=5, responses=5)
    needs = {row["email"]: row["needs"] for row in place.responses()}
    assert needs == {"link@x.org": "fetch", "missing@x.org": "fetch", "jo@example.org": "", "fond@x.org": "",
                     "html@x.org": "fetch"}  # fmt: skip


# --- forms -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("way", ["mail", "letter"])
def test_a_filled_form_gives_answers(place: Consultation, way: str) -> None:
    """Fields that a question knows are its answers; the others are lines of the text; monitoring is kept apart."""
    made = form(other="Buses matter.")
    if way == "mail":
        place.put("inbox/a.eml", mail(("application/pdf", "form.pdf", made), body=""))
    else:
        place.put("letters/a.pdf", made)
    place.takes("email" if way == "mail" else "letters", received=1, responses=1)
    row = place.response()
    assert (row["answer.structure"], row["answer.agree"]) == ("Keep Watton open.", "Yes")
    assert row["text"] == "Keep Watton open.\n\nOther: Buses matter."
    assert (row["places"], row["method"]) == ("C1", "form")
    traced = place.trace(row["reference"])
    [answer] = traced["fields"]["answer.structure"]
    assert (answer["method"], answer["value"], answer["quote"]) == ("form", "Keep Watton open.", "Keep Watton open.")
    assert place.sql("select question, answer from monitoring_answer") == [("background", "That")]
    assert "That" not in row["text"]
    assert place.failures() == {}


def test_a_choice_that_is_no_option_is_for_a_person(place: Consultation) -> None:
    place.put("letters/a.pdf", form().replace(b"/Yes", b"/Yep"), datetime(2011, 3, 1, tzinfo=UTC))
    place.takes("letters", received=1, responses=1)
    row = place.response()
    assert row["answer.agree"] == ""
    assert row["needs"] == "conflict"
    assert "Yep" in row["text"]


# --- a file that a person adds ---------------------------------------------------------------------------------------


def test_a_person_adds_the_file_that_a_message_pointed_to(here: Consultation) -> None:
    """It is an original of the same receipt, read with the message, in the history, and can be taken back."""
    here.mail("a.eml", "My response is at https://we.tl/t-abc")
    here.takes("email", received=1, responses=1)
    before = here.response()
    assert before["needs"] == "fetch"
    added = here.put("fetched/my response.docx", docx("Keep Dereham open."))
    done = here.command("decide", "1", "add", "--value", str(here.folder / "fetched/my response.docx"))
    assert (done.code, done.err) == (0, "")
    row = here.response()
    assert row["text"] == "My response is at https://we.tl/t-abc\n\nKeep Dereham open."
    assert (row["needs"], row["places"], row["reference"], row["version"]) == ("", "C2", before["reference"], "2")
    traced = here.trace(row["reference"])
    [receipt] = traced["receipts"]
    assert [here.original(o["sha256"]) == added for o in receipt["originals"]] == [False, True]
    assert all(o["intact"] is True for o in receipt["originals"])
    assert "add" in [entry.get("action") for entry in traced["history"]]
    assert "my response" not in str(traced["history"])
    with pytest.raises(Exception, match="this very file already"):
        here.decide(1, "add", str(here.folder / "fetched/my response.docx"))
    assert here.failures() == {}

    here.decide(row["reference"], "undo")
    back = here.response()
    assert back == before
    assert len(here.trace(row["reference"])["receipts"][0]["originals"]) == 1
    assert here.failures() == {}


def test_what_people_wrote_stays_when_a_file_is_added(place: Consultation) -> None:
    place.mail("a.eml", "My response is at https://we.tl/t-abc")
    place.takes("email", received=1, responses=1)
    place.decide(place.response()["reference"], "correct", "name=Ann Other")
    place.put("f.pdf", pdf("Close it."))
    place.decide(1, "add", str(place.folder / "f.pdf"))
    row = place.response()
    assert (row["name"], row["text"].split("\n\n")[1]) == ("Ann Other", "Close it.")
    assert place.failures() == {}


def test_a_file_added_to_what_is_quarantined_makes_it_a_response(place: Consultation) -> None:
    place.put("letters/a.pdf", b"%PDF-1.4 cut")
    place.takes("letters", received=1, quarantined=1)
    place.put("again.pdf", pdf("Close it."))
    place.decide(1, "add", str(place.folder / "again.pdf"))
    assert place.response()["text"] == "Close it."
    place.decide(1, "undo")
    assert place.responses() == []
    assert place.item("quarantined")["receipt"] == 1
    assert place.failures() == {}


def test_adding_a_file_takes_away_nothing_that_other_items_said(place: Consultation) -> None:
    """What bulk headers, and a message that is named, gave a response to look at is still to be looked at."""
    place.mail("1.eml", headers="Message-ID: <first@example.org>")
    bulk = "List-Unsubscribe: <https://post.example/out>\nPrecedence: bulk\nIn-Reply-To: <first@example.org>"
    place.mail("2.eml", "I want Watton open. See https://we.tl/t-abc", sender="R <r@post.example>", headers=bulk)
    place.takes("email", received=2, responses=2)
    before = place.responses()
    assert "fetch;follow-up?;genuine?" in {row["needs"] for row in before}
    place.put("f.pdf", pdf("Close Dereham."))
    place.decide(2, "add", str(place.folder / "f.pdf"))
    assert "follow-up?;genuine?" in {row["needs"] for row in place.responses()}
    place.decide(2, "undo")
    assert place.responses() == before
    assert place.failures() == {}


def test_a_message_that_is_added_is_read_as_one(place: Consultation) -> None:
    """What it quotes is marked as long as it is there; whose words it carries in messages of its own, a person says."""
    place.mail("a.eml", "My response is at https://we.tl/t-abc")
    place.takes("email", received=1, responses=1)
    before = place.response()
    place.put("b.eml", message("I want Watton open.\n\nOn 1 Mar 2011 at 09:00, A <a@council.example> wrote:\n> Well?"))
    place.put("c.eml", bundle(message("Close it.")))
    place.decide(1, "add", str(place.folder / "b.eml"))
    row = place.response()
    assert (row["text"].split("\n\n")[1], row["needs"]) == ("I want Watton open.", "")
    assert [mark["kind"] for mark in place.trace(1)["marked"]] == ["quoted"]
    place.decide(1, "add", str(place.folder / "c.eml"))
    assert place.response()["needs"] == "attachment"
    assert place.failures() == {}
    for _ in range(2):
        place.decide(1, "undo")
    assert place.response() == before
    assert place.trace(1)["marked"] == []
    assert place.failures() == {}


def test_a_second_file_added_to_what_was_quarantined_can_be_taken_back(place: Consultation) -> None:
    place.put("letters/a.pdf", b"%PDF-1.4 cut")
    place.takes("letters", received=1, quarantined=1)
    for name in ("1", "2"):
        place.put(f"{name}.pdf", pdf(f"Page {name} is about Watton."))
    place.decide(1, "add", str(place.folder / "1.pdf"))
    before = place.response()
    place.decide(1, "add", str(place.folder / "2.pdf"))
    assert (before["version"], place.response()["version"]) == ("1", "2")
    place.decide(1, "undo")
    assert place.response() == before
    assert place.failures() == {}


def test_where_nothing_can_be_read_no_file_is_added_or_taken_back(place: Consultation) -> None:
    """What is added is read with the rest at once, so that the words of a response are never other than it says."""
    place.mail("a.eml", "My response is at https://we.tl/t-abc")
    place.takes("email", received=1, responses=1)
    place.put("f.pdf", pdf("Close it."))
    with place.nothing_opened(), pytest.raises(Refused, match="Nothing can be read here now"):
        place.decide(1, "add", str(place.folder / "f.pdf"))
    place.decide(1, "add", str(place.folder / "f.pdf"))
    added = place.response()
    with place.nothing_opened(), pytest.raises(Refused, match="Nothing can be read here now"):
        place.decide(1, "undo")
    assert place.response() == added
    assert place.failures() == {}


@pytest.mark.parametrize("value", ["nowhere.pdf", "", "."])
def test_no_file_is_nothing_to_add(place: Consultation, value: str) -> None:
    place.mail("a.eml")
    place.takes("email", received=1)
    with pytest.raises(Exception, match="--value"):
        place.decide(1, "add", value)


def test_whose_file_it_is_among_several_responses_can_t_be_said(place: Consultation) -> None:
    place.put("inbox/a.eml", bundle(message("One."), message("Two.")))
    place.takes("email", received=1, responses=2)
    place.put("f.pdf", pdf("Close it."))
    with pytest.raises(Exception, match="several responses"):
        place.decide(place.responses()[0]["reference"], "add", str(place.folder / "f.pdf"))


def test_what_went_through_two_of_ours_is_the_resident_s(place: Consultation) -> None:
    """An officer who forwards what another forwarded, whole or in the text, is no respondent, nor is the other."""
    within = bundle(message("I am Ann.", sender="ann@example.org"), sender="B <b@council.example>")
    place.put("inbox/whole.eml", bundle(within.replace(b"cut", b"inner")))
    second = "---------- Forwarded message ---------\nFrom: B <b@council.example>\nDate: Tue, 1 Mar 2011 at 12:00\n"
    place.mail("text.eml", f"{second}Subject: Fwd\n\nAs promised.\n\n{GMAIL}", sender=OFFICER)
    place.put("inbox/mixed.eml", bundle(message(GERMAN, sender="B <b@council.example>")))
    place.takes("email", received=3, read=3, responses=4)
    emails = sorted(row["email"] for row in place.responses())
    assert emails == ["ann@example.org", "ann@example.org", "bob@example.org", "fritz@example.org"]
    assert place.failures() == {}
    for row in place.responses():
        fields = place.trace(row["reference"])["fields"]
        assert fields["text"][0]["value"].strip() == row["text"]


def test_a_machine_s_message_that_is_forwarded_is_looked_at(place: Consultation) -> None:
    """Whatever one of ours passes on is a response; a rule's doubt about it is shown."""
    away = message("I am away.", subject="Automatic reply: Centres", headers="Auto-Submitted: auto-replied")
    place.put("inbox/a.eml", bundle(message("Keep it."), away))
    place.takes("email", received=1, read=1, responses=2)
    assert {row["text"]: row["needs"] for row in place.responses()} == {"Keep it.": "", "I am away.": "genuine?"}
    doubted = next(row for row in place.responses() if row["needs"])
    [said] = place.trace(doubted["reference"])["fields"]["needs"]
    assert said["quote"] == "auto-reply: Auto-Submitted: auto-replied (RFC 3834)"
    assert place.failures() == {}


def test_a_message_that_a_resident_attaches_is_shown_to_a_person(place: Consultation) -> None:
    place.put("inbox/a.eml", bundle(message("One."), sender="resident@example.org"))
    place.takes("email", received=1, responses=1)
    assert place.response()["needs"] == "attachment"
