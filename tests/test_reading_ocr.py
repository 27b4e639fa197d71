"""Scans: every frame a page, each word with its place and how sure it is; blank and damaged pages told apart."""

import struct
import zlib
from io import BytesIO

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from PIL import Image, ImageDraw, ImageFont

from intake.content import TRANSCRIBE_BELOW
from intake.reading import dispatch, raster, tesseract
from intake.reading.agreed import ToolMissingError
from intake.reading.ink import ink_share
from intake.reading.parts import Part, Reading, Unreadable

WORDS = "Keep the centre open"


def sheet(words: str = WORDS, *, dpi: int = 100, size: float = 26, mode: str = "L") -> Image.Image:
    """A small sheet, 6 by 3 inches, with words one inch from its left and top edge."""
    page = Image.new("L", (6 * dpi, 3 * dpi), 255)
    font = ImageFont.load_default(size * dpi / 100)
    ImageDraw.Draw(page).text((dpi, dpi), words, font=font, fill=0, anchor="lt")
    return page.convert(mode)


def saved(*pages: Image.Image, kind: str = "TIFF", **more) -> bytes:
    out = BytesIO()
    if len(pages) > 1:
        more |= {"save_all": True, "append_images": pages[1:]}
    pages[0].save(out, kind, **more)
    return out.getvalue()


def read(data: bytes, media_type: str = "image/tiff") -> Reading:
    reading = dispatch.read(data, media_type, {})
    assert isinstance(reading, Reading), reading
    return reading


def reason(data: bytes, media_type: str = "image/tiff") -> str:
    result = dispatch.read(data, media_type, {})
    assert isinstance(result, Unreadable), result
    assert result.next_step
    return result.reason


def first(data: bytes) -> Part:
    return read(data).parts[0]


def test_words_have_their_place_in_points_and_how_sure_they_are():
    part = first(saved(sheet(), dpi=(100, 100)))
    assert part.text == WORDS
    assert [part.text[w.start : w.start + len(w.text)] for w in part.words] == WORDS.split()
    assert (part.width, part.height) == (432.0, 216.0)
    assert part.words[0].x0 == pytest.approx(72, abs=3)
    assert part.words[0].top == pytest.approx(72, abs=3)
    assert all(0.5 < w.confidence <= 1 for w in part.words)
    assert part.confidence == pytest.approx(
        sum(w.confidence * len(w.text) for w in part.words) / sum(len(w.text) for w in part.words), abs=0.001
    )
    assert part.ink is not None
    assert 0.005 < part.ink < 0.05


def test_lines_and_paragraphs_are_kept():
    page = sheet("One line here", size=18)
    for top, words in ((125, "and another"), (220, "Far below")):
        ImageDraw.Draw(page).text((100, top), words, font=ImageFont.load_default(18), fill=0, anchor="lt")
    assert first(saved(page, dpi=(100, 100))).text == "One line here\nand another\n\nFar below"


@pytest.mark.parametrize(
    ("mode", "kind", "more"),
    [
        ("1", "TIFF", {"compression": "group4"}),
        ("1", "TIFF", {"compression": "group3"}),
        ("L", "TIFF", {"compression": "tiff_lzw"}),
        ("RGB", "TIFF", {"compression": "jpeg", "quality": 90}),
        ("CMYK", "TIFF", {}),
        ("RGBA", "TIFF", {}),
        ("LA", "PNG", {}),
        ("P", "PNG", {}),
        ("I;16", "PNG", {}),
        ("I;16", "TIFF", {}),
        ("F", "TIFF", {}),
        ("LAB", "TIFF", {}),
        ("RGB", "JPEG", {}),
        ("CMYK", "JPEG", {}),
    ],
)
def test_every_way_of_writing_pixels_is_read(mode, kind, more):
    if mode == "I;16":
        page = sheet().point(lambda value: value).convert("I").point(lambda value: value * 257).convert("I;16")
    elif mode == "LAB":
        grey = sheet()
        flat = Image.new("L", grey.size, 128)
        page = Image.merge("LAB", (grey, flat, flat))
    else:
        page = sheet(mode="RGB").convert(mode) if mode in ("CMYK", "P") else sheet(mode=mode)
    assert first(saved(page, kind=kind, dpi=(100, 100), **more)).text == WORDS


def test_a_transparent_page_is_white():
    page = Image.new("RGBA", (600, 300), (0, 0, 0, 0))
    ImageDraw.Draw(page).text((100, 100), WORDS, font=ImageFont.load_default(26), fill=(0, 0, 0, 255))
    assert first(saved(page, kind="PNG", dpi=(100, 100))).text == WORDS


def test_every_frame_of_a_tiff_is_a_page_in_order():
    reading = read(saved(*[sheet(f"Page number {n}") for n in (1, 2, 3)], dpi=(100, 100)))
    assert [(p.number, p.page, p.text) for p in reading.parts] == [(n - 1, n, f"Page number {n}") for n in (1, 2, 3)]
    assert reading.facts["pages"] == "3"


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["TIFF", "JPEG"])
def test_a_page_is_read_as_it_is_shown(orientation, kind):
    """EXIF says how the picture must be turned; a camera held sideways stores it sideways."""
    turned = {
        2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180, 4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE, 6: Image.Transpose.ROTATE_90, 7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }  # fmt: skip
    page = sheet() if orientation == 1 else sheet().transpose(turned[orientation])
    exif = Image.Exif()
    exif[0x0112] = orientation
    part = first(saved(page, kind=kind, dpi=(100, 100), exif=exif))
    assert part.text == WORDS
    assert (part.width, part.height) == (432.0, 216.0)


def test_a_blank_page_has_no_words_and_little_ink_and_needs_nobody():
    reading = read(saved(Image.new("L", (600, 300), 250), dpi=(100, 100)))
    assert (reading.parts[0].text, reading.parts[0].ink, reading.needs) == ("", 0.0, [])


def test_ink_without_words_is_never_sure():
    page = Image.new("L", (600, 300), 255)
    ImageDraw.Draw(page).arc((100, 50, 500, 250), 0, 300, fill=0, width=6)
    assert first(saved(page, dpi=(100, 100))).confidence < TRANSCRIBE_BELOW


@given(arrays(np.uint8, array_shapes(min_dims=2, max_dims=2, max_side=40), elements=st.integers(0, 255)))
def test_ink_is_what_is_clearly_darker_than_the_median(pixels: np.ndarray):
    paper = int(np.sort(pixels, axis=None)[(pixels.size - 1) // 2])
    dark = int(paper * 0.8) if paper > 64 else 64
    assert ink_share(pixels) == (pixels < dark).mean()


def test_coloured_paper_is_no_ink():
    assert ink_share(np.asarray(Image.new("RGB", (100, 100), "#ffee88").convert("L"))) == 0.0
    assert ink_share(np.zeros((100, 100), np.uint8)) == 1.0


@pytest.mark.parametrize(
    ("dpi", "width", "assumed"),
    [
        ((100, 100), 432.0, False),
        (None, 144.0, True),
        ((1, 1), 144.0, True),
        ((20_000, 20_000), 144.0, True),
        ((0, 0), 144.0, True),
    ],
)
def test_a_resolution_that_makes_no_sheet_of_paper_is_not_believed(dpi, width, assumed):
    reading = read(saved(sheet(), kind="TIFF", **({"dpi": dpi} if dpi else {})))
    assert reading.parts[0].width == width
    assert (reading.facts.get("dpi_assumed") == "true") is assumed


def test_a_picture_without_resolution_that_is_too_large_at_300_dpi_counts_as_a4():
    page = raster._squared(Image.new("L", (9_000, 12_000)), None)
    assert page.grey.height / page.dpi == pytest.approx(11.69)


def test_a_fax_is_made_square_first():
    page = sheet().resize((600, 150))
    part = first(saved(page, dpi=(100, 50)))
    assert (part.text, part.width, part.height) == (WORDS, 432.0, 216.0)


def test_a_fine_scan_is_read_smaller_with_its_places_unchanged():
    part = first(saved(sheet(dpi=600), dpi=(600, 600), compression="tiff_lzw"))
    assert (part.text, part.width) == (WORDS, 432.0)
    assert part.words[0].x0 == pytest.approx(72, abs=3)


@pytest.mark.parametrize(
    ("written", "fact"), [("2011:03:01 10:30:00", "2011-03-01T10:30:00"), ("0000:00:00 00:00:00", None), ("x", None)]
)
def test_the_scan_date_is_by_the_scanner_s_clock(written, fact):
    exif = Image.Exif()
    exif[0x0132] = written
    assert read(saved(sheet(), kind="JPEG", exif=exif), "image/jpeg").facts.get("scan_date_local") == fact


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"%PDF-1.4 a PDF", "This PDF is cut off"),
        (b"\x00\x00\x00\x18ftypheic", "it looks like a HEIC picture"),
        (b"II*\x00\xff\xff\xff\xff", "can be opened"),
        (b"nothing", "This file is not a picture that can be opened."),
        (saved(sheet())[:200], "damaged"),
        (saved(sheet(), kind="JPEG")[:700], "This page is damaged or cut off."),
        (saved(sheet(), kind="PNG")[:300], "This page is damaged or cut off."),
    ],
)
def test_what_does_not_open_is_unreadable_and_says_why(data, why):
    assert why in reason(data)


def test_a_damaged_page_costs_no_other():
    pages = [sheet(f"Page number {n}") for n in (1, 2, 3)]
    data = bytearray(saved(*pages, dpi=(100, 100), compression="tiff_adobe_deflate"))
    with Image.open(BytesIO(data)) as image:
        image.seek(1)
        at, length = image.tag_v2[273][0], image.tag_v2[279][0]
    data[at : at + length] = b"\xff" * length
    reading = read(bytes(data))
    assert [(p.page, p.text) for p in reading.parts] == [(1, "Page number 1"), (2, ""), (3, "Page number 3")]
    assert reading.parts[1].problem == "This page is damaged or cut off."
    assert reading.needs == ["rescan"]


def test_a_picture_that_would_fill_the_memory_is_not_unpacked():
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 30_000, 30_000, 1, 0, 0, 0, 0)
    bomb = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", b"x")
    assert reason(bomb) == "The picture has 30000 × 30000 pixels, and no more than 120 million are read."


def test_without_language_data_the_tool_is_missing_and_says_what_to_install(monkeypatch, tmp_path):
    monkeypatch.setenv("TESSDATA_PREFIX", str(tmp_path))
    tesseract._engine.cache_clear()
    with pytest.raises(ToolMissingError) as caught:
        read(saved(sheet()))
    assert "tesseract-ocr-eng" in caught.value.missing.advice
    tesseract._engine.cache_clear()


def test_a_pixel_is_a_page():
    assert read(saved(Image.new("L", (1, 1), 0))).parts[0].text == ""


@pytest.mark.parametrize("size", [(59_000, 40), (40, 59_000), (9_000, 5_000)])
def test_a_picture_of_any_shape_is_read(size):
    page = Image.new("1", size, 1)
    ImageDraw.Draw(page).line((0, 0, 200, 39), fill=0, width=3)
    assert read(saved(page, compression="group4")).parts[0].problem is None
