"""PDFs put together object by object, so that each may be as wrong as a test wants; and JBIG2 around a fax's G4."""

import struct
from collections.abc import Mapping, Sequence

from tests.support.scans import g4


def raw_pdf(*objects: bytes, trailer: bytes = b"") -> bytes:
    """A PDF of these objects, numbered from 1; the first is the catalogue."""
    out, places = bytearray(b"%PDF-1.7\n"), []
    for number, body in enumerate(objects, start=1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    out += b"trailer\n<< /Size %d /Root 1 0 R %s >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, trailer, start)
    return bytes(out)


def stream(content: bytes, entries: bytes = b"") -> bytes:
    """A stream object's body."""
    return b"<< /Length %d %s >>\nstream\n%s\nendstream" % (len(content), entries, content)


def pages_pdf(*kids: bytes, catalogue: bytes = b"", more: Sequence[bytes] = ()) -> bytes:
    """A PDF whose page tree has these kids, as they stand; ``more`` objects are numbered from 3."""
    tree = b"<< /Type /Pages /Kids [%s] /Count %d >>" % (b" ".join(kids), len(kids))
    return raw_pdf(b"<< /Type /Catalog /Pages 2 0 R %s >>" % catalogue, tree, *more)


def typed_page(words: str, parent: int = 2, contents: int = 4) -> tuple[bytes, bytes]:
    """A page of A4 with a line of text: the page's object and that of its contents."""
    page = (
        b"<< /Type /Page /Parent %d 0 R /MediaBox [0 0 595 842] /Contents %d 0 R /Resources << /Font << /F1 << /Type "
        b"/Font /Subtype /Type1 /BaseFont /Helvetica >> >> >> >>" % (parent, contents)
    )
    return page, stream(b"BT /F1 12 Tf 72 700 Td (%s) Tj ET" % words.encode("ascii"))


def picture_pdf(data: bytes, entries: bytes) -> bytes:
    """A page of A4 that is one picture: ``entries`` say how its bytes are packed and how large it is."""
    page = (
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources << /XObject << /Im 5 0 R >> "
        b">> >>"
    )
    shown = stream(b"q 595 0 0 842 0 0 cm /Im Do Q")
    return pages_pdf(b"3 0 R", more=[page, shown, stream(data, b"/Type /XObject /Subtype /Image " + entries)])


def bilevel_entries(size: tuple[int, int], kind: bytes) -> bytes:
    """The entries of a picture in black and white of this filter."""
    return b"/Width %d /Height %d /ColorSpace /DeviceGray /BitsPerComponent 1 /Filter /%s" % (*size, kind)


def jbig2(lines: Sequence[str]) -> tuple[bytes, tuple[int, int]]:
    """A page as JBIG2 (ITU-T T.88), embedded as PDF has it: one generic region, coded as a fax codes it (MMR)."""
    data, (width, height) = g4(lines)
    region = struct.pack(">IIIIB", width, height, 0, 0, 0) + b"\x01" + data
    page = struct.pack(">IIIIBH", width, height, 0, 0, 0, 0)
    return _segment(0, 48, page) + _segment(1, 38, region), (width, height)


def _segment(number: int, kind: int, data: bytes) -> bytes:
    return struct.pack(">IBBBI", number, kind, 0, 1, len(data)) + data


def with_files(files: Mapping[str, bytes], *, portfolio: bool = False, script: str = "") -> bytes:
    """A typed page, with files in it, perhaps as a portfolio of them, and with a script that runs when it is opened."""
    page, contents = typed_page("Please keep the centre open. My letter is in this file.")
    objects, names = [page, contents], []
    for name, content in files.items():
        number = 3 + len(objects)
        objects.append(stream(content, b"/Type /EmbeddedFile"))
        objects.append(
            b"<< /Type /Filespec /F (%s) /UF (%s) /EF << /F %d 0 R >> >>" % (name.encode(), name.encode(), number)
        )
        names.append(b"(%s) %d 0 R" % (name.encode(), number + 1))
    catalogue = b"/Names << /EmbeddedFiles << /Names [%s] >> >> " % b" ".join(names) if names else b""
    catalogue += b"/Collection << /Type /Collection /View /D >> " if portfolio else b""
    catalogue += b"/OpenAction << /S /JavaScript /JS (%s) >>" % script.encode() if script else b""
    return pages_pdf(b"3 0 R", catalogue=catalogue, more=objects)
