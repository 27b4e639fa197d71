"""Setting the pages of a reply form: words, boxes and frames below each other, on A4, in points from the top left.

Letters of 12 points or more, boxes of 6 mm with room around them, frames to write in, four black marks in the corners
and a code on each page, by which a scanned page is found and laid straight.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from intake.config import Question
from intake.reading.formlayout import Kind, LayoutBox

MM = 72 / 25.4
WIDTH, HEIGHT = 595.28, 841.89
MARK = 5 * MM
"""The side of a corner mark."""
BOX = 6 * MM
"""The side of a box to tick."""
LINE = 0.9
"""The width of the lines around boxes and frames."""
PLAIN, BOLD = "Helvetica", "Helvetica-Bold"
INSET = 9 * MM
_CODE = 25 * MM
_CODE_TOP = 14 * MM
LEFT, RIGHT = 22 * MM, WIDTH - 22 * MM
_TOP, FIRST_TOP, _BOTTOM = 44 * MM, 44 * MM, HEIGHT - 22 * MM
_TEXT, TITLE = 12.0, 16.0
_LEADING = 1.3
_ROW = 11 * MM
_LABEL = BOX + 4 * MM
GAP = 5 * MM
_WRITTEN = 52 * MM

CODE_BOX = (RIGHT - _CODE, _CODE_TOP, RIGHT, _CODE_TOP + _CODE)
_MIDDLES = (INSET + MARK / 2, WIDTH - INSET - MARK / 2, INSET + MARK / 2, HEIGHT - INSET - MARK / 2)
MARKS = [
    (_MIDDLES[0], _MIDDLES[2]), (_MIDDLES[1], _MIDDLES[2]), (_MIDDLES[1], _MIDDLES[3]), (_MIDDLES[0], _MIDDLES[3]),
]  # fmt: skip
"""The middles of the corner marks, clockwise from the top left."""


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
class FormPage:
    """A page of the form."""

    runs: list[Run] = field(default_factory=list)
    fields: list[Field] = field(default_factory=list)


class Composer:
    """Puts blocks below each other, page by page; no block is parted from the words that it belongs to."""

    def __init__(self, title: str) -> None:
        self.pages = [FormPage()]
        self._title = title
        self._y = _CODE_TOP

    def begin(self) -> None:
        """The top of the first page is done."""
        self._y = max(self._y, FIRST_TOP)

    def new_page(self) -> None:
        self.pages.append(FormPage())
        self._y = _CODE_TOP
        self.paragraph(self._title, PLAIN, _TEXT, until=CODE_BOX[0] - GAP, at_most=_TOP)
        self._y = _TOP

    def room_for(self, height: float) -> None:
        """Begin a page if so much does not fit below any more."""
        if self._y + height > _BOTTOM:
            self.new_page()

    def heading(self, said: str) -> None:
        self._y += GAP / 2
        self.paragraph(said, BOLD, 14.0)

    def paragraph(
        self, said: str, font: str = PLAIN, size: float = _TEXT, *, until: float = RIGHT, at_most: float = _BOTTOM
    ) -> None:
        """Some lines of text, and a gap; what goes beyond ``at_most`` is left out."""
        for line in wrapped(said, font, size, until - LEFT):
            if self._y + size * _LEADING > at_most:
                break
            self._line(LEFT, line, font, size)
        self._y += GAP / 2

    def frame(self, name: str, label: str, height: float, *, width: float | None = None, apart: bool = False) -> None:
        """A frame to write in, under its label."""
        lines = wrapped(label, BOLD, _TEXT, RIGHT - LEFT)
        self.room_for(len(lines) * _TEXT * _LEADING + height + 2 * GAP)
        for line in lines:
            self._line(LEFT, line, BOLD, _TEXT)
        top = self._y + 1.5 * MM
        self._field(name, "written", (LEFT, top, LEFT + (width or RIGHT - LEFT), top + height), label, apart=apart)
        self._y = top + height + GAP

    def question(self, question: Question, said: str, labels: dict[str, str] | None = None) -> None:
        """A question with its boxes, or with its frame."""
        if question.kind == "text":
            self.frame(question.id, said, _WRITTEN, apart=question.monitoring)
            return
        hint = "Please mark one box." if question.kind == "choice" else "Please mark all that apply."
        lines = [*((line, BOLD) for line in wrapped(said, BOLD, _TEXT, RIGHT - LEFT)), (hint, PLAIN)]
        rows = [self._label_lines((labels or {}).get(option, option)) for option in question.options]
        above = len(lines) * _TEXT * _LEADING + 2 * MM
        whole = above + sum(_height(row) for row in rows) + GAP
        self.room_for(whole if whole < _BOTTOM - _TOP else above + _height(rows[0]))
        for line, font in lines:
            self._line(LEFT, line, font, _TEXT)
        self._y += 2 * MM
        for option, row in zip(question.options, rows, strict=True):
            self.room_for(_height(row))
            self._option(question, option, row, said)
        self._y += GAP

    def _option(self, question: Question, option: str, row: Sequence[str], said: str) -> None:
        top, height = self._y, _height(row)
        middle = top + height / 2
        for n, line in enumerate(row):
            baseline = middle + (n - (len(row) - 1) / 2) * _TEXT * _LEADING + 0.35 * _TEXT
            self.pages[-1].runs.append(Run(LEFT + _LABEL, baseline, line, PLAIN, _TEXT))
        edges = (LEFT, middle - BOX / 2, LEFT + BOX, middle + BOX / 2)
        self._field(
            f"{question.id}.{option}", "tick", edges, said, option=option, only=question.kind == "choice",
            apart=question.monitoring,
        )  # fmt: skip
        self._y = top + height

    @staticmethod
    def _label_lines(label: str) -> list[str]:
        return wrapped(label, PLAIN, _TEXT, RIGHT - LEFT - _LABEL)

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
