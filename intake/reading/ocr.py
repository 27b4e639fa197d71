"""image/tiff, image/jpeg, image/png, and pages of a PDF without text: words with boxes and confidence, by Tesseract.

Options: ``forms``, the layouts of reply forms (see ``formlayout``). Facts:
    scan_date_local    TIFF DateTime or EXIF DateTimeOriginal, by the scanner's clock: ``YYYY-MM-DDTHH:MM:SS``, no zone
    pages              how many pages the file has
    dpi_assumed        "true": the file names no resolution, or one that makes no sheet of paper; 300 dpi is taken, or
                       that of an A4 page where 300 makes none. Points are then only right in proportion

A page's ``confidence`` is the mean of its words, weighted by their length; 0 for a page with ink and no word. ``needs``
has ``transcription`` for such a page, and ``rescan`` for one that can't be decoded.
"""

import os
from bisect import bisect_left
from collections.abc import Sequence
from functools import cache, partial
from importlib import import_module
from itertools import accumulate, groupby
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, cast

from msgspec.structs import replace as changed
from PIL import Image

from intake.reading.codes import find_codes
from intake.reading.dispatch import Tick, ToolMissingError, no_tick
from intake.reading.formlayout import Layout, from_option
from intake.reading.pagetext import Box, PageText, compose
from intake.reading.parts import INKED, Part, Reading, ToolMissing, Unreadable
from intake.reading.raster import DAMAGED, POINTS, Page, TooLarge, open_scan
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


def read(data: bytes, options: Options, tick: Tick = no_tick) -> Reading | Unreadable:
    """Read a file of pictures, each frame as a page.

    Args:
        data: its bytes.
        options: see above.
        tick: called after each page.

    Raises:
        ToolMissingError: Tesseract or its data is not on this machine.
    """
    scan = open_scan(data)
    if isinstance(scan, Unreadable):
        return scan
    media_type = options.get("media_type", "image/tiff")
    forms = from_option(options.get("forms"))
    parts: list[Part] = []
    needs: set[str] = set()
    assumed, why = False, ""
    for number in range(scan.frames):
        try:
            page = scan.page(number)
        except (TooLarge, *DAMAGED) as error:
            why = str(error) if isinstance(error, TooLarge) else "This page is damaged or cut off."
            parts.append(damaged_page(number, media_type, why))
            needs.add("rescan")
        else:
            parts.append(page_part(page, number, media_type, forms))
            needs |= needs_of(parts[-1])
            assumed = assumed or page.dpi_assumed
        tick()
    if all(part.problem for part in parts):
        return Unreadable(why or "The file holds no page.", "Scan it again at 300 dpi, or ask for another copy.")
    facts = {"pages": str(scan.frames), "scan_date_local": scan.taken() or "", "dpi_assumed": "true" if assumed else ""}
    facts = {name: value for name, value in facts.items() if value}
    return Reading(reader=f"ocr {READER}", parts=parts, facts=facts, needs=sorted(needs))


def damaged_page(number: int, media_type: str, why: str) -> Part:
    """A page that is kept but could not be read, in its place."""
    return Part(
        number=number,
        kind="page",
        media_type=media_type,
        method="ocr",
        confidence=0.0,
        page=number + 1,
        problem=why,
    )


def needs_of(part: Part) -> set[str]:
    """What a page needs of a person because of how it was read."""
    if part.method == "form":
        return set()  # what is on its boxes says what it needs
    return {"transcription"} if not part.words and (part.ink or 0.0) >= INKED else set()


def page_part(page: Page, number: int, media_type: str, forms: Sequence[Layout] = ()) -> Part:
    """Read one page: as a page of a reply form, if it is one, else as any page.

    Args:
        page: the picture.
        number: its position in the item, from 0.
        media_type: of the file that it comes from.
        forms: the reply forms that it may be a page of.

    Raises:
        ToolMissingError: Tesseract or its data is not on this machine.
    """
    codes = find_codes(page.grey, page.dpi)
    bare = Part(number=number, kind="page", media_type=media_type, page=number + 1, codes=codes)
    if forms and (own := _own_form(page, bare, forms)) is not None:
        return own
    plain = changed(plain_part(page, number, media_type), codes=codes)
    return (forms and _learned_form(page, plain, forms)) or plain


def form_part(page: Page, part: Part, forms: Sequence[Layout]) -> Part | None:
    """A page whose words are known, as a page of a reply form; None if it is none."""
    part = changed(part, codes=find_codes(page.grey, page.dpi))
    return _own_form(page, part, forms) or _learned_form(page, part, forms)


def _own_form(page: Page, part: Part, forms: Sequence[Layout]) -> Part | None:
    from intake.reading import formpage  # image libraries that other pages don't need

    return formpage.read_own(page, part.codes, forms, _blank(page, part), partial(_inside, part))


def _learned_form(page: Page, part: Part, forms: Sequence[Layout]) -> Part | None:
    from intake.reading import formpage

    return formpage.read_learned(page, part.words, forms, _blank(page, part), partial(_inside, part))


def _inside(part: Part, picture: Page) -> Part:
    """The words in a frame of a form."""
    return plain_part(picture, part.number, part.media_type)


def _blank(page: Page, part: Part) -> Part:
    """The page without any reading."""
    return Part(
        number=part.number,
        kind="page",
        media_type=part.media_type,
        page=part.page,
        codes=part.codes,
        width=round(page.grey.width * POINTS / page.dpi, 2),
        height=round(page.grey.height * POINTS / page.dpi, 2),
        ink=round(ink_share(page.grey), 6),
    )


def plain_part(page: Page, number: int, media_type: str) -> Part:
    """Read the words of a picture, whatever it shows; the arguments are those of ``page_part``."""
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
