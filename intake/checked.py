"""Values of the config file -> models; what is wrong becomes one sentence naming the key and what would be right."""

from pathlib import Path
from typing import TypeVar
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ValidationError

from intake.errors import ConfigurationError

S = TypeVar("S", bound=BaseModel)


def checked(model: type[S], values: object, where: str, base: Path) -> S:
    """A model of these values, which stand at ``where`` in the config file; ``base`` is that file's folder.

    Raises:
        ConfigurationError: a value is wrong; the message names its key.
    """
    try:
        return model.model_validate(values, context={"base": base})
    except ValidationError as error:
        raise ConfigurationError(_sentence(error, where)) from error


def time_zone(name: object) -> ZoneInfo:
    """The time zone of this name, as a validator of a setting."""
    try:
        return ZoneInfo(str(name))
    except (KeyError, ValueError, OSError) as error:
        raise ValueError("should be the name of a time zone, such as Europe/London") from error


def _sentence(error: ValidationError, where: str) -> str:
    first = error.errors()[0]
    key = ".".join((where, *(str(step) for step in first["loc"] if step != "function-after")))
    said = first["msg"].removeprefix("Value error, ")
    if first["type"] in _SAID:
        said = _SAID[first["type"]]
    elif first["type"] == "string_pattern_mismatch":
        said = _PATTERNS.get(first["ctx"]["pattern"], said)
    elif first["type"] == "literal_error":
        said = f"should be {first['ctx']['expected']}"
    elif first["type"] == "value_error" and ": " in said and said.split(": ")[0].isidentifier():
        named, said = said.split(": ", 1)
        key = f"{key}.{named}"
    return f"{key}: {said[0].lower()}{said[1:]}."


_SAID = {
    "missing": "is required",
    "extra_forbidden": "is no key of this section",
    "tuple_type": 'should be a list, such as ["…", "…"]',
    "string_type": "should be text, in quotes",
    "string_too_short": "should not be blank",
    "bool_type": "should be true or false",
    "bool_parsing": "should be true or false",
    "int_type": "should be a whole number",
    "int_parsing": "should be a whole number",
    "path_type": "should be a path, in quotes",
    "model_type": "should be a section",
    "model_attributes_type": "should be a section",
    "dict_type": "should be a section",
}
_PATTERNS = {
    r"^.*@.+$": 'should be an address or a domain such as "@norfolk.gov.uk"',
    r"^[A-Za-z0-9_-]+$": "should be a word of letters, digits, - and _",
    r"^[A-Za-z0-9][A-Za-z0-9._-]*$": "should be a word of letters, digits, -, . and _",
    r"^[A-Z][A-Z0-9]{0,9}$": "should be up to ten capital letters and digits, such as NCC",
    r"^(postgresql\+psycopg://.*)?$": 'should be "" for SQLite, or start with postgresql+psycopg://',
}
