import subprocess
import sys
import time
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from sklearn.ensemble import RandomForestClassifier
from sklearn.pipeline import Pipeline

from faces.data.conditions import parse_condition
from faces.data.dataset import Faces, load_faces
from faces.data.split import split_by_condition
from faces.models import ModelParams, build_model, model_names, model_parameters
from faces.models.export import export_model
from faces.models.training import fit_classifier, fit_features
from faces.runtime.portable import (
    DamagedModelError,
    PortableModel,
    file_hash,
    read_portable,
    write_portable,
)
from tests.conftest import real_faces_are_here

ABOUT = {"model_version": "7", "data_version": "abc"}


def fit(name: str, faces: Faces, **params: bool | int | float | str) -> Pipeline:
    model = build_model(name, **params)
    features = fit_features(model, faces.pixels, faces.labels)
    return fit_classifier(model, features, faces.pixels, faces.labels)


def own_params(name: str, **params: bool | int | float | str) -> ModelParams:
    """Those of the parameters that the model has."""
    return {key: value for key, value in params.items() if key in model_parameters(name)}


@pytest.fixture(scope="module")
def all_faces() -> Faces:
    return load_faces("olivetti" if real_faces_are_here() else "synthetic")


@pytest.fixture(scope="module")
def small(drawn: Faces) -> PortableModel:
    return export_model(fit("svm", drawn, components=10), ABOUT)


@pytest.mark.parametrize("name", model_names())
def test_the_portable_model_answers_as_the_trained_one_on_all_images(
    all_faces: Faces, name: str
) -> None:
    condition = parse_condition("yaw=frontal", all_faces.conditions)
    model = fit(name, all_faces[split_by_condition(all_faces, condition).train])
    data = write_portable(export_model(model, ABOUT))
    portable = read_portable(data, file_hash(data))
    ours, theirs = portable.predict_proba(all_faces.pixels), model.predict_proba(all_faces.pixels)
    assert np.abs(ours - theirs).max() < 1e-5
    assert list(portable.predict(all_faces.pixels)) == list(model.predict(all_faces.pixels))


@pytest.mark.parametrize("whiten", [True, False])
@pytest.mark.parametrize("name", model_names())
def test_two_people_are_enough(drawn: Faces, name: str, whiten: bool) -> None:
    two = drawn[np.flatnonzero(np.isin(drawn.labels, drawn.identities[:2]))]
    model = fit(name, two, **own_params(name, components=3, whiten=whiten))
    portable = export_model(model, ABOUT)
    error = np.abs(portable.predict_proba(drawn.pixels) - model.predict_proba(drawn.pixels))
    assert error.max() < 1e-5


def test_a_file_comes_back_as_it_was_written(small: PortableModel, drawn: Faces) -> None:
    data = write_portable(small)
    back = read_portable(data, file_hash(data))
    assert dict(back.metadata) == ABOUT
    assert list(back.classes) == drawn.identities
    assert write_portable(back) == data
    assert np.array_equal(back.predict_proba(drawn.pixels), small.predict_proba(drawn.pixels))


def test_the_same_model_gives_the_same_bytes(small: PortableModel) -> None:
    first = write_portable(small)
    time.sleep(2.1)  # a zip file keeps times to two seconds
    assert write_portable(small) == first


@pytest.mark.parametrize("place", [0, 100, -1])
def test_a_damaged_file_is_refused(small: PortableModel, place: int) -> None:
    data = bytearray(write_portable(small))
    expected = file_hash(bytes(data))
    data[place] ^= 1
    with pytest.raises(DamagedModelError, match="hash that was recorded"):
        read_portable(bytes(data), expected)


def test_what_is_no_model_is_refused_even_with_its_own_hash(small: PortableModel) -> None:
    data = write_portable(small)
    array = BytesIO()
    np.save(array, np.zeros(3))
    for bad_request in (b"", b"no zip", data[: len(data) // 2], array.getvalue()):
        with pytest.raises(DamagedModelError, match="cannot be read"):
            read_portable(bad_request, file_hash(bad_request))
    odd = PortableModel([("telepathy", {})], small.classes, ABOUT)
    data = write_portable(odd)
    with pytest.raises(DamagedModelError, match=r"unknown here: \['telepathy'\]"):
        read_portable(data, file_hash(data))


def test_a_pickle_in_the_file_is_never_loaded() -> None:
    file = BytesIO()
    np.savez(file, header=np.array([{"stages": []}], dtype=object))
    with pytest.raises(DamagedModelError, match="allow_pickle"):
        read_portable(file.getvalue(), file_hash(file.getvalue()))


def test_an_estimator_that_cannot_be_exported_is_told(drawn: Faces) -> None:
    forest = RandomForestClassifier(2).fit(drawn.pixels[:20], drawn.labels[:20])
    with pytest.raises(TypeError, match="RandomForestClassifier cannot be exported"):
        export_model(Pipeline([("classifier", forest)]), ABOUT)


def test_it_loads_with_numpy_alone(small: PortableModel, tmp_path: Path) -> None:
    file = tmp_path / "model.npz"
    file.write_bytes(write_portable(small))
    code = (
        "import sys, numpy as np; from faces.runtime.portable import *; "
        f"data = open({str(file)!r}, 'rb').read(); "
        "model = read_portable(data, file_hash(data)); "
        "print(model.predict(np.zeros((1, 4096)))); "
        "print(sorted({'sklearn', 'scipy', 'pandas', 'zenml', 'mlflow'} & set(sys.modules)))"
    )
    said = subprocess.run(
        [sys.executable, "-c", code], cwd=Path(__file__).parents[4], capture_output=True, text=True
    )
    assert said.stdout.splitlines()[-1] == "[]", said.stderr
