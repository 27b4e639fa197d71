"""Goes through the entities of a message and makes a part of every leaf, with what the leaf needs of a person."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from msgspec.structs import replace as changed

from intake.reading import dispatch, htmltext, mailfacts
from intake.reading.clean import clean_name
from intake.reading.mimetree import Entity
from intake.reading.parts import Part, Reading, Unreadable
from intake.reading.plaintext import MAX_BYTES, decode_text, unflow, unquote_from
from intake.reading.quoting import Hint
from intake.reading.wire import Options

MAX_PARTS = 1_000
MAX_DEPTH = 50
MAX_FORWARDED_DEPTH = 8
_LOGO_BYTES, _RELATED_LOGO_BYTES = 20_000, 100_000
_ALMOST_AS_LONG, _FEW_CHARS = 0.6, 40
_MESSAGES = frozenset({"message/rfc822", "message/global", "message/news"})
_REPORTS = frozenset({"delivery-status", "disposition-notification", "feedback-report", "rfc822-headers"})
_ENCRYPTED = frozenset({"application/pkcs7-mime", "application/x-pkcs7-mime", "application/pgp-encrypted"})
_NO_WORDS = frozenset({
    "application/pkcs7-signature", "application/x-pkcs7-signature", "application/pgp-signature",
    "application/pgp-keys", "text/calendar", "text/vcard", "text/x-vcard", "text/directory",
})  # fmt: skip
_DOCUMENTS = frozenset({"text/rtf", "text/richtext", "text/csv", "text/tab-separated-values", "text/xml"})
_UNSPECIFIC = frozenset({"application/octet-stream", "application/force-download", "application/x-download"})
_BY_SUFFIX = {"pdf": "application/pdf", "txt": "text/plain", "htm": "text/html", "html": "text/html"}
_PDFS = frozenset({"application/pdf", "application/x-pdf"})
_PGP = "-----BEGIN PGP MESSAGE-----"


class Budget:
    """How many parts a message and all that it carries may still have."""

    def __init__(self) -> None:
        self.parts = MAX_PARTS


@dataclass(frozen=True, slots=True)
class _Place:
    """Where an entity stands: how deep, and inside what."""

    depth: int = 0
    related: bool = False
    report: bool = False
    alternative: bool = False


class Walk:
    """One message. ``parts``, ``needs``, ``facts``, ``forwarded`` grow as its entities are visited; ``hints`` are what
    the HTML of a part says of quotes and signatures, by the part's number."""

    def __init__(
        self,
        options: Options,
        tick: dispatch.Tick,
        budget: Budget,
        level: int,
        read_inner: Callable[[bytes, int], Reading | Unreadable],
    ) -> None:
        """Args:
        options: of the mime reader.
        tick: called after each page of an attached document.
        budget: shared with the messages around and inside.
        level: how many messages this one is inside.
        read_inner: reads a message that this one carries, given its bytes and its level.
        """
        self.parts: list[Part] = []
        self.needs: set[str] = set()
        self.facts: dict[str, str] = {}
        self.forwarded: list[Reading] = []
        self.hints: dict[int, list[Hint]] = {}
        self.attached = False
        self._options = options
        self._tick = tick
        self._budget = budget
        self._level = level
        self._read_inner = read_inner
        self._html: dict[int, str] = {}

    def visit(self, entity: Entity, place: _Place = _Place()) -> None:
        """Make parts of an entity and of all that it consists of."""
        if self._budget.parts <= 0:
            return
        if entity.is_multipart:
            self._multipart(entity, replace(place, depth=place.depth + 1))
        elif entity.media_type in _MESSAGES:
            self._message(entity, place)
        elif entity.media_type in ("message/partial", "message/external-body"):
            self._unread(entity, "Only a reference to the content, or one piece of it, is in this message.", "fetch")
        elif entity.media_type in _ENCRYPTED or entity.subtype == "encrypted":
            self._unread(entity, "This part is encrypted or sealed in its signature, and can't be opened here.")
        else:
            self._leaf(entity, place)

    def add(self, kind: str, media_type: str, **more: Any) -> None:
        """Add a part; the last one that the budget has room for says that there are more."""
        self._budget.parts -= 1
        if self._budget.parts == 0:
            self.needs.add("attachment")
            kind, media_type = "attachment", "multipart/mixed"
            more = {"content": False, "problem": f"There are more than {MAX_PARTS} parts; this and the rest is unread."}
        number = len(self.parts)
        self.parts.append(Part(number=number, kind=kind, media_type=clean_name(media_type), **more))  # type: ignore[arg-type]

    def _multipart(self, entity: Entity, place: _Place) -> None:
        if place.depth > MAX_DEPTH:
            self._unread(entity, f"The message is nested more than {MAX_DEPTH} levels deep; this level is unread.")
            return
        if entity.subtype == "encrypted":
            self._unread(entity, "The message is encrypted and can't be opened here.")
            return
        ranges: list[range] = []
        inside = replace(
            place,
            related=place.related or entity.subtype == "related",
            report=place.report or entity.subtype == "report",
            alternative=place.alternative or entity.subtype == "alternative",
        )
        for child in entity.children():
            if self._budget.parts <= 0:
                return
            before = len(self.parts)
            self.visit(child, inside)
            ranges.append(range(before, len(self.parts)))
        if not ranges:
            # No delimiter line: mail programs show the body as text, and words must not be lost.
            self._text(entity, "text/plain", inside, is_body=True)
        elif entity.subtype == "alternative":
            self._choose(ranges)
        if not place.alternative:
            self._lay_out()

    def _choose(self, ranges: list[range]) -> None:
        """Let one alternative be content: the plain text, unless it says much less than the HTML. RFC 2046, 5.1.4."""
        plain = self._longest(ranges, "text/plain")
        rich = self._longest(ranges, "text/html")
        chosen = plain
        if rich is not None:
            shown, short = self._chars(rich), 0 if plain is None else self._chars(plain)
            if short == 0 or (short < _ALMOST_AS_LONG * shown and shown - short > _FEW_CHARS):
                chosen = rich
        if chosen is None:
            return
        for numbers in ranges:
            for number in numbers if numbers != chosen else ():
                if self.parts[number].kind == "body":
                    self.parts[number] = changed(self.parts[number], content=False)

    def _longest(self, ranges: list[range], media_type: str) -> range | None:
        having = [
            numbers
            for numbers in ranges
            if any(self._is_body(n) and self.parts[n].media_type == media_type for n in numbers)
        ]
        return max(having, key=self._chars, default=None)

    def _chars(self, numbers: range) -> int:
        return sum(len("".join(self.parts[n].text.split())) for n in numbers if self._is_body(n))

    def _is_body(self, number: int) -> bool:
        return self.parts[number].kind == "body" and self.parts[number].content

    def _lay_out(self) -> None:
        """Give the HTML bodies that are content their layout: making it takes long, so the others have words only."""
        for number, source in self._html.items():
            if self.parts[number].content:
                text, self.hints[number] = htmltext.laid_out_with_hints(source)
                self.parts[number] = changed(self.parts[number], text=text)
        self._html.clear()

    def _leaf(self, entity: Entity, place: _Place) -> None:
        media_type = entity.media_type
        if media_type in _UNSPECIFIC:
            media_type = _BY_SUFFIX.get(entity.name.rpartition(".")[2].lower(), media_type)
        is_body = entity.disposition != "attachment" and not entity.name
        if entity.subtype in _REPORTS and (place.report or media_type.startswith("message/")):
            self._report(entity)
        elif media_type in _NO_WORDS:
            self.add("attachment", media_type, name=entity.name, content=False)
        elif media_type in ("text/plain", "text/html"):
            self._text(entity, media_type, place, is_body=is_body)
        elif media_type.startswith("text/") and is_body and media_type not in _DOCUMENTS:
            self._text(entity, "text/plain", place, is_body=True)
        elif media_type in _PDFS:
            self._pdf(entity)
        elif media_type.startswith("image/") and _is_logo(entity, place):
            self.add("attachment", media_type, name=entity.name, content=False)
        else:
            self.attached = True
            self.needs.add("attachment")
            self.add("attachment", media_type, name=entity.name)

    def _text(self, entity: Entity, media_type: str, place: _Place, *, is_body: bool) -> None:
        raw = entity.body(MAX_BYTES + 1)
        is_html = media_type == "text/html"
        charset = entity.params.get("charset") or (htmltext.declared_charset(raw) if is_html else None)
        text, cleaned = decode_text(raw, charset)
        problem = None
        if len(raw) > MAX_BYTES:
            problem = f"Only the first {MAX_BYTES // 1_000_000} MB of this text are read."
        elif text.lstrip().startswith(_PGP):
            problem = "This text is encrypted and can't be opened here."
        if problem is not None:
            self.needs.add("attachment")
        if not is_html:
            text = self._plain(text, entity)
        elif place.alternative:
            self._html[len(self.parts)] = text
            text = htmltext.words(text)
        else:
            text, self.hints[len(self.parts)] = htmltext.laid_out_with_hints(text)
        self.attached = self.attached or not is_body
        kind, method = "body" if is_body else "attachment", "html" if is_html else "text"
        self.add(kind, media_type, name=entity.name, text=text, method=method, cleaned=cleaned, problem=problem)

    def _plain(self, text: str, entity: Entity) -> str:
        if self._options.get("unquote_from") and entity.transfer_encoding != "base64":
            text = unquote_from(text)
        if entity.params.get("format", "").lower() == "flowed":
            text = unflow(text, entity.params.get("delsp", "").lower() == "yes")
        return text

    def _report(self, entity: Entity) -> None:
        text, cleaned = decode_text(entity.body(MAX_BYTES), entity.params.get("charset"))
        for fact, value in mailfacts.from_report(entity.media_type, text).items():
            self.facts.setdefault(fact, value)
        self.add("attachment", entity.media_type, text=text, content=False, cleaned=cleaned)

    def _pdf(self, entity: Entity) -> None:
        self.attached = True
        result = dispatch.read(entity.body(), "application/pdf", {}, self._tick)
        if isinstance(result, Unreadable):
            self._unread(entity, result.reason)
            return
        self.add("attachment", "application/pdf", name=entity.name, content=False)
        self.needs.update(result.needs)
        for page in result.parts:
            self.parts.append(changed(page, number=len(self.parts), name=entity.name))

    def _message(self, entity: Entity, place: _Place) -> None:
        self.attached = True
        if place.report:
            self.add("attachment", entity.media_type, name=entity.name, content=False)
            return
        if self._level >= MAX_FORWARDED_DEPTH:
            self._unread(entity, f"It is inside more than {MAX_FORWARDED_DEPTH} other messages and is unread.")
            return
        inner = self._read_inner(entity.body(), self._level + 1)
        if isinstance(inner, Unreadable):
            self._unread(entity, inner.reason)
            return
        name = entity.name or clean_name(inner.facts.get("subject", ""))
        self.add("attachment", entity.media_type, name=name, content=False)
        self.forwarded.append(inner)

    def _unread(self, entity: Entity, problem: str, need: str = "attachment") -> None:
        self.attached = True
        self.needs.add(need)
        self.add("attachment", entity.media_type, name=entity.name, content=False, problem=problem)


def _is_logo(entity: Entity, place: _Place) -> bool:
    """Whether a picture belongs to the look of the message. A large one may be a letter that was pasted in."""
    shown_inside = place.related or entity.disposition == "inline" or entity.has("content-id")
    if place.related and entity.has("content-id"):
        return entity.size < _RELATED_LOGO_BYTES
    return shown_inside and entity.size < _LOGO_BYTES
