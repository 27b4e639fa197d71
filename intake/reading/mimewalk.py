"""Goes through the entities of a message and makes a part of every leaf, with what the leaf needs of a person."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from time import monotonic
from typing import Any

from msgspec.structs import replace as changed

from intake.reading import attached, dispatch, htmltext, mailfacts
from intake.reading.clean import clean_name
from intake.reading.mimetree import Entity
from intake.reading.parts import Part, Reading, Unreadable
from intake.reading.plaintext import MAX_BYTES, decode_text, unflow, unquote_from
from intake.reading.quoting import Hint
from intake.reading.wire import Options

MAX_PARTS = 1_000
MAX_DEPTH = 50
MAX_FORWARDED_DEPTH = 8
MAX_CHARS = 12_000_000
"""Of all texts of a message together; a word with its box counts as ``_WORD_CHARS``."""
MAX_SECONDS = 600.0
"""After which the attachments that are left stay unread."""
_WORD_CHARS = 80
_LOGO_BYTES, _RELATED_LOGO_BYTES, _PIXEL_BYTES, _DOT_BYTES = 20_000, 100_000, 1_500, 200
_MAGIC_BYTES, _PICTURES = 8, (b"GIF8", b"\x89PNG", b"\xff\xd8\xff")
_ALMOST_AS_LONG, _FEW_CHARS = 0.6, 40
_MESSAGES = frozenset({"message/rfc822", "message/global", "message/news"})
_REPORTS = frozenset({"delivery-status", "disposition-notification", "feedback-report", "rfc822-headers"})
_ENCRYPTED = frozenset({"application/pkcs7-mime", "application/x-pkcs7-mime", "application/pgp-encrypted"})
_NO_WORDS = frozenset({
    "application/pkcs7-signature", "application/x-pkcs7-signature", "application/pgp-signature", "application/ics",
    "application/pgp-keys", "text/calendar", "text/vcard", "text/x-vcard", "text/directory", "application/applefile",
    "text/x-amp-html",
})  # fmt: skip
_DATA = frozenset({"text/richtext", "text/csv", "text/tab-separated-values", "text/xml"})
_SEALED = "This part is encrypted or sealed in its signature, and can't be opened here."
_PGP = "-----BEGIN PGP MESSAGE-----"
_BROKEN = "The file is damaged in a way that its reader did not expect."
_LOST = "The attachments of this message are unread: reading them ended the reader. Open them by hand."
_TOO_LONG = f"The message is longer than {MAX_CHARS // 1_000_000} million characters; this part is unread."
_TOO_SLOW = f"The message took more than {MAX_SECONDS:.0f} seconds to read; this attachment is unread."


class Budget:
    """How much a message and all that it carries may still have: parts, characters, time."""

    def __init__(self) -> None:
        self.parts = MAX_PARTS
        self.chars = MAX_CHARS
        self.until = monotonic() + MAX_SECONDS

    def take(self, part: Part) -> None:
        """Count what a part takes up on its way out of here."""
        self.chars -= len(part.text) + _WORD_CHARS * len(part.words)


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
            self._unread(entity, _SEALED)
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
        media_type = self._kind(entity)
        is_body = entity.disposition != "attachment" and not entity.name
        if entity.subtype in _REPORTS and (place.report or media_type.startswith("message/")):
            self._report(entity)
        elif media_type in _NO_WORDS:
            self.add("attachment", media_type, name=entity.name, content=False)
        elif media_type in _MESSAGES or media_type == attached.MSG:
            self._message(entity, place, media_type)
        elif media_type == attached.TNEF:
            self._winmail(entity, place)
        elif media_type in ("text/plain", "text/html"):
            self._text(entity, media_type, place, is_body=is_body)
        elif media_type.startswith("text/") and is_body and media_type not in _DATA:
            self._text(entity, "text/plain", place, is_body=True)
        elif media_type.startswith("image/") and _is_logo(entity, place):
            self.add("attachment", media_type, name=entity.name, content=False)
        elif media_type in attached.DOCUMENTS:
            self._document(entity, media_type)
        elif media_type in _ENCRYPTED:
            self._unread(entity, _SEALED)
        else:
            self.attached = True
            self.needs.add("attachment")
            self.add("attachment", media_type, name=entity.name)

    def _kind(self, entity: Entity) -> str:
        """The media type to read a leaf as; its first bytes are looked at only where what is declared says nothing."""
        declared = entity.media_type
        head = entity.body(attached.HEAD_BYTES) if attached.is_vague(declared) else b""
        return attached.kind_of(declared, entity.name, head)

    def _text(self, entity: Entity, media_type: str, place: _Place, *, is_body: bool) -> None:
        if self._budget.chars <= 0:
            self._unread(entity, _TOO_LONG)
            return
        raw = entity.body(MAX_BYTES + 1)
        is_html = media_type == "text/html"
        charset = entity.params.get("charset") or (htmltext.declared_charset(raw) if is_html else None)
        text, cleaned = decode_text(raw, charset)
        sealed = text.lstrip().startswith(_PGP)
        problem = None
        if len(raw) > MAX_BYTES:
            problem = f"Only the first {MAX_BYTES // 1_000_000} MB of this text are read."
        elif sealed:
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
        self._budget.chars -= len(text)
        self.attached = self.attached or sealed or not is_body
        kind, method = "body" if is_body else "attachment", "html" if is_html else "text"
        about = {"method": method, "cleaned": cleaned, "problem": problem, "content": not sealed}
        self.add(kind, media_type, name=entity.name, text=text, **about)

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

    def _document(self, entity: Entity, media_type: str) -> None:
        """Read an attached document: its own part without text, then the parts that its reader makes of it."""
        self.attached = True
        problem = self._no_room()
        if problem is not None:
            self._unread(entity, problem)
            return
        try:
            result = dispatch.read(entity.body(), media_type, {}, self._tick)
        except (dispatch.ToolMissingError, MemoryError):
            raise
        except Exception:  # noqa: BLE001 - one bad attachment is a need, and takes nothing of the message with it
            self._unread(entity, _BROKEN)
            return
        if isinstance(result, Unreadable):
            self._unread(entity, result.reason)
            return
        number = len(self.parts)
        self.add("attachment", media_type, name=entity.name, content=False)
        self.needs.update(result.needs)
        for part in result.parts:
            kind = "attachment" if part.kind == "body" else part.kind
            self._budget.take(part)
            if self._budget.chars <= 0:
                self.needs.add("attachment")
                self.parts[number] = changed(self.parts[number], problem=_TOO_LONG)
                break
            self.parts.append(changed(part, number=len(self.parts), kind=kind, name=entity.name, inside=number))

    def _no_room(self) -> str | None:
        """Why no attachment is opened now, None if it may be."""
        if self._options.get("attachments") is False:
            return _LOST
        if self._budget.chars <= 0:
            return _TOO_LONG
        return _TOO_SLOW if monotonic() > self._budget.until else None

    def _winmail(self, entity: Entity, place: _Place) -> None:
        """Open what Outlook wrapped for itself: its body and its files are read as if they had been attached."""
        from intake.reading import tnef  # seldom needed

        self.attached = True
        inner = None if self._no_room() or place.depth >= MAX_DEPTH else tnef.as_mime(entity.body())
        if inner is None:
            self._unread(entity, self._no_room() or "This file of Outlook's (winmail.dat) is damaged.")
            return
        self.add("attachment", attached.TNEF, name=entity.name, content=False)
        before = sum(self._chars(range(n, n + 1)) for n in range(len(self.parts)))
        number = len(self.parts)
        self.visit(Entity(inner, 0, len(inner)), replace(place, depth=place.depth + 1))
        if before:
            # The message says it all beside the wrapping: what stands inside is the same text again.
            for n in range(number, len(self.parts)):
                if self._is_body(n):
                    self.parts[n] = changed(self.parts[n], content=False)

    def _message(self, entity: Entity, place: _Place, media_type: str = "") -> None:
        self.attached = True
        if place.report:
            self.add("attachment", entity.media_type, name=entity.name, content=False)
            return
        if self._level >= MAX_FORWARDED_DEPTH:
            self._unread(entity, f"It is inside more than {MAX_FORWARDED_DEPTH} other messages and is unread.")
            return
        body: bytes | None = entity.body()
        if media_type == attached.MSG and body is not None:
            from intake.reading import outlook  # seldom needed

            body = outlook.as_mime(body)
        if body is None:
            self._unread(entity, "This Outlook message is damaged and does not open.")
            return
        inner = self._read_inner(body, self._level + 1)
        if isinstance(inner, Unreadable):
            self._unread(entity, inner.reason)
            return
        name = entity.name or clean_name(inner.facts.get("subject", ""))
        self.add("attachment", media_type or entity.media_type, name=name, content=False)
        self.forwarded.append(inner)

    def _unread(self, entity: Entity, problem: str, need: str = "attachment") -> None:
        self.attached = True
        self.needs.add(need)
        self.add("attachment", entity.media_type, name=entity.name, content=False, problem=problem)


def _is_logo(entity: Entity, place: _Place) -> bool:
    """Whether a picture belongs to the look of the message. A large one may be a letter that was pasted in; a few bytes
    that were attached and are no picture may be what is left of one."""
    if entity.disposition == "attachment":
        return entity.size < _DOT_BYTES and entity.body(_MAGIC_BYTES).startswith(_PICTURES)
    if entity.size < _PIXEL_BYTES:
        return True
    shown_inside = place.related or entity.disposition == "inline" or entity.has("content-id")
    if place.related and entity.has("content-id"):
        return entity.size < _RELATED_LOGO_BYTES
    return shown_inside and entity.size < _LOGO_BYTES
