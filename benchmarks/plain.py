"""The smallest script that trains the default model: load, split, fit PCA and an SVM, evaluate.

It uses scikit-learn alone. Of this project it reads the condition labels, and the synthetic faces
if those are asked for.
"""

import csv
import sys

import numpy as np
from numpy.typing import NDArray
from sklearn.datasets import fetch_olivetti_faces
from sklearn.decomposition import PCA
from sklearn.metrics import accuracy_score, f1_score
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.svm import LinearSVC

LABELS = "faces/data/sources/olivetti_conditions.csv"


def main(source: str) -> None:
    """Train on frontal faces; print accuracy and F1 on held-out frontal and on turned faces.

    Args:
        source: "olivetti" or "synthetic".
    """
    pixels, labels, frontal = _load_olivetti() if source == "olivetti" else _load_synthetic()
    rows = np.flatnonzero(frontal)
    train, test = train_test_split(rows, test_size=0.25, stratify=labels[rows], random_state=0)
    model = make_pipeline(PCA(60, whiten=True, random_state=0), LinearSVC(random_state=0))
    model.fit(pixels[train], labels[train])
    for name, part in {"frontal": test, "turned": np.flatnonzero(~frontal)}.items():
        predicted = model.predict(pixels[part])
        accuracy = accuracy_score(labels[part], predicted)
        print(name, accuracy, f1_score(labels[part], predicted, average="macro"))


def _load_olivetti() -> tuple[NDArray[np.float32], NDArray[np.int_], NDArray[np.bool_]]:
    data = fetch_olivetti_faces(download_if_missing=False)
    with open(LABELS) as file:
        frontal = np.array([row["yaw"] == "frontal" for row in csv.DictReader(file)])
    return data.data, data.target, frontal


def _load_synthetic() -> tuple[NDArray[np.float32], NDArray[np.str_], NDArray[np.bool_]]:
    from faces.data.dataset import load_faces

    faces = load_faces("synthetic")
    return faces.pixels, faces.labels, (faces.conditions["yaw"] == "frontal").to_numpy()


if __name__ == "__main__":
    main(sys.argv[1])
