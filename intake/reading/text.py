"""text/plain and text/html files as items: one part, its text decoded.

Options: ``charset`` (str): as declared where the file came from. Facts: ``empty`` "true" if there is no text.
"""

from intake.reading.agreed import Tick, no_tick
from intake.reading.htmltext import declared_charset, laid_out
from intake.reading.parts import Part, Reading, Unreadable
from intake.reading.plaintext import MAX_BYTES, decode_text
from intake.reading.sniff import not_a
from intake.reading.wire import Options

READER = "1"
_SAMPLE_BYTES = 4_096
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")


def read(data: bytes, options: Options, tick: Tick = no_tick) -> Reading | Unreadable:  # noqa: ARG001 - as all readers
    """Read a text.

    Args:
        data: its bytes.
        options: see above.
        tick: not called: there is one page.

    Returns:
        The reading, or ``Unreadable`` if the bytes are no text.
    """
    sample = data[:_SAMPLE_BYTES]
    if sample.count(0) > max(4, len(sample) // 10) and not data.startswith(_UTF_16):
        return Unreadable(not_a("a text", data), "Open it by hand, and take it in under its own kind.")
    is_html = options.get("media_type") == "text/html"
    charset = options.get("charset") or (declared_charset(data) if is_html else None)
    text, cleaned = decode_text(data, charset)
    if is_html:
        text = laid_out(text)
    cut = len(data) > MAX_BYTES
    part = Part(
        number=0,
        kind="body",
        media_type="text/html" if is_html else "text/plain",
        text=text,
        method="html" if is_html else "text",
        cleaned=cleaned,
        problem=f"Only the first {MAX_BYTES // 1_000_000} MB of this text are read." if cut else None,
    )
    facts = {} if text.strip() else {"empty": "true"}
    return Reading(reader=f"text {READER}", parts=[part], facts=facts, needs=["attachment"] if cut else [])
