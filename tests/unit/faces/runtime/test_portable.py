import json
import time
from dataclasses import replace
from io import BytesIO
from typing import Any

import numpy as np
import pytest
from onnxruntime import InferenceSession
from sklearn.ensemble import RandomForestClassifier
from sklearn.pipeline import Pipeline

from faces.data.conditions import parse_condition
from faces.data.dataset import Faces, load_faces
from faces.data.split import split_by_condition
from faces.models import build_model, model_names, model_parameters
from faces.models.export import export_model
from faces.models.face_check import fit_face_check
from faces.models.onnx_export.convert import convert_model
from faces.models.training import fit_classifier, fit_features
from faces.runtime.portable import (
    DamagedModelError,
    PortableModel,
    file_hash,
    read_portable,
    write_portable,
)
from tests.conftest import real_faces_are_here

METADATA = {"data_version": "abc", "data_source": "synthetic"}


def fit(name: str, faces: Faces, **params: Any) -> Pipeline:
    model = build_model(name, **params)
    features = fit_features(model, faces.pixels, faces.labels)
    return fit_classifier(model, features, faces.pixels, faces.labels)


@pytest.fixture(scope="module")
def all_faces() -> Faces:
    return load_faces("olivetti" if real_faces_are_here() else "synthetic")


@pytest.fixture(scope="module")
def small(drawn: Faces) -> PortableModel:
    return export_model(fit("svm", drawn, components=10), METADATA)


@pytest.fixture(scope="module", params=model_names())
def model(all_faces: Faces, request: pytest.FixtureRequest) -> Pipeline:
    """Every recogniser, trained on frontal images."""
    condition = parse_condition("yaw=frontal", all_faces.conditions)
    return fit(request.param, all_faces[split_by_condition(all_faces, condition).train])


def test_the_portable_model_predicts_like_the_trained_model_on_all_images(
    all_faces: Faces, model: Pipeline
) -> None:
    data = write_portable(export_model(model, METADATA))
    portable = read_portable(data, file_hash(data))
    ours, theirs = portable.predict_proba(all_faces.pixels), model.predict_proba(all_faces.pixels)
    assert np.abs(ours - theirs).max() < 2e-5
    assert list(portable.predict(all_faces.pixels)) == list(model.predict(all_faces.pixels))


def test_the_onnx_graph_predicts_like_the_portable_model(
    all_faces: Faces, drawn: Faces, model: Pipeline
) -> None:
    portable = export_model(model, METADATA, rejection_threshold=0.25)
    graph = convert_model(portable)
    session = InferenceSession(graph.SerializeToString(), providers=["CPUExecutionProvider"])
    flat = np.repeat(np.array([[0], [0.5], [1]], np.float32), 4096, axis=1)
    noise = np.random.default_rng(0).random((3, 4096), np.float32)
    pixels = np.concatenate([all_faces.pixels, drawn.pixels, flat, noise])
    probabilities, scores = session.run(None, {"pixels": pixels})
    expected, expected_scores = portable.predict_with_score(pixels)
    assert np.abs(probabilities - expected).max() < 1e-5
    assert session.run(None, {"pixels": pixels[:1]})[0].shape == (1, len(portable.classes))
    # A training image has distance 0 from itself, whose logarithm is all rounding error.
    assert np.abs(scores - expected_scores)[-6:].max() < 1e-4
    properties = {entry.key: entry.value for entry in graph.metadata_props}
    assert json.loads(properties["classes"]) == portable.classes.tolist()
    assert float(properties["rejection_threshold"]) == 0.25
    assert properties["data_version"] == METADATA["data_version"]


@pytest.mark.parametrize("whiten", [True, False])
@pytest.mark.parametrize("name", model_names())
def test_two_people_are_enough_for_a_portable_model(drawn: Faces, name: str, whiten: bool) -> None:
    two = drawn[np.flatnonzero(np.isin(drawn.labels, drawn.identities[:2]))]
    wanted = {"components": 3, "whiten": whiten}
    params = {key: value for key, value in wanted.items() if key in model_parameters(name)}
    model = fit(name, two, **params)
    portable = export_model(model, METADATA)
    error = np.abs(portable.predict_proba(drawn.pixels) - model.predict_proba(drawn.pixels))
    assert error.max() < 2e-5


def test_a_model_round_trips(small: PortableModel, drawn: Faces) -> None:
    data = write_portable(small)
    restored = read_portable(data, file_hash(data))
    assert dict(restored.metadata) == METADATA
    assert list(restored.classes) == drawn.identities
    assert write_portable(restored) == data
    assert np.array_equal(restored.predict_proba(drawn.pixels), small.predict_proba(drawn.pixels))


def test_equal_models_have_equal_bytes_at_any_time(
    small: PortableModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = write_portable(small)
    tomorrow = time.localtime(time.time() + 86_400)
    monkeypatch.setattr(time, "localtime", lambda *_: tomorrow)
    assert write_portable(small) == first


@pytest.mark.parametrize("place", [0, 100, -1])
def test_a_damaged_file_is_refused(small: PortableModel, place: int) -> None:
    data = bytearray(write_portable(small))
    expected = file_hash(bytes(data))
    data[place] ^= 1
    with pytest.raises(DamagedModelError, match="hash that was recorded"):
        read_portable(bytes(data), expected)


def test_bytes_that_are_not_a_model_are_refused_even_with_the_right_hash(
    small: PortableModel,
) -> None:
    data = write_portable(small)
    array = BytesIO()
    np.save(array, np.zeros(3))
    for content in (b"", b"no zip", data[: len(data) // 2], array.getvalue()):
        with pytest.raises(DamagedModelError, match="cannot be read"):
            read_portable(content, file_hash(content))
    unsupported = PortableModel([("telepathy", {})], small.classes, METADATA)
    data = write_portable(unsupported)
    with pytest.raises(DamagedModelError, match=r"needs unknown operators: \['telepathy'\]"):
        read_portable(data, file_hash(data))


def test_a_pickle_in_a_model_file_is_not_loaded() -> None:
    file = BytesIO()
    np.savez(file, header=np.array([{"operators": []}], dtype=object))
    with pytest.raises(DamagedModelError, match="Python objects"):
        read_portable(file.getvalue(), file_hash(file.getvalue()))


def test_the_error_for_an_estimator_that_cannot_be_exported_names_it(drawn: Faces) -> None:
    forest = RandomForestClassifier(2).fit(drawn.pixels[:20], drawn.labels[:20])
    with pytest.raises(TypeError, match="RandomForestClassifier cannot be exported"):
        export_model(Pipeline([("classifier", forest)]), METADATA)


def test_faces_below_the_rejection_threshold_are_not_accepted(
    small: PortableModel, drawn: Faces
) -> None:
    probabilities, scores = small.predict_with_score(drawn.pixels)
    threshold = float(np.sort(scores)[len(scores) // 2])
    predictions = replace(small, rejection_threshold=threshold).predict_open_set(drawn.pixels)
    assert np.array_equal(predictions.probabilities, probabilities)
    assert np.array_equal(predictions.scores, scores)
    assert np.array_equal(predictions.accepted, scores >= np.float32(threshold))
    assert 0 < predictions.accepted.sum() < len(drawn)


def test_without_a_rejection_threshold_all_faces_are_accepted(
    small: PortableModel, drawn: Faces
) -> None:
    assert small.rejection_threshold is None
    predictions = small.predict_open_set(drawn.pixels)
    assert predictions.accepted.dtype == np.bool_
    assert predictions.accepted.shape == (len(drawn),)
    assert predictions.accepted.all()


def test_the_face_check_is_stored_and_rejects_what_is_not_a_face(
    small: PortableModel, drawn: Faces
) -> None:
    assert not small.rejects
    checked = replace(small, face_check=fit_face_check(drawn.pixels, drawn.labels))
    assert checked.rejects
    for quantization in ("", "int8"):
        data = write_portable(replace(checked, quantization=quantization))
        restored = read_portable(data, file_hash(data))
        assert restored.predict_open_set(drawn.pixels).accepted.mean() >= 0.98
        noise = np.random.default_rng(1).random((50, 4096)).astype(np.float32)
        assert restored.predict_open_set(noise).accepted.mean() <= 0.05


def test_a_damaged_face_check_is_refused(small: PortableModel, drawn: Faces) -> None:
    checked = replace(small, face_check=fit_face_check(drawn.pixels, drawn.labels))
    arrays = dict(np.load(BytesIO(write_portable(checked))))
    del arrays["face_template"]
    file = BytesIO()
    np.savez(file, **arrays)
    with pytest.raises(DamagedModelError):
        read_portable(file.getvalue(), file_hash(file.getvalue()))


def test_logit_scale_and_rejection_threshold_are_stored(small: PortableModel, drawn: Faces) -> None:
    data = write_portable(replace(small, logit_scale=2.5, rejection_threshold=0.75))
    restored = read_portable(data, file_hash(data))
    assert (restored.logit_scale, restored.rejection_threshold) == (2.5, 0.75)
    plain = replace(small, logit_scale=1.0).predict_with_score(drawn.pixels[:5])[1]
    assert np.allclose(restored.predict_with_score(drawn.pixels[:5])[1] * 2.5, plain)


def test_the_bytes_of_a_model_do_not_contain_its_version(small: PortableModel) -> None:
    assert "model_version" not in small.metadata
    assert b"model_version" not in write_portable(small)
