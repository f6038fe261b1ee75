import numpy as np
import pytest
from sklearn.pipeline import Pipeline

from faces.data.conditions import parse_condition
from faces.data.dataset import Faces
from faces.data.split import split_by_condition
from faces.errors import UserError
from faces.models import build_model, model_names, training
from faces.models.export import export_model
from faces.models.training import augment, describe_pca, fit_classifier, fit_features
from tests.conftest import needs_real_faces


def fit(name: str, faces: Faces, **params: object) -> Pipeline:
    model = build_model(name, **params)
    features = fit_features(model, faces.pixels, faces.labels)
    return fit_classifier(model, features, faces.pixels, faces.labels)


@pytest.mark.parametrize("name", model_names())
def test_every_model_goes_from_pixels_to_probabilities(drawn: Faces, name: str) -> None:
    model = fit(name, drawn, components=20)
    odds = model.predict_proba(drawn.pixels[:5])
    assert odds.shape == (5, 12)
    assert np.allclose(odds.sum(axis=1), 1, atol=1e-5)
    assert list(model.classes_[odds.argmax(axis=1)]) == list(model.predict(drawn.pixels[:5]))


@pytest.mark.parametrize("name", model_names())
def test_fitting_in_two_parts_is_fitting_the_whole(drawn: Faces, name: str) -> None:
    plain = {"mirror": False, "shift": 0} if name == "fisher" else {}
    whole = build_model(name, components=20, **plain)
    whole.set_params(pca__svd_solver="full").fit(drawn.pixels, drawn.labels)
    parts = fit(name, drawn, components=20, **plain)
    assert np.allclose(
        whole.predict_proba(drawn.pixels), parts.predict_proba(drawn.pixels), atol=5e-3
    )


def test_building_leaves_the_model_unfitted(drawn: Faces) -> None:
    model = build_model("svm", components=20)
    fit_features(model, drawn.pixels, drawn.labels)
    assert not hasattr(model["pca"], "components_")


def test_pca_is_the_singular_value_decomposition(drawn: Faces) -> None:
    features = fit_features(build_model("logistic", components=5), drawn.pixels, drawn.labels)
    centred = drawn.pixels.astype(np.float64) - drawn.pixels.mean(axis=0)
    _, values, rows = np.linalg.svd(centred, full_matrices=False)
    assert np.allclose(np.abs(features["pca"].components_ @ rows[:5].T), np.eye(5), atol=1e-2)
    share = (values[:5] ** 2).sum() / (values**2).sum()
    assert describe_pca(features) == {
        "pca_components": 5,
        "pca_variance": pytest.approx(share, rel=1e-3),
    }


def test_a_share_of_variance_is_reached(drawn: Faces) -> None:
    features = fit_features(build_model("svm", components=0.9), drawn.pixels, drawn.labels)
    told = describe_pca(features)
    assert told["pca_variance"] >= 0.9
    assert 1 < told["pca_components"] < 60


def test_more_components_than_images_are_lowered(drawn: Faces) -> None:
    few = drawn[[0, 1, 2, 8, 9, 10]]
    model = fit("svm", few, components=60)
    assert describe_pca(model)["pca_components"] == 5


@pytest.mark.parametrize("components", [0, -3, 1.5, 0.0])
def test_components_that_mean_nothing_are_refused(drawn: Faces, components: float) -> None:
    with pytest.raises(UserError, match="components must be"):
        fit_features(build_model("svm", components=components), drawn.pixels, drawn.labels)


def test_the_solver_suits_the_size(drawn: Faces, monkeypatch: pytest.MonkeyPatch) -> None:
    def solver() -> str:
        model = build_model("svm", components=10)
        return str(fit_features(model, drawn.pixels, drawn.labels)["pca"].svd_solver)

    assert solver() == "full"
    monkeypatch.setattr(training, "EXACT_PCA_MAX_ROWS", 50)
    assert solver() == "randomized"


def test_an_unknown_model_is_told_with_the_choices() -> None:
    with pytest.raises(UserError, match="unknown model 'net': choose from bayesian, eigenfaces"):
        build_model("net")


def test_copies_stand_in_blocks_and_are_made_of_few_images_only(
    drawn: Faces, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = build_model("fisher")
    pixels, labels, blocks = augment(model, drawn.pixels, drawn.labels)
    assert blocks == 10
    assert np.array_equal(pixels[: len(drawn)], drawn.pixels)
    assert np.array_equal(labels, np.tile(drawn.labels, 10))
    mirrored = pixels.reshape(10, len(drawn), 64, 64)[5]
    assert np.array_equal(mirrored, drawn.images[:, :, ::-1])
    assert augment(build_model("svm"), drawn.pixels, drawn.labels)[2] == 1
    monkeypatch.setattr(training, "AUGMENT_MAX_ROWS", 50)
    assert augment(model, drawn.pixels, drawn.labels)[2] == 1


@pytest.mark.parametrize("name", ["fisher", "svm"])
def test_of_many_images_the_temperature_is_fitted_on_some_held_out(
    drawn: Faces, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    usual = fit(name, drawn, components=20)
    monkeypatch.setattr(training, "LOW_MEMORY_MIN_ROWS", 50)
    monkeypatch.setattr(training, "AUGMENT_MAX_ROWS", 50)
    model = fit(name, drawn, components=20)
    agree = model.predict(drawn.pixels) == usual.predict(drawn.pixels)
    assert agree.mean() > 0.9
    portable = export_model(model, {})
    difference = portable.predict_proba(drawn.pixels) - model.predict_proba(drawn.pixels)
    assert np.abs(difference).max() < 1e-5


@needs_real_faces
@pytest.mark.parametrize(
    ("name", "baseline", "drifted"),
    [("svm", 0.956, 0.64), ("logistic", 0.985, 0.69), ("fisher", 1.0, 1.0)],
)
def test_accuracy_on_the_real_faces_is_what_was_measured(
    real: Faces, name: str, baseline: float, drifted: float
) -> None:
    """Means over four splits; the figures to compare with are those of ten to twenty."""
    right = []
    for seed in range(4):
        split = split_by_condition(real, parse_condition("yaw", real.conditions), seed=seed)
        model = fit(name, real[split.train])
        right.append(
            [
                (model.predict(real.pixels[rows]) == real.labels[rows]).mean()
                for rows in (split.test, split.drifted)
            ]
        )
    assert np.mean(right, axis=0) == pytest.approx([baseline, drifted], abs=0.04)


def test_synthetic_faces_are_neither_trivial_nor_impossible() -> None:
    from faces.data.dataset import load_faces

    faces = load_faces("synthetic")
    split = split_by_condition(faces, {"yaw": ("frontal",)})
    model = fit("svm", faces[split.train])
    baseline, drifted = (
        (model.predict(faces.pixels[rows]) == faces.labels[rows]).mean()
        for rows in (split.test, split.drifted)
    )
    assert 0.85 < baseline < 1
    assert 0.2 < drifted < baseline - 0.1
