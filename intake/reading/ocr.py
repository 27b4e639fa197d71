"""image/tiff, image/jpeg, image/png, and pages of a PDF without text: words with boxes and confidence, by Tesseract.

Options: none. Facts:
    scan_date_local    TIFF DateTime or EXIF DateTimeOriginal, by the scanner's clock: ``YYYY-MM-DDTHH:MM:SS``, no zone
    pages              how many pages the file has
    dpi_assumed        "true": the file names no resolution, or one that makes no sheet of paper; 300 dpi is taken, or
                       that of an A4 page where 300 makes none. Points are then only right in proportion

A page's ``confidence`` is the mean of its words, weighted by their length; 0 for a page with ink and no word. ``needs``
has ``transcription`` for such a page, and ``rescan`` for one that can't be decoded.
"""

import os
from bisect import bisect_left
from functools import cache
from importlib import import_module
from itertools import accumulate, groupby
from mmap import mmap
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, cast

from PIL import Image

from intake.reading.dispatch import ToolMissingError
from intake.reading.pages import damaged_page
from intake.reading.pagetext import Box, PageText, compose
from intake.reading.parts import INKED, Part, Reading, ToolMissing, Unreadable
from intake.reading.raster import DAMAGED, POINTS, Page, Scan, TooLarge, open_scan
from intake.reading.wire import Options

if TYPE_CHECKING:
    import tesserocr

READER = "1"
_LANGUAGE = "eng"
_DEBIAN_TESSDATA = Path("/usr/share/tesseract-ocr")
_FINE_DPI = 450
_BEST_DPI = 300
_MAX_OCR_PIXELS = 40_000_000
_MAX_OCR_SIDE = 32_000  # Tesseract's own limit is 32,767
_DARK = 0.8
_BLACK = 64
_WORD_LEVEL = "5"
_INSTALL = "Install Debian's tesseract-ocr-eng, or set TESSDATA_PREFIX to a folder that holds eng.traineddata."


def opened(data: bytes | mmap, options: Options) -> "ScanFile | Unreadable":
    """Open a file of pictures, each frame a page.

    Args:
        data: its bytes.
        options: none of its own.
    """
    scan = open_scan(bytes(data))
    return scan if isinstance(scan, Unreadable) else ScanFile(scan, options.get("media_type", "image/tiff"))


class ScanFile:
    """A file of pictures that is open; ``pages`` is how many it has."""

    def __init__(self, scan: Scan, media_type: str) -> None:
        """Args: scan: as it was opened. media_type: what it is."""
        self.pages = scan.frames
        self._scan = scan
        self._media_type = media_type
        taken = scan.taken()
        self._facts = {"pages": str(scan.frames), **({"scan_date_local": taken} if taken else {})}

    def about(self) -> Reading:
        """What there is to be said about the file without reading a page."""
        return Reading(reader=f"ocr {READER}", parts=[], facts=self._facts)

    def page(self, number: int) -> Reading:
        """Read one page; see ``dispatch.Document``.

        Raises:
            ToolMissingError: Tesseract or its data is not on this machine.
        """
        facts = self._facts
        try:
            page = self._scan.page(number)
        except (TooLarge, *DAMAGED) as error:
            why = str(error) if isinstance(error, TooLarge) else "This page is damaged or cut off."
            part, needs = damaged_page(number, self._media_type, why), {"rescan"}
        else:
            part = page_part(page, number, self._media_type)
            needs = needs_of(part)
            facts = facts | ({"dpi_assumed": "true"} if page.dpi_assumed else {})
        return Reading(reader=f"ocr {READER}", parts=[part], facts=facts, needs=sorted(needs))


def needs_of(part: Part) -> set[str]:
    """What a page needs of a person because of how it was read."""
    return {"transcription"} if not part.words and (part.ink or 0.0) >= INKED else set()


def page_part(page: Page, number: int, media_type: str) -> Part:
    """Read one page.

    Args:
        page: the picture.
        number: its position in the item, from 0.
        media_type: of the file that it comes from.

    Raises:
        ToolMissingError: Tesseract or its data is not on this machine.
    """
    ink = ink_share(page.grey)
    found = _recognise(page) if ink > 0 else PageText("", [], 0)
    return Part(
        number=number,
        kind="page",
        media_type=media_type,
        text=found.text,
        method="ocr",
        confidence=round(found.confidence, 4) if found.words or ink < INKED else 0.0,
        page=number + 1,
        width=round(page.grey.width * POINTS / page.dpi, 2),
        height=round(page.grey.height * POINTS / page.dpi, 2),
        words=found.words,
        ink=round(ink, 6),
        cleaned=found.cleaned,
        engine="tesseract" if ink > 0 else "",
    )


def ink_share(grey: Image.Image) -> float:
    """Return the share of pixels that are clearly darker than the paper, which is taken to be the median, 0 to 1."""
    histogram = grey.histogram()
    total = sum(histogram)
    paper = bisect_left(list(accumulate(histogram)), total / 2)
    dark = int(paper * _DARK) if paper > _BLACK else _BLACK
    return sum(histogram[:dark]) / total


def _recognise(page: Page) -> PageText:
    engine = _engine()
    shrink = _shrink(page)
    grey = page.grey if shrink == 1 else page.grey.reduce(shrink)
    pixels = cast(str, grey.tobytes())  # bytes are right: its stub is not
    engine.SetImageBytes(pixels, grey.width, grey.height, 1, grey.width)
    engine.SetSourceResolution(round(page.dpi / shrink))
    engine.Recognize()
    seen = engine.GetTSVText(0)
    engine.Clear()
    return compose(_paragraphs(seen, shrink * POINTS / page.dpi))


def _shrink(page: Page) -> int:
    """By how much to make a page smaller first: finer than needed takes longer and reads no better."""
    factor = round(page.dpi / _BEST_DPI) if page.dpi >= _FINE_DPI and not page.dpi_assumed else 1
    width, height = page.grey.size
    while width * height > _MAX_OCR_PIXELS * factor**2 or max(width, height) > _MAX_OCR_SIDE * factor:
        factor += 1
    return factor


def _paragraphs(tsv: str, points: float) -> list[list[list[Box]]]:
    """Tesseract's table of what it saw as paragraphs of lines of words; ``points`` is the size of its pixels."""
    cells = [line.split("\t") for line in tsv.splitlines()]
    seen = [(row[1:4], row[4], _box(row, points)) for row in cells if len(row) == 12 and row[0] == _WORD_LEVEL]
    return [
        [[box for _, _, box in line] for _, line in groupby(paragraph, key=itemgetter(1))]
        for _, paragraph in groupby(seen, key=itemgetter(0))
    ]


def _box(row: list[str], points: float) -> Box:
    left, top, width, height = (int(cell) * points for cell in row[6:10])
    confidence = min(1.0, max(0.0, float(row[10]) / 100))
    return Box(row[11], left, top, left + width, top + height, confidence)


@cache
def _engine() -> "tesserocr.PyTessBaseAPI":
    """The one engine of this process: it takes a tenth of a second to start.

    Raises:
        ToolMissingError: it can't be started.
    """
    try:
        module = import_module("tesserocr")
    except ImportError as error:
        advice = "Reading scans needs the Python package tesserocr: run make setup."
        raise ToolMissingError(ToolMissing("Tesseract", advice)) from error
    try:
        engine: tesserocr.PyTessBaseAPI = module.PyTessBaseAPI(str(_tessdata()), _LANGUAGE, psm=module.PSM.AUTO)
    except RuntimeError as error:
        raise ToolMissingError(ToolMissing("Tesseract's data for English", _INSTALL)) from error
    return engine


def _tessdata() -> Path:
    """The folder of the language data: TESSDATA_PREFIX if it is set, else the newest of Debian's."""
    given = os.environ.get("TESSDATA_PREFIX")
    folders = [Path(given), Path(given, "tessdata")] if given else sorted(_DEBIAN_TESSDATA.glob("*/tessdata"))[::-1]
    for folder in folders:
        if (folder / f"{_LANGUAGE}.traineddata").is_file():
            return folder
    raise ToolMissingError(ToolMissing("Tesseract's data for English", _INSTALL))
