"""What messages say of each other, whatever the order in which they came: follow-ups, and what one service sent."""

import itertools

import pytest

from storage import mailkeys
from tests.support.consultation import Consultation, bundle, message

pytestmark = pytest.mark.usefixtures("warm_readers")

FIRST = "Message-ID: <first@example.org>"
REPLY = "Message-ID: <second@example.org>\nIn-Reply-To: <first@example.org>"
TOPIC = "Keep Watton. I go there every week."
ADVERT = "Toner and paper at the best prices. Free delivery. Order now at our shop."


def bulk(service: str, *, sender: str = "", tag: str = "1") -> dict[str, str]:
    """The fields of bulk mail that this service sent out."""
    return {
        "sender": sender or f"News <news@{service}>",
        "headers": f"Message-ID: <{tag}@{service}>\nList-Unsubscribe: <https://{service}/out>\nPrecedence: bulk",
    }


def needs(made: Consultation) -> dict[str, list[str]]:
    """What each email response still needs, by the file that it came in."""
    return {row["source"]: [n for n in row["needs"].split(";") if n] for row in made.responses("email")}


def reference(made: Consultation, source: str) -> str:
    return next(row["reference"] for row in made.responses("email") if row["source"] == source)


def shown(made: Consultation, source: str) -> list[tuple[str, str]]:
    """The evidence for a response's needs: value and quote, sorted."""
    found = made.trace(reference(made, source))["fields"].get("needs", [])
    return sorted((piece["value"], piece["quote"]) for piece in found)


# --- follow-ups -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("runs", [[("a", "b")], [("a",), ("b",)], [("b",), ("a",)]], ids=["at once", "in turn", "back"])
def test_a_follow_up_is_found_in_any_order(here: Consultation, runs: list[tuple[str, ...]]) -> None:
    """A response whose message names another that is here needs a look, and the trace says which one it names, whether
    it came after that one, with it, or before it. Only the one that names is marked."""
    for names in runs:
        for name in names:
            here.mail(f"{name}.eml", TOPIC, headers={"a": FIRST, "b": REPLY}[name])
        here.run("email")
    assert needs(here) == {"a.eml": [], "b.eml": ["follow-up?"]}
    (piece,) = here.trace(reference(here, "b.eml"))["fields"]["needs"]
    assert piece["value"] == f"follow-up? {reference(here, 'a.eml')}"
    assert piece["quote"] == "<first@example.org>"
    assert piece["place"]["part"] == 0
    assert here.failures() == {}
    before = here.export()
    here.run("email")
    assert here.export() == before


def test_references_name_several(place: Consultation) -> None:
    """References name the messages of a whole thread: each that is here is shown, and those that are not are not."""
    place.mail("c.eml", TOPIC, headers="References: <first@example.org> <gone@example.org>\n <second@example.org>")
    place.mail("b.eml", TOPIC, headers="Message-ID: <second@example.org>")
    place.run("email")
    place.mail("a.eml", TOPIC, headers=FIRST)
    place.run("email")
    assert shown(place, "c.eml") == sorted(
        [(f"follow-up? {reference(place, 'a.eml')}", "<first@example.org>"),
         (f"follow-up? {reference(place, 'b.eml')}", "<second@example.org>")]
    )  # fmt: skip
    assert needs(place)["c.eml"] == ["follow-up?"]
    assert place.failures() == {}


@pytest.mark.parametrize(
    "headers",
    ["Message-ID: <a@b>\nIn-Reply-To: <a@b>", "In-Reply-To: <nobody@example.org>", "In-Reply-To: the letter you sent",
     "References: first@example.org", "In-Reply-To: <>", "Message-ID: <first@example.org>"],
)  # fmt: skip
def test_what_names_no_other_message_here(place: Consultation, headers: str) -> None:
    """A message that names itself, or one that is not here, or none, is no follow-up."""
    place.mail("a.eml", TOPIC, headers=FIRST)
    place.mail("b.eml", "I go to Dereham.", headers=headers)
    place.run("email")
    assert needs(place) == {"a.eml": [], "b.eml": []}


def test_an_answer_to_our_own_message_is_no_follow_up(place: Consultation) -> None:
    """What answers the council's call for answers, which its mailbox holds too, is an answer and no follow-up."""
    place.mail("call.eml", "Have your say.", sender="Office <office@council.example>", headers=FIRST)
    place.mail("b.eml", TOPIC, headers=REPLY)
    place.run("email")
    assert needs(place)["b.eml"] == []


def test_forwarded_messages_name_and_are_named(place: Consultation) -> None:
    """A message forwarded in a bundle is found by its own id, and its own reply is a follow-up."""
    inner = message(TOPIC, headers=FIRST), message("And Dereham.", headers="In-Reply-To: <third@example.org>")
    place.put("inbox/bundle.eml", bundle(*inner))
    place.mail("b.eml", TOPIC, headers=REPLY)
    place.mail("c.eml", TOPIC, headers="Message-ID: <third@example.org>")
    place.run("email")
    marked = {row["text"]: row["needs"] for row in place.responses("email") if row["source"] == "bundle.eml"}
    assert marked == {TOPIC: "", "And Dereham.": "follow-up?"}
    assert needs(place)["b.eml"] == ["follow-up?"]
    assert place.failures() == {}


def test_a_reply_to_what_is_set_aside(place: Consultation) -> None:
    """Who follows up a message that was set aside is shown its receipt; overturned, both are responses."""
    place.mail("a.eml", "Away.", headers=f"{FIRST}\nAuto-Submitted: auto-replied")
    place.mail("b.eml", TOPIC, headers=REPLY)
    place.run("email")
    receipt = place.item("set_aside")["receipt"]
    assert shown(place, "b.eml") == [(f"follow-up? receipt {receipt}", "<first@example.org>")]
    place.decide(receipt, "overturn")
    assert needs(place) == {"a.eml": [], "b.eml": ["follow-up?"]}
    assert place.failures() == {}


def test_a_person_s_word_stays_on_top(place: Consultation) -> None:
    """A follow-up that is found after a person corrected the response changes nothing of what the person wrote."""
    place.mail("b.eml", TOPIC, headers=REPLY)
    place.run("email")
    name = reference(place, "b.eml")
    place.decide(name, "correct", "name=Ann")
    place.mail("a.eml", TOPIC, headers=FIRST)
    place.run("email")
    row = place.export()[0] if place.export()[0]["reference"] == name else place.export()[1]
    assert (row["name"], row["needs"]) == ("Ann", "follow-up?")
    place.decide(name, "undo")
    assert needs(place)["b.eml"] == ["follow-up?"]
    assert place.failures() == {}


def test_an_answer_to_our_acknowledgement_is_a_follow_up(here: Consultation) -> None:
    """Who answers what we sent about their message follows that message up, also if it had no id of its own."""
    here.mail("a.eml", TOPIC)
    here.run("email")
    (receipt,) = here.receipts("email")
    with here.app() as app, app.database.write() as tx:
        for _ in range(2):
            mailkeys.add_sent(tx, receipt["id"], 0, "<ack-1@council.example>")
    here.mail("b.eml", "And Dereham.", headers="In-Reply-To: <ack-1@council.example>")
    here.run("email")
    assert needs(here) == {"a.eml": [], "b.eml": ["follow-up?"]}
    assert shown(here, "b.eml") == [(f"follow-up? {reference(here, 'a.eml')}", "<ack-1@council.example>")]


def test_a_very_long_id_is_found_too(here: Consultation) -> None:
    """An id that is longer than an index takes is found all the same."""
    long = f"<{'é' * 700}@example.org>"
    here.mail("a.eml", TOPIC, headers=f"Message-ID: {long}")
    here.mail("b.eml", TOPIC, headers=f"In-Reply-To: {long}")
    here.run("email")
    assert needs(here) == {"a.eml": [], "b.eml": ["follow-up?"]}


def test_one_look_up_a_batch(place: Consultation) -> None:
    """Follow-ups are looked for by an index, once for each batch: neither table is read through."""
    with place.app() as app, app.database.read() as tx:
        query = (
            "explain query plan select 1 from mail_key a, mail_key b where a.value in ('<a@b>', '<c@d>')"
            " and a.kind = 'names' and b.kind in ('id', 'sent') and b.value = a.value"
        )
        plan = [row[3] for row in tx.exec_driver_sql(query)]
    assert len(plan) == 2
    assert all(step.startswith("SEARCH") and "ix_mail_key (kind=? AND value=?)" in step for step in plan)


# --- advertising ------------------------------------------------------------------------------------------------------

ARRIVALS = {
    "advert.eml": (ADVERT, bulk("platform.example")),
    "petition.eml": (TOPIC, bulk("platform.example", tag="2", sender="Jo Catchpole <jo@home.example>")),
    "second.eml": (f"{ADVERT} Paper too.", {**bulk("platform.example", tag="3"), "sender": "N <n@relay.example>"}),
    "other.eml": (f"{ADVERT} And ink.", bulk("toner.example", tag="4")),
}


@pytest.mark.parametrize("order", list(itertools.permutations(["advert.eml", "petition.eml", "other.eml"]))[::2])
def test_advertising_in_any_order(place: Consultation, order: tuple[str, ...]) -> None:
    """What may be advertising is set aside only while nothing else from its service is a response: once a resident
    writes through it, it counts and needs a look, whichever came first."""
    for name in order:
        words, fields = ARRIVALS[name]
        place.mail(name, words, **fields)
        place.run("email")
    assert needs(place) == {"advert.eml": ["genuine?"], "petition.eml": ["genuine?"]}
    aside = place.item("set_aside")
    assert aside["reason"] == "marketing"
    assert "List-Unsubscribe" in aside["next"]
    assert "toner.example" in aside["next"]
    assert any("platform.example" in quote for _, quote in shown(place, "advert.eml"))
    assert place.failures() == {}
    assert place.run("email")["channels"]["email"]["set_aside"] == 1


def test_advertising_all_at_once(here: Consultation) -> None:
    """The same in one batch, on both databases: the accounts of the run are those after the last word."""
    for name, (words, fields) in ARRIVALS.items():
        here.mail(name, words, **fields)
    here.takes("email", received=4, read=3, set_aside=1, responses=3)
    assert set(needs(here)) == {"advert.eml", "petition.eml", "second.eml"}
    assert here.failures() == {}


def test_one_speaks_for_another_in_turn(place: Consultation) -> None:
    """What counts for its service's sake speaks for the other services that sent it out, too, in any order."""
    both = "Return-Path: <b@toner.example>\nList-Unsubscribe: <https://platform.example/out>"
    words, fields = ARRIVALS["other.eml"]
    place.mail("far.eml", words, **fields)
    place.mail("near.eml", ADVERT, sender="News <news@platform.example>", headers=both)
    place.takes("email", read=0, set_aside=2)
    words, fields = ARRIVALS["petition.eml"]
    place.mail("petition.eml", words, **fields)
    place.takes("email", received=1, read=3, set_aside=0, responses=3)
    assert place.failures() == {}


def test_what_a_person_overturned_or_excluded(place: Consultation) -> None:
    """An overturned advertisement speaks for its service at the next run; an excluded response no longer does."""
    place.mail("a.eml", ADVERT, **bulk("toner.example", tag="1"))
    place.mail("b.eml", f"{ADVERT} B.", **bulk("toner.example", tag="2"))
    place.takes("email", read=0, set_aside=2)
    place.decide(place.items("set_aside")[0]["receipt"], "overturn")
    place.takes("email", read=2, set_aside=0)
    for row in place.responses("email"):
        place.decide(row["reference"], "exclude", reason="not-a-response")
        place.decide(row["reference"], "confirm", by="bob")
    place.mail("c.eml", f"{ADVERT} C.", **bulk("toner.example", tag="3"))
    place.takes("email", received=1, read=2, set_aside=1)
    assert place.failures() == {}


def test_a_channel_speaks_for_another(place: Consultation) -> None:
    """A service is one, whatever mailbox it writes to; a run puts right what its first channel could not know."""
    config = place.path.read_text()
    other = '[channels.post]\nadapter = "email"\nfolder = "post"\n\n[channels.letters]'
    place.path.write_text(config.replace("[channels.letters]", other))
    (place.folder / "post").mkdir()
    words, fields = ARRIVALS["advert.eml"]
    place.mail("advert.eml", words, **fields)
    words, fields = ARRIVALS["petition.eml"]
    place.put("post/petition.eml", message(words, **fields))
    report = place.run()
    assert report["balanced"]
    assert (report["channels"]["email"]["read"], report["channels"]["email"]["set_aside"]) == (1, 0)
    assert report["channels"]["email"]["responses"] == 1
    assert place.failures() == {}


def test_who_is_accepted_is_genuine(place: Consultation) -> None:
    """A person who accepts bulk mail has said that somebody meant it; undone, it needs a look again."""
    words, fields = ARRIVALS["petition.eml"]
    place.mail("petition.eml", words, **fields)
    place.run("email")
    name = reference(place, "petition.eml")
    place.decide(name, "accept")
    assert needs(place) == {"petition.eml": []}
    place.decide(name, "undo")
    assert needs(place) == {"petition.eml": ["genuine?"]}


def test_people_s_own_mail_comes_from_no_service(place: Consultation) -> None:
    """A resident's provider is no sending service: advertising from the same domain is advertising."""
    place.mail("a.eml", TOPIC, sender="Jo <jo@toner.example>", headers="Return-Path: <jo@toner.example>")
    place.mail("b.eml", ADVERT, **bulk("toner.example"))
    place.takes("email", read=1, set_aside=1)


def test_without_its_tools_it_keeps_its_reason(place: Consultation) -> None:
    """What is overturned while this machine can't read anything stays set aside for the reason that it had."""
    place.mail("a.eml", ADVERT, **bulk("platform.example"))
    place.run("email")
    before = place.item("set_aside")
    with place.nothing_opened():
        place.decide(before["receipt"], "overturn")
        assert place.item("set_aside") == before
    assert place.failures() == {}
