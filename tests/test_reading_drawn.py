"""A page that is a scan is read from the scan's own pixels, however the file says that it is to be shown."""

import io
import zlib

import numpy as np
import pypdfium2
import pytest
from PIL import Image, ImageDraw, ImageFont

from intake.reading.drawn import draw
from intake.reading.raster import flat

SIZE = (413, 585)  # a small sheet at 100 dpi
POINTS = (SIZE[0] * 0.72, SIZE[1] * 0.72)


def sheet(mode: str = "L") -> Image.Image:
    page = Image.new("L", SIZE, 255)
    pen = ImageDraw.Draw(page)
    pen.text((40, 60), "Keep it open", font=ImageFont.load_default(40), fill=0)
    pen.rectangle((30, 400, 90, 500), fill=90)
    return page.convert(mode)


def pdf_of(
    stream: bytes, entries: str, *, page: str = "", content: str = "", more: tuple[bytes, ...] = (), size=POINTS
) -> bytes:
    """A PDF of one page with one picture as object 5; further objects follow from 6 on."""
    content = content or f"q {size[0]:.4f} 0 0 {size[1]:.4f} 0 0 cm /I Do Q"
    bodies = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        f"<</Type/Page/Parent 2 0 R/MediaBox[0 0 {size[0]:.4f} {size[1]:.4f}]/Contents 4 0 R"
        f"/Resources<</XObject<</I 5 0 R>>/Font<</F<</Subtype/Type1/BaseFont/Helvetica>>>>>>{page}>>".encode(),
        f"<</Length {len(content)}>>stream\n{content}\nendstream".encode(),
        f"<</Subtype/Image/Width {SIZE[0]}/Height {SIZE[1]}{entries}/Length {len(stream)}>>stream\n".encode()
        + stream
        + b"\nendstream",
        *more,
    ]
    out, places = io.BytesIO(), []
    out.write(b"%PDF-1.7\n")
    for number, body in enumerate(bodies, 1):
        places.append(out.tell())
        out.write(b"%d 0 obj\n" % number + body + b"\nendobj\n")
    at = out.tell()
    out.write(b"xref\n0 %d\n0000000000 65535 f \n" % (len(places) + 1))
    out.writelines(b"%010d 00000 n \n" % place for place in places)
    out.write(b"trailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (len(places) + 1, at))
    return out.getvalue()


def grey(image: Image.Image, entries: str = "", **more) -> bytes:
    data = zlib.compress(image.convert("L").tobytes())
    return pdf_of(data, f"/ColorSpace/DeviceGray/BitsPerComponent 8/Filter/FlateDecode{entries}", **more)


def bits(entries: str = "/ColorSpace/DeviceGray", *, inverted: bool = False) -> bytes:
    page = sheet().point(lambda value: 255 if (value >= 128) is not inverted else 0).convert("1", dither=0)
    return pdf_of(zlib.compress(page.tobytes()), f"{entries}/BitsPerComponent 1/Filter/FlateDecode")


def drawn(data: bytes) -> tuple[Image.Image, float]:
    picture, dpi = draw(pypdfium2.PdfDocument(data)[0])
    return flat(picture), dpi


def differs(one: Image.Image, other: Image.Image) -> int:
    assert one.size == other.size
    return int(np.abs(np.asarray(one, int) - np.asarray(other, int)).max())


TWO = sheet().point(lambda value: 255 if value >= 128 else 0)


def test_a_grey_scan_comes_out_as_its_own_pixels_at_its_own_resolution():
    picture, dpi = drawn(grey(sheet()))
    assert differs(picture, sheet()) == 0
    assert dpi == pytest.approx(100, abs=0.1)


@pytest.mark.parametrize(
    ("rotate", "turn"),
    [(90, Image.Transpose.ROTATE_270), (180, Image.Transpose.ROTATE_180), (270, Image.Transpose.ROTATE_90)],
)
def test_a_page_that_is_turned_by_its_file_is_turned(rotate, turn):
    picture, dpi = drawn(grey(sheet(), page=f"/Rotate {rotate}"))
    assert differs(picture, sheet().transpose(turn)) == 0
    assert dpi == pytest.approx(100, abs=0.1)


def test_a_picture_that_is_placed_sideways_is_shown_sideways():
    width, height = POINTS[::-1]
    content = f"q 0 {height:.4f} -{width:.4f} 0 {width:.4f} 0 cm /I Do Q"
    picture, _ = drawn(grey(sheet(), content=content, size=(width, height)))
    assert differs(picture, sheet().transpose(Image.Transpose.ROTATE_90)) == 0


def test_decode_inverts_and_is_undone_by_nothing():
    negative = Image.eval(sheet(), lambda value: 255 - value)
    assert differs(drawn(grey(negative, "/Decode[1 0]"))[0], sheet()) == 0
    assert differs(drawn(bits("/ColorSpace/DeviceGray/Decode[1 0]", inverted=True))[0], TWO) == 0


def test_scans_of_one_bit_are_black_on_white_as_a_picture_and_as_a_mask():
    assert differs(drawn(bits())[0], TWO) == 0
    assert differs(drawn(bits("/ImageMask true"))[0], TWO) == 0


def test_group_four_is_unpacked():
    out = io.BytesIO()
    TWO.convert("1").save(out, "TIFF", compression="group4")
    with Image.open(io.BytesIO(out.getvalue())) as tiff:
        [at], [length] = tiff.tag_v2[273], tiff.tag_v2[279]
        black_is_1 = "false" if tiff.tag_v2[262] == 0 else "true"
    data = pdf_of(
        out.getvalue()[at : at + length],
        f"/ColorSpace/DeviceGray/BitsPerComponent 1/Filter/CCITTFaxDecode/DecodeParms<</K -1/Columns {SIZE[0]}"
        f"/Rows {SIZE[1]}/BlackIs1 {black_is_1}>>",
    )
    assert differs(drawn(data)[0], TWO) == 0


@pytest.mark.parametrize(
    ("kind", "name", "more"), [("JPEG2000", "JPXDecode", {}), ("JPEG", "DCTDecode", {"quality": 95})]
)
def test_jpeg_and_jpeg2000_are_unpacked(kind, name, more):
    out = io.BytesIO()
    sheet().save(out, kind, **more)
    data = pdf_of(out.getvalue(), f"/ColorSpace/DeviceGray/BitsPerComponent 8/Filter/{name}")
    assert differs(drawn(data)[0], sheet()) < 40


def test_cmyk_is_as_it_looks():
    data = zlib.compress(sheet("RGB").convert("CMYK").tobytes())
    picture, _ = drawn(pdf_of(data, "/ColorSpace/DeviceCMYK/BitsPerComponent 8/Filter/FlateDecode"))
    assert abs(picture.getpixel((5, 5)) - 255) < 8
    assert picture.getpixel((60, 450)) < 150
    assert picture.crop((40, 60, 300, 110)).getextrema()[0] < 60


def test_a_soft_mask_hides_what_it_hides():
    """Under the mask the page is white, whatever the picture has there."""
    mask = Image.new("L", SIZE, 255)
    mask.paste(0, (0, 390, SIZE[0], SIZE[1]))
    body = zlib.compress(mask.tobytes())
    soft = (
        (
            f"<</Type/XObject/Subtype/Image/Width {SIZE[0]}/Height {SIZE[1]}/ColorSpace/DeviceGray/BitsPerComponent 8"
            f"/Filter/FlateDecode/Length {len(body)}>>stream\n"
        ).encode()
        + body
        + b"\nendstream"
    )
    picture, _ = drawn(grey(sheet(), "/SMask 6 0 R", more=(soft,)))
    assert picture.getpixel((60, 450)) == 255
    assert picture.crop((40, 60, 300, 110)).getextrema()[0] < 60


def test_a_crop_box_cuts_the_scan():
    picture, dpi = drawn(grey(sheet(), page=f"/CropBox[0 {POINTS[1] / 2:.3f} {POINTS[0]:.3f} {POINTS[1]:.3f}]"))
    assert dpi == pytest.approx(100, rel=0.02)
    assert abs(picture.height - SIZE[1] / 2) <= 2
    assert picture.getextrema()[0] < 60


def test_what_is_printed_over_a_scan_is_on_the_picture():
    content = f"q {POINTS[0]:.4f} 0 0 {POINTS[1]:.4f} 0 0 cm /I Do Q BT /F 30 Tf 40 200 Td (Received) Tj ET"
    picture, _ = drawn(grey(sheet(), content=content))
    assert picture.crop((50, 250, 250, 320)).getextrema()[0] < 60


def test_a_scan_of_2400_dpi_is_drawn_smaller_and_a_page_without_one_at_300():
    huge = grey(sheet(), size=(SIZE[0] * 72 / 2400, SIZE[1] * 72 / 2400))
    assert drawn(huge)[1] == pytest.approx(2400, rel=0.01)
    assert drawn(grey(sheet(), content="0 0 100 100 re f"))[1] == pytest.approx(300, abs=1)
    picture, dpi = drawn(grey(sheet(), content="0 0 5000 5000 re f", size=(14_400, 14_400)))
    assert picture.width * picture.height <= 40_000_000
    assert dpi == pytest.approx(25, abs=1)
