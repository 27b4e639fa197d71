"""application/vnd.ms-outlook: a message as Outlook saves it (.msg), read as the message that it is.

Facts, parts, needs and options are those of ``mime``.
"""

import olefile
from msgspec.structs import replace as changed

from intake.reading import mime
from intake.reading.agreed import Tick, no_tick
from intake.reading.outlook import as_mime
from intake.reading.parts import Reading, Unreadable
from intake.reading.sniff import not_a
from intake.reading.wire import Options

READER = "1"


def read(data: bytes, options: Options, tick: Tick = no_tick) -> Reading | Unreadable:
    """Read a message.

    Args:
        data: the bytes of the .msg file.
        options: of ``mime``.
        tick: called after each page of an attached document.
    """
    if not data.startswith(olefile.MAGIC):
        return Unreadable(not_a("an Outlook message", data), "Open it by hand, and take it in under its own kind.")
    inner = as_mime(data)
    if inner is None:
        return Unreadable(
            "This Outlook message is damaged and does not open.", "Ask for the message to be saved again."
        )
    result = mime.read(inner, options, tick)
    return result if isinstance(result, Unreadable) else changed(result, reader=f"outlook {READER}, {result.reader}")
