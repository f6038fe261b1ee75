from io import BytesIO

import numpy as np
import pandas as pd
from PIL import Image

from faces.data.dataset import Faces
from faces.data.split import split_by_condition
from faces.evaluation.metrics import predict_held_out
from faces.models import build_model
from faces.models.training import fit_classifier, fit_features
from faces.reports.plots import draw_confusions, draw_pictures


def grey(png: bytes) -> np.ndarray:
    return np.asarray(Image.open(BytesIO(png)).convert("L"))


def test_every_picture_shows_something(drawn: Faces) -> None:
    split = split_by_condition(drawn, {"yaw": ("frontal",)})
    train, model = drawn[split.train], build_model("svm", components=20)
    features = fit_features(model, train.pixels, train.labels)
    fitted = fit_classifier(model, features, train.pixels, train.labels)
    predictions = predict_held_out(fitted, drawn, split)
    pictures = draw_pictures(drawn, split, features, predictions)
    assert set(pictures) == {
        "faces_by_condition",
        "eigenfaces",
        "confused_pairs",
        "accuracy_by_condition",
    }
    for name, png in pictures.items():
        assert grey(png).std() > 10, name

    none_wrong = predictions.assign(predicted=predictions["label"])
    assert grey(draw_confusions(drawn, split, none_wrong)).std() > 1


def test_a_condition_with_a_value_an_image_is_not_drawn(drawn: Faces) -> None:
    table = drawn.conditions.assign(taken=[f"day {n}" for n in range(len(drawn))])
    noted = Faces(drawn.images, drawn.labels, table, "folder")
    split = split_by_condition(noted, {"yaw": ("frontal",)})
    train, model = noted[split.train], build_model("svm", components=5)
    features = fit_features(model, train.pixels, train.labels)
    fitted = fit_classifier(model, features, train.pixels, train.labels)
    pictures = draw_pictures(noted, split, features, predict_held_out(fitted, noted, split))
    assert grey(pictures["accuracy_by_condition"]).shape[0] < 1000


def test_pictures_of_a_run_without_conditions(drawn: Faces) -> None:
    bare = Faces(drawn.images, drawn.labels, pd.DataFrame(index=range(len(drawn))), "folder")
    split = split_by_condition(bare, {})
    train, model = bare[split.train], build_model("logistic", components=5)
    features = fit_features(model, train.pixels, train.labels)
    fitted = fit_classifier(model, features, train.pixels, train.labels)
    predictions = predict_held_out(fitted, bare, split)
    assert all(draw_pictures(bare, split, features, predictions).values())
