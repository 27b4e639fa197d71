"""Parts -> fields: right or blank, each with the place it was read from, whatever the parts are."""

import itertools
import math
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any, get_args
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from channels import ADAPTERS
from intake import config, normalise
from intake.filled import Filled, Rules
from intake.outcomes import Desk, Ended, add_result
from intake.places import Gazetteer
from intake.reading import mime
from intake.reading.parts import OtherReading, Part, Reading, Word
from intake.tables import RowReader
from intake.when import received
from storage.receipts import ReceiptView
from storage.schema import LATEST_POSSIBLE, NEEDS, Evidence, FieldEvidence, ReceivedBasis
from tests.support.consultation import CONFIG, PLACES, message

CLOSES = datetime(2011, 4, 18, 23, tzinfo=UTC)
"""The midnight that ends 18 April, British Summer Time."""
ARRIVED = datetime(2011, 3, 1, 12, tzinfo=UTC)
TICK = timedelta(microseconds=1)


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    folder = tmp_path_factory.mktemp("desk")
    (folder / "places.csv").write_text(PLACES + "C3,Holt,,North Norfolk\nC4,Dereham West,Dereham,\n")
    text = CONFIG.replace('"DATABASE"', '""').replace('"NR1 2DL"', '"NR1 2DL", "01632 960999"')
    (folder / "config.toml").write_text(text)
    loaded = config.load(folder / "config.toml", {name: kind.settings for name, kind in ADAPTERS.items()})
    rules = Rules(loaded.consultation, Gazetteer.read(loaded.consultation.places))
    return Desk(rules, loaded.channels["email"], RowReader(rules, loaded.channels["survey"].mapping))


@pytest.fixture(scope="module")
def rules(desk: Desk) -> Rules:
    return desk.rules


def receipt(**values: Any) -> ReceiptView:
    given_values: dict[str, Any] = {
        "id": 1, "channel": "email", "kind": "item", "source_key": "1.eml", "version": "1", "path_named": True,
        "sha256": "ab" * 32, "media_type": "message/rfc822", "arrived_at": ARRIVED, "arrived_basis": "file_time",
        "facts": {}, "taken_at": ARRIVED, "run_id": 1, "delivery_id": None, "place": None, "outcome": "pending",
        "reason": "", "next_step": "",
    }  # fmt: skip
    return ReceiptView(**{**given_values, **values})


def body(text: str, number: int = 0, **values: Any) -> Part:
    return Part(number=number, kind="body", media_type="text/plain", text=text, **values)


def reading(*parts: Part, **facts: str) -> Reading:
    return Reading(reader="test 1", parts=list(parts), facts=facts)


def page(text: str, number: int = 1, confidence: float = 0.95, **values: Any) -> Part:
    """A page whose words stand in lines of text, each at a place of its own."""
    words, start = [], 0
    for row, line in enumerate(text.split("\n")):
        column = 0
        for word in line.split(" "):
            if word:
                left, top = 50.0 + 6 * column, 60.0 + 14 * row
                words.append(Word(word, start + column, left, top, left + 6 * len(word), top + 10, confidence))
            column += len(word) + 1
        start += len(line) + 1
    return Part(
        number=number - 1, kind="page", media_type="application/pdf", text=text, page=number, words=words, method="ocr",
        confidence=confidence, **values,
    )  # fmt: skip


def squeezed(words: str) -> str:
    return "".join(c for c in words.upper() if c.isalnum())


def said(filled: Filled, column: str) -> list[str | None]:
    """The values that the evidence of a column offers."""
    return [piece.value for piece in filled.evidence.get(column, [])]


def assert_places_hold(read: Reading, evidence: FieldEvidence) -> None:
    """Every place points at characters of a part, or at the box of words, that are what the evidence quotes."""
    pages = {part.page: part for part in read.parts if part.page is not None}
    for column, piece in ((column, piece) for column, pieces in evidence.items() for piece in pieces):
        place = piece.place
        if place is None:
            continue
        if "part" in place:
            part = read.parts[place["part"]]
            assert 0 <= place["start"] < place["end"] <= len(part.text)
            quoted = part.text[place["start"] : place["end"]]
            assert piece.quote in (None, quoted)
        else:
            x0, top, x1, bottom = place["box"]
            words = pages[place["page"]].words
            inside = [w for w in words if x0 <= w.x0 and w.x1 <= x1 and top <= w.top and w.bottom <= bottom]
            quoted = " ".join(w.text for w in inside)
            assert inside
            assert all(word in quoted for word in (piece.quote or "").split())
        if column in ("postcode", "phone") and piece.value is not None:
            assert squeezed(piece.value)[-4:] in squeezed(quoted)


# --- what is found in words -------------------------------------------------------------------------------------------

CODES = ["NR25 6AA", "IP25 7BB", "NR19 1DD", "PE30 5EE"]
PHONES = {"01632 960001": "+441632960001", "07700 900123": "+447700900123", "(01632) 960 002": "+441632960002"}
TOWNS = {"Watton": "C1", "Dereham Central": "C2", "Holt": "C3"}
OURS = ["NR1 2DL", "nr1 2dl", "01632 960999", "+44 1632 960999", "(01632) 960999"]
FILLER = [
    "We have lived here for a good many years and have always been glad of it.",
    "\n\n", "\nŻółw 😀 says so too, and he has been here for longer than any of us have.\n",
    "Our two children go there on four days of every week and they love all of it.",
]  # fmt: skip

pieces = st.one_of(
    st.sampled_from(FILLER),
    *(
        st.sampled_from(words).map(
            "It is quite near to us and what there is to say about it all is {}, of course. ".format
        )
        for words in (CODES, list(PHONES), list(TOWNS), OURS)
    ),
)


def check_words(rules: Rules, read: Reading, filled: Filled, text: str) -> None:
    """What a text holds decides what is filled: one postcode or number fills, several are offered, ours never count."""
    codes = [code for code in CODES if code in text]
    phones = [value for typed, value in PHONES.items() if typed in text]
    towns = [code for town, code in TOWNS.items() if town in text]
    assert filled.values.get("postcode", "") == (codes[0] if len(codes) == 1 else "")
    assert set(said(filled, "postcode")) == set(codes)
    assert filled.values.get("phone", "") == (phones[0] if len(phones) == 1 else "")
    assert set(said(filled, "phone")) == set(phones)
    assert set(filled.values.get("places", ())) == set(towns)
    assert not any(rules.is_ours(value or "") for column in ("postcode", "phone") for value in said(filled, column))
    assert_places_hold(read, filled.evidence)


@settings(deadline=None)
@given(st.lists(st.lists(pieces, max_size=5).map("".join), min_size=1, max_size=3))
def test_what_a_message_says_is_filled_where_it_says_one_thing(rules: Rules, texts: list[str]) -> None:
    """One postcode, one number, any places are filled where they stand; several are offered; the council's never."""
    read = reading(*(body(text, n) for n, text in enumerate(texts)))
    filled = normalise.message(rules, receipt(), read)
    check_words(rules, read, filled, "\n".join(texts))
    kept = [text.strip() for text in texts if text.strip()]
    assert filled.values.get("text", "") == "\n\n".join(kept)
    assert len(filled.evidence.get("text", [])) == len(kept)


@settings(deadline=None)
@given(st.lists(st.lists(pieces, max_size=5).map("".join), min_size=1, max_size=3))
def test_what_a_letter_says_is_shown_on_its_page(rules: Rules, texts: list[str]) -> None:
    """What is read from a page comes with the page and the box around exactly those words."""
    read = reading(*(page(text, n) for n, text in enumerate(texts, start=1)))
    filled = normalise.document(rules, receipt(), read)
    check_words(rules, read, filled, "\n".join(texts))
    for evidence in (e for column in ("postcode", "phone", "places") for e in filled.evidence.get(column, [])):
        assert evidence.place is not None
        assert set(evidence.place) == {"page", "box"}


def test_the_box_of_a_value_is_around_its_words_alone(rules: Rules) -> None:
    """A postcode's box holds the postcode, and not its neighbours on the line."""
    read = reading(page("Dear Sir,\nour postcode is NR25 6AA and always was", 1))
    (found,) = normalise.document(rules, receipt(), read).evidence["postcode"]
    assert found.place == {"page": 1, "box": [50.0 + 6 * 16, 74.0, 50.0 + 6 * 24, 84.0]}
    assert (found.quote, found.method, found.confidence) == ("NR25 6AA", "ocr", 0.95)


def test_two_places_of_a_name_are_for_a_person(rules: Rules) -> None:
    """A town with two centres by itself fills nothing, is offered with all its codes, and asks a person."""
    filled = normalise.message(rules, receipt(), reading(body("We go to the one in Dereham every week, you know.")))
    assert "places" not in filled.values
    assert "place?" in filled.needs
    assert said(filled, "places") == ["C2;C4"]
    both = normalise.message(rules, receipt(), reading(body("Dereham? The one in Dereham West, where we always go.")))
    assert both.values["places"] == ("C4",)
    assert said(both, "places") == ["C4", "C2;C4"]
    assert "place?" in both.needs


@pytest.mark.parametrize(
    "text",
    ["A Other\n1 High Street\nHolt\nNR25 6AA\n\nPlease keep it open, we need it.",
     "Keep it open.\n\nA Other, 1 Road, Holt, NR25 6AA"],
)  # fmt: skip
def test_a_place_in_the_address_alone_is_no_place(rules: Rules, text: str) -> None:
    """Where somebody lives is not what they write about: the postcode is filled, the place is not."""
    filled = normalise.message(rules, receipt(), reading(body(text)))
    assert filled.values["postcode"] == "NR25 6AA"
    assert "places" not in filled.values
    assert "place?" not in filled.needs


@settings(deadline=None)
@given(st.lists(pieces, max_size=6).map("".join))
def test_the_same_parts_always_give_the_same_fields(rules: Rules, text: str) -> None:
    """Reading again gives the same values, the same evidence and the same needs."""
    read = reading(body(text), from_email="a@example.org", date_header="2011-03-01T10:00:00Z")
    one, other = (normalise.message(rules, receipt(), read) for _ in range(2))
    assert one == other


@pytest.mark.parametrize("text", [" \n", "Yes.", "NR25 6AA", "01632 960001"])
def test_what_a_person_typed_is_read_like_any_text(rules: Rules, text: str) -> None:
    """A transcription fills what it names, by the person's hand."""
    filled = normalise.transcribed(rules, text)
    assert filled.values["text"] == text
    assert {e.method for pieces in filled.evidence.values() for e in pieces} <= {"person"}


def test_another_language_asks_for_a_translation(rules: Rules) -> None:
    """A text in another language keeps its words, names its language and asks for a translation."""
    polish = "Uważam, że centrum dla dzieci powinno pozostać otwarte, ponieważ bardzo pomaga rodzinom w naszej okolicy."
    filled = normalise.message(rules, receipt(), reading(body(polish)))
    assert (filled.values["text"], filled.values["language"]) == (polish, "pl")
    assert "translation" in filled.needs
    english = normalise.message(rules, receipt(), reading(body(FILLER[0] + " " + FILLER[3])))
    assert english.values["language"] == "en"
    assert "translation" not in english.needs


# --- how well it was read ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("confidence", "is_text"), [(0.75, True), (0.7499, False), (0.1, False), (1.0, True)])
def test_a_poor_reading_is_a_hint_and_never_the_text(rules: Rules, confidence: float, is_text: bool) -> None:
    """What was read of handwriting is offered, fills no text, postcode or place, and asks for a transcription."""
    read = reading(page("Good words.", 1), page("My postcode is NR25 6AA, I use Watton", 2, confidence))
    filled = normalise.document(rules, receipt(), read)
    assert ("text" in filled.values) == is_text
    assert ("postcode" in filled.values) == is_text
    assert ("places" in filled.values) == is_text
    assert ("transcription" in filled.needs) == (not is_text)
    assert len(filled.evidence["text"]) == 2
    assert filled.values["confidence"] == min(0.95, confidence)
    assert_places_hold(read, filled.evidence)


def test_ink_without_words_asks_for_a_transcription(rules: Rules) -> None:
    """A page with something on it of which nothing was read is not passed over."""
    inked = Part(number=1, kind="page", media_type="application/pdf", page=2, ink=0.05, method="ocr")
    blank = msgspec.structs.replace(inked, ink=0.0)
    assert "transcription" in normalise.document(rules, receipt(), reading(page("Good words."), inked)).needs
    assert "transcription" not in normalise.document(rules, receipt(), reading(page("Good words."), blank)).needs


def test_one_bad_page_is_a_need_and_not_the_end(rules: Rules) -> None:
    """A page or attachment that can't be read leaves the others readable and asks a person."""
    bad = Part(number=1, kind="page", media_type="application/pdf", page=2, problem="This page is damaged.")
    letter = normalise.document(rules, receipt(), reading(page("Good words."), bad))
    assert (letter.values["text"], letter.values["pages"]) == ("Good words.", "1-2")
    assert "rescan" in letter.needs
    attached = Part(number=1, kind="attachment", media_type="application/zip", problem="It can't be opened.")
    mail = normalise.message(rules, receipt(), reading(body("Good words."), attached))
    assert mail.values["text"] == "Good words."
    assert "attachment" in mail.needs


@pytest.mark.parametrize(
    ("part", "blank"),
    [
        (Part(number=0, kind="page", media_type="x", page=1), True),
        (Part(number=0, kind="page", media_type="x", ink=0.0), True),
        (Part(number=0, kind="page", media_type="x", ink=0.05), False), (body(" \n\t"), True), (body("."), False),
        (body("", problem="It can't be read."), False), (body("logo", content=False), True),
    ],
)  # fmt: skip
def test_only_nothing_at_all_is_blank(part: Part, blank: bool) -> None:
    """A document is blank only if there are no words, no ink and nothing that could not be read."""
    assert normalise.is_blank_document(reading(part)) == blank


# --- who --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sender", "name", "email"),
    [
        ("A Resident <resident@example.org>", "A Resident", "resident@example.org"),
        ("resident@example.org", None, "resident@example.org"),
        ('"resident@example.org" <Resident@example.org>', None, "Resident@example.org"),
        ("=?utf-8?q?Ren=C3=A9e_Lacey?= <r@example.org>", "Renée Lacey", "r@example.org"),
        ("From <from@example.org>", "From", "from@example.org"),
        ("Office <office@council.example>", None, None), ("OFFICE@COUNCIL.EXAMPLE", None, None), ("", None, None),
        ("undisclosed", None, None),
    ],
)  # fmt: skip
def test_the_sender_is_the_respondent_but_never_the_council(
    rules: Rules, sender: str, name: str | None, email: str | None
) -> None:
    """Name and address are those of From, decoded, with their place in the header; our own address is nobody's."""
    read = mime.read(message("Keep it open.", sender=sender), {})
    assert isinstance(read, Reading)
    filled = normalise.message(rules, receipt(), read)
    assert (filled.values.get("name"), filled.values.get("email")) == (name, email)
    assert_places_hold(read, filled.evidence)
    for column, value in (("name", name), ("email", email)):
        assert said(filled, column) == ([value] if value else [])
        assert all(piece.place for piece in filled.evidence.get(column, []))


@pytest.mark.parametrize(
    ("name", "email", "relayed_by"),
    [
        ("An Officer", "officer@council.example", "An Officer <officer@council.example>"),
        ("Renée Müller", "rm@council.example", "Renée Müller <rm@council.example>"),
        ("", "jürgen@council.example", "jürgen@council.example"),
        ("O'Brien, Pat", "pat@council.example", "O'Brien, Pat <pat@council.example>"),
    ],
)
def test_who_passes_a_message_on_is_not_the_respondent(rules: Rules, name: str, email: str, relayed_by: str) -> None:
    """A forwarded message is its own sender's, received when the outer one was, and relayed by the officer as given."""
    inner = reading(
        body("Keep it open."), from_name="A Resident", from_email="a@example.org", date_header="2011-02-20T10:00:00Z"
    )
    outer = reading(body("See below."), from_name=name, from_email=email, date_header="2011-03-02T09:00:00Z")
    filled = normalise.message(rules, receipt(), inner, outer)
    assert (filled.values["name"], filled.values["email"]) == ("A Resident", "a@example.org")
    assert filled.values["relayed_by"] == relayed_by
    assert filled.values["text"] == "Keep it open."
    assert filled.values["received_at"] == datetime(2011, 3, 2, 9, tzinfo=UTC)
    assert "2011-02-20T10:00:00Z" in said(filled, "received_at")


def test_what_the_config_requires_and_is_blank_asks_for_the_respondent(rules: Rules) -> None:
    """Only a column that the config requires is missed; nobody has to give a name."""
    anonymous = normalise.message(rules, receipt(), reading(body("Keep it open.")))
    assert "respondent" not in anonymous.needs
    wanted = rules.consultation.model_copy(update={"required": ("postcode",)})
    strict = Rules(wanted, rules.gazetteer)
    assert "respondent" in normalise.message(strict, receipt(), reading(body("Keep it open."))).needs
    assert "respondent" not in normalise.message(strict, receipt(), reading(body("I live at NR25 6AA."))).needs


# --- when -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("basis", get_args(ReceivedBasis))
@pytest.mark.parametrize(("at", "is_late"), [(CLOSES - TICK, False), (CLOSES, True), (CLOSES + TICK, True)])
def test_late_is_decided_to_the_instant(rules: Rules, basis: str, at: datetime, is_late: bool) -> None:
    """Up to the last instant of the closing day is in time, midnight is late; a latest possible time proves neither."""
    filled = Filled()
    received(rules, filled, at.astimezone(timezone(timedelta(hours=5))), basis, method="source")
    unproven = is_late and basis in LATEST_POSSIBLE
    assert filled.values["late"] is (None if unproven else is_late)
    assert filled.needs == ({"received-date"} if unproven else {"late?"} if is_late else set())
    assert filled.values["received_at"] == at
    assert filled.values["received_basis"] == basis


@pytest.mark.parametrize(
    ("closes", "day", "is_late"),
    [
        (date(2011, 4, 18), date(2011, 4, 18), False), (date(2011, 4, 18), date(2011, 4, 19), True),
        (datetime(2011, 4, 18, 9, tzinfo=ZoneInfo("Europe/London")), date(2011, 4, 18), False),
        (datetime(2011, 4, 18, 9, tzinfo=ZoneInfo("Europe/London")), date(2011, 4, 19), True),
        (datetime(2011, 4, 19, 0, tzinfo=ZoneInfo("Europe/London")), date(2011, 4, 18), False),
        (datetime(2011, 4, 19, 0, tzinfo=ZoneInfo("Europe/London")), date(2011, 4, 19), True),
    ],
)  # fmt: skip
def test_a_day_alone_is_late_after_the_closing_day_only(
    rules: Rules, closes: date | datetime, day: date, is_late: bool
) -> None:
    """A time known to the day only is late if its day is after the closing day, whatever the closing hour is."""
    closing = Rules(rules.consultation.model_copy(update={"closes": closes}), rules.gazetteer)
    noon = datetime(day.year, day.month, day.day, 12, tzinfo=ZoneInfo("Europe/London"))
    filled = Filled()
    received(closing, filled, noon.astimezone(UTC), "call", method="row", day_only=True)
    assert filled.values["late"] is is_late


@pytest.mark.parametrize(
    ("basis", "facts", "expected"),
    [
        ("internaldate", {"received_header": "2011-05-01T00:00:00Z"}, ("2011-03-01T12:00:00Z", "internaldate")),
        ("file_time", {"received_header": "2011-04-01T00:00:00Z",
        "date_header": "2002-01-01T00:00:00Z"}, ("2011-04-01T00:00:00Z", "received_header")),
        ("file_time", {"date_header": "2011-02-01T00:00:00Z"}, ("2011-02-01T00:00:00Z", "date_header")),
        ("file_time", {"received_header": "nonsense",
        "date_header": "2011-02-01T00:00:00"}, ("2011-03-01T12:00:00Z", "file_time")),
        ("file_time", {"received_header": "0001-01-01T00:00:00+05:00",
        "date_header": "9999-12-31T23:59:59-05:00"}, ("2011-03-01T12:00:00Z", "file_time")),
        ("file_time", {}, ("2011-03-01T12:00:00Z", "file_time")),
    ],
)  # fmt: skip
def test_a_message_was_received_when_its_best_witness_says(
    rules: Rules, basis: str, facts: dict[str, str], expected: tuple[str, str]
) -> None:
    """A mailbox's own date counts; for a file the last hop's, else the sender's, else the file's; nonsense never."""
    filled = normalise.message(rules, receipt(arrived_basis=basis), reading(body("Yes."), **facts))
    assert (said(filled, "received_at")[0], filled.values["received_basis"]) == expected


@pytest.mark.parametrize(
    ("file_time", "facts", "expected"),
    [
        (ARRIVED, {"scan_date": "2011-02-01T00:00:00Z"}, ("scan", False)),
        (ARRIVED, {"scan_date": "2011-03-20T00:00:00Z"}, ("file_time", False)),
        (CLOSES, {"scan_date": "2011-04-18T22:59:59Z"}, ("scan", False)),
        (CLOSES, {"scan_date": "2011-04-18T23:00:00Z"}, (None, None)),
        (CLOSES, {"scan_date_local": "2011-04-18 23:59:59"}, ("scan", False)),
        (CLOSES, {"scan_date_local": "31/02/2011"}, ("file_time", None)),
        (None, {"scan_date": "2011-02-01T00:00:00Z"}, ("scan", False)), (CLOSES, {}, ("file_time", None)),
    ],
)  # fmt: skip
def test_a_letter_had_arrived_at_the_earlier_of_two_latest_times(
    rules: Rules, file_time: datetime | None, facts: dict[str, str], expected: tuple[str | None, bool | None]
) -> None:
    """A scan's date and a file's each say when a letter had arrived at the latest: the earlier proves in time, neither
    proves late."""
    filled = normalise.document(rules, receipt(arrived_at=file_time), reading(page("Yes."), **facts))
    basis, late = expected
    assert filled.values["late"] is late
    assert basis in (None, filled.values["received_basis"])
    assert ("received-date" in filled.needs) == (late is None)
    assert "late?" not in filled.needs


def test_the_date_of_a_typed_letter_with_a_picture_proves_nothing(rules: Rules) -> None:
    """A blank page, a picture, or a text layer that was not believed: the file is typed still, and its date is when it
    was written. What reached us after the close is not in time by it."""
    typed = msgspec.structs.replace(page("Yes."), method="pdf", engine="text layer")
    picture = page("", number=2, engine="tesseract")
    unbelieved = page("Yes.", engine="tesseract", others=[OtherReading("text layer", "###", 0.1)])
    for parts in ([typed, picture], [unbelieved]):
        facts = {"scan_date": "2011-04-10T10:00:00Z"}
        filled = normalise.document(rules, receipt(arrived_at=CLOSES), reading(*parts, **facts))
        assert (filled.values["late"], filled.values["received_basis"]) == (None, "file_time")
        assert "received-date" in filled.needs


ENGLISH = "Please keep the centre in Watton open: we have been going there every week since our first child was born."
WELSH = "Mae'r ganolfan yn bwysig iawn i ni fel teulu, ac rydym yn gofyn i chi ei chadw ar agor i bawb yn yr ardal."


@pytest.mark.parametrize(("text", "engine", "asked"), [
    (WELSH, "rapidocr", True), (WELSH, "tesseract", False), (ENGLISH, "rapidocr", False),
])  # fmt: skip
def test_another_language_by_the_second_engine_is_checked(rules: Rules, text: str, engine: str, asked: bool) -> None:
    """It leaves out letters that English does not have, and is sure all the same."""
    filled = normalise.document(rules, receipt(), reading(page(text, engine=engine)))
    assert ("transcription" in filled.needs) is asked
    assert filled.values["text"] == text


def test_a_letter_of_no_known_time_asks_for_its_date(rules: Rules) -> None:
    """Unknown is blank and a need, never a made-up date."""
    filled = normalise.document(rules, receipt(arrived_at=None), reading(page("Yes.")))
    assert "received_at" not in filled.values
    assert "late" not in filled.values
    assert "received-date" in filled.needs


# --- whatever a reader's process says ---------------------------------------------------------------------------------

loose = st.text(st.sampled_from("NR25 6AA\n0163 9@.Holt\ufffd") | st.characters(codec="utf-8"), max_size=60)
measures = st.floats(-1e6, 1e6) | st.floats()
moments = st.sampled_from(
    ["", "2011-03-01T10:00:00Z", "2011-03-01", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "yesterday"]
)
facts = st.fixed_dictionaries(
    {},
    optional={
        "from_email": loose, "from_name": loose, "subject": loose, "empty": st.sampled_from(["true", "false", ""]),
        "date_header": moments, "received_header": moments, "scan_date": moments, "scan_date_local": moments | loose,
        "auto_submitted": st.sampled_from(["no", "auto-replied"]), "return_path": loose,
    },
)  # fmt: skip
parts = st.builds(
    Part,
    number=st.just(0),
    kind=st.sampled_from(["headers", "body", "attachment", "page", "transcript"]),
    media_type=loose,
    text=loose,
    content=st.booleans(),
    method=st.sampled_from(["text", "html", "pdf", "ocr", "office", "transcript", "form", "row", "person"]),
    confidence=measures,
    page=st.none() | st.integers(-5, 2**40),
    words=st.lists(st.builds(Word, loose, st.integers(-9, 99), *[measures] * 5), max_size=3),
    ink=st.none() | measures,
    problem=st.none() | loose,
)
readings = st.builds(
    lambda found, claimed, needs: Reading(
        reader="test 1", facts=claimed, needs=needs,
        parts=[msgspec.structs.replace(part, number=n) for n, part in enumerate(found)],
    ),
    st.lists(parts, max_size=4),
    facts,
    st.lists(st.sampled_from(NEEDS) | loose, max_size=2),
)  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(readings, st.lists(readings, max_size=2), st.sampled_from(["message/rfc822", "application/pdf"]), st.booleans())
def test_whatever_a_reader_says_ends_in_one_outcome(
    desk: Desk, read: Reading, forwarded: list[Reading], media_type: str, by_officer: bool
) -> None:
    """Any reading, however odd, raises nothing and becomes responses that fit the schema, or an outcome with a reason;
    its evidence is still the same once it was stored."""
    if by_officer:
        read = msgspec.structs.replace(read, facts={**read.facts, "from_email": "x@council.example"})
    ended = Ended()
    add_result(desk, ended, receipt(media_type=media_type), msgspec.structs.replace(read, forwarded=forwarded))
    assert ended.receipts == 1
    assert bool(ended.settled) != bool(ended.responses)
    for settled in ended.settled:
        assert settled.outcome in ("set_aside", "quarantined")
        assert settled.reason
    for new in ended.responses:
        assert new.response.reference.startswith("TST-")
        stored = msgspec.json.decode(msgspec.json.encode(new.evidence), type=FieldEvidence)
        assert stored == new.evidence
        for piece in itertools.chain.from_iterable(stored.values()):
            assert isinstance(piece, Evidence)
            assert 0 <= piece.confidence <= 1
            assert all(math.isfinite(edge) for edge in (piece.place or {}).get("box", []))


def seconds(work: Callable[[], object]) -> float:
    """How long this process's processor works on it."""
    start = time.process_time()
    work()
    return time.process_time() - start


@pytest.mark.parametrize(
    "text",
    ["NR25 6AA " * 20_000, "NR1 2DL " * 20_000, "Holt\nNR25 6AA\n" * 10_000, "Holt " * 40_000, "a" * 500_000,
     "\n" * 500_000,
     "I live in Holt, NR25 6AA. " * 5_000],
    ids=lambda text: text[:10],
)  # fmt: skip
def test_a_text_made_to_be_slow_is_read_in_bounded_time(rules: Rules, text: str) -> None:
    """One message can't hold up everybody else's: 20,000 postcodes or 40,000 places take a few seconds at most."""
    assert seconds(lambda: normalise.message(rules, receipt(), reading(body(text)))) < 5


def test_a_sample_letter_block_on_many_pages_is_read_in_bounded_time(rules: Rules) -> None:
    """A long batch of typed pages, with boxes for every word, is read in time that grows with its length only."""
    text = "\n".join(f"{line} We live near Holt, NR25 6AA, and ring 01632 960001 often." for line in range(40))
    pages = [page(text, number) for number in range(1, 41)]
    assert seconds(lambda: normalise.document(rules, receipt(), reading(*pages))) < 5


def test_only_the_config_is_read(tmp_path: Path) -> None:
    """Without a list of places nothing names one, and nothing else is missing."""
    (tmp_path / "config.toml").write_text(CONFIG.replace('"DATABASE"', '""').replace('places = "places.csv"\n', ""))
    loaded = config.load(tmp_path / "config.toml", {name: kind.settings for name, kind in ADAPTERS.items()})
    bare = Rules(loaded.consultation, Gazetteer.read(loaded.consultation.places))
    filled = normalise.message(bare, receipt(), reading(body("Keep Holt open, NR25 6AA.")))
    assert filled.values["postcode"] == "NR25 6AA"
    assert "places" not in filled.evidence
