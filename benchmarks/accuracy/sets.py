"""The pages that accuracy is measured on, in sets: pictures as a scan folder gets them, each with its words.

    python -m benchmarks.accuracy.sets FOLDER [--pages 2] [--only NAME …]

writes them to a folder to be looked at: ``NAME-000.png`` (or .jpg, .tif, .heic) and ``NAME-000.txt`` beside it.

A page depends on the name of its set and its number alone, so that page 3 of a set is the same page whatever else is
made. Stamps are not part of the truth: they are the office's words, not the sender's.
"""

import argparse
import io
import random
import subprocess
import tempfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from PIL import Image

from benchmarks.accuracy import damage
from benchmarks.accuracy.letters import letter
from benchmarks.accuracy.typeset import HAND, PRINT, Face, Sheet, in_columns, style, typeset

Group = Literal["clean", "rotated", "bad", "corpus", "reported", "doubtful"]
Made = tuple[bytes, str, str]
"""Bytes, media type, truth."""

_PAPERS = ((255, 240, 170), (190, 230, 255), (255, 205, 215), (200, 240, 200), (240, 225, 200))
_RED, _BLUE = (205, 45, 50), (55, 75, 190)
_STAMPS = ("RECEIVED\n{day} MAR 2011", "NCC POST ROOM\n{day} FEB 2011", "COPY", "CHILDREN’S SERVICES\n{day} APR 2011")
_HEIC_ENCODER = "/usr/bin/heif-enc"
_SUFFIXES = {
    "image/png": ".png", "image/jpeg": ".jpg", "image/tiff": ".tif", "image/heic": ".heic", "application/pdf": ".pdf",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class TruePage:
    """A picture of a page in bytes, as it arrives, and what stands on it in reading order."""

    name: str
    set: str
    group: Group
    data: bytes
    media_type: str
    truth: str

    @property
    def file_name(self) -> str:
        return self.name + _SUFFIXES[self.media_type]


@dataclass(frozen=True, slots=True)
class Set:
    """Pages of one kind: how many by default, and how one is made. ``about`` is what the report says of it."""

    name: str
    group: Group
    count: int
    make: Callable[[int, random.Random], Made]
    about: str


def pages(factor: float = 1.0, only: Sequence[str] = ()) -> Iterator[TruePage]:
    """Every page, set by set.

    Args:
        factor: how many times the usual number; at least one of each.
        only: names of sets; all without.
    """
    for each in SETS:
        if not only or each.name in only:
            yield from (page(each, number) for number in range(count_of(each, factor)))


def count_of(each: Set, factor: float) -> int:
    """How many pages a set has."""
    return max(1, round(each.count * factor))


def page(each: Set, number: int) -> TruePage:
    """One page of a set, numbered from 0."""
    shift = zlib.crc32(each.name.encode()) % 97  # so that not every set begins with the same letter in the same face
    data, media_type, truth = each.make(number + shift, random.Random(f"{each.name}/{number}"))
    return TruePage(f"{each.name}-{number:03}", each.name, each.group, data, media_type, truth)


# --- making them --------------------------------------------------------------------------------------------------


def _sheet(number: int, rng: random.Random, faces: Sequence[Face] = PRINT, jitter: float = 0.0) -> Sheet:
    # The number of letters and that of faces have no common divisor: all pairs come in turn.
    face = faces[number % len(faces)]
    return typeset(letter(number, rng), style(face, rng), rng, jitter)


def _clean(dpi: int) -> Callable[[int, random.Random], Made]:
    def make(number: int, rng: random.Random) -> Made:
        sheet = _sheet(number, rng)
        grey = damage.noisy(damage.scanned(sheet.image, dpi), rng, 2.0, 0.0)
        return (*_file(grey, dpi, number), sheet.truth)

    return make


def _rotated(number: int, rng: random.Random) -> Made:
    sheet = _sheet(number, rng)
    grey = damage.noisy(damage.scanned(sheet.image, 300), rng, 2.0, 0.0)
    turn = (Image.Transpose.ROTATE_90, Image.Transpose.ROTATE_180, Image.Transpose.ROTATE_270)[number % 3]
    return (*_file(grey.transpose(turn), 300, number), sheet.truth)


def _coarse(number: int, rng: random.Random) -> Made:
    """150 dpi, a little askew, as JPEG: what an office scanner sends by mail if nobody has set it."""
    sheet = _sheet(number, rng)
    grey = damage.skewed(damage.noisy(damage.scanned(sheet.image, 150), rng, 4, 0.0), rng.uniform(-0.5, 0.5))
    return (_jpeg(grey, 150, rng.randint(50, 75)), "image/jpeg", sheet.truth)


def _skewed(number: int, rng: random.Random) -> Made:
    sheet = _sheet(number, rng)
    dpi = rng.choice((200, 300))
    turned = damage.skewed(damage.scanned(sheet.image, dpi), rng.choice((-1, 1)) * rng.uniform(0.5, 4.0))
    return (*_file(damage.noisy(turned, rng, 3, 0.0), dpi, number), sheet.truth)


def _noisy(number: int, rng: random.Random) -> Made:
    sheet = _sheet(number, rng)
    dpi = rng.choice((200, 300))
    grey = damage.noisy(damage.scanned(sheet.image, dpi), rng, rng.uniform(12, 26), rng.uniform(0.001, 0.003))
    return (_jpeg(grey, dpi, 60), "image/jpeg", sheet.truth)


def _faint(number: int, rng: random.Random) -> Made:
    sheet = _sheet(number, rng)
    dpi = rng.choice((200, 300))
    grey = damage.faint(damage.scanned(sheet.image, dpi), rng.uniform(0.18, 0.4))
    return (*_file(damage.noisy(grey, rng, rng.uniform(2, 5), 0.0), dpi, number), sheet.truth)


def _coloured(number: int, rng: random.Random) -> Made:
    sheet = _sheet(number, rng)
    dpi = rng.choice((150, 200, 300))
    colour = damage.on_paper(damage.scanned(sheet.image, dpi), _PAPERS[number % len(_PAPERS)], rng)
    turned = damage.skewed(colour, rng.uniform(-1, 1), _PAPERS[number % len(_PAPERS)])
    return (_jpeg(turned, dpi, 70), "image/jpeg", sheet.truth)


def _stamped(number: int, rng: random.Random) -> Made:
    sheet = _sheet(number, rng)
    dpi = rng.choice((200, 300))
    words = _STAMPS[number % len(_STAMPS)].format(day=rng.randint(1, 28))
    colour = damage.stamped(damage.scanned(sheet.image, dpi), dpi, words, (_RED, _BLUE)[number % 2], rng)
    return (_jpeg(colour, dpi, 75), "image/jpeg", sheet.truth)


def _columns(number: int, rng: random.Random) -> Made:
    face = PRINT[number % len(PRINT)]
    sheet = in_columns(letter(number, rng), style(face, rng, 9.0, 10.5), rng)
    dpi = rng.choice((200, 300))
    grey = damage.skewed(damage.scanned(sheet.image, dpi), rng.uniform(-0.7, 0.7))
    return (*_file(damage.noisy(grey, rng, 4, 0.0), dpi, number), sheet.truth)


def _through(number: int, rng: random.Random) -> Made:
    sheet, back = _sheet(number, rng), _sheet(number + 5, rng)
    page = damage.scanned(sheet.image, 200)
    seen = damage.shown_through(page, damage.scanned(back.image, 200), rng.uniform(0.12, 0.3))
    return (_jpeg(damage.noisy(seen, rng, 4, 0.0), 200, 70), "image/jpeg", sheet.truth)


def _fax(down: int, noise: float) -> Callable[[int, random.Random], Made]:
    def make(number: int, rng: random.Random) -> Made:
        sheet = _sheet(number, rng)
        bits = damage.faxed(sheet.image, down, rng, rng.uniform(0.3, 1.0) * noise)
        return (_encoded(bits, "TIFF", (204, down), compression="group4"), "image/tiff", sheet.truth)

    return make


def _filing(number: int, rng: random.Random) -> Made:
    """Typewritten and photocopied twice, holes punched."""
    face = next(face for face in PRINT if face.name == ("Courier Prime", "Liberation Serif")[number % 2])
    sheet = typeset(letter(number, rng), style(face, rng), rng)
    copy = damage.photocopied(damage.scanned(sheet.image, 300), rng)
    return (*_file(damage.skewed(copy, rng.uniform(-1.5, 1.5)), 300, number), sheet.truth)


def _hand(number: int, rng: random.Random) -> Made:
    sheet = _sheet(number, rng, HAND, jitter=1.2)
    grey = damage.noisy(damage.faint(damage.scanned(sheet.image, 300), rng.uniform(0.6, 1.0)), rng, 4, 0.0)
    return (_jpeg(grey, 300, 75), "image/jpeg", sheet.truth)


def _photo(number: int, rng: random.Random) -> Made:
    colour, truth = _photograph(number, rng)
    return (_jpeg(colour, 72, 80), "image/jpeg", truth)  # telephones write 72 dpi, which means nothing


def _heic(number: int, rng: random.Random) -> Made:
    colour, truth = _photograph(number, rng)
    return (_as_heic(colour), "image/heic", truth)


def _photograph(number: int, rng: random.Random) -> tuple[Image.Image, str]:
    sheet = _sheet(number, rng)
    page = damage.scanned(sheet.image, rng.choice((200, 300)))
    return damage.photographed(page, rng, rng.uniform(0.005, 0.03)), sheet.truth


def _poor(number: int, rng: random.Random) -> Made:
    """On the way to ruin: some of it is read rightly and some is not, which is where a reader may deceive itself."""
    sheet = _sheet(number, rng, HAND if number % 4 == 0 else PRINT, jitter=0.8)
    if number % 4 == 2:
        return _fax(rng.choice((98, 196)), rng.uniform(0.015, 0.04))(number, rng)
    dpi = rng.choice((100, 120, 150))
    grey = damage.faint(damage.blurred(damage.scanned(sheet.image, dpi), rng.uniform(0.4, 1.0)), rng.uniform(0.3, 0.7))
    grey = damage.skewed(damage.noisy(grey, rng, rng.uniform(5, 14), 0.001), rng.uniform(-2, 2))
    return (_jpeg(grey, dpi, rng.randint(30, 50)), "image/jpeg", sheet.truth)


def _ruined(number: int, rng: random.Random) -> Made:
    """What nobody can ask a machine to read: the question is whether it says so."""
    sheet = _sheet(number, rng, PRINT if number % 3 else HAND, jitter=1.5)
    dpi = rng.choice((100, 120, 150))
    grey = damage.blurred(damage.scanned(sheet.image, dpi), rng.uniform(0.8, 1.7))
    grey = damage.noisy(damage.faint(grey, rng.uniform(0.15, 0.5)), rng, rng.uniform(8, 25), 0.002)
    return (_jpeg(damage.skewed(grey, rng.uniform(-3, 3)), dpi, 35), "image/jpeg", sheet.truth)


SETS: tuple[Set, ...] = (
    Set("clean-300", "clean", 20, _clean(300), "clean print, 300 dpi"),
    Set("clean-200", "clean", 20, _clean(200), "clean print, 200 dpi"),
    Set("rotated", "rotated", 9, _rotated, "clean print, 300 dpi, put in sideways or upside down"),
    Set("coarse", "bad", 12, _coarse, "150 dpi, JPEG, up to 0.5° askew"),
    Set("skewed", "bad", 9, _skewed, "0.5 to 4° askew"),
    Set("noisy", "bad", 9, _noisy, "grain and specks, JPEG"),
    Set("faint", "bad", 9, _faint, "18 to 40 % of the ink"),
    Set("coloured", "bad", 9, _coloured, "coloured paper, 150 to 300 dpi"),
    Set("stamped", "bad", 10, _stamped, "a red or a blue stamp over the text"),
    Set("columns", "bad", 8, _columns, "two columns"),
    Set("through", "bad", 8, _through, "the other side shows through"),
    Set("fax-fine", "reported", 8, _fax(196, 0.004), "fax, 204 × 196, noisy"),
    Set("fax-coarse", "reported", 8, _fax(98, 0.004), "fax, 204 × 98, noisy"),
    Set("filing", "reported", 8, _filing, "typewritten and copied twice: an office's file"),
    Set("hand", "reported", 10, _hand, "fonts that look like handwriting"),
    Set("photo", "reported", 6, _photo, "photographed, with perspective and shadow"),
    Set("heic", "reported", 4, _heic, "the same as HEIC"),
    Set("poor", "reported", 12, _poor, "100 to 150 dpi, dim and blurred; faxes on a bad line: half read"),
    Set("ruined", "reported", 12, _ruined, "100 to 150 dpi, blurred, faint and noisy: can't be read"),
)


# --- files ----------------------------------------------------------------------------------------------------------


def _file(image: Image.Image, dpi: int, number: int) -> tuple[bytes, str]:
    """The picture as a scanner stores it: in turn as PNG, as JPEG of high quality and as TIFF."""
    kind = number % 3
    if kind == 1:
        return _jpeg(image, dpi, 90), "image/jpeg"
    if kind == 2:
        return _encoded(image, "TIFF", (dpi, dpi), compression="tiff_lzw"), "image/tiff"
    return _encoded(image, "PNG", (dpi, dpi), compress_level=1), "image/png"


def _jpeg(image: Image.Image, dpi: int, quality: int) -> bytes:
    return _encoded(image, "JPEG", (dpi, dpi), quality=quality)


def _encoded(image: Image.Image, kind: str, dpi: tuple[int, int], **options: str | int) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, dpi=dpi, **options)
    return out.getvalue()


def _as_heic(image: Image.Image) -> bytes:
    """By Debian's ``heif-enc`` in a process of its own: no permissive library writes HEIC."""
    with tempfile.TemporaryDirectory(prefix="heic-") as folder:
        source, target = Path(folder, "page.png"), Path(folder, "page.heic")
        image.save(source, compress_level=1)
        subprocess.run([_HEIC_ENCODER, "-q", "60", "-o", target, source], check=True, capture_output=True)
        return target.read_bytes()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.accuracy.sets", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--pages", type=float, default=1.0, help="how many times the usual number of pages (1)")
    parser.add_argument("--only", nargs="*", default=[], choices=[each.name for each in SETS])
    given = parser.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    for made in pages(given.pages, given.only):
        (given.folder / made.file_name).write_bytes(made.data)
        (given.folder / f"{made.name}.txt").write_text(made.truth + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
