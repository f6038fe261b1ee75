import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline

from faces.data.dataset import Faces
from faces.models.export import EXPORTERS, export_model
from faces.models.operators import Operator, affine


class MeanBrightness(ClassifierMixin, BaseEstimator):
    """An estimator defined in this test: two classes, separated by mean brightness."""

    def fit(self, pixels: np.ndarray, labels: np.ndarray) -> "MeanBrightness":
        self.classes_ = np.unique(labels)
        return self

    def decision_function(self, pixels: np.ndarray) -> np.ndarray:
        return pixels.mean(axis=1)

    def to_operators(self) -> list[Operator]:
        weights = np.zeros((4096, 2))
        weights[:, 1] = 1 / 4096
        return [affine(weights, np.array([0.0, -0.5]))]


def test_an_estimator_with_to_operators_needs_no_registration(drawn: Faces) -> None:
    labels = np.array(["dark", "light"] * (len(drawn) // 2))
    model = Pipeline([("classifier", MeanBrightness().fit(drawn.pixels, labels))])
    portable = export_model(model, {"data_version": "abc"}, rejection_threshold=0.25)
    expected = np.where(drawn.pixels.mean(axis=1) > 0.5, "light", "dark")
    assert list(portable.predict(drawn.pixels)) == list(expected)
    assert portable.metadata == {"data_version": "abc"}
    assert portable.rejection_threshold == 0.25
    assert MeanBrightness not in EXPORTERS


def test_an_estimator_that_cannot_be_exported_is_reported_with_the_fix(drawn: Faces) -> None:
    forest = RandomForestClassifier(2).fit(drawn.pixels[:20], drawn.labels[:20])
    with pytest.raises(
        TypeError,
        match=r"^RandomForestClassifier cannot be exported: define to_operators\(\) in it, or add "
        r"it to EXPORTERS in faces/models/export\.py$",
    ):
        export_model(Pipeline([("classifier", forest)]), {})


def test_only_calibration_by_temperature_can_be_exported(drawn: Faces) -> None:
    model = CalibratedClassifierCV(LogisticRegression(), method="sigmoid", cv=2, ensemble=False)
    model.fit(drawn.pixels[:16], drawn.labels[:16])
    with pytest.raises(TypeError, match="calibration by sigmoid cannot be exported"):
        export_model(Pipeline([("classifier", model)]), {})
