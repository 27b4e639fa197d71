"""Reads scans in the sandbox, and nothing else: ``python -m benchmarks.scanned PROCESSES FILE …``.

Prints the seconds on the clock from the first job to the last result, the starting of the readers included, and of each
page its text, which engine's reading was taken, and which others were asked. With 0 processes it reads nothing: what
starting this program costs.
"""

import json
import sys
import time
from pathlib import Path

from intake.reading.parts import Reading
from intake.reading.readers import SANDBOXED, find_means
from intake.reading.sandbox import Limits, ReadJob


def main() -> None:
    processes, files = int(sys.argv[1]), [Path(name) for name in sys.argv[2:]]
    means = find_means("require")
    if means.kind != SANDBOXED:
        raise SystemExit(means.why)
    jobs = [ReadJob(number, path, None, "application/pdf") for number, path in enumerate(files)] if processes else []
    began = time.monotonic()
    with means.readers(max(processes, 1), Limits()) as pool:
        results = sorted(pool.read(jobs), key=lambda done: done[0].key)
        wall_s = time.monotonic() - began
    broken = [result for _, result in results if not isinstance(result, Reading)]
    if broken:
        raise SystemExit(f"{len(broken)} files were not read: {broken[0]}")
    pages = [part for _, result in results if isinstance(result, Reading) for part in result.parts if part.page]
    found = {
        "wall_s": wall_s,
        "texts": [page.text for page in pages],
        "engines": [page.engine for page in pages],
        "asked": [[other.engine for other in page.others] for page in pages],
    }
    print(json.dumps(found))


if __name__ == "__main__":
    main()
