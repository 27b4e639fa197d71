"""What a line of a letter is by its words alone: a greeting, a valediction, a date, a line of an address. Pure.

OCR mistakes letters ("Dcar Sir", "Yours faithful1y"), so keywords may be one letter off, long ones two; what is no
keyword is never guessed at. What reads like somebody speaking (``speaks``) is none of these.
"""

import re
from functools import lru_cache

_FOLD = str.maketrans({"1": "l", "|": "l", "!": "l", "0": "o", "5": "s", "’": "'", "‘": "'", "`": "'"})
EDGES = " \t,.:;!-–—'\"()[]{}<>*_~"
MAX_CHARS = 160

_MONTH = (
    r"(?:jan(?:uary)?|feb[a-z]{0,6}|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?"
    r"|nov(?:ember)?|dec(?:ember)?)\.?"
)
_MONTHS = (
    "january", "february", "march", "april", "june", "july", "august", "september", "october", "november",
    "december",
)  # fmt: skip
_DAY = r"[\dlIO|]{1,2}\s?(?:st|nd|rd|th|[*'\"°®™]{1,2}|\"\w|m|t\")?"
_YEAR = r"['’]?(?:[\dlIO|]{4}|[\dlIO|]{2})"
_DATE = (
    rf"(?:{_DAY}\s?(?:of\s|day\sof\s)?[ .,-]?\s?{_MONTH}[ ,.-]{{0,3}}(?:{_YEAR})?"
    rf"|{_MONTH}\s{_DAY}(?:,?\s{_YEAR})?|{_MONTH},?\s[\dlIO|]{{4}}"
    r"|[\dlIO|]{1,2}\s?[./-]\s?[\dlIO|]{1,2}\s?[./-]\s?[\dlIO|]{2,4}|\d{4}-\d\d-\d\d)"
)
_DATE_LINE = re.compile(
    r"(?:(?:our |my )?dated?\s?[:.,]?\s*)?(?:[A-Z][a-z'’]+(?:\s[A-Z][a-z]+)?,\s)?"
    rf"(?:(?:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|satu?r?|sun)(?:day)?[,.]?\s(?:the\s)?)?{_DATE}\s?[.,]?",
    re.IGNORECASE,
)
_RECEIVED = re.compile(r"(?<!\w)(?:R[EF]C[EF€][I1L|!l]?[VYU][EF][DO0]|RECD|REC'D)(?!\w)")
_STAMPED_DATE = re.compile(rf"(?<![\w/]){_DATE}(?![\w/])", re.IGNORECASE)

_SPEAKS = re.compile(
    r"(?<![\w'’])(?:I(?!\.|\s[A-Z](?:\.|\s|$))|I['’](?:m|ve|d|ll)|we|we['’]\w+|my|me|our|us|you|your|they|them|their|he|she|his|her|it|is|are|was|"
    r"were|be|been|am|have|has|had|do|does|did|will|would|should|could|cannot|can|must|not|don['’]?t|can['’]?t|won['’]?t|"
    r"please|keep|save|stop|agree|disagree|support|object|oppose|against|because|but|if|when|who|what|why|how|which|"
    r"that|this|these|those|there|wants?|needs?|think|thinks|feel|use|uses|used|sorry|yes|never|ever|always|so|too|very|"
    r"leave|let|give|read|write|ask|say|says|thank|hope|love|loved|closing|closed|enclosed?|urgent|private|confidential)"
    r"(?!['’]?\w)",
    re.IGNORECASE,
)
_IS_SOMEBODY = re.compile(
    r"(?<!\w)(?:mum|mummy|mother|dad|daddy|father|parents?|grand\w+|gran|nan|nana|carers?|foster\w*|husband|wife|sons?|"
    r"daughters?|child(?:ren)?|kids?|baby|babies|residents?|volunteers?|users?|neighbours?|pensioners?|retired|voters?|"
    r"taxpayers?|citizens?|worried|concerned|local|lived|years?)(?!['’]?\w)",
    re.IGNORECASE,
)
SMALL = frozenset([
    "of", "the", "and", "for", "by", "in", "on", "upon", "at", "to", "near", "next", "le", "la", "de", "c/o",
    "with", "under", "co", "care", "care-of", "cum", "via", "ext", "tel", "fax", "st", "a", "telephone", "email",
    "e-mail", "web", "website", "no", "room", "floor",
])  # fmt: skip
_POSTCODE = re.compile(r"(?<![\w-])([A-Z]{1,2}\d[A-Z\d]?)[ \t]{0,3}(\d[ABD-HJLNP-UW-Z]{2})(?![\w-])", re.IGNORECASE)
# One of its characters misread, as "PE38 72Z" or "NRI 2DL": enough to see an address by, no postcode of anybody's.
_POSTCODE_MISREAD = re.compile(r"(?<![\w-])[A-Z]{1,2}[\dIOlSZ][A-Z\d]?[ \t]{1,3}[\dIOlSZB][A-Z\d]{2}\s?[.,]?$")
_CONTACT = re.compile(
    r"(?:\+44|\(?0\d)[\d \t()-]{8,}|[^\s@]{1,64}@[^\s@]{1,100}\.\w|(?<!\w)www\.\w|https?://"
    r"|^(?:tel(?:ephone)?|mob(?:ile)?|phone|fax|e-?mail|web(?:site)?|minicom|textphone)\s?(?:no\.?|number)?\s?[:.]?\s",
    re.IGNORECASE,
)
_REFERENCE = re.compile(
    r"(?:(?:our|your|my|please quote)\s(?:ref|reference)|ref|reference)(?:\s?(?:no|number))?\s?[.:]|"
    r"(?:please ask for|direct (?:dial|line)|date as postmark|sent by (?:e-?mail|post|fax)|by (?:hand|post|e-?mail)|"
    r"when (?:calling|telephoning) please|contact)\s?[:.]?(?:\s|$)",
    re.IGNORECASE,
)
_REGISTERED = re.compile(
    r"(?:registered|reg['’]?d?\.?)\s(?:charity|company|office|in england|no)|charity\s(?:no|number|reg)|company\s(?:no|"
    r"number|reg)|limited by guarantee|VAT\s(?:no|reg|number)|(?:patrons?|president|trustees|chair(?:man|woman)?|"
    r"(?:hon\.? |town |parish )?(?:clerk|secretary|treasurer)|head ?teacher|practice manager|partners|principal|"
    r"director|manager)(?:\sto the \w+)?\s?:",
    re.IGNORECASE,
)
_STREET = re.compile(
    r"(?<!\w)(?:road|rd|street|st|lane|ln|close|avenue|ave|drive|way|court|terrace|crescent|gardens|place|square|hill|row|"
    r"green|park|view|walk|loke|mews|rise|grove|yard|house|cottages?|farm|hall|lodge|flat|mill|common|end|plain|gate|wharf|"
    r"quay|drove|bank|chase|meadows?|fields?|bungalow|barn|rectory|vicarage|staithe|opening|box|freepost|norfolk|suffolk|"
    r"cambridgeshire|cambs|lincolnshire|lincs|essex|norwich|great yarmouth|king['’]?s lynn)[.,]?(?!['’]?\w)",
    re.IGNORECASE,
)
_HOUSE = re.compile(r"(?:(?:flat|unit|apartment|apt|no|room)\.?\s)?\d{1,4}[a-z]?(?:\s?[-/]\s?\d{1,4}[a-z]?)?,?\s[A-Z]")
_ORGANISATION = re.compile(
    r"(?<!\w)(?:council|school|academy|nursery|pre-?school|playgroup|college|university|practice|surgery|clinic|hospital|"
    r"trust|nhs|association|society|network|library|libraries|church|parish|parochial|diocese|federation|union|branch|ltd|"
    r"limited|plc|llp|cic|charity|foundation|institute|forum|partnership|alliance|committee|club|group|services?|centre|"
    r"commissioning|department|directorate|constabulary|party|mp|house of commons|agency|home-start|sure start|"
    r"community|project|solicitors|centres)(?!['’]?\w)",
    re.IGNORECASE,
)
_OFFICE = re.compile(
    r"(?<!\w)(?:council|county hall|city hall|town hall|shirehall|shire hall|freepost|consultation|commissioning|"
    r"children['’]s services|department|directorate|team|the manager|the director|director of|head of|chief executive|"
    r"f\.?a\.?o)(?!\w)",
    re.IGNORECASE,
)
_SUBJECT = re.compile(
    r"(?<!\w)(?:re\s?[:.]|ref\s?:|subject|consultation|responses?|reply|proposals?|petition|objections?|survey|future|"
    r"closures?|cuts|questionnaire|views|comments?|submission|representation|plans?|reorganisation|question|answers?)"
    r"(?!\w)",
    re.IGNORECASE,
)
_POSTSCRIPT = re.compile(r"(?:p\.?\s?){1,3}s\b[.:,;\s-]|n\.?b\b[.:\s]", re.IGNORECASE)
_PAGE_NUMBER = re.compile(
    r"[-–—~.•\[( ]*(?:(?:page\s|p\.?\s?)\d{1,3}|\d{1,2})(?:\s?(?:of|/)\s?\d{1,3})?[-–—~.•\]) ]*"
    r"|p\.?\s?t\.?\s?o\.?|(?:cont(?:inue|['’])?d?|please turn)(?:\.|\s(?:over(?:leaf)?|/))*",
    re.IGNORECASE,
)
_PAGE_OF = re.compile(r"(?<!\w)page\s\d{1,3}(?:\s(?:of|/)\s\d{1,3})?(?!\w)", re.IGNORECASE)

_LABELLED = re.compile(r"(?!(?:to|from|attn|fao|cc)\W)[A-Za-z\d][\w'’ ]{1,24}\s?[:;]\s", re.IGNORECASE)
_FOR = re.compile(r"(?:for|on behalf of|p\.?\s?p\.?|per pro|and|c/o)\b", re.IGNORECASE)


def folded(text: str) -> str:
    """Words as they are compared: in small letters, with the digits that OCR takes for letters as these."""
    return " ".join(text.casefold().translate(_FOLD).split())


@lru_cache(maxsize=4096)
def near(word: str, known: str) -> bool:
    """Whether a folded word is a keyword, or misread by one letter, or by two if it is long."""
    if word == known:
        return True
    allowed = 0 if len(known) < 4 else 1 if len(known) < 8 else 2
    if not allowed or abs(len(word) - len(known)) > allowed:
        return False
    row = list(range(len(known) + 1))  # Levenshtein's distance
    for i, letter in enumerate(word, 1):
        last, row[0] = row[0], i
        for j, other in enumerate(known, 1):
            last, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, last + (letter != other))
    return row[-1] <= allowed


def speaks(text: str) -> bool:
    """Whether somebody says something in this line: a pronoun, a verb, an appeal, an exclamation."""
    return bool(_SPEAKS.search(text[:MAX_CHARS])) or text.rstrip().endswith(("!", "?"))


def is_prose(text: str) -> bool:
    """Whether a line is, for all one can tell, a sentence or a piece of one."""
    words = text[:MAX_CHARS].split()
    small = sum(word[0].islower() and word.strip(EDGES).casefold() not in SMALL for word in words)
    return (len(words) >= 3 and (small >= 4 or (speaks(text) and small >= 1))) or (bool(words) and speaks(text))


def is_somebody(text: str) -> bool:
    """Whether a line says who its writer is ("a mother of three"), which is more than a name or a post."""
    return bool(_IS_SOMEBODY.search(text[:MAX_CHARS]))


def is_date(text: str) -> bool:
    """Whether a line is a date and nothing else; its month may be misread."""
    return len(text) < 48 and (bool(_DATE_LINE.fullmatch(text.strip())) or _is_misread_date(text))


def _is_misread_date(text: str) -> bool:
    words = [word.strip(EDGES) for word in text.split()]
    if not 2 <= len(words) <= 4 or not all(words):
        return False
    months = [n for n, word in enumerate(words) if any(near(folded(word), month) for month in _MONTHS)]
    if not months or months[0] == 0 or not words[months[0] - 1][0].isdigit():
        return False
    year = words[months[0] + 1 :]
    return not year or (len(year) == 1 and len(year[0]) == 4 and sum(c.isdigit() for c in year[0]) >= 2)


def stamped(text: str) -> re.Match[str] | None:
    """The word "RECEIVED" in capitals, as a stamp has it."""
    return _RECEIVED.search(text)


def dates_in(text: str) -> list[re.Match[str]]:
    """Every date in a line."""
    return list(_STAMPED_DATE.finditer(text[:MAX_CHARS]))


def has_postcode(text: str) -> bool:
    """Whether a line ends with a postcode or, as OCR may have it, nearly one."""
    found = _POSTCODE.search(text)
    return bool(found and len(text[found.end() :].split()) <= 2) or bool(_POSTCODE_MISREAD.search(text.strip()))


def has_contact(text: str) -> bool:
    """Whether a line holds a telephone number, an email or web address, or begins with the word for one."""
    return bool(_CONTACT.search(text[:MAX_CHARS]))


def is_reference(text: str) -> bool:
    """Whether a line is one of "Our ref: …", "Please ask for: …"."""
    return len(text.split()) <= 9 and bool(_REFERENCE.match(text))


def is_registered(text: str) -> bool:
    """Whether a line says what only a letterhead does: a charity's number, who holds which office."""
    return len(text) <= MAX_CHARS and bool(_REGISTERED.search(text))


def is_organisation(text: str) -> bool:
    """Whether a line holds a word by which organisations are called."""
    return bool(_ORGANISATION.search(text[:MAX_CHARS]))


def is_office(text: str) -> bool:
    """Whether a line names an office as one writes to it: the council, a team, "The Director"."""
    return bool(_OFFICE.search(text[:MAX_CHARS]))


def is_subject(text: str) -> bool:
    """Whether a line may say what the letter is about."""
    return bool(_SUBJECT.search(text[:MAX_CHARS]))


def has_street(text: str) -> bool:
    """Whether a line begins with a house's number or holds a word that stands in addresses."""
    return bool(_HOUSE.match(text) or _STREET.search(text[:MAX_CHARS]))


def is_street(text: str) -> bool:
    """Whether a line begins with a house's number or ends with the word for a street or house."""
    found = [match.end() for match in _STREET.finditer(text[:MAX_CHARS])]
    return bool(_HOUSE.match(text)) or bool(found and found[-1] >= len(text.rstrip(" ,.")))


def is_short(text: str) -> bool:
    """Whether a line may be one of an address or a name: short, mostly capitalised, nobody speaks."""
    words = text[:MAX_CHARS].split()
    small = sum(word[0].islower() and word.strip(EDGES).casefold() not in SMALL for word in words)
    return 0 < len(words) <= (14 if text.count(",") > 1 else 9) and small <= 1 and not speaks(text)


def is_postscript(text: str) -> bool:
    """Whether a line begins what was added below the name."""
    return bool(_POSTSCRIPT.match(text))


def is_for(text: str) -> bool:
    """Whether a line says for whom somebody signed."""
    return bool(_FOR.match(text))


def is_page_number(text: str) -> bool:
    """Whether a line is nothing but a page's number, or "P.T.O."."""
    return bool(_PAGE_NUMBER.fullmatch(text.strip()))


def has_page_of(text: str) -> bool:
    """Whether a line holds "Page 2 of 3"."""
    return bool(_PAGE_OF.search(text[:MAX_CHARS]))


def is_form_line(text: str) -> bool:
    """Whether a line is one of a form that somebody filled in: "Name: Jane Smith"."""
    return bool(_LABELLED.match(text))
