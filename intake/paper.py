"""The commands that print paper: separator sheets for a batch, and the reply form."""

import sys
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from intake import show
from intake.app import App, separators
from intake.errors import CommandError
from intake.output import AsJson, give_out, print_found


def separator(
    context: typer.Context,
    received: Annotated[str, typer.Option(help="The day on which the letters were received: 2011-03-01.")],
    box: Annotated[str, typer.Option(help="The box in which the paper is kept.")],
    batch: Annotated[str, typer.Option(help="The batch within the box.")] = "",
    count: Annotated[
        int | None,
        typer.Option(help="So many sheets, numbered, so that a missing one is noticed. Without: one to copy."),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Write to this file instead of stdout.")] = None,
) -> None:
    """Print separator sheets as a PDF: one lies before each letter of a batch when it is scanned.

    The scan folder parts the file at them, and each letter gets the day on which it was received, and where its paper
    lies. Numbered sheets are for one batch; one without a number may be copied as often as it is needed.
    """
    if out is None and sys.stdout.isatty():
        raise CommandError("--out: should name a file, since a PDF is nothing to show on a terminal.")
    give_out(separators(context.obj, received, box, batch, count), out)


def form(
    context: typer.Context,
    out: Annotated[
        Path | None, typer.Option(help="Write to this file instead of stdout (with --learn: form.json).")
    ] = None,
    learn: Annotated[
        Path | None, typer.Option(metavar="FILE.pdf", help="Learn a printed form whose boxes somebody marked.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Print the reply form: the consultation's questions as a PDF, to fill in by pen or on screen.

    What comes back by mail, or as a scan into the folder of letters, is read: its ticks are the answers.

    --learn takes a form that is printed already: its PDF's fields are its boxes, or the rectangles that you draw around
    them in any PDF viewer, each with a comment that says `<question id>` or `<question id>.<option>`. The layout that
    it writes is named in the config: [reading] forms = ["form.json"].
    """
    if learn is None:
        if out is None and (as_json or sys.stdout.isatty()):
            raise CommandError("--out: should name a file, since a PDF is nothing to show here.")
        with App(context.obj) as app:
            content = app.form()
        give_out(content, out)
        if out is not None:
            print_found(as_json, {"file": str(out)}, lambda: show.sentence(f"The reply form is in {out}."))
        return
    target = out or Path("form.json")
    with App(context.obj) as app:
        found = app.learn_form(learn)
    give_out(msgspec.json.format(msgspec.json.encode(found.form), indent=1), target)
    boxes = sum(len(page.boxes) for page in found.form.pages)
    told = {"proposed": found.proposed, "unmapped": found.unmapped, "missing": found.missing}
    print_found(as_json, {"file": str(target), "boxes": boxes, **told}, lambda: show.learned(str(target), boxes, told))
