"""What is learned of a blank form: its boxes, and what else is printed on it. Comes out of the readers' process."""

import msgspec

from intake.reading.formlayout import Kind

FACT = "form"
"""The fact that holds what was learned, as JSON (``Blank``)."""


class BlankBox(msgspec.Struct, frozen=True):
    """A box: what its field or comment says, whether it is ticked or written into (by its field, else by its size),
    where it is, its printed share, and the words beside and above it."""

    said: str
    kind: Kind
    box: tuple[float, float, float, float]
    blank: float = 0.0
    beside: str = ""
    above: str = ""


class BlankPage(msgspec.Struct, frozen=True):
    """A page of a blank form."""

    width: float
    height: float
    boxes: list[BlankBox]
    words: list[tuple[str, float, float]]
    mask: bytes


class Blank(msgspec.Struct, frozen=True):
    """A blank form."""

    pages: list[BlankPage]
