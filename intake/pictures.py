"""Pages as pictures for people who compare a reading with its original: made on demand, in the sandbox, and kept.

They are kept below the home in ``pictures/ab/cdef…/``, beside the originals of the same names, one file a page, named
by the version of their maker. All of it can be deleted at any time; it is made again when somebody looks. A picture of
an original that is no longer there is never shown, and ``forget`` takes those of an original away.

What a picture holds was made of untrusted bytes by a process that they may have taken over: a browser may show it, and
nothing of ours opens it.
"""

import json
import os
import secrets
import shutil
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from intake.added import added_files
from intake.errors import NoPicture
from intake.reading.parts import PICTURE_VERSION, Picture, ToolMissing
from intake.reading.readers import NoReaders
from intake.reading.sandbox import DrawResult, ReaderPool, ReadJob
from storage import decisions, responses
from storage.database import Transaction
from storage.originals import OriginalStore
from storage.receipts import ReceiptView
from storage.responses import StoredPart

_FOLDER = "pictures"
_KIND = "image/webp"
_TURNS = (0, 90, 180, 270)
Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class OriginalPage:
    """A page and where its bytes are: page ``page`` (from 1) of an original; or of a document in a message, the
    ``attached``-th part (from 0) of its ``item``-th message. ``turned`` is by how many degrees clockwise the picture
    is turned, so that the page is upright. ``size`` is that of the page in points, as its reading has it."""

    sha256: str
    media_type: str
    page: int
    item: int = 0
    attached: int | None = None
    turned: int = 0
    size: tuple[float, float] | None = None

    @property
    def file_name(self) -> str:
        """The name that its picture is kept under."""
        inside = "" if self.attached is None else f"-{self.item}-{self.attached}"
        return f"v{PICTURE_VERSION}{inside}-p{self.page}-t{self.turned}.webp"

    def options(self, box: Box | None = None) -> dict[str, Any]:
        """What the maker is told."""
        told: dict[str, Any] = {"page": self.page - 1, "turned": self.turned}
        if self.attached is not None:
            told |= {"item": self.item, "attached": self.attached}
        if box is not None:
            told |= {"box": list(box)} | ({"size": list(self.size)} if self.size else {})
        return told


class Pictures:
    """The pictures of a home's originals. May be used from any thread; ``close`` ends its process."""

    def __init__(self, home: Path, originals: OriginalStore, readers: Callable[[], ReaderPool | NoReaders]) -> None:
        """Args: readers: makes what opens untrusted bytes; called once, when the first picture has to be made."""
        self._root = home / _FOLDER
        self._originals = originals
        self._readers = readers
        self._pool: ReaderPool | NoReaders | None = None
        # One thread has the pool for as long as there is one: the kernel kills its processes when that thread ends.
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="pictures")
        self._seen_intact: dict[str, tuple[int, int]] = {}

    def page(self, page: OriginalPage) -> tuple[bytes, str]:
        """The picture of a whole page, and its media type. The picture is the page: a box in points is a box in it
        once it is scaled by the page's width and height.

        Raises:
            NoPicture: there is none; the message says why.
            OSError: the home can't be written.
        """
        self._must_be_there(page.sha256)
        file = self._folder(page.sha256) / page.file_name
        with suppress(OSError):
            kept = file.read_bytes()
            if _is_whole(kept):
                return kept, _KIND
        picture = self._draw(page, None)
        self._keep(page, file, picture.content)
        return picture.content, picture.media_type

    def cut(self, page: OriginalPage, box: Box) -> Picture:
        """A cut-out of a page, as PNG with a little margin; not kept. ``box`` is in points from the top left of the
        page as shown, whatever ``turned`` is.

        Raises:
            NoPicture: there is none; the message says why.
        """
        self._must_be_there(page.sha256)
        return self._draw(page, box)

    def forget(self, sha256: str) -> None:
        """Take away every picture of an original. To be called once its bytes are gone: what is being made meanwhile
        sees that they are, and is not kept."""
        shutil.rmtree(self._folder(sha256), ignore_errors=True)

    def close(self) -> None:
        """End the process that draws, if there is one; may be called twice."""
        if self._pool is not None:
            self._thread.submit(self._pool.__exit__, None, None, None).result()
            self._pool = None
        self._thread.shutdown()

    def _folder(self, sha256: str) -> Path:
        return self._root / sha256[:2] / sha256[2:]

    def _must_be_there(self, sha256: str) -> None:
        try:
            status = self._originals.path(sha256).stat()
        except OSError:
            raise NoPicture("The original of this page is not here (erased, or lost): `intake verify`.") from None
        looks = (status.st_size, status.st_mtime_ns)
        if self._seen_intact.get(sha256) != looks:
            if not self._originals.intact(sha256):
                raise NoPicture("The stored bytes are no longer those that were received: restore this original first.")
            self._seen_intact[sha256] = looks

    def _draw(self, page: OriginalPage, box: Box | None) -> Picture:
        job = ReadJob(0, self._originals.path(page.sha256), None, page.media_type, page.options(box))
        result = self._thread.submit(self._drawn, job).result()
        if isinstance(result, Picture):
            return result
        if isinstance(result, ToolMissing):
            raise NoPicture(f"The page can't be shown, because {result.tool} is missing. {result.advice}")
        raise NoPicture(f"{result.reason} {result.next_step}")

    def _drawn(self, job: ReadJob) -> DrawResult:
        if self._pool is None:
            self._pool = self._readers()
        return self._pool.draw(job)

    def _keep(self, page: OriginalPage, file: Path, content: bytes) -> None:
        folder = file.parent
        for each in (self._root, folder.parent, folder):
            each.mkdir(mode=0o700, exist_ok=True)
        for old in folder.glob("v*"):
            if not old.name.startswith(f"v{PICTURE_VERSION}-"):
                old.unlink(missing_ok=True)
        temporary = folder / f".{secrets.token_hex(8)}"
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(content)
        temporary.rename(file)
        if not self._originals.path(page.sha256).exists():
            self.forget(page.sha256)  # erased while it was drawn


def _is_whole(content: bytes) -> bool:
    """Whether all of a WebP is there (it says how long it is): nothing is synced, so a power cut may leave half."""
    return content[:4] == b"RIFF" and len(content) == int.from_bytes(content[4:8], "little") + 8


def find_page(
    tx: Transaction, receipt: ReceiptView, item: int, page: int, part: int | None = None, *, upright: bool = False
) -> OriginalPage:
    """Where the bytes of a page are that a receipt's reading has.

    Args:
        tx: where the reading is kept.
        receipt: the receipt.
        item: 0 for the original itself, n for its n-th forwarded message.
        page: from 1.
        part: the number of the page's part, where several documents are in a message; None takes the first.
        upright: turned as its reading says.

    Raises:
        NoPicture: there is no such page.
    """
    parts = [kept for kept in responses.parts_of(tx, receipt.id) if kept.item == item]
    known = [(kept, json.loads(kept.document)) for kept in parts]
    of_page = [(kept, told) for kept, told in known if told.get("page") == page and part in (None, kept.number)]
    if not of_page:
        raise NoPicture(f"There is no page {page} here.")
    _, told = of_page[0]
    sha256, media_type, attached = _origin(tx, receipt, [told for _, told in known], parts, told)
    turned = told.get("turned", 0) if upright else 0
    size = (told["width"], told["height"]) if told.get("width") and told.get("height") else None
    return OriginalPage(sha256, media_type, page, item, attached, turned if turned in _TURNS else 0, size)


def _origin(
    tx: Transaction, receipt: ReceiptView, known: Sequence[dict[str, Any]], parts: Sequence[StoredPart],
    told: dict[str, Any],
) -> tuple[str, str, int | None]:  # fmt: skip
    """The original that a page is of, its media type, and for a message which of its own parts the document is."""
    inside = told.get("inside")
    if inside is None:
        return receipt.sha256, receipt.media_type, None
    own = [kept.number for kept, other in zip(parts, known, strict=True) if other.get("inside") is None]
    place = own.index(inside)
    added = added_files(decisions.decisions_on(tx, [receipt.id], None))
    first_added = len(own) - len(added)
    if place < first_added:
        return receipt.sha256, receipt.media_type, place
    holder = known[[kept.number for kept in parts].index(inside)]
    return added[place - first_added].sha256, holder["media_type"], None


def upright_box(box: Box, size: tuple[float, float], turned: int) -> Box:
    """Where a box of a page of this size stands once the page is turned so many degrees clockwise."""
    x0, top, x1, bottom = box
    width, height = size
    if turned == 90:
        return height - bottom, x0, height - top, x1
    if turned == 180:
        return width - x1, height - bottom, width - x0, height - top
    if turned == 270:
        return top, width - x1, bottom, width - x0
    return box
