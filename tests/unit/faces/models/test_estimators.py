import numpy as np
import pytest
from scipy.special import softmax
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier

from faces.data.dataset import Faces
from faces.models.estimators.discriminants import CosineNearestMean, Discriminants
from faces.models.estimators.folds import StratifiedAugmentedKFold
from faces.models.estimators.laplace_logistic import LaplaceLogisticRegression
from faces.models.estimators.local_patterns import LocalBinaryPatterns
from faces.models.estimators.nearest_neighbour import NearestNeighbour
from faces.runtime.operators import probit

RNG = np.random.default_rng(0)
LABELS = np.repeat(["ada", "bob", "cyd", "dan"], 6)
CENTRES = RNG.normal(0, 3, (4, 5))
ROWS = np.repeat(CENTRES, 6, axis=0) + RNG.normal(size=(24, 5))


def test_discriminants_match_scikit_learn() -> None:
    ours = Discriminants(0.3).fit(ROWS, LABELS).transform(ROWS)
    theirs = LinearDiscriminantAnalysis(solver="eigen", shrinkage=0.3).fit(ROWS, LABELS)
    assert ours.shape == (24, 3)
    assert np.allclose(ours, theirs.transform(ROWS))


def test_a_class_with_one_row_leaves_rows_unchanged() -> None:
    few = Discriminants().fit(ROWS[:7], LABELS[:7])
    assert np.array_equal(few.transform(ROWS), ROWS)


def test_the_cosine_does_not_depend_on_length() -> None:
    model = CosineNearestMean().fit(ROWS, LABELS)
    assert np.allclose(model.decision_function(ROWS), model.decision_function(7 * ROWS))
    assert np.abs(model.decision_function(ROWS)).max() <= 1 + 1e-9
    assert list(model.predict(CENTRES)) == list(np.unique(LABELS))


def test_the_nearest_neighbour_matches_scikit_learn() -> None:
    order = RNG.permutation(24)
    model = NearestNeighbour().fit(ROWS[order], LABELS[order])
    asked = RNG.normal(0, 3, (50, 5))
    theirs = KNeighborsClassifier(1).fit(ROWS, LABELS)
    assert list(model.predict(asked)) == list(theirs.predict(asked))
    assert np.allclose(-model.decision_function(asked).max(axis=1), theirs.kneighbors(asked)[0].T)


def test_logarithms_of_distances_keep_the_nearest_neighbour() -> None:
    asked = np.concatenate([RNG.normal(0, 3, (50, 5)), ROWS])
    plain, log = (NearestNeighbour(log=log).fit(ROWS, LABELS) for log in (False, True))
    assert list(log.predict(asked)) == list(plain.predict(asked))
    assert np.allclose(
        np.exp(-log.decision_function(asked))[:50], -plain.decision_function(asked)[:50]
    )
    assert np.isfinite(log.decision_function(ROWS)).all(), "also at a distance of 0"


def test_folds_adapt_to_the_smallest_class_and_keep_copies_together() -> None:
    people = np.array(["ada"] * 5 + ["bob"] * 3)
    rows = np.zeros((16, 1))
    seen = []
    for kept, out in StratifiedAugmentedKFold(5, n_copies=2).split(rows, np.tile(people, 2)):
        assert not set(kept % 8) & set(out % 8)
        assert set(people[kept % 8]) == {"ada", "bob"}
        seen += out.tolist()
    assert sorted(seen) == list(range(16)), "each is held out once"
    assert len(list(StratifiedAugmentedKFold(5).split(rows[:8], people))) == 3


def test_augmented_copies_are_mirrored_and_shifted(drawn: Faces) -> None:
    pixels = drawn.pixels[:2]
    blocks = LocalBinaryPatterns(mirror=True, shift=2).augment(pixels).reshape(10, 2, 64, 64)
    images = drawn.images[:2]
    assert np.array_equal(blocks[0], images)
    assert np.array_equal(blocks[1][:, 2:], images[:, :-2])
    assert np.array_equal(blocks[4][:, :, :-2], images[:, :, 2:])
    assert np.array_equal(blocks[5], images[:, :, ::-1])
    assert len(LocalBinaryPatterns(mirror=False, shift=0).augment(pixels)) == 2


def test_the_laplace_posterior_is_centred_on_logistic_regression() -> None:
    model = LaplaceLogisticRegression().fit(ROWS, LABELS)
    plain = LogisticRegression(C=1 / model.precision_, max_iter=1000).fit(ROWS, LABELS)
    assert np.allclose(model.weights_, plain.coef_.T)


def test_the_covariance_is_the_inverse_of_the_curvature() -> None:
    model = LaplaceLogisticRegression().fit(ROWS, LABELS)
    probabilities = softmax(ROWS @ model.weights_ + model.offset_, axis=1)[:, 1]
    curvature = (
        ROWS * (probabilities * (1 - probabilities))[:, None]
    ).T @ ROWS + model.precision_ * np.eye(5)
    covariance = model.factors_[1] @ model.factors_[1].T
    assert np.allclose(covariance @ curvature, np.eye(5), atol=1e-6)


def test_the_probit_approximation_matches_sampling_the_weights() -> None:
    model = LaplaceLogisticRegression().fit(ROWS, LABELS)
    asked = RNG.normal(0, 3, (40, 5))
    noise = RNG.normal(size=(4000, 4, 5))
    drawn = model.weights_.T + np.einsum("kde,ske->skd", model.factors_, noise)
    sampled = softmax(np.einsum("nd,skd->snk", asked, drawn) + model.offset_, axis=2).mean(axis=0)
    assert np.abs(model.predict_proba(asked) - sampled).mean() < 0.04


def test_the_laplace_model_is_less_confident_far_from_the_training_data() -> None:
    model = LaplaceLogisticRegression().fit(ROWS, LABELS)
    far = 20 * RNG.normal(size=(30, 5))
    plain = softmax(far @ model.weights_ + model.offset_, axis=1).max(axis=1)
    assert model.predict_proba(far).max(axis=1).mean() < plain.mean()
    assert model.uncertainty(far).mean() > 3 * model.uncertainty(ROWS).mean()


def test_the_laplace_model_without_uncertainty_is_logistic_regression() -> None:
    arrays = {
        "weights": np.eye(3, dtype=np.float32),
        "offset": np.zeros(3, np.float32),
        "factors": np.zeros((3, 3, 3), np.float32),
    }
    values = RNG.normal(size=(5, 3)).astype(np.float32)
    assert np.allclose(softmax(probit(values, arrays), axis=1), softmax(values, axis=1))


@pytest.mark.parametrize("kind", [CosineNearestMean, NearestNeighbour])
def test_scores_of_two_classes_are_one_column_as_in_scikit_learn(kind: type) -> None:
    model = kind().fit(ROWS[:12], LABELS[:12])
    scores = model.decision_function(ROWS[:12])
    assert scores.shape == (12,)
    assert list(model.classes_[(scores > 0).astype(int)]) == list(model.predict(ROWS[:12]))
