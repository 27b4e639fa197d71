"""How a letter greets and takes its leave, and the names and posts that it is signed with: by the words of a line.

As in ``lettersigns``, keywords may be misread by a letter or two, and nothing that reads like somebody speaking is one.
"""

import re

from intake.reading import lettersigns as signs

_TOKEN = re.compile(r"\S+")
_ADDRESSEES = frozenset([
    "sir", "sirs", "madam", "madams", "mesdames", "mr", "mrs", "ms", "miss", "dr", "cllr", "councillor",
    "councillors", "rev", "reverend", "lord", "lady", "all", "team", "colleague", "colleagues", "friend", "friends",
    "commissioner", "commissioners", "chair", "chairman", "chairwoman", "director", "officer", "officers",
    "manager", "members", "editor",
])  # fmt: skip
_BETWEEN = frozenset(["or", "and", "&", "/", "of", "the", "at", "in", "to", "for", "whom", "it", "may", "concern"])
_NOBODY = frozenset(["me", "oh", "god", "lord", "life", "dear", "old", "o", "sake", "heart", "goodness", "little"])
_BEGINS = frozenset([
    "i", "i'm", "i've", "we", "my", "our", "this", "it", "it's", "as", "in", "the", "a", "please", "thank",
    "thanks", "having", "following", "with", "regarding", "re", "further", "there", "you", "your", "when", "while",
    "although", "if", "what", "why", "how", "on", "after",
])  # fmt: skip
_HELLO = re.compile(
    r"(?:hello|hiya|hi|hey|good (?:morning|afternoon|evening|day)|greetings)\b(?: there)?", re.IGNORECASE
)
_ATTENTION = re.compile(
    r"(?:f\.?\s?a\.?\s?o\b|attn\b|attention\s?:|for the (?:attention|att) of\b)\s?[.:]?\s?", re.IGNORECASE
)
_WHOM = ("to", "whom", "it", "may", "concern")

_ADVERBS = (
    "faithfully", "sincerely", "truly", "hopefully", "respectfully", "gratefully", "ever", "aye", "cordially",
    "fraternally", "angrily", "sadly", "etc",
)  # fmt: skip
_WISHES = re.compile(
    r"(?:(?:with|my|our|and|very|kind(?:est)?|best|warm(?:est)?|good|all|sincere|many|every) ){1,4}"
    r"(?:regards|wishes|thanks|good wish(?:es)?)(?: and (?:best |good |many )?(?:regards|wishes|thanks))?|"
    r"regards|best wishes|sincerely|faithfully|respectfully"
)
_WEAK = frozenset([
    "thanks", "many thanks", "cheers", "from", "love", "love from", "signed", "best", "yours", "with thanks",
    "god bless", "all the best", "cofion", "yn gywir",
])  # fmt: skip
_AFTER_SENTENCE = re.compile(r"[.!?]['\"”’]?\s+(?=Yours\s\w+ly\W*$)")
_LEADS = frozenset([
    "in", "with", "yours", "best", "kind", "warm", "warmest", "love", "peace", "ever", "blessings", "all", "many",
    "regards", "cheers", "your",
])  # fmt: skip
_REMAIN = re.compile(r"(?:I|We) (?:remain|am|are|have the honour to be)\b[\w ,]{0,30},", re.IGNORECASE)
_VERB = re.compile(r"(?<!\w)(?:is|are|was|were|will|has|have|had|can|should|would)(?!\w)")
_TITLES = frozenset([
    "mr", "mrs", "ms", "miss", "mx", "dr", "rev", "revd", "reverend", "prof", "professor", "sir", "dame", "lady",
    "lord", "cllr", "councillor", "fr", "sr",
])  # fmt: skip
_POSTS = re.compile(
    r"(?<!\w)(?:clerk|secretary|treasurer|chair\w*|president|manager|director|head ?teacher|headmaster|headmistress|"
    r"head|principal|governors?|coordinator|co-ordinator|officer|leader|partner|practitioner|vicar|rector|convenor|trustee|"
    r"executive|deputy|team)(?!\w)",
    re.IGNORECASE,
)
_NAME = re.compile(r"(?:[^\W\d_][\w'’.-]*|&)(?:\s(?:[^\W\d_][\w'’.-]*|&)){1,7}")
_SMALL_IN_NAMES = frozenset(["and", "de", "la", "van", "von", "der", "den", "du", "le", "ap", "ab", "of"])


def greeting_end(text: str, *, misread: bool = False) -> int:
    """Where the greeting ends that a line begins with; 0 if there is none.

    Args:
        text: the line.
        misread: whether it comes from OCR.
    """
    tokens = [(signs.folded(m.group()).strip(signs.EDGES), m) for m in _TOKEN.finditer(text[: signs.MAX_CHARS])]
    if not tokens:
        return 0
    first = tokens[0][0]
    if first == "dear" or (misread and first != "bear" and signs.near(first, "dear")):
        return _dear(text, tokens, exact=first == "dear")
    if len(tokens) >= 5 and sum(signs.near(word, known) for (word, _), known in zip(tokens, _WHOM, strict=False)) >= 4:
        return tokens[4][1].end()
    if found := _ATTENTION.match(text):
        return len(text) if 0 < len(text[found.end() :].split()) <= 10 and not signs.speaks(text) else 0
    if found := _HELLO.match(text):
        rest = text[found.end() :]
        named = re.match(r"(?: (?!I\b)[A-Z][\w'’.-]*| all| everyone| both){0,4}\s?([,.!:–-]|$)", rest)
        # "Hello. I …" is one's own sentence as much as a greeting; "Hello, I …" is not.
        return found.end() + named.end() if named and (named[1] in (",", "") or not rest[named.end() :].strip()) else 0
    if (
        first == "to"
        and text.rstrip().endswith((",", ":", "."))
        and len(tokens) <= 8
        and signs.is_office(text)
        and signs.is_short(text)
    ):
        return len(text)
    if first in ("sir", "sirs", "madam", "gentlemen") and len(tokens) <= 3 and text.rstrip().endswith(","):
        return len(text)
    return 0


def _dear(text: str, tokens: list[tuple[str, re.Match[str]]], *, exact: bool) -> int:
    if len(tokens) < 2 or tokens[1][0] in _NOBODY:
        return 0
    end, titled = 0, False
    for count, (word, match) in enumerate(tokens[1:10], 1):
        known = word in _ADDRESSEES or any(signs.near(word, strong) for strong in ("madam", "councillor", "sirs"))
        named = match.group()[0].isupper() and word not in _BEGINS
        if not (known or named or word in _BETWEEN or (count == 1 and word in ("sir/madam", "sir-madam"))):
            break
        titled = titled or known or word.startswith("sir")
        if known or named:
            end = match.end()
        if match.group()[-1] in ",:;–—" or (
            match.group()[-1] in ".!" and known and word not in ("mr", "mrs", "ms", "dr")
        ):
            return match.end() if exact or titled else 0
    whole = end and not text[end:].strip(signs.EDGES)
    if whole:
        return len(text) if exact or titled else 0
    if exact and text.rstrip().endswith(",") and len(tokens) <= 7 and not signs.speaks(text):
        return len(text)
    strong = re.match(
        r"\S+\s+(?:Sirs?(?:\s?(?:or|/|and|&)\s?Madam)?|Madam|(?:Mrs?|Ms|Dr|Cllr)\.?\s[A-Z][\w'’-]+)", text
    )
    return strong.end() if strong else 0


def is_attention(text: str) -> bool:
    """Whether a greeting is a line such as "FAO …", below which another may follow."""
    return bool(_ATTENTION.match(text))


def valediction(text: str) -> tuple[int, bool] | None:
    """Where a valediction begins in a line that holds one at its end, and whether it is one for sure ("Yours
    faithfully"), not just words that may be one ("Thank you"); None if there is none. A name may stand behind it."""
    if found := _AFTER_SENTENCE.search(text):
        return found.end(), True
    plain = signs.folded(text).strip(signs.EDGES)
    words = [word.strip(signs.EDGES) for word in plain.split()]
    if not 0 < len(words) <= 9:
        return None
    if signs.near(words[0], "yours") and len(words) > 1:
        known = words[1] == "very" or any(signs.near(words[1], adverb) for adverb in _ADVERBS)
        named = all(word[0].isupper() or word.strip(signs.EDGES).casefold() in signs.SMALL for word in text.split()[2:])
        if known and (named or len(words) <= 4):
            return 0, True
        if len(words) <= 3 and words[0] == "yours" and not _VERB.search(plain):
            return 0, words[-1].endswith("ly")
    head, _, behind = plain.partition(",")
    if _WISHES.fullmatch(head.strip()) and len(behind.split()) <= 4 and not signs.speaks(behind):
        return 0, True
    if words[0] in _LEADS and text.rstrip().endswith(",") and len(words) <= 4 and not signs.speaks(text):
        return 0, False
    if text.casefold().startswith(("on behalf of ", "for and on behalf of ")) and signs.is_short(text):
        return 0, False
    return (0, False) if plain in _WEAK and not text.rstrip().endswith((".", "!", "?")) else None


def remains(text: str) -> bool:
    """Whether a line is the first of an old-fashioned valediction: "I remain, Sir,"."""
    return len(text.split()) <= 5 and bool(_REMAIN.fullmatch(text.strip()))


def is_titled(text: str) -> bool:
    """Whether a line begins with a person's title."""
    return text.partition(" ")[0].strip(".").casefold() in _TITLES


def is_post(text: str) -> bool:
    """Whether a line holds the name of a post that people sign with."""
    return bool(_POSTS.search(text[: signs.MAX_CHARS]))


def name_in(line: str) -> str:
    """The name that a line is, as it is given; "" if it may be something else."""
    head, bracket, inside = line.partition("(")
    title = inside.strip(" ).").casefold()
    name = (line if bracket and title in _TITLES else head).strip(" ,.")
    plain = name.partition("(")[0].strip()
    behind = inside.partition(")")[2].strip(" ,.")
    words = plain.split()
    if (
        behind
        or not _NAME.fullmatch(plain)
        or signs.is_organisation(plain)
        or _POSTS.search(plain)
        or signs.speaks(plain)
    ):
        return ""
    proper = [word for word in words if word[0].isupper()]
    if len(proper) < 2 or any(w[0].islower() and w not in _SMALL_IN_NAMES for w in words):
        return ""
    return name if any(len(word.strip(".")) > 2 for word in proper) else ""
