import pandas as pd
import pytest

from faces.data.conditions import baseline_condition, matches, parse_condition, write_condition
from faces.errors import UserError

TABLE = pd.DataFrame(
    {
        "yaw": ["frontal", "left", "right", "frontal"],
        "lighting": ["even", "even", "dark", "dark"],
        "hat": ["none", "bowler", "none", "none"],
    }
)


@pytest.mark.parametrize(
    ("text", "meaning", "rows"),
    [
        ("yaw", {"yaw": ("frontal",)}, [0, 3]),
        ("yaw=left,right", {"yaw": ("left", "right")}, [1, 2]),
        ("yaw=frontal,lighting=even", {"yaw": ("frontal",), "lighting": ("even",)}, [0]),
        ("yaw=left,right,lighting", {"yaw": ("left", "right"), "lighting": ("even",)}, [1]),
        ("hat", {"hat": ("none",)}, [0, 2, 3]),
        (" yaw = left ", {"yaw": ("left",)}, [1]),
    ],
)
def test_a_condition_is_parsed_and_selects_rows(text: str, meaning: dict, rows: list[int]) -> None:
    condition = parse_condition(text, TABLE)
    assert condition == meaning
    assert list(matches(TABLE, condition).nonzero()[0]) == rows
    assert parse_condition(write_condition(condition), TABLE) == condition


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("pose", "unknown condition 'pose': choose from hat, lighting, yaw"),
        ("yaw=up", "unknown value of yaw 'up': choose from frontal, left, right"),
        ("yaw=frontal,moon", "unknown value of yaw 'moon'"),
        ("yaw=", "'yaw=' needs a value"),
        ("lightning=even", "unknown condition 'lightning': did you mean 'lighting'. choose from"),
        ("", "unknown condition ''"),
    ],
)
def test_an_unknown_condition_is_reported_with_the_choices(text: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        parse_condition(text, TABLE)


@pytest.mark.parametrize(
    ("text", "table", "condition"),
    [
        ("auto", TABLE, {"yaw": ("frontal",)}),
        ("auto", TABLE[["hat"]], {}),
        ("auto", TABLE[TABLE["yaw"] != "frontal"], {}),
        ("auto", pd.DataFrame(index=range(3)), {}),
        ("", TABLE, {}),
        ("yaw=left", TABLE, {"yaw": ("left",)}),
    ],
)
def test_the_default_baseline_falls_back_to_all_images(
    text: str, table: pd.DataFrame, condition: dict
) -> None:
    assert baseline_condition(text, table) == condition


def test_an_explicit_baseline_does_not_fall_back() -> None:
    with pytest.raises(UserError, match=r"unknown condition 'yaw': .*choose from hat$"):
        baseline_condition("yaw=frontal", TABLE[["hat"]])


def test_a_condition_for_faces_without_conditions_is_an_error_with_the_fix() -> None:
    with pytest.raises(UserError, match=r"these faces have no conditions .*: --condition ''"):
        parse_condition("yaw=frontal", pd.DataFrame(index=range(3)))
