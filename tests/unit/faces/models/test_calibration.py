import tracemalloc

import numpy as np

from faces.models import build_model
from faces.models.estimators.calibration import calibrate_on_rows
from faces.models.estimators.discriminants import CosineNearestMean


def test_classes_without_images_to_calibrate_on_need_no_rows_of_features() -> None:
    rng = np.random.default_rng(0)
    classes = np.array([f"person-{number:05d}" for number in range(2_000)])
    rows = rng.normal(size=(len(classes), 200))
    fitted = CosineNearestMean().fit(rows, classes)
    faces = rows[:20] + rng.normal(size=(20, 200))
    unfitted = build_model("fisher")[-1]
    tracemalloc.start()
    calibrated = calibrate_on_rows(unfitted, fitted, faces, classes[:20])
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < rows.nbytes, "two rows of each class would take twice as much"
    assert (calibrated.predict(faces) == fitted.predict(faces)).all()
    assert calibrated.predict_proba(faces).shape == (20, 2_000)
