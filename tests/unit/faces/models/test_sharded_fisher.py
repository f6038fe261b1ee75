import numpy as np
import pytest
from sklearn.pipeline import Pipeline

from faces.data.dataset import Faces
from faces.evaluation import sharded_open_set
from faces.models import build_model, sharded_fisher, training
from faces.models.estimators.folds import calibration_holdout
from faces.models.estimators.local_patterns import LocalBinaryPatterns
from faces.models.moments import add_moments, measure_moments
from faces.models.projections import Projections

COLUMNS = slice(None, None, 40)
"""Features that are used: all 4,720 would take seconds."""


class FewPatterns(LocalBinaryPatterns):
    def transform(self, pixels: np.ndarray) -> np.ndarray:
        return super().transform(pixels)[:, COLUMNS].astype(np.float64)


def small_fisher() -> Pipeline:
    model = build_model("fisher", components=30, shift=0)
    patterns = FewPatterns(**model[0].get_params())
    return Pipeline([("patterns", patterns), *model.steps[1:]])


def on_one_machine(faces: Faces) -> Pipeline:
    model = small_fisher()
    features = training.fit_features(model, faces.pixels, faces.labels)
    return training.fit_classifier(model, features, faces.pixels, faces.labels)


def on_shards(faces: Faces, count: int, augmented: bool) -> tuple[Pipeline, Projections]:
    model = small_fisher()
    shards = [rows.tolist() for rows in np.array_split(np.arange(len(faces)), count)]
    moments = (
        sharded_fisher.shard_moments(faces.images, model, rows, augmented=augmented)
        for rows in shards
    )
    features = sharded_fisher.fit_features(model, add_moments(moments))
    parts = [
        sharded_fisher.project(faces.images, features, rows, augmented=augmented) for rows in shards
    ]
    projections = Projections(parts, sum(map(len, parts)) // len(faces))
    return sharded_fisher.fit_recogniser(model, features, projections, faces.labels), projections


@pytest.fixture
def large(monkeypatch: pytest.MonkeyPatch) -> None:
    """Any training set counts as large, as on one machine from 20,000 images on."""
    monkeypatch.setattr(training, "LOW_MEMORY_MIN_ROWS", 0)
    monkeypatch.setattr(training, "EXACT_PCA_MAX_ROWS", 0)


@pytest.mark.parametrize(("counts", "augmented"), [((1, 3, 8), False), ((3,), True)])
def test_shards_train_the_same_model_as_one_machine(
    drawn: Faces,
    large: None,
    monkeypatch: pytest.MonkeyPatch,
    counts: tuple[int, ...],
    augmented: bool,
) -> None:
    monkeypatch.setattr(training, "AUGMENT_MAX_ROWS", len(drawn) if augmented else 0)
    expected = on_one_machine(drawn)
    theirs = training.find_pca(expected)
    assert theirs is not None
    for count in counts:
        model, projections = on_shards(drawn, count, augmented)
        assert projections.n_copies == (2 if augmented else 1)
        difference = model.predict_proba(drawn.pixels) - expected.predict_proba(drawn.pixels)
        assert np.abs(difference).max() < 1e-6
        assert list(model.classes_) == list(expected.classes_)
        ours = training.find_pca(model)
        assert ours is not None
        assert np.allclose(ours.components_, theirs.components_, atol=1e-6), "signs included"
        assert np.allclose(ours.explained_variance_ratio_, theirs.explained_variance_ratio_)


def test_a_share_of_the_variance_sets_the_number_of_components(drawn: Faces) -> None:
    model = small_fisher().set_params(pca__n_components=0.9)
    everything = list(range(len(drawn)))
    moments = sharded_fisher.shard_moments(drawn.images, model, everything, augmented=False)
    features = sharded_fisher.fit_features(model, moments)
    rows = model[0].fit(drawn.pixels).transform(drawn.pixels)
    expected = training.find_pca(model)
    assert expected is not None
    assert features[1].n_components_ == expected.fit(rows).n_components_


def test_moments_of_shards_add_up(drawn: Faces) -> None:
    rows = drawn.pixels[:, ::100].astype(np.float64)
    moments = add_moments(map(measure_moments, np.array_split(rows, 7)))
    assert moments.count == len(rows)
    assert np.allclose(moments.mean, rows.mean(axis=0))
    assert np.allclose(moments.covariance(degrees=1), np.cov(rows.T))


def test_the_rejection_threshold_does_not_depend_on_the_shards(drawn: Faces) -> None:
    """Of the same principal components; on one machine, each round has its own."""
    _, one = on_shards(drawn, 1, False)
    _, three = on_shards(drawn, 3, False)
    model = small_fisher()
    expected = sharded_open_set.fit_rejection_threshold(model, one, drawn.labels)
    calibration = sharded_open_set.fit_rejection_threshold(model, three, drawn.labels)
    assert expected is not None
    assert calibration is not None
    assert calibration.auroc == expected.auroc
    assert calibration.rejection_threshold == pytest.approx(expected.rejection_threshold)


def test_two_images_of_each_class_are_never_held_out() -> None:
    labels = np.repeat(np.arange(40), [2, 3, 5, 10] * 10)
    held_out = calibration_holdout(labels)
    assert len(held_out) == len(labels) // 10
    remaining = np.delete(labels, held_out)
    assert np.unique(remaining, return_counts=True)[1].min() == 2
    assert len(calibration_holdout(np.repeat(np.arange(50), 2))) == 10
