"""A proposed mapping as a section of the config: TOML (1.0) with comments for the person who pastes it in. Pure.

Headers are written as basic strings whatever they hold; in a comment as well, so that a line stays one line.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from intake.surveymap import Proposal

_BARE = re.compile(r"[A-Za-z0-9_-]+")
_WIDTH = 116
_SHOWN = 300


def section(proposal: Proposal, name: str, exports: str) -> str:
    """The section ``[channels.NAME]``, ready to paste."""
    return "\n".join(_lines(proposal, name, exports)) + "\n"


def _lines(proposal: Proposal, name: str, exports: str) -> Iterator[str]:
    if proposal.tool:
        yield f"# This looks like an export of {proposal.tool}."
    else:
        yield "# This is a table of no survey tool that is known here."
    for said in proposal.look:
        yield f"# Please look: {_one_line(said)}"
    yield f"[channels.{_key(name)}]"
    yield 'adapter = "survey"'
    yield f"exports = {_string(exports)}   # or the folder that all exports are put into"
    for key, value in proposal.section.items():
        if key == "columns":
            for column, headers in value.items():
                yield f"columns.{_key(column)} = {_value(headers)}"
        elif key != "unmapped_columns":
            yield f"{key} = {_value(value)}"
    yield from _unmapped(proposal)


def _unmapped(proposal: Proposal) -> Iterator[str]:
    """The headers that are kept in the original alone; those that nobody is sure of stand among them as comments."""
    if "unmapped_columns" not in proposal.section:
        return
    yield "unmapped_columns = [        # known, kept in the original, and nowhere else"
    for header in proposal.section["unmapped_columns"]:
        yield f"    {_string(header)},"
    for header, nearest in proposal.unsure:
        said = f"perhaps {nearest}" if nearest else "is like no question and no column"
        shown = header if len(header) <= _SHOWN else f"{header[:_SHOWN]}…"
        yield f"    # {_string(shown)},   # {said}: map it, or take it in here"
    yield "]"


def _value(value: Any) -> str:
    if isinstance(value, Mapping):
        inner = ", ".join(f"{_key(key)} = {_value(each)}" for key, each in value.items())
        return f"{{ {inner} }}"
    if isinstance(value, Sequence) and not isinstance(value, str):
        short = f"[{', '.join(map(_value, value))}]"
        if len(short) <= _WIDTH:
            return short
        return "[\n" + "".join(f"    {_value(each)},\n" for each in value) + "]"
    return str(value) if isinstance(value, int) else _string(value)


def _key(name: str) -> str:
    return name if _BARE.fullmatch(name) else _string(name)


def _string(text: str) -> str:
    """A basic string: JSON's escapes are TOML's, but for U+007F, which only TOML wants escaped."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _one_line(said: str) -> str:
    """What stands in a comment: without the control characters that TOML does not allow there."""
    return "".join(character if character.isprintable() else " " for character in said)
