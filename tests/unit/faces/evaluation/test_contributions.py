import numpy as np
import pytest

from faces.data.dataset import Faces
from faces.evaluation.contributions import Contributions, Explainer
from faces.models import build_model
from faces.models.export import export_model
from faces.models.training import fit_classifier, fit_features
from faces.runtime.operators import OPERATORS, nearest_per_class
from faces.runtime.portable import PortableModel


def fit(drawn: Faces, name: str, **params: int) -> PortableModel:
    pixels, labels = drawn.pixels, drawn.labels
    features = fit_features(build_model(name, **params), pixels, labels)
    fitted = fit_classifier(build_model(name, **params), features, pixels, labels)
    return export_model(fitted, {})


def explain(model: PortableModel, drawn: Faces, row: int) -> Contributions:
    found = Explainer(model, drawn.pixels).explain(drawn.pixels[row])
    assert found is not None
    return found


def lead(model: PortableModel, pixels: np.ndarray, found: Contributions) -> float:
    """The lead before the operators that are not explained, computed forwards."""
    values = pixels[None]
    for operator, arrays in model.operators:
        if operator in ("softmax", "log_distance"):
            continue
        if operator == "nearest_neighbour":
            starts = arrays["starts"].astype(int)
            values = -(nearest_per_class(values, arrays["rows"], starts) ** 2)
        else:
            values = OPERATORS[operator](values, arrays)
    columns = [list(model.classes).index(name) for name in (found.person, found.other)]
    return float(values[0, columns[0]] - values[0, columns[1]])


@pytest.mark.parametrize("name", ["svm", "logistic", "eigenfaces", "fisher"])
def test_the_parts_add_up_to_the_lead_over_the_second_person(drawn: Faces, name: str) -> None:
    copies = {"mirror": False, "shift": 0} if name == "fisher" else {}
    model = fit(drawn, name, components=20, **copies)
    for row in (3, 50):
        found = explain(model, drawn, row)
        total = found.parts.sum() + found.mean_face
        assert total == pytest.approx(lead(model, drawn.pixels[row], found), rel=1e-3, abs=1e-4)
        probabilities = model.predict_proba(drawn.pixels[[row]])[0]
        best, second = probabilities.argsort()[::-1][:2]
        assert (found.person, found.other) == (model.classes[best], model.classes[second])


def test_a_change_of_one_part_changes_what_this_part_contributes(drawn: Faces) -> None:
    model = fit(drawn, "svm", components=20)
    before = explain(model, drawn, 0)
    image = np.array(drawn.images[0])
    image[16:24, 8:16] = image[16:24, 8:16] * 0.97
    found = Explainer(model, drawn.pixels).explain(image.ravel())
    assert found is not None
    assert (found.person, found.other) == (before.person, before.other)
    changed = np.abs(found.parts - before.parts) > 1e-9
    assert np.argwhere(changed).tolist() == [[2, 1]]


def test_models_that_are_not_linear_are_not_explained(drawn: Faces) -> None:
    model = fit(drawn, "bayesian", components=10)
    assert Explainer(model, drawn.pixels).explain(drawn.pixels[0]) is None
