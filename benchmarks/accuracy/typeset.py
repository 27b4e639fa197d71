"""Letters onto sheets of paper: a page in black on white at 600 dpi, and exactly what stands on it, line by line."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from benchmarks.accuracy.letters import Block

DPI = 600
"""Of the sheet as it is drawn. 300, 200, 150, 120 and 100 dpi are whole fractions of it."""
A4 = (4960, 7016)
_TYPE = Path("/usr/share/fonts/truetype")
_LIBERATION = _TYPE / "liberation2"
_DEJAVU = _TYPE / "dejavu"
_OPEN = Path("/usr/share/fonts/opentype")
_GARAMOND = _OPEN / "ebgaramond"


@dataclass(frozen=True, slots=True)
class Face:
    """A typeface, its bold cut for headings ("" if none), and whether it lacks typographic quotes and dashes."""

    name: str
    path: Path
    bold: Path | None = None
    plain: bool = False
    scale: float = 1.0


PRINT = (
    Face("Liberation Sans", _LIBERATION / "LiberationSans-Regular.ttf", _LIBERATION / "LiberationSans-Bold.ttf"),
    Face("Liberation Serif", _LIBERATION / "LiberationSerif-Regular.ttf", _LIBERATION / "LiberationSerif-Bold.ttf"),
    Face("Carlito", _TYPE / "crosextra/Carlito-Regular.ttf", _TYPE / "crosextra/Carlito-Bold.ttf"),
    Face("Courier Prime", _OPEN / "courier-prime/Courier Prime.otf", plain=True),
    Face("Caladea", _TYPE / "crosextra/Caladea-Regular.ttf", _TYPE / "crosextra/Caladea-Bold.ttf"),
    Face("DejaVu Sans", _DEJAVU / "DejaVuSans.ttf", _DEJAVU / "DejaVuSans-Bold.ttf", scale=0.92),
    Face("EB Garamond", _GARAMOND / "EBGaramond12-Regular.otf", _GARAMOND / "EBGaramond12-Bold.otf", scale=1.08),
    Face("DejaVu Serif", _DEJAVU / "DejaVuSerif.ttf", _DEJAVU / "DejaVuSerif-Bold.ttf", scale=0.92),
    Face("Liberation Mono", _LIBERATION / "LiberationMono-Regular.ttf", plain=True, scale=0.95),
)
"""As letters are typed: the looks of Arial, Times, Calibri, Courier, Cambria. Licences: OFL, Apache, Bitstream Vera."""

HAND = (
    Face("Breip", _TYPE / "breip/Breip.ttf", plain=True, scale=1.35),
    Face("Dancing Script", _OPEN / "dancingscript/DancingScript-Regular.otf", plain=True, scale=1.25),
    Face("Kaushan Script", _OPEN / "kaushanscript/KaushanScript-Regular.otf", plain=True, scale=1.15),
    Face("Kristi", _TYPE / "kristi/Kristi.ttf", plain=True, scale=1.7),
    Face("Ecolier", _TYPE / "ecolier-court/Ecolier-court.ttf", plain=True, scale=1.5),
)
"""As people write, or nearly. Licence: OFL. Real hands are worse."""

_PLAIN = str.maketrans({"‘": "'", "’": "'", "“": '"', "”": '"', "–": "-", "—": "-"})


@dataclass(slots=True)
class Sheet:
    """A page as drawn: black on white, in grey at 600 dpi, and its words in reading order."""

    image: Image.Image
    lines: list[str] = field(default_factory=list)

    @property
    def truth(self) -> str:
        """What stands on the page, one drawn line a line."""
        return "\n".join(self.lines)


@dataclass(frozen=True, slots=True)
class Style:
    """How a letter is set: its face, size in points, leading as a multiple of the size, and margins in inches."""

    face: Face
    size: float
    leading: float = 1.3
    margin: float = 0.9


def style(face: Face, rng: random.Random, smallest: float = 10.0, largest: float = 12.5) -> Style:
    """A style as people choose it."""
    size = rng.uniform(smallest, largest) * face.scale
    return Style(face, size, rng.uniform(1.2, 1.45), rng.uniform(0.75, 1.1))


def typeset(blocks: Sequence[Block], how: Style, rng: random.Random, jitter: float = 0.0) -> Sheet:
    """Set a letter on one sheet of A4. What finds no room is left out, on the page and in the truth.

    Args:
        blocks: top to bottom.
        how: face and measures.
        rng: of the jitter.
        jitter: by how many points a word may stand off its place, as in writing by hand.
    """
    return _set(blocks, how, rng, [(_margin(how), A4[0] - 2 * _margin(how))], jitter)


def in_columns(blocks: Sequence[Block], how: Style, rng: random.Random) -> Sheet:
    """The same in two columns, as a newsletter is. Reading order: the left column to its end, then the right one."""
    gutter = round(0.35 * DPI)
    width = (A4[0] - 2 * _margin(how) - gutter) // 2
    flow = [Block("paragraph" if block.kind in ("right", "centre") else block.kind, block.text) for block in blocks]
    return _set(flow, how, rng, [(_margin(how), width), (_margin(how) + width + gutter, width)], 0.0)


def _margin(how: Style) -> int:
    return round(how.margin * DPI)


def _set(
    blocks: Sequence[Block], how: Style, rng: random.Random, columns: Sequence[tuple[int, int]], jitter: float
) -> Sheet:
    sheet = Sheet(Image.new("L", A4, 255))
    draw = ImageDraw.Draw(sheet.image)
    leading = how.size * how.leading * DPI / 72
    top = float(_margin(how))
    bottom = A4[1] - _margin(how)
    if len(columns) > 1:  # columns of one height, so that a page is filled evenly
        rows = sum(len(list(_lines(block, how, columns[0][1]))) + 0.6 for block in blocks)
        bottom = min(bottom, round(top + (rows / len(columns) + 2) * leading))
    left, width = columns[0]
    waiting = list(columns[1:])
    for block in blocks:
        for text, font, indent in _lines(block, how, width):
            if top + leading > bottom:
                if not waiting:
                    return sheet
                (left, width), top = waiting.pop(0), float(_margin(how))
            x = left + indent + (_shift(block, how, width) if block.kind in ("right", "centre") else 0)
            if block.kind == "centre":
                x = left + (width - font.getlength(text)) / 2
            _write(draw, x, top, text, font, rng, jitter)
            sheet.lines.append(text)
            top += leading
        top += 0.6 * leading
    return sheet


def _shift(block: Block, how: Style, width: int) -> float:
    """Where a block at the right begins, so that its longest line ends at the margin."""
    font = _font(how.face.path, how.size)
    text = block.text.translate(_PLAIN) if how.face.plain else block.text
    return max(0.0, width - max(font.getlength(line) for line in text.split("\n")) - DPI / 10)


def _write(
    draw: ImageDraw.ImageDraw, x: float, y: float, text: str, font: ImageFont.FreeTypeFont, rng: random.Random,
    jitter: float,
) -> None:  # fmt: skip
    if not jitter:
        draw.text((x, y), text, font=font, fill=0)
        return
    space = font.getlength(" ")
    for word in text.split(" "):
        off = rng.uniform(-jitter, jitter) * DPI / 72
        draw.text((x, y + off), word, font=font, fill=0)
        x += font.getlength(word) + space * rng.uniform(0.9, 1.5)


def _lines(block: Block, how: Style, width: int) -> Iterator[tuple[str, ImageFont.FreeTypeFont, float]]:
    """A block as lines that fit, each with its font and by how much it is set in."""
    font = _font((block.kind == "heading" and how.face.bold) or how.face.path, how.size)
    text = block.text.translate(_PLAIN) if how.face.plain else block.text
    for number, piece in enumerate(text.split("\n"), 1):
        if block.kind != "list":
            yield from ((line, font, 0.0) for line in _broken(piece, font, width))
            continue
        inset = 0.3 * DPI
        for index, line in enumerate(_broken(f"{number}. {piece}", font, width - 2 * inset)):
            yield line, font, inset + (font.getlength(f"{number}. ") if index else 0)


def _broken(text: str, font: ImageFont.FreeTypeFont, width: float) -> Iterator[str]:
    """A text as lines that are no wider than this; words are never broken."""
    line = ""
    for word in text.split():
        longer = f"{line} {word}" if line else word
        if line and font.getlength(longer) > width * 0.97:
            yield line
            longer = word
        line = longer
    yield line


@cache
def _font(path: Path, size: float) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(path, round(size * DPI / 72))
