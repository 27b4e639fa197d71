"""Scans that nobody here made, with the words that their makers say stand on them: ``make accuracy CORPUS=DIR``.

DIR holds ``tesseract-test`` (github.com/tesseract-ocr/test, folder ``testing``; Apache-2.0) and ``ocrmypdf``
(github.com/ocrmypdf/OCRmyPDF, folder ``tests/resources``; licence by file). What is not there is left out. Nothing of
it is kept in this repository.

- **phototest**: eight lines of print, upright and in three rotations, one of them twice. All are held to the limit of
  clean print: as upright.
- **unlv**: two pages of magazines of the UNLV test set (300 dpi, black and white), three and two columns around
  pictures, with the text of their zones in the order of their ``.uzn`` file. Where a caption, a quotation between the
  columns or the line at the foot comes in that order is taste, and the truth has a letterspaced line letter by letter:
  the CER says little, the words more.
- **linn**: a leaflet; its text is itself a reading by a machine ("0 Operation" for a bullet), put right in parts.
- **eurotext**: English, German, French, Italian, Spanish and Portuguese on one page, which we read as English.

These last three are shown in the table and count for nothing else: with such a truth a bad figure is not yet a bad
reading, so they have no part in the shares of pages that should or should not be put before a person.
"""

from collections.abc import Iterator
from pathlib import Path

from benchmarks.accuracy.sets import Group, TruePage

_PHOTO = "phototest.gold.txt"
_TESSERACT: tuple[tuple[str, str, str, Group], ...] = (
    ("phototest.tif", _PHOTO, "phototest", "corpus"),
    ("phototest-rotated-180.png", _PHOTO, "phototest", "corpus"),
    ("phototest-rotated-L.png", _PHOTO, "phototest", "corpus"),
    ("phototest-rotated-R.png", _PHOTO, "phototest", "corpus"),
    ("phototestrot.tif", _PHOTO, "phototest", "corpus"),
    ("8071_093.3B.tif", "8071_093.3B.txt", "unlv", "doubtful"),
    ("8087_054.3B.tif", "8087_054.3B.txt", "unlv", "doubtful"),
    ("eurotext.tif", "eurotext.txt", "eurotext", "doubtful"),
)
_OCRMYPDF: tuple[tuple[str, str, str, Group], ...] = (
    ("linn.png", "linn.txt", "linn", "doubtful"),
    ("linn.pdf", "linn.txt", "linn", "doubtful"),
    ("skew.pdf", "linn.txt", "linn", "doubtful"),
    ("rotated_skew.pdf", "linn.txt", "linn", "doubtful"),
)
_TYPES = {".tif": "image/tiff", ".png": "image/png", ".pdf": "application/pdf"}
ABOUT = {
    "phototest": "tesseract's test page in all four rotations",
    "unlv": "UNLV: magazines in columns, 300 dpi, black and white",
    "eurotext": "six languages on a page",
    "linn": "a leaflet as picture and PDF, askew and turned; its truth is itself doubtful",
}


def corpus_pages(folder: Path) -> Iterator[TruePage]:
    """The pages of the shared corpus whose words are known, as far as they are there."""
    for name, listed in (("tesseract-test", _TESSERACT), ("ocrmypdf", _OCRMYPDF)):
        for file, truth, kind, group in listed:
            path, words = folder / name / file, folder / name / truth
            if path.is_file() and words.is_file():
                text = words.read_text(encoding="utf-8")
                yield TruePage(f"{kind}-{file}", kind, group, path.read_bytes(), _TYPES[path.suffix], text)
