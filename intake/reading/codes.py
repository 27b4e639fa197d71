"""The codes (QR) on a page."""

from PIL import Image

from intake.reading.parts import Code
from intake.reading.raster import POINTS


def find_codes(grey: Image.Image, dpi: float) -> list[Code]:
    """The QR codes on a picture of a page."""
    import zxingcpp

    points = POINTS / dpi
    found = []
    for seen in zxingcpp.read_barcodes(grey, formats=zxingcpp.BarcodeFormats([zxingcpp.BarcodeFormat.QRCode])):
        corners = (seen.position.top_left, seen.position.top_right, seen.position.bottom_right,
                   seen.position.bottom_left)  # fmt: skip
        across, down = [corner.x * points for corner in corners], [corner.y * points for corner in corners]
        found.append(Code(seen.text, min(across), min(down), max(across), max(down)))
    return found
