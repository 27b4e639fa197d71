"""The reply form of a consultation: what is printed where, and which boxes it has. Pure: the same questions always give
the same form, so that a scan can be read by the config alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from intake.config import Consultation, FormSettings, Question
from intake.formcomposer import (
    BOLD,
    CODE_BOX,
    FIRST_TOP,
    GAP,
    HEIGHT,
    INSET,
    LEFT,
    LINE,
    MARK,
    MARKS,
    MM,
    PLAIN,
    RIGHT,
    TITLE,
    WIDTH,
    Composer,
    FormPage,
    Run,
    text_width,
)
from intake.reading.formlayout import (
    MASK_POINTS,
    FormCode,
    Layout,
    LayoutPage,
    LayoutWord,
    code_text,
    digest_of,
    mask_shape,
    packed_mask,
    telling_words,
)

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


@dataclass(frozen=True, slots=True)
class ReplyForm:
    """A whole form: what is printed, and the layout that a reader goes by."""

    pages: list[FormPage]
    layout: Layout

    def code(self, number: int) -> str:
        """What the code of a page says; the first page is 0."""
        return code_text(FormCode(self.layout.consultation, self.layout.digest, number + 1, len(self.layout.pages)))


@cache
def reply_form(consultation: Consultation, settings: FormSettings) -> ReplyForm:
    """The reply form of a consultation."""
    composer = Composer(consultation.title)
    composer.paragraph(consultation.title, BOLD, TITLE, until=CODE_BOX[0] - GAP, at_most=FIRST_TOP)
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


def _about(composer: Composer, columns: Sequence[str]) -> None:
    if columns:
        composer.heading("About you")
    for column in columns:
        if column == CONSENT:
            composer.question(CONSENT_QUESTION, CONSENT_QUESTION.text, _CONSENT_LABELS)
        else:
            label, height = ABOUT[column]
            narrow = (RIGHT - LEFT) / 2 if column in ("postcode", "phone") else None
            composer.frame(column, label, height, width=narrow)


def _finished(consultation: str, pages: list[FormPage]) -> ReplyForm:
    bare = [LayoutPage(WIDTH, HEIGHT, [each.box for each in page.fields], MARKS, CODE_BOX) for page in pages]
    digest = digest_of(bare, [run.text for page in pages for run in page.runs])
    for number, page in enumerate(pages, start=1):
        said = f"Page {number} of {len(pages)}   Form {digest}"
        page.runs.append(Run(LEFT + MARK, HEIGHT - INSET - 1 * MM, said, PLAIN, 9.0))
    masked = [
        LayoutPage(WIDTH, HEIGHT, flat.boxes, flat.marks, flat.code, _words(page), _mask(flat, page))
        for flat, page in zip(bare, pages, strict=True)
    ]
    return ReplyForm(pages, Layout(consultation, digest, masked, struck=True))


def _words(page: FormPage) -> list[LayoutWord]:
    """The printed words, by which a page is known whose code is torn off or stained."""
    words = []
    for run in page.runs:
        x = run.x
        for word in run.text.split(" "):
            width = text_width(word, run.font, run.size)
            words.append(LayoutWord(word, round(x + width / 2, 1), round(run.y - 0.3 * run.size, 1)))
            x += width + text_width(" ", run.font, run.size)
    return telling_words(words)


def _mask(flat: LayoutPage, page: FormPage) -> bytes:
    """What is printed, in cells: each line of text, the marks, the code, and the lines of boxes and frames."""
    rows, columns = mask_shape(flat)
    cells = [bytearray(columns) for _ in range(rows)]

    def cover(x0: float, top: float, x1: float, bottom: float) -> None:
        left, right = max(int(x0 / MASK_POINTS), 0), min(int(x1 / MASK_POINTS) + 1, columns)
        for row in cells[max(int(top / MASK_POINTS), 0) : int(bottom / MASK_POINTS) + 1]:
            row[left:right] = bytes([1]) * max(0, right - left)

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
