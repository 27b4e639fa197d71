"""``python -m benchmarks [NAME …]``: runs the benches and prints their table. Ends with 0 unless a bench breaks."""

import argparse
import json
import os
import platform
import sys
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from benchmarks import calls, inbox, latency, mailbox, marks, ocr, ocrmypdf, pages, sandbox, survey_rows
from benchmarks.measure import Figure, Plan, Result

BENCHES: dict[str, Callable[[Plan], Result]] = {
    "mailbox": mailbox.bench,
    "inbox": inbox.bench,
    "latency": latency.bench,
    "sandbox": sandbox.bench,
    "marks": marks.bench,
    "survey_rows": survey_rows.bench,
    "calls": calls.bench,
    "ocr": ocr.bench,
    "ocrmypdf": ocrmypdf.bench,
    "pages": pages.bench,
}
_QUICK = 0.05
_HEADER = ("what", "ours", "peer", "ratio", "limit", "holds", "spread")


def main() -> int:
    given = _arguments()
    plan = Plan(_QUICK if given.quick else 1.0, 1 if given.quick else given.repeats)
    found: dict[str, Result] = {}
    for name in given.names or BENCHES:
        print(f"{name} …", file=sys.stderr)
        result = BENCHES[name](plan)
        found[name] = _without_verdicts(result) if given.quick else result
    if given.json:
        print(json.dumps(_as_json(found), indent=1))
    else:
        _print_table([figure for result in found.values() for figure in result.figures])
    return 0


def _without_verdicts(result: Result) -> Result:
    """The same figures, of too few items to say anything about a limit."""
    return replace(result, figures=[replace(figure, limit=None) for figure in result.figures])


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", choices=[*BENCHES, []], help=", ".join(BENCHES))
    parser.add_argument("--repeats", type=int, default=3, help="how often each pair is measured (3)")
    parser.add_argument("--quick", action="store_true", help="a twentieth of the items, once: to see that it works")
    parser.add_argument("--json", action="store_true", help="the figures as one JSON object")
    return parser.parse_args()


def _as_json(found: dict[str, Result]) -> dict[str, Any]:
    return {
        "machine": {"cpus": len(os.sched_getaffinity(0)), "python": platform.python_version()},
        "benches": {
            name: {"inputs": result.inputs, "figures": [figure.as_json() for figure in result.figures]}
            for name, result in found.items()
        },
    }


def _print_table(figures: list[Figure]) -> None:
    rows = [_HEADER, *(_cells(figure) for figure in figures)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for number, row in enumerate(rows):
        cells = [row[0].ljust(widths[0])]
        cells += [cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)]
        print("  ".join(cells).rstrip())
        if number == 0:
            print("  ".join("-" * width for width in widths))


def _cells(figure: Figure) -> tuple[str, ...]:
    def measured(value: float | None) -> str:
        decimals = 0 if figure.unit == "MB" else 2
        return "" if value is None else f"{value:,.{decimals}f} {figure.unit}"

    limit = "" if figure.limit is None else f"{figure.limit:g}" if figure.peer else f"{figure.limit:g} {figure.unit}"
    limit = f"≥ {limit}" if figure.at_least and limit else limit
    holds = {None: "", True: "yes", False: "NO"}[figure.holds]
    ratio = "" if figure.ratio is None else f"{figure.ratio:.2f}"
    return figure.what, measured(figure.ours), measured(figure.peer), ratio, limit, holds, figure.note


if __name__ == "__main__":
    sys.exit(main())
