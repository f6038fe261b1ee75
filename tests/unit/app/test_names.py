import pytest

from app.names import complete_name
from faces.errors import UserError

KNOWN = ["ada", "Bob", "bobby", "eve"]


@pytest.mark.parametrize(("typed", "name"), [("ada", "ada"), (" A", "ada"), ("bobb", "bobby")])
def test_the_beginning_of_a_name_is_completed(typed: str, name: str) -> None:
    assert complete_name(typed, KNOWN) == name


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        ("bo", "the beginning of 2 names"),
        ("evve", "did you mean 'eve'"),
        ("", "nobody called '' is enrolled: choose from the list"),
    ],
)
def test_other_names_are_refused_with_a_suggestion(typed: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        complete_name(typed, KNOWN)
