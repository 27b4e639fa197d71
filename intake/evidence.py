"""Where a value was read: evidence for characters of a part, a page, a transcript, or a header's line. Pure."""

from typing import Any

from intake.reading.parts import Part
from storage.schema import Evidence


def in_part(part: Part, start: int, end: int, value: str | None, method: str | None = None) -> Evidence:
    """Evidence for characters of a part; for a page whose words have boxes, the box around them; for a transcript, the
    seconds of its recording in which they were said."""
    if part.spoken:
        return _in_transcript(part, start, end, value, method)
    boxed = [w for w in part.words if w.start < end and w.start + len(w.text) > start]
    confidence = min((w.confidence for w in boxed), default=part.confidence)
    place: dict[str, Any] = {"part": part.number, "start": part.base + start, "end": part.base + end}
    if boxed and part.page is not None:
        box = [
            min(w.x0 for w in boxed),
            min(w.top for w in boxed),
            max(w.x1 for w in boxed),
            max(w.bottom for w in boxed),
        ]
        place = {"page": part.page, "box": [round(edge, 1) for edge in box]}
        if part.inside is not None:
            place["part"] = part.number  # pages of several files may be in one message
    if value is None:
        confidence = part.confidence
    quote = part.text[start:end]
    return Evidence(
        value=value, method=method or part.method, confidence=round(confidence, 2), place=place, quote=quote
    )


def _in_transcript(part: Part, start: int, end: int, value: str | None, method: str | None) -> Evidence:
    said = [s for s in part.spoken if s.start < end and s.end > start]
    place = {
        "from": round(min((s.begins for s in said), default=0.0), 2),
        "to": round(max((s.ends for s in said), default=0.0), 2),
        "recording": part.name,
    }
    confidence = min((s.confidence for s in said), default=part.confidence)
    return Evidence(
        value=value, method=method or part.method, confidence=round(confidence, 2), place=place,
        quote=part.text[start:end],
    )  # fmt: skip


def as_written(part: Part, start: int, end: int) -> Evidence:
    # Such words are kept once, with the part: `trace` quotes them from there. Of a transcript, which a later one may
    # take the place of, they are kept here.
    if part.spoken:
        return in_part(part, start, end, None)
    evidence = in_part(part, start, end, None)
    return Evidence(value=None, method=evidence.method, confidence=evidence.confidence, place=evidence.place)


def in_header(header: Part | None, value: str, field_name: str = "from:") -> Evidence:
    start = -1 if header is None else _in_line(header.text, field_name, value)
    if start < 0 and header is not None and header.number:
        start = header.text.find(value)  # a header block inside a text, in the language of its mail program
    if header is not None and start >= 0:
        return in_part(header, start, start + len(value), value)
    return Evidence(value=value, method="text", confidence=1.0)


def _in_line(text: str, field_name: str, value: str) -> int:
    start = 0
    for line in text.split("\n"):
        if line.lower().startswith(field_name) and value in line:
            return start + line.index(value)
        start += len(line) + 1
    return -1
