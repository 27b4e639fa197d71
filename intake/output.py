"""What a command gives out: words or one JSON object on stdout, or bytes to a file."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from intake.errors import NotWritten

AsJson = Annotated[bool, typer.Option("--json", help="One JSON object on stdout, and nothing else there.")]


def give_out(content: bytes, out: Path | None) -> None:
    """Write bytes to a file, or to stdout.

    Raises:
        NotWritten: the file can't be written.
    """
    if out is None:
        sys.stdout.buffer.write(content)
        return
    try:
        out.write_bytes(content)
    except OSError as error:
        raise NotWritten(f"--out: {out} can't be written: {error.strerror}.") from error


def print_found(as_json: bool, document: Any, words: Callable[[], None]) -> None:
    """Print what was found, as JSON or in words."""
    if as_json:
        sys.stdout.write(json.dumps(document, ensure_ascii=False, indent=2 if sys.stdout.isatty() else None) + "\n")
    else:
        words()
