"""What an IMAP server sends, answer by answer, to be changed on its way by a proxy: lies, silence, other bytes."""

import re

from tests.support.rebuild import rebuilt

_LITERAL = re.compile(rb"\{(\d+)\}\r\n\Z")
_UID = re.compile(rb"UID (\d+)")


class Answers:
    """A ``rewriter`` of one connection: puts the server's answers together, and hands each to ``change``.

    An answer is its lines and literals in turn (RFC 3501, 4.3): ``[line, literal, line]`` for a body that is fetched.
    """

    def __init__(self) -> None:
        self._buffer = b""

    def __call__(self, chunk: bytes) -> bytes:
        self._buffer += chunk
        out = []
        while (answer := self._next()) is not None:
            out.append(self.change(answer))
        return b"".join(out)

    def _next(self) -> list[bytes] | None:
        pieces, at = [], 0
        while True:
            end = self._buffer.find(b"\r\n", at)
            if end < 0:
                return None
            line = self._buffer[at : end + 2]
            pieces.append(line)
            at = end + 2
            literal = _LITERAL.search(line)
            if literal is None:
                self._buffer = self._buffer[at:]
                return pieces
            size = int(literal[1])
            if len(self._buffer) < at + size:
                return None
            pieces.append(self._buffer[at : at + size])
            at += size

    def change(self, answer: list[bytes]) -> bytes:
        """What is sent on in place of this answer."""
        return b"".join(answer)


class Liar(Answers):
    """Makes sizes up, leaves some messages out of its answers, and answers for others with 0 bytes or with NIL."""

    def change(self, answer: list[bytes]) -> bytes:
        """By the UID: of seven messages three are withheld, each in another way."""
        found = _UID.search(answer[0])
        uid = int(found[1]) if found else 0
        if b"RFC822.SIZE" in answer[0]:
            return re.sub(rb"RFC822.SIZE \d+", b"RFC822.SIZE %d" % (0, 1, 10**9)[uid % 3], b"".join(answer))
        if len(answer) == 3 and b"BODY[]" in answer[0]:
            silence = {3: b"", 4: answer[0].replace(b"{%d}" % len(answer[1]), b"{0}") + answer[2],
                       5: answer[0][: answer[0].index(b"BODY[]")] + b"BODY[] NIL)\r\n"}  # fmt: skip
            return silence.get(uid % 7, b"".join(answer))
        return b"".join(answer)


class ReSerialiser(Answers):
    """Hands out every message in other bytes, always the same ones for the same message."""

    def change(self, answer: list[bytes]) -> bytes:
        """A body is built anew, and its length said as it is."""
        if len(answer) != 3 or b"BODY[]" not in answer[0]:
            return b"".join(answer)
        body = rebuilt(answer[1])
        return answer[0].replace(b"{%d}" % len(answer[1]), b"{%d}" % len(body)) + body + answer[2]
