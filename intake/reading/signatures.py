"""Which lines at the end of what a person wrote are a signature: behind "-- " (RFC 3676, 4.3), the block of contact
details under a valediction, a mail program's footer, a disclaimer.

The valediction and the name below it stay text. A line such as "Sent from my iPhone" is a footer on top too, and
nothing below it is: people write under it. What reads like a sentence of the writer's own is never a signature.
"""

import re
from collections.abc import Sequence

_MAX_LINES = 12
_MAX_LINE_CHARS = 110
_LOOK_BACK = 60
_SENTENCE_WORDS, _SHORT_SENTENCE_WORDS = 9, 3
_DELIMITER = ("-- ", "--", "--\xa0")
_DEVICES = (
    r"iphone|ipad|ipod|blackberry|android|samsung|galaxy|htc|nokia|huawei|xiaomi|redmi|oppo|honor|motorola|sony|xperia|"
    r"windows (?:phone|mail|10)|mail for windows|mobile|smartphone|tablet|handheld|outlook|yahoo ?!? ?mail|aol mail|"
    r"proton ?mail|gmail mobile|mobile device|phone"
)
_FOOTER = re.compile(
    rf"(?:Sent (?:from|via|using|with) (?:(?:my|the|a) )?(?:[\w'’+!®™-]+ ){{0,4}}?(?:{_DEVICES})[®™]?"
    r"(?: [\w'’+!®™-]+){0,4}(?: on the \w+ network)?"
    r"|Get (?:the )?Outlook for (?:iOS|Android).{0,80}|Download Outlook for (?:iOS|Android).{0,80}"
    rf"|Von mein(?:em|er) (?:[\w-]+ )?(?:{_DEVICES}).{{0,20}} gesendet"
    rf"|Envoyé (?:de|depuis|à partir de) mon (?:{_DEVICES}).{{0,20}}"
    rf"|Enviado (?:desde|de|do|a partir de) (?:mi|meu|o meu|el meu)? ?(?:{_DEVICES}).{{0,20}}"
    rf"|Wysłan[eo] z (?:mojego |telefonu |urządzenia )?(?:{_DEVICES}).{{0,20}}|Trimis de pe (?:{_DEVICES}).{{0,20}}"
    rf"|Išsiųsta iš (?:mano )?[„\"]?(?:{_DEVICES}).{{0,20}}|Anfonwyd o fy (?:{_DEVICES}).{{0,20}}"
    rf"|Inviato da(?:l mio)? (?:{_DEVICES}).{{0,20}}|Verstuurd vanaf mijn (?:{_DEVICES}).{{0,20}}"
    r"|Virus-free\.? ?(?:www\.)?.{0,60}|This email has been (?:checked|scanned) for viruses by .{1,80}"
    r"|(?:🌳|🌱|P)? ?Please (?:consider|think of) the environment before printing this e-?mail)[.!]?",
    re.IGNORECASE,
)
_FOOTER_STARTS = tuple("SGDVEWTIAP🌳🌱")
_MACHINE_SAID = (
    "intended recipient", "intended solely", "intended only for", "solely for", "solely intended",
    "received it in error", "received this email in error", "received this e-mail in error",
    "received this message in error", "received this communication in error", "received this transmission in error",
    "named addressee", "named recipient", "individual or entity to whom", "those of the author", "those of the sender",
    "those of the individual", "free from viruses", "scanned for viruses", "liability for any loss",
    "liability for any damage", "liability for any virus",
    "derbynnydd bwriadedig", "drwy gamgymeriad", "beabsichtigte empf", "irrtümlich erhalten", "destinataire prévu",
    "destinataire visé", "destinatario previsto", "zamierzonym odbiorcą",
)  # fmt: skip
"""What only lawyers and machines say of a mail: one of these, of this mail, in a cautious word, makes a disclaimer."""
_OF_MAIL = (
    "this email", "this e-mail", "this message", "this communication", "this transmission", "any attachments",
    "any files", "e-bost hwn", "neges hon", "diese e-mail", "diese nachricht", "ce message", "ce courriel",
    "este mensaje", "este correo", "esta mensagem", "este e-mail", "ta wiadomo", "niniejsza wiadomo", "acest mesaj",
)  # fmt: skip
_CAUTIOUS = (
    "confiden", "yfrinachol", "vertraulich", "privileged", "disclos", "notify", "delete", "destroy", "liability",
    "liable", "unauthori", "addressed", "virus", "dileu", "gwybod", "löschen", "monitored", "the author", "poufn",
)  # fmt: skip
_DISCLAIMER_STARTS = (
    "this e", "this message", "the information", "the contents", "confidential", "disclaimer", "if you are not",
    "if you have received", "important", "privileged", "mae'r e", "mae’r e", "diese e", "ce message", "ce courriel",
)  # fmt: skip
_SPEAKER = re.compile(r"(?<!\w)(?:I|my|me)(?!\w)")
_DISCLAIMER_CHARS = range(60, 3_000)
_RULE = re.compile(r"[-_*=~# ]{3,200}")
VALEDICTION = re.compile(
    r"(?:(?:with |my |our )?(?:very )?(?:kind(?:est)?|best|warm(?:est)?|many) (?:regards|wishes|thanks)|"
    r"regards|cheers|thanks|"
    r"thank you|many thanks|yours(?: (?:sincerely|faithfully|truly|ever))?|sincerely|faithfully|cofion(?: \w+){0,2}|"
    r"yn gywir|yr eiddoch(?: yn \w+)?|diolch(?: yn fawr)?|pozdrawiam(?: serdecznie)?|z poważaniem|"
    r"(?:mit )?(?:freundlichen|besten|vielen|herzlichen|liebe|viele) (?:grüßen|gruß|grüße|dank)|cordialement|"
    r"bien à vous|"
    r"(?:un |um )?(?:cordial |atento )?saludos?|atentamente|atenciosamente|cumprimentos|pagarbiai|cu (?:stimă|respect))"
    r"[ ,.!–-]*(?:[^\W\d_][\w'’-]*(?:[ ,.]+|$)){0,3}",
    re.IGNORECASE,
)
_VALEDICTION_STARTS = frozenset([
    "wit", "my ", "our", "ver", "kin", "bes", "war", "man", "reg", "che", "tha", "you", "sin", "fai", "cof", "yn ",
    "yr ", "dio", "poz", "z p", "mit", "fre", "vie", "her", "lie", "cor", "bie", "un ", "um ", "sal", "ate", "cum",
    "pag", "cu ",
])  # fmt: skip
CONTACT = re.compile(
    r"(?:\+44|\(?0\d)[\d \t()-]{8,}|[^\s@]{1,64}@[^\s@]{1,100}\.\w|www\.\w|https?://|"
    r"(?<!\w)[A-Z]{1,2}\d[A-Z\d]? {0,2}\d[A-Z]{2}(?!\w)|"
    r"^(?:tel|mob|mobile|phone|ffôn|fax|email|e-bost|web|t|m|e|w) ?[:.]",
    re.IGNORECASE,
)
_OWN_WORDS = re.compile(
    r"(?<!\w)(?:I|I['’]\w+|we|we['’]\w+|my|me|our|us|please|not|don['’]?t|keep|save|close|agree|disagree|should|must|you|"
    r"your|was|were|have|has|had|p\.?s\.?)(?!\w)",
    re.IGNORECASE,
)
"""What is said in a sentence. "Open Door Trust" is one too many: then its block stays text."""
_SAYS = re.compile(
    r"(?<!\w)(?:mum|mummy|mother|dad|daddy|father|parents?|grand\w+|gran|nan|nana|carer|foster|"
    r"husband|wife|sons?|daughters?|child\w*|kids?|baby|resident|local|volunteer|user|neighbour|pensioner|retired|is|are|am|"
    r"be|will|would|can|can['’]t|also|but|because|there|this|it|if|when|needs?|wants?|object|support|no|yes|open|stop|"
    r"against|call|ring)(?!\w)",
    re.IGNORECASE,
)


def find_signatures(lines: Sequence[str], first: int, end: int, *, written_before: bool) -> list[tuple[int, int]]:
    """The lines of a signature among those from ``first`` to before ``end``, which a person wrote: ranges in order.

    ``written_before`` says whether the same person has written something above ``first``.
    """
    start = max(first, end - _LOOK_BACK)
    marked, last = _from_the_end(lines, start, end)
    below = _delimited(lines, start, last, written_before=written_before or _any(lines, first, start))
    if below is None:
        below = _under_valediction(lines, start, last)
    if below is not None:
        marked.insert(0, (below, last))
    head = below if below is not None else last
    return [*_footers(lines, first, min(head, first + _LOOK_BACK)), *marked]


def is_footer(line: str) -> bool:
    """Whether a line is what a mail program adds by itself."""
    bare = line.strip(" \t\xa0*_<>")
    return len(bare) <= _MAX_LINE_CHARS and bare.startswith(_FOOTER_STARTS) and bool(_FOOTER.fullmatch(bare))


def _any(lines: Sequence[str], first: int, end: int) -> bool:
    return any(line.strip() for line in lines[first:end])


def _footers(lines: Sequence[str], first: int, end: int) -> list[tuple[int, int]]:
    """Footers that stand on top, each a paragraph of its own."""
    for at in range(first, end):
        if lines[at].strip():
            alone = at + 1 >= len(lines) or not lines[at + 1].strip()
            return [(at, at + 1)] if alone and is_footer(lines[at]) else []
    return []


def _from_the_end(lines: Sequence[str], first: int, end: int) -> tuple[list[tuple[int, int]], int]:
    """Footers and disclaimers at the end, and the line that they begin with."""
    last = end
    at = end
    while at > first:
        if not lines[at - 1].strip() or _RULE.fullmatch(lines[at - 1][:_MAX_LINE_CHARS]) or is_footer(lines[at - 1]):
            if is_footer(lines[at - 1]):
                last = at - 1
            at -= 1
            continue
        top = at
        while top > first and lines[top - 1].strip():
            top -= 1
        if not _is_disclaimer(lines, top, at):
            # It may stand right under the contact details, without an empty line between.
            top = next((n for n in range(at - 1, top, -1) if _begins_disclaimer(lines, n, at)), at)
            if top == at:
                break
        last = at = top
    return ([(last, end)] if last < end else []), last


def _is_disclaimer(lines: Sequence[str], first: int, end: int) -> bool:
    said = " ".join(lines[first:end])
    if len(said) not in _DISCLAIMER_CHARS:
        return False
    words = " ".join(said.casefold().split())
    signs = (_MACHINE_SAID, _OF_MAIL, _CAUTIOUS)
    return all(any(sign in words for sign in of_a_kind) for of_a_kind in signs) and not _SPEAKER.search(said)


def _begins_disclaimer(lines: Sequence[str], first: int, end: int) -> bool:
    begins = lines[first].lstrip(" *_").casefold().startswith(_DISCLAIMER_STARTS)
    return begins and end - first <= _MAX_LINES and _is_disclaimer(lines, first, end)


def _delimited(lines: Sequence[str], first: int, end: int, *, written_before: bool) -> int | None:
    """Where the delimiter of a signature stands. On top of a message it delimits nothing."""
    for at in range(end - 1, first - 1, -1):
        if lines[at] in _DELIMITER:
            above = written_before or _any(lines, first, at)
            return at if above and is_block(lines, at + 1, end, behind=lines[at]) else None
    return None


def _under_valediction(lines: Sequence[str], first: int, end: int) -> int | None:
    """Where contact details begin, below the name that stands below a valediction."""
    for at in range(end - 1, max(first, end - 2 * _MAX_LINES) - 1, -1):
        line = lines[at].strip()
        if line[:3].casefold() in _VALEDICTION_STARTS and len(line) <= 60 and VALEDICTION.fullmatch(line):
            written = [n for n in range(at + 1, end) if lines[n].strip()]
            if written and any(c.isalpha() for c in CONTACT.sub("", lines[written[0]], count=1)):
                written = written[1:]  # the name, alone or with more
            if not written or not any(CONTACT.search(lines[n][:_MAX_LINE_CHARS]) for n in written):
                return None
            return written[0] if is_block(lines, written[0], end) else None
    return None


def is_block(lines: Sequence[str], first: int, end: int, behind: str = "") -> bool:
    """Whether lines are short, few, and none of them a sentence of the writer's own, nor says who the writer is; behind
    the full delimiter it may, because people don't type that."""
    written = [line.strip() for line in lines[first:end] if line.strip()]
    if not 0 < len(written) <= _MAX_LINES or any(len(line) > _MAX_LINE_CHARS for line in written):
        return False
    full = behind == _DELIMITER[0]
    if any(_OWN_WORDS.search(line) or (not full and _SAYS.search(line)) for line in written):
        return False
    words = [line for line in written if not CONTACT.search(line)]
    if not full and any(line[0].islower() or line[0] == "(" for line in words):
        return False
    at_least = _SENTENCE_WORDS if full else _SHORT_SENTENCE_WORDS
    sentences = re.split(r"(?<=[.!?])\s", " ".join(words))
    return not any(
        len(said.split()) >= at_least and said.rstrip("\"'”’)")[-1:] in (".", "!", "?") for said in sentences
    )
