"""Messages that stand inside the text of another one, as mail programs put them there when somebody forwards.

No standard says how; these are the ways of Outlook, Gmail, Apple's Mail and Thunderbird in English, German, French and
Polish: a line that says so, and a block of header fields, or the block alone. Linear in the length of the text.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

_SAYS_SO = re.compile(
    r"[ \t>*_-]*(?:-{2,}|_{2,})\s*(?:forwarded message|original message|original-nachricht"
    r"|urspr(?:ü|ue)ngliche nachricht"
    r"|weitergeleitete nachricht|message transf(?:é|e)r(?:é|e)|message d['’]origine|message original"
    r"|wiadomo(?:ść|sc) (?:przekazana|oryginalna|przesłana dalej)|(?:przekazana|oryginalna|przesłana) wiadomo(?:ść|sc)"
    r"|treść przekazanej wiadomości)\b[^\n]{0,80}"
    r"|[ \t>]*(?:begin forwarded message|anfang der weitergeleiteten (?:nachricht|e-?mail)"
    r"|d(?:é|e)but du message (?:r(?:é|e)exp(?:é|e)di(?:é|e)|transf(?:é|e)r(?:é|e))"
    r"|początek przekazywanej wiadomości|początek przekazanej wiadomości)\s*:\s*",
    re.IGNORECASE,
)
_REPLIED = re.compile(r"original|ursprüng|urspruen|d['’]origine|oryginaln", re.IGNORECASE)
_NAMES = {
    "from": "from", "von": "from", "de": "from", "od": "from", "nadawca": "from", "expéditeur": "from",
    "sent": "date", "date": "date", "gesendet": "date", "datum": "date", "envoyé": "date", "wysłano": "date",
    "wysłane": "date", "data": "date", "date d'envoi": "date", "to": "to", "an": "to", "à": "to", "a": "to", "do": "to",
    "adresat": "to", "pour": "to", "cc": "cc", "kopie": "cc", "copie": "cc", "dw": "cc", "bcc": "cc",
    "subject": "subject", "betreff": "subject", "objet": "subject", "sujet": "subject", "temat": "subject",
    "reply-to": "reply-to",
    "antwort an": "reply-to", "répondre à": "reply-to", "odpowiedź-do": "reply-to", "importance": "other",
    "attachments": "other", "anlagen": "other", "pièces jointes": "other", "załączniki": "other", "priorität": "other",
    "ważność": "other", "resent-from": "other",
}  # fmt: skip
_FIELD = re.compile(r"[ \t>*]*([^\W\d][\w'’ -]{0,20}?)[ \t\xa0]?\*?:\*?[ \t\xa0]*([^\n]*)")
_RULE = re.compile(r"[ \t>]*(?:_{5,}|-{5,})[ \t]*")
_EMAIL = re.compile(r"[\w.!#$%&'+/=?^`{|}~-]{1,64}@[\w.-]{1,255}\.\w{2,63}")
_QUOTED = re.compile(r"[ \t]*>")
_QUOTE_SIGN = re.compile(r"^[ \t]*> ?", re.MULTILINE)
_MAX_FIELDS = 12
_MAX_MESSAGES = 200
_MAX_TRIES = 2_000


@dataclass(frozen=True, slots=True)
class Inlined:
    """A message inside a text. ``head_start`` is where its line that says so or its header block starts, ``start`` and
    ``end`` bound its own words. ``facts``: from_name, from_email, to (as written), subject, date (as written).
    ``surely`` says that a line said it was forwarded: header fields alone may stand over what is only quoted."""

    head_start: int
    start: int
    end: int
    facts: dict[str, str]
    surely: bool


def find_inlined(text: str) -> list[Inlined]:
    """The messages inside a text, in order; each ends where the next one begins."""
    lines = list(_lines(text))
    heads = list(_heads(text, lines))[:_MAX_MESSAGES]
    ends = [*(start for start, *_ in heads), len(text)][1:]
    return [
        Inlined(start, after, max(after, end), facts, surely)
        for (start, after, facts, surely), end in zip(heads, ends, strict=bool(heads))
    ]


def _lines(text: str) -> Iterator[tuple[int, int]]:
    at = 0
    while at <= len(text):
        end = text.find("\n", at)
        end = len(text) if end == -1 else end
        yield at, end
        at = end + 1


def _heads(text: str, lines: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int, dict[str, str], bool]]:
    """Where header blocks stand: from where, to where, what they say, and whether a line before them says so."""
    number = tries = 0
    said_at: tuple[int, int, bool] | None = None
    while number < len(lines):
        start, end = lines[number]
        if end - start < 200 and (said := _SAYS_SO.fullmatch(text, start, end)):
            said_at = number, start, _REPLIED.search(said[0]) is None
        elif end - start < 200 and _RULE.fullmatch(text, start, end):
            said_at = said_at if said_at and number - said_at[0] <= 2 else (number, start, False)
        elif end > start and tries < _MAX_TRIES and _is_field(text, (start, end), "from"):
            tries += 1
            block = _block(text, lines, number)
            if block is None:
                number += 1
                continue
            after, facts = block
            near = said_at is not None and not text[lines[said_at[0]][1] : start].strip(" \t\n>")
            first = said_at[1] if near and said_at else start
            yield first, lines[after - 1][1], facts, bool(near and said_at and said_at[2])
            number, said_at = after, None
            continue
        number += 1


def _block(text: str, lines: Sequence[tuple[int, int]], number: int) -> tuple[int, dict[str, str]] | None:
    """A block of header fields that begins with the sender: the number of the line after it, and what it says. None if
    this line begins none."""
    found: dict[str, str] = {}
    last = ""
    after = number
    for at in range(number, min(len(lines), number + 2 * _MAX_FIELDS)):
        start, end = lines[at]
        line = text[start : min(end, start + 2_000)]
        field = _FIELD.fullmatch(line)
        name = _NAMES.get(" ".join(field[1].casefold().split())) if field else None
        if field and name:
            if name in found and name in ("from", "subject", "date"):
                break
            last = name
            found.setdefault(name, field[2].strip(" \t\xa0*"))
            after = at + 1
        elif not found or not line.strip(" \t>") or last not in ("to", "cc", "other"):
            if at == number or line.strip(" \t>") or found.keys() >= {"from", "date", "subject"} or last == "":
                break
            # Some write an empty line between the fields: one is passed over if a field follows.
            if at + 1 >= len(lines) or not _is_field(text, lines[at + 1]):
                break
        elif at + 1 >= len(lines) or not _is_field(text, lines[at + 1]):
            break
    if "from" not in found or not found.keys() & {"date", "subject"} or len(found) < 3 or not _who(found["from"]):
        return None
    name, email = _mailbox(found["from"])
    facts = {"from_name": name, "from_email": email, "to": found.get("to", ""), "subject": found.get("subject", ""),
             "date": found.get("date", "")}  # fmt: skip
    return after, {key: value for key, value in facts.items() if value}


def _is_field(text: str, line: tuple[int, int], wanted: str = "") -> bool:
    field = _FIELD.fullmatch(text, line[0], min(line[1], line[0] + 2_000))
    name = _NAMES.get(" ".join(field[1].casefold().split())) if field else None
    return name == wanted if wanted else name is not None


def _who(written: str) -> bool:
    return bool(written) and len(written) < 500


def _mailbox(written: str) -> tuple[str, str]:
    """Name and address: ``Ann <ann@x>``, ``Ann [mailto:ann@x]``, an address or a name alone."""
    found = _EMAIL.search(written.replace("mailto:", " "))
    email = found[0] if found else ""
    name = re.split(r"[<\[(]", written, maxsplit=1)[0].strip(" \"'\t\xa0")
    return ("" if name.casefold() == email.casefold() else name), email


def is_quoted(text: str) -> bool:
    """Whether every line that says anything begins with ">", as Apple's Mail forwards in plain text."""
    said = [line for line in text.split("\n") if line.strip()]
    return bool(said) and all(_QUOTED.match(line) for line in said)


def unquoted_places(text: str) -> tuple[str, list[int]]:
    """The text without the ">" at the start of its lines, and for each of its characters, and its end, where it stands
    in the text that is given."""
    kept: list[str] = []
    places: list[int] = []
    at = 0
    for found in _QUOTE_SIGN.finditer(text):
        kept.append(text[at : found.start()])
        places += range(at, found.start())
        at = found.end()
    kept.append(text[at:])
    places += range(at, len(text) + 1)
    return "".join(kept), places


def unquoted(text: str) -> str:
    """The text without the ">" at the start of its lines."""
    return _QUOTE_SIGN.sub("", text)
