"""Overrides of settings on the command line, in Hydra's syntax: gate.minimum_images=10."""

import json
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from itertools import product
from typing import Literal, get_args, get_origin

import yaml

from components.settings import Settings
from faces.errors import UserError, did_you_mean

OVERRIDE = re.compile(r"(?P<key>[A-Za-z_][\w.]*)=(?P<value>.*)", re.DOTALL)
VALUES = re.compile(r"""(?:\[[^]]*\]|\{[^}]*\}|'[^']*'|"[^"]*"|[^,])+""")
"""Values of a multirun: commas within brackets and quotes do not separate them."""

Overrides = Mapping[str, object]
"""Values by key, with dots for those of a section: "gate.minimum_images"."""


def is_override(word: str) -> bool:
    """Return whether a word of a command line has the form key=value.

    Args:
        word: The word.
    """
    return OVERRIDE.fullmatch(word) is not None


def read_overrides(
    words: Sequence[str], schema: type[Settings], multirun: bool = False
) -> list[Overrides]:
    """Read overrides; of a multirun, all combinations of their values.

    Args:
        words: Words of the form key=value.
        schema: The settings that they change.
        multirun: Whether a value may be several, separated by commas.

    Returns:
        The overrides of each run; one without `multirun`.

    Raises:
        UserError: If there is no such key, or it is set twice; the message names the nearest.
    """
    choices: dict[str, list[object]] = {}
    for word in words:
        match = OVERRIDE.fullmatch(word)
        assert match is not None, word
        key = match["key"]
        if key in choices:
            raise UserError(f"{word}: {key} is set twice")
        kind = _kind_of(key, schema)
        texts = VALUES.findall(match["value"]) if multirun else [match["value"]]
        choices[key] = [_read_value(text, kind) for text in texts or [""]]
    return [dict(zip(choices, values, strict=True)) for values in product(*choices.values())]


def _kind_of(key: str, schema: type[Settings]) -> object:
    """Return the type of a setting; `object` for a key that only its model knows."""
    kind: object = schema
    for name in key.split("."):
        if isinstance(kind, type) and issubclass(kind, Settings) and name in kind.model_fields:
            kind = kind.model_fields[name].annotation
        elif kind is object or get_origin(kind) is dict:
            kind = object
        else:
            raise UserError(_describe_unknown(key, schema))
    if isinstance(kind, type) and issubclass(kind, Settings):
        raise UserError(_describe_unknown(key, schema))
    return kind


def _describe_unknown(key: str, schema: type[Settings]) -> str:
    names = schema.key_names()
    inside = [name for name in names if name.startswith(f"{key}.")]
    if inside:
        return f"{key} is a section: set one of {', '.join(inside)}"
    same = [name for name in names if name.rpartition(".")[2] == key.rpartition(".")[2]]
    nearest = did_you_mean(key, same or names)
    return f"unknown setting '{key}': {nearest}--settings lists all"


def _read_value(text: str, kind: object) -> object:
    """Read a value as JSON or YAML, except where the setting is text."""
    if kind is str or str in get_args(kind) or get_origin(kind) is Literal:
        quoted = len(text) > 1 and text[0] == text[-1] and text[0] in "'\""
        return text[1:-1] if quoted else text
    with suppress(ValueError):
        return json.loads(text)  # YAML reads 1e-3 as text
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise UserError(f"{text} is neither text, a number nor a list") from error
