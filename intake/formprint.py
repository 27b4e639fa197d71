"""The reply form as a PDF: to print, and the same fields to fill in on screen (an AcroForm)."""

from io import BytesIO
from typing import Any

from intake.errors import ConfigurationError
from intake.formcomposer import CODE_BOX, HEIGHT, LINE, MARK, MARKS, WIDTH, Field, Run
from intake.qr import draw_code
from intake.replyform import ReplyForm

_MULTILINE = "multiline"
_INSIDE = 1.5
_ONE_LINE = 40.0  # points: a frame that is lower takes one line


def form_pdf(form: ReplyForm, title: str) -> bytes:
    """The form as a file.

    Raises:
        ConfigurationError: a question has letters that the printed font does not have.
    """
    from reportlab.pdfgen.canvas import Canvas

    out = BytesIO()
    canvas = Canvas(out, pagesize=(WIDTH, HEIGHT), invariant=1)
    canvas.setTitle(title)
    canvas.setKeywords(form.code(0))
    for number, page in enumerate(form.pages):
        for x, y in MARKS:
            canvas.rect(x - MARK / 2, HEIGHT - y - MARK / 2, MARK, MARK, stroke=0, fill=1)
        x0, _, x1, bottom = CODE_BOX
        draw_code(canvas, form.code(number), (x0, HEIGHT - bottom), x1 - x0, level="M")
        for run in page.runs:
            _print(canvas, run)
        for field in page.fields:
            _field(canvas, field)
        canvas.showPage()
    canvas.save()
    return out.getvalue()


def _print(canvas: Any, run: Run) -> None:
    try:
        run.text.encode("cp1252")
    except UnicodeEncodeError as error:
        letter = run.text[error.start]
        raise ConfigurationError(f"The form can't be printed: its font has no {letter!r} ({run.text!r}).") from error
    canvas.setFont(run.font, run.size)
    canvas.drawString(run.x, HEIGHT - run.y, run.text)


def _field(canvas: Any, field: Field) -> None:
    x0, top, x1, bottom = field.box.edges
    width, height = x1 - x0, bottom - top
    canvas.setLineWidth(LINE)
    canvas.rect(x0, HEIGHT - bottom, width, height, stroke=1, fill=0)
    place = {"x": x0 + _INSIDE, "y": HEIGHT - bottom + _INSIDE}
    plain = {"borderWidth": 0, "borderColor": None, "fillColor": None}
    form = canvas.acroForm
    if field.box.kind == "written":
        form.textfield(
            name=field.box.name, tooltip=field.label, value="", fontName="Helvetica", fontSize=12, maxlen=None,
            width=width - 2 * _INSIDE, height=height - 2 * _INSIDE,
            fieldFlags=_MULTILINE if height > _ONE_LINE else "", **place, **plain,
        )  # fmt: skip
    else:
        form.checkbox(
            name=field.box.name, tooltip=f"{field.question} {field.label}", checked=False, buttonStyle="cross",
            size=width - 2 * _INSIDE, **place, **plain,
        )  # fmt: skip
