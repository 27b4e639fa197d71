"""Where the folder of real inputs is."""

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def corpus() -> Path:
    """The folder that CORPUS names; without it these tests fail, since nobody runs them by chance."""
    folder = Path(os.environ.get("CORPUS", ""))
    if not os.environ.get("CORPUS") or not folder.is_dir():
        raise AssertionError("CORPUS should name the folder of real inputs: make corpus CORPUS=DIR")
    return folder
