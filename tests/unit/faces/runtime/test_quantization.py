import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from faces.runtime.image import PIXELS
from faces.runtime.quantization import FLOAT16, INT8, decode_arrays, encode_array

WEIGHTS = arrays(
    np.float32,
    st.tuples(st.integers(1, 8), st.integers(1, 5)),
    elements=st.floats(-(2.0**40), 2.0**40, width=32, allow_subnormal=False),
)


@given(WEIGHTS)
def test_int8_is_within_half_a_step_of_each_column_and_is_encoded_again_to_the_same_bytes(
    weights: np.ndarray,
) -> None:
    stored = encode_array("0.weights", weights, INT8)
    assert stored["0.weights"].dtype == np.int8
    decoded = decode_arrays(stored)
    assert list(decoded) == ["0.weights"]
    step = np.abs(weights).max(axis=0) / 127
    assert (np.abs(decoded["0.weights"] - weights) <= 0.51 * step).all()
    again = encode_array("0.weights", decoded["0.weights"], INT8)
    assert {key: array.tobytes() for key, array in again.items()} == {
        key: array.tobytes() for key, array in stored.items()
    }


def test_rounding_errors_of_pixel_weights_cancel_in_smooth_images_and_the_bytes_stay_the_same() -> (
    None
):
    rng = np.random.default_rng(0)
    weights = rng.normal(size=(PIXELS, 8)).astype(np.float32)
    weights[:2, 0] = 50, -50
    smooth = np.cumsum(rng.normal(size=(20, PIXELS)), axis=1) / 100

    def error(key: str) -> float:
        (decoded,) = decode_arrays(encode_array(key, weights, INT8)).values()
        return float(np.sqrt(np.mean((smooth @ (decoded - weights)) ** 2)))

    assert error("0.weights") < error("2.weights") / 10
    stored = encode_array("0.weights", weights, INT8)
    again = encode_array("0.weights", decode_arrays(stored)["0.weights"], INT8)
    assert {key: array.tobytes() for key, array in again.items()} == {
        key: array.tobytes() for key, array in stored.items()
    }


@pytest.mark.parametrize("quantization", [FLOAT16, INT8])
def test_offsets_and_scales_of_operators_stay_as_they_are(quantization: str) -> None:
    values = {"0.offset": np.array([1 / 3], np.float32), "1.scale": np.array([1 / 7], np.float32)}
    stored = {
        key: array
        for name, value in values.items()
        for key, array in encode_array(name, value, quantization).items()
    }
    assert stored == values
    assert decode_arrays(stored) == values


def test_the_rows_of_a_reference_set_have_a_scale_each() -> None:
    rows = np.array([[1.0, -0.5], [1e-3, 2e-3]], np.float32)
    stored = encode_array("2.rows", rows, INT8)
    assert stored["2.rows.scale"].shape == (2,)
    assert np.abs(decode_arrays(stored)["2.rows"] / rows - 1).max() < 0.01
