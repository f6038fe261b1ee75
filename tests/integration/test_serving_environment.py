import subprocess
from pathlib import Path

import pytest

from components.deployers.seldon_local import environment
from faces.errors import OperationError


@pytest.fixture
def small_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An environment in a temporary folder, with one small package to install."""
    pinned = tmp_path / "serving.txt"
    lines = Path(environment.REQUIREMENTS).read_text().split("\n")
    start = next(n for n, line in enumerate(lines) if line.startswith("six=="))
    end = next(n for n in range(start, len(lines)) if not lines[n].rstrip().endswith("\\"))
    pinned.write_text("\n".join(lines[start : end + 1]) + "\n")
    monkeypatch.setattr(environment, "FOLDER", tmp_path / "venv")
    monkeypatch.setattr(environment, "REQUIREMENTS", pinned)
    return tmp_path / "venv"


def test_the_environment_is_created_again_only_if_the_pinned_packages_change(
    small_environment: Path,
) -> None:
    marker = small_environment / "ready"
    python = environment.ensure_environment()
    subprocess.run([python, "-c", "import six"], check=True)
    created = marker.stat().st_mtime_ns
    assert environment.ensure_environment() == python
    assert marker.stat().st_mtime_ns == created
    environment.REQUIREMENTS.write_text("# nothing\n" + environment.REQUIREMENTS.read_text())
    environment.ensure_environment()
    assert marker.stat().st_mtime_ns != created


def test_an_incomplete_environment_is_created_again(small_environment: Path) -> None:
    (small_environment / "bin").mkdir(parents=True)
    (small_environment / "bin" / "python").write_text("incomplete")
    subprocess.run([environment.ensure_environment(), "-c", "import six"], check=True)
    assert (small_environment / "ready").exists()


def test_packages_that_cannot_be_installed_are_reported_in_one_line(
    small_environment: Path,
) -> None:
    environment.REQUIREMENTS.write_text(f"six==1.17.0 --hash=sha256:{'0' * 64}\n")
    with pytest.raises(
        OperationError, match="the server's environment could not be set up"
    ) as raised:
        environment.ensure_environment()
    assert "\n" not in str(raised.value)
    assert not (small_environment / "ready").exists()
