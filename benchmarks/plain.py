"""The computations of the training pipeline as a plain script, without ZenML and MLflow."""

import sys

from faces.data.conditions import parse_condition
from faces.data.dataset import load_faces
from faces.data.split import split_by_condition
from faces.evaluation.metrics import measure, predict_held_out
from faces.evaluation.open_set import fit_rejection_threshold
from faces.models import build_model
from faces.models.training import describe_features, fit_classifier, fit_features
from faces.reports.plots import plot_results


def main(source: str) -> None:
    """Load, split, fit, evaluate and plot, with the default settings."""
    faces = load_faces(source)
    split = split_by_condition(faces, parse_condition("yaw=frontal", faces.conditions), seed=11)
    model, train = build_model("svm", seed=11), faces[split.train]
    features = fit_features(model, train.pixels, train.labels)
    fitted = fit_classifier(model, features, train.pixels, train.labels)
    open_set = fit_rejection_threshold(model, train.pixels, train.labels, seed=11)
    predictions = predict_held_out(fitted, faces, split)
    print(measure(predictions) | describe_features(fitted), open_set)
    plot_results(faces, split, features, predictions)


if __name__ == "__main__":
    main(sys.argv[1])
