import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.calibration import CalibratedClassifierCV
from sklearn.decomposition import PCA
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import Pipeline
from sklearn.svm import LinearSVC

from faces.data.conditions import parse_condition
from faces.data.dataset import Faces
from faces.data.split import split_by_condition
from faces.errors import UserError
from faces.evaluation.metrics import calibration_error
from faces.models import ModelParams, build_model, model_names, model_parameters, training
from faces.models.export import export_model
from faces.models.training import (
    augment_training_set,
    describe_features,
    find_pca,
    fit_classifier,
    fit_features,
    without_calibration,
)
from tests.conftest import needs_real_faces


class Scores(ClassifierMixin, BaseEstimator):
    """A classifier whose rows are its scores."""

    def fit(self, scores: np.ndarray, labels: np.ndarray) -> "Scores":
        self.classes_ = np.unique(labels)
        return self

    def decision_function(self, scores: np.ndarray) -> np.ndarray:
        return scores

    def predict(self, scores: np.ndarray) -> np.ndarray:
        return np.asarray(self.classes_[scores.argmax(axis=1)])


def own_params(name: str, **params: bool | int | float | str) -> ModelParams:
    """The subset of the parameters that the model has."""
    return {key: value for key, value in params.items() if key in model_parameters(name)}


def fit(name: str, faces: Faces, **params: bool | int | float | str) -> Pipeline:
    model = build_model(name, **params)
    features = fit_features(model, faces.pixels, faces.labels)
    return fit_classifier(model, features, faces.pixels, faces.labels)


@pytest.mark.parametrize("name", model_names())
def test_every_model_maps_pixels_to_probabilities(drawn: Faces, name: str) -> None:
    model = fit(name, drawn, **own_params(name, components=20))
    probabilities = model.predict_proba(drawn.pixels[:5])
    assert probabilities.shape == (5, 12)
    assert np.allclose(probabilities.sum(axis=1), 1, atol=1e-5)
    assert list(model.classes_[probabilities.argmax(axis=1)]) == list(
        model.predict(drawn.pixels[:5])
    )


@pytest.mark.parametrize("name", model_names())
def test_fitting_in_two_steps_equals_fitting_the_pipeline(drawn: Faces, name: str) -> None:
    params = own_params(name, components=20, mirror=False, shift=0)
    whole = build_model(name, **params)
    if (pca := find_pca(whole)) is not None:
        pca.set_params(svd_solver="full")
    whole.fit(drawn.pixels, drawn.labels)
    parts = fit(name, drawn, **params)
    assert list(whole.predict(drawn.pixels)) == list(parts.predict(drawn.pixels))
    if name != "svm":  # whose temperature is fitted on features without the held-out images
        assert np.allclose(
            whole.predict_proba(drawn.pixels), parts.predict_proba(drawn.pixels), atol=5e-3
        )


def test_the_temperature_is_fitted_on_images_that_the_features_have_not_seen(drawn: Faces) -> None:
    """Compared with a plain implementation."""
    model = build_model("svm", components=20)
    scores = np.zeros((len(drawn), len(drawn.identities)))
    for train, holdout in model[-1].cv.split(drawn.pixels, drawn.labels):
        pca = PCA(20, whiten=True, svd_solver="full").fit(drawn.pixels[train])
        svm = LinearSVC(random_state=0).fit(pca.transform(drawn.pixels[train]), drawn.labels[train])
        scores[holdout] = svm.decision_function(pca.transform(drawn.pixels[holdout]))
    expected = CalibratedClassifierCV(
        FrozenEstimator(Scores().fit(scores, drawn.labels)), method="temperature", ensemble=False
    ).fit(scores, drawn.labels)
    (plain,), (ours,) = (
        calibrated.calibrated_classifiers_[0].calibrators
        for calibrated in (expected, fit("svm", drawn, components=20)[-1])
    )
    assert ours.beta_ == pytest.approx(plain.beta_, rel=0.02)


def test_a_model_without_calibration_has_the_same_scores(drawn: Faces) -> None:
    for name in ("svm", "fisher", "eigenfaces"):
        params = own_params(name, components=20, mirror=False, shift=0)
        plain = without_calibration(build_model(name, **params))
        features = fit_features(plain, drawn.pixels, drawn.labels)
        fitted = fit_classifier(plain, features, drawn.pixels, drawn.labels)
        ours, expected = (
            export_model(model, {}).predict_with_score(drawn.pixels)[1]
            for model in (fitted, fit(name, drawn, **params))
        )
        assert np.allclose(ours, expected, atol=1e-5)


@needs_real_faces
@pytest.mark.parametrize("name", ["svm", "logistic", "eigenfaces"])
def test_confidence_is_calibrated_on_the_real_faces(real: Faces, name: str) -> None:
    errors = []
    for seed in range(3):
        rng = np.random.default_rng(seed)
        own = [rng.permutation(np.flatnonzero(real.labels == p)) for p in real.identities]
        train, test = (np.concatenate([o[part] for o in own]) for part in (slice(5), slice(5, 10)))
        model = fit(name, real[train])
        probabilities = model.predict_proba(real.pixels[test])
        correct = model.classes_[probabilities.argmax(axis=1)].astype(str) == real.labels[test]
        errors.append(calibration_error(probabilities.max(axis=1), correct))
    assert np.mean(errors) < 0.06


def test_the_pca_is_found_by_its_type(drawn: Faces) -> None:
    steps = build_model("svm", components=500).steps
    renamed = Pipeline([("projection", steps[0][1]), steps[1]])
    features = fit_features(renamed, drawn.pixels, drawn.labels)
    assert describe_features(features)["pca_components"] == len(drawn) - 1


def test_a_model_without_pca_is_fitted_described_and_exported(drawn: Faces) -> None:
    assert find_pca(build_model("lbp")) is None
    model = fit("lbp", drawn[np.arange(0, len(drawn), 2)])
    assert describe_features(model) == {}
    assert (model.predict(drawn.pixels) == drawn.labels).mean() > 0.8
    portable = export_model(model, {})
    assert [kind for kind, _ in portable.operators] == [
        "lbp_histogram",
        "nearest_neighbour",
        "softmax",
    ]


def test_the_lbp_model_predicts_the_smallest_hellinger_distance(drawn: Faces) -> None:
    train, asked = drawn[np.arange(0, len(drawn), 2)], drawn[np.arange(1, len(drawn), 8)]
    model = fit("lbp", train)
    histograms, theirs = (model[0].transform(f.pixels) ** 2 for f in (train, asked))
    assert np.allclose(histograms, histograms.round(), atol=1e-3), "they are counts"
    similarity = np.sqrt(theirs[:, None] * histograms).sum(axis=2)  # Bhattacharyya
    assert list(model.predict(asked.pixels)) == list(train.labels[similarity.argmax(axis=1)])


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
    assert describe_features(features) == {
        "pca_components": 5,
        "pca_variance": pytest.approx(share, rel=1e-3),
    }


def test_a_share_of_variance_is_reached(drawn: Faces) -> None:
    features = fit_features(build_model("svm", components=0.9), drawn.pixels, drawn.labels)
    description = describe_features(features)
    assert description["pca_variance"] >= 0.9
    assert 1 < description["pca_components"] < 60


def test_the_number_of_components_is_limited_by_the_images(drawn: Faces) -> None:
    few = drawn[[0, 1, 2, 8, 9, 10]]
    model = fit("svm", few, components=60)
    assert describe_features(model)["pca_components"] == 5


@pytest.mark.parametrize("components", [0, -3, 1.5, 0.0])
def test_invalid_numbers_of_components_are_rejected(drawn: Faces, components: float) -> None:
    with pytest.raises(UserError, match="components must be"):
        fit_features(build_model("svm", components=components), drawn.pixels, drawn.labels)


def test_the_pca_solver_depends_on_the_number_of_rows(
    drawn: Faces, monkeypatch: pytest.MonkeyPatch
) -> None:
    def solver() -> str:
        model = build_model("svm", components=10)
        return str(fit_features(model, drawn.pixels, drawn.labels)["pca"].svd_solver)

    assert solver() == "full"
    monkeypatch.setattr(training, "EXACT_PCA_MAX_ROWS", 50)
    assert solver() == "randomized"


def test_an_unknown_model_is_reported_with_the_choices() -> None:
    with pytest.raises(UserError, match="unknown model 'net': choose from bayesian, eigenfaces"):
        build_model("net")


def test_small_training_sets_are_augmented_in_blocks(
    drawn: Faces, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = build_model("fisher")
    pixels, labels, n_copies = augment_training_set(model, drawn.pixels, drawn.labels)
    assert n_copies == 10
    assert np.array_equal(pixels[: len(drawn)], drawn.pixels)
    assert np.array_equal(labels, np.tile(drawn.labels, 10))
    mirrored = pixels.reshape(10, len(drawn), 64, 64)[5]
    assert np.array_equal(mirrored, drawn.images[:, :, ::-1])
    assert augment_training_set(build_model("svm"), drawn.pixels, drawn.labels)[2] == 1
    monkeypatch.setattr(training, "AUGMENT_MAX_ROWS", 50)
    assert augment_training_set(model, drawn.pixels, drawn.labels)[2] == 1


@pytest.mark.parametrize("name", ["fisher", "svm"])
def test_large_training_sets_are_calibrated_on_a_holdout(
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
    ("name", "splits", "baseline", "drifted"),
    [("svm", 4, 0.956, 0.64), ("logistic", 4, 0.985, 0.69), ("fisher", 1, 1.0, 1.0)],
)
def test_accuracy_on_the_real_faces_is_as_measured(
    real: Faces, name: str, splits: int, baseline: float, drifted: float
) -> None:
    """Means over a few splits, compared with means over ten to twenty; fisher's hardly vary."""
    accuracies = []
    for seed in range(splits):
        split = split_by_condition(real, parse_condition("yaw", real.conditions), seed=seed)
        model = fit(name, real[split.train])
        accuracies.append(
            [
                (model.predict(real.pixels[rows]) == real.labels[rows]).mean()
                for rows in (split.test, split.drifted)
            ]
        )
    assert np.mean(accuracies, axis=0) == pytest.approx([baseline, drifted], abs=0.04)


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
