"""How far a reading is from what stands on the page.

**Character error rate (CER)**: the Levenshtein distance between the truth and the reading (the least number of
characters to insert, delete or replace, each counting 1), divided by the number of characters of the truth. Before,
both are brought to Unicode's NFC, every run of white space becomes one space, and the ends are stripped: how lines are
broken is not judged, the order of what is read is. Nothing else is forgiven: a capital for a small letter, ``'`` for
``’`` or ``-`` for ``–`` are errors. **CER without quotes and dashes** forgives these: all single quotes are one
character, all double ones, and all dashes. It is shown beside, and no limit goes by it.

Over several pages the CER is that of all their characters together: the sum of distances by the sum of truths. A long
page weighs more than a short one, and a page that was lost weighs what it held.

**Reading order**: that in which a person would read the page aloud. Two columns: the left one to its end, then the
right one; a heading across both comes before them. A block of an address at the right is read where it begins.

**Word recall**: of the words of the truth (as white space parts them, without punctuation around them, capitals as
small letters), the share that the reading holds too, each as often as it stands there. Order does not matter, and what
is read too much does not count: beside a bad CER it says whether words are wrong, or only their order.
"""

import unicodedata
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from rapidfuzz.distance import Levenshtein

_ALIKE = str.maketrans(
    {"‘": "'", "’": "'", "‚": "'", "`": "'", "´": "'", "“": '"', "”": '"', "„": '"', "–": "-", "—": "-", "‐": "-"}
)


@dataclass(frozen=True, slots=True)
class Errors:
    """How one or more readings compare: distances and words as counts, so that pages can be added up."""

    chars: int = 0
    wrong: int = 0
    wrong_forgiving: int = 0
    words: int = 0
    words_found: int = 0

    @property
    def cer(self) -> float:
        """The character error rate, 0 or more; more than 1 where much was read that is not there."""
        return self.wrong / self.chars if self.chars else float(self.wrong > 0)

    @property
    def cer_forgiving(self) -> float:
        """The same without quotes and dashes."""
        return self.wrong_forgiving / self.chars if self.chars else float(self.wrong_forgiving > 0)

    @property
    def recall(self) -> float:
        """The share of words found, 0 to 1."""
        return self.words_found / self.words if self.words else 1.0


def errors(truth: str, reading: str) -> Errors:
    """Compare a reading with what stands on the page."""
    true, read = collapsed(truth), collapsed(reading)
    true_words, read_words = words(true), words(read)
    return Errors(
        chars=len(true),
        wrong=Levenshtein.distance(true, read),
        wrong_forgiving=Levenshtein.distance(true.translate(_ALIKE), read.translate(_ALIKE)),
        words=true_words.total(),
        words_found=(true_words & read_words).total(),
    )


def together(each: Iterable[Errors]) -> Errors:
    """The errors of several pages as of one."""
    found = list(each)
    return Errors(
        sum(one.chars for one in found),
        sum(one.wrong for one in found),
        sum(one.wrong_forgiving for one in found),
        sum(one.words for one in found),
        sum(one.words_found for one in found),
    )


def collapsed(text: str) -> str:
    """A text in NFC with one space for every run of white space, and none at its ends."""
    return " ".join(unicodedata.normalize("NFC", text).split())


def words(text: str) -> Counter[str]:
    """The words of a text, each with how often it stands there."""
    stripped = (word.casefold().translate(_ALIKE).strip("'\"-.,;:!?()[]{}*•·…") for word in text.split())
    return Counter(word for word in stripped if word)
