"""Which of the alternatives of one content is read as its text. RFC 2046, 5.1.4."""

from collections.abc import Sequence

from msgspec.structs import replace as changed

from intake.reading.parts import Part

_ALMOST_AS_LONG, _FEW_CHARS = 0.6, 40


def choose(parts: list[Part], ranges: Sequence[range]) -> None:
    """Let one alternative be content: the plain text, unless it says much less than the HTML. ``ranges`` are the
    numbers of the parts that each alternative consists of."""
    plain = _longest(parts, ranges, "text/plain")
    rich = _longest(parts, ranges, "text/html")
    chosen = plain
    if rich is not None:
        shown, short = characters(parts, rich), 0 if plain is None else characters(parts, plain)
        if short == 0 or (short < _ALMOST_AS_LONG * shown and shown - short > _FEW_CHARS):
            chosen = rich
    if chosen is None:
        return
    for numbers in ranges:
        for number in numbers if numbers != chosen else ():
            if parts[number].kind == "body":
                parts[number] = changed(parts[number], content=False)


def characters(parts: Sequence[Part], numbers: range) -> int:
    """How much the bodies among these parts say: characters that are no white space."""
    return sum(len("".join(parts[n].text.split())) for n in numbers if is_body(parts[n]))


def is_body(part: Part) -> bool:
    """Whether a part is text of the message itself."""
    return part.kind == "body" and part.content


def _longest(parts: Sequence[Part], ranges: Sequence[range], media_type: str) -> range | None:
    having = [
        numbers for numbers in ranges if any(is_body(parts[n]) and parts[n].media_type == media_type for n in numbers)
    ]
    return max(having, key=lambda numbers: characters(parts, numbers), default=None)
