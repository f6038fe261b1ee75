import os
from pathlib import Path

import pytest

from cli.main import main
from faces.errors import UserError
from pipelines.shared.output_file import check_output_file


def test_a_new_and_an_existing_file_can_be_written(tmp_path: Path) -> None:
    file = tmp_path / "summary.json"
    check_output_file("--summary", file)
    assert not file.exists()
    file.touch()
    check_output_file("--summary", file)
    check_output_file("--summary", Path(os.devnull))


def test_a_folder_and_a_missing_folder_are_reported_with_the_fix(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"^--page .* is a folder: name a file in it$"):
        check_output_file("--page", tmp_path)
    with pytest.raises(UserError, match=r"there is no folder '.*/none': mkdir -p .*/none$"):
        check_output_file("--page", tmp_path / "none" / "page.html")


@pytest.mark.parametrize("exists", [False, True])
def test_a_missing_permission_is_reported(
    exists: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "summary.json"
    if exists:
        file.touch()
    denied = file if exists else tmp_path
    monkeypatch.setattr(os, "access", lambda place, mode: place != denied)
    with pytest.raises(UserError, match=f"no permission to write to {denied}: name another file"):
        check_output_file("--summary", file)


@pytest.mark.parametrize(
    "words",
    [
        ["--pipeline", "history", "--page", "/nowhere/page.html"],
        ["--pipeline", "training", "--summary", "/nowhere/summary.json"],
        ["captured", "--csv", "/nowhere/requests.csv"],
    ],
)
def test_output_files_are_checked_before_the_run(
    words: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def run(*_: object) -> None:
        raise AssertionError("nothing may run")

    monkeypatch.setattr("cli.combinations.run_pipeline", run)
    monkeypatch.setattr("components.deployers.base.active_deployer", run)
    monkeypatch.setattr("cli.runtime_env.silence_framework_logs", lambda: None)
    assert main(words) == 2
    assert "there is no folder '/nowhere': mkdir -p /nowhere" in capsys.readouterr().err
