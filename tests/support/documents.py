"""Office files, pictures and forms as programs write them, made anew for each test."""

import io
import zipfile
from collections.abc import Mapping

from PIL import Image
from reportlab.lib.pagesizes import A4
from reportlab.pdfgen.canvas import Canvas

from tests.support.consultation import picture

_W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_ODF = "urn:oasis:names:tc:opendocument:xmlns"


def zipped(members: Mapping[str, str | bytes], *, stored: bool = False) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED if stored else zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return out.getvalue()


def docx(text: str = "And the bus.", *, body: str = "", more: Mapping[str, str | bytes] | None = None) -> bytes:
    """A Word document of one paragraph, or with this WordprocessingML as its body."""
    inner = body or f"<w:p><w:r><w:t>{text}</w:t></w:r></w:p>"
    members: dict[str, str | bytes] = {
        "[Content_Types].xml": "<Types/>",
        "word/document.xml": f'<w:document xmlns:w="{_W}"><w:body>{inner}</w:body></w:document>',
    }
    return zipped(members | dict(more or {}))


def word_part(root: str, inner: str) -> str:
    """A part of a Word document beside its text: footnotes, comments, a header."""
    return f'<w:{root} xmlns:w="{_W}">{inner}</w:{root}>'


def odt(text: str = "And the bus.", *, body: str = "", more: Mapping[str, str | bytes] | None = None) -> bytes:
    """An OpenDocument text of one paragraph, or with this as its body."""
    names = " ".join(f'xmlns:{n}="{_ODF}:{n}:1.0"' for n in ("office", "text", "table", "style"))
    inner = body or f"<text:p>{text}</text:p>"
    content = (
        f"<office:document-content {names}><office:body><office:text>{inner}</office:text></office:body>"
        "</office:document-content>"
    )
    members: dict[str, str | bytes] = {
        "mimetype": "application/vnd.oasis.opendocument.text", "content.xml": content,
        "META-INF/manifest.xml": "<manifest/>",
    }  # fmt: skip
    return zipped(members | dict(more or {}))


def rtf(text: str = "And the bus.") -> bytes:
    """An RTF document, which is ASCII: all else is written as numbers."""
    said = "".join(c if ord(c) < 128 else f"\\u{ord(c)}?" for c in text)
    return ("{\\rtf1\\ansi\\ansicpg1252{\\fonttbl{\\f0 Arial;}}\\f0 " + said + "\\par}").encode()


def image(kind: str, words: str = "And the bus.") -> bytes:
    """A scan of a line in this format (Pillow's name; HEIF is made by no permissive library)."""
    if kind in ("PNG", "TIFF", "JPEG"):
        return picture(words, kind)
    out = io.BytesIO()
    Image.open(io.BytesIO(picture(words))).save(out, kind)
    return out.getvalue()


def form(**more: str) -> bytes:
    """A form of a consultation that somebody filled in: two questions, two boxes, and lines of its own."""
    out = io.BytesIO()
    canvas = Canvas(out, pagesize=A4, invariant=1)
    canvas.drawString(72, 800, "Please write into the boxes.")
    made = canvas.acroForm
    made.textfield(name="structure", tooltip="Your view", x=72, y=700, width=300, height=30, value="Keep Watton open.")
    made.radio(name="agree", tooltip="Do you agree?", value="Yes", x=72, y=640, selected=True)
    made.radio(name="agree", tooltip="Do you agree?", value="No", x=112, y=640, selected=False)
    made.choice(
        name="q3", tooltip="What is your background?", options=["This", "That"], value="That", x=72, y=600, width=80,
        height=20,
    )  # fmt: skip
    for n, (name, value) in enumerate(more.items()):
        made.textfield(name=name, tooltip=name.capitalize(), x=72, y=560 - 40 * n, width=300, height=30, value=value)
    made.textfield(name="blank", tooltip="Blank", x=72, y=300, width=300, height=30, value="")
    canvas.save()
    return out.getvalue()
