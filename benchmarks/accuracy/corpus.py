"""Scans that nobody here made, with the words that their makers say stand on them: ``make accuracy CORPUS=DIR``.

DIR holds ``tesseract-test`` (github.com/tesseract-ocr/test, folder ``testing``; Apache-2.0) and ``ocrmypdf``
(github.com/ocrmypdf/OCRmyPDF, folder ``tests/resources``; licence by file). What is not there is left out. Nothing of
it is kept in this repository.

- **phototest**: eight lines of print, upright and in three rotations, one of them twice. All are held to the limit of
  clean print: as upright.
- **unlv**: two pages of magazines of the UNLV test set (300 dpi, black and white), three and two columns around
  pictures, with the text of their zones in the order of their ``.uzn`` file. Words under pictures, page numbers and
  headings that no zone holds are read by us and are no part of the truth, so their CER says little: see the words.
- **linn**: a leaflet; its text is itself a reading by a machine ("0 Operation" for a bullet), put right in parts.
- **eurotext**: English, German, French, Italian, Spanish and Portuguese on one page, which we read as English.
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
    ("8071_093.3B.tif", "8071_093.3B.txt", "unlv", "reported"),
    ("8087_054.3B.tif", "8087_054.3B.txt", "unlv", "reported"),
    ("eurotext.tif", "eurotext.txt", "eurotext", "reported"),
)
_OCRMYPDF: tuple[tuple[str, str, str, Group], ...] = (
    ("linn.png", "linn.txt", "linn", "reported"),
    ("linn.pdf", "linn.txt", "linn", "reported"),
    ("skew.pdf", "linn.txt", "linn", "reported"),
    ("rotated_skew.pdf", "linn.txt", "linn", "reported"),
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
