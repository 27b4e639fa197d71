"""image/tiff, image/jpeg, image/png, and pages of a PDF without text: words with boxes and confidence, by OCR.

Options: none. Facts:
    scan_date_local    TIFF DateTime or EXIF DateTimeOriginal, by the scanner's clock: ``YYYY-MM-DDTHH:MM:SS``, no zone
    pages              how many pages the file has
    dpi_assumed        "true": the file names no resolution, or one that makes no sheet of paper; 300 dpi is taken, or
                       that of an A4 page where 300 makes none. Points are then only right in proportion

How a page is read says ``recognise``; its ``confidence`` is an estimate of how right the reading is, 0 for a page with
ink and no word. ``needs`` has ``transcription`` for such a page, and ``rescan`` for one that can't be decoded.
"""

from msgspec.structs import replace as changed

from intake.reading.dispatch import Tick, no_tick
from intake.reading.ink import ink_share
from intake.reading.pagetext import Box, compose
from intake.reading.parts import INKED, Part, Reading, Unreadable
from intake.reading.raster import DAMAGED, POINTS, Page, TooLarge, open_scan
from intake.reading.recognise import Found, recognise
from intake.reading.wire import Options

READER = "2"


def read(data: bytes, options: Options, tick: Tick = no_tick) -> Reading | Unreadable:
    """Read a file of pictures, each frame as a page.

    Args:
        data: its bytes.
        options: none of its own.
        tick: called after each page.

    Raises:
        ToolMissingError: Tesseract or its data is not on this machine.
    """
    scan = open_scan(data)
    if isinstance(scan, Unreadable):
        return scan
    media_type = options.get("media_type", "image/tiff")
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
            parts.append(page_part(page, number, media_type))
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
    part = Part(
        number=number,
        kind="page",
        media_type=media_type,
        method="ocr",
        page=number + 1,
        width=round(page.grey.width * POINTS / page.dpi, 2),
        height=round(page.grey.height * POINTS / page.dpi, 2),
        ink=round(ink, 6),
    )
    if not ink:
        return part
    found = recognise(page)
    points = POINTS / page.dpi
    composed = compose([[[_on_page(box, found, points) for box in line] for line in para] for para in found.paragraphs])
    return changed(
        part,
        text=composed.text,
        words=composed.words,
        cleaned=composed.cleaned,
        confidence=round(found.confidence, 4) if composed.words or ink < INKED else 0.0,
        turned=found.turned,
        engine=found.engine,
        choice=found.choice,
        others=found.others,
    )


def _on_page(box: Box, found: Found, points: float) -> Box:
    """A word where it stands on the page as shown, in points."""
    x0, top, x1, bottom = found.view.on_page((box.x0, box.top, box.x1, box.bottom))
    return Box(box.text, x0 * points, top * points, x1 * points, bottom * points, box.confidence)
