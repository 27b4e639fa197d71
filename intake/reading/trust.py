"""Whether the text layer of a PDF's page is what a person sees on it.

What is shown is the truth: a layer can be nonsense (fonts that don't say which letters they show), another program's
poor OCR, or hidden on purpose (white, tiny, beside the page, under a picture). So words without ink under them are left
out; a few lines of each page are read by OCR and compared; and where there is any doubt the whole page is, and the
better of both readings is taken.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from PIL import Image

from intake.reading.pagetext import Box, into_lines
from intake.reading.parts import Part

CHECK_DPI = 150.0
_CONTRAST = 24  # of 255: light grey on white has 50, what is not there 0
_TINY_POINTS = 2.5
_FEW_CHARS = 100
_PICTURE_SHARE = 0.5
_NONSENSE_SHARE, _DOUBTFUL_SHARE = 0.3, 0.05
_NONSENSE = re.compile("\\(cid:\\d+\\)|[\ufffd\ue000-\uf8ff]")
_DARK = 0.6
_LEFT_OVER = 0.004  # of the page: a line of bold print has 0.002
_SAMPLE_LINES, _SAMPLE_WORDS = 3, 3
_SAME, _ALIKE = 0.7, 0.4
_EXTRA_SHARE, _EXTRA_WORDS = 0.3, 8
_SURE = 0.7
_CLEARLY_BETTER = 0.05
_PLAUSIBLE = re.compile(
    r"[(\"'‘“]*(?:[A-Za-z]*[aeiouyAEIOUY][A-Za-z]*(?:['’-][A-Za-z]+)*|\d[\d.,:/-]*|&|Mrs?|Dr|St|Rd|[A-Z]{1,2}\d{1,2}[A-Z]?)"
    r"[.,;:!?)\"'’”]*"
)


class Judged(NamedTuple):
    """A text layer: the words that can be seen, how many can't, why the page should be read by OCR as well ("" if there
    is no cause), and whether its words can't be the text whatever OCR makes of the page."""

    boxes: list[Box]
    hidden: int
    doubt: str
    useless: bool


def judge(boxes: Sequence[Box], pictures: float, grey: Image.Image, dpi: float) -> Judged:
    """Judge a text layer by the drawn page.

    Args:
        boxes: its words.
        pictures: how much of the page pictures cover, 0 to 1.
        grey: the page, drawn in grey.
        dpi: at which resolution.
    """
    ink = np.asarray(grey)
    seen = [box for box in boxes if _is_shown(box, ink, dpi)]
    hidden = len(boxes) - len(seen)
    text = "".join(box.text for box in boxes)
    nonsense = sum(map(len, _NONSENSE.findall(text)))
    doubt, useless = "", False
    if nonsense > _NONSENSE_SHARE * len(text):
        doubt, useless = "its text layer does not say which letters it shows", True
    elif hidden > len(seen):
        doubt, useless = "most words of its text layer can't be seen", True
    elif pictures > _PICTURE_SHARE:
        doubt, useless = "a picture covers the page", len(text) < _FEW_CHARS
    elif nonsense > _DOUBTFUL_SHARE * len(text):
        doubt = "some letters of its text layer are not known"
    elif _left_over(seen, ink, dpi):
        doubt = "there is more on the page than its text layer says"
    return Judged(seen, hidden, doubt, useless)


def sample(boxes: Sequence[Box], grey: Image.Image, dpi: float) -> tuple[Image.Image, str]:
    """The first, the longest and the last of the longer lines, as a picture and as the layer says them; an empty text
    if there is none."""
    lines = [line for line in into_lines(boxes) if len(line) >= _SAMPLE_WORDS]
    if not lines:
        return grey, ""
    chosen = sorted({0, max(range(len(lines)), key=lambda n: len(lines[n])), len(lines) - 1})[:_SAMPLE_LINES]
    scale = dpi / 72.0
    gap = round(8 * scale)
    cut = []
    for line in (lines[n] for n in chosen):
        left, top = min(box.x0 for box in line), min(box.top for box in line)
        right, bottom = max(box.x1 for box in line), max(box.bottom for box in line)
        cut.append(grey.crop((
            max(0, int(left * scale) - 4), max(0, int(top * scale) - 2),
            min(grey.width, int(right * scale) + 5), min(grey.height, int(bottom * scale) + 3),
        )))  # fmt: skip
    size = (max(piece.width for piece in cut) + 2 * gap, sum(piece.height + gap for piece in cut) + gap)
    sheet = Image.new("L", size, 255)
    at = gap
    for piece in cut:
        sheet.paste(piece, (gap, at))
        at += piece.height + gap
    return sheet, "\n".join(" ".join(box.text for box in lines[n]) for n in chosen)


def alike(one: str, other: str) -> float:
    """How alike two texts are, by the runs of three letters that they share, 0 to 1: two readings of one page have
    0.8 and more, different English letters about 0.4. Accents and case don't matter."""
    ours, theirs = _threes(one), _threes(other)
    total = ours.total() + theirs.total()
    return 2 * (ours & theirs).total() / total if total else 1.0


def same(layer: str, read: str) -> bool:
    """Whether a sample of the layer says what OCR reads there."""
    return alike(layer, read) >= _SAME


def choose(layer: Part, read: Part, judged: Judged) -> tuple[bool, str]:
    """Whether the reading by OCR is the page's, and why, in words.

    Args:
        layer: the page by its text layer.
        read: the same page by OCR.
        judged: what was seen of the layer.
    """
    sure = bool(read.words) and read.confidence >= _SURE
    likeness = alike(layer.text, read.text)
    if judged.useless or not layer.words:
        return True, judged.doubt
    if judged.doubt.startswith("a picture"):
        better = _plausible(layer.text) > _plausible(read.text) + (_CLEARLY_BETTER if sure else 0.0)
        if better and likeness >= _ALIKE:
            return False, f"{judged.doubt}; its text layer reads better than OCR"
        if sure or read.words:
            return True, f"{judged.doubt}; read anew, because its text layer is no better"
        return True, judged.doubt
    if not sure:
        return False, f"{judged.doubt}; OCR is not sure of it either"
    if likeness >= _SAME and not _says_more(layer.text, read.text):
        return False, f"{judged.doubt}; OCR reads the same"
    return True, f"{judged.doubt}; OCR reads something else"


def _is_shown(box: Box, ink: np.ndarray, dpi: float) -> bool:
    height, width = box.bottom - box.top, (box.x1 - box.x0) / max(1, len(box.text))
    if max(height, width) < _TINY_POINTS:
        return False
    patch = _patch(box, ink, dpi, 0)
    return patch.size > 0 and int(patch.max()) - int(patch.min()) >= _CONTRAST


def _patch(box: Box, ink: np.ndarray, dpi: float, margin: int) -> np.ndarray:
    scale = dpi / 72.0
    top, bottom = int(box.top * scale) - margin, int(box.bottom * scale) + 1 + margin
    left, right = int(box.x0 * scale) - margin, int(box.x1 * scale) + 1 + margin
    found: np.ndarray = ink[max(0, top) : max(0, bottom), max(0, left) : max(0, right)]
    return found


def _left_over(boxes: Sequence[Box], ink: np.ndarray, dpi: float) -> bool:
    """Whether more ink stands beside the words of a page than under them, and not only a rule or two."""
    dark = ink < _DARK * float(np.median(ink))
    whole = int(np.count_nonzero(dark))
    beside = dark.copy()
    for box in boxes:
        _patch(box, beside, dpi, 2)[:] = False
    left = int(np.count_nonzero(beside))
    return left > _LEFT_OVER * dark.size and left > whole - left


def _says_more(layer: str, read: str) -> bool:
    """Whether OCR found many words that the layer does not have."""
    ours, theirs = Counter(_words(read)), Counter(_words(layer))
    extra = (ours - theirs).total()
    return extra >= _EXTRA_WORDS and extra >= _EXTRA_SHARE * ours.total()


def _words(text: str) -> list[str]:
    return re.findall(r"[^\W\d_]{3,}", text.lower())


def _plausible(text: str) -> float:
    """How much of a text looks like English words and numbers, 0 to 1."""
    tokens = text.split()
    chars = sum(map(len, tokens))
    return sum(len(token) for token in tokens if _PLAUSIBLE.fullmatch(token)) / chars if chars else 0.0


def _threes(text: str) -> Counter[str]:
    plain = unicodedata.normalize("NFKD", text).lower()
    letters = "".join(c for c in plain if c.isalnum())
    return Counter(letters[n : n + 3] for n in range(len(letters) - 2))
