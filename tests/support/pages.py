"""How many pages a file has by libraries that are not those of the readers; and how many a reading found."""

import io
import json
from collections import Counter

import pypdf
import tifffile
from pypdf.errors import PyPdfError

from tests.support.consultation import Consultation

_BROKEN = (PyPdfError, ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError, OSError)


def pages_in(content: bytes) -> int | None:
    """The pages of a PDF, the frames of a TIFF, 1 for any other file; None where the other library does not open it."""
    if content[:4] in (b"II*\0", b"MM\0*"):
        try:
            with tifffile.TiffFile(io.BytesIO(content)) as tiff:
                return len(tiff.pages)
        except (tifffile.TiffFileError, ValueError, IndexError):
            return None
    if b"%PDF-" not in content[:1024]:
        return 1
    try:
        return len(pypdf.PdfReader(io.BytesIO(content)).pages)
    except _BROKEN:
        return None


def pages_out(here: Consultation, channel: str) -> dict[str, int]:
    """How many pages the reading of each receipt has, by its source key; those that could not be read count too."""
    rows = here.sql(
        "select receipt.source_key, part.document from part join receipt on receipt.id = part.receipt_id "
        "where receipt.channel = :channel",
        channel=channel,
    )
    found: Counter[str] = Counter()
    for key, document in rows:
        told = json.loads(document)
        found[key] += told["kind"] == "page" and told.get("inside") is None
    return dict(found)
