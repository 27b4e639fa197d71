"""What a scan folder should never hold, and does: each with how it must end.

``QUICK`` is taken in by the tests on every run, ``HEAVY`` by `make scans`.
"""

import io
import zipfile
from collections.abc import Callable
from dataclasses import dataclass

from PIL import Image
from reportlab.lib.pagesizes import A4
from reportlab.lib.pdfencrypt import StandardEncryption
from reportlab.pdfgen.canvas import Canvas

from tests.support.consultation import pdf, picture
from tests.support.rawpdf import bilevel_entries, jbig2, pages_pdf, picture_pdf, raw_pdf, stream, typed_page, with_files
from tests.support.scans import LETTER, askew, bilevel, g4, photo, saved, scanned_pdf, sheet, tiff, white_tiff

WORDS = "my children go there every week"
KEEP = "keep the centre"


@dataclass(frozen=True, slots=True)
class BadScan:
    """A file, and how it ends: ``reason``, a word of why it is quarantined ("": any reason); or None and ``pages``, as
    many as it has. ``text`` is read, or a person is asked for it; "" where there is none. ``need`` is among the
    needs."""

    name: str
    make: Callable[[], bytes]
    reason: str | None = None
    pages: int = 1
    text: str = ""
    need: str = ""


def _typed(pages: int = 1, size: tuple[float, float] = A4, encrypt: object = None) -> bytes:
    out = io.BytesIO()
    canvas = Canvas(out, pagesize=size, invariant=1, encrypt=encrypt)
    for number in range(pages):
        lines = canvas.beginText(72, size[1] - 80)
        lines.textLines("\n".join([*LETTER, f"Page {number + 1}"]))
        canvas.drawText(lines)
        canvas.showPage()
    canvas.save()
    return out.getvalue()


def _drawn(size: tuple[float, float]) -> bytes:
    out = io.BytesIO()
    canvas = Canvas(out, pagesize=size, invariant=1)
    canvas.setLineWidth(size[0] / 100)
    canvas.line(0, 0, *size)
    canvas.showPage()
    canvas.save()
    return out.getvalue()


def _zip() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("letter.pdf", pdf("Keep it."))
    return out.getvalue()


def _looping(back_to: bytes) -> bytes:
    """A page tree whose second branch leads back to one of its own trunks."""
    page, contents = typed_page("Please keep the centre open.", parent=5)
    branch = b"<< /Type /Pages /Parent 2 0 R /Kids [3 0 R %s] /Count 2 >>" % back_to
    return pages_pdf(b"5 0 R", more=[page, contents, branch])


def _undecodable(kind: bytes) -> bytes:
    return picture_pdf(b"\x07 not a picture at all" * 20, bilevel_entries((1240, 1754), kind))


def _jbig2() -> tuple[bytes, bytes]:
    data, size = jbig2(LETTER)
    return data, bilevel_entries(size, b"JBIG2Decode")


def _files() -> bytes:
    return with_files({"a.exe": b"MZ"}, script="app.alert(1)")


def _portfolio() -> bytes:
    return with_files({"letter.pdf": pdf("Keep it.")}, portfolio=True)


def _no_pages() -> bytes:
    return raw_pdf(b"<< /Type /Catalog /Pages 2 0 R >>", b"<< /Type /Pages /Kids [] /Count 0 >>")


def _one_lost() -> bytes:
    """Two pages, of which the second one's picture does not unpack: PDFium shows it black."""
    whole = scanned_pdf(sheet(), sheet(["The end."]))
    start = whole.rindex(b"/Subtype /Image")
    at = whole.index(b"stream", start) + 7
    return whole[:at] + b"!" * 400 + whole[at + 400 :]


def _turned(*turns: Image.Transpose | None) -> bytes:
    return scanned_pdf(*(sheet() if turn is None else sheet().transpose(turn) for turn in turns))


def _no_resolution() -> bytes:
    return saved(sheet(), "PNG")


HALF, LEFT, RIGHT = Image.Transpose.ROTATE_180, Image.Transpose.ROTATE_90, Image.Transpose.ROTATE_270

QUICK = (
    BadScan("password.pdf", lambda: _typed(encrypt=StandardEncryption("secret")), "password"),
    BadScan("owner password.pdf", lambda: _typed(encrypt=StandardEncryption("", "owner")), text=WORDS),
    BadScan("cut.pdf", lambda: scanned_pdf(sheet())[:-400], "cut off"),
    BadScan("cut.tif", lambda: tiff(sheet())[:20_000], ""),
    BadScan("cut.jpg", lambda: photo(sheet(), 1)[:20_000], ""),
    BadScan("cut.png", lambda: saved(sheet(), "PNG")[:5_000], ""),
    BadScan("14400 points.pdf", lambda: _typed(size=(14_400, 14_400)), text=WORDS),
    BadScan("30000 x 30000.tif", lambda: white_tiff(30_000), "30000 × 30000 pixels"),
    BadScan("looping to its root.pdf", lambda: _looping(b"2 0 R"), text=KEEP),
    BadScan("looping to its branch.pdf", lambda: _looping(b"5 0 R"), text=KEEP),
    BadScan("its own kid.pdf", lambda: pages_pdf(b"2 0 R"), ""),
    BadScan("jbig2.pdf", lambda: picture_pdf(*_jbig2()), text=WORDS),
    BadScan("damaged jbig2.pdf", lambda: _undecodable(b"JBIG2Decode"), "should show is damaged"),
    BadScan("damaged jpeg.pdf", lambda: _undecodable(b"DCTDecode"), "should show is damaged"),
    BadScan("damaged jpeg2000.pdf", lambda: _undecodable(b"JPXDecode"), "should show is damaged"),
    BadScan("no resolution.png", _no_resolution, text=WORDS),
    BadScan(
        "no pages.pdf",
        lambda: raw_pdf(b"<< /Type /Catalog /Pages 2 0 R >>", b"<< /Type /Pages /Kids [] /Count 0 >>"),
        "",
    ),
    BadScan("no page tree.pdf", lambda: raw_pdf(b"<< /Type /Catalog >>"), ""),
    BadScan(
        "portfolio.pdf",
        lambda: with_files({"letter.pdf": pdf("Keep it.")}, portfolio=True),
        text="keep the centre",
        need="attachment",
    ),
    BadScan(
        "files and script.pdf",
        lambda: with_files({"a.exe": b"MZ"}, script="app.alert(1)"),
        text="keep the centre",
        need="attachment",
    ),
    BadScan("script.pdf", lambda: with_files({}, script="while(1);"), text=KEEP),
    BadScan("picture called.pdf", lambda: picture("Keep it."), text="Keep it."),
    BadScan("pdf called.jpg", lambda: pdf("Keep it."), text="Keep it."),
    BadScan("zip called.pdf", _zip, "zipped"),
    BadScan("words.tif", lambda: b"Keep it." * 100, "not a picture"),
    BadScan("empty.pdf", lambda: b"", "empty"),
    BadScan("perspective.jpg", lambda: saved(askew(sheet()), "JPEG", quality=85), text=WORDS),
    BadScan("lost among others.pdf", _one_lost, pages=2, text=WORDS, need="transcription"),
    BadScan("upside down.pdf", lambda: _turned(HALF), text=WORDS),
    BadScan("mixed.pdf", lambda: _turned(None, LEFT, RIGHT), pages=3, text=WORDS),
)
"""Each within seconds."""


def _fine(inches: tuple[float, float]) -> bytes:
    """A piece of paper in black and white at 2,400 dpi."""
    size = (round(inches[0] * 2_400), round(inches[1] * 2_400))
    small = bilevel(dpi=300).crop((250, 250, 250 + size[0] // 8, 250 + size[1] // 8))
    return tiff(small.resize(size), dpi=2_400, compression="group4")


def _fax_pages(count: int) -> bytes:
    data, size = g4(LETTER, 200)
    shown = b"/MediaBox [0 0 595 842] /Contents 3 0 R /Resources << /XObject << /Im 4 0 R >> >>"
    fax = bilevel_entries(size, b"CCITTFaxDecode") + b" /DecodeParms << /K -1 /Columns %d /Rows %d >>" % size
    objects = [stream(b"q 595 0 0 842 0 0 cm /Im Do Q"), stream(data, b"/Type /XObject /Subtype /Image " + fax)]
    pages = [b"<< /Type /Page /Parent 2 0 R %s >>" % shown] * count
    return pages_pdf(*(b"%d 0 R" % (5 + n) for n in range(count)), more=[*objects, *pages])


HEAVY = (
    BadScan("1000 pages.pdf", lambda: _typed(pages=1_000), pages=1_000, text=WORDS),
    BadScan("100 scanned pages.pdf", lambda: _fax_pages(100), pages=100, text=WORDS),
    BadScan("14400 points drawn.pdf", lambda: _drawn((14_400, 14_400)), need="transcription"),
    BadScan("2400 dpi small.tif", lambda: _fine((3, 2)), text="Mill Lane"),
    BadScan("2400 dpi A4.tif", lambda: white_tiff(28_000, 2_400), "28000 × 28000 pixels"),
    BadScan("10000 x 10000.tif", lambda: white_tiff(10_000, 300)),
    BadScan("2001 pages.pdf", lambda: _typed(pages=2_001), "2000 pages"),
)
"""What takes minutes, or as much memory as is allowed."""
