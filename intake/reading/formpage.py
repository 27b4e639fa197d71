"""A scanned page of a reply form: which form it is, and what is on each of its boxes.

A page of our own form says in its code which one it is; a learned form is known by its printed words. A page that is
neither is no form page, whatever it quotes. Its printed words are ours, so that its text is only what was written into
the frames, a line each; boxes of monitoring questions are kept apart from the text and from the other boxes.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from msgspec.structs import replace as changed
from PIL import Image

from intake.reading import register
from intake.reading.boxink import MM
from intake.reading.formlayout import Layout, LayoutBox, LayoutPage, form_code
from intake.reading.parts import Code, FormBox, FormField, Part, Word
from intake.reading.raster import POINTS, Page
from intake.reading.register import DPI, Matrix, Straight
from intake.reading.ticks import InkedPage, Seen

SURE = 0.9
"""Writing that is read with this confidence, each word of it with ``SURE_WORD`` at least, can be the answer: typed or
very clear. Handwriting is below that, and goes to a person."""
SURE_WORD = 0.6
FITS = 0.5
"""The share of a learned form's words that must stand in their places. Measured: 1.0 on eight scans of a form (150 to
300 dpi, 3 degrees askew, noise); on eight pages that quote it, in its lines or in others, the words fit nowhere."""
_FRAMES = 0.6
_CROP_DPI = 300.0

Read = Callable[[Page], Part]
"""Reads the words in a picture."""


class _Match(NamedTuple):
    layout: Layout
    page: LayoutPage
    matrix: Matrix


def own_form(codes: Sequence[Code], layouts: Sequence[Layout]) -> bool:
    """Whether a page has the code of one of these forms."""
    return _named(codes, layouts) is not None


def may_be_learned(words: Sequence[Word], layouts: Sequence[Layout]) -> bool:
    """Whether a page's words stand where those of a learned form stand."""
    fits = (register.by_words(words, printed) for layout in layouts for printed in layout.pages if printed.words)
    return any(fit is not None and fit.share >= FITS for fit in fits)


def read_own(page: Page, codes: Sequence[Code], layouts: Sequence[Layout], blank: Part, read: Read) -> Part | None:
    """Read a page that has the code of one of our forms.

    Args:
        page: its picture.
        codes: what was found on it.
        layouts: the forms that are known.
        blank: the part that the page makes, without any text.
        read: what reads the words in a frame.

    Returns:
        The part, None if the page has no such code or does not look like that form: it is then read as any other page.
    """
    named = _named(codes, layouts)
    if named is None:
        return None
    layout, printed, code = named
    grey = np.asarray(page.grey)
    corners = register.code_corners(grey, code.text)
    matrix = None if corners is None else register.by_marks(grey, corners, printed)
    if matrix is None:
        return None
    return _filled(_Match(layout, printed, matrix), page, blank, read)


def read_learned(page: Page, words: Sequence[Word], layouts: Sequence[Layout], blank: Part, read: Read) -> Part | None:
    """Read a page whose printed words are those of a learned form; the arguments are those of ``read_own``.

    Returns:
        The part, None if there is no such form.
    """
    best: tuple[float, _Match] | None = None
    for layout in layouts:
        for printed in layout.pages:
            fit = register.by_words(words, printed) if printed.words else None
            if fit is not None and fit.share >= FITS and (best is None or fit.share > best[0]):
                to_points = np.diag([POINTS / page.dpi, POINTS / page.dpi, 1.0])
                to_pixels = np.diag([DPI / POINTS, DPI / POINTS, 1.0])
                best = fit.share, _Match(layout, printed, to_pixels @ fit.matrix @ to_points)
    return None if best is None else _filled(best[1], page, blank, read)


def _named(codes: Sequence[Code], layouts: Sequence[Layout]) -> tuple[Layout, LayoutPage, Code] | None:
    for code in codes:
        said = form_code(code.text)
        if said is None:
            continue
        for layout in layouts:
            known = (layout.consultation, layout.digest, len(layout.pages))
            if known == (said.consultation, said.digest, said.pages):
                return layout, layout.pages[said.page - 1], code
    return None


def _filled(match: _Match, page: Page, blank: Part, read: Read) -> Part | None:
    straight = register.straightened(np.asarray(page.grey), match.matrix, match.page)
    inked = InkedPage(straight.grey, match.page)
    seen = [(box, inked.look(number)) for number, box in enumerate(match.page.boxes)]
    if match.page.code is not None and seen and sum(look.framed for _, look in seen) < _FRAMES * len(seen):
        return None  # the code is there, but not the boxes that belong to it
    writer = _Writer(straight, page, match, read)
    for box, look in seen:
        writer.add(box, look)
    stray = inked.stray()
    if stray is not None:
        writer.boxes.append(FormBox("", "stray", 0.5, *straight.back(stray, POINTS / page.dpi)))
    # A leaflet's pages without boxes need not come back: only those with some are counted.
    asking = [one for one in match.layout.pages if one.boxes]
    which = next((n for n, one in enumerate(asking, start=1) if one is match.page), 0)
    return changed(
        blank, form=(match.layout.digest, which, len(asking)) if which else None,
        text=writer.text, words=writer.words, fields=writer.fields, boxes=writer.boxes, apart=writer.apart,
        content=False, method="form", confidence=min((b.confidence for b in writer.boxes), default=1.0),
        engine="form", choice=f"a page of form {match.layout.digest}",
    )  # fmt: skip


class _Writer:
    """Puts a form page's text and boxes together."""

    def __init__(self, straight: Straight, page: Page, match: _Match, read: Read) -> None:
        self.text = ""
        self.words: list[Word] = []
        self.fields: list[FormField] = []
        self.boxes: list[FormBox] = []
        self.apart: list[FormBox] = []
        self._straight = straight
        self._page = page
        self._match = match
        self._read = read

    def add(self, box: LayoutBox, seen: Seen) -> None:
        made = FormBox(
            box.name, seen.state, seen.confidence, *self._straight.back(seen.edges, POINTS / self._page.dpi),
            only=box.only, takes_back=self._match.layout.struck,
        )  # fmt: skip
        if seen.state == "written":
            made = self._with_words(box, seen, made)
        (self.apart if box.apart else self.boxes).append(made)

    def _with_words(self, box: LayoutBox, seen: Seen, made: FormBox) -> FormBox:
        """A box with what was read in it: a line of the text, or, of a box that is kept apart, with the box alone."""
        found, words = self._read_frame(seen)
        said = found.text.strip()
        confidence = round(found.confidence if said else 0.0, 4)
        sure = bool(said) and confidence >= SURE and all(w.confidence >= SURE_WORD for w in words)
        if box.apart:
            return changed(made, confidence=confidence, sure=sure, said=said)
        before = f"{box.name}: "
        start = len(self.text) + len(before)
        offset = found.text.index(said) if said else 0
        self.words += [changed(word, start=word.start - offset + start) for word in words]
        self.text += f"{before}{said}\n"
        self.fields.append(FormField(box.name, "", start, start + len(said)))
        return changed(made, confidence=confidence, sure=sure, start=start, end=start + len(said))

    def _read_frame(self, seen: Seen) -> tuple[Part, list[Word]]:
        """What is read inside a frame, with its words where they stand on the page as shown."""
        import cv2

        finer = _CROP_DPI / DPI
        x0, top, x1, bottom = seen.edges
        left, up = x0 + MM, top + MM
        size = (max(1, round((x1 - x0 - 2 * MM) * finer)), max(1, round((bottom - top - 2 * MM) * finer)))
        cut = np.array([[finer, 0, -left * finer], [0, finer, -up * finer], [0, 0, 1.0]])
        grey: Any = cv2.warpPerspective(
            np.asarray(self._page.grey), cut @ self._straight.matrix, size, flags=cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_CONSTANT, borderValue=(255,),
        )  # fmt: skip
        found = self._read(Page(Image.fromarray(grey), _CROP_DPI, dpi_assumed=False))
        pixels = DPI / POINTS
        words = []
        for word in found.words:
            edges = (
                left + word.x0 * pixels,
                up + word.top * pixels,
                left + word.x1 * pixels,
                up + word.bottom * pixels,
            )
            shown = self._straight.back(edges, POINTS / self._page.dpi)
            words.append(changed(word, x0=shown[0], top=shown[1], x1=shown[2], bottom=shown[3]))
        return found, words
