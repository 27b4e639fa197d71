"""What a letter's pages say together: its body as text, its sender's block and its closing as evidence, each with its
place; and nothing of whomever it is addressed to."""

from email.message import EmailMessage
from pathlib import Path

import pytest
from msgspec.structs import replace as changed

from channels import ADAPTERS
from intake import config, letter
from intake.content import add_content
from intake.filled import Filled, Rules
from intake.places import Gazetteer
from intake.reading.parts import Part
from intake.reading.zones import zoned
from tests.support.consultation import CONFIG, PLACES, Consultation
from tests.support.letterpages import PAGES, as_pdf, labelled


@pytest.fixture(scope="module")
def rules(tmp_path_factory: pytest.TempPathFactory) -> Rules:
    folder: Path = tmp_path_factory.mktemp("letter")
    (folder / "places.csv").write_text(PLACES)
    (folder / "config.toml").write_text(CONFIG.replace('"DATABASE"', '""'))
    loaded = config.load(folder / "config.toml", {name: kind.settings for name, kind in ADAPTERS.items()})
    return Rules(loaded.consultation, Gazetteer.read(loaded.consultation.places))


def pages(*layouts: str, method: str = "pdf", confidence: float = 1.0) -> list[Part]:
    """Pages as their reader hands them over."""
    return [
        zoned(changed(labelled(layout).part, number=n, page=n + 1, method=method, confidence=confidence))
        for n, layout in enumerate(layouts)
    ]


def filled(rules: Rules, parts: list[Part]) -> Filled:
    found = Filled()
    add_content(rules, found, parts)
    return found


def test_the_text_is_the_body(rules):
    """Letterhead, address, date, greeting, closing are marked parts, not text; text_cut counts none of them."""
    found = filled(rules, pages(PAGES["resident, blocked style"]))
    text = found.values["text"]
    assert text.startswith("I write about the plan")
    assert text.endswith("She would be in the car all day.")
    assert "text_cut" not in found.values


def test_the_senders_block_is_evidence_with_page_and_box(rules):
    found = filled(rules, pages(PAGES["address with telephone and email"]))
    assert found.values["address"] == "Flat 6\n22 Brecks Court\nThetford\nIP24 1QH"
    assert (found.values["postcode"], found.values["phone"]) == ("IP24 1QH", "+447700900118")
    assert (found.values["email"], found.values["name"]) == ("jade@example.com", "Jade Cornish")
    for column in ("address", "postcode", "phone", "email", "name"):
        place = found.evidence[column][0].place
        assert place is not None
        assert place["page"] == 1
        assert len(place["box"]) == 4


@pytest.mark.parametrize(
    ("name", "address", "postcode"),
    [
        ("full block, everything left, date between", "Quince Cottage\n11 Gooseberry Loke\nFakenham\nNR21 0XD",
         "NR21 0XD"),
        ("address and recipient side by side", "3 Sluice Terrace\nDownham Market\nNorfolk\nPE38 7ZZ", "PE38 7ZZ"),
        ("name above the address", "Quince Cottage\n11 Gooseberry Loke\nFakenham\nNorfolk NR21 0XD", "NR21 0XD"),
        ("letterhead, centred", "The Reading Room, Staithe Hill, Broadmere, Norwich NR12 0QW", "NR12 0QW"),
        ("address below the name", "5 Otter Holt\nHarleston\nIP20 9ZP", "IP20 9ZP"),
        ("foreign style", "15 London Road\nKing's Lynn\nPE30 5PY", "PE30 5PY"),
        ("recipient without a sender", "", ""),
        ("address without a postcode", "", ""),
    ],
)  # fmt: skip
def test_an_address_is_the_senders_or_blank(rules, name, address, postcode):
    """As given, one line a line. The council's block is never the respondent's, nor is that of any other recipient."""
    found = filled(rules, pages(PAGES[name])).values
    assert (found.get("address", ""), found.get("postcode", "")) == (address, postcode)


def test_a_recipient_with_a_postcode_that_nobody_knows_is_none_of_the_senders(rules):
    """A letter below a letterhead, to a member at another address: the second block is the one that it is sent to."""
    layout = PAGES["nhs trust"].replace("A< Norfolk County Council\nA< County Hall\n", "").replace("NR1 2UD", "NR5 9AA")
    found = filled(rules, pages(layout)).values
    assert found["postcode"] == "NR1 3FR"


@pytest.mark.parametrize(
    ("name", "signed", "organisation"),
    [
        ("letterhead, centred", "D. P. Mallett", "Broadmere Town Council"),
        ("letterhead at the right", "Pauline Hewer", "Wensum Bend Toy Library"),
        ("resident, blocked style", "Donna Larter", ""),
        ("name above the address", "Beryl Thirtle (Mrs)", ""),
        ("to whom it may concern", "Donna Larter and Rosalind Okafor", ""),
        ("date alone and greeting", "", ""),
        ("greeting and text on one line", "", ""),
        ("councillor", "", ""),
        ("greeting with Hello and text on one line", "", ""),
    ],
)
def test_a_name_is_as_given_or_blank(rules, name, signed, organisation):
    """Never split. An organisation is filled only where whoever signed did so by a post, or for it."""
    found = filled(rules, pages(PAGES[name])).values
    expected = {"greeting and text on one line": "Mary Bird"}.get(name, signed)
    assert (found.get("name", ""), found.get("organisation", "")) == (expected, organisation)


def test_a_date_in_a_letter_is_only_evidence(rules):
    """It says when the letter was written, which is neither receipt nor posting; a stamp waits for a person."""
    found = filled(rules, pages(PAGES["stamped at the top right"]))
    assert not {"received_at", "posted_on"} & found.values.keys()
    seen = [(e.value, e.confidence) for e in found.evidence["received_at"]]
    assert seen == [("RECEIVED\n14 FEB 2011", 0.5), ("10th February 2011", 0.3)]


def test_places_in_the_frame_are_not_meant(rules):
    layout = (
        "A> 7 Linnet Row\nA> Watton IP25 6XR\n\nG< Dear Watton team,\n\nT< Keep Dereham open.\n\nC< Yours\nC< M. Bird"
    )
    assert filled(rules, pages(layout)).values["places"] == ("C2",)


def test_a_letter_goes_on_over_its_pages(rules):
    """A sentence goes on without an empty line, a divided word is whole, a paragraph that ended stays one."""
    first = "G< Dear Sir,\n\nT< We have asked for a meeting with the officer who thought of the consul-"
    second = "T< tation and of its maps, and nobody has\n\nL_ 2"
    third = "T< answered us in all the time since then.\n\nC< Yours faithfully\nC< M. Bird"
    found = filled(rules, pages(first, second, third)).values["text"]
    assert found == (
        "We have asked for a meeting with the officer who thought of the consultation and of its maps, and nobody has\n"
        "answered us in all the time since then."
    )
    ended = filled(rules, pages("T< We have asked for a meeting.", "T< The answer has not come.")).values["text"]
    assert ended == "We have asked for a meeting.\n\nThe answer has not come."


def test_an_envelope_beside_a_letter_is_a_page_and_no_text(rules):
    envelope = "A> Children's Centre Commissioning\nA> County Hall\nA> Norwich\nA> NR1 2DL"
    found = filled(rules, pages(envelope, PAGES["no greeting, no address"])).values
    assert found["text"].startswith("I think the centre at Diss")
    assert "County Hall" not in found["text"]


def test_where_nothing_would_be_left_all_of_it_is_text(rules):
    """A slip with an address alone: a person sees what is on it."""
    found = filled(rules, pages("A> 7 Linnet Row\nA> Watton\nA> Thetford\nA> IP25 6XR")).values
    assert found["text"] == "7 Linnet Row\nWatton\nThetford\nIP25 6XR"


def test_what_stands_on_a_sure_page_is_evidence_where_another_is_in_doubt(rules):
    """One page in doubt puts the letter before a person; what the typed page says fills nothing, but is offered."""
    typed = pages(PAGES["resident, blocked style"])[0]
    hand = changed(labelled("T< sone hond writing NR9 9ZZ").part, number=1, page=2, method="ocr", confidence=0.5)
    found = filled(rules, [typed, zoned(hand)])
    assert not {"text", "postcode", "address", "name"} & found.values.keys()
    assert [e.value for e in found.evidence["postcode"]] == ["NR31 6XL"]
    assert found.evidence["address"][0].value == "14 Kittiwake Way\nGorleston\nGreat Yarmouth\nNR31 6XL"
    assert "transcription" in found.needs
    assert len(found.evidence["text"]) > 1


def test_an_empty_reading_of_an_inked_page_is_never_text(rules):
    blank = Part(number=0, kind="page", media_type="image/png", method="ocr", confidence=0.0, page=1, ink=0.02)
    found = filled(rules, [blank])
    assert "text" not in found.values
    assert found.needs == {"transcription"}


def test_the_words_of_mail_keep_their_greeting(rules):
    """Only pages are framed: a body says all that it says."""
    said = "Dear Sir,\n\nkeep it.\n\nYours faithfully\nM. Bird"
    body = Part(number=0, kind="body", media_type="text/plain", text=said)
    assert filled(rules, [zoned(body)]).values["text"] == said


def test_spans_and_text_agree(rules):
    for layout in PAGES.values():
        parts = pages(layout)
        text = letter.joined(letter.spans(parts))
        assert "".join(text.split()) == "".join(
            "".join(part.text[start:end].split()) for part, start, end in letter.spans(parts)
        )


def test_a_letter_from_its_file_to_its_trace(place: Consultation):
    """Trace names everything that is marked on its pages by kind, and verify finds every quote where it should be."""
    place.put("letters/a.pdf", as_pdf(PAGES["letterhead at the right"]))
    place.run("letters")
    response = place.response()
    assert (response["name"], response["organisation"]) == ("Pauline Hewer", "Wensum Bend Toy Library")
    assert (response["postcode"], response["email"], response["text_cut"]) == ("NR3 7QT", "toys@example.org", "0")
    assert response["text"].startswith("The future of Norfolk's children's centres")
    found = place.trace(response["reference"])
    kinds = [mark["kind"] for mark in found["marked"]]
    assert set(kinds) == {"letterhead", "date", "address", "greeting", "closing"}
    assert not any(mark["quote"] in response["text"] for mark in found["marked"])
    assert "not in text, greeting" in place.command("trace", response["reference"]).out
    assert place.failures() == {}


def test_a_letter_attached_to_a_mail_is_framed_too(place: Consultation):
    """The mail's own words stay; the name and address of the mail are those of its sender."""
    raw = EmailMessage()
    raw["From"], raw["Date"] = "A Resident <r@example.org>", "Tue, 1 Mar 2011 10:00:00 +0000"
    raw.set_content("Please see my letter.")
    letter_file = as_pdf(PAGES["resident, blocked style"])
    raw.add_attachment(letter_file, maintype="application", subtype="pdf", filename="letter.pdf")
    place.put("inbox/1.eml", raw.as_bytes())
    place.run("email")
    response = place.response()
    assert response["text"].startswith("Please see my letter.\n\nI write about the plan")
    assert "Kittiwake" not in response["text"]
    assert (response["postcode"], response["name"]) == ("NR31 6XL", "A Resident")
    assert response["address"] == ""  # Donna Larter signed it: where she lives is evidence, and no more
    assert place.trace(response["reference"])["fields"]["address"][0]["quote"].startswith("14 Kittiwake Way")
    assert place.failures() == {}
