import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from faces.data.dataset import Faces
from faces.evaluation.open_set import fit_rejection_threshold, threshold_at_tar
from faces.models import build_model
from tests.conftest import needs_real_faces


def test_the_threshold_has_the_requested_true_accept_rate() -> None:
    rng = np.random.default_rng(0)
    known, unknown = rng.normal(4, 1, 2000), rng.normal(0, 1, 2000)
    calibration = threshold_at_tar(known, unknown, 0.95)
    assert calibration.rejection_threshold == pytest.approx(4 - 1.645, abs=0.1)
    assert calibration.true_accept_rate == pytest.approx(0.95, abs=0.002)
    assert calibration.false_accept_rate == pytest.approx(0.0093, abs=0.006)
    is_known = np.repeat([1, 0], 2000)
    assert calibration.auroc == pytest.approx(roc_auc_score(is_known, np.r_[known, unknown]))


def test_an_uninformative_score_has_no_threshold() -> None:
    same = np.random.default_rng(0).normal(size=200)
    calibration = threshold_at_tar(same[:100], same[100:], 0.95)
    assert calibration.rejection_threshold is None
    assert calibration.auroc == pytest.approx(0.5, abs=0.1)


def test_too_few_people_or_images_have_no_calibration(drawn: Faces) -> None:
    few = drawn[np.flatnonzero(np.isin(drawn.labels, drawn.identities[:7]))]
    assert fit_rejection_threshold(build_model("svm", components=5), few.pixels, few.labels) is None
    order = np.argsort(drawn.labels, kind="stable")
    pairs = drawn[np.sort(np.concatenate([order[::8], order[1::8]]))]
    assert (
        fit_rejection_threshold(build_model("svm", components=5), pairs.pixels, pairs.labels)
        is None
    )


def test_unknown_people_are_never_trained_on(drawn: Faces, monkeypatch: pytest.MonkeyPatch) -> None:
    from faces.evaluation import open_set

    seen: list[set[str]] = []
    scored: list[int] = []

    def fit_score(model: object, pixels: np.ndarray, labels: np.ndarray) -> object:
        seen.append(set(labels))

        def score(others: np.ndarray) -> np.ndarray:
            assert not {o.tobytes() for o in others} & {p.tobytes() for p in pixels}
            scored.append(len(others))
            return others.mean(axis=1)

        return score

    monkeypatch.setattr(open_set, "_fit_score", fit_score)
    fit_rejection_threshold(build_model("svm"), drawn.pixels, drawn.labels)
    assert [len(people) for people in seen] == [8, 8, 8]
    assert set.union(*seen) == set(drawn.identities)
    assert sum(scored[1::2]) == len(drawn), "each person is unknown once"


@needs_real_faces
def test_fisher_rejects_unknown_people_on_the_real_faces(real: Faces) -> None:
    """On people that neither the model nor the threshold was fitted on."""
    rng = np.random.default_rng(1)
    people = rng.permutation(real.identities)
    own = np.isin(real.labels, people[:30])
    train, test = np.zeros(len(real), bool), np.zeros(len(real), bool)
    for name in people[:30]:
        rows = rng.permutation(np.flatnonzero(real.labels == name))
        train[rows[:6]], test[rows[6:]] = True, True
    from faces.models.export import export_model
    from faces.models.training import fit_classifier, fit_features

    model = build_model("fisher")
    pixels, labels = real.pixels[train], real.labels[train]
    calibration = fit_rejection_threshold(model, pixels, labels)
    assert calibration is not None
    assert calibration.rejection_threshold is not None
    features = fit_features(model, pixels, labels)
    portable = export_model(
        fit_classifier(model, features, pixels, labels), {}, calibration.rejection_threshold
    )
    known, unknown = (portable.predict_with_score(real.pixels[part])[1] for part in (test, ~own))
    assert (known >= calibration.rejection_threshold).mean() > 0.9
    assert (unknown >= calibration.rejection_threshold).mean() < 0.08
