"""Single fields found in text: postcodes, telephone numbers, times, language. Pure functions; blank where unsure."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import phonenumbers

if TYPE_CHECKING:
    from py3langid.langid import LanguageIdentifier

# The UK's postcode areas (Royal Mail; a fact, not anybody's text).
_AREAS = frozenset([
    "AB", "AL", "B", "BA", "BB", "BD", "BH", "BL", "BN", "BR", "BS", "BT", "CA", "CB", "CF", "CH", "CM", "CO", "CR",
    "CT", "CV", "CW", "DA", "DD", "DE", "DG", "DH", "DL", "DN", "DT", "DY", "E", "EC", "EH", "EN", "EX", "FK", "FY",
    "G", "GL", "GU", "GY", "HA", "HD", "HG", "HP", "HR", "HS", "HU", "HX", "IG", "IM", "IP", "IV", "JE", "KA", "KT",
    "KW", "KY", "L", "LA", "LD", "LE", "LL", "LN", "LS", "LU", "M", "ME", "MK", "ML", "N", "NE", "NG", "NN", "NP",
    "NR", "NW", "OL", "OX", "PA", "PE", "PH", "PL", "PO", "PR", "RG", "RH", "RM", "S", "SA", "SE", "SG", "SK", "SL",
    "SM", "SN", "SO", "SP", "SR", "SS", "ST", "SW", "SY", "TA", "TD", "TF", "TN", "TQ", "TR", "TS", "TW", "UB", "W",
    "WA", "WC", "WD", "WF", "WN", "WR", "WS", "WV", "YO", "ZE",
])  # fmt: skip
# Outward and inward code: BS 7666. The inward code never has C, I, K, M, O or V; a district's letter is one of a few.
_POSTCODE = re.compile(
    r"(?<![\w-])([A-Z]{1,2})([0-9][0-9A-Z]?)[ \t\u00a0]{0,3}([0-9][ABD-HJLNP-UW-Z]{2})(?![\w-])", re.IGNORECASE
)
_DISTRICT_LETTERS = {1: frozenset("ABCDEFGHJKPSTUW"), 2: frozenset("ABEHMNPRVWXY")}
_MISTYPED = {"O": "0", "I": "1"}
# The digits of an area code stand together, else a date with a time looks like a number.
_PHONE = re.compile(
    r"(?<![\w+])(?:\+44[ \t\u00a0()0-]{0,5}|\(?0)[1-9][0-9]{1,4}(?:[ \t\u00a0()-]{0,2}[0-9]){4,8}(?![\w])"
)
# What people write (RFC 5322, 3.4.1, allows more): a dot-atom, and a domain with a dot in it.
_EMAIL = re.compile(
    r"(?<![\w.+%@-])[A-Za-z0-9_+%-]{1,64}(?:\.[A-Za-z0-9_+%-]{1,64}){0,8}@(?:[A-Za-z0-9-]{1,63}\.){1,8}[A-Za-z]{2,24}(?![\w@-])"
)
_EXTENSION = re.compile(r"(?:;ext=|ext?n?\.?|extension|x)\s*[0-9]+\s*$", re.IGNORECASE)
# What people and systems write around a number: a word for it, a tel: URI (RFC 3966), the area code before a slash.
_KIND_OF_NUMBER = (
    "(?:tele?phone|tel|phone|mobile|mob|home|work|landline|cell|daytime|day|evenings?|eve|number|no|cli|caller|t|m|h|w)"
)
_LABELLED = re.compile(rf"(?:{_KIND_OF_NUMBER}\b[ .:]{{0,3}}){{1,3}}(?=[+(0-9])", re.IGNORECASE)
_EXPLAINED = re.compile(rf"(?<=[0-9])[ ,]{{0,3}}(?:\({_KIND_OF_NUMBER}\)|{_KIND_OF_NUMBER})$", re.IGNORECASE)
_AREA_SLASH = re.compile(r"\(?(0[1-9][0-9]{1,4})\)? ?/ ?(?=[0-9 -]{5,12}$)")
_WITHHELD = frozenset({
    "withheld", "number withheld", "withheld number", "caller withheld number", "private", "private number",
    "private caller", "unknown", "unknown number", "unknown caller", "anonymous", "anon", "anonymous caller",
    "restricted", "unavailable", "not available", "number unavailable", "blocked", "blocked number", "no caller id",
    "no cli", "no number", "not given", "not known", "none", "n/a", "na", "-", "141", "payphone", "out of area",
    "international",
})  # fmt: skip
"""What stands in a log or a telephone system where no number was given; 141 is dialled to withhold it."""
_STAND_INS = frozenset({"+266696687", "+7378742833", "+2562533", "+8656696", "+86282452253", "+8566696687"})
"""Twilio's numbers for callers without one: the keys of a telephone that spell ANONYMOUS, RESTRICTED, BLOCKED, UNKNOWN
and UNAVAILABLE; of the last one it is only told that it stands for an unknown caller."""
UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
"""What neither database can hold: NUL, and half a character."""
_UK = 44
_LONGEST_NUMBER = 80  # characters, with all that is written around it
_UTC = ZoneInfo("UTC")
_URL_CHARACTERS = 300
_YEARS = range(1990, 2100)
_MIN_WORDS_FOR_LANGUAGE = 12
_MIN_LANGUAGE_PROBABILITY = 0.95


@dataclass(frozen=True, slots=True)
class Found:
    """A value and the characters that it was read from."""

    value: str
    start: int
    end: int


def postcodes(text: str) -> Iterator[Found]:
    """UK postcodes in a text, in upper case with one space. A district's O or I can only be a 0 or 1 mistyped."""
    for match in _POSTCODE.finditer(text):
        area, district, inward = (group.upper() for group in match.groups())
        district = district[0] + _MISTYPED.get(district[1:], district[1:])
        ordinal = match[1].isupper() and match[3][1:] in ("st", "nd", "rd", "th")  # "Unit B1 1st floor"
        if (
            area in _AREAS
            and not ordinal
            and not _is_in_url(text, match.start())
            and (district.isdigit() or district[1] in _DISTRICT_LETTERS[len(area)])
        ):
            yield Found(f"{area}{district} {inward}", match.start(), match.end())


def _is_in_url(text: str, at: int) -> bool:
    before = text[max(0, at - _URL_CHARACTERS) : at]
    word = before.rpartition("\n")[2].rpartition(" ")[2]
    return "://" in word or word.lower().startswith("www.") or "@" in word


def phone_numbers(text: str) -> Iterator[Found]:
    """UK telephone numbers in a text, in E.164 form."""
    for match in _PHONE.finditer(text):
        if number := e164(match.group()):
            yield Found(number, match.start(), match.end())


def email_addresses(text: str) -> Iterator[Found]:
    """Email addresses in a text, as they are written; the full stop of a sentence is none of theirs."""
    for match in _EMAIL.finditer(text):
        yield Found(match.group(), match.start(), match.end())


def e164(typed: str) -> str:
    """A telephone number as E.164, read as a UK one if it has no country; "" if it is none.

    Asks whether the number is possible, not whether it is assigned: Ofcom's numbers for drama (07700 900xxx,
    01632 960xxx) are never assigned.
    """
    if len(typed) > _LONGEST_NUMBER or is_withheld(typed):
        return ""
    plain = _EXTENSION.sub("", _EXPLAINED.sub("", _LABELLED.sub("", typed.strip(), count=1)).strip())
    plain = _AREA_SLASH.sub(r"\1 ", plain)
    if any(character.isalpha() or character in "/:;," for character in plain):
        return ""
    try:
        number = phonenumbers.parse(plain, "GB")
    except phonenumbers.NumberParseException:
        return ""
    if phonenumbers.is_possible_number_with_reason(number) != phonenumbers.ValidationResult.IS_POSSIBLE:
        return ""
    # Nine or ten digits after the 0 (Ofcom's National Telephone Numbering Plan): opening hours have fewer.
    if number.country_code == _UK and not 10**8 <= (number.national_number or 0) < 10**10:
        return ""
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def is_withheld(written: str) -> bool:
    """Whether this stands for a number that the caller, or the network, did not give."""
    plain = " ".join(written.split()).casefold().strip(" .()[]<>\"'") or written.strip()
    return plain in _WITHHELD or plain in _STAND_INS


def language(text: str) -> str:
    """The ISO 639-1 code of a text's language; "" where the text is too short or the answer not sure."""
    words = text.split()
    if len(words) < _MIN_WORDS_FOR_LANGUAGE:
        return ""
    code, probability = _identifier().classify(" ".join(words[:300]))
    return str(code) if probability >= _MIN_LANGUAGE_PROBABILITY and len(code) == 2 else ""


@lru_cache(maxsize=1)
def _identifier() -> "LanguageIdentifier":
    # Imported here, as it takes as long to load as all the rest: most commands never look at a text.
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)


@dataclass(frozen=True, slots=True)
class When:
    """A time that was read. ``unsure`` where the clock showed it twice, or never: the earlier reading is taken."""

    at: datetime
    day_only: bool = False
    unsure: bool = False


_MONTH_FIRST = {"%d/%m/%Y": "%m/%d/%Y", "%d-%m-%Y": "%m-%d-%Y", "%d.%m.%Y": "%m.%d.%Y", "%d/%m/%y": "%m/%d/%y",
                "%d.%m.%y": "%m.%d.%y"}  # fmt: skip
_DATES = (
    "%Y-%m-%d",
    "%Y/%m/%d",
    "%d/%m/%Y",
    "%d-%m-%Y",
    "%d.%m.%Y",
    "%d/%m/%y",
    "%d.%m.%y",
    "%d %B %Y",
    "%d %b %Y",
    "%d-%b-%Y",
    "%d-%b-%y",
    "%d %B %y",
    "%d %b %y",
    "%B %d %Y",
    "%b %d %Y",
    "%b %d %y",
)
# "Tue 1st of March 2011": what people write around a date.
_WEEKDAY = re.compile(r"(mon|tue|wed|thu|fri|sat|sun)(?:day|s|sday|nesday|rs|r|rsday|urday)?\.? ", re.IGNORECASE)
_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_ORDINAL = re.compile(r"\b(\d{1,2})(?:st|nd|rd|th)\b(?: of\b)?", re.IGNORECASE | re.ASCII)
_SEPT = re.compile(r"\bsept\b\.?", re.IGNORECASE)
_TIMES = ("%H:%M:%S", "%H:%M", "%H:%M:%S.%f", "%I:%M %p", "%I:%M:%S %p", "%I:%M%p", "%H.%M")

# "2.30pm", "2 p.m.", "9:05am", "14:30 hrs", "14.30h", "1430 hours".
_AS_SAID = re.compile(
    r"(?P<hours>\d{1,2})(?:[.:](?P<minutes>\d\d))? ?(?P<half>[AP])\.?M\.?"
    r"|(?P<hours_>\d{1,2})[.:]?(?P<minutes_>\d\d) ?H(?:OU)?(?:RS?)?S?\.?",
    re.ASCII,
)

# What follows a time and says its offset: "+01:00", "+0100", "UTC", "BST", "(GMT+1:00)". Of names only those that have
# one meaning in the United Kingdom, where BST is British Summer Time.
_OFFSET = re.compile(
    r"(?P<local>.*?\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?: ?[AP]M)?) ?\(?(?P<name>UTC|GMT|BST|Z)? ?"
    r"(?:(?P<sign>[+-])(?P<hours>\d{1,2}):?(?P<minutes>\d\d))?\)?",
    re.IGNORECASE,
)


def read_time(written: str, zone: ZoneInfo, *, month_first: bool = False) -> When | None:
    """A date with or without a time, as logs and exports write it; numeric dates are day first, unless said.

    A time without an offset is local to ``zone``; a day alone becomes its 12:00. None if it is no such date, or of a
    year that nobody can mean (before 1990, after 2099).
    """
    text = " ".join(written.replace("\u00a0", " ").replace("\u202f", " ").split())
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return _read_offset(text, month_first) or _read_local(text, zone, month_first)
    if moment.year not in _YEARS:
        return None
    if len(text) <= len("2011-03-01"):
        return _local(moment.replace(hour=12), zone, day_only=True)
    return _local(moment, zone) if moment.tzinfo is None else When(moment.astimezone(UTC))


def _read_offset(text: str, month_first: bool) -> When | None:
    """A time that says its offset; None if it says none."""
    found = _OFFSET.fullmatch(text)
    if found is None or not (found["name"] or found["sign"]):
        return None
    minutes = 60 * int(found["hours"]) + int(found["minutes"]) if found["sign"] else 0
    if not found["sign"] and found["name"].upper() == "BST":
        minutes = 60
    local = read_time(found["local"].strip(), _UTC, month_first=month_first)
    if local is None or minutes > 15 * 60:  # no zone is further from UTC
        return None
    ahead = timedelta(minutes=-minutes if found["sign"] == "-" else minutes)
    return When(local.at - ahead)


def _read_local(text: str, zone: ZoneInfo, month_first: bool = False) -> When | None:
    """A time without an offset. A day of the week beside a date that is another day makes it unsure."""
    plain = _SEPT.sub("Sep", _ORDINAL.sub(r"\1", text.replace(",", "")))
    named = _WEEKDAY.match(plain)
    if named is None:
        return _read_plain(plain, zone, month_first)
    when = _read_plain(plain[named.end() :], zone, month_first)
    if when is None or when.at.astimezone(zone).weekday() == _WEEKDAYS.index(named[1].lower()):
        return when
    return replace(when, unsure=True)


def _read_plain(text: str, zone: ZoneInfo, month_first: bool) -> When | None:
    words = text.split(" ")
    for day_first in _DATES:
        pattern = _MONTH_FIRST.get(day_first, day_first) if month_first else day_first
        width = pattern.count(" ") + 1
        day, rest = " ".join(words[:width]), " ".join(words[width:])
        try:
            # The zone is applied below, once the time of day is known.
            date = datetime.strptime(day, pattern)  # noqa: DTZ007
        except ValueError:
            continue
        if date.year not in _YEARS:
            continue
        if not rest:
            return _local(date.replace(hour=12), zone, day_only=True)
        if (time := _time_of_day(rest.upper())) is not None:
            return _local(date + time, zone)
    return None


def _time_of_day(text: str) -> timedelta | None:
    """``text`` in capitals, such as 09:30, 9.30PM, 2 P.M., 1430 HRS."""
    clocked = _clocked(text)
    return _spoken_time(text) if clocked is None else clocked


def _spoken_time(text: str) -> timedelta | None:
    """A time of day as people write it in a log. Four digits alone are one only where "hrs" or the like says so."""
    found = _AS_SAID.fullmatch(text)
    if found is None:
        return None
    half = f" {found['half']}M" if found["half"] else ""
    return _clocked(f"{found['hours'] or found['hours_']}:{found['minutes'] or found['minutes_'] or '00'}{half}")


def _clocked(text: str) -> timedelta | None:
    for pattern in _TIMES:
        try:
            moment = datetime.strptime(text, pattern)  # noqa: DTZ007  # only the time of day is used
        except ValueError:
            continue
        return timedelta(hours=moment.hour, minutes=moment.minute, seconds=moment.second)
    return None


def _local(naive: datetime, zone: ZoneInfo, *, day_only: bool = False) -> When:
    first, second = naive.replace(tzinfo=zone, fold=0), naive.replace(tzinfo=zone, fold=1)
    unsure = first.utcoffset() != second.utcoffset()
    return When(
        min(first.astimezone(UTC), second.astimezone(UTC)) if unsure else first.astimezone(UTC), day_only, unsure
    )
