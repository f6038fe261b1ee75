from dataclasses import replace

import numpy as np
import pytest
from pydantic import ValidationError

from faces.data.dataset import Faces
from faces.models import build_model
from faces.models.export import export_model
from faces.models.quantization import quantize_within_tolerance
from faces.models.training import fit_classifier, fit_features
from faces.runtime.portable import PortableModel, file_hash, quantize, read_portable, write_portable
from pipelines.shared.training_settings import TrainingSettings


@pytest.fixture(scope="module")
def portable(drawn: Faces) -> PortableModel:
    """A model of twelve people, trained on half of their images."""
    half = drawn[np.arange(0, len(drawn), 2)]
    model = build_model("svm", components=20)
    features = fit_features(model, half.pixels, half.labels)
    return export_model(fit_classifier(model, features, half.pixels, half.labels), {})


@pytest.fixture(scope="module")
def held_out(drawn: Faces) -> np.ndarray:
    return drawn.pixels[1::2]


@pytest.mark.parametrize(("quantization", "share"), [("float16", 0.52), ("int8", 0.28)])
def test_a_quantized_model_is_smaller_and_is_read_as_it_was_evaluated(
    portable: PortableModel, held_out: np.ndarray, quantization: str, share: float
) -> None:
    small = quantize_within_tolerance(portable, quantization, held_out)
    assert small.quantization == quantization
    data = write_portable(small)
    assert len(data) < share * len(write_portable(portable))
    restored = read_portable(data, file_hash(data))
    assert np.array_equal(restored.predict_proba(held_out), small.predict_proba(held_out))
    assert write_portable(restored) == data
    assert (small.predict(held_out) == portable.predict(held_out)).all()


def test_a_model_that_would_answer_differently_is_quantized_less_or_not(
    portable: PortableModel, held_out: np.ndarray
) -> None:
    coarse = quantize(portable, "int8").predict_open_set(held_out).scores
    fine = quantize(portable, "float16").predict_open_set(held_out).scores
    exact = portable.predict_open_set(held_out).scores
    row = int(np.abs(coarse - exact).argmax())
    between = replace(portable, rejection_threshold=float(coarse[row] + exact[row]) / 2)
    kept = quantize_within_tolerance(between, "int8", held_out)
    assert abs(fine[row] - exact[row]) < abs(coarse[row] - exact[row]) / 2
    assert kept.quantization == "float16", "int8 would reject a face that is accepted, or accept it"

    operator, arrays = portable.operators[0]
    huge = {**arrays, "weights": arrays["weights"] * np.float32(1e30)}
    overflowing = replace(portable, operators=[(operator, huge), *portable.operators[1:]])
    assert quantize_within_tolerance(overflowing, "float16", held_out) is overflowing


def test_without_held_out_faces_nothing_is_quantized(portable: PortableModel) -> None:
    assert quantize_within_tolerance(portable, "int8", np.zeros((0, 4096))) is portable


def test_an_unknown_quantization_is_refused_with_the_nearest_one() -> None:
    with pytest.raises(ValidationError, match="unknown quantization 'int9': did you mean 'int8'"):
        TrainingSettings(quantization="int9")
