"""Starts what is measured, and puts figures beside each other."""

import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

_LAUNCH = Path(__file__).with_name("launch.py")
_ROOT = Path(__file__).resolve().parent.parent
_TIMEOUT_S = 3600


class BenchBrokenError(RuntimeError):
    """A bench did not do what it is meant to measure: its figures would mean nothing."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What a command cost: CPU seconds of all its processes, seconds on the clock, memory in MB of 10**6 bytes (see the
    package)."""

    cpu_s: float
    wall_s: float
    largest_mb: float
    parent_mb: float
    together_mb: float
    output: Any
    """What it printed on stdout, a JSON object."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A line of the table. Without ``peer`` the limit is for ``ours``, else for ``ratio``; it is the most that may be,
    or, with ``at_least``, the least."""

    what: str
    unit: str
    ours: float | None
    peer: float | None = None
    ratio: float | None = None
    limit: float | None = None
    note: str = ""
    at_least: bool = False

    @property
    def holds(self) -> bool | None:
        """Whether the limit is kept; None without one."""
        measured = self.ours if self.peer is None else self.ratio
        if self.limit is None or measured is None:
            return None
        return measured >= self.limit if self.at_least else measured <= self.limit

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "holds": self.holds}


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is measured. ``scale`` is the share of the usual number of items, ``repeats`` how often each pair is."""

    scale: float = 1.0
    repeats: int = 3

    def items(self, count: int) -> int:
        """How many of the usual number of items."""
        return max(20, round(count * self.scale))


@dataclass(frozen=True, slots=True)
class Result:
    """What a bench found: its figures, and what it found them on."""

    figures: list[Figure]
    inputs: dict[str, Any]


def cost_of(
    command: Sequence[str | Path], environment: Mapping[str, str] | None = None, *, read_output: bool = True
) -> Cost:
    """Run a command that prints a JSON object (without ``read_output`` it may print anything), and what it cost.

    Raises:
        BenchBrokenError: it did not end well.
    """
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        figures = Path(folder) / "figures.json"
        done = subprocess.run(
            [sys.executable, "-S", "-E", _LAUNCH, figures, *command],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            cwd=_ROOT,
            env={**os.environ, **(environment or {})},
            timeout=_TIMEOUT_S,
            check=False,
        )
        if done.returncode or not figures.exists():
            raise BenchBrokenError(f"{command}: {done.stderr.decode(errors='replace')[-2000:]}")
        found = json.loads(figures.read_text())
    if found.pop("code") != 0:
        raise BenchBrokenError(f"{command} failed: {(done.stderr or done.stdout).decode(errors='replace')[-2000:]}")
    return Cost(**found, output=json.loads(done.stdout) if read_output else None)


def intake(config: Path, *arguments: str, environment: Mapping[str, str] | None = None) -> Cost:
    """Run the program on a config file, in a process of its own, as its command does."""
    command: list[str | Path] = [sys.executable, "-P", "-m", "intake", "--config", config, *arguments, "--json"]
    return cost_of(command, environment)


def step(name: str, config: Path, environment: Mapping[str, str]) -> Cost:
    """Run a part of a run alone (``benchmarks.steps``), in a process of its own."""
    return cost_of([sys.executable, "-P", "-m", "benchmarks.steps", name, config], environment)


def peer(name: str, *arguments: str | Path) -> dict[str, float]:
    """Run what we are measured against, in a process of its own: CPU seconds of each of its steps, by name."""
    seconds: dict[str, float] = cost_of([sys.executable, "-m", "benchmarks.peers", name, *arguments]).output
    return seconds


def pairs(ours: Sequence[float], peers: Sequence[float], what: str, limit: float | None) -> Figure:
    """The figure of two sides in CPU seconds, measured in turn: the median of the ratios, with their spread."""
    ratios = [one / other for one, other in zip(ours, peers, strict=True)]
    spread = f"{min(ratios):.2f}–{max(ratios):.2f}" if len(ratios) > 1 else "once"
    return Figure(
        what, "CPU s", statistics.median(ours), statistics.median(peers), statistics.median(ratios), limit, spread
    )


def median_of(figures: Sequence[Mapping[str, float]], name: str) -> float:
    """The median of one step of a peer, in CPU seconds."""
    return statistics.median(figure[name] for figure in figures)
