"""Runs one command and says what it cost, with all the processes below it: ``python launch.py FIGURES COMMAND …``.

A process of its own for each measurement, so that nothing is counted that another one left. It takes in what loses its
parent (PR_SET_CHILD_SUBREAPER), so that a reader in a sandbox is counted too, however it ends. It writes a JSON object
to the file FIGURES: ``cpu_s`` (user and system), ``wall_s``, ``largest_mb`` (the kernel's ``ru_maxrss``, or what was
sampled, if that is more), ``parent_mb`` and ``together_mb`` (sampled, see the package), ``code``. Output of the command
goes where this one's goes.
"""

import ctypes
import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

_PR_SET_CHILD_SUBREAPER = 36
_SAMPLE_EVERY_S = 0.05
_KB = 1024


class Sampler(threading.Thread):
    """Looks at the memory of a process and of all below it, until it is stopped."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.parent_kb = self.together_kb = self.largest_kb = 0
        self._pid = pid
        self._ended = threading.Event()

    def run(self) -> None:
        while not self._ended.wait(_SAMPLE_EVERY_S):
            self.look()

    def look(self) -> None:
        now = {pid: _memory(pid) for pid in _tree(self._pid)}
        self.parent_kb = max(self.parent_kb, now.get(self._pid, {}).get("VmHWM", 0))
        self.largest_kb = max([self.largest_kb, *(memory.get("VmHWM", 0) for memory in now.values())])
        self.together_kb = max(self.together_kb, sum(memory.get("VmRSS", 0) for memory in now.values()))

    def stop(self) -> None:
        self._ended.set()
        self.join()


def _tree(pid: int) -> list[int]:
    found = [pid]
    for process in found:
        try:
            threads = list(Path(f"/proc/{process}/task").iterdir())
            found += [int(child) for thread in threads for child in (thread / "children").read_text().split()]
        except OSError:
            continue  # it has just ended
    return found


def _memory(pid: int) -> dict[str, int]:
    """``VmHWM`` and ``VmRSS`` in kB."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return {}
    return {name: int(value.split()[0]) for name, _, value in (ln.partition(":") for ln in lines) if name[:2] == "Vm"}


def main() -> None:
    figures, command = Path(sys.argv[1]), sys.argv[2:]
    if ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_CHILD_SUBREAPER, 1) != 0:
        raise OSError(ctypes.get_errno(), "PR_SET_CHILD_SUBREAPER")
    began = time.monotonic()
    process = subprocess.Popen(command)
    sampler = Sampler(process.pid)
    sampler.start()
    cpu_s = wall_s = 0.0
    largest_kb = 0
    code = -1
    while True:
        try:
            pid, status, usage = os.wait4(-1, 0)
        except ChildProcessError:
            break
        cpu_s += usage.ru_utime + usage.ru_stime
        largest_kb = max(largest_kb, usage.ru_maxrss)
        if pid == process.pid:
            code = process.returncode = os.waitstatus_to_exitcode(status)
            wall_s = time.monotonic() - began
    sampler.stop()
    megabytes = {
        "largest_mb": max(largest_kb, sampler.largest_kb) * _KB / 1e6,
        "parent_mb": sampler.parent_kb * _KB / 1e6,
        "together_mb": sampler.together_kb * _KB / 1e6,
    }
    figures.write_text(json.dumps({"cpu_s": cpu_s, "wall_s": wall_s, "code": code, **megabytes}))


if __name__ == "__main__":
    main()
