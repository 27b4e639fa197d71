"""How much of one message is read: parts, levels, characters, time."""

from time import monotonic

from intake.reading.parts import Part

MAX_PARTS = 1_000
MAX_DEPTH = 50
MAX_FORWARDED_DEPTH = 8
MAX_CHARS = 12_000_000
"""Of all texts of a message together; a word with its box counts as ``_WORD_CHARS``."""
MAX_SECONDS = 600.0
"""After which the attachments that are left stay unread."""
_WORD_CHARS = 80


class Budget:
    """How much a message and all that it carries may still have: parts, characters, time."""

    def __init__(self) -> None:
        self.parts = MAX_PARTS
        self.chars = MAX_CHARS
        self.until = monotonic() + MAX_SECONDS

    def take(self, part: Part) -> None:
        """Count what a part takes up on its way out of here."""
        self.chars -= len(part.text) + _WORD_CHARS * len(part.words)
