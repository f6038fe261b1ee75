import pytest

from components.clouds.gcp_errors import translate_gcp_error


class PermissionDenied(Exception):
    """Named as Google's own is."""


class ResourceExhausted(Exception):
    pass


def wrapped(cause: Exception) -> RuntimeError:
    try:
        try:
            raise cause
        except Exception as error:
            raise RuntimeError("Failed to create the job") from error
    except RuntimeError as error:
        return error


@pytest.mark.parametrize(
    ("cause", "told"),
    [
        (
            PermissionDenied("create\ndenied"),
            "Google refused: create denied: python run.py --doctor",
        ),
        (ResourceExhausted("cpus"), "a quota of Google's is used up: cpus: wait, or ask for more"),
    ],
)
def test_a_refusal_is_one_line_with_a_remedy_however_it_is_wrapped(
    cause: Exception, told: str
) -> None:
    for error in (cause, wrapped(cause)):
        explained = translate_gcp_error(error)
        assert explained is not None
        assert str(explained).startswith(told)
        assert "\n" not in str(explained)


def test_other_errors_are_left_as_they_are() -> None:
    assert translate_gcp_error(wrapped(ValueError("our own fault"))) is None
