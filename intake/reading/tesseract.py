"""Tesseract, in this process: paragraphs of lines of words with their boxes, in the order in which it reads.

It runs in one thread: with more, four cores are slower than one. The variable that says so counts from the moment at
which the library is loaded.
"""

import os
from functools import cache
from importlib import import_module
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from intake.reading.agreed import ToolMissingError
from intake.reading.pagetext import Box
from intake.reading.parts import ToolMissing
from intake.reading.view import View

if TYPE_CHECKING:
    import tesserocr

Paragraphs = list[list[list[Box]]]

_LANGUAGE = "eng"
_DEBIAN_TESSDATA = Path("/usr/share/tesseract-ocr")
_WORD_LEVEL = "5"
_MOST_MILLISECONDS = 30_000  # a page takes one or two thousand; it has spent 35 thousand on one of noise alone
_INSTALL = "Install Debian's tesseract-ocr-eng, or set TESSDATA_PREFIX to a folder that holds eng.traineddata."


def read(view: View, dpi: float, *, block: bool = False) -> Paragraphs:
    """Read a picture; boxes are in pixels of the view.

    Args:
        view: the picture, as upright and straight as it can be.
        dpi: its resolution.
        block: it holds a few whole lines and nothing else; else columns and pictures are looked for.

    Raises:
        ToolMissingError: Tesseract or its data is not on this machine.
    """
    engine, modes = _engine()
    width, height = view.size
    engine.SetPageSegMode(modes.SINGLE_BLOCK if block else modes.AUTO)
    pixels = cast(str, view.pixels.tobytes())  # bytes are right: its stub is not
    engine.SetImageBytes(pixels, width, height, 1, width)
    engine.SetSourceResolution(min(2_400, max(70, round(dpi))))
    seen = engine.GetTSVText(0) if engine.Recognize(_MOST_MILLISECONDS) else ""
    engine.Clear()
    return _paragraphs(seen)


def _paragraphs(tsv: str) -> Paragraphs:
    """Tesseract's table of what it saw as paragraphs of lines of words.

    A page that it gives up is one blank word in it, as large as the page and very sure.
    """
    cells = [line.split("\t") for line in tsv.splitlines()]
    words = [row for row in cells if len(row) == 12 and row[0] == _WORD_LEVEL and row[11].strip()]
    seen = [(row[1:4], row[4], _box(row)) for row in words]
    return [
        [[box for _, _, box in line] for _, line in groupby(paragraph, key=itemgetter(1))]
        for _, paragraph in groupby(seen, key=itemgetter(0))
    ]


def _box(row: list[str]) -> Box:
    left, top, width, height = map(float, row[6:10])
    confidence = min(1.0, max(0.0, float(row[10]) / 100))
    # Far more often than anything else it errs in the word "I". Nobody types a bar in a letter.
    return Box(row[11].replace("|", "I"), left, top, left + width, top + height, confidence)


@cache
def _engine() -> "tuple[tesserocr.PyTessBaseAPI, Any]":
    """The one engine of this process, which takes a tenth of a second to start, and its ways to look at a page.

    Raises:
        ToolMissingError: it can't be started.
    """
    os.environ.setdefault("OMP_THREAD_LIMIT", "1")
    try:
        module = import_module("tesserocr")
    except ImportError as error:
        advice = "Reading scans needs the Python package tesserocr: run make setup."
        raise ToolMissingError(ToolMissing("Tesseract", advice)) from error
    try:
        engine: tesserocr.PyTessBaseAPI = module.PyTessBaseAPI(str(_tessdata()), _LANGUAGE, psm=module.PSM.AUTO)
    except RuntimeError as error:
        raise ToolMissingError(ToolMissing("Tesseract's data for English", _INSTALL)) from error
    return engine, module.PSM


def _tessdata() -> Path:
    """The folder of the language data: TESSDATA_PREFIX if it is set, else the newest of Debian's."""
    given = os.environ.get("TESSDATA_PREFIX")
    folders = [Path(given), Path(given, "tessdata")] if given else sorted(_DEBIAN_TESSDATA.glob("*/tessdata"))[::-1]
    for folder in folders:
        if (folder / f"{_LANGUAGE}.traineddata").is_file():
            return folder
    raise ToolMissingError(ToolMissing("Tesseract's data for English", _INSTALL))
