from pathlib import Path

import pytest

from cli.interval import parse_interval
from components.settings import Settings
from faces.errors import UserError


@pytest.fixture(autouse=True)
def home(zenml_home: Path) -> None:
    from stacks.databases import create_zenml_database

    create_zenml_database()


def test_a_number_of_faces_cannot_be_scheduled() -> None:
    from cli.schedule import update_schedule

    with pytest.raises(UserError, match="a schedule counts time, not faces: use 10min, 2h"):
        update_schedule(Settings(), parse_interval("50faces"))


@pytest.mark.parametrize("every", ["2h", "never"])
def test_a_stack_without_schedules_is_rejected_and_alternatives_are_listed(every: str) -> None:
    from cli.schedule import update_schedule

    with pytest.raises(
        UserError, match=r"no schedules with .* 'local': choose a stack with vertex"
    ):
        update_schedule(Settings(), parse_interval(every))


def test_never_is_not_an_interval() -> None:
    assert parse_interval("never") is None
