"""Replies of which we know who wrote which line, and what it means that a word was lost.

A case in ``tests/data/replies`` is a block that begins with ``=== what it shows``, then fields (``subject``, ``from``,
``reply: yes`` for one with In-Reply-To, ``html: yes``, ``expect: whole`` where nothing may be marked, ``needs``), a
line ``---``, and the body. The first character of each line of the body says whose it is: ``w`` the writer's words,
``q`` quoted mail, ``s`` a signature or footer. Two further characters on are the line itself.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from email.header import Header
from functools import cached_property
from html import unescape
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[1] / "data/replies"
_WORD = re.compile(r"[^\W_]+")
_TAG = re.compile(r"<[^<>]*>")


def words(text: str) -> list[str]:
    """The words of a text: runs of letters and digits, in small letters."""
    return [word.casefold() for word in _WORD.findall(text)]


def lost(written: str, text: str) -> list[str]:
    """The words lost: those of what the person wrote that are not in ``text``, in the order in which they were written.

    So a word is also lost if it stands there but in another place, or once where it was written twice.
    """
    mine, kept = words(written), words(text)
    if len(mine) == len(kept) and mine == kept:
        return []
    at = 0
    missing = []
    for word in mine:
        found = next((n for n in range(at, len(kept)) if kept[n] == word), None)
        if found is None:
            missing.append(word)
        else:
            at = found + 1
    if missing:
        # The greedy walk may blame a later word than the one that is gone: the longest common run of words says which.
        blocks = SequenceMatcher(None, mine, kept, autojunk=False).get_matching_blocks()
        matched = {n for block in blocks for n in range(block.a, block.a + block.size)}
        missing = [word for n, word in enumerate(mine) if n not in matched] or missing
    return missing


def left_over(quoted: str, written: str, text: str) -> int:
    """How many words of what is quoted are still in ``text``."""
    others = Counter(words(text)) - Counter(words(written))
    return sum((others & Counter(words(quoted))).values())


@dataclass(frozen=True)
class Case:
    """One reply: its name, its fields, and its lines, each with whose it is."""

    name: str
    fields: dict[str, str]
    lines: Sequence[tuple[str, str]]

    def of(self, owners: str) -> str:
        """The words of these owners' lines."""
        joined = "\n".join(line for owner, line in self.lines if owner in owners)
        return unescape(_TAG.sub(" ", joined)) if "html" in self.fields else joined

    @cached_property
    def message(self) -> bytes:
        """The message, as a mailbox would hold it."""
        body = "\n".join(line for _, line in self.lines)
        kind = "html" if "html" in self.fields else "plain"
        head = [
            f"From: {self.fields.get('from', 'Jo Writer <jo.writer@example.com>')}",
            "To: consultation@council.example",
            f"Subject: {Header(self.fields.get('subject', ''), 'utf-8').encode()}",
            "Date: Fri, 04 Mar 2011 18:00:00 +0000",
            "Message-ID: <reply@example.com>",
            f"Content-Type: text/{kind}; charset=utf-8",
            "Content-Transfer-Encoding: 8bit",
        ]
        if "reply" in self.fields:
            head.append("In-Reply-To: <question@council.example>")
        return "\n".join([*head, "", body, ""]).encode()


def cases(folder: Path = FOLDER) -> Iterator[Case]:
    """All cases of a folder, file by file."""
    for path in sorted(folder.glob("*.txt")):
        for block in path.read_text(encoding="utf-8").split("=== ")[1:]:
            head, _, body = block.partition("\n---\n")
            name, *given = head.split("\n")
            fields = dict(line.split(": ", 1) for line in given)
            lines = [(line[:1], line[2:]) for line in body.removesuffix("\n").split("\n")]
            yield Case(f"{path.stem}: {name}", fields, lines)
