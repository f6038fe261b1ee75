import pytest

from components.clouds.gcp_errors import translate_gcp_error


class PermissionDenied(Exception):
    """Named like the exception of google.api_core."""


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
    ("cause", "message"),
    [
        (
            PermissionDenied("create\ndenied"),
            "Google denied permission: create denied: python run.py --doctor",
        ),
        (
            ResourceExhausted("cpus"),
            "a Google Cloud quota is exhausted: cpus: wait, or request an increase",
        ),
    ],
)
def test_an_api_error_becomes_one_line_with_a_remedy_even_if_it_is_wrapped(
    cause: Exception, message: str
) -> None:
    for error in (cause, wrapped(cause)):
        explained = translate_gcp_error(error)
        assert explained is not None
        assert str(explained).startswith(message)
        assert "\n" not in str(explained)


class GoogleAPICallError(Exception):
    """Named like the base class in google.api_core."""


class InvalidArgument(GoogleAPICallError):
    """The class of status 400."""


class InternalServerError(GoogleAPICallError):
    """The class of status 500."""


@pytest.mark.parametrize("kind", [InvalidArgument, InternalServerError])
def test_any_other_api_error_becomes_one_line(kind: type[Exception]) -> None:
    assert str(translate_gcp_error(wrapped(kind("machine\ntype")))).startswith("Google re")


def test_other_errors_are_not_translated() -> None:
    assert translate_gcp_error(wrapped(ValueError("our own fault"))) is None
