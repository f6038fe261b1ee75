import subprocess
from pathlib import Path

import pytest

from components.deployers.seldon_local import environment
from faces.errors import OperationError


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of the test's own, with one small package to install."""
    pinned = tmp_path / "serving.txt"
    lines = Path(environment.REQUIREMENTS).read_text().split("\n")
    at = next(n for n, line in enumerate(lines) if line.startswith("six=="))
    end = next(n for n in range(at, len(lines)) if not lines[n].rstrip().endswith("\\"))
    pinned.write_text("\n".join(lines[at : end + 1]) + "\n")
    monkeypatch.setattr(environment, "FOLDER", tmp_path / "venv")
    monkeypatch.setattr(environment, "REQUIREMENTS", pinned)
    return tmp_path


def test_it_is_made_once_and_again_when_the_pins_change(
    elsewhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    python = environment.ensure_environment()
    subprocess.run([python, "-c", "import six"], check=True)
    marks = (elsewhere / "venv" / "ready").stat().st_mtime_ns
    assert environment.ensure_environment() == python
    assert (elsewhere / "venv" / "ready").stat().st_mtime_ns == marks
    environment.REQUIREMENTS.write_text("# nothing\n" + environment.REQUIREMENTS.read_text())
    environment.ensure_environment()
    assert (elsewhere / "venv" / "ready").stat().st_mtime_ns != marks


def test_one_that_was_cut_short_is_made_anew(elsewhere: Path) -> None:
    (elsewhere / "venv" / "bin").mkdir(parents=True)
    (elsewhere / "venv" / "bin" / "python").write_text("half made")
    subprocess.run([environment.ensure_environment(), "-c", "import six"], check=True)
    assert (elsewhere / "venv" / "ready").exists()


def test_packages_that_cannot_be_had_are_told_in_one_line(elsewhere: Path) -> None:
    environment.REQUIREMENTS.write_text(f"six==1.17.0 --hash=sha256:{'0' * 64}\n")
    with pytest.raises(
        OperationError, match="the server's environment could not be set up"
    ) as told:
        environment.ensure_environment()
    assert "\n" not in str(told.value)
    assert not (elsewhere / "venv" / "ready").exists()
