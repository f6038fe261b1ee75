"""Conditions as users write them: `lighting`, `yaw=frontal`, `yaw=left,right,glasses=no`."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from faces.errors import UserError, require_choice

Condition = Mapping[str, tuple[str, ...]]
"""For each condition name, the values that match."""

UNKNOWN = "unknown"
"""The value of a condition that was not recorded for an image."""

AUTO_CONDITION = "auto"
"""Stands for `DEFAULT_BASELINE` if the data has it, else for all images."""

DEFAULT_BASELINE: Condition = {"yaw": ("frontal",)}

USUAL_VALUES: Condition = {
    "yaw": ("frontal",),
    "pitch": ("level",),
    "expression": ("neutral", "other"),
    "eyes": ("open",),
    "glasses": ("no",),
    "lighting": ("even",),
}
"""The values that a condition's name alone stands for."""


def parse_condition(text: str, table: pd.DataFrame) -> Condition:
    """Parse a condition and check it against the data.

    A name alone means its values in `USUAL_VALUES`, or its most frequent value. Values of one name,
    and names, are separated by commas: `yaw=left,right,lighting=even`.

    Args:
        text: The condition.
        table: The conditions of the data, one column per name.

    Returns:
        The values that match, by name.

    Raises:
        UserError: If a name or value is unknown, or the data has no conditions.
    """
    names = [str(name) for name in table.columns]
    if not names:
        raise UserError(
            f"condition '{text}': these faces have no conditions (conditions.csv): "
            "--condition '' uses all of them as the baseline"
        )
    condition: dict[str, list[str]] = {}
    name = ""
    for part in (part.strip() for part in text.split(",")):
        key, equals, value = (piece.strip() for piece in part.partition("="))
        if not equals and name and key not in names:
            key, value = name, key
        elif not equals:
            value = ""
        name = require_choice("condition", key, names)
        values = condition.setdefault(name, [])
        if value:
            values.append(require_choice(f"value of {name}", value, set(table[name])))
        elif equals:
            raise UserError(f"condition '{text}': '{name}=' needs a value")
    return {
        key: tuple(values) or _usual_values(key, table[key]) for key, values in condition.items()
    }


def _usual_values(name: str, column: pd.Series) -> tuple[str, ...]:
    usual = tuple(value for value in USUAL_VALUES.get(name, ()) if value in set(column))
    return usual or (str(column.mode().iloc[0]),)


def baseline_condition(text: str, table: pd.DataFrame) -> Condition:
    """Return the condition to train on, checked against the data.

    Args:
        text: A condition as for `parse_condition`, "" for all images, or "auto" for
            `DEFAULT_BASELINE` if the data has it, else all images.
        table: The conditions of the data, one column per name.

    Returns:
        The values that match, by name; {} for all images.

    Raises:
        UserError: If a name or value is unknown, or the data has no conditions.
    """
    if text != AUTO_CONDITION:
        return parse_condition(text, table) if text else {}
    complete = all(
        name in table and set(values) <= set(table[name])
        for name, values in DEFAULT_BASELINE.items()
    )
    return DEFAULT_BASELINE if complete else {}


def matches(table: pd.DataFrame, condition: Condition) -> NDArray[np.bool_]:
    """Return which rows of a table match a condition.

    Args:
        table: The conditions of n images, one column per name of `condition`.
        condition: For each name, the values that match; an empty condition matches every row.

    Returns:
        bool (n,): True where every name has one of its values.
    """
    rows = np.ones(len(table), dtype=bool)
    for name, values in condition.items():
        rows &= table[name].isin(list(values)).to_numpy()
    return rows


def write_condition(condition: Condition) -> str:
    """Format a condition so that `parse_condition` reads it back.

    Args:
        condition: For each name, the values that match.

    Returns:
        Text such as "yaw=left,right,glasses=no"; "" for an empty condition.
    """
    return ",".join(f"{name}={','.join(values)}" for name, values in condition.items())
