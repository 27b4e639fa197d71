"""Files that people added to a receipt: what a message pointed to, or said was attached. Pure.

They are parts of the same response, behind those of the original, whose numbers they leave alone. What was taken back
keeps its parts, since evidence from then points to them, but none of their words count.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from msgspec.structs import replace as changed

from intake.reading.parts import Part, Reading, Unreadable
from storage.decisions import DecisionView

ANSWERED = frozenset({"fetch", "attachment"})
"""The needs that adding a file meets."""


@dataclass(frozen=True, slots=True)
class Added:
    """A file that was added: its SHA-256 and name; ``holds`` is false once that is undone."""

    sha256: str
    name: str
    holds: bool


def value_of(sha256: str, name: str) -> str:
    """What the decision to add a file keeps as its value."""
    return f"{sha256} {name}"


def added_files(decisions: Sequence[DecisionView]) -> list[Added]:
    """The files that were added by these decisions, in order, those that were taken back too."""
    split = [(d.value.partition(" "), d.undone_by is None) for d in decisions if d.action == "add"]
    return [Added(sha256, name, holds) for (sha256, _, name), holds in split]


def added_to_read(decision: DecisionView) -> bool:
    """Whether a decision added a file to what had a response already, which then has a further version."""
    return decision.action == "add" and bool(json.loads(decision.before)["outcome"] == "read")


def with_files(
    reading: Reading | Unreadable, files: Sequence[tuple[Added, str, Reading | Unreadable]]
) -> Reading | Unreadable:
    """A reading with the files that were added (each with its media type and its own reading)."""
    if not any(added.holds for added, _, _ in files) and isinstance(reading, Unreadable):
        return reading
    base = reading if isinstance(reading, Reading) else Reading(reader="none", parts=[])
    parts, needs, readers = list(base.parts), set(base.needs), [base.reader]
    facts = dict(base.facts)
    if any(added.holds for added, _, _ in files):
        needs -= ANSWERED
        facts = {k: v for k, v in facts.items() if k != "empty"} | {"has_attachments": "true", "fetched": "true"}
    facts["added_from"] = str(len(base.parts))
    for added, media_type, result in files:
        problem = result.reason if isinstance(result, Unreadable) and added.holds else None
        number = len(parts)
        parts.append(
            Part(
                number=number,
                kind="attachment",
                media_type=media_type,
                name=added.name,
                content=False,
                problem=problem,
            )
        )
        if isinstance(result, Reading):
            parts += [_part(part, number, len(parts) + n, added) for n, part in enumerate(result.parts)]
            readers += [result.reader] if added.holds else []
        if added.holds:
            needs |= _needs_of(result)
    return changed(base, reader=", ".join(dict.fromkeys(readers)), parts=parts, needs=sorted(needs), facts=facts)


def added_parts(reading: Reading) -> list[Part]:
    """The parts of a reading that come from files which people added."""
    first = reading.facts.get("added_from", "")
    return reading.parts[int(first) :] if first.isascii() and first.isdigit() else []


def _needs_of(result: Reading | Unreadable) -> set[str]:
    """What a person must still do about a file that was added; also if it is a message that carries others, which are
    not read with it."""
    needs = set(result.needs) if isinstance(result, Reading) else {"attachment"}
    return needs | {"attachment"} if isinstance(result, Reading) and result.forwarded else needs


def _part(part: Part, inside: int, number: int, added: Added) -> Part:
    kind = "attachment" if part.kind == "body" else part.kind
    return changed(
        part, number=number, kind=kind, name=added.name, inside=inside, content=part.content and added.holds,
        marks=part.marks if added.holds else [],
    )  # fmt: skip
