"""The real reader's process, taken over: it runs the Python code that an original holds, as if a hostile file had found
a way to make it do so. For tests/hostile.py. ``--without-filter`` leaves it every system call."""

import gc
import socket
import sys

from intake.reading import dispatch, seccomp, worker
from intake.reading.parts import Part, Reading, Row, Table


def read(data, options, tick):
    channel = next(found for found in gc.get_objects() if isinstance(found, socket.socket))
    names = {"tick": tick, "channel": channel, "result": "done"}
    exec(data.decode(), names)
    said = str(names["result"])
    return Reading(reader="hostile 1", parts=[Part(number=0, kind="body", media_type="text/plain", text=said)])


def split(stream, options):
    names = {"Table": Table, "Row": Row}
    exec(stream.read().decode(), names)
    return names["result"]


if "--without-filter" in sys.argv:
    sys.argv.remove("--without-filter")
    seccomp.give_up = lambda: True
dispatch._reader = lambda name: read
dispatch._splitter = lambda name: split
worker.main()
