"""A PDF of 1,000 pages, every other one a scan: no process may take 1 GB.

The scans are 200 dpi, by turns G4 and JPEG, with the upper third of a letter on them. Memory is the most that any
process of the run had at any time: the kernel's ``ru_maxrss``, or VmHWM of /proc where that was seen to be more.
"""

import tempfile
from pathlib import Path

from benchmarks.measure import Figure, Plan, Result
from benchmarks.ocrmypdf import take_in
from benchmarks.scans import write_long

PAGES, DIFFERENT, LIMIT_MB = 1_000, 24, 1_000.0


def bench(plan: Plan) -> Result:
    """Take the PDF in once, in a fresh home."""
    count = plan.items(PAGES)
    with tempfile.TemporaryDirectory(prefix="bench-pages-") as name:
        pdf = Path(name, "long.pdf")
        write_long(pdf, count, DIFFERENT)
        size = pdf.stat().st_size
        cost = take_in(Path(name, "ours"), pdf)
    what = f"a PDF of {count:,} pages, {count // 2:,} of them scans"
    figures = [
        Figure(f"{what}: largest process", "MB", cost.largest_mb, limit=LIMIT_MB),
        Figure("  the parent", "MB", cost.parent_mb),
        Figure("  all together", "MB", cost.together_mb),
        Figure("  CPU", "CPU s", cost.cpu_s, note=f"{cost.wall_s:.0f} s on the clock"),
    ]
    return Result(figures, {"pages": count, "bytes": size})
