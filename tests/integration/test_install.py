"""`pip install .` in an empty environment."""

import subprocess
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NEEDED = {
    "certifi",
    "charset-normalizer",
    "face-recognizer",
    "idna",
    "numpy",
    "requests",
    "urllib3",
}


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of an empty environment in which the project is installed."""
    folder = tmp_path_factory.mktemp("install") / "venv"
    venv.create(folder, with_pip=True)
    python = folder / "bin" / "python"
    quiet = ["--quiet", "--disable-pip-version-check"]
    subprocess.run([python, "-m", "pip", "install", *quiet, str(ROOT)], check=True)
    return python


def run(python: Path, code: str, folder: Path) -> str:
    return subprocess.run(
        [python, "-I", "-c", code], cwd=folder, capture_output=True, text=True, check=True
    ).stdout.strip()


def test_the_client_needs_numpy_and_requests_only(python: Path, tmp_path: Path) -> None:
    names = run(
        python,
        "from importlib.metadata import distributions; "
        "print(*sorted(d.name.lower() for d in distributions()))",
        tmp_path,
    ).split()
    assert set(names) - {"pip", "setuptools"} <= NEEDED
    code = (
        "import faces.client as c; from faces.errors import OperationError\n"
        "try: c.count_faces('http://127.0.0.1:9')\n"
        "except OperationError as error: print(error)"
    )
    assert run(python, code, tmp_path).startswith("no endpoint responds at http://127.0.0.1:9")


def test_a_portable_model_runs_where_it_is_installed(python: Path, tmp_path: Path) -> None:
    from faces.data.dataset import load_faces
    from faces.models import build_model
    from faces.models.export import export_model
    from faces.models.training import fit_classifier, fit_features
    from faces.runtime.portable import file_hash, write_portable

    faces = load_faces("synthetic", people=4, images=6)
    model = build_model("fisher", components=10)
    features = fit_features(model, faces.pixels, faces.labels)
    portable = export_model(fit_classifier(model, features, faces.pixels, faces.labels), {})
    data = write_portable(portable)
    (tmp_path / "model.npz").write_bytes(data)
    faces.pixels[:3].tofile(tmp_path / "pixels")
    code = (
        "import numpy as np; from faces.runtime.portable import read_portable; "
        f"model = read_portable(open('model.npz', 'rb').read(), '{file_hash(data)}'); "
        "print(*model.predict(np.fromfile('pixels', np.float32).reshape(-1, 4096)))"
    )
    assert run(python, code, tmp_path).split() == portable.predict(faces.pixels[:3]).tolist()


def test_the_package_contains_its_data_and_nothing_else(python: Path, tmp_path: Path) -> None:
    code = (
        "from importlib.metadata import files; "
        "print(*sorted({f.parts[0] for f in files('face-recognizer')}), "
        "*(f.name for f in files('face-recognizer') if f.suffix in ('.csv', '.html')))"
    )
    names = set(run(python, code, tmp_path).split())
    assert {"faces", "olivetti_conditions.csv", "timeline.html", "base.html"} <= names
    assert not {"steps", "pipelines", "cli", "serving", "tests"} & names
