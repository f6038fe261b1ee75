from io import BytesIO

import numpy as np
import pandas as pd
from PIL import Image

from faces.data.dataset import Faces
from faces.data.split import split_by_condition
from faces.evaluation.metrics import predict_held_out
from faces.models import build_model
from faces.models.export import export_model
from faces.models.search import Trial
from faces.models.training import fit_classifier, fit_features
from faces.reports.plots import plot_confusions, plot_results, plot_search
from faces.reports.png import stack_images


def grey(png: bytes) -> np.ndarray:
    return np.asarray(Image.open(BytesIO(png)).convert("L"))


def test_every_plot_has_content(drawn: Faces) -> None:
    split = split_by_condition(drawn, {"yaw": ("frontal",)})
    train, model = drawn[split.train], build_model("svm", components=20)
    features = fit_features(model, train.pixels, train.labels)
    fitted = fit_classifier(model, features, train.pixels, train.labels)
    predictions = predict_held_out(export_model(fitted, {}), drawn, split)
    plots = plot_results(drawn, split, features, predictions)
    assert set(plots) == {
        "faces_by_condition",
        "eigenfaces",
        "confused_pairs",
        "accuracy_by_condition",
    }
    for name, png in plots.items():
        assert grey(png).std() > 10, name

    all_correct = predictions.assign(predicted=predictions["label"])
    assert grey(plot_confusions(drawn, split, all_correct)).std() > 1


def test_a_condition_with_a_value_per_image_is_not_plotted(drawn: Faces) -> None:
    table = drawn.conditions.assign(taken=[f"day {n}" for n in range(len(drawn))])
    noted = Faces(drawn.images, drawn.labels, table, "folder")
    split = split_by_condition(noted, {"yaw": ("frontal",)})
    train, model = noted[split.train], build_model("svm", components=5)
    features = fit_features(model, train.pixels, train.labels)
    fitted = fit_classifier(model, features, train.pixels, train.labels)
    plots = plot_results(
        noted, split, features, predict_held_out(export_model(fitted, {}), noted, split)
    )
    assert grey(plots["accuracy_by_condition"]).shape[0] < 1000


def test_a_run_without_conditions_is_plotted(drawn: Faces) -> None:
    bare = Faces(drawn.images, drawn.labels, pd.DataFrame(index=range(len(drawn))), "folder")
    split = split_by_condition(bare, {})
    train, model = bare[split.train], build_model("logistic", components=5)
    features = fit_features(model, train.pixels, train.labels)
    fitted = fit_classifier(model, features, train.pixels, train.labels)
    predictions = predict_held_out(export_model(fitted, {}), bare, split)
    assert all(plot_results(bare, split, features, predictions).values())


def test_a_model_without_pca_has_no_eigenfaces(drawn: Faces) -> None:
    split = split_by_condition(drawn, {"yaw": ("frontal",)})
    train, model = drawn[split.train], build_model("lbp")
    features = fit_features(model, train.pixels, train.labels)
    fitted = fit_classifier(model, features, train.pixels, train.labels)
    plots = plot_results(
        drawn, split, features, predict_held_out(export_model(fitted, {}), drawn, split)
    )
    assert set(plots) == {"faces_by_condition", "confused_pairs", "accuracy_by_condition"}
    assert all(grey(png).std() > 1 for png in plots.values())


def test_images_are_stacked_vertically() -> None:
    files = []
    for size in ((30, 10), (20, 5)):
        file = BytesIO()
        Image.new("L", size).save(file, format="png")
        files.append(file.getvalue())
    assert grey(stack_images(files)).shape == (15, 30)


def test_a_search_is_plotted() -> None:
    results = [
        (Trial(model, {"C": 1.0}), {"accuracy": accuracy, "log_loss": 0.1})
        for model, accuracy in (("svm", 0.9), ("logistic", 0.95), ("svm", 0.8))
    ]
    assert grey(plot_search(results)).std() > 1
