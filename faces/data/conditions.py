"""Conditions as a person writes them: `lighting`, `yaw=frontal`, `yaw=left,right,glasses=no`."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from faces.errors import UserError, require_choice

Condition = Mapping[str, tuple[str, ...]]
"""For each condition name, the values that belong to it."""

USUAL_VALUES: Condition = {
    "yaw": ("frontal",),
    "pitch": ("level",),
    "expression": ("neutral", "other"),
    "eyes": ("open",),
    "glasses": ("no",),
    "lighting": ("even",),
}
"""The values a model starts from when only the name of a condition is given."""


def parse_condition(text: str, table: pd.DataFrame) -> Condition:
    """Read a condition against the values that `table` has.

    A name alone means its values in `USUAL_VALUES`, or its most frequent value. Values of one name,
    and names, are separated by commas: `yaw=left,right,lighting=even`.

    Raises UserError for an unknown name or value, with the choices, and for faces without any.
    """
    names = [str(name) for name in table.columns]
    if not names:
        raise UserError(
            f"condition '{text}': these faces have none (conditions.csv): --condition '' takes "
            "them all as the baseline"
        )
    found: dict[str, list[str]] = {}
    name = ""
    for part in (part.strip() for part in text.split(",")):
        key, equals, value = (piece.strip() for piece in part.partition("="))
        if not equals and name and key not in names:
            key, value = name, key
        elif not equals:
            value = ""
        name = require_choice("condition", key, names)
        values = found.setdefault(name, [])
        if value:
            values.append(require_choice(f"value of {name}", value, set(table[name])))
        elif equals:
            raise UserError(f"condition '{text}': '{name}=' needs a value")
    return {key: tuple(given) or _usual(key, table[key]) for key, given in found.items()}


def _usual(name: str, column: pd.Series) -> tuple[str, ...]:
    usual = tuple(value for value in USUAL_VALUES.get(name, ()) if value in set(column))
    return usual or (str(column.mode().iloc[0]),)


def matches(table: pd.DataFrame, condition: Condition) -> NDArray[np.bool_]:
    """Which rows of `table` have, for every name, one of its values: bool (n,)."""
    rows = np.ones(len(table), dtype=bool)
    for name, values in condition.items():
        rows &= table[name].isin(list(values)).to_numpy()
    return rows


def write_condition(condition: Condition) -> str:
    """The condition as `parse_condition` reads it."""
    return ",".join(f"{name}={','.join(values)}" for name, values in condition.items())
