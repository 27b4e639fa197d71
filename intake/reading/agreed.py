"""What a reader and its caller agree on, beside what is read (``parts``)."""

from collections.abc import Callable
from typing import Protocol

from intake.reading.parts import Reading, ToolMissing

Tick = Callable[[], None]
"""Called by a reader after each page, so that a long document isn't taken for one that hangs."""


class Document(Protocol):
    """A file of pages that is open in a reader's process; ``pages`` is how many it has."""

    pages: int

    def about(self) -> Reading:
        """What there is to be said about the file without reading a page: facts and needs, no parts."""
        ...

    def page(self, number: int) -> Reading:
        """Read one page, numbered from 0; its part and page are numbered as in the whole file, and the facts are the
        file's. What was typed into a form on it is a part behind it."""
        ...


class ToolMissingError(Exception):
    """Raised inside a reader that finds this machine incomplete; it carries the answer."""

    def __init__(self, missing: ToolMissing) -> None:
        super().__init__(missing.tool)
        self.missing = missing


def no_tick() -> None:
    """The tick of a caller that does not wait for one."""
