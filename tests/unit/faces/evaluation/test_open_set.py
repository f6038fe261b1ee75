import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from faces.data.dataset import Faces
from faces.evaluation.open_set import judge, tell_strangers
from faces.models import build_model
from tests.conftest import needs_real_faces


def test_the_threshold_accepts_the_share_asked_for() -> None:
    rng = np.random.default_rng(0)
    known, strange = rng.normal(4, 1, 2000), rng.normal(0, 1, 2000)
    found = judge(known, strange, 0.95)
    assert found.known_from == pytest.approx(4 - 1.645, abs=0.1)
    assert found.accepted == pytest.approx(0.95, abs=0.002)
    assert found.false_accepts == pytest.approx(0.0093, abs=0.006)
    truth = np.repeat([1, 0], 2000)
    assert found.auroc == pytest.approx(roc_auc_score(truth, np.r_[known, strange]))


def test_a_score_that_tells_nothing_gives_no_threshold() -> None:
    same = np.random.default_rng(0).normal(size=200)
    found = judge(same[:100], same[100:], 0.95)
    assert found.known_from is None
    assert found.auroc == pytest.approx(0.5, abs=0.1)


def test_too_few_people_or_images_tell_nothing(drawn: Faces) -> None:
    few = drawn[np.flatnonzero(np.isin(drawn.subjects, drawn.people[:7]))]
    assert tell_strangers(build_model("svm", components=5), few.pixels, few.subjects) is None
    order = np.argsort(drawn.subjects, kind="stable")
    pairs = drawn[np.sort(np.concatenate([order[::8], order[1::8]]))]
    assert tell_strangers(build_model("svm", components=5), pairs.pixels, pairs.subjects) is None


def test_strangers_are_never_trained_on(drawn: Faces, monkeypatch: pytest.MonkeyPatch) -> None:
    from faces.evaluation import open_set

    seen: list[set[str]] = []
    scored: list[int] = []

    def scores(model: object, pixels: np.ndarray, subjects: np.ndarray) -> object:
        seen.append(set(subjects))

        def answer(others: np.ndarray) -> np.ndarray:
            assert not {o.tobytes() for o in others} & {p.tobytes() for p in pixels}
            scored.append(len(others))
            return others.mean(axis=1)

        return answer

    monkeypatch.setattr(open_set, "_scores", scores)
    tell_strangers(build_model("svm"), drawn.pixels, drawn.subjects)
    assert [len(people) for people in seen] == [8, 8, 8]
    assert set.union(*seen) == set(drawn.people)
    assert sum(scored[1::2]) == len(drawn), "each image is a stranger's once"


@needs_real_faces
def test_fisher_tells_strangers_on_the_real_faces(real: Faces) -> None:
    """On people whom neither the model nor the threshold has seen."""
    rng = np.random.default_rng(1)
    people = rng.permutation(real.people)
    own = np.isin(real.subjects, people[:30])
    train, test = np.zeros(len(real), bool), np.zeros(len(real), bool)
    for name in people[:30]:
        rows = rng.permutation(np.flatnonzero(real.subjects == name))
        train[rows[:6]], test[rows[6:]] = True, True
    from faces.models.export import export_model
    from faces.models.training import fit_classifier, fit_features

    model = build_model("fisher")
    pixels, subjects = real.pixels[train], real.subjects[train]
    found = tell_strangers(model, pixels, subjects)
    assert found is not None
    assert found.known_from is not None
    features = fit_features(model, pixels, subjects)
    portable = export_model(fit_classifier(model, features, pixels, subjects), {}, found.known_from)
    known, strange = (portable.answer(real.pixels[part])[1] for part in (test, ~own))
    assert (known >= found.known_from).mean() > 0.9
    assert (strange >= found.known_from).mean() < 0.08
