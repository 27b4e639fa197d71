"""Scans that take minutes or much memory, and one that takes 20 s to be written: ``python -m tests.scans [NAME]…``.

Each is taken in by a run of its own, which must end, account for it, and leave no process behind. Printed are what
became of it, how long that took and the most memory that a process of the run had. NAME is a piece of a scan's name.
"""

import argparse
import logging
import tempfile
import time
from pathlib import Path

import structlog

from tests.support.badscans import HEAVY, BadScan
from tests.support.consultation import Consultation, start
from tests.support.family import Peak, orphans
from tests.test_bad_scans import check
from tests.test_scan_folder import slow_scan

_MOST_MB = 1_024
_SECONDS = 3_600


def take(scan: BadScan, folder: Path) -> bool:
    """Take one scan in, and say what became of it; whether it ended as it must."""
    here = Consultation(folder)
    here.configure("processes = 1", "processes = 2")
    here.put(f"letters/{scan.name}", scan.make())
    began = time.monotonic()
    with orphans() as left:
        run = start(here.command_line("run", "--channel", "letters", "--json"), here.folder)
        with Peak(run.pid) as peak:
            code = run.wait(timeout=_SECONDS)
    seconds = time.monotonic() - began
    (receipt,) = here.receipts("letters")
    print(f"{scan.name:24} {receipt['outcome']:12} {seconds:7.1f} s {peak.mb:6} MB  {receipt['reason'] or ''}")
    problems = [f"the run ended with {code}"] * (code != 0) + [f"processes are left: {left}"] * bool(left)
    problems += [f"a process had more than {_MOST_MB} MB"] * (peak.mb > _MOST_MB)
    try:
        check(here, scan)
    except AssertionError as error:
        problems.append(str(error).splitlines()[0])
    for problem in problems:
        print(f"    NOT AS IT SHOULD BE: {problem}")
    return not problems


def main() -> None:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    parser = argparse.ArgumentParser(prog="python -m tests.scans")
    parser.add_argument("name", nargs="*")
    wanted = parser.parse_args().name
    good = True
    for scan in HEAVY:
        if not wanted or any(piece in scan.name for piece in wanted):
            with tempfile.TemporaryDirectory() as folder:
                good &= take(scan, Path(folder))
    if not wanted or "slow" in wanted:
        with tempfile.TemporaryDirectory() as folder:
            slow_scan(Consultation(Path(folder)), seconds=20, settle=5, pauses=5)
            print("slow.pdf                 read         once and whole, written over 20 s with pauses of 4 s")
    raise SystemExit(0 if good else 1)


if __name__ == "__main__":
    main()
