"""Metrics on held-out images."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
import scipy
from numpy.typing import NDArray

from faces.data.dataset import Faces
from faces.data.split import Split
from faces.models.threads import reproducible_threads
from faces.runtime.portable import PortableModel

BASELINE, DRIFTED = "baseline", "drifted"

MAX_PROBABILITIES = 20_000_000
"""Images times people whose probabilities are computed at once: 80 MB in single precision."""


def wilson_interval(correct: int, n: int, level: float = 0.95) -> tuple[float, float]:
    """Compute the score interval of a proportion (Wilson, JASA 22, 1927).

    Args:
        correct: Number of successes.
        n: Number of trials.
        level: Confidence level.

    Returns:
        Lower and upper bound; (0, 1) for n = 0.
    """
    if n == 0:
        return 0.0, 1.0
    interval = scipy.stats.binomtest(correct, n).proportion_ci(
        confidence_level=level, method="wilson"
    )
    return float(interval.low), float(interval.high)


def calibration_error(
    confidence: NDArray[np.floating], correct: NDArray[np.bool_], bins: int = 10
) -> float:
    """Compute the expected calibration error (Naeini et al., AAAI 2015).

    Args:
        confidence: Probability of the predicted class (n,).
        correct: Whether the prediction is correct (n,).
        bins: Number of equally wide bins of confidence.

    Returns:
        The mean over images of |accuracy - confidence| in the image's bin, from 0 to 1.
    """
    bin_of = np.clip(np.ceil(confidence * bins).astype(int) - 1, 0, bins - 1)
    gap = np.bincount(bin_of, weights=correct.astype(float) - confidence, minlength=bins)
    return float(np.abs(gap).sum() / len(confidence))


def predict_rows(
    model: PortableModel, faces: Faces, rows: NDArray[np.integer], part: str
) -> pd.DataFrame:
    """Predict the identities on some images.

    Args:
        model: An exported recogniser.
        faces: The data.
        rows: Row numbers of the images (m,); there may be none.
        part: Value of the column `part`.

    Returns:
        One row per image: row, id, part, label, predicted, confidence (the probability of
        `predicted`), and a column per condition.
    """
    chosen = faces[rows]
    classes = model.classes
    probabilities: NDArray[np.floating] = np.zeros((0, len(classes)))
    if len(rows):
        with reproducible_threads(len(rows)):
            probabilities = model.predict_proba(chosen.pixels)
    best = probabilities.argmax(axis=1)
    predictions = pd.DataFrame(
        {
            "row": rows,
            "id": chosen.ids,
            "part": part,
            "label": chosen.labels.astype(str),
            "predicted": classes[best].astype(str),
            "confidence": probabilities[np.arange(len(best)), best],
        }
    )
    return pd.concat([predictions, chosen.conditions], axis=1)


def predict_parts(
    model: PortableModel, faces: Faces, parts: Mapping[str, NDArray[np.integer]]
) -> pd.DataFrame:
    """Predict some images, as many at a time as their probabilities fit into memory.

    Args:
        model: An exported recogniser.
        faces: The data.
        parts: Row numbers by part.

    Returns:
        The table of `predict_rows`, part by part.
    """
    size = max(1, MAX_PROBABILITIES // len(model.classes))
    tables = [
        predict_rows(model, faces, rows[start : start + size], part)
        for part, rows in parts.items()
        for start in range(0, len(rows), size)
    ]
    nothing = predict_rows(model, faces, np.zeros(0, np.int64), "")
    return pd.concat(tables or [nothing], ignore_index=True)


def predict_images(
    images: NDArray[np.float32],
    model: PortableModel,
    labels: NDArray[np.str_],
    conditions: pd.DataFrame,
    parts: Mapping[str, NDArray[np.integer]],
) -> pd.DataFrame:
    """Predict some images of a shard, in a process that has nothing but these arguments.

    Args:
        images: The shard's images (n, 64, 64).
        model: An exported recogniser.
        labels: Their labels (n,).
        conditions: Their conditions (n rows).
        parts: Row numbers by part.

    Returns:
        The table of `predict_rows`, part by part.
    """
    return predict_parts(model, Faces(images, labels, conditions, "shard"), parts)


def predict_held_out(model: PortableModel, faces: Faces, split: Split) -> pd.DataFrame:
    """Predict all held-out images: the baseline test, then the drifted images.

    Args:
        model: An exported recogniser, since that is what endpoints serve.
        faces: The data.
        split: Its split.

    Returns:
        The table of `predict_rows`; `part` is "baseline" or "drifted".
    """
    return predict_parts(model, faces, {BASELINE: split.test, DRIFTED: split.drifted})


def measure(predictions: pd.DataFrame) -> dict[str, float]:
    """Compute the metrics of each part that has images.

    Args:
        predictions: What `predict_held_out` returned.

    Returns:
        Metrics named like "baseline_accuracy": accuracy with its 95 % Wilson interval
        (accuracy_low, accuracy_high), macro_f1 (mean over the people in the images),
        calibration_error, and the number of images.
    """
    from sklearn.metrics import f1_score

    metrics: dict[str, float] = {}
    for part, rows in predictions.groupby("part"):
        labels, predicted = rows["label"].to_numpy(), rows["predicted"].to_numpy()
        correct = labels == predicted
        low, high = wilson_interval(int(correct.sum()), len(rows))
        f1 = f1_score(labels, predicted, labels=np.unique(labels), average="macro", zero_division=0)
        values = {
            "accuracy": float(correct.mean()),
            "accuracy_low": low,
            "accuracy_high": high,
            "macro_f1": float(f1),
            "calibration_error": calibration_error(rows["confidence"].to_numpy(), correct),
            "images": len(rows),
        }
        metrics |= {f"{part}_{name}": value for name, value in values.items()}
    return metrics


def accuracy_by_condition(predictions: pd.DataFrame, conditions: list[str]) -> pd.DataFrame:
    """Compute the accuracy for each value of each condition.

    Args:
        predictions: What `predict_held_out` returned.
        conditions: Its columns to group by.

    Returns:
        One row per part, condition and value: part, condition, value, images, accuracy, and the
        bounds low and high of its 95 % interval.
    """
    rows = []
    for condition in conditions:
        for (part, value), group in predictions.groupby(["part", condition]):
            correct = int((group["label"] == group["predicted"]).sum())
            low, high = wilson_interval(correct, len(group))
            rows.append((part, condition, value, len(group), correct / len(group), low, high))
    columns = ["part", "condition", "value", "images", "accuracy", "low", "high"]
    return pd.DataFrame(rows, columns=columns)


def confusions(predictions: pd.DataFrame) -> pd.DataFrame:
    """List the confused pairs, most frequent first.

    Args:
        predictions: What `predict_held_out` returned.

    Returns:
        One row per pair: part, label, predicted, images (how often), confidence (the largest).
    """
    wrong = predictions[predictions["label"] != predictions["predicted"]]
    pairs = wrong.groupby(["part", "label", "predicted"], as_index=False).agg(
        images=("id", "size"), confidence=("confidence", "max")
    )
    return pairs.sort_values(["images", "confidence"], ascending=False, ignore_index=True)
