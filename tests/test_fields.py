"""Single fields found in text: right or blank, each with the characters it was read from, in bounded time."""

import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from intake import fields
from intake import numbers as numbers_shown
from intake.fields import Found
from storage.schema import Response

LONDON = ZoneInfo("Europe/London")
AREAS = """
AB AL B BA BB BD BH BL BN BR BS BT CA CB CF CH CM CO CR CT CV CW DA DD DE DG DH DL DN DT DY E EC EH EN EX FK FY G GL GU
HA HD HG HP HR HS HU HX IG IP IV KA KT KW KY L LA LD LE LL LN LS LU M ME MK ML N NE NG NN NP NR NW OL OX PA PE PH PL PO
PR RG RH RM S SA SE SG SK SL SM SN SO SP SR SS ST SW SY TA TD TF TN TQ TR TS TW UB W WA WC WD WF WN WR WS WV YO ZE
""".split()  # noqa: SIM905 - a list of 124 words reads better so
IDS: dict[str, Any] = {"reference": "r", "consultation": "c", "channel": "x"}
INWARD = "ABDEFGHJLNPQRSTUWXYZ"

postcodes = st.builds(
    "{}{} {}{}{}".format, st.sampled_from(AREAS), st.integers(0, 99), st.integers(0, 9), st.sampled_from(INWARD),
    st.sampled_from(INWARD),
)  # fmt: skip
numbers = st.integers(0, 999).map("01632960{:03}".format) | st.integers(0, 999).map("07700900{:03}".format)


def values(found: Iterable[Found]) -> list[str]:
    return [one.value for one in found]


def seconds(work: Callable[[], object]) -> float:
    """How long this process's processor works on it."""
    start = time.process_time()
    work()
    return time.process_time() - start


# --- postcodes --------------------------------------------------------------------------------------------------------


@settings(deadline=None)
@given(postcodes, st.sampled_from(["", " ", "  ", "\t", "\u00a0"]), st.booleans())
def test_every_postcode_area_is_read_however_it_is_typed(code: str, gap: str, lower: bool) -> None:
    """A postcode of any of the UK's areas, with no space, two or a no-break one, in any case, has its one form."""
    typed = code.replace(" ", gap)
    typed = typed.lower() if lower else typed
    text = f"My postcode is {typed}, thank you."
    (found,) = fields.postcodes(text)
    assert found.value == code
    assert text[found.start : found.end] == typed
    assert Response(**IDS, postcode=found.value).postcode == code


@pytest.mark.parametrize(
    ("typed", "value"),
    [
        ("SW1A 1AA", "SW1A 1AA"), ("W1A 0AX", "W1A 0AX"), ("EC1A 1BB", "EC1A 1BB"), ("N1C 4AG", "N1C 4AG"),
        ("SE1P 4AA", "SE1P 4AA"), ("E1W 1AA", "E1W 1AA"), ("IM1 1AA", "IM1 1AA"), ("JE2 3AB", "JE2 3AB"),
        ("GY1 1AA", "GY1 1AA"), ("NR1O 3ZX", "NR10 3ZX"), ("nr1o3zx", "NR10 3ZX"), ("W1I 1AA", "W11 1AA"),
    ],
)  # fmt: skip
def test_the_rarer_forms_are_read(typed: str, value: str) -> None:
    """Districts with a letter, the Crown dependencies, and an O or I where only a digit can stand."""
    assert values(fields.postcodes(typed)) == [value]


@pytest.mark.parametrize(
    "text",
    [
        "XX1 1AA", "QE2 1AA", "NX1 2DL", "JJ1 1AA",  # no such area
        "NR1 2CD", "NR1 2DK", "NR1 2VO", "NR1 2DI", "NR1 2DM",  # letters that no inward code has
        "NRI 2DL", "NRO 1AA", "NR1 OAA", "NR1Z 2DL", "B1Z 2DL", "A1 2BC",  # no district, or none of that form
        "xNR1 2DL", "NR1 2DLx", "ANR1 2DL", "1NR1 2DL", "NR1 2DL2", "NR12DLNR12DL", "NR1-2DL", "R2-NR1 2DL",
        "NR1\n2DL", "NR1\n\n2DL", "NR1    2DL", "NR1, 2DL",
        "BFPO 12", "1600 AA", "D-80331", "90210", "H0H 0H0",
        "on the M25 2nd exit", "Flat W2 4th floor", "Unit B1 1st floor", "Block E3 3rd entrance",
        "the M6 1PM news", "at B1 2am", "E = MC2", "SO14ALL", "A47", "B1145", "",
        "https://example.org/B12AB", "https://example.org/?id=NR12DL&x=1", "https://www.example.org/a/SW1A1AA/b",
    ],
)  # fmt: skip
def test_what_only_looks_like_a_postcode_is_none(text: str) -> None:
    """Words, roads, floors, times, links and foreign codes are no postcodes."""
    assert values(fields.postcodes(text)) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("NR1 2AB NR3 4AD", ["NR1 2AB", "NR3 4AD"]), ("NR1 2AB/NR3 4AD", ["NR1 2AB", "NR3 4AD"]),
        ("(NR1 2AB)", ["NR1 2AB"]), ("Postcode:NR1 2AB.", ["NR1 2AB"]), ("Postcode=NR1 2AB", ["NR1 2AB"]),
        ("NR1 2AB,NR1 2AB", ["NR1 2AB"] * 2), ("“NR1 2AB”", ["NR1 2AB"]), ("Norwich\nNR1 2AB\nUK", ["NR1 2AB"]),
        ("*NR1 2AB*", ["NR1 2AB"]), ("<b>NR1 2AB</b>", ["NR1 2AB"]),
    ],
)  # fmt: skip
def test_every_postcode_of_a_text_is_read(text: str, expected: list[str]) -> None:
    """Several postcodes, and whatever signs stand around them, are all found: one left out would make another sure."""
    assert values(fields.postcodes(text)) == expected


@settings(deadline=None)
@given(st.lists(postcodes, min_size=1, max_size=10), st.sampled_from([" ", ", ", "\n", " and ", "; "]))
def test_postcodes_in_a_row_are_all_read(codes: list[str], between: str) -> None:
    """Ten postcodes in a row are ten postcodes, in their order."""
    assert values(fields.postcodes(between.join(codes))) == codes


# --- telephone numbers ------------------------------------------------------------------------------------------------


@settings(deadline=None)
@given(numbers, st.sampled_from(["0", "+44", "+44 ", "+44 (0)", "+44 (0) ", "+44(0)", "+44-"]), st.data())
def test_the_drama_numbers_are_read_however_they_are_written(national: str, start: str, data: st.DataObject) -> None:
    """Numbers that are never given out are read like others: bare, with +44, with (0), in groups, with dashes."""
    digits = national[1:]
    gap = data.draw(st.sampled_from([" ", "-", ""]))
    written = start + digits[:4] + gap + digits[4:7] + data.draw(st.sampled_from([gap, ""])) + digits[7:]
    text = f"Ring me on {written}, please."
    (found,) = fields.phone_numbers(text)
    assert found.value == f"+44{digits}"
    assert text[found.start : found.end] == written
    assert fields.e164(written) == found.value
    assert Response(**IDS, phone=found.value).phone == found.value


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("(01632) 960001", ["+441632960001"]), ("(020) 7946 0000", ["+442079460000"]),
        ("020 7946 0000", ["+442079460000"]),
        ("0345 678 9000 or 0345 678 9001", ["+443456789000", "+443456789001"]), ("tel:01632960001", ["+441632960001"]),
        ("01632 960001 ext 5", ["+441632960001"]), ("01632960001,07700900123", ["+441632960001", "+447700900123"]),
        ("01632 960001.", ["+441632960001"]), ("01632\u00a0960001", ["+441632960001"]),
    ],
)  # fmt: skip
def test_landlines_and_several_numbers_are_read(text: str, expected: list[str]) -> None:
    """Area codes in brackets, extensions, several numbers in one sentence, spaces as HTML has them."""
    assert values(fields.phone_numbers(text)) == expected


@pytest.mark.parametrize(
    "text",
    [
        "0123456789012345", "4929 0163 2960 0012", "5100 0000 0000 0000", "000000000000", "0000 000 0000",
        "01-02-2011 12:30", "01 02 2011 12 30", "01/03/2011 0930", "2011-03-01 09:30:00", "03.04.2011 10:15",
        "open 0900-1700", "0930-1130 daily", "0900 1700", "012345678", "077009001", "1632 960001", "960001", "999",
        "ID01632960001", "01632960001234", "x01632 960001y", "192.0.2.10", "£01,632,960", "", "+44", "+44 (0)",
    ],
)  # fmt: skip
def test_what_only_looks_like_a_number_is_none(text: str) -> None:
    """Dates with times, opening hours, cards, serial numbers and addresses of machines are no telephone numbers."""
    assert values(fields.phone_numbers(text)) == []


@pytest.mark.parametrize(
    ("typed", "value"),
    [
        ("01632 960001", "+441632960001"), ("07700900123", "+447700900123"), ("+44 (0)1632 960001", "+441632960001"),
        ("0044 1632 960001", "+441632960001"), ("1632 960001", "+441632960001"),
        ("01632 960001 ext 5", "+441632960001"),
        ("01632 960001 x12", "+441632960001"), ("+1 (202) 555-0100", "+12025550100"),
        (" 01632-960-001 ", "+441632960001"),
    ],
)  # fmt: skip
def test_a_cell_with_a_number_is_read(typed: str, value: str) -> None:
    """A cell that holds one telephone number, of this country or another, gives it in E.164 form."""
    assert fields.e164(typed) == value


@pytest.mark.parametrize(
    "typed",
    ["", "Withheld", "withheld", "Anonymous", "No", "n/a", "none given", "private number", "999", "101", "960001",
     "223762",
     "12345", "0800 call", "077009001", "01632 96000111111", "07700900123 or 01632960001", "07700900123;07700900124",
     "01/03/2011", "0900-1700", "09:30", "0" * 300, "+" + "4" * 20, "+0441632960001", "NR1 2DL", "a@example.org",
     "\x00"],
)  # fmt: skip
def test_a_cell_without_one_number_stays_blank(typed: str) -> None:
    """Withheld, half a number, two numbers, a date, opening hours: what is not surely one number is blank."""
    assert fields.e164(typed) == ""


@pytest.mark.parametrize(
    "typed",
    [
        "00 44 1632 960001", "0044 (0)1632 960001", "(01632) 960001", "+44 (0)1632 960001", "+44(0)1632960001",
        "\uff10\uff11\uff16\uff13\uff12 \uff19\uff16\uff10\uff10\uff10\uff11", "44 1632 960001", "441632960001",
        "1632960001", "(+44) 1632 960001", "+44 01632 960001", "'01632960001", "01632\u2011960\u2011001",
        "01632.960.001",
        "01632 960001 ext. 12", "01632 960001 extn 12", "01632 960001x12", "01632960001#12", "01632/960001",
        "tel:+44-1632-960001", "tel:+441632960001;ext=4", "Tel: 01632 960001", "T. (01632) 960001",
        "01632 960001 (home)", "01632 960001, work", "Home: 01632 960001", "Home tel. no. 01632 960001",
    ],
)  # fmt: skip
def test_one_number_in_every_spelling(typed: str) -> None:
    """As people and telephone systems write it: codes, brackets, words around it, extensions, full-width digits."""
    assert fields.e164(typed) == "+441632960001"


@pytest.mark.parametrize(
    "typed",
    [
        "Withheld", "withheld.", "Private number", "PRIVATE", "Unknown", "Anonymous", "Number withheld", "141",
        "[unavailable]",
        "no caller  ID", "-", "+266696687", "+7378742833", "+2562533", "+8656696", "+86282452253", "Payphone",
    ],
)  # fmt: skip
def test_a_withheld_number_is_known_as_such(typed: str) -> None:
    """However a log or a telephone system says it: blank, and no mistake of whoever typed it."""
    assert fields.is_withheld(typed)
    assert fields.e164(typed) == ""


@pytest.mark.parametrize("typed", ["01632 960001", "Jo", "", "141 01632 960001", "with held", "not sure"])
def test_what_is_not_said_to_be_withheld(typed: str) -> None:
    """A number, a name, nothing at all, or something else."""
    assert not fields.is_withheld(typed)


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        ("+441632960001", "01632 960001, landline"), ("+447700900123", "07700 900123, mobile"),
        ("+442079460018", "020 7946 0018, landline"), ("+448081570192", "0808 157 0192, freephone"),
        ("+443001234567", "0300 123 4567, other"), ("+447012345678", "070 1234 5678, other"),
        ("+448456789000", "0845 678 9000, other"), ("+33142278186", "+33 1 42 27 81 86, landline"), ("", ""), ("x", ""),
    ],
)  # fmt: skip
def test_numbers_are_shown_as_they_are_dialled(number: str, shown: str) -> None:
    """Nationally, with the kind of number; those for drama too, though they belong to nobody."""
    assert numbers_shown.shown(number) == shown


@settings(deadline=None)
@given(numbers)
def test_what_is_shown_is_the_same_number(national: str) -> None:
    """A number that somebody copies from a page and dials is the one that is kept."""
    kept = fields.e164(national)
    assert fields.e164(numbers_shown.national(kept)) == kept


# --- times ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "utc"),
    [
        ("04/05/2011 10:00", "2011-05-04T09:00"), ("4/5/2011 10:00", "2011-05-04T09:00"),
        ("13/01/2011 09:14", "2011-01-13T09:14"),
        ("2011-03-01 09:30", "2011-03-01T09:30"), ("2011-03-01T09:30:00", "2011-03-01T09:30"),
        ("2011/03/01 09:30", "2011-03-01T09:30"),
        ("01.03.2011 9.30", "2011-03-01T09:30"), ("01-03-2011 09:30", "2011-03-01T09:30"),
        ("1-Mar-11 09:30", "2011-03-01T09:30"),
        ("1 March 2011 9:30 pm", "2011-03-01T21:30"), ("1 mar 2011, 09:30", "2011-03-01T09:30"),
        ("04/05/11 10:00", "2011-05-04T09:00"),
        ("1/3/2011 12:00 am", "2011-03-01T00:00"), ("1/3/2011 12:00 pm", "2011-03-01T12:00"),
        ("1/3/2011 12:30AM", "2011-03-01T00:30"),
        ("1st March 2011 14:30", "2011-03-01T14:30"), ("Tue 1 Mar 2011 14:30", "2011-03-01T14:30"),
        ("Tuesday, 1st of March 2011, 2pm", "2011-03-01T14:00"), ("3 Sept 2011 10:00", "2011-09-03T09:00"),
        ("1.3.11 14:30", "2011-03-01T14:30"), ("1 March 11 14:30", "2011-03-01T14:30"),
        ("01/03/2011 2.30pm", "2011-03-01T14:30"), ("01/03/2011 2pm", "2011-03-01T14:00"),
        ("01/03/2011 9.05 a.m.", "2011-03-01T09:05"), ("01/03/2011 12.15 P.M.", "2011-03-01T12:15"),
        ("01/03/2011 12am", "2011-03-01T00:00"), ("01/03/2011 0900hrs", "2011-03-01T09:00"),
        ("01/03/2011 14:30 hrs", "2011-03-01T14:30"), ("01/03/2011 14.30h", "2011-03-01T14:30"),
        ("1/3/2011 11:59:59 PM", "2011-03-01T23:59:59"), ("01/03/2011 00:00", "2011-03-01T00:00"),
        ("2011-03-01T09:30Z", "2011-03-01T09:30"), ("2011-07-01T09:30+05:30", "2011-07-01T04:00"),
        ("2011-07-01 09:30 +01:00", "2011-07-01T08:30"),
        ("29/02/2012 10:00", "2012-02-29T10:00"), (" 01/03/2011\u00a0 09:30\n", "2011-03-01T09:30"),
        ("20110301T0930", "2011-03-01T09:30"),
        ("2011-04-18 23:59:59", "2011-04-18T22:59:59"), ("2011-04-19 00:00:00", "2011-04-18T23:00"),
    ],
)  # fmt: skip
def test_a_time_is_read_as_the_british_write_it(written: str, utc: str) -> None:
    """Numeric dates are day first, a time without an offset is local, one with an offset is what it says."""
    found = fields.read_time(written, LONDON)
    assert found is not None
    assert (found.at, found.day_only, found.unsure) == (datetime.fromisoformat(utc).replace(tzinfo=UTC), False, False)


def test_a_day_of_the_week_that_is_another_makes_a_date_unsure() -> None:
    """ "Mon 1 March 2011" was a Tuesday: the date is read, and a person looks."""
    assert fields.read_time("Tue 1 March 2011", LONDON) == fields.read_time("1 March 2011", LONDON)
    wrong = fields.read_time("Mon 1 March 2011 14:30", LONDON)
    assert wrong is not None
    assert wrong.unsure


@pytest.mark.parametrize("written", ["01/03/2011", "1/3/11", "2011-03-01", "1 March 2011", "20110301", "01.03.2011"])
def test_a_day_alone_is_its_noon(written: str) -> None:
    """A time known to the day only is 12:00 local time, and says that it is the day alone."""
    found = fields.read_time(written, LONDON)
    assert found == fields.When(datetime(2011, 3, 1, 12, tzinfo=UTC), day_only=True)
    summer = fields.read_time("01/07/2011", LONDON)
    assert summer is not None
    assert summer.at == datetime(2011, 7, 1, 11, tzinfo=UTC)


@pytest.mark.parametrize(
    ("written", "utc", "unsure"),
    [
        ("30/10/2011 00:59:59", "2011-10-29T23:59:59", False), ("30/10/2011 01:00:00", "2011-10-30T00:00:00", True),
        ("30/10/2011 01:59:59", "2011-10-30T00:59:59", True), ("30/10/2011 02:00:00", "2011-10-30T02:00:00", False),
        ("27/03/2011 00:59:59", "2011-03-27T00:59:59", False), ("27/03/2011 01:30:00", "2011-03-27T00:30:00", True),
        ("27/03/2011 02:00:00", "2011-03-27T01:00:00", False),
        ("2011-10-30T01:30:00+00:00", "2011-10-30T01:30:00", False),
        ("2011-10-30T01:30:00+01:00", "2011-10-30T00:30:00", False),
    ],
)  # fmt: skip
def test_an_hour_that_exists_twice_or_never_is_the_earlier_and_unsure(written: str, utc: str, unsure: bool) -> None:
    """Where the clocks change the earlier reading is taken and said to be unsure, unless an offset settles it."""
    found = fields.read_time(written, LONDON)
    assert found is not None
    assert (found.at, found.unsure) == (datetime.fromisoformat(utc).replace(tzinfo=UTC), unsure)


@pytest.mark.parametrize(
    "written",
    ["", " ", "\n", "31/02/2011", "29/02/2011", "2011-02-29", "31/04/2011", "00/01/2011", "01/13/2011",
     "03/25/2011", "1/2/3",
     "2011", "2011-03", "12:00", "1300", "40603", "soon", "yesterday", "01/03/2011 24:00", "01/03/2011 23:60",
     "01/03/2011 13:00 pm", "01/03/2011 13pm", "01/03/2011 0 pm", "01/03/2011 2570hrs", "01/03/2011 0930",
     "01/03/2011 0:30 pm", "01/03/2011 garbage", "01/03/2011 09:30 ?", "01/03/0011", "0011-03-01", "01/03/1899",
     "9999-12-31",
     "0001-01-01T00:00:00+05:00", "9999-12-31T23:59:59-10:00", "2011-03-01T09:30+25:00", "\x00", "2011-03-01\ud800",
     "1" * 5_000],
)  # fmt: skip
def test_what_is_no_time_is_none(written: str) -> None:
    """Days that never were, American order, years that nobody can mean, numbers and words are not read as times."""
    assert fields.read_time(written, LONDON) is None


@settings(deadline=None)
@given(
    st.datetimes(datetime(1990, 1, 2), datetime(2099, 12, 30)).map(lambda t: t.replace(microsecond=0)),
    st.sampled_from(
        ["%d/%m/%Y %H:%M:%S", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S", "%d %B %Y %I:%M:%S %p", "%d-%b-%Y %H:%M:%S"]
    ),
    st.sampled_from(["Europe/London", "America/New_York", "Asia/Kolkata", "Pacific/Apia", "UTC"]),
)
@example(datetime(2011, 12, 30, 12), "%d/%m/%Y %H:%M:%S", "Pacific/Apia")  # a day that was left out
def test_a_local_time_is_read_back_as_it_was_written(naive: datetime, pattern: str, name: str) -> None:
    """Whatever moment of whatever zone is written in whatever form, it is that moment, or said to be unsure."""
    zone = ZoneInfo(name)
    found = fields.read_time(naive.strftime(pattern), zone)
    assert found is not None
    assert found.at.utcoffset() == timedelta(0)
    assert found.unsure or found.at.astimezone(zone).replace(tzinfo=None) == naive


@settings(deadline=None)
@given(st.text() | st.from_regex(r"[0-9]{1,4}[-/. ][0-9]{1,2}[-/. ][0-9]{1,4}([ T][0-9:.+-]{0,14})?", fullmatch=True))
def test_whatever_stands_in_a_cell_is_a_time_or_none(written: str) -> None:
    """Nothing that somebody types where a time should be raises; what is read is aware."""
    found = fields.read_time(written, LONDON)
    assert found is None or found.at.utcoffset() == timedelta(0)


# --- language ---------------------------------------------------------------------------------------------------------

TEXTS = {
    "en": "I think that the children's centre should stay open, because it helps the families here a great deal.",
    "pl": "Uważam, że centrum dla dzieci powinno pozostać otwarte, ponieważ bardzo pomaga rodzinom w naszej okolicy.",
    "pt": "Acho que o centro infantil deve continuar aberto, porque ajuda muito as famílias que vivem aqui na cidade.",
    "lt": "Manau, kad vaikų centras turėtų likti atidarytas, nes jis labai padeda čia gyvenančioms šeimoms kasdien.",
    "cy": "Rwy'n meddwl y dylai'r ganolfan blant aros ar agor, oherwydd ei bod yn helpu'r teuluoedd yma yn fawr iawn.",
}


@pytest.mark.parametrize("code", list(TEXTS))
def test_a_text_of_some_length_has_its_language(code: str) -> None:
    """A few sentences are enough to tell the languages apart that people here write in."""
    assert fields.language(TEXTS[code]) == code
    assert fields.language("\n\n".join([TEXTS[code]] * 50)) == code


@pytest.mark.parametrize(
    "text",
    ["", " ", "\n" * 50, "I agree", "Keep it open please, thank you", "Tak", "keep " * 20,
     "12 13 14 15 16 17 18 19 20 21 22 23 24",
     "!!! " * 20, "😀 " * 20, "a " * 12, "\ufffd " * 20,
     "We agree with all of it. Tak, zgadzamy się. Oui, d'accord avec cela."],
)  # fmt: skip
def test_a_text_too_short_or_mixed_has_none(text: str) -> None:
    """A few words, signs, numbers or several languages at once leave the language blank."""
    assert fields.language(text) == ""


# --- anything at all --------------------------------------------------------------------------------------------------

awkward = st.text(st.sampled_from("NR12dl0 1+()-4\u00a0\n\t/.İıſK\ufffd٣²") | st.characters())


@settings(deadline=None)
@given(awkward)
def test_what_is_found_stands_where_it_is_said_to(text: str) -> None:
    """In any text, found values follow each other without overlap, fit their columns, and stand at their characters."""
    for find, column in ((fields.postcodes, "postcode"), (fields.phone_numbers, "phone")):
        end = 0
        for found in find(text):
            assert end <= found.start < found.end <= len(text)
            response = Response(**{**IDS, column: found.value})
            assert getattr(response, column) == found.value
            end = found.end


@settings(deadline=None)
@given(awkward)
def test_a_number_is_blank_or_fits_its_column(typed: str) -> None:
    """Whatever is typed as a number, what is read fits the column for it."""
    assert Response(**IDS, phone=fields.e164(typed)).consultation == "c"


@pytest.mark.parametrize(
    "text",
    ["1" * 1_000_000, "0" * 1_000_000, " 1" * 500_000, "0123456789" * 100_000, "(0" * 500_000, "+44 " * 250_000,
     "01" + " " * 1_000_000, "NR1" * 333_333, "NR1 " * 250_000, "+44(0)" * 160_000, "a" * 1_000_000, "0-" * 500_000],
    ids=lambda text: text[:10],
)  # fmt: skip
def test_a_megabyte_of_anything_takes_less_than_a_second(text: str) -> None:
    """Text that somebody made to be slow is looked through in bounded time."""
    assert seconds(lambda: (list(fields.postcodes(text)), list(fields.phone_numbers(text)))) < 1
    assert seconds(lambda: (fields.e164(text), fields.read_time(text, LONDON))) < 1
    assert seconds(lambda: fields.language(text)) < 3
