"""The layouts of the reply forms of a consultation: its own, and those that were learned from other printed forms.

A learned form's layout is a JSON file that ``intake form --learn`` writes and ``[reading] forms`` names::

    {"version": 1, "form": "leaflet.pdf", "pages": [{"width": 595.3, "height": 841.9, "boxes": [
        {"name": "agree.Yes", "kind": "tick", "box": [72.0, 201.5, 86.0, 215.5], "blank": 0.0}, …],
      "words": [["do", 80.1, 190.0], …], "mask": "…"}]}

Boxes are in points from the top left of the page; ``name`` is ``<question id>`` for writing, or for a box to tick
``<question id>.<option>``, or a column such as ``postcode``. ``blank`` is what share of the box is printed dark,
``words`` are the printed words with their middles, ``mask`` (base64) is where anything is printed.
"""

from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal

import msgspec

from intake.config import Consultation, Question, Settings
from intake.errors import ConfigurationError
from intake.reading.formlayout import MAX_BYTES, Kind, Layout, LayoutBox, LayoutPage, LayoutWord, as_option
from intake.replyform import ABOUT, CONSENT_QUESTION, reply_form

_ABOUT = frozenset(ABOUT)


class SavedBox(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A box in a layout file."""

    name: str
    kind: Kind
    box: tuple[float, float, float, float]
    blank: float = 0.0


class SavedPage(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A page in a layout file."""

    width: float
    height: float
    boxes: list[SavedBox]
    words: list[tuple[str, float, float]] = []
    mask: bytes = b""


class SavedForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A layout file."""

    version: Literal[1]
    form: str
    pages: list[SavedPage]


def forms_option(settings: Settings) -> list[Any]:
    """The layouts of all forms that may arrive, as the readers take them.

    Raises:
        ConfigurationError: a layout file is missing, damaged, or names what the consultation does not ask.
    """
    layouts = [reply_form(settings.consultation, settings.form).layout]
    layouts += [learned(path, settings.consultation) for path in settings.reading.forms]
    option = as_option(layouts)
    if size_of(option[:1]) > MAX_BYTES:
        option = option[1:]  # a form that is too long to be read is not printed either
    if size_of(option) > MAX_BYTES:
        raise ConfigurationError("reading.forms: these are more forms, or longer ones, than can be looked for at once.")
    return option


def check_length(layout: Layout) -> None:
    """Refuse to print a form that is too long to be read when it comes back.

    Raises:
        ConfigurationError: it is; the message says what to do.
    """
    if size_of(as_option([layout])) > MAX_BYTES:
        raise ConfigurationError(
            "The form would be too long to be read when it comes back: ask fewer questions, or give fewer options."
        )


def size_of(option: Sequence[Any]) -> int:
    """How many bytes layouts take in a request to a reader."""
    return len(msgspec.msgpack.encode(option))


def learned(path: Path, consultation: Consultation) -> Layout:
    """The layout in a file.

    Raises:
        ConfigurationError: it is missing or damaged, or names what the consultation does not ask.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ConfigurationError(f"reading.forms: {path} can't be read: {error.strerror}.") from error
    try:
        saved = msgspec.json.decode(content, type=SavedForm)
    except msgspec.DecodeError as error:
        raise ConfigurationError(f"reading.forms: {path} is no layout of a form: {error}.") from error
    named = {name: question for question in asked(consultation) for name in names_of(question)}
    for box in (box for page in saved.pages for box in page.boxes):
        if (box.name not in named and box.name not in _ABOUT) or not _is_box(box.box):
            raise ConfigurationError(f"reading.forms: {path} has a box {box.name!r}, which no question has.")
    digest = sha256(content).hexdigest()[:16]
    return Layout(consultation.id, digest, [_page(page, named) for page in saved.pages])


def _is_box(edges: Sequence[float]) -> bool:
    x0, top, x1, bottom = edges
    return 0 <= x0 < x1 < 20_000 and 0 <= top < bottom < 20_000


def _page(page: SavedPage, named: dict[str, Question]) -> LayoutPage:
    boxes = []
    for saved in page.boxes:
        question = named.get(saved.name)
        boxes.append(
            LayoutBox(
                saved.name, saved.kind, *saved.box, blank=saved.blank,
                apart=question is not None and question.monitoring,
                only=question is not None and question.kind == "choice",
            )
        )  # fmt: skip
    return LayoutPage(page.width, page.height, boxes, words=[LayoutWord(*word) for word in page.words], mask=page.mask)


def asked(consultation: Consultation) -> list[Question]:
    """All that a form may ask: the consultation's questions, and whether the answer may be published."""
    return [*consultation.questions, CONSENT_QUESTION]


def names_of(question: Question) -> list[str]:
    """The names of a question's boxes."""
    return [question.id] if question.kind == "text" else [f"{question.id}.{option}" for option in question.options]
