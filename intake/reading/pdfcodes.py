"""Codes on a page of a PDF that has a text layer: it may be a scan with words laid over it, or have a code drawn on it.

A page is drawn for this only where something on it could be a code: a picture, or very many strokes.
"""

from math import sqrt
from typing import Any

import pypdfium2

from intake.reading.codes import find_codes
from intake.reading.parts import Code
from intake.reading.raster import POINTS

_DPI = 150.0
_MAX_PIXELS = 6_000_000
_MAX_OBJECTS = 20_000
_MAX_DEPTH = 4
_SMALLEST_POINTS = 30.0
_STROKES = 60
"""Rectangles that a code of the smallest size is drawn with, at least; a table has fewer, or is drawn in vain."""


def codes_on(page: Any, width: float, height: float) -> list[Code]:
    """The codes on a page of pypdfium2's, of this size in points."""
    if not width * height > 0 or not _may_have_one(page):
        return []
    dpi = min(_DPI, POINTS * sqrt(_MAX_PIXELS / (width * height)))
    try:
        grey = page.render(scale=dpi / POINTS, grayscale=True).to_pil().convert("L")
    except (pypdfium2.PdfiumError, ValueError):
        return []
    return find_codes(grey, dpi)


def _may_have_one(page: Any) -> bool:
    raw = pypdfium2.raw
    strokes = seen = 0
    pending = [(page, raw.FPDFPage_CountObjects, raw.FPDFPage_GetObject, 0)]
    while pending:
        holder, count, get, depth = pending.pop()
        for index in range(max(0, count(holder))):
            seen += 1
            if seen > _MAX_OBJECTS:
                return True
            thing = get(holder, index)
            kind = raw.FPDFPageObj_GetType(thing)
            if kind == raw.FPDF_PAGEOBJ_IMAGE:
                if _is_large(thing):
                    return True
            elif kind == raw.FPDF_PAGEOBJ_PATH:
                strokes += max(1, raw.FPDFPath_CountSegments(thing) // 5)
            elif kind == raw.FPDF_PAGEOBJ_FORM and depth < _MAX_DEPTH:
                pending.append((thing, raw.FPDFFormObj_CountObjects, raw.FPDFFormObj_GetObject, depth + 1))
    return strokes >= _STROKES


def _is_large(picture: Any) -> bool:
    """Whether a picture is no line and no bullet; of one in a form, the size is that within the form."""
    from ctypes import byref, c_float

    edges = [c_float() for _ in range(4)]
    if not pypdfium2.raw.FPDFPageObj_GetBounds(picture, *map(byref, edges)):
        return True
    left, bottom, right, top = (edge.value for edge in edges)
    # Inside a form a picture may be one unit wide and be enlarged by what draws the form.
    small = min(right - left, top - bottom) < _SMALLEST_POINTS
    return not small or max(right - left, top - bottom) <= 1.0
