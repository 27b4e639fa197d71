"""Where items go once they are durable: the targets that ``after = "move:…"`` may name, as types of settings."""

from typing import Annotated

from pydantic import AfterValidator, BeforeValidator


def _move_target(value: object) -> str:
    target = value.removeprefix("move:") if isinstance(value, str) and value.startswith("move:") else ""
    if not target.strip() or target != target.strip() or not target.isprintable():
        raise ValueError('should be "move:" and a name, such as "move:Taken in"')
    return target


def _subfolder(target: str) -> str:
    if any(step in ("", ".", "..") for step in target.split("/")):
        raise ValueError('should be "move:" and a subfolder of folder, such as "move:Taken in"')
    return target


MoveTarget = Annotated[str, BeforeValidator(_move_target)]
"""``after = "move:NAME"``: the name of where items go once they are durable."""

MoveFolder = Annotated[str, AfterValidator(_subfolder), BeforeValidator(_move_target)]
"""The same for files: a path below the channel's folder."""
