"""Bulk mail: whether it may be advertising, which only what it says and who else wrote that way can tell.

Campaign platforms, forms and mailing lists send residents' own words with the headers of bulk mail, and spam filters
take them for spam. So neither sets anything aside: a response that has them `needs` a look (`genuine?`). Advertising is
what has the headers of bulk mail *and* shows nothing of a person or of this consultation; and even that stays a
response as long as anything else from the service that sent it is one (``storage.mailkeys`` knows).
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

from intake.config import Consultation
from intake.fields import language
from intake.filled import Rules
from storage.reference import read_reference

Facts = Mapping[str, str]

BULK_FIELDS = {"list_unsubscribe": "List-Unsubscribe", "list_id": "List-Id", "feedback_id": "Feedback-ID"}
_BULK_PRECEDENCE = frozenset({"bulk", "list", "junk"})
_JUNK_FOLDER = re.compile(r"(?:junk|spam|bulk mail)(?: e-?mail)?", re.IGNORECASE)

# The words of a language that name nothing, and those that any consultation's title may have.
_NAMELESS = frozenset([
    "a", "about", "after", "agree", "all", "an", "and", "answer", "any", "are", "as", "at", "be", "been", "before",
    "better", "but", "by", "can", "council", "describe", "disagree", "do", "does", "draft", "each", "far", "for",
    "from", "future", "has", "have", "how", "if", "improve", "in", "into", "is", "it", "its", "just", "like",
    "make", "makes", "many", "more", "most", "much", "must", "neither", "new", "no", "nor", "not", "of", "off",
    "on", "one", "only", "or", "other", "our", "out", "over", "own", "plan", "plans", "please", "question", "say",
    "should", "so", "some", "strongly", "such", "tell", "than", "that", "the", "their", "them", "then", "there",
    "these", "they", "thing", "think", "this", "those", "to", "under", "up", "us", "use", "uses", "views", "want",
    "was", "way", "we", "were", "what", "when", "where", "which", "while", "who", "whom", "whose", "why", "will",
    "with", "within", "would", "you", "your",
])  # fmt: skip
_CONSULTS = re.compile(
    r"\bconsult(?:ation|ations|ed|ing)?\b|\bhave (?:your|my|our|a) say\b|\bpropos(?:al|als|ed|ing)\b"
    r"|\bplanned closures?\b",
    re.IGNORECASE,
)
_OPINION = re.compile(
    r"\b(?:agree|disagree|object|objection|oppose|opposed|opposition|support|supported|against|in favour|keep|save"
    r"|saved|protect|close|closed|closes|closing|closure|closures|cut|cuts|cutting|scrap|merge|lose|losing|lost|petition"
    r"|rethink|reconsider|councillors?|council|vote|opinion|believe|disgrace|disgraceful|ashamed?|shame|should|wrong"
    r"|unfair|waste|spend|spending|fund|funds|funding|budgets?|taxpayers?|residents?|needs? (?:them|it|this|our)"
    r"|thank you for)\b",
    re.IGNORECASE,
)
_FIRST_PERSON = re.compile(r"(?<![\w.])(?:I(?:['’](?:m|ve|d|ll))?(?![\w.])|my\b|mine\b|myself\b)")
_SELLS = re.compile(
    r"\d\s?% (?:off|discount)|\b(?:(?:from|only|just|now|over|save) [£€$]\s?\d|discounts?"
    r"|special offers?|offers?|sale|vouchers?|promo|deals?"
    r"|shop (?:now|at|online)|buy(?:ing)? (?:now|online)|free (?:delivery|shipping|trial|sample|quote)"
    r"|order (?:now|today|online)"
    r"|book (?:now|your|a demo)|at the till|newsletter|webinar|sponsored|view (?:this|it) (?:e-?mail )?in your browser"
    r"|add us to your address book|subscribers?|best prices?|price list|catalogue|limited time|click here|read more)\b",
    re.IGNORECASE,
)
_SENT_TO = re.compile(
    r"\b(?:sent|delivered|addressed|emailed|mailed) (?:by us )?to\b|subscri|\breceiv|\bmailing list\b", re.IGNORECASE
)
_ANSWERS = re.compile(r"\s*(?:\[[^\]]{0,60}\]\s*)?(?:re|fw|fwd|aw|wg|sv|vs|tr|odp|antw|rif|res)\s*:", re.IGNORECASE)
_QUESTION = re.compile(r"(?<![\w.])(?:Q|question )\s?(\d{1,2})\b", re.IGNORECASE)
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")
_LONG_WORD = 4
_FEW_WORDS = 25
_ENOUGH_SELLING = 2
"""How many words of selling make a text one that sells: a resident too may speak of a price, or of an offer."""
_LOOK_AT = 50_000
_PERSONAL = frozenset([
    "aol.com", "blueyonder.co.uk", "btinternet.com", "btopenworld.com", "gmail.com", "gmx.co.uk", "gmx.com",
    "googlemail.com", "hotmail.co.uk", "hotmail.com", "icloud.com", "live.co.uk", "live.com", "mac.com", "mail.com",
    "me.com", "msn.com", "ntlworld.com", "o2.pl", "onet.pl", "outlook.co.uk", "outlook.com", "plus.com",
    "proton.me", "protonmail.com", "sky.com", "talk21.com", "talktalk.net", "tiscali.co.uk", "virginmedia.com",
    "wp.pl", "yahoo.co.uk", "yahoo.com", "ymail.com",
])  # fmt: skip
"""Where people in this country have their own mailboxes: what comes from there is a person's."""
_UNREAD = frozenset({"attachment", "fetch", "transcription", "rescan"})


def bulk_signs(facts: Facts) -> list[str]:
    """The headers of bulk mail that a message has, by name."""
    found = [name for fact, name in BULK_FIELDS.items() if facts.get(fact)]
    if facts.get("precedence", "") in _BULK_PRECEDENCE:
        found.append(f"Precedence: {facts['precedence']}")
    return found


def spam_sign(facts: Facts, source: Facts) -> str:
    """What took a message for spam before us, "" if nothing did. ``source`` is what the mailbox says of it."""
    if said := facts.get("spam_verdict", ""):
        return said
    folders = re.split(r"[/.]", source.get("mailbox", ""))
    junk = any(_JUNK_FOLDER.fullmatch(folder.strip()) for folder in folders)
    return "a mailbox for junk" if junk or source.get("special_use", "").casefold() == "\\junk" else ""


def services(facts: Facts) -> list[str]:
    """The services that sent a message out, as the reader names them."""
    return [service for service in facts.get("sending_service", "").split(";") if service]


@lru_cache(maxsize=4)
def doubts_for(rules: Rules) -> "Doubts":
    """What finds doubts for one consultation, made once."""
    return Doubts(rules)


@dataclass(frozen=True)
class Doubts:
    """Finds what speaks against taking bulk mail for advertising, for one consultation."""

    rules: Rules

    def about(self, facts: Facts, text: str, needs: Iterable[str] = ()) -> str:
        """What in a message shows a person or this consultation; "" if nothing does, and it may be advertising.

        Args:
            facts: of the message reader.
            text: the message's text.
            needs: what the reader could not read.
        """
        said = f"{facts.get('subject', '')}\n{text[:_LOOK_AT]}"
        return self._of_the_sender(facts) or self._of_what_is_read(said, needs) or self._of_what_is_said(said)

    def _of_the_sender(self, facts: Facts) -> str:
        addresses = [facts.get(name, "").casefold() for name in ("from_email", "reply_to")]
        if any(self.rules.is_ours(address) for address in addresses if address):
            return "it comes from us"
        if any(address.rpartition("@")[2] in _PERSONAL for address in addresses):
            return "the sender's mailbox is a person's"
        if facts.get("in_reply_to") or facts.get("references") or _ANSWERS.match(facts.get("subject", "")):
            return "it answers another message, or passes one on"
        return ""

    @staticmethod
    def _of_what_is_read(said: str, needs: Iterable[str]) -> str:
        if _UNREAD.intersection(needs):
            return "part of it could not be read"
        return "" if language(said) in ("", "en") else "it is not in English"

    def _of_what_is_said(self, said: str) -> str:
        if named := self._named(said):
            return f"it names {named}"
        if _FIRST_PERSON.search(said):
            return "somebody speaks of themselves"
        if len(_SELLS.findall(said)) < _ENOUGH_SELLING:
            if _OPINION.search(said):
                return "it says what somebody wants"
            if len(_WORD.findall(said)) < _FEW_WORDS:
                return "it is too short to tell"
        return ""

    def _named(self, said: str) -> str:
        """What of the consultation a text names: itself, a place, or a question.

        The topic's words alone are not enough, since traders use them too ("for your children's centre"): with a word
        of opinion they are, and so are most of the title's.
        """
        if _CONSULTS.search(said) or self._names_us(said):
            return "the consultation"
        if next(self.rules.gazetteer.find(said), None) is not None:
            return "a place"
        if self._names_a_question(said):
            return "a question"
        words = _stems(said)
        title = self._title
        if title and len(title & words) >= max(2, -(-3 * len(title) // 4)):
            return "the consultation"
        return "the consultation's topic" if self._topic & words and _OPINION.search(said) else ""

    def _names_us(self, said: str) -> bool:
        # "This was sent to office@council.example" is the address that a newsletter was sent to.
        lines = ("".join(line.split()).casefold() for line in said.split("\n") if not _SENT_TO.search(line))
        own = ["".join(contact.split()).casefold() for contact in self.rules.consultation.own_contacts]
        if any(contact in line for line in lines for contact in own if contact):
            return True
        prefix = self.rules.consultation.reference_prefix
        marked = re.findall(rf"\b{re.escape(prefix)}-?[0-9A-Za-z-]{{5,16}}", said, re.IGNORECASE)
        return any(read_reference(found, prefix) is not None for found in marked)

    def _names_a_question(self, said: str) -> bool:
        count = len(self.rules.consultation.questions)
        if any(0 < int(number) <= count for number in _QUESTION.findall(said)):
            return True
        folded = " ".join(said.casefold().split())
        return any(phrase in folded for phrase in self._phrases)

    @cached_property
    def _title(self) -> frozenset[str]:
        return _stems(self.rules.consultation.title) - _GENERAL

    @cached_property
    def _topic(self) -> frozenset[str]:
        """The words that matter in the title and the questions."""
        return self._title | _stems(" ".join(_asked(self.rules.consultation))) - _GENERAL

    @cached_property
    def _phrases(self) -> Sequence[str]:
        """Questions as they are asked, and options of several words: quoted, they are an answer."""
        spoken = (" ".join(text.casefold().split()) for text in _asked(self.rules.consultation))
        return tuple(phrase for phrase in spoken if len(phrase.split()) > 1 and not phrase.startswith("neither"))


def _asked(consultation: Consultation) -> list[str]:
    """The words of the questions and their options; those on who somebody is are about nothing."""
    return [text for q in consultation.questions if not q.monitoring for text in (q.text, *q.options)]


def _stems(text: str) -> frozenset[str]:
    """The words of a text that name something, without the ends that a plural or a possessive gives them."""
    words = (word.casefold().replace("’", "'") for word in _WORD.findall(text))
    plain = (word.removesuffix("'s").removesuffix("s").removesuffix("'") for word in words if word not in _NAMELESS)
    return frozenset(word for word in plain if len(word) >= _LONG_WORD)


_GENERAL = _stems(" ".join(_NAMELESS)) | {word.removesuffix("s") for word in _NAMELESS}
