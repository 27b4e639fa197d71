"""What one reader's process may use."""

from dataclasses import dataclass
from math import ceil

from intake.reading.confine import Bounds


@dataclass(frozen=True, slots=True)
class Limits:
    """What one process may use: address space in MiB, seconds (on the clock and of processor time) without an answer or
    a finished page, and for a single answer (a whole reading, or some hundred rows) MiB; ``item_seconds`` bounds an
    item. A file with pages is read a page at a time, each a job of its own: all of them together may take
    ``item_seconds`` and ``page_seconds`` more for each page, and say ``document_mb``."""

    memory_mb: int = 2048
    step_seconds: float = 120.0
    item_seconds: float = 3600.0
    output_mb: int = 64
    page_seconds: float = 5.0
    document_mb: int = 128

    @property
    def output_bytes(self) -> int:
        """The same in bytes."""
        return self.output_mb * 1024 * 1024

    @property
    def document_bytes(self) -> int:
        """The same of a whole file with pages."""
        return self.document_mb * 1024 * 1024

    @property
    def bounds(self) -> Bounds:
        """What the process is told of it."""
        return Bounds(self.memory_mb, ceil(self.step_seconds))
