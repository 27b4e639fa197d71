"""Where the boxes of a reply form are printed: what a reader is told to look for. Made by the parent, from the
consultation's questions or from a learned form; small, because it travels with each job.

Points count from the top left of the printed page, as everywhere.
"""

import zlib
from collections import Counter
from collections.abc import Iterable, Sequence
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import msgspec

if TYPE_CHECKING:
    from numpy.typing import NDArray

MASK_POINTS = 2.0
"""The side of a cell of a page's mask, in points."""
MAX_BYTES = 24_000
"""Of all layouts together: what travels with a job must fit a request beside everything else."""
_PREFIX = "intake-form:1"
_MAX_CELLS = 4_000_000
_MAX_WORDS = 80
_OFTEN = 4

Kind = Literal["tick", "written"]


class LayoutBox(msgspec.Struct, frozen=True, array_like=True):
    """A box: its field's name, where it stands, and what share of its inside is printed dark while it is blank.
    ``apart`` says that its question is a monitoring one, ``only`` that its question takes one option alone."""

    name: str
    kind: Kind
    x0: float
    top: float
    x1: float
    bottom: float
    blank: float = 0.0
    apart: bool = False
    only: bool = False

    @property
    def edges(self) -> tuple[float, float, float, float]:
        """Left, top, right, bottom."""
        return self.x0, self.top, self.x1, self.bottom


class LayoutWord(msgspec.Struct, frozen=True, array_like=True):
    """A printed word by which a page without marks is recognised, and where its middle stands."""

    text: str
    x: float
    y: float


def word_key(text: str) -> str:
    """A word as it is compared: letters and digits alone; "" for one that is too short to say anything."""
    key = "".join(c for c in text.casefold() if c.isalnum())
    return key if len(key) >= 3 else ""


def telling_words(words: Sequence[LayoutWord]) -> list[LayoutWord]:
    """Some printed words by which a page is known, from all over it: those that stand on it most seldom."""
    keyed = [LayoutWord(key, word.x, word.y) for word in words if (key := word_key(word.text))]
    often = Counter(word.text for word in keyed)
    seldom = [word for word in keyed if often[word.text] <= _OFTEN]
    step = max(1.0, len(seldom) / _MAX_WORDS)
    return [seldom[int(n * step)] for n in range(min(len(seldom), _MAX_WORDS))]


class LayoutPage(msgspec.Struct, frozen=True, array_like=True):
    """A page: its size, its boxes, the middles of its corner marks (clockwise from the top left), the box of its code,
    its words, and the mask of what is printed (rows of cells, packed and compressed)."""

    width: float
    height: float
    boxes: list[LayoutBox]
    marks: list[tuple[float, float]] = []
    code: tuple[float, float, float, float] | None = None
    words: list[LayoutWord] = []
    mask: bytes = b""


class Layout(msgspec.Struct, frozen=True, array_like=True):
    """A form. ``digest`` names it: our own forms say it in the code on each page. ``struck`` says that it tells people
    how to take back a mark: a box that is filled in whole does not count beside a ticked one."""

    consultation: str
    digest: str
    pages: list[LayoutPage]
    struck: bool = False


class FormCode(NamedTuple):
    """What the code on a page of our own form says; ``page`` counts from 1."""

    consultation: str
    digest: str
    page: int
    pages: int


def code_text(code: FormCode) -> str:
    """What the code of a page says, as text."""
    return f"{_PREFIX}:{code.consultation}:{code.digest}:{code.page}/{code.pages}"


def form_code(text: str) -> FormCode | None:
    """What a code says, None if it is not that of a reply form."""
    if not text.startswith(_PREFIX + ":") or len(text) > 300:
        return None
    pieces = text[len(_PREFIX) + 1 :].split(":")
    if len(pieces) != 3:
        return None
    consultation, digest, numbers = pieces
    page, _, pages = numbers.partition("/")
    if not (page.isascii() and page.isdigit() and pages.isascii() and pages.isdigit() and len(numbers) < 9):
        return None
    known = FormCode(consultation, digest, int(page), int(pages))
    return known if 1 <= known.page <= known.pages else None


def form_page(text: str) -> tuple[str, int, int] | None:
    """The form's digest, the page (from 1) and how many pages the form has, if a code is that of a reply form."""
    known = form_code(text)
    return None if known is None else (known.digest, known.page, known.pages)


def digest_of(pages: Sequence[LayoutPage], printed: Sequence[str]) -> str:
    """A short name for a form: the same boxes and words always have the same one."""
    content = msgspec.json.encode([[page.boxes for page in pages], list(printed)])
    return sha256(content).hexdigest()[:16]


def mask_shape(page: LayoutPage) -> tuple[int, int]:
    """How many rows and columns a page's mask has."""
    return round(page.height / MASK_POINTS), round(page.width / MASK_POINTS)


def packed_mask(cells: Iterable[Iterable[Any]]) -> bytes:
    """A mask for a page of a layout, from rows of cells that are true where something is printed."""
    bits = "".join("1" if cell else "0" for row in cells for cell in row)
    bits += "0" * (-len(bits) % 8)
    return zlib.compress(int(bits or "0", 2).to_bytes(len(bits) // 8, "big"), 9)


def unpacked_mask(page: LayoutPage) -> "NDArray[Any] | None":
    """The cells of a page's mask; None if it has none, or one that does not fit the page."""
    import numpy as np

    rows, columns = mask_shape(page)
    if not page.mask or not 0 < rows * columns <= _MAX_CELLS:
        return None
    try:
        packed = zlib.decompressobj().decompress(page.mask, rows * columns // 8 + 2)
    except zlib.error:
        return None
    bits = np.unpackbits(np.frombuffer(packed, np.uint8))[: rows * columns]
    return bits.reshape(rows, columns).astype(bool) if bits.size == rows * columns else None


def as_option(layouts: Sequence[Layout]) -> list[Any]:
    """The layouts as a reader's option ``forms``."""
    return [msgspec.to_builtins(layout, builtin_types=(bytes,)) for layout in layouts]


def from_option(given: Any) -> list[Layout]:
    """The layouts that a reader was given."""
    return msgspec.convert(given or [], list[Layout])
