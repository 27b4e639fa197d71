"""Rich Text Format (RTF 1.9.1): the words as they are shown; also the text of a message that Outlook keeps as RTF.

Parts, options, facts and needs are those of ``docx``; pictures are not looked at. Our own reading, because striprtf
leaves out footnotes, headers and text boxes, and takes the square of the time on hostile files.
"""

import re

from intake.reading.agreed import Tick, no_tick
from intake.reading.charset import codec_name
from intake.reading.office import Document, as_reading
from intake.reading.parts import Reading, Unreadable
from intake.reading.sniff import not_a
from intake.reading.wire import Options

READER = "1"
_MAX_BYTES = 32 << 20
_MAX_DEPTH = 10_000
"""Of groups that are told apart; what is nested deeper is read as part of the last of them."""
_TOKEN = re.compile(
    r"\\(?:([a-zA-Z]{1,32})(-?\d{1,9})? ?|'([0-9a-fA-F]{2})|([^a-zA-Z']|'))|([{}])|([^\\{}\r\n]+)|[\r\n]+|\\", re.DOTALL
)
_UNSHOWN = frozenset({
    "fonttbl", "colortbl", "stylesheet", "info", "pict", "objdata", "fldinst", "themedata", "colorschememapping",
    "latentstyles", "datastore", "listtable", "listoverridetable", "rsidtbl", "generator", "nonshppict", "shprslt",
    "sp", "xe", "tc", "filetbl", "revtbl", "bkmkstart", "bkmkend", "datafield", "formfield", "objclass", "objname",
    "ftnsep",    "ftnsepc", "aftnsep", "aftnsepc", "template", "private", "falt", "panose", "htmltag", "mhtmltag",
    "atnid",
    "atrfstart", "atrfend", "pgdsctbl", "password", "listname", "xmlnstbl",
})  # fmt: skip
_KEPT_AFTER_STAR = frozenset({"shpinst", "shptxt", "footnote", "annotation", "atnauthor"})
_APART = frozenset({"header", "headerl", "headerr", "headerf", "footer", "footerl", "footerr", "footerf"})
_NOTES = frozenset({"footnote", "annotation"})
_SAID = {
    "par": "\n", "line": "\n", "sect": "\n\n", "page": "\n\n", "tab": "\t", "cell": "\t", "nestcell": "\t", "row": "\n",
    "nestrow": "\n", "emdash": "—", "endash": "–", "bullet": "•", "lquote": "‘", "rquote": "’", "ldblquote": "“",
    "rdblquote": "”", "emspace": " ", "enspace": " ", "qmspace": " ", "chftn": "*",
}  # fmt: skip
_SIGNS = {"~": " ", "_": "-", "-": "", "\\": "\\", "{": "{", "}": "}", "\n": "\n", "\r": "\n", "\t": "\t"}
_CHARSETS = {
    0: "cp1252", 77: "mac_roman", 128: "cp932", 129: "cp949", 130: "johab", 134: "gbk", 136: "cp950", 161: "cp1253",
    162: "cp1254", 163: "cp1258", 177: "cp1255", 178: "cp1256", 186: "cp1257", 204: "cp1251", 222: "cp874",
    238: "cp1250", 255: "cp850",
}  # fmt: skip


def read(data: bytes, options: Options, tick: Tick = no_tick) -> Reading | Unreadable:  # noqa: ARG001 - as all readers
    """Read an RTF document.

    Args:
        data: its bytes.
        options: none.
        tick: not called: there is one page.
    """
    if not data.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{\\rtf"):
        return Unreadable(not_a("an RTF document", data), "Open it by hand, and take it in under its own kind.")
    if len(data) > _MAX_BYTES and b"\\pict" not in data[:_MAX_BYTES]:
        return Unreadable(f"This document is larger than {_MAX_BYTES >> 20} MB.", "Ask for it as a PDF.")
    document = words(data)
    return as_reading(f"rtf {READER}", document, None, tick)


def words(data: bytes) -> Document:
    """The words of an RTF, whatever its state."""
    return _Words(data[:_MAX_BYTES].decode("latin-1")).document()


class _Group:
    """The state of a group in braces; what is set inside ends with it."""

    __slots__ = ("font", "hidden", "out", "skip_count", "unshown")

    def __init__(self, out: list[str], font: int, skip_count: int, *, unshown: bool, hidden: bool) -> None:
        self.out = out
        self.font = font
        self.skip_count = skip_count
        self.unshown = unshown
        self.hidden = hidden


class _Words:
    def __init__(self, source: str) -> None:
        self._source = source
        self._body: list[str] = []
        self._notes: list[list[str]] = []
        self._around: list[list[str]] = []
        self._state = _Group(self._body, -1, 1, unshown=False, hidden=False)
        self._stack: list[_Group] = []
        self._codec = "cp1252"
        self._fonts: dict[int, str] = {}
        self._in_fonts = False
        self._raw = bytearray()
        self._to_skip = 0
        self._beyond = 0
        self._star = False
        self._html_rtf = False

    def document(self) -> Document:
        at, end = 0, len(self._source)
        while at < end:
            token = _TOKEN.match(self._source, at)
            if token is None:
                break
            at = token.end()
            word, number, hexed, sign, brace, plain = token.groups()
            if hexed is None:
                self._flush()
            if word == "bin" and number:
                at += max(0, int(number))
            elif word is not None:
                self._word(word, None if number is None else int(number))
            elif hexed is not None:
                self._hex(int(hexed, 16))
            elif sign is not None:
                self._sign(sign)
            elif brace is not None:
                self._brace(brace)
            elif plain is not None:
                self._plain(plain)
        self._flush()
        return Document(_joined(self._body), ["\n".join(map(_joined, self._notes))] if self._notes else [],
                        "\n".join(dict.fromkeys(map(_joined, self._around))))  # fmt: skip

    def _brace(self, brace: str) -> None:
        self._to_skip = 0
        self._star = False
        if brace == "{":
            if len(self._stack) >= _MAX_DEPTH:
                self._beyond += 1
                return
            state = self._state
            self._stack.append(state)
            self._state = _Group(state.out, state.font, state.skip_count, unshown=state.unshown, hidden=state.hidden)
        elif self._beyond:
            self._beyond -= 1
        elif self._stack:
            self._state = self._stack.pop()
            self._in_fonts = self._in_fonts and self._state.unshown

    def _word(self, word: str, number: int | None) -> None:
        state = self._state
        self._to_skip = 0
        star, self._star = self._star, False
        if word == "fonttbl":
            self._in_fonts = state.unshown = True
        elif word in _UNSHOWN or (star and word not in _KEPT_AFTER_STAR):
            state.unshown = True
        elif word in _NOTES and not state.unshown:
            state.out = []
            self._notes.append(state.out)
        elif word in _APART and not state.unshown:
            state.out = []
            self._around.append(state.out)
        elif word in _SAID:
            self._say(_SAID[word])
        else:
            self._set(word, number)

    def _set(self, word: str, number: int | None) -> None:
        state = self._state
        if word == "u" and number is not None:
            self._say(chr(number % 0x10000))
            self._to_skip = state.skip_count
        elif word == "uc":
            state.skip_count = min(max(number or 0, 0), 32)
        elif word == "f" and number is not None:
            state.font = number
        elif word == "fcharset" and self._in_fonts and state.font >= 0:
            self._fonts[state.font] = _CHARSETS.get(number or 0, "")
        elif word == "ansicpg" and number:
            self._codec = codec_name(f"cp{number}") or ("utf-8" if number == 65001 else "cp1252")
        elif word in ("v", "deleted"):
            state.hidden = number != 0
        elif word == "plain":
            state.hidden = False
        elif word == "htmlrtf":
            # What stands between these is for programs that show no HTML ([MS-OXRTFEX] 2.1.3.1.2): it is no text.
            self._html_rtf = number != 0

    def _sign(self, sign: str) -> None:
        self._to_skip = 0
        if sign == "*":
            self._star = True
        else:
            self._say(_SIGNS.get(sign, ""))

    def _hex(self, byte: int) -> None:
        if self._to_skip:
            self._to_skip -= 1
        else:
            self._raw.append(byte)

    def _plain(self, text: str) -> None:
        skipped = min(self._to_skip, len(text))
        self._to_skip -= skipped
        self._star = False
        text = text[skipped:]
        if not text.isascii():
            text = text.encode("latin-1").decode(self._charset(), "replace")
        self._say(text)

    def _flush(self) -> None:
        if self._raw:
            self._say(self._raw.decode(self._charset(), "replace"))
            self._raw.clear()

    def _charset(self) -> str:
        return self._fonts.get(self._state.font) or self._codec

    def _say(self, text: str) -> None:
        state = self._state
        if text and not (state.unshown or state.hidden or self._html_rtf):
            state.out.append(text)


def _joined(pieces: list[str]) -> str:
    """The words of a buffer; halves of a character that were written one by one (RTF counts in UTF-16) become one."""
    text = "".join(pieces)
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
