from collections.abc import Callable
from pathlib import Path

import pytest

from cli.exit_codes import exit_code
from faces.errors import OperationError, UserError


def fail(error: BaseException) -> Callable[[], int]:
    def act() -> int:
        raise error

    return act


@pytest.mark.parametrize(("result", "code"), [(None, 0), (0, 0), (3, 3)])
def test_the_result_of_a_command_is_its_exit_code(result: int | None, code: int) -> None:
    assert exit_code(lambda: result) == code


@pytest.mark.parametrize(
    ("error", "code", "message"),
    [
        (UserError("unknown model"), 2, "error: unknown model"),
        (OperationError("no endpoint answers"), 1, "error: no endpoint answers"),
        (OSError(28, "No space left on device", "/data/x"), 1,
         "error: cannot read or write /data/x: No space left on device"),
        (OSError("connection lost"), 1, "error: cannot read or write connection lost"),
        (KeyboardInterrupt(), 130, "stopped; the same command can be run again at any time"),
    ],
)  # fmt: skip
def test_an_expected_error_is_one_line(
    error: BaseException, code: int, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert exit_code(fail(error)) == code
    assert capsys.readouterr().err == f"{message}\n"


def test_the_error_for_a_missing_file_names_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    missing = tmp_path / "missing.json"
    assert exit_code(lambda: len(missing.read_text())) == 1
    expected = f"error: cannot read or write {missing}: No such file or directory\n"
    assert capsys.readouterr().err == expected


def test_an_unexpected_error_keeps_its_traceback() -> None:
    with pytest.raises(ZeroDivisionError):
        exit_code(fail(ZeroDivisionError()))
