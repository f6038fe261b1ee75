"""The reports about changed data and about a new version, as the workflows run them."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.integration.repository import copy_repository


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    return copy_repository(tmp_path / "repository")


def test_changed_conditions_and_a_changed_renderer_are_reported(repository: Path) -> None:
    sources = repository / "faces" / "data" / "sources"
    table = sources / "olivetti_conditions.csv"
    lines = table.read_text().splitlines()
    assert ",frontal," in lines[1]
    lines[1] = lines[1].replace(",frontal,", ",left,")
    table.write_text("\n".join(lines) + "\n")
    synthetic = sources / "synthetic.py"
    text = synthetic.read_text()
    assert '"gain": (0.45 ' in text
    synthetic.write_text(text.replace('"gain": (0.45 ', '"gain": (0.55 '))
    no_faces = {
        "SCIKIT_LEARN_DATA": str(repository.parent / "no-faces"),
        "HTTPS_PROXY": "http://127.0.0.1:9",  # a download fails at once
    }
    command = [sys.executable, "-m", "scripts.data_changes", "--base", "HEAD"]
    subprocess.run(command, cwd=repository, env={**os.environ, **no_faces}, check=True)
    out = repository / "data-changes"
    report = (out / "report.md").read_text()
    olivetti, rendered = report.split("## ")[1:]
    assert "1 other conditions" in olivetti
    assert "| 0 |  | yaw | frontal | left |" in olivetti
    assert "other pixels" in rendered, "faces in dark light"
    assert sorted(file.name for file in out.iterdir()) == ["report.md", "synthetic.png"]


def test_an_unknown_commit_is_reported(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from scripts.data_changes import main

    assert main(["--base", "nowhere", "--out", str(tmp_path)]) == 2
    assert "cannot read commit 'nowhere'" in capsys.readouterr().err


def test_a_version_is_compared_with_the_previous_one(
    zenml_home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from scripts.registry_changes import main
    from store.versions import create_version

    first, second = (
        create_version([], {"metrics": {"baseline_accuracy": accuracy}, "gate": gate}, [], "")
        for accuracy, gate in ((0.9, "promoted: first"), (0.95, "promoted: better"))
    )
    out = tmp_path / "report"
    assert main(["--out", str(out)]) == 0
    report = (out / "report.md").read_text()
    assert f"face-recognizer: version {second.number}" in report
    assert "| gate decision | promoted: better | promoted: first |" in report
    assert "| baseline_accuracy | 0.950 | 0.900 | +0.050 |" in report
    assert main(["--version", "999", "--out", str(out)]) == 2
    assert f"choose from {second.number}, {first.number}" in capsys.readouterr().err
