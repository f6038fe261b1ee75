"""Probabilities of a training on shards, against one on one machine: benchmarks/shards.py."""

from collections.abc import Sequence
from typing import Any
from unittest.mock import patch

import numpy as np

from faces.data.dataset import Faces
from faces.models import build_model

IMAGES_PER_PERSON = 10


def training_rows(images: int) -> list[int]:
    """Return the rows of a shard to train on: all but two of each person."""
    return [row for row in range(images) if row % IMAGES_PER_PERSON < IMAGES_PER_PERSON - 2]


def print_equality() -> None:
    """Print the largest difference of a probability between shards and one machine."""
    from faces.data.dataset import load_faces
    from faces.models import training
    from faces.models.estimators.local_patterns import LocalBinaryPatterns

    faces = load_faces("synthetic", people=100, images=IMAGES_PER_PERSON)
    train_on = np.array(training_rows(len(faces)))
    test = faces.pixels[np.setdiff1d(np.arange(len(faces)), train_on)]
    model, labels = build_model("fisher"), faces.labels[train_on]
    training.LOW_MEMORY_MIN_ROWS = training.AUGMENT_MAX_ROWS = training.EXACT_PCA_MAX_ROWS = 0

    def alone() -> Any:
        features = training.fit_features(model, faces.pixels[train_on], labels)
        return training.fit_classifier(model, features, faces.pixels[train_on], labels)

    single = alone().predict_proba(test)
    transform = LocalBinaryPatterns.transform
    doubled = lambda self, pixels: transform(self, pixels).astype(np.float64)  # noqa: E731
    with patch.object(LocalBinaryPatterns, "transform", doubled):
        double = alone().predict_proba(test)
    print("| shards | against one machine | against one machine in double precision |")
    print("|---|---|---|")
    for count in (1, 3, 8):
        ours = on_shards(faces, np.array_split(train_on, count), labels).predict_proba(test)
        print(
            f"| {count} | {np.abs(ours - single).max():.1e} | {np.abs(ours - double).max():.1e} |"
        )


def on_shards(faces: Faces, parts: Sequence[Any], labels: Any) -> Any:
    """Train on these rows of each shard."""
    from faces.models import sharded_fisher
    from faces.models.moments import add_moments
    from faces.models.projections import Projections

    model = build_model("fisher")
    features = sharded_fisher.fit_features(
        model,
        add_moments(
            sharded_fisher.shard_moments(faces.images, model, rows, augmented=False)
            for rows in parts
        ),
    )
    projections = Projections(
        [sharded_fisher.project(faces.images, features, rows, augmented=False) for rows in parts]
    )
    return sharded_fisher.fit_recogniser(model, features, projections, labels)
