"""The commands about survey exports: ``intake survey map``."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from intake.app import App
from intake.output import AsJson, print_found

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Helps with what a survey tool exports.")


@app.callback()
def about() -> None:
    """Helps with what a survey tool exports."""


@app.command("map")
def map_export(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="An export: .csv, .tsv, .xlsx or .ods.")],
    channel: Annotated[str, typer.Option(metavar="NAME", help="The name of the channel in the config.")] = "survey",
    sheet: Annotated[str, typer.Option(help="The sheet of a workbook that holds the table.")] = "",
    header_row: Annotated[int, typer.Option(min=1, max=100, help="The row (from 1) in which the header begins.")] = 1,
    as_json: AsJson = False,
) -> None:
    """Propose how an export is mapped, as a section of the config that is ready to paste.

    Its headers are compared with the consultation's questions. What is sure is mapped; all other headers stand there as
    comments with the nearest guess. Answers are looked at, and never shown. Nothing is taken in and nothing is changed.
    """
    with App(context.obj) as opened:
        proposed, text = opened.map_survey(file, channel, sheet, header_row)
    unsure = [{"header": header, "nearest": nearest or None} for header, nearest in proposed.unsure]
    found = {"tool": proposed.tool, "channel": channel, "section": proposed.section, "unsure": unsure,
             "look": proposed.look, "toml": text}  # fmt: skip
    print_found(as_json, found, lambda: _write(text))


def _write(text: str) -> None:
    sys.stdout.write(text)
