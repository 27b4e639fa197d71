"""``python -m benchmarks.accuracy``: makes the pages, has the program read them, and says how well it does.

Nothing is taken from stored results: every page is made (or, of the corpus, taken from its file) as a picture and read
in the sandbox, on all cores. Ends with 0 if every limit holds, else with 1.
"""

import argparse
import json
import sys
import time
from collections.abc import Iterator
from importlib import import_module
from importlib.util import find_spec
from itertools import chain
from pathlib import Path

from benchmarks.accuracy import corpus
from benchmarks.accuracy.read import ReadPage, read_pages
from benchmarks.accuracy.report import Verdict, print_sets, print_verdicts, set_rows, verdicts
from benchmarks.accuracy.sets import SETS, TruePage, pages

_ABOUT = {each.name: each.about for each in SETS} | corpus.ABOUT
_MORE = ("benchmarks.accuracy.ticks", "benchmarks.accuracy.separators")
"""Modules of their own that offer ``verdicts(factor: float) -> list[Verdict]``: what is no text."""


def main() -> int:
    given = _arguments()
    began = time.monotonic()
    read = list(_followed(read_pages(_all_pages(given), given.processes), quiet=given.json))
    order = list(_ABOUT)
    read.sort(key=lambda one: (order.index(one.page.set), one.page.name))
    if given.keep:
        _keep(given.keep, read)
    found = [*verdicts(read), *corpus_verdicts(read), *([] if given.only else _more(given.pages))]
    rows = set_rows(read, _ABOUT.__getitem__)
    if given.json:
        print(json.dumps({"sets": rows, "asked": [one.as_json() for one in found]}, indent=1, ensure_ascii=False))
    else:
        print_sets(rows)
        print()
        print_verdicts(found)
        print(f"\n{len(read)} pages in {time.monotonic() - began:.0f} seconds.")
    return int(any(one.holds is False for one in found))


def corpus_verdicts(read: list[ReadPage]) -> list[Verdict]:
    """The pages of others that have a limit: each by itself must be read as if it were upright."""
    errors = [one.errors for one in read if one.page.group == "corpus"]
    if not errors:
        return []
    worst = max(each.cer for each in errors)
    return [
        Verdict("tesseract's test page, the worst of its rotations: character error rate", worst, 0.005, len(errors))
    ]


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.accuracy", description=__doc__)
    parser.add_argument("--pages", type=float, default=1.0, help="how many times the usual number of pages (1)")
    parser.add_argument("--only", nargs="*", default=[], choices=list(_ABOUT), metavar="SET", help=", ".join(_ABOUT))
    parser.add_argument(
        "--corpus", type=Path, help="folder of scans by others, with tesseract-test and ocrmypdf in it or in its scans"
    )
    parser.add_argument("--keep", type=Path, help="folder for the pages, their truths (.txt) and readings (.read.txt)")
    parser.add_argument("--processes", type=int, help="how many read at once (as many as there are cores)")
    parser.add_argument("--json", action="store_true", help="the figures as one JSON object")
    given = parser.parse_args()
    if given.corpus and (given.corpus / "scans").is_dir():
        given.corpus /= "scans"
    if given.corpus and not any((given.corpus / name).is_dir() for name in ("tesseract-test", "ocrmypdf")):
        parser.error(f"there is no tesseract-test and no ocrmypdf in {given.corpus}")
    return given


def _all_pages(given: argparse.Namespace) -> Iterator[TruePage]:
    theirs = corpus.corpus_pages(given.corpus) if given.corpus else ()
    ours = [name for name in given.only if name not in corpus.ABOUT]
    made = pages(given.pages, ours) if ours or not given.only else ()
    return chain(made, (page for page in theirs if not given.only or page.set in given.only))


def _followed(read: Iterator[ReadPage], *, quiet: bool) -> Iterator[ReadPage]:
    """The same, with a line on a terminal that says how far it is."""
    shown = sys.stderr.isatty() and not quiet
    for number, one in enumerate(read, 1):
        if shown:
            print(f"\r{number} pages read", end="", file=sys.stderr, flush=True)
        yield one
    if shown:
        print("\r\033[K", end="", file=sys.stderr)


def _keep(folder: Path, read: list[ReadPage]) -> None:
    """Everything that was compared, to be looked at."""
    folder.mkdir(parents=True, exist_ok=True)
    for one in read:
        name = one.page.name
        if one.page.set not in corpus.ABOUT:
            (folder / one.page.file_name).write_bytes(one.page.data)
        (folder / f"{name}.txt").write_text(one.page.truth + "\n", encoding="utf-8")
        (folder / f"{name}.read.txt").write_text(one.text + "\n", encoding="utf-8")
    lines = [
        f"{one.page.name}\t{one.errors.cer:.4f}\t{one.errors.recall:.3f}\t{one.confidence:.3f}\t{one.flagged:d}\t{one.engine}"
        for one in read
    ]
    table = "\n".join(["page\tcer\tword recall\tconfidence\tflagged\tengine", *lines])
    (folder / "pages.tsv").write_text(table + "\n", encoding="utf-8")


def _more(factor: float) -> list[Verdict]:
    """What modules of their own measure, as far as they are there."""
    return [verdict for name in _MORE if find_spec(name) for verdict in import_module(name).verdicts(factor)]


if __name__ == "__main__":
    sys.exit(main())
