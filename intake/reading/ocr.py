"""image/tiff, image/jpeg, image/png, and pages of a PDF without text: words with boxes and confidence, by OCR.

Options: ``forms``, the layouts of reply forms (see ``formlayout``). Facts:
    scan_date_local    TIFF DateTime or EXIF DateTimeOriginal, by the scanner's clock: ``YYYY-MM-DDTHH:MM:SS``, no zone
    pages              how many pages the file has
    dpi_assumed        "true": the file names no resolution, or one that makes no sheet of paper; 300 dpi is taken, or
                       that of an A4 page where 300 makes none. Points are then only right in proportion

How a page is read says ``recognise``; its ``confidence`` is an estimate of how right the reading is, 0 for a page with
ink and no word. ``needs`` has ``transcription`` for such a page, and ``rescan`` for one that can't be decoded.
"""

from collections.abc import Sequence
from functools import partial
from mmap import mmap

from msgspec.structs import replace as changed

from intake.reading import sheetink
from intake.reading.codes import codes_in
from intake.reading.copies import Copies
from intake.reading.formlayout import Layout, from_option
from intake.reading.ink import ink_share
from intake.reading.pages import damaged_page
from intake.reading.pagetext import Box, compose
from intake.reading.parts import INKED, Code, Part, Reading, Unreadable
from intake.reading.raster import DAMAGED, POINTS, Page, Scan, TooLarge, open_scan
from intake.reading.recognise import Found, recognise
from intake.reading.sheet import MORE
from intake.reading.wire import Options

READER = "2"


def opened(data: bytes | mmap, options: Options) -> "ScanFile | Unreadable":
    """Open a file of pictures, each frame a page.

    Args:
        data: its bytes.
        options: see above.
    """
    scan = open_scan(bytes(data))
    if isinstance(scan, Unreadable):
        return scan
    return ScanFile(scan, options.get("media_type", "image/tiff"), from_option(options.get("forms")))


class ScanFile:
    """A file of pictures that is open; ``pages`` is how many it has."""

    def __init__(self, scan: Scan, media_type: str, forms: Sequence[Layout]) -> None:
        """Args: scan: as it was opened. media_type: what it is. forms: the reply forms that its pages may be of."""
        self.pages = scan.frames
        self._scan = scan
        self._media_type = media_type
        self._forms = forms
        taken = scan.taken()
        self._facts = {"pages": str(scan.frames), **({"scan_date_local": taken} if taken else {})}

    def about(self) -> Reading:
        """What there is to be said about the file without reading a page."""
        return Reading(reader=f"ocr {READER}", parts=[], facts=self._facts)

    def page(self, number: int) -> Reading:
        """Read one page; see ``agreed.Document``.

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
            part = page_part(page, number, self._media_type, self._forms)
            needs = needs_of(part)
            facts = facts | ({"dpi_assumed": "true"} if page.dpi_assumed else {})
        return Reading(reader=f"ocr {READER}", parts=[part], facts=facts, needs=sorted(needs))


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
    copies = Copies.of(page.grey)
    blank = _blank(page, copies, number, media_type)
    if not blank.ink:
        return blank
    blank = changed(blank, codes=codes_in(copies, page.dpi))
    if forms and (own := _own_form(page, blank, forms)) is not None:
        return own
    if (code := sheetink.sheet_code(blank.codes)) is not None:
        if sheetink.is_bare(page.grey, page.dpi, code):
            return blank  # a separator sheet says in its code what it has to say
        return changed(_plain(page, copies, blank), choice=MORE)
    plain = _plain(*_without_codes(page, copies, blank.codes), blank)
    return (forms and _learned_form(page, plain, blank, forms)) or plain


def form_part(page: Page, part: Part, forms: Sequence[Layout]) -> Part | None:
    """A page whose words are known, as a page of a reply form; None if it is none."""
    copies = Copies.of(page.grey)
    blank = changed(_blank(page, copies, part.number, part.media_type), codes=codes_in(copies, page.dpi))
    return _own_form(page, blank, forms) or _learned_form(page, part, blank, forms)


def plain_part(page: Page, number: int, media_type: str) -> Part:
    """Read the words of a picture, whatever it shows; the arguments are those of ``page_part``."""
    copies = Copies.of(page.grey)
    blank = _blank(page, copies, number, media_type)
    return _plain(page, copies, blank) if blank.ink else blank


def _without_codes(page: Page, copies: Copies, codes: Sequence[Code]) -> tuple[Page, Copies]:
    """The page with its codes painted over: their squares are no words, and would be taken for bad ones."""
    if not codes:
        return page, copies
    grey = page.grey.copy()
    faded = None if page.faded is None else page.faded.copy()
    scale = page.dpi / POINTS
    for code in codes:
        left, top, right, bottom = (round(edge * scale) for edge in (code.x0, code.top, code.x1, code.bottom))
        grey.paste(255, (left, top, right, bottom))
        if faded is not None:
            faded.paste(255, (left, top, right, bottom))
    return page._replace(grey=grey, faded=faded), Copies.of(grey)


def _own_form(page: Page, blank: Part, forms: Sequence[Layout]) -> Part | None:
    from intake.reading import formpage  # image libraries that other pages don't need

    return formpage.read_own(page, blank.codes, forms, blank, partial(_inside, blank))


def _learned_form(page: Page, part: Part, blank: Part, forms: Sequence[Layout]) -> Part | None:
    from intake.reading import formpage

    return formpage.read_learned(page, part.words, forms, blank, partial(_inside, blank))


def _inside(blank: Part, picture: Page) -> Part:
    """The words in a frame of a form."""
    return plain_part(picture, blank.number, blank.media_type)


def _blank(page: Page, copies: Copies, number: int, media_type: str) -> Part:
    """The page without any reading."""
    return Part(
        number=number,
        kind="page",
        media_type=media_type,
        method="ocr",
        page=number + 1,
        width=round(page.grey.width * POINTS / page.dpi, 2),
        height=round(page.grey.height * POINTS / page.dpi, 2),
        ink=round(ink_share(copies.pixels), 6),
    )


def _plain(page: Page, copies: Copies, blank: Part) -> Part:
    found = recognise(page, copies)
    points = POINTS / page.dpi
    composed = compose([[[_on_page(box, found, points) for box in line] for line in para] for para in found.paragraphs])
    return changed(
        blank,
        text=composed.text,
        words=composed.words,
        cleaned=composed.cleaned,
        confidence=round(found.confidence, 4) if composed.words or (blank.ink or 0.0) < INKED else 0.0,
        turned=found.turned,
        engine=found.engine,
        choice=found.choice,
        others=found.others,
    )


def _on_page(box: Box, found: Found, points: float) -> Box:
    """A word where it stands on the page as shown, in points."""
    x0, top, x1, bottom = found.view.on_page((box.x0, box.top, box.x1, box.bottom))
    return Box(box.text, x0 * points, top * points, x1 * points, bottom * points, box.confidence)
