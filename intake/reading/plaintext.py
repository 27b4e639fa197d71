"""The text of a text/plain body: its charset undone, its line ends as LF, its flowed lines joined (RFC 3676)."""

import re

from intake.reading.charset import decode

MAX_BYTES = 4_000_000
"""Of one text; what stands beyond is not read."""
_MBOX_QUOTED = re.compile(r"^>(?=From )", re.MULTILINE)
_LINE_END = re.compile(r"\r{1,3}\n|\r")


def decode_text(data: bytes, charset: str | None) -> tuple[str, int]:
    """Return at most ``MAX_BYTES`` bytes as text, and how many characters had to be replaced."""
    text, cleaned = decode(data[:MAX_BYTES], charset)
    if "\r" in text:
        text = _LINE_END.sub("\n", text)
    return text, cleaned


def unquote_from(text: str) -> str:
    """Undo what an mbox does to lines that begin with "From "."""
    return _MBOX_QUOTED.sub("", text)


def unflow(text: str, delete_space: bool) -> str:
    """Join the lines that a flowed text broke: those that end in a space, with the next of the same quote depth.

    Args:
        text: the text, its lines ended by LF.
        delete_space: whether the space at the break was added too (``DelSp=yes``).
    """
    out: list[str] = []
    open_depth: int | None = None
    for line in text.split("\n"):
        depth = len(line) - len(line.lstrip(">"))
        content = line[depth:].removeprefix(" ")
        flows = content.endswith(" ") and content != "-- "
        if open_depth == depth and content != "-- ":
            out.append(content)
        else:
            if out:
                out.append("\n")
            out.append(f"{'>' * depth} {content}" if depth else content)
        if flows and delete_space:
            out[-1] = out[-1][:-1]
        open_depth = depth if flows else None
    return "".join(out)
