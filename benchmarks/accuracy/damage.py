"""What happens to paper on its way: scanners, photocopiers, faxes, stamps, telephones. Pictures in, pictures out.

Each function takes its chance from the generator it is given, and nothing else: the same seed, the same page.
"""

import io
import random
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont, ImageOps

from benchmarks.accuracy.typeset import DPI

_STAMP_FACE = Path("/usr/share/fonts/truetype/liberation2/LiberationSans-Bold.ttf")


def scanned(sheet: Image.Image, dpi: int) -> Image.Image:
    """The sheet as a good scanner sees it: grey, ink not quite black, paper not quite white."""
    grey = sheet.reduce(DPI // dpi)
    return grey.point(lambda value: 18 + value * 230 // 255)


def skewed(page: Image.Image, degrees: float, fill: int | tuple[int, ...] = 248) -> Image.Image:
    """Put in askew: positive degrees turn it anticlockwise. Its size stays, as the glass's does."""
    return page.rotate(degrees, Image.Resampling.BICUBIC, fillcolor=fill)


def noisy(page: Image.Image, rng: random.Random, sigma: float, speckle: float) -> Image.Image:
    """Grain over everything (sigma in grey levels) and specks of dust; ``speckle`` is the share of pixels under one."""
    generator = _numbers(rng)
    values = np.asarray(page, dtype=np.int16)
    values = values + _grain(generator, sigma, *values.shape).astype(np.int16)
    page = Image.fromarray(np.clip(values, 0, 255).astype(np.uint8))
    draw = ImageDraw.Draw(page)
    for _ in range(int(speckle * page.width * page.height / 6)):
        x, y = rng.randrange(page.width), rng.randrange(page.height)
        draw.ellipse((x, y, x + rng.randint(0, 2), y + rng.randint(0, 2)), fill=rng.choice((30, 60, 90)))
    return page


def faint(page: Image.Image, ink: float) -> Image.Image:
    """A ribbon or a cartridge at its end: what was black keeps this share of its blackness."""
    return page.point(lambda value: round(250 - (250 - min(value, 250)) * ink))


def blurred(page: Image.Image, radius: float) -> Image.Image:
    """Out of focus, by this many pixels."""
    return page.filter(ImageFilter.GaussianBlur(radius))


def on_paper(page: Image.Image, colour: tuple[int, int, int], rng: random.Random) -> Image.Image:
    """On paper of a colour, with grain; ink stays black."""
    coloured = ImageOps.colorize(page, (20, 20, 25), colour)
    values = np.asarray(coloured, dtype=np.int16) + _grain(_numbers(rng), 3, page.height, page.width, 1)
    return Image.fromarray(np.clip(values, 0, 255).astype(np.uint8))


def stamped(page: Image.Image, dpi: int, words: str, colour: tuple[int, int, int], rng: random.Random) -> Image.Image:
    """A rubber stamp across the text, turned a little, its ink lets through what is below it."""
    font = ImageFont.truetype(_STAMP_FACE, round(dpi * rng.uniform(0.22, 0.3)))
    lines = words.split("\n")
    width = round(max(font.getlength(line) for line in lines) + dpi * 0.2)
    height = round(len(lines) * font.size * 1.3 + dpi * 0.2)
    mask = Image.new("L", (width, height), 0)
    draw = ImageDraw.Draw(mask)
    draw.rectangle((0, 0, width - 1, height - 1), outline=255, width=max(2, dpi // 50))
    for number, line in enumerate(lines):
        draw.text((width / 2, dpi * 0.1 + (number + 0.5) * font.size * 1.3), line, fill=255, font=font, anchor="mm")
    mask = mask.rotate(rng.uniform(-14, 14), Image.Resampling.BICUBIC, expand=True)
    x = rng.randint(page.width // 6, max(page.width // 6, page.width * 5 // 6 - mask.width))
    y = rng.randint(round(page.height * 0.3), round(page.height * 0.55))
    layer = Image.new("RGB", page.size, "white")
    layer.paste(Image.new("RGB", mask.size, colour), (x, y), mask)
    return Image.fromarray(np.minimum(np.asarray(page.convert("RGB")), np.asarray(layer)))


def shown_through(page: Image.Image, back: Image.Image, strength: float) -> Image.Image:
    """The other side of a thin sheet, seen from this one."""
    other = (
        ImageOps.mirror(back).filter(ImageFilter.GaussianBlur(1.5)).point(lambda v: round(255 - (255 - v) * strength))
    )
    return Image.fromarray(np.minimum(np.asarray(page), np.asarray(other)))


def photocopied(page: Image.Image, rng: random.Random) -> Image.Image:
    """Copied twice: strokes thicken and break, dirt at the edges, the holes of a file."""
    for _ in range(2):
        soft = noisy(blurred(page, page.width / 2480 * 1.1), rng, 10, 0.0)
        page = ImageOps.autocontrast(soft.point(lambda value: 255 if value > 190 else max(0, (value - 90) * 2)))
    draw = ImageDraw.Draw(page)
    inch = page.width / 8.27
    for y in (0.42, 0.52):
        draw.ellipse((0.2 * inch, y * page.height, 0.45 * inch, y * page.height + 0.25 * inch), fill=10)
    draw.rectangle((0, 0, rng.randint(4, 20), page.height), fill=40)
    return noisy(page, rng, 4, 0.0008)


def faxed(sheet: Image.Image, down: int, rng: random.Random, noise: float) -> Image.Image:
    """As a fax machine sends it: 204 dots an inch across, 98 or 196 down, black or white, with a disturbed line."""
    size = (round(sheet.width * 204 / DPI), round(sheet.height * down / DPI))
    grey = np.asarray(sheet.resize(size, Image.Resampling.BOX), dtype=np.int16)
    generator = _numbers(rng)
    grey = grey + _grain(generator, 28, *grey.shape)
    black = grey < 140
    black ^= generator.random(grey.shape) < noise
    for _ in range(rng.randint(0, 2)):  # a line that did not arrive repeats the one above
        row = rng.randrange(1, size[1] - 2)
        black[row : row + 2] = black[row - 1]
    return Image.fromarray(np.where(black, 0, 255).astype(np.uint8)).convert("1", dither=Image.Dither.NONE)


def photographed(page: Image.Image, rng: random.Random, tilt: float) -> Image.Image:
    """On a table, by a telephone held not quite straight: perspective, a shadow, a brown margin."""
    width, height = page.size
    desk = Image.new("RGB", (width * 118 // 100, height * 114 // 100), (94, 72, 52))
    corners = [(0.0, 0.0), (0.0, 1.0), (1.0, 1.0), (1.0, 0.0)]
    at = [
        (
            desk.width * (0.08 + 0.84 * x + rng.uniform(-tilt, tilt)),
            desk.height * (0.06 + 0.88 * y + rng.uniform(-tilt, tilt)),
        )
        for x, y in corners
    ]
    back = _perspective(at, [(x * width, y * height) for x, y in corners])
    kind, sampling = Image.Transform.PERSPECTIVE, Image.Resampling.BICUBIC
    placed = page.convert("RGB").transform(desk.size, kind, back, sampling)
    mask = Image.new("L", page.size, 255).transform(desk.size, kind, back, Image.Resampling.NEAREST)
    desk.paste(placed, mask=mask)
    light = np.linspace(rng.uniform(0.62, 0.8), 1.0, desk.width, dtype=np.float32)[None, :, None]
    shade = np.linspace(1.0, rng.uniform(0.8, 0.95), desk.height, dtype=np.float32)[:, None, None]
    values = np.asarray(desk, dtype=np.float32) * light * shade + _numbers(rng).normal(
        0, 4, (desk.height, desk.width, 1)
    )
    return Image.fromarray(np.clip(values, 0, 255).astype(np.uint8)).filter(ImageFilter.GaussianBlur(0.7))


def jpeg(page: Image.Image, quality: int) -> Image.Image:
    """After a JPEG of this quality."""
    out = io.BytesIO()
    page.save(out, "JPEG", quality=quality)
    return Image.open(io.BytesIO(out.getvalue())).convert(page.mode)


def _perspective(source: list[tuple[float, float]], target: list[tuple[float, float]]) -> list[float]:
    """The eight numbers that Pillow wants: from a point of the picture made to a point of the one given."""
    rows, values = [], []
    for (x, y), (u, v) in zip(source, target, strict=True):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
        values += [u, v]
    return [float(value) for value in np.linalg.solve(np.array(rows), np.array(values))]


def _numbers(rng: random.Random) -> np.random.Generator:
    return np.random.default_rng(rng.getrandbits(64))


def _grain(generator: np.random.Generator, sigma: float, *shape: int) -> np.ndarray:
    return generator.standard_normal(shape, dtype=np.float32) * np.float32(sigma)
