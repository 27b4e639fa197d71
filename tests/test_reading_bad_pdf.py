"""Bad PDFs and pictures: each is read, or unreadable with a sentence; never fewer pages than there are, in silence."""

import io
import re
import struct
import zipfile
import zlib

import pytest
from reportlab.lib.pagesizes import A4
from reportlab.pdfgen.canvas import Canvas

from intake.reading import dispatch
from intake.reading.parts import Reading, Unreadable
from tests.support.rawpdf import pages_pdf, stream, typed_page
from tests.test_reading_drawn import grey, pdf_of, sheet
from tests.test_reading_pdf import made, reason, scanned, typed

THREE = made(lambda canvas: [typed(canvas), scanned(canvas, dpi=60), typed(canvas)])


def outcome(data: bytes, media_type: str = "application/pdf") -> Reading | Unreadable:
    result = dispatch.read(data, media_type, {})
    if isinstance(result, Unreadable):
        assert result.reason
        assert result.next_step
    else:
        assert int(result.facts["pages"]) == sum(part.kind == "page" for part in result.parts)
    return result


def pages(result: Reading | Unreadable) -> int:
    assert isinstance(result, Reading), result
    return int(result.facts["pages"])


@pytest.mark.parametrize(
    "at", [*range(len(THREE) // 30, len(THREE), len(THREE) // 30), *range(len(THREE) - 10, len(THREE))]
)
def test_a_pdf_cut_off_at_any_byte_is_read_whole_or_not_at_all(at):
    result = outcome(THREE[:at])
    assert isinstance(result, Unreadable) or pages(result) == 3


def test_a_later_version_that_is_cut_off_is_said():
    """The file has an end, but behind it begins what a program added later: perhaps pages."""
    first = THREE.rstrip() + b"\n"
    result = outcome(first + b"99 0 obj\n<</Type/Page/Parent 2 0 R")
    assert pages(result) == 3
    assert result.needs == ["rescan"]


def test_a_linearized_pdf_that_is_shorter_than_it_says_is_said():
    whole = THREE.replace(
        b"%PDF-1.3", b"%%PDF-1.3\n90 0 obj\n<</Linearized 1/L %d/N 3>>\nendobj\n" % (len(THREE) + 900), 1
    )
    assert "/L" in whole[:200].decode("latin-1")
    result = outcome(whole)
    assert pages(result) == 3
    assert "rescan" in result.needs


def looping() -> bytes:
    return pdf_of(b"", "").replace(b"/Kids[3 0 R]", b"/Kids[2 0 R]")


def test_a_page_tree_that_goes_round_in_circles_comes_to_an_end():
    assert isinstance(outcome(looping()), Unreadable)
    both = pdf_of(b"", "").replace(b"/Kids[3 0 R]/Count 1", b"/Kids[2 0 R 3 0 R]/Count 2")
    outcome(both)


def test_a_pdf_without_pages_says_so():
    empty = pdf_of(b"", "").replace(b"/Kids[3 0 R]/Count 1", b"/Kids[]/Count 0").replace(b"/Type/Page/", b"/Type/None/")
    assert reason(empty) == "This PDF has no pages."


def test_a_pdf_that_says_it_has_more_pages_than_it_has_shows_the_others_as_damaged():
    more = pdf_of(b"", "").replace(b"/Kids[3 0 R]/Count 1", b"/Kids[3 0 R 77 0 R 78 0 R]/Count 3")
    result = outcome(more)
    if isinstance(result, Reading):
        assert [bool(part.problem) for part in result.parts] == [False, True, True]
        assert "rescan" in result.needs


def test_a_pdf_that_says_it_has_fewer_pages_than_it_has_is_said():
    second = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 100 100]>>"
    fewer = grey(sheet(), more=(second,)).replace(b"/Kids[3 0 R]/Count 1", b"/Kids[3 0 R 6 0 R]/Count 1")
    result = outcome(fewer)
    assert isinstance(result, Reading)
    assert "rescan" in result.needs


def test_more_pages_than_are_read_are_refused_before_any_is():
    many = pdf_of(b"", "").replace(b"/Kids[3 0 R]/Count 1", b"/Kids[" + b"3 0 R " * 2001 + b"]/Count 2001")
    assert reason(many) == "This PDF has more than 2000 pages."


def test_files_inside_a_pdf_are_kept_and_a_person_is_told():
    """A portfolio, or a letter with a file: what it carries is in the original, and is not read."""
    attached = (
        b"<</Type/Filespec/F(notes.txt)/EF<</F 7 0 R>>>>",
        b"<</Type/EmbeddedFile/Length 5>>stream\nhello\nendstream",
    )
    data = grey(sheet(), more=attached).replace(
        b"/Type/Catalog", b"/Type/Catalog/Collection<</View/T>>/Names<</EmbeddedFiles<</Names[(notes.txt)6 0 R]>>>>"
    )
    result = outcome(data)
    assert isinstance(result, Reading)
    assert "attachment" in result.needs


def test_scripts_in_a_pdf_are_not_run_and_change_nothing():
    data = grey(sheet()).replace(
        b"/Type/Catalog", b"/Type/Catalog/OpenAction<</S/JavaScript/JS(app.alert('x');this.closeDoc())>>"
    )
    result = outcome(data)
    assert isinstance(result, Reading)
    assert "Keep it open" in result.parts[0].text


@pytest.mark.parametrize(
    ("data", "called", "really"),
    [
        (lambda: _saved("JPEG"), "application/pdf", "image/jpeg"),
        (lambda: _saved("TIFF"), "image/jpeg", "image/tiff"),
        (lambda: _saved("PNG"), "application/pdf", "image/png"),
        (lambda: THREE, "image/tiff", "application/pdf"),
    ],
)
def test_a_wrong_suffix_is_no_matter(data, called, really):
    result = outcome(data(), called)
    assert isinstance(result, Reading)
    assert {part.media_type for part in result.parts} == {really}


def _saved(kind: str) -> bytes:
    out = io.BytesIO()
    sheet().save(out, kind)
    return out.getvalue()


def test_a_zip_that_is_called_a_pdf_says_what_it_is():
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("letter.txt", "Keep it open")
    assert reason(out.getvalue()) == "This file is not a PDF; it looks like a Word, Excel or other zipped file."


def bits(side: int) -> bytes:
    """A white picture of one bit a pixel, made without ever holding it."""
    pack = zlib.compressobj(9)
    return b"".join([*(pack.compress(b"\xff" * ((side + 7) // 8)) for _ in range(side)), pack.flush()])


def test_a_picture_of_900_million_pixels_is_drawn_small():
    data = pdf_of(bits(30_000), "/ColorSpace/DeviceGray/BitsPerComponent 1/Filter/FlateDecode")
    data = re.sub(rb"/Width \d+/Height \d+", b"/Width 30000/Height 30000", data)
    result = outcome(data)
    assert isinstance(result, Reading)
    assert result.parts[0].width == pytest.approx(297.36, abs=0.1)


def test_a_tiff_of_900_million_pixels_is_refused_with_its_size():
    entries = {256: 30_000, 257: 30_000, 258: 1, 259: 4, 262: 0, 273: 110, 278: 30_000, 279: 4}
    written = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in entries.items())
    data = struct.pack("<2sHIH", b"II", 42, 8, len(entries)) + written + bytes(8)
    result = outcome(data, "image/tiff")
    assert isinstance(result, Unreadable)
    assert "30000 × 30000" in result.reason


def test_a_page_of_14400_points_with_a_scan_keeps_its_measure():
    result = outcome(grey(sheet(), size=(14_400, 14_400)))
    assert isinstance(result, Reading)
    assert (result.parts[0].width, result.parts[0].height) == (14_400, 14_400)
    assert all(word.x1 <= 14_400 for word in result.parts[0].words)


def test_a_photograph_without_a_resolution_is_read_as_a_sheet_of_paper():
    """One point a pixel makes a page of more than a yard; words keep their place on it."""
    canvas_size = (SIZE_OF_PHOTO[0], SIZE_OF_PHOTO[1])
    out = io.BytesIO()
    canvas = Canvas(out, pagesize=canvas_size)
    scale = SIZE_OF_PHOTO[0] / A4[0]
    canvas.scale(scale, scale)
    scanned(canvas, dpi=200)
    canvas.save()
    result = outcome(out.getvalue())
    assert isinstance(result, Reading)
    part = result.parts[0]
    assert part.text == "Keep the centre open"
    assert part.width == pytest.approx(SIZE_OF_PHOTO[0], abs=1)
    assert part.words[0].x0 == pytest.approx(72 * scale, abs=6)


SIZE_OF_PHOTO = (2480, 3508)


# --- a page of which nothing can be drawn -----------------------------------------------------------------------------

SAYS = b"BT /F1 12 Tf 72 700 Td (Keep Watton open, please.) Tj ET"
FLATE, LZW = b"/Filter /FlateDecode", b"/Filter /LZWDecode"


def one_page(content: bytes, entries: bytes = b"") -> bytes:
    page, _ = typed_page("")
    return pages_pdf(b"3 0 R", more=[page, stream(content, entries)])


@pytest.mark.parametrize(
    ("content", "entries"),
    [(b"xyz" + zlib.compress(SAYS)[3:], FLATE), (zlib.compress(SAYS), LZW), (b"/Lost Do", b"")],
)
def test_content_that_can_not_be_unpacked_is_no_empty_page(content, entries):
    """PDFium draws nothing of it without a word: it must not pass for a page on which nobody wrote anything."""
    assert reason(one_page(content, entries)) == "What this page should show is damaged and could not be drawn."


@pytest.mark.parametrize(
    ("content", "entries"),
    [
        (b"", b""),
        (zlib.compress(b""), FLATE),
        (zlib.compress(b"q Q"), FLATE),
        (b"BT /F1 12 Tf 72 700 Td ( ) Tj () Tj [] TJ ET", b""),
        (b"1 g 0 0 595 842 re f", b""),
        (b"0 0 10 10 re W n", b""),
    ],
)
def test_a_page_that_is_meant_to_be_empty_is_empty(content, entries):
    [part] = outcome(one_page(content, entries)).parts
    assert (part.problem, part.text, part.ink) == (None, "", 0.0)
