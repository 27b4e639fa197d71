"""How mail programs introduce what they quote: "On … wrote:", a block of From, Sent, To, Subject, a line of dashes.

English, Welsh, Polish, German, French, Spanish, Portuguese, Lithuanian, Romanian, and what comes from their neighbours.
No standard says how: these are the forms that the programs write. Prose has the same words ("On Monday the officer
wrote:", "From: the bottom of my heart"), so a form counts only with what a person does not type: the time of day or the
full date, an address. Every pattern is tried on a few hundred characters at most.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

_MAX_JOINED = 400
_MAX_LINES = 4
_HEADER_LINES = 14

_OPENERS = (
    "On|At|Le|El|Em|A|Il|Op|Am|Den|Dne|Pe|În|In|Ar|Ddydd|Dnia|W dniu|Data|"
    "Mon|Tue|Wed|Thu|Fri|Sat|Sun|pon|pn|wt|śr|czw|pt|sob|niedz|ndz|nd|pr|an|tr|kt|št|sk"
)
_LAST = (
    r"wrote|writes|a écrit|escribió|escribio|escreveu|ha scritto|pisze|napisał(?:/a|\(a\)|a)?|napisal(?:\(a\)|a)?|"
    r"rašė|parašė|a scris|skrev|пишет|пише|написал(?:\(а\)|а)?|написав|napísal|napsal"
)
_MIDDLE = r"schrieb|schreef|skrev|ysgrifennodd|napisał(?:\(a\)|a)?"
"""After these verbs come the name, or the time."""
_SAID = rf"(?<!\w)(?i:(?:{_LAST})\s{{0,3}}:|(?:{_MIDDLE})(?!\w).{{0,120}}:)"
_STEMS = (
    "wrote", "writes", "écrit", "escribi", "escrev", "scritto", "pisze", "napis", "rašė", "scris", "schrieb", "schreef",
    "skrev", "ysgrifenn", "пиш", "напис", "napsal",
)  # fmt: skip
_DATED = re.compile(rf"(?:(?:{_OPENERS})[.,]{{0,2}}\s+)?(?:[^\W\d]{{1,13}}[.,]{{0,2}}\s+){{0,3}}\d.{{0,340}}?{_SAID}")
_STARTS_DATED = re.compile(rf"(?:(?:{_OPENERS})[.,]{{0,2}}\s|\d)")
# The name first, as in German, or in the middle, as Apple's Polish has it.
_NAMED = re.compile(
    rf"[^<>:@]{{1,100}}<?[^\s<>@]{{1,64}}@[^\s<>@]{{1,100}}>?\)?\s{{1,3}}{_SAID}"
    r"|Wiadomość napisana przez\s.{1,200}\d.{0,40}:"
)
_TIME = re.compile(r"(?<!\d)\d{1,2}[:.h]\d{2}(?!\d)")
_DAY = re.compile(r"(?<!\d)(?:(?:19|20)\d\d|\d{1,2}[./-]\d{1,2}[./-]\d{2,4})(?!\d)")
_ADDRESS = re.compile(r"[^\s<>@]{1,64}@[^\s<>@]{1,100}")
_IN_BRACKETS = re.compile(r"[<(\[] ?(?:mailto:)?[^\s<>@]{1,64}@[^\s<>@]{1,100}[>)\]]")
_PROSE = re.compile(
    r"(?<!\w)(?:I|we|you|he|she|they|it|my|our|your|his|her|their|that|which|who|when|where|was|were|had|has|the|to|me|us)"
    r"(?![\w.@])"
)
"""Words that no program writes into an attribution, and that people can't do without."""

_LABELS = {
    "from": "from|von|de|od|nuo|de la|expéditeur|oddi wrth|gan|da|van|från|fra|от",
    "sent": "sent|gesendet|envoyé|enviado|enviada|enviado el|enviado em|wysłano|wysłane|išsiųsta|siųsta|trimis|"
    "anfonwyd|"
    "inviato|verzonden|skickat|отправлено",
    "date": "date|datum|fecha|data|dyddiad|sent on|дата",
    "to": "to|an|à|a|para|do|kam|către|catre|at|aan|till|til|кому",
    "subject": "subject|betreff|objet|asunto|assunto|temat|tema|subiect|pwnc|testun|oggetto|onderwerp|ämne|emne|тема",
    "other": "cc|bcc|kopie|kopia|reply-to|importance|attachments|attachment|anlagen|priority|dw|udw",
}
_KIND = {spelled: kind for kind, names in _LABELS.items() for spelled in names.split("|")}
_LABEL = re.compile(r"[ \t\xa0>]{0,6}\*?([^\W\d][\w .-]{0,15}?)[ \t\xa0]{0,2}\*?:\*?[ \t\xa0]{0,4}(.{0,300})")
_RULE = re.compile(r"[ \t>]{0,6}(?:[-_*=─—]|[ \t](?=[-_])){5,120}\s*")
_ORIGINAL = re.compile(
    r"[ \t>]{0,6}-{2,40} ?(?:Original Message|Original Appointment|Reply message|Ursprüngliche Nachricht|"
    r"Originalnachricht|"
    r"Message d['’]origine|Message original|Mensaje original|Mensagem original|Oryginalna wiadomość|"
    r"Wiadomość oryginalna|Pradinis laiškas|Originalus laiškas|Mesaj original|Mesajul original|Neges wreiddiol|"
    r"Y neges wreiddiol|Messaggio originale|Oorspronkelijk bericht|Исходное сообщение) ?-{2,40}\s*",
    re.IGNORECASE,
)
_FORWARDED = re.compile(
    r"[ \t>]{0,6}(?:-{2,40} ?(?:Forwarded message|Forwarded by .{1,80}|Weitergeleitete Nachricht|Message transféré|"
    r"Mensaje reenviado|Mensagem encaminhada|Przekazana wiadomość|Wiadomość przekazana dalej|"
    r"Treść przekazanej wiadomości|Persiųstas laiškas|Persiunčiamas laiškas|Mesaj redirecționat|Mesaj redirectionat|"
    r"Neges wedi['’]i hanfon ymlaen|Neges a anfonwyd ymlaen|Messaggio inoltrato|Doorgestuurd bericht) ?-{2,40}"
    r"|(?:Begin forwarded message|Anfang der weitergeleiteten (?:Nachricht|E-Mail)|"
    r"Début du message (?:transféré|réexpédié)|"
    r"Inicio del mensaje reenviado|Início da mensagem (?:encaminhada|reencaminhada)|"
    r"Początek przekazywanej wiadomości|Dechrau neges a anfonwyd ymlaen|Inizio messaggio inoltrato)\s?:)\s*",
    re.IGNORECASE,
)
_QUOTE_SIGNS = re.compile(r"^[ \t]{0,2}(?:>[ \t]?){1,20}")


@dataclass(frozen=True, slots=True)
class Introduction:
    """Lines that introduce a quote: from ``first`` to before ``end``; ``author`` holds the name or address of who
    wrote what they introduce.

    ``sure`` says whether they are a mail program's even where nothing below them has a quote sign. ``forward`` says
    that the mail below was passed on, not answered. ``block`` tells a header block from an attribution.
    """

    first: int
    end: int
    author: str
    sure: bool
    forward: bool = False
    block: bool = False


def bare(line: str) -> str:
    """A line without its quote signs."""
    return _QUOTE_SIGNS.sub("", line) if line.lstrip()[:1] == ">" else line


def may_attribute(lines: Sequence[str], last: int) -> bool:
    """Whether the line, or the one above it, has one of the verbs: a quick look that most lines with a colon fail."""
    if len(lines[last]) > _MAX_JOINED:
        return False
    words = f"{lines[last - 1][-_MAX_JOINED:] if last else ''} {lines[last]}".casefold()
    return any(stem in words for stem in _STEMS)


def attribution(lines: Sequence[str], last: int, floor: int) -> Introduction | None:
    """The attribution that ends with line ``last``, which ends in a colon; it begins at ``floor`` at the earliest."""
    joined = ""
    for first in range(last, max(floor, last - _MAX_LINES + 1) - 1, -1):
        line = bare(lines[first][: _MAX_JOINED + 1]).strip()
        if not line or len(line) + len(joined) > _MAX_JOINED:
            return None
        joined = f"{line} {joined}" if joined else line
        dated = _STARTS_DATED.match(joined) and _DATED.fullmatch(joined)
        if not dated and not _NAMED.fullmatch(joined):
            continue
        if not dated and first > floor and _completes(bare(lines[first - 1][:_MAX_JOINED]).strip(), joined):
            continue
        by_clock, by_day = _TIME.search(joined), _DAY.search(joined)
        if _PROSE.search(joined) or not (by_clock or by_day or _ADDRESS.search(joined)):
            return None
        return Introduction(first, last + 1, joined, sure=bool(by_clock and by_day and _IN_BRACKETS.search(joined)))
    return None


def _completes(line_above: str, joined: str) -> bool:
    """Whether the line above begins the attribution: programs break it anywhere, also inside a name."""
    together = f"{line_above} {joined}"
    return bool(_STARTS_DATED.match(together) and len(together) <= _MAX_JOINED and _DATED.fullmatch(together))


def header_block(lines: Sequence[str], first: int) -> Introduction | None:
    """The block of header lines that a program puts above the mail it quotes, if it begins with line ``first``: a line
    of dashes or "From:"."""
    line = lines[first]
    if _ORIGINAL.fullmatch(line[:_MAX_JOINED]):
        end, _, kinds = _fields(lines, first + 1)
        return Introduction(first, max(end, first + 1), kinds.get("from", ""), sure=True, block=True)
    if _FORWARDED.fullmatch(line[:_MAX_JOINED]):
        end, _, kinds = _fields(lines, first + 1)
        author = kinds.get("from", "")
        return Introduction(first, end, author, sure=True, forward=True, block=True) if kinds else None
    start = first + 1 if _RULE.fullmatch(line[:_MAX_JOINED]) else first
    while start > first and start < len(lines) and start < first + 3 and not lines[start].strip():
        start += 1
    if start >= len(lines) or _label(lines[start])[0] != "from":
        return None
    end, words, kinds = _fields(lines, start)
    # Somebody's own letter may be headed like a memo: a mail's block has the time of day, or addresses.
    dated = ("sent" in kinds and bool(_TIME.search(kinds["sent"]))) or (
        bool(kinds.keys() & {"sent", "date"})
        and any(c.isdigit() for c in kinds.get("sent", "") + kinds.get("date", ""))
        and "@" in words
    )
    if dated and kinds.keys() & {"to", "subject"}:
        return Introduction(first, end, kinds["from"], sure=True, block=True)
    return None


def _label(line: str) -> tuple[str, str]:
    found = _LABEL.match(line[:_MAX_JOINED])
    return (_KIND.get(found[1].strip().casefold(), ""), found[2]) if found else ("", "")


def _fields(lines: Sequence[str], start: int) -> tuple[int, str, dict[str, str]]:
    """The header lines from ``start``: the line after them, their words, their values by kind (the first of each)."""
    kinds: dict[str, str] = {}
    end, last, blank = start, "", 0
    for number in range(start, min(len(lines), start + _HEADER_LINES)):
        line = lines[number]
        kind, value = _label(line)
        if kind:
            kinds.setdefault(kind, value)
            end, last, blank = number + 1, kind, 0
        elif not line.strip():
            blank += 1  # some programs set their header lines apart by empty ones
            if blank > 1:
                break
        elif last in ("from", "to", "other") and not blank and line[:1] != ">":
            end, last = number + 1, "other"  # a long list of addresses goes on
        else:
            break
    return end, "\n".join(lines[start:end])[: 3 * _MAX_JOINED], kinds
