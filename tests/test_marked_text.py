"""What marks do to a response: ``text``, ``text_cut``, contacts and places, each with its evidence."""

import pytest

from intake.wish import Action
from tests.support.consultation import Consultation, bundle, message

pytestmark = pytest.mark.usefixtures("warm_readers")

REPLY = "In-Reply-To: <question@council.example>"
ANSWERED = """\
I do not agree: Watton is the only one that a bus goes to.

--
Jo Marsh
3 Church Row, Dereham
IP25 6AA
01632 960111

On 4 Mar 2011 at 10:15, A Team <team@council.example> wrote:
> Would you use Dereham Central instead?
> Write to us at NR7 0AA or ring 01632 960222.

And I can't drive.
"""


def test_text_is_what_the_person_wrote_and_the_rest_is_counted(place: Consultation):
    """The spans between the marks are the text, in order; ``text_cut`` is the length of what is marked."""
    place.mail("1.eml", ANSWERED, headers=REPLY)
    place.run("email")
    response = place.response()
    assert response["text"] == ("I do not agree: Watton is the only one that a bus goes to.\n\nAnd I can't drive.")
    signature = ANSWERED[ANSWERED.index("--\n") : ANSWERED.index("\n\nOn 4")]
    quoted = ANSWERED[ANSWERED.index("On 4") : ANSWERED.index("\n\nAnd I")]
    assert int(response["text_cut"]) == len(signature) + len(quoted)
    assert response["needs"] == ""


def test_every_span_has_its_place_and_what_is_cut_is_shown(place: Consultation):
    """Trace gives the place and the words of each piece of the text, and of each piece that is not in it."""
    place.mail("1.eml", ANSWERED, headers=REPLY)
    place.run("email")
    response = place.response()
    found = place.trace(response["reference"])
    pieces = found["fields"]["text"]
    assert "\n\n".join(piece["quote"] for piece in pieces) == response["text"]
    assert all(piece["place"]["part"] == 1 for piece in pieces)
    assert [mark["kind"] for mark in found["marked"]] == ["signature", "quoted"]
    assert found["marked"][1]["quote"].startswith("On 4 Mar 2011")
    cut = found["fields"]["text_cut"]
    assert sum(int(piece["value"]) for piece in cut) == int(response["text_cut"])
    assert [piece["quote"] for piece in cut] == [mark["quote"] for mark in found["marked"]]
    shown = place.command("trace", response["reference"])
    assert "not in text, quoted" in shown.out
    assert place.failures() == {}


def test_a_signature_gives_contacts_and_a_quote_gives_none(place: Consultation):
    """The respondent's postcode and number may stand in the signature; those in quoted mail are somebody else's. A
    place in either is not one that is talked about."""
    place.mail("1.eml", ANSWERED, headers=REPLY)
    place.run("email")
    response = place.response()
    assert (response["postcode"], response["phone"]) == ("IP25 6AA", "+441632960111")
    assert response["places"] == "C1"
    offered = place.trace(response["reference"])["fields"]
    assert [piece["value"] for piece in offered["postcode"]] == ["IP25 6AA"]
    assert [piece["value"] for piece in offered["phone"]] == ["+441632960111"]


def test_what_is_in_doubt_is_whole_and_waits_for_a_person(place: Consultation):
    """Nothing of one's own above a quote: all of it is text, ``text_cut`` is 0, and ``needs`` says why."""
    quote = ANSWERED[ANSWERED.index("On 4") : ANSWERED.index("\n\nAnd I")]
    place.mail("1.eml", f"Dear Sir,\n\n{quote}\n", headers=REPLY)
    place.run("email")
    response = place.response()
    assert response["text"] == f"Dear Sir,\n\n{quote}"
    assert response["text_cut"] == "0"
    assert response["needs"] == "quoted?"
    assert place.trace(response["reference"])["marked"] == []
    assert place.failures() == {}


def test_verify_sees_a_count_without_its_places(place: Consultation):
    """A response that says something was cut, and not what, does not hold."""
    place.mail("1.eml", "Keep Watton open.")
    place.run("email")
    place.tamper("update response set text_cut = 7")
    assert place.response()["reference"] in place.failures()["evidence"]


def test_what_a_forwarded_message_quotes_is_marked_too(place: Consultation):
    """A message that one of ours forwards whole is read as any other."""
    place.put("inbox/1.eml", bundle(message(ANSWERED, headers=REPLY)))
    place.run("email")
    response = place.response()
    assert response["text"].endswith("And I can't drive.")
    assert "Dereham Central" not in response["text"]
    assert place.failures() == {}


def test_what_a_relayed_message_quotes_is_marked_too(place: Consultation):
    """A resident's answer that stands inside an officer's mail, with the officer's first mail below it."""
    inner = (
        "---------- Forwarded message ---------\nFrom: Jo Marsh <jo@example.org>\nDate: Fri, 4 Mar 2011 at 18:00\n"
        "Subject: Re: Have your say\nTo: A Team <team@council.example>\n\n"
        "I do not agree: Watton is the only one that a bus goes to.\n\n"
        "On 4 Mar 2011 at 10:15, A Team <team@council.example> wrote:\n> Would you use Dereham Central instead?\n"
    )
    place.mail("1.eml", f"One for us.\n\n{inner}", sender="An Officer <officer@council.example>", subject="Fwd: it")
    place.run("email")
    response = place.response()
    assert response["text"] == "I do not agree: Watton is the only one that a bus goes to."
    assert int(response["text_cut"]) > 0
    assert (response["email"], response["places"], response["needs"]) == ("jo@example.org", "C1", "")
    found = place.trace(response["reference"])
    assert found["fields"]["text"][0]["quote"] == response["text"]
    assert found["fields"]["text_cut"][0]["quote"].startswith("On 4 Mar 2011")
    assert place.failures() == {}


NOTE = (
    "Dear colleague,\n\nThese reached me by mistake, and I have told both of them that you will look after it. I met"
    " Mrs Marsh last week and she was rather cross about all of it, so please be quick.\n\n"
    "Kind regards,\n\nAn Officer\nHead of Children's Services\nTel 01603 111222\n\n"
)
PASSED_ON = (
    "From: {0}\nDate: Fri, 4 Mar 2011 at 18:00\nSubject: Re: Have your say\nTo: A Team <team@council.example>\n\n"
    "I do not agree: Watton is the only one that a bus goes to.\n\n"
    "Kind regards,\nJo Marsh\n14 High Street, NR17 1AA\n\n"
    "On 4 Mar 2011 at 10:15, A Team <team@council.example> wrote:\n> Would you use Dereham Central instead?\n"
)


def test_what_is_shown_as_marked_is_what_the_response_lacks(place: Consultation):
    """An officer's mail as a whole quotes what it passes on; of each message in it, its own quotes and signature are
    shown, and no other's."""
    inner = [PASSED_ON.format(who) for who in ("Jo Marsh <jo@example.org>", "Al Marsh <al@example.org>")]
    body = NOTE + "".join(f"---------- Forwarded message ---------\n{each}\n" for each in inner)
    place.mail("1.eml", body, sender="An Officer <officer@council.example>", subject="Fwd: two")
    place.run("email")
    for response in place.responses():
        assert response["text"].endswith("Kind regards,\nJo Marsh")
        traced = place.trace(response["reference"])
        assert [mark["kind"] for mark in traced["marked"]] == ["signature", "quoted"]
        assert [mark["place"] for mark in traced["marked"]] == [e["place"] for e in traced["fields"]["text_cut"]]
        assert sum(len(mark["quote"]) for mark in traced["marked"]) == int(response["text_cut"])
    assert place.failures() == {}


def test_what_is_quoted_in_a_message_that_was_passed_on_behind_quote_signs_is_marked(place: Consultation):
    """Apple's Mail forwards plain text with a quote sign before each line: what has one more is a quote in it."""
    body = "".join(f"> {line}\n" for line in PASSED_ON.format("Jo Marsh <jo@example.org>").split("\n"))
    place.mail("1.eml", f"{NOTE}Begin forwarded message:\n\n{body}", sender="An Officer <officer@council.example>")
    place.run("email")
    response = place.response()
    assert response["text"] == ("I do not agree: Watton is the only one that a bus goes to.\n\nKind regards,\nJo Marsh")
    assert (response["places"], response["postcode"], response["email"]) == ("C1", "NR17 1AA", "jo@example.org")
    marked = place.trace(response["reference"])["marked"]
    assert [mark["quote"].partition("\n")[0] for mark in marked] == [
        "14 High Street, NR17 1AA", "On 4 Mar 2011 at 10:15, A Team <team@council.example> wrote:"
    ]  # fmt: skip
    assert place.failures() == {}


@pytest.mark.parametrize(
    ("action", "value"), [("accept", ""), ("correct", "text=Keep it."), ("transcribe", "Keep it.")]
)
def test_a_person_who_looked_has_answered_what_was_in_doubt(place: Consultation, action: Action, value: str):
    """Whose words a text is, is settled by whoever confirms it or writes down which they are; until that is undone."""
    place.mail(
        "1.eml", "Yes\n\nOn 4 Mar 2011 at 10:15, A Team <team@council.example> wrote:\n> Would you?", headers=REPLY
    )
    place.run("email")
    before = place.response()
    assert before["needs"] == "quoted?"
    place.decide(before["reference"], action, value)
    assert place.response()["needs"] == ""
    assert place.failures() == {}
    place.decide(before["reference"], "undo")
    assert place.response() == before
