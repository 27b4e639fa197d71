"""A reader's process that does what the content of each original tells it, for the tests of the pool."""

import os
import socket
import sys
import time
from collections import deque

from intake.reading import wire
from intake.reading.parts import Part, Piece, Reading, Row, Table, ToolMissing, Unreadable


def echo(text, number=0):
    return wire.Read(
        Reading(reader="odd 1", parts=[Part(number=number, kind="body", media_type="text/plain", text=text)])
    )


def document(rest, first, end):
    """A file of pages: a letter for each says what becomes of it; a big one only if this process has read before."""
    global pages_read
    fate = rest[first : first + 1] if end > first else ""
    if (fate == "w" and first == 0) or fate == "c" or (fate == "C" and pages_read):
        os.abort()
    pages_read += 1
    if fate == "h":
        time.sleep(1000)
    if fate == "t":
        return wire.Failed(ToolMissing("a tool", "Install it."))
    if fate == "u":
        return wire.Failed(Unreadable("Reason.", "Next."))
    wrong = 1 if fate == "n" else 0
    time.sleep(0.02 if fate == "s" else 0)
    text = "x" * 600_000 if fate == "b" else f"{fate}{first}"
    parts = [
        Part(number=n + wrong, kind="page", media_type="application/pdf", page=n + 1, text=text)
        for n in range(first, min(end, len(rest)))
    ]
    count = {"m": "5000", "z": "0"}.get(fate, str(len(rest)))
    return wire.Read(Reading(reader="odd 1", parts=parts, facts={"pages": count, "pid": str(os.getpid())}))


pages_read = 0


def answers(word, rest, options):
    match word:
        case "document":
            yield document(rest, *options["pages"])
        case "echo":
            yield echo(rest)
        case "pid":
            yield echo(str(os.getpid()))
        case "environment":
            yield echo("\n".join(os.environ))
        case "wait":
            time.sleep(float(rest))
            yield echo(rest)
        case "pages":
            for _ in range(int(rest)):
                time.sleep(0.15)
                yield wire.Progress()
            yield echo(rest)
        case "hang":
            time.sleep(1000)
        case "crash":
            os.abort()
        case "end":
            os._exit(3)
        case "memory":
            os._exit(wire.OUT_OF_MEMORY)
        case "garbage":
            yield b"\x05\x00\x00\x00hello"
        case "endless":
            yield b"\xff\xff\xff\xff" + b"x" * 1000
        case "misnumbered":
            yield echo("x", number=7)
        case "unclean":
            yield echo("\x00")
        case "twice":
            yield echo("1")
            yield echo("2")
        case "tool":
            yield wire.Failed(ToolMissing("a tool", "Install it."))
        case "rows":
            yield wire.Header(Table(["a", "b"]))
            yield wire.Rows([Row(2, ["1", "2"])])
            if rest == "then crash":
                os.abort()
            if rest == "then a narrow one":
                yield wire.Rows([Row(3, ["1"])])
            if rest == "then backwards":
                yield wire.Rows([Row(2, ["1", "2"])])
            yield wire.End()
        case "pieces":
            yield wire.Pieces([Piece(0, 3)])
            yield wire.Pieces([Piece(2, 5)] if rest == "overlapping" else [Piece(3, 1_000_000)])
            yield wire.End()


def main():
    channel = socket.socket(fileno=0)
    channel.sendall(wire.frame(wire.Ready()))
    frames, originals = wire.Frames(wire.MAX_REQUEST_BYTES), deque()
    while True:
        data, descriptors, _, _ = socket.recv_fds(channel, 65_536, 64)
        if not data:
            return
        originals.extend(descriptors)
        for body in frames.feed(data):
            options = wire.request(body).options
            descriptor = originals.popleft()
            word, _, rest = os.read(descriptor, 10_000).decode().partition(" ")
            os.close(descriptor)
            for answer in answers(word, rest, options):
                channel.sendall(answer if isinstance(answer, bytes) else wire.frame(answer))


sys.exit(main())
