"""Reads the messages of a folder in readers' processes, and nothing else: ``python -m benchmarks.pool HOW FOLDER``.

HOW is ``sandboxed`` (bubblewrap, limits, filter of system calls, as the program reads) or ``plain``: the same readers
in as many processes, with neither bubblewrap nor the filter (each in a session of its own as well, since Linux shares
out a busy machine's time between sessions). Prints the seconds on the clock from the first job to the
last result, the starting of the processes included, and how many messages were read.
"""

import json
import os
import sys
import time
from pathlib import Path

from intake.reading import bubblewrap
from intake.reading.child import COMMAND
from intake.reading.parts import Reading
from intake.reading.sandbox import Limits, ReaderPool, ReadJob

_PLAIN = "from intake.reading import seccomp, worker; seccomp.give_up = lambda: True; worker.main()"


def main() -> None:
    how, folder = sys.argv[1], Path(sys.argv[2])
    if how == "sandboxed":
        bubblewrap.probe()  # the program does so once; it belongs to what the sandbox costs
        command = bubblewrap.wrap((*COMMAND, "--sandboxed"))
    else:
        command = ("setsid", sys.executable, "-P", "-c", _PLAIN)
    jobs = [ReadJob(n, path, None, "message/rfc822") for n, path in enumerate(sorted(folder.iterdir()))]
    began = time.monotonic()
    with ReaderPool(len(os.sched_getaffinity(0)), Limits(), time.monotonic, command) as pool:
        read = sum(isinstance(result, Reading) for _, result in pool.read(jobs))
        wall_s = time.monotonic() - began
    print(json.dumps({"wall_s": wall_s, "read": read}))


if __name__ == "__main__":
    main()
