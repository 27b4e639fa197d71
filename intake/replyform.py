"""The reply form of a consultation: what is printed where, and which boxes it has. Pure: the same questions always give
the same form, so that a scan can be read by the config alone.

A4, in points from the top left. Letters of 12 points or more, boxes of 6 mm with room around them, frames to write in,
four black marks in the corners and a code on each page, by which a scanned page is found and laid straight.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import NamedTuple

from intake.config import Consultation, FormSettings, Question
from intake.reading.formlayout import (
    MASK_POINTS,
    FormCode,
    Kind,
    Layout,
    LayoutBox,
    LayoutPage,
    LayoutWord,
    code_text,
    digest_of,
    mask_shape,
    packed_mask,
    telling_words,
)

MM = 72 / 25.4
WIDTH, HEIGHT = 595.28, 841.89
MARK = 5 * MM
"""The side of a corner mark."""
BOX = 6 * MM
"""The side of a box to tick."""
LINE = 0.9
"""The width of the lines around boxes and frames."""
PLAIN, BOLD = "Helvetica", "Helvetica-Bold"
_INSET = 9 * MM
_CODE = 25 * MM
_CODE_TOP = 14 * MM
_LEFT, _RIGHT = 22 * MM, WIDTH - 22 * MM
_TOP, _FIRST_TOP, _BOTTOM = 44 * MM, 44 * MM, HEIGHT - 22 * MM
_TEXT, _TITLE = 12.0, 16.0
_LEADING = 1.3
_ROW = 11 * MM
_LABEL = BOX + 4 * MM
_GAP = 5 * MM
_WRITTEN = 52 * MM

_HOW = (
    "Please use a dark pen. Put a tick or a cross into the boxes, and write inside the frames. If you make a mistake,"
    " fill the whole box in and mark the right one."
)
ABOUT: dict[str, tuple[str, float]] = {
    "name": ("Your name", 11 * MM),
    "organisation": ("Organisation, if you answer for one", 11 * MM),
    "address": ("Your address", 24 * MM),
    "postcode": ("Your postcode", 11 * MM),
    "email": ("Your email address", 11 * MM),
    "phone": ("Your telephone number", 11 * MM),
}
"""What the form can ask of its respondents, by column: label, and the height of the frame."""
CONSENT = "consent_to_publish"
CONSENT_QUESTION = Question(
    id=CONSENT, text="May we publish your answer?", kind="choice", options=("yes", "anonymous", "no"),
)  # fmt: skip
_CONSENT_LABELS = {"yes": "Yes, with my name", "anonymous": "Yes, without my name", "no": "No"}
_APART = "About you: kept apart"
_WHY_APART = (
    "You need not answer these questions. Your answers are kept apart from the rest of this form and are never"
    " published with it; they only help us see whom we have heard from."
)


class Run(NamedTuple):
    """A line of text: where it begins, and its baseline."""

    x: float
    y: float
    text: str
    font: str
    size: float


class Field(NamedTuple):
    """A box or a frame with what a screen needs of it: the question that people see, the option that it stands for."""

    box: LayoutBox
    question: str
    option: str
    label: str


@dataclass(slots=True)
class Page:
    """A page of the form."""

    runs: list[Run] = field(default_factory=list)
    fields: list[Field] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Sheet:
    """A whole form: what is printed, and the layout that a reader goes by."""

    pages: list[Page]
    layout: Layout

    def code(self, number: int) -> str:
        """What the code of a page says; the first page is 0."""
        return code_text(FormCode(self.layout.consultation, self.layout.digest, number + 1, len(self.layout.pages)))


CODE_BOX = (_RIGHT - _CODE, _CODE_TOP, _RIGHT, _CODE_TOP + _CODE)
_MIDDLES = (_INSET + MARK / 2, WIDTH - _INSET - MARK / 2, _INSET + MARK / 2, HEIGHT - _INSET - MARK / 2)
MARKS = [
    (_MIDDLES[0], _MIDDLES[2]), (_MIDDLES[1], _MIDDLES[2]), (_MIDDLES[1], _MIDDLES[3]), (_MIDDLES[0], _MIDDLES[3]),
]  # fmt: skip
"""The middles of the corner marks, clockwise from the top left."""


@cache
def sheet(consultation: Consultation, settings: FormSettings) -> Sheet:
    """The reply form of a consultation."""
    composer = _Composer(consultation.title)
    composer.paragraph(consultation.title, BOLD, _TITLE, until=CODE_BOX[0] - _GAP, at_most=_FIRST_TOP)
    composer.begin()
    composer.paragraph(_HOW)
    taken = {question.id for question in consultation.questions}
    _about(composer, [column for column in settings.about if column not in taken])
    asked = [q for q in consultation.questions if not q.monitoring]
    for number, question in enumerate(asked, start=1):
        composer.question(question, f"{number}. {question.text}")
    apart = [q for q in consultation.questions if q.monitoring]
    if apart:
        composer.new_page()
        composer.heading(_APART)
        composer.paragraph(_WHY_APART)
        for question in apart:
            composer.question(question, question.text)
    return _finished(consultation.id, composer.pages)


def _about(composer: "_Composer", columns: Sequence[str]) -> None:
    if columns:
        composer.heading("About you")
    for column in columns:
        if column == CONSENT:
            composer.question(CONSENT_QUESTION, CONSENT_QUESTION.text, _CONSENT_LABELS)
        else:
            label, height = ABOUT[column]
            narrow = (_RIGHT - _LEFT) / 2 if column in ("postcode", "phone") else None
            composer.frame(column, label, height, width=narrow)


def _finished(consultation: str, pages: list[Page]) -> Sheet:
    bare = [LayoutPage(WIDTH, HEIGHT, [each.box for each in page.fields], MARKS, CODE_BOX) for page in pages]
    digest = digest_of(bare, [run.text for page in pages for run in page.runs])
    for number, page in enumerate(pages, start=1):
        said = f"Page {number} of {len(pages)}   Form {digest}"
        page.runs.append(Run(_LEFT + MARK, HEIGHT - _INSET - 1 * MM, said, PLAIN, 9.0))
    masked = [
        LayoutPage(WIDTH, HEIGHT, flat.boxes, flat.marks, flat.code, _words(page), _mask(flat, page))
        for flat, page in zip(bare, pages, strict=True)
    ]
    return Sheet(pages, Layout(consultation, digest, masked, struck=True))


def _words(page: Page) -> list[LayoutWord]:
    """The printed words, by which a page is known whose code is torn off or stained."""
    words = []
    for run in page.runs:
        x = run.x
        for word in run.text.split(" "):
            width = text_width(word, run.font, run.size)
            words.append(LayoutWord(word, round(x + width / 2, 1), round(run.y - 0.3 * run.size, 1)))
            x += width + text_width(" ", run.font, run.size)
    return telling_words(words)


def _mask(flat: LayoutPage, page: Page) -> bytes:
    """What is printed, in cells: each line of text, the marks, the code, and the lines of boxes and frames."""
    import numpy as np

    cells = np.zeros(mask_shape(flat), bool)

    def cover(x0: float, top: float, x1: float, bottom: float) -> None:
        low, high = int(top / MASK_POINTS), int(bottom / MASK_POINTS) + 1
        cells[max(low, 0) : high, max(int(x0 / MASK_POINTS), 0) : int(x1 / MASK_POINTS) + 1] = True

    for run in page.runs:
        cover(run.x, run.y - 0.8 * run.size, run.x + text_width(run.text, run.font, run.size), run.y + 0.25 * run.size)
    for x, y in MARKS:
        cover(x - MARK / 2, y - MARK / 2, x + MARK / 2, y + MARK / 2)
    cover(*CODE_BOX)
    for box in flat.boxes:
        for x in (box.x0, box.x1):
            cover(x - LINE / 2, box.top, x + LINE / 2, box.bottom)
        for y in (box.top, box.bottom):
            cover(box.x0, y - LINE / 2, box.x1, y + LINE / 2)
    return packed_mask(cells)


class _Composer:
    """Puts blocks below each other, page by page; no block is parted from the words that it belongs to."""

    def __init__(self, title: str) -> None:
        self.pages = [Page()]
        self._title = title
        self._y = _CODE_TOP

    def begin(self) -> None:
        """The top of the first page is done."""
        self._y = max(self._y, _FIRST_TOP)

    def new_page(self) -> None:
        self.pages.append(Page())
        self._y = _CODE_TOP
        self.paragraph(self._title, PLAIN, _TEXT, until=CODE_BOX[0] - _GAP, at_most=_TOP)
        self._y = _TOP

    def room_for(self, height: float) -> None:
        """Begin a page if so much does not fit below any more."""
        if self._y + height > _BOTTOM:
            self.new_page()

    def heading(self, said: str) -> None:
        self._y += _GAP / 2
        self.paragraph(said, BOLD, 14.0)

    def paragraph(
        self, said: str, font: str = PLAIN, size: float = _TEXT, *, until: float = _RIGHT, at_most: float = _BOTTOM
    ) -> None:
        """Some lines of text, and a gap; what goes beyond ``at_most`` is left out."""
        for line in wrapped(said, font, size, until - _LEFT):
            if self._y + size * _LEADING > at_most:
                break
            self._line(_LEFT, line, font, size)
        self._y += _GAP / 2

    def frame(self, name: str, label: str, height: float, *, width: float | None = None, apart: bool = False) -> None:
        """A frame to write in, under its label."""
        lines = wrapped(label, BOLD, _TEXT, _RIGHT - _LEFT)
        self.room_for(len(lines) * _TEXT * _LEADING + height + 2 * _GAP)
        for line in lines:
            self._line(_LEFT, line, BOLD, _TEXT)
        top = self._y + 1.5 * MM
        self._field(name, "written", (_LEFT, top, _LEFT + (width or _RIGHT - _LEFT), top + height), label, apart=apart)
        self._y = top + height + _GAP

    def question(self, question: Question, said: str, labels: dict[str, str] | None = None) -> None:
        """A question with its boxes, or with its frame."""
        if question.kind == "text":
            self.frame(question.id, said, _WRITTEN, apart=question.monitoring)
            return
        hint = "Please mark one box." if question.kind == "choice" else "Please mark all that apply."
        lines = [*((line, BOLD) for line in wrapped(said, BOLD, _TEXT, _RIGHT - _LEFT)), (hint, PLAIN)]
        rows = [self._label_lines((labels or {}).get(option, option)) for option in question.options]
        above = len(lines) * _TEXT * _LEADING + 2 * MM
        whole = above + sum(_height(row) for row in rows) + _GAP
        self.room_for(whole if whole < _BOTTOM - _TOP else above + _height(rows[0]))
        for line, font in lines:
            self._line(_LEFT, line, font, _TEXT)
        self._y += 2 * MM
        for option, row in zip(question.options, rows, strict=True):
            self.room_for(_height(row))
            self._option(question, option, row, said)
        self._y += _GAP

    def _option(self, question: Question, option: str, row: Sequence[str], said: str) -> None:
        top, height = self._y, _height(row)
        middle = top + height / 2
        for n, line in enumerate(row):
            baseline = middle + (n - (len(row) - 1) / 2) * _TEXT * _LEADING + 0.35 * _TEXT
            self.pages[-1].runs.append(Run(_LEFT + _LABEL, baseline, line, PLAIN, _TEXT))
        edges = (_LEFT, middle - BOX / 2, _LEFT + BOX, middle + BOX / 2)
        self._field(
            f"{question.id}.{option}", "tick", edges, said, option=option, only=question.kind == "choice",
            apart=question.monitoring,
        )  # fmt: skip
        self._y = top + height

    @staticmethod
    def _label_lines(label: str) -> list[str]:
        return wrapped(label, PLAIN, _TEXT, _RIGHT - _LEFT - _LABEL)

    def _line(self, x: float, line: str, font: str, size: float) -> None:
        self._y += size * _LEADING
        self.pages[-1].runs.append(Run(x, self._y - 0.3 * size, line, font, size))

    def _field(
        self, name: str, kind: Kind, edges: tuple[float, float, float, float], question: str, *, option: str = "",
        only: bool = False, apart: bool = False,
    ) -> None:  # fmt: skip
        x0, top, x1, bottom = (round(edge, 2) for edge in edges)
        box = LayoutBox(name, kind, x0, top, x1, bottom, apart=apart, only=only)
        self.pages[-1].fields.append(Field(box, question, option, option or question))


def _height(row: Sequence[str]) -> float:
    return max(_ROW, len(row) * _TEXT * _LEADING + 4 * MM)


def text_width(text: str, font: str, size: float) -> float:
    """How wide a line is printed."""
    from reportlab.pdfbase.pdfmetrics import stringWidth

    return float(stringWidth(text, font, size))


def wrapped(text: str, font: str, size: float, width: float) -> list[str]:
    """A text in lines of this width at most; a word that is wider is cut."""
    lines = [""]
    for word in _cut_words(text, font, size, width):
        longer = f"{lines[-1]} {word}".strip()
        if not lines[-1] or text_width(longer, font, size) <= width:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


def _cut_words(text: str, font: str, size: float, width: float) -> Iterator[str]:
    for word in text.split():
        rest = word
        while text_width(rest, font, size) > width:
            fits = max(n for n in range(1, len(rest)) if n == 1 or text_width(rest[:n], font, size) <= width)
            yield rest[:fits]
            rest = rest[fits:]
        yield rest
