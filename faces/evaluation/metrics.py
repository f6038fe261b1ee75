"""What is measured on held-out images."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import norm

from faces.data.dataset import Faces
from faces.data.split import Split

BASELINE, DRIFTED = "baseline", "drifted"


def wilson_interval(correct: int, n: int, level: float = 0.95) -> tuple[float, float]:
    """The score interval of a share `correct` / `n`: Wilson, JASA 22 (1927). (0, 1) for n = 0."""
    if n == 0:
        return 0.0, 1.0
    z = float(norm.ppf(0.5 + level / 2))
    share, weight = correct / n, z * z / n
    centre = (share + weight / 2) / (1 + weight)
    half = z / (1 + weight) * np.sqrt(share * (1 - share) / n + weight / (4 * n))
    return max(0.0, float(centre - half)), min(1.0, float(centre + half))


def calibration_error(
    confidence: NDArray[np.floating], correct: NDArray[np.bool_], bins: int = 10
) -> float:
    """Expected calibration error over `bins` equal bins: Naeini et al., AAAI 2015.

    The mean over images of |accuracy - confidence| of the image's bin, from 0 to 1.
    """
    bin_of = np.clip(np.ceil(confidence * bins).astype(int) - 1, 0, bins - 1)
    gap = np.bincount(bin_of, weights=correct.astype(float) - confidence, minlength=bins)
    return float(np.abs(gap).sum() / len(confidence))


def predict_people(
    model: object, faces: Faces, rows: NDArray[np.integer], part: str
) -> pd.DataFrame:
    """Ask `model` who is on the images `rows`: one line an image, with its conditions.

    Columns: row, id, part, subject, predicted, confidence (the probability of `predicted`), and
    the conditions. Works for no rows.
    """
    chosen = faces[rows]
    names = np.asarray(model.classes_)  # type: ignore[attr-defined]
    odds = np.zeros((0, len(names)))
    if len(rows):
        odds = model.predict_proba(chosen.pixels)  # type: ignore[attr-defined]
    best = odds.argmax(axis=1)
    answers = pd.DataFrame(
        {
            "row": rows,
            "id": chosen.ids,
            "part": part,
            "label": chosen.labels.astype(str),
            "predicted": names[best].astype(str),
            "confidence": odds[np.arange(len(best)), best],
        }
    )
    return pd.concat([answers, chosen.conditions], axis=1)


def predict_held_out(model: object, faces: Faces, split: Split) -> pd.DataFrame:
    """What `predict_people` says of all images that were held out: baseline test, then drifted."""
    parts = ((split.test, BASELINE), (split.drifted, DRIFTED))
    answers = [predict_people(model, faces, rows, part) for rows, part in parts if len(rows)]
    return pd.concat(answers, ignore_index=True)


def measure(predictions: pd.DataFrame) -> dict[str, float]:
    """Metrics of each part that has images, named like 'baseline_accuracy'.

    accuracy with its 95 % Wilson interval (accuracy_low, accuracy_high), macro_f1 (the mean over
    the people who are on the images), calibration_error, images.
    """
    from sklearn.metrics import f1_score

    metrics: dict[str, float] = {}
    for part, rows in predictions.groupby("part"):
        truth, predicted = rows["label"].to_numpy(), rows["predicted"].to_numpy()
        correct = truth == predicted
        low, high = wilson_interval(int(correct.sum()), len(rows))
        f1 = f1_score(truth, predicted, labels=np.unique(truth), average="macro", zero_division=0)
        named = {
            "accuracy": float(correct.mean()),
            "accuracy_low": low,
            "accuracy_high": high,
            "macro_f1": float(f1),
            "calibration_error": calibration_error(rows["confidence"].to_numpy(), correct),
            "images": len(rows),
        }
        metrics |= {f"{part}_{name}": value for name, value in named.items()}
    return metrics


def accuracy_by_condition(predictions: pd.DataFrame, conditions: list[str]) -> pd.DataFrame:
    """Accuracy of each value of each condition, baseline and drifted.

    Columns: part, condition, value, images, accuracy, and low and high of its 95 % interval.
    """
    lines = []
    for condition in conditions:
        for (part, value), rows in predictions.groupby(["part", condition]):
            correct = int((rows["label"] == rows["predicted"]).sum())
            low, high = wilson_interval(correct, len(rows))
            lines.append((part, condition, value, len(rows), correct / len(rows), low, high))
    columns = ["part", "condition", "value", "images", "accuracy", "low", "high"]
    return pd.DataFrame(lines, columns=columns)


def confusions(predictions: pd.DataFrame) -> pd.DataFrame:
    """Who is taken for whom, most often first: part, subject, predicted, images, confidence."""
    bad_request = predictions[predictions["label"] != predictions["predicted"]]
    pairs = bad_request.groupby(["part", "label", "predicted"], as_index=False).agg(
        images=("id", "size"), confidence=("confidence", "max")
    )
    return pairs.sort_values(["images", "confidence"], ascending=False, ignore_index=True)
