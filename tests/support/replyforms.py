"""Reply forms on paper: printed pages, pens that mark them, and a scanner."""

import io
from collections.abc import Sequence

import numpy as np
import pypdfium2
from PIL import Image, ImageDraw, ImageFont
from reportlab.lib.pagesizes import A4
from reportlab.pdfgen.canvas import Canvas

from intake.reading.formlayout import Layout, LayoutBox

DPI = 200
_K = DPI / 72


def printed(pdf: bytes) -> list[Image.Image]:
    """The pages of a form as they come out of a printer."""
    document = pypdfium2.PdfDocument(pdf)
    pages = [page.render(scale=_K, grayscale=True).to_pil().convert("L") for page in document]
    document.close()
    return pages


def box_of(layout: Layout, name: str) -> tuple[int, LayoutBox]:
    """The page (from 0) and the box of this name."""
    return next((n, box) for n, page in enumerate(layout.pages) for box in page.boxes if box.name == name)


def tick(page: Image.Image, edges: Sequence[float], shade: int = 60) -> None:
    """A tick by pen, from inside the box to above its right."""
    x0, top, x1, bottom = (edge * _K for edge in edges)
    width, height = x1 - x0, bottom - top
    corners = [
        (x0 + 0.15 * width, top + 0.5 * height), (x0 + 0.4 * width, top + 0.85 * height),
        (x0 + 1.05 * width, top - 0.1 * height),
    ]  # fmt: skip
    ImageDraw.Draw(page).line(corners, fill=shade, width=4, joint="curve")


def scribble(page: Image.Image, edges: Sequence[float]) -> None:
    """A tick that was scribbled over."""
    x0, top, x1, bottom = (edge * _K for edge in edges)
    tick(page, edges)
    zigzag = [(x0 - 15 + (x1 - x0 + 30) * (n % 2), top - 12 + (bottom - top + 24) * n / 13) for n in range(14)]
    ImageDraw.Draw(page).line(zigzag, fill=50, width=4)


def typed(page: Image.Image, edges: Sequence[float], words: str) -> None:
    """Words by a typewriter, at the top of the frame."""
    face = ImageFont.load_default(36)
    ImageDraw.Draw(page).text((edges[0] * _K + 20, edges[1] * _K + 10), words, font=face, fill=20)


def scrawled(page: Image.Image, edges: Sequence[float]) -> None:
    """Writing that no machine reads."""
    x, y = edges[0] * _K + 40, edges[1] * _K + 40
    steps = np.arange(220)
    waves = y + 14 * np.sin(steps / 2.3) * np.sin(steps / 11) + steps / 20
    ImageDraw.Draw(page).line([(x + 2.2 * n, float(waves[n])) for n in steps], fill=40, width=3)


def scanned(pages: Sequence[Image.Image], turn: float = 1.4, noise: float = 5.0, turned: int = 0) -> bytes:
    """The pages from the feeder, a little askew and with noise, as one TIFF; ``turned`` upside down or sideways."""
    frames = []
    for number, page in enumerate(pages):
        askew = page.rotate(turn, Image.Resampling.BICUBIC, fillcolor=255).rotate(turned, expand=True)
        grain = np.random.default_rng(number).normal(0, noise, (askew.height, askew.width))
        frames.append(Image.fromarray((np.asarray(askew) * 0.92 + 12 + grain).clip(0, 255).astype(np.uint8)))
    out = io.BytesIO()
    frames[0].save(out, "TIFF", save_all=True, append_images=frames[1:], dpi=(DPI, DPI), compression="tiff_lzw")
    return out.getvalue()


LEAFLET = (
    "Help us decide what should happen to the children's centres of this county.",
    "Please tear this page off and send it back to the council before the eighteenth of April.",
    "We want to hear from parents, carers, grandparents and everybody who works with young families.",
    "The proposal would bring the fifty centres into groups, each with one manager who is shared.",
    "Nothing has been decided yet, and every answer that reaches us in time will be counted.",
)
LEAFLET_BOXES = {
    "agree.Yes": (100.0, 330.0, 114.0, 344.0), "agree.No": (250.0, 330.0, 264.0, 344.0),
    "structure": (72.0, 420.0, 520.0, 560.0), "background.This": (100.0, 620.0, 114.0, 634.0),
    "background.That": (250.0, 620.0, 264.0, 634.0),
}  # fmt: skip
"""Where the boxes of ``leaflet`` are, in points from the top left."""


def leaflet() -> bytes:
    """A form that somebody else made: no marks, no code, no fields."""
    out = io.BytesIO()
    canvas = Canvas(out, pagesize=A4, invariant=1)
    canvas.setFont("Helvetica", 11)
    for n, line in enumerate(LEAFLET):
        canvas.drawString(72, 750 - 24 * n, line)
    for words, x, y in (
        ("Do you agree?", 72, 310), ("Yes", 124, 341), ("No", 274, 341), ("What do you think?", 72, 405),
        ("What is your background?", 72, 600), ("This", 124, 631), ("That", 274, 631),
        ("Thank you. Fold the page along the dotted line and post it, no stamp is needed.", 72, 780),
    ):  # fmt: skip
        canvas.drawString(x, A4[1] - y, words)
    for x0, top, x1, bottom in LEAFLET_BOXES.values():
        canvas.rect(x0, A4[1] - bottom, x1 - x0, bottom - top)
    canvas.save()
    return out.getvalue()
