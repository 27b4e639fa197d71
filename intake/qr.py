"""A QR code (ISO/IEC 18004) on a page that is printed."""

from typing import Any, Literal


def draw_code(
    canvas: Any, said: str, corner: tuple[float, float], side: float, *, level: Literal["M", "H"], quiet: int = 0
) -> None:
    """Draw a code.

    Args:
        canvas: reportlab's.
        said: what it says.
        corner: its lower left, in points from the page's.
        side: its width and height with what is left white around it.
        level: how much of it may be lost: about 15 percent (M) or 30 (H).
        quiet: how many modules are left white around it; 4 where nothing else keeps other print away.
    """
    from reportlab.graphics.barcode.qr import QrCodeWidget
    from reportlab.graphics.renderPDF import draw
    from reportlab.graphics.shapes import Drawing

    drawing = Drawing(side, side)
    drawing.add(QrCodeWidget(said, barLevel=level, barWidth=side, barHeight=side, barBorder=quiet))
    draw(drawing, canvas, *corner)
