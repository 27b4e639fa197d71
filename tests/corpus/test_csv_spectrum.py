"""CSV as max ogden's csv-spectrum has it: each file is the rows that its JSON says."""

import json
from io import BytesIO
from pathlib import Path

from intake.reading import tabular

OTHER = {
    "location_coordinates": "its JSON has another telephone number, and is a row, not a list of rows",
    "newlines_crlf": "the file is stored with LF, its JSON with CRLF",
}
"""The files whose truth differs, and why."""


def rows(content: bytes) -> list[dict[str, str]]:
    result = tabular.split(BytesIO(content), {})
    assert isinstance(result, tuple), result
    table, frames = result
    return [dict(zip(table.columns, row.cells, strict=True)) for frame in frames for row in frame]


def test_every_file_is_what_its_json_says(corpus: Path) -> None:
    """Cell for cell, but for the two whose truth differs."""
    folder = corpus / "bad/csv-spectrum"
    names = {path.stem for path in (folder / "csvs").glob("*.csv")}
    assert len(names) == 12
    for name in sorted(names - OTHER.keys()):
        truth = json.loads((folder / f"json/{name}.json").read_text(encoding="utf-8"))
        assert rows((folder / f"csvs/{name}.csv").read_bytes()) == truth, name


def test_the_two_others_are_read_as_they_are(corpus: Path) -> None:
    """What the JSON says of them differs from what stands in them; that is read, whole."""
    folder = corpus / "bad/csv-spectrum"
    truth = json.loads((folder / "json/newlines_crlf.json").read_text(encoding="utf-8"))
    found = rows((folder / "csvs/newlines_crlf.csv").read_bytes())
    assert found == [{key: cell.replace("\r\n", "\n") for key, cell in row.items()} for row in truth]
    assert len(rows((folder / "csvs/location_coordinates.csv").read_bytes())) == 1
